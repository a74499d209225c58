//! Asks an agent and reports as the answer comes.
//!
//! One task per turn owns the connection and the [`Reader`]; it hands out snapshots of the transcript, at most about
//! thirty a second, over a bounded channel. [`Turn::stop`] hangs up and still delivers a report; dropping the [`Turn`]
//! hangs up and forgets. A question is never sent twice: nothing here retries.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, StatusCode};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::arrival::Arrival;
use super::endpoint::Endpoint;
use super::error::AgentError;
use super::reader::Reader;
use super::request::{self, Payload};
use super::transcript::{Outcome, Transcript};

/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an agent may be silent. Long: tools take minutes, and there is a Stop button.
const SILENCE_TIMEOUT: Duration = Duration::from_mins(10);
/// Snapshots are no closer together than this.
const SNAPSHOT_GAP: Duration = Duration::from_millis(33);
/// Events that may wait for the window. A snapshot that finds no room is skipped: the next one says more.
const CHANNEL: usize = 8;
/// How much of the raw response is kept, in bytes.
const MAX_RAW: usize = 4 * 1024 * 1024;

/// Called after every event, from the task's thread: wakes whoever draws.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// The head of a response.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Head {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`, if any.
    pub content_type: Option<String>,
    /// When it came, counted from sending.
    pub after: Duration,
}

/// What a turn reports while it runs.
#[derive(Clone, Debug)]
pub enum TurnEvent {
    /// The server has begun to answer.
    Head(Head),
    /// The answer so far.
    Transcript(Arc<Transcript>),
    /// The turn is over; nothing follows.
    Done(Box<TurnReport>),
}

/// Everything about a turn that is over.
#[derive(Clone, Debug)]
pub struct TurnReport {
    /// The answer.
    pub transcript: Arc<Transcript>,
    /// What went wrong on the way, if anything. What the agent itself reported is in the transcript.
    pub error: Option<AgentError>,
    /// The response's head, if one came.
    pub head: Option<Head>,
    /// The body that was sent.
    pub request: Arc<str>,
    /// The body that came, up to 4 MiB.
    pub response: Arc<str>,
    /// Whether more came than `response` holds.
    pub response_truncated: bool,
    /// When the bytes came.
    pub arrival: Arrival,
    /// From sending to the first thing said.
    pub first_token: Option<Duration>,
    /// From sending to the end.
    pub total: Duration,
}

impl TurnReport {
    /// Whether the stream came in one burst, which a buffering proxy does.
    pub fn looks_buffered(&self) -> bool {
        self.arrival.looks_buffered(self.transcript.streamed)
    }
}

