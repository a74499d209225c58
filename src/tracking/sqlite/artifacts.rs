//! Artifacts that lie on this machine: under plain and `file:` paths, and under `mlflow-artifacts:` when the folder
//! that the server keeps them in lies beside the database.
//!
//! Nothing outside of a root is listed or read, wherever links point.

use std::fs::File;
use std::io::{Read as _, Take};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};

use super::blocking;
use super::database::Session;
use super::failure::{Failure, not_found};
use super::location::{ArtifactPlace, artifact_place};
use super::{logged_models, registry, runs};
use crate::entities::{ArtifactRoot, FileInfo};
use crate::tracking::artifact_path::{checked, clean, join};
use crate::tracking::{ArtifactBody, TrackingError};

/// The folder that `mlflow server` keeps artifacts in if it is not told otherwise.
const SERVED_FOLDER: &str = "mlartifacts";
/// More entries of one folder are not read.
const MAX_ENTRIES: usize = 100_000;
/// Bytes read at once.
const CHUNK: u64 = 256 << 10;
/// A version may have been registered from another one, and so on.
const MAX_HOPS: usize = 8;

/// Where the database says that artifacts are.
pub(super) struct Root {
    uri: String,
    /// Folder below it.
    folder: String,
}

/// Looks up where a root is.
pub(super) fn root(session: &Session<'_>, asked: &ArtifactRoot) -> Result<Root, Failure> {
    let mut asked = asked.clone();
    for _ in 0..MAX_HOPS {
        match asked {
            ArtifactRoot::Run { run_id, folder } => {
                return Ok(Root { uri: runs::get(session, &run_id)?.info.artifact_uri, folder });
            }
            ArtifactRoot::LoggedModel { model_id } => {
                let uri = logged_models::get(session, &model_id)?.artifact_uri;
                return Ok(Root { uri, folder: String::new() });
            }
            ArtifactRoot::Version { name, version } => {
                let mut version = registry::get_version(session, &name, version)?;
                if other_version(&version.source).is_some() {
                    version.source = registry::download_uri(session, &version)?;
                }
                asked = ArtifactRoot::of_version(&version);
                if let ArtifactRoot::Version { .. } = asked {
                    match other_version(&version.source) {
                        Some(other) => asked = other,
                        None => return Ok(Root { uri: version.source, folder: String::new() }),
                    }
                }
            }
        }
    }
    Err(local("This version was registered from others in a circle").into())
}

/// `models:/name/3`
fn other_version(source: &str) -> Option<ArtifactRoot> {
    let (name, version) = source.strip_prefix("models:/")?.rsplit_once('/')?;
    Some(ArtifactRoot::Version { name: name.trim_matches('/').to_owned(), version: version.parse().ok()? })
}

impl Root {
    /// The folder at this address.
    pub fn at(uri: &str) -> Self {
        Self { uri: uri.to_owned(), folder: String::new() }
    }

    /// Its folder on this machine, all links followed. None if it is not there (yet).
    fn on_disk(&self, database: &Path) -> Result<Option<PathBuf>, TrackingError> {
        let (base, below) = self.place(database)?;
        inside(&base, &below)
    }

    /// A folder on this machine, and the path below it that must not lead out of it.
    fn place(&self, database: &Path) -> Result<(PathBuf, String), TrackingError> {
        let beside = database.parent().unwrap_or(Path::new("/"));
        let path = match artifact_place(&self.uri) {
            ArtifactPlace::Here(path) => beside.join(path),
            ArtifactPlace::Served(path) => {
                let path = checked(&path)?.to_owned();
                // The database may be a link into the folder where the server runs.
                let real = database.canonicalize().ok().and_then(|file| file.parent().map(Path::to_owned));
                let folders = [Some(beside.to_owned()), real];
                let served = folders.into_iter().flatten().map(|folder| folder.join(SERVED_FOLDER));
                let Some(served) = served.into_iter().find(|folder| folder.is_dir()) else {
                    return Err(elsewhere(&self.uri, "and no folder mlartifacts lies beside the database"));
                };
                return Ok((served, join(&path, checked(&self.folder)?)));
            }
            ArtifactPlace::Elsewhere if self.uri.is_empty() => {
                return Err(local("The store does not say where these artifacts are"));
            }
            ArtifactPlace::Elsewhere => return Err(elsewhere(&self.uri, "not on this machine")),
        };
        Ok((path, checked(&self.folder)?.to_owned()))
    }
}

