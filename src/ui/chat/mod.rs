//! The chat, as a screen or beside another: whom one talks to, the conversation, and the field to write in.
//!
//! - `list`: all conversations, at the left of the screen;
//! - `header`: conversations, address, health, token, system prompt;
//! - `inputs`: custom inputs and context, as forms or as JSON;
//! - `json`: a field for custom inputs and context;
//! - `endpoints`: the list of those that are known, and the editor of one;
//! - `messages`: the turns; `blocks`: a column of which only what is visible is laid out;
//! - `turn`, `items`, `notes`, `footer`, `traced`: one turn;
//! - `panes`: several endpoints side by side;
//! - `composer`: the field to write in, Send and Stop; `files`: what goes along with a message; `prompts`: the
//!   registry's, to write it with.

mod blocks;
mod composer;
mod endpoint_editor;
mod endpoints;
mod files;
mod fold;
mod footer;
mod header;
mod inputs;
mod items;
mod json;
mod list;
mod messages;
mod notes;
mod panes;
mod prompts;
mod serving;
mod traced;
mod turn;

use egui::{CentralPanel, Frame, Margin, Panel, Rect, Stroke, Ui};

use super::Cx;
use super::toasts::keep_clear;
use super::widgets::Markdown;
use crate::state::State;
use crate::state::chat::{Chat, ChatCommand};
use crate::state::command::Commands;
use crate::state::navigation::{Route, Section};
use crate::theme::{Themed as _, size};

/// The chat, as a screen or beside another.
#[derive(Default)]
pub struct ChatView {
    list: list::ListView,
    header: header::HeaderView,
    messages: messages::MessagesView,
    composer: composer::ComposerView,
    panes: panes::PanesView,
    chooser: panes::ChooserView,
    prompts: prompts::PromptsView,
    markdown: Markdown,
    textures: files::Textures,
    /// The frame in which it was last drawn, and whether it had the window to itself: when it opens, the cursor
    /// goes into the composer.
    seen: (u64, bool),
    rect: Option<Rect>,
}

/// Where and how the chat is drawn.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// It has the whole window to itself, rather than a panel beside another screen.
    full: bool,
    /// It has just been opened, here or as the other kind.
    fresh: bool,
    /// It is drawn for the first time, or was the other kind before: its width and its scroll are others.
    moved: bool,
}

impl ChatView {
    /// Puts the cursor into the field to write in.
    pub fn focus(&mut self) {
        self.composer.focus();
    }

    /// Asks which endpoints to talk to side by side.
    pub fn choose(&mut self, state: &State) {
        self.chooser.open(state);
    }

    /// Asks which prompt to insert into the message.
    pub fn choose_prompt(&mut self, state: &State) {
        self.prompts.open(&state.chat, false);
    }

    /// Dialogs above everything.
    pub fn modals_ui(&mut self, ctx: &egui::Context, cx: &Cx<'_>, out: &mut Commands) {
        if self.chooser.show(ctx, cx, out) {
            self.composer.focus();
        }
        match self.prompts.show(ctx, cx, out) {
            Some(prompts::Ended::Insert(text)) => self.composer.insert(&text),
            Some(prompts::Ended::Done) => self.composer.focus(),
            None => {}
        }
    }

    /// Whether the keyboard is in it.
    pub fn has_focus(&self, ctx: &egui::Context) -> bool {
        let focused = ctx.memory(egui::Memory::focused).and_then(|id| ctx.read_response(id));
        focused.zip(self.rect).is_some_and(|(focused, rect)| rect.contains(focused.rect.center()))
    }

    /// Draws the list of all conversations.
    pub fn list_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        if let Some(id) = self.list.show(ui, cx, out) {
            self.header.rename(id);
        }
    }

    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        self.rect = Some(ui.max_rect());
        let chat = &cx.state.chat;
        if !chat.is_open() {
            out.push(ChatCommand::Open);
        }
        let frame = ui.ctx().cumulative_frame_nr();
        let full = cx.route().section() == Section::Chat;
        let (before, was_full) = std::mem::replace(&mut self.seen, (frame, full));
        let moved = before == 0 || full != was_full;
        // The keyboard is for the trace that was opened.
        let with_trace = matches!(cx.route(), Route::Trace { beside_chat: true, .. });
        let fresh = (frame.saturating_sub(before) > 1 || moved) && !with_trace;
        let place = Place { full, fresh, moved };
        let padding = Margin::symmetric(size::SPACE_M as i8, size::SPACE_S as i8);
        let entered = Panel::top("chat header")
            .resizable(false)
            .frame(Frame::new().inner_margin(padding))
            .show(ui, |ui| {
                if chat.is_comparing() {
                    self.header.comparing_ui(ui, cx, place, out);
                    return false;
                }
                column_ui(ui, |ui| self.header.show(ui, cx, place, out))
            })
            .inner;
        if entered {
            self.composer.focus();
        }
        let composer = Panel::bottom("chat composer")
            .resizable(false)
            .show_separator_line(false)
            .frame(Frame::new().inner_margin(padding))
            .show(ui, |ui| {
                column_ui(ui, |ui| self.composer.show(ui, cx, place, &mut self.textures, out));
            });
        if self.composer.take_slash() {
            self.prompts.open(chat, true);
        }
        keep_clear(ui.ctx(), composer.response.rect);
        CentralPanel::no_frame().show(ui, |ui| {
            if chat.is_comparing() {
                let drawn = (&mut self.markdown, &mut self.textures, &mut self.composer);
                self.panes.show(ui, cx, place.moved, drawn, out);
            } else if chat.current().is_none_or(|current| current.turns.is_empty()) {
                empty_ui(ui, chat, out);
            } else {
                let drawn = (&mut self.markdown, &mut self.textures);
                self.messages.show(ui, cx, place, drawn, &mut self.composer, out);
            }
        });
    }
}

fn empty_ui(ui: &mut Ui, chat: &Chat, out: &mut Commands) {
    egui::ScrollArea::vertical().id_salt("chat empty").auto_shrink(false).show(ui, |ui| {
        let padding = Margin::symmetric(size::SPACE_M as i8, size::SPACE_L as i8);
        Frame::new()
            .inner_margin(padding)
            .show(ui, |ui| column_ui(ui, |ui| composer::first_words_ui(ui, chat, out)));
    });
}

/// Widest column of a conversation: text that is read, and tables in it.
const COLUMN: f32 = 820.0;

/// A column in the middle, as wide as there is room up to [`COLUMN`].
fn column_ui<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let room = ui.available_rect_before_wrap();
    let width = room.width().min(COLUMN);
    let left = room.left() + ((room.width() - width) / 2.0).floor();
    let rect = egui::Rect::from_x_y_ranges(left..=left + width, room.y_range());
    let builder = egui::UiBuilder::new().max_rect(rect).layout(egui::Layout::top_down(egui::Align::Min));
    ui.scope_builder(builder, |ui| {
        ui.set_width(width);
        add(ui)
    })
    .inner
}

/// A box that sets something apart: a message of the user, a failure.
fn boxed(ui: &Ui, fill: egui::Color32) -> Frame {
    Frame::new()
        .fill(fill)
        .stroke(Stroke::new(size::HAIRLINE, ui.tokens().hairline))
        .corner_radius(size::RADIUS_LARGE)
        .inner_margin(Margin::symmetric(size::SPACE_M as i8, size::SPACE_S as i8))
}
