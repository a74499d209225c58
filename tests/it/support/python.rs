//! One long-lived Python process with MLflow's client in it (`tests/python/worker.py`).

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};

use super::process::{python_command, tests_dir};

struct Worker {
    // Never reaped: it ends with its input, which ends with this process.
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Worker {
    fn start() -> Self {
        let home: PathBuf = std::env::temp_dir();
        let mut command = python_command(&home);
        command.arg(tests_dir().join("python/worker.py"));
        command.env("MLFLOW_LOGGING_LEVEL", "ERROR").env("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python starts");
        let input = child.stdin.take().expect("a piped input");
        let output = BufReader::new(child.stdout.take().expect("a piped output"));
        Self { _child: child, input, output }
    }

    fn ask(&mut self, request: &Value) -> std::io::Result<Value> {
        writeln!(self.input, "{request}")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}

/// Runs `code` with `uri` as its tracking URI; see `worker.py` for what it sees and how values come back.
///
/// # Panics
/// With the Python traceback when the code raises.
pub fn run(uri: &str, env: &[(&str, &str)], code: &str, args: &Value) -> Value {
    static WORKER: OnceLock<Mutex<Worker>> = OnceLock::new();
    let env: serde_json::Map<String, Value> =
        env.iter().map(|&(key, value)| (key.into(), value.into())).collect();
    let request = json!({ "uri": uri, "env": env, "args": args, "code": code });
    let worker = WORKER.get_or_init(|| Mutex::new(Worker::start()));
    let answer = worker.lock().unwrap_or_else(PoisonError::into_inner).ask(&request);
    let mut answer = answer.expect("the Python process answers a line of JSON");
    match answer.get("error") {
        Some(error) => panic!("{}", error.as_str().unwrap_or("Python failed")),
        None => answer["ok"].take(),
    }
}
