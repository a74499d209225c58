//! Traces made by MLflow's own client: read from a server and from its file alike, as Python reads them, and on the
//! screen.

use egui_kittest::kittest::{NodeT as _, Queryable as _};
use flowdeck::entities::{Assessment, NewFeedback, Trace, TraceInfo, TraceState, TraceValue, trace_key};
use flowdeck::state::{Route, TraceScope};
use flowdeck::tracking::{Store, TraceQuery, TrackingError};
use serde_json::{Value, json};

use crate::client::{all, open as open_store};
use crate::support::Servers;
use crate::support::app::{
    App, Start, click, open, route, screen, start, step_until, type_into, wait_for, wait_for_text,
};

/// Traces of every kind, in an experiment of their own; answers its id and theirs by name.
const MAKE: &str = r#"
import json
experiment = client.create_experiment(args["name"])
mlflow.set_experiment(experiment_id=experiment)

@mlflow.trace(span_type="TOOL")
def look_up(city, fail):
    mlflow.get_current_active_span().set_attribute("retry", 0)
    if fail:
        raise TimeoutError("no answer from the weather")
    return {"city": city, "temp_c": 21.0, "none": None}

@mlflow.trace(span_type="CHAT_MODEL")
def llm(messages):
    mlflow.get_current_active_span().set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 12, "output_tokens": 5, "total_tokens": 17})
    return {"choices": [{"message": {"role": "assistant", "content": "It is 21 °C"}}]}

@mlflow.trace(name="agent", span_type="AGENT")
def agent(question, fail=False):
    mlflow.update_current_trace(tags={"feature": "weather"}, metadata={"mlflow.trace.session": "s-1", "mlflow.trace.user": "ann"})
    look_up("Łódź", fail)
    return llm([{"role": "user", "content": question}])

agent("How warm is it in Łódź?")
try:
    agent("And tomorrow?", fail=True)
except TimeoutError:
    pass
with mlflow.start_run(run_name="evaluation", experiment_id=experiment) as run:
    agent("Within a run")

@mlflow.trace(name="huge")
def huge():
    mlflow.get_current_active_span().set_attribute("notes", "long " * 60_000)
    return {"rows": [{"n": n, "text": "x" * 50} for n in range(2_000)]}
huge()
mlflow.flush_trace_async_logging()
from mlflow.entities import TraceInfo, TraceLocation, TraceState
from mlflow.tracking._tracking_service.utils import _get_store
location = TraceLocation.from_experiment_id(experiment)
_get_store().start_trace(TraceInfo("tr-" + "a" * 32, location, request_time=1795326998000, state=TraceState.IN_PROGRESS, request_preview="unfinished"))
found = client.search_traces(locations=[experiment], max_results=100)
by_name = {}
for trace in found:
    by_name.setdefault(trace.info.request_preview, trace.info.trace_id)
first = next(t for t in found if "How warm" in (t.info.request_preview or ""))
mlflow.log_feedback(trace_id=first.info.trace_id, name="tone", value="polite", rationale="as it should be")
mlflow.log_expectation(trace_id=first.info.trace_id, name="expected", value={"answer": "21 °C"})
{"experiment": experiment, "run": run.info.run_id, "first": first.info.trace_id}
"#;

/// What Python says of every trace, its spans included.
const READ: &str = r#"
from mlflow.entities import SpanStatusCode
def assessment(a):
    return {"id": a.assessment_id, "name": a.name, "value": json.dumps(a.value, ensure_ascii=False), "rationale": a.rationale or "",
            "who": a.source.source_id, "kind": a.source.source_type}
def span(s):
    return {"id": s.span_id, "parent": s.parent_id, "name": s.name, "type": s.span_type, "start": s.start_time_ns, "end": s.end_time_ns,
            "status": s.status.status_code.name, "inputs": json.dumps(s.inputs, ensure_ascii=False), "outputs": json.dumps(s.outputs, ensure_ascii=False),
            "events": [e.name for e in s.events]}
