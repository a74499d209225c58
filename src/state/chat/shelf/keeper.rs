//! The thread that reads and writes conversations. Jobs are done in order; of an answer that grows only the latest
//! state waits, so that a slow disk holds up nothing and costs no memory.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use super::files::{self, Conversations};
use super::quoted::Quoted;
use super::record::{Ending, Record, VERSION, changes, line, turn_record};
use super::{News, Whole, secrets_of};
use crate::agent::{Token, Transcript};
use crate::state::chat::{Ask, Turn};
use crate::state::shelf::{Inbox, OpenFiles, Queue, Teller};

/// Pause between two writes of growing answers.
const PAUSE: Duration = Duration::from_millis(200);
/// How much of an answer is kept on disk, in bytes.
const MAX_ANSWER: usize = 8 * 1024 * 1024;
/// Files that are held open at once.
const MAX_OPEN: usize = 16;

/// Something to do.
#[derive(Debug)]
pub(super) enum Job {
    List,
    Save(Box<Whole>),
    Begin(u64, Box<Turn>),
    End(u64, Box<Turn>),
    Append(u64, Record<'static>),
    Load(u64),
    Delete(u64),
    Restore(u64),
    Search(String, Vec<Whole>),
    Export { ids: Vec<u64>, open: Vec<Whole>, to: PathBuf },
    Import(PathBuf),
    Flush(SyncSender<()>),
}

/// What waits to be done.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    jobs: VecDeque<Job>,
    /// By turn: its conversation and the answer so far.
    growing: BTreeMap<u64, (u64, Arc<Transcript>)>,
}

impl Waiting {
    /// An answer grew. What waits of it gives way.
    pub(super) fn grew(&mut self, conversation: u64, turn: u64, answer: &Arc<Transcript>) {
        self.growing.insert(turn, (conversation, Arc::clone(answer)));
    }
}

impl Queue for Waiting {
    type Job = Job;
    type Next = Next;

    fn push(&mut self, job: Job) {
        match &job {
            Job::End(_, turn) => drop(self.growing.remove(&turn.id)),
            // Only what was typed last is of interest.
            Job::Search(..) => self.jobs.retain(|job| !matches!(job, Job::Search(..))),
            _ => {}
        }
        self.jobs.push_back(job);
    }

    fn pop(&mut self) -> Option<Next> {
        if let Some(job) = self.jobs.pop_front() {
            return Some(Next::Job(Box::new(job)));
        }
        (!self.growing.is_empty()).then(|| Next::Grown(std::mem::take(&mut self.growing)))
    }
}

/// What is done in one go.
pub(super) enum Next {
    Job(Box<Job>),
    Grown(BTreeMap<u64, (u64, Arc<Transcript>)>),
}

/// A turn while it is written.
#[derive(Debug, Default)]
struct Writing {
    written: Quoted,
    bytes: usize,
    cut: bool,
    secrets: Vec<Token>,
}

/// The thread's own.
pub(super) struct Keeper {
    folder: Conversations,
    teller: Teller<News>,
    open: OpenFiles,
    turns: HashMap<u64, Writing>,
    deleted: Vec<u64>,
    failed: bool,
}

impl Keeper {
    pub(super) fn new(folder: PathBuf, teller: Teller<News>) -> Self {
        Self {
            folder: Conversations::new(folder),
            teller,
            open: OpenFiles::new(MAX_OPEN),
            turns: HashMap::new(),
            deleted: Vec::new(),
            failed: false,
        }
    }

    /// Works until the inbox is closed and empty.
    pub(super) fn run(mut self, inbox: &Inbox<Waiting>) {
        self.folder.files().forget_old();
        while let Some(next) = inbox.next() {
            match next {
                Next::Job(job) => self.do_job(*job),
                Next::Grown(grown) => {
                    for (turn, (conversation, answer)) in grown {
                        let written = self.write_changes(conversation, turn, &answer, true);
                        self.check(written);
                    }
                    // Lets answers grow for a while, unless there is something else to do.
                    inbox.pause(PAUSE, |waiting| waiting.jobs.is_empty());
                }
            }
        }
        self.folder.forget(&self.deleted);
    }

