//! Artifacts: files that a run, a logged model or a version keeps.

use super::{ModelVersion, VersionNumber};

/// One file or folder (`mlflow.entities.FileInfo`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileInfo {
    /// Path below the root, `/` between its parts.
    pub path: String,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Bytes; unknown for folders and on some stores.
    pub file_size: Option<u64>,
}

impl FileInfo {
    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// Whose files are meant. Paths are relative to this root.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ArtifactRoot {
    /// A run's artifacts; `folder` narrows to what `runs:/id/folder` names (empty: all).
    Run {
        /// The run.
        run_id: String,
        /// Folder below the run's root, without slashes at its ends.
        folder: String,
    },
    /// A logged model's files.
    LoggedModel {
        /// `m-…`
        model_id: String,
    },
    /// A version whose files no route can list: named files can be read all the same.
    Version {
        /// The registered model.
        name: String,
        /// The version.
        version: VersionNumber,
    },
}

impl ArtifactRoot {
    /// All of a run's artifacts.
    pub fn run(run_id: impl Into<String>) -> Self {
        Self::Run { run_id: run_id.into(), folder: String::new() }
    }

    /// Where a version's packaged files can be listed.
    pub fn of_version(version: &ModelVersion) -> Self {
        if let Some(model_id) = version.logged_model_id() {
            return Self::LoggedModel { model_id: model_id.to_owned() };
        }
        if let Some((run_id, folder)) =
            version.source.strip_prefix("runs:/").and_then(|rest| rest.split_once('/'))
        {
            return Self::Run { run_id: run_id.to_owned(), folder: folder.trim_matches('/').to_owned() };
        }
        // A plain source such as …/<run id>/artifacts/model lies below its own run's root.
        if let Some(run_id) = version.run_id()
            && let Some((_, folder)) = version.source.split_once(&format!("/{run_id}/artifacts/"))
        {
            return Self::Run { run_id: run_id.to_owned(), folder: folder.trim_matches('/').to_owned() };
        }
        Self::Version { name: version.name.clone(), version: version.version }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(source: &str, run_id: &str) -> ModelVersion {
        ModelVersion {
            name: "m".into(),
            version: 3,
            source: source.into(),
            run_id: run_id.into(),
            ..Default::default()
        }
    }

    #[test]
    fn a_versions_files_are_found_by_its_source() {
        let run = |folder: &str| ArtifactRoot::Run { run_id: "abc".into(), folder: folder.into() };
        assert_eq!(
            ArtifactRoot::of_version(&version("models:/m-1", "abc")),
            ArtifactRoot::LoggedModel { model_id: "m-1".into() }
        );
        assert_eq!(ArtifactRoot::of_version(&version("runs:/abc/model/", "abc")), run("model"));
        assert_eq!(
            ArtifactRoot::of_version(&version("mlflow-artifacts:/1/abc/artifacts/a/b", "abc")),
            run("a/b")
        );
        assert_eq!(
            ArtifactRoot::of_version(&version("s3://bucket/m", "abc")),
            ArtifactRoot::Version { name: "m".into(), version: 3 }
        );
    }
}
