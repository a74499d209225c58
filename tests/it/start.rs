//! Reaching a server, or hearing which way it cannot be reached; what survives a restart.

use egui_kittest::kittest::Queryable as _;
use flowdeck::state::Route;
use flowdeck::state::settings::ThemeChoice;

use crate::support::app::{self, Start, click, start, step_until, type_into, wait_for, wait_for_text};
use crate::support::{Fault, Proxy, Servers};

fn open_by_hand(uri: &str) -> app::App {
    let mut app = start(Start::default());
    type_into(&mut app, "Address", uri);
    click(&mut app, "Connect");
    app
}

#[test]
fn without_an_address_the_app_asks_and_then_shows_the_experiments() {
    let mut app = open_by_hand(Servers::shared().uri());
    step_until(&mut app, "the workspace", |app| app.state().state().workspace.is_some());
    assert!(matches!(
        app.state().state().navigation.current(),
        Route::Experiments | Route::Experiment { .. }
    ));
    wait_for_text(&mut app, "MLflow 3.17.2");
}

#[test]
fn the_environment_names_the_login() {
    let servers = Servers::basic_auth();
    let environment = vec![
        ("MLFLOW_TRACKING_USERNAME", servers.user().unwrap().to_owned()),
        ("MLFLOW_TRACKING_PASSWORD", servers.password().unwrap().to_owned()),
    ];
    let mut app = start(Start { uri: Some(servers.uri().to_owned()), environment, ..Start::default() });
    step_until(&mut app, "the workspace", |app| app.state().state().workspace.is_some());

    // Without them: refused, and the fields for a login are there.
    let mut app = open_by_hand(servers.uri());
    wait_for_text(&mut app, "The server wants a login");
    type_into(&mut app, "User", servers.user().unwrap());
    type_into(&mut app, "Password", servers.password().unwrap());
    click(&mut app, "Connect");
    step_until(&mut app, "the workspace", |app| app.state().state().workspace.is_some());
}

#[test]
fn an_absent_server_is_called_absent() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut app = open_by_hand(&format!("127.0.0.1:{port}"));
    wait_for_text(&mut app, "connection refused");
    wait_for_text(&mut app, "Check the address, and that the server is running");
}

#[test]
fn a_page_that_is_no_mlflow_is_called_so() {
    let proxy = Proxy::start(Servers::shared().uri());
    proxy.always(Fault::html());
    let mut app = open_by_hand(&proxy.uri());
    wait_for_text(&mut app, "not MLflow");
}

#[test]
fn behind_a_proxy_the_base_path_belongs_to_the_address() {
    let proxy = Proxy::with_base(Servers::shared().uri(), "/mlflow");
    let mut app = open_by_hand(proxy.uri().trim_end_matches("/mlflow"));
    wait_for_text(&mut app, "base path");
    type_into(&mut app, "Address", &proxy.uri());
    click(&mut app, "Connect");
    step_until(&mut app, "the workspace", |app| app.state().state().workspace.is_some());
}

#[test]
fn the_last_server_and_the_theme_survive_a_restart_and_a_password_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let config = || Some(folder.path().to_owned());
    let uri = Servers::shared().uri();
    {
        let with_login = uri.replace("http://", "http://ann:s3cr3t-p4ss@");
        let mut app = start(Start { uri: Some(with_login), config_folder: config(), ..Start::default() });
        step_until(&mut app, "the workspace", |app| app.state().state().workspace.is_some());
        click(&mut app, "Settings");
        click(&mut app, "Light");
        let file = folder.path().join("settings.json");
        step_until(&mut app, "the file", |_| {
            std::fs::read_to_string(&file)
                .is_ok_and(|text| text.contains("\"light\"") && text.contains("127.0.0.1"))
        });
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains("s3cr3t-p4ss"), "{text}");
    }
    let mut app = start(Start { config_folder: config(), ..Start::default() });
    wait_for(&mut app, &format!("server {uri}"));
    assert_eq!(app.state().state().settings.get().theme, ThemeChoice::Light);
}

#[test]
fn a_broken_settings_file_is_set_aside_with_a_message() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("settings.json"), "{ broken").unwrap();
    let mut app = start(Start { config_folder: Some(folder.path().to_owned()), ..Start::default() });
    wait_for_text(&mut app, "settings.broken.json");
    assert!(app.query_by_label("Connect").is_some());
}

#[test]
fn the_palette_goes_anywhere_by_name() {
    let mut app = app::open(Servers::shared().uri());
    step_until(&mut app, "the workspace", |app| app.state().state().workspace.is_some());
    app.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::K);
    app.step();
    type_into(&mut app, "Find anything", "go to sett");
    app.key_press(egui::Key::Enter);
    step_until(&mut app, "the settings", |app| app.state().state().navigation.current() == &Route::Settings);
    app.key_press_modifiers(egui::Modifiers::ALT, egui::Key::ArrowLeft);
    step_until(&mut app, "the way back", |app| app.state().state().navigation.current() != &Route::Settings);
}

#[test]
fn question_mark_lists_the_keys() {
    let mut app = start(Start::default());
    app.step();
    click(&mut app, "Settings");
    app.key_press(egui::Key::Questionmark);
    wait_for(&mut app, "Move and open in lists and tables");
    app.key_press(egui::Key::Escape);
    step_until(&mut app, "the list to close", |app| {
        app.query_by_label("Move and open in lists and tables").is_none()
    });
}
