//! Traces of turns whose answers name none: looked for on the server that is open, by a click.
//!
//! - `fit`: which trace it is, as a decision;
//! - `find`: the looking.

mod find;
mod fit;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::profile::{Bound, BoundTo};
use super::witness::Witness;
use crate::entities::{Millis, TraceInfo};
use crate::state::State;
use crate::state::chat::{Ask, Conversation, FoundTrace, SharedClient, Turn};
use crate::state::tasks::{Polled, Task};
use crate::tracking::TrackingError;
use find::Finder;
use fit::{Fit, SLACK, Sought};

/// An answer whose end is not known may have been asked for within this time, in milliseconds.
const UNENDED: Millis = 60_000;

/// What is known of the trace of a turn whose answer names none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TurnTrace<'a> {
    /// It was not looked for.
    NotSought,
    /// It is being looked for.
    Looking,
    /// There is none that fits.
    Nothing,
    /// Some fit, and nothing tells which it is: the oldest first.
    Several(&'a [TraceInfo]),
    /// The server did not say.
    Failed(&'a TrackingError),
}

/// Traces that were looked for, by turn.
#[derive(Default)]
pub struct TurnTraces(BTreeMap<u64, Looked>);

enum Looked {
    Looking(Task<Result<Fit, TrackingError>>),
    Done(Result<Fit, TrackingError>),
}

impl TurnTraces {
    /// How far it is with a turn.
    pub fn of(&self, turn: u64) -> TurnTrace<'_> {
        match self.0.get(&turn) {
            None | Some(Looked::Done(Ok(Fit::One(_)))) => TurnTrace::NotSought,
            Some(Looked::Looking(_)) => TurnTrace::Looking,
            Some(Looked::Done(Ok(Fit::None))) => TurnTrace::Nothing,
            Some(Looked::Done(Ok(Fit::Several(traces)))) => TurnTrace::Several(traces),
            Some(Looked::Done(Err(error))) => TurnTrace::Failed(error),
        }
    }

    /// Takes what arrived. The traces that were found, by turn.
    pub(super) fn poll(&mut self) -> Vec<(u64, String)> {
        let mut found = Vec::new();
        self.0.retain(|turn, looked| {
            let Looked::Looking(task) = looked else { return true };
            match task.poll() {
                Polled::Pending => true,
                Polled::Lost => false,
                Polled::Ready(Ok(Fit::One(trace_id))) => {
                    found.push((*turn, trace_id));
                    false
                }
                Polled::Ready(done) => {
                    *looked = Looked::Done(done);
                    true
                }
            }
        });
        found
    }

    fn is_looking(&self, turn: u64) -> bool {
        matches!(self.0.get(&turn), Some(Looked::Looking(_)))
    }
}

impl State {
    /// Looks for the trace of a turn.
    pub(super) fn find_trace(&mut self, turn: u64) {
        let Some(workspace) = &self.workspace else { return };
        let turns = || self.chat.conversations().iter().flat_map(Conversation::all_turns);
        let Some(turn) = turns().find(|known| known.id == turn) else { return };
        if workspace.turn_traces.is_looking(turn.id) {
            return;
        }
        let finder = Finder {
            store: Arc::clone(&workspace.store),
            witness: self.witness_of(&turn.endpoint.shown_url()),
            sought: sought(turn, turns()),
        };
        let (turn, task) = (turn.id, self.tasks.spawn(finder.find()));
        if let Some(workspace) = &mut self.workspace {
            workspace.turn_traces.0.insert(turn, Looked::Looking(task));
        }
    }

    /// One of those that fit is the trace of a turn, somebody says.
    pub(super) fn choose_trace(&mut self, turn: u64, trace_id: &str) {
        if let Some(workspace) = &mut self.workspace {
            workspace.turn_traces.0.remove(&turn);
        }
        let trace = FoundTrace { trace_id: trace_id.to_owned(), chosen: true };
        self.chat.set_trace(turn, &trace, self.settings.get());
    }

