//! Chunk borders change nothing, and what is kept stays bounded.

use super::super::table::MAX_ITEMS;
use super::super::{MAX_BODY, looks_like_events};
use super::fixtures::{
    AGENT_LOOP, AGENT_SERVER, AGENT_SERVER_RAISES, AGENT_SERVER_TRACED, SCORING, SCORING_RAISES,
    SCORING_WRAPPED,
};
use super::random::Random;
use super::*;
use crate::agent::wire::FailureKind;

fn bodies() -> Vec<Vec<u8>> {
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let texts = [
        AGENT_SERVER.to_owned(),
        AGENT_LOOP.to_owned(),
        AGENT_SERVER_TRACED.replace('\n', "\r"),
        format!("\u{feff}{}", crlf(AGENT_SERVER_TRACED)),
        AGENT_SERVER_RAISES.to_owned(),
        SCORING.to_owned(),
        SCORING_WRAPPED.to_owned(),
        format!(" \n{SCORING_RAISES}"),
        "  \r\n\u{feff}data: x".to_owned(),
        "<html><title>Sign in</title></html>".to_owned(),
        "data is missing".to_owned(),
        "retry: 1\n\ndata: {\"type\":\"message\",\"content\":\"ü\\ud83d\"}".to_owned(),
        sse(&[r#"{"choices":[{"delta":{"content":"ü"}}]}"#, "nonsense", r#"{"x": NaN}"#]),
    ];
    let mut bodies: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    bodies.push(b"data: {\"type\":\"response.output_text.delta\",\"delta\":\"\xff\xfe\"}\n\n".to_vec());
    bodies
}

fn read_in_chunks<'a>(content_type: Option<&str>, chunks: impl Iterator<Item = &'a [u8]>) -> Transcript {
    let mut reader = Reader::new(content_type, 200);
    chunks.for_each(|chunk| reader.feed(chunk));
    reader.finish();
    reader.transcript().clone()
}

#[test]
fn any_single_border_and_byte_by_byte() {
    for body in bodies() {
        // Once a body is known for what it is, its declared type matters no more.
        for (content_type, borders) in [(SSE, body.len()), (JSON, body.len().min(64))] {
            let whole = read(content_type, 200, &body);
            for border in 0..=borders {
                let (head, tail) = body.split_at(border);
                let cut = read_in_chunks(content_type, [head, tail].into_iter());
                assert_eq!(cut, whole, "cut at {border} of {:?}", String::from_utf8_lossy(&body));
            }
            assert_eq!(read_in_chunks(content_type, body.chunks(1)), whole);
        }
    }
}

#[test]
fn random_borders_with_snapshots_between() {
    let mut random = Random::new(7);
    for body in bodies() {
        let whole = read(SSE, 200, &body);
        for _ in 0..50 {
            let mut reader = Reader::new(SSE, 200);
            let (mut rest, mut snapshots) = (body.as_slice(), Vec::new());
            while !rest.is_empty() {
                let (chunk, tail) = rest.split_at(1 + random.below(rest.len().min(60)));
                reader.feed(chunk);
                rest = tail;
                if random.below(3) == 0 {
                    snapshots.push(reader.transcript().clone());
                }
            }
            reader.finish();
            assert_eq!(*reader.transcript(), whole);
        }
    }
}

#[test]
fn the_short_way_for_text_deltas_reads_what_the_long_way_reads() {
    let fields = [
        r#""item_id": "a", "#,
        r#""item_id": null, "#,
        r#""item_id": "\u0061", "#,
        r#""output_index": 1, "#,
        r#""output_index": null, "#,
        r#""output_index": -1, "#,
        r#""content_index": 2, "#,
        r#""sequence_number": 1.5, "#,
        r#""logprobs": [1], "#,
        r#""custom_outputs": {"k": 1}, "#,
        r#""item_id": "", "#,
        "",
    ];
    let deltas = [
        r#""delta": "x\n\"ü""#,
        r#""delta": 5"#,
        r#""delta": null"#,
        r#""delta": "\ud83d""#,
        r#""delta": ["#,
        "",
    ];
    for first in fields {
        for second in fields {
            for delta in deltas {
                let event = |start: &str| sse(&[&format!("{start}, {first}{second}{delta}}}"), "[DONE]"]);
                let short = read(SSE, 200, event(r#"{"type": "response.output_text.delta""#));
                // One more space than any server writes: not recognised, read the long way.
                let mut long = read(SSE, 200, event(r#"{"type" : "response.output_text.delta""#));
                long.first_skipped.clone_from(&short.first_skipped);
                assert_eq!(short, long, "{first}{second}{delta}");
            }
        }
    }
}

#[test]
fn endless_items_parts_and_unknown_events_are_bounded() {
    let mut reader = Reader::new(SSE, 200);
    for number in 0..MAX_ITEMS + 500 {
        let item = format!(r#"{{"type":"function_call","call_id":"{number}","arguments":"{{}}"}}"#);
        let part = format!(
            r#"{{"type":"response.output_text.delta","item_id":"m","content_index":{number},"delta":"x"}}"#
        );
        reader.feed(sse(&[&part, &item, r#"{"type":"hologram"}"#, r#"{"error":"again"}"#]).as_bytes());
    }
    reader.finish();
    let turn = reader.transcript();
    assert_eq!(turn.items.len(), MAX_ITEMS);
    assert!(turn.unknown_events.len() <= 200 && turn.left_out > 500);
    assert_eq!(turn.failures.len(), 1);
    assert!(
        turn.items
            .iter()
            .all(|item| !matches!(&item.body, ItemBody::Message { parts, .. } if parts.len() > 256))
    );
}

#[test]
fn a_body_without_end_is_read_up_to_the_limit() {
    let chunk =
        sse(&[&format!(r#"{{"type":"response.output_text.delta","delta":"{}"}}"#, "x".repeat(1 << 20))]);
    let mut reader = Reader::new(SSE, 200);
    let mut fed = 0;
    while !reader.is_done() {
        reader.feed(chunk.as_bytes());
        fed += chunk.len();
        assert!(fed <= MAX_BODY + chunk.len());
    }
    reader.finish();
    let turn = reader.transcript();
    assert_eq!((turn.outcome.clone(), turn.failures[0].kind), (Outcome::Failed, FailureKind::TooLarge));
    assert!(turn.text().len() > MAX_BODY / 2);
}

#[test]
fn white_space_alone_decides_nothing_until_there_is_too_much_of_it() {
    assert_eq!(looks_like_events(b" \n", true, false), None);
    assert_eq!(looks_like_events(&[b' '; 5_000], true, false), Some(true));
    assert_eq!(looks_like_events(b"da", false, false), None);
    assert_eq!(looks_like_events(b"da", false, true), Some(false));
}
