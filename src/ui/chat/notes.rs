//! What went wrong or is worth knowing about an answer.

use egui::{RichText, Ui};

use super::boxed;
use super::fold::fold_ui;
use super::turn::Look;
use crate::agent::wire::Failure;
use crate::agent::{Outcome, RequestDialect, TurnReport};
use crate::state::Command;
use crate::state::chat::{ChatCommand, Turn};
use crate::state::command::Commands;
use crate::state::format::counted;
use crate::theme::{self, Icon, Themed as _, size};
use crate::ui::widgets;

/// Draws failures, then notes.
pub(super) fn notes_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Commands) {
    let turn = look.turn;
    let failed = turn.has_failed();
    if failed {
        failure_ui(ui, look, out);
    }
    for note in notes(turn, failed) {
        ui.horizontal_wrapped(|ui| {
            let tint = ui.tokens().text_weak;
            ui.add(Icon::Info.sized(size::ICON_SMALL).tint(tint).alt_text(""));
            ui.add(egui::Label::new(theme::text::small(note)).wrap());
        });
    }
    if !failed && look.last && turn.can_retry() {
        retry_ui(ui, look, out);
    }
}

/// What is worth knowing, in sentences.
fn notes(turn: &Turn, failed: bool) -> Vec<String> {
    let answer = &turn.answer;
    let mut notes = Vec::new();
    match &answer.outcome {
        Outcome::Stopped => notes.push("Stopped. The agent goes on to its end on the server".to_owned()),
        _ if turn.was_abandoned() => {
            notes.push("Interrupted: Flowdeck was closed before the answer was complete".to_owned());
        }
        Outcome::Interrupted if !failed => {
            notes.push("The answer ended before it was complete. What arrived is kept".to_owned());
        }
        Outcome::Incomplete { reason } => {
            notes.push(format!("The agent stopped early: {}", reason_in_words(reason)));
        }
        _ => {}
    }
    if turn.report.as_deref().is_some_and(TurnReport::looks_buffered) {
        notes.push("The stream arrived in one burst: a proxy on the way may be buffering it".to_owned());
    }
    if answer.skipped_events > 0 {
        let skipped = counted(answer.skipped_events as usize, "event", "events");
        notes.push(format!("{skipped} could not be read and had to be skipped"));
    }
    if turn.cut {
        notes.push("Only the first 8 MB of the answer were kept".to_owned());
    }
    if answer.left_out > 0 {
        let left_out = counted(answer.left_out as usize, "item", "items");
        notes.push(format!("{left_out} more than can be shown"));
    }
    if !failed && answer.outcome == Outcome::Completed && answer.items.is_empty() {
        notes.push("The agent answered nothing".to_owned());
    }
    notes
}

fn reason_in_words(reason: &str) -> &str {
    match reason {
        "max_output_tokens" | "length" => "the token limit was reached (max_output_tokens)",
        "content_filter" => "a content filter stepped in (content_filter)",
        "" => "it did not say why",
        other => other,
    }
}

fn failure_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Commands) {
    let tint = ui.tokens().failure;
    let turn = look.turn;
    boxed(ui, tint.bg).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = size::SPACE_XS;
        let error = turn.error();
        let first = turn.answer.failures.first();
        let headline = error.map(ToString::to_string).or_else(|| first.map(|first| first.headline.clone()));
        if let Some(headline) = headline {
            headline_ui(ui, &headline);
        }
        for (index, failure) in turn.answer.failures.iter().enumerate() {
            ui.push_id(index, |ui| failure_body_ui(ui, failure, index > 0));
        }
        let wanted = turn.wanted_dialect();
        if let Some(wanted) = wanted {
            let text = format!("This endpoint wants {}: use {}", wanted.key(), wanted.label());
            ui.add(egui::Label::new(theme::text::weak(text)).wrap());
        } else if let Some(error) = error {
            ui.add(egui::Label::new(theme::text::weak(error.next_step())).wrap());
        }
        ui.horizontal_wrapped(|ui| {
            if look.last {
                if let Some(wanted) = wanted {
                    dialect_button_ui(ui, look, wanted, out);
                }
                retry_button_ui(ui, look, out);
            }
            if ui.add(theme::button::quiet((Icon::Copy.image(), "Copy details"))).clicked() {
                out.push(Command::Copy(details(turn), "details"));
            }
        });
    });
}

fn headline_ui(ui: &mut Ui, headline: &str) {
    let tint = ui.tokens().failure;
    ui.horizontal_top(|ui| {
        ui.add(Icon::Error.image().tint(tint.fg).alt_text(""));
        ui.add(egui::Label::new(RichText::new(headline).color(tint.fg)).wrap().selectable(true));
    });
}

fn failure_body_ui(ui: &mut Ui, failure: &Failure, with_headline: bool) {
    if with_headline {
        headline_ui(ui, &failure.headline);
    }
    if let Some(cause) = &failure.cause {
        ui.add(egui::Label::new(theme::text::mono(cause.as_str())).wrap().selectable(true));
    }
    if let Some(details) = &failure.details {
        fold_ui(ui, "details", Icon::FileText, "Everything that was said", |ui| {
            widgets::code_ui(ui, details, "python");
        });
    }
}

fn retry_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Commands) {
    ui.horizontal(|ui| retry_button_ui(ui, look, out));
}

fn retry_button_ui(ui: &mut Ui, look: &Look<'_>, out: &mut Commands) {
    let button = theme::button::default((Icon::Refresh.image(), "Retry"));
    let response = ui.add_enabled(!look.conversation.is_running(), button);
    if response.on_hover_text("Ask again. This answer stays as another branch").clicked() {
        out.push(ChatCommand::Regenerate(look.turn.id));
    }
}

/// Changes the endpoint's settings and asks again, which nothing but this click does.
fn dialect_button_ui(ui: &mut Ui, look: &Look<'_>, wanted: RequestDialect, out: &mut Commands) {
    let button = theme::button::primary(format!("Use {} and send again", wanted.label()));
    let response = ui.add_enabled(!look.conversation.is_running(), button);
    if response.on_hover_text("Kept in the endpoint's settings").clicked() {
        out.push(ChatCommand::UseDialect { turn: look.turn.id, dialect: wanted });
    }
}

/// Everything known of a failure, for a bug report. Holds no token and no query: errors and answers never do.
fn details(turn: &Turn) -> String {
    let mut lines = vec![format!("POST {}", turn.endpoint.shown_url())];
    if let Some(head) = turn.report.as_ref().and_then(|report| report.head.as_ref()) {
        let kind = head.content_type.as_deref().unwrap_or("no content type");
        lines.push(format!("HTTP {}, {kind}", head.status));
    }
    lines.extend(turn.error().map(ToString::to_string));
    for failure in &turn.answer.failures {
        lines.push(failure.headline.clone());
        lines.extend(failure.code.clone());
        lines.extend(failure.details.clone().or_else(|| failure.cause.clone()));
    }
    lines.join("\n")
}
