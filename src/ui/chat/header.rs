//! Whom one talks to: the conversations, the address with its health, token, system prompt.

use egui::{Align, Color32, Key, Layout, Response, RichText, Sense, TextEdit, Ui, vec2};

use super::Place;
use super::fold::fold_ui;
use super::inputs::InputsView;
use super::{endpoint_editor, endpoints, serving};
use crate::agent::{Endpoint, Health, InputField, Token};
use crate::entities::ServingEndpoint;
use crate::state::chat::{Chat, ChatCommand, Conversation, Target};
use crate::state::command::Commands;
use crate::state::{Command, Route};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::{Cx, serve};

const SAMPLE_NOTE: &str = "The sample agent, built into Flowdeck: canned answers, no language model";

/// What is typed here.
#[derive(Default)]
pub struct HeaderView {
    address: String,
    /// The address that `address` was taken from.
    known: String,
    token: String,
    system: String,
    custom_inputs: InputsView,
    context: InputsView,
    /// The conversation that is being renamed, its new name, and whether the field is there yet.
    renaming: Option<(u64, String, bool)>,
    /// The conversation that `system` was taken from.
    of: Option<u64>,
    editor: endpoint_editor::EditorView,
    /// Of the list of endpoints.
    filter: String,
    /// Enter was pressed in the address.
    entered: bool,
}

impl HeaderView {
    /// Offers to rename a conversation, once it is the one that is shown.
    pub fn rename(&mut self, id: u64) {
        self.renaming = Some((id, String::new(), false));
    }

