//! The same store read from its file, from its server, and by Python: all three say the same, and what one writes the
//! others read.

use std::path::Path;
use std::sync::Arc;

use flowdeck::entities::{ArtifactRoot, Experiment, Named, Run, ViewType};
use flowdeck::tracking::{
    ConnectRequest, Environment, ExperimentQuery, ModelQuery, NameQuery, PageStream, RunQuery, Store,
    TrackingError, VersionQuery, connect,
};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::registry_life::copied;
use crate::support::Servers;

async fn open(uri: &str) -> Arc<dyn Store> {
    connect(ConnectRequest { uri: uri.to_owned(), ..Default::default() }, Arc::new(Environment::default()))
        .await
        .unwrap()
}

async fn open_file(database: &Path) -> Arc<dyn Store> {
    open(&format!("sqlite:///{}", database.display())).await
}

/// The file of the shared server. Its artifacts are made to lie where a server puts them that is told nothing.
async fn shared_file() -> Arc<dyn Store> {
    let database = Servers::shared().database();
    let home = database.parent().unwrap();
    match std::os::unix::fs::symlink(home.join("artifacts"), home.join("mlartifacts")) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => panic!("{error}"),
        _ => open_file(&database).await,
    }
}

async fn all<T>(mut pages: PageStream<T>) -> Vec<T> {
    let mut items = Vec::new();
    while let Some(page) = pages.next().await {
        items.extend(page.unwrap());
    }
    items
}

async fn experiments(store: &dyn Store) -> Vec<Experiment> {
    all(store.search_experiments(ExperimentQuery { view_type: ViewType::All })).await
}

async fn runs(store: &dyn Store, experiment_id: &str, view_type: ViewType) -> Vec<Run> {
    let query = RunQuery { experiment_ids: vec![experiment_id.to_owned()], view_type, ..RunQuery::default() };
    all(store.search_runs(query)).await
}

/// In words, as NaN is not equal to itself. Neither side promises an order within a run.
fn words(mut run: Run) -> String {
    run.metrics.sort_by(|a, b| a.key.cmp(&b.key));
    run.params.sort_by(|a, b| a.key.cmp(&b.key));
    run.datasets.sort_by(|a, b| a.name.cmp(&b.name));
    run.model_outputs.sort_by(|a, b| a.model_id.cmp(&b.model_id));
    format!("{run:#?}")
}

fn ids(runs: &[Run]) -> Vec<&str> {
    runs.iter().map(|run| run.info.run_id.as_str()).collect()
}

/// Experiments whose runs no other test changes.
const SEEDED: [&str; 3] = ["otif-forecasting", "odd names ünïcödé", "Default"];

#[tokio::test]
async fn experiments_and_runs_are_those_of_the_server() {
    let (file, server) = (shared_file().await, open(Servers::shared().uri()).await);
    let known = experiments(&*server).await;
    assert_eq!(experiments(&*file).await, known);
    assert_eq!(file.get_experiment("1").await.unwrap(), server.get_experiment("1").await.unwrap());
    for experiment in known.iter().filter(|experiment| SEEDED.contains(&experiment.name.as_str())) {
        for view_type in [ViewType::ActiveOnly, ViewType::DeletedOnly, ViewType::All] {
            let here = runs(&*file, &experiment.experiment_id, view_type).await;
            let there = runs(&*server, &experiment.experiment_id, view_type).await;
            assert_eq!(ids(&here), ids(&there), "{} {view_type:?}", experiment.name);
            for (here, there) in here.into_iter().zip(there) {
                assert_eq!(words(here), words(there));
            }
        }
    }
}

#[tokio::test]
async fn single_runs_children_and_histories_are_those_of_the_server() {
    let servers = Servers::shared();
    let (file, server) = (shared_file().await, open(servers.uri()).await);
    let experiment = servers.experiment_id("otif-forecasting");
    let seeded = runs(&*server, experiment, ViewType::All).await;
    let parent = seeded.iter().find_map(Run::parent_run_id).unwrap();
    let mut parents = 0;
    for run in seeded.iter().filter(|run| run.info.run_id == parent).chain(seeded.iter().take(25)) {
        let id = &run.info.run_id;
        assert_eq!(words(file.get_run(id).await.unwrap()), words(server.get_run(id).await.unwrap()));
        for metric in &run.metrics {
            let here = all(file.metric_history(id, &metric.key)).await;
            let there = all(server.metric_history(id, &metric.key)).await;
            assert_eq!(format!("{here:?}"), format!("{there:?}"), "{id} {}", metric.key);
        }
        let children = RunQuery {
            experiment_ids: vec![experiment.to_owned()],
            filter: format!("tags.`mlflow.parentRunId` = '{id}'"),
            ..RunQuery::default()
        };
        let here = all(file.search_runs(children.clone())).await;
        parents += usize::from(!here.is_empty());
        assert_eq!(ids(&here), ids(&all(server.search_runs(children)).await));
    }
    assert!(parents > 0);
}

