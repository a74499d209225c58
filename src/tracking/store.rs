//! The one trait through which the app reads and writes a tracking store and a model registry.
//!
//! Written in terms of entities; pages come as streams, so that a store may choose its own page sizes and the
//! reader stops asking by dropping the stream.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt as _};

use super::{Secret, TrackingError};
use crate::entities::{
    ArtifactRoot, Assessment, DatasetRecord, EvaluationDataset, Experiment, FileInfo, LoggedModel, Metric,
    Millis, ModelVersion, Named, NewFeedback, NewModel, NewRun, NewVersion, RegisteredModel, Run, RunBatch,
    RunInfo, RunStatus, ServingEndpoint, Trace, TraceInfo, VersionNumber, ViewType, Webhook,
};

/// One answer, to be awaited off the UI thread. Dropping it cancels the request.
pub type Answer<T> = BoxFuture<'static, Result<T, TrackingError>>;

/// Pages in order; ends after the last page or the first error. Dropping it stops asking.
pub type PageStream<T> = BoxStream<'static, Result<Vec<T>, TrackingError>>;

/// A tracking store with its registry.
///
/// Reads may be retried by an implementation. **Writes are sent at most once**: an unknown outcome is
/// [`TrackingError::OutcomeUnknown`], and the caller reads instead of resending.
pub trait Store: Send + Sync + 'static {
    /// What it is and can do.
    fn info(&self) -> Arc<StoreInfo>;
    /// How it is doing; cheap, asked every frame.
    fn health(&self) -> StoreHealth;

    /// Experiments, newest first.
    fn search_experiments(&self, query: ExperimentQuery) -> PageStream<Experiment>;
    /// One experiment.
    fn get_experiment(&self, experiment_id: &str) -> Answer<Experiment>;

    /// Runs, newest first unless the query orders otherwise.
    fn search_runs(&self, query: RunQuery) -> PageStream<Run>;
    /// What has all the words in its name: models, prompts, active experiments, and active runs of one experiment; of
    /// each kind a few, for who types a name.
    fn find_by_name(&self, _query: NameQuery) -> Answer<Vec<Named>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    /// One run with its last metrics, params, tags, inputs and outputs.
    fn get_run(&self, run_id: &str) -> Answer<Run>;
    /// Every value of a metric, in the store's order.
    fn metric_history(&self, run_id: &str, metric_key: &str) -> PageStream<Metric>;

    /// Makes a run. It is running until [`Store::end_run`].
    fn create_run(&self, _run: NewRun) -> Answer<Run> {
        Box::pin(async { Err(no_runs()) })
    }
    /// Logs metrics, params and tags to a run.
    fn log_batch(&self, _run_id: &str, _batch: RunBatch) -> Answer<()> {
        Box::pin(async { Err(no_runs()) })
    }
    /// Puts a file among a run's artifacts, in place of one that is there. The path is below the run's root.
    fn upload_artifact(&self, _run: &RunInfo, _path: &str, _content: Bytes) -> Answer<()> {
        Box::pin(async { Err(no_runs()) })
    }
    /// Ends a run.
    fn end_run(&self, _run_id: &str, _status: RunStatus, _end_time: Millis) -> Answer<()> {
        Box::pin(async { Err(no_runs()) })
    }

    /// Evaluation datasets, the newest first. [`TrackingError::Unsupported`] where there can be none.
    fn search_evaluation_datasets(&self, _query: DatasetQuery) -> PageStream<EvaluationDataset> {
        stream::iter([Err(no_datasets())]).boxed()
    }
    /// The ids of the experiments that a dataset belongs to.
    fn evaluation_dataset_experiments(&self, _dataset_id: &str) -> Answer<Vec<String>> {
        Box::pin(async { Err(no_datasets()) })
    }
    /// A dataset's records, in the order in which they were made.
    fn evaluation_dataset_records(&self, _dataset_id: &str) -> PageStream<DatasetRecord> {
        stream::iter([Err(no_datasets())]).boxed()
    }

    /// Registered models or prompts.
    fn search_registered_models(&self, query: ModelQuery) -> PageStream<RegisteredModel>;
    /// One registered model with its whole alias map: the truth about aliases.
    fn get_registered_model(&self, name: &str) -> Answer<RegisteredModel>;
    /// Versions, newest first.
    fn search_model_versions(&self, query: VersionQuery) -> PageStream<ModelVersion>;
    /// One version.
    fn get_model_version(&self, name: &str, version: VersionNumber) -> Answer<ModelVersion>;

    /// Makes a registered model. `RESOURCE_ALREADY_EXISTS` if a model or a prompt has the name.
    fn create_registered_model(&self, model: NewModel) -> Answer<RegisteredModel>;
    /// Gives a registered model another name: versions, tags and aliases come along. What names it by its old name,
    /// `models:/Old@prod` say, finds it no more.
    fn rename_registered_model(&self, name: &str, new_name: &str) -> Answer<RegisteredModel>;
    /// Replaces a registered model's description (Markdown); answers the model as the store has it now.
    fn update_registered_model(&self, name: &str, description: &str) -> Answer<RegisteredModel>;
    /// Deletes a registered model with its versions, tags and aliases. There is no way back.
    fn delete_registered_model(&self, name: &str) -> Answer<()>;
    /// Sets a tag of a registered model.
    fn set_registered_model_tag(&self, name: &str, key: &str, value: &str) -> Answer<()>;
    /// Removes a tag of a registered model.
    fn delete_registered_model_tag(&self, name: &str, key: &str) -> Answer<()>;

    /// Makes a version of a registered model, with the next number.
    fn create_model_version(&self, version: NewVersion) -> Answer<ModelVersion>;
    /// Makes a version of `to` from another model's version: its source is `models:/name/version`; run, tags and
    /// description are the same. `to` is made if it is not there. Answers the copy.
    fn copy_model_version(&self, name: &str, version: VersionNumber, to: &str) -> Answer<ModelVersion>;
    /// Deletes a version, and its aliases with it. Its number is not given again.
    fn delete_model_version(&self, name: &str, version: VersionNumber) -> Answer<()>;

    /// Points an alias at a version, wherever it was before (an unconditional upsert).
    fn set_registered_model_alias(&self, name: &str, alias: &str, version: VersionNumber) -> Answer<()>;
    /// Removes an alias; no error if there is none.
    fn delete_registered_model_alias(&self, name: &str, alias: &str) -> Answer<()>;
    /// Replaces a version's description (Markdown); answers the version as the store has it now.
    fn update_model_version(
        &self,
        name: &str,
        version: VersionNumber,
        description: &str,
    ) -> Answer<ModelVersion>;
    /// Sets a tag of a version.
    fn set_model_version_tag(&self, name: &str, version: VersionNumber, key: &str, value: &str)
    -> Answer<()>;
    /// Removes a tag of a version.
    fn delete_model_version_tag(&self, name: &str, version: VersionNumber, key: &str) -> Answer<()>;

    /// The webhooks of the registry, newest first. [`TrackingError::Unsupported`] where there can be none. Whether
    /// they are called after a change made here, [`StoreInfo::calls_webhooks`] says.
    fn list_webhooks(&self) -> Answer<Vec<Webhook>>;

    /// One logged model.
    fn get_logged_model(&self, model_id: &str) -> Answer<LoggedModel>;

    /// The serving endpoints of a Databricks workspace, by name. [`TrackingError::Unsupported`] elsewhere.
    fn serving_endpoints(&self) -> Answer<Vec<ServingEndpoint>> {
        Box::pin(async { Err(no_serving()) })
    }
    /// The login that lets one ask those endpoints: this store's own, for its host alone, never to be kept.
    /// [`TrackingError::Unsupported`] where there are none.
    fn endpoint_login(&self) -> Answer<EndpointLogin> {
        Box::pin(async { Err(no_serving()) })
    }

    /// One folder of artifacts, not deeper. The empty path is the root.
    fn list_artifacts(&self, root: &ArtifactRoot, path: &str) -> Answer<Vec<FileInfo>>;
    /// A file's bytes, as a stream. `limit`: ask for no more than the first so many bytes.
    fn read_artifact(&self, root: &ArtifactRoot, path: &str, limit: Option<u64>) -> Answer<ArtifactBody>;

    /// The same store with the same login, looking into another of its [`StoreInfo::workspaces`].
    fn in_workspace(&self, workspace: &str) -> Answer<Arc<dyn Store>> {
        let what = format!("This store has no workspace {workspace}");
        Box::pin(async move { Err(TrackingError::Unsupported { what }) })
    }

    /// Traces without their spans, newest first.
    fn search_traces(&self, _query: TraceQuery) -> PageStream<TraceInfo> {
        stream::iter([Err(no_traces())]).boxed()
    }
    /// One trace with as many of its spans as are written.
    fn get_trace(&self, _trace_id: &str) -> Answer<Trace> {
        Box::pin(async { Err(no_traces()) })
    }
    /// Writes a person's feedback; answers it as the store has it. Sent at most once, like every write.
    fn log_feedback(&self, _feedback: NewFeedback) -> Answer<Assessment> {
        Box::pin(async { Err(no_traces()) })
    }

    /// Yields a new number whenever somebody (this program too) may have changed what the store holds: no more than
    /// one a second, and only the last of many. It looks from the first poll on, so poll it from the start. A store
    /// that cannot know ends the stream at once. Costs a few system calls a second, none of them on the UI thread;
    /// dropping it stops looking.
    fn changes(&self) -> BoxStream<'static, u64> {
        stream::empty().boxed()
    }
}

