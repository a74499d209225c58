//! A store for unit tests: runs come from streams that the test hands in, everything else is not supported.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};

use super::Cx;
use super::dialogs::Dialogs;
use super::evidence::EvidenceShelf;
use super::journal::Journal;
use super::notices::Notices;
use super::policy::PolicyFile;
use super::settings::Settings;
use super::tasks::Tasks;
use crate::entities::{
    ArtifactRoot, Assessment, Experiment, FileInfo, LoggedModel, Metric, ModelVersion, NewFeedback, NewModel,
    NewVersion, RegisteredModel, Run, Trace, TraceInfo, VersionNumber, Webhook,
};
use crate::tracking::{
    Answer, ArtifactBody, Environment, ExperimentQuery, ModelQuery, PageStream, RunQuery, Store, StoreHealth,
    StoreInfo, TraceQuery, TrackingError, VersionQuery,
};

/// Answers each search for runs with the next stream.
#[derive(Default)]
pub struct TestStore {
    runs: Mutex<VecDeque<PageStream<Run>>>,
    traces: Mutex<VecDeque<PageStream<TraceInfo>>>,
    trace: Mutex<VecDeque<Result<Trace, TrackingError>>>,
    logged_model: Mutex<VecDeque<Result<LoggedModel, TrackingError>>>,
    feedback: Mutex<VecDeque<Result<Assessment, TrackingError>>>,
}

impl TestStore {
    /// What the next search for runs finds.
    pub fn will_find(&self, pages: Vec<Result<Vec<Run>, TrackingError>>) {
        self.runs.lock().unwrap().push_back(stream::iter(pages).boxed());
    }

    /// What the next search for traces finds.
    pub fn will_find_traces(&self, pages: Vec<Result<Vec<TraceInfo>, TrackingError>>) {
        self.traces.lock().unwrap().push_back(stream::iter(pages).boxed());
    }

    /// The next trace that is asked for.
    pub fn will_get_trace(&self, trace: Result<Trace, TrackingError>) {
        self.trace.lock().unwrap().push_back(trace);
    }

    /// The next logged model that is asked for.
    pub fn will_get_logged_model(&self, model: Result<LoggedModel, TrackingError>) {
        self.logged_model.lock().unwrap().push_back(model);
    }

    /// What becomes of the next feedback.
    pub fn will_log_feedback(&self, answer: Result<Assessment, TrackingError>) {
        self.feedback.lock().unwrap().push_back(answer);
    }
}

fn no<T>() -> Answer<T> {
    Box::pin(async { Err(unsupported()) })
}

fn none<T: Send + 'static>() -> PageStream<T> {
    stream::iter([Err(unsupported())]).boxed()
}

fn unsupported() -> TrackingError {
    TrackingError::Unsupported { what: "Not in this test".into() }
}

