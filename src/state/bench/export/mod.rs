//! A bench as a file for others: CSV for a sheet, JSON Lines for programs, Markdown for a pull request, and a page of
//! HTML that needs nothing else.

mod csv;
mod html;
mod json_lines;
mod markdown;
mod words;

use std::path::PathBuf;

use super::result::BenchRun;
use crate::state::artifacts::save::safe_name;
use crate::state::dialogs::Dialogs;
use crate::state::notices::Notices;
use crate::state::tasks::{Polled, Task};
use crate::state::{Command, Tasks};

/// Which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// A row for each answer.
    Csv,
    /// A line about the run, then one for each answer.
    JsonLines,
    /// Figures, and what is not as it should be.
    Markdown,
    /// Everything, to be read and printed.
    Html,
}

impl ExportFormat {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Html, Self::Markdown, Self::Csv, Self::JsonLines];

    /// What a person calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::JsonLines => "JSON Lines",
            Self::Markdown => "Markdown report",
            Self::Html => "HTML report",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
            Self::Markdown => "md",
            Self::Html => "html",
        }
    }

    /// The whole file. `base`: the column that the others are compared with.
    pub fn text(self, run: &BenchRun, base: usize) -> Result<String, String> {
        match self {
            Self::Csv => csv::text(run, base).map_err(|error| error.to_string()),
            Self::JsonLines => json_lines::text(run).map_err(|error| error.to_string()),
            Self::Markdown => Ok(markdown::text(run, base)),
            Self::Html => Ok(html::text(run, base)),
        }
    }
}

/// A file that is being saved.
#[derive(Debug, Default)]
pub struct Exporting(Option<Task<Result<Option<PathBuf>, String>>>);

impl Exporting {
    /// Asks where to, and writes there; all of it off this thread.
    pub fn start(
        &mut self,
        format: ExportFormat,
        (run, base): (BenchRun, usize),
        dialogs: &dyn Dialogs,
        tasks: &Tasks,
    ) {
        let name = if run.name.trim().is_empty() { "Bench" } else { run.name.trim() };
        let asked = dialogs.save_file(&safe_name(&format!("{name}.{}", format.ending())));
        self.0 = Some(tasks.spawn(async move {
            let Some(place) = asked.await else { return Ok(None) };
            let text = tokio::task::spawn_blocking(move || format.text(&run, base)).await;
            let text = text.map_err(|error| error.to_string())??;
            match tokio::fs::write(&place, text).await {
                Ok(()) => Ok(Some(place)),
                Err(error) => Err(format!("{} cannot be written: {error}", place.display())),
            }
        }));
    }

    /// Tells how it ended.
    pub fn poll(&mut self, notices: &mut Notices) {
        let Some(task) = &mut self.0 else { return };
        match task.poll() {
            Polled::Pending => return,
            Polled::Ready(Ok(Some(place))) => {
                let show = ("Show in folder", Command::ShowInFolder(place.clone()));
                notices.success(format!("Saved {}", place.display()), Some(show));
            }
            Polled::Ready(Err(error)) => {
                notices.failed(format!("The bench was not saved: {error}"), error, None);
            }
            Polled::Ready(Ok(None)) | Polled::Lost => {}
        }
        self.0 = None;
    }
}

#[cfg(test)]
mod tests;
