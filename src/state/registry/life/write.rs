//! One change of the registry: what speaks against it, sending it once, and how it shows that it took effect.
//!
//! The words belong to it as well: what a person reads is the same whether it was answered or found by reading.

use futures_util::StreamExt as _;

use super::loss::Loss;
use crate::entities::{
    LoggedModel, LoggedModelStatus, ModelVersion, NewModel, NewVersion, RegisteredModel, Run, Tags,
    VersionNumber, model_uri_version,
};
use crate::state::ModelKind;
use crate::state::registry::words::listed;
use crate::tracking::{Store, TrackingError, VersionQuery};

/// A change of the registry, sent once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Makes a registered model.
    CreateModel(NewModel),
    /// Replaces a registered model's description.
    Describe {
        /// Model or prompt.
        kind: ModelKind,
        /// Its name.
        name: String,
        /// Markdown.
        description: String,
    },
    /// Sets a tag of a registered model.
    SetTag {
        /// The model's name.
        name: String,
        /// The tag's key.
        key: String,
        /// Its value.
        value: String,
    },
    /// Removes a tag of a registered model.
    DeleteTag {
        /// The model's name.
        name: String,
        /// The tag's key.
        key: String,
    },
    /// Gives a registered model another name.
    Rename {
        /// The present name.
        name: String,
        /// The new one.
        to: String,
    },
    /// Deletes a registered model with its versions and aliases.
    DeleteModel {
        /// Model or prompt.
        kind: ModelKind,
        /// Its name.
        name: String,
        /// What goes with it as far as the user was shown.
        seen: Loss,
    },
    /// Deletes a version that no alias points at.
    DeleteVersion {
        /// Model or prompt.
        kind: ModelKind,
        /// The registered model.
        name: String,
        /// The version.
        version: VersionNumber,
    },
    /// Makes a version of a registered model, which is made first where there is none.
    CreateVersion(Box<Registration>),
}

/// A version to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The registered model.
    pub name: String,
    /// What it is made of.
    pub source: VersionSource,
    /// Markdown; a copy has its original's.
    pub description: String,
    /// Tags; a copy has its original's.
    pub tags: Tags,
    /// The model's latest version before: the new one is later. `None`: there was none.
    pub after: Option<VersionNumber>,
}

/// What a version is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionSource {
    /// What a run logged.
    Logged(Box<Registrable>),
    /// A version of another registered model.
    Version {
        /// The registered model.
        name: String,
        /// The version.
        version: VersionNumber,
        /// The run that it names.
        run_id: Option<String>,
    },
}

/// What a run logged and can be registered: a logged model, or a folder with a model among its artifacts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registrable {
    /// The name that it was logged under.
    pub label: String,
    /// Its run; empty where none is known.
    pub run_id: String,
    /// What makes a version of it; the registered model's name is left open.
    pub version: NewVersion,
}

impl Registrable {
    /// A logged model; `run_id` is the run it is shown in. `None`: its upload failed, so nobody could load it.
    pub fn of_logged_model(model: &LoggedModel, run_id: &str) -> Option<Self> {
        if model.status == LoggedModelStatus::UploadFailed {
            return None;
        }
        let run_id = if model.source_run_id.is_empty() { run_id } else { &model.source_run_id };
        let version = NewVersion::of_logged_model("", model);
        Some(Self { label: model.name.clone(), run_id: run_id.to_owned(), version })
    }

    /// A folder with a model among a run's artifacts.
    pub fn of_folder(run: &Run, folder: &str) -> Self {
        let version = NewVersion::of_run("", run, folder);
        Self { label: folder.to_owned(), run_id: run.info.run_id.clone(), version }
    }
}

impl VersionSource {
    /// What a person calls it: `agent of run 3f2a…`, `v3 of Churn`.
    pub fn label(&self) -> String {
        match self {
            Self::Logged(it) => it.label.clone(),
            Self::Version { name, version, .. } => format!("v{version} of {name}"),
        }
    }

    /// The source that the new version will name.
    pub fn uri(&self) -> String {
        match self {
            Self::Logged(it) => it.version.source.clone(),
            Self::Version { name, version, .. } => model_uri_version(name, *version),
        }
    }

    fn run_id(&self) -> Option<&str> {
        let run_id = match self {
            Self::Logged(it) => &it.run_id,
            Self::Version { run_id, .. } => run_id.as_ref()?,
        };
        Some(run_id.as_str()).filter(|run_id| !run_id.is_empty())
    }
}

/// What a change has made, as the store says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// The version that was made.
    pub version: Option<ModelVersion>,
}

