//! A prompt version's template, from its tags: text, or a chat as a JSON list of messages.

use serde::Deserialize;
use serde_json::Value;

use crate::entities::{ModelVersion, PromptMessage, PromptTemplate, tag};

/// Why a version has no template to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The tag `mlflow.prompt.text` is missing.
    #[error("This version has no text")]
    NoText,
    /// It is called a chat, and is no list of messages.
    #[error("This version is marked as a chat, but its text is no list of messages")]
    NotMessages,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Value,
}

/// Reads the template of a prompt version (tags `mlflow.prompt.text` and `_mlflow_prompt_type`).
pub fn prompt_template(version: &ModelVersion) -> Result<PromptTemplate, TemplateError> {
    let text = version.tags.get(tag::PROMPT_TEXT).ok_or(TemplateError::NoText)?;
    if version.tags.get(tag::PROMPT_TYPE).is_none_or(|kind| kind != "chat") {
        return Ok(PromptTemplate::Text(text.clone()));
    }
    let messages: Vec<Message> = serde_json::from_str(text).map_err(|_no_list| TemplateError::NotMessages)?;
    Ok(PromptTemplate::Chat(messages.into_iter().map(Message::read).collect()))
}

impl Message {
    /// The content is a text, or a list of parts of which some are.
    fn read(self) -> PromptMessage {
        let Value::Array(parts) = self.content else {
            let content = self.content.as_str().unwrap_or_default().to_owned();
            return PromptMessage { role: self.role, content, more: false };
        };
        let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
        let more = texts.len() < parts.len();
        PromptMessage { role: self.role, content: texts.join("\n\n"), more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(tags: &[(&str, &str)]) -> ModelVersion {
        let tags = tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        ModelVersion { tags, ..Default::default() }
    }

    fn message(role: &str, content: &str, more: bool) -> PromptMessage {
        PromptMessage { role: role.into(), content: content.into(), more }
    }

    #[test]
    fn a_text_is_a_text_even_if_it_looks_like_a_list() {
        let list = r#"[{"role": "user", "content": "hi"}]"#;
        for kind in [&[(tag::PROMPT_TEXT, list), (tag::PROMPT_TYPE, "text")][..], &[(tag::PROMPT_TEXT, list)]]
        {
            assert_eq!(prompt_template(&version(kind)), Ok(PromptTemplate::Text(list.into())));
        }
        assert_eq!(prompt_template(&version(&[])), Err(TemplateError::NoText));
    }

    #[test]
    fn a_chat_is_read_message_by_message() {
        let chat = |text| prompt_template(&version(&[(tag::PROMPT_TEXT, text), (tag::PROMPT_TYPE, "chat")]));
        let text = r#"[{"role": "system", "content": "You are a judge."},
            {"role": "user", "content": [{"type": "text", "text": "{{a}}"}, {"type": "image_url", "image_url": {}}]},
            {"role": "assistant", "content": null, "tool_calls": []}]"#;
        let read = [
            message("system", "You are a judge.", false),
            message("user", "{{a}}", true),
            message("assistant", "", false),
        ];
        assert_eq!(chat(text), Ok(PromptTemplate::Chat(read.to_vec())));
        for broken in ["Hello", "{}", "[1]", "[{\"content\": \"x\"}]"] {
            assert_eq!(chat(broken), Err(TemplateError::NotMessages));
        }
    }
}
