//! Changes of aliases that are under way: they are started here, followed to their end, and told about.

use std::sync::Arc;

use super::board::Board;
use super::ending::{Ending, Later};
use super::plan::Plan;
use super::promotion::{AliasChange, Event, MOST_EVENTS, Made, Order};
use super::sequence::{News, OnFailure, carry_out_in_order};
use super::{Registry, RegistryCommand};
use crate::entities::RegisteredModel;
use crate::state::journal::MoveLog;
use crate::state::journal::entry::{EntryId, Move};
use crate::state::tasks::{Feed, Polled};
use crate::state::{Command, Cx, ModelKind, format};

/// Changes that are being carried out in order, or watched afterwards.
#[derive(Debug)]
pub(super) struct Operation {
    orders: Vec<Order>,
    /// The journal's side of each.
    logs: Vec<MoveLog>,
    /// The plan that they belong to, and where they are in it.
    plan: Option<(u64, Vec<usize>)>,
    /// They take others back.
    undoes: bool,
    on_failure: OnFailure,
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

    /// Whether a change is on the server by our doing.
    fn is_done(&self, at: usize) -> bool {
        let back = self.backs[at].as_ref();
        self.endings[at].as_ref().is_some_and(Ending::took_effect)
            && !back.is_some_and(|back| back.took_effect() || *back == Ending::Already)
    }

    /// What is on the server by our doing, in order.
    fn done(&self) -> Vec<Made> {
        (0..self.orders.len()).filter(|&at| self.is_done(at)).map(|at| self.made(at, false)).collect()
    }

    /// A change as it was made, or (`back`) as it was taken back.
    fn made(&self, at: usize, back: bool) -> Made {
        let (change, log) = (&self.orders[at].change, &self.logs[at]);
        if back {
            Made { change: change.reversed(), id: Some(log.back().id().to_owned()) }
        } else {
            Made { change: change.clone(), id: Some(log.id().to_owned()) }
        }
    }

    /// Whether something was not sent because the journal could not be written.
    fn lacks_journal(&self) -> bool {
        let endings = self.endings.iter().chain(&self.backs).flatten();
        endings.into_iter().any(|ending| matches!(ending, Ending::NotJournalled(_)))
    }

