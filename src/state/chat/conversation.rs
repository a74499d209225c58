//! One conversation: turns, each a question and its answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::agent::history::{Entry, input_items};
use crate::agent::wire::{InputItem, ItemBody};
use crate::agent::{
    self, AgentClient, AgentError, Endpoint, Outcome, Payload, Transcript, TurnEvent, TurnReport,
};
use crate::state::tasks::Tasks;

/// What the user said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A message.
    Text(String),
    /// Yes or no to the MCP approval requests of the answer before, by request id.
    Approvals(BTreeMap<String, bool>),
}

/// A question and what came back.
#[derive(Debug)]
pub struct Turn {
    /// Unique since the app was started.
    pub id: u64,
    /// What the user said.
    pub ask: Ask,
    /// Where it was sent.
    pub endpoint: Endpoint,
    /// What was sent.
    pub payload: Payload,
    /// The answer so far.
    pub answer: Arc<Transcript>,
    /// Everything about it, once it is over.
    pub report: Option<Box<TurnReport>>,
    /// How long each reasoning item took to arrive, by its place in the answer, where that could be seen.
    pub reasoning: BTreeMap<usize, Duration>,
    reasoning_since: BTreeMap<usize, Instant>,
    sent: Instant,
}

impl Turn {
    fn new(id: u64, ask: Ask, endpoint: Endpoint, payload: Payload) -> Self {
        Self {
            id,
            ask,
            endpoint,
            payload,
            answer: Arc::default(),
            report: None,
            reasoning: BTreeMap::new(),
            reasoning_since: BTreeMap::new(),
            sent: Instant::now(),
        }
    }

    /// How long it has been under way, or took.
    pub fn elapsed(&self) -> Duration {
        self.report.as_ref().map_or_else(|| self.sent.elapsed(), |report| report.total)
    }

    /// What went wrong on the way. What the agent itself reported is in the answer.
    pub fn error(&self) -> Option<&AgentError> {
        self.report.as_ref()?.error.as_ref().filter(|error| **error != AgentError::Cancelled)
    }

    /// Whether it ended in any other way than it should.
    pub fn can_retry(&self) -> bool {
        self.answer.is_over() && (self.answer.outcome != Outcome::Completed || self.error().is_some())
    }

    /// Whether a stream was asked for and a whole body came.
    pub fn did_not_stream(&self) -> bool {
        self.payload.stream && self.answer.outcome == Outcome::Completed && !self.answer.streamed
    }

    /// The ids of the approvals that the answer asks for.
    pub fn approvals(&self) -> impl Iterator<Item = &str> {
        self.answer.items.iter().filter_map(|item| match item.body {
            ItemBody::Approval(_) => item.id.as_deref(),
            _ => None,
        })
    }

