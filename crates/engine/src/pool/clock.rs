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
        Self::start_at(Instant::now(), thread_time())
    }

    fn start_at(now: Instant, ran: Duration) -> Self {
        Self {
            slice: now,
            lap: now,
            compared: (now, ran),
        }
    }

    /// A job has ended, and the next one begins.
    pub(super) fn lap(&mut self) -> Run {
        self.lap_at(Instant::now(), thread_time)
    }

    fn lap_at(&mut self, now: Instant, thread_time: impl FnOnce() -> Duration) -> Run {
        let wall = now.duration_since(self.lap);
        self.lap = now;
        let blocked = wall > LOOK_CLOSER && self.waited(now, thread_time()) > wall / 2;
        if blocked {
            // While it waited, the loop thread could have the GIL.
            self.slice = now;
        }
        Run { wall, blocked }
    }

    /// How long the thread has not been running since this was last asked.
    fn waited(&mut self, now: Instant, ran: Duration) -> Duration {
        let (before, ran_before) = self.compared;
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
    use std::time::{Duration, Instant};

    use super::{Clock, thread_time};

    const fn micros(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    #[test]
    fn waiting_is_told_from_working() {
        let start = Instant::now();
        let mut clock = Clock::start_at(start, micros(0));
        let run = clock.lap_at(start + micros(20), || unreachable!("too short to ask"));
        assert!(!run.blocked && run.wall == micros(20));
        assert!(clock.lap_at(start + micros(520), || micros(60)).blocked);
        assert!(!clock.lap_at(start + micros(920), || micros(430)).blocked);
        assert!(!clock.slice_is_over());
    }

    #[test]
    fn a_slice_begins_anew_with_a_job_that_waited() {
        let start = Instant::now();
        let mut clock = Clock::start_at(start, micros(0));
        clock.lap_at(start + micros(900), || micros(900));
        assert!(!clock.slice_is_over());
        clock.lap_at(start + micros(1000), || micros(1000));
        assert!(clock.slice_is_over());
        clock.lap_at(start + micros(9000), || micros(1010));
        assert!(!clock.slice_is_over());
    }

    #[test]
    fn the_clock_of_a_thread_goes_on() {
        let before = thread_time();
        assert!(thread_time() >= before);
    }
}
