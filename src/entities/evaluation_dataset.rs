//! Evaluation datasets: inputs with what is expected of the answers, kept by the server.

use super::{Millis, Tags};

/// A named set of records (`mlflow.entities.EvaluationDataset`; MLflow 3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvaluationDataset {
    /// `d-…`
    pub dataset_id: String,
    /// Shown name; several may have the same.
    pub name: String,
    /// Hash of its content, made by MLflow.
    pub digest: String,
    /// When it was made.
    pub created_time: Option<Millis>,
    /// When it or its records last changed.
    pub last_update_time: Option<Millis>,
    /// Who made it, if that is known.
    pub created_by: String,
    /// How many records it had when its profile was last written, if it has one.
    pub records: Option<u64>,
    /// Tags.
    pub tags: Tags,
}

/// One record (`mlflow.entities.DatasetRecord`). Its parts are JSON as the store has them: whatever was evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatasetRecord {
    /// `dr-…`
    pub dataset_record_id: String,
    /// A JSON object: what is asked.
    pub inputs: String,
    /// JSON: what was answered once, if that was kept.
    pub outputs: Option<String>,
    /// A JSON object: what is expected.
    pub expectations: Option<String>,
    /// A JSON object: tags.
    pub tags: Option<String>,
    /// When it was made.
    pub created_time: Option<Millis>,
}
