//! Deleting a model or a version: what goes with it, and what stands in the way.

use egui::{Label, RichText, Ui};

use super::super::chips;
use super::super::dialogs::Dialog;
use super::{Answer, Question, unread_ui};
use crate::entities::VersionNumber;
use crate::state::ModelKind;
use crate::state::command::Commands;
use crate::state::registry::RegistryCommand;
use crate::state::registry::life::write::{Write, held_by};
use crate::state::registry::life::{LifeCommand, Loss};
use crate::state::registry::links::version_uri;
use crate::theme::{self, Themed as _, size};
use crate::ui::widgets::form::{Below, Confirm, Form, Formed, buttons_ui};

/// A model or a prompt with everything in it.
pub(super) fn model_ui(
    ui: &mut Ui,
    question: Question<'_>,
    (kind, name): (ModelKind, &str),
    typed: &mut String,
    cancel_focused: &mut bool,
) -> Answer {
    ui.label(theme::text::title(format!("Delete {name}")));
    ui.add_space(size::SPACE_S);
    let asked = question.asked;
    let Some(model) = asked.model.value() else { return unread_ui(ui, asked.model.error()) };
    let seen = Loss::of(model);
    let write = || vec![Write::DeleteModel { kind, name: name.to_owned(), seen: seen.clone() }];
    if !seen.is_something() {
        ui.add(Label::new("It has no versions. There is no way back").wrap());
        return plain_end_ui(ui, asked.stage, "Delete", cancel_focused, write);
    }
    ui.label("This goes with it, and there is no way back:");
    for line in seen.lines(asked.versions_counted()) {
        ui.add(Label::new(RichText::new(format!("•  {line}")).color(ui.tokens().failure.fg)).wrap());
    }
    ui.add_space(size::SPACE_XS);
    let note = match kind {
        ModelKind::Model => {
            format!(
                "models:/{name}… stops resolving: who loads it from then on gets an error. Files stay where they are"
            )
        }
        ModelKind::Prompt => {
            format!("prompts:/{name}… stops resolving: who loads it from then on gets an error")
        }
    };
    ui.add(Label::new(theme::text::weak(note)).wrap());
    ui.add_space(size::SPACE_S);
    // The model may arrive frames after the question opened.
    let mut form = Form::new(!std::mem::replace(cancel_focused, true));
    let label = format!("Type {name} to delete it");
    form.field_ui(ui, &label, "", typed, Below::Nothing);
    match form.end_ui(ui, Confirm::Danger("Delete"), typed.trim() == name, asked.stage) {
        Formed::Confirmed => Answer::Carry(write(), None),
        Formed::Cancelled => Answer::Closed,
        Formed::On => Answer::Open,
    }
}

/// A version, unless an alias is on it.
pub(super) fn version_ui(
    ui: &mut Ui,
    question: Question<'_>,
    (kind, name, version): (ModelKind, &str, VersionNumber),
    cancel_focused: &mut bool,
    dialog: &mut Dialog,
    out: &mut Commands,
) -> Answer {
    ui.label(theme::text::title(format!("Delete v{version} of {name}")));
    ui.add_space(size::SPACE_S);
    let asked = question.asked;
    let Some(model) = asked.model.value() else { return unread_ui(ui, asked.model.error()) };
    if let Some(held) = held_by(model, version) {
        ui.add(Label::new(held).wrap());
        let why = "MLflow would delete the aliases with it, and what loads them would get an error";
        ui.add(Label::new(theme::text::weak(why)).wrap());
        return held_ui(ui, chips::aliases_of(model, version), |ui, alias| {
            let answer = ui.add(theme::button::default(format!("Move {alias}…")));
            if answer.clicked() {
                *dialog = Dialog::move_alias(kind, name, alias, version);
            }
            let moved = answer.clicked();
            let answer = ui.add(theme::button::default(format!("Delete {alias}…")));
            if answer.clicked() {
                let (name, alias) = (name.to_owned(), alias.to_owned());
                out.push(RegistryCommand::Life(LifeCommand::Close));
                out.push(RegistryCommand::Plan { kind, name, alias, to: None });
            }
            moved
        });
    }
    let uri = version_uri(kind, name, version);
    let text =
        format!("{uri} stops resolving: who loads it from then on gets an error. There is no way back");
    ui.add(Label::new(text).wrap());
    let note = match kind {
        ModelKind::Model => "Its files stay where they are, and its number is not given again",
        ModelKind::Prompt => "Its number is not given again",
    };
    ui.add(Label::new(theme::text::weak(note)).wrap());
    let label = format!("Delete v{version}");
    plain_end_ui(ui, asked.stage, &label, cancel_focused, || {
        vec![Write::DeleteVersion { kind, name: name.to_owned(), version }]
    })
}

/// The aliases that stand in the way, each with what can be done with it.
fn held_ui(ui: &mut Ui, aliases: Vec<&str>, mut row: impl FnMut(&mut Ui, &str) -> bool) -> Answer {
    ui.add_space(size::SPACE_S);
    let mut closes = false;
    for alias in aliases {
        ui.horizontal(|ui| closes |= row(ui, alias));
    }
    buttons_ui(ui, |ui| {
        closes |= ui.add(theme::button::default("Cancel")).clicked();
    });
    if closes { Answer::Closed } else { Answer::Open }
}

/// Buttons without a field. Cancel has the focus: who deletes by Enter alone has not read what it does.
fn plain_end_ui(
    ui: &mut Ui,
    stage: Option<&str>,
    label: &str,
    cancel_focused: &mut bool,
    writes: impl FnOnce() -> Vec<Write>,
) -> Answer {
    ui.add_space(size::SPACE_M);
    let mut answer = Answer::Open;
    buttons_ui(ui, |ui| {
        if ui.add_enabled(stage.is_none(), theme::button::danger(label)).clicked() {
            answer = Answer::Carry(writes(), None);
        }
        let cancel = ui.add(theme::button::default(if stage.is_none() { "Cancel" } else { "Close" }));
        if !std::mem::replace(cancel_focused, true) {
            cancel.request_focus();
        }
        if cancel.clicked() {
            answer = Answer::Closed;
        }
        ui.label(theme::text::small(stage.unwrap_or_default()));
    });
    answer
}
