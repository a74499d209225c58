//! Talking to served agents: streamed and not, stopped, failing, and over several turns.

use egui_kittest::kittest::Queryable as _;
use flowdeck::agent::Outcome;
use serde_json::json;

use crate::support::app::{
    App, Start, click, is_shown, press, start, step_until, tab_to, wait_for, wait_for_text,
};
use crate::support::chat::{self, conversation, last, say, until_over};
use crate::support::{Fault, Proxy, Servers};

/// The chat on a whole screen, talking to `url`. No tracking server is needed.
fn talk_to(url: &str) -> App {
    let mut app = start(Start::default());
    chat::talk_to(&mut app, url);
    app
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
    // Both are trees, in the agent's order.
    let place = |app: &App, text: &str| {
        app.query_all_by_label_contains(text).map(|node| node.rect().top()).fold(f32::INFINITY, f32::min)
    };
    wait_for(&mut app, "metric  otif");
    wait_for(&mut app, "group_by  carrier");
    assert!(place(&app, "metric  otif") < place(&app, "group_by  carrier"));
    wait_for(&mut app, "1  0.91");
    click(&mut app, "Fold rows");
    step_until(&mut app, "the rows to fold", |app| !is_shown(app, "1  0.91"));
    tab_to(&mut app, "Unfold rows");
    press(&mut app, egui::Key::Space);
    wait_for(&mut app, "1  0.91");
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

/// Puts the keyboard on a button and presses a key.
fn press_on(app: &mut App, label: &str, key: egui::Key) {
    wait_for(app, label);
    app.query_all_by_label(label).next_back().expect("it was there").focus();
    app.step();
    press(app, key);
}

#[test]
fn an_approval_is_asked_for_and_its_answer_goes_back_behind_the_request() {
    let proxy = Proxy::start(Servers::shared().agent_server().root());
    let mut app = talk_to(&format!("{}/invocations", proxy.uri()));
    for (by_key, approve, said) in
        [(false, true, "GDN-4711 is rebooked."), (true, false, "GDN-4711 stays where it is.")]
    {
        let turns = conversation(&app).turns.len();
        say(&mut app, "approval");
        until_over(&mut app);
        wait_for_text(&mut app, "The agent asks to run rebook_load on dispatch");
        wait_for_text(&mut app, "GDN-4711");
        if by_key {
            press_on(&mut app, "Deny", egui::Key::Enter);
        } else {
            click(&mut app, "Approve");
        }
        step_until(&mut app, "the answer to go out", |app| conversation(app).turns.len() == turns + 2);
        until_over(&mut app);
        wait_for(&mut app, said);
        wait_for(&mut app, if approve { "Approved: rebook_load" } else { "Denied: rebook_load" });
        assert!(!is_shown(&app, "Approve") && !is_shown(&app, "Deny"), "it is decided");
        let posts: Vec<_> = proxy.requests().into_iter().filter(|seen| seen.method == "POST").collect();
        let input = posts.last().expect("it was sent").json()["input"].clone();
        let [.., asked, request, response] = input.as_array().expect("a list").as_slice() else {
            panic!("too short: {input}");
        };
        assert_eq!(*asked, json!({"role": "user", "content": "approval"}));
        assert_eq!(
            (&request["type"], &request["id"]),
            (&json!("mcp_approval_request"), &json!("mcpr_1")),
            "the request as it came"
        );
        assert_eq!((&request["name"], &request["server_label"]), (&json!("rebook_load"), &json!("dispatch")));
        assert_eq!(request["arguments"], "{\"load\": \"GDN-4711\"}");
        assert_eq!(
            *response,
            json!({"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": approve})
        );
    }
}

#[test]
fn an_answer_names_its_sources() {
    let mut app = talk_to(Servers::shared().agent_server().url());
    say(&mut app, "sources");
    until_over(&mut app);
    wait_for(&mut app, "Sources");
    wait_for(&mut app, "OTIF dashboard");
    wait_for(&mut app, "carriers.md");
}

/// Draws until the agent said so many characters more.
fn until_more(app: &mut App, characters: usize) {
    let before = last(app).answer.text().len();
    step_until(app, "more words", |app| last(app).answer.text().len() >= before + characters);
    app.step();
}

#[test]
fn the_view_follows_the_end_only_while_it_is_there() {
    let mut app = talk_to(Servers::shared().agent_server().url());
    for _ in 0..3 {
        say(&mut app, "done only");
        until_over(&mut app);
    }
    say(&mut app, "slow, please");
    step_until(&mut app, "some words", |app| last(app).answer.has_output());
    let top = |app: &App| app.get_by_label("slow, please").rect().top();
    app.step();
    let before = top(&app);
    until_more(&mut app, 300);
    assert!(top(&app) < before - 10.0, "it follows: {before} to {}", top(&app));
    assert!(!is_shown(&app, "New text below"));

    app.hover_at(egui::pos2(900.0, 450.0));
    app.event(egui::Event::MouseWheel {
        source: egui::MouseWheelSource::Wheel,
        unit: egui::MouseWheelUnit::Point,
        delta: egui::vec2(0.0, 250.0),
        phase: egui::TouchPhase::Move,
        modifiers: egui::Modifiers::NONE,
    });
    wait_for(&mut app, "New text below");
    for _ in 0..30 {
        app.step();
    }
    let away = top(&app);
    until_more(&mut app, 300);
    assert!((top(&app) - away).abs() < 0.5, "the text stays where it was: {away} to {}", top(&app));
    assert!(conversation(&app).is_running());

    press_on(&mut app, "New text below", egui::Key::Space);
    step_until(&mut app, "the end", |app| !is_shown(app, "New text below"));
    let back = top(&app);
    assert!(back < away, "{away} to {back}");
    until_more(&mut app, 300);
    assert!(top(&app) < back - 10.0, "it follows again: {back} to {}", top(&app));
    let said = last(&app).answer.text();
    click(&mut app, "Stop");
    until_over(&mut app);
    assert!(last(&app).answer.text().starts_with(&said), "what came stays");
}

#[test]
fn branches_are_made_and_walked_by_keyboard_alone() {
    let mut app = talk_to(Servers::shared().agent_server().url());
    say(&mut app, "incomplete");
    until_over(&mut app);
    press_on(&mut app, "Regenerate", egui::Key::Enter);
    wait_for(&mut app, "2/2");
    until_over(&mut app);
    press_on(&mut app, "The branch before", egui::Key::Space);
    wait_for(&mut app, "1/2");
    press_on(&mut app, "The next branch", egui::Key::Space);
    wait_for(&mut app, "2/2");

    press_on(&mut app, "Edit and send again", egui::Key::Enter);
    wait_for_text(&mut app, "Sent in its place");
    press(&mut app, egui::Key::Escape);
    step_until(&mut app, "the change to be given up", |app| {
        app.query_by_label_contains("Sent in its place").is_none()
    });
    press_on(&mut app, "Edit and send again", egui::Key::Enter);
    wait_for_text(&mut app, "Sent in its place");
    // The cursor is in the message already.
    app.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    app.event(egui::Event::Text("sources".to_owned()));
    app.step();
    press(&mut app, egui::Key::Enter);
    wait_for(&mut app, "3/3");
    until_over(&mut app);
    wait_for(&mut app, "OTIF dashboard");
    assert_eq!(conversation(&app).turns.len(), 1);
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
