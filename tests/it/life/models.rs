//! Models and prompts created, described, renamed and deleted, and the webhooks that fire for one.

use egui::{Key, Modifiers};
use flowdeck::state::journal::Outcome;
use flowdeck::state::registry::life::Ask;
use flowdeck::state::{Command, ModelKind, Route};
use serde_json::{Value, json};

use super::{ask, is_asking, is_gone, open_at, text, wait_until_answered};
use crate::support::app::{
    App, apply, choose, click, done_here, drag, enter_on, is_shown, plan_by_keys, press, retype, route,
    screen, step_until, type_into, type_text, wait_for, wait_for_text,
};
use crate::support::board::board;
use crate::support::{Fault, Proxy, Servers};

const CREATE_MODEL: &str = "/api/2.0/mlflow/registered-models/create";
const DELETE_MODEL: &str = "/api/2.0/mlflow/registered-models/delete";

#[test]
fn a_model_is_created_from_the_palette_by_keyboard_alone() {
    let servers = Servers::shared();
    let mut app = open_at(servers.uri(), Route::Models(ModelKind::Model));
    wait_for(&mut app, "Filter models");
    app.key_press_modifiers(Modifiers::COMMAND, Key::K);
    app.step();
    type_into(&mut app, "Find anything", "create a model");
    press(&mut app, Key::Enter);
    wait_for(&mut app, "Create a model");
    app.event(egui::Event::Text("OTIFForecaster".to_owned()));
    app.step();
    wait_for(&mut app, "OTIFForecaster exists already");
    press(&mut app, Key::Enter);
    assert!(is_asking(&app), "{}", screen(&app));
    type_into(&mut app, "Name", "life größe");
    press(&mut app, Key::Tab);
    app.event(egui::Event::Text("by hand".to_owned()));
    app.step();
    app.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    app.step();
    wait_until_answered(&mut app);
    wait_for_text(&mut app, "life größe is created");
    let found = servers.python_with("client.get_registered_model(args)", &json!("life größe"));
    assert_eq!(text(&found["description"]), "by hand");
    type_into(&mut app, "Filter models", "größe");
    wait_for(&mut app, "model life größe");
}

#[test]
fn a_creation_whose_answer_is_lost_is_read_and_a_name_taken_meanwhile_is_told() {
    let servers = Servers::shared();
    let proxy = Proxy::start(servers.uri());
    let mut app = open_at(&proxy.uri(), Route::Models(ModelKind::Model));
    proxy.once("POST", CREATE_MODEL, Fault::ForwardThenHangUp);
    click(&mut app, "Create a model");
    type_into(&mut app, "Name", "life-created");
    press(&mut app, Key::Enter);
    wait_for_text(&mut app, "No answer. life-created is created: the change took effect");
    assert_eq!(proxy.count("POST", CREATE_MODEL), 1);
    assert!(!is_gone(servers, "life-created"));

    ask(&mut app, Ask::Create);
    type_into(&mut app, "Name", "life-taken");
    servers.python("client.create_registered_model('life-taken')");
    press(&mut app, Key::Enter);
    wait_for_text(&mut app, "life-taken was not created. There is a model called life-taken already");
    assert_eq!(proxy.count("POST", CREATE_MODEL), 1, "it was read first");
}

#[test]
fn a_model_is_described_and_tagged_and_only_what_differs_is_written() {
    let servers = Servers::shared();
    servers.make_model("life-words", 1, &[("prod", 1)]);
    servers.python("client.set_registered_model_tag('life-words', 'old', '1')");
    let proxy = Proxy::start(servers.uri());
    let mut app = open_at(&proxy.uri(), board("life-words"));
    wait_for(&mut app, "alias prod");
    click(&mut app, "Model actions");
    click(&mut app, "Description and tags…");
    type_into(&mut app, "Description", "## Words\n\nfor *all*");
    click(&mut app, "Remove tag 2");
    type_into(&mut app, "Value of tag 1", "hand");
    click(&mut app, "Save");
    wait_until_answered(&mut app);
    let found = servers.python("client.get_registered_model('life-words')");
    assert_eq!(text(&found["description"]), "## Words\n\nfor *all*");
    assert_eq!(found["tags"], json!({ "made_by": "hand" }));
    wait_for(&mut app, "tag made_by: hand");
    let requests = proxy.requests().into_iter();
    let writes = requests.filter(|it| it.method != "GET" && it.path.contains("/registered-models/")).count();
    assert_eq!(writes, 3);
}

