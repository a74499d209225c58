//! Small dialogs: type the version that an alias shall move to; name a new alias. Both lead to the plan.

use egui::{Context, Id, Key, Label, Modal, Modifiers, TextEdit, Ui};

use crate::entities::VersionNumber;
use crate::state::command::Commands;
use crate::state::navigation::ModelKind;
use crate::state::registry::RegistryCommand;
use crate::state::registry::board::{Board, alias_problem, parse_version};
use crate::theme::{self, Themed as _, size};
use crate::ui::Cx;

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
            Self::Move(typed) => modal_ui(ctx, "move alias", |ui| typed.move_ui(ui, board, out)),
            Self::Add(typed) => modal_ui(ctx, "add alias", |ui| typed.add_ui(ui, board, out)),
        };
        if done {
            *self = Self::Closed;
        }
    }
}

/// A dialog over everything.
pub fn modal(ctx: &Context, id: &str) -> Modal {
    let frame = egui::Frame::popup(&ctx.global_style()).inner_margin(size::SPACE_L);
    Modal::new(Id::unique(id)).backdrop_color(ctx.tokens().scrim).frame(frame)
}

/// `true`: it is to be closed.
fn modal_ui(ctx: &Context, id: &str, add: impl FnOnce(&mut Ui) -> bool) -> bool {
    let modal = modal(ctx, id).show(ctx, |ui| {
        ui.set_width(320.0);
        add(ui)
    });
    modal.inner || modal.should_close()
}

impl Typed {
    fn new(kind: ModelKind, name: &str, alias: &str, version: VersionNumber) -> Self {
        let (name, alias) = (name.to_owned(), alias.to_owned());
        Self { kind, name, alias, version, text: String::new(), opened: false }
    }

    fn move_ui(&mut self, ui: &mut Ui, board: &Board, out: &mut Commands) -> bool {
        ui.label(theme::text::title(format!("Move {} from v{}", self.alias, self.version)));
        let enter = self.field_ui(ui, "Version", "7");
        let target = parse_version(&self.text);
        let problem = match target {
            None => Some("Type the number of a version".to_owned()),
            Some(to) if to == self.version => Some(format!("{} is on v{to} already", self.alias)),
            Some(to) if board.versions.is_complete() && board.version(to).is_none() => {
                Some(format!("There is no v{to}"))
            }
            Some(_) => None,
        };
        self.end_ui(ui, enter, "Continue…", problem.as_deref(), || {
            out.push(RegistryCommand::Plan {
                kind: self.kind,
                name: self.name.clone(),
                alias: self.alias.clone(),
                to: target,
            });
        })
    }

    fn add_ui(&mut self, ui: &mut Ui, board: &Board, out: &mut Commands) -> bool {
        ui.label(theme::text::title(format!("Add an alias to v{}", self.version)));
        let enter = self.field_ui(ui, "Alias", "candidate");
        let alias = self.text.trim();
        let elsewhere = board.model.value().and_then(|model| model.alias(alias));
        let problem = match (alias_problem(alias), elsewhere) {
            (Some(problem), _) => Some(problem.to_owned()),
            (None, Some(at)) if at == self.version => Some(format!("{alias} is on v{at} already")),
            _ => None,
        };
        if problem.is_none()
            && let Some(at) = elsewhere
        {
            let text = format!("{alias} is on v{at}: it would move here");
            ui.add(Label::new(egui::RichText::new(text).color(ui.tokens().warning.fg)).wrap());
        }
        self.end_ui(ui, enter, "Continue…", problem.as_deref(), || {
            out.push(RegistryCommand::Plan {
                kind: self.kind,
                name: self.name.clone(),
                alias: alias.to_owned(),
                to: Some(self.version),
            });
        })
    }

    /// `true`: Enter was pressed in it.
    fn field_ui(&mut self, ui: &mut Ui, name: &str, hint: &str) -> bool {
        ui.add_space(size::SPACE_S);
        let field = TextEdit::singleline(&mut self.text).hint_text(hint).desired_width(f32::INFINITY);
        let response = ui.add(field).accessible_name(name);
        if !std::mem::replace(&mut self.opened, true) {
            response.request_focus();
        }
        response.lost_focus() && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter))
    }

    /// The problem with what is typed, and the buttons. `true`: done, or given up.
    fn end_ui(
        &self,
        ui: &mut Ui,
        enter: bool,
        label: &str,
        problem: Option<&str>,
        go: impl FnOnce(),
    ) -> bool {
        let shown = problem.filter(|_| !self.text.is_empty()).unwrap_or_default();
        ui.label(theme::text::small(shown));
        let mut done = false;
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let ready = problem.is_none();
            let clicked = ui.add_enabled(ready, theme::button::primary(label)).clicked();
            if (clicked || enter) && ready {
                go();
                done = true;
            }
            done |= ui.add(theme::button::default("Cancel")).clicked();
        });
        done
    }
}
