//! Where things are on this machine: the database that a tracking URI names, and the folders that MLflow's
//! artifact URIs name.

use std::path::{Path, PathBuf};

use url::Url;

use crate::tracking::UriError;
use crate::tracking::uri::percent_decoded;

/// The file name of MLflow's own default store.
const DEFAULT_NAME: &str = "mlflow.db";

/// What a tracking URI names on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tracking) enum Local {
    /// A database file, or a folder that may hold one.
    Path(PathBuf),
    /// Something here that cannot be opened.
    Refused(UriError),
}

/// Recognises a database on this machine: `sqlite:///mlflow.db`, `sqlite:////abs/mlflow.db`, `file:///abs/mlflow.db`,
/// or a plain path. `home` stands for `~`, relative paths stay relative. None for everything else.
pub(in crate::tracking) fn local(text: &str, home: Option<&Path>) -> Option<Local> {
    let text = text.trim().trim_matches(['"', '\'', '<', '>']).trim();
    let (scheme, rest) = text.split_once(':').unwrap_or(("", text));
    let scheme = scheme.to_ascii_lowercase();
    if scheme == "sqlite" || scheme.starts_with("sqlite+") && rest.starts_with("//") {
        return sqlite_path(rest);
    }
    if scheme == "file" {
        let path = file_path(text)?;
        return (!path.as_os_str().is_empty()).then_some(Local::Path(path));
    }
    if text.is_empty() || text.contains("://") {
        return None;
    }
    let path = match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(text),
    };
    (looks_like_path(text) || path.is_file()).then_some(Local::Path(path))
}

/// `///relative`, `////absolute`, `///C:\absolute`, as `SQLAlchemy` reads them.
fn sqlite_path(rest: &str) -> Option<Local> {
    let refused = |reason: &str| Some(Local::Refused(UriError::Invalid { reason: reason.to_owned() }));
    // A host of that name, as in `sqlite:5000`.
    let path = rest.strip_prefix("//")?;
    let path = path.split('?').next().unwrap_or_default();
    match path.strip_prefix('/') {
        Some("" | ":memory:") => refused("it names a database in memory, which nobody else can see"),
        Some(path) => Some(Local::Path(PathBuf::from(path))),
        None if path.is_empty() => refused("it names a database in memory, which nobody else can see"),
        None => refused("a path needs three slashes (sqlite:///mlflow.db), an absolute one four"),
    }
}

fn looks_like_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    let drive = bytes.len() > 2
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && matches!(bytes[2], b'\\' | b'/');
    let lower = text.to_ascii_lowercase();
    drive
        || text.contains('\\')
        || text.starts_with(['/', '.', '~'])
        || [".db", ".sqlite", ".sqlite3"].iter().any(|end| lower.ends_with(end))
}

/// The absolute path of the database: the file itself, or the one with MLflow's name in the folder. Looks at the disk.
pub(in crate::tracking) fn database_file(path: &Path) -> Result<PathBuf, UriError> {
    let absolute =
        std::path::absolute(path).map_err(|error| UriError::Invalid { reason: error.to_string() })?;
    if !absolute.is_dir() {
        return Ok(absolute);
    }
    let file = absolute.join(DEFAULT_NAME);
    if file.is_file() { Ok(file) } else { Err(UriError::Path { path: path.display().to_string() }) }
}

/// The tracking URI that opens a file again.
pub(super) fn tracking_uri(path: &Path) -> String {
    format!("sqlite:///{}", path.display())
}

/// A path as a person names it: below the home folder with `~`.
pub(super) fn shortened(path: &Path) -> String {
    let home = std::env::home_dir().filter(|home| home.components().count() > 1);
    match home.as_deref().and_then(|home| path.strip_prefix(home).ok()) {
        Some(below) => Path::new("~").join(below).display().to_string(),
        None => path.display().to_string(),
    }
}

/// Where an artifact URI points on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ArtifactPlace {
    /// A folder or a file; relative paths are the server's, whose folder is the database's.
    Here(PathBuf),
    /// `mlflow-artifacts:`: below the folder that the server keeps artifacts in.
    Served(String),
    /// Somewhere else: S3, another server…
    Elsewhere,
}

