//! `traces/search`; MLflow 2's `traces`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt as _};
use serde::{Deserialize, Serialize};

use super::is_unknown_route;
use super::wire::WireInfo;
use crate::entities::{TraceInfo, trace_key};
use crate::tracking::rest::filters::equals;
use crate::tracking::rest::http::Http;
use crate::tracking::rest::pages::{self, Page, PageRequest};
use crate::tracking::rest::{answer, experiments, wire};
use crate::tracking::store::no_traces;
use crate::tracking::{ExperimentQuery, PageStream, TraceQuery, TrackingError};

/// The most that servers give at once is 500.
const PAGE_SIZES: [u32; 2] = [100, 500];
/// The newest experiments that are looked through for the traces of a model or a run.
const MOST_EXPERIMENTS: usize = 1000;

#[derive(Default, Deserialize)]
#[serde(default)]
struct SearchAnswer {
    #[serde(deserialize_with = "wire::or_default")]
    traces: Vec<WireInfo>,
    next_page_token: Option<String>,
}

#[derive(Serialize)]
struct SearchRequest<'a> {
    locations: Vec<Location<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    filter: &'a str,
    max_results: u32,
    order_by: [&'a str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    page_token: Option<&'a str>,
}

#[derive(Serialize)]
struct Location<'a> {
    r#type: &'static str,
    mlflow_experiment: LocationExperiment<'a>,
}

#[derive(Serialize)]
struct LocationExperiment<'a> {
    experiment_id: &'a str,
}

const ORDER: &str = "timestamp_ms DESC";

/// One search: where, for what, and how this server wants to be asked.
struct Search {
    http: Arc<Http>,
    experiment_ids: Vec<String>,
    filter: String,
    /// The server is of MLflow 2.
    old: AtomicBool,
}

pub(in crate::tracking::rest) fn search(http: &Arc<Http>, query: TraceQuery) -> PageStream<TraceInfo> {
    if !query.experiment_ids.is_empty() {
        return search_in(http, query);
    }
    let http = Arc::clone(http);
    stream::once(async move {
        let mut ids = Vec::new();
        let mut found = experiments::search(&http, ExperimentQuery::default());
        while ids.len() < MOST_EXPERIMENTS
            && let Some(page) = found.next().await
        {
            match page {
                Ok(page) => ids.extend(page.into_iter().map(|experiment| experiment.experiment_id)),
                Err(error) => return stream::iter([Err(error)]).boxed(),
            }
        }
        ids.truncate(MOST_EXPERIMENTS);
        if ids.is_empty() {
            return stream::empty().boxed();
        }
        search_in(&http, TraceQuery { experiment_ids: ids, ..query })
    })
    .flatten()
    .boxed()
}

fn search_in(http: &Arc<Http>, query: TraceQuery) -> PageStream<TraceInfo> {
    let search = Arc::new(Search {
        http: Arc::clone(http),
        filter: filter(&query),
        experiment_ids: query.experiment_ids,
        old: AtomicBool::new(false),
    });
    let fetch = move |request: PageRequest| {
        let search = Arc::clone(&search);
        answer(async move { search.page(&request).await })
    };
    pages::pages(fetch, pages::once(|info: &TraceInfo| info.trace_id.clone()))
}

/// In words that servers of MLflow 2 know, too.
fn filter(query: &TraceQuery) -> String {
    let model = query.model_id.as_ref();
    let model = model.map(|id| equals(&format!("request_metadata.`{}`", trace_key::MODEL_ID), id));
    let run = query.run_id.as_ref().map(|id| equals("run_id", id));
    let since = query.since.map(|since| format!("timestamp_ms >= {since}"));
    let until = query.until.map(|until| format!("timestamp_ms <= {until}"));
    let clauses: Vec<String> = [model, run, since, until].into_iter().flatten().collect();
    clauses.join(" AND ")
}

impl Search {
    async fn page(&self, request: &PageRequest) -> Result<Page<TraceInfo>, TrackingError> {
        let max_results = request.size(&PAGE_SIZES);
        let token = request.token.as_deref();
        let mut answer = Err(no_traces());
        if !self.old.load(Ordering::Relaxed) {
            answer = self.new_page(max_results, token).await;
            let unknown = answer.as_ref().is_err_and(is_unknown_route);
            self.old.store(unknown, Ordering::Relaxed);
        }
        if self.old.load(Ordering::Relaxed) {
            answer = self.old_page(max_results.min(100), token).await;
        }
        let answer = answer.map_err(|error| if is_unknown_route(&error) { no_traces() } else { error })?;
        Ok(Page {
            items: answer.traces.into_iter().map(TraceInfo::from).collect(),
            next_page_token: answer.next_page_token,
        })
    }

    async fn new_page(&self, max_results: u32, token: Option<&str>) -> Result<SearchAnswer, TrackingError> {
        let locations = self.experiment_ids.iter().map(|id| Location {
            r#type: "MLFLOW_EXPERIMENT",
            mlflow_experiment: LocationExperiment { experiment_id: id },
        });
        let body = SearchRequest {
            locations: locations.collect(),
            filter: &self.filter,
            max_results,
            order_by: [ORDER],
            page_token: token,
        };
        self.http.post_read(self.http.route("api/3.0/mlflow/traces/search"), &body).await
    }

    async fn old_page(&self, max_results: u32, token: Option<&str>) -> Result<SearchAnswer, TrackingError> {
        let max_results = max_results.to_string();
        let mut query: Vec<(&str, &str)> =
            self.experiment_ids.iter().map(|id| ("experiment_ids", id.as_str())).collect();
        query.extend([("max_results", max_results.as_str()), ("order_by", ORDER)]);
        query.extend((!self.filter.is_empty()).then_some(("filter", self.filter.as_str())));
        query.extend(token.map(|token| ("page_token", token)));
        self.http.get(self.http.route("api/2.0/mlflow/traces"), &query).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_say_model_run_and_time() {
        let query =
            TraceQuery { model_id: Some("m-1".into()), run_id: Some("r".into()), ..TraceQuery::default() };
        assert_eq!(filter(&query), "request_metadata.`mlflow.modelId` = 'm-1' AND run_id = 'r'");
        let query = TraceQuery { since: Some(5), until: Some(9), ..TraceQuery::default() };
        assert_eq!(filter(&query), "timestamp_ms >= 5 AND timestamp_ms <= 9");
        assert_eq!(filter(&TraceQuery::default()), "");
    }
}
