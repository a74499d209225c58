//! Traces as MLflow versions old and new keep them; rows and files were written by the real ones.

use super::ages::OLDEST;
use super::*;
use crate::entities::{NewFeedback, SpanStatus, TraceState, TraceValue};

/// MLflow version, tables, rows, and the file that the spans lie in, where they lie in one.
const AGES: [(&str, &str, &str, Option<&str>); 5] = [
    (
        "2.22.0",
        include_str!("../testdata/schema_2_22_0.sql"),
        include_str!("../testdata/traces_2_22_0.sql"),
        Some(include_str!("../testdata/traces_2_22_0.json")),
    ),
    (
        "3.1.4",
        include_str!("../testdata/schema_3_1_4.sql"),
        include_str!("../testdata/traces_3_1_4.sql"),
        Some(include_str!("../testdata/traces_3_1_4.json")),
    ),
    (
        "3.5.1",
        include_str!("../testdata/schema_3_5_1.sql"),
        include_str!("../testdata/traces_3_5_1.sql"),
        None,
    ),
    (
        "3.9.0",
        include_str!("../testdata/schema_3_9_0.sql"),
        include_str!("../testdata/traces_3_9_0.sql"),
        None,
    ),
    ("3.17.2", SCHEMA, include_str!("../testdata/traces_3_17_2.sql"), None),
];

const EXPERIMENT: &str =
    "INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (1, 'e', 'active');";

fn of_experiment(id: &str) -> TraceQuery {
    TraceQuery { experiment_ids: vec![id.to_owned()], ..TraceQuery::default() }
}

fn feedback(trace_id: &str) -> NewFeedback {
    NewFeedback {
        trace_id: trace_id.to_owned(),
        span_id: None,
        name: "feedback".into(),
        good: false,
        rationale: "it's late".into(),
    }
}

#[tokio::test]
async fn traces_of_every_age_are_read_with_their_spans() {
    for (version, schema, rows, file) in AGES {
        let fixture = Fixture::with_schema(&format!("{schema}{EXPERIMENT}{rows}"));
        let store = fixture.store();
        let infos = all(store.search_traces(of_experiment("1"))).await.unwrap();
        assert_eq!(infos, all(store.search_traces(TraceQuery::default())).await.unwrap(), "{version}");
        let [info] = &infos[..] else { panic!("{version}: {infos:?}") };
        assert_eq!((info.name(), info.state), ("ask", TraceState::Ok), "{version}");
        assert!(info.request_preview.contains("How warm is it?"), "{version}: {info:?}");
        assert!(info.execution_duration.is_some(), "{version}");
        if let Some(spans) = file {
            let missing = store.get_trace(&info.trace_id).await.unwrap();
            assert!(missing.missing.unwrap().contains("traces.json"), "{version}");
            let folder = fixture.folder.path().join(&info.tags["mlflow.artifactLocation"]);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("traces.json"), spans).unwrap();
        }
        let trace = store.get_trace(&info.trace_id).await.unwrap();
        assert_eq!((&trace.info, &trace.missing), (info, &None), "{version}");
        let span = |name: &str| trace.spans.iter().find(|span| span.name == name).unwrap();
        let (root, tool) = (span("ask"), span("look_up"));
        assert_eq!((trace.spans.len(), &root.parent_id), (2, &None), "{version}");
        assert_eq!(tool.parent_id.as_ref(), Some(&root.span_id), "{version}");
        assert_eq!((root.span_type.as_str(), tool.span_type.as_str()), ("AGENT", "TOOL"), "{version}");
        assert_eq!((root.status, tool.status), (SpanStatus::Ok, SpanStatus::Error), "{version}");
        assert_eq!(
            root.outputs.as_ref().unwrap().to_json(),
            r#"{"answer": 21, "nothing": null}"#,
            "{version}"
        );
        assert_eq!(tool.inputs.as_ref().unwrap().to_json(), r#"{"city": "Łódź"}"#, "{version}");
        assert_eq!(tool.events[0].text("exception.message"), Some("no answer"), "{version}");
        assert!(tool.start_ns >= root.start_ns && tool.end_ns <= root.end_ns, "{version}");
    }
}

