//! One row of the journal: a change with everything that later entries say of it.

use super::entry::{Effect, Entry, EntryId, How, Move, Standing, Verdict};
use crate::entities::{Millis, VersionNumber};
use crate::state::format;

/// What kind of change it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// An alias was moved here.
    Move,
    /// An alias was moved by somebody else, after this time and before the record's own.
    Seen {
        /// When it was last known to be where it was.
        after: Millis,
    },
    /// Something else was changed here; of this version, or of the model.
    Edit {
        /// The version.
        version: Option<VersionNumber>,
    },
}

/// How a change ended, as far as a list shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was begun, and no end is known.
    Open,
    /// The server says that it is so.
    Done,
    /// Nothing was changed.
    Refused,
    /// It took effect, and was changed again by someone else.
    Overtaken,
    /// Not known, or not as it should be.
    Unclear,
    /// Somebody else did it.
    Seen,
}

impl Outcome {
    /// The word a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Done => "Done",
            Self::Refused => "Not done",
            Self::Overtaken => "Overtaken",
            Self::Unclear => "Unclear",
            Self::Seen => "Seen",
        }
    }

    /// As an entry has it.
    pub(super) fn how(self) -> How {
        match self {
            Self::Done => How::Done,
            Self::Refused => How::Refused,
            Self::Overtaken => How::Overtaken,
            Self::Open | Self::Unclear | Self::Seen => How::Unclear,
        }
    }

    fn of(how: How) -> Self {
        match how {
            How::Done | How::TookEffect => Self::Done,
            How::Nothing | How::Refused | How::NoAnswer => Self::Refused,
            How::Overtaken => Self::Overtaken,
            How::Unclear => Self::Unclear,
        }
    }
}

/// A change with all that is known of it.
#[derive(Clone, Debug)]
pub struct Record {
    /// The entry that began it.
    pub id: EntryId,
    /// When it began.
    pub at: Millis,
    /// What kind of change it is.
    pub what: What,
    /// What moved, who moved it, why.
    pub change: Move,
    /// What an edit does to aliases.
    pub effect: Option<Effect>,
    /// How it ended.
    pub outcome: Outcome,
    /// When that was known.
    pub ended: Option<Millis>,
    /// What happened, in a sentence; empty while nothing did.
    pub text: String,
    /// What later looks and warnings said, and when.
    pub notes: Vec<(Millis, String)>,
    /// How it ended was found out by a Flowdeck started later.
    pub resolved: bool,
    /// What took it back.
    pub undone_by: Option<EntryId>,
    /// In lower case, what a filter looks in.
    searched: String,
}

impl Record {
    pub(super) fn new(entry: &Entry, what: What, change: Move) -> Self {
        let outcome = if matches!(what, What::Seen { .. }) { Outcome::Seen } else { Outcome::Open };
        let mut record = Self {
            id: entry.id.clone(),
            at: entry.at,
            what,
            change,
            effect: None,
            outcome,
            ended: None,
            text: String::new(),
            notes: Vec::new(),
            resolved: false,
            undone_by: None,
            searched: String::new(),
        };
        record.index();
        record
    }

    /// Takes how it ended.
    pub(super) fn end(&mut self, at: Millis, verdict: &Verdict) {
        self.outcome = Outcome::of(verdict.how);
        self.ended = Some(at);
        self.text.clone_from(&verdict.text);
        self.resolved = verdict.resolved;
        self.index();
    }

    /// Takes what a later look found.
    pub(super) fn look(&mut self, at: Millis, verdict: &Verdict) {
        self.outcome = Outcome::of(verdict.how);
        self.notes.push((at, verdict.text.clone()));
    }

    /// Where the alias is after a verdict, if that says so.
    pub(super) fn standing_after(&self, verdict: &Verdict) -> Option<Standing> {
        match verdict.how {
            How::Done | How::TookEffect => Some(Standing::of(self.change.to)),
            How::Overtaken | How::Unclear => verdict.now,
            How::Nothing | How::Refused | How::NoAnswer => None,
        }
    }

    /// Whether it is an alias that moved, and did.
    pub fn took_effect(&self) -> bool {
        matches!(self.outcome, Outcome::Done | Outcome::Seen | Outcome::Overtaken)
            && !matches!(self.what, What::Edit { .. })
    }

    /// Who did it.
    pub fn who(&self) -> &str {
        match self.what {
            What::Seen { .. } => "someone else",
            _ => &self.change.who,
        }
    }

    /// `prod: v3 → v7`, or what was edited.
    pub fn title(&self) -> String {
        if self.change.alias.is_empty() {
            return self.text.clone();
        }
        format!("{}: {}", self.change.alias, self.path())
    }

    /// `v3 → v7`
    pub fn path(&self) -> String {
        match (self.change.from, self.change.to, self.change.alias.is_empty()) {
            (_, _, true) => String::new(),
            (Some(from), Some(to), _) => format!("v{from} → v{to}"),
            (None, Some(to), _) => format!("new → v{to}"),
            (Some(from), None, _) => format!("v{from} → deleted"),
            (None, None, _) => "–".to_owned(),
        }
    }

    /// “between 14:02:10 and 14:03:09”, for a change that somebody else made.
    pub fn window(&self) -> Option<String> {
        let What::Seen { after } = self.what else { return None };
        Some(format::time_span(after, self.at))
    }

    /// Whether each of a filter's words, in lower case, is found in it; `@prod` in the alias alone.
    pub fn matches(&self, words: &[String]) -> bool {
        words.iter().all(|word| match word.strip_prefix('@') {
            Some(start) => self.change.alias.to_lowercase().starts_with(start),
            None => self.searched.contains(word.as_str()),
        })
    }

    fn index(&mut self) {
        let Move { label, model, alias, reason, .. } = &self.change;
        let (path, who, outcome) = (self.path(), self.who(), self.outcome.label());
        let all = [model, alias, &path, who, reason, outcome, label, &self.text];
        self.searched = all.join("\n").to_lowercase();
    }
}
