//! Writing to the model registry: registered models, versions, aliases, tags.

use reqwest::Method;
use serde::Serialize;

use super::http::Http;
use super::registry::{self, ModelAnswer, VersionAnswer};
use super::wire::Empty;
use crate::entities::{
    ModelVersion, NewModel, NewVersion, RegisteredModel, Tags, VersionNumber, model_uri_version, tag,
};
use crate::tracking::{ErrorCode, TrackingError};

/// A tag as servers read it.
#[derive(Serialize)]
struct Tag<'a> {
    key: &'a str,
    value: &'a str,
}

fn wire_tags(tags: &Tags) -> Vec<Tag<'_>> {
    tags.iter().map(|(key, value)| Tag { key, value }).collect()
}

/// What is empty is not sent.
fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

const ALIAS: &str = "api/2.0/mlflow/registered-models/alias";

/// The body of what changes or deletes. `version` is a string: servers refuse a number.
#[derive(Default, Serialize)]
struct Change<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

impl<'a> Change<'a> {
    fn of_model(name: &'a str) -> Self {
        Self { name, ..Self::default() }
    }

    fn of_version(name: &'a str, version: VersionNumber) -> Self {
        Self { name, version: Some(version.to_string()), ..Self::default() }
    }
}

async fn change(http: &Http, method: Method, path: &str, change: Change<'_>) -> Result<(), TrackingError> {
    http.write(method, http.route(path), &change).await.map(|Empty {}| ())
}

/// A write that is answered by the model as it is now.
async fn write_model(
    http: &Http,
    method: Method,
    path: &str,
    body: &impl Serialize,
) -> Result<RegisteredModel, TrackingError> {
    let answer: ModelAnswer = http.write(method, http.route(path), body).await?;
    Ok(answer.registered_model.into())
}

/// A write that is answered by the version as it is now.
async fn write_version(
    http: &Http,
    method: Method,
    path: &str,
    body: &impl Serialize,
) -> Result<ModelVersion, TrackingError> {
    let answer: VersionAnswer = http.write(method, http.route(path), body).await?;
    Ok(answer.model_version.into())
}

pub(super) async fn create_model(http: &Http, model: &NewModel) -> Result<RegisteredModel, TrackingError> {
    #[derive(Serialize)]
    struct Body<'a> {
        name: &'a str,
        tags: Vec<Tag<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
    }
    let body =
        Body { name: &model.name, tags: wire_tags(&model.tags), description: some(&model.description) };
    write_model(http, Method::POST, "api/2.0/mlflow/registered-models/create", &body).await
}

pub(super) async fn rename_model(
    http: &Http,
    name: &str,
    new_name: &str,
) -> Result<RegisteredModel, TrackingError> {
    let body = Change { new_name: Some(new_name), ..Change::of_model(name) };
    write_model(http, Method::POST, "api/2.0/mlflow/registered-models/rename", &body).await
}

pub(super) async fn update_model(
    http: &Http,
    name: &str,
    description: &str,
) -> Result<RegisteredModel, TrackingError> {
    let body = Change { description: Some(description), ..Change::of_model(name) };
    write_model(http, Method::PATCH, "api/2.0/mlflow/registered-models/update", &body).await
}

pub(super) async fn delete_model(http: &Http, name: &str) -> Result<(), TrackingError> {
    let path = "api/2.0/mlflow/registered-models/delete";
    change(http, Method::DELETE, path, Change::of_model(name)).await
}

pub(super) async fn set_model_tag(
    http: &Http,
    name: &str,
    key: &str,
    value: &str,
) -> Result<(), TrackingError> {
    let body = Change { key: Some(key), value: Some(value), ..Change::of_model(name) };
    change(http, Method::POST, "api/2.0/mlflow/registered-models/set-tag", body).await
}

pub(super) async fn delete_model_tag(http: &Http, name: &str, key: &str) -> Result<(), TrackingError> {
    let body = Change { key: Some(key), ..Change::of_model(name) };
    change(http, Method::DELETE, "api/2.0/mlflow/registered-models/delete-tag", body).await
}

pub(super) async fn set_alias(
    http: &Http,
    name: &str,
    alias: &str,
    version: VersionNumber,
) -> Result<(), TrackingError> {
    let body = Change { alias: Some(alias), ..Change::of_version(name, version) };
    change(http, Method::POST, ALIAS, body).await
}

pub(super) async fn delete_alias(http: &Http, name: &str, alias: &str) -> Result<(), TrackingError> {
    change(http, Method::DELETE, ALIAS, Change { alias: Some(alias), ..Change::of_model(name) }).await
}

pub(super) async fn update_version(
    http: &Http,
    name: &str,
    version: VersionNumber,
    description: &str,
) -> Result<ModelVersion, TrackingError> {
    let body = Change { description: Some(description), ..Change::of_version(name, version) };
    write_version(http, Method::PATCH, "api/2.0/mlflow/model-versions/update", &body).await
}

