//! HTTP as MLflow's `AgentServer` speaks it (`mlflow/genai/agent_server/server.py`): `/invocations` and `/responses`,
//! `/agent/info`, `/health`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http_body_util::{BodyExt as _, Full, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::turn::{Question, Turn};
use super::{AnswersAs, NAME};

/// Largest request that is read, in bytes.
const MAX_REQUEST: usize = 8 * 1024 * 1024;
/// Without a stream the answer takes as long as a short one streams.
const THINKING_TIME: Duration = Duration::from_millis(900);
/// After a connection could not be accepted (too many open files, say).
const BREATH: Duration = Duration::from_millis(100);

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Serves until it is dropped, and with it all its connections.
pub(super) async fn accept(listener: TcpListener, answers_as: AnswersAs) -> ! {
    let answers_as = Arc::new(answers_as);
    let mut connections = JoinSet::new();
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let answers_as = Arc::clone(&answers_as);
        connections.spawn(async move {
            let service = service_fn(|request| answer(request, Arc::clone(&answers_as)));
            let connection = hyper::server::conn::http1::Builder::new();
            if let Err(error) = connection.serve_connection(TokioIo::new(socket), service).await {
                tracing::debug!(%error, "the sample agent was hung up on");
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(
    request: Request<Incoming>,
    answers_as: Arc<AnswersAs>,
) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    let wanted = match path.as_str() {
        "/invocations" | "/responses" => Method::POST,
        "/agent/info" | "/health" => Method::GET,
        _ => return Ok(detail(StatusCode::NOT_FOUND, "Not Found")),
    };
    if request.method() != wanted {
        let mut refusal = detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
        let allowed = if wanted == Method::POST { "POST" } else { "GET" };
        refusal.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
        return Ok(refusal);
    }
    Ok(match path.as_str() {
        "/health" => json_answer(StatusCode::OK, &json!({"status": "healthy"})),
        "/agent/info" => json_answer(StatusCode::OK, &info()),
        _ => invoke(request.into_body(), &answers_as).await,
    })
}

fn info() -> Value {
    json!({"name": NAME, "use_case": "agent", "agent_api": "responses"})
}

async fn invoke(body: Incoming, answers_as: &AnswersAs) -> Response<Body> {
    let Ok(body) = Limited::new(body, MAX_REQUEST).collect().await else {
        return detail(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large");
    };
    let payload: Value = match serde_json::from_slice(&body.to_bytes()) {
        Ok(payload) => payload,
        Err(error) => {
            return detail(StatusCode::BAD_REQUEST, &format!("Invalid JSON in request body: {error}"));
        }
    };
    let Some(input) = payload.get("input").and_then(Value::as_array) else {
        let what = "Invalid parameters for ResponsesAgent: input\n  Input should be a valid list";
        return detail(StatusCode::BAD_REQUEST, what);
    };
    let turn = Turn::new(&Question::in_input(input), answers_as);
    if payload.get("stream").and_then(Value::as_bool) == Some(true) {
        streamed(&turn)
    } else {
        tokio::time::sleep(THINKING_TIME).await;
        json_answer(StatusCode::OK, &turn.response())
    }
}

/// `data:` lines alone, `[DONE]` last. Whoever hangs up drops the body, and with it what was still to come.
fn streamed(turn: &Turn) -> Response<Body> {
    let events = stream::iter(turn.events()).then(|(pause, event)| async move {
        tokio::time::sleep(pause).await;
        format!("data: {event}\n\n")
    });
    let done = stream::once(std::future::ready("data: [DONE]\n\n".to_owned()));
    let frames = events.chain(done).map(|line| Ok(Frame::data(Bytes::from(line))));
    let body = StreamBody::new(frames).boxed_unsync();
    respond(StatusCode::OK, "text/event-stream; charset=utf-8", body)
}

fn detail(status: StatusCode, text: &str) -> Response<Body> {
    json_answer(status, &json!({"detail": text}))
}

fn json_answer(status: StatusCode, value: &Value) -> Response<Body> {
    respond(status, "application/json", Full::new(Bytes::from(value.to_string())).boxed_unsync())
}

fn respond(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
