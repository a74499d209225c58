//! A store that answers by a script, to drive a change through every branch.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use futures_util::StreamExt as _;

use crate::entities::{
    Alias, ArtifactRoot, Experiment, FileInfo, LoggedModel, Metric, ModelVersion, NewModel, NewVersion,
    RegisteredModel, Run, Tags, VersionNumber, Webhook,
};
use crate::tracking::{
    Answer, ArtifactBody, ErrorCode, ExperimentQuery, ModelQuery, PageStream, RunQuery, Store, StoreHealth,
    StoreInfo, TrackingError, VersionQuery,
};

/// What the next reading of the model finds.
#[derive(Clone, Debug)]
pub enum Reading {
    /// The alias is here, or nowhere.
    At(Option<VersionNumber>),
    /// It fails.
    Fails(TrackingError),
}

/// What becomes of a write.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is refused.
    Refused(TrackingError),
    /// It takes effect, and its answer is lost.
    LostAfter,
    /// It is lost on its way.
    LostBefore,
    /// It takes effect, and at once somebody else sets the alias to this version.
    Overtaken(VersionNumber),
}

/// Aliases by model and name, and where they are.
pub type Aliases = BTreeMap<(String, String), VersionNumber>;

/// Aliases that really move.
#[derive(Debug, Default)]
struct Live {
    aliases: Aliases,
    faults: BTreeMap<usize, Fault>,
    tags: BTreeMap<VersionNumber, Tags>,
    writes: Vec<(String, String, Option<VersionNumber>)>,
}

/// Answers readings in order, the last one again and again, and notes what was written.
#[derive(Debug)]
pub struct FakeStore {
    readings: Mutex<VecDeque<Reading>>,
    version: Result<(), TrackingError>,
    write: Result<(), TrackingError>,
    writes: Mutex<Vec<Option<VersionNumber>>>,
    live: Option<Mutex<Live>>,
}

impl FakeStore {
    /// Every write and every version is fine.
    pub fn new(readings: impl IntoIterator<Item = Reading>) -> Self {
        Self {
            readings: Mutex::new(readings.into_iter().collect()),
            version: Ok(()),
            write: Ok(()),
            writes: Mutex::default(),
            live: None,
        }
    }

    /// Its aliases are where they are put.
    pub fn live(aliases: &[(&str, &str, VersionNumber)]) -> Self {
        let at = |&(model, alias, version): &(&str, &str, _)| ((model.into(), alias.into()), version);
        let live = Live { aliases: aliases.iter().map(at).collect(), ..Live::default() };
        Self { live: Some(Mutex::new(live)), ..Self::new([]) }
    }

    /// The write of this number, from 0, has this fault.
    pub fn with_fault(mut self, at: usize, fault: Fault) -> Self {
        if let Some(live) = &mut self.live {
            live.get_mut().unwrap().faults.insert(at, fault);
        }
        self
    }

    /// A version of every model has this tag.
    pub fn with_tag(mut self, version: VersionNumber, key: &str, value: &str) -> Self {
        if let Some(live) = &mut self.live {
            live.get_mut().unwrap().tags.entry(version).or_default().insert(key.into(), value.into());
        }
        self
    }

    /// Where the aliases are.
    pub fn aliases(&self) -> Aliases {
        self.live.as_ref().unwrap().lock().unwrap().aliases.clone()
    }

    /// Somebody else moves an alias.
    pub fn moved(&self, model: &str, alias: &str, to: VersionNumber) {
        self.live.as_ref().unwrap().lock().unwrap().aliases.insert((model.into(), alias.into()), to);
    }

    /// What was written, with the model and the alias.
    pub fn live_writes(&self) -> Vec<(String, String, Option<VersionNumber>)> {
        self.live.as_ref().unwrap().lock().unwrap().writes.clone()
    }

    /// Writes are answered so.
    pub fn writing(self, write: Result<(), TrackingError>) -> Self {
        Self { write, ..self }
    }

    /// Versions are answered so.
    pub fn with_version(self, version: Result<(), TrackingError>) -> Self {
        Self { version, ..self }
    }

    /// What was written: where the alias was set, `None` for a deletion.
    pub fn writes(&self) -> Vec<Option<VersionNumber>> {
        self.writes.lock().unwrap().clone()
    }

    fn written(&self, model: &str, alias: &str, to: Option<VersionNumber>) -> Answer<()> {
        if let Some(live) = &self.live {
            return answer(live.lock().unwrap().write((model.into(), alias.into()), to));
        }
        self.writes.lock().unwrap().push(to);
        answer(self.write.clone())
    }
}

