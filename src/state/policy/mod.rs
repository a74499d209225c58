//! Which aliases may be moved how: at once, after a look at the plan, or only with the name typed and a reason given,
//! and what a version has to show first.
//!
//! It is a guard of this app alone. The server knows nothing of it: whoever sets the alias by another client meets no
//! rule.

mod evidence;
mod file;
mod source;

use std::collections::BTreeMap;

use serde::Deserialize;
use wildmatch::WildMatch;

pub use evidence::{Check, Evidence, Verdict, me};
pub use file::{EXAMPLE, PolicyError, parse};
pub use source::{PolicyCommand, PolicyFile};

use crate::tracking::StoreInfo;

/// How much is asked before an alias is changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A drop writes at once, with Undo.
    Free,
    /// The plan is shown and confirmed.
    #[default]
    Confirm,
    /// The alias is typed and a reason is given.
    Protected,
}

/// What a version has to show before an alias is set on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// Tags of the version and their values.
    pub tags: BTreeMap<String, String>,
    /// A bench of this version that is no older, in days.
    pub bench_days: Option<u32>,
    /// The tag `approval=approved`, and in `approved_by` somebody else than who moves the alias.
    pub approval: bool,
}

impl Requirements {
    /// Whether nothing is required.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What holds for one alias of one model on one server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// How much is asked.
    pub level: Level,
    /// What the version has to show.
    pub requires: Requirements,
    /// Whether a reason opens the way although the version does not show it.
    pub may_override: bool,
    /// The alias that keeps the place where this one was.
    pub keep_previous: Option<String>,
}

/// Terms, and where they hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Patterns of aliases; `*` is any text, upper and lower case are the same.
    aliases: Vec<WildMatch>,
    /// Patterns of registered models; none for all.
    models: Vec<WildMatch>,
    /// Patterns of tracking URIs or of their host and port; none for all.
    servers: Vec<WildMatch>,
    terms: Terms,
}

impl Rule {
    fn holds_for(&self, store: &StoreInfo, model: &str, alias: &str) -> bool {
        let any = |patterns: &[WildMatch], text: &str| patterns.iter().any(|pattern| pattern.matches(text));
        any(&self.aliases, alias)
            && (self.models.is_empty() || any(&self.models, model))
            && (self.servers.is_empty() || any(&self.servers, &store.uri) || any(&self.servers, &store.label))
    }
}

/// All rules, in the order in which they are asked: the first one that holds for an alias says what holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    rules: Vec<Rule>,
}

/// Aliases that are protected where no rule says otherwise.
const PROTECTED: [&str; 3] = ["prod*", "champion", "live"];

impl Policy {
    /// What holds for an alias. The sample is there to be played with: it asks for no more than a look.
    pub fn terms(&self, store: &StoreInfo, model: &str, alias: &str) -> Terms {
        if store.sample {
            return Terms::default();
        }
        if let Some(rule) = self.rules.iter().find(|rule| rule.holds_for(store, model, alias)) {
            return rule.terms.clone();
        }
        let protected = PROTECTED.iter().any(|&known| pattern(known).matches(alias));
        Terms { level: if protected { Level::Protected } else { Level::Confirm }, ..Terms::default() }
    }

    /// How many rules it has of its own.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether it only has what holds everywhere.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

fn pattern(text: &str) -> WildMatch {
    WildMatch::new_case_insensitive(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(uri: &str) -> StoreInfo {
        let label = uri.trim_start_matches("https://").to_owned();
        StoreInfo { uri: uri.into(), label, ..Default::default() }
    }

    #[test]
    fn without_rules_the_aliases_that_serve_are_protected() {
        let policy = Policy::default();
        let level = |alias: &str| policy.terms(&server("https://a"), "Churn", alias).level;
        for alias in ["prod", "production", "prod-eu", "PROD", "champion", "Live"] {
            assert_eq!(level(alias), Level::Protected, "{alias}");
        }
        for alias in ["candidate", "preprod", "champion-2", "alive", "previous"] {
            assert_eq!(level(alias), Level::Confirm, "{alias}");
        }
    }

    #[test]
    fn the_sample_asks_for_no_more_than_a_look_whatever_the_rules_say() {
        let policy = parse("[[rule]]\nalias = \"*\"\nlevel = \"protected\"\n").unwrap();
        let sample = StoreInfo { sample: true, ..server("sample") };
        assert_eq!(policy.terms(&sample, "Churn", "prod"), Terms::default());
        assert_eq!(policy.terms(&server("https://a"), "Churn", "x").level, Level::Protected);
    }

    #[test]
    fn the_first_rule_that_holds_decides() {
        let policy = parse(
            "[[rule]]\nserver = \"https://staging*\"\nalias = \"*\"\nlevel = \"free\"\n\
             [[rule]]\nserver = \"ml.example.com\"\nmodel = [\"Churn*\", \"Fraud\"]\nalias = \"canary\"\n\
             level = \"protected\"\n[[rule]]\nalias = \"canary\"\nlevel = \"confirm\"\n",
        )
        .unwrap();
        let level = |uri: &str, model: &str, alias: &str| policy.terms(&server(uri), model, alias).level;
        assert_eq!(level("https://staging.example.com", "Churn", "prod"), Level::Free);
        assert_eq!(level("https://ml.example.com", "Churn-eu", "canary"), Level::Protected);
        assert_eq!(level("https://ml.example.com", "Price", "canary"), Level::Confirm);
        assert_eq!(level("https://ml.example.com", "Price", "prod"), Level::Protected);
    }
}
