//! What a new run is made from, and what is logged to it.

use super::{Metric, Millis, Param, Tags};

/// A run that is to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRun {
    /// The experiment.
    pub experiment_id: String,
    /// Shown name; must not be empty.
    pub run_name: String,
    /// Who makes it.
    pub user_id: String,
    /// When it started.
    pub start_time: Millis,
    /// Tags, without `mlflow.runName`.
    pub tags: Tags,
}

/// What is logged to a run in one go: 100 params, 100 tags and 1,000 metrics at most.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunBatch {
    /// Metrics.
    pub metrics: Vec<Metric>,
    /// Params: of a key that is there already, only the same value is taken.
    pub params: Vec<Param>,
    /// Tags: set, or replaced.
    pub tags: Tags,
}
