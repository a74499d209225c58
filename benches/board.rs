//! A model of 200,000 versions, read from a store's file: until the first rows, until all rows, a filter, and what a
//! frame looks up; beside the plain way (everything read before anything is shown, lists looked through) in the same
//! run.
//!
//! `cargo bench --bench board [-- 200000]`
//!
//! The store is made once and kept below the target folder.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark may stop")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use flowdeck::entities::{Alias, ModelVersion, RegisteredModel};
use flowdeck::state::ModelKind;
use flowdeck::state::registry::board::Board;
use flowdeck::state::registry::finding::Finding;
use flowdeck::tracking::{ConnectRequest, Environment, Store, VersionQuery, connect};
use futures_util::StreamExt as _;
use rusqlite::Connection;

const SCHEMA: &str = include_str!("../src/tracking/sqlite/testdata/schema_3_17_2.sql");
const SIZE: u32 = 200_000;
/// As long as a frame searches.
const FRAME: Duration = Duration::from_millis(4);

fn main() {
    let size = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(SIZE);
    let file = store_of(size);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!("| {size} versions | Flowdeck | the plain way |");
    println!("|---|---:|---:|");
    let before = resident();
    let (versions, first, all) = runtime.block_on(read(&file));
    let after = resident();
    assert_eq!(versions.len(), size as usize);
    println!("| until the first rows | {} | {} |", shown(first), shown(all));
    println!("| until all rows | {} | {} |", shown(all), shown(all));
    let aliases = vec![Alias { alias: "prod".into(), version: 3 }];
    let model = RegisteredModel { name: "large".into(), aliases, ..RegisteredModel::default() };
    let mut board = Board::of(ModelKind::Model, &model.name, versions);
    board.update(&model);
    filters(&board, &model);
    lookups(&board);
    if let (Some(before), Some(after)) = (before, after) {
        let bytes = (after - before) * 1024;
        println!("| memory | {} MB, {} bytes a version | |", bytes / 1_000_000, bytes / u64::from(size));
    }
}

fn filters(board: &Board, model: &RegisteredModel) {
    for (name, filter) in
        [("a word of a description", "night 7777"), ("a tag", "team:growth"), ("@prod", "@prod")]
    {
        let (mut finding, began) = (Finding::default(), Instant::now());
        let mut longest = Duration::ZERO;
        loop {
            let frame = Instant::now();
            let done = finding.advance(board, filter, None, frame + FRAME);
            longest = longest.max(frame.elapsed());
            if done {
                break;
            }
        }
        let ours = began.elapsed();
        let began = Instant::now();
        let plain = board.versions.items().iter().filter(|version| finds(version, model, filter)).count();
        let theirs = began.elapsed();
        assert_eq!(plain, finding.rows().len());
        let ours = format!("{}, no frame longer than {}", shown(ours), shown(longest));
        println!("| filter by {name} | {ours} | {}, one frame |", shown(theirs));
    }
}

/// As one writes it first: everything in lower case, for every version.
fn finds(version: &ModelVersion, model: &RegisteredModel, filter: &str) -> bool {
    filter.split_whitespace().all(|word| {
        let alias = word.strip_prefix('@').unwrap_or(word);
        let aliased = model.aliases_of(version.version).any(|a| a.to_lowercase().starts_with(alias));
        aliased
            || !word.starts_with('@')
                && (word.strip_prefix('v').unwrap_or(word).parse() == Ok(version.version)
                    || version.tags.iter().any(|(k, v)| format!("{k}:{v}").to_lowercase().contains(word))
                    || version.description.to_lowercase().contains(word)
                    || version.status.label().to_lowercase().starts_with(word))
    })
}

/// What 40 visible rows ask in a frame: the newest version, and one by its number.
fn lookups(board: &Board) {
    let began = Instant::now();
    for row in 0..40 {
        black_box((board.latest(), board.version(row * 100 + 1), board.placed().on(row)));
    }
    let ours = began.elapsed();
    let began = Instant::now();
    let versions = board.versions.items();
    for row in 0..40 {
        let latest = versions.iter().map(|version| version.version).max();
        black_box((latest, versions.iter().find(|version| version.version == row * 100 + 1)));
    }
    println!("| what a frame of 40 rows looks up | {} | {} |", shown(ours), shown(began.elapsed()));
}

async fn read(file: &Path) -> (Vec<ModelVersion>, Duration, Duration) {
    let uri = format!("sqlite:///{}", file.display());
    let environment = Arc::new(Environment::default());
    let store: Arc<dyn Store> =
        connect(ConnectRequest { uri, ..Default::default() }, environment).await.unwrap();
    let began = Instant::now();
    let query = VersionQuery::OfModel { name: "large".to_owned(), prompt: false };
    let mut pages = store.search_model_versions(query);
    let mut versions = pages.next().await.unwrap().unwrap();
    let first = began.elapsed();
    while let Some(page) = pages.next().await {
        versions.extend(page.unwrap());
    }
    (versions, first, began.elapsed())
}

fn store_of(size: u32) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("versions-{size}.db"));
    if file.exists() {
        return file;
    }
    let half = file.with_extension("half");
    if half.exists() {
        std::fs::remove_file(&half).unwrap();
    }
    let connection = Connection::open(&half).unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; {SCHEMA}
             INSERT INTO registered_models (name, creation_time, last_updated_time) VALUES ('large', 1, 1);
             CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {size})
                 SELECT i FROM n;
             INSERT INTO model_versions (name, version, creation_time, last_updated_time, description, current_stage,
                 source, run_id, status)
                 SELECT 'large', i, i, i, 'made by Night ' || i, 'None', 'models:/m-' || hex(randomblob(16)),
                 lower(hex(randomblob(16))), 'READY' FROM n;
             INSERT INTO model_version_tags (key, value, name, version)
                 SELECT 'team', CASE i % 7 WHEN 0 THEN 'Growth' ELSE 'risk' END, 'large', i FROM n;"
        ))
        .unwrap();
    drop(connection);
    std::fs::rename(half, &file).unwrap();
    file
}

/// Resident memory in KiB, where the system says so in a file.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn shown(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1000.0 { format!("{micros:.0} µs") } else { format!("{:.1} ms", micros / 1000.0) }
}
