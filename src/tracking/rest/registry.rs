//! Reading the model registry: registered models, versions, aliases.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Deserialize;

use super::filters;
use super::http::Http;
use super::pages::{self, Page, PageRequest};
use super::wire::{self, KeyValue};
use crate::entities::{Alias, Millis, ModelVersion, ModelVersionStatus, RegisteredModel, VersionNumber};
use crate::tracking::{ErrorCode, ModelQuery, PageStream, TrackingError, VersionQuery};

/// Servers give 1,000 models at most; each brings its latest versions along.
const MODEL_PAGE_SIZES: [u32; 2] = [100, 500];

/// A screen of versions first.
const VERSION_PAGE_SIZES: [u32; 2] = [100, 1000];

pub(super) const IS_PROMPT: &str = "tags.`mlflow.prompt.is_prompt` = 'true'";

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WireModel {
    #[serde(deserialize_with = "wire::text")]
    name: String,
    #[serde(deserialize_with = "wire::text")]
    description: String,
    #[serde(deserialize_with = "wire::millis")]
    creation_timestamp: Option<Millis>,
    #[serde(deserialize_with = "wire::millis")]
    last_updated_timestamp: Option<Millis>,
    #[serde(deserialize_with = "wire::or_default")]
    tags: Vec<KeyValue>,
    #[serde(deserialize_with = "wire::or_default")]
    aliases: Vec<WireAlias>,
    #[serde(deserialize_with = "wire::or_default")]
    latest_versions: Vec<LatestVersion>,
}

#[derive(Deserialize)]
struct WireAlias {
    #[serde(deserialize_with = "wire::text")]
    alias: String,
    #[serde(deserialize_with = "wire::version")]
    version: VersionNumber,
}

#[derive(Deserialize)]
struct LatestVersion {
    #[serde(deserialize_with = "wire::version")]
    version: VersionNumber,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WireVersion {
    #[serde(deserialize_with = "wire::text")]
    name: String,
    #[serde(deserialize_with = "wire::version")]
    version: VersionNumber,
    #[serde(deserialize_with = "wire::text")]
    description: String,
    #[serde(deserialize_with = "wire::millis")]
    creation_timestamp: Option<Millis>,
    #[serde(deserialize_with = "wire::millis")]
    last_updated_timestamp: Option<Millis>,
    #[serde(deserialize_with = "wire::text")]
    user_id: String,
    #[serde(deserialize_with = "wire::text")]
    status: String,
    #[serde(deserialize_with = "wire::text")]
    status_message: String,
    #[serde(deserialize_with = "wire::text")]
    current_stage: String,
    #[serde(deserialize_with = "wire::text")]
    source: String,
    #[serde(deserialize_with = "wire::text")]
    run_id: String,
    #[serde(deserialize_with = "wire::text")]
    run_link: String,
    #[serde(deserialize_with = "wire::text")]
    model_id: String,
    #[serde(deserialize_with = "wire::or_default")]
    tags: Vec<KeyValue>,
}

impl From<WireModel> for RegisteredModel {
    fn from(wire: WireModel) -> Self {
        Self {
            name: wire.name,
            description: wire.description,
            creation_timestamp: wire.creation_timestamp,
            last_updated_timestamp: wire.last_updated_timestamp,
            tags: wire::tags(wire.tags),
            aliases: wire
                .aliases
                .into_iter()
                .map(|alias| Alias { alias: alias.alias, version: alias.version })
                .collect(),
            latest_version: wire.latest_versions.iter().map(|latest| latest.version).max(),
        }
    }
}

impl From<WireVersion> for ModelVersion {
    fn from(wire: WireVersion) -> Self {
        Self {
            name: wire.name,
            version: wire.version,
            description: wire.description,
            creation_timestamp: wire.creation_timestamp,
            last_updated_timestamp: wire.last_updated_timestamp,
            user_id: wire.user_id,
            status: version_status(&wire.status),
            status_message: wire.status_message,
            current_stage: Some(wire.current_stage).filter(|stage| !matches!(stage.as_str(), "" | "None")),
            source: wire.source,
            run_id: wire.run_id,
            run_link: wire.run_link,
            model_id: Some(wire.model_id).filter(|id| !id.is_empty()),
            tags: wire::tags(wire.tags),
        }
    }
}

fn version_status(name: &str) -> ModelVersionStatus {
    match name {
        "PENDING_REGISTRATION" => ModelVersionStatus::Pending,
        "FAILED_REGISTRATION" => ModelVersionStatus::Failed,
        _ => ModelVersionStatus::Ready,
    }
}

#[derive(Deserialize)]
pub(super) struct ModelAnswer {
    pub registered_model: WireModel,
}

#[derive(Deserialize)]
pub(super) struct VersionAnswer {
    pub model_version: WireVersion,
}

pub(super) fn search_models(http: &Arc<Http>, query: ModelQuery) -> PageStream<RegisteredModel> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct SearchAnswer {
        #[serde(deserialize_with = "wire::or_default")]
        registered_models: Vec<WireModel>,
        next_page_token: Option<String>,
    }
    let http = Arc::clone(http);
    let prompts = query == ModelQuery::Prompts;
    let fetch = move |request: PageRequest| {
        let http = Arc::clone(&http);
        super::answer(async move {
            let max_results = request.size(&MODEL_PAGE_SIZES).to_string();
            let mut query = vec![("max_results", max_results.as_str())];
            query.extend(prompts.then_some(("filter", IS_PROMPT)));
            query.extend(request.token.as_deref().map(|token| ("page_token", token)));
            let url = http.route("api/2.0/mlflow/registered-models/search");
            let page: SearchAnswer = http.get(url, &query).await?;
            Ok(Page {
                items: page.registered_models.into_iter().map(RegisteredModel::from).collect(),
                next_page_token: page.next_page_token,
            })
        })
    };
    let mut once = pages::once(|model: &RegisteredModel| model.name.clone());
    // Servers from before prompts take them for models.
    pages::pages(fetch, move |model| model.is_prompt() == prompts && once(model))
}

