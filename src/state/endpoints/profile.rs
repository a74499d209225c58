//! What is kept of an endpoint: its name, where it is, which alias or version it serves, and how it is asked. An address
//! without a profile of its own has one that says nothing.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Dialects;
use crate::agent::{CustomInputs, Endpoint, Header, RequestDialect, RequestFields, Tls, Token};
use crate::entities::{Millis, RegisteredModel, VersionNumber, model_uri_alias, model_uri_version};
use crate::state::serve::ModelUri;
use crate::state::settings::Settings;

/// An endpoint as it is kept: no token, no query, no secret in a header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointProfile {
    /// The address as [`Endpoint::shown_url`] gives it; no two profiles have the same.
    pub url: String,
    /// What people call it; empty for its host.
    pub name: String,
    /// The dialect in which it is asked; none: as it is found out.
    pub dialect: Option<RequestDialect>,
    /// What goes beside the conversation in every request, as it was typed: JSON, or empty.
    pub request_fields: String,
    /// Headers of its own.
    pub headers: Vec<Header>,
    /// PEM file with the only authorities that its certificate is verified against; empty for the system's.
    pub ca_file: String,
    /// Its certificate is not verified.
    pub unverified: bool,
    /// Its token is in the operating system's keyring.
    pub keyring: bool,
    /// The address under which the keyring has it, if not its own: it could not be kept anew when that was changed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kept_at: String,
    /// The workspace whose login it is asked with, as
    /// [`StoreInfo::settings_key`](crate::tracking::StoreInfo::settings_key) names it; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub login_of: String,
    /// The environment variable that holds its token; empty for the usual one.
    pub token_variable: String,
    /// `custom_inputs` that go with every message, as they were typed: JSON, or empty.
    pub custom_inputs: String,
    /// Every message carries a marker in `custom_inputs`, by which its trace is found.
    pub marked: bool,
    /// How long it may be silent, in seconds.
    pub timeout_s: Option<u32>,
    /// The alias that it follows, or the version that it serves.
    pub bound: Option<Bound>,
    /// The move of that alias which it has not been seen to follow.
    pub awaits: Option<Moved>,
}

/// `models:/name@alias` or `models:/name/7` on a tracking server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "KeptBound", into = "KeptBound")]
pub struct Bound {
    /// As [`StoreInfo::settings_key`](crate::tracking::StoreInfo::settings_key) names it.
    pub server: String,
    /// The registered model.
    pub model: String,
    /// Which of its versions.
    pub to: BoundTo,
}

/// Which version of a model an endpoint serves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BoundTo {
    /// Whichever this alias pointed at when the endpoint was started.
    Alias(String),
    /// This one, whatever becomes of aliases.
    Version(VersionNumber),
}

/// A [`Bound`] as it stands in the file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct KeptBound {
    server: String,
    model: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<VersionNumber>,
}

impl From<KeptBound> for Bound {
    fn from(KeptBound { server, model, alias, version }: KeptBound) -> Self {
        let to = match (alias, version) {
            (None, Some(version)) => BoundTo::Version(version),
            (alias, _) => BoundTo::Alias(alias.unwrap_or_default()),
        };
        Self { server, model, to }
    }
}

impl From<Bound> for KeptBound {
    fn from(Bound { server, model, to }: Bound) -> Self {
        let (alias, version) = match to {
            BoundTo::Alias(alias) => (Some(alias), None),
            BoundTo::Version(version) => (None, Some(version)),
        };
        Self { server, model, alias, version }
    }
}

impl Bound {
    /// `models:/name@alias` or `models:/name/7`, on this server. The scheme may be left out.
    pub fn parse(server: &str, typed: &str) -> Option<Self> {
        let typed = typed.trim();
        let (model, to) =
            match ModelUri::parse(&format!("models:/{}", typed.strip_prefix("models:/").unwrap_or(typed))) {
                ModelUri::Alias { name, alias } => (name, BoundTo::Alias(alias)),
                ModelUri::Version { name, version } if !name.is_empty() => (name, BoundTo::Version(version)),
                ModelUri::Version { .. } | ModelUri::Other => return None,
            };
        Some(Self { server: server.to_owned(), model, to })
    }

    /// `models:/name@alias` or `models:/name/7`
    pub fn uri(&self) -> String {
        match &self.to {
            BoundTo::Alias(alias) => model_uri_alias(&self.model, alias),
            BoundTo::Version(version) => model_uri_version(&self.model, *version),
        }
    }

