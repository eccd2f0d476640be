//! Query strings: text to pairs of names and values, and back.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

static PARSE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static ENCODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The pairs of a query as it was sent, in order and with blank values, as `urllib.parse.parse_qsl` gives them.
pub(super) fn pairs_of_bytes<'py>(py: Python<'py>, query: &[u8]) -> PyResult<Bound<'py, PyList>> {
    let pairs = PyList::empty(py);
    for (name, value) in params::pairs(query) {
        pairs.append(PyTuple::new(py, [&*name, &*value])?)?;
    }
    Ok(pairs)
}

/// The pairs of a query that is text.
pub(super) fn pairs_of_text<'py>(query: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyList>> {
    let py = query.py();
    if let Ok(known) = query.to_str()
        && known.is_ascii()
    {
        return pairs_of_bytes(py, known.as_bytes());
    }
    let options = PyDict::new(py);
    options.set_item(intern!(py, "keep_blank_values"), true)?;
    let parse = PARSE.import(py, "urllib.parse", "parse_qsl")?;
    Ok(parse.call((query,), Some(&options))?.cast_into()?)
}

/// The query of these pairs, as `urllib.parse.urlencode` writes it.
pub(super) fn query_of<'py>(pairs: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    let py = pairs.py();
    if let Some(query) = pairs.cast_exact::<PyList>().ok().and_then(written) {
        return Ok(PyString::new(py, &query));
    }
    // Anything but text; or text that cannot be written, of which this raises what the user is to see.
    let encode = ENCODE.import(py, "urllib.parse", "urlencode")?;
    Ok(encode.call1((pairs,))?.cast_into()?)
}

/// The query of pairs of text; `None` where something else is among them.
fn written(pairs: &Bound<'_, PyList>) -> Option<String> {
    let mut query = String::new();
    for pair in pairs {
        let pair = pair.cast_exact::<PyTuple>().ok()?;
        let [name, value] = pair.as_slice() else {
            return None;
        };
        if !query.is_empty() {
            query.push('&');
        }
        for (part, after) in [(name, "="), (value, "")] {
            let text = part.cast_exact::<PyString>().ok()?;
            params::encode_form(text.to_str().ok()?, &mut query);
            query.push_str(after);
        }
    }
    Some(query)
}

/// What one item of a list of pairs holds.
///
/// # Errors
/// `ValueError` for one that has not two parts, `TypeError` for one that has none.
pub(super) fn unpacked<'py>(
    item: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    if let Ok(pair) = item.cast_exact::<PyTuple>()
        && let [key, value] = pair.as_slice()
    {
        return Ok((key.clone(), value.clone()));
    }
    let parts = item.try_iter()?.collect::<PyResult<Vec<_>>>()?;
    <[_; 2]>::try_from(parts)
        .map(|[key, value]| (key, value))
        .map_err(|parts| {
            PyValueError::new_err(format!(
                "a pair has a key and a value, this one has {} parts",
                parts.len()
            ))
        })
}

/// Pairs of text, whatever their parts were.
pub(super) fn text_pairs<'py>(pairs: &Bound<'py, PyList>) -> PyResult<Bound<'py, PyList>> {
    let texts = PyList::empty(pairs.py());
    for item in pairs {
        let (key, value) = unpacked(&item)?;
        texts.append(text_pair(&key, &value)?)?;
    }
    Ok(texts)
}

/// A pair of text, whatever its parts were.
pub(super) fn text_pair<'py>(
    key: &Bound<'py, PyAny>,
    value: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(key.py(), [as_text(key)?, as_text(value)?])
}

fn as_text<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    match value.cast_exact::<PyString>() {
        Ok(text) => Ok(text.clone()),
        Err(_) => value.str(),
    }
}

/// What a query may be given as where it is not pairs already.
pub(super) fn pairs_of_query<'py>(
    query: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyList>>> {
    if let Ok(bytes) = query.cast::<PyBytes>() {
        return pairs_of_bytes(query.py(), bytes.as_bytes()).map(Some);
    }
    let text = query.cast::<PyString>();
    text.ok().map(pairs_of_text).transpose()
}
