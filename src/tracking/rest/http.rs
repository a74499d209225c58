//! HTTP as MLflow's servers want it: one client per server, retries for reads, none for writes, bounds on sizes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RANGE};
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::client::{self, Options};
use super::errors::{Failure, Peer, unexpected_body};
use crate::entities::Millis;
use crate::tracking::{Credentials, Secret, StoreHealth, TrackingError, TrackingUri};

/// Largest JSON answer that is read, decompressed, in bytes. 50,000 runs with 10 metrics and 10 params are 170 MB.
const MAX_JSON: usize = 256 << 20;
/// Largest part of an error page that is read, in bytes. MLflow's errors can hold a stack trace.
const MAX_ERROR: usize = 256 << 10;
/// How often a read is sent at most.
const TRIES: u32 = 3;
/// A read that keeps failing is reported after this time, so that the user hears of it.
const RETRY_BUDGET: Duration = Duration::from_secs(10);
/// Redirects that a `GET` follows, on the same server.
const MAX_REDIRECTS: usize = 3;

/// A server, and how it is spoken to.
#[derive(Clone, Debug)]
pub(in crate::tracking) struct Http {
    reads: Client,
    writes: Client,
    uri: TrackingUri,
    credentials: Credentials,
    workspace: Option<HeaderValue>,
    peer: Peer,
    meter: Arc<Meter>,
}

/// An answer, whatever it is.
pub(in crate::tracking) struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Where it points, if it is a redirect.
    pub location: Option<Url>,
    /// The first bytes of its body.
    pub body: Bytes,
}

impl Http {
    /// Makes the client. Reads certificates from disk: not for the UI thread.
    pub fn new(uri: TrackingUri, credentials: Credentials, options: &Options) -> Result<Self, TrackingError> {
        let peer = Peer {
            address: uri.address(),
            host_header: uri.host_header(),
            tls: uri.is_tls(),
            connect_timeout: options.connect_timeout,
            read_timeout: options.read_timeout,
        };
        let reads = client::build(&uri, options, uri.is_tls())?;
        let writes = if uri.is_tls() { client::build(&uri, options, false)? } else { reads.clone() };
        Ok(Self { reads, writes, uri, credentials, workspace: None, peer, meter: Arc::default() })
    }

    /// The same server, with the workspace named in every request.
    pub fn in_workspace(&self, workspace: &str) -> Result<Self, TrackingError> {
        let value = HeaderValue::from_str(workspace).map_err(|_not_ascii| TrackingError::Local {
            what: "The name of the workspace holds characters that cannot be sent".to_owned(),
        })?;
        Ok(Self { workspace: Some(value), ..self.clone() })
    }

    /// The URL of a route.
    pub fn route(&self, path: &str) -> Url {
        self.uri.route(path, "")
    }

    /// The URL of a route with an id in it, written `{id}`.
    pub fn route_of(&self, path: &str, id: &str) -> Url {
        self.uri.route(path, id)
    }

    /// The server's base address.
    pub fn uri(&self) -> &TrackingUri {
        &self.uri
    }

    /// Who is logged in by name.
    pub fn user(&self) -> Option<&str> {
        self.credentials.user()
    }

    /// The bearer token that goes with requests, and until when it holds if it ends.
    pub async fn bearer(&self) -> Result<Option<(Secret, Option<Millis>)>, TrackingError> {
        self.credentials.bearer().await
    }

    /// How the server is doing.
    pub fn health(&self) -> StoreHealth {
        self.meter.health()
    }

    /// Reads JSON with `GET`.
    pub async fn get<T: DeserializeOwned>(
        &self,
        url: Url,
        query: &[(&str, &str)],
    ) -> Result<T, TrackingError> {
        self.read(|| self.request(Method::GET, url.clone()).query(query)).await
    }

    /// Reads JSON with `POST`: a search changes nothing.
    pub async fn post_read<T: DeserializeOwned>(
        &self,
        url: Url,
        body: &impl Serialize,
    ) -> Result<T, TrackingError> {
        self.read(|| self.request(Method::POST, url.clone()).json(body)).await
    }

