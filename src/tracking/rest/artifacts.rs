//! Artifacts: listing and reading files of runs, logged models and versions.
//!
//! Names come from the server and are not trusted: what does not lie below the folder asked for is left out.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use reqwest::header::{CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, HeaderMap};
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use super::http::{Http, InFlight};
use super::wire;
use crate::entities::{ArtifactRoot, FileInfo};
use crate::tracking::artifact_path::{checked, clean, join};
use crate::tracking::{ArtifactBody, ErrorCode, TrackingError};

/// More entries of one folder are not read.
const MAX_ENTRIES: usize = 100_000;

#[derive(Default, Deserialize)]
#[serde(default)]
struct ListAnswer {
    #[serde(deserialize_with = "wire::or_default")]
    files: Vec<WireFile>,
    next_page_token: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireFile {
    #[serde(deserialize_with = "wire::text")]
    path: String,
    #[serde(deserialize_with = "wire::or_default")]
    is_dir: bool,
    #[serde(deserialize_with = "wire::size")]
    file_size: Option<u64>,
}

/// One folder, folders and files as the server orders them. A path that is a file or nothing gives an empty list.
pub(super) async fn list(
    http: &Http,
    root: &ArtifactRoot,
    path: &str,
) -> Result<Vec<FileInfo>, TrackingError> {
    let folder = folder_of(root)?;
    let asked = join(folder, checked(path)?);
    let mut files = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page =
            list_page(http, root, &asked, token.as_deref()).await.map_err(|error| plainer(error, &asked))?;
        let is_empty = page.files.is_empty();
        files.extend(page.files.into_iter().filter_map(|file| file_below(folder, &asked, &file)));
        let next = page.next_page_token.filter(|next| !next.is_empty() && token.as_ref() != Some(next));
        if next.is_none() || is_empty || files.len() >= MAX_ENTRIES {
            return Ok(files);
        }
        token = next;
    }
}

async fn list_page(
    http: &Http,
    root: &ArtifactRoot,
    path: &str,
    token: Option<&str>,
) -> Result<ListAnswer, TrackingError> {
    let (url, mut query, path_key) = match root {
        ArtifactRoot::Run { run_id, .. } => {
            (http.route("api/2.0/mlflow/artifacts/list"), vec![("run_id", run_id.as_str())], "path")
        }
        ArtifactRoot::LoggedModel { model_id } => (
            http.route_of("api/2.0/mlflow/logged-models/{id}/artifacts/directories", model_id),
            Vec::new(),
            "artifact_directory_path",
        ),
        ArtifactRoot::Version { .. } => {
            return Err(TrackingError::Unsupported {
                what: "The files of this version cannot be listed: its source lies outside of any run or logged model"
                    .to_owned(),
            });
        }
    };
    query.extend((!path.is_empty()).then_some((path_key, path)));
    query.extend(token.map(|token| ("page_token", token)));
    http.get(url, &query).await
}

/// Opens a file. The stream ends with an error if the file ends early.
pub(super) async fn read(
    http: Arc<Http>,
    root: &ArtifactRoot,
    path: &str,
    limit: Option<u64>,
) -> Result<ArtifactBody, TrackingError> {
    let path = join(folder_of(root)?, checked(path)?);
    if path.is_empty() {
        return Err(TrackingError::Local { what: "No file was named".to_owned() });
    }
    let opened = match root {
        ArtifactRoot::Run { run_id, .. } => {
            http.open(http.route("get-artifact"), &[("run_id", run_id), ("path", &path)], limit).await
        }
        ArtifactRoot::LoggedModel { model_id } => {
            let url = http.route_of("ajax-api/2.0/mlflow/logged-models/{id}/artifacts/files", model_id);
            http.open(url, &[("artifact_file_path", &path)], limit).await
        }
        ArtifactRoot::Version { name, version } => {
            let query = [("name", name.as_str()), ("version", &version.to_string()), ("path", &path)];
            http.open(http.route("model-versions/get-artifact"), &query, limit).await
        }
    };
    let (response, in_flight) = match opened {
        // No first byte in an empty file.
        Err(TrackingError::Http { status: 416, .. }) => {
            return Ok(ArtifactBody { total: Some(0), chunks: stream::empty().boxed() });
        }
        opened => opened.map_err(|error| plainer(error, &path))?,
    };
    if is_page_of_a_proxy(response.headers()) {
        return Err(TrackingError::NotMlflow { reason: "a web page instead of the file".to_owned() });
    }
    let total = total(&response);
    Ok(ArtifactBody { total, chunks: chunks(http, response, in_flight, limit).boxed() })
}

