//! Two sides and what differs between them, as it arrives.

use super::files::FilePair;
use super::line::{Line, Section};
use super::lines::{compare, compare_packaged};
use super::packaged::Packaged;
use super::side::{Side, load_side};
use super::subject::Subject;
use super::walk::{FilesEvent, compare_files};
use crate::entities::{ModelVersion, VersionNumber, tag};
use crate::state::artifacts::json::indent;
use crate::state::registry::board::Board;
use crate::state::remote::Remote;
use crate::state::tasks::{Feed, Polled, Task};
use crate::state::{Cx, ModelKind, format};

/// Two sides, and what differs between them. Everything is loaded off the UI thread; dropping it stops that.
#[derive(Debug, Default)]
pub struct Comparison {
    subjects: [Option<Subject>; 2],
    sides: [Remote<Side>; 2],
    lines: Vec<Line>,
    files: Files,
    revision: u64,
}

/// The files of both sides.
#[derive(Debug, Default)]
struct Files {
    pairs: Vec<FilePair>,
    gaps: Vec<String>,
    packaged: [Packaged; 2],
    packaged_read: bool,
    read: usize,
    listed: bool,
    feed: Option<Feed<FilesEvent>>,
    text: Option<Task<FilePair>>,
}

/// How a prompt's text is called in the list of files.
const PROMPT: &str = "Text";

impl Comparison {
    /// Compares two versions of a model; what the board knows of them is there at once. A side that is `None` is not
    /// there (yet).
    pub fn of_versions(
        (kind, name): (ModelKind, &str),
        [from, to]: [Option<VersionNumber>; 2],
        board: &Board,
        cx: &Cx<'_>,
    ) -> Self {
        let subject = |version: VersionNumber| Subject::Version { kind, name: name.to_owned(), version };
        let on_board = |version| board.version(version).filter(|_| board.shows(kind, name));
        let known =
            |version: Option<VersionNumber>| version.and_then(on_board).cloned().map(Side::of_version);
        Self::start([from.map(subject), to.map(subject)], [known(from), known(to)], cx)
    }

    /// Compares any two.
    pub fn between(from: Subject, to: Subject, cx: &Cx<'_>) -> Self {
        Self::start([Some(from), Some(to)], [None, None], cx)
    }

    fn start(subjects: [Option<Subject>; 2], known: [Option<Side>; 2], cx: &Cx<'_>) -> Self {
        let sides = known.map(|side| side.map_or_else(Remote::default, Remote::ready));
        let mut comparison = Self { subjects, sides, ..Self::default() };
        comparison.reload(cx);
        comparison.redo_lines();
        comparison
    }

    /// Asks anew for both sides, and then for their files. What was shown stays until then.
    pub fn reload(&mut self, cx: &Cx<'_>) {
        for (subject, side) in self.subjects.iter().zip(&mut self.sides) {
            if let Some(subject) = subject {
                side.load(cx.tasks, load_side(cx.store, subject));
            }
        }
        self.files.feed = None;
        self.files.text = None;
    }

    /// Takes what arrived.
    pub fn poll(&mut self, cx: &Cx<'_>) {
        let mut changed = false;
        for side in &mut self.sides {
            changed |= side.poll();
        }
        if changed {
            self.redo_lines();
            let settled = self.sides.iter().all(|side| !side.is_loading() && side.error().is_none());
            if settled && let [Some(from), Some(to)] = [0, 1].map(|side: usize| self.sides[side].value()) {
                self.files.start([from, to], self.is_prompt(), cx);
            }
        }
        if self.files.poll() {
            self.redo_lines();
            changed = true;
        }
        if changed {
            self.revision += 1;
        }
    }

    fn redo_lines(&mut self) {
        let mut lines = compare(self.sides[0].value(), self.sides[1].value());
        if self.files.packaged_read {
            lines.extend(compare_packaged(&self.files.packaged[0], &self.files.packaged[1]));
        }
        lines.sort_by_key(|line| line.section);
        self.lines = lines;
    }

    /// What is on the left (0) and on the right (1).
    pub fn subject(&self, side: usize) -> Option<&Subject> {
        self.subjects.get(side)?.as_ref()
    }

    /// What is known of a side.
    pub fn side(&self, side: usize) -> Option<&Side> {
        self.sides.get(side)?.value()
    }

    /// Why a side could not be loaded at all.
    pub fn error(&self, side: usize) -> Option<&crate::tracking::TrackingError> {
        self.sides.get(side)?.error()
    }

    /// The version on the right, if it is one and is known.
    pub fn to(&self) -> Option<&ModelVersion> {
        self.side(1)?.version.as_ref()
    }

    /// How a side is called: `v7`, or with its model where the other side's is another one; a run's name.
    pub fn title(&self, side: usize) -> String {
        let Some(subject) = self.subject(side) else { return String::new() };
        let other = self.subject(1 - side).and_then(Subject::version);
        match (subject, self.side(side)) {
            (Subject::Version { name, version, .. }, _) if other.is_none_or(|(o, _)| o == name) => {
                format!("v{version}")
            }
            (Subject::Run { .. }, Some(Side { run: Some(run), .. })) => run.info.run_name.clone(),
            (Subject::LoggedModel { model_id }, Some(Side { model: Some(model), .. })) => {
                format!("{} {}", model.name, format::short_id(model_id))
            }
            _ => subject.label(),
        }
    }

