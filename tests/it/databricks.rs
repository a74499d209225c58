//! A Databricks workspace: found by its profile, its serving endpoints listed and asked with its own login. A stand-in
//! on loopback answers the one route that MLflow's server has not, and wants the token everywhere.

use std::path::Path;

use egui::Key;
use egui_kittest::kittest::Queryable as _;
use flowdeck::agent::{Outcome, to_curl, to_deployments, to_python};
use flowdeck::state::bench::result::BenchRun;
use flowdeck::state::{Command, Route};
use serde_json::json;

use crate::support::app::{
    App, Start, apply, choose, click, is_shown, press, start, step_until, tab_to, type_into, wait_for,
    wait_for_text,
};
use crate::support::chat::{ask, conversation, last};
use crate::support::{Fault, Proxy, Servers};

const TOKEN: &str = "dapi-0123456789-s3cret";
const URI: &str = "databricks://staging";

/// MLflow's API from a real server, `supply-agent` and `supply-next` from a real agent server.
fn workspace() -> Proxy {
    let servers = Servers::shared();
    let proxy = Proxy::start(servers.uri());
    let refused = r#"{"error_code": "403", "message": "Invalid access token."}"#;
    proxy.when(usize::MAX, Fault::answer(403, "application/json", refused), |seen| {
        seen.header("authorization") != Some(&format!("Bearer {TOKEN}"))
    });
    let endpoint = |name: &str, ready: &str, task: &str, version: &str| {
        json!({
            "name": name, "creator": "ann@example.com", "task": task, "state": {"ready": ready},
            "config": {"served_entities": [{"entity_name": "main.agents.supply", "entity_version": version}]},
        })
    };
    let list = json!({"endpoints": [
        endpoint("supply-agent", "READY", "agent/v1/responses", "7"),
        endpoint("supply-next", "READY", "agent/v1/responses", "8"),
        endpoint("frozen", "NOT_READY", "agent/v2/chat", "1"),
        endpoint("vectors", "READY", "llm/v1/embeddings", ""),
    ]});
    proxy.when(usize::MAX, Fault::json(&list), |seen| seen.path == "/api/2.0/serving-endpoints");
    let agent = servers.agent_server().root().to_owned();
    let agent = Fault::Elsewhere { server: agent, path: "/invocations".to_owned() };
    proxy.when(usize::MAX, agent, |seen| {
        seen.path.starts_with("/serving-endpoints/supply-") && seen.path.ends_with("/invocations")
    });
    proxy
}

/// The app on the workspace, with its profile in a file of the test's own.
fn open(folder: &Path, proxy: &Proxy, token: &str) -> App {
    let file = folder.join("databrickscfg");
    let text = format!(
        "[DEFAULT]\nhost = https://no.such.host\n\n[staging]\nhost = {}/\ntoken = {token}\n",
        proxy.uri()
    );
    std::fs::write(&file, text).unwrap();
    start(Start {
        uri: Some(URI.to_owned()),
        environment: vec![("DATABRICKS_CONFIG_FILE", file.display().to_string())],
        config_folder: Some(folder.join("config")),
        data_folder: Some(folder.join("data")),
        ..Start::default()
    })
}

fn until_open(app: &mut App) {
    step_until(app, "the workspace", |app| app.state().state().workspace.is_some());
}

/// Questions to endpoints, by their paths.
fn asked(proxy: &Proxy) -> Vec<String> {
    let posts = proxy.requests().into_iter().filter(|seen| seen.path.ends_with("/invocations"));
    posts.map(|seen| seen.path).collect()
}

/// Files below a folder in which the token is.
fn holding_the_token(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()).contains(TOKEN) {
                found.push(entry.path().display().to_string());
            }
        }
    }
    found
}

#[test]
fn serving_endpoints_are_listed_and_asked_with_the_workspaces_login() {
    let (folder, proxy) = (tempfile::tempdir().unwrap(), workspace());
    let mut app = open(folder.path(), &proxy, TOKEN);
    until_open(&mut app);
    assert_eq!(app.state().state().workspace.as_ref().unwrap().store.info().uri, URI);
    click(&mut app, "Chat");
    click(&mut app, "Endpoints");
    wait_for(&mut app, "frozen, Not ready");
    assert!(app.query_by_label_contains("vectors").is_none(), "nobody talks to what makes vectors");
    click(&mut app, "supply-agent, Ready");
    wait_for_text(&mut app, "supply-agent · serves models:/main.agents.supply/7");
    wait_for(&mut app, "· Responses");
    ask(&mut app, "Why is OTIF down this week?");
    assert_eq!(last(&app).answer.outcome, Outcome::Completed);
    assert!(last(&app).answer.text().contains("OTIF fell"), "{}", last(&app).answer.text());
    let seen = proxy.requests();
    let question =
        seen.iter().find(|seen| seen.path == "/serving-endpoints/supply-agent/invocations").unwrap();
    assert_eq!((&question.json()["stream"], question.method.as_str()), (&json!(true), "POST"));

    // Nothing that is copied or kept has the token.
    let turn = last(&app);
    let payload = conversation(&app).payload(turn.id).unwrap();
    let copies = [
        to_curl(&turn.endpoint, &payload),
        to_python(&turn.endpoint, &payload),
        to_deployments(&turn.endpoint, &payload).unwrap(),
    ];
    assert!(
        copies[0].contains("Bearer $DATABRICKS_TOKEN") && copies.iter().all(|copy| !copy.contains(TOKEN))
    );

    // Side by side, by keyboard.
    app.key_press_modifiers(egui::Modifiers::COMMAND.plus(egui::Modifiers::SHIFT), Key::Enter);
    wait_for(&mut app, "v8 · main.agents.supply/8");
    tab_to(&mut app, "supply-next");
    press(&mut app, Key::Space);
    tab_to(&mut app, "Talk side by side");
    press(&mut app, Key::Enter);
    step_until(&mut app, "two panes", |app| app.state().state().chat.panes().len() == 2);
    type_into(&mut app, "Message", "done only");
    app.key_press(Key::Enter);
    step_until(&mut app, "both answers", |app| {
        let panes = app.state().state().chat.panes();
        panes
            .iter()
            .all(|pane| pane.turns.last().is_some_and(|turn| turn.answer.outcome == Outcome::Completed))
    });
    assert_eq!(asked(&proxy).iter().filter(|path| path.contains("supply-next")).count(), 1);

    drop(app);
    assert_eq!(holding_the_token(folder.path()), [folder.path().join("databrickscfg").display().to_string()]);
    let settings = std::fs::read_to_string(folder.path().join("config/settings.json")).unwrap();
    assert!(settings.contains("\"login_of\": \"databricks://staging\"") && settings.contains("supply-next"));
}

