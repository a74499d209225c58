//! Conversations outlive the app, however it ends: kept, found, renamed, deleted, exported and imported.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use egui_kittest::kittest::Queryable as _;
use flowdeck::agent::Outcome;
use flowdeck::state::chat::{ChatCommand, Conversation};

use crate::support::app::{
    App, ScriptedDialogs, Start, click, is_shown, press, screen, start, step_until, type_into, wait_for,
    wait_for_text,
};
use crate::support::{Proxy, Servers};

const FOLDER: &str = "FLOWDECK_TEST_CONVERSATIONS";

fn open(folder: &Path, dialogs: &ScriptedDialogs) -> App {
    let mut app = start(Start {
        data_folder: Some(folder.join("data")),
        config_folder: Some(folder.join("config")),
        dialogs: dialogs.clone(),
        ..Start::default()
    });
    click(&mut app, "Chat");
    app
}

fn say(app: &mut App, url: &str, text: &str) {
    type_into(app, "Agent address", url);
    press(app, egui::Key::Enter);
    type_into(app, "Message", text);
    press(app, egui::Key::Enter);
}

fn until_over(app: &mut App) {
    step_until(app, "the answer's end", |app| {
        app.state().state().chat.current().is_some_and(|current| {
            !current.is_running() && current.turns.last().is_some_and(|turn| turn.answer.is_over())
        })
    });
}

fn panes(app: &App) -> Vec<&Conversation> {
    app.state().state().chat.panes()
}

fn titles(app: &App) -> Vec<String> {
    app.state().state().chat.all().iter().map(|known| known.title.clone()).collect()
}

/// Run by the test below in a process of its own, which is killed.
#[test]
#[ignore = "a part of another test"]
fn talks_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let mut app = open(Path::new(&folder), &ScriptedDialogs::default());
    say(&mut app, &std::env::var("FLOWDECK_TEST_AGENT").unwrap(), "slow, please");
    step_until(&mut app, "a signal that kills", |_| false);
}

#[test]
fn the_first_message_moves_nothing_aside() {
    let folder = tempfile::tempdir().unwrap();
    let mut app = open(folder.path(), &ScriptedDialogs::default());
    wait_for(&mut app, "No conversations yet");
    let left = |app: &App| app.query_all_by_label("Message").map(|node| node.rect().left()).next().unwrap();
    let before = left(&app);
    say(&mut app, Servers::shared().agent_server().url(), "incomplete");
    until_over(&mut app);
    click(&mut app, "New conversation");
    say(&mut app, Servers::shared().agent_server().url(), "done only");
    until_over(&mut app);
    assert!((left(&app) - before).abs() < 0.5, "from {before} to {}", left(&app));
}

#[test]
fn what_had_come_when_the_app_was_killed_is_there_on_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["kept::talks_until_it_is_killed", "--exact", "--ignored"])
        .env(FOLDER, folder.path())
        .env("FLOWDECK_TEST_AGENT", Servers::shared().agent_server().url())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let kept = || -> String {
        let files = std::fs::read_dir(folder.path().join("data/conversations"));
        let paths = files.into_iter().flatten().flatten().map(|entry| entry.path());
        paths.filter_map(|path| std::fs::read_to_string(path).ok()).collect()
    };
    let deadline = Instant::now() + Duration::from_mins(1);
    while !kept().contains("word 001") {
        assert!(Instant::now() < deadline, "nothing was written: {}", kept());
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!kept().contains(r#""record":"end""#), "it was killed in the middle");

    let mut app = open(folder.path(), &ScriptedDialogs::default());
    click(&mut app, "slow, please");
    wait_for_text(&mut app, "word 001");
    wait_for_text(&mut app, "Interrupted: Flowdeck was closed");
    let turn = app.state().state().chat.current().unwrap().turns.last().unwrap();
    assert_eq!(turn.answer.outcome, Outcome::Interrupted);
    let is_time = |line: &str| {
        let mut words = line.split(' ').skip(1);
        words.next().is_some_and(|word| word.parse::<f64>().is_ok())
            && matches!((words.next(), words.next()), (Some("ms" | "s"), None))
    };
    assert!(!screen(&app).lines().any(is_time), "nobody knows how long it took:\n{}", screen(&app));
    // It goes on from there.
    say(&mut app, Servers::shared().agent_server().url(), "Why is OTIF down this week?");
    step_until(&mut app, "the next turn", |app| {
        app.state().state().chat.current().is_some_and(|current| current.turns.len() == 2)
    });
    until_over(&mut app);
}

/// Run by the test below in a process of its own, which is killed.
#[test]
#[ignore = "a part of another test"]
fn compares_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let agents = std::env::var("FLOWDECK_TEST_AGENT").unwrap();
    let mut app = open(Path::new(&folder), &ScriptedDialogs::default());
    let agents = agents.split(' ').map(str::to_owned).collect();
    app.state_mut().apply(&egui::Context::default(), ChatCommand::Compare(agents).into());
    step_until(&mut app, "two panes", |app| panes(app).len() == 2);
    type_into(&mut app, "Message", "What do you say?");
    press(&mut app, egui::Key::Enter);
    step_until(&mut app, "both answers", |app| {
        panes(app).iter().all(|pane| pane.turns.len() == 1 && !pane.is_running())
    });
    type_into(&mut app, "Message", "slow, please");
    press(&mut app, egui::Key::Enter);
    step_until(&mut app, "a signal that kills", |_| false);
}