    /// The alias that is followed, if it is one.
    pub fn alias(&self) -> Option<&str> {
        match &self.to {
            BoundTo::Alias(alias) => Some(alias),
            BoundTo::Version(_) => None,
        }
    }

    /// The version, if it is bound to one.
    pub fn version(&self) -> Option<VersionNumber> {
        match self.to {
            BoundTo::Alias(_) => None,
            BoundTo::Version(version) => Some(version),
        }
    }
}

impl BoundTo {
    /// The version that this is in a model.
    pub fn version_in(&self, model: &RegisteredModel) -> Option<VersionNumber> {
        match self {
            Self::Alias(alias) => model.alias(alias),
            Self::Version(version) => Some(*version),
        }
    }
}

impl fmt::Display for BoundTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alias(alias) => f.write_str(alias),
            Self::Version(version) => write!(f, "v{version}"),
        }
    }
}

/// A move of an alias.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Moved {
    /// Where the alias was.
    pub from: Option<VersionNumber>,
    /// Where it is.
    pub to: VersionNumber,
    /// When it was moved, or when somebody said that the endpoint was restarted afterwards.
    pub since: Millis,
    /// Somebody said so.
    pub restarted: bool,
}

/// More profiles than this are not kept.
const MOST: usize = 100;

impl EndpointProfile {
    /// What it is called.
    pub fn title(&self) -> String {
        let name = self.name.trim();
        if name.is_empty() {
            return Endpoint::parse(&self.url).map_or_else(|_| self.url.clone(), |endpoint| endpoint.host());
        }
        name.to_owned()
    }

    /// How long it may be silent.
    pub fn patience(&self) -> Option<Duration> {
        self.timeout_s.map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// What goes with every message. A file that was changed by hand may hold what cannot be read: nothing goes then.
    pub fn inputs(&self) -> Option<CustomInputs> {
        CustomInputs::parse(&self.custom_inputs).ok().flatten()
    }

    /// What goes beside the conversation; nothing where that cannot be read.
    fn fields(&self) -> RequestFields {
        RequestFields::parse(&self.request_fields).unwrap_or_default()
    }

    fn tls(&self) -> Tls {
        let file = self.ca_file.trim();
        Tls { ca_file: (!file.is_empty()).then(|| file.into()), unverified: self.unverified }
    }

    /// Whether another profile says the same about how the bytes get there.
    pub fn is_reached_like(&self, other: &Self) -> bool {
        self.headers == other.headers && self.tls() == other.tls()
    }

    /// The endpoint without a token, if the address can be read; in the dialect that the profile or the address says.
    pub fn endpoint(&self) -> Option<Endpoint> {
        Endpoint::parse(&self.url).ok().map(|endpoint| self.dress(endpoint, &Dialects::default()))
    }

    /// An endpoint asked as this says; its token stays.
    pub fn dress(&self, endpoint: Endpoint, dialects: &Dialects) -> Endpoint {
        let (dialect, _) = dialects.of(self, &endpoint);
        endpoint
            .with_patience(self.patience())
            .with_dialect(dialect)
            .with_fields(self.fields())
            .with_headers(&self.headers, |variable| std::env::var(variable).ok())
            .with_tls(self.tls())
    }

    /// The variable that holds its token, and the token, where one is named.
    pub fn token(&self) -> Option<(&str, Option<Token>)> {
        let variable = self.token_variable.trim();
        let token = || std::env::var(variable).ok().map(|token| Token::new(&token));
        (!variable.is_empty()).then(|| (variable, token().filter(|token| !token.is_empty())))
    }

    /// Whether the user has said where its token comes from: a variable that is named, or the keyring.
    pub fn names_token(&self) -> bool {
        self.keyring || !self.token_variable.trim().is_empty()
    }

    /// The address under which the keyring has its token.
    pub fn keyring_key(&self) -> &str {
        if self.kept_at.is_empty() { &self.url } else { &self.kept_at }
    }

    /// Whether it follows this alias.
    pub fn serves(&self, server: &str, model: &str, alias: &str) -> bool {
        self.serves_model(server, model) && self.bound.as_ref().and_then(Bound::alias) == Some(alias)
    }

    /// Whether it is bound to this model, by an alias or a version.
    pub fn serves_model(&self, server: &str, model: &str) -> bool {
        self.bound.as_ref().is_some_and(|bound| bound.server == server && bound.model == model)
    }
}

impl Settings {
    /// What is kept of an address.
    pub fn profile(&self, url: &str) -> EndpointProfile {
        let known = self.profiles.iter().find(|profile| profile.url == url);
        known
            .cloned()
            .unwrap_or_else(|| EndpointProfile { url: url.to_owned(), ..EndpointProfile::default() })
    }

