//! What `send()` returns.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::Cycle;
use super::functions::quicken;
use crate::eventloop::block_on;

/// An awaitable of a message's leaving. It has a coroutine's methods, so it can become a task.
#[pyclass(frozen, module = "jebi._engine", name = "Sending")]
pub(crate) struct Sending {
    /// Whose output has to drain first; `None` if there is nothing to wait for.
    cycle: Option<Py<Cycle>>,
    waited: AtomicBool,
}

impl Sending {
    /// One that is done already; it can be handed out over and over.
    pub(in super::super) fn done(py: Python<'_>) -> PyResult<Py<Self>> {
        quicken(py);
        let done = Self {
            cycle: None,
            waited: AtomicBool::new(true),
        };
        Py::new(py, done)
    }

    /// One that lets others run once, of whom there may be some who want to tell a producer that its client
    /// is gone.
    pub(super) fn passing() -> Self {
        Self {
            cycle: None,
            waited: AtomicBool::new(false),
        }
    }

    /// One that waits until the output is low.
    pub(super) fn waiting(cycle: Py<Cycle>) -> Self {
        Self {
            cycle: Some(cycle),
            waited: AtomicBool::new(false),
        }
    }

    /// Whether there is nothing to wait for, as after most messages.
    pub(super) fn is_done(&self) -> bool {
        self.cycle.is_none() && self.waited.load(Ordering::Relaxed)
    }

    pub(super) fn step(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let Some(cycle) = &self.cycle else {
            let waits =
                !self.waited.load(Ordering::Relaxed) && !self.waited.swap(true, Ordering::Relaxed);
            return Ok(waits.then(|| py.None()));
        };
        let cycle = cycle.get();
        if self.waited.swap(true, Ordering::Relaxed) || !cycle.is_draining(py) {
            return Ok(None);
        }
        let future = cycle.wait_to_send(py)?;
        block_on(future.bind(py))?;
        Ok(Some(future))
    }
}

#[pymethods]
impl Sending {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.step(py)
    }

    fn send(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let _ = value;
        self.step(py)?
            .ok_or_else(|| pyo3::exceptions::PyStopIteration::new_err(()))
    }

    #[pyo3(signature = (kind, value=None, traceback=None))]
    #[expect(clippy::unused_self, reason = "a coroutine's method")]
    fn throw(
        &self,
        kind: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        raise(kind, value, traceback)
    }

    #[expect(clippy::unused_self, reason = "a coroutine's method")]
    fn close(&self) {}

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.cycle)
    }
}

/// `throw` of an awaitable that has nothing to clean up: the exception goes on.
pub(super) fn raise(
    kind: Bound<'_, PyAny>,
    value: Option<Bound<'_, PyAny>>,
    traceback: Option<Bound<'_, PyAny>>,
) -> PyResult<Py<PyAny>> {
    let exception = match value {
        // An instance may stand in either place.
        Some(value) if value.is_instance_of::<pyo3::exceptions::PyBaseException>() => value,
        Some(value) => kind.call1((value,))?,
        None if kind.is_instance_of::<pyo3::types::PyType>() => kind.call0()?,
        None => kind,
    };
    if let Some(traceback) = traceback {
        exception.setattr("__traceback__", traceback)?;
    }
    Err(PyErr::from_value(exception))
}
