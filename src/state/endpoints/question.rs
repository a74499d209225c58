//! A short question that a click sends to an agent, and the trace of it: the one way to see what answers that runs the
//! agent.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;

use super::verdict::{Answers, Why};
use crate::agent::wire::InputItem;
use crate::agent::{CustomInputs, Endpoint, Payload, TurnEvent};
use crate::entities::{Millis, TraceInfo, trace_key};
use crate::state::chat::SharedClient;
use crate::state::{Tasks, format};
use crate::tracking::{Store, TraceQuery, TrackingError};

/// What a click on a question to an agent does, in words.
pub const ASKS: &str = "Sends a short question, which runs the agent once, and finds its trace";
/// Pages of traces that are looked through.
const MOST_PAGES: usize = 5;
/// Pauses before the trace of a question is looked for: agents send them a few seconds later.
const PAUSES: [u64; 6] = [1, 2, 3, 5, 8, 15];
/// Clocks of servers differ by so much, in milliseconds.
pub(super) const SKEW: Millis = 5 * 60 * 1000;

/// Asks an agent which version it is, and finds the trace of that. This runs the agent, once. `endpoint`: with the
/// token that may be sent.
///
/// # Errors
/// With what is known instead.
pub(super) async fn ask(
    store: &dyn Store,
    client: &SharedClient,
    endpoint: Endpoint,
    inputs: Option<CustomInputs>,
    tasks: &Tasks,
) -> Result<TraceInfo, Answers> {
    let asked = format::now();
    let marker = format!("{asked:x}-{:x}", std::process::id());
    let client = client.get().map_err(|error| Answers::NotKnown(Why::Failed(error.to_string())))?;
    let words = format!("Which version are you? One word is enough. (Flowdeck check {marker})");
    let inputs = inputs.unwrap_or_default().marked(&marker);
    let mut payload = Payload::new(vec![InputItem::user(&words.into())]).with_custom_inputs(Some(inputs));
    payload.stream = false;
    let mut turn = client.send(tasks.runtime(), endpoint, &payload, Arc::new(|| {}));
    let report = loop {
        match turn.next().await {
            Some(TurnEvent::Done(report)) => break report,
            Some(_) => {}
            None => return Err(Answers::NotKnown(Why::Failed("the answer was lost".to_owned()))),
        }
    };
    if let Some(error) = report.error.as_ref().filter(|error| error.is_unreachable()) {
        return Err(Answers::Down(error.to_string()));
    }
    // An agent that failed has made a trace all the same.
    let failed = report.error.as_ref().map(|error| Why::Failed(error.to_string()));
    let named = report.transcript.trace_id.clone();
    match trace_of(store, named.as_deref(), &marker, asked).await {
        Ok(Some(trace)) => Ok(trace),
        Ok(None) => Err(Answers::NotKnown(failed.unwrap_or(Why::Untraced))),
        Err(error) => Err(not_read(&error)),
    }
}

/// The trace of a question, as soon as it is there: by its id where the answer named it, else by its marker.
pub(super) async fn trace_of(
    store: &dyn Store,
    named: Option<&str>,
    marker: &str,
    asked: Millis,
) -> Result<Option<TraceInfo>, TrackingError> {
    let mut failure = None;
    for pause in PAUSES {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        let found = match named {
            Some(id) => store.get_trace(id).await.map(|trace| Some(trace.info)),
            None => newest_with(store, marker, asked).await,
        };
        match found {
            Ok(Some(trace)) => return Ok(Some(trace)),
            Ok(None) => failure = None,
            Err(error) if error.is_not_found() => failure = None,
            Err(error) => failure = Some(error),
        }
    }
    failure.map_or(Ok(None), Err)
}

async fn newest_with(
    store: &dyn Store,
    marker: &str,
    asked: Millis,
) -> Result<Option<TraceInfo>, TrackingError> {
    let query = TraceQuery { since: Some(asked - SKEW), ..TraceQuery::default() };
    let mut pages = store.search_traces(query).take(MOST_PAGES);
    while let Some(page) = pages.next().await {
        if let Some(found) = page?.into_iter().find(|trace| is_marked(trace, marker)) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn is_marked(trace: &TraceInfo, marker: &str) -> bool {
    trace.request_preview.contains(marker)
        || trace.about(trace_key::INPUTS).is_some_and(|inputs| inputs.contains(marker))
}

/// The tracking server did not say.
pub(super) fn not_read(error: &TrackingError) -> Answers {
    Answers::NotKnown(Why::NotRead(error.to_string()))
}
