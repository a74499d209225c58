//! The traces of answers that name none: found on the tracking server, and shown beside the conversation.

use egui::Key;
use egui_kittest::kittest::Queryable as _;
use flowdeck::state::Route;
use flowdeck::state::chat::Turn;
use serde_json::json;

use crate::support::app::{
    App, Start, click, enter_on, is_shown, press, route, screen, start, step_until, type_into, wait_for,
    wait_for_text,
};
use crate::support::chat::{self, ask, last};
use crate::support::{Endpoint, Servers};

const MODEL: &str = "MyMinimalAgent_Registered";
const SERVED: &str = "models:/MyMinimalAgent_Registered@prod";
const ASKED: &str = "Why is OTIF down this week?";

/// The app on a server with its settings in a folder, in a chat with an agent.
fn talk_to(servers: &Servers, agent: &Endpoint, folder: &std::path::Path) -> App {
    let mut app = start(Start {
        uri: Some(servers.uri().to_owned()),
        config_folder: Some(folder.to_owned()),
        ..Start::default()
    });
    step_until(&mut app, "an experiment", |app| matches!(route(app), Route::Experiment { .. }));
    chat::talk_to(&mut app, agent.url());
    app
}

fn edit_endpoint(app: &mut App, edit: impl FnOnce(&mut App)) {
    click(app, "Edit the endpoint");
    edit(app);
    click(app, "Save");
    step_until(app, "the editor to close", |app| !is_shown(app, "Save"));
}

/// The trace that was found for the last turn.
fn found(app: &mut App) -> String {
    step_until(app, "its trace", |app| last(app).trace_id().is_some());
    app.step();
    last(app).trace_id().unwrap().to_owned()
}

fn link(trace: &str) -> String {
    format!("trace {}", &trace.trim_start_matches("tr-")[..8])
}

/// A trace of something else that traces to the server, asked the same at the same time. Its id.
fn somebody_else(servers: &Servers, name: &str, asked: &Turn) -> String {
    let code = "
mlflow.set_experiment('turn traces')
name, words, at = args
inputs = {'input': [{'role': 'user', 'content': words}]}
span = mlflow.start_span_no_context(name, inputs=inputs, start_time_ns=at * 1_000_000)
span.end(end_time_ns=at * 1_000_000 + 5_000_000)
mlflow.flush_trace_async_logging()
span.trace_id
";
    let made = servers.python_with(code, &json!([name, ASKED, asked.at]));
    made.as_str().unwrap().to_owned()
}

/// How many answers to the question are traced.
fn traced(servers: &Servers) -> u64 {
    let code = "
experiments = [e.experiment_id for e in client.search_experiments()]
traces = client.search_traces(locations=experiments)
len([t for t in traces if t.data.spans[0].name == 'predict' and t.info.request_preview == args])
";
    servers.python_with(code, &json!(ASKED)).as_u64().unwrap_or_default()
}

