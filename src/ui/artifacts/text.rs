//! Text by rows, of which only those on the screen are laid out.

use egui::{Align, Align2, Label, Layout, ScrollArea, Sense, TextStyle, Ui, UiBuilder, vec2};
use egui_extras::syntax_highlighting::highlight;

use crate::state::artifacts::TextRows;
use crate::theme::{self, Themed as _, size};

/// How text is drawn.
#[derive(Clone, Copy, Default)]
pub(super) struct TextLook<'a> {
    /// The language to colour it by, if it is code.
    pub(super) language: Option<&'a str>,
    /// Lines are numbered.
    pub(super) numbers: bool,
}

/// Room between two lines.
const LEADING: f32 = 3.0;

/// Draws text.
pub(super) fn show(ui: &mut Ui, salt: &str, rows: &TextRows, look: TextLook<'_>) {
    if rows.is_empty() {
        ui.centered_and_justified(|ui| ui.label(theme::text::weak("An empty file")));
        return;
    }
    let font = TextStyle::Monospace.resolve(ui.style());
    let (height, advance) =
        ui.fonts_mut(|fonts| ((fonts.row_height(&font) + LEADING).round(), fonts.glyph_width(&font, '0')));
    let digits = (rows.lines().max(1).ilog10() + 1) as f32;
    let gutter = if look.numbers { advance * digits + size::SPACE_L } else { 0.0 };
    let width = gutter + size::SPACE_L + advance * rows.widest() as f32;
    let code = theme::code_theme(ui.style());
    ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
    ScrollArea::both().id_salt(salt).auto_shrink(false).show_rows(ui, height, rows.len(), |ui, visible| {
        let width = width.max(ui.available_width());
        for index in visible {
            let (rect, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
            let Some((line, text)) = rows.row(index) else { continue };
            if let Some(line) = line.filter(|_| look.numbers) {
                let at = rect.left_center() + vec2(gutter - size::SPACE_L, 0.0);
                let color = ui.tokens().text_disabled;
                ui.painter().text(at, Align2::RIGHT_CENTER, line.to_string(), font.clone(), color);
            }
            let layout = Layout::left_to_right(Align::Center);
            let rest = rect.with_min_x(rect.left() + gutter);
            let mut inner = ui.new_child(UiBuilder::new().id_salt(index).max_rect(rest).layout(layout));
            let label = match look.language {
                Some(language) => Label::new(highlight(ui.ctx(), ui.style(), &code, text, language)),
                None => Label::new(theme::text::mono(text)),
            };
            inner.add(label.selectable(true).extend());
        }
    });
}
