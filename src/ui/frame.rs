//! The window: rail, list, main pane, chat beside it, status bar; toasts and palette above.

use egui::{CentralPanel, Frame, Panel};

use super::Cx;
use super::bench::BenchView;
use super::chat::ChatView;
use super::compare::CompareView;
use super::connect::ConnectView;
use super::experiments::ExperimentsView;
use super::journal::JournalView;
use super::palette::PaletteView;
use super::registry::RegistryView;
use super::registry::life::ghost_ui;
use super::run::RunView;
use super::runs::RunsView;
use super::serve::ServeView;
use super::shortcuts::ShortcutsView;
use super::trace::TraceView;
use super::traces::TracesView;
use super::widgets::{Pane, begin_tab_in_pane, leave_filter_on_down};
use super::{drop_overlay, rail, settings, status_bar, toasts};
use crate::state::State;
use crate::state::command::Commands;
use crate::state::navigation::{Route, Section};
use crate::theme::{Themed as _, size};

/// All views, each with its own typed text, selection and scroll.
#[derive(Default)]
pub struct Ui {
    connect: ConnectView,
    experiments: ExperimentsView,
    runs: RunsView,
    run: RunView,
    traces: TracesView,
    trace: TraceView,
    registry: RegistryView,
    compare: CompareView,
    journal: JournalView,
    server: u64,
    chat: ChatView,
    bench: BenchView,
    serve: ServeView,
    /// Finds and does everything by name.
    pub palette: PaletteView,
    /// The list of keys.
    pub shortcuts: ShortcutsView,
}

impl Ui {
    /// Draws the window.
    pub fn show(&mut self, ui: &mut egui::Ui, cx: &Cx<'_>, out: &mut Commands) {
        self.forget_other_servers(cx);
        leave_filter_on_down(ui.ctx());
        begin_tab_in_pane(ui.ctx());
        let tokens = ui.tokens();
        let bare = Frame::new().fill(tokens.app_bg);
        Panel::bottom("status bar")
            .exact_size(size::STATUS_BAR)
            .resizable(false)
            .frame(bare.inner_margin(egui::Margin::symmetric(size::SPACE_S as i8, 0)))
            .show(ui, |ui| status_bar::show(ui, cx, out));
        Panel::left("rail")
            .exact_size(size::RAIL)
            .resizable(false)
            .frame(bare)
            .show(ui, |ui| rail::show(ui, cx, out));
        let section = cx.route().section();
        if cx.state.has_chat_beside() {
            // What it stands beside must keep room for what matters most there.
            let list = if has_list(cx.state) { size::LIST } else { 0.0 };
            let room = ui.available_width() - list - size::MAIN_MIN;
            let widest = room.clamp(size::INSPECTOR_MIN, 720.0);
            Panel::right("chat panel")
                .default_size((size::INSPECTOR + 60.0).min(widest))
                .size_range(size::INSPECTOR_MIN..=widest)
                .frame(Frame::new().fill(tokens.panel_bg))
                .show(ui, |ui| {
                    fill_panel(ui);
                    self.chat.show(ui, cx, out);
                });
        }
        self.list_ui(ui, cx, section, out);
        let main = CentralPanel::no_frame()
            .frame(Frame::new().fill(tokens.panel_bg))
            .show(ui, |ui| Pane::Main.show(ui, |ui| self.main_ui(ui, cx, out)));
        self.registry.modals_ui(ui.ctx(), cx, out);
        self.serve.show(ui.ctx(), cx, out);
        self.bench.dialogs_ui(ui.ctx(), cx, out);
        self.chat.modals_ui(ui.ctx(), cx, out);
        ghost_ui(ui);
        self.palette.show(ui.ctx(), cx, out);
        self.shortcuts.show(ui.ctx());
        toasts::show(ui.ctx(), main.response.rect, cx, out);
        drop_overlay::show(ui.ctx(), is_chat_shown(cx.state));
    }

    /// Filters, cursors and half-typed descriptions belong to the server they were typed for.
    fn forget_other_servers(&mut self, cx: &Cx<'_>) {
        if std::mem::replace(&mut self.server, cx.state.servers_opened) != cx.state.servers_opened {
            self.experiments = ExperimentsView::default();
            self.runs = RunsView::default();
            self.run = RunView::default();
            self.traces = TracesView::default();
            self.trace = TraceView::default();
            self.registry = RegistryView::default();
            self.compare = CompareView::default();
        }
    }

