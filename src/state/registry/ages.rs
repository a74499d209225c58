//! When versions were registered. The list of models does not say, so those on the screen are asked for, a few at a
//! time, and remembered.

use std::collections::HashMap;
use std::sync::Arc;

use crate::entities::{Millis, ModelVersion, VersionNumber};
use crate::state::lookups::{Lookups, MOST};
use crate::state::tasks::Tasks;
use crate::tracking::{Store, TrackingError};

/// A version of a model, by name and number.
pub type Named = (String, VersionNumber);

/// Times by model and version.
#[derive(Default)]
pub struct Ages {
    known: HashMap<String, HashMap<VersionNumber, Option<Millis>>>,
    count: usize,
    asking: Lookups<(Named, Result<ModelVersion, TrackingError>)>,
}

impl Ages {
    /// When a version was registered, if that is known.
    pub fn get(&self, name: &str, version: VersionNumber) -> Option<Millis> {
        *self.known.get(name)?.get(&version)?
    }

    /// Whether it was not asked for yet.
    pub fn is_unknown(&self, name: &str, version: VersionNumber) -> bool {
        !self.known.get(name).is_some_and(|versions| versions.contains_key(&version))
    }

    /// Whether answers are on their way.
    pub fn is_asking(&self) -> bool {
        self.asking.is_asking()
    }

    /// Asks for versions; what was asked for before and has not come is given up.
    pub(super) fn ask(&mut self, versions: Vec<Named>, tasks: &Tasks, store: &Arc<dyn Store>) {
        if self.count > MOST {
            self.known.clear();
            self.count = 0;
        }
        let answers = versions
            .into_iter()
            .filter(|(name, version)| self.is_unknown(name, *version))
            .map(|(name, version)| {
                let answer = store.get_model_version(&name, version);
                async move { ((name, version), answer.await) }
            })
            .collect();
        self.asking.ask(tasks, answers);
    }

    pub(super) fn poll(&mut self) {
        while let Some(((name, version), answer)) = self.asking.poll() {
            // One that cannot be had is not asked for again and again.
            let time = answer.ok().and_then(|version| version.creation_timestamp);
            self.known.entry(name).or_default().insert(version, time);
            self.count += 1;
        }
    }
}
