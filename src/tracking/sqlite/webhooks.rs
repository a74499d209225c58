//! Webhooks: tables `webhooks` and `webhook_events` (MLflow 3.3 and later). Only a server calls them.

use rusqlite::named_params;

use super::database::Session;
use super::failure::Failure;
use super::row;
use crate::entities::Webhook;
use crate::tracking::rest::{no_webhooks, webhook_event, webhook_status};
use crate::tracking::shown_uri;

/// More are not read.
const MAX_WEBHOOKS: usize = 1000;

/// `list_webhooks`: the newest first.
pub(super) fn list(session: &Session<'_>) -> Result<Vec<Webhook>, Failure> {
    let schema = session.schema;
    if !schema.has("webhooks", "webhook_id") || !schema.has("webhook_events", "webhook_id") {
        return Err(no_webhooks("This store").into());
    }
    let columns = ["webhook_id", "name", "url", "status", "description"];
    let sql = format!(
        "SELECT {}, (SELECT group_concat(e.entity || '.' || e.action, char(10)) FROM webhook_events e \
         WHERE e.webhook_id = w.webhook_id) FROM webhooks w WHERE {} AND {} IS NULL \
         ORDER BY {} DESC LIMIT {MAX_WEBHOOKS}",
        schema.columns("webhooks", "w", &columns),
        schema.in_workspace("webhooks", "w"),
        schema.columns("webhooks", "w", &["deleted_timestamp"]),
        schema.columns("webhooks", "w", &["creation_timestamp"]),
    );
    let mut statement = session.connection.prepare_cached(&sql)?;
    let rows = statement.query_map(named_params! { ":workspace": session.workspace }, |row| {
        let mut events: Vec<String> = row::text(row, 5)
            .lines()
            .filter_map(|event| event.split_once('.'))
            .map(|(entity, action)| webhook_event(entity, action))
            .collect();
        events.sort();
        Ok(Webhook {
            id: row::text(row, 0),
            name: row::text(row, 1),
            url: shown_uri(&row::text(row, 2)),
            events,
            status: webhook_status(&row::text(row, 3)),
            description: row::text(row, 4),
        })
    })?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?)
}