#[tokio::test]
async fn orders_are_those_of_the_server() {
    let servers = Servers::shared();
    let (file, server) = (shared_file().await, open(servers.uri()).await);
    let known = experiments(&*server).await;
    let seeded = known.iter().filter(|experiment| SEEDED.contains(&experiment.name.as_str()));
    let experiment_ids: Vec<String> = seeded.map(|experiment| experiment.experiment_id.clone()).collect();
    for clause in
        ["metrics.rmse ASC", "metrics.`nan metric` DESC", "params.alpha", "run_name DESC", "start_time"]
    {
        let query = RunQuery {
            experiment_ids: experiment_ids.clone(),
            order_by: vec![clause.to_owned()],
            ..RunQuery::default()
        };
        let (here, there) =
            (all(file.search_runs(query.clone())).await, all(server.search_runs(query)).await);
        assert_eq!(ids(&here), ids(&there), "{clause}");
    }
}

#[tokio::test]
async fn a_part_of_a_name_finds_what_it_finds_on_the_server() {
    let servers = Servers::shared();
    let (file, server) = (shared_file().await, open(servers.uri()).await);
    let experiment_id = Some(servers.experiment_id("agents"));
    for (typed, least) in [
        ("MINIMAL registered", 1),
        ("otif-f", 1),
        ("otif-answer", 1),
        ("minimal-agent", 5),
        ("no such name'", 0),
    ] {
        let query = NameQuery::of(typed, experiment_id);
        let found = |found: Result<Vec<Named>, TrackingError>| {
            let mut names: Vec<_> = found.unwrap().iter().map(|named| format!("{named:?}")).collect();
            names.sort();
            names
        };
        let here = found(file.find_by_name(query.clone()).await);
        assert_eq!(here, found(server.find_by_name(query).await), "{typed}");
        assert!(here.len() >= least, "{typed}: {here:?}");
    }
    let nothing = file.find_by_name(NameQuery::of(" ", experiment_id)).await.unwrap();
    assert_eq!(nothing, server.find_by_name(NameQuery::default()).await.unwrap());
    assert!(nothing.is_empty());
}

#[tokio::test]
async fn models_versions_and_logged_models_are_those_of_the_server() {
    let servers = Servers::shared();
    let (file, server) = (shared_file().await, open(servers.uri()).await);
    for (query, prompt) in [(ModelQuery::Models, false), (ModelQuery::Prompts, true)] {
        let here = all(file.search_registered_models(query)).await;
        assert!(!here.is_empty());
        // Other tests make models of their own meanwhile.
        for model in here.into_iter().filter(|model| !model.tags.contains_key("made_by")) {
            let name = model.name.clone();
            let mut there = server.get_registered_model(&name).await.unwrap();
            there.aliases.sort();
            assert_eq!(model, there);
            assert_eq!(file.get_registered_model(&name).await.unwrap(), there);
            let versions = |name: String| VersionQuery::OfModel { name, prompt };
            let here = all(file.search_model_versions(versions(name.clone()))).await;
            assert_eq!(here, all(server.search_model_versions(versions(name.clone()))).await, "{name}");
            for version in here {
                let number = version.version;
                assert_eq!(file.get_model_version(&name, number).await.unwrap(), version);
                assert_eq!(server.get_model_version(&name, number).await.unwrap(), version);
            }
        }
    }
    let names = |models: Vec<flowdeck::entities::RegisteredModel>| -> Vec<String> {
        let seeded = models.into_iter().filter(|model| !model.tags.contains_key("made_by"));
        seeded.map(|model| model.name).collect()
    };
    assert_eq!(
        names(all(file.search_registered_models(ModelQuery::Models)).await),
        names(all(server.search_registered_models(ModelQuery::Models)).await)
    );
    let of_run = VersionQuery::OfRun(servers.run_id("minimal-agent-3").to_owned());
    let here = all(file.search_model_versions(of_run.clone())).await;
    assert_eq!(here.len(), 1);
    assert_eq!(here, all(server.search_model_versions(of_run)).await);
    for version in ["MyMinimalAgent_Registered/3", "MyMinimalAgent_Registered/7"] {
        let id = servers.logged_model_id(version);
        let (mut here, mut there) =
            (file.get_logged_model(id).await.unwrap(), server.get_logged_model(id).await.unwrap());
        for model in [&mut here, &mut there] {
            model.metrics.sort_by(|a, b| a.key.cmp(&b.key));
            model.params.sort_by(|a, b| a.key.cmp(&b.key));
        }
        assert_eq!(here, there);
    }
}

