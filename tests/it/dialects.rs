//! Agents that take messages: found out from the model, the refusal and the settings, and asked in their own words.

use egui_kittest::kittest::Queryable as _;
use flowdeck::agent::{Dialect, Outcome, RequestDialect, to_curl, to_python};
use flowdeck::state::Route;
use flowdeck::state::chat::{Conversation, Turn};
use serde_json::{Value, json};

use crate::support::app::{App, Start, click, start, step_until, type_into, wait_for, wait_for_text};
use crate::support::{Proxy, Servers};

fn talk_to(app: &mut App, url: &str) {
    click(app, "Chat");
    type_into(app, "Agent address", url);
    app.key_press(egui::Key::Enter);
    step_until(app, "a probe", |app| app.state().state().chat.target.found().is_some());
}

fn conversation(app: &App) -> &Conversation {
    app.state().state().chat.current().expect("there is always one")
}

fn last(app: &App) -> &Turn {
    conversation(app).turns.last().expect("something was sent")
}

fn say(app: &mut App, text: &str) {
    let turns = conversation(app).turns.len();
    type_into(app, "Message", text);
    app.key_press(egui::Key::Enter);
    step_until(app, "the turn to begin", |app| conversation(app).turns.len() > turns);
    until_over(app);
}

fn until_over(app: &mut App) {
    step_until(app, "the answer's end", |app| !conversation(app).is_running());
    app.step();
}

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
    say(&mut app, "hello");
    wait_for_text(&mut app, "This endpoint wants messages: use ChatAgent");
    let posts = || proxy.requests().into_iter().filter(|seen| seen.method == "POST").count();
    assert_eq!(posts(), 1);
    click(&mut app, "Use ChatAgent and send again");
    until_over(&mut app);
    wait_for(&mut app, "· ChatAgent");
    assert_eq!((posts(), last(&app).answer.text().as_str()), (2, "Turn 1: you said 'hello'"));

    // Tools go back as calls and `tool` messages.
    say(&mut app, "weather, please");
    assert_eq!(last(&app).answer.dialect, Dialect::ChatAgent);
    wait_for(&mut app, "get_weather");
    click(&mut app, "Token, system prompt, custom inputs, streaming");
    type_into(&mut app, "System prompt", "be brief");
    type_into(&mut app, "custom_inputs", "{\"depth\": 2}");
    type_into(&mut app, "context", "{\"user_id\": \"ann\"}");
    say(&mut app, "echo");
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
    say(&mut app, "hello");
    say(&mut app, "again");
    assert_eq!(last(&app).answer.text(), "Turn 2: you said 'again'");
    assert_eq!(last(&app).answer.dialect, Dialect::ChatCompletions);

    // What goes beside the messages, as the settings say.
    click(&mut app, "Edit the endpoint");
    type_into(&mut app, "Request fields", "{\"temperature\": 0.25}");
    click(&mut app, "Save");
    say(&mut app, "echo");
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
