//! One input item of a request (`mlflow.types.responses.ResponsesAgentRequest.input`).
//!
//! Only forms that MLflow's two servers were seen to accept; keys are written in the order in which people write
//! them.

use serde::Serialize;
use serde_json::Value;

use crate::agent::{Attachment, DataUrl, Message};

/// What goes into `input`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum InputItem {
    /// A message of a person or a system prompt: `{"role": …, "content": …}`.
    Plain {
        /// `user`, `system` or `developer`.
        role: &'static str,
        /// A string, or parts where there is more than text.
        content: Content,
    },
    /// Every other item; the `type` comes first.
    Typed(TypedItem),
    /// An item that goes back as it came, such as a `web_search_call`.
    Raw(Value),
}

/// A message's content.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Content {
    /// Text alone.
    Text(String),
    /// Parts.
    Parts(Vec<InputPart>),
}

/// A part of a message's content.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum InputPart {
    /// What the user wrote, or the words of a text file.
    InputText {
        /// The text.
        text: String,
    },
    /// A picture.
    InputImage {
        /// How closely it is looked at; required.
        detail: &'static str,
        /// Its content.
        image_url: DataUrl,
    },
    /// A file.
    InputFile {
        /// What it is called.
        filename: String,
        /// Its content.
        file_data: DataUrl,
    },
    /// What the agent wrote.
    OutputText {
        /// The text.
        text: String,
    },
    /// Why it refused.
    Refusal {
        /// The text.
        refusal: String,
    },
}

/// A part of a reasoning summary.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SummaryPart {
    /// `summary_text`.
    SummaryText {
        /// The text.
        text: String,
    },
}

/// Input items that carry a `type`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TypedItem {
    /// What the agent answered before.
    Message {
        /// The id under which it was sent.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// `assistant`, nearly always.
        role: String,
        /// Its parts.
        content: Vec<InputPart>,
    },
    /// A call that was answered.
    FunctionCall {
        /// The id under which it was sent.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// What the output names.
        call_id: String,
        /// The tool.
        name: String,
        /// JSON text.
        arguments: String,
    },
    /// The answer of a tool.
    FunctionCallOutput {
        /// The call.
        call_id: String,
        /// Always a string: MLflow refuses objects.
        output: String,
    },
    /// What the model thought.
    Reasoning {
        /// Required by MLflow.
        id: String,
        /// May be empty, must be there.
        summary: Vec<SummaryPart>,
        /// Opaque.
        #[serde(skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<String>,
    },
    /// The question that an approval answers.
    McpApprovalRequest {
        /// What the response names.
        id: String,
        /// The tool.
        name: String,
        /// JSON text.
        arguments: String,
        /// The MCP server.
        server_label: String,
    },
    /// A person's yes or no.
    McpApprovalResponse {
        /// The request's id.
        approval_request_id: String,
        /// Yes or no.
        approve: bool,
    },
}

impl InputItem {
    /// A user's message: a string where there is nothing but words.
    pub fn user(message: &Message) -> Self {
        let content = if message.attachments.is_empty() {
            Content::Text(message.text.clone())
        } else {
            let text = Some(&message.text).filter(|text| !text.trim().is_empty());
            let text = text.map(|text| InputPart::InputText { text: text.clone() });
            Content::Parts(text.into_iter().chain(message.attachments.iter().map(part_of)).collect())
        };
        Self::Plain { role: "user", content }
    }

    /// A system prompt. MLflow drops `instructions` silently, so it travels as a message.
    pub fn system(text: impl Into<String>) -> Self {
        Self::Plain { role: "system", content: Content::Text(text.into()) }
    }

    /// The answer to an MCP approval request.
    pub fn approval(request_id: impl Into<String>, approve: bool) -> Self {
        Self::Typed(TypedItem::McpApprovalResponse { approval_request_id: request_id.into(), approve })
    }
}

/// A file as it is sent. One whose content was not kept is named: the agent may have answered to it.
fn part_of(file: &Attachment) -> InputPart {
    let name = file.name();
    let text = file.text().filter(|_| file.is_sent_as_text());
    match (text, DataUrl::of(file)) {
        (Some(text), _) => InputPart::InputText { text: format!("{name}:\n\n{text}") },
        (None, Some(image_url)) if file.is_image() => InputPart::InputImage { detail: "auto", image_url },
        (None, Some(file_data)) => InputPart::InputFile { filename: name.to_owned(), file_data },
        (None, None) => InputPart::InputText { text: format!("{name}: not kept") },
    }
}
