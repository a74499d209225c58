//! Two texts side by side, line by line, with unchanged stretches folded away.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use super::words::{differing_words, likeness};

/// Two texts, aligned. Made once off the UI thread; a row is looked up in constant time.
#[derive(Debug)]
pub struct TextDiff {
    texts: [Arc<str>; 2],
    lines: [Vec<Range<u32>>; 2],
    rows: Vec<Row>,
    folds: Vec<Range<u32>>,
    changes: Vec<u32>,
    widest: usize,
    counts: [usize; 2],
}

/// One row: a line on either side, or on one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    /// Which lines, from 0.
    lines: [Option<u32>; 2],
    changed: bool,
    marks: [Vec<Range<u32>>; 2],
}

/// One side of a row, to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Half<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// The line without its end, cut after [`LONGEST_SHOWN`] bytes.
    pub text: &'a str,
    /// Whether more of it was cut off.
    pub cut: bool,
    /// Bytes that the other line has not; empty where the whole line is another one.
    pub marks: &'a [Range<u32>],
}

/// What is shown in one place of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// This row.
    Row(u32),
    /// This fold: so many unchanged rows that are hidden.
    Fold(u32),
}

/// Bytes of a line that are drawn.
pub const LONGEST_SHOWN: usize = 4_000;
/// Unchanged rows that are shown around a change.
const CONTEXT: u32 = 3;
/// Fewer rows than this are not worth a fold.
const LEAST_FOLD: u32 = 4;
/// Past this the rest is compared more roughly: some texts would take minutes.
const MOST_TIME: Duration = Duration::from_secs(3);
/// Pairs of lines within one change that are tried to find the best partners.
const MOST_PAIRS: usize = 10_000;

impl TextDiff {
    /// Compares two texts. Takes its time: call it off the UI thread.
    pub fn new(old: Arc<str>, new: Arc<str>) -> Self {
        let lines = [lines_of(&old), lines_of(&new)];
        let texts = [old, new];
        let mut rows = Vec::new();
        {
            let slices = [0, 1].map(|side: usize| {
                let text = &texts[side];
                lines[side].iter().map(|at| &text[at.start as usize..at.end as usize]).collect::<Vec<&str>>()
            });
            let deadline = Instant::now() + MOST_TIME;
            let ops =
                capture_diff_slices_deadline(Algorithm::Patience, &slices[0], &slices[1], Some(deadline));
            for op in ops {
                push_rows(&op, &slices, &mut rows);
            }
        }
        let changes = starts_of_changes(&rows);
        let folds = folds_of(&rows);
        let count = |side: usize| rows.iter().filter(|row| row.changed && row.lines[side].is_some()).count();
        let counts = [count(0), count(1)];
        let widest = [0, 1]
            .into_iter()
            .flat_map(|side: usize| lines[side].iter().map(move |at| (side, at)))
            .map(|(side, at)| {
                texts[side][at.start as usize..at.end as usize].chars().take(LONGEST_SHOWN).count()
            });
        let widest = widest.max().unwrap_or(0);
        Self { texts, lines, rows, folds, changes, widest, counts }
    }