import json
def one(trace):
    i = trace.info
    return {"id": i.trace_id, "state": i.state.name, "time": i.request_time, "took": i.execution_duration,
            "request": i.request_preview or "", "response": i.response_preview or "", "tags": i.tags, "metadata": i.trace_metadata,
            "assessments": sorted((assessment(a) for a in i.assessments), key=lambda a: a["id"]),
            "spans": sorted((span(s) for s in trace.data.spans), key=lambda s: s["id"])}
[one(t) for t in client.search_traces(locations=[args], max_results=100)]
"#;

struct Made {
    experiment: String,
    run: String,
    first: String,
}

fn make(servers: &Servers, name: &str) -> Made {
    let made = servers.python_with(MAKE, &json!({ "name": name }));
    let text = |key: &str| made[key].as_str().unwrap().to_owned();
    Made { experiment: text("experiment"), run: text("run"), first: text("first") }
}

async fn found(store: &dyn Store, query: TraceQuery) -> Vec<TraceInfo> {
    all(store.search_traces(query)).await.unwrap()
}

fn of_experiment(id: &str) -> TraceQuery {
    TraceQuery { experiment_ids: vec![id.to_owned()], ..TraceQuery::default() }
}

fn json_of(value: Option<&TraceValue>) -> String {
    value.map_or_else(|| "null".to_owned(), TraceValue::to_json)
}

/// A trace in the words of [`READ`].
fn in_python(trace: &Trace) -> Value {
    let info = &trace.info;
    let state = match info.state {
        TraceState::Ok => "OK",
        TraceState::Error => "ERROR",
        TraceState::InProgress => "IN_PROGRESS",
        TraceState::Unspecified => "STATE_UNSPECIFIED",
    };
    let mut assessments: Vec<Value> = info
        .assessments
        .iter()
        .map(|it| {
            json!({ "id": it.assessment_id, "name": it.name, "value": it.value.to_json(), "rationale": it.rationale,
                "who": it.source_id, "kind": it.source_type })
        })
        .collect();
    assessments.sort_by_key(|it| it["id"].to_string());
    let mut spans: Vec<Value> = trace
        .spans
        .iter()
        .map(|span| {
            let events: Vec<&str> = span.events.iter().map(|event| event.name.as_str()).collect();
            json!({ "id": span.span_id, "parent": span.parent_id, "name": span.name, "type": span.span_type,
                "start": span.start_ns, "end": span.end_ns, "status": format!("{:?}", span.status).to_uppercase(),
                "inputs": json_of(span.inputs.as_ref()), "outputs": json_of(span.outputs.as_ref()), "events": events })
        })
        .collect();
    spans.sort_by_key(|it| it["id"].to_string());
    json!({ "id": info.trace_id, "state": state, "time": info.request_time, "took": info.execution_duration,
        "request": info.request_preview, "response": info.response_preview, "tags": info.tags,
        "metadata": info.metadata, "assessments": assessments, "spans": spans })
}