pub(super) async fn get_model(http: &Http, name: &str) -> Result<RegisteredModel, TrackingError> {
    let url = http.route("api/2.0/mlflow/registered-models/get");
    let answer: ModelAnswer = http.get(url, &[("name", name)]).await?;
    Ok(answer.registered_model.into())
}

pub(super) fn search_versions(http: &Arc<Http>, query: VersionQuery) -> PageStream<ModelVersion> {
    let (filter, order) = match &query {
        VersionQuery::OfModel { name, prompt: false } => {
            (filters::equals("name", name), "version_number DESC")
        }
        VersionQuery::OfModel { name, prompt: true } => {
            (format!("{} AND {IS_PROMPT}", filters::equals("name", name)), "version_number DESC")
        }
        VersionQuery::OfRun(run_id) => (filters::equals("run_id", run_id), "creation_timestamp DESC"),
    };
    let http = Arc::clone(http);
    let filter = Arc::new(filter);
    // Old servers refuse the order: they are asked without.
    let ordered = Arc::new(AtomicBool::new(true));
    let fetch = move |request: PageRequest| {
        let (http, filter, ordered) = (Arc::clone(&http), Arc::clone(&filter), Arc::clone(&ordered));
        super::answer(async move {
            let order_by = ordered.load(Ordering::Relaxed).then_some(order);
            match versions_page(&http, &filter, order_by, &request).await {
                Err(TrackingError::Mlflow { code: ErrorCode::InvalidParameterValue, .. })
                    if request.index == 0 =>
                {
                    ordered.store(false, Ordering::Relaxed);
                    versions_page(&http, &filter, None, &request).await
                }
                page => page,
            }
        })
    };
    let mut once = pages::once(|version: &ModelVersion| format!("{}\n{}", version.version, version.name));
    pages::pages(fetch, move |version| is_asked_for(version, &query) && once(version))
}

/// A filter may match more than was meant where the value cannot be quoted.
fn is_asked_for(version: &ModelVersion, query: &VersionQuery) -> bool {
    match query {
        VersionQuery::OfModel { name, .. } => version.name == *name,
        VersionQuery::OfRun(run_id) => version.run_id == *run_id,
    }
}

async fn versions_page(
    http: &Http,
    filter: &str,
    order_by: Option<&str>,
    request: &PageRequest,
) -> Result<Page<ModelVersion>, TrackingError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct SearchAnswer {
        #[serde(deserialize_with = "wire::or_default")]
        model_versions: Vec<WireVersion>,
        next_page_token: Option<String>,
    }
    let max_results = request.size(&VERSION_PAGE_SIZES).to_string();
    let mut query = vec![("filter", filter), ("max_results", max_results.as_str())];
    query.extend(order_by.map(|order| ("order_by", order)));
    query.extend(request.token.as_deref().map(|token| ("page_token", token)));
    let page: SearchAnswer = http.get(http.route("api/2.0/mlflow/model-versions/search"), &query).await?;
    Ok(Page {
        items: page.model_versions.into_iter().map(ModelVersion::from).collect(),
        next_page_token: page.next_page_token,
    })
}

pub(super) async fn get_version(
    http: &Http,
    name: &str,
    version: VersionNumber,
) -> Result<ModelVersion, TrackingError> {
    let url = http.route("api/2.0/mlflow/model-versions/get");
    let answer: VersionAnswer = http.get(url, &[("name", name), ("version", &version.to_string())]).await?;
    Ok(answer.model_version.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_captured_model_is_read_with_its_alias_map() {
        let answer: ModelAnswer =
            serde_json::from_slice(include_bytes!("testdata/registered_model.json")).unwrap();
        let model = RegisteredModel::from(answer.registered_model);
        assert_eq!(model.name, "MyMinimalAgent_Registered");
        assert_eq!((model.alias("candidate"), model.alias("prod")), (Some(7), Some(3)));
        assert_eq!(model.latest_version, Some(7));
        assert_eq!(model.tags["task"], "agent/v1/responses");
    }

    #[test]
    fn a_captured_version_is_read() {
        let answer: VersionAnswer =
            serde_json::from_slice(include_bytes!("testdata/model_version.json")).unwrap();
        let version = ModelVersion::from(answer.model_version);
        assert_eq!((version.version, version.current_stage.as_deref()), (3, None));
        assert_eq!(version.logged_model_id(), Some("m-231fccb97c5e42cfa8ba3d8aa89f64a0"));
        assert_eq!(version.tags["commit"], "0000003");
    }

    #[test]
    fn stages_and_statuses_are_read() {
        let version: WireVersion = serde_json::from_str(
            r#"{"name":"m","version":2,"current_stage":"Production","status":"FAILED_REGISTRATION","model_id":"m-1"}"#,
        )
        .unwrap();
        let version = ModelVersion::from(version);
        assert_eq!(version.current_stage.as_deref(), Some("Production"));
        assert_eq!(version.status, ModelVersionStatus::Failed);
        assert_eq!(version.model_id.as_deref(), Some("m-1"));
        assert!(serde_json::from_str::<WireVersion>(r#"{"version":"-1"}"#).is_err());
    }
}
