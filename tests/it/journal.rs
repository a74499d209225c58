//! The journal's screen, the way back on the board, and what is told of others, against a server of its own.

use std::path::Path;
use std::sync::OnceLock;

use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use flowdeck::state::Route;
use flowdeck::state::journal::Outcome;
use flowdeck::state::navigation::ModelKind;

use crate::support::app::{
    self, App, ScriptedDialogs, Start, apply, choose, click, confirm, enter_on, press, retype, screen, start,
    step_until, type_into, type_text, wait_for, wait_for_text,
};
use crate::support::board::show_board;
use crate::support::{Fault, Proxy, Servers};

const ALIAS: &str = "/api/2.0/mlflow/registered-models/alias";

fn servers() -> &'static Servers {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    SERVERS.get_or_init(Servers::empty)
}

fn make(model: &str) -> &'static Servers {
    servers().make_model(model, 7, &[("prod", 3), ("candidate", 7)]);
    servers()
}

fn opened(uri: &str, folder: &Path) -> App {
    opened_with(uri, folder, ScriptedDialogs::default())
}

fn opened_with(uri: &str, folder: &Path, dialogs: ScriptedDialogs) -> App {
    let mut app = start(Start {
        uri: Some(uri.to_owned()),
        environment: vec![("MLFLOW_TRACKING_USERNAME", "ann".into())],
        data_folder: Some(folder.to_owned()),
        dialogs,
        ..Start::default()
    });
    step_until(&mut app, "the server", |app| app.state().state().workspace.is_some());
    app
}

/// Waits until all models were looked at, which is kept for the next start.
fn looked_once(app: &mut App, folder: &Path) {
    let kept = folder.join("seen");
    step_until(app, "the first look", |_| {
        std::fs::read_dir(&kept).is_ok_and(|mut files| files.next().is_some())
    });
}

/// Moves `prod` by a plan, to its end.
fn moves_prod(app: &mut App, to: u32) {
    app::drag(app, "alias prod", &format!("version {to}"));
    wait_for(app, &format!("Move prod to v{to}"));
    confirm(app, "prod");
    step_until(app, "the move", |app| {
        let last = app.state().state().journal.records().last();
        last.is_some_and(|record| record.outcome == Outcome::Done && record.change.to == Some(to))
    });
    let closed = format!("Move prod to v{to}");
    step_until(app, "the plan to close", |app| app.query_all_by_label(&closed).next().is_none());
}

fn is_shown(app: &App, label: &str) -> bool {
    app.query_all_by_label(label).next().is_some()
}

