//! Agents that take messages: found out from the model, the refusal and the settings, and asked in their own words.

use egui_kittest::kittest::{NodeT as _, Queryable as _};
use flowdeck::agent::{Dialect, Outcome, RequestDialect, to_curl, to_python};
use flowdeck::state::Route;
use serde_json::{Value, json};

use crate::support::app::{
    App, Start, click, is_shown, press, screen, start, step_until, type_into, wait_for, wait_for_text,
};
use crate::support::chat::{ask, conversation, last, talk_to, until_over};
use crate::support::{Proxy, Servers};

/// What an echoing agent was sent.
fn echoed(app: &App) -> Value {
    serde_json::from_str(&last(app).answer.text()).expect("the request as JSON")
}

#[test]
fn agents_that_want_messages_are_asked_in_messages() {
    let servers = Servers::empty();
    servers.register_chat_models();
    let (agent, model) =
        (servers.serve("models:/CountingAgent@prod"), servers.serve("models:/CountingModel@prod"));
    let mut app = start(Start { uri: Some(servers.uri().to_owned()), ..Start::default() });
    step_until(&mut app, "the server", |app| {
        matches!(app.state().state().navigation.current(), Route::Experiment { .. })
    });

    // Nothing tells: the refusal names what it wants, and only a click sends again.
    let proxy = Proxy::start(agent.root());
    talk_to(&mut app, &format!("{}/invocations", proxy.uri()));
    wait_for(&mut app, "· Responses");
    ask(&mut app, "hello");
    wait_for_text(&mut app, "This endpoint wants messages: use ChatAgent");
    let posts = || proxy.requests().into_iter().filter(|seen| seen.method == "POST").count();
    assert_eq!(posts(), 1);
    click(&mut app, "Use ChatAgent and send again");
    until_over(&mut app);
    wait_for(&mut app, "· ChatAgent");
    assert_eq!((posts(), last(&app).answer.text().as_str()), (2, "Turn 1: you said 'hello'"));

    // Tools go back as calls and `tool` messages.
    ask(&mut app, "weather, please");
    assert_eq!(last(&app).answer.dialect, Dialect::ChatAgent);
    wait_for(&mut app, "get_weather");
    click(&mut app, "Token, system prompt, custom inputs, streaming");
    type_into(&mut app, "System prompt", "be brief");
    type_into(&mut app, "custom_inputs", "{\"depth\": 2}");
    type_into(&mut app, "user_id", "ann");
    ask(&mut app, "echo");
    let seen = echoed(&app);
    let roles: Vec<&str> =
        seen["messages"].as_array().unwrap().iter().map(|it| it["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user", "assistant", "tool", "assistant", "user"]);
    assert_eq!(seen["messages"][5]["name"], "get_weather");
    assert_eq!(
        (&seen["custom_inputs"], &seen["context"]),
        (&json!({"depth": 2}), &json!({"user_id": "ann"}))
    );
    assert_eq!(last(&app).answer.outcome, Outcome::Completed);

    // The model that is served tells, before anything is sent.
    talk_to(&mut app, model.url());
    click(&mut app, "Edit the endpoint");
    type_into(&mut app, "Serves", "models:/CountingModel@prod");
    click(&mut app, "Save");
    wait_for(&mut app, "· Chat completions");
    click(&mut app, "New conversation");
    ask(&mut app, "hello");
    ask(&mut app, "again");
    assert_eq!(last(&app).answer.text(), "Turn 2: you said 'again'");
    assert_eq!(last(&app).answer.dialect, Dialect::ChatCompletions);

    // What goes beside the messages, as the settings say.
    click(&mut app, "Edit the endpoint");
    type_into(&mut app, "Request fields", "{\"temperature\": 0.25}");
    click(&mut app, "Save");
    ask(&mut app, "echo");
    assert_eq!(echoed(&app)["params"]["temperature"], 0.25);
    assert_eq!(echoed(&app)["messages"].as_array().unwrap().len(), 6, "and the system prompt");

    // Copies say the same.
    let turn = last(&app);
    let payload = conversation(&app).payload(turn.id).unwrap();
    let copies = to_curl(&turn.endpoint, &payload) + &to_python(&turn.endpoint, &payload);
    assert!(copies.contains("\"messages\"") && !copies.contains("\"input\"") && copies.contains("0.25"));
    assert_eq!(turn.endpoint.dialect(), RequestDialect::ChatCompletions);

    // What was chosen comes before what the model says.
    click(&mut app, "Edit the endpoint");
    app.get_by_role_and_label(egui::Role::ComboBox, "Dialect").click();
    app.step();
    click(&mut app, "ChatAgent");
    click(&mut app, "Save");
    wait_for(&mut app, "· ChatAgent");
}

