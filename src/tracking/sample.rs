//! The sample workspace: a store made by the real MLflow, shipped with the app, unpacked to a scratch copy that one
//! may break. `tests/python/make_sample.py` makes it.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use tempfile::TempDir;

use super::{Answer, Store, TrackingError, sqlite};

const ARCHIVE: &[u8] = include_bytes!("../../assets/sample.tar.gz");
/// The moment that all dates in the archive lead up to, in ms since the epoch: `REFERENCE` of `make_sample.py`.
const REFERENCE: i64 = 1_795_186_800_000;
const PREFIX: &str = "flowdeck-sample-";
const DATABASE: &str = "mlflow.db";
/// Held as long as the copy is in use.
const LOCK: &str = ".in-use";
/// A folder without a lock file may belong to a program that is just starting.
const GRACE: Duration = Duration::from_mins(1);

/// Columns of MLflow's tables that hold a time, in ms since the epoch.
const TIMES: &[(&str, &[&str])] = &[
    ("experiments", &["creation_time", "last_update_time"]),
    ("runs", &["start_time", "end_time"]),
    ("metrics", &["timestamp"]),
    ("latest_metrics", &["timestamp"]),
    ("registered_models", &["creation_time", "last_updated_time"]),
    ("model_versions", &["creation_time", "last_updated_time"]),
    ("logged_models", &["creation_timestamp_ms", "last_updated_timestamp_ms"]),
    ("logged_model_metrics", &["metric_timestamp_ms"]),
    ("trace_info", &["timestamp_ms"]),
];
/// Spans hold theirs in ns, and again in their JSON.
const SHIFT_SPANS: &str = "
    UPDATE spans SET
        start_time_unix_nano = start_time_unix_nano + ?1,
        end_time_unix_nano = end_time_unix_nano + ?1,
        content = json_set(content,
            '$.start_time_unix_nano', start_time_unix_nano + ?1,
            '$.end_time_unix_nano', end_time_unix_nano + ?1)";

/// A scratch copy of the sample workspace. Dropping it removes the copy.
#[derive(Debug)]
pub struct SampleStore {
    // Dropped first: a locked file cannot be removed everywhere.
    _lock: File,
    folder: TempDir,
}

impl SampleStore {
    /// Unpacks a copy, dated so that its newest run ended a while ago, and removes copies that a program which was
    /// killed has left behind. Takes some 100 ms, off the UI thread.
    ///
    /// Errors: [`TrackingError::Local`], with the folder and the reason; nothing is left behind then.
    pub fn unpack() -> Answer<Self> {
        Box::pin(sqlite::blocking(|| Self::unpack_in(&std::env::temp_dir(), ARCHIVE)))
    }

    /// Opens the copy as a store.
    pub fn open(&self) -> Answer<Arc<dyn Store>> {
        sqlite::open_sample(self.folder.path().join(DATABASE))
    }

    /// Where the copy lies.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn unpack_in(parent: &Path, archive: &[u8]) -> Result<Self, TrackingError> {
        remove_leftovers(parent);
        let failed = |reason: String| TrackingError::Local {
            what: format!("The sample could not be unpacked to {}: {reason}", parent.display()),
        };
        let io = |error: std::io::Error| failed(error.to_string());
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent).map_err(io)?;
        let lock = File::create(folder.path().join(LOCK)).map_err(io)?;
        lock.lock().map_err(io)?;
        extract(archive, folder.path()).map_err(io)?;
        let database = folder.path().join(DATABASE);
        if !database.is_file() {
            return Err(failed(format!("it holds no {DATABASE}")));
        }
        date(&database, now() - REFERENCE).map_err(|error| failed(error.to_string()))?;
        Ok(Self { _lock: lock, folder })
    }
}

fn extract(archive: &[u8], folder: &Path) -> std::io::Result<()> {
    let mut files = tar::Archive::new(flate2::read::GzDecoder::new(archive));
    files.set_preserve_mtime(false);
    files.unpack(folder)
}

