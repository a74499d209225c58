//! Files of two sides, pair by pair: the same, changed, added or removed.

use std::sync::Arc;

use super::packaged::{PIECES, Piece};
use super::text_diff::TextDiff;
use crate::state::artifacts::{FileKind, decode};

/// One path, on either side or on both.
#[derive(Clone, Debug)]
pub struct FilePair {
    /// Below the roots, `/` between its parts.
    pub path: String,
    /// The left and the right one.
    pub sides: [Option<FileSide>; 2],
    /// How they differ.
    pub status: FileStatus,
    /// Line by line, where it is text that was read.
    pub diff: Option<Arc<TextDiff>>,
}

/// One file of a pair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSide {
    /// Bytes, if known.
    pub size: Option<u64>,
    /// SHA-256 in hexadecimal digits, if all of it was read.
    pub sha256: Option<String>,
    /// Why it was not read as a whole: a sentence.
    pub note: Option<String>,
}

/// How the two files of a pair differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileStatus {
    /// They were not read yet.
    Waiting,
    /// Byte for byte the same.
    Same,
    /// An `MLmodel` in which nothing but ids, times and places differs, as in every two of them.
    OnlyIds,
    /// They differ.
    Changed,
    /// It is on the right only.
    Added,
    /// It is on the left only.
    Removed,
    /// It cannot be said: they were not read, and are equally long as far as is known.
    Unknown,
}

impl FileStatus {
    /// Whether the two sides differ in what matters.
    pub fn differs(self) -> bool {
        matches!(self, Self::Changed | Self::Added | Self::Removed)
    }

    /// In a word.
    pub fn label(self) -> &'static str {
        match self {
            Self::Waiting => "loading",
            Self::Same => "same",
            Self::OnlyIds => "only ids differ",
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Unknown => "not compared",
        }
    }
}

/// What was read of one file.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// What is known of it.
    pub side: FileSide,
    /// Its bytes, where there are few enough of them to be compared line by line.
    pub bytes: Option<Vec<u8>>,
}

/// Keys of an `MLmodel` that differ between any two (`mlflow/models/model.py`, `Model.to_yaml`).
const IDS: [&str; 6] =
    ["artifact_path", "model_id", "model_size_bytes", "model_uuid", "run_id", "utc_time_created"];

impl FilePair {
    /// A pair that was listed, with the sizes that the listing says.
    pub fn listed(path: String, sizes: [Option<Option<u64>>; 2]) -> Self {
        let sides = sizes.map(|size| size.map(|size| FileSide { size, ..FileSide::default() }));
        Self { path, sides, status: FileStatus::Waiting, diff: None }
    }

    /// Compares what was read. Takes its time: call it off the UI thread.
    pub fn compared(path: String, bodies: [Option<Body>; 2]) -> Self {
        let status = status(&path, &bodies);
        let texts = [0, 1].map(|side: usize| match &bodies[side] {
            None => Some(String::new()),
            Some(body) => body
                .bytes
                .as_deref()
                .filter(|bytes| is_text(&path, bytes))
                .map(|bytes| decode(bytes, false).0),
        });
        let diff = match texts {
            [Some(old), Some(new)] if bodies.iter().any(Option::is_some) => {
                Some(Arc::new(TextDiff::new(old.into(), new.into())))
            }
            _ => None,
        };
        Self { path, sides: bodies.map(|body| body.map(|body| body.side)), status, diff }
    }

    /// A pair of which nothing was read, and why.
    pub fn unread(mut self, why: &str) -> Self {
        for side in self.sides.iter_mut().flatten() {
            side.note = Some(why.to_owned());
        }
        self.status = status_of_sides(&self.sides);
        self
    }

    /// Two texts that are no files: a prompt's.
    pub fn of_texts(name: &str, old: &str, new: &str) -> Self {
        let body = |text: &str| Body {
            side: FileSide { size: Some(text.len() as u64), ..FileSide::default() },
            bytes: Some(text.as_bytes().to_vec()),
        };
        Self::compared(name.to_owned(), [Some(body(old)), Some(body(new))])
    }

    /// Whether there is anything in it beside its text.
    pub fn is_text(&self) -> bool {
        self.diff.is_some()
    }

    /// Which lines were changed, in few words: `+3 −1`; nothing without a text.
    pub fn counts_text(&self) -> String {
        match &self.diff {
            Some(diff) if self.status.differs() => {
                let [removed, added] = diff.counts();
                format!("+{added} −{removed}")
            }
            _ => String::new(),
        }
    }
}

fn is_text(path: &str, bytes: &[u8]) -> bool {
    !matches!(FileKind::of(path, bytes, true), FileKind::Binary | FileKind::Image)
}