/// The error of a store that keeps no traces.
pub(super) fn no_traces() -> TrackingError {
    TrackingError::Unsupported { what: "No traces are kept here: they came with MLflow 2.14".to_owned() }
}

pub(super) fn no_serving() -> TrackingError {
    TrackingError::Unsupported { what: "Only a Databricks workspace lists serving endpoints".to_owned() }
}

fn no_runs() -> TrackingError {
    TrackingError::Unsupported { what: "No runs can be made here".to_owned() }
}

fn no_datasets() -> TrackingError {
    TrackingError::Unsupported { what: "No evaluation datasets are kept here".to_owned() }
}

/// What a store is, as far as the app shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreInfo {
    /// How a person names it: host, port and base path, without user or password.
    pub label: String,
    /// The tracking URI that opens it again, without user or password.
    pub uri: String,
    /// The user whose login it was opened with, typed or in the address or the environment; a token names none.
    pub user: Option<String>,
    /// The server's version, e.g. `3.17.2`, if it says so.
    pub server_version: Option<String>,
    /// TLS certificates are not verified: the window says so all the time.
    pub insecure_tls: bool,
    /// Writes are possible as far as is known.
    pub can_write: bool,
    /// Webhooks are called after a change made here: a server does, a file cannot.
    pub calls_webhooks: bool,
    /// The workspace that is looked into, where the store has several or may have.
    pub workspace: Option<String>,
    /// All workspaces that can be seen, in the order of their names; see [`Store::in_workspace`].
    pub workspaces: Vec<String>,
    /// What the user has to know about it: why it is read-only, say. A sentence.
    pub note: Option<String>,
    /// It lists serving endpoints, which are asked with its login: a Databricks workspace.
    pub serves_endpoints: bool,
    /// A scratch copy of the sample workspace ([`SampleStore`](super::SampleStore)): gone with the app.
    pub sample: bool,
}

