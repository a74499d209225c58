//! Endpoints as they are kept, and which version each answers as after its alias was moved.
//!
//! - `profile`, `form`: what is kept, and what is typed about it;
//! - `servable`: what of a registry it can be bound to;
//! - `dialects`: which dialect each takes, and which fields its model declares;
//! - `tokens`: what the keyring holds for them;
//! - `verdict`: what is known of the version that answers, as decisions and sentences;
//! - `look`: how it is found out; `question`: asking the agent;
//! - `watch`: when;
//! - `witness`: the same for who asks it many questions;
//! - `identity`: which version a pane of a comparison answers as; `asked`: by a click;
//! - `serving`: those of the workspace that is open, and its login;
//! - `turn_trace`: the traces of turns whose answers name none;
//! - `side`: whom one can talk to side by side, and promoting one.

mod asked;
mod dialects;
mod form;
mod identity;
mod look;
mod profile;
mod question;
mod servable;
mod serving;
mod side;
mod tokens;
mod turn_trace;
mod verdict;
mod watch;
mod witness;

use std::collections::BTreeMap;

pub use asked::Finding;
pub use dialects::{Dialects, Known};
pub use form::{Problems, ProfileForm, TokenSource};
pub use identity::{Identities, Identity};
pub use profile::{Bound, BoundTo, EndpointProfile, Moved};
pub use question::ASKS;
pub use servable::{Servable, servable};
pub(in crate::state) use serving::Lent;
pub use serving::Serving;
pub use side::{Candidate, Missing, Promotion, would_replace};
pub use tokens::KeptTokens;
pub(in crate::state) use tokens::Trouble;
pub use turn_trace::{TurnTrace, TurnTraces};
pub use verdict::{Answers, Evidence, Standing, Why};
pub use watch::{Answering, Watch};
pub(in crate::state) use witness::Witness;

use super::State;
use super::chat::{ChatCommand, SharedClient};
use super::navigation::Section;
use super::tasks::{Polled, Task, Tasks};
use crate::agent::{Endpoint, Health, InputField, Probe, Token};
use crate::entities::VersionNumber;
use dialects::Lookups;

/// What a view may ask for.
#[derive(Clone, Debug)]
pub enum EndpointsCommand {
    /// Keeps a profile.
    Save {
        /// The address that it had.
        before: String,
        /// What was typed.
        profile: Box<EndpointProfile>,
        /// A token that was typed for the keyring.
        token: Option<Token>,
    },
    /// Talks to the serving endpoint at this address, which the workspace that is open lists.
    UseServing(String),
    /// Asks every known endpoint how it is, and the workspace which it serves.
    Probe,
    /// An endpoint serves the alias that was moved.
    Bind {
        /// Its address.
        url: String,
        /// The alias.
        bound: Bound,
        /// The move.
        moved: Moved,
    },
    /// Looks anew which version answers, without running the agent.
    CheckAgain(String),
    /// The endpoint was restarted, somebody says.
    Restarted(String),
    /// Asks the agent, which runs it, and finds its trace.
    Ask(String),
    /// Asks the agent at an address that one talks to, which runs it, and finds its trace.
    FindOut(String),
    /// Looks for the trace of a turn whose answer names none.
    FindTrace(u64),
    /// This is the trace of a turn.
    ChooseTrace {
        /// The turn.
        turn: u64,
        /// `tr-…`
        trace_id: String,
    },
    /// Talks to two versions of a model side by side: the one that would be replaced, and the other.
    CompareAnswers {
        /// The registered model.
        model: String,
        /// The versions, from the left.
        versions: [VersionNumber; 2],
    },
    /// No more about this endpoint and the last move.
    Dismiss(String),
    /// No more about the endpoints that may serve this alias.
    DismissOffer(Bound),
}

/// How the known endpoints are, by address.
#[derive(Default)]
pub struct Endpoints {
    health: BTreeMap<String, Health>,
    probes: Vec<(String, Task<Probe>)>,
    lookups: Lookups,
    client: SharedClient,
}

impl Endpoints {
    /// What was found last at an address.
    pub fn health(&self, url: &str) -> Option<&Health> {
        self.health.get(url)
    }

    /// The model that an endpoint says it serves: `m-…`, `models:/m-…` or `models:/name/7`.
    fn named(&self, url: &str) -> Option<&str> {
        match self.health.get(url)? {
            Health::AgentServer { model, .. } => model.as_deref(),
            _ => None,
        }
    }

