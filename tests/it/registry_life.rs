//! Models and versions made, renamed, copied and deleted: in the file the same rows come out as by Python's own store,
//! over REST Python reads what was meant, and refusals are the server's.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use flowdeck::entities::{NewModel, NewVersion, Tags, event};
use flowdeck::tracking::{ErrorCode, Store, TrackingError};
use serde_json::{Value, json};

use crate::client::open;
use crate::support::{Fault, Proxy, Servers};

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn model(name: &str, pairs: &[(&str, &str)]) -> NewModel {
    NewModel { name: name.into(), description: "a **model**".into(), tags: tags(pairs) }
}

/// A copy of the shared server's database, complete whoever writes to it meanwhile.
pub fn copied(servers: &Servers, folder: &Path, name: &str) -> PathBuf {
    let copy = folder.join(name);
    let code = "
import sqlite3
source, target = sqlite3.connect(args[0]), sqlite3.connect(args[1])
source.backup(target)
source.close(), target.close()";
    servers.python_with(code, &json!([servers.database(), copy]));
    copy
}

/// The registry's rows of the models that a test made, and what logged models say of them. Times from after `since` are
/// all “now”.
fn rows(servers: &Servers, database: &Path, since: i64) -> Value {
    let code = "
import json, sqlite3
connection = sqlite3.connect(args['database'])
connection.row_factory = sqlite3.Row
def plain(key, value):
    return 'now' if key.endswith('_time') and value and value >= args['since'] else value
def read(sql):
    return [{key: plain(key, row[key]) for key in row.keys()} for row in connection.execute(sql)]
found = {
    table: read(f\"SELECT * FROM {table} WHERE name LIKE 'life %' ORDER BY name, {order}\")
    for table, order in [('registered_models', '1'), ('model_versions', 'version'), ('model_version_tags', 'version, key'),
                         ('registered_model_tags', 'key'), ('registered_model_aliases', 'alias')]
}
found['links'] = [
    [row['model_id'], json.loads(row['tag_value'])]
    for row in read(\"SELECT * FROM logged_model_tags WHERE tag_key = 'mlflow.modelVersions' ORDER BY model_id\")
    if 'life ' in row['tag_value']
]
connection.close()
found";
    servers.python_with(code, &json!({ "database": database, "since": since }))
}

/// What Python does to its copy.
const BY_PYTHON: &str = r#"
uri = f"sqlite:///{args['database']}"
mlflow.set_tracking_uri(uri)
mlflow.set_registry_uri(uri)
c = mlflow.MlflowClient(uri, uri)
c.create_registered_model("life ü", {"k": "v", "größe": "x/y"}, "a **model**")
c.create_registered_model("life gone", {"k": "v"}, "a **model**")
mlflow.register_model(f"models:/{args['model_id']}", "life ü", tags={"t": "1"})
c.create_model_version("life ü", args["source"], args["run_id"], {"t": "2"}, "https://elsewhere/run", "two")
c.create_model_version("life ü", "s3://bucket/model")
c.create_model_version("life gone", "s3://bucket/model", tags={"t": "1"})
for alias, version in [("prod", "1"), ("candidate", "2"), ("previous", "3"), ("old", "3")]:
    c.set_registered_model_alias("life ü", alias, version)
c.set_registered_model_tag("life ü", "k", "w")
c.set_registered_model_tag("life ü", "more", "")
c.delete_registered_model_tag("life ü", "größe")
c.rename_registered_model("life ü", "life renamed")
c.update_registered_model("life renamed", "other **text**")
c.copy_model_version("models:/life renamed/2", "life copy")
c.copy_model_version("models:/life renamed@prod", "life copy")
c.delete_model_version("life renamed", "3")
c.create_model_version("life renamed", "models:/life copy/1", args["run_id"])
c.delete_registered_model("life gone")
"#;

/// The same, here.
async fn by_us(store: &dyn Store, model_id: &str, run_id: &str, source: &str) {
    store.create_registered_model(model("life ü", &[("k", "v"), ("größe", "x/y")])).await.unwrap();
    store.create_registered_model(model("life gone", &[("k", "v")])).await.unwrap();
    let logged = store.get_logged_model(model_id).await.unwrap();
    let first = NewVersion { tags: tags(&[("t", "1")]), ..NewVersion::of_logged_model("life ü", &logged) };
    assert_eq!(
        store.create_model_version(first).await.unwrap().run_id(),
        Some(logged.source_run_id.as_str())
    );
    let bare = |name: &str| NewVersion {
        name: name.into(),
        source: "s3://bucket/model".into(),
        ..Default::default()
    };
    let second = NewVersion {
        source: source.into(),
        run_id: Some(run_id.into()),
        run_link: Some("https://elsewhere/run".into()),
        description: "two".into(),
        tags: tags(&[("t", "2")]),
        ..bare("life ü")
    };
    assert_eq!(store.create_model_version(second).await.unwrap().version, 2);
    assert_eq!(store.create_model_version(bare("life ü")).await.unwrap().version, 3);
    store.create_model_version(NewVersion { tags: tags(&[("t", "1")]), ..bare("life gone") }).await.unwrap();
    for (alias, version) in [("prod", 1), ("candidate", 2), ("previous", 3), ("old", 3)] {
        store.set_registered_model_alias("life ü", alias, version).await.unwrap();
    }
    store.set_registered_model_tag("life ü", "k", "w").await.unwrap();
    store.set_registered_model_tag("life ü", "more", "").await.unwrap();
    store.delete_registered_model_tag("life ü", "größe").await.unwrap();
    let renamed = store.rename_registered_model("life ü", "life renamed").await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.alias("prod")), ("life renamed", Some(1)));
    let described = store.update_registered_model("life renamed", "other **text**").await.unwrap();
    assert_eq!(described.description, "other **text**");
    let copy = store.copy_model_version("life renamed", 2, "life copy").await.unwrap();
    assert_eq!((copy.version, copy.source.as_str()), (1, "models:/life renamed/2"));
    assert_eq!(store.copy_model_version("life renamed", 1, "life copy").await.unwrap().version, 2);
    store.delete_model_version("life renamed", 3).await.unwrap();
    let back = NewVersion {
        name: "life renamed".into(),
        source: "models:/life copy/1".into(),
        run_id: Some(run_id.into()),
        ..NewVersion::default()
    };
    assert_eq!(store.create_model_version(back).await.unwrap().version, 4);
    store.delete_registered_model("life gone").await.unwrap();
}

