//! The request body of a turn, in the dialect of its endpoint.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::attachment::Attachment;
use super::custom_inputs::CustomInputs;
use super::dialect::RequestDialect;
use super::dialect::messages::{ChatMessage, chat_messages};
use super::endpoint::Endpoint;
use super::wire::{Content, InputItem, InputPart};

/// What the endpoint is told it may answer with; it decides itself whether to stream.
pub(super) const ACCEPT: &str = "text/event-stream, application/json";
/// Asks an `AgentServer` for the id of the trace it makes.
pub(super) const RETURN_TRACE_ID: &str = "x-mlflow-return-trace-id";

/// `context`: what MLflow's Responses schema knows of who is talking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// Groups the traces of one conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<String>,
    /// Who is asking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
}

/// What is asked, as the Responses dialect has it (`ResponsesAgentRequest`; MLflow drops any other top-level key
/// silently). [`Self::to_json_for`] says it in the endpoint's own dialect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Payload {
    /// Always a list: a string is refused.
    pub input: Vec<InputItem>,
    /// Asks for a stream. Scoring servers ignore it.
    pub stream: bool,
    /// Passed on to the agent as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_inputs: Option<Map<String, Value>>,
    /// Who is talking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
}

impl Payload {
    /// A streaming request with nothing but input.
    pub fn new(input: Vec<InputItem>) -> Self {
        Self { input, stream: true, custom_inputs: None, context: None }
    }

    /// The body in the Responses dialect.
    pub fn to_json(&self) -> String {
        // Strings, maps with string keys and no custom serializer: there is nothing that could fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The body as it is sent to an endpoint.
    pub fn to_json_for(&self, endpoint: &Endpoint) -> String {
        serde_json::to_string(&self.body(endpoint)).unwrap_or_default()
    }

    /// The same with [`Attachment::stand_in`] in place of large files, and these files, for reading and for scripts.
    pub fn abridged(&self) -> (Self, Vec<Attachment>) {
        let mut abridged = self.clone();
        let mut files = Vec::new();
        for item in &mut abridged.input {
            let InputItem::Plain { content: Content::Parts(parts), .. } = item else { continue };
            for part in parts {
                if let InputPart::InputImage { image_url: url, .. }
                | InputPart::InputFile { file_data: url, .. } = part
                {
                    files.extend(url.abridge().cloned());
                }
            }
        }
        files.sort_by(|a, b| a.sha256().cmp(b.sha256()));
        files.dedup_by(|a, b| a.sha256() == b.sha256());
        (abridged, files)
    }

    /// What is sent to an endpoint.
    pub(super) fn body<'a>(&'a self, endpoint: &'a Endpoint) -> Body<'a> {
        let dialect = endpoint.dialect();
        let responses = dialect == RequestDialect::Responses;
        let completions = dialect == RequestDialect::ChatCompletions;
        let fields = &endpoint.fields().0;
        // Chat completions have one place for who is talking, and none for the conversation.
        let user = self.context.as_ref().and_then(|context| context.user_id.as_deref());
        Body {
            input: responses.then_some(self.input.as_slice()),
            messages: (!responses).then(|| chat_messages(&self.input, dialect)),
            stream: self.stream,
            custom_inputs: self.custom_inputs.as_ref(),
            context: self.context.as_ref().filter(|_| !completions),
            user: user.filter(|_| completions && !fields.contains_key("user")),
            fields,
        }
    }
}

/// A body in any dialect, keys in the order in which people write them.
#[derive(Debug, Serialize)]
pub(super) struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<&'a [InputItem]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<ChatMessage>>,
    pub(super) stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_inputs: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a Context>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(flatten)]
    fields: &'a Map<String, Value>,
}

/// Keys that a conversation decides on.
const OURS: [&str; 5] = ["context", "custom_inputs", "input", "messages", "stream"];

/// What goes beside the conversation in every request to an endpoint: `model`, `temperature`, `max_tokens`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFields(Map<String, Value>);

impl RequestFields {
    /// Reads what was typed, a JSON object or nothing.
    ///
    /// Errors: what is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fields = typed_object(text)?.unwrap_or_default();
        match OURS.iter().find(|key| fields.contains_key(**key)) {
            Some(key) => Err(format!("{key} comes from the conversation")),
            None => Ok(Self(fields)),
        }
    }
}

fn typed_object(text: &str) -> Result<Option<Map<String, Value>>, String> {
    CustomInputs::parse(text)
        .map(|inputs| inputs.map(CustomInputs::into_object))
        .map_err(|error| error.to_string())
}

