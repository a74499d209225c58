//! Every branch of carrying a change out, and what the registry makes of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ending::{Ending, Later};
use super::fake_store::{FakeStore, Reading, not_found};
use super::plan::{Answers, Blocker};
use super::promotion::{AliasChange, Event, MOST_EVENTS, Made, Order};
use super::sequence::{News, OnFailure, carry_out_in_order};
use super::{Looks, Registry, RegistryCommand};
use crate::entities::{Alias, RegisteredModel, VersionNumber};
use crate::state::dialogs::Dialogs;
use crate::state::evidence::EvidenceShelf;
use crate::state::journal::{Journal, MoveLog, Outcome, Record};
use crate::state::notices::{NoticeKind, Notices};
use crate::state::policy::{Policy, PolicyFile};
use crate::state::settings::Settings;
use crate::state::tasks::{Polled, Tasks};
use crate::state::{Command, Cx, ModelKind};
use crate::tracking::{Environment, ErrorCode, Store, StoreInfo, TrackingError};
use Reading::{At, Fails};

pub(super) const SOON: [Duration; 2] = [Duration::from_millis(2); 2];
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

fn change(from: Option<VersionNumber>, to: Option<VersionNumber>) -> AliasChange {
    AliasChange { kind: ModelKind::Model, name: "Churn".into(), alias: "prod".into(), from, to }
}

fn lost() -> TrackingError {
    TrackingError::Connection { address: "here".into(), reason: "reset".into() }
}

fn unknown() -> TrackingError {
    TrackingError::OutcomeUnknown { reason: "timed out".into() }
}

pub(super) fn forbidden() -> TrackingError {
    TrackingError::Forbidden { message: "Permission denied".into() }
}

fn internal() -> TrackingError {
    TrackingError::Mlflow { code: ErrorCode::InternalError, message: "boom".into(), status: 500 }
}

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// With a log that is kept nowhere.
pub(super) fn logged(order: Order, tasks: &Tasks) -> (Order, MoveLog) {
    let journal = Journal::open(None, "ann".into(), tasks);
    let noted = order.change.noted(order.why.clone(), order.undoes.clone());
    let log = journal.log(&StoreInfo::default(), noted, true);
    (order, log)
}

/// Carries a change out to its end: how it ended, what was written, what later looks found.
fn carried_out(store: FakeStore, change: &AliasChange) -> (Ending, Vec<Option<VersionNumber>>, Vec<Later>) {
    let runtime = runtime();
    let tasks = Tasks::new(runtime.handle().clone(), || {});
    let store = Arc::new(store);
    let (to_do, shared) = (logged(Order::plain(change.clone()), &tasks), Arc::clone(&store));
    let mut feed = tasks.spawn_feed_to_its_end(MOST_EVENTS, |feeder| {
        carry_out_in_order(shared, vec![to_do], OnFailure::Stop, SOON, feeder)
    });
    let (mut ending, mut later) = (None, Vec::new());
    let deadline = Instant::now() + PATIENCE;
    loop {
        match feed.poll() {
            Polled::Ready(News::Of { event, .. }) => match *event {
                Event::Ended(how, _) => ending = Some(how),
                Event::Later(what, _) => later.push(what),
                Event::Stage(_) => {}
            },
            Polled::Ready(News::Finished) => {}
            Polled::Lost => break,
            Polled::Pending => std::thread::sleep(Duration::from_millis(1)),
        }
        assert!(Instant::now() < deadline);
    }
    (ending.unwrap(), store.writes(), later)
}

#[test]
fn a_move_is_verified_written_once_and_read_back() {
    let store = FakeStore::new([At(Some(3)), At(Some(7))]);
    let move_it = change(Some(3), Some(7));
    let (ending, writes, later) = carried_out(store, &move_it);
    assert_eq!(ending, Ending::Done);
    assert_eq!(writes, [Some(7)]);
    assert_eq!(later, [Later::AsReported, Later::AsReported]);
    assert!(ending.sentence(&move_it).contains("keeps answering as v3 until it is restarted"));
}

