//! Tags, and the keys that MLflow itself gives a meaning.

use std::collections::BTreeMap;

/// Tags of anything, ordered by key. A key occurs once.
pub type Tags = BTreeMap<String, String>;

/// Keys of the tags that MLflow sets itself (`mlflow/utils/mlflow_tags.py`).
pub mod tag {
    /// Markdown note of an experiment or a run.
    pub const NOTE: &str = "mlflow.note.content";
    /// Run id of the parent of a nested run.
    pub const PARENT_RUN_ID: &str = "mlflow.parentRunId";
    /// Who started the run.
    pub const USER: &str = "mlflow.user";
    /// Script, notebook or job that logged the run.
    pub const SOURCE_NAME: &str = "mlflow.source.name";
    /// `LOCAL`, `NOTEBOOK`, `JOB`, `PROJECT`…
    pub const SOURCE_TYPE: &str = "mlflow.source.type";
    /// Commit of the code that logged the run.
    pub const GIT_COMMIT: &str = "mlflow.source.git.commit";
    /// Branch of the code that logged the run.
    pub const GIT_BRANCH: &str = "mlflow.source.git.branch";
    /// Marks a registered model or a version that is a prompt.
    pub const IS_PROMPT: &str = "mlflow.prompt.is_prompt";
    /// A prompt version's text.
    pub const PROMPT_TEXT: &str = "mlflow.prompt.text";
    /// Whether a prompt version's text is a `text` or a `chat`: a JSON list of messages.
    pub const PROMPT_TYPE: &str = "_mlflow_prompt_type";
    /// On a logged model: JSON list of the versions registered from it.
    pub const MODEL_VERSIONS: &str = "mlflow.modelVersions";
    /// Models logged by a run, as JSON (before MLflow 3).
    pub const LOG_MODEL_HISTORY: &str = "mlflow.log-model.history";

    /// Whether MLflow, not a person, owns the tag.
    pub fn is_system(key: &str) -> bool {
        key.starts_with("mlflow.")
    }
}
