//! The plan against a real server: protected aliases, rules, several changes at once, and the way back.

use egui::Key;
use egui_kittest::kittest::Queryable as _;
use serde_json::json;

use crate::support::app::{
    App, ScriptedDialogs, Start, apply, click, confirm, confirm_by_keys, done_here, drag, enter_on,
    is_enabled, is_focused, is_shown, plan_by_keys, press, retype, screen, start, step_until, tab_to,
    type_into, type_text, wait_for, wait_for_text,
};
use crate::support::board::{board, show_board, until_home};
use crate::support::{Fault, Proxy, Servers};

const ALIAS: &str = "/api/2.0/mlflow/registered-models/alias";

fn make(model: &str) -> &'static Servers {
    let servers = Servers::shared();
    servers.make_model(model, 7, &[("prod", 3), ("candidate", 7)]);
    servers
}

fn set_tag(servers: &Servers, model: &str, key: &str, value: &str) {
    servers.python_with("client.set_model_version_tag(*args)", &json!([model, "7", key, value]));
}

/// The board of a model, with this policy in the folder of the settings.
fn board_with(uri: &str, model: &str, policy: &str) -> (App, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    if !policy.is_empty() {
        std::fs::write(folder.path().join("policy.toml"), policy).unwrap();
    }
    let config_folder = Some(folder.path().to_owned());
    let mut app = start(Start { uri: Some(uri.to_owned()), config_folder, ..Start::default() });
    until_home(&mut app);
    show_board(&mut app, model, 7);
    step_until(&mut app, "all models", |app| {
        app.state()
            .state()
            .workspace
            .as_ref()
            .is_some_and(|workspace| workspace.registry.models.is_complete())
    });
    (app, folder)
}

/// Steps until the plan is closed.
fn wait_for_the_end(app: &mut App) {
    step_until(app, "the plan to close", |app| {
        app.state().state().workspace.as_ref().is_some_and(|workspace| workspace.registry.plan().is_none())
    });
}

#[test]
fn a_protected_alias_is_moved_by_keys_with_its_name_and_a_reason() {
    let servers = make("plan-protected");
    let proxy = Proxy::start(servers.uri());
    let (mut app, _folder) = board_with(&proxy.uri(), "plan-protected", "");
    plan_by_keys(&mut app, "prod", 3, 7);
    wait_for_text(&mut app, "prod is protected, by this app alone");
    step_until(&mut app, "the cursor in the name", |app| is_focused(app, "Alias to confirm"));

    press(&mut app, Key::Enter);
    app.event(egui::Event::Text("prod".to_owned()));
    app.step();
    assert!(!is_enabled(&app, "Move prod to v7"), "{}", screen(&app));
    press(&mut app, Key::Enter);
    step_until(&mut app, "the cursor in the reason", |app| is_focused(app, "Reason"));
    press(&mut app, Key::Enter);
    press(&mut app, Key::Enter);
    assert_eq!(proxy.count("POST", ALIAS), 0, "neither the name alone nor Enter moves it");
    app.event(egui::Event::Text("passed on staging".to_owned()));
    app.step();
    press(&mut app, Key::Enter);
    wait_for_text(&mut app, "prod moved from v3 to v7.");
    assert_eq!((proxy.count("POST", ALIAS), servers.alias("plan-protected", "prod")), (1, Some(7)));
    step_until(&mut app, "the journal", |app| {
        done_here(app).iter().map(|record| record.change.reason.as_str()).eq(["passed on staging"])
    });
    step_until(&mut app, "the focus back on the chip", |app| is_focused(app, "alias prod"));
}

#[test]
fn esc_leaves_a_protected_plan_and_the_focus_returns() {
    let servers = make("plan-esc");
    let (mut app, _folder) = board_with(servers.uri(), "plan-esc", "");
    app.query_all_by_label("alias prod").last().unwrap().focus();
    app.step();
    press(&mut app, Key::Delete);
    wait_for_text(&mut app, "models:/plan-esc@prod stops resolving");
    step_until(&mut app, "the cursor in the name", |app| is_focused(app, "Alias to confirm"));
    press(&mut app, Key::Escape);
    wait_for_the_end(&mut app);
    step_until(&mut app, "the focus back on the chip", |app| is_focused(app, "alias prod"));
    assert_eq!(servers.alias("plan-esc", "prod"), Some(3));
}

const EVALUATED: &str = "[[rule]]\nalias = \"prod\"\nlevel = \"confirm\"\nrequire.tags = { eval_status = \"passed\" }\n\
                         require.approval = true\n";

