//! Boards side by side and the matrix of aliases, by pointer and keyboard, against a real server.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use crate::support::Servers;
use crate::support::app::{
    App, click, click_command, click_secondary, confirm, drag, is_shown, open, press, settled, step_until,
    type_into, wait_for, wait_for_text,
};
use crate::support::board::open_models;

fn open_matrix(app: &mut App, filter: &str) {
    open_models(app);
    click(app, "Matrix of models");
    type_into(app, "Filter models", filter);
}

/// The two models' boards beside each other.
fn open_beside(app: &mut App, models: [&str; 2]) {
    open_models(app);
    type_into(app, "Filter models", models[0]);
    click(app, &format!("model {}", models[0]));
    wait_for(app, "alias prod");
    type_into(app, "Filter models", models[1]);
    click_secondary(app, &format!("model {}", models[1]));
    click(app, "Open beside");
    wait_for(app, &format!("Close {}", models[1]));
    step_until(app, "both boards", |app| app.query_all_by_label("alias prod").count() == 2);
}

#[test]
fn an_alias_is_dragged_to_another_column_of_its_model() {
    let servers = Servers::shared();
    // More columns than the window has room for: the table must lie still away from its edges.
    let others: Vec<String> = (0..20).map(|number| format!("region-{number}")).collect();
    let mut aliases = vec![("prod", 3), ("candidate", 7)];
    aliases.extend(others.iter().map(|alias| (alias.as_str(), 1)));
    servers.make_model("matrix-drag", 7, &aliases);
    servers.make_model("matrix-drag-too", 4, &[("prod", 2)]);
    let mut app = open(servers.uri());
    open_matrix(&mut app, "matrix-drag");
    wait_for(&mut app, "candidate of matrix-drag: v7");
    wait_for(&mut app, "candidate of matrix-drag-too: not set");
    drag(&mut app, "candidate of matrix-drag: v7", "prod of matrix-drag: v3");
    wait_for(&mut app, "prod: v3 → v7");
    wait_for_text(&mut app, "answer_correctness");
    assert_eq!(servers.alias("matrix-drag", "prod"), Some(3), "a drop never writes");
    confirm(&mut app, "prod");
    wait_for(&mut app, "prod of matrix-drag: v7");
    assert_eq!(servers.alias("matrix-drag", "prod"), Some(7));
    assert_eq!(servers.alias("matrix-drag", "candidate"), Some(7), "what was dragged stays where it was");

    drag(&mut app, "prod of matrix-drag-too: v2", "prod of matrix-drag: v7");
    wait_for_text(&mut app, "prod is an alias of matrix-drag-too");
    assert!(!is_shown(&app, "Cancel"));
    drag(&mut app, "prod of matrix-drag-too: v2", "candidate of matrix-drag-too: not set");
    wait_for(&mut app, "candidate: new → v2");
    press(&mut app, Key::Escape);
    assert_eq!(servers.alias("matrix-drag-too", "candidate"), None);
}

#[test]
fn the_matrix_by_keyboard_alone() {
    let servers = Servers::shared();
    servers.make_model("matrix-keys", 5, &[("prod", 3)]);
    let mut app = open(servers.uri());
    open_matrix(&mut app, "matrix-keys");
    wait_for(&mut app, "prod of matrix-keys: v3");
    type_into(&mut app, "Filter aliases", "prod");
    step_until(&mut app, "one column", |app| !is_shown(app, "candidate of matrix-keys: not set"));
    // Leaves the field: the arrows are the matrix's.
    press(&mut app, Key::Enter);
    press(&mut app, Key::ArrowDown);
    press(&mut app, Key::M);
    wait_for(&mut app, "Move prod of matrix-keys from v3");
    app.event(egui::Event::Text("5".to_owned()));
    app.step();
    press(&mut app, Key::Enter);
    wait_for(&mut app, "prod: v3 → v5");
    confirm(&mut app, "prod");
    wait_for(&mut app, "prod of matrix-keys: v5");
    assert_eq!(servers.alias("matrix-keys", "prod"), Some(5));
}

#[test]
fn boards_stand_side_by_side_and_aliases_stay_with_their_model() {
    let servers = Servers::shared();
    servers.make_model("beside-a", 4, &[("prod", 2)]);
    servers.make_model("beside-b", 4, &[("prod", 3)]);
    let mut app = open(servers.uri());
    open_beside(&mut app, ["beside-a", "beside-b"]);
    // From the first board to the second.
    settled(&mut app, "alias prod");
    let rects: Vec<_> = app.query_all_by_label("alias prod").map(|node| node.rect()).collect();
    let (from, to) = (rects[0].center(), rects[1].center());
    app.hover_at(from);
    app.step();
    app.drag_at(from);
    app.step();
    for step in 1_u8..=6 {
        app.hover_at(from.lerp(to, f32::from(step) / 6.0));
        app.step();
        app.step();
    }
    app.drop_at(to);
    app.step();
    app.step();
    wait_for_text(&mut app, "can stand on that model's versions only");
    assert!(!is_shown(&app, "Cancel"));

    // Each board moves its own, and back and forward keep both.
    app.query_all_by_label("alias prod").last().unwrap().focus();
    app.step();
    press(&mut app, Key::M);
    app.event(egui::Event::Text("4".to_owned()));
    app.step();
    press(&mut app, Key::Enter);
    wait_for(&mut app, "prod: v3 → v4");
    confirm(&mut app, "prod");
    step_until(&mut app, "beside-b to change", |_| servers.alias("beside-b", "prod") == Some(4));
    assert_eq!(servers.alias("beside-a", "prod"), Some(2));
    click(&mut app, "Close beside-a");
    step_until(&mut app, "one board", |app| !is_shown(app, "Close beside-b"));
    assert_eq!(app.state().state().navigation.current().models(), ["beside-b"]);
    app.key_press_modifiers(Modifiers::ALT, Key::ArrowLeft);
    app.step();
    wait_for(&mut app, "Close beside-a");
    app.key_press_modifiers(Modifiers::ALT, Key::ArrowRight);
    app.step();
    step_until(&mut app, "one board", |app| !is_shown(app, "Close beside-b"));
}

