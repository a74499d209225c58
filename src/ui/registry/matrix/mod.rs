//! The matrix: the same aliases across all models. A chip is dragged to another column of its row, or a version is
//! typed; each of these opens the plan.

mod grid;

use egui::{Key, Modifiers, Ui};
use egui_table::{Column, HeaderRow, Table, TableState};

use super::ask::{Answer, Ask};
use super::drag::{Dragging, ghost_ui, pointer};
use super::list::switch_to_matrix_ui;
use crate::entities::{RegisteredModel, VersionNumber};
use crate::state::command::Commands;
use crate::state::format;
use crate::state::navigation::{ModelKind, Route};
use crate::state::registry::RegistryCommand;
use crate::state::registry::board::parse_version;
use crate::state::registry::matrix::{Matrix, MatrixOrder};
use crate::state::registry::models::Models;
use crate::theme::{self, Icon, size};
use crate::ui::Cx;
use crate::ui::widgets::cells::row_height;
use crate::ui::widgets::{empty_ui, failed_load_ui, filter_field_of_pane_ui, loading_ui};

use grid::{Grid, Spot};

/// Width of the models' names at first.
const NAME: f32 = 240.0;
/// Width of an alias's column at first: a chip, and its age.
const CELL: f32 = 136.0;

/// What is typed, chosen and dragged in the matrix.
#[derive(Default)]
pub struct MatrixView {
    filter: String,
    aliases: String,
    order: MatrixOrder,
    matrix: Matrix,
    made_of: Option<(ModelKind, u64, String, String, MatrixOrder)>,
    /// Row and column of the keyboard.
    cursor: Option<(usize, usize)>,
    scroll: bool,
    drag: Option<Taken>,
    asking: Option<Asking>,
}

/// A chip on its way to another column.
#[derive(Debug)]
pub(super) struct Taken {
    model: String,
    alias: String,
    version: VersionNumber,
    over: Option<Spot>,
}

/// For which cell a version is asked.
struct Asking {
    model: String,
    alias: String,
    now: Option<VersionNumber>,
    ask: Ask,
}