    /// Draws it. Whether an address was just entered: what to say comes next.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, place: Place, out: &mut Commands) -> bool {
        let chat = &cx.state.chat;
        self.take_up(chat);
        ui.spacing_mut().item_spacing.y = size::SPACE_S;
        self.title_ui(ui, chat, place, out);
        self.address_ui(ui, cx, chat, out);
        self.editor.show(ui.ctx(), cx, out);
        let listed = cx.state.listed(chat.target.address());
        ui.horizontal_wrapped(|ui| {
            health_ui(ui, &chat.target, listed);
            ui.add_space(size::SPACE_S);
            serve::bound_ui(ui, cx, out);
        });
        endpoints::profile_ui(ui, cx);
        if chat.is_sample() {
            ui.add(egui::Label::new(theme::text::small(SAMPLE_NOTE)).wrap());
        }
        secrets_ui(ui, &chat.target);
        fold_ui(ui, "chat options", Icon::Settings, OPTIONS, |ui| {
            within_room_ui(ui, |ui| self.options_ui(ui, cx, out));
        });
        std::mem::take(&mut self.entered)
    }

    /// The same above several panes: what is asked, and what is marked of the answers.
    pub fn comparing_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, place: Place, out: &mut Commands) {
        let chat = &cx.state.chat;
        self.take_up(chat);
        ui.spacing_mut().item_spacing.y = size::SPACE_XS;
        self.title_ui(ui, chat, place, out);
        ui.horizontal(|ui| {
            let mut marks = chat.marks;
            if ui.checkbox(&mut marks, "Mark differences").changed() {
                out.push(ChatCommand::MarkDifferences(marks));
            }
            ui.add_space(size::SPACE_S);
            let choose = theme::button::quiet((Icon::Columns.image(), "Endpoints…"));
            if ui.add(choose).on_hover_text("Add or take away a pane (Ctrl+Shift+Enter)").clicked() {
                out.push(Command::ChooseEndpoints);
            }
        });
        fold_ui(ui, "comparison options", Icon::Settings, "System prompt, custom inputs, streaming", |ui| {
            within_room_ui(ui, |ui| self.asking_ui(ui, cx, out));
        });
    }

    /// Follows what was changed elsewhere.
    fn take_up(&mut self, chat: &Chat) {
        let address = chat.target.address();
        if self.known != address {
            address.clone_into(&mut self.known);
            address.clone_into(&mut self.address);
            self.token.clear();
        }
        let current = chat.current();
        // A prompt may have become the system prompt.
        let system = current.map_or("", |current| current.system_prompt.as_str());
        if self.system != system {
            system.clone_into(&mut self.system);
        }
        if self.of != current.map(|current| current.id) {
            self.of = current.map(|current| current.id);
            self.custom_inputs.text =
                current.map(|current| current.custom_inputs.0.clone()).unwrap_or_default();
            self.context.text = current.map(|current| current.context.0.clone()).unwrap_or_default();
        }
    }

    fn title_ui(&mut self, ui: &mut Ui, chat: &Chat, place: Place, out: &mut Commands) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if !place.full {
                    let close = theme::button::icon(Icon::Close, "Close the chat");
                    if ui.add(close).on_hover_text("Close the chat").clicked() {
                        out.push(Command::ToggleChatPanel);
                    }
                }
                let new = theme::button::icon(Icon::Add, "New conversation");
                if ui.add(new).on_hover_text("New conversation").clicked() {
                    out.push(ChatCommand::New);
                }
                self.more_ui(ui, chat, out);
                if !chat.is_comparing() {
                    let beside = theme::button::icon(Icon::Compare, "Side by side");
                    let hint = "Talk to several endpoints side by side (Ctrl+Shift+Enter)";
                    if ui.add(beside).on_hover_text(hint).clicked() {
                        out.push(Command::ChooseEndpoints);
                    }
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    if !self.name_ui(ui, chat, out) {
                        conversations_ui(ui, chat, out);
                    }
                });
            });
        });
    }

    /// What can be done with the conversation, and with all.
    fn more_ui(&mut self, ui: &mut Ui, chat: &Chat, out: &mut Commands) {
        let said = chat.current().filter(|current| !current.turns.is_empty());
        if said.is_none() && !chat.can_keep() {
            return;
        }
        let button = theme::button::icon(Icon::More, "More about the conversation");
        let menu = egui::containers::menu::MenuButton::from_button(button);
        let (response, _) = menu.ui(ui, |ui| {
            if let Some(current) = said {
                let mut rename = None;
                super::list::menu_ui(ui, chat, current.id, &mut rename, out);
                if let Some(id) = rename {
                    self.rename(id);
                }
            }
            if chat.can_keep() {
                if said.is_some() {
                    ui.separator();
                }
                let all = theme::button::default((Icon::Download.image(), "Export all…"));
                if ui.add_enabled(!chat.all().is_empty(), all).clicked() {
                    out.push(ChatCommand::Export(None));
                }
                if ui.add(theme::button::default((Icon::FolderOpen.image(), "Import…"))).clicked() {
                    out.push(ChatCommand::Import);
                }
            }
        });
        response.on_hover_text("Rename, copy, export, delete");
    }

    /// The field for a new name, if the conversation that is shown is being renamed. Enter takes it, Esc does not.
    fn name_ui(&mut self, ui: &mut Ui, chat: &Chat, out: &mut Commands) -> bool {
        let Some(current) = chat.current() else { return false };
        let Some((id, name, there)) = &mut self.renaming else { return false };
        if *id != current.id {
            return false;
        }
        let fresh = !std::mem::replace(there, true);
        if fresh {
            *name = current.title();
        }
        let field = TextEdit::singleline(name).desired_width(ui.available_width());
        let response = ui.add(field).accessible_name("Name of the conversation");
        if fresh {
            response.request_focus();
        } else if response.lost_focus() {
            if !ui.input(|input| input.key_pressed(Key::Escape)) && *name != current.title() {
                out.push(ChatCommand::Rename(*id, name.clone()));
            }
            self.renaming = None;
        }
        true
    }

    fn address_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, chat: &Chat, out: &mut Commands) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = size::SPACE_XS;
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let refresh = theme::button::icon(Icon::Refresh, "Check the endpoint");
                let can = chat.target.endpoint().is_some();
                if ui.add_enabled(can, refresh).on_hover_text("Check the endpoint").clicked() {
                    out.push(ChatCommand::Probe);
                }
                endpoints::menu_ui(ui, cx, &mut self.editor, &mut self.filter, out);
                let icon = Icon::Agent.sized(size::ICON_SMALL).tint(ui.tokens().text_weak).alt_text("");
                let field = TextEdit::singleline(&mut self.address)
                    .prefix(icon)
                    .hint_text("localhost:5001")
                    .desired_width(ui.available_width());
                let response = ui.add(field).accessible_name("Agent address");
                if response.lost_focus() {
                    self.entered = ui.input(|input| input.key_pressed(Key::Enter));
                    if self.address != self.known {
                        out.push(ChatCommand::SetAddress(self.address.clone()));
                        // What was typed gives way to the address as it was read, even if that is the one before.
                        self.known.clear();
                    }
                }
            });
        });
    }

    fn options_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        let chat = &cx.state.chat;
        ui.label(theme::text::label("Token"));
        let hint = if chat.target.lacks_named_token() {
            format!("{} is not set", chat.target.token_variable())
        } else if chat.target.uses_keyring() {
            "From the keyring. Enter another for this session".to_owned()
        } else if chat.target.uses_lent_login() {
            "The workspace's, while it is open. Enter another for this session".to_owned()
        } else if chat.target.uses_default_token() {
            format!("{}, sent with your messages", chat.target.token_variable())
        } else if chat.target.withholds_default_token() {
            format!("{} is withheld. Enter it here to send it", chat.target.token_variable())
        } else if chat.target.endpoint().is_some_and(|endpoint| endpoint.token().is_some()) {
            "Kept for this server until Flowdeck is closed".to_owned()
        } else {
            "None. Sent as a bearer token".to_owned()
        };
        let field = TextEdit::singleline(&mut self.token).password(true).hint_text(hint);
        let response = ui.add(field.desired_width(f32::INFINITY)).accessible_name("Token");
        if response.lost_focus() && (!self.token.is_empty() || response.changed()) {
            out.push(ChatCommand::SetToken(Token::new(&self.token)));
        }
        let own = !chat.target.uses_default_token()
            && !chat.target.uses_keyring()
            && !chat.target.uses_lent_login()
            && chat.target.endpoint().is_some_and(|endpoint| endpoint.token().is_some());
        if own && ui.add(theme::button::quiet("Forget the token")).clicked() {
            self.token.clear();
            out.push(ChatCommand::SetToken(Token::new("")));
        }
        self.asking_ui(ui, cx, out);
    }

    /// What goes with every message.
    fn asking_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        let chat = &cx.state.chat;
        ui.label(theme::text::label("System prompt"));
        let field = TextEdit::multiline(&mut self.system).desired_rows(2).hint_text("None");
        if ui.add(field.desired_width(f32::INFINITY)).accessible_name("System prompt").changed() {
            out.push(ChatCommand::SetSystemPrompt(self.system.clone()));
        }
        let current = chat.current();
        let problem = current.and_then(|current| current.custom_inputs.1.as_deref());
        let inputs = &mut self.custom_inputs;
        if inputs.show(ui, "custom_inputs", "{\"dry_run\": true}", cx.state.input_fields(), problem) {
            out.push(ChatCommand::SetCustomInputs(inputs.text.clone()));
        }
        let problem = current.and_then(|current| current.context.1.as_deref());
        let context = &mut self.context;
        if context.show(ui, "context", "{\"user_id\": \"ann\"}", &InputField::of_context(), problem) {
            out.push(ChatCommand::SetContext(context.text.clone()));
        }
        let mut stream = chat.stream;
        if ui.checkbox(&mut stream, "Ask for a stream").changed() {
            out.push(ChatCommand::SetStream(stream));
        }
    }
}

