//! Which columns are shown: the informative ones unless the user chose.

use super::key::{Attribute, ColumnKey, Group};
use super::page::{Field, KeyKind};
use super::sort::{Sort, natural};
use super::table::{KeyInfo, RunTable};
use crate::state::settings::RunTableLayout;

/// Metrics and params that are shown at most when nothing was chosen.
const MOST_KEYS: usize = 12;
/// Metrics among them, where there are params too.
const MOST_METRICS: usize = 7;
/// MLflow's own measurements of the machine.
const SYSTEM_METRICS: &str = "system/";

/// The columns of one experiment's table, without the run's name, which always stands first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    columns: Vec<ColumnKey>,
    chosen: bool,
}

impl Layout {
    /// What the settings kept; keys this version does not know are dropped.
    pub fn from_settings(kept: &RunTableLayout) -> (Self, Option<Sort>) {
        let columns: Vec<ColumnKey> =
            kept.columns.iter().filter_map(|column| ColumnKey::parse(column)).collect();
        let sort = kept.sort.as_ref().and_then(|(column, descending)| {
            Some(Sort { key: ColumnKey::parse(column)?, descending: *descending })
        });
        (Self { chosen: !columns.is_empty(), columns }, sort)
    }

    /// For the settings.
    pub fn to_settings(&self, sort: Option<&Sort>) -> RunTableLayout {
        let columns = if self.chosen { self.columns.iter().map(ColumnKey::stable).collect() } else { vec![] };
        RunTableLayout { columns, sort: sort.map(|sort| (sort.key.stable(), sort.descending)) }
    }

    /// The columns, group after group.
    pub fn columns(&self) -> &[ColumnKey] {
        &self.columns
    }

    /// Whether the user chose them.
    pub fn is_chosen(&self) -> bool {
        self.chosen
    }

    /// Chooses for the user, unless the user did. What is shown stays where it is: columns are only added.
    pub fn suggest(&mut self, table: &RunTable) {
        if self.chosen {
            return;
        }
        for column in informative(table) {
            let shown = self.columns.iter().filter(|shown| shown.group() > Group::Attributes).count();
            let is_key = column.group() > Group::Attributes;
            if !self.columns.contains(&column) && (!is_key || shown < MOST_KEYS) {
                self.insert(column);
            }
        }
    }

    /// Forgets what was chosen.
    pub fn reset(&mut self, table: &RunTable) {
        *self = Self::default();
        self.suggest(table);
    }

    /// Shows or hides a column.
    pub fn show(&mut self, column: ColumnKey, shown: bool) {
        self.chosen = true;
        self.columns.retain(|other| *other != column);
        if shown {
            self.insert(column);
        }
        // An empty list would mean that nothing was chosen.
        if self.columns.is_empty() {
            self.columns.push(ColumnKey::Attribute(Attribute::Start));
        }
    }

    /// Moves a column one place to the left or to the right within its group.
    pub fn shift(&mut self, column: &ColumnKey, right: bool) {
        let Some((at, other)) = self.neighbour(column, right) else { return };
        self.chosen = true;
        self.columns.swap(at, other);
    }

    /// Whether there is a place to move to.
    pub fn can_shift(&self, column: &ColumnKey, right: bool) -> bool {
        self.neighbour(column, right).is_some()
    }

    fn neighbour(&self, column: &ColumnKey, right: bool) -> Option<(usize, usize)> {
        let at = self.columns.iter().position(|other| other == column)?;
        let other = if right { at + 1 } else { at.checked_sub(1)? };
        (self.columns.get(other)?.group() == column.group()).then_some((at, other))
    }

    /// Behind the others of its group.
    fn insert(&mut self, column: ColumnKey) {
        let group = column.group();
        let at = self.columns.partition_point(|other| other.group() <= group);
        self.columns.insert(at, column);
    }
}

/// The attributes that some run has, then metrics and params that many runs have and that differ between runs, the most frequent first.
fn informative(table: &RunTable) -> Vec<ColumnKey> {
    let rows = table.rows();
    let mut columns: Vec<ColumnKey> = Vec::new();
    for attribute in Attribute::DEFAULT {
        let field = match attribute {
            Attribute::User => Some(Field::User),
            Attribute::Source => Some(Field::Source),
            Attribute::Model => Some(Field::Models),
            _ => None,
        };
        if field.is_none_or(|field| has_field(table, field)) {
            columns.push(ColumnKey::Attribute(attribute));
        }
    }
    // Of a single run everything is worth seeing.
    let alone = rows.count() < 2;
    let pick = |kind: KeyKind| -> Vec<&KeyInfo> {
        let mut keys: Vec<&KeyInfo> = table
            .keys()
            .iter()
            .filter(|key| key.kind == kind && (alone || key.stats.varies))
            .filter(|key| !key.name.starts_with(SYSTEM_METRICS))
            .collect();
        keys.sort_by_key(|key| std::cmp::Reverse(key.stats.count));
        keys
    };
    let (metrics, params) = (pick(KeyKind::Metric), pick(KeyKind::Param));
    let most_metrics = MOST_METRICS.max(MOST_KEYS.saturating_sub(params.len()));
    let metrics = &metrics[..metrics.len().min(most_metrics)];
    let params = &params[..params.len().min(MOST_KEYS - metrics.len())];
    columns.extend(metrics.iter().chain(params).map(|key| key.column()));
    columns
}

