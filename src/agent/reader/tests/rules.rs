//! Rules 1 to 9 and 11, by their numbers in the reader's order.

use super::fixtures::{
    AGENT_LOOP, AGENT_SERVER, AGENT_SERVER_RAISES, AGENT_SERVER_TRACED, AGENT_SERVER_WHOLE, SCORING,
    SCORING_RAISES, SCORING_WRAPPED, VALIDATION,
};
use super::*;
use crate::agent::transcript::{Dialect, Row};
use crate::agent::wire::{FailureKind, ItemStatus, Usage};

const DONE: &str = "[DONE]";

#[test]
fn agent_server_stream() {
    let turn = read(SSE, 200, AGENT_SERVER);
    completed(
        &turn,
        &[
            "reasoning:thinking/",
            "function_call:get_weather({\"city\":\"Paris\"})",
            "function_call_output:call_1={\"temp_c\": 21}",
            "message:hello world ann",
        ],
    );
    assert!(turn.streamed && turn.dialect == Dialect::Responses);
    assert_eq!(turn.custom_outputs.as_deref(), Some(&serde_json::json!({"a": 1})));
    assert_eq!(turn.text(), "hello world ann");
    let rows = turn.rows();
    assert_eq!(rows.len(), 3);
    assert!(
        matches!(rows[1], Row::Call { output: Some(output), .. } if output.kind == "function_call_output")
    );
}

#[test]
fn agent_loop_in_the_full_vocabulary() {
    let turn = read(SSE, 200, AGENT_LOOP);
    completed(
        &turn,
        &[
            "reasoning:Look at the weather/",
            "function_call:get_weather({\"city\":\"Köln\"})",
            "function_call_output:call_1={\"temp_c\":21}",
            "message:Es sind 21 °C in Köln 🌤",
        ],
    );
    let usage = Usage { input: 30, output: 12, total: 42, ..Usage::default() };
    assert_eq!(turn.usage, Some(usage), "summed over both responses");
    assert_eq!(turn.items.iter().map(|item| item.cycle).collect::<Vec<_>>(), [0, 0, 1, 2]);
    let ItemBody::Message { parts, .. } = &turn.items[3].body else { panic!() };
    assert!(matches!(&parts[0], Part::Text { annotations, .. }
        if annotations.len() == 1 && annotations[0].title.as_deref() == Some("DWD")));
    assert!(turn.unknown_events.is_empty());
}

#[test]
fn rule_1_line_endings_bom_comments_and_joined_data_lines() {
    for ending in ["\n", "\r", "\r\n"] {
        let body = format!("\u{feff}: hello{ending}{}", AGENT_SERVER.replace('\n', ending));
        assert_eq!(sketch(&read(SSE, 200, body)).len(), 4, "{ending:?}");
    }
    let joined =
        "id: 1\nretry: 9\ndata:{\"type\":\"response.output_text.delta\",\ndata: \"delta\":\"a\"}\nx: y\n\n";
    let turn = read(SSE, 200, format!("{joined}data: [DONE]\n\n"));
    completed(&turn, &["message:a"]);
}

#[test]
fn rule_1_the_unterminated_last_event_is_kept_only_if_it_parses() {
    let whole = r#"data: {"type":"response.output_item.done","item":{"type":"message","content":"all"}}"#;
    completed(&read(SSE, 200, whole), &["message:all"]);
    let torn = format!("{whole}\n\ndata: {{\"type\":\"respon");
    let turn = read(SSE, 200, torn);
    assert_eq!(sketch(&turn), ["message:all"]);
    assert_eq!((turn.outcome, turn.skipped_events), (Outcome::Interrupted, 0));
}

#[test]
fn rule_1_events_that_no_blank_line_parts_are_read_one_by_one() {
    let body = "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\ndata: [DONE]\n\n";
    completed(&read(SSE, 200, body), &["message:a"]);
}