#[test]
fn a_rule_blocks_until_the_version_satisfies_it() {
    let servers = make("plan-rule");
    let proxy = Proxy::start(servers.uri());
    let (mut app, _folder) = board_with(&proxy.uri(), "plan-rule", EVALUATED);
    drag(&mut app, "alias prod", "version 7");
    wait_for(&mut app, "rule Tagged eval_status=passed does not hold");
    wait_for(&mut app, "rule Approved by someone else does not hold");
    wait_for_text(&mut app, "v7 has no tag eval_status");
    assert!(!is_enabled(&app, "Move prod to v7"));
    press(&mut app, Key::Enter);
    press(&mut app, Key::Escape);
    wait_for_the_end(&mut app);

    set_tag(servers, "plan-rule", "eval_status", "passed");
    set_tag(servers, "plan-rule", "approval", "approved");
    set_tag(servers, "plan-rule", "approved_by", "somebody-else");
    drag(&mut app, "alias prod", "version 7");
    wait_for(&mut app, "rule Tagged eval_status=passed holds");
    wait_for(&mut app, "rule Approved by someone else holds");
    // Revoked while the plan is open: it is asked again right before the write.
    set_tag(servers, "plan-rule", "eval_status", "failed");
    press(&mut app, Key::Enter);
    wait_for_text(&mut app, "v7 is tagged eval_status=failed");
    assert_eq!(proxy.count("POST", ALIAS), 0);
    press(&mut app, Key::Escape);
    wait_for_the_end(&mut app);

    set_tag(servers, "plan-rule", "eval_status", "passed");
    drag(&mut app, "alias prod", "version 7");
    wait_for(&mut app, "rule Tagged eval_status=passed holds");
    press(&mut app, Key::Enter);
    wait_for_text(&mut app, "prod moved from v3 to v7.");
    assert_eq!(servers.alias("plan-rule", "prod"), Some(7));
}

const PROTECTED: &str =
    "[[rule]]\nalias = \"prod\"\nlevel = \"protected\"\nrequire.tags = { eval_status = \"passed\" }\n";

#[test]
fn a_rule_and_a_protected_alias_are_satisfied_by_pointer() {
    let servers = make("plan-pointer");
    set_tag(servers, "plan-pointer", "eval_status", "passed");
    let (mut app, _folder) = board_with(servers.uri(), "plan-pointer", PROTECTED);
    drag(&mut app, "alias prod", "version 7");
    wait_for(&mut app, "rule Tagged eval_status=passed holds");
    assert!(!is_enabled(&app, "Move prod to v7"));
    for (field, text) in [("Alias to confirm", "prod"), ("Reason", "passed on staging")] {
        click(&mut app, field);
        type_text(&mut app, text);
    }
    step_until(&mut app, "the button", |app| is_enabled(app, "Move prod to v7"));
    assert_eq!(servers.alias("plan-pointer", "prod"), Some(3));
    click(&mut app, "Move prod to v7");
    wait_for_text(&mut app, "prod moved from v3 to v7.");
    assert_eq!(servers.alias("plan-pointer", "prod"), Some(7));
}

#[test]
fn a_rule_blocks_and_lets_through_by_keyboard_alone() {
    let servers = make("plan-rule-keys");
    let proxy = Proxy::start(servers.uri());
    let (mut app, _folder) = board_with(&proxy.uri(), "plan-rule-keys", PROTECTED);
    plan_by_keys(&mut app, "prod", 3, 7);
    wait_for(&mut app, "rule Tagged eval_status=passed does not hold");
    for (field, text) in [("Alias to confirm", "prod"), ("Reason", "because it passed")] {
        tab_to(&mut app, field);
        type_text(&mut app, text);
    }
    press(&mut app, Key::Enter);
    press(&mut app, Key::Enter);
    assert_eq!(proxy.count("POST", ALIAS), 0);
    assert!(!is_enabled(&app, "Move prod to v7"));
    press(&mut app, Key::Escape);
    wait_for_the_end(&mut app);
    set_tag(servers, "plan-rule-keys", "eval_status", "passed");
    plan_by_keys(&mut app, "prod", 3, 7);
    wait_for(&mut app, "rule Tagged eval_status=passed holds");
    confirm_by_keys(&mut app, "prod");
    wait_for_text(&mut app, "prod moved from v3 to v7.");
    assert_eq!(servers.alias("plan-rule-keys", "prod"), Some(7));
}

