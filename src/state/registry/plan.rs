//! The plan: what a drop proposes, before anything is written. It may hold several changes.

use super::board::Board;
use super::models::alias_rank;
use super::planned::{Planned, Step};
use super::promotion::{AliasChange, Order, Why};
use crate::entities::{RegisteredModel, VersionNumber};
use crate::state::compare::Comparison;
use crate::state::evidence::EvidenceItem;
use crate::state::policy::me;
use crate::state::{Cx, ModelKind, format};

/// The alias that keeps a place when the policy names none.
pub const PREVIOUS: &str = "previous";

/// More changes than this are no plan that one can read.
pub const MOST_CHANGES: usize = 50;

/// What the user filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// The protected aliases, typed.
    pub name: String,
    /// The reason.
    pub reason: String,
    /// Take back what was done when a change fails.
    pub all_or_nothing: bool,
    /// Go on although the journal cannot be written.
    pub without_journal: bool,
}

/// What has to happen before a plan can be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocker {
    /// It is being carried out.
    Busy,
    /// It is not yet known what holds here.
    Reading,
    /// A rule does not hold.
    Rule,
    /// The alias has to be typed.
    Name,
    /// A reason has to be given.
    Reason,
    /// Everything is as it should be.
    NothingToDo,
}

impl Blocker {
    /// What a person reads.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Busy => "It is being carried out",
            Self::Reading => "Reading what the rules ask for…",
            Self::Rule => "A rule does not hold",
            Self::Name => "Type the alias to confirm",
            Self::Reason => "Give a reason to confirm",
            Self::NothingToDo => "Nothing is left to do",
        }
    }
}

/// Changes of aliases, in the order in which they are to be made.
#[derive(Debug)]
pub struct Plan {
    /// Which plan it is, of all since the server was opened.
    pub id: u64,
    /// The changes.
    pub changes: Vec<Planned>,
    /// What the last attempt said, if it did not do everything.
    pub message: Option<String>,
    /// Whether something was not sent for want of a journal: the user may go on without.
    pub lacks_journal: bool,
    /// Why the policy's file does not count, if it does not.
    pub policy_error: Option<String>,
    /// What differs between the two versions of the change that is shown.
    pub comparison: Comparison,
    shown: usize,
    busy: bool,
    unread: bool,
    /// What was asked last: revisions of the policy and of the evidence.
    judged: Option<(u64, u64)>,
    /// The user wants every place kept.
    keep: bool,
}

impl Plan {
    /// Proposes a change.
    pub fn new(
        id: u64,
        change: AliasChange,
        evidence: Vec<EvidenceItem>,
        board: &Board,
        cx: &Cx<'_>,
    ) -> Self {
        let planned = Planned::new(change, board, cx).with(evidence);
        let comparison = compared(&planned, board, cx);
        let mut plan = Self {
            id,
            changes: vec![planned],
            message: None,
            lacks_journal: false,
            policy_error: None,
            comparison,
            shown: 0,
            busy: false,
            unread: false,
            judged: None,
            keep: false,
        };
        plan.judge(cx);
        plan
    }

    /// Takes what arrived. `true`: where an alias is, or what holds for it, may have changed.
    pub fn poll(&mut self, board: &Board, cx: &Cx<'_>) -> bool {
        self.comparison.poll(cx);
        let mut changed = false;
        let mut moved = false;
        for (at, planned) in self.changes.iter_mut().enumerate() {
            let from = planned.change.from;
            changed |= planned.poll(board, cx);
            moved |= at == self.shown && planned.change.from != from;
        }
        if moved {
            self.show(self.shown, board, cx);
        }
        if changed || self.judged != Some((cx.policy.revision(), cx.evidence.revision())) {
            self.judge(cx);
            return true;
        }
        false
    }

    /// A version was edited: rules and evidence look at its tags.
    pub fn read_again(&mut self, name: &str, version: VersionNumber, cx: &Cx<'_>) {
        let of_it = |planned: &&mut Planned| {
            planned.change.name == name && planned.change.to == Some(version) && !planned.keeps
        };
        self.changes.iter_mut().filter(of_it).for_each(|planned| planned.read_again(cx));
        self.judge(cx);
    }

    /// Asks the policy anew.
    pub fn judge(&mut self, cx: &Cx<'_>) {
        let (me, now) = (me(cx.environment, cx.settings, &cx.store.info()), format::now());
        for planned in &mut self.changes {
            planned.judge(&me, now, cx);
        }
        self.unread = cx.policy.is_unread() && !cx.store.info().sample;
        self.policy_error = cx
            .policy
            .error()
            .filter(|_| !cx.store.info().sample)
            .map(|error| format!("{error}. {}", error.next_step()));
        self.judged = Some((cx.policy.revision(), cx.evidence.revision()));
    }

