//! What is drawn of a metric: its values in order, smoothed, on a linear or a logarithmic scale, and no more
//! points than the screen has columns for.

use crate::entities::{Metric, Millis};

/// One value of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Step; may be negative.
    pub step: i64,
    /// When it was logged.
    pub timestamp: Millis,
    /// Value; may be NaN.
    pub value: f64,
}

impl From<Metric> for Point {
    fn from(metric: Metric) -> Self {
        Self { step: metric.step, timestamp: metric.timestamp, value: metric.value }
    }
}

/// What runs from left to right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum XAxis {
    /// Steps.
    #[default]
    Step,
    /// The time of day, in seconds since the Unix epoch.
    WallTime,
    /// Seconds since the metric's first value.
    RelativeTime,
}

/// How a curve is made.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CurveOptions {
    /// What runs from left to right.
    pub x: XAxis,
    /// Powers of ten from bottom to top: y is the logarithm.
    pub log: bool,
    /// Weight of what was before, 0 (none) to below 1.
    pub smoothing: f64,
    /// Pixel columns between `range`, or for all of it; 0 for every point.
    pub columns: usize,
    /// The part that is seen; all of it otherwise.
    pub range: Option<(f64, f64)>,
}

/// A curve ready to be drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// Every value in order of x, as logged: what is read off under the pointer.
    pub values: Vec<[f64; 2]>,
    /// Parts without gaps, as logged, decimated. y is the logarithm on a logarithmic scale.
    pub raw: Vec<Vec<[f64; 2]>>,
    /// The same smoothed; empty without smoothing.
    pub smoothed: Vec<Vec<[f64; 2]>>,
    /// Values that are no number, or infinite: gaps.
    pub gaps: usize,
    /// Values of zero or less, which a logarithmic scale cannot show: gaps.
    pub not_positive: usize,
}

/// MLflow sends ±infinity as ±`f64::MAX`; nothing that large can be drawn beside anything else.
const INFINITE: f64 = 1e300;

impl Curve {
    /// Makes a curve of a history. Takes its time: off the UI thread.
    pub fn new(points: Vec<Point>, options: CurveOptions) -> Self {
        let values = in_order(points, options.x);
        let is_gap = |y: f64| !y.is_finite() || y.abs() >= INFINITE;
        let gaps = values.iter().filter(|[_, y]| is_gap(*y)).count();
        let is_lost = |[_, y]: &&[f64; 2]| options.log && !is_gap(*y) && *y <= 0.0;
        let not_positive = values.iter().filter(is_lost).count();
        let scale = |y: f64| match options.log {
            _ if is_gap(y) => f64::NAN,
            true if y > 0.0 => y.log10(),
            true => f64::NAN,
            false => y,
        };
        let part = |values: &[[f64; 2]]| {
            let scaled: Vec<[f64; 2]> = values.iter().map(|[x, y]| [*x, scale(*y)]).collect();
            decimate(seen(&scaled, options.range), columns(&scaled, options))
        };
        let raw = part(&values);
        let smoothed =
            if options.smoothing > 0.0 { part(&smooth(&values, options.smoothing)) } else { Vec::new() };
        Self { values, raw, smoothed, gaps, not_positive }
    }

    /// Least and greatest x; `None` without values.
    pub fn x_range(&self) -> Option<(f64, f64)> {
        self.values.first().zip(self.values.last()).map(|(first, last)| (first[0], last[0]))
    }

    /// Least and greatest y of what is drawn between two x; `None` if nothing is.
    pub fn y_range(&self, x: (f64, f64)) -> Option<(f64, f64)> {
        let parts = self.raw.iter().chain(&self.smoothed).flatten();
        let seen = parts.filter(|point| (x.0..=x.1).contains(&point[0]));
        seen.fold(None, |range, &[_, y]| {
            range.map_or(Some((y, y)), |(least, most): (f64, f64)| Some((least.min(y), most.max(y))))
        })
    }

    /// The value nearest to an x.
    pub fn nearest(&self, x: f64) -> Option<[f64; 2]> {
        let after = self.values.partition_point(|point| point[0] < x);
        let around = [after.checked_sub(1), Some(after)].into_iter().flatten();
        around
            .filter_map(|at| self.values.get(at).copied())
            .min_by(|a, b| (a[0] - x).abs().total_cmp(&(b[0] - x).abs()))
    }
}

/// Values in order of x, those of one x in the order they were logged.
fn in_order(mut points: Vec<Point>, x: XAxis) -> Vec<[f64; 2]> {
    match x {
        XAxis::Step => points.sort_by_key(|point| (point.step, point.timestamp)),
        XAxis::WallTime | XAxis::RelativeTime => points.sort_by_key(|point| (point.timestamp, point.step)),
    }
    let first = points.first().map_or(0, |point| point.timestamp);
    let at = |point: &Point| match x {
        XAxis::Step => point.step as f64,
        XAxis::WallTime => point.timestamp as f64 / 1000.0,
        XAxis::RelativeTime => point.timestamp.saturating_sub(first) as f64 / 1000.0,
    };
    points.iter().map(|point| [at(point), point.value]).collect()
}

