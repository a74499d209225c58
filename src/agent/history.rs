//! What goes back on the next turn: the whole conversation as input items that MLflow's servers accept.
//!
//! Sent back: messages (with `output_text` parts), answered calls with their outputs, reasoning that has an id, MCP
//! approval requests and their answers, web and file searches. Left out: calls without an output, outputs without a
//! call, and every item type that MLflow refuses.

use super::attachment::Message;
use super::transcript::Transcript;
use super::wire::{InputItem, InputPart, Item, ItemBody, ItemStatus, Part, SummaryPart, TypedItem};

/// One step of a conversation.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// What the user said.
    User(&'a Message),
    /// What the agent answered.
    Answer(&'a Transcript),
    /// The user's answer to an MCP approval request of an earlier answer.
    Approval {
        /// The request's id.
        request_id: &'a str,
        /// Yes or no.
        approve: bool,
    },
}

/// The `input` of the next request. A system prompt travels as a message: MLflow drops `instructions` silently.
pub fn input_items(system: Option<&str>, entries: &[Entry<'_>]) -> Vec<InputItem> {
    let prompt = system.filter(|prompt| !prompt.trim().is_empty()).map(InputItem::system);
    let mut items: Vec<InputItem> = prompt.into_iter().collect();
    for entry in entries {
        match entry {
            Entry::User(message) => items.push(InputItem::user(message)),
            Entry::Approval { request_id, approve } => items.push(InputItem::approval(*request_id, *approve)),
            Entry::Answer(answer) => answer_items(answer, &mut items),
        }
    }
    items
}

fn answer_items(answer: &Transcript, items: &mut Vec<InputItem>) {
    let outputs = answer.outputs_of_calls();
    let called: Vec<usize> = outputs.iter().flatten().copied().collect();
    let output_at = |at: usize| answer.items.get(at).and_then(|item| output(item));
    for (at, item) in answer.items.iter().enumerate() {
        match &item.body {
            ItemBody::Call(_) => {
                let Some(answered_at) = outputs.get(at).copied().flatten() else { continue };
                let Some(call) = call(item) else { continue };
                items.push(call);
                // An output that came before its call follows it: models refuse the other order.
                if answered_at < at {
                    items.extend(output_at(answered_at));
                }
            }
            ItemBody::Output(_) => {
                let comes_later = |call: &Option<usize>| *call == Some(at);
                let call_at = outputs.iter().position(comes_later);
                if called.contains(&at) && call_at.is_some_and(|call_at| call_at < at) {
                    items.extend(output(item));
                }
            }
            _ => items.extend(other(item)),
        }
    }
}

fn call(item: &Item) -> Option<InputItem> {
    let ItemBody::Call(call) = &item.body else { return None };
    if item.kind != "function_call" {
        return None;
    }
    // Without `status`: MLflow refuses some of its values.
    Some(InputItem::Typed(TypedItem::FunctionCall {
        id: item.id.clone(),
        call_id: call.call_id.clone()?,
        name: call.name.clone(),
        arguments: call.arguments.clone(),
    }))
}

fn output(item: &Item) -> Option<InputItem> {
    let ItemBody::Output(output) = &item.body else { return None };
    if item.kind != "function_call_output" {
        return None;
    }
    let call_id = output.call_id.clone()?;
    Some(InputItem::Typed(TypedItem::FunctionCallOutput { call_id, output: output.output.clone() }))
}

fn other(item: &Item) -> Option<InputItem> {
    match &item.body {
        ItemBody::Message { role, parts } => message(item, role, parts),
        ItemBody::Reasoning(reasoning) if item.status == ItemStatus::Completed => {
            let summary =
                reasoning.summary.iter().map(|text| SummaryPart::SummaryText { text: text.clone() });
            Some(InputItem::Typed(TypedItem::Reasoning {
                id: item.id.clone()?,
                summary: summary.collect(),
                encrypted_content: reasoning.encrypted.clone(),
            }))
        }
        ItemBody::Approval(request) => Some(InputItem::Typed(TypedItem::McpApprovalRequest {
            id: item.id.clone()?,
            name: request.name.clone(),
            arguments: request.arguments.clone(),
            server_label: request.server.clone(),
        })),
        ItemBody::Other if matches!(item.kind.as_str(), "web_search_call" | "file_search_call") => {
            let complete = item.status == ItemStatus::Completed && item.id.is_some();
            item.raw.as_ref().filter(|_| complete).map(|raw| InputItem::Raw(raw.value()))
        }
        _ => None,
    }
}

/// A message that says something. What was interrupted or failed goes back as far as it came.
fn message(item: &Item, role: &str, parts: &[Part]) -> Option<InputItem> {
    let content: Vec<InputPart> = parts
        .iter()
        .filter(|part| !part.is_empty())
        .filter_map(|part| match part {
            Part::Text { text, .. } => Some(InputPart::OutputText { text: text.clone() }),
            Part::Refusal(refusal) => Some(InputPart::Refusal { refusal: refusal.clone() }),
            Part::Other(_) => None,
        })
        .collect();
    let role = if matches!(role, "user" | "system" | "developer") { role } else { "assistant" };
    (!content.is_empty())
        .then(|| InputItem::Typed(TypedItem::Message { id: item.id.clone(), role: role.to_owned(), content }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::agent::{Attachment, Reader};

    fn answer(items: &Value) -> Transcript {
        let mut reader = Reader::new(Some("application/json"), 200);
        reader.feed(json!({"output": items}).to_string().as_bytes());
        reader.finish();
        reader.transcript().clone()
    }

    #[track_caller]
    fn sends(system: Option<&str>, entries: &[Entry<'_>], expected: &Value) {
        assert_eq!(&serde_json::to_value(input_items(system, entries)).unwrap(), expected);
    }

    #[test]
    fn the_whole_conversation_goes_back_in_the_form_that_mlflow_accepts() {
        let first = answer(&json!([
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "thinking"}], "encrypted_content": "g"},
            {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "get_weather", "arguments": "{\"city\":\"Paris\"}", "status": "completed"},
            {"type": "function_call_output", "call_id": "call_1", "output": {"temp_c": 21}},
            {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": "21 C", "annotations": []}]}
        ]));
        sends(
            Some("be brief"),
            &[Entry::User(&"weather?".into()), Entry::Answer(&first), Entry::User(&"and tomorrow?".into())],
            &json!([
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": "weather?"},
                {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "thinking"}], "encrypted_content": "g"},
                {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "get_weather", "arguments": "{\"city\":\"Paris\"}"},
                {"type": "function_call_output", "call_id": "call_1", "output": "{\"temp_c\":21}"},
                {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": "21 C"}]},
                {"role": "user", "content": "and tomorrow?"}
            ]),
        );
    }

    #[test]
    fn what_mlflow_refuses_and_what_was_never_answered_is_left_out() {
        let turn = answer(&json!([
            {"type": "reasoning", "summary": []},
            {"type": "function_call", "call_id": "open", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "orphan", "output": "1"},
            {"type": "mcp_call", "id": "m", "name": "t", "arguments": "{}", "output": "x"},
            {"type": "image_generation_call", "id": "i", "result": "AAAA"},
            {"type": "custom_tool_call", "call_id": "c", "name": "t", "input": "x"},
            {"type": "custom_tool_call_output", "call_id": "c", "output": "y"},
            {"type": "message", "content": []},
            {"type": "web_search_call", "id": "w", "status": "completed"}
        ]));
        sends(
            None,
            &[Entry::Answer(&turn)],
            &json!([{"type": "web_search_call", "id": "w", "status": "completed"}]),
        );
    }

    #[test]
    fn an_approval_follows_the_echoed_request() {
        let turn = answer(&json!([
            {"type": "mcp_approval_request", "id": "mcpr_1", "name": "t", "arguments": "{}", "server_label": "s"}
        ]));
        sends(
            Some("  "),
            &[Entry::Answer(&turn), Entry::Approval { request_id: "mcpr_1", approve: true }],
            &json!([
                {"type": "mcp_approval_request", "id": "mcpr_1", "name": "t", "arguments": "{}", "server_label": "s"},
                {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": true}
            ]),
        );
    }

    #[test]
    fn outputs_follow_their_calls_and_refusals_and_half_answers_go_back() {
        let mut turn = answer(&json!([
            {"type": "function_call_output", "call_id": "c", "output": "1"},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "message", "content": [{"type": "refusal", "refusal": "no"}, {"type": "output_text", "text": "half"}]}
        ]));
        turn.outcome = crate::agent::Outcome::Interrupted;
        sends(
            None,
            &[Entry::Answer(&turn)],
            &json!([
                {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c", "output": "1"},
                {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}, {"type": "output_text", "text": "half"}]}
            ]),
        );
    }

    #[test]
    fn files_go_along_as_parts() {
        let png = Attachment::new("a.png", b"\x89PNG\r\n\x1a\n".to_vec());
        let mut notes = Attachment::new("notes.md", b"# Hi".to_vec());
        let message = Message { text: "see".into(), attachments: vec![png.clone(), notes.clone()] };
        sends(
            None,
            &[Entry::User(&message)],
            &json!([{"role": "user", "content": [
                {"type": "input_text", "text": "see"},
                {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,iVBORw0KGgo="},
                {"type": "input_text", "text": "notes.md:\n\n# Hi"}
            ]}]),
        );
        notes.set_sent_as_text(false);
        let message = Message { text: " ".into(), attachments: vec![notes, png.without_data()] };
        sends(
            None,
            &[Entry::User(&message)],
            &json!([{"role": "user", "content": [
                {"type": "input_file", "filename": "notes.md", "file_data": "data:text/markdown;base64,IyBIaQ=="},
                {"type": "input_text", "text": "a.png: not kept"}
            ]}]),
        );
    }
}
