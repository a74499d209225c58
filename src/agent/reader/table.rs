//! Which item an event means, and how deltas and done items make it: rules of identity and of replacement.
//!
//! An item is known by (cycle, type, `output_index`), or without an index by (cycle, type, id) among the items still
//! open. Never by id alone: servers reuse ids across types, put `__fake_id__` everywhere, and close one item under
//! the id of another. A done item is never opened again.

use std::sync::Arc;

use super::parse::{self, MAX_ANNOTATIONS, MAX_PARTS};
use crate::agent::wire::{Annotation, Item, ItemBody, ItemStatus, Part};

/// Most items of one answer; an agent's longest loops have a few hundred.
pub(super) const MAX_ITEMS: usize = 2_000;

/// How an event names its item.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key<'a> {
    /// The item's type.
    pub kind: &'a str,
    /// `output_index`.
    pub index: Option<u64>,
    /// `item_id`.
    pub id: Option<&'a str>,
}

/// What a delta adds to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// `output_text` of a message.
    Text,
    /// `refusal` of a message.
    Refusal,
    /// A reasoning item's summary.
    Summary,
    /// A reasoning item's raw text.
    ReasoningText,
    /// A call's arguments.
    Arguments,
}

enum Found {
    Open(usize),
    /// It was there and is done; the position.
    Closed(usize),
    Nowhere,
}

/// The items of all cycles so far.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// In order of appearance.
    pub items: Vec<Arc<Item>>,
    /// The response under way.
    pub cycle: u32,
    /// Where its items begin.
    pub cycle_start: usize,
    /// Items left out for want of room.
    pub left_out: u32,
}

impl Table {
    /// The next response begins; `output_index` starts anew.
    pub(super) fn next_cycle(&mut self) {
        self.cycle = self.cycle.saturating_add(1);
        self.cycle_start = self.items.len();
    }

    /// Whether the current cycle has any item.
    pub(super) fn has_items(&self) -> bool {
        self.items.len() > self.cycle_start
    }

    /// Whether any item of any cycle is open.
    pub(super) fn any_open(&self) -> bool {
        self.items.iter().any(|item| item.is_open())
    }

    /// The current cycle's items, newest first.
    fn newest_first(&self) -> impl Iterator<Item = (usize, &Item)> {
        let start = self.cycle_start.min(self.items.len());
        self.items.iter().enumerate().skip(start).rev().map(|(at, item)| (at, item.as_ref()))
    }

    fn find(&self, key: Key<'_>) -> Found {
        let open = |wanted: &dyn Fn(&Item) -> bool| {
            let mut items = self.newest_first();
            items.find(|(_, item)| item.is_open() && item.kind == key.kind && wanted(item)).map(|(at, _)| at)
        };
        let same_id = |item: &Item| item.id.is_none() || key.id.is_none() || item.id.as_deref() == key.id;
        let Some(index) = key.index else {
            let exact = key.id.and_then(|id| open(&|item| item.id.as_deref() == Some(id)));
            return exact.or_else(|| open(&same_id)).map_or(Found::Nowhere, Found::Open);
        };
        if let Some(at) = open(&|item| item.index == Some(index)) {
            return Found::Open(at);
        }
        if let Some(at) = open(&|item| item.index.is_none() && same_id(item)) {
            return Found::Open(at);
        }
        let mut items = self.newest_first();
        let closed =
            items.find(|(_, item)| item.kind == key.kind && item.index == Some(index) && same_id(item));
        closed.map_or(Found::Nowhere, |(at, _)| Found::Closed(at))
    }