#[test]
fn a_new_alias_and_a_deletion_take_the_same_path() {
    let (ending, writes, _) = carried_out(FakeStore::new([At(None), At(Some(7))]), &change(None, Some(7)));
    assert_eq!((ending, writes), (Ending::Done, vec![Some(7)]));
    let (ending, writes, _) = carried_out(FakeStore::new([At(Some(3)), At(None)]), &change(Some(3), None));
    assert_eq!((ending, writes), (Ending::Done, vec![None]));
}

#[test]
fn nothing_is_written_when_the_alias_is_not_where_it_was_shown() {
    let moved = change(Some(3), Some(7));
    for (reading, ending, text) in [
        (
            At(Some(6)),
            Ending::Moved { now: Some(6) },
            "prod moved to v6 while you were deciding. Nothing was changed.",
        ),
        (
            At(None),
            Ending::Moved { now: None },
            "prod was deleted while you were deciding. Nothing was changed.",
        ),
        (At(Some(7)), Ending::Already, "prod is v7 already. Nothing was changed."),
        (Fails(not_found()), Ending::ModelGone, "Churn does not exist any more. Nothing was changed."),
        (Fails(lost()), Ending::NotRead(lost()), "could not be checked, so nothing was changed."),
    ] {
        let (found, writes, later) = carried_out(FakeStore::new([reading]), &moved);
        assert_eq!(found, ending);
        assert!(found.sentence(&moved).ends_with(text), "{}", found.sentence(&moved));
        assert!(found.changed_nothing() && !found.took_effect());
        assert_eq!((writes, later), (vec![], vec![]));
    }
}

#[test]
fn a_version_that_is_gone_is_noticed_before_and_at_the_write() {
    let store = FakeStore::new([At(Some(3))]).with_version(Err(not_found()));
    let (ending, writes, _) = carried_out(store, &change(Some(3), Some(7)));
    assert_eq!((ending, writes.len()), (Ending::VersionGone, 0));
    let store = FakeStore::new([At(Some(3))]).with_version(Err(lost()));
    let (ending, writes, _) = carried_out(store, &change(Some(3), Some(7)));
    assert_eq!((ending, writes.len()), (Ending::NotRead(lost()), 0));
    let store = FakeStore::new([At(Some(3))]).writing(Err(not_found()));
    let (ending, writes, _) = carried_out(store, &change(Some(3), Some(7)));
    assert_eq!((ending, writes.len()), (Ending::VersionGone, 1));
    let store = FakeStore::new([At(Some(3)), Fails(not_found())]).writing(Err(not_found()));
    let (ending, writes, _) = carried_out(store, &change(Some(3), Some(7)));
    assert_eq!((ending, writes.len()), (Ending::ModelGone, 1));
}

#[test]
fn a_refusal_changed_nothing() {
    let refused = TrackingError::Refused { address: "here".into() };
    for error in [forbidden(), refused] {
        let store = FakeStore::new([At(Some(3))]).writing(Err(error.clone()));
        let (ending, writes, later) = carried_out(store, &change(Some(3), Some(7)));
        assert_eq!(ending, Ending::Refused(error));
        assert_eq!((writes.len(), later.len()), (1, 0));
        assert!(ending.sentence(&change(Some(3), Some(7))).ends_with("Nothing was changed."));
    }
}

#[test]
fn a_write_without_an_answer_is_read_and_never_sent_again() {
    let moved = change(Some(3), Some(7));
    for error in [unknown(), lost(), internal()] {
        for (after, ending, text) in [
            (At(Some(7)), Ending::UnknownTookEffect, "No answer. prod is v7 now: the change took effect."),
            (At(Some(3)), Ending::UnknownNothing, "No answer. prod is still v3: nothing changed."),
            (At(Some(9)), Ending::UnknownElsewhere { now: Some(9) }, "No answer. prod is v9 now,"),
            (Fails(lost()), Ending::UnknownUnread(lost()), "No answer, and prod cannot be read"),
        ] {
            let store = FakeStore::new([At(Some(3)), after]).writing(Err(error.clone()));
            let (found, writes, _) = carried_out(store, &moved);
            assert_eq!((&found, writes), (&ending, vec![Some(7)]));
            assert!(found.sentence(&moved).starts_with(text), "{}", found.sentence(&moved));
        }
    }
}

