//! The request of a turn for a shell and for a script.
//!
//! A copy never holds a token, nor the address's query, which may be a key, nor a header's secret: it reads
//! `FLOWDECK_TOKEN`, of Databricks `DATABRICKS_TOKEN`, `FLOWDECK_QUERY` and the headers' own variables from the
//! environment.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter};

use super::attachment::Attachment;
use super::endpoint::Endpoint;
use super::headers::SentHeader;
use super::request::{ACCEPT, Payload, RETURN_TRACE_ID};

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
    if sends_token(endpoint) {
        // Double quotes: the shell puts the token in.
        lines.push(format!("-H \"Authorization: Bearer ${}\"", token_variable(endpoint)));
    }
    for SentHeader { header, .. } in endpoint.headers() {
        lines.push(match header.variable() {
            Some((word, variable)) => format!("-H \"{}: {word}${variable}\"", header.name),
            None => format!("-H {}", shell_quoted(&header.line())),
        });
    }
    if let Some(path) = &endpoint.tls().ca_file {
        lines.push(format!("--cacert {}", shell_quoted(&path.display().to_string())));
    }
    if endpoint.is_unverified() {
        lines.push("--insecure".to_owned());
    }
    let (payload, files) = payload.abridged();
    let body = payload.to_json_for(endpoint);
    if files.is_empty() {
        lines.push(format!("--data-raw {}", shell_quoted(&body)));
        return lines.join(" \\\n  ");
    }
    lines.push("--data-binary @-".to_owned());
    format!("{{\n{}}} | {}", shell_pieces(&body, &files), lines.join(" \\\n  "))
}

/// Commands that print a body with the contents of files in it, which are too long for a command line.
fn shell_pieces(body: &str, files: &[Attachment]) -> String {
    let mut commands = String::new();
    let mut rest = body;
    let next = |rest: &str| {
        let found = files.iter().filter_map(|file| Some((rest.find(&file.stand_in())?, file)));
        found.min_by_key(|(at, _)| *at)
    };
    while let Some((at, file)) = next(rest) {
        let (before, after) = rest.split_at(at);
        let before = shell_quoted(&format!("{before}data:{};base64,", file.media_type()));
        let name = shell_quoted(&format!("./{}", file.name()));
        commands += &["  printf %s ", &before, "\n  base64 < ", &name, " | tr -d '\\n'\n"].concat();
        rest = after.strip_prefix(file.stand_in().as_str()).unwrap_or(after);
    }
    commands + &format!("  printf %s {}\n", shell_quoted(rest))
}

/// Reads a file in Python as `data_url` in a script.
const DATA_URL: &str = "def data_url(path, media_type):\n    with open(path, \"rb\") as file:\n        content = base64.b64encode(file.read()).decode()\n    return f\"data:{media_type};base64,{content}\"\n\n\n";

/// A body as a Python literal, and what has to stand before it: large files are read where the script runs.
fn python_body(endpoint: &Endpoint, payload: &Payload) -> (String, &'static str) {
    let (payload, files) = payload.abridged();
    let mut body = indented(&payload.body(endpoint));
    for file in &files {
        let (name, kind) = (python_literal(&file.name()), python_literal(&file.media_type()));
        body = body.replace(&format!("\"{}\"", file.stand_in()), &format!("data_url({name}, {kind})"));
    }
    (body, if files.is_empty() { "" } else { DATA_URL })
}

/// The request as a Python script that uses `requests`.
pub fn to_python(endpoint: &Endpoint, payload: &Payload) -> String {
    let mut headers = vec![("Accept", format!("\"{ACCEPT}\"")), (RETURN_TRACE_ID, "\"true\"".to_owned())];
    if sends_token(endpoint) {
        let value = format!("\"Bearer \" + os.environ[\"{}\"]", token_variable(endpoint));
        headers.push(("Authorization", value));
    }
    for SentHeader { header, .. } in endpoint.headers() {
        let value = match header.variable() {
            Some(("", variable)) => format!("os.environ[\"{variable}\"]"),
            Some((word, variable)) => format!("\"{word}\" + os.environ[\"{variable}\"]"),
            None => python_literal(&header.value),
        };
        headers.push((&header.name, value));
    }
    let mut script = String::new();
    let (body, define) = python_body(endpoint, payload);
    if !define.is_empty() {
        script.push_str("import base64\n");
    }
    if endpoint.has_query() || headers.iter().any(|(_, value)| value.contains("os.environ[")) {
        script.push_str("import os\n\n");
    } else if !define.is_empty() {
        script.push('\n');
    }
    let headers: Vec<String> =
        headers.iter().map(|(name, value)| format!("        \"{name}\": {value},\n")).collect();
    let mut url = python_literal(&endpoint.shown_url());
    if endpoint.has_query() {
        url.push_str(" + \"?\" + os.environ[\"FLOWDECK_QUERY\"]");
    }
    let gap = if define.is_empty() { "\n" } else { "\n\n" };
    let post = format!(
        "import requests\n{gap}{define}with requests.post(\n    {url},\n    headers={{\n{}    }},\n",
        headers.concat()
    );
    script.push_str(&post);
    let body = format!("    json={body},\n    stream=True,\n");
    script.push_str(&body);
    if endpoint.is_unverified() {
        script.push_str("    verify=False,\n");
    } else if let Some(path) = &endpoint.tls().ca_file {
        let verify = format!("    verify={},\n", python_literal(&path.display().to_string()));
        script.push_str(&verify);
    }
    script.push_str(") as response:\n");
    script.push_str("    response.raise_for_status()\n    for line in response.iter_lines():\n");
    script.push_str("        if line:\n            print(line.decode(\"utf-8\"))\n");
    script
}

