//! Connecting: who is there, who is not, and what is said about it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use flowdeck::tracking::{
    ConnectRequest, Environment, ExperimentQuery, Login, Store, TrackingError, connect,
};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::{all, open, open_in};
use crate::support::{Fault, Proxy, Servers};

async fn try_open(
    uri: &str,
    login: Login,
    environment: Environment,
) -> Result<Arc<dyn Store>, TrackingError> {
    let request = ConnectRequest { uri: uri.to_owned(), login, insecure_tls: false };
    connect(request, Arc::new(environment)).await
}

async fn refusal(uri: &str) -> TrackingError {
    match try_open(uri, Login::Environment, Environment::default()).await {
        Ok(_) => panic!("{uri} was opened"),
        Err(error) => error,
    }
}

/// The reason why something is no MLflow.
async fn no_mlflow(uri: &str) -> String {
    match refusal(uri).await {
        TrackingError::NotMlflow { reason } => reason,
        other => panic!("{other:?}"),
    }
}

fn redirect(status: u16, location: String) -> Fault {
    Fault::Answer { status, headers: vec![("location", location)], body: Vec::new() }
}

#[tokio::test]
async fn a_server_says_who_it_is() {
    let servers = Servers::shared();
    let proxy = Proxy::start(servers.uri());
    let store = open(&format!("{}/#/experiments/3", proxy.uri())).await;
    let info = store.info();
    assert_eq!(info.uri, proxy.uri());
    assert_eq!(info.label, proxy.uri().replace("http://", ""));
    assert_eq!(info.server_version.as_deref(), Some("3.17.2"));
    assert!(info.can_write && !info.insecure_tls);
    let requests = proxy.requests();
    assert_eq!(requests.len(), 4, "few calls");
    for request in requests {
        assert_eq!(request.header("origin"), None);
        assert_eq!(request.header("authorization"), None);
        assert_eq!(request.header("x-mlflow-workspace"), None);
        assert!(request.header("user-agent").unwrap().starts_with("flowdeck/"));
    }
}

#[tokio::test]
async fn an_absent_server_is_told_from_an_unknown_name() {
    let proxy = Proxy::start(Servers::shared().uri());
    proxy.down();
    let address = proxy.uri().replace("http://", "");
    assert_eq!(refusal(&proxy.uri()).await, TrackingError::Refused { address });
    let unknown = refusal("http://no-such-host.invalid:5000").await;
    assert_eq!(unknown, TrackingError::UnknownHost { host: "no-such-host.invalid".to_owned() });
}

