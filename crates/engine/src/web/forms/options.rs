//! Headers with parameters.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

/// The value of a header in lower case, and its parameters.
///
/// Takes a `Content-Type` or a `Content-Disposition` as bytes and reads it as python-multipart does
/// ([`forms::options`]). Of several parameters with one name the last counts.
#[pyfunction]
#[pyo3(signature = (header, /))]
pub(crate) fn parse_options_header<'py>(
    py: Python<'py>,
    header: &[u8],
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyDict>)> {
    let options = forms::options(header);
    let parameters = PyDict::new(py);
    for (name, value) in &options.parameters {
        parameters.set_item(PyBytes::new(py, name), PyBytes::new(py, value))?;
    }
    Ok((PyBytes::new(py, &options.value), parameters))
}