impl MatrixView {
    /// Draws the matrix. `keys`: whether it takes the arrow keys now.
    pub fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, kind: ModelKind, keys: bool, out: &mut Commands) {
        let Some(workspace) = cx.workspace() else { return };
        let models = workspace.registry.list(kind);
        self.arrange(kind, models);
        self.toolbar_ui(ui, kind, models, out);
        let nothing = models.items().is_empty();
        let failed = ["The models could not be loaded", "The matrix may be old or incomplete"];
        if failed_load_ui(ui, models.error(), nothing, failed, out) {
            return;
        }
        if nothing && !models.is_complete() {
            loading_ui(ui, "the models");
            return;
        }
        if self.matrix.columns.is_empty() {
            let (title, text) = if self.aliases.trim().is_empty() {
                ("No model has an alias yet", "Set one on a board, and it has a column here")
            } else {
                ("No alias matches the filter", "Clear the filter to see them all")
            };
            empty_ui(ui, Icon::Model, title, text, None, out);
            return;
        }
        let keys = keys && self.asking.is_none();
        if keys {
            self.take_keys(ui, kind, models, out);
        }
        self.table_ui(ui, cx, kind, keys, out);
        self.drag_ui(ui, kind, out);
        self.ask_ui(ui, kind, out);
    }

    fn arrange(&mut self, kind: ModelKind, models: &Models) {
        let wanted = (kind, models.revision(), self.filter.clone(), self.aliases.clone(), self.order.clone());
        if self.made_of.as_ref() != Some(&wanted) {
            self.matrix = Matrix::of(models.items(), &self.filter, &self.aliases, &self.order);
            self.made_of = Some(wanted);
        }
    }

    fn toolbar_ui(&mut self, ui: &mut Ui, kind: ModelKind, models: &Models, out: &mut Commands) {
        egui::Frame::new().inner_margin(size::SPACE_S).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                switch_to_matrix_ui(ui, kind, true, out);
                for (text, name, first) in
                    [(&mut self.filter, "Filter models", true), (&mut self.aliases, "Filter aliases", false)]
                {
                    ui.scope(|ui| {
                        ui.set_max_width(200.0);
                        filter_field_of_pane_ui(ui, text, name, first);
                    });
                }
                let (rows, all) = (self.matrix.rows.len(), models.items().len());
                let more = if models.is_complete() { "" } else { ", more coming" };
                let shown = if rows == all { String::new() } else { format!("{} of ", format::count(rows)) };
                let text = format!(
                    "{shown}{}, {}{more} · Drag a chip to another column, or press M",
                    format::counted(all, "model", "models"),
                    format::counted(self.matrix.columns.len(), "alias", "aliases"),
                );
                ui.label(theme::text::small(text));
            });
        });
    }

    fn take_keys(&mut self, ui: &Ui, kind: ModelKind, models: &Models, out: &mut Commands) {
        let (rows, columns) = (self.matrix.rows.len(), self.matrix.columns.len());
        if rows == 0 || ui.memory(|memory| memory.focused().is_some()) {
            return;
        }
        let old = self.cursor.map(|(row, column)| (row.min(rows - 1), column.min(columns - 1)));
        let (row, column) = old.unwrap_or((0, 0));
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let to = if pressed(Key::ArrowDown) {
            Some((if old.is_none() { 0 } else { (row + 1).min(rows - 1) }, column))
        } else if pressed(Key::ArrowUp) {
            Some((row.saturating_sub(1), column))
        } else if pressed(Key::ArrowRight) {
            Some((row, if old.is_none() { 0 } else { (column + 1).min(columns - 1) }))
        } else if pressed(Key::ArrowLeft) {
            Some((row, column.saturating_sub(1)))
        } else if pressed(Key::Home) {
            Some((0, column))
        } else if pressed(Key::End) {
            Some((rows - 1, column))
        } else {
            None
        };
        if let Some(to) = to {
            self.cursor = Some(to);
            self.scroll = true;
        }
        let (Some((row, column)), None) = (old, to) else { return };
        let Some(model) = self.matrix.rows.get(row).and_then(|&at| models.items().get(at)) else { return };
        let alias = &self.matrix.columns[column].alias;
        if pressed(Key::Enter) {
            out.push(Route::Model { kind, name: model.name.clone() });
        } else if pressed(Key::M) {
            // The letter must not land in the field that opens.
            ui.input_mut(|input| input.events.retain(|event| !matches!(event, egui::Event::Text(_))));
            self.asking = Some(Asking::new(model, alias));
        } else if pressed(Key::Delete) && model.alias(alias).is_some() {
            out.push(plan(kind, &model.name, alias, None));
        }
    }

    fn table_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, kind: ModelKind, keys: bool, out: &mut Commands) {
        let Some(workspace) = cx.workspace() else { return };
        let mut table = Table::new()
            .id_salt(("matrix", kind))
            .num_rows(self.matrix.rows.len() as u64)
            .num_sticky_cols(1)
            .headers([HeaderRow::new(size::HEADER)]);
        let id = table.get_id(ui);
        if TableState::load(ui.ctx(), id).is_none() {
            // With a state of its own egui_table does not size the columns by what they hold at first.
            TableState::default().store(ui.ctx(), id);
        }
        let column = |width: f32, name: &str| {
            Column::new(width).range(size::COLUMN_MIN..=800.0).id(id.with(name)).resizable(true)
        };
        let widths = std::iter::once(column(NAME, "name of the model"))
            .chain(self.matrix.columns.iter().map(|alias| column(CELL, &alias.alias)));
        table = table.columns(widths.collect::<Vec<_>>());
        if std::mem::take(&mut self.scroll)
            && let Some((row, column)) = self.cursor
        {
            table = table.scroll_to_row(row as u64, None).scroll_to_column(column + 1, None);
        }
        if let Some(drag) = &mut self.drag {
            drag.over = None;
        }
        let mut grid = Grid {
            kind,
            matrix: &self.matrix,
            models: workspace.registry.list(kind).items(),
            registry: &workspace.registry,
            order: &self.order,
            now: cx.now,
            row_height: row_height(cx.state.settings.get().density),
            cursor: self.cursor,
            keys: keys && ui.memory(|memory| memory.focused().is_none()),
            drag: &mut self.drag,
            clicked: None,
            ask: None,
            new_order: None,
            autoscrolled: false,
            out,
        };
        table.show(ui, &mut grid);
        let (clicked, ask, order) = (grid.clicked, grid.ask, grid.new_order);
        self.cursor = clicked.or(self.cursor);
        if let Some(order) = order {
            self.order = order;
        }
        if let Some((model, alias)) = ask
            && let Some(model) = workspace.registry.list(kind).get(&model)
        {
            self.asking = Some(Asking::new(model, &alias));
        }
    }

    fn drag_ui(&mut self, ui: &mut Ui, kind: ModelKind, out: &mut Commands) {
        let Some(taken) = &self.drag else { return };
        match taken.follow_ui(ui) {
            Dragging::On => return,
            Dragging::Cancelled => {}
            Dragging::Dropped(version) => {
                if let Some(Spot { alias, .. }) = &taken.over {
                    out.push(plan(kind, &taken.model, alias, Some(version)));
                }
            }
            Dragging::OnOther => {
                let (alias, model) = (taken.alias.clone(), taken.model.clone());
                out.push(RegistryCommand::DroppedOnOther { alias, model });
            }
        }
        self.drag = None;
    }

    fn ask_ui(&mut self, ui: &Ui, kind: ModelKind, out: &mut Commands) {
        let Some(asking) = &mut self.asking else { return };
        let now = asking.now;
        let answer = asking.ask.show(ui.ctx(), "Continue…", |text| match parse_version(text) {
            None => Err("Type the number of a version".to_owned()),
            Some(to) if Some(to) == now => Err(format!("{} is on v{to} already", asking.alias)),
            Some(to) => Ok(to),
        });
        if let Answer::Given(version) = answer {
            out.push(plan(kind, &asking.model, &asking.alias, Some(version)));
        }
        if !matches!(answer, Answer::NotYet) {
            self.asking = None;
        }
    }
}

