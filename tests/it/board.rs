//! The board by pointer and keyboard, against a real server: what is dragged, confirmed and undone is what Python's
//! client finds afterwards.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use flowdeck::state::journal::Outcome;

use crate::support::app::{
    App, click, click_secondary, confirm, done_here, drag, is_shown, open, press, screen, settled,
    step_until, type_into, wait_for, wait_for_text,
};
use crate::support::board::open_models;
use crate::support::{Fault, Proxy, Servers};

const ALIAS: &str = "/api/2.0/mlflow/registered-models/alias";

/// A model of its own with seven versions, `prod` on 3 and `candidate` on 7, and its board.
fn board_of(model: &str, uri: &str) -> App {
    let mut app = open(uri);
    show_board(&mut app, model);
    app
}

fn make(model: &str) -> &'static Servers {
    let servers = Servers::shared();
    servers.make_model(model, 7, &[("prod", 3), ("candidate", 7)]);
    servers
}

fn show_board(app: &mut App, model: &str) {
    open_models(app);
    type_into(app, "Filter models", model);
    click(app, &format!("model {model}"));
    wait_for(app, "version 3");
    wait_for(app, "alias prod");
}

/// Where the board says that `prod` is.
fn shown_version(app: &App, alias: &str) -> Option<u32> {
    let workspace = app.state().state().workspace.as_ref()?;
    workspace.registry.board.model.value()?.alias(alias)
}

#[test]
fn prod_is_dragged_confirmed_and_undone() {
    let servers = make("board-drag");
    let mut app = board_of("board-drag", servers.uri());
    drag(&mut app, "alias prod", "version 7");
    wait_for(&mut app, "prod: v3 → v7");
    wait_for(&mut app, "Move prod to v7");
    assert_eq!(servers.alias("board-drag", "prod"), Some(3), "a drop never writes");
    wait_for_text(&mut app, "answer_correctness");
    confirm(&mut app, "prod");
    wait_for_text(&mut app, "prod moved from v3 to v7.");
    assert_eq!(servers.alias("board-drag", "prod"), Some(7));
    step_until(&mut app, "the board to show it", |app| shown_version(app, "prod") == Some(7));
    assert!(!is_shown(&app, "prod: v3 → v7"), "the plan is closed");

    click(&mut app, "Undo");
    wait_for_text(&mut app, "prod moved from v7 to v3.");
    assert_eq!(servers.alias("board-drag", "prod"), Some(3));
    step_until(&mut app, "the board to show it", |app| shown_version(app, "prod") == Some(3));
    // The journal is drained a frame earlier than what was carried out.
    step_until(&mut app, "the journal", |app| {
        let records = done_here(app);
        records.len() == 2
            && records.iter().all(|record| record.outcome == Outcome::Done)
            && records[0].undone_by.as_ref() == Some(&records[1].id)
    });
}

#[test]
fn an_alias_that_someone_moved_meanwhile_is_left_alone() {
    let servers = make("board-conflict");
    let mut app = board_of("board-conflict", servers.uri());
    drag(&mut app, "alias prod", "version 7");
    wait_for(&mut app, "prod: v3 → v7");
    servers.set_alias("board-conflict", "prod", 6);
    confirm(&mut app, "prod");
    wait_for_text(&mut app, "prod moved to v6 while you were deciding. Nothing was changed.");
    wait_for(&mut app, "prod: v6 → v7");
    assert_eq!(servers.alias("board-conflict", "prod"), Some(6));
    // The plan is drawn from what is true now, and can be confirmed.
    press(&mut app, Key::Enter);
    wait_for_text(&mut app, "prod moved from v6 to v7.");
    assert_eq!(servers.alias("board-conflict", "prod"), Some(7));
}

#[test]
fn promotion_by_keyboard_alone() {
    let servers = make("board-keys");
    let mut app = board_of("board-keys", servers.uri());
    app.query_all_by_label("alias prod").last().unwrap().focus();
    app.step();
    press(&mut app, Key::M);
    wait_for(&mut app, "Move prod from v3");
    app.event(egui::Event::Text("7".to_owned()));
    app.step();
    press(&mut app, Key::Enter);
    wait_for(&mut app, "prod: v3 → v7");
    assert_eq!(servers.alias("board-keys", "prod"), Some(3));
    // The cursor is in the name, and Enter leads to the reason.
    for text in ["prod", "it passed"] {
        app.event(egui::Event::Text(text.to_owned()));
        app.step();
        press(&mut app, Key::Enter);
    }
    wait_for_text(&mut app, "prod moved from v3 to v7.");
    assert_eq!(servers.alias("board-keys", "prod"), Some(7));
}

