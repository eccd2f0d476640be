//! What the loop thread, the workers and the watch have in common.
//!
//! Locks are held for a few instructions and never while Python is entered; nothing that may
//! belong to Python is dropped under them.

use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use reactor::Waker;

use super::clock::Clock;
use super::job::{Completion, Job};
use super::roster::{Roster, Summons, Taken};
use super::seat::Seat;
use super::threads::{self, Threads};

/// How long a worker waits for work before it asks whether it is still needed.
const PATIENCE: Duration = Duration::from_secs(10);

/// As many workers stay, however little there is to do.
const FLOOR: usize = 2;

/// What the watch is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watching {
    /// It has no thread yet.
    NotStarted,
    /// It waits for the bell.
    Asleep,
    /// It looks at the roster once a tick.
    Awake,
}

/// The roster and what has to change together with it.
pub(super) struct State {
    pub(super) roster: Roster<Job>,
    pub(super) watching: Watching,
}

/// Counts for tests and for whoever tunes a pool.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// Jobs that were run.
    pub(super) jobs: AtomicU64,
    /// Turns of workers in which at least one job was run.
    pub(super) batches: AtomicU64,
    /// Times the loop was woken.
    pub(super) wakeups: AtomicU64,
    /// Times a worker was called.
    pub(super) calls: AtomicU64,
}

/// The common part of a pool.
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) bell: Condvar,
    completions: Mutex<Vec<Completion>>,
    /// There are completions that the loop was not woken for.
    unannounced: AtomicBool,
    waker: Waker,
    pub(super) threads: Threads,
    pub(super) figures: Figures,
}

/// Locks; a panic elsewhere, which cannot have left the data half changed, is no reason not to.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn count(figure: &AtomicU64) {
    figure.fetch_add(1, Ordering::Relaxed);
}

impl Shared {
    pub(super) fn new(limit: usize, waker: Waker, threads: Threads) -> Self {
        Self {
            state: Mutex::new(State {
                roster: Roster::new(limit),
                watching: Watching::NotStarted,
            }),
            bell: Condvar::new(),
            completions: Mutex::default(),
            unannounced: AtomicBool::new(false),
            waker,
            threads,
            figures: Figures::default(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Puts a result where the loop thread finds it. The loop is not woken yet.
    pub(super) fn complete(&self, completion: Completion) {
        lock(&self.completions).push(completion);
        self.unannounced.store(true, Ordering::Release);
    }

    /// Wakes the loop if results wait that it was not woken for.
    pub(super) fn announce(&self) {
        if self.unannounced.swap(false, Ordering::AcqRel) {
            count(&self.figures.wakeups);
            self.waker.wake();
        }
    }

    /// There are results that the loop was not woken for.
    pub(super) fn is_unannounced(&self) -> bool {
        self.unannounced.load(Ordering::Acquire)
    }

    /// Hands results over, on the loop thread.
    pub(super) fn deliver(&self, py: Python<'_>) {
        // In this order: what is added in between costs a wake-up too many and not one too few.
        self.unannounced.store(false, Ordering::Release);
        let completions = mem::take(&mut *lock(&self.completions));
        for completion in completions {
            completion.deliver(py);
        }
    }

    /// Calls a worker, and starts a thread for it where necessary.
    pub(super) fn summon(self: &Arc<Self>, py: Python<'_>, summons: Summons) {
        count(&self.figures.calls);
        let seat = match summons {
            Summons::Wake(seat) => return seat.call(),
            Summons::Start(seat) => seat,
        };
        let Err(error) = threads::start(py, self, &seat) else {
            return;
        };
        let refused = self.state().roster.fail_start(&seat);
        for job in refused {
            self.complete(job.refuse(error.clone_ref(py)));
        }
        self.announce();
    }

    /// A worker's turn: jobs, one after the other, until there are none or the loop is due.
    pub(super) fn work(self: &Arc<Self>, py: Python<'_>, seat: &Arc<Seat>) {
        let mut clock = Clock::start();
        let mut next = self.state().roster.take(seat);
        if next.is_some() {
            count(&self.figures.batches);
        }
        while let Some(Taken {
            job,
            quick,
            successor,
        }) = next
        {
            if let Some(summons) = successor {
                self.summon(py, summons);
            }
            if !quick {
                self.announce();
            }
            let pace = Arc::clone(&job.pace);
            let completion = job.run(py);
            pace.ran(clock.lap());
            count(&self.figures.jobs);
            self.complete(completion);
            next = self.next(seat, clock.slice_is_over());
        }
    }

    fn next(&self, seat: &Arc<Seat>, is_over: bool) -> Option<Taken<Job>> {
        let mut state = self.state();
        state.roster.finish(seat);
        if is_over {
            // The loop thread, which is woken now, calls somebody for the rest.
            state.roster.rest(seat);
            return None;
        }
        state.roster.take(seat)
    }

    /// Waits, without the GIL, until the worker is called; `false` when it is to end.
    pub(super) fn await_turn(&self, seat: &Seat) -> bool {
        self.announce();
        loop {
            if self.is_leaving(seat, usize::MAX) {
                return false;
            }
            if seat.wait(PATIENCE) {
                return !self.is_leaving(seat, usize::MAX);
            }
            if self.is_leaving(seat, FLOOR) {
                return false;
            }
        }
    }

    fn is_leaving(&self, seat: &Seat, floor: usize) -> bool {
        self.state().roster.leave(seat, floor)
    }

    /// Lets nobody take a job any more; what waits is refused.
    pub(super) fn close(&self) {
        let (refused, seats) = self.state().roster.close();
        for job in refused {
            self.complete(job.refuse(PyRuntimeError::new_err("the thread pool is shut down")));
        }
        for seat in seats {
            seat.call();
        }
        self.bell.notify_all();
    }
}
