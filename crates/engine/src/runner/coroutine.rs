//! Driving an awaitable by hand, the way `asyncio.Task` does.

use pyo3::exceptions::{PyBaseException, PyStopIteration, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::{PyErr, ffi};
use std::ptr;

/// What one step of an awaitable's iterator gave.
pub(crate) enum Stepped {
    /// It is suspended on this (a future, or `None` to let others run).
    Yielded(Py<PyAny>),
    /// It has ended with this result, or raised.
    Ended(PyResult<Py<PyAny>>),
}

/// The iterator to step an awaitable by: itself for a coroutine, `__await__()` for the rest.
pub(crate) fn iterator(py: Python<'_>, awaitable: Py<PyAny>) -> PyResult<Py<PyAny>> {
    // SAFETY: a type check of a live object.
    if unsafe { ffi::PyCoro_CheckExact(awaitable.as_ptr()) } != 0 {
        return Ok(awaitable);
    }
    let bound = awaitable.bind(py);
    if is_coroutine_by_decorator(bound)? {
        return Ok(awaitable);
    }
    match bound.getattr(intern!(py, "__await__")) {
        Ok(method) => Ok(method.call0()?.unbind()),
        Err(_) => Err(PyTypeError::new_err(format!(
            "object {} can't be used in 'await' expression",
            bound.get_type().qualname()?
        ))),
    }
}

/// Whether this is the generator of a function under `types.coroutine`, which can be awaited
/// though it has no `__await__`.
fn is_coroutine_by_decorator(awaitable: &Bound<'_, PyAny>) -> PyResult<bool> {
    /// `inspect.CO_ITERABLE_COROUTINE`.
    const ITERABLE_COROUTINE: u32 = 0x100;
    let py = awaitable.py();
    // SAFETY: a type check of a live object.
    if unsafe { ffi::PyGen_CheckExact(awaitable.as_ptr()) } == 0 {
        return Ok(false);
    }
    let code = awaitable.getattr(intern!(py, "gi_code"))?;
    let flags: u32 = code.getattr(intern!(py, "co_flags"))?.extract()?;
    Ok(flags & ITERABLE_COROUTINE != 0)
}

/// Resumes the iterator with `None`, as asyncio does.
pub(crate) fn send(py: Python<'_>, iterator: &Py<PyAny>) -> Stepped {
    send_value(py, iterator, py.None().bind(py))
}

/// Resumes the iterator with a value; other loops than asyncio's have something to say.
pub(crate) fn send_value(
    py: Python<'_>,
    iterator: &Py<PyAny>,
    value: &Bound<'_, PyAny>,
) -> Stepped {
    let mut result: *mut ffi::PyObject = ptr::null_mut();
    // SAFETY: `iterator` and `value` are live; `result` is written before it is read, and holds a new
    // reference for both of the statuses that give one (PEP 380, `PyIter_Send` in C-API docs).
    unsafe {
        match ffi::PyIter_Send(iterator.as_ptr(), value.as_ptr(), &raw mut result) {
            ffi::PySendResult::PYGEN_NEXT => {
                Stepped::Yielded(Bound::from_owned_ptr(py, result).unbind())
            }
            ffi::PySendResult::PYGEN_RETURN => {
                Stepped::Ended(Ok(Bound::from_owned_ptr(py, result).unbind()))
            }
            ffi::PySendResult::PYGEN_ERROR => Stepped::Ended(Err(PyErr::fetch(py))),
        }
    }
}

/// Throws `error` into the iterator.
pub(crate) fn throw(py: Python<'_>, iterator: &Py<PyAny>, error: PyErr) -> Stepped {
    let bound = iterator.bind(py);
    let Ok(method) = bound.getattr(intern!(py, "throw")) else {
        return Stepped::Ended(Err(error));
    };
    match method.call1((error.into_value(py),)) {
        Ok(yielded) => Stepped::Yielded(yielded.unbind()),
        Err(raised) => Stepped::Ended(stopped(py, raised)),
    }
}

/// Cancels what was yielded, with the message of `error`; `false` if that cannot be or is no use.
pub(crate) fn cancel(py: Python<'_>, yielded: &Py<PyAny>, error: &PyErr) -> bool {
    let attempt = || -> PyResult<bool> {
        let cancelled = py.import("asyncio")?.getattr("CancelledError")?;
        if !error.is_instance(py, &cancelled) {
            return Ok(false);
        }
        let arguments = error.value(py).getattr(intern!(py, "args"))?;
        let arguments = arguments.cast_into::<PyTuple>()?;
        let future = yielded.bind(py);
        future
            .call_method1(intern!(py, "cancel"), arguments)?
            .is_truthy()
    };
    attempt().unwrap_or(false)
}

/// `StopIteration(value)` is a return, everything else an exception.
fn stopped(py: Python<'_>, raised: PyErr) -> PyResult<Py<PyAny>> {
    if raised.is_instance_of::<PyStopIteration>(py) {
        return Ok(raised.value(py).getattr(intern!(py, "value"))?.unbind());
    }
    Err(raised)
}

/// The exception that the arguments of `coroutine.throw` stand for.
pub(crate) fn thrown(
    kind: &Bound<'_, PyAny>,
    value: Option<&Bound<'_, PyAny>>,
    traceback: Option<&Bound<'_, PyAny>>,
) -> PyResult<PyErr> {
    let raised = match value {
        Some(value) if value.is_instance_of::<PyBaseException>() => value.clone(),
        Some(value) => kind.call1((value,))?,
        None if kind.is_callable() => kind.call0()?,
        None => kind.clone(),
    };
    if let Some(traceback) = traceback {
        raised.call_method1(intern!(kind.py(), "with_traceback"), (traceback,))?;
    }
    Ok(PyErr::from_value(raised))
}
