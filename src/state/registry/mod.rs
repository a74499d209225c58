//! Models, versions and aliases.

pub mod ages;
pub mod between;
pub mod board;
pub mod compare;
pub mod comparison;
pub mod departures;
#[cfg(test)]
mod fake_store;
pub mod finding;
pub mod links;
pub mod matrix;
pub mod models;
pub mod placed;
pub mod plan;
pub mod promotion;
#[cfg(test)]
mod promotion_tests;
mod proposal;
pub mod version;
pub mod words;

use std::sync::Arc;
use std::time::{Duration, Instant};

use ages::Ages;
use board::Board;
use models::Models;
use plan::Plan;
use promotion::{AliasChange, Ending, Event, LOOKS, Later, MOST_EVENTS, Stage, carry_out};
use proposal::Proposal;
use version::{VersionEdit, VersionPage};

use super::activity::{ActivityEntry, Outcome};
use super::finder::Found;
use super::navigation::{ModelKind, Route};
use super::tasks::{Feed, Polled};
use super::{Command, Cx, format};
use crate::entities::{RegisteredModel, VersionNumber};

/// What a view may ask for.
#[derive(Clone, Debug)]
pub enum RegistryCommand {
    /// Proposes to point an alias at a version, or to delete it. Nothing is written.
    Plan {
        /// Model or prompt.
        kind: ModelKind,
        /// The registered model.
        name: String,
        /// The alias.
        alias: String,
        /// Where it shall stand; `None` deletes it.
        to: Option<VersionNumber>,
    },
    /// Carries the plan out.
    Confirm,
    /// Closes the plan. What is on its way goes on.
    ClosePlan,
    /// Carries a change out without a plan: it takes another one back.
    Undo {
        /// URI of the server it was changed on: the same name may stand on another one too.
        server: String,
        /// The way back.
        change: AliasChange,
    },
    /// Changes a version's description or tags.
    Edit(VersionEdit),
    /// Forgets why the last edit failed.
    DismissEditError,
    /// Asks when versions were registered.
    AskAges(Vec<ages::Named>),
    /// An alias was dropped on another model, where it has no business.
    DroppedOnOther {
        /// The alias.
        alias: String,
        /// The model it belongs to.
        model: String,
    },
}

/// A change of an alias that is being carried out, or watched afterwards.
#[derive(Debug)]
struct Operation {
    change: AliasChange,
    /// It takes another one back, without a plan.
    undoes: bool,
    ended: bool,
    feed: Feed<Event>,
}

/// Models, versions and aliases.
#[derive(Default)]
pub struct Registry {
    /// The registered models.
    pub models: Models,
    /// The prompts.
    pub prompts: Models,
    /// The versions of the model that is open; with several side by side, of the first.
    pub board: Board,
    /// The boards beside it.
    pub beside: Vec<Board>,
    /// When versions were registered, as far as the matrix asked.
    pub ages: Ages,
    /// The version that is open.
    pub version: VersionPage,
    plan: Option<Plan>,
    proposal: Option<Proposal>,
    /// What a plan for a model without a board is made of.
    aside: Board,
    operations: Vec<Operation>,
    looks: Looks,
}

/// When it is looked again; tests look sooner.
#[derive(Clone, Copy, Debug)]
struct Looks([Duration; 2]);

impl Default for Looks {
    fn default() -> Self {
        Self(LOOKS)
    }
}

impl Registry {
    /// Takes what arrived.
    pub fn poll(&mut self, deadline: Instant, cx: &mut Cx<'_>) {
        self.models.poll(deadline);
        self.prompts.poll(deadline);
        self.ages.poll();
        for board in std::iter::once(&mut self.board).chain(&mut self.beside) {
            if board.poll(deadline, cx)
                && let Some(truth) = board.model.value()
            {
                self.models.update(truth);
                self.prompts.update(truth);
            }
        }
        if let Some((change, board)) = self.proposal.as_mut().and_then(Proposal::poll) {
            self.proposal = None;
            self.plan = Some(Plan::new(change, &board, cx));
            self.aside = board;
        }
        if let Some(plan) = &mut self.plan {
            plan.poll();
        }
        if let Some(truth) = self.version.poll(cx) {
            self.boards_mut().for_each(|board| board.update_version(&truth));
        }
        self.poll_operations(cx);
    }