    fn do_job(&mut self, job: Job) {
        match job {
            Job::List => match self.folder.list() {
                Ok(all) => self.teller.tell(News::Listed(all)),
                Err(error) => self.fail("The conversations of before cannot be read", &error),
            },
            Job::Save(whole) => {
                self.open.close(whole.id);
                let saved = self.replace(&whole);
                for turn in whole.turns.iter().filter(|turn| !turn.answer.is_over()) {
                    let secrets = secrets_of(turn);
                    let written = Quoted::default().next(&turn.answer, &secrets, true);
                    self.turns.insert(turn.id, Writing { written, secrets, ..Writing::default() });
                }
                self.check(saved);
            }
            Job::Begin(conversation, turn) => {
                self.turns.insert(turn.id, Writing { secrets: secrets_of(&turn), ..Writing::default() });
                let kept = self.folder.keep_files(conversation, &turn.ask);
                let text = line(&turn_record(&turn, false));
                let written = kept.and_then(|()| self.append(conversation, &text));
                self.check(written);
            }
            Job::End(conversation, turn) => {
                let written = self.end(conversation, &turn);
                self.check(written);
            }
            Job::Append(conversation, record) => {
                let written = self.append(conversation, &line(&record));
                self.check(written);
            }
            Job::Load(id) => match self.folder.load(id) {
                Ok(Some(loaded)) => self.teller.tell(News::Loaded(Box::new(loaded))),
                Ok(None) => self.teller.tell(News::Missing(id)),
                Err(error) => {
                    self.fail("The conversation cannot be read", &error);
                    self.teller.tell(News::Missing(id));
                }
            },
            Job::Delete(id) => {
                self.open.close(id);
                self.deleted.push(id);
                if let Err(error) = self.folder.delete(id) {
                    self.fail("The conversation cannot be deleted", &error);
                }
            }
            Job::Restore(id) => {
                self.deleted.retain(|deleted| *deleted != id);
                if let Err(error) = self.folder.restore(id) {
                    self.fail("The conversation cannot be brought back", &error);
                }
            }
            Job::Search(words, open) => {
                let found = self.search(&words, &open);
                self.teller.tell(News::Found(words, found));
            }
            Job::Export { ids, open, to } => match self.export(&ids, &open, &to) {
                Ok(count) => self.teller.tell(News::Exported(to, count)),
                Err(error) => self.fail("The conversations cannot be exported", &error),
            },
            Job::Import(from) => match self.import(&from) {
                Ok(imported) => self.teller.tell(News::Imported(imported)),
                Err(error) => self.fail("The file cannot be imported", &error),
            },
            Job::Flush(done) => drop(done.send(())),
        }
    }

    fn end(&mut self, conversation: u64, turn: &Turn) -> io::Result<()> {
        self.write_changes(conversation, turn.id, &turn.answer, false)?;
        let writing = self.turns.remove(&turn.id).unwrap_or_default();
        let ending = Box::new(Ending::of(turn, writing.cut, writing.written.quotes));
        let text = scrubbed(line(&Record::End { turn: turn.id, ending }), &writing.secrets);
        self.append(conversation, &text)?;
        self.open.get(self.folder.files(), conversation)?.sync_data()
    }

    /// Appends what an answer grew by, up to the bound.
    fn write_changes(
        &mut self,
        conversation: u64,
        turn: u64,
        answer: &Arc<Transcript>,
        growing: bool,
    ) -> io::Result<()> {
        let writing = self.turns.entry(turn).or_default();
        let now = writing.written.next(answer, &writing.secrets, growing);
        let mut text = String::new();
        for record in changes(turn, &writing.written.answer, &now.answer) {
            let line = scrubbed(line(&record), &writing.secrets);
            writing.cut |= writing.bytes + line.len() > MAX_ANSWER;
            if writing.cut {
                break;
            }
            writing.bytes += line.len();
            text.push_str(&line);
        }
        writing.written = now;
        if text.is_empty() { Ok(()) } else { self.append(conversation, &text) }
    }

    /// Writes a conversation and its files in place of what is there.
    fn replace(&self, whole: &Whole) -> io::Result<()> {
        for turn in &whole.turns {
            self.folder.keep_files(whole.id, &turn.ask)?;
        }
        self.folder.replace(whole.id, &lines_of(whole, false))
    }

    fn append(&mut self, conversation: u64, lines: &str) -> io::Result<()> {
        self.open.get(self.folder.files(), conversation)?.write_all(lines.as_bytes())
    }

    fn search(&self, words: &str, open: &[Whole]) -> Vec<u64> {
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let mut found: Vec<u64> =
            open.iter().filter(|open| holds(&open.turns, &words)).map(|open| open.id).collect();
        let known: HashSet<u64> = open.iter().map(|open| open.id).collect();
        for summary in self.folder.list().unwrap_or_default() {
            if !known.contains(&summary.id)
                && let Ok(Some(loaded)) = self.folder.read(summary.id)
                && holds(loaded.all_turns(), &words)
            {
                found.push(loaded.id);
            }
        }
        found
    }

