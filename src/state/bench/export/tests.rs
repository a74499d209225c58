//! What each of the files holds.

use std::sync::Arc;

use super::*;
use crate::state::bench::check::Check;
use crate::state::bench::result::{Cell, Column};
use crate::state::bench::set::{Case, Prompt, PromptSet};

const EVIL: &str = "<script>alert(1)</script>|`*\"' onload=x";

/// Two prompts on two endpoints: the second endpoint regressed on the first, and said something nasty.
fn run() -> BenchRun {
    let mut set = PromptSet::new(1, "smoke");
    let mut case = Case::of("", Prompt::Text("=cmd|' /C calc'!A0".into()));
    case.checks = vec![Check::Contains { text: "42".into() }];
    set.extend(vec![case, Case::of("", Prompt::Text(EVIL.into()))]);
    let columns = ["old", "new"].map(|name| Column { name: name.into(), ..Column::default() });
    let mut run = BenchRun::new(1, Arc::new(set), columns.into(), 1_700_000_000_000);
    let answers = [["It is 42 km", "It is 43 km"], ["+fine", EVIL]];
    for (row, answers) in answers.into_iter().enumerate() {
        for (column, answer) in answers.into_iter().enumerate() {
            let mut cell = Cell { answer: answer.into(), total_ms: 100, ..Cell::default() };
            cell.judge(&run.set.cases[row].checks.clone());
            run.put(row, column, cell);
        }
    }
    run
}

#[test]
fn csv_has_a_row_for_each_answer_and_runs_no_formula() {
    let text = ExportFormat::Csv.text(&run(), 0).unwrap();
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let rows: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    let at = |name: &str| header.iter().position(|it| it == name).unwrap();
    assert_eq!(&rows[1][at("prompt")], "'=cmd|' /C calc'!A0");
    assert_eq!((&rows[1][at("result")], &rows[1][at("against base")]), ("not passed", "regressed"));
    assert_eq!(&rows[2][at("answer")], "'+fine");
    assert!(!rows.iter().flat_map(::csv::StringRecord::iter).any(|it| it.starts_with(['=', '+', '-', '@'])));
}

#[test]
fn json_lines_hold_the_run_and_each_answer() {
    let text = ExportFormat::JsonLines.text(&run(), 0).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (lines.len(), lines[0]["prompts"].as_u64(), lines[0]["set"].as_str()),
        (5, Some(2), Some("smoke"))
    );
    assert_eq!((lines[2]["endpoint"].as_str(), lines[2]["good"].as_bool()), (Some("new"), Some(false)));
    assert_eq!(lines[4]["result"]["answer"], EVIL);
}

#[test]
fn the_page_loads_nothing_and_escapes_everything() {
    let text = ExportFormat::Html.text(&run(), 0).unwrap();
    assert!(!text.contains("<script") && !text.contains("src=") && !text.contains("href="), "{text}");
    assert!(text.contains("&lt;script&gt;alert(1)&lt;/script&gt;|`*&quot;&#39; onload=x"));
    assert!(text.contains("It is <mark>43</mark> km"), "{text}");
    assert!(text.contains("prefers-color-scheme: dark") && text.contains("@media print"));
    assert!(text.contains("median 100 ms, 90 % below 100 ms (100 ms – 100 ms, n 2)"), "{text}");
}

#[test]
fn markdown_puts_what_regressed_first_and_stays_a_table() {
    let text = ExportFormat::Markdown.text(&run(), 0).unwrap();
    assert!(text.contains("| Passed | 2 of 2 | 1 of 2 |"), "{text}");
    assert!(text.contains("**not passed, regressed** It is 43 km"), "{text}");
    assert!(text.contains("&lt;script&gt;") && text.contains("\\|\\`\\*"));
    let mut long = run();
    let mut set = (*long.set).clone();
    set.extend(vec![Case::of("", Prompt::Text("word ".repeat(100))); 2_000]);
    long = BenchRun::new(1, Arc::new(set), long.columns, 0);
    let text = ExportFormat::Markdown.text(&long, 0).unwrap();
    assert!(text.len() < 65_000 && text.trim_end().ends_with("left out: the report is longer"));
}
