//! The run that is shown, with what belongs to it.

mod curves;
mod metrics;

use std::collections::BTreeMap;
use std::time::Instant;

pub use curves::{Curve, CurveOptions, Point, XAxis, decimate, smooth};
pub use metrics::{History, Layout, MetricsState, PlotLook, View};

use super::Cx;
use super::navigation::{Route, RunTab};
use super::registry::life::write::Registrable;
use super::remote::{Pages, Remote};
use crate::entities::{
    Experiment, LoggedModel, ModelVersion, RegisteredModel, Run, VersionNumber, ViewType, tag,
};
use crate::tracking::{RunQuery, VersionQuery, logged_folders};

/// What a view may ask for.
#[derive(Clone, Debug)]
pub enum RunCommand {
    /// Asks for the run anew.
    Reload,
    /// Draws a metric, or no longer.
    ToggleMetric(String),
    /// Draws these and no others.
    ShowMetrics(Vec<String>),
    /// Loads a metric's history again.
    ReloadMetric(String),
    /// How curves are drawn.
    SetLook(PlotLook),
    /// What part of the curves is seen, and in how many pixel columns.
    SetView(View),
}

/// Runs that are kept, to come back to without waiting. The one on the screen is the first.
const RUNS: usize = 8;

/// The run that is shown, and those that were before.
#[derive(Default)]
pub struct RunPage {
    runs: Vec<ShownRun>,
    /// How curves are drawn, for every run.
    look: PlotLook,
}

/// One run with what belongs to it.
#[derive(Default)]
pub struct ShownRun {
    /// Its id.
    pub run_id: String,
    /// The run.
    pub run: Remote<Run>,
    /// The experiment it belongs to.
    pub experiment: Remote<Experiment>,
    /// The run it is nested in.
    pub parent: Remote<Run>,
    /// The runs nested in it.
    pub children: Pages<Run>,
    /// The logged models it made, by id.
    pub models: BTreeMap<String, Remote<LoggedModel>>,
    /// Folders with a model among its artifacts, as MLflow 2 logs them.
    pub model_folders: Vec<String>,
    /// The versions that say they come from it.
    pub versions: Pages<ModelVersion>,
    /// The registered models of those versions, for their aliases.
    pub registered_models: BTreeMap<String, Remote<RegisteredModel>>,
    /// Its curves.
    pub metrics: MetricsState,
}

impl RunPage {
    /// A run, if it was opened.
    pub fn get(&self, run_id: &str) -> Option<&ShownRun> {
        self.runs.iter().find(|shown| shown.run_id == run_id)
    }

    /// The logged models that are known of the kept runs.
    pub fn logged_models(&self) -> impl Iterator<Item = &LoggedModel> {
        self.runs.iter().flat_map(|run| run.models.values()).filter_map(Remote::value)
    }

    /// How curves are drawn.
    pub fn look(&self) -> PlotLook {
        self.look
    }

    /// Takes what arrived.
    pub fn poll(&mut self, deadline: Instant, cx: &mut Cx<'_>) {
        for shown in &mut self.runs {
            shown.poll(deadline, self.look, cx);
        }
    }

    /// Loads what a route shows, unless it is there.
    pub fn enter(&mut self, route: &Route, cx: &mut Cx<'_>) {
        if let Some(last) = self.runs.first_mut() {
            last.metrics.is_shown = false;
        }
        let Route::Run { run_id, tab } = route else { return };
        let shown = self.open(run_id);
        shown.run.load_if_empty(cx.tasks, || cx.store.get_run(run_id));
        shown.metrics.is_shown = *tab == RunTab::Metrics;
        shown.load_metrics(cx);
    }

    /// Asks anew.
    pub fn refresh(&mut self, route: &Route, cx: &mut Cx<'_>) {
        let Route::Run { run_id, .. } = route else { return };
        self.open(run_id).refresh(cx);
    }

