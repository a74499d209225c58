//! The field to write in, with Send and Stop; and the first words of an empty conversation.

use egui::{
    Align, Frame, Id, Key, KeyboardShortcut, Label, Layout, Margin, Modifiers, RichText, Stroke, TextEdit, Ui,
};

use egui::text::{CCursor, CCursorRange};
use egui::text_edit::TextEditState;

use super::Place;
use super::files::{Textures, take_pasted};
use crate::state::Command;
use crate::state::chat::{AttachCommand, Chat, ChatCommand, Message};
use crate::state::command::Commands;
use crate::state::serve::ServeCommand;
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::{Cx, widgets};

/// What to ask an agent that one does not know yet.
const FIRST_WORDS: [&str; 3] =
    ["Why is OTIF down this week?", "What can you do?", "Which tools do you have, and what do they need?"];
/// How to have somebody to talk to.
const SERVE: &str = "mlflow models serve -m models:/Name@prod -p 5001 --env-manager local";
/// What the clip does.
const ATTACH_HINT: &str = "Attach files. They can be dropped on the chat, and pictures pasted, too";
/// What the button beside it does.
const PROMPT_HINT: &str = "Insert a prompt from the registry. A / typed first does, too";
/// How it is sent.
const HINT: &str = "Enter sends · Shift+Enter for a new line";
/// The same where there is little room.
const SHORT_HINT: &str = "Enter sends";
/// A field wider than this has room for the longer one.
const ROOM_FOR_HINT: f32 = 330.0;
/// Tallest the field grows before it scrolls.
const TALLEST: f32 = 160.0;

/// What is being written.
#[derive(Debug, Default)]
pub struct ComposerView {
    text: String,
    /// It replaces an earlier message: the ids of the conversation and of the turn.
    replaces: Option<(u64, u64)>,
    focus: bool,
    /// It had the focus in the frame before: egui takes the focus away on Esc before anything is drawn.
    focused: bool,
    /// The text was changed from without: the cursor goes to its end.
    to_end: bool,
    /// A `/` was typed first.
    slash: bool,
}

impl ComposerView {
    /// Puts the cursor into it.
    pub fn focus(&mut self) {
        self.focus = true;
    }

    /// Takes an earlier message up to be changed.
    pub fn edit(&mut self, text: &str, conversation: u64, turn: u64) {
        text.clone_into(&mut self.text);
        self.replaces = Some((conversation, turn));
        self.focus = true;
    }

    /// Adds a text to what is written, and puts the cursor behind it.
    pub fn insert(&mut self, text: &str) {
        self.text.truncate(self.text.trim_end().len());
        if !self.text.is_empty() {
            self.text.push_str("\n\n");
        }
        self.text.push_str(text);
        self.to_end = true;
        self.focus = true;
    }

    /// Whether a `/` was typed first, which asks for a prompt.
    pub fn take_slash(&mut self) -> bool {
        std::mem::take(&mut self.slash)
    }

