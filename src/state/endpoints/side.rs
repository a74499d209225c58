//! Whom one can talk to side by side, and promoting the one that did better.

use std::collections::BTreeSet;

use super::identity::Identity;
use super::{Bound, EndpointsCommand};
use crate::agent::Endpoint;
use crate::entities::{RegisteredModel, ServingEndpoint, VersionNumber, model_uri_version};
use crate::state::chat::{ChatCommand, Conversation, Turn};
use crate::state::evidence::{ConversationEvidence, EvidenceItem};
use crate::state::finder::Found;
use crate::state::registry::RegistryCommand;
use crate::state::registry::links::{alias_uri, version_uri};
use crate::state::registry::models::alias_rank;
use crate::state::sample::Sample;
use crate::state::serve::{self, ModelUri, Phase};
use crate::state::{Command, ModelKind, Route, State};

/// An endpoint that a comparison can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its address, as [`Endpoint::shown_url`] gives it.
    pub address: String,
    /// What it is called.
    pub title: String,
    /// What it serves, as far as that is known: `models:/name@alias` or `models:/name/7`.
    pub serves: Option<String>,
    /// The version that it answers as, where that is known without asking.
    pub version: Option<(String, VersionNumber)>,
}

/// What a pane's version can be promoted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// The registered model.
    pub model: String,
    /// The version that answered.
    pub version: VersionNumber,
    /// Aliases that are elsewhere, the best known first; `prod` where the model has none.
    pub aliases: Vec<String>,
}

/// A version that no known endpoint answers as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The version.
    pub version: VersionNumber,
    /// What to serve so that there is one: `models:/name@alias`, else `models:/name/7`.
    pub uri: String,
}

impl Missing {
    /// What is missing.
    pub fn sentence(&self) -> String {
        format!("No endpoint that is known answers as v{}", self.version)
    }
}

/// What a version would replace: the best known alias that stands elsewhere, and where.
pub fn would_replace(model: &RegisteredModel, version: VersionNumber) -> Option<(&str, VersionNumber)> {
    let elsewhere = model.aliases.iter().filter(|alias| alias.version != version);
    let best = elsewhere.min_by_key(|alias| (alias_rank(&alias.alias), &alias.alias))?;
    Some((&best.alias, best.version))
}

/// How often a pane's own endpoint answered: what was said before with another one speaks for that one.
fn answered(pane: &Conversation) -> usize {
    let own = |turn: &&Turn| turn.endpoint.shown_url() == pane.address() && turn.answer.has_output();
    pane.turns.iter().filter(own).count()
}

fn by_list(listed: &ServingEndpoint) -> Candidate {
    let version = listed.version().map(|(model, version)| (model.to_owned(), version));
    Candidate {
        address: listed.url.clone(),
        title: listed.name.clone(),
        serves: version.as_ref().map(|(model, version)| model_uri_version(model, *version)),
        version,
    }
}

/// The alias that a model without any is given first.
const FIRST_ALIAS: &str = "prod";

impl State {
    /// Every endpoint that is known: what is shown, the sample's, what is served here, and profiles.
    pub fn candidates(&self) -> Vec<Candidate> {
        let mut all: Vec<Candidate> = Vec::new();
        let mut add = |candidate: Candidate| {
            if !all.iter().any(|known| known.address == candidate.address) {
                all.push(candidate);
            }
        };
        for (answers_as, url) in self.sample.iter().flat_map(|sample| sample.agents()) {
            add(Candidate {
                address: url,
                title: Sample::title(answers_as),
                serves: Some(format!("models:/{}@{}", answers_as.model, answers_as.alias)),
                version: VersionNumber::try_from(answers_as.version)
                    .ok()
                    .map(|version| (answers_as.model.clone(), version)),
            });
        }
        for served in self.serve.served().iter().filter(|served| served.phase == Phase::Ready) {
            let Ok(endpoint) = Endpoint::parse(&served.address()) else { continue };
            let name = match ModelUri::parse(&served.spec.model) {
                ModelUri::Alias { name, .. } | ModelUri::Version { name, .. } => Some(name),
                ModelUri::Other => None,
            };
            add(Candidate {
                address: endpoint.shown_url(),
                title: format!("{} here", served.title().trim_start_matches("models:/")),
                serves: Some(served.spec.model.clone()),
                version: name.zip(served.version),
            });
        }
        for address in self.chat.addresses() {
            add(self.by_profile(&address));
        }
        for profile in self.settings.get().known_endpoints() {
            add(self.by_profile(&profile.url));
        }
        // Those of a workspace may be many, and have one name each.
        let listed = self.workspace.iter().flat_map(|workspace| workspace.serving.listed());
        let known: BTreeSet<&str> = all.iter().map(|known| known.address.as_str()).collect();
        let listed = listed.filter(|listed| !known.contains(listed.url.as_str()));
        let listed: Vec<Candidate> = listed.map(by_list).collect();
        all.extend(listed);
        all
    }

    /// What one address is called.
    pub fn candidate(&self, address: &str) -> Candidate {
        let known = self.candidates().into_iter().find(|known| known.address == address);
        known.unwrap_or_else(|| self.by_profile(address))
    }

    fn by_profile(&self, address: &str) -> Candidate {
        let profile = self.settings.get().profile(address);
        let bound = profile.bound.as_ref();
        let serves = bound.map(Bound::uri);
        let version = bound.filter(|bound| self.is_here(bound));
        let version = version.and_then(|bound| Some((bound.model.clone(), bound.version()?)));
        Candidate { address: address.to_owned(), title: profile.title(), serves, version }
    }

