//! A run: how it goes, its figures, its answers in a table, and one row in detail.

mod detail;
mod grid;
mod summary;

use egui::containers::menu::MenuButton;
use egui::{Align, Key, Label, Layout, Margin, Modifiers, Panel, TextEdit, Ui};

use crate::state::bench::arrange::{Arranged, Arrangement, RowFilter};
use crate::state::bench::result::{BenchRun, Mark};
use crate::state::bench::{BenchCommand, Kind};
use crate::state::command::Commands;
use crate::state::navigation::Route;
use crate::state::{Command, format};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;
use crate::ui::bench::export;
use crate::ui::widgets::{Pane, filter_field_ui, loading_ui, switch_ui};

/// What is typed and chosen in a run.
#[derive(Default)]
pub(super) struct RunView {
    run: Option<u64>,
    words: String,
    /// The row of the run, and the endpoint, that the keyboard is on.
    cursor: Option<(usize, usize)>,
    scroll: bool,
    detail: bool,
    note: detail::NoteView,
    name: Option<String>,
    name_opens: bool,
    previews: grid::Previews,
}

/// Height of the row's detail at first.
const DETAIL: f32 = 320.0;

impl RunView {
    /// Draws the screen.
    pub(super) fn show(&mut self, ui: &mut Ui, cx: &Cx<'_>, run: &BenchRun, out: &mut Commands) {
        if self.run != Some(run.id) {
            *self = Self { run: Some(run.id), ..Self::default() };
        }
        self.header_ui(ui, cx, run, out);
        let Some(arranged) = cx.state.bench.arranged(run.id) else {
            loading_ui(ui, "the figures");
            return;
        };
        summary::show(ui, cx, run, arranged, out);
        self.filters_ui(ui, cx, run, arranged, out);
        self.take_keys(ui, run, arranged, out);
        if let Some((row, column)) = self.cursor.filter(|_| self.detail) {
            let room = (ui.available_height() - 160.0).max(120.0);
            Panel::bottom("bench row")
                .resizable(true)
                .default_size(DETAIL.min(room))
                .size_range(120.0..=room)
                .frame(egui::Frame::new().fill(ui.tokens().panel_bg))
                .show(ui, |ui| {
                    ui.set_min_size(ui.available_size());
                    let place = (row, column);
                    match self.note.show(ui, cx, run, place, out) {
                        detail::Answer::Open => {}
                        detail::Answer::Closed => self.detail = false,
                        detail::Answer::Column(column) => self.cursor = Some((row, column)),
                    }
                });
        }
        self.table_ui(ui, cx, run, arranged, out);
        let row = self.cursor.map(|(row, _)| row).filter(|_| self.detail);
        if cx.state.bench.shown_row() != row {
            out.push(BenchCommand::ShowRow(row));
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, run: &BenchRun, out: &mut Commands) {
        egui::Frame::new().inner_margin(Margin::same(size::SPACE_M as i8)).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.set_min_height(size::CONTROL);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    Self::actions_ui(ui, cx, run, out);
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        self.name_ui(ui, run, out);
                        ui.add(Label::new(theme::text::small(how_it_goes(cx, run))).truncate());
                    });
                });
            });
        });
        // On the line below the header: nothing moves when it comes and goes.
        if let Some((came, asked)) = cx.state.bench.progress().filter(|_| is_running(cx, run)) {
            let line = egui::Rect::from_min_size(
                egui::pos2(ui.max_rect().left(), ui.cursor().top() - size::SPACE_S),
                egui::vec2(ui.max_rect().width(), 2.0),
            );
            let part = came as f32 / asked.max(1) as f32;
            let bar = egui::ProgressBar::new(part).desired_height(2.0).corner_radius(0);
            let mut child = ui.new_child(egui::UiBuilder::new().max_rect(line));
            child.add(bar.desired_width(line.width())).accessible_name("Progress");
        }
    }

    fn name_ui(&mut self, ui: &mut Ui, run: &BenchRun, out: &mut Commands) {
        let Some(typed) = &mut self.name else {
            let heading = Label::new(theme::text::heading(run.name.as_str())).truncate();
            ui.add(heading.sense(egui::Sense::hover()));
            let rename = theme::button::icon(Icon::Edit, "Rename the run");
            if ui.add(rename).on_hover_text("Rename").clicked() {
                (self.name, self.name_opens) = (Some(run.name.clone()), true);
            }
            return;
        };
        let field =
            ui.add(TextEdit::singleline(typed).desired_width(220.0)).accessible_name("Name of the run");
        if std::mem::take(&mut self.name_opens) {
            field.request_focus();
        } else if field.lost_focus() {
            if !ui.input(|input| input.key_pressed(Key::Escape)) {
                out.push(BenchCommand::RenameRun(run.id, typed.clone()));
            }
            self.name = None;
        }
    }

    fn actions_ui(ui: &mut Ui, cx: &Cx<'_>, run: &BenchRun, out: &mut Commands) {
        ui.spacing_mut().item_spacing.x = size::SPACE_S;
        let more = theme::button::icon(Icon::More, "More actions");
        MenuButton::from_button(more).ui(ui, |ui| {
            if cx.state.bench.set(run.set.id).is_some()
                && ui.add(theme::button::default((Icon::Bench.image(), "Open the prompt set"))).clicked()
            {
                out.push(Route::BenchSet(run.set.id));
                ui.close();
            }
            ui.separator();
            export::entries_ui(ui, cx, run, out);
            ui.separator();
            if ui.add(theme::button::default((Icon::Delete.image(), "Delete the run"))).clicked() {
                out.push(BenchCommand::Delete(Kind::Run, run.id));
                ui.close();
            }
        });
        if is_running(cx, run) {
            if ui.add(theme::button::default((Icon::Stop.image(), "Stop"))).clicked() {
                out.push(BenchCommand::Stop);
            }
            return;
        }
        let free = cx.state.bench.running().is_none();
        let (missing, failed) = (run.missing().len(), run.failed().len());
        if failed > 0 {
            let retry = theme::button::default(format!("Retry {} failed", format::count(failed)));
            if ui.add_enabled(free, retry).on_hover_text("Asks again, once each").clicked() {
                out.push(BenchCommand::RetryFailed(run.id));
            }
        }
        if missing > 0 || run.ended.is_none() {
            let label = format!("Resume, {} to go", format::count(missing));
            let resume = theme::button::primary((Icon::Play.image(), label));
            if ui.add_enabled(free, resume).on_hover_text("Asks what has no answer yet").clicked() {
                out.push(BenchCommand::Resume(run.id));
            }
        } else if cx.state.bench.set(run.set.id).is_some() {
            let again = theme::button::default((Icon::Play.image(), "Run again…"));
            if ui.add_enabled(free, again).clicked() {
                out.push(BenchCommand::AskStart(run.set.id));
            }
        }
    }

    fn filters_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &BenchRun,
        arranged: &Arranged,
        out: &mut Commands,
    ) {
        let wanted = cx.state.bench.wanted();
        let margin = Margin { left: 12, right: 12, top: 4, bottom: 8 };
        egui::Frame::new().inner_margin(margin).show(ui, |ui| {
            ui.horizontal(|ui| {
                let labels: Vec<(RowFilter, String)> = RowFilter::ALL
                    .into_iter()
                    .filter(|filter| run.columns.len() > 1 || !filter.compares())
                    .map(|filter| {
                        (filter, format!("{} {}", filter.label(), format::count(arranged.count(filter))))
                    })
                    .collect();
                let choices: Vec<(RowFilter, &str)> =
                    labels.iter().map(|(filter, label)| (*filter, label.as_str())).collect();
                if let Some(filter) = switch_ui(ui, "", wanted.filter, &choices) {
                    out.push(BenchCommand::Arrange(Arrangement { filter, ..wanted.clone() }));
                }
                ui.scope(|ui| {
                    ui.set_max_width(ui.available_width().min(260.0));
                    if filter_field_ui(ui, &mut self.words, "Search answers").changed() {
                        let words = self.words.clone();
                        out.push(BenchCommand::Arrange(Arrangement { words, ..wanted.clone() }));
                    }
                });
            });
        });
    }

    fn take_keys(&mut self, ui: &Ui, run: &BenchRun, arranged: &Arranged, out: &mut Commands) {
        Pane::Main.take_keys_on_press(ui, ui.max_rect());
        if !Pane::Main.has_keys(ui.ctx()) || ui.memory(|memory| memory.top_modal_layer().is_some()) {
            return;
        }
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let Some(last) = arranged.rows.len().checked_sub(1) else { return };
        let place = self.cursor.and_then(|(row, _)| arranged.rows.iter().position(|r| *r as usize == row));
        let (column, columns) = (self.cursor.map_or(0, |(_, column)| column), run.columns.len());
        let to = if pressed(Key::ArrowDown) {
            Some((place.map_or(0, |place| (place + 1).min(last)), column))
        } else if pressed(Key::ArrowUp) {
            Some((place.map_or(last, |place| place.saturating_sub(1)), column))
        } else if pressed(Key::Home) {
            Some((0, column))
        } else if pressed(Key::End) {
            Some((last, column))
        } else if pressed(Key::ArrowRight) {
            Some((place.unwrap_or(0), (column + 1).min(columns.saturating_sub(1))))
        } else if pressed(Key::ArrowLeft) {
            Some((place.unwrap_or(0), column.saturating_sub(1)))
        } else {
            None
        };
        if let Some((place, column)) = to
            && let Some(row) = arranged.rows.get(place)
        {
            (self.cursor, self.scroll) = (Some((*row as usize, column)), true);
        }
        let Some((row, column)) = self.cursor else { return };
        if pressed(Key::Enter) {
            self.detail = !self.detail;
        } else if self.detail && pressed(Key::Escape) {
            self.detail = false;
        } else if pressed(Key::G) {
            mark(run, row, column, Mark::Good, out);
        } else if pressed(Key::B) {
            mark(run, row, column, Mark::Bad, out);
        } else if pressed(Key::N) {
            self.detail = true;
            self.note.write(column);
            // The letter is not the note's.
            ui.input_mut(|input| input.events.retain(|event| !matches!(event, egui::Event::Text(_))));
        }
    }
}

