//! Tokens that the keyring holds for endpoints: read when one is first talked to, written when they are entered.

use std::collections::{BTreeMap, BTreeSet};

use super::profile::EndpointProfile;
use crate::agent::{Keyring, KeyringError, Token};
use crate::state::tasks::{Polled, Task, Tasks};

/// Tokens by the address of their endpoint, as far as they are known.
#[derive(Default)]
pub struct KeptTokens {
    keyring: Keyring,
    held: BTreeMap<String, Token>,
    asked: BTreeSet<String>,
    under_way: Vec<(String, Task<Done>)>,
}

/// What came of one call: the token that the keyring holds now, as far as it was said, and what went wrong.
type Done = (Option<Token>, Vec<Trouble>);

/// What the keyring did not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::state) enum Trouble {
    /// A token could not be read, or there is none.
    Unread(Option<KeyringError>),
    /// A token could not be kept: here it is.
    Unkept(KeyringError, Token),
    /// A token could not be brought under the endpoint's new address: it is where it was, under this one.
    Stays(KeyringError, String),
    /// A token could not be deleted.
    Undeleted(KeyringError),
}

impl KeptTokens {
    /// The token of an endpoint, once it was read.
    pub fn token(&self, url: &str) -> Option<&Token> {
        self.held.get(url)
    }

    /// Reads the token of an endpoint, once.
    pub(in crate::state) fn read(&mut self, profile: &EndpointProfile, tasks: &Tasks) {
        if profile.keyring && self.asked.insert(profile.url.clone()) {
            let key = profile.keyring_key().to_owned();
            self.begin(&profile.url, tasks, move |keyring, _| read(keyring, &key));
        }
    }

    /// Keeps a token from now on.
    pub(in crate::state) fn keep(&mut self, url: &str, token: Token, tasks: &Tasks) {
        self.asked.insert(url.to_owned());
        self.held.insert(url.to_owned(), token.clone());
        self.begin(url, tasks, move |keyring, url| keep(keyring, url, token));
    }

    /// Keeps a token in place of the one that is kept for a profile, which may have had another address.
    pub(in crate::state) fn replace(
        &mut self,
        old: &EndpointProfile,
        url: &str,
        token: Token,
        tasks: &Tasks,
    ) {
        self.drop_held(&old.url);
        self.asked.insert(url.to_owned());
        self.held.insert(url.to_owned(), token.clone());
        let key = old.keyring_key().to_owned();
        self.begin(url, tasks, move |keyring, url| {
            let (kept, mut troubles) = keep(keyring, url, token);
            if key != url {
                // It serves nobody any more, whether the new one could be kept or not.
                troubles.extend(forget(keyring, &key).1);
            }
            (kept, troubles)
        });
    }

    /// An endpoint has another address on the same server: its token goes there. What is kept for the old address is
    /// deleted once that is done, not sooner.
    pub(in crate::state) fn change_address(&mut self, old: &EndpointProfile, url: &str, tasks: &Tasks) {
        let token = self.drop_held(&old.url);
        self.asked.insert(url.to_owned());
        if let Some(token) = &token {
            self.held.insert(url.to_owned(), token.clone());
        }
        let key = old.keyring_key().to_owned();
        self.begin(url, tasks, move |keyring, url| carry_over(keyring, &key, url, token));
    }

    /// Deletes the token of an endpoint.
    pub(in crate::state) fn forget(&mut self, profile: &EndpointProfile, tasks: &Tasks) {
        self.drop_held(&profile.url);
        let key = profile.keyring_key().to_owned();
        self.begin(&profile.url, tasks, move |keyring, _| forget(keyring, &key));
    }

    fn drop_held(&mut self, url: &str) -> Option<Token> {
        self.asked.remove(url);
        self.under_way.retain(|(at, _)| at != url);
        self.held.remove(url)
    }

    /// Calls the keyring. What an earlier call finds for this address does not matter any more.
    fn begin(
        &mut self,
        url: &str,
        tasks: &Tasks,
        call: impl FnOnce(&Keyring, &str) -> Done + Send + 'static,
    ) {
        self.under_way.retain(|(at, _)| at != url);
        let (keyring, at) = (self.keyring.clone(), url.to_owned());
        self.under_way.push((url.to_owned(), tasks.spawn_blocking(move || call(&keyring, &at))));
    }

