//! How values read: times, durations, numbers, sizes, ids.

use jiff::{Timestamp, tz::TimeZone};

use crate::entities::Millis;

/// Milliseconds since the epoch, now.
pub fn now() -> Millis {
    Timestamp::now().as_millisecond()
}

/// “3 min ago”, “yesterday”, “12 Mar”, “12 Mar 2024”: the nearer the finer.
pub fn relative_time(at: Millis, now: Millis) -> String {
    let seconds = now.saturating_sub(at) / 1000;
    match seconds {
        i64::MIN..=-60 => exact_date(at, now),
        -59..=4 => "just now".into(),
        5..=59 => format!("{seconds} s ago"),
        60..=3_599 => format!("{} min ago", seconds / 60),
        3_600..=86_399 => format!("{} h ago", seconds / 3_600),
        86_400..=172_799 => "yesterday".into(),
        172_800..=604_799 => format!("{} days ago", seconds / 86_400),
        _ => exact_date(at, now),
    }
}

/// The local time to the second, with its zone, for tooltips: `2026-11-22 14:03:09 CET`.
pub fn exact_time(at: Millis) -> String {
    zoned(at).map_or_else(|| "unknown".into(), |time| time.strftime("%Y-%m-%d %H:%M:%S %Z").to_string())
}

/// The local time of day: `14:03:09`.
pub fn clock_time(at: Millis) -> String {
    zoned(at).map_or_else(String::new, |time| time.strftime("%H:%M:%S").to_string())
}

/// A moment in the words of a sentence: “14:02”, “14:02 yesterday”, “14:02 on 12 Mar”.
pub fn moment(at: Millis, now: Millis) -> String {
    let (Some(time), Some(today)) = (zoned(at), zoned(now)) else { return "an unknown time".into() };
    let clock = time.strftime("%H:%M");
    if time.date() == today.date() {
        clock.to_string()
    } else if today.date().yesterday().is_ok_and(|yesterday| yesterday == time.date()) {
        format!("{clock} yesterday")
    } else {
        format!("{clock} on {}", exact_date(at, now))
    }
}

/// The time in UTC, for files: `2026-11-22T13:03:09Z`.
pub fn iso_time(at: Millis) -> String {
    let seconds = Timestamp::from_millisecond(at).and_then(|at| Timestamp::from_second(at.as_second()));
    seconds.map_or_else(|_| String::new(), |at| at.to_string())
}

/// “between 14:02 and 14:03”, with the days where they are not the same one.
pub fn time_span(after: Millis, before: Millis) -> String {
    let (Some(from), Some(to)) = (zoned(after), zoned(before)) else { return "at an unknown time".into() };
    let form = if from.date() == to.date() { "%H:%M" } else { "%-d %b %H:%M" };
    let (from, to) = (from.strftime(form).to_string(), to.strftime(form).to_string());
    if from == to { format!("at {to}") } else { format!("between {from} and {to}") }
}

fn exact_date(at: Millis, now: Millis) -> String {
    let (Some(time), Some(today)) = (zoned(at), zoned(now)) else { return "unknown".into() };
    let form = if time.year() == today.year() { "%-d %b" } else { "%-d %b %Y" };
    time.strftime(form).to_string()
}

fn zoned(at: Millis) -> Option<jiff::Zoned> {
    Timestamp::from_millisecond(at).ok().map(|time| time.to_zoned(TimeZone::system()))
}