#[tokio::test(flavor = "multi_thread")]
async fn server_file_and_python_say_the_same() {
    let servers = Servers::fresh();
    let made = make(&servers, "traces");
    let python = servers.python_with(READ, &json!(made.experiment));
    let expected = python.as_array().unwrap();
    assert!(expected.len() >= 4, "{python}");
    let server = open_store(servers.uri()).await;
    let file = open_store(&format!("sqlite:///{}", servers.database().display())).await;
    let mut here = found(&*file, of_experiment(&made.experiment)).await;
    assert_eq!(here, found(&*server, of_experiment(&made.experiment)).await);
    // Python leaves traces out whose spans are not complete.
    assert!(here.len() >= expected.len());
    let unfinished = here.iter().find(|info| info.state == TraceState::InProgress).unwrap();
    for store in [&file, &server] {
        let trace = store.get_trace(&unfinished.trace_id).await.unwrap();
        assert_eq!((&trace.info, trace.spans.len(), trace.missing.is_some()), (unfinished, 0, true));
    }
    here.retain(|info| expected.iter().any(|it| it["id"] == info.trace_id.as_str()));
    for (info, expected) in here.iter().zip(expected) {
        let (file, server) =
            (file.get_trace(&info.trace_id).await.unwrap(), server.get_trace(&info.trace_id).await.unwrap());
        assert_eq!(file.info, *info);
        let mut spans = [file.spans.clone(), server.spans.clone()];
        for spans in &mut spans {
            spans.sort_by(|a, b| a.span_id.cmp(&b.span_id));
        }
        assert_eq!(spans[0], spans[1]);
        assert_eq!(file.info, server.info);
        assert_eq!((&file.missing, &server.missing), (&None, &None));
        assert_eq!(in_python(&file), *expected);
    }
    let huge = here.iter().find(|info| info.name() == "huge").unwrap();
    let huge = file.get_trace(&huge.trace_id).await.unwrap();
    let notes = huge.spans[0].attributes.iter().find(|(name, _)| name == "notes").unwrap();
    assert_eq!(notes.1.as_text().map(str::len), Some(300_000));
    assert_eq!(huge.spans[0].outputs.as_ref().unwrap().get("rows").unwrap().len(), Some(2_000));
    let failed = here.iter().find(|info| info.state == TraceState::Error).unwrap();
    let failed = file.get_trace(&failed.trace_id).await.unwrap();
    let tool = failed.spans.iter().find(|span| span.name == "look_up").unwrap();
    assert_eq!(tool.events[0].text("exception.type"), Some("TimeoutError"));
    assert!(tool.events[0].text("exception.stacktrace").unwrap().contains("Traceback"));
    let first = here.iter().find(|info| info.trace_id == made.first).unwrap();
    assert_eq!((first.tokens.unwrap().total, first.about(trace_key::SESSION)), (17, Some("s-1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_are_found_by_run_and_by_model() {
    let servers = Servers::fresh();
    let made = make(&servers, "traces");
    let model = "m-0123456789abcdef0123456789abcdef";
    let code = r"
mlflow.set_experiment(experiment_id=args[0])
@mlflow.trace
def answer(): mlflow.update_current_trace(metadata={'mlflow.modelId': args[1]})
answer()
mlflow.flush_trace_async_logging()
";
    servers.python_with(code, &json!(["0", model]));
    for uri in [servers.uri().to_owned(), format!("sqlite:///{}", servers.database().display())] {
        let store = open_store(&uri).await;
        let run = TraceQuery { run_id: Some(made.run.clone()), ..of_experiment(&made.experiment) };
        let previews: Vec<_> =
            found(&*store, run).await.into_iter().map(|info| info.request_preview).collect();
        assert_eq!(previews.len(), 1, "{uri}: {previews:?}");
        assert!(previews[0].contains("Within a run"), "{uri}");
        let by_model = TraceQuery { model_id: Some(model.to_owned()), ..TraceQuery::default() };
        let traces = found(&*store, by_model).await;
        assert_eq!(traces.len(), 1, "{uri}");
        assert_eq!((traces[0].name(), traces[0].experiment_id.as_str()), ("answer", "0"));
        let at = traces[0].request_time.unwrap();
        for (since, until, found_then) in
            [(at, at, 1), (at - 9, at + 9, 1), (at + 1, at + 9, 0), (at - 9, at - 1, 0)]
        {
            let model_id = Some(model.to_owned());
            let then =
                TraceQuery { model_id, since: Some(since), until: Some(until), ..TraceQuery::default() };
            assert_eq!(found(&*store, then).await.len(), found_then, "{uri}: {since}–{until} around {at}");
        }
        let error = store.get_trace("tr-00000000000000000000000000000000").await.unwrap_err();
        assert!(error.is_not_found(), "{uri}: {error:?}");
        let linked = TraceQuery { run_id: Some("f00".into()), ..TraceQuery::default() };
        assert!(found(&*store, linked).await.is_empty(), "{uri}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn feedback_is_read_by_python_whichever_way_it_was_written() {
    let servers = Servers::fresh();
    let made = make(&servers, "traces");
    let mut written: Vec<Assessment> = Vec::new();
    for (uri, good) in
        [(servers.uri().to_owned(), true), (format!("sqlite:///{}", servers.database().display()), false)]
    {
        let store = open_store(&uri).await;
        let feedback = |trace_id: &str| NewFeedback {
            trace_id: trace_id.to_owned(),
            span_id: None,
            name: "feedback".into(),
            good,
            rationale: format!("via {}", if good { "server" } else { "file" }),
        };
        written.push(store.log_feedback(feedback(&made.first)).await.unwrap());
        let error = store.log_feedback(feedback("tr-f00")).await.unwrap_err();
        assert!(matches!(error, TrackingError::Mlflow { .. }) && error.is_not_found(), "{uri}: {error:?}");
    }
    let code = "[[a.assessment_id, a.value, a.rationale, a.source.source_type, a.source.source_id, a.valid, a.create_time_ms] \
        for a in client.get_trace(args).info.assessments if a.name == 'feedback']";
    let read = servers.python_with(code, &json!(made.first));
    let said: Vec<Value> = written
        .iter()
        .map(|it| {
            json!([
                it.assessment_id,
                it.value == TraceValue::Bool(true),
                it.rationale,
                "HUMAN",
                it.source_id,
                true,
                it.create_time
            ])
        })
        .collect();
    let mut read = read.as_array().unwrap().clone();
    read.sort_by_key(|it| it[6].as_i64());
    assert_eq!(read, said);
    let columns = "[[r[0], r[1], r[2] is not None] for r in __import__('sqlite3').connect(args).execute(\
        \"select is_numeric_value, aggregate_value, trace_timestamp_ms from assessments where name = 'feedback' order by created_timestamp\")]";
    let rows = servers.python_with(columns, &json!(servers.database()));
    assert_eq!(rows, json!([[0, 1.0, true], [0, 0.0, true]]));
}

/// The requests on the screen, from top to bottom.
fn rows(app: &App) -> Vec<String> {
    let mut rows: Vec<(f32, String)> = app
        .root()
        .children_recursive()
        .filter_map(|node| {
            let label = node.accesskit_node().label()?;
            Some((node.rect().top(), label.strip_prefix("trace ")?.to_owned()))
        })
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    rows.into_iter().map(|(_, name)| name).collect()
}

fn sample() -> App {
    let mut app = start(Start { sample: true, ..Start::default() });
    click(&mut app, "experiment planning-agents");
    click(&mut app, "Traces tab");
    step_until(&mut app, "its traces", |app| rows(app).len() == 18);
    app
}

#[test]
fn traces_stand_beside_runs_and_are_filtered_and_sorted() {
    let mut app = sample();
    type_into(&mut app, "Filter traces", "state=error");
    step_until(&mut app, "the one that failed", |app| rows(app) == ["What will next week be like?"]);
    click(&mut app, "Clear filter");
    step_until(&mut app, "all", |app| rows(app).len() == 18);
    click(&mut app, "column Duration");
    step_until(&mut app, "the slowest first", |app| rows(app)[0] == "What will next week be like?");
    click(&mut app, "Runs tab");
    wait_for(&mut app, "run minimal-agent-v7");
    app.key_press_modifiers(egui::Modifiers::ALT, egui::Key::ArrowLeft);
    step_until(&mut app, "the traces again, as they were left", |app| rows(app).len() == 18);
    assert!(matches!(*route(&app), Route::Traces(TraceScope::Experiment(_))));
}

#[test]
fn an_experiment_opens_with_the_tab_it_was_left_with() {
    let mut app = sample();
    click(&mut app, "experiment otif-forecasting");
    step_until(&mut app, "runs", |app| matches!(*route(app), Route::Experiment { .. }));
    click(&mut app, "experiment planning-agents");
    step_until(&mut app, "traces", |app| matches!(*route(app), Route::Traces(_)));
}

#[test]
fn a_trace_shows_where_it_failed_and_keys_walk_its_spans() {
    let mut app = sample();
    type_into(&mut app, "Filter traces", "state=error");
    step_until(&mut app, "the one that failed", |app| rows(app).len() == 1);
    click(&mut app, "trace What will next week be like?");
    wait_for(&mut app, "span query_otif");
    // The span that failed is chosen.
    wait_for_text(&mut app, "TimeoutError");
    wait_for_text(&mut app, "the planning database did not answer");
    for key in [egui::Key::Home, egui::Key::ArrowDown] {
        app.key_press(key);
        app.step();
        app.step();
    }
    wait_for_text(&mut app, "tool_calls");
    click(&mut app, "Fold predict");
    step_until(&mut app, "folded", |app| app.query_by_label("span query_otif").is_none());
    type_into(&mut app, "Search in this trace", "planning database");
    wait_for(&mut app, "1 found");
    assert!(app.query_by_label("span query_otif").is_some(), "{}", screen(&app));
    app.key_press_modifiers(egui::Modifiers::ALT, egui::Key::ArrowLeft);
    step_until(&mut app, "the table", |app| matches!(*route(app), Route::Traces(_)));
    app.key_press_modifiers(egui::Modifiers::ALT, egui::Key::ArrowRight);
    step_until(&mut app, "the trace", |app| matches!(*route(app), Route::Trace { .. }));
}

#[test]
fn a_chat_is_shown_as_one_and_as_data() {
    let mut app = sample();
    app.key_press(egui::Key::ArrowRight);
    app.step();
    for key in [egui::Key::Home, egui::Key::Enter] {
        app.key_press(key);
        app.step();
        app.step();
    }
    wait_for(&mut app, "span predict");
    wait_for(&mut app, "User");
    wait_for(&mut app, "Assistant");
    click(&mut app, "Data Inputs");
    step_until(&mut app, "data", |app| app.query_by_label("Assistant").is_none());
    wait_for(&mut app, "Fold input");
}

#[test]
fn a_thumb_with_a_comment_reaches_the_server() {
    let servers = Servers::fresh();
    let made = make(&servers, "traces");
    let mut app = open(servers.uri());
    app.step();
    // By its id, as a colleague gives it.
    step_until(&mut app, "a server", |app| app.state().state().workspace.is_some());
    app.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::K);
    type_into(&mut app, "Find anything", &made.first);
    app.key_press(egui::Key::Enter);
    wait_for(&mut app, "span agent");
    wait_for_text(&mut app, "tone polite");
    click(&mut app, "Thumbs down");
    type_into(&mut app, "Comment", "too warm");
    click(&mut app, "Save");
    wait_for(&mut app, "Feedback saved");
    wait_for_text(&mut app, "too warm");
    let code =
        "[[a.value, a.rationale] for a in client.get_trace(args).info.assessments if a.name == 'feedback']";
    assert_eq!(servers.python_with(code, &json!(made.first)), json!([[false, "too warm"]]));
}

#[test]
fn new_traces_appear_in_an_open_file() {
    let servers = Servers::fresh();
    let made = make(&servers, "traces");
    let mut app = open(&format!("sqlite:///{}", servers.database().display()));
    click(&mut app, "experiment traces");
    click(&mut app, "Traces tab");
    step_until(&mut app, "its traces", |app| rows(app).len() >= 4);
    let before = rows(&app).len();
    let code = r"
mlflow.set_experiment(experiment_id=args)
@mlflow.trace
def late(question): return 'late'
late('Is it late?')
mlflow.flush_trace_async_logging()
";
    servers.python_with(code, &json!(made.experiment));
    step_until(&mut app, "the new one", |app| rows(app).len() == before + 1);
    assert!(rows(&app)[0].contains("Is it late?"), "{:?}", rows(&app));
}
