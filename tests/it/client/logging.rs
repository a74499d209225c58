//! Runs, files and evaluation datasets: what is written over REST and into a store's file is what Python reads, and the
//! other way round.

use std::sync::Arc;

use bytes::Bytes;
use flowdeck::entities::{Metric, NewRun, Param, RunBatch, RunStatus, Tags};
use flowdeck::state::bench::log_run::{self, Plan};
use flowdeck::state::bench::result::{BenchRun, Cell, Column, Identity, Known, ServedModel};
use flowdeck::state::bench::set::{Case, Prompt, PromptSet};
use flowdeck::tracking::{DatasetQuery, Store};
use serde_json::{Value, json};

use super::{all, open};
use crate::support::{Fault, Proxy, Servers};

/// The server, and its database's file beside its artifacts.
async fn both(servers: &Servers) -> [Arc<dyn Store>; 2] {
    let database = servers.database();
    let home = database.parent().unwrap();
    if let Err(error) = std::os::unix::fs::symlink(home.join("artifacts"), home.join("mlartifacts")) {
        assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
    }
    [open(servers.uri()).await, open(&format!("sqlite:///{}", database.display())).await]
}

fn new_run(servers: &Servers, name: &str) -> NewRun {
    let experiment_id = servers.python_with("client.create_experiment(args)", &json!(name));
    NewRun {
        experiment_id: experiment_id.as_str().unwrap().to_owned(),
        run_name: format!("{name} größe"),
        user_id: "ann".into(),
        start_time: 1_700_000_000_000,
        tags: Tags::from([("mlflow.user".into(), "ann".into()), ("k.1".into(), "v".into())]),
    }
}

fn batch() -> RunBatch {
    let metric =
        |key: &str, value, step| Metric { key: key.into(), value, timestamp: 1_700_000_000_500, step };
    RunBatch {
        metrics: vec![
            metric("pass_rate", 0.9, 0),
            metric("time/median", 2.0, 3),
            metric("time/median", 1.0, 2),
            metric("nan", f64::NAN, 0),
            metric("inf", f64::INFINITY, 0),
        ],
        params: vec![Param { key: "set".into(), value: "smoke".into() }],
        tags: Tags::from([("k.2".into(), "w".into()), ("k.1".into(), "new".into())]),
    }
}

const DESCRIBE: &str = "
import math
run = client.get_run(args)
tags = {key: value for key, value in run.data.tags.items()}
metrics = {key: str(value) for key, value in run.data.metrics.items()}
history = sorted([m.value, m.step] for m in client.get_metric_history(args, 'time/median'))
info = run.info
[info.run_name, info.status, info.start_time, info.end_time, info.user_id, info.lifecycle_stage,
 metrics, dict(run.data.params), tags, history, mlflow.artifacts.load_text(info.artifact_uri + '/deep/a b.txt'),
 [it.path for it in client.list_artifacts(args)]]";

#[tokio::test]
async fn a_run_is_made_logged_to_and_ended_as_python_does() {
    let servers = Servers::fresh();
    let mut described = Vec::new();
    for (at, store) in both(&servers).await.into_iter().enumerate() {
        let new = new_run(&servers, &format!("logging-{at}"));
        let run = store.create_run(new.clone()).await.unwrap();
        assert_eq!(
            (run.info.run_name.as_str(), run.info.status),
            (new.run_name.as_str(), RunStatus::Running)
        );
        let run_id = run.info.run_id.clone();
        store.log_batch(&run_id, batch()).await.unwrap();
        for text in ["half", "whole ü"] {
            store.upload_artifact(&run.info, "deep/a b.txt", Bytes::from(text)).await.unwrap();
        }
        for path in ["../x", "", "/etc/x", "a/../../x"] {
            assert!(store.upload_artifact(&run.info, path, Bytes::new()).await.is_err(), "{path}");
        }
        let other = Param { key: "set".into(), value: "other".into() };
        let refused = store.log_batch(&run_id, RunBatch { params: vec![other], ..RunBatch::default() }).await;
        assert!(refused.unwrap_err().to_string().contains("Changing param values is not allowed"));
        store.end_run(&run_id, RunStatus::Finished, 1_700_000_001_000).await.unwrap();
        let mut said = servers.python_with(DESCRIBE, &json!(run_id));
        assert_eq!(said[0], json!(new.run_name));
        said[0] = json!("");
        said[8]["mlflow.runName"] = json!("");
        described.push(said);
    }
    assert_eq!(described[0], described[1]);
    let expected = json!(["", "FINISHED", 1_700_000_000_000_i64, 1_700_000_001_000_i64, "ann", "active",
        {"pass_rate": "0.9", "time/median": "2.0", "nan": "nan", "inf": described[0][6]["inf"]}, {"set": "smoke"},
        {"mlflow.user": "ann", "k.1": "new", "k.2": "w", "mlflow.runName": ""}, [[1.0, 2], [2.0, 3]], "whole ü",
        ["deep"]]);
    assert_eq!(described[0], expected);
}

