//! The journal as the app uses it: what one window writes another one shows, and the next one finds.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::entry::{How, Move, Standing, Verdict};
use super::*;
use crate::entities::Alias;
use crate::state::Tasks;

const PATIENCE: Duration = Duration::from_secs(20);

struct Window {
    journal: Journal,
    notices: Notices,
    told: Vec<Arc<Record>>,
}

impl Window {
    fn open(folder: &Path) -> Self {
        let tasks = Tasks::new(tokio::runtime::Handle::current(), || {});
        let journal = Journal::open(Some(folder.to_owned()), "ann".into(), &tasks);
        Self { journal, notices: Notices::default(), told: Vec::new() }
    }

    async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.journal.poll(&mut self.notices);
            self.told.extend(seen);
            if holds(self) {
                return;
            }
            assert!(Instant::now() < deadline, "waited in vain for {what}: {:?}", self.journal.records());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn log(&self, alias: &str, from: Option<u32>, to: Option<u32>) -> MoveLog {
        let change = Move { model: "Churn".into(), alias: alias.into(), from, to, ..Move::default() };
        self.journal.log(&info(), change, true)
    }

    async fn moves(&self, alias: &str, from: Option<u32>, to: Option<u32>) {
        let mut log = self.log(alias, from, to);
        log.intend().await.unwrap();
        log.end(done()).await;
    }

    /// A look at the whole server, asked now.
    fn sees(&self, aliases: &[(&str, u32)]) {
        self.sees_at(format::now(), aliases);
    }

    fn sees_at(&self, asked: i64, aliases: &[(&str, u32)]) {
        let aliases = aliases.iter().map(|(a, v)| Alias { alias: (*a).into(), version: *v }).collect();
        let model = RegisteredModel { name: "Churn".into(), aliases, ..RegisteredModel::default() };
        self.looks(asked, vec![model]);
    }

    fn looks(&self, asked: i64, models: Vec<RegisteredModel>) {
        let (server, label) = (info().uri, info().label);
        let seen = Observation { server, label, models, asked, answered: format::now(), whole: true };
        self.journal.recorder().observe(seen);
    }

    fn titles(&self) -> Vec<String> {
        self.journal
            .records()
            .iter()
            .map(|record| format!("{} {:?}", record.title(), record.outcome))
            .collect()
    }

    fn prod(&self) -> Option<Standing> {
        self.journal.last_word(&info().uri, "Churn", "prod")
    }
}

fn info() -> StoreInfo {
    StoreInfo { uri: "http://a".into(), label: "a".into(), ..StoreInfo::default() }
}

fn done() -> Verdict {
    Verdict { how: How::Done, now: None, text: "Done".into(), resolved: false }
}

/// The journal's clock counts milliseconds: what follows is asked later.
async fn tick() {
    tokio::time::sleep(Duration::from_millis(3)).await;
}

#[tokio::test]
async fn what_one_window_writes_another_shows_and_the_next_finds() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = Window::open(folder.path());
    let mut two = Window::open(folder.path());
    one.moves("prod", Some(3), Some(7)).await;
    one.until("its own move", |window| window.titles() == ["prod: v3 → v7 Done"]).await;
    two.until("the other's move", |window| window.titles() == ["prod: v3 → v7 Done"]).await;
    two.moves("prod", Some(7), Some(5)).await;
    for window in [&mut one, &mut two] {
        window.until("the way back", |window| window.prod() == Some(Standing::At(5))).await;
    }
    assert_eq!(one.titles(), two.titles());
    assert!(one.told.is_empty() && two.told.is_empty());
    one.journal.flush();
    let mut next = Window::open(folder.path());
    next.until("the file", |window| window.journal.is_loaded()).await;
    assert_eq!(next.titles(), one.titles());
    assert_eq!(next.journal.departures(&info().uri, "Churn")[0].version, 7);
}

