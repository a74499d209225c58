//! What the tables of this store hold: MLflow's schema grew over the years, and columns may be missing.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use rusqlite::Connection;

use super::failure::{Failure, fault};
use super::row;
use crate::tracking::error::DatabaseFault;

/// The tables that are read or written here.
const TABLES: [&str; 32] = [
    "alembic_version",
    "assessments",
    "datasets",
    "entity_associations",
    "evaluation_dataset_records",
    "evaluation_dataset_tags",
    "evaluation_datasets",
    "experiment_tags",
    "experiments",
    "input_tags",
    "inputs",
    "latest_metrics",
    "logged_model_metrics",
    "logged_model_params",
    "logged_model_tags",
    "logged_models",
    "metrics",
    "model_version_tags",
    "model_versions",
    "params",
    "registered_model_aliases",
    "registered_model_tags",
    "registered_models",
    "runs",
    "spans",
    "tags",
    "trace_info",
    "trace_request_metadata",
    "trace_tags",
    "webhook_events",
    "webhooks",
    "workspaces",
];

/// Every schema revision of MLflow up to 3.17.2 (`mlflow/store/db_migrations/versions`), the newest last.
const REVISIONS: &[&str] = &[
    "451aebb31d03",
    "90e64c465722",
    "181f10493468",
    "df50e92ffc5e",
    "7ac759974ad8",
    "89d4b8295536",
    "2b4d017a5e9b",
    "cfd24bdc0731",
    "0a8213491aaa",
    "728d730b5ebd",
    "27a6a02d2cf1",
    "84291f40a231",
    "a8c4a736bde6",
    "39d1c3be5f05",
    "c48cb773bb87",
    "bd07f7e963c5",
    "0c779009ac13",
    "cc1f77228345",
    "97727af70f4d",
    "3500859a5d39",
    "7f2a7d5fae7d",
    "2d6e25af4d3e",
    "acf3f17fdcc7",
    "867495a8f9d4",
    "5b0e9adcef9c",
    "4465047574b1",
    "f5a4f2784254",
    "0584bdc529eb",
    "400f98739977",
    "6953534de441",
    "bda7b8c39065",
    "cbc13b556ace",
    "770bee3ae1dd",
    "a1b2c3d4e5f6",
    "de4033877273",
    "1a0cddfcaa16",
    "534353b11cbc",
    "71994744cf8e",
    "3da73c924c2f",
    "bf29a5ff90ea",
    "1bd49d398cd23",
    "b7c8d9e0f1a2",
    "5d2d30f0abce",
    "c9d4e5f6a7b8",
    "2c33131f4dae",
    "d3e4f5a6b7c8",
    "d0e1f2a3b4c5",
    "c8d9e0f1a2b3",
    "1b5f0d9ad7c1",
    "e1f2a3b4c5d6",
    "76601a5f987d",
    "c3d6457b6d8a",
    "a5b4c3d2e1f0",
    "ae8bbe7743c9",
    "7d34483879f0",
    "da6fb0208061",
    "89d3d66ed43f",
    "b7e4c1a90f23",
    "a8b9c0d1e2f3",
    "c1d2e3f4a5b6",
    "c3d9e7f1a2b4",
    "6f8d9c3b2a1e",
    "1971f2d9a75b",
    "17e22815139b",
    "b7e2c1a4d9f3",
    "75868b020152",
    "dc11669786a5",
];

/// The columns that are there, and the revision that the store says it has.
#[derive(Debug, Default)]
pub(super) struct Schema {
    columns: HashMap<String, HashSet<String>>,
    revision: Option<String>,
}

impl Schema {
    /// Looks the tables up. What holds no experiments and no runs is no MLflow store.
    pub fn read(connection: &Connection) -> Result<Self, Failure> {
        let mut schema = Self::default();
        {
            let mut statement = connection.prepare(
                "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c \
                 WHERE t.type = 'table' AND t.name IN (SELECT value FROM json_each(?1))",
            )?;
            let names = serde_json::json!(TABLES).to_string();
            let mut rows = statement.query([names])?;
            while let Some(found) = rows.next()? {
                schema.columns.entry(row::text(found, 0)).or_default().insert(row::text(found, 1));
            }
        }
        if schema.has("alembic_version", "version_num") {
            let mut statement = connection.prepare("SELECT version_num FROM alembic_version LIMIT 1")?;
            let mut rows = statement.query([])?;
            schema.revision = rows.next()?.map(|found| row::text(found, 0));
        }
        schema.check()?;
        Ok(schema)
    }

