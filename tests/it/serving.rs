//! Serving models on this machine: from the question to the answer in the chat, what goes wrong, and that nothing is
//! left behind.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use egui_kittest::kittest::{NodeT as _, Queryable as _};
use flowdeck::state::serve::{Phase, Served};

use crate::support::app::{
    App, ScriptedDialogs, Start, click, click_secondary, start, step_until, type_into, wait_for,
    wait_for_text,
};
use crate::support::{Servers, python_exe};

fn served(app: &App) -> Option<&Served> {
    app.state().state().serve.served().first()
}

fn phase(app: &App) -> Option<&Phase> {
    served(app).map(|served| &served.phase)
}

fn failed(app: &App) -> bool {
    matches!(phase(app), Some(Phase::Failed(_)))
}

/// The app on a server, whose dialogs answer with this Python.
fn app_with(uri: Option<&str>, python: &Path) -> App {
    let dialogs = ScriptedDialogs::default();
    dialogs.answer(Some(python.to_owned()));
    start(Start { uri: uri.map(str::to_owned), dialogs, ..Start::default() })
}

/// Names the Python of [`app_with`] in the dialog that is open.
fn browse(app: &mut App, python: &Path) {
    click(app, "Browse…");
    step_until(app, "the chosen Python", |app| app.state().state().serve.environments().chosen().is_some());
    wait_for_text(app, &python.display().to_string());
    app.step();
}

/// Asks from the chat, for a model by its URI.
fn ask_from_chat(app: &mut App, model: &str, python: &Path) {
    click(app, "Chat");
    click(app, "Serve a model here…");
    type_into(app, "Model", model);
    browse(app, python);
}

#[test]
fn a_version_is_served_talked_to_and_stopped() {
    let servers = Servers::shared();
    let mut app = app_with(Some(servers.uri()), &python_exe());
    click(&mut app, "Models");
    click(&mut app, "model MyMinimalAgent_Registered");
    let prod = servers.alias("MyMinimalAgent_Registered", "prod").unwrap();
    click_secondary(&mut app, "alias prod");
    app.step();
    click(&mut app, "Serve @prod here…");
    wait_for(&mut app, "Serve a model on this machine");
    browse(&mut app, &python_exe());
    wait_for_text(&mut app, "MLflow 3.");
    click(&mut app, "Start");
    wait_for(&mut app, "Search the log");
    step_until(&mut app, "an answer", |app| phase(app) == Some(&Phase::Ready) || failed(app));
    let it = served(&app).unwrap();
    assert_eq!((&it.phase, it.version), (&Phase::Ready, Some(prod)));
    assert!(it.log.lines().any(|line| line.contains("Uvicorn running")), "its log is live");

    click(&mut app, "Chat models:/MyMinimalAgent_Registered@prod");
    wait_for(&mut app, "Message");
    wait_for_text(&mut app, "Scoring server");
    wait_for(&mut app, &format!("models:/MyMinimalAgent_Registered@prod, v{prod}"));
    type_into(&mut app, "Message", "Why is OTIF down this week?");
    app.key_press(egui::Key::Enter);
    wait_for(&mut app, "hello world");

    click(&mut app, "Served here: 1");
    click(&mut app, "Stop models:/MyMinimalAgent_Registered@prod");
    step_until(&mut app, "its end", |app| phase(app) == Some(&Phase::Stopped));
    let port = served(&app).unwrap().spec.port;
    assert!(TcpListener::bind(("127.0.0.1", port)).is_ok(), "nobody listens any more");
}

#[test]
fn a_model_is_chosen_from_the_registry() {
    let mut app = app_with(Some(Servers::shared().uri()), &python_exe());
    step_until(&mut app, "the server", |app| app.state().state().workspace.is_some());
    click(&mut app, "Chat");
    // An empty conversation without anybody to talk to offers it in its middle, too.
    wait_for(&mut app, "Serve a model here…");
    let offers: Vec<_> = app.query_all_by_label("Serve a model here…").collect();
    assert_eq!(offers.len(), 2);
    offers[1].click();
    drop(offers);
    app.step();
    type_into(&mut app, "Model", "Minimal");
    browse(&mut app, &python_exe());
    click(&mut app, "Choose a model");
    click(&mut app, "models:/MyMinimalAgent_Registered@prod");
    let value = |node: egui_kittest::Node<'_>| node.accesskit_node().value().unwrap_or_default();
    step_until(&mut app, "the command to name it", |app| {
        let mut fields = app.query_all_by_label("Command").map(value);
        fields.any(|command| command.contains("models:/MyMinimalAgent_Registered@prod"))
    });
}

#[test]
fn a_model_that_is_not_there_says_so() {
    let mut app = app_with(Some(Servers::shared().uri()), &python_exe());
    step_until(&mut app, "the server", |app| app.state().state().workspace.is_some());
    ask_from_chat(&mut app, "models:/NoSuchAgent@prod", &python_exe());
    click(&mut app, "Start");
    step_until(&mut app, "its end", failed);
    wait_for_text(&mut app, "The model was not found. Check its name");
    wait_for_text(&mut app, "Registered Model with name=NoSuchAgent not found");
    click(&mut app, "Close the log");
    assert!(app.query_by_label("Search the log").is_none());
}

