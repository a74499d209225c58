//! The board: a model's versions, newest first, and the aliases on them.

use std::time::Instant;

use super::placed::Placed;
use crate::entities::{ModelVersion, RegisteredModel, VersionNumber, is_reserved_alias};
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
    placed: Placed,
    seen: Seen,
    revision: u64,
    epoch: u64,
}

/// What is known of the versions that have arrived, so that no frame looks through them all.
#[derive(Debug)]
struct Seen {
    count: usize,
    descending: bool,
    latest: Option<VersionNumber>,
}

impl Default for Seen {
    fn default() -> Self {
        Self { count: 0, descending: true, latest: None }
    }
}

impl Seen {
    /// Looks at what is new.
    fn look(&mut self, versions: &[ModelVersion]) {
        let numbers = |from: usize| versions[from..].iter().map(|version| version.version);
        self.descending &= numbers(self.count.saturating_sub(1)).is_sorted_by(|a, b| a > b);
        self.latest = self.latest.max(numbers(self.count).max());
        self.count = versions.len();
    }
}

/// More versions than this are not read again whenever the board is looked at: the aliases are, and with them the
/// highest version tells whether there are new ones. A refresh reads them all.
const MANY: usize = 5_000;

impl Board {
    /// Some versions of a model, however they came here.
    pub fn of(kind: ModelKind, name: &str, versions: Vec<ModelVersion>) -> Self {
        let target = Some((kind, name.to_owned()));
        let mut board = Self { target, versions: Pages::of(versions), ..Self::default() };
        board.seen.look(board.versions.items());
        board
    }

    /// Opens a model; what is known of it stays and is asked anew.
    pub fn open(&mut self, kind: ModelKind, name: &str, cx: &Cx<'_>) {
        if self.shows(kind, name) {
            self.look_again(cx);
            return;
        }
        self.versions.clear();
        let target = Some((kind, name.to_owned()));
        *self = Self { target, revision: self.revision + 1, epoch: self.epoch + 1, ..Self::default() };
        self.reload(cx);
    }

    /// Asks anew for both: the model with its aliases, and the versions.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        self.load_model(cx);
        self.load_versions(cx);
    }

    /// Asks anew for the aliases; for the versions only where they are few.
    pub fn look_again(&mut self, cx: &Cx<'_>) {
        self.load_model(cx);
        let has_all = self.versions.is_complete() || self.versions.is_loading();
        if !has_all || self.versions.items().len() <= MANY {
            self.load_versions(cx);
        }
    }

    fn load_model(&mut self, cx: &Cx<'_>) {
        let Some((_, name)) = &self.target else { return };
        self.model.load(cx.tasks, cx.store.get_registered_model(name));
    }

    fn load_versions(&mut self, cx: &Cx<'_>) {
        let Some((kind, name)) = &self.target else { return };
        let query = VersionQuery::OfModel { name: name.clone(), prompt: *kind == ModelKind::Prompt };
        self.versions.load(cx.tasks, cx.store.search_model_versions(query));
    }

    /// Takes what arrived. `true`: the model did.
    pub fn poll(&mut self, deadline: Instant, cx: &Cx<'_>) -> bool {
        let model = self.model.poll();
        if model {
            self.arrange();
        }
        let replaced = self.versions.is_refreshing();
        if self.versions.poll(deadline) {
            if replaced {
                self.seen = Seen::default();
                self.epoch += 1;
            }
            self.seen.look(self.versions.items());
            self.revision += 1;
        }
        let newer = self.model.value().and_then(|model| model.latest_version) > self.latest();
        if model && newer && self.versions.is_complete() && !self.versions.is_loading() {
            self.load_versions(cx);
        }
        model
    }

    /// Puts what a later answer said of the model in its place.
    pub fn update(&mut self, truth: &RegisteredModel) {
        if self.name() == Some(&truth.name) {
            self.settle(truth.clone());
        }
    }

    fn settle(&mut self, model: RegisteredModel) {
        self.model.settle(model);
        self.arrange();
    }

    fn arrange(&mut self) {
        self.placed = self.model.value().map(Placed::of).unwrap_or_default();
        self.revision += 1;
        self.epoch += 1;
    }

    /// Puts what a later answer said of a version in its place.
    pub fn update_version(&mut self, truth: &ModelVersion) {
        if self.name() == Some(&truth.name)
            && let Some(at) = self.position(truth.version)
        {
            self.versions.items_mut()[at].clone_from(truth);
            self.revision += 1;
            self.epoch += 1;
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
        self.versions.items().get(self.position(version)?)
    }

    /// Where a version is among [`Self::versions`].
    pub fn position(&self, version: VersionNumber) -> Option<usize> {
        let versions = self.versions.items();
        if self.seen.descending {
            versions.binary_search_by(|probe| version.cmp(&probe.version)).ok()
        } else {
            versions.iter().position(|probe| probe.version == version)
        }
    }

    /// Whether the versions came as they were asked for, the newest first. Some servers know no order.
    pub fn is_descending(&self) -> bool {
        self.seen.descending
    }

    /// What `models:/name/latest` means: the highest version.
    pub fn latest(&self) -> Option<VersionNumber> {
        self.seen.latest
    }

    /// Where the aliases stand.
    pub fn placed(&self) -> &Placed {
        &self.placed
    }

    /// Grows whenever something changed but by more versions at the end, for who searched what was here.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Grows whenever something changed, for who caches what was made of it.
    pub fn revision(&self) -> u64 {
        self.revision
    }
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
    fn a_version_is_found_in_whatever_order_they_came() {
        for numbers in [[9, 7, 3, 1], [3, 9, 1, 7]] {
            let versions = numbers.map(|version| ModelVersion { version, ..Default::default() });
            let board = Board::of(ModelKind::Model, "A", versions.to_vec());
            assert_eq!(board.latest(), Some(9));
            for (at, number) in numbers.into_iter().enumerate() {
                assert_eq!(board.position(number), Some(at));
            }
            assert_eq!(board.position(4), None);
        }
    }

    #[test]
    fn order_is_judged_across_pages() {
        let page = |numbers: &[u32]| -> Vec<_> {
            numbers.iter().map(|&version| ModelVersion { version, ..Default::default() }).collect()
        };
        let mut seen = Seen::default();
        let mut versions = page(&[9, 8]);
        seen.look(&versions);
        assert!(seen.descending);
        versions.extend(page(&[8, 7]));
        seen.look(&versions);
        assert!(!seen.descending, "8 came twice");
        assert_eq!((seen.count, seen.latest), (4, Some(9)));
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
