//! One JSON object to one output item. Tolerant: what is missing is empty, what is unknown stays raw.

use serde_json::{Map, Value};

use crate::agent::wire::{
    Annotation, ApprovalRequest, Item, ItemBody, ItemStatus, Part, RawJson, Reasoning, ToolCall, ToolOutput,
    text_of,
};

/// Most parts of a message or of a reasoning item: a bound on hostile `content_index`es.
pub(super) const MAX_PARTS: usize = 256;
/// Most annotations of one part.
pub(super) const MAX_ANNOTATIONS: usize = 1_000;

/// The item types of `ResponseOutputItem`: an event that bears one of these as its `type` is a bare item.
const ITEM_KINDS: [&str; 28] = [
    "additional_tools",
    "apply_patch_call",
    "apply_patch_call_output",
    "code_interpreter_call",
    "compaction",
    "computer_call",
    "computer_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "file_search_call",
    "function_call",
    "function_call_output",
    "image_generation_call",
    "local_shell_call",
    "local_shell_call_output",
    "mcp_approval_request",
    "mcp_approval_response",
    "mcp_call",
    "mcp_list_tools",
    "message",
    "program",
    "program_output",
    "reasoning",
    "shell_call",
    "shell_call_output",
    "tool_search_call",
    "tool_search_output",
    "web_search_call",
];

/// Whether `kind` is an item type.
pub(super) fn is_item_kind(kind: &str) -> bool {
    ITEM_KINDS.binary_search(&kind).is_ok()
}

/// A string field that says something.
pub(super) fn string(object: &Map<String, Value>, key: &str) -> Option<String> {
    object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A field as text, whatever its JSON type; `None` if absent or null.
pub(super) fn lenient_text(object: &Map<String, Value>, key: &str) -> Option<String> {
    object.get(key).filter(|value| !value.is_null()).map(text_of)
}

/// An empty item of `kind`, for deltas that come before anything else says what they belong to.
pub(super) fn empty_item(kind: &str) -> Item {
    let body = match kind {
        "message" => ItemBody::Message { role: "assistant".to_owned(), parts: Vec::new() },
        "reasoning" => ItemBody::Reasoning(Reasoning::default()),
        "function_call" | "custom_tool_call" | "mcp_call" => ItemBody::Call(ToolCall::default()),
        "function_call_output" | "custom_tool_call_output" => ItemBody::Output(ToolOutput::default()),
        "mcp_approval_request" => ItemBody::Approval(ApprovalRequest::default()),
        _ => ItemBody::Other,
    };
    Item { cycle: 0, index: None, id: None, kind: kind.to_owned(), status: ItemStatus::Open, body, raw: None }
}

/// The item that `object` describes, with the status that a done item has. `None` if it names no type and does not
/// look like a message.
pub(super) fn item(object: &Map<String, Value>) -> Option<Item> {
    let looks_like_message = object.contains_key("content") && object.contains_key("role");
    let kind = match object.get("type").and_then(Value::as_str) {
        Some(kind) if !kind.is_empty() => kind,
        _ if looks_like_message => "message",
        _ => return None,
    };
    let mut item = empty_item(kind);
    item.id = string(object, "id");
    item.status = match object.get("status").and_then(Value::as_str) {
        Some("incomplete") => ItemStatus::Incomplete,
        Some("failed") => ItemStatus::Failed,
        _ => ItemStatus::Completed,
    };
    match &mut item.body {
        ItemBody::Message { role, parts } => {
            *role = string(object, "role").unwrap_or_else(|| "assistant".to_owned());
            *parts = object.get("content").map(content_parts).unwrap_or_default();
        }
        ItemBody::Reasoning(reasoning) => *reasoning = self::reasoning(object),
        ItemBody::Call(call) => *call = self::call(object),
        ItemBody::Output(output) => {
            output.call_id = string(object, "call_id");
            output.output = lenient_text(object, "output").unwrap_or_default();
        }
        ItemBody::Approval(request) => {
            request.name = string(object, "name").unwrap_or_default();
            request.arguments = lenient_text(object, "arguments").unwrap_or_default();
            request.server = string(object, "server_label").unwrap_or_default();
        }
        ItemBody::Other => item.raw = Some(RawJson::new(&Value::Object(object.clone()))),
    }
    Some(item)
}

fn call(object: &Map<String, Value>) -> ToolCall {
    ToolCall {
        call_id: string(object, "call_id"),
        name: string(object, "name").unwrap_or_default(),
        arguments: lenient_text(object, "arguments")
            .or_else(|| lenient_text(object, "input"))
            .unwrap_or_default(),
        server: string(object, "server_label"),
        output: lenient_text(object, "output"),
        error: lenient_text(object, "error"),
    }
}

fn reasoning(object: &Map<String, Value>) -> Reasoning {
    let texts = |key: &str| match object.get(key) {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(parts)) => parts.iter().take(MAX_PARTS).map(part_text).collect(),
        _ => Vec::new(),
    };
    Reasoning {
        summary: texts("summary"),
        text: texts("content"),
        encrypted: string(object, "encrypted_content"),
    }
}

