//! Changes of aliases that are under way: they are started here, followed to their end, and told about.

use std::sync::Arc;

use super::board::Board;
use super::plan::Plan;
use super::promotion::{AliasChange, Ending, Event, Later, MOST_EVENTS, Order};
use super::sequence::{News, OnFailure, carry_out_in_order};
use super::{Registry, RegistryCommand};
use crate::entities::RegisteredModel;
use crate::state::activity::{ActivityEntry, Outcome};
use crate::state::tasks::{Feed, Polled};
use crate::state::{Command, Cx, ModelKind, format};

/// Changes that are being carried out in order, or watched afterwards.
#[derive(Debug)]
pub(super) struct Operation {
    orders: Vec<Order>,
    /// The plan that they belong to, and where they are in it.
    plan: Option<(u64, Vec<usize>)>,
    /// They take others back.
    undoes: bool,
    endings: Vec<Option<Ending>>,
    backs: Vec<Option<Ending>>,
    ended: bool,
    feed: Feed<News>,
}

impl Operation {
    pub(super) fn changes(&self, name: &str, alias: &str) -> bool {
        !self.ended && self.touches(name, alias)
    }

    fn touches(&self, name: &str, alias: &str) -> bool {
        self.orders.iter().any(|order| order.change.name == name && order.change.alias == alias)
    }

    /// What is on the server by our doing, in order.
    fn done(&self) -> Vec<AliasChange> {
        let effective = |at: usize| {
            let back = self.backs[at].as_ref();
            self.endings[at].as_ref().is_some_and(Ending::took_effect)
                && !back.is_some_and(|back| back.took_effect() || *back == Ending::Already)
        };
        let done = self.orders.iter().enumerate().filter(|(at, _)| effective(*at));
        done.map(|(_, order)| order.change.clone()).collect()
    }

    /// The first change that failed, and how.
    fn failure(&self) -> Option<(&AliasChange, &Ending)> {
        let changes = self.orders.iter().map(|order| &order.change);
        changes.zip(&self.endings).find_map(|(change, ending)| {
            let ending = ending.as_ref()?;
            (!ending.took_effect() && *ending != Ending::Already).then_some((change, ending))
        })
    }
}

/// What is to be started.
pub(super) struct Start {
    /// What is to be done, in order.
    pub orders: Vec<Order>,
    /// The plan that it belongs to, and where each change is in it.
    pub plan: Option<(u64, Vec<usize>)>,
    /// It takes other changes back.
    pub undoes: bool,
    /// What happens when one fails.
    pub on_failure: OnFailure,
}

impl Start {
    /// Takes changes back, given in the order in which they were made. Each is tried.
    pub fn undoing(changes: &[AliasChange]) -> Self {
        let orders = changes.iter().rev().map(|change| Order::plain(change.reversed())).collect();
        Self { orders, plan: None, undoes: true, on_failure: OnFailure::GoOn }
    }
}

impl Registry {
    /// `false`: one of the aliases is being changed already.
    pub(super) fn start(&mut self, start: Start, cx: &mut Cx<'_>) -> bool {
        let Start { orders, plan, undoes, on_failure } = start;
        let busy = orders.iter().find(|order| self.is_changing(&order.change.name, &order.change.alias));
        if let Some(Order { change, .. }) = busy {
            cx.notices.info(format!("{} is being changed already", change.alias));
            return false;
        }
        // Whoever watches what was done to these aliases before would take our changes for someone else's.
        self.operations
            .retain(|op| !orders.iter().any(|order| op.touches(&order.change.name, &order.change.alias)));
        let (store, looks, to_do) = (Arc::clone(cx.store), self.looks.0, orders.clone());
        let feed = cx.tasks.spawn_feed_to_its_end(MOST_EVENTS * orders.len() + 1, move |feeder| {
            carry_out_in_order(store, to_do, on_failure, looks, feeder)
        });
        let none = vec![None; orders.len()];
        let (endings, backs) = (none.clone(), none);
        self.operations.push(Operation { orders, plan, undoes, endings, backs, ended: false, feed });
        true
    }

