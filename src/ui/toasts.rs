//! Toasts at the lower right of the main pane, above the controls there. They repaint when one expires, not every
//! frame.

use std::time::Instant;

use egui::{Align, Align2, Area, Context, Frame, Id, Layout, Order, Pos2, Rangef, Rect, Ui, pos2};

use super::Cx;
use crate::state::Command;
use crate::state::command::Commands;
use crate::state::notices::{Notice, NoticeKind};
use crate::theme::{self, Icon, Themed as _, Tint, size};

/// Width of a toast where there is room.
const WIDTH: f32 = 400.0;
/// What begins higher above the lower edge is no control at that edge.
const REACH: f32 = 320.0;
const CLEAR: &str = "what toasts must not cover";

/// Says that toasts must not cover this in the present frame: controls at the lower edge of a pane.
pub fn keep_clear(ctx: &Context, controls: Rect) {
    let id = Id::unique(CLEAR);
    ctx.data_mut(|data| data.get_temp_mut_or_default::<Vec<Rect>>(id).push(controls));
}

/// Draws the toasts in the main pane.
pub fn show(ctx: &Context, main: Rect, cx: &Cx<'_>, out: &mut Commands) {
    let clear = ctx.data_mut(|data| data.remove_temp::<Vec<Rect>>(Id::unique(CLEAR))).unwrap_or_default();
    let notices = &cx.state.notices;
    if notices.shown().is_empty() {
        return;
    }
    if let Some(after) = notices.next_expiry(Instant::now()) {
        ctx.request_repaint_after(after);
    }
    let width = WIDTH.min(main.width() - 2.0 * size::SPACE_M);
    Area::new(Id::unique("toasts"))
        .order(Order::Foreground)
        .pivot(Align2::RIGHT_BOTTOM)
        .fixed_pos(corner(main, width, &clear))
        .show(ctx, |ui| {
            ui.set_width(width);
            ui.spacing_mut().item_spacing.y = size::SPACE_S;
            for notice in notices.shown() {
                notice_ui(ui, notice, out);
            }
        });
}

/// The lower right corner of the toasts: in that of the pane, above what must stay clear.
fn corner(main: Rect, width: f32, clear: &[Rect]) -> Pos2 {
    let right = main.right() - size::SPACE_M;
    let columns = Rangef::new(right - width, right);
    let lowest = main.bottom() - size::SPACE_M;
    let mut in_the_way: Vec<&Rect> =
        clear.iter().filter(|controls| controls.x_range().intersects(columns)).collect();
    // From the lowest up: what stands close above the others is in the way, too.
    in_the_way.sort_by(|a, b| b.bottom().total_cmp(&a.bottom()));
    let above = |bottom: f32, controls: &&Rect| {
        let near = controls.bottom() > bottom - size::SPACE_XL && controls.top() > lowest - REACH;
        if near { bottom.min(controls.top() - size::SPACE_S) } else { bottom }
    };
    pos2(right, in_the_way.iter().fold(lowest, above))
}

fn notice_ui(ui: &mut Ui, notice: &Notice, out: &mut Commands) {
    let (icon, tint) = look(ui, notice.kind);
    let tokens = ui.tokens();
    Frame::popup(ui.style()).stroke(egui::Stroke::new(size::HAIRLINE, tokens.border)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_top(|ui| {
            // The button first: what is beside it has the rest, and no toast is wider than the others.
            ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                let close = theme::button::icon(Icon::Close, "Dismiss");
                if ui.add(close).on_hover_text("Dismiss").clicked() {
                    out.push(Command::DismissNotice(notice.id));
                }
                ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
                    ui.add(icon.image().tint(tint.fg).alt_text(""));
                    ui.vertical(|ui| {
                        ui.add(egui::Label::new(&notice.text).wrap());
                        buttons_ui(ui, notice, out);
                    });
                });
            });
        });
    });
}

fn buttons_ui(ui: &mut Ui, notice: &Notice, out: &mut Commands) {
    if notice.action.is_none() && notice.detail.is_none() {
        return;
    }
    ui.horizontal(|ui| {
        if let Some((label, command)) = &notice.action
            && ui.add(theme::button::default(label.as_str())).clicked()
        {
            out.push(command.as_ref().clone());
            out.push(Command::DismissNotice(notice.id));
        }
        if let Some(detail) = &notice.detail
            && ui.add(theme::button::quiet((Icon::Copy.image(), "Copy details"))).clicked()
        {
            out.push(Command::Copy(format!("{}\n{detail}", notice.text), "details"));
        }
    });
}

fn look(ui: &Ui, kind: NoticeKind) -> (Icon, Tint) {
    let tokens = ui.tokens();
    match kind {
        NoticeKind::Info => (Icon::Info, tokens.info),
        NoticeKind::Success => (Icon::Success, tokens.success),
        NoticeKind::Warning => (Icon::Warning, tokens.warning),
        NoticeKind::Error => (Icon::Error, tokens.failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toasts_stand_above_the_controls_below_them() {
        let main = Rect::from_min_max(pos2(300.0, 0.0), pos2(1000.0, 600.0));
        let composer = Rect::from_min_max(pos2(300.0, 500.0), pos2(1000.0, 600.0));
        let panel = Rect::from_min_max(pos2(1000.0, 450.0), pos2(1400.0, 600.0));
        assert_eq!(corner(main, 400.0, &[]), pos2(988.0, 588.0));
        assert_eq!(corner(main, 400.0, &[panel]), pos2(988.0, 588.0));
        assert_eq!(corner(main, 400.0, &[panel, composer]), pos2(988.0, 492.0));
        let latest = Rect::from_min_max(pos2(600.0, 470.0), pos2(690.0, 492.0));
        assert_eq!(corner(main, 400.0, &[latest, composer]), pos2(988.0, 462.0));
    }
}
