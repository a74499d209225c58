//! What is typed about an endpoint, and what is wrong with it.

use super::profile::{Bound, EndpointProfile};
use crate::agent::{CustomInputs, Endpoint, Header, RequestDialect, RequestFields};

/// Longest silence that can be asked for, in seconds: nothing waits longer anyway.
const LONGEST: u32 = 600;

/// The fields of the editor.
#[derive(Clone, Debug, Default)]
pub struct ProfileForm {
    /// The address that the profile had.
    pub before: String,
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// `models:/name@alias`, `models:/name/7`, or empty.
    pub serves: String,
    /// The dialect in which it is asked; none: as it is found out.
    pub dialect: Option<RequestDialect>,
    /// Where its token comes from. A token for the keyring is typed elsewhere.
    pub source: TokenSource,
    /// The environment variable with its token.
    pub token_variable: String,
    /// JSON.
    pub custom_inputs: String,
    /// Every message carries a marker.
    pub marked: bool,
    /// JSON.
    pub request_fields: String,
    /// One a line.
    pub headers: String,
    /// A path.
    pub ca_file: String,
    /// Its certificate is not verified.
    pub unverified: bool,
    /// Seconds.
    pub timeout: String,
    profile: EndpointProfile,
}

/// Where the token of an endpoint comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenSource {
    /// An environment variable.
    #[default]
    Variable,
    /// The operating system's keyring.
    Keyring,
    /// The workspace that serves it, while that is open.
    Workspace,
}

impl TokenSource {
    /// The word in the choice.
    pub fn label(self) -> &'static str {
        match self {
            Self::Variable => "Variable",
            Self::Keyring => "Keyring",
            Self::Workspace => "Workspace",
        }
    }

    fn of(profile: &EndpointProfile) -> Self {
        if profile.keyring {
            Self::Keyring
        } else if profile.login_of.is_empty() || profile.names_token() {
            Self::Variable
        } else {
            Self::Workspace
        }
    }
}

/// What is wrong, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// With the address.
    pub url: Option<String>,
    /// With the alias or the version.
    pub serves: Option<String>,
    /// With the variable's name, or with where the token comes from.
    pub token: Option<String>,
    /// With the JSON.
    pub custom_inputs: Option<String>,
    /// With the JSON.
    pub request_fields: Option<String>,
    /// With a header.
    pub headers: Option<String>,
    /// With the path.
    pub ca_file: Option<String>,
    /// With the number.
    pub timeout: Option<String>,
}

impl ProfileForm {
    /// As a profile stands now.
    pub fn of(profile: EndpointProfile) -> Self {
        Self {
            before: profile.url.clone(),
            name: profile.name.clone(),
            url: profile.url.clone(),
            serves: profile.bound.as_ref().map(Bound::uri).unwrap_or_default(),
            source: TokenSource::of(&profile),
            token_variable: profile.token_variable.clone(),
            dialect: profile.dialect,
            custom_inputs: profile.custom_inputs.clone(),
            marked: profile.marked,
            request_fields: profile.request_fields.clone(),
            headers: profile.headers.iter().map(Header::line).collect::<Vec<_>>().join("\n"),
            ca_file: profile.ca_file.clone(),
            unverified: profile.unverified,
            timeout: profile.timeout_s.map(|seconds| seconds.to_string()).unwrap_or_default(),
            profile,
        }
    }

    /// Whether the keyring is to be used and holds nothing for it yet: a token has to be typed. What it holds for
    /// another server is not for this one.
    pub fn lacks_token(&self) -> bool {
        self.source == TokenSource::Keyring && (!self.profile.keyring || self.leaves().is_some())
    }

    /// The server that it had before, and the one that it is to have, where those are two.
    fn leaves(&self) -> Option<(String, String)> {
        let before = Endpoint::parse(&self.before).ok()?;
        let now = Endpoint::parse(&self.url).ok()?;
        (before.origin() != now.origin()).then(|| (before.host(), now.host()))
    }

    /// What becomes of the token as the address is edited to another server, if that is worth a word.
    pub fn token_warning(&self) -> Option<String> {
        let (before, now) = self.leaves()?;
        let variable = self.token_variable.trim();
        match self.source {
            TokenSource::Keyring if self.profile.keyring => {
                Some(format!("The kept one is not sent to {now}. Type another"))
            }
            TokenSource::Variable if !variable.is_empty() && variable == self.profile.token_variable => {
                Some(format!("{variable} was sent to {before}. From now on it is sent to {now}"))
            }
            _ => None,
        }
    }

    /// Where its token can come from.
    pub fn sources(&self) -> impl Iterator<Item = TokenSource> + use<> {
        let workspace = (!self.profile.login_of.is_empty()).then_some(TokenSource::Workspace);
        [TokenSource::Variable, TokenSource::Keyring].into_iter().chain(workspace)
    }

