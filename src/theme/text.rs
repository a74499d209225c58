//! Text in the styles of the theme. None of them fixes a colour: weak and strong follow the visuals.

use egui::RichText;

use super::fonts::style;

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
