//! Toasts at the lower right. They repaint when one expires, not every frame.

use std::time::Instant;

use egui::{Align2, Area, Context, Frame, Order, Ui, vec2};

use super::Cx;
use crate::state::Command;
use crate::state::command::Commands;
use crate::state::notices::{Notice, NoticeKind};
use crate::theme::{self, Icon, Themed as _, Tint, size};

/// Draws the toasts.
pub fn show(ctx: &Context, cx: &Cx<'_>, out: &mut Commands) {
    let notices = &cx.state.notices;
    if notices.shown().is_empty() {
        return;
    }
    if let Some(after) = notices.next_expiry(Instant::now()) {
        ctx.request_repaint_after(after);
    }
    Area::new(egui::Id::unique("toasts"))
        .order(Order::Foreground)
        .anchor(Align2::RIGHT_BOTTOM, vec2(-size::SPACE_M, -size::STATUS_BAR - size::SPACE_M))
        .show(ctx, |ui| {
            ui.set_width(400.0);
            for notice in notices.shown() {
                notice_ui(ui, notice, out);
                ui.add_space(size::SPACE_S);
            }
        });
}

fn notice_ui(ui: &mut Ui, notice: &Notice, out: &mut Commands) {
    let (icon, tint) = look(ui, notice.kind);
    let tokens = ui.tokens();
    Frame::popup(ui.style()).stroke(egui::Stroke::new(size::HAIRLINE, tokens.border)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_top(|ui| {
            ui.add(icon.image().tint(tint.fg).alt_text(""));
            ui.vertical(|ui| {
                ui.set_width(ui.available_width() - size::CONTROL - size::SPACE_S);
                ui.add(egui::Label::new(&notice.text).wrap());
                buttons_ui(ui, notice, out);
            });
            if ui.add(theme::button::icon(Icon::Close, "Dismiss")).on_hover_text("Dismiss").clicked() {
                out.push(Command::DismissNotice(notice.id));
            }
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
