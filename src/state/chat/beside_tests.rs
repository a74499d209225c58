//! Several endpoints side by side, without a window and without anybody who answers.

use std::sync::Arc;

use super::steps::sum_up;
use super::*;
use crate::agent::wire::{Failure, FailureKind};
use crate::agent::{Endpoint, Outcome, Transcript};
use crate::state::notices::Notices;
use crate::state::settings::Settings;

const ONE: &str = "http://127.0.0.1:1/invocations";
const TWO: &str = "http://127.0.0.1:2/invocations";
const THREE: &str = "http://127.0.0.1:3/invocations";

struct Desk {
    chat: Chat,
    notices: Notices,
    settings: Settings,
    tasks: Tasks,
    _runtime: tokio::runtime::Runtime,
}

impl Desk {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tasks = Tasks::new(runtime.handle().clone(), || {});
        let settings = Settings { keep_conversations: true, ..Settings::default() };
        Self { chat: Chat::new(None), notices: Notices::default(), settings, tasks, _runtime: runtime }
    }

    fn apply(&mut self, command: ChatCommand) {
        self.chat.apply(command, &self.tasks, &mut self.notices, &mut self.settings);
    }

    fn compare(&mut self, addresses: &[&str]) {
        self.apply(ChatCommand::Compare(addresses.iter().map(|&address| address.to_owned()).collect()));
    }

    fn say(&mut self, words: &str) {
        self.apply(ChatCommand::Send(words.to_owned().into()));
    }

    /// Ends what is under way, as a second Stop does at once.
    fn end(&mut self) {
        self.apply(ChatCommand::Stop);
        self.apply(ChatCommand::Stop);
    }

    /// What stands at each height, by panes: the words of the questions.
    fn rows(&self) -> Vec<Vec<Vec<String>>> {
        let panes = self.chat.panes();
        let words = |turn: &Turn| match &turn.ask {
            Ask::Message(message) => message.text.clone(),
            Ask::Approvals(_) => "approvals".to_owned(),
        };
        let row = |step: &Step| panes.iter().map(|pane| step.turns(pane).map(words).collect()).collect();
        steps(&panes).iter().map(row).collect()
    }

    fn pane(&self, at: usize) -> &Conversation {
        self.chat.panes()[at]
    }
}

fn row(words: &[&[&str]]) -> Vec<Vec<String>> {
    words.iter().map(|pane| pane.iter().map(|&word| word.to_owned()).collect()).collect()
}

#[test]
fn a_message_goes_to_all_panes_and_stands_at_one_height() {
    let mut desk = Desk::new();
    desk.compare(&[ONE, TWO, ONE]);
    assert_eq!(desk.chat.addresses(), [ONE, TWO]);
    desk.say("hello");
    assert!(desk.chat.is_running() && !desk.chat.can_send());
    let asked: Vec<String> =
        desk.chat.panes().iter().map(|pane| pane.turns[0].endpoint.shown_url()).collect();
    assert_eq!(asked, [ONE, TWO]);
    desk.end();
    desk.say("and now?");
    assert_eq!(desk.rows(), [row(&[&["hello"], &["hello"]]), row(&[&["and now?"], &["and now?"]])]);
}

#[test]
fn one_pane_alone_is_stopped_and_asked_again_without_the_others() {
    let mut desk = Desk::new();
    desk.compare(&[ONE, TWO]);
    desk.say("a");
    let second = desk.pane(1).id;
    let alone = |command| ChatCommand::InPane(second, Box::new(command));
    desk.apply(alone(ChatCommand::Stop));
    desk.apply(alone(ChatCommand::Stop));
    assert!(desk.pane(0).is_running() && !desk.pane(1).is_running());
    // Who is done need not wait.
    desk.say("b");
    assert_eq!(desk.rows(), [row(&[&["a"], &["a"]]), row(&[&[], &["b"]])]);
    desk.end();
    let first = desk.pane(1).turns[0].id;
    desk.apply(alone(ChatCommand::Regenerate(first)));
    desk.end();
    assert_eq!(desk.rows(), [row(&[&["a"], &["a"]])], "what followed is another branch");
    desk.say("c");
    assert_eq!(desk.rows(), [row(&[&["a"], &["a"]]), row(&[&["c"], &["c"]])]);
}

