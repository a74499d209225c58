//! Filtering by text: words that must all occur, in a run's name, id, status, user, source, models, params and tags;
//! `key=value` looks at that param, tag or metric.

use super::column::Bits;
use super::page::{Chunk, Field, KeyKind};
use super::strings::StrId;
use super::table::Rows;
use crate::entities::RunStatus;
use crate::state::format;

/// Where a word without `=` may occur.
const FIELDS: [Field; 7] =
    [Field::Name, Field::RunId, Field::User, Field::Source, Field::Models, Field::Commit, Field::Datasets];

/// The words of a filter, in lower case. Quotes keep spaces: `"a b"`.
pub fn terms(filter: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut quoted = false;
    for c in filter.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => terms.push(String::new()),
            c => terms.last_mut().into_iter().for_each(|term| term.extend(c.to_lowercase())),
        }
    }
    terms.retain(|term| !term.is_empty());
    terms
}

/// The rows in which every word of the filter occurs; `None` without a word: all of them.
pub fn matching(rows: &Rows, filter: &str) -> Option<Bits> {
    let mut all: Option<Bits> = None;
    for term in terms(filter) {
        let found = match term.split_once('=') {
            Some((key, value)) => of_key(rows, key, value),
            None => of_word(rows, &term),
        };
        all = Some(match all {
            None => found,
            Some(before) => {
                let mut both = Bits::default();
                before.iter().filter(|&row| found.get(row)).for_each(|row| both.set(row, true));
                both
            }
        });
    }
    all
}

/// The texts that hold a word: each is looked at once, however many runs have it.
fn texts_with(rows: &Rows, word: &str) -> Bits {
    let mut found = Bits::default();
    let mut lower = String::new();
    for (id, text) in (0..).zip(rows.strings().iter()) {
        if lowered(text, &mut lower).contains(word) {
            found.set(id, true);
        }
    }
    found
}

fn lowered<'a>(text: &str, buffer: &'a mut String) -> &'a str {
    buffer.clear();
    if text.is_ascii() {
        buffer.push_str(text);
        buffer.make_ascii_lowercase();
    } else {
        buffer.extend(text.chars().flat_map(char::to_lowercase));
    }
    buffer
}

fn of_word(rows: &Rows, word: &str) -> Bits {
    let texts = texts_with(rows, word);
    let statuses = RunStatus::ALL.map(|status| status.label().to_lowercase().contains(word));
    let mut found = Bits::default();
    for (start, chunk) in rows.chunks() {
        let mut mark = |row: u32, id: StrId| {
            if texts.get(id.0) {
                found.set(start + row, true);
            }
        };
        for field in FIELDS {
            chunk.field(field).for_each(&mut mark);
        }
        for kind in [KeyKind::Param, KeyKind::Tag] {
            chunk.texts(kind).iter().for_each(|(_, column)| column.for_each(&mut mark));
        }
        for row in (0..chunk.rows).filter(|&row| statuses[chunk.status(row) as usize]) {
            found.set(start + row, true);
        }
    }
    found
}

/// A key that ends with what stands before the `=`, a value that begins with what stands behind it: what occurs in
/// `key=value` as text. A metric's value is meant as it is shown, or with all its digits.
fn of_key(rows: &Rows, key: &str, value: &str) -> Bits {
    let mut buffer = String::new();
    let mut keys = Bits::default();
    let mut values = Bits::default();
    for (id, text) in (0..).zip(rows.strings().iter()) {
        let text = lowered(text, &mut buffer);
        keys.set(id, text.ends_with(key));
        values.set(id, text.starts_with(value));
    }
    let mut found = Bits::default();
    for (start, chunk) in rows.chunks() {
        for kind in [KeyKind::Param, KeyKind::Tag] {
            for (_, column) in chunk.texts(kind).iter().filter(|(id, _)| keys.get(id.0)) {
                column.for_each(|row, id| {
                    if values.get(id.0) {
                        found.set(start + row, true);
                    }
                });
            }
        }
        metrics(chunk, start, &keys, value, &mut found);
    }
    found
}

fn metrics(chunk: &Chunk, start: u32, keys: &Bits, value: &str, found: &mut Bits) {
    for (_, column) in chunk.metrics().iter().filter(|(id, _)| keys.get(id.0)) {
        column.for_each(|row, number| {
            let shown = format::number(number).to_lowercase();
            if shown.starts_with(value) || format::number_exact(number).to_lowercase().starts_with(value) {
                found.set(start + row, true);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::{run, table};
    use super::*;

    fn found(filter: &str) -> Option<Vec<u32>> {
        let mut first = run("abc1", &[("val_rmse", 0.25)], &[("model_type", "XGBoost"), ("max_depth", "3")]);
        first.info.run_name = "Änderung".into();
        first.tags.insert("team".into(), "supply chain".into());
        first.tags.insert("mlflow.user".into(), "anna".into());
        let mut second =
            run("abc2", &[("val_rmse", 12.0)], &[("model_type", "lightgbm"), ("max_depth", "30")]);
        second.info.run_name = "xgb-00".into();
        second.info.status = RunStatus::Failed;
        let table = table(&[first, second], 1);
        matching(table.rows(), filter).map(|bits| bits.iter().collect())
    }

    #[test]
    fn every_word_must_occur_somewhere() {
        assert_eq!(found(""), None);
        assert_eq!(found("  "), None);
        for (filter, rows) in [
            ("xgb", vec![0, 1]),
            ("XGB failed", vec![1]),
            ("änder", vec![0]),
            ("anna", vec![0]),
            ("abc", vec![0, 1]),
            ("\"supply chain\"", vec![0]),
            ("supply xgb-00", vec![]),
            ("val_rmse", vec![]),
        ] {
            assert_eq!(found(filter), Some(rows), "{filter}");
        }
    }

    #[test]
    fn key_and_value_are_looked_for_together() {
        for (filter, rows) in [
            ("max_depth=3", vec![0, 1]),
            ("max_depth=30", vec![1]),
            ("depth=30", vec![1]),
            ("model_type=xgb", vec![0]),
            ("team=supply", vec![0]),
            ("team=\"supply chain\"", vec![0]),
            ("val_rmse=0.25", vec![0]),
            ("val_rmse=12", vec![1]),
            ("val_rmse=", vec![0, 1]),
            ("model=xgb", vec![]),
            ("=", vec![0, 1]),
        ] {
            assert_eq!(found(filter), Some(rows), "{filter}");
        }
    }
}
