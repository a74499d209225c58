//! The table itself: only the cells that are seen are laid out.

use std::ops::Range;

use egui::{Align, Align2, Id, Layout, Rect, TextStyle, Ui};
use egui_table::{CellInfo, Column, HeaderCellInfo, HeaderRow, PrefetchInfo, Table, TableDelegate};

use super::{open_run, run_id_at, run_to_mark};
use crate::entities::{Millis, RunStatus};
use crate::state::Command;
use crate::state::command::Commands;
use crate::state::compare::{CompareCommand, Subject};
use crate::state::format;
use crate::state::runs::{
    Attribute, ColumnKey, Entry, Field, Group, KeyInfo, Listing, ModelLabels, RunsCommand, Sort, StrId,
};
use crate::theme::{self, Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::cells::{self as widgets, RowLook, SortArrow};
use crate::ui::widgets::{Marked, RowCursor, no_rows_ui, repaint_as_times_pass};

/// Height of the row with the groups' titles.
const GROUPS: f32 = 20.0;

/// A column that is shown, with its key in this table if a run has it.
pub(super) struct Shown {
    pub key: ColumnKey,
    pub id: Option<StrId>,
    pub numeric: bool,
}

/// One frame of the table.
pub(super) struct Grid<'a> {
    pub listing: &'a Listing,
    pub columns: Vec<Shown>,
    pub models: &'a ModelLabels,
    pub now: Millis,
    pub out: &'a mut Commands,
    groups: Vec<(Group, Range<usize>)>,
    rect: Rect,
    row_height: f32,
    cursor: Option<usize>,
    clicked: Option<usize>,
    marked: &'a mut Marked<(String, String)>,
    running: bool,
}

/// Draws the table; scrolls to the column `added`, counted without the name's.
pub(super) fn show(
    ui: &mut Ui,
    cx: &Cx<'_>,
    listing: &Listing,
    (cursor, marked): (&mut RowCursor, &mut Marked<(String, String)>),
    added: Option<usize>,
    out: &mut Commands,
) {
    let Some(workspace) = cx.workspace() else { return };
    let room = ui.available_width();
    // Widths are remembered: those of a small window are not those of a large one.
    let salt = ("runs", listing.experiment_id(), room < NARROW);
    let columns = fitting(columns(listing), listing.layout().is_chosen(), room);
    let groups = groups(&columns);
    let mut table = Table::new()
        .id_salt(salt)
        .num_rows(listing.visible_count() as u64)
        .num_sticky_cols(1)
        .columns(columns.iter().map(|shown| column(shown, room)).collect::<Vec<_>>())
        .headers([
            HeaderRow { height: GROUPS, groups: groups.iter().map(|(_, range)| range.clone()).collect() },
            HeaderRow::new(size::HEADER),
        ]);
    table = cursor.scroll(table);
    if let Some(column) = added {
        table = table.scroll_to_column(column + 1, None);
    }
    let rect = ui.available_rect_before_wrap();
    let mut grid = Grid {
        listing,
        columns,
        models: workspace.runs.models(),
        now: cx.now,
        out,
        groups,
        rect,
        row_height: widgets::row_height(cx.state.settings.get().density),
        cursor: cursor.place(),
        clicked: None,
        marked,
        running: false,
    };
    widgets::skip_sizing(ui, table.get_id(ui));
    table.show(ui, &mut grid);
    let (running, clicked) = (grid.running, grid.clicked);
    if listing.visible_count() == 0 && listing.arrangement().rows > 0 {
        no_rows_ui(ui, rect, GROUPS + size::HEADER, "No run matches the filter");
    }
    if let Some((place, run_id)) = clicked.and_then(|place| Some((place, run_id_at(listing, place)?))) {
        cursor.point(place, run_id);
    }
    repaint_as_times_pass(ui, running);
}

fn columns(listing: &Listing) -> Vec<Shown> {
    let name = ColumnKey::Attribute(Attribute::Name);
    std::iter::once(&name)
        .chain(listing.layout().columns())
        .map(|key| {
            let info = listing.table().key(key);
            let numeric = match key {
                ColumnKey::Attribute(attribute) => *attribute == Attribute::Duration,
                ColumnKey::Metric(_) => true,
                ColumnKey::Param(_) | ColumnKey::Tag(_) => info.is_some_and(|info| info.stats.numeric),
            };
            Shown { key: key.clone(), id: info.map(|info: &KeyInfo| info.id), numeric }
        })
        .collect()
}

fn groups(columns: &[Shown]) -> Vec<(Group, Range<usize>)> {
    let mut groups: Vec<(Group, Range<usize>)> = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        match groups.last_mut() {
            Some((group, range)) if *group == column.key.group() => range.end = at + 1,
            _ => groups.push((column.key.group(), at..at + 1)),
        }
    }
    groups
}

/// What is left out first where there is no room for a metric, unless the user chose the columns.
const LEFT_OUT: [Attribute; 2] = [Attribute::Source, Attribute::User];

