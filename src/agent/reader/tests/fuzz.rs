//! Bytes that nobody would send, made of those that somebody did: bodies of the corpus cut, spliced and mangled, and
//! pieces of the vocabulary in any order.
//!
//! `cargo test` tries for [`BUDGET`]; `FLOWDECK_FUZZ_SECONDS=600 cargo test --release fuzz` for longer. A failure
//! prints its seed, and `arbtest` makes it small.

use std::time::Duration;

use arbtest::arbitrary::{Result, Unstructured};

use super::corpus::cases;
use super::*;
use crate::agent::history::{Entry, input_items};
use crate::agent::transcript::Row;

/// How long to try, unless the environment says otherwise.
const BUDGET: Duration = Duration::from_secs(2);

/// What events are made of, some of it at the edge of what numbers hold.
const PIECES: [&[u8]; 24] = [
    b"data: ",
    b"event: error\n",
    b"\n\n",
    b"\r",
    b"{\"type\":",
    b"\"response.output_item.done\"",
    b",\"item\":",
    b"}",
    b"\"message\"",
    b"data: {\"type\":\"response.output_text.delta\",\"content_index\":18446744073709551615,\"delta\":\"a\"}\n\n",
    b"\xf0\x9f",
    b"NaN",
    b"\\ud800",
    b"[DONE]",
    b"data: {\"delta\":{\"tool_calls\":[{}],\"content\":[{}]}}\n\n",
    b"data: {\"choices\":[{\"index\":18446744073709551615,\"delta\":{\"tool_calls\":[{\"index\":18446744073709551615}]}}]}\n\n",
    b"data: {\"type\":\"response.completed\",\"response\":{\"output\":[{\"type\":\"message\"},null,{}]}}\n\n",
    b"data: {\"type\":\"response.reasoning_summary_text.delta\",\"summary_index\":999999999999,\"delta\":\"a\"}\n\n",
    b"data: {\"type\":\"response.content_part.done\",\"content_index\":999999999999,\"part\":{\"type\":\"refusal\",\"refusal\":\"r\"}}\n\n",
    b"data: {\"type\":\"response.refusal.delta\",\"delta\":\"r\"}\n\n",
    b"data: {\"type\":\"response.created\"}\n\n",
    b"{\"predictions\":",
    b"<html><title>",
    b"\xef\xbb\xbf",
];

fn mangled(u: &mut Unstructured<'_>, bodies: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut body = if u.ratio(1, 4)? { Vec::new() } else { u.choose(bodies)?.clone() };
    for _ in 0..u.int_in_range(0..=12)? {
        let at = u.int_in_range(0..=body.len())?;
        match u.int_in_range(0..=5)? {
            0 => body.truncate(at),
            1 => body.insert(at, u.arbitrary()?),
            2 if at < body.len() => body[at] = u.arbitrary()?,
            3 => drop(body.splice(at..at, u.choose(&PIECES)?.iter().copied())),
            // Two events meet in the middle, or one comes twice.
            4 => {
                let other = u.choose(bodies)?;
                let from = u.int_in_range(0..=other.len())?;
                body.truncate(at);
                body.extend_from_slice(&other[from..]);
            }
            _ => {
                let end = u.int_in_range(at..=body.len())?;
                body.drain(at..end);
            }
        }
    }
    Ok(body)
}

/// In pieces of any size, looked at in between.
fn in_pieces(u: &mut Unstructured<'_>, content_type: Option<&str>, body: &[u8]) -> Result<Transcript> {
    let mut reader = Reader::new(content_type, 200);
    let mut rest = body;
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(u.int_in_range(1..=rest.len().min(64))?);
        reader.feed(piece);
        if u.ratio(1, 4)? {
            assert!(!reader.transcript().is_over());
        }
        rest = tail;
    }
    reader.finish();
    Ok(reader.transcript().clone())
}

/// What holds of every answer, whatever it was made of.
fn check(turn: &Transcript) {
    assert!(turn.is_over());
    assert!(turn.items.iter().all(|item| !item.is_open()));
    let shown: usize = turn
        .rows()
        .iter()
        .map(|row| if matches!(row, Row::Call { output: Some(_), .. }) { 2 } else { 1 })
        .sum();
    assert_eq!(shown, turn.items.len(), "every item is in one row");
    assert!(serde_json::to_string(&input_items(None, &[Entry::Answer(turn)])).is_ok());
    let _ = turn.text();
}

#[test]
fn fuzz() {
    let seconds = std::env::var("FLOWDECK_FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let budget = seconds.map_or(BUDGET, Duration::from_secs);
    let bodies: Vec<Vec<u8>> = cases().into_iter().map(|case| case.body).collect();
    arbtest::arbtest(|u| {
        let content_type = *u.choose(&[SSE, JSON, None, Some("text/html")])?;
        let body = mangled(u, &bodies)?;
        let whole = read(content_type, 200, &body);
        check(&whole);
        assert_eq!(in_pieces(u, content_type, &body)?, whole);
        let mut cut = Reader::new(content_type, 200);
        cut.feed(&body);
        cut.cut();
        check(cut.transcript());
        Ok(())
    })
    .size_min(256)
    .budget(budget);
}
