//! The plan: what a drop proposes, before anything is written.

use super::board::Board;
use super::compare::{Line, Side, compare, is_older};
use super::promotion::{AliasChange, Ending, Stage};
use crate::entities::{ModelVersion, ModelVersionStatus, Run, VersionNumber};
use crate::state::remote::Remote;
use crate::state::{Cx, ModelKind};

/// One proposed change of an alias, with what helps to decide.
#[derive(Debug)]
pub struct Plan {
    /// What is proposed.
    pub change: AliasChange,
    /// Whether it is being carried out.
    pub stage: Option<Stage>,
    /// What the last attempt said, if it changed nothing.
    pub message: Option<String>,
    from: PlanSide,
    to: PlanSide,
    lines: Vec<Line>,
}

/// One version of the plan and its source run.
#[derive(Debug, Default)]
struct PlanSide {
    version: Option<ModelVersion>,
    run: Remote<Run>,
}

impl PlanSide {
    fn new(version: Option<VersionNumber>, board: &Board, cx: &Cx<'_>) -> Self {
        let version = version.and_then(|version| board.version(version)).cloned();
        let mut run = Remote::default();
        if let Some(run_id) = version.as_ref().and_then(ModelVersion::run_id) {
            run.load(cx.tasks, cx.store.get_run(run_id));
        }
        Self { version, run }
    }

    fn side(&self) -> Side<'_> {
        Side { version: self.version.as_ref(), run: self.run.value() }
    }
}

impl Plan {
    /// Proposes a change; the source runs of both versions are loaded meanwhile.
    pub fn new(change: AliasChange, board: &Board, cx: &Cx<'_>) -> Self {
        let from = PlanSide::new(change.from, board, cx);
        let to = PlanSide::new(change.to, board, cx);
        let mut plan = Self { change, stage: None, message: None, from, to, lines: Vec::new() };
        plan.lines = plan.compared();
        plan
    }

    /// Draws the plan anew from where the alias is now.
    pub fn restart(&mut self, from: Option<VersionNumber>, board: &Board, cx: &Cx<'_>) {
        self.change.from = from;
        self.from = PlanSide::new(from, board, cx);
        self.lines = self.compared();
    }

    /// Takes what arrived.
    pub fn poll(&mut self) {
        if self.from.run.poll() | self.to.run.poll() {
            self.lines = self.compared();
        }
    }

    /// Whether the change is being carried out.
    pub fn is_busy(&self) -> bool {
        self.stage.is_some()
    }

    /// What an attempt that changed nothing said.
    pub fn refused(&mut self, ending: &Ending) {
        self.stage = None;
        self.message = Some(ending.sentence(&self.change));
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
        [(&self.from, self.change.from), (&self.to, self.change.to)]
            .into_iter()
            .filter_map(|(side, number)| {
                let number = number?;
                match (&side.version, side.run.error()) {
                    (_, Some(error)) if error.is_not_found() => {
                        Some(format!("The source run of v{number} does not exist any more"))
                    }
                    (_, Some(error)) => {
                        Some(format!("The source run of v{number} could not be loaded: {error}"))
                    }
                    (Some(version), None)
                        if version.run_id().is_none() && self.change.kind == ModelKind::Model =>
                    {
                        Some(format!("v{number} names no source run"))
                    }
                    _ => None,
                }
            })
            .collect()
    }

    /// What to think of before it is confirmed.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let AliasChange { alias, from, to, .. } = &self.change;
        if let Some(version) = &self.to.version {
            match version.status {
                ModelVersionStatus::Ready => {}
                ModelVersionStatus::Pending => {
                    warnings.push(format!("v{} is not ready: its registration is pending", version.version));
                }
                ModelVersionStatus::Failed => {
                    warnings.push(format!(
                        "The registration of v{} failed: it cannot be loaded",
                        version.version
                    ));
                }
            }
        }
        match (from, to) {
            (Some(from), Some(to)) if is_older(*to, *from) => {
                warnings.push(format!("v{to} is older than v{from}"));
            }
            (None, Some(_)) => warnings.push(format!("{alias} is new: nothing resolves it yet")),
            _ => {}
        }
        warnings
    }

    fn compared(&self) -> Vec<Line> {
        compare(self.from.side(), self.to.side())
    }
}
