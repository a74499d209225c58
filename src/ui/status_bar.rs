//! The status bar: which server, how fast it answers, what is under way, what went wrong last.

use egui::containers::menu::MenuButton;
use egui::{Align, Layout, RichText, ScrollArea, Ui, Vec2};

use super::{Cx, serve};
use crate::state::Command;
use crate::state::command::Commands;
use crate::state::format;
use crate::theme::{self, Icon, Themed as _, size};
use crate::tracking::StoreInfo;

/// Draws the status bar.
pub fn show(ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = size::SPACE_S;
        server_ui(ui, cx, out);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let chat = cx.state.has_chat_beside();
            let name = if chat { "Hide chat panel" } else { "Show chat panel" };
            let side = Vec2::splat(size::STATUS_BAR - 4.0);
            let button = theme::button::icon(Icon::PanelRight, name).min_size(side).selected(chat);
            if ui.add(button).on_hover_text(name).clicked() {
                out.push(Command::ToggleChatPanel);
            }
            serve::status_ui(ui, cx, out);
            if let Some(error) = cx.state.notices.last_error() {
                let color = ui.tokens().failure.fg;
                ui.add(egui::Label::new(RichText::new(error).small().color(color)).truncate())
                    .on_hover_text(error);
            }
        });
    });
}

/// A server, or a file on this machine.
pub fn store_icon(uri: &str) -> Icon {
    if uri.starts_with("sqlite:") { Icon::Dataset } else { Icon::Server }
}

fn server_ui(ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
    let tokens = ui.tokens();
    let Some(workspace) = cx.workspace() else {
        ui.label(theme::text::small(if cx.state.connection.is_connecting() {
            "Connecting…"
        } else {
            "No server"
        }));
        return;
    };
    let info = workspace.store.info();
    let label = theme::button::quiet((
        store_icon(&info.uri).image().fit_to_exact_size(Vec2::splat(size::ICON_SMALL)).alt_text(""),
        RichText::new(&info.label).small(),
    ));
    let what = if info.sample {
        "A scratch copy: change what you like, it goes away when Flowdeck is closed\n"
    } else {
        ""
    };
    let menu = egui::containers::menu::MenuButton::from_button(label.min_size(Vec2::ZERO));
    let (response, _) = menu.ui(ui, |ui| {
        if ui.button("Choose another server…").clicked() {
            out.push(Command::Disconnect);
        }
        if ui.button("Copy the address").clicked() {
            out.push(Command::Copy(info.uri.clone(), "the address"));
        }
    });
    response.on_hover_text(format!("{what}{}", info.uri));
    workspace_ui(ui, &info, out);
    if let Some(version) = &info.server_version {
        ui.label(theme::text::small(format!("MLflow {version}")));
    }
    if info.insecure_tls {
        ui.label(RichText::new("TLS not verified").small().color(tokens.failure.fg))
            .on_hover_text("Anyone on the way can read and change what is sent");
    }
    if let Some(note) = &info.note {
        ui.label(RichText::new(note).small().color(tokens.warning.fg)).on_hover_text(note);
    }
    let health = workspace.store.health();
    if let Some(latency) = health.last_latency {
        ui.label(theme::text::small(format::duration(latency.as_millis() as i64)))
            .on_hover_text("How long the server's last answer took");
    }
    if health.in_flight > 0 {
        ui.label(theme::text::small(format!(
            "{} under way",
            format::counted(health.in_flight, "request", "requests")
        )));
    }
    downloads_ui(ui, cx);
}

/// Which of MLflow's workspaces is looked into, where there are several, and a way to another.
fn workspace_ui(ui: &mut Ui, info: &StoreInfo, out: &mut Commands) {
    let Some(present) = info.workspace.as_ref().filter(|_| info.workspaces.len() > 1) else { return };
    let text = RichText::new(format!("Workspace: {present}")).small();
    let chevron = Icon::ChevronDown.sized(size::ICON_SMALL).alt_text("");
    let button = theme::button::quiet((text, chevron)).min_size(Vec2::ZERO);
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
        ScrollArea::vertical().max_height(size::MENU_MAX).show(ui, |ui| {
            for workspace in &info.workspaces {
                let entry = ui.selectable_label(workspace == present, workspace);
                if entry.clicked() && workspace != present {
                    out.push(Command::SwitchWorkspace(workspace.clone()));
                }
            }
        });
    });
    response.on_hover_text("Experiments and models belong to a workspace. Click to look into another");
}

fn downloads_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let Some(workspace) = cx.workspace() else { return };
    let downloads = workspace.artifacts.active_downloads();
    if downloads.count == 0 {
        return;
    }
    let size = match downloads.total {
        Some(total) => format!("{} of {}", format::bytes(downloads.received), format::bytes(total)),
        None => format::bytes(downloads.received),
    };
    let what = format::counted(downloads.count, "download", "downloads");
    ui.label(theme::text::small(format!("{what}, {size}")));
}
