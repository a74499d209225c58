//! What holds of a good answer, and whether it does.

use regex::RegexBuilder;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json_path::JsonPath;

/// Memory that one pattern may take, in bytes: patterns come from files of others.
const MAX_PATTERN: usize = 1 << 20;
/// Characters of an answer or a value that a reason quotes.
const MOST_QUOTED: usize = 120;

/// Something that can be checked of an answer. Letters' case and white space count only where it is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "check", rename_all = "snake_case")]
pub enum Check {
    /// The answer holds this text, in upper or lower case.
    Contains {
        /// The text.
        text: String,
    },
    /// The answer does not hold this text, in upper or lower case.
    NotContains {
        /// The text.
        text: String,
    },
    /// The answer is this text, whatever the case and the white space.
    Equals {
        /// The text.
        text: String,
    },
    /// The pattern is found in the answer.
    Regex {
        /// As Rust's and RE2's expressions: no backtracking.
        pattern: String,
    },
    /// The answer is JSON (or holds a block of it), and this path leads to something.
    JsonPath {
        /// As RFC 9535 has them: `$.items[0].name`.
        path: String,
        /// What one of the values found has to be; without it, anything but `null` and `false` will do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        equals: Option<Value>,
    },
    /// The agent called a tool of this name.
    CallsTool {
        /// The tool.
        name: String,
    },
}

/// Which kind of check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckKind {
    /// [`Check::Contains`].
    Contains,
    /// [`Check::NotContains`].
    NotContains,
    /// [`Check::Equals`].
    Equals,
    /// [`Check::Regex`].
    Regex,
    /// [`Check::JsonPath`].
    JsonPath,
    /// [`Check::CallsTool`].
    CallsTool,
}

/// What became of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it holds.
    pub passed: bool,
    /// Why, as a sentence.
    pub why: String,
}

/// What is checked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answered<'a> {
    /// The answer's text.
    pub text: &'a str,
    /// The names of the tools that were called.
    pub tools: &'a [&'a str],
}

impl CheckKind {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 6] =
        [Self::Contains, Self::NotContains, Self::Equals, Self::Regex, Self::JsonPath, Self::CallsTool];

    /// In a word or two.
    pub fn label(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::NotContains => "does not contain",
            Self::Equals => "equals",
            Self::Regex => "matches regex",
            Self::JsonPath => "JSON path",
            Self::CallsTool => "calls tool",
        }
    }

    /// A check of this kind with what was typed for another.
    pub fn with(self, typed: &str) -> Check {
        let text = typed.to_owned();
        match self {
            Self::Contains => Check::Contains { text },
            Self::NotContains => Check::NotContains { text },
            Self::Equals => Check::Equals { text },
            Self::Regex => Check::Regex { pattern: text },
            Self::JsonPath => Check::JsonPath { path: text, equals: None },
            Self::CallsTool => Check::CallsTool { name: text },
        }
    }
}

impl Check {
    /// Which kind.
    pub fn kind(&self) -> CheckKind {
        match self {
            Self::Contains { .. } => CheckKind::Contains,
            Self::NotContains { .. } => CheckKind::NotContains,
            Self::Equals { .. } => CheckKind::Equals,
            Self::Regex { .. } => CheckKind::Regex,
            Self::JsonPath { .. } => CheckKind::JsonPath,
            Self::CallsTool { .. } => CheckKind::CallsTool,
        }
    }

    /// Its text, pattern, path or name.
    pub fn typed(&self) -> &str {
        match self {
            Self::Contains { text } | Self::NotContains { text } | Self::Equals { text } => text,
            Self::Regex { pattern } => pattern,
            Self::JsonPath { path, .. } => path,
            Self::CallsTool { name } => name,
        }
    }

    /// The same with another text, pattern, path or name.
    pub fn retype(&mut self, typed: String) {
        match self {
            Self::Contains { text } | Self::NotContains { text } | Self::Equals { text } => *text = typed,
            Self::Regex { pattern } => *pattern = typed,
            Self::JsonPath { path, .. } => *path = typed,
            Self::CallsTool { name } => *name = typed,
        }
    }

    /// What a JSON path has to lead to, as it is typed; empty for anything.
    pub fn wanted_value(&self) -> String {
        match self {
            Self::JsonPath { equals: Some(Value::String(text)), .. }
                if serde_json::from_str::<Value>(text).is_err() =>
            {
                text.clone()
            }
            Self::JsonPath { equals: Some(value), .. } => value.to_string(),
            _ => String::new(),
        }
    }

