//! Generator dependencies that are left at the end of a request.

use pyo3::exceptions::PyBaseException;
use pyo3::intern;
use pyo3::prelude::*;

/// Starts closing the generators of `scope`.
pub(super) fn close(
    py: Python<'_>,
    exits: &Py<PyAny>,
    scope: &Bound<'_, PyAny>,
    error: Option<Py<PyAny>>,
) -> PyResult<Py<PyAny>> {
    exits.call_method1(py, intern!(py, "close"), (scope, error))
}

/// What closing exits came to: it may return an exception that was raised in them.
pub(super) fn settle(py: Python<'_>, outcome: Option<PyResult<Py<PyAny>>>) -> PyResult<()> {
    let left = outcome.unwrap_or_else(|| Ok(py.None()))?.into_bound(py);
    if left.is_instance_of::<PyBaseException>() {
        return Err(PyErr::from_value(left));
    }
    Ok(())
}
