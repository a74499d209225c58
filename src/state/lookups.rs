//! What a list does not say of what it holds: what is on the screen is asked for, a few at a time, and remembered.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use futures_util::{StreamExt as _, stream};

use super::tasks::{Feed, Polled, Tasks};

/// What was found out, by key, and the answers on their way.
pub(super) struct Lookups<K, V> {
    /// `None`: it cannot be had, and is not asked for again and again.
    known: HashMap<K, Option<V>>,
    asking: Option<Feed<(K, Option<V>)>>,
}

/// Requests at the same time.
const AT_ONCE: usize = 4;
/// Keys that are asked for together.
const TOGETHER: usize = 60;
/// Answers that wait to be drained.
const AHEAD: usize = 32;
/// Answers that are worth keeping: with more, all are forgotten before it asks again.
const MOST: usize = 20_000;

impl<K, V> Default for Lookups<K, V> {
    fn default() -> Self {
        Self { known: HashMap::new(), asking: None }
    }
}

impl<K: Eq + Hash + Send + 'static, V: Send + 'static> Lookups<K, V> {
    /// What was found out.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.known.get(key)?.as_ref()
    }

    /// Which of these to ask for now: none while answers are on their way.
    pub fn missing(&self, keys: impl IntoIterator<Item = K>) -> Vec<K> {
        let mut missing = Vec::new();
        if self.asking.is_some() {
            return missing;
        }
        for key in keys {
            if missing.len() < TOGETHER && !self.known.contains_key(&key) && !missing.contains(&key) {
                missing.push(key);
            }
        }
        missing
    }

    /// Asks by `look`; what was asked for before and has not come is given up.
    pub fn ask<F>(&mut self, tasks: &Tasks, keys: Vec<K>, look: impl Fn(&K) -> F)
    where
        F: Future<Output = Option<V>> + Send + 'static,
    {
        if self.known.len() > MOST {
            self.known.clear();
        }
        let unknown = keys.into_iter().filter(|key| !self.known.contains_key(key));
        let answers: Vec<_> = unknown
            .map(|key| {
                let answer = look(&key);
                async move { (key, answer.await) }
            })
            .collect();
        self.asking = Some(tasks.spawn_feed(AHEAD, |feeder| async move {
            let mut answers = stream::iter(answers).buffer_unordered(AT_ONCE);
            while let Some(answer) = answers.next().await {
                if !feeder.send(answer).await {
                    break;
                }
            }
        }));
    }

    /// Takes what arrived.
    pub fn poll(&mut self) {
        while let Some(feed) = &mut self.asking {
            match feed.poll() {
                Polled::Ready((key, answer)) => drop(self.known.insert(key, answer)),
                Polled::Pending => return,
                Polled::Lost => self.asking = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn each_is_asked_for_once_and_none_while_answers_are_on_their_way() {
        let tasks = Tasks::new(tokio::runtime::Handle::current(), || {});
        let mut lookups = Lookups::<String, usize>::default();
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let missing = lookups.missing(keys(&["one", "three", "one"]));
        assert_eq!(missing, ["one", "three"]);
        lookups.ask(&tasks, missing, |key| std::future::ready(Some(key.len()).filter(|length| *length < 4)));
        assert!(lookups.missing(keys(&["five"])).is_empty(), "answers are on their way");
        for _ in 0..2_000 {
            lookups.poll();
            if lookups.asking.is_none() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!((lookups.get("one"), lookups.get("three")), (Some(&3), None));
        assert_eq!(lookups.missing(keys(&["three", "five"])), ["five"], "what cannot be had is known");
        assert_eq!(lookups.missing((0..1_000).map(|key| key.to_string())).len(), TOGETHER);
    }
}
