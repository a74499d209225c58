//! The app's side of the watchdog: starts it, tells it what to do, hears what becomes of the command.

use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{ChildStderr, ChildStdout};

use super::output::Lines;
use super::supervise::{KEEP, STOP, SUPERVISE};

/// Environment variables, which may hold a login: no `Debug` shows a value.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Variables(Vec<(String, Option<String>)>);

impl Variables {
    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), Some(value.into())));
    }

    /// Takes a variable away, so that the command does not inherit it.
    pub fn unset(&mut self, name: &str) {
        self.0.push((name.to_owned(), None));
    }

    /// The value that the command is given; `None` also for what it inherits.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name)?.1.as_deref()
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// A command to run.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// What it is given beside the environment of the app.
    pub variables: Variables,
    /// Folders that come first on its `PATH`: MLflow calls `uvicorn` by name.
    pub path: Vec<PathBuf>,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It could not be started, and why.
    NotStarted(String),
    /// By itself or because it was told to, with its exit code.
    Exited(Option<i32>),
    /// Killed by a signal.
    Signal(i32),
    /// The watchdog is gone: nobody knows.
    Lost,
}

/// What a command reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It runs, as this process.
    Started(u32),
    /// It printed lines.
    Output(Vec<String>),
    /// It is over, and its whole process group with it. The last event.
    Ended(End),
}

/// The hold on a command. Dropping it stops the command, unless [`Control::keep`] was called.
#[derive(Debug)]
pub struct Control(ChildStdin);

impl Control {
    /// Asks it to end, kills it after a few seconds; [`Event::Ended`] follows.
    pub fn stop(&mut self) {
        self.tell(STOP);
    }

    /// Leaves it running when the app ends.
    pub fn keep(&mut self) {
        self.tell(KEEP);
    }

    fn tell(&mut self, word: &str) {
        // A watchdog that is gone has told its end already.
        writeln!(self.0, "{word}").and_then(|()| self.0.flush()).ok();
    }
}

/// A command under way.
#[derive(Debug)]
pub struct Process {
    output: Option<ChildStdout>,
    reports: Option<tokio::io::Lines<BufReader<ChildStderr>>>,
    lines: Lines,
    end: Option<End>,
    watchdog: Option<Child>,
}

/// Starts a command under the watchdog, which is the program `watchdog` with [`SUPERVISE`]. Needs a runtime; takes a
/// few milliseconds, off the UI thread.
///
/// # Errors
/// When the watchdog cannot be started; of the command itself [`Event::Ended`] tells.
pub async fn launch(watchdog: &Path, launch: Launch) -> io::Result<(Control, Process)> {
    let watchdog = watchdog.to_owned();
    let spawned = tokio::task::spawn_blocking(move || spawn(&watchdog, &launch));
    let mut child = spawned.await.map_err(io::Error::other)??;
    let gone = || io::Error::other("a pipe is missing");
    let control = Control(child.stdin.take().ok_or_else(gone)?);
    let output = ChildStdout::from_std(child.stdout.take().ok_or_else(gone)?)?;
    let reports = ChildStderr::from_std(child.stderr.take().ok_or_else(gone)?)?;
    let process = Process {
        output: Some(output),
        reports: Some(BufReader::new(reports).lines()),
        lines: Lines::default(),
        end: None,
        watchdog: Some(child),
    };
    Ok((control, process))
}

fn spawn(watchdog: &Path, launch: &Launch) -> io::Result<Child> {
    let mut command = Command::new(watchdog);
    command.arg(SUPERVISE).args(&launch.command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, value) in &launch.variables.0 {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = launch.path.iter().cloned().chain(std::env::split_paths(&path));
    if let Ok(path) = std::env::join_paths(path) {
        command.env("PATH", path);
    }
    // Ctrl+C in the terminal of the app must not end the watchdog before its work is done.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(&mut command, CREATE_NO_WINDOW);
    command.spawn()
}

/// No console window beside the app's.
#[cfg(windows)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

impl Process {
    /// What happens next; `None` after [`Event::Ended`]. Can be dropped while it waits.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let mut buffer = [0; 8192];
            tokio::select! {
                read = read(self.output.as_mut(), &mut buffer), if self.output.is_some() => {
                    if let Some(lines) = self.take(&buffer[..read]) {
                        return Some(Event::Output(lines));
                    }
                }
                line = next_line(self.reports.as_mut()), if self.reports.is_some() => {
                    match line {
                        Some(line) => if let Some(pid) = self.hear(&line) {
                            return Some(Event::Started(pid));
                        },
                        None => self.reports = None,
                    }
                }
                else => return self.ended().await,
            }
        }
    }

    /// Lines that are whole now; the last one when nothing comes any more.
    fn take(&mut self, bytes: &[u8]) -> Option<Vec<String>> {
        let lines = if bytes.is_empty() {
            self.output = None;
            self.lines.finish().into_iter().collect()
        } else {
            self.lines.push(bytes)
        };
        Some(lines).filter(|lines| !lines.is_empty())
    }

    fn hear(&mut self, report: &str) -> Option<u32> {
        let (word, rest) = report.split_once(' ').unwrap_or((report, ""));
        match word {
            "pid" => return rest.parse().ok(),
            "failed" => self.end = Some(End::NotStarted(rest.to_owned())),
            "exited" => self.end = Some(End::Exited(rest.parse().ok())),
            "signal" => self.end = rest.parse().ok().map(End::Signal),
            _ => {}
        }
        None
    }

    async fn ended(&mut self) -> Option<Event> {
        let mut watchdog = self.watchdog.take()?;
        // Its pipes are closed: it is over, and leaves no zombie.
        tokio::task::spawn_blocking(move || watchdog.wait()).await.ok();
        Some(Event::Ended(self.end.take().unwrap_or(End::Lost)))
    }
}

async fn read(output: Option<&mut ChildStdout>, buffer: &mut [u8]) -> usize {
    match output {
        Some(output) => output.read(buffer).await.unwrap_or(0),
        None => 0,
    }
}

async fn next_line(reports: Option<&mut tokio::io::Lines<BufReader<ChildStderr>>>) -> Option<String> {
    reports?.next_line().await.ok().flatten()
}
