//! The threads for `def` code.
//!
//! # What it is for
//!
//! Handing a call to a thread and its result back costs two wake-ups and two hand-overs of the
//! GIL, several times what the call itself takes; and forty threads that want the GIL at once
//! spend more time on asking for it than on running. So work is handed over in batches:
//!
//! - Jobs of one iteration are [`submit`](Pool::submit)ted silently, and at its end **one** worker
//!   is called for all of them.
//! - The worker takes jobs one by one and does not give the GIL away between. Results pile up,
//!   and the loop is woken **once**, when the worker has run out of jobs and released the GIL.
//! - A job whose function is not known to be quick ([`Pace`]) may block. Before it begins, a
//!   successor is called, which gets the GIL in the moment the job lets go of it; and the loop is
//!   woken for what is done so far.
//! - After a millisecond of work the worker stops, so that the loop gets its turn; the loop calls
//!   a worker for the rest.
//! - A quick function that blocks for once is seen by the [`watch`], which calls a successor.
//!
//! # Why there is no convoy
//!
//! The rule in [`roster`] allows one thread at a time to stand in line for the GIL in order to
//! begin, whatever is queued and however slow it is. A worker that is called while the GIL is
//! taken is the only one until it has it. And being held up is not being slow: a function loses
//! its reputation by votes, not by one long run on a busy machine.
//!
//! The other half of a convoy is a loop thread that asks for the GIL in vain, or keeps it from
//! everybody. So workers stop after a millisecond, and a loop that never sleeps
//! [gives way](Shared::give_way) to a worker that has waited for as long, and every few
//! milliseconds to those in the middle of a job.
//!
//! # Threads
//!
//! They are daemonic `threading.Thread`s named `jebi-pool-N`, started when needed, up to the limit
//! (exits of dependencies have as many of their own). Those that had nothing to do for ten seconds
//! end, except two.

mod clock;
mod job;
mod pace;
mod python;
mod roster;
mod seat;
mod shared;
mod threads;
mod watch;

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

pub(crate) use self::job::{Call, Done, Job, Lane, with_an_end};
pub(crate) use self::pace::Pace;
pub(crate) use self::python::{PyPace, PyPool};
pub(crate) use self::seat::Seat;

use self::shared::{Shared, lock};
use self::threads::Threads;
use crate::eventloop::EventLoop;

/// How often in an iteration jobs are handed out, at most: one that another waits for goes out with those
/// of its iteration. More would keep descriptors waiting.
const ROUNDS: usize = 4;

/// A pool of threads at the service of one event loop.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    /// Whoever sets the limit from outside: called before a job is taken in, until it says `True`.
    limiter: Option<Py<PyAny>>,
    limited: AtomicBool,
    desk: Mutex<Desk>,
}

/// What only the loop thread uses.
#[derive(Default)]
struct Desk {
    /// Submitted in this iteration. They are kept back until its end, when nobody is inside the
    /// contexts that they run in.
    submitted: Vec<Job>,
    gave_way: Option<Instant>,
}

