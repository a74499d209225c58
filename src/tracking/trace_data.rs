//! Spans and the values in them, as MLflow keeps and sends them: its own JSON (schemas 2 and 3, in files and in the
//! tables), and OpenTelemetry's, whose values say their type. Read tolerantly: a field that makes no sense is empty.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::entities::{
    AssessmentKind, Span, SpanEvent, SpanStatus, Tags, TokenUsage, TraceInfo, TraceValue, trace_key,
};

/// Spans of one trace that are read; more make no tree that anybody looks at.
const MOST_SPANS: usize = 200_000;

/// Attributes that are fields of a span.
const INPUTS: &str = "mlflow.spanInputs";
const OUTPUTS: &str = "mlflow.spanOutputs";
const SPAN_TYPE: &str = "mlflow.spanType";
/// Attributes that say nothing to a person.
const HIDDEN: [&str; 2] = ["mlflow.traceRequestId", "mlflow.spanStartTimeNs"];

/// Reads JSON text; none if it is not JSON, or nested deeper than 128 levels.
pub(super) fn parse(text: &str) -> Option<TraceValue> {
    serde_json::from_str(text).ok()
}

/// JSON as MLflow writes it into a text column; text that is not JSON stays text.
pub(super) fn parse_or_text(text: String) -> TraceValue {
    match parse(&text) {
        Some(value) => value,
        None => TraceValue::Text(text),
    }
}

/// The spans of `{"spans": […]}`: a trace's file, or the answer of the server.
pub(super) fn spans(document: TraceValue) -> Vec<Span> {
    match take(document, "spans") {
        Some(TraceValue::List(spans)) => spans.into_iter().take(MOST_SPANS).filter_map(span).collect(),
        _ => Vec::new(),
    }
}

/// One span; none without an id.
pub(super) fn span(value: TraceValue) -> Option<Span> {
    let TraceValue::Map(fields) = value else { return None };
    let mut span = Span::default();
    let mut attributes = Vec::new();
    for (name, value) in fields {
        match name.as_str() {
            "span_id" => span.span_id = span_id(&text(value)),
            "context" => span.span_id = span_id(&take(value, "span_id").map(text).unwrap_or_default()),
            "parent_span_id" | "parent_id" => {
                span.parent_id = Some(span_id(&text(value))).filter(|id| !id.is_empty());
            }
            "name" => span.name = text(value),
            "start_time_unix_nano" | "start_time" => span.start_ns = nanos(&value).unwrap_or_default(),
            "end_time_unix_nano" | "end_time" => span.end_ns = nanos(&value).filter(|&end| end > 0),
            "status" => {
                let TraceValue::Map(status) = value else { continue };
                for (name, value) in status {
                    match name.as_str() {
                        "code" => span.status = status_code(&text(value)),
                        "message" => span.status_message = text(value),
                        _ => {}
                    }
                }
            }
            "status_code" => span.status = status_code(&text(value)),
            "status_message" => span.status_message = text(value),
            "attributes" => attributes = span_attributes(value),
            "events" => {
                let TraceValue::List(events) = value else { continue };
                span.events = events.into_iter().filter_map(event).collect();
            }
            _ => {}
        }
    }
    for (name, value) in attributes {
        match name.as_str() {
            INPUTS => span.inputs = Some(value),
            OUTPUTS => span.outputs = Some(value),
            SPAN_TYPE => span.span_type = text(value),
            name if HIDDEN.contains(&name) => {}
            _ => span.attributes.push((name, value)),
        }
    }
    (!span.span_id.is_empty()).then_some(span)
}

/// MLflow's own attributes are JSON in text.
fn span_attributes(value: TraceValue) -> Vec<(String, TraceValue)> {
    let decode = |value| match value {
        TraceValue::Text(text) => parse_or_text(text),
        other => other,
    };
    match value {
        TraceValue::Map(entries) => entries.into_iter().map(|(name, value)| (name, decode(value))).collect(),
        list => key_values(list),
    }
}

fn event(value: TraceValue) -> Option<SpanEvent> {
    let TraceValue::Map(fields) = value else { return None };
    let mut event = SpanEvent::default();
    for (name, value) in fields {
        match name.as_str() {
            "name" => event.name = text(value),
            "time_unix_nano" | "timestamp" => event.time_ns = nanos(&value).unwrap_or_default(),
            "attributes" => {
                event.attributes = match value {
                    TraceValue::Map(entries) => entries,
                    list => key_values(list),
                }
            }
            _ => {}
        }
    }
    Some(event)
}

/// OpenTelemetry's `[{"key": …, "value": {"string_value": …}}]`.
fn key_values(value: TraceValue) -> Vec<(String, TraceValue)> {
    let TraceValue::List(entries) = value else { return Vec::new() };
    let pair = |entry| {
        let TraceValue::Map(fields) = entry else { return None };
        let (mut key, mut value) = (String::new(), TraceValue::Null);
        for (name, field) in fields {
            match name.as_str() {
                "key" => key = text(field),
                "value" => value = any_value(field),
                _ => {}
            }
        }
        Some((key, value))
    };
    entries.into_iter().filter_map(pair).collect()
}

