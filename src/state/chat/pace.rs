//! Wakes the window at most thirty times a second while several answers come at once: more often nobody reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::state::tasks::Tasks;

/// Between two frames.
const PAUSE: Duration = Duration::from_millis(33);

/// Shared by all that is drawn in one frame. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace(Arc<AtomicBool>);

impl Pace {
    /// Wakes the window a little later, unless that is on its way.
    pub(super) fn wake(&self, tasks: &Tasks) {
        if self.0.swap(true, Ordering::AcqRel) {
            return;
        }
        let (waits, later) = (Arc::clone(&self.0), tasks.clone());
        tasks.runtime().spawn(async move {
            tokio::time::sleep(PAUSE).await;
            // First, so that what comes from now on wakes it again.
            waits.store(false, Ordering::Release);
            later.wake();
        });
    }
}
