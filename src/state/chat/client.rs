//! The HTTP client, made when it is first needed: reading the system's certificates takes a while.

use std::sync::{Arc, OnceLock};

use crate::agent::{AgentClient, AgentError, Endpoint, Health, Probe};

/// Hands out the one client. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(in crate::state) struct SharedClient(Arc<OnceLock<AgentClient>>);

impl SharedClient {
    /// The client; made now unless it is there.
    pub(in crate::state) fn get(&self) -> Result<AgentClient, AgentError> {
        if let Some(client) = self.0.get() {
            return Ok(client.clone());
        }
        let made = AgentClient::new()?;
        Ok(self.0.get_or_init(|| made).clone())
    }

    /// Asks what stands behind an endpoint. Makes the client on the way, off the UI thread.
    pub(in crate::state) async fn probe(self, endpoint: Endpoint) -> Probe {
        match self.get() {
            Ok(client) => client.probe(&endpoint).await,
            Err(error) => Probe { health: Health::Down(error), took: std::time::Duration::ZERO },
        }
    }
}
