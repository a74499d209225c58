//! Moving an alias: **read → verify → journal the intent → write → read back → look again**.
//!
//! MLflow offers no compare-and-set: setting an alias is an unconditional upsert. So the alias is read before it is
//! written, nothing is written unless it stands where the user saw it, and what is reported afterwards is what the
//! server says. Nothing is sent before the journal has the intent on the disk, so that whatever happens to this
//! process, the next one knows what to look for. A write is sent once: where its answer is lost, the alias is read
//! instead. Once the write is on its way, nothing cancels this: not another page, not a closed dialog, not a dropped
//! connection.

use std::time::Duration;

use super::sequence::Teller;
use crate::entities::{Millis, ModelVersion, RegisteredModel, VersionNumber};
use crate::state::evidence::VersionKey;
use crate::state::journal::entry::{EntryId, How, Move, Standing, Verdict};
use crate::state::journal::{JournalError, MoveLog};
use crate::state::policy::{Evidence, Requirements};
use crate::state::{ModelKind, format};
use crate::tracking::{ErrorCode, Store, TrackingError};

/// Where an alias stands, and where it shall stand. `None`: the alias does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasChange {
    /// Model or prompt.
    pub kind: ModelKind,
    /// The registered model.
    pub name: String,
    /// The alias.
    pub alias: String,
    /// Where it stands as far as the user was shown.
    pub from: Option<VersionNumber>,
    /// Where it shall stand.
    pub to: Option<VersionNumber>,
}

impl AliasChange {
    /// As the journal has it; `undoes`: the intent of the move that it takes back.
    pub fn noted(&self, why: Why, undoes: Option<EntryId>) -> Move {
        Move {
            kind: self.kind,
            model: self.name.clone(),
            alias: self.alias.clone(),
            from: self.from,
            to: self.to,
            reason: why.reason,
            evidence: why.evidence,
            undoes,
            ..Move::default()
        }
    }

    /// From the journal.
    pub fn of(noted: &Move) -> Self {
        Self {
            kind: noted.kind,
            name: noted.model.clone(),
            alias: noted.alias.clone(),
            from: noted.from,
            to: noted.to,
        }
    }

    /// What takes it back. It expects to find the alias where this change put it.
    pub fn reversed(&self) -> Self {
        Self { from: self.to, to: self.from, ..self.clone() }
    }

    /// `prod: v3 → v7`
    pub fn title(&self) -> String {
        match (self.from, self.to) {
            (Some(from), Some(to)) => format!("{}: v{from} → v{to}", self.alias),
            (None, Some(to)) => format!("{}: new → v{to}", self.alias),
            (Some(from), None) => format!("{}: v{from} → deleted", self.alias),
            (None, None) => self.alias.clone(),
        }
    }

    /// “prod moved from v3 to v7 of Churn”
    pub fn sentence(&self) -> String {
        let Self { alias, name, .. } = self;
        match (self.from, self.to) {
            (Some(from), Some(to)) => format!("{alias} moved from v{from} to v{to} of {name}"),
            (None, Some(to)) => format!("{alias} set on v{to} of {name}"),
            (Some(from), None) => format!("{alias} deleted from v{from} of {name}"),
            (None, None) => format!("{alias} of {name} left as it is"),
        }
    }

    fn is_where_it_should_be(&self, truth: &RegisteredModel) -> bool {
        truth.alias(&self.alias) == self.to
    }
}

/// What is being done right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading where the alias stands.
    Verifying,
    /// The write is on its way. From here on nothing cancels it.
    Writing,
    /// Reading what the server has now.
    ReadingBack,
}

impl Stage {
    /// What a person reads meanwhile.
    pub fn label(self) -> &'static str {
        match self {
            Self::Verifying => "Checking where the alias is…",
            Self::Writing => "Writing…",
            Self::ReadingBack => "Reading back…",
        }
    }
}

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
    fn verdict(&self, change: &AliasChange, undoes: bool) -> Verdict {
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

/// What is told while a change is carried out.
#[derive(Debug)]
pub enum Event {
    /// It goes on.
    Stage(Stage),
    /// It ended, and what the server has now, where that could be read.
    Ended(Ending, Option<RegisteredModel>),
    /// A later look, and what the server has then.
    Later(Later, RegisteredModel),
}

/// Events that are told of one change at most, there and back, so that telling never waits.
pub const MOST_EVENTS: usize = 12;

/// When it is looked again after a write, counted from look to look: 5 s and 30 s after the write.
pub const LOOKS: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(25)];

