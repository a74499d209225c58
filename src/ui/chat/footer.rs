//! Below an answer: how long it took, what it used, and the request and the response as they were.

use egui::Ui;

use super::items::{data_ui, seconds};
use super::messages::Tools;
use super::traced;
use super::turn::Look;
use crate::agent::wire::pretty_json;
use crate::agent::{Attachment, Endpoint, Payload, is_deployment, to_curl, to_deployments, to_python};
use crate::state::Command;
use crate::state::bench::{BenchCommand, case_of_turn};
use crate::state::chat::{ChatCommand, Conversation, Turn};
use crate::state::format;
use crate::theme::{self, Icon, size};
use crate::ui::widgets;

/// The turn whose request and response are shown, indented once.
#[derive(Debug, Default)]
pub struct RawView {
    turn: Option<u64>,
    request: String,
    response: String,
    json: bool,
    /// It was opened just now, below what is seen perhaps.
    reveal: bool,
}

impl RawView {
    fn toggle(&mut self, turn: &Turn, conversation: &Conversation) {
        if self.turn.take() == Some(turn.id) {
            *self = Self::default();
            return;
        }
        let Some(report) = &turn.report else { return };
        let pretty = pretty_json(&report.response);
        let request = conversation.payload(turn.id);
        let request = request.map(|payload| readable(&payload, &turn.endpoint)).unwrap_or_default();
        *self = Self {
            turn: Some(turn.id),
            reveal: true,
            request: pretty_json(&request).unwrap_or(request),
            json: pretty.is_some(),
            response: pretty.unwrap_or_else(|| report.response.to_string()),
        };
    }
}

/// A body with large files named rather than written out.
fn readable(payload: &Payload, endpoint: &Endpoint) -> String {
    let (payload, files) = payload.abridged();
    let named = |body: String, file: &Attachment| {
        let size = format::bytes(file.size());
        body.replace(&file.stand_in(), &format!("data:{};base64,… ({size})", file.media_type()))
    };
    files.iter().fold(payload.to_json_for(endpoint), named)
}

/// Draws it.
pub(super) fn footer_ui(ui: &mut Ui, look: &Look<'_>, tools: &mut Tools<'_>) {
    let turn = look.turn;
    let figures = figures(turn);
    let known = !figures.is_empty();
    let figures = theme::text::small(figures);
    let one_line = ui.available_width() > ONE_LINE;
    if known && !one_line {
        ui.add(egui::Label::new(figures.clone()).wrap());
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = size::SPACE_XS;
        ui.spacing_mut().button_padding.x = size::SPACE_XS;
        if known && one_line {
            ui.label(figures);
            ui.add_space(size::SPACE_S);
        }
        buttons_ui(ui, look, tools);
        traced::trace_ui(ui, turn, tools);
    });
    if tools.raw.turn == Some(turn.id) {
        let shown = ui.scope(|ui| raw_ui(ui, turn, tools)).response.rect;
        if std::mem::take(&mut tools.raw.reveal) {
            let fits = shown.height() < ui.clip_rect().height();
            ui.scroll_to_rect(shown, (!fits).then_some(egui::Align::TOP));
        }
    }
}

/// A column wider than this has room for figures and buttons in one line.
const ONE_LINE: f32 = 620.0;

