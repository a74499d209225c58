//! The rows of an answer: messages, reasoning, tool calls with their outputs, approvals, and what nobody knows.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use egui::{Align, Color32, Layout, RichText, Ui};

use super::boxed;
use super::fold::{fold_ui, fold_with_ui};
use super::messages::Tools;
use super::turn::Look;
use crate::agent::wire::{
    Annotation, ApprovalRequest, Item, ItemBody, ItemStatus, Part, Reasoning, ToolCall, values_of,
};
use crate::agent::{Row, UnknownEvent};
use crate::entities::TraceValue;
use crate::state::chat::{CallChange, ChatCommand, Mark, Turn};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::widgets;

/// Draws a row.
pub(super) fn row_ui(ui: &mut Ui, look: &Look<'_>, row: Row<'_>, tools: &mut Tools<'_>) {
    match row {
        Row::Call { call, output } => call_ui(ui, look, call, output),
        Row::Item(item) => match &item.body {
            ItemBody::Message { parts, .. } => {
                let place = place_of(look.turn, item);
                for (index, part) in parts.iter().enumerate() {
                    let marked = look.marked.and_then(|marked| {
                        let of_it = |mark: &&Mark| Some(mark.place) == place && mark.part == index;
                        let words = marked.words.iter().find(of_it)?;
                        Some((words.ranges.as_slice(), marked.fill))
                    });
                    ui.push_id(index, |ui| part_ui(ui, part, marked, tools));
                }
            }
            ItemBody::Reasoning(reasoning) => reasoning_ui(ui, look.turn, item, reasoning, tools),
            ItemBody::Approval(request) => approval_ui(ui, look, item, request, tools),
            ItemBody::Output(output) => {
                fold_ui(ui, "output", Icon::Tool, "Output of an unknown call", |ui| {
                    data_ui(ui, &output.output);
                });
            }
            ItemBody::Call(_) => call_ui(ui, look, item, None),
            ItemBody::Other => other_ui(ui, item),
        },
    }
}

/// Where an item stands in the answer.
fn place_of(turn: &Turn, item: &Item) -> Option<usize> {
    turn.answer.items.iter().position(|other| std::ptr::eq(other.as_ref(), item))
}

/// `marked`: stretches of the text, in bytes, and their ground.
fn part_ui(ui: &mut Ui, part: &Part, marked: Option<(&[Range<usize>], Color32)>, tools: &mut Tools<'_>) {
    match part {
        Part::Text { text, annotations } => {
            if !text.is_empty() {
                match marked {
                    Some((ranges, fill)) => tools.markdown.show_marked(ui, text, ranges, fill),
                    None => tools.markdown.show(ui, text),
                }
            }
            sources_ui(ui, annotations, tools);
        }
        Part::Refusal(refusal) => {
            let tint = ui.tokens().warning;
            boxed(ui, tint.bg).show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.horizontal(|ui| {
                    ui.add(Icon::Warning.sized(size::ICON_SMALL).tint(tint.fg).alt_text(""));
                    ui.label(RichText::new("The agent refused").color(tint.fg));
                });
                ui.add(egui::Label::new(refusal).wrap().selectable(true));
            });
        }
        Part::Other(raw) => {
            fold_ui(ui, "part", Icon::Code, "Content of another kind", |ui| data_ui(ui, raw.as_str()));
        }
    }
}

fn sources_ui(ui: &mut Ui, annotations: &[Annotation], tools: &mut Tools<'_>) {
    if annotations.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.label(theme::text::small("Sources"));
        for (index, annotation) in annotations.iter().enumerate().take(MOST_SOURCES) {
            let url = annotation.url.as_deref();
            let title = annotation.title.as_deref().or(url).unwrap_or(&annotation.kind);
            ui.push_id(index, |ui| match url {
                Some(url) => widgets::link_ui(ui, title, url, tools.out),
                None => {
                    ui.label(theme::text::small(title));
                }
            });
        }
    });
}

fn reasoning_ui(ui: &mut Ui, turn: &Turn, item: &Item, reasoning: &Reasoning, tools: &mut Tools<'_>) {
    let took = place_of(turn, item).and_then(|place| turn.reasoning.get(&place));
    let title = match took {
        Some(took) => format!("Reasoning · {}", seconds(*took)),
        None if item.is_open() => "Reasoning…".to_owned(),
        None => "Reasoning".to_owned(),
    };
    let texts = || reasoning.summary.iter().chain(&reasoning.text).filter(|text| !text.is_empty());
    fold_ui(ui, "reasoning", Icon::Reasoning, &title, |ui| {
        if texts().next().is_none() {
            let what =
                if reasoning.encrypted.is_some() { "Kept secret by the model" } else { "Nothing was said" };
            ui.label(theme::text::weak(what));
        }
        for (index, text) in texts().enumerate() {
            ui.push_id(index, |ui| tools.markdown.show(ui, text));
        }
    });
}

