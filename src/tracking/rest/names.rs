//! Looking up by a part of the name: `registered-models/search`, `experiments/search` and `runs/search`, a few of each.

use serde::{Deserialize, Serialize};

use super::experiments;
use super::http::Http;
use super::registry::IS_PROMPT;
use super::runs::WireRun;
use super::wire;
use crate::entities::{Named, Run};
use crate::tracking::{NameQuery, TrackingError};

/// Of each kind; as many rows as are read before one types on.
const MOST: u32 = 20;

/// Whatever of the three routes answers.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    #[serde(deserialize_with = "wire::or_default")]
    registered_models: Vec<WireNamed>,
    #[serde(deserialize_with = "wire::or_default")]
    experiments: Vec<WireNamed>,
    #[serde(deserialize_with = "wire::or_default")]
    runs: Vec<WireRun>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireNamed {
    #[serde(deserialize_with = "wire::text")]
    name: String,
    #[serde(deserialize_with = "wire::text")]
    experiment_id: String,
}

#[derive(Serialize)]
struct Request<'a> {
    max_results: u32,
    filter: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    experiment_ids: Option<[&'a str; 1]>,
}

/// Asks for all kinds at once. One that the server cannot search fails them all: half an answer would look whole.
pub(super) async fn find(http: &Http, query: &NameQuery) -> Result<Vec<Named>, TrackingError> {
    if query.words.is_empty() {
        return Ok(Vec::new());
    }
    let filter = condition("name", &query.words);
    let prompts = format!("{IS_PROMPT} AND {filter}");
    let (models, prompts, experiments, runs) = futures_util::future::join4(
        models(http, &filter),
        models(http, &prompts),
        search(http, experiments::SEARCH, &filter, None),
        runs(http, query),
    )
    .await;
    let mut found: Vec<Named> =
        models?.registered_models.into_iter().map(|model| Named::Model(model.name)).collect();
    found.extend(prompts?.registered_models.into_iter().map(|prompt| Named::Prompt(prompt.name)));
    found.extend(
        experiments?
            .experiments
            .into_iter()
            .map(|it| Named::Experiment { experiment_id: it.experiment_id, name: it.name }),
    );
    found.extend(
        runs?
            .runs
            .into_iter()
            .map(|run| Run::from(run).info)
            .map(|run| Named::Run { run_id: run.run_id, name: run.run_name }),
    );
    // A pattern finds more than was meant where a letter could not be said.
    found.retain(|named| query.is_in(named.name()));
    Ok(found)
}

async fn models(http: &Http, filter: &str) -> Result<Answer, TrackingError> {
    let url = http.route("api/2.0/mlflow/registered-models/search");
    http.get(url, &[("max_results", &*MOST.to_string()), ("filter", filter)]).await
}

async fn runs(http: &Http, query: &NameQuery) -> Result<Answer, TrackingError> {
    let Some(experiment_id) = &query.experiment_id else { return Ok(Answer::default()) };
    let filter = condition("attributes.run_name", &query.words);
    search(http, "api/2.0/mlflow/runs/search", &filter, Some(experiment_id)).await
}

async fn search(
    http: &Http,
    route: &str,
    filter: &str,
    experiment_id: Option<&str>,
) -> Result<Answer, TrackingError> {
    let request = Request { max_results: MOST, filter, experiment_ids: experiment_id.map(|id| [id]) };
    http.post_read(http.route(route), &request).await
}

/// `key ILIKE '%word%' AND …`. There are no escapes: what would end the string, or mean something in a pattern, becomes
/// `_`, any one letter.
fn condition(key: &str, words: &[String]) -> String {
    let clauses: Vec<String> = words
        .iter()
        .map(|word| format!("{key} ILIKE '%{}%'", word.replace(['\'', '"', '\\', '%'], "_")))
        .collect();
    clauses.join(" AND ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_never_ends_its_string() {
        let words = ["it's".to_owned(), "50%".to_owned()];
        assert_eq!(condition("name", &words), "name ILIKE '%it_s%' AND name ILIKE '%50_%'");
    }
}
