//! A run in figures: how many answered, passed, differ, and how long it took, with the spread and not a mean alone.

use serde_json::Value;

use super::check::normalised;
use super::result::{BenchRun, Call, Cell};
use crate::agent::wire::Usage;

/// An answer is slower (or faster) where it took this much more (or less) than the base's…
const SLOWER: f64 = 1.2;
/// … and at least so many milliseconds.
const LEAST_SLOWER: u64 = 100;

/// One column in figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnSummary {
    /// Prompts of the set.
    pub prompts: usize,
    /// Whole answers.
    pub answered: usize,
    /// Answers that failed.
    pub failed: usize,
    /// Answers that are as they should be, by checks and marks.
    pub good: usize,
    /// Checks that hold.
    pub checks_passed: usize,
    /// Checks that do not.
    pub checks_failed: usize,
    /// Answers that a person marked as good, and as bad.
    pub marked: (usize, usize),
    /// Milliseconds to the end, of whole answers.
    pub total_ms: Option<Spread>,
    /// Milliseconds to the first thing said, of whole answers.
    pub first_token_ms: Option<Spread>,
    /// Tokens written per answer, of those that came with counts.
    pub output_tokens: Option<Spread>,
    /// All tokens, of those that came with counts.
    pub tokens: Usage,
}

/// Where values lie.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// How many there are.
    pub n: usize,
    /// The smallest.
    pub min: f64,
    /// A quarter is below.
    pub q1: f64,
    /// Half is below.
    pub median: f64,
    /// Three quarters are below.
    pub q3: f64,
    /// Nine tenths are below.
    pub p90: f64,
    /// The largest.
    pub max: f64,
}

/// How one answer stands to the base's answer to the same prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Against {
    /// Both have a whole answer.
    pub compared: bool,
    /// They differ in more than case and white space, or the tools that were called do; or one of them failed.
    pub different: bool,
    /// It is not as it should be, and the base's is.
    pub regressed: bool,
    /// It is as it should be, and the base's is not.
    pub fixed: bool,
    /// It took clearly longer.
    pub slower: bool,
    /// It took clearly less.
    pub faster: bool,
}

/// One column against the base, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgainstCounts {
    /// Prompts that both answered as a whole.
    pub compared: usize,
    /// Of these, answers that are the same.
    pub same: usize,
    /// Answers that differ, or one of which failed.
    pub different: usize,
    /// See [`Against::regressed`].
    pub regressed: usize,
    /// See [`Against::fixed`].
    pub fixed: usize,
    /// See [`Against::slower`].
    pub slower: usize,
    /// See [`Against::faster`].
    pub faster: usize,
}

impl Spread {
    /// Of all values; `None` of none. Values between two neighbours are interpolated.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.retain(|value| value.is_finite());
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let at = |part: f64| quantile(&values, part);
        Some(Self { n: values.len(), min, q1: at(0.25), median: at(0.5), q3: at(0.75), p90: at(0.9), max })
    }

    /// Between the quarters: how far apart the middle half lies.
    pub fn iqr(&self) -> f64 {
        self.q3 - self.q1
    }
}

fn quantile(sorted: &[f64], part: f64) -> f64 {
    let place = part * sorted.len().saturating_sub(1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(below), sorted.get(above)) {
        (Some(low), Some(high)) => low + (high - low) * place.fract(),
        _ => f64::NAN,
    }
}

