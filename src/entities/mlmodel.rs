//! What a packaged model says of itself: its `MLmodel` file.

/// A packaged model (`mlflow.models.Model`, the file `MLmodel`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MlModel {
    /// How it can be loaded: `python_function`, `sklearn`…
    pub flavors: Vec<String>,
    /// What the flavors say of themselves, flattened: (`python_function.loader_module`, `mlflow.sklearn`).
    pub flavor_settings: Vec<(String, String)>,
    /// `metadata.task`: how to talk to it once it is served.
    pub task: Option<String>,
    /// The rest of `metadata`, flattened: (`owner.team`, `logistics`).
    pub metadata: Vec<(String, String)>,
    /// What it takes, gives and can be told; absent if it was logged without one.
    pub signature: Option<Signature>,
    /// MLflow's version that wrote it.
    pub mlflow_version: Option<String>,
    /// Python's version that wrote it.
    pub python_version: Option<String>,
    /// All its files, in bytes.
    pub model_size_bytes: Option<u64>,
    /// The run that logged it.
    pub run_id: Option<String>,
    /// The logged model (MLflow 3).
    pub model_id: Option<String>,
    /// When it was made, as written: UTC, without a zone.
    pub utc_time_created: Option<String>,
}

/// What a model takes and gives (`mlflow.models.ModelSignature`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// What it takes.
    pub inputs: Vec<SignatureField>,
    /// What it gives.
    pub outputs: Vec<SignatureField>,
    /// What it can be told at inference.
    pub params: Vec<SignatureField>,
}

/// One column, tensor or param of a signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignatureField {
    /// Its name; empty where it has none.
    pub name: String,
    /// Its type as a person reads it: `long`, `array<string>`, `tensor<float64>[-1, 4]`.
    pub data_type: String,
    /// Whether it must be given.
    pub required: bool,
    /// A param's default, as JSON.
    pub default: Option<String>,
    /// What an object consists of, where that is said.
    pub properties: Vec<SignatureField>,
}

impl MlModel {
    /// `metadata.task` in words.
    pub fn task_label(&self) -> Option<&str> {
        Some(match self.task.as_deref()? {
            "agent/v1/responses" | "agent/v2/responses" => "Agent, Responses API",
            "agent/v2/chat" => "Agent, chat messages with context",
            "agent/v1/chat" => "Agent, chat completions",
            "llm/v1/chat" => "Language model, chat completions",
            "llm/v1/completions" => "Language model, completions",
            "llm/v1/embeddings" => "Language model, embeddings",
            other => other,
        })
    }
}
