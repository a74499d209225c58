//! One version: what it is, what was packaged in it, and edits of its description and tags.

use crate::entities::{ArtifactRoot, MlModel, ModelVersion, VersionNumber};
use crate::state::journal::{Edit, Outcome};
use crate::state::remote::Remote;
use crate::state::tasks::{Feed, Polled};
use crate::state::{Cx, ModelKind};
use crate::tracking::{Store, TrackingError, load_mlmodel};

/// A change of a version's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionEdit {
    /// The registered model.
    pub name: String,
    /// The version.
    pub version: VersionNumber,
    /// What is changed.
    pub what: EditOf,
}

/// What is changed of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditOf {
    /// The description (Markdown) is replaced.
    Description(String),
    /// A tag is set.
    SetTag {
        /// Its key.
        key: String,
        /// Its value.
        value: String,
    },
    /// A tag is removed: its key.
    DeleteTag(String),
}

impl EditOf {
    fn is_done_in(&self, version: &ModelVersion) -> bool {
        match self {
            Self::Description(text) => version.description == *text,
            Self::SetTag { key, value } => version.tags.get(key) == Some(value),
            Self::DeleteTag(key) => !version.tags.contains_key(key),
        }
    }

    fn label(&self) -> String {
        match self {
            Self::Description(_) => "The description".to_owned(),
            Self::SetTag { key, .. } | Self::DeleteTag(key) => format!("The tag {key}"),
        }
    }
}

/// How the last edit stands.
#[derive(Debug, Default)]
enum Editing {
    #[default]
    Idle,
    Saving(VersionEdit, Feed<Saved>),
    Failed(VersionEdit, String),
}

/// The answer to a write, and what the server has afterwards.
type Saved = (Result<(), TrackingError>, Result<ModelVersion, TrackingError>);

/// The version that is open.
#[derive(Debug, Default)]
pub struct VersionPage {
    /// The version.
    pub version: Remote<ModelVersion>,
    /// Its `MLmodel`.
    pub mlmodel: Remote<MlModel>,
    target: Option<(ModelKind, String, VersionNumber)>,
    files: Option<ArtifactRoot>,
    editing: Editing,
    saved: Option<VersionEdit>,
}

impl VersionPage {
    /// Opens a version; `known` is shown until it is here.
    pub fn open(
        &mut self,
        kind: ModelKind,
        name: &str,
        version: VersionNumber,
        known: Option<&ModelVersion>,
        cx: &Cx<'_>,
    ) {
        if !self.shows(name, version) {
            // An edit of the version that was shown before is followed to its end.
            let editing = std::mem::take(&mut self.editing);
            *self = Self { target: Some((kind, name.to_owned(), version)), editing, ..Self::default() };
            if let Some(known) = known {
                self.version.settle(known.clone());
                self.load_files(cx);
            }
        }
        self.reload(cx);
    }

