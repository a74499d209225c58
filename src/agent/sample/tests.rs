//! The sample agent asked by the app's own client.

use std::sync::Arc;

use serde_json::json;

use super::turn::Question;
use super::*;
use crate::agent::history::{Entry, input_items};
use crate::agent::wire::{ItemBody, Part};
use crate::agent::{
    AgentClient, AgentError, Dialect, Endpoint, Health, Outcome, Payload, Transcript, TurnEvent, TurnReport,
};

async fn started() -> (SampleAgent, Endpoint, AgentClient) {
    let answers_as =
        AnswersAs { model: "MyMinimalAgent_Registered".into(), alias: "prod".into(), version: 3 };
    let agent = SampleAgent::start(answers_as).await.unwrap();
    let endpoint = Endpoint::parse(&agent.url()).unwrap();
    (agent, endpoint, AgentClient::new().unwrap())
}

async fn ask(client: &AgentClient, at: &Endpoint, said: &[Entry<'_>], stream: bool) -> Box<TurnReport> {
    let mut payload = Payload::new(input_items(None, said));
    payload.stream = stream;
    let runtime = tokio::runtime::Handle::current();
    let mut turn = client.send(&runtime, at.clone(), &payload, Arc::new(|| {}));
    while let Some(event) = turn.next().await {
        if let TurnEvent::Done(report) = event {
            return report;
        }
    }
    panic!("no report");
}

fn text(transcript: &Transcript) -> String {
    let mut text = String::new();
    for item in &transcript.items {
        let ItemBody::Message { parts, .. } = &item.body else { continue };
        for part in parts {
            if let Part::Text { text: more, .. } = part {
                text.push_str(more);
            }
        }
    }
    text
}

#[tokio::test]
async fn it_thinks_calls_a_tool_and_answers() {
    let (_agent, endpoint, client) = started().await;
    let question = [Entry::User(&"Why is OTIF down this week?".into())];
    let report = ask(&client, &endpoint, &question, true).await;
    assert_eq!(report.error, None);
    let answer = &report.transcript;
    assert_eq!((&answer.outcome, answer.streamed), (&Outcome::Completed, true));
    assert_eq!(answer.dialect, Dialect::Responses);
    assert!(answer.failures.is_empty() && answer.skipped_events == 0 && answer.unknown_events.is_empty());
    let kinds: Vec<_> = answer.items.iter().map(|item| item.kind.as_str()).collect();
    assert_eq!(kinds, ["reasoning", "function_call", "function_call_output", "message"]);
    assert!(text(answer).contains("| Nordfracht | 91 % | 78 % |"), "{}", text(answer));
    assert!(text(answer).contains("as v3 of MyMinimalAgent_Registered"), "{}", text(answer));
    let says = json!({"agent": NAME, "model_name": "MyMinimalAgent_Registered", "alias": "prod", "model_version": "3"});
    assert_eq!(answer.custom_outputs.as_deref(), Some(&says));
    assert!(report.response.ends_with("data: [DONE]\n\n"));

    let whole = ask(&client, &endpoint, &question, false).await.transcript.clone();
    assert!(!whole.streamed);
    assert_eq!(text(&whole), text(answer));
    assert_eq!(whole.items.len(), 4);
    assert_eq!(whole.usage, answer.usage);
}

#[tokio::test]
async fn it_knows_what_was_asked_before() {
    let (_agent, endpoint, client) = started().await;
    let first =
        ask(&client, &endpoint, &[Entry::User(&"How is Łódź doing?".into())], false).await.transcript.clone();
    let said = [
        Entry::User(&"How is Łódź doing?".into()),
        Entry::Answer(&first),
        Entry::User(&"why is that?".into()),
    ];
    let second = ask(&client, &endpoint, &said, true).await.transcript.clone();
    assert_eq!(second.outcome, Outcome::Completed);
    assert!(text(&second).contains("closed ramp"), "{}", text(&second));
    assert!(!text(&second).contains("canned"), "said once a conversation");
    let ids = |answer: &Transcript| answer.items.iter().map(|item| item.id.clone()).collect::<Vec<_>>();
    assert!(ids(&first).iter().flatten().all(|id| !ids(&second).contains(&Some(id.clone()))));
}

#[tokio::test]
async fn it_looks_like_an_agent_server() {
    let (agent, endpoint, client) = started().await;
    let health = client.probe(&endpoint).await.health;
    assert!(matches!(health, Health::AgentServer { .. }), "{health:?}");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let at = |path: &str| agent.url().replace("/invocations", path);
    let get = |path: &str| http.get(at(path)).send();
    assert_eq!(get("/health").await.unwrap().text().await.unwrap(), r#"{"status":"healthy"}"#);
    assert_eq!(get("/ping").await.unwrap().status(), 404);
    assert_eq!(get("/invocations").await.unwrap().status(), 405);
    for (body, says) in [("{", "Invalid JSON"), (r#"{"input": "hello"}"#, "valid list"), ("[]", "valid list")]
    {
        let answer = http.post(agent.url()).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 400);
        assert!(answer.text().await.unwrap().contains(says), "{body}");
    }
    let answer = http.post(at("/responses")).body(r#"{"input":[{"role":"user","content":"thanks"}]}"#);
    assert_eq!(answer.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn dropping_it_closes_the_port() {
    let (agent, endpoint, client) = started().await;
    drop(agent);
    for _ in 0..50 {
        if let Health::Down(AgentError::Refused { .. }) = client.probe(&endpoint).await.health {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("somebody answers still");
}

#[test]
fn whatever_is_sent_gets_an_answer() {
    let odd = [
        json!([]),
        json!([1, null, "text", {"role": "user"}]),
        json!([{"role": "user", "content": [{"type": "input_text", "text": "hi"}, {"text": 4}, 7]}]),
        json!([{"role": "user", "content": {"deep": [[[]]]}}]),
        json!([{"role": "user", "content": "why?"}]),
        json!([{"role": "user", "content": "Łódź ".repeat(100_000)}]),
    ];
    for input in odd {
        let question = Question::in_input(input.as_array().unwrap());
        let turn = turn::Turn::new(&question, &AnswersAs::default());
        assert!(turn.events().len() > 5);
        assert_eq!(turn.response()["object"], "response");
    }
}
