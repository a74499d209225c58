//! What can go wrong between the app and a store, typed, with a sentence for each.

use std::time::Duration;

/// Any failure of a [`Store`](super::Store).
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum TrackingError {
    /// Nothing listens there.
    #[error("No server answers at {address}: connection refused")]
    Refused {
        /// Host and port.
        address: String,
    },
    /// The name does not resolve.
    #[error("The host name {host} is not known")]
    UnknownHost {
        /// The host.
        host: String,
    },
    /// TLS failed: an untrusted certificate, no TLS on that port…
    #[error("No secure connection to {address}: {reason}")]
    Tls {
        /// Host and port.
        address: String,
        /// What the TLS library says, in one line.
        reason: String,
    },
    /// No answer in time.
    #[error("{address} did not answer within {} s", .after.as_secs())]
    Timeout {
        /// Host and port.
        address: String,
        /// How long was waited.
        after: Duration,
    },
    /// The connection broke, in the middle of an answer perhaps.
    #[error("The connection to {address} was lost: {reason}")]
    Connection {
        /// Host and port.
        address: String,
        /// The cause, in one line.
        reason: String,
    },
    /// 401
    #[error("The server wants a login, or refuses this one")]
    Unauthorized {
        /// The scheme it asks for, e.g. `Basic`, if it says so.
        scheme: Option<String>,
    },
    /// 403
    #[error("Not allowed: {message}")]
    Forbidden {
        /// The server's first line.
        message: String,
    },
    /// The server allows only certain `Host` headers (MLflow's DNS rebinding protection).
    #[error("The server does not accept the host name {host}")]
    HostNotAllowed {
        /// What was sent as `Host`.
        host: String,
    },
    /// 429
    #[error("The server asks to slow down")]
    RateLimited {
        /// `Retry-After`, if sent.
        retry_after: Option<Duration>,
    },
    /// An answer with MLflow's own error code.
    #[error("{}", first_line(.message))]
    Mlflow {
        /// MLflow's code.
        code: ErrorCode,
        /// MLflow's text, whole; the sentence shows its first line.
        message: String,
        /// HTTP status; 0 where there was no HTTP.
        status: u16,
    },
    /// Another HTTP error without MLflow's JSON: a proxy's page, perhaps.
    #[error("The server answered {status}{}", .detail.as_deref().map(|d| format!(": {d}")).unwrap_or_default())]
    Http {
        /// HTTP status.
        status: u16,
        /// The page's title or first line, in one short line.
        detail: Option<String>,
    },
    /// An answer that is not what MLflow sends: HTML, other JSON, garbage.
    #[error("The answer is not MLflow's: {reason}")]
    NotMlflow {
        /// What arrived instead, in one short line.
        reason: String,
    },
    /// A write was sent and no usable answer came: it may or may not have taken effect. Read, never resend.
    #[error("No answer to the change: it may or may not have taken effect ({reason})")]
    OutcomeUnknown {
        /// What went wrong with the answer.
        reason: String,
    },
    /// A database file could not be used. After a write: nothing was written.
    #[error("{file} {fault}")]
    Database {
        /// The file, as a person names it.
        file: String,
        /// What is wrong with it.
        fault: DatabaseFault,
    },
    /// A Databricks workspace, or the login to it, is not where it was looked for.
    #[error("{what}")]
    Databricks {
        /// A sentence, or two.
        what: String,
    },
    /// This store cannot do that.
    #[error("{what}")]
    Unsupported {
        /// A sentence.
        what: String,
    },
    /// Something on this machine: no certificates, an unreadable file…
    #[error("{what}")]
    Local {
        /// A sentence.
        what: String,
    },
}

/// What can be wrong with a database file; reads on after the file's name.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum DatabaseFault {
    /// Another program held a lock all the time.
    #[error("is locked by another program (waited {} s)", .after.as_secs())]
    Locked {
        /// How long was waited.
        after: Duration,
    },
    /// Its content makes no sense.
    #[error("is damaged: {reason}")]
    Damaged {
        /// What SQLite says, in one line.
        reason: String,
    },
    /// It is something else.
    #[error("is no MLflow store: {reason}")]
    NotAStore {
        /// Why not, in one line.
        reason: String,
    },
    /// It can be read, but not changed.
    #[error("cannot be changed: {reason}")]
    Protected {
        /// Why not, in one line.
        reason: String,
    },
    /// It cannot even be read: gone, no permission, a broken disk.
    #[error("cannot be read: {reason}")]
    Unreadable {
        /// Why not, in one line.
        reason: String,
    },
    /// Another file took its place between two pages of one answer.
    #[error("was replaced by another file while it was read")]
    Replaced,
}

