//! How often the window is woken while several answers come at once: thirty times a second, which is more than anybody
//! reads, and less often, down to three times, where that would keep more than a fifth of a core busy. Where the
//! processor draws, in place of a graphics card, a frame costs several times what it takes to lay it out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;

use crate::state::tasks::Tasks;

/// Between two frames, at least.
const SHORTEST: Duration = Duration::from_millis(33);
/// And at most: text still flows.
const LONGEST: Duration = Duration::from_millis(330);
/// One core has so many times the processor time that may be used.
const SHARE: u32 = 5;

/// Shared by all that is drawn in one frame. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// The window will be woken.
    waits: AtomicBool,
    /// When it was woken last, and how much processor time had been used by then.
    last: Mutex<Option<(Instant, ProcessTime)>>,
}

impl Pace {
    /// Wakes the window a little later, unless that is on its way.
    pub(super) fn wake(&self, tasks: &Tasks) {
        if self.0.waits.swap(true, Ordering::AcqRel) {
            return;
        }
        let (shared, later) = (Arc::clone(&self.0), tasks.clone());
        tasks.runtime().spawn(async move {
            let last = shared.last.lock().unwrap_or_else(PoisonError::into_inner).take();
            // The frame before is drawn meanwhile.
            tokio::time::sleep(SHORTEST).await;
            if let Some((at, used)) = last
                && let Ok(used) = used.try_elapsed()
            {
                tokio::time::sleep(pause(used).saturating_sub(at.elapsed())).await;
            }
            let now = ProcessTime::try_now().ok().map(|used| (Instant::now(), used));
            *shared.last.lock().unwrap_or_else(PoisonError::into_inner) = now;
            // First, so that what comes from now on wakes it again.
            shared.waits.store(false, Ordering::Release);
            later.wake();
        });
    }
}

/// How long to wait from one frame to the next that took so much processor time, in all threads together.
fn pause(used: Duration) -> Duration {
    (used * SHARE).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_cost_more_come_less_often() {
        let ms = Duration::from_millis;
        assert_eq!(pause(ms(0)), SHORTEST);
        assert_eq!(pause(ms(6)), SHORTEST, "a fifth of a core is free for thirty frames of these");
        assert_eq!(pause(ms(20)), ms(100));
        assert_eq!(pause(ms(500)), LONGEST, "however long it takes, text flows");
    }
}
