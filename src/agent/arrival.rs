//! When the bytes of an answer came, and what that says of the way they took.

use std::time::Duration;

/// Chunks this close together count as one burst: no model writes that fast, networks deliver that fast.
const BURST_GAP: Duration = Duration::from_millis(20);
/// A stream that takes longer than this is one, however fast the model writes.
const AT_ONCE: Duration = Duration::from_millis(200);
/// Below this wait nobody minds that an answer came at once.
const NOTICEABLE: Duration = Duration::from_millis(500);
/// A stream of fewer events has nothing to spread.
const FEW_EVENTS: u32 = 4;

/// Arrival times of a body, all counted from the moment the request was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Arrival {
    /// The first byte.
    pub first: Option<Duration>,
    /// The last byte.
    pub last: Option<Duration>,
    /// How many times bytes came after a pause.
    pub bursts: u32,
    /// How many chunks came.
    pub chunks: u32,
    /// How many bytes came.
    pub bytes: u64,
    /// How many events ended in what came, roughly: blank lines.
    pub events: u32,
}

impl Arrival {
    /// Notes a chunk that came at `at`.
    pub fn chunk(&mut self, at: Duration, bytes: &[u8]) {
        let pause = self.last.is_none_or(|last| at.saturating_sub(last) > BURST_GAP);
        self.first.get_or_insert(at);
        self.last = Some(at);
        self.bursts = self.bursts.saturating_add(u32::from(pause));
        self.chunks = self.chunks.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        let blank = |&at: &usize| matches!(bytes.get(at + 1), Some(b'\n' | b'\r'));
        let ends = memchr::memchr_iter(b'\n', bytes).filter(blank).count();
        self.events = self.events.saturating_add(u32::try_from(ends).unwrap_or(u32::MAX));
    }

    /// From the first byte to the last.
    pub fn spread(&self) -> Duration {
        self.last.unwrap_or_default().saturating_sub(self.first.unwrap_or_default())
    }

    /// Whether a `streamed` answer of several events came in one burst after a wait: something on the way, nginx as
    /// a rule, held it back until it was complete.
    pub fn looks_buffered(&self, streamed: bool) -> bool {
        let waited = self.first.is_some_and(|first| first >= NOTICEABLE);
        streamed && waited && self.events >= FEW_EVENTS && self.bursts == 1 && self.spread() <= AT_ONCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrived(chunks: &[(u64, &str)]) -> Arrival {
        let mut arrival = Arrival::default();
        for (at, text) in chunks {
            arrival.chunk(Duration::from_millis(*at), text.as_bytes());
        }
        arrival
    }

    const FOUR: &str = "data: 1\n\ndata: 2\r\n\r\ndata: 3\n\ndata: [DONE]\n\n";

    #[test]
    fn one_burst_after_a_wait_is_a_buffering_proxy() {
        let buffered = arrived(&[(3_000, FOUR), (3_004, FOUR)]);
        assert_eq!((buffered.bursts, buffered.chunks, buffered.events), (1, 2, 8));
        assert!(buffered.looks_buffered(true));
        assert!(!buffered.looks_buffered(false), "a whole body comes at once by nature");
    }

    #[test]
    fn honest_streams_are_not_suspected() {
        assert!(!arrived(&[(3_000, FOUR), (3_100, FOUR)]).looks_buffered(true), "spread");
        let fast: Vec<(u64, &str)> = (0..50).map(|number| (600 + number * 10, FOUR)).collect();
        assert!(!arrived(&fast).looks_buffered(true), "a fast model");
        assert!(!arrived(&[(80, FOUR)]).looks_buffered(true), "quick");
        assert!(!arrived(&[(3_000, "data: 1\n\n")]).looks_buffered(true), "short");
        assert!(!arrived(&[]).looks_buffered(true));
    }
}
