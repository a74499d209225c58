//! Moving an alias: **read → verify → journal the intent → write → read back → look again**.
//!
//! MLflow offers no compare-and-set: setting an alias is an unconditional upsert. So the alias is read before it is
//! written, nothing is written unless it stands where the user saw it, and what is reported afterwards is what the
//! server says. Nothing is sent before the journal has the intent on the disk, so that whatever happens to this
//! process, the next one knows what to look for. A write is sent once: where its answer is lost, the alias is read
//! instead. Once the write is on its way, nothing cancels this: not another page, not a closed dialog, not a dropped
//! connection.

use std::time::Duration;

use super::ending::{Ending, Later};
use super::sequence::Teller;
use crate::entities::{Millis, ModelVersion, RegisteredModel, VersionNumber};
use crate::state::evidence::VersionKey;
use crate::state::journal::MoveLog;
use crate::state::journal::entry::{EntryId, Move};
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
        | TrackingError::Databricks { .. }
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
