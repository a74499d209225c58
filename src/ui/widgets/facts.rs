//! Named values: ids that copy, times with the exact one on hover, rows of key and value.

use egui::{Label, Response, RichText, Sense, Ui};

use crate::entities::Millis;
use crate::state::command::Commands;
use crate::state::{Command, format};
use crate::theme::{self, Icon, Themed as _, size};

/// A time as “3 min ago”; the exact one on hover.
pub fn time_ui(ui: &mut Ui, at: Option<Millis>, now: Millis) -> Response {
    match at {
        Some(at) => ui
            .add(Label::new(format::relative_time(at, now)).truncate())
            .on_hover_text(format::exact_time(at)),
        None => ui.label(theme::text::weak("–")),
    }
}

/// An id in mono, shortened, copied with a click.
pub fn copyable_id_ui(ui: &mut Ui, id: &str, what: &'static str, out: &mut Commands) -> Response {
    let text = RichText::new(format::short_id(id)).monospace();
    let response = ui
        .add(Label::new(text).sense(Sense::click()))
        .on_hover_cursor(egui::CursorIcon::PointingHand)
        .on_hover_text(format!("{id}\nClick to copy"));
    if response.clicked() {
        out.push(Command::Copy(id.to_owned(), what));
    }
    response
}

/// A selectable text with a copy button behind it.
pub fn text_with_copy_ui(ui: &mut Ui, text: &str, what: &'static str, out: &mut Commands) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        // The text leaves room for the button, however narrow the column is.
        let room = (ui.available_width() - size::CONTROL - size::SPACE_XS).max(0.0);
        ui.scope(|ui| {
            ui.set_max_width(room);
            ui.add(Label::new(theme::text::mono(text)).truncate().selectable(true)).on_hover_text(text);
        });
        let button = theme::button::icon(Icon::Copy, &format!("Copy {what}"));
        if ui.add(button).on_hover_text(format!("Copy {what}")).clicked() {
            out.push(Command::Copy(text.to_owned(), what));
        }
    });
}

/// What a page is about, cut where the `others` behind it need their room, in points; whole on hover.
pub fn page_name_ui(ui: &mut Ui, name: &str, others: f32) {
    ui.scope(|ui| {
        ui.set_max_width((ui.available_width() - others).max(60.0));
        ui.add(Label::new(theme::text::heading(name)).truncate().selectable(true)).on_hover_text(name);
    });
}

/// The lines of a menu that copies: what a line says, what it copies, shown on hover, and what that is called.
pub fn copy_menu_ui<'a>(
    ui: &mut Ui,
    lines: impl IntoIterator<Item = (&'a str, String, &'static str)>,
    out: &mut Commands,
) {
    for (label, text, what) in lines {
        if ui.add(theme::button::quiet(label)).on_hover_text(&text).clicked() {
            out.push(Command::Copy(text, what));
            ui.close();
        }
    }
}

/// A two-column grid of named values; fill it with [`fact_ui`].
pub fn facts_ui(ui: &mut Ui, salt: &str, add: impl FnOnce(&mut Ui)) {
    egui::Grid::new(ui.make_persistent_id(salt))
        .num_columns(2)
        .min_col_width(110.0)
        .spacing([size::SPACE_L, size::SPACE_XS])
        .show(ui, add);
}

/// One row of [`facts_ui`].
pub fn fact_ui(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui)) {
    let weak = ui.tokens().text_weak;
    ui.label(RichText::new(name).color(weak));
    ui.horizontal(add);
    ui.end_row();
}
