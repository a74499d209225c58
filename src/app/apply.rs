//! The one place where commands are carried out.

use egui::{Context, OpenUrl, ThemePreference};

use super::Flowdeck;
use crate::state::chat::ChatCommand;
use crate::state::compare::{self, CompareCommand};
use crate::state::journal::JournalCx;
use crate::state::settings::ThemeChoice;
use crate::state::{Command, Navigation, State};
use crate::ui::is_chat_shown;
use crate::ui::registry::request_go_to_version;
use crate::ui::widgets;

impl Flowdeck {
    /// Carries one command out.
    pub fn apply(&mut self, ctx: &Context, command: Command) {
        match command {
            Command::OpenPalette => self.ui.palette.open(self.state.findable()),
            Command::ShowShortcuts => self.ui.shortcuts.open = true,
            Command::FocusFilter => widgets::request_filter_focus(ctx),
            Command::NextPane => self.ui.go_to_pane(ctx, &self.state, false),
            Command::PreviousPane => self.ui.go_to_pane(ctx, &self.state, true),
            Command::GoToVersion => request_go_to_version(ctx),
            Command::InsertPrompt => self.insert_prompt(),
            Command::ChooseEndpoints => self.ui.choose_endpoints(&self.state),
            Command::Copy(text, what) => {
                ctx.copy_text(text);
                self.state.notices.info(format!("Copied {what}"));
            }
            Command::Compare(command @ (CompareCommand::Choose(_) | CompareCommand::ChooseSide(_))) => {
                self.choose_to_compare(&command);
            }
            Command::OpenUrl(url) => ctx.open_url(OpenUrl::new_tab(url)),
            Command::SetTheme(choice) => {
                self.state.settings.edit().theme = choice;
                apply_theme(ctx, choice);
            }
            command => self.state.apply(command),
        }
        // Whatever was changed by a view drawn before others shows in the next frame.
        ctx.request_repaint();
    }

    /// Asks which prompt to insert, beside what is shown.
    fn insert_prompt(&mut self) {
        if self.state.workspace.is_none() {
            self.state.notices.info("Open a server first: prompts come from its registry");
            return;
        }
        if !is_chat_shown(&self.state) {
            self.state.apply(Command::ToggleChatPanel);
        }
        self.ui.choose_prompt(&self.state);
    }

    /// Offers what is loaded to compare with, by name.
    fn choose_to_compare(&mut self, command: &CompareCommand) {
        let route = self.state.navigation.current();
        let offered = self.state.workspace.as_ref().and_then(|w| compare::choices(w, route, command));
        match offered {
            Some((question, items)) => self.ui.palette.offer(question, items),
            None => {
                self.state.notices.info("Open a version or a run first, to compare it with another");
            }
        }
    }
}

impl State {
    /// Carries out what needs no window.
    pub fn apply(&mut self, command: Command) {
        match command {
            Command::Go(route) => self.go(route),
            // A click on the rail in the same frame comes first, and wins.
            Command::Replace(route) if self.navigation.current().section() == route.section() => {
                self.navigation.replace(route);
                self.enter();
            }
            Command::OpenBeside(kind, name) => self.go(self.navigation.current().with_beside(kind, &name)),
            Command::CloseBeside(kind, name) => self.go(self.navigation.current().without(kind, &name)),
            Command::Back if self.navigation.back() => self.enter(),
            Command::Forward if self.navigation.forward() => self.enter(),
            Command::Refresh => self.refresh(),
            Command::Connect(request) => self.connection.connect(&self.tasks, request, &self.environment),
            Command::PickFile => self.connection.pick_file(&self.tasks, &self.dialogs),
            Command::OpenFile(file) => {
                self.connection.open_file(&self.tasks, &file, &self.environment);
            }
            Command::OpenSample => self.connection.open_sample(&self.tasks),
            Command::SwitchWorkspace(workspace) => self.switch_workspace(workspace),
            Command::CancelConnect => self.connection.cancel(),
            Command::Disconnect => {
                self.notices.dismiss_all();
                self.leave();
                self.navigation = Navigation::default();
            }
            Command::ForgetServer(uri) => self.settings.edit().servers.retain(|server| server.uri != uri),
            Command::Experiments(command) => self.with_workspace(|w, cx| w.experiments.apply(command, cx)),
            Command::Runs(command) => self.with_workspace(|w, cx| w.runs.apply(command, cx)),
            Command::Run(command) => self.with_workspace(|w, cx| w.run.apply(command, cx)),
            Command::Traces(command) => self.with_workspace(|w, cx| w.traces.apply(command, cx)),
            Command::Prompts(command) => self.with_workspace(|w, cx| w.prompts.apply(command, cx)),
            Command::LookUp(words) => self.with_workspace(|w, cx| w.look_up(&words, cx)),
            Command::Artifacts(command) => self.with_workspace(|w, cx| w.artifacts.apply(command, cx)),
            Command::Compare(CompareCommand::SaveMarkdown) => {
                self.with_workspace(|w, cx| w.compare.save_markdown(cx));
            }
            Command::Registry(command) => self.with_workspace(|w, cx| w.registry.apply(command, cx)),
            Command::Policy(command) => {
                let settings = self.settings.edit();
                self.policy.apply(command, &self.tasks, &self.dialogs, settings);
            }
            Command::Chat(command) => {
                let compares = matches!(command, ChatCommand::Compare(_));
                if let ChatCommand::Compare(addresses) = &command {
                    self.adopt_serving(addresses);
                }
                self.chat.apply(command, &self.tasks, &mut self.notices, self.settings.edit());
                if compares {
                    self.show_comparison();
                }
            }
            Command::Bench(command) => self.apply_bench(command),
            Command::Endpoints(command) => self.apply_endpoints(command),
            Command::Serve(command) => self.apply_serve(command),
            Command::ShowInFolder(path) => self.showing.start(path, &self.tasks, self.dialogs.as_ref()),
            Command::Journal(command) => {
                let (tasks, dialogs) = (&self.tasks, &self.dialogs);
                let settings = self.settings.edit();
                self.journal.apply(command, &mut JournalCx { tasks, dialogs, settings });
            }
            Command::DismissNotice(id) => self.notices.dismiss(id),
            Command::SetDensity(density) => self.settings.edit().density = density,
            Command::ToggleList => {
                let settings = self.settings.edit();
                settings.list_shown = !settings.list_shown;
            }
            Command::ToggleChatPanel => self.toggle_chat_beside(),
            // Nothing to go back to, or the window's business.
            _ => {}
        }
    }
}

pub(super) fn apply_theme(ctx: &Context, choice: ThemeChoice) {
    ctx.set_theme(match choice {
        ThemeChoice::System => ThemePreference::System,
        ThemeChoice::Light => ThemePreference::Light,
        ThemeChoice::Dark => ThemePreference::Dark,
    });
}
