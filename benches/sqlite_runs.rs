//! How long a store of 1,000, 10,000 and 100,000 runs × 20 metrics × 20 params takes, read from its file into the
//! columns of the table: until the first rows, until all rows, and in memory; beside `MlflowClient.search_runs` on the same file, if
//! `FLOWDECK_TEST_PYTHON` names a Python with MLflow.
//!
//! `FLOWDECK_TEST_PYTHON=$(tests/python/venv.sh) cargo bench --bench sqlite_runs [-- 1000 10000]`
//!
//! The stores are made once and kept below the target folder (750 MB for the largest).

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark may stop")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flowdeck::state::Tasks;
use flowdeck::state::runs::{RunTable, feed_columns};
use flowdeck::state::tasks::Polled;
use flowdeck::tracking::{ConnectRequest, Environment, RunQuery, Store, connect};
use rusqlite::Connection;
use tokio::sync::Notify;

const SCHEMA: &str = include_str!("../src/tracking/sqlite/testdata/schema_3_17_2.sql");
const SIZES: [u32; 3] = [1_000, 10_000, 100_000];
const KEYS: u32 = 20;
const REPEATS: usize = 5;
/// Set for a child of this process, whose memory tells what the rows of the file take.
const WEIGHED: &str = "FLOWDECK_BENCH_WEIGHED";

fn main() {
    if let Some(file) = std::env::var_os(WEIGHED) {
        return tokio::runtime::Runtime::new().unwrap().block_on(weigh(Path::new(&file)));
    }
    let chosen: Vec<u32> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if chosen.is_empty() { SIZES.to_vec() } else { chosen };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!("| runs | open | first 100 rows | all rows | memory of the rows | MlflowClient.search_runs |");
    println!("|---:|---:|---:|---:|---:|---:|");
    for size in sizes {
        let file = store_of(size);
        let [open, first, all] = runtime.block_on(measure(&file, size));
        let memory = memory(&file);
        let python = python(&file, size).map_or_else(|| "–".to_owned(), milliseconds);
        let [open, first, all] = [open, first, all].map(milliseconds);
        println!("| {size} | {open} | {first} | {all} | {memory} | {python} |");
    }
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}

/// The medians of opening, of the first page, and of all pages; each with connections of its own.
async fn measure(file: &Path, size: u32) -> [Duration; 3] {
    let mut times: [Vec<Duration>; 3] = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..REPEATS {
        let began = Instant::now();
        let store = open(file).await;
        times[0].push(began.elapsed());
        let began = Instant::now();
        let table = fill(&store, || {
            if times[1].len() < times[0].len() {
                times[1].push(began.elapsed());
            }
        });
        let table = table.await;
        times[2].push(began.elapsed());
        assert_eq!(table.rows().count(), size);
    }
    times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    })
}

/// Fills a table as the app does: it is woken when a page of columns is there, and appends it.
async fn fill(store: &Arc<dyn Store>, mut appended: impl FnMut()) -> RunTable {
    let woken = Arc::new(Notify::new());
    let tasks = Tasks::new(tokio::runtime::Handle::current(), {
        let woken = Arc::clone(&woken);
        move || woken.notify_one()
    });
    let mut feed = feed_columns(&tasks, store.search_runs(query()));
    let mut table = RunTable::default();
    loop {
        match feed.poll() {
            Polled::Ready(page) => {
                table.append(page.unwrap());
                appended();
            }
            Polled::Pending => woken.notified().await,
            Polled::Lost => return table,
        }
    }
}

/// Growth of a fresh process that fills a table from the file: at its most, and of what stays.
fn memory(file: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap()).env(WEIGHED, file).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

async fn weigh(file: &Path) {
    let before = resident("VmRSS:");
    let store = open(file).await;
    let table = fill(&store, || {}).await;
    drop(store);
    let grown = |key| Some(resident(key)?.saturating_sub(before?) / 1024);
    let (most, now) = (grown("VmHWM:"), grown("VmRSS:"));
    let columns = table.rows().heap_bytes() / 1_000_000;
    match most.zip(now) {
        Some((most, now)) => println!("{columns} MB of columns; process +{now} MB, at most +{most} MB"),
        None => println!("{columns} MB of columns"),
    }
}

