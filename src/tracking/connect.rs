//! From what the user entered to a [`Store`]: asks the server who it is, and says exactly why if that fails.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::databricks::{self, DatabricksUri};
use super::rest::client::Options;
use super::rest::http::{Http, Reply};
use super::rest::{self, RestStore};
use super::sqlite;
use super::sqlite::location::{self, Local};
use super::{Answer, Credentials, Environment, Secret, Store, StoreInfo, TrackingError, TrackingUri};

/// A server that cannot be reached in this time is absent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the Python client waits (`MLFLOW_HTTP_REQUEST_TIMEOUT`).
const READ_TIMEOUT: Duration = Duration::from_mins(2);
/// While connecting somebody is looking on; a busy server takes seconds.
const PROBE_TIMEOUT: Duration = Duration::from_secs(30);
/// Redirects of the server that are followed to its real address.
const MAX_MOVES: usize = 3;

/// Where to connect and as whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectRequest {
    /// A tracking URI as entered; may hold `user:password@`.
    pub uri: String,
    /// Who is calling.
    pub login: Login,
    /// TLS certificates are not verified (as with `MLFLOW_TRACKING_INSECURE_TLS`).
    pub insecure_tls: bool,
}

/// Who is calling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Login {
    /// User and password of the URI, else what [`Environment::credentials`] says.
    #[default]
    Environment,
    /// User and password of the URI, else nobody.
    Anonymous,
    /// This user.
    Basic {
        /// User name.
        user: String,
        /// Password.
        password: Secret,
    },
    /// The holder of this bearer token.
    Token(Secret),
}

/// Connects: to a server with four or five small requests, to a Databricks workspace (`databricks://profile`) with one,
/// or opens a database file (`sqlite:///…`, a path). Writes nothing.
///
/// The error says which it is: absent ([`TrackingError::Refused`], `UnknownHost`, `Timeout`, `Connection`, `Tls`),
/// refuses the login (`Unauthorized`, `Forbidden`), does not accept the host name (`HostNotAllowed`), is no MLflow or
/// is one under another base path (`NotMlflow`).
pub fn connect(request: ConnectRequest, environment: Arc<Environment>) -> Answer<Arc<dyn Store>> {
    Box::pin(async move {
        if let Some(uri) = DatabricksUri::parse(&request.uri)? {
            let (login, known) = (request.login.clone(), Arc::clone(&environment));
            let workspace = sqlite::blocking(move || databricks::resolve(&uri, &login, &known)).await?;
            return open_workspace(workspace, &options(&request, &environment)).await;
        }
        let local = request.uri.clone();
        if let Some(file) = sqlite::blocking(move || local_database(&local)).await? {
            return sqlite::open(file, environment.workspace.clone()).await;
        }
        let mut uri = TrackingUri::parse(&request.uri)?;
        if !request.insecure_tls {
            environment.check()?;
        }
        let credentials = credentials(&request.login, &uri, &environment);
        let options = options(&request, &environment);
        if databricks::is_workspace(&uri) {
            return open_workspace(databricks::at(uri, credentials, &environment)?, &options).await;
        }
        for _ in 0..MAX_MOVES {
            let http = client(&uri, &credentials, &options).await?;
            let health = match http.probe("health", PROBE_TIMEOUT.min(options.read_timeout)).await {
                Err(TrackingError::Connection { address, reason }) if speaks_tls(&uri, &options).await => {
                    let reason = format!("{reason}; it speaks TLS on this port, https may be right");
                    return Err(TrackingError::Connection { address, reason });
                }
                health => health?,
            };
            match moved_to(&uri, &health) {
                Some(other) if other != uri => uri = other,
                _ => return open(http, &health, credentials.user(), &environment, &options).await,
            }
        }
        Err(TrackingError::NotMlflow { reason: format!("{} redirects without end", uri.label()) })
    })
}

/// The database on this machine that the URI names, if it is one. Looks at the disk.
fn local_database(uri: &str) -> Result<Option<PathBuf>, TrackingError> {
    match location::local(uri, std::env::home_dir().as_deref()) {
        None => Ok(None),
        Some(Local::Path(path)) => Ok(Some(location::database_file(&path)?)),
        Some(Local::Refused(error)) => Err(error.into()),
    }
}

