//! One run of a bench: what was asked, of whom, and what came back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::check::{Answered, Verdict};
use super::set::PromptSet;
use crate::agent::wire::{ItemBody, Usage};
use crate::agent::{Dialect, Outcome, TurnReport};
use crate::entities::{Millis, VersionNumber, model_uri_alias, model_uri_version};

/// The shape in which runs are kept.
pub const RUN_VERSION: u32 = 1;
/// Endpoints that one run asks at most.
pub const MOST_COLUMNS: usize = 4;
/// How much of an answer is kept, in bytes.
pub const MAX_ANSWER: usize = 64 * 1024;
/// How much of a tool call's arguments is kept, in bytes.
const MAX_ARGUMENTS: usize = 4 * 1024;
/// Tool calls of one answer that are kept.
const MOST_CALLS: usize = 100;

/// A set of prompts, asked of one to four endpoints.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BenchRun {
    /// Unique, also among those of other days.
    pub id: u64,
    /// What people call it.
    pub name: String,
    /// The set as it was.
    pub set: Arc<PromptSet>,
    /// Who was asked.
    pub columns: Vec<Column>,
    /// When it was started.
    pub started: Millis,
    /// When the last answer came, once all are here.
    pub ended: Option<Millis>,
    /// Row by row; `None` where no answer came yet.
    pub cells: Vec<Option<Arc<Cell>>>,
}

/// An endpoint of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Column {
    /// What the endpoint was called.
    pub name: String,
    /// Its address, without a query.
    pub url: String,
    /// The vocabulary of its answers, once one came.
    pub dialect: Dialect,
    /// The registered model that it serves, if that is known.
    pub model: Option<ServedModel>,
    /// Which version it answered as when the run began.
    pub before: Identity,
    /// Which version it answered as each time the run was resumed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub between: Vec<Identity>,
    /// Which version it answered as when the run ended.
    pub after: Option<Identity>,
    /// It is the sample's own agent, which has another address each time.
    pub sample: bool,
}

/// What an endpoint serves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServedModel {
    /// The tracking server, as [`StoreInfo::settings_key`](crate::tracking::StoreInfo::settings_key) names it.
    pub server: String,
    /// The registered model.
    pub name: String,
    /// The alias that it was bound to, if it was one.
    pub alias: Option<String>,
}

/// Which version an endpoint answers as, and how that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Identity {
    /// The version, where it is known.
    pub version: Option<VersionNumber>,
    /// How it is known, or why not.
    pub known: Known,
    /// When it was found out.
    pub at: Millis,
}

/// How a version is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// It was not asked yet.
    #[default]
    NotAsked,
    /// By a trace that the model made.
    Trace(String),
    /// The endpoint says so itself, at `/agent/info`.
    Info,
    /// It is served by this app, which resolved the version when it started it.
    ServedHere,
    /// It is the sample's agent.
    Sample,
    /// The user said so.
    Word,
    /// It is not known, for this reason.
    No(String),
}

/// What one endpoint answered to one prompt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cell {
    /// When it was sent.
    pub at: Millis,
    /// The text of all messages, up to [`MAX_ANSWER`].
    pub answer: String,
    /// Whether more came than is kept.
    pub cut: bool,
    /// The tools that were called, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// Why there is no good answer, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// What became of the checks of the prompt, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
    /// From sending to the first thing said, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<u64>,
    /// From sending to the end, in milliseconds.
    pub total_ms: u64,
    /// Token counts, where the endpoint sends them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// The trace that was made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// What a person thinks of it.
    pub mark: Mark,
    /// And why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// A tool call, briefly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The tool.
    pub name: String,
    /// JSON as a rule, cut where it is long.
    pub arguments: String,
}

/// What a person thinks of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Nothing was said.
    #[default]
    None,
    /// A good one.
    Good,
    /// A bad one.
    Bad,
}

impl Identity {
    /// How it is known, as a sentence.
    pub fn describe(&self) -> String {
        match &self.known {
            Known::NotAsked => "Not looked at yet".to_owned(),
            Known::Trace(id) => format!("By the trace {id}"),
            Known::Info => "It says so itself, at /agent/info".to_owned(),
            Known::ServedHere => "It is served here, and was resolved when it was started".to_owned(),
            Known::Sample => "The sample's agent says so".to_owned(),
            Known::Word => "You said so, or the endpoint's settings".to_owned(),
            Known::No(why) => why.clone(),
        }
    }
}

impl ServedModel {
    /// `models:/name@alias`, or the version's URI.
    pub fn uri(&self, version: Option<VersionNumber>) -> String {
        match (&self.alias, version) {
            (Some(alias), _) => model_uri_alias(&self.name, alias),
            (None, Some(version)) => model_uri_version(&self.name, version),
            (None, None) => format!("models:/{}", self.name),
        }
    }
}

impl Column {
    /// Everything that was seen of the version, from the start on.
    pub fn looks(&self) -> impl Iterator<Item = &Identity> {
        std::iter::once(&self.before).chain(&self.between).chain(&self.after)
    }

