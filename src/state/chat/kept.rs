//! Conversations beyond the one that is shown: the list of all, what is kept on disk, found, renamed, deleted, exported
//! and imported.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::beside::Beside;
use super::conversation::Conversation;
use super::markdown::{compared, markdown};
use super::shelf::{News, Shelf, Summary, Whole, summary};
use super::{Chat, FoundTrace};
use crate::agent::{to_curl, to_python};
use crate::state::Command;
use crate::state::artifacts::safe_name;
use crate::state::chat::ChatCommand;
use crate::state::dialogs::Dialogs;
use crate::state::format::counted;
use crate::state::notices::Notices;
use crate::state::settings::Settings;
use crate::state::tasks::{Polled, Task, Tasks};

/// What is known of all conversations, and the folder they are kept in.
#[derive(Default)]
pub(super) struct Kept {
    shelf: Option<Shelf>,
    dialogs: Option<Arc<dyn Dialogs>>,
    /// Those on disk, as they were listed.
    on_disk: Vec<Summary>,
    /// All that something was said in, the newest first.
    all: Vec<Summary>,
    /// The one that is being read to be shown.
    loading: Option<Wanted>,
    /// Those that are to be copied: being read, or as text that waits for the clipboard.
    copying: Option<(Wanted, CopyAs)>,
    copied: Option<String>,
    words: String,
    /// What was found for other words stays until the answer is here, and all where nothing was looked for before.
    found: Option<HashSet<u64>>,
    deleted: Vec<Deleted>,
    asking: Option<(Asked, Task<Option<PathBuf>>)>,
}

/// What is being read.
struct Wanted {
    /// What was asked for.
    id: u64,
    /// The files that are not here yet: one, or those of a comparison.
    missing: Vec<u64>,
}

impl Wanted {
    /// One file is here, or never will be. Whether that was the last.
    fn take(&mut self, id: u64) -> bool {
        let before = self.missing.len();
        self.missing.retain(|missing| *missing != id);
        self.missing.is_empty() && before > 0
    }

    fn is_about(&self, id: u64) -> bool {
        self.id == id || self.missing.contains(&id)
    }
}

/// What a conversation is copied as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyAs {
    /// The branch that is shown, to read.
    Markdown,
    /// Its last request, which says all of it, for a shell; of a comparison, each pane's.
    Curl,
    /// The same for Python.
    Python,
}

impl CopyAs {
    fn text_of(self, panes: &[&Conversation]) -> Option<String> {
        let write = match (self, panes) {
            (_, []) => return None,
            (Self::Markdown, [one]) => return Some(markdown(one)),
            (Self::Markdown, panes) => return Some(compared(panes)),
            (Self::Curl, _) => to_curl,
            (Self::Python, _) => to_python,
        };
        let requests = panes.iter().filter_map(|pane| {
            let last = pane.turns.last()?;
            Some(write(&last.endpoint, &pane.payload(last.id)?))
        });
        Some(requests.collect::<Vec<_>>().join("\n")).filter(|text| !text.is_empty())
    }
}

struct Deleted {
    id: u64,
    loaded: Option<Conversation>,
    on_disk: Option<Summary>,
}

enum Asked {
    Export(Vec<u64>),
    Import,
}

impl Kept {
    /// Who asks the user for files.
    pub(super) fn dialogs(&self) -> Option<&Arc<dyn Dialogs>> {
        self.dialogs.as_ref()
    }
}

impl Chat {
    /// Asks the user for files by these dialogs.
    pub fn ask_by(&mut self, dialogs: Arc<dyn Dialogs>) {
        self.kept.dialogs = Some(dialogs);
    }

    /// Keeps conversations in a folder from now on, and lists those that are there.
    pub fn keep_in(&mut self, folder: PathBuf, tasks: &Tasks) {
        self.kept.shelf = Shelf::open(folder, tasks);
    }

    /// Whether there is a folder to keep conversations in.
    pub fn can_keep(&self) -> bool {
        self.kept.shelf.is_some()
    }

