//! One answer of an agent, as far as it has arrived: what the [`Reader`](super::Reader) builds.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::{Failure, Item, ItemBody, ItemStatus, RawJson, Usage};

/// How an answer ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It has not ended yet.
    #[default]
    Running,
    /// It is whole.
    Completed,
    /// It ended early on purpose (`response.incomplete`, or `finish_reason` in chat completions).
    Incomplete {
        /// The server's own word: `max_output_tokens`, `content_filter`, …
        reason: String,
    },
    /// It ended before it was whole; what arrived is kept.
    Interrupted,
    /// The user stopped it.
    Stopped,
    /// Something failed: see [`Transcript::failures`]. What arrived before is kept.
    Failed,
}

/// The vocabulary in which the answer came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Nothing told it yet.
    #[default]
    Unknown,
    /// The Responses API.
    Responses,
    /// Chat completions (`choices`).
    ChatCompletions,
    /// MLflow's `ChatAgent` (`messages`, `delta`).
    ChatAgent,
    /// Plain text, or JSON of no known shape.
    Plain,
}

/// An event that nobody knows, as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownEvent {
    /// Its `type`; empty if it had none.
    pub kind: String,
    /// The event.
    pub raw: RawJson,
}

/// One answer. Cheap to clone: the items are shared until they change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// The output items in the order in which they appeared.
    pub items: Vec<Arc<Item>>,
    /// How it ended.
    pub outcome: Outcome,
    /// What failed, first things first.
    pub failures: Vec<Failure>,
    /// Token counts, summed over the responses of the stream.
    pub usage: Option<Usage>,
    /// The trace that MLflow made of this turn.
    pub trace_id: Option<String>,
    /// `custom_outputs`, merged by key over the events.
    pub custom_outputs: Option<Arc<Value>>,
    /// `databricks_output`, such as an inlined trace.
    pub databricks_output: Option<RawJson>,
    /// Events that nobody knows, the first few hundred.
    pub unknown_events: Vec<UnknownEvent>,
    /// How many events were skipped because they could not be read.
    pub skipped_events: u32,
    /// The beginning of the first of them.
    pub first_skipped: Option<String>,
    /// How many items and unknown events were left out because there were too many.
    pub left_out: u32,
    /// Whether it came as a stream of events.
    pub streamed: bool,
    /// The vocabulary.
    pub dialect: Dialect,
}

/// A row of an answer as it is shown: calls together with their outputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Row<'a> {
    /// An item on its own; also an output whose call never came.
    Item(&'a Item),
    /// A call and, once it is there, its output.
    Call {
        /// The call.
        call: &'a Item,
        /// Its output.
        output: Option<&'a Item>,
    },
}

impl Transcript {
    /// The items as rows: every output that a call asked for sits with its call, every other item stays where it is.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let outputs = self.outputs_of_calls();
        let answers: std::collections::HashSet<usize> = outputs.iter().flatten().copied().collect();
        let item = |at: usize| self.items.get(at).map(AsRef::as_ref);
        let row = |at: usize| {
            let shown = item(at)?;
            match shown.body {
                ItemBody::Call(_) => {
                    let output = outputs.get(at).copied().flatten().and_then(item);
                    Some(Row::Call { call: shown, output })
                }
                _ => (!answers.contains(&at)).then_some(Row::Item(shown)),
            }
        };
        (0..self.items.len()).filter_map(row).collect()
    }

    /// For every item the position of the output that answers it, where it is a call that has one. Several calls
    /// with one `call_id` are answered in turn.
    pub(in crate::agent) fn outputs_of_calls(&self) -> Vec<Option<usize>> {
        let mut waiting: HashMap<&str, VecDeque<usize>> = HashMap::new();
        for (at, item) in self.items.iter().enumerate() {
            if let (ItemBody::Output(_), Some(call_id)) = (&item.body, item.body.call_id()) {
                waiting.entry(call_id).or_default().push_back(at);
            }
        }
        let answer = |item: &Arc<Item>| match &item.body {
            ItemBody::Call(_) => waiting.get_mut(item.body.call_id()?)?.pop_front(),
            _ => None,
        };
        self.items.iter().map(answer).collect()
    }

    /// The text of all messages, one blank line between them.
    pub fn text(&self) -> String {
        let texts: Vec<String> =
            self.items.iter().map(|item| item.text()).filter(|text| !text.is_empty()).collect();
        texts.join("\n\n")
    }

    /// Whether anything has been said yet: the moment of the first token.
    pub fn has_output(&self) -> bool {
        self.items.iter().any(|item| item.body.has_text())
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.outcome != Outcome::Running
    }

    /// The same answer after the user stopped it: what arrived stays, open items are marked.
    pub fn into_stopped(mut self) -> Self {
        if !self.is_over() {
            self.end(Outcome::Stopped);
        }
        self
    }

    /// The same answer where nothing more can come: what arrived stays, open items are marked.
    pub fn into_interrupted(mut self) -> Self {
        if !self.is_over() {
            self.end(Outcome::Interrupted);
        }
        self
    }

    /// Ends it and closes what is open in the outcome's manner.
    pub(in crate::agent) fn end(&mut self, outcome: Outcome) {
        let status = match outcome {
            Outcome::Running => return,
            Outcome::Completed => ItemStatus::Completed,
            Outcome::Incomplete { .. } => ItemStatus::Incomplete,
            Outcome::Interrupted | Outcome::Stopped => ItemStatus::Interrupted,
            Outcome::Failed => ItemStatus::Failed,
        };
        for item in self.items.iter_mut().filter(|item| item.is_open()) {
            Arc::make_mut(item).status = status;
        }
        self.outcome = outcome;
    }
}
