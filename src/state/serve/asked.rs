//! The question how a model shall be served, and what the answer can be chosen from.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;

use crate::agent::serve::{Candidate, Checked, Launcher, Machine, Origin, check, find, first_free_port};
use crate::state::dialogs::Dialogs;
use crate::state::tasks::{Feed, Feeder, Polled, Task, Tasks};

/// MLflow's own port is 5000, and that is the tracking server.
const FIRST_PORT: u16 = 5001;
/// Environments that are looked into at once.
const AT_ONCE: usize = 3;
const CHANNEL: usize = 16;

/// A question that is open.
pub struct Asked {
    /// Tells questions apart.
    pub number: u64,
    /// The model it was asked for; may be empty.
    pub model: String,
    /// The chat asked.
    pub chat: bool,
    /// A free port, once it is found.
    pub port: Option<u16>,
    looking: Option<Task<Option<u16>>>,
}

impl Asked {
    pub(super) fn new(number: u64, model: String, chat: bool, taken: Vec<u16>, tasks: &Tasks) -> Self {
        let looking = tasks.spawn_blocking(move || first_free_port(FIRST_PORT, &taken));
        Self { number, model, chat, port: None, looking: Some(looking) }
    }

    pub(super) fn poll(&mut self) {
        let Some(looking) = &mut self.looking else { return };
        match looking.poll() {
            Polled::Pending => return,
            Polled::Ready(port) => self.port = port,
            Polled::Lost => {}
        }
        self.looking = None;
    }
}

/// A Python environment of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// What runs MLflow there, and where it was found.
    pub candidate: Candidate,
    /// What is in it; `None` while it is looked into.
    pub checked: Option<Checked>,
}

impl Environment {
    /// MLflow's version there; uv brings the newest along.
    pub fn mlflow(&self) -> Option<&str> {
        match &self.checked {
            Some(Checked::Python { mlflow, .. }) => mlflow.as_deref(),
            Some(Checked::Uv { .. }) => Some("newest"),
            _ => None,
        }
    }

    /// What is known of it, in a few words.
    pub fn describe(&self) -> String {
        match &self.checked {
            None => "Looking…".to_owned(),
            Some(Checked::Python { version, mlflow: Some(mlflow), .. }) => {
                format!("MLflow {mlflow}, Python {version}")
            }
            Some(Checked::Python { version, mlflow: None, .. }) => format!("no MLflow, Python {version}"),
            Some(Checked::Uv { version }) => format!("brings MLflow along, {version}"),
            Some(Checked::Broken(reason)) => format!("does not run: {reason}"),
        }
    }

    /// Its label and its program.
    pub fn label(&self) -> String {
        let origin = self.candidate.origin.label();
        match &self.candidate.launcher {
            Launcher::UvRun(_) => "uv run, in the working folder".to_owned(),
            Launcher::Uvx(_) => "uvx".to_owned(),
            Launcher::Python(_) => origin,
        }
    }
}

enum News {
    Found(Vec<Candidate>),
    Checked(Launcher, Checked),
}

/// Python environments of this machine: looked for when they are first needed.
#[derive(Default)]
pub struct Environments {
    list: Vec<Environment>,
    feed: Option<Feed<News>>,
    single: Vec<Feed<News>>,
    dialog: Option<Task<Option<PathBuf>>>,
    looked: bool,
    chosen: Option<Launcher>,
}

impl Environments {
    /// Those that are known.
    pub fn list(&self) -> &[Environment] {
        &self.list
    }

    /// Whether they are being looked for, or into.
    pub fn is_looking(&self) -> bool {
        self.feed.is_some() || !self.single.is_empty()
    }

    /// Whether they were ever looked for.
    pub fn has_looked(&self) -> bool {
        self.looked
    }

    /// The one that the user named last.
    pub fn chosen(&self) -> Option<&Launcher> {
        self.chosen.as_ref()
    }

    /// The one to propose: named, used last, or the first with MLflow in it.
    pub fn proposed(&self) -> Option<&Environment> {
        let chosen = self.chosen.as_ref().and_then(|chosen| self.get(chosen));
        chosen
            .or_else(|| self.list.iter().find(|environment| environment.mlflow().is_some()))
            .or(self.list.first())
    }

    /// One of them.
    pub fn get(&self, launcher: &Launcher) -> Option<&Environment> {
        self.list.iter().find(|environment| environment.candidate.launcher == *launcher)
    }

    /// Looks for them anew. `last`: the Python that was used last, wherever it is.
    pub(super) fn look(&mut self, tasks: &Tasks, last: Option<PathBuf>) {
        self.looked = true;
        if let Some(last) = last.map(Launcher::Python) {
            self.chosen.get_or_insert(last);
        }
        let chosen = self.chosen.clone();
        self.feed = Some(tasks.spawn_feed(CHANNEL, |feeder| async move {
            let mut found = find(Machine::this()).await;
            if let Some(launcher) = chosen
                && found.iter().all(|candidate| candidate.launcher != launcher)
            {
                found.push(Candidate { launcher, origin: Origin::Chosen });
            }
            look_into(found, feeder).await;
        }));
    }