/// Reads an artifact URI.
pub(super) fn artifact_place(uri: &str) -> ArtifactPlace {
    let lower = uri.to_ascii_lowercase();
    if lower.starts_with("mlflow-artifacts:") {
        let path = Url::parse(uri).map(|url| url.path().to_owned()).unwrap_or_default();
        return ArtifactPlace::Served(percent_decoded(path.trim_matches('/')));
    }
    if lower.starts_with("file:") {
        return file_path(uri).map_or(ArtifactPlace::Elsewhere, ArtifactPlace::Here);
    }
    // A scheme, but not a Windows drive.
    let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_scheme =
        scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if uri.is_empty() || is_scheme {
        return ArtifactPlace::Elsewhere;
    }
    ArtifactPlace::Here(PathBuf::from(uri))
}

/// The path of a `file:` URI: `file:///abs`, `file:/abs`, `file:./relative`. None for one on another machine.
fn file_path(uri: &str) -> Option<PathBuf> {
    let rest = uri.get("file:".len()..)?;
    if rest.starts_with('/') {
        return Url::parse(uri).ok()?.to_file_path().ok();
    }
    Some(PathBuf::from(percent_decoded(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_recognised() {
        let home = Path::new("/home/ann");
        let path = |text: &str| match local(text, Some(home)) {
            Some(Local::Path(path)) => path.display().to_string(),
            other => panic!("{text}: {other:?}"),
        };
        for (text, expected) in [
            ("sqlite:///mlflow.db", "mlflow.db"),
            ("sqlite:////data/mlflow.db", "/data/mlflow.db"),
            ("sqlite+pysqlite:////data/a b.db?timeout=3", "/data/a b.db"),
            ("SQLITE:///x", "x"),
            ("file:///data/a%20b.db", "/data/a b.db"),
            ("file:./mlflow.db", "./mlflow.db"),
            ("\"/data/x.db\"", "/data/x.db"),
            ("~/x.db", "/home/ann/x.db"),
            ("./runs", "./runs"),
            ("old.sqlite3", "old.sqlite3"),
            ("C:\\data\\mlflow.db", "C:\\data\\mlflow.db"),
        ] {
            assert_eq!(path(text), expected, "{text}");
        }
        for text in [
            "",
            "http://h/x.db",
            "host:5000",
            "mlflow.example.com",
            "mysql://h/db",
            "sqlite:5000",
            "file:5000x",
        ] {
            let found = local(text, None);
            assert!(found.is_none() || text.starts_with("file"), "{text}: {found:?}");
        }
        for text in ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://mlflow.db"] {
            assert!(matches!(local(text, None), Some(Local::Refused(_))), "{text}");
        }
    }

    #[test]
    fn a_folder_stands_for_the_store_in_it() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(database_file(folder.path()), Err(UriError::Path { .. })));
        std::fs::write(folder.path().join("mlflow.db"), "").unwrap();
        assert_eq!(database_file(folder.path()).unwrap(), folder.path().join("mlflow.db"));
        let missing = folder.path().join("missing.db");
        assert_eq!(database_file(&missing).unwrap(), missing);
        assert!(database_file(Path::new("x.db")).unwrap().is_absolute());
        assert_eq!(tracking_uri(Path::new("/data/x.db")), "sqlite:////data/x.db");
    }

    #[test]
    fn artifact_uris_are_read() {
        let here = |path: &str| ArtifactPlace::Here(path.into());
        for (uri, expected) in [
            ("/data/mlruns/1", here("/data/mlruns/1")),
            ("./mlruns/1", here("./mlruns/1")),
            ("mlruns/1", here("mlruns/1")),
            ("file:///data/a%20b", here("/data/a b")),
            ("file:/data/x", here("/data/x")),
            ("file://localhost/data/x", here("/data/x")),
            ("file://elsewhere/data/x", ArtifactPlace::Elsewhere),
            ("file:relative", here("relative")),
            ("C:\\mlruns", here("C:\\mlruns")),
            ("mlflow-artifacts:/1/abc/artifacts", ArtifactPlace::Served("1/abc/artifacts".into())),
            ("mlflow-artifacts://host:5000/1/a%20b/", ArtifactPlace::Served("1/a b".into())),
            ("mlflow-artifacts:/1/../../x", ArtifactPlace::Served("x".into())),
            ("s3://bucket/x", ArtifactPlace::Elsewhere),
            ("dbfs:/x", ArtifactPlace::Elsewhere),
            ("", ArtifactPlace::Elsewhere),
        ] {
            assert_eq!(artifact_place(uri), expected, "{uri}");
        }
    }
}
