//! How an endpoint's certificate is verified.

use std::path::PathBuf;

use reqwest::{Certificate, ClientBuilder};

use super::error::AgentError;

/// How an endpoint's certificate is verified: against the system's authorities, unless something else is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// PEM file with the only authorities to trust.
    pub ca_file: Option<PathBuf>,
    /// Any certificate will do.
    pub unverified: bool,
}

impl Tls {
    /// Whether it is as everywhere.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// What it asks for, read from the disk: not for the UI thread.
    ///
    /// Errors: [`AgentError::Certificates`].
    pub(super) fn load(&self) -> Result<LoadedTls, AgentError> {
        if self.unverified {
            return Ok(LoadedTls { authorities: None, unverified: true });
        }
        let Some(path) = &self.ca_file else { return Ok(LoadedTls::default()) };
        let bad = |cause: String| AgentError::Certificates { file: path.display().to_string(), cause };
        let pem = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
        let authorities = Certificate::from_pem_bundle(&pem).map_err(|error| bad(error.to_string()))?;
        if authorities.is_empty() {
            return Err(bad("there are none in it".to_owned()));
        }
        Ok(LoadedTls { authorities: Some(authorities), unverified: false })
    }
}

/// A [`Tls`] with what it names.
#[derive(Clone, Debug, Default)]
pub(super) struct LoadedTls {
    authorities: Option<Vec<Certificate>>,
    unverified: bool,
}

impl LoadedTls {
    /// Tells a client.
    pub fn put_into(&self, builder: ClientBuilder) -> ClientBuilder {
        let builder = builder.tls_danger_accept_invalid_certs(self.unverified);
        match &self.authorities {
            Some(authorities) => builder.tls_certs_only(authorities.clone()),
            None => builder,
        }
    }
}
