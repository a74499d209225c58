//! Every way in which servers say that something went wrong, as one shape.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longest headline and cause shown, in characters: some messages quote the whole request.
const MAX_LINE: usize = 500;
/// Longest details kept, in bytes; a stack trace has a few kB.
const MAX_DETAILS: usize = 64 * 1024;
/// How many lines of a multi-line exception message make up the cause.
const MAX_CAUSE_LINES: usize = 6;

/// How MLflow begins whatever an agent raised (`mlflow/pyfunc/scoring_server`): the exception says what happened.
const SAYS_NOTHING: &str = "Encountered an unexpected error while evaluating the model";

/// Where a failure comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The agent or its server said so.
    Agent,
    /// The server answered with an HTTP error and nothing that explains it.
    Status,
    /// A web page came instead of an answer: a login page or a proxy's own.
    WebPage,
    /// The body is neither events nor JSON nor text.
    Unreadable,
    /// The answer is larger than Flowdeck keeps.
    TooLarge,
}

/// One failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Where it comes from.
    pub kind: FailureKind,
    /// The first line of what was said; of the exception, where what was said tells nothing.
    pub headline: String,
    /// What is behind it: the exception at the end of a Python stack trace, or the lines that follow.
    pub cause: Option<String>,
    /// `error_code` or `code`.
    pub code: Option<String>,
    /// Everything that was said, stack trace included.
    pub details: Option<String>,
}

impl Failure {
    /// A failure with a headline alone.
    pub fn new(kind: FailureKind, headline: impl Into<String>) -> Self {
        Self { kind, headline: headline.into(), cause: None, code: None, details: None }
    }

    /// What `{"error": …}` or a top-level `error` event holds: a string or an object.
    pub(in crate::agent) fn from_error(error: &Value) -> Self {
        match error {
            Value::Object(object) => Self::from_object(object),
            other => Self::from_text(&super::text_of(other)),
        }
    }

    /// An object with `message`, and perhaps `error_code`, `code`, `type` and `stack_trace`.
    pub(in crate::agent) fn from_object(object: &Map<String, Value>) -> Self {
        let text = |key: &str| object.get(key).filter(|value| !value.is_null()).map(super::text_of);
        let message =
            text("message").or_else(|| text("detail")).or_else(|| text("error")).unwrap_or_default();
        let mut failure = Self::from_text(&message);
        failure.code = text("error_code").or_else(|| text("code")).or_else(|| error_type(object));
        if message.trim().is_empty() {
            failure.headline = failure.code.clone().unwrap_or_else(|| failure.headline.clone());
        }
        if let Some(trace) = text("stack_trace").filter(|trace| !trace.trim().is_empty()) {
            failure.cause = exception_of(&trace);
            if let Some(exception) = failure.cause.take_if(|_| message.trim_start().starts_with(SAYS_NOTHING))
            {
                let (first, rest) = exception.split_once('\n').unwrap_or((&exception, ""));
                failure.cause = (!rest.is_empty()).then(|| rest.to_owned());
                first.clone_into(&mut failure.headline);
            }
            failure.details = Some(clipped(&format!("{}\n\n{}", message.trim(), trace.trim()), MAX_DETAILS));
        }
        failure
    }

    /// `FastAPI`'s `detail`: a string, or a list of `{loc, msg}`.
    pub(in crate::agent) fn from_detail(detail: &Value) -> Self {
        let Value::Array(list) = detail else { return Self::from_error(detail) };
        let lines: Vec<String> = list.iter().map(detail_line).collect();
        Self::from_text(&lines.join("\n"))
    }

    /// Plain text: the first line is the headline, the rest the cause.
    pub(in crate::agent) fn from_text(text: &str) -> Self {
        let text = text.trim();
        if text.starts_with("Traceback (most recent call last)") {
            let cause = exception_of(text);
            let headline = cause.clone().unwrap_or_else(|| "The agent raised an exception".to_owned());
            let details = Some(clipped(text, MAX_DETAILS));
            return Self { details, ..Self::new(FailureKind::Agent, headline) };
        }
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !is_noise(line));
        let Some(first) = lines.next() else {
            return Self::new(FailureKind::Agent, "The agent reported an error without saying which");
        };
        let rest: Vec<&str> = lines.take(MAX_CAUSE_LINES).collect();
        Self {
            kind: FailureKind::Agent,
            headline: shortened(first),
            cause: (!rest.is_empty()).then(|| shortened(&rest.join("\n"))),
            code: None,
            details: (!rest.is_empty() || first.len() > MAX_LINE).then(|| clipped(text, MAX_DETAILS)),
        }
    }
}

/// `OpenAI` errors carry a `type` such as `invalid_request_error`; the event's own `type` is no code.
fn error_type(object: &Map<String, Value>) -> Option<String> {
    object.get("type").and_then(Value::as_str).filter(|kind| *kind != "error").map(str::to_owned)
}

