//! Work off the UI thread: a runtime to run it on, and a callback that wakes the UI when something arrived.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

/// Where work is started. Cheap to clone.
#[derive(Clone)]
pub struct Tasks {
    runtime: tokio::runtime::Handle,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Tasks {
    /// `wake` is called from any thread, whenever an answer is ready to be polled.
    pub fn new(runtime: tokio::runtime::Handle, wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self { runtime, wake: Arc::new(wake) }
    }

    /// Runs a future; its answer is polled from the task. Dropping the task cancels it.
    pub fn spawn<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Task<T> {
        let (sender, receiver) = oneshot::channel();
        let answering = Answering { sender, _wake: self.wake_on_drop() };
        let handle = self.runtime.spawn(async move { answering.answer(future.await) });
        Task { receiver, abort: handle.abort_handle() }
    }

    /// Runs CPU-bound or blocking work on a thread of its own pool. It cannot be interrupted, but a dropped
    /// task's answer has nowhere to land.
    pub fn spawn_blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        let (sender, receiver) = oneshot::channel();
        let answering = Answering { sender, _wake: self.wake_on_drop() };
        let handle = self.runtime.spawn_blocking(move || answering.answer(work()));
        Task { receiver, abort: handle.abort_handle() }
    }

    /// Runs a future that sends many items over a bounded channel; it waits when nobody drains.
    pub fn spawn_feed<T, F, Fut>(&self, capacity: usize, feed: F) -> Feed<T>
    where
        T: Send + 'static,
        F: FnOnce(Feeder<T>) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(capacity);
        let handle = self.runtime.spawn(feed(Feeder { sender, wake: self.wake_on_drop() }));
        Feed { receiver, abort: Some(handle.abort_handle()) }
    }

    /// Like [`Tasks::spawn_feed`], for work that must not stop halfway: dropping the feed does not cancel it.
    /// [`Feeder::send`] tells the work that nobody listens any more.
    pub fn spawn_feed_to_its_end<T, F, Fut>(&self, capacity: usize, feed: F) -> Feed<T>
    where
        T: Send + 'static,
        F: FnOnce(Feeder<T>) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let mut feed = self.spawn_feed(capacity, feed);
        feed.abort = None;
        feed
    }

    /// The runtime, for what must be awaited elsewhere (a native dialog, say).
    pub fn runtime(&self) -> &tokio::runtime::Handle {
        &self.runtime
    }

    /// Wakes the UI.
    pub fn wake(&self) {
        (self.wake)();
    }

    fn wake_on_drop(&self) -> WakeOnDrop {
        WakeOnDrop(Arc::clone(&self.wake))
    }
}

/// Wakes the UI when work ends, whichever way: what waits must hear of the end too, also of a panic. It stands
/// behind the sender it belongs to, so that it is dropped after it.
#[derive(Clone)]
struct WakeOnDrop(Arc<dyn Fn() + Send + Sync>);

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        (self.0)();
    }
}

struct Answering<T> {
    sender: oneshot::Sender<T>,
    _wake: WakeOnDrop,
}

impl<T> Answering<T> {
    fn answer(self, answer: T) {
        // Nobody waits any more: nothing to do.
        self.sender.send(answer).ok();
    }
}

/// Work under way with one answer. Dropping it cancels the work.
#[derive(Debug)]
pub struct Task<T> {
    receiver: oneshot::Receiver<T>,
    abort: AbortHandle,
}

/// What polling a task gives.
#[derive(Debug)]
pub enum Polled<T> {
    /// Not yet.
    Pending,
    /// Here it is; the task is spent.
    Ready(T),
    /// The work ended without an answer (it panicked, or the runtime is gone).
    Lost,
}

impl<T> Task<T> {
    /// Looks without waiting.
    pub fn poll(&mut self) -> Polled<T> {
        match self.receiver.try_recv() {
            Ok(answer) => Polled::Ready(answer),
            Err(oneshot::error::TryRecvError::Empty) => Polled::Pending,
            Err(oneshot::error::TryRecvError::Closed) => Polled::Lost,
        }
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

/// The sending end of a [`Feed`].
#[derive(Clone)]
pub struct Feeder<T> {
    sender: mpsc::Sender<T>,
    wake: WakeOnDrop,
}

impl<T> Feeder<T> {
    /// Sends one item, waiting for room. `false`: nobody listens any more.
    pub async fn send(&self, item: T) -> bool {
        let sent = self.sender.send(item).await.is_ok();
        if sent {
            (self.wake.0)();
        }
        sent
    }

    /// Whether anybody listens still.
    pub fn is_heard(&self) -> bool {
        !self.sender.is_closed()
    }
}

/// Work under way that sends many items. Dropping it cancels the work, unless it was spawned to go to its end.
#[derive(Debug)]
pub struct Feed<T> {
    receiver: mpsc::Receiver<T>,
    abort: Option<AbortHandle>,
}

impl<T> Feed<T> {
    /// The next item, without waiting. `Lost` after the last one.
    pub fn poll(&mut self) -> Polled<T> {
        match self.receiver.try_recv() {
            Ok(item) => Polled::Ready(item),
            Err(mpsc::error::TryRecvError::Empty) => Polled::Pending,
            Err(mpsc::error::TryRecvError::Disconnected) => Polled::Lost,
        }
    }
}

impl<T> Drop for Feed<T> {
    fn drop(&mut self) {
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }
}
