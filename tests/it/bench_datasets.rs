//! Sets of prompts from evaluation datasets that Python made, by a server and from its file, by pointer and by keyboard.

use egui::Key;
use flowdeck::state::Route;
use flowdeck::state::bench::check::Check;
use flowdeck::state::bench::set::PromptSet;
use serde_json::json;

use crate::support::app::{
    App, Start, choose, click, enter_on, is_focused, is_shown, press, start, step_until, tab_to, type_into,
    type_text, wait_for, wait_for_text,
};
use crate::support::{Fault, Proxy, Servers};

/// Two datasets: `smoke` with every shape of a record, one of which asks nothing, and `many` with 620 records.
const MAKE: &str = r#"
from mlflow.genai.datasets import create_dataset
ids = [client.create_experiment(name) for name in ("supply agent", "other")]
smoke = create_dataset(name="smoke", experiment_id=ids[:1], tags={"team": "supply"})
smoke.merge_records([
    {"inputs": {"question": "Why is OTIF down?"}, "tags": {"split": "dev"},
     "expectations": {"expected_response": "It fell", "guidelines": ["Be brief"],
                      "expected_tool_calls": [{"name": "query_otif"}]}},
    {"inputs": {"messages": [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "And why?"}]},
     "expectations": {"expected_facts": ["a", "b"]}},
    {"inputs": {"input": [{"role": "user", "content": "Where?"}], "custom_inputs": {"plant": 7}}},
    {"inputs": {"country": "DE", "year": 2024}},
])
many = create_dataset(name="many", experiment_id=ids[1:])
many.merge_records([{"inputs": {"question": f"Question {n}"}} for n in range(620)])
"#;

fn open(uri: &str) -> App {
    let mut app = start(Start { uri: Some(uri.to_owned()), ..Start::default() });
    step_until(&mut app, "the server", |app| app.state().state().workspace.is_some());
    click(&mut app, "Bench");
    app
}

fn shown(app: &App) -> &PromptSet {
    let state = app.state().state();
    let Route::BenchSet(id) = state.navigation.current() else { panic!("no set is shown") };
    state.bench.set(*id).expect("it is there")
}

