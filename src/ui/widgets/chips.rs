//! Chips: aliases, tags, statuses.

use egui::{Align2, Response, RichText, Role, Sense, TextStyle, Ui, WidgetInfo, vec2};

use crate::theme::{self, Icon, Themed as _, Tint, size};

/// How an alias chip is called by screen readers and tests: `alias prod`.
pub fn alias_name(alias: &str) -> String {
    format!("alias {alias}")
}

/// An alias as a chip in its own colour. With `Sense::click_and_drag` it can be taken by pointer and keyboard.
pub fn alias_chip_ui(ui: &mut Ui, alias: &str, sense: Sense) -> Response {
    let tint = ui.tokens().alias(alias);
    chip_ui(ui, alias, &alias_name(alias), tint, sense)
}

/// An alias with the version it points at, only to be read; its accessible name is `prod → v3`.
pub fn alias_label_ui(ui: &mut Ui, alias: &str, version: crate::entities::VersionNumber) -> Response {
    let tint = ui.tokens().alias(alias);
    let name = format!("{alias} → v{version}");
    let response = chip_ui(ui, alias, &name, tint, Sense::hover());
    // A tip that was open when something was dropped here would stay above the dialog.
    if ui.memory(|memory| memory.top_modal_layer().is_none()) {
        response.on_hover_text(name)
    } else {
        response
    }
}

/// An alias with its version, which a click goes to; its accessible name is `go to prod on v3`.
pub fn alias_go_ui(ui: &mut Ui, alias: &str, version: crate::entities::VersionNumber) -> Response {
    let tint = ui.tokens().alias(alias);
    let text = format!("{alias} v{version}");
    chip_ui(ui, &text, &format!("go to {alias} on v{version}"), tint, Sense::click())
        .on_hover_cursor(egui::CursorIcon::PointingHand)
}

/// A version in the colour of the alias that points at it.
pub fn alias_version_ui(ui: &mut Ui, alias: &str, version: crate::entities::VersionNumber) -> Response {
    let (tint, text) = (ui.tokens().alias(alias), format!("v{version}"));
    chip_ui(ui, &text, &text, tint, Sense::hover())
}

/// The outline of an alias that is not here any more; `name` says so.
pub fn alias_ghost_ui(ui: &mut Ui, alias: &str, name: &str) -> Response {
    let tokens = ui.tokens();
    let tint =
        Tint { fg: tokens.text_weak, bg: egui::Color32::TRANSPARENT, border: tokens.alias(alias).border };
    chip_ui(ui, alias, name, tint, Sense::hover())
}

/// A tag as `key: value`, cut at a width that leaves room for others; whole on hover.
pub fn tag_chip_ui(ui: &mut Ui, key: &str, value: &str) -> Response {
    let tint = ui.tokens().neutral_chip;
    let text = if value.is_empty() { key.to_owned() } else { format!("{key}: {value}") };
    let short = shorten(&text, 28);
    chip_ui(ui, &short, &format!("tag {text}"), tint, Sense::hover()).on_hover_text(text)
}

/// An icon and a word in the colour of a status.
pub fn status_ui(ui: &mut Ui, icon: Icon, word: &str, tint: Tint) -> Response {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        ui.add(
            icon.image().fit_to_exact_size(egui::Vec2::splat(size::ICON_SMALL)).tint(tint.fg).alt_text(""),
        );
        ui.label(RichText::new(word).color(tint.fg));
    })
    .response
}

/// How wide a chip with this text is, in points.
pub fn chip_width(ui: &Ui, text: &str) -> f32 {
    let font = TextStyle::Small.resolve(ui.style());
    ui.painter().layout_no_wrap(text.to_owned(), font, ui.tokens().text).size().x + 2.0 * PADDING
}

const PADDING: f32 = 7.0;

fn chip_ui(ui: &mut Ui, text: &str, name: &str, tint: Tint, sense: Sense) -> Response {
    let font = TextStyle::Small.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font, tint.fg);
    let wanted = vec2(galley.size().x + 2.0 * PADDING, size::CHIP);
    let (rect, response) = ui.allocate_exact_size(wanted, sense);
    let enabled = ui.is_enabled();
    response.widget_info(|| {
        let kind = if sense.senses_click() { Role::Button } else { Role::Label };
        WidgetInfo::labeled(kind, enabled, name)
    });
    if ui.is_rect_visible(rect) {
        paint_chip(ui, rect, tint, response.hovered() && sense.interactive(), response.has_focus());
        let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect).min;
        ui.painter().galley(at, galley, tint.fg);
    }
    response
}

fn paint_chip(ui: &Ui, rect: egui::Rect, tint: Tint, hovered: bool, focused: bool) {
    let border = if hovered { tint.fg } else { tint.border };
    ui.painter().rect(
        rect,
        size::RADIUS_CHIP,
        tint.bg,
        egui::Stroke::new(size::HAIRLINE, border),
        egui::StrokeKind::Inside,
    );
    if focused {
        ui.painter().rect_stroke(
            rect.expand(2.0),
            size::RADIUS_CHIP + 2,
            egui::Stroke::new(size::FOCUS_RING, theme::Themed::tokens(ui).accent.ring),
            egui::StrokeKind::Inside,
        );
    }
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('…');
    short
}
