//! Models that are served on this machine, from the question with which environment to the last line of their logs.
//!
//! - `asked`: what the dialog knows: environments found, a free port;
//! - `job`: one start, off the UI thread;
//! - `served`: one of them, with its log;
//! - `target`: which model a URI names.
//!
//! Whatever runs here ends with the app, or is kept if the user said so; nothing survives a crash of the app.

mod asked;
mod job;
mod log;
mod served;
mod target;

use std::path::PathBuf;
use std::sync::Arc;

pub use asked::{Asked, Environment, Environments};
pub use log::Log;
pub use served::{Phase, Served, Spec};
pub use target::{ModelUri, model_uri_problem};

use super::chat::ChatCommand;
use super::navigation::{ModelKind, Route, Section};
use super::registry::links::{alias_uri, version_uri};
use super::{Command, State};
use crate::agent::serve::{Launcher, Variables};
use crate::entities::VersionNumber;
use crate::tracking::python_variables;
use job::Job;

/// What a view may ask for.
#[derive(Clone, Debug)]
pub enum ServeCommand {
    /// Asks how a model shall be served.
    Ask {
        /// `models:/…`; `None`: the one that is shown, or the user types it.
        model: Option<String>,
        /// The chat is to talk to it as soon as it is ready.
        chat: bool,
    },
    /// Gives the question up.
    Close,
    /// Looks for Python environments anew.
    LookAgain,
    /// Lets the user name a Python.
    Browse,
    /// Starts to serve.
    Start(Box<Spec>),
    /// Ends one of them.
    Stop(u64),
    /// Ends it if it runs, and starts it anew.
    Restart(u64),
    /// Takes one that has ended off the list.
    Forget(u64),
    /// Leaves it running when Flowdeck is closed, or not.
    SetKept(u64, bool),
    /// Shows the log of one of them, or closes it.
    ShowLog(Option<u64>),
    /// Points the chat at it.
    Talk(u64),
}

impl From<ServeCommand> for Command {
    fn from(command: ServeCommand) -> Self {
        Self::Serve(command)
    }
}

/// Models that are served on this machine.
pub struct Serve {
    watchdog: Option<PathBuf>,
    asked: Option<Asked>,
    environments: Environments,
    served: Vec<Served>,
    log_shown: Option<u64>,
    next_id: u64,
}

impl Serve {
    /// `watchdog`: this program, which is started again to watch over what it serves.
    pub fn new(watchdog: Option<PathBuf>) -> Self {
        Self {
            watchdog,
            asked: None,
            environments: Environments::default(),
            served: Vec::new(),
            log_shown: None,
            next_id: 1,
        }
    }

    /// The question that is open.
    pub fn asked(&self) -> Option<&Asked> {
        self.asked.as_ref()
    }

    /// Python environments of this machine.
    pub fn environments(&self) -> &Environments {
        &self.environments
    }

    /// Everything served since the app was started, the newest first, unless it was forgotten.
    pub fn served(&self) -> &[Served] {
        &self.served
    }

    /// One of them.
    pub fn get(&self, id: u64) -> Option<&Served> {
        self.served.iter().find(|served| served.id == id)
    }

    /// The one whose log is shown.
    pub fn shown(&self) -> Option<&Served> {
        self.get(self.log_shown?)
    }

    /// The one that answers at an address of the chat: which model, and which version it resolved.
    pub fn bound(&self, address: &str) -> Option<&Served> {
        let is_it = |served: &&Served| served.is_running() && same_place(&served.address(), address);
        self.served.iter().find(is_it)
    }

    /// Before the app ends: what is to be kept goes on, everything else ends.
    pub fn close(&mut self) {
        for served in &mut self.served {
            served.let_go();
        }
        self.served.clear();
    }

    fn get_mut(&mut self, id: u64) -> Option<&mut Served> {
        self.served.iter_mut().find(|served| served.id == id)
    }

    fn ports(&self) -> Vec<u16> {
        self.served.iter().filter(|served| served.is_running()).map(|served| served.spec.port).collect()
    }
}

