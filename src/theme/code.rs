//! How code is coloured: few colours, all of them readable.

use egui::{Style, TextStyle};
use egui_extras::syntax_highlighting::{CodeTheme, TokenType};

use super::palette::Hue;
use super::tokens::Themed as _;

/// Colours for [`egui_extras::syntax_highlighting::highlight`], in the monospaced face of `style`.
pub fn code_theme(style: &Style) -> CodeTheme {
    let tokens = style.tokens();
    let hue = |hue: Hue| tokens.hues[hue as usize].fg;
    let size = TextStyle::Monospace.resolve(style).size;
    let mut theme = if tokens.dark { CodeTheme::dark(size) } else { CodeTheme::light(size) };
    for (token, color) in [
        (TokenType::Comment, tokens.text_weak),
        (TokenType::Function, hue(Hue::Sky)),
        (TokenType::Keyword, hue(Hue::Violet)),
        (TokenType::Literal, tokens.text),
        (TokenType::StringLiteral, hue(Hue::Green)),
        (TokenType::Punctuation, tokens.text_weak),
    ] {
        theme.format_mut(token).color = color;
    }
    theme
}
