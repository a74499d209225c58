//! Prompts from the evaluation datasets of the server that is open: which there are, and the records of one, read page
//! by page off the UI thread.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use futures_util::{StreamExt as _, stream};

use super::BenchCommand;
use super::import::{Importing, MAX_READ, Rest, case_of_record};
use super::set::MOST_CASES;
use crate::entities::{DatasetRecord, EvaluationDataset};
use crate::state::State;
use crate::state::remote::Pages;
use crate::state::tasks::{Feed, Feeder, Polled, Task, Tasks};
use crate::tracking::{DatasetQuery, PageStream, Store, TrackingError};

/// Requests about datasets' experiments at the same time.
const AT_ONCE: usize = 4;
/// Experiments of one dataset that are named.
const MOST_NAMED: usize = 10;

/// The question which dataset is to be read.
pub struct Datasets {
    /// The set that its records go into; none: a new one.
    pub into_set: Option<u64>,
    /// Those of the server, the newest first.
    pub list: Pages<EvaluationDataset>,
    store: Arc<dyn Store>,
    /// Names of experiments by the dataset's id; none where they could not be read.
    experiments: HashMap<String, Vec<String>>,
    /// Names of experiments by their ids.
    names: HashMap<String, String>,
    looking: Option<Task<Looked>>,
    reading: Option<Reading>,
    failed: Option<(String, TrackingError)>,
    revision: u64,
}

/// What was found out: the experiments of datasets, and what more experiments are called; all by ids.
struct Looked {
    datasets: Vec<(String, Vec<String>)>,
    names: HashMap<String, String>,
}

/// A dataset that is being read.
struct Reading {
    dataset: String,
    came: usize,
    feed: Feed<News>,
}

/// What comes of a dataset that is being read.
enum News {
    /// So many records came so far.
    Came(usize),
    /// All that there are, or that a set holds.
    Read(Box<Result<Importing, TrackingError>>),
}

impl Datasets {
    fn of(store: Arc<dyn Store>, into_set: Option<u64>, tasks: &Tasks) -> Self {
        let mut list = Pages::default();
        list.load(tasks, store.search_evaluation_datasets(DatasetQuery::default()));
        Self {
            into_set,
            list,
            store,
            experiments: HashMap::new(),
            names: HashMap::new(),
            looking: None,
            reading: None,
            failed: None,
            revision: 0,
        }
    }

    /// The names of a dataset's experiments, the first few, once they are known.
    pub fn experiments(&self, dataset_id: &str) -> Option<&[String]> {
        self.experiments.get(dataset_id).map(Vec::as_slice)
    }

    /// How many records of the dataset that is being read have come.
    pub fn came(&self) -> Option<usize> {
        self.reading.as_ref().map(|reading| reading.came)
    }

    /// The dataset that could not be read, and why.
    pub fn failed(&self) -> Option<(&str, &TrackingError)> {
        self.failed.as_ref().map(|(id, error)| (id.as_str(), error))
    }

    /// Grows whenever the list, or what is known of its experiments, changes.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Asks which experiments these belong to, where it is not known yet; one batch after the other.
    fn look(&mut self, ids: Vec<String>, tasks: &Tasks) {
        if self.looking.is_some() {
            return;
        }
        let unknown: HashSet<String> =
            ids.into_iter().filter(|id| !self.experiments.contains_key(id)).collect();
        if unknown.is_empty() {
            return;
        }
        let (store, names) = (Arc::clone(&self.store), self.names.clone());
        self.looking = Some(tasks.spawn(look(store, unknown, names)));
    }

    fn read(&mut self, dataset_id: String, tasks: &Tasks) {
        let Some(dataset) = self.list.items().iter().find(|dataset| dataset.dataset_id == dataset_id) else {
            return;
        };
        let records = self.store.evaluation_dataset_records(&dataset_id);
        let dataset = dataset.clone();
        let feed = tasks.spawn_feed(4, move |feeder| async move {
            let read = read(records, &dataset, &feeder, MAX_READ).await;
            feeder.send(News::Read(Box::new(read))).await;
        });
        (self.failed, self.reading) = (None, Some(Reading { dataset: dataset_id, came: 0, feed }));
    }

