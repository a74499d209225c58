//! The rest of the registry's life in the app, against a real server: what is created, registered, renamed, copied and
//! deleted is what Python's client finds afterwards, and no write is sent twice.

mod models;
mod registering;
mod versions;

use egui::Key;
use flowdeck::state::registry::RegistryCommand;
use flowdeck::state::registry::life::{Ask, LifeCommand};
use flowdeck::state::{Command, ModelKind, Route, RunTab};
use serde_json::{Value, json};

use crate::support::Servers;
use crate::support::app::{
    App, apply, click, confirm, open, press, step_until, type_into, wait_for, wait_for_text,
};

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