/// Waits for one more: the agent sends them a few seconds later.
fn until_traced(servers: &Servers, before: u64) {
    for _ in 0..120 {
        if traced(servers) > before {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    panic!("the agent traces nothing");
}

#[test]
fn the_trace_of_an_answer_is_found_by_its_model_and_stands_beside_the_conversation() {
    let servers = Servers::fresh();
    let agent = servers.serve(SERVED);
    let folder = tempfile::tempdir().unwrap();
    let mut app = talk_to(&servers, &agent, folder.path());
    edit_endpoint(&mut app, |app| type_into(app, "Serves", SERVED));
    ask(&mut app, ASKED);
    assert_eq!(last(&app).answer.trace_id, None, "an answer of a scoring server names none");
    somebody_else(&servers, "other", last(&app));
    enter_on(&mut app, "Find the trace");
    let trace = found(&mut app);
    let code = "
info = client.get_trace(args[0]).info
version = client.get_model_version_by_alias(args[1], 'prod')
[version.source == 'models:/' + info.request_metadata['mlflow.modelId'], info.request_preview]
";
    assert_eq!(servers.python_with(code, &json!([trace, MODEL])), json!([true, ASKED]));

    click(&mut app, &link(&trace));
    wait_for(&mut app, "span predict");
    assert_eq!(route(&app), &Route::Trace { trace_id: trace.clone(), beside_chat: true });
    assert!(is_shown(&app, "Message") && is_shown(&app, "Close the chat"), "{}", screen(&app));
    wait_for(&mut app, "hello world");
    assert!(!is_shown(&app, "Filter experiments"), "the list gives way");
    // The keys are the trace's, and Esc leads back.
    press(&mut app, Key::Escape);
    step_until(&mut app, "the chat", |app| route(app) == &Route::Chat);
    wait_for(&mut app, &link(&trace));
    enter_on(&mut app, &link(&trace));
    wait_for(&mut app, "span predict");
    app.key_press_modifiers(egui::Modifiers::COMMAND, Key::J);
    step_until(&mut app, "the trace alone", |app| !is_shown(app, "Message"));
    app.key_press_modifiers(egui::Modifiers::ALT, Key::ArrowLeft);
    step_until(&mut app, "the chat", |app| route(app) == &Route::Chat);
    click(&mut app, "Models");
    step_until(&mut app, "models", |app| matches!(route(app), Route::Models(_) | Route::Model { .. }));
    assert!(!is_shown(&app, "Message"), "it stood beside the trace alone");
}

#[test]
fn a_marker_finds_what_words_and_time_leave_open() {
    let servers = Servers::fresh();
    let agent = servers.serve(SERVED);
    let folder = tempfile::tempdir().unwrap();
    let mut app = talk_to(&servers, &agent, folder.path());
    // Nothing says which model this is, and somebody asks the same at that time.
    let before = traced(&servers);
    ask(&mut app, ASKED);
    somebody_else(&servers, "other", last(&app));
    until_traced(&servers, before);
    click(&mut app, "Find the trace");
    wait_for(&mut app, "2 traces may be its");
    edit_endpoint(&mut app, |app| click(app, "Mark each message, so that its trace is found"));
    click(&mut app, "Regenerate");
    step_until(&mut app, "another answer", |app| {
        last(app).answer.is_over() && !last(app).manner.marker.is_empty()
    });
    somebody_else(&servers, "other", last(&app));
    until_traced(&servers, before + 1);
    click(&mut app, "Find the trace");
    let trace = found(&mut app);
    let marker = last(&app).manner.marker.clone();
    let code = "client.get_trace(args).data.spans[0].inputs['request']['custom_inputs']['flowdeck_marker']";
    assert_eq!(servers.python_with(code, &json!(trace)), json!(marker));
    // It is in the request that is shown and copied, and kept with the conversation.
    click(&mut app, "Raw request and response");
    wait_for_text(&mut app, "flowdeck_marker");
}

#[test]
fn what_cannot_be_found_is_said_and_what_may_be_it_is_offered() {
    let (servers, elsewhere) = (Servers::shared(), Servers::fresh());
    // Its traces go to another server.
    let agent = elsewhere.serve(SERVED);
    let folder = tempfile::tempdir().unwrap();
    let mut app = talk_to(servers, &agent, folder.path());
    ask(&mut app, ASKED);
    enter_on(&mut app, "Find the trace");
    wait_for(&mut app, "No trace found");
    let one = somebody_else(servers, "one", last(&app));
    let two = somebody_else(servers, "two", last(&app));
    enter_on(&mut app, "Look again for the trace");
    wait_for(&mut app, "2 traces may be its");
    assert_eq!(last(&app).trace_id(), None);
    click(&mut app, "2 traces may be its");
    wait_for_text(&mut app, &format!(" · one · {}", &link(&one)["trace ".len()..]));
    let two_in_menu = format!(" · two · {}", &link(&two)["trace ".len()..]);
    app.get_by_label_contains(&two_in_menu).click();
    wait_for(&mut app, "span two");
    assert_eq!(route(&app), &Route::Trace { trace_id: two.clone(), beside_chat: true });
    assert_eq!(last(&app).trace_id(), Some(two.as_str()));
}
