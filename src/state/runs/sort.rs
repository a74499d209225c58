//! Sorting: every column becomes one `u64` a row, so that what is compared a million times is a number.

use std::cmp::Ordering;

use super::column::Column;
use super::key::{Attribute, ColumnKey};
use super::page::{Chunk, Field, KeyKind};
use super::strings::StrId;
use super::table::{Rows, duration, each_text};
use crate::entities::Millis;

/// What is sorted by, and which way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The column.
    pub key: ColumnKey,
    /// Largest first.
    pub descending: bool,
}

/// Rows without a value, and NaN, come last whichever way is sorted.
const ABSENT: u64 = u64::MAX;

/// The rows in order: equal ones stay in the order in which the server sent them.
pub fn sorted(rows: &Rows, sort: &Sort, key_id: Option<StrId>, now: Millis) -> Vec<u32> {
    let mut keys = keys(rows, &sort.key, key_id, now);
    if sort.descending {
        for key in keys.iter_mut().filter(|key| **key != ABSENT) {
            *key = ABSENT - 1 - *key;
        }
    }
    let mut order: Vec<(u64, u32)> = keys.into_iter().zip(0..).collect();
    // The row number makes it stable.
    order.sort_unstable();
    order.into_iter().map(|(_, row)| row).collect()
}

fn keys(rows: &Rows, column: &ColumnKey, key_id: Option<StrId>, now: Millis) -> Vec<u64> {
    match (column, key_id) {
        (ColumnKey::Attribute(attribute), _) => attribute_keys(rows, *attribute, now),
        (ColumnKey::Metric(_), Some(id)) => metric_keys(rows, id),
        (ColumnKey::Param(_), Some(id)) => text_keys(rows, |chunk| chunk.text(KeyKind::Param, id)),
        (ColumnKey::Tag(_), Some(id)) => text_keys(rows, |chunk| chunk.text(KeyKind::Tag, id)),
        (_, None) => vec![ABSENT; rows.count() as usize],
    }
}

fn attribute_keys(rows: &Rows, attribute: Attribute, now: Millis) -> Vec<u64> {
    let of_field = |field| text_keys(rows, move |chunk| Some(chunk.field(field)));
    let mut keys = vec![ABSENT; rows.count() as usize];
    let field = match attribute {
        Attribute::Status | Attribute::Start | Attribute::End | Attribute::Duration => {
            for (start, chunk) in rows.chunks() {
                for row in 0..chunk.rows {
                    let key = match attribute {
                        Attribute::Status => Some(chunk.status(row) as u64),
                        Attribute::Start => chunk.times(row).0.map(of_i64),
                        Attribute::End => chunk.times(row).1.map(of_i64),
                        _ => duration(chunk, row, now).map(of_i64),
                    };
                    keys[(start + row) as usize] = key.unwrap_or(ABSENT);
                }
            }
            return keys;
        }
        Attribute::Name => Field::Name,
        Attribute::User => Field::User,
        Attribute::Source => Field::Source,
        Attribute::Model => Field::Models,
        Attribute::Commit => Field::Commit,
        Attribute::Dataset => Field::Datasets,
        Attribute::RunId => Field::RunId,
    };
    of_field(field)
}

fn metric_keys(rows: &Rows, id: StrId) -> Vec<u64> {
    let mut keys = vec![ABSENT; rows.count() as usize];
    for (start, chunk) in rows.chunks() {
        if let Some(column) = chunk.metric(id) {
            column.for_each(|row, value| {
                if !value.is_nan() {
                    keys[(start + row) as usize] = of_f64(value);
                }
            });
        }
    }
    keys
}

/// Each different text is placed once; rows then carry its place.
fn text_keys<'a>(rows: &'a Rows, column: impl Fn(&'a Chunk) -> Option<&'a Column<StrId>>) -> Vec<u64> {
    let mut ids = Vec::with_capacity(rows.count() as usize);
    each_text(rows, column, |row, id| ids.push((row, id)));
    let mut distinct: Vec<StrId> = ids.iter().map(|cell| cell.1).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let mut texts: Vec<(StrId, Text<'_>)> =
        distinct.iter().map(|&id| (id, Text::new(rows.strings().get(id)))).collect();
    texts.sort_by(|a, b| a.1.compare(&b.1));
    let mut places = vec![0; distinct.len()];
    let mut place = 0;
    for (at, (id, text)) in texts.iter().enumerate() {
        if at > 0 && texts[at - 1].1.compare(text) != Ordering::Equal {
            place += 1;
        }
        if let Ok(nth) = distinct.binary_search(id) {
            places[nth] = place;
        }
    }
    let mut keys = vec![ABSENT; rows.count() as usize];
    for (row, id) in ids {
        if let Ok(nth) = distinct.binary_search(&id) {
            keys[row as usize] = places[nth];
        }
    }
    keys
}

/// A text as it sorts: numbers by their value and before words, words naturally.
struct Text<'a> {
    number: Option<f64>,
    text: &'a str,
}

