//! The journal's rows.

use egui::{Sense, Ui, WidgetInfo};
use egui_table::{CellInfo, Column, HeaderCellInfo, HeaderRow, Table, TableDelegate, TableState};

use super::JournalView;
use crate::entities::Millis;
use crate::state::Command;
use crate::state::command::Commands;
use crate::state::journal::{Journal, Outcome, Record, What};
use crate::state::navigation::Route;
use crate::theme::{self, Icon, Themed as _, Tint, size};
use crate::ui::Cx;
use crate::ui::widgets::cells::{self, RowLook, SortArrow};
use crate::ui::widgets::{alias_chip_ui, context_menu_ui, status_ui, time_ui};

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Col {
    Time,
    Outcome,
    Model,
    Alias,
    Change,
    Who,
    Server,
    Reason,
}

const COLUMNS: [Col; 8] =
    [Col::Time, Col::Outcome, Col::Model, Col::Alias, Col::Change, Col::Who, Col::Server, Col::Reason];

impl Col {
    fn label(self) -> &'static str {
        match self {
            Self::Time => "Time",
            Self::Outcome => "Outcome",
            Self::Model => "Model",
            Self::Alias => "Alias",
            Self::Change => "Change",
            Self::Who => "Who",
            Self::Reason => "Reason",
            Self::Server => "Server",
        }
    }

    /// At first, in points.
    fn width(self) -> f32 {
        match self {
            Self::Time | Self::Who => 104.0,
            Self::Outcome => 108.0,
            Self::Model => 200.0,
            Self::Alias => 112.0,
            Self::Change => 116.0,
            Self::Reason => 240.0,
            Self::Server => 140.0,
        }
    }
}

/// How an outcome looks: an icon, a word, a colour.
pub(super) fn look(ui: &Ui, record: &Record) -> (Icon, &'static str, Tint) {
    let tokens = ui.tokens();
    if record.undone_by.is_some() {
        return (Icon::Undo, "Undone", tokens.neutral_chip);
    }
    let (icon, tint) = match record.outcome {
        Outcome::Open => (Icon::Pending, tokens.info),
        Outcome::Done => (Icon::Success, tokens.success),
        Outcome::Refused => (Icon::Failure, tokens.failure),
        Outcome::Overtaken | Outcome::Unclear => (Icon::Warning, tokens.warning),
        Outcome::Seen => (Icon::Eye, tokens.info),
    };
    (icon, record.outcome.label(), tint)
}

impl JournalView {
    pub(super) fn table_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Commands) {
        let journal = &cx.state.journal;
        let mut table = Table::new()
            .id_salt("journal")
            .num_rows(self.found.len() as u64)
            .headers([HeaderRow::new(size::HEADER)]);
        let id = table.get_id(ui);
        table = table.columns(laid_out(ui, id));
        if std::mem::take(&mut self.scroll_to_cursor)
            && let Some((row, _)) = &self.cursor
        {
            table = table.scroll_to_row(*row as u64, None);
        }
        let mut rows = Rows {
            journal,
            found: &self.found,
            now: cx.now,
            cursor: self.cursor.as_ref().map(|(row, _)| *row),
            keys: ui.memory(|it| it.focused().is_none() && it.top_modal_layer().is_none()),
            height: cells::row_height(cx.state.settings.get().density),
            here: cx.workspace().map(|workspace| workspace.store.info().uri.clone()),
            clicked: None,
            out,
        };
        table.show(ui, &mut rows);
        if let Some(row) = rows.clicked {
            self.cursor = Some((row, self.record(journal, row).id.clone()));
            self.details = true;
        }
    }
}

/// Columns as wide as the user left them; the last one takes what remains.
fn laid_out(ui: &Ui, id: egui::Id) -> Vec<Column> {
    let state = TableState::load(ui.ctx(), id).unwrap_or_else(|| {
        // With a state of its own egui_table does not size the columns by what they hold at first.
        TableState::default().store(ui.ctx(), id);
        TableState::default()
    });
    let mut rest = ui.available_width();
    let mut columns = Vec::with_capacity(COLUMNS.len());
    for (at, column) in COLUMNS.iter().enumerate() {
        let new = Column::new(column.width()).range(size::COLUMN_MIN..=1200.0).id(id.with(column.label()));
        if at == COLUMNS.len() - 1 {
            let width = rest.max(column.width());
            columns.push(new.range(width..=width).resizable(false));
        } else {
            rest -= state.col_widths.get(&new.id_for(at)).copied().unwrap_or(column.width());
            columns.push(new.resizable(true));
        }
    }
    columns
}

