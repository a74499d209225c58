//! Talking to an agent in the app.

use egui::Key;
use flowdeck::state::chat::{Conversation, Turn};

use super::app::{App, click, press, step_until, type_into};

/// Opens the chat on an agent, and waits until it was found or not.
#[track_caller]
pub fn talk_to(app: &mut App, url: &str) {
    click(app, "Chat");
    type_into(app, "Agent address", url);
    press(app, Key::Enter);
    step_until(app, "a probe", |app| app.state().state().chat.target.found().is_some());
}

/// The conversation that is shown.
pub fn conversation(app: &App) -> &Conversation {
    app.state().state().chat.current().expect("there is always one")
}

/// Its last turn.
pub fn last(app: &App) -> &Turn {
    conversation(app).turns.last().expect("something was sent")
}

/// Sends a message, and waits until it is on its way.
#[track_caller]
pub fn say(app: &mut App, text: &str) {
    let turns = conversation(app).turns.len();
    type_into(app, "Message", text);
    app.key_press(Key::Enter);
    step_until(app, "the turn to begin", |app| conversation(app).turns.len() > turns);
}

/// Waits for the end of the answer.
#[track_caller]
pub fn until_over(app: &mut App) {
    step_until(app, "the answer's end", |app| !conversation(app).is_running());
    app.step();
}

/// Sends a message, and waits for the end of the answer.
#[track_caller]
pub fn ask(app: &mut App, text: &str) {
    say(app, text);
    until_over(app);
}
