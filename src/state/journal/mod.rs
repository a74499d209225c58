//! The journal: every move made here, every move that others were seen to make, edits; when, by whom, why, and how it
//! ended. It is a file of JSON Lines in the data folder which is only ever appended to.
//!
//! A move is written **before** it is sent (its intent), and its outcome afterwards. An intent without an outcome means
//! that Flowdeck was killed in between: the next one reads the server and writes how it ended. Several windows share
//! the file. All of it is read and written on a thread of its own.

mod colleagues;
pub mod entry;
mod error;
mod export;
mod file;
mod history;
mod keeper;
mod ledger;
mod log;
pub mod record;
#[cfg(test)]
mod tests;
mod watch;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;

pub use error::JournalError;
pub use export::ExportFormat;
pub use history::{Departure, History};
pub use keeper::Notes;
pub use ledger::{Abandoned, Observation};
pub use log::MoveLog;
pub use record::{Outcome, Record, What};
pub use watch::{Resolver, Watch, WatchNews};

use entry::{Effect, Entry, EntryId, Event, Move, Verdict};
use keeper::{Append, Inbox, News, Request};

use super::notices::Notices;
use super::tasks::{Polled, Task};
use super::{Command, ModelKind, Tasks, format};
use crate::entities::{RegisteredModel, VersionNumber};
use crate::tracking::StoreInfo;

/// What a view may ask for.
#[derive(Clone, Debug)]
pub enum JournalCommand {
    /// Asks where to, and saves what a filter finds.
    Export(ExportFormat, Filter),
    /// Shows one server's records, or all.
    OnlyThisServer(bool),
    /// Tells on the desktop what others moved, or not.
    NotifyDesktop(bool),
    /// Tells colleagues of a move by a tag on the model, or not.
    TellColleagues(bool),
}

/// Something else than an alias that was to be changed.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Model or prompt.
    pub kind: ModelKind,
    /// The registered model; empty where it is about none.
    pub model: String,
    /// The version, where it is about one.
    pub version: Option<VersionNumber>,
    /// What it does to aliases.
    pub effect: Option<Effect>,
    /// How it ended.
    pub outcome: Outcome,
    /// What happened: a sentence.
    pub text: String,
}

/// Which records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Words as typed; each must be found.
    pub text: String,
    /// Of this server alone.
    pub server: Option<String>,
}

/// Writes into the journal from anywhere. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder {
    sender: SyncSender<Request>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    session: String,
    who: String,
    next_id: AtomicU64,
}

impl Recorder {
    fn session(&self) -> &str {
        &self.shared.session
    }

    fn new_id(&self) -> EntryId {
        format!("{}-{}", self.shared.session, self.shared.next_id.fetch_add(1, Ordering::Relaxed))
    }

    async fn append(&self, entry: Entry, keep: bool, show_anyway: bool) -> Result<(), JournalError> {
        let (reply, answer) = oneshot::channel();
        let append = Box::new(Append { entry, keep, show_anyway, reply: Some(reply) });
        keeper::send(&self.sender, Request::Append(append))?;
        answer.await.unwrap_or(Err(JournalError::Closed))
    }

    /// Hands over what a server was found to have.
    pub fn observe(&self, seen: Observation) {
        // A look that is missed is followed by the next one.
        keeper::send(&self.sender, Request::Observe(seen)).ok();
    }

    async fn abandoned(&self, server: &str) -> Vec<Abandoned> {
        let (reply, answer) = oneshot::channel();
        match keeper::send(&self.sender, Request::Abandoned(server.to_owned(), reply)) {
            Ok(()) => answer.await.unwrap_or_default(),
            Err(_) => Vec::new(),
        }
    }

    /// Goes on with a move that another Flowdeck left behind.
    fn log_of(&self, left: &Abandoned) -> MoveLog {
        MoveLog {
            recorder: self.clone(),
            id: left.id.clone(),
            change: left.change.clone(),
            keep: true,
            required: false,
            intended: true,
            tells: false,
        }
    }
}

/// The journal as it is shown, with the way to write into it.
pub struct Journal {
    history: History,
    notes: Notes,
    trouble: Option<JournalError>,
    loaded: bool,
    revision: u64,
    recorder: Recorder,
    inbox: Arc<Inbox>,
    place: Option<PathBuf>,
    saving: Option<Task<Result<Option<PathBuf>, String>>>,
}

/// The file's name.
pub const FILE_NAME: &str = "journal.jsonl";
/// What is still to be written gets so long when the app is closed.
const FAREWELL: Duration = Duration::from_secs(2);