pub(super) async fn set_version_tag(
    http: &Http,
    name: &str,
    version: VersionNumber,
    key: &str,
    value: &str,
) -> Result<(), TrackingError> {
    let body = Change { key: Some(key), value: Some(value), ..Change::of_version(name, version) };
    change(http, Method::POST, "api/2.0/mlflow/model-versions/set-tag", body).await
}

pub(super) async fn delete_version_tag(
    http: &Http,
    name: &str,
    version: VersionNumber,
    key: &str,
) -> Result<(), TrackingError> {
    let body = Change { key: Some(key), ..Change::of_version(name, version) };
    change(http, Method::DELETE, "api/2.0/mlflow/model-versions/delete-tag", body).await
}

/// The body of `model-versions/create`. A run or a model that is not known is left out: servers compare an empty one
/// with the source's.
#[derive(Serialize)]
struct CreateVersion<'a> {
    name: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_link: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    tags: Vec<Tag<'a>>,
}

impl<'a> From<&'a NewVersion> for CreateVersion<'a> {
    fn from(version: &'a NewVersion) -> Self {
        Self {
            name: &version.name,
            source: &version.source,
            run_id: version.run_id.as_deref().and_then(some),
            run_link: version.run_link.as_deref().and_then(some),
            model_id: version.model_id.as_deref().and_then(some),
            description: some(&version.description),
            tags: wire_tags(&version.tags),
        }
    }
}

pub(super) async fn create_version(http: &Http, version: &NewVersion) -> Result<ModelVersion, TrackingError> {
    let body = CreateVersion::from(version);
    write_version(http, Method::POST, "api/2.0/mlflow/model-versions/create", &body).await
}

/// As Python's `copy_model_version`: there is no route for it.
pub(super) async fn copy_version(
    http: &Http,
    name: &str,
    version: VersionNumber,
    to: &str,
) -> Result<ModelVersion, TrackingError> {
    let original = registry::get_version(http, name, version).await?;
    if original.tags.contains_key(tag::IS_PROMPT) {
        return Err(is_a_prompt(name));
    }
    match registry::get_model(http, to).await {
        Ok(model) if model.is_prompt() => return Err(is_a_prompt(to)),
        Ok(_model) => {}
        Err(error) if error.is_not_found() => {
            let model = NewModel { name: to.to_owned(), ..NewModel::default() };
            match create_model(http, &model).await {
                // Somebody was quicker.
                Ok(_) | Err(TrackingError::Mlflow { code: ErrorCode::ResourceAlreadyExists, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(error) => return Err(error),
    }
    create_version(http, &copy_of(original, to)).await
}

/// What a copy of a version is made from.
pub(in crate::tracking) fn copy_of(original: ModelVersion, to: &str) -> NewVersion {
    NewVersion {
        name: to.to_owned(),
        source: model_uri_version(&original.name, original.version),
        run_id: Some(original.run_id),
        run_link: Some(original.run_link),
        model_id: original.model_id,
        description: original.description,
        tags: original.tags,
    }
}

/// Versions go from model to model alone.
pub(in crate::tracking) fn is_a_prompt(name: &str) -> TrackingError {
    TrackingError::Mlflow {
        code: ErrorCode::InvalidParameterValue,
        message: format!("{name} is a prompt: versions are copied from model to model only"),
        status: 0,
    }
}

pub(super) async fn delete_version(
    http: &Http,
    name: &str,
    version: VersionNumber,
) -> Result<(), TrackingError> {
    let path = "api/2.0/mlflow/model-versions/delete";
    change(http, Method::DELETE, path, Change::of_version(name, version)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_version_is_sent_without_what_is_not_known() {
        let version = NewVersion {
            name: "m".into(),
            source: "models:/m-1".into(),
            run_id: Some(String::new()),
            model_id: Some("m-1".into()),
            tags: Tags::from([("k".to_owned(), "v".to_owned())]),
            ..NewVersion::default()
        };
        assert_eq!(
            serde_json::to_string(&CreateVersion::from(&version)).unwrap(),
            r#"{"name":"m","source":"models:/m-1","model_id":"m-1","tags":[{"key":"k","value":"v"}]}"#
        );
    }

    #[test]
    fn a_copy_names_the_version_it_is_a_copy_of() {
        let original = ModelVersion {
            name: "from".into(),
            version: 3,
            source: "models:/m-1".into(),
            run_id: "r".into(),
            description: "text".into(),
            ..ModelVersion::default()
        };
        let copy = copy_of(original, "to");
        assert_eq!((copy.name.as_str(), copy.source.as_str()), ("to", "models:/from/3"));
        assert_eq!((copy.run_id.as_deref(), copy.description.as_str()), (Some("r"), "text"));
    }

    #[test]
    fn a_change_sends_its_version_as_a_string_and_nothing_that_is_not_meant() {
        let body = Change { alias: Some("prod"), ..Change::of_version("m", 7) };
        assert_eq!(serde_json::to_string(&body).unwrap(), r#"{"name":"m","version":"7","alias":"prod"}"#);
    }
}
