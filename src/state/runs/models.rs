//! What logged models are called. A search for runs gives ids only, so the ones on the screen are asked for, a few
//! at a time, and remembered.

use std::sync::Arc;

use super::RunsCommand;
use crate::entities::VersionNumber;
use crate::state::lookups::Lookups;
use crate::state::tasks::Tasks;
use crate::tracking::Store;

/// What is known of a logged model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelLabel {
    /// The name given to `log_model`.
    pub name: String,
    /// The versions registered from it: (model, version).
    pub registered_as: Vec<(String, VersionNumber)>,
}

/// Labels by model id.
#[derive(Default)]
pub struct ModelLabels(Lookups<String, ModelLabel>);

impl ModelLabels {
    /// What a model is called, if that is known.
    pub fn get(&self, model_id: &str) -> Option<&ModelLabel> {
        self.0.get(model_id)
    }

    /// The command that asks for those of these models that nobody asked for yet.
    pub fn asking_for(&self, ids: impl IntoIterator<Item = String>) -> Option<RunsCommand> {
        let missing = self.0.missing(ids);
        (!missing.is_empty()).then_some(RunsCommand::NameModels(missing))
    }

    pub(super) fn ask(&mut self, ids: Vec<String>, tasks: &Tasks, store: &Arc<dyn Store>) {
        self.0.ask(tasks, ids, |id| {
            let answer = store.get_logged_model(id);
            async move {
                let model = answer.await.ok()?;
                Some(ModelLabel { name: model.name, registered_as: model.registered_as })
            }
        });
    }

    pub(super) fn poll(&mut self) {
        self.0.poll();
    }
}
