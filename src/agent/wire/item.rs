//! One output item of an answer (`ResponseOutputItem`).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// JSON that Flowdeck shows but does not interpret, as compact text: a fraction of the memory of a parsed value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Value", into = "Value")]
pub struct RawJson(Arc<str>);

impl From<Value> for RawJson {
    fn from(value: Value) -> Self {
        Self::new(&value)
    }
}

impl From<RawJson> for Value {
    fn from(raw: RawJson) -> Self {
        raw.value()
    }
}

impl RawJson {
    /// Keeps `value` as compact text.
    pub fn new(value: &Value) -> Self {
        Self(value.to_string().into())
    }

    /// The compact JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value again.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or(Value::Null)
    }

    /// Indented, for reading.
    pub fn pretty(&self) -> String {
        serde_json::to_string_pretty(&self.value()).unwrap_or_else(|_| self.0.to_string())
    }
}

/// How far an item got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// Still being written.
    #[default]
    Open,
    /// Closed as planned.
    Completed,
    /// Closed early on purpose, such as at a token limit.
    Incomplete,
    /// The answer failed while it was being written, or it says so itself.
    Failed,
    /// The answer ended without closing it.
    Interrupted,
}

/// One item of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Which response of the stream it belongs to: an agent loop sends several in one stream, from 0.
    pub cycle: u32,
    /// `output_index`; starts again at 0 in every cycle, absent on many servers.
    pub index: Option<u64>,
    /// The item's id, if any. Not unique: some servers give every item the same one.
    pub id: Option<String>,
    /// The wire's `type`, such as `message`, or one that nobody knows yet.
    pub kind: String,
    /// How far it got.
    pub status: ItemStatus,
    /// What it says.
    pub body: ItemBody,
    /// The item as it was sent, for the kinds whose body is [`ItemBody::Other`].
    pub raw: Option<RawJson>,
}

/// What an item says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemBody {
    /// `message`.
    Message {
        /// `assistant`, nearly always.
        role: String,
        /// In the order of `content_index`; empty ones are placeholders.
        parts: Vec<Part>,
    },
    /// `reasoning`.
    Reasoning(Reasoning),
    /// `function_call`, `custom_tool_call` and `mcp_call`.
    Call(ToolCall),
    /// `function_call_output` and `custom_tool_call_output`.
    Output(ToolOutput),
    /// `mcp_approval_request`.
    Approval(ApprovalRequest),
    /// Any other kind: see [`Item::raw`].
    Other,
}

/// A part of a message's content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// `output_text`.
    Text {
        /// The text, Markdown as a rule.
        text: String,
        /// What it cites.
        annotations: Vec<Annotation>,
    },
    /// `refusal`: why the model did not answer.
    Refusal(String),
    /// A part of another type, as it came.
    Other(RawJson),
}

impl Part {
    /// A text part without annotations.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), annotations: Vec::new() }
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text { text, .. } | Self::Refusal(text) => text.is_empty(),
            Self::Other(_) => false,
        }
    }
}

/// A citation of an `output_text` part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    /// The wire's `type`: `url_citation`, `file_citation`, …
    pub kind: String,
    /// Title or file name.
    pub title: Option<String>,
    /// Where it points. Untrusted.
    pub url: Option<String>,
}

/// What a model thought before it answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasoning {
    /// The parts of the summary.
    pub summary: Vec<String>,
    /// The raw reasoning, where a server shows it.
    pub text: Vec<String>,
    /// `encrypted_content`: opaque, sent back as it is.
    pub encrypted: Option<String>,
}

/// A call of a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// What its output names.
    pub call_id: Option<String>,
    /// The tool.
    pub name: String,
    /// JSON as a rule, free text for custom tools; half of it while it streams.
    pub arguments: String,
    /// The MCP server, for `mcp_call`.
    pub server: Option<String>,
    /// What came back, where the call item itself carries it (`mcp_call`).
    pub output: Option<String>,
    /// Why it failed, where the call item itself says so (`mcp_call`).
    pub error: Option<String>,
}

/// What a tool answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolOutput {
    /// The call it answers.
    pub call_id: Option<String>,
    /// Always a string here: objects become compact JSON.
    pub output: String,
}

/// An MCP tool call that waits for a person's yes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRequest {
    /// The tool.
    pub name: String,
    /// JSON as a rule.
    pub arguments: String,
    /// `server_label`.
    pub server: String,
}

impl Item {
    /// Whether it is still being written.
    pub fn is_open(&self) -> bool {
        self.status == ItemStatus::Open
    }

    /// The text parts of a message, joined; empty for every other kind.
    pub fn text(&self) -> String {
        let ItemBody::Message { parts, .. } = &self.body else { return String::new() };
        parts
            .iter()
            .filter_map(|part| match part {
                Part::Text { text, .. } => Some(text.as_str()),
                Part::Refusal(_) | Part::Other(_) => None,
            })
            .collect()
    }
}

impl ItemBody {
    /// Whether it says anything: a done item without text must not wipe out what the deltas built.
    pub fn has_text(&self) -> bool {
        match self {
            Self::Message { parts, .. } => parts.iter().any(|part| !part.is_empty()),
            Self::Reasoning(reasoning) => {
                reasoning.encrypted.is_some()
                    || reasoning.summary.iter().chain(&reasoning.text).any(|text| !text.is_empty())
            }
            Self::Call(call) => !call.arguments.is_empty(),
            Self::Output(_) | Self::Approval(_) | Self::Other => true,
        }
    }

    /// The call or output id that pairs calls with outputs.
    pub fn call_id(&self) -> Option<&str> {
        match self {
            Self::Call(call) => call.call_id.as_deref(),
            Self::Output(output) => output.call_id.as_deref(),
            _ => None,
        }
    }
}
