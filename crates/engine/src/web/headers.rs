//! Header fields as ASGI has them, a list of pairs of bytes: found, set and removed by name.
//!
//! `Headers` and its kin are Python classes over such a list, which they share with a scope or a
//! message; what costs in them is here. Names in the list are lower-case already, those that are
//! asked for are any, and both are Latin-1.

use std::borrow::Cow;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

/// A field's name, or its value, as bytes.
pub(super) fn encoded<'py>(text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyBytes>> {
    let py = text.py();
    let known = text.to_str().ok().filter(|known| known.is_ascii());
    if let Some(known) = known {
        return Ok(PyBytes::new(py, known.as_bytes()));
    }
    // Raises what the user is to see for text that is no Latin-1.
    let bytes = text.call_method1(intern!(py, "encode"), (intern!(py, "latin-1"),))?;
    Ok(bytes.cast_into()?)
}

/// The name that stands in the list for the one that is asked for.
pub(super) fn name_of<'a>(key: &'a Bound<'_, PyString>) -> PyResult<Cow<'a, [u8]>> {
    if let Ok(known) = key.to_str()
        && known.is_ascii()
    {
        let bytes = known.as_bytes();
        return Ok(if bytes.iter().any(u8::is_ascii_uppercase) {
            Cow::Owned(bytes.to_ascii_lowercase())
        } else {
            Cow::Borrowed(bytes)
        });
    }
    let lower = key.call_method0(intern!(key.py(), "lower"))?;
    let bytes = encoded(lower.cast::<PyString>()?)?;
    Ok(Cow::Owned(bytes.as_bytes().to_vec()))
}

/// Latin-1 as text.
pub(crate) fn text<'py>(py: Python<'py>, value: &[u8]) -> Bound<'py, PyString> {
    match std::str::from_utf8(value) {
        Ok(ascii) if value.is_ascii() => PyString::new(py, ascii),
        _ => PyString::new(
            py,
            &value.iter().copied().map(char::from).collect::<String>(),
        ),
    }
}

/// Calls `each` with the value of every pair of this name, until it says that it has seen enough.
pub(super) fn each_value<'py>(
    raw: &Bound<'py, PyAny>,
    name: &[u8],
    mut each: impl FnMut(&Bound<'py, PyAny>) -> PyResult<bool>,
) -> PyResult<()> {
    let mut look = |pair: &Bound<'py, PyAny>| -> PyResult<bool> {
        let Ok(known) = pair.cast_exact::<PyTuple>() else {
            return if is_named(pair, name)? {
                each(&pair.get_item(1)?)
            } else {
                Ok(true)
            };
        };
        let found = known.get_borrowed_item(0)?;
        let same = match found.cast::<PyBytes>() {
            Ok(found) => found.as_bytes() == name,
            Err(_) => is_named(pair, name)?,
        };
        if same {
            each(&known.get_item(1)?)
        } else {
            Ok(true)
        }
    };
    if let Ok(list) = raw.cast_exact::<PyList>() {
        for pair in list {
            if !look(&pair)? {
                break;
            }
        }
        return Ok(());
    }
    for pair in raw.try_iter()? {
        if !look(&pair?)? {
            break;
        }
    }
    Ok(())
}

/// Whether a pair of any kind has this name.
fn is_named(pair: &Bound<'_, PyAny>, name: &[u8]) -> PyResult<bool> {
    pair.get_item(0)?.eq(PyBytes::new(pair.py(), name))
}

/// A value as text; of any kind that can be decoded.
pub(super) fn value_text<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    if let Ok(value) = value.cast::<PyBytes>() {
        return Ok(text(py, value.as_bytes()).into_any());
    }
    value.call_method1(intern!(py, "decode"), (intern!(py, "latin-1"),))
}

/// The first value of `key` among the pairs of `raw`, or `None`.
///
/// Raises `UnicodeEncodeError` for a key that cannot be a name.
#[pyfunction]
#[pyo3(signature = (raw, key, /))]
pub(crate) fn find_header<'py>(
    raw: &Bound<'py, PyAny>,
    key: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let mut first = None;
    each_value(raw, &name_of(key)?, |value| {
        first = Some(value_text(value)?);
        Ok(false)
    })?;
    Ok(first)
}

