//! The log of a model that is served here, while it is written.

use egui::{Align, Context, Frame, Label, Layout, RichText, ScrollArea, TextEdit, Ui};

use super::list::{buttons_ui, phase_ui};
use crate::agent::serve::Diagnosis;
use crate::state::Command;
use crate::state::command::Commands;
use crate::state::format;
use crate::state::serve::{Phase, ServeCommand, Served};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::form::{dialog_ui, failed_ui};

/// Wide enough for a line of a traceback.
const WIDTH: f32 = 960.0;
/// Part of the window's height that the lines take.
const HEIGHT: f32 = 0.5;

/// What is searched for, and what was found.
#[derive(Default)]
pub(super) struct LogView {
    of: u64,
    search: String,
    /// The log's revision and the text that `rows` belong to.
    seen: Option<(u64, String)>,
    rows: Vec<usize>,
}

impl LogView {
    /// Draws the log that is shown, if one is.
    pub(super) fn show(&mut self, ctx: &Context, cx: &Cx<'_>, out: &mut Commands) {
        let Some(served) = cx.state.serve.shown() else { return };
        if self.of != served.id {
            *self = Self { of: served.id, ..Self::default() };
        }
        let (closed, beside) = dialog_ui(ctx, "served log", WIDTH, |ui| self.content_ui(ui, served, out));
        if closed || beside {
            out.push(ServeCommand::ShowLog(None));
        }
    }

    /// `true`: it was closed.
    fn content_ui(&mut self, ui: &mut Ui, served: &Served, out: &mut Commands) -> bool {
        let closed = head_ui(ui, served);
        if let Phase::Failed(why) = &served.phase {
            failed_ui(ui, &told(why));
        }
        self.tools_ui(ui, served, out);
        self.find(served);
        self.lines_ui(ui, served);
        ui.add_space(size::SPACE_S);
        buttons_ui(ui, served, false, out);
        closed
    }

    fn tools_ui(&mut self, ui: &mut Ui, served: &Served, out: &mut Commands) {
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let copy = theme::button::default((Icon::Copy.image().alt_text(""), "Copy log"));
                if ui.add(copy).on_hover_text("Copies the lines that are shown").clicked() {
                    let lines: Vec<&str> = self.rows.iter().filter_map(|at| served.log.line(*at)).collect();
                    out.push(Command::Copy(lines.join("\n"), "the log"));
                }
                let lines = format::counted(self.rows.len(), "line", "lines");
                ui.label(theme::text::small(lines));
                let field = TextEdit::singleline(&mut self.search).hint_text("Search the log");
                ui.add(field.desired_width(ui.available_width())).accessible_name("Search the log");
            });
        });
        ui.add_space(size::SPACE_XS);
    }

    /// Searches only when there is something new.
    fn find(&mut self, served: &Served) {
        let now = (served.log.revision(), self.search.clone());
        if self.seen.as_ref() != Some(&now) {
            self.rows = served.log.find(&self.search);
            self.seen = Some(now);
        }
    }

    fn lines_ui(&self, ui: &mut Ui, served: &Served) {
        let height = (ui.ctx().content_rect().height() * HEIGHT).max(8.0 * size::ROW);
        let row = ui.text_style_height(&egui::TextStyle::Monospace);
        Frame::new().fill(ui.tokens().code_bg).corner_radius(size::RADIUS).inner_margin(size::SPACE_S).show(
            ui,
            |ui| {
                ui.set_min_size(egui::vec2(ui.available_width(), height));
                ui.spacing_mut().item_spacing.y = 2.0;
                let area = ScrollArea::both().id_salt(("served log", served.id)).max_height(height);
                area.auto_shrink(false).stick_to_bottom(true).show_rows(
                    ui,
                    row,
                    self.rows.len(),
                    |ui, rows| {
                        for at in self.rows.get(rows).unwrap_or_default() {
                            let line = served.log.line(*at).unwrap_or_default();
                            ui.add(Label::new(theme::text::mono(line)).extend());
                        }
                    },
                );
            },
        );
        if served.log.dropped() > 0 {
            let dropped = format::count(served.log.dropped() as usize);
            ui.label(theme::text::small(format!("{dropped} older lines are not kept")));
        }
    }
}

fn head_ui(ui: &mut Ui, served: &Served) -> bool {
    let closed = ui
        .horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let close = theme::button::icon(Icon::Close, "Close the log");
                let closed = ui.add(close).on_hover_text("Close. It goes on running").clicked();
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(Label::new(theme::text::title(served.title())).truncate());
                    phase_ui(ui, served);
                    ui.label(theme::text::small_mono(served.address()));
                });
                closed
            })
            .inner
        })
        .inner;
    let command = served.spec.command.join(" ");
    let text = RichText::new(&command).small().color(ui.tokens().text_weak);
    ui.add(Label::new(text).truncate()).on_hover_text(&command);
    ui.add_space(size::SPACE_S);
    closed
}

fn told(why: &Diagnosis) -> String {
    let line = why.line.as_deref().map(|line| format!("\n{line}")).unwrap_or_default();
    format!("{}. {}{line}", why.what, why.advice)
}
