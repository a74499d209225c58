//! The board: a model's versions, newest first, with the alias chips on them. A chip is dragged to another row, or
//! moved by keyboard or menu; each of these opens the plan.

mod columns;
mod header;
mod jump;
mod keys;
mod rows;

use std::time::{Duration, Instant};

use egui::{Align, Ui};
use egui_table::{HeaderRow, Table};

use super::answering::strips_ui;
use super::ask::Ask;
use super::dialogs::Dialog;
use super::drag::{Drag, Dragging};
use super::menus::Subject;
use super::rollback;
use crate::entities::{VersionNumber, tag};
use crate::state::command::Commands;
use crate::state::journal::Departure;
use crate::state::navigation::ModelKind;
use crate::state::registry::RegistryCommand;
use crate::state::registry::between::Between;
use crate::state::registry::board::Board;
use crate::state::registry::finding::Finding;
use crate::theme::{Icon, size};
use crate::ui::Cx;
use crate::ui::widgets::cells;
use crate::ui::widgets::{Markdown, Marked, empty_ui};

use columns::laid_out;
use header::troubles_ui;
use rows::Rows;

/// How long a frame may search.
const SEARCH: Duration = Duration::from_millis(4);

/// What is typed, chosen and dragged on the board.
#[derive(Default)]
pub struct BoardView {
    name: String,
    filter: String,
    finding: Finding,
    cursor: Option<usize>,
    scroll: Scroll,
    /// Versions to compare.
    marked: Marked<VersionNumber>,
    drag: Option<Drag>,
    markdown: Markdown,
    /// The two aliases that were chosen to look between.
    pair: Option<[String; 2]>,
    only_between: bool,
    /// The version to go to as soon as it is here.
    jump: Option<VersionNumber>,
    ask: Option<Ask>,
    /// The chip that takes the focus when it is drawn.
    focus: Option<String>,
    /// The chip that a plan or a dialog was opened from: it has the focus again afterwards.
    origin: Option<String>,
    departures: Vec<Departure>,
    departures_of: Option<u64>,
}

/// Whether the table scrolls to the cursor in this frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Scroll {
    #[default]
    No,
    JustEnough,
    ToMiddle,
}

/// Where a board stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Which one it is, from the left.
    pub slot: usize,
    /// Others stand beside it.
    pub beside: bool,
    /// It is the one that keys are for.
    pub active: bool,
    /// It takes the arrow keys now.
    pub keys: bool,
}

