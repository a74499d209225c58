//! One model that is served here, or was.

use super::job::{Job, News};
use super::log::Log;
use super::{ServeCommand, version_label};
use crate::agent::serve::{Control, Diagnosis, End, EnvManager, Launcher, diagnose};
use crate::entities::{Millis, VersionNumber};
use crate::state::format;
use crate::state::notices::Notices;
use crate::state::tasks::{Feed, Polled, Tasks};

/// News that wait to be drained.
const CHANNEL: usize = 64;
/// News that are taken in one frame: a process that prints without end must not stop the window.
const MOST_A_FRAME: usize = 64;

/// How a model is to be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// `models:/name@alias`, or whatever else MLflow loads.
    pub model: String,
    /// What runs it.
    pub launcher: Launcher,
    /// What the model runs in.
    pub manager: EnvManager,
    /// Where it is to listen, on this machine alone.
    pub port: u16,
    /// The program and its arguments.
    pub command: Vec<String>,
}

/// How it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It does not answer yet.
    Starting,
    /// It answers.
    Ready,
    /// It was told to end.
    Stopping,
    /// It ended because it was told to.
    Stopped,
    /// It ended by itself: why.
    Failed(Diagnosis),
}

impl Phase {
    /// In a word.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Starting => "Starting…",
            Self::Ready => "Ready",
            Self::Stopping => "Stopping…",
            Self::Stopped => "Stopped",
            Self::Failed(_) => "Failed",
        }
    }
}

/// One model that is served here, or was.
pub struct Served {
    /// Tells them apart.
    pub id: u64,
    /// As it was started.
    pub spec: Spec,
    /// How it is.
    pub phase: Phase,
    /// When it was started, or became ready, or ended.
    pub since: Millis,
    /// The version that the model's URI meant at the start, if that is known for sure.
    pub version: Option<VersionNumber>,
    /// What it printed since it was started last.
    pub log: Log,
    /// It goes on when Flowdeck is closed.
    pub kept: bool,
    /// The chat talks to it as soon as it is ready.
    pub chat: bool,
    job: Job,
    control: Option<Control>,
    feed: Option<Feed<News>>,
    again: bool,
}

impl Served {
    /// A start that nothing was done for yet. `job` is done again at each restart, with the server of the first time.
    pub(super) fn new(id: u64, job: Job, chat: bool) -> Self {
        Self {
            id,
            spec: job.spec.clone(),
            job,
            phase: Phase::Starting,
            since: format::now(),
            version: None,
            log: Log::default(),
            kept: false,
            chat,
            control: None,
            feed: None,
            again: false,
        }
    }

    /// Where it answers.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.spec.port)
    }

    /// Whether a process belongs to it.
    pub fn is_running(&self) -> bool {
        self.feed.is_some()
    }

    /// The model and, if it is known, the version: `models:/Agent@prod, v7`.
    pub fn title(&self) -> String {
        match self.version {
            Some(version) => format!("{}, {}", self.spec.model, version_label(Some(version))),
            None => self.spec.model.clone(),
        }
    }

    pub(super) fn start(&mut self, tasks: &Tasks) {
        self.log = Log::default();
        self.version = None;
        self.again = false;
        self.enter(Phase::Starting);
        self.control = None;
        let job = self.job.clone();
        self.feed = Some(tasks.spawn_feed(CHANNEL, |feeder| job.run(feeder)));
    }

    pub(super) fn stop(&mut self) {
        if !self.is_running() {
            return;
        }
        if let Some(control) = &mut self.control {
            control.stop();
            self.enter(Phase::Stopping);
        } else {
            // Nothing was started yet.
            self.feed = None;
            self.enter(Phase::Stopped);
        }
    }

    pub(super) fn restart(&mut self) {
        self.stop();
        self.again = true;
    }

    /// Whether it has ended to be started anew.
    pub(super) fn is_due(&self) -> bool {
        self.again && !self.is_running()
    }

    /// Before the app ends.
    pub(super) fn let_go(&mut self) {
        if let Some(control) = self.control.as_mut().filter(|_| self.kept) {
            control.keep();
        }
    }

    /// Takes what it reports. `true`: it has just become ready. `notices`: where nobody looks at its log.
    pub(super) fn poll(&mut self, mut notices: Option<&mut Notices>) -> bool {
        let mut became_ready = false;
        for _ in 0..MOST_A_FRAME {
            let Some(feed) = &mut self.feed else { break };
            match feed.poll() {
                Polled::Pending => break,
                Polled::Ready(News::Controlled(control)) => self.control = Some(control),
                Polled::Ready(News::Output(lines)) => lines.into_iter().for_each(|line| self.log.push(line)),
                Polled::Ready(News::Ready(version)) if self.phase == Phase::Starting => {
                    self.version = version;
                    self.enter(Phase::Ready);
                    if let Some(notices) = notices.as_deref_mut() {
                        self.tell_ready(notices);
                    }
                    became_ready = true;
                }
                Polled::Ready(News::Ready(_)) => {}
                Polled::Ready(News::PortTaken) => {
                    self.end(port_taken(self.spec.port), notices.as_deref_mut());
                }
                Polled::Ready(News::Ended(end)) => self.end(self.why(&end), notices.as_deref_mut()),
                Polled::Lost => self.end(self.why(&End::Lost), notices.as_deref_mut()),
            }
        }
        became_ready
    }

    fn why(&self, end: &End) -> Diagnosis {
        let program = self.spec.command.first().map(String::as_str).unwrap_or_default();
        diagnose(end, self.log.lines(), self.spec.port, program)
    }

    fn end(&mut self, why: Diagnosis, notices: Option<&mut Notices>) {
        self.feed = None;
        self.control = None;
        if self.phase == Phase::Stopping {
            self.enter(Phase::Stopped);
            return;
        }
        if let Some(notices) = notices {
            let text = format!("{} is not served: {}", self.spec.model, why.what);
            notices.warning(text, Some(("Log", ServeCommand::ShowLog(Some(self.id)).into())));
        }
        self.enter(Phase::Failed(why));
    }

    fn tell_ready(&self, notices: &mut Notices) {
        let text = format!("{} answers at {}", self.title(), self.address());
        notices.success(text, Some(("Chat", ServeCommand::Talk(self.id).into())));
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.since = format::now();
    }
}

fn port_taken(port: u16) -> Diagnosis {
    Diagnosis {
        what: format!("Port {port} is taken"),
        line: None,
        advice: "Choose another port, or stop what listens there".to_owned(),
    }
}
