//! What is done with a finished bench: looked through by filters, saved as files, and logged as MLflow runs that
//! Python reads; by pointer and by keyboard.

use std::path::{Path, PathBuf};
use std::time::Duration;

use egui::Key;
use egui_kittest::kittest::Queryable as _;
use flowdeck::state::bench::result::BenchRun;
use serde_json::{Value, json};

use crate::bench::{connect, host, make_set, open, run, shown_rows, until_ended};
use crate::support::app::{
    App, ScriptedDialogs, choose, click, enter_on, is_focused, is_shown, press, step_until, type_into,
    type_text, wait_for, wait_for_text,
};
use crate::support::{Fault, Proxy, Servers};

/// Four prompts and two endpoints, the second of which says the same, takes longer, says something else, and fails.
struct Compared {
    app: App,
    // They stand before the endpoints.
    _proxies: [Proxy; 2],
    folder: tempfile::TempDir,
    dialogs: ScriptedDialogs,
    base: String,
    other: String,
}

const SAME: &str = "sources";
const SLOW: &str = "Why is OTIF down?";
const ELSE: &str = "sources, please";
const FAIL: &str = "echo this";

impl Compared {
    fn new() -> Self {
        let agent = Servers::shared().agent_server();
        let proxies = [Proxy::start(agent.root()), Proxy::start(agent.root())];
        let [first, proxy] = &proxies;
        let asks = |text: &'static str| {
            let quoted = json!(text).to_string();
            move |seen: &crate::support::Seen| String::from_utf8_lossy(&seen.body).contains(&quoted)
        };
        let said = json!({"type": "message", "id": "m", "role": "assistant",
            "content": [{"type": "output_text", "text": "**Nothing** is known | here"}]});
        let answer = json!({"object": "response", "status": "completed", "output": [said]});
        // So long that no load of the machine makes it good.
        first.when(9, Fault::Delay(Duration::from_secs(3)), asks(SAME));
        proxy.when(9, Fault::Delay(Duration::from_secs(4)), asks(SLOW));
        proxy.when(9, Fault::json(&answer), asks(ELSE));
        proxy.when(9, Fault::status(500), asks(FAIL));
        let [base, other] =
            proxies.each_ref().map(|proxy| format!("{}/invocations", proxy.uri().trim_end_matches('/')));
        let (folder, dialogs) = (tempfile::tempdir().unwrap(), ScriptedDialogs::default());
        let mut app = open(folder.path(), &[&base, &other], &dialogs);
        make_set(&mut app, &[SAME, SLOW, ELSE, FAIL]);
        press(&mut app, Key::Escape);
        click(&mut app, &format!("prompt 3: {ELSE}"));
        click(&mut app, "Add check");
        type_into(&mut app, "Check 1", "OTIF");
        let (base, other) = (host(&base), host(&other));
        click(&mut app, "Run…");
        click(&mut app, &other);
        click(&mut app, "Send 8 requests");
        until_ended(&mut app);
        Self { app, _proxies: proxies, folder, dialogs, base, other }
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

#[test]
fn filters_find_what_differs_regressed_failed_and_got_slower_by_pointer_and_by_keyboard() {
    let mut compared = Compared::new();
    let app = &mut compared.app;
    let filters = [
        ("Different 2", vec![2, 3]),
        ("Regressed 2", vec![2, 3]),
        ("Fixed 0", vec![]),
        ("Failed 2", vec![2, 3]),
        ("Slower 1", vec![1]),
        ("All 4", vec![0, 1, 2, 3]),
    ];
    for (filter, rows) in &filters {
        click(app, filter);
        step_until(app, filter, |app| shown_rows(app) == *rows);
    }
    click(app, "Fixed 0");
    step_until(app, "no row", |app| shown_rows(app).is_empty());
    for (filter, rows) in &filters {
        enter_on(app, filter);
        step_until(app, filter, |app| shown_rows(app) == *rows);
    }
    // From the other's side, what regressed was fixed.
    click(app, &format!("Base {}", compared.other));
    wait_for(app, "Fixed 2");
    wait_for(app, "Regressed 0");
    // What is shown of an answer in the table is words, not Markdown.
    wait_for(app, &format!("answer 3 of {}: Nothing is known | here", compared.other));
    // A row opens with both answers, what differs marked.
    click(app, &format!("answer 3 of {}: Nothing is known | here", compared.other));
    wait_for(app, "Close the row");
    let id = run(app).id;
    step_until(app, "what differs", |app| app.state().state().bench.row_diff(id).is_some());
    wait_for_text(app, "is known | here");
    assert!(!is_shown(app, "**Nothing** is known | here"), "it is drawn as Markdown");
}

/// Saves the run that is shown by the menu's entry, and reads the file.
fn saved(app: &mut App, dialogs: &ScriptedDialogs, entry: &str, place: &Path, by_keys: bool) -> String {
    dialogs.answer(Some(place.to_owned()));
    if by_keys {
        enter_on(app, "More actions");
        choose(app, entry);
    } else {
        click(app, "More actions");
        click(app, entry);
    }
    wait_for(app, &format!("Saved {}", place.display()));
    std::fs::read_to_string(place).unwrap()
}

#[test]
fn a_bench_is_saved_as_each_kind_of_file_by_pointer_and_by_keyboard() {
    let mut compared = Compared::new();
    let [csv, lines, page, report] = ["a.csv", "a.jsonl", "a.html", "a.md"].map(|name| compared.place(name));
    let (base, other) = (compared.base.clone(), compared.other.clone());
    let dialogs = compared.dialogs.clone();
    let app = &mut compared.app;

    let text = saved(app, &dialogs, "Save as CSV…", &csv, false);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<std::collections::HashMap<String, String>> =
        reader.deserialize().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), 8);
    let row = &rows[5];
    let of = |key: &str| row[key].as_str();
    assert_eq!([of("prompt"), of("endpoint"), of("result")], [ELSE, &other, "not passed"]);
    assert_eq!([of("checks passed"), of("checks")], ["0", "1"]);
    // How fast it was besides is the machine's affair.
    assert!(of("against base").starts_with("regressed"), "{}", of("against base"));
    assert_eq!(of("answer"), "**Nothing** is known | here");
    assert!(rows[7]["failure"].contains("500"), "{}", rows[7]["failure"]);
    assert!(rows[3]["against base"].contains("slower"), "{}", rows[3]["against base"]);

    let text = saved(app, &dialogs, "Save as JSON Lines…", &lines, true);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (lines.len(), &lines[0]["prompts"], &lines[0]["endpoints"][1]["name"]),
        (9, &4.into(), &json!(other))
    );
    assert_eq!((&lines[6]["endpoint"], &lines[6]["good"]), (&json!(other), &json!(false)));
    assert_eq!(lines[1]["result"]["answer"], run(app).cell(0, 0).unwrap().answer.as_str());

    let text = saved(app, &dialogs, "Save as HTML report…", &page, false);
    assert!(text.starts_with("<!doctype html>") || text.starts_with("<!DOCTYPE html>"), "{}", &text[..80]);
    assert!([&base, &other, SLOW, "is known"].iter().all(|it| text.contains(*it)), "{text}");
    assert!(!text.contains("<script") && !text.contains("src="), "it needs nothing else");

    let text = saved(app, &dialogs, "Save as Markdown report…", &report, true);
    assert!(text.starts_with("## Bench: New set") && text.contains("| Passed | 4 of 4 | 2 of 4 |"), "{text}");
    assert!(text.contains("regressed"), "{text}");

    // Given up, and where nothing can be written.
    dialogs.answer(None);
    click(app, "More actions");
    click(app, "Save as CSV…");
    dialogs.answer(Some(compared.folder.path().join("no/such/folder.csv")));
    click(app, "More actions");
    click(app, "Save as CSV…");
    wait_for_text(app, "The bench was not saved");

    // A second failure stands exactly below the first.
    dialogs.answer(Some(compared.folder.path().join("no/such/other.csv")));
    click(app, "More actions");
    click(app, "Save as CSV…");
    let edges = |app: &App| -> Vec<f32> {
        let failures = app.query_all_by_label_contains("The bench was not saved");
        let tops: Vec<f32> = failures.map(|node| node.rect().top()).collect();
        let buttons = app.query_all_by_label("Dismiss").map(|node| node.rect());
        buttons
            .filter(|button| tops.iter().any(|top| (top - button.top()).abs() < 20.0))
            .map(|it| it.right())
            .collect()
    };
    step_until(app, "both failures", |app| edges(app).len() == 2);
    app.step();
    let edges = edges(app);
    assert!((edges[0] - edges[1]).abs() < 0.5, "{edges:?}");
}