#[test]
fn rule_2_the_json_type_decides_and_the_event_field_serves_where_it_is_missing() {
    let body = "event: response.refusal.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n\
        event: response.output_text.delta\ndata: {\"delta\":\"b\"}\n\n\
        event: message\ndata: {\"trace_id\":\"tr-1\"}\n\ndata: [DONE]\n\n";
    let turn = read(SSE, 200, body);
    completed(&turn, &["message:ab"]);
    assert_eq!(turn.trace_id.as_deref(), Some("tr-1"));
}

#[test]
fn rule_2_completed_does_not_end_the_stream_and_done_does() {
    let completed_event = r#"{"type":"response.completed","response":{"output":[]}}"#;
    let turn = stream(&[
        r#"{"type":"response.output_text.delta","output_index":0,"delta":"a"}"#,
        completed_event,
        r#"{"type":"response.output_text.delta","output_index":0,"delta":"b"}"#,
        completed_event,
        DONE,
        r#"{"type":"response.output_text.delta","output_index":0,"delta":"c"}"#,
    ]);
    completed(&turn, &["message:a", "message:b"]);
}

#[test]
fn rule_3_bad_events_are_counted_and_python_json_is_read() {
    let turn = stream(&[
        "{\"type\": oops}",
        r#"{"type":"response.output_text.delta","delta":"a\ud83d"}"#,
        r#"{"type":"response.output_text.delta","delta":"b","logprobs":[NaN]}"#,
        r#"{"type":"response.completed","response":{"usage":{"input_tokens":NaN,"output_tokens":2}}}"#,
        "gibberish",
    ]);
    assert_eq!(sketch(&turn), ["message:a\u{fffd}b"]);
    assert_eq!((turn.skipped_events, turn.first_skipped.as_deref()), (2, Some("{\"type\": oops}")));
    assert_eq!(turn.outcome, Outcome::Completed);
    assert_eq!(turn.usage.unwrap().output, 2);
}

#[test]
fn rule_4_one_id_for_reasoning_text_and_call() {
    let turn = stream(&[
        r#"{"type":"response.reasoning_text.delta","item_id":"x","delta":"hm"}"#,
        r#"{"type":"response.output_text.delta","item_id":"x","delta":"yes"}"#,
        r#"{"type":"response.function_call_arguments.delta","item_id":"x","delta":"{}"}"#,
        r#"{"type":"response.output_text.delta","item_id":"x","delta":"!"}"#,
        r#"{"type":"response.output_item.done","item":{"type":"reasoning","id":"x","summary":[]}}"#,
        r#"{"type":"response.output_item.done","item":{"type":"message","id":"x","content":[{"type":"output_text","text":"yes!"}]}}"#,
        r#"{"type":"response.output_item.done","item":{"type":"function_call","id":"x","name":"f","call_id":"c","arguments":"{}"}}"#,
    ]);
    completed(&turn, &["reasoning:/hm", "message:yes!", "function_call:f({})"]);
}

#[test]
fn rule_4_fake_ids_everywhere_never_reopen_a_done_item() {
    let done = |text: &str| {
        format!(
            r#"{{"type":"response.output_item.done","item":{{"type":"message","id":"__fake_id__","content":[{{"type":"output_text","text":"{text}"}}]}}}}"#
        )
    };
    let delta = r#"{"type":"response.output_text.delta","item_id":"__fake_id__","delta":"on"}"#;
    let turn = stream(&[delta, &done("one"), delta, &done("on"), &done("three"), DONE]);
    completed(&turn, &["message:one", "message:on", "message:three"]);
}

#[test]
fn rule_4_the_index_wins_over_a_foreign_id_and_interleaved_items_stay_apart() {
    let turn = stream(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"a","content":[]}}"#,
        r#"{"type":"response.output_item.added","output_index":1,"item":{"type":"message","id":"b","content":[]}}"#,
        r#"{"type":"response.output_text.delta","output_index":1,"item_id":"a","delta":"second"}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"item_id":"b","delta":"first"}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"message","id":"b","content":[]}}"#,
        r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"message","id":"b","content":[]}}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"item_id":"a","delta":" late"}"#,
    ]);
    completed(&turn, &["message:first", "message:second"]);
}

