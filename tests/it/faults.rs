//! A server or a network that misbehaves: every failure has its own error, what was loaded stays, and no write is
//! sent twice.

use std::time::{Duration, Instant};

use flowdeck::entities::ArtifactRoot;
use flowdeck::tracking::{Environment, ErrorCode, RunQuery, Store, TrackingError};
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};

use crate::client::{all, open, open_in};
use crate::support::{Fault, Proxy, Servers};

const SEARCH: &str = "/api/2.0/mlflow/runs/search";
/// A page token that the server accepts.
const TOKEN: &str = "eyJvZmZzZXQiOiAxfQ==";
const ALIAS: &str = "/api/2.0/mlflow/registered-models/alias";

/// What a fault is to a reader: the error, and how often the request is sent in all.
fn expected(fault: &Fault) -> (fn(&TrackingError) -> bool, usize) {
    match fault {
        Fault::HangUp | Fault::ForwardThenHangUp | Fault::Cut { .. } => {
            (|error| matches!(error, TrackingError::Connection { .. }), 3)
        }
        Fault::Hold | Fault::Stall { .. } | Fault::Delay(_) | Fault::Trickle { .. } => {
            (|error| matches!(error, TrackingError::Timeout { .. }), 1)
        }
        Fault::Answer { status: 401, .. } => {
            (|error| *error == TrackingError::Unauthorized { scheme: Some("Basic".into()) }, 1)
        }
        Fault::Answer { status: 403, .. } => {
            (|error| *error == TrackingError::Forbidden { message: "Permission denied".into() }, 1)
        }
        Fault::Answer { status: 429, .. } => {
            (|error| *error == TrackingError::RateLimited { retry_after: Some(Duration::from_secs(1)) }, 3)
        }
        Fault::Answer { status: 500, .. } => (
            |error| {
                matches!(error, TrackingError::Mlflow { code: ErrorCode::InternalError, status: 500, .. })
            },
            1,
        ),
        Fault::Answer { status: 503, .. } => {
            (|error| matches!(error, TrackingError::Mlflow { status: 503, .. }), 3)
        }
        Fault::Answer { status: 502, .. } => (
            |error| matches!(error, TrackingError::Http { status: 502, detail } if detail.as_deref() == Some("Bad Gateway")),
            3,
        ),
        Fault::Answer { .. } => (|error| matches!(error, TrackingError::NotMlflow { .. }), 1),
        Fault::Elsewhere { .. } => unreachable!("that is no fault of the network"),
    }
}

fn faults() -> Vec<Fault> {
    vec![
        Fault::HangUp,
        Fault::Cut { after: 0 },
        Fault::Cut { after: 100 },
        Fault::Stall { after: 0 },
        Fault::Stall { after: 100 },
        Fault::Delay(Duration::from_secs(20)),
        Fault::unauthorized(),
        Fault::forbidden(),
        Fault::too_many_requests(1),
        Fault::status(500),
        Fault::status(503),
        Fault::answer(502, "text/html", "<html><head><title>Bad Gateway</title></head>nginx</html>"),
        Fault::html(),
        Fault::garbage(),
        Fault::answer(200, "application/json", "{\"runs\": [{\"info\": {"),
        Fault::answer(200, "application/json", ""),
        Fault::answer(302, "text/plain", ""),
    ]
}

/// Seconds matter here: the app waits as long as the Python client.
async fn open_hastily(proxy: &Proxy) -> std::sync::Arc<dyn Store> {
    let store = open_in(&proxy.uri(), Environment::from_pairs([("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")])).await;
    proxy.forget();
    store
}

fn page(runs: &[&str], token: Option<&str>) -> Fault {
    let runs: Vec<Value> =
        runs.iter().map(|id| json!({ "info": { "run_id": id, "experiment_id": "1" } })).collect();
    let mut page = json!({ "runs": runs });
    if let Some(token) = token {
        page["next_page_token"] = json!(token);
    }
    Fault::json(&page)
}

fn query() -> RunQuery {
    RunQuery { experiment_ids: vec!["1".to_owned()], ..Default::default() }
}

