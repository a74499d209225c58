//! The journal's own thread: the one place that reads and writes its files. What it did comes back in an inbox, in the
//! order of the file, so that the screen shows what is on the disk.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::entry::{Entry, Event, VERSION};
use super::error::JournalError;
use super::file::{JournalFile, Lines};
use super::history::History;
use super::ledger::{Abandoned, Known, Ledger, Observation};
use crate::state::Tasks;
use crate::state::format;

/// What the thread is asked for.
pub(super) enum Request {
    /// To write an entry.
    Append(Box<Append>),
    /// To compare what a server has with what was known.
    Observe(Observation),
    /// Which intents on this server nobody will end.
    Abandoned(String, oneshot::Sender<Vec<Abandoned>>),
    /// To finish what was asked before, and end.
    End(SyncSender<()>),
}

/// An entry to be written.
pub(super) struct Append {
    pub entry: Entry,
    /// Whether it goes to the disk: what happens to a scratch copy does not.
    pub keep: bool,
    /// Whether it is shown even where the disk refuses it.
    pub show_anyway: bool,
    pub reply: Option<oneshot::Sender<Result<(), JournalError>>>,
}

/// What the thread has to say.
#[derive(Debug)]
pub(super) enum News {
    /// Everything that was in the file.
    Loaded(Box<History>, Notes),
    /// What came since.
    Entries(Vec<Entry>),
    /// What was found here that others did.
    Seen(Vec<Entry>),
    /// The last writing or reading failed, or no longer does.
    Trouble(Option<JournalError>),
}

/// What is to be known about the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Lines that cannot be read, such as one that a crash cut short.
    pub unreadable: usize,
    /// Entries of a newer Flowdeck.
    pub newer: usize,
}

/// Where news wait until a frame is drawn.
#[derive(Default)]
pub(super) struct Inbox(Mutex<Vec<News>>);

impl Inbox {
    pub fn take(&self) -> Vec<News> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, news: News) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(news);
    }
}

/// How often it is looked whether another window wrote.
const LOOK: Duration = Duration::from_secs(3);
/// Requests that may wait: each is a user's move or a minute's look at a server.
const MOST_WAITING: usize = 1024;
/// How often what was last seen is kept even where nothing changed.
const KEEP: Duration = Duration::from_mins(5);

/// Starts the thread. Without a folder nothing is kept.
pub(super) fn start(
    folder: Option<PathBuf>,
    session: &str,
    tasks: &Tasks,
) -> (SyncSender<Request>, Arc<Inbox>) {
    let (sender, receiver) = sync_channel(MOST_WAITING);
    let inbox = Arc::new(Inbox::default());
    let file = folder.clone().map(|folder| JournalFile::new(folder, session));
    let keeper = Keeper {
        file,
        folder,
        ledger: Ledger::default(),
        inbox: Arc::clone(&inbox),
        tasks: tasks.clone(),
        troubled: false,
        kept: HashMap::new(),
        next_id: 0,
        session: session.to_owned(),
    };
    let named = std::thread::Builder::new().name("journal".into());
    if let Err(error) = named.spawn(move || keeper.run(&receiver)) {
        tracing::error!(%error, "the journal's thread cannot be started");
    }
    (sender, inbox)
}

/// Hands a request over without waiting.
pub(super) fn send(sender: &SyncSender<Request>, request: Request) -> Result<(), JournalError> {
    sender.try_send(request).map_err(|error| match error {
        TrySendError::Full(_) => JournalError::Busy,
        TrySendError::Disconnected(_) => JournalError::Closed,
    })
}

struct Keeper {
    file: Option<JournalFile>,
    folder: Option<PathBuf>,
    ledger: Ledger,
    inbox: Arc<Inbox>,
    tasks: Tasks,
    troubled: bool,
    /// When what was seen of a server was written last.
    kept: HashMap<String, Instant>,
    next_id: u64,
    session: String,
}

impl Keeper {
    fn run(mut self, requests: &Receiver<Request>) {
        self.load();
        loop {
            let request = if self.file.is_some() {
                requests.recv_timeout(LOOK)
            } else {
                requests.recv().map_err(RecvTimeoutError::from)
            };
            match request {
                Ok(Request::Append(append)) => self.append(*append),
                Ok(Request::Observe(seen)) => self.observe(&seen),
                Ok(Request::Abandoned(server, reply)) => {
                    self.catch_up();
                    // Who asked may have gone meanwhile.
                    reply.send(self.abandoned(&server)).ok();
                }
                Ok(Request::End(done)) => {
                    self.end();
                    done.send(()).ok();
                    return;
                }
                Err(RecvTimeoutError::Timeout) => self.catch_up(),
                Err(RecvTimeoutError::Disconnected) => return self.end(),
            }
        }
    }

    fn load(&mut self) {
        let mut history = History::default();
        let mut notes = Notes::default();
        if let Some(file) = &mut self.file {
            match file.read() {
                Ok(lines) => {
                    for entry in &lines.entries {
                        self.ledger.take(entry);
                        history.take(entry);
                    }
                    notes = Notes { unreadable: lines.unreadable, newer: lines.newer };
                    file.tidy();
                }
                Err(error) => self.trouble(Some(error)),
            }
        }
        self.tell(News::Loaded(Box::new(history), notes));
    }

    fn end(&mut self) {
        let servers: Vec<String> = self.kept.keys().cloned().collect();
        for server in servers {
            self.keep_known(&server);
        }
        if let Some(file) = &mut self.file {
            file.end();
        }
    }

