//! Several endpoints under one field to write in: the sample's two agents, real agent servers, and what promoting one
//! of them leaves in the plan and in the journal.

use egui::Key;
use flowdeck::state::chat::Conversation;
use flowdeck::state::journal::Outcome;

use crate::support::Servers;
use crate::support::app::{
    App, Start, click, done_here, is_shown, open, press, start, step_until, type_into, wait_for,
    wait_for_text,
};

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
    let check = egui_kittest::kittest::Queryable::query_all_by_label(app, other).next().expect("it is there");
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
    app.state_mut().apply(
        &egui::Context::default(),
        flowdeck::state::chat::ChatCommand::Compare(addresses.to_vec()).into(),
    );
    step_until(&mut app, "two panes", |app| panes(app).len() == 2);
    ask(&mut app, "hello");
    wait_for_answers(&mut app, 1);
    wait_for(&mut app, "Failed: 1 of 2");
    wait_for(&mut app, "Retry");
    assert!(panes(&app)[0].turns[0].error().is_none() && panes(&app)[1].turns[0].error().is_some());
    assert!(!is_shown(&app, "Same"));
}
