//! Whom one can talk to side by side, and promoting the one that did better.

use super::identity::Identity;
use crate::agent::Endpoint;
use crate::entities::VersionNumber;
use crate::state::chat::{ChatCommand, Conversation};
use crate::state::evidence::{ConversationEvidence, EvidenceItem};
use crate::state::registry::RegistryCommand;
use crate::state::registry::models::alias_rank;
use crate::state::serve::{ModelUri, Phase};
use crate::state::{Command, ModelKind, Route, State};

/// An endpoint that a comparison can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its address, as [`Endpoint::shown_url`] gives it.
    pub address: String,
    /// What it is called.
    pub title: String,
    /// What it serves, as far as that is known: `models:/name@alias`.
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
                title: format!("Sample agent, {}", answers_as.alias),
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
        all
    }

    /// What one address is called.
    pub fn candidate(&self, address: &str) -> Candidate {
        let known = self.candidates().into_iter().find(|known| known.address == address);
        known.unwrap_or_else(|| self.by_profile(address))
    }

    fn by_profile(&self, address: &str) -> Candidate {
        let profile = self.settings.get().profile(address);
        let serves = profile.bound.as_ref().map(super::Bound::uri);
        Candidate { address: address.to_owned(), title: profile.title(), serves, version: None }
    }

    /// The endpoints to talk to these versions of a model: those that answer as them, else those that serve an alias
    /// which stands there. `None`: there is none for one of them.
    pub fn beside(&self, model: &str, versions: [VersionNumber; 2]) -> Option<Command> {
        let candidates = self.candidates();
        let addresses: Option<Vec<String>> = versions
            .iter()
            .map(|version| {
                let is_it = |known: &&Candidate| {
                    known.version.as_ref().is_some_and(|(name, at)| name == model && at == version)
                };
                let found = candidates.iter().find(is_it);
                found.map(|known| known.address.clone()).or_else(|| self.serving_version(model, *version))
            })
            .collect();
        let addresses = addresses.filter(|all| all.first() != all.last())?;
        Some(Command::Chat(ChatCommand::Compare(addresses)))
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
        if pane.turns.is_empty() {
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
            turns: pane.turns.len(),
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