/// The text of a summary or reasoning part.
pub(super) fn part_text(part: &Value) -> String {
    part.get("text").map_or_else(|| text_of(part), text_of)
}

/// A message's content: a string or a list of parts.
pub(super) fn content_parts(content: &Value) -> Vec<Part> {
    match content {
        Value::Null => Vec::new(),
        Value::Array(parts) => parts.iter().take(MAX_PARTS).map(part).collect(),
        other => vec![Part::text(text_of(other))],
    }
}

/// One part of a message's content.
pub(super) fn part(value: &Value) -> Part {
    let kind = value.get("type").and_then(Value::as_str);
    match (kind, value.get("text"), value.get("refusal")) {
        (Some("refusal"), _, Some(text)) | (None, None, Some(text)) => Part::Refusal(text_of(text)),
        (Some("output_text" | "text" | "input_text") | None, Some(text), _) => {
            let annotations = value.get("annotations").and_then(Value::as_array).into_iter().flatten();
            Part::Text {
                text: text_of(text),
                annotations: annotations.take(MAX_ANNOTATIONS).map(annotation).collect(),
            }
        }
        _ => value.as_str().map_or_else(|| Part::Other(RawJson::new(value)), Part::text),
    }
}

/// One citation.
pub(super) fn annotation(value: &Value) -> Annotation {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    Annotation {
        kind: text("type").unwrap_or_default(),
        title: text("title").or_else(|| text("filename")).or_else(|| text("file_id")),
        url: text("url"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(value: &Value) -> Item {
        item(value.as_object().unwrap()).unwrap()
    }

    #[test]
    fn item_kinds_are_sorted() {
        assert!(ITEM_KINDS.is_sorted());
        assert!(is_item_kind("web_search_call") && !is_item_kind("response.created"));
    }

    #[test]
    fn objects_as_arguments_and_outputs_become_strings() {
        let call =
            parsed(&json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": {"a": 1}}));
        assert!(matches!(&call.body, ItemBody::Call(call) if call.arguments == r#"{"a":1}"#));
        let output = parsed(&json!({"type": "function_call_output", "call_id": "c",
            "output": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]}));
        assert!(matches!(&output.body, ItemBody::Output(output) if output.output == "ab"));
    }

    #[test]
    fn unknown_items_and_parts_stay_raw() {
        let unknown = parsed(&json!({"type": "hologram", "id": "h", "x": [1]}));
        assert_eq!((unknown.kind.as_str(), &unknown.body), ("hologram", &ItemBody::Other));
        assert_eq!(unknown.raw.unwrap().value()["x"], json!([1]));
        assert!(matches!(part(&json!({"type": "output_image", "image_url": "x"})), Part::Other(_)));
    }

    #[test]
    fn a_message_needs_no_type() {
        let message = parsed(&json!({"role": "assistant", "content": "hi"}));
        assert_eq!((message.kind.as_str(), message.text()), ("message", "hi".to_owned()));
        assert!(item(json!({"foo": 1}).as_object().unwrap()).is_none());
    }
}
