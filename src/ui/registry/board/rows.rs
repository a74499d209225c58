//! The visible rows of the board, with their chips.

use egui::{Key, Modifiers, RichText, Sense, Ui, WidgetInfo};
use egui_table::{CellInfo, HeaderCellInfo, TableDelegate};

use super::super::dialogs::Dialog;
use super::super::drag::Drag;
use super::super::menus::{Subject, alias_menu_ui, version_menu_ui, version_route};
use super::super::{chips, version::status_of_ui};
use super::columns::Col;
use super::shown_tags;
use crate::entities::{ModelVersion, RegisteredModel, VersionNumber, tag};
use crate::state::command::Commands;
use crate::state::format;
use crate::state::navigation::{Route, RunTab};
use crate::state::registry::words::{first_line, plain_line};
use crate::theme::{self, Themed as _, size};
use crate::ui::widgets::cells::{self, RowLook, SortArrow};
use crate::ui::widgets::{tag_chip_ui, time_ui};

/// Draws the visible rows.
pub(super) struct Rows<'a> {
    pub(super) columns: &'static [Col],
    pub(super) found: &'a [usize],
    pub(super) model: Option<&'a RegisteredModel>,
    pub(super) latest: Option<VersionNumber>,
    pub(super) cursor: Option<usize>,
    pub(super) chosen: Option<usize>,
    pub(super) drag: &'a mut Option<Drag>,
    pub(super) subject: Subject<'a>,
    pub(super) row_height: f32,
    pub(super) autoscrolled: bool,
    pub(super) dialog: &'a mut Dialog,
    pub(super) out: &'a mut Commands,
}

impl TableDelegate for Rows<'_> {
    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        cells::header_ui(ui, self.columns[cell.col_range.start].label(), SortArrow::None, false);
    }

    fn row_ui(&mut self, ui: &mut Ui, row: u64) {
        let row = row as usize;
        let version = self.version(row);
        let number = version.version;
        if let Some(drag) = self.drag.as_mut() {
            drag.pass_row(ui, number);
            if !self.autoscrolled {
                self.autoscrolled = true;
                Drag::autoscroll(ui);
            }
        }
        let response = ui.interact(ui.max_rect(), ui.scope_id().with("row"), Sense::CLICK);
        let selected = self.cursor == Some(row);
        response.widget_info(|| {
            WidgetInfo::selected(egui::Role::Row, true, selected, format!("version {number}"))
        });
        if response.clicked() {
            self.chosen = Some(row);
        }
        if response.double_clicked() {
            self.out.push(version_route(self.subject, number));
        }
        let drop_target = self.drag.as_ref().is_some_and(|drag| drag.lights(number));
        cells::row_background_ui(ui, RowLook { selected: false, cursor: selected, drop_target });
        let version = self.version(row);
        response.context_menu(|ui| {
            version_menu_ui(ui, self.subject, version, self.dialog, self.out);
        });
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        let version = self.version(cell.row_nr as usize);
        match self.columns[cell.col_nr] {
            Col::Aliases => cells::padded_ui(ui, false, |ui| self.aliases_ui(ui, version)),
            Col::Version => cells::padded_ui(ui, false, |ui| self.number_ui(ui, version)),
            Col::Status => cells::padded_ui(ui, false, |ui| status_of_ui(ui, version)),
            Col::Created => cells::padded_ui(ui, false, |ui| {
                time_ui(ui, version.creation_timestamp, self.subject.now);
            }),
            Col::Run => cells::padded_ui(ui, false, |ui| self.run_ui(ui, version)),
            Col::Tags => cells::padded_ui(ui, false, |ui| {
                ui.spacing_mut().item_spacing.x = size::SPACE_XS;
                for (key, value) in shown_tags(&version.tags) {
                    tag_chip_ui(ui, key, value);
                }
            }),
            Col::Text => {
                let text = version.tags.get(tag::PROMPT_TEXT).map(String::as_str).unwrap_or_default();
                cells::text_ui(ui, first_line(text));
            }
            Col::Description => cells::text_ui(ui, plain_line(&version.description)),
        }
    }

    fn default_row_height(&self) -> f32 {
        self.row_height
    }
}

impl<'a> Rows<'a> {
    fn version(&self, row: usize) -> &'a ModelVersion {
        &self.subject.registry.board.versions.items()[self.found[row]]
    }

    fn aliases_ui(&mut self, ui: &mut Ui, version: &ModelVersion) {
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        let number = version.version;
        for alias in self.model.map(|model| chips::aliases_of(model, number)).unwrap_or_default() {
            self.chip_ui(ui, alias, number);
        }
        if self.latest == Some(number) {
            chips::latest_chip_ui(ui);
        }
    }

    fn chip_ui(&mut self, ui: &mut Ui, alias: &str, number: VersionNumber) {
        let dragged = self.drag.as_ref().is_some_and(|drag| drag.alias == alias);
        let changing = self.subject.registry.is_changing(self.subject.name, alias);
        let response = ui
            .push_id(alias, |ui| {
                if dragged || changing {
                    ui.set_opacity(0.4);
                }
                chips::draggable_chip_ui(ui, alias)
            })
            .inner;
        if response.drag_started_by(egui::PointerButton::Primary) && !changing {
            *self.drag = Some(Drag::new(alias, number));
        }
        if response.has_focus() {
            self.focused_chip_keys(ui, alias, number);
        }
        response.context_menu(|ui| {
            alias_menu_ui(ui, self.subject, (alias, number), self.dialog, self.out);
        });
    }

    fn focused_chip_keys(&mut self, ui: &Ui, alias: &str, number: VersionNumber) {
        let (move_it, delete_it) = ui.input_mut(|input| {
            let move_it = input.consume_key(Modifiers::NONE, Key::M);
            if move_it {
                // The letter must not land in the field that opens.
                input.events.retain(|event| !matches!(event, egui::Event::Text(_)));
            }
            (move_it, input.consume_key(Modifiers::NONE, Key::Delete))
        });
        if move_it {
            *self.dialog = Dialog::move_alias(self.subject.kind, self.subject.name, alias, number);
        }
        if delete_it {
            self.out.push(self.subject.plan(alias, None));
        }
    }

    fn number_ui(&mut self, ui: &mut Ui, version: &ModelVersion) {
        let number = version.version;
        let link =
            ui.add(egui::Link::new(format!("v{number}"))).accessible_name(format!("open version {number}"));
        if link.clicked() {
            self.out.push(version_route(self.subject, number));
        }
    }

    fn run_ui(&mut self, ui: &mut Ui, version: &ModelVersion) {
        let Some(run_id) = version.run_id() else {
            ui.label(theme::text::weak("–"));
            return;
        };
        let tint = ui.tokens().accent.text;
        let text = RichText::new(format::short_id(run_id)).monospace().color(tint);
        let link = ui
            .add(egui::Link::new(text))
            .accessible_name(format!("source run of version {}", version.version));
        if link.on_hover_text(format!("Open run {run_id}")).clicked() {
            self.out.push(Route::Run { run_id: run_id.to_owned(), tab: RunTab::default() });
        }
    }
}
