//! What the app knows and decides. No widgets: everything here is tested without a window.
//!
//! Each screen has a module with its state, its commands (what a view may ask for) and an `apply` that carries
//! them out. A view never changes state: it pushes a [`Command`], and the app hands it to
//! [`State::apply`](State) in one place.

mod announce;
pub mod artifacts;
pub mod bench;
pub mod chat;
pub mod command;
pub mod compare;
pub mod connection;
pub mod dialogs;
pub mod endpoints;
pub mod evidence;
pub mod experiments;
pub mod finder;
mod follow;
pub mod format;
pub mod journal;
pub mod left;
mod lookups;
pub mod name_search;
pub mod navigation;
pub mod notices;
pub mod policy;
mod private_files;
pub mod python;
pub mod registry;
pub mod remote;
pub mod run;
pub mod runs;
pub mod sample;
pub mod serve;
pub mod settings;
mod shelf;
pub mod tasks;
#[cfg(test)]
mod test_store;
pub mod traces;
pub mod workspace;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use command::Command;
use navigation::Section;
pub use navigation::{ModelKind, Navigation, Route, RunTab, TraceScope};

use crate::tracking::{Environment, Store, StoreInfo};
use registry::life::After;

/// Everything the app knows.
pub struct State {
    /// Where work is started.
    pub tasks: Tasks,
    /// The client environment, read once.
    pub environment: Arc<Environment>,
    /// Native dialogs.
    pub dialogs: Arc<dyn dialogs::Dialogs>,
    /// A file that is shown in the file manager.
    pub showing: dialogs::Showing,
    /// What survives a restart.
    pub settings: settings::SettingsFile,
    /// Toasts and the last thing that went wrong.
    pub notices: notices::Notices,
    /// Which aliases may be moved how.
    pub policy: policy::PolicyFile,
    /// What was changed on servers, here and by others.
    pub journal: journal::Journal,
    /// What speaks for versions.
    pub evidence: evidence::EvidenceShelf,
    /// Where we are and were.
    pub navigation: Navigation,
    /// The attempt to reach a server, and why the last one failed.
    pub connection: connection::Connection,
    /// What is known of the server we are connected to.
    pub workspace: Option<workspace::Workspace>,
    /// Counts the servers opened so far: what a view keeps of one means nothing on the next.
    pub servers_opened: u64,
    /// Servers that were left while they were written to.
    pub left: Vec<left::Left>,
    /// The sample that was opened last; its agents answer until the app is closed.
    pub sample: Option<Arc<sample::Sample>>,
    /// Conversations with served agents; they need no tracking server.
    pub chat: chat::Chat,
    /// Sets of prompts, and what came of asking them.
    pub bench: bench::Bench,
    /// How the known endpoints are.
    pub endpoints: endpoints::Endpoints,
    /// Models that are served on this machine.
    pub serve: serve::Serve,
}

/// What a screen's state needs to carry out a command or to load.
pub struct Cx<'a> {
    /// Where work is started.
    pub tasks: &'a Tasks,
    /// The store we are connected to.
    pub store: &'a Arc<dyn Store>,
    /// Native dialogs.
    pub dialogs: &'a Arc<dyn dialogs::Dialogs>,
    /// Toasts.
    pub notices: &'a mut notices::Notices,
    /// What was changed on servers.
    pub journal: &'a journal::Journal,
    /// What speaks for versions.
    pub evidence: &'a evidence::EvidenceShelf,
    /// What survives a restart.
    pub settings: &'a mut settings::Settings,
    /// Which aliases may be moved how.
    pub policy: &'a policy::PolicyFile,
    /// The client environment.
    pub environment: &'a Environment,
}

/// How long a frame may spend on draining what arrived.
const DRAIN_BUDGET: Duration = Duration::from_millis(4);

impl State {
    /// Takes what arrived since the last frame, a few milliseconds' worth at most.
    pub fn poll(&mut self) {
        let deadline = Instant::now() + DRAIN_BUDGET;
        self.notices.expire(Instant::now());
        self.settings.poll(&self.tasks, &mut self.notices);
        self.showing.poll(&mut self.notices);
        if self.dialogs.take_unasked() {
            self.notices.warning(dialogs::NO_DIALOGS, None);
        }
        self.policy.poll(&self.tasks, self.settings.edit(), &mut self.notices);
        self.poll_journal();
        let store = self.workspace.as_ref().map(|workspace| &workspace.store);
        self.evidence.poll(store, &self.tasks, &mut self.notices);
        match self.connection.poll(&self.tasks, &self.environment) {
            Some(Ok(opened)) => self.open_workspace(opened),
            // Without a workspace the Connect screen shows it.
            Some(Err(error)) if self.workspace.is_some() => {
                self.notices.error("Nothing else was opened", &error, None);
            }
            _ => {}
        }
        self.poll_left(deadline);
        self.poll_endpoints();
        self.chat.poll(deadline, &self.tasks, &mut self.notices, self.settings.edit());
        self.identify_panes();
        self.poll_serve();
        self.poll_bench(deadline);
        let route = self.navigation.current().clone();
        self.with_workspace(|workspace, cx| {
            workspace.poll(deadline, cx);
            workspace.follow(&route, cx);
        });
        self.follow_registry();
        if Instant::now() >= deadline {
            // What is left waits for another frame, which nothing else would ask for.
            self.tasks.wake();
        }
    }