#[test]
fn both_panes_of_a_comparison_have_what_had_come_when_the_app_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = Proxy::start(Servers::shared().agent_server().root());
    let other = format!("{}/invocations", proxy.uri().trim_end_matches('/'));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["kept::compares_until_it_is_killed", "--exact", "--ignored"])
        .env(FOLDER, folder.path())
        .env("FLOWDECK_TEST_AGENT", [Servers::shared().agent_server().url(), &other].join(" "))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let kept = || -> Vec<String> {
        let files = std::fs::read_dir(folder.path().join("data/conversations"));
        let paths = files.into_iter().flatten().flatten().map(|entry| entry.path());
        paths.filter_map(|path| std::fs::read_to_string(path).ok()).collect()
    };
    let grown = || kept().iter().filter(|text| text.contains("word 003")).count();
    let deadline = Instant::now() + Duration::from_mins(2);
    while grown() < 2 {
        assert!(Instant::now() < deadline, "not both were written: {:?}", kept());
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let ends = |text: &String| text.matches(r#""record":"end""#).count();
    assert!(kept().iter().all(|text| ends(text) == 1), "both were killed in the middle of the second answer");

    let mut app = open(folder.path(), &ScriptedDialogs::default());
    assert_eq!(titles(&app), ["What do you say?"], "one entry, not one for each pane");
    click(&mut app, "What do you say?");
    step_until(&mut app, "both panes", |app| panes(app).len() == 2);
    for pane in panes(&app) {
        assert!(pane.turns[0].answer.outcome == Outcome::Completed && pane.turns[0].report.is_some());
        let answer = &pane.turns[1].answer;
        assert_eq!(answer.outcome, Outcome::Interrupted);
        assert!(answer.text().contains("word 003"), "{}", answer.text());
    }
    let marked = "Interrupted: Flowdeck was closed";
    step_until(&mut app, "both marks", |app| app.query_all_by_label_contains(marked).count() == 2);
    // Asked again, both go on from there.
    assert_eq!(proxy.count("POST", "/invocations"), 2, "nothing is sent by itself");
    type_into(&mut app, "Message", "And now?");
    press(&mut app, egui::Key::Enter);
    step_until(&mut app, "the next answers", |app| {
        panes(app).iter().all(|pane| pane.turns.len() == 3 && !pane.is_running())
    });
    assert!(panes(&app).iter().all(|pane| pane.turns[2].answer.outcome == Outcome::Completed));
}

#[test]
fn conversations_are_found_renamed_deleted_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let url = Servers::shared().agent_server().url().to_owned();
    let mut app = open(folder.path(), &ScriptedDialogs::default());
    say(&mut app, &url, "Why is OTIF down this week?");
    until_over(&mut app);
    click(&mut app, "New conversation");
    say(&mut app, &url, "incomplete");
    until_over(&mut app);
    assert_eq!(titles(&app), ["incomplete", "Why is OTIF down this week?"]);

    click(&mut app, "More about the conversation");
    click(&mut app, "Rename…");
    type_into(&mut app, "Name of the conversation", "Half an answer");
    press(&mut app, egui::Key::Enter);
    wait_for(&mut app, "Half an answer");
    drop(app);

    let mut app = open(folder.path(), &ScriptedDialogs::default());
    wait_for(&mut app, "Half an answer");
    // A word that only the answer holds.
    type_into(&mut app, "Search conversations", "nordfracht");
    // What was there stays until the answer is.
    let row = |app: &App| app.query_all_by_label("Why is OTIF down this week?").count() > 1;
    assert!(row(&app), "in the list, and among the questions that are offered");
    step_until(&mut app, "the other to go", |app| {
        assert!(row(app));
        !is_shown(app, "Half an answer")
    });
    click(&mut app, "Why is OTIF down this week?");
    wait_for_text(&mut app, "OTIF fell from");
    click(&mut app, "Clear filter");
    wait_for(&mut app, "Half an answer");

    click(&mut app, "More about the conversation");
    click(&mut app, "Delete");
    wait_for_text(&mut app, "Deleted “Why is OTIF down this week?”");
    assert_eq!(titles(&app), ["Half an answer"]);
    click(&mut app, "Undo");
    step_until(&mut app, "it to be back", |app| titles(app).len() == 2);
    click(&mut app, "Half an answer");
    click(&mut app, "More about the conversation");
    click(&mut app, "Delete");
    drop(app);
    let mut app = open(folder.path(), &ScriptedDialogs::default());
    wait_for(&mut app, "Why is OTIF down this week?");
    assert_eq!(titles(&app).len(), 1);
}

