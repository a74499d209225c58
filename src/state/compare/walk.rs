//! Lists the files of both sides and reads them, several at a time and within bounds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt as _;
use futures_util::stream;
use sha2::{Digest as _, Sha256};

use super::files::{Body, FilePair, FileSide, FileStatus, file_name, folder_of, pieces};
use super::packaged::{PIECES, Piece};
use super::side::Place;
use crate::entities::ArtifactRoot;
use crate::state::artifacts::list_folder;
use crate::state::format;
use crate::state::tasks::{Feed, Feeder, Tasks};
use crate::tracking::{Store, TrackingError};

/// What arrives while files are compared.
#[derive(Debug)]
pub enum FilesEvent {
    /// All files, none of them read yet, by path; and what could not be listed, as sentences.
    Listed(Vec<FilePair>, Vec<String>),
    /// What is packaged in both models was read.
    Packaged,
    /// A pair was read: its place in the list, and what its files say of the models.
    Read(usize, FilePair, [Option<Piece>; 2]),
}

/// Requests under way at once.
const AT_ONCE: usize = 6;
/// Files of one side that are listed.
const MOST_LISTED: usize = 5_000;
/// Folders of one side that are listed.
const MOST_FOLDERS: usize = 500;
/// Pairs that are read.
const MOST_READ: usize = 500;
/// Bytes of a file that is compared line by line.
const MOST_TEXT: u64 = 2_000_000;
/// Bytes of all texts that are kept.
const MOST_TEXTS: u64 = 32_000_000;
/// Bytes of a file that is hashed.
const MOST_HASHED: u64 = 64_000_000;
/// Bytes that are read of all files together.
const MOST_BYTES: u64 = 512_000_000;
/// Events that wait to be drained.
const EVENTS: usize = 32;

/// Starts to compare the files of two sides. Dropping the feed stops it.
pub fn compare_files(tasks: &Tasks, store: Arc<dyn Store>, places: [Vec<Place>; 2]) -> Feed<FilesEvent> {
    tasks.spawn_feed(EVENTS, |feeder| async move { run(&store, &places, &feeder).await })
}

async fn run(store: &Arc<dyn Store>, places: &[Vec<Place>; 2], feeder: &Feeder<FilesEvent>) {
    let (from, to) = futures_util::future::join(list(store, &places[0]), list(store, &places[1])).await;
    let models = [model_folder(&from.files), model_folder(&to.files)];
    let paths: BTreeSet<&String> = from.files.keys().chain(to.files.keys()).collect();
    let sizes = |path: &String| [from.files.get(path).map(|f| f.size), to.files.get(path).map(|f| f.size)];
    let pairs: Vec<FilePair> =
        paths.into_iter().map(|path| FilePair::listed(path.clone(), sizes(path))).collect();
    let gaps = [from.gaps, to.gaps].concat();
    let complete = [from.complete, to.complete];
    if !feeder.send(FilesEvent::Listed(pairs.clone(), gaps)).await {
        return;
    }
    let places = [from.files, to.files];
    let is_piece = |path: &str| {
        let folder = Some(folder_of(path));
        PIECES.contains(&file_name(path)) && models.iter().any(|model| model.as_deref() == folder)
    };
    let budget = Arc::new(Budget { bytes: MOST_BYTES.into(), texts: MOST_TEXTS.into() });
    let (first, rest): (Vec<usize>, Vec<usize>) = (0..pairs.len()).partition(|&at| is_piece(&pairs[at].path));
    for (group, packaged) in [(first, true), (in_order(rest, &pairs), false)] {
        let mut read = stream::iter(group.into_iter().enumerate())
            .map(|(nth, at)| {
                let pair = pairs[at].clone();
                let locations = [0, 1].map(|side: usize| places[side].get(&pair.path).cloned());
                let (store, budget) = (Arc::clone(store), Arc::clone(&budget));
                async move {
                    if nth >= MOST_READ {
                        let why = format!("Only the first {MOST_READ} files are read");
                        return (at, pair.unread(&why), [None, None]);
                    }
                    read_pair(&store, pair, locations, &budget, at, packaged).await
                }
            })
            .buffer_unordered(AT_ONCE);
        while let Some((at, mut pair, pieces)) = read.next().await {
            if (0..2).any(|side| pair.sides[side].is_none() && !complete[side]) {
                pair.status = FileStatus::Unknown;
            }
            if !feeder.send(FilesEvent::Read(at, pair, pieces)).await {
                return;
            }
        }
        if packaged && !feeder.send(FilesEvent::Packaged).await {
            return;
        }
    }
}

