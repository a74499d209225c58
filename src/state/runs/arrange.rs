//! Which rows are shown, in which order, under which parents. Runs off the UI thread on a snapshot.

use std::collections::{HashMap, HashSet};

use super::column::Bits;
use super::filter::matching;
use super::page::Field;
use super::sort::{Sort, sorted};
use super::strings::StrId;
use super::table::{Rows, each_text};
use crate::entities::Millis;

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What is sorted by; the server's order otherwise.
    pub sort: Option<Sort>,
    /// Words that must occur.
    pub filter: String,
    /// Runs stand under their parents.
    pub nested: bool,
}

/// A row in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The row.
    pub row: u32,
    /// Entries below it that belong to it, at any depth.
    pub below: u32,
    /// How deep it stands.
    pub depth: u16,
    /// It matches the filter, and is not only there for its children.
    pub matched: bool,
}

/// Rows in order, children straight after their parents.
#[derive(Debug, Default)]
pub struct Arrangement {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Rows that match the filter.
    pub matched: u32,
    /// Rows there were.
    pub rows: u32,
    /// Some run has a parent among them.
    pub has_children: bool,
}

/// Deeper nesting is drawn at this depth.
const DEEPEST: u16 = 64;

/// Puts rows in order. `key_id` is the sort column's key, if a run has it.
pub fn arrange(rows: &Rows, wanted: &Wanted, key_id: Option<StrId>, now: Millis) -> Arrangement {
    let order = match &wanted.sort {
        Some(sort) => sorted(rows, sort, key_id, now),
        None => (0..rows.count()).collect(),
    };
    let matched = matching(rows, &wanted.filter);
    let parents = parents(rows);
    let is_match = |row: u32| matched.as_ref().is_none_or(|bits| bits.get(row));
    let count = (0..rows.count()).filter(|&row| is_match(row)).count() as u32;
    let has_children = !parents.is_empty();
    let entries = if wanted.nested && has_children {
        nest(&order, &parents, matched.as_ref())
    } else {
        let flat = |row| Entry { row, below: 0, depth: 0, matched: true };
        order.into_iter().filter(|&row| is_match(row)).map(flat).collect()
    };
    Arrangement { entries, matched: count, rows: rows.count(), has_children }
}

impl Arrangement {
    /// The entries that are seen when only the children of open rows are.
    pub fn visible(&self, is_open: impl Fn(u32) -> bool) -> Vec<u32> {
        let mut visible = Vec::new();
        let mut at = 0;
        while let Some(entry) = self.entries.get(at) {
            visible.push(at as u32);
            at += if entry.below > 0 && !is_open(entry.row) { entry.below as usize + 1 } else { 1 };
        }
        visible
    }
}

/// The parent of every row whose parent is among the rows. A run that names itself has none.
fn parents(rows: &Rows) -> HashMap<u32, u32> {
    let mut named = Vec::new();
    each_text(rows, |chunk| Some(chunk.field(Field::Parent)), |row, id| named.push((row, id)));
    if named.is_empty() {
        return HashMap::new();
    }
    let wanted: HashSet<StrId> = named.iter().map(|&(_, id)| id).collect();
    let mut row_of = HashMap::new();
    each_text(
        rows,
        |chunk| Some(chunk.field(Field::RunId)),
        |row, id| {
            if wanted.contains(&id) {
                row_of.insert(id, row);
            }
        },
    );
    named
        .into_iter()
        .filter_map(|(row, id)| row_of.get(&id).map(|&parent| (row, parent)))
        .filter(|(row, parent)| row != parent)
        .collect()
}

