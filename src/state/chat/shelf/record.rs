//! One line of a conversation's file, and a conversation from its lines.
//!
//! Lines are only ever appended: what a turn asked, then each item of its answer as it changes, and how it ended. What
//! an item grew by is a line of its own. A line that cannot be read, such as the last one of a killed app, is skipped.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::beside::Beside;
use super::super::{Ask, Conversation, FoundTrace, Manner, Turn};
use crate::agent::wire::{Failure, Item, ItemBody, Part, RawJson, Usage};
use crate::agent::{
    AgentError, Arrival, Attachment, Dialect, Endpoint, Head, Message, Outcome, RequestDialect, Transcript,
    TurnReport, UnknownEvent,
};
use crate::entities::Millis;

/// The shape of the lines.
pub(super) const VERSION: u32 = 1;
/// Largest file that is kept within a line, in bytes.
const MAX_WITHIN: u64 = 256 * 1024;
/// How much of a raw response is kept on disk, in bytes.
const MAX_RESPONSE: usize = 256 * 1024;
/// What is kept of a raw response that quotes the token.
const LEFT_OUT: &str = "Not kept, because the agent quoted the token in it";

/// A line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub(super) enum Record<'a> {
    /// What follows belongs to this conversation.
    Conversation {
        /// Of this shape.
        version: u32,
        /// Its id.
        id: u64,
    },
    /// The name that the user gave it; without one, none any more.
    Name {
        /// The name.
        name: Option<String>,
    },
    /// Its place in a comparison; without one, it is in none any more.
    Beside {
        /// The place.
        beside: Option<Beside>,
    },
    /// A question was sent.
    Turn {
        /// Its id.
        turn: u64,
        /// The turn that it follows.
        parent: Option<u64>,
        /// When.
        at: Millis,
        /// What the user said.
        ask: Cow<'a, Ask>,
        /// Where it was sent, without a query.
        endpoint: String,
        /// In which dialect.
        #[serde(default)]
        dialect: RequestDialect,
        /// How.
        #[serde(default)]
        manner: Cow<'a, Manner>,
        /// The step of a comparison that it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<u64>,
    },
    /// An item of the answer, new or as it is now.
    Item {
        /// Of this turn.
        turn: u64,
        /// Its place in the answer.
        place: usize,
        /// The item.
        item: Cow<'a, Item>,
    },
    /// What the last part of a message grew by.
    Text {
        /// Of this turn.
        turn: u64,
        /// The message's place in the answer.
        place: usize,
        /// What was added.
        text: Cow<'a, str>,
    },
    /// A turn is over.
    End {
        /// The turn.
        turn: u64,
        /// How it ended.
        ending: Box<Ending>,
    },
    /// The trace of a turn was found.
    Trace {
        /// The turn.
        turn: u64,
        /// The trace.
        #[serde(flatten)]
        trace: Cow<'a, FoundTrace>,
    },
    /// The branch that ends with this turn is shown.
    Shown {
        /// The turn.
        turn: u64,
    },
    /// Of a newer version.
    #[serde(other)]
    Unknown,
}

/// Everything about a turn that is over, but its items.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Ending {
    outcome: Outcome,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<Failure>,
    usage: Option<Usage>,
    trace_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_outputs: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    databricks_output: Option<RawJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_events: Vec<UnknownEvent>,
    skipped_events: u32,
    first_skipped: Option<String>,
    left_out: u32,
    streamed: bool,
    dialect: Dialect,
    /// Place of the item, and milliseconds. No map: keys that are numbers do not survive serde's tagged enums.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasoning_ms: Vec<(usize, u64)>,
    /// More came than was kept.
    pub(super) cut: bool,
    report: Option<Report>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Report {
    error: Option<AgentError>,
    head: Option<Head>,
    arrival: Arrival,
    first_token_ms: Option<u64>,
    total_ms: u64,
    response: String,
    response_truncated: bool,
}