#[test]
fn an_answer_asked_for_again_is_a_branch_that_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut app = open(folder.path(), &ScriptedDialogs::default());
    say(&mut app, Servers::shared().agent_server().url(), "incomplete");
    until_over(&mut app);
    click(&mut app, "Regenerate");
    wait_for(&mut app, "2/2");
    until_over(&mut app);
    click(&mut app, "The branch before");
    wait_for(&mut app, "1/2");
    click(&mut app, "Edit and send again");
    type_into(&mut app, "Message", "approval");
    press(&mut app, egui::Key::Enter);
    wait_for(&mut app, "3/3");
    until_over(&mut app);
    click(&mut app, "The branch before");
    wait_for(&mut app, "2/3");
    drop(app);
    let mut app = open(folder.path(), &ScriptedDialogs::default());
    click(&mut app, "incomplete");
    wait_for(&mut app, "2/3");
    click(&mut app, "The next branch");
    wait_for_text(&mut app, "rebook_load");
}

#[test]
fn conversations_are_exported_imported_and_copied() {
    let folder = tempfile::tempdir().unwrap();
    let dialogs = ScriptedDialogs::default();
    let mut app = open(folder.path(), &dialogs);
    say(&mut app, Servers::shared().agent_server().url(), "Why is OTIF down this week?");
    until_over(&mut app);
    let file = folder.path().join("exported.jsonl");
    dialogs.answer(Some(file.clone()));
    click(&mut app, "More about the conversation");
    click(&mut app, "Export…");
    wait_for(&mut app, &format!("Exported 1 conversation to {}", file.display()));
    for line in std::fs::read_to_string(&file).unwrap().lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    click(&mut app, "More about the conversation");
    click(&mut app, "Copy as Markdown");
    wait_for_text(&mut app, "Copied the conversation");
    drop(app);

    let other = tempfile::tempdir().unwrap();
    let mut app = open(other.path(), &dialogs);
    click(&mut app, "More about the conversation");
    click(&mut app, "Import…");
    wait_for_text(&mut app, "Imported 1 conversation");
    wait_for_text(&mut app, "OTIF fell from");
    assert!(app.state().state().chat.current().unwrap().turns[0].report.is_some(), "with its figures");
}

#[test]
fn nothing_is_kept_where_nothing_is_to_be_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut app = open(folder.path(), &ScriptedDialogs::default());
    click(&mut app, "Settings");
    click(&mut app, "Keep conversations with agents");
    click(&mut app, "Chat");
    say(&mut app, Servers::shared().agent_server().url(), "incomplete");
    until_over(&mut app);
    assert_eq!(titles(&app), ["incomplete"], "until Flowdeck is closed");
    app.state().state().chat.flush();
    assert!(!folder.path().join("data/conversations").exists());

    // From now on it is kept, with what was said before.
    click(&mut app, "Settings");
    click(&mut app, "Keep conversations with agents");
    click(&mut app, "Chat");
    say(&mut app, Servers::shared().agent_server().url(), "approval");
    step_until(&mut app, "the next turn", |app| {
        app.state().state().chat.current().is_some_and(|current| current.turns.len() == 2)
    });
    until_over(&mut app);
    drop(app);
    let mut app = open(folder.path(), &ScriptedDialogs::default());
    click(&mut app, "incomplete");
    wait_for_text(&mut app, "max_output_tokens");
    wait_for_text(&mut app, "rebook_load");
}