    fn check(&self) -> Result<(), Failure> {
        let reason = if self.columns.is_empty() {
            "it holds none of MLflow's tables".to_owned()
        } else {
            let needed = [
                ("experiments", "experiment_id"),
                ("experiments", "name"),
                ("runs", "run_uuid"),
                ("runs", "experiment_id"),
            ];
            match needed.into_iter().find(|(table, column)| !self.has(table, column)) {
                Some((table, column)) => format!("it holds no {table}.{column}"),
                None => return Ok(()),
            }
        };
        Err(fault(DatabaseFault::NotAStore { reason }))
    }

    /// Whether a table has a column.
    pub fn has(&self, table: &str, column: &str) -> bool {
        self.columns.get(table).is_some_and(|columns| columns.contains(column))
    }

    /// Whether a table is there.
    pub fn has_table(&self, table: &str) -> bool {
        self.columns.contains_key(table)
    }

    /// Columns to select, in this order; NULL stands in for those that are missing.
    pub fn columns(&self, table: &str, alias: &str, columns: &[&str]) -> String {
        let mut list = String::new();
        for column in columns {
            let comma = if list.is_empty() { "" } else { ", " };
            let written = if self.has(table, column) {
                write!(list, "{comma}{alias}.\"{column}\"")
            } else {
                write!(list, "{comma}NULL")
            };
            // Writing to a string does not fail.
            debug_assert!(written.is_ok());
        }
        list
    }

    /// The condition that rows belong to the workspace `:workspace`. Stores from before workspaces have but one.
    pub fn in_workspace(&self, table: &str, alias: &str) -> String {
        if self.has(table, "workspace") {
            format!("{alias}.workspace = :workspace")
        } else {
            ":workspace IS NOT NULL".to_owned()
        }
    }

    /// A revision that this program has not seen: the store was made by a newer MLflow.
    pub fn unknown_revision(&self) -> Option<&str> {
        self.revision.as_deref().filter(|revision| !REVISIONS.contains(revision))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(sql: &str) -> Result<Schema, Failure> {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(sql).unwrap();
        Schema::read(&connection)
    }

    const LEAST: &str = "CREATE TABLE experiments (experiment_id INTEGER, name TEXT);
        CREATE TABLE runs (run_uuid TEXT, experiment_id INTEGER, status TEXT);";

    #[test]
    fn missing_columns_are_null() {
        let schema = schema(LEAST).unwrap();
        assert_eq!(schema.columns("runs", "r", &["status", "deleted_time"]), "r.\"status\", NULL");
        assert_eq!(schema.in_workspace("experiments", "e"), ":workspace IS NOT NULL");
        assert!(!schema.has_table("tags"));
        assert_eq!(schema.unknown_revision(), None);
    }

    #[test]
    fn a_newer_revision_is_noticed() {
        let with = |revision: &str| {
            let version = format!(
                "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('{revision}')"
            );
            schema(&format!("{LEAST}{version}")).unwrap()
        };
        assert_eq!(with("f00dfeed").unknown_revision(), Some("f00dfeed"));
        assert_eq!(with("dc11669786a5").unknown_revision(), None);
    }

    #[test]
    fn what_is_no_store_says_so() {
        let reason = |sql: &str| match schema(sql).unwrap_err() {
            Failure::Fault(DatabaseFault::NotAStore { reason }) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(reason(""), "it holds none of MLflow's tables");
        assert_eq!(reason("CREATE TABLE cats (name TEXT)"), "it holds none of MLflow's tables");
        assert_eq!(reason("CREATE TABLE runs (id TEXT)"), "it holds no experiments.experiment_id");
        assert_eq!(reason("CREATE VIEW runs AS SELECT 1 AS run_uuid"), "it holds none of MLflow's tables");
    }
}
