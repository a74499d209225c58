//! A run's curves: the list of its metrics at the left, the plots at the right.

use std::sync::Arc;

use egui::{Align, Color32, Frame, Layout, Margin, Panel, Sense, Slider, Ui, vec2};

use super::plots::PlotsView;
use crate::entities::{Metric, Run};
use crate::state::command::Commands;
use crate::state::format;
use crate::state::run::{Layout as PlotLayout, PlotLook, RunCommand, ShownRun, XAxis};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::widgets::{ListLook, VirtualList, empty_ui, filter_field_ui, switch_ui};

/// The list's typed text and cursor, and what the plots keep.
#[derive(Default)]
pub(super) struct MetricsView {
    filter: String,
    listed: Listed,
    list: VirtualList,
    plots: PlotsView,
}

/// The metrics that the filter leaves, made anew when the run or the filter is another.
#[derive(Default)]
struct Listed {
    all: Arc<[Metric]>,
    filter: String,
    /// Indices into `all`.
    left: Vec<usize>,
}

impl Listed {
    fn update(&mut self, all: &Arc<[Metric]>, filter: &str) {
        if Arc::ptr_eq(&self.all, all) && self.filter == filter {
            return;
        }
        self.all = Arc::clone(all);
        filter.clone_into(&mut self.filter);
        let filter = filter.to_lowercase();
        let is_left = |index: &usize| all[*index].key.to_lowercase().contains(&filter);
        self.left = (0..all.len()).filter(is_left).collect();
    }

    fn metrics(&self) -> impl Iterator<Item = &Metric> {
        self.left.iter().filter_map(|&index| self.all.get(index))
    }

    fn get(&self, row: usize) -> Option<&Metric> {
        self.left.get(row).and_then(|&index| self.all.get(index))
    }
}

const LOG_METRICS: &str = "with mlflow.start_run():\n    for step in range(100):\n        mlflow.log_metric(\"loss\", 1 / (step + 1), step=step)\n";

impl MetricsView {
    /// Draws list and plots.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        shown: &ShownRun,
        run: &Run,
        look: PlotLook,
        out: &mut Commands,
    ) {
        if run.metrics.is_empty() {
            let text = "This run logged none; they appear here as it does";
            empty_ui(ui, Icon::Chart, "No metrics", text, Some(LOG_METRICS), out);
            return;
        }
        Panel::left("metric list")
            .default_size(size::LIST)
            .size_range(size::LIST_MIN..=480.0)
            .frame(Frame::new().inner_margin(Margin { top: 4, ..Margin::ZERO }))
            .show(ui, |ui| self.list_ui(ui, shown, out));
        let bar = Margin::symmetric(size::SPACE_M as i8, size::SPACE_XS as i8);
        Panel::top("plot toolbar").frame(Frame::new().inner_margin(bar)).show(ui, |ui| {
            self.toolbar_ui(ui, look, out);
        });
        self.plots.show(ui, shown, look, out);
    }

    fn list_ui(&mut self, ui: &mut Ui, shown: &ShownRun, out: &mut Commands) {
        self.listed.update(shown.metrics.listed(), &self.filter);
        let metrics = &self.listed;
        Frame::new().inner_margin(Margin::symmetric(size::SPACE_S as i8, 0)).show(ui, |ui| {
            filter_field_ui(ui, &mut self.filter, "Filter metrics");
            ui.horizontal(|ui| {
                let drawn = shown.metrics.chosen().len();
                ui.label(theme::text::small(format!("{drawn} of {} drawn", metrics.all.len())));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if ui.add(theme::button::quiet("None")).clicked() {
                        out.push(RunCommand::ShowMetrics(Vec::new()));
                    }
                    if ui.add(theme::button::quiet("All")).on_hover_text("All that are listed").clicked() {
                        let keys = metrics.metrics().map(|metric| metric.key.clone()).collect();
                        out.push(RunCommand::ShowMetrics(keys));
                    }
                });
            });
        });
        let name = |index: usize| format!("metric {}", metrics.get(index).map_or("", |metric| &metric.key));
        let look = ListLook {
            salt: "metrics",
            count: metrics.left.len(),
            height: size::ROW,
            selected: None,
            keys: true,
        };
        let answer = self.list.show(ui, &look, name, |ui, index| {
            if let Some(metric) = metrics.get(index) {
                row_ui(ui, shown, metric, out);
            }
        });
        if let Some(metric) = answer.chosen.and_then(|index| metrics.get(index)) {
            let only = ui.input(|input| input.modifiers.command);
            out.push(if only {
                RunCommand::ShowMetrics(vec![metric.key.clone()])
            } else {
                RunCommand::ToggleMetric(metric.key.clone())
            });
        }
    }

    fn toolbar_ui(&mut self, ui: &mut Ui, look: PlotLook, out: &mut Commands) {
        let mut new = look;
        if ui.available_width() < ONE_LINE {
            ui.horizontal(|ui| {
                choices_ui(ui, &mut new);
                self.reset_ui(ui);
            });
            ui.horizontal(|ui| tuning_ui(ui, &mut new));
        } else {
            ui.horizontal(|ui| {
                choices_ui(ui, &mut new);
                tuning_ui(ui, &mut new);
                self.reset_ui(ui);
            });
        }
        if new != look {
            if new.x != look.x {
                self.plots.reset();
            }
            out.push(RunCommand::SetLook(new));
        }
    }

    fn reset_ui(&mut self, ui: &mut Ui) {
        let reset = theme::button::quiet("Reset view");
        let hint = "Drag in a plot to zoom in, Ctrl and wheel to zoom, double-click to see all again";
        if ui.add_enabled(self.plots.is_zoomed(), reset).on_hover_text(hint).clicked() {
            self.plots.reset();
        }
    }
}

