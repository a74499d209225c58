//! One run: its overview, its curves, its files, and saving them.

use std::path::Path;

use egui_kittest::kittest::Queryable as _;
use flowdeck::entities::ArtifactRoot;
use flowdeck::state::run::PlotLook;
use flowdeck::state::{Route, RunTab};
use serde_json::json;

use crate::support::app::{
    App, ScriptedDialogs, Start, apply, click, route, start, step_until, type_into, wait_for, wait_for_text,
};
use crate::support::{Fault, Proxy, Servers};

fn open_run(uri: &str, run_id: &str, tab: RunTab, dialogs: ScriptedDialogs) -> App {
    let mut app = start(Start { uri: Some(uri.to_owned()), dialogs, ..Start::default() });
    step_until(&mut app, "the workspace", |app| app.state().state().workspace.is_some());
    apply(&mut app, Route::Run { run_id: run_id.to_owned(), tab });
    app
}

fn open_seeded(name: &str, tab: RunTab) -> App {
    let servers = Servers::shared();
    open_run(servers.uri(), servers.run_id(name), tab, ScriptedDialogs::default())
}

/// Waits until something with this accessible name is gone.
fn wait_until_gone(app: &mut App, label: &str) {
    step_until(app, label, |app| app.query_all_by_label(label).next().is_none());
}

#[test]
fn the_header_of_a_narrow_window_keeps_the_name_and_touches_no_button() {
    let servers = Servers::shared();
    let run_id = servers.run_id("everything");
    let mut app = open_run(servers.uri(), run_id, RunTab::Overview, ScriptedDialogs::default());
    let short: String = run_id.chars().take(8).collect();
    let header = |app: &App, label: &str| {
        let found = app.query_all_by_label(label).map(|node| node.rect()).filter(|rect| rect.top() < 40.0);
        found.max_by(|a, b| a.right().total_cmp(&b.right()))
    };
    wait_for(&mut app, "Traces");
    wait_for(&mut app, "Finished");
    step_until(&mut app, "the id", |app| header(app, &short).is_some());
    app.set_size(egui::vec2(1024.0, 700.0));
    step_until(&mut app, "no id", |app| header(app, &short).is_none());
    // The experiment comes by a request of its own.
    step_until(&mut app, "the way back", |app| header(app, "otif-forecasting").is_some());
    let [name, status, button] =
        ["everything", "Finished", "Traces"].map(|label| header(&app, label).expect("it is there"));
    assert!(name.right() < status.left() && status.right() + 4.0 < button.left());
    let back = header(&app, "otif-forecasting").expect("the way back has its name");
    assert!(back.right() <= name.left());
    click(&mut app, "otif-forecasting");
}

#[test]
fn the_overview_says_what_python_logged() {
    let mut app = open_seeded("everything", RunTab::Overview);
    let servers = Servers::shared();
    let run = servers.python_with(
        "run = client.get_run(args); {'params': run.data.params, 'user': run.data.tags['mlflow.user']}",
        &json!(servers.run_id("everything")),
    );
    wait_for(&mut app, "everything");
    wait_for(&mut app, "otif-forecasting");
    for (key, value) in run["params"].as_object().unwrap() {
        wait_for(&mut app, key);
        if key != "notes" {
            wait_for(&mut app, value.as_str().unwrap());
        }
    }
    for text in [
        "train_loss",
        "Finished",
        "31 min 00 s",
        "otif_daily",
        "training",
        "release candidate",
        "What changed",
    ] {
        wait_for(&mut app, text);
    }
    wait_for(&mut app, run["user"].as_str().unwrap());
    // MLflow's own tags are folded away.
    assert!(app.query_by_label("mlflow.user").is_none());
    click(&mut app, "System tags (7)");
    wait_for(&mut app, "mlflow.user");
    click(&mut app, "otif-forecasting");
    assert_eq!(
        *route(&app),
        Route::Experiment { experiment_id: servers.experiment_id("otif-forecasting").into() }
    );
}

#[test]
fn long_lists_are_filtered_and_odd_names_shown() {
    let mut app = open_seeded("run \"quoted\" 'single' `tick` / ünïcödé 🚚", RunTab::Overview);
    wait_for(&mut app, "nan metric");
    wait_for(&mut app, "NaN");
    wait_for(&mut app, "größe: µ-ü");
    type_into(&mut app, "Filter metrics", "NEGATIVE");
    wait_until_gone(&mut app, "nan metric");
    wait_for(&mut app, "negative steps");
    type_into(&mut app, "Filter params", "s3://");
    wait_until_gone(&mut app, "multi line");
    wait_for(&mut app, "path/like");
}

#[test]
fn nested_runs_lead_to_each_other() {
    let mut app = open_seeded("sweep-01", RunTab::Overview);
    click(&mut app, "trial-03");
    let child = Servers::shared().run_id("trial-03");
    assert_eq!(*route(&app), Route::Run { run_id: child.into(), tab: RunTab::Overview });
    wait_for(&mut app, "Parent run");
    click(&mut app, "sweep-01");
    let parent = Servers::shared().run_id("sweep-01");
    assert_eq!(*route(&app), Route::Run { run_id: parent.into(), tab: RunTab::Overview });
}

