//! Seeded MLflow servers and the model servers that belong to them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::process::{Supervised, free_port, python_command, tests_dir};
use super::python;

/// The user that [`Servers::basic_auth`] knows.
const ADMIN: (&str, &str) = ("admin", "flowdeck-admin-1");

/// A `mlflow server` with its store, and on demand the model servers that load from it. All end when it is dropped.
pub struct Servers {
    uri: String,
    login: bool,
    seed: Value,
    home: PathBuf,
    minimal: OnceLock<Endpoint>,
    streaming: OnceLock<Endpoint>,
    raising: OnceLock<Endpoint>,
    agent_server: OnceLock<Endpoint>,
    // The last: model servers are gone before the server that they trace to.
    _server: Supervised,
}

impl Servers {
    /// The seeded server of this test binary, started at the first call. Leave what the seed made as it is.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Servers> = OnceLock::new();
        SHARED.get_or_init(Self::fresh)
    }

    /// A seeded server for one test alone. It takes about 10 s of one core to start: prefer [`Self::make_model`].
    pub fn fresh() -> Self {
        Self::start(seeded_store(), &[])
    }

    /// A server with nothing in it but MLflow's `Default` experiment.
    pub fn empty() -> Self {
        Self::start(temporary_folder(), &[])
    }

    /// A seeded server that asks for a login: [`Self::user`] and [`Self::password`].
    pub fn basic_auth() -> Self {
        Self::start(seeded_store(), &["--app-name", "basic-auth"])
    }

    /// An empty server with workspaces: `default` and what [`Self::python`] makes.
    pub fn with_workspaces() -> Self {
        Self::start(temporary_folder(), &["--enable-workspaces"])
    }

    /// A server that accepts only this host name, so not the one of [`Self::uri`].
    pub fn allowing_only(host: &str) -> Self {
        Self::start(temporary_folder(), &["--allowed-hosts", host])
    }

    fn start(home: PathBuf, more: &[&str]) -> Self {
        let seed = std::fs::read(home.join("seed.json"))
            .map_or(Value::Null, |text| serde_json::from_slice(&text).expect("seed.py writes JSON"));
        let database = format!("sqlite:///{}", home.join("mlflow.db").display());
        let artifacts = home.join("artifacts").display().to_string();
        let env = [("MLFLOW_AUTH_ADMIN_PASSWORD", ADMIN.1), ("MLFLOW_FLASK_SERVER_SECRET_KEY", "for tests")];
        let (server, address) = start_answering(&home, "mlflow", "/health", true, &env, |port| {
            let fixed = ["mlflow", "server", "--host", "127.0.0.1", "--workers", "1", "--port", port];
            let stores = ["--backend-store-uri", &database, "--artifacts-destination", &artifacts];
            [&fixed[..], &stores[..], more].concat().into_iter().map(str::to_owned).collect()
        });
        Self {
            uri: format!("http://{address}"),
            login: more.contains(&"basic-auth"),
            seed,
            home,
            minimal: OnceLock::new(),
            streaming: OnceLock::new(),
            raising: OnceLock::new(),
            agent_server: OnceLock::new(),
            _server: server,
        }
    }

    /// The tracking URI, `http://127.0.0.1:<port>`, without a slash at the end.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The administrator of [`Self::basic_auth`].
    pub fn user(&self) -> Option<&'static str> {
        self.login.then_some(ADMIN.0)
    }

    /// The administrator's password.
    pub fn password(&self) -> Option<&'static str> {
        self.login.then_some(ADMIN.1)
    }

    /// The SQLite file, for what only SQL can bring about, and the server's log beside it (`mlflow.log`).
    pub fn database(&self) -> PathBuf {
        self.home.join("mlflow.db")
    }

    /// The id of a seeded experiment.
    pub fn experiment_id(&self, name: &str) -> &str {
        self.seeded("experiments", name)
    }

    /// The id of a seeded run; runs of one name do not occur, except in what a test makes itself.
    pub fn run_id(&self, name: &str) -> &str {
        self.seeded("runs", name)
    }

    /// The id (`m-…`) of the logged model behind a seeded version, as `Name/7`.
    pub fn logged_model_id(&self, version: &str) -> &str {
        self.seeded("logged_models", version)
    }

    fn seeded(&self, kind: &str, name: &str) -> &str {
        self.seed[kind][name].as_str().unwrap_or_else(|| panic!("the seed has no {name:?} among its {kind}"))
    }

    /// Runs Python with `client` (an `MlflowClient` of this server) and `mlflow`; the value of the last expression.
    /// Entities come back as objects, NaN and ±infinity as strings.
    ///
    /// # Panics
    /// With the traceback when it raises.
    pub fn python(&self, code: &str) -> Value {
        self.python_with(code, &Value::Null)
    }

    /// [`Self::python`] with `args` to use in the code, so that nothing has to be quoted.
    pub fn python_with(&self, code: &str, args: &Value) -> Value {
        let login = [("MLFLOW_TRACKING_USERNAME", ADMIN.0), ("MLFLOW_TRACKING_PASSWORD", ADMIN.1)];
        python::run(&self.uri, if self.login { &login } else { &[] }, code, args)
    }

    /// A registered model for a test of its own: versions `1..=versions`, each made from a run with params and metrics
    /// that differ (in the experiment `agents`), and aliases on them. The name must be new.
    pub fn make_model(&self, name: &str, versions: u32, aliases: &[(&str, u32)]) {
        let code = r#"
import mlflow.entities as e
client.create_registered_model(args["name"], {"made_by": "test"})
experiment = client.get_experiment_by_name("agents") or client.get_experiment("0")
for number in range(1, args["versions"] + 1):
    run = client.create_run(experiment.experiment_id, run_name=f"{args['name']}-{number}")
    metrics = [e.Metric("answer_correctness", 0.5 + number / 100, 1, 0), e.Metric("latency_s", 4 - number / 10, 1, 0)]
    params = [e.Param("prompt_version", f"v{number}"), e.Param("max_tokens", "1024")]
    client.log_batch(run.info.run_id, metrics, params)
    client.set_terminated(run.info.run_id)
    client.create_model_version(args["name"], f"runs:/{run.info.run_id}/agent", run.info.run_id)
for alias, version in args["aliases"]:
    client.set_registered_model_alias(args["name"], alias, version)
"#;
        self.python_with(code, &json!({ "name": name, "versions": versions, "aliases": aliases }));
    }

    /// Where Python's client finds the alias; `None` when it is not set.
    pub fn alias(&self, model: &str, alias: &str) -> Option<u32> {
        // In one request: an alias may go between two.
        let code = "client.get_registered_model(args[0]).aliases.get(args[1])";
        let version = self.python_with(code, &json!([model, alias]));
        version.as_str().map_or_else(|| version.as_u64().map(|it| it as u32), |it| it.parse().ok())
    }

    /// Moves an alias behind Flowdeck's back.
    pub fn set_alias(&self, model: &str, alias: &str, version: u32) {
        self.python_with("client.set_registered_model_alias(*args)", &json!([model, alias, version]));
    }

    /// `mlflow models serve` of `MyMinimalAgent_Registered@prod`: answers `hello world`, never streams.
    pub fn serve_minimal(&self) -> &Endpoint {
        self.minimal.get_or_init(|| self.serve("models:/MyMinimalAgent_Registered@prod"))
    }

    /// `mlflow models serve` of an agent with reasoning, a tool call and Markdown, which this server cannot stream.
    pub fn serve_streaming_scoring(&self) -> &Endpoint {
        self.streaming.get_or_init(|| self.serve("models:/StreamingAgent@prod"))
    }

    /// `mlflow models serve` of an agent that raises: 400 with a `stack_trace`.
    pub fn serve_raising(&self) -> &Endpoint {
        self.raising.get_or_init(|| self.serve("models:/RaisingAgent@prod"))
    }

    /// An `AgentServer`, which streams; `tests/python/agents/streaming.py` says what it does on which words.
    pub fn agent_server(&self) -> &Endpoint {
        self.agent_server.get_or_init(|| self.serve_agent_server("agent-server", &[]))
    }

    /// An `AgentServer` of its own whose `/agent/info` names this model: `m-…` or `models:/name/7`.
    pub fn agent_server_naming(&self, model: &str) -> Endpoint {
        self.serve_agent_server("naming-agent-server", &[model])
    }

    fn serve_agent_server(&self, log: &str, more: &[&str]) -> Endpoint {
        let app = tests_dir().join("python/serve_agent_server.py").display().to_string();
        self.endpoint(log, "/health", |port| {
            let fixed = ["python", &app, port];
            fixed.iter().chain(more).map(|&it| it.to_owned()).collect()
        })
    }

    /// Registers `CountingAgent`, a `ChatAgent`, and `CountingModel`, which takes chat completions, with an alias
    /// `prod` each, to be served: `tests/python/agents/chat_*.py` say what they answer.
    pub fn register_chat_models(&self) {
        let code = r#"
mlflow.set_experiment("chat models")
for name, file in args.items():
    pins = [f"mlflow=={mlflow.__version__}"]
    mlflow.pyfunc.log_model(name="agent", python_model=file, pip_requirements=pins, registered_model_name=name)
    client.set_registered_model_alias(name, "prod", "1")
"#;
        let file = |name: &str| tests_dir().join("python/agents").join(name).display().to_string();
        let models =
            json!({ "CountingAgent": file("chat_agent.py"), "CountingModel": file("chat_model.py") });
        self.python_with(code, &models);
    }

    /// `mlflow models serve` of any model in this registry; about 9 s of one core to start.
    pub fn serve(&self, model_uri: &str) -> Endpoint {
        let log: String =
            model_uri.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        self.endpoint(&log, "/ping", |port| {
            let fixed = ["mlflow", "models", "serve", "--env-manager", "local", "-m", model_uri, "-p", port];
            fixed.map(str::to_owned).to_vec()
        })
    }

    fn endpoint(&self, log: &str, ready: &str, arguments: impl Fn(&str) -> Vec<String>) -> Endpoint {
        let env = [("MLFLOW_TRACKING_URI", self.uri.as_str())];
        let (process, address) = start_answering(&self.home, log, ready, false, &env, arguments);
        Endpoint { url: format!("http://{address}/invocations"), _process: process }
    }
}