    /// Takes what arrived, and notes what it says of dialects. Whether any of them is news.
    pub(super) fn poll(&mut self, dialects: &mut Dialects) -> bool {
        let mut news = false;
        for (url, dialect) in self.lookups.poll() {
            news |= dialects.note(&url, dialect, Known::Model);
        }
        let health = &mut self.health;
        self.probes.retain_mut(|(url, task)| match task.poll() {
            Polled::Pending => true,
            Polled::Ready(probe) => {
                news |= dialects.note_health(url, &probe.health);
                health.insert(url.clone(), probe.health);
                false
            }
            Polled::Lost => false,
        });
        news
    }

    /// Asks them all, with no secret: nobody addressed them.
    fn probe(&mut self, known: &[EndpointProfile], tasks: &Tasks) {
        self.health.retain(|url, _| known.iter().any(|profile| profile.url == *url));
        let asked = known.iter().filter_map(|profile| {
            let endpoint = profile.endpoint()?.without_secrets();
            Some((profile.url.clone(), tasks.spawn(self.client.clone().probe(endpoint))))
        });
        self.probes = asked.collect();
    }

    /// Asks one of which nothing is known, once, with no secret.
    pub(super) fn probe_unknown(&mut self, profile: &EndpointProfile, tasks: &Tasks) {
        let asked = |url: &String| self.probes.iter().any(|(asking, _)| asking == url);
        if self.health.contains_key(&profile.url) || asked(&profile.url) {
            return;
        }
        if let Some(endpoint) = profile.endpoint() {
            let probe = self.client.clone().probe(endpoint.without_secrets());
            self.probes.push((profile.url.clone(), tasks.spawn(probe)));
        }
    }
}

/// Whether a token that was entered for the one may go to the other.
fn is_same_server(one: &str, other: &str) -> bool {
    match (Endpoint::parse(one), Endpoint::parse(other)) {
        (Ok(one), Ok(other)) => one.origin() == other.origin(),
        _ => false,
    }
}

impl State {
    /// Carries out what is about endpoints.
    pub fn apply_endpoints(&mut self, command: EndpointsCommand) {
        match command {
            EndpointsCommand::Ask(url) | EndpointsCommand::FindOut(url) if self.lacks_login(&url) => {}
            EndpointsCommand::Save { before, profile, token } => self.save_profile(&before, *profile, token),
            EndpointsCommand::UseServing(url) => self.use_serving(&url),
            EndpointsCommand::Probe => {
                self.refresh_serving();
                let known = self.settings.get().known_endpoints();
                self.endpoints.probe(&known, &self.tasks);
                for profile in known {
                    self.chat.target.kept.read(&profile, &self.tasks);
                    self.look_up_model(&profile);
                }
            }
            EndpointsCommand::Ask(url) => {
                let endpoint = self.chat.target.endpoint_of(&self.settings.get().profile(&url));
                self.with_workspace(|workspace, cx| {
                    if let Some(endpoint) = endpoint {
                        workspace.answering.ask(&url, endpoint, cx);
                    }
                });
            }
            EndpointsCommand::FindOut(url) => self.find_out(&url),
            EndpointsCommand::FindTrace(turn) => self.find_trace(turn),
            EndpointsCommand::ChooseTrace { turn, trace_id } => self.choose_trace(turn, &trace_id),
            EndpointsCommand::CompareAnswers { model, versions } => self.compare_answers(&model, versions),
            EndpointsCommand::Restarted(url) => {
                self.forget_told(&url);
                let command = EndpointsCommand::Restarted(url);
                self.with_workspace(|workspace, cx| workspace.answering.apply(command, cx));
            }
            command => self.with_workspace(|workspace, cx| workspace.answering.apply(command, cx)),
        }
    }

    /// Whether an endpoint cannot be asked without the login of a workspace that is not open, which is said.
    fn lacks_login(&mut self, url: &str) -> bool {
        let missing = self.chat.target.missing_login_of(&self.settings.get().profile(url));
        if let Some(missing) = &missing {
            self.notices.failed(missing.clone(), missing.clone(), None);
        }
        missing.is_some()
    }

