//! The table itself: only the cells that are seen are laid out.

use egui::{Align, Id, Layout, Rect, Ui};
use egui_table::{CellInfo, Column, HeaderCellInfo, HeaderRow, PrefetchInfo, Table, TableDelegate};

use crate::entities::{Millis, TraceState};
use crate::state::Command;
use crate::state::command::Commands;
use crate::state::navigation::Route;
use crate::state::runs::ModelLabels;
use crate::state::traces::{TraceColumn, TraceListing, TracesCommand};
use crate::theme::size;
use crate::ui::Cx;
use crate::ui::widgets::cells::{self as widgets, RowLook, SortArrow};
use crate::ui::widgets::{RowCursor, no_rows_ui, repaint_as_times_pass};

/// One frame of the table.
pub(super) struct Grid<'a> {
    pub listing: &'a TraceListing,
    pub models: &'a ModelLabels,
    pub now: Millis,
    pub out: &'a mut Commands,
    rect: Rect,
    row_height: f32,
    cursor: Option<usize>,
    clicked: Option<usize>,
    running: bool,
}

/// Draws the table.
pub(super) fn show(
    ui: &mut Ui,
    cx: &Cx<'_>,
    listing: &TraceListing,
    cursor: &mut RowCursor,
    out: &mut Commands,
) {
    let Some(workspace) = cx.workspace() else { return };
    let rect = ui.available_rect_before_wrap();
    let columns = columns(listing.columns(), rect.width());
    let table = Table::new()
        .id_salt("traces")
        .num_rows(listing.shown() as u64)
        .columns(columns)
        .headers([HeaderRow::new(size::HEADER)]);
    let table = cursor.scroll(table);
    let mut grid = Grid {
        listing,
        models: workspace.runs.models(),
        now: cx.now,
        out,
        rect,
        row_height: widgets::row_height(cx.state.settings.get().density),
        cursor: cursor.place(),
        clicked: None,
        running: false,
    };
    widgets::skip_sizing(ui, table.get_id(ui));
    table.show(ui, &mut grid);
    let (running, clicked) = (grid.running, grid.clicked);
    if listing.shown() == 0 {
        no_rows_ui(ui, rect, size::HEADER, "No trace matches the filter");
    }
    if let Some((place, row)) = clicked.and_then(|place| Some((place, listing.row(place)?))) {
        cursor.point(place, &row.trace_id);
    }
    repaint_as_times_pass(ui, running);
}

/// At first, question and answer share what the others leave.
fn columns(shown: &[TraceColumn], room: f32) -> Vec<Column> {
    let fixed = |column: &TraceColumn| match column {
        TraceColumn::Request | TraceColumn::Response => None,
        TraceColumn::State => Some(104.0),
        TraceColumn::Duration | TraceColumn::Tokens => Some(84.0),
        TraceColumn::Name | TraceColumn::Session | TraceColumn::User => Some(112.0),
        // A name, and behind it the version, which is what one looks for.
        TraceColumn::Model => Some(size::COLUMN_TEXT + 40.0),
        TraceColumn::Tags => Some(160.0),
        TraceColumn::Time | TraceColumn::Assessments => Some(size::COLUMN_NUMBER),
    };
    let left = room - shown.iter().filter_map(fixed).sum::<f32>() - size::SPACE_M;
    let column = |column: &TraceColumn| {
        let share = if *column == TraceColumn::Request { 0.45 } else { 0.55 };
        let width = fixed(column).unwrap_or((left * share).max(200.0));
        Column::new(width).range(size::COLUMN_MIN..=2_000.0).id(Id::unique(("trace column", column.title())))
    };
    shown.iter().map(column).collect()
}

impl Grid<'_> {
    fn open(&mut self, place: usize) {
        if let Some(row) = self.listing.row(place) {
            self.clicked = Some(place);
            self.out.push(Route::trace(row.trace_id.clone()));
        }
    }

    /// What a click and a right click on a row do, wherever on it.
    pub(super) fn row_interact_ui(&mut self, response: &egui::Response, place: usize) {
        if response.clicked() {
            self.open(place);
        }
        if response.secondary_clicked() {
            self.clicked = Some(place);
        }
        response.context_menu(|ui| self.menu_ui(ui, place));
    }

    fn menu_ui(&mut self, ui: &mut Ui, place: usize) {
        let Some(row) = self.listing.row(place) else { return };
        let copies = [
            ("Copy trace id", row.trace_id.clone(), "trace id"),
            ("Copy request", row.request.clone(), "request"),
            ("Copy response", row.response.clone(), "response"),
        ];
        if ui.button("Open").clicked() {
            self.open(place);
        }
        ui.separator();
        for (label, text, what) in copies {
            if ui.button(label).clicked() {
                self.out.push(Command::Copy(text, what));
            }
        }
    }
}

impl TableDelegate for Grid<'_> {
    fn prepare(&mut self, info: &PrefetchInfo) {
        let rows = || info.visible_rows.clone().filter_map(|place| self.listing.row(place as usize));
        self.running |= rows().any(|row| row.state == TraceState::InProgress);
        let models = rows().filter_map(|row| row.model_id.clone());
        if let Some(asking) = self.models.asking_for(models) {
            self.out.push(asking);
        }
    }

    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        let Some(&column) = self.listing.columns().get(cell.col_range.start) else { return };
        let sort = self.listing.wanted().sort.filter(|(sorted, _)| *sorted == column);
        let arrow = SortArrow::of(sort.map(|(_, descending)| descending));
        if widgets::header_ui(ui, column.title(), arrow, column.is_numeric()).clicked() {
            self.out.push(TracesCommand::CycleSort(column));
        }
    }

    fn row_ui(&mut self, ui: &mut Ui, row_nr: u64) {
        let look = RowLook { cursor: self.cursor == Some(row_nr as usize), ..RowLook::default() };
        let response = widgets::row_ui(ui, self.rect, look);
        self.row_interact_ui(&response, row_nr as usize);
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        let Some(&column) = self.listing.columns().get(cell.col_nr) else { return };
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            self.column_cell_ui(ui, column, cell.row_nr as usize);
        });
    }

    fn default_row_height(&self) -> f32 {
        self.row_height
    }
}
