//! One experiment's runs: what has arrived, what is on its way, and which rows are seen in which order.

use std::collections::HashSet;
use std::time::Instant;

use super::RunsCommand;
use super::arrange::{Arrangement, Entry, Wanted, arrange};
use super::column::Bits;
use super::key::{Attribute, ColumnKey};
use super::layout::{Layout, columns_of};
use super::page::{Page, PageBuilder};
use super::sort::Sort;
use super::table::RunTable;
use crate::entities::{Millis, Run, ViewType};
use crate::state::remote::feed_pages_as;
use crate::state::tasks::{Feed, Polled, Task, Tasks};
use crate::state::{Cx, format};
use crate::tracking::{PageStream, RunQuery, TrackingError};

/// After so many runs we ask the user before asking the server for more: every 1,000 cost it a second or so.
pub(super) const ASK_AFTER: u32 = 20_000;
/// Pages that wait to be appended.
const PAGES_AHEAD: usize = 2;

/// How far loading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing was asked for, or it failed.
    Stopped,
    /// Pages are on their way: into the table, or (with the number that arrived) to replace it.
    Loading(Option<u32>),
    /// Stopped by the user, or by us at a large number.
    Paused,
    /// The last page was reached.
    Complete,
}

/// One experiment's runs.
pub struct Listing {
    experiment_id: String,
    view: ViewType,
    table: RunTable,
    generation: u64,
    incoming: Option<RunTable>,
    feed: Option<Feed<Result<Page, TrackingError>>>,
    error: Option<TrackingError>,
    complete: bool,
    paused: bool,
    ask_after: u32,
    loaded_at: Option<Millis>,

    layout: Layout,
    wanted: Wanted,
    open: Bits,
    /// While filtering everything is open, but for these.
    shut: Bits,
    arrangement: Arrangement,
    arranged_for: Wanted,
    visible: Vec<u32>,
    revision: u64,
    job: Option<Job>,
    stale: bool,
}

/// Rows being put in order elsewhere.
struct Job {
    wanted: Wanted,
    task: Task<Arrangement>,
    /// They are of this table, which replaces the one that is shown.
    table: Option<RunTable>,
}

impl Listing {
    /// Opens an experiment's table as it was laid out last, and starts to load.
    pub(super) fn open(experiment_id: String, cx: &mut Cx<'_>) -> Self {
        let kept = cx.settings.run_tables.get(&settings_key(cx, &experiment_id));
        let (layout, sort) = kept.map(Layout::from_settings).unwrap_or_default();
        let wanted = Wanted { sort, filter: String::new(), nested: true };
        let mut listing = Self {
            experiment_id,
            view: ViewType::ActiveOnly,
            table: RunTable::default(),
            generation: 0,
            incoming: None,
            feed: None,
            error: None,
            complete: false,
            paused: false,
            ask_after: ASK_AFTER,
            loaded_at: None,
            layout,
            arranged_for: wanted.clone(),
            wanted,
            open: Bits::default(),
            shut: Bits::default(),
            arrangement: Arrangement::default(),
            visible: Vec::new(),
            revision: 0,
            job: None,
            stale: false,
        };
        listing.load(cx);
        listing
    }

    /// The experiment.
    pub fn experiment_id(&self) -> &str {
        &self.experiment_id
    }

    /// Active, deleted or all runs.
    pub fn view(&self) -> ViewType {
        self.view
    }

    /// What has arrived.
    pub fn table(&self) -> &RunTable {
        &self.table
    }

    /// Changes when rows get other numbers.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Changes when other rows are seen, or in another order.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Why loading stopped. What arrived before stays.
    pub fn error(&self) -> Option<&TrackingError> {
        self.error.as_ref()
    }

    /// How far loading is.
    pub fn progress(&self) -> Progress {
        if self.feed.is_none() {
            return if self.complete { Progress::Complete } else { Progress::Stopped };
        }
        if self.paused {
            return Progress::Paused;
        }
        Progress::Loading(self.incoming.as_ref().map(|table| table.rows().count()))
    }

    /// When the last page was reached.
    pub fn loaded_at(&self) -> Option<Millis> {
        self.loaded_at
    }

    /// The columns that are shown.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What is sorted by.
    pub fn sort(&self) -> Option<&Sort> {
        self.wanted.sort.as_ref()
    }

    /// The words that are filtered by.
    pub fn filter(&self) -> &str {
        &self.wanted.filter
    }

    /// Whether the rows that are seen are filtered: a filter that was just typed takes a moment.
    pub fn shows_filtered(&self) -> bool {
        !self.arranged_for.filter.trim().is_empty()
    }

    /// Whether runs stand under their parents.
    pub fn is_nested(&self) -> bool {
        self.wanted.nested
    }

    /// How many rows are seen.
    pub fn visible_count(&self) -> usize {
        self.visible.len()
    }

