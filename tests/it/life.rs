//! The rest of the registry's life in the app, against a real server: what is created, registered, renamed, copied and
//! deleted is what Python's client finds afterwards, and no write is sent twice.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use flowdeck::state::journal::Outcome;
use flowdeck::state::registry::RegistryCommand;
use flowdeck::state::registry::life::{Ask, LifeCommand};
use flowdeck::state::{Command, ModelKind, Route, RunTab};
use serde_json::{Value, json};

use crate::support::app::{
    App, apply, choose, click, click_secondary, confirm, done_here, drag, enter_on, is_shown, open,
    plan_by_keys, press, retype, route, screen, settled, step_until, tab_to, type_into, type_text, wait_for,
    wait_for_text,
};
use crate::support::board::board;
use crate::support::{Fault, Proxy, Servers};

const CREATE_VERSION: &str = "/api/2.0/mlflow/model-versions/create";
const CREATE_MODEL: &str = "/api/2.0/mlflow/registered-models/create";
const DELETE_MODEL: &str = "/api/2.0/mlflow/registered-models/delete";

/// A run with a logged model (MLflow 3) of that name: the ids of both.
fn log_model(servers: &Servers, name: &str) -> (String, String) {
    let code = r#"
from mlflow.entities import LoggedModelOutput, LoggedModelStatus
experiment = client.get_experiment_by_name("agents")
run = client.create_run(experiment.experiment_id, run_name=args)
model = client.create_logged_model(experiment.experiment_id, name=args, source_run_id=run.info.run_id)
client.log_outputs(run.info.run_id, [LoggedModelOutput(model.model_id, 0)])
client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
client.set_terminated(run.info.run_id)
[run.info.run_id, model.model_id]
"#;
    let ids = servers.python_with(code, &json!(name));
    (text(&ids[0]), text(&ids[1]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn open_at(uri: &str, route: Route) -> App {
    let mut app = open(uri);
    step_until(&mut app, "the workspace", |app| app.state().state().workspace.is_some());
    apply(&mut app, Command::Go(route));
    app
}

fn open_run(uri: &str, run_id: &str) -> App {
    let mut app = open_at(uri, Route::Run { run_id: run_id.to_owned(), tab: RunTab::Overview });
    wait_for(&mut app, "Register…");
    app
}

fn ask(app: &mut App, ask: Ask) {
    apply(app, RegistryCommand::Life(LifeCommand::Open(ask)));
}

fn is_asking(app: &App) -> bool {
    app.state().state().workspace.as_ref().is_some_and(|it| it.registry.life.asked().is_some())
}

fn wait_until_answered(app: &mut App) {
    step_until(app, "the question to close", |app| !is_asking(app));
}

fn version(servers: &Servers, name: &str, version: u32) -> Value {
    servers.python_with("client.get_model_version(args[0], str(args[1]))", &json!([name, version]))
}

/// Where a version comes from.
fn lineage(version: &Value) -> Vec<String> {
    ["source", "run_id", "model_id", "run_link", "status"].map(|key| text(&version[key])).to_vec()
}

/// Where a version comes from that Python's `register_model` makes of the same logged model.
fn registered_by_python(servers: &Servers, model_id: &str, name: &str) -> Vec<String> {
    let code = "mlflow.register_model(f'models:/{args[0]}', args[1])";
    lineage(&servers.python_with(code, &json!([model_id, name])))
}

/// Whether Python finds no model of that name.
fn is_gone(servers: &Servers, name: &str) -> bool {
    let code = "[m.name for m in client.search_registered_models(f\"name='{args}'\")]";
    servers.python_with(code, &json!(name)) == json!([])
}

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
fn a_model_is_created_from_the_palette_by_keyboard_alone() {
    let servers = Servers::shared();
    let mut app = open_at(servers.uri(), Route::Models(ModelKind::Model));
    wait_for(&mut app, "Filter models");
    app.key_press_modifiers(Modifiers::COMMAND, Key::K);
    app.step();
    type_into(&mut app, "Find anything", "create a model");
    press(&mut app, Key::Enter);
    wait_for(&mut app, "Create a model");
    app.event(egui::Event::Text("OTIFForecaster".to_owned()));
    app.step();
    wait_for(&mut app, "OTIFForecaster exists already");
    press(&mut app, Key::Enter);
    assert!(is_asking(&app), "{}", screen(&app));
    type_into(&mut app, "Name", "life größe");
    press(&mut app, Key::Tab);
    app.event(egui::Event::Text("by hand".to_owned()));
    app.step();
    app.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    app.step();
    wait_until_answered(&mut app);
    wait_for_text(&mut app, "life größe is created");
    let found = servers.python_with("client.get_registered_model(args)", &json!("life größe"));
    assert_eq!(text(&found["description"]), "by hand");
    type_into(&mut app, "Filter models", "größe");
    wait_for(&mut app, "model life größe");
}

#[test]
fn a_creation_whose_answer_is_lost_is_read_and_a_name_taken_meanwhile_is_told() {
    let servers = Servers::shared();
    let proxy = Proxy::start(servers.uri());
    let mut app = open_at(&proxy.uri(), Route::Models(ModelKind::Model));
    proxy.once("POST", CREATE_MODEL, Fault::ForwardThenHangUp);
    click(&mut app, "Create a model");
    type_into(&mut app, "Name", "life-created");
    press(&mut app, Key::Enter);
    wait_for_text(&mut app, "No answer. life-created is created: the change took effect");
    assert_eq!(proxy.count("POST", CREATE_MODEL), 1);
    assert!(!is_gone(servers, "life-created"));

    ask(&mut app, Ask::Create);
    type_into(&mut app, "Name", "life-taken");
    servers.python("client.create_registered_model('life-taken')");
    press(&mut app, Key::Enter);
    wait_for_text(&mut app, "life-taken was not created. There is a model called life-taken already");
    assert_eq!(proxy.count("POST", CREATE_MODEL), 1, "it was read first");
}

#[test]
fn a_model_is_described_and_tagged_and_only_what_differs_is_written() {
    let servers = Servers::shared();
    servers.make_model("life-words", 1, &[("prod", 1)]);
    servers.python("client.set_registered_model_tag('life-words', 'old', '1')");
    let proxy = Proxy::start(servers.uri());
    let mut app = open_at(&proxy.uri(), board("life-words"));
    wait_for(&mut app, "alias prod");
    click(&mut app, "Model actions");
    click(&mut app, "Description and tags…");
    type_into(&mut app, "Description", "## Words\n\nfor *all*");
    click(&mut app, "Remove tag 2");
    type_into(&mut app, "Value of tag 1", "hand");
    click(&mut app, "Save");
    wait_until_answered(&mut app);
    let found = servers.python("client.get_registered_model('life-words')");
    assert_eq!(text(&found["description"]), "## Words\n\nfor *all*");
    assert_eq!(found["tags"], json!({ "made_by": "hand" }));
    wait_for(&mut app, "tag made_by: hand");
    let requests = proxy.requests().into_iter();
    let writes = requests.filter(|it| it.method != "GET" && it.path.contains("/registered-models/")).count();
    assert_eq!(writes, 3);
}

#[test]
fn a_renamed_model_keeps_everything_and_we_stay_with_it() {
    let servers = Servers::shared();
    servers.make_model("life-old-name", 3, &[("prod", 2)]);
    let mut app = open_at(servers.uri(), board("life-old-name"));
    wait_for(&mut app, "alias prod");
    apply(
        &mut app,
        Command::Go(Route::Version { kind: ModelKind::Model, name: "life-old-name".into(), version: 2 }),
    );
    ask(&mut app, Ask::Rename { name: "life-old-name".into() });
    wait_for_text(&mut app, "models:/life-old-name@prod");
    type_into(&mut app, "New name", "OTIFForecaster");
    wait_for(&mut app, "OTIFForecaster exists already");
    type_into(&mut app, "New name", "life-new-name");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    let at = |version| Route::Version { kind: ModelKind::Model, name: "life-new-name".into(), version };
    step_until(&mut app, "its new place", |app| *route(app) == at(2));
    wait_for(&mut app, "alias prod");
    assert_eq!(servers.alias("life-new-name", "prod"), Some(2));
    assert!(is_gone(servers, "life-old-name"));
    apply(&mut app, Command::Back);
    assert_eq!(*route(&app), board("life-new-name"));
    wait_for(&mut app, "version 3");

    click(&mut app, "Journal");
    click(&mut app, "entry life-old-name is life-new-name now of life-new-name, Done");
    click(&mut app, "Undo");
    wait_for_text(&mut app, "life-new-name is life-old-name now");
    assert_eq!(servers.alias("life-old-name", "prod"), Some(2));
}

#[test]
fn a_model_is_deleted_only_by_its_name_and_only_as_it_was_shown() {
    let servers = Servers::shared();
    servers.make_model("life-doomed", 3, &[("prod", 2), ("candidate", 3)]);
    let proxy = Proxy::start(servers.uri());
    let mut app = open_at(&proxy.uri(), board("life-doomed"));
    wait_for(&mut app, "alias prod");
    click(&mut app, "Model actions");
    click(&mut app, "Delete model…");
    wait_for(&mut app, "•  3 versions");
    wait_for(&mut app, "•  The aliases candidate (v3) and prod (v2)");
    let field = "Type life-doomed to delete it";
    type_into(&mut app, field, "life-doome");
    press(&mut app, Key::Enter);
    click(&mut app, "Delete");
    assert!(is_asking(&app));
    assert_eq!(proxy.count("DELETE", DELETE_MODEL), 0);

    servers.set_alias("life-doomed", "prod", 1);
    type_into(&mut app, field, "life-doomed");
    press(&mut app, Key::Enter);
    wait_for_text(&mut app, "life-doomed changed while you were deciding: look at what goes with it now");
    wait_for(&mut app, "•  The aliases candidate (v3) and prod (v1)");
    assert_eq!(proxy.count("DELETE", DELETE_MODEL), 0);
    assert!(!is_gone(servers, "life-doomed"));

    proxy.once("DELETE", DELETE_MODEL, Fault::ForwardThenHangUp);
    click(&mut app, "Delete");
    wait_for_text(&mut app, "No answer. life-doomed is deleted: the change took effect");
    assert_eq!(proxy.count("DELETE", DELETE_MODEL), 1);
    assert!(is_gone(servers, "life-doomed"));
    step_until(&mut app, "the list", |app| *route(app) == Route::Models(ModelKind::Model));
    step_until(&mut app, "the journal", |app| {
        done_here(app).iter().map(|record| record.outcome).eq([Outcome::Refused, Outcome::Done])
    });
}

#[test]
fn a_version_that_holds_an_alias_is_kept_until_the_alias_is_moved() {
    let servers = Servers::shared();
    servers.make_model("life-held", 3, &[("prod", 2)]);
    let mut app = open_at(servers.uri(), board("life-held"));
    wait_for(&mut app, "alias prod");
    click_secondary(&mut app, "version 2");
    click(&mut app, "Delete version…");
    wait_for(&mut app, "v2 holds prod: move or delete it first");
    assert!(!is_shown(&app, "Delete v2"));
    click(&mut app, "Move prod…");
    wait_for(&mut app, "Move prod from v2");
    app.event(egui::Event::Text("3".to_owned()));
    app.step();
    press(&mut app, Key::Enter);
    wait_for(&mut app, "prod: v2 → v3");
    confirm(&mut app, "prod");
    wait_for_text(&mut app, "prod moved from v2 to v3.");

    click(&mut app, "open version 2");
    wait_for(&mut app, "Version 2");
    click(&mut app, "Actions");
    click(&mut app, "Delete version…");
    wait_for(&mut app, "Delete v2");
    // Cancel has the focus: Enter alone deletes nothing.
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    click(&mut app, "Actions");
    click(&mut app, "Delete version…");
    // Someone puts an alias on it meanwhile, which MLflow would delete without a word.
    wait_for(&mut app, "Delete v2");
    servers.set_alias("life-held", "late", 2);
    click(&mut app, "Delete v2");
    wait_for_text(&mut app, "v2 of life-held was not deleted. v2 holds late");
    servers.python("client.delete_registered_model_alias('life-held', 'late')");
    click(&mut app, "Cancel");
    click(&mut app, "Actions");
    click(&mut app, "Delete version…");
    wait_for(&mut app, "Delete v2");
    // The question is lower than before, where it said why not, and stands in the middle at once.
    let place = |app: &App| app.query_all_by_label("Cancel").next().map(|button| button.rect());
    let at_once = place(&app).expect("the question is there");
    app.run_steps(3);
    assert_eq!(place(&app), Some(at_once), "the buttons moved");
    click(&mut app, "Delete v2");
    wait_until_answered(&mut app);
    let left =
        servers.python("sorted(int(v.version) for v in client.search_model_versions(\"name='life-held'\"))");
    assert_eq!(left, json!([1, 3]));
    step_until(&mut app, "the board", |app| *route(app) == board("life-held"));
    step_until(&mut app, "its row to go", |app| !is_shown(app, "version 2"));
}

#[test]
fn a_version_is_copied_to_another_model_with_everything_it_has() {
    let servers = Servers::shared();
    servers.make_model("life-original", 2, &[]);
    servers.python(
        "client.update_model_version('life-original', '2', 'words'); client.set_model_version_tag('life-original', '2', 'k', 'x')",
    );
    let mut app = open_at(servers.uri(), board("life-original"));
    wait_for(&mut app, "version 2");
    click_secondary(&mut app, "version 2");
    click(&mut app, "Copy to another model…");
    wait_for(&mut app, "Copy v2 of life-original");
    type_into(&mut app, "Model", "life-original");
    wait_for(&mut app, "It is a version of life-original already");
    type_into(&mut app, "Model", "life-copy");
    type_into(&mut app, "Alias", "candidate");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    wait_for_text(&mut app, "candidate is on v1 now.");
    let (copy, original) = (version(servers, "life-copy", 1), version(servers, "life-original", 2));
    assert_eq!(copy["source"], json!("models:/life-original/2"));
    for same in ["run_id", "description", "tags"] {
        assert_eq!(copy[same], original[same], "{same}");
    }
    assert_eq!(servers.alias("life-copy", "candidate"), Some(1));
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
fn the_plan_says_which_webhooks_fire() {
    let servers = Servers::shared();
    servers.make_model("life-hooks", 2, &[("prod", 1)]);
    // MLflow calls no address on this machine, and looks every name up: so the list is the proxy's.
    let hook = |name: &str, action: &str, status: &str| {
        let events = json!([{ "entity": "MODEL_VERSION_ALIAS", "action": action }]);
        let url = "https://user:pw@example.com/hook?token=s";
        json!({ "webhook_id": name, "name": name, "url": url, "events": events, "status": status })
    };
    let hooks = [
        hook("deploy", "CREATED", "ACTIVE"),
        hook("off", "CREATED", "DISABLED"),
        hook("undeploy", "DELETED", "ACTIVE"),
    ];
    let proxy = Proxy::start(servers.uri());
    proxy.times(9, "GET", "/mlflow/webhooks", Fault::json(&json!({ "webhooks": hooks })));
    let mut app = open_at(&proxy.uri(), board("life-hooks"));
    wait_for(&mut app, "alias prod");
    drag(&mut app, "alias prod", "version 2");
    wait_for(&mut app, "1 webhook will fire: deploy");
    press(&mut app, Key::Escape);
    step_until(&mut app, "the plan to close", |app| !is_shown(app, "Move prod to v2"));
    plan_by_keys(&mut app, "prod", 1, 2);
    wait_for(&mut app, "1 webhook will fire: deploy");
    press(&mut app, Key::Escape);
    step_until(&mut app, "the plan to close", |app| !is_shown(app, "Move prod to v2"));
    enter_on(&mut app, "Model actions");
    choose(&mut app, "Webhooks");
    wait_for(&mut app, "undeploy");
    press(&mut app, Key::Escape);
    step_until(&mut app, "the webhooks to close", |app| !is_shown(app, "undeploy"));
    click(&mut app, "Model actions");
    click(&mut app, "Webhooks");
    wait_for(&mut app, "undeploy");
    wait_for(&mut app, "Disabled");
    wait_for_text(&mut app, "After: model version alias created");
    assert!(!screen(&app).contains("pw@") && !screen(&app).contains("token"));
}

#[test]
fn a_prompt_is_tagged_and_deleted() {
    let servers = Servers::shared();
    servers.python("mlflow.genai.register_prompt(name='life-prompt', template='Answer {{q}}')");
    let prompt = Route::Model { kind: ModelKind::Prompt, name: "life-prompt".into() };
    let mut app = open_at(servers.uri(), prompt);
    click(&mut app, "Prompt actions");
    assert!(!is_shown(&app, "Rename…"));
    click(&mut app, "Description and tags…");
    type_into(&mut app, "Description", "Short answers");
    click(&mut app, "Add tag");
    type_into(&mut app, "Key of tag 1", "team");
    type_into(&mut app, "Value of tag 1", "core");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    // That Python finds it among the prompts says that their own tags are left alone.
    let found = servers.python("p = client.get_prompt('life-prompt'); [p.description, p.tags['team']]");
    assert_eq!(found, json!(["Short answers", "core"]));
    click(&mut app, "Prompt actions");
    click(&mut app, "Delete prompt…");
    type_into(&mut app, "Type life-prompt to delete it", "life-prompt");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    assert_eq!(servers.python("client.get_prompt('life-prompt')"), Value::Null);
}

#[cfg(unix)]
#[test]
fn a_file_without_a_server_is_written_as_python_reads_it() {
    let servers = Servers::shared();
    let (run_id, model_id) = log_model(servers, "life-file");
    let mut app = open_run(&format!("sqlite:///{}", servers.database().display()), &run_id);
    click(&mut app, "Register…");
    type_into(&mut app, "Model", "life-file-model");
    type_into(&mut app, "Alias", "prod");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    // The policy guards this name, new or not.
    wait_for(&mut app, "prod: new → v1");
    confirm(&mut app, "prod");
    wait_for_text(&mut app, "prod is on v1 now.");
    let made = version(servers, "life-file-model", 1);
    assert_eq!(lineage(&made), registered_by_python(servers, &model_id, "life-file-python"));
    let linked =
        servers.python_with("client.get_logged_model(args).tags['mlflow.modelVersions']", &json!(model_id));
    assert!(text(&linked).contains("life-file-model"));

    ask(&mut app, Ask::Rename { name: "life-file-model".into() });
    type_into(&mut app, "New name", "life-file-renamed");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    assert_eq!(servers.alias("life-file-renamed", "prod"), Some(1));

    let kind = ModelKind::Model;
    ask(&mut app, Ask::DeleteVersion { kind, name: "life-file-renamed".into(), version: 1 });
    wait_for(&mut app, "v1 holds prod: move or delete it first");
    press(&mut app, Key::Escape);
    servers.python("client.delete_registered_model_alias('life-file-renamed', 'prod')");
    ask(&mut app, Ask::DeleteVersion { kind, name: "life-file-renamed".into(), version: 1 });
    click(&mut app, "Delete v1");
    wait_until_answered(&mut app);
    assert_eq!(servers.python("client.search_model_versions(\"name='life-file-renamed'\")"), json!([]));

    ask(&mut app, Ask::DeleteModel { kind, name: "life-file-renamed".into() });
    wait_for(&mut app, "It has no versions. There is no way back");
    click(&mut app, "Delete");
    wait_until_answered(&mut app);
    assert!(is_gone(servers, "life-file-renamed"));
}

/// Every version of a model that Python finds, from the first on.
fn versions(servers: &Servers, name: &str) -> Value {
    let code = "sorted(int(v.version) for v in client.search_model_versions(f\"name='{args}'\"))";
    servers.python_with(code, &json!(name))
}

/// Goes by keyboard to a model in the list, and opens its menu there.
fn model_menu_by_keys(app: &mut App, name: &str) {
    press(app, Key::Slash);
    retype(app, name);
    wait_for(app, &format!("model {name}"));
    press(app, Key::Enter);
    press(app, Key::ArrowDown);
    app.key_press_modifiers(Modifiers::SHIFT, Key::F10);
    wait_for(app, "Open beside");
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

#[test]
fn versions_are_copied_and_deleted_by_keyboard_alone() {
    let servers = Servers::shared();
    servers.make_model("life-keys-rows", 3, &[("prod", 1)]);
    let mut app = open_at(servers.uri(), board("life-keys-rows"));
    wait_for(&mut app, "version 3");
    wait_for(&mut app, "alias prod");
    press(&mut app, Key::ArrowRight);
    press(&mut app, Key::Home);
    press(&mut app, Key::Menu);
    choose(&mut app, "Copy to another model…");
    wait_for(&mut app, "Copy v3 of life-keys-rows");
    type_text(&mut app, "life-keys-copy");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    step_until(&mut app, "the copy", |_| versions(servers, "life-keys-copy") == json!([1]));
    assert_eq!(version(servers, "life-keys-copy", 1)["source"], json!("models:/life-keys-rows/3"));

    apply(&mut app, Command::Go(board("life-keys-rows")));
    wait_for(&mut app, "version 3");
    press(&mut app, Key::ArrowRight);
    press(&mut app, Key::Home);
    // Esc leaves the menu, and the cursor is where it was.
    press(&mut app, Key::Menu);
    wait_for(&mut app, "Delete version…");
    press(&mut app, Key::Escape);
    step_until(&mut app, "the menu to close", |app| !is_shown(app, "Delete version…"));
    press(&mut app, Key::ArrowDown);
    press(&mut app, Key::Menu);
    choose(&mut app, "Delete version…");
    enter_on(&mut app, "Delete v2");
    wait_until_answered(&mut app);
    assert_eq!(versions(servers, "life-keys-rows"), json!([1, 3]));
}

#[test]
fn a_model_is_renamed_and_deleted_by_keyboard_alone() {
    let servers = Servers::shared();
    servers.make_model("life-keys-old", 2, &[("prod", 1)]);
    let mut app = open_at(servers.uri(), Route::Models(ModelKind::Model));
    model_menu_by_keys(&mut app, "life-keys-old");
    choose(&mut app, "Rename…");
    wait_for(&mut app, "New name");
    retype(&mut app, "life-keys-new");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    assert_eq!(servers.alias("life-keys-new", "prod"), Some(1));
    assert!(is_gone(servers, "life-keys-old"));

    model_menu_by_keys(&mut app, "life-keys-new");
    choose(&mut app, "Delete model…");
    wait_for(&mut app, "•  2 versions");
    type_text(&mut app, "life-keys-new");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    assert!(is_gone(servers, "life-keys-new"));
}
