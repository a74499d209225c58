//! Traces: finding them, reading one with its spans, judging it; of MLflow 3, and what MLflow 2 has of it.

mod feedback;
mod search;
mod spans;
mod wire;

pub(super) use feedback::log_feedback;
pub(super) use search::search;
pub(super) use spans::get;

use crate::tracking::TrackingError;

/// A page of the server that says it knows no such address.
fn is_unknown_route(error: &TrackingError) -> bool {
    matches!(error, TrackingError::Http { status: 404 | 405, .. })
}
