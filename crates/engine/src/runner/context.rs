//! A `contextvars.Context`, entered for the length of a scope.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::{PyErr, ffi};

/// A copy of the context that is current on this thread.
pub(super) fn copy_current(py: Python<'_>) -> PyResult<Py<PyAny>> {
    // SAFETY: returns a new reference, or null with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyContext_CopyCurrent()).map(Bound::unbind) }
}

/// Sets in the current context whatever has another value in `context`, which began as a copy of it.
///
/// # Errors
/// Those of `CPython`'s own calls.
pub(super) fn carry_over(context: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = context.py();
    let current = copy_current(py)?;
    // Two that share all they hold are equal at a glance. Values that know no equality decide nothing.
    if context.eq(&current).unwrap_or(false) {
        return Ok(());
    }
    for item in context.call_method0(intern!(py, "items"))?.try_iter()? {
        let (variable, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item?.extract()?;
        // Without the variable, the context itself: nobody's value.
        let known = current.call_method1(py, intern!(py, "get"), (&variable, &current))?;
        if !known.is(&value) {
            variable.call_method1(intern!(py, "set"), (value,))?;
        }
    }
    Ok(())
}

/// The context that requests begin with, and what is in it.
pub(crate) struct Base {
    context: Py<PyAny>,
    values: Vec<(Py<PyAny>, Py<PyAny>)>,
}

impl Base {
    /// A base like the context that is current on this thread.
    pub(crate) fn copy_current(py: Python<'_>) -> PyResult<Self> {
        let context = copy_current(py)?;
        let items = context.bind(py).call_method0(intern!(py, "items"))?;
        let values = items.try_iter()?.map(|item| item?.extract());
        Ok(Self {
            values: values.collect::<PyResult<_>>()?,
            context,
        })
    }

    /// A context for a request.
    pub(crate) fn copy(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        // SAFETY: the base is a Context; returns a new reference, or null with an exception set.
        unsafe {
            let copy = ffi::PyContext_Copy(self.context.as_ptr());
            Bound::from_owned_ptr_or_err(py, copy).map(Bound::unbind)
        }
    }

    /// Whether every variable in `context`, a copy of this, is still what it was: the very object,
    /// because equal ones may be another request's.
    pub(crate) fn is_unchanged(&self, context: &Bound<'_, PyAny>) -> PyResult<bool> {
        if context.len()? != self.values.len() {
            return Ok(false);
        }
        let is_same = |(variable, value): &(Py<PyAny>, Py<PyAny>)| {
            let found = context.get_item(variable);
            found.is_ok_and(|found| found.as_ptr() == value.as_ptr())
        };
        Ok(self.values.iter().all(is_same))
    }
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
