//! Rows of tags in a form.

use egui::Ui;

use crate::state::registry::life::forms::TypedTags;
use crate::theme::{self, Icon, size};
use crate::ui::widgets::form::{Below, Form, below_ui};

/// Width of a key's field, in points.
const KEY_WIDTH: f32 = 150.0;
/// Rows that are shown before they scroll.
const MOST_ROWS: f32 = 5.0;

/// Draws the rows, and a button for one more. `focus`: the row whose key takes the cursor.
pub(super) fn show(ui: &mut Ui, form: &mut Form, tags: &mut TypedTags, focus: &mut Option<usize>) {
    ui.label(theme::text::label("Tags"));
    let mut removed = None;
    let room = MOST_ROWS * (size::CONTROL + size::SPACE_XS);
    egui::ScrollArea::vertical().id_salt("tags").max_height(room).show(ui, |ui| {
        for row in 0..tags.rows.len() {
            row_ui(ui, form, tags, row, focus, &mut removed);
        }
    });
    if let Some(row) = removed {
        tags.rows.remove(row);
    }
    if ui.add(theme::button::quiet((Icon::Add.image().alt_text(""), "Add tag"))).clicked() {
        *focus = Some(tags.rows.len());
        tags.rows.push(Default::default());
    }
}

fn row_ui(
    ui: &mut Ui,
    form: &mut Form,
    tags: &mut TypedTags,
    row: usize,
    focus: &mut Option<usize>,
    removed: &mut Option<usize>,
) {
    let number = row + 1;
    let (key, value) = &mut tags.rows[row];
    ui.push_id(row, |ui| {
        ui.horizontal(|ui| {
            let response = form.bare_field_ui(ui, &format!("Key of tag {number}"), "key", KEY_WIDTH, key);
            if *focus == Some(row) {
                response.request_focus();
                response.scroll_to_me(None);
                *focus = None;
            }
            let width = ui.available_width() - size::CONTROL - 2.0 * size::SPACE_S - size::SPACE_S;
            form.bare_field_ui(ui, &format!("Value of tag {number}"), "value", width, value);
            let remove = theme::button::icon(Icon::Close, &format!("Remove tag {number}"));
            if ui.add(remove).on_hover_text("Remove").clicked() {
                *removed = Some(row);
            }
        });
    });
    if let Some(problem) = tags.problem(row) {
        below_ui(ui, Below::Problem(problem));
    }
}
