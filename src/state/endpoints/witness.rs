//! Which version an endpoint answers as, for who asks it many questions anyway: by its own word, or by the traces of
//! those questions.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;

use super::look::Inquiry;
use super::profile::{EndpointProfile, Moved};
use super::question;
use crate::agent::{Endpoint, Health};
use crate::entities::{Millis, TraceInfo, VersionNumber, trace_key};
use crate::state::chat::SharedClient;
use crate::state::settings::Settings;
use crate::tracking::{Store, TraceQuery, TrackingError};

/// Pauses before it is looked again for traces that are on their way, in seconds.
const PAUSES: [u64; 5] = [1, 2, 4, 8, 15];

/// Traces that are looked through.
const MOST_TRACES: usize = 10_000;

/// Finds out about one endpoint.
#[derive(Clone)]
pub(in crate::state) struct Witness(Inquiry);

/// A version, and the trace that says so.
pub(in crate::state) type ByTrace = (VersionNumber, String);

impl Witness {
    /// For an endpoint that is bound to an alias or a version on this store.
    pub(in crate::state) fn new(
        profile: &EndpointProfile,
        endpoint: &Endpoint,
        store: &Arc<dyn Store>,
        settings: &Settings,
        client: &SharedClient,
    ) -> Option<Self> {
        let bound = profile.bound.clone().filter(|bound| bound.server == store.info().settings_key())?;
        let others = settings.profiles.iter().filter(|other| other.serves_model(&bound.server, &bound.model));
        let others = others.filter_map(|other| other.bound.as_ref()).map(|bound| bound.to.clone());
        let others = others.filter(|other| *other != bound.to).collect();
        Some(Self(Inquiry {
            store: Arc::clone(store),
            client: client.clone(),
            endpoint: endpoint.clone(),
            bound,
            moved: Moved::default(),
            others,
        }))
    }

    /// What the endpoint says of itself, at `/agent/info`.
    pub(in crate::state) async fn own_word(&self) -> Option<VersionNumber> {
        let inquiry = self.now().await.ok()?;
        let probe = inquiry.client.clone().probe(inquiry.endpoint.clone()).await;
        let Health::AgentServer { model: Some(named), .. } = probe.health else { return None };
        inquiry.named(&named).await
    }

    /// The version that made a trace, as soon as the trace is there; `None` where it does not come, or names none.
    pub(in crate::state) async fn of_trace(&self, id: &str) -> Result<Option<VersionNumber>, TrackingError> {
        let inquiry = self.now().await?;
        let Some(trace) = question::trace_of(&*inquiry.store, Some(id), "", 0).await? else {
            return Ok(None);
        };
        let Some(model_id) = trace.about(trace_key::MODEL_ID) else { return Ok(None) };
        inquiry.version_of(model_id).await
    }

    /// The oldest and the newest trace of the model since then, if no other endpoint of it may have made them. Waits
    /// for as many as there were answers, half a minute at most: agents send them a few seconds later.
    pub(in crate::state) async fn since(
        &self,
        since: Millis,
        answers: usize,
    ) -> Result<Option<(ByTrace, ByTrace)>, TrackingError> {
        let mut found = self.seen_since(since).await?;
        for pause in PAUSES {
            if found.0 >= answers {
                break;
            }
            tokio::time::sleep(Duration::from_secs(pause)).await;
            found = self.seen_since(since).await?;
        }
        Ok(found.1)
    }

    /// How many traces there are since then, and the ends of them.
    async fn seen_since(&self, since: Millis) -> Result<(usize, Option<(ByTrace, ByTrace)>), TrackingError> {
        let inquiry = self.now().await?;
        let versions = inquiry.versions().await?;
        let mut seen = Vec::new();
        for (version, model_id) in versions.known() {
            let traces = traces_between(&*inquiry.store, Some(model_id), since, None).await?;
            let new = traces.into_iter().filter_map(|trace| Some((trace.request_time?, trace.trace_id)));
            seen.extend(new.map(|(at, id)| (at, *version, id)));
        }
        seen.sort();
        let shared = seen.iter().any(|(_, version, _)| versions.is_shared(*version));
        let ends = seen.first().zip(seen.last()).filter(|_| !shared);
        let ends = ends.map(|(first, last)| ((first.1, first.2.clone()), (last.1, last.2.clone())));
        Ok((seen.len(), ends))
    }

    /// The logged models (`m-…`) that it may answer as, and no other endpoint that is known.
    pub(super) async fn own_models(&self) -> Result<Vec<String>, TrackingError> {
        let versions = self.now().await?.versions().await?;
        let own = versions.known().iter().filter(|(version, _)| !versions.is_shared(*version));
        Ok(own.map(|(_, model_id)| model_id.clone()).collect())
    }

    /// With the version that it is bound to, or that the alias points at now, which is the likely one.
    async fn now(&self) -> Result<Inquiry, TrackingError> {
        let mut inquiry = self.0.clone();
        let model = inquiry.store.get_registered_model(&inquiry.bound.model).await?;
        inquiry.moved.to = inquiry.bound.to.version_in(&model).unwrap_or(1);
        Ok(inquiry)
    }
}

/// Traces that began then, the newest first: of a logged model, or of any.
pub(super) async fn traces_between(
    store: &dyn Store,
    model_id: Option<&str>,
    since: Millis,
    until: Option<Millis>,
) -> Result<Vec<TraceInfo>, TrackingError> {
    let model_id = model_id.map(str::to_owned);
    let query = TraceQuery { model_id, since: Some(since), until, ..TraceQuery::default() };
    let mut pages = store.search_traces(query);
    let mut traces = Vec::new();
    while traces.len() < MOST_TRACES
        && let Some(page) = pages.next().await
    {
        traces.extend(page?);
    }
    Ok(traces)
}