/// The columns without those that would push the first metric (or param) out of sight.
fn fitting(mut columns: Vec<Shown>, is_chosen: bool, room: f32) -> Vec<Shown> {
    for attribute in LEFT_OUT {
        let first = columns.iter().position(|shown| shown.key.group() > Group::Attributes);
        let Some(first) = first.filter(|_| !is_chosen) else { break };
        let width: f32 = columns[..=first].iter().map(|shown| width(shown, room)).sum();
        if width > room {
            columns.retain(|shown| shown.key != ColumnKey::Attribute(attribute));
        }
    }
    columns
}

/// A table narrower than this has narrow columns of models, and one narrower than the other narrow names.
const NARROW: f32 = 900.0;
const NARROWER: f32 = 688.0;

fn column(shown: &Shown, room: f32) -> Column {
    Column::new(width(shown, room))
        .range(size::COLUMN_MIN..=2_000.0)
        .id(Id::unique(("run column", shown.key.stable())))
}

/// Width at first, in a table this wide.
fn width(shown: &Shown, room: f32) -> f32 {
    match &shown.key {
        ColumnKey::Attribute(Attribute::Name) if room < NARROWER => 168.0,
        ColumnKey::Attribute(Attribute::Model) if room < NARROW => size::COLUMN_TEXT,
        ColumnKey::Attribute(Attribute::Name) => 220.0,
        // A name, and behind it the version, which is what one looks for.
        ColumnKey::Attribute(Attribute::Model) => size::COLUMN_TEXT + 60.0,
        ColumnKey::Attribute(Attribute::Source | Attribute::Dataset) => 120.0,
        ColumnKey::Attribute(Attribute::User) => 80.0,
        ColumnKey::Attribute(_) => size::COLUMN_NUMBER,
        _ if shown.numeric => size::COLUMN_NUMBER,
        _ => 120.0,
    }
}

impl Grid<'_> {
    pub(super) fn entry(&self, place: u64) -> Option<Entry> {
        self.listing.visible(place as usize)
    }

    pub(super) fn open(&mut self, place: u64) {
        if let Some(entry) = self.entry(place) {
            self.clicked = Some(place as usize);
            open_run(self.listing, entry.row, self.out);
        }
    }

    /// What a click and a right click on a row do, wherever on it.
    pub(super) fn row_interact_ui(&mut self, response: &egui::Response, place: u64) {
        if response.clicked() && response.ctx.input(|input| input.modifiers.command) {
            self.mark(place);
        } else if response.clicked() {
            self.open(place);
        }
        if response.secondary_clicked() {
            self.clicked = Some(place as usize);
        }
        let Some(entry) = self.entry(place) else { return };
        response.context_menu(|ui| self.menu_ui(ui, entry));
    }

    /// Marks a run to compare it with another.
    fn mark(&mut self, place: u64) {
        if let Some(entry) = self.entry(place) {
            self.clicked = Some(place as usize);
            self.marked.toggle(run_to_mark(self.listing, entry.row));
        }
    }

    fn menu_ui(&mut self, ui: &mut Ui, entry: Entry) {
        let rows = self.listing.table().rows();
        let run_id = rows.run_id(entry.row).to_owned();
        if ui.button("Open").clicked() {
            open_run(self.listing, entry.row, self.out);
        }
        if entry.below > 0 {
            let open = self.listing.is_open(entry.row);
            if ui.button(if open { "Fold" } else { "Unfold" }).clicked() {
                self.out.push(RunsCommand::Unfold(entry.row, !open));
            }
        }
        ui.separator();
        let marked = self.marked.has(&run_to_mark(self.listing, entry.row));
        if ui.button(if marked { "Do not compare" } else { "Mark to compare" }).clicked() {
            self.marked.toggle(run_to_mark(self.listing, entry.row));
        }
        if ui.button("Compare with…").clicked() {
            self.out.push(CompareCommand::Choose(Some(Subject::Run { run_id: run_id.clone() })));
        }
        ui.separator();
        let name = rows.name(entry.row).to_owned();
        for (label, text, what) in [
            ("Copy run id", run_id.clone(), "run id"),
            ("Copy run name", name, "run name"),
            ("Copy runs:/ address", format!("runs:/{run_id}"), "address"),
        ] {
            if ui.button(label).clicked() {
                self.out.push(Command::Copy(text, what));
            }
        }
    }

    fn group_ui(&self, ui: &Ui, at: usize) {
        let tokens = ui.tokens();
        let rect = ui.max_rect();
        ui.painter().rect_filled(rect, 0, tokens.raised_bg);
        let Some((group, _)) = self.groups.get(at) else { return };
        if at > 0 {
            let line = egui::Stroke::new(size::HAIRLINE, tokens.hairline);
            ui.painter().vline(rect.left(), rect.y_range(), line);
        }
        if *group != Group::Attributes {
            // The title stays in sight while its columns are scrolled.
            let left = rect.left().max(ui.clip_rect().left()) + size::SPACE_S;
            let font = TextStyle::Small.resolve(ui.style());
            let place = egui::pos2(left, rect.center().y + 1.0);
            ui.painter().text(place, Align2::LEFT_CENTER, group.title(), font, tokens.text_weak);
        }
    }

    fn column_header_ui(&mut self, ui: &mut Ui, at: usize) {
        let Some(shown) = self.columns.get(at) else { return };
        let sort = self.listing.sort().filter(|sort| sort.key == shown.key);
        let arrow = SortArrow::of(sort.map(|sort| sort.descending));
        let response = widgets::header_ui(ui, shown.key.title(), arrow, shown.numeric);
        if response.clicked() {
            self.out.push(RunsCommand::CycleSort(shown.key.clone()));
        }
        response.context_menu(|ui| header_menu_ui(ui, self.listing, &shown.key, self.out));
        response.on_hover_ui(|ui| header_hover_ui(ui, self.listing, &shown.key));
    }
}

