//! Artifacts of runs, logged models and versions.

use flowdeck::entities::ArtifactRoot;
use flowdeck::tracking::{Store, TrackingError};
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};

use super::describe::{describe, describe_file, python};
use super::open;
use crate::support::Servers;

/// A file's bytes and the size that was promised.
async fn read(
    store: &dyn Store,
    root: &ArtifactRoot,
    path: &str,
    limit: Option<u64>,
) -> (Vec<u8>, Option<u64>) {
    let body = store.read_artifact(root, path, limit).await.unwrap_or_else(|error| panic!("{path}: {error}"));
    let chunks: Vec<_> = body.chunks.try_collect().await.unwrap();
    (chunks.concat(), body.total)
}

#[tokio::test]
async fn artifacts_are_what_python_says_and_what_lies_on_disk() {
    let servers = Servers::shared();
    let store = open(servers.uri()).await;
    let run_id = servers.run_id("everything");
    let root = ArtifactRoot::run(run_id);
    for folder in ["", "plots"] {
        let ours = store.list_artifacts(&root, folder).await.unwrap();
        let code = "[file(it) for it in client.list_artifacts(args[0], args[1])]";
        let theirs = python(servers, code, &json!([run_id, folder]));
        assert_eq!(Value::from(describe(&ours, describe_file)), theirs, "{folder:?}");
    }
    // Python refuses some names that it could write, so the rest is compared with the files.
    let experiment = servers.experiment_id("otif-forecasting");
    let disk = servers.database().with_file_name("artifacts").join(experiment).join(run_id).join("artifacts");
    let mut folders = vec![String::new()];
    let mut read_files = 0;
    while let Some(folder) = folders.pop() {
        let listed = store.list_artifacts(&root, &folder).await.unwrap();
        assert_eq!(listed.len(), std::fs::read_dir(disk.join(&folder)).unwrap().count(), "{folder:?}");
        for file in listed {
            if file.is_dir {
                folders.push(file.path);
                continue;
            }
            if file.path.contains('#') {
                let error = store.read_artifact(&root, &file.path, None).await.err().unwrap();
                assert!(matches!(error, TrackingError::Unsupported { .. }), "{error:?}");
                continue;
            }
            let (bytes, total) = read(&*store, &root, &file.path, None).await;
            assert!(bytes == std::fs::read(disk.join(&file.path)).unwrap(), "{}", file.path);
            // MLflow leaves out a size of 0.
            assert_eq!((total, file.file_size.unwrap_or(0)), (Some(bytes.len() as u64), bytes.len() as u64));
            let (start, whole) = read(&*store, &root, &file.path, Some(10)).await;
            assert_eq!((&start[..], whole), (&bytes[..bytes.len().min(10)], total), "{}", file.path);
            read_files += 1;
        }
    }
    assert!(read_files > 15);
    assert!(store.list_artifacts(&root, "no such folder").await.unwrap().is_empty());
}

#[tokio::test]
async fn the_start_of_a_file_can_be_read_alone() {
    let servers = Servers::shared();
    let store = open(servers.uri()).await;
    let root = ArtifactRoot::run(servers.run_id("everything"));
    let (whole, total) = read(&*store, &root, "big.log", None).await;
    let (start, total_of_part) = read(&*store, &root, "big.log", Some(1000)).await;
    assert_eq!(start, whole[..1000]);
    assert_eq!((total, total_of_part), (Some(whole.len() as u64), Some(whole.len() as u64)));
    assert!(read(&*store, &root, "big.log", Some(0)).await.0.is_empty());
    assert_eq!(read(&*store, &root, "big.log", Some(u64::MAX)).await.0.len(), whole.len());
    assert_eq!(store.health().in_flight, 0);
}

#[tokio::test]
async fn a_versions_files_are_relative_to_its_root() {
    let servers = Servers::shared();
    let store = open(servers.uri()).await;
    let version = store.get_model_version("MyMinimalAgent_Registered", 7).await.unwrap();
    let root = ArtifactRoot::of_version(&version);
    let id = servers.logged_model_id("MyMinimalAgent_Registered/7");
    assert_eq!(root, ArtifactRoot::LoggedModel { model_id: id.to_owned() });
    let theirs = python(servers, "[file(it) for it in client.list_logged_model_artifacts(args)]", &json!(id));
    let ours = store.list_artifacts(&root, "").await.unwrap();
    assert_eq!(Value::from(describe(&ours, describe_file)), theirs);
    let code = store.list_artifacts(&root, "code").await.unwrap();
    assert_eq!(code.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(), ["code/prompts"]);
    let (mlmodel, _) = read(&*store, &root, "MLmodel", None).await;
    assert!(String::from_utf8(mlmodel.clone()).unwrap().contains("task: agent/v1/responses"));

    // The same file by the version's own route, and by a folder of a run.
    let by_version = ArtifactRoot::Version { name: "MyMinimalAgent_Registered".to_owned(), version: 7 };
    assert_eq!(read(&*store, &by_version, "MLmodel", None).await.0, mlmodel);
    let refused = store.list_artifacts(&by_version, "").await.unwrap_err();
    assert!(matches!(refused, TrackingError::Unsupported { .. }), "{refused}");
    let run_id = servers.run_id("everything").to_owned();
    let folder = ArtifactRoot::Run { run_id: run_id.clone(), folder: "plots".to_owned() };
    let below = store.list_artifacts(&folder, "").await.unwrap();
    assert!(below.iter().any(|it| it.path == "residuals.png"), "{below:?}");
    assert!(read(&*store, &folder, "residuals.png", None).await.0.starts_with(b"\x89PNG"));
}

#[tokio::test]
async fn paths_that_lead_out_are_never_sent() {
    let servers = Servers::shared();
    let store = open(servers.uri()).await;
    let root = ArtifactRoot::run(servers.run_id("everything"));
    for path in ["../x", "/etc/passwd", "plots/../../x", "plots//x", "..", "a\\b"] {
        let listed = store.list_artifacts(&root, path).await.unwrap_err();
        assert!(matches!(listed, TrackingError::Local { .. }), "{path}: {listed}");
        let Err(read) = store.read_artifact(&root, path, None).await else { panic!("{path} was read") };
        assert!(matches!(read, TrackingError::Local { .. }), "{path}: {read}");
    }
}
