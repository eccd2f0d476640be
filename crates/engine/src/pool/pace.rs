//! What the pool remembers of a function: does it usually come back at once?

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// A run as long as this may hold up the jobs behind it noticeably.
const QUICK_BELOW: Duration = Duration::from_micros(100);

/// Trust a function has at most. One run in five may be slow before trust is lost.
const TRUST_MOST: u8 = 16;
/// From here on a function counts as quick.
const TRUSTED: u8 = 8;
/// What a slow run costs.
const TRUST_LOST: u8 = 4;

/// How one run of a job went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// How long it took.
    pub(super) wall: Duration,
    /// Whether it waited for something, and so gave the GIL away.
    pub(super) blocked: bool,
}

/// The pace of one step of a plan: quick, or slow until proven quick.
///
/// It is a count of trust and not an average of times. A run that the machine held up, because it
/// gave the core to somebody else, is then one vote among many; in an average it would weigh as
/// much as hundreds of quick runs and turn a quick function slow just when the machine is busy.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    trust: AtomicU8,
}

impl Pace {
    /// Whether it usually ends within microseconds and without waiting for anything.
    pub(crate) fn is_quick(&self) -> bool {
        self.trust.load(Ordering::Relaxed) >= TRUSTED
    }

    /// Counts a run that has ended.
    pub(super) fn ran(&self, run: Run) {
        let trust = self.trust.load(Ordering::Relaxed);
        let quick = run.wall < QUICK_BELOW && !run.blocked;
        // Two workers may count at once and one vote be lost, which is no harm.
        let trust = match quick {
            true if trust == TRUST_MOST => return,
            true => trust + 1,
            false => trust.saturating_sub(TRUST_LOST),
        };
        self.trust.store(trust, Ordering::Relaxed);
    }

    /// A run was taken for quick and has not ended after a while: no trust until the next vote.
    pub(super) fn stalled(&self) {
        self.trust.fetch_min(TRUSTED - 1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Pace, Run, TRUST_MOST, TRUSTED};

    const QUICK: Run = Run {
        wall: Duration::from_micros(10),
        blocked: false,
    };
    const LONG: Run = Run {
        wall: Duration::from_millis(3),
        blocked: false,
    };
    const BLOCKED: Run = Run {
        wall: Duration::from_micros(80),
        blocked: true,
    };

    fn trusted() -> Pace {
        let pace = Pace::default();
        (0..TRUST_MOST).for_each(|_| pace.ran(QUICK));
        pace
    }

    #[test]
    fn a_function_is_slow_until_it_was_quick_several_times() {
        let pace = Pace::default();
        for _ in 0..TRUSTED {
            assert!(!pace.is_quick());
            pace.ran(QUICK);
        }
        assert!(pace.is_quick());
    }

    #[test]
    fn a_run_that_was_held_up_does_not_make_it_slow() {
        let pace = trusted();
        for _ in 0..100 {
            pace.ran(LONG);
            assert!(pace.is_quick());
            (0..4).for_each(|_| pace.ran(QUICK));
        }
    }

    #[test]
    fn runs_that_block_make_it_slow() {
        let pace = trusted();
        (0..3).for_each(|_| pace.ran(BLOCKED));
        assert!(!pace.is_quick());
    }

    #[test]
    fn a_stall_takes_the_trust_at_once_and_a_quick_run_restores_it() {
        let pace = trusted();
        pace.stalled();
        assert!(!pace.is_quick());
        pace.ran(QUICK);
        assert!(pace.is_quick());
        let fresh = Pace::default();
        fresh.stalled();
        fresh.ran(QUICK);
        assert!(!fresh.is_quick());
    }
}
