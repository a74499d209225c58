//! Files that go along with a message: picked, dropped, pasted, taken away, sent, and shown again.

use std::path::PathBuf;
use std::sync::Arc;

use egui_kittest::kittest::Queryable as _;
use flowdeck::state::chat::{Ask, Attachment, Message};
use serde_json::{Value, json};

use crate::support::app::{
    App, Dropped, ScriptedDialogs, Start, click, is_shown, press, start, step_until, type_into, wait_for,
    wait_for_text,
};
use crate::support::chat;
use crate::support::{Proxy, Servers};

fn talk_to(url: &str, start_with: Start) -> App {
    let mut app = start(start_with);
    chat::talk_to(&mut app, url);
    app
}

fn attached(app: &App) -> &[Attachment] {
    app.state().state().chat.attached.files()
}

fn until_attached(app: &mut App, count: usize) {
    step_until(app, "the files to be read", |app| attached(app).len() == count);
    app.step();
}

fn send(app: &mut App, text: &str) -> Message {
    chat::ask(app, text);
    let Ask::Message(message) = &chat::last(app).ask else { panic!("a message was sent") };
    message.clone()
}

fn picture(folder: &tempfile::TempDir, name: &str) -> PathBuf {
    let path = folder.path().join(name);
    image::RgbaImage::from_pixel(40, 30, image::Rgba([200, 30, 30, 255])).save(&path).unwrap();
    path
}

fn last_content(proxy: &Proxy) -> Value {
    let mut posts = proxy.requests().into_iter().filter(|seen| seen.method == "POST");
    let body = posts.next_back().expect("something was sent").json();
    body["input"].as_array().unwrap().last().unwrap()["content"].clone()
}

#[test]
fn a_picked_picture_and_a_dropped_text_reach_the_agent_and_stay_in_view() {
    let folder = tempfile::tempdir().unwrap();
    let dialogs = ScriptedDialogs::default();
    let proxy = Proxy::start(Servers::shared().agent_server().root());
    let start_with = Start { dialogs: dialogs.clone(), ..Start::default() };
    let mut app = talk_to(&format!("{}/invocations", proxy.uri()), start_with);
    dialogs.answer(Some(picture(&folder, "photo.png")));
    click(&mut app, "Attach files");
    until_attached(&mut app, 1);
    wait_for(&mut app, "Picture photo.png");
    let notes = folder.path().join("notes.md");
    std::fs::write(&notes, "# Gdańsk").unwrap();
    app.input_mut().dropped_files.push(Arc::new(Dropped(notes)));
    until_attached(&mut app, 2);
    wait_for(&mut app, "notes.md as text");

    let sent = send(&mut app, "echo these");
    assert_eq!(sent.attachments.len(), 2);
    assert!(attached(&app).is_empty(), "they went with the message");
    let content = last_content(&proxy);
    assert_eq!(content[0], json!({"type": "input_text", "text": "echo these"}));
    assert_eq!((&content[1]["type"], &content[1]["detail"]), (&json!("input_image"), &json!("auto")));
    assert!(content[1]["image_url"].as_str().unwrap().starts_with("data:image/png;base64,iVBOR"));
    assert_eq!(content[2], json!({"type": "input_text", "text": "notes.md:\n\n# Gdańsk"}));
    let answer = app.state().state().chat.current().unwrap().turns[0].answer.text();
    assert!(answer.contains("input_image") && answer.contains("# Gdańsk"), "the agent was given them");
    wait_for(&mut app, "Picture photo.png");
    wait_for(&mut app, "notes.md");

    // Changed and sent again, they go along again.
    click(&mut app, "Edit and send again");
    until_attached(&mut app, 2);
    click(&mut app, "notes.md as text");
    wait_for(&mut app, "notes.md as a file");
    send_changed(&mut app, "echo once more");
    let content = last_content(&proxy);
    assert_eq!((&content[2]["type"], &content[2]["filename"]), (&json!("input_file"), &json!("notes.md")));
    assert_eq!(content[2]["file_data"], "data:text/markdown;base64,IyBHZGHFhHNr");
}