fn header_hover_ui(ui: &mut Ui, listing: &Listing, key: &ColumnKey) {
    ui.label(theme::text::strong(key.title()));
    if let Some(info) = listing.table().key(key) {
        let (have, all) = (info.stats.count as usize, listing.table().rows().count() as usize);
        let text = format!("In {} of {}", format::count(have), format::counted(all, "run", "runs"));
        ui.label(theme::text::small(text));
    }
    ui.label(theme::text::small("Click to sort, right click for more"));
}

fn header_menu_ui(ui: &mut Ui, listing: &Listing, key: &ColumnKey, out: &mut Commands) {
    let sort = |descending| Some(Sort { key: key.clone(), descending });
    for (label, sort) in
        [("Sort ascending", sort(false)), ("Sort descending", sort(true)), ("Do not sort", None)]
    {
        let here = listing.sort() == sort.as_ref();
        if ui.add(egui::Button::selectable(here, label)).clicked() {
            out.push(RunsCommand::SortBy(sort));
        }
    }
    if *key == ColumnKey::Attribute(Attribute::Name) {
        return;
    }
    ui.separator();
    for (label, right) in [("Move left", false), ("Move right", true)] {
        let possible = listing.layout().can_shift(key, right);
        if ui.add_enabled(possible, egui::Button::new(label)).clicked() {
            out.push(RunsCommand::ShiftColumn(key.clone(), right));
        }
    }
    if ui.button("Hide column").clicked() {
        out.push(RunsCommand::ShowColumn(key.clone(), false));
    }
    ui.separator();
    if ui.button("Copy column name").clicked() {
        out.push(Command::Copy(key.title().to_owned(), "column name"));
    }
}

impl TableDelegate for Grid<'_> {
    fn prepare(&mut self, info: &PrefetchInfo) {
        let rows = self.listing.table().rows();
        let wants_models =
            self.columns.iter().any(|shown| shown.key == ColumnKey::Attribute(Attribute::Model));
        let mut models = Vec::new();
        for place in info.visible_rows.clone() {
            let Some(entry) = self.entry(place) else { continue };
            self.running |= rows.status(entry.row) == RunStatus::Running;
            if wants_models && let Some(ids) = rows.field(entry.row, Field::Models) {
                models.extend(ids.split(' ').take(1).map(str::to_owned));
            }
        }
        if let Some(asking) = self.models.asking_for(models) {
            self.out.push(asking);
        }
    }

    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        if cell.row_nr == 0 {
            self.group_ui(ui, cell.group_index);
        } else {
            self.column_header_ui(ui, cell.col_range.start);
        }
    }

    fn row_ui(&mut self, ui: &mut Ui, row_nr: u64) {
        let marked = |entry: Entry| self.marked.has(&run_to_mark(self.listing, entry.row));
        let look = RowLook {
            selected: !self.marked.is_empty() && self.entry(row_nr).is_some_and(marked),
            cursor: self.cursor == Some(row_nr as usize),
            ..RowLook::default()
        };
        let response = widgets::row_ui(ui, self.rect, look);
        self.row_interact_ui(&response, row_nr);
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            self.column_cell_ui(ui, cell.col_nr, cell.row_nr);
        });
    }

    fn default_row_height(&self) -> f32 {
        self.row_height
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_metric_is_in_sight_in_a_small_window() {
        let all = || -> Vec<Shown> {
            let attributes = std::iter::once(Attribute::Name).chain(Attribute::DEFAULT);
            let metrics = ["loss", "acc"].map(|name| ColumnKey::Metric(name.into()));
            let keys = attributes.map(ColumnKey::Attribute).chain(metrics);
            keys.map(|key| Shown { numeric: matches!(key, ColumnKey::Metric(_)), key, id: None }).collect()
        };
        let titles = |room, is_chosen| -> Vec<String> {
            fitting(all(), is_chosen, room).iter().map(|shown| shown.key.title().to_owned()).collect()
        };
        assert_eq!(titles(696.0, false), ["Run", "Started", "Duration", "Model", "loss", "acc"]);
        let seen: f32 = fitting(all(), false, 696.0)[..5].iter().map(|shown| width(shown, 696.0)).sum();
        assert!(seen <= 696.0);
        assert_eq!(titles(1400.0, false).len(), 8);
        assert_eq!(titles(696.0, true).len(), 8);
    }
}
