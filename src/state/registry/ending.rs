//! How moving an alias ended, what a later look found, and the sentences for both.

use super::promotion::AliasChange;
use crate::entities::VersionNumber;
use crate::state::ModelKind;
use crate::state::journal::JournalError;
use crate::state::journal::entry::{How, Standing, Verdict};
use crate::tracking::TrackingError;

/// How a change ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Written, and the server says that it is so.
    Done,
    /// The alias was not where the user saw it. Nothing was sent.
    Moved {
        /// Where it is.
        now: Option<VersionNumber>,
    },
    /// The alias is already where it should go. Nothing was sent.
    Already,
    /// The version does not exist any more. Nothing was changed.
    VersionGone,
    /// The registered model does not exist any more. Nothing was changed.
    ModelGone,
    /// It could not be read where the alias is. Nothing was sent.
    NotRead(TrackingError),
    /// The version does not show what the policy asks for. Nothing was sent.
    Forbidden(String),
    /// The journal could not be written. Nothing was sent.
    NotJournalled(JournalError),
    /// Nobody waited any more before the write was sent. Nothing was sent.
    Abandoned,
    /// The server refused the write.
    Refused(TrackingError),
    /// Written and answered, but the alias is elsewhere now.
    Overtaken {
        /// Where it is.
        now: Option<VersionNumber>,
    },
    /// Written and answered, but it could not be read back.
    WrittenUnread(TrackingError),
    /// No answer; the alias is where it should be.
    UnknownTookEffect,
    /// No answer; the alias is where it was.
    UnknownNothing,
    /// No answer; the alias is neither where it was nor where it should be.
    UnknownElsewhere {
        /// Where it is.
        now: Option<VersionNumber>,
    },
    /// No answer, and it could not be read where the alias is.
    UnknownUnread(TrackingError),
}

impl Ending {
    /// Whether the change is on the server, as far as is known.
    pub fn took_effect(&self) -> bool {
        matches!(self, Self::Done | Self::UnknownTookEffect)
    }

    /// Whether nothing was changed, for certain.
    pub fn changed_nothing(&self) -> bool {
        matches!(
            self,
            Self::Moved { .. }
                | Self::Already
                | Self::VersionGone
                | Self::ModelGone
                | Self::NotRead(_)
                | Self::Forbidden(_)
                | Self::NotJournalled(_)
                | Self::Abandoned
                | Self::Refused(_)
                | Self::UnknownNothing
        )
    }

    /// Whether it may be on the server although that is not known.
    pub fn may_have_taken_effect(&self) -> bool {
        matches!(self, Self::WrittenUnread(_) | Self::UnknownUnread(_))
    }

    /// As the journal has it. `undoes`: it was to take another change back.
    pub(super) fn verdict(&self, change: &AliasChange, undoes: bool) -> Verdict {
        let (how, now) = match self {
            Self::Done => (How::Done, Some(change.to)),
            Self::UnknownTookEffect => (How::TookEffect, Some(change.to)),
            Self::Already => (How::Nothing, Some(change.to)),
            Self::Moved { now } => (How::Nothing, Some(*now)),
            Self::VersionGone
            | Self::ModelGone
            | Self::NotRead(_)
            | Self::Forbidden(_)
            | Self::NotJournalled(_)
            | Self::Abandoned => (How::Nothing, None),
            Self::Refused(_) => (How::Refused, None),
            Self::Overtaken { now } => (How::Overtaken, Some(*now)),
            Self::UnknownNothing => (How::NoAnswer, Some(change.from)),
            Self::UnknownElsewhere { now } => (How::Unclear, Some(*now)),
            Self::WrittenUnread(_) | Self::UnknownUnread(_) => (How::Unclear, None),
        };
        let text = match self {
            Self::Done => change.sentence(),
            _ if undoes => self.undo_sentence(change),
            _ => self.sentence(change),
        };
        Verdict { how, now: now.map(Standing::of), text, resolved: false }
    }

    /// What a person reads after an Undo, who was not deciding about anything.
    pub fn undo_sentence(&self, change: &AliasChange) -> String {
        let place = |at: Option<VersionNumber>| at.map_or("deleted".to_owned(), |at| format!("v{at}"));
        match self {
            Self::Moved { now } => {
                let (now, expected) = (place(*now), place(change.from));
                format!("{} is {now} by now, not {expected}. Nothing was undone.", change.alias)
            }
            _ => self.sentence(change),
        }
    }

