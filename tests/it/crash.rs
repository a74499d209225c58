//! Flowdeck is killed at every step of a move. The next one reads the server, writes into the journal how the move
//! ended, and tells it; nothing is ever sent again.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use egui_kittest::kittest::Queryable as _;
use flowdeck::state::journal::Outcome;
use flowdeck::state::navigation::ModelKind;
use flowdeck::state::registry::plan::{Answers, Plan};
use flowdeck::state::registry::{PlanEdit, RegistryCommand};
use flowdeck::state::{Command, Route};

use crate::support::app::{App, Start, done_here, start, step_until, wait_for, wait_for_text};
use crate::support::{Fault, Proxy, Servers};

const ALIAS: &str = "/api/2.0/mlflow/registered-models/alias";
const GET: &str = "/api/2.0/mlflow/registered-models/get";
const SEARCH: &str = "/api/2.0/mlflow/registered-models/search";
const FOLDER: &str = "FLOWDECK_TEST_CRASH_FOLDER";
const URI: &str = "FLOWDECK_TEST_CRASH_URI";
const MODEL: &str = "FLOWDECK_TEST_CRASH_MODEL";
const GROUP: &str = "FLOWDECK_TEST_CRASH_GROUP";

/// The child: moves `prod` from v3 to v7 when the parent says so, in a group `candidate` from v7 to v2 too, and goes on
/// until it is killed.
#[test]
#[ignore = "started and killed by the other tests here"]
fn the_flowdeck_that_is_killed() {
    let folder = std::path::PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let (uri, model) = (std::env::var(URI).unwrap(), std::env::var(MODEL).unwrap());
    let mut app = opened(&uri, &folder);
    app.state_mut().apply(
        &egui::Context::default(),
        Command::Go(Route::Model { kind: ModelKind::Model, name: model.clone() }),
    );
    wait_for(&mut app, "alias prod");
    let kind = ModelKind::Model;
    let plan = RegistryCommand::Plan { kind, name: model.clone(), alias: "prod".into(), to: Some(7) };
    app.state_mut().apply(&egui::Context::default(), plan.into());
    if std::env::var_os(GROUP).is_some() {
        let more = PlanEdit::Add { kind, name: model, alias: "candidate".into(), to: Some(2) };
        app.state_mut().apply(&egui::Context::default(), RegistryCommand::EditPlan(more).into());
    }
    let names = plan_of(&app).unwrap().names_to_type().join(" ");
    let answers = Answers { name: names, reason: "passed".into(), ..Answers::default() };
    step_until(&mut app, "the plan", |app| plan_of(app).is_some_and(|plan| plan.blocker(&answers).is_none()));
    std::fs::write(folder.join("ready"), "").unwrap();
    step_until(&mut app, "the word to go", |_| folder.join("go").exists());
    app.state_mut().apply(&egui::Context::default(), RegistryCommand::Confirm(answers).into());
    step_until(&mut app, "being killed", |_| false);
}

fn plan_of(app: &App) -> Option<&Plan> {
    app.state().state().workspace.as_ref()?.registry.plan()
}

fn opened(uri: &str, folder: &Path) -> App {
    let mut app = start(Start {
        uri: Some(uri.to_owned()),
        data_folder: Some(folder.join("data")),
        ..Start::default()
    });
    step_until(&mut app, "the server", |app| app.state().state().workspace.is_some());
    app
}

fn journal_in(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("data/journal.jsonl")).unwrap_or_default()
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(2);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A child that is killed with this value.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A move that is stopped in `place` by a `fault`, and killed when `reached` holds.
struct Crash {
    servers: &'static Servers,
    proxy: Proxy,
    folder: tempfile::TempDir,
    model: &'static str,
}

impl Crash {
    fn of(model: &'static str, faults: &[(&str, &str, Fault)], reached: impl Fn(&Self) -> bool) -> Self {
        let set = |proxy: &Proxy| {
            for (method, path, fault) in faults {
                proxy.times(9, method, path, fault.clone());
            }
        };
        Self::of_child(model, &[], set, reached)
    }

    fn of_child(
        model: &'static str,
        environment: &[(&str, &str)],
        set_faults: impl FnOnce(&Proxy),
        reached: impl Fn(&Self) -> bool,
    ) -> Self {
        let servers = Servers::shared();
        servers.make_model(model, 7, &[("prod", 3), ("candidate", 7)]);
        let proxy = Proxy::start(servers.uri());
        let crash = Self { servers, proxy, folder: tempfile::tempdir().unwrap(), model };
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::the_flowdeck_that_is_killed", "--ignored", "--test-threads=1"])
            .env(FOLDER, crash.folder.path())
            .env(URI, crash.proxy.uri())
            .env(MODEL, model)
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let child = Killed(child);
        wait_until("the plan", || crash.folder.path().join("ready").exists());
        crash.proxy.forget();
        set_faults(&crash.proxy);
        std::fs::write(crash.folder.path().join("go"), "").unwrap();
        wait_until("the step", || reached(&crash));
        drop(child);
        crash.proxy.heal();
        crash
    }

    fn next_start(&self) -> App {
        opened(&self.proxy.uri(), self.folder.path())
    }

    fn prod(&self) -> Option<u32> {
        self.servers.alias(self.model, "prod")
    }

