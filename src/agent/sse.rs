//! Server-sent events out of bytes, whatever the chunk borders: the first of the reader's two stages.
//!
//! Follows the WHATWG event stream format, except that nothing is decoded here (a character may be cut by a chunk's
//! border, and JSON is checked later anyway) and that `id` and `retry` mean nothing to us.

use memchr::{memchr, memchr2};

/// Largest event kept, in bytes. The largest honest ones are inlined images and traces of a few MB.
pub(super) const MAX_EVENT: usize = 16 * 1024 * 1024;

/// Longest line kept: the largest data and its field name. A longer line makes its event oversized.
const MAX_LINE: usize = MAX_EVENT + 8;

/// One event as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// The `event:` field, if any.
    pub name: Option<&'a str>,
    /// The `data:` lines, joined with LF.
    pub data: &'a [u8],
    /// How many `data:` lines.
    pub lines: usize,
    /// The event was larger than [`MAX_EVENT`]; its data is gone.
    pub oversized: bool,
}

/// Splits a stream of bytes into events. Memory is bounded by two events.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    /// The line that the last chunk left unfinished.
    line: Vec<u8>,
    /// The data lines of the event under way.
    data: Vec<u8>,
    lines: usize,
    name: Option<String>,
    oversized: bool,
    /// The last byte was a CR: a LF that follows belongs to it.
    after_cr: bool,
    /// The first line is behind us, and the BOM with it.
    past_bom: bool,
}

impl Splitter {
    /// Takes the next bytes and hands every event that they complete to `each`.
    pub(super) fn feed(&mut self, mut bytes: &[u8], each: &mut impl FnMut(Frame<'_>)) {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr) && bytes.first() == Some(&b'\n') {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', bytes) else {
                self.keep(bytes);
                return;
            };
            self.after_cr = bytes[end] == b'\r';
            if self.line.is_empty() {
                self.take_line(&bytes[..end], each);
            } else {
                self.keep(&bytes[..end]);
                let line = std::mem::take(&mut self.line);
                self.take_line(&line, each);
                self.line = line;
                self.line.clear();
            }
            bytes = &bytes[end + 1..];
        }
    }

    /// The end of the input: an event that no blank line ended is handed out as well. The format would drop it; the
    /// caller keeps it if it makes sense.
    pub(super) fn finish(&mut self, each: &mut impl FnMut(Frame<'_>)) {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.take_line(&line, each);
        }
        self.dispatch(each);
    }

    /// Keeps the unfinished part of a line.
    fn keep(&mut self, bytes: &[u8]) {
        if self.line.len() + bytes.len() > MAX_LINE {
            self.oversized = true;
            // The field's name stays, so that the rest of the line is still not taken for a line of its own.
            self.line.truncate(5);
        } else {
            self.line.extend_from_slice(bytes);
        }
    }

    fn take_line(&mut self, line: &[u8], each: &mut impl FnMut(Frame<'_>)) {
        let first = !std::mem::replace(&mut self.past_bom, true);
        let line = if first { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        if line.is_empty() {
            self.dispatch(each);
            return;
        }
        if line.len() > MAX_LINE {
            self.oversized = true;
        }
        let colon = memchr(b':', line);
        let (field, value) = colon.map_or((line, &[][..]), |colon| (&line[..colon], &line[colon + 1..]));
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => self.take_data(value),
            b"event" => self.name = Some(String::from_utf8_lossy(value).into_owned()),
            // Comments have an empty field name; `id`, `retry` and whatever else say nothing to us.
            _ => {}
        }
    }

    fn take_data(&mut self, value: &[u8]) {
        if self.data.len() + value.len() > MAX_EVENT {
            self.oversized = true;
        }
        if self.oversized {
            self.data.clear();
        } else {
            if self.lines > 0 {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value);
        }
        self.lines += 1;
    }

    fn dispatch(&mut self, each: &mut impl FnMut(Frame<'_>)) {
        if self.lines > 0 || self.oversized {
            let (name, data) = (self.name.as_deref(), self.data.as_slice());
            each(Frame { name, data, lines: self.lines, oversized: self.oversized });
        }
        self.data.clear();
        self.lines = 0;
        self.name = None;
        self.oversized = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events as `name|data`, fed in chunks of `size` bytes.
    fn split(bytes: &[u8], size: usize) -> Vec<String> {
        let mut events = Vec::new();
        let mut each = |frame: Frame<'_>| {
            events.push(format!(
                "{}|{}",
                frame.name.unwrap_or_default(),
                String::from_utf8_lossy(frame.data)
            ));
        };
        let mut splitter = Splitter::default();
        for chunk in bytes.chunks(size) {
            splitter.feed(chunk, &mut each);
        }
        splitter.finish(&mut each);
        events
    }

    #[track_caller]
    fn splits(text: &str, expected: &[&str]) {
        for size in 1..=text.len() {
            assert_eq!(split(text.as_bytes(), size), expected, "in chunks of {size}");
        }
    }

    #[test]
    fn every_line_ending_ends_a_line() {
        splits("data: a\n\ndata: b\r\n\r\ndata: c\r\rdata:d\r\n\n", &["|a", "|b", "|c", "|d"]);
    }

    #[test]
    fn one_bom_one_space_and_comments_are_stripped() {
        splits("\u{feff}data:  a\n: ping\n:\n\ndata:\u{feff}b\n\n", &["| a", "|\u{feff}b"]);
        splits("\u{feff}\u{feff}data: a\n\n", &[]);
    }

    #[test]
    fn data_lines_are_joined_and_other_fields_ignored() {
        splits("id: 7\nretry: 5\nevent: e\ndata: ü\ndata\ndata: b\nfoo: bar\nfoo\n\n", &["e|ü\n\nb"]);
    }

    #[test]
    fn events_without_data_are_dropped_and_names_do_not_stick() {
        splits("event: a\n\ndata: x\n\n\n\n", &["|x"]);
    }

    #[test]
    fn the_unterminated_last_event_is_handed_out() {
        splits("data: a\n\ndata: b", &["|a", "|b"]);
        splits("data: a\n\ndata: b\n", &["|a", "|b"]);
        splits("data: a\n\nda", &["|a"]);
    }

    #[test]
    fn an_oversized_event_is_reported_without_its_data_and_the_next_one_is_read() {
        let mut stream = b"data: ".to_vec();
        stream.resize(MAX_EVENT + 100, b'x');
        stream.extend_from_slice(b"\n\ndata: next\n\n");
        for size in [4096, stream.len()] {
            let mut seen = Vec::new();
            let mut splitter = Splitter::default();
            for chunk in stream.chunks(size) {
                splitter.feed(chunk, &mut |frame| seen.push((frame.oversized, frame.data.to_vec())));
                assert!(splitter.line.len() <= MAX_LINE && splitter.data.len() <= MAX_EVENT);
            }
            assert_eq!(seen, [(true, vec![]), (false, b"next".to_vec())]);
        }
    }
}
