//! The Responses vocabulary: 58 event types, bare items, whole responses, and the untyped events of MLflow's servers.

use serde_json::{Map, Value};

use super::builder::Builder;
use super::parse::{self, is_item_kind, string};
use super::table::{Field, Key};
use crate::agent::transcript::Dialect;
use crate::agent::wire::{Failure, Item, ItemBody, ItemStatus};

impl Builder {
    /// One event: the JSON `type` decides, the SSE `event:` field serves where there is none.
    pub(super) fn event(&mut self, value: &Value, name: Option<&str>) {
        let Value::Object(event) = value else {
            self.unknown(name.unwrap_or_default(), value);
            return;
        };
        let named =
            name.filter(|name| name.starts_with("response.") || *name == "error" || is_item_kind(name));
        let kind = event.get("type").and_then(Value::as_str).filter(|kind| !kind.is_empty()).or(named);
        let known = match kind {
            Some(kind) => self.typed(kind, event),
            None => self.untyped(event),
        };
        // After the items: what sits on an event that begins a response belongs to that response.
        let noted = self.side_notes(event);
        if !known && (kind.is_some() || !noted) {
            self.unknown(kind.unwrap_or_default(), value);
        }
    }

    fn typed(&mut self, kind: &str, event: &Map<String, Value>) -> bool {
        if is_item_kind(kind) {
            self.bare_item(event, kind)
        } else if kind == "error" {
            let error = event.get("error").filter(|error| !error.is_null());
            self.fail(error.map_or_else(|| Failure::from_object(event), Failure::from_error));
            true
        } else if let Some(rest) = kind.strip_prefix("response.") {
            self.transcript.dialect = Dialect::Responses;
            self.response_event(rest, event)
        } else {
            self.untyped(event)
        }
    }

    /// An event without a type that anybody knows: told by its keys. `false` if they say nothing.
    fn untyped(&mut self, event: &Map<String, Value>) -> bool {
        let present = |key: &str| event.get(key).filter(|value| !value.is_null());
        if let Some(error) = present("error").filter(|_| !event.contains_key("output")) {
            self.fail(if event.contains_key("message") {
                Failure::from_object(event)
            } else {
                Failure::from_error(error)
            });
        } else if event.contains_key("error_code") {
            self.fail(Failure::from_object(event));
        } else if present("choices").is_some_and(Value::is_array) {
            self.chat_completion(event);
        } else if present("delta").is_some_and(Value::is_object)
            || present("messages").is_some_and(Value::is_array)
        {
            self.chat_agent(event);
        } else if event.contains_key("output")
            || event.get("object").and_then(Value::as_str) == Some("response")
        {
            self.transcript.dialect = Dialect::Responses;
            self.whole_response(event);
        } else if let Some(detail) = present("detail") {
            self.fail(Failure::from_detail(detail));
        } else if event.contains_key("role") && event.contains_key("content") {
            return self.bare_item(event, "message");
        } else {
            return false;
        }
        true
    }

    /// An item as an event counts as done.
    fn bare_item(&mut self, event: &Map<String, Value>, kind: &str) -> bool {
        let mut typed = event.clone();
        typed.entry("type").or_insert_with(|| kind.into());
        let Some(item) = parse::item(&typed) else { return false };
        self.transcript.dialect = Dialect::Responses;
        self.begin_item();
        self.table.done(item, index(event, "output_index"));
        true
    }

    /// `response.<rest>`; `false` if nobody knows it.
    fn response_event(&mut self, rest: &str, event: &Map<String, Value>) -> bool {
        match rest {
            "created" | "queued" | "in_progress" => {
                self.response_notes(event);
                if rest == "created" {
                    self.begin_response();
                }
            }
            "completed" | "incomplete" | "failed" => {
                let response = event.get("response").and_then(Value::as_object).unwrap_or(event);
                self.ended_response(rest, response);
            }
            "output_item.added" | "output_item.done" => return self.item_event(rest, event),
            "content_part.added" | "content_part.done" => self.part_event(rest, event),
            "output_text.annotation.added" => {
                let annotation = event.get("annotation").map(parse::annotation);
                self.begin_item();
                if let Some(annotation) = annotation {
                    self.table.annotate(key(event, "message"), index(event, "content_index"), annotation);
                }
            }
            "reasoning_summary_part.added" | "reasoning_summary_part.done" => {
                let text = event.get("part").map(parse::part_text).unwrap_or_default();
                self.write(event, "reasoning", Field::Summary, &text, true);
            }
            _ => return self.text_event(rest, event) || self.progress_event(rest, event),
        }
        true
    }

    /// The notes on an event's `response`.
    fn response_notes(&mut self, event: &Map<String, Value>) {
        if let Some(response) = event.get("response").and_then(Value::as_object) {
            self.side_notes(response);
        }
    }

