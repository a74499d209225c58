//! The thread: files of sets and runs, and those that were deleted a moment ago.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::record::{Folded, Listed, Record, line, lines_of_run, lines_of_set};
use super::{Job, Kind, News, RunSummary};
use crate::state::Tasks;
use crate::state::bench::result::BenchRun;
use crate::state::bench::set::PromptSet;
use crate::state::private_files::{append_to, for_each_line, make_folder, replace};

const ENDING: &str = "jsonl";
/// What was deleted, until the app is closed.
const DELETED: &str = "deleted";
/// What an app that was killed had set aside is kept so long.
const DAY: Duration = Duration::from_hours(24);
/// Files that are held open at once.
const MAX_OPEN: usize = 8;

/// What waits to be done. It grows no faster than people type and agents answer.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// The jobs, and whether there will be no more.
    waiting: Mutex<(VecDeque<Job>, bool)>,
    filled: Condvar,
}

impl Inbox {
    pub(super) fn push(&self, job: Job) {
        self.lock().0.push_back(job);
        self.filled.notify_one();
    }

    /// Ends the thread once everything is done.
    pub(super) fn close(&self) {
        self.lock().1 = true;
        self.filled.notify_one();
    }

    /// Waits for a job. `None` at the end.
    fn next(&self) -> Option<Job> {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.0.pop_front() {
                return Some(job);
            }
            if waiting.1 {
                return None;
            }
            waiting = self.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, (VecDeque<Job>, bool)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's own.
pub(super) struct Keeper {
    folder: PathBuf,
    news: SyncSender<News>,
    tasks: Tasks,
    open: HashMap<u64, File>,
    deleted: Vec<(Kind, u64)>,
    failed: bool,
}

impl Keeper {
    pub(super) fn new(folder: PathBuf, news: SyncSender<News>, tasks: Tasks) -> Self {
        Self { folder, news, tasks, open: HashMap::new(), deleted: Vec::new(), failed: false }
    }

    /// Works until the inbox is closed and empty.
    pub(super) fn run(mut self, inbox: &Inbox) {
        self.forget_old();
        while let Some(job) = inbox.next() {
            self.do_job(job);
        }
        for (kind, id) in &self.deleted {
            std::fs::remove_file(self.set_aside(*kind, *id)).ok();
        }
    }

    fn do_job(&mut self, job: Job) {
        match job {
            Job::List => self.list(),
            Job::SaveSet(set) => {
                let saved = replace(&self.path(Kind::Set, set.id), &lines_of_set(&set));
                self.check("The prompt set cannot be saved. It holds until Flowdeck is closed", saved);
            }
            Job::Begin(run) => {
                let begun = replace(&self.path(Kind::Run, run.id), &lines_of_run(&run));
                self.check("The run cannot be saved. It holds until Flowdeck is closed", begun);
            }
            Job::Append(run, record) => {
                let appended = self.append(run, &record);
                self.check("The run cannot be saved. It holds until Flowdeck is closed", appended);
            }
            Job::Load(run) => match self.load_run(run) {
                Ok(Some(loaded)) => self.tell(News::Loaded(Box::new(loaded))),
                Ok(None) => self.tell(News::Missing(run)),
                Err(error) => {
                    self.tell(News::Failed("The run cannot be read", error.to_string()));
                    self.tell(News::Missing(run));
                }
            },
            Job::Delete(kind, id) => {
                self.open.remove(&id);
                let deleted = self.delete(kind, id);
                self.deleted.push((kind, id));
                self.check("It cannot be deleted on disk", deleted);
            }
            Job::Restore(kind, id) => {
                self.deleted.retain(|deleted| *deleted != (kind, id));
                let restored = std::fs::rename(self.set_aside(kind, id), self.path(kind, id));
                self.check("It cannot be brought back", restored);
            }
            Job::Flush(done) => drop(done.send(())),
        }
    }

    fn list(&self) {
        let sets = self.ids(Kind::Set).into_iter().filter_map(|id| self.load_set(id).ok().flatten());
        let runs = self.ids(Kind::Run).into_iter().filter_map(|id| self.summary(id).ok().flatten());
        self.tell(News::Listed(sets.collect(), runs.collect()));
    }

    /// Ids of all files of a kind. A folder that is not there has none; one that cannot be read is told of.
    fn ids(&self, kind: Kind) -> Vec<u64> {
        let entries = match std::fs::read_dir(self.folder.join(name(kind))) {
            Ok(entries) => entries,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    self.tell(News::Failed("The bench of before cannot be read", error.to_string()));
                }
                return Vec::new();
            }
        };
        entries.filter_map(|entry| id_of(&entry.ok()?.path())).collect()
    }

