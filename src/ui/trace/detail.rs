//! The chosen span: what went wrong, what it was given and gave, what else is known of it.

use egui::{Align, Frame, Id, Label, Layout, Margin, RichText, ScrollArea, Stroke, Ui};

use super::feedback::assessment_ui;
use super::look::{nanos, type_label, type_look};
use crate::entities::{Span, SpanEvent, SpanStatus, TraceValue};
use crate::state::command::Commands;
use crate::state::traces::messages::{Message, Part, messages};
use crate::state::traces::{Node, ShownTrace, TracePage};
use crate::state::{Command, format};
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::Cx;
use crate::ui::widgets::{Markdown, code_ui, data_text_ui, data_ui, heading_ui, status_ui, switch_ui};

/// A text of a message that is longer is not read as Markdown, in bytes.
const MARKDOWN: usize = 50_000;

/// What is chosen of the detail: chats are shown as such, or as data.
#[derive(Default)]
pub(super) struct DetailView {
    as_data: bool,
    markdown: Markdown,
}

impl DetailView {
    /// Draws it.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        page: &TracePage,
        shown: &ShownTrace,
        out: &mut Commands,
    ) {
        let at = page.selected();
        let (Some(node), Some(span)) = (shown.tree.nodes().get(at), shown.span(at)) else { return };
        ScrollArea::vertical().id_salt(("span", &span.span_id)).auto_shrink(false).show(ui, |ui| {
            let margin = Margin { left: size::SPACE_L as i8, right: size::SPACE_L as i8, top: 4, bottom: 24 };
            Frame::new().inner_margin(margin).show(ui, |ui| {
                ui.set_width(ui.available_width());
                title_ui(ui, node, span, out);
                let below = &shown.tree.nodes()[at + 1..node.end.max(at + 1)];
                failure_ui(ui, span, below.iter().any(|node| node.failed));
                ui.push_id("inputs", |ui| self.section_ui(ui, "Inputs", span.inputs.as_ref(), out));
                ui.push_id("outputs", |ui| self.section_ui(ui, "Outputs", span.outputs.as_ref(), out));
                events_ui(ui, span, shown);
                attributes_ui(ui, span, out);
                assessments_ui(ui, cx, page, span, node.depth == 0);
            });
        });
    }

    fn section_ui(
        &mut self,
        ui: &mut Ui,
        title: &'static str,
        value: Option<&TraceValue>,
        out: &mut Commands,
    ) {
        let Some(value) = value else { return };
        let chat = messages(value);
        title_row_ui(ui, title, None, |ui| {
            copy_ui(ui, title, value, out);
            if chat.is_some() {
                // From right to left.
                let choices = [(true, "Data"), (false, "Chat")];
                if let Some(as_data) = switch_ui(ui, title, self.as_data, &choices) {
                    self.as_data = as_data;
                }
            }
        });
        match chat.filter(|_| !self.as_data) {
            Some(messages) => {
                for (at, message) in messages.iter().enumerate() {
                    ui.push_id(at, |ui| self.message_ui(ui, message));
                }
            }
            None => boxed(ui, |ui| data_ui(ui, title, value)),
        }
    }

    fn message_ui(&mut self, ui: &mut Ui, message: &Message<'_>) {
        let tokens = ui.tokens();
        let icon = match message.role {
            "user" | "human" => Icon::User,
            "system" | "developer" => Icon::Settings,
            "tool" | "function" => Icon::Tool,
            "reasoning" => Icon::Reasoning,
            _ => Icon::Agent,
        };
        let fill = if matches!(message.role, "user" | "human") { tokens.accent.tint } else { tokens.code_bg };
        Frame::new()
            .fill(fill)
            .stroke(Stroke::new(size::HAIRLINE, tokens.hairline))
            .corner_radius(size::RADIUS)
            .inner_margin(Margin::symmetric(size::SPACE_M as i8, 6))
            .show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = size::SPACE_XS;
                    ui.spacing_mut().interact_size.y = size::ICON;
                    ui.add(icon.sized(size::ICON_SMALL).tint(tokens.text_weak).alt_text(""));
                    ui.label(theme::text::label(role(message.role)));
                });
                for (at, part) in message.parts.iter().enumerate() {
                    ui.push_id(at, |ui| self.part_ui(ui, part));
                }
                if message.parts.is_empty() {
                    ui.label(theme::text::weak("Nothing was said"));
                }
            });
    }

    fn part_ui(&mut self, ui: &mut Ui, part: &Part<'_>) {
        match part {
            Part::Text(text) if text.len() > MARKDOWN => {
                data_text_ui(ui, ui.scope_id().with("long"), text, 0.0);
            }
            Part::Text(text) => self.markdown.show(ui, text),
            Part::Call { name, arguments } => {
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = size::SPACE_XS;
                    let tint = ui.tokens().text_weak;
                    ui.add(Icon::Tool.sized(size::ICON_SMALL).tint(tint).alt_text("calls"));
                    ui.label(theme::text::strong(*name));
                });
                data_ui(ui, "arguments", arguments);
            }
            Part::Data(value) => data_ui(ui, "part", value),
        }
    }
}

