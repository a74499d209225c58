//! How an answer differs from the one in the base's pane: its words, and the tools that were called.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::steps::steps;
use super::{Chat, Turn};
use crate::agent::Transcript;
use crate::agent::wire::{ItemBody, Part, ToolCall, pretty_json};
use crate::state::compare::TextDiff;
use crate::state::tasks::{Polled, Task, Tasks};

/// Longer texts, in bytes, are only said to differ.
const LONGEST: usize = 200_000;

/// How two answers differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// They say the same words.
    pub same_words: bool,
    /// They call the same tools with the same arguments.
    pub same_calls: bool,
    /// What only the base says.
    pub base: Vec<Mark>,
    /// What only the other one says.
    pub other: Vec<Mark>,
    /// What the other one calls otherwise, by the place of the call in the answer.
    pub calls: BTreeMap<usize, CallChange>,
    /// What the base calls and the other one does not.
    pub not_called: Vec<String>,
}

/// Words of one part of a message, as bytes of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The place of the message in the answer.
    pub place: usize,
    /// The part of the message.
    pub part: usize,
    /// What differs, in order.
    pub ranges: Vec<Range<usize>>,
}

/// How a tool call differs from the one that it stands beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallChange {
    /// The base does not call this tool, or less often.
    Added,
    /// It is called with other arguments.
    Arguments,
}

impl Difference {
    /// Whether nothing differs that the user sees.
    pub fn is_same(&self) -> bool {
        self.same_words && self.same_calls
    }

    /// Compares two answers. Takes its time: call it off the UI thread.
    pub fn between(base: &Transcript, other: &Transcript) -> Self {
        let (old, new) = (Words::of(base), Words::of(other));
        let mut difference = Self { same_words: old.text == new.text, same_calls: true, ..Self::default() };
        if !difference.same_words && old.text.len().max(new.text.len()) <= LONGEST {
            let diff = TextDiff::new(old.text.as_str().into(), new.text.as_str().into());
            difference.base = old.marks(&diff, 0);
            difference.other = new.marks(&diff, 1);
        }
        difference.compare_calls(base, other);
        difference
    }

    /// Each call stands beside the call of the same tool that comes as often before it.
    fn compare_calls(&mut self, base: &Transcript, other: &Transcript) {
        let mut waiting: Vec<&ToolCall> = calls(base).map(|(_, call)| call).collect();
        for (place, call) in calls(other) {
            let at = waiting.iter().position(|known| known.name == call.name);
            match at.map(|at| waiting.remove(at)) {
                None => drop(self.calls.insert(place, CallChange::Added)),
                Some(known) if canonical(&known.arguments) != canonical(&call.arguments) => {
                    self.calls.insert(place, CallChange::Arguments);
                }
                Some(_) => {}
            }
        }
        self.not_called = waiting.iter().map(|call| call.name.clone()).collect();
        self.same_calls = self.calls.is_empty() && self.not_called.is_empty();
    }
}

fn calls(answer: &Transcript) -> impl Iterator<Item = (usize, &ToolCall)> {
    answer.items.iter().enumerate().filter_map(|(place, item)| match &item.body {
        ItemBody::Call(call) => Some((place, call)),
        _ => None,
    })
}

fn canonical(arguments: &str) -> String {
    pretty_json(arguments).unwrap_or_else(|| arguments.trim().to_owned())
}

/// Everything that an answer says, and where it stands there.
struct Words {
    text: String,
    parts: Vec<(usize, usize, Range<usize>)>,
}

impl Words {
    fn of(answer: &Transcript) -> Self {
        let mut words = Self { text: String::new(), parts: Vec::new() };
        for (place, item) in answer.items.iter().enumerate() {
            let ItemBody::Message { parts, .. } = &item.body else { continue };
            for (at, part) in parts.iter().enumerate() {
                let (Part::Text { text, .. } | Part::Refusal(text)) = part else { continue };
                let start = words.text.len();
                words.text.push_str(text);
                words.parts.push((place, at, start..words.text.len()));
                words.text.push('\n');
            }
        }
        words
    }

    /// What stands on one side only, by parts.
    fn marks(&self, diff: &TextDiff, side: usize) -> Vec<Mark> {
        let starts: Vec<usize> =
            std::iter::once(0).chain(self.text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for row in (0..diff.len()).filter(|row| diff.is_changed(*row)) {
            let Some(half) = diff.half(row, side) else { continue };
            let Some(start) = starts.get(half.number - 1).copied() else { continue };
            if half.marks.is_empty() && diff.half(row, 1 - side).is_none_or(|other| other.marks.is_empty()) {
                let end = starts.get(half.number).map_or(self.text.len(), |next| next - 1);
                ranges.push(start..end);
            }
            let words = half.marks.iter();
            ranges.extend(words.map(|mark| start + mark.start as usize..start + mark.end as usize));
        }
        let within = |(place, part, at): &(usize, usize, Range<usize>)| {
            let inside = ranges.iter().filter(|range| range.start < at.end && range.end > at.start);
            let ranges: Vec<_> = inside
                .map(|range| range.start.max(at.start) - at.start..range.end.min(at.end) - at.start)
                .collect();
            (!ranges.is_empty()).then_some(Mark { place: *place, part: *part, ranges })
        };
        self.parts.iter().filter_map(within).collect()
    }
}

/// What two turns are compared by: the base's and the other one's.
type Pair = (u64, u64);

/// What was compared in the comparison that is shown.
#[derive(Default)]
pub(super) struct Differences {
    known: HashMap<Pair, Arc<Difference>>,
    working: Option<Task<Vec<(Pair, Difference)>>>,
}

impl Chat {
    /// How a turn differs from one of the base's, once both are over and were compared.
    pub fn difference(&self, base: u64, other: u64) -> Option<&Arc<Difference>> {
        self.differences.known.get(&(base, other))
    }