    /// Changes something. Sent once: whatever may have taken effect without an answer is
    /// [`TrackingError::OutcomeUnknown`].
    pub async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        url: Url,
        body: &impl Serialize,
    ) -> Result<T, TrackingError> {
        let request = self.addressed(self.writes.request(method, url)).json(body);
        self.exchange(request).await.map_err(Failure::of_write)
    }

    /// Sends a file. Once, like every write; whatever is answered besides the status is passed over.
    pub async fn write_bytes(
        &self,
        method: Method,
        url: Url,
        query: &[(&str, &str)],
        content: Bytes,
    ) -> Result<(), TrackingError> {
        let request = self.addressed(self.writes.request(method, url)).query(query);
        let request = request.header(CONTENT_TYPE, "application/octet-stream").body(content);
        self.answered(request).await.map(|_| ()).map_err(Failure::of_write)
    }

    /// Opens a file, from its start up to `limit` bytes if the server can. The meter counts it until it is dropped.
    pub async fn open(
        &self,
        url: Url,
        query: &[(&str, &str)],
        limit: Option<u64>,
    ) -> Result<(Response, InFlight), TrackingError> {
        let request = || {
            // Compressed bytes could be neither counted nor cut.
            let request =
                self.request(Method::GET, url.clone()).query(query).header(ACCEPT_ENCODING, "identity");
            match limit {
                Some(limit) => request.header(RANGE, format!("bytes=0-{}", limit.max(1) - 1)),
                None => request,
            }
        };
        self.retrying(|| self.answered(request())).await
    }

    /// Asks once and reports whatever answers: for finding out who is there.
    pub async fn probe(&self, path: &str, timeout: Duration) -> Result<Reply, TrackingError> {
        let request = self.request(Method::GET, self.route(path)).timeout(timeout);
        let request = self.authorized(request).await?;
        let failed = |error: reqwest::Error| match self.peer.transport_failure(&error).error {
            TrackingError::Timeout { address, after } => {
                TrackingError::Timeout { address, after: after.min(timeout) }
            }
            other => other,
        };
        let in_flight = InFlight::new(&self.meter);
        let response = request.send().await.map_err(failed)?;
        in_flight.answered();
        let (status, location) = (response.status().as_u16(), location(&response));
        let (body, _) = self.body(response, MAX_ERROR).await.map_err(|failure| failure.error)?;
        Ok(Reply { status, location, body })
    }

    /// Whether MLflow seems to live at another base path of this server. Asks without login, as MLflow's own `/health`
    /// needs none and the place is a guess.
    pub async fn says_ok(&self, other: &TrackingUri, timeout: Duration) -> bool {
        let request = self.reads.get(other.route("health", "")).timeout(timeout);
        let Ok(response) = request.send().await else { return false };
        let ok = response.status().is_success();
        ok && self.body(response, MAX_ERROR).await.is_ok_and(|(body, _)| body.trim_ascii() == b"OK")
    }

    /// What went wrong when the rest of an answer did not come.
    pub fn lost(&self, error: &reqwest::Error) -> TrackingError {
        self.peer.transport_failure(error).error
    }

    async fn read<T: DeserializeOwned>(
        &self,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<T, TrackingError> {
        self.retrying(|| self.exchange(request())).await
    }

    async fn retrying<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        attempt: impl Fn() -> F,
    ) -> Result<T, TrackingError> {
        let started = Instant::now();
        let mut tries = 1;
        loop {
            let failure = match attempt().await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            match delay_before_retry(&failure, tries, started.elapsed()) {
                Some(delay) => {
                    tracing::debug!(error = %failure.error, ?delay, "asking again");
                    tokio::time::sleep(delay).await;
                    tries += 1;
                }
                None => return Err(failure.error),
            }
        }
    }

    async fn exchange<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        let (response, in_flight) = self.answered(request).await?;
        let headers = response.headers().clone();
        let (body, whole) = self.body(response, MAX_JSON).await?;
        if !whole {
            return Err(Failure::unreadable(format!("more than {} MB", MAX_JSON >> 20)));
        }
        in_flight.answered();
        drop(in_flight);
        decode(&headers, &body)
    }

    /// Sends and waits for a 2xx status.
    async fn answered(&self, request: RequestBuilder) -> Result<(Response, InFlight), Failure> {
        let in_flight = InFlight::new(&self.meter);
        let response = self.send(request).await?;
        in_flight.answered();
        let status = response.status();
        tracing::debug!(status = status.as_u16(), path = response.url().path(), "answered");
        if status.is_success() {
            return Ok((response, in_flight));
        }
        let headers = response.headers().clone();
        // The status says enough if its page does not arrive.
        let (body, _) = self.body(response, MAX_ERROR).await.unwrap_or_default();
        Err(self.peer.status_failure(status, &headers, &body))
    }

    /// Sends; a `GET` follows redirects on the same server, as a proxy may add a slash or a prefix.
    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let failed = |error: reqwest::Error| self.peer.transport_failure(&error);
        let request = self.authorized(request).await.map_err(Failure::not_sent)?;
        let (client, request) = request.build_split();
        let mut request = request.map_err(failed)?;
        for _ in 0..MAX_REDIRECTS {
            let again = (request.method() == Method::GET).then(|| request.try_clone()).flatten();
            let response = client.execute(request).await.map_err(failed)?;
            match (again, location(&response)) {
                (Some(mut again), Some(target)) if target.origin() == response.url().origin() => {
                    *again.url_mut() = target;
                    request = again;
                }
                _ => return Ok(response),
            }
        }
        client.execute(request).await.map_err(failed)
    }

    /// Reads a body up to `limit` bytes; `false`: there was more.
    async fn body(&self, mut response: Response, limit: usize) -> Result<(Bytes, bool), Failure> {
        let expected = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        let mut body = BytesMut::with_capacity(expected.min(1 << 20));
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > limit => {
                    body.extend_from_slice(&chunk[..limit - body.len()]);
                    return Ok((body.freeze(), false));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok((body.freeze(), true)),
                Err(error) => return Err(self.peer.transport_failure(&error)),
            }
        }
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.addressed(self.reads.request(method, url))
    }

    fn addressed(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.workspace {
            Some(workspace) => request.header("X-MLFLOW-WORKSPACE", workspace),
            None => request,
        }
    }

    /// The request with the login, which may have to be renewed first.
    async fn authorized(&self, request: RequestBuilder) -> Result<RequestBuilder, TrackingError> {
        if let Credentials::Basic { user, password } = &self.credentials {
            return Ok(request.basic_auth(user, Some(password.expose())));
        }
        let token = self.credentials.bearer().await?;
        Ok(match token {
            Some((token, _)) => request.bearer_auth(token.expose()),
            None => request,
        })
    }
}