    /// What is kept of an address, to be changed; made if nothing is.
    pub fn profile_mut(&mut self, url: &str) -> &mut EndpointProfile {
        let at = self.profiles.iter().position(|profile| profile.url == url).unwrap_or_else(|| {
            self.profiles.truncate(MOST - 1);
            self.profiles.insert(0, self.profile(url));
            0
        });
        &mut self.profiles[at]
    }

    /// Keeps a profile in place of the one of `before`, which is most often the same address.
    pub fn save_profile(&mut self, before: &str, profile: EndpointProfile) {
        let url = profile.url.clone();
        if before != url {
            self.profiles.retain(|known| known.url != before);
            self.endpoints.retain(|known| *known != url);
            self.endpoints
                .iter_mut()
                .filter(|known| *known == before)
                .for_each(|known| known.clone_from(&url));
        }
        *self.profile_mut(&url) = profile;
    }

    /// Forgets an address and what was kept of it.
    pub fn forget_endpoint(&mut self, url: &str) {
        self.endpoints.retain(|known| known != url);
        self.profiles.retain(|profile| profile.url != url);
    }

    /// Every endpoint that is known: those that answered, the last used first, then those with a profile alone.
    pub fn known_endpoints(&self) -> Vec<EndpointProfile> {
        let used = self.endpoints.iter().map(|url| self.profile(url));
        let others = self.profiles.iter().filter(|profile| !self.endpoints.contains(&profile.url)).cloned();
        used.chain(others).collect()
    }

    /// What the endpoints that serve an alias are called.
    pub fn serving(&self, server: &str, model: &str, alias: &str) -> Vec<String> {
        let serving = self.profiles.iter().filter(|profile| profile.serves(server, model, alias));
        serving.map(EndpointProfile::title).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://localhost:5001/invocations";

    #[test]
    fn an_address_without_a_profile_is_known_all_the_same() {
        let mut settings = Settings::default();
        settings.remember_endpoint(URL);
        let known = settings.known_endpoints();
        assert_eq!((known.len(), known[0].title().as_str()), (1, "localhost:5001"));
        assert!(settings.profiles.is_empty());
    }

    #[test]
    fn a_profile_follows_its_address_and_is_forgotten_with_it() {
        let mut settings = Settings::default();
        settings.remember_endpoint(URL);
        let moved = EndpointProfile {
            url: "http://other:1/invocations".into(),
            name: "staging agent".into(),
            bound: Bound::parse("http://s", "models:/M@prod"),
            ..EndpointProfile::default()
        };
        settings.save_profile(URL, moved.clone());
        assert_eq!(settings.known_endpoints(), [moved]);
        assert_eq!(settings.serving("http://s", "M", "prod"), ["staging agent"]);
        assert!(settings.serving("http://t", "M", "prod").is_empty());
        settings.forget_endpoint("http://other:1/invocations");
        assert!(settings.known_endpoints().is_empty());
    }

    #[test]
    fn an_alias_or_a_version_is_kept_and_read_back() {
        for (typed, kept) in [
            ("models:/M@prod", r#"{"server":"http://s","model":"M","alias":"prod"}"#),
            (" a/b/7 ", r#"{"server":"http://s","model":"a/b","version":7}"#),
        ] {
            let bound = Bound::parse("http://s", typed).unwrap();
            assert_eq!(serde_json::to_string(&bound).unwrap(), kept);
            assert_eq!(serde_json::from_str::<Bound>(kept).unwrap(), bound);
            assert_eq!(Bound::parse("http://s", &bound.uri()), Some(bound));
        }
        for typed in ["M", "models:/M/latest", "models:/m-123", "@prod", "/7", ""] {
            assert_eq!(Bound::parse("http://s", typed), None, "{typed}");
        }
        assert!(serde_json::from_str::<Bound>("{}").is_ok(), "a file that was changed by hand harms nobody");
    }
}
