//! The turns of a conversation. Only the visible ones are laid out: the others keep the height they had.

use std::collections::HashMap;

use egui::style::ScrollAnimation;
use egui::{Align2, Rect, ScrollArea, Ui, vec2};

use super::composer::ComposerView;
use super::files::Textures;
use super::footer::RawView;
use super::{Place, column_ui, turn};
use crate::state::chat::{Chat, Conversation};
use crate::state::command::Commands;
use crate::theme::{self, Icon, size};
use crate::ui::Cx;
use crate::ui::toasts::keep_clear;
use crate::ui::widgets::Markdown;

/// Turns this far outside the window are laid out too, so that their heights are right when they come in.
pub(super) const MARGIN: f32 = 400.0;
/// Nearer to the end than this counts as at the end.
pub(super) const AT_END: f32 = 8.0;

/// Heights, and where one has scrolled to.
#[derive(Default)]
pub struct MessagesView {
    heights: HashMap<u64, f32>,
    last: Option<u64>,
    /// Go to the end in this frame.
    to_end: bool,
    /// Stay at the end while the answer grows.
    following: bool,
    /// An answer was on its way in the frame before.
    was_running: bool,
    /// Offset and height of the frame before.
    before: (f32, f32),
    raw: RawView,
}

/// What drawing a turn needs besides the turn.
pub(super) struct Tools<'a> {
    pub chat: &'a Chat,
    pub markdown: &'a mut Markdown,
    pub textures: &'a mut Textures,
    pub composer: &'a mut ComposerView,
    pub raw: &'a mut RawView,
    /// A tracking server, which may have the traces.
    pub connected: bool,
    pub out: &'a mut Commands,
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
        if place.moved {
            self.forget_place();
        }
        self.follow(conversation);
        let connected = cx.workspace().is_some();
        let chat = &cx.state.chat;
        let mut tools = Tools { chat, markdown, textures, composer, raw: &mut self.raw, connected, out };
        let heights = &mut self.heights;
        let to_end = std::mem::take(&mut self.to_end);
        // What the user unfolds may push the end away; only an answer holds on to it.
        let running = conversation.is_running();
        let growing = std::mem::replace(&mut self.was_running, running) || running;
        let area = ScrollArea::vertical()
            .id_salt(("chat", conversation.id))
            .auto_shrink(false)
            .stick_to_bottom(growing);
        let shown = area.show_viewport(ui, |ui, viewport| {
            turns_ui(ui, viewport, conversation, heights, &mut tools);
            if to_end {
                ui.scroll_to_cursor_animation(Some(egui::Align::BOTTOM), ScrollAnimation::none());
            }
        });
        let offset = shown.state.clamped_offset().y;
        self.following &= growing || to_end;
        self.stay(ui, offset, shown.content_size.y, shown.inner_rect);
    }

    /// At the end, one stays there while the answer grows; whoever scrolls up is left alone and offered a way back.
    fn stay(&mut self, ui: &mut Ui, offset: f32, height: f32, visible: Rect) {
        let away = height - offset - visible.height() > AT_END;
        let (offset_before, height_before) = std::mem::replace(&mut self.before, (offset, height));
        let scrolled_up = offset < offset_before - 1.0 && height >= height_before;
        self.following = !away || (self.following && !scrolled_up);
        if !away {
            return;
        }
        if self.following {
            self.to_end = true;
            ui.request_repaint();
        } else if latest_ui(ui, visible) {
            self.to_end = true;
            self.following = true;
            ui.request_repaint();
        }
    }

    /// The same conversation in another place begins at its end.
    fn forget_place(&mut self) {
        self.last = None;
        self.before = (0.0, 0.0);
        self.heights.clear();
    }

    /// Scrolls to the end when something was sent, and forgets heights of other conversations.
    fn follow(&mut self, conversation: &Conversation) {
        let last = conversation.last_turn();
        if self.last != last {
            let known = self.last.is_some_and(|last| self.heights.contains_key(&last));
            self.to_end = known || self.last.is_none();
            self.following |= self.to_end;
            self.last = last;
            self.heights.retain(|id, _| conversation.turns.iter().any(|turn| turn.id == *id));
        }
    }
}

fn turns_ui(
    ui: &mut Ui,
    viewport: Rect,
    conversation: &Conversation,
    heights: &mut HashMap<u64, f32>,
    tools: &mut Tools<'_>,
) {
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.set_width(ui.available_width());
    let origin = ui.next_widget_position().y;
    let count = conversation.turns.len();
    let visible = viewport.expand2(vec2(0.0, MARGIN)).y_range();
    for (index, turn) in conversation.turns.iter().enumerate() {
        let top = ui.next_widget_position().y;
        if let Some(&height) = heights.get(&turn.id)
            && index + 1 < count
            && !visible.intersects(egui::Rangef::new(top - origin, top - origin + height))
        {
            ui.add_space(height);
            continue;
        }
        let look = turn::Look {
            turn,
            before: index.checked_sub(1).and_then(|before| conversation.turns.get(before)),
            last: index + 1 == count,
            conversation,
            marked: None,
        };
        egui::Frame::new().inner_margin(egui::Margin::symmetric(size::SPACE_M as i8, 0)).show(ui, |ui| {
            column_ui(ui, |ui| ui.push_id(turn.id, |ui| turn::turn_ui(ui, &look, tools)));
        });
        heights.insert(turn.id, ui.next_widget_position().y - top);
    }
    ui.add_space(size::SPACE_M);
}

/// A button over the end of the list. Whether it was clicked.
pub(super) fn latest_ui(ui: &mut Ui, over: Rect) -> bool {
    let room = vec2(148.0, size::CONTROL);
    let at = Align2::CENTER_BOTTOM.align_size_within_rect(room, over.shrink(size::SPACE_S));
    let button =
        theme::button::default((Icon::ArrowDown.sized(size::ICON_SMALL).alt_text(""), "New text below"));
    keep_clear(ui.ctx(), at);
    ui.put(at, button.wrap_mode(egui::TextWrapMode::Extend))
        .on_hover_text("Go to the latest message")
        .clicked()
}