/// The request as a Python script that uses MLflow's deployment client, where the endpoint is one that it knows: a
/// Databricks serving endpoint, or a route of MLflow's gateway. It reads the login from its own variables.
pub fn to_deployments(endpoint: &Endpoint, payload: &Payload) -> Option<String> {
    let (target, name) = deployment(endpoint)?;
    let (inputs, define) = python_body(endpoint, payload);
    let call = format!("(\n    endpoint={},\n    inputs={inputs},\n)", python_literal(&name));
    let client = python_literal(&target);
    let run = if payload.stream && target == DATABRICKS {
        format!("for chunk in client.predict_stream{call}:\n    print(chunk)\n")
    } else {
        format!("print(client.predict{call})\n")
    };
    let import = "from mlflow.deployments import get_deploy_client";
    let (before, gap) = if define.is_empty() { ("", "\n") } else { ("import base64\n\n", "\n\n") };
    Some(format!("{before}{import}\n{gap}{define}client = get_deploy_client({client})\n{run}"))
}

/// Whether [`to_deployments`] has a script for an endpoint.
pub fn is_deployment(endpoint: &Endpoint) -> bool {
    deployment(endpoint).is_some()
}

/// The variable in which a shell is likely to have the token.
fn token_variable(endpoint: &Endpoint) -> &'static str {
    if endpoint.is_databricks() { "DATABRICKS_TOKEN" } else { "FLOWDECK_TOKEN" }
}

/// How the deployment client names Databricks, whose address and token it takes from `DATABRICKS_HOST` and
/// `DATABRICKS_TOKEN`.
const DATABRICKS: &str = "databricks";

/// The client's target and the endpoint's name: `…/serving-endpoints/<name>/invocations` and
/// `…/gateway/<name>/invocations` (`mlflow/deployments/{databricks,mlflow}/__init__.py`).
fn deployment(endpoint: &Endpoint) -> Option<(String, String)> {
    if let Some(name) = endpoint.databricks_name() {
        return Some((DATABRICKS.to_owned(), name.to_owned()));
    }
    let mut base = endpoint.url().clone();
    let path = base.path().strip_suffix("/invocations")?.to_owned();
    let (before, name) =
        path.split_once("/gateway/").filter(|(_, name)| !name.is_empty() && !name.contains('/'))?;
    base.set_path(before);
    base.set_query(None);
    Some((base.as_str().trim_end_matches('/').to_owned(), name.to_owned()))
}

fn indented(body: &impl Serialize) -> String {
    python_literal(body).replace('\n', "\n    ")
}

