//! Markdown taken apart into what is drawn one below the other. Nothing is fetched: an image is a link to it.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// One thing among those that stand below each other.
#[derive(Debug, Default, Hash, PartialEq)]
pub(super) struct Block {
    /// How many lists it is in.
    pub indent: usize,
    /// It is in a quotation.
    pub quoted: bool,
    /// What stands before it, at the first line of a list's item: `•`, `2.`.
    pub marker: Option<String>,
    /// What it is.
    pub body: Body,
}

/// What a block is.
#[derive(Debug, Hash, PartialEq)]
pub(super) enum Body {
    /// Running text.
    Text(Vec<Span>),
    /// A heading, from 1 to 6.
    Heading(u8, Vec<Span>),
    /// A fenced or indented code block.
    Code { code: String, language: String, source: Range<usize> },
    /// A table: its rows of cells, the header first.
    Table(Vec<Vec<Vec<Span>>>),
    /// A line.
    Rule,
}

impl Default for Body {
    fn default() -> Self {
        Self::Text(Vec::new())
    }
}

/// A stretch of text that looks the same.
#[derive(Clone, Debug, Default, Hash, PartialEq)]
pub(super) struct Span {
    pub text: String,
    pub strong: bool,
    pub emphasis: bool,
    pub strikethrough: bool,
    pub code: bool,
    /// Where a click leads.
    pub link: Option<String>,
    /// Where it stands in the source, in bytes.
    pub source: Range<usize>,
}

impl Span {
    fn looks_like(&self, other: &Self) -> bool {
        (self.strong, self.emphasis, self.strikethrough, self.code, &self.link)
            == (other.strong, other.emphasis, other.strikethrough, other.code, &other.link)
    }

    /// Whether it is written as it is shown.
    fn is_verbatim(&self) -> bool {
        self.text.len() == self.source.len()
    }
}

/// Takes a text apart.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut reader = Reader::default();
    for (event, source) in Parser::new_ext(text, options).into_offset_iter() {
        reader.take(event, source);
    }
    reader.flush();
    reader.blocks
}

/// What is open while the events pass.
#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    spans: Vec<Span>,
    /// How text looks now; counts, as emphasis may stand in emphasis.
    strong: usize,
    emphasis: usize,
    strikethrough: usize,
    links: Vec<String>,
    heading: Option<u8>,
    quotes: usize,
    /// The next number of each list that is open; none where it has bullets.
    lists: Vec<Option<u64>>,
    marker: Option<String>,
    code: Option<(String, String, Range<usize>)>,
    table: Option<Vec<Vec<Vec<Span>>>>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, source: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some((code, _, at)) => {
                    *at = if code.is_empty() { source } else { at.start..source.end };
                    code.push_str(&text);
                }
                None => self.push(&text, false, source),
            },
            Event::Code(text) => {
                // Without the ticks around it.
                let ticks = source.len().saturating_sub(text.len()) / 2;
                self.push(&text, true, source.start + ticks..source.end - ticks);
            }
            Event::SoftBreak => self.push(" ", false, source),
            Event::HardBreak => self.push("\n", false, source),
            Event::Rule => {
                self.flush();
                self.add(Body::Rule);
            }
            Event::TaskListMarker(done) => self.marker = Some(if done { "[x]" } else { "[ ]" }.to_owned()),
            Event::Html(text) | Event::InlineHtml(text) => self.push(&text, false, source),
            Event::FootnoteReference(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.push(&text, false, source);
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Strong => self.strong += 1,
            Tag::Emphasis => self.emphasis += 1,
            Tag::Strikethrough => self.strikethrough += 1,
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push(dest_url.into_string());
            }
            Tag::TableRow | Tag::TableHead => {
                if let Some(rows) = &mut self.table {
                    rows.push(Vec::new());
                }
            }
            Tag::TableCell => {}
            block => {
                self.flush();
                self.open(block);
            }
        }
    }

    fn open(&mut self, block: Tag<'_>) {
        match block {
            Tag::Heading { level, .. } => self.heading = Some(number(level)),
            Tag::BlockQuote(_) => self.quotes += 1,
            Tag::List(first) => self.lists.push(first),
            Tag::Item => {
                self.marker = Some(match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}.", *number - 1)
                    }
                    _ => "•".to_owned(),
                });
            }
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language.into_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((String::new(), language, 0..0));
            }
            Tag::Table(_) => self.table = Some(Vec::new()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Emphasis => self.emphasis = self.emphasis.saturating_sub(1),
            TagEnd::Strikethrough => self.strikethrough = self.strikethrough.saturating_sub(1),
            TagEnd::Link | TagEnd::Image => drop(self.links.pop()),
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.spans);
                if let Some(row) = self.table.as_mut().and_then(|rows| rows.last_mut()) {
                    row.push(cell);
                }
            }
            TagEnd::TableRow | TagEnd::TableHead => {}
            TagEnd::Table => {
                if let Some(rows) = self.table.take() {
                    self.add(Body::Table(rows));
                }
            }
            TagEnd::CodeBlock => {
                if let Some((code, language, source)) = self.code.take() {
                    self.add(Body::Code { code, language, source });
                }
            }
            block => {
                self.flush();
                match block {
                    TagEnd::Heading(_) => self.heading = None,
                    TagEnd::BlockQuote(_) => self.quotes = self.quotes.saturating_sub(1),
                    TagEnd::List(_) => drop(self.lists.pop()),
                    TagEnd::Item => self.marker = None,
                    _ => {}
                }
            }
        }
    }

    fn push(&mut self, text: &str, code: bool, source: Range<usize>) {
        let span = Span {
            text: text.to_owned(),
            strong: self.strong > 0,
            emphasis: self.emphasis > 0,
            strikethrough: self.strikethrough > 0,
            code,
            link: self.links.last().cloned(),
            source,
        };
        match self.spans.last_mut() {
            // What does not stand together in the source stays apart: its place there would not be known.
            Some(last)
                if last.looks_like(&span)
                    && last.source.end == span.source.start
                    && last.is_verbatim()
                    && span.is_verbatim() =>
            {
                last.text.push_str(text);
                last.source.end = span.source.end;
            }
            _ => self.spans.push(span),
        }
    }

    /// Ends the text that is open, if there is any.
    fn flush(&mut self) {
        let spans = std::mem::take(&mut self.spans);
        if !spans.is_empty() {
            self.add(match self.heading {
                Some(level) => Body::Heading(level, spans),
                None => Body::Text(spans),
            });
        }
    }

    fn add(&mut self, body: Body) {
        let (indent, quoted) = (self.lists.len(), self.quotes > 0);
        self.blocks.push(Block { indent, quoted, marker: self.marker.take(), body });
    }
}

fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(spans: &[Span]) -> String {
        let written = spans.iter().map(|span| {
            let mark = match span {
                Span { strong: true, .. } => "*",
                Span { emphasis: true, .. } => "/",
                Span { strikethrough: true, .. } => "-",
                Span { code: true, .. } => "`",
                _ => "",
            };
            let link = span.link.as_ref().map(|link| format!("<{link}>")).unwrap_or_default();
            format!("{mark}{}{mark}{link}", span.text)
        });
        written.collect()
    }

    fn taken_apart(source: &str) -> Vec<String> {
        let line = |block: Block| {
            let body = match &block.body {
                Body::Text(spans) => written(spans),
                Body::Heading(level, spans) => format!("h{level} {}", written(spans)),
                Body::Code { code, language, .. } => format!("[{language}]{code}"),
                Body::Table(rows) => {
                    let rows =
                        rows.iter().map(|row| row.iter().map(|cell| written(cell)).collect::<Vec<_>>());
                    rows.map(|row| row.join("|")).collect::<Vec<_>>().join("/")
                }
                Body::Rule => "---".to_owned(),
            };
            let quoted = if block.quoted { "> " } else { "" };
            let marker = block.marker.map(|marker| marker + " ").unwrap_or_default();
            format!("{}{quoted}{marker}{body}", " ".repeat(block.indent))
        };
        blocks(source).into_iter().map(line).collect()
    }

    #[test]
    fn text_is_taken_apart_by_its_look() {
        assert_eq!(taken_apart("# A *b*\n\nc **d** `e`\nf ~~g~~"), ["h1 A /b/", "c *d* `e` f -g-"]);
        assert_eq!(taken_apart("[a **b**](u) c"), ["a <u>*b*<u> c"]);
        assert_eq!(taken_apart("> a\n\n---"), ["> a", "---"]);
        assert_eq!(taken_apart(""), Vec::<String>::new());
    }

    #[test]
    fn lists_keep_their_markers_and_depth() {
        let text = "- **a**: b\n- c\n\n  d\n  1. e\n  2. f\n\ng\n\n3. h\n\n- [x] i";
        let lines = [" • *a*: b", " • c", " d", "  1. e", "  2. f", "g", " 3. h", " [x] i"];
        assert_eq!(taken_apart(text), lines);
    }

    #[test]
    fn tables_have_rows_of_cells() {
        assert_eq!(taken_apart("|a|**b**|\n|-|-|\n|1|`2`|\n|3||"), ["a|*b*/1|`2`/3|"]);
    }

    #[test]
    fn images_become_links_and_code_stays_as_it_is() {
        assert_eq!(taken_apart("a ![x](http://e/p.png) b"), ["a x<http://e/p.png> b"]);
        assert_eq!(taken_apart("use `![x](y)` so"), ["use `![x](y)` so"]);
        assert_eq!(taken_apart("```md\n![x](y)\n```\nafter"), ["[md]![x](y)\n", "after"]);
        assert_eq!(taken_apart("```python\nimport mlfl"), ["[python]import mlfl"]);
        assert_eq!(taken_apart("a <b>c</b>"), ["a <b>c</b>"]);
    }
}
