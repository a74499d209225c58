//! Keeps an endpoint's secrets off the disk, also where the agent quotes them in pieces.

use std::sync::Arc;

use crate::agent::wire::{Item, ItemBody, Part};
use crate::agent::{Token, Transcript};

/// An answer as it may be kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Quoted {
    /// As it came.
    from: Arc<Transcript>,
    /// Without the secrets.
    pub(super) answer: Arc<Transcript>,
    /// A secret was in it.
    pub(super) quotes: bool,
}

impl Quoted {
    /// The next state of an answer. While it grows, the end of a text that may become a secret waits.
    pub(super) fn next(&self, answer: &Arc<Transcript>, secrets: &[Token], growing: bool) -> Self {
        if secrets.is_empty() {
            return Self { from: Arc::default(), answer: Arc::clone(answer), quotes: false };
        }
        let mut kept = Transcript::clone(answer);
        let mut quotes = self.quotes;
        for (at, item) in kept.items.iter_mut().enumerate() {
            let same = self.from.items.get(at).is_some_and(|before| Arc::ptr_eq(before, item));
            // What is open may have been held back.
            if same
                && !item.is_open()
                && let Some(known) = self.answer.items.get(at)
            {
                *item = Arc::clone(known);
            } else if let Some(clean) = cleaned(item, secrets, growing, &mut quotes) {
                *item = Arc::new(clean);
            }
        }
        Self { from: Arc::clone(answer), answer: Arc::new(kept), quotes }
    }
}

/// An item without the secrets, if it is another then.
fn cleaned(item: &Item, secrets: &[Token], growing: bool, quotes: &mut bool) -> Option<Item> {
    let mut clean = item.clone();
    let mut changed = false;
    for_each_text(&mut clean.body, |text| {
        if text.is_empty() {
            return;
        }
        let before = text.len();
        let scrubbed = secrets.iter().fold(std::mem::take(text), |text, secret| secret.scrubbed(text));
        let found = scrubbed.len() != before;
        *text = scrubbed;
        if growing && item.is_open() {
            let settled = secrets.iter().map(|secret| secret.settled(text)).min();
            text.truncate(settled.unwrap_or(text.len()));
        }
        *quotes |= found;
        changed |= found || text.len() != before;
    });
    changed.then_some(clean)
}

/// The texts that come in pieces.
fn for_each_text(body: &mut ItemBody, mut take: impl FnMut(&mut String)) {
    match body {
        ItemBody::Message { parts, .. } => parts.iter_mut().for_each(|part| match part {
            Part::Text { text, .. } | Part::Refusal(text) => take(text),
            Part::Other(_) => {}
        }),
        ItemBody::Reasoning(reasoning) => {
            reasoning.summary.iter_mut().chain(&mut reasoning.text).for_each(take);
        }
        ItemBody::Call(call) => {
            take(&mut call.arguments);
            call.output.as_mut().map(&mut take);
        }
        ItemBody::Output(output) => take(&mut output.output),
        ItemBody::Approval(_) | ItemBody::Other => {}
    }
}
