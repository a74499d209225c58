//! Several endpoints under one field to write in: the sample's two agents, real agent servers, and what promoting one
//! of them leaves in the plan and in the journal.

use std::time::Duration;

use egui::Key;
use egui_kittest::kittest::Queryable as _;
use flowdeck::state::chat::{ChatCommand, Conversation};
use flowdeck::state::endpoints::Identity;
use flowdeck::state::journal::Outcome;
use flowdeck::state::{ModelKind, Route};

use crate::support::app::{
    App, Start, apply, click, click_secondary, confirm, done_here, enter_on, is_shown, open, press, start,
    step_until, type_into, wait_for, wait_for_text,
};
use crate::support::{Fault, Proxy, Servers};

const MODEL: &str = "MyMinimalAgent_Registered";
const PROD: &str = "Sample agent, prod";
const CANDIDATE: &str = "Sample agent, candidate";

fn panes(app: &App) -> Vec<&Conversation> {
    app.state().state().chat.panes()
}

fn sample(start_with: Start) -> App {
    let mut app = start(Start { sample: true, ..start_with });
    step_until(&mut app, "the sample", |app| app.state().state().workspace.is_some());
    app
}

/// By keyboard alone: the dialog, and Enter in its only field.
fn compare_by_keys(app: &mut App, other: &str) {
    app.key_press_modifiers(egui::Modifiers::COMMAND.plus(egui::Modifiers::SHIFT), Key::Enter);
    app.step();
    app.step();
    wait_for(app, other);
    let check = app.query_all_by_label(other).next().expect("it is there");
    check.focus();
    app.step();
    press(app, Key::Space);
    type_into(app, "Another address", "");
    press(app, Key::Enter);
    step_until(app, "two panes", |app| panes(app).len() == 2);
}

fn ask(app: &mut App, words: &str) {
    type_into(app, "Message", words);
    app.key_press_modifiers(egui::Modifiers::COMMAND, Key::Enter);
    app.step();
}

fn wait_for_answers(app: &mut App, turns: usize) {
    step_until(app, "all answers", |app| {
        panes(app).iter().all(|pane| pane.turns.len() == turns && !pane.is_running())
    });
}

#[test]
fn two_agents_answer_and_the_better_one_is_promoted_with_the_conversation_as_evidence() {
    let mut app = sample(Start::default());
    compare_by_keys(&mut app, CANDIDATE);
    ask(&mut app, "Why is OTIF down this week?");
    step_until(&mut app, "both streams", |app| panes(app).iter().all(|pane| pane.is_running()));
    wait_for_answers(&mut app, 1);
    wait_for_text(&mut app, "Differs: words and tool calls");
    wait_for(&mut app, "other arguments");
    wait_for_text(&mut app, "fastest: ");
    click(&mut app, &format!("Promote {CANDIDATE}"));
    wait_for_text(&mut app, "Conversation “Why is OTIF down this week?”");
    assert!(done_here(&app).is_empty(), "nothing is confirmed by it");
    // The evidence leads back to the comparison, from wherever one was meanwhile.
    apply(&mut app, Route::Model { kind: ModelKind::Model, name: MODEL.to_owned() });
    apply(&mut app, ChatCommand::New);
    step_until(&mut app, "another conversation", |app| panes(app).is_empty());
    click(&mut app, "Open");
    step_until(&mut app, "the comparison", |app| {
        panes(app).len() == 2 && app.state().state().navigation.current() == &Route::Chat
    });
    assert!(!is_shown(&app, "Move prod to v7"), "the link closes the plan");
    wait_for_text(&mut app, "Differs: words and tool calls");
    click(&mut app, &format!("Promote {CANDIDATE}"));
    click(&mut app, "Move prod to v7");
    step_until(&mut app, "the move", |app| {
        done_here(app).iter().any(|record| record.outcome == Outcome::Done)
    });
    let store = app.state().state().workspace.as_ref().unwrap().store.clone();
    let model = crate::support::app::runtime().block_on(store.get_registered_model(MODEL)).unwrap();
    assert_eq!(model.alias("prod"), Some(7));
    let evidence = done_here(&app)[0].change.evidence.clone().unwrap_or_default();
    assert!(evidence.contains("Why is OTIF down this week?"), "{evidence}");
}

#[test]
fn the_same_words_are_said_to_be_the_same_and_a_pane_is_closed() {
    let mut app = sample(Start::default());
    compare_by_keys(&mut app, CANDIDATE);
    ask(&mut app, "Thanks");
    wait_for_answers(&mut app, 1);
    ask(&mut app, "thank you");
    wait_for_answers(&mut app, 2);
    wait_for(&mut app, "Same");
    click(&mut app, &format!("Close {PROD}"));
    step_until(&mut app, "one conversation", |app| panes(app).is_empty());
    let chat = &app.state().state().chat;
    assert_eq!(chat.current().unwrap().turns.len(), 2);
    assert_eq!(chat.all().len(), 2, "the closed pane goes on by itself");
}