impl Ending {
    /// How a turn ended. `cut`: not all of it is kept. `quotes`: the token was in the answer, and may be in pieces in
    /// the raw response.
    pub(super) fn of(turn: &Turn, cut: bool, quotes: bool) -> Self {
        let answer = &turn.answer;
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            outcome: answer.outcome.clone(),
            failures: answer.failures.clone(),
            usage: answer.usage,
            trace_id: answer.trace_id.clone(),
            custom_outputs: answer.custom_outputs.as_deref().filter(|_| !cut).cloned(),
            databricks_output: answer.databricks_output.clone().filter(|_| !cut),
            unknown_events: if cut { Vec::new() } else { answer.unknown_events.clone() },
            skipped_events: answer.skipped_events,
            first_skipped: answer.first_skipped.clone(),
            left_out: answer.left_out,
            streamed: answer.streamed,
            dialect: answer.dialect,
            reasoning_ms: turn.reasoning.iter().map(|(place, time)| (*place, millis(*time))).collect(),
            cut,
            report: turn.report.as_ref().map(|report| {
                let response = if quotes { LEFT_OUT } else { &report.response };
                let end = response.floor_char_boundary(MAX_RESPONSE);
                Report {
                    error: report.error.clone(),
                    head: report.head.clone(),
                    arrival: report.arrival,
                    first_token_ms: report.first_token.map(millis),
                    total_ms: millis(report.total),
                    response: response[..end].to_owned(),
                    response_truncated: report.response_truncated || end < response.len(),
                }
            }),
        }
    }

    fn put_into(self, turn: &mut Turn) {
        let items = std::mem::take(&mut Arc::make_mut(&mut turn.answer).items);
        let answer = Arc::new(Transcript {
            items,
            outcome: self.outcome,
            failures: self.failures,
            usage: self.usage,
            trace_id: self.trace_id,
            custom_outputs: self.custom_outputs.map(Arc::new),
            databricks_output: self.databricks_output,
            unknown_events: self.unknown_events,
            skipped_events: self.skipped_events,
            first_skipped: self.first_skipped,
            left_out: self.left_out,
            streamed: self.streamed,
            dialect: self.dialect,
        });
        let times = self.reasoning_ms.into_iter();
        turn.reasoning = times.map(|(place, ms)| (place, Duration::from_millis(ms))).collect();
        turn.cut = self.cut;
        turn.report = self.report.map(|report| {
            Box::new(TurnReport {
                transcript: Arc::clone(&answer),
                error: report.error,
                head: report.head,
                // Put together again where it is shown.
                request: "".into(),
                response: report.response.into(),
                response_truncated: report.response_truncated,
                arrival: report.arrival,
                first_token: report.first_token_ms.map(Duration::from_millis),
                total: Duration::from_millis(report.total_ms),
            })
        });
        turn.answer = answer;
    }
}

/// The line that a turn begins with. `within`: with all files in it, rather than the large ones beside.
pub(super) fn turn_record(turn: &Turn, within: bool) -> Record<'_> {
    Record::Turn {
        turn: turn.id,
        parent: turn.parent,
        at: turn.at,
        ask: if within { Cow::Borrowed(&turn.ask) } else { beside(&turn.ask) },
        endpoint: turn.endpoint.shown_url(),
        dialect: turn.endpoint.dialect(),
        manner: Cow::Borrowed(&turn.manner),
        step: turn.step,
    }
}

/// Whether a file is kept beside the conversation's file, under its hash.
pub(super) fn is_beside(file: &Attachment) -> bool {
    file.size() > MAX_WITHIN
}

/// A question without the files that are kept beside it.
fn beside(ask: &Ask) -> Cow<'_, Ask> {
    match ask {
        Ask::Message(message) if message.attachments.iter().any(is_beside) => {
            let bare = |file: &Attachment| if is_beside(file) { file.without_data() } else { file.clone() };
            let attachments = message.attachments.iter().map(bare).collect();
            Cow::Owned(Ask::Message(Message { text: message.text.clone(), attachments }))
        }
        other => Cow::Borrowed(other),
    }
}

/// The lines that lead from the items `before` to those of `now`.
pub(super) fn changes<'a>(turn: u64, before: &Transcript, now: &'a Transcript) -> Vec<Record<'a>> {
    let mut records = Vec::new();
    for (place, item) in now.items.iter().enumerate() {
        let known = before.items.get(place);
        if known.is_some_and(|known| Arc::ptr_eq(known, item) || known == item) {
            continue;
        }
        records.push(match known.and_then(|known| grown(known, item)) {
            Some(text) => Record::Text { turn, place, text: Cow::Borrowed(text) },
            None => Record::Item { turn, place, item: Cow::Borrowed(item.as_ref()) },
        });
    }
    records
}

