//! The servers, the Python client and the proxy that the other tests stand on do what they promise.

use std::time::{Duration, Instant};

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::support::{Endpoint, Fault, Proxy, Seen, Servers};

const QUESTION: &str = "Why is OTIF down this week?";

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

async fn get(url: String) -> reqwest::Result<Response> {
    client().get(url).send().await
}

async fn get_json(url: String) -> Value {
    get(url).await.unwrap().json().await.unwrap()
}

async fn ask(url: &str, text: &str, stream: bool) -> Response {
    let payload = json!({ "input": [{ "role": "user", "content": text }], "stream": stream });
    client().post(url).json(&payload).send().await.unwrap()
}

async fn search_runs(root: &str, experiment: &str) -> reqwest::Result<Response> {
    let body = json!({ "experiment_ids": [experiment], "max_results": 5 });
    client().post(format!("{root}/api/2.0/mlflow/runs/search")).json(&body).send().await
}

#[tokio::test]
async fn the_shared_server_holds_the_seed() {
    let servers = Servers::shared();
    assert_eq!(get(format!("{}/version", servers.uri())).await.unwrap().text().await.unwrap(), "3.17.2");

    let model =
        format!("{}/api/2.0/mlflow/registered-models/get?name=MyMinimalAgent_Registered", servers.uri());
    let model = get_json(model).await;
    let aliases = model["registered_model"]["aliases"].as_array().unwrap();
    assert!(aliases.contains(&json!({ "alias": "candidate", "version": "7" })), "{aliases:?}");
    assert_eq!(servers.alias("MyMinimalAgent_Registered", "prod"), Some(3));
    assert_eq!(servers.alias("MyMinimalAgent_Registered", "absent"), None);

    let id = servers.logged_model_id("MyMinimalAgent_Registered/7");
    let source = servers.python("client.get_model_version('MyMinimalAgent_Registered', '7').source");
    assert_eq!(source, format!("models:/{id}"));
    assert_eq!(servers.uri().parse::<url::Url>().unwrap().path(), "/");
}

#[tokio::test]
async fn artifacts_come_through_the_server_from_a_copied_store() {
    let servers = Servers::shared();
    let run = servers.run_id("everything");
    let file = |path: &str| format!("{}/get-artifact?run_id={run}&path={path}", servers.uri());
    let png = get(file("plots/residuals.png")).await.unwrap().bytes().await.unwrap();
    assert!(png.starts_with(b"\x89PNG"));
    let odd =
        get(file("%C3%BCn%C3%AFc%C3%B6d%C3%A9%20ordner/gr%C3%B6%C3%9Fe%20100%20%25.txt")).await.unwrap();
    assert!(odd.text().await.unwrap().contains("gęślą"));
    assert!(get(file("big.log")).await.unwrap().bytes().await.unwrap().len() > 6_000_000);
    let mlmodel = "/model-versions/get-artifact?name=MyMinimalAgent_Registered&version=7&path=MLmodel";
    let mlmodel = get(format!("{}{mlmodel}", servers.uri())).await.unwrap().text().await.unwrap();
    assert!(mlmodel.contains("task: agent/v1/responses"), "{mlmodel}");
}

#[test]
fn python_answers_with_plain_values() {
    let servers = Servers::shared();
    let experiment = servers.experiment_id("odd names ünïcödé");
    let code = "client.search_runs([args], filter_string=\"metrics.`nan metric` = 0 or true\")";
    let failed = std::panic::catch_unwind(|| servers.python_with(code, &json!(experiment)));
    let message = *failed.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("INVALID_PARAMETER_VALUE"), "{message}");

    let run = servers.run_id("run \"quoted\" 'single' `tick` / ünïcödé 🚚");
    let run = servers.python_with("print('not an answer')\nclient.get_run(args)", &json!(run));
    assert_eq!(run["data"]["metrics"]["nan metric"], "NaN");
    assert_eq!(run["data"]["metrics"]["精度"], 0.97);
    assert_eq!(run["data"]["params"]["empty"], "");
    assert_eq!(run["info"]["experiment_id"], experiment);
}

#[test]
fn a_test_that_writes_has_a_model_or_a_server_of_its_own() {
    let shared = Servers::shared();
    shared.make_model("servers-own-model", 3, &[("prod", 1)]);
    shared.set_alias("servers-own-model", "prod", 3);
    assert_eq!(shared.alias("servers-own-model", "prod"), Some(3));

    let fresh = Servers::fresh();
    assert_ne!(fresh.uri(), shared.uri());
    fresh.set_alias("MyMinimalAgent_Registered", "prod", 7);
    assert_eq!(fresh.alias("MyMinimalAgent_Registered", "prod"), Some(7));
    assert_eq!(shared.alias("MyMinimalAgent_Registered", "prod"), Some(3));

    let database = fresh.database();
    assert!(database.exists());
    drop(fresh);
    assert!(!database.exists(), "the store of a dropped server is removed");
}

