//! Design tokens: the only place with a colour, a size, a font or an icon.
//!
//! Call [`install`] once. Then egui's own widgets look right, and what draws itself asks for
//! colours with `ui.tokens()` ([`Themed`]), sizes from [`size`], words from [`text`], buttons
//! from [`button`] and pictures from [`Icon`].

pub mod button;
mod code;
mod fonts;
mod icon;
mod look;
mod palette;
pub mod size;
pub mod text;
mod tokens;

pub use code::code_theme;
pub use fonts::{family, style};
pub use icon::{APP_ICON_PNG, Icon};
pub use palette::{Accent, Fill, Hue, Tint};
pub use tokens::{Themed, Tokens};

/// Fonts, both themes' styles, and the loaders that draw icons and previewed images.
pub fn install(ctx: &egui::Context) {
    egui_extras::install_image_loaders(ctx);
    ctx.set_fonts(fonts::definitions());
    ctx.set_style_of(egui::Theme::Dark, look::style(&tokens::DARK));
    ctx.set_style_of(egui::Theme::Light, look::style(&tokens::LIGHT));
}
