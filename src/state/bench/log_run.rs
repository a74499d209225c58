//! A finished bench as MLflow runs: one for each endpoint, with figures as metrics and the answers as a table that
//! MLflow's own pages show.
//!
//! Written are, in this order: the run, its table, its metrics, params and tags, its end. Each is sent once. Where no
//! answer comes, the server is read; a run that was made without an answer is found by a tag that only it has.

use bytes::Bytes;
use futures_util::StreamExt as _;
use serde::Serialize;

use super::result::{BenchRun, Cell, Column};
use super::summary::{ColumnSummary, Spread};
use crate::entities::{
    ArtifactRoot, Metric, Millis, NewRun, Param, Run, RunBatch, RunStatus, Tags, model_uri_version, tag,
};
use crate::state::format;
use crate::tracking::{RunQuery, Store, TrackingError};

/// The table's file, under the name that MLflow's evaluations use.
pub const TABLE: &str = "eval_results.json";
/// Tag with files that MLflow's pages show as tables.
const LOGGED_ARTIFACTS: &str = "mlflow.loggedArtifacts";
/// Tag that finds a run whose making went unanswered: which bench and endpoint, and which attempt.
const ATTEMPT: &str = "flowdeck.bench.attempt";
/// Tag with the version that answered: its URI.
const MODEL: &str = "flowdeck.bench.model";
/// Metric that every run has.
const PROMPTS: &str = "prompts";
/// Characters of a param's value: older servers take no more.
const LONGEST_PARAM: usize = 500;
/// Characters of a tag's value.
const LONGEST_TAG: usize = 5000;
/// Characters of a run's name.
const LONGEST_NAME: usize = 250;

/// What is to be logged, and where.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The bench.
    pub run: BenchRun,
    /// The experiment that the runs are made in.
    pub experiment_id: String,
    /// The user, as MLflow's Python client would say.
    pub who: String,
}

/// What became of one endpoint's run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logged {
    /// What the run is called.
    pub name: String,
    /// The run, if it was made.
    pub run_id: Option<String>,
    /// Whether its table is there.
    pub table: bool,
    /// Whether metrics, params and tags are there.
    pub figures: bool,
    /// Why something is missing: a sentence.
    pub problem: Option<String>,
}

impl Logged {
    /// Whether everything is there.
    pub fn is_whole(&self) -> bool {
        self.problem.is_none()
    }

    /// What is there and what is not, as a sentence.
    pub fn sentence(&self) -> String {
        let Some(problem) = &self.problem else { return format!("{} is logged", self.name) };
        let there = match (&self.run_id, self.table, self.figures) {
            (None, ..) => "was not made".to_owned(),
            (Some(_), false, false) => "was made and is empty".to_owned(),
            (Some(_), true, false) => "has its table, and no metrics".to_owned(),
            (Some(_), false, true) => "has its metrics, and no table".to_owned(),
            (Some(_), true, true) => "has everything, and was not ended".to_owned(),
        };
        format!("The run {} {there}. {problem}", self.name)
    }
}

/// What will be written, before it is: a line each.
pub fn announced(run: &BenchRun, server: &str) -> Vec<String> {
    let runs = format::counted(run.columns.len(), "run", "runs");
    let mut lines = vec![format!("Makes {runs} on {server}, one for each endpoint:")];
    lines.extend((0..run.columns.len()).map(|column| name_of(run, column)));
    lines.push(format!(
        "Each with metrics, params, tags, and {} in the table {TABLE}",
        format::counted(run.rows(), "answer", "answers")
    ));
    lines
}

/// Logs every endpoint, one after the other. The first one that fails does not keep the others from being logged,
/// unless the server cannot be reached.
pub async fn carry_out(store: &dyn Store, plan: &Plan) -> Vec<Logged> {
    let mut all = Vec::new();
    for column in 0..plan.run.columns.len() {
        let (logged, goes_on) = log_column(store, plan, column).await;
        all.push(logged);
        if !goes_on {
            break;
        }
    }
    all
}