    pub(super) fn poll_operations(&mut self, cx: &mut Cx<'_>) {
        let mut operations = std::mem::take(&mut self.operations);
        operations.retain_mut(|operation| {
            loop {
                match operation.feed.poll() {
                    Polled::Pending => return true,
                    Polled::Ready(News::Of { at, back, event }) => {
                        self.take_event(operation, at, back, *event, cx);
                    }
                    Polled::Ready(News::Finished) => self.finished(operation, cx),
                    Polled::Lost => {
                        if !operation.ended {
                            self.lost(operation, cx);
                        }
                        return false;
                    }
                }
            }
        });
        operations.append(&mut self.operations);
        self.operations = operations;
    }

    fn take_event(
        &mut self,
        operation: &mut Operation,
        at: usize,
        back: bool,
        event: Event,
        cx: &mut Cx<'_>,
    ) {
        if let Some((plan, rows)) = self.plan_of(operation) {
            plan.changes[rows[at]].note(&event, back || operation.undoes);
        }
        match event {
            Event::Stage(_) => {}
            Event::Ended(ending, truth) => {
                self.take_truth(truth.as_ref());
                self.redraw_plan(operation, at, truth.as_ref(), cx);
                let endings = if back { &mut operation.backs } else { &mut operation.endings };
                endings[at] = Some(ending);
            }
            Event::Later(later, truth) => {
                self.take_truth(Some(&truth));
                let change = &operation.orders[at].change;
                let change = if back { change.reversed() } else { change.clone() };
                if later == Later::TookEffect {
                    self.moved.push(change.clone());
                }
                told_later(change, later, cx);
            }
        }
    }

    /// The open plan, if it is the one that this belongs to, and where the changes are in it.
    fn plan_of<'a>(&'a mut self, operation: &'a Operation) -> Option<(&'a mut Plan, &'a [usize])> {
        let (id, rows) = operation.plan.as_ref()?;
        let plan = self.plan.as_mut().filter(|plan| plan.id == *id)?;
        Some((plan, rows))
    }

    /// What is shown from now on is what the server answered.
    fn take_truth(&mut self, truth: Option<&RegisteredModel>) {
        let Some(truth) = truth else { return };
        self.models.update(truth);
        self.prompts.update(truth);
        self.boards_mut().for_each(|board| board.update(truth));
    }

    /// The plan shows where an alias is now, unless it is where the plan put it.
    fn redraw_plan(
        &mut self,
        operation: &Operation,
        at: usize,
        truth: Option<&RegisteredModel>,
        cx: &Cx<'_>,
    ) {
        let Some((id, rows)) = &operation.plan else { return };
        let Some(plan) = self.plan.as_mut().filter(|plan| plan.id == *id) else { return };
        let row = rows[at];
        let settled = plan.changes[row].step.is_done();
        let now = truth.map(|truth| truth.alias(&plan.changes[row].change.alias));
        if let Some(now) = now.filter(|_| !settled) {
            plan.restart(row, now, &self.board, cx);
        }
    }

    /// Nothing more is written: the plan closes, or stays and says what failed.
    fn finished(&mut self, operation: &mut Operation, cx: &mut Cx<'_>) {
        operation.ended = true;
        self.moved.extend(operation.done());
        record(operation, cx);
        let planned = self.plan_of(operation).is_some();
        if planned {
            self.settle_plan(operation);
            self.arrange_plan(cx);
        }
        if !(planned && self.plan.is_some()) {
            tell(operation, cx);
        }
        self.reload_board_of(operation, cx);
    }

    fn settle_plan(&mut self, operation: &Operation) {
        let Some((plan, _)) = self.plan_of(operation) else { return };
        plan.set_busy(false);
        let stays = match operation.failure() {
            // What was written, or may have been, is told outside of the plan, unless other rows tell of it too.
            Some((change, ending)) if plan.changes.len() > 1 || ending.changed_nothing() => {
                plan.message = Some(failure_in_plan(operation, change, ending));
                true
            }
            Some(_) => false,
            None if operation.undoes => {
                plan.message = Some("What was done is taken back".to_owned());
                true
            }
            // Somebody else did it.
            None => operation.done().is_empty(),
        };
        if stays && plan.message.is_none() {
            let change = &plan.shown().change;
            plan.message = Some(Ending::Already.sentence(change));
        }
        if !stays {
            self.plan = None;
        }
    }

    /// Both slots are asked anew after a write: a version may have come or gone as well.
    fn reload_board_of(&mut self, operation: &Operation, cx: &mut Cx<'_>) {
        let changed = |board: &&mut Board| {
            operation.orders.iter().any(|order| board.shows(order.change.kind, &order.change.name))
        };
        self.boards_mut().filter(changed).for_each(|board| board.look_again(cx));
    }

    fn lost(&mut self, operation: &Operation, cx: &mut Cx<'_>) {
        let change = &operation.orders[0].change;
        let text = format!(
            "{} could not be followed to its end. Refresh to see where {} is.",
            change.title(),
            change.alias
        );
        if self.plan_of(operation).is_some() {
            self.plan = None;
        }
        cx.notices.failed(text, String::new(), None);
        self.reload_board_of(operation, cx);
    }
}

