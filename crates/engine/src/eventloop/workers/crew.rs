//! Who works, who waits and who is called for what.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::pool::Seat;

/// The calls that wait for a thread, and the threads that wait for a call.
///
/// A thread that wakes up needs the GIL before it can take a call. While one is on its way there is
/// no use in waking another: it could only wait for the GIL as well. Whoever takes a call while
/// others are left calls the next thread, because the call may block.
pub(super) struct Crew<J> {
    jobs: VecDeque<J>,
    /// Threads that wait, the last one first to be called: its caches are warm.
    idle: Vec<Arc<Seat>>,
    /// Threads that were started and have not ended.
    threads: usize,
    /// Threads that were called or started and have not come yet.
    on_their_way: usize,
    limit: usize,
    closed: bool,
}

/// What the one who added a call has to do.
#[derive(Default)]
pub(super) struct Wanted {
    /// Call this thread.
    pub(super) call: Option<Arc<Seat>>,
    /// Start one more.
    pub(super) start: bool,
}

/// What a thread does next.
pub(super) enum Next<J> {
    /// This, after having called another thread.
    Work(J, Option<Arc<Seat>>),
    /// Wait until it is called.
    Wait,
    /// End.
    Leave,
}

impl<J> Crew<J> {
    /// Nobody yet, and at most `limit` threads.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            jobs: VecDeque::new(),
            idle: Vec::new(),
            threads: 0,
            on_their_way: 0,
            limit,
            closed: false,
        }
    }

    /// Adds a call, unless nobody takes calls any more.
    pub(super) fn push(&mut self, job: J) -> Result<Wanted, J> {
        if self.closed {
            return Err(job);
        }
        self.jobs.push_back(job);
        let hands = self.idle.len() + self.on_their_way;
        Ok(Wanted {
            call: self.call(),
            start: hands < self.jobs.len() && self.threads < self.limit,
        })
    }

    /// A thread is about to be started: its number, `None` when there are as many as there may be.
    pub(super) fn expect(&mut self) -> Option<usize> {
        if self.threads >= self.limit {
            return None;
        }
        self.threads += 1;
        self.on_their_way += 1;
        Some(self.threads - 1)
    }

    /// It could not be started.
    pub(super) fn miss(&mut self) {
        self.threads -= 1;
        self.on_their_way -= 1;
    }

    /// A thread that was called or started has come.
    pub(super) fn arrive(&mut self) {
        self.on_their_way -= 1;
    }

    /// What the thread of `seat`, which is here, does next.
    pub(super) fn next(&mut self, seat: &Arc<Seat>) -> Next<J> {
        if let Some(job) = self.jobs.pop_front() {
            return Next::Work(job, self.call());
        }
        if self.closed {
            self.threads -= 1;
            return Next::Leave;
        }
        self.idle.push(Arc::clone(seat));
        Next::Wait
    }

    /// The thread to call for what waits, if none is on its way.
    fn call(&mut self) -> Option<Arc<Seat>> {
        if self.jobs.is_empty() || self.on_their_way > 0 {
            return None;
        }
        let seat = self.idle.pop()?;
        self.on_their_way += 1;
        Some(seat)
    }

    /// Lets the threads end when there is nothing left to do, and says which to call for that.
    pub(super) fn close(&mut self) -> Vec<Arc<Seat>> {
        self.closed = true;
        let idle = std::mem::take(&mut self.idle);
        self.on_their_way += idle.len();
        idle
    }

    /// Takes out the calls that nobody has begun.
    pub(super) fn drain(&mut self) -> VecDeque<J> {
        std::mem::take(&mut self.jobs)
    }

    /// The calls that nobody has begun.
    pub(super) fn jobs(&self) -> &VecDeque<J> {
        &self.jobs
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Crew, Next};
    use crate::pool::Seat;

    fn seats() -> [Arc<Seat>; 3] {
        [0, 1, 2].map(|number| Arc::new(Seat::called(number)))
    }

    /// A crew whose threads have come and wait.
    fn waiting(seats: &[Arc<Seat>]) -> Crew<u32> {
        let mut crew = Crew::new(seats.len());
        for seat in seats {
            assert_eq!(crew.expect(), Some(seat.number));
            crew.arrive();
            assert!(matches!(crew.next(seat), Next::Wait));
        }
        crew
    }

    #[test]
    fn threads_are_started_up_to_the_limit_while_none_is_free() {
        let mut crew = Crew::new(2);
        for expected in [true, true, false] {
            let wanted = crew.push(0).expect("open");
            assert!(wanted.call.is_none());
            assert_eq!(wanted.start, expected);
            assert_eq!(crew.expect().is_some(), expected);
        }
    }

    #[test]
    fn a_free_thread_is_called_instead() {
        let seats = seats();
        let mut crew = waiting(&seats);
        let wanted = crew.push(1).expect("open");
        assert_eq!(wanted.call.map(|seat| seat.number), Some(2));
        assert!(!wanted.start);
    }

    #[test]
    fn one_thread_at_a_time_is_on_its_way() {
        let seats = seats();
        let mut crew = waiting(&seats);
        assert!(crew.push(1).expect("open").call.is_some());
        assert!(crew.push(2).expect("open").call.is_none());
        crew.arrive();
        let Next::Work(1, Some(successor)) = crew.next(&seats[2]) else {
            panic!("the first call, and somebody for the second");
        };
        assert_eq!(successor.number, 1);
        let Next::Work(2, None) = crew.next(&seats[2]) else {
            panic!("the first is faster, and nothing is left to call anybody for");
        };
        crew.arrive();
        assert!(matches!(crew.next(&seats[1]), Next::Wait));
    }

    #[test]
    fn what_waits_is_done_before_the_threads_end() {
        let seats = seats();
        let mut crew = waiting(&seats[..1]);
        assert!(crew.push(1).is_ok());
        assert!(crew.close().is_empty());
        assert!(crew.push(2).is_err());
        crew.arrive();
        assert!(matches!(crew.next(&seats[0]), Next::Work(1, None)));
        assert!(matches!(crew.next(&seats[0]), Next::Leave));
    }
}
