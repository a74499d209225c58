//! One turn: what the user said, what came back, and how it went.

use std::collections::BTreeMap;
use std::time::Duration;

use egui::{Align, Layout, Margin, Ui};

use super::messages::Tools;
use super::{boxed, footer, items, notes};
use crate::agent::wire::ItemBody;
use crate::state::Command;
use crate::state::chat::{Ask, AttachCommand, CallChange, ChatCommand, Conversation, Mark, Message, Turn};
use crate::theme::{self, Icon, Themed as _, size};

/// A turn and where it stands.
pub(super) struct Look<'a> {
    pub turn: &'a Turn,
    pub before: Option<&'a Turn>,
    pub last: bool,
    pub conversation: &'a Conversation,
    /// What differs from the answer beside it.
    pub marked: Option<Marked<'a>>,
}

/// What is marked of an answer, and how.
#[derive(Clone, Copy)]
pub(super) struct Marked<'a> {
    pub words: &'a [Mark],
    pub calls: Option<&'a BTreeMap<usize, CallChange>>,
    pub fill: egui::Color32,
}

/// Draws it.
pub(super) fn turn_ui(ui: &mut Ui, look: &Look<'_>, tools: &mut Tools<'_>) {
    ui.spacing_mut().item_spacing.y = size::SPACE_S;
    ui.add_space(size::SPACE_M);
    let turn = look.turn;
    ask_ui(ui, look, tools);
    branches_ui(ui, look, tools);
    let elsewhere = look.before.is_none_or(|before| before.endpoint.url() != turn.endpoint.url());
    if elsewhere {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = size::SPACE_XS;
            ui.add(Icon::Agent.sized(size::ICON_SMALL).tint(ui.tokens().text_weak).alt_text(""));
            ui.label(theme::text::small(turn.endpoint.host())).on_hover_text(turn.endpoint.shown_url());
        });
    }
    for (index, row) in turn.answer.rows().into_iter().enumerate() {
        ui.push_id(index, |ui| items::row_ui(ui, look, row, tools));
    }
    if !turn.answer.unknown_events.is_empty() {
        items::unknown_events_ui(ui, &turn.answer.unknown_events);
    }
    if turn.answer.is_over() {
        notes::notes_ui(ui, look, tools.out);
        footer::footer_ui(ui, look, tools);
    } else {
        waiting_ui(ui, turn);
    }
    ui.add_space(size::SPACE_S);
}

pub(super) fn ask_ui(ui: &mut Ui, look: &Look<'_>, tools: &mut Tools<'_>) {
    let fill = ui.tokens().raised_bg;
    match &look.turn.ask {
        Ask::Message(message) => {
            let text = message.text.as_str();
            let files = &message.attachments;
            boxed(ui, fill).inner_margin(Margin::symmetric(size::SPACE_M as i8, 3)).show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                    ask_buttons_ui(ui, look, message, tools);
                    ui.with_layout(Layout::top_down(Align::Min), |ui| {
                        ui.spacing_mut().item_spacing.y = 0.0;
                        ui.add_space(BESIDE_BUTTON);
                        if !text.is_empty() {
                            ui.add(egui::Label::new(text).wrap().selectable(true));
                            ui.add_space(BESIDE_BUTTON);
                        }
                        if !files.is_empty() {
                            tools.textures.sent_ui(ui, tools.chat, files, tools.out);
                            ui.add_space(BESIDE_BUTTON);
                        }
                    });
                });
            });
        }
        Ask::Approvals(decisions) => {
            for (request, approved) in decisions {
                let word = if *approved { "Approved" } else { "Denied" };
                let what = look.before.and_then(|before| asked_to_run(before, request)).unwrap_or(request);
                ui.label(theme::text::small(format!("{word}: {what}"))).on_hover_text(request);
            }
        }
    }
}

/// The tool that a turn asked to run with the request of this id.
fn asked_to_run<'a>(turn: &'a Turn, request: &str) -> Option<&'a str> {
    let item = turn.answer.items.iter().find(|item| item.id.as_deref() == Some(request))?;
    match &item.body {
        ItemBody::Approval(asked) => Some(&asked.name),
        _ => None,
    }
}

fn ask_buttons_ui(ui: &mut Ui, look: &Look<'_>, message: &Message, tools: &mut Tools<'_>) {
    ui.spacing_mut().item_spacing.x = 0.0;
    let copy = theme::button::quiet(Icon::Copy.sized(size::ICON_SMALL).alt_text("Copy the message"));
    if ui.add(copy).on_hover_text("Copy the message").clicked() {
        tools.out.push(Command::Copy(message.text.clone(), "the message"));
    }
    let free = !look.conversation.is_running();
    let edit = theme::button::quiet(Icon::Edit.sized(size::ICON_SMALL).alt_text("Edit and send again"));
    let edit = ui.add_enabled(free, edit).on_hover_text("Edit and send again");
    if edit.on_disabled_hover_text("Edit and send again, once the answer is there").clicked() {
        tools.composer.edit(&message.text, look.conversation.id, look.turn.id);
        tools.out.push(ChatCommand::Attach(AttachCommand::TakeUp(message.attachments.clone())));
    }
}

/// `‹ 2/3 ›`: goes to what was sent, or answered, in place of this.
pub(super) fn branches_ui(ui: &mut Ui, look: &Look<'_>, tools: &mut Tools<'_>) {
    let branches = look.conversation.branches(look.turn);
    let Some(at) = branches.iter().position(|id| *id == look.turn.id).filter(|_| branches.len() > 1) else {
        return;
    };
    let free = !look.conversation.is_running();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        let before = at.checked_sub(1).and_then(|at| branches.get(at));
        let steps = [
            (Icon::ChevronLeft, "The branch before", before),
            (Icon::ChevronRight, "The next branch", branches.get(at + 1)),
        ];
        for (index, (icon, name, to)) in steps.into_iter().enumerate() {
            if index == 1 {
                ui.label(theme::text::small(format!("{}/{}", at + 1, branches.len())));
            }
            let step = theme::button::icon(icon, name);
            if ui.add_enabled(free && to.is_some(), step).on_hover_text(name).clicked()
                && let Some(to) = to
            {
                tools.out.push(ChatCommand::ShowBranch(*to));
            }
        }
    });
}

/// Brings the first line of a message to the height of the buttons beside it.
const BESIDE_BUTTON: f32 = 3.0;

/// Seconds of answers that began within this time change together.
const TOGETHER: Duration = Duration::from_millis(100);
/// While text comes, seconds change with it: they ask for a frame of their own only after so long.
const WITH_TEXT: Duration = Duration::from_millis(500);

/// A still mark, and the seconds.
pub(super) fn waiting_ui(ui: &mut Ui, turn: &Turn) {
    let elapsed = turn.elapsed();
    let seconds = elapsed.as_secs();
    let text = if turn.answer.has_output() { "…" } else { "Waiting for the answer…" };
    let text = if seconds == 0 { text.to_owned() } else { format!("{text} {seconds} s") };
    ui.label(theme::text::weak(text));
    // Several that began together are counted in one frame.
    let next = Duration::from_secs(seconds + 1).saturating_sub(elapsed).max(TOGETHER);
    ui.request_repaint_after(if turn.answer.has_output() { next + WITH_TEXT } else { next });
}
