//! Markdown from servers and agents: no remote image is loaded, and a link opens only when it is clicked, its
//! address shown on hover.

mod blocks;
mod marks;
mod measured;
mod plain;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::ops::Range;
use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat};
use egui::{Align, FontId, Frame, Grid, Label, OpenUrl, ScrollArea, Stroke, TextStyle, Ui};

use super::code::code_marked_ui;
use crate::state::command::Commands;
use crate::state::{Command, format};
use crate::theme::{self, Themed as _, size};
use blocks::{Block, Body, Span, blocks};
use marks::Marks;
use measured::Measured;
pub use plain::plain;

/// Longer texts are shown as plain text: laying them out as Markdown would hold up the frame.
const LONGEST: usize = 200_000;
/// Links with any other scheme are shown, not opened: `file:` and the like could start a program.
const OPENED: [&str; 3] = ["https://", "http://", "mailto:"];
/// Texts that are kept taken apart.
const KEPT: usize = 64;
/// Widest cell of a table before its text wraps.
const CELL: f32 = 320.0;

/// Draws Markdown and keeps what was parsed. One for each view that shows some.
#[derive(Default)]
pub struct Markdown {
    parsed: HashMap<u64, Arc<[Parsed]>>,
    measured: Measured,
}

/// A block with a hash of all that it says.
struct Parsed {
    block: Block,
    content: u64,
}

impl From<Block> for Parsed {
    fn from(block: Block) -> Self {
        let content = hash(&block);
        Self { block, content }
    }
}

impl Markdown {
    /// Draws a text that can be selected. Code blocks are coloured and can be copied; images are replaced by a link
    /// to their address.
    pub fn show(&mut self, ui: &mut Ui, text: &str) {
        self.show_marked(ui, text, &[], egui::Color32::TRANSPARENT);
    }

    /// The same with stretches of the source, in bytes and in order, on a ground of this colour.
    pub fn show_marked(&mut self, ui: &mut Ui, text: &str, marks: &[Range<usize>], fill: egui::Color32) {
        let marks = Marks { ranges: marks, fill };
        if text.len() > LONGEST {
            let shown = &text[..text.floor_char_boundary(LONGEST)];
            ui.add(Label::new(shown).selectable(true).wrap());
            let rest = u64::try_from(text.len() - shown.len()).unwrap_or(u64::MAX);
            ui.label(theme::text::weak(format!("{} more are not shown", format::bytes(rest))));
            return;
        }
        let blocks = self.parse(text);
        ui.scope(|ui| {
            ui.style_mut().interaction.selectable_labels = true;
            // Lines of text are as tall as text, not as a button.
            ui.spacing_mut().interact_size.y = ui.text_style_height(&TextStyle::Body);
            ui.spacing_mut().item_spacing.y = size::SPACE_XS;
            for (index, Parsed { block, content }) in blocks.iter().enumerate() {
                let before = index.checked_sub(1).and_then(|before| blocks.get(before));
                ui.add_space(before.map_or(0.0, |before| gap(&before.block, block)));
                self.measured.show(ui, index, *content, |ui| block_ui(ui, block, marks));
            }
        });
    }

    fn parse(&mut self, text: &str) -> Arc<[Parsed]> {
        if self.parsed.len() > KEPT {
            self.parsed.clear();
        }
        let parsed = || blocks(text).into_iter().map(Parsed::from).collect();
        Arc::clone(self.parsed.entry(hash(text)).or_insert_with(parsed))
    }
}

fn hash(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// Items of a list stand close together, headings apart from what is above them.
fn gap(before: &Block, block: &Block) -> f32 {
    match &block.body {
        Body::Heading(..) => size::SPACE_S,
        Body::Text(_) if before.indent > 0 && block.indent > 0 => 0.0,
        _ => size::SPACE_XS,
    }
}

fn block_ui(ui: &mut Ui, block: &Block, marks: Marks<'_>) {
    if block.indent == 0 && !block.quoted {
        body_ui(ui, block, marks);
        return;
    }
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.add_space(block.indent.saturating_sub(1) as f32 * size::SPACE_L);
        if block.indent > 0 {
            let width = if block.marker.as_ref().is_some_and(|marker| marker.len() > 3) { 1.5 } else { 1.0 };
            let room = egui::vec2(width * size::SPACE_L, ui.spacing().interact_size.y);
            ui.allocate_ui_with_layout(room, egui::Layout::left_to_right(Align::Min), |ui| {
                ui.set_min_width(room.x);
                ui.label(theme::text::weak(block.marker.as_deref().unwrap_or_default()));
            });
        }
        let quote = if block.quoted { size::SPACE_M } else { 0.0 };
        ui.add_space(quote);
        let body = ui.vertical(|ui| body_ui(ui, block, marks)).response.rect;
        if block.quoted {
            let line = Stroke::new(2.0, ui.tokens().border_strong);
            ui.painter().vline(body.left() - size::SPACE_S, body.y_range(), line);
        }
    });
}

fn body_ui(ui: &mut Ui, block: &Block, marks: Marks<'_>) {
    match &block.body {
        Body::Text(spans) => {
            let font = TextStyle::Body.resolve(ui.style());
            spans_ui(ui, spans, &font, block.quoted, marks);
        }
        Body::Heading(level, spans) => {
            let font = theme::text::heading_font(*level, &TextStyle::Body.resolve(ui.style()));
            spans_ui(ui, spans, &font, false, marks);
        }
        Body::Code { code, language, source } => {
            let within = marks.within(source, code.len());
            code_marked_ui(ui, code, language, &within, marks.fill);
        }
        Body::Table(rows) => table_ui(ui, rows, marks),
        Body::Rule => drop(ui.separator()),
    }
}

