//! What logged models are called. A search for runs gives ids only, so the ones on the screen are asked for, a few
//! at a time, and remembered.

use std::collections::HashMap;
use std::sync::Arc;

use crate::entities::{LoggedModel, VersionNumber};
use crate::state::lookups::{Lookups, MOST};
use crate::state::tasks::Tasks;
use crate::tracking::{Store, TrackingError};

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
pub struct ModelLabels {
    known: HashMap<String, Option<ModelLabel>>,
    asking: Lookups<(String, Result<LoggedModel, TrackingError>)>,
}

impl ModelLabels {
    /// What a model is called, if that is known.
    pub fn get(&self, model_id: &str) -> Option<&ModelLabel> {
        self.known.get(model_id)?.as_ref()
    }

    /// Whether it was not asked for yet.
    pub fn is_unknown(&self, model_id: &str) -> bool {
        !self.known.contains_key(model_id)
    }

    /// Whether answers are on their way.
    pub fn is_asking(&self) -> bool {
        self.asking.is_asking()
    }

    /// Asks for models; what was asked for before and has not come is given up.
    pub(super) fn ask(&mut self, ids: Vec<String>, tasks: &Tasks, store: &Arc<dyn Store>) {
        if self.known.len() > MOST {
            self.known.clear();
        }
        let answers = ids
            .into_iter()
            .filter(|id| self.is_unknown(id))
            .map(|id| {
                let answer = store.get_logged_model(&id);
                async move { (id, answer.await) }
            })
            .collect();
        self.asking.ask(tasks, answers);
    }

    pub(super) fn poll(&mut self) {
        while let Some((id, answer)) = self.asking.poll() {
            // One that cannot be had keeps its id on the screen; it is not asked for again and again.
            let label =
                answer.ok().map(|model| ModelLabel { name: model.name, registered_as: model.registered_as });
            self.known.insert(id, label);
        }
    }
}