impl ColumnSummary {
    /// One column of a run.
    pub fn of(run: &BenchRun, column: usize) -> Self {
        let mut summary = Self { prompts: run.rows(), ..Self::default() };
        let (mut totals, mut firsts, mut written) = (Vec::new(), Vec::new(), Vec::new());
        for cell in (0..run.rows()).filter_map(|row| run.cell(row, column)) {
            let (passed, checks) = cell.passed();
            summary.checks_passed += passed;
            summary.checks_failed += checks - passed;
            summary.good += usize::from(cell.is_good());
            summary.marked.0 += usize::from(cell.mark == super::result::Mark::Good);
            summary.marked.1 += usize::from(cell.mark == super::result::Mark::Bad);
            if cell.failure.is_some() {
                summary.failed += 1;
                continue;
            }
            summary.answered += 1;
            totals.push(cell.total_ms as f64);
            firsts.extend(cell.first_token_ms.map(|ms| ms as f64));
            if let Some(usage) = cell.usage {
                written.push(usage.output as f64);
                summary.tokens = summary.tokens.plus(usage);
            }
        }
        summary.total_ms = Spread::of(totals);
        summary.first_token_ms = Spread::of(firsts);
        summary.output_tokens = Spread::of(written);
        summary
    }

    /// Answers that came, failed ones too.
    pub fn done(&self) -> usize {
        self.answered + self.failed
    }
}

/// How an answer stands to the base's; nothing where one of them is not here yet.
pub fn against(base: Option<&Cell>, cell: Option<&Cell>) -> Against {
    let (Some(base), Some(cell)) = (base, cell) else { return Against::default() };
    let compared = base.failure.is_none() && cell.failure.is_none();
    let fails = base.failure.is_some() != cell.failure.is_some();
    let takes_longer = |a: &Cell, b: &Cell| {
        let (a, b) = (a.total_ms, b.total_ms);
        compared && a as f64 > b as f64 * SLOWER && a.saturating_sub(b) >= LEAST_SLOWER
    };
    Against {
        compared,
        different: fails || (compared && !is_same(base, cell)),
        regressed: base.is_good() && !cell.is_good(),
        fixed: !base.is_good() && cell.is_good(),
        slower: takes_longer(cell, base),
        faster: takes_longer(base, cell),
    }
}

/// Whether two answers say and do the same.
pub fn is_same(a: &Cell, b: &Cell) -> bool {
    same_calls(&a.calls, &b.calls) && (a.answer == b.answer || normalised(&a.answer) == normalised(&b.answer))
}