    /// Carries a command out: it is about the run on the screen.
    pub fn apply(&mut self, command: RunCommand, cx: &mut Cx<'_>) {
        let look = &mut self.look;
        let Some(shown) = self.runs.first_mut() else { return };
        match command {
            RunCommand::Reload => shown.refresh(cx),
            RunCommand::ToggleMetric(key) => shown.metrics.toggle(key),
            RunCommand::ShowMetrics(keys) => shown.metrics.show_only(keys),
            RunCommand::ReloadMetric(key) => shown.metrics.reload(&shown.run_id, &key, cx),
            RunCommand::SetLook(new) => *look = new,
            RunCommand::SetView(view) => shown.metrics.set_view(view),
        }
        shown.load_metrics(cx);
        shown.metrics.draw(*look, cx);
    }

    /// The run, moved to the front. A run that is new here draws the metrics that the one before drew.
    fn open(&mut self, run_id: &str) -> &mut ShownRun {
        let shown = match self.runs.iter().position(|shown| shown.run_id == run_id) {
            Some(at) => self.runs.remove(at),
            None => ShownRun {
                run_id: run_id.to_owned(),
                metrics: MetricsState::like(self.runs.first().map(|shown| &shown.metrics)),
                ..ShownRun::default()
            },
        };
        self.runs.insert(0, shown);
        self.runs.truncate(RUNS);
        &mut self.runs[0]
    }
}

impl ShownRun {
    fn poll(&mut self, deadline: Instant, look: PlotLook, cx: &mut Cx<'_>) {
        if self.run.poll() && self.run.error().is_none() {
            self.load_around(cx);
        }
        self.experiment.poll();
        self.parent.poll();
        self.children.poll(deadline);
        let mut versions = self.versions.poll(deadline);
        for model in self.models.values_mut() {
            versions |= model.poll();
        }
        for model in self.registered_models.values_mut() {
            model.poll();
        }
        if versions {
            self.load_registered_models(cx);
        }
        if self.metrics.poll(deadline) {
            self.load_metrics(cx);
        }
        self.metrics.draw(look, cx);
    }

    fn refresh(&mut self, cx: &mut Cx<'_>) {
        self.run.load(cx.tasks, cx.store.get_run(&self.run_id));
        self.registered_models.clear();
        self.metrics.refresh(&self.run_id, cx);
    }

    /// Asks for what belongs to the run, once the run itself is known.
    fn load_around(&mut self, cx: &mut Cx<'_>) {
        let Some(run) = self.run.value() else { return };
        let experiment_id = &run.info.experiment_id;
        self.experiment.load(cx.tasks, cx.store.get_experiment(experiment_id));
        if let Some(parent) = run.parent_run_id() {
            self.parent.load(cx.tasks, cx.store.get_run(parent));
        }
        self.children.load(cx.tasks, cx.store.search_runs(children_of(&self.run_id, experiment_id)));
        self.versions
            .load(cx.tasks, cx.store.search_model_versions(VersionQuery::OfRun(self.run_id.clone())));
        for output in run.model_outputs.iter().take(MODELS) {
            let model = self.models.entry(output.model_id.clone()).or_default();
            model.load(cx.tasks, cx.store.get_logged_model(&output.model_id));
        }
        self.model_folders =
            run.tags.get(tag::LOG_MODEL_HISTORY).map(|history| logged_folders(history)).unwrap_or_default();
        self.metrics.list(&run.metrics);
        self.load_metrics(cx);
    }

    fn load_registered_models(&mut self, cx: &mut Cx<'_>) {
        let mut names: Vec<String> = self.registered().into_iter().map(|(name, _)| name.to_owned()).collect();
        names.dedup();
        for name in names.into_iter().take(MODELS) {
            let answer = || cx.store.get_registered_model(&name);
            self.registered_models.entry(name.clone()).or_default().load_if_empty(cx.tasks, answer);
        }
    }

    fn load_metrics(&mut self, cx: &mut Cx<'_>) {
        if self.run.value().is_some() {
            self.metrics.load(&self.run_id, cx);
        }
    }

