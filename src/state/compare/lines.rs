//! What differs between two sides, line by line: who and when, metrics, params, signature, requirements, tags.

use std::collections::{BTreeMap, BTreeSet};

use super::line::{Cell, Change, Line, Section};
use super::packaged::Packaged;
use super::requirements::{Requirements, requirement_lines};
use super::side::Side;
use super::signature::signature_lines;
use crate::entities::{LoggedModel, MlModel, ModelVersion, Run, Tags, tag};
use crate::state::format;
use crate::state::registry::words::plain_line;

/// Every line that the sides themselves say, sections in their order, names sorted within. A side that is not there
/// is compared with nothing: its lines do not differ.
pub fn compare(from: Option<&Side>, to: Option<&Side>) -> Vec<Line> {
    let sides = [from, to];
    let mut lines = facts(sides);
    lines.extend(keyed(Section::Metrics, &sides.map(|side| side.and_then(metrics))));
    lines.extend(keyed(Section::Params, &sides.map(|side| side.and_then(params))));
    lines.extend(keyed(Section::Tags, &sides.map(|side| side.and_then(tags))));
    lines.extend(keyed(Section::RunTags, &sides.map(|side| side.and_then(run_tags))));
    lines
}

/// What the packaged files say, once they were read on both sides.
pub fn compare_packaged(from: &Packaged, to: &Packaged) -> Vec<Line> {
    let mut lines = Vec::new();
    if let (Some(from), Some(to)) = (&from.mlmodel, &to.mlmodel) {
        lines.extend(signature_lines(from.signature.as_ref(), to.signature.as_ref()));
        lines.extend(model_lines(from, to));
    }
    if let (Some(from), Some(to)) = (from.requirements(), to.requirements()) {
        lines.extend(requirement_lines(&from, &to));
    }
    lines
}

/// A line of which a side may not be known (`None`): then nothing is said about a difference.
fn line(section: Section, name: &str, cells: [Option<Cell>; 2]) -> Line {
    let known = cells.iter().all(Option::is_some);
    let [from, to] = cells.map(|cell| cell.unwrap_or(Cell::Missing));
    let mut line = Line::new(section, name, from, to);
    if !known {
        line.change = Change::NotCompared;
    }
    line
}

type Cells<'a> = BTreeMap<&'a str, Cell>;

fn keyed(section: Section, sides: &[Option<Cells<'_>>; 2]) -> Vec<Line> {
    let keys: BTreeSet<&str> = sides.iter().flatten().flat_map(|cells| cells.keys().copied()).collect();
    let cell = |side: &Option<Cells<'_>>, key: &str| {
        side.as_ref().map(|cells| cells.get(key).cloned().unwrap_or(Cell::Missing))
    };
    keys.into_iter().map(|key| line(section, key, [cell(&sides[0], key), cell(&sides[1], key)])).collect()
}

/// Those of the run, unless the logged model has its own: a run may have logged several.
fn metrics(side: &Side) -> Option<Cells<'_>> {
    let of_run = side.run.iter().flat_map(|run| &run.metrics);
    let of_model = side.model.iter().flat_map(|model| &model.metrics);
    let cells = of_run.chain(of_model).map(|metric| (metric.key.as_str(), Cell::Number(metric.value)));
    (side.run.is_some() || side.model.is_some()).then(|| cells.collect())
}

fn params(side: &Side) -> Option<Cells<'_>> {
    let of_run = side.run.iter().flat_map(|run| &run.params);
    let of_model = side.model.iter().flat_map(|model| &model.params);
    let cells = of_run.chain(of_model).map(|param| (param.key.as_str(), Cell::Text(param.value.clone())));
    (side.run.is_some() || side.model.is_some()).then(|| cells.collect())
}

fn run_tags(side: &Side) -> Option<Cells<'_>> {
    side.run.as_ref().map(|run| text_map(own_tags(&run.tags)))
}

fn tags(side: &Side) -> Option<Cells<'_>> {
    let tags = match (&side.version, &side.model) {
        (Some(version), _) => &version.tags,
        (None, Some(model)) => &model.tags,
        (None, None) => return None,
    };
    Some(text_map(own_tags(tags)))
}

/// Tags that people set; MLflow's own are not what is decided by. A prompt's settings are.
fn own_tags(tags: &Tags) -> impl Iterator<Item = (&String, &String)> {
    tags.iter().filter(|(key, _)| {
        let of_prompt = key.starts_with("mlflow.prompt.");
        (!tag::is_system(key) || of_prompt) && *key != tag::PROMPT_TEXT && *key != tag::IS_PROMPT
    })
}

fn text_map<'a>(pairs: impl Iterator<Item = (&'a String, &'a String)>) -> Cells<'a> {
    pairs.map(|(key, value)| (key.as_str(), Cell::Text(value.clone()))).collect()
}

