//! Evaluation datasets: tables `evaluation_datasets`, `evaluation_dataset_records` and `evaluation_dataset_tags`
//! (`mlflow/store/tracking/dbmodels/models.py`); the experiments they belong to are in `entity_associations`.

use rusqlite::{Row, named_params};

use super::database::Session;
use super::failure::Failure;
use super::row;
use crate::entities::{DatasetRecord, EvaluationDataset};
use crate::tracking::DatasetQuery;
use crate::tracking::rest::{dataset_records, no_datasets};

/// More are not offered.
const MOST_DATASETS: usize = 10_000;
const COLUMNS: [&str; 7] =
    ["dataset_id", "name", "digest", "created_time", "last_update_time", "created_by", "profile"];
const RECORD_COLUMNS: [&str; 6] =
    ["dataset_record_id", "inputs", "outputs", "expectations", "tags", "created_time"];

/// The newest first, as the server orders them.
pub(super) fn search(session: &Session<'_>, query: &DatasetQuery) -> Result<Vec<EvaluationDataset>, Failure> {
    let schema = session.schema;
    let there = ["evaluation_datasets", "evaluation_dataset_records"];
    if !there.iter().all(|table| schema.has_table(table)) {
        return Err(no_datasets("This store").into());
    }
    let of_experiments = if query.experiment_ids.is_empty() {
        ":experiments IS NOT NULL"
    } else {
        "d.dataset_id IN (SELECT a.source_id FROM entity_associations a \
         WHERE a.source_type = 'evaluation_dataset' AND a.destination_type = 'experiment' \
         AND a.destination_id IN (SELECT value FROM json_each(:experiments)))"
    };
    let sql = format!(
        "SELECT {} FROM evaluation_datasets d WHERE {} AND {of_experiments} \
         ORDER BY d.created_time DESC, d.dataset_id DESC LIMIT {MOST_DATASETS}",
        schema.columns("evaluation_datasets", "d", &COLUMNS),
        schema.in_workspace("evaluation_datasets", "d"),
    );
    let experiments = serde_json::json!(query.experiment_ids).to_string();
    let mut statement = session.connection.prepare_cached(&sql)?;
    let parameters = named_params! { ":workspace": session.workspace, ":experiments": experiments };
    let rows = statement.query_map(parameters, |row| Ok(dataset(row)))?;
    let mut datasets = rows.collect::<Result<Vec<_>, _>>()?;
    add_tags(session, &mut datasets)?;
    Ok(datasets)
}

fn dataset(row: &Row<'_>) -> EvaluationDataset {
    EvaluationDataset {
        dataset_id: row::text(row, 0),
        name: row::text(row, 1),
        digest: row::text(row, 2),
        created_time: row::millis(row, 3),
        last_update_time: row::millis(row, 4),
        created_by: row::text(row, 5),
        records: dataset_records(&row::text(row, 6)),
        ..EvaluationDataset::default()
    }
}

fn add_tags(session: &Session<'_>, datasets: &mut [EvaluationDataset]) -> Result<(), Failure> {
    if !session.schema.has_table("evaluation_dataset_tags") {
        return Ok(());
    }
    let mut statement = session
        .connection
        .prepare_cached("SELECT t.key, t.value FROM evaluation_dataset_tags t WHERE t.dataset_id = ?1")?;
    for dataset in datasets {
        let rows =
            statement.query_map([&dataset.dataset_id], |row| Ok((row::text(row, 0), row::text(row, 1))))?;
        dataset.tags = rows.collect::<Result<_, _>>()?;
    }
    Ok(())
}

/// The experiments that a dataset belongs to; none of one that is not known.
pub(super) fn experiments(session: &Session<'_>, dataset_id: &str) -> Result<Vec<String>, Failure> {
    if !session.schema.has_table("entity_associations") {
        return Err(no_datasets("This store").into());
    }
    let mut statement = session.connection.prepare_cached(
        "SELECT a.destination_id FROM entity_associations a WHERE a.source_type = 'evaluation_dataset' \
         AND a.destination_type = 'experiment' AND a.source_id = ?1 ORDER BY a.destination_id",
    )?;
    let rows = statement.query_map([dataset_id], |row| Ok(row::text(row, 0)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Where a page of records begins: behind this one.
#[derive(Clone, Debug)]
pub(super) struct After {
    created: i64,
    id: String,
}

impl After {
    pub(super) fn of(record: &DatasetRecord) -> Self {
        Self { created: record.created_time.unwrap_or_default(), id: record.dataset_record_id.clone() }
    }
}

/// Records in the order in which they were made; none of a dataset that is not known, as the server answers.
pub(super) fn records(
    session: &Session<'_>,
    dataset_id: &str,
    after: Option<&After>,
    limit: usize,
) -> Result<Vec<DatasetRecord>, Failure> {
    let schema = session.schema;
    if !schema.has_table("evaluation_dataset_records") {
        return Err(no_datasets("This store").into());
    }
    let sql = format!(
        "SELECT {} FROM evaluation_dataset_records r \
         JOIN evaluation_datasets d ON d.dataset_id = r.dataset_id WHERE r.dataset_id = :id AND {} \
         AND (ifnull(r.created_time, 0), r.dataset_record_id) > (:created, :after) \
         ORDER BY ifnull(r.created_time, 0), r.dataset_record_id LIMIT :limit",
        schema.columns("evaluation_dataset_records", "r", &RECORD_COLUMNS),
        schema.in_workspace("evaluation_datasets", "d"),
    );
    let mut statement = session.connection.prepare_cached(&sql)?;
    let parameters = named_params! {
        ":id": dataset_id,
        ":workspace": session.workspace,
        ":created": after.map_or(i64::MIN, |after| after.created),
        ":after": after.map_or("", |after| after.id.as_str()),
        ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
    };
    let rows = statement.query_map(parameters, |row| Ok(record(row)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn record(row: &Row<'_>) -> DatasetRecord {
    DatasetRecord {
        dataset_record_id: row::text(row, 0),
        inputs: row::text(row, 1),
        outputs: unwrapped(row::text(row, 2)),
        expectations: kept(row::text(row, 3)),
        tags: kept(row::text(row, 4)),
        created_time: row::millis(row, 5),
    }
}

/// None is written as JSON's null.
fn kept(text: String) -> Option<String> {
    Some(text).filter(|text| !matches!(text.as_str(), "" | "null" | "{}"))
}

/// Outputs of any type are kept in an object (`DATASET_RECORD_WRAPPED_OUTPUT_KEY`).
fn unwrapped(text: String) -> Option<String> {
    let json = serde_json::from_str::<serde_json::Value>(&text).ok();
    match json.as_ref().and_then(|json| json.get("mlflow_wrapped")) {
        Some(outputs) => kept(outputs.to_string()),
        None => kept(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_taken_out_of_what_they_are_wrapped_in() {
        let outputs = |text: &str| unwrapped(text.to_owned());
        assert_eq!(outputs(r#"{"mlflow_wrapped": "sunny"}"#).as_deref(), Some(r#""sunny""#));
        assert_eq!(outputs(r#"{"a": 1}"#).as_deref(), Some(r#"{"a": 1}"#));
        for empty in ["", "null", "{}", r#"{"mlflow_wrapped": {}}"#, r#"{"mlflow_wrapped": null}"#] {
            assert_eq!(outputs(empty), None, "{empty}");
        }
    }
}
