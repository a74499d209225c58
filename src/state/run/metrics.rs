//! Which metrics of a run are drawn, and how: histories that are loaded a few at once, and the curves made of them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt as _;

use super::curves::{Curve, CurveOptions, Point, XAxis};
use crate::entities::Metric;
use crate::state::Cx;
use crate::state::remote::Pages;
use crate::state::tasks::{Polled, Task};
use crate::tracking::{PageStream, Store, TrackingError};

/// One plot for all, or one for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Layout {
    /// All curves in one plot.
    Together,
    /// A plot for each metric.
    #[default]
    Grid,
}

/// How curves are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PlotLook {
    /// One plot for all, or one for each.
    pub layout: Layout,
    /// What runs from left to right.
    pub x: XAxis,
    /// Powers of ten from bottom to top.
    pub log: bool,
    /// Weight of what was before, 0 (none) to below 1.
    pub smoothing: f64,
}

/// What part of the curves is seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Pixel columns of a plot.
    pub columns: usize,
    /// From x to x, where the user zoomed; all of it otherwise.
    pub range: Option<(f64, f64)>,
}

impl Default for View {
    fn default() -> Self {
        Self { columns: 800, range: None }
    }
}

/// Metrics that are drawn at first.
const FIRST: usize = 6;
/// Histories that are loaded at once.
const AT_ONCE: usize = 3;
/// Values of one metric that are kept.
const MOST: usize = 2_000_000;

/// The curves of one run.
#[derive(Default)]
pub struct MetricsState {
    listed: Arc<[Metric]>,
    /// In the order they were chosen; none was yet: `None`.
    chosen: Option<Vec<String>>,
    /// The series colour of each that is drawn; it stays while others come and go.
    colors: BTreeMap<String, usize>,
    histories: BTreeMap<String, History>,
    view: View,
    /// The metrics are on the screen: histories are loaded only then.
    pub(super) is_shown: bool,
}

/// A metric's history and the curve made of it.
#[derive(Default)]
pub struct History {
    /// One item a page, so that a curve is made of the very pages that are kept here.
    points: Pages<Arc<[Point]>>,
    /// Counts what arrived, so that a curve knows whether it is stale.
    version: u64,
    drawn: Option<(CurveOptions, u64)>,
    curve: Option<Arc<Curve>>,
    drawing: Option<(CurveOptions, u64, Task<Curve>)>,
}

impl History {
    /// How many values arrived.
    pub fn count(&self) -> usize {
        self.points.items().iter().map(|page| page.len()).sum()
    }

    /// The first value in the store's order.
    pub fn first(&self) -> Option<&Point> {
        self.points.items().iter().find_map(|page| page.first())
    }

    /// What is drawn. It may lag behind the values and the options by a moment.
    pub fn curve(&self) -> Option<&Curve> {
        self.curve.as_deref()
    }

    /// Whether the curve on the screen is on the scale that is asked for now.
    pub fn is_drawn_as(&self, look: PlotLook) -> bool {
        self.drawn.is_some_and(|(drawn, _)| drawn.log == look.log && drawn.x == look.x)
    }

    /// Whether values are on their way.
    pub fn is_loading(&self) -> bool {
        self.points.is_loading()
    }

    /// Why the values did not arrive.
    pub fn error(&self) -> Option<&TrackingError> {
        self.points.error()
    }

    fn poll(&mut self, deadline: Instant) -> bool {
        let was_loading = self.points.is_loading();
        if self.points.poll(deadline) {
            self.version += 1;
        }
        if let Some((options, version, task)) = &mut self.drawing {
            match task.poll() {
                Polled::Pending => {}
                Polled::Ready(curve) => {
                    self.drawn = Some((*options, *version));
                    self.curve = Some(Arc::new(curve));
                    self.drawing = None;
                }
                Polled::Lost => self.drawing = None,
            }
        }
        was_loading && !self.points.is_loading()
    }

    fn draw(&mut self, options: CurveOptions, cx: &Cx<'_>) {
        let wanted = (options, self.version);
        if self.version == 0 || self.drawing.is_some() || self.drawn == Some(wanted) {
            return;
        }
        let pages = self.points.items().to_vec();
        let task = cx.tasks.spawn_blocking(move || {
            let points = pages.iter().flat_map(|page| page.iter().copied());
            Curve::new(points.collect(), options)
        });
        self.drawing = Some((options, self.version, task));
    }
}

