//! The `MLmodel` file: YAML with JSON in its signature.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::Value;

use super::{Answer, ArtifactBody, Store, TrackingError};
use crate::entities::{ArtifactRoot, MlModel, Signature, SignatureField};

/// More than this is no `MLmodel`: the largest seen, with a long input schema, has 5 kB.
const MOST_BYTES: usize = 1 << 20;
/// Fields that are shown at most of one side of a signature.
const MOST_FIELDS: usize = 2_000;
/// Types are written out this deep; what is deeper is `…`.
const DEEPEST_TYPE: usize = 5;

/// Reads a packaged model's `MLmodel`.
pub fn load_mlmodel(store: &Arc<dyn Store>, root: &ArtifactRoot) -> Answer<MlModel> {
    let body = store.read_artifact(root, "MLmodel", Some(MOST_BYTES as u64));
    Box::pin(async move { parse_mlmodel(&read_whole(body.await?).await?) })
}

async fn read_whole(mut body: ArtifactBody) -> Result<Vec<u8>, TrackingError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunks.next().await {
        bytes.extend_from_slice(&chunk?);
        if bytes.len() > MOST_BYTES {
            return Err(unreadable("it is larger than 1 MB"));
        }
    }
    Ok(bytes)
}

/// Reads the text of an `MLmodel` (`mlflow/models/model.py`, `Model.to_yaml`).
pub fn parse_mlmodel(text: &[u8]) -> Result<MlModel, TrackingError> {
    let file: File = serde_saphyr::from_slice(text)
        .map_err(|error| unreadable(error.to_string().lines().next().unwrap_or("it is no YAML")))?;
    let python_version = file.flavors.get("python_function").and_then(|flavor| flavor.get("python_version"));
    let mut metadata = Vec::new();
    flatten("", file.metadata.as_ref().unwrap_or(&Value::Null), &mut metadata);
    metadata.retain(|(key, _)| key != "task");
    let mut flavor_settings = Vec::new();
    for (flavor, settings) in &file.flavors {
        flatten(flavor, settings, &mut flavor_settings);
    }
    Ok(MlModel {
        python_version: python_version.map(scalar),
        flavors: file.flavors.into_keys().collect(),
        flavor_settings,
        task: file.metadata.and_then(|metadata| metadata.get("task").map(scalar)),
        metadata,
        signature: file.signature.map(|signature| Signature {
            inputs: fields(signature.inputs.as_deref()),
            outputs: fields(signature.outputs.as_deref()),
            params: fields(signature.params.as_deref()),
        }),
        mlflow_version: file.mlflow_version.as_ref().map(scalar),
        model_size_bytes: file.model_size_bytes,
        run_id: file.run_id,
        model_id: file.model_id,
        utc_time_created: file.utc_time_created.as_ref().map(scalar),
    })
}

#[derive(Deserialize)]
struct File {
    flavors: BTreeMap<String, Value>,
    #[serde(default)]
    metadata: Option<Value>,
    #[serde(default)]
    signature: Option<WireSignature>,
    #[serde(default)]
    mlflow_version: Option<Value>,
    #[serde(default)]
    model_size_bytes: Option<u64>,
    #[serde(default)]
    run_id: Option<String>,
    #[serde(default)]
    model_id: Option<String>,
    #[serde(default)]
    utc_time_created: Option<Value>,
}

/// Each side is JSON in a string.
#[derive(Deserialize)]
struct WireSignature {
    #[serde(default)]
    inputs: Option<String>,
    #[serde(default)]
    outputs: Option<String>,
    #[serde(default)]
    params: Option<String>,
}

fn unreadable(why: &str) -> TrackingError {
    TrackingError::NotMlflow { reason: format!("MLmodel cannot be read: {why}") }
}

/// Objects as dotted keys, everything else as it is written; nothing where there is nothing.
fn flatten(key: &str, value: &Value, into: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) if key.matches('.').count() < DEEPEST_TYPE => {
            for (name, value) in object {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                flatten(&key, value, into);
            }
        }
        Value::Null => {}
        _ if into.len() < MOST_FIELDS => into.push((key.to_owned(), scalar(value))),
        _ => {}
    }
}

fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A broken side of a signature is left out: the rest of the file is worth showing.
fn fields(json: Option<&str>) -> Vec<SignatureField> {
    let parsed: Option<Value> = json.and_then(|json| serde_json::from_str(json).ok());
    match parsed {
        Some(Value::Array(items)) if is_one_object(&items) => properties_of(&items[0]),
        Some(Value::Array(items)) => items.iter().take(MOST_FIELDS).map(column).collect(),
        // A single anonymous column or tensor, as older versions wrote it.
        Some(item @ Value::Object(_)) => vec![field(&item)],
        _ => Vec::new(),
    }
}

/// An agent's answer is one object without a name: its properties are what a reader looks for.
fn is_one_object(items: &[Value]) -> bool {
    matches!(items, [item] if item.get("name").is_none() && item.get("properties").is_some())
}

fn properties_of(item: &Value) -> Vec<SignatureField> {
    let properties = item.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .take(MOST_FIELDS)
        .map(|(name, of)| SignatureField { name: name.clone(), ..field(of) })
        .collect()
}

/// A column, with the properties of an object: those of `custom_inputs` are a form.
fn column(item: &Value) -> SignatureField {
    SignatureField { properties: properties_of(item), ..field(item) }
}

fn field(item: &Value) -> SignatureField {
    let default = item.get("default").filter(|default| !default.is_null());
    SignatureField {
        name: item.get("name").map(scalar).unwrap_or_default(),
        data_type: type_name(item, 0),
        required: item.get("required").and_then(Value::as_bool).unwrap_or(default.is_none()),
        default: default.map(Value::to_string),
        properties: Vec::new(),
    }
}

