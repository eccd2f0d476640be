//! The runs that wait: how many, their tasks, and who wants to know when there is none.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};
use slab::Slab;

use crate::eventloop::wake;

/// The runs that had to wait for something and are not over.
#[derive(Default)]
pub(super) struct Tally {
    count: AtomicUsize,
    /// The tasks among them. asyncio itself keeps none that waits: one whose future nobody else has would be
    /// collected with it, in the middle of its request.
    tasks: Mutex<Slab<Py<PyAny>>>,
    /// Futures of those who wait for the last of them to be over.
    waiting: Mutex<Vec<Py<PyAny>>>,
}

/// Counts one run for as long as it lives.
pub(super) struct Counted {
    tally: Arc<Tally>,
    /// The place of its task.
    task: Option<usize>,
}

impl Counted {
    /// The run has become `task`, which lives as long.
    pub(super) fn keep(&mut self, task: Py<PyAny>) {
        let place = lock(&self.tally.tasks).insert(task);
        self.task = Some(place);
    }
}

impl Tally {
    pub(super) fn enter(self: &Arc<Self>) -> Counted {
        self.count.fetch_add(1, Ordering::Relaxed);
        Counted {
            tally: Arc::clone(self),
            task: None,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Completes `future` when the count comes to nothing, which it may be already.
    pub(super) fn tell(&self, py: Python<'_>, future: Py<PyAny>) {
        lock(&self.waiting).push(future);
        if self.count() == 0 {
            self.tell_all(py);
        }
    }

    fn tell_all(&self, py: Python<'_>) {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        for future in &waiting {
            wake(py, future);
        }
    }

    /// Shows the garbage collector the tasks.
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // Nothing that can have garbage collected is done while somebody has them.
        let Ok(tasks) = self.tasks.try_lock() else {
            return Ok(());
        };
        tasks.iter().try_for_each(|(_, task)| visit.call(task))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Counted {
    fn drop(&mut self) {
        let tally = &self.tally;
        let task = self
            .task
            .and_then(|place| lock(&tally.tasks).try_remove(place));
        drop(task);
        let was_last = tally.count.fetch_sub(1, Ordering::Relaxed) == 1;
        if was_last && !lock(&tally.waiting).is_empty() {
            // Without an interpreter nobody waits.
            let _ = Python::try_attach(|py| tally.tell_all(py));
        }
    }
}