    /// `response.completed`, `.incomplete` and `.failed`: the end of a response, though not of the stream.
    fn ended_response(&mut self, how: &str, response: &Map<String, Value>) {
        let output = items_of(response);
        if !output.is_empty() {
            // A response that brings items after the end of another one is the next.
            self.begin_item();
        }
        self.side_notes(response);
        let error = response.get("error").filter(|error| !error.is_null());
        let fate = match (how, response.get("status").and_then(Value::as_str)) {
            ("failed", _) | (_, Some("failed")) => ItemStatus::Failed,
            ("incomplete", _) | (_, Some("incomplete")) => ItemStatus::Incomplete,
            _ => ItemStatus::Completed,
        };
        self.complete(output, fate);
        if let Some(error) = error {
            self.fail(Failure::from_error(error));
        } else if fate == ItemStatus::Failed {
            self.fail(Failure::from_text("The response failed"));
        }
        if fate == ItemStatus::Incomplete {
            let details = response.get("incomplete_details").and_then(Value::as_object);
            let reason = details.and_then(|details| string(details, "reason"));
            self.incomplete = Some(reason.unwrap_or_else(|| "no reason given".to_owned()));
        }
        self.end_response(fate);
    }

    /// A response as a body of its own, or as an untyped event.
    fn whole_response(&mut self, response: &Map<String, Value>) {
        self.ended_response("completed", response);
    }

    fn item_event(&mut self, rest: &str, event: &Map<String, Value>) -> bool {
        let Some(item) = event.get("item").and_then(Value::as_object).and_then(parse::item) else {
            return false;
        };
        self.begin_item();
        let at = index(event, "output_index");
        if rest == "output_item.added" {
            self.table.add(item, at);
        } else {
            self.table.done(item, at);
        }
        true
    }

    fn part_event(&mut self, rest: &str, event: &Map<String, Value>) {
        let Some(part) = event.get("part") else { return };
        let at = index(event, "content_index");
        self.begin_item();
        if part.get("type").and_then(Value::as_str) == Some("reasoning_text") {
            self.write(event, "reasoning", Field::ReasoningText, &parse::part_text(part), true);
        } else if rest == "content_part.done" {
            self.table.write_part(key(event, "message"), at, parse::part(part));
        } else {
            self.table.open(key(event, "message"));
        }
    }

    /// Deltas of text and the done events that replace them.
    fn text_event(&mut self, rest: &str, event: &Map<String, Value>) -> bool {
        let Some((what, step)) = rest.rsplit_once('.') else { return false };
        let (kind, field, done_key) = match what {
            "output_text" => ("message", Field::Text, "text"),
            "refusal" => ("message", Field::Refusal, "refusal"),
            "reasoning_summary_text" | "reasoning_summary" => ("reasoning", Field::Summary, "text"),
            "reasoning_text" | "reasoning" => ("reasoning", Field::ReasoningText, "text"),
            "function_call_arguments" => ("function_call", Field::Arguments, "arguments"),
            "mcp_call_arguments" => ("mcp_call", Field::Arguments, "arguments"),
            "custom_tool_call_input" => ("custom_tool_call", Field::Arguments, "input"),
            _ => return false,
        };
        let text_key = match step {
            "delta" => "delta",
            "done" => done_key,
            _ => return false,
        };
        let Some(text) = parse::lenient_text(event, text_key) else { return step == "done" };
        self.write(event, kind, field, &text, step == "done");
        true
    }

    fn write(&mut self, event: &Map<String, Value>, kind: &str, field: Field, text: &str, whole: bool) {
        let part = match field {
            Field::Summary => index(event, "summary_index"),
            _ => index(event, "content_index"),
        };
        self.begin_item();
        self.table.write(key(event, kind), field, part, text, whole);
    }

    /// `response.web_search_call.searching` and its like: the item is there, its content comes when it is done.
    fn progress_event(&mut self, rest: &str, event: &Map<String, Value>) -> bool {
        let what = rest.split('.').next().unwrap_or_default();
        let kind = ["", "_code", "_command", "_content"].iter().find_map(|part| {
            what.strip_suffix(part)
                .filter(|kind| is_item_kind(kind) && !matches!(*kind, "message" | "reasoning"))
        });
        let Some(kind) = kind.filter(|_| event.contains_key("output_index") || event.contains_key("item_id"))
        else {
            return false;
        };
        self.begin_item();
        self.table.open(key(event, kind));
        true
    }
}

/// The items of a response's `output`: a list, or a text where an agent keeps it simple.
fn items_of(response: &Map<String, Value>) -> Vec<Item> {
    match response.get("output") {
        Some(Value::Array(output)) => {
            output.iter().filter_map(|item| item.as_object().and_then(parse::item)).collect()
        }
        Some(Value::String(text)) if !text.is_empty() => {
            let mut item = parse::empty_item("message");
            item.status = ItemStatus::Completed;
            if let ItemBody::Message { parts, .. } = &mut item.body {
                parts.push(crate::agent::wire::Part::text(text.as_str()));
            }
            vec![item]
        }
        _ => Vec::new(),
    }
}

fn key<'a>(event: &'a Map<String, Value>, kind: &'a str) -> Key<'a> {
    let id = event.get("item_id").and_then(Value::as_str).filter(|id| !id.is_empty());
    Key { kind, index: index(event, "output_index"), id }
}

fn index(event: &Map<String, Value>, key: &str) -> Option<u64> {
    event.get(key).and_then(Value::as_u64)
}
