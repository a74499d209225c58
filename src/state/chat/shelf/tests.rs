//! What is written is what is read back, also when the last line is torn.

use std::time::Duration;

use super::record::{Ending, Folded, changes, line, turn_record};
use super::*;
use crate::agent::{Attachment, Endpoint, Message, Outcome, Reader, Token};
use crate::state::chat::Beside;
use crate::state::chat::{Ask, Manner};
use crate::state::shelf::testing::{Desk, soon};

const EVENTS: [&str; 6] = [
    r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"m","role":"assistant","content":[]}}"#,
    r#"{"type":"response.output_text.delta","output_index":0,"item_id":"m","content_index":0,"delta":"Hel"}"#,
    r#"{"type":"response.output_text.delta","output_index":0,"item_id":"m","content_index":0,"delta":"lo wörld"}"#,
    r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","id":"f","call_id":"c","name":"query","arguments":"{}"}}"#,
    r#"{"type":"response.output_item.done","output_index":2,"item":{"type":"web_search_call","id":"w","status":"completed","x":1.5}}"#,
    r#"{"type":"response.completed","response":{"usage":{"input_tokens":3,"output_tokens":4,"total_tokens":7}}}"#,
];

fn turn(id: u64, parent: Option<u64>, words: &str) -> Turn {
    let endpoint = Endpoint::parse("localhost:5001/invocations?key=QUERY").unwrap();
    let endpoint = endpoint.with_token(Token::new("s3cret-token"));
    Turn::new(id, parent, Ask::Message(words.into()), endpoint, Manner::default())
}

/// The answer after each event, and at its end.
fn growing() -> Vec<Transcript> {
    let mut reader = Reader::new(Some("text/event-stream"), 200);
    let mut all = Vec::new();
    for event in EVENTS {
        reader.feed(format!("data: {event}\n\n").as_bytes());
        all.push(reader.transcript().clone());
    }
    reader.finish();
    all.push(reader.transcript().clone());
    all
}

fn answered(id: u64, parent: Option<u64>, words: &str) -> Turn {
    let mut turn = turn(id, parent, words);
    turn.answer = Arc::new(growing().pop().unwrap());
    turn
}

fn read(lines: &str) -> Conversation {
    let mut folded = Folded::default();
    lines.split_inclusive('\n').for_each(|line| drop(folded.take(line.as_bytes())));
    folded.into_conversation(1).unwrap()
}

/// The lines of a turn as it grows.
fn lines() -> String {
    let mut turn = turn(7, None, "hi");
    let mut text = line(&turn_record(&turn, true));
    let mut before = Transcript::default();
    for now in growing() {
        for record in changes(7, &before, &now) {
            text.push_str(&line(&record));
        }
        before = now;
    }
    turn.answer = Arc::new(before);
    turn.reasoning.insert(2, Duration::from_millis(30));
    text.push_str(&line(&Record::End { turn: 7, ending: Box::new(Ending::of(&turn, false, false)) }));
    text
}

