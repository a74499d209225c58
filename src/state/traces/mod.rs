//! Traces: their tables, and one trace as a whole.

mod arrange;
mod listing;
pub mod messages;
mod page;
mod row;
mod tree;

use std::time::Instant;

pub use arrange::{TraceColumn, Wanted};
pub use listing::TraceListing;
pub use page::{ShownTrace, TracePage};
pub use row::TraceRow;
pub use tree::{Node, SpanTree};

use super::finder::Found;
use super::navigation::{Route, TraceScope};
use super::{Command, Cx, format};
use crate::entities::NewFeedback;

/// What a view may ask for. All of it is about what is shown.
#[derive(Clone, Debug)]
pub enum TracesCommand {
    /// Shows only the traces in which these words occur.
    Filter(String),
    /// Sorts by a column, the other way about, then not at all.
    CycleSort(TraceColumn),
    /// Loads what was left out because it is much.
    LoadRest,
    /// Chooses a span of the trace by its node.
    Select(usize),
    /// Shows or hides what is below a node.
    Fold(usize, bool),
    /// Shows or hides what is below all of them.
    FoldAll(bool),
    /// Shows the spans in which these words occur.
    Search(String),
    /// Writes what a person thinks of it.
    LogFeedback(NewFeedback),
}

/// Tables that are kept: going back to one shows it at once.
const LISTINGS: usize = 4;
/// Traces that are kept: they may be large.
const PAGES: usize = 3;
/// Tables older than this are asked for anew when they are entered, in milliseconds.
const FRESH_FOR: i64 = 15_000;
/// Larger tables are left to F5.
const SMALL: usize = 2_000;

/// The tables and the traces shown last.
#[derive(Default)]
pub struct Traces {
    /// The last shown comes first.
    listings: Vec<TraceListing>,
    /// The last shown comes first.
    pages: Vec<TracePage>,
}

impl Traces {
    /// A table, once it was entered.
    pub fn of(&self, scope: &TraceScope) -> Option<&TraceListing> {
        self.listings.iter().find(|listing| listing.scope() == scope)
    }

    /// A trace, once it was entered.
    pub fn page(&self, trace_id: &str) -> Option<&TracePage> {
        self.pages.iter().find(|page| page.trace_id() == trace_id)
    }

    /// Takes what arrived.
    pub fn poll(&mut self, deadline: Instant, cx: &mut Cx<'_>) {
        if let Some(listing) = self.listings.first_mut() {
            listing.poll(deadline, cx);
        }
        // Feedback on a trace that was left is followed to its end.
        for page in &mut self.pages {
            page.poll(cx);
        }
    }

    /// Whether a table is being read.
    pub fn is_loading(&self) -> bool {
        self.listings.first().is_some_and(TraceListing::is_loading)
            || self.pages.first().is_some_and(|page| page.shown().is_loading())
    }

    /// Loads what a route shows, unless it is there.
    pub fn enter(&mut self, route: &Route, cx: &mut Cx<'_>) {
        match route {
            Route::Traces(scope) => self.enter_listing(scope, cx),
            Route::Trace { trace_id, .. } => self.enter_page(trace_id, cx),
            _ => {}
        }
    }

    fn enter_listing(&mut self, scope: &TraceScope, cx: &mut Cx<'_>) {
        if let TraceScope::Experiment(id) = scope {
            let key = super::settings::experiment_key(&cx.store.info(), id);
            cx.settings.remember_traces_tab(key, true);
        }
        let Some(at) = self.listings.iter().position(|listing| listing.scope() == scope) else {
            self.listings.insert(0, TraceListing::open(scope.clone(), cx));
            self.listings.truncate(LISTINGS);
            return;
        };
        let mut listing = self.listings.remove(at);
        let age = listing.loaded_at().map(|at| format::now() - at);
        if age.is_some_and(|age| age > FRESH_FOR) && listing.loaded() <= SMALL {
            listing.load(cx);
        }
        self.listings.insert(0, listing);
    }

    fn enter_page(&mut self, trace_id: &str, cx: &mut Cx<'_>) {
        let Some(at) = self.pages.iter().position(|page| page.trace_id() == trace_id) else {
            self.pages.insert(0, TracePage::open(trace_id, cx));
            let old = self.pages.split_off(PAGES.min(self.pages.len()));
            // A page may be made of millions of values.
            drop(cx.tasks.spawn_blocking(move || drop(old)));
            return;
        };
        let mut page = self.pages.remove(at);
        let is_over = page.shown().value().is_some_and(|shown| shown.trace.info.execution_duration.is_some());
        if !is_over && !page.shown().is_loading() {
            page.load(cx);
        }
        self.pages.insert(0, page);
    }

    /// Asks anew.
    pub fn refresh(&mut self, route: &Route, cx: &mut Cx<'_>) {
        match route {
            Route::Traces(_) => {
                if let Some(listing) = self.listings.first_mut() {
                    listing.load(cx);
                }
            }
            Route::Trace { .. } => {
                if let Some(page) = self.pages.first_mut() {
                    page.load(cx);
                }
            }
            _ => {}
        }
    }

    /// Carries a command out.
    pub fn apply(&mut self, command: TracesCommand, cx: &mut Cx<'_>) {
        match (command, self.listings.first_mut(), self.pages.first_mut()) {
            (TracesCommand::Filter(text), Some(listing), _) => {
                listing.want(cx, |wanted| wanted.filter = text);
            }
            (TracesCommand::CycleSort(column), Some(listing), _) => listing.cycle_sort(column, cx),
            (TracesCommand::LoadRest, Some(listing), _) => listing.load_rest(cx),
            (TracesCommand::Select(node), _, Some(page)) => page.select(node),
            (TracesCommand::Fold(node, folded), _, Some(page)) => page.fold(node, folded),
            (TracesCommand::FoldAll(folded), _, Some(page)) => page.fold_all(folded),
            (TracesCommand::Search(text), _, Some(page)) => page.search(text, cx),
            (TracesCommand::LogFeedback(feedback), _, Some(page)) => page.log_feedback(feedback, cx),
            _ => {}
        }
    }

    /// What the palette can find here.
    pub fn findable(&self) -> Vec<Found> {
        /// More would make every keystroke in the palette slow.
        const MOST: usize = 1_000;
        let Some(listing) = self.listings.first() else { return Vec::new() };
        let rows = (0..listing.loaded().min(MOST)).filter_map(|place| listing.row(place));
        rows.map(|row| Found {
            kind: "trace",
            name: format!("{} {}", row.trace_id, row.request),
            detail: row.name.clone(),
            command: Command::Go(Route::trace(row.trace_id.clone())),
        })
        .collect()
    }
}

#[cfg(test)]
mod tests;
