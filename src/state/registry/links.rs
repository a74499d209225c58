//! How a version or an alias is named elsewhere: in MLflow's URIs and in Python.

use crate::entities::{VersionNumber, model_uri_alias, model_uri_version};
use crate::state::ModelKind;
use crate::state::python::string;
use crate::tracking::StoreInfo;

/// `models:/name@alias`, `prompts:/name@alias`
pub fn alias_uri(kind: ModelKind, name: &str, alias: &str) -> String {
    match kind {
        ModelKind::Model => model_uri_alias(name, alias),
        ModelKind::Prompt => format!("prompts:/{name}@{alias}"),
    }
}

/// `models:/name/7`, `prompts:/name/7`
pub fn version_uri(kind: ModelKind, name: &str, version: VersionNumber) -> String {
    match kind {
        ModelKind::Model => model_uri_version(name, version),
        ModelKind::Prompt => format!("prompts:/{name}/{version}"),
    }
}

/// The Python that loads it from this server. Holds no credentials.
pub fn python(kind: ModelKind, uri: &str, store: &StoreInfo) -> String {
    let load = match kind {
        ModelKind::Model => "model = mlflow.pyfunc.load_model",
        ModelKind::Prompt => "prompt = mlflow.genai.load_prompt",
    };
    format!("import mlflow\n\nmlflow.set_tracking_uri({})\n{load}({})\n", string(&store.uri), string(uri))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_quotes_what_names_may_hold() {
        let store = StoreInfo { uri: "http://127.0.0.1:5000".into(), ..Default::default() };
        let uri = alias_uri(ModelKind::Model, "odd \"name\"", "prod");
        assert_eq!(
            python(ModelKind::Model, &uri, &store),
            "import mlflow\n\nmlflow.set_tracking_uri(\"http://127.0.0.1:5000\")\n\
             model = mlflow.pyfunc.load_model(\"models:/odd \\\"name\\\"@prod\")\n"
        );
        assert_eq!(version_uri(ModelKind::Prompt, "qa", 2), "prompts:/qa/2");
    }
}
