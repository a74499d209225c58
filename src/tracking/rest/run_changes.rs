//! Making runs and logging to them: `runs/create`, `runs/log-batch`, `runs/update`, and files.

use bytes::Bytes;
use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::http::Http;
use super::runs::WireRun;
use super::wire::Empty;
use crate::entities::{Millis, NewRun, Run, RunBatch, RunInfo, RunStatus, Tags};
use crate::tracking::TrackingError;
use crate::tracking::artifact_path::{checked, join};

/// Servers take no more through [`UPLOAD`], in bytes.
const MAX_UPLOAD: usize = 10 * 1024 * 1024;
/// Stores a file wherever the server keeps a run's artifacts (`upload_artifact_handler`; MLflow's own UI sends to it).
const UPLOAD: &str = "ajax-api/2.0/mlflow/upload-artifact";

#[derive(Serialize)]
struct Pair<'a> {
    key: &'a str,
    value: &'a str,
}

fn pairs(tags: &Tags) -> Vec<Pair<'_>> {
    tags.iter().map(|(key, value)| Pair { key, value }).collect()
}

pub(super) async fn create(http: &Http, run: &NewRun) -> Result<Run, TrackingError> {
    #[derive(Serialize)]
    struct Body<'a> {
        experiment_id: &'a str,
        user_id: &'a str,
        run_name: &'a str,
        start_time: Millis,
        tags: Vec<Pair<'a>>,
    }
    #[derive(Deserialize)]
    struct Answer {
        run: WireRun,
    }
    let body = Body {
        experiment_id: &run.experiment_id,
        user_id: &run.user_id,
        run_name: &run.run_name,
        start_time: run.start_time,
        tags: pairs(&run.tags),
    };
    let answer: Answer = http.write(Method::POST, http.route("api/2.0/mlflow/runs/create"), &body).await?;
    Ok(answer.run.into())
}

pub(super) async fn log_batch(http: &Http, run_id: &str, batch: &RunBatch) -> Result<(), TrackingError> {
    #[derive(Serialize)]
    struct Logged<'a> {
        key: &'a str,
        value: serde_json::Value,
        timestamp: Millis,
        step: i64,
    }
    #[derive(Serialize)]
    struct Body<'a> {
        run_id: &'a str,
        metrics: Vec<Logged<'a>>,
        params: Vec<Pair<'a>>,
        tags: Vec<Pair<'a>>,
    }
    let metric = |metric: &'_ crate::entities::Metric| number(metric.value);
    let body = Body {
        run_id,
        metrics: batch
            .metrics
            .iter()
            .map(|it| Logged { key: &it.key, value: metric(it), timestamp: it.timestamp, step: it.step })
            .collect(),
        params: batch.params.iter().map(|param| Pair { key: &param.key, value: &param.value }).collect(),
        tags: pairs(&batch.tags),
    };
    let url = http.route("api/2.0/mlflow/runs/log-batch");
    http.write(Method::POST, url, &body).await.map(|Empty {}| ())
}

/// JSON has no NaN and no infinity: protobuf's JSON names them.
fn number(value: f64) -> serde_json::Value {
    let name = match value {
        value if value.is_nan() => "NaN",
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        value => return value.into(),
    };
    name.into()
}

pub(super) async fn end(
    http: &Http,
    run_id: &str,
    status: RunStatus,
    end_time: Millis,
) -> Result<(), TrackingError> {
    #[derive(Serialize)]
    struct Body<'a> {
        run_id: &'a str,
        status: &'static str,
        end_time: Millis,
    }
    let body = Body { run_id, status: status.as_str(), end_time };
    http.write(Method::POST, http.route("api/2.0/mlflow/runs/update"), &body).await.map(|Empty {}| ())
}

/// Puts a file among a run's artifacts: through the server's proxy where it has one, else by letting the server store
/// it.
pub(super) async fn upload(
    http: &Http,
    run: &RunInfo,
    path: &str,
    content: Bytes,
) -> Result<(), TrackingError> {
    let path = checked(path)?;
    if path.is_empty() {
        return Err(TrackingError::Local { what: "No file was named".to_owned() });
    }
    if let Some(place) = proxied(&run.artifact_uri) {
        let place = join(checked(&place)?, path);
        let url = http.route(&format!("api/2.0/mlflow-artifacts/artifacts/{place}"));
        return http.write_bytes(Method::PUT, url, &[], content).await;
    }
    if content.len() > MAX_UPLOAD {
        let what = format!("The server takes files up to 10 MB here, and {path} is longer");
        return Err(TrackingError::Unsupported { what });
    }
    let query = [("run_uuid", run.run_id.as_str()), ("path", path)];
    http.write_bytes(Method::POST, http.route(UPLOAD), &query, content).await
}

/// The path below the proxy's root: `mlflow-artifacts:/1/abc/artifacts`, with a host or without.
fn proxied(artifact_uri: &str) -> Option<String> {
    let rest = artifact_uri.strip_prefix("mlflow-artifacts:")?;
    let path = match rest.strip_prefix("//") {
        Some(with_host) => with_host.split_once('/').map_or("", |(_, path)| path),
        None => rest,
    };
    Some(path.trim_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_proxy_serves_goes_through_it() {
        let path = |uri| proxied(uri);
        assert_eq!(path("mlflow-artifacts:/1/abc/artifacts").as_deref(), Some("1/abc/artifacts"));
        assert_eq!(path("mlflow-artifacts://host:5000/1/abc/artifacts").as_deref(), Some("1/abc/artifacts"));
        assert_eq!((path("s3://bucket/1"), path("/tmp/mlruns/1")), (None, None));
    }

    #[test]
    fn numbers_that_json_lacks_are_named() {
        assert_eq!(number(f64::NAN), "NaN");
        assert_eq!(number(f64::NEG_INFINITY), "-Infinity");
        assert_eq!(number(0.5), 0.5);
    }
}
