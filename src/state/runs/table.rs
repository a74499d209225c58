//! All runs that have arrived, as pages of columns. A snapshot of it costs a few pointers a page, so sorting and
//! filtering read it on another thread while more pages are appended here.

use std::collections::HashMap;
use std::sync::Arc;

use super::column::Column;
use super::key::ColumnKey;
use super::page::{Chunk, Field, KeyKind, KeyStats, Page};
use super::strings::{StrId, Strings};
use crate::entities::{Millis, RunStatus};

/// The rows, without what is only needed to choose columns.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    chunks: Vec<Arc<Chunk>>,
    starts: Vec<u32>,
    count: u32,
    strings: Strings,
}

impl Rows {
    /// How many runs there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The texts that ids stand for.
    pub fn strings(&self) -> &Strings {
        &self.strings
    }

    /// Every page with the number of its first row.
    pub fn chunks(&self) -> impl Iterator<Item = (u32, &Chunk)> {
        self.starts.iter().copied().zip(self.chunks.iter().map(AsRef::as_ref))
    }

    /// A text of a run.
    pub fn field(&self, row: u32, field: Field) -> Option<&str> {
        let (chunk, row) = self.locate(row)?;
        chunk.field(field).get(row).map(|id| self.strings.get(id))
    }

    /// A run's id.
    pub fn run_id(&self, row: u32) -> &str {
        self.field(row, Field::RunId).unwrap_or_default()
    }

    /// A run's name; its id if it has none.
    pub fn name(&self, row: u32) -> &str {
        self.field(row, Field::Name).unwrap_or_else(|| self.run_id(row))
    }

    /// How a run stands.
    pub fn status(&self, row: u32) -> RunStatus {
        self.locate(row).map(|(chunk, row)| chunk.status(row)).unwrap_or_default()
    }

    /// Whether a run was deleted.
    pub fn is_deleted(&self, row: u32) -> bool {
        self.locate(row).is_some_and(|(chunk, row)| chunk.is_deleted(row))
    }

    /// When a run started and ended.
    pub fn times(&self, row: u32) -> (Option<Millis>, Option<Millis>) {
        self.locate(row).map(|(chunk, row)| chunk.times(row)).unwrap_or_default()
    }

    /// How long a run took, up to `now` while it is running.
    pub fn duration(&self, row: u32, now: Millis) -> Option<Millis> {
        let (chunk, row) = self.locate(row)?;
        duration(chunk, row, now)
    }

    /// A metric of a run.
    pub fn metric(&self, row: u32, key: StrId) -> Option<f64> {
        let (chunk, row) = self.locate(row)?;
        chunk.metric(key)?.get(row)
    }

    /// A param or a tag of a run.
    pub fn text(&self, row: u32, kind: KeyKind, key: StrId) -> Option<&str> {
        let (chunk, row) = self.locate(row)?;
        chunk.text(kind, key)?.get(row).map(|id| self.strings.get(id))
    }

    /// The row of a run id.
    pub fn find(&self, run_id: &str) -> Option<u32> {
        let at = self.strings.iter().position(|text| text == run_id)?;
        let wanted = StrId(at as u32);
        let mut found = None;
        for (start, chunk) in self.chunks() {
            chunk.field(Field::RunId).for_each(|row, id| {
                if id == wanted {
                    found = Some(start + row);
                }
            });
        }
        found
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let chunks: usize = self.chunks.iter().map(|chunk| chunk.heap_bytes() + size_of::<Chunk>()).sum();
        chunks + self.strings.heap_bytes()
    }

    fn locate(&self, row: u32) -> Option<(&Chunk, u32)> {
        let at = self.starts.partition_point(|&start| start <= row).checked_sub(1)?;
        Some((self.chunks.get(at)?, row - self.starts.get(at)?))
    }
}

/// How long a run of a page took.
pub(super) fn duration(chunk: &Chunk, row: u32, now: Millis) -> Option<Millis> {
    let (start, end) = chunk.times(row);
    let end = end.or_else(|| (chunk.status(row) == RunStatus::Running).then_some(now))?;
    Some((end.saturating_sub(start?)).max(0))
}

