//! The palette: finds and does everything by name.

use egui::{Align2, Area, Context, Frame, Id, Key, Label, Modifiers, Order, ScrollArea, TextEdit, Ui, vec2};

use super::Cx;
use super::widgets::cells::{RowLook, row_background_ui};
use crate::state::command::Commands;
use crate::state::finder::{Found, find};
use crate::state::name_search::NameSearch;
use crate::state::{Command, Route};
use crate::theme::{self, Themed as _, size};

/// A command of the app with its name and keys.
#[derive(Clone, Debug)]
pub struct PaletteAction {
    /// What it does, as a person would say it.
    pub name: &'static str,
    /// Its keys, as this system writes them; empty if it has none.
    pub keys: String,
    /// What is done.
    pub command: Command,
}

/// The palette.
#[derive(Default)]
pub struct PaletteView {
    /// Every command there is; the app fills it from its table.
    pub actions: Vec<PaletteAction>,
    open: bool,
    question: Option<String>,
    query: String,
    chosen: usize,
    items: Vec<Found>,
    /// What the server was asked for last.
    looked_up: String,
}

/// Rows that are shown at most: who does not see it types on.
const MOST: usize = 60;
const VISIBLE_ROWS: f32 = 12.0;

impl PaletteView {
    /// Opens it, with what can be found now.
    pub fn open(&mut self, mut items: Vec<Found>) {
        items.extend(self.actions.iter().map(|action| Found {
            kind: "command",
            name: action.name.to_owned(),
            detail: action.keys.clone(),
            command: action.command.clone(),
        }));
        self.question = None;
        self.show_items(items);
    }

    /// Opens it with these alone to choose from, and a question over them.
    pub fn offer(&mut self, question: String, items: Vec<Found>) {
        self.question = Some(question);
        self.show_items(items);
    }

    fn show_items(&mut self, items: Vec<Found>) {
        self.items = items;
        self.query.clear();
        self.chosen = 0;
        self.open = true;
    }

    /// Closes it. `false`: it was not open.
    pub fn close(&mut self) -> bool {
        std::mem::take(&mut self.open)
    }

