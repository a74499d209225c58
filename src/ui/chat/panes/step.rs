//! One step: the question across all panes, a line that sums the answers up, and each pane's answer below.

use egui::{Align, Align2, Layout, Rect, RichText, TextStyle, Ui, UiBuilder, pos2};

use super::Columns;
use crate::state::chat::{
    ChatCommand, Conversation, Difference, Figures, Step, Summing, Turn, fastest, sum_up,
};
use crate::state::command::Commands;
use crate::state::{Command, format};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;
use crate::ui::chat::messages::Tools;
use crate::ui::chat::turn::{self, Look, Marked};
use crate::ui::chat::{COLUMN, composer, footer, items, notes};

/// Draws it.
pub(super) fn step_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    panes: &[&Conversation],
    step: Step,
    columns: Columns,
    tools: &mut Tools<'_>,
) {
    ui.spacing_mut().item_spacing.y = size::SPACE_XS;
    ui.add_space(size::SPACE_M);
    let question = step.question(panes);
    if let Some(asked) = question
        && let Some(first) = panes.iter().find(|pane| step.turns(pane).any(|turn| turn.id == asked.id))
    {
        across_ui(ui, columns, |ui| {
            turn::ask_ui(ui, &look(asked, first, None), tools);
        });
    }
    across_ui(ui, columns, |ui| summary_ui(ui, cx, panes, step, tools.out));
    ui.add_space(size::SPACE_XS);
    let top = ui.next_widget_position().y;
    let mut bottom = top;
    for (at, pane) in panes.iter().enumerate() {
        let range = columns.range(at).shrink(size::SPACE_M);
        let rect = Rect::from_x_y_ranges(range, top..=f32::INFINITY);
        let mut column = ui
            .new_child(UiBuilder::new().id_salt(pane.id).max_rect(rect).layout(Layout::top_down(Align::Min)));
        column.set_width(range.span());
        column.spacing_mut().item_spacing.y = size::SPACE_S;
        column.shrink_clip_rect(Rect::from_x_y_ranges(columns.range(at), egui::Rangef::EVERYTHING));
        let mut own = Commands::default();
        let mut within = Tools {
            chat: tools.chat,
            textures: &mut *tools.textures,
            markdown: tools.markdown,
            composer: tools.composer,
            raw: tools.raw,
            traces: tools.traces,
            out: &mut own,
        };
        pane_ui(&mut column, cx, (panes, at), step, question.is_some(), &mut within);
        for command in own.take() {
            tools.out.push(match command {
                Command::Chat(command) => Command::Chat(ChatCommand::InPane(pane.id, Box::new(command))),
                other => other,
            });
        }
        bottom = bottom.max(column.min_rect().bottom());
    }
    ui.add_space(bottom - top + size::SPACE_S);
    let line = egui::Stroke::new(size::HAIRLINE, ui.tokens().hairline);
    for at in 1..panes.len() {
        ui.painter().vline(columns.range(at).min, top..=ui.next_widget_position().y, line);
    }
    ui.painter().hline(ui.max_rect().x_range(), ui.next_widget_position().y, line);
}

/// Something that spans the panes, as far as they are seen, in a column that can be read.
fn across_ui(ui: &mut Ui, columns: Columns, add: impl FnOnce(&mut Ui)) {
    let width = (columns.seen - 2.0 * size::SPACE_M).min(COLUMN);
    let top = ui.next_widget_position();
    let seen = ui.clip_rect().left().max(columns.left) + size::SPACE_M;
    let rect = Rect::from_min_size(pos2(seen, top.y), egui::vec2(width, f32::INFINITY));
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min)));
    child.set_width(width);
    add(&mut child);
    let height = child.min_rect().height();
    ui.add_space(height + ui.spacing().item_spacing.y);
}

fn look<'a>(turn: &'a Turn, conversation: &'a Conversation, marked: Option<Marked<'a>>) -> Look<'a> {
    let last = conversation.last_turn() == Some(turn.id);
    Look { turn, before: None, last, conversation, marked }
}

