//! `bytes` that their receiver did not keep, to be filled again.

use std::ops::RangeInclusive;
use std::ptr;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::attached::Attached;
use crate::references::is_ours_alone;

/// The lengths that are worth it. Shorter `bytes` come from Python's own pools, which cost as little;
/// longer ones would be a lot to keep for nothing.
const WORTH_KEEPING: RangeInclusive<usize> = 480..=32 * 1024;

/// The last `bytes` of one loop that their receiver was done with when it returned.
///
/// Beyond half a kilobyte their memory is the C library's; to take it and to give it back is a fifth
/// of what a message of 1 KiB costs outside of the kernel. Most protocols keep no message, and many
/// get one after the other of the same length.
#[derive(Debug, Default)]
pub(super) struct Reused(Attached<Option<Py<PyBytes>>>);

impl Reused {
    /// `bytes` with a copy of `data`.
    pub(super) fn copy<'py>(&self, py: Python<'py>, data: &[u8]) -> Bound<'py, PyBytes> {
        match self.take(py, data.len()) {
            Some(bytes) => {
                // SAFETY: nobody else has the object, and it is as long as `data`.
                unsafe { fill(&bytes, data) };
                bytes
            }
            None => PyBytes::new(py, data),
        }
    }

    /// Keeps `bytes` that their receiver is done with, unless somebody else has them.
    pub(super) fn give_back(&self, bytes: Bound<'_, PyBytes>) {
        if WORTH_KEEPING.contains(&bytes.as_bytes().len()) && is_ours_alone(bytes.as_unbound()) {
            drop(self.0.replace(bytes.py(), Some(bytes.unbind())));
        }
    }

    /// Gives up what is kept.
    pub(super) fn clear(&self, py: Python<'_>) {
        drop(self.0.take(py));
    }

    fn take<'py>(&self, py: Python<'py>, length: usize) -> Option<Bound<'py, PyBytes>> {
        if !WORTH_KEEPING.contains(&length) {
            return None;
        }
        let fits = |bytes: &mut Py<PyBytes>| bytes.as_bytes(py).len() == length;
        let bytes = self.0.with(py, |kept| kept.take_if(fits))?;
        Some(bytes.into_bound(py)).filter(|bytes| is_ours_alone(bytes.as_unbound()))
    }
}

/// Puts other data into `bytes`.
///
/// # Safety
/// The caller has the only reference, and `data` is as long as `bytes`.
unsafe fn fill(bytes: &Bound<'_, PyBytes>, data: &[u8]) {
    let object = bytes.as_ptr().cast::<ffi::PyBytesObject>();
    // SAFETY: the object is `bytes`, of a class without subclasses' fields before these. Nobody
    // looks at it meanwhile; its memory holds `data` and, untouched, the zero behind it.
    unsafe {
        #[expect(deprecated, reason = "there is no other way to have it hashed anew")]
        let hash = &raw mut (*object).ob_shash;
        hash.write(-1);
        let start = (&raw mut (*object).ob_sval).cast::<u8>();
        ptr::copy_nonoverlapping(data.as_ptr(), start, data.len());
    }
}