/// Pauses before the alias is read again where a write went unanswered and the first reading fails too.
pub(super) const RETRY_PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1500)];

/// Why a change is made, in the words of who makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    /// What was typed; may be empty.
    pub reason: String,
    /// What spoke for the version.
    pub evidence: Option<String>,
}

/// What the policy demands of the version, asked again right before the write.
#[derive(Clone, Debug, Default)]
pub struct Demands {
    /// What the version has to show.
    pub requires: Requirements,
    /// The names that whoever makes the change goes by.
    pub me: Vec<String>,
    /// When the last bench ended that is kept here, and of exactly which version.
    pub bench: Option<(VersionKey, Millis)>,
}

impl Demands {
    /// Why the version as it is now must not have the alias.
    fn objection(&self, version: &ModelVersion) -> Option<String> {
        let of_it = |(key, _): &&(VersionKey, Millis)| *key == VersionKey::of(&key.server, version);
        let bench = self.bench.as_ref().filter(of_it).map(|(_, at)| *at);
        self.requires.objection(&Evidence::of_version(version, bench, &self.me, format::now()))
    }
}

/// One change to be carried out.
#[derive(Clone, Debug)]
pub struct Order {
    /// What.
    pub change: AliasChange,
    /// Why.
    pub why: Why,
    /// Under which conditions.
    pub demands: Demands,
    /// The move that it takes back, in the journal.
    pub undoes: Option<EntryId>,
}

impl Order {
    /// A change without conditions: it takes another one back, or only keeps a place.
    pub fn plain(change: AliasChange) -> Self {
        Self { change, why: Why::default(), demands: Demands::default(), undoes: None }
    }

    /// A change that takes another one back.
    pub fn undoing(made: &Made) -> Self {
        Self { undoes: made.id.clone(), ..Self::plain(made.change.reversed()) }
    }
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// What.
    pub change: AliasChange,
    /// Its intent in the journal, where it has one.
    pub id: Option<EntryId>,
}

/// Carries a change out and tells how it goes and how it ended. It stops only before the write is sent. The one way
/// in which an alias is written.
pub async fn carry_out(store: &dyn Store, order: &Order, log: &mut MoveLog, teller: &Teller<'_>) -> Ending {
    let Order { change, why, .. } = order;
    let (ending, truth) = write_verified(store, order, log, teller).await;
    tracing::info!(
        model = change.name,
        change = change.title(),
        reason = why.reason,
        ?ending,
        "alias change ended"
    );
    // Nothing happened where the journal itself was the reason, and it could not be told of it.
    if !matches!(ending, Ending::NotJournalled(_)) {
        log.end(ending.verdict(change, order.undoes.is_some())).await;
    }
    teller.send(Event::Ended(ending.clone(), truth)).await;
    ending
}

async fn write_verified(
    store: &dyn Store,
    order: &Order,
    log: &mut MoveLog,
    teller: &Teller<'_>,
) -> (Ending, Option<RegisteredModel>) {
    let Order { change, demands, .. } = order;
    teller.send(Event::Stage(Stage::Verifying)).await;
    let truth = match store.get_registered_model(&change.name).await {
        Ok(truth) => truth,
        Err(error) if error.is_not_found() => return (Ending::ModelGone, None),
        Err(error) => return (Ending::NotRead(error), None),
    };
    if let Some(ending) = objection(change, &truth) {
        return (ending, Some(truth));
    }
    if let Some(to) = change.to {
        match store.get_model_version(&change.name, to).await {
            Ok(version) => {
                if let Some(why) = demands.objection(&version) {
                    return (Ending::Forbidden(why), Some(truth));
                }
            }
            Err(error) if error.is_not_found() => return (Ending::VersionGone, Some(truth)),
            Err(error) => return (Ending::NotRead(error), Some(truth)),
        }
    }
    if !teller.send(Event::Stage(Stage::Writing)).await {
        return (Ending::Abandoned, Some(truth));
    }
    if let Err(error) = log.intend().await {
        return (Ending::NotJournalled(error), Some(truth));
    }
    let answer = match change.to {
        Some(to) => store.set_registered_model_alias(&change.name, &change.alias, to).await,
        None => store.delete_registered_model_alias(&change.name, &change.alias).await,
    };
    teller.send(Event::Stage(Stage::ReadingBack)).await;
    judge(store, change, answer).await
}