/// The columns of a group whose title contains a text (lower case), as the chooser lists them.
pub fn columns_of(table: &RunTable, group: Group, containing: &str) -> Vec<ColumnKey> {
    let mut columns: Vec<ColumnKey> = match group {
        Group::Attributes => Attribute::CHOOSABLE.map(ColumnKey::Attribute).to_vec(),
        _ => table.keys().iter().map(KeyInfo::column).filter(|column| column.group() == group).collect(),
    };
    columns.retain(|column| column.title().to_lowercase().contains(containing));
    if group != Group::Attributes {
        columns.sort_by(|a, b| natural(a.title(), b.title()));
    }
    columns
}

fn has_field(table: &RunTable, field: Field) -> bool {
    let mut any = false;
    for (_, chunk) in table.rows().chunks() {
        chunk.field(field).for_each(|_, _| any = true);
    }
    any
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::{run, table};
    use super::*;
    use crate::entities::{ModelOutput, Run};

    fn names(layout: &Layout) -> Vec<String> {
        layout
            .columns()
            .iter()
            .skip_while(|key| key.group() == Group::Attributes)
            .map(ColumnKey::stable)
            .collect()
    }

    fn runs() -> Vec<Run> {
        (0..10)
            .map(|n| {
                let value = f64::from(n);
                let number = n.to_string();
                let metrics = [("system/cpu", value), ("same", 1.0), ("loss", value), ("rare", value)];
                let params = [("constant", "x"), ("rate", number.as_str())];
                run(&number, &metrics[..if n < 2 { 4 } else { 3 }], &params)
            })
            .collect()
    }

    #[test]
    fn the_informative_columns_come_first_and_constant_ones_stay_away() {
        let mut layout = Layout::default();
        layout.suggest(&table(&runs(), 4));
        assert_eq!(names(&layout), ["metric.loss", "metric.rare", "param.rate"]);
        assert!(!layout.is_chosen());
        assert!(!layout.columns().contains(&ColumnKey::Attribute(Attribute::Model)));
    }

    #[test]
    fn of_one_run_everything_is_shown() {
        let mut layout = Layout::default();
        layout.suggest(&table(&runs()[..1], 4));
        assert_eq!(
            names(&layout),
            ["metric.same", "metric.loss", "metric.rare", "param.constant", "param.rate"]
        );
    }

    #[test]
    fn a_dozen_keys_at_most_and_room_is_not_left_empty() {
        let keys: Vec<String> = (0..30).map(|n| format!("k{n:02}")).collect();
        let many = |metrics: usize, params: usize| -> Vec<String> {
            let runs: Vec<Run> = (0..2)
                .map(|n| {
                    let (value, text) = (f64::from(n), n.to_string());
                    let metrics: Vec<_> = keys[..metrics].iter().map(|key| (key.as_str(), value)).collect();
                    let params: Vec<_> =
                        keys[..params].iter().map(|key| (key.as_str(), text.as_str())).collect();
                    run(&text, &metrics, &params)
                })
                .collect();
            let mut layout = Layout::default();
            layout.suggest(&table(&runs, 9));
            names(&layout)
        };
        let count = |names: &[String], kind: &str| names.iter().filter(|name| name.starts_with(kind)).count();
        for (metrics, params, shown) in
            [(30, 30, (7, 5)), (30, 2, (10, 2)), (3, 30, (3, 9)), (30, 0, (12, 0))]
        {
            let names = many(metrics, params);
            assert_eq!((count(&names, "metric"), count(&names, "param")), shown);
        }
    }

    #[test]
    fn later_pages_add_columns_and_move_none() {
        let mut runs = runs();
        let mut layout = Layout::default();
        layout.suggest(&table(&runs, 4));
        let before = layout.columns().to_vec();
        let mut late = run("late", &[("late", 1.0)], &[]);
        late.model_outputs = vec![ModelOutput { model_id: "m-1".into(), step: 0 }];
        runs.extend([late, run("later", &[("late", 2.0)], &[])]);
        layout.suggest(&table(&runs, 4));
        let after: Vec<_> = layout.columns().iter().filter(|key| before.contains(key)).cloned().collect();
        assert_eq!(after, before);
        assert!(layout.columns().contains(&ColumnKey::Metric("late".into())));
        assert!(layout.columns().contains(&ColumnKey::Attribute(Attribute::Model)));
    }

    #[test]
    fn what_the_user_chose_is_kept() {
        let table = table(&runs(), 4);
        let mut layout = Layout::default();
        layout.suggest(&table);
        let (loss, rare) = (ColumnKey::Metric("loss".into()), ColumnKey::Metric("rare".into()));
        layout.show(ColumnKey::Metric("same".into()), true);
        layout.show(ColumnKey::Param("rate".into()), false);
        layout.shift(&rare, false);
        assert_eq!(names(&layout), ["metric.rare", "metric.loss", "metric.same"]);
        assert!(!layout.can_shift(&rare, false) && layout.can_shift(&loss, true));
        let sort = Sort { key: loss, descending: true };
        let kept = layout.to_settings(Some(&sort));
        assert_eq!(Layout::from_settings(&kept), (layout.clone(), Some(sort)));
        layout.suggest(&table);
        assert_eq!(names(&layout), ["metric.rare", "metric.loss", "metric.same"]);
        layout.reset(&table);
        assert_eq!(layout.to_settings(None), RunTableLayout::default());
    }
}
