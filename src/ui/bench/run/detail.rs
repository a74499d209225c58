//! One row of a run: the prompt, and the answers side by side with what differs marked, their checks with the reasons,
//! and what a person thinks of them.

use std::ops::Range;

use egui::{Align, Key, Label, Layout, Margin, RichText, ScrollArea, TextEdit, Ui};

use super::{mark, trace_of};
use crate::state::bench::BenchCommand;
use crate::state::bench::arrange::RowDiff;
use crate::state::bench::result::{BenchRun, Cell, Mark};
use crate::state::bench::set::{Case, Prompt};
use crate::state::command::Commands;
use crate::state::format;
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::Markdown;

/// The note that is being written.
#[derive(Default)]
pub(super) struct NoteView {
    typed: Option<((usize, usize), String)>,
    /// The endpoint whose note takes the cursor.
    takes_focus: Option<usize>,
    markdown: Markdown,
}

/// What became of the detail.
pub(super) enum Answer {
    Open,
    Closed,
    /// This endpoint is the one that is looked at.
    Column(usize),
}

/// Least width of an answer.
const LEAST: f32 = 240.0;
/// Where an answer has less, its endpoint's name has a line of its own: cut off, names of one host would look alike.
const ONE_LINE: f32 = 320.0;

impl NoteView {
    /// The note of this endpoint is to be written.
    pub(super) fn write(&mut self, column: usize) {
        self.takes_focus = Some(column);
    }

