//! The figures of a run, a line for each endpoint.

use egui::{Align, Label, Layout, Margin, Response, RichText, ScrollArea, Ui};

use crate::state::bench::BenchCommand;
use crate::state::bench::arrange::{Arranged, Arrangement};
use crate::state::bench::result::{BenchRun, Column};
use crate::state::bench::summary::{AgainstCounts, ColumnSummary, Spread};
use crate::state::command::Commands;
use crate::state::format;
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::alias_version_ui;

/// Draws it.
pub(super) fn show(ui: &mut Ui, cx: &Cx<'_>, run: &BenchRun, arranged: &Arranged, out: &mut Commands) {
    let margin = Margin { left: 12, right: 12, top: 0, bottom: 8 };
    egui::Frame::new().inner_margin(margin).show(ui, |ui| {
        ScrollArea::horizontal().id_salt("bench summary").auto_shrink([false, true]).show(ui, |ui| {
            let grid = egui::Grid::new(("bench summary", run.id));
            let grid = grid.min_row_height(size::ROW).spacing([size::SPACE_L, 0.0]);
            grid.show(ui, |ui| {
                head_ui(ui, run.columns.len() > 1);
                for (at, column) in run.columns.iter().enumerate() {
                    let Some(summary) = arranged.columns.get(at) else { continue };
                    name_ui(ui, cx, run, at, out);
                    version_ui(ui, run, column);
                    counts_ui(ui, summary);
                    if run.columns.len() > 1 {
                        let counts = arranged.counts.get(at).copied().unwrap_or_default();
                        against_ui(ui, arranged.by.base == at, counts);
                    }
                    spreads_ui(ui, summary);
                    ui.end_row();
                }
            });
        });
    });
}

fn head_ui(ui: &mut Ui, compared: bool) {
    let words = [("Endpoint", "Whom the prompts were asked"), ("Version", "Which version answered")];
    for (head, hint) in words {
        ui.label(theme::text::label(head)).on_hover_text(hint);
    }
    let counts = [
        ("Passed", "Answers that came, whose checks hold, and that nobody marked as bad"),
        ("Checks", "Checks that hold"),
        ("Failed", "Answers that did not come, or not as a whole"),
    ];
    for (head, hint) in counts {
        right_ui(ui, theme::text::label(head)).on_hover_text(hint);
    }
    // Before the times: a small window cuts the last columns off.
    if compared {
        ui.label(theme::text::label("Against the base")).on_hover_text("Compared prompt by prompt");
    }
    let spreads = [
        ("Median", "Half of the whole answers took less"),
        ("Middle half", "A quarter took less, and a quarter more"),
        ("90 %", "Nine of ten took less"),
        ("Min–max", "The quickest and the slowest"),
        ("First token", "Half had begun by then"),
        ("Tokens", "Written per answer, in the middle"),
    ];
    for (head, hint) in spreads {
        right_ui(ui, theme::text::label(head)).on_hover_text(hint);
    }
    ui.end_row();
}

fn name_ui(ui: &mut Ui, cx: &Cx<'_>, run: &BenchRun, at: usize, out: &mut Commands) {
    let Some(column) = run.columns.get(at) else { return };
    ui.horizontal(|ui| {
        ui.set_max_width(260.0);
        let wanted = cx.state.bench.wanted();
        if run.columns.len() > 1 {
            let base = ui.radio(wanted.base == at, "").on_hover_text("Compare the others with this one");
            if base.accessible_name(format!("Base {}", column.name)).clicked() {
                out.push(BenchCommand::Arrange(Arrangement { base: at, ..wanted.clone() }));
            }
        }
        ui.add(Label::new(theme::text::strong(column.name.as_str())).truncate()).on_hover_text(&column.url);
    });
}

