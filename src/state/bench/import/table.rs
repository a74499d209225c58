//! Prompts as a table: CSV with a line of names.

use csv::ReaderBuilder;
use serde_json::Value;

use crate::state::bench::check::Check;
use crate::state::bench::set::{Case, Prompt};

/// Rows that are read at most.
const MOST_ROWS: usize = 20_000;

/// A table as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The names of its columns.
    pub names: Vec<String>,
    /// Its rows, each with the line that it begins on, from 1.
    rows: Vec<(usize, Result<Vec<String>, String>)>,
}

/// Which columns are what, by their places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// What is asked.
    pub prompt: Option<usize>,
    /// A good answer.
    pub expected: Option<usize>,
    /// What the answer has to contain.
    pub contains: Option<usize>,
    /// What goes first.
    pub system_prompt: Option<usize>,
    /// Free words.
    pub note: Option<usize>,
}

impl Table {
    /// Reads text. Errors: it has no line of names.
    pub(super) fn read(text: &str, delimiter: u8) -> Result<Self, String> {
        let mut reader =
            ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
        let names = reader.headers().map_err(|error| error.to_string())?;
        let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
        if names.iter().all(String::is_empty) {
            return Err("It has no line with the names of its columns".to_owned());
        }
        let rows = reader.records().take(MOST_ROWS).enumerate().map(|(at, record)| match record {
            Ok(record) => {
                let line = record.position().map_or(at + 2, |place| place.line() as usize);
                (line, Ok(record.iter().map(str::to_owned).collect()))
            }
            Err(error) => (at + 2, Err(error.to_string())),
        });
        Ok(Self { rows: rows.collect(), names })
    }

    /// What the columns are, by their names. Where no name tells, the first column is the prompt.
    pub(super) fn guessed(&self) -> Columns {
        let find = |words: &[&str]| {
            let is_it = |name: &String, word: &str| {
                let name = name.to_lowercase().replace(['_', '-'], " ");
                name == word || name.split_whitespace().any(|part| part == word)
            };
            words.iter().find_map(|word| self.names.iter().position(|name| is_it(name, word)))
        };
        let prompt = find(&["prompt", "question", "input", "inputs", "query", "request", "message", "text"]);
        let other = |found: Option<usize>| found.filter(|found| prompt != Some(*found));
        Columns {
            prompt: prompt.or(Some(0)),
            expected: other(find(&["expected", "answer", "reference", "target", "ground truth", "response"])),
            contains: other(find(&["contains"])),
            system_prompt: other(find(&["system"])),
            note: other(find(&["note", "notes", "comment"])),
        }
    }

    /// The rows as prompts. Columns that are nothing else are kept beside.
    pub(super) fn cases(&self, columns: Columns) -> Vec<(usize, Result<Case, String>)> {
        let Some(prompt) = columns.prompt else { return Vec::new() };
        let rows = self.rows.iter();
        rows.map(|(line, row)| (*line, row.clone().and_then(|row| self.case(&row, prompt, columns))))
            .collect()
    }

    fn case(&self, row: &[String], prompt: usize, columns: Columns) -> Result<Case, String> {
        let text = |at: Option<usize>| at.and_then(|at| row.get(at)).cloned().unwrap_or_default();
        let asked = text(Some(prompt));
        if asked.trim().is_empty() {
            let name = self.names.get(prompt).map_or("", String::as_str);
            return Err(format!("Nothing is asked: “{name}” is empty"));
        }
        let mut case = Case::of("", Prompt::Text(asked));
        case.expected = text(columns.expected);
        case.system_prompt = text(columns.system_prompt);
        case.note = text(columns.note);
        let contains = text(columns.contains);
        if !contains.trim().is_empty() {
            case.checks.push(Check::Contains { text: contains });
        }
        let used = [Some(prompt), columns.expected, columns.contains, columns.system_prompt, columns.note];
        for (at, value) in row.iter().enumerate().filter(|(at, _)| !used.contains(&Some(*at))) {
            if let Some(name) = self.names.get(at).filter(|_| !value.is_empty()) {
                case.extra.insert(name.clone(), Value::String(value.clone()));
            }
        }
        Ok(case)
    }
}
