//! Evaluation datasets: `datasets/search`, `datasets/{id}/experiment-ids`, `datasets/{id}/records`; MLflow 3.4 and newer.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::http::Http;
use super::pages::{self, Page, PageRequest};
use super::webhooks::is_unknown;
use super::wire;
use crate::entities::{DatasetRecord, EvaluationDataset, Millis, Tags};
use crate::tracking::{Answer, DatasetQuery, PageStream, TrackingError};

const DATASET_PAGES: [u32; 1] = [200];
/// Records may be long.
const RECORD_PAGES: [u32; 2] = [100, 500];

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireDataset {
    #[serde(deserialize_with = "wire::text")]
    dataset_id: String,
    #[serde(deserialize_with = "wire::text")]
    name: String,
    /// JSON as text.
    #[serde(deserialize_with = "wire::text")]
    tags: String,
    #[serde(deserialize_with = "wire::text")]
    profile: String,
    #[serde(deserialize_with = "wire::text")]
    digest: String,
    #[serde(deserialize_with = "wire::millis")]
    created_time: Option<Millis>,
    #[serde(deserialize_with = "wire::millis")]
    last_update_time: Option<Millis>,
    #[serde(deserialize_with = "wire::text")]
    created_by: String,
}

impl From<WireDataset> for EvaluationDataset {
    fn from(wire: WireDataset) -> Self {
        Self {
            dataset_id: wire.dataset_id,
            name: wire.name,
            digest: wire.digest,
            created_time: wire.created_time,
            last_update_time: wire.last_update_time,
            created_by: wire.created_by,
            records: records_of(&wire.profile),
            tags: tags_of(&wire.tags),
        }
    }
}

/// `{"num_records": 3}`
pub(in crate::tracking) fn records_of(profile: &str) -> Option<u64> {
    serde_json::from_str::<Json>(profile).ok()?.get("num_records")?.as_u64()
}

/// A JSON object whose values are text, as a rule.
pub(in crate::tracking) fn tags_of(text: &str) -> Tags {
    let Ok(Json::Object(tags)) = serde_json::from_str(text) else { return Tags::new() };
    let text = |value: Json| match value {
        Json::String(text) => text,
        other => other.to_string(),
    };
    tags.into_iter().map(|(key, value)| (key, text(value))).collect()
}

/// The error of a store that has none.
pub(in crate::tracking) fn unsupported(who: &str) -> TrackingError {
    TrackingError::Unsupported {
        what: format!("{who} has no evaluation datasets: they came with MLflow 3.4, and need a database"),
    }
}

fn explained(error: TrackingError) -> TrackingError {
    if is_unknown(&error) { unsupported("This server") } else { error }
}

pub(super) fn search(http: &Arc<Http>, query: DatasetQuery) -> PageStream<EvaluationDataset> {
    #[derive(Serialize)]
    struct Request<'a> {
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        experiment_ids: &'a [String],
        max_results: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        page_token: Option<&'a str>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Found {
        #[serde(deserialize_with = "wire::or_default")]
        datasets: Vec<WireDataset>,
        next_page_token: Option<String>,
    }
    let (http, query) = (Arc::clone(http), Arc::new(query));
    let fetch = move |request: PageRequest| {
        let (http, query) = (Arc::clone(&http), Arc::clone(&query));
        super::answer(async move {
            let body = Request {
                experiment_ids: &query.experiment_ids,
                max_results: request.size(&DATASET_PAGES),
                page_token: request.token.as_deref(),
            };
            let url = http.route("api/3.0/mlflow/datasets/search");
            let page: Found = http.post_read(url, &body).await.map_err(explained)?;
            let items = page.datasets.into_iter().map(EvaluationDataset::from).collect();
            Ok(Page { items, next_page_token: page.next_page_token })
        })
    };
    pages::pages(fetch, pages::once(|dataset: &EvaluationDataset| dataset.dataset_id.clone()))
}

pub(super) fn experiments(http: &Arc<Http>, dataset_id: String) -> Answer<Vec<String>> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Ids {
        #[serde(deserialize_with = "wire::or_default")]
        experiment_ids: Vec<String>,
    }
    let http = Arc::clone(http);
    super::answer(async move {
        let url = http.route_of("api/3.0/mlflow/datasets/{id}/experiment-ids", &dataset_id);
        let answer: Ids = http.get(url, &[]).await.map_err(explained)?;
        Ok(answer.experiment_ids)
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireRecord {
    #[serde(deserialize_with = "wire::text")]
    dataset_record_id: String,
    inputs: Json,
    outputs: Option<Json>,
    expectations: Option<Json>,
    tags: Option<Json>,
    #[serde(deserialize_with = "wire::millis")]
    created_time: Option<Millis>,
}

impl From<WireRecord> for DatasetRecord {
    fn from(wire: WireRecord) -> Self {
        let is_empty =
            |json: &Json| json.is_null() || json.as_object().is_some_and(serde_json::Map::is_empty);
        let text = |json: Option<Json>| json.filter(|json| !is_empty(json)).map(|json| json.to_string());
        Self {
            dataset_record_id: wire.dataset_record_id,
            inputs: wire.inputs.to_string(),
            outputs: text(wire.outputs),
            expectations: text(wire.expectations),
            tags: text(wire.tags),
            created_time: wire.created_time,
        }
    }
}

pub(super) fn records(http: &Arc<Http>, dataset_id: String) -> PageStream<DatasetRecord> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Records {
        /// A JSON list as text.
        #[serde(deserialize_with = "wire::text")]
        records: String,
        next_page_token: Option<String>,
    }
    let http = Arc::clone(http);
    let fetch = move |request: PageRequest| {
        let (http, dataset_id) = (Arc::clone(&http), dataset_id.clone());
        super::answer(async move {
            let size = request.size(&RECORD_PAGES).to_string();
            let mut query = vec![("max_results", size.as_str())];
            query.extend(request.token.as_deref().map(|token| ("page_token", token)));
            let url = http.route_of("api/3.0/mlflow/datasets/{id}/records", &dataset_id);
            let page: Records = http.get(url, &query).await.map_err(explained)?;
            let text = if page.records.is_empty() { "[]" } else { &page.records };
            let items: Vec<WireRecord> =
                serde_json::from_str(text).map_err(|error| TrackingError::NotMlflow {
                    reason: format!("the records of a dataset cannot be read: {error}"),
                })?;
            let items = items.into_iter().map(DatasetRecord::from).collect();
            Ok(Page { items, next_page_token: page.next_page_token })
        })
    };
    pages::pages(fetch, pages::once(|record: &DatasetRecord| record.dataset_record_id.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_datasets_and_records_are_read() {
        let wire: WireDataset = serde_json::from_str(
            r#"{"dataset_id":"d-1","name":"weather","tags":"{\"v\": \"1\", \"n\": 2}","profile":"{\"num_records\": 1}",
                "digest":"df6ef16e","created_time":1795327002369,"created_by":"root"}"#,
        )
        .unwrap();
        let dataset = EvaluationDataset::from(wire);
        assert_eq!(
            (dataset.records, dataset.tags["v"].as_str(), dataset.tags["n"].as_str()),
            (Some(1), "1", "2")
        );
        let wire: WireRecord = serde_json::from_str(
            r#"{"dataset_record_id":"dr-1","inputs":{"q":"Wie?"},"expectations":null,"outputs":"sunny"}"#,
        )
        .unwrap();
        let record = DatasetRecord::from(wire);
        assert_eq!(record.inputs, r#"{"q":"Wie?"}"#);
        assert_eq!((record.outputs.as_deref(), record.expectations), (Some(r#""sunny""#), None));
    }
}