#[test]
fn a_comparison_is_there_again_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let folder = || Some(data.path().to_owned());
    let mut app = sample(Start { data_folder: folder(), ..Start::default() });
    compare_by_keys(&mut app, CANDIDATE);
    ask(&mut app, "How is Łódź doing?");
    wait_for_answers(&mut app, 1);
    app.state().state().chat.flush();
    drop(app);
    let mut app = sample(Start { data_folder: folder(), ..Start::default() });
    click(&mut app, "Chat");
    wait_for_text(&mut app, "How is Łódź doing?");
    assert_eq!(app.state().state().chat.all().len(), 1);
    click(&mut app, "How is Łódź doing?");
    step_until(&mut app, "both panes", |app| panes(app).len() == 2);
    assert!(panes(&app).iter().all(|pane| pane.turns[0].answer.has_output()));
    wait_for_text(&mut app, "Differs: words");
}

#[test]
fn one_failing_endpoint_does_not_hold_up_the_other() {
    let servers = Servers::shared();
    let mut app = open(servers.uri());
    step_until(&mut app, "the server", |app| app.state().state().workspace.is_some());
    let addresses = [servers.agent_server().url().to_owned(), "http://127.0.0.1:9/invocations".to_owned()];
    apply(&mut app, ChatCommand::Compare(addresses.to_vec()));
    step_until(&mut app, "two panes", |app| panes(app).len() == 2);
    ask(&mut app, "hello");
    wait_for_answers(&mut app, 1);
    wait_for(&mut app, "Failed: 1 of 2");
    wait_for(&mut app, "Retry");
    assert!(panes(&app)[0].turns[0].error().is_none() && panes(&app)[1].turns[0].error().is_some());
    assert!(!is_shown(&app, "Same"));
}

#[test]
fn of_a_pane_that_failed_nothing_is_said_to_differ() {
    let servers = Servers::shared();
    let mut app = open(servers.uri());
    step_until(&mut app, "the server", |app| app.state().state().workspace.is_some());
    let agent = servers.agent_server();
    let proxy = Proxy::start(agent.root());
    let as_well = format!("{}/invocations", proxy.uri().trim_end_matches('/'));
    let addresses = [agent.url(), "http://127.0.0.1:9/invocations", &as_well].map(str::to_owned);
    apply(&mut app, ChatCommand::Compare(addresses.to_vec()));
    step_until(&mut app, "three panes", |app| panes(app).len() == 3);
    ask(&mut app, "Why is OTIF down?");
    wait_for_answers(&mut app, 1);
    let ids = |app: &App| -> Vec<u64> { panes(app).iter().map(|pane| pane.turns[0].id).collect() };
    let ids = ids(&app);
    step_until(&mut app, "what differs", |app| {
        app.state().state().chat.difference(ids[0], ids[2]).is_some_and(|found| found.is_same())
    });
    app.step();
    assert!(app.state().state().chat.difference(ids[0], ids[1]).is_none());
    wait_for(&mut app, "Failed: 1 of 3");
    assert!(app.query_all_by_label_contains("Not called here").next().is_none());
}

#[test]
fn what_another_endpoint_said_before_is_no_evidence_for_the_one_beside_it() {
    let mut app = sample(Start::default());
    click(&mut app, "Chat");
    ask(&mut app, "Thanks");
    step_until(&mut app, "an answer", |app| {
        app.state().state().chat.current().is_some_and(|it| it.turns.len() == 1 && !it.is_running())
    });
    compare_by_keys(&mut app, CANDIDATE);
    let promotion = |app: &App| app.state().state().promotion(panes(app)[1]).map(|it| it.version);
    assert_eq!(panes(&app)[1].turns.len(), 1, "it is taken along");
    assert_eq!(promotion(&app), Err("Ask it something first: the conversation is the evidence"));
    ask(&mut app, "Thanks again");
    wait_for_answers(&mut app, 2);
    assert_eq!(promotion(&app), Ok(7));
    click(&mut app, &format!("Promote {CANDIDATE}"));
    wait_for_text(&mut app, "Conversation “Thanks”, just now: 1 turn");
}

/// What is known of whom a pane talks to.
fn identity(app: &App, pane: usize) -> Identity {
    app.state().state().identity(panes(app)[pane])
}

#[test]
fn a_click_finds_out_which_version_a_pane_answers_as_by_the_trace_of_a_question() {
    let servers = Servers::shared();
    let mut app = open(servers.uri());
    step_until(&mut app, "the server", |app| app.state().state().workspace.is_some());
    let minimal = Proxy::start(servers.serve_minimal().root());
    let address = format!("{}/invocations", minimal.uri().trim_end_matches('/'));
    let addresses = vec![address, servers.agent_server().url().to_owned()];
    apply(&mut app, ChatCommand::Compare(addresses));
    step_until(&mut app, "two panes", |app| panes(app).len() == 2);
    ask(&mut app, "hello");
    wait_for_answers(&mut app, 1);
    let [first, second] = [0, 1].map(|at| format!("Find out which version {} is", titles(&app)[at]));
    wait_for(&mut app, &first);
    assert_eq!(identity(&app, 0), Identity::Unknown);
    let asked = minimal.count("POST", "/invocations");
    minimal.once("POST", "/invocations", Fault::Delay(Duration::from_secs(1)));
    click(&mut app, &first);
    wait_for(&mut app, "asking, and looking for its trace…");
    step_until(
        &mut app,
        "the version",
        |app| matches!(identity(app, 0), Identity::Version { model, version: 3, .. } if model == MODEL),
    );
    assert_eq!(minimal.count("POST", "/invocations"), asked + 1, "it is asked once");
    assert!(!is_shown(&app, &first));
    let promote = format!("Promote {}", titles(&app)[0]);
    wait_for(&mut app, &promote);
    // The trace of the other one names no model: that is said, and one may ask again. By keyboard.
    enter_on(&mut app, &second);
    wait_for(&mut app, "It answered, but its trace names no version, or several");
    assert!(is_shown(&app, &second));
}

