//! What speaks for a version: benches that were run here and came to their end, kept in the data folder for **exactly
//! that version**; what a tag of the version tells; a conversation that is given as a reason.
//!
//! A bench knows only the number of the version that answered. It is a claim until the server was asked what has that
//! number, and stands only for a version that was registered before the bench began.
//!
//! - `key`: exactly one version;
//! - `item`: one thing that speaks for it, in words;
//! - `tag`: how a team shares it;
//! - `file`: where it is kept.

mod file;
mod item;
mod key;
pub mod tag;

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use item::{Against, BenchEvidence, ConversationEvidence, EvidenceItem, SharedBench};
pub use key::VersionKey;

use file::EvidenceFile;

use super::Tasks;
use super::notices::Notices;
use super::tasks::{Polled, Task};
use crate::entities::{Millis, ModelVersion, VersionNumber};
use crate::tracking::{Store, TrackingError};

/// Version of the shape of a line.
const SHAPE: u32 = 1;
/// How [`StoreInfo::settings_key`](crate::tracking::StoreInfo::settings_key) names every copy of the sample.
const SAMPLE: &str = "sample";
/// Clocks of a server and of this machine may differ by so much, in milliseconds.
const CLOCKS: Millis = 60_000;

/// A bench, and the version that it speaks for: one line of the file. Of several about one endpoint of one run, the
/// last counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Version of this shape.
    v: u32,
    /// Whether the server was asked.
    standing: Standing,
    /// The version; of a claim, without when it was registered.
    key: VersionKey,
    /// What was found.
    bench: BenchEvidence,
}

/// Whether a record counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// Its server was not asked yet which version has the number.
    Claimed,
    /// It counts.
    Settled,
    /// The version was gone, or another one by then.
    #[serde(other)]
    Void,
}

impl Record {
    /// A bench of whatever version has this number. `server`: its settings key.
    pub fn claim(server: &str, model: &str, version: VersionNumber, bench: BenchEvidence) -> Self {
        let (server, model) = (server.to_owned(), model.to_owned());
        let key = VersionKey { server, model, version, ..VersionKey::default() };
        Self { v: SHAPE, standing: Standing::Claimed, key, bench }
    }

    fn is_about(&self, other: &Self) -> bool {
        (self.bench.run, self.bench.column) == (other.bench.run, other.bench.column)
    }

    /// As the server's answer has it. `None`: it has to be asked again.
    fn judged(mut self, answer: &Result<ModelVersion, TrackingError>) -> Option<Self> {
        self.standing = match answer {
            Ok(version) => {
                self.key = VersionKey::of(&self.key.server, version);
                let before = self.key.created.is_some_and(|created| created <= self.bench.started + CLOCKS);
                if before { Standing::Settled } else { Standing::Void }
            }
            Err(error) if error.is_not_found() => Standing::Void,
            Err(_) => return None,
        };
        Some(self)
    }
}

/// What was kept, and what is being found out.
#[derive(Debug, Default)]
pub struct EvidenceShelf {
    records: Vec<Record>,
    revision: u64,
    file: Option<EvidenceFile>,
    reading: Option<Task<Result<Vec<Record>, String>>>,
    writing: Vec<Task<Result<(), String>>>,
    asking: Option<Task<Vec<Record>>>,
    /// The server whose claims were looked at last, and how many there were: an answer that failed is not asked for
    /// again and again.
    asked: Option<(String, usize)>,
}

impl EvidenceShelf {
    /// Reads what was kept in a folder, off this thread; without a folder nothing is kept.
    pub fn open(folder: Option<PathBuf>, tasks: &Tasks) -> Self {
        let file = folder.map(|folder| EvidenceFile::new(&folder));
        let reading = file.clone().map(|file| tasks.spawn_blocking(move || file.read()));
        Self { file, reading, ..Self::default() }
    }

    /// A bench that is settled already.
    #[cfg(test)]
    pub fn of(key: VersionKey, bench: BenchEvidence) -> Self {
        let record = Record { v: SHAPE, standing: Standing::Settled, key, bench };
        Self { records: vec![record], revision: 1, ..Self::default() }
    }

