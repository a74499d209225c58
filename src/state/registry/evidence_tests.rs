//! What speaks for a version in a plan, in the policy, and in the journal.

use super::RegistryCommand;
use super::fake_store::FakeStore;
use super::plan::{Answers, Blocker};
use super::promotion_tests::Desk;
use crate::entities::Millis;
use crate::state::evidence::{
    BenchEvidence, ConversationEvidence, EvidenceItem, EvidenceShelf, VersionKey, tag,
};
use crate::state::policy::parse;
use crate::state::{ModelKind, format};

const DAY_MS: Millis = 24 * 60 * 60 * 1000;
const RULE: &str = "[[rule]]\nalias = \"prod\"\nlevel = \"confirm\"\nrequire.bench_days = 14\n";

fn bench(days_ago: Millis) -> BenchEvidence {
    let ended = format::now() - days_ago * DAY_MS;
    BenchEvidence { run: 1, set: "smoke".into(), ended, prompts: 3, passed: 2, ..BenchEvidence::default() }
}

/// `prod` on v3, and this bench of the v7 that the store has.
fn desk(policy: &str, store: FakeStore, bench: Option<BenchEvidence>) -> Desk {
    let mut desk = Desk::with_policy(store, parse(policy).unwrap());
    desk.poll_until(|desk| desk.registry.board.model.value().is_some());
    let key = VersionKey { model: "Churn".into(), version: 7, ..VersionKey::default() };
    desk.evidence = bench.map_or_else(EvidenceShelf::default, |bench| EvidenceShelf::of(key, bench));
    desk.plan(Some(7));
    read(&mut desk);
    desk
}

fn read(desk: &mut Desk) {
    desk.poll_until(|desk| {
        desk.registry.plan().is_some_and(|plan| {
            plan.blocker(&Answers::default()) != Some(Blocker::Reading)
                && plan.shown().versions().any(|version| version.version == 7)
        })
    });
}

fn live() -> FakeStore {
    FakeStore::live(&[("Churn", "prod", 3)])
}

fn confirm(desk: &mut Desk) {
    desk.apply(RegistryCommand::Confirm(Answers::default()));
}

#[test]
fn a_bench_of_exactly_this_version_opens_the_way_and_is_journalled() {
    let mut desk = desk(RULE, live(), Some(bench(2)));
    let planned = desk.registry.plan().unwrap().shown();
    assert_eq!(planned.evidence, [EvidenceItem::Bench(bench_of(planned))]);
    assert!(!planned.fails() && !planned.lacks_evidence());
    confirm(&mut desk);
    desk.poll_until(|desk| desk.said("prod moved from v3 to v7."));
    desk.poll_until(|desk| !desk.journal.records().is_empty());
    let evidence = desk.journal.records()[0].change.evidence.clone().unwrap();
    assert!(evidence.starts_with("Bench smoke, 20"), "{evidence}");
    assert!(evidence.ends_with(": 2 of 3 passed; Bench not older than 14 days"), "{evidence}");
}

fn bench_of(planned: &super::planned::Planned) -> BenchEvidence {
    planned.unshared_bench().cloned().unwrap()
}

#[test]
fn without_one_or_with_an_old_one_it_stays_closed() {
    for found in [None, Some(bench(15))] {
        let mut desk = desk(RULE, live(), found.clone());
        let plan = desk.registry.plan().unwrap();
        assert_eq!(plan.blocker(&Answers::default()), Some(Blocker::Rule), "{found:?}");
        assert_eq!(plan.shown().lacks_evidence(), found.is_none());
        confirm(&mut desk);
        assert!(desk.fake.live_writes().is_empty());
    }
}

#[test]
fn a_bench_of_a_version_that_was_made_again_counts_for_nothing() {
    let mut desk = Desk::with_policy(live(), parse(RULE).unwrap());
    desk.poll_until(|desk| desk.registry.board.model.value().is_some());
    let key = VersionKey {
        model: "Churn".into(),
        version: 7,
        created: Some(1),
        source: "models:/m-old".into(),
        ..VersionKey::default()
    };
    desk.evidence = EvidenceShelf::of(key, bench(1));
    desk.plan(Some(7));
    read(&mut desk);
    assert!(desk.registry.plan().unwrap().shown().lacks_evidence());
}

#[test]
fn a_bench_that_comes_while_the_plan_is_open_counts_and_a_tag_that_tells_of_it_is_not_said_twice() {
    let found = bench(1);
    let store = live().with_tag(7, tag::BENCH_TAG, &tag::value_of(&found));
    let mut desk = desk(RULE, store, None);
    let shown = |desk: &Desk| desk.registry.plan().unwrap().shown().evidence.clone();
    assert!(matches!(shown(&desk)[..], [EvidenceItem::Shared(_)]), "{:?}", shown(&desk));
    let key = VersionKey { model: "Churn".into(), version: 7, ..VersionKey::default() };
    desk.evidence = EvidenceShelf::of(key, found.clone());
    desk.poll_until(|desk| shown(desk) == [EvidenceItem::Bench(found.clone())]);
    assert_eq!(desk.registry.plan().unwrap().shown().unshared_bench(), None);
}

#[test]
fn a_conversation_is_taken_along_even_where_the_alias_is_free() {
    let policy = parse("[[rule]]\nalias = \"prod\"\nlevel = \"free\"\n").unwrap();
    let mut desk = Desk::with_policy(live(), policy);
    desk.poll_until(|desk| desk.registry.board.model.value().is_some());
    let said = ConversationEvidence { id: 5, title: "Why late?".into(), turns: 2, at: format::now() };
    desk.apply(RegistryCommand::PlanWith {
        kind: ModelKind::Model,
        name: "Churn".into(),
        alias: "prod".into(),
        to: 7,
        evidence: vec![EvidenceItem::Conversation(said.clone())],
    });
    let plan = desk.registry.plan().unwrap();
    assert_eq!(plan.shown().evidence, [EvidenceItem::Conversation(said)]);
    assert!(desk.fake.live_writes().is_empty());
    read(&mut desk);
    confirm(&mut desk);
    desk.poll_until(|desk| desk.journal.records().len() == 1);
    let evidence = desk.journal.records()[0].change.evidence.clone().unwrap();
    assert!(evidence.starts_with("Conversation “Why late?”, ") && evidence.ends_with(": 2 turns"));
}
