//! How an application waits for one message of a WebSocket after the other.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::Cycle;
use super::receive::Receiving;
use crate::eventloop::Attached;
use crate::references::references;
use crate::runner::{Waiter, Went};

/// The futures of those who wait.
pub(super) type Line = Attached<Vec<Py<PyAny>>>;

/// What has an application that waits for a message go on in the call stack that brought one.
#[derive(Default)]
pub(super) struct Wait {
    waiter: OnceLock<Waiter>,
    /// A turn is being made for it.
    is_going_on: AtomicBool,
    /// What `receive()` returned last.
    spare: Attached<Option<Py<Receiving>>>,
}

impl Wait {
    /// The application can be made to go on.
    pub(super) fn take_waiter(&self, waiter: &dyn Fn() -> Waiter) {
        self.waiter.get_or_init(waiter);
    }

    /// Has the application go on if nothing else but the application itself waits. Says whether it did;
    /// otherwise those who wait are to be woken.
    pub(super) fn go_on(&self, py: Python<'_>, line: &Line) -> bool {
        let Some(waiter) = self.waiter.get() else {
            return false;
        };
        let Some(wait) = only(py, line) else {
            return false;
        };
        self.is_going_on.store(true, Ordering::Relaxed);
        let went = waiter.go_on(py, &wait);
        self.is_going_on.store(false, Ordering::Relaxed);
        if matches!(went, Went::Further) {
            // Somebody has it here, so none ends within.
            line.with(py, |line| line.retain(|future| !future.is(&wait)));
        }
        !matches!(went, Went::Nowhere)
    }

    /// What the application waits for since before the turn that is being made for it: it can wait for
    /// that again.
    pub(super) fn standing(&self, py: Python<'_>, line: &Line) -> Option<Py<PyAny>> {
        if !self.is_going_on.load(Ordering::Relaxed) {
            return None;
        }
        let waiter = self.waiter.get()?;
        only(py, line).filter(|wait| !waiter.is_over(py, wait))
    }

    /// An awaitable of the next message: that of the last one if nobody holds it any more.
    pub(super) fn receiving(&self, cycle: &Bound<'_, Cycle>) -> PyResult<Py<Receiving>> {
        let py = cycle.py();
        let free = |spare: &mut Option<Py<Receiving>>| {
            let spare = spare.as_ref().filter(|spare| references(spare) == 1)?;
            Some(spare.clone_ref(py))
        };
        if let Some(spare) = self.spare.with(py, free) {
            return Ok(spare);
        }
        let made = Py::new(py, Receiving::new(cycle.clone().unbind()))?;
        if !cycle.get().is_over() {
            drop(self.spare.replace(py, Some(made.clone_ref(py))));
        }
        Ok(made)
    }

    /// The WebSocket is over.
    pub(super) fn end(&self, py: Python<'_>) {
        drop(self.spare.take(py));
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Some(waiter) = self.waiter.get() {
            waiter.traverse(visit)?;
        }
        self.spare.traverse(|spare| visit.call(spare))
    }
}

/// The future that waits, if it is one alone.
fn only(py: Python<'_>, line: &Line) -> Option<Py<PyAny>> {
    line.with(py, |line| match line.as_slice() {
        [wait] => Some(wait.clone_ref(py)),
        _ => None,
    })
}
