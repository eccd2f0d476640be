//! Who works on what, and who has to be called next: the pool's decisions, without threads.
//!
//! One rule keeps the work moving. A worker is *coming* when it was called and has not taken a job
//! yet, when it is between two jobs, or when it runs a job that is known to be quick: in all three
//! cases it will look at the queue in a moment. **While a job is due, at least one worker is
//! coming**; and nobody is called as long as one is. So quick jobs need one worker, a job that
//! may take long calls a successor before it begins, and however many jobs are due, never more
//! than one thread that was called for them stands in line for the GIL.

use std::collections::VecDeque;
use std::sync::Arc;

use super::job::Lane;
use super::pace::Pace;
use super::seat::Seat;

/// What the roster needs to know of a job.
pub(super) trait Work {
    fn lane(&self) -> Lane;
    fn pace(&self) -> &Arc<Pace>;
}

/// Whom to call, once the roster is unlocked.
#[derive(Debug)]
pub(super) enum Summons {
    /// A worker that waits.
    Wake(Arc<Seat>),
    /// A worker for which a thread has to be started.
    Start(Arc<Seat>),
}

/// A job that a worker took.
pub(super) struct Taken<J> {
    pub(super) job: J,
    /// It is expected to end at once.
    pub(super) quick: bool,
    /// To be called before the job is run.
    pub(super) successor: Option<Summons>,
}

/// What a worker is doing.
struct Running {
    seat: usize,
    lane: Lane,
    pace: Arc<Pace>,
    /// It counts as coming.
    quick: bool,
    /// The watch has seen it once.
    seen: bool,
}

/// Jobs of one lane, in the order of their tickets.
struct Queue<J> {
    waiting: VecDeque<(u64, J)>,
    busy: usize,
    limit: usize,
}

impl<J> Queue<J> {
    fn new(limit: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            busy: 0,
            limit,
        }
    }

    /// The ticket of the first job, if one may run now.
    fn due(&self) -> Option<u64> {
        let (ticket, _) = self.waiting.front()?;
        (self.busy < self.limit).then_some(*ticket)
    }
}

/// The state of a pool.
pub(super) struct Roster<J> {
    normal: Queue<J>,
    exits: Queue<J>,
    tickets: u64,
    /// Workers that will look at the queues in a moment.
    coming: usize,
    running: Vec<Running>,
    /// Those who wait, the one that began last at the end: it is called first, while its memory
    /// is warm, and the others get to end.
    idle: Vec<Arc<Seat>>,
    /// Numbers of seats that are taken.
    seats: Vec<usize>,
    /// Of those, the ones whose threads were started and have not come yet.
    arriving: Vec<usize>,
    /// Threads can be started. Where one could not be, those that are there have to do for a while.
    starts: bool,
    closed: bool,
}

