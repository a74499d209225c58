//! Two versions, runs or logged models side by side, against a real server with models that MLflow packaged.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::OnceLock;

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use flowdeck::state::compare::{Comparison, Subject};
use flowdeck::state::{Route, RunTab};
use serde_json::json;

use crate::support::Servers;
use crate::support::app::{
    App, ScriptedDialogs, Start, apply, click, click_command, click_secondary, drag, open, screen, start,
    step_until, type_into, wait_for, wait_for_text,
};
use crate::support::board::{open_models, until_home};

const MODEL: &str = "compare-packaged";

/// Two versions whose code, requirements, signature, metrics and a binary file differ, `prod` on the first.
const MAKE: &str = r#"
import pathlib, tempfile
import pandas as pd
from mlflow.models import infer_signature
mlflow.set_experiment("compare")
code = """import mlflow
from mlflow.models import set_model


class Doubler(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        # line 1
        # line 2
        # line 3
        # line 4
        # line 5
        # line 6
        # line 7
        # line 8
        # line 9
        # line 10
        return model_input["backlog"] * FACTOR


set_model(Doubler())
"""
for number in (1, 2):
    with tempfile.TemporaryDirectory() as folder, mlflow.start_run(run_name=f"packaged-{number}"):
        folder = pathlib.Path(folder)
        (folder / "model.py").write_text(code.replace("FACTOR", str(number * 2)))
        (folder / "weights.bin").write_bytes(bytes([0, number]) * 50_000)
        (folder / "vocabulary.bin").write_bytes(bytes([0, 7]) * 5_000)
        columns = {"backlog": [1.0, 2.0]} | ({"weekday": ["Mon", "Tue"]} if number == 2 else {})
        mlflow.log_metrics({"auc": 0.8 + number / 20, "latency_s": 1.0 + number, "tokens": 3.0 * number})
        mlflow.log_params({"factor": number * 2, "kept": "same"})
        mlflow.set_tag("mlflow.source.git.commit", str(number) * 40)
        mlflow.pyfunc.log_model(
            name="model",
            python_model=str(folder / "model.py"),
            artifacts={"weights": str(folder / "weights.bin"), "vocabulary": str(folder / "vocabulary.bin")},
            signature=infer_signature(pd.DataFrame(columns), pd.DataFrame({"y": [1.0]})),
            pip_requirements=["mlflow==3.1.4", "left-pad==1.0"] if number == 1 else ["mlflow==3.17.2"],
            registered_model_name=args["name"],
        )
client.set_registered_model_alias(args["name"], "prod", "1")
"#;

fn servers() -> &'static Servers {
    static MADE: OnceLock<&'static Servers> = OnceLock::new();
    MADE.get_or_init(|| {
        let servers = Servers::shared();
        servers.python_with(MAKE, &json!({ "name": MODEL }));
        servers
    })
}

fn board(app: &mut App, model: &str) {
    open_models(app);
    type_into(app, "Filter models", model);
    click(app, &format!("model {model}"));
    wait_for(app, "version 1");
}

fn press(app: &mut App, modifiers: Modifiers, key: Key) {
    app.key_press_modifiers(modifiers, key);
    app.step();
    app.step();
}

/// Two rows of a table, marked by Ctrl+click.
fn mark(app: &mut App, rows: [&str; 2]) {
    for row in rows {
        click_command(app, row);
    }
}

fn shown(app: &App) -> Option<&Comparison> {
    let state = app.state().state();
    let Route::Compare { from, to } = state.navigation.current() else { return None };
    state.workspace.as_ref()?.compare.of(from, to)
}

fn wait_until_read(app: &mut App) {
    step_until(app, "both sides and their files", |app| {
        shown(app).is_some_and(|comparison| !comparison.is_loading() && !comparison.files().is_empty())
    });
}

/// Whether this is a part of anything on the screen.
fn is_shown(app: &App, text: &str) -> bool {
    app.query_all_by_label_contains(text).next().is_some()
}

fn open_packaged() -> App {
    let mut app = open(servers().uri());
    board(&mut app, MODEL);
    mark(&mut app, ["version 2", "version 1"]);
    click(&mut app, "Compare v2 with v1");
    wait_until_read(&mut app);
    app
}

