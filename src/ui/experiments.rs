//! The list of experiments at the left.

use egui::{Align, Key, Label, Layout, Margin, Modifiers, Popup, RichText, Ui};

use super::Cx;
use super::widgets::{
    ListLook, Pane, VirtualList, context_menu_ui, empty_ui, failed_load_ui, filter_field_of_pane_ui,
    loading_ui, switch_ui,
};
use crate::entities::{Experiment, LifecycleStage, TraceInfo, ViewType};
use crate::state::command::Commands;
use crate::state::experiments::{ExperimentSort, Experiments, ExperimentsCommand};
use crate::state::navigation::Route;
use crate::state::runs::Listing;
use crate::state::{Command, format};
use crate::theme::{self, Icon, Themed as _, size};

/// The choices of lifecycle stages, for the list and for the table of runs.
pub(super) const VIEWS: [(ViewType, &str); 3] =
    [(ViewType::ActiveOnly, "Active"), (ViewType::DeletedOnly, "Deleted"), (ViewType::All, "All")];

const PYTHON: &str = "import mlflow\nmlflow.set_experiment(\"my first experiment\")\nwith mlflow.start_run():\n    mlflow.log_metric(\"loss\", 0.5)";

/// The list of experiments at the left.
#[derive(Default)]
pub struct ExperimentsView {
    filter: String,
    list: VirtualList,
    /// Which rows the cursor and `selected` belong to.
    revision: u64,
    selected: Option<(String, Option<usize>)>,
}

impl ExperimentsView {
    /// Draws it.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        let Some(workspace) = cx.workspace() else { return };
        let experiments = &workspace.experiments;
        Pane::List.take_keys_on_press(ui, ui.max_rect());
        egui::Frame::new().inner_margin(Margin::same(size::SPACE_S as i8)).show(ui, |ui| {
            let takes_slash = cx.route().experiment_id().is_none() || Pane::List.was_used_last(ui.ctx());
            self.filter_ui(ui, cx, takes_slash, out);
            ui.add_space(2.0);
            view_ui(ui, experiments, out);
        });
        let failed = ["The experiments could not be loaded", "Not all experiments were loaded"];
        if failed_load_ui(ui, experiments.error(), experiments.loaded() == 0, failed, out) {
            return;
        }
        if experiments.shown().is_empty() {
            nothing_ui(ui, experiments, out);
        } else {
            self.rows_ui(ui, cx, experiments, out);
        }
    }

    fn filter_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, takes_slash: bool, out: &mut Commands) {
        let Some(experiments) = cx.workspace().map(|workspace| &workspace.experiments) else { return };
        // Another server: its list is not filtered.
        if self.filter != experiments.filter()
            && experiments.filter().is_empty()
            && experiments.revision() == 0
        {
            self.filter.clear();
        }
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                sort_button_ui(ui, experiments, out);
                let field = filter_field_of_pane_ui(ui, &mut self.filter, "Search experiments", takes_slash)
                    .on_hover_text("Words of the name, the id or a tag, e.g. team:logistics");
                if field.changed() {
                    out.push(ExperimentsCommand::Filter(self.filter.clone()));
                }
                let enter = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
                if enter && let Some(first) = experiments.shown().first().and_then(|&at| experiments.get(at))
                {
                    open(first, cx, out);
                }
            });
        });
    }

    fn rows_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, experiments: &Experiments, out: &mut Commands) {
        let of_trace = shown_trace(cx).map(|info| info.experiment_id.as_str());
        let current = cx.route().experiment_id().or(of_trace);
        let current = current.unwrap_or_else(|| {
            cx.workspace().and_then(|w| w.runs.current()).map(Listing::experiment_id).unwrap_or_default()
        });
        let selected = self.selected(experiments, current);
        let at = |index: usize| experiments.shown().get(index).and_then(|&at| experiments.get(at));
        let look = ListLook {
            salt: "experiments",
            count: experiments.shown().len(),
            height: size::ROW,
            selected,
            keys: Pane::List.has_keys(ui.ctx()),
        };
        let name =
            |index: usize| at(index).map(|item| format!("experiment {}", item.name)).unwrap_or_default();
        let keys = look.keys && ui.memory(|memory| memory.focused().is_none());
        let response = self.list.show(ui, &look, name, |ui, index| {
            if let Some(experiment) = at(index) {
                row_ui(ui, experiment, cx, look.selected == Some(index));
            }
        });
        for (index, row) in &response.visible {
            if let Some(experiment) = at(*index) {
                let has_keys = keys && self.list.cursor() == Some(*index);
                context_menu_ui(row, has_keys, |ui| menu_ui(ui, experiment, cx, out));
                row.clone().on_hover_ui(|ui| hover_ui(ui, experiment));
            }
        }
        if let Some(experiment) = response.chosen.and_then(at) {
            open(experiment, cx, out);
        }
        if look.keys && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::ArrowRight)) {
            Pane::Main.take_keys(ui.ctx());
        }
    }

    /// Where the open experiment stands; looked for again only when the rows changed.
    fn selected(&mut self, experiments: &Experiments, current: &str) -> Option<usize> {
        if self.revision != experiments.revision() {
            self.revision = experiments.revision();
            self.list.reset();
            self.selected = None;
        }
        match &self.selected {
            Some((id, at)) if id == current => *at,
            _ => {
                let is_current =
                    |&at: &u32| experiments.get(at).is_some_and(|item| item.experiment_id == current);
                let at = experiments.shown().iter().position(is_current);
                self.selected = Some((current.to_owned(), at));
                at
            }
        }
    }
}

