//! Runs and their metrics: tables `runs`, `latest_metrics`, `params`, `tags`, `inputs`, `datasets`, `metrics`.
//!
//! A page of runs is five or six statements, however many runs it has; each walks an index in the order of the page.

use std::fmt::Write as _;

use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use super::database::Session;
use super::experiments::stages;
use super::failure::{Failure, not_found};
use super::filter::{self, Equality};
use super::{order, row};
use crate::entities::{Dataset, Metric, ModelOutput, Param, Run, RunInfo, RunStatus, ViewType};
use crate::tracking::RunQuery;

const COLUMNS: [&str; 9] = [
    "run_uuid",
    "experiment_id",
    "name",
    "status",
    "start_time",
    "end_time",
    "user_id",
    "artifact_uri",
    "lifecycle_stage",
];

/// The ids of the runs that are asked for, in order; the first `limit` only, if there is one.
pub(super) fn ids(
    session: &Session<'_>,
    query: &RunQuery,
    limit: Option<usize>,
) -> Result<Vec<String>, Failure> {
    let schema = session.schema;
    let mut parameters = Vec::new();
    let mut from = String::from("FROM runs r");
    let order = order::clauses(schema, &query.order_by, &mut from, &mut parameters)?;
    let Some(mut condition) = condition(session, query, &mut parameters)? else { return Ok(Vec::new()) };
    if let Some(limit) = limit
        && query.order_by.is_empty()
        && let Some(bound) = oldest_of_the_last(session, &condition, &parameters, limit)?
    {
        // Writing to a string does not fail.
        let _written = write!(condition, " AND r.start_time >= {bound}");
    }
    let limit = limit.map(|limit| format!(" LIMIT {limit}")).unwrap_or_default();
    let sql = format!("SELECT r.run_uuid {from} WHERE {condition} ORDER BY {order}{limit}");
    let mut statement = session.connection.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(parameters), |row| Ok(row::text(row, 0)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What the query asks of `r`. None if no run can be like that.
fn condition(
    session: &Session<'_>,
    query: &RunQuery,
    parameters: &mut Vec<Value>,
) -> Result<Option<String>, Failure> {
    let schema = session.schema;
    let experiments: Vec<String> = query
        .experiment_ids
        .iter()
        .filter_map(|id| id.trim().parse::<i64>().ok())
        .map(|id| id.to_string())
        .collect();
    let mut condition = format!("r.experiment_id IN ({})", experiments.join(", "));
    if schema.has("runs", "lifecycle_stage") {
        let _written = write!(condition, " AND r.lifecycle_stage IN ({})", stages(query.view_type));
    } else if query.view_type == ViewType::DeletedOnly {
        return Ok(None);
    }
    for Equality { on, key, value } in filter::parse(&query.filter)? {
        let table = on.table();
        if !schema.has_table(table) {
            return Ok(None);
        }
        parameters.extend([key.into(), value.into()]);
        let (key, value) = (parameters.len() - 1, parameters.len());
        let _written = write!(
            condition,
            " AND r.run_uuid IN (SELECT run_uuid FROM {table} WHERE key = ?{key} AND value = ?{value})"
        );
    }
    Ok(Some(condition))
}

/// The least start time among the runs written last: no run that started before it is one of the `count` newest.
/// There is no index to find those by; sorting nearly nothing makes one walk over the table three times as fast.
fn oldest_of_the_last(
    session: &Session<'_>,
    condition: &str,
    parameters: &[Value],
    count: usize,
) -> Result<Option<i64>, Failure> {
    if !session.schema.has("runs", "start_time") {
        return Ok(None);
    }
    let sql = format!(
        "SELECT min(start_time) FROM \
         (SELECT r.start_time FROM runs r WHERE {condition} ORDER BY r.rowid DESC LIMIT {count}) \
         HAVING count(*) = {count} AND sum(typeof(start_time) = 'integer') = {count}"
    );
    let mut statement = session.connection.prepare(&sql)?;
    let mut rows = statement.query(params_from_iter(parameters))?;
    Ok(rows.next()?.and_then(|found| row::integer(found, 0)))
}

pub(super) fn get(session: &Session<'_>, run_id: &str) -> Result<Run, Failure> {
    let found = page(session, &[run_id.to_owned()])?.pop();
    found.ok_or_else(|| not_found(format!("Run with id={run_id} not found")).into())
}

/// Runs with all that belongs to them, in the order of their ids. Those that are gone are left out.
pub(super) fn page(session: &Session<'_>, ids: &[String]) -> Result<Vec<Run>, Failure> {
    let mut page = Page {
        session,
        ids: serde_json::to_string(ids).unwrap_or_default(),
        runs: std::iter::repeat_with(|| None).take(ids.len()).collect(),
    };
    page.read_infos()?;
    page.read_metrics()?;
    page.read_params()?;
    page.read_tags()?;
    page.read_datasets()?;
    page.read_outputs()?;
    Ok(page.runs.into_iter().flatten().collect())
}

struct Page<'a> {
    session: &'a Session<'a>,
    /// As a JSON list: one parameter, whose positions come back with the rows.
    ids: String,
    runs: Vec<Option<Run>>,
}

impl Page<'_> {
    /// Runs a statement whose first column is the position of a run, and hands each row to its run.
    fn each(&mut self, sql: &str, mut take: impl FnMut(&mut Run, &Row<'_>)) -> Result<(), Failure> {
        let mut statement = self.session.connection.prepare_cached(sql)?;
        let mut rows = statement.query([&self.ids])?;
        while let Some(row) = rows.next()? {
            if let Some(Some(run)) = self.runs.get_mut(row::position(row, 0)) {
                take(run, row);
            }
        }
        Ok(())
    }

    fn read_infos(&mut self) -> Result<(), Failure> {
        let sql = format!(
            "SELECT j.key, {} FROM json_each(?1) j CROSS JOIN runs r ON r.run_uuid = j.value",
            self.session.schema.columns("runs", "r", &COLUMNS)
        );
        let mut statement = self.session.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([&self.ids])?;
        while let Some(row) = rows.next()? {
            if let Some(run) = self.runs.get_mut(row::position(row, 0)) {
                *run = Some(Run { info: info(row), ..Run::default() });
            }
        }
        Ok(())
    }

    fn read_metrics(&mut self) -> Result<(), Failure> {
        let schema = self.session.schema;
        if !schema.has_table("latest_metrics") {
            return Ok(());
        }
        let columns = schema.columns("latest_metrics", "m", &["key", "value", "is_nan", "timestamp", "step"]);
        let sql = format!(
            "SELECT j.key, {columns} FROM json_each(?1) j CROSS JOIN latest_metrics m ON m.run_uuid = j.value"
        );
        let mut room = Room::default();
        self.each(&sql, |run, row| room.push(&mut run.metrics, metric(row)))
    }

    fn read_params(&mut self) -> Result<(), Failure> {
        if !self.session.schema.has_table("params") {
            return Ok(());
        }
        let sql =
            "SELECT j.key, p.key, p.value FROM json_each(?1) j CROSS JOIN params p ON p.run_uuid = j.value";
        let mut room = Room::default();
        self.each(sql, |run, row| {
            room.push(&mut run.params, Param { key: row::text(row, 1), value: row::text(row, 2) });
        })
    }

    fn read_tags(&mut self) -> Result<(), Failure> {
        if !self.session.schema.has_table("tags") {
            return Ok(());
        }
        let sql =
            "SELECT j.key, t.key, t.value FROM json_each(?1) j CROSS JOIN tags t ON t.run_uuid = j.value";
        self.each(sql, |run, row| {
            let (key, value) = (row::text(row, 1), row::text(row, 2));
            // Before MLflow 1.30 the name was but a tag.
            if run.info.run_name.is_empty() && key == "mlflow.runName" {
                run.info.run_name.clone_from(&value);
            }
            run.tags.insert(key, value);
        })
    }

    fn read_datasets(&mut self) -> Result<(), Failure> {
        let schema = self.session.schema;
        if !schema.has_table("inputs") || !schema.has_table("datasets") {
            return Ok(());
        }
        let (context, join) = if schema.has_table("input_tags") {
            let join =
                "LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context'";
            ("t.value", join)
        } else {
            ("NULL", "")
        };
        let columns = ["name", "digest", "dataset_source_type", "dataset_source"];
        let sql = format!(
            "SELECT j.key, {}, {context} FROM json_each(?1) j \
             CROSS JOIN inputs i ON i.destination_type = 'RUN' AND i.destination_id = j.value \
             JOIN datasets d ON d.dataset_uuid = i.source_id {join}",
            schema.columns("datasets", "d", &columns)
        );
        self.each(&sql, |run, row| {
            let context = Some(row::text(row, 5)).filter(|context| !context.is_empty());
            run.datasets.push(Dataset {
                name: row::text(row, 1),
                digest: row::text(row, 2),
                source_type: row::text(row, 3),
                source: row::text(row, 4),
                context,
            });
        })
    }

    fn read_outputs(&mut self) -> Result<(), Failure> {
        let schema = self.session.schema;
        if !schema.has_table("inputs") {
            return Ok(());
        }
        let sql = format!(
            "SELECT j.key, {} FROM json_each(?1) j CROSS JOIN inputs o \
             ON o.source_type = 'RUN_OUTPUT' AND o.source_id = j.value AND o.destination_type = 'MODEL_OUTPUT'",
            schema.columns("inputs", "o", &["destination_id", "step"])
        );
        self.each(&sql, |run, row| {
            let step = row::integer(row, 2).unwrap_or_default();
            run.model_outputs.push(ModelOutput { model_id: row::text(row, 1), step });
        })
    }
}

/// Makes room in a list for as many as the run before had: most have as many.
#[derive(Default)]
struct Room {
    before: usize,
}

impl Room {
    /// More are not made room for ahead.
    const MOST: usize = 128;

    fn push<T>(&mut self, list: &mut Vec<T>, value: T) {
        if list.is_empty() {
            list.reserve_exact(self.before.clamp(1, Self::MOST));
        }
        list.push(value);
        self.before = list.len();
    }
}

fn info(row: &Row<'_>) -> RunInfo {
    RunInfo {
        run_id: row::text(row, 1),
        experiment_id: row::text(row, 2),
        run_name: row::text(row, 3),
        status: RunStatus::parse(&row::text(row, 4)).unwrap_or_default(),
        start_time: row::millis(row, 5),
        end_time: row::millis(row, 6),
        user_id: row::text(row, 7),
        artifact_uri: row::text(row, 8),
        lifecycle_stage: row::lifecycle_stage(row, 9),
    }
}

/// Position, then key, value, `is_nan`, timestamp, step.
fn metric(row: &Row<'_>) -> Metric {
    Metric {
        key: row::text(row, 1),
        value: row::metric_value(row, 2, 3),
        timestamp: row::integer(row, 4).unwrap_or_default(),
        step: row::integer(row, 5).unwrap_or_default(),
    }
}

/// Every value of a metric, by time, then step, then value: the store's order. One read: a million values take
/// less than a second, and sorting here spares SQLite to sort anew for every page.
pub(super) fn history(session: &Session<'_>, run_id: &str, key: &str) -> Result<Vec<Metric>, Failure> {
    let schema = session.schema;
    if !schema.has_table("metrics") {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT NULL, {}, m.value FROM metrics m WHERE m.run_uuid = ?1 AND m.key = ?2",
        schema.columns("metrics", "m", &["key", "value", "is_nan", "timestamp", "step"])
    );
    let mut statement = session.connection.prepare_cached(&sql)?;
    // A NaN is stored as 0 with a flag, and sorted as that.
    let rows = statement.query_map([run_id, key], |row| Ok((metric(row), row::number(row, 6))))?;
    let mut history = rows.collect::<Result<Vec<_>, _>>()?;
    history.sort_by(|(a, a_stored), (b, b_stored)| {
        (a.timestamp, a.step).cmp(&(b.timestamp, b.step)).then(a_stored.total_cmp(b_stored))
    });
    Ok(history.into_iter().map(|(metric, _)| metric).collect())
}
