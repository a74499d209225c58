//! One conversation: turns, and what the next request carries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use super::beside::Beside;
use super::pace::Pace;
use super::turn::{Ask, FoundTrace, Manner, Turn};
use crate::agent::history::{Entry, input_items};
use crate::agent::{
    self, AgentClient, Endpoint, Message, Payload, Transcript, TurnEvent, typed_context, typed_custom_inputs,
};
use crate::entities::Millis;
use crate::state::tasks::Tasks;

/// Turns with one memory: each request carries those before it.
#[derive(Debug)]
pub struct Conversation {
    /// Unique, also among those of other days.
    pub id: u64,
    /// Those that are shown, each following the one before.
    pub turns: Vec<Turn>,
    /// Turns of other branches: what was edited or asked again stays.
    others: BTreeMap<u64, Turn>,
    /// The name that the user gave it.
    pub name: Option<String>,
    /// Whether it is on disk, as far as it got.
    pub(super) kept: bool,
    /// Its place in a comparison, if it is in one.
    pub beside: Option<Beside>,
    /// Sent first in every request, unless it is empty.
    pub system_prompt: String,
    /// `custom_inputs` of every request as typed, and what is wrong with it.
    pub custom_inputs: (String, Option<String>),
    /// `context` of every request as typed, and what is wrong with it.
    pub context: (String, Option<String>),
    /// Values that variables of prompts were given last, by name.
    pub prompt_values: BTreeMap<String, String>,
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
            others: BTreeMap::new(),
            name: None,
            kept: false,
            beside: None,
            system_prompt,
            custom_inputs: Default::default(),
            context: Default::default(),
            prompt_values: BTreeMap::new(),
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

    /// What it is called in lists: its name, else the beginning of the first message.
    pub fn title(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let first = self.turns.iter().find_map(|turn| match &turn.ask {
            Ask::Message(message) => title_of_message(message),
            Ask::Approvals(_) => None,
        });
        first.unwrap_or_else(|| UNTITLED.to_owned())
    }

    /// How the next question is asked.
    pub(super) fn manner(&self, stream: bool) -> Manner {
        Manner {
            system_prompt: self.system_prompt.clone(),
            stream,
            custom_inputs: self.custom_inputs.0.clone(),
            context: self.context.0.clone(),
            marker: String::new(),
        }
    }

    /// Takes what was typed as `custom_inputs`.
    pub(super) fn set_custom_inputs(&mut self, typed: String) {
        let error = typed_custom_inputs(&typed).err();
        self.custom_inputs = (typed, error);
    }

    /// Takes what was typed as `context`.
    pub(super) fn set_context(&mut self, typed: String) {
        let error = typed_context(&typed).err();
        self.context = (typed, error);
    }

    /// Whether what is sent along with a message can be read.
    pub fn is_well_typed(&self) -> bool {
        self.custom_inputs.1.is_none() && self.context.1.is_none()
    }

    /// All turns of all branches.
    pub fn all_turns(&self) -> impl Iterator<Item = &Turn> {
        self.turns.iter().chain(self.others.values())
    }

    /// Keeps what was found as the trace of a turn. `false`: there is no such turn.
    pub(super) fn set_trace(&mut self, turn: u64, trace: FoundTrace) -> bool {
        let found = self.turns.iter_mut().chain(self.others.values_mut()).find(|known| known.id == turn);
        let is_here = found.is_some();
        if let Some(turn) = found {
            turn.set_trace(trace);
        }
        is_here
    }

    /// When it was written in last.
    pub fn updated(&self) -> Option<Millis> {
        self.all_turns().map(|turn| turn.at).max()
    }

    /// What was sent for a turn that is shown. Put together anew: each holds all that came before.
    pub fn payload(&self, turn: u64) -> Option<Payload> {
        let at = self.turns.iter().position(|known| known.id == turn)?;
        let (before, from) = self.turns.split_at(at);
        let turn = from.first()?;
        Some(request(before, &turn.ask, &turn.manner))
    }

