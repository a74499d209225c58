//! What an agent sends without end, or all at once, takes no more memory than it may, and ends with a sentence. An
//! allocator counts, so this is a program of its own and one test, case after case.

use flowdeck::agent::{MAX_BODY, Outcome, Reader, Transcript};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const MB: usize = 1024 * 1024;
/// What one read from a socket brings, in bytes.
const CHUNK: usize = 64 * 1024;
const SSE: &str = "text/event-stream";
const JSON: &str = "application/json";

/// A body, made piece by piece.
type Pieces<'a> = Box<dyn Iterator<Item = Vec<u8>> + 'a>;

/// An answer, the bytes that were taken of it, and how much memory there was at most beyond what was there before.
struct Read {
    turn: Transcript,
    taken: usize,
    peak: usize,
}

/// Reads it as the client does: in chunks, with snapshots in between, until the reader has had enough.
fn read(content_type: &str, pieces: Pieces<'_>) -> Read {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let mut reader = Reader::new(Some(content_type), 200);
    let (mut snapshot, mut taken, mut shown) = (Transcript::default(), 0, 0);
    'body: for piece in pieces {
        for chunk in piece.chunks(CHUNK) {
            if reader.is_done() {
                break 'body;
            }
            reader.feed(chunk);
            taken += chunk.len();
            // A window asks thirty times a second, far more seldom than this.
            if taken - shown > 4 * MB {
                shown = taken;
                snapshot = reader.transcript().clone();
            }
        }
    }
    drop(snapshot);
    reader.finish();
    let turn = reader.transcript().clone();
    Read { turn, taken, peak: ALLOCATOR.peak_usage().saturating_sub(before) }
}

fn event(data: &str) -> Vec<u8> {
    format!("data: {data}\n\n").into_bytes()
}

fn delta(text: &str) -> Vec<u8> {
    event(&format!(r#"{{"type":"response.output_text.delta","item_id":"m","delta":"{text}"}}"#))
}

/// The same again and again.
fn endless(piece: impl Into<Vec<u8>>) -> Pieces<'static> {
    let piece = piece.into();
    Box::new(std::iter::repeat_with(move || piece.clone()))
}

fn once(body: impl Into<Vec<u8>>) -> Pieces<'static> {
    Box::new(std::iter::once(body.into()))
}

#[track_caller]
fn is_cut(read: &Read, most: usize) {
    assert!(read.taken <= MAX_BODY + CHUNK, "{} bytes were taken", read.taken);
    assert_eq!(read.turn.outcome, Outcome::Failed);
    let headlines: Vec<&str> = read.turn.failures.iter().map(|failure| failure.headline.as_str()).collect();
    assert!(headlines.contains(&"The answer is larger than 64 MB: the rest was not read"), "{headlines:?}");
    bounded(read, most);
}

#[track_caller]
fn bounded(read: &Read, most: usize) {
    assert!(read.peak <= most, "{} MB at most for {} MB taken", read.peak / MB, read.taken / MB);
}

#[test]
fn whatever_is_sent_is_bounded() {
    an_answer_of_100_mb();
    many_small_deltas();
    a_line_of_20_mb();
    deep_json();
    streams_without_end();
    what_grows_in_memory();
}

