//! The bench: sets of prompts, replayed on endpoints, and what came of it.
//!
//! - `command`: what can be asked of it;
//! - `set`: prompts, with what is expected of the answers;
//! - `check`: what holds of a good answer, and whether it does;
//! - `result`: a run with everything that came back;
//! - `summary`: a run in figures;
//! - `arrange`: what is shown of a run;
//! - `import`: sets from files, from conversations and from datasets;
//! - `datasets`: which evaluation datasets a server has, and what is in one;
//! - `sample`: the set that comes with the sample workspace;
//! - `shelf`: sets and runs on disk;
//! - `sets`, `runs`: what is done with them;
//! - `runner`: asks the prompts;
//! - `start`: whom, and which version they answer as;
//! - `evidence`: what a finished run says of the versions that answered;
//! - `export`: a run as a file for others;
//! - `log_run`: a finished run as MLflow runs;
//! - `handing`: what is asked before, and told after, of both.

pub mod arrange;
pub mod check;
mod command;
mod datasets;
pub mod evidence;
pub mod export;
mod handing;
mod import;
pub mod log_run;
pub mod result;
mod runner;
mod runs;
mod sample;
pub mod set;
mod sets;
mod shelf;
mod start;
pub mod summary;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use arrange::{Arranged, Arrangement, RowDiff};
pub use command::BenchCommand;
pub use datasets::Datasets;
pub use handing::Asked;
use handing::Handing;
pub use import::{Columns, Imported, Importing, case_of_turn, cases_of_conversation};
use result::{BenchRun, Identity};
pub use runner::{MOST_PARALLEL, PARALLEL};
use set::{Case, PromptSet};
pub use shelf::{Kind, RunSummary};
use shelf::{News, Record, Shelf};
pub use start::{Candidate, Choice, Chosen, Start};

use super::State;
use super::dialogs::Dialogs;
use super::finder::Found;
use super::navigation::Route;
use super::notices::Notices;
use super::tasks::{Feed, Polled, Task, Tasks};
use super::{Command, format};

/// Sets, runs, and what is under way.
#[derive(Default)]
pub struct Bench {
    shelf: Option<Shelf>,
    dialogs: Option<Arc<dyn Dialogs>>,
    listed: bool,
    sets: Vec<Arc<PromptSet>>,
    runs: Vec<RunSummary>,
    /// Those with their answers: the one that is shown, and the one under way.
    open: Vec<BenchRun>,
    shown: Option<u64>,
    loading: Option<u64>,
    running: Option<Running>,
    /// Counts what happened in the run that is shown.
    revision: u64,
    wanted: Arrangement,
    arranged: Option<(u64, u64, Arranged)>,
    arranging: Option<(u64, u64, Task<Arranged>)>,
    row: Option<usize>,
    diff: Option<(u64, u64, RowDiff)>,
    diffing: Option<(u64, u64, Task<RowDiff>)>,
    deleted: Vec<Deleted>,
    unsaved: BTreeSet<u64>,
    saving: Option<Task<()>>,
    picking: Option<(Option<u64>, Task<Option<Imported>>)>,
    importing: Option<Importing>,
    datasets: Option<Datasets>,
    adding: Option<Vec<Case>>,
    starting: Option<u64>,
    last_id: u64,
    handing: Handing,
    /// The revision that evidence was taken from last.
    kept_evidence_of: u64,
}

/// A run under way.
struct Running {
    run: u64,
    feed: Feed<Record<'static>>,
    /// What is asked this time, and how much of it came.
    asked: usize,
    came: usize,
}

enum Deleted {
    Set(Arc<PromptSet>),
    Run(Box<(RunSummary, Option<BenchRun>)>),
}

impl Bench {
    /// Keeps sets and runs in a folder from now on, and lists those that are there.
    pub fn keep_in(&mut self, folder: PathBuf, tasks: &Tasks, dialogs: Arc<dyn Dialogs>) {
        self.shelf = Shelf::open(folder, tasks);
        self.dialogs = Some(dialogs);
        self.listed = self.shelf.is_none();
    }

    /// The sets, the newest first.
    pub fn sets(&self) -> &[Arc<PromptSet>] {
        &self.sets
    }

    /// One of them.
    pub fn set(&self, id: u64) -> Option<&Arc<PromptSet>> {
        self.sets.iter().find(|set| set.id == id)
    }

    /// All runs, the newest first.
    pub fn runs(&self) -> &[RunSummary] {
        &self.runs
    }

    /// A run with its answers, once it is read.
    pub fn run(&self, id: u64) -> Option<&BenchRun> {
        self.open.iter().find(|run| run.id == id)
    }

