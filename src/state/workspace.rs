//! What is known of the server we are connected to, screen by screen. Goes away with the connection.

use std::sync::Arc;
use std::time::Instant;

use super::Cx;
use super::artifacts::Artifacts;
use super::chat::Prompts;
use super::compare::Compare;
use super::endpoints::{Answering, Identities, Serving, TurnTraces};
use super::experiments::Experiments;
use super::follow::Follow;
use super::journal::entry::Standing;
use super::journal::{Recorder, Watch, WatchNews};
use super::name_search::NameSearch;
use super::navigation::Route;
use super::registry::{Registry, left_behind, undo_command};
use super::run::RunPage;
use super::runs::{Progress, Runs};
use super::tasks::Tasks;
use super::traces::Traces;
use crate::tracking::Store;

/// One server's data.
pub struct Workspace {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The list of experiments.
    pub experiments: Experiments,
    /// The table of runs of the chosen experiment.
    pub runs: Runs,
    /// The run that is shown.
    pub run: RunPage,
    /// Traces.
    pub traces: Traces,
    /// Files of whatever is shown, and downloads.
    pub artifacts: Artifacts,
    /// Models, versions and aliases.
    pub registry: Registry,
    /// Which versions endpoints answer as after a move.
    pub answering: Answering,
    /// Which endpoints a Databricks workspace serves.
    pub serving: Serving,
    /// Which versions answered, by their traces.
    pub identities: Identities,
    /// Which traces are those of turns.
    pub turn_traces: TurnTraces,
    /// Comparisons.
    pub compare: Compare,
    /// Prompts to write a message with.
    pub prompts: Prompts,
    /// What the palette looks up.
    pub name_search: NameSearch,
    follow: Follow,
    watch: Watch,
}

impl Workspace {
    /// Knows nothing yet.
    pub fn new(store: Arc<dyn Store>, recorder: &Recorder, tasks: &Tasks) -> Self {
        Self {
            follow: Follow::new(&store, tasks),
            serving: Serving::of(&store, tasks),
            watch: Watch::new(&store, recorder, left_behind::resolve, tasks),
            store,
            experiments: Experiments::default(),
            runs: Runs::default(),
            run: RunPage::default(),
            traces: Traces::default(),
            artifacts: Artifacts::default(),
            registry: Registry::default(),
            answering: Answering::default(),
            identities: Identities::default(),
            turn_traces: TurnTraces::default(),
            compare: Compare::default(),
            prompts: Prompts::default(),
            name_search: NameSearch::default(),
        }
    }

    /// Takes what arrived.
    pub fn poll(&mut self, deadline: Instant, cx: &mut Cx<'_>) {
        self.experiments.poll(deadline, cx);
        self.runs.poll(deadline, cx);
        self.run.poll(deadline, cx);
        self.traces.poll(deadline, cx);
        self.artifacts.poll(deadline, cx);
        self.registry.poll(deadline, cx);
        self.answering.poll(&self.registry.take_moved(), cx);
        self.identities.poll();
        self.compare.poll(cx);
        self.prompts.poll(deadline);
        self.name_search.poll();
        while let Some(news) = self.watch.poll() {
            let WatchNews::Resolved { id, change, now, text } = news;
            let undo =
                (now.map(Standing::version) == Some(change.to)).then(|| ("Undo", undo_command(&change, id)));
            cx.notices.warning(text, undo);
        }
    }

    /// Asks anew for what a route shows when somebody changed the store. Files are left alone: they are not in it.
    pub fn follow(&mut self, route: &Route, cx: &mut Cx<'_>) {
        let listing = self.runs.current().is_some_and(|runs| matches!(runs.progress(), Progress::Loading(_)));
        let listing = listing || self.traces.is_loading();
        let busy = listing || self.experiments.is_loading() || self.store.health().in_flight > 0;
        if self.follow.is_due(busy) {
            self.experiments.refresh(route, cx);
            self.runs.refresh(route, cx);
            self.run.refresh(route, cx);
            self.traces.refresh(route, cx);
            self.registry.refresh(route, cx);
        }
    }

    /// Tells whether the user looks at the window: a store is not followed as closely when he does not.
    pub fn set_focused(&self, focused: bool) {
        self.follow.set_focused(focused);
    }

    /// Looks a name up, with the runs of the experiment that is open.
    pub fn look_up(&mut self, words: &str, cx: &Cx<'_>) {
        let experiment_id = self.runs.current().map(|listing| listing.experiment_id().to_owned());
        self.name_search.ask(words, experiment_id.as_deref(), cx);
    }

    /// Loads what a route shows, unless it is there.
    pub fn enter(&mut self, route: &Route, cx: &mut Cx<'_>) {
        self.experiments.enter(route, cx);
        self.runs.enter(route, cx);
        self.run.enter(route, cx);
        self.traces.enter(route, cx);
        self.registry.enter(route, cx);
        self.answering.enter(route, cx);
        self.compare.enter(route, cx);
    }

    /// Asks anew for what a route shows.
    pub fn refresh(&mut self, route: &Route, cx: &mut Cx<'_>) {
        self.experiments.refresh(route, cx);
        self.runs.refresh(route, cx);
        self.run.refresh(route, cx);
        self.traces.refresh(route, cx);
        self.artifacts.refresh(route, cx);
        self.registry.refresh(route, cx);
        self.compare.refresh(route, cx);
        self.watch.look();
    }
}