    /// Takes what was typed for it: JSON, or a word that is taken for a string.
    pub fn want_value(&mut self, typed: &str) {
        if let Self::JsonPath { equals, .. } = self {
            let text = || Value::String(typed.to_owned());
            *equals =
                (!typed.trim().is_empty()).then(|| serde_json::from_str(typed).unwrap_or_else(|_| text()));
        }
    }

    /// What has to hold, as a person says it: `contains “42”`.
    pub fn label(&self) -> String {
        let what = format!("{} “{}”", self.kind().label(), quoted(self.typed()));
        match self {
            Self::JsonPath { equals: Some(value), .. } => {
                format!("{what} is {}", quoted(&value.to_string()))
            }
            _ => what,
        }
    }

    /// What is wrong with the check itself.
    pub fn problem(&self) -> Option<String> {
        if self.typed().trim().is_empty() {
            return Some(format!("A check “{}” has nothing to look for", self.kind().label()));
        }
        match self {
            Self::Regex { pattern } => {
                regex(pattern).err().map(|why| format!("The pattern cannot be read: {why}"))
            }
            Self::JsonPath { path, .. } => {
                JsonPath::parse(path).err().map(|why| format!("The path cannot be read: {why}"))
            }
            _ => None,
        }
    }

    /// Whether it holds. Takes its time with long answers: call it off the UI thread.
    pub fn judge(&self, answer: Answered<'_>) -> Verdict {
        let text = answer.text;
        let (passed, why) = match self {
            Self::Contains { text: wanted } => {
                let found = folded(text).contains(&folded(wanted));
                (found, found_or_not(found, wanted))
            }
            Self::NotContains { text: unwanted } => {
                let found = folded(text).contains(&folded(unwanted));
                (!found, found_or_not(found, unwanted))
            }
            Self::Equals { text: wanted } => {
                let same = normalised(text) == normalised(wanted);
                let why = if same { "It is the same text".to_owned() } else { instead(text) };
                (same, why)
            }
            Self::Regex { pattern } => judge_regex(pattern, text),
            Self::JsonPath { path, equals } => judge_path(path, equals.as_ref(), text),
            Self::CallsTool { name } => judge_tool(name, answer.tools),
        };
        Verdict { passed, why }
    }
}

/// Text to compare where case and white space do not matter.
pub fn normalised(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    folded(&words.join(" "))
}

fn folded(text: &str) -> String {
    text.to_lowercase()
}

fn found_or_not(found: bool, text: &str) -> String {
    let text = quoted(text);
    if found {
        format!("“{text}” is in the answer")
    } else {
        format!("“{text}” is not in the answer")
    }
}

fn instead(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() { "The answer is empty".to_owned() } else { format!("It is “{}”", quoted(text)) }
}

fn regex(pattern: &str) -> Result<regex::Regex, String> {
    let built = RegexBuilder::new(pattern).size_limit(MAX_PATTERN).dfa_size_limit(MAX_PATTERN).build();
    built.map_err(|error| {
        let said = error.to_string();
        // The last line says what is wrong; those before show where.
        let last = said.lines().next_back().unwrap_or_default();
        last.trim().trim_start_matches("error: ").to_owned()
    })
}

fn judge_regex(pattern: &str, text: &str) -> (bool, String) {
    match regex(pattern) {
        Err(why) => (false, format!("The pattern cannot be read: {why}")),
        Ok(regex) => match regex.find(text) {
            Some(found) => (true, format!("It matches “{}”", quoted(found.as_str()))),
            None => (false, "Nothing in the answer matches".to_owned()),
        },
    }
}

fn judge_path(path: &str, equals: Option<&Value>, text: &str) -> (bool, String) {
    let path = match JsonPath::parse(path) {
        Ok(path) => path,
        Err(why) => return (false, format!("The path cannot be read: {why}")),
    };
    let Some(json) = json_in(text) else { return (false, "There is no JSON in the answer".to_owned()) };
    let found = path.query(&json).all();
    let Some(first) = found.first() else {
        return (false, "The path leads nowhere in the answer".to_owned());
    };
    let passed = match equals {
        Some(wanted) => found.contains(&wanted),
        None => found.iter().any(|value| !matches!(value, Value::Null | Value::Bool(false))),
    };
    (passed, format!("It is {}", quoted(&first.to_string())))
}

fn judge_tool(name: &str, tools: &[&str]) -> (bool, String) {
    if tools.contains(&name) {
        return (true, format!("It called {name}"));
    }
    let why = match tools {
        [] => "It called no tool".to_owned(),
        tools => format!("It called {}", quoted(&tools.join(", "))),
    };
    (false, why)
}

