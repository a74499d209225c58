//! What is made of a prompt's template: its variables, their values filled in, and which part of it goes where.

use std::collections::BTreeMap;

use crate::entities::{PromptMessage, PromptTemplate};

/// Values of variables, by name.
pub type Values = BTreeMap<String, String>;

/// The variables of a template, each once, in the order in which they are met.
pub fn variables(template: &PromptTemplate) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for text in texts(template) {
        for piece in pieces(text) {
            if let Piece::Variable { name, .. } = piece
                && !found.iter().any(|known| known == name)
            {
                found.push(name.to_owned());
            }
        }
    }
    found
}

/// The template with values in place of its variables. One without a value stays; nothing in a value is a variable.
pub fn filled(template: &PromptTemplate, values: &Values) -> PromptTemplate {
    match template {
        PromptTemplate::Text(text) => PromptTemplate::Text(fill(text, values)),
        PromptTemplate::Chat(messages) => {
            let fill = |message: &PromptMessage| PromptMessage {
                role: message.role.clone(),
                content: fill(&message.content, values),
                more: message.more,
            };
            PromptTemplate::Chat(messages.iter().map(fill).collect())
        }
    }
}

/// Whether MLflow would take the template for one of Jinja2, which is not carried out here.
pub fn is_jinja2(template: &PromptTemplate) -> bool {
    texts(template).any(|text| text.contains("{%") && text.contains("%}"))
}

/// What of a prompt goes where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The system prompt, if it has one.
    pub system: Option<String>,
    /// The message to write.
    pub message: Option<String>,
    /// Roles of the messages that have no place.
    pub left_out: Vec<String>,
    /// Whether pictures or the like have none either.
    pub more: bool,
}

impl Parts {
    /// A text is a message. Of a chat, what the system says is the system prompt, and the last message of the user is
    /// the message.
    pub fn of(template: PromptTemplate) -> Self {
        let messages = match template {
            PromptTemplate::Text(text) => return Self { message: Some(text), ..Self::default() },
            PromptTemplate::Chat(messages) => messages,
        };
        let last = messages.iter().rposition(|message| message.role == "user");
        let mut parts = Self::default();
        let mut system = Vec::new();
        for (at, message) in messages.into_iter().enumerate() {
            match message.role.as_str() {
                "system" | "developer" => system.push(message.content),
                _ if Some(at) == last => parts.message = Some(message.content),
                _ => {
                    parts.left_out.push(message.role);
                    continue;
                }
            }
            parts.more |= message.more;
        }
        parts.system = Some(system.join("\n\n")).filter(|system| !system.is_empty());
        parts
    }
}

fn texts(template: &PromptTemplate) -> impl Iterator<Item = &str> {
    let (text, messages) = match template {
        PromptTemplate::Text(text) => (Some(text.as_str()), [].as_slice()),
        PromptTemplate::Chat(messages) => (None, messages.as_slice()),
    };
    text.into_iter().chain(messages.iter().map(|message| message.content.as_str()))
}

fn fill(text: &str, values: &Values) -> String {
    let value = |name| values.get(name).filter(|value| !value.is_empty());
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Variable { name, written } => value(name).map_or(written, String::as_str),
        })
        .collect()
}

enum Piece<'a> {
    Text(&'a str),
    Variable { name: &'a str, written: &'a str },
}

/// A text cut at its variables, as `PROMPT_TEMPLATE_VARIABLE_PATTERN` finds them.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(next) = text[at..].find("{{") {
        let start = at + next;
        let Some((name, length)) = variable(&text[start..]) else {
            at = start + 1;
            continue;
        };
        found.push(Piece::Text(&text[from..start]));
        found.push(Piece::Variable { name, written: &text[start..start + length] });
        at = start + length;
        from = at;
    }
    found.push(Piece::Text(&text[from..]));
    found
}

/// The variable that a text begins with, and how long it is with its braces.
fn variable(text: &str) -> Option<(&str, usize)> {
    let inner = text.strip_prefix("{{")?.trim_start();
    let end =
        inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    let is_word = |word: &str| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let rest = rest.trim_start().strip_prefix("}}")?;
    name.split('.').all(is_word).then_some((name, text.len() - rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> PromptTemplate {
        PromptTemplate::Text(text.into())
    }

    fn chat(messages: &[(&str, &str)]) -> PromptTemplate {
        let message = |&(role, content): &(&str, &str)| PromptMessage {
            role: role.into(),
            content: content.into(),
            more: false,
        };
        PromptTemplate::Chat(messages.iter().map(message).collect())
    }

    fn values(all: &[(&str, &str)]) -> Values {
        all.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn variables_are_found_as_mlflow_finds_them() {
        let found = |from: &str| variables(&text(from));
        assert_eq!(found("{{b}} {{ a }} {{b}} {{\n_x1\t}}"), ["b", "a", "_x1"]);
        assert_eq!(found("{{user.name}} {{{inner}}} {{{{twice}}"), ["user.name", "inner", "twice"]);
        assert!(found("{a} {{1a}} {{a b}} {{a.}} {{.a}} {{a..b}} {{ä}} {{}} {{a} } {{").is_empty());
        assert_eq!(variables(&chat(&[("system", "{{a}}"), ("user", "{{b}}{{a}}")])), ["a", "b"]);
    }

    #[test]
    fn values_are_filled_in_once() {
        let template = text("Łódź: {{ a }}, {{b}}, {{c}}, {{{a}}}");
        let filled = filled(&template, &values(&[("a", "{{b}} \\1"), ("b", "2"), ("c", "")]));
        assert_eq!(filled, text("Łódź: {{b}} \\1, 2, {{c}}, {{{b}} \\1}"));
    }

    #[test]
    fn a_chat_has_its_places() {
        let template = chat(&[
            ("system", "Judge {{a}}."),
            ("user", "One"),
            ("assistant", "Yes"),
            ("developer", "Be brief."),
            ("user", "{{a}}?"),
        ]);
        let parts = Parts::of(filled(&template, &values(&[("a", "it")])));
        let expected = Parts {
            system: Some("Judge it.\n\nBe brief.".into()),
            message: Some("it?".into()),
            left_out: vec!["user".into(), "assistant".into()],
            more: false,
        };
        assert_eq!(parts, expected);
        assert_eq!(Parts::of(text("hi")), Parts { message: Some("hi".into()), ..Parts::default() });
        assert_eq!(Parts::of(chat(&[("system", "Only this")])).message, None);
    }

    #[test]
    fn jinja_is_told_from_variables() {
        assert!(is_jinja2(&text("{% if a %}{{ a }}{% endif %}")));
        assert!(!is_jinja2(&text("{{a}} 100 %}")));
    }
}
