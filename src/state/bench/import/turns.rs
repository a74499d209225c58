//! Prompts from conversations: what was asked, with all that was said before it.

use crate::state::bench::set::{Case, Message, Prompt};
use crate::state::chat::{Ask, Conversation, Turn};

/// A turn that is shown, as a prompt: its answer is what is expected, to be read beside those that come.
pub fn case_of_turn(conversation: &Conversation, turn: u64) -> Option<Case> {
    let at = conversation.turns.iter().position(|known| known.id == turn)?;
    case_at(&conversation.turns, at)
}

/// Every message of a user in the branch that is shown.
pub fn cases_of_conversation(conversation: &Conversation) -> Vec<Case> {
    (0..conversation.turns.len()).filter_map(|at| case_at(&conversation.turns, at)).collect()
}

fn case_at(turns: &[Turn], at: usize) -> Option<Case> {
    let (before, from) = turns.split_at(at);
    let turn = from.first()?;
    let asked = words(turn)?;
    let mut messages: Vec<Message> = Vec::new();
    let mut push = |role: &str, content: &str| {
        if !content.is_empty() {
            messages.push(Message { role: role.to_owned(), content: content.to_owned() });
        }
    };
    for turn in before {
        push("user", words(turn).unwrap_or_default());
        push("assistant", &turn.answer.text());
    }
    let prompt = if messages.is_empty() {
        Prompt::Text(asked.to_owned())
    } else {
        messages.push(Message { role: "user".to_owned(), content: asked.to_owned() });
        Prompt::Messages(messages)
    };
    let manner = &turn.manner;
    let files = matches!(&turn.ask, Ask::Message(message) if !message.attachments.is_empty());
    let note = if files { "The files of the message are not part of the prompt" } else { "" };
    Some(Case {
        note: note.to_owned(),
        system_prompt: manner.system_prompt.clone(),
        custom_inputs: manner.custom_inputs.clone(),
        expected: turn.answer.text(),
        ..Case::of("", prompt)
    })
}

/// What the user said, if they said something.
fn words(turn: &Turn) -> Option<&str> {
    match &turn.ask {
        Ask::Message(message) => Some(&message.text),
        Ask::Approvals(_) => None,
    }
}
