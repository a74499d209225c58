//! The board: a model's versions, newest first, with the alias chips on them. A chip is dragged to another row, or
//! moved by keyboard or menu; each of these opens the plan.

mod columns;
mod header;
mod rows;

use egui::{Key, Modifiers, Ui};
use egui_table::{HeaderRow, Table};

use super::dialogs::Dialog;
use super::drag::{Drag, Dragging};
use super::menus::{Subject, version_route};
use crate::entities::tag;
use crate::state::command::Commands;
use crate::state::navigation::ModelKind;
use crate::state::registry::Registry;
use crate::state::registry::board::matching;
use crate::theme::{Icon, size};
use crate::ui::Cx;
use crate::ui::widgets::cells;
use crate::ui::widgets::{Markdown, empty_ui};

use columns::{Col, laid_out};
use header::troubles_ui;
use rows::Rows;

/// What is typed, chosen and dragged on the board.
#[derive(Default)]
pub struct BoardView {
    name: String,
    filter: String,
    found: Vec<usize>,
    found_in: Option<(u64, String)>,
    cursor: Option<usize>,
    scroll_to_cursor: bool,
    drag: Option<Drag>,
    markdown: Markdown,
}

impl BoardView {
    /// Draws the board. `keys`: whether it takes the arrow keys now.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        (kind, name): (ModelKind, &str),
        keys: bool,
        dialog: &mut Dialog,
        out: &mut Commands,
    ) {
        let Some(workspace) = cx.workspace() else { return };
        let registry = &workspace.registry;
        if self.name != name {
            *self = Self { name: name.to_owned(), ..Self::default() };
        }
        let board = &registry.board;
        let store = workspace.store.info();
        let subject = Subject { kind, name, store: &store, registry, now: cx.now };
        self.header_ui(ui, subject, out);
        if !troubles_ui(ui, registry, out) {
            return;
        }
        self.find(registry);
        if board.versions.is_complete() && board.versions.items().is_empty() {
            let text = "Register one, and it appears here";
            empty_ui(ui, Icon::Model, "This model has no versions yet", text, None, out);
            return;
        }
        self.toolbar_ui(ui, registry);
        if keys {
            self.take_keys(ui, subject, out);
        }
        let row_height = cells::row_height(cx.state.settings.get().density);
        self.table_ui(ui, subject, keys, row_height, dialog, out);
        self.drag_ui(ui, subject, out);
    }

    fn find(&mut self, registry: &Registry) {
        let board = &registry.board;
        let wanted = (board.revision(), self.filter.clone());
        if self.found_in.as_ref() != Some(&wanted) {
            self.found = matching(board.versions.items(), board.model.value(), &self.filter);
            self.found_in = Some(wanted);
        }
    }

    fn take_keys(&mut self, ui: &Ui, subject: Subject<'_>, out: &mut Commands) {
        let Some(last) = self.found.len().checked_sub(1) else { return };
        if ui.memory(|memory| memory.focused().is_some()) {
            return;
        }
        let old = self.cursor.map(|cursor| cursor.min(last));
        let enter = ui.input_mut(|input| {
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
            pressed(Key::Enter)
        });
        self.scroll_to_cursor = self.cursor != old;
        if let Some(cursor) = old.filter(|_| enter) {
            let version = subject.registry.board.versions.items()[self.found[cursor]].version;
            out.push(version_route(subject, version));
        }
    }

    fn table_ui(
        &mut self,
        ui: &mut Ui,
        subject: Subject<'_>,
        keys: bool,
        row_height: f32,
        dialog: &mut Dialog,
        out: &mut Commands,
    ) {
        let board = &subject.registry.board;
        let columns = Col::of(subject.kind);
        let mut table = Table::new()
            .id_salt(("versions", subject.kind))
            .num_rows(self.found.len() as u64)
            .headers([HeaderRow::new(size::HEADER)]);
        let id = table.get_id(ui);
        table = table.columns(laid_out(ui, id, columns));
        if std::mem::take(&mut self.scroll_to_cursor)
            && let Some(cursor) = self.cursor
        {
            table = table.scroll_to_row(cursor as u64, None);
        }
        if let Some(drag) = &mut self.drag {
            drag.over = None;
        }
        let mut rows = Rows {
            columns,
            found: &self.found,
            model: board.model.value(),
            latest: board.latest(),
            cursor: self.cursor.filter(|_| keys),
            chosen: None,
            drag: &mut self.drag,
            subject,
            row_height,
            autoscrolled: false,
            dialog,
            out,
        };
        table.show(ui, &mut rows);
        if rows.chosen.is_some() {
            self.cursor = rows.chosen;
        }
    }

    fn drag_ui(&mut self, ui: &mut Ui, subject: Subject<'_>, out: &mut Commands) {
        let Some(drag) = &self.drag else { return };
        match drag.follow_ui(ui) {
            Dragging::On => {}
            Dragging::Cancelled => self.drag = None,
            Dragging::Dropped(to) => {
                out.push(subject.plan(&drag.alias, Some(to)));
                self.drag = None;
            }
        }
    }
}

fn shown_tags(tags: &crate::entities::Tags) -> impl Iterator<Item = (&String, &String)> {
    tags.iter().filter(|(key, _)| !tag::is_system(key) && !key.starts_with("_mlflow"))
}