#[tokio::test]
async fn only_an_ended_flowdecks_intent_is_abandoned_and_is_ended_once() {
    let folder = tempfile::tempdir().unwrap();
    let one = Window::open(folder.path());
    let mut two = Window::open(folder.path());
    let mut log = one.log("prod", Some(3), Some(7));
    log.intend().await.unwrap();
    assert!(two.journal.recorder().abandoned(&info().uri).await.is_empty(), "its window is open");
    drop((one, log));
    let deadline = Instant::now() + PATIENCE;
    let left = loop {
        match two.journal.recorder().abandoned(&info().uri).await.as_slice() {
            [left] => break left.clone(),
            _ => assert!(Instant::now() < deadline),
        }
        tick().await;
    };
    assert_eq!((left.change.from, left.change.to), (Some(3), Some(7)));
    assert!(two.journal.recorder().abandoned("http://other").await.is_empty());
    let three = Window::open(folder.path());
    let found = |how| Verdict { how, now: Some(Standing::At(7)), text: String::new(), resolved: true };
    two.journal.recorder().log_of(&left).end(found(How::TookEffect)).await;
    three.journal.recorder().log_of(&left).end(found(How::Unclear)).await;
    two.until("the end", |window| window.titles() == ["prod: v3 → v7 Done"]).await;
    assert!(two.journal.recorder().abandoned(&info().uri).await.is_empty());
    let text = std::fs::read_to_string(folder.path().join(FILE_NAME)).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[tokio::test]
async fn what_others_move_is_told_once_and_what_we_move_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = Window::open(folder.path());
    one.sees(&[("prod", 3), ("candidate", 7)]);
    tick().await;
    one.moves("prod", Some(3), Some(5)).await;
    tick().await;
    one.sees(&[("prod", 5), ("candidate", 7)]);
    tick().await;
    one.sees(&[("prod", 6), ("staging", 2)]);
    one.until("what others did", |window| window.told.len() == 3).await;
    let told: Vec<String> = one.told.iter().map(|record| record.title()).collect();
    assert_eq!(told, ["candidate: v7 → deleted", "prod: v5 → v6", "staging: new → v2"]);
    assert!(one.told.iter().all(|record| record.who() == "someone else" && record.window().is_some()));
    one.sees(&[("prod", 6), ("staging", 2)]);
    // The next window has what this one saw.
    one.journal.flush();
    let mut next = Window::open(folder.path());
    next.sees(&[("prod", 9), ("staging", 2)]);
    next.until("what happened since", |window| !window.told.is_empty()).await;
    assert_eq!(next.told[0].title(), "prod: v6 → v9");
    assert_eq!(next.titles().len(), 5);
}

#[tokio::test]
async fn two_windows_that_look_at_once_write_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mut one, mut two) = (Window::open(folder.path()), Window::open(folder.path()));
    for window in [&one, &two] {
        window.sees(&[("prod", 3)]);
    }
    tick().await;
    for window in [&one, &two] {
        window.sees(&[("prod", 4)]);
    }
    one.until("the change", |window| window.titles().len() == 1).await;
    two.until("the change", |window| window.titles().len() == 1).await;
    for window in [&one, &two] {
        window.journal.flush();
    }
    let text = std::fs::read_to_string(folder.path().join(FILE_NAME)).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[tokio::test]
async fn an_answer_from_before_our_change_is_no_news() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = Window::open(folder.path());
    one.sees(&[("prod", 3)]);
    tick().await;
    let asked = format::now();
    tick().await;
    let mut log = one.log("prod", Some(3), Some(7));
    log.intend().await.unwrap();
    // While it is under way, either may be true.
    one.sees(&[("prod", 7)]);
    log.end(done()).await;
    one.sees_at(asked, &[("prod", 3)]);
    tick().await;
    one.sees(&[("prod", 7)]);
    tick().await;
    one.sees(&[("prod", 8)]);
    one.until("the one change", |window| !window.told.is_empty()).await;
    assert_eq!(one.titles(), ["prod: v3 → v7 Done", "prod: v7 → v8 Seen"]);
}

