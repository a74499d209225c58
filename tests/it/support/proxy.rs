//! A proxy that misbehaves when it is told to, and remembers every request.
//!
//! ```ignore
//! let proxy = Proxy::start(Servers::shared().uri());
//! proxy.once("POST", "/api/2.0/mlflow/runs/search", Fault::status(503));
//! // … point the client at proxy.uri() …
//! assert_eq!(proxy.count("POST", "/registered-models/alias"), 1);
//! ```
//!
//! It speaks HTTP/1.1 with one request a connection (`Connection: close` both ways), so bodies of any framing pass
//! through as they are, event streams included.

mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use wire::{answer, forward, head_and, pass, read_request};

/// What happens to a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answered by the proxy itself; the server never sees it.
    Answer { status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8> },
    /// The connection is closed without an answer; the server never sees the request.
    HangUp,
    /// Silence until the client leaves; the server never sees the request.
    Hold,
    /// The server does what was asked, and the connection is closed without an answer: an unknown outcome.
    ForwardThenHangUp,
    /// The answer's head and so many bytes of its body, then the connection is closed.
    Cut { after: usize },
    /// The answer's head and so many bytes of its body, then silence until the client leaves.
    Stall { after: usize },
    /// Forwarded to another server (`http://host:port`), under this path.
    Elsewhere { server: String, path: String },
    /// Forwarded after this time.
    Delay(Duration),
    /// The answer arrives in pieces of so many bytes with a pause between them.
    Trickle { bytes: usize, pause: Duration },
}

