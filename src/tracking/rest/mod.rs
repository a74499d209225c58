//! A tracking server over HTTP: MLflow's REST API, versions 2.x and 3.x.

mod artifacts;
pub(in crate::tracking) mod client;
mod datasets;
mod errors;
mod experiments;
mod filters;
pub(in crate::tracking) mod http;
mod logged_models;
mod names;
mod pages;
mod registry;
mod registry_changes;
mod run_changes;
mod runs;
mod serving;
mod traces;
mod webhooks;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub(in crate::tracking) use datasets::{records_of as dataset_records, unsupported as no_datasets};
pub(in crate::tracking) use logged_models::registered_as;
pub(in crate::tracking) use registry_changes::{copy_of, is_a_prompt};
pub use runs::decode_runs_page;
pub(in crate::tracking) use webhooks::{
    event_name as webhook_event, status as webhook_status, unsupported as no_webhooks,
};

use crate::entities::{
    ArtifactRoot, Assessment, DatasetRecord, EvaluationDataset, Experiment, FileInfo, LoggedModel, Metric,
    Millis, ModelVersion, Named, NewFeedback, NewModel, NewRun, NewVersion, RegisteredModel, Run, RunBatch,
    RunInfo, RunStatus, ServingEndpoint, Trace, TraceInfo, VersionNumber, Webhook,
};
use crate::tracking::store::no_serving;
use crate::tracking::{
    Answer, ArtifactBody, DatasetQuery, EndpointLogin, ExperimentQuery, ModelQuery, NameQuery, PageStream,
    RunQuery, Store, StoreHealth, StoreInfo, TraceQuery, TrackingError, VersionQuery,
};
use http::Http;

/// A tracking server.
#[derive(Debug)]
pub(in crate::tracking) struct RestStore {
    http: Arc<Http>,
    info: Arc<StoreInfo>,
}

impl RestStore {
    /// A store on a server that was found to be MLflow.
    pub fn new(http: Http, info: StoreInfo) -> Self {
        Self { http: Arc::new(http), info: Arc::new(info) }
    }
}

/// The proof that a server is MLflow and lets us in: one experiment, or none if there are none to see.
pub(in crate::tracking) async fn prove(http: &Http) -> Result<Proof, TrackingError> {
    #[derive(Serialize)]
    struct Request {
        max_results: u32,
    }
    http.post_read(http.route(experiments::SEARCH), &Request { max_results: 1 }).await
}

/// The workspaces of a server that has some, as far as they can be seen.
pub(in crate::tracking) async fn workspaces(http: &Http) -> Result<Vec<String>, TrackingError> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        workspaces: Vec<Workspace>,
    }
    #[derive(Deserialize)]
    struct Workspace {
        name: String,
    }
    let answer: Answer = http.get(http.route("api/3.0/mlflow/workspaces"), &[]).await?;
    let mut names: Vec<String> = answer.workspaces.into_iter().map(|workspace| workspace.name).collect();
    names.sort();
    names.truncate(MAX_WORKSPACES);
    Ok(names)
}

/// More are not offered.
const MAX_WORKSPACES: usize = 200;

/// What [`prove`] found.
#[derive(Deserialize)]
pub(in crate::tracking) struct Proof(BTreeMap<String, serde_json::Value>);

impl Proof {
    /// Experiments were seen: this is MLflow.
    pub fn is_certain(&self) -> bool {
        self.0.get("experiments").and_then(serde_json::Value::as_array).is_some_and(|list| !list.is_empty())
    }

    /// What came is what MLflow sends when there is nothing to see.
    pub fn is_possible(&self) -> bool {
        self.0.keys().all(|key| matches!(key.as_str(), "experiments" | "next_page_token"))
    }
}

impl Store for RestStore {
    fn info(&self) -> Arc<StoreInfo> {
        Arc::clone(&self.info)
    }

    fn health(&self) -> StoreHealth {
        self.http.health()
    }

    fn search_experiments(&self, query: ExperimentQuery) -> PageStream<Experiment> {
        experiments::search(&self.http, query)
    }

    fn get_experiment(&self, experiment_id: &str) -> Answer<Experiment> {
        let (http, experiment_id) = (Arc::clone(&self.http), experiment_id.to_owned());
        answer(async move { experiments::get(&http, &experiment_id).await })
    }

    fn search_runs(&self, query: RunQuery) -> PageStream<Run> {
        runs::search(&self.http, query)
    }

    fn find_by_name(&self, query: NameQuery) -> Answer<Vec<Named>> {
        let http = Arc::clone(&self.http);
        answer(async move { names::find(&http, &query).await })
    }

    fn get_run(&self, run_id: &str) -> Answer<Run> {
        let (http, run_id) = (Arc::clone(&self.http), run_id.to_owned());
        answer(async move { runs::get(&http, &run_id).await })
    }

