//! Assessments: table `assessments` (`SqlAssessments` in `mlflow/store/tracking/dbmodels/models.py`).

use rusqlite::{Row, ToSql};

use super::changes::has_table;
use super::database::{Database, Session};
use super::failure::{Failure, not_found};
use super::row;
use crate::entities::{Assessment, Millis, NewFeedback, TraceInfo};
use crate::tracking::TrackingError;
use crate::tracking::trace_data;

const COLUMNS: [&str; 12] = [
    "assessment_id",
    "name",
    "assessment_type",
    "value",
    "error",
    "source_type",
    "source_id",
    "rationale",
    "span_id",
    "created_timestamp",
    "last_updated_timestamp",
    "valid",
];

/// Adds theirs to traces whose ids are this JSON list.
pub(super) fn add(session: &Session<'_>, infos: &mut [TraceInfo], ids: &str) -> Result<(), Failure> {
    if !session.schema.has_table("assessments") {
        return Ok(());
    }
    let columns = session.schema.columns("assessments", "a", &COLUMNS);
    let sql = format!(
        "SELECT j.key, {columns} FROM json_each(?1) j CROSS JOIN assessments a ON a.trace_id = j.value"
    );
    let mut statement = session.connection.prepare_cached(&sql)?;
    let mut rows = statement.query([ids])?;
    while let Some(row) = rows.next()? {
        if let Some(info) = infos.get_mut(row::position(row, 0)) {
            info.assessments.push(assessment(row));
        }
    }
    Ok(())
}

/// A position, then [`COLUMNS`].
fn assessment(row: &Row<'_>) -> Assessment {
    let error = Some(row::text(row, 5)).filter(|text| !text.is_empty()).map(trace_data::parse_or_text);
    let kind = row::text(row, 3);
    let mut value = trace_data::parse_or_text(row::text(row, 4));
    if kind == "issue"
        && let Some(name) = value.get("issue_name")
    {
        value = name.clone();
    }
    Assessment {
        assessment_id: row::text(row, 1),
        name: row::text(row, 2),
        kind: trace_data::assessment_kind(&kind),
        value,
        error: error.as_ref().and_then(trace_data::assessment_error),
        source_type: row::text(row, 6),
        source_id: row::text(row, 7),
        rationale: row::text(row, 8),
        span_id: Some(row::text(row, 9)).filter(|id| !id.is_empty()),
        create_time: row::millis(row, 10),
        last_update_time: row::millis(row, 11),
        valid: row::integer(row, 12) != Some(0),
    }
}

/// `create_assessment` with the feedback of a person.
pub(super) fn log_feedback(
    database: &Database,
    feedback: &NewFeedback,
    now: Millis,
) -> Result<Assessment, TrackingError> {
    let person = trace_data::person();
    database.write(|session| {
        has_table(session, "assessments")?;
        let (experiment, time) = trace(session, &feedback.trace_id)?;
        // Made here: MLflow's ids are as random.
        let random = "SELECT 'a-' || lower(hex(randomblob(16)))";
        let id: String = session.connection.query_row(random, [], |row| row.get(0))?;
        let value = if feedback.good { "true" } else { "false" };
        let rationale = Some(feedback.rationale.as_str()).filter(|text| !text.is_empty());
        let aggregate = if feedback.good { 1.0 } else { 0.0 };
        let values: [(&str, &dyn ToSql); 17] = [
            ("assessment_id", &id),
            ("trace_id", &feedback.trace_id),
            ("name", &feedback.name),
            ("assessment_type", &"feedback"),
            ("value", &value),
            ("created_timestamp", &now),
            ("last_updated_timestamp", &now),
            ("source_type", &"HUMAN"),
            ("source_id", &person),
            ("span_id", &feedback.span_id),
            ("rationale", &rationale),
            ("valid", &true),
            ("experiment_id", &experiment),
            ("trace_timestamp_ms", &time),
            ("aggregate_value", &aggregate),
            ("is_numeric_value", &false),
            ("run_id", &None::<String>),
        ];
        // The last columns came with later versions.
        let values: Vec<_> =
            values.into_iter().filter(|(column, _)| session.schema.has("assessments", column)).collect();
        let columns: Vec<&str> = values.iter().map(|(column, _)| *column).collect();
        let marks = vec!["?"; values.len()].join(", ");
        let sql = format!("INSERT INTO assessments ({}) VALUES ({marks})", columns.join(", "));
        let parameters: Vec<&dyn ToSql> = values.iter().map(|(_, value)| *value).collect();
        session.connection.execute(&sql, parameters.as_slice())?;
        let columns = session.schema.columns("assessments", "a", &COLUMNS);
        let sql = format!("SELECT 0, {columns} FROM assessments a WHERE a.assessment_id = ?1");
        Ok(session.connection.query_row(&sql, [&id], |row| Ok(assessment(row)))?)
    })
}

/// The experiment and the time of a trace (`_get_sql_trace_info`).
fn trace(session: &Session<'_>, trace_id: &str) -> Result<(i64, i64), Failure> {
    has_table(session, "trace_info")?;
    let workspace = session.schema.in_workspace("experiments", "e").replace(":workspace", "?2");
    let sql = format!(
        "SELECT t.experiment_id, t.timestamp_ms FROM trace_info t \
         JOIN experiments e ON e.experiment_id = t.experiment_id WHERE t.request_id = ?1 AND {workspace}"
    );
    let mut statement = session.connection.prepare(&sql)?;
    let mut rows = statement.query([trace_id, session.workspace])?;
    let found = rows.next()?.map(|row| (row::integer(row, 0), row::integer(row, 1)));
    match found {
        Some((Some(experiment), Some(time))) => Ok((experiment, time)),
        _ => Err(not_found(format!("Trace with ID '{trace_id}' not found.")).into()),
    }
}
