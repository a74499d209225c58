//! What goes along to an endpoint: logins, addresses, inputs.

use flowdeck::agent::{Health, Token, to_curl, to_python};
use flowdeck::state::chat::{Chat, ChatCommand};
use serde_json::json;

use super::{Bench, SSE_HEAD, delta, echo, serve, write};

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
