//! Models, versions and aliases.

pub mod ages;
pub mod between;
pub mod board;
pub mod ending;
#[cfg(test)]
mod evidence_tests;
#[cfg(test)]
mod fake_store;
pub mod finding;
pub mod left_behind;
pub mod life;
pub mod links;
pub mod matrix;
pub mod models;
mod operations;
pub mod placed;
pub mod plan;
pub mod planned;
mod planning;
pub mod promotion;
#[cfg(test)]
mod promotion_tests;
pub mod sequence;
#[cfg(test)]
mod sequence_tests;
pub mod version;
pub mod words;

use std::time::{Duration, Instant};

use ages::Ages;
use board::Board;
pub use life::rename_command;
use life::{Life, LifeCommand};
use models::Models;
use operations::Operation;
pub use operations::{Start, undo_command};
use plan::{Answers, Plan};
use promotion::{AliasChange, LOOKS, Made};
use version::{VersionEdit, VersionPage};

use super::evidence::EvidenceItem;
use super::finder::Found;
use super::navigation::{ModelKind, Route, Section};
use super::{Command, Cx};
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
    /// Proposes to point an alias at a version that something speaks for. Always opens a plan, which shows it; the
    /// journal has it once the alias was moved.
    PlanWith {
        /// Model or prompt.
        kind: ModelKind,
        /// The registered model.
        name: String,
        /// The alias.
        alias: String,
        /// Where it shall stand.
        to: VersionNumber,
        /// What speaks for the version.
        evidence: Vec<EvidenceItem>,
    },
    /// Changes what is planned.
    EditPlan(PlanEdit),
    /// Carries the plan out, if what was filled in suffices.
    Confirm(Answers),
    /// Takes back what the plan did before it failed.
    UndoDone {
        /// Only if the journal can be written.
        journalled: bool,
    },
    /// Closes the plan. What is on its way goes on.
    ClosePlan,
    /// Takes changes back without a plan, the last one first. Each expects to find the alias where it was put.
    Undo {
        /// URI of the server they were made on: the same name may stand on another one too.
        server: String,
        /// What was done, in order.
        changes: Vec<Made>,
    },
    /// Goes on with what was not sent because the journal could not be written.
    GoOn {
        /// URI of the server.
        server: String,
        /// What is left to do.
        start: Start,
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
    /// About creating, describing, renaming, deleting and registering.
    Life(LifeCommand),
}

/// What is changed of a plan.
#[derive(Clone, Debug)]
pub enum PlanEdit {
    /// Another change, or another aim of one that is planned.
    Add {
        /// Model or prompt.
        kind: ModelKind,
        /// The registered model.
        name: String,
        /// The alias.
        alias: String,
        /// Where it shall stand; `None` deletes it.
        to: Option<VersionNumber>,
    },
    /// The change at this place is left out.
    Remove(usize),
    /// The change at this place is looked at.
    Show(usize),
    /// The places that aliases leave are kept, or not.
    KeepPrevious(bool),
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
    /// What else is done with models and versions.
    pub life: Life,
    plan: Option<Plan>,
    plans: u64,
    operations: Vec<Operation>,
    moved: Vec<AliasChange>,
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
                cx.journal.observe(&cx.store.info(), truth);
            }
        }
        self.poll_plan(cx);
        let saving = self.version.saving().cloned();
        if let Some(truth) = self.version.poll(cx) {
            self.boards_mut().for_each(|board| board.update_version(&truth));
        }
        if let (Some(edit), None, Some(plan)) = (saving, self.version.saving(), &mut self.plan) {
            plan.read_again(&edit.name, edit.version, cx);
        }
        self.poll_operations(cx);
        self.poll_life(deadline, cx);
    }

    /// Loads what a route shows, unless it is there. Aliases are asked anew each time: others move them too.
    pub fn enter(&mut self, route: &Route, cx: &mut Cx<'_>) {
        if matches!(route.section(), Section::Models | Section::Prompts) {
            self.life.webhooks.load_if_empty(cx);
        }
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
            RegistryCommand::Plan { kind, name, alias, to } => {
                self.propose((kind, name, alias), to, Vec::new(), cx);
            }
            RegistryCommand::PlanWith { kind, name, alias, to, evidence } => {
                self.propose((kind, name, alias), Some(to), evidence, cx);
            }
            RegistryCommand::EditPlan(edit) => self.edit_plan(edit, cx),
            RegistryCommand::Confirm(answers) => self.confirm(&answers, cx),
            RegistryCommand::UndoDone { journalled } => self.undo_done(journalled, cx),
            RegistryCommand::ClosePlan => self.plan = None,
            RegistryCommand::Undo { server, changes } if server == cx.store.info().uri => {
                self.start(Start::undoing(&changes), cx);
            }
            RegistryCommand::Undo { server, changes } => {
                let alias = changes.first().map(|made| made.change.alias.as_str()).unwrap_or_default();
                let text = format!("{alias} was changed on {server}. Open that server to take it back");
                cx.notices.warning(text, None);
            }
            RegistryCommand::GoOn { server, start } if server == cx.store.info().uri => {
                self.start(start, cx);
            }
            RegistryCommand::GoOn { server, .. } => {
                cx.notices
                    .warning(format!("This was to be changed on {server}. Open that server first"), None);
            }
            RegistryCommand::Edit(edit) => self.version.edit(edit, cx),
            RegistryCommand::DismissEditError => self.version.dismiss_error(),
            RegistryCommand::AskAges(versions) => self.ages.ask(versions, cx.tasks, cx.store),
            RegistryCommand::DroppedOnOther { alias, model } => {
                cx.notices.info(format!(
                    "{alias} is an alias of {model}: it can stand on that model's versions only. Nothing changed"
                ));
            }
            RegistryCommand::Life(command) => self.apply_life(command, cx),
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

    /// What was changed since the last time this was asked.
    pub fn take_moved(&mut self) -> Vec<AliasChange> {
        std::mem::take(&mut self.moved)
    }

    /// What is proposed now.
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// What is being done with an alias right now.
    pub fn is_changing(&self, name: &str, alias: &str) -> bool {
        self.operations.iter().any(|op| op.changes(name, alias))
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
