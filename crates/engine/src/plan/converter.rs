//! pydantic's validators and serialisers, called with one value.

use std::ptr;

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

/// How many bound keywords are passed without an allocation; more stay inside their `partial`.
const KEYWORDS: usize = 7;

/// A callable of one value, with keywords that are the same for every call.
///
/// Python describes it as a `functools.partial`, whose own call would build a dictionary of the
/// keywords each time; taken apart once, they go by vectorcall (PEP 590).
pub(super) struct Converter {
    function: Py<PyAny>,
    names: Option<Py<PyTuple>>,
    values: Vec<Py<PyAny>>,
}

impl Converter {
    /// Takes a callable apart, if it is a `partial` that only binds keywords.
    pub(super) fn read(callable: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = callable.py();
        let plain = Self {
            function: callable.clone().unbind(),
            names: None,
            values: Vec::new(),
        };
        let partial = py.import("functools")?.getattr("partial")?;
        if !callable.get_type().is(&partial) {
            return Ok(plain);
        }
        let keywords = callable.getattr(intern!(py, "keywords"))?;
        let keywords = keywords.cast_into::<PyDict>()?;
        let positional = callable.getattr(intern!(py, "args"))?.len()?;
        if positional > 0 || keywords.is_empty() || keywords.len() > KEYWORDS {
            return Ok(plain);
        }
        Ok(Self {
            function: callable.getattr(intern!(py, "func"))?.unbind(),
            names: Some(PyTuple::new(py, keywords.keys())?.unbind()),
            values: keywords.values().iter().map(Bound::unbind).collect(),
        })
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.function)?;
        self.values.iter().try_for_each(|value| visit.call(value))
    }

    /// Calls it with `value`.
    pub(super) fn call<'py>(
        &self,
        py: Python<'py>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut arguments = [ptr::null_mut(); KEYWORDS + 1];
        let all = std::iter::once(value.as_ptr()).chain(self.values.iter().map(Py::as_ptr));
        for (place, argument) in arguments.iter_mut().zip(all) {
            *place = argument;
        }
        let names = self.names.as_ref().map_or(ptr::null_mut(), Py::as_ptr);
        // SAFETY: one positional argument, and as many more as `names` has (`read` bounds them by
        // the array); all are borrowed from objects that live through the call.
        unsafe {
            let result =
                ffi::PyObject_Vectorcall(self.function.as_ptr(), arguments.as_ptr(), 1, names);
            Bound::from_owned_ptr_or_err(py, result)
        }
    }
}
