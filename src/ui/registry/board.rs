//! The board: a model's versions, newest first, with the alias chips on them. A chip is dragged to another row, or
//! moved by keyboard or menu; each of these opens the plan.

use egui::{Key, Label, Modifiers, RichText, Sense, Ui, WidgetInfo};
use egui_table::{CellInfo, Column, HeaderCellInfo, HeaderRow, Table, TableDelegate, TableState};

use super::dialogs::Dialog;
use super::drag::{Drag, Dragging};
use super::menus::{Subject, alias_menu_ui, version_menu_ui, version_route};
use super::{chips, version::status_of_ui};
use crate::entities::{ModelVersion, RegisteredModel, VersionNumber, tag};
use crate::state::command::Commands;
use crate::state::navigation::{ModelKind, Route, RunTab};
use crate::state::registry::Registry;
use crate::state::registry::board::matching;
use crate::state::registry::words::{first_line, plain_line};
use crate::state::{Command, format};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::cells::{self, RowLook, SortArrow};
use crate::ui::widgets::{
    Markdown, Pane, empty_ui, failure_bar_ui, failure_ui, filter_field_of_pane_ui, loading_ui, tag_chip_ui,
    time_ui,
};

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

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Col {
    Aliases,
    Version,
    Status,
    Created,
    Run,
    Tags,
    Text,
    Description,
}

impl Col {
    /// A model's columns, or a prompt's.
    fn of(kind: ModelKind) -> &'static [Self] {
        match kind {
            ModelKind::Model => &[
                Self::Aliases,
                Self::Version,
                Self::Status,
                Self::Created,
                Self::Run,
                Self::Tags,
                Self::Description,
            ],
            ModelKind::Prompt => {
                &[Self::Aliases, Self::Version, Self::Created, Self::Text, Self::Tags, Self::Description]
            }
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Aliases => "Aliases",
            Self::Version => "Version",
            Self::Status => "Status",
            Self::Created => "Created",
            Self::Run => "Source run",
            Self::Tags => "Tags",
            Self::Text => "Text",
            Self::Description => "Description",
        }
    }

    /// At first, in points.
    fn width(self) -> f32 {
        match self {
            Self::Aliases => 200.0,
            Self::Version => 68.0,
            Self::Status | Self::Created | Self::Run => 100.0,
            Self::Tags => 180.0,
            Self::Text => 320.0,
            Self::Description => 160.0,
        }
    }
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

    fn header_ui(&mut self, ui: &mut Ui, subject: Subject<'_>, out: &mut Commands) {
        let model = subject.registry.board.model.value();
        let margin = egui::Margin::symmetric(size::SPACE_M as i8, size::SPACE_S as i8);
        egui::Frame::new().inner_margin(margin).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.set_min_height(size::CONTROL);
                ui.add(Label::new(theme::text::heading(subject.name)).truncate());
                let copy = theme::button::icon(Icon::Copy, "Copy name");
                if ui.add(copy).on_hover_text("Copy name").clicked() {
                    out.push(Command::Copy(subject.name.to_owned(), "name"));
                }
                let Some(model) = model else { return };
                ui.label(theme::text::weak("Created"));
                time_ui(ui, model.creation_timestamp, subject.now);
                ui.label(theme::text::weak("· changed"));
                time_ui(ui, model.last_updated_timestamp, subject.now)
                    .on_hover_text("Moving an alias does not count as a change");
            });
            let Some(model) = model else { return };
            let tags: Vec<_> = shown_tags(&model.tags).collect();
            if !tags.is_empty() {
                ui.horizontal_wrapped(|ui| {
                    for (key, value) in tags {
                        tag_chip_ui(ui, key, value);
                    }
                });
            }
            self.description_ui(ui, model);
        });
    }

    fn description_ui(&mut self, ui: &mut Ui, model: &RegisteredModel) {
        let line = plain_line(&model.description);
        if line.is_empty() {
            return;
        }
        if model.description.trim().lines().count() == 1 {
            self.markdown.show(ui, &model.description);
            return;
        }
        // Closed at first: the versions are what the page is for.
        let title = theme::text::weak(format!("Description: {line}"));
        egui::CollapsingHeader::new(title).id_salt("model description").show(ui, |ui| {
            egui::ScrollArea::vertical().id_salt("model description").max_height(180.0).show(ui, |ui| {
                ui.set_max_width(size::PROSE_MAX);
                self.markdown.show(ui, &model.description);
            });
        });
    }

    fn find(&mut self, registry: &Registry) {
        let board = &registry.board;
        let wanted = (board.revision(), self.filter.clone());
        if self.found_in.as_ref() != Some(&wanted) {
            self.found = matching(board.versions.items(), board.model.value(), &self.filter);
            self.found_in = Some(wanted);
        }
    }

    fn toolbar_ui(&mut self, ui: &mut Ui, registry: &Registry) {
        let margin =
            egui::Margin { bottom: size::SPACE_S as i8, ..egui::Margin::symmetric(size::SPACE_M as i8, 0) };
        egui::Frame::new().inner_margin(margin).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.scope(|ui| {
                    ui.set_max_width(280.0);
                    let takes_slash = Pane::Main.was_used_last(ui.ctx());
                    filter_field_of_pane_ui(ui, &mut self.filter, "Filter versions", takes_slash);
                });
                let versions = &registry.board.versions;
                let all = format::counted(versions.items().len(), "version", "versions");
                let more = if versions.is_complete() { "" } else { ", more coming" };
                let text = if self.filter.trim().is_empty() {
                    format!("{all}{more}")
                } else {
                    format!("{} of {all}{more}", format::count(self.found.len()))
                };
                ui.label(theme::text::small(text));
                if self.drag.is_none() {
                    ui.label(theme::text::small(
                        "· Drag an alias to another version, or focus it and press M",
                    ));
                } else {
                    ui.label(theme::text::small("· Drop it on a version. Esc cancels"));
                }
            });
        });
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

