//! The panes of a comparison in step: what stands at one height, and what a line says of it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::difference::Difference;
use super::{Ask, Conversation, Turn};
use crate::agent::wire::ItemBody;

/// What stands at one height: a question, and what each pane made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step(pub u64);

/// The steps of a comparison, in order.
pub fn steps(panes: &[&Conversation]) -> Vec<Step> {
    let all: BTreeSet<u64> = panes.iter().flat_map(|pane| pane.turns.iter().map(Turn::step)).collect();
    all.into_iter().map(Step).collect()
}

impl Step {
    /// The turns of a pane at this height: most often one, more after approvals, none where it was busy.
    pub fn turns(self, pane: &Conversation) -> impl Iterator<Item = &Turn> + use<'_> {
        pane.turns.iter().filter(move |turn| turn.step() == self.0)
    }

    /// The last turn of one of the panes at this height.
    pub fn last<'a>(self, panes: &[&'a Conversation], pane: usize) -> Option<&'a Turn> {
        panes.get(pane).and_then(|pane| self.turns(pane).last())
    }

    /// What all panes were asked here, if it was the same.
    pub fn question<'a>(self, panes: &[&'a Conversation]) -> Option<&'a Turn> {
        let mut asked = panes.iter().filter_map(|pane| self.turns(pane).next());
        let first = asked.next()?;
        asked.all(|turn| turn.ask == first.ask && !matches!(turn.ask, Ask::Approvals(_))).then_some(first)
    }
}

/// What an answer took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Until the first token, where it came as a stream.
    pub first_token: Option<Duration>,
    /// Until the end.
    pub total: Duration,
    /// Tokens read and written, where the agent says.
    pub tokens: Option<(u64, u64)>,
    /// Tools called.
    pub calls: usize,
}

impl Figures {
    /// Of a turn that is over.
    pub fn of(turn: &Turn) -> Self {
        let report = turn.report.as_ref();
        Self {
            first_token: report.and_then(|report| report.first_token).filter(|_| turn.answer.streamed),
            total: turn.elapsed(),
            tokens: turn.answer.usage.as_ref().map(|usage| (usage.input, usage.output)),
            calls: turn.answer.items.iter().filter(|item| matches!(item.body, ItemBody::Call(_))).count(),
        }
    }

    /// How much longer it took than another, in percent; `None` where that was too quick to say.
    pub fn slower_than(&self, fastest: Duration) -> Option<u64> {
        let fastest = fastest.as_millis().max(1);
        let more = self.total.as_millis().saturating_sub(fastest);
        u64::try_from(more * 100 / fastest).ok().filter(|percent| *percent > 0)
    }
}

/// What a line says of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Summing {
    /// Answers are on their way.
    Running,
    /// All answers say the same.
    Same,
    /// They differ: in these things.
    Differs(Vec<&'static str>),
    /// So many failed.
    Failed(usize),
    /// There is nothing to compare, or not yet.
    Open,
}

/// Sums a step up. `differences`: of each answer but the base's, as far as they are known.
pub fn sum_up(turns: &[Option<&Turn>], differences: &[Option<&Difference>]) -> Summing {
    let there = || turns.iter().flatten();
    if there().any(|turn| !turn.answer.is_over()) {
        return Summing::Running;
    }
    let failed = there().filter(|turn| turn.has_failed()).count();
    if failed > 0 {
        return Summing::Failed(failed);
    }
    let known: Vec<&Difference> = differences.iter().copied().flatten().collect();
    if known.is_empty() || known.len() < differences.len() {
        return Summing::Open;
    }
    let mut what = Vec::new();
    if known.iter().any(|difference| !difference.same_words) {
        what.push("words");
    }
    if known.iter().any(|difference| !difference.same_calls) {
        what.push("tool calls");
    }
    if what.is_empty() { Summing::Same } else { Summing::Differs(what) }
}

/// The quickest answer that ended well, and how long it took, where there is more than one.
pub fn fastest(turns: &[Option<&Turn>]) -> Option<(usize, Duration)> {
    let well = |turn: &&Turn| turn.answer.is_over() && !turn.can_retry();
    let took = turns.iter().enumerate().filter_map(|(at, turn)| {
        turn.filter(well).filter(|turn| turn.report.is_some()).map(|turn| (at, turn.elapsed()))
    });
    let took: Vec<_> = took.collect();
    (took.len() > 1).then(|| took.into_iter().min_by_key(|(_, took)| *took)).flatten()
}