#[tokio::test]
async fn artifacts_are_those_of_the_server() {
    let servers = Servers::shared();
    let (file, server) = (shared_file().await, open(servers.uri()).await);
    let model_id = servers.logged_model_id("MyMinimalAgent_Registered/7").to_owned();
    let mut files = 0;
    for root in [ArtifactRoot::run(servers.run_id("everything")), ArtifactRoot::LoggedModel { model_id }] {
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let here = file.list_artifacts(&root, &folder).await.unwrap();
            let mut there = server.list_artifacts(&root, &folder).await.unwrap();
            // A size of 0 does not come over the wire.
            for entry in there.iter_mut().filter(|entry| !entry.is_dir) {
                entry.file_size = entry.file_size.or(Some(0));
            }
            assert_eq!(here, there, "{root:?} {folder}");
            for entry in here {
                if entry.is_dir {
                    folders.push(entry.path);
                    continue;
                }
                let here = bytes(&*file, &root, &entry.path).await.unwrap();
                match bytes(&*server, &root, &entry.path).await {
                    Ok(there) => assert_eq!(here, there, "{}", entry.path),
                    // MLflow's server refuses these; on disk they are files like any other.
                    Err(error) => assert!(entry.path.contains('#'), "{}: {error}", entry.path),
                }
                files += 1;
            }
        }
    }
    assert!(files > 15, "{files}");
    let version = ArtifactRoot::Version { name: "MyMinimalAgent_Registered".into(), version: 7 };
    let here = bytes(&*file, &version, "MLmodel").await.unwrap();
    assert_eq!(here, bytes(&*server, &version, "MLmodel").await.unwrap());
}

async fn bytes(store: &dyn Store, root: &ArtifactRoot, path: &str) -> Result<Vec<u8>, TrackingError> {
    let body = store.read_artifact(root, path, Some(300_000)).await?;
    let chunks: Vec<_> = body.chunks.map(Result::unwrap).collect().await;
    Ok(chunks.concat())
}

#[tokio::test]
async fn python_on_the_file_sees_the_same() {
    let servers = Servers::shared();
    let file = shared_file().await;
    let code = r#"
local = mlflow.MlflowClient(args["uri"], args["uri"])
runs = local.search_runs([args["experiment"]], run_view_type=mlflow.entities.ViewType.ALL, max_results=5000)
model = local.get_registered_model("MyMinimalAgent_Registered")
versions = local.search_model_versions("name = 'MyMinimalAgent_Registered'", order_by=["version_number DESC"])
{
    "runs": [[it.info.run_id, it.info.lifecycle_stage, it.data.metrics, it.data.params, it.data.tags] for it in runs],
    "aliases": {key: int(value) for key, value in model.aliases.items()},
    "versions": [[int(it.version), it.description or "", it.source, it.tags] for it in versions],
}
"#;
    let experiment = servers.experiment_id("otif-forecasting");
    let uri = format!("sqlite:///{}", servers.database().display());
    let said = servers.python_with(code, &json!({ "uri": uri, "experiment": experiment }));
    let here: Vec<Value> = runs(&*file, experiment, ViewType::All).await.iter().map(run_as_json).collect();
    let there = said["runs"].as_array().unwrap();
    assert_eq!(here.len(), there.len());
    for (here, there) in here.iter().zip(there) {
        assert_eq!(here, there);
    }
    let model = file.get_registered_model("MyMinimalAgent_Registered").await.unwrap();
    let aliases: serde_json::Map<String, Value> =
        model.aliases.into_iter().map(|alias| (alias.alias, alias.version.into())).collect();
    assert_eq!(Value::Object(aliases), said["aliases"]);
    let query = VersionQuery::OfModel { name: model.name, prompt: false };
    let versions: Vec<Value> = all(file.search_model_versions(query))
        .await
        .into_iter()
        .map(|it| json!([it.version, it.description, it.source, it.tags]))
        .collect();
    assert_eq!(Value::Array(versions), said["versions"]);
}