/// A key that some run has.
#[derive(Clone, Debug)]
pub struct KeyInfo {
    /// Metric, param or tag.
    pub kind: KeyKind,
    /// Its name, as an id.
    pub id: StrId,
    /// Its name.
    pub name: String,
    /// How its values look.
    pub stats: KeyStats,
}

impl KeyInfo {
    /// The column that shows it.
    pub fn column(&self) -> ColumnKey {
        match self.kind {
            KeyKind::Metric => ColumnKey::Metric(self.name.clone()),
            KeyKind::Param => ColumnKey::Param(self.name.clone()),
            KeyKind::Tag => ColumnKey::Tag(self.name.clone()),
        }
    }
}

/// The rows and the keys that they have.
#[derive(Debug, Default)]
pub struct RunTable {
    rows: Rows,
    keys: Vec<KeyInfo>,
    by_id: HashMap<(KeyKind, StrId), usize>,
}

impl RunTable {
    /// The rows.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Every key, in the order in which they were first seen.
    pub fn keys(&self) -> &[KeyInfo] {
        &self.keys
    }

    /// The key that a column shows, if a run has it.
    pub fn key(&self, column: &ColumnKey) -> Option<&KeyInfo> {
        let (kind, name) = match column {
            ColumnKey::Attribute(_) => return None,
            ColumnKey::Metric(name) => (KeyKind::Metric, name),
            ColumnKey::Param(name) => (KeyKind::Param, name),
            ColumnKey::Tag(name) => (KeyKind::Tag, name),
        };
        self.keys.iter().find(|key| key.kind == kind && key.name == *name)
    }

    /// Adds a page: appends only.
    pub fn append(&mut self, page: Page) {
        self.rows.strings.append(page.part);
        self.rows.starts.push(self.rows.count);
        self.rows.count += page.chunk.rows;
        self.rows.chunks.push(page.chunk);
        for (kind, id, stats) in page.stats {
            if let Some(&at) = self.by_id.get(&(kind, id)) {
                self.keys[at].stats.merge(&stats);
            } else {
                self.by_id.insert((kind, id), self.keys.len());
                self.keys.push(KeyInfo { kind, id, name: self.rows.strings.get(id).to_owned(), stats });
            }
        }
    }
}