#[test]
fn what_is_no_python_and_a_port_that_is_taken_are_told_with_a_way_out() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let taken = listener.local_addr().unwrap().port().to_string();
    let nowhere = Path::new("/nowhere/bin/python");
    let mut app = app_with(None, nowhere);
    ask_from_chat(&mut app, "models:/Agent/1", nowhere);
    type_into(&mut app, "Port", &taken);
    app.key_press(egui::Key::Enter);
    step_until(&mut app, "its end", failed);
    wait_for_text(&mut app, &format!("Port {taken} is taken. Choose another port"));
    drop(listener);
    click(&mut app, "Restart models:/Agent/1");
    wait_for_text(&mut app, "/nowhere/bin/python could not be started");
    click(&mut app, "Forget models:/Agent/1");
    assert!(served(&app).is_none());
}

#[test]
fn a_model_without_version_and_half_a_command_cannot_be_started() {
    let mut app = app_with(None, &python_exe());
    ask_from_chat(&mut app, "models:/Agent", &python_exe());
    wait_for_text(&mut app, "It names no version");
    type_into(&mut app, "Model", "models:/Agent/1");
    type_into(&mut app, "Command", "python 'app.py");
    wait_for_text(&mut app, "A quote is not closed");
    app.key_press(egui::Key::Enter);
    app.step();
    assert!(served(&app).is_none());
    click(&mut app, "Reset");
    step_until(&mut app, "the command written anew", |app| {
        let value = |node: egui_kittest::Node<'_>| node.accesskit_node().value().unwrap_or_default();
        app.query_all_by_label("Command").any(|node| value(node).contains("models serve -m models:/Agent/1"))
    });
}

/// What a process of a command is: running, or gone (a zombie is).
#[cfg(target_os = "linux")]
fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).is_some_and(|state| state != 'Z')
}

/// Waits for two process ids in a file, one a line.
#[cfg(target_os = "linux")]
fn pids_in(file: &Path) -> Vec<String> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    loop {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let pids: Vec<_> = text.lines().map(str::to_owned).collect();
        if pids.len() == 2 && text.ends_with('\n') {
            return pids;
        }
        assert!(std::time::Instant::now() < deadline, "the command did not start: {text:?}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[cfg(target_os = "linux")]
fn wait_until_gone(pids: &[String]) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while pids.iter().any(|pid| runs(pid)) {
        assert!(std::time::Instant::now() < deadline, "still there: {pids:?}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// A command of two processes, neither of which ends when it is asked to.
#[cfg(target_os = "linux")]
fn stubborn(file: &Path) -> String {
    let file = file.display();
    format!("sh -c 'trap \"\" TERM; echo $$ > {file}; sleep 1000 & echo $! >> {file}; wait; sleep 1000'")
}

#[cfg(target_os = "linux")]
const KILLED_APP: &str = "FLOWDECK_TEST_KILLED_APP";

/// Serves [`stubborn`] through the whole app and draws frames until it is killed.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "the other half of the next test, which runs it"]
fn an_app_that_is_killed() {
    let file = PathBuf::from(std::env::var_os(KILLED_APP).expect("the next test runs it"));
    let mut app = app_with(None, &python_exe());
    ask_from_chat(&mut app, "models:/Agent/1", &python_exe());
    type_into(&mut app, "Command", &stubborn(&file));
    click(&mut app, "Start");
    step_until(&mut app, "the end of the world", |_| false);
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_left_behind_when_the_app_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pids");
    let mut app = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "serving::an_app_that_is_killed"])
        .env(KILLED_APP, &file)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let pids = pids_in(&file);
    assert!(pids.iter().all(|pid| runs(pid)));
    // SIGKILL: nothing of the app runs any more.
    app.kill().unwrap();
    app.wait().unwrap();
    wait_until_gone(&pids);
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_that_is_kept_outlives_the_app_and_others_do_not() {
    use flowdeck::agent::serve::{End, Event, Launch, launch, split_command};

    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_flowdeck"));
    let begin = |name: &str| {
        let file = folder.path().join(name);
        let command = split_command(&stubborn(&file)).unwrap();
        let launch = launch(program, Launch { command, ..Launch::default() });
        (runtime.block_on(launch).unwrap(), pids_in(&file))
    };
    let ((mut kept, kept_process), kept_pids) = begin("kept");
    let (other, other_pids) = begin("other");
    kept.keep();
    drop((kept, kept_process, other));
    wait_until_gone(&other_pids);
    assert!(kept_pids.iter().all(|pid| runs(pid)));
    let ended = std::process::Command::new("kill").args(["-KILL", "--"]).args(&kept_pids).status();
    assert!(ended.unwrap().success());
    wait_until_gone(&kept_pids);

    // The exit code comes back, and what was printed before it.
    let command = ["sh", "-c", "printf hello; exit 3"].map(str::to_owned).to_vec();
    let events = runtime.block_on(async {
        let (_control, mut process) = launch(program, Launch { command, ..Launch::default() }).await.unwrap();
        let mut events = Vec::new();
        while let Some(event) = process.next().await {
            events.push(event);
        }
        events
    });
    assert!(events.contains(&Event::Output(vec!["hello".to_owned()])), "{events:?}");
    assert_eq!(events.last(), Some(&Event::Ended(End::Exited(Some(3)))));
}
