//! What is read is what is there, whatever types the columns hold.

use super::*;
use crate::entities::{LifecycleStage, RunStatus, ViewType};

#[tokio::test]
async fn runs_come_newest_first_in_pages_and_each_once() {
    let count = 2350;
    let mut sql: String = (0..count).map(|n| run(&format!("{n:05}"), &(1000 + n / 3).to_string())).collect();
    sql.push_str(&run("nulls", "NULL"));
    sql.push_str(&run("text", "'soon'"));
    let fixture = Fixture::new(&sql);
    let store = fixture.store();
    let mut pages = store.search_runs(query("1"));
    let mut sizes = Vec::new();
    let mut ids = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        sizes.push(page.len());
        ids.extend(page.into_iter().map(|run| run.info.run_id));
    }
    assert_eq!(sizes, [100, 2000, 252]);
    let mut expected = vec!["text".to_owned()];
    let mut numbered: Vec<u32> = (0..count).collect();
    numbered.sort_by_key(|n| (std::cmp::Reverse(n / 3), *n));
    expected.extend(numbered.iter().map(|n| format!("{n:05}")));
    expected.push("nulls".to_owned());
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn the_newest_runs_are_found_wherever_their_rows_are() {
    // Written oldest last, as an import does; some rows without a time, some deleted.
    let mut sql: String = (0..300).map(|n| run(&format!("{n:03}"), &(5000 - n).to_string())).collect();
    sql.push_str("UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid IN ('000', '150');");
    let fixture = Fixture::new(&sql);
    let store = fixture.store();
    let active = run_ids(&store, query("1")).await;
    assert_eq!((active.len(), active[0].as_str(), active[297].as_str()), (298, "001", "299"));
    let deleted = RunQuery { view_type: ViewType::DeletedOnly, ..query("1") };
    assert_eq!(run_ids(&store, deleted).await, ["000", "150"]);
    let every = RunQuery { view_type: ViewType::All, ..query("1") };
    assert_eq!(run_ids(&store, every).await.len(), 300);
    fixture.sql("UPDATE runs SET start_time = NULL WHERE run_uuid > '250'");
    assert_eq!(run_ids(&store, query("1")).await[0], "001");
}

#[tokio::test]
async fn runs_of_exactly_a_page_end_there() {
    let sql: String = (0..100).map(|n| run(&format!("{n:03}"), "7")).collect();
    let store = Fixture::new(&sql);
    assert_eq!(run_ids(&store.store(), query("1")).await.len(), 100);
    assert!(run_ids(&store.store(), query("2")).await.is_empty());
    assert!(run_ids(&store.store(), query("not a number")).await.is_empty());
    assert!(run_ids(&store.store(), RunQuery::default()).await.is_empty());
}

#[tokio::test]
async fn a_run_is_read_with_all_that_belongs_to_it() {
    let fixture = Fixture::new(&format!(
        "{}
        INSERT INTO latest_metrics VALUES ('nan', 0.0, 5, 1, 1, 'r'), ('inf', 9e999, 5, -2, 0, 'r'),
            ('odd', 'x', NULL, 'y', 0, 'r'), ('of another', 1, 1, 1, 0, 's');
        INSERT INTO params VALUES ('alpha', '0.1', 'r'), ('empty', '', 'r'), ('number', 7, 'r');
        INSERT INTO tags VALUES ('mlflow.user', 'anna', 'r'), ('null', NULL, 'r'), ('mlflow.runName', 'tagged', 'r');
        UPDATE runs SET name = NULL, status = 'SLEEPING', end_time = 0, user_id = x'ff', artifact_uri = 12;
        INSERT INTO datasets VALUES ('d', 1, 'train', 'abc', 'local', '{{}}', NULL, NULL);
        INSERT INTO inputs VALUES ('i', 'DATASET', 'd', 'RUN', 'r', 0),
            ('o', 'RUN_OUTPUT', 'r', 'MODEL_OUTPUT', 'm-1', 3), ('x', 'DATASET', 'gone', 'RUN', 'r', 0);
        INSERT INTO input_tags VALUES ('i', 'mlflow.data.context', 'training'), ('i', 'other', 'tag');",
        run("r", "12.75")
    ));
    let store = fixture.store();
    let run = store.get_run("r").await.unwrap();
    assert_eq!((run.info.run_name.as_str(), run.info.status), ("tagged", RunStatus::Running));
    assert_eq!((run.info.start_time, run.info.end_time), (Some(12), None));
    assert_eq!((run.info.user_id.as_str(), run.info.artifact_uri.as_str()), ("\u{fffd}", "12"));
    assert_eq!(run.metrics.len(), 3);
    assert!(run.metric("nan").unwrap().is_nan() && run.metric("odd").unwrap().is_nan());
    assert_eq!((run.metric("inf"), run.metrics[1].step), (Some(f64::MAX), -2));
    assert_eq!((run.param("empty"), run.param("number")), (Some(""), Some("7")));
    assert_eq!((run.user(), run.tags["null"].as_str()), ("anna", ""));
    assert_eq!(run.datasets.len(), 1);
    assert_eq!(run.datasets[0].context.as_deref(), Some("training"));
    assert_eq!((run.model_outputs[0].model_id.as_str(), run.model_outputs[0].step), ("m-1", 3));
    assert_eq!(all(store.search_runs(query("1"))).await.unwrap()[0].metrics.len(), 3);
    let error = store.get_run("nope").await.unwrap_err();
    assert_eq!((error.to_string().as_str(), error.is_not_found()), ("Run with id=nope not found", true));
}

