//! Traces: what one request to an agent did, as a tree of spans, and what was thought of it.

use super::{Millis, Tags, TraceValue};

/// A trace without its spans (`mlflow.entities.TraceInfo`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceInfo {
    /// `tr-…`
    pub trace_id: String,
    /// The experiment it belongs to (its location).
    pub experiment_id: String,
    /// The id that the caller gave it, if any.
    pub client_request_id: Option<String>,
    /// How it went.
    pub state: TraceState,
    /// When it began.
    pub request_time: Option<Millis>,
    /// How long it took, in milliseconds; none while it runs.
    pub execution_duration: Option<Millis>,
    /// The start of what was asked.
    pub request_preview: String,
    /// The start of what was answered.
    pub response_preview: String,
    /// What cannot be changed: source, model, session…
    pub metadata: Tags,
    /// What can be changed.
    pub tags: Tags,
    /// Tokens of all its calls, as far as they were counted.
    pub tokens: Option<TokenUsage>,
    /// What people and programs thought of it, the oldest first.
    pub assessments: Vec<Assessment>,
}

/// Keys of trace metadata and tags (`mlflow/tracing/constant.py`).
pub mod trace_key {
    /// Tag: the trace's name, which is its root span's.
    pub const NAME: &str = "mlflow.traceName";
    /// Tag: `TRACKING_STORE`, `ARTIFACT_REPO` or `ARCHIVE_REPO`.
    pub const SPANS_LOCATION: &str = "mlflow.trace.spansLocation";
    /// Tag: where its artifacts are.
    pub const ARTIFACT_LOCATION: &str = "mlflow.artifactLocation";
    /// Metadata: the start of the inputs, as JSON.
    pub const INPUTS: &str = "mlflow.traceInputs";
    /// Metadata: the start of the outputs, as JSON.
    pub const OUTPUTS: &str = "mlflow.traceOutputs";
    /// Metadata: the run that it was made in.
    pub const SOURCE_RUN: &str = "mlflow.sourceRun";
    /// Metadata: the logged model that answered.
    pub const MODEL_ID: &str = "mlflow.modelId";
    /// Metadata: tokens as JSON.
    pub const TOKEN_USAGE: &str = "mlflow.trace.tokenUsage";
    /// Metadata: the price as JSON.
    pub const COST: &str = "mlflow.trace.cost";
    /// Metadata: the conversation that it is a turn of.
    pub const SESSION: &str = "mlflow.trace.session";
    /// Metadata: who asked the agent.
    pub const USER: &str = "mlflow.trace.user";
}

impl TraceInfo {
    /// Its name; empty if it has none.
    pub fn name(&self) -> &str {
        self.tags.get(trace_key::NAME).map_or("", String::as_str)
    }

    /// A text of its metadata, if it is there and not empty.
    pub fn about(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str).filter(|text| !text.is_empty())
    }
}

/// How a trace went (`TraceState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TraceState {
    /// `ERROR`
    Error,
    /// `IN_PROGRESS`
    InProgress,
    /// `OK`
    Ok,
    /// `STATE_UNSPECIFIED`, or a name this version does not know.
    #[default]
    Unspecified,
}

impl TraceState {
    /// Reads MLflow's name.
    pub fn parse(name: &str) -> Self {
        match name {
            "OK" => Self::Ok,
            "ERROR" => Self::Error,
            "IN_PROGRESS" => Self::InProgress,
            _ => Self::Unspecified,
        }
    }

    /// As a person says it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Error => "Error",
            Self::InProgress => "In progress",
            Self::Unspecified => "Unknown",
        }
    }
}

/// Tokens of a trace or of one call of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenUsage {
    /// Read by the model.
    pub input: u64,
    /// Written by the model.
    pub output: u64,
    /// Both, as the model counted them.
    pub total: u64,
}

/// A trace with its spans.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// What is known of the whole.
    pub info: TraceInfo,
    /// Its spans, in no particular order. None are there while they are not written yet.
    pub spans: Vec<Span>,
    /// Why the spans could not be read, if they could not.
    pub missing: Option<String>,
}

/// One step of a trace (`mlflow.entities.Span`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    /// 16 hex digits.
    pub span_id: String,
    /// The step that this one is a part of.
    pub parent_id: Option<String>,
    /// Its name.
    pub name: String,
    /// `AGENT`, `TOOL`, `CHAT_MODEL`… or any other word; empty if unknown.
    pub span_type: String,
    /// Nanoseconds since the Unix epoch.
    pub start_ns: u64,
    /// Nanoseconds since the Unix epoch; none while it runs.
    pub end_ns: Option<u64>,
    /// How it went.
    pub status: SpanStatus,
    /// Why it failed, in the words of who noticed; empty if nothing was said.
    pub status_message: String,
    /// What it was given.
    pub inputs: Option<TraceValue>,
    /// What it gave.
    pub outputs: Option<TraceValue>,
    /// The rest, without what stands in the fields above.
    pub attributes: Vec<(String, TraceValue)>,
    /// What happened on the way: exceptions, say.
    pub events: Vec<SpanEvent>,
}

/// How a span went (`SpanStatusCode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SpanStatus {
    /// Nobody said.
    #[default]
    Unset,
    /// `OK`
    Ok,
    /// `ERROR`
    Error,
}

/// Something that happened during a span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpanEvent {
    /// `exception`, or any other name.
    pub name: String,
    /// Nanoseconds since the Unix epoch.
    pub time_ns: u64,
    /// More about it.
    pub attributes: Vec<(String, TraceValue)>,
}

impl SpanEvent {
    /// A text among the attributes.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == key).and_then(|(_, value)| value.as_text())
    }
}

/// What somebody thought of a trace or of one of its spans (`mlflow.entities.Assessment`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assessment {
    /// `a-…`
    pub assessment_id: String,
    /// What was judged: `correctness`, `feedback`…
    pub name: String,
    /// Feedback or expectation.
    pub kind: AssessmentKind,
    /// The judgement.
    pub value: TraceValue,
    /// Why there is no judgement.
    pub error: Option<String>,
    /// `HUMAN`, `LLM_JUDGE`, `CODE`.
    pub source_type: String,
    /// Who it was.
    pub source_id: String,
    /// Why, in words; empty if nothing was said.
    pub rationale: String,
    /// The span that it is about; none for the whole trace.
    pub span_id: Option<String>,
    /// When it was made.
    pub create_time: Option<Millis>,
    /// When it last changed.
    pub last_update_time: Option<Millis>,
    /// A later one took its place if not.
    pub valid: bool,
}

/// The kinds of assessments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AssessmentKind {
    /// How it was.
    #[default]
    Feedback,
    /// How it should have been.
    Expectation,
    /// A known problem that it shows.
    Issue,
}

impl AssessmentKind {
    /// As a person says it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Feedback => "Feedback",
            Self::Expectation => "Expectation",
            Self::Issue => "Issue",
        }
    }
}

/// A person's thumb up or down, to be written (`mlflow.log_feedback`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFeedback {
    /// The trace.
    pub trace_id: String,
    /// The span, if it is about one.
    pub span_id: Option<String>,
    /// What is judged.
    pub name: String,
    /// Up or down.
    pub good: bool,
    /// Why, in words; may be empty.
    pub rationale: String,
}