fn role(role: &str) -> String {
    let mut chars = role.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn title_ui(ui: &mut Ui, node: &Node, span: &Span, out: &mut Commands) {
    let tokens = ui.tokens();
    let (icon, tint) = type_look(&span.span_type, tokens);
    ui.horizontal(|ui| {
        ui.set_height(size::CONTROL);
        ui.spacing_mut().item_spacing.x = size::SPACE_S;
        ui.add(icon.tinted(tint.fg).alt_text(""));
        let others = 160.0;
        ui.scope(|ui| {
            ui.set_max_width((ui.available_width() - others).max(60.0));
            ui.add(Label::new(theme::text::title(&span.name)).truncate().selectable(true))
                .on_hover_text(&span.name);
        });
        let label = type_label(&span.span_type);
        if !label.is_empty() {
            ui.label(theme::text::small(label));
        }
        if span.status == SpanStatus::Error {
            status_ui(ui, Icon::Failure, "Error", tokens.failure);
        }
    });
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().interact_size.y = size::ICON;
        let took = node.duration_ns.map_or_else(|| "still running".to_owned(), nanos);
        let began = match node.start_ns {
            0 => "at the start".to_owned(),
            later => format!("after {}", nanos(later)),
        };
        let text = format!("{took}, {began}");
        ui.label(theme::text::small(text));
        let id = Label::new(theme::text::small_mono(&span.span_id)).sense(egui::Sense::click());
        let id = ui.add(id).on_hover_cursor(egui::CursorIcon::PointingHand);
        if id.on_hover_text("Span id. Click to copy").clicked() {
            out.push(Command::Copy(span.span_id.clone(), "span id"));
        }
    });
}

/// A section's heading with something at its right end.
fn title_row_ui(ui: &mut Ui, title: &str, count: Option<usize>, end: impl FnOnce(&mut Ui)) {
    ui.add_space(size::SPACE_M);
    ui.horizontal(|ui| {
        ui.set_height(size::CONTROL);
        ui.label(theme::text::strong(title));
        if let Some(count) = count {
            ui.label(theme::text::small(format::count(count)));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), end);
    });
}

/// The whole of it: JSON as such, a text as it is.
fn copy_ui(ui: &mut Ui, title: &str, value: &TraceValue, out: &mut Commands) {
    let name = format!("Copy {}", title.to_lowercase());
    let button = theme::button::quiet(Icon::Copy.sized(size::ICON_SMALL).alt_text(&name));
    if ui.add(button).on_hover_text(&name).clicked() {
        let text = value.as_text().map_or_else(|| value.to_pretty_json(), str::to_owned);
        out.push(Command::Copy(text, "data"));
    }
}

fn boxed(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let tokens = ui.tokens();
    Frame::new()
        .fill(tokens.code_bg)
        .stroke(Stroke::new(size::HAIRLINE, tokens.hairline))
        .corner_radius(size::RADIUS)
        .inner_margin(Margin::same(size::SPACE_S as i8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            add(ui);
        });
}

/// What went wrong: the exceptions, or what was said without one.
fn failure_ui(ui: &mut Ui, span: &Span, below: bool) {
    let exceptions = span.events.iter().filter(|event| event.name == "exception");
    let mut any = false;
    for (at, event) in exceptions.enumerate() {
        any = true;
        ui.push_id(("exception", at), |ui| exception_ui(ui, event));
    }
    if !any && span.status == SpanStatus::Error {
        let said = match span.status_message.as_str() {
            "" if below => "A step below it failed",
            "" => "It failed without a word",
            said => said,
        };
        error_box_ui(ui, "Error", said, |_| {});
    }
}