fn status(path: &str, bodies: &[Option<Body>; 2]) -> FileStatus {
    let [Some(from), Some(to)] = bodies else {
        return if bodies[0].is_some() { FileStatus::Removed } else { FileStatus::Added };
    };
    match (&from.bytes, &to.bytes) {
        (Some(a), Some(b)) if a == b => FileStatus::Same,
        (Some(a), Some(b)) if file_name(path) == PIECES[0] && without_ids(a) == without_ids(b) => {
            FileStatus::OnlyIds
        }
        (Some(_), Some(_)) => FileStatus::Changed,
        _ => status_of_sides(&[Some(from.side.clone()), Some(to.side.clone())]),
    }
}

fn status_of_sides(sides: &[Option<FileSide>; 2]) -> FileStatus {
    match sides {
        [Some(from), Some(to)] => match (&from.sha256, &to.sha256, from.size, to.size) {
            (Some(a), Some(b), ..) if a == b => FileStatus::Same,
            (Some(_), Some(_), ..) => FileStatus::Changed,
            (.., Some(a), Some(b)) if a != b => FileStatus::Changed,
            _ => FileStatus::Unknown,
        },
        [Some(_), None] => FileStatus::Removed,
        _ => FileStatus::Added,
    }
}

fn without_ids(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let is_id =
        |line: &&str| IDS.iter().any(|id| line.strip_prefix(id).is_some_and(|rest| rest.starts_with(':')));
    text.lines().filter(|line| !is_id(line)).map(str::to_owned).collect()
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folder that a path lies in; empty at the top.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// What the bytes of a pair say of the packaged models, where it is one of their own files.
pub fn pieces(path: &str, bodies: &[Option<Body>; 2]) -> [Option<Piece>; 2] {
    let read = |body: &Option<Body>| {
        let bytes = body.as_ref()?.bytes.as_deref()?;
        Piece::read(file_name(path), bytes)
    };
    [read(&bodies[0]), read(&bodies[1])]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(bytes: &[u8]) -> Body {
        let side = FileSide { size: Some(bytes.len() as u64), ..FileSide::default() };
        Body { side, bytes: Some(bytes.to_vec()) }
    }

    fn binary(size: u64, sha256: Option<&str>) -> Body {
        let side = FileSide { size: Some(size), sha256: sha256.map(str::to_owned), note: None };
        Body { side, bytes: None }
    }

    fn status_of(path: &str, bodies: [Option<Body>; 2]) -> FileStatus {
        FilePair::compared(path.into(), bodies).status
    }

    #[test]
    fn texts_are_compared_line_by_line_and_binaries_by_hash_and_size() {
        let changed = FilePair::compared("a.py".into(), [Some(body(b"a\nb\n")), Some(body(b"a\nc\nd\n"))]);
        assert_eq!((changed.status, changed.counts_text().as_str()), (FileStatus::Changed, "+2 −1"));
        let hidden =
            FilePair::compared("a.py".into(), [Some(body(b"\x7fELF\0\0")), Some(body(b"\x7fELF\0\x01"))]);
        assert_eq!((hidden.status, hidden.is_text()), (FileStatus::Changed, false));
        assert_eq!(
            status_of("a.pkl", [Some(binary(9, Some("aa"))), Some(binary(9, Some("aa")))]),
            FileStatus::Same
        );
        assert_eq!(
            status_of("a.pkl", [Some(binary(9, Some("aa"))), Some(binary(9, Some("ab")))]),
            FileStatus::Changed
        );
        assert_eq!(status_of("a.pkl", [Some(binary(9, None)), Some(binary(8, None))]), FileStatus::Changed);
        assert_eq!(
            status_of("a.pkl", [Some(binary(9, None)), Some(binary(9, Some("a")))]),
            FileStatus::Unknown
        );
        let added = FilePair::compared("a.py".into(), [None, Some(body(b"a\n"))]);
        assert_eq!((added.status, added.counts_text().as_str()), (FileStatus::Added, "+1 −0"));
        assert_eq!(status_of("a.pkl", [Some(binary(1, None)), None]), FileStatus::Removed);
    }

    #[test]
    fn ids_and_times_alone_make_no_other_model() {
        let one = b"flavors: {}\nmodel_id: m-1\nrun_id: a\nutc_time_created: x\n";
        let other = b"flavors: {}\nmodel_id: m-2\nrun_id: b\nutc_time_created: y\n";
        let third = b"flavors: {}\nmodel_id: m-2\nmlflow_version: 4\n";
        assert_eq!(status_of("agent/MLmodel", [Some(body(one)), Some(body(other))]), FileStatus::OnlyIds);
        assert_eq!(status_of("MLmodel", [Some(body(one)), Some(body(third))]), FileStatus::Changed);
        assert_eq!(status_of("notes.yaml", [Some(body(one)), Some(body(other))]), FileStatus::Changed);
    }
}