/// Marks an answer; the same mark again takes it away.
fn mark(run: &BenchRun, row: usize, column: usize, mark: Mark, out: &mut Commands) {
    let Some(cell) = run.cell(row, column) else { return };
    let mark = if cell.mark == mark { Mark::None } else { mark };
    out.push(BenchCommand::Mark { run: run.id, row, column, mark, note: cell.note.clone() });
}

fn is_running(cx: &Cx<'_>, run: &BenchRun) -> bool {
    cx.state.bench.running() == Some(run.id)
}

/// “Running, 12 of 40”, “Stopped after 12 of 40 answers”, “20 prompts, ended 3 min ago”.
fn how_it_goes(cx: &Cx<'_>, run: &BenchRun) -> String {
    let (done, all) = (run.done(), run.cells.len());
    let prompts = format::counted(run.rows(), "prompt", "prompts");
    if let Some((came, asked)) = cx.state.bench.progress().filter(|_| is_running(cx, run)) {
        if came >= asked {
            return "All answers are here. Looking which versions gave them…".to_owned();
        }
        return format!("{prompts} · {} of {} answers", format::count(done), format::count(all));
    }
    match run.ended {
        Some(ended) if done == all => format!("{prompts} · ended {}", format::relative_time(ended, cx.now)),
        _ => format!("{prompts} · stopped after {} of {} answers", format::count(done), format::count(all)),
    }
}

/// A trace where there is a server, in menus.
fn trace_of(cx: &Cx<'_>, run: &BenchRun, row: usize, column: usize) -> Option<Command> {
    let id = run.cell(row, column)?.trace_id.clone()?;
    cx.workspace().map(|_| Command::Go(Route::trace(id)))
}
