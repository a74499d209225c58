//! Looks for the trace of a turn on the tracking server. Only reads.

use std::sync::Arc;
use std::time::Duration;

use super::fit::{Fit, SLACK, Sought, candidates, fit};
use crate::entities::{Millis, TraceInfo};
use crate::state::endpoints::question::SKEW;
use crate::state::endpoints::witness::{Witness, traces_between};
use crate::state::format;
use crate::tracking::{Store, TrackingError};

/// Pauses before it is looked for after an answer that just came, in seconds: agents send their traces a few later.
const PAUSES: [u64; 5] = [0, 1, 2, 4, 8];
/// How long an answer came just now, in milliseconds.
const JUST_NOW: Millis = 30_000;
/// How long after an answer its trace has come, in milliseconds, as good as always: what merely fits is taken then.
const ALL_CAME: Millis = 6_000;
/// Traces whose spans are read for a marker.
const MOST_READ: usize = 8;

/// What to look for, and where.
pub(super) struct Finder {
    pub store: Arc<dyn Store>,
    /// Where the endpoint is known to serve a model of the store.
    pub witness: Option<Witness>,
    pub sought: Sought,
}

impl Finder {
    /// Looks, and looks again for what may be on its way.
    pub(super) async fn find(self) -> Result<Fit, TrackingError> {
        let models = match &self.witness {
            Some(witness) => witness.own_models().await?,
            None => Vec::new(),
        };
        let is_new = format::now() - self.sought.ended < JUST_NOW;
        let mut found = Fit::None;
        for pause in PAUSES.iter().take(if is_new { PAUSES.len() } else { 1 }) {
            tokio::time::sleep(Duration::from_secs(*pause)).await;
            let certain;
            (found, certain) = self.look(&models).await?;
            let all_came = format::now() - self.sought.ended > ALL_CAME;
            let waits = match &found {
                Fit::One(_) => !certain && !all_came,
                Fit::Several(traces) => traces.len() < self.sought.asked.len(),
                Fit::None => true,
            };
            if !waits {
                break;
            }
        }
        Ok(found)
    }

    /// What is found now, and whether nothing that comes later could change it.
    async fn look(&self, models: &[String]) -> Result<(Fit, bool), TrackingError> {
        let mut traces = Vec::new();
        for model in models {
            traces.extend(self.traces(Some(model), SLACK).await?);
        }
        let found = fit(&self.sought, models, traces.clone());
        if self.sought.marker.is_empty() && found != Fit::None {
            return Ok((found, true));
        }
        let slack = if self.sought.marker.is_empty() { SLACK } else { SKEW };
        traces.extend(self.traces(None, slack).await?);
        if !self.sought.marker.is_empty()
            && let Some(id) = self.marked(candidates(&self.sought, traces.clone(), slack)).await?
        {
            return Ok((Fit::One(id), true));
        }
        Ok((fit(&self.sought, models, traces), false))
    }

    async fn traces(&self, model: Option<&str>, slack: Millis) -> Result<Vec<TraceInfo>, TrackingError> {
        let (since, until) = (self.sought.sent - slack, self.sought.ended + slack);
        traces_between(&*self.store, model, since, Some(until)).await
    }

    /// The one that was given the marker: its spans say so, of which the search shows the beginning alone.
    async fn marked(&self, mut candidates: Vec<TraceInfo>) -> Result<Option<String>, TrackingError> {
        let away = |trace: &TraceInfo| trace.request_time.map(|at| at.abs_diff(self.sought.sent));
        candidates.sort_by_key(away);
        for candidate in candidates.into_iter().take(MOST_READ) {
            let trace = match self.store.get_trace(&candidate.trace_id).await {
                Ok(trace) => trace,
                Err(error) if error.is_not_found() => continue,
                Err(error) => return Err(error),
            };
            let roots = trace.spans.iter().filter(|span| span.parent_id.is_none());
            let mut given = roots.filter_map(|span| span.inputs.as_ref());
            if given.any(|inputs| inputs.contains(&self.sought.marker)) {
                return Ok(Some(candidate.trace_id));
            }
        }
        Ok(None)
    }
}
