//! The other two dialects on the same endpoints: chat completions and MLflow's `ChatAgent`.

use serde_json::{Map, Value};

use super::builder::Builder;
use super::parse::{self, string};
use super::table::{Field, Key};
use crate::agent::transcript::Dialect;
use crate::agent::wire::{Item, ItemBody, ItemStatus, Part, ToolCall, ToolOutput, text_of};

/// Tool calls of different choices must not share an index.
const CALLS_PER_CHOICE: u64 = 4_096;

impl Builder {
    /// An object with `choices`: a chunk (`delta`) or a whole completion (`message`).
    pub(super) fn chat_completion(&mut self, event: &Map<String, Value>) {
        self.transcript.dialect = Dialect::ChatCompletions;
        for (position, choice) in
            event.get("choices").and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            let number = choice.get("index").and_then(Value::as_u64).unwrap_or(position as u64);
            let finished = choice.get("finish_reason").and_then(Value::as_str);
            if let Some(message) = choice.get("message").and_then(Value::as_object) {
                self.chat_message(message);
            } else if let Some(delta) = choice.get("delta").and_then(Value::as_object) {
                self.chat_delta(delta, number);
            }
            if let Some(reason) = finished {
                self.chat_finished(number, reason);
            }
        }
    }

    /// An object with `delta` or `messages`.
    pub(super) fn chat_agent(&mut self, event: &Map<String, Value>) {
        self.transcript.dialect = Dialect::ChatAgent;
        if let Some(delta) = event.get("delta").and_then(Value::as_object) {
            self.agent_delta(delta);
        }
        for message in event.get("messages").and_then(Value::as_array).into_iter().flatten() {
            if let Some(message) = message.as_object() {
                self.chat_message(message);
            }
        }
        let finished = event.get("finish_reason").and_then(Value::as_str);
        if finished.is_some() || event.contains_key("messages") {
            self.end_response(ItemStatus::Completed);
        }
        self.note_early_end(finished.unwrap_or_default());
    }

    fn chat_delta(&mut self, delta: &Map<String, Value>, choice: u64) {
        let index = Some(choice);
        for (text, kind, field) in texts_of(delta) {
            self.begin_item();
            self.table.write(Key { kind, index, id: None }, field, None, &text, false);
        }
        for (position, call) in calls_of(delta).enumerate() {
            self.begin_item();
            let number = call.get("index").and_then(Value::as_u64).unwrap_or(position as u64);
            let index = choice.saturating_mul(CALLS_PER_CHOICE).saturating_add(number);
            self.call_delta(call, index);
        }
    }

    /// A piece of a tool call. Some servers send whole calls under one index: a new id means a new call.
    fn call_delta(&mut self, call: &Value, index: u64) {
        let piece = tool_call(call);
        let other = |item: &Item| {
            let known = item.body.call_id();
            item.kind == "function_call"
                && item.index == Some(index)
                && known.is_some()
                && known != piece.call_id.as_deref()
        };
        if piece.call_id.is_some() && self.table.items.iter().any(|item| item.is_open() && other(item)) {
            self.table.close_cycle(ItemStatus::Completed, other);
            let mut item = parse::empty_item("function_call");
            item.body = ItemBody::Call(piece);
            self.table.add(item, Some(index));
            return;
        }
        let Some(item) = self.table.open(Key { kind: "function_call", index: Some(index), id: None }) else {
            return;
        };
        if let ItemBody::Call(open) = &mut item.body {
            open.call_id = open.call_id.take().or(piece.call_id);
            open.arguments.push_str(&piece.arguments);
            if open.name.is_empty() {
                open.name = piece.name;
            }
        }
    }

    fn chat_finished(&mut self, choice: u64, reason: &str) {
        let of_choice = |item: &Item| match item.kind.as_str() {
            "function_call" => item.index.is_some_and(|index| index / CALLS_PER_CHOICE == choice),
            _ => item.index.is_none_or(|index| index == choice),
        };
        let early = is_early(reason);
        let status = if early { ItemStatus::Incomplete } else { ItemStatus::Completed };
        self.table.close_cycle(status, of_choice);
        self.end_response_if_closed();
        self.note_early_end(reason);
    }

    fn note_early_end(&mut self, reason: &str) {
        if is_early(reason) {
            self.incomplete = Some(reason.to_owned());
        }
    }

    /// A whole message: of a chat completion, or of a `ChatAgent` (where tools answer too).
    fn chat_message(&mut self, message: &Map<String, Value>) {
        self.begin_item();
        if message.get("role").and_then(Value::as_str) == Some("tool") {
            self.tool_message(message);
            return;
        }
        let mut said = parse::empty_item("message");
        let mut thought = parse::empty_item("reasoning");
        for (text, _, field) in texts_of(message) {
            match (&mut said.body, &mut thought.body, field) {
                (ItemBody::Message { parts, .. }, _, Field::Text) => parts.push(Part::text(text)),
                (ItemBody::Message { parts, .. }, _, Field::Refusal) => parts.push(Part::Refusal(text)),
                (_, ItemBody::Reasoning(reasoning), Field::Summary) => reasoning.summary.push(text),
                (_, ItemBody::Reasoning(reasoning), _) => reasoning.text.push(text),
                _ => {}
            }
        }
        if let (ItemBody::Message { role, .. }, Some(named)) = (&mut said.body, string(message, "role")) {
            *role = named;
        }
        said.id = string(message, "id");
        for item in [thought, said].into_iter().filter(|item| item.body.has_text()) {
            self.table.done(Item { status: ItemStatus::Completed, ..item }, None);
        }
        self.whole_calls(message);
    }

    fn agent_delta(&mut self, delta: &Map<String, Value>) {
        self.begin_item();
        if delta.get("role").and_then(Value::as_str) == Some("tool") {
            self.table.close_cycle(ItemStatus::Completed, |_| true);
            self.tool_message(delta);
            return;
        }
        let id = message_id(delta);
        for (text, kind, field) in texts_of(delta) {
            // Another id is another message; the one before has no end of its own.
            self.table.close_cycle(ItemStatus::Completed, |item| id.is_some() && item.id.as_deref() != id);
            self.table.write(Key { kind, index: None, id }, field, None, &text, false);
        }
        if calls_of(delta).next().is_some() {
            self.table.close_cycle(ItemStatus::Completed, |_| true);
            self.whole_calls(delta);
        }
    }

    fn whole_calls(&mut self, message: &Map<String, Value>) {
        for call in calls_of(message) {
            let mut item = parse::empty_item("function_call");
            item.status = ItemStatus::Completed;
            item.body = ItemBody::Call(tool_call(call));
            self.table.done(item, None);
        }
    }

    /// `role: tool`: what a tool answered.
    fn tool_message(&mut self, message: &Map<String, Value>) {
        let mut item = parse::empty_item("function_call_output");
        item.id = string(message, "id");
        item.status = ItemStatus::Completed;
        item.body = ItemBody::Output(ToolOutput {
            call_id: string(message, "tool_call_id"),
            output: message.get("content").map(text_of).unwrap_or_default(),
        });
        self.table.done(item, None);
    }
}

