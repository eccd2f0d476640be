//! From what a handler returned to the bytes of the answer.
//!
//! The engine writes plain documents itself and gives everything else back to Python, whole:
//! there is no document of which one half was written here and the other half there.

pub(crate) mod json;
pub(crate) mod known;
mod number;
pub(crate) mod plain;
mod shape;
pub(crate) mod text;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// A value (or a whole document around it) that Python has to encode, or to refuse.
///
/// It says nothing about why: the caller's answer is the same for a model, a `datetime`, a NaN or
/// a lone surrogate, namely to ask Python, which either knows how or raises what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unsupported;

/// The JSON of a plain document as `bytes`, or `None` where the engine leaves it to Python.
#[pyfunction]
#[pyo3(signature = (value, /))]
pub(crate) fn encode_json<'py>(value: &Bound<'py, PyAny>) -> Option<Bound<'py, PyBytes>> {
    let mut out = Vec::with_capacity(128);
    json::write(value, &mut out, None).ok()?;
    Some(PyBytes::new(value.py(), &out))
}
