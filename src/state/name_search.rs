//! What the palette asks the server for while one types: what is not loaded here, by a part of its name.

use std::sync::Arc;
use std::time::Duration;

use super::Command;
use super::Cx;
use super::finder::Found;
use super::navigation::{ModelKind, Route, RunTab};
use super::remote::Remote;
use crate::entities::Named;
use crate::tracking::{NameQuery, TrackingError};

/// Who types on within this time asks for more.
const PAUSE: Duration = Duration::from_millis(250);
/// Fewer letters are in almost every name.
const LEAST: usize = 2;

/// What was looked up last.
#[derive(Debug, Default)]
pub struct NameSearch {
    asked: String,
    answer: Remote<Vec<Named>>,
    found: Vec<Found>,
}

impl NameSearch {
    /// Looks these words up, once nothing more is typed; what was looked up before is forgotten, or given up.
    pub fn ask(&mut self, words: &str, experiment_id: Option<&str>, cx: &Cx<'_>) {
        if self.asked == words.trim() {
            return;
        }
        *self = Self { asked: words.trim().to_owned(), ..Self::default() };
        if self.asked.chars().count() < LEAST {
            return;
        }
        let query = NameQuery::of(&self.asked, experiment_id);
        let store = Arc::clone(cx.store);
        let answer = async move {
            tokio::time::sleep(PAUSE).await;
            store.find_by_name(query).await
        };
        self.answer.load(cx.tasks, Box::pin(answer));
    }

    /// Takes the answer.
    pub fn poll(&mut self) {
        if self.answer.poll() {
            self.found = self.answer.value().into_iter().flatten().map(found).collect();
        }
    }

    /// What was found for the last words.
    pub fn found(&self) -> &[Found] {
        &self.found
    }

    /// Whether an answer is on its way.
    pub fn is_asking(&self) -> bool {
        self.answer.is_loading()
    }

    /// Why nothing could be looked up.
    pub fn error(&self) -> Option<&TrackingError> {
        self.answer.error()
    }
}

fn found(named: &Named) -> Found {
    let (kind, route) = match named {
        Named::Model(name) => ("model", Route::Model { kind: ModelKind::Model, name: name.clone() }),
        Named::Prompt(name) => ("prompt", Route::Model { kind: ModelKind::Prompt, name: name.clone() }),
        Named::Experiment { experiment_id, .. } => {
            ("experiment", Route::Experiment { experiment_id: experiment_id.clone() })
        }
        Named::Run { run_id, .. } => ("run", Route::Run { run_id: run_id.clone(), tab: RunTab::default() }),
    };
    Found {
        kind,
        name: named.name().to_owned(),
        detail: "On the server".to_owned(),
        command: Command::Go(route),
    }
}
