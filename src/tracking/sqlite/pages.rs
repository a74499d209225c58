//! Pages of what may be long, in streams.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::stream::{self, Stream, StreamExt as _};

use super::database::Database;
use super::{datasets, read, registry};
use crate::entities::{DatasetRecord, ModelVersion, Run, TraceInfo};
use crate::tracking::{Answer, PageStream, RunQuery, TraceQuery, TrackingError, VersionQuery};

/// A screenful first, to be there at once; later pages are as long as a transaction may be (some 50 ms).
const FIRST_PAGE: usize = 100;
const PAGE: usize = 2000;
/// Pages that are read at the same time, each on a connection of its own.
const PAGES_AHEAD: usize = 3;
/// Records of a dataset that are read at once: they may be long.
const RECORD_PAGE: usize = 500;

/// Pages of runs. The first is found by SQLite's own top-100; then the ids of all the others are read once, so that
/// each page costs what its own runs cost, and a run that comes or goes meanwhile moves no other one. A few pages are
/// read ahead at the same time, no more until the reader takes one.
pub(super) fn runs(database: Arc<Database>, query: RunQuery) -> PageStream<Run> {
    let query = Arc::new(query);
    let first = read(Arc::clone(&database), {
        let query = Arc::clone(&query);
        move |session| {
            let ids = super::runs::ids(session, &query, Some(FIRST_PAGE))?;
            let runs = super::runs::page(session, &ids)?;
            Ok((session.epoch, ids, runs))
        }
    });
    let pages = stream::once(first).flat_map(move |first| {
        let (epoch, ids, runs) = match first {
            Ok(first) => first,
            Err(error) => return stream::once(std::future::ready(Err(error))).boxed(),
        };
        let complete = ids.len() < FIRST_PAGE;
        let page = stream::once(std::future::ready(Ok(runs)));
        if complete {
            return page.boxed();
        }
        page.chain(later_runs(Arc::clone(&database), Arc::clone(&query), ids, epoch)).boxed()
    });
    until_error(pages).filter(|page| std::future::ready(!page.as_ref().is_ok_and(Vec::is_empty))).boxed()
}

/// Pages of versions. Each begins below the last number of the one before: a version that comes or goes meanwhile moves
/// no other one.
pub(super) fn versions(database: Arc<Database>, query: VersionQuery) -> PageStream<ModelVersion> {
    let first = registry::VersionPage { before: None, size: FIRST_PAGE };
    let pages = stream::unfold(Some(first), move |page| {
        let (database, query) = (Arc::clone(&database), query.clone());
        async move {
            let page = page?;
            let of_run = matches!(query, VersionQuery::OfRun(_));
            let found = read(database, move |session| registry::search_versions(session, &query, page)).await;
            let last = found.as_ref().ok().filter(|found| !of_run && found.len() == page.size);
            let before = last.and_then(|found| found.last()).map(|version| version.version);
            let next = before.map(|number| registry::VersionPage { before: Some(number), size: PAGE });
            Some((found, next))
        }
    });
    pages.filter(|page| std::future::ready(!page.as_ref().is_ok_and(Vec::is_empty))).boxed()
}

fn later_runs(
    database: Arc<Database>,
    query: Arc<RunQuery>,
    known: Vec<String>,
    epoch: u64,
) -> PageStream<Run> {
    let ids = read(Arc::clone(&database), move |session| {
        session.still(epoch)?;
        super::runs::ids(session, &query, None)
    });
    stream::once(ids)
        .flat_map(move |ids| {
            let known: HashSet<&String> = known.iter().collect();
            let pages: Vec<Result<Vec<String>, TrackingError>> = match ids {
                Ok(mut ids) => {
                    ids.retain(|id| !known.contains(id));
                    ids.chunks(PAGE).map(|page| Ok(page.to_vec())).collect()
                }
                Err(error) => vec![Err(error)],
            };
            stream::iter(pages)
        })
        .map(move |ids| -> Answer<Vec<Run>> {
            let database = Arc::clone(&database);
            Box::pin(async move {
                let ids = ids?;
                read(database, move |session| {
                    session.still(epoch)?;
                    super::runs::page(session, &ids)
                })
                .await
            })
        })
        .buffered(PAGES_AHEAD)
        .boxed()
}

/// Pages of traces. Each begins where the one before ended, so a trace that comes meanwhile moves no other one.
pub(super) fn traces(database: Arc<Database>, query: TraceQuery) -> PageStream<TraceInfo> {
    struct Reader {
        database: Arc<Database>,
        query: Arc<TraceQuery>,
        after: Option<super::traces::Place>,
        epoch: Option<u64>,
        ended: bool,
    }
    let query = Arc::new(query);
    let reader = Reader { database, query, after: None, epoch: None, ended: false };
    stream::unfold(reader, |mut reader| async move {
        if reader.ended {
            return None;
        }
        let limit = if reader.after.is_none() { FIRST_PAGE } else { PAGE };
        let (query, after, epoch) = (Arc::clone(&reader.query), reader.after.clone(), reader.epoch);
        let page = read(Arc::clone(&reader.database), move |session| {
            session.still(epoch.unwrap_or(session.epoch))?;
            Ok((session.epoch, super::traces::page(session, &query, after.as_ref(), limit)?))
        });
        let page = page.await.map(|(epoch, page)| {
            reader.ended = page.len() < limit;
            reader.epoch = Some(epoch);
            reader.after = page.last().map(super::traces::Place::of);
            page
        });
        reader.ended |= page.is_err();
        Some((page, reader))
    })
    .filter(|page| std::future::ready(!page.as_ref().is_ok_and(Vec::is_empty)))
    .boxed()
}

/// Pages of a dataset's records. Each begins where the one before ended.
pub(super) fn records(database: Arc<Database>, dataset_id: String) -> PageStream<DatasetRecord> {
    let pages = stream::unfold(Some(None::<datasets::After>), move |after| {
        let (database, dataset_id) = (Arc::clone(&database), dataset_id.clone());
        async move {
            let after = after?;
            let page = read(database, move |session| {
                datasets::records(session, &dataset_id, after.as_ref(), RECORD_PAGE)
            });
            let page = page.await;
            let last = page.as_ref().ok().filter(|page| page.len() == RECORD_PAGE);
            let next = last.and_then(|page| page.last()).map(|record| Some(datasets::After::of(record)));
            Some((page, next))
        }
    });
    pages.filter(|page| std::future::ready(!page.as_ref().is_ok_and(Vec::is_empty))).boxed()
}

/// Ends a stream after its first error.
fn until_error<T: Send + 'static>(
    pages: impl Stream<Item = Result<T, TrackingError>> + Send + 'static,
) -> impl Stream<Item = Result<T, TrackingError>> + Send {
    pages.scan(false, |failed, page| {
        let ended = *failed;
        *failed = page.is_err();
        std::future::ready((!ended).then_some(page))
    })
}