    pub(super) fn browse(&mut self, tasks: &Tasks, dialogs: &Arc<dyn Dialogs>) {
        self.dialog = Some(tasks.spawn(dialogs.pick_program()));
    }

    pub(super) fn poll(&mut self, tasks: &Tasks) {
        self.poll_dialog(tasks);
        let mut news = Vec::new();
        drain(&mut self.feed, &mut news);
        self.single.retain_mut(|feed| take(feed, &mut news));
        for news in news {
            self.hear(news);
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Found(found) => {
                self.list = found
                    .into_iter()
                    .map(|candidate| {
                        let checked = self.get(&candidate.launcher).and_then(|known| known.checked.clone());
                        Environment { candidate, checked }
                    })
                    .collect();
            }
            News::Checked(launcher, checked) => {
                let known = self.list.iter_mut().find(|it| it.candidate.launcher == launcher);
                if let Some(environment) = known {
                    environment.checked = Some(checked);
                }
                self.merge();
            }
        }
    }

    /// Two names of one environment are one: the first stays, or the one that the user named.
    fn merge(&mut self) {
        let mut seen = HashSet::new();
        let chosen = self.chosen.clone();
        let mut keep = |environment: &Environment| match &environment.checked {
            Some(Checked::Python { prefix, .. }) => seen.insert(prefix.clone()),
            _ => true,
        };
        if let Some(at) = self.list.iter().position(|it| Some(&it.candidate.launcher) == chosen.as_ref()) {
            keep(&self.list[at]);
        }
        self.list.retain(|environment| {
            Some(&environment.candidate.launcher) == chosen.as_ref() || keep(environment)
        });
    }

    fn poll_dialog(&mut self, tasks: &Tasks) {
        let Some(dialog) = &mut self.dialog else { return };
        match dialog.poll() {
            Polled::Pending => return,
            Polled::Ready(Some(python)) => self.choose(Launcher::Python(python), tasks),
            Polled::Ready(None) | Polled::Lost => {}
        }
        self.dialog = None;
    }

    fn choose(&mut self, launcher: Launcher, tasks: &Tasks) {
        if self.get(&launcher).is_none() {
            let candidate = Candidate { launcher: launcher.clone(), origin: Origin::Chosen };
            self.list.insert(0, Environment { candidate, checked: None });
            let one = launcher.clone();
            self.single.push(tasks.spawn_feed(CHANNEL, |feeder| async move {
                let checked = check(&one).await;
                feeder.send(News::Checked(one, checked)).await;
            }));
        }
        self.chosen = Some(launcher);
    }
}

async fn look_into(found: Vec<Candidate>, feeder: Feeder<News>) {
    if !feeder.send(News::Found(found.clone())).await {
        return;
    }
    let mut checks = stream::iter(found)
        .map(|candidate| async move {
            let checked = check(&candidate.launcher).await;
            News::Checked(candidate.launcher, checked)
        })
        .buffer_unordered(AT_ONCE);
    while let Some(news) = checks.next().await {
        if !feeder.send(news).await {
            return;
        }
    }
}

fn drain(feed: &mut Option<Feed<News>>, news: &mut Vec<News>) {
    if let Some(open) = feed
        && !take(open, news)
    {
        *feed = None;
    }
}

/// `false`: it is over.
fn take(feed: &mut Feed<News>, news: &mut Vec<News>) -> bool {
    loop {
        match feed.poll() {
            Polled::Ready(item) => news.push(item),
            Polled::Pending => return true,
            Polled::Lost => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(path: &str, prefix: &str, mlflow: Option<&str>) -> (Candidate, Checked) {
        let candidate = Candidate { launcher: Launcher::Python(path.into()), origin: Origin::Path };
        let mlflow = mlflow.map(str::to_owned);
        (candidate, Checked::Python { version: "3.11.7".into(), prefix: prefix.into(), mlflow })
    }

    fn environments(all: Vec<(Candidate, Checked)>) -> Environments {
        let mut environments = Environments::default();
        environments.hear(News::Found(all.iter().map(|(candidate, _)| candidate.clone()).collect()));
        for (candidate, checked) in all {
            environments.hear(News::Checked(candidate.launcher, checked));
        }
        environments
    }

    #[test]
    fn the_first_with_mlflow_is_proposed_unless_one_was_named() {
        let bare = python("/a/bin/python", "/a", None);
        let full = python("/b/bin/python", "/b", Some("3.17.2"));
        let mut environments = environments(vec![bare.clone(), full.clone()]);
        assert_eq!(environments.proposed().map(|it| &it.candidate), Some(&full.0));
        environments.chosen = Some(bare.0.launcher.clone());
        assert_eq!(environments.proposed().map(|it| &it.candidate), Some(&bare.0));
        assert_eq!(environments.list()[0].describe(), "no MLflow, Python 3.11.7");
    }

    #[test]
    fn two_names_of_one_environment_are_one() {
        let environments =
            environments(vec![python("/a/bin/python", "/a", None), python("/usr/bin/python3", "/a", None)]);
        assert_eq!(environments.list().len(), 1);
    }
}
