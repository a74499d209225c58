//! One line of a file of the bench, and a set or a run from its lines.
//!
//! A set is written anew when it is changed. A run begins with its set as it was; answers and what is said of them are
//! only ever appended. A line that cannot be read, such as the last one of a killed app, is skipped.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::RunSummary;
use crate::agent::Dialect;
use crate::entities::Millis;
use crate::state::bench::result::{BenchRun, Cell, Column, Identity, Mark, RUN_VERSION};
use crate::state::bench::set::{Case, MOST_CASES, PromptSet, SET_VERSION};

/// A line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub(in crate::state::bench) enum Record<'a> {
    /// A set begins.
    Set {
        /// Of the shape.
        version: u32,
        /// The set's.
        id: u64,
        /// The set's.
        name: Cow<'a, str>,
    },
    /// A prompt of the set.
    Case {
        /// The prompt.
        case: Cow<'a, Case>,
    },
    /// A run begins.
    Run {
        /// Of the shape.
        version: u32,
        /// The run's.
        id: u64,
        /// The run's.
        name: Cow<'a, str>,
        /// When.
        started: Millis,
        /// Who is asked.
        columns: Cow<'a, [Column]>,
    },
    /// An answer came, in place of what was there.
    Cell {
        /// The prompt, from 0.
        row: usize,
        /// The endpoint, from 0.
        column: usize,
        /// The answer.
        cell: Box<Cell>,
        /// Its vocabulary.
        #[serde(default)]
        dialect: Dialect,
    },
    /// Somebody said what they think of an answer.
    Mark {
        /// The prompt, from 0.
        row: usize,
        /// The endpoint, from 0.
        column: usize,
        /// What they think.
        mark: Mark,
        /// And why.
        #[serde(default)]
        note: String,
    },
    /// It was looked which version an endpoint answers as.
    Look {
        /// The endpoint, from 0.
        column: usize,
        /// What was found.
        look: Identity,
        /// When in the run.
        when: When,
    },
    /// The run goes on after it was stopped, or had ended.
    Resumed,
    /// The last answer is here.
    End {
        /// When it came.
        at: Millis,
    },
    /// The run is called so.
    Name {
        /// The name.
        name: Cow<'a, str>,
    },
    /// Of a newer version.
    #[serde(other)]
    Unknown,
}

/// When a version was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::state::bench) enum When {
    /// As the run began.
    Before,
    /// As it was resumed.
    Between,
    /// As it ended.
    After,
}

impl BenchRun {
    /// Takes what happened, as it is written and as it is read.
    pub(in crate::state::bench) fn take(&mut self, record: Record<'_>) {
        match record {
            Record::Cell { row, column, cell, dialect } => {
                if let Some(column) = self.columns.get_mut(column).filter(|_| dialect != Dialect::Unknown) {
                    column.dialect = dialect;
                }
                self.put(row, column, *cell);
            }
            Record::Mark { row, column, mark, note } => {
                let place = self.place(row, column);
                if let Some(Some(cell)) = place.and_then(|at| self.cells.get_mut(at)) {
                    let cell = Arc::make_mut(cell);
                    (cell.mark, cell.note) = (mark, note);
                }
            }
            Record::Look { column, look, when } => {
                if let Some(column) = self.columns.get_mut(column) {
                    match when {
                        When::Before => column.before = look,
                        When::Between => column.between.push(look),
                        When::After => column.after = Some(look),
                    }
                }
            }
            Record::Resumed => {
                self.ended = None;
                for column in &mut self.columns {
                    column.between.extend(column.after.take());
                }
            }
            Record::End { at } => self.ended = Some(at),
            Record::Name { name } => self.name = name.into_owned(),
            Record::Set { .. } | Record::Case { .. } | Record::Run { .. } | Record::Unknown => {}
        }
    }
}

/// A set or a run while its lines are read.
#[derive(Debug, Default)]
pub(super) struct Folded {
    set: Option<PromptSet>,
    run: Option<(u64, String, Millis, Vec<Column>)>,
    later: Vec<Record<'static>>,
}

