//! What differs between two versions: who and when, metrics, params, tags.

use std::collections::BTreeSet;

use super::words::plain_line;
use crate::entities::{Millis, ModelVersion, Run, Tags, VersionNumber, tag};

/// One line of the comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What is compared.
    pub section: Section,
    /// Its name.
    pub name: String,
    /// On the version that has the alias now.
    pub from: Cell,
    /// On the version that shall have it.
    pub to: Cell,
}

/// The parts of the comparison, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Who and when.
    Version,
    /// Metrics of the source runs.
    Metrics,
    /// Params of the source runs.
    Params,
    /// Tags of the versions.
    Tags,
    /// Tags of the source runs.
    RunTags,
}

impl Section {
    /// Its heading.
    pub fn label(self) -> &'static str {
        match self {
            Self::Version => "Version and source run",
            Self::Metrics => "Metrics",
            Self::Params => "Params",
            Self::Tags => "Version tags",
            Self::RunTags => "Run tags",
        }
    }
}

/// One side of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// There is none.
    Missing,
    /// Words.
    Text(String),
    /// A metric's last value.
    Number(f64),
    /// A time.
    Time(Millis),
}

impl Line {
    /// Whether the two sides differ in what matters. Two NaN do not, and that times differ goes without saying.
    pub fn differs(&self) -> bool {
        match (&self.from, &self.to) {
            (Cell::Time(_), Cell::Time(_)) => false,
            (Cell::Number(a), Cell::Number(b)) => a != b && !(a.is_nan() && b.is_nan()),
            (a, b) => a != b,
        }
    }

    /// By how much the number grew, where both sides are finite numbers that differ.
    pub fn delta(&self) -> Option<f64> {
        let (Cell::Number(from), Cell::Number(to)) = (&self.from, &self.to) else { return None };
        let delta = to - from;
        (delta != 0.0 && delta.is_finite()).then_some(delta)
    }
}

/// One version as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Side<'a> {
    /// The version.
    pub version: Option<&'a ModelVersion>,
    /// Its source run.
    pub run: Option<&'a Run>,
}

/// Every line, sections in their order, names sorted within.
pub fn compare(from: Side<'_>, to: Side<'_>) -> Vec<Line> {
    let mut lines = facts(from, to);
    lines.extend(keyed(Section::Metrics, from, to, metric_keys, |side, key| {
        side.run.and_then(|run| run.metric(key)).map_or(Cell::Missing, Cell::Number)
    }));
    lines.extend(keyed(Section::Params, from, to, param_keys, |side, key| {
        text(side.run.and_then(|run| run.param(key)))
    }));
    let of_version = |side: Side<'_>, key: &str| text(side.version.and_then(|v| v.tags.get(key)));
    lines.extend(keyed(Section::Tags, from, to, |side| side.version.map(|v| own_tags(&v.tags)), of_version));
    let of_run = |side: Side<'_>, key: &str| text(side.run.and_then(|run| run.tags.get(key)));
    lines.extend(keyed(Section::RunTags, from, to, |side| side.run.map(|run| own_tags(&run.tags)), of_run));
    lines
}

/// Which of two versions is the older one by its number: MLflow counts up and never reuses one.
pub fn is_older(to: VersionNumber, from: VersionNumber) -> bool {
    to < from
}

fn facts(from: Side<'_>, to: Side<'_>) -> Vec<Line> {
    type Fact = (&'static str, fn(Side<'_>) -> Cell);
    let facts: [Fact; 9] = [
        ("Registered", |side| time(side.version.and_then(|v| v.creation_timestamp))),
        ("Status", |side| text(side.version.map(|v| v.status.label()))),
        ("Description", |side| {
            text(side.version.map(|v| plain_line(&v.description)).filter(|t| !t.is_empty()))
        }),
        ("User", |side| text(user(side))),
        ("Source run", |side| text(side.run.map(|run| &run.info.run_name))),
        ("Run started", |side| time(side.run.and_then(|run| run.info.start_time))),
        ("Run status", |side| text(side.run.map(|run| run.info.status.label()))),
        ("Source", |side| text(side.run.and_then(|run| run.tags.get(tag::SOURCE_NAME)))),
        ("Git commit", |side| text(side.run.and_then(|run| run.tags.get(tag::GIT_COMMIT)))),
    ];
    let line = |&(name, get): &Fact| Line {
        section: Section::Version,
        name: name.to_owned(),
        from: get(from),
        to: get(to),
    };
    let known = |line: &Line| line.from != Cell::Missing || line.to != Cell::Missing;
    facts.iter().map(line).filter(known).collect()
}

