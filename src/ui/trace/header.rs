//! Above the spans: what the trace is, how it went, what it belongs to.

use egui::{Align, Label, Layout, RichText, Ui};

use super::look::nanos;
use crate::entities::{TraceInfo, trace_key};
use crate::state::command::Commands;
use crate::state::navigation::{ModelKind, Route, RunTab, TraceScope};
use crate::state::traces::ShownTrace;
use crate::state::{Command, format};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;
use crate::ui::traces::state_look;
use crate::ui::widgets::{copy_menu_ui, copyable_id_ui, page_name_ui, status_ui, tag_chip_ui, time_ui};

/// Tags that are shown at once.
const MOST_TAGS: usize = 4;

/// Draws it.
pub(super) fn show(ui: &mut Ui, cx: &Cx<'_>, shown: &ShownTrace, out: &mut Commands) {
    let info = &shown.trace.info;
    ui.horizontal(|ui| {
        ui.set_height(size::CONTROL);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let name = "Refresh trace";
            if ui.add(theme::button::icon(Icon::Refresh, name)).on_hover_text("Refresh").clicked() {
                out.push(Command::Refresh);
            }
            ui.menu_button("Copy", |ui| copies_ui(ui, info, out));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| title_ui(ui, cx, info, out));
        });
    });
    ui.add_space(2.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = egui::vec2(size::SPACE_L, 2.0);
        ui.spacing_mut().interact_size.y = size::CHIP;
        figures_ui(ui, cx, shown);
        links_ui(ui, cx, info, out);
        tags_ui(ui, info);
    });
}

fn title_ui(ui: &mut Ui, cx: &Cx<'_>, info: &TraceInfo, out: &mut Commands) {
    let experiment = cx.workspace().and_then(|workspace| workspace.experiments.find(&info.experiment_id));
    let name = experiment.map_or("Traces", |experiment| experiment.name.as_str());
    let (name, hint, to) = if is_beside_chat(cx) {
        ("Chat", "Back to the conversation (Esc)".to_owned(), Route::Chat)
    } else {
        let scope = TraceScope::Experiment(info.experiment_id.clone());
        (name, format!("All traces of {name}"), Route::Traces(scope))
    };
    let back = theme::button::quiet((Icon::ChevronLeft.image().alt_text(""), name.to_owned()));
    let back = ui.scope(|ui| {
        ui.set_max_width((ui.available_width() * 0.35).max(80.0));
        ui.add(back.truncate())
    });
    if back.inner.on_hover_text(hint).clicked() {
        out.push(to);
    }
    let name = if info.name().is_empty() { "Trace" } else { info.name() };
    page_name_ui(ui, name, 240.0);
    let (icon, tint) = state_look(info.state, ui.tokens());
    status_ui(ui, icon, info.state.label(), tint);
    short_id_ui(ui, &info.trace_id, "trace id", out);
}

/// An id without what all of its kind begin with; the copy is whole.
fn short_id_ui(ui: &mut Ui, id: &str, what: &'static str, out: &mut Commands) {
    let short = format::short_id(id.trim_start_matches("tr-"));
    let label = Label::new(theme::text::mono(short)).sense(egui::Sense::click());
    let label = ui.add(label).on_hover_cursor(egui::CursorIcon::PointingHand);
    if label.on_hover_text(format!("{id}\nClick to copy")).clicked() {
        out.push(Command::Copy(id.to_owned(), what));
    }
}

fn copies_ui(ui: &mut Ui, info: &TraceInfo, out: &mut Commands) {
    let python = format!("mlflow.get_trace(\"{}\")", info.trace_id);
    let lines = [
        ("Trace id", info.trace_id.clone(), "trace id"),
        ("Python to load it", format!("import mlflow\n\ntrace = {python}"), "Python"),
        ("Request", info.request_preview.clone(), "request"),
        ("Response", info.response_preview.clone(), "response"),
    ];
    let given = info.client_request_id.clone().map(|id| ("Client request id", id, "client request id"));
    copy_menu_ui(ui, lines.into_iter().chain(given), out);
}

fn is_beside_chat(cx: &Cx<'_>) -> bool {
    matches!(cx.route(), Route::Trace { beside_chat: true, .. })
}