/// Unless a header of its own takes the token's place.
fn sends_token(endpoint: &Endpoint) -> bool {
    let own = |sent: &SentHeader| sent.header.name.eq_ignore_ascii_case("authorization");
    endpoint.token().is_some() && !endpoint.headers().iter().any(own)
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
    use serde_json::Value;

    use super::*;
    use crate::agent::attachment::Message;
    use crate::agent::dialect::RequestDialect;
    use crate::agent::endpoint::Token;
    use crate::agent::headers::Header;
    use crate::agent::request::RequestFields;
    use crate::agent::request::tests::payload;
    use crate::agent::tls::Tls;
    use crate::agent::wire::InputItem;

    fn endpoint(token: bool) -> Endpoint {
        let endpoint = Endpoint::parse("localhost:5001").unwrap();
        if token { endpoint.with_token(Token::new("s3cret")) } else { endpoint }
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

    #[test]
    fn copies_follow_dialect_headers_and_certificates() {
        let headers =
            Header::parse_lines("X-Team: it's us\nApi-Key: $KEY\nAuthorization: Basic $LOGIN").unwrap();
        let endpoint = Endpoint::parse("https://h/v1/chat/completions")
            .unwrap()
            .with_fields(RequestFields::parse("{\"model\": \"m\"}").unwrap())
            .with_headers(&headers, |_| Some("s3cret".to_owned()))
            .with_token(Token::new("s3cret"))
            .with_tls(Tls { ca_file: Some("/etc/ca.pem".into()), unverified: false });
        let (curl, python) = (to_curl(&endpoint, &payload()), to_python(&endpoint, &payload()));
        assert!(curl.contains("-H 'X-Team: it'\\''s us' \\\n  -H \"Api-Key: $KEY\""), "{curl}");
        assert!(curl.contains("-H \"Authorization: Basic $LOGIN\"") && !curl.contains("FLOWDECK_TOKEN"));
        assert!(
            curl.contains("--cacert '/etc/ca.pem'") && curl.contains("{\"messages\":[{\"role\":\"user\"")
        );
        assert!(python.contains("\"Api-Key\": os.environ[\"KEY\"],"), "{python}");
        assert!(python.contains("\"Authorization\": \"Basic \" + os.environ[\"LOGIN\"],"));
        assert!(python.contains("\"model\": \"m\"") && python.contains("verify=\"/etc/ca.pem\","));
        assert!(!curl.contains("s3cret") && !python.contains("s3cret"));
        let unverified = endpoint.with_tls(Tls { ca_file: None, unverified: true });
        assert!(to_curl(&unverified, &payload()).contains("--insecure"));
        assert!(to_python(&unverified, &payload()).contains("verify=False,"));
    }

    #[test]
    fn deployments_have_a_client_of_their_own() {
        let databricks =
            Endpoint::parse("https://adb-1.azuredatabricks.net/serving-endpoints/my-agent").unwrap();
        let script = to_deployments(&databricks.with_dialect(RequestDialect::ChatAgent), &payload()).unwrap();
        assert!(script.contains("get_deploy_client(\"databricks\")\nfor chunk in client.predict_stream(\n    endpoint=\"my-agent\","));
        assert!(script.contains("        \"messages\": ["), "{script}");
        let gateway = Endpoint::parse("http://h:7000/gateway/chat/invocations").unwrap();
        let script = to_deployments(&gateway, &payload()).unwrap();
        assert!(
            script.contains(
                "get_deploy_client(\"http://h:7000\")\nprint(client.predict(\n    endpoint=\"chat\","
            )
        );
        assert!(script.ends_with("    },\n))\n"), "{script}");
        assert_eq!(to_deployments(&endpoint(false), &payload()), None);
    }

    #[test]
    fn python_understands_the_scripts() {
        let databricks = Endpoint::parse("https://h/serving-endpoints/a").unwrap();
        let scripts = [
            to_python(&databricks.clone().with_tls(Tls { ca_file: None, unverified: true }), &payload()),
            to_deployments(&databricks, &payload()).unwrap(),
            to_deployments(&Endpoint::parse("http://h/gateway/a/invocations").unwrap(), &payload()).unwrap(),
        ];
        for script in scripts {
            let compiled = std::process::Command::new("python3")
                .args(["-c", "import ast, sys; ast.parse(sys.argv[1])"])
                .arg(&script)
                .status();
            let Ok(compiled) = compiled else { return };
            assert!(compiled.success(), "{script}");
        }
    }

    #[test]
    fn large_files_are_read_where_the_copy_runs() {
        let folder = tempfile::tempdir().unwrap();
        let data: Vec<u8> = (0..=255_u8).cycle().take(3_000).collect();
        std::fs::write(folder.path().join("it's.bin"), &data).unwrap();
        let file = Attachment::new("it's.bin", data);
        let message = Message { text: "look".into(), attachments: vec![file.clone(), file.clone()] };
        let payload = Payload::new(vec![InputItem::user(&message)]);
        let expected: Value = serde_json::from_str(&payload.to_json()).unwrap();
        let (curl, python) = (to_curl(&endpoint(false), &payload), to_python(&endpoint(false), &payload));
        assert!(curl.len() < 2_000 && python.len() < 2_000 && !curl.contains(&file.stand_in()), "{curl}");
        let printed = curl.replace("| curl", "| cat; exit; curl");
        let run = |program: &str, script: &str| {
            let mut command = std::process::Command::new(program);
            command.arg("-c").arg(script).current_dir(&folder).output().ok()
        };
        if let Some(shell) = run("sh", &printed) {
            assert_eq!(serde_json::from_slice::<Value>(&shell.stdout).unwrap(), expected);
        }
        let read = python.replace("import requests", "import json, sys").replace(
            "with requests.post(",
            "def post(*_, json, **__): print(__import__(\"json\").dumps(json)); sys.exit()\nwith post(",
        );
        if let Some(python) = run("python3", &read) {
            assert_eq!(serde_json::from_slice::<Value>(&python.stdout).unwrap(), expected, "{read}");
        }
    }
}
