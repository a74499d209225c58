//! Rule 10: the other dialects on the same endpoints.

use super::*;
use crate::agent::transcript::Dialect;

#[test]
fn chat_completion_chunks() {
    let turn = stream(&[
        r#"{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"hel"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":"{\"a\""}}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"c2","function":{"name":"g","arguments":"{}"}}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#,
    ]);
    completed(
        &turn,
        &["reasoning:/hm", "message:hello", "function_call:f({\"a\":1})", "function_call:g({})"],
    );
    assert_eq!((turn.dialect, turn.usage.unwrap().total), (Dialect::ChatCompletions, 7));
}

#[test]
fn chat_completion_loops_several_choices_and_the_token_limit() {
    let turn = stream(&[
        r#"{"choices":[{"delta":{"content":"one"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#,
        r#"{"choices":[{"delta":{"content":"two"}},{"index":1,"delta":{"content":"zwei"}}]}"#,
        r#"{"choices":[{"index":1,"delta":{"content":"!"},"finish_reason":"stop"}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"!"},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#,
        "[DONE]",
    ]);
    assert_eq!(sketch(&turn), ["message:one", "message:two!", "message:zwei!"]);
    assert_eq!(turn.outcome, Outcome::Incomplete { reason: "length".to_owned() });
    assert_eq!(turn.usage.unwrap().total, 4);
}

#[test]
fn chat_completions_that_break_off() {
    let turn = stream(&[r#"{"choices":[{"delta":{"content":"half"}}]}"#]);
    assert_eq!((sketch(&turn), turn.outcome), (vec!["message:half".to_owned()], Outcome::Interrupted));
}

#[test]
fn whole_tool_calls_under_one_index() {
    let call = |id: &str| {
        format!(
            r#"{{"choices":[{{"delta":{{"tool_calls":[{{"id":"{id}","function":{{"name":"f","arguments":{{}}}}}}]}}}}]}}"#
        )
    };
    let turn = stream(&[&call("a"), &call("b"), "[DONE]"]);
    completed(&turn, &["function_call:f({})", "function_call:f({})"]);
}

#[test]
fn a_whole_chat_completion() {
    let body = r#"{"id":"x","object":"chat.completion","choices":[{"index":0,"finish_reason":"stop","message":
        {"role":"assistant","content":[{"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},
        {"type":"text","text":"hello"}],"refusal":null,"tool_calls":[{"id":"c","type":"function",
        "function":{"name":"f","arguments":"{}"}}]}}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
    let turn = read(JSON, 200, body);
    completed(&turn, &["reasoning:hm/", "message:hello", "function_call:f({})"]);
    assert_eq!(turn.usage.unwrap().total, 3);
}

#[test]
fn chat_agent_chunks() {
    let turn = stream(&[
        r#"{"delta":{"role":"assistant","content":"let me ","id":"1"}}"#,
        r#"{"delta":{"role":"assistant","content":"look","id":"1"}}"#,
        r#"{"delta":{"role":"assistant","content":"","id":"2","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}}"#,
        r#"{"delta":{"role":"tool","content":"21","id":"3","tool_call_id":"c","name":"f"}}"#,
        r#"{"delta":{"role":"assistant","content":"21 °C","id":"4"},"usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
    ]);
    completed(
        &turn,
        &["message:let me look", "function_call:f({})", "function_call_output:c=21", "message:21 °C"],
    );
    assert_eq!((turn.dialect, turn.outputs_of_calls()[1]), (Dialect::ChatAgent, Some(2)));
}

#[test]
fn a_whole_chat_agent_answer() {
    let body = r#"{"messages":[{"role":"assistant","content":"","id":"1","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]},
        {"role":"tool","content":"21","tool_call_id":"c"},{"role":"assistant","content":"21 °C","id":"2"}],
        "custom_outputs":{"k":true},"finish_reason":"stop"}"#;
    let turn = read(JSON, 200, body);
    completed(&turn, &["function_call:f({})", "function_call_output:c=21", "message:21 °C"]);
    assert!(turn.custom_outputs.is_some());
}
