//! Reading columns of any type: SQLite keeps what it was given, whatever the column says.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::entities::{LifecycleStage, Millis, VersionNumber};

fn value<'a>(row: &'a Row<'_>, column: usize) -> ValueRef<'a> {
    row.get_ref(column).unwrap_or(ValueRef::Null)
}

/// Text; NULL is empty, numbers are printed, bytes that are no UTF-8 are replaced.
pub(super) fn text(row: &Row<'_>, column: usize) -> String {
    match value(row, column) {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        },
    }
}

/// An integer; none if it is NULL or nothing like a number.
pub(super) fn integer(row: &Row<'_>, column: usize) -> Option<i64> {
    match value(row, column) {
        ValueRef::Integer(number) => Some(number),
        ValueRef::Real(number) => Some(number as i64),
        ValueRef::Text(bytes) => {
            let text = std::str::from_utf8(bytes).ok()?.trim();
            text.parse().ok().or_else(|| text.parse::<f64>().ok().map(|number| number as i64))
        }
        ValueRef::Null | ValueRef::Blob(_) => None,
    }
}

/// A metric's value: NaN for NULL and whatever is no number; infinities as MLflow keeps them, ±`f64::MAX`.
pub(super) fn number(row: &Row<'_>, column: usize) -> f64 {
    let number = match value(row, column) {
        ValueRef::Integer(number) => number as f64,
        ValueRef::Real(number) => number,
        ValueRef::Text(bytes) => {
            std::str::from_utf8(bytes).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(f64::NAN)
        }
        ValueRef::Null | ValueRef::Blob(_) => f64::NAN,
    };
    if number.is_infinite() { f64::MAX.copysign(number) } else { number }
}

/// A metric's value with the column that says whether it is NaN (such a value is stored as 0).
pub(super) fn metric_value(row: &Row<'_>, value_column: usize, is_nan_column: usize) -> f64 {
    if flag(row, is_nan_column) { f64::NAN } else { number(row, value_column) }
}

/// A boolean.
fn flag(row: &Row<'_>, column: usize) -> bool {
    match value(row, column) {
        ValueRef::Integer(number) => number != 0,
        ValueRef::Real(number) => number != 0.0,
        ValueRef::Text(bytes) => matches!(bytes, b"1" | b"t" | b"true" | b"True" | b"TRUE"),
        ValueRef::Null | ValueRef::Blob(_) => false,
    }
}

/// A time in milliseconds; 0 is unknown, as over REST.
pub(super) fn millis(row: &Row<'_>, column: usize) -> Option<Millis> {
    integer(row, column).filter(|&time| time != 0)
}

/// A version's number.
pub(super) fn version(row: &Row<'_>, column: usize) -> Option<VersionNumber> {
    integer(row, column).and_then(|number| VersionNumber::try_from(number).ok())
}

/// A position in a list given to the query.
pub(super) fn position(row: &Row<'_>, column: usize) -> usize {
    integer(row, column).and_then(|number| usize::try_from(number).ok()).unwrap_or(usize::MAX)
}

/// Active, unless it says deleted.
pub(super) fn lifecycle_stage(row: &Row<'_>, column: usize) -> LifecycleStage {
    if text(row, column).eq_ignore_ascii_case("deleted") {
        LifecycleStage::Deleted
    } else {
        LifecycleStage::Active
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn read<T>(sql: &str, read: impl Fn(&Row<'_>) -> T) -> T {
        let connection = Connection::open_in_memory().unwrap();
        connection.query_row(&format!("SELECT {sql}"), [], |row| Ok(read(row))).unwrap()
    }

    #[test]
    fn any_type_is_read_as_what_is_asked_for() {
        for (sql, expected) in
            [("NULL", ""), ("7", "7"), ("1.5", "1.5"), ("'ü'", "ü"), ("x'ff61'", "\u{fffd}a")]
        {
            assert_eq!(read(sql, |row| text(row, 0)), expected, "{sql}");
        }
        for (sql, expected) in [
            ("NULL", None),
            ("7", Some(7)),
            ("7.9", Some(7)),
            ("' 8 '", Some(8)),
            ("'x'", None),
            ("x'31'", None),
        ] {
            assert_eq!(read(sql, |row| integer(row, 0)), expected, "{sql}");
        }
        for (sql, expected) in [("1", 1.0), ("'2.5'", 2.5), ("9e999", f64::MAX), ("'-inf'", -f64::MAX)] {
            assert_eq!(read(sql, |row| number(row, 0)), expected, "{sql}");
        }
        for sql in ["NULL", "'x'", "x'00'"] {
            assert!(read(sql, |row| number(row, 0)).is_nan(), "{sql}");
        }
        assert!(read("0.0, 1", |row| metric_value(row, 0, 1)).is_nan());
        assert_eq!(read("0.0, NULL", |row| metric_value(row, 0, 1)), 0.0);
        assert_eq!(read("-1", |row| version(row, 0)), None);
        assert_eq!(read("0", |row| millis(row, 0)), None);
        assert_eq!(read("1", |row| text(row, 5)), "");
    }
}