/// What a plan of one change or of several says after a failure.
fn failure_in_plan(operation: &Operation, change: &AliasChange, ending: &Ending) -> String {
    let sentence = if operation.undoes { ending.undo_sentence(change) } else { ending.sentence(change) };
    if operation.orders.len() == 1 {
        return sentence;
    }
    let about = format!("{} of {}", change.alias, change.name);
    let taken_back = operation.backs.iter().flatten().count();
    let done = operation.done().len();
    let rest = match (operation.undoes, taken_back, done) {
        (true, ..) => String::new(),
        (_, 0, 0) => " Nothing else was changed.".to_owned(),
        (_, 0, done) => format!(" {} before it stays.", format::counted(done, "change", "changes")),
        (_, back, 0) => format!(" {} before it is taken back.", format::counted(back, "change", "changes")),
        (.., left) => {
            format!(" {} before it could not be taken back.", format::counted(left, "change", "changes"))
        }
    };
    format!("{about}: {sentence}{rest}")
}

/// What is said when it is over, outside of a plan.
fn tell(operation: &Operation, cx: &mut Cx<'_>) {
    if let [order] = operation.orders.as_slice()
        && let Some(ending) = &operation.endings[0]
    {
        tell_of_one(&order.change, ending, operation.undoes, cx);
        return;
    }
    let done = operation.done();
    let undo = (!done.is_empty()).then(|| ("Undo", undo(done.clone(), cx)));
    let counted = format::counted(done.len(), "change", "changes");
    match operation.failure() {
        None => {
            let more = done.len().saturating_sub(TITLES);
            let more = if more > 0 { format!(" · and {more} more") } else { String::new() };
            let restart = if done.iter().any(moves_a_model) { RESTART_NOTE } else { "" };
            cx.notices.success(format!("{counted} made: {}{more}{restart}", titles(&done)), undo);
        }
        Some((change, ending)) => {
            let sentence =
                if operation.undoes { ending.undo_sentence(change) } else { ending.sentence(change) };
            let all = operation.orders.len();
            let text = format!("{counted} of {all} made. {} of {}: {sentence}", change.alias, change.name);
            cx.notices.warning(text, undo);
        }
    }
}

/// Moving an alias changes no running server.
const RESTART_NOTE: &str = ". A running endpoint keeps answering as before until it is restarted";

fn moves_a_model(change: &AliasChange) -> bool {
    change.kind == ModelKind::Model && change.from.is_some() && change.to.is_some()
}

/// More than this are no toast.
const TITLES: usize = 3;