#[test]
fn two_aliases_move_in_one_plan_and_back_by_keyboard_alone() {
    let servers = make("plan-two-keys");
    let (mut app, _folder) = board_with(servers.uri(), "plan-two-keys", "");
    plan_by_keys(&mut app, "prod", 3, 7);
    enter_on(&mut app, "Add to plan…");
    tab_to(&mut app, "Version for candidate");
    retype(&mut app, "v6");
    press(&mut app, Key::Enter);
    wait_for(&mut app, "change candidate of plan-two-keys: v7 → v6, Waiting");
    press(&mut app, Key::Escape);
    tab_to(&mut app, "Keep previous where each alias was");
    press(&mut app, Key::Space);
    wait_for(&mut app, "change previous of plan-two-keys: new → v3, Waiting");
    confirm_by_keys(&mut app, "prod");
    wait_for_text(&mut app, "3 changes made");
    let aliases = |names: [&str; 3]| names.map(|name| servers.alias("plan-two-keys", name));
    assert_eq!(aliases(["prod", "candidate", "previous"]), [Some(7), Some(6), Some(3)]);
    enter_on(&mut app, "Undo");
    step_until(&mut app, "the way back", |_| {
        aliases(["prod", "candidate", "previous"]) == [Some(3), Some(7), None]
    });
}

#[test]
fn one_alias_moves_on_two_models_by_keyboard_alone() {
    let servers = make("plan-keys-a");
    make("plan-keys-b");
    let (mut app, _folder) = board_with(servers.uri(), "plan-keys-a", "");
    plan_by_keys(&mut app, "prod", 3, 7);
    enter_on(&mut app, "Add to plan…");
    enter_on(&mut app, "prod on others");
    tab_to(&mut app, "Filter models to add");
    type_text(&mut app, "plan-keys-b");
    tab_to(&mut app, "also plan-keys-b");
    press(&mut app, Key::Space);
    wait_for(&mut app, "change prod of plan-keys-b: v3 → v7, Waiting");
    press(&mut app, Key::Escape);
    tab_to(&mut app, "All or nothing");
    press(&mut app, Key::Space);
    confirm_by_keys(&mut app, "prod");
    wait_for_text(&mut app, "2 changes made");
    assert_eq!(["plan-keys-a", "plan-keys-b"].map(|model| servers.alias(model, "prod")), [Some(7), Some(7)]);
}

#[test]
fn a_free_alias_is_written_by_the_drop() {
    let servers = make("plan-free");
    let policy = "[[rule]]\nalias = \"candidate\"\nlevel = \"free\"\n";
    let (mut app, _folder) = board_with(servers.uri(), "plan-free", policy);
    drag(&mut app, "alias candidate", "version 5");
    wait_for_text(&mut app, "candidate moved from v7 to v5.");
    assert_eq!(servers.alias("plan-free", "candidate"), Some(5));
    click(&mut app, "Undo");
    wait_for_text(&mut app, "candidate moved from v5 to v7.");
    assert_eq!(servers.alias("plan-free", "candidate"), Some(7));
}

#[test]
fn two_aliases_move_in_one_plan_the_old_place_is_kept_and_one_undo_takes_all_back() {
    let servers = make("plan-two");
    let (mut app, _folder) = board_with(servers.uri(), "plan-two", "");
    drag(&mut app, "alias prod", "version 7");
    wait_for(&mut app, "prod: v3 → v7");
    click(&mut app, "Add to plan…");
    type_into(&mut app, "Version for candidate", "v6");
    click(&mut app, "Move candidate in this plan");
    wait_for(&mut app, "change candidate of plan-two: v7 → v6, Waiting");
    press(&mut app, Key::Escape);
    click(&mut app, "Keep previous where each alias was");
    wait_for(&mut app, "change previous of plan-two: new → v3, Waiting");
    wait_for(&mut app, "Make 3 changes");
    confirm(&mut app, "prod");
    wait_for_text(&mut app, "3 changes made");
    let aliases = |names: [&str; 3]| names.map(|name| servers.alias("plan-two", name));
    assert_eq!(aliases(["prod", "candidate", "previous"]), [Some(7), Some(6), Some(3)]);
    click(&mut app, "Undo");
    step_until(&mut app, "the way back", |app| {
        let records = done_here(app);
        records.len() == 6 && records[..3].iter().all(|record| record.undone_by.is_some())
    });
    assert_eq!(aliases(["prod", "candidate", "previous"]), [Some(3), Some(7), None]);
}

