//! Experiments and runs on the screen, against what Python says of the same server.

use egui_kittest::kittest::{NodeT as _, Queryable as _};
use flowdeck::state::Route;
use flowdeck::state::runs::Progress;
use serde_json::json;

use crate::support::app::{self, App, Start, click, screen, start, step_until, type_into, wait_for};
use crate::support::board::until_home;
use crate::support::{Fault, Proxy, Servers};

/// Opens an experiment through the list and waits for its runs.
fn open(experiment: &str) -> App {
    let mut app = app::open(Servers::shared().uri());
    click(&mut app, &format!("experiment {experiment}"));
    step_until(&mut app, "its runs", is_complete);
    settle(&mut app);
    app
}

fn is_complete(app: &App) -> bool {
    let state = app.state().state();
    let Some(workspace) = &state.workspace else { return false };
    let Route::Experiment { experiment_id } = state.navigation.current() else { return false };
    workspace.runs.of(experiment_id).is_some_and(|listing| listing.progress() == Progress::Complete)
}

/// Sorting and filtering happen elsewhere: a few frames until they are shown.
fn settle(app: &mut App) {
    for _ in 0..10 {
        app.step();
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// The names of the runs on the screen, from top to bottom.
fn names(app: &App) -> Vec<String> {
    let mut rows: Vec<(f32, String)> = app
        .root()
        .children_recursive()
        .filter_map(|node| {
            let label = node.accesskit_node().label()?;
            Some((node.rect().top(), label.strip_prefix("run ")?.to_owned()))
        })
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    rows.into_iter().map(|(_, name)| name).collect()
}

fn python_names(experiment: &str, order: &str) -> Vec<String> {
    let servers = Servers::shared();
    let code = "[run.info.run_name for run in client.search_runs([args[0]], order_by=[args[1]])]";
    let names = servers.python_with(code, &json!([servers.experiment_id(experiment), order]));
    serde_json::from_value(names).unwrap()
}

#[test]
fn without_a_choice_an_experiment_is_open_at_once_and_back_does_not_lead_in_circles() {
    let mut app = app::open(Servers::shared().uri());
    until_home(&mut app);
    assert!(!app.state().state().navigation.can_go_back());
}

#[test]
fn the_last_used_experiment_is_open_after_a_restart_sorted_as_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let servers = Servers::shared();
    let again = || Start {
        uri: Some(servers.uri().to_owned()),
        config_folder: Some(folder.path().to_owned()),
        ..Start::default()
    };
    let mut app = start(again());
    click(&mut app, "experiment otif-forecasting");
    click(&mut app, "column val_rmse");
    step_until(&mut app, "the file", |_| {
        std::fs::read_to_string(folder.path().join("settings.json"))
            .is_ok_and(|text| text.contains("metric.val_rmse"))
    });
    drop(app);
    let mut app = start(again());
    step_until(&mut app, "its runs", is_complete);
    settle(&mut app);
    let route = app.state().state().navigation.current().clone();
    let experiment_id = servers.experiment_id("otif-forecasting").to_owned();
    assert_eq!(route, Route::Experiment { experiment_id });
    let best = python_names("otif-forecasting", "metrics.val_rmse DESC");
    let top = names(&app);
    assert!(best.contains(&top[0]) && top.len() > 10, "{top:?}");
}

#[test]
fn experiments_are_found_by_name_and_by_tag() {
    let mut app = app::open(Servers::shared().uri());
    wait_for(&mut app, "experiment agents");
    for (text, found, gone) in [
        ("OTIF", "experiment otif-forecasting", "experiment agents"),
        ("team:logis", "experiment otif-forecasting", "experiment agents"),
        ("agent", "experiment agents", "experiment otif-forecasting"),
    ] {
        type_into(&mut app, "Search experiments", text);
        wait_for(&mut app, found);
        assert!(app.query_by_label(gone).is_none(), "{text}");
    }
    type_into(&mut app, "Search experiments", "nothing like it");
    wait_for(&mut app, "No experiment has these words");
    click(&mut app, "Clear filter");
    click(&mut app, "Deleted experiments");
    wait_for(&mut app, "experiment deleted experiment");
    assert!(app.query_by_label("experiment agents").is_none());
}

#[test]
fn typing_finds_the_run_and_a_click_opens_it() {
    let mut app = open("otif-forecasting");
    type_into(&mut app, "Filter runs", "everything");
    step_until(&mut app, "one run", |app| names(app) == ["everything"]);
    click(&mut app, "run everything");
    let expected = Servers::shared().run_id("everything");
    let route = app.state().state().navigation.current().clone();
    assert!(matches!(&route, Route::Run { run_id, .. } if run_id == expected), "{route:?}");
}

#[test]
fn a_click_on_a_header_sorts_as_the_server_would() {
    let mut app = open("otif-forecasting");
    click(&mut app, "Nest runs");
    for (clicks, order) in [(1, "metrics.val_rmse DESC"), (1, "metrics.val_rmse ASC"), (1, "start_time DESC")]
    {
        for _ in 0..clicks {
            click(&mut app, "column val_rmse");
        }
        let expected = python_names("otif-forecasting", order);
        step_until(&mut app, order, |app| {
            let shown = names(app);
            shown.len() > 20 && expected[..20] == shown[..20]
        });
    }
}

#[test]
fn nested_runs_unfold_under_their_parent_and_stay_there_when_sorted() {
    let mut app = open("otif-forecasting");
    assert!(app.query_by_label("run trial-21").is_none());
    click(&mut app, "Unfold sweep-03");
    wait_for(&mut app, "run trial-21");
    let shown = names(&app);
    let parent = shown.iter().position(|name| name == "sweep-03").unwrap();
    assert!(shown[parent + 1..=parent + 10].iter().all(|name| name.starts_with("trial-")), "{shown:?}");
    click(&mut app, "Fold sweep-03");
    step_until(&mut app, "folded", |app| app.query_by_label("run trial-21").is_none());
    // A match keeps what stands above it.
    type_into(&mut app, "Filter runs", "trial-21");
    step_until(&mut app, "the match", |app| names(app) == ["sweep-03", "trial-21"]);
}

#[test]
fn deleted_runs_are_shown_on_request() {
    let mut app = open("otif-forecasting");
    let active = names(&app);
    click(&mut app, "Deleted runs");
    step_until(&mut app, "the deleted ones", |app| is_complete(app) && names(app).len() == 2);
    assert!(names(&app).iter().all(|name| !active.contains(name)));
    wait_for(&mut app, "2 deleted runs");
}

#[test]
fn the_model_column_names_the_version_that_a_run_made() {
    let mut app = open("agents");
    // Other tests log runs of their own here.
    type_into(&mut app, "Filter runs", "minimal-agent-7");
    wait_for(&mut app, "MyMinimalAgent_Registered v7");
    click(&mut app, "MyMinimalAgent_Registered v7");
    let route = app.state().state().navigation.current().clone();
    assert!(
        matches!(route, Route::Version { ref name, .. } if name == "MyMinimalAgent_Registered"),
        "{route:?}"
    );
}

#[test]
fn columns_are_chosen_and_kept() {
    let mut app = open("otif-forecasting");
    assert!(app.query_by_label("column seed").is_none(), "constant ones are not shown");
    click(&mut app, "Columns");
    type_into(&mut app, "Search columns", "seed");
    click(&mut app, "seed");
    wait_for(&mut app, "column seed");
}

#[test]
fn arrows_and_enter_open_a_run() {
    let mut app = open("otif-forecasting");
    let shown = names(&app);
    // The list was used last: Right goes to the table.
    for key in [egui::Key::ArrowRight, egui::Key::ArrowDown, egui::Key::ArrowDown, egui::Key::Enter] {
        app.key_press(key);
        app.step();
        app.step();
    }
    let route = app.state().state().navigation.current().clone();
    let expected = Servers::shared().run_id(&shown[1]);
    assert!(matches!(&route, Route::Run { run_id, .. } if run_id == expected), "{route:?}");
}

#[test]
fn what_is_there_stays_when_a_refresh_fails() {
    let proxy = Proxy::start(Servers::shared().uri());
    let mut app = app::open(&proxy.uri());
    click(&mut app, "experiment otif-forecasting");
    wait_for(&mut app, "run everything");
    proxy.always(Fault::html());
    app.key_press(egui::Key::F5);
    step_until(&mut app, "the failure", |app| screen(app).contains("Not all runs were loaded"));
    assert!(app.query_by_label("run everything").is_some());
}