#[tokio::test]
async fn a_failing_page_is_an_error_after_what_was_loaded() {
    let proxy = Proxy::start(Servers::shared().uri());
    let store = open_hastily(&proxy).await;
    for fault in faults() {
        let (is_expected, sent) = expected(&fault);
        proxy.once("POST", SEARCH, page(&["a", "b"], Some(TOKEN)));
        proxy.times(99, "POST", SEARCH, fault.clone());
        let began = Instant::now();
        let pages: Vec<_> = store.search_runs(query()).collect().await;
        assert!(began.elapsed() < Duration::from_secs(12), "{fault:?} took {:?}", began.elapsed());
        assert_eq!(pages.len(), 2, "{fault:?}");
        assert_eq!(pages[0].as_ref().map(Vec::len), Ok(2), "{fault:?}");
        let error = pages[1].as_ref().unwrap_err();
        assert!(is_expected(error), "{fault:?}: {error:?}");
        assert!(!error.to_string().is_empty() && !error.next_step().is_empty());
        assert_eq!(proxy.count("POST", SEARCH), 1 + sent, "{fault:?}");
        assert_eq!(store.health().in_flight, 0, "{fault:?}");
        proxy.heal();
        proxy.forget();
    }
}

#[tokio::test]
async fn a_read_survives_what_passes() {
    let servers = Servers::shared();
    let proxy = Proxy::start(servers.uri());
    let store = open_hastily(&proxy).await;
    let experiment_ids = vec![servers.experiment_id("otif-forecasting").to_owned()];
    let query = || RunQuery { experiment_ids: experiment_ids.clone(), ..Default::default() };
    let whole = all(store.search_runs(query())).await.unwrap();
    for fault in [
        Fault::HangUp,
        Fault::Cut { after: 5000 },
        Fault::status(503),
        Fault::too_many_requests(1),
        Fault::answer(500, "text/html", "<title>Internal Server Error</title>"),
    ] {
        proxy.times(2, "POST", SEARCH, fault.clone());
        let runs = all(store.search_runs(query())).await;
        assert!(runs.as_ref().is_ok_and(|runs| *runs == whole), "{fault:?}: {:?}", runs.err());
    }
    // Slow is not broken.
    proxy.once("GET", "/experiments/get", Fault::Trickle { bytes: 100, pause: Duration::from_millis(700) });
    assert!(store.get_experiment(&experiment_ids[0]).await.is_ok());
}

#[tokio::test]
async fn a_long_time_to_wait_is_said_at_once() {
    let proxy = Proxy::start(Servers::shared().uri());
    let store = open_hastily(&proxy).await;
    proxy.times(9, "GET", "/registered-models/get", Fault::too_many_requests(60));
    let began = Instant::now();
    let error = store.get_registered_model("MyMinimalAgent_Registered").await.unwrap_err();
    assert_eq!(error, TrackingError::RateLimited { retry_after: Some(Duration::from_mins(1)) });
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(proxy.count("GET", "/registered-models/get"), 1);
}

#[tokio::test]
async fn a_server_that_went_away_is_refused_and_comes_back() {
    let proxy = Proxy::start(Servers::shared().uri());
    let store = open_hastily(&proxy).await;
    proxy.down();
    let address = proxy.uri().replace("http://", "");
    let read = store.get_experiment("0").await.unwrap_err();
    assert_eq!(read, TrackingError::Refused { address: address.clone() });
    let write = store.set_registered_model_alias("MyMinimalAgent_Registered", "prod", 3).await.unwrap_err();
    assert_eq!(write, TrackingError::Refused { address }, "nothing was sent, so the outcome is known");
    proxy.up();
    assert!(store.get_experiment("0").await.is_ok());
}

