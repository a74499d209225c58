//! What differs between the two versions of a plan, line by line.

use egui::{Label, Layout, Ui, UiBuilder, vec2};

use crate::entities::Millis;
use crate::state::format;
use crate::state::registry::compare::{Cell, Line, Section};
use crate::state::registry::comparison::Comparison;
use crate::state::registry::promotion::AliasChange;
use crate::theme::{self, Themed as _, size};
use crate::ui::widgets::alias_chip_ui;

/// With more lines than this only the differences are shown at first.
const MANY_LINES: usize = 24;
const DELTA_WIDTH: f32 = 150.0;
const NAME_WIDTH: f32 = 190.0;

/// What is chosen in the comparison.
#[derive(Default)]
pub(super) struct ComparisonView {
    differences_only: bool,
    chosen_by_hand: bool,
}

impl ComparisonView {
    /// Draws it `room` points high. As high before the source runs are here as afterwards: buttons must not move under the pointer.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        comparison: &Comparison,
        change: &AliasChange,
        (room, now): (f32, Millis),
    ) {
        if !self.chosen_by_hand {
            self.differences_only = change.from.is_some() && comparison.lines().len() > MANY_LINES;
        }
        let layout = Layout::top_down(egui::Align::Min);
        ui.allocate_ui_with_layout(vec2(ui.available_width(), room), layout, |ui| {
            ui.set_min_height(room);
            self.lines_ui(ui, comparison, change, now);
        });
    }

    fn lines_ui(&mut self, ui: &mut Ui, comparison: &Comparison, change: &AliasChange, now: Millis) {
        let differing = comparison.lines().iter().filter(|line| line.differs()).count();
        ui.horizontal(|ui| {
            let mut only = self.differences_only;
            if ui.checkbox(&mut only, "Differences only").changed() {
                self.differences_only = only;
                self.chosen_by_hand = true;
            }
            let of = format::counted(comparison.lines().len(), "line", "lines");
            ui.label(theme::text::small(format!("{} of {of} differ", format::count(differing))));
            if comparison.is_loading() {
                ui.label(theme::text::small("· Loading the source runs…"));
            }
        });
        for gap in comparison.gaps() {
            ui.label(theme::text::small(gap));
        }
        let shown: Vec<&Line> = comparison
            .lines()
            .iter()
            .filter(|line| !self.differences_only || line.section == Section::Version || line.differs())
            .collect();
        let columns = ColumnsAt::of(ui.available_width());
        heading_ui(ui, &columns, change);
        if shown.is_empty() {
            ui.label(theme::text::weak("Nothing differs that MLflow knows of"));
            return;
        }
        let rows = with_sections(&shown);
        ui.spacing_mut().item_spacing.y = 0.0;
        egui::ScrollArea::vertical().id_salt("plan lines").auto_shrink(false).show_rows(
            ui,
            size::ROW,
            rows.len(),
            |ui, visible| {
                for row in &rows[visible] {
                    row_ui(ui, &columns, row, now);
                }
            },
        );
    }
}

/// Where the four columns start and end.
struct ColumnsAt {
    width: f32,
    sides: f32,
}

impl ColumnsAt {
    fn of(width: f32) -> Self {
        Self { width, sides: (width - NAME_WIDTH - DELTA_WIDTH) / 2.0 }
    }

    fn cell(&self, row: egui::Rect, column: usize) -> egui::Rect {
        let (left, width) = match column {
            0 => (0.0, NAME_WIDTH),
            1 => (NAME_WIDTH, self.sides),
            2 => (NAME_WIDTH + self.sides, self.sides),
            _ => (self.width - DELTA_WIDTH, DELTA_WIDTH),
        };
        let at = egui::Rect::from_min_size(row.min + vec2(left, 0.0), vec2(width, row.height()));
        at.shrink2(vec2(size::SPACE_S, 0.0))
    }
}

enum Row<'a> {
    Heading(Section),
    Line(&'a Line),
}