/// How an answer differs from the base's; and from which pane, of the base with one beside it.
fn difference<'a>(
    cx: &'a Cx<'_>,
    panes: &[&Conversation],
    at: usize,
    step: Step,
) -> Option<(&'a Difference, bool)> {
    let chat = &cx.state.chat;
    let base = panes.iter().position(|pane| Some(pane.id) == chat.base())?;
    let of_base = step.last(panes, base)?;
    if at != base {
        return chat.difference(of_base.id, step.last(panes, at)?.id).map(|found| (&**found, false));
    }
    // What only the base says can be marked where one other answer says what it does not.
    let other = (0..panes.len()).find(|other| *other != base).filter(|_| panes.len() == 2)?;
    chat.difference(of_base.id, step.last(panes, other)?.id).map(|found| (&**found, true))
}

fn pane_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    (panes, at): (&[&Conversation], usize),
    step: Step,
    asked: bool,
    tools: &mut Tools<'_>,
) {
    let pane = panes[at];
    let tokens = ui.tokens();
    let found = difference(cx, panes, at, step);
    let mut any = false;
    let last = step.last(panes, at).map(|turn| turn.id);
    for (index, turn) in step.turns(pane).enumerate() {
        any = true;
        let shown = found.filter(|_| cx.state.chat.marks && Some(turn.id) == last);
        let marked = shown.map(|(found, is_base)| Marked {
            words: if is_base { &found.base } else { &found.other },
            calls: (!is_base).then_some(&found.calls),
            fill: if is_base { tokens.failure.bg } else { tokens.success.bg },
        });
        let look = look(turn, pane, marked);
        ui.push_id(turn.id, |ui| {
            ui.spacing_mut().item_spacing.y = size::SPACE_S;
            if !asked || index > 0 {
                turn::ask_ui(ui, &look, tools);
            }
            turn::branches_ui(ui, &look, tools);
            for (index, row) in turn.answer.rows().into_iter().enumerate() {
                ui.push_id(index, |ui| items::row_ui(ui, &look, row, tools));
            }
            if !turn.answer.unknown_events.is_empty() {
                items::unknown_events_ui(ui, &turn.answer.unknown_events);
            }
            if turn.answer.is_over() {
                notes::notes_ui(ui, &look, tools.out);
            }
            // What was stopped may have called them yet.
            if let Some((found, false)) = shown
                && !found.not_called.is_empty()
                && !turn.can_retry()
            {
                let text = format!("Not called here: {}", found.not_called.join(", "));
                ui.add(egui::Label::new(RichText::new(text).small().color(tokens.warning.fg)).wrap());
            }
            if turn.answer.is_over() {
                compared_ui(ui, cx, panes, at, step);
                footer::footer_ui(ui, &look, tools);
            } else {
                turn::waiting_ui(ui, turn);
                let stop = theme::button::quiet((Icon::Stop.sized(size::ICON_SMALL).alt_text(""), "Stop"));
                let name = format!("Stop {}", cx.state.candidate(pane.address()).title);
                if ui.add(stop).accessible_name(name).clicked() {
                    tools.out.push(ChatCommand::Stop);
                }
            }
        });
    }
    if !any {
        ui.label(theme::text::weak("Not asked: it was busy, or came later"));
    }
}

/// How much slower it was than the quickest, and how many more tokens than the base it wrote.
fn compared_ui(ui: &mut Ui, cx: &Cx<'_>, panes: &[&Conversation], at: usize, step: Step) {
    let turns: Vec<Option<&Turn>> = (0..panes.len()).map(|pane| step.last(panes, pane)).collect();
    let Some((quickest, took)) = fastest(&turns) else { return };
    let Some(turn) = turns.get(at).copied().flatten() else { return };
    let tokens = ui.tokens();
    let figures = Figures::of(turn);
    let base = panes.iter().position(|pane| Some(pane.id) == cx.state.chat.base());
    let of_base = base.filter(|base| *base != at).and_then(|base| turns.get(base).copied().flatten());
    // As high where there is nothing to say, so that the figures below stand beside each other.
    let height = ui.text_style_height(&TextStyle::Small);
    ui.allocate_ui(egui::vec2(ui.available_width(), height), |ui| {
        ui.set_min_height(height);
        ui.spacing_mut().interact_size.y = height;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = size::SPACE_S;
            if quickest == at {
                ui.label(RichText::new("Fastest").small().color(tokens.success.fg));
            } else if let Some(more) = figures.slower_than(took) {
                ui.label(theme::text::small(format!("+{more} % time")));
            }
            if let Some((_, base)) = of_base.and_then(|turn| Figures::of(turn).tokens)
                && let Some((_, own)) = figures.tokens
                && base > 0
                && base != own
            {
                let percent = (own as f64 / base as f64 - 1.0) * 100.0;
                ui.label(theme::text::small(format!("{percent:+.0} % tokens").replace('-', "−")));
            }
        });
    });
}