impl BoardView {
    /// Draws the board.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        (kind, name): (ModelKind, &str),
        place: Place,
        dialog: &mut Dialog,
        out: &mut Commands,
    ) {
        let Some(workspace) = cx.workspace() else { return };
        let registry = &workspace.registry;
        if self.name != name {
            *self = Self { name: name.to_owned(), ..Self::default() };
        }
        let Some(board) = registry.board_of(kind, name) else { return };
        let store = workspace.store.info();
        let subject = Subject { kind, name, store: &store, registry, board, now: cx.now };
        self.header_ui(ui, subject, place, out);
        strips_ui(ui, cx, subject, out);
        if !troubles_ui(ui, board, out) {
            return;
        }
        if board.versions.is_complete() && board.versions.items().is_empty() {
            let text = "Register one, and it appears here";
            empty_ui(ui, Icon::Model, "This model has no versions yet", text, None, out);
            return;
        }
        self.note_departures(cx, subject);
        rollback::bar_ui(ui, &self.departures, subject, place.active, out);
        let between = Between::of(board.placed(), self.pair.as_ref());
        self.find(ui, board, between.as_ref());
        self.toolbar_ui(ui, subject, place, out);
        self.jump_ui(ui, board, between.as_ref());
        self.go_to_ui(ui, board, place);
        self.follow_jump(board);
        self.return_focus(board, registry.plan().is_some() || dialog.is_open());
        if place.keys {
            self.take_keys(ui, subject, dialog, out);
        }
        let row_height = cells::row_height(cx.state.settings.get().density);
        self.table_ui(ui, subject, place, (row_height, between.as_ref()), dialog, out);
        self.drag_ui(ui, subject, out);
    }

    /// The model whose board it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Notes that what is dragged from here is over another model's board, or is not.
    pub fn drag_over_other(&mut self, other: Option<&str>) {
        if let Some(drag) = &mut self.drag {
            drag.other = other.map(str::to_owned);
        }
    }

    /// Whether something is dragged from here.
    pub fn is_dragging(&self) -> bool {
        self.drag.is_some()
    }

    fn find(&mut self, ui: &Ui, board: &Board, between: Option<&Between>) {
        let only = between.filter(|_| self.only_between).map(Between::range);
        if !self.finding.advance(board, &self.filter, only.as_ref(), Instant::now() + SEARCH) {
            ui.ctx().request_repaint();
        }
    }

    fn note_departures(&mut self, cx: &Cx<'_>, subject: Subject<'_>) {
        let journal = &cx.state.journal;
        if self.departures_of != Some(journal.revision()) {
            self.departures = journal.departures(&subject.store.uri, subject.name);
            self.departures_of = Some(journal.revision());
        }
    }

    fn table_ui(
        &mut self,
        ui: &mut Ui,
        subject: Subject<'_>,
        place: Place,
        (row_height, between): (f32, Option<&Between>),
        dialog: &mut Dialog,
        out: &mut Commands,
    ) {
        let mut table = Table::new()
            .id_salt(("versions", subject.kind, place.slot))
            .num_rows(self.finding.rows().len() as u64)
            .headers([HeaderRow::new(size::HEADER)]);
        let (columns, widths) = laid_out(ui, table.get_id(ui), subject.kind);
        table = table.columns(widths);
        let scroll = std::mem::take(&mut self.scroll);
        if let Some(cursor) = self.cursor.filter(|_| scroll != Scroll::No) {
            let align = (scroll == Scroll::ToMiddle).then_some(Align::Center);
            table = table.scroll_to_row(cursor as u64, align);
        }
        if let Some(drag) = &mut self.drag {
            drag.over = None;
        }
        let mut rows = Rows {
            columns,
            finding: &self.finding,
            between,
            departures: &self.departures,
            cursor: self.cursor.filter(|_| place.active),
            keys: place.keys && ui.memory(|memory| memory.focused().is_none()),
            chosen: None,
            marked: &mut self.marked,
            drag: &mut self.drag,
            focus: &mut self.focus,
            origin: &mut self.origin,
            left_chip: None,
            subject,
            row_height,
            autoscrolled: false,
            dialog,
            out,
        };
        table.show(ui, &mut rows);
        let (chosen, left_chip) = (rows.chosen, rows.left_chip);
        if chosen.is_some() {
            self.cursor = chosen;
        }
        if let Some(row) = left_chip {
            self.cursor = Some(row.min(self.finding.rows().len().saturating_sub(1)));
            self.scroll = Scroll::JustEnough;
        }
    }

    fn drag_ui(&mut self, ui: &mut Ui, subject: Subject<'_>, out: &mut Commands) {
        let Some(drag) = &self.drag else { return };
        match drag.follow_ui(ui) {
            Dragging::On => return,
            Dragging::Cancelled => {}
            Dragging::Dropped(to) => {
                out.push(subject.plan(&drag.alias, Some(to)));
                self.origin = Some(drag.alias.clone());
            }
            Dragging::OnOther => {
                let (alias, model) = (drag.alias.clone(), subject.name.to_owned());
                out.push(RegistryCommand::DroppedOnOther { alias, model });
            }
        }
        self.drag = None;
    }
}

fn shown_tags(tags: &crate::entities::Tags) -> impl Iterator<Item = (&String, &String)> {
    tags.iter().filter(|(key, _)| !tag::is_system(key) && !key.starts_with("_mlflow"))
}
