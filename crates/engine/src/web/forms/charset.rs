//! The encoding of names and values in a multipart form.

use std::ffi::CString;

use pyo3::exceptions::{PyLookupError, PyUnicodeDecodeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// An encoding; text that is not in it is read as Latin-1.
pub(super) enum Charset {
    Utf8,
    Latin1,
    /// One that only Python knows, by the name of its codec.
    Other(CString),
}

impl Charset {
    pub(super) fn new(name: &str) -> PyResult<Self> {
        Ok(match name {
            "utf-8" => Self::Utf8,
            "iso8859-1" | "latin-1" => Self::Latin1,
            other => Self::Other(CString::new(other).map_err(PyValueError::new_err)?),
        })
    }

    pub(super) fn decode<'py>(
        &self,
        py: Python<'py>,
        bytes: &[u8],
    ) -> PyResult<Bound<'py, PyString>> {
        match self {
            Self::Utf8 if let Ok(text) = str::from_utf8(bytes) => Ok(PyString::new(py, text)),
            Self::Utf8 | Self::Latin1 => Ok(latin1(py, bytes)),
            Self::Other(name) => {
                let encoded = PyBytes::new(py, bytes);
                match PyString::from_encoded_object(&encoded, Some(name), None) {
                    Err(error)
                        if error.is_instance_of::<PyUnicodeDecodeError>(py)
                            || error.is_instance_of::<PyLookupError>(py) =>
                    {
                        Ok(latin1(py, bytes))
                    }
                    result => result,
                }
            }
        }
    }
}

fn latin1<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
    let text: String = bytes.iter().copied().map(char::from).collect();
    PyString::new(py, &text)
}
