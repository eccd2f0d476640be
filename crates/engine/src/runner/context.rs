//! A `contextvars.Context`, entered for the length of a scope.

use pyo3::prelude::*;
use pyo3::{PyErr, ffi};

/// A copy of the context that is current on this thread.
pub(crate) fn copy_current(py: Python<'_>) -> PyResult<Py<PyAny>> {
    // SAFETY: returns a new reference, or null with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyContext_CopyCurrent()).map(Bound::unbind) }
}

/// A context that this thread is inside of; left when it is dropped.
///
/// Contexts are left in the opposite order of being entered, so this is kept no longer than the
/// scope it was made in.
pub(crate) struct Entered<'a, 'py> {
    py: Python<'py>,
    context: &'a Py<PyAny>,
}

impl<'a, 'py> Entered<'a, 'py> {
    /// Enters `context`.
    ///
    /// # Errors
    /// `RuntimeError` if it is entered already, here or on another thread.
    pub(crate) fn enter(py: Python<'py>, context: &'a Py<PyAny>) -> PyResult<Self> {
        // SAFETY: `context` is a live Context; a failure leaves an exception set.
        if unsafe { ffi::PyContext_Enter(context.as_ptr()) } != 0 {
            return Err(PyErr::fetch(py));
        }
        Ok(Self { py, context })
    }
}

impl Drop for Entered<'_, '_> {
    fn drop(&mut self) {
        // SAFETY: entered by this thread, which has left everything it entered later.
        if unsafe { ffi::PyContext_Exit(self.context.as_ptr()) } != 0 {
            let error = PyErr::fetch(self.py);
            error.write_unraisable(self.py, Some(self.context.bind(self.py)));
        }
    }
}
