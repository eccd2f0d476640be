//! The watch: a thread without the GIL that sees when a quick job is not quick this time.
//!
//! Behind a quick job others wait for the same worker, and nobody else is called. Should that job
//! block, neither the worker nor (if it sleeps) the loop could notice. So while jobs stand behind
//! a worker, this thread looks once a tick: a job that it sees twice in the same worker counts as
//! slow from then on, and a successor is called.
//!
//! A thread and not a timer of the loop, because the loop may be blocked as well, and because a
//! timer would have to wait for the GIL behind the very job it is about. Looking costs: with 64
//! quick calls at a time on one core, 0.3 µs a call at a tick of one millisecond, 0.7 µs at half
//! of one, 3 µs at a tenth (Python 3.13). With nothing to look at it sleeps.
//!
//! It also sees that a thread which was started ends before it comes, as it does where a hook of
//! `threading.setprofile` or `settrace` raises: nobody else would, and the jobs wait for it.

use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use super::roster::Summons;
use super::shared::{Shared, State, Watching, count};
use super::threads::{self, Lack};

/// A job that blocks unexpectedly holds up those behind it for one to two ticks.
const TICK: Duration = Duration::from_millis(1);

/// Ticks with nothing to watch before it sleeps: waking it for every batch would cost more.
const LINGER: u32 = 20;

/// Every so many ticks it looks whether threads that were started have ended instead of coming.
const ROUNDS: u32 = 8;

/// For how long jobs wait without one that ends before the log is told.
const STANDSTILL: Duration = Duration::from_secs(10);

/// Has the watch look at the roster from now on.
pub(super) fn begin(shared: &Arc<Shared>, state: &mut State) {
    match state.watching {
        Watching::Awake => {}
        Watching::Asleep => {
            state.watching = Watching::Awake;
            shared.bell.notify_all();
        }
        Watching::NotStarted => {
            let watched = Arc::clone(shared);
            let builder = thread::Builder::new().name("jebi-pool-watch".into());
            // Without a thread to spare the pool works on, only that a stall lasts as long as it
            // lasts.
            if builder.spawn(move || run(&watched)).is_ok() {
                state.watching = Watching::Awake;
            }
        }
    }
}

fn run(shared: &Arc<Shared>) {
    let mut quiet = 0;
    let mut round = 0;
    let mut standstill = Standstill::new();
    let mut state = shared.state();
    while !state.roster.is_closed() {
        if state.watching == Watching::Asleep {
            state = shared
                .bell
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        let waited = shared.bell.wait_timeout(state, TICK);
        (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if !state.roster.needs_watch() && !shared.is_unannounced() {
            standstill = Standstill::new();
            quiet += 1;
            if quiet > LINGER {
                state.watching = Watching::Asleep;
            }
            continue;
        }
        quiet = 0;
        round += 1;
        if standstill.is_news(shared.jobs(), state.roster.queued()) {
            let (busy, queued) = (state.roster.load().0, state.roster.queued());
            drop(state);
            let _ = Python::try_attach(|py| threads::report_standstill(py, busy, queued));
            state = shared.state();
        }
        if round % ROUNDS == 0 && !state.roster.arriving().is_empty() {
            let arriving = state.roster.arriving().to_vec();
            drop(state);
            bury(shared, &arriving);
            state = shared.state();
        }
        let (stalled, summons) = state.roster.watch();
        drop(state);
        if stalled {
            shared.announce();
        }
        if let Some(summons) = summons {
            call(shared, summons);
        }
        state = shared.state();
    }
}

/// Notices when jobs wait and none has ended for long.
struct Standstill {
    jobs: u64,
    since: Instant,
    told: bool,
}

impl Standstill {
    fn new() -> Self {
        Self {
            jobs: 0,
            since: Instant::now(),
            told: false,
        }
    }

    /// Whether it has just lasted for long enough to be told, with so many jobs run and waiting.
    fn is_news(&mut self, jobs: u64, queued: usize) -> bool {
        if jobs != self.jobs || queued == 0 {
            self.jobs = jobs;
            self.since = Instant::now();
            self.told = false;
        }
        let is_news = !self.told && self.since.elapsed() > STANDSTILL;
        self.told |= is_news;
        is_news
    }
}

/// Does without those of these threads that have ended before they came.
fn bury(shared: &Arc<Shared>, arriving: &[usize]) {
    let _ = Python::try_attach(|py| {
        for number in shared.threads.ended(py, arriving) {
            drop(shared.threads.forget(number));
            // One that has come since has ended by itself, with nothing left to do.
            if shared.state().roster.arriving().contains(&number) {
                shared.do_without(py, number, &Lack::Ended);
            }
        }
    });
}

fn call(shared: &Arc<Shared>, summons: Summons) {
    match summons {
        Summons::Wake(seat) => {
            count(&shared.figures.calls);
            seat.call();
        }
        // Fails when the interpreter is ending, and with it the pool.
        Summons::Start(_) => {
            let _ = Python::try_attach(|py| shared.summon(py, summons));
        }
    }
}
