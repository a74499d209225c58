//! Sets and runs on disk, a file of JSON Lines for each, read and written by a thread of its own. What came before the
//! app was killed is there on the next start.

mod files;
mod record;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

pub(in crate::state::bench) use record::{Record, When};

use super::result::BenchRun;
use super::set::PromptSet;
use crate::entities::Millis;
use crate::state::Tasks;
use files::{Inbox, Keeper};

/// How long leaving the app waits for the disk.
const PATIENCE: Duration = Duration::from_secs(3);
/// News that wait for a frame; there are never more than a few.
const NEWS: usize = 64;

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
pub(super) struct Shelf {
    inbox: Arc<Inbox>,
    /// Gone before the thread is waited for, which would wait for room in it.
    news: Option<Receiver<News>>,
    thread: Option<JoinHandle<()>>,
}

impl Shelf {
    /// Starts the thread, which lists what is there. `None` where no thread can be had.
    pub(super) fn open(folder: PathBuf, tasks: &Tasks) -> Option<Self> {
        let inbox = Arc::new(Inbox::default());
        let (sender, news) = sync_channel(NEWS);
        let keeper = Keeper::new(folder, sender, tasks.clone());
        let theirs = Arc::clone(&inbox);
        let thread =
            std::thread::Builder::new().name("bench".into()).spawn(move || keeper.run(&theirs)).ok()?;
        inbox.push(Job::List);
        Some(Self { inbox, news: Some(news), thread: Some(thread) })
    }

    /// What it has to say.
    pub(super) fn next(&self) -> Option<News> {
        self.news.as_ref()?.try_recv().ok()
    }

    /// Writes a set in place of what is there.
    pub(super) fn save_set(&self, set: &Arc<PromptSet>) {
        self.push(Job::SaveSet(Arc::clone(set)));
    }

    /// A run begins: nothing is asked yet.
    pub(super) fn begin(&self, run: &BenchRun) {
        self.push(Job::Begin(Box::new(run.clone())));
    }

    /// Something happened in a run.
    pub(super) fn append(&self, run: u64, record: Record<'static>) {
        self.push(Job::Append(run, Box::new(record)));
    }

    /// Reads a run.
    pub(super) fn load(&self, run: u64) {
        self.push(Job::Load(run));
    }

    /// Sets one aside.
    pub(super) fn delete(&self, kind: Kind, id: u64) {
        self.push(Job::Delete(kind, id));
    }

    /// Takes one back.
    pub(super) fn restore(&self, kind: Kind, id: u64) {
        self.push(Job::Restore(kind, id));
    }

    /// Waits until everything is on disk, some seconds at most.
    pub(super) fn flush(&self) {
        let (done, flushed) = sync_channel(1);
        self.push(Job::Flush(done));
        if flushed.recv_timeout(PATIENCE).is_err() {
            tracing::warn!("the bench is not on disk yet");
        }
    }

    fn push(&self, job: Job) {
        self.inbox.push(job);
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        self.news = None;
        self.inbox.close();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::warn!("the thread of the bench's files ended badly");
        }
    }
}
