//! What a typed filter finds among a board's versions: a few milliseconds' worth a frame, the newest first, so that
//! the first screen of 200,000 is there at once and no frame waits for the rest.

use std::ops::RangeInclusive;
use std::time::Instant;

use super::board::Board;
use super::models::{finds_tag, holds};
use super::placed::Placed;
use crate::entities::{ModelVersion, VersionNumber, tag};

/// After so many versions the clock is looked at.
const STEP: usize = 512;

/// The rows of a board that are shown: where their versions are in it.
#[derive(Debug, Default)]
pub struct Finding {
    filter: String,
    only: Option<RangeInclusive<VersionNumber>>,
    epoch: Option<u64>,
    words: Vec<String>,
    next: usize,
    found: Vec<u32>,
    /// What was found before something changed, shown until the same question is answered anew: rows do not go and
    /// come back.
    before: Option<Vec<u32>>,
}

impl Finding {
    /// Goes on searching until `deadline`. `false`: there is more to do.
    pub fn advance(
        &mut self,
        board: &Board,
        filter: &str,
        only: Option<&RangeInclusive<VersionNumber>>,
        deadline: Instant,
    ) -> bool {
        let same = self.filter == filter && self.only.as_ref() == only;
        if !same || self.epoch != Some(board.epoch()) {
            let shown = std::mem::take(&mut self.found);
            self.before = if same { self.before.take().or(Some(shown)) } else { None };
            filter.clone_into(&mut self.filter);
            self.only = only.cloned();
            self.epoch = Some(board.epoch());
            self.words = words(filter);
            self.next = 0;
        }
        let versions = board.versions.items();
        while self.next < versions.len() {
            let end = (self.next + STEP).min(versions.len());
            for (at, version) in versions[self.next..end].iter().enumerate() {
                if self.wants(version, board.placed()) {
                    self.found.push((self.next + at) as u32);
                }
            }
            self.next = end;
            if Instant::now() >= deadline {
                break;
            }
        }
        let done = self.next >= versions.len();
        if done {
            self.before = None;
        }
        done
    }

    fn wants(&self, version: &ModelVersion, placed: &Placed) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(&version.version))
            && self.words.iter().all(|word| finds(version, placed, word))
    }

    /// Where the versions that are shown are among the board's, in the board's order.
    pub fn rows(&self) -> &[u32] {
        // A refresh may have left fewer versions than there were.
        self.before.as_deref().unwrap_or(&self.found)
    }

    /// The version on a row.
    pub fn version<'a>(&self, board: &'a Board, row: usize) -> Option<&'a ModelVersion> {
        board.versions.items().get(*self.rows().get(row)? as usize)
    }

    /// The row that a version is shown on.
    pub fn row_of(&self, board: &Board, version: VersionNumber) -> Option<usize> {
        let at = board.position(version)?;
        self.rows().binary_search(&(at as u32)).ok()
    }
}

fn words(filter: &str) -> Vec<String> {
    filter.split_whitespace().map(str::to_lowercase).collect()
}

/// Each word as the number (`7`, `v7`), in an alias, a tag, the description, a prompt's text or the status; `@prod` in
/// an alias alone.
fn finds(version: &ModelVersion, placed: &Placed, word: &str) -> bool {
    let aliased =
        |start: &str| placed.on(version.version).iter().any(|alias| alias.to_lowercase().starts_with(start));
    if let Some(start) = word.strip_prefix('@') {
        return aliased(start);
    }
    word.strip_prefix('v').unwrap_or(word).parse() == Ok(version.version)
        || aliased(word)
        || version.tags.iter().any(|(key, value)| finds_tag(key, value, word))
        || version.tags.get(tag::PROMPT_TEXT).is_some_and(|text| holds(text, word))
        || holds(&version.description, word)
        || version.status.label().to_lowercase().starts_with(word)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::entities::{Alias, RegisteredModel};
    use crate::state::ModelKind;

    fn version(version: VersionNumber, description: &str, tags: &[(&str, &str)]) -> ModelVersion {
        ModelVersion {
            version,
            description: description.into(),
            tags: tags.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            ..Default::default()
        }
    }

    fn board(versions: Vec<ModelVersion>, prod: VersionNumber) -> Board {
        let aliases = vec![Alias { alias: "Prod".into(), version: prod }];
        let model = RegisteredModel { name: "m".into(), aliases, ..Default::default() };
        let mut board = Board::of(ModelKind::Model, "m", versions);
        board.update(&model);
        board
    }

    fn long() -> Instant {
        Instant::now() + Duration::from_mins(1)
    }

    #[test]
    fn versions_are_found_by_number_alias_tag_and_text() {
        let versions = vec![
            version(17, "shorter Answers", &[]),
            version(7, "", &[("commit", "abc7")]),
            version(3, "Größer", &[]),
        ];
        let board = board(versions, 3);
        let found = |filter| {
            let mut finding = Finding::default();
            assert!(finding.advance(&board, filter, None, long()));
            finding.rows().to_vec()
        };
        assert_eq!(found("v7"), [1]);
        assert_eq!(found("@prod"), [2]);
        assert_eq!(found("commit:abc"), [1]);
        assert_eq!(found("answers"), [0]);
        assert_eq!(found("GRÖSS"), Vec::<u32>::new());
        assert_eq!(found("größ"), [2]);
        assert_eq!(found("ready"), [0, 1, 2]);
        assert!(found("@prod answers").is_empty());
    }

    #[test]
    fn a_search_that_takes_long_goes_on_in_the_next_frame() {
        let versions: Vec<_> = (1..=2_000).rev().map(|number| version(number, "", &[])).collect();
        let board = board(versions, 3);
        let mut finding = Finding::default();
        let past = Instant::now();
        let mut frames = 1;
        while !finding.advance(&board, "v3", None, past) {
            frames += 1;
        }
        assert_eq!(frames, 2_000_usize.div_ceil(STEP));
        assert_eq!(finding.version(&board, 0).map(|version| version.version), Some(3));
        assert_eq!(finding.row_of(&board, 3), Some(0));
        assert_eq!(finding.row_of(&board, 4), None);
    }

    #[test]
    fn what_was_found_stays_until_it_is_found_anew() {
        let versions: Vec<_> = (1..=2_000).rev().map(|number| version(number, "same", &[])).collect();
        let mut board = board(versions, 3);
        let mut finding = Finding::default();
        assert!(finding.advance(&board, "same", None, long()));
        let model = board.model.value().cloned().unwrap();
        board.update(&model);
        assert!(!finding.advance(&board, "same", None, Instant::now()));
        assert_eq!(finding.rows().len(), 2_000, "no row goes away while it is searched again");
        assert!(!finding.advance(&board, "other", None, Instant::now()));
        assert_eq!(finding.rows().len(), 0, "another question has other answers");
    }

    #[test]
    fn only_a_range_is_shown() {
        let versions: Vec<_> = (1..=9).rev().map(|number| version(number, "", &[])).collect();
        let board = board(versions, 3);
        let mut finding = Finding::default();
        finding.advance(&board, "", Some(&(3..=5)), long());
        assert_eq!(finding.rows(), [4, 5, 6]);
    }
}
