//! The chooser of columns: a search, and a checkbox for every column by group.

use egui::{Checkbox, Popup, PopupCloseBehavior, Response, ScrollArea, Ui};

use crate::state::command::Commands;
use crate::state::format;
use crate::state::runs::{ColumnKey, Group, Listing, RunsCommand, columns_of};
use crate::theme::{self, size};
use crate::ui::widgets::filter_field_of_pane_ui;

/// What was typed into it.
#[derive(Default)]
pub(super) struct Chooser {
    search: String,
}

const WIDTH: f32 = 320.0;
const HEIGHT: f32 = 420.0;

enum Row {
    Title { group: Group, shown: usize, count: usize },
    Column(ColumnKey),
}

/// Opens below its button.
pub(super) fn show(button: &Response, chooser: &mut Chooser, listing: &Listing, out: &mut Commands) {
    Popup::from_toggle_button_response(button)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .accessible_name("Columns")
        .width(WIDTH)
        .show(|ui| chooser.ui(ui, listing, out));
}

impl Chooser {
    fn ui(&mut self, ui: &mut Ui, listing: &Listing, out: &mut Commands) {
        ui.set_width(WIDTH);
        filter_field_of_pane_ui(ui, &mut self.search, "Search columns", false);
        ui.add_space(size::SPACE_XS);
        let containing = self.search.trim().to_lowercase();
        let rows = rows(listing, &containing);
        if rows.is_empty() {
            ui.label(theme::text::weak("No column has that name"));
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        let area = ScrollArea::vertical().max_height(HEIGHT).auto_shrink([false, true]);
        area.show_rows(ui, size::CONTROL, rows.len(), |ui, visible| {
            for row in &rows[visible] {
                match row {
                    Row::Title { group, shown, count } => {
                        title_ui(ui, *group, (*shown, *count), &containing, out);
                    }
                    Row::Column(column) => column_ui(ui, listing, column, out),
                }
            }
        });
        ui.add_space(size::SPACE_XS);
        if ui.add(theme::button::quiet("Reset to the informative ones")).clicked() {
            out.push(RunsCommand::ResetColumns);
        }
    }
}

fn rows(listing: &Listing, containing: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in Group::ALL {
        let columns = columns_of(listing.table(), group, containing);
        if columns.is_empty() {
            continue;
        }
        let shown = columns.iter().filter(|column| listing.layout().columns().contains(column)).count();
        rows.push(Row::Title { group, shown, count: columns.len() });
        rows.extend(columns.into_iter().map(Row::Column));
    }
    rows
}

fn title_ui(ui: &mut Ui, group: Group, (shown, count): (usize, usize), containing: &str, out: &mut Commands) {
    ui.horizontal(|ui| {
        ui.set_height(size::CONTROL);
        ui.label(theme::text::label(format!("{} ({shown} of {count})", group.title())));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            for (label, all) in [("None", false), ("All", true)] {
                let name = format!("{label} {}", group.title().to_lowercase());
                let button = theme::button::quiet(theme::text::small(label));
                if ui.add(button).accessible_name(name).clicked() {
                    let containing = containing.to_owned();
                    out.push(RunsCommand::ShowGroup { group, containing, shown: all });
                }
            }
        });
    });
}

fn column_ui(ui: &mut Ui, listing: &Listing, column: &ColumnKey, out: &mut Commands) {
    let mut shown = listing.layout().columns().contains(column);
    ui.horizontal(|ui| {
        ui.set_height(size::CONTROL);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.add_space(size::SPACE_S);
            if let Some(key) = listing.table().key(column) {
                let (have, all) = (key.stats.count as usize, listing.table().rows().count() as usize);
                let constant = if key.stats.varies || have < 2 { "" } else { ", all the same" };
                if have < all || !constant.is_empty() {
                    let text = format!("in {}{constant}", format::count(have));
                    ui.label(theme::text::small(text));
                }
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Truncate);
                if ui.add(Checkbox::new(&mut shown, column.title())).changed() {
                    out.push(RunsCommand::ShowColumn(column.clone(), shown));
                }
            });
        });
    });
}
