//! What the loop thread, the workers and the watch have in common.
//!
//! Locks are held for a few instructions and never while Python is entered; nothing that may
//! belong to Python is dropped under them.

use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use reactor::Waker;

use super::clock::Clock;
use super::job::{Completion, Job, Lane};
use super::roster::{Roster, Summons, Taken};
use super::seat::Seat;
use super::threads::{self, Lack, Threads};
use super::watch;

/// How long a worker waits for work before it asks whether it is still needed.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a worker that was called may wait for the GIL before the loop gives way to it, and how
/// long the loop then waits for it at most.
const PATIENCE_CALLED: Duration = Duration::from_millis(1);

/// How often the loop gives way to jobs that run and may be waiting for the GIL in the middle.
const PAUSES: Duration = Duration::from_millis(2);

/// For how long it does so: enough for one thread to wake up, and for a few more to follow.
const PAUSE: Duration = Duration::from_micros(100);

/// As many workers stay, however little there is to do.
const FLOOR: usize = 2;

/// For how long no thread is started after one could not be, if there are others.
const BREAK: Duration = Duration::from_millis(100);

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

/// Whom the loop thread gives way to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Courtesy {
    /// A worker that it called.
    Called,
    /// Workers in the middle of a job.
    Running,
}

/// The roster and what has to change together with it.
pub(super) struct State {
    pub(super) roster: Roster<Job>,
    pub(super) watching: Watching,
    /// When the loop thread called a worker that has not come yet.
    called: Option<Instant>,
    /// The loop thread waits, without the GIL, for a worker to have its turn.
    gives_way: bool,
    /// When a thread could not be started, while no other one is.
    failed: Option<Instant>,
}

impl State {
    /// The loop thread calls a worker if that is necessary.
    pub(super) fn summon(&mut self) -> Option<Summons> {
        if self.failed.is_some_and(|failed| failed.elapsed() > BREAK) {
            self.failed = None;
            self.roster.set_starts(true);
        }
        let summons = self.roster.summon();
        if summons.is_some() {
            self.called = Some(Instant::now());
        }
        summons
    }

    /// Whom the loop thread, which gave way `ago`, should give way to now.
    pub(super) fn courtesy(&self, ago: Duration) -> Option<Courtesy> {
        let called = self.called.map(|called| called.elapsed());
        if called.is_some_and(|elapsed| elapsed > PATIENCE_CALLED) {
            Some(Courtesy::Called)
        } else if ago > PAUSES && self.roster.is_busy() {
            Some(Courtesy::Running)
        } else {
            None
        }
    }
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
    /// Nanoseconds that jobs waited for a thread, where that is timed.
    pub(super) waited: AtomicU64,
    /// It is.
    pub(super) times_waits: AtomicBool,
}

