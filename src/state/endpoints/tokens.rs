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
type Done = (Option<Token>, Option<Trouble>);

/// What the keyring did not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::state) enum Trouble {
    /// A token could not be read, or there is none.
    Unread(Option<KeyringError>),
    /// A token could not be kept: here it is.
    Unkept(KeyringError, Token),
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
            self.begin(&profile.url, tasks, read);
        }
    }

    /// Keeps a token from now on.
    pub(in crate::state) fn keep(&mut self, url: &str, token: Token, tasks: &Tasks) {
        self.asked.insert(url.to_owned());
        self.held.insert(url.to_owned(), token.clone());
        self.begin(url, tasks, move |keyring, url| keep(keyring, url, token));
    }

    /// An endpoint has another address: its token goes there, or `token` in its place. What is kept for the address
    /// `before` is deleted once that is done, not sooner.
    pub(in crate::state) fn change_address(
        &mut self,
        before: &str,
        url: &str,
        token: Option<Token>,
        tasks: &Tasks,
    ) {
        let held = self.drop_held(before);
        let token = token.or(held);
        self.asked.insert(url.to_owned());
        if let Some(token) = &token {
            self.held.insert(url.to_owned(), token.clone());
        }
        let before = before.to_owned();
        self.begin(url, tasks, move |keyring, url| carry_over(keyring, &before, url, token));
    }

    /// Deletes a token.
    pub(in crate::state) fn forget(&mut self, url: &str, tasks: &Tasks) {
        self.drop_held(url);
        self.begin(url, tasks, forget);
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
            Polled::Ready((token, trouble)) => {
                if let Some(token) = token {
                    news |= held.insert(url.clone(), token.clone()) != Some(token);
                }
                if let Some(trouble) = trouble {
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
        Ok(Some(token)) => (Some(token), None),
        Ok(None) => (None, Some(Trouble::Unread(None))),
        Err(error) => (None, Some(Trouble::Unread(Some(error)))),
    }
}

fn keep(keyring: &Keyring, url: &str, token: Token) -> Done {
    match keyring.keep(url, &token) {
        Ok(()) => (Some(token), None),
        Err(error) => (None, Some(Trouble::Unkept(error, token))),
    }
}

fn forget(keyring: &Keyring, url: &str) -> Done {
    (None, keyring.forget(url).err().map(Trouble::Undeleted))
}

fn carry_over(keyring: &Keyring, before: &str, url: &str, token: Option<Token>) -> Done {
    let (token, trouble) = token.map_or_else(|| read(keyring, before), |token| (Some(token), None));
    let Some(token) = token else { return (None, trouble) };
    match keep(keyring, url, token) {
        (Some(token), _) => (Some(token), forget(keyring, before).1),
        not_kept => not_kept,
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
            Self::Undeleted(error) => format!("{error}: it still has the token of {title}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://agents.example.com/invocations";

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
        kept.forget(URL, &tasks);
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
        const THERE: &str = "https://agents.example.org/invocations";
        let tasks = Tasks::new(tokio::runtime::Handle::current(), || {});
        let keyring = Keyring::Memory(std::sync::Arc::default());
        keyring.keep(URL, &Token::new("s3cret")).unwrap();

        // It was not read yet.
        let mut kept = with(keyring.clone());
        kept.change_address(URL, THERE, None, &tasks);
        assert_eq!(until_quiet(&mut kept), (true, Vec::new()));
        assert_eq!(kept.token(THERE), Some(&Token::new("s3cret")));
        assert_eq!(keyring.token(THERE), Ok(Some(Token::new("s3cret"))));
        assert_eq!((keyring.token(URL), kept.token(URL)), (Ok(None), None));

        // Another was typed: it holds at once.
        kept.change_address(THERE, URL, Some(Token::new("other")), &tasks);
        assert_eq!((kept.token(URL), kept.token(THERE)), (Some(&Token::new("other")), None));
        assert_eq!(until_quiet(&mut kept), (false, Vec::new()));
        assert_eq!((keyring.token(URL), keyring.token(THERE)), (Ok(Some(Token::new("other"))), Ok(None)));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_token_that_cannot_be_kept_elsewhere_stays_where_it_is() {
        const THERE: &str = "https://agents.example.org/invocations";
        let tasks = Tasks::new(tokio::runtime::Handle::current(), || {});
        let keyring = Keyring::ReadOnly([(URL.to_owned(), "s3cret".to_owned())].into());
        let mut kept = with(keyring.clone());
        kept.change_address(URL, THERE, None, &tasks);
        let trouble = Trouble::Unkept(KeyringError::Absent, Token::new("s3cret"));
        assert_eq!(until_quiet(&mut kept), (false, vec![(THERE.into(), trouble)]));
        assert_eq!(keyring.token(URL), Ok(Some(Token::new("s3cret"))));

        let mut kept = with(Keyring::Memory(std::sync::Arc::default()));
        kept.change_address(URL, THERE, None, &tasks);
        assert_eq!(until_quiet(&mut kept), (false, vec![(THERE.into(), Trouble::Unread(None))]));
    }
}
