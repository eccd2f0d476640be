//! How a step of an awaitable ends with a value.

use pyo3::prelude::*;
use pyo3::types::PyAny;
use pyo3::{PyTraverseError, PyVisit, ffi};

#[cfg(Py_3_12)]
use self::reuse::refilled;
use crate::eventloop::Attached;

/// The `StopIteration` that says what is returned.
///
/// The interpreter takes the value out of it and lets go of it, so the next value can have it again: to make one for
/// each and to drop it is a tenth of what a message of a WebSocket costs outside of the kernel. Until then it keeps
/// what it said last.
#[derive(Default)]
pub(in super::super) struct Returned {
    /// Always `None` before `CPython` 3.12, which makes no exception of what is returned.
    spare: Attached<Option<Py<PyAny>>>,
}

impl Returned {
    /// Sets the exception by which a step returns `value`.
    #[cfg(Py_3_12)]
    pub(super) fn set(&self, py: Python<'_>, value: &Bound<'_, PyAny>) {
        let spare = self.spare.take(py);
        match refilled(spare, value) {
            Ok(exception) => {
                drop(self.spare.replace(py, Some(exception.clone_ref(py))));
                // SAFETY: attached; takes over the reference to an exception.
                unsafe { ffi::PyErr_SetRaisedException(exception.into_ptr()) }
            }
            Err(error) => error.restore(py),
        }
    }

    #[cfg(not(Py_3_12))]
    #[expect(clippy::unused_self, reason = "later versions have something to keep")]
    pub(super) fn set(&self, _py: Python<'_>, value: &Bound<'_, PyAny>) {
        set_once(value);
    }

    pub(in super::super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.spare.traverse(|spare| visit.call(spare))
    }
}

/// The same for a value that is not to be kept.
pub(super) fn set_once(value: &Bound<'_, PyAny>) {
    // SAFETY: attached, with live objects. A value that is no tuple is the exception's one argument.
    unsafe { ffi::PyErr_SetObject(ffi::PyExc_StopIteration, value.as_ptr()) }
}

#[cfg(Py_3_12)]
mod reuse {
    use std::ptr;

    use pyo3::exceptions::PyStopIteration;
    use pyo3::ffi;
    use pyo3::prelude::*;
    use pyo3::types::PyTuple;

    use crate::references::is_ours_alone;

    /// A `StopIteration` of `value`: the spare one if nobody has it any more, else a new one.
    pub(super) fn refilled(
        spare: Option<Py<PyAny>>,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<Py<PyAny>> {
        let py = value.py();
        match spare.filter(is_blank) {
            Some(spare) => {
                refill(&spare, value)?;
                Ok(spare)
            }
            None => Ok(py.get_type::<PyStopIteration>().call1((value,))?.unbind()),
        }
    }

    /// Whether nobody holds the exception, and nobody who did has left anything on it.
    fn is_blank(exception: &Py<PyAny>) -> bool {
        let object = exception.as_ptr().cast::<ffi::PyStopIterationObject>();
        // SAFETY: made as an instance of `StopIteration` itself, so it has that layout; the caller is attached.
        is_ours_alone(exception)
            && unsafe {
                [
                    (*object).dict,
                    (*object).notes,
                    (*object).traceback,
                    (*object).context,
                    (*object).cause,
                ]
                .iter()
                .all(|left| left.is_null())
            }
    }

    /// Has an exception that nobody else holds say `value`.
    fn refill(exception: &Py<PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = value.py();
        let arguments = PyTuple::new(py, [value])?;
        let object = exception.as_ptr().cast::<ffi::PyStopIterationObject>();
        // SAFETY: a live `StopIteration`, which owns its arguments and its value. What it owned is let go of when it
        // has the others, so whatever that runs finds it whole.
        let before = unsafe {
            [
                ptr::replace(&raw mut (*object).args, arguments.into_ptr()),
                ptr::replace(&raw mut (*object).value, value.clone().into_ptr()),
            ]
        };
        for owned in before {
            // SAFETY: the exception's reference, null only if somebody deleted the attribute.
            drop(unsafe { Bound::from_owned_ptr_or_opt(py, owned) });
        }
        Ok(())
    }
}
