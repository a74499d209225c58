//! A row for each answer.

use super::words;
use crate::state::bench::result::BenchRun;
use crate::state::format;

const HEADER: [&str; 22] = [
    "case",
    "prompt",
    "expected",
    "endpoint",
    "version",
    "at",
    "result",
    "against base",
    "answer",
    "failure",
    "checks passed",
    "checks",
    "why not",
    "tools",
    "first token ms",
    "total ms",
    "input tokens",
    "output tokens",
    "mark",
    "note",
    "trace",
    "model",
];

pub(super) fn text(run: &BenchRun, base: usize) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER)?;
    for (row, case) in run.set.cases.iter().enumerate() {
        for (at, column) in run.columns.iter().enumerate() {
            let cell = run.cell(row, at).map(AsRef::as_ref);
            let of =
                |text: &dyn Fn(&super::super::result::Cell) -> String| cell.map(text).unwrap_or_default();
            let number = |value: Option<u64>| value.map(|it| it.to_string()).unwrap_or_default();
            let why = |cell: &super::super::result::Cell| {
                let failed = cell.verdicts.iter().filter(|verdict| !verdict.passed);
                failed.map(|verdict| verdict.why.as_str()).collect::<Vec<_>>().join("; ")
            };
            writer.write_record([
                defused(&case.id),
                defused(case.prompt.text()),
                defused(&case.expected),
                defused(&column.name),
                column.version().map(|version| version.to_string()).unwrap_or_default(),
                of(&|cell| format::iso_time(cell.at)),
                words::verdict(cell).to_owned(),
                words::changes(words::beside(run, row, base, at)),
                of(&|cell| defused(&cell.answer)),
                of(&|cell| defused(cell.failure.as_deref().unwrap_or_default())),
                of(&|cell| cell.passed().0.to_string()),
                of(&|cell| cell.passed().1.to_string()),
                of(&|cell| defused(&why(cell))),
                of(&|cell| defused(&cell.tools().join(", "))),
                of(&|cell| number(cell.first_token_ms)),
                of(&|cell| cell.total_ms.to_string()),
                of(&|cell| number(cell.usage.map(|usage| usage.input))),
                of(&|cell| number(cell.usage.map(|usage| usage.output))),
                of(&|cell| words::mark(cell.mark).to_owned()),
                of(&|cell| defused(&cell.note)),
                of(&|cell| defused(cell.trace_id.as_deref().unwrap_or_default())),
                column.model.as_ref().map(|model| defused(&model.name)).unwrap_or_default(),
            ])?;
        }
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A sheet takes what begins so for a formula; answers come from an agent. Blanks in front do not help: some sheets
/// pass over them.
fn defused(text: &str) -> String {
    let formula = text.trim_start_matches([' ', '\n']).starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula { format!("'{text}") } else { text.to_owned() }
}