#[test]
fn an_empty_server_has_only_the_default_experiment() {
    let empty = Servers::empty();
    assert_eq!(empty.python("[it.name for it in client.search_experiments()]"), json!(["Default"]));
    assert_eq!(empty.python("len(client.search_registered_models())"), 0);
}

#[tokio::test]
async fn basic_auth_asks_for_the_login() {
    let servers = Servers::basic_auth();
    let url = format!("{}/api/2.0/mlflow/experiments/search?max_results=5", servers.uri());
    let refused = get(url.clone()).await.unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.headers()["www-authenticate"], r#"Basic realm="mlflow""#);
    let answered =
        client().get(url).basic_auth(servers.user().unwrap(), servers.password()).send().await.unwrap();
    assert_eq!(answered.status(), 200);
    assert_eq!(servers.alias("MyMinimalAgent_Registered", "prod"), Some(3), "Python logs in, too");
}

#[tokio::test]
async fn the_served_agents_answer() {
    let servers = Servers::shared();
    let minimal: Value = ask(servers.serve_minimal().url(), QUESTION, true).await.json().await.unwrap();
    assert_eq!(minimal["output"][0]["content"][0], json!({ "type": "output_text", "text": "hello world" }));

    let raising = ask(servers.serve_raising().url(), QUESTION, false).await;
    assert_eq!(raising.status(), 400);
    let raising: Value = raising.json().await.unwrap();
    let trace = raising["stack_trace"].as_str().unwrap().trim_end();
    assert!(
        trace.ends_with("RuntimeError: warehouse connection refused: otif_daily is not reachable"),
        "{trace}"
    );

    let whole: Value =
        ask(servers.serve_streaming_scoring().url(), QUESTION, true).await.json().await.unwrap();
    let kinds: Vec<_> =
        whole["output"].as_array().unwrap().iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["reasoning", "function_call", "function_call_output", "message"]);
}

#[tokio::test]
async fn the_agent_server_streams() {
    let agent: &Endpoint = Servers::shared().agent_server();
    let streamed = ask(agent.url(), QUESTION, true).await;
    assert_eq!(streamed.headers()["content-type"], "text/event-stream; charset=utf-8");
    let text = streamed.text().await.unwrap();
    assert!(text.contains("response.reasoning_summary_text.delta"), "{text}");
    assert!(text.contains("response.completed"), "{text}");
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");

    let raised = ask(agent.url(), "raise, please", true).await.text().await.unwrap();
    assert!(raised.contains(r#"{"error": "tool exploded: warehouse timeout after 30 s"}"#), "{raised}");
    let whole: Value = ask(agent.url(), "echo this", false).await.json().await.unwrap();
    assert!(whole["output"][0]["content"][0]["text"].as_str().unwrap().contains("echo this"), "{whole}");
}

#[tokio::test]
async fn a_slow_stream_arrives_in_pieces_through_the_proxy() {
    let proxy = Proxy::start(Servers::shared().agent_server().root());
    let began = Instant::now();
    let mut answer = ask(&format!("{}/invocations", proxy.uri()), "slow", true).await;
    let first = answer.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"data: "));
    assert!(began.elapsed() < Duration::from_secs(10), "the whole answer takes 30 s");

    proxy.once("POST", "/invocations", Fault::Trickle { bytes: 7, pause: Duration::from_millis(1) });
    let trickled =
        ask(&format!("{}/invocations", proxy.uri()), "done only", true).await.text().await.unwrap();
    assert!(trickled.ends_with("data: [DONE]\n\n"), "{trickled}");
}

#[tokio::test]
async fn the_proxy_passes_and_counts() {
    let servers = Servers::shared();
    let proxy = Proxy::start(servers.uri());
    let experiment = servers.experiment_id("otif-forecasting");
    let runs: Value = search_runs(&proxy.uri(), experiment).await.unwrap().json().await.unwrap();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 5);
    assert_eq!(proxy.count("POST", "/runs/search"), 1);
    let seen: &Seen = &proxy.requests()[0];
    assert_eq!(seen.json()["experiment_ids"], json!([experiment]));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    get(format!("{}/health?x=1", proxy.uri())).await.unwrap();
    assert_eq!(proxy.requests()[1].query, "x=1");
    assert!(proxy.requests()[1].at.elapsed() < Duration::from_mins(1));
    proxy.forget();
    assert_eq!(proxy.requests().len(), 0);
}

