//! What carrying one move out writes into the journal.

use super::entry::{Entry, EntryId, Event, Move, Verdict};
use super::error::JournalError;
use super::{Recorder, colleagues};
use crate::state::format;
use crate::tracking::Store;

/// The journal's side of one move: its intent, its outcome, what later looks find.
#[derive(Clone, Debug)]
pub struct MoveLog {
    pub(super) recorder: Recorder,
    pub(super) id: EntryId,
    pub(super) change: Move,
    pub(super) keep: bool,
    pub(super) required: bool,
    pub(super) intended: bool,
    pub(super) tells: bool,
}

impl MoveLog {
    /// The name of the intent.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// That of taking this move back.
    pub fn back(&self) -> Self {
        let change = Move {
            from: self.change.to,
            to: self.change.from,
            reason: String::new(),
            evidence: None,
            undoes: Some(self.id.clone()),
            ..self.change.clone()
        };
        Self { id: format!("{}-back", self.id), change, intended: false, ..self.clone() }
    }

    /// Whether colleagues are told by a tag of the model.
    pub fn telling(mut self, tells: bool) -> Self {
        self.tells = tells;
        self
    }

    /// Tells colleagues of a move that took effect, if that is wished. What fails is noted, and undoes nothing.
    pub async fn tell_colleagues(&self, store: &dyn Store) {
        if !self.tells {
            return;
        }
        let Some((key, value)) = colleagues::tag(&self.change, format::now()) else { return };
        if let Err(error) = store.set_registered_model_tag(&self.change.model, &key, &value).await {
            self.warn(format!("Colleagues were not told: the tag {key} was not written. {error}.")).await;
        }
    }

    /// Writes the intent. When this returns it is on the disk, or the move must not be sent.
    pub async fn intend(&mut self) -> Result<(), JournalError> {
        let session = self.recorder.session().to_owned();
        let event = Event::Intent { session, change: self.change.clone() };
        let entry = Entry::new(self.id.clone(), event);
        match self.recorder.append(entry, self.keep, !self.required).await {
            Err(error) if self.required => Err(error),
            _ => {
                self.intended = true;
                Ok(())
            }
        }
    }

    /// Writes how it ended. A disk that refuses is told by the journal itself: the move is done.
    pub async fn end(&self, verdict: Verdict) {
        let (id, event) = if self.intended {
            (self.recorder.new_id(), Event::Outcome { of: self.id.clone(), verdict })
        } else {
            (self.id.clone(), Event::NotSent { change: self.change.clone(), verdict })
        };
        self.append(id, event).await;
    }

    /// Writes what a later look found.
    pub async fn look(&self, verdict: Verdict) {
        self.append(self.recorder.new_id(), Event::Later { of: self.id.clone(), verdict }).await;
    }

    /// Writes something that does not change how it ended.
    pub async fn warn(&self, text: String) {
        self.append(self.recorder.new_id(), Event::Warning { of: self.id.clone(), text }).await;
    }

    async fn append(&self, id: EntryId, event: Event) {
        let entry = Entry::new(id, event);
        // Told already: the journal says on its screen that it cannot be written.
        self.recorder.append(entry, self.keep, true).await.ok();
    }
}
