//! Sets and runs on disk, a file of JSON Lines for each, read and written by a thread of its own. What came before the
//! app was killed is there on the next start.

mod keeper;
mod record;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

pub(in crate::state::bench) use record::{Record, When};

use super::result::BenchRun;
use super::set::PromptSet;
use crate::entities::Millis;
use crate::state::Tasks;
use crate::state::shelf::{Inbox, Thread};
use keeper::Keeper;

/// What is known of a run that is not loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunSummary {
    /// Its id.
    pub id: u64,
    /// What people call it.
    pub name: String,
    /// The set that was asked.
    pub set: u64,
    /// What that was called.
    pub set_name: String,
    /// What the endpoints are called.
    pub columns: Vec<String>,
    /// When it was started.
    pub started: Millis,
    /// When all answers were there.
    pub ended: Option<Millis>,
    /// Answers that came.
    pub done: usize,
    /// Answers there are to be.
    pub total: usize,
}

impl RunSummary {
    /// Of a run that is loaded.
    pub fn of(run: &BenchRun) -> Self {
        Self {
            id: run.id,
            name: run.name.clone(),
            set: run.set.id,
            set_name: run.set.name.clone(),
            columns: run.columns.iter().map(|column| column.name.clone()).collect(),
            started: run.started,
            ended: run.ended,
            done: run.done(),
            total: run.cells.len(),
        }
    }
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A set of prompts.
    Set,
    /// A run.
    Run,
}

/// Something to do.
#[derive(Debug)]
enum Job {
    List,
    SaveSet(Arc<PromptSet>),
    Begin(Box<BenchRun>),
    Append(u64, Box<Record<'static>>),
    Load(u64),
    Delete(Kind, u64),
    Restore(Kind, u64),
    Flush(SyncSender<()>),
}

/// What the thread has to say.
#[derive(Debug)]
pub(super) enum News {
    /// All there are.
    Listed(Vec<PromptSet>, Vec<RunSummary>),
    /// A run as it was kept.
    Loaded(Box<BenchRun>),
    /// It is not there any more, or cannot be read.
    Missing(u64),
    /// Something failed: what, and why.
    Failed(&'static str, String),
}

/// The folder, by way of its thread.
pub(super) struct Shelf(Thread<VecDeque<Job>, News>);

impl Shelf {
    /// Starts the thread, which lists what is there. `None` where no thread can be had.
    pub(super) fn open(folder: PathBuf, tasks: &Tasks) -> Option<Self> {
        let work = move |inbox: &Inbox<_>, teller| Keeper::new(&folder, teller).run(inbox);
        let shelf = Self(Thread::start("bench", tasks, work)?);
        shelf.0.push(Job::List);
        Some(shelf)
    }

    /// What it has to say.
    pub(super) fn next(&self) -> Option<News> {
        self.0.next()
    }

    /// Writes a set in place of what is there.
    pub(super) fn save_set(&self, set: &Arc<PromptSet>) {
        self.0.push(Job::SaveSet(Arc::clone(set)));
    }

    /// A run begins: nothing is asked yet.
    pub(super) fn begin(&self, run: &BenchRun) {
        self.0.push(Job::Begin(Box::new(run.clone())));
    }

    /// Something happened in a run.
    pub(super) fn append(&self, run: u64, record: Record<'static>) {
        self.0.push(Job::Append(run, Box::new(record)));
    }

    /// Reads a run.
    pub(super) fn load(&self, run: u64) {
        self.0.push(Job::Load(run));
    }

    /// Sets one aside.
    pub(super) fn delete(&self, kind: Kind, id: u64) {
        self.0.push(Job::Delete(kind, id));
    }

    /// Takes one back.
    pub(super) fn restore(&self, kind: Kind, id: u64) {
        self.0.push(Job::Restore(kind, id));
    }

    /// Waits until everything is on disk, some seconds at most.
    pub(super) fn flush(&self) {
        self.0.flush(Job::Flush);
    }
}
