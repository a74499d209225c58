//! What is given to the registry when a model or a version is made.

use super::{LoggedModel, Run, Tags};

/// A registered model to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewModel {
    /// Unique name, not that of a prompt either.
    pub name: String,
    /// Markdown; empty for none.
    pub description: String,
    /// Tags.
    pub tags: Tags,
}

/// A version to be made of a registered model that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewVersion {
    /// The registered model's name.
    pub name: String,
    /// Where the files are: `models:/m-…`, `models:/Name/3`, `runs:/…`, or a path or URI.
    pub source: String,
    /// The run that logged it. Left out, the store finds it by `models:/m-…` or [`Self::model_id`].
    pub run_id: Option<String>,
    /// Address of the run's page where the run is in another tracking server.
    pub run_link: Option<String>,
    /// The logged model it is made from; has to be said for `models:/m-…`.
    pub model_id: Option<String>,
    /// Markdown; empty for none.
    pub description: String,
    /// Tags.
    pub tags: Tags,
}

impl NewVersion {
    /// Of a logged model (MLflow 3), as `mlflow.register_model("models:/m-…", name)` has it.
    pub fn of_logged_model(name: &str, model: &LoggedModel) -> Self {
        Self {
            name: name.to_owned(),
            source: format!("models:/{}", model.model_id),
            model_id: Some(model.model_id.clone()),
            ..Self::default()
        }
    }

    /// Of a folder with an `MLmodel` among a run's artifacts, as `mlflow.register_model("runs:/id/folder", name)` has
    /// it: the source is where the folder really is.
    pub fn of_run(name: &str, run: &Run, folder: &str) -> Self {
        Self {
            name: name.to_owned(),
            source: below(&run.info.artifact_uri, folder),
            run_id: Some(run.info.run_id.clone()),
            ..Self::default()
        }
    }
}

/// `append_to_uri_path`: a query stays at the end.
fn below(uri: &str, path: &str) -> String {
    let path = path.trim_matches('/');
    let (uri, query) = match uri.find('?') {
        Some(at) if uri.contains("://") => uri.split_at(at),
        _ => (uri, ""),
    };
    match path {
        "" => format!("{uri}{query}"),
        path => format!("{}/{path}{query}", uri.trim_end_matches('/')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::RunInfo;

    #[test]
    fn sources_are_those_of_register_model() {
        let model = LoggedModel { model_id: "m-1".into(), ..LoggedModel::default() };
        let version = NewVersion::of_logged_model("A", &model);
        assert_eq!((version.source.as_str(), version.model_id.as_deref()), ("models:/m-1", Some("m-1")));
        assert_eq!(version.run_id, None, "the store knows the model's run");
        for (uri, folder, source) in [
            ("mlflow-artifacts:/1/r/artifacts", "model", "mlflow-artifacts:/1/r/artifacts/model"),
            ("/mlruns/1/r/artifacts/", "a/b", "/mlruns/1/r/artifacts/a/b"),
            ("s3://bucket/r?x=1", "model", "s3://bucket/r/model?x=1"),
            ("/odd?/r", "model", "/odd?/r/model"),
            ("/r", "", "/r"),
        ] {
            let info = RunInfo { run_id: "r".into(), artifact_uri: uri.into(), ..RunInfo::default() };
            let version = NewVersion::of_run("A", &Run { info, ..Run::default() }, folder);
            assert_eq!((version.source.as_str(), version.run_id.as_deref()), (source, Some("r")));
        }
    }
}
