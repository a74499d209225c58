//! One entry with all that is known of it.

use egui::{Align, Label, Layout, ScrollArea, Ui};

use super::table::{look, route_of};
use crate::state::command::Commands;
use crate::state::format;
use crate::state::journal::{Outcome, Record, What};
use crate::theme::{self, Icon, size};
use crate::ui::Cx;
use crate::ui::widgets::{alias_chip_ui, fact_ui, facts_ui, status_ui, text_with_copy_ui};

/// Draws it; `false`: it was closed.
pub(super) fn show(ui: &mut Ui, cx: &Cx<'_>, record: &Record, out: &mut Commands) -> bool {
    let mut open = true;
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui
                .add(theme::button::icon(Icon::Close, "Close details"))
                .on_hover_text("Close details")
                .clicked()
            {
                open = false;
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| title_ui(ui, record));
        });
    });
    ui.add_space(size::SPACE_S);
    buttons_ui(ui, cx, record, out);
    ScrollArea::vertical().id_salt("journal details").auto_shrink(false).show(ui, |ui| {
        ui.add_space(size::SPACE_S);
        let text = match record.window() {
            Some(window) => format!("Someone else did this {window}. MLflow does not say who"),
            None if record.outcome == Outcome::Open => {
                "It is not known yet how this ended. As soon as its server is open, that is read".to_owned()
            }
            None => record.text.clone(),
        };
        if !text.is_empty() {
            ui.add(Label::new(text).wrap().selectable(true));
        }
        for (at, note) in &record.notes {
            ui.add(Label::new(format!("{} {note}", format::clock_time(*at))).wrap().selectable(true));
        }
        ui.add_space(size::SPACE_M);
        facts(ui, record, out);
    });
    open
}

fn title_ui(ui: &mut Ui, record: &Record) {
    match record.what {
        What::Edit { version: Some(version) } => {
            ui.label(theme::text::title(format!("Edit of v{version}")));
        }
        What::Edit { version: None } => {
            ui.label(theme::text::title("Edit"));
        }
        What::Move | What::Seen { .. } => {
            alias_chip_ui(ui, &record.change.alias, egui::Sense::hover());
            ui.label(theme::text::title(record.path()));
        }
    }
}

fn buttons_ui(ui: &mut Ui, cx: &Cx<'_>, record: &Record, out: &mut Commands) {
    let undo = cx.state.journal.undo_of(record);
    let here = cx.workspace().is_some_and(|workspace| workspace.store.info().uri == record.change.server);
    if undo.is_none() && !here {
        return;
    }
    ui.horizontal(|ui| {
        if let Some(undo) = undo {
            let button = theme::button::default((Icon::Undo.image(), "Undo"));
            let why = if here { "Take it back" } else { "Open its server first" };
            if ui.add_enabled(here, button).on_hover_text(why).on_disabled_hover_text(why).clicked() {
                out.push(undo);
            }
        }
        if here
            && !record.change.model.is_empty()
            && ui.add(theme::button::quiet((Icon::Model.image(), "Open versions"))).clicked()
        {
            out.push(route_of(record));
        }
    });
}

fn facts(ui: &mut Ui, record: &Record, out: &mut Commands) {
    let change = &record.change;
    facts_ui(ui, "journal entry", |ui| {
        fact_ui(ui, "Outcome", |ui| {
            let (icon, word, tint) = look(ui, record);
            status_ui(ui, icon, word, tint);
        });
        if !change.model.is_empty() {
            text_fact_ui(ui, "Model", &change.model);
        }
        text_fact_ui(ui, "Server", &change.server);
        text_fact_ui(ui, "Who", record.who());
        if !change.reason.is_empty() {
            text_fact_ui(ui, "Reason", &change.reason);
        }
        if let Some(evidence) = &change.evidence {
            text_fact_ui(ui, "Evidence", evidence);
        }
        match record.what {
            What::Seen { after } => {
                text_fact_ui(ui, "After", &format::exact_time(after));
                text_fact_ui(ui, "Seen", &format::exact_time(record.at));
            }
            _ => text_fact_ui(ui, "Begun", &format::exact_time(record.at)),
        }
        if let Some(ended) = record.ended.filter(|_| record.what == What::Move) {
            let label = if record.resolved { "Found out" } else { "Ended" };
            text_fact_ui(ui, label, &format::exact_time(ended));
        }
        fact_ui(ui, "Entry", |ui| text_with_copy_ui(ui, &record.id, "entry id", out));
    });
}

fn text_fact_ui(ui: &mut Ui, name: &str, text: &str) {
    fact_ui(ui, name, |ui| {
        ui.set_max_width(ui.available_width().max(120.0));
        ui.add(Label::new(text).wrap().selectable(true));
    });
}
