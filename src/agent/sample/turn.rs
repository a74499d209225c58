//! An answer as `AgentServer` streams it, and the same answer as one body.

use std::time::Duration;

use serde_json::{Value, json};

use super::topics::{self, Answer};
use super::{AnswersAs, NAME};

/// Between two pieces of text.
const PIECE_PAUSE: Duration = Duration::from_millis(30);
/// The same in a newer version, which is quicker.
const NEWER_PIECE_PAUSE: Duration = Duration::from_millis(22);
/// How long the tool takes.
const TOOL_PAUSE: Duration = Duration::from_millis(450);
/// Characters of a piece.
const PIECE: usize = 14;
/// A token is some four characters of English.
const CHARACTERS_PER_TOKEN: usize = 4;

/// What is asked, and what was said before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Question {
    /// The last thing the user said.
    pub text: String,
    /// What the user said before that, the last first.
    pub before: Vec<String>,
    /// Characters of everything that was sent.
    pub characters: usize,
}

impl Question {
    /// Reads a request's `input`. What it cannot read it leaves out.
    pub fn in_input(input: &[Value]) -> Self {
        let users = input.iter().filter(|item| item.get("role").and_then(Value::as_str) == Some("user"));
        let mut said: Vec<String> = users.map(|item| text_of(item.get("content"))).collect();
        let text = said.pop().unwrap_or_default();
        said.reverse();
        let characters = input.iter().map(|item| text_of(item.get("content")).chars().count()).sum();
        Self { text, before: said, characters }
    }
}

/// A message's content: a string, or parts with a text.
fn text_of(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

/// One answer.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    answer: Answer,
    /// Answers of before, so that no id comes twice in a conversation.
    number: usize,
    input_tokens: usize,
    answers_as: AnswersAs,
}

/// An event, and how long to wait before it.
type Event = (Duration, Value);

impl Turn {
    pub fn new(question: &Question, answers_as: &AnswersAs) -> Self {
        Self {
            answer: topics::answer(question, answers_as),
            number: question.before.len() + 1,
            input_tokens: 180 + question.characters / CHARACTERS_PER_TOKEN,
            answers_as: answers_as.clone(),
        }
    }

    /// The events of the stream, without the `[DONE]` after them.
    pub fn events(&self) -> Vec<Event> {
        let mut events = vec![now(json!({"type": "response.created", "response": self.head()}))];
        events.extend(self.reasoning_events(0));
        let mut index = 1;
        if let Some((call, output)) = self.tool() {
            events.extend(self.call_events(&call, index));
            events.push((TOOL_PAUSE, done(&output, index + 1)));
            index += 2;
        }
        events.extend(self.message_events(index));
        let mut response = self.response();
        response["id"] = json!(self.id("resp"));
        response["status"] = json!("completed");
        events.push(now(json!({"type": "response.completed", "response": response})));
        events
    }

    /// The answer as one body.
    pub fn response(&self) -> Value {
        let mut output = vec![self.reasoning()];
        output.extend(self.tool().map(<[Value; 2]>::from).into_iter().flatten());
        output.push(self.message());
        json!({"object": "response", "output": output, "usage": self.usage(), "custom_outputs": self.custom_outputs()})
    }

    fn pause(&self) -> Duration {
        if self.answers_as.is_newer() { NEWER_PIECE_PAUSE } else { PIECE_PAUSE }
    }

    fn id(&self, prefix: &str) -> String {
        format!("{prefix}_sample_{}", self.number)
    }

    fn head(&self) -> Value {
        json!({"object": "response", "id": self.id("resp"), "status": "in_progress", "model": NAME, "output": []})
    }

    fn reasoning(&self) -> Value {
        let summary = json!([{"type": "summary_text", "text": self.answer.thought}]);
        json!({"type": "reasoning", "id": self.id("rs"), "summary": summary})
    }

    /// The call and its output.
    fn tool(&self) -> Option<(Value, Value)> {
        let (arguments, rows) = self.answer.tool.as_ref()?;
        let call_id = self.id("call");
        let call = json!({
            "type": "function_call", "id": self.id("fc"), "call_id": call_id, "name": "query_otif",
            "arguments": arguments.to_string(),
        });
        let output = json!({"type": "function_call_output", "call_id": call_id, "output": rows.to_string()});
        Some((call, output))
    }

