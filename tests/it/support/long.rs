//! A long conversation on disk, with tables, code and lists, as it was kept; and an agent to go on with.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};

/// What threads of an agent are called.
pub const AGENT: &str = "agent";
/// Its title.
pub const TITLE: &str = "Question 0";

/// Writes a conversation with these answers into a data folder.
pub fn keep(data_folder: &Path, answers: impl Iterator<Item = String>) {
    let folder = data_folder.join("conversations");
    std::fs::create_dir_all(&folder).unwrap();
    let mut lines = String::from("{\"record\":\"conversation\",\"version\":1,\"id\":1}\n");
    for (turn, said) in (0_u64..).zip(answers) {
        let parent = turn.checked_sub(1).map_or("null".to_owned(), |parent| (parent + 10).to_string());
        let (id, at) = (turn + 10, 1_795_000_000_000 + turn * 60_000);
        let said = serde_json::Value::from(said);
        let written = writeln!(
            lines,
            r#"{{"record":"turn","turn":{id},"parent":{parent},"at":{at},"ask":{{"text":"Question {turn}"}},"endpoint":"http://127.0.0.1:1/invocations"}}
{{"record":"item","turn":{id},"place":0,"item":{{"cycle":0,"index":null,"id":null,"kind":"message","status":"completed","body":{{"message":{{"role":"assistant","parts":[{{"text":{{"text":{said},"annotations":[]}}}}]}}}},"raw":null}}}}
{{"record":"end","turn":{id},"ending":{{"outcome":"completed","cut":false}}}}"#
        );
        assert!(written.is_ok());
    }
    std::fs::write(folder.join("1.jsonl"), lines).unwrap();
}

/// Long ones and short ones; each says its number.
pub fn answer(number: u64) -> String {
    let mut lines = vec![format!("Answer {number}\n\nIt is **{number}** in `n`, as the run says.\n")];
    if number.is_multiple_of(3) {
        lines.push("| step | loss | rate |\n|---|---:|---:|".to_owned());
        lines.extend((0..8).map(|row| format!("| {row} | {}.{row} | 0.00{row} |", number + row)));
        lines.push(String::new());
    }
    if number % 4 == 1 {
        lines.push("```python\nimport mlflow\n".to_owned());
        lines.extend((0..12).map(|row| format!("mlflow.log_metric(\"loss_{row}\", {number} / 7)")));
        lines.push("```\n".to_owned());
    }
    if number % 5 == 2 {
        let more = "and so on ".repeat(9);
        lines.extend((0..6).map(|row| format!("- point {row} of {number}: {more}")));
    }
    lines.join("\n")
}

/// An agent that says what it is told to say, when it is told; its answer ends with the sender.
pub fn agent() -> (String, mpsc::SyncSender<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, words) = mpsc::sync_channel(1);
    let words = Arc::new(Mutex::new(words));
    spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let words = Arc::clone(&words);
            spawn(move || reply(stream, &words));
        }
    });
    (address, sender)
}

fn reply(mut stream: TcpStream, words: &Mutex<mpsc::Receiver<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    for line in reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    if !first.starts_with("POST") {
        stream
            .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        return;
    }
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        .unwrap();
    for said in words.lock().unwrap().iter() {
        let event = serde_json::json!({"type": "response.output_text.delta", "item_id": "m", "delta": said});
        if stream.write_all(format!("data: {event}\n\n").as_bytes()).is_err() {
            return;
        }
    }
    stream.write_all(b"data: [DONE]\n\n").ok();
}

fn spawn(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().name(AGENT.to_owned()).spawn(work).unwrap();
}
