//! The table of runs: its toolbar, the table itself, the chooser of columns.

mod cells;
mod chooser;
mod grid;
mod toolbar;

use egui::{Key, Modifiers, Ui};

use super::Cx;
use super::experiments::choose;
use super::widgets::cells::row_height;
use super::widgets::{Markdown, Marked, Pane, RowCursor, empty_ui, failed_load_ui, failure_ui, loading_ui};
use crate::entities::ViewType;
use crate::state::Command;
use crate::state::command::Commands;
use crate::state::navigation::{Route, RunTab};
use crate::state::runs::{ColumnKey, Listing, Progress, RunsCommand};
use crate::theme::Icon;

/// The table of runs.
#[derive(Default)]
pub struct RunsView {
    /// What the fields below belong to.
    experiment_id: String,
    filter: String,
    cursor: RowCursor,
    /// Runs to compare, by id and name.
    marked: Marked<(String, String)>,
    /// The columns of the last frame: one that was chosen is scrolled to.
    columns: Vec<ColumnKey>,
    chooser: chooser::Chooser,
    markdown: Markdown,
}

const PYTHON: &str = "import mlflow\nmlflow.set_experiment(experiment_id=\"{id}\")\nwith mlflow.start_run(run_name=\"first\"):\n    mlflow.log_metric(\"loss\", 0.5)";

impl RunsView {
    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        let Some(workspace) = cx.workspace() else { return };
        let listing = match cx.route() {
            Route::Experiment { experiment_id } => workspace.runs.of(experiment_id),
            _ => None,
        };
        let Some(listing) = listing else {
            no_experiment_ui(ui, cx, out);
            return;
        };
        if self.experiment_id != listing.experiment_id() {
            listing.experiment_id().clone_into(&mut self.experiment_id);
            listing.filter().clone_into(&mut self.filter);
            self.cursor = RowCursor::default();
            self.marked = Marked::default();
            self.columns.clear();
            self.chooser = chooser::Chooser::default();
        }
        Pane::Main.take_keys_on_press(ui, ui.max_rect());
        self.cursor.follow((listing.generation(), listing.revision()), |run_id| {
            listing.place_of(listing.table().rows().find(run_id)?)
        });
        self.toolbar_ui(ui, cx, listing, out);
        let nothing = listing.table().rows().count() == 0;
        let failed = ["The runs could not be loaded", "Not all runs were loaded"];
        if failed_load_ui(ui, listing.error(), nothing, failed, out) {
            return;
        }
        if nothing {
            self.no_runs_ui(ui, listing, out);
            return;
        }
        self.keys(ui, cx, listing, out);
        let added = self.added_column(listing);
        grid::show(ui, cx, listing, (&mut self.cursor, &mut self.marked), added, out);
    }

    /// Where the column stands that the user has just chosen.
    fn added_column(&mut self, listing: &Listing) -> Option<usize> {
        let columns = listing.layout().columns();
        if self.columns == columns {
            return None;
        }
        let before = std::mem::replace(&mut self.columns, columns.to_vec());
        let one_more = listing.layout().is_chosen() && columns.len() == before.len() + 1;
        columns.iter().position(|column| one_more && !before.contains(column))
    }

    fn no_runs_ui(&self, ui: &mut Ui, listing: &Listing, out: &mut Commands) {
        if listing.progress() != Progress::Complete {
            loading_ui(ui, "runs");
            return;
        }
        match listing.view() {
            ViewType::DeletedOnly => empty_ui(ui, Icon::Delete, "No deleted runs", "", None, out),
            ViewType::ActiveOnly | ViewType::All => {
                let python = PYTHON.replace("{id}", &self.experiment_id);
                let text = "Log the first one, then press F5";
                empty_ui(ui, Icon::Experiment, "No runs in this experiment yet", text, Some(&python), out);
            }
        }
    }

    /// Arrows move, Enter opens, Right and Left unfold and fold; Left at the top goes to the list.
    fn keys(&mut self, ui: &Ui, cx: &Cx<'_>, listing: &Listing, out: &mut Commands) {
        let count = listing.visible_count();
        if count == 0 || !Pane::Main.has_keys(ui.ctx()) {
            return;
        }
        let row_height = row_height(cx.state.settings.get().density);
        if let Some(to) = self.cursor.led_by_keys(ui, count, row_height) {
            self.cursor.go(to, run_id_at(listing, to));
            return;
        }
        let pressed = |key: Key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let at = self.cursor.place();
        let Some((at, entry)) = at.and_then(|at| Some((at, listing.visible(at)?))) else { return };
        if pressed(Key::Space) {
            self.marked.toggle(run_to_mark(listing, entry.row));
        } else if pressed(Key::Enter) {
            open_run(listing, entry.row, out);
        } else if pressed(Key::ArrowRight) && entry.below > 0 {
            out.push(RunsCommand::Unfold(entry.row, true));
        } else if pressed(Key::ArrowLeft) {
            if entry.below > 0 && listing.is_open(entry.row) {
                out.push(RunsCommand::Unfold(entry.row, false));
            } else if entry.depth > 0 {
                let above = (0..at).rev();
                let parent = above
                    .into_iter()
                    .find(|&place| listing.visible(place).is_some_and(|above| above.depth < entry.depth));
                let to = parent.unwrap_or(at);
                self.cursor.go(to, run_id_at(listing, to));
            } else {
                Pane::List.take_keys(ui.ctx());
            }
        }
    }
}

fn run_id_at(listing: &Listing, place: usize) -> Option<&str> {
    Some(listing.table().rows().run_id(listing.visible(place)?.row))
}

/// A run to compare.
fn run_to_mark(listing: &Listing, row: u32) -> (String, String) {
    let rows = listing.table().rows();
    (rows.run_id(row).to_owned(), rows.name(row).to_owned())
}

fn open_run(listing: &Listing, row: u32, out: &mut Commands) {
    let run_id = listing.table().rows().run_id(row).to_owned();
    out.push(Route::Run { run_id, tab: RunTab::default() });
}

/// Only for a moment, unless there is no experiment at all: one is chosen, whether the list is shown or not.
fn no_experiment_ui(ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
    let Some(workspace) = cx.workspace() else { return };
    choose(&workspace.experiments, cx, out);
    if let Some(error) = workspace.experiments.error() {
        failure_ui(ui, "The experiments could not be loaded", error, Command::Refresh, out);
    } else if workspace.experiments.is_complete() && workspace.experiments.loaded() == 0 {
        let text = "Its runs will be shown here";
        empty_ui(ui, Icon::Experiment, "Choose an experiment", text, None, out);
    } else {
        loading_ui(ui, "experiments");
    }
}
