//! What MLflow holds, as plain values with MLflow's own names.
//!
//! Pure: no I/O, no JSON, no widgets. Times are milliseconds since the Unix epoch, as MLflow stores them.

mod artifact;
mod evaluation_dataset;
mod experiment;
mod logged_model;
mod mlmodel;
mod named;
mod new_run;
mod prompt;
mod read_value;
mod registering;
mod registry;
mod run;
mod serving;
mod tags;
mod trace;
mod trace_value;
mod webhook;

pub use artifact::{ArtifactRoot, FileInfo};
pub use evaluation_dataset::{DatasetRecord, EvaluationDataset};
pub use experiment::Experiment;
pub use logged_model::{LoggedModel, LoggedModelStatus};
pub use mlmodel::{MlModel, Signature, SignatureField};
pub use named::Named;
pub use new_run::{NewRun, RunBatch};
pub use prompt::{PromptMessage, PromptTemplate};
pub use registering::{NewModel, NewVersion};
pub use registry::{
    Alias, ModelVersion, ModelVersionStatus, RegisteredModel, VersionNumber, is_reserved_alias,
    model_uri_alias, model_uri_version,
};
pub use run::{Dataset, Metric, ModelOutput, Param, Run, RunInfo, RunStatus};
pub use serving::{ServedEntity, ServingEndpoint, ServingState};
pub use tags::{Tags, tag};
pub use trace::{
    Assessment, AssessmentKind, NewFeedback, Span, SpanEvent, SpanStatus, TokenUsage, Trace, TraceInfo,
    TraceState, trace_key,
};
pub use trace_value::TraceValue;
pub use webhook::{Webhook, WebhookStatus, event};

/// Milliseconds since the Unix epoch, UTC.
pub type Millis = i64;

/// Whether an experiment or a run was deleted (MLflow keeps both until garbage collection).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LifecycleStage {
    /// In use.
    #[default]
    Active,
    /// Deleted, and restorable.
    Deleted,
}

/// Which lifecycle stages a search returns (`run_view_type`, `view_type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ViewType {
    /// `ACTIVE_ONLY`
    #[default]
    ActiveOnly,
    /// `DELETED_ONLY`
    DeletedOnly,
    /// `ALL`
    All,
}
