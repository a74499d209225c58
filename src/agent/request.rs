//! The request body of a turn, and the same request as curl and as Python.
//!
//! A copied command never holds a token, nor the address's query, which may be a key: it reads `FLOWDECK_TOKEN` and
//! `FLOWDECK_QUERY` from the environment.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::ser::{Formatter, PrettyFormatter};
use serde_json::{Map, Value};

use super::custom_inputs::CustomInputs;
use super::endpoint::Endpoint;
use super::wire::InputItem;

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

/// The body of `POST /invocations` (`ResponsesAgentRequest`). MLflow drops any other top-level key silently.
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

    /// The body as it is sent.
    pub fn to_json(&self) -> String {
        // Strings, maps with string keys and no custom serializer: there is nothing that could fail.
        serde_json::to_string(self).unwrap_or_default()
    }
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

/// The request as a curl command for a POSIX shell.
pub fn to_curl(endpoint: &Endpoint, payload: &Payload) -> String {
    let mut url = shell_quoted(&endpoint.shown_url());
    if endpoint.has_query() {
        url.push_str("\"?$FLOWDECK_QUERY\"");
    }
    let mut lines = vec![format!("curl -N {url}")];
    lines.push("-H 'Content-Type: application/json'".to_owned());
    lines.push(format!("-H 'Accept: {ACCEPT}'"));
    lines.push(format!("-H '{RETURN_TRACE_ID}: true'"));
    if endpoint.token().is_some() {
        // Double quotes: the shell puts the token in.
        lines.push("-H \"Authorization: Bearer $FLOWDECK_TOKEN\"".to_owned());
    }
    lines.push(format!("--data-raw {}", shell_quoted(&payload.to_json())));
    lines.join(" \\\n  ")
}

/// The request as a Python script that uses `requests`.
pub fn to_python(endpoint: &Endpoint, payload: &Payload) -> String {
    let mut headers = vec![("Accept", format!("\"{ACCEPT}\"")), (RETURN_TRACE_ID, "\"true\"".to_owned())];
    let mut script = String::new();
    if endpoint.token().is_some() || endpoint.has_query() {
        script.push_str("import os\n\n");
    }
    if endpoint.token().is_some() {
        headers.push(("Authorization", "\"Bearer \" + os.environ[\"FLOWDECK_TOKEN\"]".to_owned()));
    }
    let headers: Vec<String> =
        headers.iter().map(|(name, value)| format!("        \"{name}\": {value},\n")).collect();
    let mut url = python_literal(&endpoint.shown_url());
    if endpoint.has_query() {
        url.push_str(" + \"?\" + os.environ[\"FLOWDECK_QUERY\"]");
    }
    let body = python_literal(payload).replace('\n', "\n    ");
    let post = format!(
        "import requests\n\nwith requests.post(\n    {url},\n    headers={{\n{}    }},\n",
        headers.concat()
    );
    script.push_str(&post);
    let body = format!("    json={body},\n    stream=True,\n) as response:\n");
    script.push_str(&body);
    script.push_str("    response.raise_for_status()\n    for line in response.iter_lines():\n");
    script.push_str("        if line:\n            print(line.decode(\"utf-8\"))\n");
    script
}

/// `text` as one word of a POSIX shell.
fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `value` as an indented Python literal. JSON's strings, numbers, lists and objects are Python's; the three names
/// differ.
fn python_literal(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    let formatter = PythonFormatter(PrettyFormatter::with_indent(b"    "));
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    match value.serialize(&mut serializer) {
        Ok(()) => String::from_utf8_lossy(&out).into_owned(),
        Err(_) => String::new(),
    }
}

/// `serde_json`'s pretty printer with Python's names.
struct PythonFormatter<'a>(PrettyFormatter<'a>);

impl Formatter for PythonFormatter<'_> {
    fn write_null<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"None")
    }

    fn write_bool<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: bool) -> io::Result<()> {
        writer.write_all(if value { b"True" } else { b"False" })
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::agent::endpoint::Token;

    fn payload() -> Payload {
        let mut payload = Payload::new(vec![InputItem::user("What's \"OTIF\"?\n$HOME `x` \\ 21 °C")]);
        payload.custom_inputs = json!({"dry": true, "n": null, "f": 1.5, "empty": {}}).as_object().cloned();
        payload
    }

    fn endpoint(token: bool) -> Endpoint {
        let endpoint = Endpoint::parse("localhost:5001").unwrap();
        if token { endpoint.with_token(Token::new("s3cret")) } else { endpoint }
    }

    #[test]
    fn the_seed_payload_is_written_as_people_write_it() {
        let payload = Payload::new(vec![InputItem::user("Why is OTIF down this week?")]);
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

    #[test]
    fn curl_quotes_for_the_shell() {
        let command = to_curl(&endpoint(true), &payload());
        assert!(command.starts_with("curl -N 'http://localhost:5001/invocations' \\\n"));
        assert!(command.contains(r#""content":"What'\''s \"OTIF\"?\n$HOME `x` \\ 21 °C""#));
        assert!(command.contains("-H \"Authorization: Bearer $FLOWDECK_TOKEN\""));
        assert!(
            !command.contains("s3cret") && !to_curl(&endpoint(false), &payload()).contains("Authorization")
        );
    }

    #[test]
    fn a_shell_reads_the_body_back() {
        let Ok(shell) = std::process::Command::new("sh")
            .arg("-c")
            .arg(format!("printf %s {}", shell_quoted(&payload().to_json())))
            .output()
        else {
            return;
        };
        assert_eq!(String::from_utf8(shell.stdout).unwrap(), payload().to_json());
    }

    #[test]
    fn python_has_its_own_names_and_no_token() {
        let script = to_python(&endpoint(true), &payload());
        assert!(
            script.contains("\"stream\": True")
                && script.contains("\"n\": None")
                && script.contains("\"empty\": {}")
        );
        assert!(script.contains("\"Authorization\": \"Bearer \" + os.environ[\"FLOWDECK_TOKEN\"]"));
        assert!(script.starts_with("import os\n\nimport requests\n"));
        assert!(!script.contains("s3cret") && !script.contains("true,") && !script.contains("null"));
        assert!(!to_python(&endpoint(false), &payload()).contains("import os"));
    }

    #[test]
    fn copies_leave_the_query_to_the_environment() {
        let endpoint = Endpoint::parse("https://h/x?code=KEY&v=1").unwrap();
        let (curl, python) = (to_curl(&endpoint, &payload()), to_python(&endpoint, &payload()));
        assert!(curl.starts_with("curl -N 'https://h/x'\"?$FLOWDECK_QUERY\" \\\n"), "{curl}");
        assert!(python.starts_with("import os\n\nimport requests\n"));
        assert!(
            python.contains("    \"https://h/x\" + \"?\" + os.environ[\"FLOWDECK_QUERY\"],\n"),
            "{python}"
        );
        assert!(!curl.contains("KEY") && !python.contains("KEY"));
    }

    #[test]
    fn python_reads_the_body_back() {
        let program = format!("import json\nprint(json.dumps({}))", python_literal(&payload()));
        let Ok(python) = std::process::Command::new("python3").arg("-c").arg(program).output() else {
            return;
        };
        let read: Value = serde_json::from_slice(&python.stdout).unwrap();
        assert_eq!(read, serde_json::from_str::<Value>(&payload().to_json()).unwrap());
    }
}