#[test]
fn moves_of_ours_and_of_others_are_listed_filtered_undone_and_exported() {
    let (model, folder) = ("journal-lists", tempfile::tempdir().unwrap());
    let servers = make(model);
    let dialogs = ScriptedDialogs::default();
    let mut app = opened_with(servers.uri(), folder.path(), dialogs.clone());
    looked_once(&mut app, folder.path());
    show_board(&mut app, model, 3);
    moves_prod(&mut app, 5);
    servers.set_alias(model, "candidate", 6);
    app.key_press(Key::F5);
    step_until(&mut app, "what the other did", |app| {
        let mut records = app.state().state().journal.records().iter();
        records.any(|it| it.outcome == Outcome::Seen && it.change.model == model)
    });
    apply(&mut app, Route::Journal);
    type_into(&mut app, "Filter journal", model);
    wait_for(&mut app, "entry prod: v3 → v5 of journal-lists, Done");
    wait_for(&mut app, "entry candidate: v7 → v6 of journal-lists, Seen");
    wait_for(&mut app, "someone else");
    wait_for(&mut app, "ann");
    type_into(&mut app, "Filter journal", &format!("{model} @prod"));
    assert!(!is_shown(&app, "entry candidate: v7 → v6 of journal-lists, Seen"), "{}", screen(&app));

    dialogs.answer(Some(folder.path().join("out.csv")));
    click(&mut app, "Export…");
    click(&mut app, "As CSV…");
    wait_for_text(&mut app, "Saved ");
    let mut rows = csv::Reader::from_path(folder.path().join("out.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1, "what the filter finds");
    assert_eq!(rows[0].iter().skip(3).take(6).collect::<Vec<_>>(), [model, "", "prod", "3", "5", "ann"]);
    dialogs.answer(Some(folder.path().join("out.md")));
    click(&mut app, "Export…");
    click(&mut app, "As Markdown…");
    step_until(&mut app, "the file", |_| folder.path().join("out.md").exists());

    // By keyboard: out of the field, to the first row, its details, and the way back.
    app.key_press(Key::Escape);
    app.step();
    type_into(&mut app, "Filter journal", &format!("{model} @prod"));
    app.key_press(Key::Enter);
    app.step();
    app.key_press(Key::ArrowDown);
    app.step();
    app.key_press(Key::Enter);
    app.step();
    wait_for(&mut app, "Begun");
    click(&mut app, "Undo");
    wait_for(&mut app, "entry prod: v5 → v3 of journal-lists, Done");
    wait_for(&mut app, "entry prod: v3 → v5 of journal-lists, Undone");
    assert_eq!(servers.alias(model, "prod"), Some(3));
    app.key_press(Key::Escape);
    app.step();
    step_until(&mut app, "the details to close", |app| !is_shown(app, "Begun"));
}

#[test]
fn the_journal_is_filtered_exported_and_undone_by_keyboard_alone() {
    let (model, folder) = ("journal-keys", tempfile::tempdir().unwrap());
    let servers = make(model);
    let dialogs = ScriptedDialogs::default();
    let mut app = opened_with(servers.uri(), folder.path(), dialogs.clone());
    show_board(&mut app, model, 3);
    moves_prod(&mut app, 5);
    app.key_press_modifiers(Modifiers::COMMAND, Key::Num5);
    wait_for(&mut app, "entry prod: v3 → v5 of journal-keys, Done");
    press(&mut app, Key::Slash);
    type_text(&mut app, "no such words");
    wait_for(&mut app, "No entry holds these words");
    retype(&mut app, &format!("{model} @prod"));
    wait_for(&mut app, "entry prod: v3 → v5 of journal-keys, Done");
    for (entry, file) in [("As CSV…", "out.csv"), ("As Markdown…", "out.md")] {
        let file = folder.path().join(file);
        dialogs.answer(Some(file.clone()));
        enter_on(&mut app, "Export…");
        choose(&mut app, entry);
        step_until(&mut app, "the file", |_| {
            std::fs::read_to_string(&file).is_ok_and(|text| text.contains(model))
        });
    }
    // Leaves the button: the arrows are the table's.
    press(&mut app, Key::Escape);
    press(&mut app, Key::ArrowDown);
    press(&mut app, Key::Menu);
    choose(&mut app, "Undo");
    wait_for(&mut app, "entry prod: v5 → v3 of journal-keys, Done");
    assert_eq!(servers.alias(model, "prod"), Some(3));
}

#[test]
fn only_this_server_and_the_empty_screens_say_what_to_do() {
    let (model, folder) = ("journal-two", tempfile::tempdir().unwrap());
    let servers = make(model);
    let proxy = Proxy::start(servers.uri());
    let mut app = opened(servers.uri(), folder.path());
    apply(&mut app, Route::Journal);
    wait_for(&mut app, "Nothing happened yet");
    show_board(&mut app, model, 3);
    moves_prod(&mut app, 5);
    drop(app);
    // The same server under another address is another one.
    let mut app = opened(&proxy.uri(), folder.path());
    apply(&mut app, Route::Journal);
    type_into(&mut app, "Filter journal", model);
    wait_for(&mut app, "entry prod: v3 → v5 of journal-two, Done");
    click(&mut app, "Only this server");
    step_until(&mut app, "it to go", |app| !is_shown(app, "entry prod: v3 → v5 of journal-two, Done"));
    click(&mut app, "Show all entries");
    wait_for(&mut app, "entry prod: v3 → v5 of journal-two, Done");
    type_into(&mut app, "Filter journal", "no such words");
    wait_for(&mut app, "No entry holds these words");
}

#[test]
fn the_way_back_is_a_button_and_a_key_and_shows_the_plan() {
    let (model, folder) = ("journal-back", tempfile::tempdir().unwrap());
    let servers = make(model);
    let mut app = opened(servers.uri(), folder.path());
    show_board(&mut app, model, 3);
    assert!(!is_shown(&app, "Back to v3 with prod"));
    moves_prod(&mut app, 7);
    wait_for_text(&mut app, "was v3 until ");
    click(&mut app, "Back to v3 with prod");
    wait_for(&mut app, "prod: v7 → v3");
    assert_eq!(servers.alias(model, "prod"), Some(7), "a button never writes");
    confirm(&mut app, "prod");
    wait_for(&mut app, "Back to v7 with prod");
    assert_eq!(servers.alias(model, "prod"), Some(3));
    step_until(&mut app, "the plan to close", |app| !is_shown(app, "Move prod to v3"));
    app.key_press_modifiers(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);
    wait_for(&mut app, "prod: v3 → v7");
    app.key_press(Key::Escape);
    step_until(&mut app, "the plan to close", |app| !is_shown(app, "Move prod to v7"));
    // The next start knows it too.
    drop(app);
    let mut app = opened(servers.uri(), folder.path());
    show_board(&mut app, model, 3);
    wait_for(&mut app, "Back to v7 with prod");
    // Also while the list at the left has the arrow keys.
    click(&mut app, &format!("model {model}"));
    app.key_press_modifiers(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);
    wait_for(&mut app, "prod: v3 → v7");
}

#[test]
fn an_edit_is_listed_with_its_version() {
    let (model, folder) = ("journal-edit", tempfile::tempdir().unwrap());
    let servers = make(model);
    let mut app = opened(servers.uri(), folder.path());
    apply(&mut app, Route::Version { kind: ModelKind::Model, name: model.to_owned(), version: 7 });
    click(&mut app, "Add tag");
    type_into(&mut app, "Tag key", "approved");
    type_into(&mut app, "Tag value", "yes");
    click(&mut app, "Save tag");
    wait_for_text(&mut app, "The tag approved of v7 is saved");
    apply(&mut app, Route::Journal);
    wait_for(&mut app, "entry The tag approved of v7 is saved of journal-edit, Done");
    wait_for(&mut app, "edited v7");
}

#[test]
fn colleagues_are_told_by_a_tag_and_a_tag_that_fails_is_only_noted() {
    let (model, folder) = ("journal-tag", tempfile::tempdir().unwrap());
    let servers = make(model);
    let proxy = Proxy::start(servers.uri());
    let mut app = opened(&proxy.uri(), folder.path());
    apply(&mut app, Route::Settings);
    click(&mut app, "Tell colleagues: write a tag on the model");
    show_board(&mut app, model, 3);
    moves_prod(&mut app, 7);
    let tag = "client.get_registered_model('journal-tag').tags.get('flowdeck.promotion.prod', '')";
    let told = || servers.python(tag).as_str().unwrap().to_owned();
    step_until(&mut app, "the tag", |_| !told().is_empty());
    let value: serde_json::Value = serde_json::from_str(&told()).unwrap();
    assert_eq!((&value["from"], &value["to"], &value["who"]), (&3.into(), &7.into(), &"ann".into()));

    proxy.once("POST", "/api/2.0/mlflow/registered-models/set-tag", Fault::forbidden());
    moves_prod(&mut app, 5);
    step_until(&mut app, "the note", |app| {
        app.state().state().journal.records().last().is_some_and(|it| !it.notes.is_empty())
    });
    let record = app.state().state().journal.records().last().unwrap().clone();
    assert_eq!(record.outcome, Outcome::Done);
    assert!(record.notes[0].1.starts_with("Colleagues were not told"), "{:?}", record.notes);
    assert_eq!(servers.alias(model, "prod"), Some(5));
    assert!(told().contains("\"to\":7"), "as it was");
}

#[test]
fn what_others_did_while_nobody_was_here_is_told_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let servers = Servers::empty();
    servers.make_model("journal-away", 5, &[("prod", 3)]);
    let mut app = opened(servers.uri(), folder.path());
    looked_once(&mut app, folder.path());
    drop(app);
    servers.set_alias("journal-away", "prod", 5);
    let mut app = opened(servers.uri(), folder.path());
    wait_for_text(&mut app, "Someone moved prod of journal-away from v3 to v5, ");
    assert_eq!(app.state().state().journal.records().len(), 1);
    click(&mut app, "Show");
    wait_for(&mut app, "version 5");
    wait_for(&mut app, "Back to v3 with prod");
}

#[test]
fn the_journal_says_what_the_server_says_whatever_happens_to_the_write() {
    let (model, folder) = ("journal-faults", tempfile::tempdir().unwrap());
    let servers = make(model);
    let proxy = Proxy::start(servers.uri());
    let mut app = opened(&proxy.uri(), folder.path());
    show_board(&mut app, model, 3);
    let faults = [
        (Fault::ForwardThenHangUp, Outcome::Done, Some(5)),
        (Fault::HangUp, Outcome::Refused, Some(5)),
        (Fault::forbidden(), Outcome::Refused, Some(5)),
        (Fault::status(500), Outcome::Refused, Some(5)),
        (Fault::answer(502, "text/html", "<title>Bad Gateway</title>"), Outcome::Refused, Some(5)),
        (Fault::Cut { after: 0 }, Outcome::Done, Some(2)),
    ];
    for (at, (fault, outcome, there)) in faults.into_iter().enumerate() {
        proxy.forget();
        proxy.once("POST", ALIAS, fault.clone());
        let to = if at == 0 { 5 } else { 2 };
        app::drag(&mut app, "alias prod", &format!("version {to}"));
        wait_for(&mut app, &format!("Move prod to v{to}"));
        confirm(&mut app, "prod");
        step_until(&mut app, "the end", |app| {
            let records = app.state().state().journal.records();
            let mut mine = records.iter().filter(|it| it.change.model == model && it.who() == "ann");
            mine.nth(at).is_some_and(|it| it.outcome != Outcome::Open)
        });
        let journal = &app.state().state().journal;
        let last = journal.records().iter().rfind(|it| it.who() == "ann").unwrap();
        assert_eq!(last.outcome, outcome, "{fault:?}: {}", last.text);
        assert_eq!(servers.alias(model, "prod"), there, "{fault:?}");
        let said = journal.last_word(&proxy.uri(), model, "prod").unwrap();
        assert_eq!(said.version(), there, "{fault:?}");
        assert_eq!(proxy.count("POST", ALIAS), 1, "{fault:?}");
        app.key_press(Key::Escape);
        step_until(&mut app, "the plan to close", |app| {
            app.state().state().workspace.as_ref().is_some_and(|it| it.registry.plan().is_none())
        });
    }
}

#[test]
fn what_others_move_is_told_on_the_desktop_only_if_it_is_wished() {
    let (model, folder) = ("journal-told", tempfile::tempdir().unwrap());
    let servers = Servers::empty();
    servers.make_model(model, 7, &[("prod", 3), ("candidate", 7)]);
    let dialogs = ScriptedDialogs::default();
    let mut app = opened_with(servers.uri(), folder.path(), dialogs.clone());
    looked_once(&mut app, folder.path());
    let sees = |app: &mut App, many: usize| {
        app.key_press(Key::F5);
        step_until(app, "what the other did", |app| app.state().state().journal.records().len() == many);
        app.step();
    };
    servers.set_alias(model, "prod", 4);
    sees(&mut app, 1);
    wait_for_text(&mut app, "Someone moved prod of journal-told from v3 to v4, ");
    assert_eq!(dialogs.told(), [], "nobody asked for it");

    let wish = "Tell me on the desktop when others move an alias";
    apply(&mut app, Route::Settings);
    click(&mut app, wish);
    servers.set_alias(model, "candidate", 6);
    sees(&mut app, 2);
    let told = dialogs.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "Flowdeck");
    let text = &told[0].1;
    assert!(text.starts_with("Someone moved candidate of journal-told from v7 to v6, "), "{text}");

    // Several at once are one message; a move of our own is none.
    servers.set_alias(model, "prod", 5);
    servers.set_alias(model, "candidate", 7);
    sees(&mut app, 4);
    assert_eq!(dialogs.told().last().unwrap().1, "2 aliases were moved by others");
    show_board(&mut app, model, 3);
    moves_prod(&mut app, 6);
    assert_eq!(dialogs.told().len(), 2, "{:?}", dialogs.told());

    // By keyboard it is taken back.
    apply(&mut app, Route::Settings);
    wait_for(&mut app, wish);
    app.query_by_label(wish).unwrap().focus();
    app.step();
    app.key_press(Key::Space);
    app.step();
    servers.set_alias(model, "prod", 7);
    sees(&mut app, 6);
    assert_eq!(dialogs.told().len(), 2, "{:?}", dialogs.told());
}

