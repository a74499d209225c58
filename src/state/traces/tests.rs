//! Tables and pages of traces without a window.

use std::time::Duration;

use super::*;
use crate::entities::{Assessment, Span, SpanStatus, Trace, TraceInfo, TraceState};
use crate::state::navigation::TraceScope;
use crate::state::test_store::TestCx;
use crate::tracking::TrackingError;

fn scope() -> TraceScope {
    TraceScope::Experiment("1".into())
}

fn info(id: &str, duration: i64) -> TraceInfo {
    let request_preview = format!("question of {id}");
    TraceInfo {
        trace_id: id.into(),
        execution_duration: Some(duration),
        request_preview,
        ..TraceInfo::default()
    }
}

fn lost_connection() -> TrackingError {
    TrackingError::Connection { address: "here".into(), reason: "cut".into() }
}

/// Polls as frames do, until something holds.
async fn poll(traces: &mut Traces, cx: &mut TestCx, until: impl Fn(&Traces) -> bool) {
    for _ in 0..2_000 {
        cx.with(|cx| traces.poll(Instant::now() + Duration::from_millis(4), cx));
        if until(traces) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("waited in vain");
}

fn seen(traces: &Traces) -> Vec<&str> {
    let listing = traces.of(&scope()).unwrap();
    (0..listing.shown()).filter_map(|place| Some(listing.row(place)?.trace_id.as_str())).collect()
}

#[tokio::test]
async fn a_table_is_filtered_sorted_and_kept_when_a_refresh_fails() {
    let (mut cx, mut traces) = (TestCx::new(), Traces::default());
    cx.store.will_find_traces(vec![Ok(vec![info("a", 5), info("b", 9)]), Ok(vec![info("c", 7)])]);
    cx.store.will_find_traces(vec![Ok(vec![info("d", 1)]), Err(lost_connection())]);
    cx.store.will_find_traces(vec![Ok(vec![info("d", 8), info("a", 5), info("b", 9), info("c", 7)])]);
    let route = Route::Traces(scope());
    cx.with(|cx| traces.enter(&route, cx));
    poll(&mut traces, &mut cx, |traces| seen(traces) == ["a", "b", "c"]).await;
    cx.with(|cx| traces.apply(TracesCommand::CycleSort(TraceColumn::Duration), cx));
    poll(&mut traces, &mut cx, |traces| seen(traces) == ["b", "c", "a"]).await;
    for text in ["zzz", "of", "of b"] {
        cx.with(|cx| traces.apply(TracesCommand::Filter(text.into()), cx));
    }
    poll(&mut traces, &mut cx, |traces| seen(traces) == ["b"]).await;
    cx.with(|cx| traces.apply(TracesCommand::Filter(String::new()), cx));
    poll(&mut traces, &mut cx, |traces| seen(traces).len() == 3).await;

    cx.with(|cx| traces.refresh(&route, cx));
    poll(&mut traces, &mut cx, |traces| traces.of(&scope()).unwrap().error().is_some()).await;
    assert_eq!(seen(&traces), ["b", "c", "a"]);
    cx.with(|cx| traces.refresh(&route, cx));
    poll(&mut traces, &mut cx, |traces| seen(traces) == ["b", "d", "c", "a"]).await;
    assert!(traces.of(&scope()).unwrap().error().is_none());
    assert!(cx.settings.traces_tabs.contains("#1"));
}

#[tokio::test]
async fn a_large_table_asks_before_it_goes_on() {
    let (mut cx, mut traces) = (TestCx::new(), Traces::default());
    let pages =
        || (0..50).map(|page| Ok((0..500).map(|n| info(&format!("{page}-{n}"), 1)).collect())).collect();
    cx.store.will_find_traces(pages());
    cx.store.will_find_traces(pages());
    cx.with(|cx| traces.enter(&Route::Traces(scope()), cx));
    poll(&mut traces, &mut cx, |traces| traces.of(&scope()).unwrap().is_complete()).await;
    let listing = traces.of(&scope()).unwrap();
    assert_eq!((listing.loaded(), listing.has_more()), (listing::ASK_AFTER, true));
    cx.with(|cx| traces.apply(TracesCommand::LoadRest, cx));
    poll(&mut traces, &mut cx, |traces| traces.of(&scope()).unwrap().loaded() == 25_000).await;
    assert!(!traces.of(&scope()).unwrap().has_more());
}

fn trace() -> Trace {
    let span = |id: &str, parent: &str, start_ns: u64, status: SpanStatus| Span {
        span_id: id.into(),
        parent_id: (!parent.is_empty()).then(|| parent.to_owned()),
        name: format!("step {id}"),
        start_ns,
        end_ns: Some(start_ns + 5),
        status,
        ..Span::default()
    };
    let spans = vec![
        span("a", "", 1, SpanStatus::Error),
        span("b", "a", 2, SpanStatus::Ok),
        span("c", "a", 3, SpanStatus::Error),
    ];
    let info = TraceInfo { trace_id: "tr-1".into(), state: TraceState::Error, ..TraceInfo::default() };
    Trace { info, spans, missing: None }
}

fn page(traces: &Traces) -> &TracePage {
    traces.page("tr-1").unwrap()
}

#[tokio::test]
async fn a_page_begins_where_it_failed_and_keeps_its_place_through_a_refresh() {
    let (mut cx, mut traces) = (TestCx::new(), Traces::default());
    cx.store.will_get_trace(Ok(trace()));
    let mut more = trace();
    let late =
        Span { span_id: "0".into(), name: "earlier".into(), parent_id: Some("a".into()), ..Span::default() };
    more.spans.push(Span { start_ns: 1, end_ns: Some(2), ..late });
    cx.store.will_get_trace(Ok(more));
    let route = Route::trace("tr-1");
    cx.with(|cx| traces.enter(&route, cx));
    poll(&mut traces, &mut cx, |traces| page(traces).shown().value().is_some()).await;
    assert_eq!((page(&traces).selected(), page(&traces).visible()), (2, &[0, 1, 2][..]));
    cx.with(|cx| traces.apply(TracesCommand::Search("step b".into()), cx));
    poll(&mut traces, &mut cx, |traces| page(traces).visible() == [0, 1]).await;
    assert_eq!(page(&traces).selected(), 1);
    cx.with(|cx| traces.apply(TracesCommand::Search(String::new()), cx));
    cx.with(|cx| traces.refresh(&route, cx));
    poll(&mut traces, &mut cx, |traces| page(traces).visible().len() == 4).await;
    // The same span, at another place.
    let shown = page(&traces).shown().value().unwrap();
    assert_eq!(shown.span(page(&traces).selected()).unwrap().span_id, "b");
    cx.with(|cx| traces.apply(TracesCommand::FoldAll(true), cx));
    cx.with(|cx| traces.apply(TracesCommand::Fold(0, true), cx));
    assert_eq!(page(&traces).visible(), [0]);
}

#[tokio::test]
async fn feedback_is_shown_once_and_a_refusal_is_said() {
    let (mut cx, mut traces) = (TestCx::new(), Traces::default());
    cx.store.will_get_trace(Ok(trace()));
    let route = Route::trace("tr-1");
    cx.with(|cx| traces.enter(&route, cx));
    poll(&mut traces, &mut cx, |traces| page(traces).shown().value().is_some()).await;
    let feedback = NewFeedback {
        trace_id: "tr-1".into(),
        span_id: None,
        name: "feedback".into(),
        good: true,
        rationale: String::new(),
    };
    let written = Assessment { assessment_id: "a-1".into(), ..Assessment::default() };
    cx.store.will_log_feedback(Err(lost_connection()));
    cx.store.will_log_feedback(Ok(written.clone()));
    cx.with(|cx| traces.apply(TracesCommand::LogFeedback(feedback.clone()), cx));
    poll(&mut traces, &mut cx, |traces| page(traces).failed().is_some()).await;
    assert_eq!(page(&traces).assessments().count(), 0);
    cx.with(|cx| traces.apply(TracesCommand::LogFeedback(feedback), cx));
    poll(&mut traces, &mut cx, |traces| page(traces).assessments().count() == 1).await;
    assert!(page(&traces).failed().is_none());
    let mut again = trace();
    again.info.assessments.push(written);
    cx.store.will_get_trace(Ok(again));
    cx.with(|cx| traces.refresh(&route, cx));
    poll(&mut traces, &mut cx, |traces| {
        page(traces).shown().value().is_some_and(|shown| !shown.trace.info.assessments.is_empty())
    })
    .await;
    assert_eq!(page(&traces).assessments().count(), 1);
}