/// Whether a `finish_reason` means that more would have come.
fn is_early(reason: &str) -> bool {
    matches!(reason, "length" | "max_tokens" | "content_filter")
}

fn message_id(message: &Map<String, Value>) -> Option<&str> {
    message.get("id").and_then(Value::as_str).filter(|id| !id.is_empty())
}

fn calls_of(message: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    message.get("tool_calls").and_then(Value::as_array).into_iter().flatten()
}

fn tool_call(call: &Value) -> ToolCall {
    let function = call.get("function").and_then(Value::as_object);
    ToolCall {
        call_id: call.as_object().and_then(|call| string(call, "id")),
        name: function.and_then(|function| string(function, "name")).unwrap_or_default(),
        arguments: function
            .and_then(|function| parse::lenient_text(function, "arguments"))
            .unwrap_or_default(),
        ..ToolCall::default()
    }
}

/// The texts of a chat message or delta, what they are, reasoning first. Content comes as a string or as parts.
fn texts_of(message: &Map<String, Value>) -> Vec<(String, &'static str, Field)> {
    let mut texts = Vec::new();
    for key in ["reasoning_content", "reasoning"] {
        if let Some(text) = string(message, key) {
            texts.push((text, "reasoning", Field::ReasoningText));
            break;
        }
    }
    match message.get("content") {
        Some(Value::Array(parts)) => texts.extend(parts.iter().flat_map(content_part)),
        Some(content) if !content.is_null() => texts.push((text_of(content), "message", Field::Text)),
        _ => {}
    }
    if let Some(text) = string(message, "refusal") {
        texts.push((text, "message", Field::Refusal));
    }
    texts.retain(|(text, ..)| !text.is_empty());
    texts
}

/// One part of a chat message's content: text, or Databricks' `reasoning` with a `summary`.
fn content_part(part: &Value) -> Vec<(String, &'static str, Field)> {
    if part.get("type").and_then(Value::as_str) == Some("reasoning") {
        let summary = part.get("summary").and_then(Value::as_array).into_iter().flatten();
        return summary.map(|part| (parse::part_text(part), "reasoning", Field::Summary)).collect();
    }
    part.get("text").map(|text| (text_of(text), "message", Field::Text)).into_iter().collect()
}