    /// What is compared line by line, sections in their order.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The lines of one section.
    pub fn section(&self, section: Section) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.section == section)
    }

    /// The files, by path.
    pub fn files(&self) -> &[FilePair] {
        &self.files.pairs
    }

    /// Grows whenever something arrived, for who caches what was made of it.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether anything is still on its way.
    pub fn is_loading(&self) -> bool {
        self.sides.iter().any(Remote::is_loading) || self.files.is_loading()
    }

    /// Whether what is packaged in both models was read, as far as it is there.
    pub fn is_packaged_known(&self) -> bool {
        self.files.packaged_read
    }

    /// What is on its way, in words: `12 of 40 files`.
    pub fn progress(&self) -> Option<String> {
        if self.sides.iter().any(Remote::is_loading) {
            return Some("Loading…".into());
        }
        if !self.files.is_loading() {
            return None;
        }
        let all = self.files.pairs.len();
        if !self.files.listed {
            return Some("Listing the files…".into());
        }
        Some(format!("{} of {}…", format::count(self.files.read), format::counted(all, "file", "files")))
    }

    /// What could not be loaded or compared, as sentences.
    pub fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        for side in 0..2 {
            if let Some(error) = self.error(side) {
                gaps.push(format!("{} could not be loaded: {error}", self.title(side)));
            }
            gaps.extend(self.side(side).into_iter().flat_map(|side| side.gaps.iter().cloned()));
        }
        gaps.extend(self.files.gaps.iter().cloned());
        for (side, packaged) in self.files.packaged.iter().enumerate() {
            gaps.extend(packaged.problems.iter().map(|why| format!("{}: {why}", self.title(side))));
        }
        gaps
    }

    /// Whether both sides are there and, as far as everything was read, nothing differs.
    pub fn is_same(&self) -> bool {
        !self.lines.iter().any(Line::differs) && !self.files.pairs.iter().any(|file| file.status.differs())
    }

    /// Whether two prompts are compared.
    pub fn is_prompt(&self) -> bool {
        self.subjects.iter().flatten().all(Subject::is_prompt)
    }

    /// The files of a comparison of which everything is given, for tests.
    #[cfg(test)]
    pub(super) fn for_test(
        subjects: [Subject; 2],
        sides: [Side; 2],
        pairs: Vec<FilePair>,
        packaged: [Packaged; 2],
    ) -> Self {
        let files = Files { pairs, packaged, packaged_read: true, listed: true, ..Files::default() };
        let mut comparison =
            Self { subjects: subjects.map(Some), sides: sides.map(Remote::ready), files, ..Self::default() };
        comparison.redo_lines();
        comparison
    }
}

impl Files {
    fn start(&mut self, sides: [&Side; 2], is_prompt: bool, cx: &Cx<'_>) {
        if is_prompt {
            let texts = sides.map(prompt_text);
            self.text =
                Some(cx.tasks.spawn_blocking(move || FilePair::of_texts(PROMPT, &texts[0], &texts[1])));
            return;
        }
        let places = sides.map(|side| side.places.clone());
        self.read = 0;
        self.listed = false;
        self.feed = Some(compare_files(cx.tasks, std::sync::Arc::clone(cx.store), places));
    }

    fn is_loading(&self) -> bool {
        self.feed.is_some() || self.text.is_some()
    }

    fn poll(&mut self) -> bool {
        let mut changed = self.poll_text();
        while let Some(feed) = &mut self.feed {
            match feed.poll() {
                Polled::Pending => break,
                Polled::Lost => self.feed = None,
                Polled::Ready(event) => self.take(event),
            }
            changed = true;
        }
        changed
    }

    fn poll_text(&mut self) -> bool {
        let Some(task) = &mut self.text else { return false };
        match task.poll() {
            Polled::Pending => return false,
            Polled::Ready(pair) => self.pairs = vec![pair],
            Polled::Lost => self.gaps = vec!["The texts could not be compared".into()],
        }
        self.text = None;
        self.listed = true;
        true
    }

    fn take(&mut self, event: FilesEvent) {
        match event {
            FilesEvent::Listed(pairs, gaps) => {
                let packaged = Default::default();
                *self =
                    Self { pairs, gaps, listed: true, packaged, feed: self.feed.take(), ..Self::default() };
            }
            FilesEvent::Packaged => self.packaged_read = true,
            FilesEvent::Read(at, pair, pieces) => {
                self.read += 1;
                if let Some(place) = self.pairs.get_mut(at) {
                    *place = pair;
                }
                for (packaged, piece) in self.packaged.iter_mut().zip(pieces) {
                    if let Some(piece) = piece {
                        packaged.take(piece);
                    }
                }
            }
        }
    }
}

/// A chat prompt is JSON in one line: as such nobody can compare it.
fn prompt_text(side: &Side) -> String {
    let text = side.version.as_ref().and_then(|version| version.tags.get(tag::PROMPT_TEXT));
    let text = text.map(String::as_str).unwrap_or_default();
    if text.starts_with('[') { indent(text) } else { text.to_owned() }
}