    /// Reads what other windows wrote.
    fn catch_up(&mut self) {
        let Some(file) = self.file.as_mut().filter(|file| file.has_grown()) else { return };
        match file.read() {
            Ok(lines) => self.take_lines(lines),
            Err(error) => self.trouble(Some(error)),
        }
    }

    fn take_lines(&mut self, lines: Lines) {
        if lines.anew {
            // Somebody put another file in its place: what is shown is what is there.
            self.ledger = Ledger::default();
            let mut history = History::default();
            for entry in &lines.entries {
                self.ledger.take(entry);
                history.take(entry);
            }
            let notes = Notes { unreadable: lines.unreadable, newer: lines.newer };
            self.tell(News::Loaded(Box::new(history), notes));
        } else if !lines.entries.is_empty() {
            for entry in &lines.entries {
                self.ledger.take(entry);
            }
            self.tell(News::Entries(lines.entries));
        }
    }

    fn append(&mut self, Append { entry, keep, show_anyway, reply }: Append) {
        let written = if keep { self.write(vec![entry.clone()]) } else { Ok(vec![entry.clone()]) };
        let answer = match written {
            Ok(entries) => {
                self.show(entries);
                Ok(())
            }
            Err(error) => {
                if show_anyway {
                    self.show(vec![entry]);
                }
                self.trouble(Some(error.clone()));
                Err(error)
            }
        };
        if let Some(reply) = reply {
            // Who asked may have gone meanwhile.
            reply.send(answer).ok();
        }
    }

    fn show(&mut self, entries: Vec<Entry>) {
        for entry in &entries {
            self.ledger.take(entry);
        }
        if !entries.is_empty() {
            self.tell(News::Entries(entries));
        }
    }

    /// Writes entries, except what another window was quicker to find out. What others wrote comes first.
    fn write(&mut self, entries: Vec<Entry>) -> Result<Vec<Entry>, JournalError> {
        let Some(file) = &mut self.file else { return Ok(entries) };
        let ledger = &self.ledger;
        let (others, written) = file.append(|others| {
            let is_new = |entry: &Entry| !is_known(entry, ledger, &others.entries);
            entries.into_iter().filter(is_new).collect()
        })?;
        self.take_lines(others);
        self.trouble(None);
        Ok(written)
    }

    fn observe(&mut self, seen: &Observation) {
        if let Some(folder) = &self.folder
            && !self.ledger.knows(&seen.server)
        {
            self.ledger.remember(Known::load(folder, &seen.server));
        }
        // What another window did is not somebody else's doing.
        self.catch_up();
        let events = self.ledger.observe(seen);
        let changed = !events.is_empty();
        if changed {
            self.record_seen(seen, events);
        }
        let kept = self.kept.get(&seen.server);
        if changed || kept.is_none_or(|kept| kept.elapsed() > KEEP) {
            self.keep_known(&seen.server);
            self.kept.insert(seen.server.clone(), Instant::now());
        }
    }

    fn record_seen(&mut self, seen: &Observation, events: Vec<Event>) {
        let mut entries = Vec::with_capacity(events.len());
        for event in events {
            self.next_id += 1;
            let id = format!("{}-s{}", self.session, self.next_id);
            entries.push(Entry { v: VERSION, id, at: seen.answered, event });
        }
        match self.write(entries.clone()) {
            Ok(written) => entries = written,
            Err(error) => self.trouble(Some(error)),
        }
        for entry in &entries {
            self.ledger.take(entry);
        }
        self.tell(News::Seen(entries));
    }

    fn keep_known(&mut self, server: &str) {
        if let (Some(folder), Some(known)) = (&self.folder, self.ledger.known(server))
            && let Err(error) = known.save(folder)
        {
            tracing::warn!(%error, "what was seen of a server cannot be kept");
        }
    }

    fn abandoned(&self, server: &str) -> Vec<Abandoned> {
        let Some(file) = &self.file else { return Vec::new() };
        let open = self.ledger.open_on(server);
        open.filter(|(session, _)| file.has_ended(session)).map(|(_, open)| open.clone()).collect()
    }

    fn trouble(&mut self, error: Option<JournalError>) {
        if let Some(error) = &error {
            tracing::warn!(%error, "the journal");
        }
        if std::mem::replace(&mut self.troubled, error.is_some()) || error.is_some() {
            self.tell(News::Trouble(error));
        }
    }

    fn tell(&self, news: News) {
        self.inbox.put(news);
        self.tasks.wake();
    }
}

/// Whether another window found out the same: how an abandoned move ended, or what somebody else changed.
fn is_known(entry: &Entry, ledger: &Ledger, others: &[Entry]) -> bool {
    match &entry.event {
        Event::Outcome { of, verdict } if verdict.resolved => {
            let said = |other: &Entry| matches!(&other.event, Event::Outcome { of: said, .. } if said == of);
            !ledger.is_open(of) || others.iter().any(said)
        }
        Event::Seen { change, .. } => others
            .iter()
            .any(|other| matches!(&other.event, Event::Seen { change: said, .. } if said == change)),
        _ => false,
    }
}

/// A name for this Flowdeck that no other has: when it was started, its process, and how many there were in it.
pub(super) fn new_session() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static STARTED: AtomicU32 = AtomicU32::new(0);
    let number = STARTED.fetch_add(1, Ordering::Relaxed);
    format!("{:x}-{:x}-{number:x}", format::now(), std::process::id())
}
