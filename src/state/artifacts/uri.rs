//! What artifacts are called elsewhere.

use crate::entities::{ArtifactRoot, model_uri_version};

/// The URI by which MLflow's clients know an artifact: `runs:/…` or `models:/…`. The empty path is the root.
pub fn artifact_uri(root: &ArtifactRoot, path: &str) -> String {
    let base = match root {
        ArtifactRoot::Run { run_id, folder } if folder.is_empty() => format!("runs:/{run_id}"),
        ArtifactRoot::Run { run_id, folder } => format!("runs:/{run_id}/{folder}"),
        ArtifactRoot::LoggedModel { model_id } => format!("models:/{model_id}"),
        ArtifactRoot::Version { name, version } => model_uri_version(name, *version),
    };
    if path.is_empty() { base } else { format!("{base}/{path}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_name_root_and_path() {
        let folder = ArtifactRoot::Run { run_id: "r".into(), folder: "model".into() };
        assert_eq!(artifact_uri(&folder, "MLmodel"), "runs:/r/model/MLmodel");
        assert_eq!(artifact_uri(&ArtifactRoot::run("r"), ""), "runs:/r");
        assert_eq!(artifact_uri(&ArtifactRoot::LoggedModel { model_id: "m-1".into() }, "a"), "models:/m-1/a");
        assert_eq!(
            artifact_uri(&ArtifactRoot::Version { name: "m".into(), version: 3 }, "a"),
            "models:/m/3/a"
        );
    }
}
