//! What is done with sets of prompts.

use std::sync::Arc;
use std::time::Duration;

use super::set::{Case, PromptSet};
use super::{Bench, BenchCommand, Deleted, Kind, Route, sample};
use crate::state::notices::Notices;
use crate::state::tasks::Tasks;
use crate::state::{Command, format};

/// What is typed is written so long after the first key.
pub(super) const PAUSE: Duration = Duration::from_millis(400);
/// What a set is called that nobody named.
const UNNAMED: &str = "New set";

impl Bench {
    /// Carries out what needs nothing but the bench. Where to go then.
    pub(super) fn apply(
        &mut self,
        command: BenchCommand,
        tasks: &Tasks,
        notices: &mut Notices,
    ) -> Option<Route> {
        match command {
            BenchCommand::NewSet => {
                let id = self.add_set(UNNAMED, vec![Case::default()]);
                return Some(Route::BenchSet(id));
            }
            BenchCommand::RenameSet(id, name) => self.edit_set(id, |set| set.name = name),
            BenchCommand::AddCases { set, name, cases } => {
                self.adding = None;
                self.add_cases(set, &name, cases, notices);
            }
            BenchCommand::AddCase(set) => self.edit_set(set, |set| {
                set.extend(vec![Case::default()]);
            }),
            BenchCommand::PutCase(id, case) => self.edit_set(id, |set| {
                if let Some(known) = set.cases.iter_mut().find(|known| known.id == case.id) {
                    *known = *case;
                }
            }),
            BenchCommand::DeleteCases(id, cases) => self.delete_cases(id, &cases, notices),
            BenchCommand::PutSet(set) => self.edit_set(set.id, |known| *known = PromptSet::clone(&set)),
            BenchCommand::Delete(kind, id) => return self.delete(kind, id, notices),
            BenchCommand::Restore(kind, id) => return self.restore(kind, id),
            BenchCommand::Import(set) => self.pick(set, tasks),
            BenchCommand::ImportColumns(columns) => {
                if let Some(importing) = &mut self.importing {
                    importing.read_as(columns);
                }
            }
            BenchCommand::ImportConfirm(name) => {
                let importing = self.importing.take()?;
                let (set, cases) = (importing.into_set, importing.cases);
                let id = self.add_cases(set, &name, cases, notices);
                return Some(Route::BenchSet(id));
            }
            BenchCommand::ImportCancel => self.importing = None,
            BenchCommand::AskAdd(cases) => self.adding = Some(cases).filter(|cases| !cases.is_empty()),
            BenchCommand::CancelAdd => self.adding = None,
            BenchCommand::AskStart(set) => self.starting = Some(set),
            BenchCommand::CancelStart => self.starting = None,
            BenchCommand::Stop => self.stop(),
            BenchCommand::RenameRun(run, name) => self.rename_run(run, &name),
            BenchCommand::Mark { run, row, column, mark, note } => self.mark(run, row, column, mark, note),
            BenchCommand::Arrange(wanted) => self.wanted = wanted,
            BenchCommand::ShowRow(row) => self.row = row,
            // These ask endpoints and servers, of which the bench knows nothing.
            BenchCommand::Start(_)
            | BenchCommand::Resume(_)
            | BenchCommand::RetryFailed(_)
            | BenchCommand::Retry(..)
            | BenchCommand::AskDatasets(_)
            | BenchCommand::CancelDatasets
            | BenchCommand::LookDatasets(_)
            | BenchCommand::ReadDataset(_)
            | BenchCommand::StopDataset
            | BenchCommand::Export(..)
            | BenchCommand::AskLog(_)
            | BenchCommand::CancelLog
            | BenchCommand::Log { .. } => {}
        }
        None
    }

    fn add_set(&mut self, name: &str, cases: Vec<Case>) -> u64 {
        let id = self.new_id();
        let taken = |name: &str| self.sets.iter().any(|set| set.name == name);
        let mut free = name.trim().to_owned();
        let mut number = 2;
        while taken(&free) {
            free = format!("{} {number}", name.trim());
            number += 1;
        }
        let mut set = PromptSet::new(id, free);
        set.extend(cases);
        self.sets.insert(0, Arc::new(set));
        self.unsaved.insert(id);
        id
    }

