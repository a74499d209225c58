//! Text kept once: every name, key and value of a table of runs is a number that stands for it.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use foldhash::fast::RandomState;

/// Stands for a text of a [`Strings`]. Equal texts have equal ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StrId(pub(super) u32);

/// The texts that one page brought, end to end.
#[derive(Debug, Default)]
pub struct Part {
    text: String,
    ends: Vec<u32>,
}

impl Part {
    fn get(&self, index: usize) -> &str {
        let end = self.ends.get(index).copied().unwrap_or_default() as usize;
        let start =
            if index == 0 { 0 } else { self.ends.get(index - 1).copied().unwrap_or_default() as usize };
        self.text.get(start..end).unwrap_or_default()
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
    }

    fn len(&self) -> u32 {
        self.ends.len() as u32
    }
}

/// Every text of a table, in parts that are shared and never change: a clone is a few pointers.
#[derive(Clone, Debug, Default)]
pub struct Strings {
    parts: Vec<Arc<Part>>,
    starts: Vec<u32>,
    len: u32,
}

impl Strings {
    /// The text of an id; empty for an id of another table.
    pub fn get(&self, id: StrId) -> &str {
        let part = self.starts.partition_point(|&start| start <= id.0).saturating_sub(1);
        match (self.parts.get(part), self.starts.get(part)) {
            (Some(texts), Some(start)) => texts.get((id.0 - start) as usize),
            _ => "",
        }
    }

    /// How many different texts there are; ids are smaller.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All texts in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().flat_map(|part| (0..part.ends.len()).map(|index| part.get(index)))
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let part = |part: &Arc<Part>| part.text.capacity() + part.ends.capacity() * 4 + 64;
        self.parts.iter().map(part).sum::<usize>() + self.parts.capacity() * 12
    }

    /// Adds the texts of the next page.
    pub(super) fn append(&mut self, part: Arc<Part>) {
        self.starts.push(self.len);
        self.len += part.len();
        self.parts.push(part);
    }
}

/// Gives texts their ids. Lives with the task that reads pages; the table on the screen needs only the texts.
#[derive(Debug)]
pub struct Interner {
    strings: Strings,
    fresh: Part,
    /// Open addressing: (part of the hash, id), [`EMPTY`] where free.
    slots: Vec<(u32, u32)>,
    hasher: RandomState,
}

const EMPTY: u32 = u32::MAX;
const FIRST_SLOTS: usize = 1024;

impl Default for Interner {
    fn default() -> Self {
        Self {
            strings: Strings::default(),
            fresh: Part::default(),
            slots: vec![(0, EMPTY); FIRST_SLOTS],
            hasher: RandomState::default(),
        }
    }
}

impl Interner {
    /// The id of a text, new or not.
    pub fn intern(&mut self, text: &str) -> StrId {
        let hash = self.hasher.hash_one(text) as u32;
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let (kept, id) = self.slots[at];
            if id == EMPTY {
                break;
            }
            if kept == hash && self.text(id) == text {
                return StrId(id);
            }
            at = (at + 1) & mask;
        }
        let id = self.strings.len + self.fresh.len();
        self.fresh.push(text);
        self.slots[at] = (hash, id);
        if (id as usize + 1) * 2 > self.slots.len() {
            self.grow();
        }
        StrId(id)
    }

    /// The texts that are new since the last page.
    pub fn take_part(&mut self) -> Arc<Part> {
        let mut part = std::mem::take(&mut self.fresh);
        part.text.shrink_to_fit();
        part.ends.shrink_to_fit();
        let part = Arc::new(part);
        self.strings.append(Arc::clone(&part));
        part
    }

    /// The text of an id that this one gave.
    pub fn text_of(&self, id: StrId) -> &str {
        self.text(id.0)
    }

    fn text(&self, id: u32) -> &str {
        if id >= self.strings.len {
            self.fresh.get((id - self.strings.len) as usize)
        } else {
            self.strings.get(StrId(id))
        }
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        let mut slots = vec![(0, EMPTY); mask + 1];
        for &(hash, id) in self.slots.iter().filter(|(_, id)| *id != EMPTY) {
            let mut at = hash as usize & mask;
            while slots[at].1 != EMPTY {
                at = (at + 1) & mask;
            }
            slots[at] = (hash, id);
        }
        self.slots = slots;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_once_over_all_pages() {
        let mut interner = Interner::default();
        let mut strings = Strings::default();
        let first = interner.intern("adam");
        assert_eq!(interner.intern("adam"), first);
        strings.append(interner.take_part());
        let second = interner.intern("sgd");
        assert_eq!(interner.intern("adam"), first);
        let empty = interner.intern("");
        strings.append(interner.take_part());
        assert_eq!((strings.get(first), strings.get(second), strings.get(empty)), ("adam", "sgd", ""));
        assert_eq!(strings.len(), 3);
        assert_eq!(strings.iter().collect::<Vec<_>>(), ["adam", "sgd", ""]);
        assert_eq!(strings.get(StrId(99)), "");
    }

    #[test]
    fn thousands_of_texts_keep_their_ids() {
        let mut interner = Interner::default();
        let mut strings = Strings::default();
        let texts: Vec<String> = (0..20_000).map(|n| format!("value ü {n}")).collect();
        let ids: Vec<_> = texts
            .chunks(700)
            .flat_map(|page| {
                let ids: Vec<_> = page.iter().map(|text| interner.intern(text)).collect();
                strings.append(interner.take_part());
                ids
            })
            .collect();
        for (id, text) in ids.iter().zip(&texts) {
            assert_eq!(strings.get(*id), text);
            assert_eq!(interner.intern(text), *id);
        }
    }
}
