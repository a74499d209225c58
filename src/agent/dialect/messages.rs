//! A conversation's input items as chat messages, for `ChatAgent` and for chat completions.
//!
//! The items go as the Responses dialect has them. Calls become `tool_calls` of the assistant's message before them, and
//! outputs `tool` messages right behind it. Chat messages have no place for reasoning, searches and approvals: they
//! stay here.

use serde::Serialize;
use serde_json::{Value, json};

use super::RequestDialect;
use crate::agent::wire::InputItem;

/// A chat message.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ChatMessage {
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ChatCall>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct ChatCall {
    id: String,
    r#type: &'static str,
    function: Function,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Function {
    name: String,
    arguments: String,
}

/// The `messages` of a request.
pub(in crate::agent) fn chat_messages(items: &[InputItem], dialect: RequestDialect) -> Vec<ChatMessage> {
    let mut messages = Vec::new();
    for item in items {
        // The shapes of the wire are the same whoever made the item, Flowdeck or the agent before.
        let Ok(item) = serde_json::to_value(item) else { continue };
        match text_at(&item, "type").as_deref() {
            None | Some("message") => messages.extend(message(&item)),
            Some("function_call") => push_call(&mut messages, &item),
            Some("function_call_output") => push_output(&mut messages, &item, dialect),
            Some(_) => {}
        }
    }
    messages
}

fn message(item: &Value) -> Option<ChatMessage> {
    let role = match text_at(item, "role")?.as_str() {
        "user" => "user",
        // The same thing in the newer word, which `ChatAgent` and most models do not know.
        "system" | "developer" => "system",
        _ => "assistant",
    };
    let content = match item.get("content")? {
        Value::Array(parts) => content_of(parts, role),
        text => text.clone(),
    };
    Some(ChatMessage { role, content: Some(content), ..ChatMessage::default() })
}

/// Texts alone are one text, which everybody takes; with an image or a file among them, parts.
fn content_of(parts: &[Value], role: &str) -> Value {
    let texts: Option<Vec<&str>> = parts.iter().map(part_text).collect();
    match texts {
        Some(texts) => Value::String(texts.join(if role == "assistant" { "" } else { "\n\n" })),
        None => Value::Array(parts.iter().map(content_part).collect()),
    }
}

fn part_text(part: &Value) -> Option<&str> {
    part.get("text").or_else(|| part.get("refusal")).and_then(Value::as_str)
}

/// A part of a chat message's content, as `OpenAI` has them.
fn content_part(part: &Value) -> Value {
    if let Some(text) = part_text(part) {
        return json!({"type": "text", "text": text});
    }
    match text_at(part, "type").as_deref() {
        Some("input_image") => {
            let mut image = json!({"url": part.get("image_url")});
            if let Some(detail) = part.get("detail").filter(|detail| !detail.is_null()) {
                image["detail"] = detail.clone();
            }
            json!({"type": "image_url", "image_url": image})
        }
        Some("input_file") => {
            let mut file = part.clone();
            if let Some(fields) = file.as_object_mut() {
                fields.remove("type");
            }
            json!({"type": "file", "file": file})
        }
        _ => part.clone(),
    }
}

fn push_call(messages: &mut Vec<ChatMessage>, item: &Value) {
    let field = |key| text_at(item, key).unwrap_or_default();
    let function = Function { name: field("name"), arguments: field("arguments") };
    let call = ChatCall { id: field("call_id"), r#type: "function", function };
    match messages.last_mut() {
        Some(last) if last.role == "assistant" => last.tool_calls.push(call),
        _ => {
            messages.push(ChatMessage {
                role: "assistant",
                tool_calls: vec![call],
                ..ChatMessage::default()
            });
        }
    }
}

/// Behind the message with its call and the outputs that are there already: models refuse anything in between.
fn push_output(messages: &mut Vec<ChatMessage>, item: &Value, dialect: RequestDialect) {
    let Some(call_id) = text_at(item, "call_id") else { return };
    let calls = |message: &ChatMessage| message.tool_calls.iter().any(|call| call.id == call_id);
    let Some(caller) = messages.iter().rposition(calls) else { return };
    let behind = messages.iter().skip(caller + 1).take_while(|message| message.role == "tool").count();
    let called =
        messages.get(caller).and_then(|caller| caller.tool_calls.iter().find(|call| call.id == call_id));
    // `ChatAgent` wants the tool's name again.
    let name = called.map(|call| call.function.name.clone()).filter(|_| dialect == RequestDialect::ChatAgent);
    let content = Some(item.get("output").cloned().unwrap_or_else(|| "".into()));
    let output =
        ChatMessage { role: "tool", content, tool_call_id: Some(call_id), name, ..ChatMessage::default() };
    messages.insert(caller + 1 + behind, output);
}

fn text_at(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Reader;
    use crate::agent::history::{Entry, input_items};
    use RequestDialect::{ChatAgent, ChatCompletions};

    #[track_caller]
    fn become_(items: &[InputItem], dialect: RequestDialect, expected: &Value) {
        assert_eq!(&serde_json::to_value(chat_messages(items, dialect)).unwrap(), expected);
    }

    fn conversation() -> Vec<InputItem> {
        let mut reader = Reader::new(Some("application/json"), 200);
        let output = json!({"output": [
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "thinking"}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
            {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
            {"type": "function_call", "call_id": "b", "name": "g", "arguments": "{\"x\":1}"},
            {"type": "function_call_output", "call_id": "a", "output": "1"},
            {"type": "function_call_output", "call_id": "b", "output": {"y": 2}},
            {"type": "web_search_call", "id": "w", "status": "completed"},
            {"type": "message", "role": "assistant", "content": [
                {"type": "output_text", "text": "It is "}, {"type": "output_text", "text": "two."}]}
        ]});
        reader.feed(output.to_string().as_bytes());
        reader.finish();
        let answer = reader.transcript().clone();
        input_items(
            Some("be brief"),
            &[Entry::User(&"how many?".into()), Entry::Answer(&answer), Entry::User(&"sure?".into())],
        )
    }

    #[test]
    fn a_conversation_with_tools_becomes_messages() {
        let call = |id: &str, name: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
        let calls = json!([call("a", "f", "{}"), call("b", "g", "{\"x\":1}")]);
        become_(
            &conversation(),
            ChatCompletions,
            &json!([
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": "how many?"},
                {"role": "assistant", "content": "I look.", "tool_calls": calls},
                {"role": "tool", "content": "1", "tool_call_id": "a"},
                {"role": "tool", "content": "{\"y\":2}", "tool_call_id": "b"},
                {"role": "assistant", "content": "It is two."},
                {"role": "user", "content": "sure?"}
            ]),
        );
        let agent = serde_json::to_value(chat_messages(&conversation(), ChatAgent)).unwrap();
        assert_eq!(agent[3], json!({"role": "tool", "content": "1", "tool_call_id": "a", "name": "f"}));
    }

    #[test]
    fn outputs_stand_right_behind_their_calls() {
        let items: Vec<InputItem> = [
            json!({"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}),
            json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "wait"}]}),
            json!({"type": "function_call_output", "call_id": "a", "output": "1"}),
            json!({"type": "function_call_output", "call_id": "orphan", "output": "2"}),
            json!({"type": "mcp_approval_response", "approval_request_id": "m", "approve": true}),
        ]
        .map(InputItem::Raw)
        .into();
        let messages = serde_json::to_value(chat_messages(&items, ChatCompletions)).unwrap();
        let roles: Vec<_> =
            messages.as_array().unwrap().iter().map(|message| message["role"].clone()).collect();
        assert_eq!(roles, ["assistant", "tool", "assistant"]);
        assert!(messages[0].get("content").is_none());
    }

    #[test]
    fn images_and_files_become_parts() {
        let parts = json!({"role": "user", "content": [
            {"type": "input_text", "text": "what is this?"},
            {"type": "input_image", "image_url": "data:image/png;base64,AA", "detail": "low"},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AA"}
        ]});
        become_(
            &[InputItem::Raw(parts)],
            ChatCompletions,
            &json!([{"role": "user", "content": [
                {"type": "text", "text": "what is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA", "detail": "low"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA"}}
            ]}]),
        );
        let texts = json!({"role": "user", "content": [
            {"type": "input_text", "text": "compare"}, {"type": "input_text", "text": "a,b"}]});
        become_(&[InputItem::Raw(texts)], ChatAgent, &json!([{"role": "user", "content": "compare\n\na,b"}]));
    }
}