    fn edit_set(&mut self, id: u64, edit: impl FnOnce(&mut PromptSet)) {
        if let Some(set) = self.sets.iter_mut().find(|set| set.id == id) {
            edit(Arc::make_mut(set));
            self.unsaved.insert(id);
        }
    }

    fn add_cases(&mut self, set: Option<u64>, name: &str, cases: Vec<Case>, notices: &mut Notices) -> u64 {
        let count = cases.len();
        let id = match set.filter(|id| self.set(*id).is_some()) {
            Some(id) => {
                self.edit_set(id, |set| {
                    // The empty prompt that a new set begins with gives way.
                    set.cases.retain(|case| *case != Case { id: case.id.clone(), ..Case::default() });
                    set.extend(cases);
                });
                id
            }
            None => self.add_set(if name.trim().is_empty() { UNNAMED } else { name }, cases),
        };
        let name = self.set(id).map(|set| set.name.clone()).unwrap_or_default();
        let open = ("Open", Command::Go(Route::BenchSet(id)));
        let text = format!("Added {} to “{name}”", format::counted(count, "prompt", "prompts"));
        notices.success(text, Some(open));
        id
    }

    fn delete_cases(&mut self, id: u64, cases: &[String], notices: &mut Notices) {
        let Some(before) = self.set(id).cloned() else { return };
        self.edit_set(id, |set| set.cases.retain(|case| !cases.contains(&case.id)));
        let text = format!("Deleted {}", format::counted(cases.len(), "prompt", "prompts"));
        notices.success(text, Some(("Undo", BenchCommand::PutSet(before).into())));
    }

    fn delete(&mut self, kind: Kind, id: u64, notices: &mut Notices) -> Option<Route> {
        let name = match kind {
            Kind::Set => {
                self.save_unsaved();
                let at = self.sets.iter().position(|set| set.id == id)?;
                let set = self.sets.remove(at);
                let name = set.name.clone();
                self.deleted.push(Deleted::Set(set));
                name
            }
            Kind::Run => {
                if self.running() == Some(id) {
                    self.stop();
                }
                let at = self.runs.iter().position(|run| run.id == id)?;
                let summary = self.runs.remove(at);
                let name = summary.name.clone();
                let open = self.open.iter().position(|run| run.id == id).map(|at| self.open.remove(at));
                self.deleted.push(Deleted::Run(Box::new((summary, open))));
                name
            }
        };
        if let Some(shelf) = self.shelf.as_ref().filter(|_| id != sample::ID) {
            shelf.delete(kind, id);
        }
        let undo = BenchCommand::Restore(kind, id).into();
        notices.success(format!("Deleted “{name}”"), Some(("Undo", undo)));
        Some(Route::Bench)
    }

    fn restore(&mut self, kind: Kind, id: u64) -> Option<Route> {
        let at = self.deleted.iter().position(|deleted| match deleted {
            Deleted::Set(set) => kind == Kind::Set && set.id == id,
            Deleted::Run(run) => kind == Kind::Run && run.0.id == id,
        })?;
        if let Some(shelf) = self.shelf.as_ref().filter(|_| id != sample::ID) {
            shelf.restore(kind, id);
        }
        match self.deleted.remove(at) {
            Deleted::Set(set) => self.sets.push(set),
            Deleted::Run(run) => {
                self.runs.push(run.0);
                self.open.extend(run.1);
            }
        }
        self.sort();
        Some(match kind {
            Kind::Set => Route::BenchSet(id),
            Kind::Run => Route::BenchRun(id),
        })
    }

    /// Writes what was typed. The sample's set is in no folder.
    pub(super) fn save_unsaved(&mut self) {
        for id in std::mem::take(&mut self.unsaved) {
            if let (Some(set), Some(shelf), true) = (self.set(id), &self.shelf, id != sample::ID) {
                shelf.save_set(set);
            }
        }
    }
}