    /// Takes what arrived: whether a token did, and what went wrong with which endpoint's.
    pub(in crate::state) fn poll(&mut self) -> (bool, Vec<(String, Trouble)>) {
        let (mut news, mut troubles) = (false, Vec::new());
        let held = &mut self.held;
        self.under_way.retain_mut(|(url, task)| match task.poll() {
            Polled::Pending => true,
            Polled::Ready((token, said)) => {
                if let Some(token) = token {
                    news |= held.insert(url.clone(), token.clone()) != Some(token);
                }
                for trouble in said {
                    if matches!(trouble, Trouble::Unkept(..)) {
                        held.remove(url);
                    }
                    troubles.push((url.clone(), trouble));
                }
                false
            }
            Polled::Lost => false,
        });
        (news, troubles)
    }
}

fn read(keyring: &Keyring, url: &str) -> Done {
    match keyring.token(url) {
        Ok(Some(token)) => (Some(token), Vec::new()),
        Ok(None) => (None, vec![Trouble::Unread(None)]),
        Err(error) => (None, vec![Trouble::Unread(Some(error))]),
    }
}

fn keep(keyring: &Keyring, url: &str, token: Token) -> Done {
    match keyring.keep(url, &token) {
        Ok(()) => (Some(token), Vec::new()),
        Err(error) => (None, vec![Trouble::Unkept(error, token)]),
    }
}

fn forget(keyring: &Keyring, url: &str) -> Done {
    (None, keyring.forget(url).err().map(Trouble::Undeleted).into_iter().collect())
}

fn carry_over(keyring: &Keyring, before: &str, url: &str, token: Option<Token>) -> Done {
    let stays = |error| vec![Trouble::Stays(error, before.to_owned())];
    let token = match token.map_or_else(|| keyring.token(before), |token| Ok(Some(token))) {
        Ok(Some(token)) => token,
        Ok(None) => return (None, vec![Trouble::Unread(None)]),
        Err(error) => return (None, stays(error)),
    };
    match keyring.keep(url, &token) {
        Ok(()) => (Some(token), forget(keyring, before).1),
        Err(error) => (Some(token), stays(error)),
    }
}

