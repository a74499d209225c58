//! Buttons. The default one is [`egui::Button`] as it is.

use egui::{Button, IntoAtoms, Response, Stroke, Ui, Widget};

use super::icon::Icon;
use super::palette::Fill;
use super::size;
use super::tokens::{Themed, Tokens};

/// The one button that does what the screen is for.
pub fn primary<'a>(atoms: impl IntoAtoms<'a>) -> Filled<'a> {
    Filled { button: tinted(atoms), fill: |tokens| tokens.accent_fill }
}

/// The button that destroys.
pub fn danger<'a>(atoms: impl IntoAtoms<'a>) -> Filled<'a> {
    Filled { button: tinted(atoms), fill: |tokens| tokens.danger_fill }
}

/// The default button, with its icon in the colour of its text.
pub fn default<'a>(atoms: impl IntoAtoms<'a>) -> Button<'a> {
    tinted(atoms)
}

/// A button without a frame until the pointer or the focus is on it.
pub fn quiet<'a>(atoms: impl IntoAtoms<'a>) -> Button<'a> {
    tinted(atoms).frame_when_inactive(false)
}

/// A quiet button that is only an icon; `name` is what it is called by screen readers and tests.
/// Add it with `.on_hover_text(name)`.
pub fn icon(icon: Icon, name: &str) -> Button<'static> {
    quiet(icon.image().alt_text(name)).min_size(egui::Vec2::splat(size::CONTROL))
}

fn tinted<'a>(atoms: impl IntoAtoms<'a>) -> Button<'a> {
    Button::new(atoms).image_tint_follows_text_color(true)
}

/// A button filled with a colour, which a plain [`Button::fill`] would keep under the pointer.
#[must_use = "add it with ui.add(…)"]
pub struct Filled<'a> {
    button: Button<'a>,
    fill: fn(&Tokens) -> Fill,
}

impl<'a> Filled<'a> {
    /// Change the button within: its shortcut text, its least size …
    pub fn map(mut self, change: impl FnOnce(Button<'a>) -> Button<'a>) -> Self {
        self.button = change(self.button);
        self
    }
}

impl Widget for Filled<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let tokens = ui.tokens();
        let fill = (self.fill)(tokens);
        ui.scope(|ui| {
            let visuals = ui.visuals_mut();
            visuals.weak_text_color = Some(tokens.text_on_fill);
            let widgets = &mut visuals.widgets;
            for (widget, color) in [
                (&mut widgets.noninteractive, fill.rest),
                (&mut widgets.inactive, fill.rest),
                (&mut widgets.hovered, fill.hover),
                (&mut widgets.active, fill.pressed),
            ] {
                widget.weak_bg_fill = color;
                widget.bg_stroke = Stroke::new(size::HAIRLINE, color);
                widget.fg_stroke.color = tokens.text_on_fill;
            }
            widgets.active.bg_stroke = Stroke::new(size::FOCUS_RING, tokens.text_strong);
            ui.add(self.button)
        })
        .inner
    }
}
