//! One SQLite file: its connections, short transactions, patience with locks.
//!
//! MLflow's databases are not in WAL mode: whoever reads keeps the server and the training jobs from writing. So
//! every read is one short transaction, and every write, too. Memory-mapped reading is left alone on purpose: when
//! another program truncates the file, it ends in a signal instead of an error.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::failure::{Failure, fault};
use super::schema::Schema;
use crate::tracking::error::DatabaseFault;
use crate::tracking::{StoreHealth, TrackingError};

/// How long a lock of another program is waited for. MLflow waits 20 s itself.
const PATIENCE: Duration = Duration::from_secs(20);
/// SQLite waits so long before this program looks whether the answer is still wanted.
const BUSY_TIMEOUT: Duration = Duration::from_millis(100);
/// No read takes so long, but for a broken disk or a trap.
const READ_LIMIT: Duration = Duration::from_mins(1);
/// SQLite's instructions between two looks at the clock.
const INSTRUCTIONS: i32 = 50_000;
/// A text in a column is not larger than this, in bytes.
const MAX_VALUE: i32 = 64 << 20;
/// Connections kept open.
const MAX_IDLE: usize = 4;
/// Page cache of a connection, in KiB (negative: SQLite's way to say so). The system caches the file as well.
const CACHE_KIB: i64 = -8192;

/// A database file, opened for reading and, for the time of a write, for writing.
#[derive(Debug)]
pub(super) struct Database {
    path: PathBuf,
    label: String,
    workspace: String,
    idle: Mutex<Vec<Reader>>,
    identity: Mutex<(FileIdentity, u64)>,
    patience: Duration,
    in_flight: AtomicUsize,
    last_latency_us: AtomicU64,
}

/// A connection for reading, and what its tables hold.
#[derive(Debug)]
pub(super) struct Reader {
    connection: Connection,
    schema: Arc<Schema>,
    schema_version: i64,
    epoch: u64,
}

/// What a piece of work is given.
pub(super) struct Session<'a> {
    /// Within a transaction.
    pub connection: &'a Connection,
    /// What the tables hold.
    pub schema: &'a Schema,
    /// The workspace to look in.
    pub workspace: &'a str,
    /// Changes when another file takes the place of this one.
    pub epoch: u64,
}

impl Session<'_> {
    /// An error if this is another file than the one with that epoch.
    pub fn still(&self, epoch: u64) -> Result<(), Failure> {
        if self.epoch == epoch { Ok(()) } else { Err(fault(DatabaseFault::Replaced)) }
    }
}