/// Text in one look after the other; links are widgets of their own.
fn spans_ui(ui: &mut Ui, spans: &[Span], font: &FontId, weak: bool, marks: Marks<'_>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        for part in spans.chunk_by(|a, b| a.link == b.link) {
            let job = laid_out(ui, part, font, weak, marks);
            if let Some(url) = part.first().and_then(|span| span.link.as_deref()) {
                if ui.link(job).on_hover_text(url).clicked() && is_opened(url) {
                    ui.open_url(OpenUrl::new_tab(url));
                }
                continue;
            }
            // Behind a link, egui moves lines with a word that fits in none of them out to the left.
            let is_behind = ui.cursor().left() > ui.max_rect().left();
            if is_behind && has_longer_word(&job.text, ui.max_rect().width() / font.size) {
                ui.end_row();
            }
            ui.add(Label::new(job).selectable(true).wrap());
        }
    });
}

/// Whether a word may be wider than this many letters that are as wide as high.
fn has_longer_word(text: &str, letters: f32) -> bool {
    text.split_whitespace().any(|word| word.len() as f32 > letters)
}

fn laid_out(ui: &Ui, spans: &[Span], font: &FontId, weak: bool, marks: Marks<'_>) -> LayoutJob {
    let tokens = ui.tokens();
    let mono = TextStyle::Monospace.resolve(ui.style());
    let mut job = LayoutJob::default();
    for span in spans {
        let face = if span.strong { theme::text::bold(font) } else { font.clone() };
        let color = match span {
            Span { link: Some(_), .. } => tokens.accent.text,
            Span { strong: true, .. } => tokens.text_strong,
            _ if weak => tokens.text_weak,
            _ => tokens.text,
        };
        let mut format = TextFormat::simple(face, color);
        if span.code {
            format.font_id = mono.clone();
            format.background = tokens.code_bg;
        }
        format.italics = span.emphasis;
        if span.strikethrough {
            format.strikethrough = Stroke::new(size::HAIRLINE, color);
        }
        marks.append(&mut job, span, &format);
    }
    job
}

/// A header that stands out, a line below each row, and a bar to scroll by where it is wide.
fn table_ui(ui: &mut Ui, rows: &[Vec<Vec<Span>>], marks: Marks<'_>) {
    let tokens = ui.tokens();
    let line = Stroke::new(size::HAIRLINE, tokens.hairline);
    ScrollArea::horizontal().id_salt("table").auto_shrink([true, true]).show(ui, |ui| {
        Frame::new().stroke(line).corner_radius(size::RADIUS).inner_margin(size::SPACE_S).show(ui, |ui| {
            let body = TextStyle::Body.resolve(ui.style());
            let header = theme::text::bold(&body);
            let fill = tokens.raised_bg;
            let mut tops = Vec::new();
            let grid = Grid::new("cells")
                .spacing([size::SPACE_L, size::SPACE_S])
                .min_col_width(0.0)
                .max_col_width(CELL)
                .with_row_color(move |row, _| (row == 0).then_some(fill))
                .show(ui, |ui| {
                    for (index, row) in rows.iter().enumerate() {
                        tops.push(ui.cursor().top());
                        for cell in row {
                            let font = if index == 0 { &header } else { &body };
                            spans_ui(ui, cell, font, false, marks);
                        }
                        ui.end_row();
                    }
                });
            let across = grid.response.rect.x_range().expand(size::SPACE_S);
            for top in tops.iter().skip(1) {
                ui.painter().hline(across, top - size::SPACE_XS, line);
            }
        });
    });
}

/// A link that shows its address on hover and opens on a click, if its scheme is harmless.
pub fn link_ui(ui: &mut Ui, title: &str, url: &str, out: &mut Commands) {
    if ui.link(title).on_hover_text(url).clicked() && is_opened(url) {
        out.push(Command::OpenUrl(url.to_owned()));
    }
}

fn is_opened(url: &str) -> bool {
    let head = url.trim_start().get(..8).unwrap_or(url).to_ascii_lowercase();
    OPENED.iter().any(|scheme| head.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_links_are_opened() {
        assert!(is_opened("https://mlflow.org") && is_opened("HTTP://e") && is_opened("mailto:a@b"));
        assert!(!is_opened("file:///etc/passwd") && !is_opened("javascript:alert(1)") && !is_opened("x"));
    }

    /// The left edges of all lines of text.
    fn lefts(shape: &egui::Shape, into: &mut Vec<f32>) {
        match shape {
            egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| lefts(shape, into)),
            egui::Shape::Text(text) => {
                let rows = text.galley.rows.iter().filter(|row| !row.glyphs.is_empty());
                into.extend(rows.map(|row| text.pos.x + row.pos.x + row.glyphs[0].pos.x));
            }
            _ => {}
        }
    }

    #[test]
    fn a_word_too_long_for_any_line_stays_in_its_column() {
        const LEFT: f32 = 300.0;
        let ctx = egui::Context::default();
        crate::theme::install(&ctx);
        let text =
            format!("See [the board](https://x.y) for {} and {} too", "words ".repeat(60), "A".repeat(300));
        let mut lines = Vec::new();
        for _ in 0..2 {
            let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
                let column = egui::Rect::from_min_size(egui::pos2(LEFT, 0.0), egui::vec2(400.0, 600.0));
                ui.scope_builder(egui::UiBuilder::new().max_rect(column), |ui| {
                    Markdown::default().show(ui, &text);
                });
            });
            output.textures_delta.clear();
            lines.clear();
            output.shapes.iter().for_each(|clipped| lefts(&clipped.shape, &mut lines));
        }
        assert!(lines.len() > 5, "{lines:?}");
        assert!(lines.iter().all(|left| *left > LEFT - 0.5), "{lines:?}");
    }
}
