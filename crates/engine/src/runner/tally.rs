//! How many runs wait, and who wants to know when none does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;

use crate::eventloop::wake;

/// The runs that had to wait for something and are not over.
#[derive(Default)]
pub(super) struct Tally {
    count: AtomicUsize,
    /// Futures of those who wait for the last of them to be over.
    waiting: Mutex<Vec<Py<PyAny>>>,
}

/// Counts one run for as long as it lives.
pub(super) struct Counted(Arc<Tally>);

impl Tally {
    pub(super) fn enter(self: &Arc<Self>) -> Counted {
        self.count.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::clone(self))
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Completes `future` when the count comes to nothing, which it may be already.
    pub(super) fn tell(&self, py: Python<'_>, future: Py<PyAny>) {
        self.waiting().push(future);
        if self.count() == 0 {
            self.tell_all(py);
        }
    }

    fn tell_all(&self, py: Python<'_>) {
        let waiting = std::mem::take(&mut *self.waiting());
        for future in &waiting {
            wake(py, future);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Py<PyAny>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let was_last = self.0.count.fetch_sub(1, Ordering::Relaxed) == 1;
        if was_last && !self.0.waiting().is_empty() {
            // Without an interpreter nobody waits.
            let _ = Python::try_attach(|py| self.0.tell_all(py));
        }
    }
}
