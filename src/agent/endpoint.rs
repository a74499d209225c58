//! Where an agent is served, and how it is asked: the address as people type it, the token that goes with it, the
//! dialect, headers and certificates.

use std::fmt;
use std::time::Duration;

use url::{Host, Url};

use super::dialect::RequestDialect;
use super::error::AgentError;
use super::headers::{Header, SentHeader};
use super::request::RequestFields;
use super::tls::Tls;

/// A bearer token. Neither `Debug` nor an error ever shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Keeps `token` without the white space that pasting adds.
    pub fn new(token: &str) -> Self {
        Self(token.trim().to_owned())
    }

    /// The secret itself, for the one header that carries it.
    pub(in crate::agent) fn secret(&self) -> &str {
        &self.0
    }

    /// `text` without it, for what goes to disk: some servers quote the headers they were sent.
    pub fn scrubbed(&self, text: String) -> String {
        if self.0.len() < 4 || !text.contains(&self.0) { text } else { text.replace(&self.0, "…") }
    }

    /// How much of a growing text cannot be the beginning of the token, in bytes.
    pub fn settled(&self, text: &str) -> usize {
        let starts = self.0.char_indices().map(|(at, _)| at).filter(|at| *at > 0);
        let longest = starts.rev().find(|at| text.ends_with(&self.0[..*at])).unwrap_or(0);
        if self.0.len() < 4 { text.len() } else { text.len() - longest }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// An address that answers questions. Its query may hold a key, as in `?code=…`: it is sent, and shown,
/// remembered or copied nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
    token: Option<Token>,
    patience: Option<Duration>,
    dialect: RequestDialect,
    fields: RequestFields,
    headers: Vec<SentHeader>,
    tls: Tls,
}

impl Endpoint {
    /// Reads what a user typed. Without a scheme it is `http` for this machine, private addresses, single names and
    /// addresses with a port, else `https`; without a path it is `/invocations`, any other path stays.
    ///
    /// Errors: [`AgentError::Address`].
    pub fn parse(typed: &str) -> Result<Self, AgentError> {
        let typed = typed.trim().trim_matches(['"', '\'', '`']).trim();
        let bad = |why: &str| AgentError::Address { typed: shown(typed), why: why.to_owned() };
        if typed.is_empty() {
            return Err(bad("it is empty"));
        }
        let with_scheme = match typed.split_once("://") {
            Some(("http" | "https" | "HTTP" | "HTTPS", _)) => typed.to_owned(),
            Some(_) => return Err(bad("it has to begin with http:// or https://")),
            None => format!("{}://{typed}", guessed_scheme(typed)),
        };
        let mut url = Url::parse(&with_scheme).map_err(|error| bad(&error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("a user name or password has no place in it: use the token field"));
        }
        url.set_fragment(None);
        let path = url.path().to_owned();
        let dialect = RequestDialect::of_url(&url).unwrap_or_default();
        if path == "/" {
            url.set_path("/invocations");
        } else if is_databricks_endpoint(&path) {
            url.set_path(&format!("{}/invocations", path.trim_end_matches('/')));
        }
        Ok(Self {
            url,
            token: None,
            patience: None,
            dialect,
            fields: RequestFields::default(),
            headers: Vec::new(),
            tls: Tls::default(),
        })
    }

    /// The same address with a token; an empty one is none.
    pub fn with_token(self, token: Token) -> Self {
        Self { token: (!token.is_empty()).then_some(token), ..self }
    }

    /// The same address; a question waits no longer than this for the next byte of its answer.
    pub fn with_patience(self, patience: Option<Duration>) -> Self {
        Self { patience, ..self }
    }

    /// The same address, asked in this dialect. Without it, in the one that the address's end stands for.
    pub fn with_dialect(self, dialect: RequestDialect) -> Self {
        Self { dialect, ..self }
    }

    /// The same address; these go beside the conversation in every request.
    pub fn with_fields(self, fields: RequestFields) -> Self {
        Self { fields, ..self }
    }

    /// The same address; these headers go with every request. `variable` answers what an environment variable holds.
    pub fn with_headers(self, headers: &[Header], variable: impl Fn(&str) -> Option<String>) -> Self {
        let headers = headers.iter().map(|header| SentHeader::new(header.clone(), &variable)).collect();
        Self { headers, ..self }
    }

    /// The same address; its certificate is verified so.
    pub fn with_tls(self, tls: Tls) -> Self {
        Self { tls, ..self }
    }

    /// The same address without a token and without what headers take from the environment: nobody has addressed it
    /// yet.
    pub fn without_secrets(mut self) -> Self {
        self.token = None;
        self.headers.retain(|header| header.header.variable().is_none());
        self
    }

    /// In which vocabulary it is asked.
    pub fn dialect(&self) -> RequestDialect {
        self.dialect
    }

