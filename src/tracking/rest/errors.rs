//! Every way in which an HTTP exchange fails, mapped to one [`TrackingError`].

use std::error::Error as _;
use std::io;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Deserialize;

use super::wire;
use crate::tracking::shown::without_login;
use crate::tracking::{ErrorCode, TrackingError};

/// Longest text that is taken from a page of unknown origin, in characters.
const DETAIL_CHARS: usize = 160;

/// What is known about a request that failed.
#[derive(Debug)]
pub(super) struct Failure {
    /// What is shown.
    pub error: TrackingError,
    /// When the server wants to be asked again.
    pub retry_after: Option<Duration>,
    /// How far the request got.
    pub progress: Progress,
}

/// How far a request got before it failed: decides whether a write may have taken effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// No byte of it was sent.
    NotSent,
    /// The server refused it: it had no effect.
    Refused,
    /// It may have taken effect.
    Unknown,
}

impl Failure {
    fn new(error: TrackingError, progress: Progress) -> Self {
        Self { error, retry_after: None, progress }
    }

    /// A request that could not be made.
    pub fn not_sent(error: TrackingError) -> Self {
        Self::new(error, Progress::NotSent)
    }

    /// An answer that arrived with a good status and cannot be read.
    pub fn unreadable(reason: String) -> Self {
        Self::new(TrackingError::NotMlflow { reason }, Progress::Unknown)
    }

    /// The error of a write, which is never resent: what may have taken effect is said to be unknown.
    pub fn of_write(self) -> TrackingError {
        match self.progress {
            Progress::NotSent | Progress::Refused => self.error,
            Progress::Unknown => TrackingError::OutcomeUnknown { reason: self.error.to_string() },
        }
    }
}

/// Whom was asked and for how long.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// Host and port.
    pub address: String,
    /// What was sent as `Host`.
    pub host_header: String,
    /// Whether TLS is spoken.
    pub tls: bool,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long the server may be silent.
    pub read_timeout: Duration,
}

impl Peer {
    /// A request for which no answer, or only a part of one, came.
    pub fn transport_failure(&self, error: &reqwest::Error) -> Failure {
        let address = self.address.clone();
        if error.is_builder() {
            let what = format!("The request cannot be made: {}", innermost(error));
            return Failure::new(TrackingError::Local { what }, Progress::NotSent);
        }
        if !error.is_connect() {
            let error = if error.is_timeout() {
                TrackingError::Timeout { address, after: self.read_timeout }
            } else if speaks_no_http(error) {
                TrackingError::NotMlflow { reason: format!("{address} does not speak HTTP") }
            } else if error.is_decode() && !is_io(error) {
                TrackingError::NotMlflow { reason: innermost(error) }
            } else {
                TrackingError::Connection { address, reason: lost_reason(error) }
            };
            return Failure::new(error, Progress::Unknown);
        }
        let error = if error.is_dns() {
            TrackingError::UnknownHost { host: host_of(&address) }
        } else if error.is_timeout() {
            TrackingError::Timeout { address, after: self.connect_timeout }
        } else if io_kind(error) == Some(io::ErrorKind::ConnectionRefused) {
            TrackingError::Refused { address }
        } else if self.tls && is_tls(error) {
            TrackingError::Tls { address, reason: tls_reason(error) }
        } else {
            TrackingError::Connection { address, reason: innermost(error) }
        };
        Failure::new(error, Progress::NotSent)
    }

    /// An answer whose status is not 2xx.
    pub fn status_failure(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
        let json = mlflow_error(body);
        let retry_after = retry_after(headers);
        let progress = progress(status, json.is_some());
        let code = status.as_u16();
        let error = match (code, json) {
            (401, _) => TrackingError::Unauthorized { scheme: auth_scheme(headers) },
            (429, _) => TrackingError::RateLimited { retry_after },
            (_, Some((name, message))) => {
                TrackingError::Mlflow { code: ErrorCode::parse(&name), message, status: code }
            }
            (403, None) if starts_with(body, "Invalid Host header") => {
                TrackingError::HostNotAllowed { host: self.host_header.clone() }
            }
            (403, None) => TrackingError::Forbidden {
                message: page_detail(headers, body)
                    .unwrap_or_else(|| "the server gives no reason".to_owned()),
            },
            (300..=399, None) => TrackingError::NotMlflow { reason: self.redirect_reason(headers) },
            _ => TrackingError::Http { status: code, detail: page_detail(headers, body) },
        };
        Failure { error, retry_after, progress }
    }

