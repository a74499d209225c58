//! The thread: files of sets and of runs, a folder for each.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::path::Path;

use super::record::{Folded, Listed, Record, line, lines_of_run, lines_of_set};
use super::{Job, Kind, News, RunSummary};
use crate::state::bench::result::BenchRun;
use crate::state::bench::set::PromptSet;
use crate::state::private_files::{for_each_line, replace};
use crate::state::shelf::{Folder, Inbox, OpenFiles, Teller};

/// Files that are held open at once.
const MAX_OPEN: usize = 8;

/// The thread's own.
pub(super) struct Keeper {
    sets: Folder,
    runs: Folder,
    teller: Teller<News>,
    /// Of runs: sets are always written as a whole.
    open: OpenFiles,
    deleted: Vec<(Kind, u64)>,
    failed: bool,
}

impl Keeper {
    pub(super) fn new(folder: &Path, teller: Teller<News>) -> Self {
        Self {
            sets: Folder::new(folder.join("sets")),
            runs: Folder::new(folder.join("runs")),
            teller,
            open: OpenFiles::new(MAX_OPEN),
            deleted: Vec::new(),
            failed: false,
        }
    }

    /// Works until the inbox is closed and empty.
    pub(super) fn run(mut self, inbox: &Inbox<VecDeque<Job>>) {
        self.sets.forget_old();
        self.runs.forget_old();
        while let Some(job) = inbox.next() {
            self.do_job(job);
        }
        for (kind, id) in &self.deleted {
            self.folder(*kind).forget(*id);
        }
    }

    fn folder(&self, kind: Kind) -> &Folder {
        match kind {
            Kind::Set => &self.sets,
            Kind::Run => &self.runs,
        }
    }

    fn do_job(&mut self, job: Job) {
        match job {
            Job::List => self.list(),
            Job::SaveSet(set) => {
                let saved = replace(&self.sets.path(set.id), &lines_of_set(&set));
                self.check("The prompt set cannot be saved. It holds until Flowdeck is closed", saved);
            }
            Job::Begin(run) => {
                let begun = replace(&self.runs.path(run.id), &lines_of_run(&run));
                self.check("The run cannot be saved. It holds until Flowdeck is closed", begun);
            }
            Job::Append(run, record) => {
                let appended = self.append(run, &record);
                self.check("The run cannot be saved. It holds until Flowdeck is closed", appended);
            }
            Job::Load(run) => match self.load_run(run) {
                Ok(Some(loaded)) => self.teller.tell(News::Loaded(Box::new(loaded))),
                Ok(None) => self.teller.tell(News::Missing(run)),
                Err(error) => {
                    self.teller.tell(News::Failed("The run cannot be read", error.to_string()));
                    self.teller.tell(News::Missing(run));
                }
            },
            Job::Delete(kind, id) => {
                if kind == Kind::Run {
                    self.open.close(id);
                }
                let deleted = self.folder(kind).delete(id);
                self.deleted.push((kind, id));
                self.check("It cannot be deleted on disk", deleted);
            }
            Job::Restore(kind, id) => {
                self.deleted.retain(|deleted| *deleted != (kind, id));
                let restored = self.folder(kind).restore(id);
                self.check("It cannot be brought back", restored);
            }
            Job::Flush(done) => drop(done.send(())),
        }
    }

    fn list(&self) {
        let sets = self.ids(Kind::Set).into_iter().filter_map(|id| self.load_set(id).ok().flatten());
        let runs = self.ids(Kind::Run).into_iter().filter_map(|id| self.summary(id).ok().flatten());
        self.teller.tell(News::Listed(sets.collect(), runs.collect()));
    }

    /// Ids of all files of a kind. A folder that cannot be read is told of.
    fn ids(&self, kind: Kind) -> Vec<u64> {
        self.folder(kind).ids().unwrap_or_else(|error| {
            self.teller.tell(News::Failed("The bench of before cannot be read", error.to_string()));
            Vec::new()
        })
    }

    fn load_set(&self, id: u64) -> io::Result<Option<PromptSet>> {
        let mut folded = Folded::default();
        for_each_line(&self.sets.path(id), |line| folded.take(line))?;
        Ok(folded.into_set().map(|set| PromptSet { id, ..set }))
    }

    fn load_run(&self, id: u64) -> io::Result<Option<BenchRun>> {
        let mut folded = Folded::default();
        for_each_line(&self.runs.path(id), |line| folded.take(line))?;
        Ok(folded.into_run().map(|run| BenchRun { id, ..run }))
    }

    fn summary(&self, id: u64) -> io::Result<Option<RunSummary>> {
        let mut listed = Listed::default();
        for_each_line(&self.runs.path(id), |line| listed.take(line))?;
        Ok(listed.into_summary().map(|summary| RunSummary { id, ..summary }))
    }

    /// On the disk when this returns: a run that was asked must not be asked again because the app was killed.
    fn append(&mut self, run: u64, record: &Record<'_>) -> io::Result<()> {
        let file = self.open.get(&self.runs, run)?;
        file.write_all(line(record).as_bytes())?;
        file.sync_data()
    }

    /// Says once that something cannot be saved, and again when it could be in between.
    fn check(&mut self, what: &'static str, done: io::Result<()>) {
        match done {
            Ok(()) => self.failed = false,
            Err(error) => {
                self.open.clear();
                if !std::mem::replace(&mut self.failed, true) {
                    self.teller.tell(News::Failed(what, error.to_string()));
                }
            }
        }
    }
}
