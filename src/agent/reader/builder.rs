//! The transcript under construction: frames to events, and what can sit on any event.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::table::{Field, Key, Table};
use crate::agent::lenient_json;
use crate::agent::sse::Frame;
use crate::agent::transcript::{Dialect, Outcome, Transcript, UnknownEvent};
use crate::agent::wire::{Failure, FailureKind, Item, ItemStatus, RawJson, Usage};

/// Most unknown events kept; they are shown one by one.
const MAX_UNKNOWN_EVENTS: usize = 200;
/// Most failures kept.
const MAX_FAILURES: usize = 50;
/// Most that `custom_outputs` may take once they are values, in bytes, roughly.
const MAX_CUSTOM_WEIGHT: usize = 64 * 1024 * 1024;
/// How much of the first unreadable event is shown, in bytes.
const SKIPPED_EXCERPT: usize = 200;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Builder {
    pub transcript: Transcript,
    pub table: Table,
    /// `[DONE]` was seen.
    pub done: bool,
    /// The current cycle was opened by `response.created`.
    created: bool,
    /// The current cycle has ended; the next item begins a new one.
    closed: bool,
    /// `response.incomplete` of the last cycle that ended.
    pub incomplete: Option<String>,
    /// The last event was cut off.
    torn: bool,
    /// What the merged `custom_outputs` take.
    custom_weight: usize,
    past_usage: Usage,
    usage: Option<Usage>,
}

/// The event that makes up nearly all of a stream, without the detour of a [`Value`]. Any other key sends the event
/// the long way round.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextDelta<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(default, borrow)]
    item_id: Option<&'a str>,
    #[serde(default)]
    output_index: Option<u64>,
    #[serde(default)]
    content_index: Option<u64>,
    #[serde(borrow)]
    delta: std::borrow::Cow<'a, str>,
    #[serde(default, rename = "sequence_number")]
    _sequence_number: Option<IgnoredAny>,
    #[serde(default, rename = "logprobs")]
    _logprobs: Option<IgnoredAny>,
    #[serde(default, rename = "obfuscation")]
    _obfuscation: Option<IgnoredAny>,
}

impl Builder {
    /// One event of a stream.
    pub(super) fn frame(&mut self, frame: Frame<'_>) {
        if self.done {
            return;
        }
        if frame.oversized {
            self.skip(b"(an event too large to keep)");
        } else if !self.text_delta(frame.data) && !self.read(frame.name, frame.data, frame.lines) {
            self.skip(frame.data);
        }
    }

    /// The event that the end of the input cut off: kept only if it can be read.
    pub(super) fn last_frame(&mut self, frame: Frame<'_>) {
        if !self.done && (frame.oversized || !self.read(frame.name, frame.data, frame.lines)) {
            self.torn = true;
        }
    }

    /// The short way for text deltas; `false` if it is none, or none that is plain enough.
    fn text_delta(&mut self, data: &[u8]) -> bool {
        const KIND: &str = "response.output_text.delta";
        let plain =
            [&b"{\"type\": \"response.output_text.delta\""[..], b"{\"type\":\"response.output_text.delta\""];
        if !plain.iter().any(|start| data.starts_with(start)) {
            return false;
        }
        let Ok(event) = serde_json::from_slice::<TextDelta<'_>>(data) else { return false };
        if event.kind != KIND {
            return false;
        }
        let key =
            Key { kind: "message", index: event.output_index, id: event.item_id.filter(|id| !id.is_empty()) };
        self.transcript.dialect = Dialect::Responses;
        self.begin_item();
        self.table.write(key, Field::Text, event.content_index, &event.delta, false);
        true
    }

    /// Reads an event's data; `false` if it is not JSON. Lines that are events of their own, though no blank line
    /// parts them, are read one by one.
    fn read(&mut self, name: Option<&str>, data: &[u8], lines: usize) -> bool {
        let data = data.trim_ascii();
        if data == b"[DONE]" || data == b"\"[DONE]\"" {
            self.done = true;
            return true;
        }
        if data.is_empty() {
            return true;
        }
        if let Ok(value) = lenient_json::parse(data) {
            self.event(&value, name);
            return true;
        }
        if lines > 1 && self.lines(data) {
            return true;
        }
        if name == Some("error") {
            self.fail(Failure::from_text(&String::from_utf8_lossy(data)));
            return true;
        }
        false
    }

