//! What all files of a bench say in the same words.

use crate::state::bench::result::{BenchRun, Cell, Column, Mark};
use crate::state::bench::summary::{Against, AgainstCounts, ColumnSummary, Spread, against};
use crate::state::format;

/// A file that grows.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    pub(super) fn push(&mut self, text: &str) {
        self.0.push_str(text);
    }

    /// In bytes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}

/// `agent-a (v7)`
pub(super) fn title(column: &Column) -> String {
    match column.version() {
        Some(version) => format!("{} (v{version})", column.name),
        None => column.name.clone(),
    }
}

/// Good, bad or failed, and how it compares with the base.
pub(super) fn verdict(cell: Option<&Cell>) -> &'static str {
    match cell {
        None => "not asked",
        Some(cell) if cell.mark == Mark::None && cell.failure.is_some() => "failed",
        Some(cell) if cell.is_good() => "passed",
        Some(_) => "not passed",
    }
}

/// A mark's word; empty for none.
pub(super) fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::None => "",
        Mark::Good => "good",
        Mark::Bad => "bad",
    }
}

/// How a cell stands to the base's.
pub(super) fn beside(run: &BenchRun, row: usize, base: usize, column: usize) -> Against {
    if base == column {
        return Against::default();
    }
    against(run.cell(row, base).map(AsRef::as_ref), run.cell(row, column).map(AsRef::as_ref))
}

/// `regressed, slower`
pub(super) fn changes(against: Against) -> String {
    let words = [
        (against.regressed, "regressed"),
        (against.fixed, "fixed"),
        (against.different && !against.regressed && !against.fixed, "different"),
        (against.slower, "slower"),
        (against.faster, "faster"),
    ];
    words.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect::<Vec<_>>().join(", ")
}

/// The figures of a column: what they are called, and what they are.
pub(super) fn figures(run: &BenchRun, base: usize, column: usize) -> Vec<(&'static str, String)> {
    let summary = ColumnSummary::of(run, column);
    let of = |n: usize, all: usize| format!("{} of {}", format::count(n), format::count(all));
    let mut figures = vec![
        ("Passed", of(summary.good, summary.prompts)),
        ("Answered", of(summary.answered, summary.prompts)),
        ("Failed", format::count(summary.failed)),
        ("Checks passed", of(summary.checks_passed, summary.checks_passed + summary.checks_failed)),
        ("Time", summary.total_ms.map_or_else(dash, times)),
        ("First token", summary.first_token_ms.map_or_else(dash, times)),
        ("Tokens written", summary.output_tokens.map_or_else(dash, tokens)),
    ];
    if run.columns.len() > 1 {
        let counts = (column != base).then(|| AgainstCounts::of(run, base, column));
        let count =
            |of: fn(&AgainstCounts) -> usize| counts.as_ref().map_or_else(dash, |it| format::count(of(it)));
        figures.push(("Same as the base", count(|it| it.same)));
        figures.push(("Different", count(|it| it.different)));
        figures.push(("Regressed", count(|it| it.regressed)));
        figures.push(("Fixed", count(|it| it.fixed)));
        figures.push(("Slower", count(|it| it.slower)));
    }
    figures
}

fn dash() -> String {
    "–".to_owned()
}

/// `median 1.2 s, 90 % below 3 s (0.8 s – 3.4 s, n 20)`
fn times(spread: Spread) -> String {
    let time = |ms: f64| format::duration(ms.round() as i64);
    words(&spread, time)
}

fn tokens(spread: Spread) -> String {
    words(&spread, |value| format::number(value.round()))
}

fn words(spread: &Spread, show: impl Fn(f64) -> String) -> String {
    let Spread { n, min, median, p90, max, .. } = *spread;
    format!("median {}, 90 % below {} ({} – {}, n {n})", show(median), show(p90), show(min), show(max))
}

/// Who answered, one line a column: name, address, version and how that is known.
pub(super) fn who(column: &Column) -> String {
    let model = match (&column.model, column.version()) {
        (Some(model), Some(version)) => format!("{} v{version}", model.name),
        (Some(model), None) => model.uri(None),
        (None, _) => String::new(),
    };
    let known = column.doubt().unwrap_or_else(|| column.before.describe());
    [column.url.as_str(), model.as_str(), known.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" · ")
}