fn credentials(login: &Login, uri: &TrackingUri, environment: &Environment) -> Credentials {
    let in_uri = || {
        uri.login()
            .map(|(user, password)| Credentials::Basic { user: user.to_owned(), password: password.clone() })
    };
    match login {
        Login::Environment => in_uri().unwrap_or_else(|| environment.credentials()),
        Login::Anonymous => in_uri().unwrap_or_default(),
        Login::Basic { user, password } => {
            Credentials::Basic { user: user.clone(), password: password.clone() }
        }
        Login::Token(token) => Credentials::Bearer(token.clone()),
    }
}

fn options(request: &ConnectRequest, environment: &Environment) -> Options {
    Options {
        insecure_tls: request.insecure_tls || environment.insecure_tls,
        server_cert_path: environment.server_cert_path.clone(),
        client_cert_path: environment.client_cert_path.clone(),
        connect_timeout: CONNECT_TIMEOUT.min(environment.request_timeout.unwrap_or(CONNECT_TIMEOUT)),
        read_timeout: environment.request_timeout.unwrap_or(READ_TIMEOUT),
    }
}

/// Whether TLS is spoken where plain HTTP was tried. Nothing but a request for `/health` is sent, no login.
async fn speaks_tls(uri: &TrackingUri, options: &Options) -> bool {
    let Some(uri) = uri.with_tls() else { return false };
    let options = Options { insecure_tls: true, ..options.clone() };
    match client(&uri, &Credentials::None, &options).await {
        Ok(http) => http.probe("health", options.connect_timeout).await.is_ok(),
        Err(_) => false,
    }
}

async fn client(
    uri: &TrackingUri,
    credentials: &Credentials,
    options: &Options,
) -> Result<Http, TrackingError> {
    let (uri, credentials, options) = (uri.clone(), credentials.clone(), options.clone());
    // Reads the system's certificates from disk.
    tokio::task::spawn_blocking(move || Http::new(uri, credentials, &options)).await.map_err(|_lost| {
        TrackingError::Local { what: "The network client could not be started".to_owned() }
    })?
}

/// Where the server says that it is now: the same host behind TLS, or below a base path. The login follows it there, so
/// only [`TrackingUri::trusts`] makes it a move.
fn moved_to(uri: &TrackingUri, health: &Reply) -> Option<TrackingUri> {
    let mut target = health.location.clone()?;
    let path = target.path().trim_end_matches('/').strip_suffix("/health")?.to_owned();
    if !uri.trusts(&target) {
        return None;
    }
    target.set_path(&path);
    TrackingUri::from_url(target).ok()
}

async fn open(
    http: Http,
    health: &Reply,
    user: Option<&str>,
    environment: &Environment,
    options: &Options,
) -> Result<Arc<dyn Store>, TrackingError> {
    let timeout = PROBE_TIMEOUT.min(options.read_timeout);
    let (version, server) =
        futures_util::future::join(http.probe("version", timeout), http.probe(SERVER_INFO, timeout)).await;
    let version = version.ok().as_ref().and_then(version_in);
    // Servers before 3.0 do not know this route.
    let server: Option<ServerInfo> = server.ok().and_then(|reply| serde_json::from_slice(&reply.body).ok());
    let (http, workspaces) = match &server {
        Some(ServerInfo { workspaces_enabled: true, .. }) => with_workspace(http, environment).await?,
        _ => (http, Workspaces::default()),
    };
    let says_ok = health.status == 200 && health.body.trim_ascii() == b"OK";
    let proof = tokio::time::timeout(timeout, rest::prove(&http))
        .await
        .unwrap_or_else(|_| Err(TrackingError::Timeout { address: http.uri().address(), after: timeout }));
    let found =
        Found { version, says_ok, is_server: server.is_some_and(|server| server.store_type.is_some()) };
    match proof {
        Ok(proof) if proof.is_certain() || proof.is_possible() && (found.says_ok || found.is_server) => {
            let info = StoreInfo {
                label: http.uri().label(),
                uri: http.uri().to_string(),
                user: user.map(str::to_owned),
                server_version: found.version,
                insecure_tls: options.insecure_tls && http.uri().is_tls(),
                can_write: true,
                calls_webhooks: true,
                workspace: workspaces.chosen,
                workspaces: workspaces.all,
                note: None,
                serves_endpoints: false,
                sample: false,
            };
            Ok(Arc::new(RestStore::new(http, info)))
        }
        Ok(_) => Err(no_mlflow(&http, &found, "JSON of another service", timeout).await),
        Err(TrackingError::NotMlflow { reason }) => Err(no_mlflow(&http, &found, &reason, timeout).await),
        Err(TrackingError::Http { status, detail }) if is_no_route(status) => {
            let detail = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
            let reason = format!("status {status}{detail}");
            Err(no_mlflow(&http, &found, &reason, timeout).await)
        }
        Err(error) => Err(error),
    }
}

