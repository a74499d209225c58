//! The table of a run: a line for each prompt, and of each endpoint its answer, checks, tools, time and tokens.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Weak};

use egui::{Align2, Label, RichText, Sense, TextStyle, Ui, WidgetInfo};
use egui_table::{CellInfo, Column as Width, HeaderCellInfo, HeaderRow, Table, TableDelegate};

use super::{RunView, mark, trace_of};
use crate::state::bench::BenchCommand;
use crate::state::bench::arrange::{Arranged, Arrangement, SortBy};
use crate::state::bench::result::{BenchRun, Cell, Mark};
use crate::state::bench::summary::Against;
use crate::state::command::Commands;
use crate::state::format;
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::cells::{self, RowLook, SortArrow};
use crate::ui::widgets::plain;

/// Columns of each endpoint.
const WIDE: [fn(usize) -> Col; 5] = [Col::Answer, Col::Checks, Col::Tools, Col::Time, Col::Tokens];
/// Those where an endpoint has less than [`ROOMY`]: answers should stand side by side. A row's detail has the others.
const NARROW: [fn(usize) -> Col; 3] = [Col::Answer, Col::Checks, Col::Time];
/// Points.
const ROOMY: f32 = 360.0;
/// Columns before those of the endpoints.
const BEFORE: usize = 2;
/// Height of the row with the endpoints' names.
const NAMES: f32 = 24.0;
/// Characters of an answer that are laid out in a cell.
const MOST_SHOWN: usize = 160;
/// Bytes of an answer that are read for that, and for what is shown on hover.
const MOST_READ: usize = 1_200;
/// Answers whose beginnings are kept.
const MOST_KEPT: usize = 4_000;

/// How answers begin, as plain text, by row and column: Markdown is not taken apart anew for every frame.
#[derive(Default)]
pub(super) struct Previews(HashMap<(usize, usize), (Weak<Cell>, String)>);

