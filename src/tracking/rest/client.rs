//! Making HTTP clients: certificates, proxies, connections, timeouts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, Client, Identity, redirect};

use crate::tracking::{TrackingError, TrackingUri};

/// What a client needs to know about the network.
#[derive(Clone, Debug)]
pub(in crate::tracking) struct Options {
    /// Certificates are not verified.
    pub insecure_tls: bool,
    /// PEM file with the only authorities to trust.
    pub server_cert_path: Option<PathBuf>,
    /// PEM file with certificate and private key to show.
    pub client_cert_path: Option<PathBuf>,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long the server may be silent.
    pub read_timeout: Duration,
}

/// Without `keep_alive` every request has a connection of its own.
///
/// Plain HTTP is most often `mlflow server` itself, whose workers answer in two segments without `TCP_NODELAY`: on a
/// kept connection the second waits for a delayed acknowledgement (measured: 56 ms a call, 12 ms on a fresh one).
/// Behind TLS something else terminates, and a handshake costs more. Writes have their own connection always: on a kept
/// one that the server is just closing, nobody could say whether the change was made.
pub(super) fn build(uri: &TrackingUri, options: &Options, keep_alive: bool) -> Result<Client, TrackingError> {
    let mut builder = Client::builder()
        .user_agent(concat!("flowdeck/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.connect_timeout)
        .read_timeout(options.read_timeout)
        // Redirects are followed by hand, for reads: a write must reach the server once and where it was sent.
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .tcp_nodelay(true)
        .tls_danger_accept_invalid_certs(options.insecure_tls);
    if uri.is_loopback() {
        builder = builder.no_proxy();
    }
    if !keep_alive {
        builder = builder.pool_max_idle_per_host(0);
    }
    if let Some(path) = options.client_cert_path.as_ref().filter(|_| uri.is_tls()) {
        let identity = Identity::from_pem(&read_pem(path)?).map_err(|error| TrackingError::Local {
            what: format!(
                "{} (MLFLOW_TRACKING_CLIENT_CERT_PATH) holds no certificate with its key: {error}",
                path.display()
            ),
        })?;
        builder = builder.identity(identity);
    }
    if let Some(path) = options.server_cert_path.as_ref().filter(|_| uri.is_tls() && !options.insecure_tls) {
        let authorities =
            Certificate::from_pem_bundle(&read_pem(path)?).map_err(|error| TrackingError::Local {
                what: format!(
                    "{} (MLFLOW_TRACKING_SERVER_CERT_PATH) holds no certificate: {error}",
                    path.display()
                ),
            })?;
        if authorities.is_empty() {
            let what = format!("{} (MLFLOW_TRACKING_SERVER_CERT_PATH) holds no certificate", path.display());
            return Err(TrackingError::Local { what });
        }
        builder = builder.tls_certs_only(authorities);
    } else if !uri.is_tls() {
        // Plain HTTP needs no authorities, and a machine may have none.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| TrackingError::Local {
        what: format!("No secure connections are possible on this machine: {}", cause(&error)),
    })
}

fn cause(error: &reqwest::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn read_pem(path: &Path) -> Result<Vec<u8>, TrackingError> {
    std::fs::read(path)
        .map_err(|error| TrackingError::Local { what: format!("Cannot read {}: {error}", path.display()) })
}
