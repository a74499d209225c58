//! The rest of the registry's life: creating, describing, renaming and deleting models, registering, copying and
//! deleting versions, and the webhooks that listen.
//!
//! A question ([`Ask`]) is what a dialog is about; what is typed into it is checked in [`forms`]; what was decided is
//! a list of [`write::Write`]s that [`work`] carries out, whatever becomes of the dialog.

pub mod forms;
mod jobs;
mod loss;
pub mod rules;
pub mod webhooks;
mod work;
pub mod write;

use std::time::Instant;

use futures_util::StreamExt as _;

pub use jobs::rename_command;
pub use loss::Loss;
pub use work::Step;

use super::Registry;
use crate::entities::{RegisteredModel, VersionNumber};
use crate::state::finder::Found;
use crate::state::remote::{Pages, Remote};
use crate::state::{Command, Cx, ModelKind, Route};
use crate::tracking::VersionQuery;
use forms::AliasWish;
use webhooks::Webhooks;
use write::{Registrable, VersionSource, Write};

/// What the user is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A new registered model.
    Create,
    /// A new version of a model.
    Register {
        /// What it is made of.
        source: VersionSource,
        /// The registered model, if that is chosen already.
        model: Option<String>,
    },
    /// A model's or prompt's description and tags.
    Describe {
        /// Model or prompt.
        kind: ModelKind,
        /// Its name.
        name: String,
    },
    /// Another name for a model.
    Rename {
        /// The present one.
        name: String,
    },
    /// Deleting a model or a prompt.
    DeleteModel {
        /// Model or prompt.
        kind: ModelKind,
        /// Its name.
        name: String,
    },
    /// Deleting a version.
    DeleteVersion {
        /// Model or prompt.
        kind: ModelKind,
        /// The registered model.
        name: String,
        /// The version.
        version: VersionNumber,
    },
    /// The registry's webhooks: they are only shown.
    Webhooks,
}

impl Ask {
    /// The model or prompt that is there already, and that the question is about.
    pub fn subject(&self) -> Option<(ModelKind, &str)> {
        match self {
            Self::Describe { kind, name }
            | Self::DeleteModel { kind, name }
            | Self::DeleteVersion { kind, name, .. } => Some((*kind, name)),
            Self::Rename { name } => Some((ModelKind::Model, name)),
            Self::Create | Self::Register { .. } | Self::Webhooks => None,
        }
    }
}

/// A question that is open.
#[derive(Debug)]
pub struct Asked {
    /// What it is about.
    pub ask: Ask,
    /// Counts the questions, for who keeps what is typed into one.
    pub number: u64,
    /// The model as the store has it, where the question is about one.
    pub model: Remote<RegisteredModel>,
    /// The numbers of its versions, where they would go with it.
    pub versions: Pages<VersionNumber>,
    /// What is being done, if it is.
    pub stage: Option<&'static str>,
    /// What the last attempt said, if it did not do everything.
    pub message: Option<String>,
}

/// What a view may ask for.
#[derive(Clone, Debug)]
pub enum LifeCommand {
    /// Asks the user.
    Open(Ask),
    /// Closes the question. What is on its way goes on.
    Close,
    /// Carries out what was decided in the open question.
    Carry {
        /// What is written, in this order.
        writes: Vec<Write>,
        /// The alias that the version shall get that is registered so.
        alias: Option<AliasWish>,
    },
    /// Takes a change back, without a question.
    Undo {
        /// URI of the server it was made on.
        server: String,
        /// The way back.
        write: Write,
    },
}

/// What a change means for where we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// A model has another name.
    Renamed {
        /// Its old name.
        from: String,
        /// Its new name.
        to: String,
    },
    /// A model or prompt is gone.
    ModelDeleted(ModelKind, String),
    /// A version is gone.
    VersionDeleted(ModelKind, String, VersionNumber),
    /// A version was registered.
    Registered,
}

