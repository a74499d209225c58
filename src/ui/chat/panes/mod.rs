//! Several endpoints side by side: a head for each, and below the steps, each at one height in all panes. Only the
//! visible steps are laid out; the others keep the height they had.
//!
//! - `head`: who answers there, and promoting it;
//! - `step`: a question and what each pane made of it;
//! - `choose`: the dialog that asks for the endpoints.

mod choose;
mod head;
mod step;

use std::collections::HashMap;

use egui::style::ScrollAnimation;
use egui::{Rect, ScrollArea, Ui, Vec2, vec2};

pub use choose::ChooserView;

use super::composer::ComposerView;
use super::files::Textures;
use super::footer::RawView;
use super::messages::{AT_END, MARGIN, Tools, latest_ui};
use crate::state::chat::{Conversation, Step, steps};
use crate::state::command::Commands;
use crate::theme::size;
use crate::ui::Cx;
use crate::ui::widgets::Markdown;

/// Narrower panes scroll sideways, in points.
const NARROWEST: f32 = 320.0;

/// Heights, and where one has scrolled to.
#[derive(Default)]
pub struct PanesView {
    heights: HashMap<u64, f32>,
    /// Width of a pane in the frame before: another one makes other heights.
    width: f32,
    /// The comparison and its last step in the frame before.
    last: Option<(u64, u64)>,
    was_running: bool,
    /// Go to the end until it is reached, unless the user scrolls up.
    to_end: bool,
    /// Room in the frame before: who was at the end stays there in another.
    room: Vec2,
    at_end: bool,
    raw: RawView,
}

/// Where the panes are.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    /// Of the first pane.
    pub left: f32,
    /// Of each.
    pub width: f32,
    /// What is seen of all of them.
    pub seen: f32,
}

impl Columns {
    /// A pane's range, without the line at its left.
    pub fn range(self, pane: usize) -> egui::Rangef {
        let left = self.left + self.width * pane as f32;
        egui::Rangef::new(left + 1.0, left + self.width)
    }
}

impl PanesView {
    /// Draws the comparison that is shown. `moved`: the chat has just been another one.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        moved: bool,
        (markdown, textures, composer): (&mut Markdown, &mut Textures, &mut ComposerView),
        out: &mut Commands,
    ) {
        let panes = cx.state.chat.panes();
        let (room, height) = (ui.available_width(), ui.available_height());
        let width = (room / panes.len() as f32).max(NARROWEST).floor();
        let steps = steps(&panes);
        self.take_up(&panes, &steps, width, moved);
        let before = std::mem::replace(&mut self.room, vec2(room, height));
        self.to_end |= self.at_end && before != self.room;
        let seen = ui.max_rect();
        ScrollArea::horizontal().id_salt("panes").auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing = vec2(size::SPACE_S, 0.0);
            ui.set_width(width * panes.len() as f32);
            ui.set_height(height);
            let columns = Columns { left: ui.max_rect().left(), width, seen: room };
            head::heads_ui(ui, cx, &panes, columns, out);
            if steps.is_empty() {
                step::empty_ui(ui, cx, columns, out);
                return;
            }
            let (chat, raw, connected) = (&cx.state.chat, &mut self.raw, cx.workspace().is_some());
            let mut tools = Tools { chat, markdown, textures, composer, raw, connected, out };
            let heights = &mut self.heights;
            let to_end = self.to_end;
            let running = cx.state.chat.is_running();
            let growing = std::mem::replace(&mut self.was_running, running) || running;
            let area = ScrollArea::vertical()
                .id_salt(("steps", panes.first().map(|pane| pane.id)))
                .auto_shrink(false)
                .stick_to_bottom(growing);
            let shown = area.show_viewport(ui, |ui, viewport| {
                steps_ui(ui, cx, viewport, (&panes, &steps), columns, heights, &mut tools);
                if to_end {
                    ui.scroll_to_cursor_animation(Some(egui::Align::BOTTOM), ScrollAnimation::none());
                }
            });
            let away = shown.content_size.y - shown.state.clamped_offset().y - shown.inner_rect.height();
            self.at_end = away <= AT_END;
            if self.at_end {
                self.to_end = false;
            } else if to_end {
                ui.request_repaint();
            } else if latest_ui(ui, shown.inner_rect.intersect(seen)) {
                self.to_end = true;
            }
            if ui.input(|input| input.smooth_scroll_delta().y > 0.0) {
                self.to_end = false;
            }
        });
    }

    /// Heights of another comparison or another width mean nothing; what was just sent is shown.
    fn take_up(&mut self, panes: &[&Conversation], steps: &[Step], width: f32, moved: bool) {
        let comparison = panes.first().and_then(|pane| pane.beside.as_ref()).map(|beside| beside.comparison);
        let last = comparison.zip(steps.last().map(|step| step.0));
        let other = self.last.map(|(comparison, _)| comparison) != comparison;
        if moved || other || (self.width - width).abs() > 0.5 {
            self.heights.clear();
            self.width = width;
        }
        if moved || self.last != last {
            self.to_end = true;
            self.last = last;
            self.heights.retain(|step, _| steps.contains(&Step(*step)));
        }
    }
}

fn steps_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    viewport: Rect,
    (panes, steps): (&[&Conversation], &[Step]),
    columns: Columns,
    heights: &mut HashMap<u64, f32>,
    tools: &mut Tools<'_>,
) {
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.set_width(ui.available_width());
    let origin = ui.next_widget_position().y;
    let visible = viewport.expand2(vec2(0.0, MARGIN)).y_range();
    for (index, step) in steps.iter().enumerate() {
        let top = ui.next_widget_position().y;
        if let Some(&height) = heights.get(&step.0)
            && index + 1 < steps.len()
            && !visible.intersects(egui::Rangef::new(top - origin, top - origin + height))
        {
            ui.add_space(height);
            continue;
        }
        ui.push_id(step.0, |ui| step::step_ui(ui, cx, panes, *step, columns, tools));
        heights.insert(step.0, ui.next_widget_position().y - top);
    }
    ui.add_space(size::SPACE_M);
}
