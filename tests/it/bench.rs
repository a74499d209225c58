//! The bench against real servers: sets are made and imported, run on several endpoints, stopped, resumed, judged,
//! and outlive the app, however it ends.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::Key;
use egui_kittest::kittest::Queryable as _;
use flowdeck::state::bench::result::{BenchRun, Cell, Known, Mark};
use flowdeck::state::{Command as AppCommand, Route};
use flowdeck::tracking::{ConnectRequest, Login};
use serde_json::json;

use crate::support::app::{
    App, ScriptedDialogs, Start, click, enter_on, is_focused, is_shown, press, start, step_until, type_into,
    wait_for, wait_for_text,
};
use crate::support::{Proxy, Servers};

const FOLDER: &str = "FLOWDECK_TEST_BENCH";
const AGENT: &str = "FLOWDECK_TEST_AGENT";
const MODEL: &str = "MyMinimalAgent_Registered";

/// The app with these endpoints known, on the bench.
pub fn open(folder: &Path, endpoints: &[&str], dialogs: &ScriptedDialogs) -> App {
    let config = folder.join("config");
    std::fs::create_dir_all(&config).unwrap();
    let profiles: Vec<_> = endpoints.iter().map(|url| json!({"url": url})).collect();
    let settings = json!({"version": 1, "endpoints": endpoints, "profiles": profiles});
    if !config.join("settings.json").exists() {
        std::fs::write(config.join("settings.json"), settings.to_string()).unwrap();
    }
    let mut app = start(Start {
        data_folder: Some(folder.join("data")),
        config_folder: Some(config),
        dialogs: dialogs.clone(),
        ..Start::default()
    });
    click(&mut app, "Bench");
    app
}

/// Opens a tracking server.
pub fn connect(app: &mut App, uri: &str) {
    let request = ConnectRequest { uri: uri.to_owned(), login: Login::Environment, insecure_tls: false };
    app.state_mut().apply(&egui::Context::default(), AppCommand::Connect(request));
    step_until(app, "the server", |app| app.state().state().workspace.is_some());
}

pub fn host(url: &str) -> String {
    url.split('/').nth(2).unwrap().to_owned()
}

/// Makes a set with these prompts, by keyboard and pointer.
pub fn make_set(app: &mut App, prompts: &[&str]) {
    click(app, if is_shown(app, "New set") { "New set" } else { "New prompt set" });
    for (at, prompt) in prompts.iter().enumerate() {
        if at > 0 {
            click(app, "Add prompt");
        }
        wait_for(app, &format!("prompt {}: ", at + 1));
        type_into(app, "What is asked", prompt);
        wait_for(app, &format!("prompt {}: {prompt}", at + 1));
    }
}

pub fn run(app: &App) -> &BenchRun {
    let state = app.state().state();
    let Route::BenchRun(id) = state.navigation.current() else { panic!("no run is shown") };
    state.bench.run(*id).expect("it is loaded")
}

fn cell(app: &App, row: usize, column: usize) -> &Cell {
    run(app).cell(row, column).expect("it has come")
}

pub fn until_ended(app: &mut App) {
    step_until(app, "the end of the run", |app| {
        let state = app.state().state();
        let Route::BenchRun(id) = state.navigation.current() else { return false };
        let ended = state.bench.run(*id).is_some_and(|run| run.ended.is_some());
        state.bench.running().is_none() && ended
    });
    app.step();
}

pub fn shown_rows(app: &App) -> Vec<u32> {
    let state = app.state().state();
    state.bench.arranged(run(app).id).map(|arranged| arranged.rows.clone()).unwrap_or_default()
}

