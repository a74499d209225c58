//! Experiments: `experiments/search`, `experiments/get`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::http::Http;
use super::pages::{self, Page, PageRequest};
use super::wire::{self, KeyValue};
use crate::entities::{Experiment, Millis};
use crate::tracking::{ExperimentQuery, PageStream, TrackingError};

/// The first page fills the screen; an experiment costs the server little, a call more.
const PAGE_SIZES: [u32; 2] = [1000, 5000];

pub(super) const SEARCH: &str = "api/2.0/mlflow/experiments/search";

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireExperiment {
    #[serde(deserialize_with = "wire::text")]
    experiment_id: String,
    #[serde(deserialize_with = "wire::text")]
    name: String,
    #[serde(deserialize_with = "wire::text")]
    artifact_location: String,
    #[serde(deserialize_with = "wire::text")]
    lifecycle_stage: String,
    #[serde(deserialize_with = "wire::millis")]
    creation_time: Option<Millis>,
    #[serde(deserialize_with = "wire::millis")]
    last_update_time: Option<Millis>,
    #[serde(deserialize_with = "wire::or_default")]
    tags: Vec<KeyValue>,
}

impl From<WireExperiment> for Experiment {
    fn from(wire: WireExperiment) -> Self {
        Self {
            experiment_id: wire.experiment_id,
            name: wire.name,
            artifact_location: wire.artifact_location,
            lifecycle_stage: wire::lifecycle_stage(&wire.lifecycle_stage),
            creation_time: wire.creation_time,
            last_update_time: wire.last_update_time,
            tags: wire::tags(wire.tags),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SearchAnswer {
    #[serde(deserialize_with = "wire::or_default")]
    experiments: Vec<WireExperiment>,
    next_page_token: Option<String>,
}

#[derive(Serialize)]
struct SearchRequest<'a> {
    max_results: u32,
    view_type: &'a str,
    order_by: [&'a str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    page_token: Option<&'a str>,
}

pub(super) fn search(http: &Arc<Http>, query: ExperimentQuery) -> PageStream<Experiment> {
    let http = Arc::clone(http);
    let fetch = move |request: PageRequest| {
        let http = Arc::clone(&http);
        super::answer(async move {
            let body = SearchRequest {
                max_results: request.size(&PAGE_SIZES),
                view_type: wire::view_type(query.view_type),
                order_by: ["creation_time DESC"],
                page_token: request.token.as_deref(),
            };
            let page: SearchAnswer = http.post_read(http.route(SEARCH), &body).await?;
            Ok(Page {
                items: page.experiments.into_iter().map(Experiment::from).collect(),
                next_page_token: page.next_page_token,
            })
        })
    };
    pages::pages(fetch, pages::once(|experiment: &Experiment| experiment.experiment_id.clone()))
}

pub(super) async fn get(http: &Http, experiment_id: &str) -> Result<Experiment, TrackingError> {
    #[derive(Deserialize)]
    struct GetAnswer {
        experiment: WireExperiment,
    }
    let url = http.route("api/2.0/mlflow/experiments/get");
    let answer: GetAnswer = http.get(url, &[("experiment_id", experiment_id)]).await?;
    Ok(answer.experiment.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::{LifecycleStage, tag};

    #[test]
    fn a_captured_page_is_read() {
        let page: SearchAnswer =
            serde_json::from_slice(include_bytes!("testdata/experiments_search.json")).unwrap();
        let experiments: Vec<Experiment> = page.experiments.into_iter().map(Experiment::from).collect();
        assert_eq!(experiments.len(), 2);
        assert_eq!(experiments[0].experiment_id, "6");
        assert!(experiments[0].tags.is_empty());
        assert_eq!(experiments[1].name, "churn-xgb");
        assert_eq!(experiments[1].creation_time, Some(1_795_326_950_815));
        assert_eq!(experiments[1].lifecycle_stage, LifecycleStage::Active);
        assert!(experiments[1].tags[tag::NOTE].contains("**Owner**"));
        assert_eq!(page.next_page_token.as_deref(), Some("eyJvZmZzZXQiOiA0fQ=="));
    }
}