/// MLflow's error codes that the app tells apart (`mlflow/protos/databricks_pb2.py`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// `RESOURCE_DOES_NOT_EXIST`
    ResourceDoesNotExist,
    /// `RESOURCE_ALREADY_EXISTS`
    ResourceAlreadyExists,
    /// `INVALID_PARAMETER_VALUE`
    InvalidParameterValue,
    /// `PERMISSION_DENIED`
    PermissionDenied,
    /// `FEATURE_DISABLED`
    FeatureDisabled,
    /// `INTERNAL_ERROR`
    InternalError,
    /// Any other name.
    Other(String),
}

impl ErrorCode {
    /// Reads MLflow's name.
    pub fn parse(name: &str) -> Self {
        match name {
            "RESOURCE_DOES_NOT_EXIST" => Self::ResourceDoesNotExist,
            "RESOURCE_ALREADY_EXISTS" => Self::ResourceAlreadyExists,
            "INVALID_PARAMETER_VALUE" => Self::InvalidParameterValue,
            "PERMISSION_DENIED" => Self::PermissionDenied,
            "FEATURE_DISABLED" => Self::FeatureDisabled,
            "INTERNAL_ERROR" => Self::InternalError,
            other => Self::Other(other.to_owned()),
        }
    }

    /// MLflow's name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::ResourceDoesNotExist => "RESOURCE_DOES_NOT_EXIST",
            Self::ResourceAlreadyExists => "RESOURCE_ALREADY_EXISTS",
            Self::InvalidParameterValue => "INVALID_PARAMETER_VALUE",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::FeatureDisabled => "FEATURE_DISABLED",
            Self::InternalError => "INTERNAL_ERROR",
            Self::Other(name) => name,
        }
    }
}

impl TrackingError {
    /// What the user can do about it: a sentence.
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "Check the address, and that the server is running",
            Self::UnknownHost { .. } => "Check the spelling, the VPN and the network",
            Self::Tls { .. } => {
                "Check https or http, or name your company's certificate in MLFLOW_TRACKING_SERVER_CERT_PATH"
            }
            Self::Timeout { .. } => "The server may be busy: try again",
            Self::Connection { .. } => "Check the network and try again",
            Self::Unauthorized { .. } => "Enter user and password, or a token",
            Self::Forbidden { .. } | Self::Mlflow { code: ErrorCode::PermissionDenied, .. } => {
                "Ask the server's administrator for permission"
            }
            Self::HostNotAllowed { .. } => {
                "Start the server with --allowed-hosts and this host name, or use an address it knows"
            }
            Self::RateLimited { .. } => "Wait a little and try again",
            Self::Mlflow { code: ErrorCode::ResourceDoesNotExist, .. } => {
                "It may have been deleted or renamed: refresh"
            }
            Self::Mlflow { .. } | Self::Http { .. } => "Try again; if it stays, look into the server's log",
            Self::NotMlflow { .. } => {
                "Check the address: behind a proxy the base path belongs to it, e.g. https://host/mlflow"
            }
            Self::OutcomeUnknown { .. } => "Look at what the server says now before changing it again",
            Self::Database { fault, .. } => match fault {
                DatabaseFault::Locked { .. } => "Wait until the other program is done, or end it",
                DatabaseFault::Damaged { .. } => "Restore the file from a copy",
                DatabaseFault::NotAStore { .. } => "Choose the mlflow.db that MLflow made",
                DatabaseFault::Protected { .. } => {
                    "Give yourself permission to write the file and its folder"
                }
                DatabaseFault::Unreadable { .. } => "Check that the file is there and that you may read it",
                DatabaseFault::Replaced => "Refresh to read the new file",
            },
            Self::Databricks { .. } => {
                "Connect again when it is there, enter a token, or name another profile, as in databricks://profile"
            }
            Self::Unsupported { .. } => "Use the MLflow server that owns this store",
            Self::Local { .. } => "Mend it and try again",
        }
    }

    /// Whether what was asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Mlflow { code: ErrorCode::ResourceDoesNotExist, .. })
            || matches!(self, Self::Http { status: 404, .. })
    }

    /// Everything known, for “Copy details”. Holds no secrets: errors never carry headers or credentials.
    pub fn details(&self) -> String {
        match self {
            Self::Mlflow { code, message, status } => format!("HTTP {status} {}\n{message}", code.as_str()),
            other => format!("{other}\n{other:?}"),
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("The server gave no reason")
}