/// What the window keeps for the rest of the header, the conversation and the field to write in, in points.
const REST: f32 = 430.0;
/// Less of the options would show nothing, in points.
const LEAST: f32 = 4.0 * size::ROW;

/// Options scroll where they would leave no room for the conversation.
fn within_room_ui(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let room = (ui.ctx().content_rect().height() - REST).max(LEAST);
    let id = ui.scope_id().with("room");
    if ui.data(|data| data.get_temp::<f32>(id)) != Some(room) {
        ui.data_mut(|data| data.insert_temp(id, room));
        ui.request_discard("the panel takes another height");
    }
    // The panel is as high as what is in it: there is no room but what is asked for.
    let area = egui::ScrollArea::vertical().id_salt("options").auto_shrink([false, true]);
    area.max_height(room).min_scrolled_height(room).show(ui, add);
}

const OPTIONS: &str = "Token, system prompt, custom inputs, streaming";

/// All conversations, to go to one of them.
fn conversations_ui(ui: &mut Ui, chat: &Chat, out: &mut Commands) {
    let title = chat.current().map_or_else(String::new, Conversation::title);
    let text = theme::text::title(title);
    let shown = chat.current().map(|current| current.id);
    if chat.all().iter().all(|known| Some(known.id) == shown) {
        ui.add(egui::Label::new(text).truncate());
        return;
    }
    let button =
        theme::button::quiet((text, Icon::ChevronDown.sized(size::ICON_SMALL).alt_text(""))).truncate();
    // The title begins where it does without a menu, at the edge of all that is below it.
    ui.spacing_mut().button_padding.x = 0.0;
    let widgets = &mut ui.visuals_mut().widgets;
    for look in [&mut widgets.hovered, &mut widgets.active, &mut widgets.open] {
        look.expansion = size::SPACE_XS;
    }
    egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        for known in chat.all().iter().take(MOST_IN_MENU) {
            let entry = egui::Button::selectable(Some(known.id) == shown, known.title.as_str());
            if ui.add(entry).clicked() {
                out.push(ChatCommand::Show(known.id));
            }
        }
        if chat.all().len() > MOST_IN_MENU && ui.button("All conversations").clicked() {
            out.push(Route::Chat);
        }
    });
}