    /// The change that the plan was made for, or the one that is looked at.
    pub fn shown(&self) -> &Planned {
        // There is always one.
        &self.changes[self.shown.min(self.changes.len() - 1)]
    }

    /// Which change is looked at.
    pub fn shown_at(&self) -> usize {
        self.shown
    }

    /// Looks at another change.
    pub fn show(&mut self, at: usize, board: &Board, cx: &Cx<'_>) {
        if let Some(planned) = self.changes.get(at) {
            self.shown = at;
            self.comparison = compared(planned, board, cx);
        }
    }

    /// What the user asked for: without what only keeps a place.
    pub fn principal(&self) -> impl Iterator<Item = &Planned> {
        self.changes.iter().filter(|planned| !planned.keeps)
    }

    /// Where this alias of this model is in the plan.
    pub fn position(&self, kind: ModelKind, name: &str, alias: &str) -> Option<usize> {
        self.changes.iter().position(|planned| {
            let change = &planned.change;
            change.kind == kind && change.name == name && change.alias == alias
        })
    }

    /// Adds a change, or aims one that is there at another version. `false`: there are too many.
    pub fn add(&mut self, change: AliasChange, board: &Board, cx: &Cx<'_>) -> bool {
        let at = self.position(change.kind, &change.name, &change.alias);
        let planned = Planned::new(change, board, cx);
        match at {
            Some(at) => self.changes[at] = planned,
            None if self.changes.len() < MOST_CHANGES => self.changes.push(planned),
            None => return false,
        }
        self.message = None;
        self.lacks_journal = false;
        if at == Some(self.shown) {
            self.show(self.shown, board, cx);
        }
        self.judge(cx);
        true
    }

    /// Takes a change out; the last one stays.
    pub fn remove(&mut self, at: usize, board: &Board, cx: &Cx<'_>) {
        if self.principal().count() > 1 && self.changes.get(at).is_some_and(|planned| !planned.keeps) {
            self.changes.remove(at);
            self.message = None;
            self.lacks_journal = false;
            let shown = if self.shown > at { self.shown - 1 } else { self.shown.min(self.changes.len() - 1) };
            self.show(shown, board, cx);
        }
    }

    /// Whether changes may be added or taken out: not once something was done.
    pub fn is_open(&self) -> bool {
        !self.busy && !self.changes.iter().any(|planned| planned.step.is_done())
    }

    /// Whether it is being carried out.
    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// It is being carried out from now on, or not any more.
    pub fn set_busy(&mut self, busy: bool) {
        self.busy = busy;
    }

    /// Whether a place is kept: as the user wishes, or (`Some`) because the policy asks for it.
    pub fn keeps(&self) -> (bool, Option<&str>) {
        (self.keep, self.principal().find_map(|planned| planned.terms.keep_previous.as_deref()))
    }

    /// Keeps the places that the aliases leave, or not.
    pub fn set_keep(&mut self, keep: bool) {
        self.keep = keep;
    }

    /// Whether a place could be kept: some alias leaves one, and is not the one that keeps.
    pub fn can_keep(&self) -> bool {
        self.principal().any(|planned| leaves_a_place(planned).is_some())
    }

    /// Puts the changes that keep places before those that leave them. Of two aliases of one model that would be kept
    /// under one name, the better known one is.
    pub fn arrange_keeping(
        &mut self,
        known: &dyn Fn(ModelKind, &str) -> Option<RegisteredModel>,
        board: &Board,
        cx: &Cx<'_>,
    ) {
        if !self.is_open() {
            return;
        }
        let shown = self.shown().change.clone();
        let mut kept: Vec<AliasChange> = Vec::new();
        let mut order: Vec<&Planned> = self.principal().collect();
        order.sort_by_key(|planned| alias_rank(&planned.change.alias));
        for planned in order {
            let asked = planned.terms.keep_previous.as_deref().or(self.keep.then_some(PREVIOUS));
            let (Some(alias), Some(from)) = (asked, leaves_a_place(planned)) else { continue };
            let change = &planned.change;
            let taken =
                self.principal().any(|other| other.change.name == change.name && other.change.alias == alias)
                    || kept.iter().any(|other| other.name == change.name && other.alias == alias);
            let model = planned.model().cloned().or_else(|| known(change.kind, &change.name));
            let now = model.and_then(|model| model.alias(alias));
            if !taken && now != Some(from) {
                kept.push(AliasChange {
                    alias: alias.to_owned(),
                    from: now,
                    to: Some(from),
                    ..change.clone()
                });
            }
        }
        let present: Vec<_> =
            self.changes.iter().filter(|planned| planned.keeps).map(|planned| &planned.change).collect();
        if present.len() == kept.len() && kept.iter().all(|change| present.contains(&change)) {
            return;
        }
        self.changes.retain(|planned| !planned.keeps);
        for change in kept {
            let at = self.changes.iter().position(|planned| {
                !planned.keeps && planned.change.name == change.name && planned.change.from == change.to
            });
            self.changes.insert(at.unwrap_or(0), Planned::keeping(change, board, cx));
        }
        self.shown = self.changes.iter().position(|planned| planned.change == shown).unwrap_or(0);
    }

