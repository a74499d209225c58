//! Child processes that die with the tests.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// A server may start slowly on two busy cores.
const START_TIMEOUT: Duration = Duration::from_mins(3);

/// The `tests` folder of the checkout.
pub fn tests_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The Python that `tests/run` has prepared.
///
/// # Panics
/// When `FLOWDECK_TEST_PYTHON` is not set.
pub fn python_exe() -> PathBuf {
    std::env::var_os("FLOWDECK_TEST_PYTHON").map(PathBuf::from).expect(
        "FLOWDECK_TEST_PYTHON is not set. Run the tests with `tests/run` (which prepares MLflow), or set it: \
         export FLOWDECK_TEST_PYTHON=\"$(tests/python/venv.sh)\"",
    )
}

/// A Python command with nobody's own MLflow settings in its environment, and the venv's programs on its PATH.
pub fn python_command(home: &Path) -> Command {
    let python = python_exe();
    let bin = python.parent().expect("a path of a program has a parent").to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&path)));
    let mut command = Command::new(python);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["MLFLOW_", "DATABRICKS_"].iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command
        .env("PATH", path.expect("PATH was split from a PATH"))
        .env("HOME", home)
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("GIT_PYTHON_REFRESH", "quiet")
        .env("DO_NOT_TRACK", "true")
        .env("MLFLOW_DISABLE_TELEMETRY", "true")
        .env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
        .env("PYTHONWARNINGS", "ignore")
        .current_dir(home);
    command
}

/// A command that runs until this value is dropped or this process is gone.
pub struct Supervised {
    child: Child,
}

impl Supervised {
    /// Starts `arguments` under the supervisor, which writes their output to `log` and in the end removes `folder`.
    pub fn start(home: &Path, log: &Path, remove: bool, arguments: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = python_command(home);
        command.arg(tests_dir().join("python/supervise.py")).arg("--log").arg(log);
        if remove {
            command.arg("--remove").arg(home);
        }
        command.arg("--").args(arguments).envs(env.iter().copied());
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("python starts");
        Self { child }
    }

    /// Waits until `GET path` answers 200.
    ///
    /// # Errors
    /// When the command has ended or the time is up.
    pub fn wait_until_ready(&mut self, address: SocketAddr, path: &str) -> Result<(), &'static str> {
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            if get_status(address, path) == Some(200) {
                return Ok(());
            }
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                return Err("it ended");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err("it does not answer")
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        if let Err(error) = self.child.wait() {
            eprintln!("waiting for a supervisor: {error}");
        }
    }
}

/// A port that nobody listened on a moment ago, below those that the system gives out by itself: a proxy of another
/// test that was given the same one would answer in the server's place until it is dropped.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + (std::process::id() % 15_000) as u16;
    (0..1_000)
        .map(|_| first + NEXT.fetch_add(1, Ordering::Relaxed) % 5_000)
        .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        .expect("a free port")
}

/// The status of a `GET`, by hand: there need not be a runtime here.
fn get_status(address: SocketAddr, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    std::str::from_utf8(&head).ok()?.strip_prefix("HTTP/1.1 ")?.parse().ok()
}