#[test]
fn headers_go_along_and_their_secrets_with_messages_only() {
    let proxy = Proxy::start(Servers::shared().agent_server().root());
    let folder = tempfile::tempdir().unwrap();
    let mut app = start(Start { config_folder: Some(folder.path().to_owned()), ..Start::default() });
    talk_to(&mut app, &format!("{}/invocations", proxy.uri()));
    click(&mut app, "Edit the endpoint");
    type_into(&mut app, "Headers", "X-Team: logistics\nApi-Key: 1234");
    wait_for_text(&mut app, "Line 2: the value of Api-Key is not kept");
    // Any variable that is set will do.
    type_into(&mut app, "Headers", "X-Team: logistics\nApi-Key: $PATH");
    click(&mut app, "Save");
    click(&mut app, "Check the endpoint");
    wait_for_text(&mut app, "AgentServer");
    ask(&mut app, "done only");
    assert_eq!(last(&app).answer.outcome, Outcome::Completed);
    let path = std::env::var("PATH").unwrap();
    let seen = proxy.requests();
    let asked = seen.iter().find(|seen| seen.method == "POST").unwrap();
    assert_eq!((asked.header("x-team"), asked.header("api-key")), (Some("logistics"), Some(path.as_str())));
    assert!(seen.iter().filter(|seen| seen.method == "GET").all(|seen| seen.header("api-key").is_none()));
    assert!(seen.iter().any(|seen| seen.method == "GET" && seen.header("x-team").is_some()));
    drop(app);
    let kept = std::fs::read_to_string(folder.path().join("settings.json")).unwrap();
    assert!(kept.contains("$PATH") && !kept.contains(&path));
}

#[test]
fn a_certificate_that_is_not_verified_is_said_all_the_time() {
    let mut app = start(Start::default());
    talk_to(&mut app, "https://localhost:1/invocations");
    click(&mut app, "Edit the endpoint");
    click(&mut app, "Do not verify the certificate");
    click(&mut app, "Save");
    wait_for_text(&mut app, "The certificate is not verified");
    talk_to(&mut app, "https://localhost:2/invocations");
    assert!(app.query_by_label_contains("The certificate is not verified").is_none());
    talk_to(&mut app, "https://localhost:1/invocations");
    wait_for_text(&mut app, "The certificate is not verified");
}

#[test]
fn an_endpoint_is_edited_from_the_keyboard() {
    let mut app = start(Start::default());
    talk_to(&mut app, "localhost:1");
    click(&mut app, "Edit the endpoint");
    let fields = [
        ("Name", "staging"),
        ("URL", "localhost:2/invocations"),
        ("Serves", ""),
        // Without a server there is nothing to choose from what it serves.
        ("Dialect", ""),
        ("Token from", ""),
        ("Token variable", "STAGING_TOKEN"),
        ("Timeout in seconds", "30"),
        ("Custom inputs", "{\"depth\": 2}"),
        ("Mark each message, so that its trace is found", ""),
        ("Request fields", "{\"temperature\": 0.5}"),
        ("Headers", "X-Team: logistics"),
        ("CA file", "/etc/ssl/team.pem"),
        ("Do not verify the certificate", ""),
        ("Cancel", ""),
    ];
    let save = fields.len() - 1;
    for (index, (field, text)) in fields.into_iter().enumerate() {
        if index == save {
            assert!(has_focus(&app, "Save"), "{}", screen(&app));
            press(&mut app, egui::Key::Tab);
        }
        assert!(has_focus(&app, field), "{field} is not reached\n{}", screen(&app));
        if !text.is_empty() {
            app.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
            app.event(egui::Event::Text(text.to_owned()));
            app.step();
        }
        if field.starts_with("Do not") {
            press(&mut app, egui::Key::Space);
        }
        press(&mut app, egui::Key::Tab);
    }
    // Round, and from a field of one line Enter saves.
    assert!(has_focus(&app, "Name"), "{}", screen(&app));
    press(&mut app, egui::Key::Enter);
    assert!(!is_shown(&app, "Request fields"));
    let saved = |app: &App| app.state().state().settings.get().profile("http://localhost:2/invocations");
    let profile = saved(&app);
    assert_eq!(profile.name, "staging");
    assert_eq!((profile.token_variable.as_str(), profile.timeout_s), ("STAGING_TOKEN", Some(30)));
    assert_eq!(
        (profile.custom_inputs.as_str(), profile.request_fields.as_str()),
        ("{\"depth\": 2}", "{\"temperature\": 0.5}")
    );
    assert_eq!((profile.headers[0].line().as_str(), profile.headers.len()), ("X-Team: logistics", 1));
    assert_eq!((profile.ca_file.as_str(), profile.unverified), ("/etc/ssl/team.pem", true));

    // In a field of several lines Enter is a line, and Ctrl+Enter saves. Esc leaves all as it was.
    click(&mut app, "Edit the endpoint");
    type_into(&mut app, "Headers", "X-Team: logistics");
    press(&mut app, egui::Key::Enter);
    app.event(egui::Event::Text("X-Site: north".to_owned()));
    app.step();
    app.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Enter);
    app.step();
    step_until(&mut app, "the editor to close", |app| !is_shown(app, "Request fields"));
    assert_eq!(saved(&app).headers.len(), 2);
    click(&mut app, "Edit the endpoint");
    type_into(&mut app, "Name", "production");
    press(&mut app, egui::Key::Escape);
    step_until(&mut app, "the editor to close", |app| !is_shown(app, "Request fields"));
    assert_eq!(saved(&app).name, "staging");
}

fn has_focus(app: &App, label: &str) -> bool {
    app.query_all_by_label(label).any(|node| node.accesskit_node().is_focused())
}
