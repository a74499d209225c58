//! A line about the run, then one for each answer.

use serde::Serialize;

use crate::entities::VersionNumber;
use crate::state::bench::result::{BenchRun, Cell, Column};
use crate::state::bench::set::Case;
use crate::state::format;

#[derive(Serialize)]
struct Head<'a> {
    bench: &'a str,
    set: &'a str,
    started: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    prompts: usize,
    endpoints: &'a [Column],
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    case: &'a Case,
    endpoint: &'a str,
    version: Option<VersionNumber>,
    good: bool,
    result: &'a Cell,
}

pub(super) fn text(run: &BenchRun) -> serde_json::Result<String> {
    let head = Head {
        bench: &run.name,
        set: &run.set.name,
        started: format::iso_time(run.started),
        ended: run.ended.map(format::iso_time),
        prompts: run.rows(),
        endpoints: &run.columns,
    };
    let mut text = serde_json::to_string(&head)?;
    text.push('\n');
    for (row, case) in run.set.cases.iter().enumerate() {
        for (at, column) in run.columns.iter().enumerate() {
            let Some(cell) = run.cell(row, at) else { continue };
            let (endpoint, version) = (column.name.as_str(), column.version());
            let line = Line { case, endpoint, version, good: cell.is_good(), result: cell };
            text.push_str(&serde_json::to_string(&line)?);
            text.push('\n');
        }
    }
    Ok(text)
}
