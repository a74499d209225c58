//! Boards side by side: one, or up to four models' boards, each with its own filter, cursor and drag.

use egui::{Id, Key, Modifiers, Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};

use super::board::{BoardView, Place};
use super::dialogs::Dialog;
use super::drag::pointer;
use crate::state::command::Commands;
use crate::state::navigation::ModelKind;
use crate::theme::{Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::Pane;

/// The boards that are open.
#[derive(Default)]
pub struct BesideView {
    boards: Vec<BoardView>,
    active: usize,
}

impl BesideView {
    /// Draws the boards of these models. `keys`: whether one of them takes the arrow keys now.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        (kind, names): (ModelKind, &[String]),
        keys: bool,
        dialog: &mut Dialog,
        out: &mut Commands,
    ) {
        self.line_up(names);
        if let [name] = names {
            let place = Place { slot: 0, beside: false, active: true, keys };
            self.boards[0].show(ui, cx, (kind, name), place, dialog, out);
            return;
        }
        if keys {
            self.take_keys(ui);
        }
        let (room, height) = (ui.available_width(), ui.available_height());
        let width = (room / names.len() as f32).max(size::MAIN_MIN);
        ScrollArea::horizontal().id_salt("boards side by side").auto_shrink(false).show(ui, |ui| {
            let whole = vec2(width * names.len() as f32, height);
            let left_top = ui.allocate_exact_size(whole, egui::Sense::hover()).0.min;
            let rects: Vec<Rect> = (0..names.len())
                .map(|slot| {
                    Rect::from_min_size(left_top + vec2(width * slot as f32, 0.0), vec2(width, height))
                })
                .collect();
            self.note_where_a_chip_is(ui, &rects);
            for (slot, (name, rect)) in names.iter().zip(&rects).enumerate() {
                let line = egui::Stroke::new(size::HAIRLINE, ui.tokens().hairline);
                if slot > 0 {
                    ui.painter().vline(rect.left(), rect.y_range(), line);
                }
                if ui.input(|input| input.pointer.any_pressed()) && ui.rect_contains_pointer(*rect) {
                    self.active = slot;
                }
                let inside = Rect::from_min_max(pos2(rect.left() + 1.0, rect.top()), rect.max);
                let builder = UiBuilder::new().id_salt(("board", slot)).max_rect(inside);
                let mut board_ui = ui.new_child(builder);
                board_ui.shrink_clip_rect(inside);
                let active = self.active == slot;
                let place = Place { slot, beside: true, active, keys: keys && active };
                self.boards[slot].show(&mut board_ui, cx, (kind, name), place, dialog, out);
            }
        });
    }

    /// A view a model, in their order; what was typed on a board stays with it.
    fn line_up(&mut self, names: &[String]) {
        let is_same = self.boards.len() == names.len()
            && self.boards.iter().zip(names).all(|(board, name)| board.name() == name);
        if is_same {
            return;
        }
        let opened = names.len() > self.boards.len();
        let mut old = std::mem::take(&mut self.boards);
        self.boards = names
            .iter()
            .map(|name| {
                let kept = old.iter().position(|board| board.name() == name);
                kept.map(|at| old.swap_remove(at)).unwrap_or_default()
            })
            .collect();
        self.active = if opened { names.len() - 1 } else { self.active.min(names.len().saturating_sub(1)) };
    }

    /// A chip over another model's board must say that it has no business there.
    fn note_where_a_chip_is(&mut self, ui: &Ui, rects: &[Rect]) {
        let at = pointer(ui.ctx()).filter(|at| ui.clip_rect().contains(*at));
        let over = at.and_then(|at| rects.iter().position(|rect| rect.contains(at)));
        let other = over.and_then(|slot| self.boards.get(slot)).map(|board| board.name().to_owned());
        for (slot, board) in self.boards.iter_mut().enumerate().filter(|(_, board)| board.is_dragging()) {
            board.drag_over_other(other.as_deref().filter(|_| over != Some(slot)));
        }
    }

    /// ← and → go from board to board, and from the first to the list.
    fn take_keys(&mut self, ui: &Ui) {
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let last = self.boards.len().saturating_sub(1);
        if self.active < last && pressed(Key::ArrowRight) {
            self.active += 1;
        } else if self.active > 0 && pressed(Key::ArrowLeft) {
            self.active -= 1;
        } else if self.active == 0 && pressed(Key::ArrowLeft) {
            Pane::List.take_keys(ui.ctx());
        }
    }
}

/// Asks the board that keys are for to ask where to go.
pub fn request_go_to_version(ctx: &egui::Context) {
    ctx.data_mut(|data| data.insert_temp(Id::unique(GO_TO), true));
}

/// Whether that was asked.
pub fn take_go_to_version(ctx: &egui::Context) -> bool {
    ctx.data_mut(|data| data.remove_temp::<bool>(Id::unique(GO_TO))).unwrap_or(false)
}

const GO_TO: &str = "go to version";
