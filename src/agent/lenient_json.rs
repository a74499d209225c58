//! JSON as Python writes it: `NaN`, `Infinity` and lone surrogates, all of which strict parsers refuse.

use serde::de::Error as _;
use serde_json::{Error, Value};

/// Most values in one document: a parsed value takes up to a hundred times the bytes it was written with.
const MAX_VALUES: usize = 1_000_000;

/// Parses `bytes`; what is not strict JSON is repaired once and tried again. Documents of more than
/// [`MAX_VALUES`] values are refused.
///
/// `NaN` and `±Infinity` become null, lone surrogates and bytes that are not UTF-8 become U+FFFD, control characters
/// inside strings are taken as they are.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, Error> {
    let separators = || bytes.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    if bytes.len() > MAX_VALUES && separators() > MAX_VALUES {
        return Err(Error::custom("too many values"));
    }
    serde_json::from_slice(bytes).or_else(|strict| {
        // Megabytes of plain text are not JSON, however they are repaired.
        if !matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[' | b'"' | b'N' | b'I' | b'-')) {
            return Err(strict);
        }
        let repaired = repair(&String::from_utf8_lossy(bytes));
        serde_json::from_str(&repaired).map_err(|_repaired| strict)
    })
}

/// Rewrites what strict JSON refuses.
fn repair(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(quote) = rest.find('"') {
        let (outside, string) = rest.split_at(quote);
        repair_numbers(outside, &mut out);
        rest = repair_string(string, &mut out);
    }
    repair_numbers(rest, &mut out);
    out
}

/// Between strings: words that Python's `json` writes for floats that JSON does not have.
fn repair_numbers(mut text: &str, out: &mut String) {
    while let Some(at) = text.find(['N', 'I', '-']) {
        let (before, word) = text.split_at(at);
        out.push_str(before);
        let found = ["NaN", "Infinity", "-Infinity", "-NaN"].iter().find(|name| word.starts_with(**name));
        let length = found.map_or(1, |name| name.len());
        out.push_str(if found.is_some() { "null" } else { &word[..length] });
        text = &word[length..];
    }
    out.push_str(text);
}

/// Copies the string literal that `text` starts with and returns what follows it.
fn repair_string<'a>(text: &'a str, out: &mut String) -> &'a str {
    out.push('"');
    let mut chars = text.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => {
                out.push('"');
                return &text[at + 1..];
            }
            '\\' if text[at..].starts_with("\\u") => {
                let length = repair_escape(&text[at..], out);
                chars.by_ref().take(length - 1).for_each(drop);
            }
            '\\' => {
                out.push('\\');
                out.extend(chars.next().map(|(_, escaped)| escaped));
            }
            control if control < ' ' => {
                out.push_str("\\u00");
                out.extend(
                    [4, 0].into_iter().filter_map(|bits| char::from_digit((control as u32 >> bits) & 15, 16)),
                );
            }
            other => out.push(other),
        }
    }
    ""
}

/// Copies the `\uXXXX` escape (or the surrogate pair) that `text` starts with; returns its length in characters,
/// all of them ASCII.
fn repair_escape(text: &str, out: &mut String) -> usize {
    let unit = |at: usize| {
        let digits = text.get(at..).filter(|escape| escape.starts_with("\\u"))?.get(2..6)?;
        u32::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    };
    match unit(0) {
        Some(0xD800..=0xDBFF) if unit(6).is_some_and(|low| (0xDC00..=0xDFFF).contains(&low)) => {
            out.push_str(&text[..12]);
            12
        }
        Some(0xD800..=0xDFFF) => {
            out.push_str("\\ufffd");
            6
        }
        Some(_) => {
            out.push_str(&text[..6]);
            6
        }
        None => {
            out.push_str("\\u");
            2
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn reads(text: &str, expected: &Value) {
        assert_eq!(&parse(text.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn python_floats_become_null() {
        reads(
            r#"{"a": NaN, "b": [Infinity, -Infinity, -1], "c": "NaN -Infinity"}"#,
            &json!({
            "a": null, "b": [null, null, -1], "c": "NaN -Infinity"}),
        );
    }

    #[test]
    fn lone_surrogates_become_replacement_characters() {
        reads(r#"{"a": "x\ud83dy"}"#, &json!({"a": "x\u{fffd}y"}));
        reads(r#"["\udc00\ud83d\ude00\ud83d"]"#, &json!(["\u{fffd}\u{1f600}\u{fffd}"]));
        reads(r#"["\ud83d\n\"\\", NaN]"#, &json!(["\u{fffd}\n\"\\", null]));
        // A pair is no surrogate when its first backslash is escaped.
        reads(r#"["\\ud83d", NaN]"#, &json!(["\\ud83d", null]));
    }

    #[test]
    fn bytes_that_are_not_utf8_and_raw_control_characters_are_taken() {
        assert_eq!(parse(b"[\"a\xffb\"]").unwrap(), json!(["a\u{fffd}b"]));
        reads("[\"a\tb\u{1}\"]", &json!(["a\tb\u{1}"]));
    }

    #[test]
    fn a_document_made_to_fill_the_memory_is_refused() {
        let bomb = format!("[{}0]", "0,".repeat(MAX_VALUES + 1));
        assert!(parse(bomb.as_bytes()).is_err());
        assert!(
            parse(bomb.replace("0,", "00").replace("[0", "[\"0").replace("0]", "0\"]").as_bytes()).is_ok()
        );
    }

    #[test]
    fn broken_json_stays_broken() {
        for text in ["", "{", "[NaN", "\"\\u12\"", "\"\\ud83", "{\"a\": Nan}", "\"abc", "[1,]", "nul", "\"\\"]
        {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
