//! Models that a run logged before MLflow 3, when they were folders among its artifacts.

use serde::Deserialize;

/// Folders that are told at most: the tag holds a few thousand bytes.
const MOST: usize = 200;

/// The folders that the tag `mlflow.log-model.history` names, each once, in the order in which they were logged. A tag
/// that is cut or broken names none.
pub fn logged_folders(tag: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Entry {
        artifact_path: Option<String>,
    }
    let entries: Vec<Entry> = serde_json::from_str(tag).unwrap_or_default();
    let mut folders: Vec<String> = Vec::new();
    for folder in entries.into_iter().filter_map(|entry| entry.artifact_path).take(MOST) {
        // MLflow 3 names a logged model or its place here.
        let is_folder = !folder.is_empty() && !folder.contains(":/") && !folder.starts_with('/');
        if is_folder && !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::logged_folders;

    #[test]
    fn folders_are_told_once_and_broken_tags_tell_none() {
        let tag = r#"[{"run_id": "r", "artifact_path": "model", "flavors": {}}, {"artifact_path": "model"},
            {"artifact_path": "sub/agent"}, {"artifact_path": "s3://b/x"}, {"artifact_path": null}, {}]"#;
        assert_eq!(logged_folders(tag), ["model", "sub/agent"]);
        for broken in ["", "{}", r#"[{"artifact_path": "mo"#] {
            assert!(logged_folders(broken).is_empty());
        }
    }
}