    fn push(&mut self, item: Item) -> Option<usize> {
        if self.items.len() >= MAX_ITEMS {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.items.push(Arc::new(Item { cycle: self.cycle, ..item }));
        Some(self.items.len() - 1)
    }

    fn get(&mut self, at: usize) -> Option<&mut Item> {
        self.items.get_mut(at).map(Arc::make_mut)
    }

    /// The open item that `key` means, opened if it is not there. `None` if it is done already.
    pub(super) fn open(&mut self, key: Key<'_>) -> Option<&mut Item> {
        let at = match self.find(key) {
            Found::Open(at) => at,
            Found::Closed(_) => return None,
            Found::Nowhere => self.push(parse::empty_item(key.kind))?,
        };
        let item = self.get(at)?;
        item.index = item.index.or(key.index);
        if item.id.is_none() {
            item.id = key.id.map(str::to_owned);
        }
        Some(item)
    }

    /// `response.output_item.added`: announces an item. A second one for a done item announces a new item.
    pub(super) fn add(&mut self, mut item: Item, index: Option<u64>) {
        let (kind, id) = (item.kind.clone(), item.id.clone());
        match self.find(Key { kind: &kind, index, id: id.as_deref() }) {
            Found::Open(at) if index.is_some() => {
                if let Some(open) = self.get(at) {
                    merge(&mut open.body, item.body);
                }
            }
            _ => {
                item.index = index;
                item.status = ItemStatus::Open;
                self.push(item);
            }
        }
    }

    /// Adds to a field of the item that `key` means, or sets it if `whole`. `part` is the event's `content_index` or
    /// `summary_index`.
    pub(super) fn write(&mut self, key: Key<'_>, field: Field, part: Option<u64>, text: &str, whole: bool) {
        let Some(item) = self.open(key) else { return };
        let Some(target) = field_mut(&mut item.body, field, part) else { return };
        if !whole {
            target.push_str(text);
        } else if !text.is_empty() {
            text.clone_into(target);
        }
    }

    /// `response.content_part.done`: the part as a whole.
    pub(super) fn write_part(&mut self, key: Key<'_>, at: Option<u64>, part: Part) {
        let Some(item) = self.open(key) else { return };
        let ItemBody::Message { parts, .. } = &mut item.body else { return };
        let at = at.map_or(parts.len().saturating_sub(1), |at| at.min(MAX_PARTS as u64 - 1) as usize);
        if parts.len() <= at {
            parts.resize_with(at + 1, || Part::text(""));
        }
        if let Some(old) = parts.get_mut(at).filter(|_| !part.is_empty()) {
            replace_part(old, part);
        }
    }

    /// `response.output_text.annotation.added`.
    pub(super) fn annotate(&mut self, key: Key<'_>, part: Option<u64>, annotation: Annotation) {
        let Some(item) = self.open(key) else { return };
        let ItemBody::Message { parts, .. } = &mut item.body else { return };
        let at = part_at(parts, part, |part| matches!(part, Part::Text { .. }), || Part::text(""));
        if let Some(Part::Text { annotations, .. }) = parts.get_mut(at)
            && annotations.len() < MAX_ANNOTATIONS
        {
            annotations.push(annotation);
        }
    }

    /// `response.output_item.done`, or a bare item.
    pub(super) fn done(&mut self, mut item: Item, index: Option<u64>) {
        item.index = index;
        let (kind, id) = (item.kind.clone(), item.id.clone());
        match self.find(Key { kind: &kind, index, id: id.as_deref() }) {
            Found::Open(at) => self.close(at, item),
            Found::Closed(at) if self.items.get(at).is_some_and(|old| old.body == item.body) => {}
            Found::Closed(_) => drop(self.push(item)),
            Found::Nowhere => match self.begun_under_another_id(&item) {
                Some(at) => self.close(at, item),
                None => drop(self.push(item)),
            },
        }
    }

    /// The one open item of the same type whose text `item` completes: some servers close under another id than
    /// the one under which they wrote.
    fn begun_under_another_id(&self, item: &Item) -> Option<usize> {
        let mut open = self.newest_first().filter(|(_, open)| {
            open.is_open() && open.kind == item.kind && (item.index.is_none() || open.index.is_none())
        });
        let (at, candidate) = open.next()?;
        (open.next().is_none() && completes(&item.body, &candidate.body)).then_some(at)
    }

    fn close(&mut self, at: usize, done: Item) {
        let Some(item) = self.get(at) else { return };
        item.status = done.status;
        item.index = item.index.or(done.index);
        item.id = item.id.take().or(done.id);
        item.raw = done.raw.or_else(|| item.raw.take());
        merge(&mut item.body, done.body);
    }

    /// Closes the open items of the current cycle for which `which` holds.
    pub(super) fn close_cycle(&mut self, status: ItemStatus, which: impl Fn(&Item) -> bool) {
        let start = self.cycle_start.min(self.items.len());
        for item in self.items.iter_mut().skip(start).filter(|item| item.is_open() && which(item)) {
            Arc::make_mut(item).status = status;
        }
    }

    /// The `output` list of a whole response: items already seen are completed, the others added. If the cycle has
    /// none yet and the response `may_sum_up`, items that earlier cycles brought are not added again. Items still
    /// open share the response's `fate`.
    pub(super) fn complete(&mut self, output: Vec<Item>, fate: ItemStatus, may_sum_up: bool) {
        let fresh = !self.has_items();
        let start = if fresh && may_sum_up { 0 } else { self.cycle_start };
        let mut taken = vec![false; self.items.len()];
        for (position, item) in output.into_iter().enumerate() {
            let item = Item { index: Some(position as u64), ..item };
            let free = taken.iter().enumerate().skip(start).filter(|(_, taken)| !**taken).map(|(at, _)| at);
            let free = free.filter_map(|at| Some((at, self.items.get(at)?.as_ref())));
            let seen = if fresh { the_very_same(&item, free) } else { the_same(&item, &free) };
            let Some(at) = seen else {
                self.push(item);
                continue;
            };
            if let Some(mark) = taken.get_mut(at) {
                *mark = true;
            }
            let unfinished = |old: &Arc<Item>| old.is_open() || !old.body.has_text();
            if !fresh && self.items.get(at).is_some_and(unfinished) {
                let unhurt =
                    fate == ItemStatus::Completed || !self.items.get(at).is_some_and(|old| old.is_open());
                let status = if unhurt { item.status } else { fate };
                self.close(at, Item { status, ..item });
            }
        }
    }
}

/// Where an earlier cycle brought exactly `item`.
fn the_very_same<'a>(item: &Item, mut items: impl Iterator<Item = (usize, &'a Item)>) -> Option<usize> {
    let same_call = |old: &Item| item.body.call_id().is_some() && old.body.call_id() == item.body.call_id();
    let same = |old: &Item| {
        old.kind == item.kind
            && old.body == item.body
            && old.raw == item.raw
            && (old.id == item.id || same_call(old))
    };
    items.find(|(_, old)| same(old)).map(|(at, _)| at)
}

