//! One call, and what becomes of its result.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit, intern};
use reactor::Waker;

use crate::eventloop::EventLoop;
use crate::eventloop::call::Call;
use crate::eventloop::futures::is_done;
use crate::pool::with_an_end;

/// A call for a thread.
pub(super) enum Job {
    /// Completes a future of a loop.
    Awaited {
        call: Call,
        future: Py<PyAny>,
        event_loop: Py<EventLoop>,
    },
    /// Sees to its result itself.
    Alone(Py<PyAny>),
}

impl Job {
    /// Makes the call, unless its future was cancelled; whom to wake for the result.
    pub(super) fn run(self, py: Python<'_>) -> Option<Waker> {
        match self {
            Self::Awaited {
                call,
                future,
                event_loop,
            } => {
                if is_done(future.bind(py)).unwrap_or(false) {
                    return None;
                }
                let result = guarded(|| call.run(py).map(Bound::unbind));
                call.release(py);
                let give = move |py: Python<'_>| complete(py, &future, result);
                event_loop.get().call_soon_from_thread(py, Box::new(give))
            }
            Self::Alone(call) => {
                if let Err(error) = guarded(|| call.call0(py)) {
                    error.write_unraisable(py, Some(call.bind(py)));
                }
                None
            }
        }
    }

    /// Gives it up before it was begun; hands out what the caller has to cancel.
    pub(super) fn cancel(self, py: Python<'_>) -> Option<Py<PyAny>> {
        match self {
            Self::Awaited {
                future, event_loop, ..
            } => {
                let cancel = move |py: Python<'_>| {
                    let future = future.bind(py);
                    if let Err(error) = future.call_method0(intern!(py, "cancel")) {
                        error.write_unraisable(py, Some(future));
                    }
                };
                let waker = event_loop
                    .get()
                    .call_soon_from_thread(py, Box::new(cancel))?;
                waker.wake();
                None
            }
            Self::Alone(call) => Some(call),
        }
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self {
            Self::Awaited {
                call,
                future,
                event_loop,
            } => {
                call.traverse(visit)?;
                visit.call(future)?;
                visit.call(event_loop)
            }
            Self::Alone(call) => visit.call(call),
        }
    }
}

/// Nothing that a call does gets past this.
fn guarded(call: impl FnOnce() -> PyResult<Py<PyAny>>) -> PyResult<Py<PyAny>> {
    catch_unwind(AssertUnwindSafe(|| with_an_end(call)))
        .unwrap_or_else(|_| Err(PyRuntimeError::new_err("a native call panicked")))
}

/// Gives a future its result, unless it was cancelled; on the loop thread.
fn complete(py: Python<'_>, future: &Py<PyAny>, result: PyResult<Py<PyAny>>) {
    let future = future.bind(py);
    if let Err(error) = try_complete(future, result) {
        error.write_unraisable(py, Some(future));
    }
}

fn try_complete(future: &Bound<'_, PyAny>, result: PyResult<Py<PyAny>>) -> PyResult<()> {
    let py = future.py();
    if is_done(future)? {
        return Ok(());
    }
    match result {
        Ok(value) => future.call_method1(intern!(py, "set_result"), (value,))?,
        Err(error) => {
            let error = py
                .import("jebi.loop.threads")?
                .call_method1("for_asyncio", (error.into_value(py),))?;
            future.call_method1(intern!(py, "set_exception"), (error,))?
        }
    };
    Ok(())
}
