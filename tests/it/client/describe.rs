//! Entities in one form, from Python and from Rust.

use flowdeck::entities::{
    Experiment, FileInfo, LifecycleStage, LoggedModel, LoggedModelStatus, Metric, ModelVersion,
    ModelVersionStatus, RegisteredModel, Run,
};
use serde_json::{Value, json};

use crate::support::Servers;

/// How Python describes its entities, in the same words as the functions below.
const DESCRIBE: &str = r#"
def experiment(it):
    return {"id": it.experiment_id, "name": it.name, "location": it.artifact_location, "stage": it.lifecycle_stage,
            "created": it.creation_time, "updated": it.last_update_time, "tags": it.tags}

def metric(it):
    return [it.key, it.value, it.timestamp, it.step]

def run(it):
    info, inputs = it.info, it.inputs
    return {"id": info.run_id, "experiment": info.experiment_id, "name": info.run_name, "status": info.status,
            "start": info.start_time, "end": info.end_time, "user": info.user_id or "", "uri": info.artifact_uri,
            "stage": info.lifecycle_stage, "params": it.data.params, "tags": it.data.tags,
            "metrics": sorted((metric(m) for m in it.data._metric_objs), key=lambda m: m[0]),
            "datasets": [[d.dataset.name, d.dataset.digest, d.dataset.source_type, d.dataset.source,
                          {t.key: t.value for t in d.tags}.get("mlflow.data.context")] for d in inputs.dataset_inputs],
            "models": [[m.model_id, m.step] for m in it.outputs.model_outputs] if it.outputs else []}

def model(it):
    return {"name": it.name, "description": it.description or "", "created": it.creation_timestamp,
            "updated": it.last_updated_timestamp, "tags": it.tags,
            "aliases": {alias: int(version) for alias, version in it.aliases.items()},
            "latest": max((int(v.version) for v in it.latest_versions), default=None)}

def version(it):
    return {"name": it.name, "version": int(it.version), "description": it.description or "",
            "created": it.creation_timestamp, "updated": it.last_updated_timestamp, "user": it.user_id or "",
            "status": it.status, "message": it.status_message or "", "source": it.source, "run": it.run_id or "",
            "stage": None if it.current_stage == "None" else it.current_stage, "tags": it.tags}

def logged_model(it):
    return {"id": it.model_id, "experiment": it.experiment_id, "name": it.name, "created": it.creation_timestamp,
            "updated": it.last_updated_timestamp, "uri": it.artifact_location, "status": str(it.status),
            "type": it.model_type or "", "run": it.source_run_id or "", "tags": it.tags, "params": it.params,
            "metrics": sorted((metric(m) for m in it.metrics or []), key=lambda m: m[0])}

def file(it):
    return [it.path, it.is_dir, it.file_size]

def everything(search, *args, **kwargs):
    items, token = [], None
    while True:
        page = search(*args, page_token=token, **kwargs)
        items += page
        token = page.token
        if not token:
            return items
"#;

pub fn python(servers: &Servers, expression: &str, args: &Value) -> Value {
    servers.python_with(&format!("{DESCRIBE}\n{expression}"), args)
}

pub fn describe_experiment(it: &Experiment) -> Value {
    json!({ "id": it.experiment_id, "name": it.name, "location": it.artifact_location, "stage": stage(it.lifecycle_stage),
        "created": it.creation_time, "updated": it.last_update_time, "tags": it.tags })
}

fn stage(stage: LifecycleStage) -> &'static str {
    match stage {
        LifecycleStage::Active => "active",
        LifecycleStage::Deleted => "deleted",
    }
}

pub fn describe_metric(it: &Metric) -> Value {
    let value = if it.value.is_nan() { json!("NaN") } else { json!(it.value) };
    json!([it.key, value, it.timestamp, it.step])
}

pub fn describe_metrics(metrics: &[Metric]) -> Vec<Value> {
    let mut metrics: Vec<&Metric> = metrics.iter().collect();
    metrics.sort_by(|a, b| a.key.cmp(&b.key));
    metrics.into_iter().map(describe_metric).collect()
}

pub fn describe_run(it: &Run) -> Value {
    let params: serde_json::Map<String, Value> =
        it.params.iter().map(|param| (param.key.clone(), json!(param.value))).collect();
    let datasets: Vec<Value> =
        it.datasets.iter().map(|d| json!([d.name, d.digest, d.source_type, d.source, d.context])).collect();
    let models: Vec<Value> = it.model_outputs.iter().map(|m| json!([m.model_id, m.step])).collect();
    json!({ "id": it.info.run_id, "experiment": it.info.experiment_id, "name": it.info.run_name,
        "status": it.info.status.as_str(), "start": it.info.start_time, "end": it.info.end_time,
        "user": it.info.user_id, "uri": it.info.artifact_uri, "stage": stage(it.info.lifecycle_stage),
        "params": params, "tags": it.tags, "metrics": describe_metrics(&it.metrics), "datasets": datasets,
        "models": models })
}

pub fn describe_model(it: &RegisteredModel) -> Value {
    let aliases: serde_json::Map<String, Value> =
        it.aliases.iter().map(|alias| (alias.alias.clone(), json!(alias.version))).collect();
    json!({ "name": it.name, "description": it.description, "created": it.creation_timestamp,
        "updated": it.last_updated_timestamp, "tags": it.tags, "aliases": aliases, "latest": it.latest_version })
}

pub fn describe_version(it: &ModelVersion) -> Value {
    let status = match it.status {
        ModelVersionStatus::Ready => "READY",
        ModelVersionStatus::Pending => "PENDING_REGISTRATION",
        ModelVersionStatus::Failed => "FAILED_REGISTRATION",
    };
    json!({ "name": it.name, "version": it.version, "description": it.description, "created": it.creation_timestamp,
        "updated": it.last_updated_timestamp, "user": it.user_id, "status": status, "message": it.status_message,
        "source": it.source, "run": it.run_id, "stage": it.current_stage, "tags": it.tags })
}

pub fn describe_logged_model(it: &LoggedModel) -> Value {
    let status = match it.status {
        LoggedModelStatus::Ready => "READY",
        LoggedModelStatus::Pending => "PENDING",
        LoggedModelStatus::UploadFailed => "FAILED",
        LoggedModelStatus::Unspecified => "UNSPECIFIED",
    };
    let params: serde_json::Map<String, Value> =
        it.params.iter().map(|param| (param.key.clone(), json!(param.value))).collect();
    json!({ "id": it.model_id, "experiment": it.experiment_id, "name": it.name, "created": it.creation_timestamp,
        "updated": it.last_updated_timestamp, "uri": it.artifact_uri, "status": status, "type": it.model_type,
        "run": it.source_run_id, "tags": it.tags, "params": params, "metrics": describe_metrics(&it.metrics) })
}

pub fn describe_file(it: &FileInfo) -> Value {
    json!([it.path, it.is_dir, it.file_size])
}

pub fn describe<T>(items: &[T], describe: fn(&T) -> Value) -> Vec<Value> {
    items.iter().map(describe).collect()
}