#[test]
fn a_renamed_model_keeps_everything_and_we_stay_with_it() {
    let servers = Servers::shared();
    servers.make_model("life-old-name", 3, &[("prod", 2)]);
    let mut app = open_at(servers.uri(), board("life-old-name"));
    wait_for(&mut app, "alias prod");
    apply(
        &mut app,
        Command::Go(Route::Version { kind: ModelKind::Model, name: "life-old-name".into(), version: 2 }),
    );
    ask(&mut app, Ask::Rename { name: "life-old-name".into() });
    wait_for_text(&mut app, "models:/life-old-name@prod");
    type_into(&mut app, "New name", "OTIFForecaster");
    wait_for(&mut app, "OTIFForecaster exists already");
    type_into(&mut app, "New name", "life-new-name");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    let at = |version| Route::Version { kind: ModelKind::Model, name: "life-new-name".into(), version };
    step_until(&mut app, "its new place", |app| *route(app) == at(2));
    wait_for(&mut app, "alias prod");
    assert_eq!(servers.alias("life-new-name", "prod"), Some(2));
    assert!(is_gone(servers, "life-old-name"));
    apply(&mut app, Command::Back);
    assert_eq!(*route(&app), board("life-new-name"));
    wait_for(&mut app, "version 3");

    click(&mut app, "Journal");
    click(&mut app, "entry life-old-name is life-new-name now of life-new-name, Done");
    click(&mut app, "Undo");
    wait_for_text(&mut app, "life-new-name is life-old-name now");
    assert_eq!(servers.alias("life-old-name", "prod"), Some(2));
}

#[test]
fn a_model_is_deleted_only_by_its_name_and_only_as_it_was_shown() {
    let servers = Servers::shared();
    servers.make_model("life-doomed", 3, &[("prod", 2), ("candidate", 3)]);
    let proxy = Proxy::start(servers.uri());
    let mut app = open_at(&proxy.uri(), board("life-doomed"));
    wait_for(&mut app, "alias prod");
    click(&mut app, "Model actions");
    click(&mut app, "Delete model…");
    wait_for(&mut app, "•  3 versions");
    wait_for(&mut app, "•  The aliases candidate (v3) and prod (v2)");
    let field = "Type life-doomed to delete it";
    type_into(&mut app, field, "life-doome");
    press(&mut app, Key::Enter);
    click(&mut app, "Delete");
    assert!(is_asking(&app));
    assert_eq!(proxy.count("DELETE", DELETE_MODEL), 0);

    servers.set_alias("life-doomed", "prod", 1);
    type_into(&mut app, field, "life-doomed");
    press(&mut app, Key::Enter);
    wait_for_text(&mut app, "life-doomed changed while you were deciding: look at what goes with it now");
    wait_for(&mut app, "•  The aliases candidate (v3) and prod (v1)");
    assert_eq!(proxy.count("DELETE", DELETE_MODEL), 0);
    assert!(!is_gone(servers, "life-doomed"));

    proxy.once("DELETE", DELETE_MODEL, Fault::ForwardThenHangUp);
    click(&mut app, "Delete");
    wait_for_text(&mut app, "No answer. life-doomed is deleted: the change took effect");
    assert_eq!(proxy.count("DELETE", DELETE_MODEL), 1);
    assert!(is_gone(servers, "life-doomed"));
    step_until(&mut app, "the list", |app| *route(app) == Route::Models(ModelKind::Model));
    step_until(&mut app, "the journal", |app| {
        done_here(app).iter().map(|record| record.outcome).eq([Outcome::Refused, Outcome::Done])
    });
}