fn plan(kind: ModelKind, name: &str, alias: &str, to: Option<VersionNumber>) -> RegistryCommand {
    RegistryCommand::Plan { kind, name: name.to_owned(), alias: alias.to_owned(), to }
}

impl Asking {
    fn new(model: &RegisteredModel, alias: &str) -> Self {
        let now = model.alias(alias);
        let title = match now {
            Some(version) => format!("Move {alias} of {} from v{version}", model.name),
            None => format!("Set {alias} of {}", model.name),
        };
        let (model, alias) = (model.name.clone(), alias.to_owned());
        Self { model, alias, now, ask: Ask::new(title, "Version") }
    }
}

impl Taken {
    /// What a drop here would do; `None`: nothing.
    fn hint(&self) -> Option<String> {
        let spot = self.over.as_ref()?;
        if spot.model != self.model {
            Some(format!("Not on {}: aliases belong to a model", spot.model))
        } else if spot.now == Some(self.version) {
            None
        } else {
            let from = spot.now.map_or_else(|| "new".to_owned(), |now| format!("v{now}"));
            Some(format!("{}: {from} → v{}", spot.alias, self.version))
        }
    }

    fn follow_ui(&self, ui: &mut Ui) -> Dragging {
        let ctx = ui.ctx().clone();
        if ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            return Dragging::Cancelled;
        }
        if !ctx.input(|input| input.pointer.primary_down()) {
            return match &self.over {
                Some(spot) if spot.model != self.model => Dragging::OnOther,
                Some(spot) if spot.now != Some(self.version) => Dragging::Dropped(self.version),
                _ => Dragging::Cancelled,
            };
        }
        ctx.set_cursor_icon(egui::CursorIcon::Grabbing);
        if let Some(at) = pointer(&ctx) {
            ghost_ui(ui, at, &self.alias, self.hint());
        }
        Dragging::On
    }
}