/// `mlflow/types/schema.py`: scalars, `array`, `object`, `map`, `tensor`, `any`.
fn type_name(item: &Value, depth: usize) -> String {
    if depth > DEEPEST_TYPE {
        return "…".to_owned();
    }
    let nested = |key: &str| item.get(key).map_or_else(|| "any".to_owned(), |of| type_name(of, depth + 1));
    match item.get("type").or_else(|| item.get("dtype")).and_then(Value::as_str) {
        Some("array") => format!("array<{}>", nested("items")),
        Some("map") => format!("map<string, {}>", nested("values")),
        Some("object") => object_name(item, depth),
        Some("tensor") => tensor_name(item),
        Some(scalar) => scalar.to_owned(),
        None => "any".to_owned(),
    }
}

/// `{effort?: string, summary?: string}`
fn object_name(item: &Value, depth: usize) -> String {
    let Some(properties) = item.get("properties").and_then(Value::as_object) else {
        return "object".to_owned();
    };
    let parts: Vec<String> = properties
        .iter()
        .map(|(name, of)| {
            let required = of.get("required").and_then(Value::as_bool).unwrap_or(true);
            format!("{name}{}: {}", if required { "" } else { "?" }, type_name(of, depth + 1))
        })
        .collect();
    format!("{{{}}}", parts.join(", "))
}

fn tensor_name(item: &Value) -> String {
    let spec = item.get("tensor-spec").unwrap_or(item);
    let dtype = spec.get("dtype").map(scalar).unwrap_or_default();
    let shape: Vec<String> =
        spec.get("shape").and_then(Value::as_array).into_iter().flatten().map(scalar).collect();
    format!("tensor<{dtype}>[{}]", shape.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `mlflow.pyfunc.log_model` writes it for a `ResponsesAgent`.
    const AGENT: &str = include_str!("testdata/MLmodel-agent.yaml");
    /// As `mlflow.sklearn.log_model` writes it.
    const CLASSIC: &str = include_str!("testdata/MLmodel-classic.yaml");

    fn named<'a>(fields: &'a [SignatureField], name: &str) -> &'a SignatureField {
        fields.iter().find(|field| field.name == name).unwrap()
    }

    #[test]
    fn an_agents_task_and_nested_types_are_read() {
        let model = parse_mlmodel(AGENT.as_bytes()).unwrap();
        assert_eq!(model.task.as_deref(), Some("agent/v1/responses"));
        assert_eq!(model.task_label(), Some("Agent, Responses API"));
        assert_eq!(model.flavors, ["python_function"]);
        assert_eq!(model.python_version.as_deref(), Some("3.11.7"));
        assert_eq!(model.model_size_bytes, Some(562));
        let loader =
            ("python_function.loader_module".to_owned(), "mlflow.pyfunc.loaders.code_model".to_owned());
        assert!(model.flavor_settings.contains(&loader), "{:?}", model.flavor_settings);
        assert!(model.metadata.is_empty(), "the task is said by itself: {:?}", model.metadata);
        assert_eq!(model.utc_time_created.as_deref(), Some("2026-11-22 05:56:28.277686"));
        let signature = model.signature.unwrap();
        assert!(named(&signature.inputs, "input").required);
        assert_eq!(named(&signature.inputs, "input").data_type, "array<any>");
        assert_eq!(named(&signature.inputs, "metadata").data_type, "map<string, string>");
        assert_eq!(
            named(&signature.inputs, "context").data_type,
            "{conversation_id?: string, user_id?: string}"
        );
        assert_eq!(named(&signature.outputs, "output").data_type, "array<{type: string}>");
    }

    #[test]
    fn a_classic_signature_has_columns_tensors_and_params() {
        let signature = parse_mlmodel(CLASSIC.as_bytes()).unwrap().signature.unwrap();
        assert_eq!(named(&signature.inputs, "late_orders").data_type, "long");
        assert!(!named(&signature.inputs, "region").required);
        assert_eq!(signature.outputs[0].data_type, "tensor<float64>[-1, 4]");
        let param = named(&signature.params, "temperature");
        assert_eq!((param.data_type.as_str(), param.default.as_deref()), ("double", Some("0.5")));
        assert!(!param.required);
    }

    #[test]
    fn an_objects_properties_are_read() {
        let inputs = r#"[{"type": "object", "name": "custom_inputs", "required": false, "properties": {"depth": {"type": "long", "required": true}, "region": {"type": "string", "required": false}}}]"#;
        let fields = fields(Some(inputs));
        assert_eq!(fields[0].data_type, "{depth: long, region?: string}");
        let read: Vec<_> = fields[0].properties.iter().map(|it| (it.name.as_str(), it.required)).collect();
        assert_eq!(read, [("depth", true), ("region", false)]);
    }

    #[test]
    fn what_is_no_mlmodel_is_an_error_and_a_broken_signature_is_left_out() {
        for text in ["", "<html>", "flavors: [", "- 1\n- 2\n"] {
            assert!(parse_mlmodel(text.as_bytes()).is_err(), "{text}");
        }
        let model = parse_mlmodel(b"flavors: {sklearn: {}}\nsignature: {inputs: 'not json'}\n").unwrap();
        assert!(model.signature.unwrap().inputs.is_empty());
    }

    #[test]
    fn types_are_written_out_to_a_depth() {
        let mut deep = serde_json::json!({"type": "string"});
        for _ in 0..50 {
            deep = serde_json::json!({"type": "array", "items": deep});
        }
        assert_eq!(type_name(&deep, 0).matches("array").count(), DEEPEST_TYPE + 1);
    }
}