#[tokio::test]
async fn the_same_changes_make_the_same_rows_as_pythons_own_store() {
    let servers = Servers::shared();
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) =
        (copied(servers, folder.path(), "ours.db"), copied(servers, folder.path(), "theirs.db"));
    let since = flowdeck::state::format::now();
    let (model_id, run_id) = (servers.logged_model_id("OTIFForecaster/2"), servers.run_id("everything"));
    let source = format!("mlflow-artifacts:/1/{run_id}/artifacts/model");
    servers.python_with(
        BY_PYTHON,
        &json!({ "database": theirs, "model_id": model_id, "run_id": run_id, "source": source }),
    );
    let store = open(&format!("sqlite:///{}", ours.display())).await;
    by_us(&*store, model_id, run_id, &source).await;
    let (here, there) = (rows(servers, &ours, since), rows(servers, &theirs, since));
    let tables = here.as_object().unwrap();
    assert!(tables.values().all(|rows| !rows.as_array().unwrap().is_empty()), "{here:#}");
    for (table, rows) in tables {
        assert_eq!(*rows, there[table], "{table}");
    }
}

#[tokio::test]
async fn over_rest_python_reads_what_was_meant() {
    let servers = Servers::fresh();
    let store = open(servers.uri()).await;
    let (model_id, run_id) = (servers.logged_model_id("OTIFForecaster/2"), servers.run_id("everything"));
    let uri = store.get_run(run_id).await.unwrap().info.artifact_uri;
    let source = format!("{uri}/model");
    by_us(&*store, model_id, run_id, &source).await;
    let said = servers.python(
        r#"
model, copy = client.get_registered_model("life renamed"), client.get_registered_model("life copy")
versions = client.search_model_versions("name = 'life renamed'", order_by=["version_number ASC"])
copies = client.search_model_versions("name = 'life copy'", order_by=["version_number ASC"])
{
    "model": [model.description, model.tags, {alias: int(version) for alias, version in model.aliases.items()}],
    "versions": [[int(v.version), v.source, v.run_id, v.description or "", v.tags, v.run_link or ""] for v in versions],
    "copies": [[int(v.version), v.source, v.run_id, v.description or "", v.tags] for v in copies],
    "names": [m.name for m in client.search_registered_models("name LIKE 'life %'")],
}"#,
    );
    assert_eq!(
        said["model"],
        json!(["other **text**", { "k": "w", "more": "" }, { "prod": 1, "candidate": 2 }])
    );
    let logged_run = store.get_logged_model(model_id).await.unwrap().source_run_id;
    assert_eq!(
        said["versions"],
        json!([
            [1, format!("models:/{model_id}"), logged_run, "", { "t": "1" }, ""],
            [2, source, run_id, "two", { "t": "2" }, "https://elsewhere/run"],
            [4, "models:/life copy/1", run_id, "", {}, ""],
        ])
    );
    assert_eq!(
        said["copies"],
        json!([
            [1, "models:/life renamed/2", run_id, "two", { "t": "2" }],
            [2, "models:/life renamed/1", logged_run, "", { "t": "1" }],
        ])
    );
    assert_eq!(said["names"], json!(["life copy", "life renamed"]));
    let logged = store.get_logged_model(model_id).await.unwrap();
    assert!(logged.registered_as.contains(&("life ü".to_owned(), 1)), "{:?}", logged.registered_as);
}