#[test]
fn a_set_is_made_run_on_two_endpoints_filtered_and_judged() {
    let servers = Servers::shared();
    let (good, bad) = (servers.agent_server().url(), servers.serve_raising().url());
    let folder = tempfile::tempdir().unwrap();
    let mut app = open(folder.path(), &[good, bad], &ScriptedDialogs::default());
    make_set(&mut app, &["Why is OTIF down this week?", "raise"]);
    press(&mut app, Key::Escape);
    click(&mut app, "prompt 1: Why is OTIF down this week?");
    click(&mut app, "Add check");
    type_into(&mut app, "Check 1", "otif FELL");

    click(&mut app, "Run…");
    wait_for(&mut app, &format!("Sends 2 requests to {}", host(good)));
    click(&mut app, &host(bad));
    wait_for_text(&mut app, "4 requests in all");
    click(&mut app, "Send 4 requests");
    until_ended(&mut app);

    assert!(cell(&app, 0, 0).is_good() && cell(&app, 0, 0).passed() == (1, 1));
    assert_eq!(cell(&app, 0, 0).tools(), ["query_otif"]);
    assert!(cell(&app, 0, 0).usage.is_some() && cell(&app, 0, 0).first_token_ms.is_some());
    let why = cell(&app, 0, 1).failure.clone().unwrap();
    assert!(why.contains("warehouse connection refused"), "{why}");
    assert!(cell(&app, 1, 0).failure.is_some() && cell(&app, 1, 1).failure.is_some());
    let said = run(&app).columns[0].doubt().unwrap();
    assert!(said.contains("not bound"), "{said}");

    // Figures end where the heads of their columns end.
    let right = |app: &App, label: &str| app.query_all_by_label(label).next().unwrap().rect().right();
    let (head, figure) = (right(&app, "Passed"), right(&app, "1 of 2"));
    assert!((head - figure).abs() < 1.0, "{head} and {figure}");

    // Filters, by pointer.
    wait_for(&mut app, "Regressed 1");
    click(&mut app, "Regressed 1");
    step_until(&mut app, "one row", |app| shown_rows(app) == [0]);
    click(&mut app, "All 2");
    step_until(&mut app, "both rows", |app| shown_rows(app) == [0, 1]);
    click(&mut app, "column Prompt");
    click(&mut app, "column Prompt");
    step_until(&mut app, "the other order", |app| shown_rows(app) == [1, 0]);
    click(&mut app, "column #");
    step_until(&mut app, "the set's order", |app| shown_rows(app) == [0, 1]);
    type_into(&mut app, "Search answers", "fell from");
    step_until(&mut app, "what was looked for", |app| shown_rows(app) == [0]);
    press(&mut app, Key::Escape);
    step_until(&mut app, "both rows", |app| shown_rows(app) == [0, 1]);
    press(&mut app, Key::ArrowDown);

    // Judged by keyboard: bad, bad again takes it away, good, with a note.
    press(&mut app, Key::Home);
    press(&mut app, Key::B);
    step_until(&mut app, "a mark", |app| cell(app, 0, 0).mark == Mark::Bad);
    press(&mut app, Key::B);
    step_until(&mut app, "no mark", |app| cell(app, 0, 0).mark == Mark::None);
    press(&mut app, Key::ArrowRight);
    press(&mut app, Key::G);
    step_until(&mut app, "a mark", |app| cell(app, 0, 1).mark == Mark::Good);
    press(&mut app, Key::N);
    wait_for_text(&mut app, "Holds");
    app.event(egui::Event::Text("known outage".to_owned()));
    app.step();
    press(&mut app, Key::Enter);
    step_until(&mut app, "a note", |app| cell(app, 0, 1).note == "known outage");
    // And by pointer.
    click(&mut app, &format!("Bad answer of {}", host(good)));
    step_until(&mut app, "a mark", |app| cell(app, 0, 0).mark == Mark::Bad);
    wait_for(&mut app, "Fixed 1");

    // What failed is asked again by a click, and nothing else.
    let came = run(&app).cell(0, 0).cloned().unwrap();
    click(&mut app, "Retry 3 failed");
    until_ended(&mut app);
    assert!(Arc::ptr_eq(&came, run(&app).cell(0, 0).unwrap()));
    let expected = run(&app).clone();
    drop(app);

    let mut app = open(folder.path(), &[], &ScriptedDialogs::default());
    let listed = format!("run New set on {}, {}", host(good), host(bad));
    click(&mut app, &listed);
    step_until(&mut app, "the run to be read", |app| app.state().state().bench.run(expected.id).is_some());
    assert_eq!(*run(&app), expected);
    // Deleted, and taken back.
    click(&mut app, "More actions");
    click(&mut app, "Delete the run");
    wait_for(&mut app, "Deleted “New set”");
    assert!(!is_shown(&app, &listed));
    click(&mut app, "Undo");
    wait_for(&mut app, &listed);
}

