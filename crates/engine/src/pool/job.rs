//! One call for the pool, and what comes back from it.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::pace::Pace;
use super::roster::Work;

/// Which capacity a job draws on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Handlers, dependencies, background tasks: bounded by the limit.
    Normal,
    /// Exits of generator dependencies. Requests that hold something wait for them, so they have
    /// capacity of their own: with the normal lane full of requests that wait for what others
    /// hold, the exits that let go still run.
    Exit,
}

/// The call of a job.
pub(crate) type Call = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;
/// Who gets what the call came to.
pub(crate) type Done = Box<dyn FnOnce(Python<'_>, PyResult<Py<PyAny>>) + Send>;

/// A call to run on a pool thread.
pub(crate) struct Job {
    /// What to run there.
    pub(crate) call: Call,
    /// The request's context. What the call sets in it, the request sees afterwards.
    pub(crate) context: Py<PyAny>,
    /// Which capacity it draws on.
    pub(crate) lane: Lane,
    /// What is known of the function.
    pub(crate) pace: Arc<Pace>,
    /// Called on the loop thread, once, with the result; whatever was raised is a result.
    pub(crate) done: Done,
    /// When it was submitted, where waits are timed.
    pub(crate) submitted: Option<Instant>,
}

/// A result on its way back to the loop thread.
pub(super) struct Completion {
    /// Which capacity the job drew on.
    pub(super) lane: Lane,
    done: Done,
    result: PyResult<Py<PyAny>>,
}

impl Job {
    /// Runs the call in its context. Nothing it does gets past this, not even a panic.
    pub(super) fn run(self, py: Python<'_>) -> Completion {
        let Self {
            call,
            context,
            lane,
            done,
            ..
        } = self;
        let result = in_context(py, context.bind(py), || {
            catch_unwind(AssertUnwindSafe(|| with_an_end(|| call(py))))
                .unwrap_or_else(|_| Err(PyRuntimeError::new_err("a native call panicked")))
        });
        Completion { lane, done, result }
    }

    /// The completion of a job that was never run.
    pub(super) fn refuse(self, error: PyErr) -> Completion {
        Completion {
            lane: self.lane,
            done: self.done,
            result: Err(error),
        }
    }
}

impl Work for Job {
    fn lane(&self) -> Lane {
        self.lane
    }

    fn pace(&self) -> &Arc<Pace> {
        &self.pace
    }
}

impl Completion {
    /// Hands the result over, on the loop thread.
    pub(super) fn deliver(self, py: Python<'_>) {
        let Self { done, result, .. } = self;
        if catch_unwind(AssertUnwindSafe(|| done(py, result))).is_err() {
            let place = PyString::new(py, "jebi: delivering a result of the pool");
            PyRuntimeError::new_err("a native callback panicked")
                .write_unraisable(py, Some(place.as_any()));
        }
    }
}

/// Runs Python code that may outlive the interpreter.
///
/// Before 3.14 a thread that asks for the GIL while the interpreter is ending is told to exit, by
/// unwinding; Rust must not be unwound like that. Such a thread stays where it is instead, as all
/// do from 3.14 on, until the process ends.
pub(crate) fn with_an_end<R>(call: impl FnOnce() -> R) -> R {
    struct Stay;
    impl Drop for Stay {
        fn drop(&mut self) {
            while !thread::panicking() {
                thread::park();
            }
        }
    }
    let stay = Stay;
    let result = call();
    mem::forget(stay);
    result
}

fn in_context<R>(
    py: Python<'_>,
    context: &Bound<'_, PyAny>,
    call: impl FnOnce() -> PyResult<R>,
) -> PyResult<R> {
    let entered = enter(py, context)?;
    let result = call();
    // SAFETY: attached, and `entered` is a context which this thread entered last: calls that
    // enter others leave them before they return.
    let exited = unsafe { ffi::PyContext_Exit(entered.as_ptr()) };
    if exited < 0 && result.is_ok() {
        return Err(PyErr::fetch(py));
    }
    if exited < 0 {
        drop(PyErr::take(py));
    }
    result
}

/// Enters `context`, or a copy of it while somebody else is inside: Python lets in one thread.
fn enter<'py>(py: Python<'py>, context: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached; anything but a context is refused with an exception.
    if unsafe { ffi::PyContext_Enter(context.as_ptr()) } == 0 {
        return Ok(context.clone());
    }
    drop(PyErr::take(py));
    // SAFETY: attached; the call returns a new reference to a context, or null with an exception.
    let copy = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyContext_Copy(context.as_ptr()))? };
    // SAFETY: as above.
    if unsafe { ffi::PyContext_Enter(copy.as_ptr()) } < 0 {
        return Err(PyErr::fetch(py));
    }
    Ok(copy)
}