impl Live {
    fn write(&mut self, at: (String, String), to: Option<VersionNumber>) -> Result<(), TrackingError> {
        let fault = self.faults.remove(&self.writes.len());
        self.writes.push((at.0.clone(), at.1.clone(), to));
        match fault {
            Some(Fault::Refused(error)) => return Err(error),
            Some(Fault::LostBefore) => return Err(TrackingError::OutcomeUnknown { reason: "cut".into() }),
            _ => {}
        }
        match to {
            Some(to) => self.aliases.insert(at.clone(), to),
            None => self.aliases.remove(&at),
        };
        match fault {
            Some(Fault::LostAfter) => Err(TrackingError::OutcomeUnknown { reason: "cut".into() }),
            Some(Fault::Overtaken(version)) => {
                self.aliases.insert(at, version);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn model(&self, name: &str) -> RegisteredModel {
        let mine = self.aliases.iter().filter(|((model, _), _)| model == name);
        let aliases = mine.map(|((_, alias), &version)| Alias { alias: alias.clone(), version }).collect();
        RegisteredModel { name: name.into(), aliases, ..Default::default() }
    }
}

/// `RESOURCE_DOES_NOT_EXIST`
pub fn not_found() -> TrackingError {
    TrackingError::Mlflow { code: ErrorCode::ResourceDoesNotExist, message: "not found".into(), status: 404 }
}

fn answer<T: Send + 'static>(result: Result<T, TrackingError>) -> Answer<T> {
    async move { result }.boxed()
}

fn none<T>() -> Result<T, TrackingError> {
    Err(not_found())
}

fn no_pages<T: Send + 'static>() -> PageStream<T> {
    futures_util::stream::empty().boxed()
}

impl Store for FakeStore {
    fn info(&self) -> Arc<StoreInfo> {
        Arc::new(StoreInfo::default())
    }
    fn health(&self) -> StoreHealth {
        StoreHealth::default()
    }
    fn search_experiments(&self, _query: ExperimentQuery) -> PageStream<Experiment> {
        no_pages()
    }
    fn get_experiment(&self, _experiment_id: &str) -> Answer<Experiment> {
        answer(none())
    }
    fn search_runs(&self, _query: RunQuery) -> PageStream<Run> {
        no_pages()
    }
    fn get_run(&self, _run_id: &str) -> Answer<Run> {
        answer(none())
    }
    fn metric_history(&self, _run_id: &str, _metric_key: &str) -> PageStream<Metric> {
        no_pages()
    }
    fn search_registered_models(&self, _query: ModelQuery) -> PageStream<RegisteredModel> {
        no_pages()
    }
    fn get_registered_model(&self, name: &str) -> Answer<RegisteredModel> {
        if let Some(live) = &self.live {
            return answer(Ok(live.lock().unwrap().model(name)));
        }
        let mut readings = self.readings.lock().unwrap();
        let reading = if readings.len() > 1 { readings.pop_front() } else { readings.front().cloned() };
        let name = name.to_owned();
        answer(match reading.unwrap() {
            Reading::At(at) => {
                let alias = |version| Alias { alias: "prod".into(), version };
                Ok(RegisteredModel {
                    name,
                    aliases: at.map(alias).into_iter().collect(),
                    ..Default::default()
                })
            }
            Reading::Fails(error) => Err(error),
        })
    }
    fn search_model_versions(&self, _query: VersionQuery) -> PageStream<ModelVersion> {
        no_pages()
    }
    fn get_model_version(&self, name: &str, version: VersionNumber) -> Answer<ModelVersion> {
        let name = name.to_owned();
        let live = self.live.as_ref().and_then(|live| live.lock().unwrap().tags.get(&version).cloned());
        let tags = live.unwrap_or_default();
        answer(self.version.clone().map(|()| ModelVersion { name, version, tags, ..Default::default() }))
    }
    fn create_registered_model(&self, _model: NewModel) -> Answer<RegisteredModel> {
        answer(none())
    }
    fn rename_registered_model(&self, _name: &str, _new_name: &str) -> Answer<RegisteredModel> {
        answer(none())
    }
    fn update_registered_model(&self, _name: &str, _description: &str) -> Answer<RegisteredModel> {
        answer(none())
    }
    fn delete_registered_model(&self, _name: &str) -> Answer<()> {
        answer(none())
    }
    fn set_registered_model_tag(&self, _name: &str, _key: &str, _value: &str) -> Answer<()> {
        answer(none())
    }
    fn delete_registered_model_tag(&self, _name: &str, _key: &str) -> Answer<()> {
        answer(none())
    }
    fn create_model_version(&self, _version: NewVersion) -> Answer<ModelVersion> {
        answer(none())
    }
    fn copy_model_version(&self, _name: &str, _version: VersionNumber, _to: &str) -> Answer<ModelVersion> {
        answer(none())
    }
    fn delete_model_version(&self, _name: &str, _version: VersionNumber) -> Answer<()> {
        answer(none())
    }
    fn list_webhooks(&self) -> Answer<Vec<Webhook>> {
        answer(none())
    }
    fn set_registered_model_alias(&self, name: &str, alias: &str, version: VersionNumber) -> Answer<()> {
        self.written(name, alias, Some(version))
    }
    fn delete_registered_model_alias(&self, name: &str, alias: &str) -> Answer<()> {
        self.written(name, alias, None)
    }
    fn update_model_version(
        &self,
        _name: &str,
        _version: VersionNumber,
        _description: &str,
    ) -> Answer<ModelVersion> {
        answer(none())
    }
    fn set_model_version_tag(
        &self,
        _name: &str,
        _version: VersionNumber,
        _key: &str,
        _value: &str,
    ) -> Answer<()> {
        answer(none())
    }
    fn delete_model_version_tag(&self, _name: &str, _version: VersionNumber, _key: &str) -> Answer<()> {
        answer(none())
    }
    fn get_logged_model(&self, _model_id: &str) -> Answer<LoggedModel> {
        answer(none())
    }
    fn list_artifacts(&self, _root: &ArtifactRoot, _path: &str) -> Answer<Vec<FileInfo>> {
        answer(none())
    }
    fn read_artifact(&self, _root: &ArtifactRoot, _path: &str, _limit: Option<u64>) -> Answer<ArtifactBody> {
        answer(none())
    }
}
