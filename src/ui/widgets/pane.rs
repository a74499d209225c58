//! Which pane has the arrow keys, where a list and a table stand side by side.

use egui::{Context, Id, Rect, Ui};

/// A pane that moves a cursor by arrow keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// The list at the left.
    List,
    /// The main pane.
    #[default]
    Main,
}

impl Pane {
    /// Whether it has the arrow keys: nothing is typed into, and it was used last.
    pub fn has_keys(self, ctx: &Context) -> bool {
        self.was_used_last(ctx)
            && ctx.memory(|memory| memory.focused().is_none())
            && !egui::Popup::is_any_open(ctx)
    }

    /// Whether it is the one that was used last.
    pub fn was_used_last(self, ctx: &Context) -> bool {
        ctx.data(|data| data.get_temp::<Self>(Id::unique(KEY))).unwrap_or_default() == self
    }

    /// Gives it the arrow keys.
    pub fn take_keys(self, ctx: &Context) {
        ctx.data_mut(|data| data.insert_temp(Id::unique(KEY), self));
    }

    /// Gives it the arrow keys when the pointer is pressed in it.
    pub fn take_keys_on_press(self, ui: &Ui, rect: Rect) {
        if ui.input(|input| input.pointer.any_pressed()) && ui.rect_contains_pointer(rect) {
            self.take_keys(ui.ctx());
        }
    }
}

const KEY: &str = "pane with the arrow keys";