#[test]
fn only_the_reading_is_tried_again() {
    let store = FakeStore::new([At(Some(3)), Fails(lost()), At(Some(7))]).writing(Err(unknown()));
    let (ending, writes, _) = carried_out(store, &change(Some(3), Some(7)));
    assert_eq!((ending, writes), (Ending::UnknownTookEffect, vec![Some(7)]));
}

#[test]
fn being_overtaken_is_said_at_once_and_later() {
    let moved = change(Some(3), Some(7));
    let (ending, ..) = carried_out(FakeStore::new([At(Some(3)), At(Some(8))]), &moved);
    assert_eq!(ending.sentence(&moved), "Written, but someone set prod to v8 straight after.");
    let (ending, ..) = carried_out(FakeStore::new([At(Some(3)), At(None)]), &moved);
    assert_eq!(ending, Ending::Overtaken { now: None });
    let store = FakeStore::new([At(Some(3)), At(Some(7)), Fails(lost()), At(Some(8))]);
    let (ending, _, later) = carried_out(store, &moved);
    assert_eq!((ending, later), (Ending::Done, vec![Later::Overtaken { now: Some(8) }]));
    let store = FakeStore::new([At(Some(3)), Fails(lost())]);
    let (ending, ..) = carried_out(store, &moved);
    assert_eq!(ending, Ending::WrittenUnread(lost()));
}

#[test]
fn a_late_effect_of_an_unanswered_write_is_found() {
    let store = FakeStore::new([At(Some(3)), At(Some(3)), At(Some(7))]).writing(Err(unknown()));
    let (ending, writes, later) = carried_out(store, &change(Some(3), Some(7)));
    assert_eq!((ending, later), (Ending::UnknownNothing, vec![Later::TookEffect]));
    assert_eq!(writes.len(), 1);
}

#[test]
fn who_leaves_before_the_write_writes_nothing() {
    let runtime = runtime();
    let tasks = Tasks::new(runtime.handle().clone(), || {});
    let store = Arc::new(FakeStore::new([At(Some(3))]));
    let shared = Arc::clone(&store);
    let (done, ended) = std::sync::mpsc::sync_channel(1);
    let orders = vec![logged(Order::plain(change(Some(3), Some(7))), &tasks)];
    let feed = tasks.spawn_feed_to_its_end(MOST_EVENTS, |feeder| async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        carry_out_in_order(shared, orders, OnFailure::Stop, SOON, feeder).await;
        done.send(()).unwrap();
    });
    drop(feed);
    ended.recv_timeout(PATIENCE).unwrap();
    assert!(store.writes().is_empty());
}

#[test]
fn an_undo_while_it_is_looked_again_is_not_noted_as_someone_elses_move() {
    let runtime = runtime();
    let tasks = Tasks::new(runtime.handle().clone(), || {});
    let mut journal = Journal::open(None, "ann".into(), &tasks);
    let store = Arc::new(FakeStore::live(&[("Churn", "prod", 3)]));
    let order = Order::plain(change(Some(3), Some(7)));
    let log = journal.log(&StoreInfo::default(), order.change.noted(order.why.clone(), None), true);
    let (to_do, shared) = (vec![(order, log)], Arc::clone(&store));
    let (done, ended) = std::sync::mpsc::sync_channel(1);
    let looks = [Duration::from_millis(200); 2];
    let mut feed = tasks.spawn_feed_to_its_end(MOST_EVENTS, |feeder| async move {
        carry_out_in_order(shared, to_do, OnFailure::Stop, looks, feeder).await;
        done.send(()).unwrap();
    });
    let deadline = Instant::now() + PATIENCE;
    while !matches!(feed.poll(), Polled::Ready(News::Finished)) {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(1));
    }
    // As the undo does before it writes.
    drop(feed);
    store.moved("Churn", "prod", 3);
    ended.recv_timeout(PATIENCE).unwrap();
    journal.poll(&mut Notices::default());
    let record = journal.records().last().unwrap();
    assert_eq!((record.outcome, &record.notes[..]), (Outcome::Done, &[][..]));
}

