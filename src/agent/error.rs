//! What can go wrong between Flowdeck and an agent, in sentences for people.

use std::error::Error as StdError;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::transcript::Transcript;
use super::wire::FailureKind;

/// Why a turn or a probe failed. `Display` is one sentence; [`AgentError::next_step`] says what to do. Never holds a
/// token or a query string.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentError {
    /// What was typed is no address.
    #[error("“{typed}” is not an address: {why}")]
    Address {
        /// As typed, without a password.
        typed: String,
        /// In the parser's words.
        why: String,
    },
    /// The token holds characters that no HTTP header can carry.
    #[error("The token holds characters that cannot be sent")]
    Token,
    /// The environment variable that a header takes its value from is not set.
    #[error("{variable}, which the header {name} takes its value from, is not set")]
    Header {
        /// The header.
        name: String,
        /// The variable.
        variable: String,
    },
    /// The certificates to trust cannot be read.
    #[error("The certificates in {file} cannot be read: {cause}")]
    Certificates {
        /// The file.
        file: String,
        /// In the library's words.
        cause: String,
    },
    /// The HTTP client could not be set up.
    #[error("The HTTP client could not be set up: {cause}")]
    Setup {
        /// In the library's words.
        cause: String,
    },
    /// Nothing listens there.
    #[error("Nothing is listening at {host}")]
    Refused {
        /// Host and port.
        host: String,
    },
    /// The name is not known.
    #[error("The name {host} cannot be found")]
    Dns {
        /// Host and port.
        host: String,
    },
    /// The encrypted connection could not be made.
    #[error("No secure connection to {host}: {cause}")]
    Tls {
        /// Host and port.
        host: String,
        /// In the library's words.
        cause: String,
    },
    /// The connection could not be made for another reason.
    #[error("No connection to {host}: {cause}")]
    Connect {
        /// Host and port.
        host: String,
        /// In the library's words.
        cause: String,
    },
    /// No answer in time.
    #[error("{host} did not answer within {} s", after.as_secs().max(1))]
    Timeout {
        /// Host and port.
        host: String,
        /// How long was waited.
        after: Duration,
    },
    /// The endpoint answered with an HTTP error.
    #[error("HTTP {status}: {headline}")]
    Status {
        /// The status.
        status: u16,
        /// The first line of the body's message.
        headline: String,
    },
    /// The endpoint sent the request elsewhere, to a login page as a rule.
    #[error("{host} redirects to {to} (HTTP {status})")]
    Redirected {
        /// Host and port.
        host: String,
        /// The status.
        status: u16,
        /// Where to, without its query.
        to: String,
    },
    /// A web page came, whatever its status.
    #[error("{headline}")]
    WebPage {
        /// With the page's title.
        headline: String,
    },
    /// The body makes no sense.
    #[error("{headline}")]
    Unreadable {
        /// What is wrong with it.
        headline: String,
    },
    /// The connection broke in the middle of the answer.
    #[error("The connection to {host} broke before the answer was complete: {cause}")]
    Cut {
        /// Host and port.
        host: String,
        /// In the library's words.
        cause: String,
    },
    /// The user stopped it.
    #[error("Stopped")]
    Cancelled,
}