#[test]
fn two_marked_versions_are_compared_down_to_words_and_bytes() {
    let mut app = open_packaged();
    for part in [
        "1 metric better, 1 worse, 1 changed",
        "signature: input weekday added",
        "left-pad removed",
        "mlflow 3.1.4 → 3.17.2",
        "commit differs",
    ] {
        wait_for_text(&mut app, part);
    }
    // The older one is on the left, although it was marked last.
    wait_for(&mut app, "Left side: compare-packaged v1");
    click(&mut app, "compared: Signature, 1 differ");
    wait_for(&mut app, "input weekday");
    click(&mut app, "compared: Requirements, 2 differ");
    wait_for(&mut app, "up");
    wait_for(&mut app, "removed");
    click(&mut app, "file model.py, changed");
    wait_for_text(&mut app, "* 2");
    wait_for_text(&mut app, "* 4");
    click(&mut app, "… 13 unchanged lines");
    wait_for_text(&mut app, "# line 3");
    click(&mut app, "file artifacts/weights.bin, changed");
    wait_for_text(&mut app, "100 kB");
    let hash = shown(&app).unwrap().files().iter().find(|file| file.path.ends_with("weights.bin")).unwrap();
    assert_eq!(
        hash.sides[0].as_ref().unwrap().sha256.as_deref(),
        Some(servers().python(&sha256_of("0, 1", 50_000)).as_str().unwrap()),
        "as Python's hashlib has it"
    );
    let only = "Differences only";
    if !is_shown(&app, "vocabulary.bin, same") {
        click(&mut app, only);
    }
    wait_for(&mut app, "file artifacts/vocabulary.bin, same");
    wait_for(&mut app, "file MLmodel, changed");
    click(&mut app, only);
    step_until(&mut app, "what is the same to go", |app| !is_shown(app, "vocabulary.bin, same"));
}

fn sha256_of(bytes: &str, times: usize) -> String {
    format!("__import__('hashlib').sha256(bytes([{bytes}]) * {times}).hexdigest()")
}

#[test]
fn keys_go_from_difference_to_difference_and_back_leads_back() {
    let mut app = open_packaged();
    press(&mut app, Modifiers::NONE, Key::Slash);
    app.event(egui::Event::Text("model.py".to_owned()));
    app.step();
    step_until(&mut app, "the filter", |app| !is_shown(app, "file MLmodel"));
    press(&mut app, Modifiers::NONE, Key::Escape);
    press(&mut app, Modifiers::NONE, Key::Escape);
    // Past the last line that differs the next file is opened.
    for _ in 0..100 {
        if is_shown(&app, "Show all lines") {
            break;
        }
        press(&mut app, Modifiers::NONE, Key::N);
    }
    assert!(is_shown(&app, "Show all lines"), "{}", screen(&app));
    click(&mut app, "Swap sides");
    wait_for(&mut app, "Left side: compare-packaged v2");
    press(&mut app, Modifiers::ALT, Key::ArrowLeft);
    wait_for(&mut app, "Left side: compare-packaged v1");
    press(&mut app, Modifiers::ALT, Key::ArrowLeft);
    wait_for(&mut app, "version 1");
    press(&mut app, Modifiers::ALT, Key::ArrowRight);
    wait_for(&mut app, "Left side: compare-packaged v1");
}

#[test]
fn a_version_is_compared_with_an_alias_and_another_side_is_chosen_by_name() {
    let mut app = open(servers().uri());
    board(&mut app, MODEL);
    click_secondary(&mut app, "version 2");
    click(&mut app, "Compare with prod (v1)");
    wait_until_read(&mut app);
    click(&mut app, "Right side: compare-packaged v2");
    click(&mut app, "Choose another…");
    wait_for(&mut app, "Find anything");
    app.event(egui::Event::Text("MyMinimalAgent_Registered@prod".to_owned()));
    app.step();
    press(&mut app, Modifiers::NONE, Key::Enter);
    wait_for(&mut app, "Right side: MyMinimalAgent_Registered v3");
    wait_until_read(&mut app);
    wait_for_text(&mut app, "task: none → agent/v1/responses");
}

#[test]
fn two_runs_are_compared_with_their_logged_models() {
    let mut app = open(servers().uri());
    until_home(&mut app);
    click(&mut app, "experiment compare");
    mark(&mut app, ["run packaged-1", "run packaged-2"]);
    press(&mut app, Modifiers::NONE, Key::C);
    wait_until_read(&mut app);
    wait_for(&mut app, "Left side: packaged-1");
    wait_for_text(&mut app, "signature: input weekday added");
    wait_for(&mut app, "file model/model.py, changed");
}

/// The logged models that are compared, left and right.
fn logged_models(app: &App) -> Option<[String; 2]> {
    match app.state().state().navigation.current() {
        Route::Compare {
            from: Subject::LoggedModel { model_id: from },
            to: Subject::LoggedModel { model_id: to },
        } => Some([from.clone(), to.clone()]),
        _ => None,
    }
}