    fn redirect_reason(&self, headers: &HeaderMap) -> String {
        let target = headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // The query of a login page may hold a one-time code, and what stands before the host a password.
        let target = match target.strip_prefix("//") {
            Some(_) => without_login(&format!("https:{target}")),
            None => without_login(target),
        };
        let target = short(target.split('#').next().unwrap_or_default());
        if target.is_empty() {
            format!("{} redirects elsewhere", self.host_header)
        } else {
            format!("{} redirects to {target}", self.host_header)
        }
    }
}

fn progress(status: StatusCode, mlflow: bool) -> Progress {
    // MLflow's own errors and whatever a front refuses have no effect. After a gateway's error, a lost database, or
    // a 5xx that MLflow did not write, the change may have been made.
    let gave_up = matches!(status.as_u16(), 408 | 502 | 503 | 504);
    if gave_up || status.is_server_error() && !mlflow { Progress::Unknown } else { Progress::Refused }
}

/// What to say about a 2xx answer that is not the JSON expected.
pub(super) fn unexpected_body(headers: &HeaderMap, body: &[u8], error: &serde_json::Error) -> String {
    if is_html(headers, body) {
        return match html_title(body) {
            Some(title) => format!("a web page, “{title}”"),
            None => "a web page".to_owned(),
        };
    }
    if body.is_empty() {
        return "nothing".to_owned();
    }
    match error.classify() {
        serde_json::error::Category::Data => format!("JSON of another shape ({})", short(&error.to_string())),
        _ => match first_line(body) {
            Some(line) if line.starts_with(['{', '[']) => {
                format!("broken JSON ({})", short(&error.to_string()))
            }
            Some(line) => format!("“{line}”"),
            None => "something unreadable".to_owned(),
        },
    }
}

/// The page's title or first line.
pub(super) fn page_detail(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    if is_html(headers, body)
        && let Some(title) = html_title(body)
    {
        return Some(title);
    }
    if let Ok(Detail { detail }) = serde_json::from_slice(body) {
        return Some(short(&detail)).filter(|detail| !detail.is_empty());
    }
    first_line(body)
}

/// The errors of `FastAPI`, and those of many proxies.
#[derive(Deserialize)]
struct Detail {
    #[serde(alias = "message", alias = "error")]
    detail: String,
}

/// `error_code` and `message` of MLflow's error JSON.
fn mlflow_error(body: &[u8]) -> Option<(String, String)> {
    #[derive(Deserialize)]
    struct WireError {
        #[serde(deserialize_with = "wire::text")]
        error_code: String,
        #[serde(default, deserialize_with = "wire::text")]
        message: String,
    }
    let error: WireError = serde_json::from_slice(body).ok()?;
    (!error.error_code.is_empty()).then_some((error.error_code, error.message))
}

fn is_html(headers: &HeaderMap, body: &[u8]) -> bool {
    let html_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("text/html"));
    let start = body.trim_ascii_start();
    // MLflow sends plain text as text/html.
    start.starts_with(b"<") || html_type && find_ignoring_case(body, b"<html").is_some()
}

fn html_title(body: &[u8]) -> Option<String> {
    let start = find_ignoring_case(body, b"<title")?;
    let rest = &body[start..];
    let rest = &rest[rest.iter().position(|&byte| byte == b'>')? + 1..];
    let end = find_ignoring_case(rest, b"</title")?;
    let title = String::from_utf8_lossy(&rest[..end]);
    let title = short(&title.split_whitespace().collect::<Vec<_>>().join(" "));
    (!title.is_empty()).then_some(title)
}

fn find_ignoring_case(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle))
}

fn first_line(body: &[u8]) -> Option<String> {
    let start = &body[..body.len().min(4096)];
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // A character may be cut in two at the end; anything else is no text.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).ok()?
        }
        Err(_no_text) => return None,
    };
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).map(short)?;
    (!line.is_empty()).then_some(line)
}

