//! A set of prompts in a table, with the editor of one of them beside it.

use std::sync::Arc;

use egui::containers::menu::MenuButton;
use egui::{Align, Key, Label, Layout, Margin, Modifiers, Panel, RichText, Sense, TextEdit, Ui, WidgetInfo};
use egui_table::{CellInfo, Column, HeaderCellInfo, HeaderRow, Table, TableDelegate};

use super::case::CaseView;
use crate::state::bench::check::Check;
use crate::state::bench::set::{Case, PromptSet};
use crate::state::bench::{BenchCommand, Kind};
use crate::state::command::Commands;
use crate::state::format;
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::cells::{self, RowLook, SortArrow};
use crate::ui::widgets::{Pane, empty_ui, filter_field_ui};

/// What is typed and chosen in a set.
#[derive(Default)]
pub(super) struct SetView {
    set: Option<u64>,
    name: Option<String>,
    words: String,
    /// The prompt that is edited.
    chosen: Option<String>,
    scroll: bool,
    /// Prompts there were in the frame before: a new one is edited at once.
    before: usize,
    case: CaseView,
}

const COLUMNS: [(&str, f32); 5] =
    [("#", 44.0), ("Prompt", 400.0), ("Checks", 340.0), ("Expected", 220.0), ("Note", 140.0)];

/// Where a header has less room, the list at the left says how many prompts there are.
const NARROW: f32 = 480.0;