    fn metric_history(&self, run_id: &str, metric_key: &str) -> PageStream<Metric> {
        runs::metric_history(&self.http, run_id.to_owned(), metric_key.to_owned())
    }

    fn create_run(&self, run: NewRun) -> Answer<Run> {
        let http = Arc::clone(&self.http);
        answer(async move { run_changes::create(&http, &run).await })
    }

    fn log_batch(&self, run_id: &str, batch: RunBatch) -> Answer<()> {
        let (http, run_id) = (Arc::clone(&self.http), run_id.to_owned());
        answer(async move { run_changes::log_batch(&http, &run_id, &batch).await })
    }

    fn upload_artifact(&self, run: &RunInfo, path: &str, content: Bytes) -> Answer<()> {
        let (http, run, path) = (Arc::clone(&self.http), run.clone(), path.to_owned());
        answer(async move { run_changes::upload(&http, &run, &path, content).await })
    }

    fn end_run(&self, run_id: &str, status: RunStatus, end_time: Millis) -> Answer<()> {
        let (http, run_id) = (Arc::clone(&self.http), run_id.to_owned());
        answer(async move { run_changes::end(&http, &run_id, status, end_time).await })
    }

    fn search_evaluation_datasets(&self, query: DatasetQuery) -> PageStream<EvaluationDataset> {
        datasets::search(&self.http, query)
    }

    fn evaluation_dataset_experiments(&self, dataset_id: &str) -> Answer<Vec<String>> {
        datasets::experiments(&self.http, dataset_id.to_owned())
    }

    fn evaluation_dataset_records(&self, dataset_id: &str) -> PageStream<DatasetRecord> {
        datasets::records(&self.http, dataset_id.to_owned())
    }

    fn search_registered_models(&self, query: ModelQuery) -> PageStream<RegisteredModel> {
        registry::search_models(&self.http, query)
    }

    fn get_registered_model(&self, name: &str) -> Answer<RegisteredModel> {
        let (http, name) = (Arc::clone(&self.http), name.to_owned());
        answer(async move { registry::get_model(&http, &name).await })
    }

    fn search_model_versions(&self, query: VersionQuery) -> PageStream<ModelVersion> {
        registry::search_versions(&self.http, query)
    }

    fn get_model_version(&self, name: &str, version: VersionNumber) -> Answer<ModelVersion> {
        let (http, name) = (Arc::clone(&self.http), name.to_owned());
        answer(async move { registry::get_version(&http, &name, version).await })
    }

    fn create_registered_model(&self, model: NewModel) -> Answer<RegisteredModel> {
        let http = Arc::clone(&self.http);
        answer(async move { registry_changes::create_model(&http, &model).await })
    }

    fn rename_registered_model(&self, name: &str, new_name: &str) -> Answer<RegisteredModel> {
        let (http, name, new_name) = (Arc::clone(&self.http), name.to_owned(), new_name.to_owned());
        answer(async move { registry_changes::rename_model(&http, &name, &new_name).await })
    }

    fn update_registered_model(&self, name: &str, description: &str) -> Answer<RegisteredModel> {
        let (http, name, description) = (Arc::clone(&self.http), name.to_owned(), description.to_owned());
        answer(async move { registry_changes::update_model(&http, &name, &description).await })
    }

    fn delete_registered_model(&self, name: &str) -> Answer<()> {
        let (http, name) = (Arc::clone(&self.http), name.to_owned());
        answer(async move { registry_changes::delete_model(&http, &name).await })
    }

    fn set_registered_model_tag(&self, name: &str, key: &str, value: &str) -> Answer<()> {
        let http = Arc::clone(&self.http);
        let (name, key, value) = (name.to_owned(), key.to_owned(), value.to_owned());
        answer(async move { registry_changes::set_model_tag(&http, &name, &key, &value).await })
    }

    fn delete_registered_model_tag(&self, name: &str, key: &str) -> Answer<()> {
        let (http, name, key) = (Arc::clone(&self.http), name.to_owned(), key.to_owned());
        answer(async move { registry_changes::delete_model_tag(&http, &name, &key).await })
    }

    fn create_model_version(&self, version: NewVersion) -> Answer<ModelVersion> {
        let http = Arc::clone(&self.http);
        answer(async move { registry_changes::create_version(&http, &version).await })
    }

    fn copy_model_version(&self, name: &str, version: VersionNumber, to: &str) -> Answer<ModelVersion> {
        let (http, name, to) = (Arc::clone(&self.http), name.to_owned(), to.to_owned());
        answer(async move { registry_changes::copy_version(&http, &name, version, &to).await })
    }

    fn delete_model_version(&self, name: &str, version: VersionNumber) -> Answer<()> {
        let (http, name) = (Arc::clone(&self.http), name.to_owned());
        answer(async move { registry_changes::delete_version(&http, &name, version).await })
    }