/// The exponential moving average that `TensorBoard` draws: the start is not drawn towards zero, and what is no
/// number stays so without touching its neighbours. `weight` is that of what was before.
pub fn smooth(values: &[[f64; 2]], weight: f64) -> Vec<[f64; 2]> {
    let weight = weight.clamp(0.0, 0.9999);
    let (mut last, mut unbias) = (0.0, 1.0);
    let step = |&[x, y]: &[f64; 2]| {
        if !y.is_finite() || y.abs() >= INFINITE {
            return [x, y];
        }
        last = last * weight + (1.0 - weight) * y;
        unbias *= weight;
        [x, last / (1.0 - unbias)]
    };
    values.iter().map(step).collect()
}

/// The points in a range, with as much on either side as is seen, and one beyond: panning meets no void.
fn seen(points: &[[f64; 2]], range: Option<(f64, f64)>) -> &[[f64; 2]] {
    let Some((from, to)) = range else { return points };
    let margin = (to - from).abs();
    let start = points.partition_point(|point| point[0] < from - margin).saturating_sub(1);
    let end = (points.partition_point(|point| point[0] <= to + margin) + 1).min(points.len());
    points.get(start..end).unwrap_or(points)
}

/// Columns for what [`seen`] leaves: three times what the range has.
fn columns(points: &[[f64; 2]], options: CurveOptions) -> usize {
    let Some((from, to)) = options.range else { return options.columns };
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return options.columns };
    let whole = (last[0] - first[0]).abs();
    let part = 3.0 * (to - from).abs();
    if part < whole {
        options.columns * 3
    } else {
        (options.columns as f64 * 3.0 * whole / part).ceil() as usize
    }
}