#[tokio::test]
async fn pages_end_where_they_should() {
    let proxy = Proxy::start(Servers::shared().uri());
    let store = open_hastily(&proxy).await;
    for (pages, ids) in [
        // A token that leads to an empty page, with and without another token.
        (vec![page(&["a"], Some("t")), Fault::json(&json!({}))], vec!["a"]),
        (vec![page(&["a"], Some("t")), page(&[], Some("u"))], vec!["a"]),
        // A token that comes again.
        (vec![page(&["a"], Some("t")), page(&["b"], Some("t"))], vec!["a", "b"]),
        (
            vec![page(&["a"], Some("t")), page(&["b"], Some("u")), page(&["c"], Some("t"))],
            vec!["a", "b", "c"],
        ),
        // Empty tokens are none, and what comes twice is shown once.
        (vec![page(&["a", "b"], Some("t")), page(&["b", "c"], Some(""))], vec!["a", "b", "c"]),
    ] {
        let asked = pages.len();
        for page in pages {
            proxy.once("POST", SEARCH, page);
        }
        proxy.times(1, "POST", SEARCH, page(&["never"], None));
        let runs = all(store.search_runs(query())).await.unwrap();
        assert_eq!(runs.iter().map(|run| run.info.run_id.as_str()).collect::<Vec<_>>(), ids);
        assert_eq!(proxy.count("POST", SEARCH), asked);
        proxy.heal();
        proxy.forget();
    }
}

#[tokio::test]
async fn a_write_is_sent_once_whatever_happens() {
    let servers = Servers::shared();
    let name = "faults-one-write";
    servers.make_model(name, 2, &[("prod", 1)]);
    let proxy = Proxy::start(servers.uri());
    let store = open_hastily(&proxy).await;
    // The whole answer to a write is shorter than what these let through.
    let reaches_us = |fault: &Fault| matches!(fault, Fault::Cut { after: 100 } | Fault::Stall { after: 100 });
    for fault in faults().into_iter().filter(|fault| !reaches_us(fault)) {
        proxy.times(99, "POST", ALIAS, fault.clone());
        let error = store.set_registered_model_alias(name, "prod", 2).await.unwrap_err();
        let known = match &fault {
            Fault::Answer { status: 401 | 403 | 429 | 500, .. } => expected(&fault).0(&error),
            Fault::Answer { status: 302, .. } => matches!(error, TrackingError::NotMlflow { .. }),
            _ => matches!(error, TrackingError::OutcomeUnknown { .. }),
        };
        assert!(known, "{fault:?}: {error:?}");
        assert_eq!(proxy.count("POST", ALIAS), 1, "{fault:?}");
        proxy.heal();
        proxy.forget();
    }
}

#[tokio::test]
async fn every_write_without_an_answer_has_an_unknown_outcome_and_took_effect_once() {
    let servers = Servers::shared();
    let name = "faults-dropped-writes";
    servers.make_model(name, 2, &[("prod", 1), ("old", 1)]);
    let proxy = Proxy::start(servers.uri());
    let store = open_hastily(&proxy).await;
    proxy.always(Fault::ForwardThenHangUp);
    let unknown =
        |error: TrackingError| assert!(matches!(error, TrackingError::OutcomeUnknown { .. }), "{error:?}");
    unknown(store.set_registered_model_alias(name, "prod", 2).await.unwrap_err());
    unknown(store.delete_registered_model_alias(name, "old").await.unwrap_err());
    unknown(store.update_model_version(name, 1, "written").await.unwrap_err());
    unknown(store.set_model_version_tag(name, 1, "key", "value").await.unwrap_err());
    unknown(store.delete_model_version_tag(name, 2, "key").await.unwrap_err());
    assert_eq!(proxy.requests().len(), 5, "each was sent once");
    proxy.heal();
    assert_eq!((servers.alias(name, "prod"), servers.alias(name, "old")), (Some(2), None));
    let version = store.get_model_version(name, 1).await.unwrap();
    assert_eq!((version.description.as_str(), version.tags["key"].as_str()), ("written", "value"));
}

#[tokio::test]
async fn writes_are_sent_as_mlflow_reads_them() {
    let servers = Servers::shared();
    let name = "faults-wire";
    servers.make_model(name, 2, &[("old", 1)]);
    let proxy = Proxy::start(servers.uri());
    let store = open_hastily(&proxy).await;
    store.set_registered_model_alias(name, "prod", 2).await.unwrap();
    store.delete_registered_model_alias(name, "old").await.unwrap();
    let sent = proxy.requests();
    assert_eq!(sent[0].json(), json!({ "name": name, "alias": "prod", "version": "2" }));
    assert_eq!(
        (sent[1].method.as_str(), sent[1].json()),
        ("DELETE", json!({ "name": name, "alias": "old" }))
    );
    for request in sent {
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("origin"), None);
    }
}

