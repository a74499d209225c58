//! Models and prompts: the list at the left, the board, a version, and the plan over all of it.

mod answering;
mod ask;
mod beside;
mod board;
mod chips;
mod dialogs;
mod drag;
pub mod life;
mod list;
mod matrix;
mod menus;
mod plan;
mod rollback;
mod version;

use egui::{Key, Modifiers, Ui};

use super::Cx;
use super::widgets::{Pane, empty_ui};
use crate::state::command::Commands;
use crate::state::navigation::{ModelKind, Route};
use crate::theme::Icon;

pub use beside::request_go_to_version;
use beside::{BesideView, take_go_to_version};
use dialogs::Dialog;
use life::LifeView;
use list::ListView;
use matrix::MatrixView;
use plan::PlanView;
use version::VersionView;

/// The registry's screens.
#[derive(Default)]
pub struct RegistryView {
    models: ListView,
    prompts: ListView,
    boards: BesideView,
    matrix: MatrixView,
    version: VersionView,
    dialog: Dialog,
    plan: PlanView,
    life: LifeView,
}

impl RegistryView {
    /// The list of models or prompts at the left.
    pub fn list_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        let Some(kind) = kind_of(cx.route()) else { return };
        take_sideways_keys(ui, cx);
        Pane::List.take_keys_on_press(ui, ui.max_rect());
        if !shows_boards(cx.route()) {
            Pane::List.take_keys(ui.ctx());
        }
        let keys = self.takes_keys(ui, Pane::List);
        let view = match kind {
            ModelKind::Model => &mut self.models,
            ModelKind::Prompt => &mut self.prompts,
        };
        view.show(ui, cx, kind, keys, out);
    }

    /// The board, a version, or what to do when none is chosen.
    pub fn main_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        match cx.route() {
            route @ (Route::Model { kind, .. } | Route::Beside { kind, .. }) => {
                Pane::Main.take_keys_on_press(ui, ui.max_rect());
                let keys = self.takes_keys(ui, Pane::Main);
                self.boards.show(ui, cx, (*kind, route.models()), keys, &mut self.dialog, out);
            }
            Route::Matrix(kind) => {
                Pane::Main.take_keys(ui.ctx());
                let keys = self.takes_keys(ui, Pane::Main);
                self.matrix.show(ui, cx, *kind, keys, out);
            }
            Route::Version { kind, name, version } => {
                self.version.show(ui, cx, (*kind, name, *version), &mut self.dialog, out);
            }
            Route::Models(kind) => nothing_chosen_ui(ui, cx, *kind, out),
            _ => {}
        }
    }

    /// Dialogs above everything: the plan, adding and moving aliases by name.
    pub fn modals_ui(&mut self, ctx: &egui::Context, cx: &Cx<'_>, out: &mut Commands) {
        self.life.show(ctx, cx, &mut self.dialog, out);
        self.dialog.show(ctx, cx, out);
        self.plan.show(ctx, cx, out);
    }

    fn takes_keys(&self, ui: &Ui, pane: Pane) -> bool {
        pane.has_keys(ui.ctx())
            && !self.dialog.is_open()
            && ui.memory(|memory| memory.top_modal_layer().is_none())
    }
}

/// ← and → change between the list and the board.
fn take_sideways_keys(ui: &Ui, cx: &Cx<'_>) {
    if !shows_boards(cx.route()) || ui.memory(|memory| memory.focused().is_some()) {
        return;
    }
    // Several boards go through themselves first.
    if Pane::Main.was_used_last(ui.ctx()) && matches!(cx.route(), Route::Beside { .. }) {
        return;
    }
    if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::ArrowLeft)) {
        Pane::List.take_keys(ui.ctx());
    } else if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::ArrowRight)) {
        Pane::Main.take_keys(ui.ctx());
    }
}

fn shows_boards(route: &Route) -> bool {
    matches!(route, Route::Model { .. } | Route::Beside { .. })
}

fn kind_of(route: &Route) -> Option<ModelKind> {
    match route {
        Route::Models(kind)
        | Route::Matrix(kind)
        | Route::Model { kind, .. }
        | Route::Beside { kind, .. }
        | Route::Version { kind, .. } => Some(*kind),
        _ => None,
    }
}

fn nothing_chosen_ui(ui: &mut Ui, cx: &Cx<'_>, kind: ModelKind, out: &mut Commands) {
    let Some(workspace) = cx.workspace() else { return };
    let list = workspace.registry.list(kind);
    let empty = list.is_complete() && list.items().is_empty();
    match (kind, empty) {
        (ModelKind::Model, true) => empty_ui(
            ui,
            Icon::Model,
            "No registered models yet",
            "Register one from a run, and its versions and aliases appear here",
            Some(REGISTER_PYTHON),
            out,
        ),
        (ModelKind::Prompt, true) => empty_ui(
            ui,
            Icon::Prompt,
            "No prompts yet",
            "Register one, and its versions and aliases appear here",
            Some(PROMPT_PYTHON),
            out,
        ),
        (ModelKind::Model, false) => {
            let text = "Its versions are shown here, with the aliases to drag from one to another";
            empty_ui(ui, Icon::Model, "Choose a model", text, None, out);
        }
        (ModelKind::Prompt, false) => {
            let text = "Its versions are shown here, with the aliases to drag from one to another";
            empty_ui(ui, Icon::Prompt, "Choose a prompt", text, None, out);
        }
    }
}

const REGISTER_PYTHON: &str = "import mlflow

with mlflow.start_run():
    mlflow.pyfunc.log_model(name=\"model\", python_model=\"agent.py\", registered_model_name=\"MyModel\")
";

const PROMPT_PYTHON: &str = "import mlflow

mlflow.genai.register_prompt(name=\"qa\", template=\"Answer {{question}} briefly.\")
";
