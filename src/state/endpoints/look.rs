//! Finding out which version answers: traces first, then what the endpoint says of itself, then a question to it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;

use super::profile::{Bound, Moved};
use super::verdict::{Answers, Evidence, Seen, Why, judge};
use crate::agent::wire::InputItem;
use crate::agent::{AgentError, CustomInputs, Endpoint, Health, Payload, TurnEvent};
use crate::entities::{TraceInfo, VersionNumber, trace_key};
use crate::state::chat::SharedClient;
use crate::state::{Tasks, format};
use crate::tracking::{Store, TraceQuery, TrackingError, VersionQuery};

/// Versions whose traces are looked for: where the alias was and is, and where the others are.
const MOST_VERSIONS: usize = 8;
/// Pages of versions that are looked through for a logged model.
const MOST_PAGES: usize = 5;
/// The key in `custom_inputs` that marks a question.
const MARKER: &str = "flowdeck_check";
/// Pauses before the trace of a question is looked for: agents send them a few seconds later.
const PAUSES: [u64; 6] = [1, 2, 3, 5, 8, 15];
/// Clocks of servers differ by so much, in milliseconds.
const SKEW: i64 = 5 * 60 * 1000;

/// What is to be found out.
#[derive(Clone)]
pub(super) struct Inquiry {
    pub store: Arc<dyn Store>,
    pub client: SharedClient,
    /// With the token that may be sent.
    pub endpoint: Endpoint,
    pub bound: Bound,
    pub moved: Moved,
    /// Other aliases of the model that endpoints of their own serve.
    pub others: Vec<String>,
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
        let at = |alias: &String| model.alias(alias);
        let shared = self.others.iter().filter_map(at).collect();
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
        let asked = format::now();
        let marker = format!("{asked:x}-{:x}", std::process::id());
        let client = match self.client.get() {
            Ok(client) => client,
            Err(error) => return Answers::NotKnown(Why::Failed(error.to_string())),
        };
        let words = format!("Which version are you? One word is enough. (Flowdeck check {marker})");
        let inputs = inputs.unwrap_or_default().with(MARKER, &marker);
        let mut payload = Payload::new(vec![InputItem::user(&words.into())]).with_custom_inputs(Some(inputs));
        payload.stream = false;
        let wake = Arc::new(|| {});
        let mut turn = client.send(tasks.runtime(), self.endpoint.clone(), &payload, wake);
        let report = loop {
            match turn.next().await {
                Some(TurnEvent::Done(report)) => break report,
                Some(_) => {}
                None => return Answers::NotKnown(Why::Failed("the answer was lost".to_owned())),
            }
        };
        if let Some(error) = report.error.as_ref().filter(|error| is_unreachable(error)) {
            return Answers::Down(error.to_string());
        }
        // An agent that failed has made a trace all the same.
        let failed = report.error.as_ref().map(|error| Why::Failed(error.to_string()));
        let named = report.transcript.trace_id.clone();
        match self.trace_of(named.as_deref(), &marker, asked).await {
            Ok(Some(trace)) => self.by_asked(&trace).await.unwrap_or_else(|error| not_read(&error)),
            Ok(None) => Answers::NotKnown(failed.unwrap_or(Why::Untraced)),
            Err(error) => not_read(&error),
        }
    }

    /// The trace of a question, as soon as it is there.
    pub(super) async fn trace_of(
        &self,
        named: Option<&str>,
        marker: &str,
        asked: i64,
    ) -> Result<Option<TraceInfo>, TrackingError> {
        let mut failure = None;
        for pause in PAUSES {
            tokio::time::sleep(Duration::from_secs(pause)).await;
            let found = match named {
                Some(id) => self.store.get_trace(id).await.map(|trace| Some(trace.info)),
                None => self.newest_with(marker, asked).await,
            };
            match found {
                Ok(Some(trace)) => return Ok(Some(trace)),
                Ok(None) => failure = None,
                Err(error) if error.is_not_found() => failure = None,
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(None), Err)
    }

    async fn newest_with(&self, marker: &str, asked: i64) -> Result<Option<TraceInfo>, TrackingError> {
        let mut pages = self.store.search_traces(TraceQuery::default()).take(MOST_PAGES);
        while let Some(page) = pages.next().await {
            let page = page?;
            let older = |trace: &TraceInfo| trace.request_time.is_some_and(|at| at < asked - SKEW);
            let all_seen = page.last().is_none_or(older);
            if let Some(found) = page.into_iter().find(|trace| is_marked(trace, marker)) {
                return Ok(Some(found));
            }
            if all_seen {
                break;
            }
        }
        Ok(None)
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

fn is_unreachable(error: &AgentError) -> bool {
    matches!(error, AgentError::Refused { .. } | AgentError::Dns { .. } | AgentError::Connect { .. })
}

fn is_marked(trace: &TraceInfo, marker: &str) -> bool {
    trace.request_preview.contains(marker)
        || trace.about(trace_key::INPUTS).is_some_and(|inputs| inputs.contains(marker))
}

fn not_read(error: &TrackingError) -> Answers {
    Answers::NotKnown(Why::NotRead(error.to_string()))
}
