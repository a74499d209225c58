//! Why the journal could not be written or read.

use std::path::PathBuf;

/// Why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The file or its folder.
    #[error("{} cannot be used: {reason}", path.display())]
    File {
        /// The journal's file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// Another Flowdeck has held the lock for seconds.
    #[error("Another Flowdeck has been holding {} for seconds", path.display())]
    Held {
        /// The lock.
        path: PathBuf,
    },
    /// Too much is waiting to be written.
    #[error("The disk does not keep up with the journal")]
    Busy,
    /// The journal's thread could not be started, or has ended.
    #[error("The journal is closed")]
    Closed,
}

impl JournalError {
    /// What the user can do.
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::File { .. } => "Make room on the disk or the folder writable, and try again",
            Self::Held { .. } => "Close the other Flowdeck, and try again",
            Self::Busy => "Wait a moment, and try again",
            Self::Closed => "Start Flowdeck anew",
        }
    }
}