#[test]
fn esc_and_a_drop_elsewhere_cancel_and_a_plan_can_be_left() {
    let servers = make("board-cancel");
    let mut app = board_of("board-cancel", servers.uri());
    settled(&mut app, "version 7");
    let center = |app: &App, label: &str| app.query_all_by_label(label).last().unwrap().rect().center();
    let (start, end) = (center(&app, "alias prod"), center(&app, "version 7"));
    app.hover_at(start);
    app.step();
    app.drag_at(start);
    app.step();
    for at in [start.lerp(end, 0.5), end] {
        app.hover_at(at);
        app.step();
        app.step();
    }
    wait_for(&mut app, "prod: v3 → v7");
    press(&mut app, Key::Escape);
    app.drop_at(end);
    app.step();
    app.step();
    assert!(!is_shown(&app, "Move prod to v7"), "{}", screen(&app));

    drag(&mut app, "alias prod", "Filter versions");
    assert!(!is_shown(&app, "Cancel"));
    drag(&mut app, "alias prod", "version 3");
    assert!(!is_shown(&app, "Cancel"));

    drag(&mut app, "alias prod", "version 5");
    wait_for(&mut app, "Move prod to v5");
    press(&mut app, Key::Escape);
    step_until(&mut app, "the plan to close", |app| !is_shown(app, "Move prod to v5"));
    assert_eq!(servers.alias("board-cancel", "prod"), Some(3));
    assert!(done_here(&app).is_empty());
}

#[test]
fn latest_cannot_be_dragged() {
    let servers = make("board-latest");
    let mut app = board_of("board-latest", servers.uri());
    drag(&mut app, "alias latest", "version 3");
    assert!(!is_shown(&app, "Cancel"));
    assert_eq!(servers.alias("board-latest", "prod"), Some(3));
}

#[test]
fn an_alias_is_added_and_deleted_and_both_can_be_undone() {
    let servers = make("board-add");
    let mut app = board_of("board-add", servers.uri());
    click_secondary(&mut app, "version 5");
    click(&mut app, "Add alias…");
    type_into(&mut app, "Alias", "v5");
    wait_for_text(&mut app, "MLflow's own");
    type_into(&mut app, "Alias", "größe-1");
    click(&mut app, "Continue…");
    click(&mut app, "Set größe-1 on v5");
    wait_for_text(&mut app, "größe-1 is on v5 now.");
    assert_eq!(servers.alias("board-add", "größe-1"), Some(5));
    click(&mut app, "Undo");
    wait_for_text(&mut app, "größe-1 is deleted.");
    assert_eq!(servers.alias("board-add", "größe-1"), None);

    app.query_all_by_label("alias candidate").last().unwrap().click_secondary();
    click(&mut app, "Delete candidate…");
    wait_for_text(&mut app, "models:/board-add@candidate stops resolving");
    // Cancel has the focus: Enter alone deletes nothing.
    press(&mut app, Key::Enter);
    step_until(&mut app, "the question to close", |app| !is_shown(app, "Delete candidate"));
    assert_eq!(servers.alias("board-add", "candidate"), Some(7));
    app.query_all_by_label("alias candidate").last().unwrap().click_secondary();
    click(&mut app, "Delete candidate…");
    click(&mut app, "Delete candidate");
    wait_for_text(&mut app, "candidate is deleted.");
    assert_eq!(servers.alias("board-add", "candidate"), None);
}

