//! The folder of conversations: their files, the large files beside them, and reading them.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::record::{Folded, is_beside};
use super::{Summary, summary};
use crate::agent::MAX_FILE;
use crate::state::chat::{Ask, Conversation};
use crate::state::private_files::{for_each_line, replace, replace_bytes};
use crate::state::shelf::Folder;

/// The folder of conversations. The large files of one stand in a folder beside its own.
#[derive(Clone, Debug)]
pub(super) struct Conversations(Folder);

impl Conversations {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self(Folder::new(folder))
    }

    /// The files of JSON Lines.
    pub(super) fn files(&self) -> &Folder {
        &self.0
    }

    /// Puts a whole file in place of the one that is there, in one step.
    pub(super) fn replace(&self, id: u64, text: &str) -> io::Result<()> {
        replace(&self.0.path(id), text)
    }

    fn beside(&self, id: u64) -> PathBuf {
        self.0.join(&folder_name(id))
    }

    fn deleted_beside(&self, id: u64) -> PathBuf {
        self.0.join_deleted(&folder_name(id))
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
        let ids = self.0.ids()?.into_iter();
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
        for_each_line(&self.0.path(id), |line| drop(folded.take(line)))?;
        Ok(folded)
    }

    /// Sets one aside.
    pub(super) fn delete(&self, id: u64) -> io::Result<()> {
        self.0.delete(id)?;
        // Most conversations have no files.
        std::fs::remove_dir_all(self.deleted_beside(id)).ok();
        std::fs::rename(self.beside(id), self.deleted_beside(id)).ok();
        Ok(())
    }

    /// Takes one back.
    pub(super) fn restore(&self, id: u64) -> io::Result<()> {
        std::fs::rename(self.deleted_beside(id), self.beside(id)).ok();
        self.0.restore(id)
    }

    /// Forgets those of `ids` that were set aside.
    pub(super) fn forget(&self, ids: &[u64]) {
        for id in ids {
            self.0.forget(*id);
            std::fs::remove_dir_all(self.deleted_beside(*id)).ok();
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

fn folder_name(id: u64) -> String {
    format!("{id}.files")
}
