//! The endpoints that are known: a list with how each is.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{Color32, PopupCloseBehavior, ScrollArea, Ui};

use super::endpoint_editor::EditorView;
use super::header::dot_ui;
use super::serving;
use crate::agent::Health;
use crate::state::chat::ChatCommand;
use crate::state::command::Commands;
use crate::state::endpoints::{EndpointProfile, EndpointsCommand};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;

/// Height of the known ones at most, in points.
const ROOM: f32 = 10.0 * size::ROW;
/// Width of a name in the list, in points.
const WIDTH: f32 = 260.0;

/// The button that opens the list, and the one that edits the present endpoint.
pub(super) fn menu_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    editor: &mut EditorView,
    filter: &mut String,
    out: &mut Commands,
) {
    let settings = cx.state.settings.get();
    let chat = &cx.state.chat;
    if chat.target.endpoint().is_some() && !chat.is_sample() {
        let edit = theme::button::icon(Icon::Edit, "Edit the endpoint");
        if ui.add(edit).on_hover_text("Name, dialect, alias, token, headers, inputs, TLS").clicked() {
            editor.open(settings.profile(chat.target.address()));
        }
    }
    let known = settings.known_endpoints();
    let serves = cx.workspace().is_some_and(|workspace| workspace.store.info().serves_endpoints);
    if known.is_empty() && !serves {
        return;
    }
    let button = theme::button::icon(Icon::History, "Endpoints");
    // A click into the filter leaves it open.
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let menu = MenuButton::from_button(button).config(config);
    let (response, _) = menu.ui(ui, |ui| {
        ScrollArea::vertical().id_salt("known endpoints").max_height(ROOM).show(ui, |ui| {
            for profile in &known {
                entry_ui(ui, cx, profile, editor, out);
            }
        });
        if serves && !known.is_empty() {
            ui.separator();
        }
        serving::section_ui(ui, cx, filter, out);
    });
    if response.clicked() {
        out.push(EndpointsCommand::Probe);
    }
    response.on_hover_text("Endpoints");
}

fn entry_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    profile: &EndpointProfile,
    editor: &mut EditorView,
    out: &mut Commands,
) {
    let title = profile.title();
    ui.horizontal(|ui| {
        let health = cx.state.endpoints.health(&profile.url);
        let listed = cx.state.listed(&profile.url);
        let color = listed.map(|listed| serving::state_color(ui, listed.state));
        let color = color.or_else(|| health.map(|health| health_color(ui, health)));
        dot_ui(ui, color.unwrap_or(ui.tokens().text_disabled));
        let current = cx.state.chat.target.address() == profile.url;
        let text = if profile.name.is_empty() { profile.url.as_str() } else { title.as_str() };
        let serves = profile.bound.as_ref().map(|bound| bound.to.to_string()).unwrap_or_default();
        let entry = egui::Button::selectable(current, text).right_text(theme::text::small(serves)).truncate();
        let entry = ui.add_sized([WIDTH, size::CONTROL], entry).accessible_name(text);
        let described = match (listed, health) {
            (Some(listed), _) => listed.state.label().to_owned(),
            (None, Some(health)) => health.describe(),
            (None, None) => "Checking…".to_owned(),
        };
        let serves =
            profile.bound.as_ref().map(|bound| format!("\nServes {}", bound.uri())).unwrap_or_default();
        if entry.on_hover_text(format!("{}\n{described}{serves}", profile.url)).clicked() {
            out.push(ChatCommand::SetAddress(profile.url.clone()));
            ui.close();
        }
        let name = format!("Edit {text}");
        if ui.add(theme::button::icon(Icon::Edit, &name)).on_hover_text("Edit").clicked() {
            editor.open(profile.clone());
            ui.close();
        }
        let name = format!("Forget {text}");
        if ui.add(theme::button::icon(Icon::Close, &name)).on_hover_text("Forget").clicked() {
            out.push(ChatCommand::ForgetAddress(profile.url.clone()));
        }
    });
}

pub(super) fn health_color(ui: &Ui, health: &Health) -> Color32 {
    let tokens = ui.tokens();
    match health {
        Health::AgentServer { .. }
        | Health::ScoringServer { .. }
        | Health::Gateway { .. }
        | Health::ModelServer { .. } => tokens.success.fg,
        Health::Busy | Health::NeedsToken { .. } => tokens.warning.fg,
        Health::Unchecked => tokens.text_weak,
        Health::NotAModelServer { .. } | Health::Down(_) => tokens.failure.fg,
    }
}

/// What the present endpoint is called and serves, in a line; nothing where nothing was said.
pub(super) fn profile_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let profile = cx.state.settings.get().profile(cx.state.chat.target.address());
    let serves = profile.bound.as_ref().map(|bound| format!("serves {}", bound.uri()));
    let name = (!profile.name.is_empty()).then(|| profile.name.clone());
    let said: Vec<String> = name.into_iter().chain(serves).collect();
    if !said.is_empty() {
        ui.add(egui::Label::new(theme::text::small(said.join(" · "))).truncate());
    }
}
