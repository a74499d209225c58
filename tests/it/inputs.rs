//! `custom_inputs` and `context` typed as forms, where the fields are known.

use egui_kittest::kittest::Queryable as _;
use serde_json::{Value, json};

use crate::support::app::{
    App, Start, click, is_shown, press, start, step_until, type_into, wait_for, wait_for_text,
};
use crate::support::board::until_home;
use crate::support::chat::{ask, conversation};
use crate::support::{Proxy, Servers};

const NAME: &str = "DeclaringModel";

/// Registers `tests/python/agents/declaring.py` with the signature that is in it.
fn register(servers: &Servers) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/agents/declaring.py");
    let code = r#"
import runpy
mlflow.set_experiment("declaring")
signature = runpy.run_path(args["file"])["SIGNATURE"]
pins = [f"mlflow=={mlflow.__version__}"]
mlflow.pyfunc.log_model(name="agent", python_model=args["file"], signature=signature, pip_requirements=pins, registered_model_name=args["name"])
client.set_registered_model_alias(args["name"], "prod", "1")
"#;
    servers.python_with(code, &json!({ "file": file, "name": NAME }));
}

fn typed(app: &App) -> String {
    conversation(app).custom_inputs.0.clone()
}

#[test]
fn fields_that_the_signature_declares_are_a_form() {
    const WHY: &str = "custom_inputs or context above cannot be sent as it is typed";
    let servers = Servers::empty();
    register(&servers);
    let served = servers.serve(&format!("models:/{NAME}@prod"));
    let proxy = Proxy::start(served.root());
    let mut app = start(Start { uri: Some(servers.uri().to_owned()), ..Start::default() });
    until_home(&mut app);
    click(&mut app, "Chat");
    type_into(&mut app, "Agent address", &format!("{}/invocations", proxy.uri()));
    press(&mut app, egui::Key::Enter);
    click(&mut app, "Token, system prompt, custom inputs, streaming");
    assert!(!is_shown(&app, "region"), "nothing tells yet");
    click(&mut app, "Edit the endpoint");
    type_into(&mut app, "Serves", &format!("models:/{NAME}@prod"));
    click(&mut app, "Save");
    wait_for(&mut app, "region");
    wait_for(&mut app, "string, required");
    wait_for(&mut app, "array<string>");

    // What is typed is sent, and in its type.
    type_into(&mut app, "region", "Łódź");
    type_into(&mut app, "weeks", "two");
    wait_for(&mut app, "A whole number is needed");
    type_into(&mut app, "Message", "not yet");
    press(&mut app, egui::Key::Enter);
    assert!(app.state().state().chat.current().unwrap().turns.is_empty(), "what is no JSON is not sent");
    wait_for(&mut app, WHY);
    type_into(&mut app, "weeks", "2");
    step_until(&mut app, "nothing to be in the way", |app| !is_shown(app, WHY));
    type_into(&mut app, "carriers", "[\"Nordfracht\"]");
    app.get_by_role_and_label(egui::Role::ComboBox, "dry_run").click();
    app.step();
    click(&mut app, "true");
    let expected = json!({"carriers": ["Nordfracht"], "dry_run": true, "region": "Łódź", "weeks": 2});
    assert_eq!(serde_json::from_str::<Value>(&typed(&app)).unwrap(), expected);
    type_into(&mut app, "user_id", "ann");
    ask(&mut app, "hello");
    let sent = || {
        let posts = proxy.requests().into_iter().rfind(|seen| seen.method == "POST");
        posts.expect("it was sent").json()
    };
    // Chat completions have no `context`, but a `user`.
    assert_eq!((&sent()["custom_inputs"], &sent()["user"]), (&expected, &json!("ann")));
    let answer = app.state().state().chat.current().unwrap().turns[0].answer.text();
    assert_eq!(serde_json::from_str::<Value>(&answer).unwrap(), expected, "as the model was given it");

    // As JSON and back: what no field stands for stays.
    click(&mut app, "JSON custom_inputs");
    assert!(!is_shown(&app, "region"));
    type_into(&mut app, "custom_inputs", "{\"seed\": 7, \"weeks\": 3}");
    click(&mut app, "Form custom_inputs");
    wait_for(&mut app, "1 other key, sent as it is");
    type_into(&mut app, "region", "Gdynia");
    assert_eq!(typed(&app), "{\n  \"seed\": 7,\n  \"weeks\": 3,\n  \"region\": \"Gdynia\"\n}");
    ask(&mut app, "again");
    assert_eq!(sent()["custom_inputs"], json!({"seed": 7, "weeks": 3, "region": "Gdynia"}));
    // This server takes declared keys only.
    wait_for_text(&mut app, "seed");

    // In a low window they scroll, and leave room for the conversation and the field to write in.
    app.set_size(egui::vec2(1024.0, 700.0));
    let field = |app: &App| app.get_by_role_and_label(egui::Role::MultilineTextInput, "Message").rect();
    let name = |app: &App| app.get_by_role_and_label(egui::Role::TextInput, "region").rect();
    step_until(&mut app, "the field in the window and room above it", |app| {
        field(app).bottom() < 680.0 && field(app).top() - name(app).bottom() > 100.0
    });
}