    /// One side of a row: 0 is the left one.
    pub fn half(&self, row: usize, side: usize) -> Option<Half<'_>> {
        let row = self.rows.get(row)?;
        let line = row.lines.get(side).copied().flatten()? as usize;
        let at = self.lines[side].get(line)?;
        let text = self.texts[side].get(at.start as usize..at.end as usize)?;
        let end = text.floor_char_boundary(LONGEST_SHOWN);
        Some(Half { number: line + 1, text: &text[..end], cut: end < text.len(), marks: &row.marks[side] })
    }

    /// Bytes of one whole text that the other one has not: words where a line has a partner, else the line.
    pub fn marks(&self, side: usize) -> Vec<Range<u32>> {
        let mut marks = Vec::new();
        for row in self.rows.iter().filter(|row| row.changed) {
            let line = row.lines.get(side).copied().flatten();
            let Some(at) = line.and_then(|line| self.lines[side].get(line as usize)) else { continue };
            match row.marks[side].as_slice() {
                // A partner that has all of this line's words has its marks on the other side.
                [] if row.lines[1 - side].is_some() && !row.marks[1 - side].is_empty() => {}
                [] if at.is_empty() => {}
                [] => marks.push(at.clone()),
                words => marks.extend(words.iter().map(|word| at.start + word.start..at.start + word.end)),
            }
        }
        marks
    }

    /// Whether a row differs.
    pub fn is_changed(&self, row: usize) -> bool {
        self.rows.get(row).is_some_and(|row| row.changed)
    }

    /// All rows, folded or not.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether both texts are empty.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether no line differs: where the files do, only their line ends do.
    pub fn is_same(&self) -> bool {
        self.changes.is_empty()
    }

    /// The rows with which changes begin.
    pub fn changes(&self) -> &[u32] {
        &self.changes
    }

    /// Lines that were removed or changed on the left, and added or changed on the right.
    pub fn counts(&self) -> [usize; 2] {
        self.counts
    }

    /// Characters of the longest line that is drawn.
    pub fn widest(&self) -> usize {
        self.widest
    }

    /// Lines of the longer text.
    pub fn most_lines(&self) -> usize {
        self.lines[0].len().max(self.lines[1].len())
    }

    /// How many stretches fold.
    pub fn folds(&self) -> u32 {
        self.folds.len() as u32
    }

    /// How many rows a fold hides.
    pub fn hidden(&self, fold: u32) -> usize {
        self.folds.get(fold as usize).map_or(0, |rows| (rows.end - rows.start) as usize)
    }

    /// What is shown, from top to bottom, where the folds in `open` are open.
    pub fn shown(&self, open: &BTreeSet<u32>) -> Vec<Shown> {
        let mut shown = Vec::new();
        let mut row = 0;
        for (fold, rows) in (0..).zip(&self.folds) {
            shown.extend((row..rows.start).map(Shown::Row));
            if open.contains(&fold) {
                shown.extend(rows.clone().map(Shown::Row));
            } else {
                shown.push(Shown::Fold(fold));
            }
            row = rows.end;
        }
        shown.extend((row..self.rows.len() as u32).map(Shown::Row));
        shown
    }
}

fn lines_of(text: &str) -> Vec<Range<u32>> {
    let mut start = 0;
    let line = |line: &str| {
        let from = start;
        start += line.len() as u32;
        from..from + line.trim_end_matches(['\n', '\r']).len() as u32
    };
    text.split_inclusive('\n').map(line).collect()
}

fn push_rows(op: &DiffOp, lines: &[Vec<&str>; 2], rows: &mut Vec<Row>) {
    let (old, new) = (op.old_range(), op.new_range());
    if matches!(op, DiffOp::Equal { .. }) {
        rows.extend(old.zip(new).map(|(old, new)| Row {
            lines: [Some(old as u32), Some(new as u32)],
            changed: false,
            marks: Default::default(),
        }));
        return;
    }
    for pair in partners(&lines[0][old.clone()], &lines[1][new.clone()]) {
        let at = [pair[0].map(|line| old.start + line), pair[1].map(|line| new.start + line)];
        let marks = match at {
            [Some(a), Some(b)] => differing_words(lines[0][a], lines[1][b]),
            _ => Default::default(),
        };
        rows.push(Row { lines: at.map(|line| line.map(|line| line as u32)), changed: true, marks });
    }
}

/// Which line of a change stands beside which: those that are most alike, in their order.
fn partners(old: &[&str], new: &[&str]) -> Vec<[Option<usize>; 2]> {
    if old.is_empty() || new.is_empty() || old.len() == new.len() || old.len() * new.len() > MOST_PAIRS {
        let rows = old.len().max(new.len());
        return (0..rows)
            .map(|at| [(at < old.len()).then_some(at), (at < new.len()).then_some(at)])
            .collect();
    }
    let width = new.len() + 1;
    // best[i][j]: the most that old[i..] and new[j..] can have in common.
    let mut best = vec![0.0_f32; (old.len() + 1) * width];
    let mut likes = vec![0.0_f32; old.len() * new.len()];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let like = likeness(old[i], new[j]);
            likes[i * new.len() + j] = like;
            let paired = like + best[(i + 1) * width + j + 1];
            best[i * width + j] = paired.max(best[(i + 1) * width + j]).max(best[i * width + j + 1]);
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut rows = Vec::new();
    while i < old.len() && j < new.len() {
        let here = best[i * width + j];
        if here <= likes[i * new.len() + j] + best[(i + 1) * width + j + 1] {
            rows.push([Some(i), Some(j)]);
            i += 1;
            j += 1;
        } else if here <= best[(i + 1) * width + j] {
            rows.push([Some(i), None]);
            i += 1;
        } else {
            rows.push([None, Some(j)]);
            j += 1;
        }
    }
    rows.extend((i..old.len()).map(|i| [Some(i), None]));
    rows.extend((j..new.len()).map(|j| [None, Some(j)]));
    rows
}