impl Folded {
    /// Takes a line.
    pub(super) fn take(&mut self, line: &[u8]) {
        let Ok(record) = serde_json::from_slice::<Record<'static>>(line) else { return };
        match record {
            Record::Set { id, name, .. } => self.set = Some(PromptSet::new(id, name)),
            Record::Case { case } => {
                if let Some(set) = self.set.as_mut().filter(|set| set.cases.len() < MOST_CASES) {
                    set.cases.push(case.into_owned());
                }
            }
            Record::Run { id, name, started, columns, .. } => {
                self.run = Some((id, name.into_owned(), started, columns.into_owned()));
            }
            later => self.later.push(later),
        }
    }

    /// The set, without whatever was done with it.
    pub(super) fn into_set(self) -> Option<PromptSet> {
        self.set
    }

    /// The run as it stands.
    pub(super) fn into_run(self) -> Option<BenchRun> {
        let ((id, name, started, columns), set) = self.run.zip(self.set)?;
        let mut run = BenchRun::new(id, Arc::new(set), columns, started);
        run.name = name;
        self.later.into_iter().for_each(|record| run.take(record));
        Some(run)
    }
}

/// What a list shows of a run, without its answers in memory.
#[derive(Debug, Default)]
pub(super) struct Listed {
    summary: Option<RunSummary>,
    set: Option<(u64, String)>,
    prompts: usize,
    done: HashSet<(usize, usize)>,
}

/// The record's kind and place; everything else is skipped.
#[derive(Deserialize)]
struct Light<'a> {
    #[serde(borrow)]
    record: Cow<'a, str>,
    row: Option<usize>,
    column: Option<usize>,
}

impl Listed {
    /// Takes a line.
    pub(super) fn take(&mut self, line: &[u8]) {
        let Ok(light) = serde_json::from_slice::<Light<'_>>(line) else { return };
        match light.record.as_ref() {
            "case" => self.prompts += 1,
            "cell" => self.done.extend(light.row.zip(light.column)),
            _ => {
                if let Ok(record) = serde_json::from_slice::<Record<'static>>(line) {
                    self.take_other(record);
                }
            }
        }
    }

    fn take_other(&mut self, record: Record<'static>) {
        match (record, &mut self.summary) {
            (Record::Run { id, name, started, columns, .. }, _) => {
                let columns = columns.iter().map(|column| column.name.clone()).collect();
                let name = name.into_owned();
                self.summary = Some(RunSummary { id, name, columns, started, ..RunSummary::default() });
            }
            (Record::Set { id, name, .. }, _) => self.set = Some((id, name.into_owned())),
            (Record::End { at }, Some(summary)) => summary.ended = Some(at),
            (Record::Resumed, Some(summary)) => summary.ended = None,
            (Record::Name { name }, Some(summary)) => summary.name = name.into_owned(),
            _ => {}
        }
    }

    /// What was found.
    pub(super) fn into_summary(self) -> Option<RunSummary> {
        let (mut summary, (set, set_name)) = self.summary.zip(self.set)?;
        summary.total = self.prompts * summary.columns.len();
        summary.done = self.done.len();
        (summary.set, summary.set_name) = (set, set_name);
        Some(summary)
    }
}

/// All lines of a set.
pub(super) fn lines_of_set(set: &PromptSet) -> String {
    let mut text = line(&Record::Set { version: SET_VERSION, id: set.id, name: (&set.name).into() });
    for case in &set.cases {
        text.push_str(&line(&Record::Case { case: Cow::Borrowed(case) }));
    }
    text
}

/// The lines that a run begins with.
pub(super) fn lines_of_run(run: &BenchRun) -> String {
    let mut text = line(&Record::Run {
        version: RUN_VERSION,
        id: run.id,
        name: (&run.name).into(),
        started: run.started,
        columns: Cow::Borrowed(&run.columns),
    });
    text.push_str(&lines_of_set(&run.set));
    text
}

/// A record as a line.
pub(super) fn line(record: &Record<'_>) -> String {
    // Strings, maps with string keys and no custom serializer: there is nothing that could fail.
    let mut line = serde_json::to_string(record).unwrap_or_default();
    line.push('\n');
    line
}
