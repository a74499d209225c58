//! The cells of the matrix: only those that are seen are laid out.

use egui::{Label, RichText, Sense, Ui, WidgetInfo};
use egui_table::{CellInfo, HeaderCellInfo, PrefetchInfo, TableDelegate};

use super::super::drag::{Drag, pointer};
use super::{Taken, plan};
use crate::entities::{Millis, RegisteredModel, VersionNumber};
use crate::state::Command;
use crate::state::command::Commands;
use crate::state::format;
use crate::state::navigation::{ModelKind, Route};
use crate::state::registry::Registry;
use crate::state::registry::links::alias_uri;
use crate::state::registry::matrix::{Matrix, MatrixOrder, lag};
use crate::theme::{self, Themed as _, size};
use crate::ui::widgets::cells::{self, RowLook, SortArrow};
use crate::ui::widgets::{alias_version_ui, context_menu_ui};

/// A cell that a chip is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ui::registry) struct Spot {
    pub(super) model: String,
    pub(super) alias: String,
    pub(super) now: Option<VersionNumber>,
}

/// One frame of the matrix.
pub(super) struct Grid<'a> {
    pub(super) kind: ModelKind,
    pub(super) matrix: &'a Matrix,
    pub(super) models: &'a [RegisteredModel],
    pub(super) registry: &'a Registry,
    pub(super) order: &'a MatrixOrder,
    pub(super) now: Millis,
    pub(super) row_height: f32,
    pub(super) cursor: Option<(usize, usize)>,
    /// The cursor has the keys now.
    pub(super) keys: bool,
    pub(super) drag: &'a mut Option<Taken>,
    pub(super) clicked: Option<(usize, usize)>,
    /// The cell for which a version is to be asked: model and alias.
    pub(super) ask: Option<(String, String)>,
    pub(super) new_order: Option<MatrixOrder>,
    pub(super) autoscrolled: bool,
    pub(super) out: &'a mut Commands,
}

impl<'a> Grid<'a> {
    fn model(&self, row: u64) -> Option<&'a RegisteredModel> {
        self.models.get(*self.matrix.rows.get(row as usize)?)
    }

    fn name_ui(&mut self, ui: &mut Ui, model: &RegisteredModel) {
        cells::padded_ui(ui, false, |ui| {
            let color = ui.tokens().text_strong;
            let text = RichText::new(&model.name).color(color);
            let link = ui.add(Label::new(text).truncate().selectable(false).sense(Sense::click()));
            let link = link.on_hover_cursor(egui::CursorIcon::PointingHand);
            link.widget_info(|| {
                WidgetInfo::labeled(egui::Role::Link, true, format!("open the board of {}", model.name))
            });
            if link.clicked() {
                self.out.push(Route::Model { kind: self.kind, name: model.name.clone() });
            }
        });
    }

    fn alias_ui(&mut self, ui: &mut Ui, model: &RegisteredModel, (row, column): (usize, usize)) {
        let matrix = self.matrix;
        let alias = &matrix.columns[column].alias;
        let version = model.alias(alias);
        let rect = ui.max_rect().intersect(ui.clip_rect());
        let sense = if version.is_some() { Sense::CLICK | Sense::DRAG } else { Sense::CLICK };
        let response = ui.interact(rect, ui.scope_id().with("cell"), sense);
        response.widget_info(|| {
            let place = version.map_or_else(|| "not set".to_owned(), |version| format!("v{version}"));
            WidgetInfo::labeled(egui::Role::Button, true, format!("{alias} of {}: {place}", model.name))
        });
        if response.clicked() {
            self.clicked = Some((row, column));
        }
        if response.double_clicked() {
            self.ask = Some((model.name.clone(), alias.clone()));
        }
        if let Some(version) = version
            && response.drag_started_by(egui::PointerButton::Primary)
            && !self.registry.is_changing(&model.name, alias)
        {
            *self.drag = Some(Taken { model: model.name.clone(), alias: alias.clone(), version, over: None });
        }
        self.target_ui(ui, rect, model, alias, version);
        if self.cursor == Some((row, column)) {
            let ring = egui::Stroke::new(size::FOCUS_RING, ui.tokens().accent.ring);
            ui.painter().rect_stroke(rect.shrink(1.0), size::RADIUS, ring, egui::StrokeKind::Inside);
        }
        let has_keys = self.keys && self.cursor == Some((row, column));
        context_menu_ui(&response, has_keys, |ui| self.menu_ui(ui, model, alias, version));
        let Some(version) = version else { return };
        let age = self.registry.ages.get(&model.name, version);
        let is_taken = self.drag.as_ref().is_some_and(|t| t.model == model.name && t.alias == *alias);
        cells::padded_ui(ui, false, |ui| {
            if is_taken || self.registry.is_changing(&model.name, alias) {
                ui.set_opacity(0.4);
            }
            alias_version_ui(ui, alias, version);
            if let Some(at) = age {
                let text = theme::text::small(format::relative_time(at, self.now));
                ui.add(Label::new(text).truncate().selectable(false));
            }
        });
        // A tip that was open when a chip was dropped here would stay above the plan.
        if ui.memory(|memory| memory.top_modal_layer().is_none()) {
            response.on_hover_ui(|ui| hover_ui(ui, model, alias, version, age));
        }
    }

    /// Notes and shows that a chip which is dragged is over this cell.
    fn target_ui(
        &mut self,
        ui: &Ui,
        rect: egui::Rect,
        model: &RegisteredModel,
        alias: &str,
        now: Option<VersionNumber>,
    ) {
        let Some(taken) = self.drag.as_mut() else { return };
        if !pointer(ui.ctx()).is_some_and(|at| rect.contains(at)) {
            return;
        }
        taken.over = Some(Spot { model: model.name.clone(), alias: alias.to_owned(), now });
        if taken.model == model.name && now != Some(taken.version) {
            let tokens = ui.tokens();
            ui.painter().rect_filled(rect, size::RADIUS, tokens.drop_bg);
            let ring = egui::Stroke::new(size::FOCUS_RING, tokens.accent.ring);
            ui.painter().rect_stroke(rect.shrink(1.0), size::RADIUS, ring, egui::StrokeKind::Inside);
        }
    }

    fn menu_ui(&mut self, ui: &mut Ui, model: &RegisteredModel, alias: &str, version: Option<VersionNumber>) {
        let label = if version.is_some() { format!("Move {alias}…") } else { format!("Set {alias}…") };
        if ui.button(label).clicked() {
            self.ask = Some((model.name.clone(), alias.to_owned()));
            ui.close();
        }
        if let Some(version) = version {
            let others = self.matrix.columns.iter().map(|column| column.alias.as_str());
            ui.menu_button(format!("Point another alias at v{version}"), |ui| {
                egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
                    for other in others.filter(|other| model.alias(other) != Some(version)) {
                        if ui.button(format!("{other}…")).clicked() {
                            self.out.push(plan(self.kind, &model.name, other, Some(version)));
                            ui.close();
                        }
                    }
                });
            });
            let uri = alias_uri(self.kind, &model.name, alias);
            if ui.button(format!("Copy {uri}")).clicked() {
                self.out.push(Command::Copy(uri, "URI"));
                ui.close();
            }
            ui.separator();
            if ui.button(format!("Delete {alias}…")).clicked() {
                self.out.push(plan(self.kind, &model.name, alias, None));
                ui.close();
            }
        }
        ui.separator();
        if ui.button("Open board").clicked() {
            self.out.push(Route::Model { kind: self.kind, name: model.name.clone() });
            ui.close();
        }
    }
}

