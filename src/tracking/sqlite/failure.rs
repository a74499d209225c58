//! What SQLite says went wrong, made into what the app shows.

use std::time::Duration;

use rusqlite::ErrorCode as SqliteCode;

use crate::tracking::error::DatabaseFault;
use crate::tracking::{ErrorCode, TrackingError};

/// What stops a piece of work inside of a transaction.
#[derive(Debug)]
pub(super) enum Failure {
    /// SQLite refused.
    Sqlite(rusqlite::Error),
    /// The file is not what it should be.
    Fault(DatabaseFault),
    /// The answer is an error, as MLflow's own store would give it.
    Answer(TrackingError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<TrackingError> for Failure {
    fn from(error: TrackingError) -> Self {
        Self::Answer(error)
    }
}

pub(super) fn fault(fault: DatabaseFault) -> Failure {
    Failure::Fault(fault)
}

/// `RESOURCE_DOES_NOT_EXIST` with MLflow's text.
pub(super) fn not_found(message: String) -> TrackingError {
    TrackingError::Mlflow { code: ErrorCode::ResourceDoesNotExist, message, status: 0 }
}

/// `INVALID_PARAMETER_VALUE` with MLflow's text.
pub(super) fn invalid(message: impl Into<String>) -> TrackingError {
    TrackingError::Mlflow { code: ErrorCode::InvalidParameterValue, message: message.into(), status: 0 }
}

impl Failure {
    /// SQLite's code, if it is SQLite that refused.
    pub fn code(&self) -> Option<SqliteCode> {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            Self::Fault(_) | Self::Answer(_) => None,
        }
    }

    /// Another program holds a lock: trying again helps.
    pub fn is_busy(&self) -> bool {
        matches!(self.code(), Some(SqliteCode::DatabaseBusy | SqliteCode::DatabaseLocked))
    }

    /// A read-only connection cannot open what a program that died left behind (a journal to roll back, a log).
    pub fn needs_recovery(&self) -> bool {
        matches!(self.code(), Some(SqliteCode::ReadOnly | SqliteCode::CannotOpen))
    }

    /// The content makes no sense: perhaps because the file was overwritten under an open connection.
    pub fn is_damage(&self) -> bool {
        matches!(
            self.code(),
            Some(SqliteCode::DatabaseCorrupt | SqliteCode::NotADatabase | SqliteCode::Unknown)
        )
    }

    /// The error to show; `waited` is how long a lock was waited for.
    pub fn into_error(self, file: &str, waited: Duration) -> TrackingError {
        let fault = match self {
            Self::Answer(error) => return error,
            Self::Fault(fault) => fault,
            Self::Sqlite(error) => match sqlite_fault(&error, waited) {
                Some(fault) => fault,
                None => return TrackingError::Timeout { address: file.to_owned(), after: waited },
            },
        };
        TrackingError::Database { file: file.to_owned(), fault }
    }
}

/// None if the work was interrupted because it took too long.
fn sqlite_fault(error: &rusqlite::Error, waited: Duration) -> Option<DatabaseFault> {
    let reason = first_line(&error.to_string());
    Some(match error.sqlite_error_code() {
        Some(SqliteCode::OperationInterrupted) => return None,
        Some(SqliteCode::DatabaseBusy | SqliteCode::DatabaseLocked) => {
            DatabaseFault::Locked { after: waited }
        }
        Some(SqliteCode::NotADatabase) => {
            DatabaseFault::NotAStore { reason: "it is not a SQLite database".to_owned() }
        }
        Some(SqliteCode::ReadOnly | SqliteCode::PermissionDenied) => DatabaseFault::Protected { reason },
        Some(SqliteCode::DiskFull) => DatabaseFault::Protected { reason: "the disk is full".to_owned() },
        Some(
            SqliteCode::CannotOpen
            | SqliteCode::SystemIoFailure
            | SqliteCode::OutOfMemory
            | SqliteCode::FileLockingProtocolFailed
            | SqliteCode::NoLargeFileSupport,
        ) => DatabaseFault::Unreadable { reason },
        _ => DatabaseFault::Damaged { reason },
    })
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(300).collect()
}
