//! The list of keys.

use egui::{Context, Id, Modal};

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

impl ShortcutsView {
    /// Draws it over everything.
    pub fn show(&mut self, ctx: &Context) {
        if !self.open {
            return;
        }
        let response = Modal::new(Id::unique("shortcuts")).show(ctx, |ui| {
            ui.set_width(theme::size::DIALOG);
            ui.label(theme::text::title("Keys"));
            ui.add_space(theme::size::SPACE_S);
            facts_ui(ui, "shortcuts", |ui| {
                for row in &self.rows {
                    fact_ui(ui, row.what, |ui| {
                        ui.label(theme::text::mono(&row.keys));
                    });
                }
            });
        });
        self.open = !response.should_close();
    }
}
