//! What a finished run can be handed on as: entries of its menu, and the question where MLflow runs are made.

use egui::{Context, Key, Label, Modifiers, ScrollArea, Ui};

use crate::entities::Experiment;
use crate::state::bench::export::ExportFormat;
use crate::state::bench::log_run::announced;
use crate::state::bench::result::BenchRun;
use crate::state::bench::{Asked, BenchCommand};
use crate::state::command::Commands;
use crate::theme::{self, Icon, size};
use crate::ui::Cx;
use crate::ui::widgets::failure_bar_ui;
use crate::ui::widgets::form::{Below, Confirm, Form, Formed, dialog_ui};

/// Experiments that are listed; the words find the others.
const MOST: usize = 200;
/// Height of the list of experiments, whether they have come or not.
const LIST: f32 = 150.0;

/// The entries of a run's menu.
pub(in crate::ui::bench) fn entries_ui(ui: &mut Ui, cx: &Cx<'_>, run: &BenchRun, out: &mut Commands) {
    for format in ExportFormat::ALL {
        if ui
            .add(theme::button::default((Icon::Download.image(), format!("Save as {}…", format.label()))))
            .clicked()
        {
            out.push(BenchCommand::Export(run.id, format));
            ui.close();
        }
    }
    ui.separator();
    let problem = log_problem(cx, run);
    let log = ui.add_enabled(
        problem.is_none(),
        theme::button::default((Icon::Upload.image(), "Log as MLflow runs…")),
    );
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
        let (formed, closes) =
            dialog_ui(ctx, "log bench", size::DIALOG, |ui| self.form_ui(ui, cx, run, asked, opens, out));
        match formed {
            Formed::Confirmed => {
                if let Some(experiment_id) = self.chosen(asked) {
                    out.push(BenchCommand::Log { run: run.id, experiment_id });
                }
            }
            Formed::Cancelled => out.push(BenchCommand::CancelLog),
            Formed::On if closes => out.push(BenchCommand::CancelLog),
            Formed::On => {}
        }
    }

    /// The experiments that the words find.
    fn found<'a>(&self, asked: &'a Asked) -> impl Iterator<Item = &'a Experiment> + use<'a> {
        let words: Vec<String> = self.words.split_whitespace().map(str::to_lowercase).collect();
        let items = asked.experiments.items().iter();
        let found = items.filter(move |experiment| {
            words.is_empty() || {
                let name = experiment.name.to_lowercase();
                words.iter().all(|word| name.contains(word))
            }
        });
        found.take(MOST)
    }

    /// What the user chose, else what is suggested; of those that the words find, so that nothing is written where
    /// nobody looks.
    fn chosen(&self, asked: &Asked) -> Option<String> {
        let wanted = self.experiment.as_ref().or_else(|| Some(&asked.suggested()?.experiment_id));
        let is_it = |experiment: &&Experiment| Some(&experiment.experiment_id) == wanted;
        // What is suggested may stand further down than is listed.
        let unlisted =
            || asked.suggested().filter(|_| self.words.trim().is_empty() && self.experiment.is_none());
        let chosen = self.found(asked).find(is_it).or_else(unlisted);
        chosen.or_else(|| self.found(asked).next()).map(|experiment| experiment.experiment_id.clone())
    }

    /// Up and down choose while one types.
    fn take_arrows(&mut self, ui: &Ui, asked: &Asked) -> bool {
        let step = ui.input_mut(|input| {
            let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
            isize::from(pressed(Key::ArrowDown)) - isize::from(pressed(Key::ArrowUp))
        });
        if step == 0 {
            return false;
        }
        let found: Vec<&str> =
            self.found(asked).map(|experiment| experiment.experiment_id.as_str()).collect();
        let chosen = self.chosen(asked);
        let at = found.iter().position(|id| Some(*id) == chosen.as_deref());
        let to = at.map_or(0, |at| at.saturating_add_signed(step).min(found.len().saturating_sub(1)));
        self.experiment = found.get(to).map(|id| (*id).to_owned());
        true
    }

    fn form_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &BenchRun,
        asked: &Asked,
        opens: bool,
        out: &mut Commands,
    ) -> Formed {
        ui.label(theme::text::title("Log as MLflow runs"));
        ui.add_space(size::SPACE_S);
        let Some(workspace) = cx.workspace() else { return Formed::Cancelled };
        for line in announced(run, &workspace.store.info().label) {
            ui.add(Label::new(theme::text::weak(line)).wrap());
        }
        ui.add_space(size::SPACE_S);
        let moved = self.take_arrows(ui, asked);
        let mut form = Form::new(opens);
        form.field_ui(ui, "Experiment", "Words of its name", &mut self.words, Below::Nothing);
        let chosen = self.chosen(asked);
        ScrollArea::vertical().max_height(LIST).auto_shrink(false).show(ui, |ui| {
            let mut none = true;
            for experiment in self.found(asked) {
                none = false;
                let selected = chosen.as_deref() == Some(&experiment.experiment_id);
                let radio = ui.radio(selected, experiment.name.as_str());
                if selected && moved {
                    radio.scroll_to_me(None);
                }
                if radio.clicked() {
                    self.experiment = Some(experiment.experiment_id.clone());
                }
            }
            if asked.experiments.is_loading() {
                ui.label(theme::text::weak("Loading experiments…"));
            } else if let Some(error) = asked.experiments.error() {
                let again = BenchCommand::AskLog(run.id).into();
                failure_bar_ui(ui, "The experiments cannot be listed", error, again, out);
            } else if none {
                ui.label(theme::text::weak("No experiment is called so"));
            }
        });
        ui.add_space(size::SPACE_S);
        form.take_free_enter(ui, opens);
        form.end_ui(ui, Confirm::Primary("Log"), chosen.is_some(), None)
    }
}
