//! A field for a JSON object, which underlines where it stops being one.

use std::ops::Range;

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, FontSelection, Stroke, TextBuffer, TextEdit, TextStyle, Ui};

use super::header::word_ui;
use crate::agent::{CustomInputs, CustomInputsError};
use crate::theme::{self, Themed as _};

/// Draws it with what is wrong with it below. Whether it was changed.
pub(super) fn json_ui(ui: &mut Ui, name: &str, hint: &str, text: &mut String, problem: Option<&str>) -> bool {
    let tokens = ui.tokens();
    let (plain, failure) = (tokens.text, tokens.failure.fg);
    ui.label(theme::text::label(name));
    let mut layouter = |ui: &Ui, text: &dyn TextBuffer, width: f32| {
        let job = job(ui, text.as_str(), width, plain, failure);
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    let field = TextEdit::multiline(text).code_editor().desired_rows(1).hint_text(hint);
    let field = field.layouter(&mut layouter).desired_width(f32::INFINITY);
    let changed = ui.add(field).accessible_name(name).changed();
    if let Some(problem) = problem {
        word_ui(ui, problem.to_owned(), failure);
    }
    changed
}

fn job(ui: &Ui, text: &str, width: f32, plain: Color32, failure: Color32) -> LayoutJob {
    let font = FontSelection::Style(TextStyle::Monospace).resolve(ui.style());
    let mut job = LayoutJob { break_on_newline: true, ..LayoutJob::default() };
    job.wrap.max_width = width;
    let format = TextFormat::simple(font, plain);
    let wrong = TextFormat { color: failure, underline: Stroke::new(1.5, failure), ..format.clone() };
    let marked = match CustomInputs::parse(text) {
        Err(CustomInputsError::Syntax { line, column, .. }) => mark(text, line, column),
        _ => text.len()..text.len(),
    };
    job.append(&text[..marked.start], 0.0, format.clone());
    job.append(&text[marked.clone()], 0.0, wrong);
    job.append(&text[marked.end..], 0.0, format);
    job
}

/// What is underlined for a mistake at a line and a column, both from 1: the word there, else what stands before it.
fn mark(text: &str, line: usize, column: usize) -> Range<usize> {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let at = text.floor_char_boundary((start + column.saturating_sub(1)).min(text.len()));
    let word = text[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').map(char::len_utf8).sum();
    let one = || text[at..].chars().next().filter(|c| !c.is_whitespace()).map_or(0, char::len_utf8);
    let length = if word > 0 { word } else { one() };
    if length > 0 {
        return at..at + length;
    }
    let before = text[..at].trim_end();
    let last = before.chars().next_back().map_or(0, char::len_utf8);
    before.len() - last..before.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn marks(text: &str, expected: &str) {
        let Err(CustomInputsError::Syntax { line, column, .. }) = CustomInputs::parse(text) else {
            panic!("there is a mistake in {text}");
        };
        assert_eq!(&text[mark(text, line, column)], expected);
    }

    #[test]
    fn the_mistake_is_underlined_where_it_is() {
        marks("{\n  \"a\": 1,\n}", "}");
        marks("{\"a\" 1}", "1");
        marks("{\"Łódź\": tru}", "}");
        marks("{\"a\": 1", "1");
        marks("{\"a\":\n\n", ":");
    }
}