impl SetView {
    /// Draws the screen.
    pub(super) fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, set: &Arc<PromptSet>, out: &mut Commands) {
        if self.set != Some(set.id) {
            *self = Self { set: Some(set.id), before: set.cases.len(), ..Self::default() };
            if let [only] = set.cases.as_slice()
                && only.prompt.is_empty()
            {
                self.edit(only.id.clone());
            }
        }
        if set.cases.len() == self.before + 1
            && let Some(new) = set.cases.last().filter(|case| case.prompt.is_empty())
        {
            self.edit(new.id.clone());
        }
        self.before = set.cases.len();
        self.header_ui(ui, cx, set, out);
        if set.cases.is_empty() {
            let text = "Add one, import a file, or pick turns of a conversation with “Add to bench”";
            empty_ui(ui, Icon::Prompt, "No prompts yet", text, None, out);
            return;
        }
        let words: Vec<String> = self.words.split_whitespace().map(str::to_lowercase).collect();
        let rows: Vec<usize> = (0..set.cases.len())
            .filter(|row| set.cases.get(*row).is_some_and(|case| holds(case, &words)))
            .collect();
        self.take_keys(ui, set, &rows, out);
        let chosen = self.chosen.as_ref().and_then(|id| set.cases.iter().find(|case| case.id == *id));
        if let Some(case) = chosen {
            let widest = (ui.available_width() - size::MAIN_MIN).clamp(size::INSPECTOR_MIN, 560.0);
            let mut open = true;
            Panel::right("bench prompt")
                .default_size((size::INSPECTOR + 40.0).min(widest))
                .size_range(size::INSPECTOR_MIN..=widest)
                .frame(egui::Frame::new().fill(ui.tokens().panel_bg).inner_margin(size::SPACE_M))
                .show(ui, |ui| {
                    ui.set_min_size(ui.available_size());
                    open = self.case.show(ui, set.id, case, out);
                });
            if !open {
                self.chosen = None;
            }
        }
        self.table_ui(ui, cx, set, &rows, out);
    }

    fn edit(&mut self, id: String) {
        self.chosen = Some(id);
        self.scroll = true;
        self.case.take_focus();
    }

    fn header_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, set: &PromptSet, out: &mut Commands) {
        egui::Frame::new().inner_margin(Margin::same(size::SPACE_M as i8)).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.set_min_height(size::CONTROL);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    ui.spacing_mut().item_spacing.x = size::SPACE_S;
                    let more = theme::button::icon(Icon::More, "More actions");
                    MenuButton::from_button(more).ui(ui, |ui| {
                        if ui
                            .add(theme::button::default((Icon::Upload.image(), "Import into this set…")))
                            .clicked()
                        {
                            out.push(BenchCommand::Import(Some(set.id)));
                            ui.close();
                        }
                        if ui
                            .add(theme::button::default((
                                Icon::Dataset.image(),
                                "Add from an evaluation dataset…",
                            )))
                            .clicked()
                        {
                            out.push(BenchCommand::AskDatasets(Some(set.id)));
                            ui.close();
                        }
                        if ui.add(theme::button::default((Icon::Delete.image(), "Delete the set"))).clicked()
                        {
                            out.push(BenchCommand::Delete(Kind::Set, set.id));
                            ui.close();
                        }
                    });
                    let free = cx.state.bench.running().is_none() && !set.cases.is_empty();
                    let run = theme::button::primary((Icon::Play.image(), "Run…"));
                    if ui.add_enabled(free, run).clicked() {
                        out.push(BenchCommand::AskStart(set.id));
                    }
                    if ui.add(theme::button::default((Icon::Add.image(), "Add prompt"))).clicked() {
                        out.push(BenchCommand::AddCase(set.id));
                    }
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        ui.spacing_mut().item_spacing.x = size::SPACE_M;
                        let narrow = ui.available_width() < NARROW;
                        self.name_ui(ui, set, out);
                        if !narrow {
                            let prompts = format::counted(set.cases.len(), "prompt", "prompts");
                            ui.label(theme::text::small(prompts));
                        }
                        ui.scope(|ui| {
                            ui.set_max_width(ui.available_width().min(220.0));
                            filter_field_ui(ui, &mut self.words, "Search prompts");
                        });
                    });
                });
            });
        });
    }

    fn name_ui(&mut self, ui: &mut Ui, set: &PromptSet, out: &mut Commands) {
        let mut typed = self.name.take().unwrap_or_else(|| set.name.clone());
        let font = egui::TextStyle::Heading.resolve(ui.style());
        let width = ui.painter().layout_no_wrap(typed.clone(), font.clone(), ui.tokens().text).size().x;
        let width = (width + size::SPACE_L).clamp(80.0, (ui.available_width() * 0.6).max(80.0));
        let field = TextEdit::singleline(&mut typed).font(font).frame(egui::Frame::NONE).desired_width(width);
        let field = ui.add(field).accessible_name("Name of the set").on_hover_text("Click to rename");
        if field.lost_focus() {
            let name = typed.trim();
            if !name.is_empty() && name != set.name && !ui.input(|input| input.key_pressed(Key::Escape)) {
                out.push(BenchCommand::RenameSet(set.id, name.to_owned()));
            }
        } else if field.has_focus() {
            self.name = Some(typed);
        }
    }

    fn take_keys(&mut self, ui: &Ui, set: &PromptSet, rows: &[usize], out: &mut Commands) {
        Pane::Main.take_keys_on_press(ui, ui.max_rect());
        if !Pane::Main.has_keys(ui.ctx()) || ui.memory(|memory| memory.top_modal_layer().is_some()) {
            return;
        }
        let Some(last) = rows.len().checked_sub(1) else { return };
        let id =
            |place: usize| rows.get(place).and_then(|row| set.cases.get(*row)).map(|case| case.id.clone());
        let place = (0..rows.len()).find(|place| id(*place) == self.chosen && self.chosen.is_some());
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let to = if pressed(Key::ArrowDown) {
            Some(place.map_or(0, |place| (place + 1).min(last)))
        } else if pressed(Key::ArrowUp) {
            Some(place.map_or(last, |place| place.saturating_sub(1)))
        } else if pressed(Key::Home) {
            Some(0)
        } else if pressed(Key::End) {
            Some(last)
        } else {
            None
        };
        if let Some(place) = to {
            (self.chosen, self.scroll) = (id(place), true);
        }
        let Some(chosen) = self.chosen.clone() else { return };
        if pressed(Key::Enter) {
            self.case.take_focus();
        } else if pressed(Key::Escape) {
            self.chosen = None;
        } else if pressed(Key::Delete) {
            out.push(BenchCommand::DeleteCases(set.id, vec![chosen]));
            self.chosen =
                place.and_then(|place| id(if place == last { place.checked_sub(1)? } else { place + 1 }));
        }
    }

    fn table_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, set: &PromptSet, rows: &[usize], out: &mut Commands) {
        let room = ui.available_width();
        let columns = COLUMNS.iter().map(|(_, width)| {
            let width = if *width > 50.0 { width * ((room - 44.0) / 1100.0).max(0.5) } else { *width };
            Column::new(width).range(40.0..=1200.0).resizable(true)
        });
        let mut table = Table::new()
            .id_salt(("bench set", room.round() as u32 / 200))
            .num_rows(rows.len() as u64)
            .columns(columns.collect::<Vec<_>>())
            .headers([HeaderRow::new(size::HEADER)]);
        let chosen =
            rows.iter().position(|row| set.cases.get(*row).map(|case| &case.id) == self.chosen.as_ref());
        if std::mem::take(&mut self.scroll)
            && let Some(place) = chosen
        {
            table = table.scroll_to_row(place as u64, None);
        }
        let mut grid = Rows {
            set,
            found: rows,
            chosen,
            height: cells::row_height(cx.state.settings.get().density),
            clicked: None,
            out,
        };
        cells::skip_sizing(ui, table.get_id(ui));
        table.show(ui, &mut grid);
        if let Some(row) = grid.clicked {
            self.chosen = set.cases.get(row).map(|case| case.id.clone());
        }
    }
}