    /// Takes what is known of dialects, and looks for that of the present endpoint.
    pub(super) fn poll_endpoints(&mut self) {
        if self.endpoints.poll(&mut self.chat.target.dialects) {
            self.chat.take_profile(self.settings.get());
        }
        for (url, trouble) in self.chat.target.poll_kept() {
            let title = self.settings.get().profile(&url).title();
            let text = trouble.describe(&title);
            match trouble {
                Trouble::Unkept(_, token) => {
                    self.settings.edit().profile_mut(&url).keyring = false;
                    self.chat.target.hold_token(&url, token);
                }
                Trouble::Stays(_, key) => self.settings.edit().profile_mut(&url).kept_at = key,
                Trouble::Unread(_) | Trouble::Undeleted(_) => {}
            }
            self.notices.failed(text.clone(), text, None);
        }
        self.poll_serving();
        self.poll_turn_traces();
        self.read_kept_tokens();
        if !self.chat.target.address().is_empty() {
            let profile = self.settings.get().profile(self.chat.target.address());
            self.look_up_model(&profile);
        }
    }

    /// Reads the tokens of the endpoints that a click may ask from here, so that they are there when it comes: of the
    /// panes, of those that await a version, on the bench of all.
    fn read_kept_tokens(&mut self) {
        let profiles = &self.settings.get().profiles;
        if !profiles.iter().any(|profile| profile.keyring) {
            return;
        }
        let on_bench = self.navigation.current().section() == Section::Bench;
        let shown = self.chat.addresses();
        for profile in profiles {
            if on_bench || profile.awaits.is_some() || shown.contains(&profile.url) {
                self.chat.target.kept.read(profile, &self.tasks);
            }
        }
    }

    /// Looks once at the model behind an endpoint: the one that its profile names, or that is served here.
    fn look_up_model(&mut self, profile: &EndpointProfile) {
        let Some(workspace) = &self.workspace else { return };
        if let Some(model) = self.model_behind(profile) {
            self.endpoints.lookups.look(&workspace.store, &profile.url, &model, &self.tasks);
        }
    }

    /// The fields of `custom_inputs` that the model behind the present endpoint declares.
    pub fn input_fields(&self) -> &[InputField] {
        let Some(workspace) = &self.workspace else { return &[] };
        let profile = self.settings.get().profile(self.chat.target.address());
        let Some(model) = self.model_behind(&profile) else { return &[] };
        self.endpoints.lookups.fields(workspace.store.info().settings_key(), &model)
    }

    /// The URI of the model behind an endpoint.
    fn model_behind(&self, profile: &EndpointProfile) -> Option<String> {
        let workspace = self.workspace.as_ref()?;
        let bound =
            profile.bound.as_ref().filter(|bound| bound.server == workspace.store.info().settings_key());
        let served = || self.serve.bound(&profile.url).map(|served| served.spec.model.clone());
        bound.map(Bound::uri).or_else(served)
    }

    fn save_profile(&mut self, before: &str, mut profile: EndpointProfile, token: Option<Token>) {
        let url = profile.url.clone();
        self.keep_token_of(before, &mut profile, token);
        self.settings.edit().save_profile(before, profile);
        if self.chat.target.address() == before && before != url {
            let command = ChatCommand::SetAddress(url);
            self.chat.apply(command, &self.tasks, &mut self.notices, self.settings.edit());
        } else {
            self.chat.take_profile(self.settings.get());
        }
        // At another address it is waited for as well.
        let route = self.navigation.current().clone();
        self.with_workspace(|workspace, cx| {
            workspace.answering.poll(&[], cx);
            workspace.answering.enter(&route, cx);
        });
    }

    /// What the keyring is to do when a profile is saved.
    fn keep_token_of(&mut self, before: &str, profile: &mut EndpointProfile, token: Option<Token>) {
        let old = self.settings.get().profile(before);
        let (kept, tasks) = (&mut self.chat.target.kept, &self.tasks);
        match (old.keyring, profile.keyring, token) {
            (true, true, Some(token)) => {
                profile.kept_at.clear();
                kept.replace(&old, &profile.url, token, tasks);
            }
            (true, true, None) if before == profile.url => profile.kept_at.clone_from(&old.kept_at),
            (true, true, None) if is_same_server(before, &profile.url) => {
                profile.kept_at.clear();
                kept.change_address(&old, &profile.url, tasks);
            }
            (false, true, Some(token)) => kept.keep(&profile.url, token, tasks),
            // A token goes to no other server than the one it was entered for.
            (true, _, _) => {
                profile.keyring = false;
                profile.kept_at.clear();
                kept.forget(&old, tasks);
            }
            (false, _, _) => profile.keyring = false,
        }
    }
}