impl Previews {
    /// Some lines of an answer, or of why it failed.
    fn of(&mut self, place: (usize, usize), cell: &Arc<Cell>) -> &str {
        if self.0.len() > MOST_KEPT {
            self.0.clear();
        }
        let kept = self.0.entry(place).or_default();
        if !std::ptr::eq(kept.0.as_ptr(), Arc::as_ptr(cell)) {
            let text = match &cell.failure {
                Some(why) => why[..why.floor_char_boundary(MOST_READ)].to_owned(),
                None => plain(&cell.answer, MOST_READ),
            };
            *kept = (Arc::downgrade(cell), text);
        }
        &kept.1
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Col {
    Number,
    Prompt,
    Answer(usize),
    Checks(usize),
    Tools(usize),
    Time(usize),
    Tokens(usize),
}

impl Col {
    /// By its place; `kinds`: the columns of each endpoint.
    fn at(at: usize, kinds: &[fn(usize) -> Self]) -> Self {
        let Some(place) = at.checked_sub(BEFORE) else {
            return if at == 0 { Self::Number } else { Self::Prompt };
        };
        let kind = kinds.get(place % kinds.len().max(1)).copied().unwrap_or(Self::Answer);
        kind(place / kinds.len().max(1))
    }

    fn label(self) -> &'static str {
        match self {
            Self::Number => "#",
            Self::Prompt => "Prompt",
            Self::Answer(_) => "Answer",
            Self::Checks(_) => "Checks",
            Self::Tools(_) => "Tools",
            Self::Time(_) => "Time",
            Self::Tokens(_) => "Tokens",
        }
    }

    fn sort(self) -> SortBy {
        match self {
            Self::Number => SortBy::Number,
            Self::Prompt => SortBy::Prompt,
            Self::Answer(column) => SortBy::Answer(column),
            Self::Checks(column) => SortBy::Checks(column),
            Self::Tools(column) => SortBy::Tools(column),
            Self::Time(column) => SortBy::Time(column),
            Self::Tokens(column) => SortBy::Tokens(column),
        }
    }

    fn is_numeric(self) -> bool {
        matches!(self, Self::Number | Self::Checks(_) | Self::Time(_) | Self::Tokens(_))
    }

    /// At first, in points, of so much `room`; `answer`: what is left for each answer.
    fn width(self, room: f32, answer: f32) -> f32 {
        match self {
            Self::Number => 44.0,
            // Where there is little room, the answers need it more.
            Self::Prompt => PROMPT.min(room * 0.25),
            Self::Answer(_) => answer,
            Self::Checks(_) => 62.0,
            Self::Tools(_) => 84.0,
            Self::Time(_) => 68.0,
            Self::Tokens(_) => 64.0,
        }
    }
}

/// Width of the prompts at first.
const PROMPT: f32 = 220.0;
/// Least width of an answer at first.
const ANSWER: f32 = 110.0;

impl RunView {
    pub(super) fn table_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &BenchRun,
        arranged: &Arranged,
        out: &mut Commands,
    ) {
        let room = ui.available_width();
        let before: f32 = [Col::Number, Col::Prompt].iter().map(|column| column.width(room, 0.0)).sum();
        let roomy = (room - before) / run.columns.len().max(1) as f32 >= ROOMY;
        let kinds: &[fn(usize) -> Col] = if roomy { &WIDE } else { &NARROW };
        let of_endpoint = kinds.len();
        let count = BEFORE + run.columns.len() * of_endpoint;
        let others: f32 = (0..count).map(|at| Col::at(at, kinds).width(room, 0.0)).sum();
        let answer = ((room - others) / run.columns.len().max(1) as f32).clamp(ANSWER, 700.0);
        let groups: Vec<Range<usize>> = (0..BEFORE)
            .map(|at| at..at + 1)
            .chain(
                (0..run.columns.len()).map(|at| BEFORE + at * of_endpoint..BEFORE + (at + 1) * of_endpoint),
            )
            .collect();
        let widths: Vec<Width> = (0..count)
            .map(|at| {
                let column = Col::at(at, kinds);
                Width::new(column.width(room, answer))
                    .range(size::COLUMN_MIN.min(40.0)..=1200.0)
                    .resizable(true)
            })
            .collect();
        let mut table = Table::new()
            .id_salt(("bench run", run.columns.len(), of_endpoint, room.round() as u32 / 200))
            .num_rows(arranged.rows.len() as u64)
            .num_sticky_cols(BEFORE)
            .columns(widths)
            .headers([HeaderRow { height: NAMES, groups }, HeaderRow::new(size::HEADER)]);
        let place = self.cursor.and_then(|(row, _)| arranged.rows.iter().position(|at| *at as usize == row));
        if std::mem::take(&mut self.scroll)
            && let Some(place) = place
        {
            table = table.scroll_to_row(place as u64, None);
        }
        let rect = ui.available_rect_before_wrap();
        let mut grid = Grid {
            kinds,
            previews: &mut self.previews,
            cx,
            run,
            arranged,
            cursor: self.cursor,
            running: cx.state.bench.running() == Some(run.id),
            height: cells::row_height(cx.state.settings.get().density),
            rect,
            clicked: None,
            out,
        };
        cells::skip_sizing(ui, table.get_id(ui));
        table.show(ui, &mut grid);
        let clicked = grid.clicked;
        if arranged.rows.is_empty() {
            let font = TextStyle::Body.resolve(ui.style());
            let at = rect.center_top() + egui::vec2(0.0, NAMES + size::HEADER + size::SPACE_XXL);
            let text = "No prompt is like that";
            ui.painter().text(at, Align2::CENTER_CENTER, text, font, ui.tokens().text_weak);
        }
        if let Some((row, column)) = clicked {
            let column = column.unwrap_or_else(|| self.cursor.map_or(0, |(_, column)| column));
            (self.cursor, self.detail) = (Some((row, column)), true);
        }
    }
}

struct Grid<'a, 'b> {
    kinds: &'a [fn(usize) -> Col],
    previews: &'a mut Previews,
    cx: &'a Cx<'b>,
    run: &'a BenchRun,
    arranged: &'a Arranged,
    cursor: Option<(usize, usize)>,
    running: bool,
    height: f32,
    rect: egui::Rect,
    clicked: Option<(usize, Option<usize>)>,
    out: &'a mut Commands,
}

impl Grid<'_, '_> {
    fn row(&self, row: u64) -> usize {
        self.arranged.rows.get(row as usize).map_or(0, |row| *row as usize)
    }

    fn against(&self, row: usize, column: usize) -> Against {
        let place = self.run.place(row, column);
        place.and_then(|at| self.arranged.against.get(at)).copied().unwrap_or_default()
    }