    /// What the next start finds: the outcome of the one record, told in these words.
    fn is_told(&self, outcome: Outcome, words: &str) {
        let mut app = self.next_start();
        wait_for_text(&mut app, words);
        step_until(&mut app, "the outcome", |app| {
            app.state().state().journal.records().first().is_some_and(|it| it.outcome == outcome)
        });
        let record = app.state().state().journal.records()[0].clone();
        assert!(record.resolved && record.change.from == Some(3) && record.change.to == Some(7));
        drop(app);
        // It is told once, by the first one that finds it.
        let text = journal_in(self.folder.path());
        assert_eq!(text.matches("\"event\":\"outcome\"").count(), 1, "{text}");
        let before = self.proxy.count("GET", SEARCH);
        let mut app = self.next_start();
        // The list of models asks once; the watch looks after it has asked for what was left behind.
        step_until(&mut app, "a look at the server", |_| self.proxy.count("GET", SEARCH) > before + 1);
        step_until(&mut app, "the journal", |app| app.state().state().journal.is_loaded());
        assert!(app.query_all_by_label_contains("Flowdeck was closed").next().is_none());
        assert_eq!(self.proxy.count("POST", ALIAS), 1, "it was sent once");
    }
}

#[test]
fn before_the_intent_nothing_was_begun() {
    let hold = [("GET", GET, Fault::Hold)];
    let crash = Crash::of("crash-before", &hold, |it| it.proxy.count("GET", GET) > 0);
    assert_eq!((journal_in(crash.folder.path()).as_str(), crash.prod()), ("", Some(3)));
    let mut app = crash.next_start();
    step_until(&mut app, "the journal", |app| app.state().state().journal.is_loaded());
    assert!(app.state().state().journal.records().is_empty());
    assert_eq!(crash.proxy.count("POST", ALIAS), 0);
}

#[test]
fn after_the_intent_nothing_was_changed() {
    let hold = [("POST", ALIAS, Fault::Hold)];
    let crash = Crash::of("crash-intent", &hold, |it| it.proxy.count("POST", ALIAS) > 0);
    assert!(
        journal_in(crash.folder.path()).contains("\"event\":\"intent\""),
        "on the disk before it is sent"
    );
    let words = "Flowdeck was closed while prod of crash-intent was moved from v3 to v7. Nothing was changed: \
                 prod is still v3.";
    crash.is_told(Outcome::Refused, words);
    assert_eq!(crash.prod(), Some(3));
}

#[test]
fn after_the_write_the_change_took_effect() {
    let stall = [("POST", ALIAS, Fault::Stall { after: 0 })];
    let crash = Crash::of("crash-write", &stall, |it| it.prod() == Some(7));
    crash.is_told(Outcome::Done, "The change took effect: prod is v7.");
    // The way back is open.
    let mut app = crash.next_start();
    step_until(&mut app, "the journal", |app| app.state().state().journal.is_loaded());
    let journal = &app.state().state().journal;
    let undo = journal.undo_of(&journal.records()[0]).unwrap();
    app.state_mut().apply(&egui::Context::default(), undo);
    wait_for_text(&mut app, "prod moved from v7 to v3.");
    assert_eq!(crash.prod(), Some(3));
}

#[test]
fn after_the_write_and_a_change_by_someone_else() {
    let stall = [("POST", ALIAS, Fault::Stall { after: 0 })];
    let crash = Crash::of("crash-other", &stall, |it| it.prod() == Some(7));
    crash.servers.set_alias(crash.model, "prod", 5);
    crash.is_told(Outcome::Unclear, "prod is v5 now, which is neither what it was nor what you chose.");
    assert_eq!(crash.prod(), Some(5));
}

#[test]
fn between_two_changes_of_a_plan_only_the_second_is_open() {
    let hold_second = |proxy: &Proxy| {
        proxy.when(9, Fault::Hold, |seen| seen.path == ALIAS && seen.json()["alias"] == "candidate");
    };
    let sent_both = |it: &Crash| it.proxy.count("POST", ALIAS) > 1;
    let crash = Crash::of_child("crash-group", &[(GROUP, "1")], hold_second, sent_both);
    let mut app = crash.next_start();
    wait_for_text(&mut app, "Nothing was changed: candidate is still v7.");
    step_until(&mut app, "the outcome", |app| {
        done_here(app).last().is_some_and(|it| it.outcome == Outcome::Refused)
    });
    let records = done_here(&app);
    let told: Vec<_> = records
        .iter()
        .map(|it| (it.change.alias.as_str(), it.outcome, it.resolved, it.change.reason.as_str()))
        .collect();
    let prod = ("prod", Outcome::Done, false, "passed");
    assert_eq!(told, [prod, ("candidate", Outcome::Refused, true, "passed")]);
    assert_eq!(crash.prod(), Some(7));
    assert_eq!(crash.servers.alias(crash.model, "candidate"), Some(7));
    assert_eq!(crash.proxy.count("POST", ALIAS), 2, "each was sent once");
}

#[test]
fn after_the_outcome_there_is_nothing_to_find_out() {
    let crash =
        Crash::of("crash-after", &[], |it| journal_in(it.folder.path()).contains("\"event\":\"outcome\""));
    assert_eq!(crash.prod(), Some(7));
    let mut app = crash.next_start();
    step_until(&mut app, "the journal", |app| app.state().state().journal.is_loaded());
    let record = app.state().state().journal.records()[0].clone();
    assert_eq!((record.outcome, record.resolved), (Outcome::Done, false));
}

#[test]
fn a_server_that_cannot_be_read_leaves_it_open() {
    let stall = [("POST", ALIAS, Fault::Stall { after: 0 })];
    let crash = Crash::of("crash-unread", &stall, |it| it.prod() == Some(7));
    crash.proxy.times(99, "GET", GET, Fault::forbidden());
    let mut app = crash.next_start();
    step_until(&mut app, "a try", |_| crash.proxy.count("GET", GET) > 1);
    step_until(&mut app, "the journal", |app| app.state().state().journal.is_loaded());
    assert_eq!(app.state().state().journal.records()[0].outcome, Outcome::Open);
    drop(app);
    crash.proxy.heal();
    crash.is_told(Outcome::Done, "The change took effect: prod is v7.");
}