#[test]
fn a_run_is_stopped_and_resumed_with_what_is_missing_alone() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = Proxy::start(Servers::shared().agent_server().root());
    let url = format!("{}/invocations", proxy.uri().trim_end_matches('/'));
    let mut app = open(folder.path(), &[&url], &ScriptedDialogs::default());
    make_set(&mut app, &["Why is OTIF down this week?", "slow, please", "incomplete"]);
    click(&mut app, "Run…");
    click(&mut app, "Send 3 requests");
    step_until(&mut app, "two answers", |app| run(app).done() == 2);
    click(&mut app, "Stop");
    wait_for(&mut app, "Resume, 1 to go");
    assert_eq!(run(&app).missing(), [(1, 0)]);
    let asked = proxy.count("POST", "/invocations");
    assert_eq!(asked, 3);
    wait_for_text(&mut app, "stopped after 2 of 3 answers");
    click(&mut app, "Resume, 1 to go");
    until_ended(&mut app);
    assert_eq!((run(&app).done(), proxy.count("POST", "/invocations")), (3, 4));
    assert!(cell(&app, 1, 0).answer.contains("word 300"), "{}", cell(&app, 1, 0).answer);
    assert!(cell(&app, 2, 0).failure.as_deref().is_some_and(|why| why.contains("max_output_tokens")));
}

/// Run by the test below in a process of its own, which is killed.
#[test]
#[ignore = "a part of another test"]
fn runs_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let agent = std::env::var(AGENT).unwrap();
    let mut app = open(Path::new(&folder), &[&agent], &ScriptedDialogs::default());
    make_set(&mut app, &["Why is OTIF down this week?", "slow, please"]);
    click(&mut app, "Run…");
    click(&mut app, "Send 2 requests");
    step_until(&mut app, "a signal that kills", |_| false);
}

#[test]
fn what_had_come_when_the_app_was_killed_is_there_and_the_rest_is_asked_by_a_click() {
    let folder = tempfile::tempdir().unwrap();
    let agent = Servers::shared().agent_server().url();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["bench::runs_until_it_is_killed", "--exact", "--ignored"])
        .env(FOLDER, folder.path())
        .env(AGENT, agent)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let kept = || -> String {
        let files = std::fs::read_dir(folder.path().join("data/bench/runs"));
        let paths = files.into_iter().flatten().flatten().map(|entry| entry.path());
        paths.filter_map(|path| std::fs::read_to_string(path).ok()).collect()
    };
    let deadline = Instant::now() + Duration::from_mins(2);
    while !kept().contains(r#""record":"cell""#) {
        assert!(Instant::now() < deadline, "nothing was written: {}", kept());
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();

    let mut app = open(folder.path(), &[], &ScriptedDialogs::default());
    wait_for(&mut app, "set New set");
    click(&mut app, &format!("run New set on {}", host(agent)));
    wait_for(&mut app, "Resume, 1 to go");
    assert!(app.state().state().bench.running().is_none(), "nothing is asked by itself");
    assert!(cell(&app, 0, 0).answer.contains("OTIF fell from"));
    // By keyboard.
    enter_on(&mut app, "Resume, 1 to go");
    step_until(&mut app, "it to go on", |app| app.state().state().bench.running().is_some());
    enter_on(&mut app, "Stop");
    wait_for(&mut app, "Resume, 1 to go");
    assert_eq!(run(&app).missing().len(), 1);
}

