//! What speaks for a version, and which rules it satisfies.

use super::Requirements;
use crate::entities::{Millis, ModelVersion, Tags, VersionNumber};
use crate::state::settings::Settings;
use crate::state::{evidence, format};
use crate::tracking::{Environment, StoreInfo};

const APPROVAL_TAG: &str = "approval";
const APPROVED: &str = "approved";
const APPROVED_BY_TAG: &str = "approved_by";
const DAY_MS: Millis = 24 * 60 * 60 * 1000;

/// What is known of a version when rules are checked.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// Which version.
    pub version: VersionNumber,
    /// Its tags.
    pub tags: &'a Tags,
    /// When its last bench ended.
    pub bench: Option<Millis>,
    /// The names that whoever moves the alias goes by.
    pub me: &'a [String],
    /// When it is asked.
    pub now: Millis,
}

impl<'a> Evidence<'a> {
    /// What the version itself tells. `bench`: when the last bench ended that is kept here of exactly this version.
    pub fn of_version(
        version: &'a ModelVersion,
        bench: Option<Millis>,
        me: &'a [String],
        now: Millis,
    ) -> Self {
        let bench = bench.max(evidence::tag::read(&version.tags).map(|shared| shared.at));
        Self { version: version.version, tags: &version.tags, bench, me, now }
    }
}

/// Whether a rule holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Holds,
    /// It does not: why, and what to do about it.
    Fails(String),
    /// What it asks for is being read.
    Reading,
}

/// One rule, and whether it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The rule, as a person says it.
    pub rule: String,
    /// Whether it holds.
    pub verdict: Verdict,
}

impl Requirements {
    /// Every rule with what became of it. `Err`: there is no evidence, for this reason; `None`: not yet.
    pub fn checks(&self, evidence: Option<Result<&Evidence<'_>, &str>>) -> Vec<Check> {
        let verdict = |judge: &dyn Fn(&Evidence<'_>) -> Result<(), String>| match evidence {
            None => Verdict::Reading,
            Some(Err(why)) => Verdict::Fails(why.to_owned()),
            Some(Ok(evidence)) => judge(evidence).map_or_else(Verdict::Fails, |()| Verdict::Holds),
        };
        let mut checks = Vec::new();
        for (key, value) in &self.tags {
            let verdict = verdict(&|evidence| tag_holds(evidence, key, value));
            checks.push(Check { rule: format!("Tagged {key}={value}"), verdict });
        }
        if let Some(days) = self.bench_days {
            let rule = format!("Bench not older than {}", format::counted(days as usize, "day", "days"));
            checks.push(Check { rule, verdict: verdict(&|evidence| bench_holds(evidence, days)) });
        }
        if self.approval {
            let rule = "Approved by someone else".to_owned();
            checks.push(Check { rule, verdict: verdict(&approval_holds) });
        }
        checks
    }

    /// The first rule that does not hold, as a sentence.
    pub fn objection(&self, evidence: &Evidence<'_>) -> Option<String> {
        self.checks(Some(Ok(evidence))).into_iter().find_map(|check| match check.verdict {
            Verdict::Fails(why) => Some(format!("{}: {why}", check.rule)),
            _ => None,
        })
    }
}

fn tag_holds(evidence: &Evidence<'_>, key: &str, value: &str) -> Result<(), String> {
    let version = evidence.version;
    match evidence.tags.get(key) {
        Some(found) if found == value => Ok(()),
        Some(found) => {
            let found: String = found.chars().take(60).collect();
            Err(format!("v{version} is tagged {key}={found}. Set the tag once that is done"))
        }
        None => Err(format!("v{version} has no tag {key}. Set it to {value} once that is done")),
    }
}

fn bench_holds(evidence: &Evidence<'_>, days: u32) -> Result<(), String> {
    let version = evidence.version;
    let Some(at) = evidence.bench else {
        return Err(format!("No evidence: v{version} has no bench. Run one"));
    };
    if evidence.now - at <= Millis::from(days) * DAY_MS {
        return Ok(());
    }
    Err(format!(
        "The last bench of v{version} ended {}. Run it again",
        format::relative_time(at, evidence.now)
    ))
}

fn approval_holds(evidence: &Evidence<'_>) -> Result<(), String> {
    let version = evidence.version;
    let tags = evidence.tags;
    if tags.get(APPROVAL_TAG).is_none_or(|approval| approval != APPROVED) {
        return Err(format!(
            "v{version} is not approved. Ask someone to tag it {APPROVAL_TAG}={APPROVED}, and {APPROVED_BY_TAG} with \
             their name"
        ));
    }
    match tags.get(APPROVED_BY_TAG).map(|by| by.trim()).filter(|by| !by.is_empty()) {
        None => Err(format!("v{version} does not say who approved it. Set the tag {APPROVED_BY_TAG}")),
        Some(by) if evidence.me.iter().any(|me| me.eq_ignore_ascii_case(by)) => {
            Err(format!("v{version} was approved by you ({by}). Ask someone else"))
        }
        Some(_) => Ok(()),
    }
}

