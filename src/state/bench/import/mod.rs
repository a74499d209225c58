//! Prompts from files: JSON Lines, a JSON list, CSV; from conversations and from MLflow's evaluation datasets. What
//! cannot be read is listed with its line and the reason, and the rest is taken.
//!
//! - `json`: one object, in the shapes that people and MLflow write;
//! - `record`: a record of a dataset;
//! - `table`: CSV, with its columns guessed;
//! - `turns`: turns of conversations.

mod json;
mod record;
mod table;
mod turns;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) use record::case_of_record;
pub use table::{Columns, Table};
pub use turns::{case_of_turn, cases_of_conversation};

use super::Bench;
use super::set::{Case, MOST_CASES};
use crate::state::format;
use crate::state::notices::Notices;
use crate::state::tasks::{Polled, Tasks};

/// More is not read, in bytes.
pub(super) const MAX_READ: u64 = 128 * 1024 * 1024;
/// Lines that could not be read and are listed.
const MOST_BAD: usize = 1_000;

/// What was read of a file; or why it could not be, as a sentence.
pub type Imported = Result<Importing, String>;

/// What was read of a file and is to be looked at before it is taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Importing {
    /// The set that it goes into; none: a new one.
    pub into_set: Option<u64>,
    /// What the file is called, without its ending; or the dataset.
    pub name: String,
    /// It is a dataset, of records, rather than a file, of lines.
    pub of_records: bool,
    /// The rows, where it is a table.
    pub table: Option<Arc<Table>>,
    /// Which of its columns are what.
    pub columns: Columns,
    /// What was read.
    pub cases: Vec<Case>,
    /// Lines or records (from 1) that could not be, and why.
    pub bad: Vec<(usize, String)>,
    /// How many prompts more than a set holds there are.
    pub left_out: usize,
    /// What was not read because too much had come.
    pub rest: Rest,
}

/// What stands behind the place where reading stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rest {
    /// Nothing: it was read to its end.
    #[default]
    Nothing,
    /// So many records.
    Records(usize),
    /// Records, or nothing: their server does not say how many there are.
    Unknown,
}

impl Importing {
    /// What of it will not be in the set although it could be read, as sentences without full stops.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if self.left_out > 0 {
            let more = format::counted(self.left_out, "prompt", "prompts");
            let verb = if self.left_out == 1 { "is" } else { "are" };
            missing.push(format!("{more} more than a set holds {verb} left out"));
        }
        let stopped = if self.left_out > 0 { "Reading stopped there" } else { "Reading stopped at 128 MB" };
        match self.rest {
            Rest::Nothing => {}
            Rest::Records(1) => missing.push(format!("{stopped}: 1 record was not read")),
            Rest::Records(count) => {
                missing.push(format!("{stopped}: {} records were not read", format::count(count)));
            }
            Rest::Unknown => {
                missing.push(format!("{stopped}, and the server does not say how many records are left"));
            }
        }
        missing
    }

    /// Reads a file by its ending, or by how it begins. Takes its time.
    fn read(path: &Path) -> Imported {
        let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
        if size > MAX_READ {
            return Err("It is larger than 128 MB".to_owned());
        }
        let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}');
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let is_json = ["jsonl", "ndjson", "json"].iter().any(|known| ending.eq_ignore_ascii_case(known));
        let mut read = if is_json || text.trim_start().starts_with(['{', '[']) {
            Self::of_lines(json::read(text))
        } else {
            let delimiter = if ending.eq_ignore_ascii_case("tsv") { b'\t' } else { b',' };
            Self::of_table(Table::read(text, delimiter)?)
        };
        read.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(read)
    }

    fn of_table(table: Table) -> Self {
        let columns = table.guessed();
        let mut read = Self { table: Some(Arc::new(table)), ..Self::default() };
        read.read_as(columns);
        read
    }

    /// Reads a table's columns in another way.
    pub(super) fn read_as(&mut self, columns: Columns) {
        let Some(table) = self.table.clone() else { return };
        let read = Self::of_lines(table.cases(columns));
        (self.cases, self.bad, self.left_out) = (read.cases, read.bad, read.left_out);
        self.columns = columns;
    }

    fn of_lines(lines: impl IntoIterator<Item = (usize, Result<Case, String>)>) -> Self {
        let mut read = Self::default();
        read.take(lines);
        read
    }

    /// Takes more.
    pub(super) fn take(&mut self, lines: impl IntoIterator<Item = (usize, Result<Case, String>)>) {
        for (line, case) in lines {
            match case {
                Ok(_) if self.cases.len() >= MOST_CASES => self.left_out += 1,
                Ok(case) => self.cases.push(case),
                Err(why) if self.bad.len() < MOST_BAD => self.bad.push((line, why)),
                Err(_) => {}
            }
        }
    }
}