/// OpenTelemetry's `AnyValue`.
fn any_value(value: TraceValue) -> TraceValue {
    let TraceValue::Map(fields) = value else { return value };
    let Some((kind, value)) = fields.into_iter().next() else { return TraceValue::Null };
    match kind.as_str() {
        // int64 may come as a string.
        "int_value" | "intValue" => TraceValue::Number(text(value)),
        "array_value" | "arrayValue" => match take(value, "values") {
            Some(TraceValue::List(values)) => TraceValue::List(values.into_iter().map(any_value).collect()),
            _ => TraceValue::List(Vec::new()),
        },
        "kvlist_value" | "kvlistValue" => {
            TraceValue::Map(take(value, "values").map(key_values).unwrap_or_default())
        }
        _ => value,
    }
}

fn take(value: TraceValue, name: &str) -> Option<TraceValue> {
    let TraceValue::Map(fields) = value else { return None };
    fields.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// Text; numbers as they are written.
pub(super) fn text(value: TraceValue) -> String {
    match value {
        TraceValue::Text(text) | TraceValue::Number(text) => text,
        TraceValue::Bool(value) => value.to_string(),
        _ => String::new(),
    }
}

fn nanos(value: &TraceValue) -> Option<u64> {
    match value {
        TraceValue::Text(text) | TraceValue::Number(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Ids are 8 bytes, written as hex digits (with `0x` or without) or in base 64.
fn span_id(text: &str) -> String {
    let text = text.trim();
    let hex = text.strip_prefix("0x").unwrap_or(text);
    if hex.len() == 16 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return hex.to_ascii_lowercase();
    }
    match BASE64_STANDARD.decode(text) {
        Ok(bytes) if bytes.len() == 8 => {
            let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            format!("{number:016x}")
        }
        _ => text.to_owned(),
    }
}

/// `STATUS_CODE_ERROR` and `ERROR`, or OpenTelemetry's number.
fn status_code(name: &str) -> SpanStatus {
    match name.strip_prefix("STATUS_CODE_").unwrap_or(name) {
        "OK" | "1" => SpanStatus::Ok,
        "ERROR" | "2" => SpanStatus::Error,
        _ => SpanStatus::Unset,
    }
}

/// `{"input_tokens": 12, "output_tokens": 5, "total_tokens": 17}`
pub(super) fn token_usage(value: &TraceValue) -> Option<TokenUsage> {
    let count = |name: &str| match value.get(name)? {
        TraceValue::Number(text) => text.parse::<f64>().ok().map(|number| number as u64),
        _ => None,
    };
    let (input, output) = (count("input_tokens"), count("output_tokens"));
    let total = count("total_tokens");
    if input.is_none() && output.is_none() && total.is_none() {
        return None;
    }
    let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
    Some(TokenUsage { input, output, total: total.unwrap_or(input.saturating_add(output)) })
}

/// Fills in what follows from metadata: tokens, and the previews that MLflow 2 did not have.
pub(super) fn complete(info: &mut TraceInfo) {
    if info.tokens.is_none() {
        let usage = info.about(trace_key::TOKEN_USAGE).and_then(parse);
        info.tokens = usage.as_ref().and_then(token_usage);
    }
    for (preview, key) in
        [(&mut info.request_preview, trace_key::INPUTS), (&mut info.response_preview, trace_key::OUTPUTS)]
    {
        if preview.is_empty()
            && let Some(text) = info.metadata.get(key)
        {
            preview.clone_from(text);
        }
    }
    info.assessments.sort_by_key(|assessment| assessment.create_time);
}

/// The kind of an assessment in a column.
pub(super) fn assessment_kind(name: &str) -> AssessmentKind {
    match name {
        "expectation" => AssessmentKind::Expectation,
        "issue" => AssessmentKind::Issue,
        _ => AssessmentKind::Feedback,
    }
}

/// The words of an assessment's error: `{"error_code": …, "error_message": …}`.
pub(super) fn assessment_error(value: &TraceValue) -> Option<String> {
    let part = |name: &str| value.get(name).and_then(TraceValue::as_text).filter(|text| !text.is_empty());
    match (part("error_code"), part("error_message")) {
        (Some(code), Some(message)) => Some(format!("{code}: {message}")),
        (Some(text), None) | (None, Some(text)) => Some(text.to_owned()),
        (None, None) => value.as_text().map(str::to_owned),
    }
}

/// Where the spans are, in MLflow's word; empty before MLflow knew more than one place.
pub(super) fn spans_location(tags: &Tags) -> &str {
    tags.get(trace_key::SPANS_LOCATION).map_or("", String::as_str)
}

/// Who gives feedback: the name that this machine knows the user by, as Python's `getpass.getuser()`.
pub(super) fn person() -> String {
    let names = ["LOGNAME", "USER", "LNAME", "USERNAME"];
    let found = names.iter().find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()));
    found.unwrap_or_else(|| "default".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_schemas_say_the_same() {
        let stored = r#"{"span_id":"cPYXtLl5+vU=","parent_span_id":"bRtgeHwHxAs=","name":"look up",
            "start_time_unix_nano":1795326998794058732,"end_time_unix_nano":1795326998795290849,"status":{"code":
            "STATUS_CODE_ERROR","message":"late"},"attributes":{"mlflow.traceRequestId":"\"tr-1\"",
            "mlflow.spanType":"\"TOOL\"","retry":"1","mlflow.spanInputs":"{\"q\": 1.5, \"b\": null}"},"events":
            [{"name":"exception","time_unix_nano":7,"attributes":{"exception.type":"TimeoutError"}}],"links":[]}"#;
        let sent = r#"{"span_id":"cPYXtLl5+vU=","parent_span_id":"bRtgeHwHxAs=","name":"look up",
            "start_time_unix_nano":"1795326998794058732","end_time_unix_nano":"1795326998795290849","status":{"code":
            "STATUS_CODE_ERROR","message":"late"},"attributes":[{"key":"mlflow.traceRequestId","value":{"string_value":
            "tr-1"}},{"key":"mlflow.spanType","value":{"string_value":"TOOL"}},{"key":"retry","value":{"int_value":
            "1"}},{"key":"mlflow.spanInputs","value":{"kvlist_value":{"values":[{"key":"q","value":{"double_value":
            1.5}},{"key":"b","value":{}}]}}}],"events":[{"name":"exception","time_unix_nano":7,"attributes":[{"key":
            "exception.type","value":{"string_value":"TimeoutError"}}]}]}"#;
        let old = r#"{"context":{"span_id":"0x70f617b4b979faf5","trace_id":"0x1"},"parent_id":"0x6d1b60787c07c40b",
            "name":"look up","start_time":1795326998794058732,"end_time":1795326998795290849,"status_code":"ERROR",
            "status_message":"late","attributes":{"mlflow.traceRequestId":"\"tr-1\"","mlflow.spanType":"\"TOOL\"",
            "retry":"1","mlflow.spanInputs":"{\"q\": 1.5, \"b\": null}"},"events":[{"name":"exception","timestamp":7,
            "attributes":{"exception.type":"TimeoutError"}}]}"#;
        let [stored, sent, old] = [stored, sent, old].map(|json| span(parse(json).unwrap()).unwrap());
        assert_eq!(stored.span_id, "70f617b4b979faf5");
        assert_eq!(stored.parent_id.as_deref(), Some("6d1b60787c07c40b"));
        assert_eq!(
            (stored.start_ns, stored.end_ns),
            (1_795_326_998_794_058_732, Some(1_795_326_998_795_290_849))
        );
        assert_eq!((stored.status, stored.status_message.as_str()), (SpanStatus::Error, "late"));
        assert_eq!(stored.span_type, "TOOL");
        assert_eq!(stored.inputs.as_ref().unwrap().to_json(), r#"{"q": 1.5, "b": null}"#);
        assert_eq!(stored.attributes, [("retry".to_owned(), TraceValue::Number("1".into()))]);
        assert_eq!(stored.events[0].text("exception.type"), Some("TimeoutError"));
        assert_eq!(stored, sent);
        assert_eq!(old, stored);
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        let document = r#"{"spans":[7,{"name":"no id"},{"span_id":"abc","start_time_unix_nano":"soon","status":3,
            "attributes":{"a":"not json","deep":"[[["},"events":{}}]}"#;
        let spans = spans(parse(document).unwrap());
        assert_eq!(spans.len(), 1);
        assert_eq!((spans[0].span_id.as_str(), spans[0].start_ns, spans[0].end_ns), ("abc", 0, None));
        assert_eq!(spans[0].attributes[0].1, TraceValue::Text("not json".into()));
        assert_eq!(super::spans(TraceValue::Null), []);
        // Deeper than anybody nests: kept as text.
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        assert_eq!(parse_or_text(deep.clone()), TraceValue::Text(deep));
    }

    #[test]
    fn tokens_and_previews_follow_from_metadata() {
        let mut info = TraceInfo::default();
        info.metadata
            .insert(trace_key::TOKEN_USAGE.into(), r#"{"input_tokens": 12, "output_tokens": 5}"#.into());
        info.metadata.insert(trace_key::INPUTS.into(), r#"{"q": 1}"#.into());
        complete(&mut info);
        assert_eq!(info.tokens, Some(TokenUsage { input: 12, output: 5, total: 17 }));
        assert_eq!((info.request_preview.as_str(), info.response_preview.as_str()), (r#"{"q": 1}"#, ""));
    }
}