#[test]
fn a_run_leads_to_the_versions_made_from_it() {
    let servers = Servers::shared();
    let made = servers.python(
        "version = client.get_model_version_by_alias('MyMinimalAgent_Registered', 'candidate')\n\
         {'run': version.run_id, 'version': version.version}",
    );
    let version: u32 = made["version"].to_string().trim_matches('"').parse().unwrap();
    let run_id = made["run"].as_str().unwrap();
    let mut app = open_run(servers.uri(), run_id, RunTab::Overview, ScriptedDialogs::default());
    wait_for(&mut app, "alias candidate");
    click(&mut app, &format!("version {version}"));
    let Route::Version { name, version: opened, .. } = route(&app) else { panic!("{:?}", route(&app)) };
    assert_eq!((name.as_str(), *opened), ("MyMinimalAgent_Registered", version));
}

#[test]
fn curves_are_drawn_of_the_whole_history() {
    let mut app = open_seeded("everything", RunTab::Overview);
    wait_for(&mut app, "train_loss");
    click(&mut app, "Metrics");
    for text in ["train_loss, 1,500 points", "val_rmse, 1,500 points", "val_mape, 1 point"] {
        wait_for(&mut app, text);
    }
    click(&mut app, "metric val_rmse");
    wait_until_gone(&mut app, "val_rmse, 1,500 points");
    click(&mut app, "None");
    wait_for(&mut app, "Choose a metric at the left");
    click(&mut app, "All");
    click(&mut app, "Together");
    click(&mut app, "Log scale");
    click(&mut app, "Relative");
    let run_id = Servers::shared().run_id("everything").to_owned();
    step_until(&mut app, "a curve on the new axes", |app| {
        let page = &app.state().state().workspace.as_ref().unwrap().run;
        let look: PlotLook = page.look();
        let metrics = &page.get(&run_id).unwrap().metrics;
        metrics.history("val_rmse").is_some_and(|history| history.is_drawn_as(look) && look.log)
    });
    wait_for(&mut app, "val_rmse, 1,500 points");
}

#[test]
fn gaps_are_named_rather_than_drawn() {
    let mut app = open_seeded("run \"quoted\" 'single' `tick` / ünïcödé 🚚", RunTab::Metrics);
    click(&mut app, "All");
    wait_for(&mut app, "nan in between, 12 points");
    wait_for(&mut app, "4 not finite");
    wait_for(&mut app, "same step, 4 points");
    click(&mut app, "Log scale");
    // Steps -5 to 0 have values up to zero.
    wait_for_text(&mut app, "6 not above 0");
}

#[test]
fn files_are_previewed_by_what_they_are() {
    let mut app = open_seeded("everything", RunTab::Artifacts);
    // The README is shown first.
    wait_for(&mut app, "Weekly OTIF report");
    click(&mut app, "Source");
    wait_for(&mut app, "# Weekly OTIF report");
    click(&mut app, "Rendered");
    click(&mut app, "folder metrics");
    click(&mut app, "file metrics/by_carrier.csv");
    wait_for(&mut app, "104 rows, 4 columns");
    wait_for(&mut app, "Nordfracht");
    click(&mut app, "file metrics/summary.json");
    wait_for(&mut app, "  \"rmse\": 0.0812,");
    click(&mut app, "file config.yaml");
    wait_for(&mut app, "  kind: gradient_boosting");
    click(&mut app, "folder plots");
    for (file, name) in [
        ("residuals.png", "640 × 360"),
        ("forecast.jpg", "640 × 360"),
        ("small.webp", "320 × 180"),
        ("training.gif", "160 × 90"),
        ("trend.svg", "320 × 180"),
    ] {
        click(&mut app, &format!("file plots/{file}"));
        wait_for(&mut app, &format!("picture plots/{file}, {name}"));
    }
    click(&mut app, "file plots/broken.png");
    wait_for(&mut app, "This picture cannot be shown");
    click(&mut app, "file weights.bin");
    wait_for_text(&mut app, "Binary file, 200 kB");
    click(&mut app, "file empty.txt");
    wait_for(&mut app, "An empty file");
    click(&mut app, "file big.log");
    wait_for(&mut app, "The first 2.0 MB of 6.0 MB are shown");
    click(&mut app, "Show anyway");
    wait_until_gone(&mut app, "The first 2.0 MB of 6.0 MB are shown");
    wait_for(&mut app, "file big.log");
}