fn exception_ui(ui: &mut Ui, event: &SpanEvent) {
    let kind = event.text("exception.type").unwrap_or("Exception");
    let message = event.text("exception.message").unwrap_or_default();
    error_box_ui(ui, kind, message, |ui| {
        if let Some(stack) = event.text("exception.stacktrace").filter(|stack| !stack.trim().is_empty()) {
            ui.add_space(size::SPACE_XS);
            code_ui(ui, stack, "python traceback");
        }
    });
}

fn error_box_ui(ui: &mut Ui, title: &str, text: &str, more: impl FnOnce(&mut Ui)) {
    let tint = ui.tokens().failure;
    ui.add_space(size::SPACE_S);
    Frame::new()
        .fill(tint.bg)
        .stroke(Stroke::new(size::HAIRLINE, tint.border))
        .corner_radius(size::RADIUS)
        .inner_margin(Margin::same(size::SPACE_S as i8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = size::SPACE_XS;
                ui.add(Icon::Failure.sized(size::ICON_SMALL).tint(tint.fg).alt_text(""));
                ui.label(RichText::new(title).color(tint.fg).strong());
            });
            if !text.is_empty() {
                ui.add(Label::new(text).wrap().selectable(true));
            }
            more(ui);
        });
}

/// What happened on the way; exceptions stand above.
fn events_ui(ui: &mut Ui, span: &Span, shown: &ShownTrace) {
    let events: Vec<_> = span.events.iter().filter(|event| event.name != "exception").collect();
    if events.is_empty() {
        return;
    }
    heading_ui(ui, "Events", Some(events.len()));
    let began = shown.trace.spans.iter().map(|span| span.start_ns).min().unwrap_or(0);
    boxed(ui, |ui| {
        for (at, event) in events.iter().enumerate().take(MOST_EVENTS) {
            ui.horizontal(|ui| {
                ui.label(&event.name);
                let after = nanos(event.time_ns.saturating_sub(began));
                ui.label(theme::text::small(format!("after {after}")));
            });
            if !event.attributes.is_empty() {
                data_ui(ui, ("event", at), &TraceValue::Map(event.attributes.clone()));
            }
        }
    });
    if events.len() > MOST_EVENTS {
        ui.label(theme::text::small(format!(
            "{} more are not shown",
            format::count(events.len() - MOST_EVENTS)
        )));
    }
}

/// More events than this hold up the frame.
const MOST_EVENTS: usize = 100;

fn attributes_ui(ui: &mut Ui, span: &Span, out: &mut Commands) {
    if span.attributes.is_empty() {
        return;
    }
    title_row_ui(ui, "Attributes", Some(span.attributes.len()), |ui| {
        let name = "Copy attributes";
        let button = theme::button::quiet(Icon::Copy.sized(size::ICON_SMALL).alt_text(name));
        if ui.add(button).on_hover_text(name).clicked() {
            out.push(Command::Copy(TraceValue::Map(span.attributes.clone()).to_pretty_json(), "attributes"));
        }
    });
    boxed(ui, |ui| {
        for (at, entry) in span.attributes.iter().enumerate().take(MOST_ATTRIBUTES) {
            ui.push_id(at, |ui| {
                data_ui(ui, Id::unique(("attribute", &entry.0)), &TraceValue::Map(vec![entry.clone()]));
            });
        }
    });
}

/// More attributes than this hold up the frame; the copy has them all.
const MOST_ATTRIBUTES: usize = 200;

/// What was thought of this span, and of the trace where its first span is chosen.
fn assessments_ui(ui: &mut Ui, cx: &Cx<'_>, page: &TracePage, span: &Span, top: bool) {
    let is_here = |id: Option<&str>| id.map_or(top, |id| id == span.span_id);
    let here: Vec<_> = page.assessments().filter(|it| is_here(it.span_id.as_deref())).collect();
    if here.is_empty() {
        return;
    }
    heading_ui(ui, "Assessments", Some(here.len()));
    for (at, assessment) in here.iter().enumerate() {
        ui.push_id(("assessment", at), |ui| assessment_ui(ui, assessment, cx.now));
    }
}