impl Pool {
    /// A pool for `event_loop` that runs `limit` jobs at once. `limiter()` is called on the loop thread
    /// before a job is taken in, until it returns true: it has the limit in hand from then on.
    ///
    /// # Errors
    /// When the loop is closed.
    pub(crate) fn new(
        py: Python<'_>,
        event_loop: &Bound<'_, EventLoop>,
        limit: usize,
        limiter: Option<Py<PyAny>>,
    ) -> PyResult<Arc<Self>> {
        let around = py.import("jebi._pool")?.getattr("around")?;
        let around = around.call1((event_loop,))?.unbind();
        let waker = event_loop.get().waker(py)?;
        let pool = Arc::new(Self {
            shared: Arc::new(Shared::new(limit, waker, Threads::new(Some(around)))),
            limited: AtomicBool::new(limiter.is_none()),
            limiter,
            desk: Mutex::default(),
        });
        let service = Service(Arc::downgrade(&pool));
        let hook = move |py: Python<'_>| {
            if let Some(pool) = service.0.upgrade() {
                pool.turn(py);
            }
        };
        event_loop.get().at_iteration_end(py, Arc::new(hook));
        Ok(pool)
    }

    /// Adds a job, on the loop thread; a worker is called for it at the end of the iteration.
    pub(crate) fn submit(&self, py: Python<'_>, mut job: Job) {
        if self.shared.figures.times_waits.load(Ordering::Relaxed) {
            job.submitted = Some(Instant::now());
        }
        if !self.limited.load(Ordering::Relaxed) {
            self.ask_limiter(py);
        }
        self.shared.expect(job.lane);
        lock(&self.desk).submitted.push(job);
    }

    /// Refuses what waits and waits for what runs, `patience` long at most. On the loop thread.
    pub(crate) fn shutdown(&self, py: Python<'_>, patience: Duration) -> PyResult<()> {
        self.hand_over(py);
        self.shared.close();
        let joined = self.shared.threads.join(py, patience);
        self.shared.deliver(py);
        joined
    }

    /// The end of an iteration: results come in, jobs go out.
    fn turn(&self, py: Python<'_>) {
        if self.shared.is_at_rest() {
            return;
        }
        self.give_way(py);
        self.shared.deliver(py);
        for _ in 0..ROUNDS {
            if !self.hand_out(py) {
                return;
            }
            // A worker on the same core has come home by now. Who waits for its results asks for more
            // the sooner, and more goes out at a time.
            self.shared.deliver(py);
        }
        if !lock(&self.desk).submitted.is_empty() {
            self.shared.ask_for_a_turn();
        }
    }

    /// Hands jobs out and calls a worker for them if none is coming; `false` if there is nobody whose
    /// results could be there when it returns.
    fn hand_out(&self, py: Python<'_>) -> bool {
        self.hand_over(py);
        let summons = {
            let mut state = self.shared.state();
            let queued = state.roster.queued();
            if queued == 0 {
                return false;
            }
            let summons = state.summon();
            if queued > usize::from(summons.is_some()) {
                watch::begin(&self.shared, &mut state);
            }
            summons
        };
        let Some(summons) = summons else { return false };
        self.shared.summon_and_yield(py, summons);
        true
    }

    /// Lets workers in that the loop kept waiting.
    fn give_way(&self, py: Python<'_>) {
        let ago = lock(&self.desk)
            .gave_way
            .map_or(Duration::MAX, |last| last.elapsed());
        let courtesy = self.shared.state().courtesy(ago);
        if let Some(courtesy) = courtesy {
            py.detach(|| self.shared.give_way(courtesy));
            lock(&self.desk).gave_way = Some(Instant::now());
        }
    }

    fn hand_over(&self, py: Python<'_>) {
        let submitted = mem::take(&mut lock(&self.desk).submitted);
        if submitted.is_empty() {
            return;
        }
        let refused: Vec<_> = {
            let mut state = self.shared.state();
            let pushed = submitted.into_iter().map(|job| state.roster.push(job));
            pushed.filter_map(Result::err).collect()
        };
        if !refused.is_empty() {
            self.shared.refuse(refused);
            self.shared.deliver(py);
        }
    }

    /// Lets whoever sets the limit do so, once there is somebody.
    fn ask_limiter(&self, py: Python<'_>) {
        let Some(limiter) = &self.limiter else { return };
        match limiter.call0(py).and_then(|known| known.is_truthy(py)) {
            Ok(known) => self.limited.store(known, Ordering::Relaxed),
            Err(error) => {
                self.limited.store(true, Ordering::Relaxed);
                error.write_unraisable(py, Some(limiter.bind(py)));
            }
        }
    }

    /// How many jobs may run at once from now on, those of the exits' lane apart.
    pub(crate) fn set_limit(&self, limit: usize) {
        let queued = {
            let roster = &mut self.shared.state().roster;
            roster.set_limit(limit);
            roster.queued()
        };
        if queued > 0 {
            // Some of them may run now.
            self.shared.ask_for_a_turn();
        }
    }

    /// Who has been taken in and has no result yet, exits apart: how many run or are about to, within
    /// the limit, and how many wait for one of those to end. For the loop thread.
    pub(crate) fn share(&self) -> (usize, usize) {
        let pending = self.shared.pending();
        let (busy, limit) = self.shared.state().roster.load();
        let lent = pending.min(limit).max(busy);
        (lent, pending.saturating_sub(lent))
    }

    /// From now on, knows how long jobs wait.
    pub(crate) fn time_waits(&self) {
        let times_waits = &self.shared.figures.times_waits;
        times_waits.store(true, Ordering::Relaxed);
    }

    /// How the pool is doing.
    pub(crate) fn figures(&self) -> PoolFigures {
        let state = self.shared.state();
        PoolFigures {
            queued: state.roster.queued(),
            threads: state.roster.threads(),
            idle: state.roster.idle(),
            jobs: self.figure(|figures| &figures.jobs),
            waited: self.figure(|figures| &figures.waited),
        }
    }

    fn figure(&self, which: impl Fn(&shared::Figures) -> &std::sync::atomic::AtomicU64) -> u64 {
        which(&self.shared.figures).load(Ordering::Relaxed)
    }
}

/// What an operator wants to know of a pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolFigures {
    /// Jobs that wait for a thread.
    pub(crate) queued: usize,
    pub(crate) threads: usize,
    /// Threads that wait for a job.
    pub(crate) idle: usize,
    /// Jobs that were run.
    pub(crate) jobs: u64,
    /// Nanoseconds that jobs waited, since that is timed.
    pub(crate) waited: u64,
}

/// What the loop holds of its pool. A loop that closes drops it, and nobody brings results home
/// any more: then the threads end too.
struct Service(Weak<Pool>);

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(pool) = self.0.upgrade() {
            pool.shared.close();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.close();
    }
}
