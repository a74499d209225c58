//! What is written is what is read back, also when the last line is torn.

use super::record::{Folded, line, lines_of_run};
use super::*;
use crate::agent::Dialect;
use crate::state::bench::check::Check;
use crate::state::bench::result::{Cell, Column, Identity, Known, Mark};
use crate::state::bench::set::{Case, Prompt};
use crate::state::shelf::testing::{Desk, soon};

fn set(id: u64) -> PromptSet {
    let mut set = PromptSet::new(id, "smoke");
    let mut case = Case::of("", Prompt::Text("Why?".into()));
    case.checks.push(Check::JsonPath { path: "$.a".into(), equals: Some(serde_json::json!(1.5)) });
    set.extend(vec![case; 3]);
    set
}

fn run(id: u64) -> BenchRun {
    let column = Column { name: "agent".into(), url: "http://h/invocations".into(), ..Column::default() };
    BenchRun::new(id, Arc::new(set(1)), vec![column.clone(), column], 5)
}

fn happenings() -> Vec<Record<'static>> {
    let cell = Cell { answer: "because".into(), total_ms: 12, ..Cell::default() };
    let look = |version| Identity { version: Some(version), known: Known::Info, at: 1 };
    vec![
        Record::Look { column: 0, look: look(7), when: When::Before },
        Record::Cell { row: 1, column: 0, cell: Box::new(cell.clone()), dialect: Dialect::Responses },
        Record::Cell {
            row: 0,
            column: 1,
            cell: Box::new(Cell::failed("down", 3)),
            dialect: Dialect::Unknown,
        },
        Record::Mark { row: 1, column: 0, mark: Mark::Good, note: "nice".into() },
        Record::Look { column: 0, look: look(7), when: When::After },
        Record::End { at: 9 },
        Record::Resumed,
        Record::Cell { row: 0, column: 1, cell: Box::new(cell), dialect: Dialect::Responses },
        Record::Name { name: "nightly".into() },
        Record::Look { column: 0, look: look(8), when: When::After },
    ]
}

fn read(text: &str) -> Option<BenchRun> {
    let mut folded = Folded::default();
    text.split_inclusive('\n').for_each(|line| folded.take(line.as_bytes()));
    folded.into_run()
}

#[test]
fn a_run_is_read_back_as_it_went() {
    let mut expected = run(3);
    let mut text = lines_of_run(&expected);
    for record in happenings() {
        text.push_str(&line(&record));
        expected.take(record);
        assert_eq!(read(&text).as_ref(), Some(&expected));
    }
    assert_eq!((expected.name.as_str(), expected.done(), expected.ended), ("nightly", 2, None));
    assert_eq!(expected.columns[0].changed(), Some((7, 8)));
    assert_eq!(expected.cell(1, 0).map(|cell| cell.note.as_str()), Some("nice"));
}

#[test]
fn a_file_that_ends_anywhere_gives_what_came_before() {
    let head = lines_of_run(&run(3));
    let all: String = happenings().iter().map(line).collect();
    let whole = format!("{head}{{\"record\":\"mood\"}}\n{all}");
    for end in (head.len()..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        assert!(read(&whole[..end]).is_some_and(|run| run.rows() == 3), "at {end}");
    }
    assert_eq!(read(&whole).map(|run| run.done()), Some(2));
}

/// The folder as another start of the app finds it.
fn open(desk: &Desk) -> (Shelf, Vec<PromptSet>, Vec<RunSummary>) {
    let shelf = Shelf::open(desk.folder(), &desk.tasks).unwrap();
    let News::Listed(sets, runs) = next(&shelf) else { panic!("the list comes first") };
    (shelf, sets, runs)
}

fn next(shelf: &Shelf) -> News {
    soon(|| shelf.next())
}

#[test]
fn what_is_kept_is_there_on_the_next_start() {
    let desk = Desk::new();
    let (shelf, sets, runs) = open(&desk);
    assert!(sets.is_empty() && runs.is_empty());
    shelf.save_set(&Arc::new(set(1)));
    let mut expected = run(3);
    shelf.begin(&expected);
    for record in happenings() {
        shelf.append(3, record.clone());
        expected.take(record);
    }
    drop(shelf);
    let (shelf, sets, runs) = open(&desk);
    assert_eq!(sets, [set(1)]);
    assert_eq!(runs, [RunSummary::of(&expected)]);
    shelf.load(3);
    let News::Loaded(loaded) = next(&shelf) else { panic!("it is there") };
    assert_eq!(*loaded, expected);
    shelf.load(4);
    assert!(matches!(next(&shelf), News::Failed(..)) && matches!(next(&shelf), News::Missing(4)));
}

#[test]
fn what_is_deleted_can_be_taken_back_until_the_app_is_closed() {
    let desk = Desk::new();
    let (shelf, ..) = open(&desk);
    shelf.save_set(&Arc::new(set(1)));
    shelf.save_set(&Arc::new(set(2)));
    shelf.begin(&run(3));
    shelf.delete(Kind::Set, 1);
    shelf.delete(Kind::Set, 2);
    shelf.delete(Kind::Run, 3);
    shelf.restore(Kind::Set, 1);
    drop(shelf);
    let (_, sets, runs) = open(&desk);
    assert_eq!((sets.len(), sets[0].id, runs.len()), (1, 1, 0));
}