    fn message(&self) -> Value {
        let text = json!([{"type": "output_text", "text": self.answer.text, "annotations": []}]);
        json!({"type": "message", "id": self.id("msg"), "role": "assistant", "status": "completed", "content": text})
    }

    fn reasoning_events(&self, index: usize) -> Vec<Event> {
        let at = json!({"item_id": self.id("rs"), "output_index": index, "summary_index": 0});
        let mut events = vec![
            now(added(&json!({"type": "reasoning", "id": self.id("rs"), "summary": []}), index)),
            now(with(
                &at,
                "response.reasoning_summary_part.added",
                "part",
                json!({"type": "summary_text", "text": ""}),
            )),
        ];
        let delta = "response.reasoning_summary_text.delta";
        events.extend(
            pieces(self.answer.thought).map(|piece| (self.pause(), with(&at, delta, "delta", json!(piece)))),
        );
        let text = json!(self.answer.thought);
        events.push(now(with(&at, "response.reasoning_summary_text.done", "text", text.clone())));
        let part = json!({"type": "summary_text", "text": text});
        events.push(now(with(&at, "response.reasoning_summary_part.done", "part", part)));
        events.push(now(done(&self.reasoning(), index)));
        events
    }

    fn call_events(&self, call: &Value, index: usize) -> Vec<Event> {
        let at = json!({"item_id": self.id("fc"), "output_index": index});
        let arguments = call.get("arguments").and_then(Value::as_str).unwrap_or_default();
        let mut begun = call.clone();
        begun["arguments"] = json!("");
        let mut events = vec![now(added(&begun, index))];
        let delta = "response.function_call_arguments.delta";
        events.extend(pieces(arguments).map(|piece| (self.pause(), with(&at, delta, "delta", json!(piece)))));
        events.push(now(with(&at, "response.function_call_arguments.done", "arguments", json!(arguments))));
        events.push(now(done(call, index)));
        events
    }

    fn message_events(&self, index: usize) -> Vec<Event> {
        let at = json!({"item_id": self.id("msg"), "output_index": index, "content_index": 0});
        let begun = json!({
            "type": "message", "id": self.id("msg"), "role": "assistant", "status": "in_progress", "content": [],
        });
        let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
        let mut events =
            vec![now(added(&begun, index)), now(with(&at, "response.content_part.added", "part", part("")))];
        let text = &self.answer.text;
        let delta = "response.output_text.delta";
        events.extend(pieces(text).map(|piece| (self.pause(), with(&at, delta, "delta", json!(piece)))));
        events.push(now(with(&at, "response.output_text.done", "text", json!(text))));
        events.push(now(with(&at, "response.content_part.done", "part", part(text))));
        let mut last = done(&self.message(), index);
        last["custom_outputs"] = self.custom_outputs();
        events.push(now(last));
        events
    }

    fn usage(&self) -> Value {
        let tokens = |text: &str| text.chars().count() / CHARACTERS_PER_TOKEN;
        let reasoning = tokens(self.answer.thought);
        let output = reasoning + tokens(&self.answer.text) + if self.answer.tool.is_some() { 24 } else { 0 };
        json!({
            "input_tokens": self.input_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": output,
            "output_tokens_details": {"reasoning_tokens": reasoning},
            "total_tokens": self.input_tokens + output,
        })
    }

    fn custom_outputs(&self) -> Value {
        let AnswersAs { model, alias, version } = &self.answers_as;
        json!({"agent": NAME, "model_name": model, "alias": alias, "model_version": version.to_string()})
    }
}

fn now(event: Value) -> Event {
    (Duration::ZERO, event)
}

fn added(item: &Value, index: usize) -> Value {
    json!({"type": "response.output_item.added", "output_index": index, "item": item})
}

fn done(item: &Value, index: usize) -> Value {
    json!({"type": "response.output_item.done", "output_index": index, "item": item})
}

/// The event `kind` about the place `at`, with one more field.
fn with(at: &Value, kind: &str, key: &str, value: Value) -> Value {
    let mut event = at.clone();
    event["type"] = json!(kind);
    event[key] = value;
    event
}

/// A text in pieces, as a model would send it.
fn pieces(text: &str) -> impl Iterator<Item = String> {
    let characters: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = characters.chunks(PIECE).map(|piece| piece.iter().collect()).collect();
    pieces.into_iter()
}