#[tokio::test]
async fn an_unclear_end_is_cleared_by_a_look() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = Window::open(folder.path());
    one.sees(&[("prod", 3)]);
    tick().await;
    let mut log = one.log("prod", Some(3), Some(7));
    log.intend().await.unwrap();
    let unknown = Verdict { how: How::Unclear, now: None, text: "No answer".into(), resolved: false };
    log.end(unknown).await;
    tick().await;
    one.sees(&[("prod", 7)]);
    one.until("the end", |window| window.titles() == ["prod: v3 → v7 Done"]).await;
    assert_eq!(one.told[0].notes[0].1, "The change took effect after all: prod is v7.");
    assert_eq!(one.prod(), Some(Standing::At(7)));
}

#[tokio::test]
async fn a_model_is_gone_when_two_looks_do_not_find_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = Window::open(folder.path());
    one.sees(&[("prod", 3)]);
    tick().await;
    one.looks(format::now(), Vec::new());
    tick().await;
    one.sees(&[("prod", 3)]);
    for _ in 0..2 {
        tick().await;
        one.looks(format::now(), Vec::new());
    }
    one.until("the loss", |window| !window.told.is_empty()).await;
    assert_eq!(one.titles(), ["prod: v3 → deleted Seen"]);
}

#[tokio::test]
async fn what_we_rename_and_delete_nobody_else_did() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = Window::open(folder.path());
    let looks = |window: &Window, name: &str| {
        let prod = Alias { alias: "prod".into(), version: 3 };
        let model = RegisteredModel { name: name.into(), aliases: vec![prod], ..RegisteredModel::default() };
        window.looks(format::now(), vec![model]);
    };
    looks(&one, "Churn");
    tick().await;
    let asked = format::now();
    tick().await;
    let edit = |model: &str, effect| Edit {
        kind: ModelKind::Model,
        model: model.into(),
        version: None,
        effect: Some(effect),
        outcome: Outcome::Done,
        text: "Changed".into(),
    };
    one.journal.note(&info(), edit("New", Effect::Renamed { from: "Churn".into() }));
    one.until("the edit", |window| window.titles().len() == 1).await;
    one.sees_at(asked, &[("prod", 3)]);
    tick().await;
    for _ in 0..3 {
        looks(&one, "New");
        tick().await;
    }
    // The next window starts from what was kept, and from the edits since.
    one.journal.flush();
    let mut next = Window::open(folder.path());
    looks(&next, "New");
    tick().await;
    next.journal.note(&info(), edit("New", Effect::Deleted));
    next.until("the edit", |window| window.titles().len() == 2).await;
    for _ in 0..3 {
        tick().await;
        next.looks(format::now(), Vec::new());
    }
    next.sees(&[("prod", 4)]);
    next.until("a model of somebody else", |window| !window.told.is_empty()).await;
    assert_eq!(next.titles(), ["Changed Done", "Changed Done", "prod: new → v4 Seen"]);
}

#[tokio::test]
async fn what_happens_to_the_sample_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = Window::open(folder.path());
    let sample = StoreInfo { sample: true, ..info() };
    let change = Move { model: "Churn".into(), alias: "prod".into(), to: Some(1), ..Move::default() };
    let mut log = one.journal.log(&sample, change, true);
    log.intend().await.unwrap();
    log.end(done()).await;
    one.until("the move", |window| window.titles() == ["prod: new → v1 Done"]).await;
    one.journal.flush();
    assert!(!folder.path().join(FILE_NAME).exists());
}

#[tokio::test]
async fn who_moved_it_is_who_is_logged_in_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = Window::open(folder.path());
    let typed = StoreInfo { user: Some("bea".into()), ..info() };
    for (info, to) in [(&typed, 7), (&info(), 8)] {
        let change = Move { model: "Churn".into(), alias: "prod".into(), to: Some(to), ..Move::default() };
        let mut log = one.journal.log(info, change, true);
        log.intend().await.unwrap();
        log.end(done()).await;
    }
    one.until("both moves", |window| window.journal.records().len() == 2).await;
    let who: Vec<_> = one.journal.records().iter().map(|record| record.who()).collect();
    assert_eq!(who, ["bea", "ann"]);
}