impl MetricsState {
    /// Chooses what another run's page chose.
    pub(super) fn like(other: Option<&Self>) -> Self {
        Self { chosen: other.and_then(|other| other.chosen.clone()), ..Self::default() }
    }

    /// The run's metrics with their last values, by name, those of the system last. Another allocation when the
    /// run was loaded anew.
    pub fn listed(&self) -> &Arc<[Metric]> {
        &self.listed
    }

    /// The metrics that are drawn, in the order they were chosen.
    pub fn chosen(&self) -> &[String] {
        self.chosen.as_deref().unwrap_or_default()
    }

    /// Index of a drawn metric's colour.
    pub fn color(&self, key: &str) -> Option<usize> {
        self.colors.get(key).copied()
    }

    /// A metric's history, if it was asked for.
    pub fn history(&self, key: &str) -> Option<&History> {
        self.histories.get(key)
    }

    /// What part of the curves is seen.
    pub fn view(&self) -> View {
        self.view
    }

    /// Lists a run's metrics. What was chosen is kept as far as the run has it; if that is nothing, the first few
    /// are chosen.
    pub(super) fn list(&mut self, metrics: &[Metric]) {
        let mut listed = metrics.to_vec();
        listed.sort_by(|a, b| {
            let is_system = |metric: &Metric| metric.key.starts_with("system/");
            is_system(a).cmp(&is_system(b)).then_with(|| a.key.cmp(&b.key))
        });
        self.listed = listed.into();
        if self.listed.is_empty() {
            // Nothing can be chosen; what was stays for the next run.
            return;
        }
        if let Some(chosen) = &mut self.chosen {
            let known: HashSet<&str> = self.listed.iter().map(|metric| metric.key.as_str()).collect();
            let before = chosen.len();
            chosen.retain(|key| known.contains(key.as_str()));
            if !chosen.is_empty() || before == 0 {
                self.give_colors();
                return;
            }
        }
        self.show_only(self.listed.iter().take(FIRST).map(|metric| metric.key.clone()).collect());
    }

    fn give_colors(&mut self) {
        let keys = self.chosen.as_deref().unwrap_or_default();
        let chosen: HashSet<&str> = keys.iter().map(String::as_str).collect();
        self.colors.retain(|key, _| chosen.contains(key.as_str()));
        let used: HashSet<usize> = self.colors.values().copied().collect();
        let free = (0..).filter(|index| !used.contains(index));
        let new = keys.iter().filter(|key| !self.colors.contains_key(*key)).cloned();
        let new: Vec<(String, usize)> = new.zip(free).collect();
        self.colors.extend(new);
    }

    pub(super) fn toggle(&mut self, key: String) {
        let chosen = self.chosen.get_or_insert_default();
        match chosen.iter().position(|known| *known == key) {
            Some(at) => drop(chosen.remove(at)),
            None => chosen.push(key),
        }
        self.give_colors();
    }

    pub(super) fn show_only(&mut self, keys: Vec<String>) {
        self.chosen = Some(keys);
        self.give_colors();
    }

    pub(super) fn set_view(&mut self, view: View) {
        self.view = view;
    }

    /// Starts as many histories as may be loaded at once.
    pub(super) fn load(&mut self, run_id: &str, cx: &Cx<'_>) {
        if !self.is_shown {
            return;
        }
        let mut under_way = self.histories.values().filter(|history| history.is_loading()).count();
        for key in self.chosen.iter().flatten() {
            if under_way >= AT_ONCE {
                break;
            }
            let history = self.histories.entry(key.clone()).or_default();
            history.points.load_if_empty(cx.tasks, || {
                under_way += 1;
                points(&**cx.store, run_id, key)
            });
        }
    }

    pub(super) fn reload(&mut self, run_id: &str, key: &str, cx: &Cx<'_>) {
        let history = self.histories.entry(key.to_owned()).or_default();
        history.points.load(cx.tasks, points(&**cx.store, run_id, key));
    }