#[test]
fn rule_4_without_an_index_ids_keep_open_items_apart() {
    let turn = stream(&[
        r#"{"type":"response.output_text.delta","item_id":"a","delta":"1"}"#,
        r#"{"type":"response.output_text.delta","item_id":"b","delta":"2"}"#,
        r#"{"type":"response.output_text.delta","item_id":"a","delta":"1"}"#,
        DONE,
    ]);
    completed(&turn, &["message:11", "message:2"]);
}

#[test]
fn rule_4_a_done_item_under_another_id_closes_what_it_completes() {
    let turn = stream(&[
        r#"{"type":"response.output_text.delta","item_id":"chatcmpl-1","delta":"hel"}"#,
        r#"{"type":"response.output_item.done","item":{"type":"message","id":"msg_9","content":[{"type":"output_text","text":"hello"}]}}"#,
    ]);
    completed(&turn, &["message:hello"]);
}

#[test]
fn rule_5_done_replaces_and_an_empty_done_keeps_the_deltas() {
    let turn = stream(&[
        r#"{"type":"response.output_text.delta","item_id":"a","delta":"draft"}"#,
        r#"{"type":"response.output_item.done","item":{"type":"message","id":"a","content":[{"type":"output_text","text":"final"}]}}"#,
        r#"{"type":"response.output_text.delta","item_id":"b","delta":"kept"}"#,
        r#"{"type":"response.output_item.done","item":{"type":"message","id":"b","content":[]}}"#,
        r#"{"type":"response.function_call_arguments.delta","item_id":"c","delta":"{\"a\":1}"}"#,
        r#"{"type":"response.output_item.done","item":{"type":"function_call","id":"c","name":"f","call_id":"k","arguments":""}}"#,
    ]);
    completed(&turn, &["message:final", "message:kept", "function_call:f({\"a\":1})"]);
}

