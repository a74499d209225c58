//! Makes a [`Transcript`] of whatever an agent's endpoint sends: the one place that knows how answers arrive.
//!
//! Bytes go in, in chunks of any size; the transcript depends on the bytes alone, never on where they were cut. A
//! body is read as events if it looks like events (or is declared so and does not look like anything else), otherwise
//! as a whole. Everything is bounded: one event, the body, items, unknown events. Nothing here fails: what cannot be
//! read is counted, and a failure is a value in the transcript.
//!
//! - `table`: which item an event means, what replaces what;
//! - `events`: the Responses vocabulary;
//! - `chat`: chat completions and `ChatAgent`;
//! - `parse`: one JSON object to one item;
//! - `body`: bodies that are no stream.

mod body;
mod builder;
mod chat;
mod events;
mod parse;
mod table;
#[cfg(test)]
mod tests;

use builder::Builder;

use super::sse::Splitter;
use super::transcript::{Outcome, Transcript};
use super::wire::{Failure, FailureKind};

/// Largest body read, in bytes. A turn with a few inlined images has some MB.
pub const MAX_BODY: usize = 64 * 1024 * 1024;
/// How much is looked at to tell events from other bodies. Only white space can make it that long.
const MAX_SNIFF: usize = 4 * 1024;

/// How the body is read.
#[derive(Debug)]
enum Mode {
    /// Not known yet: the first bytes.
    Sniffing(Vec<u8>),
    /// Event by event.
    Events(Splitter),
    /// At the end, as a whole.
    Whole(Vec<u8>),
}

/// Reads one answer.
#[derive(Debug)]
pub struct Reader {
    declared_events: bool,
    declared_html: bool,
    declared_text: bool,
    status: u16,
    mode: Mode,
    builder: Builder,
    received: usize,
    too_large: bool,
}

impl Reader {
    /// A reader for a response with this `Content-Type` and HTTP status.
    pub fn new(content_type: Option<&str>, status: u16) -> Self {
        let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let essence = essence.to_ascii_lowercase();
        Self {
            declared_events: essence == "text/event-stream",
            declared_html: essence == "text/html" || essence == "application/xhtml+xml",
            declared_text: essence.starts_with("text/"),
            status,
            mode: Mode::Sniffing(Vec::new()),
            builder: Builder::default(),
            received: 0,
            too_large: false,
        }
    }

    /// Takes the next bytes of the body. Bytes after the end of the answer are ignored.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.is_done() {
            return;
        }
        let room = MAX_BODY - self.received;
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.too_large = taken.len() < bytes.len();
        self.received += taken.len();
        self.take(taken);
    }

    /// Whether nothing that follows can change the answer: `[DONE]` was seen, the body is too large, or
    /// [`Self::finish`] was called.
    pub fn is_done(&self) -> bool {
        self.builder.done || self.too_large || self.builder.transcript.is_over()
    }

    /// The body ended as it should.
    pub fn finish(&mut self) {
        self.end(false);
    }

    /// The body was cut: the connection broke.
    pub fn cut(&mut self) {
        self.end(true);
    }

    /// The user stopped it.
    pub fn stop(&mut self) {
        if !self.builder.transcript.is_over() {
            self.builder.sync();
            self.builder.transcript.end(Outcome::Stopped);
        }
    }

    /// The answer so far. Items are shared with the reader until it changes them.
    pub fn transcript(&mut self) -> &Transcript {
        self.builder.sync();
        &self.builder.transcript
    }

    fn take(&mut self, bytes: &[u8]) {
        match &mut self.mode {
            Mode::Events(splitter) => splitter.feed(bytes, &mut |frame| self.builder.frame(frame)),
            Mode::Whole(body) => body.extend_from_slice(bytes),
            Mode::Sniffing(head) => {
                head.extend_from_slice(bytes);
                if let Some(events) = looks_like_events(head, self.declared_events, false) {
                    self.decide(events);
                }
            }
        }
    }

    /// Leaves [`Mode::Sniffing`].
    fn decide(&mut self, events: bool) {
        let Mode::Sniffing(head) = &mut self.mode else { return };
        let head = std::mem::take(head);
        self.builder.transcript.streamed = events;
        if events {
            self.mode = Mode::Events(Splitter::default());
            self.take(&head);
        } else {
            self.mode = Mode::Whole(head);
        }
    }

    fn end(&mut self, cut: bool) {
        if self.builder.transcript.is_over() {
            return;
        }
        if let Mode::Sniffing(head) = &self.mode {
            let events = looks_like_events(head, self.declared_events, true).unwrap_or(false);
            self.decide(events);
        }
        match &mut self.mode {
            Mode::Events(splitter) => {
                let mut rest = |frame: crate::agent::sse::Frame<'_>| self.builder.last_frame(frame);
                splitter.finish(&mut rest);
            }
            Mode::Whole(body) => {
                let body = std::mem::take(body);
                let (html, text, status) = (self.declared_html, self.declared_text, self.status);
                self.builder.whole_body(&body, body::Declared { html, text, status, cut });
            }
            Mode::Sniffing(_) => {}
        }
        if self.too_large {
            let limit = MAX_BODY / (1024 * 1024);
            let headline = format!("The answer is larger than {limit} MB: the rest was not read");
            self.builder.fail(Failure::new(FailureKind::TooLarge, headline));
        }
        self.builder.end(self.status, cut);
    }
}

/// Whether a body that begins with `head` is a stream of events; `None` while that is open.
fn looks_like_events(head: &[u8], declared: bool, at_end: bool) -> Option<bool> {
    const BOM: &[u8] = b"\xef\xbb\xbf";
    const FIELDS: [&[u8]; 5] = [b"data:", b"event:", b"retry:", b"id:", b":"];
    let undecided = if at_end || head.len() > MAX_SNIFF { Some(declared) } else { None };
    if head.len() < BOM.len() && BOM.starts_with(head) {
        return undecided;
    }
    let text = head.strip_prefix(BOM).unwrap_or(head).trim_ascii_start();
    let Some(first) = text.first() else { return undecided };
    if matches!(first, b'{' | b'[' | b'<' | b'"') {
        return Some(false);
    }
    if FIELDS.iter().any(|field| text.starts_with(field)) {
        return Some(true);
    }
    let could_become = FIELDS.iter().any(|field| field.starts_with(text));
    if could_become && !at_end { None } else { Some(declared) }
}