fn is_smoke(set: &PromptSet) {
    assert_eq!((set.name.as_str(), set.cases.len()), ("smoke", 3));
    let case = |title: &str| set.cases.iter().find(|case| case.title() == title).expect(title);
    let why = case("Why is OTIF down?");
    assert_eq!((why.expected.as_str(), why.note.as_str()), ("It fell", "Guidelines:\n- Be brief"));
    assert_eq!(why.checks, [Check::CallsTool { name: "query_otif".into() }]);
    assert_eq!(why.extra["tags"]["split"], "dev");
    assert!(why.id.starts_with("dr-"), "{}", why.id);
    assert_eq!((case("And why?").prompt.earlier(), case("And why?").expected.as_str()), (1, "- a\n- b"));
    assert_eq!(case("Where?").custom_inputs, r#"{"plant":7}"#);
}

#[test]
fn a_dataset_of_a_server_becomes_a_set_by_pointer() {
    let servers = Servers::empty();
    let mut app = open(servers.uri());
    click(&mut app, "From an evaluation dataset…");
    wait_for_text(&mut app, "There is no evaluation dataset on");
    wait_for(&mut app, "Copy code");
    servers.python(MAKE);
    click(&mut app, "Look again");
    wait_for(&mut app, "Dataset many");
    // Each is shown with its experiment, whose name finds it too.
    wait_for(&mut app, "supply agent");
    wait_for(&mut app, "620");
    type_into(&mut app, "Find a dataset", "no such");
    wait_for(&mut app, "No dataset is called so");
    type_into(&mut app, "Find a dataset", "supply");
    step_until(&mut app, "one dataset", |app| !is_shown(app, "Dataset many"));
    click(&mut app, "Dataset smoke");
    // The field has the cursor no more, and Enter still reads what was chosen.
    press(&mut app, Key::Enter);
    wait_for(&mut app, "Import 3 prompts");
    wait_for(&mut app, "1 record could not be read and is left out");
    wait_for_text(
        &mut app,
        "Nothing is asked: no input, messages, prompt or question among country, year (dr-",
    );
    click(&mut app, "Add 3 prompts");
    wait_for(&mut app, "set smoke");
    is_smoke(shown(&app));

    // More, into the set that is there; of many pages.
    click(&mut app, "More actions");
    click(&mut app, "Add from an evaluation dataset…");
    wait_for(&mut app, "They are added to “smoke”");
    click(&mut app, "Dataset many");
    click(&mut app, "Read the dataset");
    wait_for(&mut app, "Import 620 prompts");
    click(&mut app, "Add 620 prompts");
    wait_for(&mut app, "Added 620 prompts to “smoke”");
    assert_eq!(shown(&app).cases.len(), 623);
}

#[test]
fn a_dataset_of_a_file_becomes_a_set_by_keyboard() {
    let servers = Servers::empty();
    servers.python(MAKE);
    let mut app = open(&format!("sqlite:///{}", servers.database().display()));
    enter_on(&mut app, "From an evaluation dataset…");
    wait_for(&mut app, "Dataset smoke");
    step_until(&mut app, "the cursor in the field", |app| is_focused(app, "Find a dataset"));
    // The newest is chosen: the other one is below it.
    press(&mut app, Key::ArrowDown);
    press(&mut app, Key::ArrowUp);
    press(&mut app, Key::ArrowDown);
    press(&mut app, Key::Enter);
    wait_for(&mut app, "Import 3 prompts");
    press(&mut app, Key::Enter);
    wait_for(&mut app, "set smoke");
    is_smoke(shown(&app));
    // Into the set, by its menu.
    enter_on(&mut app, "More actions");
    choose(&mut app, "Add from an evaluation dataset…");
    step_until(&mut app, "the cursor in the field", |app| is_focused(app, "Find a dataset"));
    type_text(&mut app, "other");
    step_until(&mut app, "one dataset", |app| !is_shown(app, "Dataset smoke"));
    press(&mut app, Key::Enter);
    wait_for(&mut app, "Import 620 prompts");
    press(&mut app, Key::Escape);
    step_until(&mut app, "nothing more", |app| !is_shown(app, "Import 620 prompts"));
    assert_eq!(shown(&app).cases.len(), 3);
    // Given up at once.
    enter_on(&mut app, "Prompt set from an evaluation dataset");
    wait_for(&mut app, "Dataset many");
    tab_to(&mut app, "Cancel");
    press(&mut app, Key::Escape);
    step_until(&mut app, "nothing more", |app| !is_shown(app, "Dataset many"));
}

#[test]
fn a_server_without_datasets_says_so_and_a_failure_can_be_tried_again() {
    let servers = Servers::empty();
    let proxy = Proxy::start(servers.uri());
    let mut app = open(&proxy.uri());
    let unknown = json!({"error_code": "ENDPOINT_NOT_FOUND", "message": "no"});
    proxy.once("POST", "/datasets/search", Fault::answer(404, "application/json", unknown.to_string()));
    click(&mut app, "From an evaluation dataset…");
    wait_for_text(&mut app, "This server has no evaluation datasets: they came with MLflow 3.4");
    click(&mut app, "Cancel");
    step_until(&mut app, "nothing more", |app| !is_shown(app, "Cancel"));

    servers.python(MAKE);
    proxy.once("POST", "/datasets/search", Fault::forbidden());
    click(&mut app, "From an evaluation dataset…");
    wait_for_text(&mut app, "The datasets cannot be listed: Not allowed");
    click(&mut app, "Retry");
    wait_for(&mut app, "Dataset many");
    proxy.once("GET", "/records", Fault::forbidden());
    click(&mut app, "Dataset many");
    click(&mut app, "Read the dataset");
    wait_for_text(&mut app, "The records cannot be read: Not allowed");
    proxy.once("GET", "/records", Fault::Hold);
    click(&mut app, "Retry");
    // What hangs is stopped, and the list is still there.
    wait_for_text(&mut app, "Reading, 0 of 620 records");
    click(&mut app, "Stop");
    click(&mut app, "Read the dataset");
    wait_for(&mut app, "Import 620 prompts");
}
