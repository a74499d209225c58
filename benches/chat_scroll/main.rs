//! What a frame of the chat costs, without a window: opening and scrolling 2,000 turns with tables and code, beside 20
//! turns and beside laying everything out, in the same run; a delta at their end; and four panes side by side that
//! each get 50 deltas a second.
//!
//! `cargo bench --bench chat_scroll [-- 30]`: for so many seconds the panes grow; `-- panes`: nothing else.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark may stop")]

#[path = "../../tests/it/support/long.rs"]
mod long;
mod panes;
mod window;

use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use flowdeck::agent::Message;
use flowdeck::state::chat::ChatCommand;
use window::{Drawn, Window};

const TURNS: u64 = 2_000;
const FRAMES: usize = 400;
const DELTAS: u64 = 150;
/// Parts of a long answer.
const LONG: usize = 300;
/// Higher than all turns together, in points.
const ALL: f32 = 1_000_000.0;

fn main() {
    let seconds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(30);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    println!("| | frames | median | 99 % | longest | of it layout, median | corners |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    if !std::env::args().any(|argument| argument == "panes") {
        scrolling(&runtime);
        deltas(&runtime);
    }
    panes::measure(&runtime, Duration::from_secs(seconds));
}

fn scrolling(runtime: &tokio::runtime::Runtime) {
    for turns in [20, TURNS] {
        let folder = tempfile::tempdir().unwrap();
        long::keep(folder.path(), (0..turns).map(long::answer));
        let mut window = Window::open(runtime, folder.path());
        row(&format!("open {turns} turns"), &open(&mut window, turns));
        let (slowly, fast) = (60.0, 900.0);
        // So that few turns do not come to their beginning.
        let frames = FRAMES.min(turns as usize * 4);
        row(
            &format!("scroll {turns} turns by {slowly} points a frame"),
            &scroll(&mut window, slowly, frames),
        );
        if turns == TURNS {
            row(
                &format!("scroll {turns} turns by {fast} points a frame"),
                &scroll(&mut window, fast, frames),
            );
            window.size.y = ALL;
            window.draw(Vec::new());
            let all: Vec<Drawn> = (0..3).map(|_| window.draw(Vec::new())).collect();
            row("lay all of them out", &all);
        }
    }
}

fn row(what: &str, frames: &[Drawn]) {
    let sorted = |of: fn(&Drawn) -> Duration| {
        let mut times: Vec<Duration> = frames.iter().map(of).collect();
        times.sort();
        times
    };
    let at = |times: &[Duration], share: usize| milliseconds(times[(times.len() - 1) * share / 100]);
    let whole = sorted(Drawn::whole);
    println!(
        "| {what} | {} | {} | {} | {} | {} | {} |",
        frames.len(),
        at(&whole, 50),
        at(&whole, 99),
        at(&whole, 100),
        at(&sorted(|drawn| drawn.layout), 50),
        frames.last().map_or(0, |drawn| drawn.corners),
    );
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// Shows the conversation that is kept; the frames until all of it is there and nothing moves any more.
fn open(window: &mut Window, turns: u64) -> Vec<Drawn> {
    let began = Instant::now();
    let id = loop {
        if let Some(kept) = window.state().chat.all().iter().find(|kept| kept.title == long::TITLE) {
            break kept.id;
        }
        window.draw(Vec::new());
    };
    window.apply(ChatCommand::Show(id));
    let mut frames = Vec::new();
    let is_there = |window: &Window| {
        window.state().chat.current().is_some_and(|current| current.turns.len() as u64 == turns)
    };
    while !is_there(window) {
        frames.push(window.draw(Vec::new()));
        window.wait(began + Duration::from_mins(1));
    }
    println!("| {turns} turns are there | | {} | | | | |", milliseconds(began.elapsed()));
    (0..5).for_each(|_| frames.push(window.draw(Vec::new())));
    frames
}

fn scroll(window: &mut Window, by: f32, frames: usize) -> Vec<Drawn> {
    let middle = egui::Event::PointerMoved(egui::pos2(900.0, 400.0));
    window.draw(vec![middle]);
    let wheel = egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: egui::vec2(0.0, by),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Trackpad,
        modifiers: egui::Modifiers::NONE,
    };
    (0..frames).map(|_| window.draw(vec![wheel.clone()])).collect()
}

/// At the end of a long conversation an answer grows, delta by delta.
fn deltas(runtime: &tokio::runtime::Runtime) {
    let folder = tempfile::tempdir().unwrap();
    long::keep(folder.path(), (0..TURNS).map(long::answer));
    let mut window = Window::open(runtime, folder.path());
    open(&mut window, TURNS);
    let (address, agent) = long::agent();
    window.apply(ChatCommand::SetAddress(address));
    window.apply(ChatCommand::Send(Message::from("go on")));
    window.settle();
    grow(&mut window, &agent, &format!("a delta after {TURNS} turns"));
    let long: String = (1..).map(long::answer).take(LONG).collect();
    agent.send(long).unwrap();
    window.settle();
    let length = said(&window).len() / 1000;
    grow(&mut window, &agent, &format!("a delta of an answer of {length} kB"));
}

fn said(window: &Window) -> String {
    let turn = window.state().chat.current().and_then(|current| current.turns.last());
    turn.map_or_else(String::new, |turn| turn.answer.text())
}

fn grow(window: &mut Window, agent: &SyncSender<String>, what: &str) {
    let (mut frames, mut late, mut ways) = (Vec::new(), 0, Vec::new());
    for number in 0..DELTAS {
        // What is drawn to settle is over.
        window.settle();
        let delta = format!("{number} of **many** words, ");
        let sent = Instant::now();
        agent.send(delta.clone()).unwrap();
        assert!(window.wait(sent + Duration::from_mins(1)), "a delta wakes the window");
        frames.push(window.draw(Vec::new()));
        ways.push(sent.elapsed());
        late += usize::from(!said(window).ends_with(&delta));
    }
    row(what, &frames);
    ways.sort();
    let [median, longest] = [ways.len() / 2, ways.len() - 1].map(|at| milliseconds(ways[at]));
    println!("| … from the agent to triangles; {late} in a later frame | | {median} | | {longest} | | |");
}
