//! Webhooks of a registry: addresses that the server calls after a change.

/// A webhook (`mlflow.entities.webhook.Webhook`). Its secret never leaves the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Webhook {
    /// The server's id.
    pub id: String,
    /// What a person called it.
    pub name: String,
    /// Where it leads, without user, password and query: those may be secrets.
    pub url: String,
    /// What makes it fire, as MLflow writes it: `model_version_alias.created`.
    pub events: Vec<String>,
    /// Whether it is switched on.
    pub status: WebhookStatus,
    /// What a person wrote about it; empty if nothing.
    pub description: String,
}

/// Whether a webhook is switched on (`WebhookStatus`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WebhookStatus {
    /// `ACTIVE`
    #[default]
    Active,
    /// `DISABLED`
    Disabled,
}

/// The events that this program can cause.
pub mod event {
    /// A registered model was created.
    pub const MODEL_CREATED: &str = "registered_model.created";
    /// A version was created; a copy counts.
    pub const VERSION_CREATED: &str = "model_version.created";
    /// A tag of a version was set.
    pub const VERSION_TAG_SET: &str = "model_version_tag.set";
    /// A tag of a version was deleted.
    pub const VERSION_TAG_DELETED: &str = "model_version_tag.deleted";
    /// An alias was set or moved.
    pub const ALIAS_CREATED: &str = "model_version_alias.created";
    /// An alias was deleted.
    pub const ALIAS_DELETED: &str = "model_version_alias.deleted";
}

impl Webhook {
    /// Whether it is called after this event (see [`event`]).
    pub fn fires_on(&self, event: &str) -> bool {
        self.status == WebhookStatus::Active && self.events.iter().any(|known| known == event)
    }
}

impl WebhookStatus {
    /// The word a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Disabled => "Disabled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_active_webhook_fires_and_only_on_its_events() {
        let mut hook = Webhook { events: vec![event::ALIAS_CREATED.into()], ..Webhook::default() };
        assert!(hook.fires_on(event::ALIAS_CREATED));
        assert!(!hook.fires_on(event::ALIAS_DELETED));
        hook.status = WebhookStatus::Disabled;
        assert!(!hook.fires_on(event::ALIAS_CREATED));
    }
}