    /// Draws it.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &BenchRun,
        (row, at): (usize, usize),
        out: &mut Commands,
    ) -> Answer {
        let Some(case) = run.set.cases.get(row) else { return Answer::Closed };
        let mut answer = Answer::Open;
        egui::Frame::new().inner_margin(Margin::symmetric(12, 8)).show(ui, |ui| {
            if head_ui(ui, row, case) {
                answer = Answer::Closed;
            }
            let diff = cx.state.bench.row_diff(run.id);
            let count = run.columns.len().max(1) as f32;
            let width = ((ui.available_width() - size::SPACE_M * (count - 1.0)) / count).max(LEAST);
            let height = ui.available_height();
            ScrollArea::horizontal().id_salt("bench answers").auto_shrink(false).show(ui, |ui| {
                ui.horizontal_top(|ui| {
                    ui.spacing_mut().item_spacing.x = size::SPACE_M;
                    for column in 0..run.columns.len() {
                        let clicked = ui
                            .allocate_ui_with_layout(
                                egui::vec2(width, height),
                                Layout::top_down(Align::Min),
                                |ui| {
                                    ui.set_width(width);
                                    ui.push_id(column, |ui| {
                                        self.column_ui(ui, cx, run, (row, column), (at, diff), out)
                                    })
                                    .inner
                                },
                            )
                            .inner;
                        if clicked {
                            answer = Answer::Column(column);
                        }
                    }
                });
            });
        });
        answer
    }

    /// `true`: it was clicked.
    fn column_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        run: &BenchRun,
        (row, column): (usize, usize),
        (at, diff): (usize, Option<&RowDiff>),
        out: &mut Commands,
    ) -> bool {
        let tokens = ui.tokens();
        let Some(of) = run.columns.get(column) else { return false };
        let cell = run.cell(row, column);
        let mut clicked = false;
        let name_ui = |ui: &mut Ui| {
            let text = theme::text::strong(of.name.as_str());
            let text = if at == column { text.color(tokens.accent.text) } else { text };
            ui.add(Label::new(text).truncate().sense(egui::Sense::CLICK)).clicked()
        };
        let narrow = ui.available_width() < ONE_LINE;
        if narrow {
            clicked = name_ui(ui);
        }
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                if let Some(cell) = cell {
                    buttons_ui(ui, cx, run, (row, column), cell, out);
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    if !narrow {
                        clicked = name_ui(ui);
                        ui.add_space(size::SPACE_S);
                    }
                    if let Some(cell) = cell {
                        ui.add(Label::new(theme::text::small(figures(cell))).truncate());
                    }
                });
            });
        });
        let Some(cell) = cell else {
            ui.label(theme::text::weak("No answer yet"));
            return clicked;
        };
        self.note_ui(ui, run, (row, column), cell, out);
        ScrollArea::vertical().id_salt("answer").auto_shrink(false).show(ui, |ui| {
            verdicts_ui(ui, run, row, cell);
            if let Some(why) = &cell.failure {
                ui.add(Label::new(RichText::new(why).color(tokens.failure.fg)).wrap().selectable(true));
            }
            for call in &cell.calls {
                ui.horizontal_wrapped(|ui| {
                    ui.spacing_mut().item_spacing.x = size::SPACE_XS;
                    ui.add(Icon::Tool.sized(size::ICON_SMALL).tint(tokens.text_weak).alt_text(""));
                    ui.label(theme::text::mono(call.name.as_str()));
                    ui.label(theme::text::small_mono(call.arguments.as_str()));
                });
            }
            let marks = marks_of(diff, run.columns.len(), column);
            let marks: Vec<Range<usize>> =
                marks.iter().map(|range| range.start as usize..range.end as usize).collect();
            self.markdown.show_marked(ui, &cell.answer, &marks, tokens.diff_bg);
            if cell.cut {
                ui.label(theme::text::small("… more came than is kept"));
            }
        });
        clicked
    }

    fn note_ui(
        &mut self,
        ui: &mut Ui,
        run: &BenchRun,
        place: (usize, usize),
        cell: &Cell,
        out: &mut Commands,
    ) {
        let (row, column) = place;
        let typing = self.typed.take_if(|(of, _)| *of == place);
        let mut typed = typing.map_or_else(|| cell.note.clone(), |(_, typed)| typed);
        let name = run.columns.get(column).map_or("", |column| column.name.as_str());
        let field = TextEdit::singleline(&mut typed).hint_text("Note").desired_width(f32::INFINITY);
        let field = ui.add(field).accessible_name(format!("Note on {name}"));
        if self.takes_focus.take_if(|wanted| *wanted == column).is_some() {
            field.request_focus();
        }
        if field.lost_focus() {
            let kept = !ui.input(|input| input.key_pressed(Key::Escape));
            if kept && typed != cell.note {
                out.push(BenchCommand::Mark { run: run.id, row, column, mark: cell.mark, note: typed });
            }
        } else if field.has_focus() {
            self.typed = Some((place, typed));
        }
    }
}

/// `true`: it was closed.
fn head_ui(ui: &mut Ui, row: usize, case: &Case) -> bool {
    let mut closed = false;
    ui.horizontal_top(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
            let close = theme::button::icon(Icon::Close, "Close the row");
            closed = ui.add(close).on_hover_text("Close").clicked();
            ui.with_layout(Layout::top_down(Align::Min), |ui| {
                ScrollArea::vertical().id_salt("prompt").max_height(66.0).auto_shrink([false, true]).show(
                    ui,
                    |ui| {
                        if let Prompt::Messages(messages) = &case.prompt {
                            for message in messages.iter().rev().skip(1).rev() {
                                let text = format!("{}: {}", message.role, message.content);
                                ui.add(Label::new(theme::text::small(text)).wrap());
                            }
                        }
                        let text = format!("{}. {}", row + 1, case.prompt.text());
                        ui.add(Label::new(theme::text::strong(text)).wrap().selectable(true));
                        if !case.expected.is_empty() {
                            let text = format!("Expected: {}", case.expected);
                            ui.add(Label::new(theme::text::weak(text)).wrap().selectable(true));
                        }
                    },
                );
            });
        });
    });
    ui.add_space(size::SPACE_XS);
    closed
}

