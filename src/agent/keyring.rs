//! Tokens in the operating system's keyring: the Secret Service on Linux, the Keychain on macOS, the Credential Manager
//! on Windows. Every call may block for as long as a person takes to unlock it: never on the UI thread.

use super::endpoint::Token;

/// The name under which the keyring lists what is kept.
const SERVICE: &str = "flowdeck";

/// Where tokens are kept, by the address of their endpoint.
#[derive(Clone, Debug, Default)]
pub enum Keyring {
    /// The operating system's.
    #[default]
    System,
    /// One for tests.
    #[cfg(test)]
    Memory(std::sync::Arc<std::sync::Mutex<std::collections::BTreeMap<String, String>>>),
    /// One that holds this and keeps nothing else.
    #[cfg(test)]
    ReadOnly(std::collections::BTreeMap<String, String>),
    /// None, as on a machine without a desktop.
    #[cfg(test)]
    Absent,
}

/// Why the keyring did not do as it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// There is none, as on a machine without a desktop.
    #[error("There is no keyring on this system")]
    Absent,
    /// It is locked, or broken.
    #[error("The keyring refused: {cause}")]
    Refused {
        /// In its own words.
        cause: String,
    },
}

impl From<keyring::Error> for KeyringError {
    fn from(error: keyring::Error) -> Self {
        match error {
            keyring::Error::NoDefaultStore => Self::Absent,
            // Some kinds carry what is kept; their words do not.
            other => Self::Refused { cause: other.to_string() },
        }
    }
}

impl Keyring {
    /// The token of an endpoint, if one is kept.
    pub fn token(&self, url: &str) -> Result<Option<Token>, KeyringError> {
        match self {
            Self::System => match entry(url)?.get_password() {
                Ok(token) => Ok(Some(Token::new(&token)).filter(|token| !token.is_empty())),
                Err(keyring::Error::NoEntry) => Ok(None),
                Err(error) => Err(error.into()),
            },
            #[cfg(test)]
            Self::Memory(kept) => {
                Ok(kept.lock().ok().and_then(|kept| kept.get(url).map(|token| Token::new(token))))
            }
            #[cfg(test)]
            Self::ReadOnly(kept) => Ok(kept.get(url).map(|token| Token::new(token))),
            #[cfg(test)]
            Self::Absent => Err(KeyringError::Absent),
        }
    }

    /// Keeps a token in place of the one before.
    pub fn keep(&self, url: &str, token: &Token) -> Result<(), KeyringError> {
        match self {
            Self::System => Ok(entry(url)?.set_password(token.secret())?),
            #[cfg(test)]
            Self::Memory(kept) => {
                if let Ok(mut kept) = kept.lock() {
                    kept.insert(url.to_owned(), token.secret().to_owned());
                }
                Ok(())
            }
            #[cfg(test)]
            Self::ReadOnly(_) | Self::Absent => Err(KeyringError::Absent),
        }
    }

    /// Deletes a token, if one is kept.
    pub fn forget(&self, url: &str) -> Result<(), KeyringError> {
        match self {
            Self::System => match entry(url)?.delete_credential() {
                Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
                Err(error) => Err(error.into()),
            },
            #[cfg(test)]
            Self::Memory(kept) => {
                if let Ok(mut kept) = kept.lock() {
                    kept.remove(url);
                }
                Ok(())
            }
            #[cfg(test)]
            Self::ReadOnly(_) | Self::Absent => Err(KeyringError::Absent),
        }
    }
}

fn entry(url: &str) -> Result<keyring::Entry, KeyringError> {
    Ok(keyring::Entry::new(SERVICE, url)?)
}