fn with_sections<'a>(lines: &[&'a Line]) -> Vec<Row<'a>> {
    let mut rows = Vec::with_capacity(lines.len() + 5);
    let mut section = None;
    for &line in lines {
        if section != Some(line.section) {
            section = Some(line.section);
            rows.push(Row::Heading(line.section));
        }
        rows.push(Row::Line(line));
    }
    rows
}

fn heading_ui(ui: &mut Ui, columns: &ColumnsAt, change: &AliasChange) {
    let (rect, _) = ui.allocate_exact_size(vec2(columns.width, size::HEADER), egui::Sense::hover());
    ui.painter().rect_filled(rect, 0, ui.tokens().raised_bg);
    let alias = &change.alias;
    cell_ui(ui, columns.cell(rect, 1), |ui| match change.from {
        Some(from) => {
            ui.label(theme::text::strong(format!("v{from}")));
            alias_chip_ui(ui, alias, egui::Sense::HOVER);
            ui.label(theme::text::weak("now"));
        }
        None => {
            ui.label(theme::text::weak("no version now"));
        }
    });
    cell_ui(ui, columns.cell(rect, 2), |ui| {
        if let Some(to) = change.to {
            ui.label(theme::text::strong(format!("v{to}")));
            ui.label(theme::text::weak("then"));
        }
    });
    cell_ui(ui, columns.cell(rect, 3), |ui| {
        ui.label(theme::text::label("Change"));
    });
}

fn row_ui(ui: &mut Ui, columns: &ColumnsAt, row: &Row<'_>, now: Millis) {
    let (rect, _) = ui.allocate_exact_size(vec2(columns.width, size::ROW), egui::Sense::hover());
    let tokens = ui.tokens();
    let hairline = egui::Stroke::new(size::HAIRLINE, tokens.hairline);
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
            cell_ui(ui, columns.cell(rect, 1), |ui| value_ui(ui, &line.from, now));
            cell_ui(ui, columns.cell(rect, 2), |ui| value_ui(ui, &line.to, now));
            cell_ui(ui, columns.cell(rect, 3), |ui| delta_ui(ui, line));
        }
    }
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, hairline);
}

fn cell_ui(ui: &mut Ui, rect: egui::Rect, add: impl FnOnce(&mut Ui)) {
    let layout = Layout::left_to_right(egui::Align::Center);
    // A child of its own: a scope would move the cursor of the rows.
    add(&mut ui.new_child(UiBuilder::new().max_rect(rect).layout(layout)));
}

fn value_ui(ui: &mut Ui, cell: &Cell, now: Millis) {
    match cell {
        Cell::Missing => {
            ui.label(theme::text::weak("–"));
        }
        Cell::Text(text) => {
            // A label cuts at its first line break; the whole text is on hover.
            let line = text.lines().next().unwrap_or_default();
            let response = ui.add(Label::new(line).truncate());
            if line.len() < text.len() {
                response.on_hover_text(text);
            }
        }
        Cell::Number(value) => {
            ui.add(Label::new(theme::text::number(format::number(*value))).truncate())
                .on_hover_text(format::number_exact(*value));
        }
        Cell::Time(at) => {
            ui.add(Label::new(format::relative_time(*at, now)).truncate())
                .on_hover_text(format::exact_time(*at));
        }
    }
}

/// Whether more is better is not known: arrow and number only, without a colour.
fn delta_ui(ui: &mut Ui, line: &Line) {
    let (Some(delta), Cell::Number(from)) = (line.delta(), &line.from) else { return };
    let arrow = if delta > 0.0 { "▲" } else { "▼" };
    let percent = 100.0 * delta / from.abs();
    let percent = if percent.is_finite() && percent.abs() < 1e4 {
        format!(
            "  {}{}%",
            if delta > 0.0 { "+" } else { "" },
            format::number((percent * 10.0).round() / 10.0)
        )
    } else {
        String::new()
    };
    let text = format!("{arrow} {}{percent}", format::number(delta.abs()));
    ui.add(Label::new(theme::text::number(text)).truncate()).on_hover_text(format::number_exact(delta));
}
