//! Markdown from servers and agents: no remote image is loaded, and a link opens only when it is clicked, its
//! address shown on hover.

use std::borrow::Cow;
use std::ops::Range;

use egui::{OutputCommand, Ui};
use egui_commonmark::{CommonMarkCache, CommonMarkViewer};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::code::code_ui;
use crate::state::command::Commands;
use crate::state::{Command, format};
use crate::theme::{self, size};

/// Longer texts are shown as plain text: laying them out as Markdown would hold up the frame.
const LONGEST: usize = 200_000;
/// Links with any other scheme are shown, not opened: `file:` and the like could start a program.
const OPENED: [&str; 3] = ["https://", "http://", "mailto:"];

/// Draws Markdown and keeps what was parsed. One for each view that shows some.
#[derive(Default)]
pub struct Markdown {
    cache: CommonMarkCache,
}

impl Markdown {
    /// Draws a text that can be selected. Code blocks are coloured and can be copied; images are replaced by a link
    /// to their address.
    pub fn show(&mut self, ui: &mut Ui, text: &str) {
        if text.len() > LONGEST {
            let shown = &text[..text.floor_char_boundary(LONGEST)];
            ui.add(egui::Label::new(shown).selectable(true).wrap());
            let rest = u64::try_from(text.len() - shown.len()).unwrap_or(u64::MAX);
            ui.label(theme::text::weak(format!("{} more are not shown", format::bytes(rest))));
            return;
        }
        let commands = ui.output(|output| output.commands.len());
        ui.scope(|ui| {
            ui.style_mut().interaction.selectable_labels = true;
            ui.spacing_mut().item_spacing.y = size::SPACE_XS;
            // Lines of text are as tall as text, not as a button.
            ui.spacing_mut().interact_size.y = ui.text_style_height(&egui::TextStyle::Body);
            for (index, segment) in segments(text).iter().enumerate() {
                if index > 0 {
                    ui.add_space(size::SPACE_S);
                }
                ui.push_id(index, |ui| self.segment_ui(ui, segment));
            }
        });
        drop_unsafe_links(ui, commands);
    }

    fn segment_ui(&mut self, ui: &mut Ui, segment: &Segment<'_>) {
        match segment {
            Segment::Code { code, language } => code_ui(ui, code, language),
            Segment::Text(text) => {
                CommonMarkViewer::new().max_image_width(Some(0)).show(ui, &mut self.cache, text);
            }
        }
    }
}

/// What was clicked since the output had `from` commands is opened only if its scheme is harmless.
fn drop_unsafe_links(ui: &Ui, from: usize) {
    ui.output_mut(|output| {
        let mut at = 0;
        output.commands.retain(|command| {
            at += 1;
            let opens = matches!(command, OutputCommand::OpenUrl(link) if !is_opened(&link.url));
            at <= from || !opens
        });
    });
}

/// A link that shows its address on hover and opens on a click, if its scheme is harmless.
pub fn link_ui(ui: &mut Ui, title: &str, url: &str, out: &mut Commands) {
    if ui.link(title).on_hover_text(url).clicked() && is_opened(url) {
        out.push(Command::OpenUrl(url.to_owned()));
    }
}

fn is_opened(url: &str) -> bool {
    let head = url.trim_start().get(..8).unwrap_or(url).to_ascii_lowercase();
    OPENED.iter().any(|scheme| head.starts_with(scheme))
}

/// A stretch of a text that is drawn in one way.
#[derive(Debug, PartialEq)]
enum Segment<'a> {
    /// Anything but a code block at the top level; without images.
    Text(Cow<'a, str>),
    /// A fenced or indented code block.
    Code { code: String, language: String },
}

