//! Comparing any two versions, runs or logged models: what they are, how good they are, what is packaged in them.
//!
//! [`Comparison`] is the slot that loads both sides and then their files, off the UI thread and within bounds; the
//! plan has one too. [`Compare`] is the screen's state.

mod comparison;
mod direction;
mod files;
mod line;
mod lines;
mod markdown;
mod packaged;
mod requirements;
mod side;
mod signature;
mod subject;
mod summary;
#[cfg(test)]
mod tests;
mod text_diff;
mod walk;
mod words;

pub use comparison::Comparison;
pub use files::{FilePair, FileSide, FileStatus, file_name, folder_of};
pub use line::{Cell, Change, Line, Section};
pub use markdown::sides_text;
pub use subject::{Subject, route};
pub use text_diff::{Half, Shown, TextDiff};
pub use words::differing_words;

use std::path::PathBuf;

use super::finder::Found;
use super::navigation::Route;
use super::tasks::{Polled, Task};
use super::workspace::Workspace;
use super::{Command, Cx};

/// What a view may ask for.
#[derive(Clone, Debug)]
pub enum CompareCommand {
    /// Offers everything that is loaded to compare this with; without a subject, what the present route shows.
    Choose(Option<Subject>),
    /// Offers everything that is loaded for the left (0) or the right (1) side of the comparison on the screen.
    ChooseSide(usize),
    /// Asks where to, and saves the comparison on the screen as Markdown.
    SaveMarkdown,
}

/// Comparisons that are kept: going back to one shows it at once.
const MOST_KEPT: usize = 3;
/// Things that are offered to compare with.
const MOST_CHOICES: usize = 5_000;

/// The comparison on the screen, and those shown before it.
#[derive(Debug, Default)]
pub struct Compare {
    /// The last shown comes first.
    kept: Vec<Comparison>,
    saving: Option<Task<Option<Result<PathBuf, String>>>>,
}

impl Compare {
    /// The comparison of these two, once it was entered.
    pub fn of(&self, from: &Subject, to: &Subject) -> Option<&Comparison> {
        self.kept.iter().find(|comparison| is_of(comparison, from, to))
    }

    /// Takes what arrived.
    pub fn poll(&mut self, cx: &mut Cx<'_>) {
        if let Some(comparison) = self.kept.first_mut() {
            comparison.poll(cx);
        }
        let Some(task) = &mut self.saving else { return };
        match task.poll() {
            Polled::Pending => return,
            Polled::Ready(None) => {}
            Polled::Ready(Some(Ok(path))) => {
                cx.notices.success(format!("Saved {}", path.display()), None);
            }
            Polled::Ready(Some(Err(why))) => {
                cx.notices.failed("The comparison was not saved".to_owned(), why, None);
            }
            Polled::Lost => {
                cx.notices.failed("The comparison was not saved".to_owned(), String::new(), None);
            }
        }
        self.saving = None;
    }

    /// Loads what a route shows, unless it is there. What was left before it was complete is given up.
    pub fn enter(&mut self, route: &Route, cx: &Cx<'_>) {
        let Route::Compare { from, to } = route else {
            self.kept.retain(|comparison| !comparison.is_loading());
            return;
        };
        let at = self.kept.iter().position(|comparison| is_of(comparison, from, to));
        let comparison = match at {
            Some(at) => self.kept.remove(at),
            None => Comparison::between(from.clone(), to.clone(), cx),
        };
        self.kept.retain(|comparison| !comparison.is_loading());
        self.kept.insert(0, comparison);
        self.kept.truncate(MOST_KEPT);
    }

    /// Asks anew.
    pub fn refresh(&mut self, route: &Route, cx: &Cx<'_>) {
        if matches!(route, Route::Compare { .. })
            && let Some(comparison) = self.kept.first_mut()
        {
            comparison.reload(cx);
        }
    }

    /// Asks where to, and saves the comparison on the screen.
    pub fn save_markdown(&mut self, cx: &Cx<'_>) {
        let Some(comparison) = self.kept.first() else { return };
        let text = comparison.markdown(&cx.store.info().label);
        let from = comparison.subject(0).map(Subject::label).unwrap_or_default();
        let name = format!("{from} to {}.md", comparison.title(1));
        let asked = cx.dialogs.save_file(&super::artifacts::save::safe_name(&name));
        self.saving = Some(cx.tasks.spawn(async move {
            let path = asked.await?;
            let written = tokio::fs::write(&path, text).await;
            Some(written.map(|()| path.clone()).map_err(|error| format!("{}: {error}", path.display())))
        }));
    }
}

fn is_of(comparison: &Comparison, from: &Subject, to: &Subject) -> bool {
    comparison.subject(0) == Some(from) && comparison.subject(1) == Some(to)
}

/// What a command offers to choose from, and the question; `None` if there is nothing to compare here.
pub fn choices(
    workspace: &Workspace,
    route_now: &Route,
    command: &CompareCommand,
) -> Option<(String, Vec<Found>)> {
    let (question, like, go): (String, Subject, Box<dyn Fn(Subject) -> Route>) = match (command, route_now) {
        (CompareCommand::Choose(subject), _) => {
            let subject = subject.clone().or_else(|| Subject::of_route(route_now))?;
            let question = format!("Compare {} with…", subject.label());
            (question, subject.clone(), Box::new(move |other| route(other, subject.clone())))
        }
        (CompareCommand::ChooseSide(0), Route::Compare { to, .. }) => {
            let to = to.clone();
            (
                format!("Compare with {}…", to.label()),
                to.clone(),
                Box::new(move |from| Route::Compare { from, to: to.clone() }),
            )
        }
        (CompareCommand::ChooseSide(_), Route::Compare { from, .. }) => {
            let from = from.clone();
            (
                format!("Compare {} with…", from.label()),
                from.clone(),
                Box::new(move |to| Route::Compare { from: from.clone(), to }),
            )
        }
        _ => return None,
    };
    let taken =
        |found: &Route| found == route_now || matches!(found, Route::Compare { from, to } if from == to);
    let offer = |(kind, name, detail, subject): Choice| {
        let route = go(subject);
        (!taken(&route)).then_some(Found { kind, name, detail, command: Command::Go(route) })
    };
    let mut all: Vec<Choice> = loaded(workspace).collect();
    // What is like it comes first: that is what one mostly compares with.
    all.sort_by_key(|(_, _, _, other)| !other.is_like(&like));
    Some((question, all.into_iter().filter_map(offer).take(MOST_CHOICES).collect()))
}

/// Kind, name, more about it, and what it is.
type Choice = (&'static str, String, String, Subject);

/// Everything that is loaded and can be compared: what the palette finds, and the logged models of the open run.
fn loaded(workspace: &Workspace) -> impl Iterator<Item = Choice> + '_ {
    let found = workspace.registry.findable().into_iter().chain(workspace.runs.findable());
    let found = found.filter_map(|found| {
        let Command::Go(route) = &found.command else { return None };
        Subject::of_route(route).map(|subject| (found.kind, found.name, found.detail, subject))
    });
    let models = workspace.run.logged_models().map(|model| {
        let subject = Subject::LoggedModel { model_id: model.model_id.clone() };
        ("logged model", model.name.clone(), model.model_id.clone(), subject)
    });
    found.chain(models)
}
