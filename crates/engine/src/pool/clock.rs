//! How long jobs take, and whether they waited for anything.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use super::pace::Run;

/// Shorter runs did not wait for anything worth noticing; the thread's own clock, which costs a
/// system call, is asked about the others.
const LOOK_CLOSER: Duration = Duration::from_micros(30);

/// How long a worker may go on from job to job before the loop thread gets its turn.
const SLICE: Duration = Duration::from_millis(1);

/// The clock of one worker, from the moment it holds the GIL until it gives it away.
pub(super) struct Clock {
    slice: Instant,
    lap: Instant,
    /// The two clocks when they were last compared: the world's and the thread's.
    compared: (Instant, Duration),
}

impl Clock {
    pub(super) fn start() -> Self {
        let now = Instant::now();
        Self {
            slice: now,
            lap: now,
            compared: (now, thread_time()),
        }
    }

    /// A job has ended, and the next one begins.
    pub(super) fn lap(&mut self) -> Run {
        let now = Instant::now();
        let wall = now.duration_since(self.lap);
        self.lap = now;
        let blocked = wall > LOOK_CLOSER && self.waited(now) > wall / 2;
        if blocked {
            // While it waited, the loop thread could have the GIL.
            self.slice = now;
        }
        Run { wall, blocked }
    }

    /// How long the thread has not been running since this was last asked.
    fn waited(&mut self, now: Instant) -> Duration {
        let (before, ran_before) = self.compared;
        let ran = thread_time();
        self.compared = (now, ran);
        let elapsed = now.duration_since(before);
        elapsed.saturating_sub(ran.saturating_sub(ran_before))
    }

    /// The worker has had the GIL long enough.
    pub(super) fn slice_is_over(&self) -> bool {
        self.lap.duration_since(self.slice) >= SLICE
    }
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanoseconds)
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use super::{Clock, thread_time};

    #[test]
    fn waiting_is_told_from_working() {
        let mut clock = Clock::start();
        let (_keep, silence) = mpsc::channel::<()>();
        let _ = silence.recv_timeout(Duration::from_millis(5));
        assert!(clock.lap().blocked);
        assert!(!clock.slice_is_over());
        let until = thread_time() + Duration::from_millis(2);
        while thread_time() < until {
            black_box(Instant::now());
        }
        assert!(clock.lap().wall >= Duration::from_millis(2));
        assert!(clock.slice_is_over());
    }
}
