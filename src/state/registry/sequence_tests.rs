//! Sequences of changes that fail at every place, and what a plan makes of them.

use std::sync::Arc;
use std::time::Instant;

use super::ending::Ending;
use super::fake_store::{Aliases, FakeStore, Fault};
use super::plan::{Answers, Blocker};
use super::promotion::{AliasChange, Event, MOST_EVENTS, Order};
use super::promotion_tests::{Desk, PATIENCE, SOON, forbidden, logged, runtime};
use super::sequence::{News, OnFailure, carry_out_in_order};
use super::{PlanEdit, RegistryCommand};
use crate::entities::VersionNumber;
use crate::state::journal::Outcome;
use crate::state::policy::parse;
use crate::state::tasks::{Polled, Tasks};
use crate::state::{Command, ModelKind};

const MODELS: [&str; 4] = ["A", "B", "C", "D"];

fn change(name: &str, from: Option<VersionNumber>, to: Option<VersionNumber>) -> AliasChange {
    AliasChange { kind: ModelKind::Model, name: name.into(), alias: "prod".into(), from, to }
}

/// `prod` of every model from 3 to 7, but of C it is deleted.
fn changes() -> Vec<AliasChange> {
    MODELS.iter().map(|name| change(name, Some(3), (*name != "C").then_some(7))).collect()
}

fn store() -> FakeStore {
    FakeStore::live(&MODELS.map(|name| (name, "prod", 3)))
}

fn at(aliases: &Aliases, name: &str) -> Option<VersionNumber> {
    aliases.get(&(name.to_owned(), "prod".to_owned())).copied()
}

/// What was told: for each change how it ended and, if it was taken back, how that ended.
type Endings = Vec<(Option<Ending>, Option<Ending>)>;

fn carried_out(
    store: FakeStore,
    changes: &[AliasChange],
    on_failure: OnFailure,
) -> (Endings, Arc<FakeStore>) {
    let runtime = runtime();
    let tasks = Tasks::new(runtime.handle().clone(), || {});
    let store = Arc::new(store);
    let logged = |change: &AliasChange| logged(Order::plain(change.clone()), &tasks);
    let (orders, shared) = (changes.iter().map(logged).collect(), Arc::clone(&store));
    let mut feed = tasks.spawn_feed_to_its_end(MOST_EVENTS * 4, |feeder| {
        carry_out_in_order(shared, orders, on_failure, SOON, feeder)
    });
    let mut endings: Endings = vec![(None, None); changes.len()];
    let deadline = Instant::now() + PATIENCE;
    loop {
        match feed.poll() {
            Polled::Ready(News::Of { at, back, event }) => {
                if let Event::Ended(ending, _) = *event {
                    let slot = if back { &mut endings[at].1 } else { &mut endings[at].0 };
                    assert!(slot.replace(ending).is_none());
                }
            }
            Polled::Ready(News::Finished) => {}
            Polled::Lost => return (endings, store),
            Polled::Pending => std::thread::sleep(std::time::Duration::from_millis(1)),
        }
        assert!(Instant::now() < deadline);
    }
}

#[test]
fn it_stops_at_the_first_failure_wherever_that_is() {
    for failing in 0..MODELS.len() {
        for fault in [Fault::Refused(forbidden()), Fault::LostBefore] {
            let (endings, store) =
                carried_out(store().with_fault(failing, fault.clone()), &changes(), OnFailure::Stop);
            for (place, planned) in changes().iter().enumerate() {
                let expected = if place < failing { planned.to } else { planned.from };
                assert_eq!(at(&store.aliases(), &planned.name), expected, "{failing} {fault:?} {place}");
                assert_eq!(endings[place].0.is_some(), place <= failing);
                assert_eq!(endings[place].1, None);
            }
            assert_eq!(store.live_writes().len(), failing + 1, "what fails is not sent again");
        }
    }
}