fn buttons_ui(ui: &mut Ui, look: &Look<'_>, tools: &mut Tools<'_>) {
    let turn = look.turn;
    let text = turn.answer.text();
    if !text.is_empty() {
        let copy = theme::button::quiet(Icon::Copy.sized(size::ICON_SMALL).alt_text("Copy the answer"));
        if ui.add(copy).on_hover_text("Copy the answer").clicked() {
            tools.out.push(Command::Copy(text, "the answer"));
        }
    }
    let add = theme::button::quiet(Icon::Bench.sized(size::ICON_SMALL).alt_text("Add to bench"));
    if ui.add(add).on_hover_text("Add to bench…").clicked() {
        tools.out.push(BenchCommand::AskAdd(case_of_turn(look.conversation, turn.id).into_iter().collect()));
    }
    // It keeps its place while another answer comes: nothing moves under the pointer.
    let free = !look.conversation.is_running();
    let again = theme::button::quiet(Icon::Refresh.sized(size::ICON_SMALL).alt_text("Regenerate"));
    let hint = "Regenerate: ask again. This answer stays as another branch";
    if ui.add_enabled(free, again).on_hover_text(hint).clicked() {
        tools.out.push(ChatCommand::Regenerate(turn.id));
    }
    if turn.report.is_some() {
        let raw =
            theme::button::quiet(Icon::Code.sized(size::ICON_SMALL).alt_text("Raw request and response"));
        if ui.add(raw).on_hover_text("Raw request and response").clicked() {
            tools.raw.toggle(turn, look.conversation);
        }
    }
    let more = theme::button::quiet(Icon::Terminal.sized(size::ICON_SMALL).alt_text("Copy the request"));
    let menu = egui::containers::menu::MenuButton::from_button(more);
    let (response, _) = menu.ui(ui, |ui| {
        if ui.button("Copy as curl").clicked() {
            copy_request(
                look,
                tools,
                |endpoint, payload| Some(to_curl(endpoint, payload)),
                "the curl command",
            );
            ui.close();
        }
        if ui.button("Copy as Python").clicked() {
            copy_request(
                look,
                tools,
                |endpoint, payload| Some(to_python(endpoint, payload)),
                "the Python script",
            );
            ui.close();
        }
        let deployments = egui::Button::new("Copy as mlflow.deployments");
        if is_deployment(&turn.endpoint) && ui.add(deployments).clicked() {
            copy_request(look, tools, to_deployments, "the Python script");
            ui.close();
        }
    });
    response.on_hover_text("Copy the request as curl or Python");
}

fn copy_request(
    look: &Look<'_>,
    tools: &mut Tools<'_>,
    write: fn(&Endpoint, &Payload) -> Option<String>,
    what: &'static str,
) {
    let payload = look.conversation.payload(look.turn.id);
    if let Some(text) = payload.and_then(|payload| write(&look.turn.endpoint, &payload)) {
        tools.out.push(Command::Copy(text, what));
    }
}

/// `0.4 s to the first token · 3.1 s · 42 in, 180 out · 67 tokens/s`.
fn figures(turn: &Turn) -> String {
    let mut figures = Vec::new();
    // Of an answer that was cut off with the app nobody knows how long it took.
    let total = turn.report.as_ref().map(|report| report.total);
    let first = turn.report.as_ref().and_then(|report| report.first_token).filter(|_| turn.answer.streamed);
    if let Some(first) = first {
        figures.push(format!("{} to the first token", seconds(first)));
    }
    figures.extend(total.map(seconds));
    if let Some(usage) = &turn.answer.usage {
        let count = |tokens: u64| format::count(usize::try_from(tokens).unwrap_or(usize::MAX));
        figures.push(format!("{} tokens in, {} out", count(usage.input), count(usage.output)));
        let writing = total.unwrap_or_default().saturating_sub(first.unwrap_or_default()).as_secs_f64();
        if usage.output > 1 && writing > 0.1 {
            figures.push(format!("{} tokens/s", format::number((usage.output as f64 / writing).round())));
        }
    }
    if turn.did_not_stream() {
        figures.push("not streamed: this endpoint answers as a whole".to_owned());
    }
    figures.join(" · ")
}

fn raw_ui(ui: &mut Ui, turn: &Turn, tools: &mut Tools<'_>) {
    let raw = &*tools.raw;
    let head = turn.report.as_ref().and_then(|report| report.head.as_ref());
    ui.push_id("raw request", |ui| {
        ui.label(theme::text::label(format!("Request to {}", turn.endpoint.shown_url())));
        widgets::code_ui(ui, &raw.request, "json");
    });
    ui.push_id("raw response", |ui| {
        let title = head.map_or_else(
            || "No response".to_owned(),
            |head| {
                let kind = head.content_type.as_deref().unwrap_or("no content type");
                format!("Response: HTTP {}, {kind}", head.status)
            },
        );
        ui.label(theme::text::label(title));
        widgets::code_ui(ui, &raw.response, if raw.json { "json" } else { "" });
        if turn.report.as_ref().is_some_and(|report| report.response_truncated) {
            ui.label(theme::text::small("Only its beginning was kept"));
        }
    });
    if let Some(outputs) = &turn.answer.custom_outputs {
        ui.push_id("custom outputs", |ui| {
            ui.label(theme::text::label("Custom outputs"));
            data_ui(ui, &outputs.to_string());
        });
    }
}
