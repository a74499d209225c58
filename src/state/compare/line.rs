//! One line of a comparison: a name with its value on either side, and what became of it.

use super::direction::{Direction, direction};
use crate::entities::Millis;
use crate::state::format;

/// One line of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What is compared.
    pub section: Section,
    /// Its name.
    pub name: String,
    /// On the left.
    pub from: Cell,
    /// On the right.
    pub to: Cell,
    /// What became of it.
    pub change: Change,
}

/// The parts of a comparison that are lines, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Who and when.
    About,
    /// Metrics of the runs and logged models.
    Metrics,
    /// Params of the runs and logged models.
    Params,
    /// What the models take and give, field by field.
    Signature,
    /// Task, metadata and flavors of the `MLmodel` files.
    Model,
    /// Packages that they need.
    Requirements,
    /// Tags of the versions or logged models.
    Tags,
    /// Tags of the runs.
    RunTags,
}

impl Section {
    /// All, in their order.
    pub const ALL: [Self; 8] = [
        Self::About,
        Self::Metrics,
        Self::Params,
        Self::Signature,
        Self::Model,
        Self::Requirements,
        Self::Tags,
        Self::RunTags,
    ];

    /// Its heading.
    pub fn label(self) -> &'static str {
        match self {
            Self::About => "About",
            Self::Metrics => "Metrics",
            Self::Params => "Params",
            Self::Signature => "Signature",
            Self::Model => "Packaged model",
            Self::Requirements => "Requirements",
            Self::Tags => "Tags",
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
    /// An id or a hash: shown whole, in mono.
    Id(String),
    /// A metric's last value.
    Number(f64),
    /// A time.
    Time(Millis),
}

impl Cell {
    /// Words, unless there are none.
    pub fn text(value: Option<impl Into<String>>) -> Self {
        value.map_or(Self::Missing, |value| Self::Text(value.into()))
    }

    /// The whole value as text; nothing where it is missing.
    pub fn whole(&self) -> String {
        match self {
            Self::Missing => String::new(),
            Self::Text(text) | Self::Id(text) => text.clone(),
            Self::Number(value) => format::number_exact(*value),
            Self::Time(at) => format::exact_time(*at),
        }
    }

    /// Whether both are the same. Two NaN are.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a == b || (a.is_nan() && b.is_nan()),
            (a, b) => a == b,
        }
    }
}

/// What became of a value from the left to the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Same,
    /// It cannot be said, or goes without saying: one side is not known, or both are times.
    NotCompared,
    /// It is on the right only.
    Added,
    /// It is on the left only.
    Removed,
    /// It is another one.
    Changed,
    /// A later version of a package.
    Up,
    /// An earlier version of a package.
    Down,
    /// A metric whose name says that this way is better.
    Better,
    /// A metric whose name says that this way is worse.
    Worse,
}

impl Change {
    /// Whether the two sides differ in what matters.
    pub fn differs(self) -> bool {
        !matches!(self, Self::Same | Self::NotCompared)
    }

    /// In a word; nothing where nothing differs.
    pub fn label(self) -> &'static str {
        match self {
            Self::Same | Self::NotCompared => "",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Up => "up",
            Self::Down => "down",
            Self::Better => "better",
            Self::Worse => "worse",
        }
    }
}

impl Line {
    /// A line whose two sides are compared as they are.
    pub fn new(section: Section, name: impl Into<String>, from: Cell, to: Cell) -> Self {
        let name = name.into();
        let change = match (&from, &to) {
            (Cell::Time(_), Cell::Time(_)) => Change::NotCompared,
            (from, to) if from.is_same(to) => Change::Same,
            (Cell::Missing, _) => Change::Added,
            (_, Cell::Missing) => Change::Removed,
            (Cell::Number(from), Cell::Number(to)) => verdict(&name, *from, *to),
            _ => Change::Changed,
        };
        Self { section, name, from, to, change }
    }

    /// Whether the two sides differ in what matters.
    pub fn differs(&self) -> bool {
        self.change.differs()
    }

    /// By how much the number grew, where both sides are finite numbers that differ.
    pub fn delta(&self) -> Option<f64> {
        let (Cell::Number(from), Cell::Number(to)) = (&self.from, &self.to) else { return None };
        let delta = to - from;
        (delta != 0.0 && delta.is_finite()).then_some(delta)
    }

    /// What changed, in few words: `▲ 0.1  +12.5%  better`, `added`. Empty where nothing did.
    pub fn change_text(&self) -> String {
        if let (Cell::Id(from), Cell::Id(to)) = (&self.from, &self.to) {
            return if from == to { "same".to_owned() } else { "different".to_owned() };
        }
        let Some(delta) = self.delta() else { return self.change.label().to_owned() };
        let arrow = if delta > 0.0 { "▲" } else { "▼" };
        let word = if self.change == Change::Changed { "" } else { self.change.label() };
        let parts =
            [format!("{arrow} {}", format::number(delta.abs())), self.percent(delta), word.to_owned()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
    }

    fn percent(&self, delta: f64) -> String {
        let Cell::Number(from) = self.from else { return String::new() };
        let percent = 100.0 * delta / from.abs();
        if !percent.is_finite() || percent.abs() >= 1e4 {
            return String::new();
        }
        let sign = if delta > 0.0 { "+" } else { "" };
        format!("{sign}{}%", format::number((percent * 10.0).round() / 10.0))
    }
}

fn verdict(name: &str, from: f64, to: f64) -> Change {
    match (direction(name), to.partial_cmp(&from)) {
        (Some(Direction::Higher), Some(std::cmp::Ordering::Greater))
        | (Some(Direction::Lower), Some(std::cmp::Ordering::Less)) => Change::Better,
        (Some(_), Some(_)) => Change::Worse,
        _ => Change::Changed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(name: &str, from: f64, to: f64) -> Line {
        Line::new(Section::Metrics, name, Cell::Number(from), Cell::Number(to))
    }

    #[test]
    fn numbers_have_a_delta_a_percentage_and_a_direction() {
        assert_eq!(metric("auc", 0.8, 0.9).change_text(), "▲ 0.1  +12.5%  better");
        assert_eq!(metric("latency_s", 2.0, 3.0).change_text(), "▲ 1  +50%  worse");
        assert_eq!(metric("loss", 2.0, 1.0).change_text(), "▼ 1  −50%  better");
        assert_eq!(metric("tokens", 10.0, 5.0).change_text(), "▼ 5  −50%");
        assert_eq!(metric("auc", 0.0, 1.0).change_text(), "▲ 1  better", "there is no percentage of nothing");
        assert_eq!(metric("auc", 1.0, 1.0).change_text(), "");
    }

    #[test]
    fn what_cannot_be_compared_does_not_differ() {
        assert!(!metric("loss", f64::NAN, f64::NAN).differs());
        assert_eq!(metric("loss", f64::NAN, 1.0).change, Change::Changed);
        let times = Line::new(Section::About, "Registered", Cell::Time(1), Cell::Time(2));
        assert!(!times.differs());
        assert_eq!(
            Line::new(Section::Tags, "a", Cell::Missing, Cell::Text("b".into())).change,
            Change::Added
        );
    }
}
