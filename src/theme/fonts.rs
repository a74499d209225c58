//! The bundled fonts: Inter for text, `JetBrains Mono` for ids and code.
//!
//! Inter's figures are tabular (`assets/fonts/subset.py`), so numbers line up everywhere. What
//! neither font has (Chinese, Arabic, emoji …) is found by eframe among the system's fonts.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{FontData, FontDefinitions, FontFamily, FontId, TextStyle};

/// Families besides `Proportional` (Inter Regular) and `Monospace` (`JetBrains Mono` Regular).
pub mod family {
    use std::sync::LazyLock;

    use egui::FontFamily;

    /// Inter Medium: what is a little more than its surroundings.
    pub static MEDIUM: LazyLock<FontFamily> = LazyLock::new(|| FontFamily::Name("medium".into()));
    /// Inter `SemiBold`: titles.
    pub static SEMIBOLD: LazyLock<FontFamily> = LazyLock::new(|| FontFamily::Name("semibold".into()));
}

/// Text styles besides egui's own.
pub mod style {
    use std::sync::LazyLock;

    use egui::TextStyle;

    /// The title of a pane, a dialog, a section.
    pub static TITLE: LazyLock<TextStyle> = LazyLock::new(|| TextStyle::Name("title".into()));
    /// Body text in Medium.
    pub static STRONG: LazyLock<TextStyle> = LazyLock::new(|| TextStyle::Name("strong".into()));
    /// Small text in Medium: column headers, captions over fields, chips.
    pub static LABEL: LazyLock<TextStyle> = LazyLock::new(|| TextStyle::Name("label".into()));
    /// Small monospaced text.
    pub static SMALL_MONO: LazyLock<TextStyle> = LazyLock::new(|| TextStyle::Name("small mono".into()));
}

const REGULAR: &str = "Inter Regular";
const MEDIUM: &str = "Inter Medium";
const SEMIBOLD: &str = "Inter SemiBold";
const MONO: &str = "JetBrains Mono";
/// egui's own icon font, part of its defaults.
const EGUI_ICONS: &str = "egui-icons";

/// Fonts and families for [`egui::Context::set_fonts`].
pub fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    fonts.font_data.retain(|name, _| name == EGUI_ICONS);
    let icons = fonts.font_data.keys().cloned().collect::<Vec<_>>();
    for (name, bytes) in [
        (REGULAR, &include_bytes!("../../assets/fonts/Inter-Regular.otf")[..]),
        (MEDIUM, &include_bytes!("../../assets/fonts/Inter-Medium.otf")[..]),
        (SEMIBOLD, &include_bytes!("../../assets/fonts/Inter-SemiBold.otf")[..]),
        (MONO, &include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf")[..]),
    ] {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    for (family, names) in [
        (FontFamily::Proportional, [REGULAR, MONO]),
        (FontFamily::Monospace, [MONO, REGULAR]),
        (family::MEDIUM.clone(), [MEDIUM, MONO]),
        (family::SEMIBOLD.clone(), [SEMIBOLD, MONO]),
    ] {
        let names = names.map(str::to_owned).into_iter().chain(icons.iter().cloned());
        fonts.families.insert(family, names.collect());
    }
    fonts
}

/// Size and family of each text style.
pub fn text_styles() -> BTreeMap<TextStyle, FontId> {
    use FontFamily::{Monospace, Proportional};
    BTreeMap::from([
        (TextStyle::Heading, FontId::new(18.0, family::SEMIBOLD.clone())),
        (style::TITLE.clone(), FontId::new(15.0, family::SEMIBOLD.clone())),
        (TextStyle::Body, FontId::new(13.0, Proportional)),
        (TextStyle::Button, FontId::new(13.0, Proportional)),
        (style::STRONG.clone(), FontId::new(13.0, family::MEDIUM.clone())),
        (TextStyle::Small, FontId::new(11.5, Proportional)),
        (style::LABEL.clone(), FontId::new(11.5, family::MEDIUM.clone())),
        (TextStyle::Monospace, FontId::new(12.5, Monospace)),
        (style::SMALL_MONO.clone(), FontId::new(11.0, Monospace)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_fonts(look: impl FnOnce(&mut egui::epaint::text::FontsView<'_>)) {
        let mut fonts =
            egui::epaint::text::Fonts::new(egui::epaint::text::TextOptions::default(), definitions());
        look(&mut fonts.with_pixels_per_point(1.0));
    }

    #[test]
    fn figures_are_equally_wide_also_beside_a_point() {
        with_fonts(|fonts| {
            for font in text_styles().into_values() {
                let mut width = |text: &str| {
                    fonts.layout_no_wrap(text.to_owned(), font.clone(), egui::Color32::WHITE).size().x
                };
                let expected = width("8.88");
                for a in '0'..='9' {
                    for b in '0'..='9' {
                        let text = format!("{a}.{b}{a}");
                        // Kerned glyphs are placed on fractions of a pixel.
                        assert!((width(&text) - expected).abs() < 0.1, "{text} in {font:?}");
                    }
                }
            }
        });
    }

    #[test]
    fn what_the_screens_use_is_bundled() {
        with_fonts(|fonts| {
            let text = "AZaz09ÄßŁžΩαЖя…–—·×±≈≤≥−→←↑↓✓✗●▲▼◆“”‘’€≠∞µ";
            for font in text_styles().into_values() {
                for c in text.chars() {
                    assert!(fonts.has_glyph(&font, c), "{c} in {font:?}");
                }
            }
        });
    }

    #[test]
    fn names_are_shown_as_they_are() {
        with_fonts(|fonts| {
            let font = FontId::new(13.0, FontFamily::Proportional);
            let mut width = |text: &str| {
                fonts.layout_no_wrap(text.to_owned(), font.clone(), egui::Color32::WHITE).size().x
            };
            assert_eq!(width("->").round(), (width("-") + width(">")).round());
        });
    }
}