    fn export(&self, ids: &[u64], open: &[Whole], to: &std::path::Path) -> io::Result<usize> {
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(std::path::Path::new(".")))?;
        let mut count = 0;
        for id in ids {
            let text = match open.iter().find(|open| open.id == *id) {
                Some(open) => lines_of(open, true),
                None => match self.folder.load(*id)? {
                    Some(loaded) => lines_of(&Whole::of(&loaded), true),
                    None => continue,
                },
            };
            file.write_all(text.as_bytes())?;
            count += 1;
        }
        file.as_file().sync_all()?;
        file.persist(to).map_err(|error| error.error)?;
        Ok(count)
    }

    /// Puts the conversations of a file into the folder, under ids that are not taken.
    fn import(&self, from: &std::path::Path) -> io::Result<Vec<super::Summary>> {
        let mut taken: HashSet<u64> = self.folder.list()?.iter().map(|known| known.id).collect();
        let mut imported = Vec::new();
        // A comparison is one of its own here, whatever was called so before.
        let mut comparisons: HashMap<u64, u64> = HashMap::new();
        for mut read in files::read_exported(from)? {
            while !taken.insert(read.id) {
                read.id += 1;
            }
            if let Some(beside) = &mut read.beside {
                beside.comparison = *comparisons.entry(beside.comparison).or_insert(read.id);
            }
            self.replace(&Whole::of(&read))?;
            imported.extend(super::summary(&read));
        }
        if imported.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "there is no conversation in it"));
        }
        Ok(imported)
    }

    /// Says once that nothing can be saved, and again when it could be in between.
    fn check(&mut self, written: io::Result<()>) {
        match written {
            Ok(()) => self.failed = false,
            Err(error) => {
                self.open.clear();
                if !std::mem::replace(&mut self.failed, true) {
                    self.fail("The conversation cannot be saved. It holds until Flowdeck is closed", &error);
                }
            }
        }
    }

    fn fail(&self, what: &str, error: &io::Error) {
        self.teller.tell(News::Failed(what.to_owned(), error.to_string()));
    }
}

fn scrubbed(line: String, secrets: &[Token]) -> String {
    secrets.iter().fold(line, |line, secret| secret.scrubbed(line))
}

/// All of a conversation; `within`: with its large files in it.
fn lines_of(whole: &Whole, within: bool) -> String {
    let mut text = line(&Record::Conversation { version: VERSION, id: whole.id });
    if whole.name.is_some() {
        text.push_str(&line(&Record::Name { name: whole.name.clone() }));
    }
    if whole.beside.is_some() {
        text.push_str(&line(&Record::Beside { beside: whole.beside.clone() }));
    }
    for turn in &whole.turns {
        text.push_str(&line(&turn_record(turn, within)));
        let secrets = secrets_of(turn);
        let mut bytes = 0;
        let mut cut = turn.cut;
        let kept = Quoted::default().next(&turn.answer, &secrets, !turn.answer.is_over());
        for record in changes(turn.id, &Transcript::default(), &kept.answer) {
            let line = scrubbed(line(&record), &secrets);
            bytes += line.len();
            cut |= bytes > MAX_ANSWER;
            if bytes > MAX_ANSWER {
                break;
            }
            text.push_str(&line);
        }
        // What was abandoned or is under way has no end.
        if turn.answer.is_over() && !turn.was_abandoned() {
            let ending = Box::new(Ending::of(turn, cut, kept.quotes));
            text.push_str(&scrubbed(line(&Record::End { turn: turn.id, ending }), &secrets));
        }
        if let Some(trace) = &turn.found_trace {
            text.push_str(&line(&Record::Trace { turn: turn.id, trace: Cow::Borrowed(trace) }));
        }
    }
    if let Some(turn) = whole.shown {
        text.push_str(&line(&Record::Shown { turn }));
    }
    text
}

/// Whether each word is said somewhere in the turns.
fn holds<'a>(turns: impl IntoIterator<Item = &'a Turn>, words: &[String]) -> bool {
    let mut missing: Vec<&String> = words.iter().collect();
    for turn in turns {
        if let Ask::Message(message) = &turn.ask {
            let mut said = message.text.to_lowercase();
            for file in &message.attachments {
                said.push('\n');
                said.push_str(&file.name().to_lowercase());
            }
            missing.retain(|word| !said.contains(word.as_str()));
        }
        let answered = turn.answer.text().to_lowercase();
        missing.retain(|word| !answered.contains(word.as_str()));
        if missing.is_empty() {
            return true;
        }
    }
    missing.is_empty()
}
