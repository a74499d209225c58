//! Headers that an endpoint is sent besides our own. What looks like a secret is named, never kept: its value comes
//! from an environment variable.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::endpoint::Token;
use super::error::AgentError;

/// More headers than this are not taken.
const MOST: usize = 32;
/// Headers that the request itself decides on.
const OURS: [&str; 6] =
    ["accept", "connection", "content-length", "content-type", "host", "transfer-encoding"];
/// Parts of names whose values are secrets.
const SECRET: [&str; 9] =
    ["auth", "cookie", "credential", "key", "passphrase", "password", "secret", "session", "token"];

/// A header as it is typed and kept: `X-Team: logistics`, `Api-Key: $GATEWAY_KEY`, `Authorization: Basic $LOGIN`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Header {
    /// As typed; names do not tell upper from lower case.
    pub name: String,
    /// A text, or `$VARIABLE`, perhaps behind one word.
    pub value: String,
}

impl Header {
    /// Reads one header a line.
    ///
    /// Errors: what is wrong with which line, in a sentence.
    pub fn parse_lines(typed: &str) -> Result<Vec<Self>, String> {
        let lines = typed.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let headers: Result<Vec<Self>, String> = lines
            .map(|(at, line)| Self::parse(line).map_err(|why| format!("Line {}: {why}", at + 1)))
            .collect();
        headers.and_then(|headers| match headers.len() {
            0..=MOST => Ok(headers),
            _ => Err(format!("More than {MOST} headers are not sent")),
        })
    }

    fn parse(line: &str) -> Result<Self, String> {
        let (name, value) = line.split_once(':').ok_or("as in X-Team: logistics")?;
        let (name, value) = (name.trim(), value.trim());
        let known =
            HeaderName::try_from(name).map_err(|_invalid| format!("“{name}” is not a header's name"))?;
        if OURS.contains(&known.as_str()) {
            return Err(format!("{name} is set by the request itself"));
        }
        let header = Self { name: name.to_owned(), value: value.to_owned() };
        if header.variable().is_none() {
            if looks_secret(known.as_str()) {
                return Err(format!(
                    "the value of {name} is not kept: name a variable, as in {name}: $VARIABLE"
                ));
            }
            if value.is_empty() || HeaderValue::from_str(value).is_err() {
                return Err(format!("the value of {name} cannot be sent"));
            }
        }
        Ok(header)
    }

    /// As it is typed.
    pub fn line(&self) -> String {
        format!("{}: {}", self.name, self.value)
    }

    /// The environment variable that holds the value, and the word before it with its space, as in `Basic `.
    pub fn variable(&self) -> Option<(&str, &str)> {
        let (word, variable) = self.value.rsplit_once('$')?;
        let is_word = word.is_empty()
            || word.strip_suffix(' ').is_some_and(|word| word.chars().all(|c| c.is_ascii_alphanumeric()));
        let mut chars = variable.chars();
        let is_name = chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
        (is_word && is_name).then_some((word, variable))
    }
}

fn looks_secret(name: &str) -> bool {
    SECRET.iter().any(|part| name.contains(part))
}

/// A header as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SentHeader {
    pub header: Header,
    /// What the variable holds, where it names one that is set.
    secret: Option<Token>,
}

impl SentHeader {
    /// With what `variable` answers for the name of a variable.
    pub fn new(header: Header, variable: impl Fn(&str) -> Option<String>) -> Self {
        let held = header.variable().and_then(|(_, name)| variable(name));
        Self { secret: held.map(|held| Token::new(&held)).filter(|held| !held.is_empty()), header }
    }

    /// What is in its variable.
    pub fn secret(&self) -> Option<&Token> {
        self.secret.as_ref()
    }

    /// Puts it among the headers of a request.
    ///
    /// Errors: [`AgentError::Header`] where its variable is not set, [`AgentError::Token`] where it cannot be sent.
    pub fn put_into(&self, headers: &mut HeaderMap) -> Result<(), AgentError> {
        let name = HeaderName::try_from(self.header.name.as_str()).map_err(|_invalid| AgentError::Token)?;
        let value = match (self.header.variable(), &self.secret) {
            (None, _) => self.header.value.clone(),
            (Some((word, _)), Some(secret)) => format!("{word}{}", secret.secret()),
            (Some((_, variable)), None) => {
                let (name, variable) = (self.header.name.clone(), variable.to_owned());
                return Err(AgentError::Header { name, variable });
            }
        };
        let mut value = HeaderValue::try_from(value).map_err(|_secret| AgentError::Token)?;
        value.set_sensitive(self.secret.is_some());
        headers.insert(name, value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_headers_and_secrets_are_named() {
        let headers =
            Header::parse_lines("X-Team: logistics\n\n Api-Key : $KEY \nAuthorization: Basic $LOGIN")
                .unwrap();
        let lines: Vec<String> = headers.iter().map(Header::line).collect();
        assert_eq!(lines, ["X-Team: logistics", "Api-Key: $KEY", "Authorization: Basic $LOGIN"]);
        assert_eq!(headers[1].variable(), Some(("", "KEY")));
        assert_eq!(headers[2].variable(), Some(("Basic ", "LOGIN")));
        for secret in ["Authorization: Bearer abc", "X-Api-Key: 1234", "x-access-TOKEN: t", "Cookie: a=b"] {
            let why = Header::parse_lines(secret).unwrap_err();
            assert!(why.contains("name a variable"), "{why}");
        }
        for bad in ["logistics", "a b: c", "Content-Type: text/plain", "X-Team:", "X-Team: a\u{7}"] {
            assert!(Header::parse_lines(bad).unwrap_err().starts_with("Line 1: "), "{bad}");
        }
    }

    #[test]
    fn what_a_variable_holds_is_sent_and_shown_nowhere() {
        let headers =
            Header::parse_lines("X-Team: $5 a day\nAuthorization: Basic $LOGIN\nApi-Key: $UNSET").unwrap();
        let sent: Vec<SentHeader> = headers
            .into_iter()
            .map(|header| SentHeader::new(header, |name| (name == "LOGIN").then(|| "czNjcmV0\n".to_owned())))
            .collect();
        let mut map = HeaderMap::new();
        sent[0].put_into(&mut map).unwrap();
        sent[1].put_into(&mut map).unwrap();
        assert_eq!(
            (&map["x-team"], &map["authorization"]),
            (&"$5 a day".parse().unwrap(), &"Basic czNjcmV0".parse().unwrap())
        );
        assert!(!format!("{map:?} {sent:?}").contains("czNjcmV0"));
        let missing = AgentError::Header { name: "Api-Key".into(), variable: "UNSET".into() };
        assert_eq!(sent[2].put_into(&mut map), Err(missing));
    }
}
