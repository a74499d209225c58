//! Follows a store that tells when it changed. While a training job writes all the time, what is shown is read again
//! no more often than the machine bears.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;

use super::tasks::{Feed, Polled, Tasks};
use crate::tracking::Store;

/// Reading may take one part of the time in so many.
const SHARE: u32 = 4;
/// However long reading takes, it is done again after this.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// While nobody looks.
const UNFOCUSED_PAUSE: Duration = Duration::from_secs(4);

/// Changes of one store.
pub(super) struct Follow {
    changes: Feed<u64>,
    /// There is something to read, which has not been asked for yet.
    pending: bool,
    /// Since when what changed last is being read.
    reading: Option<Instant>,
    pace: Arc<Pace>,
}

/// How long to wait before the next look; shared with the task that looks.
struct Pace {
    pause_ms: AtomicU64,
    focused: AtomicBool,
}

impl Pace {
    fn pause(&self) -> Duration {
        let pause = Duration::from_millis(self.pause_ms.load(Ordering::Relaxed));
        if self.focused.load(Ordering::Relaxed) { pause } else { pause.max(UNFOCUSED_PAUSE) }
    }
}

impl Follow {
    /// Starts to look, until it is dropped.
    pub fn new(store: &Arc<dyn Store>, tasks: &Tasks) -> Self {
        let pace = Arc::new(Pace { pause_ms: AtomicU64::new(0), focused: AtomicBool::new(true) });
        let (mut stream, shared) = (store.changes(), Arc::clone(&pace));
        let changes = tasks.spawn_feed(1, |feeder| async move {
            while let Some(change) = stream.next().await {
                if !feeder.send(change).await {
                    break;
                }
                tokio::time::sleep(shared.pause()).await;
            }
        });
        Self { changes, pending: false, reading: None, pace }
    }

    /// Whether to read now. `busy`: something is being read already, which would be for nothing.
    pub fn is_due(&mut self, busy: bool) -> bool {
        while let Polled::Ready(_) = self.changes.poll() {
            self.pending = true;
        }
        if busy {
            return false;
        }
        if let Some(since) = self.reading.take() {
            let pause = (since.elapsed() * SHARE).min(LONGEST_PAUSE);
            self.pace.pause_ms.store(pause.as_millis() as u64, Ordering::Relaxed);
        }
        let due = std::mem::take(&mut self.pending);
        self.reading = due.then(Instant::now);
        due
    }

    /// Whether somebody looks at the window.
    pub fn set_focused(&self, focused: bool) {
        self.pace.focused.store(focused, Ordering::Relaxed);
    }
}
