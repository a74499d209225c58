//! The turns of a conversation, of which only the visible ones are laid out.

use egui::Ui;

use super::blocks::Blocks;
use super::composer::ComposerView;
use super::files::Textures;
use super::footer::RawView;
use super::{Place, column_ui, turn};
use crate::agent::wire::ItemBody;
use crate::state::chat::{Ask, Chat, Turn};
use crate::state::command::Commands;
use crate::state::endpoints::TurnTraces;
use crate::state::navigation::Route;
use crate::theme::size;
use crate::ui::Cx;
use crate::ui::widgets::Markdown;

/// Where one has scrolled to, and what is unfolded.
#[derive(Default)]
pub struct MessagesView {
    blocks: Blocks,
    raw: RawView,
}

/// What drawing a turn needs besides the turn.
pub(super) struct Tools<'a> {
    pub chat: &'a Chat,
    pub markdown: &'a mut Markdown,
    pub textures: &'a mut Textures,
    pub composer: &'a mut ComposerView,
    pub raw: &'a mut RawView,
    /// What is known of traces, where a tracking server is open.
    pub traces: Option<Traces<'a>>,
    pub out: &'a mut Commands,
}

/// Traces on the server that is open.
#[derive(Clone, Copy)]
pub(super) struct Traces<'a> {
    pub sought: &'a TurnTraces,
    /// The one that stands beside the chat.
    pub shown: Option<&'a str>,
}

impl<'a> Traces<'a> {
    pub(super) fn of(cx: &Cx<'a>) -> Option<Self> {
        let workspace = cx.workspace()?;
        let shown = match cx.route() {
            Route::Trace { trace_id, .. } => Some(trace_id.as_str()),
            _ => None,
        };
        Some(Self { sought: &workspace.turn_traces, shown })
    }
}

impl MessagesView {
    /// Draws the conversation that is shown.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        place: Place,
        (markdown, textures): (&mut Markdown, &mut Textures),
        composer: &mut ComposerView,
        out: &mut Commands,
    ) {
        let Some(conversation) = cx.state.chat.current() else { return };
        let (turns, width) = (&conversation.turns, ui.available_width());
        let guesses = || turns.iter().map(|turn| guess(turn, width)).collect();
        self.blocks.take_up(conversation.id, turns.iter().map(|turn| turn.id), guesses, place.moved);
        let traces = Traces::of(cx);
        let chat = &cx.state.chat;
        let mut tools = Tools { chat, markdown, textures, composer, raw: &mut self.raw, traces, out };
        let room = (width, ui.max_rect());
        self.blocks.show(ui, room, conversation.is_running(), |ui, index| {
            let Some(turn) = turns.get(index) else { return };
            let look = turn::Look {
                turn,
                before: index.checked_sub(1).and_then(|before| turns.get(before)),
                last: index + 1 == turns.len(),
                conversation,
                marked: None,
            };
            egui::Frame::new()
                .inner_margin(egui::Margin::symmetric(size::SPACE_M as i8, 0))
                .show(ui, |ui| column_ui(ui, |ui| turn::turn_ui(ui, &look, &mut tools)));
        });
    }
}

/// How high a turn will be, in points, roughly: what it says in lines, and a line for each call.
pub(super) fn guess(turn: &Turn, width: f32) -> f32 {
    const LETTER: f32 = 7.0;
    const AROUND: f32 = 100.0;
    let a_line = ((width / LETTER) as usize).clamp(20, 120);
    let lines = |text: &str| text.len() / a_line + memchr::memchr_iter(b'\n', text.as_bytes()).count() + 1;
    let asked = match &turn.ask {
        Ask::Message(message) => lines(&message.text) + message.attachments.len(),
        Ask::Approvals(decisions) => decisions.len(),
    };
    let answered = turn.answer.items.iter().map(|item| match &item.body {
        ItemBody::Message { .. } => lines(&item.text()),
        ItemBody::Output(_) => 0,
        _ => 1,
    });
    AROUND + (asked + answered.sum::<usize>()) as f32 * size::CHIP
}