impl Write {
    /// What is being done, while it is.
    pub fn stage(&self) -> &'static str {
        match self {
            Self::CreateModel(_) => "Creating the model…",
            Self::CreateVersion(_) => "Registering…",
            Self::Rename { .. } => "Renaming…",
            Self::DeleteModel { .. } | Self::DeleteVersion { .. } => "Deleting…",
            Self::Describe { .. } | Self::SetTag { .. } | Self::DeleteTag { .. } => "Saving…",
        }
    }

    /// What is so when it took effect: “Churn is deleted”.
    pub fn done(&self, effect: &Effect) -> String {
        match self {
            Self::CreateModel(model) => format!("{} is created", model.name),
            Self::Describe { name, .. } => format!("The description of {name} is saved"),
            Self::SetTag { name, key, .. } => format!("The tag {key} of {name} is saved"),
            Self::DeleteTag { name, key } => format!("The tag {key} of {name} is deleted"),
            Self::Rename { name, to } => format!("{name} is {to} now"),
            Self::DeleteModel { name, .. } => format!("{name} is deleted"),
            Self::DeleteVersion { name, version, .. } => format!("v{version} of {name} is deleted"),
            Self::CreateVersion(it) => {
                let number = effect.version.as_ref().map(|version| format!("v{}", version.version));
                let number = number.unwrap_or_else(|| "A version".to_owned());
                let verb =
                    if matches!(it.source, VersionSource::Version { .. }) { "copied" } else { "registered" };
                format!("{number} of {} is {verb} from {}", it.name, it.source.label())
            }
        }
    }

    /// What it would have been, for when it was not: “Churn was not deleted”.
    pub fn not_done(&self) -> String {
        match self {
            Self::CreateModel(model) => format!("{} was not created", model.name),
            Self::Describe { name, .. } => format!("The description of {name} was not saved"),
            Self::SetTag { name, key, .. } => format!("The tag {key} of {name} was not saved"),
            Self::DeleteTag { name, key } => format!("The tag {key} of {name} was not deleted"),
            Self::Rename { name, .. } => format!("{name} was not renamed"),
            Self::DeleteModel { name, .. } => format!("{name} was not deleted"),
            Self::DeleteVersion { name, version, .. } => format!("v{version} of {name} was not deleted"),
            Self::CreateVersion(it) => format!("No version of {} was made", it.name),
        }
    }

    /// Why it should not be sent, seeing what the store has now. Notes what is needed to recognise its effect.
    ///
    /// # Errors
    /// When the store could not be read.
    pub(super) async fn objection(&mut self, store: &dyn Store) -> Result<Option<String>, TrackingError> {
        Ok(match self {
            Self::CreateModel(model) => find_model(store, &model.name).await?.map(|found| exists(&found)),
            Self::Rename { name, to } => {
                if find_model(store, name).await?.is_none() {
                    Some(gone(name))
                } else {
                    find_model(store, to).await?.map(|found| exists(&found))
                }
            }
            Self::DeleteModel { name, seen, .. } => match find_model(store, name).await? {
                None => Some(gone(name)),
                Some(model) if !seen.is_all_of(&model) => {
                    Some(format!("{name} changed while you were deciding: look at what goes with it now"))
                }
                Some(_) => None,
            },
            Self::DeleteVersion { name, version, .. } => match find_model(store, name).await? {
                None => Some(gone(name)),
                Some(model) => held_by(&model, *version),
            },
            Self::CreateVersion(it) => match find_model(store, &it.name).await? {
                None => Some(gone(&it.name)),
                Some(model) if model.is_prompt() => Some(exists(&model)),
                Some(model) => {
                    it.after = model.latest_version;
                    None
                }
            },
            Self::Describe { name, .. } | Self::SetTag { name, .. } | Self::DeleteTag { name, .. } => {
                find_model(store, name).await?.is_none().then(|| gone(name))
            }
        })
    }

    /// Sends it, once.
    ///
    /// # Errors
    /// What the store says. Whether it took effect then, [`Self::effect`] finds.
    pub(super) async fn send(&self, store: &dyn Store) -> Result<(), TrackingError> {
        match self {
            Self::CreateModel(model) => store.create_registered_model(model.clone()).await.map(drop),
            Self::Describe { name, description, .. } => {
                store.update_registered_model(name, description).await.map(drop)
            }
            Self::SetTag { name, key, value } => store.set_registered_model_tag(name, key, value).await,
            Self::DeleteTag { name, key } => store.delete_registered_model_tag(name, key).await,
            Self::Rename { name, to } => store.rename_registered_model(name, to).await.map(drop),
            Self::DeleteModel { name, .. } => store.delete_registered_model(name).await,
            Self::DeleteVersion { name, version, .. } => store.delete_model_version(name, *version).await,
            Self::CreateVersion(it) => match &it.source {
                VersionSource::Logged(logged) => {
                    store.create_model_version(it.new_version(logged)).await.map(drop)
                }
                VersionSource::Version { name, version, .. } => {
                    store.copy_model_version(name, *version, &it.name).await.map(drop)
                }
            },
        }
    }

    /// What it has made, by what the store has now; `None`: it did not take effect.
    ///
    /// # Errors
    /// When the store could not be read.
    pub(super) async fn effect(&self, store: &dyn Store) -> Result<Option<Effect>, TrackingError> {
        let is_so = match self {
            Self::CreateModel(new) => find_model(store, &new.name).await?.is_some_and(|model| {
                model.description == new.description
                    && new.tags.iter().all(|(key, value)| model.tags.get(key) == Some(value))
            }),
            Self::Describe { name, description, .. } => {
                find_model(store, name).await?.is_some_and(|model| model.description == *description)
            }
            Self::SetTag { name, key, value } => {
                find_model(store, name).await?.is_some_and(|model| model.tags.get(key) == Some(value))
            }
            Self::DeleteTag { name, key } => {
                find_model(store, name).await?.is_some_and(|model| !model.tags.contains_key(key))
            }
            Self::Rename { name, to } => {
                find_model(store, to).await?.is_some() && find_model(store, name).await?.is_none()
            }
            Self::DeleteModel { name, .. } => find_model(store, name).await?.is_none(),
            Self::DeleteVersion { name, version, .. } => {
                found(store.get_model_version(name, *version).await)?.is_none()
            }
            Self::CreateVersion(it) => {
                return Ok(it.find(store).await?.map(|version| Effect { version: Some(version) }));
            }
        };
        Ok(is_so.then(Effect::default))
    }
}

