//! When versions were registered. The list of models does not say, so those on the screen are asked for, a few at a
//! time, and remembered.

use std::sync::Arc;

use super::RegistryCommand;
use crate::entities::{Millis, VersionNumber};
use crate::state::lookups::Lookups;
use crate::state::tasks::Tasks;
use crate::tracking::Store;

/// A version of a model, by name and number.
pub type Named = (String, VersionNumber);

/// Times by model and version.
#[derive(Default)]
pub struct Ages(Lookups<Named, Millis>);

impl Ages {
    /// When a version was registered, if that is known.
    pub fn get(&self, name: &str, version: VersionNumber) -> Option<Millis> {
        self.0.get(&(name.to_owned(), version)).copied()
    }

    /// The command that asks for those of these versions that nobody asked for yet.
    pub fn asking_for(&self, versions: impl IntoIterator<Item = Named>) -> Option<RegistryCommand> {
        let missing = self.0.missing(versions);
        (!missing.is_empty()).then_some(RegistryCommand::AskAges(missing))
    }

    pub(super) fn ask(&mut self, versions: Vec<Named>, tasks: &Tasks, store: &Arc<dyn Store>) {
        self.0.ask(tasks, versions, |(name, version)| {
            let answer = store.get_model_version(name, *version);
            async move { answer.await.ok()?.creation_timestamp }
        });
    }

    pub(super) fn poll(&mut self) {
        self.0.poll();
    }
}