    /// Whether a run is being read.
    pub fn is_loading(&self, id: u64) -> bool {
        self.loading == Some(id) || !self.listed
    }

    /// The run that is under way.
    pub fn running(&self) -> Option<u64> {
        self.running.as_ref().map(|running| running.run)
    }

    /// How many answers came of those that are asked for in the run that is under way.
    pub fn progress(&self) -> Option<(usize, usize)> {
        self.running.as_ref().map(|running| (running.came, running.asked))
    }

    /// How the run that is shown is to be shown.
    pub fn wanted(&self) -> &Arrangement {
        &self.wanted
    }

    /// How the run that is shown is shown; an earlier state of it until the next one is put together.
    pub fn arranged(&self, run: u64) -> Option<&Arranged> {
        self.arranged.as_ref().filter(|(of, ..)| *of == run).map(|(.., arranged)| arranged)
    }

    /// The row whose answers are compared, word by word, once that is done.
    pub fn row_diff(&self, run: u64) -> Option<&RowDiff> {
        let wanted = |diff: &&RowDiff| Some(diff.row) == self.row && diff.base == self.wanted.base;
        self.diff.as_ref().filter(|(of, ..)| *of == run).map(|(.., diff)| diff).filter(wanted)
    }

    /// The row whose answers are to be compared.
    pub fn shown_row(&self) -> Option<usize> {
        self.row
    }

    /// Prompts that wait for a set to be added to.
    pub fn adding(&self) -> Option<&[Case]> {
        self.adding.as_deref()
    }

    /// What was read from a file and waits to be taken.
    pub fn importing(&self) -> Option<&Importing> {
        self.importing.as_ref()
    }

    /// The question which evaluation dataset is to be read.
    pub fn datasets(&self) -> Option<&Datasets> {
        self.datasets.as_ref()
    }

    /// The set that is about to be asked.
    pub fn starting(&self) -> Option<&Arc<PromptSet>> {
        self.set(self.starting?)
    }

    /// Sets and runs by name, for the palette.
    pub fn findable(&self) -> Vec<Found> {
        let sets = self.sets.iter().map(|set| Found {
            kind: "prompt set",
            name: set.name.clone(),
            detail: format::counted(set.cases.len(), "prompt", "prompts"),
            command: Command::Go(Route::BenchSet(set.id)),
        });
        let runs = self.runs.iter().map(|run| Found {
            kind: "bench run",
            name: run.name.clone(),
            detail: run.columns.join(", "),
            command: Command::Go(Route::BenchRun(run.id)),
        });
        sets.chain(runs).collect()
    }

    /// Offers the set that comes with the sample.
    pub fn use_sample(&mut self) {
        if self.set(sample::ID).is_none() {
            self.sets.push(Arc::new(sample::set()));
        }
    }

    /// Waits until everything is on disk, some seconds at most.
    pub fn flush(&mut self) {
        self.save_unsaved();
        if let Some(shelf) = &self.shelf {
            shelf.flush();
        }
    }

    fn new_id(&mut self) -> u64 {
        // Unique among those that other days and windows gave, which began at other microseconds.
        let now = u64::try_from(format::now()).unwrap_or_default().saturating_mul(1000);
        self.last_id = now.max(self.last_id + 1);
        self.last_id
    }

    /// Reads what a route shows.
    fn enter(&mut self, route: &Route) {
        let shown = match route {
            Route::BenchRun(id) => Some(*id),
            _ => None,
        };
        if shown != self.shown {
            self.shown = shown;
            self.wanted = Arrangement::default();
            (self.row, self.revision) = (None, self.revision + 1);
        }
        let running = self.running();
        self.open.retain(|run| {
            Some(run.id) == shown || Some(run.id) == running || self.shelf.is_none() || is_of_sample(run)
        });
        if let (Some(id), Some(shelf)) = (shown, &self.shelf)
            && self.open.iter().all(|run| run.id != id)
            && self.loading != Some(id)
        {
            self.loading = Some(id);
            shelf.load(id);
        }
    }

    /// Takes what arrived. `now`: what is known of an endpoint without asking anybody.
    fn poll(
        &mut self,
        deadline: Instant,
        tasks: &Tasks,
        notices: &mut Notices,
        now: impl Fn(&result::Column) -> Option<Identity>,
    ) {
        self.poll_shelf(notices);
        self.poll_running(deadline, notices, now);
        self.poll_import(notices);
        if let Some(saving) = &mut self.saving
            && !matches!(saving.poll(), Polled::Pending)
        {
            self.saving = None;
            self.save_unsaved();
        }
        if !self.unsaved.is_empty() && self.saving.is_none() {
            // A timer is made where it runs: this thread knows nothing of the runtime.
            self.saving = Some(tasks.spawn(async { tokio::time::sleep(sets::PAUSE).await }));
        }
        self.arrange(tasks);
    }