/// Depth first from the rows without a parent; then from whatever was not reached, which breaks cycles.
fn nest(order: &[u32], parents: &HashMap<u32, u32>, matched: Option<&Bits>) -> Vec<Entry> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for row in order {
        if let Some(parent) = parents.get(row) {
            children.entry(*parent).or_default().push(*row);
        }
    }
    let mut walk =
        Walk { children, seen: vec![false; order.len()], entries: Vec::with_capacity(order.len()) };
    for &row in order.iter().filter(|row| !parents.contains_key(row)) {
        walk.from(row);
    }
    for &row in order {
        walk.from(row);
    }
    match matched {
        Some(matched) => keep_matches(&walk.entries, matched),
        None => walk.entries,
    }
}

struct Walk {
    children: HashMap<u32, Vec<u32>>,
    seen: Vec<bool>,
    entries: Vec<Entry>,
}

impl Walk {
    fn from(&mut self, root: u32) {
        // Each step: a row to enter, or an entry to close once all below it are there.
        enum Step {
            Enter(u32, u16),
            Close(usize),
        }
        let mut steps = vec![Step::Enter(root, 0)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Close(at) => self.entries[at].below = (self.entries.len() - at - 1) as u32,
                Step::Enter(row, depth) => {
                    if std::mem::replace(&mut self.seen[row as usize], true) {
                        continue;
                    }
                    let at = self.entries.len();
                    self.entries.push(Entry { row, below: 0, depth: depth.min(DEEPEST), matched: true });
                    if let Some(children) = self.children.get(&row) {
                        steps.push(Step::Close(at));
                        steps.extend(
                            children.iter().rev().map(|&child| Step::Enter(child, depth.saturating_add(1))),
                        );
                    }
                }
            }
        }
    }
}

