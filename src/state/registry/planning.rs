//! How a plan comes about: proposed by a drop, filled with more changes, confirmed, taken back.

use super::ending::Ending;
use super::operations::Start;
use super::plan::{Answers, MOST_CHANGES, Plan};
use super::planned::Step;
use super::promotion::{AliasChange, Made, Order};
use super::sequence::OnFailure;
use super::{PlanEdit, Registry};
use crate::entities::{RegisteredModel, VersionNumber};
use crate::state::evidence::EvidenceItem;
use crate::state::policy::{Level, Terms, me};
use crate::state::{Cx, ModelKind};

impl Registry {
    /// Opens a plan; where the policy calls the alias free it is moved at once, unless it comes with evidence, which
    /// is to be looked at.
    pub(super) fn propose(
        &mut self,
        (kind, name, alias): (ModelKind, String, String),
        to: Option<VersionNumber>,
        evidence: Vec<EvidenceItem>,
        cx: &mut Cx<'_>,
    ) {
        if self.plan.as_ref().is_some_and(Plan::is_busy) {
            return;
        }
        let from = self.known(kind, &name).and_then(|model| model.alias(&alias));
        let change = AliasChange { kind, name, alias, from, to };
        if change.from == change.to {
            cx.notices.info(Ending::Already.sentence(&change));
            return;
        }
        if self.is_changing(&change.name, &change.alias) {
            cx.notices.info(format!("{} is being changed already", change.alias));
            return;
        }
        let terms = cx.policy.terms(&cx.store.info(), &change.name, &change.alias);
        if evidence.is_empty() && self.is_free(&change, &terms, cx) {
            self.move_freely(change, &terms, cx);
            return;
        }
        self.plans += 1;
        self.plan = Some(Plan::new(self.plans, change, evidence, &self.board, cx));
        self.arrange_plan(cx);
    }

    /// Whether it is written without a plan. A deletion never is, nor what has a rule to be looked at.
    fn is_free(&self, change: &AliasChange, terms: &Terms, cx: &Cx<'_>) -> bool {
        terms.level == Level::Free
            && terms.requires.is_empty()
            && change.to.is_some()
            && !cx.policy.is_unread()
            && self.known(change.kind, &change.name).is_some()
    }

    fn move_freely(&mut self, change: AliasChange, terms: &Terms, cx: &mut Cx<'_>) {
        let mut orders = Vec::new();
        if let (Some(alias), Some(from)) = (&terms.keep_previous, change.from)
            && *alias != change.alias
        {
            let now = self.known(change.kind, &change.name).and_then(|model| model.alias(alias));
            if now != Some(from) {
                let kept = AliasChange { alias: alias.clone(), from: now, to: Some(from), ..change.clone() };
                orders.push(Order::plain(kept));
            }
        }
        orders.push(Order::plain(change));
        self.start(Start::of(orders), cx);
    }

    /// Changes what is planned.
    pub(super) fn edit_plan(&mut self, edit: PlanEdit, cx: &mut Cx<'_>) {
        let Some(plan) = self.plan.as_mut() else { return };
        match edit {
            PlanEdit::Show(at) => plan.show(at, &self.board, cx),
            _ if !plan.is_open() => {}
            PlanEdit::Add { kind, name, alias, to } => self.add_to_plan(kind, name, alias, to, cx),
            PlanEdit::Remove(at) => plan.remove(at, &self.board, cx),
            PlanEdit::KeepPrevious(keep) => plan.set_keep(keep),
        }
        self.arrange_plan(cx);
    }

    fn add_to_plan(
        &mut self,
        kind: ModelKind,
        name: String,
        alias: String,
        to: Option<VersionNumber>,
        cx: &mut Cx<'_>,
    ) {
        let from = self.known(kind, &name).and_then(|model| model.alias(&alias));
        let change = AliasChange { kind, name, alias, from, to };
        let Some(plan) = self.plan.as_mut() else { return };
        if change.from == change.to {
            cx.notices.info(Ending::Already.sentence(&change));
            return;
        }
        // What only kept a place there would be in the way.
        if let Some(at) = plan.position(kind, &change.name, &change.alias)
            && plan.changes[at].keeps
        {
            plan.changes.remove(at);
        }
        if !plan.add(change, &self.board, cx) {
            cx.notices.info(format!("A plan holds {MOST_CHANGES} changes at most"));
        }
    }

    /// Takes what arrived for the plan.
    pub(super) fn poll_plan(&mut self, cx: &Cx<'_>) {
        if self.plan.as_mut().is_some_and(|plan| plan.poll(&self.board, cx)) {
            self.arrange_plan(cx);
        }
    }

    pub(super) fn arrange_plan(&mut self, cx: &Cx<'_>) {
        let Some(mut plan) = self.plan.take() else { return };
        plan.arrange_keeping(&|kind, name| self.known(kind, name).cloned(), &self.board, cx);
        self.plan = Some(plan);
    }

    /// What is known of a model: by its board, if that is open, else by the list.
    fn known(&self, kind: ModelKind, name: &str) -> Option<&RegisteredModel> {
        match self.board_of(kind, name) {
            Some(board) => board.model.value(),
            None => self.list(kind).get(name),
        }
    }

    pub(super) fn confirm(&mut self, answers: &Answers, cx: &mut Cx<'_>) {
        let Some(plan) = self.plan.as_mut() else { return };
        plan.judge(cx);
        // A second Enter finds the plan busy, or gone.
        if plan.blocker(answers).is_some() {
            return;
        }
        let me = me(cx.environment, cx.settings, &cx.store.info());
        let (rows, orders): (Vec<_>, Vec<_>) = plan.orders(answers, &me).into_iter().unzip();
        // One move and the place that is kept for it are one thing.
        let whole = answers.all_or_nothing || plan.principal().count() == 1;
        let on_failure = if whole { OnFailure::TakeBack } else { OnFailure::Stop };
        let plan = Some((plan.id, rows));
        let journalled = !answers.without_journal;
        self.start_plan(Start { orders, plan, undoes: false, on_failure, journalled }, cx);
    }

    /// Takes back what a plan did before it failed.
    pub(super) fn undo_done(&mut self, journalled: bool, cx: &mut Cx<'_>) {
        let Some(plan) = self.plan.as_ref().filter(|plan| !plan.is_busy()) else { return };
        let rows = plan.done();
        let made = |&at: &usize| {
            let planned = &plan.changes[at];
            Order::undoing(&Made { change: planned.change.clone(), id: planned.id.clone() })
        };
        let orders: Vec<_> = rows.iter().map(made).collect();
        if !orders.is_empty() {
            let (plan, on_failure) = (Some((plan.id, rows)), OnFailure::GoOn);
            self.start_plan(Start { orders, plan, undoes: true, on_failure, journalled }, cx);
        }
    }

    fn start_plan(&mut self, start: Start, cx: &mut Cx<'_>) {
        let rows = start.plan.as_ref().map(|(_, rows)| rows.clone()).unwrap_or_default();
        let undoes = start.undoes;
        if !self.start(start, cx) {
            return;
        }
        let Some(plan) = self.plan.as_mut() else { return };
        plan.set_busy(true);
        plan.message = None;
        plan.lacks_journal = false;
        if !undoes {
            for at in rows {
                plan.changes[at].step = Step::Waiting;
            }
        }
    }
}
