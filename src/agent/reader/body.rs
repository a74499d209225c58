//! Bodies that are no stream: one JSON document, lines of JSON, plain text, or a web page.

use serde_json::Value;

use super::builder::Builder;
use super::parse;
use crate::agent::lenient_json;
use crate::agent::transcript::Dialect;
use crate::agent::wire::{Failure, FailureKind, Item, ItemBody, ItemStatus, Part, RawJson};

/// Longest title of a web page shown, in characters.
const MAX_TITLE: usize = 120;
/// How far into a page its title is looked for, in bytes.
const TITLE_WITHIN: usize = 16 * 1024;
/// How much of an unreadable body is quoted, in bytes.
const EXCERPT: usize = 200;

/// What the response's head says of the body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Declared {
    /// `text/html`.
    pub html: bool,
    /// `text/…`.
    pub text: bool,
    /// The HTTP status.
    pub status: u16,
    /// The connection broke: what is missing needs no further complaint.
    pub cut: bool,
}

impl Builder {
    /// The whole body at once.
    pub(super) fn whole_body(&mut self, body: &[u8], declared: Declared) {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
        if body.is_empty() {
            if declared.status < 400 && !declared.cut {
                self.fail(Failure::new(FailureKind::Unreadable, "The server sent an empty answer"));
            }
        } else if is_web_page(body) {
            self.fail(web_page(body));
        } else if let Ok(value) = lenient_json::parse(body) {
            self.document(&value, declared.status);
        } else if declared.html {
            self.fail(web_page(body));
        } else if self.lines(body) {
            self.end_response_if_closed();
        } else {
            self.plain_text(&String::from_utf8_lossy(body), declared);
        }
    }

    fn document(&mut self, value: &Value, status: u16) {
        let value = match value.get("predictions") {
            Some(predictions) => {
                value.as_object().map(|wrapper| self.side_notes(wrapper));
                predictions
            }
            None => value,
        };
        match value {
            Value::Array(entries) => entries.iter().for_each(|entry| self.entry(entry, status)),
            other => self.entry(other, status),
        }
        self.end_response_if_closed();
    }

    /// A document, or one of several: an event like any other, else a text, else shown as it is.
    fn entry(&mut self, value: &Value, status: u16) {
        match value {
            Value::String(text) if status >= 400 => self.fail(Failure::from_text(text)),
            Value::String(text) => self.text(text),
            Value::Object(object) => {
                let (before, failures) =
                    (self.transcript.unknown_events.len(), self.transcript.failures.len());
                self.event(value, None);
                if self.transcript.unknown_events.len() == before {
                    return;
                }
                if status >= 400
                    && failures == self.transcript.failures.len()
                    && object.contains_key("message")
                {
                    self.transcript.unknown_events.pop();
                    self.fail(Failure::from_object(object));
                } else if !object.contains_key("type") {
                    self.transcript.unknown_events.pop();
                    self.other(value);
                }
            }
            other => self.other(other),
        }
    }

    /// JSON of no known shape, such as a classic model's predictions.
    fn other(&mut self, value: &Value) {
        self.plain_dialect();
        let raw = Some(RawJson::new(value));
        self.table.done(Item { raw, status: ItemStatus::Completed, ..parse::empty_item("json") }, None);
    }

    fn plain_text(&mut self, text: &str, declared: Declared) {
        if declared.status >= 400 {
            self.fail(Failure::from_text(text));
        } else if declared.text {
            self.text(text);
            self.end_response_if_closed();
        } else if !declared.cut {
            let excerpt = &text[..text.floor_char_boundary(EXCERPT)];
            let mut failure = Failure::new(FailureKind::Unreadable, "The answer is not valid JSON");
            failure.cause = Some(excerpt.to_owned());
            self.fail(failure);
        }
    }

    fn text(&mut self, text: &str) {
        self.plain_dialect();
        let mut item = parse::empty_item("message");
        item.status = ItemStatus::Completed;
        if let ItemBody::Message { parts, .. } = &mut item.body {
            parts.push(Part::text(text));
        }
        self.table.done(item, None);
    }

    fn plain_dialect(&mut self) {
        if self.transcript.dialect == Dialect::Unknown {
            self.transcript.dialect = Dialect::Plain;
        }
    }
}

/// Whether the body itself is HTML, whatever it was declared as.
fn is_web_page(body: &[u8]) -> bool {
    let head = body.get(..body.len().min(1024)).unwrap_or_default().to_ascii_lowercase();
    let contains = |tag: &[u8]| head.windows(tag.len()).any(|window| window == tag);
    head.starts_with(b"<") && (contains(b"<!doctype html") || contains(b"<html") || contains(b"<head"))
}

/// A login page or a proxy's own page, known by its title.
fn web_page(body: &[u8]) -> Failure {
    let text = String::from_utf8_lossy(body.get(..body.len().min(TITLE_WITHIN)).unwrap_or(body));
    let headline = match title(&text) {
        Some(title) => format!("A web page came instead of an answer: “{title}”"),
        None => "A web page came instead of an answer".to_owned(),
    };
    Failure::new(FailureKind::WebPage, headline)
}

/// The page's title on one line.
fn title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let tag = lower.find("<title")?;
    let start = tag + lower.get(tag..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    let words: Vec<&str> = page.get(start..end)?.split_whitespace().collect();
    let title: String = words.join(" ").chars().take(MAX_TITLE).collect();
    (!title.is_empty()).then_some(title)
}
