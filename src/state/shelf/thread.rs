//! A thread that works off jobs in order. The last jobs are done before the app ends, some seconds at most.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::state::Tasks;

/// How long leaving the app waits for the disk.
const PATIENCE: Duration = Duration::from_secs(3);
/// News that wait for a frame; there are never more than a few.
const NEWS: usize = 64;

/// What waits to be done, in the order of its own.
pub(in crate::state) trait Queue: Default + Send + 'static {
    /// Something to do.
    type Job;
    /// What is taken out.
    type Next;

    /// Puts a job at its end.
    fn push(&mut self, job: Self::Job);
    /// What is to be done next.
    fn pop(&mut self) -> Option<Self::Next>;
}

/// It grows no faster than people type and agents answer.
impl<J: Send + 'static> Queue for VecDeque<J> {
    type Job = J;
    type Next = J;

    fn push(&mut self, job: J) {
        self.push_back(job);
    }

    fn pop(&mut self) -> Option<J> {
        self.pop_front()
    }
}

/// A queue that a thread waits at.
#[derive(Debug, Default)]
pub(in crate::state) struct Inbox<Q> {
    waiting: Mutex<Waiting<Q>>,
    filled: Condvar,
}

#[derive(Debug, Default)]
struct Waiting<Q> {
    queue: Q,
    /// There will be no more.
    closed: bool,
}

impl<Q: Queue> Inbox<Q> {
    /// Changes what waits, and wakes the thread.
    fn change(&self, change: impl FnOnce(&mut Waiting<Q>)) {
        change(&mut self.lock());
        self.filled.notify_one();
    }

    /// Waits for something to do. `None` at the end.
    pub(in crate::state) fn next(&self) -> Option<Q::Next> {
        let mut waiting = self.lock();
        loop {
            if let Some(next) = waiting.queue.pop() {
                return Some(next);
            }
            if waiting.closed {
                return None;
            }
            waiting = self.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits as long as nothing but `idle` is in the queue, `most` at the longest.
    pub(in crate::state) fn pause(&self, most: Duration, idle: impl Fn(&Q) -> bool) {
        let wait = |waiting: &mut Waiting<Q>| idle(&waiting.queue) && !waiting.closed;
        drop(self.filled.wait_timeout_while(self.lock(), most, wait));
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<Q>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's way to say something.
pub(in crate::state) struct Teller<N> {
    news: SyncSender<N>,
    tasks: Tasks,
}

impl<N> Teller<N> {
    /// Waits for room. Whoever does not listen any more is not told.
    pub(in crate::state) fn tell(&self, news: N) {
        if self.news.send(news).is_ok() {
            self.tasks.wake();
        }
    }
}

/// The thread. Dropped, it is waited for.
pub(in crate::state) struct Thread<Q: Queue, N> {
    name: &'static str,
    inbox: Arc<Inbox<Q>>,
    /// Gone before the thread is waited for, which would wait for room in it.
    news: Option<Receiver<N>>,
    handle: Option<JoinHandle<()>>,
}

impl<Q: Queue, N: Send + 'static> Thread<Q, N> {
    /// Starts it: `work` ends when the inbox does. `None` where no thread can be had.
    pub(in crate::state) fn start(
        name: &'static str,
        tasks: &Tasks,
        work: impl FnOnce(&Inbox<Q>, Teller<N>) + Send + 'static,
    ) -> Option<Self> {
        let inbox = Arc::new(Inbox::default());
        let (sender, news) = sync_channel(NEWS);
        let teller = Teller { news: sender, tasks: tasks.clone() };
        let theirs = Arc::clone(&inbox);
        let named = std::thread::Builder::new().name(name.into());
        let handle = named.spawn(move || work(&theirs, teller)).ok()?;
        Some(Self { name, inbox, news: Some(news), handle: Some(handle) })
    }

    /// What it has to say.
    pub(in crate::state) fn next(&self) -> Option<N> {
        self.news.as_ref()?.try_recv().ok()
    }

    /// Asks for something to be done.
    pub(in crate::state) fn push(&self, job: Q::Job) {
        self.inbox.change(|waiting| waiting.queue.push(job));
    }

    /// Changes what waits.
    pub(in crate::state) fn change(&self, change: impl FnOnce(&mut Q)) {
        self.inbox.change(|waiting| change(&mut waiting.queue));
    }

    /// Waits until everything is done, some seconds at most. `job` makes the one that says so.
    pub(in crate::state) fn flush(&self, job: impl FnOnce(SyncSender<()>) -> Q::Job) {
        let (done, flushed) = sync_channel(1);
        self.push(job(done));
        if flushed.recv_timeout(PATIENCE).is_err() {
            tracing::warn!("not everything is on disk yet: {}", self.name);
        }
    }
}

impl<Q: Queue, N> Drop for Thread<Q, N> {
    fn drop(&mut self) {
        self.news = None;
        self.inbox.change(|waiting| waiting.closed = true);
        if self.handle.take().is_some_and(|handle| handle.join().is_err()) {
            tracing::warn!("a thread ended badly: {}", self.name);
        }
    }
}