#[tokio::test]
async fn a_silent_server_times_out() {
    let proxy = Proxy::start(Servers::shared().uri());
    proxy.always(Fault::Delay(Duration::from_secs(20)));
    let environment = Environment::from_pairs([("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")]);
    let began = Instant::now();
    let error = try_open(&proxy.uri(), Login::Environment, environment).await.err().unwrap();
    assert!(matches!(error, TrackingError::Timeout { after, .. } if after.as_secs() == 1), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn tls_where_there_is_none_is_said() {
    let uri = Servers::shared().uri().replace("http://", "https://");
    let error = refusal(&uri).await;
    assert!(matches!(&error, TrackingError::Tls { reason, .. } if reason.contains("no TLS")), "{error:?}");
}

#[tokio::test]
async fn a_base_path_is_kept_and_a_missing_or_wrong_one_is_named() {
    let servers = Servers::shared();
    let proxy = Proxy::with_base(servers.uri(), "/mlflow");
    let store = open(&format!("{}/", proxy.uri())).await;
    assert_eq!(store.info().uri, proxy.uri());
    assert!(store.info().label.ends_with("/mlflow"));
    assert!(store.get_registered_model("MyMinimalAgent_Registered").await.is_ok());

    let root = proxy.uri().replace("/mlflow", "");
    let reason = no_mlflow(&root).await;
    assert!(reason.contains("404") && reason.ends_with(&format!("try {}", proxy.uri())), "{reason}");
    let reason = no_mlflow(&format!("{}/nope", servers.uri())).await;
    assert!(reason.ends_with(&format!("try {}", servers.uri())), "{reason}");

    // A front that redirects its root names the path itself.
    let proxy = Proxy::with_base(servers.uri(), "/tools/tracking");
    let root = proxy.uri().replace("/tools/tracking", "");
    let front = Proxy::start(&root);
    front.when(1, redirect(302, "/tools/tracking/".to_owned()), |seen| seen.path == "/");
    let reason = no_mlflow(&front.uri()).await;
    assert!(reason.ends_with(&format!("try {}/tools/tracking", front.uri())), "{reason}");
}

#[tokio::test]
async fn a_redirect_on_the_same_host_is_followed_to_the_real_address() {
    let servers = Servers::shared();
    let proxy = Proxy::with_base(servers.uri(), "/mlflow");
    let root = proxy.uri().replace("/mlflow", "");
    proxy.when(1, redirect(301, format!("{}/health", proxy.uri())), |seen| seen.path == "/health");
    let front = Proxy::start(&root);
    front.when(1, redirect(301, "/mlflow/health".to_owned()), |seen| seen.path == "/health");
    assert_eq!(open(&front.uri()).await.info().uri, format!("{}/mlflow", front.uri()));
    // Elsewhere it is not followed, and no login is sent there.
    let elsewhere = Proxy::start(servers.uri());
    let sso = elsewhere.uri().replace("127.0.0.1", "localhost");
    let front = Proxy::start(servers.uri());
    front.always(redirect(302, format!("{sso}/login?code=1")));
    let reason = no_mlflow(&front.uri()).await;
    assert!(
        reason.contains("redirects to") && reason.contains("/login") && !reason.contains("code="),
        "{reason}"
    );
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn no_login_goes_where_a_root_redirects_to() {
    let servers = Servers::shared();
    let token = || Login::Token("t0ken".into());
    // Another port of the same host is another server.
    let elsewhere = Proxy::start(servers.uri());
    let proxy = Proxy::with_base(servers.uri(), "/tools");
    let front = Proxy::start(&proxy.uri().replace("/tools", ""));
    front.when(1, redirect(302, format!("{}/", elsewhere.uri())), |seen| seen.path == "/");
    let error = try_open(&front.uri(), token(), Environment::default()).await.err().unwrap();
    assert!(matches!(error, TrackingError::NotMlflow { .. }), "{error:?}");
    assert_eq!(front.count("GET", "/"), 1);
    assert!(elsewhere.requests().is_empty());

    // On the same server it is looked at, without the login.
    let front = Proxy::start(&proxy.uri().replace("/tools", ""));
    front.when(1, redirect(302, "/tools/".to_owned()), |seen| seen.path == "/");
    let error = try_open(&front.uri(), token(), Environment::default()).await.err().unwrap();
    assert!(error.to_string().ends_with(&format!("try {}/tools", front.uri())), "{error}");
    let looks = front.requests();
    let looks: Vec<_> = looks.iter().filter(|seen| seen.path == "/tools/health").collect();
    assert!(!looks.is_empty() && looks.iter().all(|seen| seen.header("authorization").is_none()));
}

#[tokio::test]
async fn other_servers_are_no_mlflow() {
    let servers = Servers::shared();
    let proxy = Proxy::start(servers.uri());
    for (fault, said) in [
        (Fault::html(), "a web page, “Sign in”"),
        (Fault::garbage(), "unreadable"),
        (Fault::json(&json!({ "status": "healthy" })), "JSON of another service"),
        (Fault::json(&json!({})), "JSON of another service"),
        (Fault::json(&json!([1])), "JSON of another shape"),
        (Fault::answer(404, "application/json", "{\"detail\":\"Not Found\"}"), "status 404 (Not Found)"),
        (Fault::answer(501, "text/html", "<title>Unsupported method</title>"), "status 501"),
        (Fault::answer(200, "text/plain", "hello"), "“hello”"),
    ] {
        proxy.always(fault);
        let reason = no_mlflow(&proxy.uri()).await;
        assert!(reason.contains(said), "{said}: {reason}");
        proxy.heal();
    }
    // One that hangs up at once.
    proxy.always(Fault::HangUp);
    assert!(matches!(refusal(&proxy.uri()).await, TrackingError::Connection { .. }));
}

#[tokio::test]
async fn what_speaks_no_http_is_no_mlflow() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            client.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").await.unwrap();
            drop(client.read(&mut [0; 1024]).await);
        }
    });
    assert_eq!(no_mlflow(&address.to_string()).await, format!("{address} does not speak HTTP"));
    server.abort();
}

#[tokio::test]
async fn a_model_server_is_told_from_a_tracking_server() {
    let endpoint = Servers::shared().serve_minimal();
    let reason = no_mlflow(endpoint.root()).await;
    assert!(reason.contains("serves a model"), "{reason}");
}

#[tokio::test]
async fn servers_from_before_server_info_are_fine() {
    let proxy = Proxy::start(Servers::shared().uri());
    proxy.times(9, "GET", "/server-info", Fault::answer(404, "text/html", "<title>404 Not Found</title>"));
    proxy.times(9, "GET", "/version", Fault::answer(404, "text/html", "<title>404 Not Found</title>"));
    let store = open(&proxy.uri()).await;
    assert_eq!(store.info().server_version, None);
    assert!(store.get_registered_model("MyMinimalAgent_Registered").await.is_ok());
}