/// A caption and, behind it, what it is about; in the next line where there is no room for both.
fn fact_ui(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui)) {
    let id = ui.scope_id().with(name);
    let known: f32 = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    if known > ui.available_size_before_wrap().x {
        ui.end_row();
    }
    let shown = ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        ui.label(theme::text::small(name));
        add(ui);
    });
    let width = shown.response.rect.width();
    if width.to_bits() != known.to_bits() {
        ui.data_mut(|data| data.insert_temp(id, width));
        ui.ctx().request_discard("the width of a fact is known now");
    }
}

fn figures_ui(ui: &mut Ui, cx: &Cx<'_>, shown: &ShownTrace) {
    let info = &shown.trace.info;
    fact_ui(ui, "Started", |ui| drop(time_ui(ui, info.request_time, cx.now)));
    let took = info.execution_duration.map(format::duration);
    let took = took.or_else(|| (shown.tree.total_ns() > 0).then(|| nanos(shown.tree.total_ns())));
    if let Some(took) = took {
        fact_ui(ui, "Took", |ui| drop(ui.label(took)));
    }
    let spans = shown.tree.nodes().len();
    if spans > 0 {
        fact_ui(ui, "Spans", |ui| drop(ui.label(format::count(spans))));
    }
    if let Some(tokens) = info.tokens {
        let count = |count: u64| format::count(count as usize);
        fact_ui(ui, "Tokens", |ui| {
            ui.label(format!("{} in, {} out", count(tokens.input), count(tokens.output)));
        });
    }
}

fn links_ui(ui: &mut Ui, cx: &Cx<'_>, info: &TraceInfo, out: &mut Commands) {
    // Elsewhere the way back says it.
    let experiment = cx.workspace().and_then(|workspace| workspace.experiments.find(&info.experiment_id));
    if let Some(experiment) = experiment.filter(|_| is_beside_chat(cx)) {
        fact_ui(ui, "Experiment", |ui| {
            let link = ui.link(&experiment.name).on_hover_text(format!("All traces of {}", experiment.name));
            if link.clicked() {
                let scope = TraceScope::Experiment(info.experiment_id.clone());
                out.push(Route::Traces(scope));
            }
        });
    }
    if let Some(model_id) = info.about(trace_key::MODEL_ID) {
        fact_ui(ui, "Model", |ui| model_ui(ui, cx, model_id, out));
    }
    if let Some(run_id) = info.about(trace_key::SOURCE_RUN) {
        fact_ui(ui, "Run", |ui| {
            let link = ui.link(RichText::new(format::short_id(run_id)).monospace());
            if link.on_hover_text(format!("Open run {run_id}")).clicked() {
                out.push(Route::Run { run_id: run_id.to_owned(), tab: RunTab::default() });
            }
        });
    }
    for (name, key) in [("Session", trace_key::SESSION), ("User", trace_key::USER)] {
        if let Some(text) = info.about(key) {
            fact_ui(ui, name, |ui| drop(ui.add(Label::new(text).selectable(true))));
        }
    }
}

/// The registered version as a link; the logged model's id until that is known.
fn model_ui(ui: &mut Ui, cx: &Cx<'_>, model_id: &str, out: &mut Commands) {
    let Some(models) = cx.workspace().map(|workspace| workspace.runs.models()) else { return };
    if let Some(asking) = models.asking_for([model_id.to_owned()]) {
        out.push(asking);
    }
    let label = models.get(model_id);
    if let Some((name, version)) = label.and_then(|label| label.registered_as.last()) {
        let link = ui.link(format!("{name} v{version}"));
        if link.on_hover_text(format!("Open this version\n{model_id}")).clicked() {
            let (kind, name) = (ModelKind::Model, name.clone());
            out.push(Route::Version { kind, name, version: *version });
        }
        return;
    }
    if let Some(label) = label {
        ui.label(&label.name);
    }
    copyable_id_ui(ui, model_id, "logged model id", out);
}

fn tags_ui(ui: &mut Ui, info: &TraceInfo) {
    let tags = info.tags.iter().filter(|(key, _)| !crate::entities::tag::is_system(key));
    let tags: Vec<_> = tags.collect();
    if tags.is_empty() {
        return;
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        for (key, value) in tags.iter().take(MOST_TAGS) {
            tag_chip_ui(ui, key, value);
        }
        if tags.len() > MOST_TAGS {
            let more = ui.label(theme::text::small(format!("+{}", tags.len() - MOST_TAGS)));
            more.on_hover_ui(|ui| {
                for (key, value) in tags.iter().skip(MOST_TAGS) {
                    ui.label(theme::text::small(format!("{key}: {value}")));
                }
            });
        }
    });
}
