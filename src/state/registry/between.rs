//! What lies between two aliases of a model: the versions that a promotion would step over.

use std::ops::RangeInclusive;

use super::board::Board;
use super::placed::Placed;
use crate::entities::VersionNumber;
use crate::state::format;

/// Two aliases on different versions, the older version first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Between {
    /// The alias on the lower version.
    pub low: (String, VersionNumber),
    /// The alias on the higher version.
    pub high: (String, VersionNumber),
}

impl Between {
    /// The two that were chosen, as long as both exist on different versions; otherwise the best known alias and the
    /// next one that stands elsewhere.
    pub fn of(placed: &Placed, chosen: Option<&[String; 2]>) -> Option<Self> {
        let version = |alias: &String| placed.version_of(alias).map(|version| (alias.clone(), version));
        let wanted = chosen.and_then(|[a, b]| Some((version(a)?, version(b)?)));
        let (a, b) = wanted.filter(|(a, b)| a.1 != b.1).or_else(|| {
            let first = placed.all().first()?;
            let second = placed.all().iter().find(|(_, version)| *version != first.1)?;
            Some((first.clone(), second.clone()))
        })?;
        let (low, high) = if a.1 < b.1 { (a, b) } else { (b, a) };
        Some(Self { low, high })
    }

    /// Both ends and all between them.
    pub fn range(&self) -> RangeInclusive<VersionNumber> {
        self.low.1..=self.high.1
    }

    /// How many versions that are here lie between them, without the two.
    pub fn count(&self, board: &Board) -> usize {
        let inside = self.low.1 + 1..self.high.1;
        if !board.is_descending() {
            return board.versions.items().iter().filter(|version| inside.contains(&version.version)).count();
        }
        let versions = board.versions.items();
        let above = versions.partition_point(|version| version.version >= self.high.1);
        let below = versions.partition_point(|version| version.version > self.low.1);
        below.saturating_sub(above)
    }

    /// “3 versions between prod (v3) and candidate (v7)”
    pub fn sentence(&self, count: usize) -> String {
        let Self { low: (low, from), high: (high, to) } = self;
        format!("{} between {low} (v{from}) and {high} (v{to})", versions(count))
    }

    /// “3 versions between prod and candidate”
    pub fn short_sentence(&self, count: usize) -> String {
        format!("{} between {} and {}", versions(count), self.low.0, self.high.0)
    }
}

fn versions(count: usize) -> String {
    match count {
        0 => "No version".to_owned(),
        count => format::counted(count, "version", "versions"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::{Alias, ModelVersion, RegisteredModel};
    use crate::state::ModelKind;

    fn placed(aliases: &[(&str, VersionNumber)]) -> Placed {
        let aliases = aliases.iter().map(|&(a, version)| Alias { alias: a.into(), version }).collect();
        Placed::of(&RegisteredModel { aliases, ..Default::default() })
    }

    fn board(versions: &[VersionNumber]) -> Board {
        let versions = versions.iter().map(|&version| ModelVersion { version, ..Default::default() });
        Board::of(ModelKind::Model, "m", versions.collect())
    }

    #[test]
    fn the_best_known_two_are_compared_unless_others_are_chosen() {
        let placed = placed(&[("old", 1), ("prod", 7), ("champion", 7), ("candidate", 3)]);
        let between = Between::of(&placed, None).unwrap();
        assert_eq!((between.low.0.as_str(), between.high.0.as_str()), ("candidate", "prod"));
        let chosen = ["prod".to_owned(), "old".to_owned()];
        assert_eq!(Between::of(&placed, Some(&chosen)).unwrap().range(), 1..=7);
        let same = ["prod".to_owned(), "champion".to_owned()];
        assert_eq!(Between::of(&placed, Some(&same)), Some(between));
    }

    #[test]
    fn one_place_has_nothing_between() {
        assert_eq!(Between::of(&placed(&[("prod", 7), ("champion", 7)]), None), None);
        assert_eq!(Between::of(&placed(&[]), None), None);
    }

    #[test]
    fn what_was_deleted_is_not_counted_whatever_the_order() {
        let between = Between::of(&placed(&[("prod", 3), ("candidate", 7)]), None).unwrap();
        assert_eq!(between.count(&board(&[9, 7, 6, 4, 3, 1])), 2);
        assert_eq!(between.count(&board(&[1, 3, 4, 6, 7, 9])), 2);
        assert_eq!(between.sentence(2), "2 versions between prod (v3) and candidate (v7)");
        assert_eq!(between.sentence(0), "No version between prod (v3) and candidate (v7)");
    }
}
