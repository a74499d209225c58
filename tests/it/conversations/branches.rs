//! Messages that are replaced, and conversations beside each other.

use flowdeck::state::chat::{Ask, ChatCommand};
use serde_json::json;

use super::{Bench, echo};

#[test]
fn the_last_message_can_be_replaced() {
    let mut bench = Bench::new();
    let seen = bench.serve(echo);
    for text in ["one", "two"] {
        bench.say(text);
        bench.until_over();
    }
    bench.replace_last("  ");
    assert_eq!(bench.conversation().turns.len(), 2);
    bench.replace_last("three");
    bench.until_over();
    assert_eq!(bench.conversation().turns.len(), 2);
    let said: Vec<_> =
        seen.bodies()[2]["input"].as_array().unwrap().iter().map(|item| item["content"].clone()).collect();
    assert_eq!((said[0].clone(), said[2].clone(), said.len()), (json!("one"), json!("three"), 3));
}

#[test]
fn a_replacement_is_a_branch_and_in_another_conversation_a_new_message() {
    let mut bench = Bench::new();
    let seen = bench.serve(echo);
    bench.say("one");
    bench.until_over();
    let (first, one) = (bench.conversation().id, bench.last().id);
    bench.apply(ChatCommand::New);
    bench.say("elsewhere");
    bench.until_over();
    bench.replace(first, one, "late");
    bench.until_over();
    assert_eq!(bench.conversation().turns.len(), 2);
    bench.apply(ChatCommand::Show(first));
    assert_eq!((bench.conversation().turns.len(), bench.last().id), (1, one));
    bench.say("two");
    bench.until_over();
    bench.replace(first, one, "three");
    bench.until_over();
    // The first message was shown: it and what followed are another branch now.
    let asked = |bench: &Bench| -> Vec<Ask> {
        bench.conversation().turns.iter().map(|turn| turn.ask.clone()).collect()
    };
    let texts = |texts: &[&str]| texts.iter().map(|text| Ask::Message((*text).into())).collect::<Vec<_>>();
    assert_eq!(asked(&bench), texts(&["three"]));
    assert_eq!(bench.conversation().branches(bench.last()).len(), 2);
    bench.apply(ChatCommand::ShowBranch(one));
    assert_eq!(asked(&bench), texts(&["one", "two"]), "up to its end");
    bench.apply(ChatCommand::Regenerate(one));
    bench.until_over();
    assert_eq!(asked(&bench), texts(&["one"]));
    assert_eq!(bench.conversation().branches(bench.last()).len(), 3);
    assert_eq!(seen.bodies().last().unwrap()["input"].as_array().unwrap().len(), 1);
}

#[test]
fn conversations_are_kept_apart() {
    let mut bench = Bench::new();
    let seen = bench.serve(echo);
    bench.say("first\nline two");
    bench.until_over();
    let first = bench.conversation().id;
    bench.apply(ChatCommand::New);
    bench.apply(ChatCommand::New);
    assert_eq!(
        (bench.chat.conversations().len(), bench.conversation().title().as_str()),
        (2, "New conversation")
    );
    bench.say("second");
    bench.until_over();
    assert_eq!(seen.bodies()[1]["input"].as_array().unwrap().len(), 1);
    bench.apply(ChatCommand::Show(first));
    assert_eq!(bench.conversation().title(), "first");
    bench.apply(ChatCommand::Delete(first));
    assert_eq!(bench.conversation().title(), "second");
    let second = bench.conversation().id;
    bench.apply(ChatCommand::Delete(second));
    assert_eq!((bench.chat.conversations().len(), bench.conversation().turns.len()), (1, 0));
}