    /// Asks anew.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        if let Some((_, name, version)) = &self.target {
            self.version.load(cx.tasks, cx.store.get_model_version(name, *version));
        }
        if self.mlmodel.error().is_some() {
            self.files = None;
            self.load_files(cx);
        }
    }

    /// Takes what arrived; answers the version if it is a new one.
    pub fn poll(&mut self, cx: &mut Cx<'_>) -> Option<ModelVersion> {
        self.mlmodel.poll();
        let mut changed = self.version.poll();
        if changed {
            self.load_files(cx);
        }
        changed |= self.poll_edit(cx);
        if changed { self.version.value().cloned() } else { None }
    }

    /// Whether it is this version's page.
    pub fn shows(&self, name: &str, version: VersionNumber) -> bool {
        self.target.as_ref().is_some_and(|(_, n, v)| n == name && *v == version)
    }

    /// Where its files are, as soon as that is known.
    pub fn files(&self) -> Option<&ArtifactRoot> {
        self.files.as_ref()
    }

    /// The edit that is on its way.
    pub fn saving(&self) -> Option<&VersionEdit> {
        match &self.editing {
            Editing::Saving(edit, _) => Some(edit),
            _ => None,
        }
    }

    /// The edit that failed, and why: a sentence.
    pub fn failed(&self) -> Option<(&VersionEdit, &str)> {
        match &self.editing {
            Editing::Failed(edit, why) => Some((edit, why)),
            _ => None,
        }
    }

    /// The last edit that the server has taken, for who keeps what was typed until then.
    pub fn saved(&self) -> Option<&VersionEdit> {
        self.saved.as_ref()
    }

    /// Forgets why the last edit failed.
    pub fn dismiss_error(&mut self) {
        if matches!(self.editing, Editing::Failed(..)) {
            self.editing = Editing::Idle;
        }
    }

    /// Writes an edit, once, and reads back. One at a time.
    pub fn edit(&mut self, edit: VersionEdit, cx: &mut Cx<'_>) {
        if matches!(self.editing, Editing::Saving(..)) {
            cx.notices.info("The last change is still being saved");
            return;
        }
        self.saved = None;
        let store = std::sync::Arc::clone(cx.store);
        let to_do = edit.clone();
        let feed = cx.tasks.spawn_feed_to_its_end(1, |feeder| async move {
            let saved = save(store.as_ref(), &to_do).await;
            feeder.send(saved).await;
        });
        self.editing = Editing::Saving(edit, feed);
    }

    fn load_files(&mut self, cx: &Cx<'_>) {
        let Some(version) = self.version.value() else { return };
        let root = ArtifactRoot::of_version(version);
        let is_prompt = self.target.as_ref().is_some_and(|(kind, ..)| *kind == ModelKind::Prompt);
        if is_prompt || self.files.as_ref() == Some(&root) {
            return;
        }
        self.mlmodel.load(cx.tasks, load_mlmodel(cx.store, &root));
        self.files = Some(root);
    }

    fn poll_edit(&mut self, cx: &mut Cx<'_>) -> bool {
        let Editing::Saving(edit, feed) = &mut self.editing else { return false };
        let (answer, read_back) = match feed.poll() {
            Polled::Pending => return false,
            Polled::Ready(saved) => saved,
            Polled::Lost => (Err(crate::state::remote::lost()), Err(crate::state::remote::lost())),
        };
        let edit = edit.clone();
        let verdict = verdict(&edit, &answer, &read_back);
        let kind = self.target.as_ref().map_or(ModelKind::Model, |(kind, ..)| *kind);
        let (outcome, text) = match &verdict {
            Ok(text) => (Outcome::Done, text.clone()),
            Err(why) => (Outcome::Refused, why.clone()),
        };
        let (model, version) = (edit.name.clone(), Some(edit.version));
        cx.journal.note(&cx.store.info(), Edit { kind, model, version, effect: None, outcome, text });
        self.editing = match verdict {
            Ok(text) => {
                cx.notices.success(text, None);
                self.saved = Some(edit);
                Editing::Idle
            }
            Err(why) => {
                if !self.shows(&edit.name, edit.version) {
                    cx.notices.failed(why.clone(), format!("{} v{}", edit.name, edit.version), None);
                }
                Editing::Failed(edit, why)
            }
        };
        let Ok(truth) = read_back else { return false };
        if self.shows(&truth.name, truth.version) {
            self.version.settle(truth);
        }
        true
    }
}

async fn save(store: &dyn Store, edit: &VersionEdit) -> Saved {
    let VersionEdit { name, version, what } = edit;
    let answer = match what {
        EditOf::Description(text) => store.update_model_version(name, *version, text).await.map(|_| ()),
        EditOf::SetTag { key, value } => store.set_model_version_tag(name, *version, key, value).await,
        EditOf::DeleteTag(key) => store.delete_model_version_tag(name, *version, key).await,
    };
    (answer, store.get_model_version(name, *version).await)
}

/// What became of an edit: a sentence, either way.
fn verdict(
    edit: &VersionEdit,
    answer: &Result<(), TrackingError>,
    read_back: &Result<ModelVersion, TrackingError>,
) -> Result<String, String> {
    let label = edit.what.label();
    match (answer, read_back) {
        (Ok(()), Ok(truth)) if edit.what.is_done_in(truth) => {
            Ok(format!("{label} of v{} is saved", edit.version))
        }
        (Ok(()), Ok(_)) => Err(format!("{label} was saved, but someone changed it straight after")),
        (Ok(()), Err(error)) => Err(format!("{label} was saved, but could not be read back: {error}")),
        (Err(_), Ok(truth)) if edit.what.is_done_in(truth) => {
            Ok(format!("{label} of v{} is saved, although no answer came", edit.version))
        }
        (Err(error), Ok(_)) => Err(format!("{label} was not saved. {error}. {}", error.next_step())),
        (Err(error), Err(_)) => {
            Err(format!("{label} may not have been saved. {error}. {}", error.next_step()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_is_what_the_server_has_afterwards() {
        let edit = VersionEdit { name: "m".into(), version: 7, what: EditOf::Description("new".into()) };
        let has = |text: &str| Ok(ModelVersion { description: text.into(), ..Default::default() });
        let no_answer = || Err(TrackingError::OutcomeUnknown { reason: "timeout".into() });
        assert!(verdict(&edit, &Ok(()), &has("new")).is_ok());
        assert!(verdict(&edit, &no_answer(), &has("new")).is_ok());
        assert!(verdict(&edit, &no_answer(), &has("old")).is_err());
        assert!(verdict(&edit, &Ok(()), &has("other")).unwrap_err().contains("straight after"));
    }
}