/// One line about the answers: the same, different, or failed; which was the quickest.
fn summary_ui(ui: &mut Ui, cx: &Cx<'_>, panes: &[&Conversation], step: Step, out: &mut Commands) {
    let chat = &cx.state.chat;
    let turns: Vec<Option<&Turn>> = (0..panes.len()).map(|pane| step.last(panes, pane)).collect();
    let base = panes.iter().position(|pane| Some(pane.id) == chat.base()).unwrap_or(0);
    let of_base = turns.get(base).copied().flatten();
    let others = turns.iter().enumerate().filter(|(at, turn)| *at != base && turn.is_some());
    let differences: Vec<Option<&Difference>> = others
        .map(|(_, turn)| of_base.zip(*turn).and_then(|(base, turn)| chat.difference(base.id, turn.id)))
        .map(|found| found.map(|found| &**found))
        .collect();
    let tokens = ui.tokens();
    let summing = sum_up(&turns, &differences);
    let (icon, text, color) = match &summing {
        Summing::Running => {
            let done = turns.iter().flatten().filter(|turn| turn.answer.is_over()).count();
            (
                Icon::Running,
                format!("{done} of {} answered", turns.iter().flatten().count()),
                tokens.text_weak,
            )
        }
        Summing::Same => (Icon::Check, "Same".to_owned(), tokens.success.fg),
        Summing::Differs(what) => (Icon::Compare, format!("Differs: {}", what.join(" and ")), tokens.text),
        Summing::Failed(failed) => {
            let of = turns.iter().flatten().count();
            (Icon::Failure, format!("Failed: {failed} of {of}"), tokens.failure.fg)
        }
        Summing::Open => (Icon::Info, String::new(), tokens.text_weak),
    };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        ui.set_min_height(size::CONTROL);
        if !text.is_empty() {
            ui.add(icon.sized(size::ICON_SMALL).tint(color).alt_text(""));
            ui.label(RichText::new(text).small().color(color));
        }
        if let Some((at, took)) = fastest(&turns)
            && let Some(pane) = panes.get(at)
        {
            let took = format::duration(i64::try_from(took.as_millis()).unwrap_or(i64::MAX));
            let title = cx.state.candidate(pane.address()).title;
            ui.label(theme::text::small(format!("· fastest: {title}, {took}")));
        }
        if !chat.is_running() && turns.iter().flatten().count() > 1 {
            let again = theme::button::icon(Icon::Refresh, "Regenerate all");
            if ui.add(again).on_hover_text("Ask all of them again. These answers stay as branches").clicked()
            {
                out.push(ChatCommand::RegenerateStep(step.0));
            }
        }
    });
}

/// Before the first question.
pub(super) fn empty_ui(ui: &mut Ui, cx: &Cx<'_>, columns: Columns, out: &mut Commands) {
    let room = ui.available_rect_before_wrap();
    let wanted = egui::vec2((columns.seen - 2.0 * size::SPACE_L).min(COLUMN), 120.0);
    let seen =
        Rect::from_min_size(pos2(ui.clip_rect().left(), room.top()), egui::vec2(columns.seen, room.height()));
    let rect = Align2::CENTER_CENTER.align_size_within_rect(wanted, seen);
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min)));
    composer::first_words_ui(&mut child, &cx.state.chat, out);
    child.add_space(size::SPACE_S);
    child.label(theme::text::weak("All panes are asked at once, and each remembers what it said itself"));
}
