//! What MLflow's own store accepts, and the words in which it refuses (`mlflow/utils/validation.py`).

use super::failure::invalid;
use crate::entities::RunBatch;
use crate::tracking::TrackingError;

const MAX_ALIAS_LENGTH: usize = 255;
const MAX_TAG_KEY_LENGTH: usize = 250;
const MAX_TAG_VALUE_LENGTH: usize = 100_000;
const MAX_METRICS: usize = 1000;
const MAX_PARAMS_TAGS: usize = 100;
const MAX_PARAM_VALUE: usize = 6000;
const MAX_RUN_TAG_VALUE: usize = 8000;

/// `_validate_model_name`
pub(super) fn model_name(name: &str) -> Result<(), TrackingError> {
    if name.trim().is_empty() {
        return Err(invalid("Missing value for required parameter 'name'."));
    }
    if name.contains(['/', ':']) {
        return Err(invalid(format!("Invalid model name '{name}'. Names cannot contain '/' or ':'.")));
    }
    unique_path("name", name)
}

/// `_validate_model_renaming`
pub(super) fn new_name(name: &str) -> Result<(), TrackingError> {
    if name.trim().is_empty() {
        return Err(invalid("Missing value for required parameter 'new_name'."));
    }
    model_name(name)
}

/// `_validate_model_alias_name`
pub(super) fn alias(alias: &str) -> Result<(), TrackingError> {
    if alias.is_empty() {
        return Err(invalid("Registered model alias name cannot be empty."));
    }
    if !alias.chars().all(|c| is_word(c) || c == '-') {
        let rule = "Names may only contain alphanumerics, underscores (_), and dashes (-).";
        return Err(invalid(format!("Invalid alias name: '{alias}'. {rule}")));
    }
    length("Registered model alias name", alias, MAX_ALIAS_LENGTH)
}

/// `_validate_model_alias_name_reserved`
pub(super) fn alias_to_set(name: &str) -> Result<(), TrackingError> {
    alias(name)?;
    if name.to_lowercase() == "latest" {
        return Err(invalid("'latest' alias name (case insensitive) is reserved."));
    }
    if crate::entities::is_reserved_alias(name) {
        return Err(invalid(format!("Version alias name '{name}' is reserved.")));
    }
    Ok(())
}

/// `_validate_tag_name`
pub(super) fn tag_key(key: &str) -> Result<(), TrackingError> {
    let allowed =
        |c: char| is_word(c) || matches!(c, '/' | '.' | '-' | ' ') || c == ':' && cfg!(not(windows));
    if !key.chars().all(allowed) {
        let colon = if cfg!(windows) { "" } else { ", colon(:)" };
        let rule = format!(
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ){colon} and \
             slashes (/)."
        );
        return Err(invalid_value("key", key, &rule));
    }
    unique_path("key", key)
}

/// `_validate_registered_model_tag`
pub(super) fn model_tag(key: &str, value: &str) -> Result<(), TrackingError> {
    tag_key(key)?;
    length("key", key, MAX_TAG_KEY_LENGTH)?;
    length("value", value, MAX_TAG_VALUE_LENGTH)
}

/// `_validate_model_version_tag`
pub(super) fn tag(key: &str, value: &str) -> Result<(), TrackingError> {
    tag_key(key)?;
    length("key", key, MAX_TAG_KEY_LENGTH)?;
    if key == crate::entities::tag::PROMPT_TEXT && value.chars().count() > MAX_TAG_VALUE_LENGTH {
        return Err(invalid(format!("Prompt text exceeds max length of {MAX_TAG_VALUE_LENGTH} characters.")));
    }
    length("value", value, MAX_TAG_VALUE_LENGTH)
}

/// `_validate_tag`
pub(super) fn run_tag(key: &str, _value: &str) -> Result<(), TrackingError> {
    tag_key(key)?;
    length("key", key, MAX_TAG_KEY_LENGTH)
}

/// `_validate_batch_log_data`, `_validate_batch_log_limits`
pub(super) fn batch(batch: &RunBatch) -> Result<(), TrackingError> {
    for (what, count, limit) in [
        ("metrics", batch.metrics.len(), MAX_METRICS),
        ("params", batch.params.len(), MAX_PARAMS_TAGS),
        ("tags", batch.tags.len(), MAX_PARAMS_TAGS),
    ] {
        if count > limit {
            return Err(invalid(format!(
                "A batch logging request can contain at most {limit} {what}. Got {count} {what}. Please split up \
                 {what} across multiple requests and try again."
            )));
        }
    }
    for key in
        batch.metrics.iter().map(|metric| &metric.key).chain(batch.params.iter().map(|param| &param.key))
    {
        tag_key(key)?;
        length("key", key, MAX_TAG_KEY_LENGTH)?;
    }
    batch.tags.iter().try_for_each(|(key, value)| run_tag(key, value))
}