    /// The endpoints to talk to these versions of a model: those that answer as them, else those that serve an alias
    /// which stands there.
    ///
    /// # Errors
    /// With the first version that there is none for.
    pub fn beside(&self, model: &str, versions: [VersionNumber; 2]) -> Result<[String; 2], Missing> {
        let candidates = self.candidates();
        let address = |version: VersionNumber| {
            let is_it = |known: &&Candidate| {
                known.version.as_ref().is_some_and(|(name, at)| name == model && *at == version)
            };
            let found = candidates.iter().find(is_it).map(|known| known.address.clone());
            found.or_else(|| self.serving_version(model, version))
        };
        let [one, other] = versions;
        let first = address(one).ok_or_else(|| self.missing(model, one))?;
        let second = address(other).filter(|second| *second != first);
        Ok([first, second.ok_or_else(|| self.missing(model, other))?])
    }

    /// By its best known alias, so that what is served is known by it.
    fn missing(&self, model: &str, version: VersionNumber) -> Missing {
        let registered = self.workspace.as_ref().and_then(|open| open.registry.models.get(model));
        let aliases = registered.into_iter().flat_map(|known| known.aliases_of(version));
        let uri = match aliases.min_by_key(|alias| (alias_rank(alias), *alias)) {
            Some(alias) => alias_uri(ModelKind::Model, model, alias),
            None => version_uri(ModelKind::Model, model, version),
        };
        Missing { version, uri }
    }

    /// Talks to two versions side by side, in a conversation of its own; where one is served nowhere, says so and
    /// offers to serve it here.
    pub(super) fn compare_answers(&mut self, model: &str, versions: [VersionNumber; 2]) {
        match self.beside(model, versions) {
            Ok(addresses) => {
                if self.chat.addresses() != addresses {
                    self.apply_chat(ChatCommand::New);
                }
                self.apply_chat(ChatCommand::Open);
                self.apply_chat(ChatCommand::Compare(addresses.to_vec()));
                self.show_comparison();
            }
            Err(missing) => {
                let label = format!("Serve v{} here…", missing.version);
                self.notices.news(missing.sentence(), (&label, serve::ask(missing.uri)), true);
            }
        }
    }

    fn apply_chat(&mut self, command: ChatCommand) {
        self.chat.apply(command, &self.tasks, &mut self.notices, self.settings.edit());
    }

    /// For the palette, of the version that is shown: its answers beside those of what it would replace.
    pub(in crate::state) fn comparable(&self) -> Vec<Found> {
        let Route::Version { kind: ModelKind::Model, name, version } = self.navigation.current() else {
            return Vec::new();
        };
        let registered = self.workspace.as_ref().and_then(|open| open.registry.models.get(name));
        let Some((alias, at)) = registered.and_then(|known| would_replace(known, *version)) else {
            return Vec::new();
        };
        let versions = [at, *version];
        vec![Found {
            kind: "command",
            name: format!("Compare answers with the one it would replace, {alias} (v{at})"),
            detail: format!("v{version} of {name}"),
            command: EndpointsCommand::CompareAnswers { model: name.clone(), versions }.into(),
        }]
    }

    fn serving_version(&self, model: &str, version: VersionNumber) -> Option<String> {
        let workspace = self.workspace.as_ref()?;
        let info = workspace.store.info();
        let registered = workspace.registry.models.get(model)?;
        let mut aliases = registered.aliases_of(version);
        aliases.find_map(|alias| {
            let profiles = &self.settings.get().profiles;
            let serving = profiles.iter().find(|profile| profile.serves(info.settings_key(), model, alias));
            serving.map(|profile| profile.url.clone())
        })
    }

    /// What a pane's version can be promoted to.
    ///
    /// # Errors
    /// With a sentence that says what is missing.
    pub fn promotion(&self, pane: &Conversation) -> Result<Promotion, &'static str> {
        let Some(workspace) = &self.workspace else {
            return Err("Open the tracking server that the model is registered on");
        };
        let identity = self.identity(pane);
        let Identity::Version { model, version, .. } = identity else { return Err(identity.advice()) };
        if answered(pane) == 0 {
            return Err("Ask it something first: the conversation is the evidence");
        }
        let mut aliases: Vec<String> = workspace
            .registry
            .models
            .get(&model)
            .map(|known| known.aliases.iter().filter(|alias| alias.version != version))
            .into_iter()
            .flatten()
            .map(|alias| alias.alias.clone())
            .collect();
        aliases.sort_by(|a, b| (alias_rank(a), a).cmp(&(alias_rank(b), b)));
        let has_first = workspace.registry.models.get(&model).is_some_and(|m| m.alias(FIRST_ALIAS).is_some());
        if !has_first {
            aliases.insert(0, FIRST_ALIAS.to_owned());
        }
        if aliases.is_empty() {
            return Err("Every alias of the model is on this version already");
        }
        Ok(Promotion { model, version, aliases })
    }

    /// What opens the plan, with the conversation as evidence. Nothing is confirmed by it.
    pub fn promote(&self, pane: &Conversation, promotion: &Promotion, alias: &str) -> Command {
        let said = EvidenceItem::Conversation(ConversationEvidence {
            id: pane.id,
            title: pane.title(),
            turns: answered(pane),
            at: pane.updated().unwrap_or_default(),
        });
        Command::Registry(RegistryCommand::PlanWith {
            kind: ModelKind::Model,
            name: promotion.model.clone(),
            alias: alias.to_owned(),
            to: promotion.version,
            evidence: vec![said],
        })
    }

    /// Several panes need the window: goes to the chat's own screen for them.
    pub fn show_comparison(&mut self) {
        if self.chat.is_comparing() {
            self.go(Route::Chat);
        }
    }
}
