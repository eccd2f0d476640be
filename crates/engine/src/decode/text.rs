//! Strings of Python's, from what stands between a document's quotes.

use std::ptr;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::Unsure;

/// The highest character of a string that takes a byte for each and is UTF-8 as it is.
const ASCII: ffi::Py_UCS4 = 127;

/// The string that these bytes are in UTF-8.
pub(super) fn read<'py>(py: Python<'py>, bytes: &[u8]) -> Result<Bound<'py, PyString>, Unsure> {
    // Python keeps a string of each single character.
    if bytes.len() < 2 || !bytes.is_ascii() {
        return PyString::from_bytes(py, bytes).map_err(|_| Unsure);
    }
    let length = ffi::Py_ssize_t::try_from(bytes.len()).map_err(|_| Unsure)?;
    // SAFETY: attached; null with an exception set, or a new string with room for as many characters of a
    // byte each, which nobody else has seen.
    let text = unsafe {
        let text = ffi::PyUnicode_New(length, ASCII);
        let text = Bound::from_owned_ptr_or_err(py, text).map_err(|_| Unsure)?;
        let room = ffi::PyUnicode_DATA(text.as_ptr()).cast::<u8>();
        ptr::copy_nonoverlapping(bytes.as_ptr(), room, bytes.len());
        text.cast_into_unchecked::<PyString>()
    };
    Ok(text)
}