#[tokio::test]
async fn refusals_are_the_servers_own() {
    let servers = Servers::shared();
    servers.make_model("refused life", 1, &[]);
    let file = open(&format!("sqlite:///{}", servers.database().display())).await;
    let server = open(servers.uri()).await;
    let long = "x".repeat(300);
    for name in ["refused life", "otif-answer", "a/b", "a:b", " ", "..", "./'x'"] {
        let new = || model(name, &[]);
        same(file.create_registered_model(new()).await, server.create_registered_model(new()).await);
        let prompt = || model(name, &[("mlflow.prompt.is_prompt", "true")]);
        same(file.create_registered_model(prompt()).await, server.create_registered_model(prompt()).await);
    }
    for pairs in [[("a#b", "x")], [(long.as_str(), "x")], [("a//b", "x")]] {
        let new = || model("never made", &pairs);
        same(file.create_registered_model(new()).await, server.create_registered_model(new()).await);
        let (key, _) = pairs[0];
        let here = file.set_registered_model_tag("refused life", key, "x").await;
        same(here, server.set_registered_model_tag("refused life", key, "x").await);
    }
    for (name, new_name) in
        [("nobody", "x"), ("refused life", "a/b"), ("refused life", "a:b"), ("refused life", "..")]
    {
        let here = file.rename_registered_model(name, new_name).await;
        same(here, server.rename_registered_model(name, new_name).await);
    }
    // The server goes on with its SQL.
    for (name, new_name) in [("refused life", "otif-answer"), ("refused life", "MyMinimalAgent_Registered")] {
        let (code, message) = said(file.rename_registered_model(name, new_name).await);
        let (their_code, theirs) = said(server.rename_registered_model(name, new_name).await);
        assert_eq!(code, their_code);
        assert!(theirs.starts_with(&message), "{message} / {theirs}");
    }
    same(file.delete_registered_model("nobody").await, server.delete_registered_model("nobody").await);
    let here = file.update_registered_model("nobody", "x").await;
    same(here, server.update_registered_model("nobody", "x").await);
    let here = file.delete_registered_model_tag("nobody", "x").await;
    same(here, server.delete_registered_model_tag("nobody", "x").await);
    same(file.delete_model_version("nobody", 1).await, server.delete_model_version("nobody", 1).await);
    let here = file.delete_model_version("refused life", 7).await;
    same(here, server.delete_model_version("refused life", 7).await);
    let new = |name: &str, source: &str| NewVersion {
        name: name.into(),
        source: source.into(),
        ..NewVersion::default()
    };
    for version in
        [new("nobody", "s3://b/x"), new("a/b", "s3://b/x"), new("refused life", "models:/otif-answer/1")]
    {
        let here = file.create_model_version(version.clone()).await;
        same(here, server.create_model_version(version).await);
    }
    for store in [&file, &server] {
        let error = store.copy_model_version("refused life", 1, "otif-answer").await.unwrap_err();
        assert!(error.to_string().starts_with("otif-answer is a prompt"), "{error}");
        assert!(store.copy_model_version("refused life", 9, "never made").await.unwrap_err().is_not_found());
        assert!(store.get_registered_model("never made").await.unwrap_err().is_not_found());
    }
}

