//! The board: a model's versions, newest first, and the aliases on them.

use std::time::Instant;

use super::models::finds_tag;
use crate::entities::{ModelVersion, RegisteredModel, VersionNumber, is_reserved_alias, tag};
use crate::state::remote::{Pages, Remote};
use crate::state::{Cx, ModelKind};
use crate::tracking::VersionQuery;

/// One model's versions and aliases. The aliases come from the registered model alone: searches for versions never
/// return them.
#[derive(Debug, Default)]
pub struct Board {
    /// The registered model with its whole alias map.
    pub model: Remote<RegisteredModel>,
    /// Its versions, newest first.
    pub versions: Pages<ModelVersion>,
    target: Option<(ModelKind, String)>,
    revision: u64,
}

impl Board {
    /// Opens a model; what is known of it stays and is asked anew.
    pub fn open(&mut self, kind: ModelKind, name: &str, cx: &Cx<'_>) {
        if !self.shows(kind, name) {
            *self = Self {
                target: Some((kind, name.to_owned())),
                revision: self.revision + 1,
                ..Self::default()
            };
        }
        self.reload(cx);
    }

    /// Asks anew for both: the model with its aliases, and the versions.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        let Some((kind, name)) = &self.target else { return };
        self.model.load(cx.tasks, cx.store.get_registered_model(name));
        let query = VersionQuery::OfModel { name: name.clone(), prompt: *kind == ModelKind::Prompt };
        self.versions.load(cx.tasks, cx.store.search_model_versions(query));
    }

    /// Takes what arrived. `true`: the model did.
    pub fn poll(&mut self, deadline: Instant) -> bool {
        let model = self.model.poll();
        if self.versions.poll(deadline) || model {
            self.revision += 1;
        }
        model
    }

    /// Puts what a later answer said of the model in its place.
    pub fn update(&mut self, truth: &RegisteredModel) {
        if self.name() == Some(&truth.name) {
            self.model.settle(truth.clone());
            self.revision += 1;
        }
    }

    /// Puts what a later answer said of a version in its place.
    pub fn update_version(&mut self, truth: &ModelVersion) {
        if self.name() == Some(&truth.name)
            && let Some(version) =
                self.versions.items_mut().iter_mut().find(|version| version.version == truth.version)
        {
            version.clone_from(truth);
            self.revision += 1;
        }
    }

    /// Whether it is this model's board.
    pub fn shows(&self, kind: ModelKind, name: &str) -> bool {
        self.target.as_ref().is_some_and(|(k, n)| *k == kind && n == name)
    }

    /// The model's name.
    pub fn name(&self) -> Option<&str> {
        self.target.as_ref().map(|(_, name)| name.as_str())
    }

    /// Model or prompt.
    pub fn kind(&self) -> Option<ModelKind> {
        self.target.as_ref().map(|(kind, _)| *kind)
    }

    /// One version, if it is here.
    pub fn version(&self, version: VersionNumber) -> Option<&ModelVersion> {
        self.versions.items().iter().find(|v| v.version == version)
    }

    /// What `models:/name/latest` means: the highest version.
    pub fn latest(&self) -> Option<VersionNumber> {
        self.versions.items().iter().map(|version| version.version).max()
    }

    /// Grows whenever something changed, for who caches what was made of it.
    pub fn revision(&self) -> u64 {
        self.revision
    }
}

/// Where the versions are that a typed filter finds: each of its words as the number (`7`, `v7`), in an alias, a
/// tag, the description or the status.
pub fn matching(versions: &[ModelVersion], model: Option<&RegisteredModel>, filter: &str) -> Vec<usize> {
    let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
    (0..versions.len()).filter(|&at| words.iter().all(|word| finds(&versions[at], model, word))).collect()
}

fn finds(version: &ModelVersion, model: Option<&RegisteredModel>, word: &str) -> bool {
    let aliased = |start: &str| {
        model.is_some_and(|m| m.aliases_of(version.version).any(|a| a.to_lowercase().starts_with(start)))
    };
    if let Some(start) = word.strip_prefix('@') {
        return aliased(start);
    }
    word.strip_prefix('v').unwrap_or(word).parse() == Ok(version.version)
        || aliased(word)
        || version.tags.iter().any(|(key, value)| finds_tag(key, value, word))
        || version.tags.get(tag::PROMPT_TEXT).is_some_and(|text| text.to_lowercase().contains(word))
        || version.description.to_lowercase().contains(word)
        || version.status.label().to_lowercase().starts_with(word)
}

/// Longest alias in characters (`MAX_REGISTERED_MODEL_ALIAS_LENGTH` in MLflow's `validation.py`).
const LONGEST_ALIAS: usize = 255;

/// Why MLflow would refuse the alias, by the rules of its `validation.py`.
pub fn alias_problem(alias: &str) -> Option<&'static str> {
    if alias.is_empty() {
        Some("Type a name")
    } else if alias.chars().count() > LONGEST_ALIAS {
        Some("An alias has at most 255 characters")
    } else if !alias.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
        Some("An alias holds letters, digits, _ and - only")
    } else if is_reserved_alias(alias) {
        Some("latest and names like v7 are MLflow's own")
    } else {
        None
    }
}

/// Reads a version as typed: `7` or `v7`.
pub fn parse_version(text: &str) -> Option<VersionNumber> {
    let text = text.trim();
    text.strip_prefix(['v', 'V']).unwrap_or(text).parse().ok().filter(|&version| version > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::Alias;

    #[test]
    fn aliases_are_checked_as_mlflow_does() {
        for good in ["prod", "PROD-eu_1", "größe", "产品", "v", "v1a", "-"] {
            assert_eq!(alias_problem(good), None, "{good}");
        }
        let long = "a".repeat(256);
        for bad in ["", "a b", "a@b", "a.b", "latest", "Latest", "v7", &long] {
            assert!(alias_problem(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn versions_are_found_by_number_alias_tag_and_text() {
        let version = |version, description: &str, tags: &[(&str, &str)]| ModelVersion {
            version,
            description: description.into(),
            tags: tags.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            ..Default::default()
        };
        let versions = [
            version(17, "shorter answers", &[]),
            version(7, "", &[("commit", "abc7")]),
            version(3, "Old", &[]),
        ];
        let model = RegisteredModel {
            aliases: vec![Alias { alias: "Prod".into(), version: 3 }],
            ..Default::default()
        };
        let found = |filter| matching(&versions, Some(&model), filter);
        assert_eq!(found("v7"), [1]);
        assert_eq!(found("@prod"), [2]);
        assert_eq!(found("commit:abc"), [1]);
        assert_eq!(found("answers"), [0]);
        assert_eq!(found("ready"), [0, 1, 2]);
        assert!(found("@prod answers").is_empty());
    }

    #[test]
    fn a_version_is_read_with_and_without_its_v() {
        assert_eq!(parse_version(" v7 "), Some(7));
        assert_eq!(parse_version("12"), Some(12));
        for bad in ["", "v", "0", "-1", "7.5", "99999999999"] {
            assert_eq!(parse_version(bad), None, "{bad}");
        }
    }
}
