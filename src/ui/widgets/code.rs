//! Code in colours, with its language and a copy button. Long lines scroll; nothing is cut from what is copied.

use std::ops::Range;

use egui::text::{ByteIndex, LayoutJob};
use egui::{Align, Frame, Label, Layout, Margin, ScrollArea, Stroke, TextFormat, TextStyle, Ui};

use crate::theme::{self, Icon, Themed as _, size};

/// Longer code is shown in one colour: highlighting is paid for in every frame.
const LONGEST_COLOURED: usize = 20_000;
/// Longer code is cut on the screen, in bytes; the copy is whole.
const LONGEST_SHOWN: usize = 100_000;

/// Draws `code` written in `language` (`json`, `python`; may be empty or unknown).
pub fn code_ui(ui: &mut Ui, code: &str, language: &str) {
    code_marked_ui(ui, code, language, &[], egui::Color32::TRANSPARENT);
}

/// The same with stretches, in bytes and in order, on a ground of this colour.
pub fn code_marked_ui(ui: &mut Ui, code: &str, language: &str, marks: &[Range<usize>], fill: egui::Color32) {
    let code = code.strip_suffix('\n').unwrap_or(code);
    let shown = &code[..code.floor_char_boundary(LONGEST_SHOWN)];
    code_frame(ui).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.spacing_mut().interact_size.y = size::CHIP;
            ui.label(theme::text::small(language));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let button = theme::button::quiet(Icon::Copy.sized(size::ICON_SMALL).alt_text("Copy code"));
                if ui.add(button).on_hover_text("Copy code").clicked() {
                    ui.copy_text(code.to_owned());
                }
            });
        });
        ScrollArea::horizontal().id_salt("code").auto_shrink([false, true]).show(ui, |ui| {
            let job = on_ground(coloured(ui, shown, language), marks, fill);
            ui.add(Label::new(job).selectable(true).extend());
            ui.add_space(size::SPACE_XS);
        });
        if shown.len() < code.len() {
            ui.label(theme::text::small("Cut here. The copy is whole"));
        }
    });
}

/// What code and data stand in.
pub fn code_frame(ui: &Ui) -> Frame {
    let tokens = ui.tokens();
    Frame::new()
        .fill(tokens.code_bg)
        .stroke(Stroke::new(size::HAIRLINE, tokens.hairline))
        .corner_radius(size::RADIUS)
        .inner_margin(Margin { left: size::SPACE_S as i8, ..Margin::same(2) })
}

/// The code as text to lay out.
fn coloured(ui: &Ui, code: &str, language: &str) -> LayoutJob {
    if code.len() > LONGEST_COLOURED {
        let font = TextStyle::Monospace.resolve(ui.style());
        return LayoutJob::single_section(code.to_owned(), TextFormat::simple(font, ui.tokens().text));
    }
    let theme = theme::code_theme(ui.style());
    let language = language.split([',', ' ', '{']).next().unwrap_or_default().to_ascii_lowercase();
    let mut job = egui_extras::syntax_highlighting::highlight(ui.ctx(), ui.style(), &theme, code, &language);
    if job.sections.len() <= 1 {
        // A language that nobody knows: egui's own grey instead of ours.
        for section in &mut job.sections {
            section.format.color = ui.tokens().text;
        }
    }
    job.wrap.max_width = f32::INFINITY;
    job
}

/// The same text with some stretches on a ground of their own.
fn on_ground(mut job: LayoutJob, marks: &[Range<usize>], fill: egui::Color32) -> LayoutJob {
    for mark in marks {
        let sections = std::mem::take(&mut job.sections);
        for section in sections {
            let Range { start, end } = section.byte_range;
            let (from, to) = (ByteIndex(mark.start).clamp(start, end), ByteIndex(mark.end).clamp(start, end));
            for (range, marked) in [(start..from, false), (from..to, true), (to..end, false)] {
                if range.start < range.end {
                    let mut part = section.clone();
                    part.byte_range = range.clone();
                    part.leading_space = if range.start == start { section.leading_space } else { 0.0 };
                    if marked {
                        part.format.background = fill;
                    }
                    job.sections.push(part);
                }
            }
        }
    }
    job
}
