//! What the cells, headers and rows of our tables look like. Tables are `egui_table`'s.

use egui::{Align, Label, Layout, Rect, Response, RichText, Role, Sense, Ui, WidgetInfo};

use crate::theme::{self, Icon, Themed as _, size};

/// How a column is sorted, for its header's arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortArrow {
    /// Not by this column.
    None,
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

impl SortArrow {
    /// Of a column that is sorted by, descending or not, or of another.
    pub fn of(descending: Option<bool>) -> Self {
        match descending {
            None => Self::None,
            Some(false) => Self::Ascending,
            Some(true) => Self::Descending,
        }
    }
}

/// How a row is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowLook {
    /// It is the one that is open or chosen.
    pub selected: bool,
    /// The keyboard's cursor is on it.
    pub cursor: bool,
    /// Something that is dragged may be dropped on it, and is above it.
    pub drop_target: bool,
}

/// Paints a row's background: hairline, hover, selection, cursor. Call it from `TableDelegate::row_ui`.
pub fn row_background_ui(ui: &Ui, look: RowLook) {
    row_background_hovered_ui(ui, look, ui.rect_contains_pointer(ui.max_rect()));
}

/// As [`row_background_ui`], and answers to clicks. In a table with sticky columns, which are a half of their own, the
/// half under the pointer does not know of the other: the whole width of the `table` counts.
pub fn row_ui(ui: &Ui, table: Rect, look: RowLook) -> Response {
    let row = ui.max_rect();
    let across = Rect::from_x_y_ranges(table.x_range(), row.y_range());
    let visible = Rect::from_x_y_ranges(table.x_range(), ui.clip_rect().y_range());
    let hovered = ui.ctx().rect_contains_pointer(ui.layer_id(), across.intersect(visible));
    row_background_hovered_ui(ui, look, hovered);
    ui.interact(row.intersect(ui.clip_rect()), ui.scope_id().with("row"), Sense::CLICK)
}

fn row_background_hovered_ui(ui: &Ui, look: RowLook, hovered: bool) {
    let tokens = ui.tokens();
    let rect = ui.max_rect();
    let fill = match (look.drop_target, look.selected, hovered) {
        (true, ..) => tokens.drop_bg,
        (_, true, true) => tokens.selected_hover_bg,
        (_, true, false) => tokens.selected_bg,
        (_, false, true) => tokens.hover_bg,
        _ => egui::Color32::TRANSPARENT,
    };
    let painter = ui.painter();
    painter.rect_filled(rect, 0, fill);
    painter.hline(rect.x_range(), rect.bottom() - 0.5, egui::Stroke::new(size::HAIRLINE, tokens.hairline));
    if look.drop_target {
        let ring = egui::Stroke::new(size::FOCUS_RING, tokens.accent.ring);
        painter.rect_stroke(rect.shrink(1.0), size::RADIUS, ring, egui::StrokeKind::Inside);
    } else if look.cursor {
        painter.vline(rect.left() + 1.0, rect.y_range(), egui::Stroke::new(2.0, tokens.accent.ring));
    }
}

/// A header cell with a background and a hairline; a click on it sorts. `name` is its accessible name too.
pub fn header_ui(ui: &mut Ui, name: &str, arrow: SortArrow, numeric: bool) -> Response {
    let tokens = ui.tokens();
    let rect = ui.max_rect();
    let response = ui.interact(rect, ui.scope_id().with("header"), Sense::click());
    let fill = if response.hovered() { tokens.hover_bg } else { tokens.raised_bg };
    ui.painter().rect_filled(rect, 0, fill);
    ui.painter().hline(
        rect.x_range(),
        rect.bottom() - 0.5,
        egui::Stroke::new(size::HAIRLINE, tokens.hairline),
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("column {name}")));
    padded_ui(ui, numeric, |ui| {
        let icon = match arrow {
            SortArrow::None => None,
            SortArrow::Ascending => Some(Icon::ArrowUp),
            SortArrow::Descending => Some(Icon::ArrowDown),
        };
        if let Some(icon) = icon {
            let side = egui::Vec2::splat(12.0);
            ui.add(icon.image().fit_to_exact_size(side).tint(tokens.accent.text).alt_text(""));
        }
        ui.add(Label::new(theme::text::label(name)).truncate().selectable(false));
    });
    response
}

/// A cell of text, cut where the column ends; whole on hover.
pub fn text_ui(ui: &mut Ui, text: impl Into<RichText>) {
    padded_ui(ui, false, |ui| {
        ui.add(Label::new(text.into()).truncate().selectable(false));
    });
}

/// A cell with a number: right-aligned, its exact value on hover.
pub fn number_ui(ui: &mut Ui, text: &str, exact: Option<&str>) {
    padded_ui(ui, true, |ui| {
        let response = ui.add(Label::new(theme::text::number(text)).truncate().selectable(false));
        if let Some(exact) = exact {
            response.on_hover_text(exact);
        }
    });
}

/// A cell's padding; `numeric` aligns right. What is in it does not widen the column, unless the user asks for that by
/// a double click: a table whose columns grow while one scrolls, or drops a chip, is read anew each time.
pub fn padded_ui<R>(ui: &mut Ui, numeric: bool, add: impl FnOnce(&mut Ui) -> R) -> R {
    let rect = ui.max_rect().shrink2(egui::vec2(size::SPACE_S, 0.0));
    let layout =
        if numeric { Layout::right_to_left(Align::Center) } else { Layout::left_to_right(Align::Center) };
    let builder = egui::UiBuilder::new().max_rect(rect).layout(layout);
    if ui.is_sizing_pass() {
        return ui.scope_builder(builder, add).inner;
    }
    add(&mut ui.new_child(builder))
}

/// A table measures every column when it sees them first, which would make them all as narrow as they may be.
pub fn skip_sizing(ui: &Ui, id: egui::Id) {
    if egui_table::TableState::load(ui.ctx(), id).is_none() {
        egui_table::TableState::default().store(ui.ctx(), id);
    }
}

/// Height of a row at the chosen density.
pub fn row_height(density: crate::state::settings::Density) -> f32 {
    match density {
        crate::state::settings::Density::Compact => size::ROW - 4.0,
        crate::state::settings::Density::Regular => size::ROW,
    }
}
