//! A change proposed for a model whose board is not open, from the matrix say: what the plan compares is asked for
//! first.

use super::board::Board;
use super::promotion::AliasChange;
use crate::entities::{ModelVersion, RegisteredModel};
use crate::state::Cx;
use crate::state::remote::Remote;

/// What is being asked for before the plan is drawn.
#[derive(Debug)]
pub struct Proposal {
    change: AliasChange,
    model: RegisteredModel,
    versions: Vec<Remote<ModelVersion>>,
}

impl Proposal {
    /// Asks for the two versions.
    pub fn new(change: AliasChange, model: RegisteredModel, cx: &Cx<'_>) -> Self {
        let versions = [change.from, change.to]
            .into_iter()
            .flatten()
            .map(|version| {
                let mut remote = Remote::default();
                remote.load(cx.tasks, cx.store.get_model_version(&change.name, version));
                remote
            })
            .collect();
        Self { change, model, versions }
    }

    /// Takes what arrived. Once everything is here, or failed: the change, and a board with what is known. A version
    /// that cannot be had is no reason to hold the plan back: carrying it out checks.
    pub fn poll(&mut self) -> Option<(AliasChange, Board)> {
        for version in &mut self.versions {
            version.poll();
        }
        if self.versions.iter().any(Remote::is_loading) {
            return None;
        }
        let mut versions: Vec<_> =
            self.versions.iter().filter_map(|version| version.value().cloned()).collect();
        versions.sort_by_key(|version| std::cmp::Reverse(version.version));
        let board = Board::known(self.change.kind, Some(self.model.clone()), versions);
        Some((self.change.clone(), board))
    }
}