impl After {
    /// Where a route leads after it.
    pub fn rewrite(&self, route: &mut Route) {
        match self {
            Self::Renamed { from, to } => match route {
                Route::Model { kind: ModelKind::Model, name }
                | Route::Version { kind: ModelKind::Model, name, .. }
                    if name == from =>
                {
                    name.clone_from(to);
                }
                Route::Beside { kind: ModelKind::Model, names } => {
                    names.iter_mut().filter(|name| *name == from).for_each(|name| name.clone_from(to));
                }
                _ => {}
            },
            Self::ModelDeleted(kind, gone) => match route {
                Route::Model { kind: k, name } | Route::Version { kind: k, name, .. }
                    if k == kind && name == gone =>
                {
                    *route = Route::Models(*kind);
                }
                Route::Beside { kind: k, names } if k == kind && names.contains(gone) => {
                    *route = route.without(*kind, gone);
                }
                _ => {}
            },
            Self::VersionDeleted(kind, name, version) => {
                let gone = Route::Version { kind: *kind, name: name.clone(), version: *version };
                if *route == gone {
                    *route = Route::Model { kind: *kind, name: name.clone() };
                }
            }
            Self::Registered => {}
        }
    }
}

/// The open question, what is being carried out, and the webhooks.
#[derive(Debug, Default)]
pub struct Life {
    /// The registry's webhooks.
    pub webhooks: Webhooks,
    asked: Option<Asked>,
    opened: u64,
    jobs: jobs::Jobs,
    after: Vec<After>,
}

impl Life {
    /// The open question.
    pub fn asked(&self) -> Option<&Asked> {
        self.asked.as_ref()
    }

    /// What changed since the last call, as far as it changes where we are.
    pub fn take_after(&mut self) -> Vec<After> {
        std::mem::take(&mut self.after)
    }

    /// Closes the question. What is on its way goes on.
    pub fn close(&mut self) {
        self.asked = None;
    }

    fn open(&mut self, ask: Ask, cx: &Cx<'_>) {
        self.opened += 1;
        let mut asked = Asked {
            number: self.opened,
            ask,
            model: Remote::default(),
            versions: Pages::default(),
            stage: None,
            message: None,
        };
        asked.load(cx);
        match asked.ask {
            Ask::Webhooks => self.webhooks.load(cx),
            _ => self.webhooks.load_if_empty(cx),
        }
        self.asked = Some(asked);
    }

    fn poll(&mut self, deadline: Instant) {
        self.webhooks.poll();
        if let Some(asked) = &mut self.asked {
            asked.model.poll();
            asked.versions.poll(deadline);
        }
    }
}

impl Asked {
    /// Whether it is being carried out.
    pub fn is_busy(&self) -> bool {
        self.stage.is_some()
    }

    /// How many versions its model has, and whether that is all of them.
    pub fn versions_counted(&self) -> (usize, bool) {
        (self.versions.items().len(), self.versions.is_complete())
    }

    fn load(&mut self, cx: &Cx<'_>) {
        let Some((kind, name)) = self.ask.subject() else { return };
        self.model.load(cx.tasks, cx.store.get_registered_model(name));
        if matches!(self.ask, Ask::DeleteModel { .. }) {
            let query = VersionQuery::OfModel { name: name.to_owned(), prompt: kind == ModelKind::Prompt };
            let numbers = cx.store.search_model_versions(query).map(|page| {
                page.map(|page| page.into_iter().map(|version| version.version).collect::<Vec<_>>())
            });
            self.versions.load(cx.tasks, numbers.boxed());
        }
    }
}

impl Registry {
    /// Carries a command out.
    pub(super) fn apply_life(&mut self, command: LifeCommand, cx: &mut Cx<'_>) {
        match command {
            LifeCommand::Open(ask) => {
                self.models.load_if_empty(ModelKind::Model, cx);
                // Models and prompts share their names.
                self.prompts.load_if_empty(ModelKind::Prompt, cx);
                self.life.open(ask, cx);
            }
            LifeCommand::Close => self.life.close(),
            LifeCommand::Carry { writes, alias } => self.carry(writes, alias, cx),
            LifeCommand::Undo { server, write } if server == cx.store.info().uri => {
                self.start_job(vec![write], None, None, cx);
            }
            LifeCommand::Undo { server, .. } => {
                let text = format!("This was changed on {server}. Open that server to take it back");
                cx.notices.warning(text, None);
            }
        }
    }