#[test]
fn folders_open_one_by_one_also_by_keyboard() {
    let mut app = open_seeded("everything", RunTab::Artifacts);
    wait_for(&mut app, "folder data");
    for key in [egui::Key::ArrowDown, egui::Key::ArrowRight] {
        app.key_press(key);
        app.step();
    }
    wait_for(&mut app, "folder data/raw");
    click(&mut app, "folder data/raw");
    click(&mut app, "folder data/raw/2026");
    click(&mut app, "folder data/raw/2026/week 47");
    click(&mut app, "file data/raw/2026/week 47/orders & loads #1.csv");
    // MLflow lists such a file and refuses to give it out.
    wait_for_text(&mut app, "MLflow's server refuses paths with a # in them");
    click(&mut app, "folder data");
    wait_until_gone(&mut app, "folder data/raw");
}

#[test]
fn a_file_is_saved_as_python_downloads_it() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("log.txt");
    let dialogs = ScriptedDialogs::default();
    dialogs.answer(Some(target.clone()));
    let servers = Servers::shared();
    let run_id = servers.run_id("everything");
    let mut app = open_run(servers.uri(), run_id, RunTab::Artifacts, dialogs);
    click(&mut app, "file big.log");
    wait_for_text(&mut app, "The first 2.0 MB");
    click(&mut app, "Save…");
    wait_for_text(&mut app, "Saved ");
    let same = servers.python_with(
        "import filecmp\nfilecmp.cmp(args['saved'], client.download_artifacts(args['run'], 'big.log'), shallow=False)",
        &json!({"saved": target, "run": run_id}),
    );
    assert_eq!(same, json!(true));
    assert_eq!(names(folder.path()), ["log.txt"]);
}

#[test]
fn all_files_are_saved_as_python_downloads_them() {
    let folder = tempfile::tempdir().unwrap();
    let dialogs = ScriptedDialogs::default();
    dialogs.answer(Some(folder.path().to_owned()));
    let servers = Servers::shared();
    let run_id = servers.run_id("everything");
    let mut app = open_run(servers.uri(), run_id, RunTab::Artifacts, dialogs);
    click(&mut app, "Save all files");
    wait_for_text(
        &mut app,
        "without 1 file that the server refuses, such as data/raw/2026/week 47/orders & loads #1.csv",
    );
    let files = servers.python_with(
        // Python gives the whole folder up because of the one file that the server refuses.
        "from pathlib import Path\n\
         root = Path(args['saved'])\n\
         saved = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob('*') if path.is_file()}\n\
         wanted = {path: Path(client.download_artifacts(args['run'], path)).read_bytes() for path in saved}\n\
         [saved == wanted, len(saved)]",
        &json!({"saved": folder.path().join("artifacts"), "run": run_id}),
    );
    assert_eq!(files[0], json!(true), "{files}");
    assert_eq!(files[1], json!(16), "{files}");
    assert_eq!(names(folder.path()), ["artifacts"]);
}

#[test]
fn a_download_that_breaks_leaves_nothing_and_can_be_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("weights.bin");
    let dialogs = ScriptedDialogs::default();
    dialogs.answer(Some(target.clone()));
    let servers = Servers::shared();
    let proxy = Proxy::start(servers.uri());
    let mut app = open_run(&proxy.uri(), servers.run_id("everything"), RunTab::Artifacts, dialogs);
    click(&mut app, "file weights.bin");
    wait_for_text(&mut app, "Binary file");

    proxy.always(Fault::Cut { after: 50_000 });
    click(&mut app, "Save…");
    wait_for(&mut app, "Retry");
    assert!(names(folder.path()).is_empty());

    proxy.heal();
    proxy.always(Fault::Stall { after: 50_000 });
    click(&mut app, "Retry");
    step_until(&mut app, "the first bytes", |app| {
        let artifacts = &app.state().state().workspace.as_ref().unwrap().artifacts;
        artifacts.active_downloads().received > 0
    });
    assert_eq!(names(folder.path()).len(), 1);
    click(&mut app, "Cancel");
    step_until(&mut app, "an empty folder", |_| names(folder.path()).is_empty());

    proxy.heal();
    click(&mut app, "Save…");
    wait_for_text(&mut app, "Saved ");
    assert_eq!(std::fs::metadata(&target).unwrap().len(), 200_000);
}

#[test]
fn a_file_that_does_not_arrive_says_why_and_the_tree_stays() {
    let servers = Servers::shared();
    let proxy = Proxy::start(servers.uri());
    let run_id = servers.run_id("everything");
    let mut app = open_run(&proxy.uri(), run_id, RunTab::Artifacts, ScriptedDialogs::default());
    wait_for(&mut app, "Weekly OTIF report");
    proxy.always(Fault::status(500));
    click(&mut app, "file config.yaml");
    wait_for(&mut app, "Could not load the file");
    wait_for(&mut app, "file README.md");
    proxy.heal();
    click(&mut app, "Retry");
    wait_for(&mut app, "  kind: gradient_boosting");
    let root = ArtifactRoot::run(run_id);
    let workspace = app.state().state().workspace.as_ref().unwrap();
    assert_eq!(workspace.artifacts.browser(&root).unwrap().selected(), Some("config.yaml"));
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}
