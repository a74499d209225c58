//! Decodes a page of 1,000 runs with 20 metrics and 20 params each: into columns as the app does, and into
//! `serde_json::Value` for comparison.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot read its own page must stop")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flowdeck::state::runs::PageBuilder;
use flowdeck::tracking::rest::decode_runs_page;
use serde_json::{Value, json};

const RUNS: usize = 1_000;
const KEYS: usize = 20;

/// A page as a server sends it.
fn body() -> Vec<u8> {
    let runs: Vec<Value> = (0..RUNS)
        .map(|run| {
            let id = format!("{run:032x}");
            let metrics: Vec<Value> = (0..KEYS)
                .map(|key| {
                    let value = ((run * 31 + key * 17) % 1009) as f64 / 1009.0;
                    json!({"key": format!("metric_{key:02}"), "value": value, "timestamp": 1_795_345_731_151_u64, "step": run})
                })
                .collect();
            let params: Vec<Value> = (0..KEYS)
                .map(|key| {
                    let value = format!("{}", 0.001 * ((run * 7 + key) % 250) as f64);
                    json!({"key": format!("param_{key:02}"), "value": value})
                })
                .collect();
            json!({
                "info": {
                    "run_id": id, "run_uuid": id, "run_name": format!("swift-otter-{run}"), "experiment_id": "1",
                    "user_id": "anna", "status": "FINISHED", "lifecycle_stage": "active",
                    "start_time": 1_795_345_731_151_u64 + run as u64, "end_time": 1_795_345_791_151_u64 + run as u64,
                    "artifact_uri": format!("mlflow-artifacts:/1/{id}/artifacts"),
                },
                "data": {
                    "metrics": metrics,
                    "params": params,
                    "tags": [
                        {"key": "mlflow.user", "value": "anna"},
                        {"key": "mlflow.source.name", "value": "train.py"},
                        {"key": "mlflow.runName", "value": format!("swift-otter-{run}")},
                    ],
                },
                "inputs": {},
                "outputs": {},
            })
        })
        .collect();
    json!({"runs": runs, "next_page_token": "abc"}).to_string().into_bytes()
}

fn decode(criterion: &mut Criterion) {
    let body = body();
    let mut group = criterion.benchmark_group("decode 1,000 runs of 20 metrics and 20 params");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("into columns", |bencher| {
        bencher.iter(|| {
            let (runs, _) = decode_runs_page(black_box(&body)).unwrap();
            PageBuilder::default().page(&runs)
        });
    });
    group.bench_function("into entities", |bencher| {
        bencher.iter(|| decode_runs_page(black_box(&body)).unwrap());
    });
    group.bench_function("serde_json::Value", |bencher| {
        bencher.iter(|| serde_json::from_slice::<Value>(black_box(&body)).unwrap());
    });
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
