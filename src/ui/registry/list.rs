//! The list at the left: models or prompts with their aliases, latest version and last change.

use egui::{Align, Label, Layout, RichText, Ui, UiBuilder, vec2};

use super::{chips, life, menus};
use crate::entities::RegisteredModel;
use crate::state::command::Commands;
use crate::state::navigation::{ModelKind, Route};
use crate::state::registry::models::{Models, matching};
use crate::state::{Command, format};
use crate::theme::{self, Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::{
    ListLook, Pane, VirtualList, alias_label_ui, chip_width, context_menu_ui, failed_load_ui,
    filter_field_of_pane_ui, loading_ui, switch_ui,
};

/// Two lines: the name, and its aliases.
const ROW_HEIGHT: f32 = 2.0 * size::ROW - 4.0;

/// Room for “+12” behind the chips.
const MORE_WIDTH: f32 = 28.0;

/// The filter and the cursor of one list.
#[derive(Default)]
pub struct ListView {
    filter: String,
    list: VirtualList,
    found: Vec<usize>,
    found_in: Option<(u64, String)>,
}

impl ListView {
    /// Draws the list. `keys`: whether it takes the arrow keys now.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, kind: ModelKind, keys: bool, out: &mut Commands) {
        let Some(workspace) = cx.workspace() else { return };
        let models = workspace.registry.list(kind);
        egui::Frame::new().inner_margin(size::SPACE_S).show(ui, |ui| {
            switch_to_matrix_ui(ui, kind, false, out);
            let name = match kind {
                ModelKind::Model => "Filter models",
                ModelKind::Prompt => "Filter prompts",
            };
            let changed =
                filter_field_of_pane_ui(ui, &mut self.filter, name, Pane::List.was_used_last(ui.ctx()))
                    .changed();
            self.find(models);
            if changed {
                self.list.reset();
            }
            ui.horizontal(|ui| {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if kind == ModelKind::Model {
                        life::create_button_ui(ui, out);
                    }
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        ui.label(theme::text::small(self.count(models, kind)));
                    });
                });
            });
        });
        let nothing = models.items().is_empty();
        let failed = ["The models could not be loaded", "The list may be old or incomplete"];
        if failed_load_ui(ui, models.error(), nothing, failed, out) {
            return;
        }
        if nothing && models.is_loading() {
            loading_ui(ui, what(kind, 2));
            return;
        }
        self.rows_ui(ui, cx, models, kind, keys, out);
    }

    fn find(&mut self, models: &Models) {
        let wanted = (models.revision(), self.filter.clone());
        if self.found_in.as_ref() != Some(&wanted) {
            self.found = matching(models.items(), &self.filter);
            self.found_in = Some(wanted);
        }
    }

    fn count(&self, models: &Models, kind: ModelKind) -> String {
        let total = models.items().len();
        let more = if models.is_complete() && !models.is_loading() { "" } else { ", more coming" };
        let more = if models.error().is_some() { ", not all loaded" } else { more };
        if self.filter.trim().is_empty() {
            format!("{}{more}", format::counted(total, what(kind, 1), what(kind, 2)))
        } else {
            let all = format::counted(total, what(kind, 1), what(kind, 2));
            format!("{} of {all}{more}", format::count(self.found.len()))
        }
    }

    fn rows_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        models: &Models,
        kind: ModelKind,
        keys: bool,
        out: &mut Commands,
    ) {
        let found = &self.found;
        let model = |row: usize| &models.items()[found[row]];
        let open = open_name(cx.route());
        let look = ListLook {
            salt: "models",
            count: found.len(),
            height: ROW_HEIGHT,
            selected: open.and_then(|open| (0..found.len()).find(|&row| model(row).name == open)),
            keys,
        };
        let name = |row: usize| format!("{} {}", what(kind, 1), model(row).name);
        let beside =
            keys && ui.input_mut(|input| input.consume_key(egui::Modifiers::COMMAND, egui::Key::Enter));
        if let Some(row) = self.list.cursor().filter(|&row| beside && row < found.len()) {
            out.push(Command::OpenBeside(kind, model(row).name.clone()));
        }
        let keys = keys && ui.memory(|memory| memory.focused().is_none());
        let answer = self.list.show(ui, &look, name, |ui, row| row_ui(ui, model(row), cx.now));
        if let Some(row) = answer.chosen {
            let name = model(row).name.clone();
            if ui.input(|input| input.modifiers.command) {
                out.push(Command::OpenBeside(kind, name));
            } else {
                out.push(Route::Model { kind, name });
            }
        }
        for (row, response) in answer.visible {
            if kind == ModelKind::Model {
                life::drop_ui(&response, Some(&model(row).name), out);
            }
            let has_keys = keys && self.list.cursor() == Some(row);
            context_menu_ui(&response, has_keys, |ui| menus::model_menu_ui(ui, kind, model(row), out));
        }
    }
}

