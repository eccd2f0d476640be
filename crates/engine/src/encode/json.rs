//! Plain Python values to JSON, byte for byte as Starlette's `JSONResponse` writes them:
//! `json.dumps(ensure_ascii=False, allow_nan=False, indent=None, separators=(",", ":"))`.
//!
//! Plain means the exact classes `dict`, `list`, `tuple`, `str`, `int`, `float`, `bool` and `None`:
//! a subclass may mean something else by its value, and only Python knows. No Python code runs in
//! here, so nothing can change a container while it is being read.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use super::{Unsupported, number, text};

/// How deep containers may nest. Python's own limit is its recursion limit (1,000 by default);
/// deeper documents go there, so that this recursion stays a few kilobytes of stack.
const DEEPEST: usize = 200;

/// `FastAPI` drops keys with this prefix (`SQLAlchemy` keeps its state under them). So rare that the
/// whole document is left to Python.
const DROPPED_PREFIX: &[u8] = b"\"_sa";

/// Appends the JSON of `value` to `out`, and nothing at all if it is [`Unsupported`].
///
/// The only allocations are those of `out`, and one for an `int` beyond 64 bits.
pub(crate) fn write(
    _py: Python<'_>,
    value: &Bound<'_, PyAny>,
    out: &mut Vec<u8>,
) -> Result<(), Unsupported> {
    let before = out.len();
    let written = write_value(value, out, DEEPEST);
    if written.is_err() {
        out.truncate(before);
    }
    written
}

fn write_value(
    value: &Bound<'_, PyAny>,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<(), Unsupported> {
    if let Ok(text) = value.cast_exact::<PyString>() {
        text::write(text, out)
    } else if let Ok(integer) = value.cast_exact::<PyInt>() {
        number::write_integer(integer, out)
    } else if let Ok(dict) = value.cast_exact::<PyDict>() {
        write_dict(dict, out, below(depth)?)
    } else if let Ok(list) = value.cast_exact::<PyList>() {
        write_items(list.iter(), out, below(depth)?)
    } else if value.is_none() {
        out.extend_from_slice(b"null");
        Ok(())
    } else if let Ok(float) = value.cast_exact::<PyFloat>() {
        number::write_float(float.value(), out)
    } else if let Ok(boolean) = value.cast_exact::<PyBool>() {
        out.extend_from_slice(if boolean.is_true() { b"true" } else { b"false" });
        Ok(())
    } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
        write_items(tuple.iter(), out, below(depth)?)
    } else {
        Err(Unsupported)
    }
}

fn below(depth: usize) -> Result<usize, Unsupported> {
    depth.checked_sub(1).ok_or(Unsupported)
}

fn write_items<'py>(
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<(), Unsupported> {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_value(&item, out, depth)?;
    }
    out.push(b']');
    Ok(())
}

fn write_dict(
    dict: &Bound<'_, PyDict>,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<(), Unsupported> {
    out.push(b'{');
    for (index, (key, value)) in dict.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_key(&key, out)?;
        out.push(b':');
        write_value(&value, out, depth)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_key(key: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> Result<(), Unsupported> {
    let start = out.len();
    if let Ok(text) = key.cast_exact::<PyString>() {
        text::write(text, out)?;
        let dropped = out
            .get(start..)
            .is_some_and(|key| key.starts_with(DROPPED_PREFIX));
        return if dropped { Err(Unsupported) } else { Ok(()) };
    }
    // json writes the scalars that it takes as keys as it would write them as values, in quotes;
    // with no depth left, a tuple is refused.
    out.push(b'"');
    write_value(key, out, 0)?;
    out.push(b'"');
    Ok(())
}
