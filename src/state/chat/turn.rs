//! One turn: a question and its answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::agent::wire::ItemBody;
use crate::agent::{AgentError, Endpoint, Message, Outcome, RequestDialect, Transcript, TurnReport};
use crate::entities::Millis;
use crate::state::format;

/// What the user said.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// A message.
    #[serde(rename = "text")]
    Message(Message),
    /// Yes or no to the MCP approval requests of the answer before, by request id.
    Approvals(BTreeMap<String, bool>),
}

/// How a question is asked, besides its words.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Manner {
    /// Sent first, unless it is empty.
    pub system_prompt: String,
    /// Whether a stream is asked for.
    pub stream: bool,
    /// `custom_inputs` as typed.
    pub custom_inputs: String,
    /// `context` as typed.
    pub context: String,
    /// Goes along in `custom_inputs`, so that the trace of the request is found; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub marker: String,
}

/// A trace that was found for a turn whose answer names none.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FoundTrace {
    /// `tr-…`
    pub trace_id: String,
    /// Somebody chose it among those that fit.
    #[serde(default)]
    pub chosen: bool,
}

/// A question and what came back.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Unique, also among those of other conversations and days.
    pub id: u64,
    /// The turn that it follows.
    pub parent: Option<u64>,
    /// When it was sent.
    pub at: Millis,
    /// What the user said.
    pub ask: Ask,
    /// Where it was sent.
    pub endpoint: Endpoint,
    /// How it was asked.
    pub manner: Manner,
    /// The answer so far.
    pub answer: Arc<Transcript>,
    /// Everything about it, once it is over.
    pub report: Option<Box<TurnReport>>,
    /// How long each reasoning item took to arrive, by its place in the answer, where that could be seen.
    pub reasoning: BTreeMap<usize, Duration>,
    /// More came than is kept, and it was read back from what is kept.
    pub cut: bool,
    /// The step of a comparison that it belongs to; without one it is a step of its own.
    pub step: Option<u64>,
    /// The trace that was found for it on a tracking server, where the answer names none.
    pub(super) found_trace: Option<FoundTrace>,
    reasoning_since: BTreeMap<usize, Instant>,
    sent: Instant,
}

impl Turn {
    /// One that was just sent.
    pub(in crate::state) fn new(
        id: u64,
        parent: Option<u64>,
        ask: Ask,
        endpoint: Endpoint,
        manner: Manner,
    ) -> Self {
        Self {
            id,
            parent,
            at: format::now(),
            ask,
            endpoint,
            manner,
            answer: Arc::default(),
            report: None,
            reasoning: BTreeMap::new(),
            cut: false,
            step: None,
            found_trace: None,
            reasoning_since: BTreeMap::new(),
            sent: Instant::now(),
        }
    }

    /// What stands at one height in the panes of a comparison has the same step; later steps are greater.
    pub fn step(&self) -> u64 {
        self.step.unwrap_or(self.id)
    }

    /// Its trace: the one that the answer names, or that was found.
    pub fn trace_id(&self) -> Option<&str> {
        self.answer.trace_id.as_deref().or(self.found_trace.as_ref().map(|found| found.trace_id.as_str()))
    }

    /// Its trace where nobody had to choose it: that says which version answered.
    pub fn certain_trace_id(&self) -> Option<&str> {
        let is_chosen = self.found_trace.as_ref().is_some_and(|found| found.chosen);
        self.trace_id().filter(|_| !is_chosen)
    }

    /// What was found as its trace.
    pub(in crate::state) fn set_trace(&mut self, found: FoundTrace) {
        self.found_trace = Some(found);
    }

    /// How long it has been under way, or took.
    pub fn elapsed(&self) -> Duration {
        self.report.as_ref().map_or_else(|| self.sent.elapsed(), |report| report.total)
    }

    /// What went wrong on the way. What the agent itself reported is in the answer.
    pub fn error(&self) -> Option<&AgentError> {
        self.report.as_ref()?.error.as_ref().filter(|error| **error != AgentError::Cancelled)
    }

    /// Whether anything went wrong, on the way or in the agent.
    pub fn has_failed(&self) -> bool {
        self.error().is_some() || !self.answer.failures.is_empty()
    }

    /// Whether it ended in any other way than it should.
    pub fn can_retry(&self) -> bool {
        self.answer.is_over() && (self.answer.outcome != Outcome::Completed || self.error().is_some())
    }

    /// The dialect that the endpoint would rather be asked in, where it says so.
    pub fn wanted_dialect(&self) -> Option<RequestDialect> {
        let status = self.report.as_ref()?.head.as_ref()?.status;
        self.endpoint.dialect().wanted(&self.answer, status)
    }

    /// Whether a stream was asked for and a whole body came.
    pub fn did_not_stream(&self) -> bool {
        self.manner.stream && self.answer.outcome == Outcome::Completed && !self.answer.streamed
    }

    /// Whether Flowdeck was closed before the answer had come.
    pub fn was_abandoned(&self) -> bool {
        self.report.is_none() && self.answer.outcome == Outcome::Interrupted
    }

    /// The ids of the approvals that the answer asks for.
    pub fn approvals(&self) -> impl Iterator<Item = &str> {
        self.answer.items.iter().filter_map(|item| match item.body {
            ItemBody::Approval(_) => item.id.as_deref(),
            _ => None,
        })
    }

    /// The answer so far.
    pub(super) fn take(&mut self, answer: Arc<Transcript>) {
        let now = Instant::now();
        for (at, item) in answer.items.iter().enumerate() {
            if !answer.streamed || !matches!(item.body, ItemBody::Reasoning(_)) {
                continue;
            }
            if item.is_open() {
                self.reasoning_since.entry(at).or_insert(now);
            } else if let Some(since) = self.reasoning_since.remove(&at) {
                self.reasoning.insert(at, now - since);
            }
        }
        self.answer = answer;
    }
}
