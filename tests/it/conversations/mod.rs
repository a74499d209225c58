//! Conversations without a window, against a server in the test that answers as it is told.

mod branches;
mod endpoints;
mod turns;

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flowdeck::state::Tasks;
use flowdeck::state::chat::{Chat, ChatCommand, Conversation, Turn};
use flowdeck::state::notices::Notices;
use flowdeck::state::settings::Settings;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const SSE_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
const END: &str = "data: [DONE]\n\n";

fn delta(text: &str) -> String {
    let event = json!({"type": "response.output_text.delta", "item_id": "m", "delta": text});
    format!("data: {event}\n\n")
}

fn message(text: &str) -> String {
    let content = json!([{"type": "output_text", "text": text}]);
    let item = json!({"type": "message", "id": "m", "role": "assistant", "content": content});
    format!("data: {}\n\n", json!({"type": "response.output_item.done", "item": item}))
}

fn whole(status: &str, body: &Value) -> String {
    let body = body.to_string();
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// Bodies and heads of the questions that came, and heads of the probes, which are answered with 404.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<(String, Value)>>>, Arc<Mutex<Vec<String>>>);

impl Seen {
    fn bodies(&self) -> Vec<Value> {
        self.0.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }

    fn heads(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(head, _)| head.clone()).collect()
    }
}

async fn read_request(stream: &mut TcpStream) -> (String, Value) {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let read = stream.read(&mut chunk).await.unwrap_or(0);
        bytes.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned)
                })
                .and_then(|length| length.trim().parse::<usize>().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return (head.to_owned(), serde_json::from_str(body).unwrap_or(Value::Null));
            }
        }
        if read == 0 {
            return (text, Value::Null);
        }
    }
}

/// Serves questions with `answer`, which is given the stream and how many came before.
fn serve<F, R>(runtime: &tokio::runtime::Runtime, answer: F) -> (String, Seen)
where
    F: Fn(TcpStream, usize) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let seen = Seen::default();
    let noted = seen.clone();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = Arc::new(answer);
    runtime.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (answer, noted) = (Arc::clone(&answer), noted.clone());
            tokio::spawn(async move {
                let request = read_request(&mut stream).await;
                if !request.0.starts_with("POST") {
                    noted.1.lock().unwrap().push(request.0);
                    write(&mut stream, &whole("404 Not Found", &json!({"detail": "Not Found"}))).await;
                    return;
                }
                let before = {
                    let mut noted = noted.0.lock().unwrap();
                    noted.push(request);
                    noted.len() - 1
                };
                answer(stream, before).await;
            });
        }
    });
    (address, seen)
}

async fn write(stream: &mut TcpStream, text: &str) {
    // A client that hung up is part of some tests.
    if stream.write_all(text.as_bytes()).await.is_ok() {
        stream.flush().await.ok();
    }
}

/// A chat without a window.
struct Bench {
    runtime: tokio::runtime::Runtime,
    tasks: Tasks,
    chat: Chat,
    notices: Notices,
    settings: Settings,
}

impl Bench {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let tasks = Tasks::new(runtime.handle().clone(), || {});
        Self {
            runtime,
            tasks,
            chat: Chat::default(),
            notices: Notices::default(),
            settings: Settings::default(),
        }
    }

    fn serve<F, R>(&mut self, answer: F) -> Seen
    where
        F: Fn(TcpStream, usize) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let (address, seen) = serve(&self.runtime, answer);
        self.apply(ChatCommand::SetAddress(address));
        seen
    }

    fn apply(&mut self, command: ChatCommand) {
        self.chat.apply(command, &self.tasks, &mut self.notices, &mut self.settings);
    }

    fn say(&mut self, text: &str) {
        self.apply(ChatCommand::Send(text.into()));
    }

    fn replace_last(&mut self, text: &str) {
        let (conversation, turn) = (self.conversation().id, self.last().id);
        self.replace(conversation, turn, text);
    }

    fn replace(&mut self, conversation: u64, turn: u64, text: &str) {
        self.apply(ChatCommand::Edit { conversation, turn, message: text.into() });
    }

    fn conversation(&self) -> &Conversation {
        self.chat.current().unwrap()
    }

    fn last(&self) -> &Turn {
        self.conversation().turns.last().unwrap()
    }

    #[track_caller]
    fn until(&mut self, what: &str, condition: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !condition(self) {
            assert!(Instant::now() < deadline, "{what}");
            std::thread::sleep(Duration::from_millis(2));
            let deadline = Instant::now() + Duration::from_millis(4);
            self.chat.poll(deadline, &self.tasks, &mut self.notices, &mut self.settings);
        }
    }

    #[track_caller]
    fn until_over(&mut self) {
        self.until("the answer ends", |bench| !bench.conversation().is_running());
    }
}

async fn echo(mut stream: TcpStream, before: usize) {
    write(&mut stream, &format!("{SSE_HEAD}{}{END}", message(&format!("answer {before}")))).await;
}
