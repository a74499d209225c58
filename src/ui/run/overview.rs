//! What a run is: ids, times, params, last metrics, tags, datasets, models made from it, its relatives.

use egui::{RichText, Sense, Ui};

use super::models::models_ui;
use super::status_look;
use crate::entities::{Dataset, Param, Run, RunInfo, tag};
use crate::state::command::Commands;
use crate::state::run::{RunCommand, ShownRun};
use crate::state::{Command, Route, RunTab, format};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::{
    Markdown, columns_ui, copyable_id_ui, fact_ui, facts_ui, failure_bar_ui, filter_field_ui, heading_ui,
    name_ui, rows_ui, text_with_copy_ui, time_ui, value_ui,
};

/// Lists as long as this get a filter.
const FILTERED: usize = 8;

/// The overview's typed text.
#[derive(Default)]
pub(super) struct OverviewView {
    params: String,
    metrics: String,
    note: Markdown,
}

impl OverviewView {
    /// Draws it.
    pub(super) fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, shown: &ShownRun, run: &Run, out: &mut Commands) {
        columns_ui(ui, &shown.run_id, |columns| {
            let [left, right @ ..] = columns else { return };
            self.about_ui(left, cx, shown, run, out);
            models_ui(left, shown, out);
            if right.is_empty() {
                self.figures_ui(left, run, out);
            }
            around_ui(left, cx, shown, run, out);
            for right in right {
                self.figures_ui(right, run, out);
            }
        });
    }

    fn about_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, shown: &ShownRun, run: &Run, out: &mut Commands) {
        heading_ui(ui, "About", None);
        facts_ui(ui, "run facts", |ui| {
            fact_ui(ui, "Run id", |ui| text_with_copy_ui(ui, &run.info.run_id, "run id", out));
            times_ui(ui, &run.info, cx.now);
            if !run.user().is_empty() {
                fact_ui(ui, "User", |ui| drop(ui.label(run.user())));
            }
            source_ui(ui, run, out);
            fact_ui(ui, "Artifacts", |ui| text_with_copy_ui(ui, &run.info.artifact_uri, "artifact URI", out));
        });
        if let Some(error) = shown.experiment.error() {
            failure_bar_ui(ui, "Could not load its experiment", error, RunCommand::Reload.into(), out);
        }
        if let Some(note) = run.tags.get(tag::NOTE).filter(|note| !note.trim().is_empty()) {
            heading_ui(ui, "Note", None);
            self.note.show(ui, note);
        }
    }

    fn figures_ui(&mut self, ui: &mut Ui, run: &Run, out: &mut Commands) {
        self.metrics_ui(ui, run, out);
        self.params_ui(ui, run, out);
    }

    fn metrics_ui(&mut self, ui: &mut Ui, run: &Run, out: &mut Commands) {
        heading_ui(ui, "Metrics", Some(run.metrics.len()));
        if run.metrics.len() >= FILTERED {
            filter_field_ui(ui, &mut self.metrics, "Filter metrics");
        }
        let mut metrics: Vec<_> = run.metrics.iter().filter(|m| matches(&m.key, &self.metrics)).collect();
        metrics.sort_by(|a, b| a.key.cmp(&b.key));
        none_ui(ui, metrics.len(), run.metrics.len(), "No metrics were logged");
        rows_ui(ui, "metrics", metrics.len(), |ui, index| {
            let metric = metrics[index];
            let name = name_ui(ui, &metric.key, 0.6, Sense::click())
                .on_hover_cursor(egui::CursorIcon::PointingHand)
                .on_hover_text(format!("{}\nClick to see its curve", metric.key));
            if name.clicked() {
                out.push(RunCommand::ShowMetrics(vec![metric.key.clone()]));
                out.push(Route::Run { run_id: run.info.run_id.clone(), tab: RunTab::Metrics });
            }
            let exact = format::number_exact(metric.value);
            let whole = format!("{exact}\nStep {}, {}", metric.step, format::exact_time(metric.timestamp));
            if value_ui(ui, theme::text::number(format::number(metric.value)), &whole, true) {
                out.push(Command::Copy(exact, "value"));
            }
        });
    }

    fn params_ui(&mut self, ui: &mut Ui, run: &Run, out: &mut Commands) {
        heading_ui(ui, "Params", Some(run.params.len()));
        if run.params.len() >= FILTERED {
            filter_field_ui(ui, &mut self.params, "Filter params");
        }
        let is_wanted = |p: &&Param| matches(&p.key, &self.params) || matches(&p.value, &self.params);
        let mut params: Vec<_> = run.params.iter().filter(is_wanted).collect();
        params.sort_by(|a, b| a.key.cmp(&b.key));
        none_ui(ui, params.len(), run.params.len(), "No params were logged");
        rows_ui(ui, "params", params.len(), |ui, index| {
            key_value_ui(ui, &params[index].key, &params[index].value, out);
        });
    }
}

fn matches(text: &str, filter: &str) -> bool {
    filter.is_empty() || text.to_lowercase().contains(&filter.to_lowercase())
}

/// Why a list is empty.
fn none_ui(ui: &mut Ui, shown: usize, all: usize, none: &str) {
    if shown == 0 {
        ui.label(theme::text::weak(if all == 0 { none } else { "Nothing matches" }));
    }
}

