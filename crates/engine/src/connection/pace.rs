//! Whether what a client sends, or takes, moves fast enough.

use std::time::Duration;

/// The slowest that a transfer may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    /// How long it may stand still, in microseconds.
    patience: u64,
    /// How many bytes earn another second; with 0, one byte earns all there is.
    bytes_per_second: u64,
}

impl Rate {
    pub(super) fn new(patience: Duration, bytes_per_second: u64) -> Self {
        Self {
            patience: micros(patience),
            bytes_per_second,
        }
    }
}

/// The patience that a transfer has used up.
///
/// It grows as time passes and shrinks as bytes move, but never below nothing: nobody saves up
/// with a fast beginning for a long rest, and a slow drip does not live longer than silence.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    used: u64,
    seen: u64,
}

impl Pace {
    /// All patience is there again.
    pub(super) fn renew(&mut self) {
        self.used = 0;
    }

    /// A tick of this length passed, at whose end `total` bytes have moved since the connection
    /// began. Says whether the transfer is too slow.
    pub(super) fn is_too_slow(&mut self, rate: Rate, tick: Duration, total: u64) -> bool {
        let moved = total.saturating_sub(self.seen);
        self.seen = total;
        let tick = micros(tick);
        let earned = match moved {
            0 => 0,
            moved => moved
                .saturating_mul(1_000_000)
                .checked_div(rate.bytes_per_second)
                .unwrap_or(u64::MAX),
        };
        self.used = self.used.saturating_add(tick).saturating_sub(earned);
        // The transfer began somewhere in the first of the ticks, so one more makes it whole.
        self.used > rate.patience.saturating_add(tick)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(500);

    /// In which tick a transfer is given up that moves `bytes(tick)` in each.
    fn given_up(rate: Rate, bytes: impl Fn(u64) -> u64) -> Option<u64> {
        let mut pace = Pace::default();
        let mut total = 0;
        (1..=2_000).find(|tick| {
            total += bytes(*tick);
            pace.is_too_slow(rate, TICK, total)
        })
    }

    fn rate() -> Rate {
        Rate::new(Duration::from_secs(20), 240)
    }

    #[test]
    fn silence_has_its_full_patience_and_no_more() {
        // 20 seconds are 40 ticks, and the first may have been under way.
        assert_eq!(given_up(rate(), |_| 0), Some(42));
    }

    #[test]
    fn a_slow_drip_lives_little_longer() {
        let dripped = given_up(rate(), |_| 5).unwrap();
        assert!((42..=45).contains(&dripped), "{dripped}");
    }

    #[test]
    fn the_slowest_rate_is_enough() {
        assert_eq!(given_up(rate(), |_| 120), None);
        assert!(given_up(rate(), |_| 100).is_some());
    }

    #[test]
    fn a_fast_beginning_buys_no_longer_rest() {
        assert_eq!(
            given_up(rate(), |tick| if tick == 1 { 1 << 40 } else { 0 }),
            Some(43)
        );
    }

    #[test]
    fn bursts_with_pauses_within_the_patience_are_fine() {
        assert_eq!(
            given_up(rate(), |tick| if tick % 38 == 0 { 65_536 } else { 0 }),
            None
        );
    }

    #[test]
    fn without_a_rate_whatever_moves_is_enough() {
        let rate = Rate::new(Duration::from_secs(20), 0);
        assert_eq!(given_up(rate, |tick| u64::from(tick % 30 == 0)), None);
        assert_eq!(given_up(rate, |_| 0), Some(42));
    }

    #[test]
    fn patience_can_be_renewed() {
        let mut pace = Pace::default();
        let rate = rate();
        for _ in 0..41 {
            assert!(!pace.is_too_slow(rate, TICK, 0));
        }
        pace.renew();
        assert!(!pace.is_too_slow(rate, TICK, 0));
    }
}
