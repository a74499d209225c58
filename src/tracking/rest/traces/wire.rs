//! What servers write of a trace and of its assessments.

use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use crate::entities::{Assessment, AssessmentKind, Millis, Tags, TraceInfo, TraceState, TraceValue};
use crate::tracking::rest::wire::{self, KeyValue};
use crate::tracking::trace_data;

/// A trace in MLflow 3's words and in MLflow 2's.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WireInfo {
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
    execution_time_ms: Option<TraceValue>,
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
pub(super) struct WireAssessment {
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
    value: Option<TraceValue>,
    #[serde(deserialize_with = "wire::or_default")]
    serialized_value: WireSerialized,
    error: Option<TraceValue>,
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
            while let Some((key, value)) = access.next_entry::<String, TraceValue>()? {
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
        let took = wire.execution_time_ms.and_then(|value| trace_data::text(value).parse().ok());
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
            (Some(value), ..) => value,
            (_, text, _) if !text.is_empty() => trace_data::parse_or_text(text),
            (.., name) if !name.is_empty() => TraceValue::Text(name),
            _ => TraceValue::Null,
        };
        Self {
            assessment_id: wire.assessment_id,
            name: wire.assessment_name,
            kind,
            value,
            error: judgement.error.and_then(|error| trace_data::assessment_error(&error)),
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
}
