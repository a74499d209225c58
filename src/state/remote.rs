//! Slots for what is being loaded. A slot owns its task: dropping or replacing it cancels the request, and a
//! stale answer has nowhere to land. What was there before stays while it is loaded anew, or when that fails.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::tasks::{Feed, Polled, Task, Tasks};
use crate::tracking::{Answer, PageStream, TrackingError};

/// One value from a store: empty, loading, ready or failed; the last three with what was there before.
#[derive(Debug)]
pub struct Remote<T> {
    value: Option<T>,
    error: Option<TrackingError>,
    task: Option<Task<Result<T, TrackingError>>>,
}

impl<T> Default for Remote<T> {
    fn default() -> Self {
        Self { value: None, error: None, task: None }
    }
}

impl<T: Send + 'static> Remote<T> {
    /// Asks; what was there stays until the answer is here.
    pub fn load(&mut self, tasks: &Tasks, answer: Answer<T>) {
        self.task = Some(tasks.spawn(answer));
    }

    /// Asks unless it is being asked already or has been answered.
    pub fn load_if_empty(&mut self, tasks: &Tasks, answer: impl FnOnce() -> Answer<T>) {
        if self.value.is_none() && self.task.is_none() && self.error.is_none() {
            self.load(tasks, answer());
        }
    }

    /// Takes the answer if it is here. `true`: something changed.
    pub fn poll(&mut self) -> bool {
        let Some(task) = &mut self.task else { return false };
        match task.poll() {
            Polled::Pending => return false,
            Polled::Ready(Ok(value)) => {
                self.value = Some(value);
                self.error = None;
            }
            Polled::Ready(Err(error)) => self.error = Some(error),
            Polled::Lost => self.error = Some(lost()),
        }
        self.task = None;
        true
    }
}

impl<T> Remote<T> {
    /// A slot that is filled already.
    pub fn ready(value: T) -> Self {
        Self { value: Some(value), error: None, task: None }
    }

    /// What is known, fresh or not.
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// Puts a newer answer in place of what is known, and of whatever is under way.
    pub fn settle(&mut self, value: T) {
        *self = Self::ready(value);
    }

    /// What is known, to be changed after a write was answered.
    pub fn value_mut(&mut self) -> Option<&mut T> {
        self.value.as_mut()
    }

    /// Why the last request failed. The value of before may still be there.
    pub fn error(&self) -> Option<&TrackingError> {
        self.error.as_ref()
    }

    /// Whether a request is under way.
    pub fn is_loading(&self) -> bool {
        self.task.is_some()
    }
}

/// Pages of items from a store, shown as they arrive. On a refresh the old items stay until the new ones are
/// complete.
#[derive(Debug)]
pub struct Pages<T> {
    items: Vec<T>,
    incoming: Option<Vec<T>>,
    error: Option<TrackingError>,
    feed: Option<Feed<Result<Vec<T>, TrackingError>>>,
    complete: bool,
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { items: Vec::new(), incoming: None, error: None, feed: None, complete: false }
    }
}

impl<T: Send + 'static> Pages<T> {
    /// Starts asking, page after page.
    pub fn load(&mut self, tasks: &Tasks, pages: PageStream<T>) {
        self.incoming = (!self.items.is_empty()).then(Vec::new);
        self.error = None;
        self.feed = Some(feed_pages(tasks, pages));
    }

    /// Starts asking unless it is under way or done.
    pub fn load_if_empty(&mut self, tasks: &Tasks, pages: impl FnOnce() -> PageStream<T>) {
        if self.feed.is_none() && !self.complete && self.error.is_none() {
            self.load(tasks, pages());
        }
    }

    /// Forgets everything, and cancels what is on its way.
    pub fn clear(&mut self) {
        drop_aside(std::mem::take(&mut self.items));
        *self = Self::default();
    }

    /// Takes what arrived until `deadline`. `true`: the items changed.
    pub fn poll(&mut self, deadline: Instant) -> bool {
        let mut changed = false;
        while let Some(feed) = &mut self.feed {
            match feed.poll() {
                Polled::Pending => break,
                Polled::Ready(Ok(page)) => {
                    changed |= self.incoming.is_none();
                    self.incoming.as_mut().unwrap_or(&mut self.items).extend(page);
                }
                Polled::Ready(Err(error)) => {
                    self.error = Some(error);
                    self.incoming = None;
                    self.feed = None;
                }
                Polled::Lost => {
                    changed = true;
                    if let Some(incoming) = self.incoming.take() {
                        drop_aside(std::mem::replace(&mut self.items, incoming));
                    }
                    self.complete = true;
                    self.feed = None;
                }
            }
            if Instant::now() >= deadline {
                break;
            }
        }
        changed
    }
}

