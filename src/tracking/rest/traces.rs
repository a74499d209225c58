//! Traces: `traces/search`, `traces/{id}`, `get-trace-artifact`, `traces/{id}/assessments`; MLflow 2's `traces`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use reqwest::Method;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::experiments;
use super::filters::equals;
use super::http::Http;
use super::pages::{self, Page, PageRequest};
use super::wire::{self, KeyValue};
use crate::entities::{
    Assessment, AssessmentKind, Millis, NewFeedback, Tags, Trace, TraceInfo, TraceState, TraceValue,
    trace_key,
};
use crate::tracking::store::no_traces;
use crate::tracking::trace_data::{self, Json};
use crate::tracking::{ExperimentQuery, PageStream, TraceQuery, TrackingError};

/// The most that servers give at once is 500.
const PAGE_SIZES: [u32; 2] = [100, 500];
/// The newest experiments that are looked through for the traces of a model or a run.
const MOST_EXPERIMENTS: usize = 1000;

/// A trace in MLflow 3's words and in MLflow 2's.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WireInfo {
    #[serde(deserialize_with = "wire::text", alias = "request_id")]
    trace_id: String,
    #[serde(deserialize_with = "wire::or_default")]
    trace_location: WireLocation,
    #[serde(deserialize_with = "wire::text")]
    experiment_id: String,
    #[serde(deserialize_with = "wire::text")]
    client_request_id: String,
    #[serde(deserialize_with = "wire::text", alias = "status")]
    state: String,
    #[serde(deserialize_with = "wire::text")]
    request_time: String,
    #[serde(deserialize_with = "wire::millis")]
    timestamp_ms: Option<Millis>,
    #[serde(deserialize_with = "wire::text")]
    execution_duration: String,
    execution_time_ms: Option<Json>,
    #[serde(deserialize_with = "wire::text")]
    request_preview: String,
    #[serde(deserialize_with = "wire::text")]
    response_preview: String,
    #[serde(deserialize_with = "pairs", alias = "request_metadata")]
    trace_metadata: Tags,
    #[serde(deserialize_with = "pairs")]
    tags: Tags,
    #[serde(deserialize_with = "wire::or_default")]
    assessments: Vec<WireAssessment>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireLocation {
    #[serde(deserialize_with = "wire::or_default")]
    mlflow_experiment: WireExperiment,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireExperiment {
    #[serde(deserialize_with = "wire::text")]
    experiment_id: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireAssessment {
    #[serde(deserialize_with = "wire::text")]
    assessment_id: String,
    #[serde(deserialize_with = "wire::text")]
    assessment_name: String,
    #[serde(deserialize_with = "wire::or_default")]
    source: WireSource,
    #[serde(deserialize_with = "wire::text")]
    create_time: String,
    #[serde(deserialize_with = "wire::text")]
    last_update_time: String,
    feedback: Option<WireJudgement>,
    expectation: Option<WireJudgement>,
    issue: Option<WireJudgement>,
    #[serde(deserialize_with = "wire::text")]
    rationale: String,
    #[serde(deserialize_with = "wire::text")]
    span_id: String,
    valid: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireSource {
    #[serde(deserialize_with = "wire::text")]
    source_type: String,
    #[serde(deserialize_with = "wire::text")]
    source_id: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireJudgement {
    value: Option<Json>,
    #[serde(deserialize_with = "wire::or_default")]
    serialized_value: WireSerialized,
    error: Option<Json>,
    #[serde(deserialize_with = "wire::text")]
    issue_name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireSerialized {
    #[serde(deserialize_with = "wire::text")]
    value: String,
}

/// `{"key": "value"}` or `[{"key": …, "value": …}]`.
fn pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tags, D::Error> {
    struct PairsVisitor;
    impl<'de> Visitor<'de> for PairsVisitor {
        type Value = Tags;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("texts by name")
        }

        fn visit_unit<E>(self) -> Result<Tags, E> {
            Ok(Tags::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tags, A::Error> {
            let mut tags = Tags::new();
            while let Some((key, Json(value))) = access.next_entry::<String, Json>()? {
                tags.insert(key, trace_data::text(value));
            }
            Ok(tags)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tags, A::Error> {
            let mut tags = Tags::new();
            while let Some(KeyValue { key, value }) = access.next_element()? {
                tags.insert(key, value);
            }
            Ok(tags)
        }
    }
    deserializer.deserialize_any(PairsVisitor)
}

/// RFC 3339, as protobuf writes times.
fn time(text: &str) -> Option<Millis> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// `1.5s`, as protobuf writes durations.
fn duration(text: &str) -> Option<Millis> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    Some((seconds * 1000.0).round() as Millis)
}

impl From<WireInfo> for TraceInfo {
    fn from(wire: WireInfo) -> Self {
        let experiment_id = wire.trace_location.mlflow_experiment.experiment_id;
        let took = wire.execution_time_ms.and_then(|Json(value)| trace_data::text(value).parse().ok());
        let mut info = Self {
            trace_id: wire.trace_id,
            experiment_id: if experiment_id.is_empty() { wire.experiment_id } else { experiment_id },
            client_request_id: Some(wire.client_request_id).filter(|id| !id.is_empty()),
            state: TraceState::parse(&wire.state),
            request_time: time(&wire.request_time).or(wire.timestamp_ms),
            execution_duration: duration(&wire.execution_duration).or(took),
            request_preview: wire.request_preview,
            response_preview: wire.response_preview,
            metadata: wire.trace_metadata,
            tags: wire.tags,
            tokens: None,
            assessments: wire.assessments.into_iter().map(Assessment::from).collect(),
        };
        trace_data::complete(&mut info);
        info
    }
}

impl From<WireAssessment> for Assessment {
    fn from(wire: WireAssessment) -> Self {
        let (kind, judgement) = match (wire.feedback, wire.expectation, wire.issue) {
            (Some(feedback), ..) => (AssessmentKind::Feedback, feedback),
            (_, Some(expectation), _) => (AssessmentKind::Expectation, expectation),
            (.., Some(issue)) => (AssessmentKind::Issue, issue),
            _ => (AssessmentKind::Feedback, WireJudgement::default()),
        };
        let value = match (judgement.value, judgement.serialized_value.value, judgement.issue_name) {
            (Some(Json(value)), ..) => value,
            (_, text, _) if !text.is_empty() => trace_data::parse_or_text(text),
            (.., name) if !name.is_empty() => TraceValue::Text(name),
            _ => TraceValue::Null,
        };
        Self {
            assessment_id: wire.assessment_id,
            name: wire.assessment_name,
            kind,
            value,
            error: judgement.error.and_then(|Json(error)| trace_data::assessment_error(&error)),
            source_type: wire.source.source_type,
            source_id: wire.source.source_id,
            rationale: wire.rationale,
            span_id: Some(wire.span_id).filter(|id| !id.is_empty()),
            create_time: time(&wire.create_time),
            last_update_time: time(&wire.last_update_time),
            valid: wire.valid.unwrap_or(true),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SearchAnswer {
    #[serde(deserialize_with = "wire::or_default")]
    traces: Vec<WireInfo>,
    next_page_token: Option<String>,
}

#[derive(Serialize)]
struct SearchRequest<'a> {
    locations: Vec<Location<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    filter: &'a str,
    max_results: u32,
    order_by: [&'a str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    page_token: Option<&'a str>,
}

#[derive(Serialize)]
struct Location<'a> {
    r#type: &'static str,
    mlflow_experiment: LocationExperiment<'a>,
}

#[derive(Serialize)]
struct LocationExperiment<'a> {
    experiment_id: &'a str,
}

const ORDER: &str = "timestamp_ms DESC";

/// One search: where, for what, and how this server wants to be asked.
struct Search {
    http: Arc<Http>,
    experiment_ids: Vec<String>,
    filter: String,
    /// The server is of MLflow 2.
    old: AtomicBool,
}

pub(super) fn search(http: &Arc<Http>, query: TraceQuery) -> PageStream<TraceInfo> {
    if !query.experiment_ids.is_empty() {
        return search_in(http, query);
    }
    let http = Arc::clone(http);
    stream::once(async move {
        let mut ids = Vec::new();
        let mut found = experiments::search(&http, ExperimentQuery::default());
        while ids.len() < MOST_EXPERIMENTS
            && let Some(page) = found.next().await
        {
            match page {
                Ok(page) => ids.extend(page.into_iter().map(|experiment| experiment.experiment_id)),
                Err(error) => return stream::iter([Err(error)]).boxed(),
            }
        }
        ids.truncate(MOST_EXPERIMENTS);
        if ids.is_empty() {
            return stream::empty().boxed();
        }
        search_in(&http, TraceQuery { experiment_ids: ids, ..query })
    })
    .flatten()
    .boxed()
}

fn search_in(http: &Arc<Http>, query: TraceQuery) -> PageStream<TraceInfo> {
    let search = Arc::new(Search {
        http: Arc::clone(http),
        filter: filter(&query),
        experiment_ids: query.experiment_ids,
        old: AtomicBool::new(false),
    });
    let fetch = move |request: PageRequest| {
        let search = Arc::clone(&search);
        super::answer(async move { search.page(&request).await })
    };
    pages::pages(fetch, pages::once(|info: &TraceInfo| info.trace_id.clone()))
}

/// In words that servers of MLflow 2 know, too.
fn filter(query: &TraceQuery) -> String {
    let model = query.model_id.as_ref();
    let model = model.map(|id| equals(&format!("request_metadata.`{}`", trace_key::MODEL_ID), id));
    let run = query.run_id.as_ref().map(|id| equals("run_id", id));
    let clauses: Vec<String> = model.into_iter().chain(run).collect();
    clauses.join(" AND ")
}

impl Search {
    async fn page(&self, request: &PageRequest) -> Result<Page<TraceInfo>, TrackingError> {
        let max_results = request.size(&PAGE_SIZES);
        let token = request.token.as_deref();
        let mut answer = Err(no_traces());
        if !self.old.load(Ordering::Relaxed) {
            answer = self.new_page(max_results, token).await;
            let unknown = answer.as_ref().is_err_and(is_unknown_route);
            self.old.store(unknown, Ordering::Relaxed);
        }
        if self.old.load(Ordering::Relaxed) {
            answer = self.old_page(max_results.min(100), token).await;
        }
        let answer = answer.map_err(|error| if is_unknown_route(&error) { no_traces() } else { error })?;
        Ok(Page {
            items: answer.traces.into_iter().map(TraceInfo::from).collect(),
            next_page_token: answer.next_page_token,
        })
    }

    async fn new_page(&self, max_results: u32, token: Option<&str>) -> Result<SearchAnswer, TrackingError> {
        let locations = self.experiment_ids.iter().map(|id| Location {
            r#type: "MLFLOW_EXPERIMENT",
            mlflow_experiment: LocationExperiment { experiment_id: id },
        });
        let body = SearchRequest {
            locations: locations.collect(),
            filter: &self.filter,
            max_results,
            order_by: [ORDER],
            page_token: token,
        };
        self.http.post_read(self.http.route("api/3.0/mlflow/traces/search"), &body).await
    }

    async fn old_page(&self, max_results: u32, token: Option<&str>) -> Result<SearchAnswer, TrackingError> {
        let max_results = max_results.to_string();
        let mut query: Vec<(&str, &str)> =
            self.experiment_ids.iter().map(|id| ("experiment_ids", id.as_str())).collect();
        query.extend([("max_results", max_results.as_str()), ("order_by", ORDER)]);
        query.extend((!self.filter.is_empty()).then_some(("filter", self.filter.as_str())));
        query.extend(token.map(|token| ("page_token", token)));
        self.http.get(self.http.route("api/2.0/mlflow/traces"), &query).await
    }
}

/// A page of the server that says it knows no such address.
fn is_unknown_route(error: &TrackingError) -> bool {
    matches!(error, TrackingError::Http { status: 404 | 405, .. })
}

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
pub(super) async fn get(http: &Http, trace_id: &str) -> Result<Trace, TrackingError> {
    let info = info(http, trace_id).await?;
    let route = http.route("ajax-api/2.0/mlflow/get-trace-artifact");
    let stored = http.get(route, &[("request_id", trace_id)]).await;
    let mut found = stored.map(|Json(document)| trace_data::spans(document));
    if found.is_err() && trace_data::spans_location(&info.tags) == "TRACKING_STORE" {
        let query = [("trace_id", trace_id), ("allow_partial", "true")];
        let answer = http.get(http.route("api/3.0/mlflow/traces/get"), &query).await;
        found =
            answer.map(|Json(answer)| answer.get("trace").cloned().map_or_else(Vec::new, trace_data::spans));
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

/// `log_feedback`
pub(super) async fn log_feedback(http: &Http, feedback: &NewFeedback) -> Result<Assessment, TrackingError> {
    #[derive(Serialize)]
    struct Request<'a> {
        assessment: New<'a>,
    }
    #[derive(Serialize)]
    struct New<'a> {
        assessment_name: &'a str,
        trace_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        span_id: Option<&'a str>,
        source: Source<'a>,
        create_time: String,
        last_update_time: String,
        feedback: Feedback,
        #[serde(skip_serializing_if = "str::is_empty")]
        rationale: &'a str,
    }
    #[derive(Serialize)]
    struct Source<'a> {
        source_type: &'static str,
        source_id: &'a str,
    }
    #[derive(Serialize)]
    struct Feedback {
        value: bool,
    }
    #[derive(Deserialize)]
    struct Written {
        assessment: WireAssessment,
    }
    let now = Timestamp::now().to_string();
    let person = http.user().map_or_else(trace_data::person, str::to_owned);
    let body = Request {
        assessment: New {
            assessment_name: &feedback.name,
            trace_id: &feedback.trace_id,
            span_id: feedback.span_id.as_deref(),
            source: Source { source_type: "HUMAN", source_id: &person },
            create_time: now.clone(),
            last_update_time: now,
            feedback: Feedback { value: feedback.good },
            rationale: &feedback.rationale,
        },
    };
    let route = http.route_of("api/3.0/mlflow/traces/{id}/assessments", &feedback.trace_id);
    let written: Result<Written, _> = http.write(Method::POST, route, &body).await;
    match written {
        Ok(written) => Ok(written.assessment.into()),
        Err(error) if is_unknown_route(&error) => Err(TrackingError::Unsupported {
            what: "This server keeps no feedback: that came with MLflow 3".to_owned(),
        }),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_an_info_say_the_same() {
        let new = r#"{"trace_id":"tr-1","trace_location":{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":
            {"experiment_id":"6"}},"request_time":"2026-11-22T05:56:38.795Z","execution_duration":"1.034s","state":
            "ERROR","trace_metadata":{"mlflow.traceInputs":"{\"x\": 1}"},"tags":{"mlflow.traceName":"manual"}}"#;
        let old = r#"{"request_id":"tr-1","experiment_id":"6","timestamp_ms":1795326998795,"execution_time_ms":1034,
            "status":"ERROR","request_metadata":[{"key":"mlflow.traceInputs","value":"{\"x\": 1}"}],
            "tags":[{"key":"mlflow.traceName","value":"manual"}]}"#;
        let [new, old] =
            [new, old].map(|json| TraceInfo::from(serde_json::from_str::<WireInfo>(json).unwrap()));
        assert_eq!(new, old);
        assert_eq!((new.request_time, new.execution_duration), (Some(1_795_326_998_795), Some(1034)));
        assert_eq!((new.state, new.name()), (TraceState::Error, "manual"));
        assert_eq!(new.request_preview, r#"{"x": 1}"#);
    }

    #[test]
    fn assessments_of_every_kind_are_read() {
        let read = |json: &str| Assessment::from(serde_json::from_str::<WireAssessment>(json).unwrap());
        let good = read(r#"{"feedback":{"value":true},"create_time":"2026-11-22T06:00:00Z","span_id":""}"#);
        assert_eq!(
            (good.kind, good.value, good.valid),
            (AssessmentKind::Feedback, TraceValue::Bool(true), true)
        );
        assert_eq!((good.create_time, good.span_id), (Some(1_795_327_200_000), None));
        let failed = read(r#"{"feedback":{"error":{"error_code":"E","error_message":"why"}},"valid":false}"#);
        assert_eq!((failed.error.as_deref(), failed.valid), (Some("E: why"), false));
        let expected =
            read(r#"{"expectation":{"serialized_value":{"value":"[1]","serialization_format":"JSON"}}}"#);
        assert_eq!((expected.kind, expected.value.to_json().as_str()), (AssessmentKind::Expectation, "[1]"));
        assert_eq!(read(r#"{"issue":{"issue_name":"slow"}}"#).value, TraceValue::Text("slow".into()));
    }

    #[test]
    fn filters_say_model_and_run() {
        let query =
            TraceQuery { model_id: Some("m-1".into()), run_id: Some("r".into()), ..TraceQuery::default() };
        assert_eq!(filter(&query), "request_metadata.`mlflow.modelId` = 'm-1' AND run_id = 'r'");
        assert_eq!(filter(&TraceQuery::default()), "");
    }
}
