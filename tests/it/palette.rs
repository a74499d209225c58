//! The palette finds what the server has and this app has not loaded.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use flowdeck::state::navigation::ModelKind;
use flowdeck::state::{Command, Route, RunTab};
use serde_json::json;

use crate::support::app::{App, is_shown, open, press, step_until, wait_for};
use crate::support::{Fault, Proxy, Servers};

const SEARCH: &str = "/api/2.0/mlflow/experiments/search";

/// Makes a model, an experiment, and a run in another experiment, all of the same name; the run's id.
fn make(servers: &Servers, name: &str, experiment_id: &str) -> String {
    let code = r#"
client.create_registered_model(args["name"] + " model", {"made_by": "test"})
client.create_experiment(args["name"] + " experiment")
client.create_run(args["experiment_id"], run_name=args["name"] + " run").info.run_id
"#;
    let made = servers.python_with(code, &json!({ "name": name, "experiment_id": experiment_id }));
    made.as_str().unwrap().to_owned()
}

fn open_experiment(uri: &str, experiment_id: &str) -> App {
    let mut app = open(uri);
    step_until(&mut app, "the server", |app| app.state().state().workspace.is_some());
    let route = Route::Experiment { experiment_id: experiment_id.to_owned() };
    app.state_mut().apply(&egui::Context::default(), Command::Go(route));
    step_until(&mut app, "its runs and all lists", |app| {
        let workspace = app.state().state().workspace.as_ref().unwrap();
        let runs = workspace.runs.current().is_some_and(|runs| runs.experiment_id() == experiment_id);
        runs && workspace.registry.models.is_complete()
            && workspace.experiments.is_complete()
            && workspace.store.health().in_flight == 0
    });
    app
}

fn find(app: &mut App, words: &str) {
    app.key_press_modifiers(Modifiers::COMMAND, Key::K);
    app.step();
    wait_for(app, "Find anything");
    app.event(egui::Event::Text(words.to_owned()));
    app.step();
}

#[test]
fn what_was_made_after_the_lists_were_loaded_is_found_by_a_part_of_its_name() {
    let servers = Servers::shared();
    let experiment_id = servers.experiment_id("agents");
    let mut app = open_experiment(servers.uri(), experiment_id);
    let run_id = make(servers, "it's looked-up 100%", experiment_id);
    let route = |app: &App| app.state().state().navigation.current().clone();

    // By keyboard: the one that all words are in.
    find(&mut app, "LOOKED-UP it's model");
    wait_for(&mut app, "model it's looked-up 100% model");
    assert!(!is_shown(&app, "experiment it's looked-up 100% experiment"));
    press(&mut app, Key::Enter);
    let name = "it's looked-up 100% model".to_owned();
    step_until(&mut app, "the board", |app| {
        route(app) == Route::Model { kind: ModelKind::Model, name: name.clone() }
    });

    // All of them are there, and one is chosen by the words that only it has.
    find(&mut app, "LOOKED-UP 100%");
    wait_for(&mut app, "experiment it's looked-up 100% experiment");
    wait_for(&mut app, "run it's looked-up 100% run");
    press(&mut app, Key::Escape);
    find(&mut app, "LOOKED-UP 100% run");
    wait_for(&mut app, "run it's looked-up 100% run");
    press(&mut app, Key::Enter);
    step_until(&mut app, "the run", |app| {
        route(app) == Route::Run { run_id: run_id.clone(), tab: RunTab::default() }
    });
}

#[test]
fn a_word_is_asked_for_once_and_a_search_that_fails_says_so() {
    let servers = Servers::shared();
    let proxy = Proxy::start(servers.uri());
    let mut app = open_experiment(&proxy.uri(), servers.experiment_id("agents"));
    proxy.forget();
    // Letter by letter, as one types: only the whole word is asked for.
    find(&mut app, "otif");
    for letter in ["-", "f", "o", "r"] {
        app.event(egui::Event::Text(letter.to_owned()));
        app.step();
    }
    wait_for(&mut app, "experiment otif-forecasting");
    step_until(&mut app, "the answer", |app| {
        proxy.count("POST", SEARCH) > 0 && !is_shown(app, "Asking the server…")
    });
    let asked: Vec<_> = proxy.requests().into_iter().filter(|seen| seen.path.ends_with(SEARCH)).collect();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        app.query_all_by_label("experiment otif-forecasting").count(),
        2,
        "the list's and the palette's"
    );

    proxy.once("POST", SEARCH, Fault::forbidden());
    app.event(egui::Event::Text("e".to_owned()));
    app.step();
    step_until(&mut app, "why not", |app| {
        app.query_all_by_label_contains("Only what is loaded was searched").next().is_some()
    });
    assert!(is_shown(&app, "experiment otif-forecasting"));
    press(&mut app, Key::Escape);
    step_until(&mut app, "it to close", |app| !is_shown(app, "Find anything"));
}
