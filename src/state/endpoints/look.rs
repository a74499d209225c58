//! Finding out which version answers: traces first, then what the endpoint says of itself, then a question to it.

use std::sync::Arc;

use futures_util::StreamExt as _;

use super::profile::{Bound, BoundTo, Moved};
use super::question::{self, not_read};
use super::verdict::{Answers, Evidence, Seen, Why, judge};
use crate::agent::{CustomInputs, Endpoint, Health};
use crate::entities::{TraceInfo, VersionNumber, trace_key};
use crate::state::Tasks;
use crate::state::chat::SharedClient;
use crate::tracking::{Store, TraceQuery, TrackingError, VersionQuery};

/// Versions whose traces are looked for: where the alias was and is, and where the others are.
const MOST_VERSIONS: usize = 8;
/// Pages of versions that are looked through for a logged model.
const MOST_PAGES: usize = 5;

/// What is to be found out.
#[derive(Clone)]
pub(super) struct Inquiry {
    pub store: Arc<dyn Store>,
    pub client: SharedClient,
    /// With the token that may be sent.
    pub endpoint: Endpoint,
    pub bound: Bound,
    pub moved: Moved,
    /// Other aliases and versions of the model that endpoints of their own serve.
    pub others: Vec<BoundTo>,
}

/// Versions by their logged models.
pub(super) struct Versions {
    known: Vec<(VersionNumber, String)>,
    shared: Vec<VersionNumber>,
}

impl Versions {
    /// Versions with their logged models.
    pub(super) fn known(&self) -> &[(VersionNumber, String)] {
        &self.known
    }

    /// Whether another endpoint may answer as this version.
    pub(super) fn is_shared(&self, version: VersionNumber) -> bool {
        self.shared.contains(&version)
    }

    fn of(&self, model_id: &str) -> Option<VersionNumber> {
        self.known.iter().find(|(_, id)| id == model_id).map(|(version, _)| *version)
    }
}

impl Inquiry {
    /// Looks without running the agent. Only reads.
    pub(super) async fn look(&self) -> Answers {
        let probe = self.client.clone().probe(self.endpoint.clone()).await;
        let named = match probe.health {
            Health::Down(error) => return Answers::Down(error.to_string()),
            Health::NotAModelServer { what } => return Answers::Down(what),
            Health::AgentServer { model, .. } => model,
            _ => None,
        };
        let by_traces = self.by_traces().await.unwrap_or_else(|error| not_read(&error));
        match (&by_traces, named) {
            (Answers::NotKnown(_), Some(named)) => self.by_name(&named).await.unwrap_or(by_traces),
            _ => by_traces,
        }
    }

    async fn by_traces(&self) -> Result<Answers, TrackingError> {
        let versions = self.versions().await?;
        if versions.known.is_empty() {
            return Ok(Answers::NotKnown(Why::NoLoggedModels));
        }
        let mut seen = Vec::new();
        for (version, model_id) in &versions.known {
            let query = TraceQuery { model_id: Some(model_id.clone()), ..TraceQuery::default() };
            // The first page is the newest.
            let Some(page) = self.store.search_traces(query).next().await else { continue };
            seen.extend(page?.into_iter().filter_map(|trace| {
                Some(Seen { at: trace.request_time?, version: *version, trace_id: trace.trace_id })
            }));
        }
        Ok(judge(seen, self.moved, &versions.shared))
    }

    /// The version that an endpoint names: `m-…`, `models:/m-…`, `models:/name/7`.
    async fn by_name(&self, named: &str) -> Option<Answers> {
        self.named(named).await.map(|version| Answers::As(version, Evidence::Info))
    }

    /// As [`Self::by_name`], the version alone.
    pub(super) async fn named(&self, named: &str) -> Option<VersionNumber> {
        let name = named.strip_prefix("models:/").unwrap_or(named);
        match name.rsplit_once('/') {
            Some((model, version)) if model == self.bound.model => version.parse().ok(),
            Some(_) => None,
            None => self.version_of(name).await.ok().flatten(),
        }
    }

    pub(super) async fn versions(&self) -> Result<Versions, TrackingError> {
        let model = self.store.get_registered_model(&self.bound.model).await?;
        let shared = self.others.iter().filter_map(|other| other.version_in(&model)).collect();
        let mut numbers = vec![self.moved.to];
        let elsewhere = model.aliases.iter().map(|alias| alias.version);
        for version in self.moved.from.into_iter().chain(elsewhere) {
            if !numbers.contains(&version) && numbers.len() < MOST_VERSIONS {
                numbers.push(version);
            }
        }
        let mut known = Vec::new();
        for number in numbers {
            match self.store.get_model_version(&self.bound.model, number).await {
                Ok(version) => known.extend(version.logged_model_id().map(|id| (number, id.to_owned()))),
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Versions { known, shared })
    }

    /// Which version a logged model is, among those that are likely, then among the newest.
    pub(super) async fn version_of(&self, model_id: &str) -> Result<Option<VersionNumber>, TrackingError> {
        if let Some(version) = self.versions().await?.of(model_id) {
            return Ok(Some(version));
        }
        let query = VersionQuery::OfModel { name: self.bound.model.clone(), prompt: false };
        let mut pages = self.store.search_model_versions(query).take(MOST_PAGES);
        while let Some(page) = pages.next().await {
            let found = page?.into_iter().find(|version| version.logged_model_id() == Some(model_id));
            if let Some(found) = found {
                return Ok(Some(found.version));
            }
        }
        Ok(None)
    }

    /// Asks the agent a short question and finds its trace. This runs the agent, once.
    pub(super) async fn ask(self, inputs: Option<CustomInputs>, tasks: Tasks) -> Answers {
        match question::ask(&*self.store, &self.client, self.endpoint.clone(), inputs, &tasks).await {
            Ok(trace) => self.by_asked(&trace).await.unwrap_or_else(|error| not_read(&error)),
            Err(answers) => answers,
        }
    }

    async fn by_asked(&self, trace: &TraceInfo) -> Result<Answers, TrackingError> {
        let Some(model_id) = trace.about(trace_key::MODEL_ID) else {
            return Ok(Answers::NotKnown(Why::Unnamed));
        };
        let version = self.version_of(model_id).await?;
        Ok(version.map_or(Answers::NotKnown(Why::Unnamed), |version| {
            Answers::As(version, Evidence::Asked(trace.trace_id.clone()))
        }))
    }
}
