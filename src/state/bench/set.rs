//! A set of prompts: what is asked, and what is expected of the answers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::check::Check;
use crate::agent::typed_custom_inputs;

/// The shape in which sets are kept.
pub const SET_VERSION: u32 = 1;
/// Prompts that a set holds at most.
pub const MOST_CASES: usize = 10_000;

/// Prompts under one name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PromptSet {
    /// Of the shape: [`SET_VERSION`].
    pub version: u32,
    /// Unique, also among those of other days.
    pub id: u64,
    /// What people call it.
    pub name: String,
    /// The prompts, in the order in which they are listed.
    pub cases: Vec<Case>,
}

/// One prompt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Case {
    /// Unique in its set.
    pub id: String,
    /// What is asked.
    pub prompt: Prompt,
    /// Sent first, unless it is empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub system_prompt: String,
    /// `custom_inputs` as typed: JSON, or empty for those of the endpoint.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub custom_inputs: String,
    /// What holds of a good answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// A good answer, to be read beside those that came; it is not checked by itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub expected: String,
    /// Free words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What the file that it was read from holds beside, as it stood there.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

/// What is asked: a message, or a conversation up to its last message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// One message of a user.
    Text(String),
    /// Messages, the last of which is to be answered.
    Messages(Vec<Message>),
}

/// A message of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `user`, `assistant` or `system`.
    pub role: String,
    /// Its text.
    pub content: String,
}

impl Default for Prompt {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Prompt {
    /// The text that is to be answered: what lists show.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Messages(messages) => messages.last().map_or("", |message| &message.content),
        }
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.text().trim().is_empty()
    }

    /// How many messages go before the last.
    pub fn earlier(&self) -> usize {
        match self {
            Self::Text(_) => 0,
            Self::Messages(messages) => messages.len().saturating_sub(1),
        }
    }
}

impl Case {
    /// A case that asks this, and expects nothing.
    pub fn of(id: impl Into<String>, prompt: Prompt) -> Self {
        Self { id: id.into(), prompt, ..Self::default() }
    }

    /// What is wrong with it, as a sentence: it could not be asked, or not be checked.
    pub fn problem(&self) -> Option<String> {
        if self.prompt.is_empty() {
            return Some("Nothing is asked".to_owned());
        }
        if let Err(why) = typed_custom_inputs(&self.custom_inputs) {
            return Some(format!("Custom inputs: {why}"));
        }
        self.checks.iter().find_map(Check::problem)
    }

    /// The first line of what is asked.
    pub fn title(&self) -> &str {
        self.prompt.text().trim().lines().next().unwrap_or_default()
    }
}

impl PromptSet {
    /// An empty set.
    pub fn new(id: u64, name: impl Into<String>) -> Self {
        Self { version: SET_VERSION, id, name: name.into(), cases: Vec::new() }
    }

    /// Puts many at the end; those past [`MOST_CASES`] are left out, and counted.
    pub fn extend(&mut self, cases: Vec<Case>) -> usize {
        let room = MOST_CASES.saturating_sub(self.cases.len());
        let left_out = cases.len().saturating_sub(room);
        let mut taken: std::collections::HashSet<String> =
            self.cases.iter().map(|case| case.id.clone()).collect();
        let mut next = self.cases.len() + 1;
        for mut case in cases.into_iter().take(room) {
            while case.id.is_empty() || taken.contains(&case.id) {
                case.id = next.to_string();
                next += 1;
            }
            taken.insert(case.id.clone());
            self.cases.push(case);
        }
        left_out
    }

    /// The first case that could not be asked or checked, counted from 1, and why.
    pub fn problem(&self) -> Option<(usize, String)> {
        let problems = self.cases.iter().enumerate();
        problems.into_iter().find_map(|(at, case)| Some((at + 1, case.problem()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_unique() {
        let mut set = PromptSet::new(1, "smoke");
        let cases = [("", "a"), ("1", "b"), ("x", "c"), ("x", "d")];
        let cases = cases.map(|(id, text)| Case::of(id, Prompt::Text(text.into())));
        assert_eq!(set.extend(cases.into()), 0);
        let ids: Vec<&str> = set.cases.iter().map(|case| case.id.as_str()).collect();
        assert_eq!(ids, ["1", "2", "x", "3"]);
        let many = vec![Case::default(); MOST_CASES];
        assert_eq!((set.extend(many), set.cases.len()), (4, MOST_CASES));
    }

    #[test]
    fn a_set_is_read_back_as_it_was_kept_and_an_older_one_too() {
        let mut set = PromptSet::new(7, "smoke");
        let messages = vec![
            Message { role: "user".into(), content: "hi".into() },
            Message { role: "assistant".into(), content: "hello".into() },
            Message { role: "user".into(), content: "why?".into() },
        ];
        let mut case = Case::of("a", Prompt::Messages(messages));
        case.checks.push(Check::Contains { text: "because".into() });
        case.extra.insert("source".into(), serde_json::json!({"trace": "tr-1"}));
        set.extend(vec![case]);
        let kept = serde_json::to_string(&set).unwrap();
        assert_eq!(serde_json::from_str::<PromptSet>(&kept).unwrap(), set);
        let bare = r#"{"name": "old", "cases": [{"id": "1", "prompt": {"text": "hi"}}], "mood": 1}"#;
        assert_eq!(serde_json::from_str::<PromptSet>(bare).unwrap().cases[0].title(), "hi");
    }

    #[test]
    fn what_cannot_be_asked_says_why() {
        let mut case = Case::of("a", Prompt::Text(" \n".into()));
        assert_eq!(case.problem().as_deref(), Some("Nothing is asked"));
        case.prompt = Prompt::Text("\n Why?\nNow".into());
        assert_eq!((case.problem(), case.title()), (None, "Why?"));
        case.custom_inputs = "[1]".into();
        assert!(case.problem().is_some_and(|why| why.starts_with("Custom inputs: ")));
        case.custom_inputs.clear();
        case.checks.push(Check::Regex { pattern: "(".into() });
        assert!(case.problem().is_some());
    }
}
