//! Which agent is talked to, with which token, and how it is.

use std::collections::{HashMap, HashSet};

use super::client::SharedClient;
use crate::agent::{AgentError, Endpoint, Probe, RequestDialect, Token};
use crate::state::endpoints::{Dialects, EndpointProfile, KeptTokens, Known, Lent, Trouble};
use crate::state::tasks::{Polled, Task, Tasks};

/// The variable whose token goes with messages where none is entered.
pub const TOKEN_VARIABLE: &str = "FLOWDECK_TOKEN";

/// The address, its token (in memory alone) and what the last probe found.
#[derive(Default)]
pub struct Target {
    address: String,
    endpoint: Option<Endpoint>,
    error: Option<AgentError>,
    default_token: Option<Token>,
    /// The variable that the endpoint's profile names, and what is in it.
    named: Option<(String, Option<Token>)>,
    /// How the endpoint is asked.
    profile: EndpointProfile,
    /// Which dialects endpoints take, as far as it was found out.
    pub(in crate::state) dialects: Dialects,
    /// What the keyring holds.
    pub(in crate::state) kept: KeptTokens,
    /// What the workspace that is open lends for its own endpoints.
    lent: Option<Lent>,
    /// By scheme, host and port: a token never goes to another server than the one it was entered for.
    tokens: HashMap<String, Token>,
    /// Schemes, hosts and ports that a message was sent to: none but these are given the default token.
    addressed: HashSet<String>,
    found: Option<Probe>,
    probe: Option<Task<Probe>>,
    /// It is reached in another way than it was probed.
    outdated: bool,
    client: SharedClient,
}

impl Target {
    pub(super) fn new(client: SharedClient, default_token: Option<Token>) -> Self {
        let default_token = default_token.filter(|token| !token.is_empty());
        Self { default_token, client, ..Self::default() }
    }