/// MLflow says only “Invalid path” of a `#` (`validate_path_is_safe`), however it is encoded.
fn plainer(error: TrackingError, path: &str) -> TrackingError {
    match error {
        TrackingError::Mlflow { code: ErrorCode::InvalidParameterValue, .. } if path.contains('#') => {
            TrackingError::Unsupported {
                what: format!("MLflow's server refuses paths with a # in them: {path}"),
            }
        }
        error => error,
    }
}

/// MLflow sends every file as an attachment; what comes without is a login page or the like.
fn is_page_of_a_proxy(headers: &HeaderMap) -> bool {
    let html = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("text/html"));
    html && !headers.contains_key(CONTENT_DISPOSITION)
}

fn total(response: &Response) -> Option<u64> {
    if response.status() == StatusCode::PARTIAL_CONTENT {
        let range = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
        return range.rsplit('/').next()?.trim().parse().ok();
    }
    response.content_length()
}

fn chunks(
    http: Arc<Http>,
    response: Response,
    in_flight: InFlight,
    limit: Option<u64>,
) -> impl stream::Stream<Item = Result<Bytes, TrackingError>> + Send {
    struct Reader {
        http: Arc<Http>,
        response: Option<(Response, InFlight)>,
        left: u64,
    }
    let left = limit.unwrap_or(u64::MAX);
    stream::unfold(Reader { http, response: Some((response, in_flight)), left }, |mut reader| async move {
        let (mut response, in_flight) = reader.response.take()?;
        if reader.left == 0 {
            return None;
        }
        match response.chunk().await {
            Ok(Some(mut chunk)) => {
                // Servers may ignore the range.
                chunk.truncate(usize::try_from(reader.left).unwrap_or(usize::MAX));
                reader.left -= chunk.len() as u64;
                reader.response = Some((response, in_flight));
                Some((Ok(chunk), reader))
            }
            Ok(None) => None,
            Err(error) => Some((Err(reader.http.lost(&error)), reader)),
        }
    })
}

/// The folder below the server's own root to which paths are relative.
fn folder_of(root: &ArtifactRoot) -> Result<&str, TrackingError> {
    match root {
        ArtifactRoot::Run { folder, .. } => checked(folder),
        ArtifactRoot::LoggedModel { .. } | ArtifactRoot::Version { .. } => Ok(""),
    }
}

/// An entry of the folder `asked`, its path made relative to `folder`; none if it does not lie in there.
fn file_below(folder: &str, asked: &str, file: &WireFile) -> Option<FileInfo> {
    let path = clean(&file.path).filter(|path| !path.is_empty())?;
    let below = |folder: &str| match folder {
        "" => Some(path),
        folder => path.strip_prefix(folder)?.strip_prefix('/'),
    };
    if below(asked)?.contains('/') {
        return None;
    }
    Some(FileInfo {
        path: below(folder)?.to_owned(),
        is_dir: file.is_dir,
        file_size: file.file_size.filter(|_| !file.is_dir),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> WireFile {
        WireFile { path: path.into(), is_dir: false, file_size: Some(3) }
    }

    #[test]
    fn entries_are_relative_to_the_root_and_lie_in_the_folder_asked_for() {
        let path = |folder, asked, path| file_below(folder, asked, &file(path)).map(|file| file.path);
        assert_eq!(path("", "", "notes").as_deref(), Some("notes"));
        assert_eq!(path("", "notes", "notes/readme.txt").as_deref(), Some("notes/readme.txt"));
        assert_eq!(path("model", "model", "model/MLmodel").as_deref(), Some("MLmodel"));
        assert_eq!(path("model", "model/code", "model/code/a.py").as_deref(), Some("code/a.py"));
        for stray in ["", "..", "../x", "/etc/passwd", "models/MLmodel", "model", "model/a/b", "model/../x"] {
            assert_eq!(path("model", "model", stray), None, "{stray}");
        }
    }

    #[test]
    fn a_captured_list_is_read() {
        let answer: ListAnswer = serde_json::from_str(
            r#"{"root_uri":"mlflow-artifacts:/1/a/artifacts","files":[
                {"path":"notes/with space & \u00fcnicode.md","is_dir":false,"file_size":"29"},
                {"path":"notes/sub","is_dir":true}]}"#,
        )
        .unwrap();
        let files: Vec<FileInfo> =
            answer.files.into_iter().filter_map(|file| file_below("", "notes", &file)).collect();
        assert_eq!(files[0].name(), "with space & ünicode.md");
        assert_eq!((files[0].file_size, files[1].is_dir, files[1].file_size), (Some(29), true, None));
    }
}