/// `false`: there is nothing else to show.
fn troubles_ui(ui: &mut Ui, registry: &Registry, out: &mut Commands) -> bool {
    let board = &registry.board;
    let error = board.model.error().or(board.versions.error());
    let known = board.model.value().is_some() && !board.versions.items().is_empty();
    match error {
        Some(error) if !known => {
            failure_ui(ui, "The versions could not be loaded", error, Command::Refresh, out);
            false
        }
        Some(error) => {
            failure_bar_ui(ui, "What is shown may be old", error, Command::Refresh, out);
            true
        }
        None if !known && (board.model.is_loading() || board.versions.is_loading()) => {
            loading_ui(ui, "the versions");
            false
        }
        None => true,
    }
}

/// Columns as wide as the user left them; the last one takes what remains.
fn laid_out(ui: &Ui, id: egui::Id, columns: &[Col]) -> Vec<Column> {
    let state = TableState::load(ui.ctx(), id).unwrap_or_else(|| {
        // With a state of its own egui_table does not size the columns by what they hold at first.
        TableState::default().store(ui.ctx(), id);
        TableState::default()
    });
    let mut rest = ui.available_width();
    let last = columns.len() - 1;
    let mut laid_out = Vec::with_capacity(columns.len());
    for (at, column) in columns.iter().enumerate() {
        let new = Column::new(column.width()).range(size::COLUMN_MIN..=1200.0).id(id.with(column.label()));
        if at == last {
            let width = rest.max(column.width());
            laid_out.push(new.range(width..=width).resizable(false));
        } else {
            rest -= state.col_widths.get(&new.id_for(at)).copied().unwrap_or(column.width());
            laid_out.push(new.resizable(true));
        }
    }
    laid_out
}

fn shown_tags(tags: &crate::entities::Tags) -> impl Iterator<Item = (&String, &String)> {
    tags.iter().filter(|(key, _)| !tag::is_system(key) && !key.starts_with("_mlflow"))
}

/// Draws the visible rows.
struct Rows<'a> {
    columns: &'static [Col],
    found: &'a [usize],
    model: Option<&'a RegisteredModel>,
    latest: Option<VersionNumber>,
    cursor: Option<usize>,
    chosen: Option<usize>,
    drag: &'a mut Option<Drag>,
    subject: Subject<'a>,
    row_height: f32,
    autoscrolled: bool,
    dialog: &'a mut Dialog,
    out: &'a mut Commands,
}