#[test]
fn all_or_nothing_takes_back_what_was_done_the_last_first() {
    for failing in 0..MODELS.len() {
        for fault in [Fault::Refused(forbidden()), Fault::LostBefore] {
            let (endings, store) =
                carried_out(store().with_fault(failing, fault.clone()), &changes(), OnFailure::TakeBack);
            assert_eq!(store.aliases(), self::store().aliases(), "{failing} {fault:?}");
            let back: Vec<_> =
                store.live_writes()[failing + 1..].iter().map(|(model, ..)| model.clone()).collect();
            let done: Vec<_> = MODELS[..failing].iter().rev().map(|name| (*name).to_owned()).collect();
            assert_eq!(back, done);
            assert!(endings[..failing].iter().all(|(_, back)| *back == Some(Ending::Done)));
        }
    }
}

#[test]
fn an_answer_that_is_lost_is_no_failure_when_the_change_took_effect() {
    for place in 0..MODELS.len() {
        let store = store().with_fault(place, Fault::LostAfter);
        let (endings, store) = carried_out(store, &changes(), OnFailure::TakeBack);
        assert_eq!(endings[place].0, Some(Ending::UnknownTookEffect));
        assert!(changes().iter().all(|planned| at(&store.aliases(), &planned.name) == planned.to));
        assert_eq!(store.live_writes().len(), MODELS.len());
    }
}

#[test]
fn what_someone_else_moved_is_neither_overwritten_nor_taken_back() {
    for place in 0..MODELS.len() {
        let store = store();
        store.moved(MODELS[place], "prod", 9);
        let (endings, store) = carried_out(store, &changes(), OnFailure::TakeBack);
        assert_eq!(endings[place].0, Some(Ending::Moved { now: Some(9) }));
        for name in MODELS {
            let expected = if name == MODELS[place] { 9 } else { 3 };
            assert_eq!(at(&store.aliases(), name), Some(expected));
        }
    }
    // Somebody is quicker than the last look before the end.
    let store = store().with_fault(1, Fault::Overtaken(9));
    let (endings, store) = carried_out(store, &changes(), OnFailure::TakeBack);
    assert_eq!(endings[1].0, Some(Ending::Overtaken { now: Some(9) }));
    assert_eq!((at(&store.aliases(), "A"), at(&store.aliases(), "B")), (Some(3), Some(9)));
}

/// Any faults in any order, with somebody else at work: what is told is what the store has.
#[test]
fn what_is_told_is_what_the_store_has() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    for round in 0..60 {
        let mut store = store();
        let mut moved = Vec::new();
        for (place, name) in MODELS.iter().enumerate() {
            match random(7) {
                0 => store = store.with_fault(place, Fault::Refused(forbidden())),
                1 => store = store.with_fault(place, Fault::LostBefore),
                2 => store = store.with_fault(place, Fault::LostAfter),
                3 => {
                    store.moved(name, "prod", 9);
                    moved.push(*name);
                }
                _ => {}
            }
        }
        let on_failure = [OnFailure::Stop, OnFailure::TakeBack, OnFailure::GoOn][random(3) as usize];
        let (endings, store) = carried_out(store, &changes(), on_failure);
        for (planned, (ending, back)) in changes().iter().zip(&endings) {
            let done = ending.as_ref().is_some_and(Ending::took_effect);
            let undone = back.as_ref().is_some_and(Ending::took_effect);
            let expected = match (moved.contains(&planned.name.as_str()), done && !undone) {
                (true, _) => Some(9),
                (false, true) => planned.to,
                (false, false) => planned.from,
            };
            assert_eq!(
                at(&store.aliases(), &planned.name),
                expected,
                "round {round}: {planned:?} {endings:?}"
            );
        }
        for (name, forward) in MODELS.iter().zip(changes()) {
            let sent = store.live_writes().iter().filter(|(n, _, to)| n == name && *to == forward.to).count();
            assert!(sent <= 1, "round {round}: {name} was written {sent} times");
        }
    }
}

