//! Where a model's aliases stand, looked up by version: the board asks for every visible row in every frame.

use std::collections::BTreeMap;

use super::models::alias_rank;
use crate::entities::{RegisteredModel, VersionNumber};

/// The alias map of one model, arranged for looking up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    ranked: Vec<(String, VersionNumber)>,
    by_version: BTreeMap<VersionNumber, Vec<String>>,
}

impl Placed {
    /// Arranges a model's aliases.
    pub fn of(model: &RegisteredModel) -> Self {
        let mut ranked: Vec<_> = model.aliases.iter().map(|a| (a.alias.clone(), a.version)).collect();
        ranked.sort_by(|(a, _), (b, _)| (alias_rank(a), a).cmp(&(alias_rank(b), b)));
        let mut by_version: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for (alias, version) in &ranked {
            by_version.entry(*version).or_default().push(alias.clone());
        }
        Self { ranked, by_version }
    }

    /// All aliases with their versions, the best known first.
    pub fn all(&self) -> &[(String, VersionNumber)] {
        &self.ranked
    }

    /// The aliases on a version, the best known first.
    pub fn on(&self, version: VersionNumber) -> &[String] {
        self.by_version.get(&version).map_or(&[], Vec::as_slice)
    }

    /// Where an alias stands.
    pub fn version_of(&self, alias: &str) -> Option<VersionNumber> {
        self.ranked.iter().find(|(a, _)| a == alias).map(|(_, version)| *version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::Alias;

    #[test]
    fn aliases_are_found_by_version_the_best_known_first() {
        let alias = |alias: &str, version| Alias { alias: alias.into(), version };
        let model = RegisteredModel {
            aliases: vec![alias("zeta", 7), alias("candidate", 7), alias("prod-eu", 3), alias("prod", 3)],
            ..Default::default()
        };
        let placed = Placed::of(&model);
        assert_eq!(placed.on(7), ["candidate", "zeta"]);
        assert_eq!(placed.on(3), ["prod", "prod-eu"]);
        assert!(placed.on(4).is_empty());
        assert_eq!(placed.version_of("zeta"), Some(7));
        assert_eq!(
            placed.all().iter().map(|(a, _)| a.as_str()).collect::<Vec<_>>(),
            ["prod", "prod-eu", "candidate", "zeta"]
        );
    }
}