impl<T> Pages<T> {
    /// Pages that are all here.
    pub fn of(items: Vec<T>) -> Self {
        Self { items, complete: true, ..Self::default() }
    }

    /// What has arrived.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// What has arrived, to be corrected after a later answer.
    pub fn items_mut(&mut self) -> &mut [T] {
        &mut self.items
    }

    /// Why the last request failed. What arrived before stays.
    pub fn error(&self) -> Option<&TrackingError> {
        self.error.as_ref()
    }

    /// Whether pages are still on their way.
    pub fn is_loading(&self) -> bool {
        self.feed.is_some()
    }

    /// Whether what is on its way takes the place of what is here, rather than continuing it.
    pub fn is_refreshing(&self) -> bool {
        self.incoming.is_some()
    }

    /// Whether the last page was reached at least once.
    pub fn is_complete(&self) -> bool {
        self.complete
    }
}

/// Runs a page stream on the runtime; the feed ends after the last page.
pub fn feed_pages<T: Send + 'static>(
    tasks: &Tasks,
    pages: PageStream<T>,
) -> Feed<Result<Vec<T>, TrackingError>> {
    feed_pages_as(tasks, PAGES_AHEAD, pages, |page| page)
}

/// [`feed_pages`], each page turned into something else on the runtime, while the next ones are read. A panic on the way
/// to a page is an error like any other: the end of the feed would be taken for the last page.
pub(super) fn feed_pages_as<T: Send + 'static, P: Send + 'static>(
    tasks: &Tasks,
    capacity: usize,
    pages: PageStream<T>,
    mut turn: impl FnMut(Vec<T>) -> P + Send + 'static,
) -> Feed<Result<P, TrackingError>> {
    tasks.spawn_feed(capacity, |feeder| async move {
        let (sender, mut read) = mpsc::channel(1);
        // Dropped with this feed, and with it what is being read.
        let mut reading = JoinSet::new();
        reading.spawn(read_pages(pages, sender));
        while let Some(page) = read.recv().await {
            let turned = std::panic::catch_unwind(AssertUnwindSafe(|| page.map(&mut turn)));
            let page = turned.unwrap_or_else(|_panic| Err(lost()));
            let failed = page.is_err();
            if !feeder.send(page).await || failed {
                break;
            }
        }
    })
}

/// Reads pages until nobody wants more.
async fn read_pages<T: Send + 'static>(
    mut pages: PageStream<T>,
    sender: mpsc::Sender<Result<Vec<T>, TrackingError>>,
) {
    loop {
        let page = match AssertUnwindSafe(pages.next()).catch_unwind().await {
            Ok(Some(page)) => page,
            Ok(None) => break,
            Err(_panic) => Err(lost()),
        };
        let failed = page.is_err();
        if sender.send(page).await.is_err() || failed {
            break;
        }
    }
}

/// Frees many items without holding up a frame: 200,000 versions are a million small pieces.
fn drop_aside<T: Send + 'static>(items: Vec<T>) {
    const MANY: usize = 10_000;
    if items.len() >= MANY {
        // Where no thread can be had, the items went with the closure.
        std::thread::Builder::new().name("drop".into()).spawn(move || drop(items)).ok();
    }
}

/// Pages that wait to be drained: enough to keep a server busy while a frame is drawn, no more.
const PAGES_AHEAD: usize = 4;

pub(crate) fn lost() -> TrackingError {
    TrackingError::Local { what: "The work ended without an answer".into() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::stream;

    use super::*;

    fn loaded(pages: &mut Pages<u32>) {
        while pages.is_loading() {
            pages.poll(Instant::now() + Duration::from_secs(1));
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn pages_of(found: Vec<Option<u32>>) -> PageStream<u32> {
        stream::iter(found).map(|item| Ok(vec![item.expect("a page")])).boxed()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_on_the_way_to_a_page_is_an_error_and_not_the_end() {
        let tasks = Tasks::new(tokio::runtime::Handle::current(), || {});
        let mut pages = Pages::default();
        pages.load(&tasks, pages_of(vec![Some(1), None, Some(3)]));
        loaded(&mut pages);
        assert_eq!((pages.items(), pages.is_complete()), (&[1][..], false));
        assert_eq!(pages.error(), Some(&lost()));

        pages.load(&tasks, pages_of(vec![Some(1), Some(2)]));
        loaded(&mut pages);
        assert_eq!((pages.items(), pages.error()), (&[1, 2][..], None));
        // What was complete stays when it cannot be read anew.
        pages.load(&tasks, pages_of(vec![Some(7), None]));
        loaded(&mut pages);
        assert_eq!((pages.items(), pages.error()), (&[1, 2][..], Some(&lost())));
    }
}
