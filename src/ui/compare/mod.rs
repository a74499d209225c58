//! Two versions, runs or logged models side by side: a screen, and the pane that the plan shows too.

mod header;
mod items;
mod lines;
mod pane;
mod text;

use egui::{Frame, Margin, Panel, Ui};

pub use pane::{ComparisonPane, PaneLook};

use super::Cx;
use super::widgets::{failure_ui, loading_ui};
use crate::state::command::Commands;
use crate::state::compare::Subject;
use crate::state::{Command, Route};
use crate::theme::size;

/// The screen.
#[derive(Default)]
pub struct CompareView {
    /// Which comparison the choices of the pane belong to.
    subjects: Option<(Subject, Subject)>,
    pane: ComparisonPane,
}

impl CompareView {
    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        let (Some(workspace), Route::Compare { from, to }) = (cx.workspace(), cx.route()) else { return };
        if self.subjects.as_ref().is_none_or(|(f, t)| f != from || t != to) {
            *self = Self { subjects: Some((from.clone(), to.clone())), pane: ComparisonPane::default() };
        }
        let Some(comparison) = workspace.compare.of(from, to) else { return };
        let margin = Margin::symmetric(size::SPACE_L as i8, size::SPACE_S as i8);
        Panel::top("compare header").frame(Frame::new().inner_margin(margin)).show(ui, |ui| {
            header::show(ui, comparison, &workspace.store.info(), out);
        });
        for side in 0..2 {
            match (comparison.side(side), comparison.error(side)) {
                (None, Some(error)) => {
                    let what = format!("{} could not be loaded", comparison.title(side));
                    failure_ui(ui, &what, error, Command::Refresh, out);
                    return;
                }
                (None, None) => {
                    loading_ui(ui, "both sides");
                    return;
                }
                _ => {}
            }
        }
        let look = PaneLook {
            salt: "compare",
            heads: [comparison.title(0), comparison.title(1)],
            list_width: size::LIST,
            keys: ui.memory(|memory| memory.focused().is_none() && memory.top_modal_layer().is_none())
                && !egui::Popup::is_any_open(ui.ctx()),
            now: cx.now,
        };
        self.pane.show(ui, comparison, &look, out);
    }
}
