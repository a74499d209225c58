//! A list at the left: rows of one height, only the visible ones laid out; arrows, Enter, Home and End.

use egui::{Key, Modifiers, Response, Role, ScrollArea, Sense, Ui, WidgetInfo};

use super::cells::{RowLook, row_background_ui};

/// Keeps the keyboard's cursor of one list.
#[derive(Debug, Default)]
pub struct VirtualList {
    cursor: Option<usize>,
    scroll_to_cursor: bool,
}

/// What happened in a list.
#[derive(Debug, Default)]
pub struct ListResponse {
    /// This row was clicked or Enter was pressed on it.
    pub chosen: Option<usize>,
    /// The rows that are laid out, for context menus and tooltips.
    pub visible: Vec<(usize, Response)>,
}

impl VirtualList {
    /// Draws `count` rows of `height`. `selected` is the open one. `name` gives a row's accessible name, `row`
    /// draws it. Keys work while nothing else has the focus that would take them (`keys`).
    pub fn show(
        &mut self,
        ui: &mut Ui,
        list: &ListLook<'_>,
        name: impl Fn(usize) -> String,
        mut row: impl FnMut(&mut Ui, usize),
    ) -> ListResponse {
        let mut answer = ListResponse::default();
        if list.keys {
            answer.chosen = self.take_keys(ui, list.count);
        }
        let mut area = ScrollArea::vertical().id_salt(list.salt).auto_shrink(false);
        if std::mem::take(&mut self.scroll_to_cursor)
            && let Some(cursor) = self.cursor
        {
            area = area.vertical_scroll_offset(offset_showing(cursor, list.height, ui.available_height()));
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        area.show_rows(ui, list.height, list.count, |ui, visible| {
            for index in visible {
                let (rect, response) =
                    ui.allocate_exact_size(egui::vec2(ui.available_width(), list.height), Sense::click());
                response.widget_info(|| {
                    WidgetInfo::selected(Role::Button, true, list.selected == Some(index), name(index))
                });
                if response.clicked() {
                    self.cursor = Some(index);
                    answer.chosen = Some(index);
                }
                let mut row_ui = ui.new_child(
                    egui::UiBuilder::new()
                        .id_salt(index)
                        .max_rect(rect)
                        .layout(egui::Layout::left_to_right(egui::Align::Center)),
                );
                let look = RowLook {
                    selected: list.selected == Some(index),
                    cursor: list.keys && self.cursor == Some(index),
                    drop_target: false,
                };
                row_background_ui(&row_ui, look);
                row(&mut row_ui, index);
                answer.visible.push((index, response));
            }
        });
        answer
    }

    /// The row that the keyboard is on.
    pub fn cursor(&self) -> Option<usize> {
        self.cursor
    }

    /// Puts the keyboard on a row, and the row on the screen.
    pub fn set_cursor(&mut self, row: usize) {
        self.cursor = Some(row);
        self.scroll_to_cursor = true;
    }

    /// Forgets the cursor, when the rows are others now.
    pub fn reset(&mut self) {
        self.cursor = None;
    }

    fn take_keys(&mut self, ui: &Ui, count: usize) -> Option<usize> {
        if count == 0 || ui.memory(|memory| memory.focused().is_some()) {
            return None;
        }
        let last = count - 1;
        let old = self.cursor.map(|cursor| cursor.min(last));
        ui.input_mut(|input| {
            let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
            if pressed(Key::ArrowDown) {
                self.cursor = Some(old.map_or(0, |cursor| (cursor + 1).min(last)));
            } else if pressed(Key::ArrowUp) {
                self.cursor = Some(old.map_or(last, |cursor| cursor.saturating_sub(1)));
            } else if pressed(Key::Home) {
                self.cursor = Some(0);
            } else if pressed(Key::End) {
                self.cursor = Some(last);
            }
        });
        self.scroll_to_cursor = self.cursor != old && self.cursor.is_some();
        let enter = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
        self.cursor.filter(|_| enter)
    }
}

/// How a list is laid out this frame.
#[derive(Clone, Copy, Debug)]
pub struct ListLook<'a> {
    /// Tells lists apart.
    pub salt: &'a str,
    /// Rows there are.
    pub count: usize,
    /// Height of each.
    pub height: f32,
    /// The open one.
    pub selected: Option<usize>,
    /// Whether it takes arrow keys now.
    pub keys: bool,
}

/// Scrolls so that the row stands in the middle.
fn offset_showing(row: usize, height: f32, visible: f32) -> f32 {
    ((row as f32 + 0.5) * height - visible / 2.0).max(0.0)
}
