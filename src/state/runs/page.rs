//! A page of runs turned into columns, off the UI thread. What the UI thread does with it is a few appends.

use std::collections::HashMap;
use std::sync::Arc;

use super::column::{Bits, Column};
use super::strings::{Interner, Part, StrId};
use crate::entities::{LifecycleStage, Millis, Run, RunStatus, tag};

/// Longer values are cut in the table; a run's own page has them whole.
const LONGEST_TEXT: usize = 1_000;

/// Texts that a run has besides its params and tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Run id.
    RunId,
    /// Run name.
    Name,
    /// Who started it.
    User,
    /// What logged it.
    Source,
    /// Ids of the models that it logged, a space between them.
    Models,
    /// Git commit.
    Commit,
    /// Names of its datasets, a comma between them.
    Datasets,
    /// Run id of the parent.
    Parent,
}

impl Field {
    const COUNT: usize = 8;
}

/// What kind of key a column belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// Metric.
    Metric,
    /// Param.
    Param,
    /// Tag.
    Tag,
}

/// The rows of one page as columns. Never changes once it is made.
#[derive(Debug)]
pub struct Chunk {
    pub(super) rows: u32,
    status: Vec<RunStatus>,
    deleted: Bits,
    start: Column<Millis>,
    end: Column<Millis>,
    fields: [Column<StrId>; Field::COUNT],
    /// Sorted by key, as the two below.
    metrics: Vec<(StrId, Column<f64>)>,
    params: Vec<(StrId, Column<StrId>)>,
    tags: Vec<(StrId, Column<StrId>)>,
}

impl Chunk {
    /// How a run stands.
    pub fn status(&self, row: u32) -> RunStatus {
        self.status.get(row as usize).copied().unwrap_or_default()
    }

    /// Whether a run was deleted.
    pub fn is_deleted(&self, row: u32) -> bool {
        self.deleted.get(row)
    }

    /// When a run started and ended.
    pub fn times(&self, row: u32) -> (Option<Millis>, Option<Millis>) {
        (self.start.get(row), self.end.get(row))
    }

    /// A text of every run.
    pub fn field(&self, field: Field) -> &Column<StrId> {
        &self.fields[field as usize]
    }

    /// A metric, if a run of this page has it.
    pub fn metric(&self, key: StrId) -> Option<&Column<f64>> {
        find(&self.metrics, key)
    }

    /// A param or a tag, if a run of this page has it.
    pub fn text(&self, kind: KeyKind, key: StrId) -> Option<&Column<StrId>> {
        find(self.texts(kind), key)
    }

    /// Every metric of this page.
    pub fn metrics(&self) -> &[(StrId, Column<f64>)] {
        &self.metrics
    }

    /// Every param or every tag of this page.
    pub fn texts(&self, kind: KeyKind) -> &[(StrId, Column<StrId>)] {
        match kind {
            KeyKind::Metric => &[],
            KeyKind::Param => &self.params,
            KeyKind::Tag => &self.tags,
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let texts = |columns: &[(StrId, Column<StrId>)]| -> usize {
            columns.iter().map(|(_, column)| column.heap_bytes() + size_of::<(StrId, Column<StrId>)>()).sum()
        };
        let metrics: usize = self
            .metrics
            .iter()
            .map(|(_, column)| column.heap_bytes() + size_of::<(StrId, Column<f64>)>())
            .sum();
        let fields: usize = self.fields.iter().map(Column::heap_bytes).sum();
        let times = self.start.heap_bytes() + self.end.heap_bytes();
        self.status.capacity() + fields + times + metrics + texts(&self.params) + texts(&self.tags)
    }
}

fn find<T>(columns: &[(StrId, Column<T>)], key: StrId) -> Option<&Column<T>> {
    columns.binary_search_by_key(&key, |column| column.0).ok().map(|at| &columns[at].1)
}

/// How a key's values look, over the runs seen so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyStats {
    /// Runs that have it.
    pub count: u32,
    /// The first value: an `f64`'s bits or an id.
    first: u64,
    /// Not all values are the same.
    pub varies: bool,
    /// Every value is a number.
    pub numeric: bool,
}

