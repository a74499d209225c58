//! A small dialog with one field: type where to go, or where an alias shall stand.

use egui::{Context, Key, Modifiers, TextEdit};

use crate::theme::{self, size};
use crate::ui::widgets::form::{modal, show_modal};

/// The dialog, with what is typed in it.
#[derive(Debug)]
pub struct Ask {
    title: String,
    field: &'static str,
    text: String,
    opened: bool,
}

/// What became of the question in this frame.
#[derive(Debug)]
pub enum Answer<T> {
    /// It stays open.
    NotYet,
    /// It is to be closed.
    GivenUp,
    /// It is to be closed, with this.
    Given(T),
}

impl Ask {
    /// Asks under a title; `field` is the field's accessible name and its hint.
    pub fn new(title: impl Into<String>, field: &'static str) -> Self {
        Self { title: title.into(), field, text: String::new(), opened: false }
    }

    /// Draws it. `check` reads what is typed, or says why that cannot be.
    pub fn show<T>(
        &mut self,
        ctx: &Context,
        button: &str,
        check: impl FnOnce(&str) -> Result<T, String>,
    ) -> Answer<T> {
        let modal = show_modal(ctx, modal(ctx, "ask"), |ui| {
            ui.set_width(320.0);
            ui.label(theme::text::title(&self.title));
            ui.add_space(size::SPACE_S);
            let field =
                TextEdit::singleline(&mut self.text).hint_text(self.field).desired_width(f32::INFINITY);
            let response = ui.add(field).accessible_name(self.field);
            if !std::mem::replace(&mut self.opened, true) {
                response.request_focus();
            }
            let enter =
                response.lost_focus() && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
            let read = check(self.text.trim());
            let problem = read.as_ref().err().filter(|_| !self.text.is_empty());
            ui.label(theme::text::small(problem.map_or("", String::as_str)));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let clicked = ui.add_enabled(read.is_ok(), theme::button::primary(button)).clicked();
                let given_up = ui.add(theme::button::default("Cancel")).clicked();
                match read {
                    Ok(read) if clicked || enter => Answer::Given(read),
                    _ if given_up => Answer::GivenUp,
                    _ => Answer::NotYet,
                }
            })
            .inner
        });
        let leaves = modal.should_close() && matches!(modal.inner, Answer::NotYet);
        if leaves { Answer::GivenUp } else { modal.inner }
    }
}
