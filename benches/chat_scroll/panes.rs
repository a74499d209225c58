//! Four panes side by side, each with an answer that grows by 50 deltas a second, as a window shows them that draws
//! whenever it is asked to, sixty times a second at most.

use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use flowdeck::agent::Message;
use flowdeck::state::chat::ChatCommand;

use super::window::{FRAME, Window};
use super::{long, row};

const PANES: usize = 4;
/// Between two deltas of a pane.
const PAUSE: Duration = Duration::from_millis(20);
/// About a token, in characters.
const DELTA: usize = 6;

pub fn measure(runtime: &tokio::runtime::Runtime, lasting: Duration) {
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::open(runtime, folder.path());
    let (addresses, agents): (Vec<_>, Vec<_>) = (0..PANES).map(|_| long::agent()).unzip();
    window.apply(ChatCommand::Compare(addresses));
    window.settle();
    window.apply(ChatCommand::Send(Message::from("go on")));
    window.settle();

    let talk = move || talk(&agents, lasting);
    std::thread::Builder::new().name(long::AGENT.to_owned()).spawn(talk).unwrap();
    let (before, began) = (times(), Instant::now());
    let (mut frames, mut last) = (Vec::new(), began);
    while window.wait(began + lasting) {
        let passed = last.elapsed();
        std::thread::sleep(FRAME.saturating_sub(passed));
        let passed = std::mem::replace(&mut last, Instant::now()).elapsed();
        frames.push(window.draw_after(passed.max(FRAME), Vec::new()));
    }
    let (after, took) = (times(), began.elapsed());
    row("four panes that grow", &frames);
    let length = window.state().chat.panes().first().map_or(0, |pane| pane.turns[0].answer.text().len());
    println!(
        "\nIn {:.0} s the answers grew to {length} bytes, in {} frames.",
        took.as_secs_f64(),
        frames.len()
    );
    if let (Some(before), Some(after)) = (before, after) {
        let share = |of: fn(&Times) -> Duration| {
            100.0 * (of(&after).saturating_sub(of(&before))).as_secs_f64() / took.as_secs_f64()
        };
        println!(
            "Of one core: {:.1} % to draw, {:.1} % to receive.",
            share(|all| all.ui),
            share(|all| all.rest)
        );
    }
}

/// Each of the agents says something every [`PAUSE`], not at once.
fn talk(agents: &[SyncSender<String>], lasting: Duration) {
    let text: Vec<char> =
        (0..).flat_map(|number| long::answer(number).chars().collect::<Vec<_>>()).take(100_000).collect();
    let began = Instant::now();
    let mut at = Duration::ZERO;
    for piece in text.chunks(DELTA) {
        for agent in agents {
            std::thread::sleep(at.saturating_sub(began.elapsed()));
            if at > lasting || agent.send(piece.iter().collect()).is_err() {
                return;
            }
            at += PAUSE / PANES as u32;
        }
    }
}

/// Processor time so far.
struct Times {
    /// Of the thread that draws.
    ui: Duration,
    /// Of all others but the agents.
    rest: Duration,
}

/// Where the system tells.
fn times() -> Option<Times> {
    let of = |folder: &std::path::Path| {
        let told = std::fs::read_to_string(folder.join("schedstat")).ok()?;
        told.split_ascii_whitespace().next()?.parse().ok().map(Duration::from_nanos)
    };
    let ui = of("/proc/thread-self".as_ref())?;
    let mut all = Duration::ZERO;
    for thread in std::fs::read_dir("/proc/self/task").ok()?.flatten() {
        let name = std::fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
        if name.trim() != long::AGENT {
            all += of(&thread.path()).unwrap_or_default();
        }
    }
    Some(Times { ui, rest: all.saturating_sub(ui) })
}
