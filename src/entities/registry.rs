//! The model registry: registered models, their versions, and the aliases that point at them.

use super::{Millis, Tags, tag};

/// A version's number. MLflow counts from 1 and never reuses a number.
pub type VersionNumber = u32;

/// A named pointer to a version (`mlflow.entities.model_registry.RegisteredModelAlias`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Alias {
    /// Case-sensitive: `prod` and `PROD` are two.
    pub alias: String,
    /// The version it points at.
    pub version: VersionNumber,
}

/// A registered model, or a prompt (`mlflow.entities.model_registry.RegisteredModel`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisteredModel {
    /// Unique name.
    pub name: String,
    /// Markdown.
    pub description: String,
    /// When it was made.
    pub creation_timestamp: Option<Millis>,
    /// When it or a version last changed. Moving an alias does not count.
    pub last_updated_timestamp: Option<Millis>,
    /// Tags.
    pub tags: Tags,
    /// The whole alias map.
    pub aliases: Vec<Alias>,
    /// The highest version among the newest of each stage; absent where there is none.
    pub latest_version: Option<VersionNumber>,
}

impl RegisteredModel {
    /// Whether it is a prompt rather than a model.
    pub fn is_prompt(&self) -> bool {
        self.tags.get(tag::IS_PROMPT).is_some_and(|value| value == "true")
    }

    /// Where an alias points.
    pub fn alias(&self, alias: &str) -> Option<VersionNumber> {
        self.aliases.iter().find(|a| a.alias == alias).map(|a| a.version)
    }

    /// The aliases on a version, in the order of the map.
    pub fn aliases_of(&self, version: VersionNumber) -> impl Iterator<Item = &str> {
        self.aliases.iter().filter(move |a| a.version == version).map(|a| a.alias.as_str())
    }
}

/// A version of a registered model (`mlflow.entities.model_registry.ModelVersion`).
///
/// It carries no aliases: searches never return them. They are the registered model's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelVersion {
    /// The registered model's name.
    pub name: String,
    /// Its number.
    pub version: VersionNumber,
    /// Markdown.
    pub description: String,
    /// When it was registered.
    pub creation_timestamp: Option<Millis>,
    /// When its description, stage or status last changed.
    pub last_updated_timestamp: Option<Millis>,
    /// Who registered it; open-source servers leave it empty.
    pub user_id: String,
    /// Whether it can be used.
    pub status: ModelVersionStatus,
    /// Why it failed, if it did.
    pub status_message: String,
    /// A legacy stage, if one was set (deprecated in MLflow; shown, never offered).
    pub current_stage: Option<String>,
    /// Where the files are: `models:/m-…`, `runs:/…`, or a path or URI.
    pub source: String,
    /// The run that logged it; empty if unknown.
    pub run_id: String,
    /// Address of the run's page, where the run is in another tracking server; most often empty.
    pub run_link: String,
    /// The logged model it was made from (MLflow 3), if it says so.
    pub model_id: Option<String>,
    /// Tags.
    pub tags: Tags,
}

impl ModelVersion {
    /// The logged model behind it: said outright, or by its source.
    pub fn logged_model_id(&self) -> Option<&str> {
        self.model_id.as_deref().filter(|id| !id.is_empty()).or_else(|| {
            self.source.strip_prefix("models:/").filter(|rest| rest.starts_with("m-") && !rest.contains('/'))
        })
    }

    /// The run that logged it.
    pub fn run_id(&self) -> Option<&str> {
        Some(self.run_id.as_str()).filter(|id| !id.is_empty())
    }
}

/// Whether a version can be used (`ModelVersionStatus`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ModelVersionStatus {
    /// `READY`
    #[default]
    Ready,
    /// `PENDING_REGISTRATION`
    Pending,
    /// `FAILED_REGISTRATION`
    Failed,
}

impl ModelVersionStatus {
    /// The word a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Pending => "Pending",
            Self::Failed => "Failed",
        }
    }
}

/// Whether MLflow refuses the alias: `latest` and `v` with digits (`validation.py`).
pub fn is_reserved_alias(alias: &str) -> bool {
    let lower = alias.to_lowercase();
    lower == "latest"
        || lower
            .strip_prefix('v')
            .is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()))
}

/// `models:/name@alias`
pub fn model_uri_alias(name: &str, alias: &str) -> String {
    format!("models:/{name}@{alias}")
}

/// `models:/name/7`
pub fn model_uri_version(name: &str, version: VersionNumber) -> String {
    format!("models:/{name}/{version}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_aliases_are_latest_and_version_like_names() {
        for alias in ["latest", "LATEST", "v1", "V27"] {
            assert!(is_reserved_alias(alias), "{alias}");
        }
        for alias in ["prod", "v", "v1a", "version", "vv1"] {
            assert!(!is_reserved_alias(alias), "{alias}");
        }
    }

    #[test]
    fn the_logged_model_is_read_from_the_source_when_it_is_not_said() {
        let mut version = ModelVersion { source: "models:/m-231f".into(), ..Default::default() };
        assert_eq!(version.logged_model_id(), Some("m-231f"));
        version.source = "models:/Other/3".into();
        assert_eq!(version.logged_model_id(), None);
        version.model_id = Some("m-9".into());
        assert_eq!(version.logged_model_id(), Some("m-9"));
    }
}