    fn list_webhooks(&self) -> Answer<Vec<Webhook>> {
        let http = Arc::clone(&self.http);
        answer(async move { webhooks::list(&http).await })
    }

    fn set_registered_model_alias(&self, name: &str, alias: &str, version: VersionNumber) -> Answer<()> {
        let (http, name, alias) = (Arc::clone(&self.http), name.to_owned(), alias.to_owned());
        answer(async move { registry_changes::set_alias(&http, &name, &alias, version).await })
    }

    fn delete_registered_model_alias(&self, name: &str, alias: &str) -> Answer<()> {
        let (http, name, alias) = (Arc::clone(&self.http), name.to_owned(), alias.to_owned());
        answer(async move { registry_changes::delete_alias(&http, &name, &alias).await })
    }

    fn update_model_version(
        &self,
        name: &str,
        version: VersionNumber,
        description: &str,
    ) -> Answer<ModelVersion> {
        let (http, name, description) = (Arc::clone(&self.http), name.to_owned(), description.to_owned());
        answer(async move { registry_changes::update_version(&http, &name, version, &description).await })
    }

    fn set_model_version_tag(
        &self,
        name: &str,
        version: VersionNumber,
        key: &str,
        value: &str,
    ) -> Answer<()> {
        let http = Arc::clone(&self.http);
        let (name, key, value) = (name.to_owned(), key.to_owned(), value.to_owned());
        answer(async move { registry_changes::set_version_tag(&http, &name, version, &key, &value).await })
    }

    fn delete_model_version_tag(&self, name: &str, version: VersionNumber, key: &str) -> Answer<()> {
        let (http, name, key) = (Arc::clone(&self.http), name.to_owned(), key.to_owned());
        answer(async move { registry_changes::delete_version_tag(&http, &name, version, &key).await })
    }

    fn get_logged_model(&self, model_id: &str) -> Answer<LoggedModel> {
        let (http, model_id) = (Arc::clone(&self.http), model_id.to_owned());
        answer(async move { logged_models::get(&http, &model_id).await })
    }

    fn in_workspace(&self, workspace: &str) -> Answer<Arc<dyn Store>> {
        let (http, info, workspace) = (Arc::clone(&self.http), Arc::clone(&self.info), workspace.to_owned());
        answer(async move {
            let http = http.in_workspace(&workspace)?;
            prove(&http).await?;
            let info = StoreInfo { workspace: Some(workspace), ..(*info).clone() };
            Ok(Arc::new(Self::new(http, info)) as Arc<dyn Store>)
        })
    }

    fn serving_endpoints(&self) -> Answer<Vec<ServingEndpoint>> {
        let (http, info) = (Arc::clone(&self.http), Arc::clone(&self.info));
        answer(async move {
            if !info.serves_endpoints {
                return Err(no_serving());
            }
            serving::list(&http).await
        })
    }

    fn endpoint_login(&self) -> Answer<EndpointLogin> {
        let (http, info) = (Arc::clone(&self.http), Arc::clone(&self.info));
        answer(async move {
            if !info.serves_endpoints {
                return Err(no_serving());
            }
            let token = http.bearer().await?.ok_or_else(|| TrackingError::Databricks {
                what: "Serving endpoints want a token, and this login is none".to_owned(),
            });
            token.map(|(token, until)| EndpointLogin { host: http.uri().to_string(), token, until })
        })
    }

    fn list_artifacts(&self, root: &ArtifactRoot, path: &str) -> Answer<Vec<FileInfo>> {
        let (http, root, path) = (Arc::clone(&self.http), root.clone(), path.to_owned());
        answer(async move { artifacts::list(&http, &root, &path).await })
    }

    fn read_artifact(&self, root: &ArtifactRoot, path: &str, limit: Option<u64>) -> Answer<ArtifactBody> {
        let (http, root, path) = (Arc::clone(&self.http), root.clone(), path.to_owned());
        answer(async move { artifacts::read(http, &root, &path, limit).await })
    }

    fn search_traces(&self, query: TraceQuery) -> PageStream<TraceInfo> {
        traces::search(&self.http, query)
    }

    fn get_trace(&self, trace_id: &str) -> Answer<Trace> {
        let (http, trace_id) = (Arc::clone(&self.http), trace_id.to_owned());
        answer(async move { traces::get(&http, &trace_id).await })
    }

    fn log_feedback(&self, feedback: NewFeedback) -> Answer<Assessment> {
        let http = Arc::clone(&self.http);
        answer(async move { traces::log_feedback(&http, &feedback).await })
    }
}

fn answer<T>(future: impl Future<Output = Result<T, TrackingError>> + Send + 'static) -> Answer<T> {
    Box::pin(future)
}