/// A name and a text on a row.
fn key_value_ui(ui: &mut Ui, key: &str, value: &str, out: &mut Commands) {
    name_ui(ui, key, 0.45, Sense::hover()).on_hover_text(key);
    // One line of a long value is laid out, not all of it.
    let line: String = value.lines().next().unwrap_or_default().chars().take(300).collect();
    let shown = if value.is_empty() { RichText::new("empty").weak() } else { theme::text::mono(line) };
    if value_ui(ui, shown, value, false) {
        out.push(Command::Copy(value.to_owned(), "value"));
    }
}

fn times_ui(ui: &mut Ui, info: &RunInfo, now: crate::entities::Millis) {
    fact_ui(ui, "Started", |ui| drop(time_ui(ui, info.start_time, now)));
    if info.end_time.is_some() {
        fact_ui(ui, "Ended", |ui| drop(time_ui(ui, info.end_time, now)));
    }
    if let Some(duration) = info.duration(now) {
        fact_ui(ui, "Duration", |ui| drop(ui.label(format::duration(duration))));
    }
}

fn source_ui(ui: &mut Ui, run: &Run, out: &mut Commands) {
    if let Some(source) = run.tags.get(tag::SOURCE_NAME) {
        fact_ui(ui, "Source", |ui| {
            if let Some(kind) = run.tags.get(tag::SOURCE_TYPE) {
                ui.label(theme::text::small(kind.to_lowercase()));
            }
            text_with_copy_ui(ui, source, "source", out);
        });
    }
    if let Some(commit) = run.tags.get(tag::GIT_COMMIT) {
        fact_ui(ui, "Git commit", |ui| {
            copyable_id_ui(ui, commit, "git commit", out);
            if let Some(branch) = run.tags.get(tag::GIT_BRANCH) {
                ui.label(theme::text::small(branch));
            }
        });
    }
}

/// Datasets, relatives, tags.
fn around_ui(ui: &mut Ui, cx: &Cx<'_>, shown: &ShownRun, run: &Run, out: &mut Commands) {
    datasets_ui(ui, &run.datasets, out);
    relatives_ui(ui, cx, shown, out);
    tags_ui(ui, run, out);
}

fn datasets_ui(ui: &mut Ui, datasets: &[Dataset], out: &mut Commands) {
    if datasets.is_empty() {
        return;
    }
    heading_ui(ui, "Datasets", Some(datasets.len()));
    rows_ui(ui, "datasets", datasets.len(), |ui, index| {
        let dataset = &datasets[index];
        ui.add(Icon::Dataset.tinted(ui.tokens().text_weak).alt_text(""));
        ui.label(&dataset.name);
        if let Some(context) = &dataset.context {
            ui.label(theme::text::small(context));
        }
        copyable_id_ui(ui, &dataset.digest, "digest", out);
        let text = format!("{}: {}", dataset.source_type, dataset.source);
        if value_ui(ui, theme::text::small_mono(text), &dataset.source, false) {
            out.push(Command::Copy(dataset.source.clone(), "dataset source"));
        }
    });
}

fn relatives_ui(ui: &mut Ui, cx: &Cx<'_>, shown: &ShownRun, out: &mut Commands) {
    if let Some(parent) = shown.run.value().and_then(Run::parent_run_id) {
        heading_ui(ui, "Parent run", None);
        let known = shown.parent.value();
        rows_ui(ui, "parent", 1, |ui, _| relative_ui(ui, cx, parent, known, out));
    }
    let children = shown.children.items();
    if let Some(error) = shown.children.error() {
        failure_bar_ui(ui, "Could not load its nested runs", error, RunCommand::Reload.into(), out);
    }
    if children.is_empty() {
        return;
    }
    heading_ui(ui, "Nested runs", Some(children.len()));
    rows_ui(ui, "children", children.len(), |ui, index| {
        relative_ui(ui, cx, &children[index].info.run_id, Some(&children[index]), out);
    });
}

fn relative_ui(ui: &mut Ui, cx: &Cx<'_>, run_id: &str, run: Option<&Run>, out: &mut Commands) {
    let name = run.map_or_else(|| format::short_id(run_id), |run| run.info.run_name.as_str());
    if let Some(run) = run {
        let (icon, tint) = status_look(ui, run.info.status);
        ui.add(icon.sized(size::ICON_SMALL).tint(tint.fg).alt_text(run.info.status.label()))
            .on_hover_text(run.info.status.label());
    }
    if ui.link(name).clicked() {
        out.push(Route::Run { run_id: run_id.to_owned(), tab: RunTab::Overview });
    }
    if let Some(run) = run {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.add_space(size::SPACE_XS);
            time_ui(ui, run.info.start_time, cx.now);
            if let Some(duration) = run.info.duration(cx.now) {
                ui.label(theme::text::weak(format::duration(duration)));
            }
        });
    }
}

fn tags_ui(ui: &mut Ui, run: &Run, out: &mut Commands) {
    let (system, own): (Vec<_>, Vec<_>) = run.tags.iter().partition(|(key, _)| tag::is_system(key));
    if !own.is_empty() {
        heading_ui(ui, "Tags", Some(own.len()));
        rows_ui(ui, "tags", own.len(), |ui, index| key_value_ui(ui, own[index].0, own[index].1, out));
    }
    if system.is_empty() {
        return;
    }
    ui.add_space(size::SPACE_M);
    let title = RichText::new(format!("System tags ({})", system.len())).weak();
    egui::CollapsingHeader::new(title).id_salt("system tags").show_unindented(ui, |ui| {
        rows_ui(ui, "system tags", system.len(), |ui, index| {
            key_value_ui(ui, system[index].0, system[index].1, out);
        });
    });
}