    fn answer_ui(&mut self, ui: &mut Ui, row: usize, column: usize) {
        let tokens = ui.tokens();
        let rect = ui.max_rect();
        let against = self.against(row, column);
        let response = ui.interact(rect, ui.scope_id().with("answer"), Sense::click());
        let cell = self.run.cell(row, column);
        let said = cell.map_or("no answer yet", |cell| self.previews.of((row, column), cell));
        response.widget_info(|| {
            let name = self.run.columns.get(column).map_or("", |column| column.name.as_str());
            let said = one_line(said);
            WidgetInfo::labeled(egui::Role::Cell, true, format!("answer {} of {name}: {said}", row + 1))
        });
        if response.clicked() {
            self.clicked = Some((row, Some(column)));
        }
        if against.different {
            ui.painter().rect_filled(rect.shrink2(egui::vec2(2.0, 2.0)), size::RADIUS_CHIP, tokens.diff_bg);
        }
        if self.cursor == Some((row, column)) {
            let ring = egui::Stroke::new(size::FOCUS_RING, tokens.accent.ring);
            ui.painter().rect_stroke(rect.shrink(1.5), size::RADIUS_CHIP, ring, egui::StrokeKind::Inside);
        }
        cells::padded_ui(ui, false, |ui| match cell {
            None => {
                ui.label(theme::text::weak(if self.running { "…" } else { "–" }));
            }
            Some(cell) => preview_ui(ui, cell, said),
        });
        let response =
            if cell.is_none() || said.is_empty() { response } else { response.on_hover_text(said) };
        response.context_menu(|ui| self.menu_ui(ui, row, column));
    }

    fn menu_ui(&mut self, ui: &mut Ui, row: usize, column: usize) {
        let Some(cell) = self.run.cell(row, column) else {
            ui.label(theme::text::weak("No answer yet"));
            return;
        };
        for (label, wanted) in [("Good", Mark::Good), ("Bad", Mark::Bad)] {
            if ui.selectable_label(cell.mark == wanted, label).clicked() {
                mark(self.run, row, column, wanted, self.out);
                ui.close();
            }
        }
        if ui.button("Copy the answer").clicked() {
            self.out.push(crate::state::Command::Copy(cell.answer.clone(), "the answer"));
            ui.close();
        }
        let free = self.cx.state.bench.running().is_none();
        if ui.add_enabled(free, egui::Button::new("Ask again")).clicked() {
            self.out.push(BenchCommand::Retry(self.run.id, row, column));
            ui.close();
        }
        if let Some(open) = trace_of(self.cx, self.run, row, column)
            && ui.button("Open trace").clicked()
        {
            self.out.push(open);
            ui.close();
        }
    }

    fn time_ui(&self, ui: &mut Ui, row: usize, column: usize, cell: &Cell) {
        let tokens = ui.tokens();
        let against = self.against(row, column);
        let color = match (against.slower, against.faster) {
            (true, _) => tokens.warning.fg,
            (_, true) => tokens.success.fg,
            _ => tokens.text,
        };
        let text = RichText::new(format::duration(cell.total_ms as i64)).color(color);
        cells::padded_ui(ui, true, |ui| {
            let first = cell
                .first_token_ms
                .map(|first| format!("First token after {}", format::duration(first as i64)));
            let response = ui.add(Label::new(text).truncate().selectable(false));
            if let Some(first) = first {
                response.on_hover_text(first);
            }
        });
    }
}

fn preview_ui(ui: &mut Ui, cell: &Cell, said: &str) {
    let tokens = ui.tokens();
    match cell.mark {
        Mark::None => {}
        Mark::Good => {
            ui.add(Icon::Good.sized(size::ICON_SMALL).tint(tokens.success.fg).alt_text("Marked as good"));
        }
        Mark::Bad => {
            ui.add(Icon::Bad.sized(size::ICON_SMALL).tint(tokens.failure.fg).alt_text("Marked as bad"));
        }
    }
    if cell.failure.is_some() {
        ui.add(Icon::Failure.sized(size::ICON_SMALL).tint(tokens.failure.fg).alt_text("Failed"));
        let text = RichText::new(one_line(said)).color(tokens.failure.fg);
        ui.add(Label::new(text).truncate().show_tooltip_when_elided(false).selectable(false));
        return;
    }
    let label = Label::new(one_line(said)).truncate().show_tooltip_when_elided(false);
    ui.add(label.selectable(false));
}

/// The beginning of a text on one line.
fn one_line(text: &str) -> String {
    let start: String = text.chars().take(MOST_SHOWN * 2).collect();
    let words: Vec<&str> = start.split_whitespace().collect();
    words.join(" ").chars().take(MOST_SHOWN).collect()
}