    /// What a person reads.
    pub fn sentence(&self, change: &AliasChange) -> String {
        let AliasChange { alias, name, .. } = change;
        match self {
            Self::Done => format!("{}{}", capitalised_title(change), restart_note(change)),
            Self::Moved { now: Some(now) } => {
                format!("{alias} moved to v{now} while you were deciding. Nothing was changed.")
            }
            Self::Moved { now: None } => {
                format!("{alias} was deleted while you were deciding. Nothing was changed.")
            }
            Self::Already => match change.to {
                Some(to) => format!("{alias} is v{to} already. Nothing was changed."),
                None => format!("{alias} is deleted already. Nothing was changed."),
            },
            Self::VersionGone => match change.to {
                Some(to) => format!("Version {to} of {name} does not exist any more. Nothing was changed."),
                None => format!("{name} does not exist any more. Nothing was changed."),
            },
            Self::ModelGone => format!("{name} does not exist any more. Nothing was changed."),
            Self::NotRead(error) => {
                format!("{error}. {alias} could not be checked, so nothing was changed.")
            }
            Self::Forbidden(why) => format!("{why}. Nothing was changed."),
            Self::NotJournalled(error) => format!(
                "The journal cannot be written, so nothing was changed. {error}. {}.",
                error.next_step()
            ),
            Self::Abandoned => "Nothing was changed.".to_owned(),
            Self::Refused(error) => format!("The server refused. {error}. Nothing was changed."),
            Self::Overtaken { now: Some(now) } => {
                format!("Written, but someone set {alias} to v{now} straight after.")
            }
            Self::Overtaken { now: None } => {
                format!("Written, but someone deleted {alias} straight after.")
            }
            Self::WrittenUnread(error) => {
                format!("The server accepted the change, but it could not be read back: {error}.")
            }
            Self::UnknownTookEffect => match change.to {
                Some(to) => format!("No answer. {alias} is v{to} now: the change took effect."),
                None => format!("No answer. {alias} is deleted: the change took effect."),
            },
            Self::UnknownNothing => match change.from {
                Some(from) => format!("No answer. {alias} is still v{from}: nothing changed."),
                None => format!("No answer. {alias} still does not exist: nothing changed."),
            },
            Self::UnknownElsewhere { now: Some(now) } => {
                format!("No answer. {alias} is v{now} now, which is neither what it was nor what you chose.")
            }
            Self::UnknownElsewhere { now: None } => {
                format!("No answer. {alias} does not exist now: someone else deleted it.")
            }
            Self::UnknownUnread(error) => format!(
                "No answer, and {alias} cannot be read: {error}. It may or may not have changed; refresh before you \
                 try again."
            ),
        }
    }
}

fn capitalised_title(change: &AliasChange) -> String {
    let AliasChange { alias, .. } = change;
    match (change.from, change.to) {
        (Some(from), Some(to)) => format!("{alias} moved from v{from} to v{to}."),
        (None, Some(to)) => format!("{alias} is on v{to} now."),
        (_, None) => format!("{alias} is deleted."),
    }
}

/// Moving an alias changes no running server: `mlflow models serve` resolved it once, at start.
fn restart_note(change: &AliasChange) -> String {
    match (change.kind, change.from, change.to) {
        (ModelKind::Model, Some(from), Some(_)) => {
            format!(
                " The registry is updated. A running endpoint keeps answering as v{from} until it is restarted."
            )
        }
        _ => String::new(),
    }
}

/// What a later look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    /// As it was reported.
    AsReported,
    /// Someone moved it since.
    Overtaken {
        /// Where it is.
        now: Option<VersionNumber>,
    },
    /// A write without an answer took effect after all.
    TookEffect,
}

impl Later {
    /// As the journal has it, if there is something to say.
    pub(super) fn verdict(self, change: &AliasChange) -> Option<Verdict> {
        let text = self.sentence(change)?;
        let (how, now) = match self {
            Self::AsReported => return None,
            Self::Overtaken { now } => (How::Overtaken, now),
            Self::TookEffect => (How::TookEffect, change.to),
        };
        Some(Verdict { how, now: Some(Standing::of(now)), text, resolved: false })
    }

    /// What a person reads, if there is something to say.
    pub fn sentence(self, change: &AliasChange) -> Option<String> {
        let alias = &change.alias;
        match (self, change.to) {
            (Self::AsReported, _) => None,
            (Self::Overtaken { now: Some(now) }, _) => {
                Some(format!("Someone set {alias} to v{now} just after your change."))
            }
            (Self::Overtaken { now: None }, _) => {
                Some(format!("Someone deleted {alias} just after your change."))
            }
            (Self::TookEffect, Some(to)) => {
                Some(format!("The change took effect after all: {alias} is v{to} now."))
            }
            (Self::TookEffect, None) => {
                Some(format!("The change took effect after all: {alias} is deleted."))
            }
        }
    }
}
