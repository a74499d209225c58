//! What one meets in the first minutes, on the sample: where the chat opens, where the arrows and F6 go, what toasts
//! leave clear.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use flowdeck::state::Command;

use crate::support::app::{App, Start, click, press, start, step_until, type_into, wait_for, wait_for_text};

fn sample() -> App {
    let mut app = start(Start { sample: true, ..Start::default() });
    wait_for(&mut app, "experiment otif-forecasting");
    app
}

fn ask(app: &mut App, question: &str) {
    type_into(app, "Message", question);
    app.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    step_until(app, "the answer", |app| {
        app.state().state().chat.current().is_some_and(|chat| {
            chat.turns.last().is_some_and(|turn| turn.report.is_some() && matches_text(turn, question))
        })
    });
}

fn matches_text(turn: &flowdeck::state::chat::Turn, question: &str) -> bool {
    matches!(&turn.ask, flowdeck::state::chat::Ask::Message(message) if message.text == question)
}

fn rect(app: &App, label: &str) -> egui::Rect {
    app.query_all_by_label(label).last().expect("it is there").rect()
}

#[test]
fn the_chat_beside_another_screen_opens_at_its_end_and_raw_data_in_sight() {
    let mut app = sample();
    click(&mut app, "Chat");
    wait_for_text(&mut app, "The sample agent, built into Flowdeck");
    for question in ["Why is OTIF down this week?", "What can you do?", "And the week before?"] {
        ask(&mut app, question);
    }
    click(&mut app, "Experiments");
    app.key_press_modifiers(Modifiers::COMMAND, Key::J);
    wait_for(&mut app, "Raw request and response");
    for _ in 0..5 {
        app.step();
    }
    let composer = rect(&app, "Message");
    let last = rect(&app, "Raw request and response");
    assert!(last.bottom() < composer.top() && last.top() > 100.0, "{last:?} above {composer:?}");
    assert!(app.query_by_label("Latest").is_none(), "it is at the end");
    let button = app.query_all_by_label("Raw request and response").last().expect("it is there");
    button.click();
    for _ in 0..5 {
        app.step();
    }
    let heading = app.query_all_by_label_contains("Request to ").last().expect("it is there").rect();
    assert!(heading.bottom() < composer.top(), "{heading:?} above {composer:?}");
}

#[test]
fn down_goes_from_every_filter_to_its_list() {
    let mut app = sample();
    click(&mut app, "Models");
    wait_for(&mut app, "model MyMinimalAgent_Registered");
    press(&mut app, Key::Slash);
    press(&mut app, Key::ArrowDown);
    press(&mut app, Key::Enter);
    wait_for(&mut app, "version 1");
    click(&mut app, "Experiments");
    wait_for(&mut app, "experiment otif-forecasting");
    type_into(&mut app, "Search experiments", "otif");
    press(&mut app, Key::ArrowDown);
    press(&mut app, Key::Enter);
    wait_for(&mut app, "run catboost-sweep");
    type_into(&mut app, "Filter runs", "release-2026-w47");
    step_until(&mut app, "one run", |app| app.query_by_label("run catboost-sweep").is_none());
    press(&mut app, Key::ArrowDown);
    press(&mut app, Key::Enter);
    step_until(&mut app, "the run", |app| {
        matches!(app.state().state().navigation.current(), flowdeck::state::Route::Run { .. })
    });
}

#[test]
fn f6_goes_round_the_panes_and_tab_begins_there() {
    let mut app = sample();
    wait_for(&mut app, "run minimal-agent-v7");
    app.key_press_modifiers(Modifiers::COMMAND, Key::J);
    app.step();
    app.step();
    let is_writing = |app: &App| app.query_by_label("Message").expect("the chat").is_focused();
    assert!(is_writing(&app), "the chat that is opened takes the cursor");
    press(&mut app, Key::F6);
    press(&mut app, Key::Tab);
    let focused = app.ctx.memory(egui::Memory::focused).and_then(|id| app.ctx.read_response(id));
    let focused = focused.expect("Tab goes somewhere").rect;
    let table = rect(&app, "column Run");
    assert!(focused.left() > 48.0 && focused.right() < table.left(), "{focused:?}: Tab begins in the list");
    press(&mut app, Key::F6);
    press(&mut app, Key::ArrowDown);
    press(&mut app, Key::Enter);
    step_until(&mut app, "the run", |app| {
        matches!(app.state().state().navigation.current(), flowdeck::state::Route::Run { .. })
    });
    press(&mut app, Key::F6);
    assert!(is_writing(&app));
    app.key_press_modifiers(Modifiers::SHIFT, Key::F6);
    app.step();
    app.step();
    assert!(!is_writing(&app));
}

#[test]
fn toasts_cover_no_control_of_the_chat() {
    let mut app = sample();
    click(&mut app, "Chat");
    wait_for(&mut app, "Message");
    app.state_mut().apply(&egui::Context::default(), Command::Copy("x".into(), "the message"));
    wait_for(&mut app, "Dismiss");
    app.step();
    assert!(rect(&app, "Dismiss").bottom() < rect(&app, "Message").top());
}

#[test]
fn the_server_is_left_by_keyboard_through_a_menu() {
    let mut app = sample();
    wait_for(&mut app, "Sample workspace");
    let button = app.query_by_label("Sample workspace").expect("the status bar");
    button.focus();
    app.step();
    press(&mut app, Key::Space);
    assert!(app.state().state().workspace.is_some(), "a stray Space leaves nothing");
    click(&mut app, "Choose another server…");
    wait_for(&mut app, "Connect");
}

#[test]
fn the_list_keeps_its_width_while_a_filter_is_typed() {
    let mut app = sample();
    let before = rect(&app, "Search experiments").width();
    for text in ["o", "otif", "nothing has this name, however long it may become"] {
        type_into(&mut app, "Search experiments", text);
        assert!((rect(&app, "Search experiments").width() - before).abs() < 0.5, "{text}");
    }
}
