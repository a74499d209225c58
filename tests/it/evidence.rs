//! From a bench to the move: what it found stands in the plan of exactly the version that answered, satisfies a rule
//! that asks for it, outlives the app, and goes into the journal and its files.

use std::path::Path;

use egui::Key;
use flowdeck::entities::VersionNumber;
use flowdeck::state::Route;
use flowdeck::state::journal::Outcome;
use serde_json::json;

use crate::support::Servers;
use crate::support::app::{
    App, ScriptedDialogs, Start, apply, click, confirm, done_here, drag, is_enabled, press, screen, start,
    step_until, type_into, wait_for, wait_for_text,
};
use crate::support::board::show_board;

const MODEL: &str = "evidence";
const RULE: &str = "[[rule]]\nalias = \"prod\"\nlevel = \"protected\"\nrequire.bench_days = 14\n";
const HELD: &str = "rule Bench not older than 14 days holds";
const NOT_HELD: &str = "rule Bench not older than 14 days does not hold";

/// The app on a server, with what is kept in a folder.
fn open(folder: &Path, dialogs: &ScriptedDialogs) -> App {
    let mut app = start(Start {
        uri: Some(Servers::shared().uri().to_owned()),
        config_folder: Some(folder.join("config")),
        data_folder: Some(folder.join("data")),
        dialogs: dialogs.clone(),
        ..Start::default()
    });
    step_until(&mut app, "the server", |app| app.state().state().workspace.is_some());
    app
}

/// Two agents that are known, each of them said to serve an alias.
fn settings(folder: &Path, agents: &[(&str, &str, &str)]) {
    let profile = |(name, url, alias): &(&str, &str, &str)| {
        let bound = json!({"server": Servers::shared().uri(), "model": MODEL, "alias": alias});
        json!({"name": name, "url": url, "bound": bound})
    };
    let profiles: Vec<_> = agents.iter().map(profile).collect();
    let endpoints: Vec<_> = agents.iter().map(|(_, url, _)| *url).collect();
    let settings = json!({"version": 1, "endpoints": endpoints, "profiles": profiles});
    std::fs::create_dir_all(folder.join("config")).unwrap();
    std::fs::write(folder.join("config/settings.json"), settings.to_string()).unwrap();
    std::fs::write(folder.join("config/policy.toml"), RULE).unwrap();
}

/// Drops the chip of `prod`, which is on version 1, on another version.
fn plan(app: &mut App, version: VersionNumber) {
    show_board(app, MODEL, version);
    drag(app, "alias prod", &format!("version {version}"));
    wait_for(app, &format!("prod: v1 → v{version}"));
}

fn has_plan(app: &App) -> bool {
    app.state().state().workspace.as_ref().is_some_and(|it| it.registry.plan().is_some())
}

fn leave_plan(app: &mut App) {
    press(app, Key::Escape);
    step_until(app, "the plan to close", |app| !has_plan(app));
}

/// Fills in everything that the plan asks for: what stands in the way is the rule alone.
fn is_refused(app: &mut App, version: VersionNumber) {
    wait_for(app, NOT_HELD);
    wait_for_text(app, &format!("No evidence: v{version} has no bench. Run one"));
    wait_for(app, &format!("No evidence: no bench of exactly this v{version} is known"));
    confirm(app, "prod");
    assert!(!is_enabled(app, &format!("Move prod to v{version}")), "{}", screen(app));
    press(app, Key::Enter);
    assert!(has_plan(app));
    leave_plan(app);
    assert_eq!(Servers::shared().alias(MODEL, "prod"), Some(1), "nothing was written");
}

/// Asks both agents two prompts, to the end.
fn bench(app: &mut App) {
    click(app, "Bench");
    click(app, "New set");
    type_into(app, "What is asked", "Why is OTIF down this week?");
    click(app, "Add check");
    type_into(app, "Check 1", "OTIF fell");
    click(app, "Add prompt");
    wait_for(app, "prompt 2: ");
    type_into(app, "What is asked", "sources");
    click(app, "Run…");
    click(app, "new agent");
    click(app, "Send 4 requests");
    step_until(app, "the end of the bench", |app| {
        let state = app.state().state();
        let Route::BenchRun(id) = state.navigation.current() else { return false };
        state.bench.run(*id).is_some_and(|run| run.ended.is_some())
    });
    app.step();
}

/// The journal's entry of the move, as it is shown, and as it is exported.
fn journal_has(app: &mut App, evidence: &str, folder: &Path, dialogs: &ScriptedDialogs) {
    let record = done_here(app).into_iter().find(|record| !record.change.alias.is_empty()).unwrap();
    let noted = record.change.evidence.clone().unwrap_or_default();
    assert!(noted.contains(evidence), "{noted}");
    apply(app, Route::Journal);
    type_into(app, "Filter journal", &format!("{MODEL} @prod"));
    click(app, &format!("entry prod: v1 → v2 of {MODEL}, Done"));
    wait_for(app, "Evidence");
    wait_for(app, &noted);
    for (entry, file) in [("As CSV…", "journal.csv"), ("As Markdown…", "journal.md")] {
        let place = folder.join(file);
        dialogs.answer(Some(place.clone()));
        click(app, "Export…");
        click(app, entry);
        step_until(app, file, |_| std::fs::read_to_string(&place).is_ok_and(|text| text.contains(evidence)));
    }
}

#[test]
fn a_bench_satisfies_the_rule_for_exactly_the_version_that_answered_and_is_in_the_journal() {
    let servers = Servers::shared();
    servers.make_model(MODEL, 3, &[("prod", 1), ("candidate", 2)]);
    let [old, new] = [1, 2].map(|version| servers.agent_server_naming(&format!("models:/{MODEL}/{version}")));
    let folder = tempfile::tempdir().unwrap();
    settings(folder.path(), &[("old agent", old.url(), "prod"), ("new agent", new.url(), "candidate")]);
    let dialogs = ScriptedDialogs::default();
    let mut app = open(folder.path(), &dialogs);
    plan(&mut app, 2);
    is_refused(&mut app, 2);

    bench(&mut app);
    plan(&mut app, 3);
    is_refused(&mut app, 3);
    let found = ": 2 of 2 passed, none regressed against v1";
    plan(&mut app, 2);
    wait_for(&mut app, HELD);
    wait_for_text(&mut app, found);
    click(&mut app, "Open");
    step_until(&mut app, "the bench", |app| {
        matches!(app.state().state().navigation.current(), Route::BenchRun(_))
    });
    assert!(!has_plan(&app), "the link closes it");
    wait_for(&mut app, "2 of 2");
    drop(app);

    // Another day.
    let mut app = open(folder.path(), &dialogs);
    plan(&mut app, 2);
    wait_for(&mut app, HELD);
    wait_for_text(&mut app, found);
    click(&mut app, "Share as tag");
    step_until(&mut app, "the tag", |_| {
        let tags = servers.python_with("client.get_model_version(args, 2).tags", &json!(MODEL));
        tags["flowdeck.bench"].as_str().is_some_and(|tag| tag.contains("\"passed\":2"))
    });
    wait_for(&mut app, HELD);
    confirm(&mut app, "prod");
    step_until(&mut app, "the move", |app| {
        done_here(app).iter().any(|it| it.outcome == Outcome::Done && it.change.alias == "prod")
    });
    assert_eq!(servers.alias(MODEL, "prod"), Some(2));
    journal_has(&mut app, found, folder.path(), &dialogs);
}