#[tokio::test]
async fn the_workspace_is_sent_only_where_there_are_workspaces() {
    let proxy = Proxy::start(Servers::shared().uri());
    let environment = || Environment::from_pairs([("MLFLOW_WORKSPACE", "team-a")]);
    let store = open_in(&proxy.uri(), environment()).await;
    assert!(all(store.search_experiments(ExperimentQuery::default())).await.is_ok());
    assert!(proxy.requests().iter().all(|seen| seen.header("x-mlflow-workspace").is_none()));
    proxy.forget();
    proxy.once(
        "GET",
        "/server-info",
        Fault::json(&json!({ "store_type": "SqlStore", "workspaces_enabled": true })),
    );
    // This server has none after all, and says so.
    let error = try_open(&proxy.uri(), Login::Environment, environment()).await.err().unwrap();
    assert!(matches!(error, TrackingError::Mlflow { .. }), "{error:?}");
    let search =
        proxy.requests().into_iter().find(|seen| seen.path.ends_with("/experiments/search")).unwrap();
    assert_eq!(search.header("x-mlflow-workspace"), Some("team-a"));
}

#[tokio::test]
async fn a_login_is_asked_for_and_taken_from_everywhere() {
    let servers = Servers::basic_auth();
    let (user, password) = (servers.user().unwrap(), servers.password().unwrap());
    let basic = Some("Basic".to_owned());
    let none = Environment::default;
    let error = refusal(servers.uri()).await;
    assert_eq!(error, TrackingError::Unauthorized { scheme: basic.clone() });
    for login in [Login::Basic { user: user.into(), password: "wrong".into() }, Login::Token("abc".into())] {
        let error = try_open(servers.uri(), login, none()).await.err().unwrap();
        assert_eq!(error, TrackingError::Unauthorized { scheme: basic.clone() });
    }

    let login = Login::Basic { user: user.into(), password: password.into() };
    let store = try_open(servers.uri(), login, none()).await.unwrap();
    assert_eq!(store.info().server_version.as_deref(), Some("3.17.2"));
    assert_eq!(store.info().user.as_deref(), Some(user), "the journal says so");
    let in_uri = servers.uri().replace("http://", &format!("http://{user}:{password}@"));
    let store = try_open(&in_uri, Login::Anonymous, none()).await.unwrap();
    assert_eq!(store.info().uri, servers.uri(), "the login is not shown");
    let environment = || {
        Environment::from_pairs([("MLFLOW_TRACKING_USERNAME", user), ("MLFLOW_TRACKING_PASSWORD", password)])
    };
    open_in(servers.uri(), environment()).await;
    let error = try_open(servers.uri(), Login::Anonymous, environment()).await.err().unwrap();
    assert_eq!(error, TrackingError::Unauthorized { scheme: basic });

    // Ann may read and not write.
    let code = "
from mlflow.server import get_app_client
get_app_client('basic-auth', args).create_user('ann', 'ann-passw0rd-X')";
    servers.python_with(code, &json!(servers.uri()));
    let login = Login::Basic { user: "ann".into(), password: "ann-passw0rd-X".into() };
    let store = try_open(servers.uri(), login, none()).await.unwrap();
    assert!(store.get_registered_model("MyMinimalAgent_Registered").await.is_ok());
    let error = store.set_registered_model_alias("MyMinimalAgent_Registered", "prod", 7).await.unwrap_err();
    assert_eq!(error, TrackingError::Forbidden { message: "Permission denied".to_owned() });
    assert_eq!(servers.alias("MyMinimalAgent_Registered", "prod"), Some(3));
}

#[tokio::test]
async fn a_host_name_that_the_server_does_not_accept_is_named() {
    let servers = Servers::allowing_only("mlflow.example.com");
    let host = servers.uri().replace("http://", "");
    assert_eq!(refusal(servers.uri()).await, TrackingError::HostNotAllowed { host });
}

#[tokio::test]
async fn certificates_that_cannot_be_read_are_named() {
    for (name, path) in [
        ("MLFLOW_TRACKING_SERVER_CERT_PATH", "/no/such/file.pem"),
        ("MLFLOW_TRACKING_CLIENT_CERT_PATH", "/no/such/file.pem"),
        ("MLFLOW_TRACKING_CLIENT_CERT_PATH", env!("CARGO_MANIFEST_PATH")),
        ("MLFLOW_TRACKING_SERVER_CERT_PATH", env!("CARGO_MANIFEST_PATH")),
    ] {
        let environment = Environment::from_pairs([(name, path)]);
        let error = try_open("https://127.0.0.1:9", Login::Environment, environment).await.err().unwrap();
        assert!(matches!(&error, TrackingError::Local { what } if what.contains(path)), "{error:?}");
    }
}
