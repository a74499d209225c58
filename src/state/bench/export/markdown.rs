//! Figures, and what is not as it should be: good enough to paste into a pull request.

use super::words::{self, Page};
use crate::state::bench::result::{BenchRun, Cell};
use crate::state::format;

/// Bytes of the whole: GitHub takes 65,536 characters.
const MOST: usize = 60_000;
/// Characters of a cell.
const MOST_CELL: usize = 300;

pub(super) fn text(run: &BenchRun, base: usize) -> String {
    let mut out = Page::default();
    out.push(&format!("## Bench: {}\n\n", escaped(&run.name)));
    let ended =
        run.ended.map_or_else(|| "not ended".to_owned(), |at| format!("ended {}", format::iso_time(at)));
    let prompts = format::counted(run.rows(), "prompt", "prompts");
    out.push(&format!(
        "Set {}, {prompts}, started {}, {ended}\n\n",
        escaped(&run.set.name),
        format::iso_time(run.started)
    ));
    for (at, column) in run.columns.iter().enumerate() {
        let is_base = if at == base && run.columns.len() > 1 { ", the base" } else { "" };
        out.push(&format!(
            "- **{}**{is_base}: {}\n",
            escaped(&words::title(column)),
            escaped(&words::who(column))
        ));
    }
    out.push("\n");
    figures(&mut out, run, base);
    rows(&mut out, run, base);
    out.text()
}

fn figures(out: &mut Page, run: &BenchRun, base: usize) {
    let columns: Vec<_> = (0..run.columns.len()).map(|column| words::figures(run, base, column)).collect();
    head(out, run, "");
    let Some(first) = columns.first() else { return };
    for (at, (name, _)) in first.iter().enumerate() {
        let values = columns.iter().map(|figures| figures[at].1.as_str());
        out.push(&format!("| {name} | {} |\n", values.collect::<Vec<_>>().join(" | ")));
    }
    out.push("\n");
}

fn head(out: &mut Page, run: &BenchRun, first: &str) {
    let names = run.columns.iter().map(|column| cell_text(&words::title(column)));
    out.push(&format!("| {first} | {} |\n", names.collect::<Vec<_>>().join(" | ")));
    out.push(&format!("|---{}|\n", "|---".repeat(run.columns.len())));
}

/// What is not as it should be comes first; the rest follows as far as there is room.
fn rows(out: &mut Page, run: &BenchRun, base: usize) {
    let is_fine = |row: &usize| {
        (0..run.columns.len()).all(|at| {
            run.cell(*row, at).is_some_and(|cell| cell.is_good())
                && !words::beside(run, *row, base, at).different
        })
    };
    let (fine, other): (Vec<usize>, Vec<usize>) = (0..run.rows()).partition(is_fine);
    let mut left_out = 0;
    for (title, rows) in [("Not passed, or different", other), ("Passed, and the same", fine)] {
        if rows.is_empty() {
            continue;
        }
        out.push(&format!("### {title}\n\n"));
        head(out, run, "Prompt");
        for row in rows {
            let answers = (0..run.columns.len()).map(|at| answer(run, row, base, at));
            let line = format!(
                "| {} | {} |\n",
                cell_text(run.set.cases[row].prompt.text()),
                answers.collect::<Vec<_>>().join(" | ")
            );
            if out.len() + line.len() > MOST {
                left_out += 1;
            } else {
                out.push(&line);
            }
        }
        out.push("\n");
    }
    if left_out > 0 {
        out.push(&format!(
            "{} left out: the report is longer\n",
            format::counted(left_out, "prompt", "prompts")
        ));
    }
}

fn answer(run: &BenchRun, row: usize, base: usize, at: usize) -> String {
    let cell = run.cell(row, at).map(AsRef::as_ref);
    let verdict = words::verdict(cell);
    let changes = words::changes(words::beside(run, row, base, at));
    let changes = if changes.is_empty() { String::new() } else { format!(", {changes}") };
    let said = |cell: &Cell| cell_text(cell.failure.as_deref().unwrap_or(&cell.answer));
    format!("**{verdict}{changes}** {}", cell.map(said).unwrap_or_default())
}

fn cell_text(text: &str) -> String {
    let mut short: String = text.trim().chars().take(MOST_CELL).collect();
    if short.len() < text.trim().len() {
        short.push('…');
    }
    escaped(&short)
}

/// Agents and servers say what they like: none of it is markup here.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '!' | '@' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
