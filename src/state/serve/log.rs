//! The log of a served model: its last lines.

use std::collections::VecDeque;

/// Lines that are kept.
const MOST_LINES: usize = 5_000;
/// Bytes that are kept.
const MOST_BYTES: usize = 1_000_000;

/// The end of what a process printed.
#[derive(Debug, Default)]
pub struct Log {
    lines: VecDeque<String>,
    bytes: usize,
    dropped: u64,
    revision: u64,
}

impl Log {
    /// Adds a line; the oldest gives way where there are too many.
    pub fn push(&mut self, line: String) {
        self.bytes += line.len();
        self.lines.push_back(line);
        self.revision += 1;
        while self.lines.len() > MOST_LINES || self.bytes > MOST_BYTES {
            let Some(old) = self.lines.pop_front() else { break };
            self.bytes -= old.len();
            self.dropped += 1;
        }
    }

    /// The lines that are kept, the oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &str> + Clone {
        self.lines.iter().map(String::as_str)
    }

    /// One line by its place.
    pub fn line(&self, at: usize) -> Option<&str> {
        self.lines.get(at).map(String::as_str)
    }

    /// How many lines gave way.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Changes with every line.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The places of the lines that hold a text, whatever its case; all for an empty one.
    pub fn find(&self, text: &str) -> Vec<usize> {
        let text = text.trim().to_lowercase();
        let holds = |line: &String| text.is_empty() || line.to_lowercase().contains(&text);
        self.lines.iter().enumerate().filter(|(_, line)| holds(line)).map(|(at, _)| at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_the_others_counted() {
        let mut log = Log::default();
        for number in 0..MOST_LINES + 10 {
            log.push(format!("line {number}"));
        }
        assert_eq!((log.lines().count(), log.dropped()), (MOST_LINES, 10));
        assert_eq!(log.line(0), Some("line 10"));
        log.push("x".repeat(MOST_BYTES - 5));
        assert_eq!(log.lines().count(), 1);
    }

    #[test]
    fn lines_are_found_whatever_the_case() {
        let mut log = Log::default();
        for line in ["INFO start", "ERROR: bind", "info end"] {
            log.push(line.to_owned());
        }
        assert_eq!(log.find(" Info "), [0, 2]);
        assert_eq!(log.find("").len(), 3);
    }
}