    /// What was renamed or deleted changes where we are, and where Back leads.
    fn follow_registry(&mut self) {
        let after = self.workspace.as_mut().map(|workspace| workspace.registry.life.take_after());
        for after in after.unwrap_or_default() {
            if self.navigation.rewrite(|route| after.rewrite(route)) {
                self.enter();
            } else if after == After::Registered && matches!(self.navigation.current(), Route::Run { .. }) {
                self.refresh();
            }
        }
    }

    /// Goes somewhere, remembers where we were, and loads what is shown there.
    pub fn go(&mut self, route: Route) {
        self.navigation.go(route);
        self.enter();
    }

    /// Whether the chat stands beside another screen.
    pub fn has_chat_beside(&self) -> bool {
        let route = self.navigation.current();
        let with_trace = matches!(route, Route::Trace { beside_chat: true, .. });
        (with_trace || self.settings.get().chat_panel) && route.section() != Section::Chat
    }

    /// Shows the chat beside this screen, or no more. Its own screen has it already.
    pub fn toggle_chat_beside(&mut self) {
        if self.navigation.current().section() == Section::Chat {
            return;
        }
        let shown = self.has_chat_beside();
        self.settings.edit().chat_panel = !shown;
        if let Route::Trace { trace_id, beside_chat: true } = self.navigation.current() {
            self.navigation.replace(Route::trace(trace_id.clone()));
        }
    }

    /// Loads what the present route shows, unless it is there.
    pub fn enter(&mut self) {
        let route = self.navigation.current().clone();
        self.with_workspace(|workspace, cx| workspace.enter(&route, cx));
        self.enter_bench();
    }

    /// Asks anew for what the present route shows.
    pub fn refresh(&mut self) {
        let route = self.navigation.current().clone();
        self.with_workspace(|workspace, cx| workspace.refresh(&route, cx));
        if matches!(route, Route::Chat) {
            self.chat.refresh(&self.tasks);
        }
    }

    /// What others were seen to do is told.
    fn poll_journal(&mut self) {
        let seen = self.journal.poll(&mut self.notices);
        if seen.is_empty() {
            return;
        }
        let news = announce::of(&seen, format::now());
        self.notices.news(news.text.clone(), (news.label, news.command), news.stays);
        if self.settings.get().journal.notify_desktop {
            self.tasks.runtime().spawn(self.dialogs.notify("Flowdeck", &news.text));
        }
    }

    /// Runs something on the workspace, if we are connected.
    pub fn with_workspace(&mut self, run: impl FnOnce(&mut workspace::Workspace, &mut Cx<'_>)) {
        let Some(workspace) = &mut self.workspace else { return };
        let store = Arc::clone(&workspace.store);
        let mut cx = Cx {
            tasks: &self.tasks,
            store: &store,
            dialogs: &self.dialogs,
            notices: &mut self.notices,
            journal: &self.journal,
            evidence: &self.evidence,
            settings: self.settings.edit(),
            policy: &self.policy,
            environment: &self.environment,
        };
        run(workspace, &mut cx);
    }

    fn open_workspace(&mut self, opened: connection::Opened) {
        let info = opened.store.info();
        if let Some(chosen) = self.workspace_chosen_before(&info) {
            self.connection.switch_workspace(&self.tasks, &opened.store, &chosen);
            return;
        }
        self.settings.edit().remember_server(&info);
        if let Some(sample) = opened.sample {
            let agents: Vec<String> = sample.agents().map(|(_, url)| url).collect();
            self.chat.use_sample(&agents, &self.tasks);
            self.bench.use_sample();
            if let Some(old) = self.sample.replace(sample) {
                // Its files go away.
                drop(self.tasks.spawn_blocking(move || drop(old)));
            }
        }
        if self.workspace.is_some() {
            // Where we were is in another store.
            self.navigation = Navigation::default();
            self.leave();
        }
        self.workspace = Some(workspace::Workspace::new(opened.store, self.journal.recorder(), &self.tasks));
        self.servers_opened += 1;
        let route = match self.navigation.current() {
            Route::Connect => Route::Experiments,
            other => other.clone(),
        };
        self.navigation.replace(route);
        self.enter();
    }
}

pub use tasks::Tasks;

impl State {
    /// Looks into another of MLflow's workspaces of the present store, now and whenever it is opened.
    pub fn switch_workspace(&mut self, workspace: String) {
        let Some(open) = &self.workspace else { return };
        let key = open.store.info().settings_key().to_owned();
        self.connection.switch_workspace(&self.tasks, &open.store, &workspace);
        self.settings.edit().workspaces.insert(key, workspace);
    }

    /// The workspace that was chosen when this store was open before, if it is another one. The environment's word
    /// comes first.
    fn workspace_chosen_before(&self, info: &StoreInfo) -> Option<String> {
        let chosen = self.settings.get().workspaces.get(info.settings_key())?;
        let other = info.workspace.as_ref().is_some_and(|present| present != chosen);
        let wanted = other && info.workspaces.contains(chosen) && self.environment.workspace.is_none();
        wanted.then(|| chosen.clone())
    }

    /// Everything that has a name, for the palette.
    pub fn findable(&self) -> Vec<finder::Found> {
        let bench = self.bench.findable();
        let Some(workspace) = &self.workspace else { return bench };
        let route = self.navigation.current();
        let mut found = workspace.registry.findable();
        if let Route::Run { run_id, .. } = route
            && let Some(run) = workspace.run.get(run_id)
        {
            found.extend(registry::life::registering(&run.registrable()));
        }
        found.extend(workspace.experiments.findable());
        found.extend(workspace.runs.findable());
        found.extend(workspace.traces.findable());
        found.extend(workspace.registry.doable(route));
        found.extend(self.comparable());
        found.extend(bench);
        found
    }
}