    /// Takes what was compared, and has compared what is over by now.
    pub(super) fn poll_differences(&mut self, tasks: &Tasks) {
        if let Some(task) = &mut self.differences.working {
            match task.poll() {
                Polled::Pending => return,
                Polled::Ready(found) => {
                    let found = found.into_iter().map(|(pair, found)| (pair, Arc::new(found)));
                    self.differences.known.extend(found);
                }
                Polled::Lost => {}
            }
            self.differences.working = None;
        }
        let pairs = self.pairs();
        if pairs.is_empty() {
            return;
        }
        let known = &self.differences.known;
        let missing: Vec<_> = pairs.iter().filter(|(pair, ..)| !known.contains_key(pair)).cloned().collect();
        if missing.is_empty() {
            return;
        }
        self.differences.known.retain(|pair, _| pairs.iter().any(|(shown, ..)| shown == pair));
        let work = move || {
            missing
                .into_iter()
                .map(|(pair, base, other)| (pair, Difference::between(&base, &other)))
                .collect()
        };
        self.differences.working = Some(tasks.spawn_blocking(work));
    }

    /// The answers that stand beside the base's and are over. What failed differs in nothing that it was to say.
    fn pairs(&self) -> Vec<(Pair, Arc<Transcript>, Arc<Transcript>)> {
        let panes = self.panes();
        let Some(base) = panes.iter().position(|pane| Some(pane.id) == self.base()) else {
            return Vec::new();
        };
        let mut pairs = Vec::new();
        let is_whole = |turn: &&Turn| turn.answer.is_over() && !turn.has_failed();
        for step in steps(&panes) {
            let Some(of_base) = step.last(&panes, base).filter(is_whole) else {
                continue;
            };
            for other in (0..panes.len()).filter(|at| *at != base) {
                if let Some(turn) = step.last(&panes, other).filter(is_whole) {
                    let pair = (of_base.id, turn.id);
                    pairs.push((pair, Arc::clone(&of_base.answer), Arc::clone(&turn.answer)));
                }
            }
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Reader;

    fn answer(text: &str, calls: &[(&str, &str)]) -> Transcript {
        let quoted = |text: &str| format!("{text:?}");
        let mut items: Vec<String> = calls
            .iter()
            .enumerate()
            .map(|(at, (name, arguments))| {
                format!(
                    r#"{{"type":"function_call","id":"f{at}","call_id":"c{at}","name":"{name}","arguments":{}}}"#,
                    quoted(arguments)
                )
            })
            .collect();
        items.push(format!(
            r#"{{"type":"message","id":"m","role":"assistant","content":[{{"type":"output_text","text":{}}}]}}"#,
            quoted(text)
        ));
        let body = format!(r#"{{"object":"response","output":[{}]}}"#, items.join(","));
        let mut reader = Reader::new(Some("application/json"), 200);
        reader.feed(body.as_bytes());
        reader.finish();
        reader.transcript().clone()
    }

    fn marked<'a>(text: &'a str, marks: &[Mark]) -> Vec<&'a str> {
        marks.iter().flat_map(|mark| &mark.ranges).map(|range| &text[range.clone()]).collect()
    }

    #[test]
    fn words_that_differ_are_marked_on_both_sides() {
        let (old, new) =
            ("OTIF fell to 88 % this week.\n\nSame.", "OTIF fell to 89 % this week.\n\nSame.\nMore.");
        let found = Difference::between(&answer(old, &[]), &answer(new, &[]));
        assert_eq!(marked(old, &found.base), ["88"]);
        assert_eq!(marked(new, &found.other), ["89", "More."]);
        assert!(!found.is_same() && found.same_calls);
        let same = Difference::between(&answer(old, &[]), &answer(old, &[]));
        assert!(same.is_same() && same.base.is_empty() && same.other.is_empty());
    }

    #[test]
    fn only_what_one_side_adds_is_marked_in_a_line_that_grew() {
        let found = Difference::between(&answer("It is done", &[]), &answer("It is done now", &[]));
        assert_eq!(marked("It is done now", &found.other), [" now"]);
        assert!(found.base.is_empty());
    }

    #[test]
    fn calls_differ_by_name_and_arguments_and_not_by_blanks() {
        let base = answer("x", &[("find", r#"{"a": 1}"#), ("send", "{}"), ("find", r#"{"a": 2}"#)]);
        let other = answer("x", &[("find", r#"{"a":1}"#), ("find", r#"{"a":3}"#), ("ask", "{}")]);
        let found = Difference::between(&base, &other);
        let calls: Vec<_> = found.calls.into_iter().collect();
        assert_eq!(calls, [(1, CallChange::Arguments), (2, CallChange::Added)]);
        assert_eq!(found.not_called, ["send"]);
        assert!(found.same_words && !found.same_calls);
    }
}