#[tokio::test]
async fn a_file_that_is_cut_says_so_after_what_came() {
    let servers = Servers::shared();
    let proxy = Proxy::start(servers.uri());
    let store = open_hastily(&proxy).await;
    let root = ArtifactRoot::run(servers.run_id("everything"));
    proxy.once("GET", "/get-artifact", Fault::Cut { after: 100_000 });
    let body = store.read_artifact(&root, "big.log", None).await.unwrap();
    assert!(body.total.is_some_and(|total| total > 6_000_000));
    assert_eq!(store.health().in_flight, 1);
    let chunks: Vec<_> = body.chunks.collect().await;
    let (last, before) = chunks.split_last().unwrap();
    assert!(matches!(last, Err(TrackingError::Connection { .. })), "{last:?}");
    let read: usize = before.iter().map(|chunk| chunk.as_ref().unwrap().len()).sum();
    assert_eq!(read, 100_000);
    assert_eq!(store.health().in_flight, 0);

    proxy.once("GET", "/get-artifact", Fault::Stall { after: 1000 });
    let body = store.read_artifact(&root, "big.log", None).await.unwrap();
    let error = body.chunks.try_collect::<Vec<_>>().await.unwrap_err();
    assert!(matches!(error, TrackingError::Timeout { .. }), "{error:?}");

    // A login page is no file, and a range that is ignored is cut here.
    proxy.once("GET", "/get-artifact", Fault::html());
    let error = store.read_artifact(&root, "big.log", None).await.err().unwrap();
    assert!(matches!(error, TrackingError::NotMlflow { .. }), "{error:?}");
    proxy.once("GET", "/get-artifact", Fault::answer(200, "text/plain", "0123456789"));
    let body = store.read_artifact(&root, "big.log", Some(4)).await.unwrap();
    assert_eq!(body.total, Some(10));
    assert_eq!(body.chunks.try_collect::<Vec<_>>().await.unwrap().concat(), b"0123");
    // A server that finds no first byte in an empty file.
    proxy.once("GET", "/get-artifact", Fault::answer(416, "text/plain", ""));
    let body = store.read_artifact(&root, "empty.txt", Some(4)).await.unwrap();
    assert_eq!((body.total, body.chunks.count().await), (Some(0), 0));
}

#[tokio::test]
async fn names_of_files_are_not_trusted() {
    let proxy = Proxy::start(Servers::shared().uri());
    let store = open(&proxy.uri()).await;
    let files: Vec<Value> =
        ["../../etc/passwd", "/etc/passwd", "ok.txt", "a/b", "..", "", "C:\\x", "x\u{0}y"]
            .iter()
            .map(|path| json!({ "path": path, "is_dir": false, "file_size": -1 }))
            .collect();
    proxy.once("GET", "/artifacts/list", Fault::json(&json!({ "files": files, "next_page_token": "t" })));
    proxy.once(
        "GET",
        "/artifacts/list",
        Fault::json(&json!({ "files": [{ "path": "second", "is_dir": true }] })),
    );
    let listed = store.list_artifacts(&ArtifactRoot::run("a"), "").await.unwrap();
    assert_eq!(listed.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(), ["ok.txt", "second"]);
    assert_eq!(listed[0].file_size, None);
}

#[tokio::test]
async fn an_older_server_that_refuses_the_order_is_asked_without() {
    let servers = Servers::shared();
    let proxy = Proxy::start(servers.uri());
    let store = open(&proxy.uri()).await;
    let refused = r#"{"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid attribute key"}"#;
    proxy.when(9, Fault::answer(400, "application/json", refused), |seen| seen.query.contains("order_by"));
    let query =
        flowdeck::tracking::VersionQuery::OfModel { name: "OTIFForecaster".to_owned(), prompt: false };
    let versions = all(store.search_model_versions(query)).await.unwrap();
    assert_eq!(versions.len(), 3);
}
