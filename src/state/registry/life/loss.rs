//! What goes with a registered model when it is deleted.

use crate::entities::{Alias, RegisteredModel, VersionNumber};
use crate::state::format::counted;
use crate::state::registry::words::listed;

/// What is lost with a registered model, as far as the user was shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Its latest version.
    pub latest: Option<VersionNumber>,
    aliases: Vec<Alias>,
}

impl Loss {
    /// Of a model as it is now.
    pub fn of(model: &RegisteredModel) -> Self {
        let mut aliases = model.aliases.clone();
        aliases.sort();
        Self { latest: model.latest_version, aliases }
    }

    /// Whether nothing else would go: nobody moved an alias or registered a version since.
    pub fn is_all_of(&self, model: &RegisteredModel) -> bool {
        *self == Self::of(model)
    }

    /// Whether there is something to lose besides the name.
    pub fn is_something(&self) -> bool {
        self.latest.is_some() || !self.aliases.is_empty()
    }

    /// What goes, as lines. `versions`: how many there are, and whether that is all of them.
    pub fn lines(&self, (versions, all): (usize, bool)) -> Vec<String> {
        let mut lines = Vec::new();
        if self.latest.is_some() || versions > 0 {
            let at_least = if all { "" } else { "At least " };
            lines.push(format!("{at_least}{}", counted(versions.max(1), "version", "versions")));
        }
        if !self.aliases.is_empty() {
            let aliases: Vec<String> =
                self.aliases.iter().map(|it| format!("{} (v{})", it.alias, it.version)).collect();
            let word = if aliases.len() == 1 { "The alias" } else { "The aliases" };
            lines.push(format!("{word} {}", listed(&aliases)));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(latest: Option<VersionNumber>, aliases: &[(&str, VersionNumber)]) -> RegisteredModel {
        let alias = |&(alias, version): &(&str, VersionNumber)| Alias { alias: alias.into(), version };
        RegisteredModel {
            latest_version: latest,
            aliases: aliases.iter().map(alias).collect(),
            ..Default::default()
        }
    }

    #[test]
    fn what_goes_is_told_and_recognised() {
        let loss = Loss::of(&model(Some(7), &[("prod", 3), ("candidate", 7)]));
        assert_eq!(loss.lines((7, true)), ["7 versions", "The aliases candidate (v7) and prod (v3)"]);
        assert_eq!(loss.lines((1000, false))[0], "At least 1,000 versions");
        assert!(loss.is_all_of(&model(Some(7), &[("candidate", 7), ("prod", 3)])), "in any order");
        for other in [
            model(Some(8), &[("prod", 3), ("candidate", 7)]),
            model(Some(7), &[("prod", 4), ("candidate", 7)]),
        ] {
            assert!(!loss.is_all_of(&other));
        }
        assert!(!Loss::of(&model(None, &[])).is_something());
    }
}
