//! A dictionary that one scope after the other holds.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit};

use super::entries::{Entries, Entry};
use crate::references::references;

/// A dictionary that each request may change as it likes, and most do not.
///
/// It is lent: who comes next gets the very same if nobody else holds it any more and it is as it
/// was, and a new one otherwise. Nobody can tell the difference.
pub(super) struct Lent {
    dict: Py<PyDict>,
    /// What it has to be like; never handed out. Dictionaries in it stand for empty ones.
    model: Py<PyDict>,
    /// The entries of the model.
    entries: Vec<(Py<PyAny>, Py<PyAny>)>,
}

/// The references to a dictionary that is at home: the one here, and the one of the mould's scope.
const AT_HOME: isize = 2;

impl Lent {
    pub(super) fn new(py: Python<'_>, model: Py<PyDict>) -> PyResult<Self> {
        let unbound = |(key, value): (Bound<'_, _>, Bound<'_, _>)| (key.unbind(), value.unbind());
        Ok(Self {
            dict: copy(py, &model)?,
            entries: model.bind(py).iter().map(unbound).collect(),
            model,
        })
    }

    pub(super) fn dict(&self) -> &Py<PyDict> {
        &self.dict
    }

    /// Whether the next request can have it.
    pub(super) fn is_at_home(&self, py: Python<'_>) -> bool {
        references(&self.dict) == AT_HOME && self.is_unchanged(py)
    }

    /// Leaves the dictionary to whoever has it, and takes another.
    pub(super) fn renew(&mut self, py: Python<'_>) -> PyResult<&Py<PyDict>> {
        self.dict = copy(py, &self.model)?;
        Ok(&self.dict)
    }

    fn is_unchanged(&self, py: Python<'_>) -> bool {
        let dict = self.dict.bind(py);
        let is_alike = |((known, model), (key, value)): (&(Py<PyAny>, _), Entry<'_, '_>)| {
            key.is(known)
                && match value.cast_exact::<PyDict>() {
                    // An empty one that somebody kept may be filled later.
                    Ok(inner) => inner.is_empty() && references(inner.as_unbound()) == 1,
                    Err(_) => value.is(model),
                }
        };
        dict.len() == self.entries.len() && self.entries.iter().zip(Entries::of(dict)).all(is_alike)
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.dict)?;
        visit.call(&self.model)
    }
}

/// A copy of `model` whose dictionaries are its own.
pub(super) fn copy(py: Python<'_>, model: &Py<PyDict>) -> PyResult<Py<PyDict>> {
    let copied = model.bind(py).copy()?;
    for (key, value) in model.bind(py) {
        if value.is_instance_of::<PyDict>() {
            copied.set_item(key, PyDict::new(py))?;
        }
    }
    Ok(copied.unbind())
}