fn starts_with(body: &[u8], text: &str) -> bool {
    body.trim_ascii_start().starts_with(text.as_bytes())
}

/// One short line without control characters.
fn short(text: &str) -> String {
    let mut line: String = text.chars().filter(|c| !c.is_control()).take(DETAIL_CHARS + 1).collect();
    if line.chars().count() > DETAIL_CHARS {
        line.pop();
        line.push('…');
    }
    line.trim().to_owned()
}

fn auth_scheme(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(WWW_AUTHENTICATE)?.to_str().ok()?;
    value.split_whitespace().next().map(|scheme| short(scheme.trim_end_matches(',')))
}

/// `Retry-After`: seconds or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    let millis = date.as_millisecond().saturating_sub(jiff::Timestamp::now().as_millisecond());
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or_default()))
}

fn host_of(address: &str) -> String {
    address.rsplit_once(':').map_or(address, |(host, _)| host).to_owned()
}

/// The cause below all causes, in one line. Never a URL with a query.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if cause.is::<reqwest::Error>() { "no cause given".to_owned() } else { short(&cause.to_string()) }
}

fn lost_reason(error: &reqwest::Error) -> String {
    match io_kind(error) {
        Some(io::ErrorKind::ConnectionReset) => "reset by the server".to_owned(),
        Some(io::ErrorKind::UnexpectedEof) => "it ended in the middle of the answer".to_owned(),
        _ => innermost(error),
    }
}

fn is_io(error: &reqwest::Error) -> bool {
    io_kind(error).is_some_and(|kind| !matches!(kind, io::ErrorKind::Other | io::ErrorKind::InvalidData))
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut cause = error.source();
    let mut kind = None;
    while let Some(error) = cause {
        // The deepest one tells the most.
        kind = error.downcast_ref::<io::Error>().map(io::Error::kind).or(kind);
        cause = error.source();
    }
    kind
}

fn is_tls(error: &reqwest::Error) -> bool {
    io_kind(error).is_some_and(|kind| {
        // rustls reports its errors as invalid data, a peer that hangs up during the handshake as an early end.
        matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other)
    }) || innermost(error).contains("certificate")
}

/// hyper tells these apart in words only: something else than an answer came, or came before the question.
fn speaks_no_http(error: &reqwest::Error) -> bool {
    let reason = innermost(error);
    reason.contains("invalid HTTP") || reason.contains("unexpected message")
}

