//! What stands in the journal: one entry a line, each with its own id, never changed afterwards.
//!
//! A move is an intent, written before the server is asked, and an outcome that names it. Later looks, warnings and an
//! Undo name it too. Fields and events that a newer Flowdeck writes stay in the file and are passed over here.

use serde::{Deserialize, Serialize};

use crate::entities::{Millis, VersionNumber};
use crate::state::{ModelKind, format};

/// Version of this shape.
pub const VERSION: u32 = 1;

/// Names an entry among those of every Flowdeck that writes into the file.
pub type EntryId = String;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Version of this shape.
    pub v: u32,
    /// Its name.
    pub id: EntryId,
    /// When it was written.
    pub at: Millis,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

impl Entry {
    /// Of now.
    pub fn new(id: EntryId, event: Event) -> Self {
        Self { v: VERSION, id, at: format::now(), event }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A move is about to be sent to the server.
    Intent {
        /// The Flowdeck that sends it, while it runs.
        session: String,
        /// What is moved.
        #[serde(flatten)]
        change: Move,
    },
    /// How an intended move ended.
    Outcome {
        /// The intent.
        of: EntryId,
        /// How.
        #[serde(flatten)]
        verdict: Verdict,
    },
    /// A move that ended before anything was sent.
    NotSent {
        /// What was to be moved.
        #[serde(flatten)]
        change: Move,
        /// Why not.
        #[serde(flatten)]
        verdict: Verdict,
    },
    /// What a look after the outcome found.
    Later {
        /// The intent.
        of: EntryId,
        /// What.
        #[serde(flatten)]
        verdict: Verdict,
    },
    /// A change that somebody else made.
    Seen {
        /// What moved; `before` and the entry's own time enclose when.
        #[serde(flatten)]
        change: Move,
        /// When the alias was last known to be where it was.
        after: Millis,
    },
    /// Something else than an alias was changed here: a text, a name, or it was made or deleted.
    Edit {
        /// The model, where it is about one.
        #[serde(flatten)]
        change: Move,
        /// The version that it is of; absent for the model itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<VersionNumber>,
        /// What it does to aliases.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effect: Option<Effect>,
        /// Whether, and what: a sentence.
        #[serde(flatten)]
        verdict: Verdict,
    },
    /// Something about a move that does not change how it ended.
    Warning {
        /// The intent.
        of: EntryId,
        /// A sentence.
        text: String,
    },
}

/// An alias that moves, and who moves it why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Move {
    /// The server's URI, without a login.
    pub server: String,
    /// What a person calls the server.
    pub label: String,
    /// Model or prompt.
    pub kind: ModelKind,
    /// The registered model.
    pub model: String,
    /// The alias; empty for an edit.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub alias: String,
    /// Where it was; absent where it did not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<VersionNumber>,
    /// Where it goes; absent where it is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<VersionNumber>,
    /// The user, as MLflow's Python client would say; empty for somebody else.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub who: String,
    /// Why, in the user's words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What spoke for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// The move that this one takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undoes: Option<EntryId>,
}

/// What an edit does to the aliases of its model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The model has this entry's name, and had another one; its aliases came along.
    Renamed {
        /// Its name before.
        from: String,
    },
    /// The model is gone, or this version of it, with the aliases on it.
    Deleted,
}

/// How something ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// In one word.
    pub how: How,
    /// Where the alias was found, if it was looked for and its model was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Standing>,
    /// In a sentence.
    #[serde(default)]
    pub text: String,
    /// It was found out by a Flowdeck started later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resolved: bool,
}

/// Where an alias is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// On this version.
    At(VersionNumber),
    /// Nowhere: it does not exist.
    Gone,
}

impl Standing {
    /// From an alias map's answer.
    pub fn of(version: Option<VersionNumber>) -> Self {
        version.map_or(Self::Gone, Self::At)
    }

    /// As an alias map answers.
    pub fn version(self) -> Option<VersionNumber> {
        match self {
            Self::At(version) => Some(version),
            Self::Gone => None,
        }
    }
}

/// How a change ended, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Written, and the server says that it is so.
    Done,
    /// No answer came, and it is so.
    TookEffect,
    /// Nothing was changed, for certain.
    Nothing,
    /// The server refused.
    Refused,
    /// It took effect, and somebody changed it straight after.
    Overtaken,
    /// No answer came, and nothing seems to have changed.
    NoAnswer,
    /// Not known, or not as anybody here wanted it.
    #[serde(other)]
    Unclear,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_move() -> Move {
        Move { server: "http://a".into(), model: "Churn".into(), alias: "prod".into(), ..Move::default() }
    }

    #[test]
    fn entries_come_back_as_they_were_written() {
        let verdict =
            Verdict { how: How::Done, now: Some(Standing::At(7)), text: "Done".into(), resolved: true };
        for event in [
            Event::Intent {
                session: "s".into(),
                change: Move { from: Some(3), to: Some(7), reason: "better".into(), ..a_move() },
            },
            Event::Outcome { of: "1".into(), verdict: verdict.clone() },
            Event::NotSent { change: a_move(), verdict: Verdict { now: Some(Standing::Gone), ..verdict } },
            Event::Seen { change: a_move(), after: 3 },
            Event::Warning { of: "1".into(), text: "x".into() },
            Event::Edit {
                change: Move { alias: String::new(), ..a_move() },
                version: None,
                effect: Some(Effect::Renamed { from: "Old".into() }),
                verdict: Verdict { how: How::Done, now: None, text: "Renamed".into(), resolved: false },
            },
        ] {
            let entry = Entry { v: VERSION, id: "1-2".into(), at: 9, event };
            let line = serde_json::to_string(&entry).unwrap();
            assert!(!line.contains('\n') && !line.contains("null"), "{line}");
            assert_eq!(serde_json::from_str::<Entry>(&line).unwrap(), entry);
        }
    }

    #[test]
    fn what_a_newer_version_adds_does_no_harm() {
        let line = r#"{"v":2,"id":"a","at":1,"event":"outcome","of":"b","how":"vetoed","new":{"x":1}}"#;
        let entry: Entry = serde_json::from_str(line).unwrap();
        let Event::Outcome { verdict, .. } = entry.event else { panic!("{entry:?}") };
        assert_eq!((verdict.how, verdict.now), (How::Unclear, None));
    }
}
