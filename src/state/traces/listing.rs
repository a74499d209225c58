//! The traces of an experiment, a model or a run: what arrived, filtered and sorted elsewhere.

use std::sync::Arc;
use std::time::Instant;

use futures_util::{StreamExt as _, future};

use super::arrange::{TraceColumn, Wanted, arrange};
use super::row::TraceRow;
use crate::entities::Millis;
use crate::state::navigation::TraceScope;
use crate::state::remote::Pages;
use crate::state::tasks::{Polled, Task};
use crate::state::{Cx, format};
use crate::tracking::{PageStream, TraceQuery, TrackingError};

/// So many are loaded without asking: a server gives some thousand a second at best.
pub(super) const ASK_AFTER: usize = 20_000;

/// A table of traces.
pub struct TraceListing {
    scope: TraceScope,
    rows: Pages<Arc<TraceRow>>,
    /// More are not asked for.
    limit: usize,
    wanted: Wanted,
    /// The rows that match, in order; none: all of them as they came.
    arranged: Option<Vec<Arc<TraceRow>>>,
    arranging: Option<Task<(Wanted, Vec<Arc<TraceRow>>)>>,
    /// What the running job did not see.
    stale: bool,
    columns: Vec<TraceColumn>,
    loaded_at: Option<Millis>,
    revision: u64,
}

impl TraceListing {
    pub(super) fn open(scope: TraceScope, cx: &mut Cx<'_>) -> Self {
        let mut listing = Self {
            scope,
            rows: Pages::default(),
            limit: ASK_AFTER,
            wanted: Wanted::default(),
            arranged: None,
            arranging: None,
            stale: false,
            columns: TraceColumn::ALL.into_iter().filter(|column| column.is_always_shown()).collect(),
            loaded_at: None,
            revision: 0,
        };
        listing.load(cx);
        listing
    }

    /// Asks anew; what is there stays until the answer is complete.
    pub(super) fn load(&mut self, cx: &mut Cx<'_>) {
        let pages = rows(cx.store.search_traces(query(&self.scope)), self.limit);
        self.rows.load(cx.tasks, pages);
    }

    pub(super) fn load_rest(&mut self, cx: &mut Cx<'_>) {
        self.limit = usize::MAX;
        self.load(cx);
    }

    pub(super) fn poll(&mut self, deadline: Instant, cx: &mut Cx<'_>) {
        let was_loading = self.rows.is_loading();
        if self.rows.poll(deadline) {
            self.columns = columns(self.rows.items());
            self.revision += 1;
            self.stale = true;
        }
        if was_loading && !self.rows.is_loading() && self.rows.error().is_none() {
            self.loaded_at = Some(format::now());
        }
        if let Some(task) = &mut self.arranging {
            match task.poll() {
                Polled::Pending => return,
                Polled::Ready((wanted, rows)) => {
                    if wanted == self.wanted {
                        self.arranged = Some(rows);
                        self.revision += 1;
                    }
                }
                Polled::Lost => {}
            }
            self.arranging = None;
        }
        self.arrange(cx);
    }

    fn arrange(&mut self, cx: &mut Cx<'_>) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        if self.wanted.is_plain() {
            self.arranged = None;
            return;
        }
        let (rows, wanted) = (self.rows.items().to_vec(), self.wanted.clone());
        self.arranging = Some(cx.tasks.spawn_blocking(move || {
            let rows = arrange(&rows, &wanted).into_iter().map(|at| Arc::clone(&rows[at as usize]));
            let rows = rows.collect();
            (wanted, rows)
        }));
    }

    pub(super) fn want(&mut self, cx: &mut Cx<'_>, change: impl FnOnce(&mut Wanted)) {
        let before = self.wanted.clone();
        change(&mut self.wanted);
        if before == self.wanted {
            return;
        }
        self.stale = true;
        self.revision += 1;
        if self.arranging.is_none() {
            self.arrange(cx);
        }
    }

    pub(super) fn cycle_sort(&mut self, column: TraceColumn, cx: &mut Cx<'_>) {
        // The slowest, the dearest and the newest are looked for first.
        let first = column.is_numeric() || matches!(column, TraceColumn::Time | TraceColumn::Assessments);
        self.want(cx, |wanted| {
            wanted.sort = match wanted.sort {
                Some((sorted, descending)) if sorted == column => {
                    (descending == first).then_some((column, !first))
                }
                _ => Some((column, first)),
            };
        });
    }

    /// What it is a list of.
    pub fn scope(&self) -> &TraceScope {
        &self.scope
    }

    fn shown_rows(&self) -> &[Arc<TraceRow>] {
        self.arranged.as_deref().unwrap_or(self.rows.items())
    }

    /// How many rows are shown.
    pub fn shown(&self) -> usize {
        self.shown_rows().len()
    }

    /// How many have arrived.
    pub fn loaded(&self) -> usize {
        self.rows.items().len()
    }

    /// The row at a place on the screen.
    pub fn row(&self, place: usize) -> Option<&Arc<TraceRow>> {
        self.shown_rows().get(place)
    }

    /// Where a trace is on the screen.
    pub fn place_of(&self, trace_id: &str) -> Option<usize> {
        self.shown_rows().iter().position(|row| row.trace_id == trace_id)
    }

    /// Changes whenever the rows or their order do.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The columns in which there is something.
    pub fn columns(&self) -> &[TraceColumn] {
        &self.columns
    }

    /// Filter and order.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Why not all are here.
    pub fn error(&self) -> Option<&TrackingError> {
        self.rows.error()
    }

    /// Whether more are on their way.
    pub fn is_loading(&self) -> bool {
        self.rows.is_loading()
    }

    /// Whether all that were asked for were here once.
    pub fn is_complete(&self) -> bool {
        self.rows.is_complete()
    }

    /// There are more, which are loaded on request.
    pub fn has_more(&self) -> bool {
        self.is_complete() && self.loaded() >= self.limit
    }

    /// When they were loaded last.
    pub fn loaded_at(&self) -> Option<Millis> {
        self.loaded_at
    }
}

fn query(scope: &TraceScope) -> TraceQuery {
    match scope {
        TraceScope::Experiment(id) => {
            TraceQuery { experiment_ids: vec![id.clone()], ..TraceQuery::default() }
        }
        TraceScope::Model(id) => TraceQuery { model_id: Some(id.clone()), ..TraceQuery::default() },
        TraceScope::Run { run_id, experiment_id } => TraceQuery {
            experiment_ids: vec![experiment_id.clone()],
            run_id: Some(run_id.clone()),
            ..TraceQuery::default()
        },
    }
}

/// Makes rows of traces where they arrive, and stops when there are enough.
fn rows(pages: PageStream<crate::entities::TraceInfo>, limit: usize) -> PageStream<Arc<TraceRow>> {
    let mut left = limit;
    pages
        .map(|page| page.map(|infos| infos.iter().map(|info| Arc::new(TraceRow::from(info))).collect()))
        .take_while(move |page: &Result<Vec<_>, _>| {
            let go_on = left > 0;
            left = left.saturating_sub(page.as_ref().map_or(0, Vec::len));
            future::ready(go_on)
        })
        .boxed()
}

fn columns(rows: &[Arc<TraceRow>]) -> Vec<TraceColumn> {
    let used = |column: &TraceColumn| column.is_always_shown() || rows.iter().any(|row| column.is_in(row));
    TraceColumn::ALL.into_iter().filter(used).collect()
}