    /// The aliases that have to be typed, each once.
    pub fn names_to_type(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for planned in self.principal().filter(|planned| planned.is_protected()) {
            if !names.contains(&planned.change.alias.as_str()) {
                names.push(&planned.change.alias);
            }
        }
        names
    }

    /// Whether what was typed names every protected alias, in any order.
    pub fn is_named(&self, typed: &str) -> bool {
        let mut typed: Vec<&str> = typed.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        let mut names = self.names_to_type();
        typed.sort_unstable();
        names.sort_unstable();
        typed == names
    }

    /// Whether a reason has to be given: for a protected alias, and where it overrides a rule.
    pub fn needs_reason(&self) -> bool {
        self.principal()
            .any(|planned| planned.is_protected() || (planned.fails() && planned.terms.may_override))
    }

    /// What has to happen first, if anything.
    pub fn blocker(&self, answers: &Answers) -> Option<Blocker> {
        if self.busy {
            Some(Blocker::Busy)
        } else if self.unread || self.principal().any(Planned::is_reading) {
            Some(Blocker::Reading)
        } else if self.principal().any(|planned| planned.fails() && !planned.terms.may_override) {
            Some(Blocker::Rule)
        } else if !self.is_named(&answers.name) && !self.names_to_type().is_empty() {
            Some(Blocker::Name)
        } else if self.needs_reason() && answers.reason.trim().is_empty() {
            Some(Blocker::Reason)
        } else if self.left().next().is_none() {
            Some(Blocker::NothingToDo)
        } else {
            None
        }
    }

    /// Where in the plan the changes are that are still to be made.
    pub fn left(&self) -> impl Iterator<Item = usize> {
        self.changes
            .iter()
            .enumerate()
            .filter(|(_, planned)| {
                !planned.step.is_done()
                    && planned.step != Step::Already
                    && planned.change.from != planned.change.to
            })
            .map(|(at, _)| at)
    }

    /// Where in the plan the changes are that were made, the last one first.
    pub fn done(&self) -> Vec<usize> {
        let done = self.changes.iter().enumerate().filter(|(_, planned)| planned.step.is_done());
        done.map(|(at, _)| at).rev().collect()
    }

    /// What is to be carried out, in order, with the places in the plan.
    pub fn orders(&self, answers: &Answers, me: &[String]) -> Vec<(usize, Order)> {
        let order = |at: usize| {
            let planned = &self.changes[at];
            let reason = answers.reason.trim().to_owned();
            let why = Why { reason, evidence: planned.evidence() };
            let (change, demands) = (planned.change.clone(), planned.demands(me));
            (at, Order { change, why, demands, undoes: None })
        };
        self.left().map(order).collect()
    }

    /// Draws one change anew from where its alias is now.
    pub fn restart(&mut self, at: usize, now: Option<VersionNumber>, board: &Board, cx: &Cx<'_>) {
        let Some(planned) = self.changes.get_mut(at) else { return };
        if planned.change.from != now {
            planned.move_from(now, board, cx);
            if at == self.shown {
                self.show(at, board, cx);
            }
        }
    }

    /// What to think of before it is confirmed.
    pub fn warnings(&self) -> Vec<String> {
        let several = self.changes.len() > 1;
        let mut warnings = Vec::new();
        for planned in &self.changes {
            let AliasChange { name, alias, .. } = &planned.change;
            let about = if several { format!("{alias} of {name}: ") } else { String::new() };
            warnings.extend(planned.warnings().into_iter().map(|warning| format!("{about}{warning}")));
        }
        warnings.extend(self.comparison.signature_changed());
        warnings
    }
}

/// The version that an alias leaves, unless it is the one that keeps places.
fn leaves_a_place(planned: &Planned) -> Option<VersionNumber> {
    let change = &planned.change;
    let keeper = planned.terms.keep_previous.as_deref().unwrap_or(PREVIOUS);
    change.from.filter(|_| change.from != change.to && change.alias != keeper)
}

/// Compares the versions of a change.
fn compared(planned: &Planned, board: &Board, cx: &Cx<'_>) -> Comparison {
    let AliasChange { kind, name, from, to, .. } = &planned.change;
    Comparison::of_versions((*kind, name), [*from, *to], board, cx)
}
