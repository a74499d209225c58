//! What a command prints, as lines a person reads: bounded, without the control sequences of terminals.

use anstream::adapter::StripBytes;

/// Longest line that is kept whole, in bytes: what follows begins another.
const MAX_LINE: usize = 4 * 1024;

/// Bytes to lines. Where the bytes are cut makes no difference.
#[derive(Debug, Default)]
pub struct Lines {
    strip: StripBytes,
    pending: Vec<u8>,
}

impl Lines {
    /// Takes bytes; answers the lines that are whole now.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for part in self.strip.strip_next(bytes) {
            for &byte in part {
                if byte == b'\n' || self.pending.len() >= MAX_LINE {
                    lines.push(line(&self.pending));
                    self.pending.clear();
                }
                if byte != b'\n' {
                    self.pending.push(byte);
                }
            }
        }
        lines
    }

    /// The last line, if it has no end.
    pub fn finish(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.pending);
        (!rest.is_empty()).then(|| line(&rest))
    }
}

/// A progress bar writes over its line: only what is seen last is kept.
fn line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end();
    text.rsplit('\r').next().unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_wherever_the_bytes_are_cut() {
        let text = "\u{1b}[31mERROR\u{1b}[0m: größer\r\n 10%\r 99%\rdone\nlast".as_bytes();
        for at in 0..text.len() {
            let mut reader = Lines::default();
            let mut lines = reader.push(&text[..at]);
            lines.extend(reader.push(&text[at..]));
            lines.extend(reader.finish());
            assert_eq!(lines, ["ERROR: größer", "done", "last"], "cut at {at}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_bounded() {
        let mut reader = Lines::default();
        let lines = reader.push(&[b'x'; 3 * MAX_LINE]);
        assert!(lines.len() >= 2 && lines.iter().all(|line| line.len() <= MAX_LINE));
    }
}