    /// Sends what the user said. The caller sees to it that nothing is under way.
    pub(super) fn send(&mut self, client: &AgentClient, tasks: &Tasks, question: Question) {
        let Question { id, ask, endpoint, manner, step, pace } = question;
        let payload = request(&self.turns, &ask, &manner);
        let waker = tasks.clone();
        let wake = Arc::new(move || match &pace {
            Some(pace) => pace.wake(&waker),
            None => waker.wake(),
        });
        self.running = Some(client.send(tasks.runtime(), endpoint.clone(), &payload, wake));
        self.stopping = false;
        self.decisions.clear();
        let mut turn = Turn::new(id, self.last_turn(), ask, endpoint, manner);
        turn.step = step;
        self.turns.push(turn);
    }

    /// The same words once more under other ids, as a conversation that goes on by itself. What is under way stays out.
    pub(super) fn copied(&self, mut new_id: impl FnMut() -> u64) -> Self {
        let mut copy = Self::new(new_id(), self.system_prompt.clone());
        copy.name.clone_from(&self.name);
        copy.custom_inputs.clone_from(&self.custom_inputs);
        copy.context.clone_from(&self.context);
        copy.prompt_values.clone_from(&self.prompt_values);
        for turn in self.turns.iter().filter(|turn| turn.answer.is_over()) {
            let mut copied = turn.clone();
            (copied.id, copied.parent, copied.step) = (new_id(), copy.last_turn(), Some(turn.step()));
            copy.turns.push(copied);
        }
        copy
    }

    /// Hangs up; what arrived stays, and the report follows. Asked for a second time, it waits for no report: then
    /// the turn is over.
    pub(super) fn stop(&mut self) -> bool {
        let Some(running) = &mut self.running else { return false };
        if !std::mem::replace(&mut self.stopping, true) {
            running.stop();
            return false;
        }
        self.running = None;
        if let Some(turn) = self.turns.last_mut() {
            let stopped = Transcript::clone(&turn.answer).into_stopped();
            turn.take(Arc::new(stopped));
        }
        true
    }

