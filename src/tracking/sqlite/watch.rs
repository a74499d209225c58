//! Noticing that the file changed: `PRAGMA data_version` on a connection that does nothing else.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt as _};
use rusqlite::Connection;

use super::blocking;
use super::database::{Database, watcher};
use super::failure::Failure;

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(1);

/// What was seen last.
#[derive(Default)]
struct Watch {
    connection: Option<Connection>,
    /// The first look is at once.
    looked: bool,
    /// There was a look that saw the file, to compare with.
    began: bool,
    /// None when the file could not be looked at.
    seen: Option<(u64, i64)>,
}

impl Watch {
    /// Whether the file is another than at the last look: its content, or the file itself. While it cannot be
    /// looked at (locked, gone for a moment) it counts as unchanged.
    fn look(&mut self, database: &Database) -> bool {
        match self.version(database) {
            Ok(now) => {
                let changed = self.began && self.seen != Some(now);
                self.seen = Some(now);
                self.began = true;
                changed
            }
            Err(failure) if failure.is_busy() => false,
            Err(_) => {
                // The numbers of one connection say nothing to the next one.
                self.connection = None;
                self.seen = None;
                false
            }
        }
    }

    fn version(&mut self, database: &Database) -> Result<(u64, i64), Failure> {
        let epoch = database.epoch()?;
        if self.seen.is_some_and(|seen| seen.0 != epoch) {
            self.connection = None;
        }
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => watcher(database.path())?,
        };
        let connection = self.connection.insert(connection);
        let version = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        Ok((epoch, version))
    }
}

/// See [`Store::changes`](crate::tracking::Store::changes).
pub(super) fn changes(database: Arc<Database>, interval: Option<Duration>) -> BoxStream<'static, u64> {
    let interval = interval.unwrap_or(INTERVAL);
    let start = (database, Watch::default(), 0_u64);
    stream::unfold(start, move |(database, mut watch, count)| async move {
        loop {
            if watch.looked {
                tokio::time::sleep(interval).await;
            }
            watch.looked = true;
            let looked = blocking({
                let database = Arc::clone(&database);
                move || {
                    let changed = watch.look(&database);
                    Ok((watch, changed))
                }
            });
            let (again, changed) = looked.await.ok()?;
            watch = again;
            if changed {
                return Some((count + 1, (database, watch, count + 1)));
            }
        }
    })
    .boxed()
}
