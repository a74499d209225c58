//! What a finished run can be handed on as: entries of its menu, and the question where MLflow runs are made.

use egui::{Context, Label, ScrollArea, Ui};

use crate::state::bench::BenchCommand;
use crate::state::bench::export::ExportFormat;
use crate::state::bench::log_run::announced;
use crate::state::bench::result::BenchRun;
use crate::state::command::Commands;
use crate::theme::{self, Icon, size};
use crate::ui::Cx;
use crate::ui::widgets::form::{Below, Confirm, Form, Formed, dialog_ui};

/// Experiments that are listed; the words find the others.
const MOST: usize = 200;
/// Height of the list of experiments at most.
const LIST: f32 = 200.0;

/// The entries of a run's menu.
pub(in crate::ui::bench) fn entries_ui(ui: &mut Ui, cx: &Cx<'_>, run: &BenchRun, out: &mut Commands) {
    for format in ExportFormat::ALL {
        if ui.button((Icon::Download.image(), format!("Save as {}…", format.label()))).clicked() {
            out.push(BenchCommand::Export(run.id, format));
            ui.close();
        }
    }
    ui.separator();
    let problem = log_problem(cx, run);
    let log =
        ui.add_enabled(problem.is_none(), egui::Button::new((Icon::Upload.image(), "Log as MLflow runs…")));
    if log.on_disabled_hover_text(problem.unwrap_or_default()).clicked() {
        out.push(BenchCommand::AskLog(run.id));
        ui.close();
    }
}

/// Why it cannot be logged now.
fn log_problem(cx: &Cx<'_>, run: &BenchRun) -> Option<&'static str> {
    match cx.workspace() {
        None => Some("Open a tracking server first: the runs are made there"),
        Some(workspace) if !workspace.store.info().can_write => Some("This server cannot be written to"),
        _ if run.ended.is_none() => Some("The run is not over yet"),
        _ if cx.state.bench.is_logging() => Some("Another bench is being logged"),
        _ => None,
    }
}

/// The question which experiment the runs are made in.
#[derive(Default)]
pub(super) struct LogView {
    run: Option<u64>,
    experiment: Option<String>,
    words: String,
}

impl LogView {
    /// Draws it while it is asked.
    pub(super) fn show(&mut self, ctx: &Context, cx: &Cx<'_>, out: &mut Commands) {
        let bench = &cx.state.bench;
        let asked = bench.asked_to_log().and_then(|asked| Some((asked, bench.run(asked.run)?)));
        let Some((asked, run)) = asked else {
            self.run = None;
            return;
        };
        let opens = self.run != Some(run.id);
        if opens {
            *self = Self { run: Some(run.id), ..Self::default() };
        }
        let suggested = asked.suggested();
        let (formed, closes) =
            dialog_ui(ctx, "log bench", size::DIALOG, |ui| self.form_ui(ui, cx, run, suggested, opens));
        match formed {
            Formed::Confirmed => {
                if let Some(experiment_id) = self.chosen(cx, suggested) {
                    out.push(BenchCommand::Log { run: run.id, experiment_id });
                }
            }
            Formed::Cancelled => out.push(BenchCommand::CancelLog),
            Formed::On if closes => out.push(BenchCommand::CancelLog),
            Formed::On => {}
        }
    }

    /// What the user chose, else where the version comes from, else where he is.
    fn chosen(&self, cx: &Cx<'_>, suggested: Option<&str>) -> Option<String> {
        let there = |id: &&str| cx.workspace().is_some_and(|it| it.experiments.find(id).is_some());
        let chosen = self.experiment.as_deref().or(suggested).filter(there);
        let first = || cx.workspace()?.experiments.suggested(None).map(|it| it.experiment_id.clone());
        chosen.map(str::to_owned).or_else(first)
    }

    fn form_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &BenchRun,
        suggested: Option<&str>,
        opens: bool,
    ) -> Formed {
        ui.label(theme::text::title("Log as MLflow runs"));
        ui.add_space(size::SPACE_S);
        let Some(workspace) = cx.workspace() else { return Formed::Cancelled };
        for line in announced(run, &workspace.store.info().label) {
            ui.add(Label::new(theme::text::weak(line)).wrap());
        }
        ui.add_space(size::SPACE_S);
        let mut form = Form::new(opens);
        form.field_ui(ui, "Experiment", "Words of its name", &mut self.words, Below::Nothing);
        let chosen = self.chosen(cx, suggested);
        let words = self.words.to_lowercase();
        let experiments = &workspace.experiments;
        ScrollArea::vertical().max_height(LIST).auto_shrink([false, true]).show(ui, |ui| {
            let known = experiments.shown().iter().filter_map(|number| experiments.get(*number));
            let found =
                known.filter(|it| words.split_whitespace().all(|word| it.name.to_lowercase().contains(word)));
            for experiment in found.take(MOST) {
                let selected = chosen.as_deref() == Some(&experiment.experiment_id);
                if ui.radio(selected, experiment.name.as_str()).clicked() {
                    self.experiment = Some(experiment.experiment_id.clone());
                }
            }
        });
        ui.add_space(size::SPACE_S);
        form.end_ui(ui, Confirm::Primary("Log"), chosen.is_some(), None)
    }
}
