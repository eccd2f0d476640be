//! A `contextvars.Context`, entered for the length of a scope.

use pyo3::prelude::*;
use pyo3::{PyErr, ffi};

/// A copy of the context that is current on this thread.
pub(crate) fn copy_current(py: Python<'_>) -> PyResult<Py<PyAny>> {
    // SAFETY: returns a new reference, or null with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyContext_CopyCurrent()).map(Bound::unbind) }
}

/// Runs `body` with `context` entered on this thread.
///
/// # Errors
/// `RuntimeError` if the context is entered already, here or on another thread.
pub(crate) fn within<T>(
    py: Python<'_>,
    context: &Py<PyAny>,
    body: impl FnOnce() -> T,
) -> PyResult<T> {
    // SAFETY: `context` is a live Context; a failure leaves an exception set.
    if unsafe { ffi::PyContext_Enter(context.as_ptr()) } != 0 {
        return Err(PyErr::fetch(py));
    }
    let _exit = Exit { py, context };
    Ok(body())
}

/// Leaves the context again, whichever way the scope ends.
struct Exit<'a, 'py> {
    py: Python<'py>,
    context: &'a Py<PyAny>,
}

impl Drop for Exit<'_, '_> {
    fn drop(&mut self) {
        // SAFETY: entered in `within` by this thread, and everything entered after it is left.
        if unsafe { ffi::PyContext_Exit(self.context.as_ptr()) } != 0 {
            PyErr::fetch(self.py).write_unraisable(self.py, Some(self.context.bind(self.py)));
        }
    }
}
