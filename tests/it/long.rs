//! A conversation of thousands of turns opens at its end and scrolls without a jump.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::support::app::{App, Start, click, is_shown, start, step_until, type_into};
use crate::support::long;

const TURNS: u64 = 2_000;

/// Where the turns begin that are laid out, by their number. The first lends the conversation its title.
fn laid_out(app: &App) -> BTreeMap<u64, f32> {
    numbered(app, "Question ")
}

/// Where things of this name and a number are.
fn numbered(app: &App, name: &str) -> BTreeMap<u64, f32> {
    let labels = app.query_all_by_label_contains(name);
    labels
        .filter_map(|node| {
            let node_text = node.accesskit_node();
            let text = node_text.label().or_else(|| node_text.value())?;
            let number = text.strip_prefix(name)?.parse().ok().filter(|number| *number > 0)?;
            Some((number, node.rect().top()))
        })
        .collect()
}

/// The app with a conversation of so many turns, at its end.
fn at_the_end(folder: &Path, turns: u64) -> App {
    long::keep(folder, (0..turns).map(long::answer));
    let mut app = start(Start { data_folder: Some(folder.to_owned()), ..Start::default() });
    click(&mut app, "Chat");
    click(&mut app, long::TITLE);
    step_until(&mut app, "its end", |app| laid_out(app).contains_key(&(turns - 1)));
    app.run_steps(5);
    app
}

/// Turns the wheel over the conversation for a frame; upwards where it is positive.
fn scroll(app: &mut App, by: f32) {
    app.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: egui::vec2(0.0, by),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Trackpad,
        modifiers: egui::Modifiers::NONE,
    });
    app.step();
}

/// What has come of the last answer.
fn said(app: &App) -> String {
    let current = app.state().state().chat.current().unwrap();
    current.turns.last().unwrap().answer.text()
}

/// Whether something is on the screen above the field to write in.
fn is_seen(app: &App, text: &str) -> bool {
    let field = app.query_all_by_label("Message").map(|node| node.rect().top()).fold(900.0, f32::min);
    app.query_all_by_label_contains(text).any(|node| node.rect().top() > 0.0 && node.rect().bottom() <= field)
}

#[test]
fn what_comes_is_on_the_screen_in_the_frame_after_and_who_reads_above_is_left_alone() {
    const TURNS: u64 = 60;
    let folder = tempfile::tempdir().unwrap();
    let mut app = at_the_end(folder.path(), TURNS);
    let (address, agent) = long::agent();
    type_into(&mut app, "Agent address", &address);
    app.key_press(egui::Key::Enter);
    step_until(&mut app, "a probe", |app| app.state().state().chat.target.found().is_some());
    type_into(&mut app, "Message", "go on");
    app.key_press(egui::Key::Enter);
    let count = |app: &App| app.state().state().chat.current().unwrap().turns.len() as u64;
    step_until(&mut app, "the turn to begin", |app| count(app) > TURNS);

    let woken = Arc::new(AtomicUsize::new(0));
    let noted = Arc::clone(&woken);
    app.ctx.set_request_repaint_callback(move |asked| {
        if asked.delay < Duration::from_millis(10) {
            noted.fetch_add(1, Ordering::AcqRel);
        }
    });
    app.step();
    for number in 100..140 {
        let word = format!("word {number}");
        agent.send(format!("{word}\n\n")).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while !said(&app).contains(&word) {
            while woken.swap(0, Ordering::AcqRel) == 0 {
                assert!(Instant::now() < deadline, "{word} wakes the window");
                std::thread::sleep(Duration::from_millis(1));
            }
            app.step();
        }
        assert!(is_seen(&app, &word), "{word} is below the end");
    }

    app.hover_at(egui::pos2(900.0, 400.0));
    (0..12).for_each(|_| scroll(&mut app, 90.0));
    app.run_steps(60);
    let before = laid_out(&app);
    assert!(!before.is_empty() && !is_seen(&app, "word 139"), "it scrolled up: {before:?}");
    assert!(is_shown(&app, "Go to the latest message") && !is_shown(&app, "New text below"), "nothing came");
    for number in 140..150 {
        let word = format!("word {number}");
        agent.send(format!("{word}\n\n")).unwrap();
        step_until(&mut app, &word, |app| said(app).contains(&word));
        assert_eq!(laid_out(&app), before, "what is read stays");
    }
    click(&mut app, "New text below");
    step_until(&mut app, "the end", |app| is_seen(app, "word 149"));
    assert!(!is_shown(&app, "New text below") && !is_shown(&app, "Go to the latest message"));
    drop(agent);
    step_until(&mut app, "the answer's end", |app| !app.state().state().chat.current().unwrap().is_running());
}

