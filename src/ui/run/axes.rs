//! How the axes of a plot read: steps, times of day, durations, powers of ten.

use egui_plot::{GridInput, GridMark, Plot};

use crate::state::format;
use crate::state::run::XAxis;

/// Gives a plot's axes their marks and words. `seen` is the range of x.
pub(super) fn format(plot: Plot<'_>, x: XAxis, log: bool, seen: (f64, f64)) -> Plot<'_> {
    let days = seen.1 - seen.0 > 2.0 * 86_400.0;
    let plot = match x {
        XAxis::Step => plot.x_grid_spacer(step_marks).x_axis_formatter(|mark, _| whole_number(mark.value)),
        XAxis::WallTime => plot.x_grid_spacer(time_marks).x_axis_formatter(move |mark, _| {
            let at = (mark.value * 1000.0) as i64;
            if days { format::exact_time(at).chars().take(10).collect() } else { format::clock_time(at) }
        }),
        XAxis::RelativeTime => {
            plot.x_grid_spacer(time_marks).x_axis_formatter(|mark, _| short_duration(mark.value))
        }
    };
    let plot = plot.y_axis_min_width(56.0);
    if log {
        plot.y_grid_spacer(power_marks).y_axis_formatter(|mark, _| format::number(10_f64.powf(mark.value)))
    } else {
        plot.y_axis_formatter(|mark, _| format::number(mark.value))
    }
}

/// What an x says in the tooltip.
pub(super) fn x_text(x: XAxis, value: f64) -> String {
    match x {
        XAxis::Step => format!("Step {}", whole_number(value)),
        XAxis::WallTime => format::exact_time((value * 1000.0) as i64),
        XAxis::RelativeTime => format!("After {}", duration(value)),
    }
}

/// Steps are whole: no mark between two of them has a word.
fn whole_number(value: f64) -> String {
    if value.fract().abs() > 1e-9 {
        return String::new();
    }
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}", format::count(value.abs() as usize))
}

fn duration(seconds: f64) -> String {
    format::duration((seconds * 1000.0).round() as i64)
}

/// A mark stands at a round value: what is zero in it is left out, and `0 ms` is just 0.
fn short_duration(seconds: f64) -> String {
    if seconds.abs() < 1e-9 {
        return "0".to_owned();
    }
    let text = duration(seconds);
    for zero in [" 00 s", " 00 min", " 0 h"] {
        if let Some(short) = text.strip_suffix(zero) {
            return short.to_owned();
        }
    }
    text.replace(".0 s", " s")
}

/// Seconds between marks that a person finds round.
const ROUND: &[f64] = &[
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1800.0,
    3600.0,
    7200.0,
    10_800.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    604_800.0,
    2_592_000.0,
    31_536_000.0,
];
/// Marks stand this many times farther apart than egui asks at least: words need room.
const APART: f64 = 14.0;

#[expect(clippy::needless_pass_by_value, reason = "egui_plot's signature")]
fn time_marks(input: GridInput) -> Vec<GridMark> {
    let wanted = input.base_step_size * APART;
    marks(&input, ROUND.iter().copied().find(|step| *step >= wanted).unwrap_or(wanted))
}

#[expect(clippy::needless_pass_by_value, reason = "egui_plot's signature")]
fn step_marks(input: GridInput) -> Vec<GridMark> {
    let wanted = (input.base_step_size * APART).max(1.0);
    let power = 10_f64.powf(wanted.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= wanted);
    marks(&input, step.unwrap_or(wanted))
}

/// On a logarithmic axis: powers of ten, with their doubles and fives where there is room.
#[expect(clippy::needless_pass_by_value, reason = "egui_plot's signature")]
fn power_marks(input: GridInput) -> Vec<GridMark> {
    let (from, to) = input.bounds;
    // Room for one mark in a power of ten, or for three.
    let room = input.base_step_size * TALL;
    let every = room.max(1.0).ceil() as i64;
    let within: &[f64] = if room < 0.3 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let step_size = if within.len() > 1 { 0.3 } else { every as f64 };
    // The bounds of what f64 holds bound the marks, too.
    let powers = from.floor().max(-400.0) as i64..=to.ceil().min(400.0) as i64;
    let power_values =
        powers.filter(|power| power % every == 0).flat_map(|power| within.iter().map(move |n| (power, n)));
    let values = power_values.map(|(power, n)| power as f64 + n.log10());
    values.filter(|value| (from..=to).contains(value)).map(|value| GridMark { value, step_size }).collect()
}

/// Marks of the vertical axis stand this many times farther apart than egui asks at least.
const TALL: f64 = 4.0;

fn marks(input: &GridInput, step: f64) -> Vec<GridMark> {
    let (from, to) = input.bounds;
    let first = (from / step).ceil();
    let count = ((to / step).floor() - first).clamp(-1.0, 200.0) as i64;
    (0..=count).map(|at| GridMark { value: (first + at as f64) * step, step_size: step }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_marked_at_round_values() {
        let marks = time_marks(GridInput { bounds: (0.0, 3600.0), base_step_size: 40.0 });
        let values: Vec<f64> = marks.iter().map(|mark| mark.value).collect();
        assert_eq!(values, [0.0, 600.0, 1200.0, 1800.0, 2400.0, 3000.0, 3600.0]);
        assert!(time_marks(GridInput { bounds: (5.0, 4.0), base_step_size: 1.0 }).is_empty());
    }

    #[test]
    fn steps_are_marked_at_one_two_and_five() {
        let marks = |to, base| {
            let marks = step_marks(GridInput { bounds: (0.0, to), base_step_size: base });
            marks.iter().map(|mark| mark.value).collect::<Vec<_>>()
        };
        assert_eq!(marks(1500.0, 25.0), [0.0, 500.0, 1000.0, 1500.0]);
        assert_eq!(marks(3.0, 0.01), [0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn a_logarithmic_axis_is_marked_at_powers_of_ten_and_between() {
        let marks = |from, to, base| {
            let marks = power_marks(GridInput { bounds: (from, to), base_step_size: base });
            marks.iter().map(|mark| format::number(10_f64.powf(mark.value))).collect::<Vec<_>>()
        };
        assert_eq!(marks(-1.5, 0.5, 0.02), ["0.05", "0.1", "0.2", "0.5", "1", "2"]);
        assert_eq!(marks(-3.0, 1.0, 0.2), ["0.001", "0.01", "0.1", "1", "10"]);
        assert_eq!(marks(0.0, 300.0, 10.0).len(), 8);
    }

    #[test]
    fn durations_at_marks_are_short() {
        let texts = [0.0, 0.25, 2.0, 2.5, 30.0, 600.0, 90.0, 7200.0, 5400.0, 172_800.0].map(short_duration);
        let short =
            ["0", "250 ms", "2 s", "2.5 s", "30 s", "10 min", "1 min 30 s", "2 h", "1 h 30 min", "2 d"];
        assert_eq!(texts, short);
    }

    #[test]
    fn only_whole_steps_have_words() {
        assert_eq!(whole_number(12_000.0), "12,000");
        assert_eq!(whole_number(-3.0), "-3");
        assert_eq!(whole_number(0.5), "");
    }
}
