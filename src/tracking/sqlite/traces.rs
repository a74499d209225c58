//! Traces: tables `trace_info`, `trace_tags`, `trace_request_metadata`, `assessments`, `spans`.
//!
//! Spans lie in a table since MLflow 3.6, in a file among the trace's artifacts before that.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Row, params_from_iter};

use super::artifacts::{self, Root};
use super::blocking;
use super::database::{Database, Session};
use super::failure::{Failure, not_found};
use super::schema::Schema;
use super::{assessments, row};
use crate::entities::{Millis, Span, Trace, TraceInfo, TraceState, TraceValue, trace_key};
use crate::tracking::store::no_traces;
use crate::tracking::trace_data;
use crate::tracking::{TraceQuery, TrackingError};

/// A trace's file among its artifacts.
const FILE: &str = "traces.json";
/// Larger files are not read, in bytes.
const MAX_FILE: u64 = 256 << 20;

const OWN: [&str; 10] = [
    "request_id",
    "experiment_id",
    "timestamp_ms",
    "execution_time_ms",
    "status",
    "client_request_id",
    "request_preview",
    "response_preview",
    "trace_name",
    "session_id",
];
const TOKENS: [&str; 6] = [
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation_input_tokens_above_1hr",
];
const COSTS: [&str; 3] = ["input_cost", "output_cost", "total_cost"];

/// All of them, of the table `t`.
fn columns(schema: &Schema) -> String {
    [&OWN[..], &TOKENS, &COSTS].map(|names| schema.columns("trace_info", "t", names)).join(", ")
}

/// A place between two traces in their order: the newest first, then by id.
#[derive(Clone, Debug)]
pub(super) struct Place {
    time: Millis,
    trace_id: String,
}

impl Place {
    /// Behind a trace.
    pub fn of(info: &TraceInfo) -> Self {
        Self { time: info.request_time.unwrap_or(0), trace_id: info.trace_id.clone() }
    }
}

/// The next traces after a place.
pub(super) fn page(
    session: &Session<'_>,
    query: &TraceQuery,
    after: Option<&Place>,
    limit: usize,
) -> Result<Vec<TraceInfo>, Failure> {
    let schema = session.schema;
    if !schema.has_table("trace_info") {
        return Err(no_traces().into());
    }
    let mut parameters = Vec::new();
    let mut condition = experiments(session, query, &mut parameters);
    if let Some(model_id) = &query.model_id {
        let _written =
            write!(condition, " AND {}", metadata_is(trace_key::MODEL_ID, model_id, &mut parameters));
    }
    if let Some(run_id) = &query.run_id {
        let made = metadata_is(trace_key::SOURCE_RUN, run_id, &mut parameters);
        let linked = linked_to(session, run_id, &mut parameters);
        let _written = write!(condition, " AND ({made} OR {linked})");
    }
    for (limit, compares) in [(query.since, ">="), (query.until, "<=")] {
        let Some(limit) = limit else { continue };
        parameters.push(limit.into());
        let _written = write!(condition, " AND t.timestamp_ms {compares} ?{}", parameters.len());
    }
    if let Some(place) = after {
        parameters.extend([place.time.into(), place.trace_id.clone().into()]);
        let (time, id) = (parameters.len() - 1, parameters.len());
        let _written = write!(
            condition,
            " AND (t.timestamp_ms < ?{time} OR t.timestamp_ms = ?{time} AND t.request_id > ?{id})"
        );
    }
    let columns = columns(schema);
    let sql = format!(
        "SELECT {columns} FROM trace_info t WHERE {condition} \
         ORDER BY t.timestamp_ms DESC, t.request_id LIMIT {limit}"
    );
    let mut statement = session.connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(parameters), |row| Ok(info(row)))?;
    let mut infos = rows.collect::<Result<Vec<_>, _>>()?;
    add_rest(session, &mut infos)?;
    Ok(infos)
}

