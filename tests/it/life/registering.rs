//! Versions made of logged models and of artifacts: by a form, by a drop, by keyboard.

use egui::Key;
use flowdeck::state::journal::Outcome;
use flowdeck::state::{Command, ModelKind, Route};
use serde_json::json;

use super::{
    is_asking, lineage, log_model, open_run, registered_by_python, text, version, wait_until_answered,
};
use crate::support::app::{
    apply, click, confirm, done_here, drag, enter_on, press, route, settled, step_until, tab_to, type_into,
    type_text, wait_for, wait_for_text,
};
use crate::support::{Fault, Proxy, Servers};

const CREATE_VERSION: &str = "/api/2.0/mlflow/model-versions/create";

#[test]
fn a_logged_model_is_registered_with_alias_tags_and_words_in_one_step() {
    let servers = Servers::shared();
    let (run_id, model_id) = log_model(servers, "life-one-step");
    let mut app = open_run(servers.uri(), &run_id);
    click(&mut app, "Register…");
    wait_for(&mut app, "Register life-one-step");
    // Enter in an empty field does nothing, and the cursor stays.
    press(&mut app, Key::Enter);
    app.event(egui::Event::Text("Life: one".to_owned()));
    app.step();
    wait_for(&mut app, "A name holds no / and no :");
    type_into(&mut app, "Model", "Life one step");
    wait_for(&mut app, "Life one step is a new model: it is created first");
    type_into(&mut app, "Alias", "v7");
    wait_for_text(&mut app, "MLflow's own");
    type_into(&mut app, "Alias", "candidate");
    type_into(&mut app, "Description", "first *words*");
    click(&mut app, "Add tag");
    app.event(egui::Event::Text("team".to_owned()));
    app.step();
    type_into(&mut app, "Value of tag 1", "growth \"7\"");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    wait_for_text(&mut app, "candidate is on v1 now.");

    let made = version(servers, "Life one step", 1);
    assert_eq!(text(&made["run_id"]), run_id);
    assert_eq!(
        (&made["description"], &made["tags"]),
        (&json!("first *words*"), &json!({ "team": "growth \"7\"" }))
    );
    assert_eq!(lineage(&made), registered_by_python(servers, &model_id, "Life one step by Python"));
    assert_eq!(servers.alias("Life one step", "candidate"), Some(1));
    let linked =
        servers.python_with("client.get_logged_model(args).tags['mlflow.modelVersions']", &json!(model_id));
    assert!(text(&linked).contains("Life one step"), "the logged model names its version");
    // The run's page shows it without a click.
    wait_for(&mut app, "version 1");
    step_until(&mut app, "the journal", |app| {
        let records = done_here(app);
        records.len() == 3 && records.iter().all(|record| record.outcome == Outcome::Done)
    });
    let texts: Vec<_> = done_here(&app).iter().map(|it| it.text.clone()).collect();
    assert_eq!(texts[0], "Life one step is created");
    assert_eq!(texts[1], "v1 of Life one step is registered from life-one-step");
}

#[test]
fn a_logged_model_is_dragged_over_the_rail_onto_a_model_and_the_plan_moves_its_alias() {
    let servers = Servers::shared();
    servers.make_model("life-drag", 3, &[("prod", 2)]);
    let (run_id, _) = log_model(servers, "life-dragged");
    let mut app = open_run(servers.uri(), &run_id);
    // The list is filtered first, so that the model is in sight.
    click(&mut app, "Models");
    type_into(&mut app, "Filter models", "life-drag");
    wait_for(&mut app, "model life-drag");
    apply(&mut app, Command::Back);
    let start = settled(&mut app, "logged model life-dragged").center();
    app.hover_at(start);
    app.step();
    app.drag_at(start);
    app.step();
    let rail = settled(&mut app, "Models").center();
    for at in [start.lerp(rail, 0.5), rail] {
        app.hover_at(at);
        app.step();
    }
    wait_for(&mut app, "model life-drag");
    assert_eq!(*route(&app), Route::Models(ModelKind::Model));
    let end = settled(&mut app, "model life-drag").center();
    for at in [rail.lerp(end, 0.5), end] {
        app.hover_at(at);
        app.step();
    }
    app.drop_at(end);
    app.step();
    app.step();
    wait_for(&mut app, "Register life-dragged");
    wait_for(&mut app, "It has versions up to v3: this becomes the next");
    let count = "len(client.search_model_versions(\"name='life-drag'\"))";
    assert_eq!(servers.python(count), 3, "a drop never writes");
    type_into(&mut app, "Alias", "prod");
    wait_for(&mut app, "prod is on v2: the plan to move it opens next");
    press(&mut app, Key::Enter);
    wait_for(&mut app, "prod: v2 → v4");
    assert_eq!(servers.alias("life-drag", "prod"), Some(2), "the plan decides about it");
    confirm(&mut app, "prod");
    wait_for_text(&mut app, "prod moved from v2 to v4.");
    assert_eq!(servers.alias("life-drag", "prod"), Some(4));
}

