//! What will happen when the file that hovers over the window is let go.

use std::path::Path;

use egui::{Align2, Area, Context, Frame, Id, LayerId, Order, Sense, StrokeKind};

use crate::theme::{self, Icon, Themed as _, size};

/// Whether a file is a database to open, by its ending.
pub fn is_database(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ["db", "sqlite", "sqlite3"].iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Draws it while a file hovers. `chat`: it is on the screen, and takes what is no database.
pub fn show(ctx: &Context, chat: bool) {
    let Some((text, attaches)) =
        ctx.input(|input| input.raw.hovered_files.first().map(|file| words(file.path.as_deref(), chat)))
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
                    let icon = if attaches { Icon::Attach } else { Icon::Dataset };
                    ui.add(icon.tinted(tokens.text_strong).alt_text(""));
                    ui.label(theme::text::heading(text));
                });
            });
        });
}

/// Says what is opened, or attached to the message, by its name.
fn words(path: Option<&Path>, chat: bool) -> (String, bool) {
    let attaches = chat && path.is_some_and(|path| !is_database(path));
    let verb = if attaches { "attach" } else { "open" };
    let name = path.and_then(Path::file_name).map_or("the file".into(), |name| name.to_string_lossy());
    (format!("Drop to {verb} {name}"), attaches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_without_its_folder() {
        assert_eq!(words(Some(Path::new("/data/mlflow.db")), true).0, "Drop to open mlflow.db");
        assert_eq!(words(Some(Path::new("/data/a.png")), true).0, "Drop to attach a.png");
        assert_eq!(words(Some(Path::new("/data/a.png")), false).0, "Drop to open a.png");
        assert_eq!(words(Some(Path::new("/")), false).0, "Drop to open the file");
        assert_eq!(words(None, true).0, "Drop to open the file");
    }
}