    /// What can be registered of it: its logged models, and the folders of models that are none of them.
    pub fn registrable(&self) -> Vec<Registrable> {
        let models = self.models.values().filter_map(Remote::value);
        let logged = models.clone().filter_map(|model| Registrable::of_logged_model(model, &self.run_id));
        let is_new = |folder: &&String| models.clone().all(|model| model.name != **folder);
        let run = self.run.value().into_iter();
        let folders = run.flat_map(|run| {
            self.model_folders.iter().filter(is_new).map(move |it| Registrable::of_folder(run, it))
        });
        logged.chain(folders).collect()
    }

    /// The aliases on a version, as far as its model is known.
    pub fn aliases_of(&self, name: &str, version: VersionNumber) -> impl Iterator<Item = &str> {
        let model = self.registered_models.get(name).and_then(Remote::value);
        model.into_iter().flat_map(move |model| model.aliases_of(version))
    }

    /// The registered versions that come from this run, by name, the newest first: those that name the run, and
    /// those that its logged models name.
    pub fn registered(&self) -> Vec<(&str, VersionNumber)> {
        let by_run = self.versions.items().iter().map(|version| (version.name.as_str(), version.version));
        let by_model =
            self.models.values().filter_map(Remote::value).flat_map(|model| {
                model.registered_as.iter().map(|(name, version)| (name.as_str(), *version))
            });
        let mut all: Vec<_> = by_run.chain(by_model).collect();
        all.sort_by(|a, b| a.0.cmp(b.0).then(b.1.cmp(&a.1)));
        all.dedup();
        all
    }
}

/// Logged models of one run that are asked for.
const MODELS: usize = 50;

fn children_of(run_id: &str, experiment_id: &str) -> RunQuery {
    // Run ids are hex digits; anything else would end the string in the filter.
    let run_id: String = run_id.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    RunQuery {
        experiment_ids: vec![experiment_id.to_owned()],
        filter: format!("tags.`mlflow.parentRunId` = '{run_id}'"),
        view_type: ViewType::ActiveOnly,
        order_by: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::{LoggedModelStatus, RunInfo};

    #[test]
    fn children_are_asked_for_by_their_tag() {
        let query = children_of("ab'c", "7");
        assert_eq!(query.filter, "tags.`mlflow.parentRunId` = 'abc'");
        assert_eq!(query.experiment_ids, ["7"]);
    }

    #[test]
    fn logged_models_and_folders_can_be_registered() {
        let info = RunInfo { run_id: "r".into(), artifact_uri: "/a".into(), ..RunInfo::default() };
        let mut shown = ShownRun {
            run_id: "r".into(),
            run: Remote::ready(Run { info, ..Run::default() }),
            model_folders: vec!["agent".into(), "model".into()],
            ..ShownRun::default()
        };
        let model = |name: &str, status| LoggedModel {
            model_id: format!("m-{name}"),
            name: name.into(),
            status,
            ..Default::default()
        };
        for model in
            [model("agent", LoggedModelStatus::Ready), model("broken", LoggedModelStatus::UploadFailed)]
        {
            shown.models.insert(model.model_id.clone(), Remote::ready(model));
        }
        let found = shown.registrable();
        let sources: Vec<_> =
            found.iter().map(|it| (it.label.as_str(), it.version.source.as_str())).collect();
        assert_eq!(sources, [("agent", "models:/m-agent"), ("model", "/a/model")]);
        assert!(found.iter().all(|it| it.run_id == "r"));
    }

    #[test]
    fn versions_named_twice_are_listed_once() {
        let mut shown = ShownRun::default();
        let model =
            LoggedModel { registered_as: vec![("b".into(), 1), ("a".into(), 9)], ..Default::default() };
        shown.models.insert("m-1".into(), Remote::ready(model.clone()));
        shown.models.insert(
            "m-2".into(),
            Remote::ready(LoggedModel { registered_as: vec![("a".into(), 10), ("a".into(), 9)], ..model }),
        );
        assert_eq!(shown.registered(), [("a", 10), ("a", 9), ("b", 1)]);
    }
}