#[tokio::test]
async fn children_are_found_and_other_filters_refused() {
    let fixture = Fixture::new(&format!(
        "{}{}{} INSERT INTO tags VALUES ('mlflow.parentRunId', 'p', 'a'), ('mlflow.parentRunId', 'p', 'b');
        INSERT INTO params VALUES ('x', '1', 'b');",
        run("p", "1"),
        run("a", "2"),
        run("b", "3")
    ));
    let store = fixture.store();
    let filtered = |filter: &str| RunQuery { filter: filter.to_owned(), ..query("1") };
    assert_eq!(run_ids(&store, filtered("tags.`mlflow.parentRunId` = 'p'")).await, ["b", "a"]);
    let both = "tags.`mlflow.parentRunId` = 'p' and params.x = '1'";
    assert_eq!(run_ids(&store, filtered(both)).await, ["b"]);
    assert!(run_ids(&store, filtered("tags.a = ''")).await.is_empty());
    let error = all(store.search_runs(filtered("metrics.rmse < 1"))).await.unwrap_err();
    assert_eq!(error.to_string(), "This filter needs an MLflow server: metrics.rmse < 1");
}

#[tokio::test]
async fn runs_can_be_ordered_by_what_they_hold() {
    let fixture = Fixture::new(&format!(
        "{}{}{}{} INSERT INTO latest_metrics VALUES ('m', 2, 1, 1, 0, 'a'), ('m', 1, 1, 1, 0, 'b'), ('m', 0, 1, 1, 1, 'c');",
        run("a", "1"),
        run("b", "2"),
        run("c", "3"),
        run("d", "4")
    ));
    let store = fixture.store();
    let ordered = |by: &str| RunQuery { order_by: vec![by.to_owned()], ..query("1") };
    for (by, expected) in [
        ("metrics.m ASC", ["b", "a", "c", "d"]),
        ("metrics.`m` DESC", ["a", "b", "c", "d"]),
        ("attributes.start_time", ["a", "b", "c", "d"]),
        ("start_time desc", ["d", "c", "b", "a"]),
        ("run_name DESC", ["d", "c", "b", "a"]),
        ("params.none", ["d", "c", "b", "a"]),
    ] {
        assert_eq!(run_ids(&store, ordered(by)).await, expected, "{by}");
    }
    assert!(all(store.search_runs(ordered("colour"))).await.is_err());
}

#[tokio::test]
async fn a_history_is_in_the_order_of_time_step_and_value() {
    let fixture = Fixture::new(
        "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ('m', 3, 2, 'r', 0, 0),
        ('m', 2, 1, 'r', 5, 0), ('m', 0, 1, 'r', 5, 1), ('m', 1, 1, 'r', -1, 0), ('other', 9, 0, 'r', 0, 0)",
    );
    let history = all(fixture.store().metric_history("r", "m")).await.unwrap();
    let read: Vec<_> = history.iter().map(|it| (it.timestamp, it.step, it.value.to_string())).collect();
    let expected = [(1, -1, "1"), (1, 5, "NaN"), (1, 5, "2"), (2, 0, "3")];
    assert_eq!(read, expected.map(|(time, step, value)| (time, step, value.to_owned())));
    assert!(all(fixture.store().metric_history("r", "none")).await.unwrap().is_empty());
}

