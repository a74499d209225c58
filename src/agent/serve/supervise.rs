//! The watchdog between the app and what it serves: a process of its own, whose only work is to end the others.
//!
//! It is told by lines on its input: [`STOP`], [`KEEP`]. When the input ends without `keep`, as it does when the
//! app is killed, it stops too. What the command prints goes to its output, what becomes of the command to its
//! errors, line by line: `pid 4711`, then `failed <reason>`, `exited 1` or `signal 9`.

use std::ffi::OsString;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use process_wrap::std::{ChildWrapper, CommandWrap};

/// The argument that makes this program a watchdog; the command follows.
pub const SUPERVISE: &str = "--supervise";
/// Ends the command.
pub(super) const STOP: &str = "stop";
/// The command goes on when the input ends.
pub(super) const KEEP: &str = "keep";

/// How often it looks whether the command has ended.
const LOOK: Duration = Duration::from_millis(200);
/// How long a command that was asked to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(4);
/// Messages that wait; there are a handful in a life.
const MESSAGES: usize = 64;
/// `SIGTERM`
#[cfg(unix)]
const TERMINATE: i32 = 15;

/// What happened.
enum Message {
    Stop,
    Keep,
    /// The app has gone.
    InputEnded,
    /// Nobody is left who could print anything.
    OutputEnded,
}

/// Runs `command` (the program first) until it ends or is to be ended, and answers once its process group is gone.
pub fn supervise(command: impl IntoIterator<Item = OsString>) -> ExitCode {
    match start(command) {
        Ok((child, messages)) => {
            tell(&format!("pid {}", child.id()));
            let how = watch(child, &messages);
            tell(&how);
            ExitCode::SUCCESS
        }
        Err(error) => {
            tell(&format!("failed {error}"));
            ExitCode::FAILURE
        }
    }
}

fn start(
    command: impl IntoIterator<Item = OsString>,
) -> io::Result<(Box<dyn ChildWrapper>, Receiver<Message>)> {
    let mut words = command.into_iter();
    let program = words.next().ok_or_else(|| io::Error::other("no command was given"))?;
    let (output, writer) = io::pipe()?;
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut wrapped = CommandWrap::from(command);
    #[cfg(unix)]
    wrapped.wrap(process_wrap::std::ProcessGroup::leader());
    #[cfg(windows)]
    wrapped.wrap(process_wrap::std::JobObject);
    let child = wrapped.spawn()?;
    // Its ends of the pipe must not stay open here.
    drop(wrapped);
    let (sender, messages) = mpsc::sync_channel(MESSAGES);
    let telling = sender.clone();
    let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
    thread("output").spawn(move || forward(output, &telling))?;
    thread("input").spawn(move || listen(&sender))?;
    Ok((child, messages))
}

/// Waits for the command's end, or brings it about. Answers how it ended.
fn watch(mut child: Box<dyn ChildWrapper>, messages: &Receiver<Message>) -> String {
    let (mut keep, mut silent) = (false, false);
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) => {}
            Err(_) => break None,
        }
        match messages.recv_timeout(LOOK) {
            Ok(Message::Keep) => keep = true,
            Ok(Message::InputEnded) if keep => {}
            Ok(Message::Stop | Message::InputEnded) => break end(child.as_mut(), messages, &mut silent),
            Ok(Message::OutputEnded) => silent = true,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(LOOK),
        }
    };
    // Whoever is left of the group; most often nobody.
    child.start_kill().ok();
    let deadline = Instant::now() + GRACE;
    while !silent && Instant::now() < deadline {
        match messages.recv_timeout(LOOK) {
            Ok(Message::OutputEnded) | Err(RecvTimeoutError::Disconnected) => silent = true,
            _ => {}
        }
    }
    describe(status)
}

/// Asks the group to end, waits a little, and kills it.
fn end(child: &mut dyn ChildWrapper, messages: &Receiver<Message>, silent: &mut bool) -> Option<ExitStatus> {
    #[cfg(unix)]
    child.signal(TERMINATE).ok();
    #[cfg(windows)]
    child.start_kill().ok();
    let deadline = Instant::now() + GRACE;
    let mut status = None;
    while Instant::now() < deadline && (status.is_none() || !*silent) {
        if status.is_none() {
            status = child.try_wait().ok().flatten();
        }
        match messages.recv_timeout(LOOK / 4) {
            Ok(Message::OutputEnded) => *silent = true,
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(LOOK / 4),
            _ => {}
        }
    }
    child.start_kill().ok();
    status.or_else(|| child.wait().ok())
}

fn describe(status: Option<ExitStatus>) -> String {
    #[cfg(unix)]
    if let Some(signal) = status.and_then(|status| std::os::unix::process::ExitStatusExt::signal(&status)) {
        return format!("signal {signal}");
    }
    match status.and_then(|status| status.code()) {
        Some(code) => format!("exited {code}"),
        None => "exited".to_owned(),
    }
}

fn tell(line: &str) {
    // The app may be gone: then nobody has to know.
    let mut errors = io::stderr().lock();
    writeln!(errors, "{line}").ok();
    errors.flush().ok();
}

/// Passes on what the command prints. When nobody listens any more, it is still taken, so that the command never waits.
fn forward(mut output: io::PipeReader, sender: &SyncSender<Message>) {
    let mut buffer = [0; 8192];
    loop {
        match output.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                let mut out = io::stdout().lock();
                out.write_all(&buffer[..read]).and_then(|()| out.flush()).ok();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    sender.send(Message::OutputEnded).ok();
}

fn listen(sender: &SyncSender<Message>) {
    for line in io::stdin().lock().lines() {
        let message = match line.as_deref().map(str::trim) {
            Ok(STOP) => Message::Stop,
            Ok(KEEP) => Message::Keep,
            Ok(_) => continue,
            Err(_) => break,
        };
        if sender.send(message).is_err() {
            return;
        }
    }
    sender.send(Message::InputEnded).ok();
}