/// Whether the same tools were called in the same order with the same arguments, however those are written.
fn same_calls(a: &[Call], b: &[Call]) -> bool {
    let same = |(a, b): (&Call, &Call)| {
        a.name == b.name
            && (a.arguments == b.arguments || json(a).is_some_and(|arguments| json(b) == Some(arguments)))
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}

/// `None`: they are no JSON, or were cut.
fn json(call: &Call) -> Option<Value> {
    serde_json::from_str(&call.arguments).ok()
}

impl AgainstCounts {
    /// One column of a run against another.
    pub fn of(run: &BenchRun, base: usize, column: usize) -> Self {
        let all = (0..run.rows()).map(|row| {
            against(run.cell(row, base).map(AsRef::as_ref), run.cell(row, column).map(AsRef::as_ref))
        });
        all.fold(Self::default(), Self::plus)
    }

    /// With one more.
    pub fn plus(self, one: Against) -> Self {
        Self {
            compared: self.compared + usize::from(one.compared),
            same: self.same + usize::from(one.compared && !one.different),
            different: self.different + usize::from(one.different),
            regressed: self.regressed + usize::from(one.regressed),
            fixed: self.fixed + usize::from(one.fixed),
            slower: self.slower + usize::from(one.slower),
            faster: self.faster + usize::from(one.faster),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::state::bench::check::{Check, Verdict};
    use crate::state::bench::result::{Column, Mark};
    use crate::state::bench::set::{Case, Prompt, PromptSet};

    fn cell(answer: &str, total_ms: u64) -> Cell {
        Cell { answer: answer.into(), total_ms, ..Cell::default() }
    }

    fn verdict(passed: bool) -> Verdict {
        Verdict { passed, why: String::new() }
    }

    #[test]
    fn a_spread_says_where_the_values_lie() {
        let spread = Spread::of((1..=11).rev().map(f64::from).collect()).unwrap();
        assert_eq!((spread.n, spread.min, spread.median, spread.max), (11, 1.0, 6.0, 11.0));
        assert_eq!((spread.q1, spread.q3, spread.iqr(), spread.p90), (3.5, 8.5, 5.0, 10.0));
        assert_eq!(Spread::of(vec![4.0, 2.0]).map(|spread| spread.median), Some(3.0));
        assert_eq!(Spread::of(vec![f64::NAN]), None);
    }

    #[test]
    fn answers_are_the_same_whatever_their_case_and_spaces() {
        let same = against(Some(&cell("It is\n 42", 100)), Some(&cell("it is 42 ", 110)));
        assert_eq!(same, Against { compared: true, ..Against::default() });
        let mut called = cell("it is 42", 100);
        called.calls.push(Call { name: "query".into(), arguments: "{}".into() });
        assert!(against(Some(&cell("it is 42", 100)), Some(&called)).different);
        let calling = |arguments: &str| {
            let call = Call { name: "query".into(), arguments: arguments.into() };
            Cell { calls: vec![call], ..cell("it is 42", 100) }
        };
        let differs = |a: &str, b: &str| against(Some(&calling(a)), Some(&calling(b))).different;
        assert!(!differs(r#"{"a":1,"b":2}"#, r#"{ "b": 2, "a": 1 }"#));
        assert!(differs(r#"{"a":1}"#, r#"{"a":2}"#) && differs("{\"a", "{\"b"));
        let failed = against(Some(&cell("x", 100)), Some(&Cell::failed("no", 0)));
        assert!(failed.different && failed.regressed && !failed.compared);
        assert_eq!(against(None, Some(&called)), Against::default());
    }

    #[test]
    fn only_clearly_longer_is_slower() {
        let slower = |base, this| against(Some(&cell("", base)), Some(&cell("", this))).slower;
        assert!(!slower(1000, 1190) && slower(1000, 1250) && !slower(10, 60) && slower(10, 120));
        assert!(against(Some(&cell("", 1250)), Some(&cell("", 1000))).faster);
    }

    #[test]
    fn regressed_and_fixed_follow_checks_and_marks() {
        let (mut good, mut bad) = (cell("a", 1), cell("a", 1));
        good.verdicts = vec![verdict(true)];
        bad.verdicts = vec![verdict(true), verdict(false)];
        assert!(against(Some(&good), Some(&bad)).regressed && against(Some(&bad), Some(&good)).fixed);
        bad.mark = Mark::Good;
        assert!(!against(Some(&good), Some(&bad)).regressed);
    }

    #[test]
    fn columns_are_counted() {
        let mut set = PromptSet::new(1, "s");
        let mut case = Case::of("", Prompt::Text("q".into()));
        case.checks = vec![Check::Contains { text: "42".into() }];
        set.extend(vec![case; 4]);
        let mut run = BenchRun::new(1, Arc::new(set), vec![Column::default(); 2], 0);
        for (row, answer, total) in [(0, "42", 100), (1, "43", 300), (2, "42!", 200)] {
            for column in 0..2 {
                let mut cell = cell(if column == 1 && row == 2 { "no" } else { answer }, total);
                cell.judge(&run.set.cases[row].checks.clone());
                run.put(row, column, cell);
            }
        }
        run.put(3, 0, Cell::failed("down", 0));
        let summary = ColumnSummary::of(&run, 0);
        assert_eq!((summary.prompts, summary.answered, summary.failed, summary.good), (4, 3, 1, 2));
        assert_eq!((summary.checks_passed, summary.checks_failed), (2, 1));
        assert_eq!(summary.total_ms.map(|spread| (spread.n, spread.median)), Some((3, 200.0)));
        assert_eq!((summary.first_token_ms, summary.output_tokens), (None, None));
        let counts = AgainstCounts::of(&run, 0, 1);
        assert_eq!((counts.compared, counts.same, counts.different, counts.regressed), (3, 2, 1, 1));
    }
}
