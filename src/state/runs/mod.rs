//! The table of an experiment's runs.
//!
//! Runs are columns from the moment they arrive: a task turns each page into a [`page::Page`] off the UI thread,
//! [`table::RunTable::append`] is a few pushes, and sorting and filtering ([`arrange`]) read a snapshot elsewhere.

mod arrange;
mod column;
mod filter;
mod key;
mod layout;
mod listing;
#[cfg(test)]
mod listing_tests;
mod models;
mod page;
mod sort;
mod strings;
mod table;

use std::time::Instant;

pub use arrange::{Arrangement, Entry, Wanted, arrange};
pub(in crate::state) use filter::terms;
pub use key::{Attribute, ColumnKey, Group};
pub use layout::{Layout, columns_of};
pub use listing::{Listing, Progress, feed_columns};
pub use models::{ModelLabel, ModelLabels};
pub use page::{Field, KeyKind, KeyStats, Page, PageBuilder};
pub use sort::{Sort, natural};
pub use strings::StrId;
pub use table::{KeyInfo, Rows, RunTable};

use super::finder::Found;
use super::format;
use super::navigation::{Route, RunTab};
use super::{Command, Cx};
use crate::entities::ViewType;

/// What a view may ask for. Rows are rows of the table that is shown.
#[derive(Clone, Debug)]
pub enum RunsCommand {
    /// Shows only the runs in which these words occur.
    Filter(String),
    /// Shows active, deleted or all runs.
    View(ViewType),
    /// Sorts by a column: downwards, upwards, not at all in turn for numbers; the other way about for text.
    CycleSort(ColumnKey),
    /// Sorts by a column, or as the server does.
    SortBy(Option<Sort>),
    /// Puts runs under their parents, or not.
    Nest(bool),
    /// Shows or hides what is below a row.
    Unfold(u32, bool),
    /// Shows or hides what is below every row.
    UnfoldAll(bool),
    /// Shows or hides a column.
    ShowColumn(ColumnKey, bool),
    /// Shows or hides all columns of a group that the search `containing` leaves.
    ShowGroup {
        /// The group.
        group: Group,
        /// Words of the search, lower case.
        containing: String,
        /// Shown or hidden.
        shown: bool,
    },
    /// Moves a column to the right (`true`) or to the left.
    ShiftColumn(ColumnKey, bool),
    /// Shows the columns that are shown when nothing was chosen.
    ResetColumns,
    /// Stops asking for further pages, or goes on.
    Pause(bool),
    /// Finds out what these logged models are called.
    NameModels(Vec<String>),
}

/// Tables that are kept: going back to an experiment shows it at once.
const MOST_KEPT: usize = 4;
/// Small tables older than this are asked for anew when they are entered, in milliseconds.
const FRESH_FOR: i64 = 15_000;
/// Larger ones are left to F5: 1,000 runs cost a server more than a second.
const SMALL: u32 = 1_000;

/// The table of the experiment that is shown, and those shown before it.
#[derive(Default)]
pub struct Runs {
    /// The last shown comes first.
    listings: Vec<Listing>,
    models: ModelLabels,
}

impl Runs {
    /// The table of an experiment, once it was entered.
    pub fn of(&self, experiment_id: &str) -> Option<&Listing> {
        self.listings.iter().find(|listing| listing.experiment_id() == experiment_id)
    }

    /// The table that is shown or was shown last.
    pub fn current(&self) -> Option<&Listing> {
        self.listings.first()
    }

    /// What logged models are called.
    pub fn models(&self) -> &ModelLabels {
        &self.models
    }

    /// Takes what arrived.
    pub fn poll(&mut self, deadline: Instant, cx: &mut Cx<'_>) {
        // The others wait: what is not drained is not asked for.
        if let Some(listing) = self.listings.first_mut() {
            listing.poll(deadline, cx);
        }
        self.models.poll();
    }

    /// Loads what a route shows, unless it is there.
    pub fn enter(&mut self, route: &Route, cx: &mut Cx<'_>) {
        let Route::Experiment { experiment_id } = route else { return };
        let key = super::settings::experiment_key(&cx.store.info(), experiment_id);
        cx.settings.remember_traces_tab(key, false);
        let kept = self.listings.iter().position(|listing| listing.experiment_id() == experiment_id);
        if let Some(at) = kept {
            let listing = self.listings.remove(at);
            self.listings.insert(0, listing);
            let listing = &mut self.listings[0];
            let age = listing.loaded_at().map(|at| format::now() - at);
            if age.is_some_and(|age| age > FRESH_FOR) && listing.table().rows().count() <= SMALL {
                listing.load(cx);
            }
            return;
        }
        self.listings.insert(0, Listing::open(experiment_id.clone(), cx));
        self.listings.truncate(MOST_KEPT);
    }

    /// Asks anew.
    pub fn refresh(&mut self, route: &Route, cx: &mut Cx<'_>) {
        if matches!(route, Route::Experiment { .. })
            && let Some(listing) = self.listings.first_mut()
        {
            listing.load(cx);
        }
    }

    /// Carries a command out.
    pub fn apply(&mut self, command: RunsCommand, cx: &mut Cx<'_>) {
        if let RunsCommand::NameModels(ids) = command {
            self.models.ask(ids, cx.tasks, cx.store);
        } else if let Some(listing) = self.listings.first_mut() {
            listing.apply(command, cx);
        }
    }

    /// What the palette can find here.
    pub fn findable(&self) -> Vec<Found> {
        /// More would make every keystroke in the palette slow.
        const MOST: u32 = 2_000;
        let Some(listing) = self.current() else { return Vec::new() };
        let rows = listing.table().rows();
        (0..rows.count().min(MOST))
            .map(|row| Found {
                kind: "run",
                name: rows.name(row).to_owned(),
                detail: format::short_id(rows.run_id(row)).to_owned(),
                command: Command::Go(Route::Run {
                    run_id: rows.run_id(row).to_owned(),
                    tab: RunTab::default(),
                }),
            })
            .collect()
    }
}
