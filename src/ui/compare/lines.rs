//! Named values in two columns, with what became of each.

use egui::{Label, Layout, Rect, RichText, ScrollArea, Sense, Ui, UiBuilder, vec2};

use super::pane::Cursor;
use crate::entities::Millis;
use crate::state::command::Commands;
use crate::state::compare::{Cell, Change, Line, Section};
use crate::state::{Command, format};
use crate::theme::{self, Themed as _, size};

/// Characters of a value that are shown on hover.
const MOST_HOVER: usize = 4_000;

/// A row of the table.
pub(super) enum Row<'a> {
    /// A section begins.
    Heading(Section),
    /// A value.
    Line(&'a Line),
}

/// The lines to show, a heading above each section unless there is one only.
pub(super) fn rows<'a>(lines: impl Iterator<Item = &'a Line>, headings: bool) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    let mut section = None;
    for line in lines {
        if headings && section != Some(line.section) {
            section = Some(line.section);
            rows.push(Row::Heading(line.section));
        }
        rows.push(Row::Line(line));
    }
    rows
}

/// The rows that differ: where the keys for the next difference stop.
pub(super) fn stops(rows: &[Row<'_>]) -> Vec<usize> {
    let differs = |row: &Row<'_>| matches!(row, Row::Line(line) if line.differs());
    rows.iter().enumerate().filter(|(_, row)| differs(row)).map(|(at, _)| at).collect()
}

/// Draws the table.
pub(super) fn show(
    ui: &mut Ui,
    rows: &[Row<'_>],
    heads: &[String; 2],
    cursor: &mut Cursor,
    now: Millis,
    out: &mut Commands,
) {
    let columns = Columns::of(ui.available_width());
    heading_ui(ui, &columns, heads);
    if rows.is_empty() {
        ui.add_space(size::SPACE_S);
        ui.horizontal(|ui| {
            ui.add_space(size::SPACE_S);
            ui.label(theme::text::weak("Nothing differs that MLflow knows of"));
        });
        return;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    let area = ScrollArea::vertical().id_salt("compared lines").auto_shrink(false);
    let area = cursor.scrolled(area, size::ROW, ui.available_height());
    area.show_rows(ui, size::ROW, rows.len(), |ui, visible| {
        for at in visible {
            row_ui(ui, &columns, &rows[at], cursor.is_at(at), now, out);
        }
    });
}

/// Where the four columns start and end.
struct Columns {
    width: f32,
    name: f32,
    side: f32,
    change: f32,
}

impl Columns {
    fn of(width: f32) -> Self {
        let name = (width * 0.2).clamp(110.0, 220.0);
        let change = (width * 0.28).clamp(110.0, 200.0);
        Self { width, name, side: (width - name - change) / 2.0, change }
    }

    fn cell(&self, row: Rect, column: usize) -> Rect {
        let (left, width) = match column {
            0 => (0.0, self.name),
            1 => (self.name, self.side),
            2 => (self.name + self.side, self.side),
            _ => (self.width - self.change, self.change),
        };
        let at = Rect::from_min_size(row.min + vec2(left, 0.0), vec2(width, row.height()));
        at.shrink2(vec2(size::SPACE_S, 0.0))
    }
}

fn heading_ui(ui: &mut Ui, columns: &Columns, heads: &[String; 2]) {
    let (rect, _) = ui.allocate_exact_size(vec2(columns.width, size::HEADER), Sense::hover());
    ui.painter().rect_filled(rect, 0, ui.tokens().raised_bg);
    for (column, head) in [(1, &heads[0]), (2, &heads[1])] {
        cell_ui(ui, columns.cell(rect, column), |ui| {
            ui.add(Label::new(theme::text::strong(head)).truncate());
        });
    }
    cell_ui(ui, columns.cell(rect, 3), |ui| {
        ui.label(theme::text::label("Change"));
    });
}

fn row_ui(ui: &mut Ui, columns: &Columns, row: &Row<'_>, here: bool, now: Millis, out: &mut Commands) {
    let (rect, _) = ui.allocate_exact_size(vec2(columns.width, size::ROW), Sense::hover());
    let tokens = ui.tokens();
    match row {
        Row::Heading(section) => {
            cell_ui(ui, rect.shrink2(vec2(size::SPACE_S, 0.0)), |ui| {
                ui.label(theme::text::label(section.label()));
            });
        }
        Row::Line(line) => {
            if line.differs() {
                let changed = columns.cell(rect, 2).expand2(vec2(size::SPACE_S - 2.0, -2.0));
                ui.painter().rect_filled(changed, size::RADIUS_CHIP, tokens.diff_bg);
            }
            cell_ui(ui, columns.cell(rect, 0), |ui| {
                ui.add(Label::new(theme::text::weak(&line.name)).truncate());
            });
            cell_ui(ui, columns.cell(rect, 1), |ui| value_ui(ui, &line.from, now, out));
            cell_ui(ui, columns.cell(rect, 2), |ui| value_ui(ui, &line.to, now, out));
            cell_ui(ui, columns.cell(rect, 3), |ui| change_ui(ui, line));
        }
    }
    let hairline = egui::Stroke::new(size::HAIRLINE, tokens.hairline);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, hairline);
    if here {
        let stroke = egui::Stroke::new(2.0, tokens.accent.ring);
        ui.painter().vline(rect.left() + 1.0, rect.y_range(), stroke);
    }
}

fn cell_ui(ui: &mut Ui, rect: Rect, add: impl FnOnce(&mut Ui)) {
    let layout = Layout::left_to_right(egui::Align::Center);
    // A child of its own: a scope would move the cursor of the rows.
    add(&mut ui.new_child(UiBuilder::new().max_rect(rect).layout(layout)));
}

/// Cut where the column ends; whole on hover, copied with a click.
fn value_ui(ui: &mut Ui, cell: &Cell, now: Millis, out: &mut Commands) {
    let (shown, hover) = match cell {
        Cell::Missing => {
            ui.label(theme::text::weak("–"));
            return;
        }
        // A label cuts at its first line break.
        Cell::Text(text) => (RichText::new(text.lines().next().unwrap_or_default()), text.clone()),
        Cell::Id(id) => (theme::text::mono(id), id.clone()),
        Cell::Number(value) => (theme::text::number(format::number(*value)), format::number_exact(*value)),
        Cell::Time(at) => (RichText::new(format::exact_time(*at)), format::relative_time(*at, now)),
    };
    let label =
        Label::new(shown).truncate().show_tooltip_when_elided(false).selectable(false).sense(Sense::CLICK);
    let response = ui.add(label).on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_ui(|ui| {
        let long: String = hover.chars().take(MOST_HOVER).collect();
        ui.label(long);
        ui.label(theme::text::small("Click to copy"));
    });
    if response.clicked() {
        out.push(Command::Copy(cell.whole(), "value"));
    }
}

fn change_ui(ui: &mut Ui, line: &Line) {
    let text = line.change_text();
    if text.is_empty() {
        return;
    }
    let tokens = ui.tokens();
    let color = match line.change {
        Change::Better => tokens.success.fg,
        Change::Worse => tokens.failure.fg,
        Change::Same | Change::NotCompared => tokens.text_weak,
        _ => tokens.text,
    };
    let response = ui
        .add(Label::new(theme::text::number(&text).color(color)).truncate().show_tooltip_when_elided(false));
    if let Some(delta) = line.delta() {
        response.on_hover_text(format!("{text}\n{}", format::number_exact(delta)));
    }
}