/// The values of one text column over all rows.
pub(super) fn each_text<'a>(
    rows: &'a Rows,
    column: impl Fn(&'a Chunk) -> Option<&'a Column<StrId>>,
    mut each: impl FnMut(u32, StrId),
) {
    for (start, chunk) in rows.chunks() {
        if let Some(column) = column(chunk) {
            column.for_each(|row, id| each(start + row, id));
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::page::PageBuilder;
    use super::*;
    use crate::entities::{Metric, ModelOutput, Param, Run, tag};

    /// A run with metrics and params.
    pub fn run(id: &str, metrics: &[(&str, f64)], params: &[(&str, &str)]) -> Run {
        let mut run = Run::default();
        run.info.run_id = id.into();
        run.info.run_name = format!("name of {id}");
        run.info.start_time = Some(1_000);
        run.info.status = RunStatus::Finished;
        run.metrics = metrics
            .iter()
            .map(|&(key, value)| Metric { key: key.into(), value, ..Default::default() })
            .collect();
        run.params =
            params.iter().map(|&(key, value)| Param { key: key.into(), value: value.into() }).collect();
        run
    }

    /// A run within another.
    pub fn child(id: &str, parent: &str) -> Run {
        let mut run = run(id, &[], &[]);
        run.tags.insert(tag::PARENT_RUN_ID.into(), parent.into());
        run
    }

    /// A table that came in pages of `page` runs.
    pub fn table(runs: &[Run], page: usize) -> RunTable {
        let mut builder = PageBuilder::default();
        let mut table = RunTable::default();
        for runs in runs.chunks(page) {
            table.append(builder.page(runs));
        }
        table
    }

    #[test]
    fn what_goes_in_comes_out_whatever_the_pages() {
        let mut runs: Vec<Run> = (0..97)
            .map(|n| {
                let (loss, rate) = (f64::from(n) / 7.0, format!("{}", n % 5));
                let metrics = [("loss", loss), ("rare", f64::NAN)];
                let have = if n % 31 == 0 { 2 } else { usize::from(n % 3 > 0) };
                run(&format!("r{n}"), &metrics[..have], &[("rate", &rate)])
            })
            .collect();
        runs[5].model_outputs = ["m-1", "m-2"].map(|id| ModelOutput { model_id: id.into(), step: 0 }).into();
        runs[6].info.end_time = Some(4_500);
        runs[7].info.lifecycle_stage = crate::entities::LifecycleStage::Deleted;
        for page in [1, 10, 97, 500] {
            let table = table(&runs, page);
            let rows = table.rows();
            assert_eq!(rows.count(), 97);
            let key = |column: ColumnKey| table.key(&column).unwrap().id;
            let (loss, rate) = (key(ColumnKey::Metric("loss".into())), key(ColumnKey::Param("rate".into())));
            for (row, run) in (0..).zip(&runs) {
                assert_eq!(rows.run_id(row), run.info.run_id);
                assert_eq!(rows.metric(row, loss), run.metric("loss"));
                assert_eq!(rows.text(row, KeyKind::Param, rate), run.param("rate"));
                assert_eq!(rows.find(&run.info.run_id), Some(row));
            }
            assert_eq!(rows.field(5, Field::Models), Some("m-1 m-2"));
            assert_eq!(rows.duration(6, 9), Some(3_500));
            assert_eq!(rows.duration(8, 9), None);
            assert!(rows.is_deleted(7) && !rows.is_deleted(8));
            let rare = table.key(&ColumnKey::Metric("rare".into())).unwrap();
            assert_eq!(rare.stats.count, 4);
            assert!(rows.metric(31, rare.id).unwrap().is_nan());
            assert_eq!(rows.metric(32, rare.id), None);
        }
    }

    #[test]
    fn a_snapshot_does_not_see_what_comes_later() {
        let mut builder = PageBuilder::default();
        let mut table = RunTable::default();
        table.append(builder.page(&[run("a", &[], &[])]));
        let before = table.rows().clone();
        table.append(builder.page(&[run("b", &[], &[("k", "v")])]));
        assert_eq!((before.count(), table.rows().count()), (1, 2));
        assert_eq!(before.run_id(0), "a");
        assert_eq!(before.run_id(1), "");
    }

    #[test]
    fn it_is_known_which_keys_vary_and_which_are_numbers() {
        let runs = [
            run("a", &[("m", 1.0)], &[("same", "x"), ("n", "1"), ("mixed", "1")]),
            run("b", &[("m", 2.0)], &[("same", "x"), ("n", "2e3"), ("mixed", "auto")]),
        ];
        for page in [1, 2] {
            let table = table(&runs, page);
            let stats = |column: ColumnKey| table.key(&column).unwrap().stats;
            let of_param = |name: &str| stats(ColumnKey::Param(name.into()));
            assert!(stats(ColumnKey::Metric("m".into())).varies);
            assert!(!of_param("same").varies && !of_param("same").numeric);
            assert!(of_param("n").varies && of_param("n").numeric);
            assert!(!of_param("mixed").numeric);
        }
    }

    #[test]
    fn hostile_runs_do_no_harm() {
        let long = "ü".repeat(50_000);
        let mut odd = run("", &[("m", 1.0), ("m", 2.0)], &[("", ""), ("long", &long)]);
        odd.info.run_name.clear();
        odd.info.start_time = Some(i64::MIN);
        odd.info.end_time = Some(i64::MAX);
        let table = table(&[odd], 1);
        let rows = table.rows();
        assert_eq!(rows.name(0), "");
        assert_eq!(rows.duration(0, 0), Some(i64::MAX));
        assert_eq!(rows.metric(0, table.key(&ColumnKey::Metric("m".into())).unwrap().id), Some(2.0));
        let long = table.key(&ColumnKey::Param("long".into())).unwrap().id;
        assert!(rows.text(0, KeyKind::Param, long).unwrap().len() < 1_100);
    }
}
