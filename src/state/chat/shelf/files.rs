//! The folder of conversations: their files, those that were deleted a moment ago, and reading them.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::record::{Folded, is_beside};
use super::{Summary, summary};
use crate::agent::MAX_FILE;
use crate::state::chat::conversation::{Ask, Conversation};
use crate::state::private_files::{append_to, for_each_line, make_folder, replace, replace_bytes};

const ENDING: &str = "jsonl";
/// Ending of the folder with the large files of a conversation.
const BESIDE: &str = "files";
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

    /// Opens a file to append to it.
    pub(super) fn append_to(&self, id: u64) -> io::Result<File> {
        append_to(&self.path(id))
    }

    /// Puts a whole file in place of the one that is there, in one step.
    pub(super) fn replace(&self, id: u64, text: &str) -> io::Result<()> {
        replace(&self.path(id), text)
    }

    fn beside(&self, id: u64) -> PathBuf {
        self.0.join(format!("{id}.{BESIDE}"))
    }

    fn deleted_beside(&self, id: u64) -> PathBuf {
        self.0.join(DELETED).join(format!("{id}.{BESIDE}"))
    }

    /// Keeps the large files of a question beside a conversation, each once.
    pub(super) fn keep_files(&self, id: u64, ask: &Ask) -> io::Result<()> {
        let Ask::Message(message) = ask else { return Ok(()) };
        for file in message.attachments.iter().filter(|file| is_beside(file)) {
            let (Some(data), Some(name)) = (file.data(), file_name(file.sha256())) else { continue };
            let path = self.beside(id).join(name);
            if path.exists() {
                continue;
            }
            replace_bytes(&path, data)?;
        }
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
        let mut found: Vec<_> = ids.filter_map(|id| summary(&self.read(id).ok()??)).collect();
        found.sort_by_key(|summary| std::cmp::Reverse((summary.updated, summary.id)));
        Ok(found)
    }

    /// Reads one, with its files. `None`: nothing was said in it.
    pub(super) fn load(&self, id: u64) -> io::Result<Option<Conversation>> {
        let mut folded = self.fold(id)?;
        let folder = self.beside(id);
        folded.fill(|hash| {
            let file = File::open(folder.join(file_name(hash)?)).ok()?;
            let mut data = Vec::new();
            file.take(MAX_FILE).read_to_end(&mut data).ok()?;
            Some(data)
        });
        Ok(folded.into_conversation(id))
    }

    /// Reads what was said in one. `None`: nothing was.
    pub(super) fn read(&self, id: u64) -> io::Result<Option<Conversation>> {
        Ok(self.fold(id)?.into_conversation(id))
    }

    fn fold(&self, id: u64) -> io::Result<Folded> {
        let mut folded = Folded::default();
        for_each_line(&self.path(id), |line| drop(folded.take(line)))?;
        Ok(folded)
    }

    /// Sets one aside.
    pub(super) fn delete(&self, id: u64) -> io::Result<()> {
        make_folder(&self.0.join(DELETED))?;
        // Most conversations have no files.
        std::fs::remove_dir_all(self.deleted_beside(id)).ok();
        std::fs::rename(self.beside(id), self.deleted_beside(id)).ok();
        match std::fs::rename(self.path(id), self.deleted(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Takes one back.
    pub(super) fn restore(&self, id: u64) -> io::Result<()> {
        std::fs::rename(self.deleted_beside(id), self.beside(id)).ok();
        std::fs::rename(self.deleted(id), self.path(id))
    }

    /// Forgets those of `ids` that were set aside.
    pub(super) fn forget(&self, ids: &[u64]) {
        for id in ids {
            std::fs::remove_file(self.deleted(*id)).ok();
            std::fs::remove_dir_all(self.deleted_beside(*id)).ok();
        }
    }

    /// Forgets what an app that was killed had set aside, after a day: another window may still take it back.
    pub(super) fn forget_old(&self) {
        const DAY: std::time::Duration = std::time::Duration::from_hours(24);
        let Ok(entries) = std::fs::read_dir(self.0.join(DELETED)) else { return };
        for entry in entries.flatten() {
            let modified = entry.metadata().and_then(|data| data.modified());
            if modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > DAY)) {
                std::fs::remove_file(entry.path()).or_else(|_| std::fs::remove_dir_all(entry.path())).ok();
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

/// A hash as the name of a file. A conversation's file may say anything.
fn file_name(hash: &str) -> Option<&str> {
    (hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(hash)
}

fn id_of(path: &Path) -> Option<u64> {
    let ours = path.extension().is_some_and(|ending| ending == ENDING);
    path.file_stem().filter(|_| ours)?.to_str()?.parse().ok()
}