async fn log_column(store: &dyn Store, plan: &Plan, column: usize) -> (Logged, bool) {
    let mut logged = Logged { name: name_of(&plan.run, column), ..Logged::default() };
    let new = new_run(plan, column);
    let made = match store.create_run(new.clone()).await {
        Err(error @ TrackingError::OutcomeUnknown { .. }) => find(store, &new).await.ok_or(error),
        made => made,
    };
    let made = match made {
        Ok(made) => made,
        Err(error) => {
            logged.problem = Some(explained(&error));
            return (logged, false);
        }
    };
    let run_id = made.info.run_id.clone();
    logged.run_id = Some(run_id.clone());
    let mut problem = None;
    let table = Bytes::from(table(&plan.run, column));
    let size = table.len() as u64;
    let answer = store.upload_artifact(&made.info, TABLE, table).await;
    match known(answer, || table_is_there(store, &run_id, size)).await {
        Ok(()) => logged.table = true,
        Err(error) => problem = Some(format!("The table: {}", explained(&error))),
    }
    let answer = store.log_batch(&run_id, batch(plan, column, logged.table)).await;
    let there = |run: &Run| run.metrics.iter().any(|metric| metric.key == PROMPTS);
    match known(answer, || run_is(store, &run_id, there)).await {
        Ok(()) => logged.figures = true,
        Err(error) => problem = Some(format!("The metrics: {}", explained(&error))),
    }
    let whole = logged.figures;
    let status = if whole { RunStatus::Finished } else { RunStatus::Failed };
    let ended = plan.run.ended.unwrap_or_else(format::now);
    let answer = store.end_run(&run_id, status, ended).await;
    if let Err(error) = known(answer, || run_is(store, &run_id, |run| run.info.status == status)).await {
        problem = problem.or_else(|| Some(format!("Its end: {}", explained(&error))));
    }
    logged.problem = problem;
    (logged, whole)
}

/// An answer to a write: where none came, the server is read.
async fn known<F: Future<Output = bool>>(
    answer: Result<(), TrackingError>,
    is_there: impl FnOnce() -> F,
) -> Result<(), TrackingError> {
    match answer {
        Err(TrackingError::OutcomeUnknown { .. }) if is_there().await => Ok(()),
        answer => answer,
    }
}

async fn run_is(store: &dyn Store, run_id: &str, what: impl Fn(&Run) -> bool) -> bool {
    store.get_run(run_id).await.is_ok_and(|run| what(&run))
}

async fn table_is_there(store: &dyn Store, run_id: &str, size: u64) -> bool {
    let files = store.list_artifacts(&ArtifactRoot::run(run_id), "").await;
    files.is_ok_and(|files| files.iter().any(|file| file.path == TABLE && file.file_size == Some(size)))
}

fn explained(error: &TrackingError) -> String {
    format!("{error}. {}", error.next_step())
}

/// The run whose making went unanswered, if it was made.
async fn find(store: &dyn Store, new: &NewRun) -> Option<Run> {
    let attempt = new.tags.get(ATTEMPT)?;
    let query = RunQuery {
        experiment_ids: vec![new.experiment_id.clone()],
        filter: format!("tags.`{ATTEMPT}` = '{attempt}'"),
        ..RunQuery::default()
    };
    store.search_runs(query).next().await?.ok()?.into_iter().next()
}

/// `smoke · agent-b · Churn v7`
fn name_of(run: &BenchRun, column: usize) -> String {
    let column = &run.columns[column];
    let model = version_of(column).map(|(name, version)| format!("{name} v{version}"));
    let parts = [Some(run.name.clone()), Some(column.name.clone()), model];
    let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    clipped(&parts.join(" · "), LONGEST_NAME).to_owned()
}

/// The model and its version, where that is known for all answers.
fn version_of(column: &Column) -> Option<(&str, u32)> {
    Some((column.model.as_ref()?.name.as_str(), column.version()?))
}

fn new_run(plan: &Plan, column: usize) -> NewRun {
    let run = &plan.run;
    let attempt = format!("{}-{column}-{}", run.id, format::now());
    let mut tags = Tags::from([
        (tag::USER.to_owned(), plan.who.clone()),
        (tag::SOURCE_NAME.to_owned(), "Flowdeck".to_owned()),
        (tag::SOURCE_TYPE.to_owned(), "LOCAL".to_owned()),
        (ATTEMPT.to_owned(), attempt),
    ]);
    if let Some((model, version)) = version_of(&run.columns[column]) {
        tags.insert(MODEL.to_owned(), model_uri_version(model, version));
    }
    NewRun {
        experiment_id: plan.experiment_id.clone(),
        run_name: name_of(run, column),
        user_id: plan.who.clone(),
        start_time: run.started,
        tags,
    }
}