    /// Draws it.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        place: Place,
        textures: &mut Textures,
        out: &mut Commands,
    ) {
        let chat = &cx.state.chat;
        let running = chat.is_running();
        let id = ui.make_persistent_id("message");
        self.forget_replaced(chat);
        self.take_escape(ui, running, place, out);
        self.slash = self.focused && self.text.is_empty() && cx.workspace().is_some() && takes_slash(ui);
        if std::mem::take(&mut self.to_end) {
            cursor_to_end(ui, id, &self.text);
        }
        if self.focused || (place.full && ui.memory(|memory| memory.focused().is_none())) {
            take_pasted(ui, out);
        }
        if self.replaces.is_some() {
            self.replacing_ui(ui, out);
        }
        let tokens = ui.tokens();
        let focused = ui.memory(|memory| memory.has_focus(id));
        let ring = if focused { tokens.accent.ring } else { tokens.border };
        let frame = Frame::new()
            .fill(tokens.input_bg)
            .stroke(Stroke::new(size::HAIRLINE, ring))
            .corner_radius(size::RADIUS_LARGE)
            .inner_margin(Margin::same(6))
            .show(ui, |ui| {
                textures.chips_ui(ui, chat, out);
                self.field_ui(ui, id, chat, place, out);
                ui.horizontal(|ui| {
                    let attach = theme::button::icon(Icon::Attach, "Attach files");
                    if ui.add(attach).on_hover_text(ATTACH_HINT).clicked() {
                        out.push(ChatCommand::Attach(AttachCommand::Pick));
                    }
                    let prompt = theme::button::icon(Icon::Prompt, "Insert a prompt");
                    let prompt = ui.add_enabled(cx.workspace().is_some(), prompt);
                    let prompt =
                        prompt.on_disabled_hover_text("Open a server to use the prompts of its registry");
                    if prompt.on_hover_text(PROMPT_HINT).clicked() {
                        out.push(Command::InsertPrompt);
                    }
                    let room = ui.available_width() > ROOM_FOR_HINT;
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        self.buttons_ui(ui, chat, running, out);
                        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                            self.hint_ui(ui, chat, room);
                        });
                    });
                });
            });
        // A click beside the text means the text, too.
        let clicked = ui.input(|input| input.pointer.primary_clicked());
        if clicked && ui.rect_contains_pointer(frame.response.rect) {
            self.focus = true;
        }
    }

    /// Once that message is not shown any more, the text is a new message. It stays.
    fn forget_replaced(&mut self, chat: &Chat) {
        self.replaces = self.replaces.filter(|(conversation, turn)| {
            let current = chat.conversations().iter().find(|known| known.id == *conversation);
            current.is_some_and(|current| current.turns.iter().any(|known| known.id == *turn))
        });
    }

    fn field_ui(&mut self, ui: &mut Ui, id: Id, chat: &Chat, place: Place, out: &mut Commands) {
        let enter = |modifiers| KeyboardShortcut::new(modifiers, Key::Enter);
        let sends = ui.memory(|memory| memory.has_focus(id))
            && ui.input_mut(|input| input.consume_shortcut(&enter(Modifiers::COMMAND)));
        egui::ScrollArea::vertical().id_salt("composer").max_height(TALLEST).show(ui, |ui| {
            let field = TextEdit::multiline(&mut self.text)
                .id(id)
                .hint_text("Message the agent…")
                .frame(Frame::NONE)
                .margin(Margin::symmetric(size::SPACE_XS as i8, 2))
                .desired_rows(2)
                .desired_width(f32::INFINITY)
                .return_key(enter(Modifiers::SHIFT));
            let response = ui.add(field).accessible_name("Message");
            if place.fresh || std::mem::take(&mut self.focus) {
                response.request_focus();
            }
            self.focused = response.has_focus();
            let plain =
                self.focused && ui.input(|input| input.key_pressed(Key::Enter) && !input.modifiers.shift);
            if sends || plain {
                self.send(chat, out);
            }
        });
    }

    /// How it is sent, or why what was written cannot be.
    fn hint_ui(&self, ui: &mut Ui, chat: &Chat, room: bool) {
        let hint = match why_not(chat).filter(|_| !self.text.trim().is_empty()) {
            Some(why) => RichText::new(why).small().color(ui.tokens().warning.fg),
            None => theme::text::small(if room { HINT } else { SHORT_HINT }),
        };
        ui.add(Label::new(hint).truncate());
    }

    fn buttons_ui(&mut self, ui: &mut Ui, chat: &Chat, running: bool, out: &mut Commands) {
        if running {
            let stop = theme::button::default((Icon::Stop.sized(size::ICON_SMALL).alt_text(""), "Stop"));
            if ui.add(stop).on_hover_text("Esc. The agent goes on to its end on the server").clicked() {
                out.push(ChatCommand::Stop);
            }
            // In a comparison those that are done need not wait for the others.
            if !chat.can_send() {
                return;
            }
        }
        let ready = self.is_ready(chat);
        let send = theme::button::primary((Icon::Send.sized(size::ICON_SMALL).alt_text(""), "Send"));
        let response = ui.add_enabled(ready, send).on_hover_text("Enter");
        let response = response
            .on_disabled_hover_text(why_not(chat).unwrap_or_else(|| "Write a message first".to_owned()));
        if response.clicked() {
            self.send(chat, out);
        }
    }

    fn replacing_ui(&mut self, ui: &mut Ui, out: &mut Commands) {
        ui.horizontal(|ui| {
            ui.add(Icon::Edit.sized(size::ICON_SMALL).tint(ui.tokens().text_weak).alt_text(""));
            ui.label(theme::text::small("Sent in its place. What was said before stays as another branch"));
            if ui.add(theme::button::quiet("Cancel")).clicked() {
                self.give_up(out);
            }
        });
    }

    /// Esc stops the answer, gives up on a change, or leaves the field, in this order.
    fn take_escape(&mut self, ui: &Ui, running: bool, place: Place, out: &mut Commands) {
        let nobody = ui.memory(|memory| memory.focused().is_none());
        let ours = self.focused || (nobody && place.full);
        if !ours || !(running || self.replaces.is_some()) {
            return;
        }
        if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            self.focus = self.focused;
            if running {
                out.push(ChatCommand::Stop);
            } else {
                self.give_up(out);
            }
        }
    }

    /// Gives up on a change of an earlier message.
    fn give_up(&mut self, out: &mut Commands) {
        self.replaces = None;
        self.text.clear();
        out.push(ChatCommand::Attach(AttachCommand::TakeUp(Vec::new())));
    }

    /// Whether there is something to send, all of it.
    fn is_ready(&self, chat: &Chat) -> bool {
        let something = !self.text.trim().is_empty() || !chat.attached.files().is_empty();
        chat.can_send() && something && !chat.attached.is_reading()
    }

    fn send(&mut self, chat: &Chat, out: &mut Commands) {
        if !self.is_ready(chat) {
            return;
        }
        let mut message = Message::from(std::mem::take(&mut self.text).trim());
        message.attachments = chat.attached.files().to_vec();
        out.push(match self.replaces.take() {
            Some((conversation, turn)) => ChatCommand::Edit { conversation, turn, message },
            None => ChatCommand::Send(message),
        });
        self.focus = true;
    }
}

