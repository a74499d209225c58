//! A switch between a few choices that stand side by side.

use egui::{Button, Frame, Margin, RichText, Ui, Vec2};

use crate::theme::{Themed as _, size};

/// Of a choice, so that the whole is as high as a field.
const HEIGHT: f32 = size::CONTROL - 4.0;

/// Draws the choices, whose accessible names end with `what` (“Deleted runs”) where their labels alone would not
/// tell; answers the one that was clicked, unless it is `chosen` already.
pub fn switch_ui<T: Copy + PartialEq>(
    ui: &mut Ui,
    what: &str,
    chosen: T,
    choices: &[(T, &str)],
) -> Option<T> {
    let mut picked = None;
    let fill = ui.tokens().track_bg;
    Frame::new().fill(fill).corner_radius(size::RADIUS).inner_margin(Margin::same(2)).show(ui, |ui| {
        // A row is as high as `interact_size` says when it begins.
        ui.spacing_mut().interact_size.y = HEIGHT;
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.spacing_mut().button_padding = Vec2::new(size::SPACE_S, 0.0);
            for &(choice, label) in choices {
                let here = choice == chosen;
                let button = if here {
                    Button::new(RichText::new(label).small())
                } else {
                    Button::new(RichText::new(label).small().weak()).frame_when_inactive(false)
                };
                let response = ui.add(button.min_size(Vec2::new(0.0, HEIGHT)));
                let response = response.accessible_name(format!("{label} {what}").trim_end());
                if response.clicked() && !here {
                    picked = Some(choice);
                }
            }
        });
    });
    picked
}
