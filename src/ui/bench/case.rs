//! The editor of one prompt: what is asked, and what is expected.

use egui::{Align, ComboBox, Key, Label, Layout, ScrollArea, TextEdit, Ui};

use crate::state::bench::BenchCommand;
use crate::state::bench::check::{Check, CheckKind};
use crate::state::bench::set::{Case, Prompt};
use crate::state::command::Commands;
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::widgets::form::hinted_ui;

/// What is typed into fields that cannot say it themselves.
#[derive(Default)]
pub(super) struct CaseView {
    takes_focus: bool,
    /// What a JSON path has to lead to, while it is no JSON yet: by the prompt and the place of the check.
    value: Option<(String, usize, String)>,
}

impl CaseView {
    /// The prompt's field takes the cursor.
    pub(super) fn take_focus(&mut self) {
        self.takes_focus = true;
    }

    /// Draws it. `false`: it was closed.
    pub(super) fn show(&mut self, ui: &mut Ui, set: u64, case: &Case, out: &mut Commands) -> bool {
        let mut open = true;
        ui.horizontal(|ui| {
            ui.label(theme::text::title("Prompt"));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                open = !ui.add(theme::button::icon(Icon::Close, "Close the prompt")).clicked();
                let delete = theme::button::icon(Icon::Delete, "Delete the prompt");
                if ui.add(delete).on_hover_text("Delete").clicked() {
                    out.push(BenchCommand::DeleteCases(set, vec![case.id.clone()]));
                }
            });
        });
        let mut edited = case.clone();
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.push_id(&case.id, |ui| self.fields_ui(ui, &mut edited));
        });
        if edited != *case {
            out.push(BenchCommand::PutCase(set, Box::new(edited)));
        }
        open
    }

    fn fields_ui(&mut self, ui: &mut Ui, case: &mut Case) {
        let mut leave = false;
        match &mut case.prompt {
            Prompt::Text(text) => {
                let field = area_ui(ui, "What is asked", "Why is OTIF down this week?", 4, text);
                if std::mem::take(&mut self.takes_focus) {
                    field.request_focus();
                }
                leave = field.has_focus() && ui.input(|input| input.key_pressed(Key::Escape));
            }
            Prompt::Messages(messages) => {
                let count = messages.len();
                for (at, message) in messages.iter_mut().enumerate() {
                    let label = if at + 1 == count { "What is asked" } else { message.role.as_str() };
                    let label = label.to_owned();
                    ui.push_id(at, |ui| area_ui(ui, &label, "", 2, &mut message.content));
                }
            }
        }
        if leave {
            ui.memory_mut(egui::Memory::stop_text_input);
        }
        if let Some(problem) = case.problem() {
            ui.add(Label::new(egui::RichText::new(problem).small().color(ui.tokens().warning.fg)).wrap());
        }
        ui.add_space(size::SPACE_S);
        self.checks_ui(ui, case);
        ui.add_space(size::SPACE_S);
        area_ui(ui, "Expected", "A good answer, to read beside those that come", 3, &mut case.expected);
        area_ui(ui, "System prompt", "", 2, &mut case.system_prompt);
        area_ui(ui, "Custom inputs", "{\"key\": \"value\"}", 2, &mut case.custom_inputs);
        area_ui(ui, "Note", "", 2, &mut case.note);
        if !case.extra.is_empty() {
            ui.label(theme::text::label("From its source"));
            for (key, value) in &case.extra {
                ui.add(Label::new(theme::text::small(format!("{key}: {value}"))).wrap());
            }
        }
    }

    fn checks_ui(&mut self, ui: &mut Ui, case: &mut Case) {
        ui.label(theme::text::label("Checks"));
        let mut gone = None;
        let id = case.id.clone();
        for (at, check) in case.checks.iter_mut().enumerate() {
            ui.push_id(at, |ui| {
                ui.horizontal(|ui| {
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        let remove = theme::button::icon(Icon::Remove, &format!("Remove check {}", at + 1));
                        if ui.add(remove).on_hover_text("Remove").clicked() {
                            gone = Some(at);
                        }
                        ui.with_layout(Layout::left_to_right(Align::Center), |ui| check_ui(ui, at, check));
                    });
                });
                if check.kind() == CheckKind::JsonPath {
                    self.value_ui(ui, (&id, at), check);
                }
            });
        }
        if let Some(at) = gone {
            case.checks.remove(at);
        }
        if ui.add(theme::button::quiet((Icon::Add.image(), "Add check"))).clicked() {
            case.checks.push(CheckKind::Contains.with(""));
        }
    }

    /// What a JSON path has to lead to.
    fn value_ui(&mut self, ui: &mut Ui, (id, at): (&str, usize), check: &mut Check) {
        let typing = self.value.take_if(|(of, place, _)| of == id && *place == at);
        let mut typed = typing.map_or_else(|| check.wanted_value(), |(.., typed)| typed);
        let field = TextEdit::singleline(&mut typed).hint_text("anything but null and false");
        let field =
            ui.add(field.desired_width(f32::INFINITY)).accessible_name(format!("Value of check {}", at + 1));
        if field.changed() {
            check.want_value(&typed);
        }
        if field.has_focus() {
            self.value = Some((id.to_owned(), at, typed));
        }
    }
}

fn check_ui(ui: &mut Ui, at: usize, check: &mut Check) {
    let mut kind = check.kind();
    let combo = ComboBox::from_id_salt("kind").selected_text(kind.label()).width(126.0);
    let response = combo.show_ui(ui, |ui| {
        for other in CheckKind::ALL {
            ui.selectable_value(&mut kind, other, other.label());
        }
    });
    response.response.accessible_name(format!("Kind of check {}", at + 1));
    let mut typed = check.typed().to_owned();
    let hint = match kind {
        CheckKind::Regex => "\\d+ %",
        CheckKind::JsonPath => "$.items[0].name",
        CheckKind::CallsTool => "query_otif",
        _ => "text",
    };
    let field = TextEdit::singleline(&mut typed).hint_text(hint).desired_width(f32::INFINITY);
    let field = hinted_ui(ui, field).accessible_name(format!("Check {}", at + 1));
    if kind != check.kind() {
        *check = kind.with(&typed);
    } else if field.changed() {
        check.retype(typed);
    }
}

fn area_ui(ui: &mut Ui, label: &str, hint: &str, rows: usize, text: &mut String) -> egui::Response {
    ui.label(theme::text::label(label));
    let field = TextEdit::multiline(text).hint_text(hint).desired_rows(rows).desired_width(f32::INFINITY);
    let response = hinted_ui(ui, field).accessible_name(label);
    ui.add_space(size::SPACE_XS);
    response
}