/// Every value of `key` among the pairs of `raw`, in order.
///
/// Raises `UnicodeEncodeError` for a key that cannot be a name.
#[pyfunction]
#[pyo3(signature = (raw, key, /))]
pub(crate) fn find_headers<'py>(
    raw: &Bound<'py, PyAny>,
    key: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyList>> {
    let found = PyList::empty(raw.py());
    each_value(raw, &name_of(key)?, |value| {
        found.append(value_text(value)?)?;
        Ok(true)
    })?;
    Ok(found)
}

/// Sets `key` where it first stands in `raw`, or at the end; any further ones go.
///
/// Raises `UnicodeEncodeError` for a key or a value that is no Latin-1.
#[pyfunction]
#[pyo3(signature = (raw, key, value, /))]
pub(crate) fn set_header(
    raw: &Bound<'_, PyList>,
    key: &Bound<'_, PyString>,
    value: &Bound<'_, PyString>,
) -> PyResult<()> {
    let py = raw.py();
    let name = name_of(key)?;
    let pair = (PyBytes::new(py, &name), encoded(value)?);
    match remove_but_first(raw, &name, true)? {
        Some(index) => raw.set_item(index, pair),
        None => raw.append(pair),
    }
}

/// Names one more header that an answer depends on.
pub(super) fn add_vary(raw: &Bound<'_, PyList>, name: &Bound<'_, PyString>) -> PyResult<()> {
    let vary = intern!(raw.py(), "vary");
    let present = find_headers(raw, vary)?;
    if present.is_empty() {
        return set_header(raw, vary, name);
    }
    present.append(name)?;
    let all = intern!(raw.py(), ", ").call_method1(intern!(raw.py(), "join"), (present,))?;
    set_header(raw, vary, all.cast()?)
}

/// Removes `key` from `raw`, wherever it stands; it need not be there.
///
/// Raises `UnicodeEncodeError` for a key that cannot be a name.
#[pyfunction]
#[pyo3(signature = (raw, key, /))]
pub(crate) fn remove_header(raw: &Bound<'_, PyList>, key: &Bound<'_, PyString>) -> PyResult<()> {
    remove_but_first(raw, &name_of(key)?, false).map(drop)
}

/// Removes the pairs of this name; with `keeps`, all but the first, whose place is returned.
fn remove_but_first(raw: &Bound<'_, PyList>, name: &[u8], keeps: bool) -> PyResult<Option<usize>> {
    let (mut first, mut gone) = (None, Vec::new());
    for (index, pair) in raw.iter().enumerate() {
        let found = pair.get_item(0)?;
        let same = match found.cast::<PyBytes>() {
            Ok(found) => found.as_bytes() == name,
            Err(_) => is_named(&pair, name)?,
        };
        if same && keeps && first.is_none() {
            first = Some(index);
        } else if same {
            gone.push(index);
        }
    }
    if gone.len() > 1 {
        // In one go: removed one after the other, many would be moved many times.
        let mut gone = gone.into_iter().peekable();
        let kept = PyList::empty(raw.py());
        for (index, pair) in raw.iter().enumerate() {
            if gone.next_if_eq(&index).is_none() {
                kept.append(pair)?;
            }
        }
        raw.set_slice(0, raw.len(), &kept)?;
    } else if let Some(index) = gone.pop() {
        raw.del_item(index)?;
    }
    Ok(first)
}

/// The cookies among the pairs of `raw`. Of several with one name the last counts.
#[pyfunction]
#[pyo3(signature = (raw, /))]
pub(crate) fn find_cookies<'py>(raw: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let cookies = PyDict::new(raw.py());
    each_value(raw, b"cookie", |value| {
        if let Ok(header) = value.cast::<PyBytes>() {
            for (name, value) in params::cookies(header.as_bytes()) {
                cookies.set_item(name, value)?;
            }
        }
        Ok(true)
    })?;
    Ok(cookies)
}

/// The value of the cookie `name` among the pairs of `raw`, the last one of several.
pub(super) fn find_last_cookie(raw: &Bound<'_, PyAny>, name: &str) -> PyResult<Option<String>> {
    let mut found = None;
    each_value(raw, b"cookie", |value| {
        if let Ok(header) = value.cast::<PyBytes>() {
            let last = params::cookie(header.as_bytes(), name);
            found = last.map(Cow::into_owned).or(found.take());
        }
        Ok(true)
    })?;
    Ok(found)
}
