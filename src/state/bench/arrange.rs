//! What is shown of a run: its figures, and the rows that are wanted in the order that is wanted. Put together off the
//! UI thread: answers are long, and there are many.

use std::cmp::Ordering;
use std::ops::Range;

use super::result::{BenchRun, Cell, Mark};
use super::summary::{Against, AgainstCounts, ColumnSummary, against};
use crate::state::compare::TextDiff;

/// Which rows are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RowFilter {
    /// All of them.
    #[default]
    All,
    /// Where an answer differs from the base's.
    Different,
    /// Where an answer is not as it should be, and the base's is.
    Regressed,
    /// Where an answer is as it should be, and the base's is not.
    Fixed,
    /// Where an answer failed, or a check does not hold.
    Failed,
    /// Where an answer took clearly longer than the base's.
    Slower,
    /// Where a person said something.
    Marked,
}

impl RowFilter {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 7] =
        [Self::All, Self::Different, Self::Regressed, Self::Fixed, Self::Failed, Self::Slower, Self::Marked];

    /// In a word.
    pub fn label(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Different => "Different",
            Self::Regressed => "Regressed",
            Self::Fixed => "Fixed",
            Self::Failed => "Failed",
            Self::Slower => "Slower",
            Self::Marked => "Marked",
        }
    }

    /// Whether it says anything where there is one endpoint only.
    pub fn compares(self) -> bool {
        matches!(self, Self::Different | Self::Regressed | Self::Fixed | Self::Slower)
    }
}

/// What rows are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortBy {
    /// As the set has them.
    #[default]
    Number,
    /// The prompt's words.
    Prompt,
    /// The answer's words.
    Answer(usize),
    /// Checks that hold.
    Checks(usize),
    /// Tools that were called.
    Tools(usize),
    /// The time to the end.
    Time(usize),
    /// Tokens written.
    Tokens(usize),
}

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// The endpoint that the others are compared with.
    pub base: usize,
    /// Which rows.
    pub filter: RowFilter,
    /// Words of the prompt, an answer or a note.
    pub words: String,
    /// By what they are sorted.
    pub sort: SortBy,
    /// From the largest down.
    pub descending: bool,
}

/// A run as it is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arranged {
    /// What was wanted.
    pub by: Arrangement,
    /// Rows of the run, from the top.
    pub rows: Vec<u32>,
    /// One for each column.
    pub columns: Vec<ColumnSummary>,
    /// Each column against the base; the base against itself is nothing.
    pub counts: Vec<AgainstCounts>,
    /// How many rows each filter leaves, whatever the words.
    pub found: Vec<(RowFilter, usize)>,
    /// Each cell against the base's, in the order of the run's cells.
    pub against: Vec<Against>,
}

impl Arranged {
    /// Puts it together. Takes its time.
    pub fn of(run: &BenchRun, by: Arrangement) -> Self {
        let width = run.columns.len();
        let cells = (0..run.rows()).flat_map(|row| (0..width).map(move |column| (row, column)));
        let cell = |row: usize, column: usize| run.cell(row, column).map(AsRef::as_ref);
        let against: Vec<Against> = cells
            .map(|(row, column)| {
                if column == by.base {
                    Against::default()
                } else {
                    against(cell(row, by.base), cell(row, column))
                }
            })
            .collect();
        let mut counts = vec![AgainstCounts::default(); width];
        for (at, one) in against.iter().enumerate() {
            if let Some(counts) = counts.get_mut(at % width.max(1)) {
                *counts = counts.plus(*one);
            }
        }
        let is_in = |row: usize, filter: RowFilter| {
            let of_row = against.get(row * width..(row + 1) * width).unwrap_or_default();
            passes(run, row, of_row, filter)
        };
        let found = RowFilter::ALL
            .map(|filter| (filter, (0..run.rows()).filter(|row| is_in(*row, filter)).count()))
            .into();
        let words: Vec<String> = by.words.split_whitespace().map(str::to_lowercase).collect();
        let mut rows: Vec<u32> = (0..run.rows())
            .filter(|row| is_in(*row, by.filter) && holds(run, *row, &words))
            .map(|row| row as u32)
            .collect();
        sort(run, &mut rows, &by);
        let columns = (0..width).map(|column| ColumnSummary::of(run, column)).collect();
        Self { by, rows, columns, counts, found, against }
    }

