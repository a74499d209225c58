//! Logged models (MLflow 3): what `log_model` made, before or without registration.

use super::{Metric, Millis, Param, Tags};

/// A logged model (`mlflow.entities.LoggedModel`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoggedModel {
    /// `m-…`
    pub model_id: String,
    /// The experiment it belongs to.
    pub experiment_id: String,
    /// The name given to `log_model`.
    pub name: String,
    /// When it was made.
    pub creation_timestamp: Option<Millis>,
    /// When it last changed.
    pub last_updated_timestamp: Option<Millis>,
    /// Root of its files.
    pub artifact_uri: String,
    /// Whether its upload was completed.
    pub status: LoggedModelStatus,
    /// Free text such as `agent`.
    pub model_type: String,
    /// The run that logged it; empty if none.
    pub source_run_id: String,
    /// Tags; `mlflow.modelVersions` names the versions registered from it.
    pub tags: Tags,
    /// Params of the model.
    pub params: Vec<Param>,
    /// Metrics linked to the model.
    pub metrics: Vec<Metric>,
    /// The registered versions that its tag `mlflow.modelVersions` names: (model, version).
    pub registered_as: Vec<(String, super::VersionNumber)>,
}

/// Whether a logged model is complete (`LoggedModelStatus`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LoggedModelStatus {
    /// `LOGGED_MODEL_STATUS_UNSPECIFIED`, or a name this version does not know.
    #[default]
    Unspecified,
    /// `LOGGED_MODEL_PENDING`
    Pending,
    /// `LOGGED_MODEL_READY`
    Ready,
    /// `LOGGED_MODEL_UPLOAD_FAILED`
    UploadFailed,
}

impl LoggedModelStatus {
    /// The word a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unspecified => "Unknown",
            Self::Pending => "Pending",
            Self::Ready => "Ready",
            Self::UploadFailed => "Upload failed",
        }
    }
}