    /// What goes beside the conversation in every request.
    pub(in crate::agent) fn fields(&self) -> &RequestFields {
        &self.fields
    }

    /// The headers of its own.
    pub(in crate::agent) fn headers(&self) -> &[SentHeader] {
        &self.headers
    }

    /// How its certificate is verified.
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    /// Every secret that goes along: what must not reach the disk.
    pub fn secrets(&self) -> Vec<Token> {
        let held = self.headers.iter().filter_map(SentHeader::secret);
        self.token.iter().chain(held).cloned().collect()
    }

    /// How long a question waits for the next byte of its answer, if not as long as any.
    pub(in crate::agent) fn patience(&self) -> Option<Duration> {
        self.patience
    }

    /// Where the payload is posted, for requests alone: see [`Self::shown_url`].
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The address without its query, for everything that is shown, remembered or copied.
    pub fn shown_url(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.into()
    }

    /// Whether there is a query, of which [`Self::shown_url`] says nothing.
    pub fn has_query(&self) -> bool {
        self.url.query().is_some_and(|query| !query.is_empty())
    }

    /// The token, if any.
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// Host and port, as people name the server.
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Scheme, host and port: what a login is for.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Whether it is this machine: proxies are not asked then.
    pub fn is_loopback(&self) -> bool {
        self.url.host().is_some_and(|host| is_loopback(&host))
    }

    /// Whether the token would travel unencrypted over a network.
    pub fn exposes_token(&self) -> bool {
        self.token.is_some() && self.is_exposed()
    }

    /// The header whose secret would travel unencrypted over a network.
    pub fn exposed_header(&self) -> Option<&str> {
        let held = self.headers.iter().find(|header| header.secret().is_some());
        held.filter(|_| self.is_exposed()).map(|header| header.header.name.as_str())
    }

    /// Whether somebody in between could pose as the server: its certificate is not verified.
    pub fn is_unverified(&self) -> bool {
        self.tls.unverified && self.url.scheme() == "https"
    }

    /// Whether what is sent there travels unencrypted over a network.
    pub fn is_exposed(&self) -> bool {
        self.url.scheme() == "http" && !self.is_loopback()
    }

    /// Whether it is a Databricks serving endpoint, which has none of MLflow's health routes.
    pub fn is_databricks(&self) -> bool {
        self.url.path().contains("/serving-endpoints/")
    }

    /// The name of a Databricks serving endpoint: letters, digits, `-` and `_`.
    pub fn databricks_name(&self) -> Option<&str> {
        let (_, rest) = self.url.path().split_once("/serving-endpoints/")?;
        rest.split('/').next().filter(|name| !name.is_empty())
    }

    /// Routes of the server whose gateway this is, if it is one: `…/gateway/<name>/invocations`,
    /// `…/gateway/mlflow/v1/chat/completions`.
    pub(in crate::agent) fn gateway_root(&self) -> Option<impl Fn(&str) -> Url> {
        let (base, _) = self.url.path().split_once("/gateway/")?;
        let base = base.to_owned();
        let mut url = self.url.clone();
        url.set_query(None);
        Some(move |route: &str| {
            let mut url = url.clone();
            url.set_path(&format!("{base}{route}"));
            url
        })
    }

    /// A sibling of the endpoint: the base path, which a reverse proxy may have added, and `route`.
    pub(in crate::agent) fn sibling(&self, route: &str) -> Url {
        let path = self.url.path().trim_end_matches('/');
        let ends = ["/invocations", "/responses", "/chat/completions"];
        let base = ends.iter().find_map(|end| path.strip_suffix(end)).unwrap_or("");
        let mut url = self.url.clone();
        url.set_query(None);
        url.set_path(&format!("{base}{route}"));
        url
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("url", &self.shown_url())
            .field("token", &self.token)
            .field("patience", &self.patience)
            .field("dialect", &self.dialect)
            .field("headers", &self.headers)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// What was typed, without what may be a password or a key in it.
fn shown(typed: &str) -> String {
    let end = typed.find(['?', '#']).unwrap_or(typed.len());
    let (address, rest) = typed.split_at(end);
    if rest.contains('@') {
        // A password with a `?` in it, or a query with an `@`: nobody can tell.
        return "…".to_owned();
    }
    let address =
        address.rsplit_once('@').map_or_else(|| address.to_owned(), |(_, host)| format!("…@{host}"));
    if rest.is_empty() { address } else { format!("{address}?…") }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback() || address.is_unspecified(),
        Host::Ipv6(address) => address.is_loopback() || address.is_unspecified(),
    }
}

fn guessed_scheme(typed: &str) -> &'static str {
    let Ok(url) = Url::parse(&format!("http://{typed}")) else { return "http" };
    let near = match url.host() {
        Some(Host::Domain(name)) => !name.contains('.') || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => {
            address.is_loopback() || address.is_private() || address.is_unspecified()
        }
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unique_local(),
        None => true,
    };
    match url.port() {
        Some(443) => "https",
        Some(_) => "http",
        None if near => "http",
        None => "https",
    }
}

