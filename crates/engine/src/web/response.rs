//! What a new response of `jebi.web` begins with.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use super::headers::{encoded, name_of};

static LENGTH: PyOnceLock<Py<PyBytes>> = PyOnceLock::new();
static TYPE: PyOnceLock<Py<PyBytes>> = PyOnceLock::new();

const LENGTH_NAME: &[u8] = b"content-length";
const TYPE_NAME: &[u8] = b"content-type";

/// The headers of a response: those of the mapping `headers`, then length and type of the body where they miss.
///
/// A response that streams has no `body` to measure; 1xx, 204 and 304 must not declare one.
///
/// Raises `UnicodeEncodeError` for a name or a value that is no Latin-1.
#[pyfunction]
#[pyo3(signature = (headers, body, status, media_type, charset, /))]
pub(crate) fn initial_headers<'py>(
    py: Python<'py>,
    headers: Option<&Bound<'py, PyAny>>,
    body: Option<&Bound<'py, PyAny>>,
    status: i64,
    media_type: Option<&Bound<'py, PyString>>,
    charset: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyList>> {
    let raw = PyList::empty(py);
    let (mut has_length, mut has_type) = (false, false);
    if let Some(headers) = headers
        && headers.is_truthy()?
    {
        let items = match headers.cast_exact::<PyDict>() {
            Ok(headers) => headers.items().into_any(),
            Err(_) => headers.call_method0(intern!(py, "items"))?,
        };
        for pair in items.try_iter()? {
            let (key, value): (Bound<'_, PyString>, Bound<'_, PyString>) = pair?.extract()?;
            let name = name_of(&key)?;
            has_length |= *name == *LENGTH_NAME;
            has_type |= *name == *TYPE_NAME;
            raw.append((PyBytes::new(py, &name), encoded(&value)?))?;
        }
    }
    if let Some(body) = body
        && !has_length
        && status >= 200
        && !matches!(status, 204 | 304)
    {
        let mut digits = itoa::Buffer::new();
        let length = PyBytes::new(py, digits.format(body.len()?).as_bytes());
        raw.append((known(py, &LENGTH, LENGTH_NAME), length))?;
    }
    if let Some(media_type) = media_type
        && !has_type
    {
        raw.append((
            known(py, &TYPE, TYPE_NAME),
            content_type(media_type, charset)?,
        ))?;
    }
    Ok(raw)
}

fn known<'py>(
    py: Python<'py>,
    cell: &'static PyOnceLock<Py<PyBytes>>,
    name: &[u8],
) -> Bound<'py, PyBytes> {
    let known = cell.get_or_init(py, || PyBytes::new(py, name).unbind());
    known.bind(py).clone()
}

/// The value of `Content-Type`: text says what it is encoded in.
fn content_type<'py>(
    media_type: &Bound<'py, PyString>,
    charset: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    if let Ok(text) = media_type.to_str()
        && text.starts_with("text/")
        && !names_charset(text)
    {
        let charset = charset.str()?;
        let value = [text, "; charset=", charset.to_str()?].concat();
        if value.is_ascii() {
            return Ok(PyBytes::new(media_type.py(), value.as_bytes()));
        }
        return encoded(&PyString::new(media_type.py(), &value));
    }
    encoded(media_type)
}

fn names_charset(media_type: &str) -> bool {
    let name = b"charset=";
    let mut places = media_type.as_bytes().windows(name.len());
    places.any(|place| place.eq_ignore_ascii_case(name))
}
