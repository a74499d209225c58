//! Logged models (MLflow 3): tables `logged_models`, `logged_model_params`, `…_tags`, `…_metrics`.

use rusqlite::Row;

use super::database::Session;
use super::failure::{Failure, not_found};
use super::row;
use crate::entities::{LifecycleStage, LoggedModel, LoggedModelStatus, Metric, Param};

const COLUMNS: [&str; 10] = [
    "model_id",
    "experiment_id",
    "name",
    "creation_timestamp_ms",
    "last_updated_timestamp_ms",
    "artifact_location",
    "status",
    "model_type",
    "source_run_id",
    "lifecycle_stage",
];

pub(super) fn get(session: &Session<'_>, model_id: &str) -> Result<LoggedModel, Failure> {
    let mut found = None;
    each(session, "logged_models", &COLUMNS, model_id, |row| {
        if row::lifecycle_stage(row, 9) == LifecycleStage::Active {
            found = Some(model(row));
        }
    })?;
    let Some(mut model) = found else {
        return Err(not_found(format!("Logged model with ID '{model_id}' not found.")).into());
    };
    each(session, "logged_model_params", &["param_key", "param_value"], model_id, |row| {
        model.params.push(Param { key: row::text(row, 0), value: row::text(row, 1) });
    })?;
    each(session, "logged_model_tags", &["tag_key", "tag_value"], model_id, |row| {
        model.tags.insert(row::text(row, 0), row::text(row, 1));
    })?;
    let columns = ["metric_name", "metric_value", "metric_timestamp_ms", "metric_step"];
    each(session, "logged_model_metrics", &columns, model_id, |row| {
        model.metrics.push(Metric {
            key: row::text(row, 0),
            value: row::number(row, 1),
            timestamp: row::integer(row, 2).unwrap_or_default(),
            step: row::integer(row, 3).unwrap_or_default(),
        });
    })?;
    model.registered_as = crate::tracking::rest::registered_as(&model.tags);
    Ok(model)
}

fn each(
    session: &Session<'_>,
    table: &str,
    columns: &[&str],
    model_id: &str,
    mut take: impl FnMut(&Row<'_>),
) -> Result<(), Failure> {
    let schema = session.schema;
    if !schema.has(table, "model_id") {
        return Ok(());
    }
    let sql = format!("SELECT {} FROM {table} t WHERE t.model_id = ?1", schema.columns(table, "t", columns));
    let mut statement = session.connection.prepare_cached(&sql)?;
    let mut rows = statement.query([model_id])?;
    while let Some(row) = rows.next()? {
        take(row);
    }
    Ok(())
}

fn model(row: &Row<'_>) -> LoggedModel {
    LoggedModel {
        model_id: row::text(row, 0),
        experiment_id: row::text(row, 1),
        name: row::text(row, 2),
        creation_timestamp: row::millis(row, 3),
        last_updated_timestamp: row::millis(row, 4),
        artifact_uri: row::text(row, 5),
        status: match row::integer(row, 6) {
            Some(1) => LoggedModelStatus::Pending,
            Some(2) => LoggedModelStatus::Ready,
            Some(3) => LoggedModelStatus::UploadFailed,
            _ => LoggedModelStatus::Unspecified,
        },
        model_type: row::text(row, 7),
        source_run_id: row::text(row, 8),
        ..LoggedModel::default()
    }
}
