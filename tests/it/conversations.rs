//! Conversations without a window, against a server in the test that answers as it is told.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flowdeck::agent::{Health, Outcome, Token, to_curl, to_python};
use flowdeck::state::Tasks;
use flowdeck::state::chat::{Ask, Chat, ChatCommand, Conversation, Turn};
use flowdeck::state::notices::Notices;
use flowdeck::state::settings::Settings;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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

#[test]
fn the_second_request_carries_the_first_turn() {
    let mut bench = Bench::new();
    let seen = bench.serve(echo);
    bench.apply(ChatCommand::SetSystemPrompt("be brief".into()));
    bench.say("first");
    bench.until_over();
    bench.say("second");
    bench.until_over();
    assert_eq!(bench.last().answer.text(), "answer 1");
    let input = &seen.bodies()[1]["input"];
    assert_eq!(input[0], json!({"role": "system", "content": "be brief"}));
    assert_eq!(input[1], json!({"role": "user", "content": "first"}));
    assert_eq!(input[2]["content"][0]["text"], "answer 0");
    assert_eq!(input[3], json!({"role": "user", "content": "second"}));
    assert_eq!(input.as_array().unwrap().len(), 4);
    assert_eq!(seen.bodies()[1]["stream"], json!(true));
    assert_eq!(bench.settings.endpoints, [bench.chat.target.address()]);
}

#[test]
fn a_profile_sends_its_inputs_along_and_gives_up_on_silence() {
    let mut bench = Bench::new();
    let seen = bench.serve(|mut stream, _| async move {
        write(&mut stream, &format!("{SSE_HEAD}{}", delta("half "))).await;
        std::future::pending::<()>().await;
    });
    let address = bench.chat.target.address().to_owned();
    let profile = bench.settings.profile_mut(&address);
    (profile.custom_inputs, profile.timeout_s) = ("{\"depth\": 2}".into(), Some(1));
    bench.apply(ChatCommand::SetAddress(address));
    bench.say("go on");
    bench.until_over();
    assert_eq!(seen.bodies()[0]["custom_inputs"], json!({"depth": 2}));
    assert_eq!(bench.last().answer.text(), "half ");
    assert!(bench.last().error().unwrap().to_string().contains("did not answer within"));
}

#[test]
fn an_answer_shows_as_it_comes_and_only_one_is_under_way() {
    let mut bench = Bench::new();
    let seen = bench.serve(|mut stream, _| async move {
        write(&mut stream, &format!("{SSE_HEAD}{}", delta("half "))).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        write(&mut stream, &format!("{}{END}", message("half and whole"))).await;
    });
    bench.say("go on");
    bench.until("the first half", |bench| bench.last().answer.text() == "half ");
    assert!(bench.conversation().is_running() && !bench.chat.can_send());
    bench.say("and again");
    bench.apply(ChatCommand::Regenerate(bench.last().id));
    bench.replace_last("instead");
    assert_eq!(bench.conversation().turns.len(), 1);
    bench.until_over();
    assert_eq!((bench.last().answer.text().as_str(), seen.bodies().len()), ("half and whole", 1));
    assert!(bench.last().report.is_some() && !bench.last().can_retry() && !bench.last().did_not_stream());
}

