//! The corpus in `tests/answers`: bodies as bytes (`*.body`), and beside each what it was declared as and what is to
//! be read of it (`*.json`). A folder for each rule of reading an answer.
//!
//! A new body needs a `*.json` with `content_type` and `status`; `FLOWDECK_TEST_WRITE=1` then writes down what was
//! read of it, to be looked over before it is kept. `cut` is an answer that broke off; `arrival` lists when how many
//! bytes came, in milliseconds.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::random::Random;
use super::*;
use crate::agent::Arrival;
use crate::agent::history::{Entry, input_items};

/// What one folder after the other is about.
const RULES: [&str; 13] = [
    "bytes-and-lines",
    "type-decides",
    "bad-events",
    "item-identity",
    "done-replaces",
    "bare-items",
    "errors",
    "ends",
    "whole-bodies",
    "dialects",
    "side-notes",
    "history",
    "arrival",
];
/// Random ways to cut each body.
const SPLITS: usize = 40;

/// One body and what is to be read of it.
pub(super) struct Case {
    path: PathBuf,
    expected: Map<String, Value>,
    pub body: Vec<u8>,
}

impl Case {
    fn open(path: PathBuf) -> Self {
        let body = std::fs::read(path.with_extension("body")).unwrap();
        let expected = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        Self { path, expected, body }
    }

    pub fn content_type(&self) -> Option<&str> {
        self.expected["content_type"].as_str()
    }

    fn status(&self) -> u16 {
        self.expected["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap()
    }

    /// Reads it in these pieces.
    fn read<'a>(&self, pieces: impl Iterator<Item = &'a [u8]>) -> Transcript {
        let mut reader = Reader::new(self.content_type(), self.status());
        pieces.for_each(|piece| reader.feed(piece));
        if self.expected.contains_key("cut") {
            reader.cut();
        } else {
            reader.finish();
        }
        reader.transcript().clone()
    }

    fn arrival(&self) -> Option<Arrival> {
        let mut arrival = Arrival::default();
        let mut rest = self.body.as_slice();
        for chunk in self.expected.get("arrival")?.as_array()? {
            let (at, bytes) = (chunk[0].as_u64()?, usize::try_from(chunk[1].as_u64()?).ok()?);
            let (chunk, tail) = rest.split_at(bytes.min(rest.len()));
            arrival.chunk(Duration::from_millis(at), chunk);
            rest = tail;
        }
        Some(arrival)
    }
}

/// All cases, in the order of their names.
pub(super) fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/answers");
    let mut files: Vec<PathBuf> = RULES
        .iter()
        .flat_map(|rule| std::fs::read_dir(folder.join(rule)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files.into_iter().map(Case::open).collect()
}

/// Everything that was read, and what goes back to the agent on the next turn. What is empty is left out.
fn answer(turn: &Transcript, arrival: Option<Arrival>) -> Value {
    let outputs: Vec<_> = turn.outputs_of_calls().into_iter().enumerate().collect();
    let answered: Vec<_> =
        outputs.iter().filter_map(|(call, output)| Some(json!([call, (*output)?]))).collect();
    let said = json!({
        "outcome": turn.outcome,
        "dialect": turn.dialect,
        "streamed": turn.streamed,
        "items": turn.items.iter().map(AsRef::as_ref).collect::<Vec<_>>(),
        "answered_calls": answered,
        "failures": turn.failures,
        "usage": turn.usage,
        "trace_id": turn.trace_id,
        "custom_outputs": turn.custom_outputs.as_deref(),
        "databricks_output": turn.databricks_output,
        "unknown_events": turn.unknown_events,
        "skipped_events": turn.skipped_events,
        "first_skipped": turn.first_skipped,
        "left_out": turn.left_out,
        "history": input_items(None, &[Entry::Answer(turn)]),
        "looks_buffered": arrival.map(|arrival| arrival.looks_buffered(turn.streamed)),
    });
    without_empty(said)
}

fn without_empty(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(key, value)| (key, without_empty(value)));
            let empty = |value: &Value| {
                value.is_null() || *value == json!(0) || *value == json!([]) || *value == json!({})
            };
            Value::Object(fields.filter(|(_, value)| !empty(value)).collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(without_empty).collect()),
        other => other,
    }
}

#[test]
fn every_body_is_read_as_written_down_however_it_is_cut() {
    let mut random = Random::new(11);
    let write = std::env::var_os("FLOWDECK_TEST_WRITE").is_some();
    let cases = cases();
    for mut case in cases {
        let whole = case.read(std::iter::once(case.body.as_slice()));
        let answer = answer(&whole, case.arrival());
        if write {
            case.expected.insert("answer".to_owned(), answer);
            let text = serde_json::to_string_pretty(&case.expected).unwrap();
            std::fs::write(&case.path, text + "\n").unwrap();
            continue;
        }
        let name = case.path.display();
        assert_eq!(answer, case.expected["answer"], "{name}");
        assert_eq!(case.read(case.body.chunks(1)), whole, "{name}, byte by byte");
        for _ in 0..SPLITS {
            let pieces = random.pieces(&case.body);
            assert_eq!(case.read(pieces.into_iter()), whole, "{name}, cut at random");
        }
    }
}