fn add(name: &str, alias: &str, to: Option<VersionNumber>) -> RegistryCommand {
    RegistryCommand::EditPlan(PlanEdit::Add {
        kind: ModelKind::Model,
        name: name.into(),
        alias: alias.into(),
        to,
    })
}

fn answers(name: &str, reason: &str) -> Answers {
    Answers { name: name.into(), reason: reason.into(), ..Default::default() }
}

/// A board of `Churn` with `prod` on 3, `candidate` on 7 and `old` on 1; `Fraud` has `prod` on 2.
fn desk(policy: &str) -> Desk {
    desk_on(live(), policy)
}

fn live() -> FakeStore {
    FakeStore::live(&[
        ("Churn", "prod", 3),
        ("Churn", "candidate", 7),
        ("Churn", "old", 1),
        ("Fraud", "prod", 2),
    ])
}

fn desk_on(store: FakeStore, policy: &str) -> Desk {
    let mut desk = Desk::with_policy(store, parse(policy).unwrap());
    desk.poll_until(|desk| desk.registry.board.model.value().is_some_and(|model| model.aliases.len() == 3));
    desk
}

fn settled(desk: &mut Desk) {
    desk.poll_until(|desk| {
        desk.registry.plan().is_none_or(|plan| plan.blocker(&Answers::default()) != Some(Blocker::Reading))
    });
}

fn where_is(desk: &Desk, model: &str, alias: &str) -> Option<VersionNumber> {
    desk.fake.aliases().get(&(model.to_owned(), alias.to_owned())).copied()
}

fn press_undo(desk: &mut Desk) {
    let mut actions = desk.notices.shown().iter().filter_map(|notice| notice.action.clone());
    let (_, undo) = actions.next_back().unwrap();
    let Command::Registry(undo) = *undo else { panic!("{undo:?}") };
    desk.apply(undo);
}

#[test]
fn a_protected_alias_wants_its_name_and_a_reason() {
    let mut desk = desk("");
    desk.plan(Some(7));
    settled(&mut desk);
    for (filled, blocker) in [
        (answers("", ""), Blocker::Name),
        (answers("prd", "why not"), Blocker::Name),
        (answers("prod candidate", "why not"), Blocker::Name),
        (answers("prod", " "), Blocker::Reason),
    ] {
        assert_eq!(desk.registry.plan().unwrap().blocker(&filled), Some(blocker));
        desk.apply(RegistryCommand::Confirm(filled));
        assert!(!desk.registry.plan().unwrap().is_busy());
    }
    desk.apply(RegistryCommand::Confirm(answers(" prod ", "eval passed")));
    desk.poll_until(|desk| desk.registry.plan().is_none());
    assert_eq!(where_is(&desk, "Churn", "prod"), Some(7));
    assert_eq!(desk.fake.live_writes().len(), 1);
}

#[test]
fn a_rule_that_does_not_hold_blocks_unless_a_reason_may_override_it() {
    let rule =
        "[[rule]]\nalias = \"prod\"\nlevel = \"confirm\"\nrequire.tags = { eval_status = \"passed\" }\n";
    let mut strict = desk(rule);
    strict.plan(Some(7));
    settled(&mut strict);
    assert_eq!(strict.registry.plan().unwrap().blocker(&answers("", "I insist")), Some(Blocker::Rule));
    strict.apply(RegistryCommand::Confirm(answers("", "I insist")));
    assert!(strict.fake.live_writes().is_empty());

    let mut lenient = desk(&format!("{rule}override = true\n"));
    lenient.plan(Some(7));
    settled(&mut lenient);
    assert_eq!(lenient.registry.plan().unwrap().blocker(&Answers::default()), Some(Blocker::Reason));
    lenient.apply(RegistryCommand::Confirm(answers("", "I insist")));
    lenient.poll_until(|desk| desk.registry.plan().is_none());
    assert_eq!(where_is(&lenient, "Churn", "prod"), Some(7));

    let mut passed = desk_on(live().with_tag(7, "eval_status", "passed"), rule);
    passed.plan(Some(7));
    settled(&mut passed);
    passed.apply(RegistryCommand::Confirm(Answers::default()));
    passed.poll_until(|desk| desk.registry.plan().is_none());
    assert_eq!(where_is(&passed, "Churn", "prod"), Some(7));
}