/// What the text of a message's last part grew by, if nothing else changed.
fn grown<'a>(before: &Item, now: &'a Item) -> Option<&'a str> {
    let (ItemBody::Message { parts: old, role: old_role }, ItemBody::Message { parts, role }) =
        (&before.body, &now.body)
    else {
        return None;
    };
    let (
        Some((Part::Text { text: old_text, annotations: old_notes }, old_rest)),
        Some((Part::Text { text, annotations }, rest)),
    ) = (old.split_last(), parts.split_last())
    else {
        return None;
    };
    let same = old_role == role
        && old_rest == rest
        && old_notes == annotations
        && (before.cycle, before.index, before.status) == (now.cycle, now.index, now.status)
        && (&before.id, &before.kind, &before.raw) == (&now.id, &now.kind, &now.raw);
    text.strip_prefix(old_text.as_str()).filter(|_| same)
}

/// A conversation while its lines are read.
#[derive(Debug, Default)]
pub(super) struct Folded {
    id: Option<u64>,
    name: Option<String>,
    beside: Option<Beside>,
    turns: BTreeMap<u64, Turn>,
    ended: BTreeSet<u64>,
    shown: Option<u64>,
}

impl Folded {
    /// Takes a line. `Some`: it begins another conversation, and this is the one before.
    pub(super) fn take(&mut self, line: &[u8]) -> Option<Self> {
        match serde_json::from_slice::<Record<'_>>(line).ok()? {
            Record::Conversation { id, .. } => {
                let same =
                    self.id.is_none_or(|known| known == id) && (self.id.is_some() || self.turns.is_empty());
                let before = (!same).then(|| std::mem::take(self));
                self.id = Some(id);
                return before;
            }
            Record::Name { name } => self.name = name,
            Record::Beside { beside } => self.beside = beside,
            Record::Turn { turn, parent, at, ask, endpoint, dialect, manner, step } => {
                let endpoint = Endpoint::parse(&endpoint).ok()?.with_dialect(dialect);
                let manner = manner.into_owned();
                let mut read = Turn::new(turn, parent, ask.into_owned(), endpoint, manner);
                read.at = at;
                read.step = step;
                self.turns.insert(turn, read);
                self.shown = Some(turn);
            }
            Record::Item { turn, place, item } => {
                let items = &mut Arc::make_mut(&mut self.turns.get_mut(&turn)?.answer).items;
                match items.get_mut(place) {
                    Some(known) => *known = Arc::new(item.into_owned()),
                    // Nothing is left out where lines are whole.
                    None => items.push(Arc::new(item.into_owned())),
                }
            }
            Record::Text { turn, place, text } => {
                let answer = Arc::make_mut(&mut self.turns.get_mut(&turn)?.answer);
                if let ItemBody::Message { parts, .. } = &mut Arc::make_mut(answer.items.get_mut(place)?).body
                    && let Some(Part::Text { text: known, .. }) = parts.last_mut()
                {
                    known.push_str(&text);
                }
            }
            Record::End { turn, ending } => {
                ending.put_into(self.turns.get_mut(&turn)?);
                self.ended.insert(turn);
            }
            Record::Trace { turn, trace } => self.turns.get_mut(&turn)?.set_trace(trace.into_owned()),
            Record::Shown { turn } => self.shown = Some(turn),
            Record::Unknown => {}
        }
        None
    }

    /// Puts the contents of files in place that were kept beside; `read` is given a hash.
    pub(super) fn fill(&mut self, read: impl Fn(&str) -> Option<Vec<u8>>) {
        for turn in self.turns.values_mut() {
            let Ask::Message(message) = &mut turn.ask else { continue };
            for file in message.attachments.iter_mut().filter(|file| file.data().is_none()) {
                if let Some(data) = read(file.sha256()) {
                    *file = file.clone().with_data(data);
                }
            }
        }
    }

    /// The conversation. Turns without an end were interrupted. `None` where nothing was said.
    pub(super) fn into_conversation(self, id: u64) -> Option<Conversation> {
        let Self { name, beside, turns, ended, shown, .. } = self;
        let turns: Vec<Turn> = turns
            .into_values()
            .map(|mut turn| {
                if !ended.contains(&turn.id) {
                    turn.answer = Arc::new(Arc::unwrap_or_clone(turn.answer).into_interrupted());
                }
                turn
            })
            .collect();
        (!turns.is_empty()).then(|| {
            let mut restored = Conversation::restored(id, name, turns, shown);
            restored.beside = beside;
            restored
        })
    }

    /// The id that the file itself names.
    pub(super) fn id(&self) -> Option<u64> {
        self.id
    }
}

/// A record as a line.
pub(super) fn line(record: &Record<'_>) -> String {
    // Strings, maps with string keys and no custom serializer: there is nothing that could fail.
    let mut line = serde_json::to_string(record).unwrap_or_default();
    line.push('\n');
    line
}
