//! Whole comparisons: what they sum up to, and how they read as Markdown.

use super::comparison::Comparison;
use super::files::{Body, FilePair, FileSide};
use super::packaged::{Packaged, Piece};
use super::requirements::{Requirements, add_requirements_txt};
use super::side::Side;
use super::{FileStatus, Subject, route};
use crate::entities::{Metric, MlModel, ModelVersion, Run, Signature, SignatureField, tag};
use crate::state::{ModelKind, Route};

fn subject(name: &str, version: u32) -> Subject {
    Subject::Version { kind: ModelKind::Model, name: name.into(), version }
}

fn side(version: u32, metrics: &[(&str, f64)], commit: &str) -> Side {
    let metrics =
        metrics.iter().map(|&(key, value)| Metric { key: key.into(), value, ..Metric::default() }).collect();
    let tags = [(tag::GIT_COMMIT.to_owned(), commit.to_owned())].into();
    Side {
        run: Some(Run { metrics, tags, ..Run::default() }),
        ..Side::of_version(ModelVersion { name: "agent".into(), version, ..ModelVersion::default() })
    }
}

fn packaged(inputs: &[&str], requirements: &str) -> Packaged {
    let field = |name: &&str| SignatureField {
        name: (*name).to_owned(),
        data_type: "double".into(),
        required: true,
        ..SignatureField::default()
    };
    let signature = Signature { inputs: inputs.iter().map(field).collect(), ..Signature::default() };
    let mut read = Requirements::new();
    add_requirements_txt(&mut read, requirements);
    let mut packaged = Packaged::default();
    packaged.take(Piece::MlModel(Box::new(MlModel { signature: Some(signature), ..MlModel::default() })));
    packaged.take(Piece::Requirements(read));
    packaged
}

fn text(path: &str, old: Option<&str>, new: Option<&str>) -> FilePair {
    let body = |text: &str| Body { side: FileSide::default(), bytes: Some(text.as_bytes().to_vec()) };
    FilePair::compared(path.into(), [old.map(body), new.map(body)])
}

fn example() -> Comparison {
    let binary = |hash: &str| {
        let side = FileSide { size: Some(2_000), sha256: Some(hash.repeat(64)), note: None };
        Some(Body { side, bytes: None })
    };
    let files = vec![
        text("code/agent.py", Some("a = 1\n"), Some("a = 2\n")),
        text("code/same.py", Some("x\n"), Some("x\n")),
        FilePair::compared("model.pkl".into(), [binary("a"), binary("b")]),
        text("prompts/```new.md", None, Some("```\nhello\n")),
    ];
    Comparison::for_test(
        [subject("agent", 3), subject("agent", 7)],
        [
            side(3, &[("auc", 0.8), ("latency_s", 2.0), ("tokens", 1.0)], "aaa"),
            side(7, &[("auc", 0.9), ("latency_s", 1.0), ("tokens", 2.0)], "bbb"),
        ],
        files,
        [packaged(&["a"], "mlflow==3.1\npandas"), packaged(&["a", "b|c"], "mlflow==3.17\npandas")],
    )
}

#[test]
fn a_comparison_is_summed_up_in_few_words() {
    let comparison = example();
    assert_eq!(
        comparison.summary(),
        [
            "2 metrics better, 1 changed",
            "signature: input b|c added",
            "requirements: mlflow 3.1 → 3.17",
            "2 files changed, 1 added",
            "commit differs",
        ]
    );
    assert_eq!(comparison.signature_changed().as_deref(), Some("The signature changes: input b|c added"));
    assert!(!comparison.is_same());
}

#[test]
fn what_is_the_same_on_both_sides_is_said_so() {
    let one = || side(3, &[("auc", 0.8)], "aaa");
    let comparison = Comparison::for_test(
        [subject("agent", 3), subject("other", 3)],
        [one(), one()],
        vec![text("a.py", Some("x"), Some("x"))],
        [packaged(&["a"], "mlflow==3.1"), packaged(&["a"], "mlflow==3.1")],
    );
    assert!(comparison.is_same());
    assert_eq!(
        comparison.summary(),
        ["metrics same", "signature same", "requirements same", "files same", "commit same"]
    );
    assert_eq!(comparison.signature_changed(), None);
    assert_eq!([comparison.title(0), comparison.title(1)], ["agent v3", "other v3"]);
}

#[test]
fn the_markdown_holds_what_differs_and_stays_markdown() {
    let text = example().markdown("http://127.0.0.1:5000");
    for part in [
        "## agent v3 → agent v7",
        "- To: `models:/agent/7` (v7)",
        "| auc | 0.8 | 0.9 | ▲ 0.1  +12.5%  better |",
        "| input b\\|c | – | double | added |",
        "| mlflow | 3.1 | 3.17 | up |",
        "| code/agent.py | changed | +1 −1 |",
        "| model.pkl | changed | 2.0 kB, sha256 aaaaaaaaaaaa → 2.0 kB, sha256 bbbbbbbbbbbb |",
        "```diff\n-a = 1\n+a = 2\n```",
        "````diff\n+```\n+hello\n````",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(!text.contains("pandas") && !text.contains("same.py"), "what is the same is left out:\n{text}");
}

#[test]
fn a_long_comparison_is_cut_and_says_so() {
    let long: String =
        (0..9_000).map(|line| format!("line {line} {}\n", "x".repeat(30))).collect::<Vec<_>>().concat();
    let files = (0..9).map(|n| text(&format!("{n}.txt"), None, Some(&long))).collect();
    let sides = [side(3, &[], "a"), side(7, &[], "a")];
    let comparison =
        Comparison::for_test([subject("a", 3), subject("a", 7)], sides, files, Default::default());
    let text = comparison.markdown("here");
    assert!(
        text.len() > 30_000 && text.len() < 65_000 && text.ends_with("Cut here: the comparison is longer\n")
    );
}

#[test]
fn of_two_versions_the_older_stands_on_the_left() {
    let (old, new) = (subject("a", 3), subject("a", 7));
    let expected = Route::Compare { from: old.clone(), to: new.clone() };
    assert_eq!(route(old.clone(), new.clone()), expected);
    assert_eq!(route(new, old), expected);
    let (one, other) = (subject("b", 9), subject("a", 1));
    assert_eq!(route(one.clone(), other.clone()), Route::Compare { from: one, to: other });
}

#[test]
fn a_pair_that_was_not_read_is_compared_by_its_size() {
    let pair = |a, b| FilePair::listed("x".into(), [a, b]).unread("too many");
    assert_eq!(pair(Some(Some(1)), Some(Some(2))).status, FileStatus::Changed);
    assert_eq!(pair(Some(Some(1)), Some(Some(1))).status, FileStatus::Unknown);
    assert_eq!(pair(None, Some(Some(1))).status, FileStatus::Added);
}
