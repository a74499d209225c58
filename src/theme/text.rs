//! Text in the styles of the theme. None of them fixes a colour: weak and strong follow the visuals.

use egui::{FontId, RichText};

use super::fonts::{family, style};

/// The heading of a screen.
pub fn heading(text: impl Into<String>) -> RichText {
    RichText::new(text).heading().strong()
}

/// The title of a pane, a dialog, a section.
pub fn title(text: impl Into<String>) -> RichText {
    RichText::new(text).text_style(style::TITLE.clone()).strong()
}

/// Body text that stands out.
pub fn strong(text: impl Into<String>) -> RichText {
    RichText::new(text).text_style(style::STRONG.clone()).strong()
}

/// Body text that stays back.
pub fn weak(text: impl Into<String>) -> RichText {
    RichText::new(text).weak()
}

/// Small text that stays back.
pub fn small(text: impl Into<String>) -> RichText {
    RichText::new(text).small().weak()
}

/// A column header, or the caption over a field.
pub fn label(text: impl Into<String>) -> RichText {
    RichText::new(text).text_style(style::LABEL.clone()).weak()
}

/// An id, a path, code.
pub fn mono(text: impl Into<String>) -> RichText {
    RichText::new(text).monospace()
}

/// A shortened id beside other text.
pub fn small_mono(text: impl Into<String>) -> RichText {
    RichText::new(text).text_style(style::SMALL_MONO.clone()).weak()
}

/// A number: body text, whose figures are all equally wide. Align it right in a table.
pub fn number(text: impl Into<String>) -> RichText {
    RichText::new(text)
}

/// A font in the weight of titles: what is bold in running text.
pub fn bold(font: &FontId) -> FontId {
    FontId::new(font.size, family::SEMIBOLD.clone())
}

/// The font of a heading in running text, by its level from 1 to 6.
pub fn heading_font(level: u8, body: &FontId) -> FontId {
    let larger = [5.0, 3.0, 1.5].get(usize::from(level.saturating_sub(1))).copied().unwrap_or(0.0);
    FontId::new(body.size + larger, family::SEMIBOLD.clone())
}
