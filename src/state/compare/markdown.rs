//! A comparison as Markdown, good enough to paste into a pull request.

use std::collections::BTreeSet;

use super::comparison::Comparison;
use super::files::{FilePair, FileSide};
use super::line::{Cell, Line, Section};
use super::subject::Subject;
use super::text_diff::{Shown, TextDiff};
use crate::state::format;

/// Bytes of the whole: GitHub takes 65,536 characters.
const MOST: usize = 60_000;
/// Rows of one file's difference.
const MOST_ROWS: usize = 300;
/// Characters of a cell.
const MOST_CELL: usize = 200;

impl Comparison {
    /// What differs, as Markdown. Values that are the same are left out. `server`: where it was found.
    pub fn markdown(&self, server: &str) -> String {
        let mut out = Page::default();
        self.push_head(&mut out, server);
        for section in Section::ALL {
            self.push_section(&mut out, section);
        }
        self.push_files(&mut out);
        if out.full {
            out.text.push_str("\nCut here: the comparison is longer\n");
        }
        out.text
    }

    fn push_head(&self, out: &mut Page, server: &str) {
        let title = |side: usize| escaped(&self.subject(side).map(Subject::label).unwrap_or_default());
        out.push(&format!("## {} → {}\n\n", title(0), title(1)));
        for (side, word) in [(0, "From"), (1, "To")] {
            let uri = self.subject(side).map(Subject::uri).unwrap_or_default();
            out.push(&format!("- {word}: `{uri}` ({})\n", escaped(&self.title(side))));
        }
        out.push(&format!("- On {}\n\n", escaped(server)));
        let summary = self.summary();
        if !summary.is_empty() {
            out.push(&format!("{}\n\n", escaped(&summary.join(" · "))));
        }
        for gap in self.gaps() {
            out.push(&format!("> {}\n\n", escaped(&gap)));
        }
    }

    fn push_section(&self, out: &mut Page, section: Section) {
        let mut lines = self.section(section).filter(|line| line.differs() || is_fact(line)).peekable();
        if lines.peek().is_none() {
            return;
        }
        let heads = format!("| | {} | {} | |", cell(&self.title(0)), cell(&self.title(1)));
        out.push(&format!("### {}\n\n{heads}\n|---|---|---|---|\n", section.label()));
        for line in lines {
            let [from, to] = [&line.from, &line.to].map(|value| match value {
                Cell::Missing => "–".to_owned(),
                Cell::Number(number) => format::number(*number),
                other => cell(&other.whole()),
            });
            out.push(&format!("| {} | {from} | {to} | {} |\n", cell(&line.name), cell(&line.change_text())));
        }
        out.push("\n");
    }

    fn push_files(&self, out: &mut Page) {
        let differing: Vec<&FilePair> = self.files().iter().filter(|file| file.status.differs()).collect();
        if differing.is_empty() {
            return;
        }
        out.push("### Files\n\n| | | |\n|---|---|---|\n");
        for file in &differing {
            let what = if file.is_text() { file.counts_text() } else { sides_text(&file.sides) };
            out.push(&format!("| {} | {} | {} |\n", cell(&file.path), file.status.label(), cell(&what)));
        }
        out.push("\n");
        for file in differing {
            if let Some(diff) = file.diff.as_ref().filter(|_| !out.full) {
                out.push(&diff_text(&file.path, diff));
            }
        }
    }
}

/// Takes whole parts until one does not fit.
#[derive(Default)]
struct Page {
    text: String,
    full: bool,
}

impl Page {
    fn push(&mut self, part: &str) {
        self.full |= self.text.len() + part.len() > MOST;
        if !self.full {
            self.text.push_str(part);
        }
    }
}

/// Ids are worth naming although every two of them differ.
fn is_fact(line: &Line) -> bool {
    matches!(line.from, Cell::Id(_)) && line.from != line.to
}

/// `12 kB, sha256 3f2a… → 13 kB, sha256 77ab…`
pub fn sides_text(sides: &[Option<FileSide>; 2]) -> String {
    let side = |side: &FileSide| {
        let size = side.size.map_or_else(|| "size unknown".to_owned(), format::bytes);
        match &side.sha256 {
            Some(hash) => format!("{size}, sha256 {}", hash.get(..12).unwrap_or(hash)),
            None => size,
        }
    };
    sides.iter().flatten().map(side).collect::<Vec<_>>().join(" → ")
}

fn diff_text(path: &str, diff: &TextDiff) -> String {
    let shown = diff.shown(&BTreeSet::new());
    let rows: String = shown
        .iter()
        .take(MOST_ROWS)
        .map(|shown| match shown {
            Shown::Fold(fold) => format!("@@ {} unchanged lines @@\n", diff.hidden(*fold)),
            Shown::Row(row) => row_text(diff, *row as usize),
        })
        .collect();
    let more = match shown.len().saturating_sub(MOST_ROWS) {
        0 => String::new(),
        more => format!("@@ {more} more @@\n"),
    };
    let fence = "`".repeat(longest_ticks(&rows).max(2) + 1);
    let name = html(path);
    format!("<details><summary>{name}</summary>\n\n{fence}diff\n{rows}{more}{fence}\n\n</details>\n\n")
}

fn row_text(diff: &TextDiff, row: usize) -> String {
    let half = |mark: char, side| {
        diff.half(row, side).map_or_else(String::new, |half| format!("{mark}{}\n", half.text))
    };
    if diff.is_changed(row) { half('-', 0) + &half('+', 1) } else { half(' ', 0) }
}

fn longest_ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Text that stays text in a Markdown table.
fn cell(text: &str) -> String {
    let mut short: String = text.chars().take(MOST_CELL).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    escaped(&short).replace('|', "\\|").replace(['\n', '\r'], " ")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '#' | '~') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