#[tokio::test]
async fn evaluation_datasets_are_what_python_made() {
    let servers = Servers::fresh();
    let code = "
from mlflow.genai import datasets
made = client.create_experiment('with-datasets')
dataset = datasets.create_dataset(name='weather', experiment_id=[made], tags={'v': '1'})
dataset.merge_records([
    {'inputs': {'q': f'Größe {n}?'}, 'expectations': {'expected_response': str(n)}} for n in range(700)])
[made, dataset.dataset_id]";
    let made = servers.python(code);
    let (experiment, id) = (made[0].as_str().unwrap(), made[1].as_str().unwrap());
    let mut said = Vec::new();
    for store in both(&servers).await {
        let of =
            |ids: &[&str]| DatasetQuery { experiment_ids: ids.iter().map(|&id| id.to_owned()).collect() };
        let found = all(store.search_evaluation_datasets(of(&[experiment]))).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].name.as_str(), found[0].records, found[0].tags["v"].as_str()),
            ("weather", Some(700), "1")
        );
        assert!(all(store.search_evaluation_datasets(of(&["0"]))).await.unwrap().is_empty());
        assert_eq!(all(store.search_evaluation_datasets(of(&[]))).await.unwrap(), found);
        assert_eq!(store.evaluation_dataset_experiments(id).await.unwrap(), [experiment]);
        let records = all(store.evaluation_dataset_records(id)).await.unwrap();
        assert_eq!(records.len(), 700);
        let mut inputs: Vec<Value> =
            records.iter().map(|record| serde_json::from_str(&record.inputs).unwrap()).collect();
        inputs.sort_by_key(ToString::to_string);
        assert_eq!(inputs[0], json!({"q": "Größe 0?"}));
        let expected =
            |text: &Option<String>| text.as_ref().is_some_and(|it| it.contains("expected_response"));
        let odd = records.iter().find(|it| !expected(&it.expectations) || it.outputs.is_some());
        assert_eq!(odd, None);
        said.push((found, records.into_iter().map(|record| record.dataset_record_id).collect::<Vec<_>>()));
    }
    assert_eq!(said[0], said[1]);
}

/// Two answers of two endpoints; the second one is known to be v7 of a model.
fn bench() -> BenchRun {
    let mut set = PromptSet::new(1, "smoke");
    set.extend(["Where is it?", "Why \"late\"?"].map(|text| Case::of("", Prompt::Text(text.into()))).into());
    let seven = Identity { version: Some(7), known: Known::Info, at: 1 };
    let model = ServedModel { server: "here".into(), name: "Agent".into(), alias: None };
    let columns = vec![
        Column { name: "old".into(), ..Column::default() },
        Column {
            name: "new".into(),
            url: "http://127.0.0.1:1/invocations".into(),
            model: Some(model),
            before: seven.clone(),
            after: Some(seven),
            ..Column::default()
        },
    ];
    let mut run = BenchRun::new(5, Arc::new(set), columns, 1_700_000_000_000);
    for row in 0..2 {
        for column in 0..2 {
            let answer = format!("größe {row} {column}\n");
            run.put(row, column, Cell { answer, total_ms: 100 + row as u64, ..Cell::default() });
        }
    }
    run.put(1, 1, Cell::failed("The endpoint is down", 3));
    run.ended = Some(1_700_000_009_000);
    run
}