impl Store for TestStore {
    fn info(&self) -> Arc<StoreInfo> {
        Arc::default()
    }
    fn health(&self) -> StoreHealth {
        StoreHealth::default()
    }
    fn search_experiments(&self, _: ExperimentQuery) -> PageStream<Experiment> {
        none()
    }
    fn get_experiment(&self, _: &str) -> Answer<Experiment> {
        no()
    }
    fn search_runs(&self, _: RunQuery) -> PageStream<Run> {
        self.runs.lock().unwrap().pop_front().unwrap_or_else(none)
    }
    fn get_run(&self, _: &str) -> Answer<Run> {
        no()
    }
    fn metric_history(&self, _: &str, _: &str) -> PageStream<Metric> {
        none()
    }
    fn search_registered_models(&self, _: ModelQuery) -> PageStream<RegisteredModel> {
        none()
    }
    fn get_registered_model(&self, _: &str) -> Answer<RegisteredModel> {
        no()
    }
    fn search_model_versions(&self, _: VersionQuery) -> PageStream<ModelVersion> {
        none()
    }
    fn get_model_version(&self, _: &str, _: VersionNumber) -> Answer<ModelVersion> {
        no()
    }
    fn create_registered_model(&self, _: NewModel) -> Answer<RegisteredModel> {
        no()
    }
    fn rename_registered_model(&self, _: &str, _: &str) -> Answer<RegisteredModel> {
        no()
    }
    fn update_registered_model(&self, _: &str, _: &str) -> Answer<RegisteredModel> {
        no()
    }
    fn delete_registered_model(&self, _: &str) -> Answer<()> {
        no()
    }
    fn set_registered_model_tag(&self, _: &str, _: &str, _: &str) -> Answer<()> {
        no()
    }
    fn delete_registered_model_tag(&self, _: &str, _: &str) -> Answer<()> {
        no()
    }
    fn create_model_version(&self, _: NewVersion) -> Answer<ModelVersion> {
        no()
    }
    fn copy_model_version(&self, _: &str, _: VersionNumber, _: &str) -> Answer<ModelVersion> {
        no()
    }
    fn delete_model_version(&self, _: &str, _: VersionNumber) -> Answer<()> {
        no()
    }
    fn list_webhooks(&self) -> Answer<Vec<Webhook>> {
        no()
    }
    fn set_registered_model_alias(&self, _: &str, _: &str, _: VersionNumber) -> Answer<()> {
        no()
    }
    fn delete_registered_model_alias(&self, _: &str, _: &str) -> Answer<()> {
        no()
    }
    fn update_model_version(&self, _: &str, _: VersionNumber, _: &str) -> Answer<ModelVersion> {
        no()
    }
    fn set_model_version_tag(&self, _: &str, _: VersionNumber, _: &str, _: &str) -> Answer<()> {
        no()
    }
    fn delete_model_version_tag(&self, _: &str, _: VersionNumber, _: &str) -> Answer<()> {
        no()
    }
    fn get_logged_model(&self, _: &str) -> Answer<LoggedModel> {
        let next = self.logged_model.lock().unwrap().pop_front();
        next.map_or_else(no, |model| Box::pin(std::future::ready(model)))
    }
    fn list_artifacts(&self, _: &ArtifactRoot, _: &str) -> Answer<Vec<FileInfo>> {
        no()
    }
    fn read_artifact(&self, _: &ArtifactRoot, _: &str, _: Option<u64>) -> Answer<ArtifactBody> {
        no()
    }
    fn search_traces(&self, _: TraceQuery) -> PageStream<TraceInfo> {
        self.traces.lock().unwrap().pop_front().unwrap_or_else(none)
    }
    fn get_trace(&self, _: &str) -> Answer<Trace> {
        let trace = self.trace.lock().unwrap().pop_front().unwrap_or_else(|| Err(unsupported()));
        Box::pin(async { trace })
    }
    fn log_feedback(&self, _: NewFeedback) -> Answer<Assessment> {
        let answer = self.feedback.lock().unwrap().pop_front().unwrap_or_else(|| Err(unsupported()));
        Box::pin(async { answer })
    }
}

struct NoDialogs;

impl Dialogs for NoDialogs {
    fn save_file(&self, _: &str) -> BoxFuture<'static, Option<PathBuf>> {
        Box::pin(async { None })
    }
    fn pick_file(&self) -> BoxFuture<'static, Option<PathBuf>> {
        Box::pin(async { None })
    }

    fn pick_folder(&self) -> BoxFuture<'static, Option<PathBuf>> {
        Box::pin(async { None })
    }
}

/// What a [`Cx`] is made of.
pub struct TestCx {
    /// The store.
    pub store: Arc<TestStore>,
    /// The settings.
    pub settings: Settings,
    tasks: Tasks,
    dialogs: Arc<dyn Dialogs>,
    notices: Notices,
    policy: PolicyFile,
    environment: Environment,
    journal: Journal,
    evidence: EvidenceShelf,
}

impl TestCx {
    /// How many records the journal has when it is closed.
    pub fn journalled(&mut self) -> usize {
        self.journal.flush();
        self.journal.poll(&mut self.notices);
        self.journal.records().len()
    }

    /// Call it within a runtime (`#[tokio::test]`).
    pub fn new() -> Self {
        let tasks = Tasks::new(tokio::runtime::Handle::current(), || {});
        Self {
            store: Arc::default(),
            settings: Settings::default(),
            journal: Journal::open(None, "ann".into(), &tasks),
            tasks,
            dialogs: Arc::new(NoDialogs),
            notices: Notices::default(),
            policy: PolicyFile::default(),
            environment: Environment::default(),
            evidence: EvidenceShelf::default(),
        }
    }

    /// Runs something with a [`Cx`].
    pub fn with<T>(&mut self, run: impl FnOnce(&mut Cx<'_>) -> T) -> T {
        let store: Arc<dyn Store> = Arc::clone(&self.store) as Arc<dyn Store>;
        run(&mut Cx {
            tasks: &self.tasks,
            store: &store,
            dialogs: &self.dialogs,
            notices: &mut self.notices,
            journal: &self.journal,
            evidence: &self.evidence,
            settings: &mut self.settings,
            policy: &self.policy,
            environment: &self.environment,
        })
    }
}