/// Moves every time in the database by `shift` ms.
fn date(database: &Path, shift: i64) -> rusqlite::Result<()> {
    let mut connection = Connection::open(database)?;
    let transaction = connection.transaction()?;
    for (table, columns) in TIMES {
        let columns: Vec<String> = columns.iter().map(|column| format!("{column} = {column} + ?1")).collect();
        transaction.execute(&format!("UPDATE {table} SET {}", columns.join(", ")), [shift])?;
    }
    transaction.execute(SHIFT_SPANS, [shift * 1_000_000])?;
    transaction.commit()
}

/// Removes copies that nobody uses. What cannot be removed now will be another time.
fn remove_leftovers(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) && is_leftover(&entry.path()) {
            let path: PathBuf = entry.path();
            if let Err(error) = fs::remove_dir_all(&path) {
                tracing::debug!(path = %path.display(), %error, "an old sample stays");
            }
        }
    }
}

fn is_leftover(folder: &Path) -> bool {
    match File::open(folder.join(LOCK)) {
        Ok(lock) => !matches!(lock.try_lock(), Err(TryLockError::WouldBlock)),
        Err(_) => fs::metadata(folder)
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > GRACE)),
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newest(database: &Path, table: &str, column: &str) -> i64 {
        let sql = format!("SELECT max({column}) FROM {table}");
        Connection::open(database).unwrap().query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_copy_looks_recent_and_goes_away() {
        let parent = tempfile::tempdir().unwrap();
        let sample = SampleStore::unpack_in(parent.path(), ARCHIVE).unwrap();
        let folder = sample.folder().to_owned();
        for (table, columns) in TIMES {
            for column in *columns {
                let age = now() - newest(&folder.join(DATABASE), table, column);
                assert!((0..48 * 86_400_000).contains(&age), "{table}.{column} is {age} ms old");
            }
        }
        let age = now() - newest(&folder.join(DATABASE), "spans", "end_time_unix_nano") / 1_000_000;
        assert!((0..86_400_000).contains(&age), "{age}");
        let age =
            now() - newest(&folder.join(DATABASE), "spans", "content ->> '$.end_time_unix_nano'") / 1_000_000;
        assert!((0..86_400_000).contains(&age), "{age}");
        drop(sample);
        assert!(!folder.exists());
    }

    #[test]
    fn every_time_in_the_archive_is_known() {
        let folder = tempfile::tempdir().unwrap();
        extract(ARCHIVE, folder.path()).unwrap();
        let connection = Connection::open(folder.path().join(DATABASE)).unwrap();
        let sql = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c
                   WHERE m.type = 'table' AND c.type = 'BIGINT'";
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        for (table, column) in columns.map(Result::<(String, String), _>::unwrap) {
            let known =
                TIMES.iter().any(|(name, columns)| *name == table && columns.contains(&column.as_str()));
            let sql =
                format!("SELECT count(*) FROM {table} WHERE abs({column} - {REFERENCE}) < 90 * 86400000");
            let dates: i64 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert!(known || dates == 0, "{table}.{column} holds times");
        }
    }

    #[test]
    fn a_broken_archive_says_so_and_leaves_nothing() {
        let parent = tempfile::tempdir().unwrap();
        for archive in [&ARCHIVE[..ARCHIVE.len() / 2], &b"not an archive"[..], &[]] {
            let error = SampleStore::unpack_in(parent.path(), archive).unwrap_err();
            assert!(error.to_string().starts_with("The sample could not be unpacked to"), "{error}");
            assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
        }
        let gone = parent.path().join("gone");
        assert!(matches!(SampleStore::unpack_in(&gone, ARCHIVE), Err(TrackingError::Local { .. })));
    }

    #[test]
    fn leftovers_go_and_copies_in_use_stay() {
        let parent = tempfile::tempdir().unwrap();
        let left = parent.path().join(format!("{PREFIX}left"));
        fs::create_dir(&left).unwrap();
        File::create(left.join(LOCK)).unwrap();
        let starting = parent.path().join(format!("{PREFIX}starting"));
        fs::create_dir(&starting).unwrap();
        let first = SampleStore::unpack_in(parent.path(), ARCHIVE).unwrap();
        let _second = SampleStore::unpack_in(parent.path(), ARCHIVE).unwrap();
        assert!(!left.exists() && starting.exists());
        assert!(first.folder().join(DATABASE).is_file());
    }
}