/// Keeps what matches and whatever stands above it.
fn keep_matches(entries: &[Entry], matched: &Bits) -> Vec<Entry> {
    let mut kept_before = Vec::with_capacity(entries.len() + 1);
    let mut kept = 0_u32;
    // Backwards, so that it is known of each entry how many below it are kept.
    kept_before.push(0);
    let mut keep = vec![false; entries.len()];
    for (at, entry) in entries.iter().enumerate().rev() {
        let nth = entries.len() - at - 1;
        let below = kept - kept_before[nth - entry.below as usize];
        keep[at] = below > 0 || matched.get(entry.row);
        kept += u32::from(keep[at]);
        kept_before.push(kept);
    }
    let mut answer = Vec::with_capacity(kept as usize);
    for (at, entry) in entries.iter().enumerate().filter(|(at, _)| keep[*at]) {
        let nth = entries.len() - at - 1;
        let below = kept_before[nth] - kept_before[nth - entry.below as usize];
        answer.push(Entry { below, matched: matched.get(entry.row), ..*entry });
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::{child, run, table};
    use super::*;
    use crate::entities::Run;
    use crate::state::runs::key::{Attribute, ColumnKey};

    fn arranged(runs: &[Run], filter: &str, sort: Option<(ColumnKey, bool)>) -> Vec<String> {
        let table = table(runs, 3);
        let sort = sort.map(|(key, descending)| Sort { key, descending });
        let key_id = sort.as_ref().and_then(|sort| table.key(&sort.key)).map(|key| key.id);
        let wanted = Wanted { sort, filter: filter.into(), nested: true };
        let arrangement = arrange(table.rows(), &wanted, key_id, 0);
        check(&arrangement);
        arrangement
            .entries
            .iter()
            .map(|entry| {
                let weak = if entry.matched { "" } else { "?" };
                format!("{}{}{weak}", " ".repeat(entry.depth as usize), table.rows().run_id(entry.row))
            })
            .collect()
    }

    /// What `below` says is what the depths say.
    fn check(arrangement: &Arrangement) {
        for (at, entry) in arrangement.entries.iter().enumerate() {
            let deeper =
                arrangement.entries[at + 1..].iter().take_while(|below| below.depth > entry.depth).count();
            assert_eq!(entry.below as usize, deeper);
        }
    }

    #[test]
    fn children_stand_under_their_parents_and_sort_among_themselves() {
        let runs =
            [child("b1", "b"), run("a", &[], &[]), child("b2", "b"), run("b", &[], &[]), child("bb", "b1")];
        assert_eq!(arranged(&runs, "", None), ["a", "b", " b1", "  bb", " b2"]);
        let by_id = Some((ColumnKey::Attribute(Attribute::RunId), true));
        assert_eq!(arranged(&runs, "", by_id), ["b", " b2", " b1", "  bb", "a"]);
    }

    #[test]
    fn orphans_stand_at_the_top_and_cycles_end() {
        let runs = [child("x", "y"), child("y", "x"), child("self", "self"), child("orphan", "gone")];
        assert_eq!(arranged(&runs, "", None), ["self", "orphan", "x", " y"]);
    }

    #[test]
    fn what_stands_above_a_match_stays() {
        let runs =
            [run("p", &[], &[]), child("c1", "p"), child("c2", "p"), child("g", "c2"), run("q", &[], &[])];
        assert_eq!(arranged(&runs, "\"name of g\"", None), ["p?", " c2?", "  g"]);
        assert_eq!(arranged(&runs, "\"name of p\"", None), ["p"]);
        assert_eq!(arranged(&runs, "nothing", None), [""; 0]);
        assert_eq!(arranged(&runs, "\"name of c1\"", None), ["p?", " c1"]);
    }

    #[test]
    fn folded_rows_hide_what_is_below_them() {
        let runs = [run("p", &[], &[]), child("c", "p"), child("g", "c"), run("q", &[], &[])];
        let table = table(&runs, 9);
        let wanted = Wanted { nested: true, ..Wanted::default() };
        let arrangement = arrange(table.rows(), &wanted, None, 0);
        assert_eq!(arrangement.visible(|_| false), [0, 3]);
        assert_eq!(arrangement.visible(|row| row == 0), [0, 1, 3]);
        assert_eq!(arrangement.visible(|_| true), [0, 1, 2, 3]);
        let flat = arrange(table.rows(), &Wanted::default(), None, 0);
        assert!(flat.has_children && flat.entries.iter().all(|entry| entry.depth == 0));
    }

    #[test]
    fn a_thousand_generations_are_no_recursion() {
        let mut runs = vec![run("0", &[], &[])];
        runs.extend((1..5_000).map(|n| child(&n.to_string(), &(n - 1).to_string())));
        let table = table(&runs, 500);
        let arrangement = arrange(table.rows(), &Wanted { nested: true, ..Wanted::default() }, None, 0);
        assert_eq!(arrangement.entries.len(), 5_000);
        assert_eq!(arrangement.entries[0].below, 4_999);
    }

    #[test]
    fn filtering_agrees_with_a_naive_one_on_any_forest() {
        let mut seed = 7_u32;
        let mut random = move |most: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % most
        };
        for _ in 0..50 {
            let runs: Vec<Run> = (0..40)
                .map(|n: u32| {
                    let mut run = child(&format!("r{n}"), &format!("r{}", random(60)));
                    run.info.run_name = if random(5) == 0 { "hit".into() } else { "miss".into() };
                    run
                })
                .collect();
            let table = table(&runs, 9);
            let all = arrange(table.rows(), &Wanted { nested: true, ..Wanted::default() }, None, 0);
            let wanted = Wanted { nested: true, filter: "hit".into(), sort: None };
            let filtered = arrange(table.rows(), &wanted, None, 0);
            check(&filtered);
            let is_hit = |entry: &Entry| runs[entry.row as usize].info.run_name == "hit";
            let naive: Vec<u32> = (0..all.entries.len())
                .filter(|&at| all.entries[at..=at + all.entries[at].below as usize].iter().any(is_hit))
                .map(|at| all.entries[at].row)
                .collect();
            assert_eq!(filtered.entries.iter().map(|entry| entry.row).collect::<Vec<_>>(), naive);
            assert!(filtered.entries.iter().all(|entry| entry.matched == is_hit(entry)));
        }
    }
}