const TABLE: &str = "
run = client.get_run(args)
table = client.load_table(run.info.experiment_id, 'eval_results.json', run_ids=[args])
[run.info.run_name, run.info.status, run.data.params.get('model_version'), run.data.metrics['passed'],
 run.data.metrics['total_ms/median'], run.data.tags['mlflow.loggedArtifacts'], list(table['outputs']),
 list(table['inputs']), [bool(it) for it in table['passed']]]";

#[tokio::test]
async fn a_bench_becomes_runs_whose_table_python_loads() {
    let servers = Servers::fresh();
    for (at, store) in both(&servers).await.into_iter().enumerate() {
        let experiment_id = new_run(&servers, &format!("benches-{at}")).experiment_id;
        let logged =
            log_run::carry_out(store.as_ref(), &Plan { run: bench(), experiment_id, who: "ann".into() })
                .await;
        assert!(logged.iter().all(log_run::Logged::is_whole) && logged.len() == 2, "{logged:?}");
        let said = servers.python_with(TABLE, &json!(logged[1].run_id.as_deref().unwrap()));
        let expected = json!([
            "smoke · new · Agent v7",
            "FINISHED",
            "7",
            1.0,
            100.0,
            "[{\"path\": \"eval_results.json\", \"type\": \"table\"}]",
            ["größe 0 1\n", ""],
            ["Where is it?", "Why \"late\"?"],
            [true, false]
        ]);
        assert_eq!(said, expected);
    }
}

#[tokio::test]
async fn a_run_whose_making_goes_unanswered_is_found_and_made_once() {
    let servers = Servers::fresh();
    let proxy = Proxy::start(servers.uri());
    let store = open(&proxy.uri()).await;
    let experiment_id = new_run(&servers, "unanswered").experiment_id;
    let plan = Plan { run: bench(), experiment_id: experiment_id.clone(), who: "ann".into() };
    for path in ["runs/create", "runs/log-batch", "runs/update"] {
        proxy.once("POST", &format!("/api/2.0/mlflow/{path}"), Fault::ForwardThenHangUp);
    }
    let logged = log_run::carry_out(store.as_ref(), &plan).await;
    assert!(logged.iter().all(log_run::Logged::is_whole), "{logged:?}");
    assert_eq!(proxy.count("POST", "/api/2.0/mlflow/runs/create"), 2);
    let runs = servers.python_with("len(client.search_runs([args]))", &json!(experiment_id));
    assert_eq!(runs, json!(2));

    proxy.once("POST", "/api/2.0/mlflow/runs/log-batch", Fault::HangUp);
    let logged = log_run::carry_out(store.as_ref(), &plan).await;
    assert_eq!(logged.len(), 1, "{logged:?}");
    assert!(
        logged[0].table && !logged[0].is_whole() && logged[0].sentence().contains("has its table"),
        "{logged:?}"
    );
}

#[tokio::test]
async fn refusals_are_typed() {
    let servers = Servers::shared();
    for store in both(servers).await {
        let run = NewRun { experiment_id: "987654".into(), run_name: "x".into(), ..NewRun::default() };
        assert!(store.create_run(run).await.unwrap_err().is_not_found());
        let missing = "0".repeat(32);
        assert!(store.log_batch(&missing, batch()).await.unwrap_err().is_not_found());
        assert!(store.end_run(&missing, RunStatus::Finished, 1).await.unwrap_err().is_not_found());
        let unknown = all(store.evaluation_dataset_records("d-00000000000000000000000000000000")).await;
        assert_eq!(unknown, Ok(Vec::new()));
    }
}
