//! Owns everything: the state, the views, and the one place where commands are carried out.
//!
//! One frame: `logic` drains what arrived; `ui` draws, and views push commands; `apply` carries them out.

mod apply;
mod dialogs;
mod keys;
mod system_theme;
mod typing;
mod waking;

use std::path::PathBuf;
use std::sync::Arc;

use crate::state::bench::Bench;
use crate::state::chat::Chat;
use crate::state::command::Commands;
use crate::state::connection::Connection;
use crate::state::dialogs::{Dialogs, Showing};
use crate::state::endpoints::Endpoints;
use crate::state::evidence::EvidenceShelf;
use crate::state::journal::Journal;
use crate::state::notices::Notices;
use crate::state::policy::PolicyFile;
use crate::state::serve::Serve;
use crate::state::settings::SettingsFile;
use crate::state::{Command, Navigation, State, Tasks, format};
use crate::tracking::{ConnectRequest, Environment, Login};
use crate::{theme, ui};

pub use dialogs::NativeDialogs;

/// What the app is started with.
pub struct Options {
    /// Server to open at once; otherwise the Connect screen is shown.
    pub tracking_uri: Option<String>,
    /// Open the sample workspace instead.
    pub sample: bool,
    /// The client environment.
    pub environment: Environment,
    /// Folder of `settings.json`; `None` keeps nothing.
    pub config_folder: Option<PathBuf>,
    /// Folder of the conversations and of the journal; `None` keeps nothing.
    pub data_folder: Option<PathBuf>,
    /// This program: it is started again to watch over models served here. `None`: none can be served.
    pub program: Option<PathBuf>,
    /// Where work is run.
    pub runtime: tokio::runtime::Handle,
    /// Native dialogs.
    pub dialogs: Arc<dyn Dialogs>,
}

/// The app.
pub struct Flowdeck {
    state: State,
    ui: ui::Ui,
    commands: Commands,
    waking: waking::Waking,
}

impl Flowdeck {
    /// Sets fonts and styles up, reads the settings, and starts to connect if an address is known.
    pub fn new(ctx: &egui::Context, options: Options) -> Self {
        theme::install(ctx);
        let policy = PolicyFile::new(options.config_folder.clone());
        let (settings, message) = SettingsFile::open(options.config_folder);
        let (waking, wake) = waking::Waking::new(ctx);
        let tasks = Tasks::new(options.runtime, wake);
        let who = options.environment.who().to_owned();
        let mut state = State {
            journal: Journal::open(options.data_folder.clone(), who, &tasks),
            evidence: EvidenceShelf::open(options.data_folder.clone(), &tasks),
            tasks,
            environment: Arc::new(options.environment),
            dialogs: options.dialogs,
            showing: Showing::default(),
            settings,
            notices: Notices::default(),
            policy,
            navigation: Navigation::default(),
            connection: Connection::default(),
            workspace: None,
            servers_opened: 0,
            left: Vec::new(),
            sample: None,
            chat: Chat::from_environment(),
            bench: Bench::default(),
            endpoints: Endpoints::default(),
            serve: Serve::new(options.program),
        };
        if let Some(message) = message {
            state.notices.warning(message, None);
        }
        state.chat.ask_by(Arc::clone(&state.dialogs));
        if let Some(folder) = options.data_folder {
            state.bench.keep_in(folder.join("bench"), &state.tasks, Arc::clone(&state.dialogs));
            let folder = folder.join("conversations");
            state.chat.keep_in(folder, &state.tasks);
        }
        apply::apply_theme(ctx, state.settings.get().theme);
        system_theme::follow(ctx, &state.tasks);
        ctx.add_plugin(typing::Typing::default());
        let mut ui = ui::Ui::default();
        ui.palette.actions = keys::palette_actions(ctx);
        ui.shortcuts.rows = keys::shortcut_rows(ctx);
        let mut app = Self { state, ui, commands: Commands::default(), waking };
        if options.sample {
            app.apply(ctx, Command::OpenSample);
        } else if let Some(uri) = options.tracking_uri {
            let request = ConnectRequest { uri, login: Login::Environment, insecure_tls: false };
            app.apply(ctx, Command::Connect(request));
        }
        app
    }

    /// What the app knows, for tests.
    pub fn state(&self) -> &State {
        &self.state
    }
}

impl eframe::App for Flowdeck {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        if let Some(workspace) = &self.state.workspace {
            workspace.set_focused(ctx.input(|input| input.focused));
        }
        self.waking.note(ctx);
        self.state.poll();
        if let Some(text) = self.state.chat.take_copied() {
            self.apply(ctx, Command::Copy(text, "the conversation"));
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        keys::take_keys(&ctx, &self.ui, &mut self.commands);
        keys::take_dropped_files(&ctx, ui::is_chat_shown(&self.state), &mut self.commands);
        let cx = ui::Cx { state: &self.state, now: format::now() };
        self.ui.show(ui, &cx, &mut self.commands);
        for command in self.commands.take() {
            self.apply(&ctx, command);
        }
        self.waking.settle(&ctx);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.state.serve.close();
        self.state.settings.flush();
        self.state.chat.flush();
        self.state.bench.flush();
        self.state.journal.flush();
    }
}
