//! Two versions side by side, with their source runs as they arrive.

use super::board::Board;
use super::compare::{Line, Side, compare};
use crate::entities::{ModelVersion, Run, VersionNumber};
use crate::state::remote::Remote;
use crate::state::{Cx, ModelKind};

/// Two versions of a model, and what differs between them.
#[derive(Debug)]
pub struct Comparison {
    kind: ModelKind,
    from: Loaded,
    to: Loaded,
    lines: Vec<Line>,
}

/// One version and its source run.
#[derive(Debug, Default)]
struct Loaded {
    number: Option<VersionNumber>,
    version: Option<ModelVersion>,
    run: Remote<Run>,
}

impl Loaded {
    fn new(number: Option<VersionNumber>, board: &Board, cx: &Cx<'_>) -> Self {
        let version = number.and_then(|version| board.version(version)).cloned();
        let mut run = Remote::default();
        if let Some(run_id) = version.as_ref().and_then(ModelVersion::run_id) {
            run.load(cx.tasks, cx.store.get_run(run_id));
        }
        Self { number, version, run }
    }

    fn side(&self) -> Side<'_> {
        Side { version: self.version.as_ref(), run: self.run.value() }
    }
}

impl Comparison {
    /// Compares two versions; their source runs are loaded meanwhile.
    pub fn new(kind: ModelKind, [from, to]: [Option<VersionNumber>; 2], board: &Board, cx: &Cx<'_>) -> Self {
        let (from, to) = (Loaded::new(from, board, cx), Loaded::new(to, board, cx));
        let lines = compare(from.side(), to.side());
        Self { kind, from, to, lines }
    }

    /// Takes what arrived.
    pub fn poll(&mut self) {
        if self.from.run.poll() | self.to.run.poll() {
            self.lines = compare(self.from.side(), self.to.side());
        }
    }

    /// The version on the right, if it is known.
    pub fn to(&self) -> Option<&ModelVersion> {
        self.to.version.as_ref()
    }

    /// What is compared, line by line.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Whether a source run is still on its way.
    pub fn is_loading(&self) -> bool {
        self.from.run.is_loading() || self.to.run.is_loading()
    }

    /// What could not be loaded, as sentences. The change is possible all the same.
    pub fn gaps(&self) -> Vec<String> {
        [&self.from, &self.to]
            .into_iter()
            .filter_map(|side| {
                let number = side.number?;
                match (&side.version, side.run.error()) {
                    (_, Some(error)) if error.is_not_found() => {
                        Some(format!("The source run of v{number} does not exist any more"))
                    }
                    (_, Some(error)) => {
                        Some(format!("The source run of v{number} could not be loaded: {error}"))
                    }
                    (Some(version), None) if version.run_id().is_none() && self.kind == ModelKind::Model => {
                        Some(format!("v{number} names no source run"))
                    }
                    _ => None,
                }
            })
            .collect()
    }
}
