//! Models served on this machine: the question how, the list of them, and their logs.

mod dialog;
mod list;
mod log;

use egui::Context;

use super::Cx;
use crate::state::command::Commands;

pub use list::{bound_ui, status_ui};

/// The dialogs about models served here, with what is typed in them.
#[derive(Default)]
pub struct ServeView {
    dialog: dialog::DialogView,
    log: log::LogView,
}

impl ServeView {
    /// Draws the question that is open, else the log that is shown.
    pub fn show(&mut self, ctx: &Context, cx: &Cx<'_>, out: &mut Commands) {
        if cx.state.serve.asked().is_some() {
            self.dialog.show(ctx, cx, out);
        } else {
            self.log.show(ctx, cx, out);
        }
    }
}
