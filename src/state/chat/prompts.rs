//! The prompts of the server's registry, to choose one for a message: all of them, and the versions of the chosen one.

use std::time::Instant;

use crate::entities::{ModelVersion, RegisteredModel, VersionNumber};
use crate::state::finder::{Found, find};
use crate::state::registry::models::alias_rank;
use crate::state::remote::Pages;
use crate::state::{Command, Cx};
use crate::tracking::{ModelQuery, VersionQuery};

/// Prompts that are found at most: who does not see it types on.
const MOST: usize = 60;

/// What a view may ask for.
#[derive(Clone, Debug)]
pub enum PromptsCommand {
    /// Ask which prompts there are, and what the chosen one has become.
    Load,
    /// Ask for the versions of this one.
    Choose(String),
}

/// The prompts of a server.
#[derive(Debug, Default)]
pub struct Prompts {
    /// All of them.
    pub all: Pages<RegisteredModel>,
    /// Versions of the chosen one, the newest first.
    pub versions: Pages<ModelVersion>,
    chosen: Option<String>,
    revision: u64,
}

/// Which version of a prompt: by its number, or by an alias on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// The alias, if it is meant rather than the number.
    pub alias: Option<String>,
    /// The version.
    pub version: VersionNumber,
}

impl Pick {
    /// The words for it.
    pub fn label(&self) -> String {
        match &self.alias {
            Some(alias) => format!("{alias} · v{}", self.version),
            None => format!("v{}", self.version),
        }
    }
}

impl Prompts {
    /// Carries a command out.
    pub fn apply(&mut self, command: PromptsCommand, cx: &Cx<'_>) {
        match command {
            PromptsCommand::Load => {
                self.all.load(cx.tasks, cx.store.search_registered_models(ModelQuery::Prompts));
                self.load_versions(cx);
            }
            PromptsCommand::Choose(name) if self.chosen.as_ref() != Some(&name) => {
                self.chosen = Some(name);
                self.versions.clear();
                self.load_versions(cx);
            }
            PromptsCommand::Choose(_) => {}
        }
    }

    fn load_versions(&mut self, cx: &Cx<'_>) {
        if let Some(name) = self.chosen.clone() {
            let query = VersionQuery::OfModel { name, prompt: true };
            self.versions.load(cx.tasks, cx.store.search_model_versions(query));
        }
    }

    /// Takes what arrived.
    pub fn poll(&mut self, deadline: Instant) {
        if self.all.poll(deadline) {
            self.revision += 1;
        }
        self.versions.poll(deadline);
    }

    /// Grows whenever the list of all changes.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Names that fit these words, the best first. What is `held` was found for the same words and stays in its place,
    /// under the pointer: what came since follows.
    pub fn search(&self, words: &str, held: &[String]) -> Vec<String> {
        let item = |prompt: &RegisteredModel| Found {
            kind: "prompt",
            name: prompt.name.clone(),
            detail: String::new(),
            command: Command::Prompts(PromptsCommand::Choose(prompt.name.clone())),
        };
        let items: Vec<Found> = self.all.items().iter().map(item).collect();
        let found = find(&items, words, MOST).into_iter().map(|found| found.name.clone());
        let new: Vec<String> = found.filter(|name| !held.contains(name)).collect();
        held.iter().cloned().chain(new).collect()
    }

    /// The name of the one whose versions are here or on their way.
    pub fn chosen(&self) -> Option<&str> {
        self.chosen.as_deref()
    }

    /// What can be picked of the chosen one: its aliases, the most important first, then its versions.
    pub fn picks(&self) -> Vec<Pick> {
        let prompt = self.all.items().iter().find(|prompt| Some(&prompt.name) == self.chosen.as_ref());
        let mut aliases: Vec<_> = prompt.map(|prompt| prompt.aliases.clone()).unwrap_or_default();
        aliases.retain(|alias| self.version(alias.version).is_some());
        aliases.sort_by(|one, other| {
            let rank = |alias: &str| alias_rank(alias);
            rank(&one.alias).cmp(&rank(&other.alias)).then_with(|| one.alias.cmp(&other.alias))
        });
        let aliases = aliases.into_iter().map(|it| Pick { alias: Some(it.alias), version: it.version });
        let versions = self.versions.items().iter();
        aliases.chain(versions.map(|it| Pick { alias: None, version: it.version })).collect()
    }

    /// A version of the chosen one.
    pub fn version(&self, version: VersionNumber) -> Option<&ModelVersion> {
        self.versions.items().iter().find(|known| known.version == version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::Alias;

    #[test]
    fn what_is_held_stays_in_its_place_and_what_came_since_follows() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<String>>();
        let prompt = |name: &str| RegisteredModel { name: name.into(), ..Default::default() };
        let all = ["just dangerous", "brief", "judge"].map(prompt);
        let prompts = Prompts { all: Pages::of(all.into()), ..Prompts::default() };
        assert_eq!(prompts.search("", &[]), names(&["just dangerous", "brief", "judge"]));
        assert_eq!(prompts.search("judge", &[]), names(&["judge", "just dangerous"]));
        let held = names(&["just dangerous", "gone judge"]);
        assert_eq!(prompts.search("judge", &held), names(&["just dangerous", "gone judge", "judge"]));
    }

    #[test]
    fn aliases_come_before_versions() {
        let alias = |alias: &str, version| Alias { alias: alias.into(), version };
        let aliases = vec![alias("old", 1), alias("candidate", 2), alias("production", 1), alias("gone", 9)];
        let prompt = RegisteredModel { name: "p".into(), aliases, ..Default::default() };
        let version = |version| ModelVersion { name: "p".into(), version, ..Default::default() };
        let prompts = Prompts {
            all: Pages::of(vec![prompt]),
            versions: Pages::of(vec![version(2), version(1)]),
            chosen: Some("p".into()),
            revision: 1,
        };
        let labels: Vec<String> = prompts.picks().iter().map(Pick::label).collect();
        assert_eq!(labels, ["production · v1", "candidate · v2", "old · v1", "v2", "v1"]);
    }
}