/// A param's value as it is kept: what is longer is cut, as MLflow does unless it is told otherwise.
pub(super) fn cut_param(value: &str) -> &str {
    cut(value, MAX_PARAM_VALUE)
}

/// A run's tag as it is kept.
pub(super) fn cut_tag(value: &str) -> &str {
    cut(value, MAX_RUN_TAG_VALUE)
}

fn cut(value: &str, most: usize) -> &str {
    value.char_indices().nth(most).map_or(value, |(at, _)| &value[..at])
}

/// Python's `\w`, as far as Rust's tables go: letters, digits and what else counts as a number, and `_`.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn length(what: &str, value: &str, limit: usize) -> Result<(), TrackingError> {
    if value.chars().count() <= limit {
        return Ok(());
    }
    Err(invalid(format!("'{what}' exceeds the maximum length of {limit} characters")))
}

/// `path_not_unique`: the name must not resolve to another one when taken as a path.
fn unique_path(parameter: &str, name: &str) -> Result<(), TrackingError> {
    let resolved = normal_path(name);
    if resolved == name && name != "." && !name.starts_with("..") && !name.starts_with('/') {
        return Ok(());
    }
    let rule = format!(
        "Names may be treated as files in certain cases, and must not resolve to other names when treated as such. \
         This name would resolve to {}",
        python_repr(&resolved)
    );
    Err(invalid_value(parameter, name, &rule))
}

fn invalid_value(parameter: &str, value: &str, rule: &str) -> TrackingError {
    invalid(format!("Invalid value {} for parameter '{parameter}' supplied: {rule}", python_json(value)))
}

/// `posixpath.normpath`
fn normal_path(path: &str) -> String {
    let root = match path.bytes().take_while(|&byte| byte == b'/').count() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if root.is_empty() && parts.last().is_none_or(|last| *last == "..") => parts.push(part),
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let path = format!("{root}{}", parts.join("/"));
    if path.is_empty() { ".".to_owned() } else { path }
}

/// As `json.dumps` writes it: ASCII only.
pub(super) fn python_json(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    let quoted = serde_json::Value::from(text).to_string();
    for c in quoted.chars() {
        if c.is_ascii() {
            json.push(c);
        } else {
            let mut units = [0; 2];
            json.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    json
}

/// As `repr` writes it, for what a name can hold.
pub(super) fn python_repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let escaped = text.replace('\\', "\\\\");
    let escaped = if quote == '\'' { escaped.replace('\'', "\\'") } else { escaped };
    format!("{quote}{escaped}{quote}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(result: Result<(), TrackingError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn aliases_follow_mlflows_rules() {
        for name in ["prod", "größte_日本", "a-b", "v", "1", "PROD", &"x".repeat(255)] {
            assert_eq!(alias_to_set(name), Ok(()), "{name}");
        }
        assert_eq!(message(alias_to_set("")), "Registered model alias name cannot be empty.");
        assert_eq!(
            message(alias_to_set("a b")),
            "Invalid alias name: 'a b'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
        );
        assert_eq!(message(alias_to_set("Latest")), "'latest' alias name (case insensitive) is reserved.");
        assert_eq!(message(alias_to_set("v12")), "Version alias name 'v12' is reserved.");
        assert_eq!(
            message(alias_to_set(&"x".repeat(256))),
            "'Registered model alias name' exceeds the maximum length of 255 characters"
        );
        assert_eq!(alias("latest"), Ok(()), "it may be deleted");
    }

    #[test]
    fn names_and_keys_follow_mlflows_rules() {
        for name in ["m", "Zażółć gęślą jaźń", "a.b", "..."] {
            assert_eq!(model_name(name).is_ok(), name != "...", "{name}");
        }
        assert_eq!(message(model_name(" ")), "Missing value for required parameter 'name'.");
        assert_eq!(message(model_name("a/b")), "Invalid model name 'a/b'. Names cannot contain '/' or ':'.");
        assert!(message(model_name("..")).contains("This name would resolve to '..'"));
        assert_eq!(tag("größe: a/b.c-d", "x"), Ok(()));
        assert!(
            message(tag("a#ü", "x"))
                .starts_with(r#"Invalid value "a#\u00fc" for parameter 'key' supplied: "#)
        );
        assert!(message(tag("a//b", "x")).ends_with("This name would resolve to 'a/b'"));
        assert_eq!(message(tag(&"k".repeat(251), "")), "'key' exceeds the maximum length of 250 characters");
        assert_eq!(
            message(tag("k", &"v".repeat(100_001))),
            "'value' exceeds the maximum length of 100000 characters"
        );
    }

    #[test]
    fn paths_are_made_normal_as_python_does() {
        for (path, expected) in [
            ("", "."),
            ("a/", "a"),
            ("./a/./b", "a/b"),
            ("a/../..", ".."),
            ("/..", "/"),
            ("//a", "//a"),
            ("///a", "/a"),
            ("../..", "../.."),
        ] {
            assert_eq!(normal_path(path), expected, "{path}");
        }
    }
}