/// What Python finds of runs in an experiment, by the endpoint.
const LOGGED: &str = r#"
def told(run):
    data = run.data
    table = client.load_table(run.info.experiment_id, "eval_results.json", [run.info.run_id])
    return {"status": run.info.status, "name": run.info.run_name, "params": dict(data.params),
            "metrics": dict(data.metrics), "tags": dict(data.tags),
            "table": [[row["inputs"], row["outputs"], bool(row["passed"])] for _, row in table.iterrows()]}
experiment = client.get_experiment_by_name(args)
{run.data.params["endpoint"]: told(run) for run in client.search_runs([experiment.experiment_id])}
"#;

fn is_logged(run: &BenchRun, logged: &Value) {
    for (at, column) in run.columns.iter().enumerate() {
        let told = &logged[&column.name];
        assert_eq!(
            (&told["status"], &told["params"]["set"]),
            (&json!("FINISHED"), &json!("New set")),
            "{logged}"
        );
        assert_eq!(told["params"]["endpoint_url"], column.url.as_str());
        assert_eq!(told["metrics"]["prompts"], run.rows() as f64);
        let cells: Vec<_> = (0..run.rows()).map(|row| run.cell(row, at).unwrap()).collect();
        let good = cells.iter().filter(|cell| cell.is_good()).count() as f64;
        let failed = cells.iter().filter(|cell| cell.failure.is_some()).count() as f64;
        assert_eq!((&told["metrics"]["passed"], &told["metrics"]["failed"]), (&json!(good), &json!(failed)));
        assert!(told["metrics"]["total_ms/median"].as_f64().is_some_and(|median| median > 0.0), "{told}");
        assert!(told["tags"]["mlflow.loggedArtifacts"].as_str().unwrap().contains("eval_results.json"));
        let table: Vec<Value> = cells
            .iter()
            .zip(&run.set.cases)
            .map(|(cell, case)| json!([case.prompt.text(), cell.answer, cell.is_good()]))
            .collect();
        assert_eq!(told["table"], Value::Array(table));
    }
}

