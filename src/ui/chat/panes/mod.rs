//! Several endpoints side by side: a head for each, and below the steps, each at one height in all panes. Only the
//! visible steps are laid out.
//!
//! - `head`: who answers there, and promoting it;
//! - `step`: a question and what each pane made of it;
//! - `choose`: the dialog that asks for the endpoints.

mod choose;
mod head;
mod step;

use std::collections::HashMap;

use egui::{ScrollArea, Ui, vec2};

pub use choose::ChooserView;

use super::blocks::Blocks;
use super::composer::ComposerView;
use super::files::Textures;
use super::footer::RawView;
use super::messages::{Tools, Traces, guess};
use crate::state::chat::{Conversation, Step, Turn, steps};
use crate::state::command::Commands;
use crate::theme::size;
use crate::ui::Cx;
use crate::ui::widgets::Markdown;

/// Narrower panes scroll sideways, in points: four fit into a window of usual width, beside the list.
const NARROWEST: f32 = 276.0;

/// Where one has scrolled to, and what is unfolded.
#[derive(Default)]
pub struct PanesView {
    blocks: Blocks,
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
        let comparison = panes.first().and_then(|pane| pane.beside.as_ref()).map(|beside| beside.comparison);
        let ids = steps.iter().map(|step| step.0);
        let guesses = || guesses(&panes, &steps, width);
        self.blocks.take_up(comparison.unwrap_or_default(), ids, guesses, moved);
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
            let (chat, raw, traces) = (&cx.state.chat, &mut self.raw, Traces::of(cx));
            let mut tools = Tools { chat, markdown, textures, composer, raw, traces, out };
            self.blocks.show(ui, (width, seen), cx.state.chat.is_running(), |ui, index| {
                let Some(step) = steps.get(index) else { return };
                ui.scope(|ui| step::step_ui(ui, cx, &panes, *step, columns, &mut tools));
            });
        });
    }
}

/// How high the steps will be, roughly: as the highest of their answers.
fn guesses(panes: &[&Conversation], steps: &[Step], width: f32) -> Vec<f32> {
    let mut highest: HashMap<u64, f32> = HashMap::new();
    for turn in panes.iter().flat_map(|pane| &pane.turns) {
        let height = highest.entry(Turn::step(turn)).or_default();
        *height = height.max(guess(turn, width));
    }
    steps.iter().map(|step| highest.get(&step.0).copied().unwrap_or_default()).collect()
}
