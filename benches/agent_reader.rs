//! Reads 10 MB of server-sent text deltas, as `AgentServer` writes them: Flowdeck's reader, and beside it the plain
//! way (the whole body as a string, split, every event a `serde_json::Value`, text appended) as the yardstick.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flowdeck::agent::Reader;
use serde_json::Value;

/// Size of the stream, in bytes.
const STREAM: usize = 10_000_000;
/// What one read from a socket brings, in bytes.
const CHUNK: usize = 16 * 1024;

fn stream() -> String {
    let mut text = String::with_capacity(STREAM + 512);
    let mut number = 0_u32;
    while text.len() < STREAM {
        number += 1;
        let event = writeln!(
            text,
            "data: {{\"type\": \"response.output_text.delta\", \"item_id\": \"msg_1\", \"delta\": \"token {number:08} here, \"}}\n"
        );
        assert!(event.is_ok());
    }
    text.push_str("data: [DONE]\n\n");
    text
}

fn with_reader(bytes: &[u8]) -> usize {
    let mut reader = Reader::new(Some("text/event-stream"), 200);
    for chunk in bytes.chunks(CHUNK) {
        reader.feed(chunk);
    }
    reader.finish();
    reader.transcript().text().len()
}

/// The same with a snapshot after every chunk, far more often than a window asks for.
fn with_snapshots(bytes: &[u8]) -> usize {
    let mut reader = Reader::new(Some("text/event-stream"), 200);
    for chunk in bytes.chunks(CHUNK) {
        reader.feed(chunk);
        black_box(reader.transcript().clone());
    }
    reader.finish();
    reader.transcript().text().len()
}

fn plain(bytes: &[u8]) -> usize {
    let body = String::from_utf8_lossy(bytes).into_owned();
    let mut text = String::new();
    for event in body.split("\n\n") {
        let Some(data) = event.strip_prefix("data: ") else { continue };
        let Ok(value) = serde_json::from_str::<Value>(data) else { continue };
        if value.get("type").and_then(Value::as_str) == Some("response.output_text.delta") {
            text.push_str(value.get("delta").and_then(Value::as_str).unwrap_or_default());
        }
    }
    text.len()
}

fn agent_reader(criterion: &mut Criterion) {
    let body = stream();
    let bytes = body.as_bytes();
    assert_eq!(with_reader(bytes), plain(bytes));
    let mut group = criterion.benchmark_group("agent_reader_10mb_sse");
    group.throughput(Throughput::Bytes(bytes.len() as u64)).sample_size(20);
    group.bench_function("reader", |bencher| bencher.iter(|| with_reader(black_box(bytes))));
    group.bench_function("reader_snapshot_per_chunk", |bencher| {
        bencher.iter(|| with_snapshots(black_box(bytes)));
    });
    group.bench_function("plain_values", |bencher| bencher.iter(|| plain(black_box(bytes))));
    group.finish();
}

criterion_group!(benches, agent_reader);
criterion_main!(benches);
