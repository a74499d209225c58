//! Endpoints as they are kept: bound to an alias or to a version, chosen and typed, and what follows from it.

use egui::Key;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use flowdeck::state::Route;
use flowdeck::state::bench::result::{BenchRun, Known};
use flowdeck::state::endpoints::{Bound, Identity};
use flowdeck::state::evidence::VersionKey;
use serde_json::json;

use crate::support::Servers;
use crate::support::app::{
    App, Start, choose, click, enter_on, is_focused, is_shown, open, press, retype, runtime, start,
    step_until, tab_to, type_into, type_text, wait_for, wait_for_text,
};
use crate::support::chat::talk_to;

fn bound(app: &App, url: &str) -> Option<String> {
    app.state().state().settings.get().profile(url).bound.as_ref().map(Bound::uri)
}

fn run(app: &App) -> Option<&BenchRun> {
    let state = app.state().state();
    let Route::BenchRun(id) = state.navigation.current() else { return None };
    state.bench.run(*id).filter(|run| run.ended.is_some())
}

#[test]
fn an_endpoint_is_bound_to_a_version_and_what_it_answers_speaks_for_that() {
    let servers = Servers::shared();
    servers.make_model("BoundAgent", 5, &[("prod", 2)]);
    let agent = servers.agent_server().url();
    let mut app = open(servers.uri());
    talk_to(&mut app, agent);

    // Chosen by pointer: what is typed narrows down what is offered.
    click(&mut app, "Edit the endpoint");
    type_into(&mut app, "Serves", "boundag");
    wait_for_text(&mut app, "As in models:/MyAgent@prod or models:/MyAgent/7");
    click(&mut app, "Choose what it serves");
    wait_for(&mut app, "models:/BoundAgent@prod");
    click(&mut app, "models:/BoundAgent/4");
    click(&mut app, "Save");
    wait_for(&mut app, "serves models:/BoundAgent/4");
    assert_eq!(bound(&app, agent).as_deref(), Some("models:/BoundAgent/4"));

    // Chosen by keyboard, from the versions of the model that is there already.
    enter_on(&mut app, "Edit the endpoint");
    tab_to(&mut app, "Choose what it serves");
    press(&mut app, Key::Enter);
    choose(&mut app, "models:/BoundAgent/5");
    tab_to(&mut app, "Save");
    press(&mut app, Key::Enter);
    wait_for(&mut app, "serves models:/BoundAgent/5");

    // Typed.
    click(&mut app, "Edit the endpoint");
    type_into(&mut app, "Serves", "BoundAgent/3");
    press(&mut app, Key::Enter);
    wait_for(&mut app, "serves models:/BoundAgent/3");

    // Side by side it is known before anything is said.
    app.key_press_modifiers(egui::Modifiers::COMMAND.plus(egui::Modifiers::SHIFT), Key::Enter);
    wait_for(&mut app, "v3 · BoundAgent/3");
    type_into(&mut app, "Another address", "localhost:1");
    press(&mut app, Key::Enter);
    click(&mut app, "Talk side by side");
    step_until(&mut app, "two panes", |app| app.state().state().chat.panes().len() == 2);
    let state = app.state().state();
    let Identity::Version { model, version, how } = state.identity(state.chat.panes()[0]) else {
        panic!("the version is not known");
    };
    assert_eq!((model.as_str(), version), ("BoundAgent", 3));
    assert!(how.contains("Its settings say so"), "{how}");
    wait_for(&mut app, "v3");

    // On the bench it is evidence for that version.
    click(&mut app, "Bench");
    click(&mut app, "New set");
    wait_for(&mut app, "prompt 1: ");
    type_into(&mut app, "What is asked", "done only");
    click(&mut app, "Run…");
    wait_for(&mut app, "models:/BoundAgent/3");
    click(&mut app, "Send 1 request");
    step_until(&mut app, "the end of the run", |app| run(app).is_some());
    let column = &run(&app).unwrap().columns[0];
    assert_eq!((column.version(), column.doubt()), (Some(3), None), "{column:?}");
    assert_eq!(column.before.known, Known::Word);
    let store = app.state().state().workspace.as_ref().unwrap().store.clone();
    let version = runtime().block_on(store.get_model_version("BoundAgent", 3)).unwrap();
    let key = VersionKey::of(store.info().settings_key(), &version);
    step_until(&mut app, "the evidence", |app| app.state().state().evidence.last_bench(&key).is_some());
}

