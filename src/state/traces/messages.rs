//! Chat messages in what a span was given or gave, whoever's form they have: chat completions, Responses, `ChatAgent`.

use crate::entities::TraceValue;

/// More messages are not looked at in a frame.
const MOST: usize = 500;

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message<'a> {
    /// `user`, `assistant`, `system`, `tool`…
    pub role: &'a str,
    /// What it says, in order.
    pub parts: Vec<Part<'a>>,
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<'a> {
    /// Words.
    Text(&'a str),
    /// A tool is called.
    Call {
        /// Its name.
        name: &'a str,
        /// What it is given: often JSON in text.
        arguments: &'a TraceValue,
    },
    /// Anything else.
    Data(&'a TraceValue),
}

/// The messages, if the value is a chat and nothing but a chat is lost by showing it as one.
pub fn messages(value: &TraceValue) -> Option<Vec<Message<'_>>> {
    list_of(value).filter(|found| !found.is_empty())
}

fn list_of(value: &TraceValue) -> Option<Vec<Message<'_>>> {
    match value {
        TraceValue::List(values) => values.iter().take(MOST).map(message).collect(),
        TraceValue::Map(entries) => {
            for key in ["messages", "input", "output"] {
                match value.get(key) {
                    Some(list @ TraceValue::List(_)) => return list_of(list),
                    // Responses takes plain words, too.
                    Some(TraceValue::Text(text)) if key == "input" && entries.len() > 1 => {
                        return Some(vec![Message { role: "user", parts: vec![Part::Text(text)] }]);
                    }
                    _ => {}
                }
            }
            if let Some(choices) = value.get("choices").and_then(TraceValue::as_list) {
                return choices.iter().take(MOST).map(|choice| message(choice.get("message")?)).collect();
            }
            // A function that takes the request as its one argument.
            match &entries[..] {
                [(name, inner @ TraceValue::Map(_))] if name == "request" => list_of(inner),
                _ => value.get("role").and_then(|_| message(value)).map(|message| vec![message]),
            }
        }
        _ => None,
    }
}

fn message(value: &TraceValue) -> Option<Message<'_>> {
    let kind = value.get("type").and_then(TraceValue::as_text);
    match kind {
        Some("function_call") => {
            let name = value.get("name").and_then(TraceValue::as_text)?;
            let arguments = value.get("arguments").unwrap_or(&TraceValue::Null);
            return Some(Message { role: "assistant", parts: vec![Part::Call { name, arguments }] });
        }
        Some("function_call_output") => {
            return Some(Message { role: "tool", parts: content(value.get("output")?) });
        }
        Some("reasoning") => {
            let said = value.get("summary").or_else(|| value.get("content"))?;
            return Some(Message { role: "reasoning", parts: content(said) });
        }
        _ => {}
    }
    let role = value.get("role").or_else(|| value.get("type")).and_then(TraceValue::as_text)?;
    let mut parts = value.get("content").map(content).unwrap_or_default();
    for call in value.get("tool_calls").and_then(TraceValue::as_list).unwrap_or_default() {
        let function = call.get("function").unwrap_or(call);
        parts.push(match function.get("name").and_then(TraceValue::as_text) {
            Some(name) => {
                let arguments = function.get("arguments").or_else(|| function.get("args"));
                Part::Call { name, arguments: arguments.unwrap_or(&TraceValue::Null) }
            }
            None => Part::Data(call),
        });
    }
    let is_message = value.get("role").is_some() || value.get("content").is_some();
    is_message.then_some(Message { role, parts })
}

fn content(value: &TraceValue) -> Vec<Part<'_>> {
    match value {
        TraceValue::Null => Vec::new(),
        TraceValue::Text(text) => vec![Part::Text(text)],
        TraceValue::List(parts) => parts
            .iter()
            .take(MOST)
            .map(|part| match part.get("text").or(Some(part)).and_then(TraceValue::as_text) {
                Some(text) => Part::Text(text),
                None => Part::Data(part),
            })
            .collect(),
        other => vec![Part::Data(other)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> TraceValue {
        TraceValue::Text(text.into())
    }

    fn map(entries: &[(&str, TraceValue)]) -> TraceValue {
        TraceValue::Map(entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn said(value: &TraceValue) -> Option<Vec<(String, String)>> {
        let of = |part: &Part<'_>| match part {
            Part::Text(text) => (*text).to_owned(),
            Part::Call { name, arguments } => format!("{name}({})", arguments.to_json()),
            Part::Data(value) => value.to_json(),
        };
        let all = messages(value)?;
        Some(all.iter().map(|it| (it.role.to_owned(), it.parts.iter().map(of).collect())).collect())
    }

    #[test]
    fn chats_of_every_form_are_found() {
        let user = map(&[("role", text("user")), ("content", text("Hi"))]);
        let parts = TraceValue::List(vec![map(&[("type", text("output_text")), ("text", text("Hello"))])]);
        let answer = map(&[("type", text("message")), ("role", text("assistant")), ("content", parts)]);
        let call = map(&[("type", text("function_call")), ("name", text("look")), ("arguments", text("{}"))]);
        let hi = ("user".to_owned(), "Hi".to_owned());
        for value in [
            map(&[("messages", TraceValue::List(vec![user.clone()])), ("model", text("m"))]),
            map(&[("request", map(&[("input", TraceValue::List(vec![user.clone()]))]))]),
            TraceValue::List(vec![user.clone()]),
            user.clone(),
        ] {
            assert_eq!(said(&value).as_deref(), Some(std::slice::from_ref(&hi)));
        }
        let output = map(&[("output", TraceValue::List(vec![call, answer.clone()]))]);
        assert_eq!(
            said(&output).unwrap(),
            [("assistant".into(), "look(\"{}\")".into()), ("assistant".into(), "Hello".into())]
        );
        let choices = map(&[("choices", TraceValue::List(vec![map(&[("message", answer)])]))]);
        assert_eq!(said(&choices).unwrap(), [("assistant".to_owned(), "Hello".to_owned())]);
    }

    #[test]
    fn other_data_is_no_chat() {
        for value in [
            map(&[("messages", TraceValue::Number("2".into()))]),
            map(&[("city", text("Paris"))]),
            TraceValue::List(vec![text("a")]),
            TraceValue::List(Vec::new()),
            text("Hi"),
            map(&[("output", TraceValue::List(vec![TraceValue::Null]))]),
        ] {
            assert_eq!(said(&value), None, "{value:?}");
        }
    }
}