impl Database {
    /// Opens the file and looks whether it is a store of MLflow. Blocks.
    pub fn open(path: PathBuf, workspace: String, patience: Option<Duration>) -> Result<Self, TrackingError> {
        let label = super::location::shortened(&path);
        let identity = FileIdentity::of(&path).map_err(|error| error.into_error(&label, Duration::ZERO))?;
        let database = Self {
            path,
            label,
            workspace,
            idle: Mutex::default(),
            identity: Mutex::new((identity, 0)),
            patience: patience.unwrap_or(PATIENCE),
            in_flight: AtomicUsize::new(0),
            last_latency_us: AtomicU64::new(u64::MAX),
        };
        database.read(&AtomicFlag::default(), |_session| Ok(()))?;
        Ok(database)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How a person names the file.
    pub fn label(&self) -> &str {
        &self.label
    }

    pub fn health(&self) -> StoreHealth {
        let latency = self.last_latency_us.load(Ordering::Relaxed);
        StoreHealth {
            last_latency: (latency != u64::MAX).then(|| Duration::from_micros(latency)),
            in_flight: self.in_flight.load(Ordering::Relaxed),
        }
    }

    /// Reads within one transaction, again from the start while another program holds a lock. Blocks; `cancelled`
    /// ends it soon.
    pub fn read<T>(
        &self,
        cancelled: &AtomicFlag,
        work: impl Fn(&Session<'_>) -> Result<T, Failure>,
    ) -> Result<T, TrackingError> {
        let _under_way = UnderWay::new(self);
        let began = Instant::now();
        let mut fresh = false;
        loop {
            let attempt = self.reader(fresh).and_then(|mut reader| {
                let answer = reader.read(&self.workspace, cancelled, &work);
                if matches!(answer, Ok(_) | Err(Failure::Answer(_))) {
                    self.give_back(reader);
                }
                answer
            });
            match attempt {
                Ok(answer) => return Ok(answer),
                Err(failure)
                    if failure.is_busy() && began.elapsed() < self.patience && !cancelled.is_set() =>
                {
                    std::thread::sleep(Duration::from_millis(5));
                }
                // The file may have been overwritten under an open connection.
                Err(failure) if failure.is_damage() && !fresh => fresh = true,
                Err(failure) => return Err(failure.into_error(&self.label, began.elapsed())),
            }
        }
    }

    /// Writes within one transaction that waits for its turn at the start. Blocks. Nothing is written on an error,
    /// but for [`TrackingError::OutcomeUnknown`].
    pub fn write<T>(&self, work: impl Fn(&Session<'_>) -> Result<T, Failure>) -> Result<T, TrackingError> {
        let _under_way = UnderWay::new(self);
        let began = Instant::now();
        let failed = |failure: Failure| failure.into_error(&self.label, began.elapsed());
        let connection = self.writable().map_err(failed)?;
        let transaction = loop {
            match Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)
                .map_err(Failure::from)
            {
                Err(failure) if failure.is_busy() && began.elapsed() < self.patience => {}
                begun => break begun.map_err(failed)?,
            }
        };
        let schema = Schema::read(&transaction).map_err(failed)?;
        if schema.unknown_revision().is_some() {
            return Err(failed(fault(DatabaseFault::Protected { reason: NEWER.to_owned() })));
        }
        let session =
            Session { connection: &transaction, schema: &schema, workspace: &self.workspace, epoch: 0 };
        let answer = work(&session).map_err(failed)?;
        // While others still read, SQLite keeps the transaction open and may be asked again.
        loop {
            match connection.execute_batch("COMMIT").map_err(Failure::from) {
                Ok(()) => return Ok(answer),
                Err(failure) if failure.is_busy() && began.elapsed() < self.patience => {}
                Err(failure) if failure.is_busy() => return Err(failed(failure)),
                Err(failure) => {
                    let reason = failed(failure).to_string();
                    return Err(TrackingError::OutcomeUnknown { reason });
                }
            }
        }
    }

    fn writable(&self) -> Result<Connection, Failure> {
        // Gone? SQLite's own words would be no help.
        FileIdentity::of(&self.path)?;
        let connection = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        if connection.is_readonly("main")? {
            let reason = "the file is write-protected".to_owned();
            return Err(fault(DatabaseFault::Protected { reason }));
        }
        connection.execute_batch("PRAGMA foreign_keys = ON")?;
        Ok(connection)
    }

    /// A connection to the file that is there now.
    fn reader(&self, fresh: bool) -> Result<Reader, Failure> {
        let epoch = self.epoch()?;
        let mut idle = lock(&self.idle);
        idle.retain(|reader| reader.epoch == epoch && !fresh);
        if let Some(reader) = idle.pop() {
            return Ok(reader);
        }
        drop(idle);
        Reader::open(&self.path, epoch)
    }

    fn give_back(&self, reader: Reader) {
        let mut idle = lock(&self.idle);
        if idle.len() < MAX_IDLE {
            idle.push(reader);
        }
    }

    /// Goes up whenever another file has taken the place of this one.
    pub fn epoch(&self) -> Result<u64, Failure> {
        let now = FileIdentity::of(&self.path)?;
        let mut known = lock(&self.identity);
        if known.0 != now {
            *known = (now, known.1 + 1);
        }
        Ok(known.1)
    }
}

/// Why a store of a newer MLflow is not written to.
pub(super) const NEWER: &str = "it was made by a newer MLflow than this version of Flowdeck knows";

impl Reader {
    fn open(path: &Path, epoch: u64) -> Result<Self, Failure> {
        match Self::open_with(path, epoch, OpenFlags::SQLITE_OPEN_READ_ONLY) {
            // As every reader of SQLite does: rolls back what a program that died left half written.
            Err(failure) if failure.needs_recovery() => {
                Self::open_with(path, epoch, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|_same| failure)
            }
            opened => opened,
        }
    }

    fn open_with(path: &Path, epoch: u64, flags: OpenFlags) -> Result<Self, Failure> {
        let connection = connect(path, flags)?;
        connection.execute_batch(&format!("PRAGMA query_only = ON; PRAGMA cache_size = {CACHE_KIB}"))?;
        let schema_version = schema_version(&connection)?;
        let schema = Arc::new(Schema::read(&connection)?);
        Ok(Self { connection, schema, schema_version, epoch })
    }

    fn read<T>(
        &mut self,
        workspace: &str,
        cancelled: &AtomicFlag,
        work: &impl Fn(&Session<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (began, flag) = (Instant::now(), cancelled.clone());
        let stop = move || flag.is_set() || began.elapsed() > READ_LIMIT;
        self.connection.progress_handler(INSTRUCTIONS, Some(stop))?;
        let transaction = self.connection.unchecked_transaction()?;
        let schema_version = schema_version(&transaction)?;
        if schema_version != self.schema_version {
            // `mlflow db upgrade` ran meanwhile.
            self.schema = Arc::new(Schema::read(&transaction)?);
            self.schema_version = schema_version;
        }
        let session =
            Session { connection: &transaction, schema: &self.schema, workspace, epoch: self.epoch };
        work(&session)
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, Failure> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE)?;
    connection.set_prepared_statement_cache_capacity(64);
    // The file may come from anywhere: nothing in its schema is run.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.execute_batch("PRAGMA cell_size_check = ON")?;
    Ok(connection)
}

/// A connection that only looks whether the file changed.
pub(super) fn watcher(path: &Path) -> Result<Connection, Failure> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn schema_version(connection: &Connection) -> Result<i64, Failure> {
    Ok(connection.prepare_cached("PRAGMA schema_version")?.query_row([], |row| row.get(0))?)
}

/// Tells a file from another one of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileIdentity(u64, u64);

impl FileIdentity {
    /// Looks at the folder only: to open the file and close it again would drop SQLite's locks on it.
    fn of(path: &Path) -> Result<Self, Failure> {
        let unreadable = |reason: String| fault(DatabaseFault::Unreadable { reason });
        let metadata = std::fs::metadata(path).map_err(|error| {
            unreadable(match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                _ => error.to_string(),
            })
        })?;
        if !metadata.is_file() {
            return Err(unreadable("it is no file".to_owned()));
        }
        Ok(Self::from(&metadata))
    }
}

impl From<&std::fs::Metadata> for FileIdentity {
    #[cfg(unix)]
    fn from(metadata: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self(metadata.dev(), metadata.ino())
    }

    /// An open file cannot be replaced there.
    #[cfg(not(unix))]
    fn from(_metadata: &std::fs::Metadata) -> Self {
        Self(0, 0)
    }
}

/// Whether the answer is still wanted, shared with the work on another thread.
#[derive(Clone, Debug, Default)]
pub(super) struct AtomicFlag(Arc<AtomicBool>);

impl AtomicFlag {
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct UnderWay<'a> {
    database: &'a Database,
    began: Instant,
}

impl<'a> UnderWay<'a> {
    fn new(database: &'a Database) -> Self {
        database.in_flight.fetch_add(1, Ordering::Relaxed);
        Self { database, began: Instant::now() }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.database.in_flight.fetch_sub(1, Ordering::Relaxed);
        let took = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX - 1);
        self.database.last_latency_us.store(took, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
