//! Native dialogs, behind a trait so that tests can answer them.

use std::path::PathBuf;

use futures_util::future::BoxFuture;

/// Asks the user for places on this machine. Answers `None` when the user cancels.
pub trait Dialogs: Send + Sync + 'static {
    /// Where to save one file.
    fn save_file(&self, suggested_name: &str) -> BoxFuture<'static, Option<PathBuf>>;
    /// A database file to open.
    fn pick_file(&self) -> BoxFuture<'static, Option<PathBuf>>;
    /// A folder to save into.
    fn pick_folder(&self) -> BoxFuture<'static, Option<PathBuf>>;
}
