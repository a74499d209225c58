//! The registry's webhooks: all of them, and which are called after a change.

use egui::{Label, RichText, ScrollArea, Ui};

use super::Answer;
use crate::entities::{Webhook, WebhookStatus};
use crate::state::registry::Registry;
use crate::state::registry::life::webhooks::{event_of, event_words};
use crate::state::registry::promotion::AliasChange;
use crate::theme::{self, Themed as _, size};
use crate::ui::widgets::form::{buttons_ui, failed_ui};

/// One quiet line in the plan: which webhooks a change of an alias calls. Nothing where none listens.
pub fn plan_line_ui(ui: &mut Ui, registry: &Registry, change: &AliasChange) {
    line_ui(ui, registry, event_of(change));
}

/// The same for any event.
pub(super) fn line_ui(ui: &mut Ui, registry: &Registry, event: &str) {
    if let Some(line) = registry.life.webhooks.line(event) {
        ui.add(Label::new(theme::text::small(line)).wrap());
    }
}

/// The list.
pub(super) fn show(ui: &mut Ui, registry: &Registry) -> Answer {
    ui.label(theme::text::title("Webhooks"));
    ui.add_space(size::SPACE_S);
    let hooks = &registry.life.webhooks;
    match (hooks.list().value(), hooks.list().error()) {
        (Some(list), _) if list.is_empty() => {
            let text = "None. The server would call an address after a change, once one is made with MlflowClient.create_webhook";
            ui.add(Label::new(theme::text::weak(text)).wrap());
        }
        (Some(list), _) => {
            if !hooks.are_called() {
                let text = "Changes made here call none of them: the file is changed without its server";
                ui.add(Label::new(RichText::new(text).color(ui.tokens().warning.fg)).wrap());
            }
            ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
                for hook in list {
                    hook_ui(ui, hook);
                }
            });
        }
        (None, Some(error)) => failed_ui(ui, &format!("{error}. {}", error.next_step())),
        (None, None) => drop(ui.label(theme::text::weak("Loading…"))),
    }
    ui.add_space(size::SPACE_M);
    buttons_ui(ui, |ui| {
        if ui.add(theme::button::default("Close")).clicked() { Answer::Closed } else { Answer::Open }
    })
}

fn hook_ui(ui: &mut Ui, hook: &Webhook) {
    ui.add_space(size::SPACE_S);
    ui.horizontal(|ui| {
        ui.add(Label::new(theme::text::strong(&hook.name)).truncate());
        if hook.status == WebhookStatus::Disabled {
            ui.label(theme::text::small(hook.status.label()));
        }
    });
    ui.add(Label::new(theme::text::mono(&hook.url)).truncate().selectable(true)).on_hover_text(&hook.url);
    if !hook.description.is_empty() {
        ui.add(Label::new(theme::text::weak(&hook.description)).wrap());
    }
    let events: Vec<String> = hook.events.iter().map(|event| event_words(event)).collect();
    ui.add(Label::new(theme::text::small(format!("After: {}", events.join(", ")))).wrap());
}