/// Without what the chat adds to an address.
fn same_place(served: &str, address: &str) -> bool {
    let rest = address.strip_prefix(served).or_else(|| {
        let port = served.strip_prefix("http://127.0.0.1")?;
        address.strip_prefix("http://localhost")?.strip_prefix(port)
    });
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl State {
    /// Carries out what is asked about models served here.
    pub fn apply_serve(&mut self, command: ServeCommand) {
        match command {
            ServeCommand::Ask { model, chat } => self.ask_how_to_serve(model, chat),
            ServeCommand::Close => self.serve.asked = None,
            ServeCommand::LookAgain => self.serve.environments.look(&self.tasks, self.last_python()),
            ServeCommand::Browse => self.serve.environments.browse(&self.tasks, &self.dialogs),
            ServeCommand::Start(spec) => {
                let chat = self.serve.asked.take().is_some_and(|asked| asked.chat);
                self.start_serving(*spec, chat);
            }
            ServeCommand::Stop(id) => {
                if let Some(served) = self.serve.get_mut(id) {
                    served.stop();
                }
            }
            ServeCommand::Restart(id) => {
                if let Some(served) = self.serve.get_mut(id) {
                    served.restart();
                }
                self.restart_ended();
            }
            ServeCommand::Forget(id) => self.serve.served.retain(|it| it.id != id || it.is_running()),
            ServeCommand::SetKept(id, kept) => {
                if let Some(served) = self.serve.get_mut(id) {
                    served.kept = kept;
                }
            }
            ServeCommand::ShowLog(id) => self.serve.log_shown = id,
            ServeCommand::Talk(id) => self.talk_to_served(id, true),
        }
    }

    /// Takes what models served here report.
    pub fn poll_serve(&mut self) {
        self.serve.environments.poll(&self.tasks);
        if let Some(asked) = &mut self.serve.asked {
            asked.poll();
        }
        let mut ready = Vec::new();
        let shown = self.serve.log_shown;
        for served in &mut self.serve.served {
            let notices = (shown != Some(served.id)).then_some(&mut self.notices);
            if served.poll(notices) && served.chat {
                ready.push(served.id);
            }
        }
        for id in ready {
            self.talk_to_served(id, false);
        }
        self.restart_ended();
    }

    fn ask_how_to_serve(&mut self, model: Option<String>, chat: bool) {
        let model = model.or_else(|| self.model_shown()).unwrap_or_default();
        if !self.serve.environments.has_looked() {
            self.serve.environments.look(&self.tasks, self.last_python());
        }
        let number = self.serve.next_id();
        self.serve.asked = Some(Asked::new(number, model, chat, self.serve.ports(), &self.tasks));
    }

    /// The version that is shown, or of a board the first alias, else its newest version.
    fn model_shown(&self) -> Option<String> {
        match self.navigation.current() {
            Route::Version { kind: ModelKind::Model, name, version } => {
                Some(version_uri(ModelKind::Model, name, *version))
            }
            Route::Model { kind: ModelKind::Model, name } => {
                let registry = &self.workspace.as_ref()?.registry;
                let board = registry.board_of(ModelKind::Model, name)?;
                let alias = board.model.value().and_then(|model| model.aliases.first());
                alias
                    .map(|alias| alias_uri(ModelKind::Model, name, &alias.alias))
                    .or_else(|| Some(version_uri(ModelKind::Model, name, board.latest()?)))
            }
            _ => None,
        }
    }

    fn last_python(&self) -> Option<PathBuf> {
        self.settings.get().python.clone().map(PathBuf::from)
    }

    fn start_serving(&mut self, spec: Spec, chat: bool) {
        if let Launcher::Python(python) = &spec.launcher {
            self.settings.edit().python = Some(python.display().to_string());
        }
        let id = self.serve.next_id();
        let mut served = Served::new(id, self.job(spec), chat);
        served.start(&self.tasks);
        self.serve.served.insert(0, served);
        self.serve.log_shown = Some(id);
    }

    fn restart_ended(&mut self) {
        for served in self.serve.served.iter_mut().filter(|served| served.is_due()) {
            served.start(&self.tasks);
        }
    }

    fn job(&self, spec: Spec) -> Job {
        let mut variables = Variables::default();
        // Its log is live only if Python does not keep it back.
        variables.set("PYTHONUNBUFFERED", "1");
        let store = self.workspace.as_ref().map(|workspace| Arc::clone(&workspace.store));
        if let Some(store) = &store {
            let request = self.connection.request();
            for (name, value) in python_variables(request, &self.environment, &store.info()) {
                match value {
                    Some(value) => variables.set(name, value.expose()),
                    None => variables.unset(name),
                }
            }
        }
        Job { watchdog: self.serve.watchdog.clone(), spec, variables, store }
    }

    /// Points the chat at one of them; `show` brings the chat up.
    fn talk_to_served(&mut self, id: u64, show: bool) {
        let Some(address) = self.serve.get(id).map(Served::address) else { return };
        let settings = self.settings.edit();
        self.chat.apply(ChatCommand::Open, &self.tasks, &mut self.notices, settings);
        self.chat.apply(ChatCommand::SetAddress(address), &self.tasks, &mut self.notices, settings);
        if !show {
            return;
        }
        self.serve.log_shown = None;
        if !self.has_chat_beside() && self.navigation.current().section() != Section::Chat {
            self.go(Route::Chat);
        }
    }
}

impl Serve {
    fn next_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }
}

/// Opens the question for a version or an alias of a model, in menus.
pub fn ask(model: String) -> Command {
    ServeCommand::Ask { model: Some(model), chat: false }.into()
}

/// What the version of a served model is called: `v7`.
pub fn version_label(version: Option<VersionNumber>) -> String {
    version.map(|version| format!("v{version}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_the_chat_is_known_again() {
        let served = "http://127.0.0.1:5001";
        for address in [served, "http://127.0.0.1:5001/invocations", "http://localhost:5001/invocations"] {
            assert!(same_place(served, address), "{address}");
        }
        for address in ["http://127.0.0.1:50012", "http://10.0.0.1:5001", "http://localhost:5002/"] {
            assert!(!same_place(served, address), "{address}");
        }
    }
}
