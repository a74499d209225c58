//! The registry's questions: create, describe, rename, delete, register, copy; and the list of webhooks.

mod delete;
mod describe;
mod drag;
mod menus;
mod register;
mod rename;
mod tags;
mod webhooks;

use egui::{Context, Ui};

pub use drag::{carry_ui, drop_ui, ghost_ui, spring_ui};
pub use menus::{create_button_ui, model_actions_ui, model_menu_ui, register, version_menu_ui};
pub use webhooks::plan_line_ui;

use super::dialogs::Dialog;
use crate::state::command::Commands;
use crate::state::registry::Registry;
use crate::state::registry::RegistryCommand;
use crate::state::registry::life::forms::{AliasWish, Known};
use crate::state::registry::life::write::Write;
use crate::state::registry::life::{Ask, Asked, LifeCommand};
use crate::theme::size;
use crate::tracking::TrackingError;
use crate::ui::Cx;
use crate::ui::widgets::form::{buttons_ui, dialog_ui, failed_ui};

/// What is typed into the question that is open.
#[derive(Default)]
pub struct LifeView {
    number: u64,
    model: describe::Typed,
    version: register::Typed,
    name: String,
    /// Cancel has had the focus where Enter alone must destroy nothing.
    cancel_focused: bool,
}

/// What a question has come to in this frame.
enum Answer {
    /// It stays open.
    Open,
    /// It was given up.
    Closed,
    /// This is to be done.
    Carry(Vec<Write>, Option<AliasWish>),
}

impl LifeView {
    /// Draws the question that is open, if one is.
    pub fn show(&mut self, ctx: &Context, cx: &Cx<'_>, dialog: &mut Dialog, out: &mut Commands) {
        let Some(registry) = cx.workspace().map(|workspace| &workspace.registry) else { return };
        let Some(asked) = registry.life.asked() else {
            self.number = 0;
            return;
        };
        let opens = self.number != asked.number;
        if opens {
            *self = Self { number: asked.number, ..Self::default() };
        }
        let (answer, closes) = dialog_ui(ctx, "registry question", size::DIALOG, |ui| {
            let answer = self.question_ui(ui, registry, asked, opens, dialog, out);
            if let Some(message) = &asked.message {
                ui.add_space(size::SPACE_S);
                failed_ui(ui, message);
            }
            answer
        });
        match answer {
            Answer::Carry(writes, alias) => {
                out.push(RegistryCommand::Life(LifeCommand::Carry { writes, alias }));
            }
            Answer::Closed => out.push(RegistryCommand::Life(LifeCommand::Close)),
            Answer::Open if closes => out.push(RegistryCommand::Life(LifeCommand::Close)),
            Answer::Open => {}
        }
    }

    fn question_ui(
        &mut self,
        ui: &mut Ui,
        registry: &Registry,
        asked: &Asked,
        opens: bool,
        dialog: &mut Dialog,
        out: &mut Commands,
    ) -> Answer {
        let frame = Question { registry, asked, opens };
        match &asked.ask {
            Ask::Create => self.model.create_ui(ui, frame),
            Ask::Register { source, model } => self.version.show(ui, frame, source, model.as_deref()),
            Ask::Describe { kind, name } => self.model.describe_ui(ui, frame, *kind, name),
            Ask::Rename { name } => rename::show(ui, frame, name, &mut self.name),
            Ask::DeleteModel { kind, name } => {
                delete::model_ui(ui, frame, (*kind, name), &mut self.name, &mut self.cancel_focused)
            }
            Ask::DeleteVersion { kind, name, version } => {
                let subject = (*kind, name.as_str(), *version);
                delete::version_ui(ui, frame, subject, &mut self.cancel_focused, dialog, out)
            }
            Ask::Webhooks => webhooks::show(ui, registry),
        }
    }
}

/// What every question is drawn with.
#[derive(Clone, Copy)]
struct Question<'a> {
    registry: &'a Registry,
    asked: &'a Asked,
    /// It was not there in the frame before.
    opens: bool,
}

impl<'a> Question<'a> {
    fn known(self) -> Known<'a> {
        Known { models: self.registry.models.items(), prompts: self.registry.prompts.items() }
    }

    fn is_loading_models(self) -> bool {
        self.registry.models.is_loading() && !self.registry.models.is_complete()
    }
}

/// Why the model that a question is about cannot be read. `true`: the question was given up.
fn unread_ui(ui: &mut Ui, error: Option<&TrackingError>) -> Answer {
    match error {
        Some(error) => failed_ui(ui, &format!("It could not be read: {error}. {}", error.next_step())),
        None => drop(ui.label(crate::theme::text::weak("Loading…"))),
    }
    buttons_ui(ui, |ui| {
        if ui.add(crate::theme::button::default("Cancel")).clicked() { Answer::Closed } else { Answer::Open }
    })
}