    /// How many rows a filter leaves.
    pub fn count(&self, filter: RowFilter) -> usize {
        self.found.iter().find(|(of, _)| *of == filter).map_or(0, |(_, count)| *count)
    }
}

fn passes(run: &BenchRun, row: usize, against: &[Against], filter: RowFilter) -> bool {
    let mut cells = (0..run.columns.len()).filter_map(|column| run.cell(row, column));
    match filter {
        RowFilter::All => true,
        RowFilter::Different => against.iter().any(|one| one.different),
        RowFilter::Regressed => against.iter().any(|one| one.regressed),
        RowFilter::Fixed => against.iter().any(|one| one.fixed),
        RowFilter::Slower => against.iter().any(|one| one.slower),
        RowFilter::Failed => cells.any(|cell| {
            let (passed, all) = cell.passed();
            cell.failure.is_some() || passed < all
        }),
        RowFilter::Marked => cells.any(|cell| cell.mark != Mark::None || !cell.note.is_empty()),
    }
}

fn holds(run: &BenchRun, row: usize, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let mut text = run
        .set
        .cases
        .get(row)
        .map_or_else(String::new, |case| format!("{}\n{}\n{}", case.id, case.prompt.text(), case.note));
    for cell in (0..run.columns.len()).filter_map(|column| run.cell(row, column)) {
        for part in [&cell.answer, &cell.note].into_iter().chain(&cell.failure) {
            text.push('\n');
            text.push_str(part);
        }
    }
    let text = text.to_lowercase();
    words.iter().all(|word| text.contains(word))
}

/// What has no answer yet goes last, whichever way.
fn sort(run: &BenchRun, rows: &mut [u32], by: &Arrangement) {
    let turned = |order: Ordering| if by.descending { order.reverse() } else { order };
    let key = |row: u32, column: usize, value: &dyn Fn(&Cell) -> u64| {
        run.cell(row as usize, column).map(|cell| value(cell))
    };
    let numbers = |rows: &mut [u32], column: usize, value: &dyn Fn(&Cell) -> u64| {
        rows.sort_by(|a, b| match (key(*a, column, value), key(*b, column, value)) {
            (Some(a), Some(b)) => turned(a.cmp(&b)),
            (a, b) => b.is_some().cmp(&a.is_some()),
        });
    };
    match by.sort {
        SortBy::Number if by.descending => rows.reverse(),
        SortBy::Number => {}
        SortBy::Prompt => {
            let title = |row: u32| run.set.cases.get(row as usize).map_or("", |case| case.title());
            rows.sort_by(|a, b| turned(title(*a).cmp(title(*b))));
        }
        SortBy::Answer(column) => {
            let text = |row: u32| run.cell(row as usize, column).map(|cell| cell.answer.as_str());
            rows.sort_by(|a, b| match (text(*a), text(*b)) {
                (Some(a), Some(b)) => turned(a.cmp(b)),
                (a, b) => b.is_some().cmp(&a.is_some()),
            });
        }
        SortBy::Checks(column) => numbers(rows, column, &|cell| cell.passed().0 as u64),
        SortBy::Tools(column) => numbers(rows, column, &|cell| cell.calls.len() as u64),
        SortBy::Time(column) => numbers(rows, column, &|cell| cell.total_ms),
        SortBy::Tokens(column) => numbers(rows, column, &|cell| cell.usage.map_or(0, |usage| usage.output)),
    }
}

/// Bytes of an answer that the other one has not.
pub type Marks = Vec<Range<u32>>;

/// One row, its answers compared with the base's word by word.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowDiff {
    /// The row of the run.
    pub row: usize,
    /// The endpoint that the others are compared with.
    pub base: usize,
    /// For each column: what the base has not, and what of the base it has not. Empty for the base.
    pub marks: Vec<[Marks; 2]>,
}

impl RowDiff {
    /// Compares the answers of a row. Takes its time.
    pub fn of(run: &BenchRun, row: usize, base: usize) -> Self {
        let text = |column: usize| run.cell(row, column).map_or("", |cell| cell.answer.as_str());
        let marks = (0..run.columns.len())
            .map(
                |column| {
                    if column == base { <[Marks; 2]>::default() } else { marks(text(base), text(column)) }
                },
            )
            .collect();
        Self { row, base, marks }
    }
}

