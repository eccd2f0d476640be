//! The pool's `threading.Thread`s.
//!
//! They are Python's own, so that debuggers, coverage, profilers and thread names work in `def`
//! code; what they run is Rust.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict};

use super::seat::Seat;
use super::shared::{Shared, lock};

/// More than a year; Python refuses to wait for centuries.
const LONGEST_JOIN: Duration = Duration::from_secs(36_000_000);

/// The threads that were started and have not ended.
#[derive(Default)]
pub(super) struct Threads {
    known: Mutex<Vec<(usize, Py<PyAny>)>>,
    /// Called in each thread with the work loop, to put something around it.
    around: Option<Py<PyAny>>,
}

impl Threads {
    pub(super) fn new(around: Option<Py<PyAny>>) -> Self {
        Self {
            known: Mutex::default(),
            around,
        }
    }

    fn forget(&self, number: usize) -> Option<Py<PyAny>> {
        let mut known = lock(&self.known);
        let place = known.iter().position(|(other, _)| *other == number)?;
        Some(known.swap_remove(place).1)
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

/// The life of a worker.
fn live(py: Python<'_>, shared: &Arc<Shared>, seat: &Arc<Seat>) {
    seat.occupy();
    while py.detach(|| shared.await_turn(seat)) {
        shared.work(py, seat);
    }
    drop(shared.threads.forget(seat.number));
}
