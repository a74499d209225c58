//! Tests of the listing: pages, refreshes, filters and what is asked for.

use std::time::{Duration, Instant};

use super::listing::{ASK_AFTER, Listing, Progress};
use super::table::tests::{child, run};
use super::{Attribute, ColumnKey, Runs, RunsCommand};
use crate::entities::{Run, ViewType};
use crate::state::navigation::Route;
use crate::state::test_store::TestCx;
use crate::tracking::TrackingError;

fn route() -> Route {
    Route::Experiment { experiment_id: "1".into() }
}

fn lost_connection() -> TrackingError {
    TrackingError::Connection { address: "here".into(), reason: "cut".into() }
}

/// Polls as frames do, until something holds.
async fn poll(runs: &mut Runs, cx: &mut TestCx, until: impl Fn(&Listing) -> bool) {
    for _ in 0..2_000 {
        cx.with(|cx| runs.poll(Instant::now() + Duration::from_millis(4), cx));
        if runs.current().is_some_and(&until) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("waited in vain");
}

fn apply(runs: &mut Runs, cx: &mut TestCx, command: RunsCommand) {
    cx.with(|cx| runs.apply(command, cx));
}

fn seen(listing: &Listing) -> Vec<&str> {
    let rows = listing.table().rows();
    (0..listing.visible_count())
        .filter_map(|place| listing.visible(place))
        .map(|entry| rows.run_id(entry.row))
        .collect()
}

#[tokio::test]
async fn pages_are_shown_as_they_arrive_and_the_newest_filter_wins() {
    let (mut cx, mut runs) = (TestCx::new(), Runs::default());
    cx.store.will_find(vec![Ok(vec![run("a", &[], &[]), run("b", &[], &[])]), Ok(vec![run("ab", &[], &[])])]);
    cx.with(|cx| runs.enter(&route(), cx));
    poll(&mut runs, &mut cx, |listing| listing.progress() == Progress::Complete && seen(listing).len() == 3)
        .await;
    for filter in ["zzz", "x", "\"of a\""] {
        apply(&mut runs, &mut cx, RunsCommand::Filter(filter.into()));
    }
    poll(&mut runs, &mut cx, |listing| seen(listing) == ["a", "ab"]).await;
    apply(&mut runs, &mut cx, RunsCommand::CycleSort(ColumnKey::Attribute(Attribute::RunId)));
    apply(&mut runs, &mut cx, RunsCommand::CycleSort(ColumnKey::Attribute(Attribute::RunId)));
    poll(&mut runs, &mut cx, |listing| seen(listing) == ["ab", "a"]).await;
    assert_eq!(cx.settings.run_tables["#1"].sort, Some(("attribute.run_id".into(), true)));
}

#[tokio::test]
async fn what_was_there_stays_until_a_refresh_is_complete_and_when_it_fails() {
    let (mut cx, mut runs) = (TestCx::new(), Runs::default());
    let old = vec![run("p", &[], &[]), child("c", "p"), run("q", &[], &[])];
    let mut new = old.clone();
    new.insert(0, run("new", &[], &[]));
    cx.store.will_find(vec![Ok(old)]);
    cx.store.will_find(vec![Ok(vec![run("half", &[], &[])]), Err(lost_connection())]);
    cx.store.will_find(vec![Ok(new)]);
    cx.with(|cx| runs.enter(&route(), cx));
    poll(&mut runs, &mut cx, |listing| seen(listing) == ["p", "q"]).await;
    apply(&mut runs, &mut cx, RunsCommand::Unfold(0, true));
    assert_eq!(seen(runs.current().unwrap()), ["p", "c", "q"]);

    cx.with(|cx| runs.refresh(&route(), cx));
    poll(&mut runs, &mut cx, |listing| listing.error().is_some()).await;
    assert_eq!(seen(runs.current().unwrap()), ["p", "c", "q"]);

    let generation = runs.current().unwrap().generation();
    cx.with(|cx| runs.refresh(&route(), cx));
    poll(&mut runs, &mut cx, |listing| listing.generation() > generation).await;
    let listing = runs.current().unwrap();
    assert_eq!(seen(listing), ["new", "p", "c", "q"]);
    assert!(listing.error().is_none());
}

#[tokio::test]
async fn a_large_experiment_asks_before_it_goes_on() {
    let (mut cx, mut runs) = (TestCx::new(), Runs::default());
    let page = |nth: u32| (0..5_000).map(|n| run(&format!("{nth}-{n}"), &[], &[])).collect::<Vec<Run>>();
    cx.store.will_find((0..6).map(|nth| Ok(page(nth))).collect());
    cx.with(|cx| runs.enter(&route(), cx));
    poll(&mut runs, &mut cx, |listing| listing.progress() == Progress::Paused).await;
    assert_eq!(runs.current().unwrap().table().rows().count(), ASK_AFTER);
    apply(&mut runs, &mut cx, RunsCommand::Pause(false));
    poll(&mut runs, &mut cx, |listing| listing.progress() == Progress::Complete).await;
    assert_eq!(runs.current().unwrap().table().rows().count(), 30_000);
}

#[tokio::test]
async fn another_lifecycle_stage_shows_nothing_of_the_one_before() {
    let (mut cx, mut runs) = (TestCx::new(), Runs::default());
    cx.store.will_find(vec![Ok(vec![run("a", &[], &[])])]);
    cx.store.will_find(vec![Ok(vec![run("deleted", &[], &[])])]);
    cx.with(|cx| runs.enter(&route(), cx));
    poll(&mut runs, &mut cx, |listing| seen(listing) == ["a"]).await;
    apply(&mut runs, &mut cx, RunsCommand::View(ViewType::DeletedOnly));
    assert_eq!(seen(runs.current().unwrap()), [""; 0]);
    poll(&mut runs, &mut cx, |listing| seen(listing) == ["deleted"]).await;
    // Back to an experiment that was shown before: at once.
    cx.with(|cx| runs.enter(&Route::Experiment { experiment_id: "2".into() }, cx));
    assert_eq!(runs.current().unwrap().experiment_id(), "2");
    cx.with(|cx| runs.enter(&route(), cx));
    assert_eq!(seen(runs.current().unwrap()), ["deleted"]);
}