impl StoreInfo {
    /// Under which name settings about this store are kept: its URI, but every copy of the sample is the same.
    pub fn settings_key(&self) -> &str {
        if self.sample { "sample" } else { &self.uri }
    }
}

/// What lets one ask the endpoints of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointLogin {
    /// The workspace's address. The token goes nowhere else.
    pub host: String,
    /// A bearer token.
    pub token: Secret,
    /// When it ends, if it does: then there is another.
    pub until: Option<Millis>,
}

/// Which experiments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExperimentQuery {
    /// Active, deleted or all.
    pub view_type: ViewType,
}

/// Which runs, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunQuery {
    /// Experiments to look in; none gives no runs.
    pub experiment_ids: Vec<String>,
    /// MLflow's filter language; empty for all.
    pub filter: String,
    /// Active, deleted or all.
    pub view_type: ViewType,
    /// MLflow's order clauses, e.g. `attributes.start_time DESC`; empty for newest first.
    pub order_by: Vec<String>,
}

/// A part of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameQuery {
    /// In lower case; none finds nothing.
    pub words: Vec<String>,
    /// The experiment whose runs are meant; none finds no runs.
    pub experiment_id: Option<String>,
}

impl NameQuery {
    /// What was typed, in words.
    pub fn of(typed: &str, experiment_id: Option<&str>) -> Self {
        let words = typed.split_whitespace().map(str::to_lowercase).collect();
        Self { words, experiment_id: experiment_id.map(str::to_owned) }
    }

    /// Whether all words are in a name.
    pub fn is_in(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.words.iter().all(|word| name.contains(word))
    }
}

/// Which traces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceQuery {
    /// Experiments to look in; none means all active ones.
    pub experiment_ids: Vec<String>,
    /// Only those that this logged model (`m-…`) answered.
    pub model_id: Option<String>,
    /// Only those that were made in this run, or linked to it.
    pub run_id: Option<String>,
    /// Only those that began then or later.
    pub since: Option<Millis>,
    /// Only those that began then or before.
    pub until: Option<Millis>,
}

/// Which evaluation datasets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatasetQuery {
    /// Only those of these experiments; none means all there are.
    pub experiment_ids: Vec<String>,
}

/// Which registered models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModelQuery {
    /// Models, without prompts.
    #[default]
    Models,
    /// Prompts only.
    Prompts,
}

/// Which versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionQuery {
    /// Of this registered model (or prompt).
    OfModel {
        /// The model's name.
        name: String,
        /// Prompts are found only when they are asked for.
        prompt: bool,
    },
    /// Those that this run made.
    OfRun(String),
}

/// A file on its way.
pub struct ArtifactBody {
    /// Size of the whole file in bytes, if the store says so.
    pub total: Option<u64>,
    /// Its bytes.
    pub chunks: BoxStream<'static, Result<Bytes, TrackingError>>,
}

/// How a store is doing right now, for the status bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreHealth {
    /// How long the last answer took.
    pub last_latency: Option<std::time::Duration>,
    /// Requests under way.
    pub in_flight: usize,
}