    /// The version that gave all of the answers: known each time it was looked, and the same.
    pub fn version(&self) -> Option<VersionNumber> {
        self.after.as_ref()?;
        self.before.version.filter(|version| self.looks().all(|look| look.version == Some(*version)))
    }

    /// Two versions that it was known to answer as.
    pub fn changed(&self) -> Option<(VersionNumber, VersionNumber)> {
        let mut known = self.looks().filter_map(|look| look.version);
        let first = known.next()?;
        known.find(|version| *version != first).map(|other| (first, other))
    }

    /// Why the answers are no evidence for a version, once the run is over.
    pub fn doubt(&self) -> Option<String> {
        if self.model.is_none() {
            return Some("It is not bound to a registered model".to_owned());
        }
        if let Some((before, after)) = self.changed() {
            return Some(format!("It answered as v{before} first and as v{after} later"));
        }
        if self.version().is_some() {
            return None;
        }
        let unknown = self.looks().find(|look| look.version.is_none());
        let why = unknown.map_or_else(|| "the run is not over".to_owned(), Identity::describe);
        Some(format!("It is not known which version answered: {why}"))
    }
}

impl BenchRun {
    /// A run that nothing was asked in yet.
    pub fn new(id: u64, set: Arc<PromptSet>, columns: Vec<Column>, started: Millis) -> Self {
        let cells = vec![None; set.cases.len() * columns.len()];
        Self { id, name: set.name.clone(), set, columns, started, ended: None, cells }
    }

    /// How many prompts it has.
    pub fn rows(&self) -> usize {
        self.set.cases.len()
    }

    /// What a column answered in a row.
    pub fn cell(&self, row: usize, column: usize) -> Option<&Arc<Cell>> {
        self.cells.get(self.place(row, column)?)?.as_ref()
    }

    /// Where a cell is kept.
    pub fn place(&self, row: usize, column: usize) -> Option<usize> {
        (row < self.rows() && column < self.columns.len()).then(|| row * self.columns.len() + column)
    }

    /// Puts an answer in its place. `false`: there is no such place.
    pub fn put(&mut self, row: usize, column: usize, cell: Cell) -> bool {
        let place = self.place(row, column).and_then(|at| self.cells.get_mut(at));
        place.map(|place| *place = Some(Arc::new(cell))).is_some()
    }

    /// How many answers came, failed ones too.
    pub fn done(&self) -> usize {
        self.cells.iter().filter(|cell| cell.is_some()).count()
    }

    /// Rows and columns that have no answer yet, row by row.
    pub fn missing(&self) -> Vec<(usize, usize)> {
        self.places(Option::is_none)
    }

    /// Rows and columns whose answers failed.
    pub fn failed(&self) -> Vec<(usize, usize)> {
        self.places(|cell| cell.as_ref().is_some_and(|cell| cell.failure.is_some()))
    }

    fn places(&self, wanted: impl Fn(&Option<Arc<Cell>>) -> bool) -> Vec<(usize, usize)> {
        let columns = self.columns.len().max(1);
        let found = self.cells.iter().enumerate().filter(|(_, cell)| wanted(cell));
        found.map(|(at, _)| (at / columns, at % columns)).collect()
    }

    /// Whether every prompt was asked of every endpoint.
    pub fn is_complete(&self) -> bool {
        self.cells.iter().all(Option::is_some)
    }
}

impl Cell {
    /// What came back to a prompt. The checks are not judged yet.
    pub fn of_report(report: &TurnReport, at: Millis) -> Self {
        let transcript = &report.transcript;
        let text = transcript.text();
        let answer = clipped(&text, MAX_ANSWER);
        let mut calls = Vec::new();
        for item in &transcript.items {
            if let ItemBody::Call(call) = &item.body
                && calls.len() < MOST_CALLS
            {
                let arguments = clipped(&call.arguments, MAX_ARGUMENTS).to_owned();
                calls.push(Call { name: clipped(&call.name, MAX_ARGUMENTS).to_owned(), arguments });
            }
        }
        Self {
            at,
            cut: answer.len() < text.len(),
            answer: answer.to_owned(),
            calls,
            failure: failure_of(report),
            first_token_ms: report.first_token.map(millis),
            total_ms: millis(report.total),
            usage: transcript.usage,
            trace_id: transcript.trace_id.clone(),
            ..Self::default()
        }
    }

    /// What could not even be sent.
    pub fn failed(why: impl Into<String>, at: Millis) -> Self {
        Self { at, failure: Some(why.into()), ..Self::default() }
    }

    /// The names of the tools that were called.
    pub fn tools(&self) -> Vec<&str> {
        self.calls.iter().map(|call| call.name.as_str()).collect()
    }

