//! What is found by a part of its name.

/// Something that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A registered model, by its name.
    Model(String),
    /// A prompt, by its name.
    Prompt(String),
    /// An experiment.
    Experiment {
        /// Its id.
        experiment_id: String,
        /// Its name.
        name: String,
    },
    /// A run.
    Run {
        /// Its id.
        run_id: String,
        /// Its name.
        name: String,
    },
}

impl Named {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Model(name)
            | Self::Prompt(name)
            | Self::Experiment { name, .. }
            | Self::Run { name, .. } => name,
        }
    }
}