fn user(side: Side<'_>) -> Option<&str> {
    let of_run = side.run.map(Run::user).filter(|user| !user.is_empty());
    of_run.or_else(|| side.version.map(|v| v.user_id.as_str()).filter(|user| !user.is_empty()))
}

fn keyed<'a>(
    section: Section,
    from: Side<'a>,
    to: Side<'a>,
    keys: impl Fn(Side<'a>) -> Option<Vec<&'a str>>,
    cell: impl Fn(Side<'a>, &str) -> Cell,
) -> Vec<Line> {
    let all: BTreeSet<&str> = [from, to].into_iter().filter_map(keys).flatten().collect();
    all.into_iter()
        .map(|key| Line { section, name: key.to_owned(), from: cell(from, key), to: cell(to, key) })
        .collect()
}

fn metric_keys(side: Side<'_>) -> Option<Vec<&str>> {
    side.run.map(|run| run.metrics.iter().map(|metric| metric.key.as_str()).collect())
}

fn param_keys(side: Side<'_>) -> Option<Vec<&str>> {
    side.run.map(|run| run.params.iter().map(|param| param.key.as_str()).collect())
}

/// Tags that people set; MLflow's own are not what a promotion is decided by. A prompt's text is.
fn own_tags(tags: &Tags) -> Vec<&str> {
    tags.keys().map(String::as_str).filter(|key| !tag::is_system(key) || *key == tag::PROMPT_TEXT).collect()
}

fn text(value: Option<impl Into<String>>) -> Cell {
    value.map_or(Cell::Missing, |value| Cell::Text(value.into()))
}

fn time(at: Option<Millis>) -> Cell {
    at.map_or(Cell::Missing, Cell::Time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::{Metric, Param};

    fn run(metrics: &[(&str, f64)], params: &[(&str, &str)]) -> Run {
        Run {
            metrics: metrics
                .iter()
                .map(|&(key, value)| Metric { key: key.into(), value, ..Default::default() })
                .collect(),
            params: params.iter().map(|&(k, v)| Param { key: k.into(), value: v.into() }).collect(),
            ..Default::default()
        }
    }

    #[test]
    fn what_differs_is_marked_and_numbers_have_deltas() {
        let a = run(&[("auc", 0.8), ("loss", f64::NAN)], &[("depth", "3"), ("same", "x")]);
        let b = run(&[("auc", 0.9), ("loss", f64::NAN), ("new", 1.0)], &[("depth", "5"), ("same", "x")]);
        let lines = compare(Side { run: Some(&a), version: None }, Side { run: Some(&b), version: None });
        let line = |name: &str| lines.iter().find(|line| line.name == name).unwrap();
        assert!((line("auc").delta().unwrap() - 0.1).abs() < 1e-9);
        assert!(!line("loss").differs());
        assert_eq!(line("new").from, Cell::Missing);
        assert!(line("new").differs() && line("new").delta().is_none());
        assert!(line("depth").differs() && !line("same").differs());
    }

    #[test]
    fn tags_that_mlflow_sets_are_left_out() {
        let version = ModelVersion {
            tags: [("mlflow.x", "1"), ("commit", "2"), (tag::PROMPT_TEXT, "Say it")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
            ..Default::default()
        };
        let lines = compare(Side::default(), Side { version: Some(&version), run: None });
        let tags: Vec<_> =
            lines.iter().filter(|line| line.section == Section::Tags).map(|line| &line.name).collect();
        assert_eq!(tags, ["commit", tag::PROMPT_TEXT]);
    }
}