/// None is chosen: go on with the one that was used last, without a step in the history.
pub(super) fn choose(experiments: &Experiments, cx: &Cx<'_>, out: &mut Commands) {
    let last = cx.workspace().and_then(|workspace| {
        let info = workspace.store.info();
        cx.state.settings.get().last_experiments.get(info.settings_key())
    });
    if let Some(experiment) = experiments.suggested(last.map(String::as_str)) {
        out.push(Command::Replace(route(experiment, cx)));
    }
}

fn open(experiment: &Experiment, cx: &Cx<'_>, out: &mut Commands) {
    out.push(route(experiment, cx));
}

/// Its runs or its traces, as it was left.
fn route(experiment: &Experiment, cx: &Cx<'_>) -> Route {
    let info = cx.workspace().map(|workspace| workspace.store.info()).unwrap_or_default();
    cx.state.settings.get().experiment_route(&info, &experiment.experiment_id)
}

/// The trace that is shown.
fn shown_trace<'a>(cx: &Cx<'a>) -> Option<&'a TraceInfo> {
    let Route::Trace { trace_id, .. } = cx.route() else { return None };
    let page = cx.workspace()?.traces.page(trace_id)?;
    page.shown().value().map(|shown| &shown.trace.info)
}

fn sort_button_ui(ui: &mut Ui, experiments: &Experiments, out: &mut Commands) {
    let name = "Sort experiments";
    let button = ui.add(theme::button::icon(Icon::Sort, name));
    let button = button.on_hover_text(format!("Sorted: {}", experiments.sort().label().to_lowercase()));
    Popup::menu(&button).show(|ui| {
        for sort in ExperimentSort::ALL {
            if ui.add(egui::Button::selectable(experiments.sort() == sort, sort.label())).clicked() {
                out.push(ExperimentsCommand::Sort(sort));
            }
        }
    });
}

fn view_ui(ui: &mut Ui, experiments: &Experiments, out: &mut Commands) {
    ui.horizontal(|ui| {
        if let Some(view) = switch_ui(ui, "experiments", experiments.view(), &VIEWS) {
            out.push(ExperimentsCommand::View(view));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add(Label::new(theme::text::small(count(experiments))).truncate());
        });
    });
}

