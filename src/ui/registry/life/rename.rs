//! Another name for a model, and what stops resolving.

use egui::{Label, Ui};

use super::super::chips;
use super::{Answer, Question, unread_ui};
use crate::entities::{RegisteredModel, model_uri_alias};
use crate::state::registry::life::write::Write;
use crate::state::registry::words::listed;
use crate::theme;
use crate::ui::widgets::form::{Below, Confirm, Form, Formed};

/// URIs that are named at most.
const MOST_URIS: usize = 4;

pub(super) fn show(ui: &mut Ui, question: Question<'_>, name: &str, typed: &mut String) -> Answer {
    ui.label(theme::text::title(format!("Rename {name}")));
    ui.add_space(theme::size::SPACE_S);
    let Some(model) = question.asked.model.value() else {
        return unread_ui(ui, question.asked.model.error());
    };
    let mut form = Form::new(question.opens || typed.is_empty() && !ui.memory(|it| it.focused().is_some()));
    if question.opens {
        name.clone_into(typed);
    }
    let to = typed.trim().to_owned();
    let problem = if to == name { Some(String::new()) } else { question.known().new_name_problem(&to) };
    let below = match &problem {
        Some(problem) if !problem.is_empty() => Below::Problem(problem),
        _ => Below::Nothing,
    };
    form.field_ui(ui, "New name", "", typed, below);
    ui.add(Label::new(breaks(model)).wrap());
    let note = "Versions, tags and aliases come along. A running endpoint answers until it is restarted";
    ui.add(Label::new(theme::text::weak(note)).wrap());
    match form.end_ui(ui, Confirm::Primary("Rename"), problem.is_none(), question.asked.stage) {
        Formed::Confirmed => Answer::Carry(vec![Write::Rename { name: name.to_owned(), to }], None),
        Formed::Cancelled => Answer::Closed,
        Formed::On => Answer::Open,
    }
}

/// “`models:/Churn@prod` and `models:/Churn/…` stop resolving”
fn breaks(model: &RegisteredModel) -> String {
    let aliases = chips::aliases(model);
    let mut uris: Vec<String> =
        aliases.iter().take(MOST_URIS).map(|(alias, _)| model_uri_alias(&model.name, alias)).collect();
    let rest = format!("models:/{}/…", model.name);
    if uris.is_empty() {
        return format!("{rest} stops resolving: code and endpoints that name it get an error");
    }
    uris.push(rest);
    format!("{} stop resolving: code and endpoints that name them get an error", listed(&uris))
}
