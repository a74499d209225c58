//! A page of sections that scrolls: in two columns where there is room for them.

use egui::{AsIdSalt, Frame, Margin, ScrollArea, Ui};

use crate::theme::size;

/// Narrower panes show one column.
const TWO_COLUMNS: f32 = 860.0;

/// Gives the one column, or the left one and the right one. `salt` tells what is scrolled from others.
pub fn columns_ui(ui: &mut Ui, salt: impl AsIdSalt, add: impl FnOnce(&mut [Ui])) {
    ScrollArea::vertical().id_salt(salt).auto_shrink(false).show(ui, |ui| {
        let margin = Margin { left: size::SPACE_L as i8, right: size::SPACE_L as i8, top: 0, bottom: 24 };
        Frame::new().inner_margin(margin).show(ui, |ui| {
            if ui.available_width() < TWO_COLUMNS {
                add(std::slice::from_mut(ui));
                return;
            }
            ui.spacing_mut().item_spacing.x = size::SPACE_XL;
            ui.columns(2, |columns| {
                for column in columns.iter_mut() {
                    column.spacing_mut().item_spacing.x = size::SPACE_S;
                }
                add(columns);
            });
        });
    });
}
