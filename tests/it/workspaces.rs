//! MLflow's workspaces: offered where there are several, in a file and on a server, and remembered.

use std::path::Path;

use egui_kittest::kittest::Queryable as _;
use flowdeck::tracking::{Environment, ExperimentQuery, SampleStore, Store};

use crate::client::{all, open, open_in};
use crate::support::Servers;
use crate::support::app::{self, App, Start, click, start, step_until, wait_for};

async fn experiments(store: &dyn Store) -> Vec<String> {
    let found = all(store.search_experiments(ExperimentQuery::default())).await.unwrap();
    found.into_iter().map(|experiment| experiment.name).collect()
}

#[tokio::test]
async fn a_servers_workspaces_are_told_and_each_shows_its_own() {
    let servers = Servers::with_workspaces();
    servers.python(
        r#"
for workspace in ["team-b", "team-a"]:
    client.create_workspace(workspace)
    mlflow.set_workspace(workspace)
    client.create_experiment(f"of {workspace}")
    client.create_registered_model(f"model of {workspace}")
mlflow.set_workspace(None)"#,
    );
    let store = open(servers.uri()).await;
    let info = store.info();
    assert_eq!(info.workspace.as_deref(), Some("default"));
    assert_eq!(info.workspaces, ["default", "team-a", "team-b"]);
    assert_eq!(experiments(&*store).await, ["Default"]);
    let team = store.in_workspace("team-a").await.unwrap();
    assert_eq!(team.info().workspace.as_deref(), Some("team-a"));
    assert!(experiments(&*team).await.contains(&"of team-a".to_owned()));
    assert!(team.get_registered_model("model of team-a").await.is_ok());
    assert!(team.get_registered_model("model of team-b").await.unwrap_err().is_not_found());
    assert!(store.in_workspace("team-c").await.is_err());
    let environment = Environment::from_pairs([("MLFLOW_WORKSPACE", "team-b")]);
    let named = open_in(servers.uri(), environment).await;
    assert_eq!(named.info().workspace.as_deref(), Some("team-b"));
    assert!(experiments(&*named).await.contains(&"of team-b".to_owned()));

    // Without the server, from its file.
    let file = open(&format!("sqlite:///{}", servers.database().display())).await;
    assert_eq!(file.info().workspaces, info.workspaces);
    let team = file.in_workspace("team-a").await.unwrap();
    assert!(team.get_registered_model("model of team-a").await.is_ok());
    assert!(experiments(&*team).await.contains(&"of team-a".to_owned()));
}

/// A copy of the sample with one more workspace in it.
fn with_a_second_workspace() -> SampleStore {
    let copy = app::runtime().block_on(SampleStore::unpack()).unwrap();
    let database = rusqlite::Connection::open(copy.folder().join("mlflow.db")).unwrap();
    let sql = "INSERT INTO workspaces (name) VALUES ('logistics');
        INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, workspace)
            VALUES (77, 'routes', '/x', 'active', 1, 'logistics');";
    database.execute_batch(sql).unwrap();
    copy
}

fn open_app(file: &Path, config: &Path, environment: Vec<(&'static str, String)>) -> App {
    let mut app = start(Start {
        uri: Some(file.display().to_string()),
        config_folder: Some(config.to_owned()),
        environment,
        ..Start::default()
    });
    step_until(&mut app, "the store", |app| app.state().state().workspace.is_some());
    app
}

#[test]
fn another_workspace_is_chosen_in_the_status_bar_and_remembered() {
    let copy = with_a_second_workspace();
    let (file, config) = (copy.folder().join("mlflow.db"), tempfile::tempdir().unwrap());
    let mut app = open_app(&file, config.path(), Vec::new());
    wait_for(&mut app, "experiment otif-forecasting");
    click(&mut app, "Workspace: default");
    click(&mut app, "logistics");
    wait_for(&mut app, "Workspace: logistics");
    wait_for(&mut app, "experiment routes");
    assert!(app.query_by_label("experiment otif-forecasting").is_none());
    let settings = config.path().join("settings.json");
    let kept = |text: String| text.contains("logistics");
    step_until(&mut app, "the settings", |_| std::fs::read_to_string(&settings).is_ok_and(kept));
    drop(app);

    let mut app = open_app(&file, config.path(), Vec::new());
    wait_for(&mut app, "Workspace: logistics");
    wait_for(&mut app, "experiment routes");
    click(&mut app, "Workspace: logistics");
    click(&mut app, "default");
    wait_for(&mut app, "experiment otif-forecasting");
    drop(app);

    let environment = vec![("MLFLOW_WORKSPACE", "logistics".to_owned())];
    let mut app = open_app(&file, config.path(), environment);
    wait_for(&mut app, "Workspace: logistics");
    wait_for(&mut app, "experiment routes");
}

#[test]
fn where_there_is_one_workspace_nothing_is_offered() {
    let mut app = start(Start { sample: true, ..Start::default() });
    wait_for(&mut app, "experiment otif-forecasting");
    assert!(app.query_all_by_label_contains("Workspace:").next().is_none());
}
