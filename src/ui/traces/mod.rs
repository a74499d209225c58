//! Traces in a table: of an experiment beside its runs, of a logged model, of a run.

mod cells;
mod grid;
mod tabs;

use egui::{Align, Frame, Key, Label, Layout, Margin, Modifiers, Sense, Ui, Vec2};

pub(super) use cells::state_look;
pub(super) use tabs::{TABS, Tab, tabs_ui};

use super::Cx;
use super::experiments::split_path;
use super::widgets::{Pane, empty_ui, failure_bar_ui, failure_ui, filter_field_of_pane_ui, loading_ui};
use crate::state::command::Commands;
use crate::state::navigation::{Route, RunTab, TraceScope};
use crate::state::traces::{TraceListing, TracesCommand};
use crate::state::{Command, format};
use crate::theme::{self, Icon, size};

const FILTER_WIDTH: f32 = 260.0;
const FILTER_HELP: &str = "Words that must all occur in the name, id, state, request, response, model, session, user \
    or tags. key=value looks at one of name, state, model, run, session, user or a tag, quotes keep spaces together. \
    Filters the traces that are loaded.";
const PYTHON: &str = "import mlflow\nmlflow.set_experiment(experiment_id=\"{id}\")\n\n@mlflow.trace\ndef ask(question):\n    return \"42\"\n\nask(\"How much?\")";

/// The table of traces.
#[derive(Default)]
pub struct TracesView {
    /// What the fields below belong to.
    scope: Option<TraceScope>,
    filter: String,
    cursor: Cursor,
}

/// The row that the keyboard is on, followed through sorting, filtering and reloading.
#[derive(Default)]
struct Cursor {
    trace_id: Option<String>,
    place: Option<usize>,
    /// Which rows `place` belongs to.
    seen: u64,
    scroll: bool,
}

impl Cursor {
    fn go(&mut self, listing: &TraceListing, place: usize) {
        let Some(row) = listing.row(place) else { return };
        self.place = Some(place);
        self.trace_id = Some(row.trace_id.clone());
        self.scroll = true;
    }

    fn follow(&mut self, listing: &TraceListing) {
        if self.seen != listing.revision() {
            self.seen = listing.revision();
            self.place = self.trace_id.as_ref().and_then(|id| listing.place_of(id));
        }
    }
}

impl TracesView {
    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        let Route::Traces(scope) = cx.route() else { return };
        let Some(listing) = cx.workspace().and_then(|workspace| workspace.traces.of(scope)) else { return };
        if self.scope.as_ref() != Some(scope) {
            *self = Self {
                scope: Some(scope.clone()),
                filter: listing.wanted().filter.clone(),
                cursor: Cursor::default(),
            };
        }
        Pane::Main.take_keys_on_press(ui, ui.max_rect());
        self.cursor.follow(listing);
        self.toolbar_ui(ui, cx, listing, out);
        if let Some(error) = listing.error() {
            if listing.loaded() == 0 {
                failure_ui(ui, "The traces could not be loaded", error, Command::Refresh, out);
                return;
            }
            failure_bar_ui(ui, "Not all traces were loaded", error, Command::Refresh, out);
        }
        if listing.loaded() == 0 {
            nothing_ui(ui, listing, out);
            return;
        }
        self.keys(ui, cx, listing, out);
        grid::show(ui, cx, listing, &mut self.cursor, out);
    }

    fn toolbar_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, listing: &TraceListing, out: &mut Commands) {
        let margin = Margin { left: size::SPACE_M as i8, right: size::SPACE_M as i8, top: 6, bottom: 6 };
        Frame::new().inner_margin(margin).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.set_height(size::CONTROL);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let refresh = ui.add(theme::button::icon(Icon::Refresh, "Refresh traces"));
                    let hover = |ui: &mut Ui| {
                        ui.label("Ask the server again (F5)");
                        if let Some(at) = listing.loaded_at() {
                            ui.label(theme::text::small(format!("Loaded at {}", format::clock_time(at))));
                        }
                    };
                    if refresh.on_hover_ui(hover).clicked() {
                        out.push(Command::Refresh);
                    }
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| title_ui(ui, cx, listing, out));
                });
            });
            ui.add_space(2.0);
            ui.horizontal(|ui| {
                ui.set_height(size::CONTROL);
                self.filter_ui(ui, out);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if listing.has_more() && ui.add(theme::button::quiet("Load the rest")).clicked() {
                        out.push(TracesCommand::LoadRest);
                    }
                    ui.add(Label::new(theme::text::weak(count(listing))).truncate().sense(Sense::hover()));
                });
            });
        });
    }

    fn filter_ui(&mut self, ui: &mut Ui, out: &mut Commands) {
        let takes_slash = Pane::Main.was_used_last(ui.ctx());
        let width = FILTER_WIDTH.min(ui.available_width() * 0.4);
        let layout = Layout::left_to_right(Align::Center);
        ui.allocate_ui_with_layout(Vec2::new(width, size::CONTROL), layout, |ui| {
            let field = filter_field_of_pane_ui(ui, &mut self.filter, "Filter traces", takes_slash);
            if field.changed() {
                out.push(TracesCommand::Filter(self.filter.clone()));
            }
            field.on_hover_text(FILTER_HELP);
        });
    }

    /// Arrows move, Enter opens; Left goes to the list.
    fn keys(&mut self, ui: &Ui, cx: &Cx<'_>, listing: &TraceListing, out: &mut Commands) {
        let count = listing.shown();
        if count == 0 || !Pane::Main.has_keys(ui.ctx()) {
            return;
        }
        let page = ((ui.available_height() - size::HEADER) / grid::row_height(cx)).max(2.0) as usize - 1;
        let pressed = |key: Key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let at = self.cursor.place;
        let moved = [
            (Key::ArrowDown, at.map_or(0, |at| at + 1)),
            (Key::ArrowUp, at.map_or(0, |at| at.saturating_sub(1))),
            (Key::PageDown, at.map_or(0, |at| at + page)),
            (Key::PageUp, at.map_or(0, |at| at.saturating_sub(page))),
            (Key::Home, 0),
            (Key::End, count - 1),
        ];
        for (key, to) in moved {
            if pressed(key) {
                self.cursor.go(listing, to.min(count - 1));
                return;
            }
        }
        if pressed(Key::ArrowLeft) {
            Pane::List.take_keys(ui.ctx());
        } else if let Some(row) = at.and_then(|at| listing.row(at))
            && pressed(Key::Enter)
        {
            out.push(Route::Trace { trace_id: row.trace_id.clone() });
        }
    }
}

