//! What spans of a type look like, and how short times are written.

use crate::theme::{Hue, Icon, Tint, Tokens};

/// Icon and colour of a type of span (`mlflow.entities.SpanType`).
pub(super) fn type_look(span_type: &str, tokens: &Tokens) -> (Icon, Tint) {
    let hue = |hue: Hue| tokens.hues[hue as usize];
    match span_type {
        "AGENT" => (Icon::Agent, hue(Hue::Violet)),
        "LLM" | "CHAT_MODEL" => (Icon::Reasoning, hue(Hue::Sky)),
        "TOOL" => (Icon::Tool, hue(Hue::Orange)),
        "RETRIEVER" => (Icon::Search, hue(Hue::Teal)),
        "RERANKER" => (Icon::Sort, hue(Hue::Teal)),
        "EMBEDDING" => (Icon::Grip, hue(Hue::Teal)),
        "MEMORY" => (Icon::Dataset, hue(Hue::Teal)),
        "PARSER" => (Icon::FileCode, hue(Hue::Gold)),
        "GUARDRAIL" => (Icon::Lock, hue(Hue::Gold)),
        "EVALUATOR" => (Icon::Chart, hue(Hue::Gold)),
        "CHAIN" => (Icon::Link, hue(Hue::Lime)),
        "WORKFLOW" | "TASK" => (Icon::Tree, hue(Hue::Lime)),
        _ => (Icon::Code, tokens.neutral_chip),
    }
}

/// `Chat model` for `CHAT_MODEL`; empty for what nobody named.
pub(super) fn type_label(span_type: &str) -> String {
    if matches!(span_type, "" | "UNKNOWN") {
        return String::new();
    }
    if matches!(span_type, "LLM") {
        return span_type.to_owned();
    }
    let words = span_type.replace('_', " ").to_lowercase();
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// `12 µs`, `3.4 ms`, `340 ms`, `4.2 s`, `3 min 20 s`.
pub(super) fn nanos(nanos: u64) -> String {
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => format!("{} µs", nanos / 1_000),
        1_000_000..10_000_000 => format!("{:.1} ms", nanos as f64 / 1e6),
        _ => crate::state::format::duration((nanos / 1_000_000) as i64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_times_read_well() {
        assert_eq!(type_label("CHAT_MODEL"), "Chat model");
        assert_eq!((type_label("LLM"), type_label("UNKNOWN")), ("LLM".into(), String::new()));
        for (time, text) in [
            (7, "7 ns"),
            (12_345, "12 µs"),
            (3_440_000, "3.4 ms"),
            (340_000_000, "340 ms"),
            (4_230_000_000, "4.2 s"),
        ] {
            assert_eq!(nanos(time), text);
        }
    }
}
