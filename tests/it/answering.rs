//! After a move, which version a real endpoint answers as: served by MLflow, traced to the tracking server, asked, and
//! restarted on the new version.

use egui::Key;
use egui_kittest::kittest::Queryable as _;

use crate::support::Servers;
use crate::support::app::{
    App, Start, apply, click, confirm, done_here, drag, enter_on, plan_by_keys, press, start, step_until,
    type_into, wait_for, wait_for_text,
};
use crate::support::board::{board, show_board, until_home};
use crate::support::chat::talk_to;

const MODEL: &str = "MyMinimalAgent_Registered";
const SERVED: &str = "models:/MyMinimalAgent_Registered@prod";

/// The app on a server, with settings in a folder, on the model's board.
fn on_the_board(uri: &str, folder: &std::path::Path) -> App {
    let config_folder = Some(folder.to_owned());
    let mut app = start(Start { uri: Some(uri.to_owned()), config_folder, ..Start::default() });
    until_home(&mut app);
    show_board(&mut app, MODEL, 7);
    app
}

fn move_prod_to(app: &mut App, version: u32) {
    plan_by_keys(app, "prod", 3, version);
    confirm(app, "prod");
}

#[test]
fn an_endpoint_is_old_until_it_is_restarted_and_seen_to_answer_as_the_new_version() {
    let servers = Servers::fresh();
    let folder = tempfile::tempdir().unwrap();
    let old = servers.serve(SERVED);
    let mut app = on_the_board(servers.uri(), folder.path());
    talk_to(&mut app, old.url());
    click(&mut app, "Edit the endpoint");
    type_into(&mut app, "Name", "staging agent");
    type_into(&mut app, "Serves", SERVED);
    type_into(&mut app, "Custom inputs", "{\"depth\": }");
    wait_for_text(&mut app, "Line 1, column 11");
    type_into(&mut app, "Custom inputs", "{\"depth\": 2}");
    click(&mut app, "Save");
    wait_for(&mut app, &format!("staging agent · serves {SERVED}"));

    show_board(&mut app, MODEL, 7);
    move_prod_to(&mut app, 7);
    wait_for_text(&mut app, "It is served by staging agent");
    wait_for_text(&mut app, "Not known which version the endpoint staging agent answers as: v3 until");
    click(&mut app, "Ask it");
    wait_for(
        &mut app,
        "Registry updated. The endpoint staging agent still answers as v3 until it is restarted",
    );
    drop(old);
    click(&mut app, "Check again");
    wait_for(&mut app, "Registry updated. The endpoint staging agent does not answer");

    let new = servers.serve(SERVED);
    click(&mut app, "Chat");
    click(&mut app, "Edit the endpoint");
    type_into(&mut app, "URL", new.url());
    click(&mut app, "Save");
    show_board(&mut app, MODEL, 7);
    click(&mut app, "I restarted it");
    wait_for_text(&mut app, "staging agent was restarted. It has not been seen to answer as v7 yet");
    enter_on(&mut app, "Ask it");
    wait_for(&mut app, "The endpoint staging agent answers as v7");
    let told = "The endpoint staging agent answers as v7 of MyMinimalAgent_Registered, which prod points at";
    step_until(&mut app, "the journal", |app| {
        done_here(app).iter().filter(|record| record.text == told).count() == 1
    });
    let profile = app.state().state().settings.get().profile(new.url());
    assert_eq!((profile.awaits, profile.custom_inputs.as_str()), (None, "{\"depth\": 2}"));
    click(&mut app, "Dismiss staging agent");
    assert!(app.query_all_by_label_contains("staging agent answers").next().is_none());
}

#[test]
fn the_chats_endpoint_is_bound_on_offer_and_awaited_after_a_restart_of_the_app() {
    let servers = Servers::shared();
    servers.make_model("answering-offer", 7, &[("prod", 3)]);
    let folder = tempfile::tempdir().unwrap();
    let url = servers.agent_server().url();
    let mut app = start(Start {
        uri: Some(servers.uri().to_owned()),
        config_folder: Some(folder.path().to_owned()),
        ..Start::default()
    });
    until_home(&mut app);
    talk_to(&mut app, url);
    show_board(&mut app, "answering-offer", 7);
    move_prod_to(&mut app, 7);
    click(&mut app, "It serves prod");
    wait_for_text(&mut app, "These versions have no logged model that a trace could name");
    step_until(&mut app, "the settings to be written", |_| {
        let written = std::fs::read_to_string(folder.path().join("settings.json"));
        written.is_ok_and(|text| text.contains("answering-offer"))
    });
    drop(app);

    let mut app = start(Start {
        uri: Some(servers.uri().to_owned()),
        config_folder: Some(folder.path().to_owned()),
        ..Start::default()
    });
    until_home(&mut app);
    apply(&mut app, board("answering-offer"));
    wait_for_text(&mut app, "Not known which version the endpoint 127.0.0.1");
    enter_on(&mut app, "I restarted it");
    wait_for_text(&mut app, "was restarted. It has not been seen to answer as v7 yet");
    assert_eq!(servers.alias("answering-offer", "prod"), Some(7));
}

#[test]
fn an_endpoint_that_names_its_model_is_taken_at_its_word() {
    let servers = Servers::shared();
    let model = "answering-named";
    let code = r#"
from mlflow.entities import LoggedModelStatus
experiment = client.get_experiment_by_name("agents")
client.create_registered_model(args)
made = []
for number in (1, 2):
    logged = client.create_logged_model(experiment.experiment_id, name=f"{args}-{number}")
    client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
    client.create_model_version(args, f"models:/{logged.model_id}", model_id=logged.model_id)
    made.append(logged.model_id)
client.set_registered_model_alias(args, "prod", "1")
made
"#;
    let made = servers.python_with(code, &serde_json::json!(model));
    let old = servers.agent_server_naming(made[0].as_str().unwrap());
    let mut app = start(Start { uri: Some(servers.uri().to_owned()), ..Start::default() });
    until_home(&mut app);
    talk_to(&mut app, old.url());
    click(&mut app, "Edit the endpoint");
    type_into(&mut app, "Name", "naming agent");
    type_into(&mut app, "Serves", &format!("models:/{model}@prod"));
    click(&mut app, "Save");
    wait_for(&mut app, &format!("naming agent · serves models:/{model}@prod"));
    show_board(&mut app, model, 2);
    drag(&mut app, "alias prod", "version 2");
    wait_for(&mut app, "prod: v1 → v2");
    confirm(&mut app, "prod");
    // By the id of its logged model, before anybody asked the agent anything.
    wait_for(
        &mut app,
        "Registry updated. The endpoint naming agent still answers as v1 until it is restarted",
    );
    let new = servers.agent_server_naming(&format!("models:/{model}/2"));
    drop(old);
    click(&mut app, "Chat");
    click(&mut app, "Edit the endpoint");
    type_into(&mut app, "URL", new.url());
    click(&mut app, "Save");
    apply(&mut app, board(model));
    // By keyboard.
    wait_for(&mut app, "Check again");
    app.query_by_label("Check again").unwrap().focus();
    app.step();
    press(&mut app, Key::Enter);
    wait_for(&mut app, "The endpoint naming agent answers as v2");
    assert_eq!(servers.alias(model, "prod"), Some(2));
}