    /// Every conversation in which something was said, the newest first.
    pub fn all(&self) -> &[Summary] {
        &self.kept.all
    }

    /// The words that are looked for.
    pub fn words(&self) -> &str {
        &self.kept.words
    }

    /// Whether a conversation is among those looked for.
    pub fn is_wanted(&self, summary: &Summary) -> bool {
        let words = &self.kept.words;
        let Some(found) = self.kept.found.as_ref().filter(|_| !words.is_empty()) else { return true };
        summary.members.iter().any(|id| found.contains(id)) || {
            let title = summary.title.to_lowercase();
            words.split_whitespace().all(|word| title.contains(&word.to_lowercase()))
        }
    }

    /// Waits until everything is on disk, some seconds at most.
    pub fn flush(&self) {
        if let Some(shelf) = &self.kept.shelf {
            shelf.flush();
        }
    }

    /// A turn of a conversation has just begun.
    pub(super) fn keep_begun(&mut self, id: u64, settings: &Settings) {
        self.relist();
        let Some(shelf) = self.kept.shelf.as_ref().filter(|_| settings.keep_conversations) else { return };
        let Some(conversation) = self.conversations.iter_mut().find(|known| known.id == id) else { return };
        if !std::mem::replace(&mut conversation.kept, true) {
            shelf.save(conversation);
        } else if let Some(turn) = conversation.turns.last() {
            shelf.begun(id, turn);
        }
    }

    /// A conversation that was made of another one.
    pub(super) fn keep_whole(&mut self, id: u64, settings: &Settings) {
        let Some(shelf) = self.kept.shelf.as_ref().filter(|_| settings.keep_conversations) else { return };
        if let Some(conversation) = self.conversations.iter_mut().find(|known| known.id == id) {
            conversation.kept = true;
            shelf.save(conversation);
        }
    }

    /// It was put into a comparison, or taken out.
    pub(super) fn keep_placed(&mut self, id: u64, beside: Option<Beside>, settings: &Settings) {
        if let Some(shelf) = self.kept.shelf.as_ref().filter(|_| settings.keep_conversations) {
            shelf.placed(id, beside);
        }
    }

    /// More of an answer came, or its end.
    pub(super) fn keep_grown(&mut self, id: u64, ended: bool, settings: &Settings) {
        let Some(shelf) = self.kept.shelf.as_ref().filter(|_| settings.keep_conversations) else { return };
        let Some(conversation) = self.conversations.iter().find(|known| known.id == id && known.kept) else {
            return;
        };
        match conversation.turns.last() {
            Some(turn) if ended => shelf.ended(id, turn),
            Some(turn) => shelf.grew(id, turn.id, &turn.answer),
            None => {}
        }
    }

    /// Another branch of a conversation is shown.
    pub(super) fn keep_shown(&mut self, id: u64, settings: &Settings) {
        let Some(shelf) = self.kept.shelf.as_ref().filter(|_| settings.keep_conversations) else { return };
        if let Some(known) = self.conversations.iter().find(|known| known.id == id && known.kept)
            && let Some(turn) = known.last_turn()
        {
            shelf.shown(id, turn);
        }
    }

    /// Keeps what was found as the trace of a turn.
    pub(in crate::state) fn set_trace(&mut self, turn: u64, trace: &FoundTrace, settings: &Settings) {
        let Some(known) = self.conversations.iter_mut().find_map(|known| {
            let is_its = known.set_trace(turn, trace.clone());
            is_its.then_some(&*known)
        }) else {
            return;
        };
        if let Some(shelf) = self.kept.shelf.as_ref().filter(|_| settings.keep_conversations && known.kept) {
            shelf.traced(known.id, turn, trace);
        }
    }

    /// Keeps conversations from now on, or not. What was kept stays.
    pub(super) fn set_keep(&mut self, keep: bool, settings: &mut Settings) {
        settings.keep_conversations = keep;
        // What is said in the meantime is missing in their files: they are written anew with the next message.
        for conversation in self.conversations.iter_mut().filter(|_| !keep) {
            if conversation.kept
                && let Some(summary) = summary(conversation)
            {
                self.kept.on_disk.retain(|known| known.id != summary.id);
                self.kept.on_disk.push(summary);
            }
            conversation.kept = false;
        }
    }