    /// The row that is seen at a place.
    pub fn visible(&self, place: usize) -> Option<Entry> {
        self.visible.get(place).and_then(|&at| self.arrangement.entries.get(at as usize)).copied()
    }

    /// Where a row is seen.
    pub fn place_of(&self, row: u32) -> Option<usize> {
        (0..self.visible.len()).find(|&place| self.visible(place).is_some_and(|entry| entry.row == row))
    }

    /// What was arranged last: how many rows match, whether there are children.
    pub fn arrangement(&self) -> &Arrangement {
        &self.arrangement
    }

    /// Whether what is below a row is shown.
    pub fn is_open(&self, row: u32) -> bool {
        if self.shows_filtered() { !self.shut.get(row) } else { self.open.get(row) }
    }

    /// Asks for everything anew; what is there stays until it is complete.
    pub(super) fn load(&mut self, cx: &mut Cx<'_>) {
        let query = RunQuery {
            experiment_ids: vec![self.experiment_id.clone()],
            view_type: self.view,
            ..RunQuery::default()
        };
        self.incoming = (self.table.rows().count() > 0).then(RunTable::default);
        if self.incoming.is_none() {
            self.complete = false;
        }
        self.error = None;
        self.paused = false;
        self.feed = Some(feed_columns(cx.tasks, cx.store.search_runs(query)));
    }

    /// Takes what arrived.
    pub(super) fn poll(&mut self, deadline: Instant, cx: &mut Cx<'_>) {
        self.poll_pages(deadline, cx.tasks);
        self.poll_job();
        if self.stale && self.job.is_none() {
            self.start_job(cx.tasks, None);
        }
    }

    fn poll_pages(&mut self, deadline: Instant, tasks: &Tasks) {
        while let Some(feed) = self.feed.as_mut().filter(|_| !self.paused) {
            match feed.poll() {
                Polled::Pending => break,
                Polled::Ready(Ok(page)) => self.append(page),
                Polled::Ready(Err(error)) => {
                    self.error = Some(error);
                    self.incoming = None;
                    self.feed = None;
                }
                Polled::Lost => self.complete_loading(tasks),
            }
            if Instant::now() >= deadline {
                break;
            }
        }
    }

    fn append(&mut self, page: Page) {
        if let Some(incoming) = &mut self.incoming {
            incoming.append(page);
            return;
        }
        let first = self.table.rows().count() == 0;
        self.table.append(page);
        let loaded = self.table.rows().count();
        if first {
            self.layout.suggest(&self.table);
        }
        self.stale = true;
        if loaded >= self.ask_after {
            self.paused = true;
        }
    }

    fn complete_loading(&mut self, tasks: &Tasks) {
        self.feed = None;
        self.complete = true;
        self.loaded_at = Some(format::now());
        if let Some(table) = self.incoming.take() {
            self.start_job(tasks, Some(table));
        } else {
            self.layout.suggest(&self.table);
            self.stale = true;
        }
    }

    /// Another table takes the place of the one that is shown: what was open stays open.
    fn replace(&mut self, table: RunTable) {
        let renumbered = |bits: &Bits| {
            let ids: HashSet<&str> = bits.iter().map(|row| self.table.rows().run_id(row)).collect();
            let mut answer = Bits::default();
            if !ids.is_empty() {
                let rows = table.rows();
                (0..rows.count())
                    .filter(|&row| ids.contains(rows.run_id(row)))
                    .for_each(|row| answer.set(row, true));
            }
            answer
        };
        (self.open, self.shut) = (renumbered(&self.open), renumbered(&self.shut));
        self.table = table;
        self.generation += 1;
        self.layout.suggest(&self.table);
    }

    fn poll_job(&mut self) {
        let Some(job) = &mut self.job else { return };
        match job.task.poll() {
            Polled::Pending => {}
            Polled::Lost => self.job = None,
            Polled::Ready(arrangement) => {
                let Some(job) = self.job.take() else { return };
                let replaced = job.table.is_some();
                if let Some(table) = job.table {
                    self.replace(table);
                }
                // The newest request wins: an answer to an older one is not shown, unless the rows are others now.
                self.stale |= job.wanted != self.wanted;
                if replaced || job.wanted == self.wanted {
                    self.take(job.wanted, arrangement);
                }
            }
        }
    }

    fn start_job(&mut self, tasks: &Tasks, table: Option<RunTable>) {
        self.stale = false;
        let shown = table.as_ref().unwrap_or(&self.table);
        let rows = shown.rows().clone();
        let wanted = self.wanted.clone();
        let key = wanted.sort.as_ref().and_then(|sort| shown.key(&sort.key)).map(|key| key.id);
        let now = format::now();
        let task = tasks.spawn_blocking({
            let wanted = wanted.clone();
            move || arrange(&rows, &wanted, key, now)
        });
        self.job = Some(Job { wanted, task, table });
    }