impl Journal {
    /// Reads the journal in a folder, off this thread; without a folder nothing is kept. `who`: the user's name where
    /// a server's login names none.
    pub fn open(folder: Option<PathBuf>, who: String, tasks: &Tasks) -> Self {
        let session = keeper::new_session();
        let place = folder.as_ref().map(|folder| folder.join(FILE_NAME));
        let (sender, inbox) = keeper::start(folder, &session, tasks);
        let shared = Arc::new(Shared { session, who, next_id: AtomicU64::new(0) });
        Self {
            history: History::default(),
            notes: Notes::default(),
            trouble: None,
            loaded: false,
            revision: 0,
            recorder: Recorder { sender, shared },
            inbox,
            place,
            saving: None,
        }
    }

    /// Takes what arrived; answers what others were seen to do.
    pub fn poll(&mut self, notices: &mut Notices) -> Vec<Arc<Record>> {
        let mut seen = Vec::new();
        for news in self.inbox.take() {
            self.revision += 1;
            match news {
                News::Loaded(history, notes) => {
                    self.history = *history;
                    self.notes = notes;
                    self.loaded = true;
                }
                News::Entries(entries) => entries.iter().for_each(|entry| self.history.take(entry)),
                News::Seen(entries) => {
                    for entry in &entries {
                        self.history.take(entry);
                        let id = match &entry.event {
                            Event::Later { of, .. } => of,
                            _ => &entry.id,
                        };
                        seen.extend(self.history.get(id).cloned());
                    }
                }
                News::Trouble(trouble) => {
                    if let Some(error) = trouble.as_ref().filter(|_| self.trouble.is_none()) {
                        let text = format!("The journal cannot be kept. {error}. {}", error.next_step());
                        notices.failed(text, error.to_string(), None);
                    }
                    self.trouble = trouble;
                }
            }
        }
        self.poll_saving(notices);
        seen
    }

    /// Every record, oldest first.
    pub fn records(&self) -> &[Arc<Record>] {
        self.history.records()
    }

    /// One record.
    pub fn get(&self, id: &str) -> Option<&Arc<Record>> {
        self.history.get(id)
    }

    /// Grows whenever something changed, for who caches what was made of it.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether the file has been read.
    pub fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Where the journal is kept; `None`: nowhere.
    pub fn place(&self) -> Option<&PathBuf> {
        self.place.as_ref()
    }

    /// What is to be known about the file.
    pub fn notes(&self) -> Notes {
        self.notes
    }

    /// Why it cannot be written or read at present.
    pub fn trouble(&self) -> Option<&JournalError> {
        self.trouble.as_ref()
    }

    /// The version that each alias of a model left last, the alias that moved last first. `server` is its URI.
    pub fn departures(&self, server: &str, model: &str) -> Vec<Departure> {
        let mut ways: Vec<Departure> = Vec::new();
        for left in self.history.departures(server, model) {
            match ways.iter_mut().find(|way| way.alias == left.alias) {
                Some(way) if way.until < left.until => way.clone_from(left),
                Some(_) => {}
                None => ways.push(left.clone()),
            }
        }
        ways.retain(|way| way.now != Some(way.version));
        ways.sort_by_key(|way| std::cmp::Reverse(way.until));
        ways
    }

    /// Where an alias is by the journal's last word; `None`: it says nothing.
    pub fn last_word(&self, server: &str, model: &str, alias: &str) -> Option<entry::Standing> {
        self.history.last_word(server, model, alias)
    }

    /// What takes a record back, where it is the last word about its alias.
    pub fn undo_of(&self, record: &Record) -> Option<Command> {
        if let Some(before) = self.history.former_name(record) {
            return Some(super::registry::rename_command(&record.change, before));
        }
        let may = record.what == What::Move
            && record.outcome == Outcome::Done
            && record.undone_by.is_none()
            && self.history.is_last_word(record);
        may.then(|| super::registry::undo_command(&record.change, record.id.clone()))
    }

    /// Where the records are that a filter finds, newest first.
    pub fn matching(&self, filter: &Filter) -> Vec<usize> {
        let words: Vec<String> = filter.text.split_whitespace().map(str::to_lowercase).collect();
        let server = |record: &Record| filter.server.as_ref().is_none_or(|uri| *uri == record.change.server);
        let records = self.history.records();
        let found = |at: &usize| server(&records[*at]) && records[*at].matches(&words);
        (0..records.len()).rev().filter(found).collect()
    }