#[test]
fn an_answer_is_read_back_as_it_grew() {
    let lines = lines();
    assert!(lines.contains(r#""record":"text""#), "growth is a line of its own: {lines}");
    assert!(!lines.contains("QUERY") && !lines.contains("s3cret"));
    let read = read(&lines);
    assert_eq!(*read.turns[0].answer, growing().pop().unwrap());
    assert_eq!(read.turns[0].reasoning[&2], Duration::from_millis(30));
    assert_eq!(read.turns[0].ask, Ask::Message("hi".into()));
}

#[test]
fn a_file_that_ends_anywhere_gives_what_came_before() {
    let lines = lines();
    let first = lines.find('\n').unwrap() + 1;
    for end in (first..lines.len()).filter(|end| lines.is_char_boundary(*end)) {
        let read = read(&lines[..end]);
        assert!(read.turns[0].answer.is_over(), "nothing runs any more");
        // Without its line break the last line may be whole.
        if end + 1 < lines.len() {
            assert_eq!(read.turns[0].answer.outcome, Outcome::Interrupted, "at {end}");
            assert!(read.turns[0].was_abandoned());
        }
    }
}

#[test]
fn lines_of_newer_versions_and_torn_ones_do_no_harm() {
    let lines = format!("{{\"record\":\"mood\",\"x\":1}}\n{{\"record\":\"tu\n{}", lines());
    assert_eq!(read(&lines).turns.len(), 1);
}

#[test]
fn branches_are_kept_and_the_last_one_is_shown() {
    let all = [turn(1, None, "a"), turn(2, Some(1), "b"), turn(3, Some(1), "c"), turn(4, Some(3), "d")];
    let text: String = all.iter().map(|turn| line(&turn_record(turn, true))).collect();
    let conversation = read(&text);
    let shown: Vec<u64> = conversation.turns.iter().map(|turn| turn.id).collect();
    assert_eq!((shown, conversation.all_turns().count()), (vec![1, 3, 4], 4));
    let earlier = read(&format!("{text}{}", line(&Record::Shown { turn: 2 })));
    assert_eq!(earlier.turns.iter().map(|turn| turn.id).collect::<Vec<_>>(), [1, 2]);
    // A file may say anything.
    let round = [turn(1, Some(2), "a"), turn(2, Some(1), "b")];
    let text: String = round.iter().map(|turn| line(&turn_record(turn, true))).collect();
    assert_eq!(read(&text).turns.len(), 2);
}

#[test]
fn a_trace_that_was_found_is_kept() {
    let found = |id: &str, chosen| FoundTrace { trace_id: id.to_owned(), chosen };
    let lines: String = [turn(1, None, "a"), turn(2, Some(1), "b")]
        .iter()
        .map(|turn| line(&turn_record(turn, true)))
        .chain([line(&Record::Trace { turn: 1, trace: Cow::Owned(found("tr-1", false)) })])
        .collect();
    let conversation = read(&lines);
    let traces = |conversation: &Conversation| -> Vec<Option<String>> {
        conversation.turns.iter().map(|turn| turn.trace_id().map(str::to_owned)).collect()
    };
    assert_eq!(traces(&conversation), [Some("tr-1".to_owned()), None]);
    let desk = Desk::new();
    let (shelf, _) = open(&desk);
    shelf.save(&conversation);
    shelf.traced(conversation.id, 2, &found("tr-2", true));
    shelf.flush();
    let again = read(&text(&desk, conversation.id));
    assert_eq!(traces(&again), [Some("tr-1".to_owned()), Some("tr-2".to_owned())]);
    let certain: Vec<_> = again.turns.iter().map(Turn::certain_trace_id).collect();
    assert_eq!(certain, [Some("tr-1"), None], "which one was chosen is kept");
}

/// The folder as another start of the app finds it.
fn open(desk: &Desk) -> (Shelf, Vec<Summary>) {
    let shelf = Shelf::open(desk.folder(), &desk.tasks).unwrap();
    let News::Listed(all) = next(&shelf) else { panic!("the list comes first") };
    (shelf, all)
}

fn text(desk: &Desk, id: u64) -> String {
    std::fs::read_to_string(desk.folder().join(format!("{id}.jsonl"))).unwrap()
}

fn next(shelf: &Shelf) -> News {
    soon(|| shelf.next())
}

fn conversation(id: u64, turns: Vec<Turn>) -> Conversation {
    Conversation::restored(id, None, turns, None)
}

#[test]
fn what_is_begun_grows_and_ends_is_there_on_the_next_start() {
    let desk = Desk::new();
    let (shelf, all) = open(&desk);
    assert_eq!(all, []);
    shelf.save(&conversation(5, vec![turn(50, None, "hello?\nmore")]));
    for answer in growing() {
        shelf.grew(5, 50, &Arc::new(answer));
        shelf.flush();
    }
    let mut ended = answered(50, None, "hello?\nmore");
    shelf.ended(5, &ended);
    shelf.begun(5, &turn(51, Some(50), "and?"));
    drop(shelf);

    let (shelf, all) = open(&desk);
    assert_eq!((all.len(), all[0].title.as_str(), all[0].turns), (1, "hello?", 2));
    shelf.load(5);
    let News::Loaded(loaded) = next(&shelf) else { panic!("it is there") };
    ended.endpoint = loaded.turns[0].endpoint.clone();
    assert_eq!(loaded.turns[0].answer, ended.answer);
    assert!(loaded.turns[1].was_abandoned());
    shelf.load(6);
    assert!(matches!(next(&shelf), News::Failed(..)) && matches!(next(&shelf), News::Missing(6)));
}

#[test]
fn tokens_that_an_endpoint_quotes_stay_off_the_disk() {
    let desk = Desk::new();
    let (shelf, _) = open(&desk);
    shelf.save(&conversation(5, vec![turn(50, None, "echo")]));
    let mut reader = Reader::new(Some("text/plain"), 200);
    reader.feed(b"you sent Bearer s3cret-token");
    reader.finish();
    let mut turn = turn(50, None, "echo");
    turn.answer = Arc::new(reader.transcript().clone());
    assert!(turn.answer.text().contains("s3cret-token"));
    shelf.ended(5, &turn);
    shelf.flush();
    let kept = text(&desk, 5);
    assert!(kept.contains("you sent Bearer …") && !kept.contains("s3cret"), "{kept}");
}

#[test]
fn a_token_quoted_in_pieces_stays_off_the_disk_too() {
    let desk = Desk::new();
    let (shelf, _) = open(&desk);
    shelf.save(&conversation(5, vec![turn(50, None, "echo")]));
    let mut reader = Reader::new(Some("text/event-stream"), 200);
    for piece in ["you sent s3c", "ret-to", "ken, I think. Or s3c", "onds"] {
        let event = format!(r#"{{"type":"response.output_text.delta","item_id":"m","delta":"{piece}"}}"#);
        reader.feed(format!("data: {event}\n\n").as_bytes());
        shelf.grew(5, 50, &Arc::new(reader.transcript().clone()));
        shelf.flush();
        // What waits is written once nothing else is to be done.
        std::thread::sleep(Duration::from_millis(250));
    }
    shelf.flush();
    let kept = text(&desk, 5);
    assert!(kept.contains("you sent ") && !kept.contains("s3cret") && !kept.contains("ret-to"), "{kept}");
    reader.finish();
    let mut turn = turn(50, None, "echo");
    turn.answer = Arc::new(reader.transcript().clone());
    shelf.ended(5, &turn);
    shelf.load(5);
    let News::Loaded(loaded) = next(&shelf) else { panic!("it is there") };
    assert_eq!(loaded.turns[0].answer.text(), "you sent …, I think. Or s3conds");
    assert!(!text(&desk, 5).contains("s3c\""), "no piece either");
}

#[test]
fn large_files_are_kept_beside_and_go_with_the_conversation() {
    let desk = Desk::new();
    let (shelf, _) = open(&desk);
    let large = Attachment::new("scan.bin", vec![0xff; 300_000]);
    let small = Attachment::new("notes.md", b"# Hi".to_vec());
    let mut asked = turn(50, None, "look");
    let message = Message { text: "look".into(), attachments: vec![large.clone(), small] };
    asked.ask = Ask::Message(message.clone());
    shelf.save(&conversation(5, vec![asked.clone()]));
    asked.id = 51;
    asked.parent = Some(50);
    shelf.begun(5, &asked);
    shelf.flush();
    let beside = desk.folder().join("5.files");
    assert_eq!(std::fs::read_dir(&beside).unwrap().count(), 1, "the same file is kept once");
    assert!(text(&desk, 5).len() < 100_000);
    let asks = |shelf: &Shelf, id| {
        shelf.load(id);
        let News::Loaded(loaded) = next(shelf) else { panic!("it is there") };
        loaded.turns.iter().map(|turn| turn.ask.clone()).collect::<Vec<_>>()
    };
    assert_eq!(asks(&shelf, 5), [Ask::Message(message.clone()), Ask::Message(message.clone())]);
    // What is exported stands for itself, wherever it is imported.
    let file = desk.file("out.jsonl");
    shelf.export(vec![5], Vec::new(), file.clone());
    assert!(matches!(next(&shelf), News::Exported(_, 1)));
    shelf.delete(5);
    shelf.import(file);
    let News::Imported(all) = next(&shelf) else { panic!("it is read") };
    assert_eq!(asks(&shelf, all[0].id)[0], Ask::Message(message.clone()));
    shelf.delete(all[0].id);
    shelf.restore(all[0].id);
    assert_eq!(asks(&shelf, all[0].id)[1], Ask::Message(message));
    // Changed behind our back: not that file any more.
    std::fs::write(beside.join(large.sha256()), b"other").unwrap();
    let Ask::Message(changed) = &asks(&shelf, all[0].id)[0] else { panic!("a message") };
    assert!(changed.attachments[0].data().is_none() && changed.attachments[1].data().is_some());
    shelf.delete(all[0].id);
    drop(shelf);
    assert!(!beside.exists());
}

#[test]
fn a_huge_answer_is_kept_up_to_a_bound_and_says_so() {
    let desk = Desk::new();
    let (shelf, _) = open(&desk);
    shelf.save(&conversation(5, vec![turn(50, None, "all of it")]));
    let mut reader = Reader::new(Some("text/event-stream"), 200);
    let delta = "x".repeat(1 << 20);
    for _ in 0..10 {
        let event = format!(r#"{{"type":"response.output_text.delta","item_id":"m","delta":"{delta}"}}"#);
        reader.feed(format!("data: {event}\n\n").as_bytes());
        shelf.grew(5, 50, &Arc::new(reader.transcript().clone()));
        shelf.flush();
        // What waits is written once nothing else is to be done.
        std::thread::sleep(Duration::from_millis(250));
    }
    reader.finish();
    let mut turn = turn(50, None, "all of it");
    turn.answer = Arc::new(reader.transcript().clone());
    shelf.ended(5, &turn);
    shelf.load(5);
    let News::Loaded(loaded) = next(&shelf) else { panic!("it is there") };
    let text = loaded.turns[0].answer.text();
    assert!(loaded.turns[0].cut && !text.is_empty() && text.len() < 9 << 20, "{}", text.len());
}

#[test]
fn words_are_found_and_what_is_deleted_can_be_taken_back() {
    let desk = Desk::new();
    let (shelf, _) = open(&desk);
    shelf.save(&conversation(5, vec![answered(50, None, "Why is OTIF down?")]));
    shelf.save(&conversation(6, vec![answered(60, None, "Anything else")]));
    let found = |shelf: &Shelf, words: &str| {
        shelf.search(words, Vec::new());
        let News::Found(_, mut ids) = next(shelf) else { panic!("an answer") };
        ids.sort_unstable();
        ids
    };
    assert_eq!(found(&shelf, "otif WÖRLD"), [5]);
    assert_eq!(found(&shelf, "hello"), [5, 6]);
    assert!(found(&shelf, "hello nobody").is_empty());
    shelf.delete(5);
    assert_eq!(found(&shelf, "hello"), [6]);
    shelf.restore(5);
    assert_eq!(found(&shelf, "hello"), [5, 6]);
    shelf.delete(6);
    drop(shelf);
    let (_, all) = open(&desk);
    assert_eq!(all.iter().map(|known| known.id).collect::<Vec<_>>(), [5]);
}

#[test]
fn what_is_exported_is_imported_beside_what_is_there() {
    let desk = Desk::new();
    let (shelf, _) = open(&desk);
    let branches = vec![answered(50, None, "a"), answered(51, Some(50), "b"), answered(52, Some(50), "c")];
    shelf.save(&conversation(5, branches));
    let open = Whole::of(&conversation(6, vec![answered(60, None, "not on disk")]));
    let file = desk.file("out.jsonl");
    shelf.export(vec![5, 6], vec![open], file.clone());
    assert!(matches!(next(&shelf), News::Exported(_, 2)));
    shelf.import(file.clone());
    let News::Imported(all) = next(&shelf) else { panic!("they are read") };
    let all: Vec<_> = all.iter().map(|known| (known.title.as_str(), known.turns, known.id)).collect();
    assert_eq!(all[..1], [("a", 3, 6)], "5 is taken");
    assert_eq!((all[1].0, all[1].1), ("not on disk", 1));
    std::fs::write(&file, "nothing of ours\n").unwrap();
    shelf.import(file);
    assert!(matches!(next(&shelf), News::Failed(..)));
}

#[test]
fn a_comparison_is_imported_as_one_of_its_own() {
    let desk = Desk::new();
    let (shelf, _) = open(&desk);
    for (place, id) in [5, 6].into_iter().enumerate() {
        let address = format!("http://127.0.0.1:{id}/invocations");
        let mut pane = conversation(id, vec![answered(id * 10, None, "which one?")]);
        pane.beside = Some(Beside { comparison: 4, place, address });
        shelf.save(&pane);
    }
    let file = desk.file("out.jsonl");
    shelf.export(vec![5, 6], Vec::new(), file.clone());
    assert!(matches!(next(&shelf), News::Exported(_, 2)));
    shelf.import(file);
    let News::Imported(all) = next(&shelf) else { panic!("they are read") };
    let [first, second] = &all[..] else { panic!("two panes: {all:?}") };
    let (one, other) = (first.beside.as_ref().unwrap(), second.beside.as_ref().unwrap());
    assert!(![5, 6].contains(&first.id) && first.id != second.id);
    assert_eq!(one.comparison, other.comparison);
    assert_ne!(one.comparison, 4, "the one that is there keeps its two panes");
    assert_eq!([one.place, other.place], [0, 1]);
    assert_eq!(other.address, "http://127.0.0.1:6/invocations");
    drop(shelf);
    let (_, all) = open(&desk);
    let there = all.iter().filter(|known| known.beside.as_ref().is_some_and(|it| it.comparison == 4));
    assert_eq!((all.len(), there.count()), (4, 2));
}