fn call_ui(ui: &mut Ui, look: &Look<'_>, item: &Item, output: Option<&Item>) {
    let turn = look.turn;
    let ItemBody::Call(call) = &item.body else { return };
    let said = match output.map(|output| &output.body) {
        Some(ItemBody::Output(output)) => Some(output.output.as_str()),
        _ => call.output.as_deref(),
    };
    let failed = call.error.is_some() || item.status == ItemStatus::Failed;
    let name = if call.name.is_empty() { "A tool" } else { &call.name };
    let title = match &call.server {
        Some(server) => format!("{name} on {server}"),
        None => name.to_owned(),
    };
    let tokens = ui.tokens();
    let (word, color) = match said {
        _ if failed => ("failed", tokens.failure.fg),
        Some(_) => ("done", tokens.text_weak),
        None if turn.answer.is_over() => ("no output", tokens.text_weak),
        None => ("running…", tokens.info.fg),
    };
    let change = look.marked.and_then(|marked| marked.calls?.get(&place_of(turn, item)?).copied());
    let end = |ui: &mut Ui| {
        if let Some(change) = change {
            let word = match change {
                CallChange::Added => "only here",
                CallChange::Arguments => "other arguments",
            };
            ui.label(RichText::new(word).small().color(tokens.warning.fg));
            ui.label(theme::text::small("·"));
        }
        ui.label(RichText::new(word).small().color(color));
    };
    fold_with_ui(ui, "call", Icon::Tool, &title, end, |ui| call_body_ui(ui, call, said));
}

fn call_body_ui(ui: &mut Ui, call: &ToolCall, said: Option<&str>) {
    ui.push_id("arguments", |ui| {
        ui.label(theme::text::label("Arguments"));
        data_ui(ui, &call.arguments);
    });
    if let Some(error) = &call.error {
        let color = ui.tokens().failure.fg;
        ui.label(RichText::new("Error").small().color(color));
        ui.add(egui::Label::new(RichText::new(error).color(color)).wrap().selectable(true));
    }
    if let Some(said) = said {
        ui.push_id("output", |ui| {
            ui.label(theme::text::label("Output"));
            data_ui(ui, said);
        });
    }
}

fn approval_ui(ui: &mut Ui, look: &Look<'_>, item: &Item, request: &ApprovalRequest, tools: &mut Tools<'_>) {
    let tint = ui.tokens().info;
    boxed(ui, ui.tokens().raised_bg).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_wrapped(|ui| {
            ui.add(Icon::Lock.sized(size::ICON_SMALL).tint(tint.fg).alt_text(""));
            ui.label(format!("The agent asks to run {} on {}", request.name, request.server));
        });
        data_ui(ui, &request.arguments);
        let Some(id) = item.id.as_deref() else {
            ui.label(theme::text::weak("It has no id and cannot be answered"));
            return;
        };
        let open = look.last && !look.conversation.is_running();
        match look.conversation.decisions.get(id).filter(|_| look.last) {
            Some(true) => drop(ui.label(theme::text::weak("Approved. Decide about the others to send it"))),
            Some(false) => drop(ui.label(theme::text::weak("Denied. Decide about the others to send it"))),
            None if open => decide_ui(ui, id, tools),
            None => {}
        }
    });
}

fn decide_ui(ui: &mut Ui, id: &str, tools: &mut Tools<'_>) {
    ui.horizontal(|ui| {
        for (word, approve) in [("Approve", true), ("Deny", false)] {
            let clicked = if approve {
                ui.add(theme::button::primary(word)).clicked()
            } else {
                ui.add(theme::button::default(word)).clicked()
            };
            if clicked {
                tools.out.push(ChatCommand::Decide { request: id.to_owned(), approve });
            }
        }
    });
}

fn other_ui(ui: &mut Ui, item: &Item) {
    let kind = if item.kind.is_empty() { "an item without a type" } else { &item.kind };
    fold_ui(ui, "other", Icon::Code, kind, |ui| {
        if let Some(raw) = &item.raw {
            data_ui(ui, raw.as_str());
        }
    });
}

/// Events that nobody knows, folded.
pub(super) fn unknown_events_ui(ui: &mut Ui, events: &[UnknownEvent]) {
    let title = crate::state::format::counted(events.len(), "unknown event", "unknown events");
    fold_ui(ui, "unknown events", Icon::Code, &title, |ui| {
        for (index, event) in events.iter().enumerate().take(MOST_EVENTS) {
            ui.push_id(index, |ui| {
                ui.label(theme::text::small_mono(event.kind.as_str()));
                data_ui(ui, event.raw.as_str());
            });
        }
    });
}

/// JSON as a tree, other text as it is.
pub(super) fn data_ui(ui: &mut Ui, text: &str) {
    let Some(value) = values(ui, text) else { return widgets::code_ui(ui, text, "") };
    widgets::code_frame(ui).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
            let copy = theme::button::quiet(Icon::Copy.sized(size::ICON_SMALL).alt_text("Copy the data"));
            if ui.add(copy).on_hover_text("Copy the data").clicked() {
                ui.copy_text(value.to_pretty_json());
            }
            ui.with_layout(Layout::top_down(Align::Min), |ui| {
                ui.add_space(size::SPACE_XS);
                widgets::data_ui(ui, "data", &value);
                ui.add_space(size::SPACE_XS);
            });
        });
    });
}

/// What JSON text holds, read once.
fn values(ui: &Ui, text: &str) -> Option<Arc<TraceValue>> {
    type Read = (u64, Option<Arc<TraceValue>>);
    let (id, hash) = (ui.scope_id().with("values"), egui::util::hash(text));
    if let Some((of, value)) = ui.data(|data| data.get_temp::<Read>(id))
        && of == hash
    {
        return value;
    }
    let value = values_of(text).map(Arc::new);
    ui.data_mut(|data| data.insert_temp::<Read>(id, (hash, value.clone())));
    value
}

/// `0.4 s`, `12 s`.
pub(super) fn seconds(time: Duration) -> String {
    crate::state::format::duration(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

/// More sources than this are noise.
const MOST_SOURCES: usize = 40;
/// More events than this hold up the frame.
const MOST_EVENTS: usize = 50;