impl Trouble {
    /// What to say of it. `title`: what the endpoint is called.
    pub fn describe(&self, title: &str) -> String {
        let ways = "Enter it in the chat's options for this session, or name an environment variable";
        match self {
            Self::Unread(None) => format!("The keyring holds no token for {title}. {ways}"),
            Self::Unread(Some(error)) => format!("{error}: the token of {title} is not known. {ways}"),
            Self::Unkept(error, _) => format!(
                "{error}: the token of {title} holds until Flowdeck is closed. An environment variable lasts longer"
            ),
            Self::Stays(error, before) => {
                format!("{error}: the token of {title} stays in the keyring under the old address, {before}")
            }
            Self::Undeleted(error) => format!("{error}: it still has the token of {title}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://agents.example.com/invocations";
    const THERE: &str = "https://agents.example.com/another/invocations";

    fn at(url: &str) -> EndpointProfile {
        EndpointProfile { url: url.into(), keyring: true, ..EndpointProfile::default() }
    }

    fn until_quiet(kept: &mut KeptTokens) -> (bool, Vec<(String, Trouble)>) {
        let (mut news, mut troubles) = (false, Vec::new());
        while !kept.under_way.is_empty() {
            let (more, trouble) = kept.poll();
            news |= more;
            troubles.extend(trouble);
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        (news, troubles)
    }

    fn with(keyring: Keyring) -> KeptTokens {
        KeptTokens { keyring, ..KeptTokens::default() }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_token_is_there_on_another_day_until_it_is_forgotten() {
        let tasks = Tasks::new(tokio::runtime::Handle::current(), || {});
        let keyring = Keyring::Memory(std::sync::Arc::default());
        let profile = EndpointProfile { url: URL.into(), keyring: true, ..EndpointProfile::default() };
        let mut kept = with(keyring.clone());
        kept.keep(URL, Token::new("s3cret"), &tasks);
        assert_eq!(kept.token(URL), Some(&Token::new("s3cret")), "at once");
        assert_eq!(until_quiet(&mut kept), (false, Vec::new()));

        let mut kept = with(keyring.clone());
        kept.read(&EndpointProfile { keyring: false, ..profile.clone() }, &tasks);
        assert!(kept.under_way.is_empty(), "nobody said that there is one");
        kept.read(&profile, &tasks);
        kept.read(&profile, &tasks);
        assert_eq!(kept.under_way.len(), 1);
        assert_eq!(
            (until_quiet(&mut kept), kept.token(URL)),
            ((true, Vec::new()), Some(&Token::new("s3cret")))
        );
        kept.forget(&profile, &tasks);
        until_quiet(&mut kept);
        kept.read(&profile, &tasks);
        assert_eq!(until_quiet(&mut kept), (false, vec![(URL.into(), Trouble::Unread(None))]));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_a_keyring_the_token_is_handed_back() {
        let tasks = Tasks::new(tokio::runtime::Handle::current(), || {});
        let mut kept = with(Keyring::Absent);
        kept.keep(URL, Token::new("s3cret"), &tasks);
        let trouble = Trouble::Unkept(KeyringError::Absent, Token::new("s3cret"));
        assert_eq!(until_quiet(&mut kept), (false, vec![(URL.into(), trouble.clone())]));
        assert_eq!(kept.token(URL), None);
        let said = trouble.describe("staging");
        assert!(
            said.contains("no keyring") && said.contains("environment variable") && !said.contains("s3cret")
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn at_another_address_the_token_is_kept_before_it_is_deleted_at_the_old_one() {
        let tasks = Tasks::new(tokio::runtime::Handle::current(), || {});
        let keyring = Keyring::Memory(std::sync::Arc::default());
        keyring.keep(URL, &Token::new("s3cret")).unwrap();

        // It was not read yet.
        let mut kept = with(keyring.clone());
        kept.change_address(&at(URL), THERE, &tasks);
        assert_eq!(until_quiet(&mut kept), (true, Vec::new()));
        assert_eq!(kept.token(THERE), Some(&Token::new("s3cret")));
        assert_eq!(keyring.token(THERE), Ok(Some(Token::new("s3cret"))));
        assert_eq!((keyring.token(URL), kept.token(URL)), (Ok(None), None));

        // Another was typed: it holds at once.
        kept.replace(&at(THERE), URL, Token::new("other"), &tasks);
        assert_eq!((kept.token(URL), kept.token(THERE)), (Some(&Token::new("other")), None));
        assert_eq!(until_quiet(&mut kept), (false, Vec::new()));
        assert_eq!((keyring.token(URL), keyring.token(THERE)), (Ok(Some(Token::new("other"))), Ok(None)));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_token_that_cannot_be_kept_elsewhere_stays_where_it_is_and_is_found_there() {
        let tasks = Tasks::new(tokio::runtime::Handle::current(), || {});
        let keyring = Keyring::ReadOnly([(URL.to_owned(), "s3cret".to_owned())].into());
        let mut kept = with(keyring.clone());
        kept.change_address(&at(URL), THERE, &tasks);
        let trouble = Trouble::Stays(KeyringError::Absent, URL.into());
        assert!(!trouble.describe("staging").contains("s3cret"));
        assert_eq!(until_quiet(&mut kept), (true, vec![(THERE.into(), trouble)]));
        assert_eq!(kept.token(THERE), Some(&Token::new("s3cret")), "it goes on");
        assert_eq!(keyring.token(URL), Ok(Some(Token::new("s3cret"))));
        // Another day it is looked for where it is.
        let mut kept = with(keyring);
        kept.read(&EndpointProfile { kept_at: URL.into(), ..at(THERE) }, &tasks);
        until_quiet(&mut kept);
        assert_eq!(kept.token(THERE), Some(&Token::new("s3cret")));

        let mut kept = with(Keyring::Memory(std::sync::Arc::default()));
        kept.change_address(&at(URL), THERE, &tasks);
        assert_eq!(until_quiet(&mut kept), (false, vec![(THERE.into(), Trouble::Unread(None))]));
        let mut kept = with(Keyring::Absent);
        kept.change_address(&at(URL), THERE, &tasks);
        let trouble = Trouble::Stays(KeyringError::Absent, URL.into());
        assert_eq!(until_quiet(&mut kept), (false, vec![(THERE.into(), trouble)]));
    }
}