/// `custom_inputs` as a person types it: a JSON object, or nothing.
///
/// Errors: what is wrong with it, and where.
pub fn typed_custom_inputs(text: &str) -> Result<Option<CustomInputs>, String> {
    CustomInputs::parse(text).map_err(|error| error.to_string())
}

/// `context` as a person types it: a JSON object with `conversation_id` and `user_id`, or nothing.
///
/// Errors: what is wrong with it, and where.
pub fn typed_context(text: &str) -> Result<Option<Context>, String> {
    typed(text)
}

fn typed<T: serde::de::DeserializeOwned>(text: &str) -> Result<Option<T>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    serde_json::from_str(text).map(Some).map_err(|error| {
        let said = error.to_string();
        let what = said.split(" at line ").next().unwrap_or(&said);
        format!("Line {}, column {}: {what}", error.line(), error.column())
    })
}

#[cfg(test)]
pub(in crate::agent) mod tests {
    use serde_json::json;

    use super::*;

    /// One that every shell and script has to quote.
    pub(in crate::agent) fn payload() -> Payload {
        let mut payload = Payload::new(vec![InputItem::user(&"What's \"OTIF\"?\n$HOME `x` \\ 21 °C".into())]);
        payload.custom_inputs = json!({"dry": true, "n": null, "f": 1.5, "empty": {}}).as_object().cloned();
        payload
    }

    #[test]
    fn the_seed_payload_is_written_as_people_write_it() {
        let payload = Payload::new(vec![InputItem::user(&"Why is OTIF down this week?".into())]);
        let expected = r#"{"input":[{"role":"user","content":"Why is OTIF down this week?"}],"stream":true}"#;
        assert_eq!(payload.to_json(), expected);
    }

    #[test]
    fn context_and_custom_inputs_are_sent_when_given() {
        let context = Context { conversation_id: Some("c1".to_owned()), user_id: None };
        let payload = Payload { context: Some(context), ..payload() };
        let sent: Value = serde_json::from_str(&payload.to_json()).unwrap();
        assert_eq!(sent["context"], json!({"conversation_id": "c1"}));
        assert_eq!(sent["custom_inputs"]["dry"], json!(true));
    }

    #[test]
    fn what_is_typed_is_read_or_its_fault_is_placed() {
        assert_eq!(typed_custom_inputs("  "), Ok(None));
        assert_eq!(typed_custom_inputs("{\"a\": 1}").unwrap(), CustomInputs::parse("{\"a\": 1}").unwrap());
        let error = typed_custom_inputs("{\n  \"a\": 1,\n}").unwrap_err();
        assert!(error.starts_with("Line 3, column 1: "), "{error}");
        assert!(typed_custom_inputs("[1]").is_err());
        assert_eq!(typed_context("{\"user_id\": \"ann\"}").unwrap().unwrap().user_id.unwrap(), "ann");
        assert!(typed_context("{\"user\": \"ann\"}").unwrap_err().contains("unknown field `user`"));
    }

    #[track_caller]
    fn sends(dialect: RequestDialect, expected: &Value) {
        let context = Context { conversation_id: Some("c1".to_owned()), user_id: Some("ann".to_owned()) };
        let mut payload = Payload::new(vec![InputItem::user(&"hi".into())]);
        payload.context = Some(context);
        payload.custom_inputs = json!({"dry": true}).as_object().cloned();
        let fields = RequestFields::parse("{\"model\": \"m\"}").unwrap();
        let endpoint = Endpoint::parse("localhost:1").unwrap().with_dialect(dialect).with_fields(fields);
        let sent: Value = serde_json::from_str(&payload.to_json_for(&endpoint)).unwrap();
        assert_eq!(&sent, expected);
    }

    #[test]
    fn each_dialect_has_its_body() {
        let said = json!([{"role": "user", "content": "hi"}]);
        let context = json!({"conversation_id": "c1", "user_id": "ann"});
        let inputs = json!({"dry": true});
        sends(
            RequestDialect::Responses,
            &json!({"input": said, "stream": true, "custom_inputs": inputs, "context": context, "model": "m"}),
        );
        sends(
            RequestDialect::ChatAgent,
            &json!({"messages": said, "stream": true, "custom_inputs": inputs, "context": context, "model": "m"}),
        );
        sends(
            RequestDialect::ChatCompletions,
            &json!({"messages": said, "stream": true, "custom_inputs": inputs, "user": "ann", "model": "m"}),
        );
    }

    #[test]
    fn fields_leave_the_conversation_alone() {
        assert_eq!(RequestFields::parse(" "), Ok(RequestFields::default()));
        assert_eq!(
            RequestFields::parse("{\"stream\": false}").unwrap_err(),
            "stream comes from the conversation"
        );
        assert!(RequestFields::parse("[]").is_err());
    }
}
