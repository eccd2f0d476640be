//! Plain Python values to JSON, byte for byte as Starlette's `JSONResponse` writes them:
//! `json.dumps(ensure_ascii=False, allow_nan=False, indent=None, separators=(",", ":"))`.
//!
//! Plain means the exact classes `dict`, `list`, `tuple`, `str`, `int`, `float`, `bool` and `None`:
//! a subclass may mean something else by its value, and only Python knows. No Python code runs in
//! here, so nothing can change a container while it is being read.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple, PyType};

use super::known::Known;
use super::{Unsupported, number, text};

/// How deep containers may nest. Python's own limit is its recursion limit (1,000 by default);
/// deeper documents go there, so that this recursion stays a few kilobytes of stack.
const DEEPEST: usize = 200;

/// `FastAPI` drops keys with this prefix (`SQLAlchemy` keeps its state under them). So rare that the
/// whole document is left to Python.
const DROPPED_PREFIX: &[u8] = b"\"_sa";

/// Appends the JSON of `value` to `out`, and nothing at all if it is [`Unsupported`].
///
/// Beyond what is plain it writes what is `known`, as `jsonable_encoder` and `json.dumps` would.
///
/// The only allocations are those of `out`, and one for an `int` beyond 64 bits.
pub(crate) fn write(
    value: &Bound<'_, PyAny>,
    out: &mut Vec<u8>,
    known: Option<&Known>,
) -> Result<(), Unsupported> {
    let before = out.len();
    let written = write_value(value, out, DEEPEST, known);
    if written.is_err() {
        out.truncate(before);
    }
    written
}

pub(super) fn write_value(
    value: &Bound<'_, PyAny>,
    out: &mut Vec<u8>,
    depth: usize,
    known: Option<&Known>,
) -> Result<(), Unsupported> {
    if let Ok(text) = value.cast_exact::<PyString>() {
        text::write(text, out)
    } else if let Ok(integer) = value.cast_exact::<PyInt>() {
        number::write_integer(integer, out)
    } else if let Ok(dict) = value.cast_exact::<PyDict>() {
        write_dict(dict, out, below(depth)?, known)
    } else if let Ok(list) = value.cast_exact::<PyList>() {
        write_items(list.iter(), out, below(depth)?, known)
    } else if value.is_none() {
        out.extend_from_slice(b"null");
        Ok(())
    } else if let Ok(float) = value.cast_exact::<PyFloat>() {
        number::write_float(float.value(), out)
    } else if let Ok(boolean) = value.cast_exact::<PyBool>() {
        out.extend_from_slice(if boolean.is_true() { b"true" } else { b"false" });
        Ok(())
    } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
        write_items(tuple.iter(), out, below(depth)?, known)
    } else {
        known.ok_or(Unsupported)?.write(value, out, depth)
    }
}

pub(super) fn below(depth: usize) -> Result<usize, Unsupported> {
    depth.checked_sub(1).ok_or(Unsupported)
}

fn write_items<'py>(
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    out: &mut Vec<u8>,
    depth: usize,
    known: Option<&Known>,
) -> Result<(), Unsupported> {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_value(&item, out, depth, known)?;
    }
    out.push(b']');
    Ok(())
}

fn write_dict(
    dict: &Bound<'_, PyDict>,
    out: &mut Vec<u8>,
    depth: usize,
    known: Option<&Known>,
) -> Result<(), Unsupported> {
    out.push(b'{');
    let mut keys = Keys::default();
    for (index, (key, value)) in dict.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        keys.write(index, &key, out, known)?;
        out.push(b':');
        write_value(&value, out, depth, known)?;
    }
    out.push(b'}');
    Ok(())
}

/// The keys of one object: plain ones, or all of one class that is known. Others could turn out to be
/// the same key, of which Python keeps the last.
#[derive(Default)]
struct Keys<'py> {
    class: Option<Bound<'py, PyType>>,
}

impl<'py> Keys<'py> {
    fn write(
        &mut self,
        index: usize,
        key: &Bound<'py, PyAny>,
        out: &mut Vec<u8>,
        known: Option<&Known>,
    ) -> Result<(), Unsupported> {
        let start = out.len();
        if let Some(class) = &self.class {
            if !key.get_type().is(class) {
                return Err(Unsupported);
            }
        } else if is_plain_key(key) || known.is_none() || index > 0 {
            return write_plain_key(key, out);
        } else {
            self.class = Some(key.get_type());
        }
        let known = known.ok_or(Unsupported)?;
        known.shape(key)?.write_key(key, out, known)?;
        refuse_dropped(out, start)
    }
}

fn is_plain_key(key: &Bound<'_, PyAny>) -> bool {
    key.is_exact_instance_of::<PyString>()
        || key.is_exact_instance_of::<PyInt>()
        || key.is_exact_instance_of::<PyFloat>()
        || key.is_exact_instance_of::<PyBool>()
        || key.is_none()
}

fn refuse_dropped(out: &[u8], start: usize) -> Result<(), Unsupported> {
    let key = out.get(start..).unwrap_or_default();
    if key.starts_with(DROPPED_PREFIX) {
        return Err(Unsupported);
    }
    Ok(())
}

fn write_plain_key(key: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> Result<(), Unsupported> {
    let start = out.len();
    if let Ok(text) = key.cast_exact::<PyString>() {
        text::write(text, out)?;
        return refuse_dropped(out, start);
    }
    // json writes the scalars that it takes as keys as it would write them as values, in quotes;
    // with no depth left, a tuple is refused.
    out.push(b'"');
    write_value(key, out, 0, None)?;
    out.push(b'"');
    Ok(())
}