    fn take(&mut self, answer: Arc<Transcript>) {
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

/// Turns with one memory: each request carries those before it.
#[derive(Debug)]
pub struct Conversation {
    /// Unique since the app was started.
    pub id: u64,
    /// Oldest first.
    pub turns: Vec<Turn>,
    /// Sent first in every request, unless it is empty.
    pub system_prompt: String,
    /// Yes and no to approval requests of the last answer, until all are decided.
    pub decisions: BTreeMap<String, bool>,
    running: Option<agent::Turn>,
    stopping: bool,
}

impl Conversation {
    pub(super) fn new(id: u64, system_prompt: String) -> Self {
        Self {
            id,
            turns: Vec::new(),
            system_prompt,
            decisions: BTreeMap::new(),
            running: None,
            stopping: false,
        }
    }

    /// Whether an answer is on its way.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// The id of the last turn.
    pub fn last_turn(&self) -> Option<u64> {
        self.turns.last().map(|turn| turn.id)
    }

    /// What it is called in lists: the beginning of the first message.
    pub fn title(&self) -> String {
        let first = self.turns.iter().find_map(|turn| match &turn.ask {
            Ask::Text(text) => text.lines().find(|line| !line.trim().is_empty()),
            Ask::Approvals(_) => None,
        });
        let Some(first) = first.map(str::trim) else { return "New conversation".into() };
        match first.char_indices().nth(TITLE) {
            Some((end, _)) => format!("{}…", first[..end].trim_end()),
            None => first.to_owned(),
        }
    }

    /// The `input` of the next request: everything said so far, then `ask`.
    fn input(&self, ask: &Ask) -> Vec<InputItem> {
        let mut entries = Vec::new();
        for turn in &self.turns {
            push_ask(&mut entries, &turn.ask);
            entries.push(Entry::Answer(&turn.answer));
        }
        push_ask(&mut entries, ask);
        input_items(Some(&self.system_prompt), &entries)
    }

    /// Sends what the user said. The caller sees to it that nothing is under way.
    pub(super) fn send(&mut self, client: &AgentClient, tasks: &Tasks, question: Question) {
        let Question { id, ask, endpoint, stream } = question;
        let mut payload = Payload::new(self.input(&ask));
        payload.stream = stream;
        let waker = tasks.clone();
        let wake = Arc::new(move || waker.wake());
        self.running = Some(client.send(tasks.runtime(), endpoint.clone(), &payload, wake));
        self.stopping = false;
        self.decisions.clear();
        self.turns.push(Turn::new(id, ask, endpoint, payload));
    }

    /// Hangs up; what arrived stays, and the report follows. Asked for a second time, it waits for no report.
    pub(super) fn stop(&mut self) {
        let Some(running) = &mut self.running else { return };
        if !std::mem::replace(&mut self.stopping, true) {
            running.stop();
            return;
        }
        self.running = None;
        if let Some(turn) = self.turns.last_mut() {
            let stopped = Transcript::clone(&turn.answer).into_stopped();
            turn.take(Arc::new(stopped));
        }
    }

    /// Notes a yes or no. All decisions, once the last one is made.
    pub(super) fn decide(&mut self, request: &str, approve: bool) -> Option<BTreeMap<String, bool>> {
        let turn = self.turns.last().filter(|_| self.running.is_none())?;
        if !turn.approvals().any(|id| id == request) {
            return None;
        }
        self.decisions.insert(request.to_owned(), approve);
        let all = turn.approvals().all(|id| self.decisions.contains_key(id));
        all.then(|| std::mem::take(&mut self.decisions))
    }

    /// Takes the last turn away, to ask again. Its question, unless it is still under way.
    pub(super) fn take_back(&mut self) -> Option<Ask> {
        if self.is_running() {
            return None;
        }
        self.decisions.clear();
        self.turns.pop().map(|turn| turn.ask)
    }

    /// Takes what arrived. The address without its query, when a turn has just ended well.
    pub(super) fn poll(&mut self, deadline: Instant) -> Option<String> {
        while let Some(event) = self.running.as_mut().and_then(agent::Turn::try_next) {
            let turn = self.turns.last_mut()?;
            match event {
                TurnEvent::Head(_) => {}
                TurnEvent::Transcript(answer) => turn.take(answer),
                TurnEvent::Done(report) => {
                    self.running = None;
                    turn.take(Arc::clone(&report.transcript));
                    let went_well = report.error.is_none() && turn.answer.failures.is_empty();
                    turn.report = Some(report);
                    return went_well.then(|| turn.endpoint.shown_url());
                }
            }
            if Instant::now() >= deadline {
                break;
            }
        }
        None
    }
}

/// What is to be sent, to whom.
pub(super) struct Question {
    /// Of the turn.
    pub id: u64,
    /// What the user says.
    pub ask: Ask,
    /// To whom.
    pub endpoint: Endpoint,
    /// Whether a stream is asked for.
    pub stream: bool,
}

/// Longest title, in characters.
const TITLE: usize = 60;

fn push_ask<'a>(entries: &mut Vec<Entry<'a>>, ask: &'a Ask) {
    match ask {
        Ask::Text(text) => entries.push(Entry::User(text)),
        Ask::Approvals(decisions) => {
            entries.extend(
                decisions.iter().map(|(request_id, &approve)| Entry::Approval { request_id, approve }),
            );
        }
    }
}
