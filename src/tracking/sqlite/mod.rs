//! MLflow's SQL store in a SQLite file, opened without a server: schemas of MLflow 2.x and 3.x.
//!
//! Everything that touches the file runs on blocking threads, in short transactions (see [`database`]).

mod artifacts;
mod assessments;
mod changes;
mod database;
mod datasets;
mod experiments;
mod failure;
mod filter;
pub(in crate::tracking) mod location;
mod logged_models;
mod names;
mod order;
mod pages;
mod registry;
mod row;
mod rules;
mod runs;
mod schema;
mod traces;
mod watch;
mod webhooks;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};

use crate::entities::{
    ArtifactRoot, Assessment, DatasetRecord, EvaluationDataset, Experiment, FileInfo, LoggedModel, Metric,
    Millis, ModelVersion, Named, NewFeedback, NewModel, NewRun, NewVersion, RegisteredModel, Run, RunBatch,
    RunInfo, RunStatus, Trace, TraceInfo, VersionNumber, Webhook,
};
use crate::tracking::{
    Answer, ArtifactBody, DatasetQuery, ExperimentQuery, ModelQuery, NameQuery, PageStream, RunQuery, Store,
    StoreHealth, StoreInfo, TraceQuery, TrackingError, VersionQuery,
};
use database::{AtomicFlag, Database, Session};
use failure::Failure;

/// Values of a metric's history that are handed over at once.
const HISTORY_PAGE: usize = 25_000;

/// The workspace that MLflow uses if it is not told otherwise.
pub(in crate::tracking) const DEFAULT_WORKSPACE: &str = "default";

/// A store in a file.
#[derive(Debug)]
pub(in crate::tracking) struct SqliteStore {
    database: Arc<Database>,
    info: Arc<StoreInfo>,
}

/// Opens a database file: finds out whether it is a store of MLflow, and what may be done with it. Writes nothing.
pub(in crate::tracking) fn open(file: PathBuf, workspace: Option<String>) -> Answer<Arc<dyn Store>> {
    Box::pin(async move {
        let store = blocking(move || SqliteStore::open(file, workspace, None)).await?;
        Ok(Arc::new(store) as Arc<dyn Store>)
    })
}

/// [`open`] for a scratch copy of the sample workspace.
pub(in crate::tracking) fn open_sample(file: PathBuf) -> Answer<Arc<dyn Store>> {
    Box::pin(async move {
        let mut store = blocking(move || SqliteStore::open(file, None, None)).await?;
        let info = StoreInfo { label: "Sample workspace".to_owned(), sample: true, ..(*store.info).clone() };
        store.info = Arc::new(info);
        Ok(Arc::new(store) as Arc<dyn Store>)
    })
}

impl SqliteStore {
    fn open(
        file: PathBuf,
        workspace: Option<String>,
        patience: Option<Duration>,
    ) -> Result<Self, TrackingError> {
        let workspace = workspace.unwrap_or_else(|| DEFAULT_WORKSPACE.to_owned());
        let database = Database::open(file, workspace.clone(), patience)?;
        let protected = write_protection(database.path());
        let (newer, workspaces) = database.read(&AtomicFlag::default(), |session| {
            let newer = session.schema.unknown_revision().map(str::to_owned);
            Ok((newer, experiments::workspaces(session)?))
        })?;
        if workspace != DEFAULT_WORKSPACE && !workspaces.contains(&workspace) {
            return Err(TrackingError::Local {
                what: format!("{} has no workspace {workspace}", database.label()),
            });
        }
        let can_write = newer.is_none() && protected.is_none();
        let note = newer.map(|revision| {
            let revision: String = revision.chars().take(40).collect();
            format!("Read-only: {} (schema {revision})", database::NEWER)
        });
        let note = note.or_else(|| protected.map(|reason| format!("Read-only: {reason}")));
        let info = StoreInfo {
            label: database.label().to_owned(),
            uri: location::tracking_uri(database.path()),
            user: None,
            server_version: None,
            insecure_tls: false,
            can_write,
            calls_webhooks: false,
            // Stores from before workspaces have none, new ones that they are not used in but one.
            workspace: (workspaces.len() > 1).then_some(workspace),
            workspaces: if workspaces.len() > 1 { workspaces } else { Vec::new() },
            note,
            serves_endpoints: false,
            sample: false,
        };
        Ok(Self { database: Arc::new(database), info: Arc::new(info) })
    }