#[test]
fn one_alias_on_two_models_is_all_or_nothing() {
    let servers = make("plan-all-a");
    make("plan-all-b");
    let proxy = Proxy::start(servers.uri());
    let (mut app, _folder) = board_with(&proxy.uri(), "plan-all-a", "");
    let second = Fault::forbidden();
    proxy.when(1, second, |seen| {
        seen.method == "POST" && seen.path == ALIAS && seen.json()["name"] == "plan-all-b"
    });
    drag(&mut app, "alias prod", "version 7");
    wait_for(&mut app, "prod: v3 → v7");
    click(&mut app, "Add to plan…");
    click(&mut app, "prod on others");
    type_into(&mut app, "Filter models to add", "plan-all-b");
    click(&mut app, "also plan-all-b");
    wait_for(&mut app, "change prod of plan-all-b: v3 → v7, Waiting");
    press(&mut app, Key::Escape);
    click(&mut app, "All or nothing");
    confirm(&mut app, "prod");
    wait_for_text(&mut app, "1 change before it is taken back.");
    wait_for(&mut app, "change prod of plan-all-a: v3 → v7, Taken back");
    wait_for(&mut app, "change prod of plan-all-b: v3 → v7, Failed");
    let both = || ["plan-all-a", "plan-all-b"].map(|model| servers.alias(model, "prod"));
    assert_eq!(both(), [Some(3), Some(3)]);
    assert_eq!(proxy.count("POST", ALIAS), 3, "there, refused, and back");

    // The same plan goes through once nothing stands in its way.
    click(&mut app, "Make 2 changes");
    wait_for_text(&mut app, "2 changes made");
    assert_eq!(both(), [Some(7), Some(7)]);
}

#[test]
fn what_was_done_before_a_failure_is_undone_on_request() {
    let servers = make("plan-rest-a");
    make("plan-rest-b");
    let proxy = Proxy::start(servers.uri());
    let (mut app, _folder) = board_with(&proxy.uri(), "plan-rest-a", "");
    proxy.when(1, Fault::HangUp, |seen| seen.method == "POST" && seen.json()["name"] == "plan-rest-b");
    drag(&mut app, "alias prod", "version 7");
    wait_for(&mut app, "prod: v3 → v7");
    click(&mut app, "Add to plan…");
    click(&mut app, "prod on others");
    type_into(&mut app, "Filter models to add", "plan-rest-b");
    click(&mut app, "also plan-rest-b");
    press(&mut app, Key::Escape);
    wait_for(&mut app, "change prod of plan-rest-b: v3 → v7, Waiting");
    confirm(&mut app, "prod");
    wait_for_text(&mut app, "No answer. prod is still v3: nothing changed.");
    wait_for(&mut app, "change prod of plan-rest-a: v3 → v7, Done");
    assert_eq!(servers.alias("plan-rest-a", "prod"), Some(7));
    click(&mut app, "Undo what was done");
    wait_for(&mut app, "change prod of plan-rest-a: v3 → v7, Taken back");
    let both = ["plan-rest-a", "plan-rest-b"].map(|model| servers.alias(model, "prod"));
    assert_eq!(both, [Some(3), Some(3)]);
}

#[test]
fn the_policy_is_written_chosen_and_mended_in_settings() {
    let servers = make("plan-settings");
    let folder = tempfile::tempdir().unwrap();
    let team = folder.path().join("team.toml");
    let dialogs = ScriptedDialogs::default();
    let config_folder = Some(folder.path().join("config"));
    let mut app = start(Start {
        uri: Some(servers.uri().to_owned()),
        config_folder,
        dialogs: dialogs.clone(),
        ..Start::default()
    });
    click(&mut app, "Settings");
    wait_for_text(&mut app, "the server does not enforce it");
    click(&mut app, "Write an example");
    wait_for_text(&mut app, "1 rule in force");
    let written = std::fs::read_to_string(folder.path().join("config/policy.toml")).unwrap();
    assert_eq!(written, flowdeck::state::policy::EXAMPLE);

    std::fs::write(&team, "[[rule]]\nalias = \"*\"\nlevel = \"protcted\"\n").unwrap();
    dialogs.answer(Some(team.clone()));
    click(&mut app, "Choose a file…");
    wait_for_text(&mut app, "team.toml, line 3: ");
    apply(&mut app, board("plan-settings"));
    drag(&mut app, "alias prod", "version 7");
    wait_for_text(&mut app, "The policy file does not count, and the usual protection holds.");
    wait_for(&mut app, "Alias to confirm");
    // Mended while the plan is open: the rule of the team holds.
    std::fs::write(&team, "[[rule]]\nalias = \"prod\"\nlevel = \"confirm\"\n").unwrap();
    step_until(&mut app, "the rule", |app| !is_shown(app, "Alias to confirm"));
    press(&mut app, Key::Escape);
    wait_for_the_end(&mut app);
    click(&mut app, "Settings");
    click(&mut app, "Back to my own file");
    wait_for_text(&mut app, "policy.toml");
    assert_eq!(app.state().state().settings.get().policy_file, None);
}
