//! The plan: what a drop proposes, before anything is written.

use super::board::Board;
use super::compare::is_older;
use super::comparison::Comparison;
use super::promotion::{AliasChange, Ending, Stage};
use crate::entities::{ModelVersionStatus, VersionNumber};
use crate::state::Cx;

/// One proposed change of an alias, with what helps to decide.
#[derive(Debug)]
pub struct Plan {
    /// What is proposed.
    pub change: AliasChange,
    /// Whether it is being carried out.
    pub stage: Option<Stage>,
    /// What the last attempt said, if it changed nothing.
    pub message: Option<String>,
    /// What differs between the two versions.
    pub comparison: Comparison,
}

impl Plan {
    /// Proposes a change; the source runs of both versions are loaded meanwhile.
    pub fn new(change: AliasChange, board: &Board, cx: &Cx<'_>) -> Self {
        let comparison = Comparison::new(change.kind, [change.from, change.to], board, cx);
        Self { change, stage: None, message: None, comparison }
    }

    /// Draws the plan anew from where the alias is now.
    pub fn restart(&mut self, from: Option<VersionNumber>, board: &Board, cx: &Cx<'_>) {
        self.change.from = from;
        self.comparison = Comparison::new(self.change.kind, [from, self.change.to], board, cx);
    }

    /// Takes what arrived.
    pub fn poll(&mut self) {
        self.comparison.poll();
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

    /// What to think of before it is confirmed.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let AliasChange { alias, from, to, .. } = &self.change;
        if let Some(version) = self.comparison.to() {
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
}