#[test]
fn a_model_of_mlflow_2_is_registered_from_the_runs_artifacts() {
    let servers = Servers::shared();
    let code = r#"
import json
run = client.create_run(client.get_experiment_by_name("agents").experiment_id, run_name="life-classic")
history = json.dumps([{"run_id": run.info.run_id, "artifact_path": "sub/model", "flavors": {}}])
client.set_tag(run.info.run_id, "mlflow.log-model.history", history)
[run.info.run_id, run.info.artifact_uri]
"#;
    let made = servers.python(code);
    let (run_id, artifacts) = (text(&made[0]), text(&made[1]));
    let mut app = open_run(servers.uri(), &run_id);
    click(&mut app, "Register sub/model");
    type_into(&mut app, "Model", "life-classic");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    let made = version(servers, "life-classic", 1);
    assert_eq!(text(&made["source"]), format!("{artifacts}/sub/model"));
    assert_eq!(text(&made["run_id"]), run_id);
}

#[test]
fn a_registration_whose_answer_is_lost_is_found_and_never_sent_again() {
    let servers = Servers::shared();
    servers.make_model("life-lost", 2, &[]);
    let (run_id, model_id) = log_model(servers, "life-lost-agent");
    let proxy = Proxy::start(servers.uri());
    let mut app = open_run(&proxy.uri(), &run_id);

    proxy.once("POST", CREATE_VERSION, Fault::ForwardThenHangUp);
    click(&mut app, "Register…");
    type_into(&mut app, "Model", "life-lost");
    type_into(&mut app, "Alias", "fresh");
    press(&mut app, Key::Enter);
    wait_for_text(
        &mut app,
        "No answer. v3 of life-lost is registered from life-lost-agent: the change took effect",
    );
    wait_for_text(&mut app, "fresh is on v3 now.");
    assert_eq!(proxy.count("POST", CREATE_VERSION), 1);
    assert_eq!(text(&version(servers, "life-lost", 3)["source"]), format!("models:/{model_id}"));
    assert_eq!(servers.alias("life-lost", "fresh"), Some(3));

    // One that never arrived: nothing was made, what was typed stays, and another try is the user's.
    proxy.forget();
    proxy.once("POST", CREATE_VERSION, Fault::HangUp);
    click(&mut app, "Register…");
    type_into(&mut app, "Model", "life-lost");
    type_into(&mut app, "Alias", "second");
    press(&mut app, Key::Enter);
    wait_for_text(
        &mut app,
        "No answer. No version of life-lost was made: nothing changed. second was not set",
    );
    assert!(is_asking(&app));
    assert_eq!(proxy.count("POST", CREATE_VERSION), 1);
    assert_eq!(servers.python("len(client.search_model_versions(\"name='life-lost'\"))"), 3);

    proxy.forget();
    proxy.once("POST", CREATE_VERSION, Fault::forbidden());
    click(&mut app, "Register");
    wait_for_text(&mut app, "No version of life-lost was made. Not allowed: Permission denied.");
    assert_eq!(proxy.count("POST", CREATE_VERSION), 1);
    click(&mut app, "Register");
    wait_until_answered(&mut app);
    wait_for_text(&mut app, "second is on v4 now.");
    assert_eq!(proxy.count("POST", CREATE_VERSION), 2);
}

#[test]
fn what_was_typed_can_be_chosen_and_given_up() {
    let servers = Servers::shared();
    servers.make_model("life-choose-a", 1, &[]);
    servers.make_model("life-choose-b", 2, &[]);
    let (run_id, _) = log_model(servers, "life-chosen");
    let mut app = open_run(servers.uri(), &run_id);
    click(&mut app, "Register…");
    app.event(egui::Event::Text("life-choose".to_owned()));
    app.step();
    wait_for(&mut app, "into life-choose-b");
    press(&mut app, Key::ArrowDown);
    press(&mut app, Key::ArrowDown);
    wait_for(&mut app, "It has versions up to v2: this becomes the next");
    click(&mut app, "into life-choose-a");
    wait_for(&mut app, "It has versions up to v1: this becomes the next");
    press(&mut app, Key::Escape);
    wait_until_answered(&mut app);
    assert!(done_here(&app).is_empty());
    // A drop beside every model asks nothing.
    drag(&mut app, "logged model life-chosen", "Experiments");
    assert!(!is_asking(&app));
}

#[test]
fn a_runs_model_is_registered_by_keyboard_alone() {
    let servers = Servers::shared();
    let (run_id, model_id) = log_model(servers, "life-keys-run");
    let mut app = open_run(servers.uri(), &run_id);
    enter_on(&mut app, "Register…");
    wait_for(&mut app, "Register life-keys-run");
    type_text(&mut app, "life-keys-registered");
    tab_to(&mut app, "Alias");
    type_text(&mut app, "candidate");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    wait_for_text(&mut app, "candidate is on v1 now.");
    let made = version(servers, "life-keys-registered", 1);
    assert_eq!(text(&made["source"]), format!("models:/{model_id}"));
    assert_eq!(servers.alias("life-keys-registered", "candidate"), Some(1));
}
