//! One run: what it is, its curves, its files.

mod axes;
mod metrics;
mod models;
mod overview;
mod plots;

use egui::{Align, Frame, Layout, Margin, Panel, Ui};

use self::metrics::MetricsView;
use self::overview::OverviewView;
use super::Cx;
use super::artifacts::ArtifactsView;
use super::widgets::{
    copy_menu_ui, copyable_id_ui, failure_bar_ui, failure_ui, loading_ui, page_name_ui, status_ui,
};
use crate::entities::{ArtifactRoot, Run, RunStatus};
use crate::state::command::Commands;
use crate::state::compare::CompareCommand;
use crate::state::run::{RunCommand, ShownRun};
use crate::state::{Command, Route, RunTab, TraceScope, python};
use crate::theme::{self, Icon, Themed as _, Tint, size};

/// One run.
pub struct RunView {
    overview: OverviewView,
    metrics: MetricsView,
    artifacts: ArtifactsView,
}

impl Default for RunView {
    fn default() -> Self {
        Self {
            overview: OverviewView::default(),
            metrics: MetricsView::default(),
            artifacts: ArtifactsView::opening("README.md"),
        }
    }
}

impl RunView {
    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        let Route::Run { run_id, tab } = cx.route() else { return };
        let Some(page) = cx.workspace().map(|workspace| &workspace.run) else { return };
        let Some(shown) = page.get(run_id) else { return };
        let Some(run) = shown.run.value() else {
            match shown.run.error() {
                Some(error) => {
                    failure_ui(ui, "Could not load the run", error, RunCommand::Reload.into(), out);
                }
                None => loading_ui(ui, "the run"),
            }
            return;
        };
        Panel::top("run header")
            .frame(Frame::new().inner_margin(Margin::symmetric(size::SPACE_L as i8, size::SPACE_S as i8)))
            .show(ui, |ui| {
                header_ui(ui, shown, run, out);
                tabs_ui(ui, run, *tab, out);
                if let Some(error) = shown.run.error() {
                    failure_bar_ui(ui, "Could not refresh the run", error, RunCommand::Reload.into(), out);
                }
            });
        match tab {
            RunTab::Overview => self.overview.show(ui, cx, shown, run, out),
            RunTab::Metrics => self.metrics.show(ui, shown, run, page.look(), out),
            RunTab::Artifacts => {
                self.artifacts.show(ui, cx, &ArtifactRoot::run(run_id.clone()), out);
            }
        }
    }
}

fn header_ui(ui: &mut Ui, shown: &ShownRun, run: &Run, out: &mut Commands) {
    ui.horizontal(|ui| {
        ui.set_height(size::CONTROL);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let name = "Refresh run";
            if ui.add(theme::button::icon(Icon::Refresh, name)).on_hover_text("Refresh").clicked() {
                out.push(Command::Refresh);
            }
            ui.menu_button("Copy", |ui| copies_ui(ui, run, out));
            let compare = theme::button::icon(Icon::Compare, "Compare with…");
            if ui.add(compare).on_hover_text("Compare with another run…").clicked() {
                out.push(CompareCommand::Choose(None));
            }
            traces_ui(ui, run, out);
            models::button_ui(ui, shown, out);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| title_ui(ui, shown, run, out));
        });
    });
}

fn traces_ui(ui: &mut Ui, run: &Run, out: &mut Commands) {
    let button = theme::button::default((Icon::Tree.image().alt_text(""), "Traces"));
    if ui.add(button).on_hover_text("Traces that were made in this run").clicked() {
        let (run_id, experiment_id) = (run.info.run_id.clone(), run.info.experiment_id.clone());
        out.push(Route::Traces(TraceScope::Run { run_id, experiment_id }));
    }
}

/// Narrower headers leave the experiment's name to the list, and the id to the overview, in points.
const WIDE: f32 = 480.0;
/// What a run's name leaves to its status, and to its id where that is shown, in points.
const BESIDE_NAME: [f32; 2] = [110.0, 220.0];

fn title_ui(ui: &mut Ui, shown: &ShownRun, run: &Run, out: &mut Commands) {
    let is_wide = ui.available_width() >= WIDE;
    let experiment = shown.experiment.value().map_or("Experiment", |experiment| experiment.name.as_str());
    let back = if is_wide {
        theme::button::quiet((Icon::ChevronLeft.image().alt_text(""), experiment.to_owned()))
    } else {
        theme::button::icon(Icon::ChevronLeft, experiment)
    };
    let back = ui.add(back.truncate()).on_hover_text(format!("All runs of {experiment}"));
    if back.clicked() {
        out.push(Route::Experiment { experiment_id: run.info.experiment_id.clone() });
    }
    let (icon, tint) = status_look(ui, run.info.status);
    page_name_ui(ui, &run.info.run_name, BESIDE_NAME[usize::from(is_wide)]);
    status_ui(ui, icon, run.info.status.label(), tint);
    if is_wide {
        copyable_id_ui(ui, &run.info.run_id, "run id", out);
    }
    if run.info.lifecycle_stage == crate::entities::LifecycleStage::Deleted {
        ui.colored_label(ui.tokens().failure.fg, "Deleted");
    }
}

fn copies_ui(ui: &mut Ui, run: &Run, out: &mut Commands) {
    let id = &run.info.run_id;
    let lines = [
        ("Run id", id.clone(), "run id"),
        ("Run name", run.info.run_name.clone(), "run name"),
        ("URI", format!("runs:/{id}"), "URI"),
        ("Python to load it", python::get_run(id), "Python"),
        ("Artifact URI", run.info.artifact_uri.clone(), "artifact URI"),
    ];
    copy_menu_ui(ui, lines, out);
}

fn tabs_ui(ui: &mut Ui, run: &Run, shown: RunTab, out: &mut Commands) {
    let tabs =
        [(RunTab::Overview, "Overview"), (RunTab::Metrics, "Metrics"), (RunTab::Artifacts, "Artifacts")];
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        for (tab, label) in tabs {
            if ui.add(theme::button::quiet(label).selected(tab == shown)).clicked() {
                out.push(Route::Run { run_id: run.info.run_id.clone(), tab });
            }
        }
    });
}

/// Icon and colour of a run's status.
fn status_look(ui: &Ui, status: RunStatus) -> (Icon, Tint) {
    let tokens = ui.tokens();
    match status {
        RunStatus::Running => (Icon::Running, tokens.info),
        RunStatus::Scheduled => (Icon::Pending, tokens.neutral_chip),
        RunStatus::Finished => (Icon::Success, tokens.success),
        RunStatus::Failed => (Icon::Failure, tokens.failure),
        RunStatus::Killed => (Icon::Killed, tokens.warning),
    }
}
