//! A CSV file as a table.

use egui::{Label, Ui};
use egui_table::{CellInfo, Column, HeaderCellInfo, HeaderRow, TableDelegate};

use crate::state::artifacts::Table;
use crate::state::format;
use crate::theme::{self, Themed as _, size};
use crate::ui::widgets::cells::{RowLook, number_ui, padded_ui, row_background_ui, text_ui};

/// Rows that are measured for a column's first width.
const MEASURED: usize = 50;

/// Draws a table.
pub(super) fn show(ui: &mut Ui, salt: &str, table: &Table) {
    let cut = if table.cut { "; more is in the file" } else { "" };
    ui.horizontal(|ui| {
        ui.add_space(size::SPACE_M);
        ui.label(theme::text::small(format!(
            "{}, {}{cut}",
            format::counted(table.rows.len(), "row", "rows"),
            format::counted(table.header.len(), "column", "columns")
        )));
    });
    let columns: Vec<Column> = (0..table.header.len())
        .map(|column| Column::new(width(table, column)).range(size::COLUMN_MIN..=1200.0).resizable(true))
        .collect();
    egui_table::Table::new()
        .id_salt(salt)
        .num_rows(table.rows.len() as u64)
        .columns(columns)
        .headers([HeaderRow::new(size::HEADER)])
        .show(ui, &mut Sheet { table });
}

/// A width for what is in a column, by its characters.
fn width(table: &Table, column: usize) -> f32 {
    let cells = table.rows.iter().take(MEASURED).filter_map(|row| row.get(column));
    let longest = cells.chain(table.header.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    (longest as f32 * 7.5 + 2.0 * size::SPACE_S).clamp(64.0, 320.0)
}

struct Sheet<'a> {
    table: &'a Table,
}

impl Sheet<'_> {
    fn is_numeric(&self, column: usize) -> bool {
        self.table.numeric.get(column).copied().unwrap_or(false)
    }
}

impl TableDelegate for Sheet<'_> {
    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        let column = cell.group_index;
        ui.painter().rect_filled(ui.max_rect(), 0, ui.tokens().raised_bg);
        let Some(name) = self.table.header.get(column) else { return };
        padded_ui(ui, self.is_numeric(column), |ui| {
            ui.add(Label::new(theme::text::label(name)).truncate()).on_hover_text(name);
        });
    }

    fn row_ui(&mut self, ui: &mut Ui, _row: u64) {
        row_background_ui(ui, RowLook::default());
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        // Cut texts would say that they need no room.
        if ui.is_sizing_pass() {
            ui.allocate_space(egui::vec2(width(self.table, cell.col_nr), size::ROW));
            return;
        }
        let Some(row) = self.table.rows.get(cell.row_nr as usize) else { return };
        let Some(text) = row.get(cell.col_nr) else { return };
        if self.is_numeric(cell.col_nr) {
            number_ui(ui, text, None);
        } else {
            text_ui(ui, text);
        }
    }

    fn default_row_height(&self) -> f32 {
        size::ROW
    }
}
