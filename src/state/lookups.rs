//! What a list does not say of what it holds: what is on the screen is asked for, a few at a time.

use futures_util::{StreamExt as _, stream};

use super::tasks::{Feed, Polled, Tasks};

/// Answers on their way.
pub(super) struct Lookups<T>(Option<Feed<T>>);

/// Requests at the same time.
const AT_ONCE: usize = 4;
/// Answers that wait to be drained.
const AHEAD: usize = 32;
/// Answers that are worth keeping: an owner with more forgets them before it asks again.
pub(super) const MOST: usize = 20_000;

impl<T> Default for Lookups<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Send + 'static> Lookups<T> {
    /// Whether answers are on their way.
    pub fn is_asking(&self) -> bool {
        self.0.is_some()
    }

    /// Asks; what was asked for before and has not come is given up.
    pub fn ask<F>(&mut self, tasks: &Tasks, answers: Vec<F>)
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.0 = Some(tasks.spawn_feed(AHEAD, |feeder| async move {
            let mut answers = stream::iter(answers).buffer_unordered(AT_ONCE);
            while let Some(answer) = answers.next().await {
                if !feeder.send(answer).await {
                    break;
                }
            }
        }));
    }

    /// The next answer that arrived.
    pub fn poll(&mut self) -> Option<T> {
        match self.0.as_mut()?.poll() {
            Polled::Ready(answer) => Some(answer),
            Polled::Pending => None,
            Polled::Lost => {
                self.0 = None;
                None
            }
        }
    }
}