    /// Shows a conversation; reads it first where it is not loaded.
    pub(super) fn show(&mut self, id: u64) {
        if self.loading() == Some(id) {
            return;
        }
        self.kept.loading = None;
        let missing = self.not_loaded(id);
        if missing.is_empty() {
            self.current = id;
        } else if let Some(shelf) = &self.kept.shelf {
            for id in &missing {
                shelf.load(*id);
            }
            self.kept.loading = Some(Wanted { id, missing });
        }
    }

    /// The conversation that is being read to be shown.
    pub fn loading(&self) -> Option<u64> {
        self.kept.loading.as_ref().map(|wanted| wanted.id)
    }

    /// What an entry of the list stands for: a conversation, or all of its comparison.
    pub fn members(&self, id: u64) -> Vec<u64> {
        let listed = self.kept.all.iter().find(|known| known.members.contains(&id));
        listed.map_or_else(|| vec![id], |known| known.members.clone())
    }

    fn not_loaded(&self, id: u64) -> Vec<u64> {
        let is_loaded = |id: &u64| self.conversations.iter().any(|known| known.id == *id);
        self.members(id).into_iter().filter(|id| !is_loaded(id)).collect()
    }

    pub(super) fn rename(&mut self, id: u64, name: &str, settings: &Settings) {
        for id in self.members(id) {
            self.rename_one(id, name, settings);
        }
        self.relist();
    }

    fn rename_one(&mut self, id: u64, name: &str, settings: &Settings) {
        let name = Some(name.trim()).filter(|name| !name.is_empty());
        if let Some(conversation) = self.conversations.iter_mut().find(|known| known.id == id) {
            conversation.name = name.map(str::to_owned);
        }
        let listed = self.kept.on_disk.iter_mut().find(|known| known.id == id);
        let is_listed = listed.is_some();
        if let Some((listed, name)) = listed.zip(name) {
            name.clone_into(&mut listed.title);
        }
        let on_disk = is_listed || self.conversations.iter().any(|known| known.id == id && known.kept);
        if let Some(shelf) = self.kept.shelf.as_ref().filter(|_| on_disk && settings.keep_conversations) {
            shelf.renamed(id, name);
        }
    }

    pub(super) fn delete(&mut self, ids: &[u64], notices: &mut Notices) {
        let said: Vec<String> = self
            .kept
            .all
            .iter()
            .filter(|known| ids.contains(&known.id))
            .map(|known| known.title.clone())
            .collect();
        let ids: Vec<u64> = ids.iter().flat_map(|id| self.members(*id)).collect();
        for id in &ids {
            self.delete_one(*id);
        }
        self.relist();
        let text = match said.as_slice() {
            [] => return,
            [title] => format!("Deleted “{title}”"),
            titles => format!("Deleted {}", counted(titles.len(), "conversation", "conversations")),
        };
        notices.success(text, Some(("Undo", Command::Chat(ChatCommand::Restore(ids)))));
    }

    fn delete_one(&mut self, id: u64) {
        let at = self.conversations.iter().position(|known| known.id == id);
        let loaded = at.map(|at| self.conversations.remove(at)).map(|mut loaded| {
            loaded.abandon();
            loaded
        });
        self.kept.loading.take_if(|wanted| wanted.is_about(id));
        self.kept.copying.take_if(|(wanted, _)| wanted.is_about(id));
        let listed = self.kept.on_disk.iter().position(|known| known.id == id);
        let on_disk = listed.map(|at| self.kept.on_disk.remove(at));
        let is_kept = on_disk.is_some() || loaded.as_ref().is_some_and(|loaded| loaded.kept);
        if let Some(shelf) = self.kept.shelf.as_ref().filter(|_| is_kept) {
            if let Some(turn) = loaded.as_ref().filter(|loaded| loaded.kept).and_then(|l| l.turns.last()) {
                shelf.ended(id, turn);
            }
            shelf.delete(id);
        }
        self.kept.deleted.push(Deleted { id, loaded, on_disk });
        if self.conversations.is_empty() {
            self.begin();
        } else if self.current == id
            && let Some(next) = at.and_then(|at| self.conversations.get(at)).or(self.conversations.first())
        {
            self.current = next.id;
        }
    }