#[tokio::test]
async fn experiments_come_newest_first_with_their_tags() {
    let fixture = Fixture::new(
        "INSERT INTO experiments (experiment_id, name, lifecycle_stage, creation_time)
            VALUES (2, 'two', 'deleted', 30), (3, 'three', 'active', 10), (4, 'four', 'active', NULL);
        INSERT INTO experiment_tags VALUES ('mlflow.note.content', '**Hi**', 1);",
    );
    let store = fixture.store();
    let names = async |view_type| -> Vec<String> {
        let found = all(store.search_experiments(ExperimentQuery { view_type })).await.unwrap();
        found.into_iter().map(|experiment| experiment.name).collect()
    };
    assert_eq!(names(ViewType::ActiveOnly).await, ["three", "one", "four"]);
    assert_eq!(names(ViewType::DeletedOnly).await, ["two"]);
    assert_eq!(names(ViewType::All).await, ["two", "three", "one", "four"]);
    let one = store.get_experiment("1").await.unwrap();
    assert_eq!((one.tags["mlflow.note.content"].as_str(), one.last_update_time), ("**Hi**", Some(20)));
    assert_eq!(store.get_experiment("2").await.unwrap().lifecycle_stage, LifecycleStage::Deleted);
    let error = store.get_experiment("9").await.unwrap_err();
    assert_eq!(error.to_string(), "No Experiment with id=9 exists");
}

