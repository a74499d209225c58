//! The question which evaluation dataset of the server is to be read. What is typed finds it, arrows and Enter choose.

use egui::{Align, Context, Frame, Key, Label, Layout, Modifiers, Rect, RichText, Sense, Stroke, Ui, vec2};

use crate::entities::EvaluationDataset;
use crate::state::bench::{BenchCommand, Datasets};
use crate::state::command::Commands;
use crate::state::format;
use crate::theme::{self, Themed as _, size};
use crate::tracking::TrackingError;
use crate::ui::Cx;
use crate::ui::widgets::form::{Form, buttons_ui, dialog_ui};
use crate::ui::widgets::{ListLook, VirtualList, code_ui, failure_bar_ui};

/// Wide enough for names beside their experiments.
const WIDTH: f32 = 680.0;
/// Datasets that are seen at once.
const ROWS: f32 = 9.0;
/// Widths of the columns at the right, in points: experiments, records, updated.
const COLUMNS: [f32; 3] = [180.0, 72.0, 96.0];
/// Tags that are shown on hover.
const MOST_TAGS: usize = 8;
/// What makes a dataset.
const PYTHON: &str = "from mlflow.genai.datasets import create_dataset

dataset = create_dataset(name=\"smoke\", experiment_id=\"0\")
dataset.merge_records([{\"inputs\": {\"question\": \"Why is OTIF down?\"}, \"expectations\": {\"expected_response\": \"…\"}}])";

/// What is typed and chosen.
#[derive(Default)]
pub(super) struct DatasetsView {
    open: bool,
    /// The field took the cursor: it comes with the first datasets.
    focused: bool,
    words: String,
    /// Places of those that are found, for which words and which state of the list.
    found: Option<(String, u64, Vec<usize>)>,
    /// The id of the chosen one.
    chosen: Option<String>,
    list: VirtualList,
}

/// What was asked for in this frame.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nothing,
    Read,
    Stop,
    Cancel,
}

impl DatasetsView {
    /// Draws it while it is open.
    pub(super) fn show(&mut self, ctx: &Context, cx: &Cx<'_>, out: &mut Commands) {
        let Some(datasets) = cx.state.bench.datasets() else {
            self.open = false;
            return;
        };
        if !self.open {
            *self = Self { open: true, ..Self::default() };
        }
        let (asked, closes) =
            dialog_ui(ctx, "evaluation datasets", WIDTH, |ui| self.form_ui(ui, cx, datasets, out));
        match asked {
            Asked::Read => {
                if let Some(id) = &self.chosen {
                    out.push(BenchCommand::ReadDataset(id.clone()));
                }
            }
            Asked::Stop => out.push(BenchCommand::StopDataset),
            Asked::Cancel => out.push(BenchCommand::CancelDatasets),
            // Esc stops what is under way first.
            Asked::Nothing if closes && datasets.came().is_some() => out.push(BenchCommand::StopDataset),
            Asked::Nothing if closes => out.push(BenchCommand::CancelDatasets),
            Asked::Nothing => {}
        }
    }

    fn form_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, datasets: &Datasets, out: &mut Commands) -> Asked {
        ui.label(theme::text::title("Prompts from an evaluation dataset"));
        if let Some(set) = datasets.into_set.and_then(|id| cx.state.bench.set(id)) {
            ui.label(theme::text::weak(format!("They are added to “{}”", set.name)));
        }
        ui.add_space(size::SPACE_S);
        if let Some(asked) = Self::instead_ui(ui, cx, datasets, out) {
            return asked;
        }
        let busy = datasets.came().is_some();
        let opens = !std::mem::replace(&mut self.focused, true);
        let mut form = Form::new(opens);
        if !busy {
            self.take_arrows(ui, datasets);
        }
        let hint = "Words of a name or an experiment";
        form.bare_field_ui(ui, "Find a dataset", hint, f32::INFINITY, &mut self.words);
        self.find(datasets);
        ui.add_space(size::SPACE_S);
        let mut asked = if self.list_ui(ui, cx, datasets, out) { Asked::Read } else { Asked::Nothing };
        if let Some((id, error)) = datasets.failed() {
            let again = BenchCommand::ReadDataset(id.to_owned()).into();
            failure_bar_ui(ui, "The records cannot be read", error, again, out);
        }
        ui.add_space(size::SPACE_M);
        let chosen = self.chosen(datasets);
        let ready = chosen.is_some() && !busy;
        buttons_ui(ui, |ui| {
            if ui.add_enabled(ready, theme::button::primary("Read the dataset")).clicked() {
                asked = Asked::Read;
            }
            let word = if busy { "Stop" } else { "Cancel" };
            if ui.add(theme::button::default(word)).clicked() {
                asked = if busy { Asked::Stop } else { Asked::Cancel };
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(theme::text::small(how_it_goes(datasets, chosen))).truncate());
            });
        });
        form.take_free_enter(ui, opens);
        if form.was_entered() && asked == Asked::Nothing {
            asked = Asked::Read;
        }
        if asked == Asked::Read && !ready { Asked::Nothing } else { asked }
    }

    /// What stands there where there is nothing to choose from.
    fn instead_ui(ui: &mut Ui, cx: &Cx<'_>, datasets: &Datasets, out: &mut Commands) -> Option<Asked> {
        if !datasets.list.items().is_empty() {
            return None;
        }
        let server = cx.workspace().map(|workspace| workspace.store.info().label.clone()).unwrap_or_default();
        match datasets.list.error() {
            // It will not be otherwise the next time.
            Some(TrackingError::Unsupported { what }) => {
                ui.add(Label::new(what.as_str()).wrap());
                ui.label(theme::text::weak("JSON Lines and CSV files can be imported instead"));
            }
            Some(error) => {
                let again = BenchCommand::AskDatasets(datasets.into_set).into();
                failure_bar_ui(ui, "The datasets cannot be listed", error, again, out);
            }
            None if datasets.list.is_loading() => {
                ui.label(theme::text::weak("Loading the datasets…"));
            }
            None => {
                ui.add(Label::new(format!("There is no evaluation dataset on {server} yet")).wrap());
                ui.label(theme::text::weak("These lines make one:"));
                ui.add_space(size::SPACE_S);
                code_ui(ui, PYTHON, "python");
            }
        }
        ui.add_space(size::SPACE_M);
        let asked = buttons_ui(ui, |ui| {
            let close = ui.add(theme::button::default("Cancel")).clicked();
            let again = datasets.list.is_complete() && ui.add(theme::button::default("Look again")).clicked();
            if again {
                out.push(BenchCommand::AskDatasets(datasets.into_set));
            }
            if close { Asked::Cancel } else { Asked::Nothing }
        });
        Some(asked)
    }

    /// Looks for the words anew where they, or the list, are not what they were. One of those found is chosen.
    fn find(&mut self, datasets: &Datasets) {
        let is_new = self
            .found
            .as_ref()
            .is_none_or(|(words, revision, _)| *words != self.words || *revision != datasets.revision());
        if !is_new {
            return;
        }
        let words: Vec<String> = self.words.split_whitespace().map(str::to_lowercase).collect();
        let holds = |dataset: &EvaluationDataset| {
            let text = format!("{} {}", dataset.name, experiments(datasets, dataset)).to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        let items = datasets.list.items().iter().enumerate();
        let found: Vec<usize> = items.filter(|(_, dataset)| holds(dataset)).map(|(at, _)| at).collect();
        let typed = self.found.as_ref().is_some_and(|(words, ..)| *words != self.words);
        self.found = Some((self.words.clone(), datasets.revision(), found));
        if typed || self.place(datasets).is_none() {
            self.choose(datasets, 0);
        }
    }

    fn places(&self) -> &[usize] {
        self.found.as_ref().map_or(&[], |(.., places)| places)
    }

    fn dataset<'a>(&self, datasets: &'a Datasets, row: usize) -> Option<&'a EvaluationDataset> {
        datasets.list.items().get(*self.places().get(row)?)
    }

    /// The row of the chosen one.
    fn place(&self, datasets: &Datasets) -> Option<usize> {
        let chosen = self.chosen.as_ref()?;
        let is_it = |row: &usize| self.dataset(datasets, *row).is_some_and(|it| it.dataset_id == *chosen);
        (0..self.places().len()).find(is_it)
    }

    fn choose(&mut self, datasets: &Datasets, row: usize) {
        self.chosen = self.dataset(datasets, row).map(|dataset| dataset.dataset_id.clone());
        self.list.set_cursor(row);
    }

    fn chosen<'a>(&self, datasets: &'a Datasets) -> Option<&'a EvaluationDataset> {
        self.dataset(datasets, self.place(datasets)?)
    }

    /// Up and down choose while one types what to find.
    fn take_arrows(&mut self, ui: &Ui, datasets: &Datasets) {
        let Some(last) = self.places().len().checked_sub(1) else { return };
        let at = self.place(datasets).unwrap_or(0);
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        if pressed(Key::ArrowDown) {
            self.choose(datasets, (at + 1).min(last));
        } else if pressed(Key::ArrowUp) {
            self.choose(datasets, at.saturating_sub(1));
        }
    }

    /// `true`: one was chosen to be read at once.
    fn list_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, datasets: &Datasets, out: &mut Commands) -> bool {
        head_ui(ui);
        let height = ROWS * size::ROW;
        let frame = Frame::new().stroke(Stroke::new(size::HAIRLINE, ui.tokens().hairline));
        let (count, selected) = (self.places().len(), self.place(datasets));
        let mut list = std::mem::take(&mut self.list);
        let shown = frame.corner_radius(size::RADIUS).show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            ui.set_height(height);
            if count == 0 {
                Frame::new().inner_margin(size::SPACE_S).show(ui, |ui| {
                    ui.label(theme::text::weak("No dataset is called so"));
                });
            }
            let look =
                ListLook { salt: "evaluation datasets", count, height: size::ROW, selected, keys: false };
            let name = |row: usize| {
                self.dataset(datasets, row).map(|it| format!("Dataset {}", it.name)).unwrap_or_default()
            };
            list.show(ui, &look, name, |ui, row| {
                if let Some(dataset) = self.dataset(datasets, row) {
                    row_ui(ui, cx, datasets, dataset);
                }
            })
        });
        self.list = list;
        let answer = shown.inner;
        let seen = answer.visible.iter().filter_map(|(row, _)| self.dataset(datasets, *row));
        let unknown: Vec<String> = seen
            .filter(|dataset| datasets.experiments(&dataset.dataset_id).is_none())
            .map(|dataset| dataset.dataset_id.clone())
            .collect();
        if !unknown.is_empty() {
            out.push(BenchCommand::LookDatasets(unknown));
        }
        if let Some(row) = answer.chosen {
            self.chosen = self.dataset(datasets, row).map(|dataset| dataset.dataset_id.clone());
        }
        answer.visible.iter().any(|(_, response)| response.double_clicked())
    }
}

