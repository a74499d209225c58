//! What will happen when the file that hovers over the window is let go.

use std::path::Path;

use egui::{Align2, Area, Context, Frame, Id, LayerId, Order, Sense, StrokeKind};

use crate::theme::{self, Icon, Themed as _, size};

/// Draws it while a file hovers.
pub fn show(ctx: &Context) {
    let Some(text) =
        ctx.input(|input| input.raw.hovered_files.first().map(|file| words(file.path.as_deref())))
    else {
        return;
    };
    let layer = LayerId::new(Order::Foreground, Id::unique("drop overlay frame"));
    let tokens = ctx.tokens();
    let painter = ctx.layer_painter(layer);
    let window = ctx.content_rect();
    painter.rect_filled(window, 0, tokens.scrim);
    let edge = egui::Stroke::new(2.0 * size::HAIRLINE, tokens.accent.ring);
    painter.rect_stroke(window.shrink(size::SPACE_S), size::RADIUS_LARGE, edge, StrokeKind::Inside);
    Area::new(Id::unique("drop overlay"))
        .order(Order::Tooltip)
        .sense(Sense::empty())
        .interactable(false)
        .anchor(Align2::CENTER_CENTER, egui::Vec2::ZERO)
        .show(ctx, |ui| {
            Frame::popup(ui.style()).inner_margin(size::SPACE_L).show(ui, |ui| {
                ui.horizontal(|ui| {
                    ui.add(Icon::Dataset.tinted(tokens.text_strong).alt_text(""));
                    ui.label(theme::text::heading(text));
                });
            });
        });
}

/// Says what is opened, by its name.
fn words(path: Option<&Path>) -> String {
    match path.and_then(Path::file_name) {
        Some(name) => format!("Drop to open {}", name.to_string_lossy()),
        None => "Drop to open the file".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_without_its_folder() {
        assert_eq!(words(Some(Path::new("/data/mlflow.db"))), "Drop to open mlflow.db");
        assert_eq!(words(Some(Path::new("/"))), "Drop to open the file");
        assert_eq!(words(None), "Drop to open the file");
    }
}
