//! The list of experiments: all of one lifecycle stage are loaded, then searched and sorted here.

use std::cmp::Reverse;
use std::time::Instant;

use super::finder::Found;
use super::navigation::{Route, Section};
use super::remote::{Pages, Remote};
use super::runs::natural;
use super::{Command, Cx, format};
use crate::entities::{Experiment, Millis, ViewType, tag};
use crate::tracking::{ExperimentQuery, TrackingError};

/// What a view may ask for.
#[derive(Clone, Debug)]
pub enum ExperimentsCommand {
    /// Shows only the experiments in which these words occur.
    Filter(String),
    /// Shows active, deleted or all experiments.
    View(ViewType),
    /// Sorts the list.
    Sort(ExperimentSort),
}

/// Orders of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExperimentSort {
    /// The newest first.
    #[default]
    Created,
    /// The last changed first.
    Updated,
    /// By name.
    Name,
}

impl ExperimentSort {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Created, Self::Updated, Self::Name];

    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Created => "Newest first",
            Self::Updated => "Last updated first",
            Self::Name => "By name",
        }
    }
}

/// The list of experiments.
#[derive(Default)]
pub struct Experiments {
    pages: Pages<Experiment>,
    /// For each experiment what is searched: name, id and tags, in lower case.
    haystacks: Vec<String>,
    /// What arrives next takes the place of all that is there: a list that is loaded anew.
    replacing: bool,
    /// All of them in the order of `sort`, whatever the filter.
    order: Vec<u32>,
    view: ViewType,
    sort: ExperimentSort,
    filter: String,
    shown: Vec<u32>,
    revision: u64,
    /// The list before another lifecycle stage was chosen: the open experiment may be among them.
    before: Vec<Experiment>,
    /// The experiment of a route, where the list does not hold it.
    other: Remote<Experiment>,
    other_id: String,
}

impl Experiments {
    /// The experiments that are shown, in order; numbers for [`Self::get`].
    pub fn shown(&self) -> &[u32] {
        &self.shown
    }

    /// An experiment by its number.
    pub fn get(&self, number: u32) -> Option<&Experiment> {
        self.pages.items().get(number as usize)
    }

    /// An experiment by its id, whether the list shows it or not.
    pub fn find(&self, experiment_id: &str) -> Option<&Experiment> {
        let known = self.pages.items().iter().chain(&self.before).chain(self.other.value());
        known.into_iter().find(|experiment| experiment.experiment_id == experiment_id)
    }

    /// How many there are.
    pub fn loaded(&self) -> usize {
        self.pages.items().len()
    }

    /// Whether pages are still on their way.
    pub fn is_loading(&self) -> bool {
        self.pages.is_loading()
    }

    /// Whether all were loaded at least once.
    pub fn is_complete(&self) -> bool {
        self.pages.is_complete()
    }

    /// Why loading stopped.
    pub fn error(&self) -> Option<&TrackingError> {
        self.pages.error()
    }

    /// Active, deleted or all.
    pub fn view(&self) -> ViewType {
        self.view
    }

    /// The order.
    pub fn sort(&self) -> ExperimentSort {
        self.sort
    }

    /// The words that are searched for.
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Changes when other experiments are shown, or in another order.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Where to start when none is chosen: at the last used one, else at the one that changed last.
    pub fn suggested(&self, last_used: Option<&str>) -> Option<&Experiment> {
        let items = self.pages.items();
        let last = items.iter().find(|experiment| Some(experiment.experiment_id.as_str()) == last_used);
        last.or_else(|| items.iter().max_by_key(|experiment| changed(experiment)))
    }

    /// Takes what arrived.
    pub fn poll(&mut self, deadline: Instant, _cx: &mut Cx<'_>) {
        if self.pages.poll(deadline) {
            if std::mem::take(&mut self.replacing) {
                self.haystacks.clear();
                self.order.clear();
            }
            self.arrange();
        }
        self.other.poll();
    }

    /// Loads what a route shows, unless it is there.
    pub fn enter(&mut self, route: &Route, cx: &mut Cx<'_>) {
        if route.section() != Section::Experiments {
            return;
        }
        let query = ExperimentQuery { view_type: self.view };
        self.pages.load_if_empty(cx.tasks, || cx.store.search_experiments(query));
        if let Some(experiment_id) = route.experiment_id() {
            cx.settings
                .last_experiments
                .insert(cx.store.info().settings_key().to_owned(), experiment_id.to_owned());
            // From a link, or deleted: the list may never show it.
            if self.find(experiment_id).is_none() && self.other_id != experiment_id {
                experiment_id.clone_into(&mut self.other_id);
                self.other.load(cx.tasks, cx.store.get_experiment(experiment_id));
            }
        }
    }

    /// Asks anew.
    pub fn refresh(&mut self, route: &Route, cx: &mut Cx<'_>) {
        if matches!(route, Route::Experiments) || route.experiment_id().is_some() {
            self.load(cx);
        }
    }

    /// Carries a command out.
    pub fn apply(&mut self, command: ExperimentsCommand, cx: &mut Cx<'_>) {
        match command {
            ExperimentsCommand::Filter(filter) => self.filter = filter,
            ExperimentsCommand::Sort(sort) => {
                self.sort = sort;
                self.order.clear();
            }
            ExperimentsCommand::View(view) if view != self.view => {
                self.view = view;
                if self.loaded() > 0 {
                    self.before = self.pages.items().to_vec();
                }
                self.pages = Pages::default();
                self.haystacks.clear();
                self.order.clear();
                self.load(cx);
            }
            ExperimentsCommand::View(_) => {}
        }
        self.arrange();
    }

