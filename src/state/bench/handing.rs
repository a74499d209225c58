//! Handing a bench on: as a file, and as MLflow runs of the server that is open. What is to be written is asked first.

use std::sync::Arc;
use std::time::Instant;

use super::log_run::{Logged, Plan, carry_out};
use super::result::{BenchRun, Column};
use super::{Bench, BenchCommand, export::Exporting};
use crate::entities::{Experiment, ViewType};
use crate::state::journal::{Edit, Outcome};
use crate::state::notices::Notices;
use crate::state::remote::Pages;
use crate::state::tasks::{Feed, Polled, Task};
use crate::state::{Command, ModelKind, Route, RunTab, State, Tasks, format};
use crate::tracking::{ExperimentQuery, Store};

/// What is being handed on.
#[derive(Default)]
pub(super) struct Handing {
    exporting: Exporting,
    asked: Option<Asked>,
    work: Option<Work>,
}

/// The question which experiment runs are to be made in.
pub struct Asked {
    /// The bench.
    pub run: u64,
    /// The experiments of the server that are not deleted, whatever its list shows.
    pub experiments: Pages<Experiment>,
    /// The one that was open last.
    last: Option<String>,
    suggested: Option<String>,
    looking: Option<Task<Option<String>>>,
}

impl Asked {
    /// Where the runs belong, unless the user says otherwise: with the run that a version which answered comes from,
    /// once that is found; else where they were last.
    pub fn suggested(&self) -> Option<&Experiment> {
        let known = self.experiments.items();
        let find = |id: &String| known.iter().find(|experiment| experiment.experiment_id == *id);
        let found = self.suggested.as_ref().and_then(find).or_else(|| self.last.as_ref().and_then(find));
        found.or_else(|| known.first())
    }
}

/// Runs that are being made; nothing stops it halfway.
struct Work {
    name: String,
    experiment_id: String,
    store: Arc<dyn Store>,
    feed: Feed<Vec<Logged>>,
}

impl Bench {
    /// The question which experiment a bench is to be logged in, while it is asked.
    pub fn asked_to_log(&self) -> Option<&Asked> {
        self.handing.asked.as_ref()
    }

    /// Whether runs are being made.
    pub fn is_logging(&self) -> bool {
        self.handing.work.is_some()
    }
}

impl State {
    /// Carries out what hands a bench on. Others are left alone.
    pub(super) fn hand_on(&mut self, command: BenchCommand) {
        match command {
            BenchCommand::Export(id, format) => {
                let base = self.bench.wanted.base;
                if let Some(run) = self.bench.run(id).cloned() {
                    let exporting = &mut self.bench.handing.exporting;
                    exporting.start(format, (run, base), self.dialogs.as_ref(), &self.tasks);
                }
            }
            BenchCommand::AskLog(id) => self.ask_to_log(id),
            BenchCommand::CancelLog => self.bench.handing.asked = None,
            BenchCommand::Log { run, experiment_id } => self.log_bench(run, experiment_id),
            _ => {}
        }
    }

    fn ask_to_log(&mut self, id: u64) {
        let (Some(workspace), Some(run)) = (&self.workspace, self.bench.run(id)) else {
            self.notices.info("Open a tracking server first: the runs are made there");
            return;
        };
        let looking = source_of(run, &workspace.store, &self.tasks);
        let mut experiments = Pages::default();
        let active = ExperimentQuery { view_type: ViewType::ActiveOnly };
        experiments.load(&self.tasks, workspace.store.search_experiments(active));
        let key = workspace.store.info().settings_key().to_owned();
        let last = self.settings.get().last_experiments.get(&key).cloned();
        self.bench.handing.asked = Some(Asked { run: id, experiments, last, suggested: None, looking });
    }