/// What can be done with an answer, from the right.
fn buttons_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    run: &BenchRun,
    (row, column): (usize, usize),
    cell: &Cell,
    out: &mut Commands,
) {
    marks_ui(ui, run, (row, column), cell, out);
    let name = run.columns.get(column).map_or("", |column| column.name.as_str());
    let free = cx.state.bench.running().is_none();
    let again = theme::button::icon(Icon::Refresh, &format!("Ask {name} again"));
    if ui.add_enabled(free, again).on_hover_text("Ask again").clicked() {
        out.push(BenchCommand::Retry(run.id, row, column));
    }
    if let Some(open) = trace_of(cx, run, row, column) {
        let trace = theme::button::icon(Icon::Tree, &format!("Trace of {name}"));
        if ui.add(trace).on_hover_text("What the agent did").clicked() {
            out.push(open);
        }
    }
}

fn marks_ui(ui: &mut Ui, run: &BenchRun, (row, column): (usize, usize), cell: &Cell, out: &mut Commands) {
    let tokens = ui.tokens();
    let name = run.columns.get(column).map_or("", |column| column.name.as_str());
    let marks = [
        (Icon::Bad, Mark::Bad, "Bad", tokens.failure.fg),
        (Icon::Good, Mark::Good, "Good", tokens.success.fg),
    ];
    for (icon, wanted, word, color) in marks {
        let here = cell.mark == wanted;
        let image = icon.image().tint(if here { color } else { tokens.text_weak });
        let label = format!("{word} answer of {name}");
        let button = egui::Button::new(image.alt_text(label.as_str()))
            .frame_when_inactive(here)
            .selected(here)
            .min_size(egui::Vec2::splat(size::CONTROL));
        let key = if wanted == Mark::Good { "G" } else { "B" };
        if ui.add(button).on_hover_text(format!("{word} ({key})")).clicked() {
            mark(run, row, column, wanted, out);
        }
    }
}

fn verdicts_ui(ui: &mut Ui, run: &BenchRun, row: usize, cell: &Cell) {
    let tokens = ui.tokens();
    ui.spacing_mut().item_spacing.y = size::SPACE_XS;
    // Lines of text are as tall as text, not as a button.
    ui.spacing_mut().interact_size.y = ui.text_style_height(&egui::TextStyle::Body);
    let checks = run.set.cases.get(row).map(|case| case.checks.as_slice()).unwrap_or_default();
    for (check, verdict) in checks.iter().zip(&cell.verdicts) {
        let (icon, tint, word) = if verdict.passed {
            (Icon::Success, tokens.success, "Holds")
        } else {
            (Icon::Failure, tokens.failure, "Does not hold")
        };
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = size::SPACE_XS;
            ui.add(icon.sized(size::ICON_SMALL).tint(tint.fg).alt_text(word));
            ui.label(check.label());
            if !verdict.passed {
                ui.label(theme::text::weak(verdict.why.as_str()));
            }
        });
    }
    if !cell.verdicts.is_empty() {
        ui.add_space(size::SPACE_XS);
    }
}

/// `1.2 s, first token 300 ms, 210 tokens`
fn figures(cell: &Cell) -> String {
    let mut said = vec![format::duration(cell.total_ms as i64)];
    said.extend(cell.first_token_ms.map(|first| format!("first token {}", format::duration(first as i64))));
    said.extend(cell.usage.map(|usage| format::counted(usage.output as usize, "token", "tokens")));
    said.join(" · ")
}

/// What differs of an answer: of the base's only where there is one other.
fn marks_of(diff: Option<&RowDiff>, columns: usize, column: usize) -> &[Range<u32>] {
    let Some(diff) = diff else { return &[] };
    let other = |column: usize, side: usize| diff.marks.get(column).map_or(&[][..], |marks| &marks[side]);
    if column != diff.base {
        other(column, 0)
    } else if columns == 2 {
        other(1 - column, 1)
    } else {
        &[]
    }
}