#[test]
fn two_logged_models_are_compared_from_the_row_of_one_by_pointer_and_by_keyboard() {
    let code = r#"
experiment = client.get_experiment_by_name("compare")
runs = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time"])
[[run.info.run_id, run.outputs.model_outputs[0].model_id] for run in runs][:2]
"#;
    let made = servers().python(code);
    let text = |run: usize, at: usize| made[run][at].as_str().unwrap().to_owned();
    let mut app = open(servers().uri());
    step_until(&mut app, "the server", |app| app.state().state().workspace.is_some());
    for run in [0, 1] {
        let route = Route::Run { run_id: text(run, 0), tab: RunTab::Overview };
        apply(&mut app, route);
        wait_for(&mut app, "Compare model with…");
    }
    // Its like comes first: the other one, of the run that was open before.
    click(&mut app, "Compare model with…");
    wait_for(&mut app, "Find anything");
    press(&mut app, Modifiers::NONE, Key::Enter);
    step_until(&mut app, "the comparison", |app| logged_models(app) == Some([text(0, 1), text(1, 1)]));
    wait_until_read(&mut app);
    wait_for_text(&mut app, "signature: input weekday added");
    wait_for(&mut app, "file model.py, changed");
    wait_for_text(&mut app, "requirements: left-pad removed");

    // By the row's menu.
    press(&mut app, Modifiers::ALT, Key::ArrowLeft);
    click_secondary(&mut app, "logged model model");
    click(&mut app, "Compare with…");
    wait_for(&mut app, "Find anything");
    press(&mut app, Modifiers::NONE, Key::Escape);
    assert!(logged_models(&app).is_none(), "it was left");

    app.query_by_label("Compare model with…").unwrap().focus();
    app.step();
    press(&mut app, Modifiers::NONE, Key::Enter);
    wait_for(&mut app, "Find anything");
    app.event(egui::Event::Text("MyMinimalAgent_Registered@prod".to_owned()));
    app.step();
    press(&mut app, Modifiers::NONE, Key::Enter);
    wait_until_read(&mut app);
    wait_for_text(&mut app, "task: agent/v1/responses → none");
}

#[test]
fn the_plan_tells_in_few_words_what_would_change() {
    let mut app = open(servers().uri());
    board(&mut app, MODEL);
    wait_for(&mut app, "alias prod");
    drag(&mut app, "alias prod", "version 2");
    // Each frame from the first, whatever comes in: buttons must not move under the pointer.
    let places = RefCell::new(BTreeSet::new());
    let see = |app: &App| {
        let button = app.query_all_by_label("Move prod to v2").next();
        places.borrow_mut().extend(button.map(|button| button.rect().to_string()));
    };
    see(&app);
    for text in ["The signature changes: input weekday added", "requirements: left-pad removed"] {
        step_until(&mut app, text, |app| {
            see(app);
            app.query_all_by_label_contains(text).next().is_some()
        });
    }
    // Files that turn out to be the same leave the list, and the others move up.
    step_until(&mut app, "all to be read", |app| {
        see(app);
        let workspace = app.state().state().workspace.as_ref();
        workspace.and_then(|open| open.registry.plan()).is_some_and(|plan| !plan.comparison.is_loading())
    });
    click(&mut app, "file model.py, changed");
    step_until(&mut app, "the lines of the file", |app| {
        see(app);
        is_shown(app, "* 4")
    });
    assert_eq!(places.borrow().len(), 1, "the buttons moved: {:?}", places.borrow());
    assert_eq!(servers().alias(MODEL, "prod"), Some(1), "looking writes nothing");
}

#[test]
fn prompts_are_compared_word_by_word() {
    let mut app = open(servers().uri());
    until_home(&mut app);
    click(&mut app, "Prompts");
    click(&mut app, "prompt otif-answer");
    mark(&mut app, ["version 1", "version 2"]);
    click(&mut app, "Compare v1 with v2");
    wait_until_read(&mut app);
    wait_for_text(&mut app, "text changed");
    click(&mut app, "file Text, changed");
    wait_for_text(&mut app, "Answer briefly about OTIF");
}

#[test]
fn the_comparison_is_saved_as_markdown() {
    let folder = tempfile::tempdir().unwrap();
    let target: PathBuf = folder.path().join("comparison.md");
    let dialogs = ScriptedDialogs::default();
    dialogs.answer(Some(target.clone()));
    let uri = Some(servers().uri().to_owned());
    let mut app = start(Start { uri, dialogs, ..Start::default() });
    board(&mut app, MODEL);
    mark(&mut app, ["version 1", "version 2"]);
    press(&mut app, Modifiers::NONE, Key::C);
    wait_until_read(&mut app);
    click(&mut app, "Export");
    click(&mut app, "Save as Markdown…");
    wait_for_text(&mut app, "Saved ");
    let text = std::fs::read_to_string(target).unwrap();
    for part in [
        "## compare-packaged v1 → compare-packaged v2",
        "| input weekday | – | string | added |",
        "+        return",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}
