//! The table of runs at size: sorting 10,000 runs by a metric against a plain sort of the runs themselves; filling,
//! sorting, filtering 100,000 runs of 40 keys, and what they weigh.
#![expect(clippy::print_stdout, reason = "the size of the table is one of the figures")]

use std::cmp::Ordering;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use flowdeck::entities::{Metric, Param, Run};
use flowdeck::state::runs::{ColumnKey, PageBuilder, RunTable, Sort, Wanted, arrange};

const KEYS: usize = 20;
const PAGE: usize = 500;

fn run(number: usize) -> Run {
    let mut run = Run::default();
    run.info.run_id = format!("{number:032x}");
    run.info.run_name = format!("swift-otter-{number}");
    run.info.start_time = Some(1_795_345_731_151 + number as i64);
    run.info.end_time = Some(1_795_345_791_151 + number as i64);
    run.info.user_id = ["anna", "marek", "ci-bot"][number % 3].into();
    // Well mixed, and different for every run.
    let value = |key: usize| ((number * 2_654_435_761 + key * 97) % 1_000_003) as f64 / 1_000_003.0;
    run.metrics = (0..KEYS)
        .map(|key| Metric { key: format!("metric_{key:02}"), value: value(key), ..Metric::default() })
        .collect();
    run.params = (0..KEYS)
        .map(|key| Param { key: format!("param_{key:02}"), value: ((number * 7 + key) % 250).to_string() })
        .collect();
    run
}

fn runs(count: usize) -> Vec<Run> {
    (0..count).map(run).collect()
}

/// Every param of every run has a value of its own: interning saves nothing.
fn distinct(number: usize) -> Run {
    let mut run = run(number);
    for (key, param) in run.params.iter_mut().enumerate() {
        param.value = format!("0.{:016}", number * KEYS + key);
    }
    run
}

fn fill(count: usize, run: impl Fn(usize) -> Run) -> RunTable {
    let mut builder = PageBuilder::default();
    let mut table = RunTable::default();
    let mut from = 0;
    while from < count {
        let to = (from + PAGE).min(count);
        table.append(builder.page(&(from..to).map(&run).collect::<Vec<_>>()));
        from = to;
    }
    table
}

fn weigh(what: &str, table: &RunTable) {
    let bytes = table.rows().heap_bytes();
    println!(
        "100,000 runs of 40 keys, {what}: {:.1} MB, {} bytes a run",
        bytes as f64 / 1e6,
        bytes / 100_000
    );
}

fn by_metric() -> Wanted {
    let key = ColumnKey::Metric("metric_07".into());
    Wanted { sort: Some(Sort { key, descending: true }), ..Wanted::default() }
}

fn sort_10_000(criterion: &mut Criterion) {
    let runs = runs(10_000);
    let table = fill(10_000, run);
    let wanted = by_metric();
    let key = table.key(&ColumnKey::Metric("metric_07".into())).map(|key| key.id);
    let mut group = criterion.benchmark_group("sort 10,000 runs by a metric");
    group.bench_function("columns", |bencher| {
        bencher.iter(|| arrange(black_box(table.rows()), &wanted, key, 0));
    });
    group.bench_function("runs, naive", |bencher| {
        bencher.iter_batched_ref(
            || (0..runs.len()).collect::<Vec<usize>>(),
            |order| {
                order.sort_by(|&a, &b| {
                    let (a, b) = (runs[a].metric("metric_07"), runs[b].metric("metric_07"));
                    b.partial_cmp(&a).unwrap_or(Ordering::Equal)
                });
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn a_hundred_thousand(criterion: &mut Criterion) {
    let table = fill(100_000, run);
    weigh("250 different values a param", &table);
    weigh("every value different", &fill(100_000, distinct));
    let key = table.key(&ColumnKey::Metric("metric_07".into())).map(|key| key.id);
    let page: Vec<Run> = runs(PAGE);
    let mut group = criterion.benchmark_group("100,000 runs of 40 keys");
    group.bench_function("a page of 500 into columns, off the UI thread", |bencher| {
        bencher.iter(|| PageBuilder::default().page(black_box(&page)));
    });
    group.bench_function("a page of 500 appended, on the UI thread", |bencher| {
        bencher.iter_batched(
            || {
                let mut builder = PageBuilder::default();
                let mut table = RunTable::default();
                table.append(builder.page(&page));
                (table, builder.page(&page))
            },
            |(mut table, page)| {
                table.append(page);
                table
            },
            BatchSize::LargeInput,
        );
    });
    let rows = table.rows();
    group.bench_function("snapshot", |bencher| bencher.iter(|| black_box(rows).clone()));
    group.bench_function("sort by a metric", |bencher| {
        let wanted = by_metric();
        bencher.iter(|| arrange(black_box(rows), &wanted, key, 0));
    });
    for (name, filter) in [("filter by a word", "otter-9999"), ("filter by key=value", "param_03=17")] {
        group.bench_function(name, |bencher| {
            let wanted = Wanted { filter: filter.into(), ..Wanted::default() };
            bencher.iter(|| arrange(black_box(rows), &wanted, None, 0));
        });
    }
    group.finish();
}

criterion_group!(benches, sort_10_000, a_hundred_thousand);
criterion_main!(benches);
