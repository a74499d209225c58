//! Small dialogs: type the version that an alias shall move to; name a new alias. Both lead to the plan.

use egui::{Context, Ui};

use crate::entities::VersionNumber;
use crate::state::command::Commands;
use crate::state::navigation::ModelKind;
use crate::state::registry::RegistryCommand;
use crate::state::registry::board::{Board, alias_problem, parse_version};
use crate::theme::{self, size};
use crate::ui::Cx;
use crate::ui::widgets::form::{Below, Confirm, Form, Formed, dialog_ui};

/// As wide as a name and two buttons need, in points.
const WIDTH: f32 = 360.0;

/// The dialog that is open, with what is typed in it.
#[derive(Debug, Default)]
pub enum Dialog {
    /// None.
    #[default]
    Closed,
    /// Where shall the alias go?
    Move(Typed),
    /// Which alias shall the version get?
    Add(Typed),
}

/// What a dialog is about, and what is typed.
#[derive(Debug)]
pub struct Typed {
    kind: ModelKind,
    name: String,
    alias: String,
    version: VersionNumber,
    text: String,
    opened: bool,
}

impl Dialog {
    /// Asks for the version that an alias shall move to.
    pub fn move_alias(kind: ModelKind, name: &str, alias: &str, from: VersionNumber) -> Self {
        Self::Move(Typed::new(kind, name, alias, from))
    }

    /// Asks for the alias that a version shall get.
    pub fn add_alias(kind: ModelKind, name: &str, version: VersionNumber) -> Self {
        Self::Add(Typed::new(kind, name, "", version))
    }

    /// Whether one is shown.
    pub fn is_open(&self) -> bool {
        !matches!(self, Self::Closed)
    }

    /// Draws it.
    pub fn show(&mut self, ctx: &Context, cx: &Cx<'_>, out: &mut Commands) {
        let Some(workspace) = cx.workspace() else {
            *self = Self::Closed;
            return;
        };
        let registry = &workspace.registry;
        let board = match self {
            Self::Closed => return,
            Self::Move(typed) | Self::Add(typed) => {
                registry.board_of(typed.kind, &typed.name).unwrap_or(&registry.board)
            }
        };
        let done = match self {
            Self::Closed => return,
            Self::Move(typed) => dialog_ui(ctx, "move alias", WIDTH, |ui| typed.move_ui(ui, board, out)),
            Self::Add(typed) => dialog_ui(ctx, "add alias", WIDTH, |ui| typed.add_ui(ui, board, out)),
        };
        if done.0 || done.1 {
            *self = Self::Closed;
        }
    }
}

impl Typed {
    fn new(kind: ModelKind, name: &str, alias: &str, version: VersionNumber) -> Self {
        let (name, alias) = (name.to_owned(), alias.to_owned());
        Self { kind, name, alias, version, text: String::new(), opened: false }
    }

    fn move_ui(&mut self, ui: &mut Ui, board: &Board, out: &mut Commands) -> bool {
        ui.label(theme::text::title(format!("Move {} from v{}", self.alias, self.version)));
        ui.add_space(size::SPACE_S);
        let target = parse_version(&self.text);
        let problem = match target {
            None => Some("Type the number of a version".to_owned()),
            Some(to) if to == self.version => Some(format!("{} is on v{to} already", self.alias)),
            Some(to) if board.versions.is_complete() && board.version(to).is_none() => {
                Some(format!("There is no v{to}"))
            }
            Some(_) => None,
        };
        let mut form = self.form();
        let below = self.below(problem.as_deref(), None);
        form.field_ui(ui, "Version", "e.g. 7", &mut self.text, below);
        self.end_ui(ui, &form, problem.is_none(), |typed| {
            out.push(RegistryCommand::Plan {
                kind: typed.kind,
                name: typed.name.clone(),
                alias: typed.alias.clone(),
                to: target,
            });
        })
    }

    fn add_ui(&mut self, ui: &mut Ui, board: &Board, out: &mut Commands) -> bool {
        ui.label(theme::text::title(format!("Add an alias to v{}", self.version)));
        ui.add_space(size::SPACE_S);
        let alias = self.text.trim().to_owned();
        let elsewhere = board.model.value().and_then(|model| model.alias(&alias));
        let problem = match (alias_problem(&alias), elsewhere) {
            (Some(problem), _) => Some(problem.to_owned()),
            (None, Some(at)) if at == self.version => Some(format!("{alias} is on v{at} already")),
            _ => None,
        };
        let moves = elsewhere.map(|at| format!("{alias} is on v{at}: it would move here"));
        let mut form = self.form();
        let below = self.below(problem.as_deref(), moves.as_deref());
        form.field_ui(ui, "Alias", "e.g. candidate", &mut self.text, below);
        self.end_ui(ui, &form, problem.is_none(), |typed| {
            out.push(RegistryCommand::Plan {
                kind: typed.kind,
                name: typed.name.clone(),
                alias,
                to: Some(typed.version),
            });
        })
    }

    fn form(&mut self) -> Form {
        Form::new(!std::mem::replace(&mut self.opened, true))
    }

    /// Nothing is wrong yet with what was not typed.
    fn below<'a>(&self, problem: Option<&'a str>, warning: Option<&'a str>) -> Below<'a> {
        match (problem, warning) {
            (Some(problem), _) if !self.text.is_empty() => Below::Problem(problem),
            (None, Some(warning)) => Below::Warning(warning),
            _ => Below::Nothing,
        }
    }

    /// The buttons. `true`: done, or given up.
    fn end_ui(&self, ui: &mut Ui, form: &Form, ready: bool, go: impl FnOnce(&Self)) -> bool {
        match form.end_ui(ui, Confirm::Primary("Continue…"), ready, None) {
            Formed::On => false,
            Formed::Cancelled => true,
            Formed::Confirmed => {
                go(self);
                true
            }
        }
    }
}