/// The names that we go by on a server: who logged in, who MLflow's Python client would be, who uses this computer.
pub fn me(environment: &Environment, settings: &Settings, store: &StoreInfo) -> Vec<String> {
    let logged_in =
        settings.servers.iter().find(|server| server.uri == store.uri).and_then(|server| server.user.clone());
    let mut names: Vec<String> = [logged_in, environment.username.clone(), environment.os_user.clone()]
        .into_iter()
        .flatten()
        .collect();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::state::evidence::tag::BENCH_TAG;

    const NOW: Millis = 1_800_000_000_000;

    fn version(tags: &[(&str, &str)]) -> ModelVersion {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        ModelVersion { name: "Churn".into(), version: 7, tags, ..Default::default() }
    }

    fn objection(requires: &Requirements, tags: &[(&str, &str)]) -> Option<String> {
        let me = ["ann".to_owned()];
        requires.objection(&Evidence::of_version(&version(tags), None, &me, NOW))
    }

    #[test]
    fn a_tag_has_to_have_its_value() {
        let requires =
            Requirements { tags: [("eval_status".into(), "passed".into())].into(), ..Default::default() };
        assert_eq!(objection(&requires, &[("eval_status", "passed")]), None);
        let failed = objection(&requires, &[("eval_status", "failed")]).unwrap();
        assert!(failed.starts_with("Tagged eval_status=passed: v7 is tagged eval_status=failed"), "{failed}");
        assert!(objection(&requires, &[]).unwrap().contains("v7 has no tag eval_status"));
    }

    #[test]
    fn a_bench_has_to_be_there_and_young() {
        let requires = Requirements { bench_days: Some(14), ..Default::default() };
        assert!(objection(&requires, &[]).unwrap().contains("No evidence"));
        let days_ago = |days: Millis| NOW - days * DAY_MS;
        for (days, holds) in [(0, true), (14, true), (15, false)] {
            let at = days_ago(days);
            let stamp = Timestamp::from_millisecond(at).unwrap().to_string();
            for tag in [
                at.to_string(),
                stamp.clone(),
                format!("{{\"at\":{at},\"prompts\":20}}"),
                format!("{{\"at\":\"{stamp}\"}}"),
            ] {
                assert_eq!(objection(&requires, &[(BENCH_TAG, &tag)]).is_none(), holds, "{tag}");
            }
        }
        assert!(objection(&requires, &[(BENCH_TAG, "soon")]).unwrap().contains("No evidence"));
    }

    #[test]
    fn a_bench_that_is_kept_here_counts_as_one_that_a_tag_tells_of() {
        let requires = Requirements { bench_days: Some(14), ..Default::default() };
        let old = (NOW - 15 * DAY_MS).to_string();
        let version = version(&[(BENCH_TAG, &old)]);
        let objection = |bench| requires.objection(&Evidence::of_version(&version, bench, &[], NOW));
        assert!(objection(None).is_some() && objection(Some(NOW - 16 * DAY_MS)).is_some());
        assert_eq!(objection(Some(NOW - DAY_MS)), None);
    }

    #[test]
    fn approval_comes_from_somebody_else() {
        let requires = Requirements { approval: true, ..Default::default() };
        assert_eq!(objection(&requires, &[("approval", "approved"), ("approved_by", "bob")]), None);
        let by_me = objection(&requires, &[("approval", "approved"), ("approved_by", "Ann ")]).unwrap();
        assert!(by_me.contains("approved by you"), "{by_me}");
        assert!(objection(&requires, &[("approval", "approved")]).unwrap().contains("does not say who"));
        assert!(objection(&requires, &[("approval", "rejected")]).unwrap().contains("is not approved"));
    }

    #[test]
    fn without_evidence_nothing_holds() {
        let requires = Requirements { approval: true, bench_days: Some(1), ..Default::default() };
        assert!(requires.checks(None).iter().all(|check| check.verdict == Verdict::Reading));
        let unread = requires.checks(Some(Err("v7 could not be read")));
        assert!(unread.iter().all(|check| check.verdict == Verdict::Fails("v7 could not be read".into())));
        assert!(Requirements::default().checks(None).is_empty());
    }
}