    /// Reads in one transaction on a blocking thread. Dropping the answer ends the read.
    fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Session<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Answer<T> {
        read(Arc::clone(&self.database), work)
    }

    fn read_page<T: Send + 'static>(
        &self,
        work: impl Fn(&Session<'_>) -> Result<Vec<T>, Failure> + Send + 'static,
    ) -> PageStream<T> {
        let page = self.read(work);
        let not_empty = |page: &Result<Vec<T>, TrackingError>| !page.as_ref().is_ok_and(Vec::is_empty);
        stream::once(page).filter(move |page| std::future::ready(not_empty(page))).boxed()
    }

    /// Writes on a blocking thread, to the end even if the answer is dropped.
    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, TrackingError> + Send + 'static,
    ) -> Answer<T> {
        let database = Arc::clone(&self.database);
        Box::pin(blocking(move || work(&database)))
    }
}

/// Why the file cannot be written, as far as permissions tell.
fn write_protection(file: &std::path::Path) -> Option<&'static str> {
    let protected = |path: &std::path::Path| {
        std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().readonly())
    };
    if protected(file) {
        return Some("the file is write-protected");
    }
    // SQLite keeps a journal beside the file while it writes.
    file.parent().is_some_and(protected).then_some("its folder is write-protected")
}

/// Runs work on a thread where it may block.
pub(in crate::tracking) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TrackingError> + Send + 'static,
) -> Result<T, TrackingError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_lost| TrackingError::Local { what: "The work ended without an answer".to_owned() })?
}

