//! The client against a server that behaves as it is told.

use std::future::Future;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::agent::endpoint::Token;
use crate::agent::health::Health;
use crate::agent::wire::InputItem;
use crate::agent::{Header, Tls};

const SSE_HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nconnection: close\r\n\r\n";
const HELLO: &str =
    "data: {\"type\":\"response.output_text.delta\",\"item_id\":\"m\",\"delta\":\"hello \"}\n\n";
const WORLD: &str = "data: {\"type\":\"response.output_item.done\",\"item\":{\"type\":\"message\",\"id\":\"m\",\"content\":[{\"type\":\"output_text\",\"text\":\"hello world\"}]}}\n\n";
const END: &str = "data: [DONE]\n\n";

/// Serves every connection with `answer`, which is given the request's text. Returns the endpoint and the requests.
async fn serve<F, R>(answer: F) -> (Endpoint, Arc<Mutex<Vec<String>>>)
where
    F: Fn(TcpStream, String) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::parse(&listener.local_addr().unwrap().to_string()).unwrap();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = read_request(&mut stream).await;
            seen.lock().unwrap().push(request.clone());
            tokio::spawn(answer(stream, request));
        }
    });
    (endpoint, requests)
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return text,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

async fn write(stream: &mut TcpStream, text: &str) {
    // The other side may have hung up, as some tests want it to.
    drop(stream.write_all(text.as_bytes()).await);
    drop(stream.flush().await);
}

fn whole(status: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn ask(endpoint: &Endpoint) -> Turn {
    let payload = Payload::new(vec![InputItem::user(&"Why is OTIF down this week?".into())]);
    let client = AgentClient::new().unwrap();
    client.send(&tokio::runtime::Handle::current(), endpoint.clone(), &payload, Arc::new(|| {}))
}

async fn report(mut turn: Turn) -> TurnReport {
    loop {
        match turn.next().await.expect("a report comes last") {
            TurnEvent::Done(report) => return *report,
            TurnEvent::Head(_) | TurnEvent::Transcript(_) => {}
        }
    }
}

/// Answers every request with `response`, then asks once.
async fn one_answer(response: String) -> TurnReport {
    let (endpoint, _) = serve(move |mut stream, _| {
        let response = response.clone();
        async move { write(&mut stream, &response).await }
    })
    .await;
    report(ask(&endpoint)).await
}

#[tokio::test]
async fn a_stream_is_reported_as_it_comes() {
    let (endpoint, requests) = serve(|mut stream, _| async move {
        write(&mut stream, SSE_HEAD).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
        write(&mut stream, HELLO).await;
        tokio::time::sleep(Duration::from_millis(120)).await;
        write(&mut stream, WORLD).await;
        write(&mut stream, END).await;
        // A server that forgets to hang up: `[DONE]` is enough.
        tokio::time::sleep(Duration::from_secs(30)).await;
    })
    .await;
    let wakes = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&wakes);
    let payload = Payload::new(vec![InputItem::user(&"hi".into())]);
    let wake: Wake = Arc::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let endpoint = endpoint.with_token(Token::new("s3cret"));
    let runtime = tokio::runtime::Handle::current();
    let mut turn = AgentClient::new().unwrap().send(&runtime, endpoint, &payload, wake);

    assert!(matches!(turn.next().await, Some(TurnEvent::Head(head)) if head.status == 200));
    let Some(TurnEvent::Transcript(half)) = turn.next().await else { panic!("a snapshot") };
    assert_eq!((half.text().as_str(), &half.outcome), ("hello ", &Outcome::Running));
    let report = report(turn).await;
    assert_eq!(
        (report.transcript.text().as_str(), &report.transcript.outcome),
        ("hello world", &Outcome::Completed)
    );
    assert_eq!(report.error, None);
    assert_eq!(&*report.response, format!("{HELLO}{WORLD}{END}"));
    assert_eq!(&*report.request, payload.to_json());
    let first_token = report.first_token.unwrap();
    assert!(
        first_token >= Duration::from_millis(50) && report.total >= first_token + Duration::from_millis(100)
    );
    assert!(report.arrival.bursts >= 2 && !report.looks_buffered());
    assert!(wakes.load(Ordering::Relaxed) >= 3);

    let sent = requests.lock().unwrap()[0].to_ascii_lowercase();
    assert!(sent.starts_with("post /invocations http/1.1"));
    assert!(sent.contains("accept: text/event-stream, application/json\r\n"));
    assert!(
        sent.contains("x-mlflow-return-trace-id: true\r\n")
            && sent.contains("authorization: bearer s3cret\r\n")
    );
    assert!(!sent.contains("\r\norigin:") && !sent.contains("accept-encoding"));
}

