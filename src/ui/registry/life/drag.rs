//! What a run logged on its way to a model. A drop asks; it never writes.
//!
//! egui keeps what is carried, so it survives the screen it was taken from: the rail's Models opens the list under it.

use std::time::Duration;

use egui::{
    Context, CursorIcon, DragAndDrop, Id, LayerId, Order, Rect, Response, Stroke, StrokeKind, UiBuilder,
    Vec2, vec2,
};

use super::menus::register;
use crate::state::command::Commands;
use crate::state::navigation::{ModelKind, Route};
use crate::state::registry::life::write::Registrable;
use crate::theme::{self, Icon, Themed as _, size};

/// How long something is held over the rail before the list opens.
const SPRING: Duration = Duration::from_millis(500);

/// Lets what was logged be taken by the pointer at `response`.
pub fn carry_ui(response: Response, logged: &Registrable) -> Response {
    if response.drag_started() {
        DragAndDrop::set_payload(&response.ctx, logged.clone());
    }
    response.on_hover_cursor(CursorIcon::Grab).on_hover_text("Drag it onto a model to register it")
}

/// Takes what is dropped on a model (`None`: on a place for new ones) and lights it up before.
pub fn drop_ui(response: &Response, model: Option<&str>, out: &mut Commands) {
    if response.dnd_hover_payload::<Registrable>().is_some() {
        let ring = Stroke::new(size::FOCUS_RING, response.ctx.tokens().accent.ring);
        let painter = response.ctx.layer_painter(response.layer_id);
        painter.rect_stroke(response.rect.shrink(1.0), size::RADIUS, ring, StrokeKind::Inside);
    }
    if let Some(logged) = response.dnd_release_payload::<Registrable>() {
        out.push(register(&logged, model));
    }
}

/// The rail's Models opens its list when something is held over it.
pub fn spring_ui(response: &Response, here: bool, list_shown: bool, out: &mut Commands) {
    let ctx = &response.ctx;
    let id = Id::unique("held over the rail");
    if here && list_shown || response.dnd_hover_payload::<Registrable>().is_none() {
        ctx.data_mut(|data| data.remove::<f64>(id));
        return;
    }
    let now = ctx.input(|input| input.time);
    let since = ctx.data_mut(|data| *data.get_temp_mut_or_insert_with(id, || now));
    match SPRING.checked_sub(Duration::from_secs_f64((now - since).max(0.0))) {
        Some(left) if !left.is_zero() => ctx.request_repaint_after(left),
        _ => {
            ctx.data_mut(|data| data.remove::<f64>(id));
            if !here {
                out.push(Route::Models(ModelKind::Model));
            }
            if !list_shown {
                out.push(crate::state::Command::ToggleList);
            }
        }
    }
}

/// Draws what is carried at the pointer.
pub fn ghost_ui(ui: &mut egui::Ui) {
    let ctx: Context = ui.ctx().clone();
    let Some(logged) = DragAndDrop::payload::<Registrable>(&ctx) else { return };
    let Some(at) = ctx.input(|input| input.pointer.interact_pos()) else { return };
    ctx.set_cursor_icon(CursorIcon::Grabbing);
    let rect = Rect::from_min_size(at + vec2(12.0, -size::CHIP / 2.0), Vec2::new(360.0, size::CHIP));
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    let builder = UiBuilder::new()
        .layer_id(LayerId::new(Order::Tooltip, Id::unique("carried model")))
        .max_rect(rect)
        .layout(layout);
    let mut ghost = ui.new_child(builder);
    ghost.set_clip_rect(ctx.content_rect());
    let tokens = ghost.tokens();
    egui::Frame::new()
        .fill(tokens.popup_bg)
        .stroke(Stroke::new(size::HAIRLINE, tokens.border))
        .corner_radius(size::RADIUS_CHIP)
        .inner_margin(egui::Margin::symmetric(6, 1))
        .show(&mut ghost, |ui| {
            ui.spacing_mut().item_spacing.x = size::SPACE_XS;
            ui.add(Icon::Model.tinted(tokens.text_weak).alt_text(""));
            ui.add(egui::Label::new(theme::text::strong(&logged.label)).extend());
        });
}
