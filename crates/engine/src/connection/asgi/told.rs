//! The messages that applications receive all the time.

use bytes::Bytes;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use pyo3::{ffi, intern};

use super::super::websocket::Message;

/// Messages before anything is in them.
///
/// To copy one and to replace what differs costs half of adding one key after the other.
pub(in super::super) struct Told {
    request: Py<PyDict>,
    text: Py<PyDict>,
    binary: Py<PyDict>,
}

impl Told {
    pub(in super::super) fn new(py: Python<'_>) -> PyResult<Self> {
        let model = |kind: &str, keys: &[&str]| {
            let model = PyDict::new(py);
            model.set_item("type", PyString::intern(py, kind))?;
            for key in keys {
                model.set_item(PyString::intern(py, key), py.None())?;
            }
            Ok::<_, PyErr>(model.unbind())
        };
        Ok(Self {
            request: model("http.request", &["body", "more_body"])?,
            text: model("websocket.receive", &["text"])?,
            binary: model("websocket.receive", &["bytes"])?,
        })
    }

    /// A piece of a body, and whether there is more.
    pub(super) fn request<'py>(
        &self,
        py: Python<'py>,
        body: &Bytes,
        more: bool,
    ) -> PyResult<Bound<'py, PyDict>> {
        let told = self.request.bind(py).copy()?;
        told.set_item(intern!(py, "body"), PyBytes::new(py, body))?;
        told.set_item(intern!(py, "more_body"), more)?;
        Ok(told)
    }

    /// A message of a WebSocket.
    pub(super) fn message<'py>(
        &self,
        py: Python<'py>,
        message: &Message,
    ) -> PyResult<Bound<'py, PyDict>> {
        match message {
            Message::Text(text) => {
                let told = self.text.bind(py).copy()?;
                told.set_item(intern!(py, "text"), string(py, text)?)?;
                Ok(told)
            }
            Message::Binary(bytes) => {
                let told = self.binary.bind(py).copy()?;
                told.set_item(intern!(py, "bytes"), PyBytes::new(py, bytes))?;
                Ok(told)
            }
        }
    }
}

/// A string of Python's; one of ASCII alone, as most are, by a copy.
fn string<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyString>> {
    /// The last character of ASCII.
    const LAST: ffi::Py_UCS4 = 127;
    if !text.is_ascii() {
        return Ok(PyString::new(py, text));
    }
    let length = ffi::Py_ssize_t::try_from(text.len())?;
    // SAFETY: attached. What is made has a place for as many characters of ASCII as there are bytes, each of which is
    // one, and nobody has seen it yet.
    unsafe {
        let made = Bound::from_owned_ptr_or_err(py, ffi::PyUnicode_New(length, LAST))?;
        let place = ffi::PyUnicode_1BYTE_DATA(made.as_ptr());
        place.copy_from_nonoverlapping(text.as_ptr(), text.len());
        Ok(made.cast_into_unchecked())
    }
}