    fn take(&mut self, wanted: Wanted, arrangement: Arrangement) {
        if wanted.filter != self.arranged_for.filter {
            self.shut = Bits::default();
        }
        self.arranged_for = wanted;
        self.arrangement = arrangement;
        self.show_open();
    }

    fn show_open(&mut self) {
        self.visible = self.arrangement.visible(|row| self.is_open(row));
        self.revision += 1;
    }

    pub(super) fn apply(&mut self, command: RunsCommand, cx: &mut Cx<'_>) {
        match command {
            RunsCommand::Filter(filter) => self.want(|wanted| wanted.filter = filter),
            RunsCommand::Nest(nested) => self.want(|wanted| wanted.nested = nested),
            RunsCommand::View(view) => self.set_view(view, cx),
            RunsCommand::CycleSort(key) => {
                let sort = self.next_sort(key);
                self.set_sort(sort, cx);
            }
            RunsCommand::SortBy(sort) => self.set_sort(sort, cx),
            RunsCommand::Unfold(row, open) => self.unfold(row, open),
            RunsCommand::UnfoldAll(open) => self.unfold_all(open),
            RunsCommand::Pause(paused) => {
                self.paused = paused;
                self.ask_after = u32::MAX;
            }
            RunsCommand::ShowColumn(key, shown) => self.edit_layout(cx, |layout, _| layout.show(key, shown)),
            RunsCommand::ShiftColumn(key, right) => {
                self.edit_layout(cx, |layout, _| layout.shift(&key, right));
            }
            RunsCommand::ResetColumns => self.edit_layout(cx, Layout::reset),
            RunsCommand::ShowGroup { group, containing, shown } => {
                let columns = columns_of(&self.table, group, &containing);
                self.edit_layout(cx, |layout, _| {
                    for column in columns {
                        if layout.columns().contains(&column) != shown {
                            layout.show(column, shown);
                        }
                    }
                });
            }
            RunsCommand::NameModels(_) => {}
        }
    }

    fn want(&mut self, change: impl FnOnce(&mut Wanted)) {
        let before = self.wanted.clone();
        change(&mut self.wanted);
        self.stale |= self.wanted != before;
    }

    fn set_view(&mut self, view: ViewType, cx: &mut Cx<'_>) {
        if view == self.view {
            return;
        }
        self.view = view;
        // Other runs: the old ones would be a lie.
        self.job = None;
        self.replace(RunTable::default());
        self.take(self.wanted.clone(), Arrangement::default());
        self.load(cx);
    }

    /// Numbers are wanted best first, which is mostly the largest; text from A.
    fn next_sort(&self, key: ColumnKey) -> Option<Sort> {
        let first = match &key {
            ColumnKey::Metric(_) => true,
            ColumnKey::Param(_) | ColumnKey::Tag(_) => {
                self.table.key(&key).is_some_and(|key| key.stats.numeric)
            }
            ColumnKey::Attribute(attribute) => {
                matches!(attribute, Attribute::Start | Attribute::End | Attribute::Duration)
            }
        };
        match &self.wanted.sort {
            Some(sort) if sort.key == key && sort.descending != first => None,
            Some(sort) if sort.key == key => Some(Sort { key, descending: !first }),
            _ => Some(Sort { key, descending: first }),
        }
    }

    fn set_sort(&mut self, sort: Option<Sort>, cx: &mut Cx<'_>) {
        self.want(|wanted| wanted.sort = sort);
        self.remember(cx);
    }

    fn unfold(&mut self, row: u32, open: bool) {
        self.open.set(row, open);
        self.shut.set(row, !open);
        self.show_open();
    }

    fn unfold_all(&mut self, open: bool) {
        let entries = std::mem::take(&mut self.arrangement.entries);
        for entry in entries.iter().filter(|entry| entry.below > 0) {
            self.open.set(entry.row, open);
            self.shut.set(entry.row, !open);
        }
        self.arrangement.entries = entries;
        self.show_open();
    }

    fn edit_layout(&mut self, cx: &mut Cx<'_>, edit: impl FnOnce(&mut Layout, &RunTable)) {
        edit(&mut self.layout, &self.table);
        self.remember(cx);
    }

    fn remember(&self, cx: &mut Cx<'_>) {
        let layout = self.layout.to_settings(self.wanted.sort.as_ref());
        let key = settings_key(cx, &self.experiment_id);
        cx.settings.remember_run_table(key, layout);
    }
}

fn settings_key(cx: &Cx<'_>, experiment_id: &str) -> String {
    crate::state::settings::experiment_key(&cx.store.info(), experiment_id)
}

/// Turns pages of runs into pages of columns, while the next ones are read. The feed ends after the last page.
pub fn feed_columns(tasks: &Tasks, pages: PageStream<Run>) -> Feed<Result<Page, TrackingError>> {
    let mut builder = PageBuilder::default();
    feed_pages_as(tasks, PAGES_AHEAD, pages, move |runs| builder.page(&runs))
}