    /// Takes what arrived. Answers a dataset that was read.
    fn poll(&mut self, deadline: Instant) -> Option<Importing> {
        if self.list.poll(deadline) {
            self.revision += 1;
        }
        if let Some(task) = &mut self.looking {
            match task.poll() {
                Polled::Pending => {}
                Polled::Ready(found) => {
                    self.names.extend(found.names);
                    let name = |id: String| self.names.get(&id).cloned().unwrap_or(id);
                    let named = |(id, ids): (String, Vec<String>)| {
                        (id, ids.into_iter().map(name).collect::<Vec<_>>())
                    };
                    self.experiments.extend(found.datasets.into_iter().map(named));
                    (self.looking, self.revision) = (None, self.revision + 1);
                }
                Polled::Lost => self.looking = None,
            }
        }
        while let Some(reading) = &mut self.reading {
            match reading.feed.poll() {
                Polled::Pending => break,
                Polled::Ready(News::Came(came)) => reading.came = came,
                Polled::Ready(News::Read(read)) => {
                    let dataset = std::mem::take(&mut reading.dataset);
                    self.reading = None;
                    match *read {
                        Ok(read) => return Some(Importing { into_set: self.into_set, ..read }),
                        Err(error) => self.failed = Some((dataset, error)),
                    }
                }
                Polled::Lost => self.reading = None,
            }
        }
        None
    }
}

/// Which experiments datasets belong to, and the names of those that have none in `known` yet.
async fn look(store: Arc<dyn Store>, datasets: HashSet<String>, known: HashMap<String, String>) -> Looked {
    let experiments = stream::iter(datasets).map(|id| {
        let answer = store.evaluation_dataset_experiments(&id);
        async move {
            let mut ids = answer.await.unwrap_or_default();
            ids.truncate(MOST_NAMED);
            (id, ids)
        }
    });
    let datasets: Vec<_> = experiments.buffer_unordered(AT_ONCE).collect().await;
    let ids = datasets.iter().flat_map(|(_, ids)| ids);
    let unknown: HashSet<String> = ids.filter(|id| !known.contains_key(*id)).cloned().collect();
    let names = stream::iter(unknown).map(|id| {
        let answer = store.get_experiment(&id);
        async move { Some((id, answer.await.ok()?.name)) }
    });
    let names = names.buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await;
    Looked { datasets, names }
}

/// Reads a dataset until it ends, a set is full, or more than `most` bytes have come.
async fn read(
    mut pages: PageStream<DatasetRecord>,
    dataset: &EvaluationDataset,
    feeder: &Feeder<News>,
    most: u64,
) -> Result<Importing, TrackingError> {
    let mut read = Importing { name: dataset.name.clone(), of_records: true, ..Importing::default() };
    let (mut came, mut bytes) = (0, 0);
    while let Some(page) = pages.next().await {
        let page = page?;
        let first = came + 1;
        came += page.len();
        bytes += page.iter().map(size_of).sum::<u64>();
        // Records may be long: they are taken apart where that blocks nobody.
        let cases = tokio::task::spawn_blocking(move || {
            page.iter()
                .enumerate()
                .map(|(at, record)| (first + at, case_of_record(record)))
                .collect::<Vec<_>>()
        });
        read.take(cases.await.unwrap_or_default());
        feeder.send(News::Came(came)).await;
        if read.left_out > 0 || bytes > most {
            break;
        }
    }
    let is_full = read.left_out > 0 || read.cases.len() == MOST_CASES;
    if is_full || bytes > most {
        // What was not asked for any more.
        match dataset
            .records
            .map(|records| usize::try_from(records).unwrap_or(usize::MAX).saturating_sub(came))
        {
            Some(more) if is_full => read.left_out += more,
            Some(0) => {}
            Some(more) => read.rest = Rest::Records(more),
            None => read.rest = Rest::Unknown,
        }
    }
    Ok(read)
}

fn size_of(record: &DatasetRecord) -> u64 {
    let more = [&record.outputs, &record.expectations, &record.tags];
    let more: usize = more.into_iter().flatten().map(String::len).sum();
    (record.inputs.len() + more) as u64
}

impl State {
    /// Carries out what is about the datasets of the server that is open.
    pub(super) fn apply_datasets(&mut self, command: BenchCommand) {
        match command {
            BenchCommand::AskDatasets(into_set) => match &self.workspace {
                Some(workspace) => {
                    let store = Arc::clone(&workspace.store);
                    self.bench.datasets = Some(Datasets::of(store, into_set, &self.tasks));
                }
                None => {
                    self.notices.info("Open a tracking server first: it keeps the datasets");
                }
            },
            BenchCommand::CancelDatasets => self.bench.datasets = None,
            BenchCommand::StopDataset => {
                if let Some(datasets) = &mut self.bench.datasets {
                    datasets.reading = None;
                }
            }
            BenchCommand::LookDatasets(ids) => {
                if let Some(datasets) = &mut self.bench.datasets {
                    datasets.look(ids, &self.tasks);
                }
            }
            BenchCommand::ReadDataset(id) => {
                if let Some(datasets) = &mut self.bench.datasets {
                    datasets.read(id, &self.tasks);
                }
            }
            _ => {}
        }
    }