    pub(super) fn restore(&mut self, ids: &[u64]) {
        for id in ids {
            let Some(at) = self.kept.deleted.iter().position(|deleted| deleted.id == *id) else { continue };
            let Deleted { loaded, on_disk, .. } = self.kept.deleted.remove(at);
            let is_kept = on_disk.is_some() || loaded.as_ref().is_some_and(|loaded| loaded.kept);
            if let Some(shelf) = self.kept.shelf.as_ref().filter(|_| is_kept) {
                shelf.restore(*id);
            }
            self.kept.on_disk.extend(on_disk);
            if let Some(loaded) = loaded {
                self.current = loaded.id;
                self.conversations.insert(0, loaded);
            }
        }
        self.relist();
    }

    /// Makes text of a conversation; reads it first where it is not loaded.
    pub(super) fn copy_text(&mut self, id: u64, copy_as: CopyAs) {
        let missing = self.not_loaded(id);
        if missing.is_empty() {
            let members = self.members(id);
            let loaded =
                members.iter().filter_map(|id| self.conversations.iter().find(|known| known.id == *id));
            self.kept.copied = copy_as.text_of(&loaded.collect::<Vec<_>>());
        } else if let Some(shelf) = &self.kept.shelf {
            for id in &missing {
                shelf.load(*id);
            }
            self.kept.copying = Some((Wanted { id, missing }, copy_as));
        }
    }

    /// Text for the clipboard, once.
    pub fn take_copied(&mut self) -> Option<String> {
        self.kept.copied.take()
    }

    pub(super) fn search(&mut self, words: &str) {
        words.trim().clone_into(&mut self.kept.words);
        if self.kept.words.is_empty() {
            self.kept.found = None;
        } else if let Some(shelf) = &self.kept.shelf {
            shelf.search(&self.kept.words, self.conversations.iter().map(Whole::of).collect());
        } else {
            self.kept.found = Some(HashSet::new());
        }
    }

    /// Asks where to, then writes one conversation or all of them.
    pub(super) fn export(&mut self, one: Option<u64>, tasks: &Tasks) {
        let Some(dialogs) = &self.kept.dialogs else { return };
        let wanted = self.kept.all.iter().filter(|known| one.is_none_or(|one| known.members.contains(&one)));
        let ids: Vec<u64> = wanted.flat_map(|known| known.members.iter().copied()).collect();
        let title = self.kept.all.iter().find(|known| Some(known.id) == one).map(|known| &known.title);
        let name = title.map_or_else(|| "conversations".to_owned(), |title| safe_name(title));
        let task = tasks.spawn(dialogs.save_file(&format!("{name}.jsonl")));
        self.kept.asking = Some((Asked::Export(ids), task));
    }

    /// Asks for a file, then reads it.
    pub(super) fn import(&mut self, tasks: &Tasks) {
        if let Some(dialogs) = &self.kept.dialogs {
            self.kept.asking = Some((Asked::Import, tasks.spawn(dialogs.pick_conversations())));
        }
    }

