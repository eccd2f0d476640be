//! What middleware asks of a request, straight from its scope.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PySequence, PyString};

use super::headers::{find_header, find_last_cookie};

/// The headers in a scope as a list, which is put into the scope; a list of its own if it `is_owned`.
///
/// ASGI allows any iterable, and an iterator can be walked only once.
pub(super) fn scope_headers<'py>(
    scope: &Bound<'py, PyAny>,
    is_owned: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let py = scope.py();
    let key = intern!(py, "headers");
    let known = match scope.cast_exact::<PyDict>() {
        Ok(scope) => scope.get_item(key)?,
        Err(_) => None,
    };
    let headers = match known {
        Some(headers) => headers,
        None => scope.get_item(key)?,
    };
    if !is_owned && headers.cast_exact::<PyList>().is_ok() {
        return Ok(headers);
    }
    let list = PyList::empty(py);
    list.call_method1(intern!(py, "extend"), (headers,))?;
    scope.set_item(key, &list)?;
    Ok(list.into_any())
}

/// The first value of the header `name` in a scope, or `None`.
///
/// Raises `UnicodeEncodeError` for a name that cannot be one.
#[pyfunction]
#[pyo3(signature = (scope, name, /))]
pub(crate) fn request_header<'py>(
    scope: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    find_header(&scope_headers(scope, false)?, name)
}

/// The value of the cookie `name` in a scope, the last one of several, or `None`.
#[pyfunction]
#[pyo3(signature = (scope, name, /))]
pub(crate) fn request_cookie(scope: &Bound<'_, PyAny>, name: &str) -> PyResult<Option<String>> {
    find_last_cookie(&scope_headers(scope, false)?, name)
}

/// Whether the `Host` header of a scope is one of `hosts` to the letter, its case and its port apart.
///
/// Most requests are for a host that is listed, and need no parser.
#[pyfunction]
#[pyo3(signature = (scope, hosts, /))]
pub(crate) fn is_for_host(
    scope: &Bound<'_, PyAny>,
    hosts: &Bound<'_, PySequence>,
) -> PyResult<bool> {
    let Some(header) = request_header(scope, intern!(scope.py(), "host"))? else {
        return Ok(false);
    };
    let header = header.extract::<&str>()?;
    let (name, port) = match header.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (header, None),
    };
    let has_digits =
        |port: &str| !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit());
    if name.is_empty() || !name.is_ascii() || !port.is_none_or(has_digits) {
        return Ok(false);
    }
    let name = name.to_ascii_lowercase();
    for host in hosts.try_iter()? {
        if host?.extract::<&str>()? == name {
            return Ok(true);
        }
    }
    Ok(false)
}