    /// Takes what arrived of them.
    pub(super) fn poll_datasets(&mut self, deadline: Instant) {
        let Some(datasets) = &mut self.bench.datasets else { return };
        let here = self.workspace.as_ref().is_some_and(|it| Arc::ptr_eq(&it.store, &datasets.store));
        if !here {
            // Another server was opened: they are none of its.
            self.bench.datasets = None;
        } else if let Some(read) = datasets.poll(deadline) {
            self.bench.datasets = None;
            self.bench.importing = Some(read);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn record(at: usize) -> DatasetRecord {
        let inputs = if at == 2 { "{}".to_owned() } else { format!(r#"{{"question": "q{at}"}}"#) };
        DatasetRecord { dataset_record_id: format!("dr-{at}"), inputs, ..DatasetRecord::default() }
    }

    async fn read_of(pages: Vec<Result<Vec<DatasetRecord>, TrackingError>>, records: u64) -> Vec<News> {
        read_up_to(MAX_READ, pages, Some(records)).await
    }

    async fn read_up_to(
        most: u64,
        pages: Vec<Result<Vec<DatasetRecord>, TrackingError>>,
        records: Option<u64>,
    ) -> Vec<News> {
        let tasks = Tasks::new(tokio::runtime::Handle::current(), || {});
        let dataset = EvaluationDataset { name: "d".into(), records, ..EvaluationDataset::default() };
        let mut feed = tasks.spawn_feed(1000, |feeder| async move {
            let read = read(stream::iter(pages).boxed(), &dataset, &feeder, most).await;
            feeder.send(News::Read(Box::new(read))).await;
        });
        let mut news = Vec::new();
        loop {
            match feed.poll() {
                Polled::Pending => tokio::time::sleep(Duration::from_millis(1)).await,
                Polled::Ready(one) => news.push(one),
                Polled::Lost => return news,
            }
        }
    }

    fn last(news: &[News]) -> &Result<Importing, TrackingError> {
        let Some(News::Read(read)) = news.last() else { panic!("it did not end") };
        read
    }

    #[tokio::test]
    async fn records_are_read_page_by_page_and_those_that_ask_nothing_are_listed() {
        let pages = [1..3, 3..4].map(|page| Ok(page.map(record).collect()));
        let news = read_of(pages.into(), 3).await;
        assert!(matches!(news.as_slice(), [News::Came(2), News::Came(3), News::Read(_)]));
        let read = last(&news).as_ref().unwrap();
        assert_eq!((read.cases.len(), read.left_out, read.name.as_str()), (2, 0, "d"));
        assert_eq!(read.cases[1].id, "dr-3");
        assert_eq!(read.bad[0].0, 2);
        assert!(read.bad[0].1.ends_with("(dr-2)"), "{}", read.bad[0].1);
    }

    #[tokio::test]
    async fn what_a_set_cannot_hold_is_counted_and_not_asked_for() {
        let pages = (0..30).map(|page| Ok((page * 500..(page + 1) * 500).map(record).collect()));
        let news = read_of(pages.collect(), 15_000).await;
        let read = last(&news).as_ref().unwrap();
        assert_eq!((read.cases.len(), read.left_out, read.bad.len()), (MOST_CASES, 4_999, 1));
        assert!(news.len() < 25, "it stopped where the set was full");
    }

    #[tokio::test]
    async fn where_too_much_came_what_was_not_read_is_told() {
        let told = async |most, records| {
            let pages = [3..6, 6..9, 9..12].map(|page| Ok(page.map(record).collect()));
            let news = read_up_to(most, pages.into(), records).await;
            let read = last(&news).as_ref().unwrap();
            (read.cases.len(), read.left_out, read.missing().join(", "))
        };
        // A record is of 18 bytes or 19.
        assert_eq!(
            told(60, Some(9)).await,
            (6, 0, "Reading stopped at 128 MB: 3 records were not read".to_owned())
        );
        assert_eq!(
            told(60, None).await,
            (
                6,
                0,
                "Reading stopped at 128 MB, and the server does not say how many records are left".to_owned()
            )
        );
        assert_eq!(told(60, Some(6)).await, (6, 0, String::new()));
        assert_eq!(told(1_000, None).await, (9, 0, String::new()));
    }

    #[tokio::test]
    async fn a_failure_on_the_way_is_told() {
        let lost = TrackingError::Unsupported { what: "gone".into() };
        let news = read_of(vec![Ok(vec![record(1)]), Err(lost.clone())], 3).await;
        assert_eq!(last(&news), &Err(lost));
    }
}