fn read<T: Send + 'static>(
    database: Arc<Database>,
    work: impl Fn(&Session<'_>) -> Result<T, Failure> + Send + 'static,
) -> Answer<T> {
    /// Ends the read when nobody waits for it any more.
    struct Cancel(AtomicFlag);
    impl Drop for Cancel {
        fn drop(&mut self) {
            self.0.set();
        }
    }
    Box::pin(async move {
        let cancelled = AtomicFlag::default();
        let _cancel = Cancel(cancelled.clone());
        blocking(move || database.read(&cancelled, work)).await
    })
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Store for SqliteStore {
    fn info(&self) -> Arc<StoreInfo> {
        Arc::clone(&self.info)
    }

    fn health(&self) -> StoreHealth {
        self.database.health()
    }

    fn search_experiments(&self, query: ExperimentQuery) -> PageStream<Experiment> {
        self.read_page(move |session| experiments::search(session, query.view_type))
    }

    fn get_experiment(&self, experiment_id: &str) -> Answer<Experiment> {
        let experiment_id = experiment_id.to_owned();
        self.read(move |session| experiments::get(session, &experiment_id))
    }

    fn search_runs(&self, query: RunQuery) -> PageStream<Run> {
        pages::runs(Arc::clone(&self.database), query)
    }

    fn find_by_name(&self, query: NameQuery) -> Answer<Vec<Named>> {
        self.read(move |session| names::find(session, &query))
    }

    fn get_run(&self, run_id: &str) -> Answer<Run> {
        let run_id = run_id.to_owned();
        self.read(move |session| runs::get(session, &run_id))
    }

    fn metric_history(&self, run_id: &str, metric_key: &str) -> PageStream<Metric> {
        let (run_id, metric_key) = (run_id.to_owned(), metric_key.to_owned());
        let history = self.read(move |session| runs::history(session, &run_id, &metric_key));
        let pages = stream::once(history).flat_map(|history| {
            let pages: Vec<_> = match history {
                Ok(history) => history.chunks(HISTORY_PAGE).map(|page| Ok(page.to_vec())).collect(),
                Err(error) => vec![Err(error)],
            };
            stream::iter(pages)
        });
        pages.boxed()
    }

    fn create_run(&self, run: NewRun) -> Answer<Run> {
        self.write(move |database| changes::runs::create(database, &run))
    }

    fn log_batch(&self, run_id: &str, batch: RunBatch) -> Answer<()> {
        let run_id = run_id.to_owned();
        self.write(move |database| changes::runs::log_batch(database, &run_id, &batch))
    }

    fn upload_artifact(&self, run: &RunInfo, path: &str, content: Bytes) -> Answer<()> {
        let (uri, path) = (run.artifact_uri.clone(), path.to_owned());
        self.write(move |database| artifacts::upload(&uri, &path, &content, database.path()))
    }

    fn end_run(&self, run_id: &str, status: RunStatus, end_time: Millis) -> Answer<()> {
        let run_id = run_id.to_owned();
        self.write(move |database| changes::runs::end(database, &run_id, status, end_time))
    }

    fn search_evaluation_datasets(&self, query: DatasetQuery) -> PageStream<EvaluationDataset> {
        self.read_page(move |session| datasets::search(session, &query))
    }

    fn evaluation_dataset_experiments(&self, dataset_id: &str) -> Answer<Vec<String>> {
        let dataset_id = dataset_id.to_owned();
        self.read(move |session| datasets::experiments(session, &dataset_id))
    }

    fn evaluation_dataset_records(&self, dataset_id: &str) -> PageStream<DatasetRecord> {
        pages::records(Arc::clone(&self.database), dataset_id.to_owned())
    }

    fn search_registered_models(&self, query: ModelQuery) -> PageStream<RegisteredModel> {
        self.read_page(move |session| registry::search_models(session, query))
    }

    fn get_registered_model(&self, name: &str) -> Answer<RegisteredModel> {
        let name = name.to_owned();
        self.read(move |session| registry::get_model(session, &name))
    }

    fn search_model_versions(&self, query: VersionQuery) -> PageStream<ModelVersion> {
        pages::versions(Arc::clone(&self.database), query)
    }

    fn get_model_version(&self, name: &str, version: VersionNumber) -> Answer<ModelVersion> {
        let name = name.to_owned();
        self.read(move |session| registry::get_version(session, &name, version))
    }

    fn create_registered_model(&self, model: NewModel) -> Answer<RegisteredModel> {
        self.write(move |database| changes::models::create(database, &model, now()))
    }

    fn rename_registered_model(&self, name: &str, new_name: &str) -> Answer<RegisteredModel> {
        let (name, new_name) = (name.to_owned(), new_name.to_owned());
        self.write(move |database| changes::models::rename(database, &name, &new_name, now()))
    }

    fn update_registered_model(&self, name: &str, description: &str) -> Answer<RegisteredModel> {
        let (name, description) = (name.to_owned(), description.to_owned());
        self.write(move |database| changes::models::update(database, &name, &description, now()))
    }

    fn delete_registered_model(&self, name: &str) -> Answer<()> {
        let name = name.to_owned();
        self.write(move |database| changes::models::delete(database, &name))
    }

    fn set_registered_model_tag(&self, name: &str, key: &str, value: &str) -> Answer<()> {
        let (name, key, value) = (name.to_owned(), key.to_owned(), value.to_owned());
        self.write(move |database| changes::models::set_tag(database, &name, &key, &value))
    }

    fn delete_registered_model_tag(&self, name: &str, key: &str) -> Answer<()> {
        let (name, key) = (name.to_owned(), key.to_owned());
        self.write(move |database| changes::models::delete_tag(database, &name, &key))
    }

    fn create_model_version(&self, version: NewVersion) -> Answer<ModelVersion> {
        self.write(move |database| changes::versions::create(database, &version, now()))
    }

    fn copy_model_version(&self, name: &str, version: VersionNumber, to: &str) -> Answer<ModelVersion> {
        let (name, to) = (name.to_owned(), to.to_owned());
        self.write(move |database| changes::versions::copy(database, &name, version, &to, now()))
    }

    fn delete_model_version(&self, name: &str, version: VersionNumber) -> Answer<()> {
        let name = name.to_owned();
        self.write(move |database| changes::versions::delete(database, &name, version, now()))
    }

    fn list_webhooks(&self) -> Answer<Vec<Webhook>> {
        self.read(webhooks::list)
    }

    fn set_registered_model_alias(&self, name: &str, alias: &str, version: VersionNumber) -> Answer<()> {
        let (name, alias) = (name.to_owned(), alias.to_owned());
        self.write(move |database| changes::set_alias(database, &name, &alias, version))
    }

    fn delete_registered_model_alias(&self, name: &str, alias: &str) -> Answer<()> {
        let (name, alias) = (name.to_owned(), alias.to_owned());
        self.write(move |database| changes::delete_alias(database, &name, &alias))
    }

    fn update_model_version(
        &self,
        name: &str,
        version: VersionNumber,
        description: &str,
    ) -> Answer<ModelVersion> {
        let (name, description) = (name.to_owned(), description.to_owned());
        self.write(move |database| changes::update_version(database, &name, version, &description, now()))
    }

    fn set_model_version_tag(
        &self,
        name: &str,
        version: VersionNumber,
        key: &str,
        value: &str,
    ) -> Answer<()> {
        let (name, key, value) = (name.to_owned(), key.to_owned(), value.to_owned());
        self.write(move |database| changes::set_version_tag(database, &name, version, &key, &value))
    }

    fn delete_model_version_tag(&self, name: &str, version: VersionNumber, key: &str) -> Answer<()> {
        let (name, key) = (name.to_owned(), key.to_owned());
        self.write(move |database| changes::delete_version_tag(database, &name, version, &key))
    }

    fn get_logged_model(&self, model_id: &str) -> Answer<LoggedModel> {
        let model_id = model_id.to_owned();
        self.read(move |session| logged_models::get(session, &model_id))
    }

    fn list_artifacts(&self, root: &ArtifactRoot, path: &str) -> Answer<Vec<FileInfo>> {
        let (root, path) = (root.clone(), path.to_owned());
        let root = self.read(move |session| artifacts::root(session, &root));
        let database = Arc::clone(&self.database);
        Box::pin(async move {
            let root = root.await?;
            blocking(move || artifacts::list(&root, database.path(), &path)).await
        })
    }

    fn read_artifact(&self, root: &ArtifactRoot, path: &str, limit: Option<u64>) -> Answer<ArtifactBody> {
        let (root, path) = (root.clone(), path.to_owned());
        let root = self.read(move |session| artifacts::root(session, &root));
        let database = Arc::clone(&self.database);
        Box::pin(async move {
            let root = root.await?;
            blocking(move || artifacts::read(&root, database.path(), &path, limit)).await
        })
    }

    fn in_workspace(&self, workspace: &str) -> Answer<Arc<dyn Store>> {
        open(self.database.path().to_owned(), Some(workspace.to_owned()))
    }

    fn search_traces(&self, query: TraceQuery) -> PageStream<TraceInfo> {
        pages::traces(Arc::clone(&self.database), query)
    }

    fn get_trace(&self, trace_id: &str) -> Answer<Trace> {
        let trace_id = trace_id.to_owned();
        let stored = self.read(move |session| traces::get(session, &trace_id));
        let database = Arc::clone(&self.database);
        Box::pin(async move { Ok(stored.await?.with_spans(database).await) })
    }

    fn log_feedback(&self, feedback: NewFeedback) -> Answer<Assessment> {
        self.write(move |database| assessments::log_feedback(database, &feedback, now()))
    }

    fn changes(&self) -> BoxStream<'static, u64> {
        watch::changes(Arc::clone(&self.database), None)
    }
}

#[cfg(test)]
mod tests;
