//! What was changed on servers since the app was started, newest first.

use super::Command;
use crate::entities::Millis;

/// How a change ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server says that it is so.
    Done,
    /// Nothing was changed.
    Refused,
    /// It took effect, and was changed again by someone else.
    Overtaken,
    /// Not known, or not as it should be.
    Unclear,
}

/// One change.
#[derive(Clone, Debug)]
pub struct ActivityEntry {
    /// When it ended.
    pub at: Millis,
    /// The server's label.
    pub server: String,
    /// A sentence, e.g. “prod moved from v3 to v7 of Churn”.
    pub text: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What takes it back, where that is possible.
    pub undo: Option<Command>,
}

/// The list.
#[derive(Debug, Default)]
pub struct Activity {
    entries: Vec<ActivityEntry>,
}

impl Activity {
    /// Adds what just happened.
    pub fn push(&mut self, entry: ActivityEntry) {
        self.entries.insert(0, entry);
    }

    /// Newest first.
    pub fn entries(&self) -> &[ActivityEntry] {
        &self.entries
    }
}
