//! Versions deleted and copied.

use egui::Key;
use egui_kittest::kittest::Queryable as _;
use flowdeck::state::Command;
use serde_json::{Value, json};

use super::{open_at, version, wait_until_answered};
use crate::support::Servers;
use crate::support::app::{
    App, apply, choose, click, click_secondary, confirm, enter_on, is_shown, press, route, step_until,
    type_into, type_text, wait_for, wait_for_text,
};
use crate::support::board::board;

#[test]
fn a_version_that_holds_an_alias_is_kept_until_the_alias_is_moved() {
    let servers = Servers::shared();
    servers.make_model("life-held", 3, &[("prod", 2)]);
    let mut app = open_at(servers.uri(), board("life-held"));
    wait_for(&mut app, "alias prod");
    click_secondary(&mut app, "version 2");
    click(&mut app, "Delete version…");
    wait_for(&mut app, "v2 holds prod: move or delete it first");
    assert!(!is_shown(&app, "Delete v2"));
    click(&mut app, "Move prod…");
    wait_for(&mut app, "Move prod from v2");
    app.event(egui::Event::Text("3".to_owned()));
    app.step();
    press(&mut app, Key::Enter);
    wait_for(&mut app, "prod: v2 → v3");
    confirm(&mut app, "prod");
    wait_for_text(&mut app, "prod moved from v2 to v3.");

    click(&mut app, "open version 2");
    wait_for(&mut app, "Version 2");
    click(&mut app, "Actions");
    click(&mut app, "Delete version…");
    wait_for(&mut app, "Delete v2");
    // Cancel has the focus: Enter alone deletes nothing.
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    click(&mut app, "Actions");
    click(&mut app, "Delete version…");
    // Someone puts an alias on it meanwhile, which MLflow would delete without a word.
    wait_for(&mut app, "Delete v2");
    servers.set_alias("life-held", "late", 2);
    click(&mut app, "Delete v2");
    wait_for_text(&mut app, "v2 of life-held was not deleted. v2 holds late");
    servers.python("client.delete_registered_model_alias('life-held', 'late')");
    click(&mut app, "Cancel");
    click(&mut app, "Actions");
    click(&mut app, "Delete version…");
    wait_for(&mut app, "Delete v2");
    // The question is lower than before, where it said why not, and stands in the middle at once.
    let place = |app: &App| app.query_all_by_label("Cancel").next().map(|button| button.rect());
    let at_once = place(&app).expect("the question is there");
    app.run_steps(3);
    assert_eq!(place(&app), Some(at_once), "the buttons moved");
    click(&mut app, "Delete v2");
    wait_until_answered(&mut app);
    let left =
        servers.python("sorted(int(v.version) for v in client.search_model_versions(\"name='life-held'\"))");
    assert_eq!(left, json!([1, 3]));
    step_until(&mut app, "the board", |app| *route(app) == board("life-held"));
    step_until(&mut app, "its row to go", |app| !is_shown(app, "version 2"));
}

#[test]
fn a_version_is_copied_to_another_model_with_everything_it_has() {
    let servers = Servers::shared();
    servers.make_model("life-original", 2, &[]);
    servers.python(
        "client.update_model_version('life-original', '2', 'words'); client.set_model_version_tag('life-original', '2', 'k', 'x')",
    );
    let mut app = open_at(servers.uri(), board("life-original"));
    wait_for(&mut app, "version 2");
    click_secondary(&mut app, "version 2");
    click(&mut app, "Copy to another model…");
    wait_for(&mut app, "Copy v2 of life-original");
    type_into(&mut app, "Model", "life-original");
    wait_for(&mut app, "It is a version of life-original already");
    type_into(&mut app, "Model", "life-copy");
    type_into(&mut app, "Alias", "candidate");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    wait_for_text(&mut app, "candidate is on v1 now.");
    let (copy, original) = (version(servers, "life-copy", 1), version(servers, "life-original", 2));
    assert_eq!(copy["source"], json!("models:/life-original/2"));
    for same in ["run_id", "description", "tags"] {
        assert_eq!(copy[same], original[same], "{same}");
    }
    assert_eq!(servers.alias("life-copy", "candidate"), Some(1));
}

/// Every version of a model that Python finds, from the first on.
fn versions(servers: &Servers, name: &str) -> Value {
    let code = "sorted(int(v.version) for v in client.search_model_versions(f\"name='{args}'\"))";
    servers.python_with(code, &json!(name))
}

#[test]
fn versions_are_copied_and_deleted_by_keyboard_alone() {
    let servers = Servers::shared();
    servers.make_model("life-keys-rows", 3, &[("prod", 1)]);
    let mut app = open_at(servers.uri(), board("life-keys-rows"));
    wait_for(&mut app, "version 3");
    wait_for(&mut app, "alias prod");
    press(&mut app, Key::ArrowRight);
    press(&mut app, Key::Home);
    press(&mut app, Key::Menu);
    choose(&mut app, "Copy to another model…");
    wait_for(&mut app, "Copy v3 of life-keys-rows");
    type_text(&mut app, "life-keys-copy");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    step_until(&mut app, "the copy", |_| versions(servers, "life-keys-copy") == json!([1]));
    assert_eq!(version(servers, "life-keys-copy", 1)["source"], json!("models:/life-keys-rows/3"));

    apply(&mut app, Command::Go(board("life-keys-rows")));
    wait_for(&mut app, "version 3");
    press(&mut app, Key::ArrowRight);
    press(&mut app, Key::Home);
    // Esc leaves the menu, and the cursor is where it was.
    press(&mut app, Key::Menu);
    wait_for(&mut app, "Delete version…");
    press(&mut app, Key::Escape);
    step_until(&mut app, "the menu to close", |app| !is_shown(app, "Delete version…"));
    press(&mut app, Key::ArrowDown);
    press(&mut app, Key::Menu);
    choose(&mut app, "Delete version…");
    enter_on(&mut app, "Delete v2");
    wait_until_answered(&mut app);
    assert_eq!(versions(servers, "life-keys-rows"), json!([1, 3]));
}