#[test]
fn a_bench_is_logged_as_runs_that_python_reads() {
    let servers = Servers::empty();
    servers.python("[client.create_experiment(name) for name in ('agents', 'benches')]");
    let mut compared = Compared::new();
    let app = &mut compared.app;
    // Without a server there is nowhere to log it.
    click(app, "More actions");
    wait_for(app, "Log as MLflow runs…");
    press(app, Key::Escape);
    connect(app, servers.uri());
    click(app, "Bench");
    click(app, &format!("run New set on {}, {}", compared.base, compared.other));
    until_ended(app);

    // By pointer: the experiment is found by its words and chosen. Until then nothing is written.
    click(app, "More actions");
    click(app, "Log as MLflow runs…");
    wait_for_text(app, "Makes 2 runs on");
    type_into(app, "Experiment", "bench");
    step_until(app, "one experiment", |app| !is_shown(app, "agents"));
    click(app, "benches");
    assert_eq!(servers.python("len(client.search_runs(['0', '1', '2']))"), 0);
    click(app, "Log");
    wait_for(app, "New set is logged as 2 runs");
    is_logged(run(app), &servers.python_with(LOGGED, &json!("benches")));

    // Given up.
    click(app, "More actions");
    click(app, "Log as MLflow runs…");
    wait_for_text(app, "Makes 2 runs on");
    press(app, Key::Escape);
    step_until(app, "the dialog to close", |app| !is_shown(app, "Log as MLflow runs"));

    // By keyboard.
    enter_on(app, "More actions");
    choose(app, "Log as MLflow runs…");
    step_until(app, "the cursor in the field", |app| is_focused(app, "Experiment"));
    // What the words leave is what is meant, whatever was chosen before.
    press(app, Key::ArrowDown);
    type_text(app, "agents");
    step_until(app, "one experiment", |app| !is_shown(app, "benches"));
    press(app, Key::Enter);
    step_until(app, "the runs to be ended", |app| {
        let made = "len(client.search_runs([client.get_experiment_by_name('agents').experiment_id]))";
        servers.python(made) == 2 && !app.state().state().bench.is_logging()
    });
    is_logged(run(app), &servers.python_with(LOGGED, &json!("agents")));
    assert_eq!(servers.python("len(client.search_runs(['0', '1', '2']))"), 4, "each is made once");
}

