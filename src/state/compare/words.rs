//! Which words of a line differ from those of the line beside it.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Longer lines, in bytes, are not looked at word by word.
const LONGEST: usize = 4_000;
/// With less than this part in common the lines have nothing to do with each other, and marking words helps nobody.
const LEAST_COMMON: f32 = 0.2;

/// Byte ranges that are not in the other line: of the old one, and of the new one. Empty where the lines are too
/// long or too different.
pub fn differing_words(old: &str, new: &str) -> [Vec<Range<u32>>; 2] {
    if old.len() > LONGEST || new.len() > LONGEST {
        return Default::default();
    }
    let (old_words, new_words) = (words(old), words(new));
    let ops = capture_diff_slices(Algorithm::Myers, &old_words, &new_words);
    let mut marks: [Vec<Range<u32>>; 2] = Default::default();
    let mut common = 0;
    let (mut old_at, mut new_at) = (0, 0);
    for op in ops {
        let old_length = length(&old_words[op.old_range()]);
        let new_length = length(&new_words[op.new_range()]);
        if matches!(op, DiffOp::Equal { .. }) {
            common += old_words[op.old_range()].iter().map(|word| word.trim().len()).sum::<usize>();
        } else {
            push(&mut marks[0], old_at, old_length);
            push(&mut marks[1], new_at, new_length);
        }
        old_at += old_length;
        new_at += new_length;
    }
    let longer = old.len().max(new.len()).max(1);
    if (common as f32) < LEAST_COMMON * longer as f32 { Default::default() } else { marks }
}

/// How much two lines have in common at their ends, 0 to 1: cheap, and enough to tell an edited line from another.
pub fn likeness(a: &str, b: &str) -> f32 {
    let (a, b) = (a.trim().as_bytes(), b.trim().as_bytes());
    let longer = a.len().max(b.len());
    if longer == 0 {
        return 1.0;
    }
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(a, b)| a == b).count();
    (start + end) as f32 / longer as f32
}

fn push(marks: &mut Vec<Range<u32>>, at: usize, length: usize) {
    if length == 0 {
        return;
    }
    let range = at as u32..(at + length) as u32;
    match marks.last_mut() {
        Some(last) if last.end == range.start => last.end = range.end,
        _ => marks.push(range),
    }
}

fn length(words: &[&str]) -> usize {
    words.iter().map(|word| word.len()).sum()
}

/// Words, runs of blanks, and every other character by itself.
fn words(line: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 0,
        c if c.is_whitespace() => 1,
        _ => 2,
    };
    let mut words = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, c) in line.char_indices() {
        let kind = kind(c);
        if before.is_some_and(|before| before != kind || kind == 2) {
            words.push(&line[start..at]);
            start = at;
        }
        before = Some(kind);
    }
    if start < line.len() {
        words.push(&line[start..]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked<'a>(line: &'a str, marks: &[Range<u32>]) -> Vec<&'a str> {
        marks.iter().map(|mark| &line[mark.start as usize..mark.end as usize]).collect()
    }

    #[test]
    fn only_the_words_that_differ_are_marked() {
        let (old, new) = ("temperature = 0.7  # größe", "temperature = 0.2  # größer");
        let [before, after] = differing_words(old, new);
        assert_eq!(marked(old, &before), ["7", "größe"]);
        assert_eq!(marked(new, &after), ["2", "größer"]);
        let [before, after] = differing_words("f(a)", "f(a, b)");
        assert!(before.is_empty());
        assert_eq!(marked("f(a, b)", &after), [", b"]);
    }

    #[test]
    fn lines_without_anything_in_common_are_not_marked_word_by_word() {
        assert_eq!(differing_words("return total", "class Agent:"), [vec![], vec![]]);
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(differing_words(&long, "x"), [vec![], vec![]]);
    }

    #[test]
    fn edited_lines_are_alike() {
        assert!(likeness("    x = 1", "  x = 12") > 0.7);
        assert!(likeness("import os", "def main():") < 0.2);
        assert_eq!(likeness("", " "), 1.0);
    }
}
