//! The list of keys.

use egui::{Context, Frame, Id, Modal, ScrollArea};

use super::widgets::{fact_ui, facts_ui};
use crate::theme;

/// One line of the list.
#[derive(Clone, Debug)]
pub struct ShortcutRow {
    /// The keys, as this system writes them.
    pub keys: String,
    /// What they do.
    pub what: &'static str,
}

/// The list of keys, shown on `?`.
#[derive(Default)]
pub struct ShortcutsView {
    /// Every shortcut there is; the app fills it from its table.
    pub rows: Vec<ShortcutRow>,
    /// Whether it is shown.
    pub open: bool,
}

/// Height of the window that the list leaves free, its own title among it.
const AROUND: f32 = 140.0;

impl ShortcutsView {
    /// Draws it over everything.
    pub fn show(&mut self, ctx: &Context) {
        if !self.open {
            return;
        }
        let frame = Frame::popup(&ctx.global_style()).inner_margin(theme::size::SPACE_L);
        let modal = Modal::new(Id::unique("shortcuts")).frame(frame);
        let response = modal.show(ctx, |ui| {
            ui.set_width(theme::size::DIALOG);
            ui.label(theme::text::title("Keys"));
            ui.add_space(theme::size::SPACE_S);
            // Rows of text need not be as high as buttons.
            ui.spacing_mut().interact_size.y = theme::size::CHIP;
            let room = ui.ctx().content_rect().height() - AROUND;
            ScrollArea::vertical().max_height(room).auto_shrink([false, true]).show(ui, |ui| {
                facts_ui(ui, "shortcuts", |ui| {
                    for row in &self.rows {
                        fact_ui(ui, row.what, |ui| {
                            ui.label(theme::text::mono(&row.keys));
                        });
                    }
                });
            });
        });
        self.open = !response.should_close();
    }
}