/// Draws the visible rows.
struct Rows<'a> {
    journal: &'a Journal,
    found: &'a [usize],
    now: Millis,
    cursor: Option<usize>,
    /// The cursor has the keys now.
    keys: bool,
    height: f32,
    here: Option<String>,
    clicked: Option<usize>,
    out: &'a mut Commands,
}

impl<'a> Rows<'a> {
    fn record(&self, row: u64) -> &'a Record {
        &self.journal.records()[self.found[row as usize]]
    }

    fn menu_ui(&mut self, ui: &mut Ui, record: &Record) {
        if let Some(undo) = self.journal.undo_of(record)
            && ui.button("Undo").clicked()
        {
            self.out.push(undo);
            ui.close();
        }
        let here = self.here.as_ref() == Some(&record.change.server) && !record.change.model.is_empty();
        if here && ui.button("Open versions").clicked() {
            self.out.push(route_of(record));
            ui.close();
        }
        if ui.button("Copy as text").clicked() {
            self.out.push(Command::Copy(as_text(record), "entry"));
            ui.close();
        }
    }
}

impl TableDelegate for Rows<'_> {
    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        cells::header_ui(ui, COLUMNS[cell.col_range.start].label(), SortArrow::None, false);
    }

    fn row_ui(&mut self, ui: &mut Ui, row: u64) {
        let record = self.record(row);
        let response = ui.interact(ui.max_rect(), ui.scope_id().with("row"), Sense::CLICK);
        let selected = self.cursor == Some(row as usize);
        response.widget_info(|| {
            let name = format!("entry {}", as_text(record));
            WidgetInfo::selected(egui::Role::Row, true, selected, name)
        });
        if response.clicked() {
            self.clicked = Some(row as usize);
        }
        cells::row_background_ui(ui, RowLook { selected, cursor: selected, drop_target: false });
        let has_keys = selected && self.keys;
        context_menu_ui(&response, has_keys, |ui| self.menu_ui(ui, record));
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        let record = self.record(cell.row_nr);
        match COLUMNS[cell.col_nr] {
            Col::Time => cells::padded_ui(ui, false, |ui| {
                time_ui(ui, Some(record.at), self.now);
            }),
            Col::Outcome => cells::padded_ui(ui, false, |ui| {
                let (icon, word, tint) = look(ui, record);
                status_ui(ui, icon, word, tint);
            }),
            Col::Model => cells::text_ui(ui, &record.change.model),
            Col::Alias => cells::padded_ui(ui, false, |ui| {
                if !record.change.alias.is_empty() {
                    alias_chip_ui(ui, &record.change.alias, Sense::hover());
                }
            }),
            Col::Change => match record.what {
                What::Edit { version: Some(version) } => cells::text_ui(ui, format!("edited v{version}")),
                What::Edit { version: None } => cells::text_ui(ui, "edited"),
                _ => cells::text_ui(ui, record.path()),
            },
            Col::Who => match record.what {
                What::Seen { .. } => cells::text_ui(ui, theme::text::weak(record.who())),
                _ => cells::text_ui(ui, record.who()),
            },
            Col::Reason => reason_ui(ui, record),
            Col::Server => cells::text_ui(ui, theme::text::weak(&record.change.label)),
        }
    }

    fn default_row_height(&self) -> f32 {
        self.height
    }
}

/// Why, in the user's words; else what there is to say.
fn reason_ui(ui: &mut Ui, record: &Record) {
    let note = record.notes.last().map(|(_, note)| note.as_str());
    if !record.change.reason.is_empty() {
        cells::text_ui(ui, &record.change.reason);
    } else if let Some(window) = record.window() {
        cells::text_ui(ui, theme::text::weak(window));
    } else if let Some(note) = note {
        cells::text_ui(ui, theme::text::weak(note));
    } else if record.outcome != Outcome::Done || record.change.alias.is_empty() || record.resolved {
        cells::text_ui(ui, theme::text::weak(&record.text));
    }
}

/// Where its versions are shown.
pub(super) fn route_of(record: &Record) -> Route {
    Route::Model { kind: record.change.kind, name: record.change.model.clone() }
}

/// `prod: v3 → v7 of Churn, Done`
pub(super) fn as_text(record: &Record) -> String {
    let title = record.title();
    let outcome = if record.undone_by.is_some() { "Undone" } else { record.outcome.label() };
    match record.change.model.as_str() {
        "" => format!("{title}, {outcome}"),
        model => format!("{title} of {model}, {outcome}"),
    }
}