/// Resident memory in KiB, now or at its most, where the system says so in a file.
fn resident(key: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

async fn open(file: &Path) -> Arc<dyn Store> {
    let uri = format!("sqlite:///{}", file.display());
    connect(ConnectRequest { uri, ..Default::default() }, Arc::new(Environment::default())).await.unwrap()
}

fn query() -> RunQuery {
    RunQuery { experiment_ids: vec!["1".to_owned()], ..RunQuery::default() }
}

/// The same read by MLflow's client straight from the file, without the time to start Python.
fn python(file: &Path, size: u32) -> Option<Duration> {
    let script = "
import sys, time
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
client.get_experiment('1')
began, token, count = time.perf_counter(), None, 0
while True:
    page = client.search_runs(['1'], max_results=5000, page_token=token)
    count += len(page)
    token = page.token
    if not token:
        break
assert count == int(sys.argv[2]), count
print(time.perf_counter() - began)
";
    let python = std::env::var_os("FLOWDECK_TEST_PYTHON")?;
    let uri = format!("sqlite:///{}", file.display());
    let output = Command::new(python)
        .args(["-c", script, &uri, &size.to_string()])
        .env("MLFLOW_DISABLE_TELEMETRY", "true")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let seconds = said.lines().last().and_then(|line| line.parse().ok());
    Some(Duration::from_secs_f64(seconds.expect("Python reads the store, too")))
}

/// A store whose rows lie as a server writes them, run after run; ids are random, as MLflow's are.
fn store_of(size: u32) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(format!("runs-{size}.db"));
    if file.exists() {
        return file;
    }
    let half = file.with_extension("half");
    if half.exists() {
        std::fs::remove_file(&half).unwrap();
    }
    let mut connection = Connection::open(&half).unwrap();
    connection
        .execute_batch(&format!("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; {SCHEMA}"))
        .unwrap();
    let transaction = connection.transaction().unwrap();
    transaction
        .execute_batch(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time)
             VALUES (1, 'large', 'mlflow-artifacts:/1', 'active', 1);",
        )
        .unwrap();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for number in 0..size {
        insert_run(&transaction, number, &mut random);
    }
    transaction.commit().unwrap();
    drop(connection);
    std::fs::rename(half, &file).unwrap();
    file
}

fn insert_run(connection: &Connection, number: u32, random: &mut u64) {
    let id = format!("{:016x}{:016x}", next(random), next(random));
    let start = 1_700_000_000_000_i64 + i64::from(number) * 1000;
    let execute = |sql: &str, parameters: &[&dyn rusqlite::ToSql]| {
        connection.prepare_cached(sql).unwrap().execute(parameters).unwrap();
    };
    execute(
        "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time,
         end_time, source_version, lifecycle_stage, artifact_uri, experiment_id)
         VALUES (?1, ?2, 'UNKNOWN', '', '', 'anna', 'FINISHED', ?3, ?3 + 60000, '', 'active', ?4, 1)",
        &[&id, &format!("run-{number:06}"), &start, &format!("mlflow-artifacts:/1/{id}/artifacts")],
    );
    for key in 0..KEYS {
        let value = next(random) as f64 / u64::MAX as f64;
        execute(
            "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?1, ?2, ?3, 10, 0, ?4)",
            &[&format!("metric_{key:02}"), &value, &start, &id],
        );
        execute(
            "INSERT INTO params (key, value, run_uuid) VALUES (?1, ?2, ?3)",
            &[&format!("param_{key:02}"), &format!("{value:.4}"), &id],
        );
    }
    for (key, value) in
        [("mlflow.user", "anna"), ("mlflow.source.name", "train.py"), ("mlflow.runName", "run")]
    {
        execute("INSERT INTO tags (key, value, run_uuid) VALUES (?1, ?2, ?3)", &[&key, &value, &id]);
    }
}

/// Splitmix64: the same stores everywhere.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