impl Registration {
    fn new_version(&self, logged: &Registrable) -> NewVersion {
        NewVersion {
            name: self.name.clone(),
            description: self.description.clone(),
            tags: self.tags.clone(),
            ..logged.version.clone()
        }
    }

    /// The version that was made: later than those before, from the same source. It is looked for among those of its
    /// run where that is known, which are few.
    async fn find(&self, store: &dyn Store) -> Result<Option<ModelVersion>, TrackingError> {
        let query = match self.source.run_id() {
            Some(run_id) => VersionQuery::OfRun(run_id.to_owned()),
            None => VersionQuery::OfModel { name: self.name.clone(), prompt: false },
        };
        let mut pages = store.search_model_versions(query);
        let mut found: Option<ModelVersion> = None;
        while let Some(page) = pages.next().await {
            for version in page?.into_iter().filter(|version| self.is_made(version)) {
                // Of several, which someone else made in the same moment, the first.
                if found.as_ref().is_none_or(|first| version.version < first.version) {
                    found = Some(version);
                }
            }
        }
        Ok(found)
    }

    fn is_made(&self, version: &ModelVersion) -> bool {
        let model_id = match &self.source {
            VersionSource::Logged(logged) => logged.version.model_id.as_deref(),
            VersionSource::Version { .. } => None,
        };
        version.name == self.name
            && Some(version.version) > self.after
            && (version.source == self.source.uri()
                || (model_id.is_some() && version.logged_model_id() == model_id))
    }
}

/// Why a version cannot be deleted: MLflow would delete the aliases on it without a word.
pub fn held_by(model: &RegisteredModel, version: VersionNumber) -> Option<String> {
    let aliases: Vec<&str> = model.aliases_of(version).collect();
    if aliases.is_empty() {
        return None;
    }
    let them = if aliases.len() == 1 { "it" } else { "them" };
    Some(format!("v{version} holds {}: move or delete {them} first", listed(&aliases)))
}

fn exists(model: &RegisteredModel) -> String {
    let what = if model.is_prompt() { "There is a prompt" } else { "There is a model" };
    format!("{what} called {} already", model.name)
}

fn gone(name: &str) -> String {
    format!("{name} does not exist any more")
}

/// The model or prompt of this name, if there is one.
pub(super) async fn find_model(
    store: &dyn Store,
    name: &str,
) -> Result<Option<RegisteredModel>, TrackingError> {
    found(store.get_registered_model(name).await)
}

fn found<T>(answer: Result<T, TrackingError>) -> Result<Option<T>, TrackingError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