/// Why nothing should be written, seeing where the alias is.
fn objection(change: &AliasChange, truth: &RegisteredModel) -> Option<Ending> {
    let now = truth.alias(&change.alias);
    if now == change.to {
        Some(Ending::Already)
    } else if now != change.from {
        Some(Ending::Moved { now })
    } else {
        None
    }
}

/// What became of the write, by its answer and by what the server has now.
async fn judge(
    store: &dyn Store,
    change: &AliasChange,
    answer: Result<(), TrackingError>,
) -> (Ending, Option<RegisteredModel>) {
    let read_back = read_persistently(store, &change.name).await;
    let now = read_back.as_ref().ok().map(|truth| truth.alias(&change.alias));
    let ending = match (answer, &read_back) {
        (Ok(()), Ok(truth)) if change.is_where_it_should_be(truth) => Ending::Done,
        (Ok(()), Ok(_)) => Ending::Overtaken { now: now.flatten() },
        (Ok(()), Err(error)) => Ending::WrittenUnread(error.clone()),
        (Err(error), read_back) if is_certain_refusal(&error) => match read_back {
            Err(gone) if gone.is_not_found() => Ending::ModelGone,
            _ if error.is_not_found() => Ending::VersionGone,
            _ => Ending::Refused(error),
        },
        (Err(_), Ok(truth)) if change.is_where_it_should_be(truth) => Ending::UnknownTookEffect,
        (Err(_), Ok(truth)) if truth.alias(&change.alias) == change.from => Ending::UnknownNothing,
        (Err(_), Ok(_)) => Ending::UnknownElsewhere { now: now.flatten() },
        (Err(_), Err(error)) => Ending::UnknownUnread(error.clone()),
    };
    (ending, read_back.ok())
}

/// Only reads are asked again.
async fn read_persistently(store: &dyn Store, name: &str) -> Result<RegisteredModel, TrackingError> {
    let mut answer = store.get_registered_model(name).await;
    for pause in RETRY_PAUSES {
        match &answer {
            Err(error) if !error.is_not_found() => {}
            _ => break,
        }
        tokio::time::sleep(pause).await;
        answer = store.get_registered_model(name).await;
    }
    answer
}

/// Whether the server, or the way to it, said no before anything was done. Everything else may have taken effect.
pub(super) fn is_certain_refusal(error: &TrackingError) -> bool {
    match error {
        TrackingError::Refused { .. }
        | TrackingError::UnknownHost { .. }
        | TrackingError::Tls { .. }
        | TrackingError::Unauthorized { .. }
        | TrackingError::Forbidden { .. }
        | TrackingError::HostNotAllowed { .. }
        | TrackingError::RateLimited { .. }
        | TrackingError::Database { .. }
        | TrackingError::Unsupported { .. }
        | TrackingError::Local { .. }
        // A store without HTTP knows what it did.
        | TrackingError::Mlflow { status: 0, .. } => true,
        TrackingError::Mlflow { code, status, .. } => {
            *code != ErrorCode::InternalError && (400..500).contains(status)
        }
        TrackingError::Http { status, .. } => (400..500).contains(status) && *status != 408,
        TrackingError::Timeout { .. }
        | TrackingError::Connection { .. }
        | TrackingError::NotMlflow { .. }
        | TrackingError::OutcomeUnknown { .. } => false,
    }
}
