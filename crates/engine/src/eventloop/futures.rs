//! Completing asyncio's futures from native code.

use std::ffi::c_void;

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyType};
use pyo3::{ffi, intern};

/// Whether somebody completed or cancelled the future before.
pub(crate) fn is_done(future: &Bound<'_, PyAny>) -> PyResult<bool> {
    future
        .call_method0(intern!(future.py(), "done"))?
        .is_truthy()
}

/// Marks a future that is about to be yielded, as its own iterator does: the task that gets it waits for it.
pub(crate) fn block_on(future: &Bound<'_, PyAny>) -> PyResult<()> {
    static BLOCKING: PyOnceLock<Blocking> = PyOnceLock::new();
    let py = future.py();
    let blocking = BLOCKING.get_or_try_init(py, || Blocking::find(py))?;
    let Some((set, closure)) = blocking
        .setter
        .filter(|_| future.get_type_ptr() == blocking.class.as_ptr().cast())
    else {
        return future.setattr(intern!(py, "_asyncio_future_blocking"), true);
    };
    let value = PyBool::new(py, true);
    // SAFETY: the function is the one that the object's very class has for this, which is kept alive, and it is called
    // as its descriptor would: with live objects, while attached. Anything but zero is an exception that is set.
    if unsafe { set(future.as_ptr(), value.as_ptr(), closure) } == 0 {
        return Ok(());
    }
    Err(PyErr::fetch(py))
}

/// How the mark of asyncio's own futures is set without looking for it, where they are written in C.
struct Blocking {
    class: Py<PyType>,
    setter: Option<(ffi::setter, *mut c_void)>,
}

// SAFETY: the pointers are to a function and to what is constant in the class, which is kept here.
unsafe impl Send for Blocking {}
// SAFETY: as above; nothing is changed through them.
unsafe impl Sync for Blocking {}

impl Blocking {
    fn find(py: Python<'_>) -> PyResult<Self> {
        let class = py.import("asyncio")?.getattr("Future")?;
        let class = class.cast_into::<PyType>()?;
        let descriptor = class.getattr("_asyncio_future_blocking")?;
        let is_getset = descriptor.get_type_ptr() == &raw mut ffi::PyGetSetDescr_Type;
        // SAFETY: a live object whose type is the very one of that layout; the definition that it points to lives as
        // long as its class.
        let setter = is_getset
            .then(|| unsafe {
                &*(*descriptor.as_ptr().cast::<ffi::PyGetSetDescrObject>()).d_getset
            })
            .and_then(|definition| Some((definition.set?, definition.closure)));
        Ok(Self {
            class: class.unbind(),
            setter,
        })
    }
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