fn said<T: std::fmt::Debug>(result: Result<T, TrackingError>) -> (ErrorCode, String) {
    match result.unwrap_err() {
        TrackingError::Mlflow { code, message, .. } => (code, message),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn same<T: std::fmt::Debug>(here: Result<T, TrackingError>, there: Result<T, TrackingError>) {
    assert_eq!(said(here), said(there));
}

#[tokio::test]
async fn what_makes_something_is_sent_once_whatever_becomes_of_the_answer() {
    let servers = Servers::shared();
    servers.make_model("once", 1, &[]);
    for (n, fault) in [Fault::ForwardThenHangUp, Fault::HangUp, Fault::html()].into_iter().enumerate() {
        let proxy = Proxy::start(servers.uri());
        let store = open(&proxy.uri()).await;
        let version = NewVersion { name: "once".into(), source: "s3://b/x".into(), ..NewVersion::default() };
        let before = proxy.requests().len();
        proxy.always(fault);
        let results = [
            store.create_registered_model(model(&format!("once {n}"), &[])).await.map(drop),
            store.create_model_version(version).await.map(drop),
            store.delete_model_version("once", 77).await,
            store.rename_registered_model("once nobody", "x").await.map(drop),
        ];
        for result in results {
            let error = result.unwrap_err();
            assert!(matches!(error, TrackingError::OutcomeUnknown { .. }), "{error:?}");
        }
        assert_eq!(proxy.requests().len() - before, 4, "each was sent once");
    }
}

#[tokio::test]
async fn webhooks_are_those_of_the_server() {
    let servers = Servers::empty();
    let store: Arc<dyn Store> = open(servers.uri()).await;
    assert!(store.info().calls_webhooks);
    assert_eq!(store.list_webhooks().await.unwrap(), []);
    // By SQL: MLflow makes none whose host it cannot find on the network.
    let code = r#"
import sqlite3
with sqlite3.connect(args) as connection:
    for n, status in enumerate(["ACTIVE", "ACTIVE", "DISABLED"]):
        connection.execute(
            "INSERT INTO webhooks (webhook_id, name, url, description, status, creation_timestamp, last_updated_timestamp)"
            " VALUES (?, ?, ?, 'tells the team', ?, ?, 1)",
            (f"id-{n}", f"hook-{n}", f"https://hooks.example.com/{n}?token=s3cret", status, n + 1))
        for action in ["created", "deleted"]:
            connection.execute("INSERT INTO webhook_events VALUES (?, 'model_version_alias', ?)", (f"id-{n}", action))
connection.close()"#;
    servers.python_with(code, &json!(servers.database()));
    let hooks = store.list_webhooks().await.unwrap();
    assert_eq!(
        hooks.iter().map(|hook| hook.name.as_str()).collect::<Vec<_>>(),
        ["hook-2", "hook-1", "hook-0"]
    );
    assert!(
        hooks
            .iter()
            .all(|hook| hook.url.starts_with("https://hooks.example.com/") && !hook.url.contains('?'))
    );
    assert!(hooks.iter().all(|hook| hook.description == "tells the team"));
    assert_eq!(hooks.iter().filter(|hook| hook.fires_on(event::ALIAS_CREATED)).count(), 2);
    let file = open(&format!("sqlite:///{}", servers.database().display())).await;
    assert_eq!(file.list_webhooks().await.unwrap(), hooks);
    assert!(!file.info().calls_webhooks);
}