/// No more than four points a column: its first, lowest, highest and last, so that no spike is lost and the curve
/// enters and leaves each column where it did. NaN parts the curve, unless the column has other values. `points`
/// are in order of x; 0 columns keep every point.
pub fn decimate(points: &[[f64; 2]], columns: usize) -> Vec<Vec<[f64; 2]>> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    let width = last[0] - first[0];
    let all = columns == 0 || points.len() <= columns * 2 || width <= 0.0 || !width.is_finite();
    let column = |at: usize, x: f64| {
        if all { at } else { (((x - first[0]) / width * columns as f64) as usize).min(columns - 1) }
    };
    let mut parts = vec![Vec::new()];
    let mut rest = points;
    let mut at = 0;
    while let Some(start) = rest.first() {
        let here = column(at, start[0]);
        let mut count = 1;
        while rest.get(count).is_some_and(|point| column(at + count, point[0]) == here) {
            count += 1;
        }
        push_column(&rest[..count], &mut parts);
        rest = &rest[count..];
        at += count;
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn push_column(points: &[[f64; 2]], parts: &mut Vec<Vec<[f64; 2]>>) {
    let mut kept: Vec<(usize, [f64; 2])> = Vec::with_capacity(4);
    let known = || points.iter().copied().enumerate().filter(|(_, point)| !point[1].is_nan());
    kept.extend(known().next());
    kept.extend(known().min_by(|a, b| a.1[1].total_cmp(&b.1[1])));
    kept.extend(known().max_by(|a, b| a.1[1].total_cmp(&b.1[1])));
    kept.extend(known().next_back());
    kept.sort_by_key(|(at, _)| *at);
    kept.dedup_by_key(|(at, _)| *at);
    match parts.last_mut() {
        Some(part) if !kept.is_empty() => part.extend(kept.into_iter().map(|(_, point)| point)),
        Some(part) if part.is_empty() => {}
        _ => parts.push(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[f64]) -> Vec<[f64; 2]> {
        values.iter().enumerate().map(|(x, y)| [x as f64, *y]).collect()
    }

    fn history(values: &[f64]) -> Vec<Point> {
        let at = |(step, value): (usize, &f64)| Point {
            step: step as i64,
            timestamp: 1_000_000 + 500 * step as i64,
            value: *value,
        };
        values.iter().enumerate().map(at).collect()
    }

    #[test]
    fn smoothing_is_tensorboards() {
        // TensorBoard's resmoothDataset with weight 0.6 on 1, 2, 3, 10.
        let smoothed = smooth(&line(&[1.0, 2.0, 3.0, 10.0]), 0.6);
        for (point, wanted) in smoothed.iter().zip([1.0, 1.625, 2.326_530_6, 5.852_941_2]) {
            assert!((point[1] - wanted).abs() < 1e-6, "{point:?} {wanted}");
        }
        let constant = smooth(&line(&[4.0; 9]), 0.9);
        assert!(constant.iter().all(|point| (point[1] - 4.0).abs() < 1e-12));
    }

    #[test]
    fn smoothing_steps_over_gaps() {
        let smoothed = smooth(&line(&[1.0, f64::NAN, 2.0]), 0.6);
        assert!(smoothed[1][1].is_nan());
        assert!((smoothed[2][1] - 1.625).abs() < 1e-12);
    }

    #[test]
    fn decimation_keeps_ends_and_spikes() {
        let mut values: Vec<f64> = (0..50_000).map(|x| f64::from(x % 7)).collect();
        values[12_345] = 1000.0;
        values[40_000] = -1000.0;
        let parts = decimate(&line(&values), 500);
        let points = &parts[0];
        assert_eq!(parts.len(), 1);
        assert!(points.len() <= 2_000, "{}", points.len());
        assert!(points.contains(&[12_345.0, 1000.0]) && points.contains(&[40_000.0, -1000.0]));
        assert_eq!((points[0], *points.last().unwrap()), ([0.0, 0.0], [49_999.0, f64::from(49_999 % 7)]));
        assert!(points.is_sorted_by(|a, b| a[0] < b[0]));
    }

    #[test]
    fn few_points_are_left_alone_and_nan_parts_them() {
        let parts = decimate(&line(&[f64::NAN, 1.0, 2.0, f64::NAN, f64::NAN, 3.0]), 100);
        assert_eq!(parts, [vec![[1.0, 1.0], [2.0, 2.0]], vec![[5.0, 3.0]]]);
        assert!(decimate(&[], 100).is_empty());
        let same = vec![[1.0, 1.0]; 500];
        assert_eq!(decimate(&same, 10)[0].len(), 500);
    }

    #[test]
    fn a_gap_narrower_than_a_column_is_not_seen_and_a_wider_one_is() {
        let mut values = vec![1.0; 10_000];
        values[5_000] = f64::NAN;
        assert_eq!(decimate(&line(&values), 100).len(), 1);
        values[5_000..5_400].fill(f64::NAN);
        assert_eq!(decimate(&line(&values), 100).len(), 2);
    }

    #[test]
    fn a_logarithmic_scale_has_gaps_where_nothing_is_positive() {
        let options = CurveOptions { log: true, ..CurveOptions::default() };
        let curve = Curve::new(history(&[100.0, 0.0, -1.0, f64::NAN, 0.1, f64::MAX]), options);
        assert_eq!(curve.raw, [vec![[0.0, 2.0]], vec![[4.0, -1.0]]]);
        assert_eq!((curve.not_positive, curve.gaps), (2, 2));
        assert_eq!(curve.values[1], [1.0, 0.0]);
    }

    #[test]
    fn x_is_step_or_time_in_order() {
        let mut points = history(&[1.0, 2.0, 3.0]);
        points.swap(0, 2);
        points[1].step = -5;
        let x = |x| Curve::new(points.clone(), CurveOptions { x, ..Default::default() }).values;
        assert_eq!(x(XAxis::Step), [[-5.0, 2.0], [0.0, 1.0], [2.0, 3.0]]);
        assert_eq!(x(XAxis::RelativeTime), [[0.0, 1.0], [0.5, 2.0], [1.0, 3.0]]);
        assert_eq!(x(XAxis::WallTime)[0], [1000.0, 1.0]);
    }

    #[test]
    fn times_out_of_range_make_a_curve_all_the_same() {
        let mut points = history(&[1.0, 2.0]);
        (points[0].timestamp, points[1].timestamp) = (i64::MAX, i64::MIN);
        for x in [XAxis::Step, XAxis::WallTime, XAxis::RelativeTime] {
            let curve = Curve::new(points.clone(), CurveOptions { x, columns: 800, ..Default::default() });
            assert_eq!(curve.values.len(), 2);
        }
    }

    #[test]
    fn the_nearest_value_is_found() {
        let curve = Curve::new(history(&[1.0, 2.0, 3.0]), CurveOptions::default());
        assert_eq!(curve.nearest(-9.0), Some([0.0, 1.0]));
        assert_eq!(curve.nearest(1.4), Some([1.0, 2.0]));
        assert_eq!(curve.nearest(99.0), Some([2.0, 3.0]));
        assert_eq!(Curve::default().nearest(0.0), None);
    }

    #[test]
    fn what_is_seen_is_drawn_finer() {
        let points = history(&(0..50_000).map(|x| f64::from(x).sin()).collect::<Vec<_>>());
        let options = CurveOptions { columns: 100, range: Some((1000.0, 1050.0)), ..Default::default() };
        let curve = Curve::new(points, options);
        let part = &curve.raw[0];
        assert!((150..=160).contains(&part.len()), "{}", part.len());
        assert!(part[0][0] < 1000.0 && part.last().unwrap()[0] > 1050.0);
    }
}