impl Bench {
    /// Asks for a file and reads it.
    pub(super) fn pick(&mut self, set: Option<u64>, tasks: &Tasks) {
        let Some(dialogs) = &self.dialogs else { return };
        let picked = dialogs.pick_conversations();
        let read = |path: PathBuf| async move {
            let read = tokio::task::spawn_blocking(move || Importing::read(&path)).await;
            read.unwrap_or_else(|_lost| Err("The reading ended early".to_owned()))
        };
        let task = tasks.spawn(async move {
            match picked.await {
                Some(path) => Some(read(path).await),
                None => None,
            }
        });
        self.picking = Some((set, task));
    }

    /// Takes what was read.
    pub(super) fn poll_import(&mut self, notices: &mut Notices) {
        let Some((set, task)) = &mut self.picking else { return };
        let set = *set;
        let read = match task.poll() {
            Polled::Pending => return,
            Polled::Ready(read) => read,
            Polled::Lost => None,
        };
        self.picking = None;
        match read {
            Some(Ok(read)) => self.importing = Some(Importing { into_set: set, ..read }),
            Some(Err(why)) => {
                notices.failed(format!("The file cannot be read: {why}"), why, None);
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::bench::check::Check;
    use crate::state::bench::set::Prompt;

    fn read(name: &str, text: &str) -> Importing {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Importing::read(&path).unwrap()
    }

    fn asked(read: &Importing) -> Vec<&str> {
        read.cases.iter().map(|case| case.prompt.text()).collect()
    }

    #[test]
    fn every_shape_of_a_line_is_read_and_bad_ones_are_listed() {
        let text = [
            r#"{"input": "a", "contains": ["x", "y"], "split": "dev"}"#,
            r#"{"inputs": {"question": "b", "depth": 2}, "expectations": {"expected_response": "B", "guidelines": ["short"]}}"#,
            r#"{"messages": [{"role": "user", "content": "c"}, {"role": "assistant", "content": "C"}, {"role": "user", "content": [{"type": "input_text", "text": "c2"}]}]}"#,
            "",
            r#"{"prompt": "d""#,
            r#"{"question": "e", "answer": "E", "system_prompt": "brief", "custom_inputs": {"k": 1}}"#,
            r#"{"answer": "nothing asked"}"#,
            "[1]",
        ]
        .join("\n");
        let read = read("set.jsonl", &text);
        assert_eq!(asked(&read), ["a", "b", "c2", "e"]);
        let contains = |text: &str| Check::Contains { text: text.into() };
        assert_eq!(read.cases[0].checks, [contains("x"), contains("y")]);
        assert_eq!(read.cases[0].extra["split"], "dev");
        assert_eq!(
            (read.cases[1].expected.as_str(), &read.cases[1].extra["inputs"]["depth"]),
            ("B", &2.into())
        );
        assert_eq!(read.cases[1].note, "Guidelines:\n- short");
        assert!(!read.cases[1].extra.contains_key("expectations"));
        assert_eq!(read.cases[2].prompt.earlier(), 2);
        assert_eq!(
            (read.cases[3].system_prompt.as_str(), read.cases[3].custom_inputs.as_str()),
            ("brief", "{\"k\":1}")
        );
        let lines: Vec<usize> = read.bad.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [5, 7, 8]);
        assert_eq!(read.bad[1].1, "Nothing is asked: no input, messages, prompt or question among answer");
        assert_eq!(read.name, "set");
    }

    #[test]
    fn a_list_is_read_as_lines_are() {
        let read = read("set.json", "[{\"prompt\": \"a\"},\n {\"prompt\": 1}, {\"query\": \"b\"}]");
        assert_eq!((asked(&read), read.bad.len()), (vec!["a", "b"], 1));
    }

    #[test]
    fn columns_of_a_table_are_guessed_and_can_be_chosen() {
        let text = "id,Question,Expected answer,Topic\n1,\"a, b\",A,x\n2,,B,y\n3,c\n";
        let mut read = read("set.csv", text);
        assert_eq!(asked(&read), ["a, b", "c"]);
        assert_eq!((read.cases[0].expected.as_str(), &read.cases[0].extra["Topic"]), ("A", &"x".into()));
        assert_eq!(read.bad, [(3, "Nothing is asked: “Question” is empty".to_owned())]);
        read.read_as(Columns { prompt: Some(3), contains: Some(2), ..Columns::default() });
        assert_eq!(asked(&read), ["x", "y"]);
        assert_eq!(read.cases[1].checks, [Check::Contains { text: "B".into() }]);
        read.read_as(Columns::default());
        assert!(read.cases.is_empty() && read.bad.is_empty());
    }

    #[test]
    fn a_set_that_was_exported_is_read_back() {
        let line = r#"{"record":"case","case":{"id":"7","prompt":{"text":"a"},"checks":[{"check":"regex","pattern":"x"}]}}"#;
        let read = read("x.jsonl", &format!("{{\"record\":\"set\",\"id\":1,\"name\":\"s\"}}\n{line}\n"));
        assert_eq!(read.cases[0].checks, [Check::Regex { pattern: "x".into() }]);
        assert_eq!((read.cases[0].prompt.clone(), read.bad.len()), (Prompt::Text("a".into()), 0));
    }
}