/// The common part of a pool.
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) bell: Condvar,
    /// Where the loop thread waits when it gives way.
    way: Condvar,
    completions: Mutex<Vec<Completion>>,
    /// Jobs that were submitted and whose results were not delivered yet.
    pending: AtomicUsize,
    /// Those among them that are exits.
    pending_exits: AtomicUsize,
    /// Called when jobs of the normal lane have been delivered, while somebody wants to know.
    on_room: Mutex<Option<Py<PyAny>>>,
    tells_of_room: AtomicBool,
    /// There are completions that the loop was not woken for.
    unannounced: AtomicBool,
    waker: Waker,
    pub(super) threads: Threads,
    pub(super) figures: Figures,
    /// This is the child of a fork. Of the threads only one is there, the one that forked.
    is_copy: AtomicBool,
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
                called: None,
                gives_way: false,
                failed: None,
            }),
            way: Condvar::new(),
            bell: Condvar::new(),
            completions: Mutex::default(),
            pending: AtomicUsize::new(0),
            pending_exits: AtomicUsize::new(0),
            on_room: Mutex::default(),
            tells_of_room: AtomicBool::new(false),
            unannounced: AtomicBool::new(false),
            waker,
            threads,
            figures: Figures::default(),
            is_copy: AtomicBool::new(false),
        }
    }

    /// The process is the child of a fork: whoever comes home from a job leaves. Takes no lock, for
    /// one that another thread held stays locked.
    pub(super) fn leave_to_parent(&self) {
        self.is_copy.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_copy(&self) -> bool {
        self.is_copy.load(Ordering::Relaxed)
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

    /// Has the loop pass through another iteration, in which there is something to hand out.
    pub(super) fn ask_for_a_turn(&self) {
        self.waker.wake();
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
        let mut room = false;
        for completion in completions {
            self.pending.fetch_sub(1, Ordering::Relaxed);
            match completion.lane {
                Lane::Normal => room = true,
                Lane::Exit => drop(self.pending_exits.fetch_sub(1, Ordering::Relaxed)),
            }
            completion.deliver(py);
        }
        if room && self.tells_of_room.load(Ordering::Relaxed) {
            self.tell_of_room(py);
        }
    }

    fn tell_of_room(&self, py: Python<'_>) {
        let told = lock(&self.on_room).as_ref().map(|told| told.clone_ref(py));
        if let Some(told) = told
            && let Err(error) = told.call0(py)
        {
            error.write_unraisable(py, Some(told.bind(py)));
        }
    }

    /// Calls `told` whenever jobs of the normal lane have ended, on the loop thread; nobody with `None`.
    pub(super) fn on_room(&self, told: Option<Py<PyAny>>) {
        self.tells_of_room.store(told.is_some(), Ordering::Relaxed);
        let before = mem::replace(&mut *lock(&self.on_room), told);
        drop(before);
    }

    /// A job was submitted: [`deliver`](Self::deliver) will see a result of it.
    pub(super) fn expect(&self, lane: Lane) {
        self.pending.fetch_add(1, Ordering::Relaxed);
        if lane == Lane::Exit {
            self.pending_exits.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many jobs of the normal lane were submitted and have not been answered.
    pub(super) fn pending(&self) -> usize {
        let pending = self.pending.load(Ordering::Relaxed);
        pending.saturating_sub(self.pending_exits.load(Ordering::Relaxed))
    }

    /// How many jobs were run.
    pub(super) fn jobs(&self) -> u64 {
        self.figures.jobs.load(Ordering::Relaxed)
    }

    /// Nothing is submitted that has not been answered.
    pub(super) fn is_at_rest(&self) -> bool {
        self.pending.load(Ordering::Relaxed) == 0
    }

    /// Calls a worker, and starts a thread for it where necessary.
    pub(super) fn summon(self: &Arc<Self>, py: Python<'_>, summons: Summons) {
        count(&self.figures.calls);
        let seat = match summons {
            Summons::Wake(seat) => return seat.call(),
            Summons::Start(seat) => seat,
        };
        match threads::start(py, self, &seat) {
            Ok(()) => {
                let mut state = self.state();
                // A thread takes its seat before it says, under this lock, that it has come.
                if !seat.is_occupied() {
                    state.roster.expect(&seat);
                    watch::begin(self, &mut state);
                }
            }
            Err(error) => self.do_without(py, seat.number, &Lack::Refused(error)),
        }
    }

    /// A thread will not come. Others take the jobs, or if there are none the jobs are refused.
    pub(super) fn do_without(self: &Arc<Self>, py: Python<'_>, number: usize, lack: &Lack) {
        let (refused, summons, left) = {
            let mut state = self.state();
            let refused = state.roster.fail_start(number);
            state.failed = Some(Instant::now());
            (refused, state.roster.summon(), state.roster.threads())
        };
        self.threads.report(py, lack, refused.len(), left);
        for job in refused {
            self.complete(job.refuse(lack.error(py)));
        }
        self.announce();
        if let Some(Summons::Wake(seat)) = summons {
            count(&self.figures.calls);
            seat.call();
        }
    }

    /// Calls a worker on the loop thread, which has nothing else to do before it polls.
    ///
    /// The GIL is let go meanwhile. On one core the worker runs as soon as it is woken; it then
    /// finds the GIL free, and comes home before the loop goes on: two changes of threads for a
    /// batch instead of four.
    pub(super) fn summon_and_yield(self: &Arc<Self>, py: Python<'_>, summons: Summons) {
        match summons {
            Summons::Wake(seat) => {
                count(&self.figures.calls);
                py.detach(|| seat.call());
            }
            Summons::Start(_) => self.summon(py, summons),
        }
    }

    /// A worker's turn: jobs, one after the other, until there are none or the loop is due.
    pub(super) fn work(self: &Arc<Self>, py: Python<'_>, seat: &Arc<Seat>) {
        let mut clock = Clock::start();
        let mut next = {
            let mut state = self.state();
            state.called = None;
            let taken = state.roster.take(seat);
            self.let_pass(&mut state, taken.as_ref());
            taken
        };
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
            if let Some(submitted) = job.submitted {
                let waited = u64::try_from(submitted.elapsed().as_nanos()).unwrap_or(0);
                self.figures.waited.fetch_add(waited, Ordering::Relaxed);
            }
            let completion = job.run(py);
            if self.is_copy() {
                mem::forget(completion);
                return;
            }
            pace.ran(clock.lap());
            count(&self.figures.jobs);
            self.complete(completion);
            next = self.next(seat, clock.slice_is_over());
        }
    }

    fn next(&self, seat: &Arc<Seat>, is_over: bool) -> Option<Taken<Job>> {
        let mut state = self.state();
        state.roster.finish(seat);
        let taken = if is_over {
            // The loop thread, which is woken now, calls somebody for the rest.
            state.roster.rest(seat);
            None
        } else {
            state.roster.take(seat)
        };
        self.let_pass(&mut state, taken.as_ref());
        taken
    }

    /// The loop thread, if it gives way, may go on: the worker's turn is over, or may take long.
    fn let_pass(&self, state: &mut State, taken: Option<&Taken<Job>>) {
        if state.gives_way && taken.is_none_or(|taken| !taken.quick) {
            state.gives_way = false;
            self.way.notify_all();
        }
    }

    /// Lets workers have the GIL for a moment; on the loop thread, without the GIL.
    ///
    /// The loop gives the GIL up for the time of a poll, and if there is something to do it has it
    /// back before a thread that waits for it on another core has woken up. That thread begins to
    /// wait anew each time and never comes to the point where Python hands it over by force.
    pub(super) fn give_way(&self, courtesy: Courtesy) {
        if courtesy == Courtesy::Running {
            return thread::sleep(PAUSE);
        }
        let mut state = self.state();
        if state.called.is_none() {
            return;
        }
        state.gives_way = true;
        let waited = self
            .way
            .wait_timeout_while(state, PATIENCE_CALLED, |state| state.gives_way);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.gives_way = false;
        if state.called.is_some() {
            state.called = Some(Instant::now());
        }
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

    /// Answers jobs that a closed pool does not run.
    pub(super) fn refuse(&self, jobs: Vec<Job>) {
        for job in jobs {
            self.complete(job.refuse(PyRuntimeError::new_err("the thread pool is shut down")));
        }
    }

    /// Lets nobody take a job any more; what waits is refused.
    pub(super) fn close(&self) {
        let (refused, seats) = self.state().roster.close();
        self.refuse(refused);
        for seat in seats {
            seat.call();
        }
        self.bell.notify_all();
    }
}