/// The columns of a row, from the left: name, experiments, records, updated.
fn columns(row: Rect) -> [Rect; 4] {
    let mut rest = row.shrink2(vec2(size::SPACE_S, 0.0));
    let mut cut = |width: f32| {
        let (left, right) = rest.split_left_right_at_x(rest.right() - width);
        rest = left.with_max_x(left.right() - size::SPACE_M);
        right
    };
    let [experiments, records, updated] = COLUMNS;
    let (updated, records, experiments) = (cut(updated), cut(records), cut(experiments));
    [rest, experiments, records, updated]
}

fn cell_ui(ui: &mut Ui, rect: Rect, numeric: bool, text: RichText) -> egui::Response {
    let layout =
        if numeric { Layout::right_to_left(Align::Center) } else { Layout::left_to_right(Align::Center) };
    let mut ui =
        ui.new_child(egui::UiBuilder::new().id_salt(rect.left() as i32).max_rect(rect).layout(layout));
    ui.add(Label::new(text).truncate().selectable(false).sense(Sense::hover()))
}

fn head_ui(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::CHIP), Sense::hover());
    let heads = [("Dataset", false), ("Experiments", false), ("Records", true), ("Updated", true)];
    for (rect, (head, numeric)) in columns(rect).into_iter().zip(heads) {
        cell_ui(ui, rect, numeric, theme::text::small(head));
    }
}