/// A model server; it ends when it is dropped.
pub struct Endpoint {
    url: String,
    _process: Supervised,
}

impl Endpoint {
    /// The address that Responses payloads are posted to: `http://127.0.0.1:<port>/invocations`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same without `/invocations`, for a [`super::Proxy`].
    pub fn root(&self) -> &str {
        self.url.trim_end_matches("/invocations")
    }
}

/// Starts a command on a free port; on another one when somebody was quicker.
fn start_answering(
    home: &Path,
    log: &str,
    ready: &str,
    owns_home: bool,
    env: &[(&str, &str)],
    arguments: impl Fn(&str) -> Vec<String>,
) -> (Supervised, SocketAddr) {
    let log = home.join(log).with_extension("log");
    for attempt in 1..=3 {
        let port = free_port();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let arguments = arguments(&port.to_string());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut process = Supervised::start(home, &log, owns_home, &arguments, env);
        match process.wait_until_ready(address, ready) {
            Ok(()) => return (process, address),
            Err(why) => {
                let text = std::fs::read_to_string(&log).unwrap_or_default();
                eprintln!("attempt {attempt}: {} on {address}: {why}\n{text}", arguments.join(" "));
                assert!(text.contains("in use"), "a server did not start");
            }
        }
    }
    panic!("no free port in three attempts")
}

/// The supervisor of the server in it removes it.
fn temporary_folder() -> PathBuf {
    tempfile::Builder::new().prefix("flowdeck-store-").tempdir().expect("a temporary folder").keep()
}

/// A copy of the seeded store, which is made at the first call on this machine (about 25 s) and kept.
fn seeded_store() -> PathBuf {
    let home = temporary_folder();
    let status = seed_command(&home).status().expect("python starts");
    assert!(status.success(), "seed.py failed");
    home
}

fn seed_command(home: &Path) -> Command {
    let mut command = python_command(home);
    command.arg(tests_dir().join("python/seed.py")).arg(home).arg("--cache").arg(cache_dir());
    command
}

/// Where `tests/python/venv.sh` keeps its things, too.
fn cache_dir() -> PathBuf {
    let named = |name| std::env::var_os(name).map(PathBuf::from);
    named("FLOWDECK_TEST_CACHE").unwrap_or_else(|| {
        let base = named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")));
        base.unwrap_or_else(std::env::temp_dir).join("flowdeck-tests")
    })
}
