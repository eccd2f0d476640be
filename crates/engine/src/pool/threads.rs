//! The pool's `threading.Thread`s.
//!
//! They are Python's own, so that debuggers, coverage, profilers and thread names work in `def`
//! code; what they run is Rust.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict};

use super::seat::Seat;
use super::shared::{Shared, lock};

/// More than a year; Python refuses to wait for centuries.
const LONGEST_JOIN: Duration = Duration::from_secs(36_000_000);

/// For how long it is not repeated that threads are lacking.
const SILENCE: Duration = Duration::from_secs(10);

/// The threads that were started and have not ended.
#[derive(Default)]
pub(super) struct Threads {
    known: Mutex<Vec<(usize, Py<PyAny>)>>,
    /// Called in each thread with the work loop, to put something around it.
    around: Option<Py<PyAny>>,
    /// When it was last said that a thread is lacking.
    reported: Mutex<Option<Instant>>,
}

/// Why a thread will not come.
pub(super) enum Lack {
    /// The system refused it.
    Refused(PyErr),
    /// It ended before it began to work.
    Ended,
}

impl Lack {
    /// What a job that it was to run comes to.
    pub(super) fn error(&self, py: Python<'_>) -> PyErr {
        match self {
            Self::Refused(error) => error.clone_ref(py),
            Self::Ended => PyRuntimeError::new_err(
                "the thread that was to make this call ended before it began; the log says why",
            ),
        }
    }
}

impl Threads {
    pub(super) fn new(around: Option<Py<PyAny>>) -> Self {
        Self {
            known: Mutex::default(),
            around,
            reported: Mutex::default(),
        }
    }

    pub(super) fn forget(&self, number: usize) -> Option<Py<PyAny>> {
        let mut known = lock(&self.known);
        let place = known.iter().position(|(other, _)| *other == number)?;
        Some(known.swap_remove(place).1)
    }

    /// Which of these have ended.
    pub(super) fn ended(&self, py: Python<'_>, numbers: &[usize]) -> Vec<usize> {
        let threads: Vec<_> = lock(&self.known)
            .iter()
            .filter(|(number, _)| numbers.contains(number))
            .map(|(number, thread)| (*number, thread.clone_ref(py)))
            .collect();
        let is_alive = |thread: &Py<PyAny>| {
            let asked = thread.call_method0(py, intern!(py, "is_alive"));
            asked.and_then(|alive| alive.is_truthy(py)).unwrap_or(true)
        };
        let ended = threads.iter().filter(|(_, thread)| !is_alive(thread));
        ended.map(|(number, _)| *number).collect()
    }

    /// Tells the log that a thread is lacking, unless that was said a moment ago: how many jobs are
    /// `refused` for it, and how many threads are `left`.
    pub(super) fn report(&self, py: Python<'_>, lack: &Lack, refused: usize, left: usize) {
        {
            let mut reported = lock(&self.reported);
            if reported.is_some_and(|before| before.elapsed() < SILENCE) {
                return;
            }
            *reported = Some(Instant::now());
        }
        let error = match lack {
            Lack::Refused(error) => Some(error.value(py)),
            Lack::Ended => None,
        };
        let told = py
            .import("jebi._pool")
            .and_then(|module| module.call_method1("report_lack", (error, refused, left)));
        if let Err(error) = told {
            error.write_unraisable(py, None);
        }
    }

    /// Waits for those that end in time.
    pub(super) fn join(&self, py: Python<'_>, patience: Duration) -> PyResult<()> {
        let threads: Vec<_> = lock(&self.known)
            .iter()
            .map(|(_, thread)| thread.clone_ref(py))
            .collect();
        let began = Instant::now();
        for thread in threads {
            let left = patience.saturating_sub(began.elapsed()).min(LONGEST_JOIN);
            thread.call_method1(py, intern!(py, "join"), (left.as_secs_f64(),))?;
        }
        Ok(())
    }
}

/// Starts the thread of a seat.
pub(super) fn start(py: Python<'_>, shared: &Arc<Shared>, seat: &Arc<Seat>) -> PyResult<()> {
    let number = seat.number;
    let target = {
        let (shared, seat) = (Arc::clone(shared), Arc::clone(seat));
        PyCFunction::new_closure(py, Some(c"work"), None, move |args, _| {
            live(args.py(), &shared, &seat);
        })?
    };
    let options = PyDict::new(py);
    match &shared.threads.around {
        Some(around) => {
            options.set_item("target", around)?;
            options.set_item("args", (target,))?;
        }
        None => options.set_item("target", target)?,
    }
    options.set_item("name", format!("jebi-pool-{number}"))?;
    options.set_item("daemon", true)?;
    let thread = py
        .import(intern!(py, "threading"))?
        .call_method("Thread", (), Some(&options))?;
    lock(&shared.threads.known).push((number, thread.clone().unbind()));
    let started = thread.call_method0(intern!(py, "start"));
    if started.is_err() {
        drop(shared.threads.forget(number));
    }
    started.map(drop)
}

/// Tells the log that no job has ended for long: so many run, and so many wait.
pub(super) fn report_standstill(py: Python<'_>, busy: usize, queued: usize) {
    let told = py
        .import("jebi._pool")
        .and_then(|module| module.call_method1("report_standstill", (busy, queued)));
    if let Err(error) = told {
        error.write_unraisable(py, None);
    }
}

/// The life of a worker.
fn live(py: Python<'_>, shared: &Arc<Shared>, seat: &Arc<Seat>) {
    seat.occupy();
    shared.state().roster.arrive(seat.number);
    while py.detach(|| shared.await_turn(seat)) {
        shared.work(py, seat);
        if shared.is_copy() {
            // A job has forked and returned in the child, which ends with its only thread.
            return;
        }
    }
    drop(shared.threads.forget(seat.number));
}