fn an_answer_of_100_mb() {
    let long = delta(&"x".repeat(MB));
    let stream = read(SSE, Box::new((0..100).map(|_| long.clone())));
    is_cut(&stream, 5 * MAX_BODY);
    assert!(stream.turn.text().len() > 60 * MB, "what came is kept");

    let text = "x".repeat(100 * MB);
    let whole = format!(r#"{{"output":[{{"type":"message","content":"{text}"}}]}}"#);
    drop(text);
    is_cut(&read(JSON, once(whole)), 5 * MAX_BODY);
    is_cut(&read("text/plain", once(vec![b'x'; 100 * MB])), 5 * MAX_BODY);
}

fn many_small_deltas() {
    let words: Vec<String> = (0..200_000).map(|number| format!("{number} ")).collect();
    let deltas = words.iter().map(|word| delta(word));
    let read = read(SSE, Box::new(deltas.chain(std::iter::once(event("[DONE]")))));
    assert_eq!(read.turn.outcome, Outcome::Completed);
    assert_eq!(read.turn.text(), words.concat());
    bounded(&read, 16 * MB);
}

fn a_line_of_20_mb() {
    let pieces = [delta("before"), delta(&"x".repeat(20 * MB)), delta(" after"), event("[DONE]")];
    let read = read(SSE, Box::new(pieces.into_iter()));
    assert_eq!((read.turn.text().as_str(), read.turn.skipped_events), ("before after", 1));
    assert_eq!(read.turn.first_skipped.as_deref(), Some("(an event too large to keep)"));
    // The line itself is held by the test.
    bounded(&read, 3 * 20 * MB);
}

fn deep_json() {
    let lists = "[".repeat(100_000) + &"]".repeat(100_000);
    let objects = "{\"a\":".repeat(100_000) + "1" + &"}".repeat(100_000);
    for deep in [lists, objects] {
        let item = event(&format!(r#"{{"type":"response.output_item.done","item":{deep}}}"#));
        let pieces = [item, event(&deep), delta("read on"), event("[DONE]")];
        let stream = read(SSE, Box::new(pieces.into_iter()));
        assert_eq!((stream.turn.text().as_str(), stream.turn.skipped_events), ("read on", 2));
        bounded(&stream, 16 * MB);
        let whole = read(JSON, once(deep));
        assert_eq!(whole.turn.failures[0].headline, "The answer is not valid JSON");
        bounded(&whole, 16 * MB);
    }
}

fn streams_without_end() {
    let long = "x".repeat(2000);
    for line in [format!(": {long}\n\n"), format!("data: {long}\n"), format!("event: {long}\r"), long] {
        is_cut(&read(SSE, endless(line.repeat(40))), 2 * MAX_BODY);
    }
    is_cut(&read(SSE, endless(" ".repeat(CHUNK))), 2 * MAX_BODY);
    is_cut(&read(SSE, endless(delta(&"word ".repeat(100)))), 5 * MAX_BODY);
}

/// Short to write, long to keep.
fn what_grows_in_memory() {
    let part = r#"{"type":"response.output_text.delta","content_index":255,"delta":"x"}"#;
    let done = r#"{"type":"response.output_item.done","item":{"type":"message","content":[]}}"#;
    let placeholders: Vec<u8> = [event(part), event(done)].concat();
    let read_5_000 = |events: Vec<u8>| read(SSE, Box::new(std::iter::repeat_n(events, 5_000)));
    bounded(&read_5_000(placeholders), MAX_BODY);
    let text = "x".repeat(2000);
    for kind in ["function_call", "hologram"] {
        bounded(
            &read_5_000(event(&format!(r#"{{"type":"{kind}","call_id":"c","arguments":"{text}"}}"#))),
            MAX_BODY,
        );
    }
    bounded(&read_5_000(event(&format!(r#"{{"error":"{text}"}}"#))), MAX_BODY);

    // A small number takes as much room as a long text.
    let numbers = "0,".repeat(900_000) + "0";
    let outputs = (0..).map(|key| event(&format!(r#"{{"custom_outputs":{{"{key}":[{numbers}]}}}}"#)));
    is_cut(&read(SSE, Box::new(outputs)), 4 * MAX_BODY);
    let keys = (0..20_000).map(|key| event(&format!(r#"{{"custom_outputs":{{"{key}":[[[[]]]]}}}}"#)));
    bounded(&read(SSE, Box::new(keys)), MAX_BODY);
    let whole = read(JSON, once(format!(r#"{{"custom_outputs":[{numbers}],"output":[]}}"#)));
    bounded(&whole, 4 * MAX_BODY);
}