#[test]
fn a_free_alias_is_written_by_the_drop_and_can_be_undone() {
    let mut desk = desk("[[rule]]\nalias = \"*\"\nlevel = \"free\"\nkeep_previous = \"previous\"\n");
    desk.plan(Some(7));
    assert!(desk.registry.plan().is_none());
    desk.poll_until(|desk| desk.said("2 changes made"));
    assert_eq!(where_is(&desk, "Churn", "prod"), Some(7));
    assert_eq!(where_is(&desk, "Churn", "previous"), Some(3));
    press_undo(&mut desk);
    desk.poll_until(|desk| desk.fake.live_writes().len() == 4 && desk.fake.aliases() == live().aliases());
    // A deletion asks all the same.
    desk.poll_until(|desk| !desk.registry.is_changing("Churn", "prod"));
    desk.plan(None);
    assert!(desk.registry.plan().is_some());
}

#[test]
fn several_changes_are_made_in_order_and_one_undo_takes_all_back() {
    let mut desk = desk("");
    desk.plan(Some(7));
    desk.apply(add("Churn", "candidate", Some(9)));
    desk.apply(add("Churn", "old", None));
    desk.apply(add("Fraud", "prod", Some(5)));
    desk.apply(RegistryCommand::EditPlan(PlanEdit::KeepPrevious(true)));
    settled(&mut desk);
    let plan = desk.registry.plan().unwrap();
    let titles: Vec<_> = plan
        .changes
        .iter()
        .map(|planned| format!("{} {}", planned.change.name, planned.change.title()))
        .collect();
    assert_eq!(
        titles,
        [
            "Churn previous: new → v3",
            "Churn prod: v3 → v7",
            "Churn candidate: v7 → v9",
            "Churn old: v1 → deleted",
            "Fraud previous: new → v2",
            "Fraud prod: v2 → v5",
        ]
    );
    assert_eq!(plan.names_to_type(), ["prod"]);
    desk.apply(RegistryCommand::Confirm(answers("prod", "release")));
    desk.poll_until(|desk| desk.said("6 changes made"));
    assert!(desk.registry.plan().is_none());
    let moved = desk.fake.live_writes();
    assert_eq!(moved.len(), 6);
    assert_eq!((where_is(&desk, "Churn", "old"), where_is(&desk, "Fraud", "prod")), (None, Some(5)));

    press_undo(&mut desk);
    desk.poll_until(|desk| desk.journal.records().len() == 12);
    assert_eq!(desk.fake.aliases(), live().aliases());
    let back: Vec<_> = desk.fake.live_writes()[6..].iter().map(|(m, a, _)| format!("{m} {a}")).collect();
    let forward: Vec<_> = moved.iter().rev().map(|(m, a, _)| format!("{m} {a}")).collect();
    assert_eq!(back, forward);
    desk.poll_until(|desk| desk.journal.records().iter().all(|record| record.outcome == Outcome::Done));
    let (made, back) = desk.journal.records().split_at(6);
    assert!(made.iter().all(|record| record.change.reason == "release"));
    for (made, back) in made.iter().zip(back.iter().rev()) {
        assert_eq!(made.undone_by.as_ref(), Some(&back.id), "each by the one that took it back");
        assert_eq!(back.change.undoes.as_ref(), Some(&made.id));
    }
}