fn run_as_json(run: &Run) -> Value {
    let stage = format!("{:?}", run.info.lifecycle_stage).to_lowercase();
    let number = |value: f64| if value.is_nan() { json!("NaN") } else { json!(value) };
    let metrics: serde_json::Map<String, Value> =
        run.metrics.iter().map(|metric| (metric.key.clone(), number(metric.value))).collect();
    let params: serde_json::Map<String, Value> =
        run.params.iter().map(|param| (param.key.clone(), param.value.clone().into())).collect();
    json!([run.info.run_id, stage, metrics, params, run.tags])
}

#[tokio::test]
async fn what_is_written_to_the_file_is_read_by_the_others_and_the_other_way_round() {
    let servers = Servers::shared();
    servers.make_model("sqlite-writes", 3, &[("prod", 1), ("old", 1)]);
    let (file, server) = (shared_file().await, open(servers.uri()).await);
    let name = "sqlite-writes";
    file.set_registered_model_alias(name, "prod", 2).await.unwrap();
    file.set_registered_model_alias(name, "größte_日本", 3).await.unwrap();
    file.delete_registered_model_alias(name, "old").await.unwrap();
    file.set_model_version_tag(name, 2, "review: a/b", "ünïcödé 🚚").await.unwrap();
    file.set_model_version_tag(name, 2, "gone", "x").await.unwrap();
    file.delete_model_version_tag(name, 2, "gone").await.unwrap();
    let updated = file.update_model_version(name, 2, "**Text**").await.unwrap();
    assert_eq!(server.get_model_version(name, 2).await.unwrap(), updated);
    let said = servers.python_with(
        "model = client.get_registered_model(args)\nversion = client.get_model_version(args, '2')\n\
         [model.aliases, version.tags, version.description, version.aliases]",
        &json!(name),
    );
    let aliases = said[0].as_object().unwrap();
    let number = |alias: &str| aliases[alias].to_string().trim_matches('"').to_owned();
    assert_eq!((aliases.len(), number("prod"), number("größte_日本")), (2, "2".into(), "3".into()));
    assert_eq!(said[1], json!({ "review: a/b": "ünïcödé 🚚" }));
    assert_eq!(said[2], "**Text**");
    assert!(said[3].to_string().contains("prod"), "{}", said[3]);

    servers.set_alias(name, "prod", 1);
    servers.python_with("client.delete_model_version(args, '3')", &json!(name));
    let model = file.get_registered_model(name).await.unwrap();
    assert_eq!((model.alias("prod"), model.alias("größte_日本"), model.aliases.len()), (Some(1), None, 1));
    assert!(file.get_model_version(name, 3).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn refusals_are_the_servers_own() {
    let servers = Servers::shared();
    servers.make_model("sqlite-refusals", 2, &[]);
    servers.python("client.delete_model_version('sqlite-refusals', '2')");
    let (file, server) = (shared_file().await, open(servers.uri()).await);
    let name = "sqlite-refusals";
    let long = "x".repeat(300);
    for (model, alias, version) in [
        (name, "latest", 1),
        (name, "LATEST", 1),
        (name, "v3", 1),
        (name, "a b", 1),
        (name, "a.b", 1),
        (name, &long, 1),
        (name, "ok", 2),
        (name, "ok", 77),
        ("no such model", "ok", 1),
        ("a/b", "ok", 1),
        ("..", "ok", 1),
        (" ", "ok", 1),
        ("./'x'", "ok", 1),
    ] {
        let here = file.set_registered_model_alias(model, alias, version).await;
        same_refusal(here, server.set_registered_model_alias(model, alias, version).await);
        let here = file.delete_registered_model_alias(model, alias).await;
        let there = server.delete_registered_model_alias(model, alias).await;
        assert_eq!(here.is_ok(), there.is_ok(), "{model} {alias}");
        if here.is_err() {
            same_refusal(here, there);
        }
    }
    for (version, key) in [(2, "k"), (77, "k"), (1, "a#b"), (1, "a//b"), (1, "../ü"), (1, "/a"), (1, &long)]
    {
        let here = file.set_model_version_tag(name, version, key, "v").await;
        same_refusal(here, server.set_model_version_tag(name, version, key, "v").await);
    }
    same_refusal(file.get_model_version(name, 2).await, server.get_model_version(name, 2).await);
    same_refusal(file.get_registered_model("none").await, server.get_registered_model("none").await);
    same_refusal(file.get_run("f00").await, server.get_run("f00").await);
    same_refusal(file.get_experiment("999999").await, server.get_experiment("999999").await);
    same_refusal(file.get_logged_model("m-f00").await, server.get_logged_model("m-f00").await);
    same_refusal(
        file.update_model_version(name, 2, "x").await,
        server.update_model_version(name, 2, "x").await,
    );
}

fn same_refusal<T: std::fmt::Debug>(here: Result<T, TrackingError>, there: Result<T, TrackingError>) {
    let said = |result: Result<T, TrackingError>| match result.unwrap_err() {
        TrackingError::Mlflow { code, message, .. } => (code, message),
        other => panic!("{other:?}"),
    };
    assert_eq!(said(here), said(there));
}

/// Python logs the same to experiments whose artifacts are in different kinds of places.
const PLACES: &str = r#"
from mlflow.entities import Dataset, DatasetInput, InputTag
uri = f"sqlite:///{args['database']}"
mlflow.set_tracking_uri(uri)
mlflow.set_registry_uri(uri)
c = mlflow.MlflowClient(uri, uri)
c.create_registered_model("places")
def files(run_id, path=None):
    found = []
    for it in c.list_artifacts(run_id, path):
        found += [[it.path, it.is_dir, it.file_size]] + (files(run_id, it.path) if it.is_dir else [])
    return found
said = {}
for name, location in args["places"].items():
    experiment = c.create_experiment(f"place {name}", location)
    run = c.create_run(experiment)
    run_id = run.info.run_id
    c.log_text(run_id, f"hello {name}", "notes/a b.txt")
    c.log_text(run_id, "top", "ünï.txt")
    dataset = Dataset(name="train", digest="abc", source_type="local", source="/x")
    c.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])
    model = c.create_logged_model(experiment, "m", source_run_id=run_id)
    version = c.create_model_version("places", f"{run.info.artifact_uri}/notes", run_id)
    first = c.copy_model_version(f"models:/places/{version.version}", f"copy {name}")
    said[name] = [run_id, files(run_id), model.model_id, model.artifact_location, int(version.version)]
