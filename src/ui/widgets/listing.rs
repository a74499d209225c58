//! What the tables of runs and of traces share: what stands above them, and the row that the keyboard is on.

use std::time::Duration;

use egui::{Align, Align2, Frame, Key, Label, Layout, Margin, Modifiers, Rect, Sense, TextStyle, Ui, Vec2};
use egui_table::Table;

use super::{Pane, filter_field_of_pane_ui};
use crate::entities::Millis;
use crate::state::command::Commands;
use crate::state::{Command, format};
use crate::theme::{self, Icon, Themed as _, size};

const FILTER_WIDTH: f32 = 260.0;

/// The room for the lines above a table.
pub fn toolbar_ui(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    Frame::new().inner_margin(Margin::symmetric(size::SPACE_M as i8, 6)).show(ui, add);
}

/// The button that asks the server again, with when it was asked last on hover.
pub fn refresh_ui(ui: &mut Ui, name: &str, loaded_at: Option<Millis>, out: &mut Commands) {
    let hover = |ui: &mut Ui| {
        ui.label("Ask the server again (F5)");
        if let Some(at) = loaded_at {
            ui.label(theme::text::small(format!("Loaded at {}", format::clock_time(at))));
        }
    };
    if ui.add(theme::button::icon(Icon::Refresh, name)).on_hover_ui(hover).clicked() {
        out.push(Command::Refresh);
    }
}

/// The filter of a table, in this part of the line at most. Answers whether the text changed.
pub fn table_filter_ui(ui: &mut Ui, text: &mut String, name: &str, help: &str, part: f32) -> bool {
    let takes_slash = Pane::Main.was_used_last(ui.ctx());
    let room = Vec2::new(FILTER_WIDTH.min(ui.available_width() * part), size::CONTROL);
    let field = ui.allocate_ui_with_layout(room, Layout::left_to_right(Align::Center), |ui| {
        filter_field_of_pane_ui(ui, text, name, takes_slash).on_hover_text(help)
    });
    field.inner.changed()
}

/// How many rows there are.
pub fn count_ui(ui: &mut Ui, text: String) {
    ui.add(Label::new(theme::text::weak(text)).truncate().sense(Sense::hover()));
}

/// Says below the `headers` of a table why it shows no rows.
pub fn no_rows_ui(ui: &Ui, table: Rect, headers: f32, text: &str) {
    let font = TextStyle::Body.resolve(ui.style());
    let at = table.center_top() + egui::vec2(0.0, headers + size::SPACE_XXL);
    ui.painter().text(at, Align2::CENTER_CENTER, text, font, ui.tokens().text_weak);
}

/// Times on the screen grow older: durations of what is running by the second, the rest by the minute.
pub fn repaint_as_times_pass(ui: &Ui, running: bool) {
    ui.ctx().request_repaint_after(Duration::from_secs(if running { 1 } else { 30 }));
}

/// The row that the keyboard is on, followed through sorting, filtering and reloading.
#[derive(Default)]
pub struct RowCursor {
    id: Option<String>,
    place: Option<usize>,
    /// Which rows `place` belongs to.
    seen: (u64, u64),
    scroll: bool,
}

impl RowCursor {
    /// Where the row stands among those that are shown.
    pub fn place(&self) -> Option<usize> {
        self.place
    }

    /// Goes to the row with this id, if there is one, and has it scrolled to.
    pub fn go(&mut self, place: usize, id: Option<&str>) {
        if let Some(id) = id {
            self.point(place, id);
            self.scroll = true;
        }
    }

    /// As [`Self::go`], for a row under the pointer, which need not be scrolled to.
    pub fn point(&mut self, place: usize, id: &str) {
        self.place = Some(place);
        self.id = Some(id.to_owned());
        self.scroll = false;
    }

    /// Looks for its row where `rows`, which tells one state of the table from another, is not what it was.
    pub fn follow(&mut self, rows: (u64, u64), place_of: impl FnOnce(&str) -> Option<usize>) {
        if self.seen != rows {
            self.seen = rows;
            self.place = self.id.as_deref().and_then(place_of);
        }
    }

    /// Where the key leads that was pressed: an arrow, Page up or down, Home or End. There are `count` rows.
    pub fn led_by_keys(&self, ui: &Ui, count: usize, row_height: f32) -> Option<usize> {
        let page = ((ui.available_height() - size::HEADER) / row_height).max(2.0) as usize - 1;
        let from = |step: fn(usize, usize) -> usize, by| self.place.map_or(0, |at| step(at, by));
        let moved = [
            (Key::ArrowDown, from(usize::saturating_add, 1)),
            (Key::ArrowUp, from(usize::saturating_sub, 1)),
            (Key::PageDown, from(usize::saturating_add, page)),
            (Key::PageUp, from(usize::saturating_sub, page)),
            (Key::Home, 0),
            (Key::End, usize::MAX),
        ];
        let pressed = |key: Key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let (_, to) = moved.into_iter().find(|&(key, _)| pressed(key))?;
        Some(to.min(count.checked_sub(1)?))
    }

    /// The table scrolled to the row, if it went there since the last frame.
    pub fn scroll(&mut self, table: Table) -> Table {
        let scroll = std::mem::take(&mut self.scroll);
        match self.place.filter(|_| scroll) {
            Some(place) => table.scroll_to_row(place as u64, None),
            None => table,
        }
    }
}
