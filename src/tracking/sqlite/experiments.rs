//! Experiments: tables `experiments` and `experiment_tags`.

use std::collections::HashMap;

use rusqlite::{Row, named_params};

use super::database::Session;
use super::failure::{Failure, invalid, not_found};
use super::row;
use crate::entities::{Experiment, Tags, ViewType};

const COLUMNS: [&str; 6] =
    ["experiment_id", "name", "artifact_location", "lifecycle_stage", "creation_time", "last_update_time"];

/// More are not offered.
const MAX_WORKSPACES: usize = 200;

/// The stages of a view type, as SQL.
pub(super) fn stages(view_type: ViewType) -> &'static str {
    match view_type {
        ViewType::ActiveOnly => "'active'",
        ViewType::DeletedOnly => "'deleted'",
        ViewType::All => "'active', 'deleted'",
    }
}

/// All of them, the newest first, as the server orders them.
pub(super) fn search(session: &Session<'_>, view_type: ViewType) -> Result<Vec<Experiment>, Failure> {
    let schema = session.schema;
    let stage = if schema.has("experiments", "lifecycle_stage") { "e.lifecycle_stage" } else { "'active'" };
    let order = if schema.has("experiments", "creation_time") { "e.creation_time DESC, " } else { "" };
    let sql = format!(
        "SELECT {} FROM experiments e WHERE {} AND {stage} IN ({}) \
         ORDER BY {order}e.experiment_id DESC",
        schema.columns("experiments", "e", &COLUMNS),
        schema.in_workspace("experiments", "e"),
        stages(view_type),
    );
    let mut statement = session.connection.prepare_cached(&sql)?;
    let rows =
        statement.query_map(named_params! { ":workspace": session.workspace }, |row| Ok(experiment(row)))?;
    let mut experiments = rows.collect::<Result<Vec<_>, _>>()?;
    add_tags(session, &mut experiments)?;
    Ok(experiments)
}

pub(super) fn get(session: &Session<'_>, experiment_id: &str) -> Result<Experiment, Failure> {
    let Ok(id) = experiment_id.trim().parse::<i64>() else {
        return Err(invalid(format!("Invalid experiment ID '{experiment_id}'. It must be a number.")).into());
    };
    let sql = format!(
        "SELECT {} FROM experiments e WHERE {} AND e.experiment_id = :id",
        session.schema.columns("experiments", "e", &COLUMNS),
        session.schema.in_workspace("experiments", "e"),
    );
    let mut statement = session.connection.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! { ":workspace": session.workspace, ":id": id })?;
    let found = rows.next()?.map(experiment);
    let Some(found) = found else {
        return Err(not_found(format!("No Experiment with id={id} exists")).into());
    };
    let mut found = [found];
    add_tags(session, &mut found)?;
    let [found] = found;
    Ok(found)
}

/// The workspaces that were made, and those in which there is something.
pub(super) fn workspaces(session: &Session<'_>) -> Result<Vec<String>, Failure> {
    let columns = [("workspaces", "name"), ("experiments", "workspace"), ("registered_models", "workspace")];
    let known: Vec<String> = columns
        .into_iter()
        .filter(|(table, column)| session.schema.has(table, column))
        .map(|(table, column)| format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL"))
        .collect();
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("{} ORDER BY 1 LIMIT {MAX_WORKSPACES}", known.join(" UNION "));
    let mut statement = session.connection.prepare_cached(&sql)?;
    let rows = statement.query_map([], |row| Ok(row::text(row, 0)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn experiment(row: &Row<'_>) -> Experiment {
    Experiment {
        experiment_id: row::text(row, 0),
        name: row::text(row, 1),
        artifact_location: row::text(row, 2),
        lifecycle_stage: row::lifecycle_stage(row, 3),
        creation_time: row::millis(row, 4),
        last_update_time: row::millis(row, 5),
        tags: Tags::new(),
    }
}

fn add_tags(session: &Session<'_>, experiments: &mut [Experiment]) -> Result<(), Failure> {
    if !session.schema.has_table("experiment_tags") {
        return Ok(());
    }
    let ids: Vec<&str> = experiments.iter().map(|experiment| experiment.experiment_id.as_str()).collect();
    let ids = serde_json::json!(ids).to_string();
    let index: HashMap<String, usize> = experiments
        .iter()
        .enumerate()
        .map(|(at, experiment)| (experiment.experiment_id.clone(), at))
        .collect();
    let sql = "SELECT t.experiment_id, t.key, t.value FROM experiment_tags t \
               WHERE t.experiment_id IN (SELECT CAST(value AS INTEGER) FROM json_each(?1))";
    let mut statement = session.connection.prepare_cached(sql)?;
    let mut rows = statement.query([ids])?;
    while let Some(found) = rows.next()? {
        if let Some(&at) = index.get(&row::text(found, 0)) {
            experiments[at].tags.insert(row::text(found, 1), row::text(found, 2));
        }
    }
    Ok(())
}
