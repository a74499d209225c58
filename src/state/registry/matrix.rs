//! The same aliases across all models: a row a model, a column an alias.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::models::{alias_rank, holds, matching};
use crate::entities::{RegisteredModel, VersionNumber};

/// An alias that at least one model has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasColumn {
    /// Its name.
    pub alias: String,
    /// How many models have it.
    pub models: usize,
}

/// In which order the models stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MatrixOrder {
    /// By name.
    #[default]
    Name,
    /// By name, from the end.
    NameDescending,
    /// Those whose alias is the furthest behind the newest version first; those without it last.
    Behind(String),
    /// Those whose alias is the nearest to the newest version first; those without it last.
    Ahead(String),
}

impl MatrixOrder {
    /// After a click on the header of the names.
    pub fn next_by_name(&self) -> Self {
        if *self == Self::Name { Self::NameDescending } else { Self::Name }
    }

    /// After a click on an alias's header.
    pub fn next_by(&self, alias: &str) -> Self {
        match self {
            Self::Behind(by) if by == alias => Self::Ahead(by.clone()),
            Self::Ahead(by) if by == alias => Self::Name,
            _ => Self::Behind(alias.to_owned()),
        }
    }
}

/// What is shown of the models: made anew when they, a filter or the order changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    /// The aliases, most used first.
    pub columns: Vec<AliasColumn>,
    /// Where the models are in the list.
    pub rows: Vec<usize>,
}

impl Matrix {
    /// Arranges the models that a filter finds, and the aliases in which one of the words typed for them is.
    pub fn of(models: &[RegisteredModel], filter: &str, aliases: &str, order: &MatrixOrder) -> Self {
        let mut rows = matching(models, filter);
        sort(&mut rows, models, order);
        Self { columns: columns(models, aliases), rows }
    }
}

fn columns(models: &[RegisteredModel], filter: &str) -> Vec<AliasColumn> {
    let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for alias in models.iter().flat_map(|model| &model.aliases) {
        *counts.entry(&alias.alias).or_default() += 1;
    }
    let mut columns: Vec<_> = counts
        .into_iter()
        .filter(|(alias, _)| words.is_empty() || words.iter().any(|word| holds(alias, word)))
        .collect();
    columns.sort_by_key(|&(alias, count)| (Reverse(count), alias_rank(alias), alias));
    columns.into_iter().map(|(alias, models)| AliasColumn { alias: alias.to_owned(), models }).collect()
}

fn sort(rows: &mut [usize], models: &[RegisteredModel], order: &MatrixOrder) {
    // Models come by name; a stable sort keeps that where nothing else tells them apart.
    match order {
        MatrixOrder::Name => {}
        MatrixOrder::NameDescending => rows.reverse(),
        MatrixOrder::Behind(alias) => sort_by_lag(rows, models, alias, true),
        MatrixOrder::Ahead(alias) => sort_by_lag(rows, models, alias, false),
    }
}

fn sort_by_lag(rows: &mut [usize], models: &[RegisteredModel], alias: &str, furthest_first: bool) {
    // Once a row: an alias is looked for among all of its model.
    rows.sort_by_cached_key(|&row| {
        let behind = models[row].alias(alias).and_then(|version| lag(&models[row], version)).map(i64::from);
        (behind.is_none(), behind.map(|by| if furthest_first { -by } else { by }))
    });
}

/// How many numbers a version is behind the newest one. `None`: which one that is, is not known.
pub fn lag(model: &RegisteredModel, version: VersionNumber) -> Option<VersionNumber> {
    model.latest_version.map(|latest| latest.saturating_sub(version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::Alias;

    fn model(name: &str, latest: VersionNumber, aliases: &[(&str, VersionNumber)]) -> RegisteredModel {
        let aliases = aliases.iter().map(|&(a, version)| Alias { alias: a.into(), version }).collect();
        RegisteredModel {
            name: name.into(),
            latest_version: Some(latest),
            aliases,
            ..RegisteredModel::default()
        }
    }

    fn models() -> Vec<RegisteredModel> {
        vec![
            model("a", 9, &[("candidate", 9), ("prod", 8)]),
            model("b", 40, &[("prod", 3), ("eu", 4), ("candidate", 5)]),
            model("c", 2, &[("prod", 2)]),
            model("d", 1, &[]),
        ]
    }

    fn rows(filter: &str, order: &MatrixOrder) -> Vec<usize> {
        Matrix::of(&models(), filter, "", order).rows
    }

    #[test]
    fn the_most_used_alias_comes_first_and_columns_are_filtered() {
        let aliases = |filter: &str| -> Vec<(String, usize)> {
            let matrix = Matrix::of(&models(), "", filter, &MatrixOrder::Name);
            matrix.columns.into_iter().map(|column| (column.alias, column.models)).collect()
        };
        assert_eq!(aliases(""), [("prod".into(), 3), ("candidate".into(), 2), ("eu".into(), 1)]);
        assert_eq!(aliases("EU cand"), [("candidate".into(), 2), ("eu".into(), 1)]);
    }

    #[test]
    fn models_are_sorted_by_how_far_an_alias_is_behind() {
        let behind = MatrixOrder::Name.next_by("prod");
        assert_eq!(rows("", &behind), [1, 0, 2, 3]);
        let ahead = behind.next_by("prod");
        assert_eq!(rows("", &ahead), [2, 0, 1, 3]);
        assert_eq!(ahead.next_by("prod"), MatrixOrder::Name);
        assert_eq!(rows("", &MatrixOrder::Name.next_by_name()), [3, 2, 1, 0]);
        assert_eq!(rows("@eu", &behind), [1]);
    }
}