fn row_ui(ui: &mut Ui, cx: &Cx<'_>, datasets: &Datasets, dataset: &EvaluationDataset) {
    let [name, of, records, updated] = columns(ui.max_rect());
    cell_ui(ui, name, false, RichText::new(dataset.name.as_str())).on_hover_ui(|ui| {
        ui.label(about(dataset));
    });
    let said = experiments(datasets, dataset);
    cell_ui(ui, of, false, theme::text::weak(said));
    let count = dataset.records.and_then(|records| usize::try_from(records).ok());
    cell_ui(ui, records, true, theme::text::number(count.map_or_else(|| "–".to_owned(), format::count)));
    if let Some(at) = dataset.last_update_time.or(dataset.created_time) {
        let text = theme::text::weak(format::relative_time(at, cx.now));
        cell_ui(ui, updated, true, text).on_hover_text(format::exact_time(at));
    }
}

/// The names of a dataset's experiments; nothing while they are not known.
fn experiments(datasets: &Datasets, dataset: &EvaluationDataset) -> String {
    datasets.experiments(&dataset.dataset_id).unwrap_or_default().join(", ")
}

/// Id, who made it, and tags.
fn about(dataset: &EvaluationDataset) -> String {
    let mut lines = vec![dataset.name.clone(), dataset.dataset_id.clone()];
    if !dataset.created_by.is_empty() {
        lines.push(format!("Made by {}", dataset.created_by));
    }
    let tags = dataset.tags.iter().filter(|(key, _)| !key.starts_with("mlflow."));
    lines.extend(tags.take(MOST_TAGS).map(|(key, value)| format!("{key}: {value}")));
    lines.join("\n")
}

/// What is on its way.
fn how_it_goes(datasets: &Datasets, chosen: Option<&EvaluationDataset>) -> String {
    let all = chosen.and_then(|dataset| dataset.records).and_then(|records| usize::try_from(records).ok());
    match (datasets.came(), all) {
        (Some(came), Some(all)) => {
            format!("Reading, {} of {} records", format::count(came), format::count(all))
        }
        (Some(came), None) => format!("Reading, {}", format::counted(came, "record", "records")),
        _ if datasets.list.is_loading() => "Loading more datasets…".to_owned(),
        _ => match datasets.list.error() {
            Some(error) => format!("Not all datasets are listed: {error}"),
            None => format::counted(datasets.list.items().len(), "dataset", "datasets"),
        },
    }
}