    /// The workspace that lends its login.
    pub fn login_of(&self) -> &str {
        &self.profile.login_of
    }

    fn token_problem(&self) -> Option<String> {
        let fits = self.token_variable.trim().chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        match self.source {
            TokenSource::Variable if !fits => {
                Some("The name of a variable, never the token itself".to_owned())
            }
            TokenSource::Workspace => {
                let (before, _) = self.leaves()?;
                Some(format!("The login of {} is for {before} alone", self.profile.login_of))
            }
            TokenSource::Variable | TokenSource::Keyring => None,
        }
    }

    /// The tracking server that the model is on, if that is not the one that is open.
    pub fn other_server(&self, server: Option<&str>) -> Option<&str> {
        let bound = self.kept_bound()?;
        (server != Some(&bound.server)).then_some(bound.server.as_str())
    }

    fn kept_bound(&self) -> Option<&Bound> {
        self.profile.bound.as_ref().filter(|bound| bound.uri() == self.serves.trim())
    }

    /// The profile that was typed, or what is wrong. `server`: the settings key of the tracking server that is open.
    pub fn read(&self, server: Option<&str>) -> Result<EndpointProfile, Box<Problems>> {
        let endpoint = Endpoint::parse(&self.url).map_err(|error| error.to_string());
        let endpoint = endpoint.and_then(|endpoint| {
            let query = "The query cannot be kept, it may be a key. Leave it out here";
            if endpoint.has_query() { Err(query.to_owned()) } else { Ok(endpoint) }
        });
        let bound = self.read_bound(server);
        let timeout = self.read_timeout();
        let variable = self.token_variable.trim();
        let headers = Header::parse_lines(&self.headers);
        let ca_file = self.ca_file.trim();
        let absolute = ca_file.is_empty() || std::path::Path::new(ca_file).is_absolute();
        let keyring = self.source == TokenSource::Keyring;
        let problems = Problems {
            url: endpoint.as_ref().err().cloned(),
            serves: bound.as_ref().err().cloned(),
            token: self.token_problem(),
            custom_inputs: CustomInputs::parse(&self.custom_inputs).err().map(|error| error.to_string()),
            request_fields: RequestFields::parse(&self.request_fields).err(),
            headers: headers.as_ref().err().cloned(),
            ca_file: (!absolute).then(|| "The whole path of a PEM file".to_owned()),
            timeout: timeout.as_ref().err().cloned(),
        };
        match (endpoint, bound, timeout, headers) {
            (Ok(endpoint), Ok(bound), Ok(timeout_s), Ok(headers)) if problems == Problems::default() => {
                Ok(EndpointProfile {
                    url: endpoint.shown_url(),
                    name: self.name.trim().to_owned(),
                    dialect: self.dialect,
                    request_fields: self.request_fields.trim().to_owned(),
                    headers,
                    ca_file: ca_file.to_owned(),
                    unverified: self.unverified,
                    keyring,
                    kept_at: String::new(),
                    login_of: match self.source {
                        TokenSource::Workspace => self.profile.login_of.clone(),
                        TokenSource::Variable | TokenSource::Keyring => String::new(),
                    },
                    token_variable: match self.source {
                        TokenSource::Variable => variable.to_owned(),
                        TokenSource::Keyring | TokenSource::Workspace => String::new(),
                    },
                    custom_inputs: self.custom_inputs.trim().to_owned(),
                    marked: self.marked,
                    timeout_s,
                    awaits: self.profile.awaits.filter(|_| bound == self.profile.bound),
                    bound,
                })
            }
            _ => Err(Box::new(problems)),
        }
    }

    fn read_bound(&self, server: Option<&str>) -> Result<Option<Bound>, String> {
        let typed = self.serves.trim();
        if typed.is_empty() {
            return Ok(None);
        }
        if let Some(kept) = self.kept_bound() {
            return Ok(Some(kept.clone()));
        }
        let Some(bound) = Bound::parse(server.unwrap_or_default(), typed) else {
            return Err("As in models:/MyAgent@prod or models:/MyAgent/7".to_owned());
        };
        if server.is_none() {
            return Err("Open the tracking server with this model first".to_owned());
        }
        Ok(Some(bound))
    }

