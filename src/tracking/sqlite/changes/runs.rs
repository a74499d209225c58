//! Making runs and logging to them, as MLflow's own store does.

use rusqlite::{ToSql, named_params, params};

use crate::entities::{LifecycleStage, Metric, Millis, NewRun, Run, RunBatch, RunStatus};
use crate::tracking::TrackingError;
use crate::tracking::sqlite::database::{Database, Session};
use crate::tracking::sqlite::failure::{Failure, invalid};
use crate::tracking::sqlite::{experiments, rules, runs};

const RUN_NAME: &str = "mlflow.runName";
/// The folder of a run's artifacts.
const ARTIFACTS: &str = "artifacts";

/// `create_run`
pub(in crate::tracking::sqlite) fn create(database: &Database, run: &NewRun) -> Result<Run, TrackingError> {
    run.tags.iter().try_for_each(|(key, value)| rules::run_tag(key, value))?;
    database.write(|session| {
        let experiment = experiments::get(session, &run.experiment_id)?;
        if experiment.lifecycle_stage != LifecycleStage::Active {
            let message = format!(
                "The experiment {} must be in the 'active' state. Current state is deleted.",
                experiment.experiment_id
            );
            return Err(invalid(message).into());
        }
        let run_id: String =
            session.connection.query_row("SELECT lower(hex(randomblob(16)))", [], |row| row.get(0))?;
        let place = below(&experiment.artifact_location, &[&run_id, ARTIFACTS]);
        let id = experiment.experiment_id.parse::<i64>().unwrap_or_default();
        let values: [(&str, &dyn ToSql); 13] = [
            ("run_uuid", &run_id),
            ("name", &run.run_name),
            ("artifact_uri", &place),
            ("experiment_id", &id),
            ("source_type", &"UNKNOWN"),
            ("source_name", &""),
            ("entry_point_name", &""),
            ("user_id", &run.user_id),
            ("status", &RunStatus::Running.as_str()),
            ("start_time", &run.start_time),
            ("source_version", &""),
            ("lifecycle_stage", &"active"),
            ("end_time", &None::<Millis>),
        ];
        let there = values.iter().filter(|(column, _)| session.schema.has("runs", column));
        let (columns, parameters): (Vec<&str>, Vec<&dyn ToSql>) = there.copied().unzip();
        let marks = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT INTO runs ({}) VALUES ({marks})", columns.join(", "));
        session.connection.execute(&sql, parameters.as_slice())?;
        set_tag(session, &run_id, RUN_NAME, &run.run_name)?;
        for (key, value) in &run.tags {
            set_tag(session, &run_id, key, value)?;
        }
        runs::get(session, &run_id)
    })
}

/// `append_to_uri_path`: the query of a URI stays behind the path.
fn below(location: &str, parts: &[&str]) -> String {
    let (path, query) = match location.split_once('?') {
        Some((path, query)) if location.contains("://") => (path, format!("?{query}")),
        _ => (location, String::new()),
    };
    format!("{}/{}{query}", path.trim_end_matches('/'), parts.join("/"))
}

/// `log_batch`
pub(in crate::tracking::sqlite) fn log_batch(
    database: &Database,
    run_id: &str,
    batch: &RunBatch,
) -> Result<(), TrackingError> {
    rules::batch(batch)?;
    database.write(|session| {
        active(session, run_id)?;
        for param in &batch.params {
            log_param(session, run_id, &param.key, rules::cut_param(&param.value))?;
        }
        for metric in &batch.metrics {
            log_metric(session, run_id, metric)?;
        }
        for (key, value) in &batch.tags {
            set_tag(session, run_id, key, value)?;
        }
        Ok(())
    })
}

/// `update_run_info`
pub(in crate::tracking::sqlite) fn end(
    database: &Database,
    run_id: &str,
    status: RunStatus,
    end_time: Millis,
) -> Result<(), TrackingError> {
    database.write(|session| {
        active(session, run_id)?;
        let sql = "UPDATE runs SET status = ?2, end_time = ?3 WHERE run_uuid = ?1";
        session.connection.execute(sql, params![run_id, status.as_str(), end_time])?;
        Ok(())
    })
}

/// `_check_run_is_active`
fn active(session: &Session<'_>, run_id: &str) -> Result<(), Failure> {
    let run = runs::get(session, run_id)?;
    if run.info.lifecycle_stage == LifecycleStage::Active {
        return Ok(());
    }
    let message = format!("The run {run_id} must be in the 'active' state. Current state is deleted.");
    Err(invalid(message).into())
}

fn log_param(session: &Session<'_>, run_id: &str, key: &str, value: &str) -> Result<(), Failure> {
    let sql = "INSERT INTO params (run_uuid, key, value) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    if session.connection.execute(sql, [run_id, key, value])? > 0 {
        return Ok(());
    }
    let sql = "SELECT value FROM params WHERE run_uuid = ?1 AND key = ?2";
    let old: String = session.connection.query_row(sql, [run_id, key], |row| row.get(0))?;
    if old == value {
        return Ok(());
    }
    let [key, old, new] = [key, &old, value].map(rules::python_repr);
    let message = format!(
        "Changing param values is not allowed. Params were already logged='[{{'key': {key}, 'old_value': {old}, \
         'new_value': {new}}}]' for run ID='{run_id}'."
    );
    Err(invalid(message).into())
}

fn log_metric(session: &Session<'_>, run_id: &str, metric: &Metric) -> Result<(), Failure> {
    // `sanitize_metric_value`
    let is_nan = metric.value.is_nan();
    let value = if is_nan { 0.0 } else { metric.value.clamp(-f64::MAX, f64::MAX) };
    let parameters = named_params! {
        ":run": run_id, ":key": metric.key, ":value": value, ":timestamp": metric.timestamp,
        ":step": metric.step, ":nan": is_nan
    };
    let row = "(run_uuid, key, value, timestamp, step, is_nan) VALUES (:run, :key, :value, :timestamp, :step, :nan)";
    session.connection.execute(&format!("INSERT INTO metrics {row} ON CONFLICT DO NOTHING"), parameters)?;
    // `_update_latest_metrics_if_necessary`
    let latest = format!(
        "INSERT INTO latest_metrics {row} ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value, \
         timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan \
         WHERE (excluded.step, excluded.timestamp, excluded.value) > \
         (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)"
    );
    session.connection.execute(&latest, parameters)?;
    Ok(())
}

fn set_tag(session: &Session<'_>, run_id: &str, key: &str, value: &str) -> Result<(), Failure> {
    let sql = "INSERT INTO tags (run_uuid, key, value) VALUES (?1, ?2, ?3) \
               ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value";
    session.connection.execute(sql, [run_id, key, rules::cut_tag(value)])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runs_folder_lies_below_its_experiments() {
        for (location, expected) in [
            ("mlflow-artifacts:/1", "mlflow-artifacts:/1/r/artifacts"),
            ("/data/mlruns/1/", "/data/mlruns/1/r/artifacts"),
            ("./mlruns/1", "./mlruns/1/r/artifacts"),
            ("s3://bucket/1?x=y", "s3://bucket/1/r/artifacts?x=y"),
        ] {
            assert_eq!(below(location, &["r", ARTIFACTS]), expected);
        }
    }
}
