//! Everything that is known of one side of a comparison without opening its files.

use std::sync::Arc;

use super::subject::Subject;
use crate::entities::{ArtifactRoot, LoggedModel, ModelVersion, Run};
use crate::tracking::{Answer, Store, TrackingError};

/// One side: what it is, and where its files are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Side {
    /// The version, if it is one.
    pub version: Option<ModelVersion>,
    /// The run that it is or comes from.
    pub run: Option<Run>,
    /// The logged model that it is or comes from.
    pub model: Option<LoggedModel>,
    /// Where its files are: all roots with the folder under which they are shown.
    pub places: Vec<Place>,
    /// What could not be loaded, as sentences.
    pub gaps: Vec<String>,
}

/// Files of one root, shown in a folder of that name; none for the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The folder, without a slash at its end.
    pub folder: String,
    /// Whose files.
    pub root: ArtifactRoot,
}

/// Logged models of one run whose files are compared.
const MOST_MODELS: usize = 4;

impl Side {
    /// A version as far as it is known from a search.
    pub fn of_version(version: ModelVersion) -> Self {
        Self { version: Some(version), ..Self::default() }
    }
}

/// Loads a side. It fails only where the subject itself cannot be loaded: what lies behind it may be gone.
pub fn load_side(store: &Arc<dyn Store>, subject: &Subject) -> Answer<Side> {
    let (store, subject) = (Arc::clone(store), subject.clone());
    Box::pin(async move {
        match subject {
            Subject::Version { ref name, version, .. } => {
                let version = store.get_model_version(name, version).await?;
                Ok(of_version(&store, version, subject.is_prompt()).await)
            }
            Subject::Run { run_id } => {
                let run = store.get_run(&run_id).await?;
                Ok(of_run(&store, run).await)
            }
            Subject::LoggedModel { model_id } => {
                let model = store.get_logged_model(&model_id).await?;
                Ok(of_model(&store, model).await)
            }
        }
    })
}

async fn of_version(store: &Arc<dyn Store>, version: ModelVersion, is_prompt: bool) -> Side {
    let label = format!("v{}", version.version);
    let mut side = Side::default();
    if !is_prompt {
        side.places.push(Place { folder: String::new(), root: ArtifactRoot::of_version(&version) });
        let (run, model) =
            futures_util::future::join(async { Some(store.get_run(version.run_id()?).await) }, async {
                store.get_logged_model(version.logged_model_id()?).await.ok()
            })
            .await;
        match run {
            Some(run) => side.take_run(run, &label),
            None => side.gaps.push(format!("{label} names no source run")),
        }
        side.model = model;
    }
    side.version = Some(version);
    side
}

async fn of_run(store: &Arc<dyn Store>, run: Run) -> Side {
    let mut side = Side::default();
    side.places.push(Place { folder: String::new(), root: ArtifactRoot::run(&run.info.run_id) });
    for output in run.model_outputs.iter().take(MOST_MODELS) {
        let folder = match store.get_logged_model(&output.model_id).await {
            Ok(model) => model.name,
            Err(_gone) => output.model_id.clone(),
        };
        let taken = side.places.iter().any(|place| place.folder == folder);
        let folder = if taken { format!("{folder} {}", side.places.len()) } else { folder };
        let root = ArtifactRoot::LoggedModel { model_id: output.model_id.clone() };
        side.places.push(Place { folder, root });
    }
    if run.model_outputs.len() > MOST_MODELS {
        side.gaps.push(format!(
            "{} made {} logged models: the files of the first {MOST_MODELS} are compared",
            run.info.run_name,
            run.model_outputs.len()
        ));
    }
    side.run = Some(run);
    side
}

async fn of_model(store: &Arc<dyn Store>, model: LoggedModel) -> Side {
    let mut side = Side::default();
    let root = ArtifactRoot::LoggedModel { model_id: model.model_id.clone() };
    side.places.push(Place { folder: String::new(), root });
    if !model.source_run_id.is_empty() {
        let run = store.get_run(&model.source_run_id).await;
        side.take_run(run, &model.name);
    }
    side.model = Some(model);
    side
}

impl Side {
    fn take_run(&mut self, run: Result<Run, TrackingError>, label: &str) {
        match run {
            Ok(run) => self.run = Some(run),
            Err(error) if error.is_not_found() => {
                self.gaps.push(format!("The source run of {label} does not exist any more"));
            }
            Err(error) => {
                self.gaps.push(format!("The source run of {label} could not be loaded: {error}"));
            }
        }
    }
}
