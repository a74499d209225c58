//! Webhooks of the registry (MLflow 3.3 and later).

use std::sync::Arc;

use futures_util::StreamExt as _;
use serde::Deserialize;

use super::http::Http;
use super::pages::{self, Page, PageRequest};
use super::wire;
use crate::entities::{Webhook, WebhookStatus};
use crate::tracking::{ErrorCode, TrackingError, shown_uri};

const PAGE_SIZE: &str = "100";
/// More are not read.
const MAX_WEBHOOKS: usize = 1000;

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireWebhook {
    #[serde(deserialize_with = "wire::text")]
    webhook_id: String,
    #[serde(deserialize_with = "wire::text")]
    name: String,
    #[serde(deserialize_with = "wire::text")]
    description: String,
    #[serde(deserialize_with = "wire::text")]
    url: String,
    #[serde(deserialize_with = "wire::or_default")]
    events: Vec<WireEvent>,
    #[serde(deserialize_with = "wire::text")]
    status: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireEvent {
    #[serde(deserialize_with = "wire::text")]
    entity: String,
    #[serde(deserialize_with = "wire::text")]
    action: String,
}

impl From<WireWebhook> for Webhook {
    fn from(wire: WireWebhook) -> Self {
        let mut events: Vec<String> =
            wire.events.iter().map(|event| event_name(&event.entity, &event.action)).collect();
        events.sort();
        Self {
            id: wire.webhook_id,
            name: wire.name,
            url: shown_uri(&wire.url),
            events,
            status: status(&wire.status),
            description: wire.description,
        }
    }
}

/// `MODEL_VERSION_ALIAS` and `CREATED` are `model_version_alias.created`.
pub(in crate::tracking) fn event_name(entity: &str, action: &str) -> String {
    format!("{entity}.{action}").to_lowercase()
}

/// What is not known to be active does not fire.
pub(in crate::tracking) fn status(name: &str) -> WebhookStatus {
    if name == "ACTIVE" { WebhookStatus::Active } else { WebhookStatus::Disabled }
}

/// There are none where they cannot be made.
pub(in crate::tracking) fn unsupported(who: &str) -> TrackingError {
    TrackingError::Unsupported { what: format!("{who} has no webhooks: they came with MLflow 3.3") }
}

pub(super) async fn list(http: &Arc<Http>) -> Result<Vec<Webhook>, TrackingError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Answer {
        #[serde(deserialize_with = "wire::or_default")]
        webhooks: Vec<WireWebhook>,
        next_page_token: Option<String>,
    }
    let http = Arc::clone(http);
    let fetch = move |request: PageRequest| {
        let http = Arc::clone(&http);
        super::answer(async move {
            let mut query = vec![("max_results", PAGE_SIZE)];
            query.extend(request.token.as_deref().map(|token| ("page_token", token)));
            let page: Answer = http.get(http.route("api/2.0/mlflow/webhooks"), &query).await?;
            let items = page.webhooks.into_iter().map(Webhook::from).collect();
            Ok(Page { items, next_page_token: page.next_page_token })
        })
    };
    let mut pages = pages::pages(fetch, pages::once(|webhook: &Webhook| webhook.id.clone()));
    let mut webhooks = Vec::new();
    while webhooks.len() < MAX_WEBHOOKS {
        match pages.next().await {
            Some(Ok(page)) => webhooks.extend(page),
            Some(Err(error)) if is_unknown(&error) => return Err(unsupported("This server")),
            Some(Err(error)) => return Err(explained(error)),
            None => break,
        }
    }
    webhooks.truncate(MAX_WEBHOOKS);
    Ok(webhooks)
}

/// A worker of a server without a key of its own cannot read the secrets that another one wrote, and says nothing.
fn explained(error: TrackingError) -> TrackingError {
    match error {
        TrackingError::Mlflow { code: ErrorCode::InternalError, message, status }
            if message.trim().is_empty() =>
        {
            let message =
                "The server could not read its webhooks. It may lack MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY";
            TrackingError::Mlflow { code: ErrorCode::InternalError, message: message.to_owned(), status }
        }
        other => other,
    }
}

/// The server does not know the route.
pub(super) fn is_unknown(error: &TrackingError) -> bool {
    match error {
        TrackingError::Http { status, .. } => matches!(status, 404 | 405 | 501),
        TrackingError::Mlflow { code: ErrorCode::FeatureDisabled, .. } => true,
        TrackingError::Mlflow { code: ErrorCode::Other(code), .. } => {
            matches!(code.as_str(), "ENDPOINT_NOT_FOUND" | "NOT_IMPLEMENTED")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_gives_no_reason_gets_one() {
        let error = |message: &str| TrackingError::Mlflow {
            code: ErrorCode::InternalError,
            message: message.to_owned(),
            status: 500,
        };
        assert!(explained(error("")).to_string().contains("MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"));
        assert_eq!(explained(error("disk full")), error("disk full"));
    }

    #[test]
    fn a_webhook_is_read_without_what_may_be_secret() {
        let wire: WireWebhook = serde_json::from_str(
            r#"{"webhook_id":"w","name":"n","url":"https://me:pw@hooks.example.com/T1?token=s3cret",
                "events":[{"entity":"MODEL_VERSION_ALIAS","action":"CREATED"},{"entity":"MODEL_VERSION","action":"CREATED"}],
                "status":"ACTIVE","workspace":null}"#,
        )
        .unwrap();
        let webhook = Webhook::from(wire);
        assert_eq!(webhook.url, "https://hooks.example.com/T1");
        assert_eq!(webhook.events, ["model_version.created", "model_version_alias.created"]);
        assert!(webhook.fires_on(crate::entities::event::ALIAS_CREATED));
        assert_eq!(status("DISABLED"), WebhookStatus::Disabled);
    }
}
