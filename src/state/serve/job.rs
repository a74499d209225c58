//! One start of a model server, off the UI thread: the port, the version that its alias means, the process, and the
//! moment from which it answers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::served::Spec;
use super::target::ModelUri;
use crate::agent::serve::{Control, End, Event, Launch, Process, Variables, is_free, launch};
use crate::agent::{AgentClient, Endpoint, Health};
use crate::entities::VersionNumber;
use crate::state::tasks::Feeder;
use crate::tracking::Store;

/// How often a server that starts is asked whether it answers.
const ASK: Duration = Duration::from_millis(400);
/// How long the registry may take to say which version an alias means: serving does not depend on it.
const PATIENCE: Duration = Duration::from_secs(15);

/// What is to be started.
#[derive(Clone)]
pub(super) struct Job {
    /// This program.
    pub watchdog: Option<PathBuf>,
    /// As the user wants it.
    pub spec: Spec,
    /// With the login of the tracking server.
    pub variables: Variables,
    /// The registry, to ask which version an alias means.
    pub store: Option<Arc<dyn Store>>,
}

/// What a start reports.
#[derive(Debug)]
pub(super) enum News {
    /// Somebody listens on the port. The last.
    PortTaken,
    /// The process can be told to stop from now on.
    Controlled(Control),
    /// It printed lines.
    Output(Vec<String>),
    /// It answers. With the version that the model's URI means, if that is known for sure.
    Ready(Option<VersionNumber>),
    /// It is over. The last.
    Ended(End),
}

impl Job {
    /// Runs to the end of the process.
    pub async fn run(self, feeder: Feeder<News>) {
        let port = self.spec.port;
        if !tokio::task::spawn_blocking(move || is_free(port)).await.unwrap_or(true) {
            feeder.send(News::PortTaken).await;
            return;
        }
        let before = self.version().await;
        let not_started = |reason: String| News::Ended(End::NotStarted(reason));
        let Some(watchdog) = self.watchdog.clone() else {
            feeder.send(not_started("Flowdeck does not know where its own program is".to_owned())).await;
            return;
        };
        let path = self.spec.launcher.folder().map(PathBuf::from).into_iter().collect();
        let variables = self.variables.clone();
        let command = Launch { command: self.spec.command.clone(), variables, path };
        match launch(&watchdog, command).await {
            Err(error) => drop(feeder.send(not_started(error.to_string())).await),
            Ok((control, process)) => {
                if feeder.send(News::Controlled(control)).await {
                    self.follow(process, before, feeder).await;
                }
            }
        }
    }

    async fn follow(self, mut process: Process, before: Option<VersionNumber>, feeder: Feeder<News>) {
        let ready = self.ready(before);
        tokio::pin!(ready);
        let mut is_ready = false;
        loop {
            let news = tokio::select! {
                event = process.next() => match event {
                    Some(Event::Started(_)) => continue,
                    Some(Event::Output(lines)) => News::Output(lines),
                    Some(Event::Ended(end)) => News::Ended(end),
                    None => return,
                },
                version = &mut ready, if !is_ready => {
                    is_ready = true;
                    News::Ready(version)
                }
            };
            if !feeder.send(news).await {
                return;
            }
        }
    }

    /// Waits until it answers. An alias that was moved meanwhile may have meant either version: then neither is told.
    async fn ready(&self, before: Option<VersionNumber>) -> Option<VersionNumber> {
        let client = tokio::task::spawn_blocking(AgentClient::new).await;
        let endpoint = Endpoint::parse(&format!("http://127.0.0.1:{}", self.spec.port));
        let (Ok(Ok(client)), Ok(endpoint)) = (client, endpoint) else {
            return std::future::pending().await;
        };
        loop {
            tokio::time::sleep(ASK).await;
            let health = client.probe(&endpoint).await.health;
            if matches!(health, Health::ScoringServer { .. } | Health::AgentServer { .. }) {
                break;
            }
        }
        let after = self.version().await;
        before.filter(|before| after == Some(*before))
    }

    /// The version that the URI means now.
    async fn version(&self) -> Option<VersionNumber> {
        match ModelUri::parse(&self.spec.model) {
            ModelUri::Version { version, .. } => Some(version),
            ModelUri::Alias { name, alias } => {
                let model = self.store.as_ref()?.get_registered_model(&name);
                tokio::time::timeout(PATIENCE, model).await.ok()?.ok()?.alias(&alias)
            }
            ModelUri::Other => None,
        }
    }
}
