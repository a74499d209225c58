//! What can be asked of the bench.

use std::sync::Arc;

use super::arrange::Arrangement;
use super::export::ExportFormat;
use super::import::Columns;
use super::result::Mark;
use super::set::{Case, PromptSet};
use super::shelf::Kind;
use super::start::Start;
use crate::state::Command;

/// What a view may ask for.
#[derive(Clone, Debug)]
pub enum BenchCommand {
    /// Begins an empty set and shows it.
    NewSet,
    /// Calls a set so.
    RenameSet(u64, String),
    /// Puts prompts at the end of a set; of a new one of this name without an id.
    AddCases {
        /// The set.
        set: Option<u64>,
        /// What a new one is called.
        name: String,
        /// The prompts.
        cases: Vec<Case>,
    },
    /// Puts an empty prompt at the end of a set.
    AddCase(u64),
    /// Puts a prompt in place of the one with its id.
    PutCase(u64, Box<Case>),
    /// Takes prompts out of a set.
    DeleteCases(u64, Vec<String>),
    /// Puts a whole set back as it was.
    PutSet(Arc<PromptSet>),
    /// Deletes a set or a run. It can be taken back until the app is closed.
    Delete(Kind, u64),
    /// Takes it back.
    Restore(Kind, u64),
    /// Asks for a file with prompts, for a set or for a new one.
    Import(Option<u64>),
    /// Asks which evaluation dataset of the server is to be read, for a set or for a new one.
    AskDatasets(Option<u64>),
    /// Gives it up.
    CancelDatasets,
    /// Asks which experiments these datasets belong to: they are on the screen.
    LookDatasets(Vec<String>),
    /// Reads this dataset.
    ReadDataset(String),
    /// Reads it no further.
    StopDataset,
    /// Reads a table's columns so.
    ImportColumns(Columns),
    /// Takes what was read, under this name where it is a new set.
    ImportConfirm(String),
    /// Gives it up.
    ImportCancel,
    /// Asks which set prompts are to be added to.
    AskAdd(Vec<Case>),
    /// Gives it up.
    CancelAdd,
    /// Asks who is to be asked a set.
    AskStart(u64),
    /// Gives it up.
    CancelStart,
    /// Starts a run.
    Start(Box<Start>),
    /// Stops the run that is under way. What came stays.
    Stop,
    /// Asks what has no answer yet.
    Resume(u64),
    /// Asks again what failed.
    RetryFailed(u64),
    /// Asks one prompt of one endpoint again: run, row, column.
    Retry(u64, usize, usize),
    /// Calls a run so.
    RenameRun(u64, String),
    /// What somebody thinks of an answer, and why.
    Mark {
        /// The run.
        run: u64,
        /// The prompt.
        row: usize,
        /// The endpoint.
        column: usize,
        /// What they think.
        mark: Mark,
        /// And why.
        note: String,
    },
    /// Shows rows of the run that is open in another way.
    Arrange(Arrangement),
    /// Compares the answers of a row word by word, or of none.
    ShowRow(Option<usize>),
    /// Asks where to, and saves a run there.
    Export(u64, ExportFormat),
    /// Asks in which experiment a run is to be logged as MLflow runs.
    AskLog(u64),
    /// Gives it up.
    CancelLog,
    /// Makes MLflow runs of a run.
    Log {
        /// The run.
        run: u64,
        /// Where they are made.
        experiment_id: String,
    },
}

impl From<BenchCommand> for Command {
    fn from(command: BenchCommand) -> Self {
        Self::Bench(command)
    }
}