fn tls_reason(error: &reqwest::Error) -> String {
    let reason = innermost(error);
    if reason.ends_with("UnknownIssuer") {
        return "its certificate is signed by an authority that this machine does not know".to_owned();
    }
    if reason.contains("InvalidContentType") || reason.contains("corrupt message") {
        return "the server speaks no TLS on this port, http may be right".to_owned();
    }
    reason
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn peer() -> Peer {
        Peer {
            address: "mlflow.company.com:5600".into(),
            host_header: "mlflow.company.com:5600".into(),
            tls: false,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_mins(2),
        }
    }

    fn failure(status: u16, headers: &[(HeaderName, &str)], body: &str) -> Failure {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect();
        peer().status_failure(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes())
    }

    const HTML: (HeaderName, &str) = (CONTENT_TYPE, "text/html; charset=utf-8");

    #[test]
    fn mlflows_json_is_kept_with_its_code() {
        let body = r#"{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No Experiment with id=99999 exists", "sqlstate": "KAM00", "error_class": "RESOURCE_NOT_FOUND"}"#;
        let failure = failure(404, &[], body);
        assert_eq!(failure.progress, Progress::Refused);
        assert!(failure.error.is_not_found());
        assert_eq!(failure.error.to_string(), "No Experiment with id=99999 exists");
        let failure = super::tests::failure(
            500,
            &[],
            r#"{"error_code":"FEATURE_DISABLED","message":"Workspace APIs"}"#,
        );
        assert!(matches!(
            failure.error,
            TrackingError::Mlflow { code: ErrorCode::FeatureDisabled, status: 500, .. }
        ));
    }

    #[test]
    fn logins_and_permissions_come_as_plain_text_called_html() {
        let text = "You are not authenticated. Please see https://www.mlflow.org/docs/latest/auth/index.html";
        let unauthorized = failure(401, &[HTML, (WWW_AUTHENTICATE, "Basic realm=\"mlflow\"")], text);
        assert_eq!(unauthorized.error, TrackingError::Unauthorized { scheme: Some("Basic".into()) });
        let forbidden = failure(403, &[HTML], "Permission denied");
        assert_eq!(forbidden.error, TrackingError::Forbidden { message: "Permission denied".into() });
        let host = failure(403, &[], "Invalid Host header - possible DNS rebinding attack detected");
        assert_eq!(host.error, TrackingError::HostNotAllowed { host: "mlflow.company.com:5600".into() });
    }

    #[test]
    fn pages_are_reduced_to_their_title() {
        let page = "<!doctype html>\n<html lang=en>\n<title>404 Not\n Found</title>\n<h1>Not Found</h1>";
        let detail = |failure: Failure| match failure.error {
            TrackingError::Http { detail, .. } => detail.unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(detail(failure(404, &[HTML], page)), "404 Not Found");
        assert_eq!(detail(failure(502, &[], "upstream is down\nreally")), "upstream is down");
        assert_eq!(detail(failure(404, &[], r#"{"detail":"Not Found"}"#)), "Not Found");
        assert_eq!(detail(failure(500, &[], &"x".repeat(5000))).chars().count(), DETAIL_CHARS + 1);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let limited = |value| failure(429, &[(RETRY_AFTER, value)], "").error;
        assert_eq!(limited("7"), TrackingError::RateLimited { retry_after: Some(Duration::from_secs(7)) });
        assert_eq!(
            limited("Wed, 21 Oct 2015 07:28:00 GMT"),
            TrackingError::RateLimited { retry_after: Some(Duration::ZERO) }
        );
        assert_eq!(limited("soon"), TrackingError::RateLimited { retry_after: None });
    }

    #[test]
    fn only_a_write_that_was_surely_refused_says_why() {
        let outcome = |status, body| failure(status, &[], body).of_write();
        assert!(matches!(outcome(404, "gone"), TrackingError::Http { status: 404, .. }));
        assert!(matches!(outcome(403, "no"), TrackingError::Forbidden { .. }));
        assert!(matches!(outcome(302, ""), TrackingError::NotMlflow { .. }));
        assert!(matches!(
            outcome(500, r#"{"error_code":"INTERNAL_ERROR","message":"x"}"#),
            TrackingError::Mlflow { .. }
        ));
        for status in [408, 500, 502, 503, 504] {
            assert!(matches!(outcome(status, "<html>"), TrackingError::OutcomeUnknown { .. }), "{status}");
        }
        let locked = r#"{"error_code":"TEMPORARILY_UNAVAILABLE","message":"database is locked"}"#;
        assert!(matches!(outcome(503, locked), TrackingError::OutcomeUnknown { .. }));
        assert!(matches!(Failure::unreadable("x".into()).of_write(), TrackingError::OutcomeUnknown { .. }));
    }

    #[test]
    fn a_redirect_names_its_target_without_the_query() {
        let failure = failure(302, &[(LOCATION, "https://sso.company.com/login?code=secret")], "");
        assert_eq!(
            failure.error.to_string(),
            "The answer is not MLflow's: mlflow.company.com:5600 redirects to https://sso.company.com/login"
        );
    }

    #[test]
    fn a_redirect_names_nobodys_password() {
        for (location, shown) in [
            ("https://me:s3cret@sso.company.com/login?code=s3cret#s3cret", "https://sso.company.com/login"),
            ("//me:s3cret@sso.company.com/login", "https://sso.company.com/login"),
            ("http://me:s3/cret@sso.company.com/login", "http://sso.company.com/login"),
            ("/login?next=s3cret", "/login"),
        ] {
            let failure = failure(302, &[(LOCATION, location)], "");
            let expected = format!("mlflow.company.com:5600 redirects to {shown}");
            assert_eq!(failure.error, TrackingError::NotMlflow { reason: expected });
        }
    }
}