    fn load_set(&self, id: u64) -> io::Result<Option<PromptSet>> {
        let mut folded = Folded::default();
        for_each_line(&self.path(Kind::Set, id), |line| folded.take(line))?;
        Ok(folded.into_set().map(|set| PromptSet { id, ..set }))
    }

    fn load_run(&self, id: u64) -> io::Result<Option<BenchRun>> {
        let mut folded = Folded::default();
        for_each_line(&self.path(Kind::Run, id), |line| folded.take(line))?;
        Ok(folded.into_run().map(|run| BenchRun { id, ..run }))
    }

    fn summary(&self, id: u64) -> io::Result<Option<RunSummary>> {
        let mut listed = Listed::default();
        for_each_line(&self.path(Kind::Run, id), |line| listed.take(line))?;
        Ok(listed.into_summary().map(|summary| RunSummary { id, ..summary }))
    }

    /// On the disk when this returns: a run that was asked must not be asked again because the app was killed.
    fn append(&mut self, run: u64, record: &Record<'_>) -> io::Result<()> {
        if self.open.len() >= MAX_OPEN && !self.open.contains_key(&run) {
            self.open.clear();
        }
        let path = self.path(Kind::Run, run);
        let file = match self.open.entry(run) {
            std::collections::hash_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::hash_map::Entry::Vacant(free) => free.insert(append_to(&path)?),
        };
        file.write_all(line(record).as_bytes())?;
        file.sync_data()
    }

    fn delete(&self, kind: Kind, id: u64) -> io::Result<()> {
        let aside = self.set_aside(kind, id);
        make_folder(aside.parent().unwrap_or(&self.folder))?;
        match std::fs::rename(self.path(kind, id), aside) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn forget_old(&self) {
        for kind in [Kind::Set, Kind::Run] {
            let Ok(entries) = std::fs::read_dir(self.folder.join(name(kind)).join(DELETED)) else { continue };
            for entry in entries.flatten() {
                let modified = entry.metadata().and_then(|data| data.modified());
                if modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > DAY)) {
                    std::fs::remove_file(entry.path()).ok();
                }
            }
        }
    }

    fn path(&self, kind: Kind, id: u64) -> PathBuf {
        self.folder.join(name(kind)).join(format!("{id}.{ENDING}"))
    }

    fn set_aside(&self, kind: Kind, id: u64) -> PathBuf {
        self.folder.join(name(kind)).join(DELETED).join(format!("{id}.{ENDING}"))
    }

    /// Says once that something cannot be saved, and again when it could be in between.
    fn check(&mut self, what: &'static str, done: io::Result<()>) {
        match done {
            Ok(()) => self.failed = false,
            Err(error) => {
                self.open.clear();
                if !std::mem::replace(&mut self.failed, true) {
                    self.tell(News::Failed(what, error.to_string()));
                }
            }
        }
    }

    fn tell(&self, news: News) {
        if self.news.send(news).is_ok() {
            self.tasks.wake();
        }
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Set => "sets",
        Kind::Run => "runs",
    }
}

fn id_of(path: &Path) -> Option<u64> {
    let ours = path.extension().is_some_and(|ending| ending == ENDING);
    path.file_stem().filter(|_| ours)?.to_str()?.parse().ok()
}