/// Where the cycle's events brought `item` already: the closest kinship wins.
fn the_same<'a>(item: &Item, items: &(impl Iterator<Item = (usize, &'a Item)> + Clone)) -> Option<usize> {
    let find = |same: &dyn Fn(&Item) -> bool| {
        let mut items = items.clone();
        items.find(|(_, old)| old.kind == item.kind && same(old)).map(|(at, _)| at)
    };
    find(&|old| old.body == item.body && old.raw == item.raw)
        .or_else(|| find(&|old| item.body.call_id().is_some() && old.body.call_id() == item.body.call_id()))
        .or_else(|| find(&|old| old.index == item.index && !differs(&old.body, &item.body)))
        .or_else(|| find(&|old| old.id.is_some() && old.id == item.id && !differs(&old.body, &item.body)))
        .or_else(|| find(&|old| old.is_open() && completes(&item.body, &old.body)))
}

/// Whether both are calls or outputs of different calls.
fn differs(old: &ItemBody, new: &ItemBody) -> bool {
    matches!((old.call_id(), new.call_id()), (Some(old), Some(new)) if old != new)
}

/// Whether `done` can be what `open` was becoming.
fn completes(done: &ItemBody, open: &ItemBody) -> bool {
    match (done, open) {
        (ItemBody::Message { parts: done, .. }, ItemBody::Message { parts: open, .. }) => {
            let all = done.iter().all(Part::is_empty);
            all || open.iter().enumerate().all(|(at, part)| match (done.get(at), part) {
                (Some(Part::Text { text: done, .. }), Part::Text { text, .. })
                | (Some(Part::Refusal(done)), Part::Refusal(text)) => done.starts_with(text),
                (_, part) => part.is_empty(),
            })
        }
        (ItemBody::Reasoning(done), ItemBody::Reasoning(open)) => {
            let begun = open.summary.iter().zip(&done.summary).all(|(open, done)| done.starts_with(open));
            begun || done.summary.is_empty()
        }
        (ItemBody::Call(done), ItemBody::Call(open)) => {
            let call = open.call_id.is_none() || done.call_id.is_none() || open.call_id == done.call_id;
            call && (done.arguments.is_empty() || done.arguments.starts_with(&open.arguments))
        }
        (ItemBody::Other, ItemBody::Other) => true,
        _ => false,
    }
}

