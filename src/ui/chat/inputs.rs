//! Custom inputs and context: a form where the fields are known, else JSON; and the way from one to the other.

use egui::{Align, ComboBox, Label, Layout, Sense, TextEdit, TextStyle, Ui, UiBuilder, vec2};

use super::header::word_ui;
use super::json::json_ui;
use crate::agent::{FieldKind, FormRow, InputField, InputsForm};
use crate::state::format::counted;
use crate::theme::{self, Themed as _, size};
use crate::ui::widgets;

/// Width of a field's name beside the field, in points.
const NAME: f32 = 200.0;
/// Narrower forms have names above their fields, in points.
const NARROW: f32 = 440.0;

/// An object that is being typed.
#[derive(Default)]
pub(super) struct InputsView {
    /// Its JSON, or nothing.
    pub text: String,
    /// The same as a form, and the text that it stands for.
    form: Option<(InputsForm, String)>,
    /// The user would rather type JSON.
    as_json: bool,
}

impl InputsView {
    /// Draws it. Whether it was changed.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        name: &str,
        hint: &str,
        fields: &[InputField],
        problem: Option<&str>,
    ) -> bool {
        if fields.is_empty() {
            return json_ui(ui, name, hint, &mut self.text, problem);
        }
        if !self.as_json && self.take_up(fields) {
            let changed = self.form_ui(ui, name);
            self.as_json = ways_ui(ui, name, false).unwrap_or(false);
            return changed;
        }
        let changed = json_ui(ui, name, hint, &mut self.text, problem);
        // What is no JSON has no fields to fill in.
        self.as_json = problem.is_some() || ways_ui(ui, name, true).unwrap_or(true);
        changed
    }

    /// Reads the form anew where the text or the fields are others. Whether there is one.
    fn take_up(&mut self, fields: &[InputField]) -> bool {
        let fits = self.form.as_ref().is_some_and(|(form, written)| {
            *written == self.text && form.rows.iter().map(|row| &row.field).eq(fields)
        });
        if !fits {
            self.form = InputsForm::read(&self.text, fields).map(|form| (form, self.text.clone()));
        }
        self.form.is_some()
    }

    fn form_ui(&mut self, ui: &mut Ui, name: &str) -> bool {
        let Some((form, written)) = &mut self.form else { return false };
        ui.label(theme::text::label(name));
        let mut changed = false;
        ui.indent(("form", name), |ui| {
            for row in &mut form.rows {
                changed |= ui.scope(|ui| row_ui(ui, row)).inner;
            }
            let others = form.others();
            if others > 0 {
                let other = counted(others, "other key, sent as it is", "other keys, sent as they are");
                ui.label(theme::text::small(other));
            }
        });
        if changed {
            self.text = form.write();
            written.clone_from(&self.text);
        }
        changed
    }
}

/// The way of typing, if another is wanted.
fn ways_ui(ui: &mut Ui, name: &str, as_json: bool) -> Option<bool> {
    widgets::switch_ui(ui, name, as_json, &[(false, "Form"), (true, "JSON")])
}

/// A field beside its name, or below it where that leaves it no room.
fn row_ui(ui: &mut Ui, row: &mut FormRow) -> bool {
    // What is wrong stands close to what it is about.
    ui.spacing_mut().item_spacing.y = 2.0;
    let is_narrow = ui.available_width() < NARROW;
    let changed = if is_narrow {
        ui.horizontal(|ui| {
            ui.spacing_mut().interact_size.y = ui.text_style_height(&TextStyle::Small);
            name_ui(ui, &row.field);
        });
        value_ui(ui, row)
    } else {
        ui.horizontal(|ui| {
            let (name, _) = ui.allocate_exact_size(vec2(NAME, size::CONTROL), Sense::hover());
            let beside = UiBuilder::new().max_rect(name).layout(Layout::left_to_right(Align::Center));
            name_ui(&mut ui.new_child(beside), &row.field);
            value_ui(ui, row)
        })
        .inner
    };
    if let Some(problem) = row.problem() {
        let tokens = ui.tokens();
        let color = if row.typed.is_empty() { tokens.text_weak } else { tokens.failure.fg };
        ui.horizontal(|ui| {
            ui.spacing_mut().interact_size.y = ui.text_style_height(&TextStyle::Small);
            if !is_narrow {
                ui.add_space(NAME + ui.spacing().item_spacing.x);
            }
            word_ui(ui, problem.to_owned(), color);
        });
    }
    changed
}

fn name_ui(ui: &mut Ui, field: &InputField) {
    ui.spacing_mut().item_spacing.x = size::SPACE_XS;
    let need = if field.required { ", required" } else { "" };
    let hint = format!("{}: {}{need}", field.name, field.data_type);
    ui.label(theme::text::label(field.name.as_str()));
    let kind = theme::text::small(format!("{}{need}", field.data_type));
    ui.add(Label::new(kind).truncate()).on_hover_text(hint);
}

fn value_ui(ui: &mut Ui, row: &mut FormRow) -> bool {
    let name = row.field.name.clone();
    match row.kind {
        FieldKind::Switch => flag_ui(ui, row),
        FieldKind::Json => {
            let field =
                TextEdit::multiline(&mut row.typed).code_editor().desired_rows(1).hint_text("Not sent");
            ui.add(field.desired_width(f32::INFINITY)).accessible_name(&name).changed()
        }
        FieldKind::Text | FieldKind::Whole | FieldKind::Number => {
            let field = TextEdit::singleline(&mut row.typed).hint_text("Not sent");
            ui.add(field.desired_width(f32::INFINITY)).accessible_name(&name).changed()
        }
    }
}

fn flag_ui(ui: &mut Ui, row: &mut FormRow) -> bool {
    let before = row.typed.clone();
    let word = |typed: &str| if typed.is_empty() { "Not sent".to_owned() } else { typed.to_owned() };
    let combo = ComboBox::from_id_salt(&row.field.name).selected_text(word(&before));
    let shown = combo.show_ui(ui, |ui| {
        for value in ["", "true", "false"] {
            ui.selectable_value(&mut row.typed, value.to_owned(), word(value));
        }
    });
    shown.response.accessible_name(&row.field.name);
    row.typed != before
}