struct NoDialogs;

impl Dialogs for NoDialogs {
    fn save_file(
        &self,
        _suggested_name: &str,
    ) -> futures_util::future::BoxFuture<'static, Option<std::path::PathBuf>> {
        Box::pin(async { None })
    }
    fn pick_file(&self) -> futures_util::future::BoxFuture<'static, Option<std::path::PathBuf>> {
        Box::pin(async { None })
    }

    fn pick_folder(&self) -> futures_util::future::BoxFuture<'static, Option<std::path::PathBuf>> {
        Box::pin(async { None })
    }
}

/// A registry on a scripted store, whose board shows `prod` on v3.
pub(super) struct Desk {
    pub registry: Registry,
    pub notices: Notices,
    pub journal: Journal,
    settings: Settings,
    policy: PolicyFile,
    environment: Environment,
    pub evidence: EvidenceShelf,
    pub fake: Arc<FakeStore>,
    store: Arc<dyn Store>,
    dialogs: Arc<dyn Dialogs>,
    tasks: Tasks,
    _runtime: tokio::runtime::Runtime,
}

impl Desk {
    fn new(store: FakeStore) -> Self {
        let mut desk = Self::with_policy(store, Policy::default());
        let shown = RegisteredModel {
            name: "Churn".into(),
            aliases: vec![Alias { alias: "prod".into(), version: 3 }],
            ..Default::default()
        };
        desk.registry.board.update(&shown);
        desk
    }

    /// The board of `Churn`, as soon as it is read.
    pub fn with_policy(store: FakeStore, policy: Policy) -> Self {
        Self::with_journal(store, policy, None)
    }

    /// With a journal in a folder.
    fn with_journal(store: FakeStore, policy: Policy, folder: Option<std::path::PathBuf>) -> Self {
        let runtime = runtime();
        let tasks = Tasks::new(runtime.handle().clone(), || {});
        let fake = Arc::new(store);
        let mut desk = Self {
            registry: Registry { looks: Looks(SOON), ..Registry::default() },
            notices: Notices::default(),
            journal: Journal::open(folder, "ann".into(), &tasks),
            settings: Settings::default(),
            policy: PolicyFile::of(policy),
            environment: Environment::default(),
            evidence: EvidenceShelf::default(),
            store: Arc::clone(&fake) as Arc<dyn Store>,
            fake,
            dialogs: Arc::new(NoDialogs),
            tasks,
            _runtime: runtime,
        };
        desk.with(|registry, cx| registry.board.open(ModelKind::Model, "Churn", cx));
        desk
    }

