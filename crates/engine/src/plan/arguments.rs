//! The keyword arguments of one call.

use std::ptr;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// Values with their keywords, and those that Python gathered beside them.
pub(super) struct Arguments {
    values: Vec<Py<PyAny>>,
    /// `None` of those that go by position.
    keywords: Option<Py<PyTuple>>,
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
            keywords: Some(keywords),
            gathered,
        }
    }

    /// Values that go by position.
    pub(super) fn positional(values: Vec<Py<PyAny>>) -> Self {
        Self {
            values,
            keywords: None,
            gathered: None,
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
        // of borrowed references that vectorcall wants; `keywords` is a tuple of as many strings, or all
        // of them are positional.
        unsafe {
            let (positional, keywords) = match &self.keywords {
                None => (self.values.len(), ptr::null_mut()),
                Some(keywords) => (0, keywords.as_ptr()),
            };
            let result = ffi::PyObject_Vectorcall(
                function.as_ptr(),
                self.values.as_ptr().cast(),
                positional,
                keywords,
            );
            Bound::from_owned_ptr_or_err(py, result).map(Bound::unbind)
        }
    }

    /// The same as a dictionary.
    pub(super) fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let values = PyDict::new(py);
        if let Some(keywords) = &self.keywords {
            for (keyword, value) in keywords.bind(py).iter_borrowed().zip(&self.values) {
                values.set_item(keyword, value)?;
            }
        }
        if let Some(gathered) = &self.gathered {
            values.update(gathered.bind(py).as_mapping())?;
        }
        Ok(values)
    }
}
