//! The keyword arguments of one call.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyErr, ffi};

/// Values with their keywords, and those that Python gathered beside them.
pub(super) struct Arguments {
    values: Vec<Py<PyAny>>,
    keywords: Py<PyTuple>,
    gathered: Option<Py<PyDict>>,
}

impl Arguments {
    pub(super) fn new(
        values: Vec<Py<PyAny>>,
        keywords: Py<PyTuple>,
        gathered: Option<Py<PyDict>>,
    ) -> Self {
        Self {
            values,
            keywords,
            gathered,
        }
    }

    /// Calls `function` with them, by the vectorcall protocol (PEP 590).
    pub(super) fn call(self, py: Python<'_>, function: &Py<PyAny>) -> PyResult<Py<PyAny>> {
        if self.gathered.is_some() {
            let keywords = self.to_dict(py)?;
            return function
                .bind(py)
                .call((), Some(&keywords))
                .map(Bound::unbind);
        }
        // SAFETY: `Py<PyAny>` is a transparent pointer to a live object, so the values are the array
        // of borrowed references that vectorcall wants; `keywords` is a tuple of as many strings.
        unsafe {
            let result = ffi::PyObject_Vectorcall(
                function.as_ptr(),
                self.values.as_ptr().cast(),
                0,
                self.keywords.as_ptr(),
            );
            if result.is_null() {
                return Err(PyErr::fetch(py));
            }
            Ok(Bound::from_owned_ptr(py, result).unbind())
        }
    }

    /// The same as a dictionary.
    pub(super) fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let values = PyDict::new(py);
        for (keyword, value) in self.keywords.bind(py).iter_borrowed().zip(&self.values) {
            values.set_item(keyword, value)?;
        }
        if let Some(gathered) = &self.gathered {
            values.update(gathered.bind(py).as_mapping())?;
        }
        Ok(values)
    }
}