    /// Writes into it.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Who acts on a server: the user that is logged in there, else the one that this journal was opened for.
    fn who(&self, info: &StoreInfo) -> String {
        info.user.clone().unwrap_or_else(|| self.recorder.shared.who.clone())
    }

    /// The journal's side of a move that is about to be carried out. `required`: it is not sent unless its intent is
    /// on the disk.
    pub fn log(&self, info: &StoreInfo, mut change: Move, required: bool) -> MoveLog {
        change.server.clone_from(&info.uri);
        change.label.clone_from(&info.label);
        change.who = self.who(info);
        MoveLog {
            id: self.recorder.new_id(),
            recorder: self.recorder.clone(),
            change,
            // A scratch copy is gone with the app, and so is what happened to it.
            keep: !info.sample,
            required: required && !info.sample,
            intended: false,
            tells: false,
        }
    }

    /// Notes that something else than an alias was changed, or was not.
    pub fn note(&self, info: &StoreInfo, edit: Edit) {
        let Edit { kind, model, version, effect, outcome, text } = edit;
        let change = Move {
            server: info.uri.clone(),
            label: info.label.clone(),
            who: self.who(info),
            kind,
            model,
            ..Move::default()
        };
        let verdict = Verdict { how: outcome.how(), now: None, text, resolved: false };
        let entry = Entry::new(self.recorder.new_id(), Event::Edit { change, version, effect, verdict });
        let append = Box::new(Append { entry, keep: !info.sample, show_anyway: true, reply: None });
        if let Err(error) = keeper::send(&self.recorder.sender, Request::Append(append)) {
            tracing::warn!(%error, "an edit is not in the journal");
        }
    }

    /// Takes a model that a server answered just now: somebody else may have moved its aliases.
    pub fn observe(&self, info: &StoreInfo, model: &RegisteredModel) {
        if info.sample {
            return;
        }
        let answered = format::now();
        self.recorder.observe(Observation {
            server: info.uri.clone(),
            label: info.label.clone(),
            models: vec![model.clone()],
            asked: answered - ON_ITS_WAY,
            answered,
            whole: false,
        });
    }

    /// Waits until what was handed over is written, a moment at most.
    pub fn flush(&self) {
        let (done, finished) = mpsc::sync_channel(1);
        if keeper::send(&self.recorder.sender, Request::End(done)).is_ok()
            && finished.recv_timeout(FAREWELL).is_err()
        {
            tracing::warn!("the journal was not finished in time");
        }
    }

    /// Carries a command out.
    pub fn apply(&mut self, command: JournalCommand, cx: &mut JournalCx<'_>) {
        match command {
            JournalCommand::Export(format, filter) => self.export(format, &filter, cx),
            JournalCommand::OnlyThisServer(only) => cx.settings.journal.only_this_server = only,
            JournalCommand::NotifyDesktop(notify) => cx.settings.journal.notify_desktop = notify,
            JournalCommand::TellColleagues(tell) => cx.settings.journal.tell_colleagues = tell,
        }
    }

    fn export(&mut self, format: ExportFormat, filter: &Filter, cx: &mut JournalCx<'_>) {
        let found = self.matching(filter);
        let records: Vec<Arc<Record>> =
            found.into_iter().map(|at| Arc::clone(&self.history.records()[at])).collect();
        let asked = cx.dialogs.save_file(format.file_name());
        self.saving = Some(cx.tasks.spawn(export::save(format, records, asked)));
    }

    fn poll_saving(&mut self, notices: &mut Notices) {
        let Some(task) = &mut self.saving else { return };
        match task.poll() {
            Polled::Pending => return,
            Polled::Ready(Ok(Some(place))) => {
                notices.success(format!("Saved {}", place.display()), None);
            }
            Polled::Ready(Err(error)) => {
                notices.failed(format!("The journal was not saved: {error}"), error, None);
            }
            Polled::Ready(Ok(None)) | Polled::Lost => {}
        }
        self.saving = None;
    }
}

/// A single answer may have been asked for so long ago, in milliseconds.
const ON_ITS_WAY: i64 = 10_000;

/// What the journal needs to carry out a command.
pub struct JournalCx<'a> {
    /// Where work is started.
    pub tasks: &'a Tasks,
    /// Native dialogs.
    pub dialogs: &'a Arc<dyn super::dialogs::Dialogs>,
    /// What survives a restart.
    pub settings: &'a mut super::settings::Settings,
}
