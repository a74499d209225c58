//! Runs and their metrics: `runs/search`, `runs/get`, `metrics/get-history`.

use std::sync::Arc;

use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};

use super::http::{self, Http};
use super::pages::{self, Page, PageRequest};
use super::wire::{self, KeyValue, WireMetric};
use crate::entities::{Dataset, Metric, Millis, ModelOutput, Run, RunInfo, RunStatus};
use crate::tracking::{PageStream, RunQuery, TrackingError};

/// A run costs the server about the same on any page, so the first page is small to be here soon. Later pages grow:
/// each call has a price of its own (up to 600 ms with basic-auth, and the rows before the offset are read anew), yet
/// rows should keep appearing every second or so.
const RUN_PAGE_SIZES: [u32; 3] = [100, 250, 500];

/// The most that servers give at once.
const HISTORY_PAGE_SIZES: [u32; 1] = [25_000];

/// A run as servers send it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WireRun {
    #[serde(deserialize_with = "wire::or_default")]
    info: WireRunInfo,
    #[serde(deserialize_with = "wire::or_default")]
    data: WireRunData,
    #[serde(deserialize_with = "wire::or_default")]
    inputs: WireInputs,
    #[serde(deserialize_with = "wire::or_default")]
    outputs: WireOutputs,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireRunInfo {
    #[serde(deserialize_with = "wire::text")]
    run_id: String,
    /// The id's name before MLflow 1.0; newer servers send both.
    #[serde(deserialize_with = "wire::text")]
    run_uuid: String,
    #[serde(deserialize_with = "wire::text")]
    experiment_id: String,
    #[serde(deserialize_with = "wire::text")]
    run_name: String,
    #[serde(deserialize_with = "wire::text")]
    status: String,
    #[serde(deserialize_with = "wire::millis")]
    start_time: Option<Millis>,
    #[serde(deserialize_with = "wire::millis")]
    end_time: Option<Millis>,
    #[serde(deserialize_with = "wire::text")]
    user_id: String,
    #[serde(deserialize_with = "wire::text")]
    artifact_uri: String,
    #[serde(deserialize_with = "wire::text")]
    lifecycle_stage: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireRunData {
    #[serde(deserialize_with = "wire::or_default")]
    metrics: Vec<WireMetric>,
    #[serde(deserialize_with = "wire::or_default")]
    params: Vec<KeyValue>,
    #[serde(deserialize_with = "wire::or_default")]
    tags: Vec<KeyValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireInputs {
    #[serde(deserialize_with = "wire::or_default")]
    dataset_inputs: Vec<WireDatasetInput>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireDatasetInput {
    #[serde(deserialize_with = "wire::or_default")]
    tags: Vec<KeyValue>,
    #[serde(deserialize_with = "wire::or_default")]
    dataset: WireDataset,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireDataset {
    #[serde(deserialize_with = "wire::text")]
    name: String,
    #[serde(deserialize_with = "wire::text")]
    digest: String,
    #[serde(deserialize_with = "wire::text")]
    source_type: String,
    #[serde(deserialize_with = "wire::text")]
    source: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireOutputs {
    #[serde(deserialize_with = "wire::or_default")]
    model_outputs: Vec<WireModelOutput>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireModelOutput {
    #[serde(deserialize_with = "wire::text")]
    model_id: String,
    #[serde(deserialize_with = "wire::int64")]
    step: i64,
}

impl From<WireRun> for Run {
    fn from(wire: WireRun) -> Self {
        Self {
            info: wire.info.into(),
            metrics: wire::metrics(wire.data.metrics),
            params: wire::params(wire.data.params),
            tags: wire::tags(wire.data.tags),
            datasets: wire.inputs.dataset_inputs.into_iter().map(Dataset::from).collect(),
            model_outputs: wire
                .outputs
                .model_outputs
                .into_iter()
                .map(|output| ModelOutput { model_id: output.model_id, step: output.step })
                .collect(),
        }
    }
}

impl From<WireRunInfo> for RunInfo {
    fn from(wire: WireRunInfo) -> Self {
        Self {
            run_id: if wire.run_id.is_empty() { wire.run_uuid } else { wire.run_id },
            experiment_id: wire.experiment_id,
            run_name: wire.run_name,
            status: run_status(&wire.status),
            start_time: wire.start_time,
            end_time: wire.end_time,
            user_id: wire.user_id,
            artifact_uri: wire.artifact_uri,
            lifecycle_stage: wire::lifecycle_stage(&wire.lifecycle_stage),
        }
    }
}

impl From<WireDatasetInput> for Dataset {
    fn from(wire: WireDatasetInput) -> Self {
        let context = wire.tags.into_iter().find(|tag| tag.key == "mlflow.data.context").map(|tag| tag.value);
        Self {
            name: wire.dataset.name,
            digest: wire.dataset.digest,
            source_type: wire.dataset.source_type,
            source: wire.dataset.source,
            context,
        }
    }
}

/// MLflow's name, or protobuf's number as some gateways print it.
fn run_status(name: &str) -> RunStatus {
    match name {
        "1" => RunStatus::Running,
        "2" => RunStatus::Scheduled,
        "3" => RunStatus::Finished,
        "4" => RunStatus::Failed,
        "5" => RunStatus::Killed,
        name => RunStatus::parse(name).unwrap_or_default(),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SearchAnswer {
    #[serde(deserialize_with = "wire::or_default")]
    runs: Vec<WireRun>,
    next_page_token: Option<String>,
}

#[derive(Serialize)]
struct SearchRequest<'a> {
    experiment_ids: &'a [String],
    #[serde(skip_serializing_if = "str::is_empty")]
    filter: &'a str,
    run_view_type: &'a str,
    max_results: u32,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    order_by: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    page_token: Option<&'a str>,
}

/// Reads one page of `runs/search`: its runs and the token of the next page.
pub fn decode_runs_page(body: &[u8]) -> Result<(Vec<Run>, Option<String>), TrackingError> {
    let page: SearchAnswer = http::decode(&HeaderMap::new(), body).map_err(|failure| failure.error)?;
    Ok((page.runs.into_iter().map(Run::from).collect(), page.next_page_token))
}

pub(super) fn search(http: &Arc<Http>, query: RunQuery) -> PageStream<Run> {
    let http = Arc::clone(http);
    let query = Arc::new(query);
    let fetch = move |request: PageRequest| {
        let (http, query) = (Arc::clone(&http), Arc::clone(&query));
        super::answer(async move {
            if query.experiment_ids.is_empty() {
                return Ok(Page { items: Vec::new(), next_page_token: None });
            }
            let body = SearchRequest {
                experiment_ids: &query.experiment_ids,
                filter: &query.filter,
                run_view_type: wire::view_type(query.view_type),
                max_results: request.size(&RUN_PAGE_SIZES),
                // Without an order the server sorts by start time, newest first.
                order_by: &query.order_by,
                page_token: request.token.as_deref(),
            };
            let page: SearchAnswer = http.post_read(http.route("api/2.0/mlflow/runs/search"), &body).await?;
            Ok(Page {
                items: page.runs.into_iter().map(Run::from).collect(),
                next_page_token: page.next_page_token,
            })
        })
    };
    pages::pages(fetch, pages::once(|run: &Run| run.info.run_id.clone()))
}

pub(super) async fn get(http: &Http, run_id: &str) -> Result<Run, TrackingError> {
    #[derive(Deserialize)]
    struct GetAnswer {
        run: WireRun,
    }
    let answer: GetAnswer = http.get(http.route("api/2.0/mlflow/runs/get"), &[("run_id", run_id)]).await?;
    Ok(answer.run.into())
}

pub(super) fn metric_history(http: &Arc<Http>, run_id: String, metric_key: String) -> PageStream<Metric> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct HistoryAnswer {
        #[serde(deserialize_with = "wire::or_default")]
        metrics: Vec<WireMetric>,
        next_page_token: Option<String>,
    }
    let http = Arc::clone(http);
    let names = Arc::new((run_id, metric_key));
    let fetch = move |request: PageRequest| {
        let (http, names) = (Arc::clone(&http), Arc::clone(&names));
        super::answer(async move {
            let max_results = request.size(&HISTORY_PAGE_SIZES).to_string();
            let mut query = vec![
                ("run_id", names.0.as_str()),
                ("metric_key", names.1.as_str()),
                ("max_results", max_results.as_str()),
            ];
            query.extend(request.token.as_deref().map(|token| ("page_token", token)));
            let page: HistoryAnswer =
                http.get(http.route("api/2.0/mlflow/metrics/get-history"), &query).await?;
            Ok(Page { items: wire::metrics(page.metrics), next_page_token: page.next_page_token })
        })
    };
    pages::pages(fetch, |_: &Metric| true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::LifecycleStage;

    #[test]
    fn a_captured_page_is_read() {
        let (runs, token) = decode_runs_page(include_bytes!("testdata/runs_search.json")).unwrap();
        assert_eq!(token.as_deref(), Some("eyJvZmZzZXQiOiAzfQ=="));
        assert_eq!(runs.len(), 3);
        let run = &runs[0];
        assert_eq!(run.info.run_name, "xgb-00");
        assert_eq!(run.info.status, RunStatus::Finished);
        assert_eq!(run.info.end_time, Some(1_795_326_955_853));
        assert!(run.metric("weird_nan").unwrap().is_nan());
        assert_eq!(run.metric("weird_ninf"), Some(-f64::MAX));
        assert_eq!(run.metric("tiny"), Some(5e-324));
        assert_eq!(run.param("empty"), Some(""));
        assert_eq!(run.user(), "root");
        let with_model = &runs[1];
        assert_eq!(with_model.model_outputs[0].model_id, "m-457ef5f910a74605ae4185c065ea257d");
        assert_eq!(with_model.datasets[0].name, "churn-train");
        assert_eq!(with_model.datasets[0].context.as_deref(), Some("training"));
        let running = &runs[2];
        assert_eq!((running.info.status, running.info.end_time), (RunStatus::Running, None));
        assert_eq!(running.metrics[0].step, -3);
        assert_eq!(running.info.lifecycle_stage, LifecycleStage::Active);
    }

    #[test]
    fn unknown_and_numeric_statuses_are_read() {
        assert_eq!(run_status("4"), RunStatus::Failed);
        assert_eq!(run_status("SOMETHING_NEW"), RunStatus::Running);
        let (runs, _) = decode_runs_page(br#"{"runs":[{"info":{"run_uuid":"a","status":3}},{}]}"#).unwrap();
        assert_eq!((runs[0].info.run_id.as_str(), runs[0].info.status), ("a", RunStatus::Finished));
    }

    #[test]
    fn other_answers_are_no_page() {
        for (body, said) in [
            ("<html><title>Sign in</title>", "a web page, “Sign in”"),
            ("", "nothing"),
            ("{\"runs\": [{", "broken JSON"),
            ("{\"runs\": 3}", "JSON of another shape"),
            ("\u{1}\u{2}", "something unreadable"),
            ("OK", "“OK”"),
        ] {
            let error = decode_runs_page(body.as_bytes()).unwrap_err();
            assert!(
                matches!(&error, TrackingError::NotMlflow { reason } if reason.starts_with(said)),
                "{error}"
            );
        }
    }
}
