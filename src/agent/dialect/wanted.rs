//! What a refusal says it would rather have been asked in.

use super::RequestDialect;
use crate::agent::transcript::Transcript;
use crate::agent::wire::Failure;

impl RequestDialect {
    /// The dialect that an endpoint wants, where it refused a request in this one and says, in one way or another, that
    /// what it takes the conversation under is missing. Never `self`.
    pub fn wanted(self, answer: &Transcript, status: u16) -> Option<Self> {
        if !matches!(status, 400 | 415 | 422) {
            return None;
        }
        answer.failures.iter().find_map(wanted_by).filter(|wanted| *wanted != self)
    }
}

fn wanted_by(failure: &Failure) -> Option<RequestDialect> {
    let said = [failure.details.as_deref(), Some(failure.headline.as_str()), failure.cause.as_deref()];
    said.into_iter().flatten().find_map(|text| enforced(text).or_else(|| required(text)))
}

/// MLflow's schema enforcement (`mlflow/models/utils.py`): what is missing, after the schema, which tells a `ChatAgent`
/// by its `context`. What was sent stands before it.
fn enforced(text: &str) -> Option<RequestDialect> {
    let (_, schema) = text.rsplit_once("with schema '[")?;
    let (_, missing) = schema.rsplit_once("missing inputs [")?;
    let missing = missing.split(']').next().unwrap_or_default();
    if missing.contains("'messages'") {
        let agent = schema.contains("'context': {");
        return Some(if agent { RequestDialect::ChatAgent } else { RequestDialect::ChatCompletions });
    }
    missing.contains("'input'").then_some(RequestDialect::Responses)
}

/// Others say that a field is required, on the field's line or on the next one (pydantic).
fn required(text: &str) -> Option<RequestDialect> {
    let lines: Vec<String> = text.lines().map(str::to_ascii_lowercase).collect();
    lines.iter().enumerate().find_map(|(at, line)| {
        let next = lines.get(at + 1).filter(|next| next.trim_start().starts_with("field required"));
        // What pydantic quotes of the request comes after the words.
        let line = line.split("input_value").next().unwrap_or_default();
        let says = ["required", "missing", "must provide", "must be provided"]
            .iter()
            .any(|word| line.contains(word));
        let names = |field: &str| {
            let mut words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            (says || next.is_some() && line.trim() == field) && words.any(|word| word == field)
        };
        if names("messages") {
            let agent = text.contains("ChatAgentRequest");
            return Some(if agent { RequestDialect::ChatAgent } else { RequestDialect::ChatCompletions });
        }
        names("input").then_some(RequestDialect::Responses)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::agent::Reader;
    use RequestDialect::{ChatAgent, ChatCompletions, Responses};

    #[track_caller]
    fn wants(asked: RequestDialect, status: u16, body: &Value, expected: Option<RequestDialect>) {
        let mut reader = Reader::new(Some("application/json"), status);
        reader.feed(body.to_string().as_bytes());
        reader.finish();
        assert_eq!(asked.wanted(reader.transcript(), status), expected);
    }

    fn mlflow(sent: &str, schema: &str, missing: &str) -> Value {
        let message = format!(
            "Failed to predict data '{sent}'. \nError: Failed to enforce schema of data '{sent}' with schema \
             '[{schema}]'. Error: Model is missing inputs ['{missing}']. Note that there were extra inputs: ['x']."
        );
        json!({"error_code": "INVALID_PARAMETER_VALUE", "message": message})
    }

    #[test]
    fn mlflow_names_its_schema() {
        let sent = "{'input': [{'role': 'user', 'content': 'hi'}]}";
        let agent = "'messages': Array({role: string (required)}) (required), 'context': {user_id: string} (optional)";
        wants(Responses, 400, &mlflow(sent, agent, "messages"), Some(ChatAgent));
        let chat =
            "'messages': Array({role: string (required)}) (required), 'temperature': double (optional)";
        wants(Responses, 400, &mlflow(sent, chat, "messages"), Some(ChatCompletions));
        let responses = "'context': {user_id: string} (optional), 'input': Array(Any) (required)";
        wants(ChatAgent, 400, &mlflow("{'messages': []}", responses, "input"), Some(Responses));
        wants(Responses, 400, &mlflow("{}", "'backlog': double (required)", "backlog"), None);
    }

    #[test]
    fn others_say_that_a_field_is_required() {
        let agent_server = json!({"detail": "Invalid parameters for ResponsesAgent: Invalid data for ResponsesAgentRequest: 1 validation error for ResponsesAgentRequest\ninput\n  Field required [type=missing, input_value={'messages': [{'role': 'user', 'content': 'x'}]}, input_type=dict]"});
        wants(ChatCompletions, 400, &agent_server, Some(Responses));
        wants(Responses, 400, &agent_server, None);
        let fast_api =
            json!({"detail": [{"loc": ["body", "messages"], "msg": "Field required", "type": "missing"}]});
        wants(Responses, 422, &fast_api, Some(ChatCompletions));
        let open_ai = json!({"error": {"message": "Missing required parameter: 'messages'.", "type": "invalid_request_error"}});
        wants(Responses, 400, &open_ai, Some(ChatCompletions));
    }

    #[test]
    fn other_failures_want_nothing_else() {
        let raised = json!({"error_code": "BAD_REQUEST", "message": "KeyError: no messages for this depot"});
        wants(Responses, 400, &raised, None);
        wants(Responses, 500, &json!({"error": {"message": "'messages' is required"}}), None);
        wants(Responses, 400, &json!({"detail": "input too long"}), None);
    }
}