#[test]
fn files_become_sets_by_keyboard_and_columns_can_be_others() {
    let (folder, dialogs) = (tempfile::tempdir().unwrap(), ScriptedDialogs::default());
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Some(path)
    };
    let lines = [
        r#"{"inputs": {"question": "Why?"}, "expectations": {"expected_response": "Because"}}"#,
        r#"{"question": "#,
        r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "Where?"}], "contains": "here"}"#,
    ];
    dialogs.answer(file("smoke.jsonl", &lines.join("\n")));
    let mut app = open(folder.path(), &[], &dialogs);
    enter_on(&mut app, "Import…");
    wait_for(&mut app, "Import 2 prompts");
    wait_for_text(&mut app, "Line 2: It is no JSON");
    step_until(&mut app, "the cursor in the name", |app| is_focused(app, "Name of the set"));
    press(&mut app, Key::Enter);
    wait_for(&mut app, "set smoke");
    wait_for(&mut app, "prompt 2: Where?");
    let set = app.state().state().bench.sets()[0].clone();
    assert_eq!((set.cases[0].expected.as_str(), set.cases[1].prompt.earlier()), ("Because", 2));
    assert_eq!(set.cases[1].checks[0].typed(), "here");

    // A table whose columns were guessed wrongly, into the set that is there.
    dialogs.answer(file("more.csv", "Text,Frage\nnot this,What is late?\n,And what not?\n"));
    enter_on(&mut app, "More actions");
    choose(&mut app, "Import into this set…");
    wait_for(&mut app, "They are added to “smoke”");
    wait_for(&mut app, "Import 1 prompt");
    click(&mut app, "Column of Prompt");
    click(&mut app, "Frage");
    wait_for(&mut app, "Import 2 prompts");
    click(&mut app, "Add 2 prompts");
    wait_for(&mut app, "prompt 4: And what not?");
    let set = &app.state().state().bench.sets()[0];
    assert_eq!((set.cases.len(), set.cases[2].extra["Text"].as_str()), (4, Some("not this")));

    // Given up, and a file that is none.
    dialogs.answer(file("more.csv", "Question\nx\n"));
    click(&mut app, "More actions");
    click(&mut app, "Import into this set…");
    wait_for(&mut app, "Import 1 prompt");
    press(&mut app, Key::Escape);
    step_until(&mut app, "the dialog to close", |app| !is_shown(app, "Import 1 prompt"));
    dialogs.answer(Some(folder.path().join("none.csv")));
    click(&mut app, "More actions");
    click(&mut app, "Import into this set…");
    wait_for_text(&mut app, "The file cannot be read");
    assert_eq!(app.state().state().bench.sets()[0].cases.len(), 4);
}