/// A turn under way. Dropping it hangs up.
#[derive(Debug)]
pub struct Turn {
    events: mpsc::Receiver<TurnEvent>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Turn {
    /// The next event if one is there: for a window that draws.
    pub fn try_next(&mut self) -> Option<TurnEvent> {
        self.events.try_recv().ok()
    }

    /// The next event; `None` after the last.
    pub async fn next(&mut self) -> Option<TurnEvent> {
        self.events.recv().await
    }

    /// Hangs up. The report follows, with what had arrived. The agent itself goes on to its end.
    pub fn stop(&mut self) {
        if self.stop.take().is_some_and(|stop| stop.send(()).is_err()) {
            tracing::debug!("stopped a turn that was over");
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Talks to agents. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AgentClient {
    /// Through the system's proxy, if it has one.
    proxied: Client,
    /// For this machine.
    direct: Client,
}

impl AgentClient {
    /// Sets up the HTTP clients. A system without CA certificates gets clients that can speak plain HTTP only.
    ///
    /// Errors: [`AgentError::Setup`].
    pub fn new() -> Result<Self, AgentError> {
        Ok(Self { proxied: build(|builder| builder)?, direct: build(ClientBuilder::no_proxy)? })
    }

    /// The client for an endpoint: one of the two, unless its certificate is verified in another way. That one is made
    /// anew each time, so that a file with authorities that was changed is read.
    pub(super) async fn http(&self, endpoint: &Endpoint) -> Result<Client, AgentError> {
        let direct = endpoint.is_loopback();
        if endpoint.tls().is_usual() {
            return Ok(if direct { self.direct.clone() } else { self.proxied.clone() });
        }
        let tls = endpoint.tls().clone();
        let made = tokio::task::spawn_blocking(move || {
            let tls = tls.load()?;
            build(|builder| tls.put_into(if direct { builder.no_proxy() } else { builder }))
        });
        made.await.map_err(|error| AgentError::Setup { cause: error.to_string() })?
    }

    /// Posts `payload` on `runtime` and returns at once.
    pub fn send(
        &self,
        runtime: &tokio::runtime::Handle,
        endpoint: Endpoint,
        payload: &Payload,
        wake: Wake,
    ) -> Turn {
        let (sender, events) = mpsc::channel(CHANNEL);
        let (stop, stopped) = oneshot::channel();
        let clients = self.clone();
        let payload = payload.clone();
        let task = runtime.spawn(async move {
            // With files in it, writing it takes a while.
            let body: Arc<str> = payload.to_json_for(&endpoint).into();
            let mut exchange = Exchange::new(endpoint, body, Outlet { sender, wake });
            let result = tokio::select! {
                biased;
                Ok(()) = stopped => Err(AgentError::Cancelled),
                result = exchange.run(&clients) => result,
            };
            exchange.report(result).await;
        });
        Turn { events, stop: Some(stop), task }
    }
}

/// Where events go.
struct Outlet {
    sender: mpsc::Sender<TurnEvent>,
    wake: Wake,
}

impl Outlet {
    /// Sends a snapshot unless the window is behind. Whether it was sent.
    fn offer(&self, event: TurnEvent) -> bool {
        let sent = self.sender.try_send(event).is_ok();
        (self.wake)();
        sent
    }

    /// Sends an event that must arrive, as soon as there is room.
    async fn deliver(&self, event: TurnEvent) {
        (self.wake)();
        if self.sender.send(event).await.is_ok() {
            (self.wake)();
        }
    }
}

/// One question and its answer.
struct Exchange {
    endpoint: Endpoint,
    body: Arc<str>,
    outlet: Outlet,
    started: Instant,
    reader: Reader,
    head: Option<Head>,
    raw: Vec<u8>,
    raw_truncated: bool,
    arrival: Arrival,
    first_token: Option<Duration>,
    published: Option<Instant>,
}

impl Exchange {
    fn new(endpoint: Endpoint, body: Arc<str>, outlet: Outlet) -> Self {
        Self {
            endpoint,
            body,
            outlet,
            started: Instant::now(),
            reader: Reader::new(None, 200),
            head: None,
            raw: Vec::new(),
            raw_truncated: false,
            arrival: Arrival::default(),
            first_token: None,
            published: None,
        }
    }

    /// Sends the question and reads the answer to its end.
    async fn run(&mut self, clients: &AgentClient) -> Result<(), AgentError> {
        let http = clients.http(&self.endpoint).await?;
        let request = http.post(self.endpoint.url().clone()).headers(headers(&self.endpoint)?);
        let sending = request.body(self.body.to_string()).send();
        let patience = self.patience();
        let Ok(sent) = tokio::time::timeout(patience, sending).await else { return Err(self.too_late()) };
        let response = sent
            .map_err(|error| AgentError::from_send(&error, self.endpoint.host(), self.started.elapsed()))?;
        self.take_head(&response).await?;
        self.read(response).await
    }

    fn patience(&self) -> Duration {
        self.endpoint.patience().unwrap_or(SILENCE_TIMEOUT)
    }

    fn too_late(&self) -> AgentError {
        AgentError::Timeout { host: self.endpoint.host(), after: self.started.elapsed() }
    }

    async fn take_head(&mut self, response: &Response) -> Result<(), AgentError> {
        let status = response.status();
        let header = |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let head = Head {
            status: status.as_u16(),
            content_type: header(CONTENT_TYPE).map(str::to_owned),
            after: self.started.elapsed(),
        };
        self.reader = Reader::new(head.content_type.as_deref(), head.status);
        self.head = Some(head.clone());
        self.outlet.deliver(TurnEvent::Head(head)).await;
        if status.is_redirection() {
            let to = header(LOCATION).and_then(|to| self.endpoint.url().join(to).ok());
            let to = to.map_or_else(
                || "an unknown address".to_owned(),
                |mut to| {
                    to.set_query(None);
                    to.set_fragment(None);
                    to.to_string()
                },
            );
            return Err(AgentError::Redirected { host: self.endpoint.host(), status: status.as_u16(), to });
        }
        Ok(())
    }

    async fn read(&mut self, mut response: Response) -> Result<(), AgentError> {
        let mut unpublished = false;
        while !self.reader.is_done() {
            let due = self.published.map_or_else(Instant::now, |published| published + SNAPSHOT_GAP);
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(due.into()), if unpublished => unpublished = !self.publish(),
                chunk = tokio::time::timeout(self.patience(), response.chunk()) => match chunk {
                    Err(_elapsed) => return Err(self.too_late()),
                    Ok(Ok(Some(chunk))) => {
                        self.take_chunk(&chunk);
                        unpublished = true;
                    }
                    Ok(Ok(None)) => break,
                    Ok(Err(error)) => {
                        return Err(AgentError::from_body(&error, self.endpoint.host(), self.started.elapsed()));
                    }
                },
            }
        }
        Ok(())
    }

    fn take_chunk(&mut self, chunk: &[u8]) {
        let at = self.started.elapsed();
        self.arrival.chunk(at, chunk);
        let room = MAX_RAW - self.raw.len();
        self.raw.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
        self.raw_truncated |= chunk.len() > room;
        self.reader.feed(chunk);
        if self.first_token.is_none() && self.reader.transcript().has_output() {
            self.first_token = Some(at);
        }
    }

    /// Hands out a snapshot. Whether there was room for it; if not, it is tried again later.
    fn publish(&mut self) -> bool {
        self.published = Some(Instant::now());
        let snapshot = Arc::new(self.reader.transcript().clone());
        self.outlet.offer(TurnEvent::Transcript(snapshot))
    }

    /// Ends the turn.
    async fn report(mut self, result: Result<(), AgentError>) {
        match &result {
            Ok(()) => self.reader.finish(),
            Err(AgentError::Cancelled) => self.reader.stop(),
            Err(_) => self.reader.cut(),
        }
        let transcript = Arc::new(self.reader.transcript().clone());
        if self.first_token.is_none() && transcript.has_output() {
            self.first_token = self.arrival.last;
        }
        let status = self.head.as_ref().map_or(0, |head| head.status);
        let error = match result {
            // A connection that breaks after the answer's end has done no harm.
            Err(AgentError::Cut { .. }) if transcript.outcome == Outcome::Completed => None,
            Err(error) => Some(error),
            Ok(()) => AgentError::from_answer(&transcript, status),
        };
        let report = TurnReport {
            transcript,
            error,
            head: self.head,
            request: self.body,
            response: String::from_utf8_lossy(&self.raw).into(),
            response_truncated: self.raw_truncated,
            arrival: self.arrival,
            first_token: self.first_token,
            total: self.started.elapsed(),
        };
        self.outlet.deliver(TurnEvent::Done(Box::new(report))).await;
    }
}

/// The headers of a question. No `Origin`: MLflow refuses foreign ones.
fn headers(endpoint: &Endpoint) -> Result<HeaderMap, AgentError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static(request::ACCEPT));
    headers.insert(request::RETURN_TRACE_ID, HeaderValue::from_static("true"));
    put_login(endpoint, &mut headers)?;
    Ok(headers)
}

/// The token and the endpoint's own headers; one of those may take the token's place.
pub(super) fn put_login(endpoint: &Endpoint, headers: &mut HeaderMap) -> Result<(), AgentError> {
    if let Some(token) = endpoint.token() {
        let value = HeaderValue::try_from(format!("Bearer {}", token.secret()));
        let mut value = value.map_err(|_secret| AgentError::Token)?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    endpoint.headers().iter().try_for_each(|header| header.put_into(headers))
}

fn build(with: impl Fn(ClientBuilder) -> ClientBuilder) -> Result<Client, AgentError> {
    let builder = || {
        with(Client::builder())
            .user_agent(concat!("flowdeck/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE_TIMEOUT)
            .redirect(Policy::custom(|attempt| {
                if may_follow(
                    attempt.status(),
                    attempt.previous().last(),
                    attempt.url(),
                    attempt.previous().len(),
                ) {
                    attempt.follow()
                } else {
                    attempt.stop()
                }
            }))
            .retry(reqwest::retry::never())
            // A connection that was kept may be dead, and a question cannot be asked twice.
            .pool_max_idle_per_host(0)
            // Compression holds events back.
            .no_gzip()
    };
    let setup = |error: reqwest::Error| AgentError::Setup { cause: error.to_string() };
    builder().build().or_else(|_| builder().tls_certs_only([]).build()).map_err(setup)
}

/// Only redirects that keep the method, the body and the server: `/invocations/` to `/invocations`, not to a login
/// page.
fn may_follow(status: StatusCode, from: Option<&url::Url>, to: &url::Url, hops: usize) -> bool {
    let keeps_body = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    keeps_body && hops <= 3 && from.is_some_and(|from| from.origin() == to.origin())
}

#[cfg(test)]
mod tests;
