//! A folder of files named by ids. It is made when something is written.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::state::private_files::{append_to, make_folder};

const ENDING: &str = "jsonl";
/// What was deleted, until the app is closed.
const DELETED: &str = "deleted";
/// What an app that was killed had set aside is kept so long: another window may still take it back.
const DAY: Duration = Duration::from_hours(24);

/// The folder.
#[derive(Clone, Debug)]
pub(in crate::state) struct Folder(PathBuf);

impl Folder {
    /// It need not be there.
    pub(in crate::state) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Something that stands beside the files.
    pub(in crate::state) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Something that stands beside those that were set aside.
    pub(in crate::state) fn join_deleted(&self, name: &str) -> PathBuf {
        self.0.join(DELETED).join(name)
    }

    /// The file of an id.
    pub(in crate::state) fn path(&self, id: u64) -> PathBuf {
        self.join(&file_name(id))
    }

    fn deleted(&self, id: u64) -> PathBuf {
        self.join_deleted(&file_name(id))
    }

    /// Ids of all files. A folder that is not there has none.
    pub(in crate::state) fn ids(&self) -> io::Result<Vec<u64>> {
        let entries = match std::fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        Ok(entries.filter_map(|entry| id_of(&entry.ok()?.path())).collect())
    }

    /// Sets a file aside. One that is not there is.
    pub(in crate::state) fn delete(&self, id: u64) -> io::Result<()> {
        make_folder(&self.0.join(DELETED))?;
        match std::fs::rename(self.path(id), self.deleted(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Takes one back.
    pub(in crate::state) fn restore(&self, id: u64) -> io::Result<()> {
        std::fs::rename(self.deleted(id), self.path(id))
    }

    /// Forgets one that was set aside.
    pub(in crate::state) fn forget(&self, id: u64) {
        std::fs::remove_file(self.deleted(id)).ok();
    }

    /// Forgets what an app that was killed had set aside.
    pub(in crate::state) fn forget_old(&self) {
        let Ok(entries) = std::fs::read_dir(self.0.join(DELETED)) else { return };
        for entry in entries.flatten() {
            let modified = entry.metadata().and_then(|data| data.modified());
            if modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > DAY)) {
                std::fs::remove_file(entry.path()).or_else(|_| std::fs::remove_dir_all(entry.path())).ok();
            }
        }
    }
}

/// Files that are appended to again and again, a few of them held open.
#[derive(Debug)]
pub(in crate::state) struct OpenFiles {
    files: HashMap<u64, File>,
    most: usize,
}

impl OpenFiles {
    /// None, and `most` at once.
    pub(in crate::state) fn new(most: usize) -> Self {
        Self { files: HashMap::new(), most }
    }

    /// The file of an id, to append to it.
    pub(in crate::state) fn get(&mut self, folder: &Folder, id: u64) -> io::Result<&mut File> {
        if self.files.len() >= self.most && !self.files.contains_key(&id) {
            self.files.clear();
        }
        Ok(match self.files.entry(id) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(free) => free.insert(append_to(&folder.path(id))?),
        })
    }

    /// Lets go of one.
    pub(in crate::state) fn close(&mut self, id: u64) {
        self.files.remove(&id);
    }

    /// Lets go of all.
    pub(in crate::state) fn clear(&mut self) {
        self.files.clear();
    }
}

fn file_name(id: u64) -> String {
    format!("{id}.{ENDING}")
}

fn id_of(path: &Path) -> Option<u64> {
    let ours = path.extension().is_some_and(|ending| ending == ENDING);
    path.file_stem().filter(|_| ours)?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn files_are_set_aside_taken_back_and_forgotten() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().join("deep/er"));
        assert_eq!(folder.ids().unwrap(), [0_u64; 0], "no folder yet");
        let mut open = OpenFiles::new(2);
        for id in 1..=3 {
            writeln!(open.get(&folder, id).unwrap(), "{id}").unwrap();
        }
        std::fs::write(folder.join("notes.txt"), "not ours").unwrap();
        folder.delete(1).unwrap();
        folder.delete(2).unwrap();
        folder.delete(9).unwrap();
        folder.restore(1).unwrap();
        folder.forget(2);
        assert!(folder.restore(2).is_err());
        let mut ids = folder.ids().unwrap();
        ids.sort_unstable();
        assert_eq!(ids, [1, 3]);
        assert_eq!(std::fs::read_to_string(folder.path(1)).unwrap(), "1\n");
    }

    #[test]
    fn only_what_is_old_is_forgotten() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        let mut open = OpenFiles::new(2);
        for id in [1, 2] {
            writeln!(open.get(&folder, id).unwrap(), "{id}").unwrap();
        }
        let long_ago = std::time::SystemTime::now() - 2 * DAY;
        open.get(&folder, 1).unwrap().set_modified(long_ago).unwrap();
        folder.delete(1).unwrap();
        folder.delete(2).unwrap();
        folder.forget_old();
        assert!(folder.restore(1).is_err());
        folder.restore(2).unwrap();
    }
}
