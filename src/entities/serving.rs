//! Endpoints that a Databricks workspace serves models and agents on.

use super::VersionNumber;

/// A serving endpoint (`GET /api/2.0/serving-endpoints`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServingEndpoint {
    /// Unique in its workspace: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// Where it is asked: `<host>/serving-endpoints/<name>/invocations`.
    pub url: String,
    /// Whether it answers now.
    pub state: ServingState,
    /// What it takes, such as `agent/v1/responses` or `llm/v1/chat`; empty where it does not say so.
    pub task: String,
    /// What it serves; several share the traffic.
    pub served: Vec<ServedEntity>,
    /// Who made it; empty for those that come with the workspace.
    pub creator: String,
}

/// What an endpoint serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServedEntity {
    /// The registered model, `catalog.schema.model` in Unity Catalog; else a foundation or external model's name.
    pub name: String,
    /// The registered model's version; none for what is no registered model.
    pub version: Option<VersionNumber>,
}

/// Whether a serving endpoint answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ServingState {
    /// `READY`
    Ready,
    /// `READY`, and another version is on its way.
    Updating,
    /// `NOT_READY`
    #[default]
    NotReady,
}

impl ServingEndpoint {
    /// The version of a registered model that all of its answers are from, if there is one.
    pub fn version(&self) -> Option<(&str, VersionNumber)> {
        let [only] = self.served.as_slice() else { return None };
        only.version.map(|version| (only.name.as_str(), version))
    }
}

impl ServingState {
    /// The words a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Updating => "Ready, being updated",
            Self::NotReady => "Not ready",
        }
    }

    /// One or two words.
    pub fn short(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Updating => "Updating",
            Self::NotReady => "Not ready",
        }
    }
}