#[test]
fn an_edit_is_sent_to_all_at_the_same_height() {
    let mut desk = Desk::new();
    desk.compare(&[ONE, TWO]);
    desk.say("a");
    desk.end();
    let (conversation, turn) = (desk.pane(0).id, desk.pane(0).turns[0].id);
    desk.apply(ChatCommand::Edit { conversation, turn, message: "A".to_owned().into() });
    desk.end();
    assert_eq!(desk.rows(), [row(&[&["A"], &["A"]])]);
    assert!(desk.chat.panes().iter().all(|pane| pane.branches(&pane.turns[0]).len() == 2));
    let step = steps(&desk.chat.panes())[0].0;
    desk.apply(ChatCommand::RegenerateStep(step));
    assert!(desk.chat.panes().iter().all(|pane| pane.is_running()));
    desk.end();
    assert_eq!(desk.rows(), [row(&[&["A"], &["A"]])]);
}

#[test]
fn a_running_conversation_takes_its_history_into_new_panes_and_goes_on_alone() {
    let mut desk = Desk::new();
    desk.apply(ChatCommand::SetAddress(ONE.to_owned()));
    desk.say("before");
    desk.end();
    let first = desk.chat.current().unwrap().id;
    desk.compare(&[ONE, TWO]);
    assert_eq!(desk.pane(0).id, first);
    assert_eq!(desk.rows(), [row(&[&["before"], &["before"]])]);
    assert_ne!(desk.pane(0).turns[0].id, desk.pane(1).turns[0].id);
    assert_eq!(desk.chat.all().len(), 1, "a comparison is one entry");
    assert_eq!(desk.chat.all()[0].members.len(), 2);
    desk.compare(&[ONE, TWO, THREE]);
    assert_eq!(desk.chat.panes().len(), 3);
    let second = desk.pane(1).id;
    desk.compare(&[TWO]);
    assert!(!desk.chat.is_comparing());
    assert_eq!(desk.chat.current().unwrap().id, second);
    assert_eq!(desk.chat.target.address(), TWO);
    assert_eq!(desk.chat.all().len(), 3, "the panes go on by themselves");
}

#[test]
fn a_comparison_is_deleted_and_taken_back_as_a_whole() {
    let mut desk = Desk::new();
    desk.compare(&[ONE, TWO]);
    desk.say("a");
    desk.end();
    let id = desk.chat.all()[0].id;
    desk.apply(ChatCommand::Rename(id, "Which one?".to_owned()));
    assert_eq!(desk.chat.all()[0].title, "Which one?");
    let members = desk.chat.members(id);
    desk.apply(ChatCommand::Delete(id));
    assert!(desk.chat.all().is_empty() && !desk.chat.is_comparing());
    desk.apply(ChatCommand::Restore(members));
    assert_eq!((desk.chat.all().len(), desk.chat.panes().len()), (1, 2));
}

fn over(outcome: Outcome) -> Turn {
    let endpoint = Endpoint::parse(ONE).unwrap();
    let mut turn = Turn::new(1, None, Ask::Message("a".to_owned().into()), endpoint, Manner::default());
    turn.answer = Arc::new(Transcript { outcome, ..Transcript::default() });
    turn
}

#[test]
fn a_line_says_same_differs_failed_or_that_it_is_too_early() {
    let (done, running) = (over(Outcome::Completed), over(Outcome::Running));
    let same = Difference { same_words: true, same_calls: true, ..Difference::default() };
    let other = Difference { same_words: false, ..same.clone() };
    assert_eq!(sum_up(&[Some(&done), Some(&running)], &[None]), Summing::Running);
    assert_eq!(sum_up(&[Some(&done), Some(&done)], &[None]), Summing::Open);
    assert_eq!(sum_up(&[Some(&done), Some(&done)], &[Some(&same)]), Summing::Same);
    let three = [Some(&done), Some(&done), Some(&done)];
    assert_eq!(sum_up(&three, &[Some(&same), Some(&other)]), Summing::Differs(vec!["words"]));
    let mut failed = over(Outcome::Failed);
    let failure = Failure::new(FailureKind::Agent, "no");
    Arc::make_mut(&mut failed.answer).failures.push(failure);
    assert_eq!(sum_up(&[Some(&done), Some(&failed)], &[Some(&other)]), Summing::Failed(1));
}