    /// Loads what is drawn anew, and forgets what is not.
    pub(super) fn refresh(&mut self, run_id: &str, cx: &Cx<'_>) {
        let chosen: HashSet<&String> = self.chosen.iter().flatten().collect();
        self.histories.retain(|key, _| chosen.contains(key));
        for (key, history) in &mut self.histories {
            history.points.load(cx.tasks, points(&**cx.store, run_id, key));
        }
    }

    /// Takes what arrived. `true`: a history is complete or failed, and another can be started.
    pub(super) fn poll(&mut self, deadline: Instant) -> bool {
        self.histories.values_mut().fold(false, |ended, history| history.poll(deadline) | ended)
    }

    /// Has stale curves made anew, off the UI thread.
    pub(super) fn draw(&mut self, look: PlotLook, cx: &Cx<'_>) {
        if !self.is_shown {
            return;
        }
        let View { columns, range } = self.view;
        let options = CurveOptions { x: look.x, log: look.log, smoothing: look.smoothing, columns, range };
        for key in self.chosen.iter().flatten() {
            if let Some(history) = self.histories.get_mut(key) {
                history.draw(options, cx);
            }
        }
    }
}

/// A metric's values without its name on each of them, and no more than are kept; each page as one item.
fn points(store: &dyn Store, run_id: &str, key: &str) -> PageStream<Arc<[Point]>> {
    let compact = |page: Result<Vec<_>, _>| page.map(|page| page.into_iter().map(Point::from).collect());
    let pages = store.metric_history(run_id, key).map(compact);
    let bounded = pages.scan(0, |seen, page: Result<Vec<Point>, _>| {
        let done = *seen >= MOST;
        *seen += page.as_ref().map_or(0, Vec::len);
        std::future::ready((!done).then_some(page))
    });
    bounded.map(|page| page.map(|page| vec![Arc::from(page)])).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(key: &str) -> Metric {
        Metric { key: key.into(), ..Metric::default() }
    }

    #[test]
    fn a_run_begins_with_the_first_few_and_system_metrics_last() {
        let mut metrics = MetricsState::default();
        metrics.list(&["system/cpu", "b", "a"].map(metric));
        assert_eq!(metrics.chosen(), ["a", "b", "system/cpu"]);
        metrics.toggle("b".into());
        metrics.toggle("c".into());
        assert_eq!(metrics.chosen(), ["a", "system/cpu", "c"]);
        let colors: Vec<_> = ["a", "system/cpu", "c", "b"].map(|key| metrics.color(key)).to_vec();
        assert_eq!(colors, [Some(0), Some(2), Some(1), None]);
    }

    #[test]
    fn the_next_run_draws_what_the_last_one_drew() {
        let mut first = MetricsState::default();
        first.show_only(vec!["loss".into(), "gone".into()]);
        let mut next = MetricsState::like(Some(&first));
        next.list(&["acc", "loss"].map(metric));
        assert_eq!(next.chosen(), ["loss"]);
        let mut other = MetricsState::like(Some(&first));
        other.list(&["acc"].map(metric));
        assert_eq!(other.chosen(), ["acc"]);
        let mut none = MetricsState::default();
        none.show_only(Vec::new());
        none.list(&["acc"].map(metric));
        assert!(none.chosen().is_empty());
    }

    #[test]
    fn a_run_without_metrics_chooses_nothing_for_the_next() {
        let mut empty = MetricsState::default();
        empty.list(&[]);
        let mut next = MetricsState::like(Some(&empty));
        next.list(&["a/b ü", "0"].map(metric));
        assert_eq!(next.chosen(), ["0", "a/b ü"]);
    }

    #[test]
    fn thousands_of_metrics_get_a_colour_each_and_keep_it() {
        let keys: Vec<String> = (0..20_000).map(|n| format!("{n:05}")).collect();
        let mut metrics = MetricsState::default();
        metrics.show_only(vec![keys[700].clone(), keys[3].clone()]);
        metrics.show_only(keys[1..].to_vec());
        assert_eq!(["00700", "00003", "00001", "00002"].map(|key| metrics.color(key).unwrap()), [0, 1, 2, 3]);
        let indices: HashSet<usize> = keys.iter().filter_map(|key| metrics.color(key)).collect();
        assert_eq!((indices.len(), indices.iter().max()), (19_999, Some(&19_998)));
        metrics.list(&[metric("00700"), metric("b")]);
        assert_eq!(metrics.chosen(), ["00700"]);
    }
}
