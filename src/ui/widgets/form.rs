//! A form in a dialog: labelled fields, what is wrong with them below, and buttons at its end. Enter in a field of one
//! line confirms once everything is right; until then it does nothing, and the cursor stays.

use egui::containers::modal::ModalResponse;
use egui::{
    Align, AreaState, Context, Frame, Id, Key, Label, Layout, Margin, Modal, Modifiers, Response, RichText,
    ScrollArea, TextEdit, Ui,
};

use crate::theme::{self, Icon, Themed as _, size};

/// One form while it is drawn.
#[derive(Debug, Default)]
pub struct Form {
    entered: bool,
    first: bool,
}

/// What stands below a field.
#[derive(Clone, Copy, Debug, Default)]
pub enum Below<'a> {
    /// Nothing; its room is kept, so that nothing jumps.
    #[default]
    Nothing,
    /// What the value means.
    Note(&'a str),
    /// What the user should think of.
    Warning(&'a str),
    /// Why it cannot stay so.
    Problem(&'a str),
}

/// How a form goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Formed {
    /// It does.
    On,
    /// It was confirmed.
    Confirmed,
    /// It was given up.
    Cancelled,
}

impl Form {
    /// Starts a form. `opens`: it was not there in the frame before, so its first field takes the cursor.
    pub fn new(opens: bool) -> Self {
        Self { entered: false, first: opens }
    }

    /// A field of one line below its label, which is its accessible name too; `hint` shows what could be typed.
    pub fn field_ui(
        &mut self,
        ui: &mut Ui,
        label: &str,
        hint: &str,
        text: &mut String,
        below: Below<'_>,
    ) -> Response {
        ui.label(theme::text::label(label));
        let response = self.bare_field_ui(ui, label, hint, f32::INFINITY, text);
        below_ui(ui, below);
        response
    }

    /// The field alone, for rows of fields.
    pub fn bare_field_ui(
        &mut self,
        ui: &mut Ui,
        name: &str,
        hint: &str,
        width: f32,
        text: &mut String,
    ) -> Response {
        self.take_typed(ui, text);
        self.line_ui(ui, name, TextEdit::singleline(text).hint_text(hint).desired_width(width))
    }

    /// A field for a secret: dots.
    pub fn secret_field_ui(&mut self, ui: &mut Ui, name: &str, hint: &str, text: &mut String) -> Response {
        self.take_typed(ui, text);
        let field = TextEdit::singleline(text).hint_text(hint).password(true);
        self.line_ui(ui, name, field.desired_width(f32::INFINITY))
    }

    /// What was typed since the form was asked for is meant for its first field, which has no cursor yet: in its first
    /// frame a dialog is measured, and takes nothing.
    fn take_typed(&self, ui: &Ui, text: &mut String) {
        if !self.first {
            return;
        }
        ui.input_mut(|input| {
            input.events.retain(|event| match event {
                egui::Event::Text(typed) => {
                    text.extend(typed.chars().filter(|c| !c.is_control()));
                    false
                }
                _ => true,
            });
        });
    }

    fn line_ui(&mut self, ui: &mut Ui, name: &str, field: TextEdit<'_>) -> Response {
        let field = field.return_key(None);
        let response = hinted_ui(ui, field).accessible_name(name);
        if std::mem::take(&mut self.first) {
            // The Enter of this frame is the one that opened the form.
            response.request_focus();
        } else if response.has_focus() {
            self.entered |= take_enter(ui.ctx(), Modifiers::NONE);
        }
        response
    }

    /// A field of several lines below its label. Ctrl+Enter confirms in it.
    pub fn text_ui(
        &mut self,
        ui: &mut Ui,
        label: &str,
        hint: &str,
        rows: usize,
        text: &mut String,
    ) -> Response {
        ui.label(theme::text::label(label));
        self.take_typed(ui, text);
        let field = TextEdit::multiline(text).hint_text(hint).desired_rows(rows).desired_width(f32::INFINITY);
        // Enter belongs to the text; with Ctrl it is taken before the field sees it.
        let id = ui.make_persistent_id(("form text", label));
        if ui.memory(|memory| memory.has_focus(id)) {
            self.entered |= take_enter(ui.ctx(), Modifiers::COMMAND);
        }
        let room = rows as f32 * size::CONTROL;
        let area = ScrollArea::vertical().id_salt(("form text area", label)).max_height(room);
        let response = area.show(ui, |ui| hinted_ui(ui, field.id(id))).inner.accessible_name(label);
        if std::mem::take(&mut self.first) {
            response.request_focus();
        }
        ui.add_space(size::SPACE_S);
        response
    }

    /// Whether Enter was pressed in one of its fields so far, for forms that have buttons of their own.
    pub fn was_entered(&self) -> bool {
        self.entered
    }

    /// Enter confirms also where no field and no button has the cursor, as after a click on a choice. `opens` as for
    /// [`Self::new`].
    pub fn take_free_enter(&mut self, ui: &Ui, opens: bool) {
        if !opens && ui.memory(|memory| memory.focused().is_none()) {
            self.entered |= take_enter(ui.ctx(), Modifiers::NONE);
        }
    }

    /// The buttons. `ready`: it can be confirmed; `busy`: it is being carried out, with what is being done.
    pub fn end_ui(&self, ui: &mut Ui, button: Confirm<'_>, ready: bool, busy: Option<&str>) -> Formed {
        let mut formed = if self.entered && ready && busy.is_none() { Formed::Confirmed } else { Formed::On };
        ui.add_space(size::SPACE_S);
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let enabled = ready && busy.is_none();
                let confirm = match button {
                    Confirm::Primary(label) => ui.add_enabled(enabled, theme::button::primary(label)),
                    Confirm::Danger(label) => ui.add_enabled(enabled, theme::button::danger(label)),
                };
                if confirm.clicked() {
                    formed = Formed::Confirmed;
                }
                let close = if busy.is_some() { "Close" } else { "Cancel" };
                if ui.add(theme::button::default(close)).clicked() {
                    formed = Formed::Cancelled;
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(Label::new(theme::text::small(busy.unwrap_or_default())).truncate());
                });
            });
        });
        formed
    }
}

