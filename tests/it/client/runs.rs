//! Experiments, runs and metric histories.

use flowdeck::entities::{Run, ViewType};
use flowdeck::tracking::{ExperimentQuery, RunQuery};
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};

use super::describe::{describe, describe_experiment, describe_metric, describe_run, python};
use super::{all, open};
use crate::support::Servers;

#[tokio::test]
async fn experiments_are_what_python_says() {
    let servers = Servers::shared();
    let store = open(servers.uri()).await;
    for (view_type, python_name) in [
        (ViewType::ActiveOnly, "ACTIVE_ONLY"),
        (ViewType::DeletedOnly, "DELETED_ONLY"),
        (ViewType::All, "ALL"),
    ] {
        let ours = all(store.search_experiments(ExperimentQuery { view_type })).await.unwrap();
        let theirs = python(
            servers,
            &format!(
                "[experiment(it) for it in client.search_experiments(mlflow.entities.ViewType.{python_name}, \
                 order_by=['creation_time DESC'])]"
            ),
            &Value::Null,
        );
        assert_eq!(Value::from(describe(&ours, describe_experiment)), theirs, "{python_name}");
    }
    let id = servers.experiment_id("odd names ünïcödé");
    let ours = store.get_experiment(id).await.unwrap();
    let theirs = python(servers, "experiment(client.get_experiment(args))", &json!(id));
    assert_eq!(describe_experiment(&ours), theirs);
}

#[tokio::test]
async fn runs_are_what_python_says() {
    let servers = Servers::shared();
    let store = open(servers.uri()).await;
    for name in ["otif-forecasting", "odd names ünïcödé", "empty"] {
        let id = servers.experiment_id(name);
        for (view_type, python_name) in [(ViewType::ActiveOnly, "ACTIVE_ONLY"), (ViewType::All, "ALL")] {
            let query = RunQuery { experiment_ids: vec![id.to_owned()], view_type, ..Default::default() };
            let ours = all(store.search_runs(query)).await.unwrap();
            let code = format!(
                "[run(it) for it in client.search_runs([args], '', mlflow.entities.ViewType.{python_name})]"
            );
            let theirs = python(servers, &code, &json!(id));
            assert_eq!(Value::from(describe(&ours, describe_run)), theirs, "{name} {python_name}");
        }
    }
}

#[tokio::test]
async fn runs_are_filtered_and_ordered_by_the_server() {
    let servers = Servers::shared();
    let store = open(servers.uri()).await;
    let id = servers.experiment_id("otif-forecasting");
    let filter = "params.model_type = 'xgboost' AND metrics.val_rmse < 1";
    let order = "metrics.val_rmse ASC";
    let query = RunQuery {
        experiment_ids: vec![id.to_owned()],
        filter: filter.to_owned(),
        order_by: vec![order.to_owned()],
        ..Default::default()
    };
    let ours = all(store.search_runs(query)).await.unwrap();
    let theirs = python(
        servers,
        "[run(it) for it in client.search_runs([args[0]], args[1], order_by=[args[2]])]",
        &json!([id, filter, order]),
    );
    assert!(ours.len() > 3);
    assert_eq!(Value::from(describe(&ours, describe_run)), theirs);
    assert!(all(store.search_runs(RunQuery::default())).await.unwrap().is_empty(), "no experiments, no runs");
}

#[tokio::test]
async fn a_run_is_what_python_says() {
    let servers = Servers::shared();
    let store = open(servers.uri()).await;
    for name in [
        "everything",
        "run \"quoted\" 'single' `tick` / ünïcödé 🚚",
        "minimal-agent-7",
        "scheduled",
        "deleted-1",
    ] {
        let id = servers.run_id(name);
        let ours = store.get_run(id).await.unwrap();
        let theirs = python(servers, "run(client.get_run(args))", &json!(id));
        assert_eq!(describe_run(&ours), theirs, "{name}");
    }
    let everything = store.get_run(servers.run_id("everything")).await.unwrap();
    assert_eq!(everything.datasets.len(), 2);
    assert_eq!(everything.datasets[0].context.as_deref(), Some("training"));
}

#[tokio::test]
async fn runs_come_once_from_pages_that_grow() {
    let servers = Servers::shared();
    let code = "
import mlflow.entities as e
experiment = client.create_experiment('client-many-runs')
for number in range(380):
    client.create_run(experiment, run_name=str(number), start_time=number + 1)
experiment";
    let id = servers.python(code);
    let store = open(servers.uri()).await;
    let query = RunQuery { experiment_ids: vec![id.as_str().unwrap().to_owned()], ..Default::default() };
    let pages: Vec<Vec<Run>> = store.search_runs(query).try_collect().await.unwrap();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [100, 250, 30]);
    let starts: Vec<_> = pages.concat().iter().map(|run| run.info.start_time.unwrap()).collect();
    assert_eq!(starts, (1..=380).rev().collect::<Vec<_>>(), "newest first, each once");
}

#[tokio::test]
async fn metric_histories_are_what_python_says() {
    let servers = Servers::shared();
    let store = open(servers.uri()).await;
    let odd = servers.run_id("run \"quoted\" 'single' `tick` / ünïcödé 🚚");
    let mut keys: Vec<(&str, &str)> = [
        "nan metric",
        "plus/inf",
        "minus/inf",
        "größe: µ-ü",
        "精度",
        "a.b-c_d/e f",
        "huge",
        "negative steps",
        "nan in between",
        "same step",
        "absent",
    ]
    .map(|key| (odd, key))
    .to_vec();
    keys.push((servers.run_id("everything"), "train_loss"));
    for (run, key) in keys {
        let ours = all(store.metric_history(run, key)).await.unwrap();
        let theirs =
            python(servers, "[metric(it) for it in client.get_metric_history(*args)]", &json!([run, key]));
        assert_eq!(Value::from(describe(&ours, describe_metric)), theirs, "{key}");
    }
    assert_eq!(
        all(store.metric_history(servers.run_id("everything"), "train_loss")).await.unwrap().len(),
        1500
    );
}