impl KeyStats {
    fn new(first: u64) -> Self {
        Self { count: 0, first, varies: false, numeric: true }
    }

    fn add(&mut self, value: u64, numeric: bool) {
        self.count += 1;
        self.varies |= value != self.first;
        self.numeric &= numeric;
    }

    /// Takes another page's values in.
    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.varies |= other.varies || other.first != self.first;
        self.numeric &= other.numeric;
    }
}

/// What a page adds to the table.
#[derive(Debug)]
pub struct Page {
    pub(super) chunk: Arc<Chunk>,
    pub(super) part: Arc<Part>,
    pub(super) stats: Vec<(KeyKind, StrId, KeyStats)>,
}

/// Makes pages. One for each load: ids go on from page to page.
#[derive(Debug, Default)]
pub struct PageBuilder {
    interner: Interner,
    /// Whether a text is a number, by its id.
    numbers: Vec<bool>,
}

/// A key, its id, and its values by row.
type UnderWay<'a, T> = (&'a str, StrId, Vec<(u32, T)>);

/// Columns under way. Runs have mostly the same keys in the same order: a run's next key is first looked for where the
/// run before had it.
#[derive(Debug)]
struct Cells<'a, T> {
    columns: Vec<UnderWay<'a, T>>,
    by_key: HashMap<StrId, usize>,
    row: u32,
    next: usize,
}

impl<'a, T: Copy + Default> Cells<'a, T> {
    fn new() -> Self {
        Self { columns: Vec::new(), by_key: HashMap::new(), row: 0, next: 0 }
    }

    /// A key that a run has twice keeps the last value.
    fn put(&mut self, row: u32, key: &'a str, value: T, builder: &mut PageBuilder) {
        if std::mem::replace(&mut self.row, row) != row {
            self.next = 0;
        }
        let expected = self.columns.get(self.next).is_some_and(|column| column.0 == key);
        let at = if expected { self.next } else { self.find(key, builder) };
        self.next = at + 1;
        let Some((_, _, cells)) = self.columns.get_mut(at) else { return };
        match cells.last_mut() {
            Some(last) if last.0 == row => last.1 = value,
            _ => cells.push((row, value)),
        }
    }

    fn find(&mut self, key: &'a str, builder: &mut PageBuilder) -> usize {
        let id = builder.intern(key);
        let columns = &mut self.columns;
        *self.by_key.entry(id).or_insert_with(|| {
            columns.push((key, id, Vec::new()));
            columns.len() - 1
        })
    }

    /// Every key with its values, sorted by key.
    fn sorted(self) -> Vec<(StrId, Vec<(u32, T)>)> {
        let mut columns: Vec<_> = self.columns.into_iter().map(|(_, key, cells)| (key, cells)).collect();
        columns.sort_unstable_by_key(|(key, _)| *key);
        columns
    }
}

/// Columns on their way into a [`Chunk`].
type Sorted<T> = [(StrId, Vec<(u32, T)>)];

impl PageBuilder {
    /// Turns runs into columns.
    pub fn page(&mut self, runs: &[Run]) -> Page {
        let rows = runs.len() as u32;
        let (mut metrics, mut params, mut tags) = (Cells::new(), Cells::new(), Cells::new());
        let mut fields: [Vec<(u32, StrId)>; Field::COUNT] = Default::default();
        let mut deleted = Bits::default();
        for (row, run) in (0..).zip(runs) {
            for metric in &run.metrics {
                metrics.put(row, &metric.key, metric.value, self);
            }
            for param in &run.params {
                let value = self.intern(&param.value);
                params.put(row, &param.key, value, self);
            }
            for (key, value) in run.tags.iter().filter(|(key, _)| !tag::is_system(key)) {
                let value = self.intern(value);
                tags.put(row, key, value, self);
            }
            self.fields(run, row, &mut fields);
            if run.info.lifecycle_stage == LifecycleStage::Deleted {
                deleted.set(row, true);
            }
        }
        let times = |time: fn(&Run) -> Option<Millis>| {
            let cells: Vec<_> = (0..).zip(runs).filter_map(|(row, run)| Some((row, time(run)?))).collect();
            Column::pack(&cells, rows)
        };
        let (metrics, params, tags) = (metrics.sorted(), params.sorted(), tags.sorted());
        let stats = self.stats(&metrics, &params, &tags);
        let chunk = Chunk {
            rows,
            status: runs.iter().map(|run| run.info.status).collect(),
            deleted,
            start: times(|run| run.info.start_time),
            end: times(|run| run.info.end_time),
            fields: fields.map(|cells| Column::pack(&cells, rows)),
            metrics: pack(&metrics, rows),
            params: pack(&params, rows),
            tags: pack(&tags, rows),
        };
        Page { chunk: Arc::new(chunk), part: self.interner.take_part(), stats }
    }