c.rename_registered_model("places", "places renamed")
prompt = c.register_prompt("place-prompt", "Hello {{name}}", commit_message="first")
c.set_prompt_alias("place-prompt", "prod", 1)
said
"#;

#[tokio::test]
async fn artifacts_datasets_models_and_prompts_are_read_wherever_python_put_them() {
    let servers = Servers::shared();
    let folder = tempfile::tempdir().unwrap();
    let database = copied(servers, folder.path(), "mlflow.db");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let places = json!({
        "plain": at("plain"), "file": format!("file://{}", at("a%20b")), "spaced": at("with space"),
    });
    let said = servers.python_with(PLACES, &json!({ "database": database, "places": places }));
    let store = open_file(&database).await;
    for (name, said) in said.as_object().unwrap() {
        let (run_id, model_id) = (said[0].as_str().unwrap(), said[2].as_str().unwrap());
        let root = ArtifactRoot::run(run_id);
        let mut found = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            for entry in store.list_artifacts(&root, &folder).await.unwrap() {
                found.push(json!([entry.path, entry.is_dir, entry.file_size]));
                folders.extend(entry.is_dir.then_some(entry.path));
            }
        }
        found.sort_by_key(Value::to_string);
        let mut theirs = said[1].as_array().unwrap().clone();
        theirs.sort_by_key(Value::to_string);
        assert_eq!(found, theirs, "{name}");
        let text = format!("hello {name}").into_bytes();
        assert_eq!(bytes(&*store, &root, "notes/a b.txt").await.unwrap(), text);
        // A copy of a version finds the files though the model it was copied from has another name now.
        for (model, version) in [("places renamed", said[4].as_u64().unwrap()), (&format!("copy {name}"), 1)]
        {
            let version = store.get_model_version(model, version as u32).await.unwrap();
            let root = ArtifactRoot::Version { name: version.name, version: version.version };
            assert_eq!(bytes(&*store, &root, "a b.txt").await.unwrap(), text, "{model}");
        }
        let run = store.get_run(run_id).await.unwrap();
        let dataset = &run.datasets[0];
        assert_eq!((dataset.name.as_str(), dataset.context.as_deref()), ("train", Some("training")));
        let logged = store.get_logged_model(model_id).await.unwrap();
        assert_eq!(json!([logged.source_run_id, logged.artifact_uri]), json!([run_id, said[3]]));
    }
    let prompts = all(store.search_registered_models(ModelQuery::Prompts)).await;
    let prompt = prompts.iter().find(|prompt| prompt.name == "place-prompt").unwrap();
    assert_eq!(prompt.alias("prod"), Some(1));
    let query = VersionQuery::OfModel { name: "place-prompt".into(), prompt: true };
    let version = all(store.search_model_versions(query)).await.remove(0);
    assert_eq!(version.tags["mlflow.prompt.text"], "Hello {{name}}");
    assert_eq!(version.description, "first");
}
