//! The tag of a version that tells a team of its last bench.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::item::{BenchEvidence, SharedBench};
use crate::entities::{Millis, Tags};
use crate::state::format;

/// The tag's key. Its value is a time, or JSON with the time in `at`.
pub const BENCH_TAG: &str = "flowdeck.bench";
/// Characters of a name that are taken along.
const LONGEST_NAME: usize = 100;

/// As it is written.
#[derive(Serialize)]
struct Told<'a> {
    at: String,
    set: &'a str,
    n: usize,
    passed: usize,
}

/// As others may have written it.
#[derive(Deserialize)]
struct Read {
    at: Time,
    set: Option<String>,
    n: Option<usize>,
    passed: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Millis(Millis),
    Text(String),
}

/// What the tag has to say of a bench.
pub fn value_of(bench: &BenchEvidence) -> String {
    let told = Told {
        at: format::iso_time(bench.ended),
        set: clipped(&bench.set),
        n: bench.prompts,
        passed: bench.passed,
    };
    serde_json::to_string(&told).unwrap_or_default()
}

/// What a version's tag tells, if it has one that can be read.
pub fn read(tags: &Tags) -> Option<SharedBench> {
    let text = tags.get(BENCH_TAG)?;
    if let Some(at) = time(text) {
        return Some(SharedBench { at, ..SharedBench::default() });
    }
    let read: Read = serde_json::from_str(text).ok()?;
    let at = match read.at {
        Time::Millis(at) => at,
        Time::Text(at) => time(&at)?,
    };
    let set = read.set.map(|set| clipped(&set).to_owned()).filter(|set| !set.is_empty());
    Some(SharedBench { at, set, passed: read.passed.zip(read.n) })
}

/// RFC 3339, or milliseconds.
fn time(text: &str) -> Option<Millis> {
    let text = text.trim();
    let stamp = text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond);
    stamp.or_else(|| text.parse().ok())
}

fn clipped(name: &str) -> &str {
    name.char_indices().nth(LONGEST_NAME).map_or(name, |(at, _)| &name[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Option<SharedBench> {
        read(&Tags::from([(BENCH_TAG.to_owned(), text.to_owned())]))
    }

    #[test]
    fn what_is_shared_is_read_back() {
        let bench = BenchEvidence {
            set: "smoke \"1\"".into(),
            ended: 1_700_000_000_123,
            prompts: 20,
            passed: 18,
            ..BenchEvidence::default()
        };
        let value = value_of(&bench);
        assert_eq!(value, r#"{"at":"2023-11-14T22:13:20Z","set":"smoke \"1\"","n":20,"passed":18}"#);
        let expected =
            SharedBench { at: 1_700_000_000_000, set: Some("smoke \"1\"".into()), passed: Some((18, 20)) };
        assert_eq!(read_text(&value), Some(expected));
        let long = value_of(&BenchEvidence { set: "ü".repeat(5000), ..bench });
        assert!(long.chars().count() < 200, "{long}");
    }

    #[test]
    fn a_time_alone_is_enough() {
        for text in ["1700000000000", "2023-11-14T22:13:20Z", r#"{"at":1700000000000,"prompts":3}"#] {
            assert_eq!(read_text(text).map(|shared| shared.at), Some(1_700_000_000_000), "{text}");
        }
        for text in ["soon", "{}", r#"{"at":"soon"}"#, "[]"] {
            assert_eq!(read_text(text), None, "{text}");
        }
    }
}
