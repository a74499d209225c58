//! Token counts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Tokens of one or several responses. A count that was never sent is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read (`input_tokens`, in chat completions `prompt_tokens`).
    pub input: u64,
    /// Of these, tokens that came from a cache (`input_tokens_details.cached_tokens`).
    pub cached: u64,
    /// Tokens written (`output_tokens`, in chat completions `completion_tokens`).
    pub output: u64,
    /// Of these, tokens spent on reasoning (`output_tokens_details.reasoning_tokens`).
    pub reasoning: u64,
    /// What the server calls the total; input plus output where it names none.
    pub total: u64,
}

impl Usage {
    /// Reads a `usage` object; `None` for anything that holds no count.
    pub fn from_json(value: &Value) -> Option<Self> {
        let input = count(value, &["input_tokens", "prompt_tokens"]);
        let output = count(value, &["output_tokens", "completion_tokens"]);
        let total = count(value, &["total_tokens"]);
        if input.is_none() && output.is_none() && total.is_none() {
            return None;
        }
        let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
        let detail = |objects: [&str; 2], key| {
            objects.iter().find_map(|object| count(value.get(object)?, &[key])).unwrap_or(0)
        };
        Some(Self {
            input,
            cached: detail(["input_tokens_details", "prompt_tokens_details"], "cached_tokens"),
            output,
            reasoning: detail(["output_tokens_details", "completion_tokens_details"], "reasoning_tokens"),
            total: total.unwrap_or_else(|| input.saturating_add(output)),
        })
    }

    /// Both together, without overflow.
    pub fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cached: self.cached.saturating_add(other.cached),
            output: self.output.saturating_add(other.output),
            reasoning: self.reasoning.saturating_add(other.reasoning),
            total: self.total.saturating_add(other.total),
        }
    }
}

/// The first of `keys` that holds a number; some servers send counts as floats.
fn count(value: &Value, keys: &[&str]) -> Option<u64> {
    keys.iter().find_map(|key| {
        let number = value.get(key)?;
        number.as_u64().or_else(|| number.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_both_vocabularies() {
        let responses = json!({"input_tokens": 11, "input_tokens_details": {"cached_tokens": 4},
            "output_tokens": 7, "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 18});
        let usage = Usage::from_json(&responses).unwrap();
        assert_eq!(usage, Usage { input: 11, cached: 4, output: 7, reasoning: 2, total: 18 });

        let chat = json!({"prompt_tokens": 3.0, "completion_tokens": 4});
        assert_eq!(Usage::from_json(&chat).unwrap().total, 7);
        assert_eq!(Usage::from_json(&json!({"input_tokens": null})), None);
        assert_eq!(Usage::from_json(&json!(null)), None);
    }

    #[test]
    fn adds_without_overflow() {
        let huge = Usage { total: u64::MAX, ..Usage::default() };
        assert_eq!(huge.plus(huge).total, u64::MAX);
    }
}