fn starts_of_changes(rows: &[Row]) -> Vec<u32> {
    let starts = |at: &usize| rows[*at].changed && (*at == 0 || !rows[*at - 1].changed);
    (0..rows.len()).filter(starts).map(|at| at as u32).collect()
}

fn folds_of(rows: &[Row]) -> Vec<Range<u32>> {
    let mut folds = Vec::new();
    let end = rows.len() as u32;
    let mut at = 0;
    while at < end {
        let stretch = rows[at as usize..].iter().take_while(|row| !row.changed).count() as u32;
        if stretch > 0 {
            let before = if at == 0 { 0 } else { CONTEXT };
            let after = if at + stretch == end { 0 } else { CONTEXT };
            if stretch >= before + after + LEAST_FOLD {
                folds.push(at + before..at + stretch - after);
            }
        }
        at += stretch + 1;
    }
    folds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(old: &str, new: &str) -> TextDiff {
        TextDiff::new(old.into(), new.into())
    }

    /// `-1 a | +1 b`, with what is marked in brackets.
    fn drawn(diff: &TextDiff) -> Vec<String> {
        let half = |row, side| {
            diff.half(row, side)
                .map_or("–".to_owned(), |half: Half<'_>| format!("{} {}", half.number, half.text))
        };
        (0..diff.len())
            .map(|row| {
                let mark = if diff.is_changed(row) { "*" } else { " " };
                format!("{mark}{} | {}", half(row, 0), half(row, 1))
            })
            .collect()
    }

    #[test]
    fn edited_lines_stand_beside_each_other() {
        let diff = diff("a\nx = 1\nb\n", "a\nimport os\nx = 2\nb\n");
        assert_eq!(drawn(&diff), [" 1 a | 1 a", "*– | 2 import os", "*2 x = 1 | 3 x = 2", " 3 b | 4 b"]);
        assert_eq!(diff.changes(), [1]);
        assert_eq!(diff.counts(), [1, 2]);
        let half = diff.half(2, 1).unwrap();
        assert_eq!((half.marks.len(), half.marks[0].clone()), (1, 4..5));
    }

    #[test]
    fn unchanged_stretches_fold_and_open() {
        let old: String = (1..=60).map(|line| format!("line {line}\n")).collect::<Vec<_>>().concat();
        let new = old.replace("line 30\n", "line thirty\n");
        let diff = diff(&old, &new);
        let shown = diff.shown(&BTreeSet::new());
        assert_eq!(shown.len(), 2 + 7);
        assert_eq!((shown[0], diff.hidden(0)), (Shown::Fold(0), 26));
        assert_eq!((shown[1], shown[8], diff.hidden(1)), (Shown::Row(26), Shown::Fold(1), 27));
        let open = diff.shown(&[0].into());
        assert_eq!(open.len(), 33 + 1);
        assert_eq!(diff.shown(&[0, 1].into()).len(), 60);
    }

    #[test]
    fn a_few_unchanged_lines_are_not_folded() {
        let diff = diff("1\n2\n3\nx\n", "1\n2\n3\ny\n");
        assert_eq!(diff.shown(&BTreeSet::new()).len(), 4);
    }

    #[test]
    fn texts_that_differ_in_line_ends_only_have_no_differing_line() {
        assert!(diff("a\r\nb\r\n", "a\nb").is_same());
        assert!(!diff("", "a").is_same());
        assert!(diff("", "").is_empty());
    }

    #[test]
    fn added_and_removed_texts_have_one_side() {
        assert_eq!(drawn(&diff("", "a\nb")), ["*– | 1 a", "*– | 2 b"]);
        assert_eq!(drawn(&diff("a\n", "")), ["*1 a | –"]);
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        let long = "ü".repeat(10_000);
        let diff = diff(&long, "ü");
        let half = diff.half(0, 0).unwrap();
        assert!(half.cut && half.text.len() <= LONGEST_SHOWN);
        assert!(diff.widest() <= LONGEST_SHOWN);
    }

    #[test]
    fn twenty_thousand_lines_that_all_differ_are_compared() {
        let text =
            |with: &str| (0..20_000).map(|line| format!("{with} {line}\n")).collect::<Vec<_>>().concat();
        let diff = diff(&text("old"), &text("new"));
        assert_eq!((diff.len(), diff.changes().len()), (20_000, 1));
    }
}