/// `prod: v3 → v7 · candidate: v7 → v9 of Churn`
fn titles(done: &[AliasChange]) -> String {
    let one_model = done.iter().all(|change| change.name == done[0].name);
    let title = |change: &AliasChange| {
        if one_model { change.title() } else { format!("{} of {}", change.title(), change.name) }
    };
    let titles: Vec<_> = done.iter().take(TITLES).map(title).collect();
    let of = if one_model { format!(" of {}", done[0].name) } else { String::new() };
    format!("{}{of}", titles.join(" · "))
}

fn tell_of_one(change: &AliasChange, ending: &Ending, undoes: bool, cx: &mut Cx<'_>) {
    let text = if undoes { ending.undo_sentence(change) } else { ending.sentence(change) };
    let undo = ending.took_effect().then(|| ("Undo", undo(vec![change.clone()], cx)));
    match ending {
        Ending::Done => {
            cx.notices.success(format!("{text}{}", serving_note(change, cx)), undo);
        }
        Ending::NotRead(error)
        | Ending::Refused(error)
        | Ending::WrittenUnread(error)
        | Ending::UnknownUnread(error) => {
            cx.notices.failed(text, error.details(), None);
        }
        _ if ending.changed_nothing() => {
            cx.notices.warning(text, None);
        }
        _ => {
            cx.notices.warning(text, undo);
        }
    }
}

/// The endpoints that are known to serve a model's alias: they answer as before.
fn serving_note(change: &AliasChange, cx: &Cx<'_>) -> String {
    let serving = cx.settings.serving(cx.store.info().settings_key(), &change.name, &change.alias);
    match (change.kind, change.to, serving.as_slice()) {
        (_, _, []) | (ModelKind::Prompt, ..) | (_, None, _) => String::new(),
        (ModelKind::Model, Some(_), names) => format!(" It is served by {}.", names.join(", ")),
    }
}

fn told_later(change: AliasChange, later: Later, cx: &mut Cx<'_>) {
    let Some(text) = later.sentence(&change) else { return };
    let undo = (later == Later::TookEffect).then(|| undo(vec![change], cx));
    let outcome = if undo.is_some() { Outcome::Done } else { Outcome::Overtaken };
    push_entry(&text, outcome, undo.clone(), cx);
    cx.notices.warning(text, undo.map(|undo| ("Undo", undo)));
}

/// What takes these changes back, given in the order in which they were made.
fn undo(changes: Vec<AliasChange>, cx: &Cx<'_>) -> Command {
    RegistryCommand::Undo { server: cx.store.info().uri.clone(), changes }.into()
}

fn record(operation: &Operation, cx: &mut Cx<'_>) {
    for (at, order) in operation.orders.iter().enumerate() {
        for (back, ending) in [(false, &operation.endings[at]), (true, &operation.backs[at])] {
            let Some(ending) = ending else { continue };
            let change = if back { order.change.reversed() } else { order.change.clone() };
            let undoes = back || operation.undoes;
            let text = match ending {
                Ending::Done => change.sentence(),
                _ if undoes => ending.undo_sentence(&change),
                _ => ending.sentence(&change),
            };
            let reason = order.why.reason.as_str();
            let why = if reason.is_empty() || back { String::new() } else { format!(" · {reason}") };
            let undo = ending.took_effect().then(|| undo(vec![change], cx));
            push_entry(&format!("{text}{why}"), outcome_of(ending), undo, cx);
        }
    }
}

/// Adds to what was changed on servers.
pub(super) fn push_entry(text: &str, outcome: Outcome, undo: Option<Command>, cx: &mut Cx<'_>) {
    cx.activity.push(ActivityEntry {
        at: format::now(),
        server: cx.store.info().label.clone(),
        text: text.to_owned(),
        outcome,
        undo,
    });
}

fn outcome_of(ending: &Ending) -> Outcome {
    match ending {
        Ending::Done | Ending::UnknownTookEffect => Outcome::Done,
        Ending::Overtaken { .. } => Outcome::Overtaken,
        Ending::WrittenUnread(_) | Ending::UnknownElsewhere { .. } | Ending::UnknownUnread(_) => {
            Outcome::Unclear
        }
        _ => Outcome::Refused,
    }
}
