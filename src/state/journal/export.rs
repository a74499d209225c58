//! The journal as a file for others: CSV for a sheet, Markdown for a page.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::record::{Record, What};
use crate::state::format;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Comma-separated values with a header.
    Csv,
    /// A Markdown table.
    Markdown,
}

impl ExportFormat {
    /// What the file is called unless the user calls it otherwise.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Csv => "journal.csv",
            Self::Markdown => "journal.md",
        }
    }
}

const HEADER: [&str; 13] = [
    "time", "outcome", "server", "model", "version", "alias", "from", "to", "who", "reason", "evidence",
    "text", "id",
];

/// Asks where to and writes there; answers where it is, or `None` where the user cancelled.
pub(super) async fn save(
    format: ExportFormat,
    records: Vec<Arc<Record>>,
    asked: BoxFuture<'static, Option<PathBuf>>,
) -> Result<Option<PathBuf>, String> {
    let Some(place) = asked.await else { return Ok(None) };
    let text = match format {
        ExportFormat::Csv => csv(&records).map_err(|error| error.to_string())?,
        ExportFormat::Markdown => markdown(&records),
    };
    match tokio::fs::write(&place, text).await {
        Ok(()) => Ok(Some(place)),
        Err(error) => Err(format!("{} cannot be written: {error}", place.display())),
    }
}

fn csv(records: &[Arc<Record>]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER)?;
    for record in records {
        let change = &record.change;
        let number = |version: Option<u32>| version.map(|it| it.to_string()).unwrap_or_default();
        let version = match record.what {
            What::Edit { version } => number(version),
            _ => String::new(),
        };
        writer.write_record([
            format::iso_time(record.at),
            record.outcome.label().to_owned(),
            change.server.clone(),
            defused(&change.model),
            version,
            defused(&change.alias),
            number(change.from),
            number(change.to),
            defused(record.who()),
            defused(&change.reason),
            defused(change.evidence.as_deref().unwrap_or_default()),
            defused(&all_text(record)),
            record.id.clone(),
        ])?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A sheet takes what begins so for a formula; names come from a server.
fn defused(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

fn all_text(record: &Record) -> String {
    let mut text = record.text.clone();
    for (_, note) in &record.notes {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(note);
    }
    text
}

fn markdown(records: &[Arc<Record>]) -> String {
    let mut text = String::from(
        "| Time | Server | Model | Alias | Change | Who | Reason | Evidence | Outcome |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for record in records {
        let change = &record.change;
        let path = match record.what {
            What::Edit { .. } => all_text(record),
            _ => record.path(),
        };
        let time = format::exact_time(record.at);
        let evidence = change.evidence.as_deref().unwrap_or_default();
        let cells = [
            &time,
            &change.label,
            &change.model,
            &change.alias,
            &path,
            record.who(),
            &change.reason,
            evidence,
        ];
        text.push('|');
        for cell in cells {
            text.push(' ');
            text.push_str(&escaped(cell));
            text.push_str(" |");
        }
        // Writing to a string does not fail.
        writeln!(text, " {} |", record.outcome.label()).ok();
    }
    text
}

/// Without what would end a cell or begin markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::entry::{Entry, Event, Move, VERSION};
    use super::*;

    fn records() -> Vec<Arc<Record>> {
        let change = Move {
            server: "http://a:5000".into(),
            model: "a|b, \"c\"".into(),
            alias: "prod".into(),
            from: Some(3),
            to: Some(7),
            who: "ann".into(),
            reason: "=1+1\nsecond line".into(),
            evidence: Some("Bench smoke: 2 of 2 passed".into()),
            ..Move::default()
        };
        let event = Event::Intent { session: "s".into(), change: change.clone() };
        let entry = Entry { v: VERSION, id: "x-1".into(), at: 1_700_000_000_000, event };
        vec![Arc::new(Record::new(&entry, What::Move, change))]
    }

    #[test]
    fn csv_is_read_back_as_it_was_and_runs_no_formula() {
        let text = csv(&records()).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), HEADER);
        let row = reader.records().next().unwrap().unwrap();
        let row: Vec<_> = row.iter().collect();
        assert_eq!(row[..2], ["2023-11-14T22:13:20Z", "Open"]);
        assert_eq!(
            row[2..10],
            ["http://a:5000", "a|b, \"c\"", "", "prod", "3", "7", "ann", "'=1+1\nsecond line"]
        );
        assert_eq!(row[10], "Bench smoke: 2 of 2 passed");
    }

    #[test]
    fn markdown_keeps_one_row_a_record() {
        let text = markdown(&records());
        let row = text.lines().nth(2).unwrap();
        assert_eq!(text.lines().count(), 3);
        assert!(
            row.contains("a\\|b, \"c\"")
                && row.contains("v3 → v7")
                && row.ends_with("| Bench smoke: 2 of 2 passed | Open |"),
            "{row}"
        );
    }
}