fn holds(case: &Case, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let text = format!("{} {} {} {}", case.id, case.prompt.text(), case.expected, case.note).to_lowercase();
    words.iter().all(|word| text.contains(word))
}

struct Rows<'a> {
    set: &'a PromptSet,
    found: &'a [usize],
    chosen: Option<usize>,
    height: f32,
    clicked: Option<usize>,
    out: &'a mut Commands,
}

impl TableDelegate for Rows<'_> {
    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        if let Some((name, _)) = COLUMNS.get(cell.col_range.start) {
            cells::header_ui(ui, name, SortArrow::None, cell.col_range.start == 0);
        }
    }

    fn row_ui(&mut self, ui: &mut Ui, row: u64) {
        let Some(at) = self.found.get(row as usize).copied() else { return };
        let Some(case) = self.set.cases.get(at) else { return };
        let response = ui.interact(ui.max_rect(), ui.scope_id().with("row"), Sense::CLICK);
        let selected = self.chosen == Some(row as usize);
        response.widget_info(|| {
            WidgetInfo::selected(
                egui::Role::Row,
                true,
                selected,
                format!("prompt {}: {}", at + 1, case.title()),
            )
        });
        if response.clicked() {
            self.clicked = Some(at);
        }
        cells::row_background_ui(ui, RowLook { selected, cursor: selected, drop_target: false });
        response.context_menu(|ui| {
            if ui.add(theme::button::default((Icon::Delete.image(), "Delete the prompt"))).clicked() {
                self.out.push(BenchCommand::DeleteCases(self.set.id, vec![case.id.clone()]));
                ui.close();
            }
        });
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        let Some(at) = self.found.get(cell.row_nr as usize).copied() else { return };
        let Some(case) = self.set.cases.get(at) else { return };
        match cell.col_nr {
            0 => cells::number_ui(ui, &(at + 1).to_string(), None),
            1 => prompt_ui(ui, case),
            2 => {
                let checks: Vec<String> = case.checks.iter().map(Check::label).collect();
                cells::text_ui(ui, theme::text::weak(checks.join(", ")));
            }
            3 => cells::text_ui(ui, first_line(&case.expected)),
            _ => cells::text_ui(ui, theme::text::weak(first_line(&case.note))),
        }
    }

    fn default_row_height(&self) -> f32 {
        self.height
    }
}

fn prompt_ui(ui: &mut Ui, case: &Case) {
    cells::padded_ui(ui, false, |ui| {
        if let Some(problem) = case.problem() {
            let tint = ui.tokens().warning.fg;
            ui.add(Icon::Warning.sized(size::ICON_SMALL).tint(tint).alt_text("Cannot be asked"))
                .on_hover_text(problem);
        }
        let earlier = case.prompt.earlier();
        if earlier > 0 {
            let text = format!("+{earlier}");
            ui.label(theme::text::small(text)).on_hover_text(format!(
                "After {}",
                format::counted(earlier, "earlier message", "earlier messages")
            ));
        }
        let title = case.title();
        let text = if title.is_empty() { theme::text::weak("Empty") } else { RichText::new(title) };
        ui.add(Label::new(text).truncate().selectable(false));
    });
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}
