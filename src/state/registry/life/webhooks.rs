//! The registry's webhooks, and which of them are called after a change.

use crate::entities::{Webhook, event};
use crate::state::Cx;
use crate::state::ModelKind;
use crate::state::format::counted;
use crate::state::registry::promotion::AliasChange;
use crate::state::registry::words::listed;
use crate::state::remote::Remote;

/// Names that a line tells at most.
const MOST_NAMES: usize = 3;

/// The webhooks of a store.
#[derive(Debug, Default)]
pub struct Webhooks {
    list: Remote<Vec<Webhook>>,
    are_called: bool,
}

impl Webhooks {
    /// Asks unless it was asked before.
    pub fn load_if_empty(&mut self, cx: &Cx<'_>) {
        self.are_called = cx.store.info().calls_webhooks;
        self.list.load_if_empty(cx.tasks, || cx.store.list_webhooks());
    }

    /// Asks anew.
    pub fn load(&mut self, cx: &Cx<'_>) {
        self.are_called = cx.store.info().calls_webhooks;
        self.list.load(cx.tasks, cx.store.list_webhooks());
    }

    /// Takes what arrived.
    pub fn poll(&mut self) {
        self.list.poll();
    }

    /// What is known of them.
    pub fn list(&self) -> &Remote<Vec<Webhook>> {
        &self.list
    }

    /// Whether a change made here calls them; a file of its own calls nobody.
    pub fn are_called(&self) -> bool {
        self.are_called
    }

    /// “2 webhooks will fire: deploy and audit”; nothing where none listens, or none is known.
    pub fn line(&self, event: &str) -> Option<String> {
        let fire: Vec<&str> =
            self.list.value()?.iter().filter(|hook| hook.fires_on(event)).map(name).collect();
        let count = counted(fire.len(), "webhook", "webhooks");
        let names = match fire.len() {
            0 => return None,
            many if many > MOST_NAMES => {
                let more = format!("{} more", many - MOST_NAMES);
                listed(&[&fire[..MOST_NAMES], &[more.as_str()]].concat())
            }
            _ => listed(&fire),
        };
        Some(if self.are_called {
            format!("{count} will fire: {names}")
        } else {
            format!("{count} will not fire, because no server makes this change: {names}")
        })
    }
}

fn name(hook: &Webhook) -> &str {
    if hook.name.is_empty() { &hook.url } else { &hook.name }
}

/// What a change of an alias is to a webhook. MLflow has events of its own for prompts.
pub fn event_of(change: &AliasChange) -> &'static str {
    match (change.kind, change.to) {
        (ModelKind::Model, Some(_)) => event::ALIAS_CREATED,
        (ModelKind::Model, None) => event::ALIAS_DELETED,
        (ModelKind::Prompt, Some(_)) => "prompt_alias.created",
        (ModelKind::Prompt, None) => "prompt_alias.deleted",
    }
}

/// An event in words: `model_version_alias.created` is “model version alias created”.
pub fn event_words(event: &str) -> String {
    event.replace(['.', '_'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::WebhookStatus;

    fn hook(name: &str, events: &[&str], status: WebhookStatus) -> Webhook {
        let events = events.iter().map(|&event| event.to_owned()).collect();
        Webhook { name: name.into(), events, status, ..Default::default() }
    }

    #[test]
    fn only_those_that_fire_are_named() {
        let (moved, on) = (event::ALIAS_CREATED, WebhookStatus::Active);
        let list = vec![
            hook("deploy", &[moved, event::VERSION_CREATED], on),
            hook("off", &[moved], WebhookStatus::Disabled),
            hook("audit", &[moved], on),
        ];
        let mut hooks = Webhooks { list: Remote::ready(list), are_called: true };
        assert_eq!(hooks.line(moved).as_deref(), Some("2 webhooks will fire: deploy and audit"));
        assert_eq!(hooks.line(event::VERSION_CREATED).as_deref(), Some("1 webhook will fire: deploy"));
        assert_eq!(hooks.line(event::ALIAS_DELETED), None);
        hooks.are_called = false;
        assert!(hooks.line(moved).is_some_and(|line| line.contains("2 webhooks will not fire")));
        let many = ["a", "b", "c", "d", "e"].map(|name| hook(name, &[moved], on)).to_vec();
        let hooks = Webhooks { list: Remote::ready(many), are_called: true };
        assert_eq!(hooks.line(moved).as_deref(), Some("5 webhooks will fire: a, b, c and 2 more"));
    }

    #[test]
    fn prompts_have_events_of_their_own() {
        let change =
            |kind, to| AliasChange { kind, name: "x".into(), alias: "prod".into(), from: Some(1), to };
        assert_eq!(event_of(&change(ModelKind::Model, Some(2))), "model_version_alias.created");
        assert_eq!(event_of(&change(ModelKind::Model, None)), "model_version_alias.deleted");
        assert_eq!(event_of(&change(ModelKind::Prompt, Some(2))), "prompt_alias.created");
        assert_eq!(event_words("model_version_alias.created"), "model version alias created");
    }
}
