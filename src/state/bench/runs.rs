//! What is done with runs, and what happens in the one that is under way.

use std::time::Instant;

use super::result::{BenchRun, Column, Identity, Known, Mark};
use super::runner::Job;
use super::shelf::{Record, When};
use super::{Bench, RunSummary, Running, is_of_sample};
use crate::state::navigation::Route;
use crate::state::notices::Notices;
use crate::state::tasks::{Polled, Tasks};
use crate::state::{Command, format};

impl Bench {
    /// Begins a run.
    pub(super) fn begin(&mut self, run: BenchRun, job: Job, tasks: &Tasks) {
        if let Some(shelf) = self.shelf.as_ref().filter(|_| !is_of_sample(&run)) {
            shelf.begin(&run);
        }
        self.starting = None;
        self.runs.insert(0, RunSummary::of(&run));
        self.carry_out(run.id, job, tasks);
        self.open.push(run);
    }

    /// Goes on with a run that is open.
    pub(super) fn resume(&mut self, run: u64, job: Job, tasks: &Tasks) {
        self.carry_out(run, job, tasks);
        self.happened(run, Record::Resumed);
    }

    fn carry_out(&mut self, run: u64, job: Job, tasks: &Tasks) {
        let asked = job.todo.len();
        self.running = Some(Running { run, feed: job.start(tasks), asked, came: 0 });
        self.revision += 1;
    }

    /// Hangs up on everything under way.
    pub(super) fn stop(&mut self) {
        self.running = None;
        self.revision += 1;
    }

    /// Takes what the runner reports.
    pub(super) fn poll_running(
        &mut self,
        deadline: Instant,
        notices: &mut Notices,
        now: impl Fn(&Column) -> Option<Identity>,
    ) {
        while let Some(running) = &mut self.running {
            let run = running.run;
            match running.feed.poll() {
                Polled::Pending => break,
                Polled::Lost => self.stop(),
                Polled::Ready(record) => {
                    running.came += usize::from(matches!(record, Record::Cell { .. }));
                    let ended = matches!(record, Record::End { .. });
                    self.happened(run, self.as_seen_here(run, record, &now));
                    if ended {
                        self.running = None;
                        self.tell_end(run, notices);
                    }
                }
            }
            if Instant::now() >= deadline {
                break;
            }
        }
    }

    /// What is known here of an endpoint at the end of a run, and not at its start, comes first: it was restarted, say.
    fn as_seen_here(
        &self,
        run: u64,
        record: Record<'static>,
        now: impl Fn(&Column) -> Option<Identity>,
    ) -> Record<'static> {
        let Record::Look { column, when: When::After, look } = record else { return record };
        let known = self.run(run).and_then(|run| now(run.columns.get(column)?));
        let look = match known {
            Some(known) => Identity { at: look.at, ..known },
            None if matches!(look.known, Known::ServedHere | Known::Sample) => {
                let why = "It was not served here any more at the end".to_owned();
                Identity { version: None, known: Known::No(why), at: look.at }
            }
            None => look,
        };
        Record::Look { column, look, when: When::After }
    }

    /// Something happened in a run that is open: it is shown, and kept.
    pub(super) fn happened(&mut self, id: u64, record: Record<'static>) {
        let Some(run) = self.open.iter_mut().find(|run| run.id == id) else { return };
        if let Some(shelf) = self.shelf.as_ref().filter(|_| !is_of_sample(run)) {
            shelf.append(id, record.clone());
        }
        run.take(record);
        if let Some(known) = self.runs.iter_mut().find(|known| known.id == id) {
            *known = RunSummary::of(run);
        }
        self.revision += 1;
    }

    fn tell_end(&self, id: u64, notices: &mut Notices) {
        let Some(run) = self.run(id).filter(|_| self.shown != Some(id)) else { return };
        let good = run.cells.iter().flatten().filter(|cell| cell.is_good()).count();
        let text = format!(
            "The bench “{}” is done: {} of {} answers are as they should be",
            run.name,
            format::count(good),
            format::count(run.cells.len())
        );
        notices.success(text, Some(("Open", Command::Go(Route::BenchRun(id)))));
    }

    pub(super) fn rename_run(&mut self, id: u64, name: &str) {
        let name = name.trim().to_owned();
        if !name.is_empty() {
            self.happened(id, Record::Name { name: name.into() });
        }
    }

    pub(super) fn mark(&mut self, id: u64, row: usize, column: usize, mark: Mark, note: String) {
        if self.run(id).is_some_and(|run| run.cell(row, column).is_some()) {
            self.happened(id, Record::Mark { row, column, mark, note });
        }
    }
}