#[test]
fn a_prompt_is_tagged_and_deleted() {
    let servers = Servers::shared();
    servers.python("mlflow.genai.register_prompt(name='life-prompt', template='Answer {{q}}')");
    let prompt = Route::Model { kind: ModelKind::Prompt, name: "life-prompt".into() };
    let mut app = open_at(servers.uri(), prompt);
    click(&mut app, "Prompt actions");
    assert!(!is_shown(&app, "Rename…"));
    click(&mut app, "Description and tags…");
    type_into(&mut app, "Description", "Short answers");
    click(&mut app, "Add tag");
    type_into(&mut app, "Key of tag 1", "team");
    type_into(&mut app, "Value of tag 1", "core");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    // That Python finds it among the prompts says that their own tags are left alone.
    let found = servers.python("p = client.get_prompt('life-prompt'); [p.description, p.tags['team']]");
    assert_eq!(found, json!(["Short answers", "core"]));
    click(&mut app, "Prompt actions");
    click(&mut app, "Delete prompt…");
    type_into(&mut app, "Type life-prompt to delete it", "life-prompt");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    assert_eq!(servers.python("client.get_prompt('life-prompt')"), Value::Null);
}

/// Goes by keyboard to a model in the list, and opens its menu there.
fn model_menu_by_keys(app: &mut App, name: &str) {
    press(app, Key::Slash);
    retype(app, name);
    wait_for(app, &format!("model {name}"));
    press(app, Key::Enter);
    press(app, Key::ArrowDown);
    app.key_press_modifiers(Modifiers::SHIFT, Key::F10);
    wait_for(app, "Open beside");
}

#[test]
fn a_model_is_renamed_and_deleted_by_keyboard_alone() {
    let servers = Servers::shared();
    servers.make_model("life-keys-old", 2, &[("prod", 1)]);
    let mut app = open_at(servers.uri(), Route::Models(ModelKind::Model));
    model_menu_by_keys(&mut app, "life-keys-old");
    choose(&mut app, "Rename…");
    wait_for(&mut app, "New name");
    retype(&mut app, "life-keys-new");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    assert_eq!(servers.alias("life-keys-new", "prod"), Some(1));
    assert!(is_gone(servers, "life-keys-old"));

    model_menu_by_keys(&mut app, "life-keys-new");
    choose(&mut app, "Delete model…");
    wait_for(&mut app, "•  2 versions");
    type_text(&mut app, "life-keys-new");
    press(&mut app, Key::Enter);
    wait_until_answered(&mut app);
    assert!(is_gone(servers, "life-keys-new"));
}

#[test]
fn the_plan_says_which_webhooks_fire() {
    let servers = Servers::shared();
    servers.make_model("life-hooks", 2, &[("prod", 1)]);
    // MLflow calls no address on this machine, and looks every name up: so the list is the proxy's.
    let hook = |name: &str, action: &str, status: &str| {
        let events = json!([{ "entity": "MODEL_VERSION_ALIAS", "action": action }]);
        let url = "https://user:pw@example.com/hook?token=s";
        json!({ "webhook_id": name, "name": name, "url": url, "events": events, "status": status })
    };
    let hooks = [
        hook("deploy", "CREATED", "ACTIVE"),
        hook("off", "CREATED", "DISABLED"),
        hook("undeploy", "DELETED", "ACTIVE"),
    ];
    let proxy = Proxy::start(servers.uri());
    proxy.times(9, "GET", "/mlflow/webhooks", Fault::json(&json!({ "webhooks": hooks })));
    let mut app = open_at(&proxy.uri(), board("life-hooks"));
    wait_for(&mut app, "alias prod");
    drag(&mut app, "alias prod", "version 2");
    wait_for(&mut app, "1 webhook will fire: deploy");
    press(&mut app, Key::Escape);
    step_until(&mut app, "the plan to close", |app| !is_shown(app, "Move prod to v2"));
    plan_by_keys(&mut app, "prod", 1, 2);
    wait_for(&mut app, "1 webhook will fire: deploy");
    press(&mut app, Key::Escape);
    step_until(&mut app, "the plan to close", |app| !is_shown(app, "Move prod to v2"));
    enter_on(&mut app, "Model actions");
    choose(&mut app, "Webhooks");
    wait_for(&mut app, "undeploy");
    press(&mut app, Key::Escape);
    step_until(&mut app, "the webhooks to close", |app| !is_shown(app, "undeploy"));
    click(&mut app, "Model actions");
    click(&mut app, "Webhooks");
    wait_for(&mut app, "undeploy");
    wait_for(&mut app, "Disabled");
    wait_for_text(&mut app, "After: model version alias created");
    assert!(!screen(&app).contains("pw@") && !screen(&app).contains("token"));
}
