//! What MLflow accepts as names and tags (`mlflow/utils/validation.py`), in words for below a field.

use crate::entities::tag;

/// Longest name of a registered model in characters: the column that MLflow keeps it in.
const LONGEST_NAME: usize = 256;
/// `MAX_MODEL_REGISTRY_TAG_KEY_LENGTH`, in characters.
const LONGEST_KEY: usize = 250;
/// `MAX_MODEL_REGISTRY_TAG_VALUE_LENGTH`, in characters.
const LONGEST_VALUE: usize = 100_000;

/// Why MLflow would refuse the name of a registered model.
pub fn name_problem(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("Type a name")
    } else if name.contains(['/', ':']) {
        Some("A name holds no / and no :")
    } else if name == "." || name.starts_with("..") {
        Some("A name is not . and does not begin with ..")
    } else if name.chars().count() > LONGEST_NAME {
        Some("A name has at most 256 characters")
    } else {
        None
    }
}

/// Why MLflow would refuse the key of a tag, or why it is not the user's to set.
pub fn tag_key_problem(key: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_alphanumeric() || "_/.- :".contains(c);
    if key.is_empty() {
        Some("Type the tag's key")
    } else if tag::is_system(key) || key.starts_with("_mlflow") {
        Some("Tags that begin with mlflow. are MLflow's own")
    } else if !key.chars().all(allowed) {
        Some("A key holds letters, digits, spaces and _ . - : / only")
    } else if !is_its_own_path(key) {
        Some("A key with / is a path: no empty part, no . and no ..")
    } else if key.chars().count() > LONGEST_KEY {
        Some("A key has at most 250 characters")
    } else {
        None
    }
}

/// Why MLflow would refuse the value of a tag.
pub fn tag_value_problem(value: &str) -> Option<&'static str> {
    (value.chars().count() > LONGEST_VALUE).then_some("A value has at most 100,000 characters")
}

/// `path_not_unique`, the other way round.
fn is_its_own_path(key: &str) -> bool {
    key.split('/').all(|part| !matches!(part, "" | "." | "..")) && !key.starts_with("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_as_mlflow_does() {
        for good in ["Churn", "my model", "größe 2", "a.b", "模型"] {
            assert_eq!(name_problem(good), None, "{good}");
        }
        let long = "a".repeat(257);
        for bad in ["", "  ", "a/b", "a:b", ".", "..", "..a", &long] {
            assert!(name_problem(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn keys_of_tags_are_checked_as_mlflow_does() {
        for good in ["team", "größe", "a/b", "a b.c-d:e", "mlflow"] {
            assert_eq!(tag_key_problem(good), None, "{good}");
        }
        let long = "a".repeat(251);
        for bad in ["", "a\"b", "a//b", "/a", "a/", "a/../b", ".", "mlflow.x", "_mlflow_y", &long] {
            assert!(tag_key_problem(bad).is_some(), "{bad}");
        }
        assert_eq!(tag_value_problem("anything \n at all"), None);
        assert!(tag_value_problem(&"a".repeat(100_001)).is_some());
    }
}