#[test]
fn thousands_of_turns_open_at_the_end_and_scroll_without_a_jump() {
    let folder = tempfile::tempdir().unwrap();
    let mut app = at_the_end(folder.path(), TURNS);
    let shown = laid_out(&app);
    let last = shown[&(TURNS - 1)];
    assert!((0.0..900.0).contains(&last), "the last turn is at {last}");
    assert!(shown.len() < 30, "{} of {TURNS} are laid out", shown.len());

    app.hover_at(egui::pos2(900.0, 400.0));
    let mut before = shown;
    for _ in 0..150 {
        scroll(&mut app, 120.0);
        let now = laid_out(&app);
        // What was seen, and the turn that it begins in; what nobody saw may come to stand where it belongs.
        let seen = before.iter().rev().find(|(_, at)| **at < 0.0).map_or(0, |(number, _)| *number);
        let moved: Vec<f32> =
            now.range(seen..).filter_map(|(number, at)| Some(at - before.get(number)?)).collect();
        assert!(!moved.is_empty(), "nothing of what was seen is left: {before:?}, {now:?}");
        let together = moved.iter().all(|by| (by - moved[0]).abs() < 1.5);
        assert!(together && (-1.0..400.0).contains(&moved[0]), "{before:?} became {now:?}");
        before = now;
    }
    assert!(before.keys().next().is_some_and(|first| *first < TURNS - 40), "it scrolled: {before:?}");
    assert!(!is_shown(&app, "New text below"), "nothing came");
    click(&mut app, "Go to the latest message");
    step_until(&mut app, "the end", |app| laid_out(app).contains_key(&(TURNS - 1)));
}

#[test]
fn of_a_long_answer_only_what_is_seen_is_laid_out_and_it_scrolls_without_a_jump() {
    const PARTS: u64 = 300;
    let folder = tempfile::tempdir().unwrap();
    let parts: Vec<String> = (1..=PARTS).map(long::answer).collect();
    long::keep(folder.path(), std::iter::once(parts.join("\n\n")));
    let mut app = start(Start { data_folder: Some(folder.path().to_owned()), ..Start::default() });
    click(&mut app, "Chat");
    click(&mut app, long::TITLE);
    let parts = |app: &App| numbered(app, "Answer ");
    step_until(&mut app, "its end", |app| parts(app).contains_key(&PARTS));
    app.run_steps(5);
    let mut before = parts(&app);
    assert!((0.0..900.0).contains(&before[&PARTS]), "the last part is at {}", before[&PARTS]);

    app.hover_at(egui::pos2(900.0, 400.0));
    for _ in 0..100 {
        assert!(before.len() < 20, "{} of {PARTS} are laid out", before.len());
        scroll(&mut app, 120.0);
        let now = parts(&app);
        let moved: Vec<f32> = now.iter().filter_map(|(number, at)| Some(at - before.get(number)?)).collect();
        assert!(!moved.is_empty(), "nothing of what was seen is left: {before:?}, {now:?}");
        assert!(
            moved.iter().all(|by| (-1.0..400.0).contains(by) && (by - moved[0]).abs() < 1.5),
            "{moved:?}"
        );
        before = now;
    }
    assert!(before.keys().all(|part| *part < PARTS - 20), "it scrolled: {before:?}");
}