    fn log_bench(&mut self, id: u64, experiment_id: String) {
        self.bench.handing.asked = None;
        let (Some(workspace), Some(run)) = (&self.workspace, self.bench.run(id)) else { return };
        if self.bench.is_logging() {
            self.notices.info("Another bench is being logged");
            return;
        }
        let name = run.name.clone();
        let who = self.environment.who().to_owned();
        let plan = Plan { run: run.clone(), experiment_id: experiment_id.clone(), who };
        let store = Arc::clone(&workspace.store);
        let to = Arc::clone(&store);
        let feed = self.tasks.spawn_feed_to_its_end(1, move |feeder| async move {
            feeder.send(carry_out(to.as_ref(), &plan).await).await;
        });
        self.bench.handing.work = Some(Work { name, experiment_id, store, feed });
    }

    /// Tells what became of it.
    pub(super) fn poll_handing(&mut self, deadline: Instant) {
        let handing = &mut self.bench.handing;
        handing.exporting.poll(&mut self.notices);
        if let Some(asked) = &mut handing.asked {
            asked.experiments.poll(deadline);
        }
        if let Some(asked) = &mut handing.asked
            && let Some(looking) = &mut asked.looking
        {
            match looking.poll() {
                Polled::Pending => {}
                Polled::Ready(found) => (asked.suggested, asked.looking) = (found, None),
                Polled::Lost => asked.looking = None,
            }
        }
        let Some(work) = &mut handing.work else { return };
        let logged = match work.feed.poll() {
            Polled::Pending => return,
            Polled::Ready(logged) => logged,
            Polled::Lost => Vec::new(),
        };
        let Some(work) = handing.work.take() else { return };
        let open = self.workspace.as_ref().is_some_and(|it| Arc::ptr_eq(&it.store, &work.store));
        let whole = tell(&work, &logged, open, &mut self.notices);
        let outcome = if whole { Outcome::Done } else { Outcome::Unclear };
        let text = if whole {
            let runs = format::counted(logged.len(), "run", "runs");
            format!("The bench {} logged as {runs} in experiment {}", work.name, work.experiment_id)
        } else {
            sentences(&logged)
        };
        let (kind, model) = (ModelKind::Model, String::new());
        let edit = Edit { kind, model, version: None, effect: None, outcome, text };
        self.journal.note(&work.store.info(), edit);
    }
}

fn tell(work: &Work, logged: &[Logged], open: bool, notices: &mut Notices) -> bool {
    let whole = !logged.is_empty() && logged.iter().all(Logged::is_whole);
    if whole {
        let runs = format::counted(logged.len(), "run", "runs");
        let text = format!("{} is logged as {runs}", work.name);
        notices
            .success(text, leads_to(work, logged).filter(|_| open).map(|route| ("Open", Command::Go(route))));
    } else {
        let text = format!("Not all of {} is logged. {}", work.name, sentences(logged));
        notices.failed(text.clone(), text, None);
    }
    whole
}

/// The run that was made, or the experiment where they are several.
fn leads_to(work: &Work, logged: &[Logged]) -> Option<Route> {
    match logged {
        [one] => Some(Route::Run { run_id: one.run_id.clone()?, tab: RunTab::Overview }),
        _ => Some(Route::Experiment { experiment_id: work.experiment_id.clone() }),
    }
}

fn sentences(logged: &[Logged]) -> String {
    if logged.is_empty() {
        return "It could not be followed to its end: look into the experiment".to_owned();
    }
    logged.iter().map(Logged::sentence).collect::<Vec<_>>().join(" ")
}

/// Looks up the experiment of the run that made a version which answered.
fn source_of(run: &BenchRun, store: &Arc<dyn Store>, tasks: &Tasks) -> Option<Task<Option<String>>> {
    let info = store.info();
    let here = |column: &&Column| {
        column.model.as_ref().is_some_and(|model| model.server == info.settings_key())
            && column.version().is_some()
    };
    let column = run.columns.iter().rev().find(here)?;
    let (name, version) = (column.model.as_ref()?.name.clone(), column.version()?);
    let store = Arc::clone(store);
    Some(tasks.spawn(async move {
        let version = store.get_model_version(&name, version).await.ok()?;
        let run = store.get_run(version.run_id()?).await.ok()?;
        Some(run.info.experiment_id)
    }))
}
