//! Rows of a name and a value, as many as there are: only those on the screen are laid out.

use egui::{Label, Layout, Response, RichText, ScrollArea, Sense, Ui, UiBuilder, vec2};

use super::cells::{RowLook, row_background_ui};
use crate::theme::{self, size};

/// More rows than this scroll in a room of their own.
const ROOM: usize = 40;

/// A section's small heading, with how many it holds.
pub fn heading_ui(ui: &mut Ui, title: &str, count: Option<usize>) {
    ui.add_space(size::SPACE_M);
    ui.horizontal(|ui| {
        ui.label(theme::text::strong(title));
        if let Some(count) = count {
            ui.label(theme::text::small(crate::state::format::count(count)));
        }
    });
    ui.add_space(2.0);
}

/// Draws rows with a line between them.
pub fn rows_ui(ui: &mut Ui, salt: &str, count: usize, mut row: impl FnMut(&mut Ui, usize)) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        if count <= ROOM {
            for index in 0..count {
                row_ui(ui, salt, index, &mut row);
            }
            return;
        }
        ScrollArea::vertical()
            .id_salt(salt)
            .max_height(size::ROW * ROOM as f32)
            .auto_shrink([false, true])
            .show_rows(ui, size::ROW, count, |ui, visible| {
                for index in visible {
                    row_ui(ui, salt, index, &mut row);
                }
            });
    });
}

fn row_ui(ui: &mut Ui, salt: &str, index: usize, row: &mut impl FnMut(&mut Ui, usize)) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::hover());
    let layout = Layout::left_to_right(egui::Align::Center);
    let mut inner = ui.new_child(UiBuilder::new().id_salt((salt, index)).max_rect(rect).layout(layout));
    row_background_ui(&inner, RowLook::default());
    inner.add_space(size::SPACE_XS);
    inner.set_clip_rect(inner.clip_rect().intersect(rect));
    row(&mut inner, index);
}

/// The name at the left, in this part of the row at most. Answers to clicks if `sense` does.
pub fn name_ui(ui: &mut Ui, name: &str, part: f32, sense: Sense) -> Response {
    let width = (ui.available_width() * part).floor();
    ui.allocate_ui_with_layout(vec2(width, size::ROW), Layout::left_to_right(egui::Align::Center), |ui| {
        ui.set_min_width(width);
        ui.add(Label::new(RichText::new(name)).truncate().sense(sense))
    })
    .inner
}

/// The value in the rest of the row: cut, whole on hover, copied with a click.
pub fn value_ui(ui: &mut Ui, value: RichText, whole: &str, right: bool) -> bool {
    let layout = if right {
        Layout::right_to_left(egui::Align::Center)
    } else {
        Layout::left_to_right(egui::Align::Center)
    };
    ui.with_layout(layout, |ui| {
        ui.add_space(size::SPACE_XS);
        ui.add(Label::new(value).truncate().sense(Sense::click()))
            .on_hover_cursor(egui::CursorIcon::PointingHand)
            .on_hover_ui(|ui| {
                let long: String = whole.chars().take(4000).collect();
                ui.label(long);
                ui.label(theme::text::small("Click to copy"));
            })
            .clicked()
    })
    .inner
}
