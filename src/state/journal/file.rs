//! The journal's file: JSON Lines that are only ever appended to, whole lines at a time, under a lock that every
//! Flowdeck of this user takes. Everything here blocks; it runs on the journal's own thread.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::entry::Entry;
use super::error::JournalError;

const FILE: &str = "journal.jsonl";
const LOCK: &str = "journal.lock";
const SESSIONS: &str = "sessions";
/// Another Flowdeck holds the lock for milliseconds, unless its disk hangs.
const PATIENCE: Duration = Duration::from_secs(5);
/// No entry of ours is nearly as long: what is longer is passed over.
const LONGEST_LINE: usize = 1 << 20;

/// What was read from the file.
#[derive(Debug, Default, PartialEq)]
pub struct Lines {
    /// The entries, in the file's order.
    pub entries: Vec<Entry>,
    /// Lines that are no entries: cut short by a crash, or damaged.
    pub unreadable: usize,
    /// Entries of a kind that a newer Flowdeck writes.
    pub newer: usize,
    /// The file is another one than before, or was cut: what was read before is void.
    pub anew: bool,
}

/// The file with how far it has been read.
#[derive(Debug)]
pub struct JournalFile {
    folder: PathBuf,
    read_to: u64,
    session: String,
    /// Locked as long as this Flowdeck runs.
    alive: Option<File>,
}

impl JournalFile {
    /// In a folder, which is made when something is written. `session` names this Flowdeck.
    pub fn new(folder: PathBuf, session: &str) -> Self {
        Self { folder, read_to: 0, session: session.to_owned(), alive: None }
    }

    /// Where the entries are.
    pub fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Whether there is something that was not read yet. Costs one system call.
    pub fn has_grown(&self) -> bool {
        std::fs::metadata(self.path()).map_or(self.read_to > 0, |file| file.len() != self.read_to)
    }

    /// Reads what was not read yet. A file that is not there is empty.
    pub fn read(&mut self) -> Result<Lines, JournalError> {
        let _guard = match self.lock() {
            // A folder that cannot be written to can still be read.
            Err(JournalError::File { .. }) => None,
            guard => Some(guard?),
        };
        self.read_locked()
    }

    /// Appends entries after reading what others appended meanwhile, which `decide` is shown: it answers what is to be
    /// written. They are on the disk when this returns.
    pub fn append(
        &mut self,
        decide: impl FnOnce(&Lines) -> Vec<Entry>,
    ) -> Result<(Lines, Vec<Entry>), JournalError> {
        std::fs::create_dir_all(&self.folder).map_err(|error| self.failed(&error))?;
        let _guard = self.lock()?;
        self.stay_alive().map_err(|error| self.failed(&error))?;
        let others = self.read_locked()?;
        let entries = decide(&others);
        if !entries.is_empty() {
            self.write_locked(&entries).map_err(|error| self.failed(&error))?;
        }
        Ok((others, entries))
    }

    /// Whether the Flowdeck of that name has ended. Its lock goes with it, however it ends.
    pub fn has_ended(&self, session: &str) -> bool {
        if session == self.session {
            return false;
        }
        match File::open(self.session_path(session)) {
            Ok(file) => !matches!(file.try_lock(), Err(TryLockError::WouldBlock)),
            Err(_) => true,
        }
    }

    /// Says that this Flowdeck ends.
    pub fn end(&mut self) {
        if self.alive.take().is_some() {
            // Left behind it is only a name.
            std::fs::remove_file(self.session_path(&self.session)).ok();
        }
    }

    /// Removes what ended Flowdecks left behind.
    pub fn tidy(&self) {
        let Ok(_guard) = self.lock() else { return };
        let Ok(files) = std::fs::read_dir(self.folder.join(SESSIONS)) else { return };
        for file in files.flatten() {
            if file.file_name().to_str().is_some_and(|session| self.has_ended(session)) {
                std::fs::remove_file(file.path()).ok();
            }
        }
    }

