//! A dictionary that one scope after the other holds.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit};

use crate::references::references;

/// A dictionary that each request may change as it likes, and most do not.
///
/// It is lent: who comes next gets the very same if nobody else holds it any more and it is as it
/// was, and a new one otherwise. Nobody can tell the difference.
pub(super) struct Lent {
    dict: Py<PyDict>,
    /// What there is in it, as it was made.
    entries: Vec<(Py<PyAny>, Py<PyAny>)>,
    /// The dictionaries among its values: all empty, and its own.
    inner: Vec<Py<PyDict>>,
    /// What it is made as; never handed out. Dictionaries in it stand for empty ones.
    model: Py<PyDict>,
    /// The dictionary's own count of its changes.
    #[cfg(not(Py_3_14))]
    version: u64,
}

/// Those to a dictionary within it: one in each of the lists here, and its own.
const AT_HOME_INSIDE: isize = 3;

impl Lent {
    pub(super) fn new(py: Python<'_>, model: Py<PyDict>) -> PyResult<Self> {
        let dict = copy(py, &model)?;
        let unbound = |(key, value): (Bound<'_, _>, Bound<'_, _>)| (key.unbind(), value.unbind());
        let entries: Vec<_> = dict.bind(py).iter().map(unbound).collect();
        let values = entries.iter().map(|(_, value)| value.bind(py));
        let inner = values.filter_map(|value| value.cast::<PyDict>().ok());
        Ok(Self {
            inner: inner.map(|inner| inner.clone().unbind()).collect(),
            #[cfg(not(Py_3_14))]
            version: version(&dict),
            dict,
            entries,
            model,
        })
    }

    pub(super) fn dict(&self) -> &Py<PyDict> {
        &self.dict
    }

    /// Whether the next request can have it, where so many scopes at home hold it.
    pub(super) fn is_at_home(&self, py: Python<'_>, holders: isize) -> bool {
        // An empty one that somebody kept may be filled later.
        let is_own =
            |inner: &Py<PyDict>| references(inner) == AT_HOME_INSIDE && inner.bind(py).is_empty();
        references(&self.dict) == 1 + holders
            && self.is_unchanged(py)
            && self.inner.iter().all(is_own)
    }

    /// Leaves the dictionary to whoever has it, and takes another.
    pub(super) fn renew(&mut self, py: Python<'_>) -> PyResult<&Py<PyDict>> {
        *self = Self::new(py, self.model.clone_ref(py))?;
        Ok(&self.dict)
    }

    /// Whether there is in it what there was when it was made.
    #[cfg(not(Py_3_14))]
    pub(super) fn is_unchanged(&self, _py: Python<'_>) -> bool {
        version(&self.dict) == self.version
    }

    #[cfg(Py_3_14)]
    pub(super) fn is_unchanged(&self, py: Python<'_>) -> bool {
        use super::entries::{Entries, Entry};
        let dict = self.dict.bind(py);
        let is_same =
            |((known, as_made), (key, value)): (&(Py<PyAny>, Py<PyAny>), Entry<'_, '_>)| {
                key.is(known) && value.is(as_made)
            };
        dict.len() == self.entries.len() && self.entries.iter().zip(Entries::of(dict)).all(is_same)
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.dict)?;
        for (key, value) in &self.entries {
            visit.call(key)?;
            visit.call(value)?;
        }
        self.inner.iter().try_for_each(|inner| visit.call(inner))?;
        visit.call(&self.model)
    }
}

/// What a dictionary looked like.
#[derive(Clone, Copy)]
pub(super) struct Seal {
    #[cfg(not(Py_3_14))]
    version: u64,
}

impl Seal {
    /// Of a dictionary as it is; none where nothing tells a change at a glance.
    #[cfg(not(Py_3_14))]
    #[expect(clippy::unnecessary_wraps, reason = "there is none in CPython 3.14")]
    pub(super) fn of(dict: &Py<PyDict>) -> Option<Self> {
        let version = version(dict);
        Some(Self { version })
    }

    #[cfg(Py_3_14)]
    pub(super) fn of(_dict: &Py<PyDict>) -> Option<Self> {
        None
    }

    /// Whether it is that dictionary, and nobody has changed it. No two have been the same.
    #[cfg(not(Py_3_14))]
    pub(super) fn is_whole(self, dict: &Py<PyDict>) -> bool {
        version(dict) == self.version
    }

    #[cfg(Py_3_14)]
    #[expect(
        clippy::unused_self,
        reason = "there is something to compare before CPython 3.14"
    )]
    pub(super) fn is_whole(self, _dict: &Py<PyDict>) -> bool {
        false
    }
}

/// How often a dictionary was changed, counted over all dictionaries. `CPython` 3.14 counts no more.
#[cfg(not(Py_3_14))]
#[cfg_attr(
    Py_3_12,
    expect(deprecated, reason = "it goes with 3.14, and so does this")
)]
fn version(dict: &Py<PyDict>) -> u64 {
    // SAFETY: a live dictionary, whose count is read while the caller is attached.
    unsafe { (*dict.as_ptr().cast::<pyo3::ffi::PyDictObject>()).ma_version_tag }
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