    /// Hangs up at once.
    pub(super) fn abandon(&mut self) {
        self.stop();
        self.stop();
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

    /// Goes back to before a turn, to ask again: it and what follows become another branch. Its question, unless an
    /// answer is under way.
    pub(super) fn go_back(&mut self, turn: u64) -> Option<Ask> {
        if self.is_running() {
            return None;
        }
        let at = self.turns.iter().position(|known| known.id == turn)?;
        self.decisions.clear();
        let ask = self.turns.get(at)?.ask.clone();
        for turn in self.turns.drain(at..) {
            self.others.insert(turn.id, turn);
        }
        Some(ask)
    }

    /// A conversation as it was kept; the branch that ends with `shown`, or with the latest turn, is shown.
    pub(super) fn restored(id: u64, name: Option<String>, turns: Vec<Turn>, shown: Option<u64>) -> Self {
        let mut restored = Self::new(id, String::new());
        restored.name = name;
        restored.kept = true;
        restored.others = turns.into_iter().map(|turn| (turn.id, turn)).collect();
        let known = shown.filter(|shown| restored.others.contains_key(shown));
        if let Some(last) = known.or_else(|| restored.others.keys().next_back().copied()) {
            restored.walk_to(last);
        }
        if let Some(last) = restored.turns.last() {
            let manner = last.manner.clone();
            restored.system_prompt = manner.system_prompt;
            restored.set_custom_inputs(manner.custom_inputs);
            restored.set_context(manner.context);
        }
        restored
    }

    /// The turns that could stand where one stands: what was sent in its place before or since, the oldest first.
    pub fn branches(&self, turn: &Turn) -> Vec<u64> {
        let others = self.others.values().filter(|other| other.parent == turn.parent);
        let mut all: Vec<u64> = others.map(|other| other.id).chain([turn.id]).collect();
        all.sort_unstable();
        all
    }

    /// Shows the branch that a turn belongs to, up to its latest end. Not while an answer is under way.
    pub(super) fn show_branch(&mut self, turn: u64) -> bool {
        if self.is_running() || !self.all_turns().any(|known| known.id == turn) {
            return false;
        }
        self.decisions.clear();
        // What follows is younger, so one pass finds the end, and it ends whatever a file says.
        let mut turns: Vec<(u64, Option<u64>)> =
            self.all_turns().map(|turn| (turn.id, turn.parent)).collect();
        turns.sort_unstable();
        let mut latest = BTreeSet::from([turn]);
        for (id, parent) in turns {
            if parent.is_some_and(|parent| latest.contains(&parent)) {
                latest.insert(id);
            }
        }
        self.walk_to(latest.last().copied().unwrap_or(turn));
        true
    }

    /// Shows the branch that ends with a turn.
    fn walk_to(&mut self, last: u64) {
        for turn in std::mem::take(&mut self.turns) {
            self.others.insert(turn.id, turn);
        }
        let mut at = Some(last);
        // A file may say anything: what was taken is gone from the others, so this ends.
        while let Some(turn) = at.and_then(|id| self.others.remove(&id)) {
            at = turn.parent;
            self.turns.push(turn);
        }
        self.turns.reverse();
    }

    /// Takes what arrived.
    pub(super) fn poll(&mut self, deadline: Instant) -> Arrived {
        let mut arrived = Arrived::default();
        while let Some(event) = self.running.as_mut().and_then(agent::Turn::try_next) {
            let Some(turn) = self.turns.last_mut() else { break };
            arrived.something = true;
            match event {
                TurnEvent::Head(_) => {}
                TurnEvent::Transcript(answer) => turn.take(answer),
                TurnEvent::Done(report) => {
                    self.running = None;
                    turn.take(Arc::clone(&report.transcript));
                    let went_well = report.error.is_none() && turn.answer.failures.is_empty();
                    turn.report = Some(report);
                    arrived.ended = true;
                    arrived.from = went_well.then(|| turn.endpoint.shown_url());
                    return arrived;
                }
            }
            if Instant::now() >= deadline {
                break;
            }
        }
        arrived
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
    /// And how.
    pub manner: Manner,
    /// The step of a comparison that it belongs to.
    pub step: Option<u64>,
    /// Wakes the window less often, where several answers come at once.
    pub pace: Option<Pace>,
}

/// What polling a conversation brought.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    /// The last turn is not what it was.
    pub something: bool,
    /// It is over.
    pub ended: bool,
    /// The address without its query, if it ended well.
    pub from: Option<String>,
}

/// What a conversation without words is called.
pub(super) const UNTITLED: &str = "New conversation";
/// Longest title, in characters.
const TITLE: usize = 60;

/// A title made of the first line that says something.
pub(super) fn title_of(text: &str) -> Option<String> {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(match first.char_indices().nth(TITLE) {
        Some((end, _)) => format!("{}…", first[..end].trim_end()),
        None => first.to_owned(),
    })
}

/// A title made of a message's words, or of what its first file is called.
fn title_of_message(message: &Message) -> Option<String> {
    let file = || message.attachments.first().map(|file| file.name().to_owned());
    title_of(&message.text).or_else(file)
}

/// The request that says everything said so far, then `ask`.
fn request(before: &[Turn], ask: &Ask, manner: &Manner) -> Payload {
    let mut entries = Vec::new();
    for turn in before {
        push_ask(&mut entries, &turn.ask);
        entries.push(Entry::Answer(&turn.answer));
    }
    push_ask(&mut entries, ask);
    // What cannot be read was never sent.
    let mut inputs = typed_custom_inputs(&manner.custom_inputs).unwrap_or_default();
    if !manner.marker.is_empty() {
        inputs = Some(inputs.unwrap_or_default().marked(&manner.marker));
    }
    let mut payload =
        Payload::new(input_items(Some(&manner.system_prompt), &entries)).with_custom_inputs(inputs);
    payload.stream = manner.stream;
    payload.context = typed_context(&manner.context).unwrap_or_default();
    payload
}

fn push_ask<'a>(entries: &mut Vec<Entry<'a>>, ask: &'a Ask) {
    match ask {
        Ask::Message(message) => entries.push(Entry::User(message)),
        Ask::Approvals(decisions) => {
            entries.extend(
                decisions.iter().map(|(request_id, &approve)| Entry::Approval { request_id, approve }),
            );
        }
    }
}
