//! A field for an alias or a version of a model, with a button that offers those of the registry that is open.

use egui::containers::menu::MenuButton;
use egui::{Button, ScrollArea, Ui, Vec2};

use super::Cx;
use super::widgets::form::Form;
use crate::state::endpoints::{Servable, servable};
use crate::theme::{self, Icon, size};

/// Width of the list of aliases and versions, in points.
const OFFERED: f32 = 300.0;
/// Height of that list at most, in points.
const MOST_OFFERED: f32 = 10.0 * size::ROW;

/// A field of a form for a `models:/` URI. `name` and `choose` are what field and button are called.
pub fn field_ui(ui: &mut Ui, cx: &Cx<'_>, form: &mut Form, (name, choose): (&str, &str), uri: &mut String) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = size::SPACE_S;
        let width = ui.available_width() - size::CONTROL - size::SPACE_S;
        form.bare_field_ui(ui, name, "models:/MyAgent@prod", width, uri);
        // As wide as it is high.
        ui.spacing_mut().button_padding = Vec2::ZERO;
        choose_ui(ui, cx, choose, uri);
    });
}

/// The button with the aliases and versions of the registry that is open.
fn choose_ui(ui: &mut Ui, cx: &Cx<'_>, name: &str, uri: &mut String) {
    let button = theme::button::icon(Icon::ChevronDown, name);
    let Some(workspace) = cx.workspace() else {
        ui.add_enabled(false, button).on_disabled_hover_text("Open the tracking server with the model first");
        return;
    };
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
        ui.set_width(OFFERED);
        let models = workspace.registry.models.items();
        let offered = servable(models, uri);
        // A name of which there is nothing is no reason to offer nothing.
        let offered = if offered.is_empty() { servable(models, "") } else { offered };
        if offered.is_empty() {
            let loading = workspace.registry.models.is_loading();
            ui.label(theme::text::weak(if loading { "Loading…" } else { "No model is registered here" }));
        }
        ScrollArea::vertical().max_height(MOST_OFFERED).show(ui, |ui| {
            for it in &offered {
                if offered_ui(ui, it, *uri == it.uri) {
                    uri.clone_from(&it.uri);
                    ui.close();
                }
            }
        });
    });
    response.on_hover_text("Choose an alias or a version");
}

fn offered_ui(ui: &mut Ui, offered: &Servable, chosen: bool) -> bool {
    let text = offered.uri.trim_start_matches("models:/");
    let entry = Button::selectable(chosen, text).right_text(theme::text::small(&offered.at)).truncate();
    ui.add_sized([ui.available_width(), size::CONTROL], entry).accessible_name(&offered.uri).clicked()
}