/// Reads one answer.
pub(super) fn decode<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| Failure::unreadable(unexpected_body(headers, body, &error)))
}

/// Reads are repeated after a lost connection and after what the Python client repeats, except for MLflow's own
/// `INTERNAL_ERROR`, which stays, and for silence, which has lasted long enough.
fn delay_before_retry(failure: &Failure, tries: u32, elapsed: Duration) -> Option<Duration> {
    let passing = match failure.error {
        TrackingError::Connection { .. } | TrackingError::RateLimited { .. } => true,
        TrackingError::Http { status, .. } => matches!(status, 408 | 500 | 502 | 503 | 504),
        TrackingError::Mlflow { status, .. } => matches!(status, 408 | 502 | 503 | 504),
        _ => false,
    };
    if !passing || tries >= TRIES {
        return None;
    }
    let backoff = Duration::from_millis(300) * 3u32.pow(tries - 1);
    let delay = failure.retry_after.map_or(backoff, |after| after.max(backoff));
    (elapsed + delay <= RETRY_BUDGET).then_some(delay)
}

fn location(response: &Response) -> Option<Url> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    TrackingUri::resolve(response.url(), location)
}

/// Counts requests and takes the time.
#[derive(Debug, Default)]
struct Meter {
    in_flight: AtomicUsize,
    /// Microseconds of the last answer, plus one; 0 before the first.
    last_latency: AtomicU64,
}

impl Meter {
    fn health(&self) -> StoreHealth {
        let latency = self.last_latency.load(Ordering::Relaxed);
        StoreHealth {
            last_latency: latency.checked_sub(1).map(Duration::from_micros),
            in_flight: self.in_flight.load(Ordering::Relaxed),
        }
    }
}

/// A request under way: counted until it is dropped, answered or not.
pub(in crate::tracking) struct InFlight {
    meter: Arc<Meter>,
    started: Instant,
}

impl InFlight {
    fn new(meter: &Arc<Meter>) -> Self {
        meter.in_flight.fetch_add(1, Ordering::Relaxed);
        Self { meter: Arc::clone(meter), started: Instant::now() }
    }

    fn answered(&self) {
        let micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX - 1);
        self.meter.last_latency.store(micros + 1, Ordering::Relaxed);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.meter.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