#[test]
fn a_group_undo_leaves_alone_what_was_moved_since() {
    let mut desk = desk("");
    desk.plan(Some(7));
    desk.apply(add("Fraud", "prod", Some(5)));
    settled(&mut desk);
    desk.apply(RegistryCommand::Confirm(answers("prod", "release")));
    desk.poll_until(|desk| desk.said("2 changes made"));
    desk.fake.moved("Fraud", "prod", 8);
    press_undo(&mut desk);
    desk.poll_until(|desk| desk.said("1 change of 2 made. prod of Fraud: prod is v8 by now, not v5."));
    assert_eq!((where_is(&desk, "Churn", "prod"), where_is(&desk, "Fraud", "prod")), (Some(3), Some(8)));
}

#[test]
fn after_a_failure_the_plan_stays_and_what_was_done_can_be_undone_or_gone_on_with() {
    let mut desk = desk_on(live().with_fault(1, Fault::Refused(forbidden())), "");
    desk.plan(Some(7));
    desk.apply(add("Fraud", "prod", Some(5)));
    desk.apply(add("Churn", "old", Some(2)));
    settled(&mut desk);
    desk.apply(RegistryCommand::Confirm(answers("prod", "release")));
    desk.poll_until(|desk| desk.registry.plan().is_some_and(|plan| plan.message.is_some()));
    let plan = desk.registry.plan().unwrap();
    let steps: Vec<_> = plan.changes.iter().map(|planned| planned.step.label()).collect();
    assert_eq!(steps, ["Done", "Failed", "Waiting"]);
    let message = plan.message.as_deref().unwrap();
    assert!(
        message.starts_with("prod of Fraud: The server refused.")
            && message.ends_with("1 change before it stays.")
    );
    assert!(!plan.is_open() && plan.left().eq([1, 2]));

    desk.apply(RegistryCommand::UndoDone { journalled: true });
    desk.poll_until(|desk| desk.registry.plan().is_some_and(|plan| !plan.is_busy()));
    assert_eq!(desk.fake.aliases(), live().aliases());
    assert_eq!(desk.registry.plan().unwrap().changes[0].step.label(), "Taken back");

    settled(&mut desk);
    desk.apply(RegistryCommand::Confirm(answers("prod", "once more")));
    desk.poll_until(|desk| desk.registry.plan().is_none());
    assert_eq!((where_is(&desk, "Churn", "prod"), where_is(&desk, "Fraud", "prod")), (Some(7), Some(5)));
}

#[test]
fn a_kept_place_follows_where_the_alias_is() {
    let mut desk = desk("[[rule]]\nalias = \"prod\"\nlevel = \"confirm\"\nkeep_previous = \"previous\"\n");
    desk.plan(Some(7));
    settled(&mut desk);
    assert_eq!(desk.registry.plan().unwrap().changes[0].change.title(), "previous: new → v3");
    desk.fake.moved("Churn", "prod", 6);
    desk.apply(RegistryCommand::Confirm(Answers::default()));
    // The place was kept before the move was found to be out of date: both are one thing.
    desk.poll_until(|desk| desk.registry.plan().is_some_and(|plan| plan.message.is_some()));
    assert_eq!((where_is(&desk, "Churn", "prod"), where_is(&desk, "Churn", "previous")), (Some(6), None));
    assert_eq!(desk.fake.live_writes().len(), 2, "previous was set, and taken back");
    desk.poll_until(|desk| desk.journal.records().len() == 3);
    let told: Vec<_> = desk.journal.records().iter().map(|it| (it.title(), it.outcome)).collect();
    assert_eq!(
        told,
        [
            ("previous: new → v3".to_owned(), Outcome::Done),
            ("prod: v3 → v7".to_owned(), Outcome::Refused),
            ("previous: v3 → deleted".to_owned(), Outcome::Done),
        ]
    );
    assert_eq!(desk.journal.records()[0].undone_by.as_ref(), Some(&desk.journal.records()[2].id));
    settled(&mut desk);
    assert_eq!(desk.registry.plan().unwrap().changes[0].change.title(), "previous: new → v6");
}