impl Fault {
    /// A JSON error in MLflow's shape.
    pub fn status(status: u16) -> Self {
        let body = format!(r#"{{"error_code": "INTERNAL_ERROR", "message": "The proxy says {status}"}}"#);
        Self::answer(status, "application/json", body)
    }

    /// 429 that names a time to wait, in seconds.
    pub fn too_many_requests(retry_after: u32) -> Self {
        let headers = vec![("content-type", "text/plain".into()), ("retry-after", retry_after.to_string())];
        Self::Answer { status: 429, headers, body: b"slow down".to_vec() }
    }

    /// 401 as `mlflow server --app-name basic-auth` gives it: plain text with a challenge.
    pub fn unauthorized() -> Self {
        let challenge = ("www-authenticate", r#"Basic realm="mlflow""#.to_owned());
        let headers = vec![("content-type", "text/plain".into()), challenge];
        Self::Answer { status: 401, headers, body: b"You are not authenticated.".to_vec() }
    }

    /// 403 as basic-auth gives it.
    pub fn forbidden() -> Self {
        Self::answer(403, "text/plain", "Permission denied")
    }

    /// 200 with a login page where JSON was expected.
    pub fn html() -> Self {
        Self::answer(200, "text/html; charset=utf-8", "<!doctype html><title>Sign in</title><h1>Sign in</h1>")
    }

    /// 200 that claims to be JSON and is noise.
    pub fn garbage() -> Self {
        let noise: Vec<u8> = (0..512_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        Self::answer(200, "application/json", noise)
    }

    /// 200 with this JSON, such as an empty page `{}` or one that still has a token: `{"next_page_token": "x"}`.
    pub fn json(body: &Value) -> Self {
        Self::answer(200, "application/json", body.to_string())
    }

    /// Any answer.
    pub fn answer(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Answer { status, headers: vec![("content-type", content_type.into())], body: body.into() }
    }
}

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// Without the query; with the base path, if there is one.
    pub path: String,
    /// Without the question mark; empty when there is none.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub at: Instant,
}

impl Seen {
    /// The first header of this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `Null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

type Applies = Box<dyn Fn(&Seen) -> bool + Send>;

struct Rule {
    applies: Applies,
    fault: Fault,
    left: usize,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    seen: Vec<Seen>,
}

/// The proxy; it listens from [`Proxy::start`] until it is dropped, except between [`Proxy::down`] and [`Proxy::up`].
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    accepting: Mutex<Option<JoinHandle<()>>>,
    runtime: Option<Runtime>,
}

struct Shared {
    /// `host:port` of the server.
    upstream: String,
    /// `/mlflow`, or nothing.
    base: String,
    state: Mutex<State>,
}

impl Proxy {
    /// Stands before `upstream` (`http://host:port`).
    pub fn start(upstream: &str) -> Self {
        Self::with_base(upstream, "")
    }

    /// Answers only under `base` (`/mlflow`), which it strips; anything else is the proxy's own 404 page.
    pub fn with_base(upstream: &str, base: &str) -> Self {
        let upstream = upstream.strip_prefix("http://").expect("an http:// upstream").to_owned();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let shared = Arc::new(Shared { upstream, base: base.to_owned(), state: Mutex::default() });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let accepting = listen(&runtime, listener, &shared);
        Self { shared, address, accepting: Mutex::new(Some(accepting)), runtime: Some(runtime) }
    }

    /// What to use in the place of the server's own address, base path included.
    pub fn uri(&self) -> String {
        format!("http://{}{}", self.address, self.shared.base)
    }

    /// The next request of `method` whose path contains `path` meets this fault. Rules are asked in the order in which
    /// they were made; one that is used up is skipped.
    pub fn once(&self, method: &str, path: &str, fault: Fault) {
        self.times(1, method, path, fault);
    }

    /// The same for the next `count` such requests.
    pub fn times(&self, count: usize, method: &str, path: &str, fault: Fault) {
        let (method, path) = (method.to_owned(), path.to_owned());
        self.when(count, fault, move |seen| seen.method == method && seen.path.contains(&path));
    }

    /// The same for the next `count` requests that `applies` to.
    pub fn when(&self, count: usize, fault: Fault, applies: impl Fn(&Seen) -> bool + Send + 'static) {
        self.state().rules.push(Rule { applies: Box::new(applies), fault, left: count });
    }

    /// Every request from now on, of any kind.
    pub fn always(&self, fault: Fault) {
        self.when(usize::MAX, fault, |_| true);
    }

    /// Behaves again.
    pub fn heal(&self) {
        self.state().rules.clear();
    }

    /// Connections are refused from now on; those under way are cut.
    pub fn down(&self) {
        if let Some(task) = self.accepting().take() {
            task.abort();
            // The listener is closed when the aborted task is gone.
            while !task.is_finished() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Listens again, on the same port.
    pub fn up(&self) {
        let mut accepting = self.accepting();
        if accepting.is_none() {
            let runtime = self.runtime.as_ref().expect("present until dropped");
            let listener = std::net::TcpListener::bind(self.address).expect("the port is still free");
            *accepting = Some(listen(runtime, listener, &self.shared));
        }
    }

    /// Every request so far, faulty or not, in the order in which they came.
    pub fn requests(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// How many requests of `method` had a path that ends in `path`.
    pub fn count(&self, method: &str, path: &str) -> usize {
        self.state().seen.iter().filter(|it| it.method == method && it.path.ends_with(path)).count()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.state().seen.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }

    fn accepting(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.accepting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Dropping a runtime inside of another one would panic; this does not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers the request, and finds what is to happen to it.
    fn judge(&self, seen: &Seen) -> Option<Fault> {
        let mut state = self.state();
        state.seen.push(seen.clone());
        let rule = state.rules.iter_mut().find(|rule| rule.left > 0 && (rule.applies)(seen))?;
        rule.left -= 1;
        Some(rule.fault.clone())
    }
}

fn listen(runtime: &Runtime, listener: std::net::TcpListener, shared: &Arc<Shared>) -> JoinHandle<()> {
    listener.set_nonblocking(true).expect("a socket can be non-blocking");
    let _entered = runtime.enter();
    let listener = TcpListener::from_std(listener).expect("a listener");
    runtime.spawn(accept(listener, Arc::clone(shared)))
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Connections end with this task.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            // A client that went away is none of the proxy's business.
            drop(serve(client, &shared).await);
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    let seen = read_request(&mut client).await?;
    let fault = shared.judge(&seen);
    let Some(path) = seen.path.strip_prefix(&shared.base).filter(|it| it.starts_with('/')) else {
        let page = "<html><head><title>404 Not Found</title></head><body>nginx</body></html>";
        return answer(&mut client, 404, &[("content-type", "text/html".into())], page.as_bytes()).await;
    };
    match fault {
        None => {
            pass(&mut forward(&seen, path, &shared.upstream).await?, &mut client, usize::MAX, Duration::ZERO)
                .await
        }
        Some(Fault::Answer { status, headers, body }) => answer(&mut client, status, &headers, &body).await,
        Some(Fault::HangUp) => Ok(()),
        Some(Fault::Hold) => client.read(&mut [0]).await.map(drop),
        Some(Fault::ForwardThenHangUp) => {
            let mut server = forward(&seen, path, &shared.upstream).await?;
            server.read_to_end(&mut Vec::new()).await.map(drop)
        }
        Some(Fault::Cut { after }) => head_and(&seen, path, &shared.upstream, &mut client, after).await,
        Some(Fault::Stall { after }) => {
            head_and(&seen, path, &shared.upstream, &mut client, after).await?;
            client.read(&mut [0]).await.map(drop)
        }
        Some(Fault::Elsewhere { server, path }) => {
            let server = server.trim_start_matches("http://");
            pass(&mut forward(&seen, &path, server).await?, &mut client, usize::MAX, Duration::ZERO).await
        }
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            pass(&mut forward(&seen, path, &shared.upstream).await?, &mut client, usize::MAX, Duration::ZERO)
                .await
        }
        Some(Fault::Trickle { bytes, pause }) => {
            pass(&mut forward(&seen, path, &shared.upstream).await?, &mut client, bytes, pause).await
        }
    }
}
