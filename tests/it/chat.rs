//! Talking to served agents: streamed and not, stopped, failing, and over several turns.

use egui_kittest::kittest::Queryable as _;
use flowdeck::agent::Outcome;
use flowdeck::state::chat::{Conversation, Turn};
use serde_json::json;

use crate::support::app::{App, Start, click, start, step_until, type_into, wait_for, wait_for_text};
use crate::support::{Fault, Proxy, Servers};

/// The chat on a whole screen, talking to `url`. No tracking server is needed.
fn talk_to(url: &str) -> App {
    let mut app = start(Start::default());
    click(&mut app, "Chat");
    type_into(&mut app, "Agent address", url);
    app.key_press(egui::Key::Enter);
    step_until(&mut app, "a probe", |app| app.state().state().chat.target.found().is_some());
    app
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
}

fn until_over(app: &mut App) {
    step_until(app, "the answer's end", |app| !conversation(app).is_running());
    app.step();
}

#[test]
fn the_seed_question_gets_its_hello_world() {
    let mut app = talk_to(Servers::shared().serve_minimal().url());
    wait_for_text(&mut app, "Scoring server");
    click(&mut app, "Why is OTIF down this week?");
    wait_for(&mut app, "hello world");
    until_over(&mut app);
    assert!(last(&app).did_not_stream());
    wait_for_text(&mut app, "not streamed");
    let settings = app.state().state().settings.get();
    assert_eq!(settings.endpoints, [Servers::shared().serve_minimal().url()]);
}

#[test]
fn a_streamed_answer_shows_reasoning_the_tool_and_its_output() {
    let mut app = talk_to(Servers::shared().agent_server().url());
    wait_for_text(&mut app, "AgentServer");
    say(&mut app, "Why is OTIF down this week?");
    step_until(&mut app, "an answer under way", |app| {
        conversation(app).is_running() && last(app).answer.has_output()
    });
    until_over(&mut app);
    let turn = last(&app);
    assert!(turn.answer.streamed && turn.answer.outcome == Outcome::Completed);
    assert!(turn.report.as_ref().is_some_and(|report| report.first_token < Some(report.total)));
    wait_for_text(&mut app, "Reasoning ·");
    wait_for_text(&mut app, "42 tokens in, 180 out");
    wait_for_text(&mut app, "to the first token");
    wait_for_text(&mut app, "OTIF fell from");
    assert!(app.query_by_label("Arguments").is_none(), "folded at first");
    click(&mut app, "query_otif");
    wait_for(&mut app, "Arguments");
    wait_for_text(&mut app, "\"group_by\"");
    wait_for_text(&mut app, "Nordfracht");
}

#[test]
fn stop_keeps_what_arrived_and_says_that_the_agent_goes_on() {
    let mut app = talk_to(Servers::shared().agent_server().url());
    say(&mut app, "slow, please");
    step_until(&mut app, "some words", |app| last(app).answer.has_output());
    assert!(app.query_by_label("Send").is_none());
    click(&mut app, "Stop");
    until_over(&mut app);
    assert_eq!(last(&app).answer.outcome, Outcome::Stopped);
    assert!(last(&app).answer.text().starts_with("word 001"));
    wait_for_text(&mut app, "The agent goes on to its end on the server");

    say(&mut app, "slow again");
    step_until(&mut app, "some words", |app| last(app).answer.has_output());
    app.key_press(egui::Key::Escape);
    until_over(&mut app);
    assert_eq!(last(&app).answer.outcome, Outcome::Stopped);
}

#[test]
fn an_erring_agent_is_shown_with_its_cause() {
    let mut app = talk_to(Servers::shared().serve_raising().url());
    say(&mut app, "Why is OTIF down this week?");
    until_over(&mut app);
    wait_for_text(&mut app, "RuntimeError: warehouse connection refused: otif_daily is not reachable");
    assert!(app.query_by_label_contains("Traceback").is_none(), "folded at first");
    click(&mut app, "Everything that was said");
    wait_for_text(&mut app, "Traceback");
    click(&mut app, "Retry");
    until_over(&mut app);
    assert_eq!(conversation(&app).turns.len(), 1);

    // In a stream: what was said before stays.
    let mut app = talk_to(Servers::shared().agent_server().url());
    say(&mut app, "raise");
    until_over(&mut app);
    wait_for_text(&mut app, "tool exploded: warehouse timeout after 30 s");
    assert!(last(&app).answer.text().starts_with("Let me look into the"));
    say(&mut app, "incomplete");
    until_over(&mut app);
    wait_for_text(&mut app, "max_output_tokens");
}

#[test]
fn the_second_question_carries_the_first_turn() {
    let proxy = Proxy::start(Servers::shared().agent_server().root());
    let mut app = talk_to(&format!("{}/invocations", proxy.uri()));
    say(&mut app, "Why is OTIF down this week?");
    until_over(&mut app);
    say(&mut app, "echo what you were sent");
    until_over(&mut app);
    let posts: Vec<_> = proxy.requests().into_iter().filter(|seen| seen.method == "POST").collect();
    assert_eq!(posts.len(), 2);
    let input = posts[1].json()["input"].clone();
    let kinds: Vec<_> = input
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| item["type"].as_str().or(item["role"].as_str()).unwrap_or_default())
        .collect();
    assert_eq!(kinds, ["user", "reasoning", "function_call", "function_call_output", "message", "user"]);
    assert_eq!(input[0], json!({"role": "user", "content": "Why is OTIF down this week?"}));
    assert!(last(&app).answer.text().contains("Nordfracht"), "the agent was given it too");
    click(&mut app, "Raw request and response");
    wait_for_text(&mut app, "Request to http://");
}

#[test]
fn an_approval_is_asked_for_and_answered() {
    let mut app = talk_to(Servers::shared().agent_server().url());
    say(&mut app, "approval");
    until_over(&mut app);
    wait_for_text(&mut app, "rebook_load");
    click(&mut app, "Approve");
    step_until(&mut app, "the second turn", |app| conversation(app).turns.len() == 2);
    until_over(&mut app);
    let payload = conversation(&app).payload(last(&app).id).expect("it is shown");
    assert_eq!(payload.input.len(), 3);
}

#[test]
fn nobody_there_and_a_login_page_are_told_apart() {
    let proxy = Proxy::start(Servers::shared().agent_server().root());
    proxy.down();
    let mut app = talk_to(&proxy.uri());
    wait_for_text(&mut app, "Not reachable: Nothing is listening");
    say(&mut app, "hello?");
    until_over(&mut app);
    wait_for(&mut app, "Retry");
    proxy.up();
    proxy.always(Fault::html());
    click(&mut app, "Retry");
    until_over(&mut app);
    wait_for_text(&mut app, "A login page or proxy is in between");
    proxy.heal();
    click(&mut app, "Check the endpoint");
    wait_for_text(&mut app, "AgentServer");
    click(&mut app, "Retry");
    until_over(&mut app);
    assert_eq!(last(&app).answer.outcome, Outcome::Completed);
}

#[test]
fn beside_another_screen_it_is_the_same_conversation() {
    let mut app = talk_to(Servers::shared().serve_minimal().url());
    say(&mut app, "Why is OTIF down this week?");
    until_over(&mut app);
    click(&mut app, "Settings");
    app.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::J);
    wait_for(&mut app, "hello world");
    click(&mut app, "New conversation");
    wait_for_text(&mut app, "What would you like to know?");
    assert_eq!(app.state().state().chat.conversations().len(), 2);
    click(&mut app, "Close the chat");
    assert!(app.query_by_label("Agent address").is_none());
}