impl<'a> Text<'a> {
    fn new(text: &'a str) -> Self {
        Self { number: text.trim().parse().ok().filter(|number: &f64| !number.is_nan()), text }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self.number, other.number) {
            (Some(a), Some(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => natural(self.text, other.text),
        }
    }
}

/// `run-2` before `run-10`, whatever the case.
pub fn natural(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left, right);
    loop {
        let (Some(x), Some(y)) = (left.chars().next(), right.chars().next()) else {
            return left.len().cmp(&right.len());
        };
        let unequal = if x.is_ascii_digit() && y.is_ascii_digit() {
            let (number, rest) = digits(left);
            let (other, other_rest) = digits(right);
            (left, right) = (rest, other_rest);
            // Without leading zeros the longer number is the larger.
            number.len().cmp(&other.len()).then_with(|| number.cmp(other))
        } else {
            (left, right) = (&left[x.len_utf8()..], &right[y.len_utf8()..]);
            x.to_lowercase().cmp(y.to_lowercase())
        };
        if unequal != Ordering::Equal {
            return unequal;
        }
    }
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].trim_start_matches('0'), &text[end..])
}

/// Keeps the order of numbers; zero is zero whatever its sign.
fn of_f64(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

fn of_i64(value: i64) -> u64 {
    ((value as u64) ^ (1 << 63)).min(ABSENT - 1)
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::{run, table};
    use super::*;
    use crate::entities::Run;

    fn order(runs: &[Run], column: &ColumnKey, descending: bool) -> Vec<u32> {
        let table = table(runs, 7);
        let id = table.key(column).map(|key| key.id);
        sorted(table.rows(), &Sort { key: column.clone(), descending }, id, 0)
    }

    #[test]
    fn metrics_sort_as_a_naive_sort_of_the_runs_does() {
        let values = [3.0, -0.0, 0.0, f64::MAX, -f64::MAX, 5e-324, 1e9, -7.25, 3.0, f64::INFINITY];
        let runs: Vec<Run> = (0..200)
            .map(|n: u32| {
                let value = values[(n * 7 % 10) as usize];
                let metric = [("m", if n % 13 == 5 { f64::NAN } else { value })];
                run(&n.to_string(), &metric[..usize::from(n % 11 != 3)], &[])
            })
            .collect();
        for descending in [false, true] {
            let mut naive: Vec<u32> = (0..200).collect();
            naive.sort_by(|&a, &b| {
                let value = |row: u32| runs[row as usize].metric("m").filter(|value| !value.is_nan());
                match (value(a), value(b)) {
                    (Some(a), Some(b)) if descending => b.partial_cmp(&a).unwrap(),
                    (Some(a), Some(b)) => a.partial_cmp(&b).unwrap(),
                    (a, b) => b.is_some().cmp(&a.is_some()),
                }
            });
            assert_eq!(order(&runs, &ColumnKey::Metric("m".into()), descending), naive);
        }
    }

    #[test]
    fn params_sort_as_numbers_then_as_words_and_absent_ones_last() {
        let values = ["10", "9", "auto", "1e-3", "Adam", "run-10", "run-2", ""];
        let mut runs: Vec<Run> = values.iter().map(|value| run(value, &[], &[("p", value)])).collect();
        runs.insert(0, run("absent", &[], &[]));
        let sorted = |descending| -> Vec<String> {
            order(&runs, &ColumnKey::Param("p".into()), descending)
                .into_iter()
                .map(|row| runs[row as usize].info.run_id.clone())
                .collect()
        };
        assert_eq!(sorted(false), ["1e-3", "9", "10", "", "Adam", "auto", "run-2", "run-10", "absent"]);
        assert_eq!(sorted(true), ["run-10", "run-2", "auto", "Adam", "", "10", "9", "1e-3", "absent"]);
    }

    #[test]
    fn attributes_sort_and_equal_rows_keep_their_order() {
        let mut runs: Vec<Run> = (0..5).map(|n| run(&n.to_string(), &[], &[])).collect();
        runs[1].info.start_time = Some(5);
        runs[3].info.start_time = None;
        let start = ColumnKey::Attribute(Attribute::Start);
        assert_eq!(order(&runs, &start, false), [1, 0, 2, 4, 3]);
        assert_eq!(order(&runs, &start, true), [0, 2, 4, 1, 3]);
        assert_eq!(order(&runs, &ColumnKey::Metric("unknown".into()), true), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn words_sort_naturally() {
        assert_eq!(natural("run-2", "run-10"), Ordering::Less);
        assert_eq!(natural("Run-2", "run-2"), Ordering::Equal);
        assert_eq!(natural("a007", "a7"), Ordering::Equal);
        assert_eq!(natural("a", "ab"), Ordering::Less);
        assert_eq!(natural("ä1", "ä1"), Ordering::Equal);
    }
}
