//! The list of registered models or prompts, and what a typed filter finds in it.

use std::time::Instant;

use crate::entities::{RegisteredModel, tag};
use crate::state::remote::Pages;
use crate::state::{Cx, ModelKind};
use crate::tracking::{ModelQuery, TrackingError};

/// The models or the prompts of a server.
#[derive(Debug, Default)]
pub struct Models {
    pages: Pages<RegisteredModel>,
    revision: u64,
}

impl Models {
    /// Asks unless it is under way or done.
    pub fn load_if_empty(&mut self, kind: ModelKind, cx: &Cx<'_>) {
        self.pages.load_if_empty(cx.tasks, || cx.store.search_registered_models(query(kind)));
    }

    /// Asks anew.
    pub fn load(&mut self, kind: ModelKind, cx: &Cx<'_>) {
        self.pages.load(cx.tasks, cx.store.search_registered_models(query(kind)));
    }

    /// Takes what arrived.
    pub fn poll(&mut self, deadline: Instant) {
        if self.pages.poll(deadline) {
            self.revision += 1;
        }
    }

    /// Puts what a later answer said of one model in its place.
    pub fn update(&mut self, truth: &RegisteredModel) {
        if let Some(model) = self.pages.items_mut().iter_mut().find(|model| model.name == truth.name) {
            model.clone_from(truth);
            self.revision += 1;
        }
    }

    /// All of them, as the server orders them: by name.
    pub fn items(&self) -> &[RegisteredModel] {
        self.pages.items()
    }

    /// Grows whenever the items change, for who caches what was made of them.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// One of them, if it is here.
    pub fn get(&self, name: &str) -> Option<&RegisteredModel> {
        self.items().iter().find(|model| model.name == name)
    }

    /// Whether more is on its way.
    pub fn is_loading(&self) -> bool {
        self.pages.is_loading()
    }

    /// Whether the end was reached.
    pub fn is_complete(&self) -> bool {
        self.pages.is_complete()
    }

    /// Why the last request failed.
    pub fn error(&self) -> Option<&TrackingError> {
        self.pages.error()
    }
}

fn query(kind: ModelKind) -> ModelQuery {
    match kind {
        ModelKind::Model => ModelQuery::Models,
        ModelKind::Prompt => ModelQuery::Prompts,
    }
}

/// Where the items are that a typed filter finds: each of its words in the name, an alias or a tag; `@prod` in an
/// alias alone. Upper and lower case are the same.
pub fn matching(items: &[RegisteredModel], filter: &str) -> Vec<usize> {
    let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
    (0..items.len()).filter(|&at| words.iter().all(|word| finds(&items[at], word))).collect()
}

fn finds(model: &RegisteredModel, word: &str) -> bool {
    let alias = |start: &str| model.aliases.iter().any(|a| begins(&a.alias, start));
    if let Some(start) = word.strip_prefix('@') {
        return alias(start);
    }
    holds(&model.name, word)
        || alias(word)
        || model.tags.iter().any(|(key, value)| finds_tag(key, value, word))
}

/// Whether a word is in a tag that a person set: in its key, its value, or across both as `key:value`.
pub(super) fn finds_tag(key: &str, value: &str, word: &str) -> bool {
    !tag::is_system(key)
        && !key.starts_with('_')
        && (holds(key, word)
            || holds(value, word)
            || (word.contains(':') && format!("{key}:{value}").to_lowercase().contains(word)))
}

/// Whether a text holds a word of lower case letters, written as it may be. Nothing is copied for plain letters: this
/// is asked a million times while one types.
pub(super) fn holds(text: &str, word: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(word);
    }
    let (text, word) = (text.as_bytes(), word.as_bytes());
    word.is_empty() || text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

/// Whether a text begins with a word of lower case letters, as [`holds`].
fn begins(text: &str, word: &str) -> bool {
    match text.as_bytes().get(..word.len()) {
        _ if !text.is_ascii() => text.to_lowercase().starts_with(word),
        Some(start) => start.eq_ignore_ascii_case(word.as_bytes()),
        None => false,
    }
}

/// Well-known aliases first, in the order of a release, each before its variants (`prod` before `prod-eu`).
pub fn alias_rank(alias: &str) -> (usize, bool) {
    const KNOWN: [&str; 8] =
        ["prod", "production", "champion", "live", "candidate", "challenger", "staging", "canary"];
    let lower = alias.to_lowercase();
    let rank = KNOWN.iter().position(|known| lower.starts_with(known)).unwrap_or(KNOWN.len());
    (rank, KNOWN.get(rank) != Some(&alias))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::Alias;

    fn model(name: &str, aliases: &[&str], tags: &[(&str, &str)]) -> RegisteredModel {
        RegisteredModel {
            name: name.into(),
            aliases: aliases.iter().map(|a| Alias { alias: (*a).into(), version: 1 }).collect(),
            tags: tags.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            ..Default::default()
        }
    }

    #[test]
    fn names_aliases_and_tags_are_found() {
        let items = [
            model("Churn", &["prod"], &[("team", "Growth")]),
            model("prod-forecast", &["Champion"], &[]),
            model("Agent", &["PROD-eu"], &[("mlflow.note", "growth")]),
        ];
        assert_eq!(matching(&items, ""), [0, 1, 2]);
        assert_eq!(matching(&items, "prod"), [0, 1, 2]);
        assert_eq!(matching(&items, "@prod"), [0, 2]);
        assert_eq!(matching(&items, "growth"), [0]);
        assert_eq!(matching(&items, "team:gr ch"), [0]);
        assert_eq!(matching(&items, "@champion fore"), [1]);
        assert!(matching(&items, "nothing").is_empty());
    }
}