#[test]
fn each_of_several_boards_has_its_own_way_back() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = ("journal-beside-a", "journal-beside-b");
    make(one);
    let servers = make(other);
    let mut app = opened(servers.uri(), folder.path());
    for (model, to) in [(one, 5), (other, 6)] {
        show_board(&mut app, model, 3);
        moves_prod(&mut app, to);
    }
    let names = vec![one.to_owned(), other.to_owned()];
    apply(&mut app, Route::Beside { kind: ModelKind::Model, names });
    let back = "Back to v3 with prod";
    step_until(&mut app, "both ways back", |app| app.query_all_by_label(back).count() == 2);
    let plan_of = |app: &App| {
        let plan = app.state().state().workspace.as_ref()?.registry.plan()?;
        let change = &plan.changes.first()?.change;
        Some((change.name.clone(), change.to))
    };
    let leave = |app: &mut App| {
        wait_for(app, "Move prod to v3");
        app.key_press(Key::Escape);
        step_until(app, "the plan to close", |app| plan_of(app).is_none());
    };
    // Which board's `prod` has the focus, from the left.
    let focused_chip =
        |app: &App| app.query_all_by_label("alias prod").position(|chip| chip.accesskit_node().is_focused());
    // The board that was used last is the one that the key is for.
    for (at, model) in [(1, other), (0, one)] {
        app.query_all_by_label(back).nth(at).unwrap().click();
        step_until(&mut app, "the plan", |app| plan_of(app) == Some((model.to_owned(), Some(3))));
        leave(&mut app);
        app.key_press_modifiers(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);
        step_until(&mut app, "the plan by key", |app| plan_of(app) == Some((model.to_owned(), Some(3))));
        leave(&mut app);
        step_until(&mut app, "the focus", |app| focused_chip(app) == Some(at));
    }
    // Esc leaves the chip, → goes to the other board.
    for key in [Key::Escape, Key::ArrowRight] {
        app.key_press(key);
        app.step();
        app.step();
    }
    app.key_press_modifiers(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);
    step_until(&mut app, "the plan of the next", |app| plan_of(app) == Some((other.to_owned(), Some(3))));
    wait_for(&mut app, "Move prod to v3");
    confirm(&mut app, "prod");
    step_until(&mut app, "the move", |_| servers.alias(other, "prod") == Some(3));
    assert_eq!(servers.alias(one, "prod"), Some(5), "the other board's alias stays");
    wait_for(&mut app, "Back to v6 with prod");
    assert!(is_shown(&app, back), "the other board's way is still there");
}
