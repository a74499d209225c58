//! `traces/{id}` and `get-trace-artifact`; MLflow 2's `traces/{id}/info`.

use serde::Deserialize;

use super::is_unknown_route;
use super::wire::WireInfo;
use crate::entities::{Trace, TraceInfo, TraceValue};
use crate::tracking::TrackingError;
use crate::tracking::rest::http::Http;
use crate::tracking::store::no_traces;
use crate::tracking::trace_data;

async fn info(http: &Http, trace_id: &str) -> Result<TraceInfo, TrackingError> {
    #[derive(Deserialize)]
    struct NewAnswer {
        trace: NewTrace,
    }
    #[derive(Deserialize)]
    struct NewTrace {
        trace_info: WireInfo,
    }
    #[derive(Deserialize)]
    struct OldAnswer {
        trace_info: WireInfo,
    }
    let answer: Result<NewAnswer, _> =
        http.get(http.route_of("api/3.0/mlflow/traces/{id}", trace_id), &[]).await;
    match answer {
        Ok(answer) => Ok(answer.trace.trace_info.into()),
        Err(error) if is_unknown_route(&error) => {
            let route = http.route_of("api/2.0/mlflow/traces/{id}/info", trace_id);
            let answer: Result<OldAnswer, _> = http.get(route, &[]).await;
            let answer =
                answer.map_err(|error| if is_unknown_route(&error) { no_traces() } else { error })?;
            Ok(answer.trace_info.into())
        }
        Err(error) => Err(error),
    }
}

/// The trace with its spans. These are read in the form in which they are stored, which every server since 2.14 gives;
/// some that keep them in their database give them only as `OpenTelemetry`'s.
pub(in crate::tracking::rest) async fn get(http: &Http, trace_id: &str) -> Result<Trace, TrackingError> {
    let info = info(http, trace_id).await?;
    let route = http.route("ajax-api/2.0/mlflow/get-trace-artifact");
    let stored = http.get(route, &[("request_id", trace_id)]).await;
    let mut found = stored.map(trace_data::spans);
    if found.is_err() && trace_data::spans_location(&info.tags) == "TRACKING_STORE" {
        let query = [("trace_id", trace_id), ("allow_partial", "true")];
        let answer = http.get(http.route("api/3.0/mlflow/traces/get"), &query).await;
        found = answer
            .map(|answer: TraceValue| answer.get("trace").cloned().map_or_else(Vec::new, trace_data::spans));
    }
    match found {
        Ok(spans) => Ok(Trace { info, spans, missing: None }),
        // What is known of it is worth showing without them.
        Err(
            error @ (TrackingError::Mlflow { .. }
            | TrackingError::Http { .. }
            | TrackingError::NotMlflow { .. }
            | TrackingError::Unsupported { .. }),
        ) => Ok(Trace { info, spans: Vec::new(), missing: Some(error.to_string()) }),
        Err(error) => Err(error),
    }
}
