//! Errors of system calls, as Python has them.

use std::io;

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

/// `OSError(errno, text)`, which Python makes the subclass that the number calls for.
///
/// The conversion that comes with `PyO3` keeps the text alone, and programs look at the number.
pub(crate) fn os_error(error: impl Into<io::Error>) -> PyErr {
    let error = error.into();
    let Some(number) = error.raw_os_error() else {
        return error.into();
    };
    let text = error.to_string();
    let suffix = format!(" (os error {number})");
    let text = text.strip_suffix(&suffix).unwrap_or(&text).to_owned();
    PyOSError::new_err((number, text))
}