#[test]
fn the_samples_second_agent_is_offered_to_the_bench_too() {
    let mut app = start(Start { sample: true, ..Start::default() });
    step_until(&mut app, "the sample", |app| app.state().state().sample.is_some());
    click(&mut app, "Bench");
    click(&mut app, "set Sample: supply questions");
    click(&mut app, "Run…");
    wait_for(&mut app, "Sample agent, prod");
    click(&mut app, "Sample agent, candidate");
    wait_for_text(&mut app, "Sends 8 requests to each of Sample agent, prod and Sample agent, candidate");
    click(&mut app, "Send 16 requests");
    step_until(&mut app, "the end of the run", |app| run(app).is_some());
    let columns = &run(&app).unwrap().columns;
    let versions: Vec<_> =
        columns.iter().map(|column| (column.version(), column.before.known.clone())).collect();
    assert_eq!(versions, [(Some(3), Known::Sample), (Some(7), Known::Sample)]);
}

#[test]
fn what_is_typed_while_a_dialog_opens_is_in_its_first_field() {
    let mut app = start(Start::default());
    talk_to(&mut app, "localhost:1");
    // The key, and in the next frame the letters of somebody who types fast.
    app.key_press_modifiers(egui::Modifiers::COMMAND.plus(egui::Modifiers::SHIFT), Key::Enter);
    app.step();
    app.event(egui::Event::Text("local".to_owned()));
    app.step();
    assert!(is_focused(&app, "Another address"));
    type_text(&mut app, "host:2");
    press(&mut app, Key::Enter);
    wait_for(&mut app, "localhost:2");
    press(&mut app, Key::Escape);
    step_until(&mut app, "the dialog to close", |app| !is_shown(app, "Another address"));

    click(&mut app, "Edit the endpoint");
    retype(&mut app, "staging");
    press(&mut app, Key::Enter);
    step_until(&mut app, "the editor to close", |app| !is_shown(app, "Request fields"));
    wait_for(&mut app, "staging");
}

#[test]
fn a_token_in_the_keyring_does_not_follow_its_endpoint_to_another_server() {
    let folder = tempfile::tempdir().unwrap();
    let url = "http://localhost:1/invocations";
    let settings = json!({"version": 1, "endpoints": [url], "profiles": [{"url": url, "keyring": true}]});
    std::fs::write(folder.path().join("settings.json"), settings.to_string()).unwrap();
    let mut app = start(Start { config_folder: Some(folder.path().to_owned()), ..Start::default() });
    talk_to(&mut app, url);
    click(&mut app, "Edit the endpoint");
    let can_save = |app: &App| !app.get_by_label("Save").accesskit_node().is_disabled();
    type_into(&mut app, "URL", "http://localhost:1/v2/invocations");
    assert!(can_save(&app), "on the same server it stays");
    type_into(&mut app, "URL", "http://localhost:2/invocations");
    wait_for(&mut app, "The kept one is not sent to localhost:2. Type another");
    assert!(!can_save(&app), "none is there yet");
    type_into(&mut app, "Token for the keyring", "s3cret");
    assert!(can_save(&app));
    press(&mut app, Key::Escape);
    step_until(&mut app, "the editor to close", |app| !is_shown(app, "Request fields"));
    assert!(app.state().state().settings.get().profile(url).keyring, "nothing was changed");
}
