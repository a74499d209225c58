//! What a finished bench says of the versions that answered.

use super::result::BenchRun;
use super::summary::{AgainstCounts, ColumnSummary};
use crate::state::State;
use crate::state::evidence::{Against, BenchEvidence, Record};

/// The column that the others are compared with: the first, where what is in use stands as a rule.
const BASE: usize = 0;

/// One for each endpoint whose version is known and did not change; none before all have answered everything.
pub fn records(run: &BenchRun) -> Vec<Record> {
    let Some(ended) = run.ended.filter(|_| run.is_complete() && run.rows() > 0) else { return Vec::new() };
    let record = |(at, column): (usize, &super::result::Column)| {
        let (model, version) = (column.model.as_ref()?, column.version()?);
        if column.doubt().is_some() {
            return None;
        }
        let summary = ColumnSummary::of(run, at);
        let bench = BenchEvidence {
            run: run.id,
            column: at,
            set: run.set.name.clone(),
            endpoint: column.name.clone(),
            started: run.started,
            ended,
            prompts: summary.prompts,
            passed: summary.good,
            against: (at != BASE).then(|| Against {
                endpoint: run.columns[BASE].name.clone(),
                version: run.columns[BASE].version(),
                regressed: AgainstCounts::of(run, BASE, at).regressed,
            }),
        };
        Some(Record::claim(&model.server, &model.name, version, bench))
    };
    run.columns.iter().enumerate().filter_map(record).collect()
}

impl State {
    /// Keeps what finished runs say of versions. Costs nothing while nothing happens.
    pub(super) fn keep_bench_evidence(&mut self) {
        let revision = self.bench.revision;
        if std::mem::replace(&mut self.bench.kept_evidence_of, revision) != revision {
            let found = self.bench.open.iter().flat_map(records).collect();
            self.evidence.keep(found, &self.tasks);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::state::bench::result::{Cell, Column, Identity, Known, Mark, ServedModel};
    use crate::state::bench::set::{Case, Prompt, PromptSet};

    fn run() -> BenchRun {
        let mut set = PromptSet::new(1, "smoke");
        set.extend(vec![Case::of("", Prompt::Text("q".into())); 2]);
        let look = |version| Identity { version: Some(version), known: Known::Info, at: 1 };
        let columns = [3, 7].map(|version| Column {
            name: format!("agent {version}"),
            model: Some(ServedModel { server: "http://a".into(), name: "Churn".into(), alias: None }),
            before: look(version),
            after: Some(look(version)),
            ..Column::default()
        });
        let mut run = BenchRun::new(9, Arc::new(set), columns.into(), 1_000);
        for row in 0..2 {
            for column in 0..2 {
                let mark = if row + column == 2 { Mark::Bad } else { Mark::None };
                run.put(row, column, Cell { answer: "a".into(), mark, ..Cell::default() });
            }
        }
        run.ended = Some(2_000);
        run
    }

    #[test]
    fn each_endpoint_speaks_for_the_version_that_answered() {
        let found = records(&run());
        let bench = BenchEvidence {
            run: 9,
            column: 1,
            set: "smoke".into(),
            endpoint: "agent 7".into(),
            started: 1_000,
            ended: 2_000,
            prompts: 2,
            passed: 1,
            against: Some(Against { endpoint: "agent 3".into(), version: Some(3), regressed: 1 }),
        };
        assert_eq!(found.len(), 2);
        assert_eq!(found[1], Record::claim("http://a", "Churn", 7, bench));
    }

    #[test]
    fn what_is_not_complete_or_changed_meanwhile_speaks_for_nothing() {
        let mut unfinished = run();
        unfinished.ended = None;
        let mut holes = run();
        holes.cells[1] = None;
        let mut changed = run();
        for column in &mut changed.columns {
            column.after = Some(Identity { version: Some(8), ..column.before.clone() });
        }
        let mut unbound = run();
        unbound.columns.iter_mut().for_each(|column| column.model = None);
        for run in [unfinished, holes, changed, unbound] {
            assert_eq!(records(&run), []);
        }
    }
}
