//! `application/x-www-form-urlencoded`.

use std::borrow::Cow;

use forms::{Urlencoded, Violation};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use super::{field_limits, in_use, refusal};
use crate::eventloop::Attached;

/// Reads a urlencoded body piece by piece.
#[pyclass(frozen, module = "jebi._engine")]
pub(crate) struct UrlencodedReader {
    form: Attached<Option<Urlencoded>>,
}

#[pymethods]
impl UrlencodedReader {
    /// Allows `max_fields` fields of `max_size` bytes each; `None` is no limit.
    #[new]
    #[pyo3(signature = (*, max_fields, max_size))]
    fn new(max_fields: Option<u64>, max_size: Option<u64>) -> Self {
        let form = Urlencoded::new(field_limits(max_fields, max_size));
        Self {
            form: Attached::new(Some(form)),
        }
    }

    /// How many fields were found, the one too many included.
    #[getter]
    fn fields(&self, py: Python<'_>) -> u64 {
        self.form
            .with(py, |form| form.as_ref().map_or(0, Urlencoded::fields))
    }

    /// What is held back because the end of its field has not come.
    #[getter]
    fn held<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let held = self.form.with(py, |form| {
            form.as_ref()
                .map(|form| form.held().to_vec())
                .unwrap_or_default()
        });
        PyBytes::new(py, &held)
    }

    /// Takes a piece of the body; names and values of the fields that end in it.
    ///
    /// Raises `ValueError` with a text for the client and the reason when a limit is exceeded.
    #[pyo3(signature = (piece, /))]
    fn feed<'py>(&self, py: Python<'py>, piece: &[u8]) -> PyResult<Bound<'py, PyList>> {
        self.collect(py, |form, field| form.feed(piece, field))
    }

    /// The last field, if the body did not end with a separator.
    ///
    /// Raises what `feed` does.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.collect(py, |form, field| form.finish(field))
    }
}

type Field<'f> = &'f mut dyn FnMut(Cow<'_, str>, Cow<'_, str>);

impl UrlencodedReader {
    fn collect<'py>(
        &self,
        py: Python<'py>,
        read: impl FnOnce(&mut Urlencoded, Field<'_>) -> Result<(), Violation>,
    ) -> PyResult<Bound<'py, PyList>> {
        let mut form = self.form.take(py).ok_or_else(in_use)?;
        let mut found = Vec::new();
        let outcome = read(&mut form, &mut |name, value| {
            found.push(PyTuple::new(
                py,
                [PyString::new(py, &name), PyString::new(py, &value)],
            ));
        });
        self.form.replace(py, Some(form));
        outcome.map_err(refusal)?;
        PyList::new(py, found.into_iter().collect::<PyResult<Vec<_>>>()?)
    }
}
