//! A line that unfolds what is below it.

use egui::{Align, Id, Layout, Ui};

use crate::theme::{self, Icon, Themed as _, size};

/// A line with a title; click it to show `body` below. `title` is its accessible name.
pub fn fold_ui(ui: &mut Ui, salt: &str, icon: Icon, title: &str, body: impl FnOnce(&mut Ui)) {
    fold_with_ui(ui, salt, icon, title, |_| {}, body);
}

/// [`fold_ui`] with something at the right end of the line.
pub fn fold_with_ui(
    ui: &mut Ui,
    salt: &str,
    icon: Icon,
    title: &str,
    end: impl FnOnce(&mut Ui),
    body: impl FnOnce(&mut Ui),
) {
    let id = ui.make_persistent_id(("fold", salt));
    let open = is_open(ui, id);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            end(ui);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.spacing_mut().button_padding = egui::vec2(2.0, 2.0);
                let chevron = if open { Icon::ChevronDown } else { Icon::ChevronRight };
                let tint = ui.tokens().text_weak;
                let button = theme::button::quiet((
                    chevron.sized(size::ICON_SMALL).alt_text(""),
                    icon.sized(size::ICON_SMALL).alt_text(""),
                    egui::RichText::new(title).color(tint),
                ))
                .truncate();
                if ui.add(button).accessible_name(title).clicked() {
                    ui.data_mut(|data| data.insert_temp(id, !open));
                }
            });
        });
    });
    if open {
        ui.indent(id.with("body"), body);
    }
}

fn is_open(ui: &Ui, id: Id) -> bool {
    ui.data(|data| data.get_temp(id)).unwrap_or(false)
}
