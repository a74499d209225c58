//! A conversation as Markdown, for the clipboard.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Ask, Conversation, Turn};
use crate::agent::Row;
use crate::agent::wire::{ItemBody, Part, ToolCall, pretty_json};
use crate::state::format;

/// The branch that is shown: what was said, and which tools were called with what.
pub fn markdown(conversation: &Conversation) -> String {
    let mut out = format!("# {}\n", conversation.title());
    let mut prompt = "";
    for turn in &conversation.turns {
        if turn.manner.system_prompt != prompt {
            prompt = &turn.manner.system_prompt;
            section(&mut out, "System prompt", prompt);
        }
        push_turn(&mut out, turn);
    }
    out
}

/// A comparison: each question once, and below it what every pane answered.
pub(super) fn compared(panes: &[&Conversation]) -> String {
    let title = panes.first().map(|pane| pane.title()).unwrap_or_default();
    let mut out = format!("# {title}\n");
    let steps: BTreeSet<u64> = panes.iter().flat_map(|pane| pane.turns.iter().map(Turn::step)).collect();
    for step in steps {
        let mut asked = None;
        for pane in panes {
            for turn in pane.turns.iter().filter(|turn| turn.step() == step) {
                if asked != Some(&turn.ask) {
                    push_ask(&mut out, &turn.ask);
                    asked = Some(&turn.ask);
                }
                push_answer(&mut out, turn);
            }
        }
    }
    out
}

fn push_turn(out: &mut String, turn: &Turn) {
    push_ask(out, &turn.ask);
    push_answer(out, turn);
}

fn push_ask(out: &mut String, ask: &Ask) {
    match ask {
        Ask::Message(message) => {
            let files = message.attachments.iter().map(|file| {
                format!("*{} ({}, {})*", file.name(), file.media_type(), format::bytes(file.size()))
            });
            let said = Some(message.text.clone()).filter(|text| !text.is_empty());
            let said: Vec<String> = said.into_iter().chain(files).collect();
            section(out, "You", &said.join("\n\n"));
        }
        Ask::Approvals(decisions) => {
            let said = decisions
                .iter()
                .map(|(id, yes)| format!("{id}: {}", if *yes { "approved" } else { "denied" }));
            section(out, "You", &said.collect::<Vec<_>>().join("\n"));
        }
    }
}

fn push_answer(out: &mut String, turn: &Turn) {
    let mut said = String::new();
    for row in turn.answer.rows() {
        match row {
            Row::Item(item) => match &item.body {
                ItemBody::Message { parts, .. } => parts.iter().for_each(|part| push_part(&mut said, part)),
                ItemBody::Call(call) => push_call(&mut said, call, None),
                _ => {}
            },
            Row::Call { call, output } => {
                let output = match output.map(|output| &output.body) {
                    Some(ItemBody::Output(output)) => Some(output.output.as_str()),
                    _ => None,
                };
                if let ItemBody::Call(call) = &call.body {
                    push_call(&mut said, call, output);
                }
            }
        }
    }
    for failure in &turn.answer.failures {
        paragraph(&mut said, &format!("*{}*", failure.headline));
    }
    if let Some(error) = turn.error() {
        paragraph(&mut said, &format!("*{error}*"));
    }
    let who = format!("Agent ({}, {})", turn.endpoint.host(), format::exact_time(turn.at));
    section(out, &who, said.trim());
}

fn push_part(said: &mut String, part: &Part) {
    match part {
        Part::Text { text, .. } | Part::Refusal(text) => paragraph(said, text),
        Part::Other(_) => {}
    }
}

fn push_call(said: &mut String, call: &ToolCall, output: Option<&str>) {
    let name = if call.name.is_empty() { "a tool" } else { &call.name };
    paragraph(said, &format!("Called `{name}`"));
    fenced(said, &call.arguments);
    if let Some(output) = output.or(call.output.as_deref()) {
        paragraph(said, "which answered");
        fenced(said, output);
    }
}

/// A block of code whose fence is longer than any in it.
fn fenced(out: &mut String, text: &str) {
    let pretty = pretty_json(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let kind = if pretty.is_some() { "json" } else { "" };
    let body = pretty.as_deref().unwrap_or(text);
    paragraph(out, &format!("{fence}{kind}\n{body}\n{fence}"));
}

fn section(out: &mut String, title: &str, text: &str) {
    // Writing to a string cannot fail.
    write!(out, "\n## {title}\n\n{text}\n").unwrap_or_default();
}

fn paragraph(out: &mut String, text: &str) {
    if !text.is_empty() {
        out.push_str(text);
        out.push_str("\n\n");
    }
}
