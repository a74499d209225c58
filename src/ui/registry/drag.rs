//! An alias chip on its way to another version. A drop proposes; it never writes.
//!
//! The drag is kept here rather than in egui, so that it survives the chip's own row scrolling out of sight.

use egui::{
    Context, CursorIcon, Id, Key, LayerId, Modifiers, Order, Pos2, Rect, Sense, Ui, UiBuilder, Vec2, vec2,
};

use crate::entities::VersionNumber;
use crate::theme::{self, Themed as _, size};
use crate::ui::widgets::alias_chip_ui;

/// Within this distance of the table's edge the rows scroll, in points.
const EDGE: f32 = 40.0;
/// How fast they scroll at the very edge, in points per second.
const SCROLL_SPEED: f32 = 900.0;

/// The chip that is being dragged.
#[derive(Debug)]
pub struct Drag {
    /// The alias.
    pub alias: String,
    /// The version it is on.
    pub from: VersionNumber,
    /// The version whose row is under the pointer in this frame.
    pub over: Option<VersionNumber>,
    /// The model whose board, beside this one, is under the pointer.
    pub other: Option<String>,
}

/// How a drag goes on.
#[derive(Debug, PartialEq, Eq)]
pub enum Dragging {
    /// It does.
    On,
    /// Esc, or dropped where nothing is to be done.
    Cancelled,
    /// Dropped on another version.
    Dropped(VersionNumber),
    /// Dropped on another model's board.
    OnOther,
}

impl Drag {
    /// A chip was taken.
    pub fn new(alias: &str, from: VersionNumber) -> Self {
        Self { alias: alias.to_owned(), from, over: None, other: None }
    }

    /// Whether a drop on this row would do something.
    pub fn lights(&self, version: VersionNumber) -> bool {
        self.over == Some(version) && version != self.from
    }

    /// Notes the row under the pointer. Call it for each row that is laid out.
    pub fn pass_row(&mut self, ui: &Ui, version: VersionNumber) {
        let rect = ui.max_rect().intersect(ui.clip_rect());
        if pointer(ui.ctx()).is_some_and(|at| rect.contains(at)) {
            self.over = Some(version);
        }
    }

    /// Scrolls the table that `ui` is in, if the pointer is near the upper or lower edge of what is visible of it.
    pub fn autoscroll(ui: &Ui) {
        let Some(at) = pointer(ui.ctx()) else { return };
        let Some(speed) = edge_speed(ui.clip_rect(), at) else { return };
        let seconds = ui.input(|input| input.stable_dt).min(0.1);
        ui.scroll_with_delta_animation(vec2(0.0, speed * seconds), egui::style::ScrollAnimation::none());
        ui.ctx().request_repaint();
    }

    /// As [`Self::autoscroll`], at the left and right edges too.
    pub fn autoscroll_sideways(ui: &Ui) {
        Self::autoscroll(ui);
        let turned = |at: Pos2| Pos2::new(at.y, at.x);
        let clip = ui.clip_rect();
        let visible = Rect::from_min_max(turned(clip.min), turned(clip.max));
        let Some(speed) = pointer(ui.ctx()).and_then(|at| edge_speed(visible, turned(at))) else { return };
        let seconds = ui.input(|input| input.stable_dt).min(0.1);
        ui.scroll_with_delta_animation(vec2(speed * seconds, 0.0), egui::style::ScrollAnimation::none());
        ui.ctx().request_repaint();
    }

    /// Draws the chip under the pointer, and looks whether it was let go.
    pub fn follow_ui(&self, ui: &mut Ui) -> Dragging {
        let ctx = ui.ctx().clone();
        if ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            return Dragging::Cancelled;
        }
        if !ctx.input(|input| input.pointer.primary_down()) {
            if self.other.is_some() {
                return Dragging::OnOther;
            }
            let target = self.over.filter(|version| *version != self.from);
            return target.map_or(Dragging::Cancelled, Dragging::Dropped);
        }
        ctx.set_cursor_icon(CursorIcon::Grabbing);
        if let Some(at) = pointer(&ctx) {
            let hint = match (&self.other, self.over.filter(|to| *to != self.from)) {
                (Some(other), _) => Some(format!("Not on {other}: aliases belong to a model")),
                (None, Some(to)) => Some(format!("{}: v{} → v{to}", self.alias, self.from)),
                (None, None) => None,
            };
            ghost_ui(ui, at, &self.alias, hint);
        }
        Dragging::On
    }
}

/// Draws a chip under the pointer, and what a drop would do.
pub fn ghost_ui(ui: &mut Ui, at: Pos2, alias: &str, hint: Option<String>) {
    let layer = LayerId::new(Order::Tooltip, Id::unique("dragged alias"));
    let rect = Rect::from_min_size(at + vec2(10.0, -size::CHIP / 2.0), Vec2::new(360.0, size::CHIP));
    let builder = UiBuilder::new()
        .layer_id(layer)
        .max_rect(rect)
        .layout(egui::Layout::left_to_right(egui::Align::Center));
    let mut ghost = ui.new_child(builder);
    ghost.set_clip_rect(ui.ctx().content_rect());
    alias_chip_ui(&mut ghost, alias, Sense::HOVER);
    if let Some(hint) = hint {
        let tokens = ghost.tokens();
        egui::Frame::new()
            .fill(tokens.popup_bg)
            .stroke(egui::Stroke::new(size::HAIRLINE, tokens.border))
            .corner_radius(size::RADIUS_CHIP)
            .inner_margin(egui::Margin::symmetric(6, 1))
            .show(&mut ghost, |ui| ui.add(egui::Label::new(theme::text::strong(hint)).extend()));
    }
}

/// Where the pointer is, also while it is held.
pub fn pointer(ctx: &Context) -> Option<Pos2> {
    ctx.input(|input| input.pointer.interact_pos())
}

/// Points per second that the content moves down; `None` away from the edges.
fn edge_speed(visible: Rect, at: Pos2) -> Option<f32> {
    if !visible.x_range().contains(at.x) || !visible.expand(EDGE).contains(at) {
        return None;
    }
    let (above, below) = (at.y - visible.top(), visible.bottom() - at.y);
    let strength = |distance: f32| ((EDGE - distance) / EDGE).clamp(0.0, 1.0);
    if above < EDGE {
        Some(strength(above) * SCROLL_SPEED)
    } else if below < EDGE {
        Some(-strength(below) * SCROLL_SPEED)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_scroll_only_near_the_edges() {
        let table = Rect::from_min_size(Pos2::ZERO, vec2(400.0, 300.0));
        assert_eq!(edge_speed(table, Pos2::new(50.0, 150.0)), None);
        assert_eq!(edge_speed(table, Pos2::new(500.0, 295.0)), None);
        assert!(edge_speed(table, Pos2::new(50.0, 5.0)).is_some_and(|speed| speed > 0.0));
        assert!(edge_speed(table, Pos2::new(50.0, 310.0)).is_some_and(|speed| speed <= -SCROLL_SPEED));
        assert_eq!(edge_speed(table, Pos2::new(50.0, 400.0)), None);
    }
}