/// Width from which all of the toolbar stands in one line.
const ONE_LINE: f32 = 700.0;

fn choices_ui(ui: &mut Ui, look: &mut PlotLook) {
    ui.spacing_mut().item_spacing.x = size::SPACE_M;
    let layouts = [(PlotLayout::Grid, "Grid"), (PlotLayout::Together, "Together")];
    look.layout = switch_ui(ui, "", look.layout, &layouts).unwrap_or(look.layout);
    let axes = [(XAxis::Step, "Step"), (XAxis::WallTime, "Time"), (XAxis::RelativeTime, "Relative")];
    look.x = switch_ui(ui, "", look.x, &axes).unwrap_or(look.x);
}

fn tuning_ui(ui: &mut Ui, look: &mut PlotLook) {
    ui.spacing_mut().item_spacing.x = size::SPACE_M;
    ui.checkbox(&mut look.log, "Log scale");
    ui.spacing_mut().slider_width = 110.0;
    let label = ui.label(theme::text::weak("Smoothing"));
    ui.add(Slider::new(&mut look.smoothing, 0.0..=0.99).fixed_decimals(2)).labelled_by(label.id);
}

fn row_ui(ui: &mut Ui, shown: &ShownRun, metric: &Metric, out: &mut Commands) {
    let color = shown.metrics.color(&metric.key);
    ui.add_space(size::SPACE_S);
    swatch_ui(ui, color.map(|color| ui.tokens().series(color)));
    let hovered = ui.rect_contains_pointer(ui.max_rect());
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(size::SPACE_S);
        if hovered {
            let only = theme::button::quiet(theme::text::small("Only")).min_size(vec2(0.0, 18.0));
            if ui.add(only).on_hover_text("Draw this one alone (Ctrl+click)").clicked() {
                out.push(RunCommand::ShowMetrics(vec![metric.key.clone()]));
            }
        }
        ui.label(theme::text::number(format::number(metric.value)).weak()).on_hover_text(format!(
            "Last value {}\nStep {}",
            format::number_exact(metric.value),
            metric.step
        ));
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add(egui::Label::new(&metric.key).truncate());
        });
    });
}

/// A curve's colour; an empty box if it is not drawn.
pub(super) fn swatch_ui(ui: &mut Ui, color: Option<Color32>) {
    let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
    let border = egui::Stroke::new(size::HAIRLINE, color.unwrap_or(ui.tokens().border_strong));
    let fill = color.unwrap_or(Color32::TRANSPARENT);
    ui.painter().rect(rect, 2, fill, border, egui::StrokeKind::Inside);
}
