//! Which pane has the arrow keys, where a list and a table stand side by side, and how the keyboard goes from one
//! to the other.

use egui::{Context, Id, Key, Modifiers, Rect, Stroke, Ui};

use crate::theme::{Themed as _, size};

/// A pane that moves a cursor by arrow keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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

    /// Goes to it by keyboard: it has the arrow keys, Tab begins in it, and it is marked until the pointer is used.
    pub fn go(self, ctx: &Context) {
        self.take_keys(ctx);
        ctx.memory_mut(|memory| {
            if let Some(focused) = memory.focused() {
                memory.surrender_focus(focused);
            }
        });
        ctx.data_mut(|data| data.insert_temp(Id::unique(MARKED), true));
    }

    /// Draws what is in the pane, marked if the keyboard went to it.
    pub fn show(self, ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
        ui.data_mut(|data| data.insert_temp(Id::unique(DRAWN), self));
        let rect = ui.max_rect();
        let marked = is_marked(ui.ctx());
        if ui.memory(|memory| memory.focused() == Some(self.before())) {
            // Tab goes on from here, to what is drawn next.
            ui.memory_mut(|memory| memory.interested_in_focus(self.before(), ui.layer_id()));
        }
        add(ui);
        if marked && self.was_used_last(ui.ctx()) {
            let line = Stroke::new(2.0 * size::FOCUS_RING, ui.tokens().accent.ring);
            ui.painter().hline(rect.x_range(), rect.top() + size::FOCUS_RING, line);
        }
    }

    /// The pane that is being drawn.
    pub fn drawn(ctx: &Context) -> Self {
        ctx.data(|data| data.get_temp(Id::unique(DRAWN))).unwrap_or_default()
    }

    /// A place before all others in the pane.
    fn before(self) -> Id {
        Id::unique(("before the pane", self))
    }
}

/// Tab begins in the pane that the keyboard went to. To be called before anything is drawn.
pub fn begin_tab_in_pane(ctx: &Context) {
    if ctx.input(|input| input.pointer.any_pressed()) {
        ctx.data_mut(|data| data.remove::<bool>(Id::unique(MARKED)));
    }
    let tab = ctx.input(|input| input.key_pressed(Key::Tab) && input.modifiers == Modifiers::NONE);
    let pane = if Pane::List.was_used_last(ctx) { Pane::List } else { Pane::Main };
    if tab && is_marked(ctx) && pane.has_keys(ctx) {
        ctx.memory_mut(|memory| memory.request_focus(pane.before()));
    }
}

fn is_marked(ctx: &Context) -> bool {
    ctx.data(|data| data.get_temp(Id::unique(MARKED))).unwrap_or(false)
}

const KEY: &str = "pane with the arrow keys";
const DRAWN: &str = "pane that is drawn";
const MARKED: &str = "pane marked";