fn hover_ui(
    ui: &mut Ui,
    model: &RegisteredModel,
    alias: &str,
    version: VersionNumber,
    registered: Option<Millis>,
) {
    ui.label(theme::text::strong(format!("{alias} → v{version}")));
    if let Some(at) = registered {
        ui.label(theme::text::small(format!("v{version} was registered {}", format::exact_time(at))));
    }
    let text = match lag(model, version) {
        Some(0) => "The newest version".to_owned(),
        Some(by) => format!("{by} behind v{}, the newest version", version + by),
        None => return,
    };
    ui.label(theme::text::small(text));
}

impl TableDelegate for Grid<'_> {
    fn prepare(&mut self, info: &PrefetchInfo) {
        let models = info.visible_rows.clone().filter_map(|row| self.model(row));
        let versions = models.flat_map(|model| model.aliases.iter().map(|a| (model.name.clone(), a.version)));
        if let Some(asking) = self.registry.ages.asking_for(versions) {
            self.out.push(asking);
        }
    }

    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        let Some(at) = cell.col_range.start.checked_sub(1) else {
            let arrow = match self.order {
                MatrixOrder::Name => SortArrow::Ascending,
                MatrixOrder::NameDescending => SortArrow::Descending,
                _ => SortArrow::None,
            };
            if cells::header_ui(ui, "Model", arrow, false).clicked() {
                self.new_order = Some(self.order.next_by_name());
            }
            return;
        };
        let Some(column) = self.matrix.columns.get(at) else { return };
        let arrow = match self.order {
            MatrixOrder::Behind(alias) if *alias == column.alias => SortArrow::Descending,
            MatrixOrder::Ahead(alias) if *alias == column.alias => SortArrow::Ascending,
            _ => SortArrow::None,
        };
        let response = cells::header_ui(ui, &column.alias, arrow, false);
        if response.clicked() {
            self.new_order = Some(self.order.next_by(&column.alias));
        }
        response.on_hover_ui(|ui| {
            ui.label(theme::text::strong(&column.alias));
            let models = format::counted(column.models, "model has it", "models have it");
            ui.label(theme::text::small(models));
            ui.label(theme::text::small("Click to see first where it is furthest behind"));
        });
    }

    fn row_ui(&mut self, ui: &mut Ui, _row: u64) {
        // The columns that scroll come first; a cell would know its own edges only.
        if self.drag.is_some() && !std::mem::replace(&mut self.autoscrolled, true) {
            Drag::autoscroll_sideways(ui);
        }
        cells::row_background_ui(ui, RowLook::default());
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        let Some(model) = self.model(cell.row_nr) else { return };
        match cell.col_nr.checked_sub(1) {
            None => self.name_ui(ui, model),
            Some(column) if column < self.matrix.columns.len() => {
                self.alias_ui(ui, model, (cell.row_nr as usize, column));
            }
            Some(_) => {}
        }
    }

    fn default_row_height(&self) -> f32 {
        self.row_height
    }
}
