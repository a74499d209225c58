//! Files that are not as they should be: an error with a sentence each, no crash, no hang.

use std::time::Instant;

use super::*;
use crate::entities::LifecycleStage;
use crate::tracking::error::DatabaseFault;

fn fault(error: TrackingError) -> DatabaseFault {
    match error {
        TrackingError::Database { file, fault } => {
            assert!(file.contains('/') || file.contains('\\'), "{file}");
            fault
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_store_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    let reason = |file: &Path| open_at(file).unwrap_err();
    assert_eq!(fault(reason(&file)), DatabaseFault::Unreadable { reason: "there is no such file".into() });
    assert_eq!(fault(reason(folder.path())), DatabaseFault::Unreadable { reason: "it is no file".into() });
    std::fs::write(&file, "").unwrap();
    let error = reason(&file).to_string();
    assert!(error.ends_with("x.db is no MLflow store: it holds none of MLflow's tables"), "{error}");
    std::fs::write(&file, "just a text, longer than the head of a database ".repeat(50)).unwrap();
    assert_eq!(
        fault(reason(&file)),
        DatabaseFault::NotAStore { reason: "it is not a SQLite database".into() }
    );
    std::fs::write(&file, b"SQLite format 3\0").unwrap();
    assert!(matches!(fault(reason(&file)), DatabaseFault::NotAStore { .. } | DatabaseFault::Damaged { .. }));
}

#[tokio::test]
async fn a_damaged_file_is_an_error_and_no_crash() {
    let runs: String = (0..2000).map(|n| run(&format!("{n:032}"), "1")).collect();
    let fixture = Fixture::new(&runs);
    let whole = std::fs::read(fixture.file()).unwrap();
    let other = fixture.folder.path().join("broken.db");
    // Garbage in the middle, and a file that ends early.
    let mut garbage = whole.clone();
    let middle = garbage.len() / 2;
    garbage[middle..].fill(0xa5);
    for bytes in [garbage, whole[..whole.len() / 2].to_vec()] {
        std::fs::write(&other, bytes).unwrap();
        let error = match open_at(&other) {
            Ok(store) => all(store.search_runs(query("1"))).await.unwrap_err(),
            Err(error) => error,
        };
        assert!(matches!(fault(error), DatabaseFault::Damaged { .. }));
    }
}

#[tokio::test]
async fn a_lock_is_waited_for_but_not_for_ever() {
    let fixture = Fixture::new(&run("r", "1"));
    let store = fixture.store();
    let other = fixture.connection();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let began = Instant::now();
    assert!(matches!(fault(store.get_run("r").await.unwrap_err()), DatabaseFault::Locked { .. }));
    assert!(matches!(fault(fixture.try_store().unwrap_err()), DatabaseFault::Locked { .. }));
    let written = store.set_registered_model_alias("m", "prod", 1).await;
    assert!(matches!(fault(written.unwrap_err()), DatabaseFault::Locked { .. }));
    assert!(began.elapsed() < Duration::from_secs(10));
    let waiting = tokio::spawn(store.get_run("r"));
    tokio::time::sleep(Duration::from_millis(50)).await;
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().info.run_id, "r");
    assert_eq!(store.health().in_flight, 0);
}

#[tokio::test]
async fn a_file_that_is_replaced_is_read_anew() {
    let runs: String = (0..150).map(|n| run(&format!("{n:03}"), &n.to_string())).collect();
    let fixture = Fixture::new(&runs);
    let store = fixture.store();
    let mut pages = store.search_runs(query("1"));
    assert_eq!(pages.next().await.unwrap().unwrap().len(), 100);
    let new = Fixture::new(&run("new", "1"));
    std::fs::rename(new.file(), fixture.file()).unwrap();
    if cfg!(unix) {
        assert_eq!(fault(pages.next().await.unwrap().unwrap_err()), DatabaseFault::Replaced);
        assert!(pages.next().await.is_none());
    }
    assert_eq!(run_ids(&store, query("1")).await, ["new"]);
    // Overwritten in place, by a store of another age.
    let old = Fixture::with_schema(ages::OLDEST);
    std::fs::copy(old.file(), fixture.file()).unwrap();
    assert_eq!(run_ids(&store, query("1")).await, ["b", "a"]);
    std::fs::remove_file(fixture.file()).unwrap();
    assert!(matches!(fault(store.get_run("new").await.unwrap_err()), DatabaseFault::Unreadable { .. }));
}

#[tokio::test]
async fn a_schema_that_changes_while_open_is_looked_up_again() {
    let fixture = Fixture::with_schema(ages::OLDEST);
    let store = fixture.store();
    assert_eq!(store.get_run("a").await.unwrap().info.lifecycle_stage, LifecycleStage::Active);
    fixture.sql("ALTER TABLE runs RENAME COLUMN user_id TO who; DROP TABLE tags");
    let run = store.get_run("a").await.unwrap();
    assert!(run.info.user_id.is_empty() && run.tags.is_empty());
    fixture.sql("DROP TABLE runs");
    assert!(matches!(fault(store.get_run("a").await.unwrap_err()), DatabaseFault::NotAStore { .. }));
}

#[tokio::test]
async fn what_a_program_that_died_left_half_written_is_rolled_back() {
    let runs: String = (0..500).map(|n| run(&format!("{n:03}"), &n.to_string())).collect();
    let fixture = Fixture::new(&runs);
    let dying = fixture.connection();
    // With one page of cache the change reaches the file before it is committed.
    dying
        .execute_batch("PRAGMA cache_size = 1; BEGIN; UPDATE runs SET name = name || name, start_time = 0")
        .unwrap();
    let copy = tempfile::tempdir().unwrap();
    let file = copy.path().join("mlflow.db");
    std::fs::copy(fixture.file(), &file).unwrap();
    std::fs::copy(fixture.file().with_extension("db-journal"), file.with_extension("db-journal")).unwrap();
    let store = open_at(&file).unwrap();
    let read = all(store.search_runs(query("1"))).await.unwrap();
    assert_eq!((read.len(), read[0].info.start_time), (500, Some(499)));
    assert_eq!(read[0].info.run_name, "name of 499");
}

#[tokio::test]
async fn a_write_ahead_log_is_read() {
    let fixture = Fixture::new("");
    let writer = fixture.connection();
    writer.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    writer.execute_batch(&run("r", "1")).unwrap();
    let store = fixture.store();
    assert_eq!(run_ids(&store, query("1")).await, ["r"]);
    writer.execute_batch(&run("s", "2")).unwrap();
    assert_eq!(run_ids(&store, query("1")).await, ["s", "r"]);
}

#[tokio::test]
async fn a_store_of_a_newer_mlflow_is_read_only() {
    let fixture = Fixture::new("UPDATE alembic_version SET version_num = 'f00dfeed'");
    let store = fixture.store();
    assert!(!store.info().can_write);
    let note = store.info().note.clone().unwrap();
    assert!(
        note.starts_with("Read-only: it was made by a newer MLflow") && note.ends_with("(schema f00dfeed)")
    );
    let error = store.set_registered_model_alias("m", "prod", 1).await.unwrap_err();
    assert!(matches!(fault(error), DatabaseFault::Protected { .. }));
}

#[cfg(unix)]
#[tokio::test]
async fn a_protected_file_or_folder_is_read_and_says_so() {
    use std::os::unix::fs::PermissionsExt as _;
    let fixture = Fixture::new(&run("r", "1"));
    let mode =
        |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(&fixture.file(), 0o444);
    let store = fixture.store();
    assert_eq!(store.info().note.as_deref(), Some("Read-only: the file is write-protected"));
    assert!(!store.info().can_write);
    assert_eq!(run_ids(&store, query("1")).await, ["r"]);
    mode(&fixture.file(), 0o644);
    mode(fixture.folder.path(), 0o555);
    let store = fixture.store();
    assert_eq!(store.info().note.as_deref(), Some("Read-only: its folder is write-protected"));
    assert_eq!(run_ids(&store, query("1")).await, ["r"]);
    mode(fixture.folder.path(), 0o755);
}

#[tokio::test]
async fn a_dropped_answer_ends_the_read() {
    let fixture = Fixture::new("");
    let store = fixture.store();
    let endless = store.read(|session| {
        let sql = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n";
        Ok(session.connection.query_row(sql, [], |row| row.get::<_, i64>(0))?)
    });
    assert!(tokio::time::timeout(Duration::from_millis(100), endless).await.is_err());
    let began = Instant::now();
    while store.health().in_flight > 0 {
        assert!(began.elapsed() < Duration::from_secs(10), "it still runs");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
