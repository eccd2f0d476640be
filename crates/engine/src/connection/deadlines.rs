//! How long a connection waits, and for what.
//!
//! Time is counted in ticks of the server: no clock is read and no timer made for a request. A
//! deadline is met at the first tick after it, so waits are a tick longer than configured at most.
//! Ticks that a busy loop misses are not made up for: what keeps the loop from reading is not held
//! against the clients.

use std::time::Duration;

use super::pace::{Pace, Rate};

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
    /// More of a body, at no less than a certain rate.
    Body,
    /// The client to take what is written, at no less than a certain rate.
    Drain,
    /// The client to read its last answer and leave.
    Linger,
    /// The time to ask a WebSocket's client whether it is there.
    Ping,
    /// Its answer.
    Pong,
}

/// When a wait is over.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deadline {
    pub(super) awaited: Awaited,
    /// In ticks; of no meaning where a rate decides.
    pub(super) at: u64,
    /// How fast the body of the present request comes; an application that takes it piece by
    /// piece does not renew it.
    pub(super) body: Pace,
    /// How fast the client takes what is written.
    pub(super) drain: Pace,
}

impl Deadline {
    /// Whether it has passed. Bodies and answers are judged by their pace.
    pub(super) fn has_passed(&self, now: u64) -> bool {
        self.awaited != Awaited::Application && now >= self.at
    }
}

/// For how long each wait may last, as it was configured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    pub(super) head: Duration,
    pub(super) keep_alive: Duration,
    pub(super) body: Duration,
    /// In bytes a second.
    pub(super) body_rate: u64,
    pub(super) drain: Duration,
    /// In bytes a second.
    pub(super) drain_rate: u64,
    pub(super) linger: Duration,
    pub(super) ping: Duration,
    pub(super) pong: Duration,
}

/// The same in ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    tick: Duration,
    head: u64,
    keep_alive: u64,
    linger: u64,
    ping: u64,
    pong: u64,
    pub(super) body: Rate,
    pub(super) drain: Rate,
}

impl Timeouts {
    pub(super) fn new(waits: &Waits) -> Self {
        let all = [
            waits.head,
            waits.keep_alive,
            waits.body,
            waits.drain,
            waits.ping,
            waits.pong,
        ];
        // Often enough for the shortest wait, and no more than needed. What is not to wait at all
        // is let go with any tick.
        let shortest = all.into_iter().filter(|wait| !wait.is_zero()).min();
        let shortest = shortest.unwrap_or_default();
        let tick = (shortest / 8).clamp(Duration::from_millis(10), Duration::from_millis(500));
        let ticks = |wait| ticks(wait, tick);
        Self {
            tick,
            head: ticks(waits.head),
            keep_alive: ticks(waits.keep_alive),
            linger: ticks(waits.linger),
            ping: ticks(waits.ping),
            pong: ticks(waits.pong),
            body: Rate::new(waits.body, waits.body_rate),
            drain: Rate::new(waits.drain, waits.drain_rate),
        }
    }

    /// How often to look.
    pub(super) fn tick(&self) -> Duration {
        self.tick
    }

    /// The tick before which a wait that begins after tick `now` is not over.
    pub(super) fn end(&self, awaited: Awaited, now: u64) -> u64 {
        now.saturating_add(match awaited {
            Awaited::Application | Awaited::Body | Awaited::Drain => u64::MAX,
            Awaited::Head => self.head,
            Awaited::Request => self.keep_alive,
            Awaited::Linger => self.linger,
            Awaited::Ping => self.ping,
            Awaited::Pong => self.pong,
        })
    }

    /// Whether a connection whose next request has until tick `at` has waited for a tick or more.
    pub(super) fn is_idle(&self, at: u64, now: u64) -> bool {
        at.saturating_sub(now) < self.keep_alive
    }

    /// After how many ticks a wait is over that begins now.
    pub(super) fn ticks(&self, wait: Duration) -> u64 {
        ticks(wait, self.tick)
    }
}

fn ticks(wait: Duration, tick: Duration) -> u64 {
    let ticks = wait.as_micros().div_ceil(tick.as_micros().max(1));
    // The tick under way has begun already, so one more makes the wait whole.
    u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(keep_alive: u64) -> Waits {
        Waits {
            head: Duration::from_secs(10),
            keep_alive: Duration::from_millis(keep_alive),
            body: Duration::from_secs(20),
            body_rate: 240,
            drain: Duration::from_secs(20),
            drain_rate: 240,
            linger: Duration::from_secs(2),
            ping: Duration::from_secs(20),
            pong: Duration::from_secs(20),
        }
    }

    #[test]
    fn a_wait_is_never_shorter_than_configured() {
        for keep_alive in [0, 1, 50, 999, 1_000, 5_000, 3_600_000] {
            let waits = waits(keep_alive);
            let timeouts = Timeouts::new(&waits);
            let deadline = Deadline {
                awaited: Awaited::Request,
                at: timeouts.end(Awaited::Request, 7),
                ..Deadline::default()
            };
            let full_ticks = u128::from(deadline.at - 7 - 1);
            assert!(full_ticks * timeouts.tick().as_micros() >= waits.keep_alive.as_micros());
            assert!(!deadline.has_passed(deadline.at - 1));
            assert!(deadline.has_passed(deadline.at));
        }
    }

    #[test]
    fn not_waiting_at_all_makes_no_haste() {
        assert_eq!(Timeouts::new(&waits(0)).tick(), Duration::from_millis(500));
        assert_eq!(Timeouts::new(&waits(80)).tick(), Duration::from_millis(10));
    }

    #[test]
    fn the_application_may_take_its_time() {
        assert!(!Deadline::default().has_passed(u64::MAX));
    }

    #[test]
    fn one_is_idle_after_a_tick() {
        let timeouts = Timeouts::new(&waits(5_000));
        let at = timeouts.end(Awaited::Request, 7);
        assert!(!timeouts.is_idle(at, 7));
        assert!(timeouts.is_idle(at, 8));
    }
}