#[test]
fn the_login_is_gone_with_the_connection_and_back_with_it() {
    let (folder, proxy) = (tempfile::tempdir().unwrap(), workspace());
    let mut app = open(folder.path(), &proxy, TOKEN);
    until_open(&mut app);
    // By keyboard.
    click(&mut app, "Chat");
    tab_to(&mut app, "Endpoints");
    press(&mut app, Key::Enter);
    wait_for(&mut app, "supply-agent, Ready");
    choose(&mut app, "supply-agent, Ready");
    wait_for(&mut app, "· Responses");
    ask(&mut app, "done only");
    assert_eq!(asked(&proxy).len(), 1);

    apply(&mut app, Command::Disconnect);
    apply(&mut app, Route::Chat);
    wait_for_text(
        &mut app,
        "supply-agent is asked with the login of databricks://staging. Connect to it again",
    );
    type_into(&mut app, "Message", "and now?");
    press(&mut app, Key::Enter);
    assert_eq!((conversation(&app).turns.len(), asked(&proxy).len()), (1, 1), "nothing is sent without it");

    let request = flowdeck::tracking::ConnectRequest { uri: URI.to_owned(), ..Default::default() };
    apply(&mut app, Command::Connect(request));
    until_open(&mut app);
    apply(&mut app, Route::Chat);
    step_until(&mut app, "the login", |app| {
        app.state().state().chat.can_send() && !is_shown(app, "Connecting…")
    });
    ask(&mut app, "and now?");
    assert_eq!((&last(&app).answer.outcome, asked(&proxy).len()), (&Outcome::Completed, 2));
}

#[test]
fn a_serving_endpoint_is_put_on_the_bench() {
    let (folder, proxy) = (tempfile::tempdir().unwrap(), workspace());
    let mut app = open(folder.path(), &proxy, TOKEN);
    until_open(&mut app);
    click(&mut app, "Bench");
    click(&mut app, "New set");
    wait_for(&mut app, "prompt 1: ");
    type_into(&mut app, "What is asked", "Why is OTIF down this week?");
    click(&mut app, "Run…");
    wait_for(&mut app, "supply-next");
    // The first by name is chosen at first.
    wait_for(&mut app, "Sends 1 request to frozen");
    click(&mut app, "frozen");
    click(&mut app, "supply-next");
    wait_for_text(&mut app, "Sends 1 request to supply-next");
    click(&mut app, "Send 1 request");
    let run = |app: &App| -> Option<BenchRun> {
        let state = app.state().state();
        let Route::BenchRun(id) = state.navigation.current() else { return None };
        state.bench.run(*id).filter(|run| run.ended.is_some()).cloned()
    };
    step_until(&mut app, "the end of the run", |app| run(app).is_some());
    let run = run(&app).unwrap();
    let cell = run.cell(0, 0).unwrap();
    assert!(cell.answer.contains("OTIF fell") && cell.failure.is_none(), "{cell:?}");
    assert_eq!((run.columns[0].version(), run.columns[0].doubt()), (Some(8), None));
    assert_eq!(asked(&proxy), ["/serving-endpoints/supply-next/invocations"]);
}

#[test]
fn a_wrong_token_and_a_missing_profile_are_sentences_with_a_way_out() {
    let (folder, proxy) = (tempfile::tempdir().unwrap(), workspace());
    let mut app = open(folder.path(), &proxy, "dapi-wrong");
    wait_for_text(&mut app, "refuses the login: Invalid access token.");
    wait_for_text(&mut app, "enter a token");
    assert!(app.query_by_label_contains("dapi-wrong").is_none());
    // The way out: the token is typed, and the host is the profile's.
    click(&mut app, "Token");
    type_into(&mut app, "Token", TOKEN);
    click(&mut app, "Connect");
    until_open(&mut app);

    let file = folder.path().join("databrickscfg").display().to_string();
    let mut app = start(Start {
        uri: Some("databricks://prod".to_owned()),
        environment: vec![("DATABRICKS_CONFIG_FILE", file)],
        ..Start::default()
    });
    wait_for_text(&mut app, "has no profile prod. It has DEFAULT and staging");
    type_into(&mut app, "Address", URI);
    press(&mut app, Key::Enter);
    wait_for_text(&mut app, "refuses the login");
}
