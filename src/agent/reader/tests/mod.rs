//! The rules of reading an answer, each with the bytes that broke some client, and the promise that chunk borders
//! change nothing.

mod borders;
mod corpus;
mod dialects;
mod fixtures;
mod fuzz;
mod random;
mod rules;

use super::Reader;
use crate::agent::transcript::{Outcome, Transcript};
use crate::agent::wire::{Item, ItemBody, Part};

pub(super) const SSE: Option<&str> = Some("text/event-stream; charset=utf-8");
pub(super) const JSON: Option<&str> = Some("application/json");

/// Reads `body` in one go.
pub(super) fn read(content_type: Option<&str>, status: u16, body: impl AsRef<[u8]>) -> Transcript {
    let mut reader = Reader::new(content_type, status);
    reader.feed(body.as_ref());
    reader.finish();
    reader.transcript().clone()
}

/// Reads a stream of these `data:` lines.
pub(super) fn stream(events: &[&str]) -> Transcript {
    read(SSE, 200, sse(events))
}

/// The events as `AgentServer` writes them.
pub(super) fn sse(events: &[&str]) -> String {
    events.iter().flat_map(|event| ["data: ", event, "\n\n"]).collect()
}

/// Every item in one word: `message:text`, `reasoning:summary/text`, `function_call:name(arguments)`, …
pub(super) fn sketch(transcript: &Transcript) -> Vec<String> {
    transcript.items.iter().map(|item| sketch_item(item)).collect()
}

fn sketch_item(item: &Item) -> String {
    let said = match &item.body {
        ItemBody::Message { parts, .. } => parts
            .iter()
            .map(|part| match part {
                Part::Text { text, .. } => text.clone(),
                Part::Refusal(text) => format!("no! {text}"),
                Part::Other(raw) => raw.as_str().to_owned(),
            })
            .collect::<Vec<_>>()
            .join("|"),
        ItemBody::Reasoning(reasoning) => {
            format!("{}/{}", reasoning.summary.join("|"), reasoning.text.join("|"))
        }
        ItemBody::Call(call) => format!("{}({})", call.name, call.arguments),
        ItemBody::Output(output) => format!("{}={}", output.call_id.as_deref().unwrap_or("?"), output.output),
        ItemBody::Approval(request) => format!("{}({})@{}", request.name, request.arguments, request.server),
        ItemBody::Other => item.raw.as_ref().map(|raw| raw.as_str().to_owned()).unwrap_or_default(),
    };
    format!("{}:{said}", item.kind)
}

#[track_caller]
pub(super) fn completed(transcript: &Transcript, expected: &[&str]) {
    assert_eq!(sketch(transcript), expected);
    assert_eq!(transcript.outcome, Outcome::Completed, "{transcript:#?}");
    assert_eq!(transcript.skipped_events, 0);
}
