//! Experiments.

use super::{LifecycleStage, Millis, Tags};

/// An experiment (`mlflow.entities.Experiment`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Experiment {
    /// Id, a string of digits on open-source servers.
    pub experiment_id: String,
    /// Unique name. Databricks uses workspace paths here.
    pub name: String,
    /// Where runs put their artifacts by default.
    pub artifact_location: String,
    /// Active or deleted.
    pub lifecycle_stage: LifecycleStage,
    /// When it was made; unknown on very old servers.
    pub creation_time: Option<Millis>,
    /// When its name or tags last changed.
    pub last_update_time: Option<Millis>,
    /// Tags, the Markdown note among them.
    pub tags: Tags,
}