/// `300 of 10,000`, `10,000`, `5,000 and more`.
fn count(experiments: &Experiments) -> String {
    let (shown, loaded) = (experiments.shown().len(), experiments.loaded());
    let more = if experiments.is_loading() && !experiments.is_complete() { " and more" } else { "" };
    if loaded == 0 && experiments.is_loading() {
        String::new()
    } else if shown == loaded {
        format!("{}{more}", format::count(loaded))
    } else {
        format!("{} of {}{more}", format::count(shown), format::count(loaded))
    }
}

fn nothing_ui(ui: &mut Ui, experiments: &Experiments, out: &mut Commands) {
    if experiments.loaded() > 0 {
        ui.vertical_centered(|ui| {
            ui.add_space(size::SPACE_XL);
            ui.label(theme::text::weak("No experiment has these words"));
        });
    } else if experiments.is_loading() || !experiments.is_complete() {
        loading_ui(ui, "experiments");
    } else if experiments.view() == ViewType::DeletedOnly {
        empty_ui(ui, Icon::Experiment, "No deleted experiments", "", None, out);
    } else {
        empty_ui(ui, Icon::Experiment, "No experiments yet", "Log a run to make one", Some(PYTHON), out);
    }
}

fn row_ui(ui: &mut Ui, experiment: &Experiment, cx: &Cx<'_>, selected: bool) {
    let tokens = ui.tokens();
    ui.add_space(size::SPACE_M);
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(size::SPACE_M);
        if let Some(created) = experiment.creation_time {
            ui.label(theme::text::small(format::relative_time(created, cx.now)));
        }
        if experiment.lifecycle_stage == LifecycleStage::Deleted {
            ui.add(Icon::Delete.sized(size::ICON_SMALL).tint(tokens.text_weak).alt_text("Deleted"));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = size::SPACE_S;
            let (folder, name) = split_path(&experiment.name);
            let color = if selected { tokens.text_strong } else { tokens.text };
            ui.add(Label::new(RichText::new(name).color(color)).truncate());
            if !folder.is_empty() {
                ui.add(Label::new(theme::text::small(folder)).truncate());
            }
        });
    });
}

/// `/Users/anna/Churn` reads best from its end: (`/Users/anna`, `Churn`).
pub(super) fn split_path(name: &str) -> (&str, &str) {
    if !name.starts_with('/') {
        return ("", name);
    }
    match name.trim_end_matches('/').rsplit_once('/') {
        Some((folder, last)) if !last.is_empty() => (folder, last),
        _ => ("", name),
    }
}

fn hover_ui(ui: &mut Ui, experiment: &Experiment) {
    ui.label(theme::text::strong(&experiment.name));
    ui.label(theme::text::small(format!("Id {}", experiment.experiment_id)));
    let times = [("Created", experiment.creation_time), ("Updated", experiment.last_update_time)];
    for (what, at) in times {
        if let Some(at) = at {
            ui.label(theme::text::small(format!("{what} {}", format::exact_time(at))));
        }
    }
    for (key, value) in
        experiment.tags.iter().filter(|(key, _)| !crate::entities::tag::is_system(key)).take(8)
    {
        ui.label(theme::text::small(format!("{key}: {value}")));
    }
}

fn menu_ui(ui: &mut Ui, experiment: &Experiment, cx: &Cx<'_>, out: &mut Commands) {
    if ui.button("Open").clicked() {
        open(experiment, cx, out);
    }
    if ui.button("Copy name").clicked() {
        out.push(Command::Copy(experiment.name.clone(), "name"));
    }
    if ui.button("Copy id").clicked() {
        out.push(Command::Copy(experiment.experiment_id.clone(), "id"));
    }
}

#[cfg(test)]
mod tests {
    use super::split_path;

    #[test]
    fn paths_are_split_before_their_last_part() {
        assert_eq!(split_path("/Users/anna/Churn"), ("/Users/anna", "Churn"));
        assert_eq!(split_path("/Shared/"), ("", "Shared"));
        assert_eq!(split_path("/"), ("", "/"));
        assert_eq!(split_path("a/b"), ("", "a/b"));
    }
}
