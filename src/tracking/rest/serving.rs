//! Serving endpoints of a Databricks workspace (`GET /api/2.0/serving-endpoints`).

use serde::Deserialize;

use super::http::Http;
use super::wire;
use crate::entities::{ServedEntity, ServingEndpoint, ServingState, VersionNumber};
use crate::tracking::TrackingError;

/// More are not listed.
const MOST: usize = 2000;
/// More that share the traffic of one are not read.
const MOST_SERVED: usize = 50;
/// A longer name is none.
const LONGEST: usize = 200;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    #[serde(deserialize_with = "wire::or_default")]
    endpoints: Vec<WireEndpoint>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireEndpoint {
    #[serde(deserialize_with = "wire::text")]
    name: String,
    #[serde(deserialize_with = "wire::text")]
    creator: String,
    #[serde(deserialize_with = "wire::text")]
    task: String,
    #[serde(deserialize_with = "wire::or_default")]
    state: WireState,
    #[serde(deserialize_with = "wire::or_default")]
    config: WireConfig,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireState {
    #[serde(deserialize_with = "wire::text")]
    ready: String,
    #[serde(deserialize_with = "wire::text")]
    config_update: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireConfig {
    #[serde(deserialize_with = "wire::or_default")]
    served_entities: Vec<WireEntity>,
    /// As older workspaces have it.
    #[serde(deserialize_with = "wire::or_default")]
    served_models: Vec<WireEntity>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireEntity {
    #[serde(alias = "model_name", deserialize_with = "wire::text")]
    entity_name: String,
    #[serde(alias = "model_version", deserialize_with = "wire::text")]
    entity_version: String,
    #[serde(deserialize_with = "wire::or_default")]
    foundation_model: WireModel,
    #[serde(deserialize_with = "wire::or_default")]
    external_model: WireModel,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireModel {
    #[serde(deserialize_with = "wire::text")]
    name: String,
}

impl From<WireEntity> for ServedEntity {
    fn from(wire: WireEntity) -> Self {
        let names = [wire.entity_name, wire.foundation_model.name, wire.external_model.name];
        let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        Self { name, version: wire.entity_version.parse::<VersionNumber>().ok() }
    }
}

impl WireState {
    fn state(&self) -> ServingState {
        match (self.ready.as_str(), self.config_update.as_str()) {
            ("READY", "IN_PROGRESS") => ServingState::Updating,
            ("READY", _) => ServingState::Ready,
            _ => ServingState::NotReady,
        }
    }
}

/// All of them, by name. What could not be asked under its name is left out.
pub(super) async fn list(http: &Http) -> Result<Vec<ServingEndpoint>, TrackingError> {
    let answer: Answer = http.get(http.route("api/2.0/serving-endpoints"), &[]).await?;
    let named = answer.endpoints.into_iter().filter(|wire| is_name(&wire.name)).take(MOST);
    let mut all: Vec<ServingEndpoint> = named.map(|wire| endpoint(http, wire)).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.dedup_by(|a, b| a.name == b.name);
    Ok(all)
}

fn endpoint(http: &Http, wire: WireEndpoint) -> ServingEndpoint {
    let WireConfig { served_entities, served_models } = wire.config;
    let served = if served_entities.is_empty() { served_models } else { served_entities };
    ServingEndpoint {
        url: http.route_of("serving-endpoints/{id}/invocations", &wire.name).into(),
        state: wire.state.state(),
        name: wire.name,
        task: wire.task,
        served: served.into_iter().take(MOST_SERVED).map(ServedEntity::from).collect(),
        creator: wire.creator,
    }
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= LONGEST && name.chars().all(fits) && !name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_served_is_read_from_new_and_old_answers() {
        let text = r#"{"endpoints": [
            {"name": "agent", "creator": "ann@example.com", "task": "agent/v1/responses", "id": "1", "tags": [],
             "state": {"ready": "READY", "config_update": "IN_PROGRESS"},
             "config": {"served_entities": [{"name": "m-7", "entity_name": "main.agents.supply", "entity_version": "7"}]}},
            {"name": "old", "state": {"ready": "READY"}, "config": {"served_models": [{"model_name": "Churn", "model_version": "3"}]}},
            {"name": "databricks-llm", "task": "llm/v1/chat", "state": {"ready": "NOT_READY"}, "creator": null,
             "config": {"served_entities": [{"entity_name": "", "foundation_model": {"name": "system.ai.llm"}}]}}
        ]}"#;
        let answer: Answer = serde_json::from_str(text).unwrap();
        let [agent, old, llm] = answer.endpoints.try_into().ok().unwrap();
        assert_eq!(
            (agent.state.state(), agent.task.as_str()),
            (ServingState::Updating, "agent/v1/responses")
        );
        let served = |wire: WireEndpoint| {
            let all = wire.config.served_entities.into_iter().chain(wire.config.served_models);
            all.map(ServedEntity::from).collect::<Vec<_>>()
        };
        let entity = |name: &str, version| vec![ServedEntity { name: name.into(), version }];
        assert_eq!(served(agent), entity("main.agents.supply", Some(7)));
        assert_eq!(old.state.state(), ServingState::Ready);
        assert_eq!(served(old), entity("Churn", Some(3)));
        assert_eq!((llm.state.state(), llm.creator.as_str()), (ServingState::NotReady, ""));
        assert_eq!(served(llm), entity("system.ai.llm", None));
        assert!(serde_json::from_str::<Answer>("{}").unwrap().endpoints.is_empty());
    }

    #[test]
    fn names_that_lead_elsewhere_are_no_names() {
        assert!(is_name("my-agent_2.1"));
        for name in ["", "a/b", "../x", "..", "a b", "a?b", &"x".repeat(201)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
