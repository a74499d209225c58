//! One input item of a request (`mlflow.types.responses.ResponsesAgentRequest.input`).
//!
//! Only forms that MLflow's two servers were seen to accept; keys are written in the order in which people write
//! them.

use serde::Serialize;
use serde_json::Value;

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
    /// A user's message.
    pub fn user(text: impl Into<String>) -> Self {
        Self::Plain { role: "user", content: Content::Text(text.into()) }
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