#[test]
fn a_write_whose_answer_is_lost_is_read_and_sent_once() {
    let servers = make("board-unknown");
    let proxy = Proxy::start(servers.uri());
    let mut app = board_of("board-unknown", &proxy.uri());
    proxy.once("POST", ALIAS, Fault::ForwardThenHangUp);
    drag(&mut app, "alias prod", "version 7");
    wait_for(&mut app, "Move prod to v7");
    confirm(&mut app, "prod");
    wait_for_text(&mut app, "No answer. prod is v7 now: the change took effect.");
    assert_eq!(proxy.count("POST", ALIAS), 1);
    assert_eq!(servers.alias("board-unknown", "prod"), Some(7));

    proxy.once("POST", ALIAS, Fault::HangUp);
    step_until(&mut app, "the board to show it", |app| shown_version(app, "prod") == Some(7));
    drag(&mut app, "alias prod", "version 4");
    wait_for(&mut app, "Move prod to v4");
    confirm(&mut app, "prod");
    wait_for_text(&mut app, "No answer. prod is still v7: nothing changed.");
    assert_eq!(proxy.count("POST", ALIAS), 2);
    assert_eq!(servers.alias("board-unknown", "prod"), Some(7));
}

#[test]
fn a_refused_write_is_told_and_the_plan_stays() {
    let servers = make("board-refused");
    let proxy = Proxy::start(servers.uri());
    let mut app = board_of("board-refused", &proxy.uri());
    proxy.once("POST", ALIAS, Fault::forbidden());
    drag(&mut app, "alias prod", "version 7");
    wait_for(&mut app, "Move prod to v7");
    confirm(&mut app, "prod");
    wait_for_text(&mut app, "The server refused.");
    assert!(is_shown(&app, "Move prod to v7"));
    assert_eq!((proxy.count("POST", ALIAS), servers.alias("board-refused", "prod")), (1, Some(3)));
}

#[test]
fn the_source_run_is_a_click_away_and_so_is_the_way_back() {
    let servers = make("board-run");
    let mut app = board_of("board-run", servers.uri());
    click(&mut app, "source run of version 7");
    wait_for_text(&mut app, "board-run-7");
    app.key_press_modifiers(Modifiers::ALT, Key::ArrowLeft);
    app.step();
    wait_for(&mut app, "version 7");
}

#[test]
fn description_and_tags_are_edited_and_python_reads_them() {
    let servers = make("version-edit");
    let mut app = board_of("version-edit", servers.uri());
    click(&mut app, "open version 7");
    wait_for(&mut app, "Version 7");
    click(&mut app, "Edit description");
    type_into(&mut app, "Description in Markdown", "# Sept\n\nanswers *shorter*");
    click(&mut app, "Save description");
    wait_for_text(&mut app, "The description of v7 is saved");
    let description = "client.get_model_version('version-edit', '7').description";
    assert_eq!(servers.python(description), "# Sept\n\nanswers *shorter*");

    click(&mut app, "Add tag");
    type_into(&mut app, "Tag key", "größe");
    type_into(&mut app, "Tag value", "7 \"kg\"");
    click(&mut app, "Save tag");
    wait_for_text(&mut app, "The tag größe of v7 is saved");
    let tags = "client.get_model_version('version-edit', '7').tags";
    assert_eq!(servers.python(tags), serde_json::json!({ "größe": "7 \"kg\"" }));

    click(&mut app, "Delete tag größe");
    click(&mut app, "Delete tag");
    step_until(&mut app, "the tag to go", |app| !is_shown(app, "Delete tag größe"));
    assert_eq!(servers.python(tags), serde_json::json!({}));
}

#[test]
fn an_edit_that_fails_keeps_what_was_typed_and_so_does_a_refresh() {
    let servers = make("version-fail");
    let proxy = Proxy::start(servers.uri());
    let mut app = board_of("version-fail", &proxy.uri());
    click(&mut app, "open version 7");
    click(&mut app, "Edit description");
    type_into(&mut app, "Description in Markdown", "kept");
    press(&mut app, Key::F5);
    proxy.once("PATCH", "/api/2.0/mlflow/model-versions/update", Fault::forbidden());
    click(&mut app, "Save description");
    wait_for_text(&mut app, "The description was not saved.");
    assert_eq!(
        app.query_all_by_label("Description in Markdown").next().unwrap().value().as_deref(),
        Some("kept")
    );
    click(&mut app, "Save description");
    wait_for_text(&mut app, "The description of v7 is saved");
    assert_eq!(servers.python("client.get_model_version('version-fail', '7').description"), "kept");
}

#[test]
fn a_versions_signature_task_and_files_are_shown() {
    let mut app = board_of("MyMinimalAgent_Registered", Servers::shared().uri());
    click(&mut app, "open version 7");
    wait_for_text(&mut app, "Agent, Responses API");
    wait_for_text(&mut app, "array<any>");
    click(&mut app, "Files");
    wait_for_text(&mut app, "python_env.yaml");
}

