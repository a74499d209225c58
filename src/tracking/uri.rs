//! Tracking URIs: what a person types or pastes, made into the base address of a server.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use super::shown::{unquoted, without_login};
use super::{Secret, TrackingError};

/// The base address of a tracking server over HTTP, without user, password, query or trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackingUri {
    base: Url,
    login: Option<(String, Secret)>,
}

/// Why a text is no address of a tracking server.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum UriError {
    /// Nothing was entered.
    #[error("Enter the address of a tracking server, e.g. http://127.0.0.1:5000")]
    Empty,
    /// `databricks`, `databricks://profile`: [`DatabricksUri`](super::DatabricksUri) reads these.
    #[error("This names a profile of ~/.databrickscfg, no address")]
    Databricks,
    /// `uc:http://…`, `databricks-uc`
    #[error(
        "A Unity Catalog holds models and no runs. Open the workspace, as in databricks://profile, or an MLflow server"
    )]
    UnityCatalog,
    /// A database, SQLite among them.
    #[error(
        "Opening a database comes in a later version; start `mlflow server --backend-store-uri {uri}` and open its \
         address"
    )]
    Database {
        /// Its scheme and host; of SQLite, its file.
        uri: String,
    },
    /// `file:` or a plain path.
    #[error(
        "Opening a folder comes in a later version; start `mlflow server --backend-store-uri {path}` and open its \
         address"
    )]
    Path {
        /// As entered, without login and query.
        path: String,
    },
    /// Any other scheme.
    #[error("{scheme}: is not a tracking server's scheme; http and https are")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// Not an address at all.
    #[error("This is not an address: {reason}")]
    Invalid {
        /// What the parser says.
        reason: String,
    },
}

impl From<UriError> for TrackingError {
    fn from(error: UriError) -> Self {
        let what = error.to_string();
        match error {
            UriError::Empty | UriError::Invalid { .. } | UriError::Scheme { .. } => Self::Local { what },
            _ => Self::Unsupported { what },
        }
    }
}

impl TrackingUri {
    /// Reads what was typed or pasted.
    ///
    /// - The base path is kept; trailing slashes, the UI's `#/experiments/3`, queries and API paths are cut off.
    /// - Without a scheme, a host name with a dot and no port (or port 443 or 8443) is taken as `https`, as servers
    ///   with a name stand behind TLS; `localhost`, an IP address, a short name or any other port is `http`, as
    ///   `mlflow server` prints it.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let text = unquoted(text);
        if text.is_empty() {
            return Err(UriError::Empty);
        }
        if let Some(error) = other_store(text) {
            return Err(error);
        }
        let has_scheme = text.contains("://");
        let invalid = |error: url::ParseError| UriError::Invalid { reason: error.to_string() };
        let mut url = if has_scheme {
            Url::parse(text).map_err(invalid)?
        } else {
            Url::parse(&format!("http://{text}")).map_err(invalid)?
        };
        if !has_scheme && looks_like_tls(text, &url) {
            url = Url::parse(&format!("https://{text}")).map_err(invalid)?;
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(UriError::Scheme { scheme: url.scheme().to_owned() });
        }
        Self::from_url(url)
    }

    /// Cuts a full URL down to a base address.
    pub(super) fn from_url(mut url: Url) -> Result<Self, UriError> {
        if url.host_str().is_none_or(str::is_empty) {
            return Err(UriError::Invalid { reason: "it has no host".to_owned() });
        }
        let login = (!url.username().is_empty() || url.password().is_some()).then(|| {
            let password = url.password().map(percent_decoded).unwrap_or_default();
            (percent_decoded(url.username()), Secret::from(password))
        });
        // These fail only for URLs without a host.
        if url.set_username("").is_err() || url.set_password(None).is_err() {
            return Err(UriError::Invalid { reason: "it has no host".to_owned() });
        }
        url.set_query(None);
        url.set_fragment(None);
        let path = base_path(url.path()).to_owned();
        url.set_path(&path);
        Ok(Self { base: url, login })
    }

    /// User and password that stood in the URI.
    pub fn login(&self) -> Option<(&str, &Secret)> {
        self.login.as_ref().map(|(user, password)| (user.as_str(), password))
    }

    /// Host, port (if not the scheme's own) and base path: how a person names the server.
    pub fn label(&self) -> String {
        format!("{}{}", self.host_header(), self.base.path().trim_end_matches('/'))
    }

    /// Host and port, the latter always.
    pub fn address(&self) -> String {
        let port = self.base.port_or_known_default().unwrap_or(80);
        format!("{}:{port}", self.base.host_str().unwrap_or_default())
    }

    /// The host name.
    pub fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    /// What is sent as `Host`.
    pub fn host_header(&self) -> String {
        match self.base.port() {
            Some(port) => format!("{}:{port}", self.host()),
            None => self.host().to_owned(),
        }
    }

    /// Whether it is `https`.
    pub fn is_tls(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        match self.base.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            None => false,
        }
    }

    /// The URL of a route below the base: `path` is split at its slashes, `{id}` stands for `id`, encoded.
    pub(super) fn route(&self, path: &str, id: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            segments.extend(path.split('/').map(|part| if part == "{id}" { id } else { part }));
        }
        url
    }

    /// The same server with another base path.
    pub(super) fn with_path(&self, path: &str) -> Self {
        let mut other = self.clone();
        other.base.set_path(path.trim_end_matches('/'));
        other
    }

    /// The same address behind TLS, on the same port; none if it is.
    pub(super) fn with_tls(&self) -> Option<Self> {
        let port = self.base.port_or_known_default();
        let mut other = self.clone();
        (other.base.scheme() == "http").then_some(())?;
        other.base.set_scheme("https").ok()?;
        other.base.set_port(port).ok()?;
        Some(other)
    }

    /// The base path, without slashes at its end; empty for none.
    pub(super) fn path(&self) -> &str {
        self.base.path().trim_end_matches('/')
    }

    /// Whether a redirect to `target` stays with this server: same host, scheme and port, or from plain HTTP to TLS, both
    /// on their default ports. Another port may be anybody's, and plain HTTP would tell the login to everybody.
    pub(super) fn trusts(&self, target: &Url) -> bool {
        let upgrade = (self.base.scheme(), target.scheme()) == ("http", "https")
            && (self.base.port(), target.port()) == (None, None)
            && self.base.host() == target.host();
        upgrade || self.base.origin() == target.origin()
    }

    /// Whether a store opened by this address may be the one at `server`, which may have sent on to another path or to
    /// TLS.
    pub(super) fn leads_to(&self, server: &Self) -> bool {
        self.trusts(&server.base)
    }

    /// Where a `Location` header of an answer to `url` points.
    pub(super) fn resolve(url: &Url, location: &str) -> Option<Url> {
        url.join(location).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
    }
}

