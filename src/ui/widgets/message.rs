//! Screens and bars that say why there is nothing, what is on its way, or what failed.

use egui::{Align, Layout, Ui, vec2};

use crate::state::Command;
use crate::state::command::Commands;
use crate::theme::{self, Icon, Themed as _, size};
use crate::tracking::TrackingError;

/// An empty screen: what would be here, and how to fill it, with the lines of Python that do it.
pub fn empty_ui(ui: &mut Ui, icon: Icon, title: &str, text: &str, python: Option<&str>, out: &mut Commands) {
    centred_ui(ui, |ui| {
        let tint = ui.tokens().text_weak;
        ui.add(
            icon.image().fit_to_exact_size(vec2(size::ICON_EMPTY, size::ICON_EMPTY)).tint(tint).alt_text(""),
        );
        ui.add_space(size::SPACE_S);
        ui.label(theme::text::title(title));
        ui.label(theme::text::weak(text));
        if let Some(python) = python {
            ui.add_space(size::SPACE_M);
            code_ui(ui, python, out);
        }
    });
}

/// What is on its way, without anything that moves: an idle window costs no CPU.
pub fn loading_ui(ui: &mut Ui, what: &str) {
    centred_ui(ui, |ui| {
        ui.label(theme::text::weak(format!("Loading {what}…")));
    });
}

/// A failure where there is nothing else to show: what, why, what to do next, Retry and Copy details.
pub fn failure_ui(ui: &mut Ui, what: &str, error: &TrackingError, retry: Command, out: &mut Commands) {
    centred_ui(ui, |ui| {
        let tint = ui.tokens().failure.fg;
        ui.add(
            Icon::Error
                .image()
                .fit_to_exact_size(vec2(size::ICON_EMPTY, size::ICON_EMPTY))
                .tint(tint)
                .alt_text(""),
        );
        ui.add_space(size::SPACE_S);
        ui.label(theme::text::title(what));
        ui.label(error.to_string());
        ui.label(theme::text::weak(error.next_step()));
        ui.add_space(size::SPACE_M);
        ui.horizontal(|ui| {
            // Two buttons, centred by hand: a horizontal layout fills the width.
            ui.add_space((ui.available_width() - 190.0).max(0.0) / 2.0);
            failure_buttons_ui(ui, error, retry, out);
        });
    });
}

/// A failure above what is still shown from before.
pub fn failure_bar_ui(ui: &mut Ui, what: &str, error: &TrackingError, retry: Command, out: &mut Commands) {
    let tint = ui.tokens().failure;
    egui::Frame::new().fill(tint.bg).inner_margin(size::SPACE_S).corner_radius(size::RADIUS).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.add(Icon::Error.image().tint(tint.fg).alt_text(""));
            ui.colored_label(tint.fg, format!("{what}: {error}"));
            ui.label(theme::text::weak(error.next_step()));
            failure_buttons_ui(ui, error, retry, out);
        });
    });
}

/// Says why not everything is here: with the first text in the middle where nothing is, with the second above what is.
/// Answers whether there is nothing else to draw.
pub fn failed_load_ui(
    ui: &mut Ui,
    error: Option<&TrackingError>,
    nothing: bool,
    [none, not_all]: [&str; 2],
    out: &mut Commands,
) -> bool {
    match error {
        Some(error) if nothing => failure_ui(ui, none, error, Command::Refresh, out),
        Some(error) => failure_bar_ui(ui, not_all, error, Command::Refresh, out),
        None => {}
    }
    error.is_some() && nothing
}

fn failure_buttons_ui(ui: &mut Ui, error: &TrackingError, retry: Command, out: &mut Commands) {
    if ui.add(theme::button::default((Icon::Refresh.image(), "Retry"))).clicked() {
        out.push(retry);
    }
    if ui.add(theme::button::quiet((Icon::Copy.image(), "Copy details"))).clicked() {
        out.push(Command::Copy(error.details(), "details"));
    }
}

/// A few lines of code with a copy button.
fn code_ui(ui: &mut Ui, code: &str, out: &mut Commands) {
    let fill = ui.tokens().code_bg;
    egui::Frame::new().fill(fill).inner_margin(size::SPACE_M).corner_radius(size::RADIUS).show(ui, |ui| {
        // As wide as its longest line, so that it stands in the middle.
        let font = egui::TextStyle::Monospace.resolve(ui.style());
        let lines = ui.painter().layout_no_wrap(code.to_owned(), font, ui.tokens().text);
        ui.set_width(lines.size().x.ceil().min(ui.available_width() * 0.8));
        ui.with_layout(Layout::top_down(Align::Min), |ui| {
            ui.add(egui::Label::new(theme::text::mono(code)).selectable(true));
            if ui.add(theme::button::quiet((Icon::Copy.image(), "Copy"))).clicked() {
                out.push(Command::Copy(code.to_owned(), "code"));
            }
        });
    });
}

/// What stands in the middle of an empty screen, a little above it.
pub fn centred_ui(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.28).max(size::SPACE_L));
        add(ui);
    });
}
