//! A sample agent on this machine: answers Responses payloads as MLflow's `AgentServer` does, from canned texts, so
//! that the chat can be tried where no agent is served. It says of itself that it is a sample.
//!
//! - `server`: HTTP on a loopback port;
//! - `turn`: an answer as events and as items;
//! - `topics`: what it knows, by keywords.

mod server;
#[cfg(test)]
mod tests;
mod topics;
mod turn;

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// What the agent calls itself.
pub const NAME: &str = "flowdeck-sample-agent";

/// The model version that the agent answers as: what an alias pointed at when it was started. It does not follow the
/// alias, as no served agent does before it is restarted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswersAs {
    /// The registered model.
    pub model: String,
    /// The alias.
    pub alias: String,
    /// The version.
    pub version: u64,
}

/// From this version on the agent answers in another manner.
const NEWER: u64 = 5;

impl AnswersAs {
    /// Whether it answers in the newer manner: more weeks, shorter words, a source.
    pub(super) fn is_newer(&self) -> bool {
        self.version >= NEWER
    }
}

/// A running sample agent. Dropping it hangs up and closes the port.
#[derive(Debug)]
pub struct SampleAgent {
    address: SocketAddr,
    accepting: AbortHandle,
}

impl SampleAgent {
    /// Starts it on a free port of 127.0.0.1. Must be awaited on a tokio runtime, which it then runs on.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start(answers_as: AnswersAs) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(server::accept(listener, answers_as)).abort_handle();
        Ok(Self { address, accepting })
    }

    /// Where the payload is posted.
    pub fn url(&self) -> String {
        format!("http://{}/invocations", self.address)
    }
}

impl Drop for SampleAgent {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