fn facts(sides: [Option<&Side>; 2]) -> Vec<Line> {
    let mut lines = Vec::new();
    let version: &[Fact<ModelVersion>] = &[
        ("Registered", |v| v.creation_timestamp.map_or(Cell::Missing, Cell::Time)),
        ("Status", |v| Cell::Text(v.status.label().into())),
        ("Description", |v| non_empty(plain_line(&v.description))),
        ("Registered by", |v| non_empty(&v.user_id)),
        ("Source", |v| non_empty(&v.source)),
    ];
    push_facts(&mut lines, sides.map(|side| side.and_then(|side| side.version.as_ref())), version);
    let model: &[Fact<LoggedModel>] = &[
        ("Logged model", |m| Cell::Id(m.model_id.clone())),
        ("Logged", |m| m.creation_timestamp.map_or(Cell::Missing, Cell::Time)),
        ("Model status", |m| Cell::Text(m.status.label().into())),
        ("Model type", |m| non_empty(&m.model_type)),
    ];
    push_facts(&mut lines, sides.map(|side| side.and_then(|side| side.model.as_ref())), model);
    let run: &[Fact<Run>] = &[
        ("Run", |run| Cell::Text(run.info.run_name.clone())),
        ("Run id", |run| Cell::Id(run.info.run_id.clone())),
        ("Run by", |run| non_empty(run.user())),
        ("Run started", |run| run.info.start_time.map_or(Cell::Missing, Cell::Time)),
        ("Run status", |run| Cell::Text(run.info.status.label().into())),
        ("Run source", |run| Cell::text(run.tags.get(tag::SOURCE_NAME))),
        ("Git commit", |run| run.tags.get(tag::GIT_COMMIT).cloned().map_or(Cell::Missing, Cell::Id)),
        ("Git branch", |run| Cell::text(run.tags.get(tag::GIT_BRANCH))),
    ];
    push_facts(&mut lines, sides.map(|side| side.and_then(|side| side.run.as_ref())), run);
    lines
}

