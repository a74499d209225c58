//! Questions and answers: what is sent, what is shown of a stream, and how it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use flowdeck::agent::Outcome;
use flowdeck::state::chat::ChatCommand;
use serde_json::json;
use tokio::io::AsyncReadExt as _;

use super::{Bench, END, SSE_HEAD, delta, echo, message, whole, write};

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