fn checks_ui(ui: &mut Ui, cell: &Cell, regressed: bool) {
    let tokens = ui.tokens();
    let (passed, all) = cell.passed();
    if all == 0 {
        cells::number_ui(ui, "–", None);
        return;
    }
    let color = if passed == all { tokens.success.fg } else { tokens.failure.fg };
    cells::padded_ui(ui, true, |ui| {
        let text = RichText::new(format!("{passed}/{all}")).color(color);
        let failed: Vec<String> = cell
            .verdicts
            .iter()
            .filter(|verdict| !verdict.passed)
            .map(|verdict| verdict.why.clone())
            .collect();
        let response = ui.add(Label::new(text).selectable(false));
        if regressed {
            ui.add(Icon::ArrowDown.sized(12.0).tint(tokens.failure.fg).alt_text("Regressed"));
        }
        if !failed.is_empty() {
            response.on_hover_text(failed.join("\n"));
        }
    });
}

fn tools_ui(ui: &mut Ui, cell: &Cell) {
    let names = cell.tools();
    let text = match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{} × {first}", rest.len() + 1),
    };
    cells::padded_ui(ui, false, |ui| {
        let label = Label::new(theme::text::small(text)).truncate().selectable(false);
        let response = ui.add(label.show_tooltip_when_elided(false));
        if !names.is_empty() {
            let lines: Vec<String> = cell
                .calls
                .iter()
                .map(|call| format!("{}({})", call.name, one_line(&call.arguments)))
                .collect();
            response.on_hover_text(lines.join("\n"));
        }
    });
}

impl TableDelegate for Grid<'_, '_> {
    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        if cell.row_nr == 0 {
            let tokens = ui.tokens();
            ui.painter().rect_filled(ui.max_rect(), 0, tokens.raised_bg);
            let column = cell.group_index.checked_sub(BEFORE).and_then(|at| self.run.columns.get(at));
            if let Some(column) = column {
                let line = egui::Stroke::new(size::HAIRLINE, tokens.border);
                ui.painter().vline(ui.max_rect().left(), ui.max_rect().y_range(), line);
                cells::text_ui(ui, theme::text::strong(column.name.as_str()));
            }
            return;
        }
        let column = Col::at(cell.col_range.start, self.kinds);
        let wanted = self.cx.state.bench.wanted();
        let sorted = wanted.sort == column.sort();
        let arrow = match (sorted, wanted.descending) {
            (false, _) => SortArrow::None,
            (true, false) => SortArrow::Ascending,
            (true, true) => SortArrow::Descending,
        };
        if cells::header_ui(ui, column.label(), arrow, column.is_numeric()).clicked() {
            let descending = if sorted { !wanted.descending } else { false };
            let by = Arrangement { sort: column.sort(), descending, ..wanted.clone() };
            self.out.push(BenchCommand::Arrange(by));
        }
    }

    fn row_ui(&mut self, ui: &mut Ui, row: u64) {
        let row = self.row(row);
        let selected = self.cursor.is_some_and(|(at, _)| at == row);
        let look = RowLook { selected, cursor: false, drop_target: false };
        let response = cells::row_ui(ui, self.rect, look);
        response.widget_info(|| {
            let title = self.run.set.cases.get(row).map_or("", |case| case.title());
            WidgetInfo::selected(egui::Role::Row, true, selected, format!("prompt {}: {title}", row + 1))
        });
        if response.clicked() {
            self.clicked = Some((row, None));
        }
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        let row = self.row(cell.row_nr);
        match Col::at(cell.col_nr, self.kinds) {
            Col::Number => cells::number_ui(ui, &(row + 1).to_string(), None),
            Col::Prompt => {
                if let Some(case) = self.run.set.cases.get(row) {
                    cells::text_ui(ui, case.title());
                }
            }
            Col::Answer(column) => self.answer_ui(ui, row, column),
            other => {
                let (Col::Checks(column) | Col::Tools(column) | Col::Time(column) | Col::Tokens(column)) =
                    other
                else {
                    return;
                };
                let Some(answer) = self.run.cell(row, column) else { return };
                match other {
                    Col::Checks(_) => checks_ui(ui, answer, self.against(row, column).regressed),
                    Col::Tools(_) => tools_ui(ui, answer),
                    Col::Time(_) => self.time_ui(ui, row, column, answer),
                    _ => {
                        if let Some(usage) = answer.usage {
                            let exact = format!("{} read, {} written", usage.input, usage.output);
                            cells::number_ui(ui, &format::count(usage.output as usize), Some(&exact));
                        }
                    }
                }
            }
        }
    }

    fn default_row_height(&self) -> f32 {
        self.height
    }
}
