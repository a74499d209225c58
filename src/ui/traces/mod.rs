//! Traces in a table: of an experiment beside its runs, of a logged model, of a run.

mod cells;
mod grid;
mod tabs;

use egui::{Align, Key, Label, Layout, Modifiers, Ui};

pub(super) use cells::state_look;
pub(super) use tabs::{Tab, experiment_ui};

use super::Cx;
use super::widgets::cells::row_height;
use super::widgets::{
    Pane, RowCursor, count_ui, empty_ui, failed_load_ui, loading_ui, refresh_ui, table_filter_ui, toolbar_ui,
};
use crate::state::command::Commands;
use crate::state::format;
use crate::state::navigation::{Route, RunTab, TraceScope};
use crate::state::traces::{TraceListing, TracesCommand};
use crate::theme::{self, Icon, size};

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
    cursor: RowCursor,
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
                cursor: RowCursor::default(),
            };
        }
        Pane::Main.take_keys_on_press(ui, ui.max_rect());
        self.cursor.follow((0, listing.revision()), |id| listing.place_of(id));
        self.toolbar_ui(ui, cx, listing, out);
        let nothing = listing.loaded() == 0;
        let failed = ["The traces could not be loaded", "Not all traces were loaded"];
        if failed_load_ui(ui, listing.error(), nothing, failed, out) {
            return;
        }
        if nothing {
            nothing_ui(ui, listing, out);
            return;
        }
        self.keys(ui, cx, listing, out);
        grid::show(ui, cx, listing, &mut self.cursor, out);
    }

    fn toolbar_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, listing: &TraceListing, out: &mut Commands) {
        toolbar_ui(ui, |ui| {
            ui.horizontal(|ui| {
                ui.set_height(size::CONTROL);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    refresh_ui(ui, "Refresh traces", listing.loaded_at(), out);
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| title_ui(ui, cx, listing, out));
                });
            });
            ui.add_space(2.0);
            ui.horizontal(|ui| {
                ui.set_height(size::CONTROL);
                if table_filter_ui(ui, &mut self.filter, "Filter traces", FILTER_HELP, 0.4) {
                    out.push(TracesCommand::Filter(self.filter.clone()));
                }
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if listing.has_more() && ui.add(theme::button::quiet("Load the rest")).clicked() {
                        out.push(TracesCommand::LoadRest);
                    }
                    count_ui(ui, count(listing));
                });
            });
        });
    }

    /// Arrows move, Enter opens; Left goes to the list.
    fn keys(&mut self, ui: &Ui, cx: &Cx<'_>, listing: &TraceListing, out: &mut Commands) {
        let count = listing.shown();
        if count == 0 || !Pane::Main.has_keys(ui.ctx()) {
            return;
        }
        let row_height = row_height(cx.state.settings.get().density);
        if let Some(to) = self.cursor.led_by_keys(ui, count, row_height) {
            self.cursor.go(to, listing.row(to).map(|row| row.trace_id.as_str()));
            return;
        }
        let pressed = |key: Key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        if pressed(Key::ArrowLeft) {
            Pane::List.take_keys(ui.ctx());
        } else if let Some(row) = self.cursor.place().and_then(|at| listing.row(at))
            && pressed(Key::Enter)
        {
            out.push(Route::trace(row.trace_id.clone()));
        }
    }
}

fn title_ui(ui: &mut Ui, cx: &Cx<'_>, listing: &TraceListing, out: &mut Commands) {
    let Some(workspace) = cx.workspace() else { return };
    match listing.scope() {
        TraceScope::Experiment(id) => {
            experiment_ui(ui, cx, id, Tab::Traces, out);
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