impl AgentError {
    /// Whether nobody was there: the request reached no agent.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Dns { .. } | Self::Connect { .. })
    }

    /// What to do about it.
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Address { .. } => "Enter an address such as localhost:5001",
            Self::Token => "Paste the token again",
            Self::Header { .. } => "Set the variable and start Flowdeck anew, or edit the endpoint's headers",
            Self::Certificates { .. } => "Choose a file with PEM certificates in the endpoint's settings",
            Self::Setup { .. } => "Check the system's CA certificates and proxy settings",
            Self::Refused { .. } => {
                "Start the server, for example with mlflow models serve -m models:/name@alias -p 5001, or check the port"
            }
            Self::Dns { .. } => "Check the spelling and whether the VPN is up",
            Self::Tls { .. } => {
                "Check that the server speaks https and that its certificate is trusted here: the endpoint's settings take a CA file"
            }
            Self::Connect { .. } => "Check the address, the network and the proxy settings",
            Self::Timeout { .. } => "The agent may still be at work: ask again later, or look for its trace",
            Self::Status { status: 401 | 403, .. } => "Enter a token that may query this endpoint",
            Self::Status { status: 404 | 405, .. } => {
                "Check the path: scoring servers answer on /invocations, AgentServer also on /responses, gateways on /chat/completions"
            }
            Self::Status { status: 413, .. } => {
                "The conversation is too long for the server: start a new one"
            }
            Self::Status { status: 415 | 422, .. } => {
                "This endpoint takes another dialect: choose it in the endpoint's settings"
            }
            Self::Status { status: 429, .. } => "Too many requests: wait a little and ask again",
            Self::Status { status: 502..=504, .. } => {
                "The server or a proxy gave up waiting: raise its timeout, or ask for less at once"
            }
            Self::Status { status: 400, .. } => "Look at the cause and at the raw request",
            Self::Status { .. } => "Look at the cause and at the server's log",
            Self::Redirected { .. } | Self::WebPage { .. } => {
                "A login page or proxy is in between: check the address, and enter a token if it needs one"
            }
            Self::Unreadable { .. } => "Look at the raw response",
            Self::Cut { .. } => "Look at the server's log: the agent may have crashed, or a proxy timed out",
            Self::Cancelled => "The agent goes on to its end on the server",
        }
    }

    /// Sorts an error of the HTTP library that came before the response's head.
    pub(super) fn from_send(error: &reqwest::Error, host: String, after: Duration) -> Self {
        let cause = innermost(error);
        let chain = chain(error).to_ascii_lowercase();
        let refused = io_kind(error) == Some(std::io::ErrorKind::ConnectionRefused);
        if error.is_timeout() {
            Self::Timeout { host, after }
        } else if refused {
            Self::Refused { host }
        } else if chain.contains("dns error") || chain.contains("failed to lookup address") {
            Self::Dns { host }
        } else if [
            "certificate",
            "tls",
            "handshake",
            "corrupt message",
            "fatal alert",
            "peer is incompatible",
        ]
        .iter()
        .any(|word| chain.contains(word))
        {
            Self::Tls { host, cause }
        } else {
            Self::Connect { host, cause }
        }
    }

    /// Sorts an error of the HTTP library that came while the body was read.
    pub(super) fn from_body(error: &reqwest::Error, host: String, after: Duration) -> Self {
        if error.is_timeout() {
            Self::Timeout { host, after }
        } else {
            Self::Cut { host, cause: innermost(error) }
        }
    }

    /// What the transport has to say of a finished answer: HTTP errors and bodies that are no answer. An agent's own
    /// failure inside a good response is in the transcript alone.
    pub(super) fn from_answer(answer: &Transcript, status: u16) -> Option<Self> {
        let first = answer.failures.first();
        let headline = || first.map_or_else(String::new, |failure| failure.headline.clone());
        match first.map(|failure| failure.kind) {
            Some(FailureKind::WebPage) => Some(Self::WebPage { headline: headline() }),
            _ if status >= 400 => Some(Self::Status { status, headline: headline() }),
            Some(FailureKind::Unreadable | FailureKind::TooLarge) => {
                Some(Self::Unreadable { headline: headline() })
            }
            _ => None,
        }
    }
}

/// The errors behind `error`, from the outside in.
fn sources(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |error: &&(dyn StdError + 'static)| (*error).source())
}

/// All their texts.
fn chain(error: &reqwest::Error) -> String {
    let texts: Vec<String> = sources(error).map(ToString::to_string).collect();
    texts.join(": ")
}

/// What the innermost error says: the outer ones only say that there is one, and repeat the URL.
fn innermost(error: &reqwest::Error) -> String {
    sources(error).last().map_or_else(|| "the request failed".to_owned(), ToString::to_string)
}

fn io_kind(error: &reqwest::Error) -> Option<std::io::ErrorKind> {
    sources(error)
        .filter_map(|source| source.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind)
        .last()
}
