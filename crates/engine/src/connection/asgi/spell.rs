//! How long an application sends before others have a turn.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::eventloop::EventLoop;

/// So many messages in one iteration of the loop are looked at no closer: most answers are two.
const FEW: u32 = 4;
/// So many are the most.
const MANY: u32 = 64;
/// Between the two, it is how long the iteration has lasted, in seconds.
const LONG: f64 = 0.001;

/// How often one application has sent something in the same iteration of the loop.
///
/// While its client reads as fast, `send` has nothing to wait for, and an application that does nothing else would
/// never let others run. Whoever waits for anything, or comes round, begins anew.
#[derive(Default)]
pub(super) struct Spell {
    iteration: AtomicU64,
    sent: AtomicU32,
}

impl Spell {
    /// Counts a message. Says whether it is others' turn.
    pub(super) fn is_over(&self, event_loop: &EventLoop) -> bool {
        let iteration = event_loop.iteration();
        let sent = if self.iteration.load(Ordering::Relaxed) == iteration {
            self.sent.load(Ordering::Relaxed) + 1
        } else {
            self.iteration.store(iteration, Ordering::Relaxed);
            1
        };
        self.sent.store(sent, Ordering::Relaxed);
        sent > FEW && (sent > MANY || event_loop.elapsed() > LONG)
    }
}
