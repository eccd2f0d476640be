//! `contextvars.Context`, copied and entered.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::{PyErr, ffi};

/// `contextvars.copy_context()`.
pub(crate) fn copy_context(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: attached, as `py` proves; the result is a new reference, or null with an exception.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyContext_CopyCurrent()) }
}

/// `context.run(callback, *args)`, or in a copy of `context` while another thread is inside of it.
pub(crate) fn call_in_context<'py>(
    callback: &Bound<'py, PyAny>,
    args: &Bound<'py, PyTuple>,
    context: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    in_context(context, || callback.call1(args))
}

/// Runs `call` in `context`, or in a copy while another thread is inside of it.
///
/// A request's `def` code runs on a thread in the request's own context. If its task is cancelled
/// meanwhile it has to be resumed all the same: a wake-up that fails is a task that never ends.
pub(crate) fn in_context<R>(
    context: &Bound<'_, PyAny>,
    call: impl FnOnce() -> PyResult<R>,
) -> PyResult<R> {
    let py = context.py();
    let copy = enter(context)?;
    let result = call();
    let entered = copy.as_ref().unwrap_or(context);
    // SAFETY: the context was entered above by this thread, which left everything it entered since.
    if unsafe { ffi::PyContext_Exit(entered.as_ptr()) } < 0 {
        return Err(PyErr::fetch(py));
    }
    result
}

/// Enters `context`, or a copy while it is occupied, which is handed out then.
fn enter<'py>(context: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    // SAFETY: attached, and `context` is alive; anything but a Context raises TypeError.
    if unsafe { ffi::PyContext_Enter(context.as_ptr()) } == 0 {
        return Ok(None);
    }
    enter_copy(context)
}

/// After `context` could not be entered: enters a copy if it is occupied.
#[cold]
fn enter_copy<'py>(context: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = context.py();
    let refused = PyErr::fetch(py);
    if !refused.is_instance_of::<PyRuntimeError>(py) {
        return Err(refused);
    }
    // SAFETY: as above; the result is a new reference, or null with an exception.
    let copy = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyContext_Copy(context.as_ptr()))? };
    // SAFETY: as above.
    if unsafe { ffi::PyContext_Enter(copy.as_ptr()) } < 0 {
        return Err(PyErr::fetch(py));
    }
    Ok(Some(copy))
}
