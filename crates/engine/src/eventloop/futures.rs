//! Completing asyncio's futures from native code.

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::intern;
use pyo3::prelude::*;

/// Whether somebody completed or cancelled the future before.
pub(crate) fn is_done(future: &Bound<'_, PyAny>) -> PyResult<bool> {
    future
        .call_method0(intern!(future.py(), "done"))?
        .is_truthy()
}

/// Gives the future its result, unless its waiter was cancelled meanwhile.
///
/// What goes wrong with that is nobody's to handle and reported as unraisable.
pub(crate) fn complete(py: Python<'_>, future: &Py<PyAny>, result: PyResult<Py<PyAny>>) {
    let future = future.bind(py);
    if let Err(error) = try_complete(future, result) {
        error.write_unraisable(py, Some(future));
    }
}

/// Completes a future that only tells that it is time to go on.
pub(crate) fn wake(py: Python<'_>, future: &Py<PyAny>) {
    let future = future.bind(py);
    // Whether it is done already is asked only if it is: most are not.
    if let Err(error) = future.call_method1(intern!(py, "set_result"), (py.None(),))
        && !is_done(future).unwrap_or(false)
    {
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
        Err(error) => future.call_method1(intern!(py, "set_exception"), (leaving(py, error),))?,
    };
    Ok(())
}

/// What leaves a coroutine or completes a future when `error` was raised in it: a `StopIteration`
/// would look like the end of whoever awaits it (PEP 479).
pub(crate) fn leaving(py: Python<'_>, error: PyErr) -> PyErr {
    if !error.is_instance_of::<PyStopIteration>(py) {
        return error;
    }
    let other = PyRuntimeError::new_err("coroutine raised StopIteration");
    other.set_cause(py, Some(error));
    other
}