impl<J: Work> Roster<J> {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            normal: Queue::new(limit),
            exits: Queue::new(limit.max(1)),
            tickets: 0,
            coming: 0,
            running: Vec::new(),
            idle: Vec::new(),
            seats: Vec::new(),
            arriving: Vec::new(),
            starts: true,
            closed: false,
        }
    }

    fn lane(&mut self, lane: Lane) -> &mut Queue<J> {
        match lane {
            Lane::Normal => &mut self.normal,
            Lane::Exit => &mut self.exits,
        }
    }

    /// How many jobs of each lane may run at once. Exits always have a thread.
    pub(super) fn set_limit(&mut self, limit: usize) {
        self.normal.limit = limit;
        self.exits.limit = limit.max(1);
    }

    /// How many jobs of the normal lane run, and how many may.
    pub(super) fn load(&self) -> (usize, usize) {
        (self.normal.busy, self.normal.limit)
    }

    /// Puts a job at the end; gives it back after [`close`](Self::close).
    pub(super) fn push(&mut self, job: J) -> Result<(), J> {
        if self.closed {
            return Err(job);
        }
        let ticket = self.tickets;
        self.tickets += 1;
        self.lane(job.lane()).waiting.push_back((ticket, job));
        Ok(())
    }

    /// The lane of the job that is next, the oldest of those that may run.
    fn due(&self) -> Option<Lane> {
        match (self.normal.due(), self.exits.due()) {
            (Some(normal), Some(exit)) if exit < normal => Some(Lane::Exit),
            (Some(_), _) => Some(Lane::Normal),
            (None, Some(_)) => Some(Lane::Exit),
            (None, None) => None,
        }
    }

    /// Whom to call so that the rule holds. The caller must do it.
    pub(super) fn summon(&mut self) -> Option<Summons> {
        if self.closed || self.coming > 0 || self.due().is_none() {
            return None;
        }
        if let Some(seat) = self.idle.pop() {
            self.coming = 1;
            return Some(Summons::Wake(seat));
        }
        if !self.starts && !self.seats.is_empty() {
            return None;
        }
        self.coming = 1;
        let number = (1..=self.seats.len() + 1).find(|number| !self.seats.contains(number))?;
        self.seats.push(number);
        Some(Summons::Start(Arc::new(Seat::called(number))))
    }

    /// A worker that is coming takes the next job, or none and is seated.
    pub(super) fn take(&mut self, seat: &Arc<Seat>) -> Option<Taken<J>> {
        let taken = self
            .due()
            .and_then(|lane| self.take_from(lane, seat.number));
        if taken.is_none() {
            self.rest(seat);
        }
        taken
    }

    fn take_from(&mut self, lane: Lane, seat: usize) -> Option<Taken<J>> {
        let queue = self.lane(lane);
        let (_, job) = queue.waiting.pop_front()?;
        queue.busy += 1;
        let pace = Arc::clone(job.pace());
        let quick = pace.is_quick();
        self.running.push(Running {
            seat,
            lane,
            pace,
            quick,
            seen: false,
        });
        let successor = if quick {
            None
        } else {
            self.coming = self.coming.saturating_sub(1);
            self.summon()
        };
        Some(Taken {
            job,
            quick,
            successor,
        })
    }

    /// A worker's job has ended; the worker is coming.
    pub(super) fn finish(&mut self, seat: &Seat) {
        let place = self
            .running
            .iter()
            .position(|running| running.seat == seat.number);
        let Some(running) = place.map(|place| self.running.swap_remove(place)) else {
            return;
        };
        let queue = self.lane(running.lane);
        queue.busy = queue.busy.saturating_sub(1);
        if !running.quick {
            self.coming += 1;
        }
    }

    /// A worker that is coming goes to its seat instead. If a job is due, somebody has to
    /// [`summon`](Self::summon) soon.
    pub(super) fn rest(&mut self, seat: &Arc<Seat>) {
        self.coming = self.coming.saturating_sub(1);
        self.idle.push(Arc::clone(seat));
    }

    /// A worker leaves that waited in vain; `false` if it was called meanwhile or is needed.
    pub(super) fn leave(&mut self, seat: &Seat, floor: usize) -> bool {
        if !self.closed && self.seats.len() <= floor {
            return false;
        }
        let Some(place) = self.idle.iter().position(|idle| idle.number == seat.number) else {
            return false;
        };
        self.idle.remove(place);
        self.vacate(seat.number);
        true
    }

    /// The worker of this seat is gone.
    fn vacate(&mut self, number: usize) {
        self.seats.retain(|taken| *taken != number);
    }

    /// A thread was started for this seat and has not come yet.
    pub(super) fn expect(&mut self, seat: &Seat) {
        self.arriving.push(seat.number);
    }

    /// It is there.
    pub(super) fn arrive(&mut self, number: usize) {
        self.arriving.retain(|arriving| *arriving != number);
    }

    /// The threads that were started and have not come yet.
    pub(super) fn arriving(&self) -> &[usize] {
        &self.arriving
    }

    /// Whether threads are started where those that are there are not enough.
    pub(super) fn set_starts(&mut self, starts: bool) {
        self.starts = starts;
    }

    /// No thread could be started for the seat of this number, or it ended before it came. If there
    /// is no other worker either, nobody will ever come: the jobs are handed back to be refused.
    pub(super) fn fail_start(&mut self, number: usize) -> Vec<J> {
        self.coming = self.coming.saturating_sub(1);
        self.arrive(number);
        self.vacate(number);
        self.starts = self.seats.is_empty();
        if self.seats.is_empty() {
            self.drain()
        } else {
            Vec::new()
        }
    }

    fn drain(&mut self) -> Vec<J> {
        let normal = self.normal.waiting.drain(..);
        normal
            .chain(self.exits.waiting.drain(..))
            .map(|(_, job)| job)
            .collect()
    }

    /// No job is taken from now on: those who wait are to be called so that they leave, and the
    /// jobs that wait are to be refused.
    pub(super) fn close(&mut self) -> (Vec<J>, Vec<Arc<Seat>>) {
        self.closed = true;
        (self.drain(), self.idle.clone())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Jobs stand behind a worker that is expected to come, or a thread has been started.
    pub(super) fn needs_watch(&self) -> bool {
        self.queued() > 0 || !self.arriving.is_empty()
    }

    /// What the watch does, every tick: a quick job that it sees twice is not quick. Its worker is
    /// not coming any more and, if that breaks the rule, another one is called. Also tells whether
    /// there was such a job.
    pub(super) fn watch(&mut self) -> (bool, Option<Summons>) {
        let mut stalled = false;
        for running in self.running.iter_mut().filter(|running| running.quick) {
            if running.seen {
                stalled = true;
                running.quick = false;
                running.pace.stalled();
                self.coming = self.coming.saturating_sub(1);
            }
            running.seen = true;
        }
        (stalled, self.summon())
    }

    /// Jobs are running.
    pub(super) fn is_busy(&self) -> bool {
        !self.running.is_empty()
    }

    pub(super) fn threads(&self) -> usize {
        self.seats.len()
    }

    pub(super) fn idle(&self) -> usize {
        self.idle.len()
    }

    pub(super) fn queued(&self) -> usize {
        self.normal.waiting.len() + self.exits.waiting.len()
    }
}

#[cfg(test)]
mod tests;