/// Small files first: what a person can read is there while a model's weights are still on their way.
fn in_order(mut group: Vec<usize>, pairs: &[FilePair]) -> Vec<usize> {
    group.sort_by_key(|&at| pairs[at].sides.iter().flatten().filter_map(|side| side.size).max().unwrap_or(0));
    group
}

/// Where a listed file is.
#[derive(Clone, Debug)]
struct Location {
    root: ArtifactRoot,
    path: String,
    size: Option<u64>,
}

#[derive(Debug)]
struct Listed {
    files: BTreeMap<String, Location>,
    gaps: Vec<String>,
    /// What is not among the files does not exist.
    complete: bool,
}

async fn list(store: &Arc<dyn Store>, places: &[Place]) -> Listed {
    let mut listed = Listed { files: BTreeMap::new(), gaps: Vec::new(), complete: true };
    for place in places {
        if let ArtifactRoot::Version { version, .. } = &place.root {
            listed.complete = false;
            let names = PIECES.join(", ");
            listed.gaps.push(format!("The files of v{version} cannot be listed: only {names} are compared"));
        }
    }
    let mut level: Vec<(Place, String)> = places.iter().map(|place| (place.clone(), String::new())).collect();
    let mut folders = 0;
    while !level.is_empty() {
        folders += level.len();
        let answers: Vec<_> = stream::iter(level)
            .map(|(place, folder)| {
                let answer = list_folder(store, &place.root, &folder);
                async move { (place, folder, answer.await) }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        level = Vec::new();
        for (place, folder, answer) in answers {
            match answer {
                Err(error) => {
                    listed.complete = false;
                    listed.gaps.push(unlisted(&place, &folder, &error));
                }
                Ok(files) => {
                    for file in files {
                        if file.is_dir {
                            level.push((place.clone(), file.path));
                        } else if listed.files.len() < MOST_LISTED {
                            let shown = joined(&place.folder, &file.path);
                            let root = place.root.clone();
                            let location = Location { root, path: file.path, size: file.file_size };
                            listed.files.insert(shown, location);
                        }
                    }
                }
            }
        }
        if listed.files.len() >= MOST_LISTED || (!level.is_empty() && folders >= MOST_FOLDERS) {
            listed.complete = false;
            listed.gaps.push(format!(
                "Not all files are compared: no more than {} in {} are listed",
                format::counted(MOST_LISTED, "file", "files"),
                format::counted(MOST_FOLDERS, "folder", "folders"),
            ));
            break;
        }
    }
    listed
}

fn unlisted(place: &Place, folder: &str, error: &TrackingError) -> String {
    let uri = crate::state::artifacts::artifact_uri(&place.root, folder);
    format!("The files of {uri} could not be listed: {error}")
}

fn joined(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

/// The folder of the packaged model: where the topmost `MLmodel` lies.
fn model_folder(files: &BTreeMap<String, Location>) -> Option<String> {
    let models = files.keys().filter(|path| file_name(path) == PIECES[0]);
    models.min_by_key(|path| path.matches('/').count()).map(|path| folder_of(path).to_owned())
}

/// What may still be read and kept.
struct Budget {
    bytes: AtomicU64,
    texts: AtomicU64,
}

impl Budget {
    /// Takes so much of it; `false`: there is not so much left.
    fn take(of: &AtomicU64, amount: u64) -> bool {
        of.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(amount)).is_ok()
    }
}

type Read = (usize, FilePair, [Option<Piece>; 2]);

async fn read_pair(
    store: &Arc<dyn Store>,
    pair: FilePair,
    locations: [Option<Location>; 2],
    budget: &Budget,
    at: usize,
    packaged: bool,
) -> Read {
    let [from, to] = locations;
    let same = matches!((&from, &to), (Some(a), Some(b)) if a.root == b.root && a.path == b.path);
    let bodies = if same {
        let body = read(store, from, budget).await;
        [body.clone(), body]
    } else {
        let (from, to) = futures_util::future::join(read(store, from, budget), read(store, to, budget)).await;
        [from, to]
    };
    let path = pair.path.clone();
    let compared = tokio::task::spawn_blocking(move || {
        let pieces = if packaged { pieces(&path, &bodies) } else { [None, None] };
        (FilePair::compared(path, bodies), pieces)
    });
    match compared.await {
        Ok((compared, pieces)) => (at, compared, pieces),
        Err(_lost) => (at, pair.unread("It could not be compared"), [None, None]),
    }
}

/// Reads a file to its end or its bound. `None`: there is none.
async fn read(store: &Arc<dyn Store>, location: Option<Location>, budget: &Budget) -> Option<Body> {
    let Location { root, path, size } = location?;
    let unread =
        |note: String| Some(Body { side: FileSide { size, sha256: None, note: Some(note) }, bytes: None });
    if size.is_some_and(|size| size > MOST_HASHED) {
        return unread(format!("Larger than {}: it is compared by its size", format::bytes(MOST_HASHED)));
    }
    match read_bytes(store, &root, &path, budget).await {
        Ok(Ok(body)) => Some(body),
        Ok(Err(why)) => unread(why),
        // The names of files that cannot be listed are a guess.
        Err(error) if error.is_not_found() && matches!(root, ArtifactRoot::Version { .. }) => None,
        Err(error) => unread(format!("It could not be read: {error}")),
    }
}

async fn read_bytes(
    store: &Arc<dyn Store>,
    root: &ArtifactRoot,
    path: &str,
    budget: &Budget,
) -> Result<Result<Body, String>, TrackingError> {
    let mut body = store.read_artifact(root, path, Some(MOST_HASHED + 1)).await?;
    let mut hash = Sha256::new();
    let mut kept = Some(Vec::new());
    let mut length = 0;
    while let Some(chunk) = body.chunks.next().await {
        let chunk = chunk?;
        length += chunk.len() as u64;
        if length > MOST_HASHED {
            return Ok(Err(format!("Larger than {}: it is not read", format::bytes(MOST_HASHED))));
        }
        if !Budget::take(&budget.bytes, chunk.len() as u64) {
            return Ok(Err(format!(
                "No more than {} are read of all files together",
                format::bytes(MOST_BYTES)
            )));
        }
        hash.update(&chunk);
        if length > MOST_TEXT {
            kept = None;
        } else if let Some(kept) = &mut kept {
            kept.extend_from_slice(&chunk);
        }
    }
    if let Some(total) = body.total.filter(|total| *total != length) {
        return Ok(Err(format!("It ended after {length} of {total} bytes")));
    }
    let too_long = kept.is_none();
    let kept = kept.filter(|bytes| Budget::take(&budget.texts, bytes.len() as u64));
    let note = match (&kept, too_long) {
        (Some(_), _) => None,
        (None, true) => Some(format!("Larger than {}: not compared line by line", format::bytes(MOST_TEXT))),
        (None, false) => Some("There are too many texts to compare all of them line by line".to_owned()),
    };
    let side = FileSide { size: Some(length), sha256: Some(hex(&hash.finalize())), note };
    Ok(Ok(Body { side, bytes: kept }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing into a string does not fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}