#[test]
fn a_board_is_opened_beside_by_ctrl_enter_and_by_ctrl_click() {
    let servers = Servers::shared();
    for model in ["besides-a", "besides-b", "besides-c"] {
        servers.make_model(model, 2, &[("prod", 1)]);
    }
    let mut app = open(servers.uri());
    open_models(&mut app);
    type_into(&mut app, "Filter models", "besides-");
    wait_for(&mut app, "model besides-c");
    let shown = |app: &App| app.state().state().navigation.current().models().to_vec();
    // By keyboard: out of the field, the first is opened, the second beside it.
    press(&mut app, Key::Enter);
    press(&mut app, Key::ArrowDown);
    press(&mut app, Key::Enter);
    step_until(&mut app, "one board", |app| shown(app) == ["besides-a"]);
    press(&mut app, Key::ArrowLeft);
    press(&mut app, Key::ArrowDown);
    app.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    step_until(&mut app, "two boards", |app| shown(app) == ["besides-a", "besides-b"]);
    step_until(&mut app, "their aliases", |app| app.query_all_by_label("alias prod").count() == 2);
    // By pointer: the third beside both.
    click_command(&mut app, "model besides-c");
    step_until(&mut app, "three boards", |app| shown(app) == ["besides-a", "besides-b", "besides-c"]);
    step_until(&mut app, "their aliases", |app| app.query_all_by_label("alias prod").count() == 3);
    // A click alone shows that one.
    click(&mut app, "model besides-b");
    step_until(&mut app, "one board", |app| shown(app) == ["besides-b"]);
}

/// A store with one model of so many versions, `prod` on 3.
fn large_store(folder: &std::path::Path, versions: u32) -> String {
    const SCHEMA: &str = include_str!("../../src/tracking/sqlite/testdata/schema_3_17_2.sql");
    let file = folder.join("mlflow.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA foreign_keys = OFF; {SCHEMA}
             INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time)
                 VALUES (0, 'Default', 'mlflow-artifacts:/0', 'active', 1);
             INSERT INTO registered_models (name, creation_time, last_updated_time, description)
                 VALUES ('large', 1, 1, '');
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {versions})
             INSERT INTO model_versions (name, version, creation_time, last_updated_time, description, current_stage,
                 source, run_id, status) SELECT 'large', i, i, i, 'made by night ' || i, 'None', 's3://b/' || i, '', 'READY'
                 FROM n;
             INSERT INTO registered_model_aliases (alias, version, name) VALUES ('prod', 3, 'large');"
        ))
        .unwrap();
    format!("sqlite:///{}", file.display())
}

#[test]
fn a_board_of_many_versions_is_filtered_and_jumped_through() {
    let folder = tempfile::tempdir().unwrap();
    let mut app = open(&large_store(folder.path(), 200_000));
    open_models(&mut app);
    click(&mut app, "model large");
    wait_for(&mut app, "version 200000");
    wait_for_text(&mut app, "200,000 versions");
    step_until(&mut app, "all of them", |app| {
        let workspace = app.state().state().workspace.as_ref();
        workspace.is_some_and(|workspace| workspace.registry.board.versions.is_complete())
    });
    // By keyboard to the end and back.
    press(&mut app, Key::ArrowRight);
    press(&mut app, Key::End);
    wait_for(&mut app, "version 1");
    wait_for(&mut app, "alias prod");
    for _ in 0..3 {
        press(&mut app, Key::PageUp);
    }
    wait_for(&mut app, "version 61");
    press(&mut app, Key::Home);
    wait_for(&mut app, "version 200000");
    assert!(!is_shown(&app, "version 1"));
    click(&mut app, "go to prod on v3");
    wait_for(&mut app, "alias prod");
    app.key_press_modifiers(Modifiers::COMMAND, Key::G);
    app.step();
    wait_for(&mut app, "Go to a version of large");
    app.event(egui::Event::Text("v123456".to_owned()));
    app.step();
    press(&mut app, Key::Enter);
    wait_for(&mut app, "version 123456");
    type_into(&mut app, "Filter versions", "NIGHT 7777");
    wait_for(&mut app, "version 177770");
    assert!(!is_shown(&app, "version 123456"));
    // What is jumped to is never hidden by the filter.
    click(&mut app, "go to prod on v3");
    wait_for(&mut app, "version 3");
    let laid_out = app.query_all_by_label_contains("open version ").count();
    assert!(laid_out < 100, "{laid_out} rows are laid out");
}
