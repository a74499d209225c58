//! The policy as a team writes it down: TOML, read strictly. A typing error must not open a way.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use super::{Level, Policy, Requirements, Rule, Terms, pattern};
use crate::state::registry::board::alias_problem;

/// Why a policy file does not count.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// The file that was chosen is not there.
    #[error("{} does not exist", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// It cannot be read.
    #[error("{} cannot be read: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// It holds something else than a policy.
    #[error("{}, line {line}: {reason}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
}

impl PolicyError {
    /// What a person can do about it.
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "Choose another file, or write an example there",
            Self::Unreadable { .. } => "Check its place and who may read it",
            Self::Malformed { .. } => "Mend that line: the file is read again as soon as it is saved",
        }
    }
}

/// What is wrong with a text, and on which line (from 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    line: usize,
    reason: String,
}

impl Mistake {
    /// The mistake in this file.
    pub(super) fn within(self, file: &Path) -> PolicyError {
        PolicyError::Malformed { file: file.to_owned(), line: self.line, reason: self.reason }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    rule: Vec<toml::Spanned<RuleText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    alias: Patterns,
    #[serde(default)]
    model: Patterns,
    #[serde(default)]
    server: Patterns,
    #[serde(default)]
    level: Level,
    #[serde(default)]
    require: RequireText,
    #[serde(default, rename = "override")]
    may_override: bool,
    keep_previous: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RequireText {
    tags: BTreeMap<String, String>,
    bench_days: Option<u32>,
    approval: bool,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a text such as \"prod*\" or a list of them is expected")]
enum Patterns {
    One(String),
    Many(Vec<String>),
}

impl Default for Patterns {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Patterns {
    fn texts(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

impl RuleText {
    fn problem(&self) -> Option<String> {
        if self.alias.texts().is_empty() {
            return Some("alias lists no alias".to_owned());
        }
        let all = [&self.alias, &self.model, &self.server];
        if all.iter().flat_map(|patterns| patterns.texts()).any(|text| text.trim().is_empty()) {
            return Some("an empty text stands for no name: write * for all".to_owned());
        }
        let kept = self.keep_previous.as_deref()?;
        alias_problem(kept).map(|problem| format!("keep_previous = \"{kept}\": {problem}"))
    }

    fn rule(self) -> Rule {
        let patterns = |texts: &Patterns| texts.texts().iter().map(|text| pattern(text.trim())).collect();
        let RequireText { tags, bench_days, approval } = self.require;
        Rule {
            aliases: patterns(&self.alias),
            models: patterns(&self.model),
            servers: patterns(&self.server),
            terms: Terms {
                level: self.level,
                requires: Requirements { tags, bench_days, approval },
                may_override: self.may_override,
                keep_previous: self.keep_previous,
            },
        }
    }
}

/// Reads a policy.
pub fn parse(text: &str) -> Result<Policy, Mistake> {
    let line_at = |at: usize| text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
    let file: FileText = toml::from_str(text).map_err(|error| Mistake {
        line: error.span().map_or(1, |span| line_at(span.start)),
        reason: error.message().to_owned(),
    })?;
    let mut rules = Vec::with_capacity(file.rule.len());
    for rule in file.rule {
        let line = line_at(rule.span().start);
        let rule = rule.into_inner();
        if let Some(reason) = rule.problem() {
            return Err(Mistake { line, reason });
        }
        rules.push(rule.rule());
    }
    Ok(Policy { rules })
}

/// A file to start from. It says what holds without a file, so that writing it changes nothing.
pub const EXAMPLE: &str = r#"# Who may move which alias how, in Flowdeck. Keep it in a repository and choose it in Settings, and a team shares it.
#
# It is a guard of this app, not of the server: another client may set every alias at any time.
# The first rule that fits decides. An alias that no rule fits takes a look at the plan and Enter, except prod*,
# champion and live, which are protected.

[[rule]]
alias = ["prod*", "champion", "live"]  # * is any text; upper and lower case are the same
# server = "https://mlflow.example.com*"  # the tracking URI, or its host and port; left out: every server
# model = ["Churn*", "Fraud"]             # left out: every model and prompt
level = "protected"                    # "free": a drop writes at once; "confirm": the plan; "protected": the name
                                       # is typed and a reason is given

# What a version has to show before such an alias is set on it:
# require.tags = { eval_status = "passed" }
# require.bench_days = 14                 # a bench of this version that is not older
# require.approval = true                 # tagged approval=approved, and approved_by with someone else's name
# override = true                         # a reason opens the way all the same
# keep_previous = "previous"              # this alias keeps the version that was left

# [[rule]]
# server = "http://127.0.0.1:*"
# alias = "*"
# level = "free"
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracking::StoreInfo;

    fn terms(text: &str) -> Terms {
        parse(text).unwrap().terms(&StoreInfo::default(), "Churn", "prod")
    }

    #[test]
    fn everything_that_may_be_written_is_read() {
        let terms = terms(
            "[[rule]]\nalias = \"prod\"\nlevel = \"protected\"\nrequire.tags = { eval_status = \"passed\" }\n\
             require.bench_days = 14\nrequire.approval = true\noverride = true\nkeep_previous = \"previous\"\n",
        );
        let requires = Requirements {
            tags: [("eval_status".into(), "passed".into())].into(),
            bench_days: Some(14),
            approval: true,
        };
        let keep_previous = Some("previous".to_owned());
        assert_eq!(terms, Terms { level: Level::Protected, requires, may_override: true, keep_previous });
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        for (text, line, reason) in [
            ("[[rule]]\nalias = \"prod\"\nlevel = \"fre\"\n", 3, "fre"),
            ("[[rule]]\nalias = \"prod\"\n\nrequires.approval = true\n", 4, "requires"),
            ("\n\n[[rules]]\nalias = \"prod\"\n", 3, "rules"),
            ("[[rule]]\nalias = \"prod\nlevel = \"free\"\n", 2, ""),
            ("[[rule]]\nlevel = \"free\"\n", 1, "alias"),
            ("# 1\n[[rule]]\nalias = []\n", 2, "no alias"),
            ("# 1\n[[rule]]\nalias = \" \"\n", 2, "empty"),
            ("[[rule]]\nalias = 7\n", 2, "list"),
            ("[[rule]]\nalias = \"prod\"\nkeep_previous = \"v1\"\n", 1, "MLflow's own"),
            ("[[rule]]\nalias = \"prod\"\nrequire.bench_days = -1\n", 3, ""),
        ] {
            let mistake = parse(text).unwrap_err();
            assert_eq!(mistake.line, line, "{text}: {mistake:?}");
            assert!(mistake.reason.contains(reason), "{text}: {mistake:?}");
        }
    }

    #[test]
    fn the_example_says_what_holds_without_it() {
        let policy = parse(EXAMPLE).unwrap();
        assert_eq!(policy.len(), 1);
        for alias in ["prod", "prod-eu", "champion", "live", "candidate"] {
            let terms = |policy: &Policy| policy.terms(&StoreInfo::default(), "Churn", alias);
            assert_eq!(terms(&policy), terms(&Policy::default()));
        }
        let uncommented = EXAMPLE.replace("\n# require", "\nrequire").replace("\n# override", "\noverride");
        assert!(!terms(&uncommented.replace("\n# keep", "\nkeep")).requires.is_empty());
    }
}