    /// Grows whenever something changed, for who caches what was made of it.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether what was kept is being read, or what a server has to say to it.
    pub fn is_reading(&self) -> bool {
        self.reading.is_some() || self.asking.is_some()
    }

    /// The last bench of exactly this version that came to its end.
    pub fn last_bench(&self, key: &VersionKey) -> Option<&BenchEvidence> {
        let of_it = |record: &&Record| record.standing == Standing::Settled && record.key == *key;
        self.records.iter().filter(of_it).map(|record| &record.bench).max_by_key(|bench| bench.ended)
    }

    /// Keeps what a bench found, in place of what was kept of the same endpoint of the same run.
    pub fn keep(&mut self, records: Vec<Record>, tasks: &Tasks) {
        let same = |record: &Record| {
            let kept = self.records.iter().find(|kept| kept.is_about(record));
            kept.is_some_and(|kept| kept.bench == record.bench)
        };
        let fresh: Vec<Record> = records.into_iter().filter(|record| !same(record)).collect();
        self.take(fresh, tasks);
        self.asked = None;
    }

    /// Takes what arrived, and asks the server that is open about what is claimed of it.
    pub fn poll(&mut self, store: Option<&Arc<dyn Store>>, tasks: &Tasks, notices: &mut Notices) {
        self.poll_reading(notices);
        self.writing.retain_mut(|task| match task.poll() {
            Polled::Pending => true,
            Polled::Ready(Err(why)) => {
                notices.failed(format!("What the bench found is not kept as evidence. {why}"), why, None);
                false
            }
            Polled::Ready(Ok(())) | Polled::Lost => false,
        });
        if let Some(task) = &mut self.asking {
            match task.poll() {
                Polled::Pending => return,
                Polled::Ready(judged) => {
                    self.asking = None;
                    self.take(judged, tasks);
                }
                Polled::Lost => self.asking = None,
            }
        }
        if let Some(store) = store.filter(|_| self.reading.is_none()) {
            self.ask(store, tasks);
        }
    }

    fn poll_reading(&mut self, notices: &mut Notices) {
        let Some(task) = &mut self.reading else { return };
        match task.poll() {
            Polled::Pending => return,
            Polled::Ready(Ok(read)) => {
                // What came meanwhile is newer.
                let newer = std::mem::take(&mut self.records);
                read.into_iter().chain(newer).for_each(|record| self.put(record));
            }
            Polled::Ready(Err(why)) => {
                notices.failed(format!("The evidence of earlier benches cannot be read. {why}"), why, None);
            }
            Polled::Lost => {}
        }
        self.reading = None;
        self.revision += 1;
    }

    /// Asks a server about what is claimed of its versions.
    fn ask(&mut self, store: &Arc<dyn Store>, tasks: &Tasks) {
        let info = store.info();
        let server = info.settings_key();
        let claims = self.records.iter().filter(|record| record.standing == Standing::Claimed);
        let claims: Vec<Record> = claims.filter(|record| record.key.server == server).cloned().collect();
        let asked = (server.to_owned(), claims.len());
        if claims.is_empty() || self.asked.as_ref() == Some(&asked) {
            return;
        }
        self.asked = Some(asked);
        let store = Arc::clone(store);
        self.asking = Some(tasks.spawn(async move {
            let mut judged = Vec::new();
            for claim in claims {
                let answer = store.get_model_version(&claim.key.model, claim.key.version).await;
                judged.extend(claim.judged(&answer));
            }
            judged
        }));
    }

    fn take(&mut self, records: Vec<Record>, tasks: &Tasks) {
        if records.is_empty() {
            return;
        }
        for record in &records {
            self.put(record.clone());
        }
        self.revision += 1;
        // The sample is unpacked anew each time: what was found about it is gone with it.
        let kept: Vec<Record> = records.into_iter().filter(|record| record.key.server != SAMPLE).collect();
        if let Some(file) = self.file.clone().filter(|_| !kept.is_empty()) {
            self.writing.push(tasks.spawn_blocking(move || file.append(&kept)));
        }
    }

    fn put(&mut self, record: Record) {
        match self.records.iter_mut().find(|kept| kept.is_about(&record)) {
            Some(kept) => *kept = record,
            None => self.records.push(record),
        }
    }
}

#[cfg(test)]
mod tests;
