//! The sample workspace: what the window shows of it, and that one may break it. Needs no server and no Python.

use egui_kittest::kittest::Queryable as _;
use flowdeck::state::Route;
use flowdeck::state::journal::Outcome;
use flowdeck::state::navigation::ModelKind;

use crate::support::app::{
    self, App, Dropped, ScriptedDialogs, Start, click, done_here, is_shown, start, step_until, type_into,
    wait_for, wait_for_text,
};

const MODEL: &str = "MyMinimalAgent_Registered";

fn sample() -> App {
    let mut app = start(Start { sample: true, ..Start::default() });
    step_until(&mut app, "the sample", |app| app.state().state().workspace.is_some());
    app
}

fn prod(app: &mut App) -> u32 {
    let store = app.state().state().workspace.as_ref().unwrap().store.clone();
    app::runtime().block_on(store.get_registered_model(MODEL)).unwrap().alias("prod").unwrap()
}

#[test]
fn it_is_labelled_and_holds_experiments_and_runs() {
    let mut app = sample();
    wait_for(&mut app, "experiment otif-forecasting");
    wait_for(&mut app, "experiment planning-agents");
    wait_for_text(&mut app, "Sample workspace");
    click(&mut app, "experiment otif-forecasting");
    wait_for(&mut app, "run release-2026-w47");
    wait_for(&mut app, "run catboost-sweep");
    assert!(app.state().state().settings.get().servers.is_empty(), "a scratch copy is no recent server");
}

#[test]
fn prod_moves_from_3_to_7_on_the_scratch_copy() {
    let mut app = sample();
    assert_eq!(prod(&mut app), 3);
    app.state_mut()
        .apply(&egui::Context::default(), Route::Model { kind: ModelKind::Model, name: MODEL.into() }.into());
    wait_for(&mut app, "version 7");
    app::drag(&mut app, "alias prod", "version 7");
    wait_for_text(&mut app, "answer_correctness");
    wait_for_text(&mut app, "cost_usd_per_1k");
    app.key_press(egui::Key::Enter);
    step_until(&mut app, "the move", |app| {
        done_here(app).iter().any(|record| record.outcome == Outcome::Done)
    });
    assert_eq!(prod(&mut app), 7);
    // Another copy is as it was.
    app.state_mut().apply(&egui::Context::default(), flowdeck::state::Command::OpenSample);
    step_until(&mut app, "a fresh copy", |app| !app.state().state().connection.is_connecting());
    assert_eq!(prod(&mut app), 3);
}

#[test]
fn the_chat_answers_in_a_stream_with_a_tool_call() {
    let mut app = sample();
    click(&mut app, "Chat");
    wait_for_text(&mut app, "The sample agent, built into Flowdeck");
    type_into(&mut app, "Message", "Why is OTIF down this week?");
    app.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Enter);
    wait_for_text(&mut app, "query_otif");
    step_until(&mut app, "the whole answer", |app| {
        app.state().state().chat.current().is_some_and(|chat| {
            chat.turns.last().is_some_and(|turn| turn.report.is_some() && turn.answer.streamed)
        })
    });
    let turn = app.state().state().chat.current().unwrap().turns.last().unwrap();
    let kinds: Vec<_> = turn.answer.items.iter().map(|item| item.kind.clone()).collect();
    assert_eq!(kinds, ["reasoning", "function_call", "function_call_output", "message"]);
    assert!(app.state().state().settings.get().endpoints.is_empty(), "its address is gone tomorrow");
    wait_for(&mut app, "Raw request and response");
    assert!(!is_shown(&app, "Find the trace"), "it makes none");
}

#[test]
fn the_first_screen_offers_it_and_a_file() {
    let dialogs = ScriptedDialogs::default();
    let mut app = start(Start { dialogs: dialogs.clone(), ..Start::default() });
    wait_for(&mut app, "Try the sample");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mlflow.db");
    std::fs::write(&file, "this is no database").unwrap();
    dialogs.answer(Some(file));
    click(&mut app, "Open mlflow.db…");
    wait_for_text(&mut app, "is no MLflow store");
    click(&mut app, "Try the sample");
    wait_for(&mut app, "experiment otif-forecasting");
}

#[test]
fn a_dropped_file_is_opened_and_followed() {
    let copy = app::runtime().block_on(flowdeck::tracking::SampleStore::unpack()).unwrap();
    let file = copy.folder().join("mlflow.db");
    let mut app = sample();
    wait_for(&mut app, "experiment otif-forecasting");
    app.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(file.clone())));
    let opened = |app: &App| app.state().state().settings.get().servers.len() == 1;
    step_until(&mut app, "the file", opened);
    click(&mut app, "experiment otif-forecasting");
    wait_for(&mut app, "run release-2026-w47");
    assert!(app.query_by_label("run arrived-meanwhile").is_none());
    // What a training job does in another process.
    let other = rusqlite::Connection::open(&file).unwrap();
    let sql = "UPDATE runs SET name = 'arrived-meanwhile' WHERE name = 'release-2026-w47'";
    assert_eq!(other.execute(sql, []).unwrap(), 1);
    let sql = "UPDATE tags SET value = 'arrived-meanwhile' WHERE key = 'mlflow.runName' AND value = 'release-2026-w47'";
    other.execute(sql, []).unwrap();
    wait_for(&mut app, "run arrived-meanwhile");
}

#[test]
fn a_file_over_the_window_is_named() {
    let mut app = start(Start::default());
    let hovering = |app: &mut App, files: Vec<egui::HoveredFile>| app.input_mut().hovered_files = files;
    hovering(
        &mut app,
        vec![egui::HoveredFile { path: Some("/data/mlflow.db".into()), ..Default::default() }],
    );
    wait_for_text(&mut app, "Drop to open mlflow.db");
    hovering(&mut app, Vec::new());
    step_until(&mut app, "no overlay", |app| {
        app.query_all_by_label_contains("Drop to open").next().is_none()
    });
}