fn version_ui(ui: &mut Ui, run: &BenchRun, column: &Column) {
    let tokens = ui.tokens();
    if let Some((before, after)) = column.changed() {
        let text = RichText::new(format!("v{before} → v{after}")).color(tokens.warning.fg);
        let why = column.doubt().unwrap_or_default();
        ui.label(text).on_hover_text(format!("{why}. These answers are no evidence for either"));
        return;
    }
    // While it runs, what was seen at the start is what there is.
    let seen = column.version().or(column.before.version.filter(|_| run.ended.is_none()));
    match (seen, column.model.as_ref().and_then(|model| model.alias.as_deref())) {
        (Some(version), Some(alias)) => {
            alias_version_ui(ui, alias, version).on_hover_text(column.before.describe());
        }
        (Some(version), None) => {
            ui.label(format!("v{version}")).on_hover_text(column.before.describe());
        }
        (None, _) => {
            let why = column.doubt().unwrap_or_else(|| "It is not known which version answers".to_owned());
            let why = format!("{why}. These answers are no evidence for a version");
            ui.horizontal(|ui| {
                ui.add(Icon::Help.sized(size::ICON_SMALL).tint(tokens.text_weak).alt_text(""));
                ui.label(theme::text::weak("not known"));
            })
            .response
            .on_hover_text(why);
        }
    }
}

fn counts_ui(ui: &mut Ui, summary: &ColumnSummary) {
    let tokens = ui.tokens();
    let done = summary.done();
    number_ui(ui, &format!("{} of {}", format::count(summary.good), format::count(done)));
    let checks = summary.checks_passed + summary.checks_failed;
    if checks == 0 {
        right_ui(ui, theme::text::weak("–"));
    } else {
        number_ui(ui, &format!("{} of {}", format::count(summary.checks_passed), format::count(checks)));
    }
    let failed = theme::text::number(format::count(summary.failed));
    right_ui(ui, failed.color(if summary.failed == 0 { tokens.text_weak } else { tokens.failure.fg }));
}

fn spreads_ui(ui: &mut Ui, summary: &ColumnSummary) {
    let time = summary.total_ms;
    spread_ui(ui, time, |spread| ms(spread.median));
    spread_ui(ui, time, |spread| format!("{} – {}", ms(spread.q1), ms(spread.q3)));
    spread_ui(ui, time, |spread| ms(spread.p90));
    spread_ui(ui, time, |spread| format!("{} – {}", ms(spread.min), ms(spread.max)));
    spread_ui(ui, summary.first_token_ms, |spread| ms(spread.median));
    spread_ui(ui, summary.output_tokens, |spread| format::count(spread.median.round() as usize));
}

fn number_ui(ui: &mut Ui, text: &str) {
    right_ui(ui, theme::text::number(text));
}

/// At the right of its column, where figures can be read against those above and below.
fn right_ui(ui: &mut Ui, text: RichText) -> Response {
    // Never in two lines: until the next frame the column is as wide as what stood there before.
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.add(Label::new(text).extend())).inner
}

/// A figure, with how many values it is of on hover.
fn spread_ui(ui: &mut Ui, spread: Option<Spread>, text: impl Fn(&Spread) -> String) {
    match spread {
        Some(spread) => {
            let of = format::counted(spread.n, "answer", "answers");
            right_ui(ui, theme::text::number(text(&spread))).on_hover_text(format!("Of {of}"));
        }
        None => {
            right_ui(ui, theme::text::weak("–"));
        }
    }
}

fn against_ui(ui: &mut Ui, is_base: bool, counts: AgainstCounts) {
    if is_base {
        ui.label(theme::text::weak("base"));
        return;
    }
    let tokens = ui.tokens();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = size::SPACE_S;
        ui.label(format!("{} of {} same", format::count(counts.same), format::count(counts.compared)));
        let said = [
            (counts.regressed, "regressed", tokens.failure.fg),
            (counts.fixed, "fixed", tokens.success.fg),
            (counts.slower, "slower", tokens.warning.fg),
            (counts.faster, "faster", tokens.success.fg),
        ];
        for (count, word, color) in said.into_iter().filter(|(count, ..)| *count > 0) {
            ui.colored_label(color, format!("{} {word}", format::count(count)));
        }
    });
}

/// Milliseconds as a duration.
pub(super) fn ms(value: f64) -> String {
    format::duration(value.round() as i64)
}