    /// Reads every line as an event; `false`, and nothing read, unless all of them can be.
    pub(super) fn lines(&mut self, data: &[u8]) -> bool {
        let mut events = Vec::new();
        for line in data.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii) {
            if line == b"[DONE]" {
                events.push(None);
            } else if !line.is_empty() {
                match lenient_json::parse(line) {
                    Ok(value) if value.is_object() => events.push(Some(value)),
                    _ => return false,
                }
            }
        }
        for event in &events {
            match event {
                Some(_) if self.done => {}
                Some(value) => self.event(value, None),
                None => self.done = true,
            }
        }
        !events.is_empty()
    }

    /// Counts an event that cannot be read.
    pub(super) fn skip(&mut self, data: &[u8]) {
        self.transcript.skipped_events = self.transcript.skipped_events.saturating_add(1);
        self.transcript.first_skipped.get_or_insert_with(|| {
            let end = data.len().min(SKIPPED_EXCERPT);
            String::from_utf8_lossy(&data[..end]).into_owned()
        });
    }

    /// Notes a failure.
    pub(super) fn fail(&mut self, failure: Failure) {
        let failures = &mut self.transcript.failures;
        if failures.len() < MAX_FAILURES && !failures.contains(&failure) {
            failures.push(failure);
        }
    }

    /// Keeps an event that nobody knows.
    pub(super) fn unknown(&mut self, kind: &str, value: &Value) {
        if self.transcript.unknown_events.len() < MAX_UNKNOWN_EVENTS {
            let event = UnknownEvent { kind: kind.to_owned(), raw: RawJson::new(value) };
            self.transcript.unknown_events.push(event);
        } else {
            self.transcript.left_out = self.transcript.left_out.saturating_add(1);
        }
    }

    /// What can sit on any event, and on the `response` in it. Returns whether any was there.
    pub(super) fn side_notes(&mut self, object: &Map<String, Value>) -> bool {
        let mut any = false;
        if let Some(outputs) = object.get("custom_outputs").filter(|outputs| !outputs.is_null()) {
            any = true;
            self.merge_custom_outputs(outputs);
        }
        if let Some(usage) = object.get("usage").and_then(Usage::from_json) {
            any = true;
            self.usage = Some(usage);
        }
        if let Some(output) = object.get("databricks_output").filter(|output| !output.is_null()) {
            any = true;
            self.transcript.databricks_output = Some(RawJson::new(output));
        }
        if let Some(trace_id) = trace_id(object) {
            any = true;
            self.transcript.trace_id = Some(trace_id.to_owned());
        }
        any
    }

    /// What would make them too large is left out.
    fn merge_custom_outputs(&mut self, outputs: &Value) {
        let (own, known) = (weight(outputs), self.custom_weight);
        if known.saturating_add(own) > MAX_CUSTOM_WEIGHT {
            self.transcript.left_out = self.transcript.left_out.saturating_add(1);
            return;
        }
        let known = self.transcript.custom_outputs.as_mut().map(Arc::make_mut);
        if let (Some(Value::Object(known)), Value::Object(new)) = (known, outputs) {
            known.extend(new.iter().map(|(key, value)| (key.clone(), value.clone())));
            self.custom_weight += own;
        } else {
            self.transcript.custom_outputs = Some(Arc::new(outputs.clone()));
            self.custom_weight = own;
        }
    }

    /// A response begins, as `response.created` says.
    pub(super) fn begin_response(&mut self) {
        if self.closed || self.table.has_items() {
            self.next_cycle();
        }
        self.created = true;
    }

    /// Something of an item comes: after the end of a response it belongs to the next one.
    pub(super) fn begin_item(&mut self) {
        if self.closed {
            self.next_cycle();
        }
    }

    fn next_cycle(&mut self) {
        self.table.next_cycle();
        self.past_usage = self.past_usage.plus(self.usage.take().unwrap_or_default());
        self.closed = false;
        self.created = false;
        self.incomplete = None;
    }

    /// The items of a whole response. One that nothing announced may sum up what the stream said before.
    pub(super) fn complete(&mut self, output: Vec<Item>, fate: ItemStatus) {
        self.table.complete(output, fate, !self.created);
    }

    /// The response is over; its open items are closed as `status`.
    pub(super) fn end_response(&mut self, status: ItemStatus) {
        self.table.close_cycle(status, |_| true);
        self.closed = true;
    }

    /// The response is over if none of its items is open.
    pub(super) fn end_response_if_closed(&mut self) {
        self.closed = !self.table.any_open();
    }

    /// Brings the transcript up to date.
    pub(super) fn sync(&mut self) {
        if !self.transcript.is_over() {
            self.transcript.items.clone_from(&self.table.items);
            let usage = self.usage.map(|usage| self.past_usage.plus(usage));
            let past = (self.past_usage != Usage::default()).then_some(self.past_usage);
            self.transcript.usage = usage.or(past);
        }
    }

    /// The input is over: `cut` if it broke off.
    pub(super) fn end(&mut self, status: u16, cut: bool) {
        if status >= 400 && self.transcript.failures.is_empty() {
            let headline = format!("The server answered with HTTP {status} and no explanation");
            self.fail(Failure::new(FailureKind::Status, headline));
        }
        let outcome = self.outcome(cut);
        self.sync();
        self.transcript.left_out = self.transcript.left_out.saturating_add(self.table.left_out);
        self.transcript.end(outcome);
    }

    fn outcome(&self, cut: bool) -> Outcome {
        if !self.transcript.failures.is_empty() {
            return Outcome::Failed;
        }
        if let Some(reason) = &self.incomplete {
            return Outcome::Incomplete { reason: reason.clone() };
        }
        if self.done || self.closed && !self.torn {
            return Outcome::Completed;
        }
        let ended = match self.transcript.dialect {
            // Its deltas have no end of their own: a stream that was not cut is whole.
            Dialect::ChatAgent => true,
            _ => !self.table.any_open(),
        };
        if ended && self.table.has_items() && !cut && !self.torn {
            Outcome::Completed
        } else {
            Outcome::Interrupted
        }
    }
}

/// What a value takes in memory, in bytes, roughly. Parsed values are not deep.
fn weight(value: &Value) -> usize {
    let inner: usize = match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(weight).sum(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| key.len() + size_of::<String>() + weight(value)).sum()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    size_of::<Value>() + inner
}

/// Where MLflow and Databricks put the trace's id.
fn trace_id(object: &Map<String, Value>) -> Option<&str> {
    let metadata = || object.get("metadata")?.get("trace_id")?.as_str();
    let info = || object.get("databricks_output")?.get("trace")?.get("info");
    let databricks = || {
        let info = info()?;
        info.get("trace_id").or_else(|| info.get("request_id"))?.as_str()
    };
    let direct = || object.get("trace_id")?.as_str();
    direct().or_else(metadata).or_else(databricks).filter(|id| !id.is_empty())
}