    /// What can be done with what is shown, for the palette.
    pub fn doable(&self, route: &Route) -> Vec<Found> {
        let mut found = vec![doing("Create a model…", "", Ask::Create), doing("Webhooks", "", Ask::Webhooks)];
        let (Route::Model { kind, name } | Route::Version { kind, name, .. }) = route else { return found };
        let (kind, name) = (*kind, name.clone());
        let about = |ask: Ask, verb: &str| doing(verb, &name, ask);
        found.push(about(
            Ask::Describe { kind, name: name.clone() },
            "Edit description and tags of the model…",
        ));
        if kind == ModelKind::Model {
            found.push(about(Ask::Rename { name: name.clone() }, "Rename the model…"));
        }
        if let Route::Version { version, .. } = route {
            let version = *version;
            if kind == ModelKind::Model {
                let run_id = self.board.version(version).and_then(|it| it.run_id()).map(str::to_owned);
                let source = VersionSource::Version { name: name.clone(), version, run_id };
                found
                    .push(about(Ask::Register { source, model: None }, "Copy the version to another model…"));
            }
            found
                .push(about(Ask::DeleteVersion { kind, name: name.clone(), version }, "Delete the version…"));
        }
        found.push(about(Ask::DeleteModel { kind, name: name.clone() }, "Delete the model…"));
        if kind == ModelKind::Prompt {
            for it in &mut found[2..] {
                it.name = it.name.replace("the model", "the prompt");
            }
        }
        found
    }
}

/// A command of the palette that opens a question.
fn doing(name: &str, detail: &str, ask: Ask) -> Found {
    Found {
        kind: "command",
        name: name.to_owned(),
        detail: detail.to_owned(),
        command: Command::Registry(super::RegistryCommand::Life(LifeCommand::Open(ask))),
    }
}

/// Commands of the palette that register what a run logged.
pub fn registering(logged: &[Registrable]) -> Vec<Found> {
    let one = |it: &Registrable| {
        let source = VersionSource::Logged(Box::new(it.clone()));
        doing(&format!("Register {}…", it.label), "", Ask::Register { source, model: None })
    };
    logged.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(name: &str, version: VersionNumber) -> Route {
        Route::Version { kind: ModelKind::Model, name: name.into(), version }
    }

    fn model(kind: ModelKind, name: &str) -> Route {
        Route::Model { kind, name: name.into() }
    }

    fn after(after: &After, mut route: Route) -> Route {
        after.rewrite(&mut route);
        route
    }

    #[test]
    fn routes_follow_what_was_renamed_and_deleted() {
        let renamed = After::Renamed { from: "Old".into(), to: "New".into() };
        assert_eq!(after(&renamed, version("Old", 3)), version("New", 3));
        assert_eq!(after(&renamed, model(ModelKind::Prompt, "Old")), model(ModelKind::Prompt, "Old"));
        let deleted = After::ModelDeleted(ModelKind::Model, "Old".into());
        assert_eq!(after(&deleted, version("Old", 3)), Route::Models(ModelKind::Model));
        assert_eq!(after(&deleted, model(ModelKind::Model, "Other")), model(ModelKind::Model, "Other"));
        let beside = |names: [&str; 2]| {
            let names = names.map(str::to_owned).to_vec();
            Route::Beside { kind: ModelKind::Model, names }
        };
        assert_eq!(after(&renamed, beside(["Old", "Other"])), beside(["New", "Other"]));
        assert_eq!(after(&deleted, beside(["Old", "Other"])), model(ModelKind::Model, "Other"));
        let deleted = After::VersionDeleted(ModelKind::Model, "Old".into(), 3);
        assert_eq!(after(&deleted, version("Old", 3)), model(ModelKind::Model, "Old"));
        assert_eq!(after(&deleted, version("Old", 4)), version("Old", 4));
    }
}
