//! What was changed on servers since the app was started.

use egui::{Align, Layout, ScrollArea, Ui};

use super::Cx;
use super::widgets::{empty_ui, status_ui, time_ui};
use crate::state::activity::{ActivityEntry, Outcome};
use crate::state::command::Commands;
use crate::theme::{self, Icon, Themed as _, size};

/// Draws the screen.
pub fn show(ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
    let entries = cx.state.activity.entries();
    if entries.is_empty() {
        let text =
            "Aliases you move, and everything else you change, is listed here until Flowdeck is closed";
        empty_ui(ui, Icon::Activity, "Nothing changed yet", text, None, out);
        return;
    }
    egui::Frame::new().inner_margin(size::SPACE_XL).show(ui, |ui| {
        ui.label(theme::text::heading("Activity"));
        ui.label(theme::text::weak("What was changed since Flowdeck was started, newest first"));
        ui.add_space(size::SPACE_L);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            for (at, entry) in entries.iter().enumerate() {
                ui.push_id(at, |ui| entry_ui(ui, cx, entry, out));
                ui.separator();
            }
        });
    });
}

fn entry_ui(ui: &mut Ui, cx: &Cx<'_>, entry: &ActivityEntry, out: &mut Commands) {
    let tokens = ui.tokens();
    let (icon, word, tint) = match entry.outcome {
        Outcome::Done => (Icon::Success, "Done", tokens.success),
        Outcome::Refused => (Icon::Failure, "Not done", tokens.failure),
        Outcome::Overtaken => (Icon::Warning, "Overtaken", tokens.warning),
        Outcome::Unclear => (Icon::Warning, "Unclear", tokens.warning),
    };
    ui.horizontal(|ui| {
        column_ui(ui, |ui| time_ui(ui, Some(entry.at), cx.now));
        column_ui(ui, |ui| status_ui(ui, icon, word, tint));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(undo) = &entry.undo
                && ui.add(theme::button::default((Icon::Undo.image(), "Undo"))).clicked()
            {
                out.push(undo.clone());
            }
            ui.label(theme::text::small(&entry.server));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(egui::Label::new(&entry.text).truncate().selectable(true)).on_hover_text(&entry.text);
            });
        });
    });
}

/// A column of one width in all rows.
fn column_ui(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> egui::Response) {
    let size = egui::vec2(COLUMN, size::ROW);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_width(COLUMN);
        add(ui);
    });
}

const COLUMN: f32 = 110.0;
