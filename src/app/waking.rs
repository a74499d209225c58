//! How what arrives wakes the window: for one frame each, and one more once it is quiet.
//!
//! egui draws two frames for every request without a delay, so that what is placed by the frame before comes to rest.
//! While answers grow dozens of times a second, the second frame would only cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// At once, and yet a delay.
const NOW: Duration = Duration::from_nanos(1);
/// Quiet, after which everything is at rest.
const QUIET: Duration = Duration::from_millis(200);
/// Where a window is woken more rarely than this, each time stands for itself.
const RARE: Duration = Duration::from_millis(500);

/// Whether what arrived has woken the window.
pub(super) struct Waking {
    woken: Arc<AtomicBool>,
    /// The frame that it was last woken for.
    frame: Option<u64>,
    /// When that was, and how long it is quiet then.
    last: Option<Instant>,
    quiet: Duration,
}

impl Waking {
    /// And what wakes it, from any thread.
    pub fn new(ctx: &egui::Context) -> (Self, impl Fn() + Send + Sync + 'static) {
        let woken = Arc::new(AtomicBool::new(false));
        let (waker, noted) = (ctx.clone(), Arc::clone(&woken));
        let wake = move || {
            noted.store(true, Ordering::Release);
            waker.request_repaint_after(NOW);
        };
        (Self { woken, frame: None, last: None, quiet: QUIET }, wake)
    }

    /// Before what arrived is taken.
    pub fn note(&mut self, ctx: &egui::Context) {
        if self.woken.swap(false, Ordering::AcqRel) {
            self.frame = Some(ctx.cumulative_frame_nr());
            let now = Instant::now();
            let before = self.last.replace(now);
            self.quiet = quiet(before.map(|before| now.duration_since(before)));
        }
    }

    /// After drawing: asks for the frame in which everything comes to rest. What arrives before puts it off.
    pub fn settle(&self, ctx: &egui::Context) {
        if self.frame == Some(ctx.cumulative_frame_nr()) {
            ctx.request_repaint_after(self.quiet);
        }
    }
}

/// How long it is quiet, where the window was woken so long after the time before: what comes in a steady pace, as
/// answers do that grow side by side, is not at rest between two pieces.
fn quiet(since: Option<Duration>) -> Duration {
    since.filter(|since| *since < RARE).map_or(QUIET, |since| QUIET.max(since * 3 / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws a frame; when the next one is asked for.
    fn draw(ctx: &egui::Context, waking: &mut Waking) -> Duration {
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            waking.note(ui.ctx());
            waking.settle(ui.ctx());
        });
        output.textures_delta.clear();
        output.viewport_output[&egui::ViewportId::ROOT].repaint_delay
    }

    #[test]
    fn a_slow_but_steady_pace_is_not_quiet() {
        let ms = Duration::from_millis;
        assert_eq!([quiet(None), quiet(Some(ms(20))), quiet(Some(ms(900)))], [QUIET; 3]);
        assert_eq!(quiet(Some(ms(330))), ms(495));
    }

    #[test]
    fn what_arrives_is_drawn_in_one_frame_and_once_more_when_it_is_quiet() {
        let ctx = egui::Context::default();
        let (mut waking, wake) = Waking::new(&ctx);
        // egui begins with two.
        for _ in 0..3 {
            draw(&ctx, &mut waking);
        }
        assert_eq!(draw(&ctx, &mut waking), Duration::MAX);

        for _ in 0..3 {
            wake();
            assert!(ctx.has_requested_repaint());
            assert_eq!(draw(&ctx, &mut waking), QUIET, "one frame, and quiet next");
        }
        assert_eq!(draw(&ctx, &mut waking), Duration::MAX, "nothing is left to draw");
    }
}