    fn with(&mut self, run: impl FnOnce(&mut Registry, &mut Cx<'_>)) {
        let mut cx = Cx {
            tasks: &self.tasks,
            store: &self.store,
            dialogs: &self.dialogs,
            notices: &mut self.notices,
            journal: &self.journal,
            evidence: &self.evidence,
            settings: &mut self.settings,
            policy: &self.policy,
            environment: &self.environment,
        };
        run(&mut self.registry, &mut cx);
    }

    pub fn apply(&mut self, command: RegistryCommand) {
        self.with(|registry, cx| registry.apply(command, cx));
    }

    pub fn plan(&mut self, to: Option<VersionNumber>) {
        let (name, alias) = ("Churn".into(), "prod".into());
        self.apply(RegistryCommand::Plan { kind: ModelKind::Model, name, alias, to });
    }

    /// Fills in what a protected alias asks for, and confirms.
    fn confirm(&mut self) {
        let answers = Answers { name: "prod".into(), reason: "passed".into(), ..Default::default() };
        // A version is read as soon as the plan opens.
        self.poll_until(|desk| {
            desk.registry.plan().is_none_or(|plan| plan.blocker(&answers) != Some(Blocker::Reading))
        });
        self.apply(RegistryCommand::Confirm(answers));
    }

    pub fn poll_until(&mut self, what: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !what(self) {
            assert!(Instant::now() < deadline, "{:?}", self.notices.shown());
            self.with(|registry, cx| registry.poll(Instant::now() + Duration::from_millis(5), cx));
            self.journal.poll(&mut self.notices);
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// The last record of the journal.
    fn last(&self) -> Option<&Record> {
        self.journal.records().last().map(Arc::as_ref)
    }

    fn wrote(&self, outcome: Outcome) -> bool {
        self.last().is_some_and(|record| record.outcome == outcome)
    }

    pub fn said(&self, start: &str) -> bool {
        self.notices.shown().iter().any(|notice| notice.text.starts_with(start))
    }
}

#[test]
fn a_confirmed_plan_is_written_once_shown_and_can_be_undone() {
    let mut desk = Desk::new(FakeStore::new([At(Some(3)), At(Some(3)), At(Some(7))]));
    desk.plan(Some(7));
    assert_eq!(desk.registry.plan().unwrap().shown().change.title(), "prod: v3 → v7");
    assert!(desk.fake.writes().is_empty());
    desk.confirm();
    desk.confirm();
    desk.poll_until(|desk| desk.said("prod moved from v3 to v7."));
    assert_eq!(desk.fake.writes(), [Some(7)]);
    assert!(desk.registry.plan().is_none());
    assert_eq!(desk.registry.board.model.value().unwrap().alias("prod"), Some(7));
    desk.poll_until(|desk| desk.wrote(Outcome::Done));
    let record = desk.last().unwrap();
    assert_eq!((record.text.as_str(), record.who()), ("prod moved from v3 to v7 of Churn", "ann"));
    assert_eq!(record.change.reason, "passed");
    let undo = desk.journal.undo_of(record);
    let Some(Command::Registry(RegistryCommand::Undo { server, changes })) = undo else { panic!("{undo:?}") };
    assert_eq!(changes, [Made { change: change(Some(3), Some(7)), id: Some(record.id.clone()) }]);
    // The script goes on saying v7: the way back is written all the same, and reported as what is read.
    desk.apply(RegistryCommand::Undo { server, changes });
    desk.poll_until(|desk| desk.fake.writes().len() == 2);
    assert_eq!(desk.fake.writes(), [Some(7), Some(3)]);
}

#[test]
fn a_conflict_redraws_the_plan_and_keeps_it_open() {
    let mut desk = Desk::new(FakeStore::new([At(Some(6))]));
    desk.plan(Some(7));
    desk.confirm();
    desk.poll_until(|desk| desk.registry.plan().is_some_and(|plan| plan.message.is_some()));
    let plan = desk.registry.plan().unwrap();
    assert_eq!(
        plan.message.as_deref(),
        Some("prod moved to v6 while you were deciding. Nothing was changed.")
    );
    assert_eq!(plan.shown().change.title(), "prod: v6 → v7");
    assert!(!plan.is_busy() && desk.fake.writes().is_empty());
    desk.poll_until(|desk| desk.wrote(Outcome::Refused));
}

#[test]
fn closing_the_plan_does_not_cancel_what_is_on_its_way() {
    let mut desk = Desk::new(FakeStore::new([At(Some(3)), At(Some(3)), At(Some(7))]));
    desk.plan(Some(7));
    desk.confirm();
    desk.apply(RegistryCommand::ClosePlan);
    desk.poll_until(|desk| desk.wrote(Outcome::Done));
    assert_eq!(desk.fake.writes(), [Some(7)]);
}

#[test]
fn a_drop_where_the_alias_is_already_plans_nothing() {
    let mut desk = Desk::new(FakeStore::new([At(Some(3))]));
    desk.plan(Some(3));
    assert!(desk.registry.plan().is_none() && desk.said("prod is v3 already"));
}

fn made() -> Made {
    Made { change: change(Some(3), Some(7)), id: None }
}

#[test]
fn an_undo_that_finds_another_value_changes_nothing_and_says_so() {
    let mut desk = Desk::new(FakeStore::new([At(Some(9))]));
    desk.apply(RegistryCommand::Undo { server: String::new(), changes: vec![made()] });
    desk.poll_until(|desk| desk.said("prod is v9 by now, not v7. Nothing was undone."));
    assert_eq!(desk.notices.shown()[0].kind, NoticeKind::Warning);
    assert!(desk.fake.writes().is_empty());
}

#[test]
fn an_undo_of_another_server_changes_nothing_here() {
    let mut desk = Desk::new(FakeStore::new([At(Some(7))]));
    let server = "http://staging:5000".to_owned();
    desk.apply(RegistryCommand::Undo { server, changes: vec![made()] });
    assert!(desk.said("prod was changed on http://staging:5000"));
    assert!(desk.fake.writes().is_empty() && desk.journal.records().is_empty());
}

#[test]
fn someone_elses_change_after_ours_is_reported() {
    let mut desk =
        Desk::new(FakeStore::new([At(Some(3)), At(Some(3)), At(Some(7)), At(Some(7)), At(Some(8))]));
    desk.plan(Some(7));
    desk.confirm();
    desk.poll_until(|desk| desk.said("Someone set prod to v8 just after your change"));
    assert_eq!(desk.registry.board.model.value().unwrap().alias("prod"), Some(8));
    desk.poll_until(|desk| desk.wrote(Outcome::Overtaken));
}

/// A file stands where the journal's folder should be.
fn without_a_journal(store: FakeStore) -> (Desk, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    let mut desk = Desk::with_journal(store, Policy::default(), Some(blocked));
    desk.poll_until(|desk| desk.registry.board.model.value().is_some());
    (desk, folder)
}

#[test]
fn nothing_is_sent_before_the_journal_has_it_and_the_user_may_go_on_without() {
    let (mut desk, _folder) = without_a_journal(FakeStore::live(&[("Churn", "prod", 3)]));
    desk.plan(Some(7));
    desk.confirm();
    desk.poll_until(|desk| desk.registry.plan().is_some_and(|plan| plan.lacks_journal));
    let message = desk.registry.plan().unwrap().message.clone().unwrap();
    assert!(message.starts_with("The journal cannot be written, so nothing was changed."), "{message}");
    assert!(desk.fake.live_writes().is_empty() && desk.journal.trouble().is_some());
    let (name, reason) = ("prod".into(), "passed".into());
    desk.apply(RegistryCommand::Confirm(Answers {
        name,
        reason,
        without_journal: true,
        ..Answers::default()
    }));
    desk.poll_until(|desk| desk.wrote(Outcome::Done));
    assert_eq!(desk.fake.live_writes().len(), 1);
}

#[test]
fn an_undo_is_held_back_by_the_journal_too() {
    let (mut desk, _folder) = without_a_journal(FakeStore::live(&[("Churn", "prod", 7)]));
    desk.apply(RegistryCommand::Undo { server: String::new(), changes: vec![made()] });
    desk.poll_until(|desk| desk.said("The journal cannot be written"));
    assert!(desk.fake.live_writes().is_empty());
    let told = desk.notices.shown().iter().find(|it| it.text.starts_with("The journal cannot be written"));
    let (label, again) = told.unwrap().action.clone().unwrap();
    assert_eq!(label, "Go on without journal");
    let Command::Registry(again) = *again else { panic!("{again:?}") };
    desk.apply(again);
    desk.poll_until(|desk| desk.fake.live_writes().len() == 1);
    assert_eq!(desk.fake.aliases().values().copied().collect::<Vec<_>>(), [3]);
}