    /// Loads what a route shows, unless it is there. Aliases are asked anew each time: others move them too.
    pub fn enter(&mut self, route: &Route, cx: &mut Cx<'_>) {
        match route {
            Route::Models(kind) | Route::Matrix(kind) => self.list_mut(*kind).load_if_empty(*kind, cx),
            Route::Model { kind, name } => {
                self.list_mut(*kind).load_if_empty(*kind, cx);
                self.open_boards(*kind, std::slice::from_ref(name), cx);
            }
            Route::Beside { kind, names } => {
                self.list_mut(*kind).load_if_empty(*kind, cx);
                self.open_boards(*kind, names, cx);
            }
            Route::Version { kind, name, version } => {
                self.list_mut(*kind).load_if_empty(*kind, cx);
                self.open_boards(*kind, std::slice::from_ref(name), cx);
                self.version.open(*kind, name, *version, self.board.version(*version), cx);
            }
            // The palette finds models by name wherever we are.
            _ => self.models.load_if_empty(ModelKind::Model, cx),
        }
    }

    /// Asks anew.
    pub fn refresh(&mut self, route: &Route, cx: &mut Cx<'_>) {
        match route {
            Route::Models(kind) | Route::Matrix(kind) => self.list_mut(*kind).load(*kind, cx),
            Route::Model { kind, .. } | Route::Beside { kind, .. } => {
                self.list_mut(*kind).load(*kind, cx);
                self.boards_mut().for_each(|board| board.reload(cx));
            }
            Route::Version { .. } => {
                self.board.reload(cx);
                self.version.reload(cx);
            }
            _ => {}
        }
    }

    /// Carries a command out.
    pub fn apply(&mut self, command: RegistryCommand, cx: &mut Cx<'_>) {
        match command {
            RegistryCommand::Plan { kind, name, alias, to } => self.propose(kind, name, alias, to, cx),
            RegistryCommand::Confirm => self.confirm(cx),
            RegistryCommand::ClosePlan => {
                self.plan = None;
                self.proposal = None;
            }
            RegistryCommand::Undo { server, change } if server == cx.store.info().uri => {
                self.start(change, true, cx);
            }
            RegistryCommand::Undo { server, change } => {
                let alias = change.alias;
                let text = format!("{alias} was changed on {server}. Open that server to take it back");
                cx.notices.warning(text, None);
            }
            RegistryCommand::Edit(edit) => self.version.edit(edit, cx),
            RegistryCommand::DismissEditError => self.version.dismiss_error(),
            RegistryCommand::AskAges(versions) => self.ages.ask(versions, cx.tasks, cx.store),
            RegistryCommand::DroppedOnOther { alias, model } => {
                cx.notices.info(format!(
                    "{alias} is an alias of {model}: it can stand on that model's versions only. Nothing changed"
                ));
            }
        }
    }

    /// The models or the prompts.
    pub fn list(&self, kind: ModelKind) -> &Models {
        match kind {
            ModelKind::Model => &self.models,
            ModelKind::Prompt => &self.prompts,
        }
    }

    fn list_mut(&mut self, kind: ModelKind) -> &mut Models {
        match kind {
            ModelKind::Model => &mut self.models,
            ModelKind::Prompt => &mut self.prompts,
        }
    }

    /// The board of a model, if it is one of those that are open.
    pub fn board_of(&self, kind: ModelKind, name: &str) -> Option<&Board> {
        std::iter::once(&self.board).chain(&self.beside).find(|board| board.shows(kind, name))
    }

    fn boards_mut(&mut self) -> impl Iterator<Item = &mut Board> {
        std::iter::once(&mut self.board).chain(&mut self.beside)
    }

    /// Opens boards in this order; those that are open already keep what they have.
    fn open_boards(&mut self, kind: ModelKind, names: &[String], cx: &Cx<'_>) {
        let mut old: Vec<Board> =
            std::iter::once(std::mem::take(&mut self.board)).chain(self.beside.drain(..)).collect();
        let mut boards = names.iter().map(|name| {
            let kept = old.iter().position(|board| board.shows(kind, name));
            let mut board = kept.map(|at| old.swap_remove(at)).unwrap_or_default();
            board.open(kind, name, cx);
            board
        });
        self.board = boards.next().unwrap_or_default();
        self.beside = boards.collect();
        for board in &mut old {
            board.versions.clear();
        }
    }