/// The JSON of an answer: all of it, or its first fenced block that can be read.
fn json_in(text: &str) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(text.trim()) {
        return Some(value);
    }
    // Between two fences stands every second piece, with its language on the first line.
    text.split("```").skip(1).step_by(2).find_map(|block| {
        let body = block.strip_prefix("json").unwrap_or(block);
        serde_json::from_str(body.trim()).ok()
    })
}

/// On one line, and not too much of it.
fn quoted(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST_QUOTED) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn judged(check: &Check, text: &str) -> (bool, String) {
        let verdict = check.judge(Answered { text, tools: &["query_otif"] });
        (verdict.passed, verdict.why)
    }

    fn path(path: &str, equals: Option<Value>) -> Check {
        Check::JsonPath { path: path.into(), equals }
    }

    #[test]
    fn texts_are_looked_for_in_any_case() {
        let contains = Check::Contains { text: "Łódź".into() };
        assert_eq!(judged(&contains, "… ŁÓDŹ is late"), (true, "“Łódź” is in the answer".into()));
        assert_eq!(judged(&contains, "Lodz"), (false, "“Łódź” is not in the answer".into()));
        let without = Check::NotContains { text: "sorry".into() };
        assert!(judged(&without, "fine").0 && !judged(&without, "I am SORRY").0);
        let equals = Check::Equals { text: " Forty\n two ".into() };
        assert!(judged(&equals, "forty two").0);
        assert_eq!(judged(&equals, " 42 "), (false, "It is “42”".into()));
        assert_eq!(judged(&equals, "\n"), (false, "The answer is empty".into()));
    }

    #[test]
    fn patterns_match_or_say_what_is_wrong_with_them() {
        let number = Check::Regex { pattern: r"\d+ %".into() };
        assert_eq!(judged(&number, "it is 91 % now"), (true, "It matches “91 %”".into()));
        assert!(!judged(&number, "none").0);
        let broken = Check::Regex { pattern: "(a".into() };
        assert_eq!(broken.problem().as_deref(), Some("The pattern cannot be read: unclosed group"));
        assert!(!judged(&broken, "(a").0);
        let huge = Check::Regex { pattern: "((a{100}){100}){100}".into() };
        assert!(huge.problem().is_some());
        assert!(Check::Contains { text: " ".into() }.problem().is_some());
    }

    #[test]
    fn paths_lead_into_the_answers_json() {
        let answer = r#"{"rows": [{"depot": "Łódź", "late": 47}], "done": false}"#;
        assert!(judged(&path("$.rows[*].late", Some(json!(47))), answer).0);
        assert!(judged(&path("$.rows[0].depot", None), answer).0);
        assert_eq!(judged(&path("$.done", None), answer), (false, "It is false".into()));
        assert_eq!(judged(&path("$.x", None), answer).1, "The path leads nowhere in the answer");
        assert_eq!(judged(&path("$.x", None), "no"), (false, "There is no JSON in the answer".into()));
        let fenced = format!("Here:\n```json\n{answer}\n```\nand ```more```");
        assert!(judged(&path("$.rows[0].late", Some(json!(47))), &fenced).0);
        assert!(path("rows", None).problem().is_some());
        assert_eq!(path("$.a", Some(json!("b"))).label(), "JSON path “$.a” is \"b\"");
    }

    #[test]
    fn values_are_typed_as_json_or_as_words() {
        let mut check = path("$.a", None);
        for (typed, value) in [("7", json!(7)), ("Łódź", json!("Łódź")), ("\"7\"", json!("7"))] {
            check.want_value(typed);
            assert_eq!((check.clone(), check.wanted_value()), (path("$.a", Some(value)), typed.to_owned()));
        }
        check.want_value(" ");
        assert_eq!(check, path("$.a", None));
    }

    #[test]
    fn tools_are_called_or_not() {
        let calls = |name: &str| Check::CallsTool { name: name.into() };
        assert_eq!(judged(&calls("query_otif"), ""), (true, "It called query_otif".into()));
        assert_eq!(judged(&calls("x"), ""), (false, "It called query_otif".into()));
        assert_eq!(calls("x").judge(Answered::default()).why, "It called no tool");
    }

    #[test]
    fn a_check_keeps_what_was_typed_when_its_kind_is_changed() {
        for kind in CheckKind::ALL {
            let check = kind.with("abc");
            assert_eq!((check.kind(), check.typed()), (kind, "abc"));
            let kept = serde_json::to_string(&check).unwrap();
            assert_eq!(serde_json::from_str::<Check>(&kept).unwrap(), check, "{kept}");
        }
    }
}
