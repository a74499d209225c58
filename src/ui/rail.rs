//! The rail: the sections, one icon each.

use egui::{Align, Layout, Ui, Vec2, vec2};

use super::Cx;
use super::registry::life::spring_ui;
use crate::state::Command;
use crate::state::command::Commands;
use crate::state::navigation::{ModelKind, Route, Section};
use crate::theme::{Icon, Themed as _, size};

/// Draws the rail.
pub fn show(ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
    ui.spacing_mut().item_spacing.y = size::SPACE_XS;
    ui.add_space(size::SPACE_S);
    ui.vertical_centered(|ui| {
        entry_ui(ui, cx, Section::Experiments, Icon::Experiment, "Experiments", Route::Experiments, out);
        entry_ui(ui, cx, Section::Models, Icon::Model, "Models", Route::Models(ModelKind::Model), out);
        entry_ui(ui, cx, Section::Prompts, Icon::Prompt, "Prompts", Route::Models(ModelKind::Prompt), out);
        entry_ui(ui, cx, Section::Chat, Icon::Chat, "Chat", Route::Chat, out);
        entry_ui(ui, cx, Section::Bench, Icon::Bench, "Bench", Route::Bench, out);
        entry_ui(ui, cx, Section::Journal, Icon::History, "Journal", Route::Journal, out);
    });
    ui.with_layout(Layout::bottom_up(Align::Center), |ui| {
        ui.add_space(size::SPACE_S);
        entry_ui(ui, cx, Section::Settings, Icon::Settings, "Settings", Route::Settings, out);
    });
}

fn entry_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    section: Section,
    icon: Icon,
    name: &str,
    home: Route,
    out: &mut Commands,
) {
    let here = cx.route().section() == section;
    let tokens = ui.tokens();
    let tint = if here { tokens.accent.text } else { tokens.text_weak };
    let image =
        icon.image().fit_to_exact_size(Vec2::splat(size::ICON_RAIL)).tint(tint).alt_text(name.to_owned());
    let button = egui::Button::new(image)
        .frame_when_inactive(false)
        .selected(here)
        .min_size(vec2(size::RAIL_BUTTON, size::RAIL_BUTTON));
    let response = ui.add(button).accessible_name(name).on_hover_text(name);
    if section == Section::Models {
        spring_ui(&response, here, cx.state.settings.get().list_shown, out);
    }
    if response.clicked() {
        // From elsewhere: as the section was left. Again: its start.
        let left = cx.state.navigation.last_of(section).filter(|_| !here);
        out.push(Command::Go(left.cloned().unwrap_or(home)));
    }
}