fn send_changed(app: &mut App, text: &str) {
    let first = |app: &App| app.state().state().chat.current().unwrap().turns[0].id;
    let before = first(app);
    type_into(app, "Message", text);
    press(app, egui::Key::Enter);
    step_until(app, "another branch", |app| first(app) != before);
    step_until(app, "the answer's end", |app| !app.state().state().chat.current().unwrap().is_running());
}

#[test]
fn a_desktop_without_dialogs_is_told_of() {
    let dialogs = ScriptedDialogs::default();
    let start_with = Start { dialogs: dialogs.clone(), ..Start::default() };
    let mut app = talk_to(Servers::shared().agent_server().url(), start_with);
    click(&mut app, "Attach files");
    app.run_steps(3);
    assert!(app.query_by_label_contains("no dialog").is_none(), "it was cancelled");
    dialogs.were_missed();
    wait_for_text(&mut app, "This desktop has no dialog to choose files with. Drop them on the window");
}

#[test]
fn files_are_taken_away_by_pointer_and_by_keyboard() {
    let folder = tempfile::tempdir().unwrap();
    let mut app = talk_to(Servers::shared().agent_server().url(), Start::default());
    app.input_mut().dropped_files.push(Arc::new(Dropped(picture(&folder, "a.png"))));
    until_attached(&mut app, 1);
    let other = folder.path().join("c.txt");
    std::fs::write(&other, "c").unwrap();
    app.input_mut().dropped_files.push(Arc::new(Dropped(other)));
    until_attached(&mut app, 2);
    click(&mut app, "Remove c.txt");
    until_attached(&mut app, 1);
    app.query_all_by_label("Remove a.png").next().expect("it is there").focus();
    app.step();
    press(&mut app, egui::Key::Enter);
    until_attached(&mut app, 0);
    assert!(!is_shown(&app, "Picture a.png"));
}

#[test]
fn many_files_stand_in_rows_and_leave_everything_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut app = talk_to(Servers::shared().agent_server().url(), Start::default());
    app.set_size(egui::vec2(1024.0, 700.0));
    app.run_steps(3);
    let right = |app: &App, label: &str| app.get_by_label(label).rect().right();
    let send = right(&app, "Send");
    let names = ["a.csv", "b.png", "notes of a meeting with quite a long name.md", "d.txt", "e.md", "f.png"];
    for (count, name) in names.iter().enumerate() {
        let path = folder.path().join(name);
        if name.ends_with("png") {
            picture(&folder, name);
        } else {
            std::fs::write(&path, "words").unwrap();
        }
        app.input_mut().dropped_files.push(Arc::new(Dropped(path)));
        until_attached(&mut app, count + 1);
    }
    app.run_steps(3);
    assert!(
        (right(&app, "Send") - send).abs() < 0.5,
        "Send was at {send}, and is at {}",
        right(&app, "Send")
    );
    let rows = |app: &App| -> Vec<egui::Rect> {
        names.iter().map(|name| app.get_by_label(&format!("Remove {name}")).rect()).collect()
    };
    for (name, remove) in names.iter().zip(rows(&app)) {
        let words = app.query_all_by_label(name).next().expect("its name").rect();
        assert!(
            (words.center().y - remove.center().y).abs() < 2.0,
            "{name} is at {words}, its end at {remove}"
        );
        assert!(remove.right() <= send, "{name} ends at {remove}");
    }
}

#[test]
fn a_pasted_picture_is_sent_alone_and_what_is_too_large_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut app = talk_to(Servers::shared().agent_server().url(), Start::default());
    let big = folder.path().join("big.bin");
    std::fs::File::create(&big).unwrap().set_len(20_000_001).unwrap();
    app.input_mut().dropped_files.push(Arc::new(Dropped(big)));
    wait_for_text(&mut app, "big.bin has 20 MB: a file may have 20 MB at most");
    let image = egui::ColorImage::filled([8, 8], egui::Color32::RED);
    app.event(egui::Event::PasteImage(Arc::new(image)));
    until_attached(&mut app, 1);
    wait_for(&mut app, "Remove Pasted picture.png");
    let sent = send(&mut app, "");
    assert_eq!((sent.text.as_str(), sent.attachments[0].media_type()), ("", "image/png"));
    assert_eq!(app.state().state().chat.current().unwrap().title(), "Pasted picture.png");
}
