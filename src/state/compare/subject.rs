//! What can be compared: versions, runs and logged models.

use crate::entities::VersionNumber;
use crate::state::format;
use crate::state::navigation::{ModelKind, Route, RunTab};

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A version of a registered model or of a prompt.
    Version {
        /// Model or prompt.
        kind: ModelKind,
        /// The registered model's name.
        name: String,
        /// The version.
        version: VersionNumber,
    },
    /// A run.
    Run {
        /// The run.
        run_id: String,
    },
    /// A logged model.
    LoggedModel {
        /// `m-…`
        model_id: String,
    },
}

impl Subject {
    /// What a route shows, if it can be compared.
    pub fn of_route(route: &Route) -> Option<Self> {
        match route {
            Route::Version { kind, name, version } => {
                Some(Self::Version { kind: *kind, name: name.clone(), version: *version })
            }
            Route::Run { run_id, .. } => Some(Self::Run { run_id: run_id.clone() }),
            _ => None,
        }
    }

    /// Where it is shown by itself; a logged model has no page of its own.
    pub fn route(&self) -> Option<Route> {
        match self {
            Self::Version { kind, name, version } => {
                Some(Route::Version { kind: *kind, name: name.clone(), version: *version })
            }
            Self::Run { run_id } => Some(Route::Run { run_id: run_id.clone(), tab: RunTab::default() }),
            Self::LoggedModel { .. } => None,
        }
    }

    /// How it is called as long as nothing more is known: `Model v7`, `run 3f2a…`, `m-…`.
    pub fn label(&self) -> String {
        match self {
            Self::Version { name, version, .. } => format!("{name} v{version}"),
            Self::Run { run_id } => format!("run {}", format::short_id(run_id)),
            Self::LoggedModel { model_id } => format!("logged model {}", format::short_id(model_id)),
        }
    }

    /// Its URI, as MLflow's clients know it.
    pub fn uri(&self) -> String {
        match self {
            Self::Version { kind, name, version } => {
                crate::state::registry::links::version_uri(*kind, name, *version)
            }
            Self::Run { run_id } => format!("runs:/{run_id}"),
            Self::LoggedModel { model_id } => format!("models:/{model_id}"),
        }
    }

    /// The registered model and the version.
    pub fn version(&self) -> Option<(&str, VersionNumber)> {
        match self {
            Self::Version { name, version, .. } => Some((name, *version)),
            Self::Run { .. } | Self::LoggedModel { .. } => None,
        }
    }

    /// Whether both are versions of one model, or runs, or logged models.
    pub fn is_like(&self, other: &Self) -> bool {
        match (self.version(), other.version()) {
            (Some((one, _)), Some((other, _))) => one == other,
            (None, None) => std::mem::discriminant(self) == std::mem::discriminant(other),
            _ => false,
        }
    }

    /// Whether it is a prompt's version: it has a text and no files.
    pub fn is_prompt(&self) -> bool {
        matches!(self, Self::Version { kind: ModelKind::Prompt, .. })
    }
}

/// The comparison of two of them. Of two versions of one model the older stands on the left.
pub fn route(one: Subject, other: Subject) -> Route {
    let swapped = match (one.version(), other.version()) {
        (Some((a, one)), Some((b, other))) => a == b && one > other,
        _ => false,
    };
    if swapped { Route::Compare { from: other, to: one } } else { Route::Compare { from: one, to: other } }
}