    fn list_ui(&mut self, ui: &mut egui::Ui, cx: &Cx<'_>, section: Section, out: &mut Commands) {
        if !has_list(cx.state) {
            return;
        }
        Panel::left("list")
            .default_size(size::LIST)
            .size_range(size::LIST_MIN..=(ui.available_width() - size::MAIN_MIN).clamp(size::LIST_MIN, 520.0))
            .frame(Frame::new().fill(ui.tokens().panel_bg))
            .show(ui, |ui| {
                fill_panel(ui);
                Pane::List.show(ui, |ui| match section {
                    Section::Experiments => self.experiments.show(ui, cx, out),
                    Section::Chat => self.chat.list_ui(ui, cx, out),
                    Section::Bench => self.bench.list_ui(ui, cx, out),
                    _ => self.registry.list_ui(ui, cx, out),
                });
            });
    }

    /// Asks which endpoints to talk to side by side.
    pub fn choose_endpoints(&mut self, state: &State) {
        self.chat.choose(state);
    }

    /// Asks which prompt to insert into the message.
    pub fn choose_prompt(&mut self, state: &State) {
        self.chat.choose_prompt(state);
    }

    /// Gives the keyboard to the next pane, or the one before: list, main pane, chat beside it, and round again.
    pub fn go_to_pane(&mut self, ctx: &egui::Context, state: &State, back: bool) {
        let list = has_list(state).then_some(Stop::Pane(Pane::List));
        // The chat's own screen is all chat.
        let chat_screen = state.navigation.current().section() == Section::Chat;
        let main = if chat_screen { Stop::Chat } else { Stop::Pane(Pane::Main) };
        let beside = state.has_chat_beside().then_some(Stop::Chat);
        let stops: Vec<Stop> = list.into_iter().chain([main]).chain(beside).collect();
        let here = if self.chat.has_focus(ctx) {
            Stop::Chat
        } else if Pane::List.was_used_last(ctx) {
            Stop::Pane(Pane::List)
        } else {
            Stop::Pane(Pane::Main)
        };
        let step = if back { stops.len() - 1 } else { 1 };
        let next = stops.iter().position(|stop| *stop == here).map_or(0, |at| (at + step) % stops.len());
        match stops.get(next) {
            Some(Stop::Pane(pane)) => pane.go(ctx),
            Some(Stop::Chat) | None => self.chat.focus(),
        }
    }

    fn main_ui(&mut self, ui: &mut egui::Ui, cx: &Cx<'_>, out: &mut Commands) {
        match cx.route() {
            Route::Chat => self.chat.show(ui, cx, out),
            Route::Bench | Route::BenchSet(_) | Route::BenchRun(_) => self.bench.show(ui, cx, out),
            Route::Journal => self.journal.show(ui, cx, out),
            Route::Settings => settings::show(ui, cx, out),
            _ if cx.workspace().is_none() => self.connect.show(ui, cx, out),
            Route::Connect => self.connect.show(ui, cx, out),
            Route::Experiments | Route::Experiment { .. } => self.runs.show(ui, cx, out),
            Route::Run { .. } => self.run.show(ui, cx, out),
            Route::Traces(_) => self.traces.show(ui, cx, out),
            Route::Trace { .. } => self.trace.show(ui, cx, out),
            Route::Compare { .. } => self.compare.show(ui, cx, out),
            Route::Models(_)
            | Route::Matrix(_)
            | Route::Model { .. }
            | Route::Beside { .. }
            | Route::Version { .. } => {
                self.registry.main_ui(ui, cx, out);
            }
        }
    }
}

/// Where the keyboard can go as a whole.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Pane(Pane),
    Chat,
}

fn has_list(state: &State) -> bool {
    let section = state.navigation.current().section();
    if section == Section::Chat {
        // With the first message, too: nothing moves aside for it.
        return state.settings.get().list_shown;
    }
    if section == Section::Bench {
        let bench = &state.bench;
        return state.settings.get().list_shown && !(bench.sets().is_empty() && bench.runs().is_empty());
    }
    matches!(section, Section::Experiments | Section::Models | Section::Prompts)
        // The matrix is a list of models already, and a comparison has a list of its own.
        // A trace beside its conversation needs the room.
        && !matches!(
            state.navigation.current(),
            Route::Matrix(_) | Route::Compare { .. } | Route::Trace { beside_chat: true, .. }
        )
        && state.settings.get().list_shown
        && state.workspace.is_some()
}

/// Whether the chat is on the screen, alone or beside another.
pub fn is_chat_shown(state: &State) -> bool {
    state.navigation.current().section() == Section::Chat || state.has_chat_beside()
}

/// A panel shrinks to its content, and remembers that: what is still loading must not make it narrow.
fn fill_panel(ui: &mut egui::Ui) {
    ui.set_min_size(ui.available_size());
}
