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

use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;

use super::roster::Summons;
use super::shared::{Shared, State, Watching, count};

/// A job that blocks unexpectedly holds up those behind it for one to two ticks.
const TICK: Duration = Duration::from_millis(1);

/// Ticks with nothing to watch before it sleeps: waking it for every batch would cost more.
const LINGER: u32 = 20;

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
            quiet += 1;
            if quiet > LINGER {
                state.watching = Watching::Asleep;
            }
            continue;
        }
        quiet = 0;
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