/// One entry of a validation error: where, then what.
fn detail_line(entry: &Value) -> String {
    let Some(message) = entry.get("msg").and_then(Value::as_str) else { return super::text_of(entry) };
    let place: Vec<String> =
        entry.get("loc").and_then(Value::as_array).into_iter().flatten().map(super::text_of).collect();
    if place.is_empty() { message.to_owned() } else { format!("{}: {message}", place.join(".")) }
}

/// The exception at the end of a Python stack trace: what follows the last frame, one line as a rule.
fn exception_of(trace: &str) -> Option<String> {
    let lines: Vec<&str> = trace.lines().collect();
    let last_frame = lines.iter().rposition(|line| line.trim_start().starts_with("File \""));
    let after = last_frame.map_or(0, |frame| frame + 1);
    let start = (after..lines.len()).find(|&line| {
        let text = lines.get(line).copied().unwrap_or_default();
        !text.is_empty() && !text.starts_with(char::is_whitespace)
    });
    let exception: Vec<&str> = match (last_frame, start) {
        (Some(_), Some(start)) => {
            let said = lines.iter().skip(start).map(|line| line.trim_end());
            said.filter(|line| !line.is_empty() && !is_noise(line)).take(MAX_CAUSE_LINES).collect()
        }
        _ => lines.iter().rev().map(|line| line.trim()).find(|line| !line.is_empty()).into_iter().collect(),
    };
    (!exception.is_empty()).then(|| shortened(&exception.join("\n")))
}

/// pydantic ends every error with a link to its documentation.
fn is_noise(line: &str) -> bool {
    line.trim_start().starts_with("For further information visit ")
}

/// At most [`MAX_LINE`] characters.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_LINE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// At most `max` bytes, cut at a character's border.
fn clipped(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(max)])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_exception_at_the_end_of_the_stack_trace_comes_first() {
        let body = json!({"error_code": "BAD_REQUEST",
            "message": "Encountered an unexpected error while evaluating the model. Verify the input.",
            "stack_trace": "Traceback (most recent call last):\n  File \"tmp/raising_agent.py\", line 12, in predict\n    raise ValueError(\"tool backend is down\")\nValueError: tool backend is down\n"});
        let failure = Failure::from_error(&body);
        assert_eq!((failure.headline.as_str(), failure.cause), ("ValueError: tool backend is down", None));
        assert_eq!(failure.code.as_deref(), Some("BAD_REQUEST"));
        let details = failure.details.unwrap();
        assert!(
            details.starts_with("Encountered an unexpected error") && details.contains("raising_agent.py")
        );
    }

    #[test]
    fn a_validation_error_keeps_what_is_wrong_and_drops_the_link() {
        let trace = "Traceback (most recent call last):\n  File \"site-packages/pydantic/main.py\", line 280, in __init__\n    validated_self = self.__pydantic_validator__.validate_python(data)\n                     ^^^^^^\npydantic_core._pydantic_core.ValidationError: 1 validation error for ResponsesAgentRequest\ninput.0\n  Value error, Invalid role: robot. [type=value_error]\n    For further information visit https://errors.pydantic.dev/2.14/v/value_error\n";
        let cause = exception_of(trace).unwrap();
        assert!(cause.starts_with("pydantic_core._pydantic_core.ValidationError: 1 validation error"));
        assert!(cause.ends_with("Invalid role: robot. [type=value_error]"));
    }

    #[test]
    fn a_trace_without_frames_gives_its_last_line() {
        assert_eq!(exception_of("oh\nno\n\n").as_deref(), Some("no"));
        assert_eq!(exception_of("\n"), None);
    }

    #[test]
    fn details_come_as_a_string_or_a_list() {
        let text = Failure::from_detail(&json!("boom in invoke"));
        assert_eq!((text.headline.as_str(), text.cause), ("boom in invoke", None));

        let list = json!([{"loc": ["body", "input"], "msg": "Field required", "type": "missing"},
            {"loc": ["body", 0], "msg": "no"}]);
        let failure = Failure::from_detail(&list);
        assert_eq!(failure.headline, "body.input: Field required");
        assert_eq!(failure.cause.as_deref(), Some("body.0: no"));
    }

    #[test]
    fn errors_without_words_still_say_something() {
        assert!(!Failure::from_error(&json!({})).headline.is_empty());
        assert_eq!(Failure::from_error(&json!({"code": "rate_limit"})).headline, "rate_limit");
        assert_eq!(Failure::from_error(&json!("boom")).headline, "boom");
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let failure = Failure::from_text(&"ä".repeat(100_000));
        assert_eq!(failure.headline.chars().count(), MAX_LINE + 1);
        assert!(failure.details.unwrap().len() <= MAX_DETAILS + 3);
    }
}
