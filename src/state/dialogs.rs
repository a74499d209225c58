//! Native dialogs and the file manager, behind a trait so that tests can answer them.

use std::path::{Path, PathBuf};

use futures_util::future::BoxFuture;

use super::Command;
use super::notices::Notices;
use super::tasks::{Polled, Task, Tasks};

/// What is said where nothing can be asked.
pub const NO_DIALOGS: &str = "This desktop has no dialog to choose files with. Drop them on the window, or install \
                              xdg-desktop-portal or zenity";

/// Asks the user for places on this machine. Answers `None` when the user cancels.
pub trait Dialogs: Send + Sync + 'static {
    /// Where to save one file.
    fn save_file(&self, suggested_name: &str) -> BoxFuture<'static, Option<PathBuf>>;
    /// A database file to open.
    fn pick_file(&self) -> BoxFuture<'static, Option<PathBuf>>;
    /// A file with the promotion policy.
    fn pick_policy(&self) -> BoxFuture<'static, Option<PathBuf>> {
        self.pick_file()
    }
    /// A file with conversations.
    fn pick_conversations(&self) -> BoxFuture<'static, Option<PathBuf>> {
        self.pick_file()
    }
    /// Files that go along with a message.
    fn pick_attachments(&self) -> BoxFuture<'static, Vec<PathBuf>> {
        let picked = self.pick_file();
        Box::pin(async move { picked.await.into_iter().collect() })
    }
    /// A program: the Python of an environment.
    fn pick_program(&self) -> BoxFuture<'static, Option<PathBuf>> {
        self.pick_file()
    }
    /// A folder to save into.
    fn pick_folder(&self) -> BoxFuture<'static, Option<PathBuf>>;
    /// Shows a file or folder in the file manager. `false`: there is none that answers.
    fn show_in_folder(&self, _path: &Path) -> BoxFuture<'static, bool> {
        Box::pin(std::future::ready(false))
    }
    /// Whether something was to be asked since the last call, and this desktop has no dialogs. To the one who asked
    /// it looks cancelled.
    fn take_unasked(&self) -> bool {
        false
    }
    /// Tells something on the desktop; where there is no such thing, nothing happens.
    fn notify(&self, title: &str, text: &str) -> BoxFuture<'static, ()> {
        tracing::debug!(title, text, "nobody shows this");
        Box::pin(async {})
    }
}

/// A file that the file manager was asked to show.
#[derive(Default)]
pub struct Showing(Option<(PathBuf, Task<bool>)>);

impl Showing {
    /// Asks for another one.
    pub fn start(&mut self, path: PathBuf, tasks: &Tasks, dialogs: &dyn Dialogs) {
        let task = tasks.spawn(dialogs.show_in_folder(&path));
        self.0 = Some((path, task));
    }

    /// Where no file manager answers, says where the file is.
    pub fn poll(&mut self, notices: &mut Notices) {
        let Some((path, task)) = &mut self.0 else { return };
        let shown = match task.poll() {
            Polled::Pending => return,
            Polled::Ready(shown) => shown,
            Polled::Lost => false,
        };
        if !shown {
            let place = path.display().to_string();
            let copy = Command::Copy(place.clone(), "the path");
            notices.warning(format!("No file manager answered. It is {place}"), Some(("Copy path", copy)));
        }
        self.0 = None;
    }
}
