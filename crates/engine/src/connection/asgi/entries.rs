//! The entries of a dictionary, looked at in passing.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{Borrowed, ffi};

/// The entries of a dictionary in their order, borrowed: looking at them changes no count of
/// references.
///
/// No Python may run, and nothing be set, between one entry and the next.
pub(super) struct Entries<'a, 'py> {
    dict: &'a Bound<'py, PyDict>,
    position: ffi::Py_ssize_t,
}

/// A key and its value.
pub(super) type Entry<'a, 'py> = (Borrowed<'a, 'py, PyAny>, Borrowed<'a, 'py, PyAny>);

impl<'a, 'py> Entries<'a, 'py> {
    pub(super) fn of(dict: &'a Bound<'py, PyDict>) -> Self {
        Self { dict, position: 0 }
    }
}

impl<'a, 'py> Iterator for Entries<'a, 'py> {
    type Item = Entry<'a, 'py>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a, 'py>> {
        let (mut key, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
        let py = self.dict.py();
        // SAFETY: the dictionary is live, and both places are written before they are read. What is found is
        // borrowed from the dictionary, which keeps it for as long as nobody sets anything there.
        unsafe {
            let found = ffi::PyDict_Next(
                self.dict.as_ptr(),
                &raw mut self.position,
                &raw mut key,
                &raw mut value,
            );
            (found != 0).then(|| (Borrowed::from_ptr(py, key), Borrowed::from_ptr(py, value)))
        }
    }
}
