//! The visible rows of the board, with their chips.

use egui::{Key, Modifiers, RichText, Sense, Ui, WidgetInfo};
use egui_table::{CellInfo, HeaderCellInfo, TableDelegate};

use super::super::dialogs::Dialog;
use super::super::drag::Drag;
use super::super::menus::{Subject, alias_menu_ui, version_menu_ui, version_route};
use super::super::{chips, version::status_of_ui};
use super::columns::Col;
use super::shown_tags;
use crate::entities::{ModelVersion, VersionNumber, tag};
use crate::state::command::Commands;
use crate::state::format;
use crate::state::journal::Departure;
use crate::state::navigation::{Route, RunTab};
use crate::state::registry::between::Between;
use crate::state::registry::finding::Finding;
use crate::state::registry::words::{first_line, plain_line};
use crate::theme::{self, Themed as _, size};
use crate::ui::widgets::cells::{self, RowLook, SortArrow};
use crate::ui::widgets::{Marked, chip_width, context_menu_ui, tag_chip_ui, time_ui};

/// Draws the visible rows.
pub(super) struct Rows<'a> {
    pub(super) columns: Vec<Col>,
    pub(super) finding: &'a Finding,
    pub(super) between: Option<&'a Between>,
    pub(super) departures: &'a [Departure],
    pub(super) cursor: Option<usize>,
    /// The cursor has the keys now.
    pub(super) keys: bool,
    pub(super) chosen: Option<usize>,
    pub(super) marked: &'a mut Marked<VersionNumber>,
    pub(super) drag: &'a mut Option<Drag>,
    pub(super) focus: &'a mut Option<String>,
    pub(super) origin: &'a mut Option<String>,
    /// The row that an arrow key goes to from a focused chip.
    pub(super) left_chip: Option<usize>,
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
        let Some(version) = self.version(row) else { return };
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
        let marked = self.marked.has(&number);
        response.widget_info(|| {
            WidgetInfo::selected(egui::Role::Row, true, selected || marked, format!("version {number}"))
        });
        if response.clicked() {
            self.chosen = Some(row);
            if ui.input(|input| input.modifiers.command) {
                self.marked.toggle(number);
            }
        }
        if response.double_clicked() {
            self.out.push(version_route(self.subject, number));
        }
        let drop_target = self.drag.as_ref().is_some_and(|drag| drag.lights(number));
        cells::row_background_ui(ui, RowLook { selected: marked, cursor: selected, drop_target });
        self.rail_ui(ui, number);
        context_menu_ui(&response, self.keys && selected, |ui| {
            version_menu_ui(ui, self.subject, version, self.dialog, self.out);
        });
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        let row = cell.row_nr as usize;
        let Some(version) = self.version(row) else { return };
        match self.columns[cell.col_nr] {
            Col::Aliases => cells::padded_ui(ui, false, |ui| self.aliases_ui(ui, version.version, row)),
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
    fn version(&self, row: usize) -> Option<&'a ModelVersion> {
        self.finding.version(self.subject.board, row)
    }

    /// A quiet line at the left from one of the two aliases to the other.
    fn rail_ui(&self, ui: &Ui, number: VersionNumber) {
        let Some(between) = self.between.filter(|between| between.range().contains(&number)) else { return };
        let (rect, tokens) = (ui.max_rect(), ui.tokens());
        let x = rect.left() + size::SPACE_XS + 1.0;
        let end = [&between.low, &between.high].into_iter().find(|(_, version)| *version == number);
        let (mut top, mut bottom) = (rect.top(), rect.bottom());
        if number == between.high.1 {
            top = rect.center().y;
        }
        if number == between.low.1 {
            bottom = rect.center().y;
        }
        ui.painter().vline(x, top..=bottom, egui::Stroke::new(1.5, tokens.border_strong));
        if let Some((alias, _)) = end {
            ui.painter().circle_filled(egui::pos2(x, rect.center().y), 3.0, tokens.alias(alias).fg);
        }
    }

    fn aliases_ui(&mut self, ui: &mut Ui, number: VersionNumber, row: usize) {
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        // The rail stands here.
        ui.add_space(size::SPACE_XS);
        let aliases = self.subject.board.placed().on(number);
        for (at, alias) in aliases.iter().enumerate() {
            let more = if at + 1 < aliases.len() { MORE_WIDTH } else { 0.0 };
            if at > 0 && chip_width(ui, alias) + more > ui.available_width() && !ui.is_sizing_pass() {
                self.more_ui(ui, &aliases[at..], number);
                return;
            }
            self.chip_ui(ui, alias, (number, row));
        }
        if self.subject.board.latest() == Some(number) {
            chips::latest_chip_ui(ui);
        }
        for departure in self.departures.iter().filter(|departure| departure.version == number) {
            if !aliases.contains(&departure.alias) {
                chips::ghost_ui(ui, departure, self.subject.now);
            }
        }
    }

    /// The aliases that there is no room for.
    fn more_ui(&mut self, ui: &mut Ui, aliases: &[String], number: VersionNumber) {
        ui.menu_button(theme::text::small(format!("+{}", aliases.len())), |ui| {
            for alias in aliases {
                ui.menu_button(alias, |ui| {
                    alias_menu_ui(ui, self.subject, (alias, number), self.dialog, self.out);
                });
            }
        });
    }

    fn chip_ui(&mut self, ui: &mut Ui, alias: &str, (number, row): (VersionNumber, usize)) {
        let dragged = self.drag.as_ref().is_some_and(|drag| drag.alias == alias);
        let changing = self.subject.registry.is_changing(self.subject.name, alias);
        let response = ui
            .push_id(alias, |ui| {
                if dragged || changing {
                    ui.set_opacity(0.4);
                }
                chips::draggable_chip_ui(ui, self.subject.name, alias)
            })
            .inner;
        if response.drag_started_by(egui::PointerButton::Primary) && !changing {
            *self.drag = Some(Drag::new(alias, number));
        }
        if self.focus.as_deref() == Some(alias) {
            *self.focus = None;
            response.request_focus();
        }
        if response.has_focus() {
            self.focused_chip_keys(ui, &response, alias, (number, row));
        }
        context_menu_ui(&response, response.has_focus(), |ui| {
            alias_menu_ui(ui, self.subject, (alias, number), self.dialog, self.out);
        });
    }

    fn focused_chip_keys(
        &mut self,
        ui: &Ui,
        response: &egui::Response,
        alias: &str,
        (number, row): (VersionNumber, usize),
    ) {
        let keep = egui::EventFilter { horizontal_arrows: true, vertical_arrows: true, ..Default::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, keep));
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        if pressed(Key::M) {
            // The letter must not land in the field that opens.
            swallow_text(ui);
            *self.origin = Some(alias.to_owned());
            *self.dialog = Dialog::move_alias(self.subject.kind, self.subject.name, alias, number);
        } else if pressed(Key::Delete) {
            *self.origin = Some(alias.to_owned());
            self.out.push(self.subject.plan(alias, None));
        } else if pressed(Key::A) || pressed(Key::ArrowRight) {
            self.step_chip(alias, number, 1);
        } else if pressed(Key::ArrowLeft) {
            self.step_chip(alias, number, -1);
        } else if pressed(Key::ArrowDown) || pressed(Key::ArrowUp) {
            response.surrender_focus();
            self.left_chip = Some(row);
        }
    }

    /// The next chip of the row, or the one before; after the last comes the first.
    fn step_chip(&mut self, alias: &str, number: VersionNumber, by: isize) {
        let aliases = self.subject.board.placed().on(number);
        let count = aliases.len() as isize;
        if let Some(at) = aliases.iter().position(|a| a == alias) {
            let next = (at as isize + by).rem_euclid(count) as usize;
            *self.focus = Some(aliases[next].clone());
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

/// Room for “+12” behind the chips.
const MORE_WIDTH: f32 = 36.0;

/// The character that came with a key must not land in the field that takes the focus by it.
pub(super) fn swallow_text(ui: &Ui) {
    ui.input_mut(|input| input.events.retain(|event| !matches!(event, egui::Event::Text(_))));
}