#[tokio::test]
async fn feedback_is_kept_where_the_tables_allow_it() {
    for (version, schema, rows, _) in AGES {
        let fixture = Fixture::with_schema(&format!("{schema}{EXPERIMENT}{rows}"));
        let store = fixture.store();
        let trace_id = all(store.search_traces(of_experiment("1"))).await.unwrap().remove(0).trace_id;
        let written = store.log_feedback(feedback(&trace_id)).await;
        // The table came with 3.2.
        if matches!(version, "2.22.0" | "3.1.4") {
            let error = written.unwrap_err().to_string();
            assert!(error.contains("no table assessments"), "{error}");
            continue;
        }
        let written = written.unwrap();
        assert_eq!(
            (&written.value, written.rationale.as_str()),
            (&TraceValue::Bool(false), "it's late"),
            "{version}"
        );
        let info = store.get_trace(&trace_id).await.unwrap().info;
        assert_eq!(info.assessments.last(), Some(&written), "{version}");
        assert!(store.log_feedback(feedback("tr-0")).await.unwrap_err().is_not_found(), "{version}");
    }
}

#[tokio::test]
async fn traces_come_newest_first_in_pages_and_each_once() {
    let count = 2350;
    let row = |n: u32| {
        let time = 1000 + n / 3;
        format!(
            "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES ('{n:05}', 1, {time}, 'OK');"
        )
    };
    let fixture = Fixture::new(&(0..count).map(row).collect::<String>());
    let store = fixture.store();
    let mut pages = store.search_traces(of_experiment("1"));
    let (mut sizes, mut ids) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        if sizes.is_empty() {
            // It moves no other one.
            fixture.sql(&row(9_000));
        }
        sizes.push(page.len());
        ids.extend(page.into_iter().map(|info| info.trace_id));
    }
    assert_eq!(sizes, [100, 2000, 250]);
    let mut numbered: Vec<u32> = (0..count).collect();
    numbered.sort_by_key(|n| (std::cmp::Reverse(n / 3), *n));
    assert_eq!(ids, numbered.iter().map(|n| format!("{n:05}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn odd_content_hides_no_other() {
    let fixture = Fixture::new(
        "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES ('a', 1, 2, 'NEW');
         INSERT INTO trace_tags (key, value, request_id) VALUES ('mlflow.trace.spansLocation', 'TRACKING_STORE', 'a');
         INSERT INTO trace_request_metadata (key, value, request_id) VALUES ('mlflow.trace.tokenUsage', '{', 'a');
         INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano, content) VALUES
            ('a', 1, '1', 'OK', 1, 'not json'), ('a', 1, '2', 'OK', 1, x'ff'), ('a', 1, '3', 'OK', 1, '[]'),
            ('a', 1, '4', 'OK', 1, '{\"span_id\": \"000000000000000a\", \"name\": \"whole\"}');
         INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES ('b', 1, 1, 'OK');
         INSERT INTO trace_tags (key, value, request_id) VALUES
            ('mlflow.artifactLocation', 's3://bucket/b', 'b');
         INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES ('c', 1, 0, 'OK');
         INSERT INTO trace_tags (key, value, request_id) VALUES ('mlflow.trace.spansLocation', 'ARCHIVE_REPO', 'c');",
    );
    let store = fixture.store();
    assert_eq!(all(store.search_traces(of_experiment("1"))).await.unwrap().len(), 3);
    let a = store.get_trace("a").await.unwrap();
    assert_eq!(
        (a.spans.len(), a.spans[0].name.as_str(), a.info.state),
        (1, "whole", TraceState::Unspecified)
    );
    let b = store.get_trace("b").await.unwrap();
    assert!(b.spans.is_empty() && b.missing.unwrap().contains("not on this machine"));
    assert!(store.get_trace("c").await.unwrap().missing.unwrap().contains("archived"));
}

#[tokio::test]
async fn a_store_from_before_traces_says_so() {
    let store = Fixture::with_schema(OLDEST);
    let store = store.store();
    let error = all(store.search_traces(TraceQuery::default())).await.unwrap_err();
    assert!(matches!(error, TrackingError::Unsupported { .. }), "{error:?}");
    assert!(matches!(store.get_trace("a").await.unwrap_err(), TrackingError::Unsupported { .. }));
}