/// More in a menu are easier to find in the list.
const MOST_IN_MENU: usize = 20;

/// A dot and a word, or why there is none.
fn health_ui(ui: &mut Ui, target: &Target, listed: Option<&ServingEndpoint>) {
    ui.spacing_mut().item_spacing = vec2(size::SPACE_XS + 2.0, size::SPACE_XS);
    let tokens = ui.tokens();
    if let Some(error) = target.error() {
        dot_ui(ui, tokens.failure.fg);
        word_ui(ui, error.to_string(), tokens.failure.fg);
        return;
    }
    if target.endpoint().is_none() {
        dot_ui(ui, tokens.text_disabled);
        word_ui(ui, "No agent yet".into(), tokens.text_weak);
        return;
    }
    if let Some(missing) = target.missing_login() {
        dot_ui(ui, tokens.warning.fg);
        word_ui(ui, missing, tokens.warning.fg);
        return;
    }
    if let Some(listed) = listed {
        dot_ui(ui, serving::state_color(ui, listed.state));
        word_ui(ui, listed.state.label().to_owned(), tokens.text_weak)
            .on_hover_text(serving::described(listed));
        dialect_ui(ui, target);
        return;
    }
    let Some(probe) = target.found() else {
        dot_ui(ui, tokens.text_disabled);
        word_ui(ui, "Checking…".into(), tokens.text_weak);
        dialect_ui(ui, target);
        return;
    };
    let (color, advice) = match &probe.health {
        Health::AgentServer { .. }
        | Health::ScoringServer { .. }
        | Health::Gateway { .. }
        | Health::ModelServer { .. } => (tokens.success.fg, None),
        Health::Busy => (tokens.warning.fg, Some("A turn can take a while. Messages are still taken")),
        // The environment's goes with messages, never with a check.
        Health::NeedsToken { .. } if target.uses_default_token() => (tokens.text_weak, None),
        Health::NeedsToken { .. } => (tokens.warning.fg, Some("Enter a token below")),
        Health::Unchecked => (tokens.text_weak, None),
        Health::NotAModelServer { .. } => (tokens.failure.fg, Some("Check the address")),
        Health::Down(error) => (tokens.failure.fg, Some(error.next_step())),
    };
    dot_ui(ui, color);
    let text = match &probe.health {
        Health::Down(error) => format!("Not reachable: {error}"),
        health => health.describe(),
    };
    let word = if probe.health.is_up() { tokens.text_weak } else { color };
    word_ui(ui, text, word)
        .on_hover_text(format!("Checked in {} ms. Refresh to check again", probe.took.as_millis()));
    if let Some(advice) = advice {
        ui.add(egui::Label::new(theme::text::small(advice)).wrap());
    }
    dialect_ui(ui, target);
}

/// The dialect in which it is asked.
fn dialect_ui(ui: &mut Ui, target: &Target) {
    let Some((dialect, known)) = target.dialect() else { return };
    word_ui(ui, format!("· {}", dialect.label()), ui.tokens().text_weak)
        .on_hover_text(format!("{}. The endpoint's settings change it", known.describe()));
}

/// Where the query and the token go, or why they do not, if that is worth a word.
fn secrets_ui(ui: &mut Ui, target: &Target) {
    let warning = ui.tokens().warning.fg;
    if target.endpoint().is_some_and(Endpoint::has_query) {
        let text = "With the query entered, which is sent but neither shown nor remembered";
        word_ui(ui, text.into(), ui.tokens().text_weak);
    }
    if target.endpoint().is_some_and(Endpoint::is_unverified) {
        word_ui(ui, "The certificate is not verified: anyone in between could answer".into(), warning);
    }
    if let Some(header) = target.endpoint().and_then(Endpoint::exposed_header) {
        word_ui(ui, format!("The header {header} travels unencrypted over http"), warning);
    }
    if target.endpoint().is_some_and(Endpoint::exposes_token) {
        word_ui(ui, "The token travels unencrypted over http".into(), warning);
    } else if target.withholds_default_token() {
        let why = "it would travel unencrypted over http. Entering it below sends it";
        word_ui(ui, format!("{} is withheld: {why}", target.token_variable()), warning);
    }
}

pub(super) fn dot_ui(ui: &mut Ui, color: Color32) {
    let (rect, _) =
        ui.allocate_exact_size(vec2(8.0, ui.text_style_height(&egui::TextStyle::Small)), Sense::hover());
    ui.painter().circle_filled(rect.center(), 4.0, color);
}

pub(super) fn word_ui(ui: &mut Ui, text: String, color: Color32) -> Response {
    ui.add(egui::Label::new(RichText::new(text).small().color(color)).wrap())
}
