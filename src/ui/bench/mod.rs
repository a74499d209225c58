//! The bench: sets of prompts, and runs of them on endpoints.
//!
//! - `list`: sets with their runs, at the left;
//! - `set`, `case`: a set in a table, and the editor of one prompt;
//! - `run`: what came of a run;
//! - `start`, `import`, `datasets`, `add`, `export`: the dialogs.

mod add;
mod case;
mod datasets;
mod export;
mod import;
mod list;
mod run;
mod set;
mod start;

use egui::{Context, Ui};

use super::Cx;
use super::widgets::{empty_ui, loading_ui};
use crate::state::bench::BenchCommand;
use crate::state::command::Commands;
use crate::state::navigation::Route;
use crate::theme::{self, Icon, size};

/// What is typed and chosen in the bench.
#[derive(Default)]
pub struct BenchView {
    list: list::ListView,
    set: set::SetView,
    run: run::RunView,
    start: start::StartView,
    import: import::ImportView,
    datasets: datasets::DatasetsView,
    add: add::AddView,
    log: export::LogView,
}

impl BenchView {
    /// Draws the list at the left.
    pub fn list_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        self.list.show(ui, cx, out);
    }

    /// Draws the screen.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        let bench = &cx.state.bench;
        match cx.route() {
            Route::BenchSet(id) => match bench.set(*id) {
                Some(set) => self.set.show(ui, cx, set, out),
                None => gone_ui(ui, bench.is_loading(*id), "This prompt set", out),
            },
            Route::BenchRun(id) => match bench.run(*id) {
                Some(run) => self.run.show(ui, cx, run, out),
                None => gone_ui(ui, bench.is_loading(*id), "This run", out),
            },
            _ => welcome_ui(ui, out),
        }
    }

    /// Draws what is open above everything.
    pub fn dialogs_ui(&mut self, ctx: &Context, cx: &Cx<'_>, out: &mut Commands) {
        self.start.show(ctx, cx, out);
        self.import.show(ctx, cx, out);
        self.datasets.show(ctx, cx, out);
        self.add.show(ctx, cx, out);
        self.log.show(ctx, cx, out);
    }
}

fn gone_ui(ui: &mut Ui, loading: bool, what: &str, out: &mut Commands) {
    if loading {
        loading_ui(ui, "the bench");
    } else {
        empty_ui(ui, Icon::Bench, &format!("{what} is not there"), "It may have been deleted", None, out);
    }
}

fn welcome_ui(ui: &mut Ui, out: &mut Commands) {
    let text = "Ask the same prompts of one to four endpoints, and see what differs, what regressed and what takes longer";
    empty_ui(ui, Icon::Bench, "Bench", text, None, out);
    ui.vertical_centered(|ui| {
        ui.add_space(size::SPACE_M);
        ui.horizontal(|ui| {
            // Three buttons, centred by hand: a horizontal layout fills the width.
            ui.add_space((ui.available_width() - 430.0).max(0.0) / 2.0);
            new_buttons_ui(ui, out);
        });
        ui.add_space(size::SPACE_S);
        ui.label(theme::text::small(
            "JSON Lines, CSV, evaluation datasets of MLflow, or turns of conversations: “Add to bench” below an answer",
        ));
    });
}

fn new_buttons_ui(ui: &mut Ui, out: &mut Commands) {
    if ui.add(theme::button::default((Icon::Add.image(), "New set"))).clicked() {
        out.push(BenchCommand::NewSet);
    }
    if ui.add(theme::button::default((Icon::Upload.image(), "Import…"))).clicked() {
        out.push(BenchCommand::Import(None));
    }
    if ui.add(theme::button::default((Icon::Dataset.image(), "From an evaluation dataset…"))).clicked() {
        out.push(BenchCommand::AskDatasets(None));
    }
}