/// That the trace is in one of the experiments asked for, or in any that is in use.
fn experiments(session: &Session<'_>, query: &TraceQuery, parameters: &mut Vec<Value>) -> String {
    if !query.experiment_ids.is_empty() {
        let ids = query.experiment_ids.iter().filter_map(|id| id.trim().parse::<i64>().ok());
        let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
        return format!("t.experiment_id IN ({})", ids.join(", "));
    }
    let schema = session.schema;
    parameters.push(session.workspace.to_owned().into());
    // The same rule as for experiments, with a parameter by number.
    let workspace =
        schema.in_workspace("experiments", "e").replace(":workspace", &format!("?{}", parameters.len()));
    let active =
        if schema.has("experiments", "lifecycle_stage") { "e.lifecycle_stage = 'active'" } else { "1" };
    format!("t.experiment_id IN (SELECT e.experiment_id FROM experiments e WHERE {workspace} AND {active})")
}

fn metadata_is(key: &str, value: &str, parameters: &mut Vec<Value>) -> String {
    parameters.extend([key.to_owned().into(), value.to_owned().into()]);
    let (key, value) = (parameters.len() - 1, parameters.len());
    format!(
        "EXISTS (SELECT 1 FROM trace_request_metadata m \
         WHERE m.request_id = t.request_id AND m.key = ?{key} AND m.value = ?{value})"
    )
}

/// `link_traces_to_run`
fn linked_to(session: &Session<'_>, run_id: &str, parameters: &mut Vec<Value>) -> String {
    if !session.schema.has_table("entity_associations") {
        return "0".to_owned();
    }
    parameters.push(run_id.to_owned().into());
    format!(
        "EXISTS (SELECT 1 FROM entity_associations a WHERE a.source_type = 'trace' \
         AND a.source_id = t.request_id AND a.destination_type = 'run' AND a.destination_id = ?{})",
        parameters.len()
    )
}

fn info(row: &Row<'_>) -> TraceInfo {
    let optional = |column| Some(row::text(row, column)).filter(|text| !text.is_empty());
    let mut info = TraceInfo {
        trace_id: row::text(row, 0),
        experiment_id: row::text(row, 1),
        request_time: row::integer(row, 2),
        execution_duration: row::integer(row, 3),
        state: TraceState::parse(&row::text(row, 4)),
        client_request_id: optional(5),
        request_preview: row::text(row, 6),
        response_preview: row::text(row, 7),
        ..TraceInfo::default()
    };
    if let Some(name) = optional(8) {
        info.tags.insert(trace_key::NAME.to_owned(), name);
    }
    if let Some(session) = optional(9) {
        info.metadata.insert(trace_key::SESSION.to_owned(), session);
    }
    // Newer stores keep tokens and prices in columns; the metadata say what they said before.
    for (key, names, first) in [
        (trace_key::TOKEN_USAGE, &TOKENS[..], OWN.len()),
        (trace_key::COST, &COSTS, OWN.len() + TOKENS.len()),
    ] {
        let counts = names.iter().zip(first..);
        let counts: Vec<_> =
            counts.filter_map(|(name, at)| Some(((*name).to_owned(), number(row, at)?))).collect();
        if !counts.is_empty() {
            info.metadata.insert(key.to_owned(), TraceValue::Map(counts).to_json());
        }
    }
    info
}

fn number(row: &Row<'_>, column: usize) -> Option<TraceValue> {
    let text = match row.get_ref(column).ok()? {
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => return None,
    };
    Some(TraceValue::Number(text))
}

/// Tags, metadata and assessments: three statements for all of them.
fn add_rest(session: &Session<'_>, infos: &mut [TraceInfo]) -> Result<(), Failure> {
    let ids: Vec<&str> = infos.iter().map(|info| info.trace_id.as_str()).collect();
    let ids = serde_json::to_string(&ids).unwrap_or_default();
    for (table, is_tag) in [("trace_tags", true), ("trace_request_metadata", false)] {
        if !session.schema.has_table(table) {
            continue;
        }
        let sql = format!(
            "SELECT j.key, t.key, t.value FROM json_each(?1) j CROSS JOIN {table} t ON t.request_id = j.value"
        );
        let mut statement = session.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([&ids])?;
        while let Some(row) = rows.next()? {
            if let Some(info) = infos.get_mut(row::position(row, 0)) {
                let pairs = if is_tag { &mut info.tags } else { &mut info.metadata };
                pairs.entry(row::text(row, 1)).or_insert_with(|| row::text(row, 2));
            }
        }
    }
    assessments::add(session, infos, &ids)?;
    infos.iter_mut().for_each(trace_data::complete);
    Ok(())
}