/// Opens a Databricks workspace, which has MLflow's API and none of its server's own routes.
async fn open_workspace(
    workspace: databricks::Workspace,
    options: &Options,
) -> Result<Arc<dyn Store>, TrackingError> {
    let insecure_tls = options.insecure_tls || workspace.insecure_tls;
    let options = Options { insecure_tls, ..options.clone() };
    let http = client(&workspace.host, &workspace.credentials, &options).await?;
    let after = PROBE_TIMEOUT.min(options.read_timeout);
    let label = http.uri().label();
    let proof = tokio::time::timeout(after, rest::prove(&http)).await;
    match proof.unwrap_or_else(|_| Err(TrackingError::Timeout { address: http.uri().address(), after })) {
        Ok(proof) if proof.is_possible() => {}
        Ok(_) => {
            let reason = format!("{label} answers with JSON of another service");
            return Err(TrackingError::NotMlflow { reason });
        }
        Err(error) => return Err(databricks::refused(&label, error)),
    }
    let info = StoreInfo {
        label,
        uri: workspace.uri,
        user: workspace.credentials.user().map(str::to_owned),
        insecure_tls: insecure_tls && http.uri().is_tls(),
        can_write: true,
        note: Some("Without the models of Unity Catalog".to_owned()),
        serves_endpoints: true,
        ..StoreInfo::default()
    };
    Ok(Arc::new(RestStore::new(http, info)))
}

/// The workspaces of a server, and the one that is looked into.
#[derive(Default)]
struct Workspaces {
    chosen: Option<String>,
    all: Vec<String>,
}

/// Looks into the environment's workspace, else into the default one, else into the first that can be seen.
async fn with_workspace(http: Http, environment: &Environment) -> Result<(Http, Workspaces), TrackingError> {
    // Who may not list them may still use them.
    let all = rest::workspaces(&http).await.unwrap_or_default();
    let default = || all.iter().find(|name| *name == sqlite::DEFAULT_WORKSPACE).or(all.first()).cloned();
    let chosen = environment.workspace.clone().or_else(default);
    let http = match &chosen {
        Some(workspace) => http.in_workspace(workspace)?,
        None => http,
    };
    Ok((http, Workspaces { chosen, all }))
}

const SERVER_INFO: &str = "api/3.0/mlflow/server-info";

/// `GET /api/3.0/mlflow/server-info`
#[derive(Deserialize)]
struct ServerInfo {
    store_type: Option<String>,
    #[serde(default)]
    workspaces_enabled: bool,
}

/// What the probes found besides the proof.
struct Found {
    version: Option<String>,
    says_ok: bool,
    is_server: bool,
}

fn version_in(reply: &Reply) -> Option<String> {
    let text = std::str::from_utf8(&reply.body).ok()?.trim();
    let is_version = reply.status == 200
        && text.len() <= 32
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.contains('.')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'));
    is_version.then(|| text.to_owned())
}

/// Statuses with which other servers answer a route they do not have.
fn is_no_route(status: u16) -> bool {
    (400..500).contains(&status) && status != 408 || status == 501
}

/// Says what answers instead, and where MLflow seems to be.
async fn no_mlflow(http: &Http, found: &Found, reason: &str, timeout: Duration) -> TrackingError {
    let label = http.uri().label();
    let reason = match (&found.version, found.says_ok) {
        (Some(version), true) => format!("{label} is MLflow {version}, too old to search experiments"),
        // `mlflow models serve` knows the route too.
        (Some(version), false) => {
            format!("{label} serves a model (MLflow {version}), it is no tracking server")
        }
        (None, _) => match other_base(http, timeout).await {
            Some(other) => format!("{label} answers with {reason}; try {other}"),
            None => format!("{label} answers with {reason}"),
        },
    };
    TrackingError::NotMlflow { reason }
}