    /// What is not done yet, once more, whether the journal can be written or not.
    fn without_journal(&self) -> Start {
        let left = (0..self.orders.len())
            .filter(|&at| !self.is_done(at) && self.endings[at] != Some(Ending::Already))
            .map(|at| self.orders[at].clone());
        let (undoes, on_failure) = (self.undoes, self.on_failure);
        Start { undoes, on_failure, journalled: false, ..Start::of(left.collect()) }
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
#[derive(Clone, Debug)]
pub struct Start {
    /// What is to be done, in order.
    pub orders: Vec<Order>,
    /// The plan that it belongs to, and where each change is in it.
    pub plan: Option<(u64, Vec<usize>)>,
    /// It takes other changes back.
    pub undoes: bool,
    /// What happens when one fails.
    pub on_failure: OnFailure,
    /// Nothing is sent unless the journal has it on the disk.
    pub journalled: bool,
}

impl Start {
    /// Changes without a plan: all of them, or none.
    pub fn of(orders: Vec<Order>) -> Self {
        Self { orders, plan: None, undoes: false, on_failure: OnFailure::TakeBack, journalled: true }
    }

    /// Takes changes back, given in the order in which they were made. Each is tried.
    pub fn undoing(changes: &[Made]) -> Self {
        let orders = changes.iter().rev().map(Order::undoing).collect();
        Self { undoes: true, on_failure: OnFailure::GoOn, ..Self::of(orders) }
    }
}

impl Registry {
    /// `false`: one of the aliases is being changed already.
    pub(super) fn start(&mut self, start: Start, cx: &mut Cx<'_>) -> bool {
        let Start { orders, plan, undoes, on_failure, journalled } = start;
        let busy = orders.iter().find(|order| self.is_changing(&order.change.name, &order.change.alias));
        if let Some(Order { change, .. }) = busy {
            cx.notices.info(format!("{} is being changed already", change.alias));
            return false;
        }
        // Whoever watches what was done to these aliases before would take our changes for someone else's.
        self.operations
            .retain(|op| !orders.iter().any(|order| op.touches(&order.change.name, &order.change.alias)));
        let info = cx.store.info();
        let log_of = |order: &Order| {
            let noted = order.change.noted(order.why.clone(), order.undoes.clone());
            cx.journal.log(&info, noted, journalled).telling(cx.settings.journal.tell_colleagues)
        };
        let logs: Vec<MoveLog> = orders.iter().map(log_of).collect();
        let to_do = orders.iter().cloned().zip(logs.iter().cloned()).collect();
        let (store, looks) = (Arc::clone(cx.store), self.looks.0);
        let feed = cx.tasks.spawn_feed_to_its_end(MOST_EVENTS * orders.len() + 1, move |feeder| {
            carry_out_in_order(store, to_do, on_failure, looks, feeder)
        });
        let none = vec![None; orders.len()];
        let (endings, backs) = (none.clone(), none);
        self.operations.push(Operation {
            orders,
            logs,
            plan,
            undoes,
            on_failure,
            endings,
            backs,
            ended: false,
            feed,
        });
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
            let planned = &mut plan.changes[rows[at]];
            planned.note(&event, back || operation.undoes);
            if !operation.undoes {
                planned.id = Some(operation.logs[at].id().to_owned());
            }
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
                let made = operation.made(at, back);
                if later == Later::TookEffect {
                    self.moved.push(made.change.clone());
                }
                told_later(made, later, cx);
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
        self.moved.extend(operation.done().into_iter().map(|made| made.change));
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
        plan.lacks_journal = operation.lacks_journal();
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
        tell_of_one(operation, &order.change, ending, cx);
        return;
    }
    let done = operation.done();
    let undo = (!done.is_empty()).then(|| ("Undo", undo(done.clone(), cx)));
    let counted = format::counted(done.len(), "change", "changes");
    match operation.failure() {
        None => {
            let more = done.len().saturating_sub(TITLES);
            let more = if more > 0 { format!(" · and {more} more") } else { String::new() };
            let restart = if done.iter().any(|made| moves_a_model(&made.change)) { RESTART_NOTE } else { "" };
            cx.notices.success(format!("{counted} made: {}{more}{restart}", titles(&done)), undo);
        }
        Some((change, ending)) => {
            let sentence =
                if operation.undoes { ending.undo_sentence(change) } else { ending.sentence(change) };
            let all = operation.orders.len();
            let text = format!("{counted} of {all} made. {} of {}: {sentence}", change.alias, change.name);
            let action = if operation.lacks_journal() { Some(go_on(operation, cx)) } else { undo };
            cx.notices.warning(text, action);
        }
    }
}

/// The button for who cannot, or does not want to, mend the journal first.
fn go_on(operation: &Operation, cx: &Cx<'_>) -> (&'static str, Command) {
    let server = cx.store.info().uri.clone();
    let start = operation.without_journal();
    ("Go on without journal", RegistryCommand::GoOn { server, start }.into())
}

/// Moving an alias changes no running server.
const RESTART_NOTE: &str = ". A running endpoint keeps answering as before until it is restarted";

fn moves_a_model(change: &AliasChange) -> bool {
    change.kind == ModelKind::Model && change.from.is_some() && change.to.is_some()
}

/// More than this are no toast.
const TITLES: usize = 3;

/// `prod: v3 → v7 · candidate: v7 → v9 of Churn`
fn titles(done: &[Made]) -> String {
    let one_model = done.iter().all(|made| made.change.name == done[0].change.name);
    let title = |Made { change, .. }: &Made| {
        if one_model { change.title() } else { format!("{} of {}", change.title(), change.name) }
    };
    let titles: Vec<_> = done.iter().take(TITLES).map(title).collect();
    let of = if one_model { format!(" of {}", done[0].change.name) } else { String::new() };
    format!("{}{of}", titles.join(" · "))
}

fn tell_of_one(operation: &Operation, change: &AliasChange, ending: &Ending, cx: &mut Cx<'_>) {
    let text = if operation.undoes { ending.undo_sentence(change) } else { ending.sentence(change) };
    let undo = ending.took_effect().then(|| ("Undo", undo(vec![operation.made(0, false)], cx)));
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
        Ending::NotJournalled(_) => {
            cx.notices.warning(text, Some(go_on(operation, cx)));
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

fn told_later(made: Made, later: Later, cx: &mut Cx<'_>) {
    let Some(text) = later.sentence(&made.change) else { return };
    let undo = (later == Later::TookEffect).then(|| undo(vec![made], cx));
    cx.notices.warning(text, undo.map(|undo| ("Undo", undo)));
}

/// What takes these changes back, given in the order in which they were made.
fn undo(changes: Vec<Made>, cx: &Cx<'_>) -> Command {
    RegistryCommand::Undo { server: cx.store.info().uri.clone(), changes }.into()
}

/// What takes a move of the journal back.
pub fn undo_command(change: &Move, id: EntryId) -> Command {
    let made = Made { change: AliasChange::of(change), id: Some(id) };
    RegistryCommand::Undo { server: change.server.clone(), changes: vec![made] }.into()
}