    fn poll_shelf(&mut self, notices: &mut Notices) {
        while let Some(news) = self.shelf.as_ref().and_then(Shelf::next) {
            match news {
                News::Listed(sets, runs) => {
                    self.listed = true;
                    self.sets.extend(sets.into_iter().map(Arc::new));
                    self.runs.extend(runs);
                    self.sort();
                }
                News::Loaded(run) => {
                    if self.loading.take_if(|id| *id == run.id).is_some() && self.run(run.id).is_none() {
                        self.revision += 1;
                        self.open.push(*run);
                    }
                }
                News::Missing(id) => {
                    self.loading.take_if(|loading| *loading == id);
                    self.runs.retain(|known| known.id != id);
                }
                News::Failed(what, why) => {
                    notices.failed(format!("{what}: {why}"), why, None);
                }
            }
        }
    }

    fn sort(&mut self) {
        self.sets.sort_by_key(|set| std::cmp::Reverse(set.id));
        self.runs.sort_by_key(|run| std::cmp::Reverse((run.started, run.id)));
    }

    /// Has the run that is shown put together anew, where it is not what it was.
    fn arrange(&mut self, tasks: &Tasks) {
        if let Some((run, revision, task)) = &mut self.arranging {
            let of = (*run, *revision);
            match task.poll() {
                Polled::Pending => return,
                Polled::Ready(arranged) => self.arranged = Some((of.0, of.1, arranged)),
                Polled::Lost => {}
            }
            self.arranging = None;
        }
        let Some(run) = self.shown.and_then(|id| self.open.iter().find(|run| run.id == id)) else { return };
        let is_new = |of: u64, revision: u64| of == run.id && revision == self.revision;
        let known = self.arranged.as_ref();
        if !known.is_some_and(|(of, revision, known)| is_new(*of, *revision) && known.by == self.wanted) {
            let (run, by) = (run.clone(), self.wanted.clone());
            self.arranging =
                Some((run.id, self.revision, tasks.spawn_blocking(move || Arranged::of(&run, by))));
        }
        if let Some((of, revision, task)) = &mut self.diffing {
            let of = (*of, *revision);
            match task.poll() {
                Polled::Pending => return,
                Polled::Ready(diff) => self.diff = Some((of.0, of.1, diff)),
                Polled::Lost => {}
            }
            self.diffing = None;
        }
        let base = self.wanted.base;
        if let Some(row) = self.row
            && !self.diff.as_ref().is_some_and(|(of, revision, diff)| {
                is_new(*of, *revision) && diff.row == row && diff.base == base
            })
        {
            let (id, run) = (run.id, run.clone());
            let task = tasks.spawn_blocking(move || RowDiff::of(&run, row, base));
            self.diffing = Some((id, self.revision, task));
        }
    }
}

/// What asks the sample's agent lasts as long as the sample.
fn is_of_sample(run: &BenchRun) -> bool {
    run.columns.iter().any(|column| column.sample)
}

impl State {
    /// Carries out what is about the bench.
    pub fn apply_bench(&mut self, command: BenchCommand) {
        match command {
            BenchCommand::Start(start) => self.start_bench(&start),
            BenchCommand::Resume(run) => self.ask_again(run, BenchRun::missing),
            BenchCommand::RetryFailed(run) => self.ask_again(run, BenchRun::failed),
            BenchCommand::Export(..)
            | BenchCommand::AskLog(_)
            | BenchCommand::CancelLog
            | BenchCommand::Log { .. } => self.hand_on(command),
            BenchCommand::AskDatasets(_)
            | BenchCommand::CancelDatasets
            | BenchCommand::LookDatasets(_)
            | BenchCommand::ReadDataset(_)
            | BenchCommand::StopDataset => self.apply_datasets(command),
            BenchCommand::Retry(run, row, column) => self.ask_again(run, |_| vec![(row, column)]),
            command => {
                if let Some(route) = self.bench.apply(command, &self.tasks, &mut self.notices) {
                    self.go(route);
                }
            }
        }
    }

    /// Takes what the bench reports.
    pub fn poll_bench(&mut self, deadline: Instant) {
        let (sample, serve) = (self.sample.as_deref(), &self.serve);
        let now = |column: &result::Column| start::known_now(sample, serve, column);
        self.bench.poll(deadline, &self.tasks, &mut self.notices, now);
        self.poll_datasets(deadline);
        self.keep_bench_evidence();
        self.poll_handing(deadline);
    }

    /// Reads what is shown of the bench.
    pub(super) fn enter_bench(&mut self) {
        self.bench.enter(self.navigation.current());
    }
}
