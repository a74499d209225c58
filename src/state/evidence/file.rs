//! The file of evidence: JSON Lines that are only ever appended to. Everything here blocks.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::Record;

/// The file's name in the data folder.
const FILE: &str = "evidence.jsonl";
/// No line of ours is nearly as long, in bytes: what is longer is passed over.
const LONGEST_LINE: u64 = 64 * 1024;
/// Lines that are read at most, the first ones.
const MOST_LINES: usize = 200_000;

/// The file. Cheap to clone; one thread at a time writes.
#[derive(Clone, Debug)]
pub(super) struct EvidenceFile {
    path: PathBuf,
    writing: Arc<Mutex<()>>,
}

impl EvidenceFile {
    /// In this folder, which is made when something is written.
    pub(super) fn new(folder: &Path) -> Self {
        Self { path: folder.join(FILE), writing: Arc::default() }
    }

    /// Every record that can be read, in the file's order: a torn or foreign line is passed over.
    pub(super) fn read(&self) -> Result<Vec<Record>, String> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.failed(&error)),
        };
        let mut reader = BufReader::new(file);
        let mut records = Vec::new();
        let mut line = Vec::new();
        for _ in 0..MOST_LINES {
            line.clear();
            match reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
                Ok(0) => break,
                Ok(_) => records.extend(serde_json::from_slice::<Record>(&line).ok()),
                Err(error) => return Err(self.failed(&error)),
            }
        }
        Ok(records)
    }

    /// Appends; it is on the disk when this returns.
    pub(super) fn append(&self, records: &[Record]) -> Result<(), String> {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.try_append(records).map_err(|error| self.failed(&error))
    }

    fn try_append(&self, records: &[Record]) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.create(true).append(true).read(true).open(&self.path)?;
        let mut text = Vec::new();
        // The last line may be torn.
        if file.seek(SeekFrom::End(0))? > 0 {
            file.seek(SeekFrom::End(-1))?;
            let mut last = [0];
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                text.push(b'\n');
            }
        }
        for record in records {
            serde_json::to_writer(&mut text, record)?;
            text.push(b'\n');
        }
        file.write_all(&text)?;
        file.sync_all()
    }

    fn failed(&self, error: &io::Error) -> String {
        format!("{}: {error}", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::evidence::{BenchEvidence, VersionKey};

    fn record(run: u64) -> Record {
        let bench = BenchEvidence { run, set: "smoke".into(), ..BenchEvidence::default() };
        Record { bench, ..Record::claim("http://a", "Churn", 7, BenchEvidence::default()) }
    }

    #[test]
    fn a_torn_line_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let file = EvidenceFile::new(&folder.path().join("new"));
        assert_eq!(file.read(), Ok(Vec::new()));
        file.append(&[record(1)]).unwrap();
        let whole = std::fs::read(&file.path).unwrap();
        let torn = [&whole[..], &whole[..whole.len() / 2]].concat();
        std::fs::write(&file.path, torn).unwrap();
        file.append(&[record(2), record(3)]).unwrap();
        let runs: Vec<u64> = file.read().unwrap().iter().map(|record| record.bench.run).collect();
        assert_eq!(runs, [1, 2, 3]);
    }

    #[test]
    fn what_a_newer_version_adds_does_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let file = EvidenceFile::new(folder.path());
        let line = r#"{"v":2,"mood":1,"standing":"settled","key":{"server":"s","model":"m","version":1,"x":2},"bench":{"run":5}}"#;
        std::fs::write(&file.path, line).unwrap();
        let read = file.read().unwrap();
        assert_eq!(
            (read[0].bench.run, &read[0].key),
            (5, &VersionKey { server: "s".into(), model: "m".into(), version: 1, ..VersionKey::default() })
        );
    }
}