fn title_ui(ui: &mut Ui, cx: &Cx<'_>, listing: &TraceListing, out: &mut Commands) {
    let Some(workspace) = cx.workspace() else { return };
    match listing.scope() {
        TraceScope::Experiment(id) => {
            let experiment = workspace.experiments.find(id);
            let name = experiment.map_or_else(|| format!("Experiment {id}"), |it| it.name.clone());
            // The tabs keep their room, however long the name is.
            ui.scope(|ui| {
                ui.set_max_width((ui.available_width() - TABS).max(80.0));
                let title = ui.add(Label::new(theme::text::title(split_path(&name).1)).truncate());
                title.on_hover_text(&name);
            });
            tabs_ui(ui, cx, id, Tab::Traces, out);
        }
        TraceScope::Model(id) => {
            let label = workspace.runs.models().get(id);
            let version = label.and_then(|label| label.registered_as.last());
            let name = match (version, label) {
                (Some((name, number)), _) => format!("{name} v{number}"),
                (None, Some(label)) => label.name.clone(),
                (None, None) => id.clone(),
            };
            ui.add(Label::new(theme::text::title(format!("Traces of {name}"))).truncate()).on_hover_text(id);
        }
        TraceScope::Run { run_id, .. } => {
            let run = workspace.run.get(run_id).and_then(|shown| shown.run.value());
            let name = run.map_or(format::short_id(run_id), |run| run.info.run_name.as_str());
            let back = theme::button::quiet((Icon::ChevronLeft.image().alt_text(""), name.to_owned()));
            if ui.add(back.truncate()).on_hover_text("The run").clicked() {
                out.push(Route::Run { run_id: run_id.clone(), tab: RunTab::default() });
            }
            ui.add(Label::new(theme::text::title("Traces of this run")).truncate());
        }
    }
}

/// `18 traces`, `3 of 18 traces`, `8,400 traces and more`.
fn count(listing: &TraceListing) -> String {
    let (shown, loaded) = (listing.shown(), listing.loaded());
    if loaded == 0 {
        return String::new();
    }
    let of = if shown == loaded { String::new() } else { format!("{} of ", format::count(shown)) };
    let more = if listing.has_more() {
        ", the newest"
    } else if listing.is_loading() && !listing.is_complete() {
        " and more…"
    } else {
        ""
    };
    format!("{of}{}{more}", format::counted(loaded, "trace", "traces"))
}

fn nothing_ui(ui: &mut Ui, listing: &TraceListing, out: &mut Commands) {
    if !listing.is_complete() {
        loading_ui(ui, "traces");
        return;
    }
    match listing.scope() {
        TraceScope::Experiment(id) => {
            let python = PYTHON.replace("{id}", id);
            let text = "What an agent does is traced step by step, once it is asked to";
            empty_ui(ui, Icon::Tree, "No traces in this experiment yet", text, Some(&python), out);
        }
        TraceScope::Model(_) => {
            let text = "An agent that is served leaves one for each request, where tracing is on";
            empty_ui(ui, Icon::Tree, "This model has left no traces", text, None, out);
        }
        TraceScope::Run { .. } => empty_ui(ui, Icon::Tree, "No traces were made in this run", "", None, out),
    }
}
