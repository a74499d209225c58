//! Writes artifacts to disk: into a temporary place beside the target, renamed when all of it is there. A failed or
//! cancelled download leaves nothing behind.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::StreamExt as _;
use tokio::io::AsyncWriteExt as _;

use super::download::Progress;
use super::save::{Places, unused_in};
use crate::entities::{ArtifactRoot, FileInfo};
use crate::tracking::{ArtifactBody, Store, TrackingError};

/// Folders within folders that are followed.
const DEEPEST: usize = 64;
/// Files of one folder that are saved.
const MOST: usize = 100_000;
/// Begins the names of what is not complete yet.
const PREFIX: &str = ".flowdeck-";

/// Saves one file; what was there before is replaced.
pub(super) async fn save_file(
    body: ArtifactBody,
    target: &Path,
    progress: &Progress,
) -> Result<(), TrackingError> {
    let folder = target.parent().unwrap_or(Path::new("."));
    let (file, temporary) = temporary(0o666)
        .suffix(".part")
        .tempfile_in(folder)
        .map_err(|error| failed("write into", folder, &error))?
        .into_parts();
    let mut file = tokio::fs::File::from_std(file);
    copy(body, &mut file, target, progress).await?;
    file.sync_all().await.map_err(|error| failed("write", target, &error))?;
    drop(file.into_std().await);
    temporary.persist(target).map_err(|error| failed("write", target, &error.error))
}

async fn copy(
    mut body: ArtifactBody,
    file: &mut tokio::fs::File,
    target: &Path,
    progress: &Progress,
) -> Result<(), TrackingError> {
    let mut received = 0_u64;
    while let Some(chunk) = body.chunks.next().await {
        let chunk = chunk?;
        file.write_all(&chunk).await.map_err(|error| failed("write", target, &error))?;
        received += chunk.len() as u64;
        progress.add(chunk.len() as u64);
    }
    file.flush().await.map_err(|error| failed("write", target, &error))?;
    match body.total {
        Some(total) if total != received => Err(TrackingError::NotMlflow {
            reason: format!("the file ended after {received} of {total} bytes"),
        }),
        _ => Ok(()),
    }
}

/// What was saved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Saved {
    /// Where it is.
    pub(super) place: PathBuf,
    /// Files of a folder that the server did not give out.
    pub(super) left_out: Vec<String>,
}

/// Saves a folder with all below it as a new folder in `parent`. A file that the server refuses does not keep the
/// others from being saved; any other failure ends it all.
pub(super) async fn save_folder(
    store: Arc<dyn Store>,
    root: &ArtifactRoot,
    path: &str,
    name: &str,
    parent: &Path,
    progress: &Progress,
) -> Result<Saved, TrackingError> {
    let mut left_out = Vec::new();
    let files = files_below(&*store, root, path).await?;
    progress.expect(&files);
    let temporary =
        temporary(0o777).tempdir_in(parent).map_err(|error| failed("write into", parent, &error))?;
    let mut places = Places::default();
    for file in &files {
        let below = file.path.strip_prefix(path).unwrap_or(&file.path).trim_start_matches('/');
        let target = temporary.path().join(places.place(below));
        if let Some(folder) = target.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(|error| failed("make", folder, &error))?;
        }
        let body = match store.read_artifact(root, &file.path, None).await {
            Err(TrackingError::Mlflow { .. } | TrackingError::Unsupported { .. }) => {
                left_out.push(file.path.clone());
                continue;
            }
            body => body?,
        };
        save_file(body, &target, progress).await?;
        progress.file_done();
    }
    let target = unused_in(parent, name);
    tokio::fs::rename(temporary.path(), &target).await.map_err(|error| failed("write", &target, &error))?;
    // It has another name now: nothing is left to be removed.
    drop(temporary.keep());
    Ok(Saved { place: target, left_out })
}

/// Every file below a folder.
async fn files_below(
    store: &dyn Store,
    root: &ArtifactRoot,
    path: &str,
) -> Result<Vec<FileInfo>, TrackingError> {
    let mut files = Vec::new();
    let mut folders = vec![(path.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for file in store.list_artifacts(root, &folder).await? {
            match file.is_dir {
                true if depth < DEEPEST => folders.push((file.path, depth + 1)),
                true => return Err(too_much("The folders are nested too deeply")),
                false => files.push(file),
            }
        }
        if files.len() + folders.len() > MOST {
            return Err(too_much("There are more than 100,000 files"));
        }
    }
    Ok(files)
}

fn too_much(what: &str) -> TrackingError {
    TrackingError::Unsupported { what: format!("{what} to be saved from here") }
}

/// `mode`: who may do what with it on Unix, as far as the umask lets them; by itself it would be the user alone.
#[cfg_attr(not(unix), expect(unused_variables, reason = "modes are Unix's"))]
fn temporary(mode: u32) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    builder
}

fn failed(what: &str, place: &Path, error: &std::io::Error) -> TrackingError {
    TrackingError::Local { what: format!("Could not {what} {}: {error}", place.display()) }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::stream;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    #[expect(clippy::unnecessary_wraps, reason = "an item of a stream that can fail")]
    fn chunk(text: &'static str) -> Result<Bytes, TrackingError> {
        Ok(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn a_file_is_there_when_all_of_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.txt");
        std::fs::write(&target, "old").unwrap();
        let progress = Progress::default();
        let body = ArtifactBody { total: Some(4), chunks: stream::iter([chunk("ne"), chunk("w!")]).boxed() };
        save_file(body, &target, &progress).await.unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "new!");
        assert_eq!(progress.received(), 4);
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[tokio::test]
    async fn a_failure_leaves_no_half_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.txt");
        let lost = || TrackingError::Connection { address: "host".into(), reason: "reset".into() };
        let broken = ArtifactBody { total: None, chunks: stream::iter([chunk("ne"), Err(lost())]).boxed() };
        assert_eq!(save_file(broken, &target, &Progress::default()).await, Err(lost()));
        let short = ArtifactBody { total: Some(9), chunks: stream::iter([chunk("ne")]).boxed() };
        assert!(save_file(short, &target, &Progress::default()).await.is_err());
        assert!(names(folder.path()).is_empty());
    }

    #[tokio::test]
    async fn a_cancelled_download_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.txt");
        let progress = Arc::new(Progress::default());
        let chunks = stream::iter([chunk("ne")]).chain(stream::pending()).boxed();
        let body = ArtifactBody { total: Some(9), chunks };
        let task = tokio::spawn({
            let (target, progress) = (target.clone(), Arc::clone(&progress));
            async move { save_file(body, &target, &progress).await }
        });
        while progress.received() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(names(folder.path()).len(), 1);
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(names(folder.path()).is_empty());
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_named() {
        let body = ArtifactBody { total: None, chunks: stream::empty().boxed() };
        let error =
            save_file(body, Path::new("/does/not/exist/a.txt"), &Progress::default()).await.unwrap_err();
        assert!(error.to_string().starts_with("Could not write into /does/not/exist: "), "{error}");
    }
}