    fn session_path(&self, session: &str) -> PathBuf {
        // Names come from the file: they must not lead elsewhere.
        let name: String = session.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        self.folder.join(SESSIONS).join(name)
    }

    fn stay_alive(&mut self) -> io::Result<()> {
        if self.alive.is_some() {
            return Ok(());
        }
        std::fs::create_dir_all(self.folder.join(SESSIONS))?;
        let file = File::create(self.session_path(&self.session))?;
        // Where files cannot be locked, a move under way in another window is taken for an old one; it is only read.
        if let Err(error) = file.try_lock() {
            tracing::warn!(%error, "files cannot be locked here");
        }
        self.alive = Some(file);
        Ok(())
    }

    fn lock(&self) -> Result<File, JournalError> {
        let path = self.folder.join(LOCK);
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = open.map_err(|error| self.failed(&error))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => return Err(JournalError::Held { path }),
                // Some network file systems know no locks: whole lines are appended all the same.
                Err(TryLockError::Error(error)) => {
                    tracing::debug!(%error, "no lock");
                    return Ok(file);
                }
            }
        }
    }

    fn read_locked(&mut self) -> Result<Lines, JournalError> {
        self.read_tail().map_err(|error| self.failed(&error))
    }

    fn read_tail(&mut self) -> io::Result<Lines> {
        let mut lines = Lines::default();
        let mut file = match File::open(self.path()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                lines.anew = std::mem::take(&mut self.read_to) > 0;
                return Ok(lines);
            }
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        if length < self.read_to {
            lines.anew = true;
            self.read_to = 0;
        }
        file.seek(SeekFrom::Start(self.read_to))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        self.read_to += bytes.len() as u64;
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            lines.take(line);
        }
        Ok(lines)
    }

    /// A line that a crash cut short is ended first, so that it takes none of ours along.
    fn write_locked(&mut self, entries: &[Entry]) -> io::Result<()> {
        let path = self.path();
        let is_new = !path.exists();
        let mut file = OpenOptions::new().create(true).append(true).read(true).open(&path)?;
        let mut text = if ends_a_line(&mut file)? { Vec::new() } else { vec![b'\n'] };
        for entry in entries {
            serde_json::to_writer(&mut text, entry)?;
            text.push(b'\n');
        }
        file.write_all(&text)?;
        file.sync_all()?;
        if is_new {
            sync_folder(&self.folder);
        }
        self.read_to += text.len() as u64;
        Ok(())
    }

    fn failed(&self, error: &io::Error) -> JournalError {
        JournalError::File { path: self.path(), reason: error.to_string() }
    }
}

impl Lines {
    fn take(&mut self, line: &[u8]) {
        if line.len() > LONGEST_LINE {
            self.unreadable += 1;
        } else if let Ok(entry) = serde_json::from_slice(line) {
            self.entries.push(entry);
        } else if serde_json::from_slice::<NewerEntry>(line).is_ok() {
            self.newer += 1;
        } else {
            self.unreadable += 1;
        }
    }
}

/// What every version of an entry has.
#[derive(serde::Deserialize)]
struct NewerEntry {
    #[serde(rename = "v")]
    _v: u32,
    #[serde(rename = "event")]
    _event: String,
}