    fn intern(&mut self, text: &str) -> StrId {
        if text.len() <= LONGEST_TEXT {
            return self.interner.intern(text);
        }
        let cut = text.char_indices().map(|(at, _)| at).take_while(|&at| at <= LONGEST_TEXT).last();
        self.interner.intern(&format!("{}…", &text[..cut.unwrap_or_default()]))
    }

    fn fields(&mut self, run: &Run, row: u32, fields: &mut [Vec<(u32, StrId)>; Field::COUNT]) {
        let models: Vec<&str> = run.model_outputs.iter().map(|output| output.model_id.as_str()).collect();
        let datasets: Vec<&str> = run.datasets.iter().map(|dataset| dataset.name.as_str()).collect();
        let tag = |key: &str| run.tags.get(key).map(String::as_str).unwrap_or_default();
        for (field, text) in [
            (Field::RunId, run.info.run_id.as_str()),
            (Field::Name, run.info.run_name.as_str()),
            (Field::User, run.user()),
            (Field::Source, tag(tag::SOURCE_NAME)),
            (Field::Models, &models.join(" ")),
            (Field::Commit, tag(tag::GIT_COMMIT)),
            (Field::Datasets, &datasets.join(", ")),
            (Field::Parent, run.parent_run_id().unwrap_or_default()),
        ] {
            if !text.is_empty() {
                let id = self.intern(text);
                fields[field as usize].push((row, id));
            }
        }
    }

    /// Whether a text is a number. Each is looked at once.
    fn is_number(&mut self, id: StrId) -> bool {
        for known in self.numbers.len()..=id.0 as usize {
            let text = self.interner.text_of(StrId(known as u32));
            self.numbers.push(text.parse::<f64>().is_ok());
        }
        self.numbers.get(id.0 as usize).copied().unwrap_or_default()
    }

    fn stats(
        &mut self,
        metrics: &Sorted<f64>,
        params: &Sorted<StrId>,
        tags: &Sorted<StrId>,
    ) -> Vec<(KeyKind, StrId, KeyStats)> {
        let mut stats = Vec::with_capacity(metrics.len() + params.len() + tags.len());
        for (key, cells) in metrics {
            let mut of_key = KeyStats::new(cells.first().map_or(0, |cell| cell.1.to_bits()));
            for (_, value) in cells {
                of_key.add(value.to_bits(), true);
            }
            stats.push((KeyKind::Metric, *key, of_key));
        }
        for (kind, columns) in [(KeyKind::Param, params), (KeyKind::Tag, tags)] {
            for (key, cells) in columns {
                let mut of_key = KeyStats::new(cells.first().map_or(0, |cell| u64::from(cell.1.0)));
                for (_, value) in cells {
                    let numeric = of_key.numeric && self.is_number(*value);
                    of_key.add(u64::from(value.0), numeric);
                }
                stats.push((kind, *key, of_key));
            }
        }
        stats
    }
}

fn pack<T: Copy + Default>(columns: &Sorted<T>, rows: u32) -> Vec<(StrId, Column<T>)> {
    columns.iter().map(|(key, cells)| (*key, Column::pack(cells, rows))).collect()
}