fn batch(plan: &Plan, column: usize, has_table: bool) -> RunBatch {
    let run = &plan.run;
    let at = run.ended.unwrap_or(run.started);
    let who = &run.columns[column];
    let param =
        |key: &str, value: &str| Param { key: key.into(), value: clipped(value, LONGEST_PARAM).into() };
    let mut params = vec![
        param("bench", &run.name),
        param("set", &run.set.name),
        param("prompts", &run.rows().to_string()),
        param("endpoint", &who.name),
        param("endpoint_url", &who.url),
    ];
    if let Some((model, version)) = version_of(who) {
        params.push(param("model", model));
        params.push(param("model_version", &version.to_string()));
    }
    let mut tags = Tags::new();
    if has_table {
        let listed = format!(r#"[{{"path": "{TABLE}", "type": "table"}}]"#);
        tags.insert(LOGGED_ARTIFACTS.to_owned(), listed);
    }
    let note = format!("Bench of {} with {}", run.set.name, who.name);
    tags.insert(tag::NOTE.to_owned(), clipped(&note, LONGEST_TAG).to_owned());
    RunBatch { metrics: metrics(&ColumnSummary::of(run, column), at), params, tags }
}

fn metrics(summary: &ColumnSummary, timestamp: Millis) -> Vec<Metric> {
    let mut metrics = Vec::new();
    let mut add = |key: String, value: f64| metrics.push(Metric { key, value, timestamp, step: 0 });
    add(PROMPTS.into(), summary.prompts as f64);
    add("passed".into(), summary.good as f64);
    if summary.prompts > 0 {
        add("pass_rate".into(), summary.good as f64 / summary.prompts as f64);
    }
    add("answered".into(), summary.answered as f64);
    add("failed".into(), summary.failed as f64);
    add("checks_passed".into(), summary.checks_passed as f64);
    add("checks_failed".into(), summary.checks_failed as f64);
    let spreads = [
        ("total_ms", summary.total_ms),
        ("first_token_ms", summary.first_token_ms),
        ("output_tokens", summary.output_tokens),
    ];
    for (key, spread) in spreads {
        let Some(Spread { median, p90, min, max, .. }) = spread else { continue };
        for (figure, value) in [("median", median), ("p90", p90), ("min", min), ("max", max)] {
            add(format!("{key}/{figure}"), value);
        }
    }
    metrics
}

/// As `DataFrame.to_json(orient="split", index=False)` writes it: what `mlflow.load_table` reads.
#[derive(Serialize)]
struct Table<'a> {
    columns: [&'static str; 12],
    data: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a>(
    &'a str,
    &'a str,
    &'a str,
    Option<&'a str>,
    bool,
    usize,
    usize,
    Option<&'a str>,
    String,
    Option<u64>,
    Option<u64>,
    Option<&'a str>,
);

const COLUMNS: [&str; 12] = [
    "case",
    "inputs",
    "expected",
    "outputs",
    "passed",
    "checks_passed",
    "checks",
    "failure",
    "tools",
    "first_token_ms",
    "total_ms",
    "trace_id",
];

fn table(run: &BenchRun, column: usize) -> String {
    let row = |at: usize| {
        let case = &run.set.cases[at];
        let cell = run.cell(at, column).map(AsRef::as_ref);
        let (passed, checks) = cell.map_or((0, 0), Cell::passed);
        Row(
            &case.id,
            case.prompt.text(),
            &case.expected,
            cell.map(|cell| cell.answer.as_str()),
            cell.is_some_and(Cell::is_good),
            passed,
            checks,
            cell.and_then(|cell| cell.failure.as_deref()),
            cell.map(|cell| cell.tools().join(", ")).unwrap_or_default(),
            cell.and_then(|cell| cell.first_token_ms),
            cell.map(|cell| cell.total_ms),
            cell.and_then(|cell| cell.trace_id.as_deref()),
        )
    };
    let data = (0..run.rows()).map(row).collect();
    serde_json::to_string(&Table { columns: COLUMNS, data }).unwrap_or_default()
}

fn clipped(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(at, _)| &text[..at])
}