#[tokio::test]
async fn the_proxy_lies_as_often_as_it_is_told() {
    let proxy = Proxy::start(Servers::shared().uri());
    let url = format!("{}/api/2.0/mlflow/experiments/search?max_results=5", proxy.uri());
    let path = "/experiments/search";
    for fault in [Fault::status(503), Fault::unauthorized(), Fault::forbidden(), Fault::too_many_requests(2)]
    {
        proxy.once("GET", path, fault);
    }
    let mut statuses = vec![];
    for _ in 0..5 {
        let answer = get(url.clone()).await.unwrap();
        let wait = answer.headers().get("retry-after").map(|it| it.to_str().unwrap().to_owned());
        statuses.push((answer.status().as_u16(), wait));
    }
    assert_eq!(statuses, [(503, None), (401, None), (403, None), (429, Some("2".into())), (200, None)]);

    proxy.once("GET", path, Fault::html());
    assert!(get(url.clone()).await.unwrap().text().await.unwrap().contains("Sign in"));
    proxy.once("GET", path, Fault::garbage());
    assert!(get(url.clone()).await.unwrap().json::<Value>().await.is_err());
    proxy.once("GET", path, Fault::json(&json!({ "next_page_token": "more" })));
    assert_eq!(get_json(url.clone()).await, json!({ "next_page_token": "more" }));

    proxy.always(Fault::status(500));
    assert_eq!(get(url.clone()).await.unwrap().status(), 500);
    proxy.heal();
    assert_eq!(get(url).await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_proxy_breaks_connections() {
    let servers = Servers::shared();
    let proxy = Proxy::start(servers.uri());
    let experiment = servers.experiment_id("otif-forecasting");
    proxy.times(2, "POST", "/runs/search", Fault::HangUp);
    assert!(search_runs(&proxy.uri(), experiment).await.is_err());
    assert!(search_runs(&proxy.uri(), experiment).await.is_err());

    proxy.once("POST", "/runs/search", Fault::Cut { after: 100 });
    let cut = search_runs(&proxy.uri(), experiment).await.unwrap();
    assert_eq!(cut.status(), 200);
    assert!(cut.bytes().await.is_err());

    proxy.once("POST", "/runs/search", Fault::Stall { after: 100 });
    let mut stalled = search_runs(&proxy.uri(), experiment).await.unwrap();
    assert_eq!(stalled.chunk().await.unwrap().unwrap().len(), 100);
    assert!(tokio::time::timeout(Duration::from_millis(300), stalled.chunk()).await.is_err());

    proxy.once("GET", "/health", Fault::Delay(Duration::from_millis(300)));
    let began = Instant::now();
    assert_eq!(get(format!("{}/health", proxy.uri())).await.unwrap().status(), 200);
    assert!(began.elapsed() >= Duration::from_millis(300));

    proxy.down();
    assert!(get(format!("{}/health", proxy.uri())).await.unwrap_err().is_connect());
    proxy.up();
    assert_eq!(get(format!("{}/health", proxy.uri())).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_write_can_happen_without_an_answer() {
    let servers = Servers::shared();
    servers.make_model("servers-unknown-outcome", 2, &[("prod", 1)]);
    let proxy = Proxy::start(servers.uri());
    let path = "/api/2.0/mlflow/registered-models/alias";
    proxy.once("POST", path, Fault::ForwardThenHangUp);
    let body = json!({ "name": "servers-unknown-outcome", "alias": "prod", "version": "2" });
    let sent = client().request(Method::POST, format!("{}{path}", proxy.uri())).json(&body).send().await;
    assert!(sent.is_err());
    assert_eq!(servers.alias("servers-unknown-outcome", "prod"), Some(2));
    assert_eq!(proxy.count("POST", "/registered-models/alias"), 1);
}

#[tokio::test]
async fn the_proxy_can_have_a_base_path() {
    let proxy = Proxy::with_base(Servers::shared().uri(), "/mlflow");
    assert!(proxy.uri().ends_with("/mlflow"));
    assert_eq!(get(format!("{}/version", proxy.uri())).await.unwrap().text().await.unwrap(), "3.17.2");
    let outside = get(proxy.uri().replace("/mlflow", "/version")).await.unwrap();
    assert_eq!(outside.status(), 404);
    assert!(outside.text().await.unwrap().contains("nginx"));
}