    /// What the palette can find here.
    pub fn findable(&self) -> Vec<Found> {
        /// More would make every keystroke in the palette slow.
        const MOST: usize = 5_000;
        let found = |experiment: &Experiment| Found {
            kind: "experiment",
            name: experiment.name.clone(),
            detail: experiment
                .creation_time
                .map(|at| format::relative_time(at, format::now()))
                .unwrap_or_default(),
            command: Command::Go(Route::Experiment { experiment_id: experiment.experiment_id.clone() }),
        };
        self.pages.items().iter().take(MOST).map(found).collect()
    }

    fn load(&mut self, cx: &mut Cx<'_>) {
        self.replacing = self.loaded() > 0;
        self.pages.load(cx.tasks, cx.store.search_experiments(ExperimentQuery { view_type: self.view }));
    }

    /// Searches what is there, after what is new was made searchable and put in its place.
    fn arrange(&mut self) {
        let items = self.pages.items();
        if self.order.len() < items.len() {
            self.haystacks.extend(items.iter().skip(self.haystacks.len()).map(haystack));
            self.order.extend(self.order.len() as u32..items.len() as u32);
            sort(&mut self.order, items, self.sort);
        }
        let words: Vec<String> = self.filter.split_whitespace().map(str::to_lowercase).collect();
        let matches = |&at: &u32| {
            let haystack = self.haystacks.get(at as usize);
            haystack.is_some_and(|haystack| words.iter().all(|word| haystack.contains(word)))
        };
        self.shown = self.order.iter().copied().filter(matches).collect();
        self.revision += 1;
    }
}

/// Equal ones stay in the order in which they came. What is sorted already costs little to merge with a new page.
fn sort(order: &mut [u32], items: &[Experiment], by: ExperimentSort) {
    let item = |at: u32| &items[at as usize];
    match by {
        ExperimentSort::Created => order.sort_by_key(|&at| Reverse(item(at).creation_time)),
        ExperimentSort::Updated => order.sort_by_key(|&at| Reverse(changed(item(at)))),
        ExperimentSort::Name => order.sort_by(|&a, &b| natural(&item(a).name, &item(b).name)),
    }
}

/// When an experiment was made or last changed.
fn changed(experiment: &Experiment) -> Option<Millis> {
    experiment.last_update_time.max(experiment.creation_time)
}

/// Name, id, and tags as `key:value`; a line each, so that no word matches over a border.
fn haystack(experiment: &Experiment) -> String {
    let mut text = format!("{}\n{}", experiment.name, experiment.experiment_id);
    for (key, value) in experiment.tags.iter().filter(|(key, _)| !tag::is_system(key)) {
        text.push('\n');
        text.push_str(key);
        text.push(':');
        text.push_str(value);
    }
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiments(filter: &str, sort: ExperimentSort) -> Vec<String> {
        let experiment = |id: &str, name: &str, created, updated, team: &str| Experiment {
            experiment_id: id.into(),
            name: name.into(),
            creation_time: Some(created),
            last_update_time: Some(updated),
            tags: [("team".into(), team.into()), (tag::NOTE.into(), "churn".into())].into(),
            ..Experiment::default()
        };
        let mut list = Experiments {
            pages: Pages::of(vec![
                experiment("10", "/Users/anna/Churn", 1, 9, "growth"),
                experiment("11", "run-10", 2, 2, "Logistics"),
                experiment("12", "run-2", 3, 3, "logistics"),
            ]),
            filter: filter.into(),
            sort,
            ..Experiments::default()
        };
        list.arrange();
        assert_eq!(list.suggested(Some("11")).unwrap().experiment_id, "11");
        assert_eq!(list.suggested(Some("gone")).unwrap().experiment_id, "10");
        list.shown().iter().map(|&at| list.get(at).unwrap().experiment_id.clone()).collect()
    }

    #[test]
    fn names_ids_and_tags_are_found() {
        for (filter, ids) in [
            ("", vec!["12", "11", "10"]),
            ("CHURN", vec!["10"]),
            ("team:logistics", vec!["12", "11"]),
            ("logistics run-10", vec!["11"]),
            ("12", vec!["12"]),
            ("logistics churn", vec![]),
        ] {
            assert_eq!(experiments(filter, ExperimentSort::Created), ids, "{filter}");
        }
    }

    #[test]
    fn page_by_page_the_order_is_that_of_all_at_once() {
        let experiment = |n: usize| Experiment {
            experiment_id: n.to_string(),
            name: format!("run-{}", n * 7 % 10),
            creation_time: Some(n as i64 % 3),
            ..Experiment::default()
        };
        for sort in ExperimentSort::ALL {
            let mut paged = Experiments { sort, filter: "run".into(), ..Experiments::default() };
            for loaded in [0, 4, 4, 30] {
                paged.pages = Pages::of((0..loaded).map(experiment).collect());
                paged.arrange();
                let pages = Pages::of((0..loaded).map(experiment).collect());
                let mut whole = Experiments { pages, sort, ..Experiments::default() };
                whole.arrange();
                assert_eq!(paged.shown(), whole.shown(), "{sort:?}");
                assert_eq!(paged.shown().len(), loaded);
            }
        }
    }

    #[test]
    fn the_list_sorts_three_ways() {
        assert_eq!(experiments("", ExperimentSort::Name), ["10", "12", "11"]);
        assert_eq!(experiments("", ExperimentSort::Updated), ["10", "12", "11"]);
    }
}
