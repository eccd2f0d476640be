//! The loop's clock, the same one as Python's `time.monotonic()`.

use rustix::time::{ClockId, clock_gettime};

/// What `time.get_clock_info("monotonic").resolution` says on Linux: one nanosecond.
///
/// A timer counts as due when it lies less than this ahead, as in asyncio.
pub const CLOCK_RESOLUTION: f64 = 1e-9;

/// Seconds of `CLOCK_MONOTONIC`, with the rounding that `time.monotonic()` applies.
#[must_use]
pub fn monotonic() -> f64 {
    let now = clock_gettime(ClockId::Monotonic);
    let nanoseconds = now.tv_sec * 1_000_000_000 + now.tv_nsec;
    #[expect(
        clippy::cast_precision_loss,
        reason = "asyncio's clock is a float as well"
    )]
    let seconds = nanoseconds as f64 / 1e9;
    seconds
}

#[cfg(test)]
mod tests {
    use super::monotonic;

    #[test]
    fn never_goes_back() {
        let first = monotonic();
        assert!(first > 0.0);
        assert!(monotonic() >= first);
    }
}