/// Why nothing can be sent, whatever is written.
fn why_not(chat: &Chat) -> Option<String> {
    if chat.current().is_some_and(|current| !current.is_well_typed()) {
        return Some("custom_inputs or context above cannot be sent as it is typed".to_owned());
    }
    if chat.attached.is_reading() {
        return Some("The files are still being read".to_owned());
    }
    if chat.is_comparing() {
        return None;
    }
    if chat.target.endpoint().is_none() {
        return Some("Enter the agent's address above".to_owned());
    }
    chat.target.missing_login()
}

/// Takes a `/` that was typed, and nothing else with it.
fn takes_slash(ui: &Ui) -> bool {
    ui.input_mut(|input| {
        let before = input.events.len();
        input.events.retain(|event| !matches!(event, egui::Event::Text(text) if text == "/"));
        input.events.len() < before
    })
}

fn cursor_to_end(ui: &Ui, id: Id, text: &str) {
    let end = CCursor::new(text.chars().count());
    let mut state = TextEditState::load(ui.ctx(), id).unwrap_or_default();
    state.cursor.set_char_range(Some(CCursorRange::one(end)));
    state.store(ui.ctx(), id);
}

/// An empty conversation: what to say first, or how to have somebody to talk to.
pub fn first_words_ui(ui: &mut Ui, chat: &Chat, out: &mut Commands) {
    ui.spacing_mut().item_spacing.y = size::SPACE_S;
    if chat.target.endpoint().is_none() {
        ui.label(theme::text::title("Talk to a served agent"));
        ui.label(theme::text::weak(if chat.target.is_lent_to() {
            "Choose one that the workspace serves above, enter an address, or serve a registered model on this machine"
        } else {
            "Enter its address above, or serve a registered model on this machine"
        }));
        let serve = theme::button::default((Icon::Play.image().alt_text(""), "Serve a model here…"));
        if ui.add(serve).clicked() {
            out.push(ServeCommand::Ask { model: None, chat: true });
        }
        ui.add_space(size::SPACE_S);
        ui.label(theme::text::weak("The same in a terminal:"));
        widgets::code_ui(ui, SERVE, "sh");
        ui.label(theme::text::weak("It then answers at localhost:5001."));
        return;
    }
    ui.label(theme::text::title("What would you like to know?"));
    ui.horizontal_wrapped(|ui| {
        for words in FIRST_WORDS {
            let chip = theme::button::default(words).wrap();
            if ui.add_enabled(chat.can_send(), chip).clicked() {
                out.push(Command::Chat(ChatCommand::Send(words.into())));
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_a_message_that_is_not_shown_becomes_a_new_message() {
        let chat = Chat::default();
        let mut composer = ComposerView::default();
        composer.edit("again", 7, 8);
        composer.forget_replaced(&chat);
        assert_eq!((composer.replaces, composer.text.as_str()), (None, "again"));
    }
}