#[test]
fn rule_5_a_lone_completed_is_an_answer_and_seen_items_are_not_added_again() {
    let message = |id: &str| {
        format!(r#"{{"type":"message","id":"{id}","content":[{{"type":"output_text","text":"hi"}}]}}"#)
    };
    let completed_event =
        |items: &str| format!(r#"{{"type":"response.completed","response":{{"output":[{items}]}}}}"#);
    completed(&stream(&[&completed_event(&message("a"))]), &["message:hi"]);

    // Done without an index, summed up under another position and another id.
    let done = format!(r#"{{"type":"response.output_item.done","item":{}}}"#, message("a"));
    let reasoning = r#"{"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"hm"}]}"#;
    let both = format!("{reasoning},{}", message("b"));
    completed(&stream(&[&done, &completed_event(&both)]), &["message:hi", "reasoning:hm/"]);

    // Deltas only, then the sum.
    let delta = r#"{"type":"response.output_text.delta","item_id":"x","delta":"h"}"#;
    completed(&stream(&[delta, &completed_event(&message("a"))]), &["message:hi"]);

    // A last response that sums up all those before it.
    let second = r#"{"type":"message","id":"z","content":"more"}"#;
    let all = format!("{},{second}", message("a"));
    completed(
        &stream(&[&done, &completed_event(""), &completed_event(&all)]),
        &["message:hi", "message:more"],
    );
}

#[test]
fn rule_5_several_equal_calls_of_one_response_are_several() {
    let call =
        |id: &str| format!(r#"{{"type":"function_call","call_id":"{id}","name":"f","arguments":"{{}}"}}"#);
    let done = format!(r#"{{"type":"response.output_item.done","item":{}}}"#, call("c1"));
    let sum =
        format!(r#"{{"type":"response.completed","response":{{"output":[{},{}]}}}}"#, call("c1"), call("c2"));
    completed(&stream(&[&done, &sum]), &["function_call:f({})", "function_call:f({})"]);
}

#[test]
fn rule_6_bare_items_are_done_and_orphan_outputs_are_shown() {
    let turn = stream(&[
        r#"{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}"#,
        r#"{"type":"function_call_output","call_id":"nobody","output":"1"}"#,
        r#"{"type":"function_call_output","call_id":"c","output":"2"}"#,
    ]);
    completed(&turn, &["function_call:f({})", "function_call_output:nobody=1", "function_call_output:c=2"]);
    let rows = turn.rows();
    assert_eq!(rows.len(), 2);
    assert!(matches!(rows[0], Row::Call { output: Some(output), .. } if output.body.call_id() == Some("c")));
    assert!(matches!(rows[1], Row::Item(item) if item.body.call_id() == Some("nobody")));
}

#[test]
fn rule_6_calls_under_one_call_id_are_answered_in_turn() {
    let call = r#"{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}"#;
    let turn = stream(&[
        call,
        r#"{"type":"function_call_output","call_id":"c","output":"1"}"#,
        call,
        r#"{"type":"function_call_output","call_id":"c","output":"2"}"#,
    ]);
    assert_eq!(turn.outputs_of_calls(), [Some(1), None, Some(3), None]);
}

#[test]
fn rule_7_every_shape_of_error() {
    let shapes = [
        (r#"{"error":"boom"}"#, "boom", None),
        (r#"{"error":{"message":"boom","code":"rate_limit"}}"#, "boom", Some("rate_limit")),
        (r#"{"type":"error","message":"boom","code":"x"}"#, "boom", Some("x")),
        (
            r#"{"type":"error","error":{"message":"boom","type":"server_error"}}"#,
            "boom",
            Some("server_error"),
        ),
        (
            r#"{"type":"response.failed","response":{"error":{"code":"x","message":"boom"}}}"#,
            "boom",
            Some("x"),
        ),
        (r#"{"error_code":"BAD_REQUEST","message":"boom"}"#, "boom", Some("BAD_REQUEST")),
        (r#"{"detail":"boom"}"#, "boom", None),
        (r#"{"detail":[{"loc":["body"],"msg":"boom"}]}"#, "body: boom", None),
    ];
    for (event, headline, code) in shapes {
        let partial = r#"{"type":"response.output_text.delta","delta":"half"}"#;
        let turn = stream(&[partial, event, DONE]);
        assert_eq!((turn.outcome.clone(), turn.failures.len()), (Outcome::Failed, 1), "{event}");
        assert_eq!(turn.failures[0].headline, headline, "{event}");
        assert_eq!(turn.failures[0].code.as_deref(), code, "{event}");
        assert_eq!(sketch(&turn), ["message:half"], "{event}");
        assert_eq!(turn.items[0].status, ItemStatus::Failed, "{event}");
        let whole = read(JSON, 500, event);
        assert_eq!(
            (whole.outcome, whole.failures[0].headline.as_str()),
            (Outcome::Failed, headline),
            "{event}"
        );
    }
    let named = read(SSE, 200, "event: error\ndata: plain words\n\n");
    assert_eq!(named.failures[0].headline, "plain words");
}

#[test]
fn rule_7_the_agent_raises() {
    let turn = read(SSE, 200, AGENT_SERVER_RAISES);
    assert_eq!(
        (turn.outcome.clone(), turn.failures[0].headline.as_str()),
        (Outcome::Failed, "boom in stream")
    );
    assert_eq!(turn.text(), "hello ");
    assert_eq!(turn.items[3].status, ItemStatus::Failed);
    assert_eq!(turn.items[2].status, ItemStatus::Completed);

    let turn = read(JSON, 400, SCORING_RAISES);
    assert_eq!(turn.outcome, Outcome::Failed);
    assert_eq!(turn.failures[0].headline, "ValueError: tool backend is down");
    let details = turn.failures[0].details.as_deref().unwrap();
    assert!(details.starts_with("Encountered an unexpected error while evaluating the model."));

    let turn = read(JSON, 400, VALIDATION);
    assert!(turn.failures[0].headline.starts_with("Invalid parameters for ResponsesAgent"));
    assert!(turn.failures[0].cause.as_deref().unwrap().contains("Input should be a valid list"));
}

#[test]
fn rule_7_incomplete_carries_its_reason() {
    let turn = stream(&[
        r#"{"type":"response.output_text.delta","delta":"half"}"#,
        r#"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"},
            "output":[{"type":"message","content":"half"}]}}"#
            .replace('\n', "")
            .as_str(),
        DONE,
    ]);
    assert_eq!(turn.outcome, Outcome::Incomplete { reason: "max_output_tokens".to_owned() });
    assert_eq!(turn.items[0].status, ItemStatus::Incomplete);
}

#[test]
fn rule_8_without_an_end_it_is_complete_if_every_item_is_closed() {
    let done = r#"{"type":"response.output_item.done","item":{"type":"message","content":"all"}}"#;
    completed(&stream(&[done]), &["message:all"]);

    let turn = stream(&[done, r#"{"type":"response.output_text.delta","delta":"half"}"#]);
    assert_eq!((turn.outcome.clone(), turn.items[1].status), (Outcome::Interrupted, ItemStatus::Interrupted));
    assert_eq!(turn.text(), "all\n\nhalf");

    for nothing in [&[][..], &[r#"{"type":"response.created","response":{}}"#]] {
        assert_eq!(stream(nothing).outcome, Outcome::Interrupted);
    }
    let next_begun = r#"{"type":"response.created","response":{}}"#;
    assert_eq!(stream(&[done, next_begun]).outcome, Outcome::Interrupted);
}

#[test]
fn rule_8_a_cut_connection_interrupts_unless_the_end_was_said() {
    let cut = |body: String| {
        let mut reader = Reader::new(SSE, 200);
        reader.feed(body.as_bytes());
        reader.cut();
        reader.transcript().outcome.clone()
    };
    let done = r#"{"type":"response.output_item.done","item":{"type":"message","content":"all"}}"#;
    assert_eq!(cut(sse(&[done])), Outcome::Interrupted);
    assert_eq!(cut(sse(&[done, r#"{"type":"response.completed","response":{}}"#])), Outcome::Completed);
    assert_eq!(cut(sse(&[done, DONE])), Outcome::Completed);
}

#[test]
fn rule_9_a_whole_body_though_streaming_was_asked() {
    let turn = read(JSON, 200, SCORING);
    completed(
        &turn,
        &[
            "reasoning:The user wants the weather; call the tool./",
            "function_call:get_weather({\"city\": \"Paris\"})",
            "function_call_output:call_1={\"temp_c\": 21}",
            "message:It is 21 °C in Paris. You said: hi",
        ],
    );
    assert!(!turn.streamed);
    assert_eq!(turn.usage, Some(Usage { input: 11, cached: 0, output: 7, reasoning: 2, total: 18 }));
    completed(&read(JSON, 200, SCORING_WRAPPED), &["message:hello world"]);
    completed(&read(None, 200, SCORING_WRAPPED), &["message:hello world"]);
    // A stream that nobody declared, and a document declared as a stream.
    assert!(read(JSON, 200, AGENT_SERVER).streamed);
    completed(&read(SSE, 200, SCORING_WRAPPED), &["message:hello world"]);
}

#[test]
fn rule_9_other_bodies() {
    completed(&read(JSON, 200, r#"{"predictions": ["a", "b"]}"#), &["message:a", "message:b"]);
    completed(&read(JSON, 200, r#"{"predictions": [1.5, null]}"#), &["json:1.5", "json:null"]);
    completed(&read(Some("text/plain"), 200, "just words"), &["message:just words"]);
    completed(
        &read(
            JSON,
            200,
            "{\"type\":\"message\",\"content\":\"a\"}\n{\"type\":\"message\",\"content\":\"b\"}\n",
        ),
        &["message:a", "message:b"],
    );

    let turn = read(JSON, 200, "{\"output\": [");
    assert_eq!((turn.outcome, turn.failures[0].kind), (Outcome::Failed, FailureKind::Unreadable));
    let turn = read(JSON, 504, "Request processing time exceeded limit");
    assert_eq!(turn.failures[0].headline, "Request processing time exceeded limit");
    assert_eq!(read(JSON, 200, "").failures[0].kind, FailureKind::Unreadable);
    assert_eq!(read(JSON, 503, "").failures[0].kind, FailureKind::Status);
    assert_eq!(read(JSON, 403, r#"{"message":"Forbidden"}"#).failures[0].headline, "Forbidden");
}

#[test]
fn rule_9_a_web_page_is_a_failure_even_with_status_200() {
    let page =
        "\n<!DOCTYPE html>\n<html><head><title>Sign in\n to  Example</title></head><body>…</body></html>";
    for content_type in [Some("text/html; charset=utf-8"), SSE, JSON, None] {
        let turn = read(content_type, 200, page);
        assert_eq!((turn.outcome, turn.failures[0].kind), (Outcome::Failed, FailureKind::WebPage));
        assert!(turn.failures[0].headline.ends_with("“Sign in to Example”"));
        assert!(turn.items.is_empty());
    }
}

#[test]
fn rule_11_notes_sit_on_any_event_and_unknown_things_stay_raw() {
    let turn = stream(&[
        r#"{"type":"response.created","custom_outputs":{"a":1},"response":{}}"#,
        r#"{"type":"response.hologram.delta","delta":"x","custom_outputs":{"b":2}}"#,
        r#"{"type":"response.output_item.done","item":{"type":"hologram","x":1},"usage":{"input_tokens":1,"output_tokens":1}}"#,
        r#"{"type":"keepalive"}"#,
        r#"{"databricks_output":{"trace":{"info":{"trace_id":"tr-db"}}}}"#,
        DONE,
    ]);
    completed(&turn, &["hologram:{\"type\":\"hologram\",\"x\":1}"]);
    assert_eq!(turn.custom_outputs.as_deref(), Some(&serde_json::json!({"a": 1, "b": 2})));
    assert_eq!((turn.trace_id.as_deref(), turn.usage.unwrap().total), (Some("tr-db"), 2));
    assert!(turn.databricks_output.is_some());
    let kinds: Vec<_> = turn.unknown_events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["response.hologram.delta", "keepalive"]);
}

#[test]
fn rule_11_trace_ids() {
    assert!(read(SSE, 200, AGENT_SERVER_TRACED).trace_id.unwrap().starts_with("tr-3336c30f"));
    let turn = read(JSON, 200, AGENT_SERVER_WHOLE);
    completed(&turn, &["message:hello ann"]);
    assert!(turn.trace_id.unwrap().starts_with("tr-3265aa86"));
}

#[test]
fn usage_of_lone_responses_is_summed_and_repeats_within_one_are_not() {
    let whole = |text: &str| {
        format!(
            r#"{{"output":[{{"type":"message","content":"{text}"}}],"usage":{{"input_tokens":1,"output_tokens":2}}}}"#
        )
    };
    let turn = stream(&[&whole("a"), &whole("b"), DONE]);
    completed(&turn, &["message:a", "message:b"]);
    assert_eq!(turn.usage.unwrap().total, 6);
}

#[test]
fn known_items_that_only_report_progress_are_no_unknown_events() {
    let turn = stream(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"web_search_call","id":"w","status":"in_progress"}}"#,
        r#"{"type":"response.web_search_call.searching","output_index":0,"item_id":"w"}"#,
        r#"{"type":"response.web_search_call.completed","output_index":0,"item_id":"w"}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"web_search_call","id":"w","status":"completed"}}"#,
        r#"{"type":"response.code_interpreter_call_code.delta","output_index":1,"item_id":"i","delta":"1+1"}"#,
        r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"code_interpreter_call","id":"i","code":"1+1"}}"#,
    ]);
    assert_eq!((turn.items.len(), turn.unknown_events.len()), (2, 0));
    assert_eq!(turn.outcome, Outcome::Completed);
    assert!(turn.items.iter().all(|item| item.raw.is_some()));
}

#[test]
fn stopping_keeps_what_arrived() {
    let mut reader = Reader::new(SSE, 200);
    reader.feed(b"data: {\"type\":\"response.output_text.delta\",\"delta\":\"half\"}\n\n");
    let early = reader.transcript().clone();
    assert_eq!((early.outcome.clone(), early.has_output()), (Outcome::Running, true));
    reader.stop();
    assert_eq!(*reader.transcript(), early.into_stopped());
    assert_eq!(reader.transcript().items[0].status, ItemStatus::Interrupted);
    reader.finish();
    assert_eq!(reader.transcript().outcome, Outcome::Stopped);
}
