//! Prompts of the prompt registry: what a version's template says (`mlflow.entities.model_registry.PromptVersion`).

/// The template of a prompt version, with its `{{variables}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptTemplate {
    /// `PROMPT_TYPE_TEXT`: one text.
    Text(String),
    /// `PROMPT_TYPE_CHAT`: messages, in order.
    Chat(Vec<PromptMessage>),
}

/// A message of a chat prompt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PromptMessage {
    /// `system`, `user`, `assistant`…
    pub role: String,
    /// Its text.
    pub content: String,
    /// Whether it holds pictures or the like besides, which are not here.
    pub more: bool,
}
