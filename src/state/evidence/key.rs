//! Exactly one version of a registered model.

use serde::{Deserialize, Serialize};

use crate::entities::{Millis, ModelVersion, VersionNumber};

/// Names one version and no other: a model that was deleted and made again counts from 1 anew, and its versions are
/// others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VersionKey {
    /// The server, as [`StoreInfo::settings_key`](crate::tracking::StoreInfo::settings_key) names it.
    pub server: String,
    /// The registered model.
    pub model: String,
    /// The number.
    pub version: VersionNumber,
    /// When the server registered it.
    pub created: Option<Millis>,
    /// Where its files are.
    pub source: String,
}

impl VersionKey {
    /// Of a version as a server answers it.
    pub fn of(server: &str, version: &ModelVersion) -> Self {
        Self {
            server: server.to_owned(),
            model: version.name.clone(),
            version: version.version,
            created: version.creation_timestamp,
            source: version.source.clone(),
        }
    }
}