#[test]
fn sets_are_imported_and_picked_from_conversations() {
    let folder = tempfile::tempdir().unwrap();
    let agent = Servers::shared().agent_server().url();
    let file = folder.path().join("smoke.csv");
    std::fs::write(&file, "Topic,Question,Expected\nx,What is OTIF?,on time\ny,,z\n").unwrap();
    let dialogs = ScriptedDialogs::default();
    dialogs.answer(Some(file));
    let mut app = open(folder.path(), &[agent], &dialogs);
    click(&mut app, "Import…");
    wait_for(&mut app, "Import 1 prompt");
    wait_for(&mut app, "Line 3: Nothing is asked: “Question” is empty");
    click(&mut app, "Add 1 prompt");
    wait_for(&mut app, "set smoke");
    wait_for(&mut app, "prompt 1: What is OTIF?");

    click(&mut app, "Chat");
    type_into(&mut app, "Agent address", agent);
    press(&mut app, Key::Enter);
    type_into(&mut app, "Message", "Why is OTIF down this week?");
    press(&mut app, Key::Enter);
    wait_for(&mut app, "Add to bench");
    click(&mut app, "Add to bench");
    wait_for(&mut app, "Add 1 prompt to the bench");
    // A new one wants a name; for one that is there, Enter is enough.
    click(&mut app, "A new set");
    step_until(&mut app, "the cursor in the name", |app| is_focused(app, "Name of the set"));
    click(&mut app, "smoke");
    press(&mut app, Key::Enter);
    wait_for(&mut app, "Added 1 prompt to “smoke”");
    click(&mut app, "Open");
    wait_for(&mut app, "prompt 2: Why is OTIF down this week?");
    let state = app.state().state();
    let set = &state.bench.sets()[0];
    assert_eq!((set.cases.len(), set.cases[0].expected.as_str()), (2, "on time"));
    assert!(set.cases[1].expected.contains("OTIF fell from"), "its answer is kept beside");
    // Taken out by keyboard, and back.
    click(&mut app, "prompt 2: Why is OTIF down this week?");
    press(&mut app, Key::Delete);
    wait_for(&mut app, "Deleted 1 prompt");
    assert!(!is_shown(&app, "prompt 2: Why is OTIF down this week?"));
    click(&mut app, "Undo");
    wait_for(&mut app, "prompt 2: Why is OTIF down this week?");
}

#[test]
fn the_samples_set_runs_at_once_and_says_which_version_answered() {
    let mut app = start(Start { sample: true, ..Start::default() });
    wait_for(&mut app, "Bench");
    step_until(&mut app, "the sample", |app| app.state().state().sample.is_some());
    click(&mut app, "Bench");
    click(&mut app, "set Sample: supply questions");
    click(&mut app, "Run…");
    wait_for(&mut app, "Send 8 requests");
    press(&mut app, Key::Enter);
    until_ended(&mut app);
    wait_for(&mut app, "8 of 8");
    let column = &run(&app).columns[0];
    assert_eq!((column.version(), column.doubt()), (Some(3), None));
    assert_eq!(column.before.known, Known::Sample);
    press(&mut app, Key::ArrowDown);
    press(&mut app, Key::B);
    wait_for(&mut app, "7 of 8");
    press(&mut app, Key::Enter);
    wait_for(&mut app, "Close the row");
    press(&mut app, Key::Escape);
    assert!(!is_shown(&app, "Close the row"));
}

#[test]
fn which_version_of_a_real_endpoint_answered_is_seen_in_its_traces() {
    let servers = Servers::fresh();
    let folder = tempfile::tempdir().unwrap();
    let served = servers.serve(&format!("models:/{MODEL}@prod"));
    let mut app = open(folder.path(), &[served.url()], &ScriptedDialogs::default());
    connect(&mut app, servers.uri());
    click(&mut app, "Chat");
    type_into(&mut app, "Agent address", served.url());
    press(&mut app, Key::Enter);
    click(&mut app, "Edit the endpoint");
    type_into(&mut app, "Serves", &format!("models:/{MODEL}@prod"));
    click(&mut app, "Save");
    click(&mut app, "Bench");
    make_set(&mut app, &["Why is OTIF down this week?", "And why?"]);
    click(&mut app, "Run…");
    wait_for_text(&mut app, "answers as");
    click(&mut app, "Send 2 requests");
    until_ended(&mut app);
    let column = &run(&app).columns[0];
    assert_eq!(column.version(), Some(3), "{column:?}");
    assert!(matches!(&column.after.as_ref().unwrap().known, Known::Trace(_)), "{column:?}");
    assert_eq!(column.model.as_ref().map(|model| model.name.as_str()), Some(MODEL));
}
