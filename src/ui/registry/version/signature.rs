//! A signature as tables: what goes in, what comes out, what can be told.

use egui::{Label, Layout, Ui, UiBuilder};

use crate::entities::{Signature, SignatureField};
use crate::theme::{self};
use crate::ui::widgets::{heading_ui, rows_ui};

const NAME_WIDTH: f32 = 170.0;
const NOTE_WIDTH: f32 = 90.0;

/// Draws the parts that there are.
pub fn show(ui: &mut Ui, signature: &Signature) {
    let parts =
        [("Inputs", &signature.inputs), ("Outputs", &signature.outputs), ("Params", &signature.params)];
    for (title, fields) in parts.into_iter().filter(|(_, fields)| !fields.is_empty()) {
        heading_ui(ui, title, Some(fields.len()));
        rows_ui(ui, title, fields.len(), |ui, index| field_ui(ui, &fields[index]));
    }
    if signature.inputs.is_empty() && signature.outputs.is_empty() {
        heading_ui(ui, "Signature", None);
        ui.label(theme::text::weak("It says nothing about inputs and outputs"));
    }
}

/// Name, type, and whether it must be given.
fn field_ui(ui: &mut Ui, field: &SignatureField) {
    let row = ui.max_rect();
    let name = row.with_max_x(row.left() + NAME_WIDTH);
    let note = row.with_min_x(row.right() - NOTE_WIDTH);
    let of_type = row.with_min_x(name.right()).with_max_x(note.left());
    cell_ui(ui, name, |ui| {
        let text = if field.name.is_empty() { "–" } else { &field.name };
        ui.add(Label::new(text).truncate());
    });
    cell_ui(ui, of_type, |ui| {
        ui.add(Label::new(theme::text::mono(&field.data_type)).truncate());
    });
    cell_ui(ui, note, |ui| match &field.default {
        Some(default) => {
            ui.add(Label::new(theme::text::small(format!("= {default}"))).truncate());
        }
        None => {
            ui.label(theme::text::small(if field.required { "required" } else { "optional" }));
        }
    });
}

fn cell_ui(ui: &mut Ui, rect: egui::Rect, add: impl FnOnce(&mut Ui)) {
    let layout = Layout::left_to_right(egui::Align::Center);
    add(&mut ui.new_child(UiBuilder::new().max_rect(rect.shrink2(egui::vec2(2.0, 0.0))).layout(layout)));
}