type Fact<T> = (&'static str, fn(&T) -> Cell);

/// Facts that neither side has are left out. Each has a source, an id and a name of its own: only a description, a
/// person, a status or a commit is a difference.
fn push_facts<T>(lines: &mut Vec<Line>, sides: [Option<&T>; 2], facts: &[Fact<T>]) {
    for (name, get) in facts {
        let cells = sides.map(|side| side.map(get));
        if cells.iter().flatten().all(|cell| *cell == Cell::Missing) {
            continue;
        }
        let mut line = line(Section::About, name, cells);
        if matches!(*name, "Source" | "Logged model" | "Run" | "Run id") && line.change == Change::Changed {
            line.change = Change::NotCompared;
        }
        lines.push(line);
    }
}

fn non_empty(text: impl AsRef<str>) -> Cell {
    Cell::text(Some(text.as_ref()).filter(|text| !text.is_empty()))
}

fn model_lines(from: &MlModel, to: &MlModel) -> Vec<Line> {
    let both = [from, to];
    let mut lines = Vec::new();
    let mut push = |name: &str, [from, to]: [Cell; 2]| {
        if from != Cell::Missing || to != Cell::Missing {
            lines.push(Line::new(Section::Model, name, from, to));
        }
    };
    push("task", both.map(|model| Cell::text(model.task.clone())));
    push("flavors", both.map(|model| non_empty(model.flavors.join(", "))));
    for (before, of) in
        [("metadata.", (|m| &m.metadata) as fn(&MlModel) -> &Vec<_>), ("", |m| &m.flavor_settings)]
    {
        let sides = both.map(|model| of(model).iter().cloned().collect::<BTreeMap<String, String>>());
        let keys: BTreeSet<&String> = sides.iter().flat_map(BTreeMap::keys).collect();
        for key in keys {
            push(&format!("{before}{key}"), [0, 1].map(|side: usize| Cell::text(sides[side].get(key))));
        }
    }
    let mut size = Line::new(
        Section::Model,
        "size",
        Cell::text(from.model_size_bytes.map(format::bytes)),
        Cell::text(to.model_size_bytes.map(format::bytes)),
    );
    // It follows from the files, which say more.
    size.change = Change::NotCompared;
    lines.push(size);
    lines.extend(version_lines(from, to));
    lines
}

/// MLflow's and Python's versions go up and down as packages do.
fn version_lines(from: &MlModel, to: &MlModel) -> Vec<Line> {
    let versions = |model: &MlModel| -> Requirements {
        let versions = [("MLflow", &model.mlflow_version), ("Python", &model.python_version)];
        let said = versions.into_iter().filter_map(|(name, version)| Some((name, version.as_ref()?)));
        said.map(|(name, version)| (name.to_owned(), format!("=={version}"))).collect()
    };
    let mut lines = requirement_lines(&versions(from), &versions(to));
    for line in &mut lines {
        line.section = Section::Model;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::packaged::Piece;
    use super::*;
    use crate::entities::{Metric, Param};

    fn run(metrics: &[(&str, f64)], params: &[(&str, &str)]) -> Run {
        Run {
            metrics: metrics
                .iter()
                .map(|&(key, value)| Metric { key: key.into(), value, ..Default::default() })
                .collect(),
            params: params.iter().map(|&(k, v)| Param { key: k.into(), value: v.into() }).collect(),
            ..Default::default()
        }
    }

    fn named<'a>(lines: &'a [Line], name: &str) -> &'a Line {
        lines.iter().find(|line| line.name == name).unwrap()
    }

    #[test]
    fn what_differs_is_marked_and_numbers_have_deltas() {
        let side = |run| Side { run: Some(run), ..Side::default() };
        let a = side(run(&[("auc", 0.8), ("loss", f64::NAN)], &[("depth", "3"), ("same", "x")]));
        let b =
            side(run(&[("auc", 0.9), ("loss", f64::NAN), ("new", 1.0)], &[("depth", "5"), ("same", "x")]));
        let lines = compare(Some(&a), Some(&b));
        assert!((named(&lines, "auc").delta().unwrap() - 0.1).abs() < 1e-9);
        assert_eq!(named(&lines, "auc").change, Change::Better);
        assert!(!named(&lines, "loss").differs());
        assert_eq!(named(&lines, "new").change, Change::Added);
        assert!(named(&lines, "depth").differs() && !named(&lines, "same").differs());
    }

    #[test]
    fn nothing_differs_from_a_side_that_is_not_there_or_not_known() {
        let version = ModelVersion { version: 7, description: "new".into(), ..Default::default() };
        let b = Side { run: Some(run(&[("auc", 0.9)], &[])), ..Side::of_version(version.clone()) };
        assert!(compare(None, Some(&b)).iter().all(|line| !line.differs()));
        let a = Side::of_version(version);
        let lines = compare(Some(&a), Some(&b));
        assert_eq!(named(&lines, "auc").change, Change::NotCompared, "the left run is gone");
    }

    #[test]
    fn a_logged_models_own_metrics_come_before_the_runs() {
        let model = LoggedModel {
            metrics: vec![Metric { key: "auc".into(), value: 0.7, ..Default::default() }],
            ..Default::default()
        };
        let side = Side { run: Some(run(&[("auc", 0.9)], &[])), model: Some(model), ..Side::default() };
        assert_eq!(named(&compare(Some(&side), Some(&side)), "auc").to, Cell::Number(0.7));
    }

    #[test]
    fn tags_that_mlflow_sets_are_left_out_and_a_prompts_settings_are_not() {
        let tags = [
            ("mlflow.x", "1"),
            ("commit", "2"),
            (tag::PROMPT_TEXT, "Say it"),
            (tag::IS_PROMPT, "true"),
            ("mlflow.prompt.model_config", "{}"),
        ];
        let tags = tags.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let side = Side::of_version(ModelVersion { tags, ..Default::default() });
        let lines = compare(Some(&Side::of_version(ModelVersion::default())), Some(&side));
        let tags: Vec<_> =
            lines.iter().filter(|line| line.section == Section::Tags).map(|line| &line.name).collect();
        assert_eq!(tags, ["commit", "mlflow.prompt.model_config"]);
    }

    #[test]
    fn packaged_models_are_compared_by_task_metadata_flavors_and_versions() {
        let model = |task: &str, mlflow: &str, depth: &str| MlModel {
            task: Some(task.into()),
            flavors: vec!["python_function".into()],
            flavor_settings: vec![("python_function.config.depth".into(), depth.into())],
            metadata: vec![("owner".into(), "logistics".into())],
            mlflow_version: Some(mlflow.into()),
            model_size_bytes: Some(depth.len() as u64),
            ..Default::default()
        };
        let packaged = |model| {
            let mut packaged = Packaged::default();
            packaged.take(Piece::MlModel(Box::new(model)));
            packaged
        };
        let (a, b) = (packaged(model("t1", "3.9.0", "3")), packaged(model("t2", "3.17.2", "30")));
        let lines = compare_packaged(&a, &b);
        let changes: Vec<_> = lines.iter().map(|line| (line.name.as_str(), line.change)).collect();
        assert_eq!(
            changes,
            [
                ("task", Change::Changed),
                ("flavors", Change::Same),
                ("metadata.owner", Change::Same),
                ("python_function.config.depth", Change::Changed),
                ("size", Change::NotCompared),
                ("MLflow", Change::Up),
            ]
        );
        assert!(compare_packaged(&a, &Packaged::default()).is_empty());
    }
}