    /// Takes what dialogs and the disk answered.
    pub(super) fn poll_kept(&mut self, notices: &mut Notices) {
        self.poll_asked();
        while let Some(news) = self.kept.shelf.as_ref().and_then(Shelf::next) {
            match news {
                News::Listed(all) => self.kept.on_disk = all,
                News::Loaded(loaded) => self.take_loaded(*loaded),
                News::Missing(id) => {
                    self.kept.on_disk.retain(|known| known.id != id);
                    notices.warning("The conversation is not there any more", None);
                    self.relist();
                    self.take_read(id);
                }
                News::Found(words, ids) if words == self.kept.words => {
                    self.kept.found = Some(ids.into_iter().collect());
                }
                News::Found(..) => {}
                News::Imported(all) => {
                    notices.success(
                        format!("Imported {}", counted(all.len(), "conversation", "conversations")),
                        None,
                    );
                    let newest = all.first().map(|first| first.id);
                    self.kept.on_disk.extend(all);
                    self.relist();
                    if let Some(id) = newest {
                        self.show(id);
                    }
                }
                News::Exported(path, count) => {
                    let what = counted(count, "conversation", "conversations");
                    let text = format!("Exported {what} to {}", path.display());
                    notices.success(text, Some(("Show in folder", Command::ShowInFolder(path))));
                }
                News::Failed(what, why) => {
                    notices.failed(format!("{what}: {why}"), why, None);
                }
            }
            self.relist();
        }
    }

    fn poll_asked(&mut self) {
        let Some((_, task)) = &mut self.kept.asking else { return };
        let path = match task.poll() {
            Polled::Pending => return,
            Polled::Ready(path) => path,
            Polled::Lost => None,
        };
        let asked = self.kept.asking.take().map(|(asked, _)| asked);
        let Some(((path, asked), shelf)) = path.zip(asked).zip(self.kept.shelf.as_ref()) else { return };
        match asked {
            Asked::Import => shelf.import(path),
            Asked::Export(ids) => {
                let open = self.conversations.iter().filter(|open| ids.contains(&open.id));
                let open = open.map(Whole::of).collect();
                shelf.export(ids, open, path);
            }
        }
    }

    fn take_loaded(&mut self, loaded: Conversation) {
        let id = loaded.id;
        // It may have been deleted since it was asked for.
        let copying = self.kept.copying.as_ref().map(|(wanted, _)| wanted);
        let wanted = [self.kept.loading.as_ref(), copying].into_iter().flatten();
        if !wanted.into_iter().any(|wanted| wanted.missing.contains(&id)) {
            return;
        }
        if self.conversations.iter().all(|known| known.id != id) {
            self.conversations.push(loaded);
        }
        self.take_read(id);
    }

    /// A file was read, or is not there: what waited for it may be whole.
    fn take_read(&mut self, id: u64) {
        if let Some((copied, copy_as)) = self.kept.copying.take_if(|(wanted, _)| wanted.take(id)) {
            self.copy_text(copied.id, copy_as);
        }
        if let Some(shown) = self.kept.loading.take_if(|wanted| wanted.take(id))
            && let Some(shown) = self.members(shown.id).into_iter().find(|id| self.not_loaded(*id).is_empty())
        {
            self.current = shown;
        }
    }

    /// Puts the list of all together anew.
    pub(super) fn relist(&mut self) {
        let loaded = self.conversations.iter().filter_map(summary);
        let elsewhere = self.kept.on_disk.iter();
        let elsewhere = elsewhere.filter(|known| self.conversations.iter().all(|open| open.id != known.id));
        let mut all = together(loaded.chain(elsewhere.cloned()));
        all.sort_by_key(|known| std::cmp::Reverse((known.updated, known.id)));
        self.kept.all = all;
    }
}

/// One entry for all panes of a comparison: it is called as the first of them.
fn together(all: impl Iterator<Item = Summary>) -> Vec<Summary> {
    let (mut listed, mut comparisons) = (Vec::new(), BTreeMap::<u64, Vec<Summary>>::new());
    for known in all {
        match &known.beside {
            Some(beside) => comparisons.entry(beside.comparison).or_default().push(known),
            None => listed.push(known),
        }
    }
    for (_, mut panes) in comparisons {
        panes.sort_by_key(|pane| pane.beside.as_ref().map(|beside| beside.place));
        let members: Vec<u64> = panes.iter().map(|pane| pane.id).collect();
        let updated = panes.iter().map(|pane| pane.updated).max();
        let turns = panes.iter().map(|pane| pane.turns).max();
        if let Some((first, updated)) = panes.into_iter().next().zip(updated) {
            listed.push(Summary { updated, turns: turns.unwrap_or(first.turns), members, ..first });
        }
    }
    listed
}