    /// Judges the checks of a prompt. Those of a failed answer do not hold.
    pub fn judge(&mut self, checks: &[super::check::Check]) {
        let tools: Vec<String> = self.calls.iter().map(|call| call.name.clone()).collect();
        let tools: Vec<&str> = tools.iter().map(String::as_str).collect();
        let answered = Answered { text: &self.answer, tools: &tools };
        let failed = self.failure.is_some();
        let verdict = |check: &super::check::Check| {
            if failed {
                Verdict { passed: false, why: "There is no whole answer".to_owned() }
            } else {
                check.judge(answered)
            }
        };
        self.verdicts = checks.iter().map(verdict).collect();
    }

    /// Checks that hold, and all there are.
    pub fn passed(&self) -> (usize, usize) {
        (self.verdicts.iter().filter(|verdict| verdict.passed).count(), self.verdicts.len())
    }

    /// Whether it is as it should be: what a person says comes first, then failures and checks.
    pub fn is_good(&self) -> bool {
        match self.mark {
            Mark::Good => true,
            Mark::Bad => false,
            Mark::None => self.failure.is_none() && self.verdicts.iter().all(|verdict| verdict.passed),
        }
    }
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Why there is no good answer: what broke on the way, what the agent said, or that it never ended.
fn failure_of(report: &TurnReport) -> Option<String> {
    let transcript = &report.transcript;
    if let Some(error) = &report.error {
        // The server's own words say more than the status they came with.
        let said = transcript.failures.first().map(|failure| failure.headline.as_str());
        return Some(match said {
            Some(said) if !said.is_empty() && !error.to_string().contains(said) => format!("{error}: {said}"),
            _ => error.to_string(),
        });
    }
    if let Some(failure) = transcript.failures.first() {
        return Some(failure.headline.clone());
    }
    match &transcript.outcome {
        Outcome::Completed => None,
        Outcome::Incomplete { reason } => Some(format!("The answer is incomplete: {reason}")),
        Outcome::Stopped => Some("Stopped".to_owned()),
        Outcome::Interrupted | Outcome::Running => Some("The answer broke off".to_owned()),
        Outcome::Failed => Some("The agent failed".to_owned()),
    }
}

/// At most `max` bytes, cut at a character's border.
fn clipped(text: &str, max: usize) -> &str {
    if text.len() <= max { text } else { &text[..text.floor_char_boundary(max)] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::bench::check::Check;
    use crate::state::bench::set::{Case, Prompt};

    fn known(version: Option<VersionNumber>) -> Identity {
        Identity { version, known: Known::Info, at: 1 }
    }

    #[test]
    fn answers_are_evidence_for_a_version_that_stayed() {
        let model = Some(ServedModel { server: "s".into(), name: "M".into(), alias: None });
        let mut column = Column { model, before: known(Some(7)), ..Column::default() };
        assert_eq!(column.version(), None, "the run is not over");
        column.after = Some(known(Some(7)));
        assert_eq!((column.version(), column.doubt()), (Some(7), None));
        column.after = Some(known(Some(8)));
        assert_eq!((column.version(), column.changed()), (None, Some((7, 8))));
        assert!(column.doubt().is_some_and(|why| why.contains("v7 first and as v8 later")));
        column.after = Some(Identity { known: Known::No("No trace".into()), ..Identity::default() });
        assert!(column.doubt().is_some_and(|why| why.ends_with("No trace")));
        column.model = None;
        assert!(column.doubt().is_some());
    }

    #[test]
    fn what_is_missing_and_what_failed_is_known_by_its_place() {
        let mut set = PromptSet::new(1, "s");
        set.extend(vec![Case::of("", Prompt::Text("a".into())); 3]);
        let mut run = BenchRun::new(2, Arc::new(set), vec![Column::default(); 2], 0);
        assert!(run.put(1, 1, Cell::failed("no", 0)) && run.put(0, 0, Cell::default()));
        assert!(!run.put(3, 0, Cell::default()) && !run.put(0, 2, Cell::default()));
        assert_eq!(run.missing(), [(0, 1), (1, 0), (2, 0), (2, 1)]);
        assert_eq!((run.failed(), run.done(), run.is_complete()), (vec![(1, 1)], 2, false));
    }

    #[test]
    fn a_persons_word_comes_before_the_checks() {
        let mut cell = Cell { answer: "It is 42".into(), ..Cell::default() };
        let check = |text: &str| Check::Contains { text: text.into() };
        cell.judge(&[check("42"), check("43")]);
        assert_eq!((cell.passed(), cell.is_good()), ((1, 2), false));
        cell.mark = Mark::Good;
        assert!(cell.is_good());
        let mut failed = Cell::failed("down", 0);
        failed.judge(&[Check::NotContains { text: "x".into() }]);
        assert_eq!(failed.passed(), (0, 1), "what did not answer passes nothing");
        let kept = serde_json::to_string(&cell).unwrap();
        assert_eq!(serde_json::from_str::<Cell>(&kept).unwrap(), cell);
    }

    #[test]
    fn long_answers_are_cut_between_characters() {
        assert_eq!(clipped("aä", 2), "a");
        assert_eq!(clipped("aä", 3), "aä");
    }
}
