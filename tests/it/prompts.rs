//! Prompts of the registry in a message: found, filled in, inserted, and used as the system prompt.

use egui_kittest::kittest::{NodeT as _, Queryable as _};
use flowdeck::state::chat::{Ask, Conversation, Turn};

use crate::support::app::{
    App, Start, click, is_shown, press, start, step_until, type_into, wait_for, wait_for_text,
};
use crate::support::{Fault, Proxy, Servers};

fn current(app: &App) -> &Conversation {
    app.state().state().chat.current().unwrap()
}

/// What is written in the field of this name.
fn written(app: &App, field: &str) -> String {
    let mut fields = app.query_all_by_label(field).filter_map(|node| node.accesskit_node().value());
    fields.next().unwrap_or_default()
}

fn typed(app: &mut App, text: &str) {
    app.event(egui::Event::Text(text.to_owned()));
    app.step();
    app.step();
}

fn send(app: &mut App) -> Turn {
    let before = current(app).turns.len();
    press(app, egui::Key::Enter);
    step_until(app, "the turn to begin", |app| current(app).turns.len() > before);
    step_until(app, "the answer's end", |app| !current(app).is_running());
    current(app).turns.last().unwrap().clone()
}

fn said(turn: &Turn) -> &str {
    match &turn.ask {
        Ask::Message(message) => &message.text,
        Ask::Approvals(_) => panic!("a message was sent"),
    }
}

#[test]
fn a_prompt_of_the_server_is_filled_in_and_sent_by_pointer() {
    let servers = Servers::shared();
    let mut app = start(Start { uri: Some(servers.uri().to_owned()), ..Start::default() });
    step_until(&mut app, "the server", |app| app.state().state().workspace.is_some());
    click(&mut app, "Chat");
    type_into(&mut app, "Agent address", servers.agent_server().url());
    press(&mut app, egui::Key::Enter);
    click(&mut app, "Insert a prompt");
    // Other tests register prompts meanwhile: the row may move.
    type_into(&mut app, "Find a prompt", "summary");
    click(&mut app, "Prompt summary");
    // The alias is what is meant first.
    wait_for_text(&mut app, "Without a value yet: text");
    type_into(&mut app, "text", "a\nb");
    wait_for(&mut app, "Summarise a\nb");
    click(&mut app, "Version of the prompt");
    click(&mut app, "v2");
    wait_for(&mut app, "Summarise in three bullets:\n\na\nb");
    click(&mut app, "Insert");
    step_until(&mut app, "the message", |app| written(app, "Message").starts_with("Summarise"));
    let turn = send(&mut app);
    assert_eq!(said(&turn), "Summarise in three bullets:\n\na\nb");
    assert_eq!(turn.manner.system_prompt, "");

    // The conversation remembers the value.
    click(&mut app, "Insert a prompt");
    wait_for(&mut app, "Summarise in three bullets:\n\na\nb");
    click(&mut app, "Use as system prompt");
    step_until(&mut app, "the system prompt", |app| !current(app).system_prompt.is_empty());
    assert_eq!(current(&app).system_prompt, "Summarise in three bullets:\n\na\nb");
    assert!(!is_shown(&app, "Find a prompt"));
    assert_eq!(written(&app, "Message"), "");
}

#[test]
fn a_chat_prompt_of_the_sample_is_filled_in_and_sent_by_keyboard() {
    let mut app = start(Start { sample: true, ..Start::default() });
    step_until(&mut app, "the sample", |app| app.state().state().workspace.is_some());
    app.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Num4);
    wait_for(&mut app, "Message");
    app.step();
    typed(&mut app, "/");
    wait_for(&mut app, "Prompt dispatch-judge");
    press(&mut app, egui::Key::ArrowDown);
    wait_for(&mut app, "question");
    typed(&mut app, "judge");
    wait_for_text(&mut app, "What the system says becomes the system prompt");
    assert!(!is_shown(&app, "Prompt otif-assistant"));
    press(&mut app, egui::Key::Enter);
    typed(&mut app, "Move it to Tuesday");
    wait_for(&mut app, "Move it to Tuesday");
    app.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Enter);
    step_until(&mut app, "the message", |app| written(app, "Message") == "Move it to Tuesday");
    assert!(!is_shown(&app, "Find a prompt"));
    typed(&mut app, "?");
    let turn = send(&mut app);
    assert_eq!(said(&turn), "Move it to Tuesday?");
    assert!(turn.manner.system_prompt.starts_with("You judge proposals for late loads."));

    // Given up, a slash is a slash.
    typed(&mut app, "/");
    wait_for(&mut app, "Find a prompt");
    press(&mut app, egui::Key::Escape);
    step_until(&mut app, "the slash", |app| written(app, "Message") == "/");
    typed(&mut app, "/");
    assert_eq!(written(&app, "Message"), "//");
}

#[test]
fn a_row_stays_under_the_pointer_while_the_list_is_read_again() {
    const SEARCH: &str = "/api/2.0/mlflow/registered-models/search";
    let servers = Servers::shared();
    servers.python("client.register_prompt('rows-stay-two', 'two')");
    let proxy = Proxy::start(servers.uri());
    let mut app = start(Start { uri: Some(proxy.uri()), ..Start::default() });
    step_until(&mut app, "the server", |app| app.state().state().workspace.is_some());
    let ctx = egui::Context::default();
    app.state_mut().apply(&ctx, flowdeck::state::Route::Chat.into());
    click(&mut app, "Insert a prompt");
    type_into(&mut app, "Find a prompt", "rows-stay");
    wait_for(&mut app, "Prompt rows-stay-two");
    press(&mut app, egui::Key::Escape);

    servers.python("client.register_prompt('rows-stay-one', 'one')");
    proxy.times(9, "GET", SEARCH, Fault::Delay(std::time::Duration::from_secs(1)));
    click(&mut app, "Insert a prompt");
    type_into(&mut app, "Find a prompt", "rows-stay");
    let place = |app: &App, name: &str| app.query_all_by_label(name).next().map(|node| node.rect());
    let before = place(&app, "Prompt rows-stay-two").expect("what was read before is there at once");
    app.hover_at(before.center());
    wait_for(&mut app, "Prompt rows-stay-one");
    assert_eq!(place(&app, "Prompt rows-stay-two"), Some(before));
    assert!(place(&app, "Prompt rows-stay-one").unwrap().top() >= before.bottom(), "it came below");
    // Once the pointer is elsewhere, the order is that of the list.
    app.hover_at(egui::pos2(4.0, 4.0));
    step_until(&mut app, "the order", |app| place(app, "Prompt rows-stay-one") == Some(before));
    assert!(place(&app, "Prompt rows-stay-two").unwrap().top() >= before.bottom());
}