#[tokio::test]
async fn snapshots_are_coalesced_and_the_last_one_is_whole() {
    let (endpoint, _) = serve(|mut stream, _| async move {
        write(&mut stream, SSE_HEAD).await;
        for _ in 0..400 {
            write(&mut stream, HELLO).await;
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        write(&mut stream, END).await;
    })
    .await;
    let mut turn = ask(&endpoint);
    let mut snapshots = 0;
    let report = loop {
        match turn.next().await.unwrap() {
            TurnEvent::Done(report) => break report,
            TurnEvent::Transcript(_) => snapshots += 1,
            TurnEvent::Head(_) => {}
        }
    };
    assert!(
        (1..=2 + report.total.as_millis() / 30).contains(&snapshots),
        "{snapshots} in {:?}",
        report.total
    );
    assert_eq!(report.transcript.text(), "hello ".repeat(400));
}

#[tokio::test]
async fn a_window_that_does_not_look_loses_nothing() {
    let (endpoint, _) = serve(|mut stream, _| async move {
        write(&mut stream, SSE_HEAD).await;
        for _ in 0..20 {
            write(&mut stream, HELLO).await;
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        write(&mut stream, END).await;
    })
    .await;
    let turn = ask(&endpoint);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(report(turn).await.transcript.text(), "hello ".repeat(20));
}

#[tokio::test]
async fn stop_hangs_up_and_keeps_what_arrived() {
    let hung_up = Arc::new(tokio::sync::Notify::new());
    let notice = Arc::clone(&hung_up);
    let (endpoint, _) = serve(move |mut stream, _| {
        let notice = Arc::clone(&notice);
        async move {
            write(&mut stream, SSE_HEAD).await;
            write(&mut stream, HELLO).await;
            let mut byte = [0];
            assert!(matches!(stream.read(&mut byte).await, Ok(0) | Err(_)));
            notice.notify_one();
        }
    })
    .await;
    let mut turn = ask(&endpoint);
    while !matches!(turn.next().await, Some(TurnEvent::Transcript(_))) {}
    turn.stop();
    turn.stop();
    let report = report(turn).await;
    assert_eq!((report.error, &report.transcript.outcome), (Some(AgentError::Cancelled), &Outcome::Stopped));
    assert_eq!(report.transcript.text(), "hello ");
    tokio::time::timeout(Duration::from_secs(5), hung_up.notified())
        .await
        .expect("the server sees the hang-up");
}

#[tokio::test]
async fn dropping_the_turn_hangs_up() {
    let hung_up = Arc::new(tokio::sync::Notify::new());
    let notice = Arc::clone(&hung_up);
    let (endpoint, _) = serve(move |mut stream, _| {
        let notice = Arc::clone(&notice);
        async move {
            let mut byte = [0];
            assert!(matches!(stream.read(&mut byte).await, Ok(0) | Err(_)));
            notice.notify_one();
        }
    })
    .await;
    let turn = ask(&endpoint);
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(turn);
    tokio::time::timeout(Duration::from_secs(5), hung_up.notified())
        .await
        .expect("the server sees the hang-up");
}

#[tokio::test]
async fn a_cut_in_the_middle_keeps_the_text_and_is_not_retried() {
    let chunk = format!("{:x}\r\n{HELLO}\r\n", HELLO.len());
    let head = SSE_HEAD.replace("\r\n\r\n", "\r\ntransfer-encoding: chunked\r\n\r\n");
    let (endpoint, requests) = serve(move |mut stream, _| {
        let text = format!("{head}{chunk}");
        async move { write(&mut stream, &text).await }
    })
    .await;
    let report = report(ask(&endpoint)).await;
    assert!(matches!(report.error, Some(AgentError::Cut { .. })), "{:?}", report.error);
    assert_eq!(
        (report.transcript.text().as_str(), &report.transcript.outcome),
        ("hello ", &Outcome::Interrupted)
    );
    assert_eq!(requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_connection_closed_before_the_head_is_not_retried() {
    let (endpoint, requests) = serve(|stream, _| async move { drop(stream) }).await;
    let report = report(ask(&endpoint)).await;
    assert!(matches!(report.error, Some(AgentError::Connect { .. })), "{:?}", report.error);
    assert_eq!((requests.lock().unwrap().len(), &report.transcript.outcome), (1, &Outcome::Interrupted));
}

#[tokio::test]
async fn a_late_stream_in_one_burst_looks_buffered() {
    let (endpoint, _) = serve(|mut stream, _| async move {
        write(&mut stream, SSE_HEAD).await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        write(&mut stream, &format!("{HELLO}{HELLO}{HELLO}{WORLD}{END}")).await;
    })
    .await;
    let report = report(ask(&endpoint)).await;
    assert!(report.looks_buffered(), "{:?}", report.arrival);
    assert!(report.first_token.unwrap() >= Duration::from_millis(550));
}

#[tokio::test]
async fn a_whole_body_is_an_answer_too() {
    let body = r#"{"object":"response","output":[{"type":"message","id":"msg_1","content":[{"text":"hello world","type":"output_text"}],"role":"assistant"}]}"#;
    let report = one_answer(whole("200 OK", "application/json", body)).await;
    assert_eq!((report.transcript.text().as_str(), report.error.clone()), ("hello world", None));
    assert!(!report.transcript.streamed && !report.looks_buffered());
}

#[tokio::test]
async fn http_errors_carry_the_servers_words_and_advice() {
    let report =
        one_answer(whole("401 Unauthorized", "application/json", r#"{"detail":"Token expired"}"#)).await;
    let error = report.error.unwrap();
    assert_eq!(error, AgentError::Status { status: 401, headline: "Token expired".to_owned() });
    assert_eq!(error.to_string(), "HTTP 401: Token expired");
    assert!(error.next_step().contains("token"));

    let report = one_answer(whole(
        "504 Gateway Timeout",
        "application/json",
        "Request processing time exceeded limit",
    ))
    .await;
    assert_eq!(report.error.unwrap().to_string(), "HTTP 504: Request processing time exceeded limit");
}

#[tokio::test]
async fn a_login_page_is_no_answer() {
    let page = "<!doctype html><title>Sign in</title>";
    let report = one_answer(whole("200 OK", "text/html", page)).await;
    assert!(matches!(&report.error, Some(AgentError::WebPage { headline }) if headline.contains("Sign in")));
    assert_eq!(report.transcript.outcome, Outcome::Failed);

    let redirect =
        "HTTP/1.1 302 Found\r\nlocation: https://login.example.com/?token=x\r\ncontent-length: 0\r\n\r\n";
    let report = one_answer(redirect.to_owned()).await;
    assert!(
        matches!(&report.error, Some(AgentError::Redirected { to, .. }) if to == "https://login.example.com/")
    );
}

#[tokio::test]
async fn a_redirect_that_keeps_server_and_body_is_followed() {
    let (endpoint, requests) = serve(|mut stream, request| async move {
        let moved = "HTTP/1.1 307 Temporary Redirect\r\nlocation: /v2/invocations\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let response = if request.starts_with("POST /invocations ") {
            moved.to_owned()
        } else {
            whole("200 OK", "application/json", r#"{"output":"moved"}"#)
        };
        write(&mut stream, &response).await;
    })
    .await;
    assert_eq!(report(ask(&endpoint)).await.transcript.text(), "moved");
    assert!(requests.lock().unwrap()[1].contains("OTIF"));
}

#[tokio::test]
async fn nobody_there_and_unknown_names() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let endpoint = Endpoint::parse(&format!("localhost:{port}")).unwrap();
    let error = report(ask(&endpoint)).await.error.unwrap();
    assert_eq!(error, AgentError::Refused { host: format!("localhost:{port}") });
    let probe = AgentClient::new().unwrap().probe(&endpoint).await;
    assert_eq!(probe.health, Health::Down(error));

    let endpoint = Endpoint::parse("http://flowdeck-test.localhost.invalid:1").unwrap();
    let direct =
        AgentClient { proxied: build(ClientBuilder::no_proxy).unwrap(), ..AgentClient::new().unwrap() };
    let mut turn =
        direct.send(&tokio::runtime::Handle::current(), endpoint, &Payload::new(Vec::new()), Arc::new(|| {}));
    let Some(TurnEvent::Done(report)) = turn.next().await else { panic!("a report") };
    assert!(matches!(report.error, Some(AgentError::Dns { .. })), "{:?}", report.error);
    assert!(turn.next().await.is_none());
}

#[tokio::test]
async fn https_where_http_is_spoken() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            write(&mut stream, "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    let endpoint = Endpoint::parse(&format!("https://{address}")).unwrap();
    let error = report(ask(&endpoint)).await.error.unwrap();
    assert!(matches!(error, AgentError::Tls { .. }), "{error:?}");
}

/// Answers over TLS with a certificate of its own making, whose PEM is in the file.
async fn serve_tls() -> (Endpoint, tempfile::NamedTempFile) {
    use tokio_rustls::rustls::{ServerConfig, crypto, pki_types::PrivateKeyDer};
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pem = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(pem.path(), made.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut seen = vec![0; 64 * 1024];
            let read = stream.read(&mut seen).await.unwrap_or_default();
            let secret = String::from_utf8_lossy(&seen[..read]).contains("api-key: s3cret");
            let body = format!(r#"{{"output":"{}"}}"#, if secret { "with the key" } else { "without" });
            drop(stream.write_all(whole("200 OK", "application/json", &body).as_bytes()).await);
            drop(stream.shutdown().await);
        }
    });
    (Endpoint::parse(&format!("https://localhost:{port}")).unwrap(), pem)
}

#[tokio::test]
async fn a_certificate_is_verified_unless_the_profile_says_otherwise() {
    let (endpoint, pem) = serve_tls().await;
    let error = report(ask(&endpoint)).await.error.unwrap();
    assert!(matches!(error, AgentError::Tls { .. }), "{error:?}");

    let trusting = endpoint.clone().with_tls(Tls { ca_file: Some(pem.path().to_owned()), unverified: false });
    let headers = Header::parse_lines("Api-Key: $KEY").unwrap();
    let trusting = trusting.with_headers(&headers, |_| Some("s3cret".to_owned()));
    let answer = report(ask(&trusting)).await;
    assert_eq!((answer.error, answer.transcript.text().as_str()), (None, "with the key"));
    let answer = report(ask(&trusting.without_secrets())).await;
    assert_eq!(answer.transcript.text(), "without");

    let unverified = endpoint.clone().with_tls(Tls { ca_file: None, unverified: true });
    assert!(unverified.is_unverified());
    assert_eq!(report(ask(&unverified)).await.error, None);

    // Another authority is none.
    let (_, other) = serve_tls().await;
    let other = endpoint.clone().with_tls(Tls { ca_file: Some(other.path().to_owned()), unverified: false });
    let error = report(ask(&other)).await.error.unwrap();
    assert!(matches!(error, AgentError::Tls { .. }), "{error:?}");

    let missing = endpoint.with_tls(Tls { ca_file: Some("/nowhere/ca.pem".into()), unverified: false });
    let error = report(ask(&missing)).await.error.unwrap();
    assert!(
        matches!(&error, AgentError::Certificates { file, .. } if file == "/nowhere/ca.pem"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_header_whose_variable_is_not_set_is_said_before_anything_is_sent() {
    let (endpoint, requests) = serve(|stream, _| async move { drop(stream) }).await;
    let headers = Header::parse_lines("Api-Key: $KEY").unwrap();
    let error = report(ask(&endpoint.with_headers(&headers, |_| None))).await.error.unwrap();
    assert_eq!(error.to_string(), "KEY, which the header Api-Key takes its value from, is not set");
    assert!(requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn servers_of_language_models_are_known() {
    let (endpoint, _) = serve(|mut stream, request| async move {
        let (status, body) = if request.starts_with("GET /v1/models ") {
            ("200 OK", r#"{"object":"list","data":[{"id":"llama"},{"id":"qwen"}]}"#)
        } else if request.starts_with("GET /health ") {
            ("200 OK", "OK")
        } else if request.starts_with("GET /version ") {
            ("200 OK", "3.17.2")
        } else {
            ("404 Not Found", "{}")
        };
        write(&mut stream, &whole(status, "application/json", body)).await;
    })
    .await;
    let at = |path: &str| Endpoint::parse(endpoint.url().join(path).unwrap().as_ref()).unwrap();
    let client = AgentClient::new().unwrap();
    let models = client.probe(&at("/v1/chat/completions")).await.health;
    assert_eq!(models, Health::ModelServer { models: vec!["llama".into(), "qwen".into()] });
    assert_eq!(models.dialect(), Some(crate::agent::RequestDialect::ChatCompletions));
    let gateway = client.probe(&at("/gateway/chat/invocations")).await.health;
    assert_eq!(gateway, Health::Gateway { version: Some("3.17.2".to_owned()) });
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_is_not_shown_either() {
    let endpoint = Endpoint::parse("localhost:1").unwrap().with_token(Token::new("s3\ncret"));
    let error = report(ask(&endpoint)).await.error.unwrap();
    assert_eq!(error, AgentError::Token);
    assert!(!format!("{error:?} {error}").contains("s3"));
}

/// Probes a server that answers each of these paths, and 404 elsewhere.
async fn probe(routes: &'static [(&'static str, &'static str, &'static str)]) -> Health {
    let (endpoint, _) = serve(move |mut stream, request| async move {
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let route = routes.iter().find(|(route, ..)| *route == path || *route == "*");
        let (status, body) = route
            .map_or(("404 Not Found", r#"{"detail":"Not Found"}"#), |(_, status, body)| (*status, *body));
        write(&mut stream, &whole(status, "application/json", body)).await;
    })
    .await;
    AgentClient::new().unwrap().probe(&endpoint).await.health
}

#[tokio::test]
async fn the_probe_tells_servers_apart() {
    let version = Some("3.17.2".to_owned());
    assert_eq!(
        probe(&[(
            "/agent/info",
            "200 OK",
            r#"{"name":"x","mlflow_version":"3.17.2","agent_api":"responses"}"#
        )])
        .await,
        Health::AgentServer { version: version.clone(), api: Some("responses".to_owned()), model: None },
    );
    assert_eq!(
        probe(&[("/ping", "200 OK", "\n"), ("/version", "200 OK", "3.17.2")]).await,
        Health::ScoringServer { version },
    );
    let Health::NotAModelServer { what } = probe(&[("/health", "200 OK", "OK")]).await else { panic!() };
    assert!(what.contains("tracking server"));
    let Health::NotAModelServer { what } = probe(&[("*", "200 OK", "<html></html>")]).await else { panic!() };
    assert!(what.contains("web page"));
    assert_eq!(probe(&[("*", "401 Unauthorized", "")]).await, Health::NeedsToken { status: 401 });
    assert!(matches!(probe(&[]).await, Health::NotAModelServer { .. }));
}

#[tokio::test]
async fn busy_is_not_down() {
    let (endpoint, _) = serve(|stream, _| async move {
        tokio::time::sleep(Duration::from_secs(30)).await;
        drop(stream);
    })
    .await;
    let probe = AgentClient::new().unwrap().probe(&endpoint).await;
    assert_eq!(probe.health, Health::Busy);
    assert!(probe.health.is_up() && probe.took >= Duration::from_secs(2));
}