impl fmt::Display for TrackingUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base.as_str().trim_end_matches('/'))
    }
}

/// Recognises the URIs of stores that are no HTTP servers.
fn other_store(text: &str) -> Option<UriError> {
    let lower = text.to_ascii_lowercase();
    if lower == "databricks" || lower.starts_with("databricks:") {
        return Some(UriError::Databricks);
    }
    let names = |scheme: &str| {
        lower.strip_prefix(scheme).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    if names("uc") || names("databricks-uc") {
        return Some(UriError::UnityCatalog);
    }
    let scheme = lower.split_once(':').map_or("", |(scheme, _)| scheme);
    let dialect = scheme.split('+').next().unwrap_or_default();
    if matches!(dialect, "sqlite" | "mysql" | "postgresql" | "postgres" | "mssql") && !is_port(text) {
        return Some(UriError::Database { uri: without_login(text) });
    }
    if scheme == "file" && !is_port(text) {
        return Some(UriError::Path { path: without_login(text) });
    }
    is_path(text).then(|| UriError::Path { path: without_login(text) })
}

/// Whether what follows the first colon is a port, as in `mysql:5000`: a host of that name.
fn is_port(text: &str) -> bool {
    let rest = text.split_once(':').map_or("", |(_, rest)| rest);
    let port = rest.split('/').next().unwrap_or_default();
    !port.is_empty() && port.chars().all(|c| c.is_ascii_digit())
}

fn is_path(text: &str) -> bool {
    if text.contains("://") {
        return false;
    }
    let drive = text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic();
    let first = text.split(['/', '\\']).next().unwrap_or_default();
    drive && matches!(text.as_bytes().get(2), Some(b'\\' | b'/'))
        || text.contains('\\')
        || text.starts_with(['/', '.', '~'])
        || matches!(first, "mlruns" | "mlflow.db")
        || [".db", ".sqlite", ".sqlite3"].iter().any(|end| text.to_ascii_lowercase().ends_with(end))
}

fn looks_like_tls(text: &str, url: &Url) -> bool {
    // `host:80` loses its port when it is read as http.
    let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    match url.port() {
        Some(443 | 8443) => true,
        Some(_) => false,
        None if host.ends_with(":80") => false,
        None => match url.host() {
            Some(Host::Domain(name)) => {
                name.contains('.') && !name.ends_with(".localhost") && name.parse::<IpAddr>().is_err()
            }
            _ => false,
        },
    }
}

/// What is left of a path when the pages and routes of MLflow itself are cut off.
fn base_path(path: &str) -> &str {
    let mut base = path;
    for route in ["/api/2.0/", "/api/3.0/", "/ajax-api/", "/static-files/", "/get-artifact", "/index.html"] {
        if let Some(at) = base.find(route) {
            base = &base[..at];
        }
    }
    base.trim_end_matches('/')
}

pub(super) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            decoded.push(byte);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> String {
        TrackingUri::parse(text).unwrap().to_string()
    }

    #[test]
    fn what_is_typed_becomes_a_base_address() {
        for (typed, expected) in [
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
            (" http://127.0.0.1:5000/ ", "http://127.0.0.1:5000"),
            ("localhost:5000", "http://localhost:5000"),
            ("localhost", "http://localhost"),
            ("mlflow:5000", "http://mlflow:5000"),
            ("mysql:5000", "http://mysql:5000"),
            ("mlflow.example.com", "https://mlflow.example.com"),
            ("example.com/mlflow", "https://example.com/mlflow"),
            ("example.com:8080/mlflow/", "http://example.com:8080/mlflow"),
            ("example.com:80", "http://example.com"),
            ("example.com:443", "https://example.com"),
            ("10.1.2.3/mlflow", "http://10.1.2.3/mlflow"),
            ("[::1]:5000", "http://[::1]:5000"),
            ("https://host/team/mlflow/#/experiments/3?x=1", "https://host/team/mlflow"),
            ("http://localhost:5000/#/models/a%20b/versions/7", "http://localhost:5000"),
            ("https://host/mlflow/ajax-api/2.0/mlflow/runs/get?run_id=1", "https://host/mlflow"),
            ("https://host/a%20b/", "https://host/a%20b"),
            ("HTTP://Host:5000", "http://host:5000"),
        ] {
            assert_eq!(base(typed), expected, "{typed}");
        }
    }

    #[test]
    fn a_login_in_the_address_is_taken_and_not_shown() {
        let uri = TrackingUri::parse("https://ann:p%40ss%20w@host:8080/mlflow").unwrap();
        let (user, password) = uri.login().unwrap();
        assert_eq!((user, password.expose()), ("ann", "p@ss w"));
        assert_eq!(uri.to_string(), "https://host:8080/mlflow");
        assert_eq!(uri.label(), "host:8080/mlflow");
        assert!(!format!("{uri:?}").contains("p@ss"));
        assert_eq!(base("ann:pw@example.com"), "https://example.com");
    }

    #[test]
    fn other_stores_are_named() {
        let error = |text: &str| TrackingUri::parse(text).unwrap_err();
        assert_eq!(error("  "), UriError::Empty);
        for uri in ["databricks", "databricks://profile"] {
            assert_eq!(error(uri), UriError::Databricks, "{uri}");
        }
        for uri in ["uc", "uc:http://host", "databricks-uc", "databricks-uc://p"] {
            assert_eq!(error(uri), UriError::UnityCatalog, "{uri}");
        }
        assert_eq!(error("uc:http://host:8080"), UriError::UnityCatalog);
        assert_eq!(
            error("sqlite:////home/ann/mlflow.db").to_string(),
            "Opening a database comes in a later version; start `mlflow server --backend-store-uri \
             sqlite:////home/ann/mlflow.db` and open its address"
        );
        assert_eq!(
            error("mysql+pymysql://u:p@ss@db:3306/m"),
            UriError::Database { uri: "mysql+pymysql://db:3306".into() }
        );
        for path in ["file:///tmp/mlruns", "./mlruns", "mlruns", "/tmp/x", "~/x", "C:\\mlruns", "mlflow.db"] {
            assert_eq!(error(path), UriError::Path { path: path.into() }, "{path}");
        }
        assert_eq!(error("s3://bucket"), UriError::Scheme { scheme: "s3".into() });
        assert!(matches!(error("http://"), UriError::Invalid { .. }));
        assert!(matches!(error("http://a b"), UriError::Invalid { .. }));
    }

    #[test]
    fn no_refusal_tells_a_password() {
        for text in [
            "mysql+pymysql://ann:top/secret@db/m",
            "mysql+pymysql://ann:top?secret@db/m",
            "postgres:secret@host:5000",
            "postgresql://db/m?user=ann&password=secret",
            "postgresql://db/m?password=top@secret",
            "sqlite:///mlflow.db?key=secret",
            "sqlite+pysqlcipher://:secret@/mlflow.db",
            "ann:secret@host/mlflow.db",
            "ann:top\\secret@host",
            "file://ann:secret@host/x",
            "http://ann:top/secret@host",
            "s3://ann:secret@bucket",
        ] {
            let error = TrackingUri::parse(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{text}: {error}");
            assert!(!format!("{error} {error:?}").contains("ann"), "{text}: {error}");
        }
    }

    #[test]
    fn routes_are_joined_below_the_base_path_and_ids_are_encoded() {
        let uri = TrackingUri::parse("http://host/mlflow").unwrap();
        assert_eq!(
            uri.route("api/2.0/mlflow/logged-models/{id}", "m/../1 ?").as_str(),
            "http://host/mlflow/api/2.0/mlflow/logged-models/m%2F..%2F1%20%3F"
        );
        assert_eq!(
            TrackingUri::parse("host:1").unwrap().route("health", "").as_str(),
            "http://host:1/health"
        );
    }

    #[test]
    fn addresses_name_host_and_port() {
        let uri = TrackingUri::parse("https://host/mlflow").unwrap();
        assert_eq!((uri.address().as_str(), uri.host_header().as_str()), ("host:443", "host"));
        assert!(uri.is_tls() && !uri.is_loopback() && uri.with_tls().is_none());
        let plain = TrackingUri::parse("http://host/mlflow").unwrap();
        assert_eq!(plain.with_tls().map(|uri| uri.to_string()).as_deref(), Some("https://host:80/mlflow"));
        for local in ["localhost:5000", "127.0.0.1", "[::1]:80", "a.localhost"] {
            assert!(TrackingUri::parse(local).unwrap().is_loopback(), "{local}");
        }
    }
}