impl TableDelegate for Rows<'_> {
    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        cells::header_ui(ui, self.columns[cell.col_range.start].label(), SortArrow::None, false);
    }

    fn row_ui(&mut self, ui: &mut Ui, row: u64) {
        let row = row as usize;
        let version = self.version(row);
        let number = version.version;
        if let Some(drag) = self.drag.as_mut() {
            drag.pass_row(ui, number);
            if !self.autoscrolled {
                self.autoscrolled = true;
                Drag::autoscroll(ui);
            }
        }
        let response = ui.interact(ui.max_rect(), ui.scope_id().with("row"), Sense::CLICK);
        let selected = self.cursor == Some(row);
        response.widget_info(|| {
            WidgetInfo::selected(egui::Role::Row, true, selected, format!("version {number}"))
        });
        if response.clicked() {
            self.chosen = Some(row);
        }
        if response.double_clicked() {
            self.out.push(version_route(self.subject, number));
        }
        let drop_target = self.drag.as_ref().is_some_and(|drag| drag.lights(number));
        cells::row_background_ui(ui, RowLook { selected: false, cursor: selected, drop_target });
        let version = self.version(row);
        response.context_menu(|ui| {
            version_menu_ui(ui, self.subject, version, self.dialog, self.out);
        });
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        let version = self.version(cell.row_nr as usize);
        match self.columns[cell.col_nr] {
            Col::Aliases => cells::padded_ui(ui, false, |ui| self.aliases_ui(ui, version)),
            Col::Version => cells::padded_ui(ui, false, |ui| self.number_ui(ui, version)),
            Col::Status => cells::padded_ui(ui, false, |ui| status_of_ui(ui, version)),
            Col::Created => cells::padded_ui(ui, false, |ui| {
                time_ui(ui, version.creation_timestamp, self.subject.now);
            }),
            Col::Run => cells::padded_ui(ui, false, |ui| self.run_ui(ui, version)),
            Col::Tags => cells::padded_ui(ui, false, |ui| {
                ui.spacing_mut().item_spacing.x = size::SPACE_XS;
                for (key, value) in shown_tags(&version.tags) {
                    tag_chip_ui(ui, key, value);
                }
            }),
            Col::Text => {
                let text = version.tags.get(tag::PROMPT_TEXT).map(String::as_str).unwrap_or_default();
                cells::text_ui(ui, first_line(text));
            }
            Col::Description => cells::text_ui(ui, plain_line(&version.description)),
        }
    }

    fn default_row_height(&self) -> f32 {
        self.row_height
    }
}

impl<'a> Rows<'a> {
    fn version(&self, row: usize) -> &'a ModelVersion {
        &self.subject.registry.board.versions.items()[self.found[row]]
    }

    fn aliases_ui(&mut self, ui: &mut Ui, version: &ModelVersion) {
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        let number = version.version;
        for alias in self.model.map(|model| chips::aliases_of(model, number)).unwrap_or_default() {
            self.chip_ui(ui, alias, number);
        }
        if self.latest == Some(number) {
            chips::latest_chip_ui(ui);
        }
    }

    fn chip_ui(&mut self, ui: &mut Ui, alias: &str, number: VersionNumber) {
        let dragged = self.drag.as_ref().is_some_and(|drag| drag.alias == alias);
        let changing = self.subject.registry.is_changing(self.subject.name, alias);
        let response = ui
            .push_id(alias, |ui| {
                if dragged || changing {
                    ui.set_opacity(0.4);
                }
                chips::draggable_chip_ui(ui, alias)
            })
            .inner;
        if response.drag_started_by(egui::PointerButton::Primary) && !changing {
            *self.drag = Some(Drag::new(alias, number));
        }
        if response.has_focus() {
            self.focused_chip_keys(ui, alias, number);
        }
        response.context_menu(|ui| {
            alias_menu_ui(ui, self.subject, (alias, number), self.dialog, self.out);
        });
    }

    fn focused_chip_keys(&mut self, ui: &Ui, alias: &str, number: VersionNumber) {
        let (move_it, delete_it) = ui.input_mut(|input| {
            let move_it = input.consume_key(Modifiers::NONE, Key::M);
            if move_it {
                // The letter must not land in the field that opens.
                input.events.retain(|event| !matches!(event, egui::Event::Text(_)));
            }
            (move_it, input.consume_key(Modifiers::NONE, Key::Delete))
        });
        if move_it {
            *self.dialog = Dialog::move_alias(self.subject.kind, self.subject.name, alias, number);
        }
        if delete_it {
            self.out.push(self.subject.plan(alias, None));
        }
    }

    fn number_ui(&mut self, ui: &mut Ui, version: &ModelVersion) {
        let number = version.version;
        let link =
            ui.add(egui::Link::new(format!("v{number}"))).accessible_name(format!("open version {number}"));
        if link.clicked() {
            self.out.push(version_route(self.subject, number));
        }
    }

    fn run_ui(&mut self, ui: &mut Ui, version: &ModelVersion) {
        let Some(run_id) = version.run_id() else {
            ui.label(theme::text::weak("–"));
            return;
        };
        let tint = ui.tokens().accent.text;
        let text = RichText::new(format::short_id(run_id)).monospace().color(tint);
        let link = ui
            .add(egui::Link::new(text))
            .accessible_name(format!("source run of version {}", version.version));
        if link.on_hover_text(format!("Open run {run_id}")).clicked() {
            self.out.push(Route::Run { run_id: run_id.to_owned(), tab: RunTab::default() });
        }
    }
}
