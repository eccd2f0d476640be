//! How long a connection waits, and for what.
//!
//! Time is counted in ticks of the server: no clock is read and no timer made for a request. A
//! deadline is met at the first tick after it, so waits are a tick longer than configured at most.

use std::time::Duration;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Awaited {
    /// The application, which has all the time it wants.
    #[default]
    Application,
    /// The head of a request, whole.
    Head,
    /// The first byte of the next request.
    Request,
    /// More of a body. Whatever comes gives it another full wait.
    Body,
    /// The client to take what is written. Whatever it takes gives it another full wait.
    Drain,
    /// The client to read its last answer and leave.
    Linger,
    /// The time to ask a WebSocket's client whether it is there.
    Ping,
    /// Its answer.
    Pong,
}

/// When a wait is over, in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Deadline {
    pub(super) awaited: Awaited,
    pub(super) at: u64,
}

impl Deadline {
    /// What was awaited in vain, if the deadline has passed.
    pub(super) fn missed(self, now: u64) -> Option<Awaited> {
        (self.awaited != Awaited::Application && now >= self.at).then_some(self.awaited)
    }
}

/// For how long each wait may last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    pub(super) head: Duration,
    pub(super) keep_alive: Duration,
    pub(super) body: Duration,
    pub(super) drain: Duration,
    pub(super) linger: Duration,
    pub(super) ping: Duration,
    pub(super) pong: Duration,
}

impl Timeouts {
    /// How often to look: often enough for the shortest wait, and no more than needed.
    pub(super) fn tick(&self) -> Duration {
        let shortest = self
            .head
            .min(self.keep_alive)
            .min(self.body)
            .min(self.drain)
            .min(self.ping)
            .min(self.pong);
        (shortest / 8).clamp(Duration::from_millis(10), Duration::from_millis(500))
    }

    /// A deadline for a wait that begins after tick `now`.
    pub(super) fn deadline(&self, awaited: Awaited, now: u64) -> Deadline {
        let wait = match awaited {
            Awaited::Application => return Deadline::default(),
            Awaited::Head => self.head,
            Awaited::Request => self.keep_alive,
            Awaited::Body => self.body,
            Awaited::Drain => self.drain,
            Awaited::Linger => self.linger,
            Awaited::Ping => self.ping,
            Awaited::Pong => self.pong,
        };
        Deadline {
            awaited,
            at: now.saturating_add(self.ticks(wait)),
        }
    }

    /// After how many ticks a wait is over that begins now.
    pub(super) fn ticks(&self, wait: Duration) -> u64 {
        let ticks = wait.as_micros().div_ceil(self.tick().as_micros().max(1));
        // The tick under way has begun already, so one more makes the wait whole.
        u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeouts(keep_alive: u64) -> Timeouts {
        Timeouts {
            head: Duration::from_secs(10),
            keep_alive: Duration::from_millis(keep_alive),
            body: Duration::from_secs(60),
            drain: Duration::from_secs(60),
            linger: Duration::from_secs(2),
            ping: Duration::from_secs(20),
            pong: Duration::from_secs(20),
        }
    }

    #[test]
    fn a_wait_is_never_shorter_than_configured() {
        for keep_alive in [0, 1, 50, 999, 1_000, 5_000, 3_600_000] {
            let timeouts = timeouts(keep_alive);
            let deadline = timeouts.deadline(Awaited::Request, 7);
            let full_ticks = u128::from(deadline.at - 7 - 1);
            assert!(full_ticks * timeouts.tick().as_micros() >= timeouts.keep_alive.as_micros());
            assert_eq!(deadline.missed(deadline.at - 1), None);
            assert_eq!(deadline.missed(deadline.at), Some(Awaited::Request));
        }
    }

    #[test]
    fn the_application_may_take_its_time() {
        let deadline = timeouts(5_000).deadline(Awaited::Application, 3);
        assert_eq!(deadline.missed(u64::MAX), None);
    }
}
