//! Text cut into lines that can be drawn one by one, however long the file or a line of it is.

use std::ops::Range;

/// Text as rows: one row a line, and more where a line is too long to lay out at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextRows {
    text: String,
    rows: Vec<Row>,
    lines: usize,
    widest: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    start: u32,
    end: u32,
    /// 1 for the first line; 0 on the later rows of a long line.
    line: u32,
}

/// Bytes of one row.
const ROW: usize = 600;

impl TextRows {
    /// Cuts a text into rows. Texts are bounded by the limits of previews, far below 4 GB.
    pub fn new(text: String) -> Self {
        let mut rows = Vec::new();
        let mut lines = 0;
        for line in lines_of(&text) {
            lines += 1;
            push_line(&text, line, lines, &mut rows);
        }
        let widest = rows.iter().map(|row| text[row.start as usize..row.end as usize].chars().count()).max();
        Self { text, rows, lines, widest: widest.unwrap_or(0) }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many lines there are.
    pub fn lines(&self) -> usize {
        self.lines
    }

    /// Characters of the widest row.
    pub fn widest(&self) -> usize {
        self.widest
    }

    /// A row's text, and its line number if a line begins with it.
    pub fn row(&self, index: usize) -> Option<(Option<usize>, &str)> {
        let row = self.rows.get(index)?;
        let text = self.text.get(row.start as usize..row.end as usize)?;
        Some(((row.line > 0).then_some(row.line as usize), text))
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// How the bytes of a text were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8; what is no UTF-8 became `�`.
    Utf8,
    /// UTF-16, as a byte order mark says.
    Utf16,
    /// Windows-1252, of which Latin-1 is a part: a guess, as it was no UTF-8.
    Windows1252,
}

/// Bytes as text. `cut`: there is more in the file.
pub fn decode(bytes: &[u8], cut: bool) -> (String, Encoding) {
    let utf16 = |of: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| of([pair[0], pair[1]])).collect();
        (String::from_utf16_lossy(&units), Encoding::Utf16)
    };
    match bytes {
        [0xff, 0xfe, ..] => utf16(u16::from_le_bytes),
        [0xfe, 0xff, ..] => utf16(u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => (String::from_utf8_lossy(rest).into_owned(), Encoding::Utf8),
        _ if is_utf8(bytes, cut) => (String::from_utf8_lossy(bytes).into_owned(), Encoding::Utf8),
        _ => (encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned(), Encoding::Windows1252),
    }
}

/// Whether bytes are UTF-8, or were before some were damaged: accents in UTF-8 are hardly ever there by chance.
fn is_utf8(bytes: &[u8], cut: bool) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) if error.error_len().is_none() && cut => true,
        Err(_) => {
            let (mut good, mut bad) = (0, 0);
            for chunk in bytes.utf8_chunks() {
                good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
                bad += usize::from(!chunk.invalid().is_empty());
            }
            good > bad
        }
    }
}

/// The lines' places, without their ends; no empty line after the last.
fn lines_of(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let whole = start..start + line.len();
        start = whole.end;
        whole.start..whole.start + line.trim_end_matches(['\n', '\r']).len()
    })
}

fn push_line(text: &str, line: Range<usize>, number: usize, rows: &mut Vec<Row>) {
    let mut start = line.start;
    loop {
        let end = if line.end - start <= ROW { line.end } else { text.floor_char_boundary(start + ROW) };
        let line_number = if start == line.start { number as u32 } else { 0 };
        rows.push(Row { start: start as u32, end: end as u32, line: line_number });
        start = end;
        if start >= line.end {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_rows() {
        let rows = TextRows::new("a\r\n\nc".into());
        let all: Vec<_> = (0..rows.len()).filter_map(|at| rows.row(at)).collect();
        assert_eq!(all, [(Some(1), "a"), (Some(2), ""), (Some(3), "c")]);
        assert_eq!(TextRows::new("a\n".into()).len(), 1);
        assert!(TextRows::new(String::new()).is_empty());
    }

    #[test]
    fn a_line_of_two_megabytes_is_cut_between_characters() {
        let text = "ü".repeat(1_000_000);
        let rows = TextRows::new(text.clone());
        assert_eq!(rows.lines(), 1);
        assert!(rows.len() > 3_000);
        let joined: String = (0..rows.len()).filter_map(|at| rows.row(at)).map(|(_, text)| text).collect();
        assert_eq!(joined, text);
        assert!((0..rows.len()).all(|at| rows.row(at).is_some_and(|(_, text)| text.len() <= ROW)));
    }

    #[test]
    fn byte_order_marks_are_heeded() {
        for (bytes, encoding) in [
            (&b"\xef\xbb\xbfa"[..], Encoding::Utf8),
            (b"\xff\xfea\0", Encoding::Utf16),
            (b"\xfe\xff\0a", Encoding::Utf16),
        ] {
            assert_eq!(decode(bytes, false), ("a".to_owned(), encoding));
        }
    }

    #[test]
    fn what_is_no_utf8_is_read_as_windows_1252() {
        let old = |text: &str| (text.to_owned(), Encoding::Windows1252);
        assert_eq!(decode(b"caf\xe9", false), old("café"));
        assert_eq!(decode(b"3 \x80 for \xabn\xba 5\xbb", false), old("3 € for «nº 5»"));
        let good = |text: &str| (text.to_owned(), Encoding::Utf8);
        assert_eq!(decode(&"café".as_bytes()[..4], true), good("caf\u{fffd}"));
        // One broken byte in a log of many accents.
        assert_eq!(decode(b"\xc3\xa9t\xc3\xa9 \xe9", false), good("été \u{fffd}"));
    }
}
