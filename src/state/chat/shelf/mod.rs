//! Conversations on disk: a file of JSON Lines for each, appended to as the conversation grows, by a thread of its own.
//! What came before the app was killed is there on the next start.
//!
//! - `record`: the lines, and a conversation from its lines;
//! - `files`: the folder;
//! - `quoted`: answers without the token that they quote;
//! - `keeper`: the thread.

mod files;
mod keeper;
mod quoted;
mod record;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use keeper::{Job, Keeper, Waiting};
use record::Record;

use super::beside::Beside;
use super::{Conversation, FoundTrace, Turn};
use crate::agent::{Token, Transcript};
use crate::entities::Millis;
use crate::state::Tasks;
use crate::state::shelf::{Inbox, Thread};

/// What is known of a conversation that is not loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its id.
    pub id: u64,
    /// Its name, or the beginning of its first message.
    pub title: String,
    /// When it was written in last.
    pub updated: Millis,
    /// How many turns it has, over all branches.
    pub turns: usize,
    /// Its place in a comparison, if it is in one.
    pub beside: Option<Beside>,
    /// The conversations it stands for, in order: itself, or all of its comparison.
    pub members: Vec<u64>,
}

/// What lists show of a conversation. `None`: nothing was said in it.
pub(super) fn summary(conversation: &Conversation) -> Option<Summary> {
    Some(Summary {
        id: conversation.id,
        title: conversation.title(),
        updated: conversation.updated()?,
        turns: conversation.all_turns().count(),
        beside: conversation.beside.clone(),
        members: vec![conversation.id],
    })
}

/// What the thread has to say.
#[derive(Debug)]
pub(super) enum News {
    /// All there are.
    Listed(Vec<Summary>),
    /// One, as it was kept.
    Loaded(Box<Conversation>),
    /// It is not there any more, or cannot be read.
    Missing(u64),
    /// Those with these words.
    Found(String, Vec<u64>),
    /// Those that a file held.
    Imported(Vec<Summary>),
    /// So many were written to a file.
    Exported(PathBuf, usize),
    /// Something failed: what, and why.
    Failed(String, String),
}

/// A conversation with everything in it, to be written as a whole.
#[derive(Clone, Debug)]
pub(super) struct Whole {
    pub(super) id: u64,
    pub(super) name: Option<String>,
    pub(super) beside: Option<Beside>,
    pub(super) turns: Vec<Turn>,
    pub(super) shown: Option<u64>,
}

impl Whole {
    /// Cheap: answers are shared.
    pub(super) fn of(conversation: &Conversation) -> Self {
        Self {
            id: conversation.id,
            name: conversation.name.clone(),
            beside: conversation.beside.clone(),
            turns: conversation.all_turns().cloned().collect(),
            shown: conversation.last_turn(),
        }
    }
}

/// The folder, by way of its thread.
pub(super) struct Shelf(Thread<Waiting, News>);

impl Shelf {
    /// Starts the thread, which lists what is there. `None` where no thread can be had.
    pub(super) fn open(folder: PathBuf, tasks: &Tasks) -> Option<Self> {
        let work = move |inbox: &Inbox<_>, teller| Keeper::new(folder, teller).run(inbox);
        let shelf = Self(Thread::start("conversations", tasks, work)?);
        shelf.0.push(Job::List);
        Some(shelf)
    }

    /// What it has to say.
    pub(super) fn next(&self) -> Option<News> {
        self.0.next()
    }

    /// Writes all there is of a conversation, in place of what is there.
    pub(super) fn save(&self, conversation: &Conversation) {
        self.0.push(Job::Save(Box::new(Whole::of(conversation))));
    }

    /// A turn has begun.
    pub(super) fn begun(&self, conversation: u64, turn: &Turn) {
        self.0.push(Job::Begin(conversation, Box::new(turn.clone())));
    }

    /// More of an answer came. What is not yet written of it gives way.
    pub(super) fn grew(&self, conversation: u64, turn: u64, answer: &Arc<Transcript>) {
        self.0.change(|waiting| waiting.grew(conversation, turn, answer));
    }

    /// A turn is over.
    pub(super) fn ended(&self, conversation: u64, turn: &Turn) {
        self.0.push(Job::End(conversation, Box::new(turn.clone())));
    }

    /// It was given a name.
    pub(super) fn renamed(&self, conversation: u64, name: Option<&str>) {
        let name = name.map(str::to_owned);
        self.0.push(Job::Append(conversation, Record::Name { name }));
    }

    /// It was put into a comparison, or taken out.
    pub(super) fn placed(&self, conversation: u64, beside: Option<Beside>) {
        self.0.push(Job::Append(conversation, Record::Beside { beside }));
    }

    /// The trace of a turn was found.
    pub(super) fn traced(&self, conversation: u64, turn: u64, trace: &FoundTrace) {
        let trace = Cow::Owned(trace.clone());
        self.0.push(Job::Append(conversation, Record::Trace { turn, trace }));
    }

    /// Another branch is shown.
    pub(super) fn shown(&self, conversation: u64, turn: u64) {
        self.0.push(Job::Append(conversation, Record::Shown { turn }));
    }

    /// Reads one.
    pub(super) fn load(&self, id: u64) {
        self.0.push(Job::Load(id));
    }

    /// Puts one aside; it is gone once the app is closed.
    pub(super) fn delete(&self, id: u64) {
        self.0.push(Job::Delete(id));
    }

    /// Takes it back.
    pub(super) fn restore(&self, id: u64) {
        self.0.push(Job::Restore(id));
    }

    /// Looks for words, in files and in what is not in any file.
    pub(super) fn search(&self, words: &str, open: Vec<Whole>) {
        self.0.push(Job::Search(words.to_owned(), open));
    }

    /// Writes conversations to a file; those that are `open` as they are now.
    pub(super) fn export(&self, ids: Vec<u64>, open: Vec<Whole>, to: PathBuf) {
        self.0.push(Job::Export { ids, open, to });
    }

    /// Reads conversations from a file.
    pub(super) fn import(&self, from: PathBuf) {
        self.0.push(Job::Import(from));
    }

    /// Waits until everything is written, some seconds at most.
    pub(super) fn flush(&self) {
        self.0.flush(Job::Flush);
    }
}

/// What must not get to disk with what an endpoint says.
fn secrets_of(turn: &Turn) -> Vec<Token> {
    turn.endpoint.secrets()
}