#[tokio::test]
async fn models_and_prompts_are_told_apart() {
    let fixture = Fixture::new(
        "INSERT INTO registered_models (name, description) VALUES ('b', 'text'), ('a', NULL), ('p', '');
        INSERT INTO registered_model_tags (key, value, name) VALUES ('mlflow.prompt.is_prompt', 'true', 'p'), ('t', 'x', 'b');
        INSERT INTO model_versions (name, version, current_stage, source, run_id, status, creation_time) VALUES
            ('b', 1, 'None', 's', 'r', 'READY', 1), ('b', 2, 'Production', 's', 'r', 'FAILED_REGISTRATION', 3),
            ('b', 3, 'Deleted_Internal', 's', 'r', 'READY', 4), ('a', 1, NULL, NULL, 'r', NULL, 2),
            ('p', 1, 'None', '', 'r', 'READY', 9);
        INSERT INTO model_version_tags (key, value, name, version) VALUES ('mlflow.prompt.is_prompt', 'true', 'p', 1),
            ('k', 'v', 'b', 2);
        INSERT INTO registered_model_aliases (alias, version, name) VALUES ('prod', 2, 'b'), ('a', 1, 'b');",
    );
    let store = fixture.store();
    let models = all(store.search_registered_models(ModelQuery::Models)).await.unwrap();
    assert_eq!(models.iter().map(|model| model.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let b = store.get_registered_model("b").await.unwrap();
    assert_eq!(b, models[1]);
    assert_eq!((b.latest_version, b.alias("prod"), b.tags["t"].as_str()), (Some(2), Some(2), "x"));
    assert_eq!(b.aliases[0].alias, "a");
    let prompts = all(store.search_registered_models(ModelQuery::Prompts)).await.unwrap();
    assert_eq!(prompts[0].name, "p");
    let versions = async |query| -> Vec<(String, u32)> {
        let found = all(store.search_model_versions(query)).await.unwrap();
        found.into_iter().map(|version| (version.name, version.version)).collect()
    };
    let of = |name: &str, prompt| VersionQuery::OfModel { name: name.to_owned(), prompt };
    assert_eq!(versions(of("b", false)).await, [("b".to_owned(), 2), ("b".to_owned(), 1)]);
    assert_eq!(versions(of("p", true)).await, [("p".to_owned(), 1)]);
    assert!(versions(of("p", false)).await.is_empty() && versions(of("b", true)).await.is_empty());
    let of_run = versions(VersionQuery::OfRun("r".into())).await;
    assert_eq!(of_run, [("b".to_owned(), 2), ("a".to_owned(), 1), ("b".to_owned(), 1)]);
    let two = store.get_model_version("b", 2).await.unwrap();
    assert_eq!((two.current_stage.as_deref(), two.tags["k"].as_str()), (Some("Production"), "v"));
    let error = store.get_model_version("b", 3).await.unwrap_err();
    assert_eq!(error.to_string(), "Model Version (name=b, version=3) not found");
    let error = store.get_registered_model("none").await.unwrap_err();
    assert_eq!(error.to_string(), "Registered Model with name=none not found");
}

#[tokio::test]
async fn logged_models_are_read_unless_deleted() {
    let fixture = Fixture::new(
        "INSERT INTO logged_models VALUES ('m-1', 1, 'agent', '/x', 5, 6, 2, 'active', NULL, 'r', NULL),
            ('m-2', 1, 'agent', '/x', 5, 6, 2, 'deleted', NULL, 'r', NULL);
        INSERT INTO logged_model_params VALUES ('m-1', 1, 'p', '1');
        INSERT INTO logged_model_tags VALUES ('m-1', 1, 'mlflow.modelVersions', '[{\"name\":\"m\",\"version\":3}]');
        INSERT INTO logged_model_metrics VALUES ('m-1', 'acc', 7, 1, 0.5, 1, 'r', NULL, NULL, NULL);",
    );
    let store = fixture.store();
    let model = store.get_logged_model("m-1").await.unwrap();
    assert_eq!(
        (model.status, model.artifact_uri.as_str()),
        (crate::entities::LoggedModelStatus::Ready, "/x")
    );
    assert_eq!((model.params[0].value.as_str(), model.metrics[0].value), ("1", 0.5));
    assert_eq!(model.registered_as, [("m".to_owned(), 3)]);
    let error = store.get_logged_model("m-2").await.unwrap_err();
    assert_eq!(error.to_string(), "Logged model with ID 'm-2' not found.");
}

#[tokio::test]
async fn another_workspace_is_shown_only_when_it_is_chosen() {
    let fixture = Fixture::new(
        "INSERT INTO experiments (experiment_id, name, lifecycle_stage, workspace) VALUES (2, 'two', 'active', 'team');
        INSERT INTO registered_models (name, workspace) VALUES ('m', 'team'), ('m', 'default');
        INSERT INTO registered_model_tags (key, value, name, workspace) VALUES ('t', 'x', 'm', 'team');",
    );
    let names = async |store: &SqliteStore| -> Vec<String> {
        let found = all(store.search_experiments(ExperimentQuery::default())).await.unwrap();
        found.into_iter().map(|experiment| experiment.name).collect()
    };
    let store = fixture.store();
    assert_eq!(names(&store).await, ["one"]);
    let info = store.info();
    assert_eq!((info.note.as_deref(), info.workspace.as_deref()), (None, Some("default")));
    assert_eq!(info.workspaces, ["default", "team"]);
    let team = store.in_workspace("team").await.unwrap();
    assert_eq!(team.info().workspace.as_deref(), Some("team"));
    assert_eq!(team.get_registered_model("m").await.unwrap().tags["t"], "x");
    assert!(store.in_workspace("none").await.is_err());
    assert!(store.get_registered_model("m").await.unwrap().tags.is_empty());
    let team = SqliteStore::open(fixture.file(), Some("team".into()), None).unwrap();
    assert_eq!(names(&team).await, ["two"]);
    assert_eq!(team.get_registered_model("m").await.unwrap().tags["t"], "x");
    let error = SqliteStore::open(fixture.file(), Some("none".into()), None).unwrap_err();
    assert!(error.to_string().ends_with("mlflow.db has no workspace none"), "{error}");
}

#[tokio::test]
async fn a_change_is_noticed_whoever_makes_it() {
    let fixture = Fixture::new("");
    let store = fixture.store();
    let mut changes = watch::changes(Arc::clone(&store.database), Some(Duration::from_millis(10)));
    let within = async |changes: &mut BoxStream<'static, u64>, wait| {
        tokio::time::timeout(Duration::from_millis(wait), changes.next()).await.ok().flatten()
    };
    assert_eq!(within(&mut changes, 100).await, None);
    fixture.sql(&run("r", "1"));
    assert_eq!(within(&mut changes, 5000).await, Some(1));
    assert_eq!(within(&mut changes, 100).await, None);
    store.database.write(|session| Ok(session.connection.execute("DELETE FROM runs", [])?)).unwrap();
    assert_eq!(within(&mut changes, 5000).await, Some(2));
    let other = Fixture::new("");
    std::fs::rename(fixture.file(), fixture.file().with_extension("old")).unwrap();
    assert_eq!(within(&mut changes, 100).await, None, "gone, and perhaps soon back");
    std::fs::copy(other.file(), fixture.file()).unwrap();
    assert_eq!(within(&mut changes, 5000).await, Some(3));
}