/// `new` replaces `old` where it says something; it is never added to it.
fn merge(old: &mut ItemBody, new: ItemBody) {
    match (old, new) {
        (ItemBody::Message { role, parts }, ItemBody::Message { role: new_role, parts: new_parts }) => {
            *role = new_role;
            if new_parts.iter().all(Part::is_empty) {
                return;
            }
            let before = std::mem::replace(parts, new_parts);
            for (part, before) in parts.iter_mut().zip(before) {
                keep_annotations(part, before);
            }
        }
        (ItemBody::Reasoning(old), ItemBody::Reasoning(new)) => {
            if new.summary.iter().any(|text| !text.is_empty()) {
                old.summary = new.summary;
            }
            if new.text.iter().any(|text| !text.is_empty()) {
                old.text = new.text;
            }
            old.encrypted = new.encrypted.or_else(|| old.encrypted.take());
        }
        (ItemBody::Call(old), ItemBody::Call(new)) => {
            if !new.arguments.is_empty() {
                old.arguments = new.arguments;
            }
            if !new.name.is_empty() {
                old.name = new.name;
            }
            old.call_id = new.call_id.or_else(|| old.call_id.take());
            old.server = new.server.or_else(|| old.server.take());
            old.output = new.output.or_else(|| old.output.take());
            old.error = new.error.or_else(|| old.error.take());
        }
        (old, new) => *old = new,
    }
}

/// Puts `new` in the place of `old`.
fn replace_part(old: &mut Part, new: Part) {
    let before = std::mem::replace(old, new);
    keep_annotations(old, before);
}

/// Annotations that came as events stay when the done text comes without any.
fn keep_annotations(part: &mut Part, before: Part) {
    if let (Part::Text { annotations, .. }, Part::Text { annotations: old, .. }) = (part, before)
        && annotations.is_empty()
    {
        *annotations = old;
    }
}

/// Where a part that `fits` is or can be made: at `wanted`, or at the last one. Gaps are filled with empty text.
fn part_at(
    parts: &mut Vec<Part>,
    wanted: Option<u64>,
    fits: impl Fn(&Part) -> bool,
    make: impl Fn() -> Part,
) -> usize {
    let at = wanted.map_or(parts.len().saturating_sub(1), |at| at.min(MAX_PARTS as u64 - 1) as usize);
    if parts.len() <= at {
        parts.resize_with(at + 1, || Part::text(""));
    }
    match parts.get_mut(at) {
        Some(part) if fits(part) => return at,
        Some(part) if part.is_empty() => {
            *part = make();
            return at;
        }
        _ => {}
    }
    parts.iter().rposition(fits).unwrap_or_else(|| {
        if parts.len() < MAX_PARTS {
            parts.push(make());
        }
        parts.len() - 1
    })
}

/// The string that a delta of `field` adds to.
fn field_mut(body: &mut ItemBody, field: Field, part: Option<u64>) -> Option<&mut String> {
    match (body, field) {
        (ItemBody::Message { parts, .. }, Field::Text) => {
            let at = part_at(parts, part, |part| matches!(part, Part::Text { .. }), || Part::text(""));
            match parts.get_mut(at) {
                Some(Part::Text { text, .. }) => Some(text),
                _ => None,
            }
        }
        (ItemBody::Message { parts, .. }, Field::Refusal) => {
            let refusal = || Part::Refusal(String::new());
            let at = part_at(parts, part, |part| matches!(part, Part::Refusal(_)), refusal);
            match parts.get_mut(at) {
                Some(Part::Refusal(text)) => Some(text),
                _ => None,
            }
        }
        (ItemBody::Reasoning(reasoning), Field::Summary) => text_at(&mut reasoning.summary, part),
        (ItemBody::Reasoning(reasoning), Field::ReasoningText) => text_at(&mut reasoning.text, part),
        (ItemBody::Call(call), Field::Arguments) => Some(&mut call.arguments),
        _ => None,
    }
}

/// The text at `part`, or the last one; gaps are filled.
fn text_at(texts: &mut Vec<String>, part: Option<u64>) -> Option<&mut String> {
    let at = part.map_or(texts.len().saturating_sub(1), |at| at.min(MAX_PARTS as u64 - 1) as usize);
    if texts.len() <= at {
        texts.resize_with(at + 1, String::new);
    }
    texts.get_mut(at)
}