    /// Keeps the traces that were found.
    pub(super) fn poll_turn_traces(&mut self) {
        let found = self.workspace.as_mut().map(|workspace| workspace.turn_traces.poll());
        for (turn, trace_id) in found.unwrap_or_default() {
            let trace = FoundTrace { trace_id, chosen: false };
            self.chat.set_trace(turn, &trace, self.settings.get());
        }
    }

    /// For an endpoint that is known to serve a model of the store that is open.
    fn witness_of(&self, address: &str) -> Option<Witness> {
        let workspace = self.workspace.as_ref()?;
        let mut profile = self.settings.get().profile(address);
        if let Some(served) = self.serve.bound(address) {
            let bound = Bound::parse(workspace.store.info().settings_key(), &served.spec.model)?;
            let to = served.version.map_or(bound.to.clone(), BoundTo::Version);
            profile.bound = Some(Bound { to, ..bound });
        }
        let endpoint = profile.endpoint()?;
        let client = SharedClient::default();
        Witness::new(&profile, &endpoint, &workspace.store, self.settings.get(), &client)
    }
}

/// What the trace of a turn must fit, among all turns that are known.
fn sought<'a>(turn: &Turn, all: impl Iterator<Item = &'a Turn>) -> Sought {
    let ended = |turn: &Turn| {
        let took = turn.report.as_ref().map_or(UNENDED, |report| millis(report.total));
        turn.at.saturating_add(took)
    };
    let mut sought = Sought {
        sent: turn.at,
        ended: ended(turn),
        words: match &turn.ask {
            Ask::Message(message) => message.text.clone(),
            Ask::Approvals(_) => String::new(),
        },
        marker: turn.manner.marker.clone(),
        ..Sought::default()
    };
    let at_that_time = sought.sent - SLACK..=sought.ended + SLACK;
    let mut asked = BTreeSet::from([turn.at]);
    for other in all {
        let there = other.endpoint.shown_url() == turn.endpoint.shown_url();
        // What was said so far is copied when endpoints are compared: that is the same turn.
        if there && other.at == turn.at {
            continue;
        }
        if let Some(trace_id) = other.trace_id() {
            sought.taken.insert(trace_id.to_owned());
        } else if other.ask == turn.ask && at_that_time.contains(&other.at) {
            if there {
                asked.insert(other.at);
            } else {
                sought.contested = true;
            }
        }
    }
    sought.asked = asked.into_iter().collect();
    sought
}

fn millis(time: Duration) -> Millis {
    Millis::try_from(time.as_millis()).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Endpoint;
    use crate::state::chat::Manner;

    fn turn(id: u64, at: Millis, words: &str, address: &str, trace: Option<&str>) -> Turn {
        let endpoint = Endpoint::parse(address).unwrap();
        let mut turn = Turn::new(id, None, Ask::Message(words.into()), endpoint, Manner::default());
        turn.at = at;
        if let Some(trace) = trace {
            turn.set_trace(FoundTrace { trace_id: trace.to_owned(), chosen: false });
        }
        turn
    }

    #[test]
    fn other_turns_tell_what_else_was_asked_then() {
        let (here, there) = ("http://localhost:1", "http://localhost:2");
        let all = [
            turn(1, 100_000, "why?", here, None),
            turn(2, 100_000, "why?", here, None),
            turn(3, 103_000, "why?", here, None),
            turn(4, 104_000, "why?", here, Some("tr-4")),
            turn(5, 104_000, "when?", there, None),
            turn(6, 900_000, "why?", there, None),
        ];
        let found = sought(&all[0], all.iter());
        assert_eq!((found.sent, found.ended, found.words.as_str()), (100_000, 160_000, "why?"));
        assert_eq!(found.asked, [100_000, 103_000], "a copy of a turn is that turn");
        assert_eq!(found.taken, BTreeSet::from(["tr-4".to_owned()]));
        assert!(!found.contested);
        let beside = turn(7, 101_000, "why?", there, None);
        assert!(sought(&all[0], all.iter().chain([&beside])).contested);
    }
}