fn open_name(route: &Route) -> Option<&str> {
    route.models().first().map(String::as_str)
}

/// The same models as a list, or their aliases as a matrix.
pub fn switch_to_matrix_ui(ui: &mut Ui, kind: ModelKind, matrix: bool, out: &mut Commands) {
    if let Some(matrix) = switch_ui(ui, "of models", matrix, &[(false, "List"), (true, "Matrix")]) {
        out.push(if matrix { Route::Matrix(kind) } else { Route::Models(kind) });
    }
}

fn what(kind: ModelKind, many: usize) -> &'static str {
    match (kind, many) {
        (ModelKind::Model, 1) => "model",
        (ModelKind::Model, _) => "models",
        (ModelKind::Prompt, 1) => "prompt",
        (ModelKind::Prompt, _) => "prompts",
    }
}

fn row_ui(ui: &mut Ui, model: &RegisteredModel, now: i64) {
    let inner = ui.max_rect().shrink2(vec2(size::SPACE_M, size::SPACE_XS));
    let (top, bottom) = inner.split_top_bottom_at_fraction(0.5);
    let line = |ui: &mut Ui, rect, right: &str, left: &mut dyn FnMut(&mut Ui)| {
        let builder = UiBuilder::new().max_rect(rect).layout(Layout::right_to_left(Align::Center));
        ui.scope_builder(builder, |ui| {
            ui.label(theme::text::small(right));
            ui.with_layout(Layout::left_to_right(Align::Center), left);
        });
    };
    let version = model.latest_version.map(|version| format!("v{version}")).unwrap_or_default();
    let strong = ui.tokens().text_strong;
    line(ui, top, &version, &mut |ui| {
        ui.add(Label::new(RichText::new(&model.name).color(strong)).truncate().selectable(false));
    });
    let changed = model.last_updated_timestamp.map(|at| format::relative_time(at, now)).unwrap_or_default();
    line(ui, bottom, &changed, &mut |ui| {
        if model.aliases.is_empty() {
            ui.label(theme::text::small("no alias"));
        } else {
            chips_ui(ui, model);
        }
    });
}

/// As many chips as fit, the best known first, and how many more there are.
fn chips_ui(ui: &mut Ui, model: &RegisteredModel) {
    ui.spacing_mut().item_spacing.x = size::SPACE_XS;
    let aliases = chips::aliases(model);
    for (at, (alias, version)) in aliases.iter().enumerate() {
        let more = if at + 1 < aliases.len() { MORE_WIDTH } else { 0.0 };
        if at > 0 && chip_width(ui, alias) + more > ui.available_width() {
            let rest: Vec<String> = aliases[at..].iter().map(|(a, v)| format!("{a} → v{v}")).collect();
            ui.label(theme::text::small(format!("+{}", rest.len()))).on_hover_text(rest.join("\n"));
            return;
        }
        alias_label_ui(ui, alias, *version);
    }
}