/// Takes a text apart at its top-level code blocks.
fn segments(text: &str) -> Vec<Segment<'_>> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut found = Vec::new();
    let mut images = Vec::new();
    let mut block: Option<(String, String)> = None;
    let (mut depth, mut from) = (0_usize, 0_usize);
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                match tag {
                    Tag::CodeBlock(kind) if depth == 0 => {
                        push_text(&mut found, text, from..range.start, &mut images);
                        block = Some((String::new(), language(kind)));
                        from = range.end;
                    }
                    Tag::Image { .. } => images.push(range.start),
                    _ => {}
                }
                depth += 1;
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                if let (TagEnd::CodeBlock, 0, Some((code, language))) =
                    (tag, depth, block.take_if(|_| depth == 0))
                {
                    found.push(Segment::Code { code, language });
                }
            }
            Event::Text(piece) => {
                if let Some((code, _)) = &mut block {
                    code.push_str(&piece);
                }
            }
            _ => {}
        }
    }
    push_text(&mut found, text, from..text.len(), &mut images);
    found
}

fn language(kind: CodeBlockKind<'_>) -> String {
    match kind {
        CodeBlockKind::Fenced(language) => language.into_string(),
        CodeBlockKind::Indented => String::new(),
    }
}

/// `![alt](url)` becomes a link `[alt](url)`: what is not clicked is not fetched. Code is left as it is.
fn push_text<'a>(found: &mut Vec<Segment<'a>>, text: &'a str, range: Range<usize>, images: &mut Vec<usize>) {
    let Some(part) = text.get(range.clone()).filter(|part| !part.trim().is_empty()) else {
        images.clear();
        return;
    };
    let mut whole = Cow::Borrowed(part);
    for at in images.drain(..).rev() {
        let at = at.wrapping_sub(range.start);
        if part.get(at..).is_some_and(|rest| rest.starts_with("![")) {
            whole.to_mut().remove(at);
        }
    }
    found.push(Segment::Text(whole));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(segment: &Segment<'_>) -> String {
        match segment {
            Segment::Text(text) => text.clone().into_owned(),
            Segment::Code { code, language } => format!("<{language}>{code}"),
        }
    }

    fn taken_apart(source: &str) -> Vec<String> {
        segments(source).iter().map(text).collect()
    }

    #[test]
    fn images_become_links() {
        assert_eq!(taken_apart("a ![x](http://e/p.png) b"), ["a [x](http://e/p.png) b"]);
        assert_eq!(taken_apart("no picture"), ["no picture"]);
        assert_eq!(taken_apart("![a](u) and ![b](v)"), ["[a](u) and [b](v)"]);
        assert_eq!(taken_apart("- item ![ä](u)\n\n> ![b](v)"), ["- item [ä](u)\n\n> [b](v)"]);
    }

    #[test]
    fn code_keeps_its_exclamation_marks() {
        assert_eq!(taken_apart("use `![x](y)` so"), ["use `![x](y)` so"]);
        let fenced = "before ![p](q)\n\n```md\n![x](y)\n```\nafter";
        assert_eq!(taken_apart(fenced), ["before [p](q)\n\n", "<md>![x](y)\n", "\nafter"]);
        assert_eq!(taken_apart("- list\n\n  ```\n  ![x](y)\n  ```"), ["- list\n\n  ```\n  ![x](y)\n  ```"]);
        assert_eq!(taken_apart("\\![x](y)"), ["\\![x](y)"]);
    }

    #[test]
    fn code_blocks_stand_alone_even_while_they_stream() {
        assert_eq!(taken_apart("```python\nimport mlfl"), ["<python>import mlfl"]);
        assert_eq!(taken_apart("a\n\n    let x = 1;\n\nb"), ["a\n\n    ", "<>let x = 1;\n", "\nb"]);
    }

    #[test]
    fn only_harmless_links_are_opened() {
        assert!(is_opened("https://mlflow.org") && is_opened("HTTP://e") && is_opened("mailto:a@b"));
        assert!(!is_opened("file:///etc/passwd") && !is_opened("javascript:alert(1)") && !is_opened("x"));
    }
}
