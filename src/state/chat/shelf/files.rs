//! The folder of conversations: their files, those that were deleted a moment ago, and reading them.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::Summary;
use super::record::Folded;
use crate::state::chat::conversation::Conversation;

/// Longest line that is read, in bytes: more than is ever written.
const MAX_LINE: u64 = 64 * 1024 * 1024;
const ENDING: &str = "jsonl";
/// What was deleted, until the app is closed.
const DELETED: &str = "deleted";

/// The folder. It is made when something is written.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    fn path(&self, id: u64) -> PathBuf {
        self.0.join(format!("{id}.{ENDING}"))
    }

    fn deleted(&self, id: u64) -> PathBuf {
        self.0.join(DELETED).join(format!("{id}.{ENDING}"))
    }

    /// Opens a file to append to it, on a line of its own: the last one may be torn.
    pub(super) fn append_to(&self, id: u64) -> io::Result<File> {
        make_private(&self.0)?;
        let mut file = private().create(true).append(true).read(true).open(self.path(id))?;
        if file.seek(SeekFrom::End(0))? > 0 {
            file.seek(SeekFrom::End(-1))?;
            let mut last = [0];
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
            }
        }
        Ok(file)
    }

    /// Puts a whole file in place of the one that is there, in one step.
    pub(super) fn replace(&self, id: u64, text: &str) -> io::Result<()> {
        make_private(&self.0)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(self.path(id)).map_err(|error| error.error)?;
        Ok(())
    }

    /// All conversations, the newest first.
    pub(super) fn list(&self) -> io::Result<Vec<Summary>> {
        let entries = match std::fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let ids = entries.filter_map(|entry| id_of(&entry.ok()?.path()));
        let mut found: Vec<_> = ids.filter_map(|id| summary(&self.load(id).ok()??)).collect();
        found.sort_by_key(|summary| std::cmp::Reverse((summary.updated, summary.id)));
        Ok(found)
    }

    /// Reads one. `None`: nothing was said in it.
    pub(super) fn load(&self, id: u64) -> io::Result<Option<Conversation>> {
        let mut folded = Folded::default();
        for_each_line(&self.path(id), |line| drop(folded.take(line)))?;
        Ok(folded.into_conversation(id))
    }

    /// Sets one aside.
    pub(super) fn delete(&self, id: u64) -> io::Result<()> {
        make_private(&self.0.join(DELETED))?;
        match std::fs::rename(self.path(id), self.deleted(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Takes one back.
    pub(super) fn restore(&self, id: u64) -> io::Result<()> {
        std::fs::rename(self.deleted(id), self.path(id))
    }

    /// Forgets those of `ids` that were set aside.
    pub(super) fn forget(&self, ids: &[u64]) {
        for id in ids {
            std::fs::remove_file(self.deleted(*id)).ok();
        }
    }

    /// Forgets what an app that was killed had set aside, after a day: another window may still take it back.
    pub(super) fn forget_old(&self) {
        const DAY: std::time::Duration = std::time::Duration::from_hours(24);
        let Ok(entries) = std::fs::read_dir(self.0.join(DELETED)) else { return };
        for entry in entries.flatten() {
            let modified = entry.metadata().and_then(|data| data.modified());
            if modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > DAY)) {
                std::fs::remove_file(entry.path()).ok();
            }
        }
    }
}

/// The conversations in a file that was exported.
pub(super) fn read_exported(path: &Path) -> io::Result<Vec<Conversation>> {
    let mut all = Vec::new();
    let mut folded = Folded::default();
    for_each_line(path, |line| all.extend(folded.take(line)))?;
    all.push(folded);
    Ok(all.into_iter().filter_map(|folded| folded.id().and_then(|id| folded.into_conversation(id))).collect())
}

/// What lists show of a conversation.
pub(super) fn summary(conversation: &Conversation) -> Option<Summary> {
    Some(Summary {
        id: conversation.id,
        title: conversation.title(),
        updated: conversation.updated()?,
        turns: conversation.all_turns().count(),
    })
}

fn for_each_line(path: &Path, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        take(&line);
    }
}

fn id_of(path: &Path) -> Option<u64> {
    let ours = path.extension().is_some_and(|ending| ending == ENDING);
    path.file_stem().filter(|_| ours)?.to_str()?.parse().ok()
}

/// Nobody else's business.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