    /// What a plan compares with: the model's open board, or what was asked for when it was proposed.
    fn known_of<'a>(
        board: &'a Board,
        beside: &'a [Board],
        aside: &'a Board,
        change: &AliasChange,
    ) -> &'a Board {
        let shown = |board: &&Board| board.shows(change.kind, &change.name);
        std::iter::once(board).chain(beside).find(shown).unwrap_or(aside)
    }

    /// What is proposed now.
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// What is being done with an alias right now.
    pub fn is_changing(&self, name: &str, alias: &str) -> bool {
        self.operations.iter().any(|op| !op.ended && op.change.name == name && op.change.alias == alias)
    }

    /// What the palette can find here.
    pub fn findable(&self) -> Vec<Found> {
        let mut found = Vec::new();
        for (kind, models) in [(ModelKind::Model, &self.models), (ModelKind::Prompt, &self.prompts)] {
            for model in models.items() {
                found.push(found_model(kind, model));
                found.extend(model.aliases.iter().map(|alias| Found {
                    kind: "alias",
                    name: format!("{}@{}", model.name, alias.alias),
                    detail: format!("→ v{}", alias.version),
                    command: version_route(kind, &model.name, alias.version),
                }));
            }
        }
        if let (Some(name), Some(kind)) = (self.board.name(), self.board.kind()) {
            found.extend(self.board.versions.items().iter().map(|version| Found {
                kind: "version",
                name: format!("{name} v{}", version.version),
                detail: words::plain_line(&version.description),
                command: version_route(kind, name, version.version),
            }));
        }
        found
    }

    fn propose(
        &mut self,
        kind: ModelKind,
        name: String,
        alias: String,
        to: Option<VersionNumber>,
        cx: &mut Cx<'_>,
    ) {
        if self.plan.as_ref().is_some_and(Plan::is_busy) {
            return;
        }
        let board = self.board_of(kind, &name);
        let known = board.map_or_else(|| self.list(kind).get(&name), |board| board.model.value());
        let from = known.and_then(|model| model.alias(&alias));
        let change = AliasChange { kind, name, alias, from, to };
        if change.from == change.to {
            cx.notices.info(Ending::Already.sentence(&change));
        } else if self.is_changing(&change.name, &change.alias) {
            cx.notices.info(format!("{} is being changed already", change.alias));
        } else {
            match (board, known) {
                (None, Some(model)) => self.proposal = Some(Proposal::new(change, model.clone(), cx)),
                (board, _) => {
                    self.plan = Some(Plan::new(change, board.unwrap_or(&Board::default()), cx));
                    self.proposal = None;
                }
            }
        }
    }

    fn confirm(&mut self, cx: &mut Cx<'_>) {
        // A second Enter finds the plan busy, or gone.
        let Some(plan) = self.plan.as_mut().filter(|plan| !plan.is_busy()) else { return };
        plan.stage = Some(Stage::Verifying);
        plan.message = None;
        let change = plan.change.clone();
        if !self.start(change, false, cx)
            && let Some(plan) = &mut self.plan
        {
            plan.stage = None;
        }
    }

    /// `false`: this alias is being changed already.
    fn start(&mut self, change: AliasChange, undoes: bool, cx: &mut Cx<'_>) -> bool {
        if self.is_changing(&change.name, &change.alias) {
            cx.notices.info(format!("{} is being changed already", change.alias));
            return false;
        }
        // Whoever watches what was done to this alias before would take our change for someone else's.
        self.operations.retain(|op| op.change.name != change.name || op.change.alias != change.alias);
        let (store, looks, to_do) = (Arc::clone(cx.store), self.looks.0, change.clone());
        let feed =
            cx.tasks.spawn_feed_to_its_end(MOST_EVENTS, move |feeder| carry_out(store, to_do, looks, feeder));
        self.operations.push(Operation { change, undoes, ended: false, feed });
        true
    }

    fn poll_operations(&mut self, cx: &mut Cx<'_>) {
        let mut operations = std::mem::take(&mut self.operations);
        operations.retain_mut(|operation| {
            loop {
                match operation.feed.poll() {
                    Polled::Pending => return true,
                    Polled::Ready(event) => self.take_event(operation, event, cx),
                    Polled::Lost => {
                        if !operation.ended {
                            self.lost(&operation.change, cx);
                        }
                        return false;
                    }
                }
            }
        });
        operations.append(&mut self.operations);
        self.operations = operations;
    }

    fn take_event(&mut self, operation: &mut Operation, event: Event, cx: &mut Cx<'_>) {
        match event {
            Event::Stage(stage) => {
                if let Some(plan) = self.plan_of(&operation.change) {
                    plan.stage = Some(stage);
                }
            }
            Event::Ended(ending, truth) => {
                operation.ended = true;
                self.take_truth(truth.as_ref());
                self.ended(operation, &ending, truth.as_ref(), cx);
            }
            Event::Later(later, truth) => {
                self.take_truth(Some(&truth));
                if let Some(text) = later.sentence(&operation.change) {
                    let undo = (later == Later::TookEffect).then(|| undo(&operation.change, cx));
                    let outcome = if undo.is_some() { Outcome::Done } else { Outcome::Overtaken };
                    record(&text, outcome, undo.clone(), cx);
                    cx.notices.warning(text, undo.map(|undo| ("Undo", undo)));
                }
            }
        }
    }

    /// The open plan, if it is the one that this change carries out.
    fn plan_of(&mut self, change: &AliasChange) -> Option<&mut Plan> {
        self.plan.as_mut().filter(|plan| plan.is_busy() && plan.change == *change)
    }

    /// What is shown from now on is what the server answered.
    fn take_truth(&mut self, truth: Option<&RegisteredModel>) {
        let Some(truth) = truth else { return };
        self.models.update(truth);
        self.prompts.update(truth);
        self.boards_mut().for_each(|board| board.update(truth));
    }

    fn ended(
        &mut self,
        operation: &Operation,
        ending: &Ending,
        truth: Option<&RegisteredModel>,
        cx: &mut Cx<'_>,
    ) {
        let Operation { change, undoes, .. } = operation;
        let was_planned = self.plan_of(change).is_some();
        let text = if *undoes { ending.undo_sentence(change) } else { ending.sentence(change) };
        let outcome = outcome_of(ending);
        let undo = ending.took_effect().then(|| undo(change, cx));
        let recorded = if *ending == Ending::Done { change.sentence() } else { text.clone() };
        record(&recorded, outcome, undo.clone(), cx);
        let undo = undo.map(|undo| ("Undo", undo));
        match ending {
            Ending::Done => {
                cx.notices.success(text, undo);
            }
            _ if was_planned && ending.changed_nothing() => {
                self.redraw_plan(ending, truth, cx);
                self.reload_board_of(change, cx);
                return;
            }
            _ if ending.changed_nothing() && !matches!(ending, Ending::NotRead(_) | Ending::Refused(_)) => {
                cx.notices.warning(text, None);
            }
            Ending::NotRead(error)
            | Ending::Refused(error)
            | Ending::WrittenUnread(error)
            | Ending::UnknownUnread(error) => {
                cx.notices.failed(text, error.details(), None);
            }
            _ => {
                cx.notices.warning(text, undo);
            }
        }
        if was_planned {
            self.plan = None;
        }
        self.reload_board_of(change, cx);
    }

    /// The plan stays open, with the new truth and what happened.
    fn redraw_plan(&mut self, ending: &Ending, truth: Option<&RegisteredModel>, cx: &mut Cx<'_>) {
        let Some(plan) = &mut self.plan else { return };
        plan.refused(ending);
        let now = truth.map(|truth| truth.alias(&plan.change.alias));
        if let Some(now) = now.filter(|now| *now != plan.change.from) {
            let board = Self::known_of(&self.board, &self.beside, &self.aside, &plan.change);
            plan.restart(now, board, cx);
        }
    }

    /// Both slots are asked anew after a write: a version may have come or gone as well.
    fn reload_board_of(&mut self, change: &AliasChange, cx: &mut Cx<'_>) {
        for board in self.boards_mut().filter(|board| board.shows(change.kind, &change.name)) {
            board.look_again(cx);
        }
    }

    fn lost(&mut self, change: &AliasChange, cx: &mut Cx<'_>) {
        let text = format!(
            "{} could not be followed to its end. Refresh to see where {} is.",
            change.title(),
            change.alias
        );
        if self.plan_of(change).is_some() {
            self.plan = None;
        }
        cx.notices.failed(text, String::new(), None);
        self.reload_board_of(change, cx);
    }
}

fn undo(change: &AliasChange, cx: &Cx<'_>) -> Command {
    RegistryCommand::Undo { server: cx.store.info().uri.clone(), change: change.reversed() }.into()
}

fn record(text: &str, outcome: Outcome, undo: Option<Command>, cx: &mut Cx<'_>) {
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

fn found_model(kind: ModelKind, model: &RegisteredModel) -> Found {
    Found {
        kind: match kind {
            ModelKind::Model => "model",
            ModelKind::Prompt => "prompt",
        },
        name: model.name.clone(),
        detail: model.latest_version.map(|version| format!("v{version}")).unwrap_or_default(),
        command: Command::Go(Route::Model { kind, name: model.name.clone() }),
    }
}

fn version_route(kind: ModelKind, name: &str, version: VersionNumber) -> Command {
    Command::Go(Route::Version { kind, name: name.to_owned(), version })
}