#[test]
fn models_are_found_by_alias_and_prompts_are_kept_apart() {
    let servers = make("finds-by-alias");
    servers.set_alias("finds-by-alias", "needle-77", 2);
    let mut app = open(servers.uri());
    open_models(&mut app);
    type_into(&mut app, "Filter models", "@needle-7");
    wait_for_text(&mut app, "1 of ");
    wait_for(&mut app, "model finds-by-alias");
    type_into(&mut app, "Filter models", "no such thing at all");
    wait_for_text(&mut app, "0 of ");
    click(&mut app, "Prompts");
    wait_for(&mut app, "Filter prompts");
    step_until(&mut app, "a prompt", |app| app.query_all_by_label_contains("prompt ").next().is_some());
    assert!(!is_shown(&app, "model finds-by-alias"));
}

#[test]
fn what_became_of_a_move_is_told_after_its_server_was_left() {
    let servers = make("board-left");
    let proxy = Proxy::start(servers.uri());
    let mut app = board_of("board-left", &proxy.uri());
    proxy.once("POST", ALIAS, Fault::Delay(std::time::Duration::from_secs(2)));
    drag(&mut app, "alias prod", "version 7");
    wait_for(&mut app, "Move prod to v7");
    confirm(&mut app, "prod");
    step_until(&mut app, "the write", |_| proxy.count("POST", ALIAS) == 1);
    app.state_mut().apply(&egui::Context::default(), flowdeck::state::Command::Disconnect);
    wait_for(&mut app, "Connect");
    wait_for_text(&mut app, "prod moved from v3 to v7.");
    assert!(!is_shown(&app, "Undo"), "it would be for a server that was left");
    assert_eq!(servers.alias("board-left", "prod"), Some(7));
}

#[test]
fn chips_are_reached_by_keys_and_have_the_focus_again_after_the_plan() {
    let servers = make("board-chips");
    servers.set_alias("board-chips", "staging", 7);
    let mut app = board_of("board-chips", servers.uri());
    wait_for(&mut app, "alias staging");
    press(&mut app, Key::ArrowRight);
    press(&mut app, Key::ArrowDown);
    press(&mut app, Key::A);
    press(&mut app, Key::A);
    press(&mut app, Key::M);
    wait_for(&mut app, "Move staging from v7");
    app.event(egui::Event::Text("6".to_owned()));
    app.step();
    press(&mut app, Key::Enter);
    wait_for(&mut app, "staging: v7 → v6");
    press(&mut app, Key::Escape);
    step_until(&mut app, "the plan to close", |app| !is_shown(app, "staging: v7 → v6"));
    app.step();
    app.step();
    press(&mut app, Key::M);
    wait_for(&mut app, "Move staging from v7");
    assert_eq!(servers.alias("board-chips", "staging"), Some(7));
}

#[test]
fn what_lies_between_two_aliases_is_told_and_shown_alone() {
    let servers = make("board-between");
    servers.set_alias("board-between", "staging", 5);
    let mut app = board_of("board-between", servers.uri());
    click(&mut app, "3 versions between prod (v3) and candidate (v7)");
    // Of the two halves of the menu, the one for the other end.
    app.query_all_by_label("staging (v5)").last().unwrap().click();
    app.step();
    wait_for_text(&mut app, "1 version between prod (v3) and staging (v5)");
    click(&mut app, "Show only these");
    step_until(&mut app, "the others to go", |app| !is_shown(app, "version 7"));
    assert!(is_shown(&app, "version 4") && !is_shown(&app, "version 2"));
    // What is jumped to is never hidden.
    click(&mut app, "go to candidate on v7");
    wait_for(&mut app, "version 7");
}

#[test]
fn an_alias_leaves_a_mark_where_it_was() {
    let servers = make("board-ghost");
    let mut app = board_of("board-ghost", servers.uri());
    drag(&mut app, "alias prod", "version 7");
    wait_for(&mut app, "Move prod to v7");
    confirm(&mut app, "prod");
    wait_for_text(&mut app, "prod was here until");
    click(&mut app, "Undo");
    step_until(&mut app, "the board to show it", |app| shown_version(app, "prod") == Some(3));
}
