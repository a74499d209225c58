//! Files are found where the store says, and nothing else is.

use super::*;
use crate::entities::ArtifactRoot;

fn with_artifact_uri(uri: &str) -> Fixture {
    let fixture = Fixture::new(&run("r", "1"));
    fixture.sql(&format!("UPDATE runs SET artifact_uri = '{uri}'"));
    fixture
}

fn put(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

async fn listed(store: &SqliteStore, root: &ArtifactRoot, path: &str) -> Vec<(String, bool, Option<u64>)> {
    let files = store.list_artifacts(root, path).await.unwrap();
    files.into_iter().map(|file| (file.path, file.is_dir, file.file_size)).collect()
}

async fn bytes(store: &SqliteStore, root: &ArtifactRoot, path: &str, limit: Option<u64>) -> Vec<u8> {
    let body = store.read_artifact(root, path, limit).await.unwrap();
    let chunks: Vec<_> = body.chunks.map(Result::unwrap).collect().await;
    chunks.concat()
}

#[tokio::test]
async fn served_artifacts_lie_beside_the_database() {
    let fixture = with_artifact_uri("mlflow-artifacts:/1/r/artifacts");
    let store = fixture.store();
    let root = ArtifactRoot::run("r");
    let error = store.list_artifacts(&root, "").await.unwrap_err();
    assert!(matches!(error, TrackingError::Unsupported { .. }), "{error}");
    let folder = fixture.folder.path().join("mlartifacts/1/r/artifacts");
    std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
    assert_eq!(listed(&store, &root, "").await, [], "nothing was logged yet");
    put(&folder.join("b.txt"), "hello");
    put(&folder.join("a/ü ordner/x.txt"), "");
    let expected = [("a".to_owned(), true, None), ("b.txt".to_owned(), false, Some(5))];
    assert_eq!(listed(&store, &root, "").await, expected);
    assert_eq!(listed(&store, &root, "a").await, [("a/ü ordner".to_owned(), true, None)]);
    assert_eq!(listed(&store, &root, "b.txt").await, []);
    assert_eq!(listed(&store, &root, "none").await, []);
    let narrow = ArtifactRoot::Run { run_id: "r".into(), folder: "a".into() };
    assert_eq!(listed(&store, &narrow, "").await, [("ü ordner".to_owned(), true, None)]);
    assert_eq!(listed(&store, &narrow, "ü ordner").await[0].0, "ü ordner/x.txt");
    assert_eq!(bytes(&store, &root, "b.txt", None).await, b"hello");
    assert_eq!(bytes(&store, &root, "b.txt", Some(2)).await, b"he");
    assert!(bytes(&store, &root, "a/ü ordner/x.txt", None).await.is_empty());
    for path in ["", "a", "none", "../r/artifacts/b.txt"] {
        assert!(store.read_artifact(&root, path, None).await.is_err(), "{path}");
    }
    assert!(store.list_artifacts(&root, "../..").await.is_err());
    assert!(store.list_artifacts(&ArtifactRoot::run("none"), "").await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn the_database_itself_is_not_handed_out() {
    let fixture = with_artifact_uri(".");
    let error =
        fixture.store().read_artifact(&ArtifactRoot::run("r"), "mlflow.db", None).await.err().unwrap();
    assert_eq!(error.to_string(), "mlflow.db is the database itself");
}

#[tokio::test]
async fn a_large_file_comes_in_pieces() {
    let fixture = with_artifact_uri("./mlruns/r");
    let file = fixture.folder.path().join("mlruns/r/big.bin");
    put(&file, &"0123456789abcdef".repeat(50_000));
    let store = fixture.store();
    let root = ArtifactRoot::run("r");
    let body = store.read_artifact(&root, "big.bin", None).await.unwrap();
    assert_eq!(body.total, Some(800_000));
    let chunks: Vec<_> = body.chunks.map(Result::unwrap).collect().await;
    assert!(chunks.len() > 2);
    assert_eq!(chunks.concat(), std::fs::read(&file).unwrap());
    assert_eq!(bytes(&store, &root, "big.bin", Some(300_000)).await.len(), 300_000);
}

#[cfg(unix)]
#[tokio::test]
async fn links_that_lead_out_and_pipes_are_left_alone() {
    use std::os::unix::fs::symlink;
    let fixture = with_artifact_uri("artifacts");
    let folder = fixture.folder.path().join("artifacts");
    put(&folder.join("file.txt"), "inside");
    put(&fixture.folder.path().join("secret/key"), "secret");
    symlink(folder.join("file.txt"), folder.join("link.txt")).unwrap();
    symlink("../secret", folder.join("out")).unwrap();
    symlink("../secret/key", folder.join("key")).unwrap();
    symlink("circle", folder.join("circle")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap().success());
    let store = fixture.store();
    let root = ArtifactRoot::run("r");
    let names: Vec<String> = listed(&store, &root, "").await.into_iter().map(|file| file.0).collect();
    assert_eq!(names, ["file.txt", "link.txt", "pipe"]);
    assert_eq!(bytes(&store, &root, "link.txt", None).await, b"inside");
    for path in ["key", "out/key", "circle", "pipe"] {
        assert!(store.read_artifact(&root, path, None).await.is_err(), "{path}");
    }
    let error = store.list_artifacts(&root, "out").await.unwrap_err();
    assert_eq!(error.to_string(), "out is a link that leads out of the artifacts");
    let narrow = ArtifactRoot::Run { run_id: "r".into(), folder: "out".into() };
    assert!(store.list_artifacts(&narrow, "").await.is_err());
}

#[tokio::test]
async fn the_files_of_models_and_versions_are_found() {
    let fixture = Fixture::new(&run("r", "1"));
    let folder = fixture.folder.path();
    put(&folder.join("models/m-1/MLmodel"), "logged");
    put(&folder.join("plain/MLmodel"), "plain");
    fixture.sql(&format!(
        "INSERT INTO logged_models VALUES ('m-1', 1, 'agent', 'file://{0}/models/m-1', 5, 6, 2, 'active', NULL, 'r', NULL);
        INSERT INTO registered_models (name) VALUES ('m'), ('n');
        INSERT INTO model_versions (name, version, current_stage, source) VALUES ('m', 1, 'None', 'models:/m-1'),
            ('m', 2, 'None', '{0}/plain'), ('n', 1, 'None', 'models:/m/2'), ('n', 2, 'None', 'models:/n/3'),
            ('n', 3, 'None', 'models:/n/2'), ('n', 4, 'None', 's3://bucket/x'), ('n', 5, 'None', NULL);",
        folder.display()
    ));
    let store = fixture.store();
    let version = |name: &str, version| ArtifactRoot::Version { name: name.into(), version };
    let logged = ArtifactRoot::LoggedModel { model_id: "m-1".into() };
    assert_eq!(bytes(&store, &logged, "MLmodel", None).await, b"logged");
    assert_eq!(bytes(&store, &version("m", 1), "MLmodel", None).await, b"logged");
    assert_eq!(bytes(&store, &version("m", 2), "MLmodel", None).await, b"plain");
    assert_eq!(bytes(&store, &version("n", 1), "MLmodel", None).await, b"plain");
    assert_eq!(listed(&store, &version("n", 1), "").await[0].0, "MLmodel");
    let error = async |number| store.list_artifacts(&version("n", number), "").await.unwrap_err().to_string();
    assert_eq!(error(2).await, "This version was registered from others in a circle");
    assert_eq!(error(4).await, "The artifacts are at s3://bucket/x, not on this machine");
    assert_eq!(error(5).await, "The store does not say where these artifacts are");
}
