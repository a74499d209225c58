//! What spans were given and gave: data of any shape.

use std::fmt::Write as _;

/// JSON as plain values. Names keep their order, numbers their digits.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum TraceValue {
    /// Nothing.
    #[default]
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number as it is written.
    Number(String),
    /// Text.
    Text(String),
    /// Values in order.
    List(Vec<Self>),
    /// Values by name.
    Map(Vec<(String, Self)>),
}

impl TraceValue {
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The values, if it is a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(values) => Some(values),
            _ => None,
        }
    }

    /// A value by its name.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// How many values it holds; none if it holds no others.
    pub fn len(&self) -> Option<usize> {
        match self {
            Self::List(values) => Some(values.len()),
            Self::Map(entries) => Some(entries.len()),
            _ => None,
        }
    }

    /// A list or a map without values.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// Whether a text, a number or a name in it contains `word`, which is in lower case.
    pub fn contains(&self, word: &str) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => value.to_string().contains(word),
            Self::Number(text) => text.contains(word),
            Self::Text(text) => contains_ignoring_case(text, word),
            Self::List(values) => values.iter().any(|value| value.contains(word)),
            Self::Map(entries) => {
                entries.iter().any(|(name, value)| contains_ignoring_case(name, word) || value.contains(word))
            }
        }
    }

    /// As JSON in one line.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out, None, usize::MAX);
        out
    }

    /// As indented JSON.
    pub fn to_pretty_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out, Some(0), usize::MAX);
        out
    }

    /// The start of its JSON in one line, of about so many bytes.
    pub fn summary(&self, bytes: usize) -> String {
        let mut out = String::new();
        self.write_json(&mut out, None, bytes);
        if out.len() > bytes {
            out.truncate(out.floor_char_boundary(bytes));
            out.push('…');
        }
        out
    }

    /// Stops soon after `most` bytes. `indent`: the depth, where lines are indented.
    fn write_json(&self, out: &mut String, indent: Option<usize>, most: usize) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => out.push_str(text),
            Self::Text(text) => write_text(out, text, most),
            Self::List(values) => {
                write_all(out, ('[', ']'), values, indent, most, |out, value, indent| {
                    value.write_json(out, indent, most);
                });
            }
            Self::Map(entries) => {
                write_all(out, ('{', '}'), entries, indent, most, |out, (name, value), indent| {
                    write_text(out, name, most);
                    out.push_str(": ");
                    value.write_json(out, indent, most);
                });
            }
        }
    }
}

fn write_all<T>(
    out: &mut String,
    (open, close): (char, char),
    items: &[T],
    indent: Option<usize>,
    most: usize,
    write: impl Fn(&mut String, &T, Option<usize>),
) {
    out.push(open);
    let inner = indent.map(|depth| depth + 1);
    for (at, item) in items.iter().enumerate() {
        if out.len() > most {
            return;
        }
        if at > 0 {
            out.push_str(if indent.is_some() { "," } else { ", " });
        }
        new_line(out, inner);
        write(out, item, inner);
    }
    if !items.is_empty() {
        new_line(out, indent);
    }
    out.push(close);
}

fn new_line(out: &mut String, depth: Option<usize>) {
    if let Some(depth) = depth {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
}

fn write_text(out: &mut String, text: &str, most: usize) {
    out.push('"');
    for c in text.chars() {
        if out.len() > most {
            return;
        }
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                // Writing to a string does not fail.
                let _written = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// `word` is in lower case. ASCII needs no copy of the text.
fn contains_ignoring_case(text: &str, word: &str) -> bool {
    if word.is_empty() {
        return true;
    }
    if text.is_ascii() {
        let (text, word) = (text.as_bytes(), word.as_bytes());
        return text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    }
    text.to_lowercase().contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value() -> TraceValue {
        TraceValue::Map(vec![
            ("b".into(), TraceValue::Number("1.10".into())),
            (
                "a".into(),
                TraceValue::List(vec![
                    TraceValue::Text("x\"\n\u{1}Ł".into()),
                    TraceValue::Null,
                    TraceValue::Bool(true),
                ]),
            ),
            ("e".into(), TraceValue::List(Vec::new())),
        ])
    }

    #[test]
    fn json_keeps_order_and_digits() {
        assert_eq!(value().to_json(), r#"{"b": 1.10, "a": ["x\"\n\u0001Ł", null, true], "e": []}"#);
        assert_eq!(
            value().to_pretty_json(),
            "{\n  \"b\": 1.10,\n  \"a\": [\n    \"x\\\"\\n\\u0001Ł\",\n    null,\n    true\n  ],\n  \"e\": []\n}"
        );
    }

    #[test]
    fn a_summary_of_something_huge_is_short() {
        let huge = TraceValue::List(vec![TraceValue::Text("Ł".repeat(1000)); 1000]);
        let summary = huge.summary(40);
        assert!(summary.starts_with("[\"ŁŁ") && summary.ends_with('…') && summary.len() < 60, "{summary}");
        assert_eq!(TraceValue::Null.summary(40), "null");
    }

    #[test]
    fn words_are_found_in_names_and_values() {
        for word in ["b", "1.1", "ł", "true"] {
            assert!(value().contains(word), "{word}");
        }
        assert!(!value().contains("zzz"));
        assert!(TraceValue::Text("Why is OTIF down".into()).contains("otif"));
    }
}