/// Looks for MLflow at the root, where the root redirects to, and at the usual base path.
async fn other_base(http: &Http, timeout: Duration) -> Option<TrackingUri> {
    let root = http.uri().with_path("");
    let mut candidates = Vec::new();
    if http.uri().path().is_empty() {
        let page = http.probe("", timeout).await.ok()?;
        let target = page.location.filter(|target| root.trusts(target));
        candidates.extend(target.and_then(|target| TrackingUri::from_url(target).ok()));
        candidates.push(root.with_path("/mlflow"));
    } else {
        candidates.push(root);
    }
    for candidate in candidates {
        if candidate != *http.uri() && http.says_ok(&candidate, timeout).await {
            return Some(candidate);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn reply(status: u16, location: Option<&str>, body: &'static str) -> Reply {
        Reply {
            status,
            location: location.map(|location| location.parse().unwrap()),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[test]
    fn the_login_is_the_one_entered_then_the_uris_then_the_environments() {
        let environment = Environment::from_pairs([("MLFLOW_TRACKING_TOKEN", "env")]);
        let plain = TrackingUri::parse("http://h").unwrap();
        let with_login = TrackingUri::parse("http://ann:pw@h").unwrap();
        let ann = Credentials::Basic { user: "ann".into(), password: "pw".into() };
        let bearer = |token: &str| Credentials::Bearer(token.into());
        assert_eq!(credentials(&Login::Environment, &plain, &environment), bearer("env"));
        assert_eq!(credentials(&Login::Environment, &with_login, &environment), ann);
        assert_eq!(credentials(&Login::Anonymous, &plain, &environment), Credentials::None);
        assert_eq!(credentials(&Login::Anonymous, &with_login, &environment), ann);
        assert_eq!(credentials(&Login::Token("t".into()), &with_login, &environment), bearer("t"));
    }

    #[test]
    fn a_redirect_of_health_on_the_same_host_is_the_new_address() {
        let uri = TrackingUri::parse("http://host").unwrap();
        let moved = |location| moved_to(&uri, &reply(302, Some(location), "")).map(|uri| uri.to_string());
        assert_eq!(moved("https://host/health").as_deref(), Some("https://host"));
        assert_eq!(moved("http://host/mlflow/health").as_deref(), Some("http://host/mlflow"));
        assert_eq!(moved("https://sso.host/login"), None);
        assert_eq!(moved("https://elsewhere/health"), None);
        let tls = TrackingUri::parse("https://host").unwrap();
        assert_eq!(moved_to(&tls, &reply(302, Some("http://host/health"), "")), None);
        assert_eq!(moved("http://host:8080/health"), None);
        assert_eq!(moved("https://host:8443/health"), None);
        let port = TrackingUri::parse("http://host:5000").unwrap();
        assert_eq!(moved_to(&port, &reply(302, Some("https://host/health"), "")), None);
        assert_eq!(moved_to(&port, &reply(302, Some("https://host:5000/health"), "")), None);
    }

    #[test]
    fn a_version_is_short_and_has_digits() {
        assert_eq!(version_in(&reply(200, None, "3.17.2\n")).as_deref(), Some("3.17.2"));
        assert_eq!(version_in(&reply(200, None, "2.0.0.dev0")).as_deref(), Some("2.0.0.dev0"));
        for body in ["", "<html>", "OK", "12 monkeys. And more"] {
            assert_eq!(version_in(&reply(200, None, body)), None, "{body}");
        }
        assert_eq!(version_in(&reply(401, None, "3.17.2")), None);
    }

    #[tokio::test]
    async fn what_cannot_be_opened_is_refused_with_a_sentence() {
        let error = async |uri: &str| {
            let request = ConnectRequest { uri: uri.into(), ..Default::default() };
            connect(request, Arc::default()).await.err().unwrap()
        };
        assert!(matches!(error("").await, TrackingError::Local { .. }));
        assert!(matches!(error("mysql://db/mlflow").await, TrackingError::Unsupported { .. }));
        assert!(matches!(error("sqlite:///:memory:").await, TrackingError::Local { .. }));
        assert!(matches!(error("sqlite:////no/such/mlflow.db").await, TrackingError::Database { .. }));
        let folder = tempfile::tempdir().unwrap();
        let without_a_store = error(&folder.path().display().to_string()).await;
        assert!(matches!(without_a_store, TrackingError::Unsupported { .. }), "{without_a_store}");
    }
}