fn ends_a_line(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// A new file's name is on the disk only when its folder is.
fn sync_folder(folder: &Path) {
    if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
        tracing::debug!(%error, "a folder cannot be synced here");
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::{Event, VERSION};
    use super::*;

    fn entry(id: &str) -> Entry {
        let event = Event::Warning { of: "1".into(), text: format!("line\n{id}") };
        Entry { v: VERSION, id: id.into(), at: 1, event }
    }

    fn append(file: &mut JournalFile, id: &str) -> Lines {
        file.append(|_| vec![entry(id)]).unwrap().0
    }

    fn ids(lines: &Lines) -> Vec<&str> {
        lines.entries.iter().map(|entry| entry.id.as_str()).collect()
    }

    #[test]
    fn a_line_cut_short_is_passed_over_and_takes_no_other_along() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = JournalFile::new(folder.path().join("deeper"), "a");
        assert_eq!(file.read().unwrap(), Lines::default());
        append(&mut file, "1");
        append(&mut file, "2");
        let length = std::fs::metadata(file.path()).unwrap().len();
        OpenOptions::new().write(true).open(file.path()).unwrap().set_len(length - 9).unwrap();
        let mut file = JournalFile::new(folder.path().join("deeper"), "b");
        let lines = file.read().unwrap();
        assert_eq!((ids(&lines), lines.unreadable), (vec!["1"], 1));
        append(&mut file, "3");
        let lines = JournalFile::new(folder.path().join("deeper"), "c").read().unwrap();
        assert_eq!((ids(&lines), lines.unreadable), (vec!["1", "3"], 1));
    }

    #[test]
    fn only_the_end_of_the_last_line_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let line = serde_json::to_string(&entry("1")).unwrap();
        std::fs::write(folder.path().join(FILE), line).unwrap();
        let mut file = JournalFile::new(folder.path().to_owned(), "a");
        assert_eq!(ids(&file.read().unwrap()), ["1"]);
        append(&mut file, "2");
        let lines = JournalFile::new(folder.path().to_owned(), "b").read().unwrap();
        assert_eq!((ids(&lines), lines.unreadable), (vec!["1", "2"], 0));
    }

    #[test]
    fn what_another_window_writes_is_read_first_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut one = JournalFile::new(folder.path().to_owned(), "a");
        let mut two = JournalFile::new(folder.path().to_owned(), "b");
        append(&mut one, "1");
        assert!(two.has_grown() && !one.has_grown());
        assert_eq!(ids(&append(&mut two, "2")), ["1"]);
        assert_eq!(ids(&one.read().unwrap()), ["2"]);
        assert_eq!((one.read().unwrap(), two.read().unwrap()), (Lines::default(), Lines::default()));
        std::fs::remove_file(one.path()).unwrap();
        assert!(one.has_grown());
        assert!(append(&mut one, "3").anew);
    }

    #[test]
    fn many_writers_lose_no_line() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let folder = folder.path().to_owned();
                scope.spawn(move || {
                    let mut file = JournalFile::new(folder, &format!("w{writer}"));
                    for line in 0..10 {
                        append(&mut file, &format!("{writer}-{line}"));
                    }
                });
            }
        });
        let lines = JournalFile::new(folder.path().to_owned(), "r").read().unwrap();
        assert_eq!((lines.entries.len(), lines.unreadable), (40, 0));
    }

    #[test]
    fn newer_entries_stay_and_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let text = "{\"v\":7,\"event\":\"dreamt\",\"of\":[1]}\nno json\n\n{}\n";
        std::fs::write(folder.path().join(FILE), text).unwrap();
        let mut file = JournalFile::new(folder.path().to_owned(), "a");
        append(&mut file, "1");
        assert!(std::fs::read_to_string(file.path()).unwrap().starts_with(text));
        let lines = JournalFile::new(folder.path().to_owned(), "b").read().unwrap();
        assert_eq!((lines.entries.len(), lines.newer, lines.unreadable), (1, 1, 2));
    }

    #[test]
    fn a_flowdeck_that_runs_is_told_from_one_that_ended() {
        let folder = tempfile::tempdir().unwrap();
        let mut one = JournalFile::new(folder.path().to_owned(), "one");
        let two = JournalFile::new(folder.path().to_owned(), "two");
        append(&mut one, "1");
        assert!(!two.has_ended("one") && !one.has_ended("one") && two.has_ended("never"));
        drop(one);
        assert!(two.has_ended("one"));
        two.tidy();
        assert_eq!(std::fs::read_dir(folder.path().join(SESSIONS)).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_cannot_be_written_is_read_and_the_error_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        append(&mut JournalFile::new(folder.path().to_owned(), "a"), "1");
        let blocked = folder.path().join(FILE).join("below");
        let mut file = JournalFile::new(blocked, "b");
        let error = file.append(|_| vec![entry("2")]).unwrap_err();
        assert!(error.to_string().contains(FILE), "{error}");
    }
}