/// `/serving-endpoints/<name>`, as copied from the browser.
fn is_databricks_endpoint(path: &str) -> bool {
    let mut segments = path.trim_matches('/').split('/');
    segments.next() == Some("serving-endpoints") && segments.next().is_some() && segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn becomes(typed: &str, expected: &str) {
        assert_eq!(Endpoint::parse(typed).unwrap().url().as_str(), expected);
    }

    #[test]
    fn what_people_type() {
        becomes("localhost:5001", "http://localhost:5001/invocations");
        becomes(" 'http://localhost:5001/' ", "http://localhost:5001/invocations");
        becomes("127.0.0.1:5001/responses", "http://127.0.0.1:5001/responses");
        becomes("[::1]:5001", "http://[::1]:5001/invocations");
        becomes("http://host/mlflow/invocations#x", "http://host/mlflow/invocations");
        becomes("https://host/agents/a?version=3", "https://host/agents/a?version=3");
        becomes("gpu-box:8000", "http://gpu-box:8000/invocations");
        becomes("agents.example.com", "https://agents.example.com/invocations");
        becomes("agents.example.com:8443/x", "http://agents.example.com:8443/x");
        becomes("10.0.0.7", "http://10.0.0.7/invocations");
        becomes(
            "adb-1.azuredatabricks.net/serving-endpoints/my-agent",
            "https://adb-1.azuredatabricks.net/serving-endpoints/my-agent/invocations",
        );
        becomes("https://h/serving-endpoints/a/invocations", "https://h/serving-endpoints/a/invocations");
        becomes("https://h/api/serving-endpoints/a/responses", "https://h/api/serving-endpoints/a/responses");
    }

    #[test]
    fn what_cannot_be_an_address_says_why() {
        for typed in ["", "  ", "ftp://host/x", "http://", "http://host:99999/", "local host:1"] {
            assert!(Endpoint::parse(typed).is_err(), "{typed:?}");
        }
        let error = Endpoint::parse("http://ann:hunter2@host/").unwrap_err().to_string();
        assert!(error.contains("token field") && !error.contains("hunter2"));
    }

    #[test]
    fn neither_password_nor_query_is_shown() {
        assert_eq!(shown("http://u:p@ss@h/x"), "…@h/x");
        assert_eq!(shown("ftp://h/x?code=K"), "ftp://h/x?…");
        assert_eq!(shown("http://u:p?s@h"), "…");
        assert_eq!(shown("http://u:p@h/?code=K@Y"), "…");
        assert_eq!(shown("http://u:p@h/#a"), "…@h/?…");
        let endpoint = Endpoint::parse("https://h/agents/a?code=KEY").unwrap();
        assert_eq!(endpoint.shown_url(), "https://h/agents/a");
        assert!(endpoint.has_query() && !format!("{endpoint:?}").contains("KEY"));
        assert!(!Endpoint::parse("https://h/x?").unwrap().has_query());
    }

    #[test]
    fn the_token_is_never_shown() {
        let endpoint = Endpoint::parse("localhost:1").unwrap().with_token(Token::new(" s3cret\n"));
        assert_eq!(endpoint.token().map(Token::secret), Some("s3cret"));
        assert!(!format!("{endpoint:?}").contains("s3cret"));
        assert!(Endpoint::parse("localhost:1").unwrap().with_token(Token::new(" ")).token().is_none());
    }

    #[test]
    fn tokens_over_plain_http_are_noticed() {
        let with_token = |typed| Endpoint::parse(typed).unwrap().with_token(Token::new("t"));
        assert!(with_token("http://agents.example.com").exposes_token());
        assert!(!with_token("https://agents.example.com").exposes_token());
        assert!(!with_token("localhost:5001").exposes_token());
    }

    #[test]
    fn siblings_keep_the_base_path() {
        let ping = |typed| Endpoint::parse(typed).unwrap().sibling("/ping").to_string();
        assert_eq!(ping("localhost:5001"), "http://localhost:5001/ping");
        assert_eq!(ping("https://h/agents/a/invocations/?x=1"), "https://h/agents/a/ping");
        assert_eq!(ping("https://h/agents/a"), "https://h/ping");
        assert_eq!(ping("https://h/v1/chat/completions"), "https://h/v1/ping");
        let gateway = Endpoint::parse("https://h/mlflow/gateway/chat/invocations").unwrap();
        assert_eq!(gateway.gateway_root().unwrap()("/health").as_str(), "https://h/mlflow/health");
    }
}
