//! Above a comparison: what is compared, the way to choose another side, and what to do with the result.

use egui::{Align, Label, Layout, Ui};

use crate::state::command::Commands;
use crate::state::compare::{CompareCommand, Comparison};
use crate::state::{Command, Route};
use crate::theme::{self, Icon, size};
use crate::tracking::StoreInfo;

/// Room for the buttons at the right, in points.
const BUTTONS: f32 = 150.0;

/// Draws the header.
pub(super) fn show(ui: &mut Ui, comparison: &Comparison, store: &StoreInfo, out: &mut Commands) {
    ui.horizontal(|ui| {
        ui.set_height(size::CONTROL);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui
                .add(theme::button::icon(Icon::Refresh, "Refresh comparison"))
                .on_hover_text("Refresh")
                .clicked()
            {
                out.push(Command::Refresh);
            }
            ui.menu_button("Export", |ui| export_menu_ui(ui, comparison, store, out));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.label(theme::text::heading("Compare"));
                let room = ((ui.available_width() - BUTTONS) / 2.0).max(80.0);
                side_ui(ui, comparison, 0, room, out);
                let icon = Icon::Sort.image().alt_text("Swap sides");
                let icon = icon.rotate(std::f32::consts::FRAC_PI_2, egui::Vec2::splat(0.5));
                let swap = ui.add(theme::button::quiet(icon).min_size(egui::Vec2::splat(size::CONTROL)));
                if swap.on_hover_text("Swap sides").clicked() {
                    swap_sides(comparison, out);
                }
                side_ui(ui, comparison, 1, room, out);
            });
        });
    });
    ui.horizontal(|ui| {
        // Always there, so that nothing moves when it is filled.
        ui.set_height(size::CHIP);
        let text = if comparison.is_same() && !comparison.is_loading() {
            "Nothing differs".to_owned()
        } else {
            comparison.summary().join(" · ")
        };
        ui.add(Label::new(theme::text::weak(text)).truncate());
    });
}

fn swap_sides(comparison: &Comparison, out: &mut Commands) {
    if let (Some(from), Some(to)) = (comparison.subject(1), comparison.subject(0)) {
        out.push(Route::Compare { from: from.clone(), to: to.clone() });
    }
}

/// What stands on a side: another can be chosen, or it can be opened.
fn side_ui(ui: &mut Ui, comparison: &Comparison, side: usize, room: f32, out: &mut Commands) {
    let Some(subject) = comparison.subject(side) else { return };
    let label = match subject.version() {
        Some(_) => subject.label(),
        None => comparison.title(side),
    };
    ui.scope(|ui| {
        ui.set_max_width(room);
        let button =
            theme::button::default((label.clone(), Icon::ChevronDown.sized(size::ICON_SMALL).alt_text("")));
        let name = format!("{} side: {label}", if side == 0 { "Left" } else { "Right" });
        let response = ui.add(button.truncate()).accessible_name(name).on_hover_text(subject.uri());
        egui::Popup::menu(&response).show(|ui| {
            if ui.button("Choose another…").clicked() {
                out.push(CompareCommand::ChooseSide(side));
                ui.close();
            }
            if let Some(route) = subject.route()
                && ui.button("Open").clicked()
            {
                out.push(route);
                ui.close();
            }
            if ui.button("Copy URI").clicked() {
                out.push(Command::Copy(subject.uri(), "URI"));
                ui.close();
            }
        });
    });
}

fn export_menu_ui(ui: &mut Ui, comparison: &Comparison, store: &StoreInfo, out: &mut Commands) {
    if ui.button("Copy as Markdown").clicked() {
        out.push(Command::Copy(comparison.markdown(&store.label), "the comparison"));
        ui.close();
    }
    if ui.button("Save as Markdown…").clicked() {
        out.push(CompareCommand::SaveMarkdown);
        ui.close();
    }
}