    fn read_timeout(&self) -> Result<Option<u32>, String> {
        let typed = self.timeout.trim();
        if typed.is_empty() {
            return Ok(None);
        }
        let seconds = typed.parse().ok().filter(|seconds| (1..=LONGEST).contains(seconds));
        seconds.map(Some).ok_or_else(|| format!("Seconds, from 1 to {LONGEST}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_or_marked() {
        let mut form = ProfileForm { url: "localhost:5001".into(), ..ProfileForm::default() };
        form.serves = "MyAgent@prod".into();
        form.timeout = "30".into();
        let profile = form.read(Some("http://s")).unwrap();
        assert_eq!(profile.url, "http://localhost:5001/invocations");
        assert_eq!(profile.bound.as_ref().map(Bound::uri).as_deref(), Some("models:/MyAgent@prod"));
        assert_eq!(profile.timeout_s, Some(30));
        assert!(form.read(None).unwrap_err().serves.is_some());
        form.serves = "MyAgent/7".into();
        let by_version = form.read(Some("http://s")).unwrap();
        assert_eq!(ProfileForm::of(by_version).serves, "models:/MyAgent/7");
        form = ProfileForm::of(profile);
        assert!(form.read(None).is_ok(), "what is bound stays so without its server");
        assert_eq!(form.other_server(Some("http://t")), Some("http://s"));
        form.url = "https://h/x?code=KEY".into();
        form.custom_inputs = "{".into();
        form.timeout = "0".into();
        form.token_variable = "s3cret-token".into();
        form.serves = "MyAgent".into();
        let problems = form.read(Some("http://s")).unwrap_err();
        assert!(problems.url.is_some() && problems.serves.is_some() && problems.timeout.is_some());
        assert!(problems.custom_inputs.is_some() && problems.token.is_some());
    }

    #[test]
    fn headers_fields_and_certificates_come_back_as_they_were_typed() {
        let form = ProfileForm {
            url: "https://h/v1/chat/completions".into(),
            dialect: Some(RequestDialect::ChatCompletions),
            headers: "X-Team: logistics\nApi-Key: $KEY".into(),
            request_fields: "{\"model\": \"m\"}".into(),
            ca_file: "/etc/ssl/team.pem".into(),
            ..ProfileForm::default()
        };
        let profile = form.read(None).unwrap();
        let again = ProfileForm::of(profile.clone());
        assert_eq!((&again.headers, &again.request_fields), (&form.headers, &form.request_fields));
        assert_eq!(again.read(None).as_ref(), Ok(&profile));
        let form = ProfileForm {
            headers: "Api-Key: s3cret".into(),
            request_fields: "{\"stream\": true}".into(),
            ca_file: "team.pem".into(),
            ..form
        };
        let problems = form.read(None).unwrap_err();
        assert!(
            problems.headers.is_some() && problems.request_fields.is_some() && problems.ca_file.is_some()
        );
    }

    #[test]
    fn a_token_does_not_go_to_another_server_without_a_word() {
        let url = "https://old.example.com/invocations".to_owned();
        let kept = EndpointProfile { url: url.clone(), keyring: true, ..Default::default() };
        let mut form = ProfileForm::of(kept);
        form.url = "https://old.example.com/v2/invocations".into();
        assert_eq!((form.lacks_token(), form.token_warning()), (false, None), "the same server");
        form.url = "https://new.example.com/invocations".into();
        let said = form.token_warning().unwrap();
        assert!(form.lacks_token() && said.contains("not sent to new.example.com"), "{said}");
        form.source = TokenSource::Variable;
        assert_eq!((form.lacks_token(), form.token_warning()), (false, None));

        let named =
            EndpointProfile { url: url.clone(), token_variable: "STAGING".into(), ..Default::default() };
        let mut form = ProfileForm::of(named);
        form.url = "http://old.example.com/invocations".into();
        assert!(form.token_warning().unwrap().starts_with("STAGING was sent to old.example.com"));

        let lent = EndpointProfile { url, login_of: "databricks://staging".into(), ..Default::default() };
        let mut form = ProfileForm::of(lent);
        assert_eq!(form.source, TokenSource::Workspace);
        assert_eq!(form.read(None).unwrap().login_of, "databricks://staging");
        form.url = "https://new.example.com".into();
        assert!(form.read(None).unwrap_err().token.unwrap().contains("for old.example.com alone"));
        form.source = TokenSource::Variable;
        assert_eq!(form.read(None).unwrap().login_of, "");
    }

    #[test]
    fn another_alias_awaits_nothing() {
        let bound = Bound::parse("http://s", "M@prod");
        let awaits = Some(super::super::Moved { from: Some(5), to: 7, since: 1, restarted: false });
        let url = "http://localhost:1/invocations".to_owned();
        let mut form = ProfileForm::of(EndpointProfile { url, bound, awaits, ..Default::default() });
        assert_eq!(form.read(Some("http://s")).unwrap().awaits, awaits);
        for other in ["models:/M@candidate", "models:/M/7", ""] {
            form.serves = other.into();
            assert_eq!(form.read(Some("http://s")).unwrap().awaits, None);
        }
    }
}
