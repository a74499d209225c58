//! What stands above the versions: the model, its tags and description, the filter; and what went wrong.

use egui::{Label, Ui};

use super::super::life;
use super::super::menus::Subject;
use super::{BoardView, Place, shown_tags};
use crate::entities::{RegisteredModel, VersionNumber};
use crate::state::command::Commands;
use crate::state::compare;
use crate::state::registry::board::Board;
use crate::state::registry::words::plain_line;
use crate::state::{Command, format};
use crate::theme::{self, Icon, size};
use crate::ui::widgets::{
    Pane, failure_bar_ui, failure_ui, filter_field_of_pane_ui, loading_ui, tag_chip_ui, time_ui,
};

/// Before the first line of a long description.
const TITLE: &str = "Description: ";
/// Width of a letter with room to spare, in points.
const WIDEST_LETTER: f32 = 8.0;

impl BoardView {
    pub(super) fn header_ui(&mut self, ui: &mut Ui, subject: Subject<'_>, place: Place, out: &mut Commands) {
        let model = subject.board.model.value();
        let margin = egui::Margin::symmetric(size::SPACE_M as i8, size::SPACE_S as i8);
        egui::Frame::new().inner_margin(margin).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.set_min_height(size::CONTROL);
                let buttons = if place.beside { 3.0 * (size::CONTROL + size::SPACE_S) } else { 0.0 };
                ui.scope(|ui| {
                    ui.set_max_width((ui.available_width() - buttons).max(size::COLUMN_MIN));
                    ui.add(Label::new(theme::text::heading(subject.name)).truncate());
                });
                let copy = theme::button::icon(Icon::Copy, "Copy name");
                if ui.add(copy).on_hover_text("Copy name").clicked() {
                    out.push(Command::Copy(subject.name.to_owned(), "name"));
                }
                life::model_actions_ui(ui, subject.kind, subject.name, out);
                if place.beside {
                    let name = format!("Close {}", subject.name);
                    if ui.add(theme::button::icon(Icon::Close, &name)).on_hover_text(&name).clicked() {
                        out.push(Command::CloseBeside(subject.kind, subject.name.to_owned()));
                    }
                    return;
                }
                let Some(model) = model else { return };
                ui.label(theme::text::weak("Created"));
                time_ui(ui, model.creation_timestamp, subject.now);
                ui.label(theme::text::weak("· changed"));
                time_ui(ui, model.last_updated_timestamp, subject.now)
                    .on_hover_text("Moving an alias does not count as a change");
            });
            let Some(model) = model else { return };
            let tags: Vec<_> = shown_tags(&model.tags).collect();
            if !tags.is_empty() {
                ui.horizontal_wrapped(|ui| {
                    for (key, value) in tags {
                        tag_chip_ui(ui, key, value);
                    }
                });
            }
            self.description_ui(ui, model);
        });
    }

    fn description_ui(&mut self, ui: &mut Ui, model: &RegisteredModel) {
        let line = plain_line(&model.description);
        if line.is_empty() {
            return;
        }
        if model.description.trim().lines().count() == 1 {
            self.markdown.show(ui, &model.description);
            return;
        }
        // Closed at first: the versions are what the page is for.
        // Cut by hand: a title wider than the board would widen all that follows.
        let most = (ui.available_width() / WIDEST_LETTER) as usize;
        let short: String = line.chars().take(most.saturating_sub(TITLE.len())).collect();
        let dots = if short.len() < line.len() { "…" } else { "" };
        let title = theme::text::weak(format!("{TITLE}{short}{dots}"));
        egui::CollapsingHeader::new(title).id_salt("model description").show(ui, |ui| {
            egui::ScrollArea::vertical().id_salt("model description").max_height(180.0).show(ui, |ui| {
                ui.set_max_width(size::PROSE_MAX);
                self.markdown.show(ui, &model.description);
            });
        });
    }

    pub(super) fn toolbar_ui(&mut self, ui: &mut Ui, subject: Subject<'_>, place: Place, out: &mut Commands) {
        let board = subject.board;
        let margin =
            egui::Margin { bottom: size::SPACE_S as i8, ..egui::Margin::symmetric(size::SPACE_M as i8, 0) };
        egui::Frame::new().inner_margin(margin).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.scope(|ui| {
                    ui.set_max_width(if place.beside { 160.0 } else { 280.0 });
                    let takes_slash = place.active && Pane::Main.was_used_last(ui.ctx());
                    filter_field_of_pane_ui(ui, &mut self.filter, "Filter versions", takes_slash);
                });
                let versions = &board.versions;
                let all = format::counted(versions.items().len(), "version", "versions");
                let more = if versions.is_complete() { "" } else { ", more coming" };
                let text = if self.filter.trim().is_empty() && !self.only_between {
                    format!("{all}{more}")
                } else {
                    format!("{} of {all}{more}", format::count(self.finding.rows().len()))
                };
                ui.label(theme::text::small(text));
                if !self.marked.is_empty() {
                    let name = |version: &VersionNumber| format!("v{version}");
                    if let Some([from, to]) = self.marked.show(ui, name, place.keys) {
                        out.push(compare::route(subject.compared(from), subject.compared(to)));
                    }
                    return;
                }
                let hint = if self.drag.is_none() {
                    "· Drag an alias to another version, or focus it and press M"
                } else {
                    "· Drop it on a version. Esc cancels"
                };
                ui.add(Label::new(theme::text::small(hint)).truncate());
            });
        });
    }
}

/// `false`: there is nothing else to show.
pub(super) fn troubles_ui(ui: &mut Ui, board: &Board, out: &mut Commands) -> bool {
    let error = board.model.error().or(board.versions.error());
    let known = board.model.value().is_some() && !board.versions.items().is_empty();
    match error {
        Some(error) if !known => {
            failure_ui(ui, "The versions could not be loaded", error, Command::Refresh, out);
            false
        }
        Some(error) => {
            failure_bar_ui(ui, "What is shown may be old", error, Command::Refresh, out);
            true
        }
        None if !known && (board.model.is_loading() || board.versions.is_loading()) => {
            loading_ui(ui, "the versions");
            false
        }
        None => true,
    }
}