/// What a text has that the base has not, and the other way round.
fn marks(base: &str, text: &str) -> [Marks; 2] {
    if base == text {
        return Default::default();
    }
    let diff = TextDiff::new(base.into(), text.into());
    [diff.marks(1), diff.marks(0)]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::state::bench::check::Check;
    use crate::state::bench::result::Column;
    use crate::state::bench::set::{Case, Prompt, PromptSet};

    /// Four prompts, two endpoints: same, different and regressed, slower, failed.
    fn run() -> BenchRun {
        let mut set = PromptSet::new(1, "s");
        let case = |text: &str| Case {
            checks: vec![Check::NotContains { text: "wrong".into() }],
            ..Case::of("", Prompt::Text(text.into()))
        };
        set.extend(["d", "c", "b", "a"].map(case).into());
        let mut run = BenchRun::new(1, Arc::new(set), vec![Column::default(); 2], 0);
        let answers = [("x", "X ", 100, 110), ("right", "wrong", 100, 100), ("y", "y", 100, 400)];
        for (row, (first, second, a, b)) in answers.into_iter().enumerate() {
            for (column, (answer, total_ms)) in [(first, a), (second, b)].into_iter().enumerate() {
                let mut cell = Cell { answer: answer.into(), total_ms, ..Cell::default() };
                cell.judge(&run.set.cases[row].checks);
                run.put(row, column, cell);
            }
        }
        run.put(3, 1, Cell::failed("down", 0));
        run
    }

    fn rows(by: Arrangement) -> Vec<u32> {
        Arranged::of(&run(), by).rows
    }

    #[test]
    fn filters_find_their_rows_and_count_them() {
        let by = |filter| rows(Arrangement { filter, ..Arrangement::default() });
        assert_eq!(by(RowFilter::All), [0, 1, 2, 3]);
        assert_eq!((by(RowFilter::Different), by(RowFilter::Regressed)), (vec![1], vec![1]));
        assert_eq!((by(RowFilter::Failed), by(RowFilter::Slower)), (vec![1, 3], vec![2]));
        let other_base = Arrangement { base: 1, filter: RowFilter::Fixed, ..Arrangement::default() };
        assert_eq!(rows(other_base), [1]);
        let all = Arranged::of(&run(), Arrangement::default());
        assert_eq!((all.count(RowFilter::Failed), all.count(RowFilter::Marked)), (2, 0));
        assert_eq!((all.counts[1].regressed, all.counts[0]), (1, AgainstCounts::default()));
    }

    #[test]
    fn words_are_looked_for_in_prompts_and_answers() {
        let by = |words: &str| rows(Arrangement { words: words.into(), ..Arrangement::default() });
        assert_eq!((by("RIGHT"), by("down"), by("wrong right")), (vec![1], vec![3], vec![1]));
        assert!(by("nobody").is_empty());
    }

    #[test]
    fn what_has_no_answer_sorts_last() {
        let by = |sort, descending| rows(Arrangement { sort, descending, ..Arrangement::default() });
        assert_eq!(by(SortBy::Prompt, false), [3, 2, 1, 0]);
        assert_eq!(by(SortBy::Time(1), true), [2, 0, 1, 3]);
        assert_eq!(by(SortBy::Answer(0), true), [2, 0, 1, 3]);
        assert_eq!(by(SortBy::Answer(0), false), [1, 0, 2, 3]);
        assert_eq!(by(SortBy::Number, true), [3, 2, 1, 0]);
    }

    #[test]
    fn words_that_differ_are_marked_in_long_answers_too() {
        let mut run = run();
        let diff = RowDiff::of(&run, 1, 0);
        assert_eq!(diff.marks[0], <[Marks; 2]>::default());
        let long = |word: &str| format!("{}\nthe {word} line\n", "same line\n".repeat(600));
        for (column, word) in ["old", "new"].into_iter().enumerate() {
            run.put(1, column, Cell { answer: long(word), ..Cell::default() });
        }
        let diff = RowDiff::of(&run, 1, 0);
        let [new, gone] = &diff.marks[1];
        let text =
            |text: &str, marks: &Marks| text[marks[0].start as usize..marks[0].end as usize].to_owned();
        assert_eq!((text(&long("new"), new), text(&long("old"), gone)), ("new".into(), "old".into()));
    }
}
