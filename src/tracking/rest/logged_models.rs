//! Logged models (MLflow 3): `logged-models/{id}`.

use serde::Deserialize;

use super::http::Http;
use super::wire::{self, KeyValue, WireMetric};
use crate::entities::{LoggedModel, LoggedModelStatus, Millis, Tags, VersionNumber, tag};
use crate::tracking::TrackingError;

#[derive(Deserialize)]
struct GetAnswer {
    model: WireLoggedModel,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireLoggedModel {
    #[serde(deserialize_with = "wire::or_default")]
    info: WireInfo,
    #[serde(deserialize_with = "wire::or_default")]
    data: WireData,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireInfo {
    #[serde(deserialize_with = "wire::text")]
    model_id: String,
    #[serde(deserialize_with = "wire::text")]
    experiment_id: String,
    #[serde(deserialize_with = "wire::text")]
    name: String,
    #[serde(deserialize_with = "wire::millis")]
    creation_timestamp_ms: Option<Millis>,
    #[serde(deserialize_with = "wire::millis")]
    last_updated_timestamp_ms: Option<Millis>,
    #[serde(deserialize_with = "wire::text")]
    artifact_uri: String,
    #[serde(deserialize_with = "wire::text")]
    status: String,
    #[serde(deserialize_with = "wire::text")]
    model_type: String,
    #[serde(deserialize_with = "wire::text")]
    source_run_id: String,
    #[serde(deserialize_with = "wire::or_default")]
    tags: Vec<KeyValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireData {
    #[serde(deserialize_with = "wire::or_default")]
    params: Vec<KeyValue>,
    #[serde(deserialize_with = "wire::or_default")]
    metrics: Vec<WireMetric>,
}

impl From<WireLoggedModel> for LoggedModel {
    fn from(wire: WireLoggedModel) -> Self {
        let tags = wire::tags(wire.info.tags);
        Self {
            model_id: wire.info.model_id,
            experiment_id: wire.info.experiment_id,
            name: wire.info.name,
            creation_timestamp: wire.info.creation_timestamp_ms,
            last_updated_timestamp: wire.info.last_updated_timestamp_ms,
            artifact_uri: wire.info.artifact_uri,
            status: status(&wire.info.status),
            model_type: wire.info.model_type,
            source_run_id: wire.info.source_run_id,
            registered_as: registered_as(&tags),
            tags,
            params: wire::params(wire.data.params),
            metrics: wire::metrics(wire.data.metrics),
        }
    }
}

fn status(name: &str) -> LoggedModelStatus {
    match name {
        "LOGGED_MODEL_PENDING" => LoggedModelStatus::Pending,
        "LOGGED_MODEL_READY" => LoggedModelStatus::Ready,
        "LOGGED_MODEL_UPLOAD_FAILED" => LoggedModelStatus::UploadFailed,
        _ => LoggedModelStatus::Unspecified,
    }
}

/// The versions in the tag `mlflow.modelVersions`: MLflow writes some twice, as a number and as a string.
pub(in crate::tracking) fn registered_as(tags: &Tags) -> Vec<(String, VersionNumber)> {
    #[derive(Deserialize)]
    struct Registered {
        #[serde(deserialize_with = "wire::text")]
        name: String,
        #[serde(deserialize_with = "wire::version")]
        version: VersionNumber,
    }
    let Some(json) = tags.get(tag::MODEL_VERSIONS) else { return Vec::new() };
    let mut versions: Vec<(String, VersionNumber)> = Vec::new();
    for Registered { name, version } in serde_json::from_str::<Vec<Registered>>(json).unwrap_or_default() {
        if !versions.iter().any(|known| known.0 == name && known.1 == version) {
            versions.push((name, version));
        }
    }
    versions
}

pub(super) async fn get(http: &Http, model_id: &str) -> Result<LoggedModel, TrackingError> {
    let url = http.route_of("api/2.0/mlflow/logged-models/{id}", model_id);
    let answer: GetAnswer = http.get(url, &[]).await?;
    Ok(answer.model.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_captured_model_is_read_with_the_versions_made_from_it() {
        let answer: GetAnswer = serde_json::from_slice(include_bytes!("testdata/logged_model.json")).unwrap();
        let model = LoggedModel::from(answer.model);
        assert_eq!(model.model_id, "m-231fccb97c5e42cfa8ba3d8aa89f64a0");
        assert_eq!(model.status, LoggedModelStatus::Ready);
        assert_eq!(model.creation_timestamp, Some(1_795_326_988_076));
        assert_eq!(model.registered_as, [("MyMinimalAgent_Registered".to_owned(), 3)]);
    }

    #[test]
    fn a_tag_that_cannot_be_read_names_no_versions() {
        let tags = |json: &str| Tags::from([(tag::MODEL_VERSIONS.to_owned(), json.to_owned())]);
        for json in ["", "null", "{}", "[{\"name\":\"m\"}]", "[{\"name\":\"m\",\"version\":\"x\"}]"] {
            assert!(registered_as(&tags(json)).is_empty(), "{json}");
        }
    }
}
