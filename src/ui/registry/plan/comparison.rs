//! What differs between the two versions of a plan: in a few words, and in full below.

use egui::{Label, Layout, Ui, vec2};

use crate::entities::Millis;
use crate::state::command::Commands;
use crate::state::compare::Comparison;
use crate::state::registry::promotion::AliasChange;
use crate::theme::{self, size};
use crate::ui::compare::{ComparisonPane, PaneLook};

/// Width of the list beside what is compared.
const LIST: f32 = 190.0;
/// What is chosen in the comparison.
#[derive(Default)]
pub(super) struct ComparisonView {
    pane: ComparisonPane,
}

impl ComparisonView {
    /// Draws it `room` points high. As high before everything is here as afterwards: buttons must not move under the
    /// pointer.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        comparison: &Comparison,
        change: &AliasChange,
        (room, now): (f32, Millis),
        out: &mut Commands,
    ) {
        let layout = Layout::top_down(egui::Align::Min);
        ui.allocate_ui_with_layout(vec2(ui.available_width(), room), layout, |ui| {
            ui.set_min_height(room);
            ui.set_max_height(room);
            let summary = comparison.summary().join(" · ");
            let text =
                if summary.is_empty() && comparison.is_loading() { "Loading…".to_owned() } else { summary };
            ui.horizontal(|ui| {
                ui.set_height(size::CHIP);
                ui.add(Label::new(theme::text::weak(text)).truncate());
            });
            let look = PaneLook {
                salt: "plan",
                heads: heads(change),
                list_width: LIST,
                keys: ui.memory(|memory| memory.focused().is_none()),
                now,
            };
            self.pane.show(ui, comparison, &look, out);
        });
    }
}

fn heads(change: &AliasChange) -> [String; 2] {
    let alias = &change.alias;
    let from =
        change.from.map_or_else(|| "no version now".to_owned(), |from| format!("v{from} · {alias} now"));
    let to = change.to.map_or_else(String::new, |to| format!("v{to} · {alias} then"));
    [from, to]
}