#[test]
fn of_a_flood_only_a_few_steps_wait_for_the_window_and_a_frame_takes_one_when_it_is_late() {
    const DELTAS: usize = 50_000;
    let mut bench = Bench::new();
    let all_taken = Arc::new(AtomicBool::new(false));
    let taken = Arc::clone(&all_taken);
    bench.serve(move |mut stream, _| {
        let taken = Arc::clone(&taken);
        async move {
            write(&mut stream, SSE_HEAD).await;
            let hundred = delta("word ").repeat(100);
            for _ in 0..DELTAS / 100 {
                write(&mut stream, &hundred).await;
            }
            write(&mut stream, END).await;
            // Once it has read everything, the client hangs up.
            assert!(matches!(stream.read(&mut [0; 1]).await, Ok(0) | Err(_)));
            taken.store(true, Ordering::Release);
        }
    });
    bench.say("go on");
    let deadline = Instant::now() + Duration::from_mins(1);
    while !all_taken.load(Ordering::Acquire) {
        assert!(Instant::now() < deadline, "it is read although nobody looks");
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut lengths = vec![0];
    while bench.conversation().is_running() {
        assert!(Instant::now() < deadline, "it ends");
        bench.chat.poll(Instant::now(), &bench.tasks, &mut bench.notices, &mut bench.settings);
        lengths.push(bench.last().answer.text().len());
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(lengths[1], 0, "the first step is the head, and no more was taken");
    lengths.dedup();
    assert!(lengths.is_sorted() && lengths.len() <= 10, "{lengths:?}");
    assert_eq!(bench.last().answer.text().len(), DELTAS * "word ".len());
}

#[test]
fn nothing_is_sent_without_words_or_address() {
    let mut bench = Bench::new();
    bench.say("hello");
    assert!(bench.conversation().turns.is_empty());
    bench.apply(ChatCommand::SetAddress("ftp://nowhere".into()));
    assert!(bench.chat.target.error().is_some());
    bench.say("hello");
    let seen = bench.serve(echo);
    bench.say("  \n ");
    assert!(bench.conversation().turns.is_empty() && seen.bodies().is_empty());
}

#[test]
fn stop_keeps_what_arrived_and_it_goes_back_on_the_next_turn() {
    let mut bench = Bench::new();
    let seen = bench.serve(|mut stream, before| async move {
        write(&mut stream, &format!("{SSE_HEAD}{}", delta("so far"))).await;
        if before == 0 {
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        write(&mut stream, END).await;
    });
    bench.say("slow");
    bench.until("some text", |bench| bench.last().answer.has_output());
    bench.apply(ChatCommand::Stop);
    bench.until_over();
    assert_eq!(
        (bench.last().answer.text().as_str(), &bench.last().answer.outcome),
        ("so far", &Outcome::Stopped)
    );
    assert!(bench.last().error().is_none() && bench.last().can_retry());
    bench.say("next");
    bench.until_over();
    assert_eq!(seen.bodies()[1]["input"][1]["content"][0]["text"], "so far");
}

#[test]
fn stop_asked_twice_waits_for_nothing() {
    let mut bench = Bench::new();
    bench.serve(|stream, _| async move {
        tokio::time::sleep(Duration::from_secs(30)).await;
        drop(stream);
    });
    bench.say("hello?");
    bench.apply(ChatCommand::Stop);
    bench.apply(ChatCommand::Stop);
    assert!(!bench.conversation().is_running());
    assert_eq!(bench.last().answer.outcome, Outcome::Stopped);
}

#[test]
fn an_error_keeps_the_text_and_is_asked_again_only_on_request() {
    let mut bench = Bench::new();
    let seen = bench.serve(|mut stream, before| async move {
        let failure = format!("data: {}\n\n", json!({"error": "tool exploded"}));
        let end = if before == 0 { failure } else { message("well now") };
        write(&mut stream, &format!("{SSE_HEAD}{}{end}{END}", delta("let me see"))).await;
    });
    bench.say("try");
    bench.until_over();
    let turn = bench.last();
    assert_eq!((turn.answer.text().as_str(), &turn.answer.outcome), ("let me see", &Outcome::Failed));
    assert_eq!(turn.answer.failures[0].headline, "tool exploded");
    assert!(turn.can_retry() && bench.settings.endpoints.is_empty());
    assert_eq!(seen.bodies().len(), 1);
    bench.apply(ChatCommand::Regenerate(bench.last().id));
    bench.until_over();
    assert_eq!((bench.conversation().turns.len(), bench.last().answer.text()), (1, "well now".to_owned()));
    assert_eq!(seen.bodies()[0], seen.bodies()[1]);
}

#[test]
fn a_scoring_servers_error_brings_its_cause() {
    let mut bench = Bench::new();
    bench.serve(|mut stream, _| async move {
        let trace = "Traceback (most recent call last):\n  File \"a.py\", line 1, in predict\nValueError: no such week\n";
        let body = json!({"error_code": "BAD_REQUEST", "message": "Verify the input", "stack_trace": trace});
        write(&mut stream, &whole("400 Bad Request", &body)).await;
    });
    bench.say("try");
    bench.until_over();
    assert!(bench.last().error().is_some());
    assert_eq!(bench.last().answer.failures[0].cause.as_deref(), Some("ValueError: no such week"));
}

#[test]
fn a_turn_ends_where_it_began_and_the_next_goes_to_the_new_address() {
    let mut bench = Bench::new();
    let first = bench.serve(|mut stream, _| async move {
        write(&mut stream, &format!("{SSE_HEAD}{}", delta("from the "))).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        write(&mut stream, &format!("{}{END}", message("from the first"))).await;
    });
    bench.say("who is it?");
    bench.until("some text", |bench| bench.last().answer.has_output());
    let second = bench.serve(|mut stream, _| async move {
        let body = json!({"output": [{"type": "message", "content": [{"type": "output_text", "text": "the second"}]}]});
        write(&mut stream, &whole("200 OK", &body)).await;
    });
    bench.until_over();
    assert_eq!(bench.last().answer.text(), "from the first");
    bench.say("and now?");
    bench.until_over();
    assert_eq!(bench.last().answer.text(), "the second");
    assert!(bench.last().did_not_stream());
    assert_eq!((first.bodies().len(), second.bodies().len()), (1, 1));
}

#[test]
fn the_last_message_can_be_replaced() {
    let mut bench = Bench::new();
    let seen = bench.serve(echo);
    for text in ["one", "two"] {
        bench.say(text);
        bench.until_over();
    }
    bench.replace_last("  ");
    assert_eq!(bench.conversation().turns.len(), 2);
    bench.replace_last("three");
    bench.until_over();
    assert_eq!(bench.conversation().turns.len(), 2);
    let said: Vec<_> =
        seen.bodies()[2]["input"].as_array().unwrap().iter().map(|item| item["content"].clone()).collect();
    assert_eq!((said[0].clone(), said[2].clone(), said.len()), (json!("one"), json!("three"), 3));
}

#[test]
fn a_replacement_is_a_branch_and_in_another_conversation_a_new_message() {
    let mut bench = Bench::new();
    let seen = bench.serve(echo);
    bench.say("one");
    bench.until_over();
    let (first, one) = (bench.conversation().id, bench.last().id);
    bench.apply(ChatCommand::New);
    bench.say("elsewhere");
    bench.until_over();
    bench.replace(first, one, "late");
    bench.until_over();
    assert_eq!(bench.conversation().turns.len(), 2);
    bench.apply(ChatCommand::Show(first));
    assert_eq!((bench.conversation().turns.len(), bench.last().id), (1, one));
    bench.say("two");
    bench.until_over();
    bench.replace(first, one, "three");
    bench.until_over();
    // The first message was shown: it and what followed are another branch now.
    let asked = |bench: &Bench| -> Vec<Ask> {
        bench.conversation().turns.iter().map(|turn| turn.ask.clone()).collect()
    };
    let texts = |texts: &[&str]| texts.iter().map(|text| Ask::Message((*text).into())).collect::<Vec<_>>();
    assert_eq!(asked(&bench), texts(&["three"]));
    assert_eq!(bench.conversation().branches(bench.last()).len(), 2);
    bench.apply(ChatCommand::ShowBranch(one));
    assert_eq!(asked(&bench), texts(&["one", "two"]), "up to its end");
    bench.apply(ChatCommand::Regenerate(one));
    bench.until_over();
    assert_eq!(asked(&bench), texts(&["one"]));
    assert_eq!(bench.conversation().branches(bench.last()).len(), 3);
    assert_eq!(seen.bodies().last().unwrap()["input"].as_array().unwrap().len(), 1);
}

#[test]
fn approvals_are_sent_once_all_are_decided() {
    let mut bench = Bench::new();
    let seen = bench.serve(|mut stream, before| async move {
        let ask = |id: &str| {
            let item = json!({"type": "mcp_approval_request", "id": id, "name": "t", "arguments": "{}", "server_label": "s"});
            format!("data: {}\n\n", json!({"type": "response.output_item.done", "item": item}))
        };
        let body = if before == 0 { ask("a") + &ask("b") } else { message("done") };
        write(&mut stream, &format!("{SSE_HEAD}{body}{END}")).await;
    });
    bench.say("rebook");
    bench.until_over();
    bench.apply(ChatCommand::Decide { request: "a".into(), approve: true });
    bench.apply(ChatCommand::Decide { request: "unknown".into(), approve: true });
    assert_eq!(bench.conversation().turns.len(), 1);
    bench.apply(ChatCommand::Decide { request: "b".into(), approve: false });
    bench.until_over();
    let input = &seen.bodies()[1]["input"];
    assert_eq!(input[1]["type"], "mcp_approval_request");
    assert_eq!(
        input[3],
        json!({"type": "mcp_approval_response", "approval_request_id": "a", "approve": true})
    );
    assert_eq!(
        input[4],
        json!({"type": "mcp_approval_response", "approval_request_id": "b", "approve": false})
    );
    assert_eq!(bench.last().answer.text(), "done");
}

#[test]
fn a_token_goes_to_its_own_server_only_and_is_shown_nowhere() {
    let mut bench = Bench::new();
    let first = bench.serve(echo);
    bench.apply(ChatCommand::SetToken(Token::new("s3cret")));
    bench.say("hello");
    bench.until_over();
    assert!(first.heads()[0].to_ascii_lowercase().contains("authorization: bearer s3cret"));
    let turn = bench.last();
    let payload = bench.conversation().payload(turn.id).unwrap();
    let exports = to_curl(&turn.endpoint, &payload) + &to_python(&turn.endpoint, &payload);
    assert!(exports.contains("FLOWDECK_TOKEN") && !exports.contains("s3cret"));
    assert!(!format!("{turn:?} {:?}", bench.conversation()).contains("s3cret"));
    assert!(!format!("{:?}", ChatCommand::SetToken(Token::new("s3cret"))).contains("s3cret"));
    let second = bench.serve(echo);
    bench.say("hello");
    bench.until_over();
    assert!(!second.heads()[0].to_ascii_lowercase().contains("authorization"));
    assert!(!format!("{:?}", bench.settings).contains("s3cret"));
}

#[test]
fn the_query_of_an_address_is_sent_but_not_remembered() {
    let mut bench = Bench::new();
    let (address, seen) = serve(&bench.runtime, echo);
    bench.apply(ChatCommand::SetAddress(format!("{address}?code=KEY")));
    bench.say("hello");
    bench.until_over();
    assert!(seen.heads()[0].starts_with("POST /invocations?code=KEY "));
    let known = format!("http://{address}/invocations");
    assert_eq!(
        (bench.chat.target.address(), &bench.settings.endpoints),
        (known.as_str(), &vec![known.clone()])
    );
    assert!(!format!("{:?}", bench.conversation()).contains("KEY"));
}

#[test]
fn the_default_token_serves_where_none_is_entered() {
    let mut bench = Bench::new();
    bench.chat = Chat::new(Some(Token::new("env")));
    let seen = bench.serve(echo);
    assert!(bench.chat.target.uses_default_token());
    bench.say("hello");
    bench.until_over();
    assert!(seen.heads()[0].to_ascii_lowercase().contains("authorization: bearer env"));
}

#[test]
fn a_probe_never_carries_the_default_token() {
    let mut bench = Bench::new();
    bench.chat = Chat::new(Some(Token::new("env")));
    let seen = bench.serve(echo);
    bench.until("a probe", |bench| bench.chat.target.found().is_some());
    bench.say("hello");
    bench.until_over();
    bench.apply(ChatCommand::Probe);
    bench.until("another probe", |bench| !bench.chat.target.is_probing());
    let probes = seen.1.lock().unwrap().join("\n").to_ascii_lowercase();
    assert!(!probes.is_empty() && !probes.contains("authorization"), "{probes}");
    bench.apply(ChatCommand::SetToken(Token::new("own")));
    bench.until("a probe with it", |bench| !bench.chat.target.is_probing());
    assert!(seen.1.lock().unwrap().join("\n").to_ascii_lowercase().contains("authorization: bearer own"));
}

#[test]
fn the_probe_says_why_nobody_is_there() {
    let mut bench = Bench::new();
    bench.settings.endpoints = vec!["http://127.0.0.1:1/invocations".into()];
    bench.apply(ChatCommand::Open);
    assert_eq!(bench.chat.target.address(), "http://127.0.0.1:1/invocations");
    bench.until("a probe", |bench| bench.chat.target.found().is_some());
    assert!(matches!(bench.chat.target.found().unwrap().health, Health::Down(_)));
    assert!(!bench.chat.target.is_probing());
}

#[test]
fn conversations_are_kept_apart() {
    let mut bench = Bench::new();
    let seen = bench.serve(echo);
    bench.say("first\nline two");
    bench.until_over();
    let first = bench.conversation().id;
    bench.apply(ChatCommand::New);
    bench.apply(ChatCommand::New);
    assert_eq!(
        (bench.chat.conversations().len(), bench.conversation().title().as_str()),
        (2, "New conversation")
    );
    bench.say("second");
    bench.until_over();
    assert_eq!(seen.bodies()[1]["input"].as_array().unwrap().len(), 1);
    bench.apply(ChatCommand::Show(first));
    assert_eq!(bench.conversation().title(), "first");
    bench.apply(ChatCommand::Delete(first));
    assert_eq!(bench.conversation().title(), "second");
    let second = bench.conversation().id;
    bench.apply(ChatCommand::Delete(second));
    assert_eq!((bench.chat.conversations().len(), bench.conversation().turns.len()), (1, 0));
}

#[test]
fn custom_inputs_and_context_go_along_once_they_can_be_read() {
    let mut bench = Bench::new();
    let seen = bench.serve(echo);
    bench.apply(ChatCommand::SetCustomInputs("{\"dry_run\": tru".into()));
    assert!(bench.conversation().custom_inputs.1.as_ref().unwrap().starts_with("Line 1, column "));
    bench.say("not yet");
    assert!(bench.conversation().turns.is_empty() && !bench.chat.can_send());
    bench.apply(ChatCommand::SetCustomInputs("{\"dry_run\": true}".into()));
    bench.apply(ChatCommand::SetContext("{\"user_id\": \"ann\"}".into()));
    bench.say("now");
    bench.until_over();
    let body = &seen.bodies()[0];
    assert_eq!(body["custom_inputs"], json!({"dry_run": true}));
    assert_eq!(body["context"], json!({"user_id": "ann"}));
    // What was sent is told as it was, whatever is typed since.
    bench.apply(ChatCommand::SetCustomInputs(String::new()));
    let payload = bench.conversation().payload(bench.last().id).unwrap();
    assert_eq!(serde_json::to_value(payload).unwrap()["custom_inputs"], json!({"dry_run": true}));
}
