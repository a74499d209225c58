//! What travels, as plain values: output items, input items, failures and token counts.
//!
//! Nothing here parses a stream or talks HTTP. Shapes follow the `OpenAI` Responses API as `mlflow.types.responses`
//! accepts it; types nobody knows yet keep their JSON as it came ([`RawJson`]).

mod failure;
mod input;
mod item;
mod usage;

pub use failure::{Failure, FailureKind};
pub use input::{Content, InputItem, InputPart, SummaryPart, TypedItem};
pub use item::{
    Annotation, ApprovalRequest, Item, ItemBody, ItemStatus, Part, RawJson, Reasoning, ToolCall, ToolOutput,
};
pub use usage::Usage;

use serde_json::Value;

use crate::entities::TraceValue;

/// Longest JSON indented, in bytes: it may be done anew for every frame.
const MAX_PRETTY: usize = 512 * 1024;

/// JSON text indented for reading; `None` if it is no object or list, or too long.
pub fn pretty_json(text: &str) -> Option<String> {
    if text.len() > MAX_PRETTY || !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let value: Value = serde_json::from_str(text).ok()?;
    serde_json::to_string_pretty(&value).ok()
}

/// JSON text as values, whose names keep their order; `None` if it is no object or list, or too long.
pub fn values_of(text: &str) -> Option<TraceValue> {
    if text.len() > MAX_PRETTY || !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// What a JSON value says as one string: strings as they are, lists of text parts joined, everything else as
/// compact JSON. Agents send tool outputs and arguments in all three forms.
pub(in crate::agent) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(parts) => joined_text(parts).unwrap_or_else(|| value.to_string()),
        other => other.to_string(),
    }
}

/// The texts of a list that holds only text parts.
fn joined_text(parts: &[Value]) -> Option<String> {
    let mut text = String::new();
    for part in parts {
        text.push_str(part.get("text")?.as_str()?);
    }
    (!parts.is_empty()).then_some(text)
}