    /// Whether it is shown.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Draws it over everything.
    pub fn show(&mut self, ctx: &Context, cx: &Cx<'_>, out: &mut Commands) {
        self.look_up(out);
        if !self.open {
            return;
        }
        if ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            self.open = false;
            return;
        }
        let enter = ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
        let moved = self.take_arrows(ctx);
        let area = Area::new(Id::unique("palette"))
            .order(Order::Foreground)
            .anchor(Align2::CENTER_TOP, vec2(0.0, 80.0));
        let response = area.show(ctx, |ui| {
            Frame::popup(ui.style()).show(ui, |ui| {
                ui.set_width(size::PALETTE.min(ui.ctx().content_rect().width() - 2.0 * size::SPACE_XL));
                self.field_ui(ui);
                self.rows_ui(ui, cx, enter, moved, out);
            })
        });
        let outside = ctx.input(|input| {
            input.pointer.any_pressed()
                && input.pointer.interact_pos().is_some_and(|at| !response.response.rect.contains(at))
        });
        if outside {
            self.open = false;
        }
    }

    /// What is not loaded here is asked for while one types, and given up when the palette is closed.
    fn look_up(&mut self, out: &mut Commands) {
        let wanted = if self.open && self.question.is_none() { self.query.trim() } else { "" };
        if self.looked_up != wanted {
            wanted.clone_into(&mut self.looked_up);
            out.push(Command::LookUp(wanted.to_owned()));
        }
    }

    fn take_arrows(&mut self, ctx: &Context) -> bool {
        let before = self.chosen;
        ctx.input_mut(|input| {
            if input.consume_key(Modifiers::NONE, Key::ArrowDown) {
                self.chosen += 1;
            }
            if input.consume_key(Modifiers::NONE, Key::ArrowUp) {
                self.chosen = self.chosen.saturating_sub(1);
            }
        });
        before != self.chosen
    }

    fn field_ui(&mut self, ui: &mut Ui) {
        let hint = self
            .question
            .clone()
            .unwrap_or_else(|| "Find a model, version, alias, experiment, run, trace or command".to_owned());
        let field = TextEdit::singleline(&mut self.query).hint_text(hint).desired_width(f32::INFINITY);
        let response = ui.add(field).accessible_name("Find anything");
        response.request_focus();
        if response.changed() {
            self.chosen = 0;
        }
    }

    fn rows_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, enter: bool, moved: bool, out: &mut Commands) {
        let by_id = trace_by_id(&self.query, &self.items);
        let mut found = find(&self.items, &self.query, MOST);
        found.extend(&by_id);
        // Behind what is here: rows that come later must not move those that are read.
        let lookup =
            cx.workspace().map(|workspace| &workspace.name_search).filter(|_| self.question.is_none());
        let known = found.len();
        for it in lookup.map(NameSearch::found).unwrap_or_default() {
            if !found[..known].iter().any(|here| here.leads_where(it)) {
                found.push(it);
            }
        }
        self.chosen = self.chosen.min(found.len().saturating_sub(1));
        let asking = lookup.is_some_and(NameSearch::is_asking);
        if found.is_empty() {
            let text = if asking { "Asking the server…" } else { "Nothing has that name" };
            ui.label(theme::text::weak(text));
        }
        let mut picked = enter.then_some(self.chosen);
        ui.spacing_mut().item_spacing.y = 0.0;
        ScrollArea::vertical().max_height(VISIBLE_ROWS * size::ROW).show(ui, |ui| {
            for (at, item) in found.iter().enumerate() {
                let response = row_ui(ui, item, at == self.chosen);
                if at == self.chosen && moved {
                    response.scroll_to_me(None);
                }
                if response.clicked() {
                    picked = Some(at);
                }
            }
        });
        if let Some(error) = lookup.and_then(NameSearch::error) {
            let text = theme::text::small(format!("Only what is loaded was searched: {error}"));
            ui.add(Label::new(text).truncate());
        } else if asking && !found.is_empty() {
            ui.label(theme::text::small("Asking the server…"));
        }
        if let Some(item) = picked.and_then(|at| found.get(at)) {
            out.push(item.command.clone());
            self.open = false;
        }
    }
}

/// A trace that is not in any table that is here: by its whole id, as a log or a colleague gives it.
fn trace_by_id(query: &str, items: &[Found]) -> Option<Found> {
    let id = query.trim();
    let hex = id.strip_prefix("tr-")?;
    let is_id = hex.len() >= 16 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    let known = |item: &Found| item.kind == "trace" && item.name.starts_with(id);
    (is_id && !items.iter().any(known)).then(|| Found {
        kind: "trace",
        name: id.to_owned(),
        detail: "Open by id".to_owned(),
        command: Command::Go(Route::trace(id)),
    })
}

fn row_ui(ui: &mut Ui, item: &Found, chosen: bool) -> egui::Response {
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), egui::Sense::click());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, true, format!("{} {}", item.kind, item.name))
    });
    let mut row = ui.new_child(
        egui::UiBuilder::new().max_rect(rect).layout(egui::Layout::left_to_right(egui::Align::Center)),
    );
    row_background_ui(&row, RowLook { selected: chosen, ..Default::default() });
    row.add_space(size::SPACE_S);
    row.allocate_ui_with_layout(
        vec2(84.0, size::ROW),
        egui::Layout::left_to_right(egui::Align::Center),
        |ui| {
            ui.set_min_width(84.0);
            ui.add(Label::new(theme::text::small(item.kind)).selectable(false));
        },
    );
    row.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        ui.add_space(size::SPACE_S);
        // The name comes first: it is what one looks for.
        ui.scope(|ui| {
            ui.set_max_width(ui.available_width() * 0.45);
            ui.add(Label::new(theme::text::small(&item.detail)).truncate().selectable(false));
        });
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            let color = ui.tokens().text;
            ui.add(Label::new(egui::RichText::new(&item.name).color(color)).truncate().selectable(false));
        });
    });
    response
}