/// `340 ms`, `4.2 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`.
pub fn duration(millis: Millis) -> String {
    let seconds = millis / 1000;
    match millis {
        ..0 => "0 ms".into(),
        0..1_000 => format!("{millis} ms"),
        1_000..10_000 => format!("{:.1} s", millis as f64 / 1000.0),
        10_000..60_000 => format!("{seconds} s"),
        60_000..3_600_000 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3_600_000..86_400_000 => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// A metric's value with the digits that matter: four significant ones, grouped thousands, powers of ten only
/// where nothing else fits.
pub fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    // MLflow sends ±Infinity as ±f64::MAX.
    if value.is_infinite() || value.abs() == f64::MAX {
        return if value > 0.0 { "∞".into() } else { "−∞".into() };
    }
    let size = value.abs();
    let text = if size == 0.0 {
        "0".into()
    } else if value.fract() == 0.0 && size < 1e15 {
        group_thousands(&format!("{size:.0}"))
    } else if !(1e-4..1e9).contains(&size) {
        format!("{size:.3e}")
    } else {
        let decimals = (3 - size.log10().floor() as i32).clamp(0, 8) as usize;
        let fixed = format!("{size:.decimals$}");
        group_thousands(trim_zeros(&fixed))
    };
    // A real minus sign is as wide as a digit; a hyphen is not.
    if value < 0.0 { format!("−{text}") } else { text }
}

/// Every digit that `f64` holds, for tooltips and copies.
pub fn number_exact(value: f64) -> String {
    format!("{value}")
}

/// A whole number with grouped thousands: `12,345`.
pub fn count(value: usize) -> String {
    group_thousands(&value.to_string())
}

/// `12,345 runs`, `1 run`.
pub fn counted(value: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

fn trim_zeros(fixed: &str) -> &str {
    if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.') } else { fixed }
}

fn group_thousands(digits: &str) -> String {
    let (whole, rest) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::with_capacity(digits.len() + whole.len() / 3);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if let Some(rest) = rest {
        grouped.push('.');
        grouped.push_str(rest);
    }
    grouped
}

/// `512 B`, `3.2 kB`, `17 MB` (powers of 1000).
pub fn bytes(size: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = size as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 || value >= 9.95 {
        format!("{value:.0} {}", units[unit])
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

/// The first eight characters of an id: enough to tell runs apart, short enough for a column.
pub fn short_id(id: &str) -> &str {
    let end = id.char_indices().nth(8).map_or(id.len(), |(at, _)| at);
    &id[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_show_the_digits_that_matter() {
        for (value, text) in [
            (0.870_000_000_000_000_1, "0.87"),
            (0.123_456_789, "0.1235"),
            (12.345_678, "12.35"),
            (1_234.5, "1,234"),
            (98_765.4, "98,765"),
            (1_000_000.0, "1,000,000"),
            (-0.5, "−0.5"),
            (0.0, "0"),
            (5e-324, "4.941e-324"),
            (0.000_012_3, "1.230e-5"),
            (f64::NAN, "NaN"),
            (f64::MAX, "∞"),
            (f64::MIN, "−∞"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn times_are_finer_the_nearer_they_are() {
        let now = 1_795_326_953_189;
        assert_eq!(relative_time(now - 1_000, now), "just now");
        assert_eq!(relative_time(now - 30_000, now), "30 s ago");
        assert_eq!(relative_time(now - 3 * 60_000, now), "3 min ago");
        assert_eq!(relative_time(now - 26 * 3_600_000, now), "yesterday");
        assert!(relative_time(now - 700 * 86_400_000, now).ends_with("2024"));
    }

    #[test]
    fn moments_name_the_day_unless_it_is_today() {
        let now = 1_795_326_953_189;
        assert_eq!(moment(now, now).len(), "14:02".len());
        assert!(moment(now - 24 * 3_600_000, now).ends_with(" yesterday"));
        assert!(moment(now - 90 * 86_400_000, now).contains(" on "));
        assert_eq!(moment(i64::MAX, now), "an unknown time");
    }

    #[test]
    fn times_out_of_range_are_unknown() {
        let now = 1_795_326_953_189;
        for at in [i64::MIN, i64::MAX] {
            assert_eq!(relative_time(at, now), "unknown");
            assert_eq!(relative_time(now, at), "unknown");
            assert_eq!(relative_time(at, at), "just now");
            assert_eq!(exact_time(at), "unknown");
            assert_eq!(clock_time(at), "");
        }
        assert_eq!(relative_time(i64::MIN, i64::MAX), "unknown");
        assert_eq!(relative_time(i64::MAX, i64::MIN), "unknown");
        assert_eq!(duration(i64::MIN), "0 ms");
        assert_eq!(duration(i64::MAX), "106751991167 d 7 h");
    }

    #[test]
    fn durations_and_sizes_fit_a_cell() {
        assert_eq!(duration(340), "340 ms");
        assert_eq!(duration(4_230), "4.2 s");
        assert_eq!(duration(200_000), "3 min 20 s");
        assert_eq!(duration(7_500_000), "2 h 05 min");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(3_200), "3.2 kB");
        assert_eq!(bytes(999_999), "1.0 MB");
        assert_eq!(bytes(17_000_000), "17 MB");
    }

    #[test]
    fn short_ids_never_split_a_character() {
        assert_eq!(short_id("abcdefghij"), "abcdefgh");
        assert_eq!(short_id("äöü"), "äöü");
    }
}
