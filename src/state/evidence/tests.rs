//! What counts as evidence, and what is kept of it.

use std::sync::Arc;

use super::*;
use crate::state::test_store::TestStore;

fn bench(run: u64, ended: Millis) -> BenchEvidence {
    BenchEvidence { run, started: ended - 10, ended, prompts: 3, passed: 2, ..BenchEvidence::default() }
}

fn version(number: VersionNumber, created: Millis) -> ModelVersion {
    ModelVersion {
        name: "Churn".into(),
        version: number,
        creation_timestamp: Some(created),
        source: format!("models:/m-{created}"),
        ..ModelVersion::default()
    }
}

fn settled(run: u64, ended: Millis, of: &ModelVersion) -> Record {
    Record::claim("http://a", "Churn", of.version, bench(run, ended)).judged(&Ok(of.clone())).unwrap()
}

#[test]
fn a_version_that_was_made_again_inherits_nothing() {
    let (old, new) = (version(7, 1_000), version(7, 900_000));
    let mut shelf = EvidenceShelf::default();
    for record in [settled(1, 2_000, &old), settled(2, 5_000, &old), settled(3, 4_000, &old)] {
        shelf.put(record);
    }
    let last = |of: &ModelVersion| shelf.last_bench(&VersionKey::of("http://a", of)).map(|bench| bench.run);
    assert_eq!((last(&old), last(&new)), (Some(2), None), "the one that ended last counts");
    assert_eq!(shelf.last_bench(&VersionKey::of("http://b", &old)), None);
    let late = Record::claim("http://a", "Churn", 7, bench(4, 5_000)).judged(&Ok(new.clone())).unwrap();
    assert_eq!(late.standing, Standing::Void, "it was registered after the bench began");
}

#[test]
fn a_claim_waits_for_a_server_that_answers() {
    let claim = Record::claim("http://a", "Churn", 7, bench(1, 2_000));
    let down = Err(TrackingError::OutcomeUnknown { reason: "timeout".into() });
    assert_eq!(claim.clone().judged(&down), None);
    let gone = Err(TrackingError::Mlflow {
        code: crate::tracking::ErrorCode::ResourceDoesNotExist,
        message: "gone".into(),
        status: 404,
    });
    assert_eq!(claim.judged(&gone).unwrap().standing, Standing::Void);
}

#[tokio::test]
async fn what_is_kept_is_there_again_with_the_latest_word() {
    let folder = tempfile::tempdir().unwrap();
    let place = Some(folder.path().to_owned());
    let tasks = Tasks::new(tokio::runtime::Handle::current(), || {});
    let mut notices = Notices::default();
    let of = version(7, 1_000);
    let mut shelf = EvidenceShelf::open(place.clone(), &tasks);
    let mut marked = settled(1, 2_000, &of);
    shelf.keep(vec![marked.clone()], &tasks);
    marked.bench.passed = 3;
    settle(&mut shelf, None, &tasks, &mut notices).await;
    shelf.keep(vec![marked], &tasks);
    settle(&mut shelf, None, &tasks, &mut notices).await;
    let mut again = EvidenceShelf::open(place, &tasks);
    settle(&mut again, None, &tasks, &mut notices).await;
    let last = again.last_bench(&VersionKey::of("http://a", &of)).map(|bench| bench.passed);
    assert_eq!((last, again.records.len()), (Some(3), 1));
    assert!(notices.shown().is_empty());
}

#[tokio::test]
async fn only_the_server_that_is_open_is_asked_and_not_again_and_again() {
    let tasks = Tasks::new(tokio::runtime::Handle::current(), || {});
    let mut notices = Notices::default();
    let store: Arc<dyn Store> = Arc::new(TestStore::default());
    let server = store.info().settings_key().to_owned();
    let mut shelf = EvidenceShelf::default();
    shelf.keep(vec![Record::claim("elsewhere", "Churn", 7, bench(1, 2_000))], &tasks);
    shelf.keep(vec![Record::claim(&server, "Churn", 7, bench(2, 2_000))], &tasks);
    settle(&mut shelf, Some(&store), &tasks, &mut notices).await;
    assert!(shelf.records.iter().all(|record| record.standing == Standing::Claimed));
    assert_eq!(shelf.asked, Some((server, 1)), "it did not answer");
    shelf.poll(Some(&store), &tasks, &mut notices);
    assert!(shelf.asking.is_none());
}

async fn settle(
    shelf: &mut EvidenceShelf,
    store: Option<&Arc<dyn Store>>,
    tasks: &Tasks,
    notices: &mut Notices,
) {
    for _ in 0..500 {
        shelf.poll(store, tasks, notices);
        if !shelf.is_reading() && shelf.writing.is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    panic!("it is never done");
}
