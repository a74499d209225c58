//! The store over small databases made with SQL.

mod ages;
mod artifacts;
mod faults;
mod reading;
mod registering;
mod traces;
mod writing;

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt as _;
use rusqlite::Connection;

use super::*;
use crate::tracking::Store;

const SCHEMA: &str = include_str!("../testdata/schema_3_17_2.sql");

/// A store in a folder of its own.
struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    /// An empty store of MLflow 3.17.2 with experiment 1, changed by `sql`.
    fn new(sql: &str) -> Self {
        let experiment = "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage,
            creation_time, last_update_time) VALUES (1, 'one', 'mlflow-artifacts:/1', 'active', 10, 20);";
        Self::with_schema(&format!("{SCHEMA}{experiment}{sql}"))
    }

    fn with_schema(sql: &str) -> Self {
        let fixture = Self { folder: tempfile::tempdir().unwrap() };
        fixture.sql(sql);
        fixture
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("mlflow.db")
    }

    fn connection(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }

    /// What another program does to the file.
    fn sql(&self, sql: &str) {
        let connection = self.connection();
        connection
            .execute_batch(&format!(
                "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; BEGIN; {sql}; COMMIT;"
            ))
            .unwrap();
    }

    fn store(&self) -> SqliteStore {
        self.try_store().unwrap()
    }

    fn try_store(&self) -> Result<SqliteStore, TrackingError> {
        open_at(&self.file())
    }
}

/// Opens with little patience.
fn open_at(file: &Path) -> Result<SqliteStore, TrackingError> {
    SqliteStore::open(file.to_owned(), None, Some(Duration::from_millis(300)))
}

async fn all<T>(mut pages: PageStream<T>) -> Result<Vec<T>, TrackingError> {
    let mut items = Vec::new();
    while let Some(page) = pages.next().await {
        items.extend(page?);
    }
    Ok(items)
}

fn query(experiment: &str) -> RunQuery {
    RunQuery { experiment_ids: vec![experiment.to_owned()], ..RunQuery::default() }
}

async fn run_ids(store: &SqliteStore, query: RunQuery) -> Vec<String> {
    all(store.search_runs(query)).await.unwrap().into_iter().map(|run| run.info.run_id).collect()
}

/// Inserts a run of experiment 1.
fn run(id: &str, start_time: &str) -> String {
    format!(
        "INSERT INTO runs (run_uuid, name, status, start_time, lifecycle_stage, artifact_uri, experiment_id)
         VALUES ('{id}', 'name of {id}', 'FINISHED', {start_time}, 'active', '', 1);"
    )
}
