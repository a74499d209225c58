//! Stores of MLflow versions old and new.

use super::*;
use crate::tracking::error::DatabaseFault;

/// The tables of the first SQL stores (MLflow 0.9), with two runs.
pub const OLDEST: &str = "
    CREATE TABLE experiments (experiment_id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(256) NOT NULL UNIQUE,
        artifact_location VARCHAR(256), lifecycle_stage VARCHAR(32));
    CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL PRIMARY KEY, name VARCHAR(250), source_type VARCHAR(20),
        source_name VARCHAR(500), entry_point_name VARCHAR(50), user_id VARCHAR(256), status VARCHAR(20),
        start_time BIGINT, end_time BIGINT, source_version VARCHAR(50), lifecycle_stage VARCHAR(20),
        artifact_uri VARCHAR(200), experiment_id INTEGER);
    CREATE TABLE metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL,
        run_uuid VARCHAR(32) NOT NULL, PRIMARY KEY (key, timestamp, run_uuid));
    CREATE TABLE params (key VARCHAR(250) NOT NULL, value VARCHAR(250) NOT NULL, run_uuid VARCHAR(32) NOT NULL,
        PRIMARY KEY (key, run_uuid));
    CREATE TABLE tags (key VARCHAR(250) NOT NULL, value VARCHAR(250), run_uuid VARCHAR(32) NOT NULL,
        PRIMARY KEY (key, run_uuid));
    INSERT INTO experiments VALUES (1, 'old', './mlruns/1', 'active');
    INSERT INTO runs VALUES ('a', '', 'LOCAL', '', '', 'ann', 'FINISHED', 1, 2, '', 'active', '', 1),
        ('b', '', 'LOCAL', '', '', 'ann', 'RUNNING', 2, NULL, '', 'active', '', 1);
    INSERT INTO tags VALUES ('mlflow.runName', 'first', 'a');
    INSERT INTO metrics VALUES ('rmse', 0.5, 7, 'a');";

/// MLflow versions, the schema revision that each of them writes, and the tables it makes (by the real ones).
pub(super) const AGES: [(&str, &str, &str); 5] = [
    ("2.22.0", "0584bdc529eb", include_str!("../testdata/schema_2_22_0.sql")),
    ("3.1.4", "bda7b8c39065", include_str!("../testdata/schema_3_1_4.sql")),
    ("3.5.1", "bf29a5ff90ea", include_str!("../testdata/schema_3_5_1.sql")),
    ("3.9.0", "d3e4f5a6b7c8", include_str!("../testdata/schema_3_9_0.sql")),
    ("3.17.2", "dc11669786a5", SCHEMA),
];

const CONTENT: &str = "
    INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time)
        VALUES (7, 'e', '/x', 'active', 5);
    INSERT INTO runs (run_uuid, name, status, start_time, end_time, lifecycle_stage, artifact_uri, experiment_id)
        VALUES ('r', 'run', 'FINISHED', 1, 2, 'active', '/x/r', 7);
    INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES ('m', 0, 1, 2, 1, 'r');
    INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES ('m', 0, 1, 2, 1, 'r');
    INSERT INTO params (key, value, run_uuid) VALUES ('p', '1', 'r');
    INSERT INTO tags (key, value, run_uuid) VALUES ('t', 'x', 'r');
    INSERT INTO datasets (dataset_uuid, experiment_id, name, digest, dataset_source_type, dataset_source)
        VALUES ('d', 7, 'train', 'abc', 'local', '{}');
    INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id)
        VALUES ('i', 'DATASET', 'd', 'RUN', 'r');
    INSERT INTO registered_models (name) VALUES ('model');
    INSERT INTO model_versions (name, version, current_stage, source, status)
        VALUES ('model', 1, 'None', '/x', 'READY');";

#[tokio::test]
async fn every_known_age_is_read_and_written() {
    for (version, revision, schema) in AGES {
        let fixture = Fixture::with_schema(&format!("{schema}{CONTENT}"));
        let store = fixture.store();
        assert!(schema.contains(revision), "{version}");
        assert_eq!((store.info().note.as_deref(), store.info().can_write), (None, true), "{version}");
        let experiments = all(store.search_experiments(ExperimentQuery::default())).await.unwrap();
        assert_eq!((experiments.len(), experiments[0].creation_time), (1, Some(5)), "{version}");
        let runs = all(store.search_runs(query("7"))).await.unwrap();
        assert!(runs[0].metric("m").unwrap().is_nan(), "{version}");
        assert_eq!(
            (runs[0].param("p"), runs[0].datasets[0].name.as_str()),
            (Some("1"), "train"),
            "{version}"
        );
        assert_eq!(all(store.metric_history("r", "m")).await.unwrap()[0].step, 2, "{version}");
        assert!(store.get_logged_model("m-1").await.unwrap_err().is_not_found(), "{version}");
        store.set_registered_model_alias("model", "prod", 1).await.unwrap();
        store.set_registered_model_alias("model", "prod", 1).await.unwrap();
        store.set_model_version_tag("model", 1, "k", "v").await.unwrap();
        store.update_model_version("model", 1, "text").await.unwrap();
        let model = store.get_registered_model("model").await.unwrap();
        assert_eq!((model.alias("prod"), model.latest_version), (Some(1), Some(1)), "{version}");
        let one = store.get_model_version("model", 1).await.unwrap();
        assert_eq!((one.tags["k"].as_str(), one.description.as_str()), ("v", "text"), "{version}");
        store.delete_registered_model_alias("model", "prod").await.unwrap();
        store.delete_model_version_tag("model", 1, "k").await.unwrap();
        assert!(store.get_model_version("model", 1).await.unwrap().tags.is_empty(), "{version}");
    }
}

#[tokio::test]
async fn the_oldest_stores_are_read_as_far_as_they_go() {
    let store = Fixture::with_schema(OLDEST);
    let store = store.store();
    let runs = all(store.search_runs(query("1"))).await.unwrap();
    assert_eq!((runs[0].info.run_id.as_str(), runs[1].info.run_name.as_str()), ("b", "first"));
    assert!(runs[1].metrics.is_empty() && runs[1].datasets.is_empty());
    let history = all(store.metric_history("a", "rmse")).await.unwrap();
    assert_eq!((history[0].value, history[0].step), (0.5, 0));
    assert!(all(store.search_registered_models(ModelQuery::Models)).await.unwrap().is_empty());
    assert!(all(store.search_model_versions(VersionQuery::OfRun("a".into()))).await.unwrap().is_empty());
    assert!(store.get_registered_model("m").await.unwrap_err().is_not_found());
    let error = store.set_registered_model_alias("m", "prod", 1).await.unwrap_err();
    let TrackingError::Database { fault: DatabaseFault::Protected { reason }, .. } = error else {
        panic!("{error:?}")
    };
    assert!(reason.contains("no table registered_model_aliases"), "{reason}");
}