/// What the panes' endpoints are called.
fn titles(app: &App) -> Vec<String> {
    panes(app).iter().map(|pane| app.state().state().candidate(pane.address()).title).collect()
}

/// On the board, by the menu of a version.
fn choose_in_menu(app: &mut App, version: &str, entry: &str) {
    let route = Route::Model { kind: ModelKind::Model, name: MODEL.to_owned() };
    apply(app, route);
    click_secondary(app, version);
    app.step();
    click(app, entry);
}

#[test]
fn a_version_is_talked_to_beside_the_one_it_would_replace() {
    let mut app = sample(Start::default());
    choose_in_menu(&mut app, "version 7", "Compare answers with prod (v3)");
    step_until(&mut app, "two panes", |app| panes(app).len() == 2);
    assert_eq!(titles(&app), [PROD, CANDIDATE]);
    ask(&mut app, "Thanks");
    wait_for_answers(&mut app, 1);
    // From the plan; what was said stays.
    choose_in_menu(&mut app, "version 7", "Move prod here from v3…");
    click(&mut app, "Compare with the one it would replace");
    step_until(&mut app, "the chat", |app| matches!(app.state().state().navigation.current(), Route::Chat));
    assert!(app.state().state().workspace.as_ref().unwrap().registry.plan().is_none());
    assert_eq!(panes(&app)[0].turns.len(), 1);
    // By keyboard, from the version's page.
    apply(&mut app, ChatCommand::New);
    let name = MODEL.to_owned();
    apply(&mut app, Route::Version { kind: ModelKind::Model, name, version: 7 });
    app.key_press_modifiers(egui::Modifiers::COMMAND, Key::K);
    app.step();
    app.step();
    app.event(egui::Event::Text("compare answers".to_owned()));
    app.step();
    app.step();
    press(&mut app, Key::Enter);
    step_until(&mut app, "two panes", |app| panes(app).len() == 2);
    assert_eq!(titles(&app), [PROD, CANDIDATE]);
    assert!(panes(&app)[0].turns.is_empty(), "a conversation of its own");
}

#[test]
fn a_version_that_is_served_nowhere_is_named_and_can_be_served() {
    let mut app = sample(Start::default());
    choose_in_menu(&mut app, "version 5", "Compare answers with prod (v3)");
    wait_for_text(&mut app, "No endpoint that is known answers as v5");
    assert!(panes(&app).is_empty());
    click(&mut app, "Serve v5 here…");
    step_until(&mut app, "the question how", |app| app.state().state().serve.asked().is_some());
    let asked = app.state().state().serve.asked().map(|asked| asked.model.clone());
    assert_eq!(asked, Some(format!("models:/{MODEL}/5")));
}

#[test]
fn of_two_agent_servers_the_better_one_is_promoted_and_the_journal_has_it() {
    let model = "SideBySide";
    let servers = Servers::shared();
    servers.make_model(model, 2, &[("prod", 1), ("candidate", 2)]);
    let served = [1, 2].map(|version| servers.agent_server_naming(&format!("models:/{model}/{version}")));
    let mut app = open(servers.uri());
    step_until(&mut app, "the server", |app| app.state().state().workspace.is_some());
    apply(&mut app, ChatCommand::Compare(served.iter().map(|one| one.url().to_owned()).collect()));
    step_until(&mut app, "two panes", |app| panes(app).len() == 2);
    ask(&mut app, "Why is OTIF down?");
    wait_for_answers(&mut app, 1);
    wait_for(&mut app, "Same");
    let second = titles(&app).remove(1);
    click(&mut app, &format!("Promote {second}"));
    wait_for(&mut app, "prod: v1 → v2");
    wait_for_text(&mut app, "Conversation “Why is OTIF down?”");
    assert_eq!(servers.alias(model, "prod"), Some(1), "nothing is confirmed by it");
    confirm(&mut app, "prod");
    step_until(&mut app, "the move", |app| {
        done_here(app).iter().any(|record| record.outcome == Outcome::Done)
    });
    assert_eq!(servers.alias(model, "prod"), Some(2));
    let evidence = done_here(&app)[0].change.evidence.clone().unwrap_or_default();
    assert!(evidence.contains("Why is OTIF down?"), "{evidence}");
}