/// Puts a file below the root at `uri`, in one step: what is there is replaced, and half a file is never seen.
pub(super) fn upload(uri: &str, path: &str, content: &[u8], database: &Path) -> Result<(), TrackingError> {
    let path = checked(path)?;
    let failed =
        |error: &std::io::Error| local(format!("{} cannot be written: {error}", path.escape_debug()));
    let (name, folder) = match path.rsplit_once('/') {
        Some((folder, name)) => (name, folder),
        None => (path, ""),
    };
    if name.is_empty() {
        return Err(local("No file was named"));
    }
    let (base, below) = Root::at(uri).place(database)?;
    std::fs::create_dir_all(base.join(&below)).map_err(|error| failed(&error))?;
    let Some(root) = inside(&base, &below)? else {
        return Err(local("The artifacts' folder cannot be made"));
    };
    // A link that was there before must not lead the new folder elsewhere.
    let mut place = root.clone();
    for part in folder.split('/').filter(|part| !part.is_empty()) {
        place.push(part);
        if !place.exists() {
            std::fs::create_dir(&place).map_err(|error| failed(&error))?;
        }
        place = inside(&root, &relative(&root, &place))?.ok_or_else(|| local("The folder went away"))?;
    }
    let mut builder = tempfile::Builder::new();
    // Others read artifacts too: a temporary file is its maker's alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(&place).map_err(|error| failed(&error))?;
    std::io::Write::write_all(&mut file, content).map_err(|error| failed(&error))?;
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    file.persist(place.join(name)).map_err(|error| failed(&error.error))?;
    Ok(())
}

/// A path below a root, as text.
fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}

fn elsewhere(uri: &str, why: &str) -> TrackingError {
    let uri: String = uri.chars().take(200).collect();
    TrackingError::Unsupported { what: format!("The artifacts are at {uri}, {why}") }
}

fn local(what: impl Into<String>) -> TrackingError {
    TrackingError::Local { what: what.into() }
}

fn unreadable(path: &str, error: &std::io::Error) -> TrackingError {
    local(format!("{} cannot be read: {error}", path.escape_debug()))
}

/// The real path of `root/path`, if it lies inside of the root when all links are followed; none if nothing is there.
fn inside(root: &Path, path: &str) -> Result<Option<PathBuf>, TrackingError> {
    let real = |path: &Path| match path.canonicalize() {
        Ok(real) => Ok(Some(real)),
        Err(error)
            if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
        {
            Ok(None)
        }
        Err(error) => Err(unreadable(&path.display().to_string(), &error)),
    };
    let Some(root) = real(root)? else { return Ok(None) };
    if path.is_empty() {
        return Ok(Some(root));
    }
    match real(&root.join(path))? {
        Some(found) if !found.starts_with(&root) => {
            Err(local(format!("{} is a link that leads out of the artifacts", path.escape_debug())))
        }
        found => Ok(found),
    }
}

/// One folder, by path. A path that is a file or nothing gives an empty list, as on the server. Blocks.
pub(super) fn list(root: &Root, database: &Path, path: &str) -> Result<Vec<FileInfo>, TrackingError> {
    let path = checked(path)?;
    let Some(top) = root.on_disk(database)? else { return Ok(Vec::new()) };
    let Some(folder) = inside(&top, path)?.filter(|folder| folder.is_dir()) else { return Ok(Vec::new()) };
    let entries = folder.read_dir().map_err(|error| unreadable(path, &error))?;
    let mut files: Vec<FileInfo> = entries
        .filter_map(|entry| {
            // Names that are no Unicode, and links that lead out, are left out.
            let name = entry.ok()?.file_name().into_string().ok()?;
            let path = join(path, clean(&name)?);
            let metadata = inside(&top, &path).ok()??.metadata().ok()?;
            let file_size = metadata.is_file().then_some(metadata.len());
            Some(FileInfo { path, is_dir: metadata.is_dir(), file_size })
        })
        .take(MAX_ENTRIES)
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// Opens a file. Blocks until it is open; its bytes are read when they are asked for.
pub(super) fn read(
    root: &Root,
    database: &Path,
    path: &str,
    limit: Option<u64>,
) -> Result<ArtifactBody, TrackingError> {
    let path = checked(path)?;
    let missing = || not_found(format!("There is no file {}", join(&root.folder, path).escape_debug()));
    let top = root.on_disk(database)?.ok_or_else(missing)?;
    let found = inside(&top, path)?.ok_or_else(missing)?;
    // To open and close the database would drop SQLite's locks on it.
    if database.canonicalize().is_ok_and(|database| database == found) {
        return Err(local(format!("{} is the database itself", path.escape_debug())));
    }
    // To open a pipe would wait for somebody to write.
    let metadata = found.metadata().map_err(|error| unreadable(path, &error))?;
    if !metadata.is_file() {
        return Err(local(format!("{} is no file", join(&root.folder, path).escape_debug())));
    }
    let file = File::open(&found).map_err(|error| unreadable(path, &error))?;
    let file = file.take(limit.unwrap_or(u64::MAX));
    Ok(ArtifactBody { total: Some(metadata.len()), chunks: chunks(file, path.to_owned()) })
}

fn chunks(file: Take<File>, path: String) -> BoxStream<'static, Result<Bytes, TrackingError>> {
    stream::unfold(Some((file, path)), |state| async move {
        let (mut file, path) = state?;
        let read = blocking(move || {
            let mut chunk = Vec::new();
            let read = file.by_ref().take(CHUNK).read_to_end(&mut chunk);
            read.map_err(|error| unreadable(&path, &error))?;
            Ok((file, path, Bytes::from(chunk)))
        });
        match read.await {
            Ok((_, _, chunk)) if chunk.is_empty() => None,
            Ok((file, path, chunk)) => Some((Ok(chunk), Some((file, path)))),
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}