/// The button that confirms a form.
#[derive(Clone, Copy, Debug)]
pub enum Confirm<'a> {
    /// It makes or changes something.
    Primary(&'a str),
    /// It destroys something.
    Danger(&'a str),
}

/// The line below a field.
pub fn below_ui(ui: &mut Ui, below: Below<'_>) {
    let tokens = ui.tokens();
    let (text, color) = match below {
        Below::Nothing => ("", tokens.text_weak),
        Below::Note(text) => (text, tokens.text_weak),
        Below::Warning(text) => (text, tokens.warning.fg),
        Below::Problem(text) => (text, tokens.failure.fg),
    };
    ui.add(Label::new(RichText::new(text).small().color(color)).wrap());
    ui.add_space(size::SPACE_XS);
}

/// A text field whose hint cannot be taken for a value.
pub fn hinted_ui(ui: &mut Ui, field: TextEdit<'_>) -> Response {
    ui.scope(|ui| {
        ui.visuals_mut().weak_text_color = Some(ui.tokens().text_disabled);
        ui.add(field)
    })
    .inner
}

/// A dialog over everything, at most `width` wide. `true` beside what `add` answers: Esc was pressed, or a click fell
/// beside it.
pub fn dialog_ui<T>(ctx: &Context, id: &str, width: f32, add: impl FnOnce(&mut Ui) -> T) -> (T, bool) {
    let shown = show_modal(ctx, modal(ctx, id), |ui| {
        ui.set_width(width.min(ui.ctx().content_rect().width() - 2.0 * size::SPACE_XXL));
        add(ui)
    });
    let closes = shown.should_close();
    (shown.inner, closes)
}

/// The buttons at a dialog's end, the first one at the right.
pub fn buttons_ui<T>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> T) -> T {
    // Within a row: by itself a layout from the right is as high as the window allows.
    ui.horizontal(|ui| ui.with_layout(Layout::right_to_left(Align::Center), add).inner).inner
}

/// The frame of every dialog.
pub fn modal(ctx: &Context, id: &str) -> Modal {
    let frame = Frame::popup(&ctx.global_style()).inner_margin(size::SPACE_L);
    Modal::new(Id::unique(id)).backdrop_color(ctx.tokens().scrim).frame(frame)
}

/// Shows a dialog in the middle of the window, by the size that it has now: egui takes that of the pass before, and
/// what comes into a dialog would move it for a frame, from under the pointer.
pub fn show_modal<T>(ctx: &Context, modal: Modal, add: impl FnOnce(&mut Ui) -> T) -> ModalResponse<T> {
    let id = modal.area.layer().id;
    let size = || AreaState::load(ctx, id).and_then(|state| state.size);
    let before = size();
    let shown = modal.show(ctx, add);
    if before.is_some() && size() != before {
        ctx.request_discard("a dialog stands in the middle");
        if !ctx.will_discard() {
            ctx.request_repaint();
        }
    }
    shown
}

/// Why a form is still there after it was confirmed.
pub fn failed_ui(ui: &mut Ui, text: &str) {
    let tint = ui.tokens().failure;
    let margin = Margin::symmetric(size::SPACE_S as i8, size::SPACE_XS as i8);
    Frame::new().fill(tint.bg).corner_radius(size::RADIUS).inner_margin(margin).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_top(|ui| {
            ui.add(Icon::Error.tinted(tint.fg).alt_text(""));
            ui.add(Label::new(RichText::new(text).color(tint.fg)).wrap());
        });
    });
    ui.add_space(size::SPACE_S);
}

/// Enter, pressed anew and taken away from whoever looks after.
fn take_enter(ctx: &Context, modifiers: Modifiers) -> bool {
    ctx.input_mut(|input| {
        let held = input.events.iter().any(|event| {
            matches!(event, egui::Event::Key { key: Key::Enter, pressed: true, repeat: true, .. })
        });
        input.consume_key(modifiers, Key::Enter) && !held
    })
}