    /// The address as it was entered; if it could be read, completed and without its query.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The endpoint with its token, if the address can be read.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        self.endpoint.as_ref()
    }

    /// Why the address cannot be read.
    pub fn error(&self) -> Option<&AgentError> {
        self.error.as_ref()
    }

    /// What the last probe found; `None` before its answer.
    pub fn found(&self) -> Option<&Probe> {
        self.found.as_ref()
    }

    /// Whether a probe is under way.
    pub fn is_probing(&self) -> bool {
        self.probe.is_some()
    }

    /// Whether the token of the environment goes with the next message. Probes never carry it.
    pub fn uses_default_token(&self) -> bool {
        self.lacks_own_token() && !self.endpoint.as_ref().is_some_and(Endpoint::is_exposed)
    }

    /// Whether the token of the environment stays here because it would travel unencrypted over a network.
    pub fn withholds_default_token(&self) -> bool {
        self.lacks_own_token() && self.endpoint.as_ref().is_some_and(Endpoint::is_exposed)
    }

    fn lacks_own_token(&self) -> bool {
        let own = self.endpoint.as_ref().and_then(|endpoint| self.own_token(endpoint, &self.profile));
        self.environment_token().is_some() && own.is_none()
    }

    /// The variable whose token goes with messages where none is entered.
    pub fn token_variable(&self) -> &str {
        self.named.as_ref().map_or(TOKEN_VARIABLE, |(variable, _)| variable)
    }

    /// Whether the profile names a variable that is not set.
    pub fn lacks_named_token(&self) -> bool {
        self.named.as_ref().is_some_and(|(_, token)| token.is_none())
    }

    fn environment_token(&self) -> Option<&Token> {
        let default = self.default_token.as_ref().filter(|_| self.profile.login_of.is_empty());
        self.named.as_ref().map_or(default, |(_, token)| token.as_ref())
    }

    /// Takes what the workspace that is open lends, or takes it back.
    pub(in crate::state) fn lend(&mut self, lent: Option<Lent>) {
        if self.lent != lent {
            self.lent = lent;
            self.attach_token();
        }
    }

    /// Whether a workspace is open that lends its login to endpoints of its own.
    pub fn is_lent_to(&self) -> bool {
        self.lent.is_some()
    }

    /// Whether the endpoint is asked with the login of the workspace that is open.
    pub fn uses_lent_login(&self) -> bool {
        self.endpoint.as_ref().is_some_and(|endpoint| {
            !self.tokens.contains_key(&endpoint.origin())
                && self.lent_token(endpoint, &self.profile).is_some()
        })
    }

    /// Why the present endpoint cannot be asked: it takes the login of a workspace that is not open. A sentence.
    pub fn missing_login(&self) -> Option<String> {
        self.missing_login_of(&self.profile)
    }

    /// The same of any endpoint.
    pub(in crate::state) fn missing_login_of(&self, profile: &EndpointProfile) -> Option<String> {
        let (title, server) = (profile.title(), &profile.login_of);
        let endpoint = Endpoint::parse(&profile.url).ok()?;
        if server.is_empty() || profile.names_token() || self.own_token(&endpoint, profile).is_some() {
            return None;
        }
        let is_open = self.lent.as_ref().is_some_and(|lent| lent.server == *server);
        Some(if is_open {
            format!("The login of {server}, which {title} is asked with, is not there yet")
        } else {
            format!("{title} is asked with the login of {server}. Connect to it again, or enter a token")
        })
    }

    /// Asks as a profile says from now on.
    pub(super) fn take_profile(&mut self, profile: &EndpointProfile) {
        self.named = profile.token().map(|(variable, token)| (variable.to_owned(), token));
        self.outdated |= !self.profile.is_reached_like(profile);
        self.profile = profile.clone();
        self.attach_token();
    }

    /// The dialect in which the endpoint is asked, and how it is known.
    pub fn dialect(&self) -> Option<(RequestDialect, Known)> {
        self.endpoint.as_ref().map(|endpoint| self.dialects.of(&self.profile, endpoint))
    }

    /// An endpoint that the user asks something, with its token: the one entered for its server, else the
    /// environment's, which never travels unencrypted over a network.
    pub(in crate::state) fn endpoint_of(&self, profile: &EndpointProfile) -> Option<Endpoint> {
        let endpoint = profile.dress(Endpoint::parse(&profile.url).ok()?, &self.dialects);
        let environment = match profile.token() {
            Some((_, token)) => token,
            None => self.default_token.clone().filter(|_| profile.login_of.is_empty()),
        };
        let environment = environment.filter(|_| !endpoint.is_exposed());
        let token = self.own_token(&endpoint, profile).cloned().or(environment);
        Some(endpoint.with_token(token.unwrap_or_else(|| Token::new(""))))
    }

    fn own_token(&self, endpoint: &Endpoint, profile: &EndpointProfile) -> Option<&Token> {
        let entered = self.tokens.get(&endpoint.origin());
        let kept = || self.kept.token(&endpoint.shown_url());
        entered.or_else(kept).or_else(|| self.lent_token(endpoint, profile))
    }

    /// The workspace's token, for its own serving endpoints alone, unless the user has said which one they take.
    fn lent_token(&self, endpoint: &Endpoint, profile: &EndpointProfile) -> Option<&Token> {
        let lent =
            self.lent.as_ref().filter(|lent| endpoint.is_databricks() && lent.origin == endpoint.origin())?;
        lent.token.as_ref().filter(|_| !profile.names_token())
    }

    /// Whether the endpoint's token is in the keyring, and nothing else was entered.
    pub fn uses_keyring(&self) -> bool {
        self.endpoint.as_ref().is_some_and(|endpoint| {
            !self.tokens.contains_key(&endpoint.origin()) && self.kept.token(&endpoint.shown_url()).is_some()
        })
    }

    /// Takes what the keyring answered, and what went wrong with which endpoint's token.
    pub(in crate::state) fn poll_kept(&mut self) -> Vec<(String, Trouble)> {
        let (news, troubles) = self.kept.poll();
        if news {
            self.attach_token();
        }
        troubles
    }

    /// Keeps a token for the server of an address until the app is closed.
    pub(in crate::state) fn hold_token(&mut self, url: &str, token: Token) {
        if let Ok(endpoint) = Endpoint::parse(url) {
            self.tokens.insert(endpoint.origin(), token);
            self.attach_token();
        }
    }

    /// Reads an address and asks how it is there. The same address again only asks.
    pub(super) fn set_address(&mut self, typed: &str, tasks: &Tasks) {
        match Endpoint::parse(typed) {
            Ok(endpoint) => {
                if self.endpoint.as_ref().is_none_or(|before| before.url() != endpoint.url()) {
                    self.found = None;
                    // What the profile of another address says does not hold here.
                    (self.named, self.profile) = (None, EndpointProfile::default());
                }
                self.address = endpoint.shown_url();
                self.error = None;
                self.endpoint = Some(endpoint);
                self.attach_token();
                self.probe(tasks);
            }
            Err(error) => {
                typed.clone_into(&mut self.address);
                self.error = (!typed.trim().is_empty()).then_some(error);
                self.endpoint = None;
                self.found = None;
                self.probe = None;
            }
        }
    }

    /// Keeps a token for the present server; an empty one forgets it.
    pub(super) fn set_token(&mut self, token: Token, tasks: &Tasks) {
        let Some(endpoint) = &self.endpoint else { return };
        let origin = endpoint.origin();
        if token.is_empty() {
            self.tokens.remove(&origin);
        } else {
            self.tokens.insert(origin, token);
        }
        self.attach_token();
        self.probe(tasks);
    }

    /// The user sends a message to the present server: from now on it may have the default token.
    pub(super) fn address_server(&mut self) {
        if let Some(endpoint) = &self.endpoint {
            self.addressed.insert(endpoint.origin());
            self.attach_token();
        }
    }

    fn attach_token(&mut self) {
        let Some(endpoint) = self.endpoint.take() else { return };
        let may_have_default = !endpoint.is_exposed() && self.addressed.contains(&endpoint.origin());
        let default = self.environment_token().filter(|_| may_have_default);
        let token = self.own_token(&endpoint, &self.profile).or(default).cloned();
        let endpoint = endpoint.with_token(token.unwrap_or_else(|| Token::new("")));
        self.endpoint = Some(self.profile.dress(endpoint, &self.dialects));
    }

    /// Asks how it is there, with no token but one that was entered for this server: an address may be mistyped, and
    /// nobody asked for the environment's to be sent.
    pub(super) fn probe(&mut self, tasks: &Tasks) {
        let ask = |endpoint: Endpoint| {
            let own = self.own_token(&endpoint, &self.profile).cloned().unwrap_or_else(|| Token::new(""));
            tasks.spawn(self.client.clone().probe(endpoint.without_secrets().with_token(own)))
        };
        self.probe = self.endpoint.clone().map(ask);
    }

    /// It has just answered a question: if the last probe found nobody, that is out of date.
    pub(super) fn has_answered(&mut self, address: &str, tasks: &Tasks) {
        let outdated = self.found.as_ref().is_some_and(|found| !found.health.is_up());
        if outdated && self.probe.is_none() && self.address == address {
            self.probe(tasks);
        }
    }

    pub(super) fn poll(&mut self, tasks: &Tasks) {
        if std::mem::take(&mut self.outdated) {
            self.probe(tasks);
        }
        let Some(task) = &mut self.probe else { return };
        match task.poll() {
            Polled::Pending => return,
            Polled::Ready(probe) => {
                let news = self.dialects.note_health(&self.address, &probe.health);
                self.found = Some(probe);
                if news {
                    self.attach_token();
                }
            }
            Polled::Lost => {}
        }
        self.probe = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Header;

    fn tasks() -> (tokio::runtime::Runtime, Tasks) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tasks = Tasks::new(runtime.handle().clone(), || {});
        (runtime, tasks)
    }

    fn has_token(target: &Target) -> bool {
        target.endpoint().is_some_and(|endpoint| endpoint.token().is_some())
    }

    #[test]
    fn the_default_token_waits_for_a_message() {
        let (_runtime, tasks) = tasks();
        let mut target = Target::new(SharedClient::default(), Some(Token::new("env")));
        target.set_address("https://agents.example.com", &tasks);
        assert!(target.uses_default_token() && !has_token(&target));
        target.address_server();
        assert!(has_token(&target));
        target.set_address("https://agents.example.org", &tasks);
        assert!(!has_token(&target));
        target.set_address("https://agents.example.com/other", &tasks);
        assert!(has_token(&target));
    }

    #[test]
    fn the_default_token_never_travels_unencrypted() {
        let (_runtime, tasks) = tasks();
        let mut target = Target::new(SharedClient::default(), Some(Token::new("env")));
        target.set_address("http://agents.example.com", &tasks);
        target.address_server();
        assert!(!has_token(&target) && target.withholds_default_token() && !target.uses_default_token());
        target.set_token(Token::new("env"), &tasks);
        assert!(has_token(&target) && !target.withholds_default_token());
        target.set_address("localhost:1", &tasks);
        assert!(target.uses_default_token() && !target.withholds_default_token());
    }

    #[test]
    fn a_lent_login_goes_to_the_endpoints_of_its_host_alone_and_is_taken_back() {
        const URL: &str = "https://adb-1.azuredatabricks.net/serving-endpoints/agent/invocations";
        let (_runtime, tasks) = tasks();
        let mut target = Target::new(SharedClient::default(), Some(Token::new("env")));
        let login_of = "databricks://staging".to_owned();
        let profile = EndpointProfile { url: URL.into(), login_of: login_of.clone(), ..Default::default() };
        let sent = |target: &Target, profile: &EndpointProfile| {
            target.endpoint_of(profile).and_then(|endpoint| endpoint.token().cloned())
        };
        target.set_address(URL, &tasks);
        target.take_profile(&profile);
        target.address_server();
        assert_eq!((has_token(&target), sent(&target, &profile)), (false, None), "not the environment's");
        assert!(target.missing_login().unwrap().contains("Connect to it again"));

        let origin = "https://adb-1.azuredatabricks.net".to_owned();
        let token = Some(Token::new("s3cret"));
        target.lend(Some(Lent { server: login_of.clone(), origin: origin.clone(), token: None }));
        assert!(target.missing_login().unwrap().contains("not there yet"));
        target.lend(Some(Lent { server: login_of, origin, token: token.clone() }));
        assert!(target.uses_lent_login() && has_token(&target) && target.missing_login().is_none());
        assert_eq!(sent(&target, &profile), token);
        let own = EndpointProfile { token_variable: "NO_SUCH_VARIABLE".into(), ..profile.clone() };
        assert_eq!(sent(&target, &own), None, "the user has said which one it takes");
        for other in [
            "https://adb-2.azuredatabricks.net/serving-endpoints/agent/invocations",
            "https://adb-1.azuredatabricks.net:8443/serving-endpoints/agent/invocations",
            "http://adb-1.azuredatabricks.net/serving-endpoints/agent/invocations",
            "https://adb-1.azuredatabricks.net/invocations",
        ] {
            let other = EndpointProfile { url: other.into(), ..profile.clone() };
            assert_eq!(sent(&target, &other), None, "{}", other.url);
        }
        target.lend(None);
        assert!(!has_token(&target) && sent(&target, &profile).is_none() && target.missing_login().is_some());
        target.set_token(Token::new("typed"), &tasks);
        assert!(has_token(&target) && target.missing_login().is_none());
    }

    #[test]
    fn an_endpoint_that_is_reached_in_another_way_is_probed_anew() {
        let (_runtime, tasks) = tasks();
        let mut target = Target::new(SharedClient::default(), None);
        target.set_address("https://localhost:1", &tasks);
        let probes_for = |target: &mut Target, profile: &EndpointProfile| {
            target.probe = None;
            target.take_profile(profile);
            target.poll(&tasks);
            target.is_probing()
        };
        let url = target.address().to_owned();
        let mut profile = EndpointProfile { url, timeout_s: Some(5), ..EndpointProfile::default() };
        assert!(!probes_for(&mut target, &profile), "it is reached as before");
        profile.unverified = true;
        assert!(probes_for(&mut target, &profile));
        assert!(!probes_for(&mut target, &profile), "once");
        profile.headers = Header::parse_lines("X-Team: logistics").unwrap();
        assert!(probes_for(&mut target, &profile));
    }
}
