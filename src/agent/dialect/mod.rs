//! The vocabularies in which agents are asked, and how it is found out which one an endpoint speaks.
//!
//! - `messages`: a conversation's input items as chat messages;
//! - `wanted`: what a refusal says it would rather have been asked in.

pub(super) mod messages;
mod wanted;

use serde::{Deserialize, Serialize};
use url::Url;

/// The vocabulary of a request. (How an answer came is [`Dialect`](super::Dialect): servers mix them.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestDialect {
    /// `{"input": […]}`: MLflow's `ResponsesAgent`.
    #[default]
    Responses,
    /// `{"messages": […], "context": …, "custom_inputs": …}`: MLflow's `ChatAgent`.
    ChatAgent,
    /// `{"messages": […], "temperature": …}`: language models, gateways, MLflow's `ChatModel`.
    ChatCompletions,
}

impl RequestDialect {
    /// All of them, the likeliest first.
    pub const ALL: [Self; 3] = [Self::Responses, Self::ChatAgent, Self::ChatCompletions];

    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Responses => "Responses",
            Self::ChatAgent => "ChatAgent",
            Self::ChatCompletions => "Chat completions",
        }
    }

    /// The key under which it takes the conversation.
    pub fn key(self) -> &'static str {
        match self {
            Self::Responses => "input",
            Self::ChatAgent | Self::ChatCompletions => "messages",
        }
    }

    /// What `metadata.task` of an `MLmodel` stands for (`mlflow/pyfunc/utils/…`, `task` of agents and chat models);
    /// also the `task` of a Databricks endpoint.
    pub fn of_task(task: &str) -> Option<Self> {
        match task {
            "agent/v1/responses" | "agent/v2/responses" => Some(Self::Responses),
            "agent/v2/chat" => Some(Self::ChatAgent),
            "agent/v1/chat" | "llm/v1/chat" => Some(Self::ChatCompletions),
            _ => None,
        }
    }

    /// What a signature stands for, where there is no task: the names of its inputs.
    pub fn of_inputs<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let (mut input, mut messages, mut context) = (false, false, false);
        for name in names {
            input |= name == "input";
            messages |= name == "messages";
            context |= name == "context";
        }
        match (messages, context) {
            (true, true) => Some(Self::ChatAgent),
            (true, false) => Some(Self::ChatCompletions),
            (false, _) => input.then_some(Self::Responses),
        }
    }

    /// What `agent_api` of an `AgentServer`'s `/agent/info` stands for.
    pub fn of_agent_api(api: &str) -> Option<Self> {
        (api == "responses").then_some(Self::Responses)
    }

    /// What the end of an address stands for.
    pub fn of_url(url: &Url) -> Option<Self> {
        let path = url.path().trim_end_matches('/');
        if path.ends_with("/chat/completions") {
            Some(Self::ChatCompletions)
        } else {
            path.ends_with("/responses").then_some(Self::Responses)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_signatures_and_addresses_tell() {
        use RequestDialect::{ChatAgent, ChatCompletions, Responses};
        assert_eq!(RequestDialect::of_task("agent/v2/responses"), Some(Responses));
        assert_eq!(RequestDialect::of_task("agent/v2/chat"), Some(ChatAgent));
        assert_eq!(RequestDialect::of_task("llm/v1/chat"), Some(ChatCompletions));
        assert_eq!(RequestDialect::of_task("llm/v1/embeddings"), None);
        assert_eq!(RequestDialect::of_inputs(["messages", "context", "stream"]), Some(ChatAgent));
        assert_eq!(RequestDialect::of_inputs(["messages", "temperature"]), Some(ChatCompletions));
        assert_eq!(RequestDialect::of_inputs(["context", "input"]), Some(Responses));
        assert_eq!(RequestDialect::of_inputs(["backlog"]), None);
        let of_url = |url: &str| RequestDialect::of_url(&Url::parse(url).unwrap());
        assert_eq!(of_url("http://h/gateway/mlflow/v1/chat/completions"), Some(ChatCompletions));
        assert_eq!(of_url("http://h/v1/responses/"), Some(Responses));
        assert_eq!(of_url("http://h/invocations"), None);
    }
}