/// A trace as far as the database has it.
pub(super) struct Stored {
    info: TraceInfo,
    /// None if the database does not keep them.
    spans: Option<Vec<Span>>,
}

pub(super) fn get(session: &Session<'_>, trace_id: &str) -> Result<Stored, Failure> {
    let schema = session.schema;
    if !schema.has_table("trace_info") {
        return Err(no_traces().into());
    }
    let columns = columns(schema);
    let workspace = schema.in_workspace("experiments", "e").replace(":workspace", "?2");
    let sql = format!(
        "SELECT {columns} FROM trace_info t JOIN experiments e ON e.experiment_id = t.experiment_id \
         WHERE t.request_id = ?1 AND {workspace}"
    );
    let mut statement = session.connection.prepare_cached(&sql)?;
    let rows = statement.query_map([trace_id, session.workspace], |row| Ok(info(row)))?;
    let mut infos = rows.collect::<Result<Vec<_>, _>>()?;
    if infos.is_empty() {
        return Err(not_found(format!("Trace with ID '{trace_id}' not found.")).into());
    }
    add_rest(session, &mut infos)?;
    let spans = spans(session, trace_id)?;
    let info = infos.swap_remove(0);
    let here = trace_data::spans_location(&info.tags) == "TRACKING_STORE";
    Ok(Stored { info, spans: (here || !spans.is_empty()).then_some(spans) })
}

fn spans(session: &Session<'_>, trace_id: &str) -> Result<Vec<Span>, Failure> {
    if !session.schema.has("spans", "content") {
        return Ok(Vec::new());
    }
    let mut statement = session.connection.prepare_cached("SELECT content FROM spans WHERE trace_id = ?1")?;
    let rows = statement.query_map([trace_id], |row| Ok(row::text(row, 0)))?;
    let mut spans = Vec::new();
    for content in rows {
        spans.extend(trace_data::parse(&content?).and_then(trace_data::span));
    }
    Ok(spans)
}

impl Stored {
    /// Reads the trace's file, where the spans are in one.
    pub async fn with_spans(self, database: Arc<Database>) -> Trace {
        let (spans, missing) = match self.spans {
            Some(spans) => (spans, None),
            None => match file_spans(&self.info, database).await {
                Ok(spans) => (spans, None),
                Err(error) => (Vec::new(), Some(error.to_string())),
            },
        };
        Trace { info: self.info, spans, missing }
    }
}

async fn file_spans(info: &TraceInfo, database: Arc<Database>) -> Result<Vec<Span>, TrackingError> {
    if trace_data::spans_location(&info.tags) == "ARCHIVE_REPO" {
        let what = "The spans of this trace were archived; only a server reads them from there".to_owned();
        return Err(TrackingError::Unsupported { what });
    }
    let Some(uri) = info.tags.get(trace_key::ARTIFACT_LOCATION) else { return Ok(Vec::new()) };
    let root = Root::at(uri);
    let body = blocking(move || artifacts::read(&root, database.path(), FILE, Some(MAX_FILE))).await?;
    if body.total.is_some_and(|total| total > MAX_FILE) {
        let what = format!("{FILE} of this trace is larger than {} MB", MAX_FILE >> 20);
        return Err(TrackingError::Local { what });
    }
    let chunks: Vec<Bytes> = body.chunks.try_collect().await?;
    blocking(move || {
        let bytes = chunks.concat();
        let broken = || TrackingError::Local { what: format!("{FILE} of this trace is not readable JSON") };
        trace_data::parse(&String::from_utf8_lossy(&bytes)).map(trace_data::spans).ok_or_else(broken)
    })
    .await
}
