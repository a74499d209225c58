//! `traces/{id}/assessments`.

use jiff::Timestamp;
use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::is_unknown_route;
use super::wire::WireAssessment;
use crate::entities::{Assessment, NewFeedback};
use crate::tracking::TrackingError;
use crate::tracking::rest::http::Http;
use crate::tracking::trace_data;

/// `log_feedback`
pub(in crate::tracking::rest) async fn log_feedback(
    http: &Http,
    feedback: &NewFeedback,
) -> Result<Assessment, TrackingError> {
    #[derive(Serialize)]
    struct Request<'a> {
        assessment: New<'a>,
    }
    #[derive(Serialize)]
    struct New<'a> {
        assessment_name: &'a str,
        trace_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        span_id: Option<&'a str>,
        source: Source<'a>,
        create_time: String,
        last_update_time: String,
        feedback: Feedback,
        #[serde(skip_serializing_if = "str::is_empty")]
        rationale: &'a str,
    }
    #[derive(Serialize)]
    struct Source<'a> {
        source_type: &'static str,
        source_id: &'a str,
    }
    #[derive(Serialize)]
    struct Feedback {
        value: bool,
    }
    #[derive(Deserialize)]
    struct Written {
        assessment: WireAssessment,
    }
    let now = Timestamp::now().to_string();
    let person = http.user().map_or_else(trace_data::person, str::to_owned);
    let body = Request {
        assessment: New {
            assessment_name: &feedback.name,
            trace_id: &feedback.trace_id,
            span_id: feedback.span_id.as_deref(),
            source: Source { source_type: "HUMAN", source_id: &person },
            create_time: now.clone(),
            last_update_time: now,
            feedback: Feedback { value: feedback.good },
            rationale: &feedback.rationale,
        },
    };
    let route = http.route_of("api/3.0/mlflow/traces/{id}/assessments", &feedback.trace_id);
    let written: Result<Written, _> = http.write(Method::POST, route, &body).await;
    match written {
        Ok(written) => Ok(written.assessment.into()),
        Err(error) if is_unknown_route(&error) => Err(TrackingError::Unsupported {
            what: "This server keeps no feedback: that came with MLflow 3".to_owned(),
        }),
        Err(error) => Err(error),
    }
}
